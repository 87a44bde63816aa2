#include "api.h"
#include "call.h"
#include "scope.h"
#include "watch.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum {
	PAGE_LIMIT = 100,           /* entries a page: the most that the API allows */
	LIST_BYTES_MAX = 128 << 20, /* of all pages together */
	ASKED_MAX = 256,            /* pages that are asked for at once: as many as may ever be in flight */
};

/* A page that is being fetched, or is there. */
struct list_page {
	struct list *list;
	size_t index;
	struct api_call *call; /* while being fetched */
	struct api_page *page; /* from then on; held */
	unsigned age_s;        /* of it when it came */
	int64_t date_s;        /* when it was made, or 0 */
};

struct list {
	struct api_call call; /* first: a list is an api_call */
	enum api_service service;
	char *path;
	bool paged, urgent;
	unsigned max_age_s;
	const void *tag;
	int64_t deadline_ms;
	const struct api_pages *before; /* lent, or NULL */
	api_list_done *done;
	void *user;
	struct list_page **pages; /* each where it stays: its request points to it */
	size_t count, cap;
	size_t missing;  /* of them, under way */
	size_t total;    /* pages that there are; until the first one came, that there may be */
	size_t bytes;    /* of those that are there */
	bool one_by_one; /* the API does not say how many there are */
	size_t failed;   /* the first page of which is known that it cannot be had, SIZE_MAX: none; with its reason: */
	struct error failure; /* it may be one that there is not */
};

static void scope_pages(struct api_pages **pages) {
	api_pages_free(*pages);
}

static void list_free(struct api_call *call) {
	struct list *list = (struct list *)call;

	for (size_t i = 0; i < list->count; i++) {
		struct list_page *page = list->pages[i];

		if (page->call)
			page->call->free(page->call);
		api_page_release(page->page);
		free(page);
	}
	call_remove(call);
	free(list->pages);
	free(list->path);
	free(list);
}

/*
 * Gives up all pages but the first `count`. From the last one on: a place that becomes free is then not taken by the
 * next page for a moment.
 */
static void list_cut(struct list *list, size_t count) {
	while (list->count > count) {
		struct list_page *page = list->pages[--list->count];

		list->missing -= page->call != NULL;
		list->bytes -= page->page ? page->page->body_len : 0;
		api_cancel(page->call);
		api_page_release(page->page);
		free(page);
	}
}

static void list_cancel(struct api_call *call) {
	list_cut((struct list *)call, 0);
	list_free(call);
}

static void list_fail(struct list *list, const struct error *err) {
	api_list_done *done = list->done;
	void *user = list->user;

	list_cancel(&list->call);
	done(user, err->code, err, NULL);
}

/* Hands over the first `count` pages. */
static void list_succeed(struct list *list, size_t count) {
	SCOPED(scope_pages) struct api_pages *pages = calloc(1, sizeof(*pages));
	api_list_done *done = list->done;
	void *user = list->user;
	int64_t first_s = 0, last_s = 0;
	struct error err;

	if (pages)
		pages->pages = calloc(count, sizeof(*pages->pages));
	if (!pages || !pages->pages) {
		error_set(&err, ENOMEM, "no memory for the list");
		list_fail(list, &err);
		return;
	}
	for (; pages->count < count; pages->count++) {
		struct list_page *page = list->pages[pages->count];

		pages->pages[pages->count] = take_pointer(page->page);
		pages->age_s = page->age_s > pages->age_s ? page->age_s : pages->age_s;
		if (page->date_s && (!first_s || page->date_s < first_s))
			first_s = page->date_s;
		if (page->date_s > last_s)
			last_s = page->date_s;
	}
	pages->apart_s = last_s - first_s < UINT_MAX ? (unsigned)(last_s - first_s) : UINT_MAX;
	list_free(&list->call);
	done(user, 0, NULL, take_pointer(pages));
}

static void on_page(void *user, const struct api_response *response);

/* Asks for the next page. 0 or -ENOMEM. */
static int list_ask(struct list *list) {
	SCOPED(scope_free) char *path = NULL;
	struct api_request request = {.service = list->service,
		.method = API_GET,
		.urgent = list->urgent,
		.caller = list->call.caller,
		.max_age_s = list->max_age_s,
		.tag = list->tag};
	int64_t left_ms = list->deadline_ms - watch_now_ms();
	struct list_page *page;

	if (list->count == list->cap) {
		size_t cap = list->cap ? list->cap * 2 : 4;
		struct list_page **pages = reallocarray(list->pages, cap, sizeof(struct list_page *));

		if (!pages)
			return -ENOMEM;
		list->pages = pages;
		list->cap = cap;
	}
	if (!list->paged)
		path = strdup(list->path);
	else if (asprintf(&path, "%s%cpage=%zu&limit=%d", list->path, strchr(list->path, '?') ? '&' : '?',
			 list->count + 1, PAGE_LIMIT) < 0)
		path = NULL;
	page = calloc(1, sizeof(*page));
	request.path = path;
	request.timeout_ms = left_ms > 0 ? (unsigned)left_ms : 0;
	if (page)
		*page = (struct list_page){.list = list, .index = list->count};
	if (!path || !page || api_send(list->call.api, &request, on_page, page, &page->call) < 0) {
		free(page);
		return -ENOMEM;
	}
	list->pages[list->count++] = page;
	list->missing++;
	return 0;
}

static bool page_equal(const struct list *list, size_t a, size_t b) {
	struct json left = list->pages[a]->page->items;
	struct json right = list->pages[b]->page->items;

	return left.len == right.len && memcmp(left.text, right.text, left.len) == 0;
}

/*
 * Whether a page says the same as the one before: a server that knows no pages would go on for ever. So would one that
 * goes in circles, where only the pages themselves can tell that there are no more.
 */
static bool page_repeats(const struct list *list, size_t index) {
	size_t first = list->one_by_one || index == 0 ? 0 : index - 1;

	for (size_t before = index; before-- > first;)
		if (page_equal(list, index, before))
			return true;
	return false;
}

/*
 * The list ends before its first empty page. The very first is kept, so that there is something to look at. Of pages
 * that were asked for one by one only the last can be such a one: then it was the last.
 */
static void list_finish(struct list *list) {
	size_t count = list->one_by_one && list->count > 1 ? list->count - 1 : 1;

	while (count < list->count && list->pages[count]->page->count && !page_repeats(list, count))
		count++;
	list_succeed(list, count);
}

/* Whether the first page has all that there is, by its own words. */
static bool page_is_all(const struct api_page *page) {
	long long total;

	return json_int(json_at(page->root, "/pagination/total_items"), &total) && total > 0 &&
	       page->count >= (unsigned long long)total;
}

/* The number of pages by its own words; 0 if it does not say, or says nothing that can be. */
static unsigned long long page_tells(const struct api_page *page) {
	long long total;

	if (!json_int(json_at(page->root, "/pagination/total_pages"), &total) || total < 0)
		return 0;
	return (unsigned long long)total;
}

/*
 * How many pages there are by what is known: 0 if more than are allowed. Where the API does not say, or says nothing
 * that can be, a full page means that there may be one more.
 */
static size_t list_total(struct list *list, const struct list_page *latest) {
	const struct api_page *page = latest->page;
	size_t most = api_pages_max(list->call.api), count = latest->index + 1;
	unsigned long long total = latest->index == 0 ? page_tells(page) : 0;

	if (!list->paged || page->count == 0)
		return count;
	if (total > most)
		return page_is_all(page) ? 1 : 0;
	if (total)
		return (size_t)total;
	if (page_repeats(list, latest->index))
		return count;
	list->one_by_one = true;
	if (page->count < PAGE_LIMIT)
		return count;
	return count < most ? count + 1 : 0;
}

/*
 * How many pages to ask for at once. Where the API told the number the time before, and it was true, so many, and none
 * has to wait for the first one to tell; else the first alone.
 */
static size_t list_guess(const struct list *list) {
	const struct api_pages *before = list->paged ? list->before : NULL;

	if (!before || !before->count || before->count > api_pages_max(list->call.api) ||
		page_tells(before->pages[0]) != before->count)
		return 1;
	return before->count;
}

/* The page of the time before, if it is the same again: then the answer's body is nobody's. NULL without memory. */
static struct api_page *page_of(
	const struct list_page *page, struct api_call *call, const struct api_response *response) {
	const struct api_pages *before = page->list->before;
	struct json root = response->root;
	size_t root_at = (size_t)(root.text - response->body);
	char *body;

	if (before && page->index < before->count &&
		api_page_is(before->pages[page->index], response->body, response->body_len))
		return api_page_hold(before->pages[page->index]);
	body = api_call_take_body(call);
	root.text = body + root_at;
	return api_page_new(body, response->body_len, root);
}

/*
 * A page cannot be had, and the first one is not there yet: there may be no such page, which the first one will tell.
 * Until then the reason of the foremost of them is kept.
 */
static void page_doubt(struct list_page *page, const struct error *err) {
	struct list *list = page->list;

	list->bytes -= page->page ? page->page->body_len : 0;
	api_page_release(take_pointer(page->page));
	if (page->index > list->failed)
		return;
	list->failed = page->index;
	list->failure = *err;
}

/* Asks for as many pages as may be asked for now. 0 or -ENOMEM. */
static int list_ask_ahead(struct list *list) {
	while (list->count < list->total && list->missing < ASKED_MAX && list->failed == SIZE_MAX)
		if (list_ask(list) < 0)
			return -ENOMEM;
	return 0;
}

/*
 * What a page tells of how many there are. Those that there are not are given up, and what came of them is forgotten;
 * and where it does not say, all that were asked for ahead: then each can only tell of the next one.
 */
static void list_learn(struct list *list, const struct list_page *page) {
	list->total = list_total(list, page);
	list_cut(list, list->one_by_one || !list->total ? page->index + 1 : list->total);
	if (list->failed >= list->count)
		list->failed = SIZE_MAX;
}

static void on_page(void *user, const struct api_response *response) {
	struct list_page *page = user;
	struct list *list = page->list;
	struct api_call *call = take_pointer(page->call);
	struct error err = response->error;

	list->missing--;
	if (!response->code) {
		page->page = page_of(page, call, response);
		page->age_s = response->age_s;
		page->date_s = response->date_s;
		list->bytes += page->page ? page->page->body_len : 0;
		if (!page->page)
			error_set(&err, ENOMEM, "no memory for the list");
		else if (page->page->items.type == JSON_ABSENT)
			error_set(&err, EREMOTEIO, "unusable answer: no list in it");
	}
	if (!err.code && (page->index == 0 || list->one_by_one)) /* then each tells whether there may be another one */
		list_learn(list, page);
	if (!err.code && list->bytes > LIST_BYTES_MAX)
		error_set(&err, EREMOTEIO, "the list has more than %d MiB", LIST_BYTES_MAX >> 20);
	if (err.code == ENOENT && page->index > 0) /* the list is there, if its first page is */
		err.code = EREMOTEIO;
	if (err.code && response->status) /* else it may be that of a request before it */
		err.http_status = response->status;
	if (err.code && page->index > 0 && !list->pages[0]->page) {
		page_doubt(page, &err);
		return;
	}
	if (!err.code && list->total == 0)
		error_set(&err, EREMOTEIO, "the list has more than %u pages", api_pages_max(list->call.api));
	if (!err.code && list->pages[0]->page && list->failed != SIZE_MAX)
		err = list->failure;
	if (!err.code && list_ask_ahead(list) < 0)
		error_set(&err, ENOMEM, "no memory for the list");
	if (err.code)
		list_fail(list, &err);
	else if (!list->missing)
		list_finish(list);
}

int api_list(struct api *api, const struct api_request *what, bool paged, const struct api_pages *before,
	api_list_done *done, void *user, struct api_call **ret) {
	struct list *list = calloc(1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	list->call = (struct api_call){.api = api, .caller = what->caller, .cancel = list_cancel, .free = list_free};
	list->service = what->service;
	list->path = strdup(what->path);
	list->paged = paged;
	list->urgent = what->urgent;
	list->max_age_s = what->max_age_s;
	list->tag = what->tag;
	list->deadline_ms = watch_now_ms() + what->timeout_ms;
	list->before = before;
	list->done = done;
	list->user = user;
	list->failed = SIZE_MAX;
	list->total = list_guess(list);
	call_push(api_lists(api), &list->call);
	if (!list->path || list_ask_ahead(list) < 0) {
		list_free(&list->call);
		return -ENOMEM;
	}
	*ret = &list->call;
	return 0;
}
