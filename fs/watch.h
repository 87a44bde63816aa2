/*
 * Watching collections: who waits for a state, and who follows the file events.
 *
 * One poll serves all of a collection, and only while there is somebody. It fetches the listing; or, while that has
 * more pages than there are waiters, and nobody follows, the waiters look at their resources themselves. A round begins
 * some seconds after the one before: WATCH_MS after a change, a half longer each time that nothing has changed, up to
 * eight times that; and never so often that it would be more than five pages a second.
 *
 * What a round finds to be different is told to the kernel, so that it is seen by whoever looks next, and becomes a
 * line of `events` (event.h).
 */
#ifndef NEEVFS_FS_WATCH_H
#define NEEVFS_FS_WATCH_H

#include "fs.h"
#include "kinds.h"

#include <stdint.h>

enum {
	WATCH_MS = 2000,
	WATCHES_MAX = 64,         /* collections; who comes to one more is refused */
	WATCHERS_MAX = 1024,      /* waiting at once, likewise */
	EVENTS_BYTES = 256 << 10, /* of one collection's; with more of them they begin anew, WATCH_MS later */
	EVENTS_MOST = 16 << 20,   /* whatever one round finds: beyond it lines are left out */
};

struct watch;
struct watches;

/* Somebody who waits for a resource. Zeroed, then `resume` set. Must stay where it is while it waits. */
struct watcher {
	void (*resume)(struct watcher *watcher); /* from the loop: look again, and leave if that was it */
	bool itself;         /* it is to look at the resource's own answer: the listing is not asked for it */
	struct watch *watch; /* private from here; NULL: it does not wait */
	struct scope scope;  /* of copies */
	struct watcher *next, **link;
};

/* Somebody who follows the events of a collection. Zeroed, then `changed` set if that is wanted. */
struct follower {
	void (*changed)(struct follower *follower); /* from the loop: there are more lines, or fewer. May be NULL */
	struct watch *watch;                        /* private from here */
	struct follower *next, **link;
};

int watches_new(struct fs *fs, struct watches **ret); /* 0 or -ENOMEM */
void watches_free(struct watches *watches);           /* before store_free(). Takes NULL */

bool watches_run(struct watches *watches);          /* begins the rounds that are due; true if there were any */
int watches_wait_ms(const struct watches *watches); /* until one is; -1: none will be */

/* Waits, for the resource `scope` of a kind, whose collection's directory is `dir`; or goes on waiting. 0, -ENOMEM, or
 * -EBUSY: too many wait. */
int watch_await(struct watches *watches, const struct kind *kind, const struct scope *scope, struct node *dir,
	struct watcher *watcher);
void watch_leave(struct watcher *watcher); /* nothing happens if it does not wait */

/* Follows the events of the collection `scope` from now on. 0, -ENOMEM or -EBUSY. */
int watch_follow(struct watches *watches, const struct kind *kind, const struct scope *scope, struct node *dir,
	struct follower *follower);
void watch_unfollow(struct follower *follower); /* likewise */

/* The lines that there are, lent until the caller returns to the loop; NULL: none yet. */
const struct buffer *watch_events(const struct watches *watches, const struct kind *kind, const struct scope *scope);
const struct buffer *follower_events(const struct follower *follower);

/* Something was changed here: the next round is soon. */
void watch_hurry(struct watches *watches, const struct kind *kind);

#endif
