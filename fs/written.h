/*
 * Bytes that a user wrote, at any offsets: the text of a draft, a scratch file. Kept in a struct buffer, in memory of
 * whole pages that is counted against a bound shared by all of their sort, given back when a text shrinks, and wiped
 * wherever it is left: a registry token may stand in it.
 */
#ifndef NEEVFS_FS_WRITTEN_H
#define NEEVFS_FS_WRITTEN_H

#include "../api/buffer.h"

struct written_bound {
	size_t each_max, all_max; /* bytes of one, and of all together as allocated */
	size_t bytes;             /* of all so far */
};

/* Each: 0, -EFBIG over each_max, -ENOSPC over all_max, -ENOMEM; then nothing is changed. To shrink always succeeds. A
 * gap is filled with NULs. */
int written_put(struct buffer *text, struct written_bound *bound, const char *data, size_t len, size_t offset);
int written_truncate(struct buffer *text, struct written_bound *bound, size_t len);

void written_free(struct buffer *text, struct written_bound *bound);

#endif
