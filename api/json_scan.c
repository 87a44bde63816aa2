/* The strict check of a whole text: one pass without recursion, bounded in depth, values and keys. */
#include "json.h"

#include "json_keys.h"
#include "json_text.h"
#include "utf8.h"

#include <stdint.h>
#include <string.h>

static const char object_open[] = "the text ends inside an object";
static const char array_open[] = "the text ends inside an array";

struct scan_frame {
	size_t first_key; /* where the object's keys begin in `keys` */
	bool object;
};

struct scan {
	const char *begin, *at, *end;
	struct scan_frame frames[JSON_DEPTH_MAX];
	size_t depth;
	struct json_keys keys;
	size_t values;
	bool lenient; /* json_scan_answer() */
	struct json_fault fault;
};

static enum json_verdict scan_fault(struct scan *scan, enum json_verdict verdict, const char *place, const char *what) {
	scan->fault = (struct json_fault){.offset = (size_t)(place - scan->begin), .what = what};
	return verdict;
}

static enum json_verdict scan_bad(struct scan *scan, const char *place, const char *what) {
	return scan_fault(scan, JSON_BAD, place, what);
}

static enum json_verdict scan_end(struct scan *scan, const char *what) {
	return scan_fault(scan, JSON_INCOMPLETE, scan->end, what);
}

static inline void scan_space(struct scan *scan) {
	const char *at = scan->at;
	while (at < scan->end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r'))
		at++;
	scan->at = at;
}

/* Reads what follows "\u" at `at`: 0, or the offset of the first byte that is no hex digit, counted from 1. */
static size_t scan_hex(const char *at, const char *end, unsigned *ret) {
	unsigned value = 0;
	for (size_t i = 0; i < 4; i++) {
		int digit = at + i < end ? json_hex_digit(at[i]) : -1;
		if (digit < 0)
			return i + 1;
		value = value << 4 | (unsigned)digit;
	}
	*ret = value;
	return 0;
}

/* Stands behind "\u"; passes the digits and, for a high surrogate, the escape that must follow. */
static enum json_verdict scan_unicode(struct scan *scan) {
	static const char cut[] = "the text ends inside a string";
	static const char alone[] = "half of a surrogate pair";
	const char *escape = scan->at - 2;
	unsigned unit;
	size_t wrong = scan_hex(scan->at, scan->end, &unit);
	if (wrong) {
		const char *place = scan->at + wrong - 1;
		return place == scan->end ? scan_end(scan, cut) : scan_bad(scan, place, "not a hexadecimal digit");
	}
	scan->at += 4;
	if (scan->lenient)
		return JSON_OK;
	if (unit == 0)
		return scan_bad(scan, escape, "\\u0000, which no text here can hold");
	if (unit >= 0xDC00 && unit <= 0xDFFF)
		return scan_bad(scan, escape, alone);
	if (unit < 0xD800 || unit > 0xDBFF)
		return JSON_OK;
	if (scan->at == scan->end)
		return scan_end(scan, cut);
	if (*scan->at != '\\')
		return scan_bad(scan, escape, alone);
	if (scan->at + 1 == scan->end)
		return scan_end(scan, cut);
	if (scan->at[1] != 'u')
		return scan_bad(scan, escape, alone);
	wrong = scan_hex(scan->at + 2, scan->end, &unit);
	if (wrong) {
		const char *place = scan->at + 2 + wrong - 1;
		if (place < scan->end)
			return scan_bad(scan, place, "not a hexadecimal digit");
		/* Cut off, but the digits that stand may already rule out DC00 to DFFF. */
		if (wrong > 1 && json_hex_digit(scan->at[2]) != 0xD)
			return scan_bad(scan, escape, alone);
		if (wrong > 2 && json_hex_digit(scan->at[3]) < 0xC)
			return scan_bad(scan, escape, alone);
		return scan_end(scan, cut);
	}
	if (unit < 0xDC00 || unit > 0xDFFF)
		return scan_bad(scan, escape, alone);
	scan->at += 6;
	return JSON_OK;
}

/* Stands on a byte of a string that is neither plain ASCII nor the closing quote. */
static enum json_verdict scan_special(struct scan *scan) {
	const char *at = scan->at;
	if (*at == '\\') {
		if (at + 1 == scan->end)
			return scan_end(scan, "the text ends inside a string");
		scan->at += 2;
		if (at[1] == 'u')
			return scan_unicode(scan);
		if (!at[1] || !strchr("\"\\/bfnrt", at[1]))
			return scan_bad(scan, at, "an escape that JSON does not know");
		return JSON_OK;
	}
	bool control = (unsigned char)*at < 0x20;
	if (scan->lenient && *at && control) {
		scan->at++;
		return JSON_OK;
	}
	if (*at == '\n')
		return scan_bad(scan, at, "a string that is not closed on its line");
	if (control)
		return scan_bad(scan, at, "a control byte inside a string");
	int size = utf8_length(at, (size_t)(scan->end - at));
	if (size == 0 && scan->lenient)
		size = 1;
	if (size == 0)
		return scan_bad(scan, at, "bytes that are not UTF-8");
	if (size < 0)
		return scan_end(scan, "the text ends inside a string");
	scan->at += size;
	return JSON_OK;
}

/* Whether any of 8 bytes is a quote, a backslash, below 0x20 or above 0x7F (may also say so of a byte that is not). */
static inline bool word_is_special(uint64_t word) {
	const uint64_t ones = UINT64_C(0x0101010101010101);
	uint64_t quote = word ^ ones * '"';
	uint64_t backslash = word ^ ones * '\\';
	return ((quote - ones) | (backslash - ones) | (word - ones * 0x20) | word) & ones * 0x80;
}

/* Stands on the opening quote; passes the string. */
static enum json_verdict scan_string(struct scan *scan, bool *ret_escaped) {
	bool escaped = false;
	scan->at++;
	for (;;) {
		const char *at = scan->at;
		while (scan->end - at >= 8) {
			uint64_t word;
			memcpy(&word, at, 8);
			if (word_is_special(word))
				break;
			at += 8;
		}
		while (at < scan->end && (signed char)*at >= 0x20 && *at != '"' && *at != '\\')
			at++;
		scan->at = at;
		if (at == scan->end)
			return scan_end(scan, "the text ends inside a string");
		if (*at == '"') {
			scan->at++;
			*ret_escaped = escaped;
			return JSON_OK;
		}
		escaped |= *at == '\\';
		enum json_verdict verdict = scan_special(scan);
		if (verdict)
			return verdict;
	}
}

static inline bool byte_is_digit(char c) {
	return c >= '0' && c <= '9';
}

/*
 * Whether a number as the grammar has it is beyond double: the exponent of its first digit that is not 0, and where
 * that is the largest possible one, its first 17 digits, decide. So it needs no locale, no copy, and one pass.
 */
static bool number_is_huge(const char *text, const char *end) {
	static const char largest[] = "17976931348623157";
	long long before_point = 0; /* digits that count before the point; negative: zeros behind it */
	bool point = false;
	bool counts = false;
	char digits[sizeof(largest)] = "00000000000000000";
	size_t digit_count = 0;
	const char *at = text + (*text == '-');
	for (; at < end && *at != 'e' && *at != 'E'; at++) {
		if (*at == '.') {
			point = true;
			continue;
		}
		counts |= *at != '0';
		if (counts && digit_count < sizeof(largest) - 1)
			digits[digit_count++] = *at;
		if (counts && !point)
			before_point++;
		else if (!counts && point)
			before_point--;
	}
	if (!counts)
		return false;
	long long exponent = 0;
	if (at < end) {
		at++;
		bool negative = *at == '-';
		at += *at == '-' || *at == '+';
		for (; at < end; at++) {
			if (exponent < JSON_BYTES_MAX * 10LL)
				exponent = exponent * 10 + (*at - '0');
		}
		if (negative)
			exponent = -exponent;
	}
	exponent += before_point - 1;
	return exponent > 308 || (exponent == 308 && strcmp(digits, largest) > 0);
}

/* Stands on '-' or a digit; passes the number. */
static enum json_verdict scan_number(struct scan *scan) {
	static const char cut[] = "the text ends inside a number";
	const char *begin = scan->at;
	const char *end = scan->end;
	const char *at = begin;
	const char *exponent = NULL;
	if (*at == '-' && ++at == end)
		return scan_end(scan, cut);
	if (!byte_is_digit(*at))
		return scan_bad(scan, at, "a number without digits");
	if (*at == '0' && at + 1 < end && byte_is_digit(at[1]))
		return scan_bad(scan, begin, "a number that begins with 0");
	while (at < end && byte_is_digit(*at))
		at++;
	if (at < end && *at == '.') {
		if (++at == end)
			return scan_end(scan, cut);
		if (!byte_is_digit(*at))
			return scan_bad(scan, at, "a number without digits behind its point");
		while (at < end && byte_is_digit(*at))
			at++;
	}
	if (at < end && (*at == 'e' || *at == 'E')) {
		exponent = ++at;
		if (at < end && (*at == '+' || *at == '-'))
			at++;
		if (at == end)
			return scan_end(scan, cut);
		if (!byte_is_digit(*at))
			return scan_bad(scan, at, "a number without digits in its exponent");
		while (at < end && byte_is_digit(*at))
			at++;
	}
	scan->at = at;
	if ((exponent || at - begin > 300) && number_is_huge(begin, at)) {
		/* At the end of the text a negative exponent may still come, or grow. */
		if (at == end && (!exponent || *exponent == '-'))
			return scan_end(scan, cut);
		return scan_bad(scan, begin, "a number too large for any use");
	}
	return JSON_OK;
}

static enum json_verdict scan_word(struct scan *scan, const char *word) {
	const char *begin = scan->at;
	size_t len = strlen(word);
	size_t left = (size_t)(scan->end - begin);
	if (memcmp(begin, word, left < len ? left : len) != 0)
		return scan_bad(scan, begin, "a word that is none of true, false and null");
	if (left < len)
		return scan_end(scan, "the text ends inside a word");
	scan->at += len;
	return JSON_OK;
}

static enum json_verdict scan_scalar(struct scan *scan) {
	bool escaped;
	switch (*scan->at) {
	case '"':
		return scan_string(scan, &escaped);
	case 't':
		return scan_word(scan, "true");
	case 'f':
		return scan_word(scan, "false");
	case 'n':
		return scan_word(scan, "null");
	case '-':
	case '0' ... '9':
		return scan_number(scan);
	default:
		return scan_bad(scan, scan->at, "no value begins like this");
	}
}

static enum json_verdict scan_twice(struct scan *scan, const char *place) {
	return scan_bad(scan, place, "a key that stands twice in one object");
}

/* To be called once when the innermost container ends: an object of many members is only now checked for equal keys. */
static enum json_verdict scan_keys_end(struct scan *scan) {
	const struct scan_frame *frame = &scan->frames[scan->depth - 1];
	const char *twice = frame->object ? json_keys_twice(&scan->keys, frame->first_key) : NULL;
	json_keys_drop(&scan->keys, frame->first_key);
	return twice ? scan_twice(scan, twice) : JSON_OK;
}

/* Stands where a key must be; passes it and the colon. */
static enum json_verdict scan_key(struct scan *scan) {
	if (scan->at == scan->end)
		return scan_end(scan, object_open);
	if (*scan->at == '}')
		return scan_bad(scan, scan->at, "a comma before the closing brace");
	if (*scan->at != '"')
		return scan_bad(scan, scan->at, "a key must stand here, in double quotes");
	const char *begin = scan->at;
	bool escaped;
	enum json_verdict verdict = scan_string(scan, &escaped);
	if (verdict)
		return verdict;
	size_t first = scan->frames[scan->depth - 1].first_key;
	verdict = json_keys_add(&scan->keys, first, json_slice(begin, scan->at), escaped);
	if (verdict == JSON_BAD)
		return scan_twice(scan, begin);
	if (verdict == JSON_TOO_LARGE)
		return scan_fault(scan, verdict, begin, "an object with too many members");
	if (verdict)
		return scan_fault(scan, verdict, begin, "no memory");
	scan_space(scan);
	if (scan->at == scan->end)
		return scan_end(scan, object_open);
	if (*scan->at != ':')
		return scan_bad(scan, scan->at, "a colon must stand between a key and its value");
	scan->at++;
	return JSON_OK;
}

/* Stands where a value must be. Passes it if it is scalar or empty (*ret_ended), else up to the first value inside. */
static enum json_verdict scan_value(struct scan *scan, bool *ret_ended) {
	scan_space(scan);
	if (scan->at == scan->end)
		return scan_end(scan, scan->values ? "the text ends before a value" : "the text is empty");
	if (++scan->values > JSON_VALUES_MAX)
		return scan_fault(scan, JSON_TOO_LARGE, scan->at, "too many values");
	char open = *scan->at;
	*ret_ended = true;
	if (open != '{' && open != '[')
		return scan_scalar(scan);
	if (scan->depth == JSON_DEPTH_MAX)
		return scan_fault(scan, JSON_TOO_LARGE, scan->at, "nested too deeply");
	bool object = open == '{';
	scan->at++;
	scan_space(scan);
	if (scan->at < scan->end && *scan->at == (object ? '}' : ']')) {
		scan->at++;
		return JSON_OK;
	}
	*ret_ended = false;
	scan->frames[scan->depth++] = (struct scan_frame){.first_key = scan->keys.count, .object = object};
	if (object)
		return scan_key(scan);
	return scan->at == scan->end ? scan_end(scan, array_open) : JSON_OK;
}

/* Stands behind a value. Passes closing brackets, then, if there is one, a comma (and a key): *ret_more. */
static enum json_verdict scan_after(struct scan *scan, bool *ret_more) {
	while (scan->depth > 0) {
		const struct scan_frame *frame = &scan->frames[scan->depth - 1];
		scan_space(scan);
		if (scan->at == scan->end)
			return scan_end(scan, frame->object ? object_open : array_open);
		if (*scan->at == ',') {
			scan->at++;
			*ret_more = true;
			scan_space(scan);
			if (frame->object)
				return scan_key(scan);
			if (scan->at < scan->end && *scan->at == ']')
				return scan_bad(scan, scan->at, "a comma before the closing bracket");
			return JSON_OK;
		}
		if (*scan->at != (frame->object ? '}' : ']'))
			return scan_bad(scan, scan->at,
				frame->object ? "a comma or the closing brace is missing"
					      : "a comma or the closing bracket is missing");
		enum json_verdict verdict = scan_keys_end(scan);
		scan->depth--;
		if (verdict)
			return verdict;
		scan->at++;
	}
	*ret_more = false;
	return JSON_OK;
}

static enum json_verdict scan_all(struct scan *scan, struct json *ret) {
	bool more = true;
	scan_space(scan);
	const char *begin = scan->at;
	while (more) {
		bool ended;
		enum json_verdict verdict = scan_value(scan, &ended);
		if (!verdict && ended)
			verdict = scan_after(scan, &more);
		if (verdict)
			return verdict;
	}
	const char *end = scan->at;
	scan_space(scan);
	if (scan->at < scan->end)
		return scan_bad(scan, scan->at, "more text behind the value");
	*ret = json_slice(begin, end);
	return JSON_OK;
}

/* In a big object that is still open equal keys are not known yet; they matter if they stand before the fault. */
static enum json_verdict scan_open_objects(struct scan *scan, enum json_verdict verdict) {
	for (; scan->depth > 0; scan->depth--) {
		struct json_fault fault = scan->fault;
		if (scan_keys_end(scan)) {
			if (verdict == JSON_INCOMPLETE || scan->fault.offset < fault.offset)
				verdict = JSON_BAD;
			else
				scan->fault = fault;
		}
	}
	return verdict;
}

static enum json_verdict scan_text(
	const char *text, size_t len, bool lenient, struct json *ret, struct json_fault *ret_fault) {
	if (!text) {
		text = "";
		len = 0;
	}
	struct scan scan = {.begin = text, .at = text, .end = text + len, .lenient = lenient};
	struct json value = {0};
	enum json_verdict verdict;
	if (len > JSON_BYTES_MAX) {
		verdict = scan_fault(&scan, JSON_TOO_LARGE, text + JSON_BYTES_MAX, "the text is too long");
	} else {
		verdict = scan_all(&scan, &value);
		if (verdict)
			verdict = scan_open_objects(&scan, verdict);
	}
	json_keys_free(&scan.keys);
	if (verdict == JSON_OK && ret)
		*ret = value;
	if (verdict != JSON_OK && ret_fault)
		*ret_fault = scan.fault;
	return verdict;
}

enum json_verdict json_scan(const char *text, size_t len, struct json *ret, struct json_fault *ret_fault) {
	return scan_text(text, len, false, ret, ret_fault);
}

enum json_verdict json_scan_answer(const char *text, size_t len, struct json *ret, struct json_fault *ret_fault) {
	return scan_text(text, len, true, ret, ret_fault);
}
