#include "process.h"
#include "store_own.h"

#include "../api/scope.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { OPTIONAL_SHARE = 4 /* of the deadline */ };

static int key_make(
	const struct kind *kind, char type, const char *path, const struct scope *scope, struct buffer *ret) {
	size_t number = (size_t)(kind - kinds);
	const char head[] = {type, (char)('0' + number / 10), (char)('0' + number % 10)};
	buffer_append(ret, head, sizeof head);
	return store_path(path, scope, ret);
}

int store_new(const struct store_config *config, struct api *api, struct store **ret, struct error *err) {
	struct store *store = calloc(1, sizeof *store);
	if (!store)
		return error_set(err, ENOMEM, "no memory for the cache");
	store->trips.next = store->trips.prev = &store->trips;
	store->api = api;
	store->forgot_ms = INT64_MIN / 2; /* long ago, whatever is added */
	store->config = *config;
	store->config.orgs = NULL; /* lent for this call only */
	store->config.projects = NULL;
	struct cache_ops ops = {.fetch = store_fetch, .release = store_release, .user = store};
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
	graveyard_clear(&store->graveyard, SIZE_MAX);
	configured_free(store->configured);
	free(store);
}

void store_tick(struct store *store, int64_t now_ms) {
	store->now_ms = now_ms;
}

bool store_run(struct store *store) {
	return cache_run(store->cache);
}

void store_state(const struct store *store, struct store_state *ret) {
	cache_stats(store->cache, &ret->cache);
	ret->cache_bytes = store->config.cache_bytes;
	api_state(store->api, &ret->api);
}

void store_cause(const struct demand *asker, const struct kind *kind, enum cause_what what, struct cause *ret) {
	*ret = (struct cause){.kind = kind, .what = what};
	if (asker->who)
		asker->who(asker, ret);
	process_command(ret->pid, ret->command);
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

/* Waits for the document; -ETIMEDOUT if it does not. */
static int store_wait(struct store *store, const char *key, struct demand *demand) {
	int64_t since_ms, patience_ms = store->config.deadline_ms / OPTIONAL_SHARE;
	bool optional = demand->optional && demand->looks;
	if (demand->peeks)
		return -EAGAIN;
	if (!optional || !cache_fetching(store->cache, key, &since_ms))
		since_ms = store->now_ms;
	if (optional && store->now_ms - since_ms >= patience_ms)
		return -ETIMEDOUT;
	demand->waiter.done = demand_done;
	store->asker = demand;
	int rc = cache_wait(store->cache, key, store->now_ms, &demand->waiter);
	store->asker = NULL;
	if (rc) {
		error_set(&demand->error, -rc, "no memory for a request");
		return rc;
	}
	if (optional && (!demand->without_ms || since_ms + patience_ms < demand->without_ms))
		demand->without_ms = since_ms + patience_ms;
	return DEMAND_PARKED;
}

static int store_get(struct store *store, const struct kind *kind, char type, const char *path,
	const struct scope *scope, struct demand *demand, const struct document **ret) {
	SCOPED(buffer_free) struct buffer key = {0};
	int rc = key_make(kind, type, path, scope, &key);
	if (rc) {
		error_set(&demand->error, -rc, "no memory for a request");
		return rc;
	}
	demand->astray = false;
	const char *why = "no memory for the API's answer";
	struct cache_result result = {.fetched_ms = store->now_ms, .expires_ms = store->now_ms}, old;
	if (!cache_peek(store->cache, key.data, store->now_ms, demand->since_ms, &result)) {
		rc = store_wait(store, key.data, demand);
		if (rc != -ETIMEDOUT)
			return rc;
		result.code = ETIMEDOUT;
		why = "no answer as yet";
	}
	if (demand->looks && is_silent(result.code) &&
		cache_peek_expired(store->cache, key.data, store->now_ms - store->config.stale_ms, &old))
		result = old;
	const struct document *document = result.document;
	demand->fetched_ms = result.fetched_ms;
	demand->elsewhere = document && document->elsewhere;
	if (result.expires_ms < demand->until_ms)
		demand->until_ms = result.expires_ms;
	rc = -result.code;
	if (rc) {
		if (document && document->reason)
			demand->error = *document->reason;
		else
			error_set(&demand->error, -rc, "%s", why);
		return rc;
	}
	*ret = document;
	return 0;
}

/* What a 404 means where a user has named the organisation and the project. */
static void error_astray(struct demand *demand) {
	struct error told;
	error_set(&told, ENOENT, "%s; check the options org= and project=, which name what this is asked of",
		demand->error.message);
	memcpy(demand->error.message, told.message, sizeof told.message);
	demand->astray = true;
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
	else if (rc == -ENOENT && configured_names(store->configured, scope))
		error_astray(demand);
	return rc;
}

int store_optional(struct store *store, const struct kind *kind, const struct scope *scope, struct demand *demand,
	const struct list **ret) {
	demand->optional = true;
	int rc = store_list(store, kind, scope, demand, ret);
	demand->optional = false;
	return rc;
}

int store_query(struct store *store, const struct kind *kind, const struct scope *scope, const char *query,
	struct demand *demand, const struct list **ret) {
	SCOPED(buffer_free) struct buffer path = {0};
	const struct document *document;
	buffer_printf(&path, "%s?%s", kind->docs[DOC_LIST].path, query);
	if (path.error)
		return error_set(&demand->error, ENOMEM, "no memory for a request");
	int rc = store_get(store, kind, KEY_LIST, path.data, scope, demand, &document);
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

int demand_work(struct demand *demand) {
	demand->works = !demand->peeks;
	return demand->works ? DEMAND_PARKED : -EAGAIN;
}

bool demand_waits(const struct demand *demand) {
	return cache_waits(&demand->waiter);
}

void store_leave(struct store *store, struct demand *demand) {
	cache_leave(store->cache, &demand->waiter);
}

void store_renew(struct store *store, const struct kind *kind, enum doc doc, const struct scope *scope) {
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

void store_expire_list(struct store *store, const struct kind *kind, const struct scope *scope) {
	SCOPED(buffer_free) struct buffer key = {0};
	int rc = key_make(kind, KEY_LIST, kind->docs[DOC_LIST].path, scope, &key);
	if (rc == -ENOMEM)
		store_forget_all(store);
	else if (!rc)
		cache_expire(store->cache, key.data, store->now_ms);
}

static void store_forget(struct store *store, const struct kind *kind, enum doc doc, const struct scope *scope) {
	store->forgot_ms = store->now_ms;
	store_renew(store, kind, doc, scope);
}

void store_forget_list(struct store *store, const struct kind *kind, const struct scope *scope) {
	store_forget(store, kind, DOC_LIST, scope);
	if (kind->filters)
		store_forget_lists(store, kind);
}

void store_forget_resource(struct store *store, const struct kind *kind, const struct scope *scope) {
	for (enum doc doc = DOC_ITEM; doc < DOCS; doc++)
		store_forget(store, kind, doc, scope);
}

void store_forget_below(struct store *store, const struct kind *kind, const struct scope *scope) {
	store->forgot_ms = store->now_ms;
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
	store->forgot_ms = store->now_ms;
	cache_forget_prefix(store->cache, prefix);
}

void store_forget_all(struct store *store) {
	store->forgot_ms = store->now_ms;
	cache_forget_prefix(store->cache, "");
}

/* ---- changes ---- */

struct errand {
	struct trip trip; /* first */
	struct store *store;
	const struct kind *kind;
	struct scope scope; /* of copies */
	bool listed;        /* it changes what the list says */
	api_done *done;
	void *user;
	struct cause cause;
};

static void errand_release(struct trip *trip) {
	struct errand *errand = (struct errand *)trip;
	cause_end(&errand->cause);
	scope_end(&errand->scope);
	free(errand);
}

static void errand_done(void *user, const struct api_response *response) {
	struct errand *errand = user;
	/* Also after a failure: it may have been carried out. But a refusal of the token or for a while says nothing of
	 * the resource, whose .error is looked for next, while nothing can be fetched. */
	if (response->sent && response->status != 401 && response->status != 429) {
		if (errand->listed)
			store_forget_list(errand->store, errand->kind, &errand->scope);
		store_forget_resource(errand->store, errand->kind, &errand->scope);
	}
	errand->done(errand->user, response);
	trip_end(&errand->trip);
}

/* What is changed: the table has one path for each. */
static enum cause_what change_what(const struct kind *kind, enum api_method method, const char *path) {
	if (method == API_DELETE)
		return CAUSE_DELETE;
	if (method == API_PUT)
		return CAUSE_SCALE;
	return path == kind->docs[DOC_LIST].path ? CAUSE_CREATE : CAUSE_NOTIFY;
}

int store_change(struct store *store, const struct kind *kind, enum api_service service, enum api_method method,
	const char *path, const struct scope *scope, const struct buffer *body, unsigned timeout_ms,
	const struct demand *asker, api_done *done, void *user) {
	SCOPED(buffer_free) struct buffer filled = {0};
	int rc = store_path(path, scope, &filled);
	struct errand *errand = rc ? NULL : calloc(1, sizeof *errand);
	if (!errand)
		return rc ? rc : -ENOMEM;
	*errand = (struct errand){.store = store, .kind = kind, .done = done, .user = user};
	errand->listed = path != kind->docs[DOC_NOTIFICATIONS].path;
	trip_begin(store, &errand->trip, errand_release);
	rc = scope_copy(scope, scope->count, &errand->scope);
	if (rc) {
		trip_end(&errand->trip);
		return rc;
	}
	store_cause(asker, kind, change_what(kind, method, path), &errand->cause);
	struct api_request request = {.service = service,
		.method = method,
		.tag = &errand->cause,
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
