/*
 * A TTL cache of opaque documents: key → document, one fetch per key, bounded in bytes.
 *
 * It knows neither HTTP, JSON nor FUSE and reads no clock: time comes in as monotonic milliseconds. Its owner starts
 * fetches when told to (`struct cache_ops`) and reports their results with cache_finish(); waiters are served from
 * cache_run(), never from inside the call that registered them.
 */
#ifndef NEEVFS_CACHE_H
#define NEEVFS_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cache;
struct cache_fetch; /* one fetch under way; lives until cache_finish() */

/* A result: a document, or a failure with its reason. */
struct cache_result {
	int code;             /* 0, or a positive errno: then `document` is the reason, or NULL */
	const void *document; /* lent: good until the callback that received it returns */
	int64_t fetched_ms;   /* when its fetch began: what it says is not older than this */
	int64_t expires_ms;   /* from when on it is not served any more; of one that was forgotten meanwhile: when its
				 fetch   began */
};

struct cache_ops {
	/*
	 * Starts the fetch for `key` (good until its cache_finish()). Must end in exactly one cache_finish(), which may
	 * come from inside this call too: a failure to start. The waiters are served from cache_run() in any case.
	 */
	void (*fetch)(void *user, const char *key, struct cache_fetch *fetch);
	/* Releases a document or a reason. Calls nothing of the cache. */
	void (*release)(void *user, void *document);
	void *user;
};

struct cache_stats {
	uint64_t hits, misses;    /* of cache_peek() */
	uint64_t expired;         /* of the misses, where something was there and no longer good */
	uint64_t joined, fetches; /* of cache_wait(): a fetch under way, a new one */
	uint64_t detached, evicted;
	size_t bytes, entries, fetching;
};

/* Who waits for a key. Embedded by the caller, zeroed before first use; the cache keeps a pointer to it until `done` or
 * cache_leave(). */
struct cache_waiter {
	void (*done)(struct cache_waiter *waiter, const struct cache_result *result); /* from cache_run() */
	struct cache_waiter *next, *prev;                                             /* private */
	struct cache_fetch *fetch; /* private; NULL when not waiting */
};

/*
 * `limit_bytes` bounds the kept documents together, with what keeping them costs; the least recently used go first, one
 * that is larger than the bound is never kept. 0, or -ENOMEM.
 */
int cache_new(const struct cache_ops *ops, size_t limit_bytes, struct cache **ret);
/* Releases everything; who waits is not called, and a fetch under way must not be finished any more. Not from `done`.
 * Takes NULL. */
void cache_free(struct cache *cache);

/*
 * The result for `key`, if it may be served. True: *ret is lent until the next call of a function of this cache. The
 * rules:
 * 1. Not expired at `now_ms`: served.
 * 2. Fetched at or after `since_ms`, the caller's start: served, whatever its TTL, failures too. So an operation that
 *    needs several documents with a TTL of 0 comes to an end instead of fetching one after the other for ever.
 * 3. Inside `done`, the key that was waited for: the very result that is being served, unless a newer one is kept. It
 *    joined that fetch, so it may have it, even where the fetch began before its start or was detached by a
 *    cache_forget() after it. Only a cache_forget() from inside this same `done` ends that.
 * Nothing that was fetched before a cache_forget() is found by who begins after it.
 */
bool cache_peek(struct cache *cache, const char *key, int64_t now_ms, int64_t since_ms, struct cache_result *ret);

/* The document kept for `key`, which is good no more, if it was at `since_ms`; true as for cache_peek(). */
bool cache_peek_expired(struct cache *cache, const char *key, int64_t since_ms, struct cache_result *ret);

/*
 * Waits for a fetch of `key` that began at or after the last cache_forget() of it: joins the one under way, or starts
 * one (which calls ops.fetch). From inside `done` it never joins the fetch that is just being served. 0, or -ENOMEM:
 * then it does not wait.
 */
int cache_wait(struct cache *cache, const char *key, int64_t now_ms, struct cache_waiter *waiter);

/* Whether a fetch of `key` is under way that could be joined, and since when. */
bool cache_fetching(struct cache *cache, const char *key, int64_t *ret_since_ms);

/* Stops waiting; `done` is not called. The fetch goes on. Nothing happens if it does not wait. */
void cache_leave(struct cache *cache, struct cache_waiter *waiter);

bool cache_waits(const struct cache_waiter *waiter); /* `done` will be called */

/* The key of a fetch, good until its cache_finish(). */
const char *cache_fetch_key(const struct cache_fetch *fetch);

/*
 * Ends a fetch. Takes over `document` (of `size` bytes, the reason if `code` is not 0), to be kept until `expires_ms`;
 * at or before the fetch's start it is found by rules 2 and 3 of cache_peek() only. A result whose fetch was detached
 * by cache_forget() serves its waiters and is dropped. A failure never replaces a document, unless it is kept itself (a
 * negative answer, which expires after the fetch's start).
 */
void cache_finish(
	struct cache *cache, struct cache_fetch *fetch, int code, void *document, size_t size, int64_t expires_ms);

/*
 * Serves the waiters of the fetches that are finished by now, each waiter once. A `done` may call everything but
 * cache_run() and cache_free(). True if there were any: call it again before going to sleep, for a `done` may have
 * ended another fetch.
 */
bool cache_run(struct cache *cache);

/* Forgets the key, or all keys that begin so ("" forgets all), and detaches their fetches under way. */
void cache_forget(struct cache *cache, const char *key);
void cache_forget_prefix(struct cache *cache, const char *prefix);

/* What is kept for the key is good no more from now on, as if its time were over. A fetch under way goes on. */
void cache_expire(struct cache *cache, const char *key, int64_t now_ms);

/*
 * Where very many results are to be dropped, because they were forgotten or because one came that needs their room,
 * most of them are freed later: here, about `most` in a call. Until then they count in stats, and the bound may be
 * exceeded. True if there is more to do. Not from `done`.
 */
bool cache_tidy(struct cache *cache, size_t most);
bool cache_is_tidy(const struct cache *cache); /* whether there is nothing to do */

void cache_stats(const struct cache *cache, struct cache_stats *ret);

#endif
