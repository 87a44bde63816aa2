/*
 * The neevfs mounts of this machine as they stand: alive, dead, or hanging. Each is asked from a process of its own, so
 * that one that hangs keeps nobody.
 */
#ifndef NEEVFS_FS_STANDING_H
#define NEEVFS_FS_STANDING_H

#include "ending.h"
#include "mounted.h"

#include <stddef.h>
#include <stdio.h>

enum {
	STANDINGS_MAX = 64,
	STANDING_MS = 2000,       /* for all of them: who has not answered by then hangs */
	STANDING_TEXT_MAX = 4000, /* with what is around it one write that is not divided (PIPE_BUF) */
};

enum standing_state {
	STANDING_ALIVE,
	STANDING_DEAD,   /* its process is gone */
	STANDING_HANGS,  /* it does not answer */
	STANDING_CLOSED, /* it is another user's, and lets nobody else ask */
};

struct standing {
	char *path; /* owned */
	struct mounted mounted;
	enum standing_state state;
	char text[STANDING_TEXT_MAX]; /* its .neevfs/status, as many lines as fit; "" if it has none */
};

struct standings {
	struct standing *at[STANDINGS_MAX]; /* owned; in the order of mounting */
	size_t count;
	size_t beyond; /* so many more there are */
};

/* All that are the topmost at their path. 0; -ENOMEM, or why they cannot be told. standings_free() is due in any case.
 */
int standings_read(struct standings *ret);
void standings_free(struct standings *standings);

/* What `neevfs status` prints: a paragraph for each, and for each of `endings` where none stands since. */
void standings_show(const struct standings *standings, const struct endings *endings, FILE *out);
/* Whether none is dead or hangs, and where one ended another stands. */
bool standings_well(const struct standings *standings, const struct endings *endings);

/* Whether none stands where that one ended. */
bool standings_lack(const struct standings *standings, const struct ending *ending);

/* The one at that absolute path, or NULL. Lent. */
const struct standing *standings_find(const struct standings *standings, const char *path);

#endif
