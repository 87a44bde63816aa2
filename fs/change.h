/*
 * Changes on their way: create, scale, delete. A change belongs to the daemon, not to who asked for it: who gives up
 * waiting abandons the wait, never the change.
 *
 * A create: fresh listing (a taken name is refused) → one POST → its answer. No request here is ever sent twice. Each
 * refusal is kept for .error by the change itself, so that it is there even if nobody waited for it.
 */
#ifndef NEEVFS_FS_CHANGE_H
#define NEEVFS_FS_CHANGE_H

#include "../api/error.h"
#include "draft.h"
#include "fs.h"
#include "kinds.h"

enum change_verb { CHANGE_CREATE = 1, CHANGE_SCALE = 2, CHANGE_DELETE = 4 }; /* bits of the option allow= */

struct changes;
struct change;

/* Its outcome: 0, or -errno with words. Called from the loop, never from inside change_start(). */
typedef void change_done(void *user, int rc, const struct error *err);

struct change_order {
	enum change_verb verb;
	const struct kind *kind;
	const struct scope *scope; /* copied: of the collection for a create, of the resource for the others */
	const char *path;          /* of the file or directory that was written or removed, for .error; copied */
	struct draft *draft;       /* create: becomes DRAFT_BUSY until the outcome is there */
	const struct buffer *body; /* create: what is sent; copied */
	long long replicas;        /* scale */
};

int changes_new(struct fs *fs, struct changes **ret); /* 0 or -ENOMEM */
void changes_free(struct changes *changes); /* before store_free(): what still goes on is then forgotten. Takes NULL */

/*
 * Starts it. 0: `done` will be called. -EROFS if the option allow= does not grant it, -EALREADY if a delete of this
 * resource was accepted before, -ENOMEM; with words, already kept for .error.
 */
int change_start(struct changes *changes, const struct change_order *order, change_done *done, void *user,
	struct change **ret, struct error *err);

/* Nobody waits any more: `done` will not be called. What was sent goes on; what was not is not sent, and .error says
 * so. */
void change_abandon(struct change *change);

/* Whether a request of it may have left. */
bool change_sent(const struct change *change);

#endif
