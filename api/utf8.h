/* One character of UTF-8 (RFC 3629) at a time, for those who check text that somebody else wrote. */
#ifndef NEEVFS_API_UTF8_H
#define NEEVFS_API_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* Whether `second` may follow `lead`, which begins a character of several bytes. */
static inline bool utf8_second_fits(unsigned char lead, unsigned char second) {
	switch (lead) {
	case 0xE0:
		return second >= 0xA0 && second <= 0xBF; /* below: overlong */
	case 0xED:
		return second >= 0x80 && second <= 0x9F; /* above: surrogates */
	case 0xF0:
		return second >= 0x90 && second <= 0xBF; /* below: overlong */
	case 0xF4:
		return second >= 0x80 && second <= 0x8F; /* above: beyond U+10FFFF */
	default:
		return second >= 0x80 && second <= 0xBF;
	}
}

/* Bytes of the character at `text` (len ≥ 1): 1 to 4; 0 if it is none; -1 if it is good but cut off by the end. */
static inline int utf8_length(const char *text, size_t len) {
	const unsigned char *p = (const unsigned char *)text;
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xC2 || p[0] > 0xF4)
		return 0;
	int size = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
	for (int i = 1; i < size; i++) {
		if ((size_t)i >= len)
			return -1;
		if (i == 1 ? !utf8_second_fits(p[0], p[1]) : (p[i] & 0xC0) != 0x80)
			return 0;
	}
	return size;
}

/* Whether the character at `text`, of `size` bytes by utf8_length(), steers a terminal: C0, DEL, C1 (to U+009F). */
static inline bool utf8_is_control(const char *text, int size) {
	const unsigned char *p = (const unsigned char *)text;
	if (size == 1)
		return p[0] < 0x20 || p[0] == 0x7F;
	return size == 2 && p[0] == 0xC2 && p[1] < 0xA0;
}

/* Whether it is the line or paragraph separator, or one of the marks by which a text could show as another one: U+2028
 * to U+202E, U+2066 to U+2069. */
static inline bool utf8_turns(const char *text, int size) {
	const unsigned char *p = (const unsigned char *)text;
	return size == 3 && p[0] == 0xE2 &&
	       ((p[1] == 0x80 && p[2] >= 0xA8 && p[2] <= 0xAE) || (p[1] == 0x81 && p[2] >= 0xA6 && p[2] <= 0xA9));
}

#endif
