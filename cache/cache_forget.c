#include "cache_own.h"

#include <stdlib.h>
#include <string.h>

bool entry_is_marked(const struct cache *cache, const struct cache_entry *entry) {
	if (entry->fetch)
		return false;
	for (size_t i = 0; i < cache->mark_count; i++) {
		const struct cache_mark *mark = &cache->marks[i];

		if (entry->stored < mark->number && strncmp(entry->key, mark->prefix, mark->len) == 0)
			return true;
	}
	return false;
}

/* Detaches a fetch that is of the prefix. */
static void fetch_detach(struct cache *cache, struct cache_fetch *fetch, const char *prefix, size_t len) {
	struct cache_entry *entry = fetch->entry;

	if (!entry || strncmp(entry->key, prefix, len) != 0)
		return;
	entry->fetch = NULL;
	fetch->entry = NULL;
	fetch->detached = true;
	cache->stats.detached++;
	if (!entry->kept && !entry->failure)
		entry_clear(cache, entry);
}

static void cache_unmark(struct cache *cache) {
	while (cache->mark_count)
		free(cache->marks[--cache->mark_count].prefix);
	cache->swept = 0;
}

/* False if there is no memory or no place for it. */
static bool cache_mark(struct cache *cache, const char *prefix) {
	struct cache_mark *mark = cache->marks;

	while (mark < cache->marks + cache->mark_count && strcmp(mark->prefix, prefix) != 0)
		mark++;
	if (mark == cache->marks + CACHE_MARKS_MAX)
		return false;
	if (mark == cache->marks + cache->mark_count) {
		*mark = (struct cache_mark){.len = strlen(prefix), .prefix = strdup(prefix)};
		if (!mark->prefix)
			return false;
		cache->mark_count++;
	}
	mark->number = ++cache->mark_number;
	cache->swept = 0;
	return true;
}

/* Drops what is marked, and what begins with that prefix, if one is given. True if there is more to look through. */
static bool cache_sweep(struct cache *cache, const char *prefix, size_t most) {
	size_t len = prefix ? strlen(prefix) : 0;

	for (; cache->swept < cache->bucket_count; cache->swept++) {
		struct cache_entry *entry = cache->buckets[cache->swept], *next;

		if (!most)
			return true;
		most--;
		for (; entry; entry = next) {
			next = entry->bucket_next;
			most -= most > 0;
			if (entry_is_marked(cache, entry) || (prefix && strncmp(entry->key, prefix, len) == 0))
				entry_clear(cache, entry);
		}
	}
	cache_unmark(cache);
	return false;
}

void cache_forget_prefix(struct cache *cache, const char *prefix) {
	size_t len = strlen(prefix);

	if (cache->serving && strncmp(cache->serving->key, prefix, len) == 0)
		serving_forget(cache);
	for (struct cache_fetch *fetch = cache->all; fetch; fetch = fetch->all_next)
		fetch_detach(cache, fetch, prefix, len);
	for (struct cache_fetch *fetch = cache->queue; fetch; fetch = fetch->queue_next)
		fetch_detach(cache, fetch, prefix, len);
	if (cache->entry_count > CACHE_AT_ONCE && cache_mark(cache, prefix))
		return;
	cache->swept = 0;
	cache_sweep(cache, prefix, SIZE_MAX);
}

bool cache_tidy(struct cache *cache, size_t most) {
	bool more = cache_evict(cache, most);

	return (cache->mark_count && cache_sweep(cache, NULL, most)) || more;
}

bool cache_is_tidy(const struct cache *cache) {
	return !cache->mark_count && cache->stats.bytes <= cache->limit_bytes;
}
