/*
 * JSON that somebody else wrote: a strict check of the whole text, then cheap views into it.
 *
 * cJSON accepts what must not pass (trailing bytes, raw NUL, bad UTF-8, duplicate keys, 1e400) and loses digits beyond
 * 2^53, so text from a server or a user is scanned here first (RFC 8259, UTF-8 by RFC 3629) and then read through
 * `struct json`: slices that keep every number as it was written and know where in the text they stand. Escapes are
 * decoded without allocating, so that looking a key up cannot fail for want of memory. What is written is written by
 * cJSON (json_quote).
 *
 * A `struct json` owns nothing: it points into the scanned text and is good as long as that is.
 */
#ifndef NEEVFS_API_JSON_H
#define NEEVFS_API_JSON_H

#include "buffer.h"

#include <stdbool.h>
#include <stddef.h>

enum json_type { JSON_ABSENT, JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json {
	const char *text; /* the value as written, strings with their quotes; NULL if absent */
	size_t len;
	enum json_type type;
};

enum {
	JSON_DEPTH_MAX = 32,
	JSON_BYTES_MAX = 4 << 20,
	JSON_VALUES_MAX = 1 << 20, /* values in one text */
	JSON_KEYS_MAX = 4096,      /* members in one object */
};

/* What json_scan found. */
enum json_verdict {
	JSON_OK,
	JSON_INCOMPLETE, /* good so far, but the text ends before the value does */
	JSON_BAD,        /* cannot become JSON by appending */
	JSON_TOO_LARGE,  /* one of the bounds above */
	JSON_NO_MEMORY,
};

struct json_fault {
	size_t offset;    /* where in the text */
	const char *what; /* constant: "a key that stands twice in one object" */
};

/*
 * Checks all of the text: one value with white space around it, nothing behind, no duplicate keys (compared as decoded,
 * case-sensitively), no \u0000, no lone surrogate, numbers finite as double. An empty or white text is JSON_INCOMPLETE.
 * Writes *ret on JSON_OK, else *ret_fault (both may be NULL).
 */
enum json_verdict json_scan(const char *text, size_t len, struct json *ret, struct json_fault *ret_fault);

/*
 * The same for what a server answers, and more lenient with what people can make it say: inside of strings it takes
 * \u0000, half of a surrogate pair, bytes that are not UTF-8 and control bytes other than NUL. One odd name must not
 * hide all the others. Decoded, they are bytes that are not UTF-8 (\u0000 is C0 80).
 */
enum json_verdict json_scan_answer(const char *text, size_t len, struct json *ret, struct json_fault *ret_fault);

/* The functions below take only values that come from a text that passed one of these. */

/* The member of an object; JSON_ABSENT if it has none or is no object. */
struct json json_member(struct json object, const char *key);

/* The value behind a JSON pointer (RFC 6901, without ~ escapes, members only): "/storage/sizeGB"; "" is the value
 * itself. */
struct json json_at(struct json value, const char *pointer);

/* Walks the elements of an array or the members of an object. */
struct json_iter {
	struct json key; /* of a member; JSON_ABSENT in an array */
	struct json value;
	const char *at, *end; /* private */
	bool object;          /* private */
};
struct json_iter json_iter(struct json container); /* empty if neither array nor object */
bool json_next(struct json_iter *iter);            /* false at the end */

bool json_string_is(struct json string, const char *text);

/* Whether both are strings and the same as decoded. */
bool json_string_equal(struct json a, struct json b);

/* The same, or the same as they are written: so two are that are absent. */
bool json_same(struct json a, struct json b);

/* Appends the decoded text of a string; other scalars as written; nothing for null and absent. An array or object is
 * appended as written. */
void json_text(struct json value, struct buffer *out);

/* The same as buffer_add_safe() writes it, but an array or object without its white space: one line. */
void json_safe(struct json value, struct buffer *out);

/* The text as a new NUL-terminated string that the caller frees; NULL without memory. */
char *json_text_dup(struct json value);

/* A whole number that fits. False for every other value, also for 3.0 and 1e2. */
bool json_int(struct json value, long long *ret);

/*
 * Appends the value with two-space indent, numbers byte for byte as they were. In strings DEL and C1 become \u00XX, so
 * that they steer no terminal, and what json_scan_answer() lets through becomes \u00XX, or \udcXX for a byte that is
 * not UTF-8; all else is as it was. No final newline.
 */
void json_indent(struct json value, struct buffer *out);

/* Appends the value without white space between its tokens; strings and numbers byte for byte as they were. */
void json_compact(struct json value, struct buffer *out);

/* The same with strings as json_indent() has them: it is one line, whatever a server wrote, and strict JSON. */
void json_line(struct json value, struct buffer *out);

/* Appends text as a JSON string with quotes. The text is UTF-8. */
void json_quote(const char *text, struct buffer *out);

/* Line and column (both from 1, column in characters) of an offset. */
void json_position(const char *text, size_t offset, size_t *ret_line, size_t *ret_column);

#endif
