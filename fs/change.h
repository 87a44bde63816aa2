/*
 * Changes on their way: create, scale, delete, notify. A change belongs to the daemon, not to who asked for it: who
 * gives up waiting abandons the wait, never the change.
 *
 * A create: fresh listing (a taken name is refused) → journal → one POST → its answer. It is never sent again once a
 * byte of it may have arrived; if its answer says nothing, listings are looked through until they do (doubt.h), also by
 * the next mount.
 * A scale or delete says the same however often it is sent: it is tried up to three times, and what stays unclear is
 * looked up. Scales of one deployment go one after the other, in the order in which they were asked for.
 * A notify is sent once; if its outcome is not known, the registrations are looked through.
 *
 * Each refusal is kept for .error by the change itself, so that it is there even if nobody waited for it.
 */
#ifndef NEEVFS_FS_CHANGE_H
#define NEEVFS_FS_CHANGE_H

#include "../api/error.h"
#include "draft.h"
#include "fs.h"
#include "kinds.h"

/* Bits of the option allow=, but for CHANGE_NOTIFY: that costs nothing, and needs only that anything is granted. */
enum change_verb { CHANGE_CREATE = 1, CHANGE_SCALE = 2, CHANGE_DELETE = 4, CHANGE_NOTIFY = 8 };

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
	const struct buffer *body; /* create, notify: what is sent; copied */
	long long replicas;        /* scale */
	pid_t pid;                 /* of who asks for it; 0: nobody in particular */
	const char *operation;     /* of that one: "write"; constant */
	int64_t deadline_ms;       /* of who waits */
};

int changes_new(struct fs *fs, struct changes **ret); /* 0 or -ENOMEM */
void changes_free(struct changes *changes); /* before store_free(): what still goes on is then forgotten. Takes NULL */

/* Goes on with what is due; true if there was any: then store_run() has perhaps more to do. */
bool changes_run(struct changes *changes);
/* Milliseconds until something is due; -1: nothing is. */
int changes_wait_ms(const struct changes *changes);

/*
 * Takes up the creates that the journal shows open for this mount's API: each becomes a draft in doubt. 0, or -errno
 * with words: then some may have been left; a create under such a name is still refused by the journal.
 */
int changes_recover(struct changes *changes, struct error *err);

/*
 * Starts it. 0: `done` will be called. -EROFS if the option allow= does not grant it, -EALREADY if a delete of this
 * resource was accepted before, -ENOMEM; with words, already kept for .error.
 */
int change_start(struct changes *changes, const struct change_order *order, change_done *done, void *user,
	struct change **ret, struct error *err);

/* The errno and words for who stops waiting for it, be it for -ETIMEDOUT or -ECANCELED: whether it goes on. */
int change_unfinished(const struct change *change, int code, struct error *ret);

/* Nobody waits any more: `done` will not be called. What was sent goes on; what was not is not sent. */
void change_abandon(struct change *change);

/* Whether it may have been carried out: then it goes on without who asked for it. */
bool change_sent(const struct change *change);

/* The mount ends. Whether some change that was sent is worth waiting for: its answer is under way, or somebody waits.
 */
bool changes_sent(const struct changes *changes);
/* Tells the log of those whose outcome this mount will not know. */
void changes_end(const struct changes *changes);

/* Whether a scale of this deployment is under way. */
bool changes_scaling(const struct changes *changes, const struct kind *kind, const struct scope *scope);

#endif
