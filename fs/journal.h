/*
 * struct journal: the creates that are on their way, in a file, recorded before they are sent: a crash between a POST
 * and its answer never leads to a second bill. One file is shared by all mounts of a user.
 *
 * A text file, one record a line, that a person may read, and end an open record in: see journal_line.h. It is locked
 * (flock) for each call and never between two. Each call opens it anew: it may be removed, replaced or compacted at any
 * time, and a kill at any point leaves it readable. Removing it is a person's decision that nothing is on its way: the
 * numbers then begin again.
 *
 * All calls may wait: for the disk, and JOURNAL_LOCK_MS at most for the lock. Beside the errnos at each call: -ENOMEM;
 * -EBUSY: the lock is held by another for longer, or the file is larger than JOURNAL_BYTES_MAX; -EACCES: it cannot be
 * opened, read, locked or written, or may not be used: it must be a regular file of our own user that no other can
 * write. All with words and the path. `err` may be NULL.
 */
#ifndef NEEVFS_FS_JOURNAL_H
#define NEEVFS_FS_JOURNAL_H

#include "../api/error.h"

#include <stdint.h>
#include <time.h>

enum {
	JOURNAL_LOCK_MS = 200,            /* bounds how long the loop stands */
	JOURNAL_LINE_MAX = 4096,          /* a line, with its end */
	JOURNAL_COMPACT_BYTES = 64 << 10, /* a begin that finds more drops, to halve it, what is settled, but for: */
	JOURNAL_KEPT_BYTES = 32 << 10,    /* the latest records, */
	JOURNAL_KEPT_S = 3600,            /* if they ended done since then */
	JOURNAL_BEGIN_BYTES = 512 << 10,  /* no begin makes it larger: the rest is for settling */
	JOURNAL_BYTES_MAX = 1 << 20,      /* nothing makes it larger, and nothing larger is read */
};

enum journal_state { JOURNAL_PENDING, JOURNAL_DONE, JOURNAL_FAILED, JOURNAL_ABSENT };

/* A create that is to be sent, or was. The strings are lent; any bytes may be in them. */
struct journal_entry {
	const char *cloud; /* base URL */
	const char *place; /* the collection's API path, filled in */
	const char *name;
};

/* An open one; lent for the visit. */
struct journal_record {
	struct journal_entry entry;
	uint64_t number;
	time_t when;
};

struct journal;

/* `path` is copied. NULL: nothing is kept and every call succeeds (a mount whose cloud ends with it). Touches no file.
 * 0 or -ENOMEM. */
int journal_new(const char *path, struct journal **ret);
void journal_free(struct journal *journal); /* takes NULL */
/* NULL if nothing is kept. Lent as long as the journal lives. */
const char *journal_path(const struct journal *journal);

/* What is recorded about a create before it is begun. */
struct journal_sight {
	uint64_t mark;        /* of the latest record, whatever it is about: what journal_begin() takes as `since` */
	uint64_t open;        /* the open one of this create; 0: there is none */
	char *done_id;        /* what its latest one that ended done has made; owned, NULL: none is known */
	uint64_t done_number; /* of that record */
	time_t done;          /* when it ended */
};

/*
 * Looks before one looks whether the name is free: what is settled between the two is then known. No file: nothing is.
 * journal_sight_free() releases it. -EBUSY also if a line is damaged: nothing can be begun then.
 */
int journal_look(
	struct journal *journal, const struct journal_entry *entry, struct journal_sight *ret, struct error *err);
void journal_sight_free(struct journal_sight *sight); /* takes NULL; leaves it empty */

/*
 * Records a create as pending, on disk before it returns. Makes the file (0600), and directories on its way (0700).
 * -EALREADY: a record of the same cloud, place and name is open. -EAGAIN: a settled one of it is newer than `since`, or
 * may have been, as records newer than `since` are gone (compaction, a person's editor): look again, with a new mark.
 * -EBUSY: also if a line is damaged. -ENOSPC: no room. -EACCES: also if the line would be too long.
 * Whatever it returns but 0: nothing is recorded, so nothing may be sent.
 */
int journal_begin(struct journal *journal, const struct journal_entry *entry, uint64_t since, time_t when,
	uint64_t *ret_number, struct error *err);

/*
 * Records how a create ended. `id`: the resource's, or NULL. Not forced to disk: one that is lost is settled again at
 * the next start. A number that is not open (settled before, by hand, by another mount; unknown; no file): 0, nothing
 * is written. -EINVAL for JOURNAL_PENDING, -ENOSPC: no room; then it stays open.
 */
int journal_settle(struct journal *journal, uint64_t number, enum journal_state state, const char *id, time_t when,
	struct error *err);

/*
 * Calls visit for each open record, of any cloud, the oldest first, as the file was when the call began; visit may call
 * the journal. Stops at its non-zero return and returns that. No file: 0. -EBUSY for a damaged line is returned after
 * the good ones were visited.
 */
int journal_open_records(struct journal *journal, int (*visit)(void *user, const struct journal_record *record),
	void *user, struct error *err);

/*
 * Whether a record is still open: 1, 0 (a person or another mount may have settled it), or -errno; -EBUSY also if it is
 * not found and a line is damaged. A journal that keeps nothing says 1: nobody else can settle there.
 */
int journal_is_open(struct journal *journal, uint64_t number, struct error *err);

#endif
