/*
 * struct buffer: bytes that grow up to a bound; what every renderer writes into.
 *
 * Appending never fails visibly: the first failure (no memory, bound reached) is remembered in `error` and all later
 * appends do nothing, so a renderer checks once, at its end.
 */
#ifndef NEEVFS_API_BUFFER_H
#define NEEVFS_API_BUFFER_H

#include <stddef.h>

struct buffer {
	char *data; /* owned; NULL while empty; always has a NUL behind `len` once not empty */
	size_t len;
	size_t cap;
	size_t limit; /* the most it may hold, in bytes; 0: BUFFER_LIMIT */
	int error;    /* 0, -ENOMEM or -EMSGSIZE (the limit) */
};

enum { BUFFER_LIMIT = 64 << 20 };

void buffer_append(struct buffer *buf, const void *data, size_t len);
void buffer_add(struct buffer *buf, const char *text);
void buffer_byte(struct buffer *buf, char c);
void buffer_printf(struct buffer *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Appends text with control characters (C0, DEL, C1) and bytes that are not UTF-8 written as \xNN, byte by byte, so
 * that no server can steer a terminal. A backslash that reads as the beginning of such an escape is \x5c: so it is
 * reversible, and nearly all text stays as it is.
 */
void buffer_add_safe(struct buffer *buf, const char *text, size_t len);

/* Empties it and forgets the error, keeps the memory. */
void buffer_clear(struct buffer *buf);

/* Releases the memory; the buffer is then as `= {0}`. Takes NULL. */
void buffer_free(struct buffer *buf);

#endif
