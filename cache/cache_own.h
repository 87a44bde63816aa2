/* What cache.c and cache_forget.c share. Private to them. */
#ifndef NEEVFS_CACHE_OWN_H
#define NEEVFS_CACHE_OWN_H

#include "cache.h"

enum {
	CACHE_AT_ONCE = 1000, /* entries that are dropped in one call; for more of them cache_tidy() is there */
	CACHE_MARKS_MAX = 8,
};

/*
 * A fetch, and afterwards its result. One object for both: so cache_finish() needs no memory, cannot fail, and loses no
 * waiter. `holders` counts: one for being under way or in the queue, one for the entry that keeps it.
 */
struct cache_fetch {
	unsigned holders;
	struct cache_entry *entry; /* that new waiters find it by; NULL once detached or served */
	char *key;
	struct cache_waiter *waiters, *waiters_last;
	struct cache_fetch *all_next, *all_prev; /* all under way, for cache_free() */
	struct cache_fetch *queue_next;
	int64_t fetched_ms;
	bool detached; /* by cache_forget(): who waited gets the result, and nobody may keep it */

	/* The result, from cache_finish() on. */
	int64_t expires_ms;
	size_t size;
	void *document;
	int code;
};

/* What is known of a key. It exists while it has a result or a fetch. */
struct cache_entry {
	struct cache_entry *bucket_next;
	struct cache_entry *lru_next, *lru_prev; /* towards the older, the newer; linked while it has a result */
	uint64_t hash;
	const char *key;             /* behind the structure, in the same allocation */
	struct cache_fetch *fetch;   /* may be joined */
	struct cache_fetch *kept;    /* what is served until it expires */
	struct cache_fetch *failure; /* newer than `kept`, and not to be kept: only for who began before it */
	uint64_t stored;             /* its last result: before or after which marks */
	size_t cost;
};

/*
 * A prefix that is forgotten. What was stored before the mark is there no more, whoever looks for it; that it is also
 * freed is a matter of time. So what was forgotten needs no walk through all that is kept.
 */
struct cache_mark {
	uint64_t number;
	size_t len;
	char *prefix;
};

struct cache {
	struct cache_ops ops;
	size_t limit_bytes;
	struct cache_entry **buckets;
	size_t bucket_count; /* a power of two */
	size_t entry_count;
	struct cache_entry *lru_newest, *lru_oldest;
	struct cache_fetch *all;
	struct cache_fetch *queue, *queue_last;
	struct cache_fetch *serving; /* whose waiter's `done` is running */
	bool serving_forgotten;      /* by that `done` itself */
	struct cache_mark marks[CACHE_MARKS_MAX];
	size_t mark_count;
	uint64_t mark_number; /* of the last one */
	size_t swept; /* buckets that hold nothing marked any more; a larger table has the others behind them, too */
	struct cache_stats stats;
};

/* What is being served was forgotten by who is served. */
void serving_forget(struct cache *cache);

/* Drops the results of an entry, and the entry too unless a fetch still needs it. */
void entry_clear(struct cache *cache, struct cache_entry *entry);

/* Whether its results are forgotten. Then it has no fetch: a fetch that found them would have dropped them, and one
 * that was under way by then was detached. */
bool entry_is_marked(const struct cache *cache, const struct cache_entry *entry);

/* Drops the oldest until the rest fits. True if there is more to drop. */
bool cache_evict(struct cache *cache, size_t most);

#endif
