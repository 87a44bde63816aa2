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
	assert_true(request->timeout_ms > 0);
	if (request->body) {
		call->body = zeroed(request->body_len + 1);
		memcpy(call->body, request->body, request->body_len);
		call->body_len = request->body_len;
	}
	*ret = call;
	return 0;
}

int api_list(struct api *api, const struct api_request *what, bool paged, api_list_done *done, void *user,
	struct api_call **ret) {
	struct api_call *call;

	if (!memory_left())
		return -ENOMEM;
	call = call_new(api, what->service, API_GET, what->path, what->timeout_ms, user);
	call->urgent = what->urgent;
	call->list = true;
	call->paged = paged;
	call->list_done = done;
	*ret = call;
	return 0;
}

void api_cancel(struct api_call *call) {
	assert_false(call->over);
	assert_int_equal(call->method, API_GET); /* a change that was sent is not abandoned */
	call->over = true;
}

struct json api_page_items(struct json root) {
	struct json items = json_member(root, "data");

	if (root.type == JSON_ARRAY)
		return root;
	if (items.type != JSON_ARRAY)
		items = json_member(root, "items");
	return items.type == JSON_ARRAY ? items : (struct json){0};
}

void api_pages_free(struct api_pages *pages) {
	if (!pages)
		return;
	for (size_t i = 0; i < pages->count; i++)
		free(pages->pages[i].body);
	free(pages->pages);
	free(pages);
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

static void call_end(struct api_call *call) {
	assert_non_null(call);
	assert_false(call->over); /* an answer comes once */
	call->over = true;
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

	call_end(call);
	error_set(&err, code, "the test lets it fail");
	err.verdict = call_verdict(call, sent);
	call_refuse(call, 0, &err, sent);
}

void fake_api_garble(struct api_call *call, int status) {
	struct error err;

	call_end(call);
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

static void pages_take_back(struct api_pages *pages) {
	for (size_t i = 0; i < pages->count; i++)
		alloc_test_free(pages->pages[i].body);
	alloc_test_free(pages->pages);
	alloc_test_free(pages);
}

void fake_api_pages(struct api_call *call, const char *const *bodies, size_t count) {
	struct api_pages *pages = zeroed(sizeof(*pages));

	call_end(call);
	assert_true(call->list);
	pages->pages = zeroed(count * sizeof(*pages->pages));
	pages->count = count;
	for (size_t i = 0; i < count; i++)
		pages->pages[i] =
			(struct api_page){.body = alloc_test_strdup(bodies[i]), .body_len = strlen(bodies[i])};
	for (size_t i = 0; i < count; i++) {
		struct api_page *page = &pages->pages[i];
		enum json_verdict verdict = json_scan_answer(page->body, page->body_len, &page->root, NULL);

		if (verdict == JSON_NO_MEMORY) {
			pages_take_back(pages);
			call_no_memory(call, 200);
			return;
		}
		assert_int_equal(verdict, JSON_OK);
	}
	lent += 2 + (long)count;
	call->list_done(call->user, 0, NULL, pages);
}

void fake_api_answer(struct api_call *call, int status, const char *body) {
	struct api_response response = {.status = status, .sent = true, .body = body ? body : ""};
	struct error err;

	assert_non_null(call);
	if (api_status_errno(status)) {
		call_end(call);
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
	call_end(call);
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
