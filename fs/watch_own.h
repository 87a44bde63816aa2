/* What the files of a watch share: watch.c has who waits and follows, watch_round.c what is asked and found. Private to
 * them. */
#ifndef NEEVFS_FS_WATCH_OWN_H
#define NEEVFS_FS_WATCH_OWN_H

#include "store.h"
#include "watch.h"

enum { FORGOTTEN_MAX = 16 /* changes of one round of which the kernel is told one by one */ };

struct watch {
	struct watches *watches;
	const struct kind *kind;
	struct scope scope; /* of copies */
	struct buffer dir;  /* the collection's path in the tree */
	struct watcher *watchers;
	struct follower *followers;
	struct buffer events;
	int failing;             /* the errno that the last round ended with, as the lines have it; 0: it went well */
	const struct list *seen; /* held: what the last round found; NULL: nothing yet */
	struct demand demand;    /* of the round under way */
	bool asking;
	const struct list *found; /* held: what it found, while that is compared with `seen`; NULL: it is not */
	size_t compared;          /* entries of both */
	size_t differing;         /* of them */
	bool doubted;             /* the last round's listing was not whole, and was not taken for what there is */
	int64_t began_ms;         /* the last round */
	int64_t due_ms;
	int64_t pause_ms; /* between rounds, for now */
	struct watch *next;
};

struct watches {
	struct fs *fs;
	struct watch *first; /* the one that was used last */
	size_t count, watchers;
};

bool watch_is_used(const struct watch *watch); /* somebody waits or follows */

/* Somebody wants to know soon: the next round is not before it may be. */
void watch_hasten(struct watch *watch);

#endif
