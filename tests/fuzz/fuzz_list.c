/*
 * Any texts as the pages of a list; the first byte chooses the kind, a byte 0x1e ends a page. Whatever they say, each
 * entry has one name that is a file name and leads back to it.
 */
#include "../../api/scope.h"
#include "../../fs/list.h"
#include "../../fs/name.h"
#include "../../fs/shelf.h"
#include "fuzz.h"

#include <errno.h>

enum { PAGES_MAX = 8 };

static void scope_list(struct list **list) {
	list_release(*list);
}

/* Those of the texts that are JSON. `ret_entries` counts what could be a resource. */
static struct api_pages *pages_make(const char *text, size_t len, size_t *ret_entries) {
	struct api_pages *pages = calloc(1, sizeof(*pages));
	require(pages != NULL);
	pages->pages = calloc(PAGES_MAX, sizeof(*pages->pages));
	require(pages->pages != NULL);
	*ret_entries = 0;
	for (size_t at = 0; at <= len && pages->count < PAGES_MAX;) {
		const char *mark = at < len ? memchr(text + at, 0x1e, len - at) : NULL;
		size_t end = mark ? (size_t)(mark - text) : len;
		char *body = bytes_copy(text + at, end - at, false);
		size_t body_len = end - at;
		struct json root;
		at = end + 1;
		if (json_scan(body, body_len, &root, NULL) != JSON_OK) {
			free(body);
			continue;
		}
		struct api_page *page = api_page_new(body, body_len, root);
		require(page != NULL);
		struct json items = page->items;
		require(items.type == JSON_ARRAY || items.type == JSON_ABSENT);
		require(!items.text || (items.text >= body && items.text + items.len <= body + body_len));
		for (struct json_iter iter = json_iter(items); json_next(&iter);)
			*ret_entries += iter.value.type == JSON_OBJECT;
		pages->pages[pages->count++] = page;
	}
	return pages;
}

static void check_name(const char *name) {
	size_t len = strlen(name);
	require(len > 0 && len < NAME_SIZE && !strchr(name, '/') && *name != '.');
	for (; *name; name++)
		require((unsigned char)*name >= ' ' && *name != 0x7f);
}

/* The name is the title's, escaped so that it can be told again; or it says that it is not. */
static void check_title(const struct kind *kind, const struct item *item) {
	SCOPED(buffer_free) struct buffer title = {0};
	char escaped[NAME_SIZE], back[NAME_SIZE];
	json_text(json_at(item->json, kind->title), &title);
	name_escape(title.data ? title.data : "", title.len, escaped);
	if (strcmp(item->name, escaped) != 0) {
		require(strchr(item->name, '~') != NULL); /* the second holder of a name */
		return;
	}
	if (strstr(escaped, "%~"))
		return; /* cut */
	require(name_unescape(item->name, back, sizeof(back)));
	require(strlen(back) == title.len && !memcmp(back, title.data ? title.data : "", title.len));
}

static void check_names(const struct list_names *names) {
	for (size_t i = 0; i < names->count; i++) {
		check_name(names->at[i]);
		for (size_t j = 0; j < i; j++)
			require(strcmp(names->at[i], names->at[j]) != 0);
	}
}

static void check_list(const struct kind *kind, const struct list *list) {
	for (size_t i = 0; i < list->count; i++) {
		const struct item *item = &list->items[i];
		check_name(item->name);
		check_title(kind, item);
		require(*item->id && json_string_is(json_at(item->json, kind->id), item->id) ==
					     (json_at(item->json, kind->id).type == JSON_STRING));
		require(!kind->group == !item->group);
		require(list_by_name(list, item->group, item->name) == item);
		require(!item->shelf ||
			(list_has_shelf(list, item->shelf) && shelf_item(list, item->shelf, item->name) == item));
		const struct item *first = list_by_id(list, item->id);
		require(first && first <= item && !strcmp(first->id, item->id));
		for (size_t j = 0; j < i; j++)
			require(item->group != list->items[j].group || strcmp(item->name, list->items[j].name) != 0);
	}
	check_names(&list->groups);
	check_names(&list->shelves);
	require(!list_by_id(list, "") && !list_by_name(list, NULL, "no/name"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct error err = {0};
	size_t entries;
	if (!size)
		return 0;
	const struct kind *kind = &kinds[data[0] % KINDS];
	struct api_pages *pages = pages_make((const char *)data + 1, size - 1, &entries);
	SCOPED(scope_list) struct list *list = NULL;
	int rc = list_new(kind, pages, &list, &err);
	if (rc) {
		require(rc == -EREMOTEIO && err.code == EREMOTEIO && *err.message && !list);
		return 0;
	}
	require(list->count <= entries);
	check_list(kind, list);
	return 0;
}
