#include "scales.h"

#include "../api/scope.h"
#include "store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	char *path; /* of the resource's item; NULL: free */
	long long replicas;
	int64_t until_ms;
	bool accepted;
};

struct scales {
	struct entry entries[SCALES_MAX];
	size_t count;
};

int scales_new(struct scales **ret) {
	*ret = calloc(1, sizeof **ret);
	return *ret ? 0 : -ENOMEM;
}

void scales_free(struct scales *scales) {
	if (!scales)
		return;
	for (size_t i = 0; i < SCALES_MAX; i++)
		free(scales->entries[i].path);
	free(scales);
}

static void entry_drop(struct scales *scales, struct entry *entry) {
	free(take_pointer(entry->path));
	scales->count--;
}

int scales_add(struct scales *scales, const struct kind *kind, const struct scope *scope, long long replicas,
	unsigned deadline_ms, int64_t now_ms) {
	struct entry *place = NULL;
	for (struct entry *entry = scales->entries; entry < scales->entries + SCALES_MAX; entry++) {
		if (!entry->path) {
			place = entry;
			break;
		}
		if (entry->until_ms < now_ms && (!place || entry->until_ms < place->until_ms))
			place = entry;
	}
	if (!place)
		return -EBUSY;
	SCOPED(buffer_free) struct buffer path = {0};
	if (store_path(kind->docs[DOC_ITEM].path, scope, &path))
		return -ENOMEM;
	scales->count += !place->path;
	free(place->path);
	*place = (struct entry){.path = take_pointer(path.data),
		.replicas = replicas,
		.until_ms = now_ms + deadline_ms + SCALES_DOUBT_MS};
	return 0;
}

void scales_end(struct scales *scales, const struct kind *kind, const struct scope *scope, long long replicas,
	bool accepted, int64_t now_ms) {
	SCOPED(buffer_free) struct buffer path = {0};
	if (!scales->count || store_path(kind->docs[DOC_ITEM].path, scope, &path))
		return; /* without memory it counts for longer */
	for (struct entry *entry = scales->entries; entry < scales->entries + SCALES_MAX; entry++) {
		if (!entry->path || entry->accepted || entry->replicas != replicas ||
			strcmp(entry->path, path.data) != 0)
			continue;
		entry->accepted = true;
		entry->until_ms = now_ms + SCALES_LAG_MS;
		if (!accepted)
			entry_drop(scales, entry);
		return;
	}
}

int scales_most(struct scales *scales, const struct kind *kind, const struct scope *scope, bool moving, int64_t now_ms,
	long long *ret) {
	long long most = 0;
	SCOPED(buffer_free) struct buffer path = {0};
	int rc = scales->count ? store_path(kind->docs[DOC_ITEM].path, scope, &path) : 0;
	if (rc)
		return rc;
	for (struct entry *entry = scales->entries; scales->count && entry < scales->entries + SCALES_MAX; entry++) {
		if (!entry->path || strcmp(entry->path, path.data) != 0)
			continue;
		if (now_ms > entry->until_ms && !(moving && !entry->accepted))
			entry_drop(scales, entry);
		else if (entry->replicas > most)
			most = entry->replicas;
	}
	*ret = most;
	return 0;
}
