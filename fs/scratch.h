/*
 * Scratch files: what editors put beside the file that they edit: swap, backup, lock and temporary files.
 *
 * They live in the memory of this mount, in the directories of drafts and of resources that can be created or removed,
 * and no byte of them reaches the API, unless one is renamed onto a file that is written there. A directory is known by
 * its path at the API and its name (view_scratch_dir()), so that its scratch files stay when a draft becomes a
 * resource.
 *
 * A scratch file lives as long as it has a name or is held, as an open file is. All bounds count what has no name any
 * more too.
 */
#ifndef NEEVFS_FS_SCRATCH_H
#define NEEVFS_FS_SCRATCH_H

#include "../api/buffer.h"
#include "kinds.h"
#include "written.h"

#include <stdbool.h>
#include <time.h>

enum {
	SCRATCH_MAX = 1024,
	SCRATCH_BYTES_MAX = 1 << 20,      /* of one */
	SCRATCH_BYTES_ALL_MAX = 16 << 20, /* of all together, as allocated: each is rounded up to pages */
};

struct node;
struct scratches;
struct scratch_dir;

struct scratch {
	char *name;          /* owned; NULL: it has none any more */
	struct buffer text;  /* of a link the target. Changed by the functions below only; wiped when it is freed */
	struct buffer aside; /* what the text was, by scratch_set_aside(); wiped too */
	bool link;           /* a symbolic link */
	mode_t mode;         /* the permission bits */
	struct timespec mtime, atime;
	time_t changed;
	const struct row *backup; /* it is the text of this row of its directory, unchanged since; NULL: it is not */

	struct scratches *all; /* private from here */
	struct scratch_dir *dir;
	const struct node *node;
	size_t holds;
	struct scratch *next;
};

int scratches_new(struct scratches **ret);        /* 0 or -ENOMEM */
void scratches_free(struct scratches *scratches); /* also what is held; takes NULL */

/* An empty one; the name is free, or is made so by scratch_unlink() of its holder. 0, -ENOMEM, or -ENOSPC over
 * SCRATCH_MAX. */
int scratch_new(
	struct scratches *scratches, const char *dir, const char *name, mode_t mode, time_t now, struct scratch **ret);

struct scratch *scratch_find(const struct scratches *scratches, const char *dir, const char *name);
/* Walks those of one directory: `after` NULL gives the first. */
struct scratch *scratch_next(const struct scratches *scratches, const char *dir, const struct scratch *after);

/* Puts bytes at an offset, zero-filling a gap. 0, -EFBIG over SCRATCH_BYTES_MAX, -ENOSPC over SCRATCH_BYTES_ALL_MAX,
 * -ENOMEM; then nothing is changed. */
int scratch_write(struct scratch *scratch, const char *data, size_t len, size_t offset, time_t now);
int scratch_truncate(struct scratch *scratch, size_t len, time_t now);

/* Empties it, and keeps what the text was until it is known whether what is written next takes its place: it then is
 * the text again, or goes. */
void scratch_set_aside(struct scratch *scratch, time_t now);
void scratch_bring_back(struct scratch *scratch); /* if there is any; else does nothing */
void scratch_drop_aside(struct scratch *scratch);

/* Another name, or another directory, where it is a backup of nothing. The name's holder is to be unlinked after it. 0
 * or -ENOMEM. */
int scratch_rename(struct scratch *scratch, const char *dir, const char *name);

/* Takes its name away: it goes, or when it is no longer held. By `node`, which may be NULL, it is found until then. */
void scratch_unlink(struct scratch *scratch, const struct node *node);
/* One that has no name any more; NULL if none has that node. */
struct scratch *scratch_of_node(const struct scratches *scratches, const struct node *node);

/* A directory is called otherwise, by a string from malloc() that is taken over; what was left under that name goes. */
void scratch_dir_rename(struct scratches *scratches, const char *dir, char *new_dir);
/* All of a directory lose their names. */
void scratch_dir_drop(struct scratches *scratches, const char *dir);

/* Of the directories `place`/NAME only those stay of which `there` says so. */
void scratch_dirs_keep(
	struct scratches *scratches, const char *place, bool (*there)(void *user, const char *name), void *user);

struct scratch *scratch_hold(struct scratch *scratch);
void scratch_release(struct scratch *scratch); /* takes NULL */

#endif
