#include "collection.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

static int compare_id(const void *a, const void *b) {
	return strcmp(((const struct resource *)a)->id, ((const struct resource *)b)->id);
}

static int compare_name(const void *a, const void *b) {
	return strcmp(((const struct resource *)a)->name, ((const struct resource *)b)->name);
}

/* 0, -EEXIST or -ENOMEM. */
static int tree_add(void **tree, struct resource *resource, int (*compare)(const void *, const void *)) {
	struct resource **node = tsearch(resource, tree, compare);
	if (!node)
		return -ENOMEM;
	return *node == resource ? 0 : -EEXIST;
}

int collection_add(struct collection *collection, struct resource *resource) {
	if (collection->len == collection->cap) {
		size_t cap = collection->cap ? 2 * collection->cap : 16;
		struct resource **items = reallocarray(collection->items, cap, sizeof *items);
		if (!items)
			return -ENOMEM;
		collection->items = items;
		collection->cap = cap;
	}
	int error = tree_add(&collection->by_id, resource, compare_id);
	if (error)
		return error;
	error = tree_add(&collection->by_name, resource, compare_name);
	if (error) {
		tdelete(resource, &collection->by_id, compare_id);
		return error;
	}
	resource->serial = collection->next_serial++;
	collection->items[collection->len++] = resource;
	return 0;
}

struct resource *collection_find_id(const struct collection *collection, const char *id) {
	struct resource probe;
	size_t len = strlen(id);
	if (len >= sizeof probe.id)
		return NULL;
	memcpy(probe.id, id, len + 1);
	void *const *root = &collection->by_id;
	struct resource **node = tfind(&probe, root, compare_id);
	return node ? *node : NULL;
}

struct resource *collection_find_name(const struct collection *collection, const char *name) {
	struct resource probe;
	size_t len = strlen(name);
	if (len >= sizeof probe.name)
		return NULL;
	memcpy(probe.name, name, len + 1);
	void *const *root = &collection->by_name;
	struct resource **node = tfind(&probe, root, compare_name);
	return node ? *node : NULL;
}

void collection_doom(struct collection *collection, struct resource *resource, int64_t now_ms) {
	if (resource->deleted_ms)
		return;
	resource->deleted_ms = now_ms;
	resource->next_dying = NULL;
	if (collection->last_dying)
		collection->last_dying->next_dying = resource;
	else
		collection->first_dying = resource;
	collection->last_dying = resource;
}

struct resource *collection_reap(struct collection *collection, int64_t before_ms) {
	struct resource *resource = collection->first_dying;
	if (!resource || resource->deleted_ms > before_ms)
		return NULL;
	collection->first_dying = resource->next_dying;
	if (!collection->first_dying)
		collection->last_dying = NULL;
	collection_remove(collection, resource);
	return resource;
}

void collection_remove(struct collection *collection, struct resource *resource) {
	tdelete(resource, &collection->by_id, compare_id);
	tdelete(resource, &collection->by_name, compare_name);
	size_t low = 0;
	size_t high = collection->len;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (collection->items[middle]->serial < resource->serial)
			low = middle + 1;
		else
			high = middle;
	}
	collection->len--;
	memmove(collection->items + low, collection->items + low + 1,
		(collection->len - low) * sizeof *collection->items);
}

static void keep(void *resource) {
	(void)resource;
}

void collection_clear(struct collection *collection, void (*release)(struct resource *)) {
	tdestroy(collection->by_id, keep);
	tdestroy(collection->by_name, keep);
	for (size_t i = 0; i < collection->len; i++)
		release(collection->items[i]);
	free(collection->items);
	*collection = (struct collection){0};
}
