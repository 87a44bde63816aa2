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

int store_path_read(const char *path, const char *filled, char *ret_ids[static SCOPE_MAX], struct scope *ret) {
	struct scope scope = {0};
	const char *at = filled;
	int rc = 0;
	for (; *path && !rc; path++) {
		size_t len = path[0] == '{' ? strcspn(at, "/?") : 1;
		if (path[0] != '{') {
			rc = *at == *path ? 0 : -ENOENT;
		} else if (!(ret_ids[scope.count] = url_segment_dup(at, len))) {
			rc = -ENOMEM;
		} else {
			scope.ids[scope.count] = ret_ids[scope.count];
			scope.count++;
			path++;
		}
		at += rc ? 0 : len;
	}
	if (!rc && *at)
		rc = -ENOENT;
	for (unsigned i = 0; rc && i < scope.count; i++)
		free(take_pointer(ret_ids[i]));
	if (!rc)
		*ret = scope;
	return rc;
}
