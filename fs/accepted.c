#include "accepted.h"

#include "../api/scope.h"
#include "store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	char *path; /* of the resource's item; NULL: free */
	long long replicas;
	int64_t at_ms;
};

struct accepted {
	struct entry ring[ACCEPTED_MAX];
	size_t next;
};

int accepted_new(struct accepted **ret) {
	*ret = calloc(1, sizeof **ret);
	return *ret ? 0 : -ENOMEM;
}

void accepted_free(struct accepted *accepted) {
	if (!accepted)
		return;
	for (size_t i = 0; i < ACCEPTED_MAX; i++)
		free(accepted->ring[i].path);
	free(accepted);
}

static struct entry *entry_find(struct accepted *accepted, const struct kind *kind, const struct scope *scope) {
	SCOPED(buffer_free) struct buffer path = {0};
	if (!kind->docs[DOC_ITEM].path || store_path(kind->docs[DOC_ITEM].path, scope, &path))
		return NULL;
	for (size_t i = 0; i < ACCEPTED_MAX; i++)
		if (accepted->ring[i].path && !strcmp(accepted->ring[i].path, path.data))
			return &accepted->ring[i];
	return NULL;
}

void accepted_add(struct accepted *accepted, const struct kind *kind, const struct scope *scope, long long replicas,
	int64_t now_ms) {
	struct entry *known = entry_find(accepted, kind, scope);
	bool leaving = known && known->replicas == ACCEPTED_DELETE && now_ms - known->at_ms <= ACCEPTED_DELETE_MS;
	if (leaving && replicas != ACCEPTED_DELETE)
		return; /* a scale that is answered late does not bring it back */
	accepted_drop(accepted, kind, scope);
	SCOPED(buffer_free) struct buffer path = {0};
	if (!kind->docs[DOC_ITEM].path || store_path(kind->docs[DOC_ITEM].path, scope, &path))
		return;
	struct entry *entry = &accepted->ring[accepted->next];
	free(entry->path);
	*entry = (struct entry){.path = take_pointer(path.data), .replicas = replicas, .at_ms = now_ms};
	accepted->next = (accepted->next + 1) % ACCEPTED_MAX;
}

bool accepted_find(
	struct accepted *accepted, const struct kind *kind, const struct scope *scope, int64_t now_ms, long long *ret) {
	const struct entry *entry = entry_find(accepted, kind, scope);
	if (!entry || (entry->replicas == ACCEPTED_DELETE && now_ms - entry->at_ms > ACCEPTED_DELETE_MS))
		return false;
	*ret = entry->replicas;
	return true;
}

void accepted_drop(struct accepted *accepted, const struct kind *kind, const struct scope *scope) {
	struct entry *entry = entry_find(accepted, kind, scope);
	if (entry)
		free(take_pointer(entry->path));
}
