/*
 * What the files of the store share: store.c answers demands and forgets, store_fetch.c gets documents. Private to
 * them.
 */
#ifndef NEEVFS_FS_STORE_OWN_H
#define NEEVFS_FS_STORE_OWN_H

#include "../api/api.h"
#include "store.h"

/* What the cache keeps: exactly one of list, body and reason. */
struct document {
	const struct list *list; /* held */
	bool elsewhere;          /* it is from the service that is asked after a 404 */
	char *body;
	struct json root;
	struct error *reason;
};

/* What is on its way through the API, linked so that it can be released when the mount ends before its answer came. */
struct trip {
	struct trip *next, *prev;
	void (*release)(struct trip *trip);
};

struct journey;

struct store {
	struct cache *cache;
	struct api *api;
	struct store_config config;
	struct configured *configured;
	int64_t now_ms;
	int64_t forgot_ms;                  /* when something was forgotten the last time */
	const struct demand *asker;         /* makes the cache fetch something just now; lent for that */
	struct trip trips;                  /* ring */
	struct journey *makes, *makes_last; /* whose lists are being made; each has a turn after the other */
	struct graveyard graveyard;
};

void trip_begin(struct store *store, struct trip *trip, void (*release)(struct trip *trip));
void trip_end(struct trip *trip); /* also releases it */

/* What a request for `asker` is put down to; cause_end() is due. */
void store_cause(const struct demand *asker, const struct kind *kind, enum cause_what what, struct cause *ret);

/* The keys of the cache: what, kind, path. */
enum { KEY_LIST = 'L', KEY_ITEM = 'I', KEY_METRICS = 'M', KEY_NOTIFICATIONS = 'N', KEY_PROBE = 'P' };
static const char key_types[DOCS] = {[DOC_LIST] = KEY_LIST,
	[DOC_ITEM] = KEY_ITEM,
	[DOC_METRICS] = KEY_METRICS,
	[DOC_NOTIFICATIONS] = KEY_NOTIFICATIONS};

/* The cache's, for these keys; `user` is the store. */
void store_fetch(void *user, const char *key, struct cache_fetch *fetch);
void store_release(void *user, void *document);

#endif
