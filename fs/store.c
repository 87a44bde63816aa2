#include "store.h"

#include "../api/scope.h"
#include "../api/url.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { NOT_FOUND_MS = 2000 /* how long a 404 is believed */ };

/* What the cache keeps: exactly one of the three. */
struct document {
	struct list *list;
	char *body;
	struct json root;
	struct error *reason;
};

/* What is on its way through the API, linked so that it can be released when the mount ends before its answer came. */
struct trip {
	struct trip *next, *prev;
	void (*release)(struct trip *trip);
};

struct store {
	struct cache *cache;
	struct api *api;
	struct store_config config;
	struct configured *configured;
	int64_t now_ms;
	bool urgent;       /* whoever makes the cache fetch something just now */
	struct trip trips; /* ring */
};

/* A fetch on its way. */
struct journey {
	struct trip trip; /* first */
	struct store *store;
	struct cache_fetch *fetch;
	const struct kind *kind;
	enum doc doc;
	bool probe, again, urgent;
	int64_t began_ms;
	char path[];
};

/* ---- keys: what, kind, path ---- */

enum { KEY_LIST = 'L', KEY_ITEM = 'I', KEY_METRICS = 'M', KEY_PROBE = 'P' };
static const char key_types[DOCS] = {[DOC_LIST] = KEY_LIST, [DOC_ITEM] = KEY_ITEM, [DOC_METRICS] = KEY_METRICS};

int store_path(const char *path, const struct scope *scope, struct buffer *out) {
	unsigned used = 0;
	for (const char *at = path;;) {
		const char *place = strstr(at, "{}");
		if (!place)
			buffer_add(out, at);
		if (!place)
			return out->error;
		if (used == scope->count)
			return -EINVAL;
		buffer_append(out, at, (size_t)(place - at));
		url_add_segment(out, scope->ids[used++]);
		at = place + 2;
	}
}

int store_path_read(const char *path, const char *filled, char *ret_ids[static SCOPE_MAX], struct scope *ret) {
	struct scope scope = {0};
	const char *at = filled;
	int rc = 0;
	for (; *path && !rc; path++) {
		size_t len = path[0] == '{' ? strcspn(at, "/?") : 1;
		if (path[0] != '{') {
			rc = *at == *path ? 0 : -ENOENT;
		} else if (!(ret_ids[scope.count] = url_segment_dup(at, len))) {
			rc = -ENOMEM;
		} else {
			scope.ids[scope.count] = ret_ids[scope.count];
			scope.count++;
			path++;
		}
		at += rc ? 0 : len;
	}
	if (!rc && *at)
		rc = -ENOENT;
	for (unsigned i = 0; rc && i < scope.count; i++)
		free(take_pointer(ret_ids[i]));
	if (!rc)
		*ret = scope;
	return rc;
}

static int key_make(
	const struct kind *kind, char type, const char *path, const struct scope *scope, struct buffer *ret) {
	size_t number = (size_t)(kind - kinds);
	const char head[] = {type, (char)('0' + number / 10), (char)('0' + number % 10)};
	buffer_append(ret, head, sizeof head);
	return store_path(path, scope, ret);
}

/* ---- documents ---- */

static void document_free(void *user, void *pointer) {
	(void)user;
	struct document *document = pointer;
	if (!document)
		return;
	list_release(document->list);
	free(document->body);
	free(document->reason);
	free(document);
}

static void trip_begin(struct store *store, struct trip *trip, void (*release)(struct trip *trip)) {
	*trip = (struct trip){.next = &store->trips, .prev = store->trips.prev, .release = release};
	trip->next->prev = trip->prev->next = trip;
}

static void trip_end(struct trip *trip) {
	trip->next->prev = trip->prev;
	trip->prev->next = trip->next;
	trip->release(trip);
}

static void journey_release(struct trip *trip) {
	free(trip);
}

static void journey_end(struct journey *journey, struct document *document, size_t bytes, unsigned ttl_ms) {
	/* A TTL of 0 means: for those who waited only. They find it by the time its fetch began. */
	cache_finish(journey->store->cache, journey->fetch, 0, document, bytes, journey->began_ms + ttl_ms);
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

static void journey_pages(void *user, int code, const struct error *err, struct api_pages *pages) {
	struct journey *journey = user;
	if (journey_detour(journey, code))
		return;
	if (code) {
		journey_fail(journey, code, err);
		return;
	}
	struct error reason;
	struct document *document = calloc(1, sizeof *document);
	if (!document) {
		api_pages_free(pages);
		journey_no_memory(journey);
		return;
	}
	int rc = list_new(journey->kind, pages, &document->list, &reason);
	if (rc) {
		free(document);
		journey_fail(journey, -rc, &reason);
		return;
	}
	const struct store_config *config = &journey->store->config;
	unsigned ttl_ms = config->ttl_ms[journey->kind->docs[DOC_LIST].ttl];
	if (document->list->moving && config->moving_ms < ttl_ms)
		ttl_ms = config->moving_ms;
	journey_end(journey, document, sizeof *document + document->list->bytes, ttl_ms);
}

/* An answer about a resource is an object, and does not say that it is another one: where answers and requests got out
 * of step, nothing else would tell. */
static bool document_fits(const struct journey *journey, struct json root) {
	SCOPED(buffer_free) struct buffer id = {0}, segment = {0};
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
	struct document *document = calloc(1, sizeof *document);
	if (!document) {
		journey_no_memory(journey);
		return;
	}
	size_t len = journey->probe ? 0 : response->body_len; /* of a probe only the fact is kept */
	document->body = strndup(len ? response->body : "", len);
	if (!document->body || (len && json_scan_answer(document->body, len, &document->root, NULL) != JSON_OK)) {
		document_free(NULL, document);
		journey_no_memory(journey);
		return;
	}
	const struct store_config *config = &journey->store->config;
	unsigned ttl_ms = config->ttl_ms[journey->kind->docs[journey->doc].ttl];
	if (kind_moving(journey->kind, document->root) && config->moving_ms < ttl_ms)
		ttl_ms = config->moving_ms;
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
		.urgent = journey->urgent};
	if (journey->doc == DOC_LIST && !journey->probe)
		return api_list(store->api, &request, kind->paged, journey_pages, journey, &call);
	return api_send(store->api, &request, journey_answer, journey, &call);
}

static void store_fetch(void *user, const char *key, struct cache_fetch *fetch) {
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
		.urgent = store->urgent};
	journey->kind = &kinds[(key[1] - '0') * 10 + key[2] - '0'];
	for (enum doc doc = 0; doc < DOCS; doc++)
		if (key[0] == key_types[doc])
			journey->doc = doc;
	memcpy(journey->path, key + 3, len);
	trip_begin(store, &journey->trip, journey_release);
	if (journey_start(journey))
		journey_no_memory(journey);
}

/* ---- the store ---- */

int store_new(const struct store_config *config, struct api *api, struct store **ret, struct error *err) {
	struct store *store = calloc(1, sizeof *store);
	if (!store)
		return error_set(err, ENOMEM, "no memory for the cache");
	store->trips.next = store->trips.prev = &store->trips;
	store->api = api;
	store->config = *config;
	store->config.orgs = NULL; /* lent for this call only */
	store->config.projects = NULL;
	struct cache_ops ops = {.fetch = store_fetch, .release = document_free, .user = store};
	int rc = cache_new(&ops, config->cache_bytes, &store->cache);
	if (rc)
		error_set(err, -rc, "no memory for the cache");
	else
		rc = configured_new(config->orgs, config->projects, &store->configured, err);
	if (rc) {
		store_free(store);
		return rc;
	}
	*ret = store;
	return 0;
}

void store_free(struct store *store) {
	if (!store)
		return;
	while (store->trips.next != &store->trips)
		trip_end(store->trips.next);
	cache_free(store->cache);
	configured_free(store->configured);
	free(store);
}

void store_tick(struct store *store, int64_t now_ms) {
	store->now_ms = now_ms;
}

bool store_run(struct store *store) {
	return cache_run(store->cache);
}

static void demand_done(struct cache_waiter *waiter, const struct cache_result *result) {
	(void)result; /* the demand asks again and finds it */
	struct demand *demand = (struct demand *)((char *)waiter - offsetof(struct demand, waiter));
	demand->resume(demand);
}

/* Whether the API gave no answer: then an old one may do. */
static bool is_silent(int code) {
	return code == EHOSTUNREACH || code == ETIMEDOUT || code == EREMOTEIO || code == EBUSY;
}

static int store_get(struct store *store, const struct kind *kind, char type, const char *path,
	const struct scope *scope, struct demand *demand, const struct document **ret) {
	SCOPED(buffer_free) struct buffer key = {0};
	int rc = key_make(kind, type, path, scope, &key);
	if (rc)
		return error_set(&demand->error, -rc, "no memory for a request");
	struct cache_result result;
	if (!cache_peek(store->cache, key.data, store->now_ms, demand->since_ms, &result)) {
		if (demand->peeks)
			return -EAGAIN;
		demand->waiter.done = demand_done;
		store->urgent = !demand->looks;
		rc = cache_wait(store->cache, key.data, store->now_ms, &demand->waiter);
		return rc ? error_set(&demand->error, -rc, "no memory for a request") : DEMAND_PARKED;
	}
	struct cache_result old;
	if (demand->looks && is_silent(result.code) &&
		cache_peek_expired(store->cache, key.data, store->now_ms - store->config.stale_ms, &old))
		result = old;
	const struct document *document = result.document;
	demand->fetched_ms = result.fetched_ms;
	if (result.expires_ms < demand->until_ms)
		demand->until_ms = result.expires_ms;
	if (result.code) {
		if (document && document->reason)
			demand->error = *document->reason;
		else
			error_set(&demand->error, result.code, "no memory for the API's answer");
		return -result.code;
	}
	*ret = document;
	return 0;
}

int store_list(struct store *store, const struct kind *kind, const struct scope *scope, struct demand *demand,
	const struct list **ret) {
	const struct list *configured = configured_list(store->configured, kind, scope);
	if (configured) {
		*ret = configured;
		return 0;
	}
	const struct document *document;
	int rc = store_get(store, kind, KEY_LIST, kind->docs[DOC_LIST].path, scope, demand, &document);
	if (!rc)
		*ret = document->list;
	return rc;
}

int store_document(struct store *store, const struct kind *kind, enum doc doc, const struct scope *scope,
	struct demand *demand, struct json *ret) {
	const struct document *document;
	int rc = store_get(store, kind, key_types[doc], kind->docs[doc].path, scope, demand, &document);
	if (!rc)
		*ret = document->root;
	return rc;
}

int store_probe(struct store *store, const struct kind *kind, const struct scope *scope, struct demand *demand) {
	const struct document *document;
	return store_get(store, kind, KEY_PROBE, kind->probe, scope, demand, &document);
}

const struct list *store_peek_list(struct store *store, const struct kind *kind, const struct scope *scope) {
	const struct list *configured = configured_list(store->configured, kind, scope);
	SCOPED(buffer_free) struct buffer key = {0};
	struct cache_result result;
	if (configured || key_make(kind, KEY_LIST, kind->docs[DOC_LIST].path, scope, &key) ||
		!cache_peek(store->cache, key.data, store->now_ms, INT64_MAX, &result) || result.code)
		return configured;
	return ((const struct document *)result.document)->list;
}

void store_leave(struct store *store, struct demand *demand) {
	cache_leave(store->cache, &demand->waiter);
}

static void store_forget(struct store *store, const struct kind *kind, enum doc doc, const struct scope *scope) {
	SCOPED(buffer_free) struct buffer key = {0};
	if (!kind->docs[doc].path)
		return;
	int rc = key_make(kind, key_types[doc], kind->docs[doc].path, scope, &key);
	/* Without memory for the key all is forgotten: too much is slow, too little would be a lie. */
	if (rc == -ENOMEM)
		store_forget_all(store);
	else if (!rc) /* a create has no id to fill into the item's path, and no item to forget */
		cache_forget(store->cache, key.data);
}

void store_forget_list(struct store *store, const struct kind *kind, const struct scope *scope) {
	store_forget(store, kind, DOC_LIST, scope);
}

void store_forget_resource(struct store *store, const struct kind *kind, const struct scope *scope) {
	store_forget(store, kind, DOC_ITEM, scope);
	store_forget(store, kind, DOC_METRICS, scope);
}

void store_forget_below(struct store *store, const struct kind *kind, const struct scope *scope) {
	for (enum doc doc = DOC_ITEM; doc < DOCS; doc++) {
		SCOPED(buffer_free) struct buffer prefix = {0};
		if (key_make(kind, key_types[doc], kind->docs[DOC_LIST].path, scope, &prefix))
			store_forget_all(store);
		else
			cache_forget_prefix(store->cache, prefix.data);
	}
}

void store_forget_lists(struct store *store, const struct kind *kind) {
	char prefix[8];
	snprintf(prefix, sizeof prefix, "%c%02d", KEY_LIST, (int)(kind - kinds));
	cache_forget_prefix(store->cache, prefix);
}

void store_forget_all(struct store *store) {
	cache_forget_prefix(store->cache, "");
}

/* ---- changes ---- */

struct errand {
	struct trip trip; /* first */
	struct store *store;
	const struct kind *kind;
	struct scope scope; /* of copies */
	char *ids[SCOPE_MAX];
	api_done *done;
	void *user;
};

static void errand_release(struct trip *trip) {
	struct errand *errand = (struct errand *)trip;
	for (unsigned i = 0; i < errand->scope.count; i++)
		free(errand->ids[i]);
	free(errand);
}

static void errand_done(void *user, const struct api_response *response) {
	struct errand *errand = user;
	/* Also after a failure: it may have been carried out. But a refusal of the token or for a while says nothing of
	 * the resource, whose .error is looked for next, while nothing can be fetched. */
	if (response->sent && response->status != 401 && response->status != 429) {
		store_forget_list(errand->store, errand->kind, &errand->scope);
		store_forget_resource(errand->store, errand->kind, &errand->scope);
	}
	errand->done(errand->user, response);
	trip_end(&errand->trip);
}

int store_change(struct store *store, const struct kind *kind, enum api_method method, const char *path,
	const struct scope *scope, const struct buffer *body, unsigned timeout_ms, api_done *done, void *user) {
	SCOPED(buffer_free) struct buffer filled = {0};
	int rc = store_path(path, scope, &filled);
	struct errand *errand = rc ? NULL : calloc(1, sizeof *errand);
	if (!errand)
		return rc ? rc : -ENOMEM;
	*errand = (struct errand){.store = store, .kind = kind, .done = done, .user = user};
	trip_begin(store, &errand->trip, errand_release);
	for (unsigned i = 0; i < scope->count; i++) {
		errand->ids[i] = strdup(scope->ids[i]);
		errand->scope.ids[errand->scope.count++] = errand->ids[i];
		if (!errand->ids[i]) {
			trip_end(&errand->trip);
			return -ENOMEM;
		}
	}
	struct api_request request = {.service = kind->service,
		.method = method,
		.path = filled.data,
		.timeout_ms = timeout_ms,
		.body = body ? body->data : NULL,
		.body_len = body ? body->len : 0};
	struct api_call *call;
	rc = api_send(store->api, &request, errand_done, errand, &call);
	if (rc)
		trip_end(&errand->trip);
	return rc;
}
