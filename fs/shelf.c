#include "shelf.h"

#include <string.h>

bool shelf_status(const struct kind *kind, struct json resource, struct buffer *out) {
	struct json status = json_at(resource, kind->status);
	json_text(status, out);
	return status.type != JSON_ABSENT && status.type != JSON_NULL;
}

/* Rows with nothing free are listed too: with `availability` None, or a maximum below the minimum. */
bool shelf_available(const struct kind *kind, struct json resource, struct buffer *out) {
	long long free, least = 1, most;
	if (!json_int(json_at(resource, "/available_gpu_count"), &free) ||
		json_string_is(json_at(resource, "/availability"), "None"))
		return false;
	(void)json_int(json_at(resource, "/min_gpu_count"), &least);
	if (!json_int(json_at(resource, "/max_gpu_count"), &most))
		most = free;
	json_text(json_at(resource, kind->group), out);
	return free > 0 && free >= least && most >= least;
}

const struct item *shelf_item(const struct list *list, const char *shelf, const char *name) {
	/* Where there are groups these are the shelves: so a name is one resource's. */
	const struct item *item = list_by_name(list, list->kind->group ? shelf : NULL, name);
	return item && item->shelf && !strcmp(item->shelf, shelf) ? item : NULL;
}
