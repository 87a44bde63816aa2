/*
 * Writes JSON text piece by piece into one growing buffer, with every integer digit for digit.
 *
 * A failed allocation is remembered and everything after it does nothing, so that a caller builds a whole document and
 * looks at `failed` once. In all functions `name` is the member's name, or NULL for an array element and for the
 * document itself; strings must be UTF-8 and are copied.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json {
	char *text; /* owned; NUL-terminated once anything was written, else NULL */
	size_t len;
	size_t cap;
	bool comma;  /* the next value needs a comma before it */
	bool failed; /* out of memory: the text is not to be used */
};

/* `bracket` is '{' or '['; json_close takes its counterpart. */
void json_open(struct json *json, const char *name, char bracket);
void json_close(struct json *json, char bracket);

/* A NULL value becomes null. */
void json_string(struct json *json, const char *name, const char *value);
void json_integer(struct json *json, const char *name, int64_t value);
/* Two decimals: prices and percentages. */
void json_decimal(struct json *json, const char *name, double value);
void json_boolean(struct json *json, const char *name, bool value);
/* Text that is JSON already; NULL becomes null. */
void json_raw(struct json *json, const char *name, const char *text);
/* Milliseconds since 1970 as an RFC 3339 string in UTC. */
void json_time(struct json *json, const char *name, int64_t time_ms);

/* Hands the text over to the caller, who frees it; NULL when building it failed. The buffer is empty afterwards. */
char *json_take(struct json *json);
void json_free(struct json *json);
