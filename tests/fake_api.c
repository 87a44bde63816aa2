#include "fake_api.h"

#include "alloc.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct api {
	struct api_call *first, **last;
	struct api_observer observer;
	struct api_state state;
};

static long lent; /* see fake_api_lent() */

static void *zeroed(size_t size) {
	void *block = alloc_test_realloc(NULL, size);

	assert_non_null(block);
	return memset(block, 0, size);
}

struct api *fake_api_new(void) {
	struct api *api = zeroed(sizeof(*api));

	api->last = &api->first;
	return api;
}

void fake_api_free(struct api *api) {
	struct api_call *call;

	if (!api)
		return;
	while ((call = api->first)) {
		api->first = call->next;
		alloc_test_free(call->path);
		alloc_test_free(call->body);
		alloc_test_free(call);
	}
	alloc_test_free(api);
}

void fake_api_observe(struct api *api, struct api_observer observer) {
	api->observer = observer;
}

struct api_state *fake_api_state(struct api *api) {
	return &api->state;
}

static struct api_call *call_new(struct api *api, enum api_service service, enum api_method method, const char *path,
	unsigned timeout_ms, void *user) {
	struct api_call *call = zeroed(sizeof(*call));

	call->api = api;
	call->service = service;
	call->method = method;
	call->path = alloc_test_strdup(path);
	call->timeout_ms = timeout_ms;
	call->user = user;
	*api->last = call;
	api->last = &call->next;
	return call;
}

/* ---- what api.h offers ---- */

void api_state(const struct api *api, struct api_state *ret) {
	*ret = api->state;
}

/* The real one copies the request, and fails when it cannot. */
static bool memory_left(void) {
	char *volatile block = malloc(1); /* volatile: the pair is not to be optimised away */

	free(block);
	return block != NULL;
}

int api_send(struct api *api, const struct api_request *request, api_done *done, void *user, struct api_call **ret) {
	struct api_call *call;

	if (!memory_left())
		return -ENOMEM;
	call = call_new(api, request->service, request->method, request->path, request->timeout_ms, user);
	call->done = done;
	call->urgent = request->urgent;
	call->caller = request->caller;
	call->max_age_s = request->max_age_s;
	call->tag = request->tag;
	assert_true(request->timeout_ms > 0);
	if (request->body) {
		call->body = zeroed(request->body_len + 1);
		memcpy(call->body, request->body, request->body_len);
		call->body_len = request->body_len;
	}
	*ret = call;
	return 0;
}

int api_list(struct api *api, const struct api_request *what, bool paged, const struct api_pages *before,
	api_list_done *done, void *user, struct api_call **ret) {
	struct api_call *call;

	if (!memory_left())
		return -ENOMEM;
	call = call_new(api, what->service, API_GET, what->path, what->timeout_ms, user);
	call->urgent = what->urgent;
	call->caller = what->caller;
	call->max_age_s = what->max_age_s;
	call->tag = what->tag;
	call->list = true;
	call->paged = paged;
	call->before = before;
	call->list_done = done;
	*ret = call;
	return 0;
}

void api_cancel(struct api_call *call) {
	assert_false(call->over);
	assert_int_equal(call->method, API_GET); /* a change that was sent is not abandoned */
	call->over = true;
}

/* ---- the test's side ---- */

static bool call_is(const struct api_call *call, enum api_method method, const char *path) {
	return call->method == method && (!path || strcmp(call->path, path) == 0);
}

size_t fake_api_count(const struct api *api, enum api_method method, const char *path) {
	size_t count = 0;

	for (const struct api_call *call = api->first; call; call = call->next)
		count += call_is(call, method, path);
	return count;
}

size_t fake_api_total(const struct api *api) {
	size_t count = 0;

	for (const struct api_call *call = api->first; call; call = call->next)
		count++;
	return count;
}

size_t fake_api_waiting(const struct api *api) {
	size_t count = 0;

	for (const struct api_call *call = api->first; call; call = call->next)
		count += !call->over;
	return count;
}

struct api_call *fake_api_first(const struct api *api) {
	return api->first;
}

struct api_call *fake_api_find(const struct api *api, enum api_method method, const char *path) {
	for (struct api_call *call = api->first; call; call = call->next)
		if (!call->over && call_is(call, method, path))
			return call;
	return NULL;
}

struct api_call *fake_api_last(const struct api *api, enum api_method method, const char *path) {
	struct api_call *last = NULL;

	for (struct api_call *call = api->first; call; call = call->next)
		if (call_is(call, method, path))
			last = call;
	return last;
}

static void call_end(struct api_call *call, int status, int code) {
	assert_non_null(call);
	assert_false(call->over); /* an answer comes once */
	call->over = true;
	const struct api_exchange exchange = {.service = call->service,
		.method = call->method,
		.path = call->path,
		.tag = call->tag,
		.attempt = 1,
		.code = code,
		.status = status,
		.ms = 7,
		.received = 100,
		.sent = 50,
		.request_id = status ? "req-\t1" : ""};
	if (call->api->observer.exchange)
		call->api->observer.exchange(call->api->observer.user, &exchange);
}

static void call_refuse(struct api_call *call, int status, const struct error *err, bool sent) {
	struct api_response response = {.code = err->code,
		.error = *err,
		.sent = sent,
		.status = status,
		.retry_after_ms = call->retry_after_ms};

	if (call->list)
		call->list_done(call->user, err->code, err, NULL);
	else
		call->done(call->user, &response);
}

static enum verdict call_verdict(const struct api_call *call, bool unknown) {
	if (call->method == API_GET)
		return VERDICT_NONE;
	return unknown ? VERDICT_UNKNOWN : VERDICT_NOT_DONE;
}

void fake_api_fail(struct api_call *call, int code, bool sent) {
	struct error err;

	call_end(call, 0, code);
	error_set(&err, code, "the test lets it fail");
	err.verdict = call_verdict(call, sent);
	call_refuse(call, 0, &err, sent);
}

void fake_api_garble(struct api_call *call, int status) {
	struct error err;

	call_end(call, status, 0);
	error_set(&err, EREMOTEIO, "unusable answer: no JSON");
	err.http_status = status;
	err.verdict = call_verdict(call, true);
	call_refuse(call, status, &err, true);
}

static void call_no_memory(struct api_call *call, int status) {
	struct error err;

	error_set(&err, ENOMEM, "no memory for the answer");
	err.verdict = call_verdict(call, true);
	call_refuse(call, status, &err, true);
}

long fake_api_lent(void) {
	return lent;
}

/* NULL if reading it needs memory that there is not. */
static struct api_page *page_new(const char *text) {
	size_t len = strlen(text);
	char *body = alloc_test_strdup(text);
	struct api_page *page;
	struct json root;
	enum json_verdict verdict = json_scan_answer(body, len, &root, NULL);

	if (verdict == JSON_NO_MEMORY) {
		alloc_test_free(body);
		return NULL;
	}
	assert_int_equal(verdict, JSON_OK);
	page = zeroed(sizeof(*page));
	*page = (struct api_page){
		.body = body, .body_len = len, .root = root, .items = api_page_items(root), .holders = 1};
	for (struct json_iter iter = json_iter(page->items); json_next(&iter);)
		page->count++;
	return page;
}

/* Those that are the call's own: lent to who takes them, and counted when he frees them. */
static long pages_own(const struct api_call *call, const struct api_pages *pages) {
	long own = 0;

	for (size_t i = 0; i < pages->count; i++)
		own += !call->before || i >= call->before->count || pages->pages[i] != call->before->pages[i];
	return own;
}

static void pages_take_back(const struct api_call *call, struct api_pages *pages) {
	for (size_t i = 0; i < pages->count; i++)
		if (call->before && i < call->before->count && pages->pages[i] == call->before->pages[i]) {
			pages->pages[i]->holders--;
		} else {
			alloc_test_free(pages->pages[i]->body);
			alloc_test_free(pages->pages[i]);
		}
	alloc_test_free(pages->pages);
	alloc_test_free(pages);
}

void fake_api_pages(struct api_call *call, const char *const *bodies, size_t count) {
	struct api_pages *pages = zeroed(sizeof(*pages));

	call_end(call, 200, 0);
	assert_true(call->list);
	pages->pages = zeroed(count * sizeof(struct api_page *));
	for (; pages->count < count; pages->count++) {
		const char *body = bodies[pages->count];
		bool there = call->before && pages->count < call->before->count;
		struct api_page *before = there ? call->before->pages[pages->count] : NULL;
		struct api_page *page =
			before && api_page_is(before, body, strlen(body)) ? api_page_hold(before) : page_new(body);

		if (!page) {
			pages_take_back(call, pages);
			call_no_memory(call, 200);
			return;
		}
		pages->pages[pages->count] = page;
	}
	pages->age_s = call->age_s;
	pages->apart_s = call->apart_s;
	lent += 2 + 2 * pages_own(call, pages);
	call->list_done(call->user, 0, NULL, pages);
}

void fake_api_answer(struct api_call *call, int status, const char *body) {
	struct api_response response = {.status = status, .sent = true, .body = body ? body : ""};
	struct error err;

	assert_non_null(call);
	response.age_s = call->age_s;
	if (api_status_errno(status)) {
		call_end(call, status, 0);
		error_set(&err, api_status_errno(status), "the API answered %d", status);
		err.http_status = status;
		/* as answer.c has it */
		err.verdict = call_verdict(call, status < 400 || status > 499 || status == 408 || status == 499);
		call_refuse(call, status, &err, true);
		return;
	}
	if (call->list) {
		fake_api_pages(call, &response.body, 1);
		return;
	}
	call_end(call, status, 0);
	response.body_len = strlen(response.body);
	if (response.body_len) {
		enum json_verdict verdict = json_scan_answer(response.body, response.body_len, &response.root, NULL);

		if (verdict == JSON_NO_MEMORY) {
			call_no_memory(call, status);
			return;
		}
		assert_int_equal(verdict, JSON_OK);
	}
	call->done(call->user, &response);
}
