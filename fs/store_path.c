#include "store.h"

#include "../api/scope.h"
#include "../api/url.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int store_path(const char *path, const struct scope *scope, struct buffer *out) {
	unsigned used = 0;
	for (const char *at = path;;) {
		const char *place = strstr(at, "{}");
		if (!place)
			buffer_add(out, at);
		if (!place)
			return out->error;
		if (used == scope->count)
			return -EINVAL;
		buffer_append(out, at, (size_t)(place - at));
		url_add_segment(out, scope->ids[used++]);
		at = place + 2;
	}
}

int store_path_read(const char *path, const char *filled, struct scope *ret) {
	struct scope scope = {0};
	const char *at = filled;
	int rc = 0;
	for (; *path && !rc; path++) {
		size_t len = path[0] == '{' ? strcspn(at, "/?") : 1;
		if (path[0] != '{') {
			rc = *at == *path ? 0 : -ENOENT;
		} else if (!(scope.ids[scope.count] = url_segment_dup(at, len))) {
			rc = -ENOMEM;
		} else {
			scope.count++;
			path++;
		}
		at += rc ? 0 : len;
	}
	if (!rc && *at)
		rc = -ENOENT;
	if (rc)
		scope_end(&scope);
	else
		*ret = scope;
	return rc;
}

/* ---- the ids ---- */

int scope_copy(const struct scope *scope, unsigned count, struct scope *ret) {
	struct scope copies = {0};
	while (copies.count < count) {
		char *id = strdup(scope->ids[copies.count]);
		if (!id) {
			scope_end(&copies);
			return -ENOMEM;
		}
		copies.ids[copies.count++] = id;
	}
	*ret = copies;
	return 0;
}

void scope_end(struct scope *copies) {
	while (copies->count)
		free((char *)(uintptr_t)copies->ids[--copies->count]);
}

bool scope_same(const struct scope *a, const struct scope *b) {
	bool same = a->count == b->count;
	for (unsigned i = 0; same && i < a->count; i++)
		same = !strcmp(a->ids[i], b->ids[i]);
	return same;
}
