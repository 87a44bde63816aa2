#include "api.h"
#include "call.h"
#include "scope.h"
#include "watch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	PAGE_LIMIT = 100,           /* entries a page: the most that the API allows */
	LIST_BYTES_MAX = 128 << 20, /* of all pages together */
};

/* A page that is being fetched, or is there. */
struct list_page {
	struct list *list;
	struct api_call *call; /* while being fetched */
	struct api_page page;
	struct json items; /* of it: to find them anew is to read all of the page */
};

struct list {
	struct api_call call; /* first: a list is an api_call */
	enum api_service service;
	char *path;
	bool paged, urgent;
	int64_t deadline_ms;
	api_list_done *done;
	void *user;
	struct list_page **pages; /* each where it stays: its request points to it */
	size_t count, cap;
	size_t missing;  /* of them, not there yet */
	size_t bytes;    /* of those that are */
	bool one_by_one; /* the API does not say how many there are */
};

struct json api_page_items(struct json root) {
	static const char *const keys[] = {"data", "items"};

	if (root.type == JSON_ARRAY)
		return root;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct json items = json_member(root, keys[i]);

		if (items.type == JSON_ARRAY)
			return items;
	}
	return (struct json){0};
}

void api_pages_free(struct api_pages *pages) {
	if (!pages)
		return;
	for (size_t i = 0; i < pages->count; i++)
		free(pages->pages[i].body);
	free(pages->pages);
	free(pages);
}

static void scope_pages(struct api_pages **pages) {
	api_pages_free(*pages);
}

static void list_free(struct api_call *call) {
	struct list *list = (struct list *)call;

	for (size_t i = 0; i < list->count; i++) {
		struct list_page *page = list->pages[i];

		if (page->call)
			page->call->free(page->call);
		free(page->page.body);
		free(page);
	}
	call_remove(call);
	free(list->pages);
	free(list->path);
	free(list);
}

/* From the last page to the first: a place that becomes free is then not taken by the next page for a moment. */
static void list_cancel(struct api_call *call) {
	struct list *list = (struct list *)call;

	for (size_t i = list->count; i-- > 0;)
		api_cancel(take_pointer(list->pages[i]->call));
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
	struct error err;

	if (pages)
		pages->pages = calloc(count, sizeof(*pages->pages));
	if (!pages || !pages->pages) {
		error_set(&err, ENOMEM, "no memory for the list");
		list_fail(list, &err);
		return;
	}
	for (; pages->count < count; pages->count++) {
		pages->pages[pages->count] = list->pages[pages->count]->page;
		list->pages[pages->count]->page.body = NULL;
	}
	list_free(&list->call);
	done(user, 0, NULL, take_pointer(pages));
}

static size_t items_count(struct json items, size_t most) {
	struct json_iter iter = json_iter(items);
	size_t count = 0;

	while (count < most && json_next(&iter))
		count++;
	return count;
}

static void on_page(void *user, const struct api_response *response);

/* Asks for the next page. 0 or -ENOMEM. */
static int list_ask(struct list *list) {
	SCOPED(scope_free) char *path = NULL;
	struct api_request request = {.service = list->service, .method = API_GET, .urgent = list->urgent};
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
		page->list = list;
	if (!path || !page || api_send(list->call.api, &request, on_page, page, &page->call) < 0) {
		free(page);
		return -ENOMEM;
	}
	list->pages[list->count++] = page;
	list->missing++;
	return 0;
}

static bool page_equal(const struct list *list, size_t a, size_t b) {
	struct json left = list->pages[a]->items;
	struct json right = list->pages[b]->items;

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

/* The list ends before its first empty page. The very first is kept, so that there is something to look at. */
static void list_finish(struct list *list) {
	size_t count = 1;

	while (count < list->count && items_count(list->pages[count]->items, 1) && !page_repeats(list, count))
		count++;
	list_succeed(list, count);
}

/* Whether the first page has all that there is, by its own words. */
static bool page_is_all(struct json root, struct json items) {
	long long total;

	return json_int(json_at(root, "/pagination/total_items"), &total) && total > 0 &&
	       items_count(items, (size_t)total) == (size_t)total;
}

/*
 * How many pages there are by what is known: 0 if more than are allowed. Where the API does not say, or says nothing
 * that can be, a full page means that there may be one more.
 */
static size_t list_total(struct list *list, struct json root, struct json items) {
	size_t most = api_pages_max(list->call.api);
	size_t got = items_count(items, PAGE_LIMIT);
	long long total;

	if (!list->paged || got == 0)
		return list->count;
	if (list->count == 1 && json_int(json_at(root, "/pagination/total_pages"), &total) && total > 0) {
		if ((unsigned long long)total > most)
			return page_is_all(root, items) ? 1 : 0;
		return (size_t)total;
	}
	if (list->count > 1 && (!list->one_by_one || page_repeats(list, list->count - 1)))
		return list->count;
	list->one_by_one = true;
	if (got < PAGE_LIMIT)
		return list->count;
	return list->count < most ? list->count + 1 : 0;
}

static void on_page(void *user, const struct api_response *response) {
	struct list_page *page = user;
	struct list *list = page->list;
	struct api_call *call = take_pointer(page->call);
	struct error err = response->error;
	struct json items = api_page_items(response->root);
	size_t total;

	list->missing--;
	if (!response->code && items.type == JSON_ABSENT)
		error_set(&err, EREMOTEIO, "unusable answer: no list in it");
	list->bytes += response->body_len;
	if (!err.code && list->bytes > LIST_BYTES_MAX)
		error_set(&err, EREMOTEIO, "the list has more than %d MiB", LIST_BYTES_MAX >> 20);
	if (err.code == ENOENT && list->count > 1) /* the list is there: its first page was */
		err.code = EREMOTEIO;
	if (err.code) {
		if (response->status) /* else it may be that of a request before it */
			err.http_status = response->status;
		list_fail(list, &err);
		return;
	}
	page->items = items;
	page->page.root = response->root;
	page->page.body_len = response->body_len;
	page->page.body = api_call_take_body(call);
	if (list->missing)
		return;
	total = list->count > 1 && !list->one_by_one ? list->count : list_total(list, page->page.root, items);
	if (total == list->count) {
		list_finish(list);
		return;
	}
	if (total == 0)
		error_set(&err, EREMOTEIO, "the list has more than %u pages", api_pages_max(list->call.api));
	while (!err.code && list->count < total)
		if (list_ask(list) < 0)
			error_set(&err, ENOMEM, "no memory for the list");
	if (err.code)
		list_fail(list, &err);
}

int api_list(struct api *api, const struct api_request *what, bool paged, api_list_done *done, void *user,
	struct api_call **ret) {
	struct list *list = calloc(1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	list->call = (struct api_call){.api = api, .cancel = list_cancel, .free = list_free};
	list->service = what->service;
	list->path = strdup(what->path);
	list->paged = paged;
	list->urgent = what->urgent;
	list->deadline_ms = watch_now_ms() + what->timeout_ms;
	list->done = done;
	list->user = user;
	call_push(api_lists(api), &list->call);
	if (!list->path || list_ask(list) < 0) {
		list_free(&list->call);
		return -ENOMEM;
	}
	*ret = &list->call;
	return 0;
}
