/*
 * How mounts of this user ended that nobody unmounted: a line each in a file beside the journal, so that whoever finds
 * an empty directory later can be told. Noted by the supervisor, shown by status and doctor, forgotten by the next
 * mount at that place or by an unmount. That a note cannot be kept is no reason for anything else to fail.
 */
#ifndef NEEVFS_FS_ENDING_H
#define NEEVFS_FS_ENDING_H

#include "../api/buffer.h"

#include <stdbool.h>
#include <time.h>

enum {
	ENDINGS_MAX = 16,       /* then the oldest goes */
	ENDING_LINE_MAX = 8192, /* bytes */
};

/* Without control bytes but what a hostile file has: to be escaped when it is shown. */
struct ending {
	const char *when;    /* 2026-01-31T12:00:00Z */
	const char *path;    /* of the mount point, absolute; control bytes are escaped (buffer.h) */
	const char *how;     /* "was ended by SIGKILL" */
	const char *command; /* that mounts it again */
};

struct endings {
	struct ending at[ENDINGS_MAX]; /* lent by `text`; the latest is last */
	size_t count;
	struct buffer text;
};

/* What is noted; what cannot be read, or is no such line, is none. endings_free() is due. */
void endings_read(struct endings *ret);
void endings_free(struct endings *endings);

/* Whether it is of that mount point. */
bool ending_is_of(const struct ending *ending, const char *path);

/* Notes one, unless a neevfs is mounted there again. 0 or -errno. */
int ending_note(const char *path, time_t when, const char *how, const char *command);

/* True: there was one of that mount point, and it is gone. */
bool ending_forget(const char *path);

/* Appends the command line, quoted for a shell, with the mount point's absolute path at its end. What may hold a
 * secret, and what is too long, stands there as "...". */
void ending_command(int argc, char **argv, const char *path, struct buffer *out);

#endif
