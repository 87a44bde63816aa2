/* The last refusals in words: what .error and .neevfs/errors show. */
#ifndef NEEVFS_FS_REFUSAL_H
#define NEEVFS_FS_REFUSAL_H

#include "../api/buffer.h"
#include "../api/error.h"

#include <time.h>

enum { REFUSALS_MAX = 100 };

struct options;
struct refusals;

/* The options are lent. 0 or -ENOMEM. */
int refusals_new(const struct options *options, struct refusals **ret);
void refusals_free(struct refusals *refusals); /* takes NULL */

/*
 * Keeps what happened to `operation` ("write", "rmdir") on `path` (from the mount's root). `words`, whole lines that
 * are shown as they are, stand for err->message where that is only the first of several; else NULL. The oldest makes
 * room; the same refusal again only counts. Without memory it is lost, or its words are: the errno still tells.
 */
void refusal_add(struct refusals *refusals, time_t when, const char *operation, const char *path,
	const struct error *err, const char *words);

/*
 * The same of what a sweep meets below `dir`, a resource or a collection: after one there that differs in nothing but
 * its path it only counts, and the path is that of all, "DIR/" and a star. So a single rm -r leaves room for what was
 * refused before.
 */
void refusal_add_swept(struct refusals *refusals, time_t when, const char *operation, const char *path,
	const struct error *err, const char *dir);

/*
 * Appends the latest one at or below `dir` that is not settled; nothing if there is none. If it is a read's, the latest
 * one of a change follows: a network that is gone makes every look fail, and must not hide what became of the change.
 */
void refusal_last(const struct refusals *refusals, const char *dir, struct buffer *out);

/* Something at `dir` or below it succeeded: what was refused there before is history, for refusal_all() only. */
void refusal_settle(struct refusals *refusals, const char *dir, size_t len);

/* Appends all, the oldest first, with an empty line between. */
void refusal_all(const struct refusals *refusals, struct buffer *out);

#endif
