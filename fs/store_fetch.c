#include "process.h"
#include "store_own.h"

#include "../api/scope.h"
#include "../api/url.h"

#include <errno.h>
#include <string.h>

enum {
	NOT_FOUND_MS = 2000,   /* how long a 404 is believed */
	MAKE_WORK = 256 << 10, /* of list_step() in one turn: a millisecond or two, whatever the list holds */
	FREE_BYTES = 2 << 20,  /* of lists that are over, in one turn: the same */
	TIDY_ENTRIES = 1000,   /* of the cache, in one turn: the same */
	APART_S = 2, /* between pages that a cache has kept: what left the one may not have come to the next */
};

/* A fetch on its way. */
struct journey {
	struct trip trip; /* first */
	struct store *store;
	struct cache_fetch *fetch;
	const struct kind *kind;
	enum doc doc;
	bool probe, again, urgent;
	uint64_t caller;
	int64_t began_ms;
	unsigned max_age_s, age_s, apart_s; /* asked for; of the answer (struct api_pages) */
	const struct list *before;          /* what the cache had when it began; held, or NULL */
	bool elsewhere;                     /* `before` is from there */
	struct list *list;                  /* being made */
	struct journey *makes_next;
	struct cause cause;
	char path[];
};

void store_release(void *user, void *pointer) {
	(void)user;
	struct document *document = pointer;
	if (!document)
		return;
	list_release(document->list);
	free(document->body);
	free(document->reason);
	free(document);
}

void trip_begin(struct store *store, struct trip *trip, void (*release)(struct trip *trip)) {
	*trip = (struct trip){.next = &store->trips, .prev = store->trips.prev, .release = release};
	trip->next->prev = trip->prev->next = trip;
}

void trip_end(struct trip *trip) {
	trip->next->prev = trip->prev;
	trip->prev->next = trip->next;
	trip->release(trip);
}

static void journey_release(struct trip *trip) {
	struct journey *journey = (struct journey *)trip;
	list_release(journey->before);
	list_release(journey->list);
	cause_end(&journey->cause);
	free(journey);
}

static void journey_end(struct journey *journey, struct document *document, size_t bytes, unsigned ttl_ms) {
	/* A TTL of 0 means: for those who waited only. They find it by the time its fetch began. */
	int64_t left_ms = ttl_ms - (int64_t)journey->age_s * 1000;
	int64_t expires_ms = journey->began_ms + (left_ms > 0 ? left_ms : 0);
	cache_finish(journey->store->cache, journey->fetch, 0, document, bytes, expires_ms);
	trip_end(&journey->trip);
}

static void journey_fail(struct journey *journey, int code, const struct error *err) {
	struct document *document = calloc(1, sizeof *document);
	struct error *reason = document ? malloc(sizeof *reason) : NULL;
	if (reason) {
		*reason = *err;
		reason->code = code;
		document->reason = reason;
	} else {
		free(document);
		document = NULL;
	}
	int64_t ttl_ms = code == ENOENT ? NOT_FOUND_MS : 0;
	size_t bytes = document ? sizeof *document + sizeof *reason : 0;
	cache_finish(journey->store->cache, journey->fetch, code, document, bytes, journey->began_ms + ttl_ms);
	trip_end(&journey->trip);
}

static void journey_no_memory(struct journey *journey) {
	struct error err;
	error_set(&err, ENOMEM, "no memory for the API's answer");
	journey_fail(journey, ENOMEM, &err);
}

static int journey_start(struct journey *journey);

/* Some deployments have the service's routes elsewhere: one 404 sends the question there, once. */
static bool journey_detour(struct journey *journey, int code) {
	if (code != ENOENT || journey->again || journey->kind->service_else == journey->kind->service)
		return false;
	journey->again = true;
	return journey_start(journey) == 0;
}

static unsigned journey_ttl_ms(const struct journey *journey, bool moving) {
	const struct store_config *config = &journey->store->config;
	unsigned ttl_ms = config->ttl_ms[journey->kind->docs[journey->doc].ttl];
	return moving && config->moving_ms < ttl_ms ? config->moving_ms : ttl_ms;
}

/* How old an answer of an HTTP cache may be that is good for so long: from before something was forgotten it may not
 * be. */
static unsigned store_max_age_s(const struct store *store, unsigned ttl_ms) {
	int64_t since_ms = store->now_ms - store->forgot_ms - STORE_LATE_MS;
	int64_t age_ms = since_ms < ttl_ms ? since_ms : ttl_ms;
	return age_ms > 0 ? (unsigned)(age_ms / 1000) : 0;
}

/* Such a cache does not know what its answers say: one may be too old for that, or be pages of several times. Then it
 * is asked for less, and at last passed by. */
static bool journey_renew(struct journey *journey, unsigned ttl_ms) {
	unsigned good_s = ttl_ms / 1000, asked_s = journey->max_age_s;
	bool together = journey->apart_s <= APART_S;
	if (!asked_s || !journey->age_s || (together && journey->age_s <= good_s && journey->age_s <= asked_s))
		return false;
	journey->max_age_s = together && good_s < asked_s ? good_s : 0;
	return journey_start(journey) == 0;
}

/* The list is there. */
static void journey_listed(struct journey *journey, const struct list *list) {
	unsigned ttl_ms = journey_ttl_ms(journey, list->moving);
	if (list == journey->list) { /* what comes next may have pages in common with it */
		list_release(journey->before);
		journey->before = take_pointer(journey->list);
		journey->elsewhere = journey->again;
	}
	if (journey_renew(journey, ttl_ms))
		return;
	struct document *document = calloc(1, sizeof *document);
	if (!document) {
		journey_no_memory(journey);
		return;
	}
	document->list = list_hold(list);
	document->elsewhere = journey->again;
	journey_end(journey, document, sizeof *document + list->bytes, ttl_ms);
}

static void makes_add(struct store *store, struct journey *journey) {
	journey->makes_next = NULL;
	*(store->makes ? &store->makes_last->makes_next : &store->makes) = journey;
	store->makes_last = journey;
}

static void journey_pages(void *user, int code, const struct error *err, struct api_pages *pages) {
	struct journey *journey = user;
	if (journey_detour(journey, code))
		return;
	if (code) {
		journey_fail(journey, code, err);
		return;
	}
	journey->age_s = pages->age_s;
	journey->apart_s = pages->apart_s;
	if (journey->before && api_pages_same(journey->before->pages, pages)) {
		api_pages_free(pages);
		journey_listed(journey, journey->before);
		return;
	}
	struct error reason;
	int rc = list_begin(journey->kind, pages, &journey->store->graveyard, &journey->list, &reason);
	list_release(take_pointer(journey->before));
	if (rc)
		journey_fail(journey, -rc, &reason);
	else
		makes_add(journey->store, journey);
}

/* Of notifications there is a list, an answer about a resource is an object, and does not say that it is another one:
 * where answers and requests got out of step, nothing else would tell. */
static bool document_fits(const struct journey *journey, struct json root) {
	SCOPED(buffer_free) struct buffer id = {0}, segment = {0};
	if (journey->doc == DOC_NOTIFICATIONS)
		return api_page_items(root).type == JSON_ARRAY;
	struct json own = json_at(root, journey->kind->id);
	if (root.type != JSON_OBJECT || own.type != JSON_STRING || journey->doc != DOC_ITEM)
		return root.type == JSON_OBJECT;
	json_text(own, &id);
	url_add_segment(&segment, id.data ? id.data : "");
	size_t last = strlen(journey->path);
	while (last && !strchr("/=", journey->path[last - 1]))
		last--;
	return id.error || segment.error || !strcmp(journey->path + last, segment.data ? segment.data : "");
}

static void journey_answer(void *user, const struct api_response *response) {
	struct journey *journey = user;
	if (journey_detour(journey, response->code))
		return;
	if (response->code) {
		int code = journey->probe && response->code == EACCES ? ENOENT : response->code;
		journey_fail(journey, code, &response->error);
		return;
	}
	if (!journey->probe && !document_fits(journey, response->root)) {
		struct error err;
		error_set(&err, EREMOTEIO, "unusable answer: it is not about this %s", journey->kind->singular);
		err.http_status = response->status;
		journey_fail(journey, EREMOTEIO, &err);
		return;
	}
	unsigned ttl_ms = journey_ttl_ms(journey, kind_moving(journey->kind, response->root));
	journey->age_s = response->age_s;
	if (journey_renew(journey, ttl_ms))
		return;
	struct document *document = calloc(1, sizeof *document);
	if (!document) {
		journey_no_memory(journey);
		return;
	}
	size_t len = journey->probe ? 0 : response->body_len; /* of a probe only the fact is kept */
	document->elsewhere = journey->again;
	document->body = strndup(len ? response->body : "", len);
	if (!document->body || (len && json_scan_answer(document->body, len, &document->root, NULL) != JSON_OK)) {
		store_release(NULL, document);
		journey_no_memory(journey);
		return;
	}
	journey_end(journey, document, sizeof *document + len, ttl_ms);
}

/* An old answer must come before the time of who waits is over. */
static unsigned store_patience_ms(const struct store *store) {
	unsigned deadline_ms = store->config.deadline_ms;
	return store->config.stale_ms ? deadline_ms - deadline_ms / 8 : deadline_ms;
}

static int journey_start(struct journey *journey) {
	struct store *store = journey->store;
	const struct kind *kind = journey->kind;
	enum api_service service = journey->again ? kind->service_else : journey->probe ? API_GPU : kind->service;
	struct api_call *call;
	struct api_request request = {.service = service,
		.method = API_GET,
		.path = journey->path,
		.timeout_ms = store_patience_ms(store),
		.urgent = journey->urgent,
		.caller = journey->caller,
		.max_age_s = journey->max_age_s,
		.tag = &journey->cause};
	/* Of another service's pages all would be asked for, only to find out that they are not here. */
	bool same = journey->before && journey->elsewhere == journey->again;
	if (journey->doc == DOC_LIST && !journey->probe)
		return api_list(store->api, &request, kind->paged, same ? journey->before->pages : NULL, journey_pages,
			journey, &call);
	return api_send(store->api, &request, journey_answer, journey, &call);
}

/* A session shares the API with the others as one: the processes of a pipeline or of `xargs -P` belong together. */
static uint64_t store_caller(pid_t pid) {
	pid_t session = process_session(pid);
	return session == SESSION_UNKNOWN ? 0 : (uint64_t)session;
}

void store_fetch(void *user, const char *key, struct cache_fetch *fetch) {
	struct store *store = user;
	size_t len = strlen(key + 3) + 1;
	struct journey *journey = malloc(sizeof *journey + len);
	if (!journey) {
		cache_finish(store->cache, fetch, ENOMEM, NULL, 0, 0);
		return;
	}
	*journey = (struct journey){.store = store,
		.fetch = fetch,
		.began_ms = store->now_ms,
		.probe = key[0] == KEY_PROBE,
		.urgent = !store->asker->looks,
		.caller = store_caller(store->asker->pid)};
	journey->kind = &kinds[(key[1] - '0') * 10 + key[2] - '0'];
	for (enum doc doc = 0; doc < DOCS; doc++)
		if (key[0] == key_types[doc])
			journey->doc = doc;
	memcpy(journey->path, key + 3, len);
	store_cause(store->asker, journey->kind, journey->probe ? CAUSE_PROBE : (enum cause_what)journey->doc,
		&journey->cause);
	struct cache_result old;
	if (key[0] == KEY_LIST && cache_peek_expired(store->cache, key, INT64_MIN, &old)) {
		const struct document *document = old.document;
		journey->before = list_hold(document->list);
		journey->elsewhere = document->elsewhere;
	}
	bool moving = journey->before && journey->before->moving;
	journey->max_age_s = store_max_age_s(store, journey_ttl_ms(journey, moving));
	trip_begin(store, &journey->trip, journey_release);
	if (journey_start(journey))
		journey_no_memory(journey);
}

void store_make(struct store *store) {
	for (size_t work = MAKE_WORK; work && store->makes;) {
		struct journey *journey = store->makes;
		struct error err;
		int rc = list_step(journey->list, &work, &err);
		store->makes = journey->makes_next;
		if (rc > 0)
			makes_add(store, journey);
		else if (rc)
			journey_fail(journey, -rc, &err);
		else
			journey_listed(journey, journey->list);
	}
	cache_tidy(store->cache, TIDY_ENTRIES);
	graveyard_clear(&store->graveyard, FREE_BYTES);
}

int store_wait_ms(const struct store *store) {
	return store->makes || store->graveyard.first || !cache_is_tidy(store->cache) ? 0 : -1;
}
