/* A change from the inside: shared by change.c and change_*.c only. */
#ifndef NEEVFS_FS_CHANGE_OWN_H
#define NEEVFS_FS_CHANGE_OWN_H

#include "change.h"
#include "doubt.h"
#include "journal.h"
#include "store.h"

enum {
	CHANGE_ANSWER_MS =
		500, /* before the deadline of who waits, a time-out of our own has said more than that would */
	CHANGE_NEVER = -1,
};

struct change {
	struct changes *changes;
	enum change_verb verb;
	const struct kind *kind;
	struct scope scope; /* of copies */
	char *path;
	int64_t deadline_ms; /* of who waits */
	change_done *done;   /* NULL: nobody waits */
	void *user;
	pid_t pid; /* of who waits, and what that one does: "write" */
	const char *operation;
	bool untold; /* its end is told by who stopped waiting */
	bool late;   /* somebody stopped waiting after it was sent: its success is told in .error too */

	/* What goes on next: from the loop, when a document that was demanded came, or at due_ms. It leaves the change
	 * waiting for something, or ends it. */
	void (*step)(struct change *change);
	int64_t due_ms; /* CHANGE_NEVER: something else will go on with it */
	struct demand demand;
	unsigned attempts;  /* requests of it so far */
	bool flying;        /* one is under way */
	bool unclear;       /* one may have been carried out */
	struct error error; /* of the latest attempt */

	/* create */
	struct draft *draft;
	bool accepted;  /* the API said yes, but not to what: that it is nowhere is then no proof */
	char *made_id;  /* that it said then; NULL: none */
	bool recovered; /* from the journal: the draft is only its stand-in */
	struct buffer body;
	struct journal_sight sight; /* of the journal, before the listing began */
	uint64_t record;            /* in the journal; 0: none yet */
	unsigned again;             /* listings that had to be repeated */
	struct doubt doubt;

	/* scale, delete */
	long long replicas; /* ACCEPTED_DELETE for a delete */
	bool queued;        /* behind another scale of the deployment */

	struct change *next, *prev;
};

/* A record of the journal whose end is known here only. */
struct owed {
	uint64_t number; /* 0: none */
	enum journal_state state;
};

struct changes {
	struct fs *fs;
	char *forgot;        /* the place of the listing that was forgotten last in this turn; NULL: none */
	struct owed owed[8]; /* what the journal could not be told; the oldest makes room */
	size_t owed_next;
	struct change first; /* ring of all under way, in the order in which they were asked for */
};

/* First steps. */
void create_begin(struct change *change);
void alter_begin(struct change *change);
void notify_begin(struct change *change);

/* A new change in the ring, owned by it. 0 or -ENOMEM. */
int change_new(struct changes *changes, const struct change_order *order, struct change **ret);

void change_at(struct change *change, void (*step)(struct change *change), int64_t due_ms);

/* The spending brakes: from change_brake_begin() on, whose time is demand.since_ms, until brake_check() of brake.h says
 * something. */
void change_brake_begin(struct change *change);
int change_brake(struct change *change);

/* Its outcome: tells it, frees the change. `err` is NULL for 0. */
void change_end(struct change *change, int rc, const struct error *err);

/* create: whether it was carried out is not known; it is looked for from next_ms on. */
void create_doubt(struct change *change, int64_t next_ms);

/* scale, delete: it is over; of one that was to be sent the brakes are told. */
void alter_end(struct change *change, int rc, struct error *err);

/* Whether a delete of this resource was accepted: it is then on its way out whatever its listed state says. */
bool change_doomed(const struct changes *changes, const struct kind *kind, const struct scope *scope);

/* Whether it is about that resource, or in that collection. */
bool change_is_of(const struct change *change, const struct kind *kind, const struct scope *scope);

/* create: it is over and was not sent, or was refused; the draft is one again. */
void create_over(struct change *change, int rc, const struct error *err);

#endif
