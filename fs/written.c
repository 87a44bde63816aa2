#include "written.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096 };

static size_t pages_of(size_t len) {
	return (len + PAGE - 1) / PAGE * PAGE;
}

/* Moves the text to memory of another size, so that none keeps what it once needed, and no copy of it stays behind. */
static int written_resize(struct buffer *text, struct written_bound *bound, size_t cap) {
	if (cap > text->cap && cap - text->cap > bound->all_max - bound->bytes)
		return -ENOSPC;
	char *data = cap ? malloc(cap + 1) : NULL; /* the NUL behind it is not counted */
	if (cap && !data)
		return -ENOMEM;
	if (text->len > cap)
		text->len = cap;
	if (text->data) {
		if (data)
			memcpy(data, text->data, text->len);
		explicit_bzero(text->data, text->cap);
		free(text->data);
	}
	bound->bytes = bound->bytes - text->cap + cap;
	text->data = data;
	text->cap = cap;
	return 0;
}

int written_truncate(struct buffer *text, struct written_bound *bound, size_t len) {
	if (len > bound->each_max)
		return -EFBIG;
	size_t cap = pages_of(len);
	int rc = cap != text->cap ? written_resize(text, bound, cap) : 0;
	if (rc && cap > text->cap) /* what only shrinks can stay where it is */
		return rc;
	if (len > text->len)
		memset(text->data + text->len, 0, len - text->len);
	text->len = len;
	if (text->data)
		text->data[len] = 0;
	return 0;
}

int written_put(struct buffer *text, struct written_bound *bound, const char *data, size_t len, size_t offset) {
	if (offset > bound->each_max || len > bound->each_max - offset)
		return -EFBIG;
	size_t end = offset + len;
	int rc = len && end > text->len ? written_truncate(text, bound, end) : 0;
	if (!rc && len)
		memcpy(text->data + offset, data, len);
	return rc;
}

void written_free(struct buffer *text, struct written_bound *bound) {
	(void)written_resize(text, bound, 0); /* to nothing it cannot fail */
}
