#include "schema_rules.h"

#include <errno.h>
#include <string.h>

enum {
	RSA_BITS_MIN = 2048,
	RANGE_PORTS_MAX = 20,
	UDP_PORTS_MAX = 64,
};

/* Base64 being decoded byte by byte. */
struct base64 {
	const char *at, *end;
	unsigned bits, count; /* bits that were read and not yet given, and how many */
};

static int base64_digit(char c) {
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *found = c ? strchr(digits, c) : NULL;
	return found ? (int)(found - digits) : -1;
}

/* The next byte, or -1 at the end. */
static int base64_byte(struct base64 *in) {
	while (in->count < 8) {
		int digit = in->at < in->end ? base64_digit(*in->at++) : -1;
		if (digit < 0)
			return -1;
		in->bits = in->bits << 6 | (unsigned)digit;
		in->count += 6;
	}
	in->count -= 8;
	int byte = (int)(in->bits >> in->count & 0xFF);
	in->bits &= (1U << in->count) - 1;
	return byte;
}

/* The length before a field of an SSH key (RFC 4253 section 6.6), or -1. */
static long long base64_length(struct base64 *in) {
	long long len = 0;
	for (int i = 0; i < 4; i++) {
		int byte = base64_byte(in);
		if (byte < 0)
			return -1;
		len = len << 8 | byte;
	}
	return len;
}

/* Bits of the modulus of an ssh-rsa key; -1 if the text is no such key: that is for the API to say. */
static long long rsa_bits(const char *key, const char *end) {
	struct base64 in = {.at = key, .end = end};
	/* The key's type, then the exponent. */
	for (int field = 0; field < 2; field++) {
		long long len = base64_length(&in);
		for (; len > 0; len--) {
			if (base64_byte(&in) < 0)
				return -1;
		}
		if (len < 0)
			return -1;
	}
	long long len = base64_length(&in);
	int byte = len > 0 ? base64_byte(&in) : -1;
	while (byte == 0 && --len > 0)
		byte = base64_byte(&in);
	if (byte <= 0)
		return -1;
	long long bits = len * 8;
	for (; !(byte & 0x80); byte <<= 1)
		bits--;
	return bits;
}

int rule_ssh_key(struct json value, struct json *ret_place, struct error *err) {
	/* An escape, which no one writes into a key, ends the base64 early; what then remains decides nothing. */
	static const char type[] = "\"ssh-rsa";
	if (value.len < sizeof(type) || memcmp(value.text, type, sizeof(type) - 1) != 0)
		return 0;
	const char *end = value.text + value.len;
	const char *key = value.text + sizeof(type) - 1;
	while (key < end && *key == ' ')
		key++;
	long long bits = rsa_bits(key, end);
	if (bits < 0 || bits >= RSA_BITS_MIN)
		return 0;
	*ret_place = value;
	return error_set(err, EINVAL, "an RSA key must have at least %d bits, not %lld", RSA_BITS_MIN, bits);
}

/* Ports of a range that was checked: endPort defaults to startPort. Negative: the end is below the start. */
static long long range_ports(struct json range, long long *ret_first, long long *ret_last) {
	long long first = 0;
	json_int(json_member(range, "startPort"), &first);
	long long last = first;
	json_int(json_member(range, "endPort"), &last);
	*ret_first = first;
	*ret_last = last;
	return last - first + 1;
}

int rule_udp_range(struct json value, struct json *ret_place, struct error *err) {
	long long first;
	long long last;
	long long ports = range_ports(value, &first, &last);
	if (ports >= 1 && ports <= RANGE_PORTS_MAX)
		return 0;
	*ret_place = json_member(value, "endPort");
	if (ports < 1)
		return error_set(err, EINVAL, "endPort %lld is below startPort %lld", last, first);
	return error_set(err, EINVAL, "a range may span at most %d ports, not %lld", RANGE_PORTS_MAX, ports);
}

int rule_udp_ranges(struct json value, struct json *ret_place, struct error *err) {
	long long total = 0;
	for (struct json_iter iter = json_iter(value); json_next(&iter);) {
		long long first;
		long long last;
		bool within = total <= UDP_PORTS_MAX;
		total += range_ports(iter.value, &first, &last);
		if (within && total > UDP_PORTS_MAX)
			*ret_place = iter.value;
	}
	if (total <= UDP_PORTS_MAX)
		return 0;
	return error_set(err, EINVAL, "all ranges together may have at most %d ports, not %lld", UDP_PORTS_MAX, total);
}

int rule_network_volume(struct json value, struct json *ret_place, struct error *err) {
	struct json size = json_member(value, "sizeGB");
	struct json existing = json_member(value, "existing_volume_id");
	if (size.type == JSON_ABSENT && existing.type == JSON_ABSENT) {
		*ret_place = (struct json){.text = value.text + value.len - 1, .len = 1};
		return error_set(err, EINVAL, "sizeGB (of a new volume) or existing_volume_id is required");
	}
	if (size.type == JSON_ABSENT || existing.type == JSON_ABSENT)
		return 0;
	*ret_place = size.text > existing.text ? size : existing;
	return error_set(err, EINVAL, "sizeGB (of a new volume) and existing_volume_id exclude each other");
}
