/*
 * An API that a test plays: fakes of api_send(), api_list() and what belongs to them.
 *
 * Each request waits until the test answers it, in any order, or never. As in the real one, no completion comes from
 * inside the call that started a request. Every request is kept, so that a test can count exactly.
 *
 * The fakes' own memory never fails and is not counted; reading an answer takes the code's own scanner and so may fail.
 */
#ifndef NEEVFS_TESTS_FAKE_API_H
#define NEEVFS_TESTS_FAKE_API_H

#include "../api/api.h"
#include "../api/state.h"

/* One request or list, answered or not. */
struct api_call {
	struct api *api;
	enum api_service service;
	enum api_method method;
	bool list, paged, urgent;
	uint64_t caller;
	const void *tag;
	char *path, *body; /* body NULL: none */
	size_t body_len;
	unsigned timeout_ms, max_age_s;
	unsigned age_s, apart_s;        /* set by a test before the answer, which then came from a cache on the way */
	unsigned retry_after_ms;        /* set by a test before the answer, which then asks for it */
	bool over;                      /* answered, or cancelled */
	const struct api_pages *before; /* of a list */
	api_done *done;
	api_list_done *list_done;
	void *user;
	struct api_call *next;
};

struct api *fake_api_new(void);
/* Requests that wait are dropped, as api_free() does. Takes NULL. */
void fake_api_free(struct api *api);

/* From now on an answer is an exchange that this one is told of, as from the real one: of 7 ms and of 100 bytes. */
void fake_api_observe(struct api *api, struct api_observer observer);
/* What api_state() says: at first that all is well. */
struct api_state *fake_api_state(struct api *api);

/* Requests so far; `path` NULL: any. A list is a GET. */
size_t fake_api_count(const struct api *api, enum api_method method, const char *path);
size_t fake_api_total(const struct api *api);
/* Of them, not answered yet. */
size_t fake_api_waiting(const struct api *api);

/* The first one, answered or not; the others follow by `next`. NULL if there is none. */
struct api_call *fake_api_first(const struct api *api);
/* The oldest one that waits; NULL if there is none. `path` NULL: any. */
struct api_call *fake_api_find(const struct api *api, enum api_method method, const char *path);
/* The latest one, answered or not; NULL if there is none. */
struct api_call *fake_api_last(const struct api *api, enum api_method method, const char *path);

/* Answers with a status; `body` NULL: empty. A change whose 5xx leaves its outcome open gets that verdict. */
void fake_api_answer(struct api_call *call, int status, const char *body);
/* Answers a list with several pages. As in the real one, those that are as before are the pages before. */
void fake_api_pages(struct api_call *call, const char *const *bodies, size_t count);
/* Answers with a text that is no JSON. */
void fake_api_garble(struct api_call *call, int status);
/* No answer came: `code` is the errno, `sent` whether a byte may have left. */
void fake_api_fail(struct api_call *call, int code, bool sent);

/* Blocks that were handed out uncounted and freed counted: what alloc_live() is below the truth. */
long fake_api_lent(void);

#endif
