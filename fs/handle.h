/* struct handle: an open file or directory: the bytes it was opened on, and the outcome of what was written. */
#ifndef NEEVFS_FS_HANDLE_H
#define NEEVFS_FS_HANDLE_H

#include "../api/buffer.h"
#include "kinds.h"
#include "scratch.h"
#include "watch.h"

#include <stdbool.h>

struct list;
struct node;

struct handle {
	struct buffer bytes;      /* a file's content as it was at open; a directory's entries */
	struct buffer starts;     /* of a directory: where each entry begins in `bytes` */
	const struct list *list;  /* held: of a directory, its items are entries behind those; of list.json, what it
				     shows; NULL: none */
	struct node *pinned;      /* the kernel may fill its cache by this handle (kept.h); NULL: it may not */
	struct scratch *scratch;  /* held: the open file is this, and nothing else here but the outcome counts; NULL: it
				     is not */
	bool plan;                /* that is a spec.json.plan (plan.h) */
	struct follower follower; /* of the file events */
	bool follows;             /* the open file is that, and is read as it is at that moment */
	void *poll;               /* libfuse's, of who is to be told of more to read; NULL: nobody */
	enum row_write write;
	bool wrote;    /* something came by this handle */
	bool in_order; /* it was written from an empty file on, byte after byte: then it commits in the write that
			  completes it */
	size_t end;    /* where the next write in order begins */
	bool settled;  /* a change was tried: the same outcome for every later write, nothing is sent again */
	int outcome;   /* 0 or -errno */
	bool sent; /* the outcome is of something that went to the API, or may have: truncating does not reopen it */

	struct handle *next, **link; /* private */
};

/* In the list `all` until it is freed: when a mount ends, the kernel does not give back all that was open. NULL without
 * memory. */
struct handle *handle_new(struct handle **all, enum row_write write);
/* Of an open scratch file, which it holds. NULL without memory. */
struct handle *handle_of_scratch(struct handle **all, struct scratch *scratch);
void handle_free(struct handle *handle); /* takes NULL */

/* The outcome of what was written by it, and whether that went to the API, or may have. Returns the outcome; takes
 * NULL: who renames asks once. */
int handle_settle(struct handle *handle, int outcome, bool sent);

/* One directory entry behind the others. */
void handle_add_entry(struct handle *handle, const char *name, uint64_t ino, mode_t type);
size_t handle_entries(const struct handle *handle); /* so many */
/* The entry of an index, counted from 0; false behind the last. The name is lent. */
bool handle_entry(
	const struct handle *handle, size_t index, const char **ret_name, uint64_t *ret_ino, mode_t *ret_type);

#endif
