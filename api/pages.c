#include "pages.h"

#include <stdlib.h>
#include <string.h>

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

struct api_page *api_page_new(char *body, size_t body_len, struct json root) {
	struct api_page *page = malloc(sizeof(*page));

	if (!page) {
		free(body);
		return NULL;
	}
	*page = (struct api_page){
		.body = body, .body_len = body_len, .root = root, .items = api_page_items(root), .holders = 1};
	for (struct json_iter iter = json_iter(page->items); json_next(&iter);)
		page->count++;
	return page;
}

struct api_page *api_page_hold(struct api_page *page) {
	page->holders++;
	return page;
}

void api_page_release(struct api_page *page) {
	if (!page || --page->holders)
		return;
	free(page->body);
	free(page);
}

bool api_page_is(const struct api_page *page, const char *body, size_t body_len) {
	return page->body_len == body_len && memcmp(page->body, body, body_len) == 0;
}

void api_pages_free(struct api_pages *pages) {
	if (!pages)
		return;
	for (size_t i = 0; i < pages->count; i++)
		api_page_release(pages->pages[i]);
	free(pages->pages);
	free(pages);
}

bool api_pages_same(const struct api_pages *a, const struct api_pages *b) {
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->pages[i] != b->pages[i])
			return false;
	return true;
}
