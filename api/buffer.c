#include "buffer.h"

#include "utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_FIRST = 64 };

/* Makes room for `extra` bytes and the NUL behind them. */
static bool buffer_reserve(struct buffer *buf, size_t extra) {
	if (buf->error)
		return false;
	size_t limit = buf->limit ? buf->limit : BUFFER_LIMIT;
	if (extra > limit || buf->len > limit - extra) {
		buf->error = -EMSGSIZE;
		return false;
	}
	size_t need = buf->len + extra + 1;
	if (need <= buf->cap)
		return true;
	size_t cap = buf->cap * 2;
	if (cap < BUFFER_FIRST)
		cap = BUFFER_FIRST;
	if (cap < need)
		cap = need;
	char *data = realloc(buf->data, cap);
	if (!data) {
		buf->error = -ENOMEM;
		return false;
	}
	buf->data = data;
	buf->cap = cap;
	return true;
}

void buffer_append(struct buffer *buf, const void *data, size_t len) {
	if (len == 0 || !buffer_reserve(buf, len))
		return;
	memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void buffer_add(struct buffer *buf, const char *text) {
	buffer_append(buf, text, strlen(text));
}

void buffer_byte(struct buffer *buf, char c) {
	buffer_append(buf, &c, 1);
}

void buffer_printf(struct buffer *buf, const char *format, ...) {
	va_list args;
	va_start(args, format);
	va_list again;
	va_copy(again, args);
	int len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (len < 0) {
		/* glibc fails here for want of memory, or for a text beyond INT_MAX, which no limit allows */
		if (!buf->error)
			buf->error = errno == EOVERFLOW ? -EMSGSIZE : -ENOMEM;
	} else if (len > 0 && buffer_reserve(buf, (size_t)len)) {
		vsnprintf(buf->data + buf->len, (size_t)len + 1, format, again);
		buf->len += (size_t)len;
	}
	va_end(again);
}

static bool is_hex(char c) {
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* Whether the text reads as an escape already: its backslash is then escaped itself. */
static bool reads_as_escape(const char *text, size_t len) {
	return len >= 4 && text[0] == '\\' && text[1] == 'x' && is_hex(text[2]) && is_hex(text[3]);
}

void buffer_add_safe(struct buffer *buf, const char *text, size_t len) {
	static const char hex[] = "0123456789abcdef";
	size_t done = 0;
	size_t at = 0;
	while (at < len) {
		int size = utf8_length(text + at, len - at);
		if (size > 0 && !utf8_is_control(text + at, size) && !reads_as_escape(text + at, len - at)) {
			at += (size_t)size;
			continue;
		}
		buffer_append(buf, text + done, at - done);
		size_t end = at + (size > 0 ? (size_t)size : 1);
		for (; at < end; at++) {
			unsigned char byte = (unsigned char)text[at];
			const char escape[] = {'\\', 'x', hex[byte >> 4], hex[byte & 15]};
			buffer_append(buf, escape, sizeof(escape));
		}
		done = at;
	}
	buffer_append(buf, text + done, len - done);
}

void buffer_clear(struct buffer *buf) {
	buf->len = 0;
	buf->error = 0;
	if (buf->data)
		buf->data[0] = '\0';
}

void buffer_free(struct buffer *buf) {
	if (!buf)
		return;
	free(buf->data);
	*buf = (struct buffer){0};
}
