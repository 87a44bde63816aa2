#include "cache_own.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS_MIN = 64 };

/* FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint64_t key_hash(const char *key) {
	uint64_t hash = 0xcbf29ce484222325u;

	for (; *key; key++)
		hash = (hash ^ (unsigned char)*key) * 0x100000001b3u;
	return hash;
}

static struct cache_entry **bucket_of(const struct cache *cache, uint64_t hash) {
	return &cache->buckets[hash & (cache->bucket_count - 1)];
}

/* Without memory the table stays as it is: longer chains, still right. */
static void buckets_grow(struct cache *cache) {
	size_t count = cache->bucket_count * 2;
	struct cache_entry **buckets = calloc(count, sizeof(struct cache_entry *));

	if (!buckets)
		return;
	for (size_t i = 0; i < cache->bucket_count; i++)
		for (struct cache_entry *entry = cache->buckets[i], *next; entry; entry = next) {
			struct cache_entry **bucket = &buckets[entry->hash & (count - 1)];

			next = entry->bucket_next;
			entry->bucket_next = *bucket;
			*bucket = entry;
		}
	free(cache->buckets);
	cache->buckets = buckets;
	cache->bucket_count = count;
}

static struct cache_entry *entry_new(struct cache *cache, const char *key) {
	size_t size = strlen(key) + 1;
	struct cache_entry *entry = calloc(1, sizeof(*entry) + size);
	struct cache_entry **bucket;

	if (!entry)
		return NULL;
	entry->key = memcpy(entry + 1, key, size);
	entry->hash = key_hash(key);
	if (cache->entry_count >= cache->bucket_count)
		buckets_grow(cache);
	bucket = bucket_of(cache, entry->hash);
	entry->bucket_next = *bucket;
	*bucket = entry;
	cache->entry_count++;
	return entry;
}

static void lru_unlink(struct cache *cache, struct cache_entry *entry) {
	*(entry->lru_prev ? &entry->lru_prev->lru_next : &cache->lru_newest) = entry->lru_next;
	*(entry->lru_next ? &entry->lru_next->lru_prev : &cache->lru_oldest) = entry->lru_prev;
	entry->lru_next = entry->lru_prev = NULL;
}

static void lru_link(struct cache *cache, struct cache_entry *entry) {
	entry->lru_prev = NULL;
	entry->lru_next = cache->lru_newest;
	*(cache->lru_newest ? &cache->lru_newest->lru_prev : &cache->lru_oldest) = entry;
	cache->lru_newest = entry;
}

static void fetch_release(struct cache *cache, struct cache_fetch *fetch) {
	if (--fetch->holders)
		return;
	if (fetch->document)
		cache->ops.release(cache->ops.user, fetch->document);
	free(fetch->key);
	free(fetch);
}

void entry_clear(struct cache *cache, struct cache_entry *entry) {
	struct cache_fetch *kept = entry->kept, *failure = entry->failure;
	struct cache_entry **link;

	if (kept || failure) {
		lru_unlink(cache, entry);
		cache->stats.bytes -= entry->cost;
		cache->stats.entries--;
		entry->cost = 0;
		entry->kept = entry->failure = NULL;
	}
	if (!entry->fetch) {
		for (link = bucket_of(cache, entry->hash); *link != entry; link = &(*link)->bucket_next)
			;
		*link = entry->bucket_next;
		cache->entry_count--;
		free(entry);
	}
	if (kept)
		fetch_release(cache, kept);
	if (failure)
		fetch_release(cache, failure);
}

static void entry_forget(struct cache *cache, struct cache_entry *entry) {
	if (entry->fetch) {
		entry->fetch->entry = NULL;
		entry->fetch->detached = true;
		entry->fetch = NULL;
		cache->stats.detached++;
	}
	entry_clear(cache, entry);
}

static struct cache_entry *entry_find(struct cache *cache, const char *key) {
	uint64_t hash = key_hash(key);
	struct cache_entry *entry = *bucket_of(cache, hash);

	while (entry && (entry->hash != hash || strcmp(entry->key, key) != 0))
		entry = entry->bucket_next;
	if (!entry || !entry_is_marked(cache, entry))
		return entry;
	entry_clear(cache, entry); /* no fetch needs it: that was detached */
	return NULL;
}

static size_t result_cost(const struct cache_entry *entry, const struct cache_fetch *result) {
	return sizeof(*entry) + sizeof(*result) + 2 * (strlen(entry->key) + 1) + result->size;
}

bool cache_evict(struct cache *cache, size_t most) {
	for (; cache->stats.bytes > cache->limit_bytes && cache->lru_oldest; most--) {
		if (!most)
			return true;
		cache->stats.evicted++;
		entry_clear(cache, cache->lru_oldest);
	}
	return false;
}

/* Puts a result into its entry, as `kept` or as `failure`, and makes room for it. */
static void entry_store(struct cache *cache, struct cache_entry *entry, struct cache_fetch *result) {
	bool beside = result->code && result->expires_ms <= result->fetched_ms && entry->kept && !entry->kept->code;
	struct cache_fetch *old_kept = beside ? NULL : entry->kept, *old_failure = entry->failure;
	size_t cost = 0;

	result->holders++;
	entry->stored = cache->mark_number;
	if (entry->kept || entry->failure) {
		lru_unlink(cache, entry);
		cache->stats.bytes -= entry->cost;
		cache->stats.entries--;
	}
	if (!beside)
		entry->kept = result;
	entry->failure = beside ? result : NULL;
	if (entry->kept)
		cost += result_cost(entry, entry->kept);
	if (entry->failure)
		cost += result_cost(entry, entry->failure);
	entry->cost = cost;
	lru_link(cache, entry);
	cache->stats.bytes += cost;
	cache->stats.entries++;
	if (old_kept)
		fetch_release(cache, old_kept);
	if (old_failure)
		fetch_release(cache, old_failure);

	/* One that can never fit must not drive out all the others first. */
	if (cost > cache->limit_bytes) {
		cache->stats.evicted++;
		entry_clear(cache, entry);
	}
	cache_evict(cache, CACHE_AT_ONCE);
}

int cache_new(const struct cache_ops *ops, size_t limit_bytes, struct cache **ret) {
	struct cache *cache = calloc(1, sizeof(*cache));

	if (!cache)
		return -ENOMEM;
	cache->buckets = calloc(BUCKETS_MIN, sizeof(struct cache_entry *));
	if (!cache->buckets) {
		free(cache);
		return -ENOMEM;
	}
	cache->bucket_count = BUCKETS_MIN;
	cache->ops = *ops;
	cache->limit_bytes = limit_bytes;
	*ret = cache;
	return 0;
}

static void all_unlink(struct cache *cache, struct cache_fetch *fetch) {
	*(fetch->all_prev ? &fetch->all_prev->all_next : &cache->all) = fetch->all_next;
	if (fetch->all_next)
		fetch->all_next->all_prev = fetch->all_prev;
	fetch->all_next = fetch->all_prev = NULL;
	cache->stats.fetching--;
}

static struct cache_waiter *waiter_pop(struct cache_fetch *fetch) {
	struct cache_waiter *waiter = fetch->waiters;

	if (!waiter)
		return NULL;
	fetch->waiters = waiter->next;
	*(waiter->next ? &waiter->next->prev : &fetch->waiters_last) = NULL;
	waiter->next = waiter->prev = NULL;
	waiter->fetch = NULL;
	return waiter;
}

void cache_free(struct cache *cache) {
	struct cache_fetch *fetch;

	if (!cache)
		return;
	cache_forget_prefix(cache, "");
	cache_tidy(cache, SIZE_MAX);
	while ((fetch = cache->all)) {
		while (waiter_pop(fetch))
			;
		all_unlink(cache, fetch);
		fetch_release(cache, fetch);
	}
	while ((fetch = cache->queue)) {
		cache->queue = fetch->queue_next;
		while (waiter_pop(fetch))
			;
		fetch_release(cache, fetch);
	}
	free(cache->buckets);
	free(cache);
}

static const struct cache_fetch *result_find(
	struct cache *cache, const struct cache_entry *entry, const char *key, int64_t now_ms, int64_t since_ms) {
	const struct cache_fetch *kept = entry ? entry->kept : NULL;
	const struct cache_fetch *failure = entry ? entry->failure : NULL;
	const struct cache_fetch *served = cache->serving_forgotten ? NULL : cache->serving;

	if (kept && now_ms >= kept->expires_ms && kept->fetched_ms < since_ms)
		kept = NULL;
	if (served && strcmp(served->key, key) == 0 && (!kept || kept->fetched_ms <= served->fetched_ms))
		return served;
	if (kept)
		return kept;
	return failure && failure->fetched_ms >= since_ms ? failure : NULL;
}

static struct cache_result result_of(const struct cache_fetch *fetch) {
	return (struct cache_result){
		.code = fetch->code,
		.document = fetch->document,
		.fetched_ms = fetch->fetched_ms,
		.expires_ms = fetch->detached ? fetch->fetched_ms : fetch->expires_ms,
	};
}

bool cache_peek(struct cache *cache, const char *key, int64_t now_ms, int64_t since_ms, struct cache_result *ret) {
	struct cache_entry *entry = entry_find(cache, key);
	const struct cache_fetch *found = result_find(cache, entry, key, now_ms, since_ms);

	if (!found) {
		cache->stats.misses++;
		cache->stats.expired += entry && entry->kept;
		return false;
	}
	cache->stats.hits++;
	if (entry && entry != cache->lru_newest && (entry->kept || entry->failure)) {
		lru_unlink(cache, entry);
		lru_link(cache, entry);
	}
	*ret = result_of(found);
	return true;
}

bool cache_peek_expired(struct cache *cache, const char *key, int64_t since_ms, struct cache_result *ret) {
	const struct cache_entry *entry = entry_find(cache, key);
	const struct cache_fetch *kept = entry ? entry->kept : NULL;

	if (!kept || kept->code || kept->expires_ms <= since_ms)
		return false;
	*ret = result_of(kept);
	return true;
}

static void waiter_add(struct cache_fetch *fetch, struct cache_waiter *waiter) {
	waiter->fetch = fetch;
	waiter->next = NULL;
	waiter->prev = fetch->waiters_last;
	*(fetch->waiters_last ? &fetch->waiters_last->next : &fetch->waiters) = waiter;
	fetch->waiters_last = waiter;
}

int cache_wait(struct cache *cache, const char *key, int64_t now_ms, struct cache_waiter *waiter) {
	struct cache_entry *entry = entry_find(cache, key);
	struct cache_fetch *fetch;

	cache_leave(cache, waiter);
	if (entry && entry->fetch) {
		cache->stats.joined++;
		waiter_add(entry->fetch, waiter);
		return 0;
	}
	fetch = calloc(1, sizeof(*fetch));
	if (!fetch)
		return -ENOMEM;
	fetch->key = strdup(key);
	if (fetch->key && !entry)
		entry = entry_new(cache, key);
	if (!fetch->key || !entry) {
		free(fetch->key);
		free(fetch);
		return -ENOMEM;
	}
	fetch->holders = 1;
	fetch->fetched_ms = now_ms;
	fetch->entry = entry;
	entry->fetch = fetch;
	fetch->all_next = cache->all;
	if (cache->all)
		cache->all->all_prev = fetch;
	cache->all = fetch;
	cache->stats.fetches++;
	cache->stats.fetching++;
	waiter_add(fetch, waiter);
	cache->ops.fetch(cache->ops.user, fetch->key, fetch);
	return 0;
}

bool cache_fetching(struct cache *cache, const char *key, int64_t *ret_since_ms) {
	const struct cache_entry *entry = entry_find(cache, key);

	if (!entry || !entry->fetch)
		return false;
	*ret_since_ms = entry->fetch->fetched_ms;
	return true;
}

void cache_leave(struct cache *cache, struct cache_waiter *waiter) {
	struct cache_fetch *fetch = waiter->fetch;

	(void)cache;
	if (!fetch)
		return;
	*(waiter->prev ? &waiter->prev->next : &fetch->waiters) = waiter->next;
	*(waiter->next ? &waiter->next->prev : &fetch->waiters_last) = waiter->prev;
	waiter->next = waiter->prev = NULL;
	waiter->fetch = NULL;
}

bool cache_waits(const struct cache_waiter *waiter) {
	return waiter->fetch;
}

const char *cache_fetch_key(const struct cache_fetch *fetch) {
	return fetch->key;
}

void cache_finish(
	struct cache *cache, struct cache_fetch *fetch, int code, void *document, size_t size, int64_t expires_ms) {
	fetch->code = code;
	fetch->document = document;
	fetch->size = size;
	fetch->expires_ms = expires_ms;
	all_unlink(cache, fetch);
	/* The queue takes over what "under way" held. Until it is served, the finished fetch may still be joined. */
	*(cache->queue_last ? &cache->queue_last->queue_next : &cache->queue) = fetch;
	cache->queue_last = fetch;
	if (fetch->entry)
		entry_store(cache, fetch->entry, fetch);
}

static void fetch_serve(struct cache *cache, struct cache_fetch *fetch) {
	struct cache_entry *entry = fetch->entry;
	struct cache_waiter *waiter;

	/* Who waits from here on, perhaps again from within `done`, gets a new fetch: joining this one could never end.
	 */
	if (entry) {
		fetch->entry = NULL;
		entry->fetch = NULL;
		if (!entry->kept && !entry->failure)
			entry_clear(cache, entry);
	}
	while ((waiter = waiter_pop(fetch))) {
		struct cache_result result = result_of(fetch);

		cache->serving = fetch;
		cache->serving_forgotten = false;
		waiter->done(waiter, &result);
	}
	cache->serving = NULL;
	fetch_release(cache, fetch);
}

bool cache_run(struct cache *cache) {
	const struct cache_fetch *last = cache->queue_last;
	struct cache_fetch *fetch;
	bool served = false;

	if (cache->serving)
		return false;
	/* What is finished meanwhile waits for the next call, so that one call ends. */
	while ((fetch = cache->queue)) {
		bool is_last = fetch == last;

		cache->queue = fetch->queue_next;
		if (!cache->queue)
			cache->queue_last = NULL;
		fetch_serve(cache, fetch);
		served = true;
		if (is_last)
			break;
	}
	return served;
}

void serving_forget(struct cache *cache) {
	cache->serving->detached = true;
	cache->serving_forgotten = true;
}

void cache_forget(struct cache *cache, const char *key) {
	struct cache_entry *entry = entry_find(cache, key);

	if (cache->serving && strcmp(cache->serving->key, key) == 0)
		serving_forget(cache);
	if (entry)
		entry_forget(cache, entry);
}

void cache_expire(struct cache *cache, const char *key, int64_t now_ms) {
	const struct cache_entry *entry = entry_find(cache, key);
	struct cache_fetch *kept = entry ? entry->kept : NULL;

	if (kept && kept->expires_ms > now_ms)
		kept->expires_ms = now_ms;
}

void cache_stats(const struct cache *cache, struct cache_stats *ret) {
	*ret = cache->stats;
}
