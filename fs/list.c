#include "list.h"

#include "../api/scope.h"
#include "name.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { CHUNK = 64 << 10, EMPTY = 0 /* a slot holds index + 1 */, TWIN_MAX = 100 /* bytes of ~TWIN in a name */ };

static uint32_t text_hash(uint32_t hash, const char *text) {
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 16777619u; /* FNV-1a */
	return hash;
}

static uint32_t name_hash(const char *group, const char *name) {
	uint32_t hash = text_hash(2166136261u, group ? group : "");
	return text_hash((hash ^ '/') * 16777619u, name);
}

static uint32_t id_hash(const char *id) {
	return text_hash(2166136261u, id);
}

static bool group_equal(const char *a, const char *b) {
	return a == b || (a && b && !strcmp(a, b));
}

/* Copies text into the list's pool: many short strings that die together. */
static const char *list_keep(struct list *list, const char *text, size_t len) {
	size_t need = len + 1;
	if (!list->chunk_count || list->chunk_used + need > CHUNK) {
		char **chunks = realloc(list->chunks, (list->chunk_count + 1) * sizeof *chunks);
		if (!chunks)
			return NULL;
		list->chunks = chunks;
		size_t size = need > CHUNK ? need : CHUNK;
		char *chunk = malloc(size);
		if (!chunk)
			return NULL;
		list->chunks[list->chunk_count++] = chunk;
		list->chunk_used = 0;
		list->bytes += size;
	}
	char *at = list->chunks[list->chunk_count - 1] + list->chunk_used;
	memcpy(at, text, len);
	at[len] = 0;
	list->chunk_used += need;
	return at;
}

const struct item *list_by_name(const struct list *list, const char *group, const char *name) {
	for (size_t i = name_hash(group, name) & (list->slots - 1);; i = (i + 1) & (list->slots - 1)) {
		if (list->by_name[i] == EMPTY)
			return NULL;
		const struct item *item = &list->items[list->by_name[i] - 1];
		if (!strcmp(item->name, name) && group_equal(item->group, group))
			return item;
	}
}

const struct item *list_by_id(const struct list *list, const char *id) {
	for (size_t i = id_hash(id) & (list->slots - 1);; i = (i + 1) & (list->slots - 1)) {
		if (list->by_id[i] == EMPTY)
			return NULL;
		const struct item *item = &list->items[list->by_id[i] - 1];
		if (!strcmp(item->id, id))
			return item;
	}
}

bool kind_moving(const struct kind *kind, struct json resource) {
	for (const char *const *state = kind->moving; state && *state; state++)
		if (json_string_is(json_at(resource, kind->status), *state))
			return true;
	return false;
}

static void slot_put(uint32_t *slots, size_t count, uint32_t hash, size_t index) {
	size_t i = hash & (count - 1);
	while (slots[i] != EMPTY)
		i = (i + 1) & (count - 1);
	slots[i] = (uint32_t)index + 1;
}

/* Pages shift while one reads them: the same entry may come twice. Entries of one id that differ in what `twin` names
 * are two. */
static bool list_has(
	const struct list *list, const struct kind *kind, const char *id, const char *group, struct json json) {
	struct json twin = json_at(json, kind->twin);
	for (size_t i = id_hash(id) & (list->slots - 1); list->by_id[i] != EMPTY; i = (i + 1) & (list->slots - 1)) {
		const struct item *item = &list->items[list->by_id[i] - 1];
		struct json other = json_at(item->json, kind->twin);
		if (!strcmp(item->id, id) && group_equal(item->group, group) && other.len == twin.len &&
			(!twin.len || !memcmp(other.text, twin.text, twin.len)))
			return true;
	}
	return false;
}

/* The first holder keeps the plain name, the next ones get ~TWIN, and ~TWIN~N should even that be taken. */
static int item_name(const struct list *list, const struct kind *kind, struct json json, const char *group,
	const char *title, size_t len, char ret[static NAME_SIZE]) {
	name_escape(title, len, ret);
	if (!list_by_name(list, group, ret))
		return 0;
	SCOPED(buffer_free) struct buffer twin = {0};
	char plain[NAME_SIZE], tail[NAME_SIZE];
	memcpy(plain, ret, sizeof plain);
	json_text(json_at(json, kind->twin), &twin);
	if (twin.error)
		return twin.error;
	name_escape(twin.data ? twin.data : "", twin.len, tail);
	for (unsigned n = 1;; n++) {
		char number[16] = "";
		if (n > 1)
			snprintf(number, sizeof number, "~%u", n);
		size_t tail_len = strnlen(tail, TWIN_MAX), room = NAME_SIZE - 2 - tail_len - strlen(number);
		buffer_clear(&twin);
		buffer_append(&twin, plain, strnlen(plain, room));
		buffer_printf(&twin, "~%.*s%s", (int)tail_len, tail, number);
		if (twin.error)
			return twin.error;
		memcpy(ret, twin.data, twin.len + 1);
		if (!list_by_name(list, group, ret))
			return 0;
	}
}

static int list_add(struct list *list, const struct kind *kind, struct json json) {
	SCOPED(buffer_free) struct buffer id = {0};
	SCOPED(buffer_free) struct buffer title = {0};
	SCOPED(buffer_free) struct buffer group = {0};
	json_text(json_at(json, kind->id), &id);
	json_text(json_at(json, kind->title), &title);
	if (kind->group)
		json_text(json_at(json, kind->group), &group);
	if (id.error == -ENOMEM || title.error == -ENOMEM || group.error == -ENOMEM)
		return -ENOMEM;
	if (!id.len || strlen(id.data) != id.len)
		return 0;
	char name[NAME_SIZE];
	struct item item = {.json = json};
	if (kind->group) {
		name_escape(group.data ? group.data : "", group.len, name);
		for (size_t i = 0; i < list->group_count && !item.group; i++)
			if (!strcmp(list->groups[i], name))
				item.group = list->groups[i];
		if (!item.group) {
			const char **groups = realloc(list->groups, (list->group_count + 1) * sizeof *groups);
			if (!groups)
				return -ENOMEM;
			list->groups = groups;
			item.group = list_keep(list, name, strlen(name));
			if (!item.group)
				return -ENOMEM;
			list->groups[list->group_count++] = item.group;
		}
	}
	if (list_has(list, kind, id.data, item.group, json))
		return 0;
	int rc = item_name(list, kind, json, item.group, title.data ? title.data : "", title.len, name);
	if (rc)
		return rc;
	item.id = list_keep(list, id.data, id.len);
	item.name = item.id && !strcmp(item.id, name) ? item.id : list_keep(list, name, strlen(name));
	if (!item.id || !item.name)
		return -ENOMEM;
	list->items[list->count] = item;
	slot_put(list->by_name, list->slots, name_hash(item.group, item.name), list->count);
	slot_put(list->by_id, list->slots, id_hash(item.id), list->count);
	list->count++;
	list->moving |= kind_moving(kind, json);
	return 0;
}

static int list_build(struct list *list, const struct kind *kind, struct error *err) {
	size_t count = 0;
	for (size_t i = 0; i < list->pages->count; i++) {
		struct json items = api_page_items(list->pages->pages[i].root);
		if (items.type != JSON_ARRAY)
			return error_set(err, EREMOTEIO, "the API's list of %s holds no array", kind->name);
		for (struct json_iter iter = json_iter(items); json_next(&iter);)
			count++;
		list->bytes += list->pages->pages[i].body_len;
	}
	for (list->slots = 8; list->slots < count * 2; list->slots *= 2) {
	}
	list->items = calloc(count ? count : 1, sizeof *list->items);
	list->by_name = calloc(list->slots, sizeof *list->by_name);
	list->by_id = calloc(list->slots, sizeof *list->by_id);
	if (!list->items || !list->by_name || !list->by_id)
		return error_set(err, ENOMEM, "no memory for %zu %s", count, kind->name);
	list->bytes += count * sizeof *list->items + 2 * list->slots * sizeof *list->by_name;
	for (size_t i = 0; i < list->pages->count; i++)
		for (struct json_iter iter = json_iter(api_page_items(list->pages->pages[i].root)); json_next(&iter);)
			if (iter.value.type == JSON_OBJECT && list_add(list, kind, iter.value))
				return error_set(err, ENOMEM, "no memory for %zu %s", count, kind->name);
	/* Pages shift while they are read: then an entry can be missing, and another be there twice. */
	long long total;
	list->whole = !list->pages->count ||
		      !json_int(json_at(list->pages->pages[0].root, "/pagination/total_items"), &total) ||
		      total <= (long long)list->count;
	if (count && !list->count) /* nobody shall believe that all is gone */
		return error_set(err, EREMOTEIO, "the API's list of %s holds no entry with an id", kind->name);
	return 0;
}

int list_new(const struct kind *kind, struct api_pages *pages, struct list **ret, struct error *err) {
	struct list *list = calloc(1, sizeof *list);
	if (!list) {
		api_pages_free(pages);
		return error_set(err, ENOMEM, "no memory for a list of %s", kind->name);
	}
	list->pages = pages;
	list->bytes = sizeof *list;
	int rc = list_build(list, kind, err);
	if (rc) {
		list_free(list);
		return rc;
	}
	*ret = list;
	return 0;
}

void list_free(struct list *list) {
	if (!list)
		return;
	api_pages_free(list->pages);
	for (size_t i = 0; i < list->chunk_count; i++)
		free(list->chunks[i]);
	free(list->chunks);
	free(list->groups);
	free(list->items);
	free(list->by_name);
	free(list->by_id);
	free(list);
}
