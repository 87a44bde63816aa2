/* What the handlers work on: the parts of one mount, put together by main.c. Each part is owned by main.c and lent
 * here. */
#ifndef NEEVFS_FS_FS_H
#define NEEVFS_FS_FS_H

#include "node.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

enum {
	FS_WORK = 256 << 10, /* bytes of fs_work() in a turn: a millisecond or two */
};

struct fs {
	const struct options *options; /* lent */
	struct store *store;           /* lent */
	struct nodes *nodes;
	struct drafts *drafts;
	struct scratches *scratches;
	struct changes *changes;
	struct journal *journal;
	struct accepted *accepted;
	struct sents *sents;
	struct refusals *refusals;
	struct sweeps *sweeps;
	struct watches *watches;
	struct stats *stats;
	struct requests *requests;
	struct ops *ops;
	struct handle *handles; /* all that are open */
	struct scales *scales;
	struct idles *idles;
	struct fuse_session *session; /* lent; NULL: not mounted */
	bool forgetting;              /* kept.h: the kernel is being told to forget everything */
	struct nodes_walk forgotten;  /* how far that is */
	int64_t now_ms;               /* monotonic, of this turn of the loop */
	time_t now;                   /* wall clock, of this turn */
	int64_t settled_ms; /* when a listing last replaced the draft that had stood for a resource; 0: never */
	uint64_t waits;     /* how often a file wait was looked up (kept.c) */
	size_t work;        /* what is left of it in this turn */
	time_t started;
	uint64_t seed; /* of what is random */
	uid_t uid;
	gid_t gid;
	bool ready;   /* the kernel has said INIT: the mount answers */
	bool greeted; /* the first answer to the kernel is written */
};

/* Makes all parts. The rest is set by who runs it. 0 or -ENOMEM; fs_close_parts() releases what there is in any case.
 */
int fs_open_parts(struct fs *fs, const struct options *options, struct store *store);
/*
 * What is made of a long list (index.h, dump.h) is made in pieces, so that nothing else waits for it: takes so much
 * work, in bytes of an answer, from what the turn has left. False if that was nothing: then the demand is to wait for
 * the next turn (demand_work()).
 */
bool fs_work(struct fs *fs, size_t bytes);

/* After api_free() and before store_free(): changes that still go on are forgotten. */
void fs_close_parts(struct fs *fs);

#endif
