/* What the scanner and the views share: the inside of strings, and slices. Private to json.c and json_scan.c. */
#ifndef NEEVFS_API_JSON_TEXT_H
#define NEEVFS_API_JSON_TEXT_H

#include "json.h"

static inline int json_hex_digit(char c) {
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The value that stands from `begin` up to `end` exactly; its first byte says what it is. */
struct json json_slice(const char *begin, const char *end);

#endif
