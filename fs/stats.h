/*
 * struct stats: what happened in this mount so far, counted. .neevfs/stats shows it (stats_text.c).
 *
 * Counting is an increment of a cell: nothing is allocated, no clock is read, and every array has its size here.
 */
#ifndef NEEVFS_FS_STATS_H
#define NEEVFS_FS_STATS_H

#include "cause.h"

#include <stdint.h>
#include <time.h>

/* The calls of the kernel. */
enum stats_call {
	CALL_LOOKUP,
	CALL_FORGET,
	CALL_STAT,
	CALL_SETATTR,
	CALL_READLINK,
	CALL_SYMLINK,
	CALL_MKDIR,
	CALL_RMDIR,
	CALL_RENAME,
	CALL_UNLINK,
	CALL_OPENDIR,
	CALL_READDIR,
	CALL_RELEASEDIR,
	CALL_CREATE,
	CALL_OPEN,
	CALL_READ,
	CALL_WRITE,
	CALL_CLOSE, /* flush of libfuse */
	CALL_FSYNC,
	CALL_RELEASE,
	CALL_STATFS,
	CALL_POLL,
	CALL_OTHER, /* that nothing here can be asked for: mknod, link */
	CALLS
};
extern const char *const stats_calls[CALLS]; /* "lookup" */

enum {
	STATS_ERRNOS = 134,      /* beyond the largest of errno.h; 0: it succeeded */
	STATS_BUCKETS = 13,      /* of a duration, besides those that took longer */
	STATS_ANSWERS_MAX = 512, /* sorts of answers told apart; what comes beyond counts as one */
};
extern const unsigned stats_buckets_ms[STATS_BUCKETS]; /* the upper bounds */

/* How long things took. */
struct stats_times {
	uint64_t counts[STATS_BUCKETS + 1]; /* each bucket by itself; the last: longer */
	uint64_t sum_ms;
};

/* One sort of answer. */
struct stats_answer {
	int service;
	const struct kind *kind; /* NULL, with `what` CAUSES: it was the renewal of a login */
	enum cause_what what;
	int code; /* the HTTP status; negative: -errno, there was no whole answer */
	uint64_t count;
};

struct stats_service {
	struct stats_times times;
	uint64_t retries; /* requests that were not the first of their call or change */
	uint64_t polls;   /* those whose operation is cause_poll */
	uint64_t received, sent;
	time_t answered; /* when it last gave what it was asked for; 0: never */
	time_t failed;   /* when it last gave no answer, 429 or 5xx; 0: never */
	int failed_by;   /* as stats_answer.code */
	time_t down;     /* since when it is taken to be down; 0: it is not */
};

struct stats {
	uint64_t calls[CALLS][STATS_ERRNOS];
	struct stats_times waits[CALLS]; /* of those that could not be answered at once */
	size_t waiting, waiting_most;
	struct stats_service services[API_SERVICES];
	struct stats_answer answers[STATS_ANSWERS_MAX];
	size_t answer_count;
	uint64_t answers_beyond;
};

int stats_new(struct stats **ret);    /* 0 or -ENOMEM */
void stats_free(struct stats *stats); /* takes NULL */

/* A call is answered: with 0 or a positive errno. */
static inline void stats_call(struct stats *stats, enum stats_call call, int code) {
	stats->calls[call][(unsigned)code < STATS_ERRNOS ? code : STATS_ERRNOS - 1]++;
}

/* One that waits; and how long it has waited, when it is answered. */
void stats_wait(struct stats *stats);
void stats_waited(struct stats *stats, enum stats_call call, int64_t ms);

/* What a request to the API is counted under: its HTTP status, or -errno if there was no whole answer. */
int stats_code(const struct api_exchange *exchange);

/* A request to the API is over; its tag is a struct cause, or NULL. */
void stats_exchange(struct stats *stats, const struct api_exchange *exchange, time_t now);

#endif
