/*
 * Drafts: directories that mkdir made and that are no resources yet. Local, free, gone at unmount.
 *
 * A draft becomes a resource by its spec.json (change.h). It then stays as the newborn's stand-in until a listing shows
 * the resource, so that one's own create is seen at once even where the API's list lags.
 */
#ifndef NEEVFS_FS_DRAFT_H
#define NEEVFS_FS_DRAFT_H

#include "kinds.h"

#include <time.h>

enum { DRAFTS_MAX = 1024, DRAFT_BYTES_MAX = 16 << 20 /* of all texts together */ };

enum draft_state {
	DRAFT_OPEN,  /* may be written, renamed, removed */
	DRAFT_BUSY,  /* its create is under way */
	DRAFT_DOUBT, /* a create was sent and its outcome is not known */
	DRAFT_BORN,  /* created; the API's answer stands for it until a listing has it */
};

struct draft {
	const struct kind *kind;
	char *place; /* the collection: its list path, filled in */
	char *name;
	enum draft_state state;
	struct buffer text;         /* what was written to spec.json, also if it was refused */
	bool has_text;              /* spec.json exists */
	const struct buffer *asked; /* DRAFT_BUSY, DRAFT_DOUBT: the body of its create, lent by that; else NULL */
	bool passed;                /* DRAFT_BUSY: the spending brakes let it pass (brake.h) */
	time_t changed;
	/* DRAFT_BORN */
	char *id;
	char *answer;     /* the API's answer to the create */
	struct json json; /* in `answer` */

	struct draft *next; /* private */
};

struct drafts;

int drafts_new(struct drafts **ret);     /* 0 or -ENOMEM */
void drafts_free(struct drafts *drafts); /* takes NULL */

struct draft *draft_find(const struct drafts *drafts, const char *place, const char *name);
/* Walks the drafts of one collection: `after` NULL gives the first. */
struct draft *draft_next(const struct drafts *drafts, const char *place, const struct draft *after);

/* Walks those in that state, wherever: `after` NULL gives the first. */
struct draft *draft_next_in(const struct drafts *drafts, enum draft_state state, const struct draft *after);

/* 0, -ENOMEM, or -ENOSPC beyond DRAFTS_MAX. The name is free. */
int draft_new(struct drafts *drafts, const struct kind *kind, const char *place, const char *name, time_t now,
	struct draft **ret);
void draft_remove(struct drafts *drafts, struct draft *draft);
int draft_rename(struct draft *draft, const char *name); /* 0 or -ENOMEM */

/* Puts bytes at an offset of the text, zero-filling a gap. -EFBIG over SPEC_BYTES_MAX, -ENOSPC over DRAFT_BYTES_MAX,
 * -ENOMEM. */
int draft_write(struct drafts *drafts, struct draft *draft, const char *data, size_t len, size_t offset, time_t now);
int draft_truncate(struct drafts *drafts, struct draft *draft, size_t len, time_t now);

/* The create succeeded: the answer (copied; JSON that was checked) now stands for the resource. 0 or -ENOMEM. */
int draft_born(struct draft *draft, const char *id, const char *answer, size_t len);

/* The newborn of this id is gone again: nothing stands for it any more. */
void draft_unborn(struct drafts *drafts, const struct kind *kind, const char *id);

#endif
