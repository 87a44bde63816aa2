/* Views into a text that json_scan() found good, so nothing here checks the grammar again. */
#include "json.h"

#include "json_text.h"
#include "utf8.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

/* A checked string, without its quotes, being decoded piece by piece. */
struct decoder {
	const char *at, *end;
};

struct piece {
	const char *text;
	size_t len; /* 0: the end */
	char decoded[4];
};

static unsigned decoder_unit(const char *digits) {
	unsigned unit = 0;
	for (int i = 0; i < 4; i++)
		unit = unit << 4 | (unsigned)json_hex_digit(digits[i]);
	return unit;
}

static bool unit_is_low(unsigned unit) {
	return unit >= 0xDC00 && unit <= 0xDFFF;
}

/* Stands behind "\u". What is no character is written as one would write it: half of a pair as three bytes, and NUL as
 * two, so that nothing that is decoded has a NUL inside. Neither is UTF-8. */
static size_t decoder_unicode(struct decoder *decoder, char ret[static 4]) {
	unsigned code = decoder_unit(decoder->at);
	decoder->at += 4;
	const char *next = decoder->at;
	if (code >= 0xD800 && code <= 0xDBFF && decoder->end - next >= 6 && next[0] == '\\' && next[1] == 'u' &&
		unit_is_low(decoder_unit(next + 2))) {
		code = 0x10000 + ((code - 0xD800) << 10) + (decoder_unit(next + 2) - 0xDC00);
		decoder->at += 6;
	}
	if (code && code < 0x80) {
		ret[0] = (char)code;
		return 1;
	}
	size_t len = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
	for (size_t i = len - 1; i > 0; i--) {
		ret[i] = (char)(0x80 | (code & 0x3F));
		code >>= 6;
	}
	static const unsigned lead[] = {0, 0, 0xC0, 0xE0, 0xF0};
	ret[0] = (char)(lead[len] | code);
	return len;
}

/* The next run of bytes that stand for themselves, or one escape decoded into piece->decoded. False at the end. */
static bool decoder_next(struct decoder *decoder, struct piece *piece) {
	const char *at = decoder->at;
	size_t left = (size_t)(decoder->end - at);
	if (left == 0)
		return false;
	if (*at != '\\') {
		const char *escape = memchr(at, '\\', left);
		piece->text = at;
		piece->len = escape ? (size_t)(escape - at) : left;
		decoder->at += piece->len;
		return true;
	}
	piece->text = piece->decoded;
	piece->len = 1;
	decoder->at += 2;
	switch (at[1]) {
	case 'b':
		piece->decoded[0] = '\b';
		break;
	case 'f':
		piece->decoded[0] = '\f';
		break;
	case 'n':
		piece->decoded[0] = '\n';
		break;
	case 'r':
		piece->decoded[0] = '\r';
		break;
	case 't':
		piece->decoded[0] = '\t';
		break;
	case 'u':
		piece->len = decoder_unicode(decoder, piece->decoded);
		break;
	default:
		piece->decoded[0] = at[1];
	}
	return true;
}

struct json json_slice(const char *begin, const char *end) {
	struct json value = {.text = begin, .len = (size_t)(end - begin), .type = JSON_NUMBER};
	switch (*begin) {
	case '{':
		value.type = JSON_OBJECT;
		break;
	case '[':
		value.type = JSON_ARRAY;
		break;
	case '"':
		value.type = JSON_STRING;
		break;
	case 't':
		value.type = JSON_TRUE;
		break;
	case 'f':
		value.type = JSON_FALSE;
		break;
	case 'n':
		value.type = JSON_NULL;
		break;
	default:
		break;
	}
	return value;
}

static inline bool byte_is_space(char c) {
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static inline const char *skip_space(const char *at) {
	while (byte_is_space(*at))
		at++;
	return at;
}

/* From the opening quote to behind the closing one. Most of a text is inside of strings, and most of these have no
 * escape. */
static inline const char *skip_string(const char *at) {
	for (at++;; at++) {
		const char *quote = rawmemchr(at, '"'), *escape = quote;
		while (escape > at && escape[-1] == '\\')
			escape--;
		at = quote;
		if ((quote - escape) % 2 == 0)
			return at + 1;
	}
}

static const char *skip_value(const char *at) {
	if (*at == '"')
		return skip_string(at);
	if (*at != '{' && *at != '[') {
		/* Reads at most the bracket or comma behind it: only values inside a container come here. */
		while (*at != ',' && *at != '}' && *at != ']' && !byte_is_space(*at))
			at++;
		return at;
	}
	size_t depth = 0;
	for (;;) {
		switch (*at) {
		case '"':
			at = skip_string(at);
			continue;
		case '{':
		case '[':
			depth++;
			break;
		case '}':
		case ']':
			depth--;
			if (depth == 0)
				return at + 1;
			break;
		default:
			break;
		}
		at++;
	}
}

struct json_iter json_iter(struct json container) {
	struct json_iter iter = {0};
	if (container.type == JSON_OBJECT || container.type == JSON_ARRAY) {
		iter.object = container.type == JSON_OBJECT;
		iter.at = container.text + 1;
		iter.end = container.text + container.len - 1;
	}
	return iter;
}

bool json_next(struct json_iter *iter) {
	if (!iter->at)
		return false;
	const char *at = skip_space(iter->at);
	if (at == iter->end) {
		*iter = (struct json_iter){0};
		return false;
	}
	at = *at == ',' ? skip_space(at + 1) : at;
	if (iter->object) {
		const char *key = at;
		at = skip_string(at);
		iter->key = (struct json){.text = key, .len = (size_t)(at - key), .type = JSON_STRING};
		at = skip_space(skip_space(at) + 1);
	}
	const char *value = at;
	at = skip_value(at);
	iter->value = json_slice(value, at);
	iter->at = at;
	return true;
}

static bool string_is(struct json string, const char *text, size_t len) {
	if (string.type != JSON_STRING)
		return false;
	const char *inside = string.text + 1;
	size_t inside_len = string.len - 2;
	/* An escape is never shorter than what it stands for. */
	if (inside_len < len)
		return false;
	if (inside_len == len && memcmp(inside, text, len) == 0)
		return memchr(inside, '\\', len) == NULL;
	struct decoder decoder = {inside, inside + inside_len};
	struct piece piece;
	while (decoder_next(&decoder, &piece)) {
		if (piece.len > len || memcmp(piece.text, text, piece.len) != 0)
			return false;
		text += piece.len;
		len -= piece.len;
	}
	return len == 0;
}

bool json_string_is(struct json string, const char *text) {
	return string_is(string, text, strlen(text));
}

bool json_string_equal(struct json a, struct json b) {
	if (a.type != JSON_STRING || b.type != JSON_STRING)
		return false;
	struct decoder left = {a.text + 1, a.text + a.len - 1};
	struct decoder right = {b.text + 1, b.text + b.len - 1};
	struct piece l = {0};
	struct piece r = {0};
	for (;;) {
		bool l_more = l.len > 0 || decoder_next(&left, &l);
		bool r_more = r.len > 0 || decoder_next(&right, &r);
		if (!l_more || !r_more)
			return l_more == r_more;
		size_t len = l.len < r.len ? l.len : r.len;
		if (memcmp(l.text, r.text, len) != 0)
			return false;
		l.text += len;
		l.len -= len;
		r.text += len;
		r.len -= len;
	}
}

bool json_same(struct json a, struct json b) {
	return json_string_equal(a, b) || (a.len == b.len && (!a.len || !memcmp(a.text, b.text, a.len)));
}

static struct json member(struct json object, const char *key, size_t len) {
	if (object.type == JSON_OBJECT) {
		struct json_iter iter = json_iter(object);
		while (json_next(&iter)) {
			if (string_is(iter.key, key, len))
				return iter.value;
		}
	}
	return (struct json){0};
}

struct json json_member(struct json object, const char *key) {
	return member(object, key, strlen(key));
}

struct json json_at(struct json value, const char *pointer) {
	while (*pointer == '/' && value.type != JSON_ABSENT) {
		pointer++;
		size_t len = strcspn(pointer, "/");
		value = member(value, pointer, len);
		pointer += len;
	}
	return *pointer ? (struct json){0} : value;
}

void json_text(struct json value, struct buffer *out) {
	if (value.type == JSON_ABSENT || value.type == JSON_NULL)
		return;
	if (value.type != JSON_STRING) {
		buffer_append(out, value.text, value.len);
		return;
	}
	struct decoder decoder = {value.text + 1, value.text + value.len - 1};
	struct piece piece;
	while (decoder_next(&decoder, &piece))
		buffer_append(out, piece.text, piece.len);
}

char *json_text_dup(struct json value) {
	struct buffer out = {0};
	json_text(value, &out);
	if (out.error) {
		buffer_free(&out);
		return NULL;
	}
	return out.data ? out.data : calloc(1, 1);
}

bool json_int(struct json value, long long *ret) {
	if (value.type != JSON_NUMBER)
		return false;
	const char *end = value.text + value.len;
	const char *at = value.text;
	bool negative = *at == '-';
	at += negative;
	/* Counted downwards, where there is room for one more. */
	long long number = 0;
	for (; at < end; at++) {
		if (*at < '0' || *at > '9')
			return false;
		int digit = *at - '0';
		if (number < (LLONG_MIN + digit) / 10)
			return false;
		number = number * 10 - digit;
	}
	if (!negative && number == LLONG_MIN)
		return false;
	*ret = negative ? number : -number;
	return true;
}

static void indent_line(struct buffer *out, size_t depth) {
	static const char spaces[] = "                                "; /* JSON_DEPTH_MAX of them */
	_Static_assert(sizeof(spaces) > JSON_DEPTH_MAX, "an indent of the deepest value");
	buffer_byte(out, '\n');
	buffer_append(out, spaces, depth);
	buffer_append(out, spaces, depth);
}

/* A string that anybody may look at: what steers a terminal is escaped, and a byte that is not UTF-8 becomes half of a
 * surrogate pair, as Python's "surrogateescape" has it. */
static void write_string(const char *at, const char *end, struct buffer *out) {
	const char *done = at;
	while (at < end) {
		if (*at >= 0x20 && *at < 0x7F) {
			at++;
			continue;
		}
		int size = utf8_length(at, (size_t)(end - at));
		if (size > 0 && !utf8_is_control(at, size)) {
			at += size;
			continue;
		}
		buffer_append(out, done, (size_t)(at - done));
		const unsigned char *byte = (const unsigned char *)at;
		unsigned code = size <= 0 ? 0xDC00u | byte[0] : size == 2 ? byte[1] : byte[0];
		buffer_printf(out, "\\u%04x", code);
		at += size > 0 ? size : 1;
		done = at;
	}
	buffer_append(out, done, (size_t)(end - done));
}

/* Writes a container anew, token by token; `pretty` decides what stands between them, `safe` how strings are written.
 */
static void write_tokens(struct json value, bool pretty, bool safe, struct buffer *out) {
	size_t depth = 0;
	const char *end = value.text + value.len;
	for (const char *at = value.text; at < end && !out->error; at = at < end ? skip_space(at) : at) {
		const char *token = at;
		switch (*at++) {
		case '{':
		case '[':
			buffer_byte(out, *token);
			at = skip_space(at);
			if (*at == '}' || *at == ']') {
				buffer_byte(out, *at++);
				break;
			}
			depth++;
			if (pretty)
				indent_line(out, depth);
			break;
		case '}':
		case ']':
			depth--;
			if (pretty)
				indent_line(out, depth);
			buffer_byte(out, *token);
			break;
		case ',':
			buffer_byte(out, ',');
			if (pretty)
				indent_line(out, depth);
			break;
		case ':':
			buffer_append(out, ": ", pretty ? 2 : 1);
			break;
		case '"':
			at = skip_string(token);
			if (safe)
				write_string(token, at, out);
			else
				buffer_append(out, token, (size_t)(at - token));
			break;
		default:
			at = skip_value(token);
			buffer_append(out, token, (size_t)(at - token));
		}
	}
}

static void write_value(struct json value, bool pretty, bool safe, struct buffer *out) {
	if (value.type == JSON_OBJECT || value.type == JSON_ARRAY)
		write_tokens(value, pretty, safe, out);
	else if (value.type == JSON_STRING && safe)
		write_string(value.text, value.text + value.len, out);
	else if (value.type != JSON_ABSENT)
		buffer_append(out, value.text, value.len);
}

void json_indent(struct json value, struct buffer *out) {
	write_value(value, true, true, out);
}

void json_compact(struct json value, struct buffer *out) {
	write_value(value, false, false, out);
}

void json_line(struct json value, struct buffer *out) {
	write_value(value, false, true, out);
}

void json_safe(struct json value, struct buffer *out) {
	struct buffer text = {0};
	if (value.type >= JSON_ARRAY)
		json_compact(value, &text);
	else
		json_text(value, &text);
	if (text.error && !out->error)
		out->error = text.error;
	if (text.len)
		buffer_add_safe(out, text.data, text.len);
	buffer_free(&text);
}

/* What is written goes through cJSON: a string that it prints, it would read again. */
void json_quote(const char *text, struct buffer *out) {
	cJSON *string = cJSON_CreateStringReference(text);
	char *quoted = string ? cJSON_PrintUnformatted(string) : NULL;
	if (quoted)
		buffer_add(out, quoted);
	else if (!out->error)
		out->error = -ENOMEM;
	cJSON_free(quoted);
	cJSON_Delete(string);
}

void json_position(const char *text, size_t offset, size_t *ret_line, size_t *ret_column) {
	size_t line = 1;
	size_t column = 1;
	for (size_t i = 0; i < offset; i++) {
		if (text[i] == '\n') {
			line++;
			column = 1;
		} else {
			column += ((unsigned char)text[i] & 0xC0) != 0x80;
		}
	}
	*ret_line = line;
	*ret_column = column;
}
