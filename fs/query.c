#include "query.h"

#include "../api/scope.h"
#include "../api/url.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

enum { NUMBER_DIGITS_MAX = 9 };

static bool number_is_good(const char *text) {
	size_t len = strlen(text);
	for (size_t i = 0; i < len; i++)
		if (!isdigit((unsigned char)text[i]))
			return false;
	return len && len <= NUMBER_DIGITS_MAX && (*text != '0' || len == 1);
}

/* The value of a filter in the name, decoded, to be freed; NULL: it is not there. 0, -ENOENT or -ENOMEM. */
static int query_value(const char *name, const struct filter *filter, char **ret) {
	size_t len = strlen(filter->name);
	*ret = NULL;
	for (const char *at = name; *at; at += strcspn(at, ","), at += *at == ',') {
		if (strncmp(at, filter->name, len) != 0 || at[len] != '=')
			continue;
		const char *value = at + len + 1;
		size_t value_len = strcspn(value, ",");
		if (*ret || memmem(value, value_len, "%00", 3)) { /* twice, or more than what would be asked for */
			free(take_pointer(*ret));
			return -ENOENT;
		}
		*ret = url_segment_dup(value, value_len);
		if (!*ret)
			return -ENOMEM;
	}
	if (*ret && (!name_is_id(*ret, strlen(*ret)) || (filter->number && !number_is_good(*ret)))) {
		free(take_pointer(*ret));
		return -ENOENT;
	}
	return 0;
}

int query_read(const struct filter *filters, const char *name, struct buffer *out) {
	size_t parts = 1, known = 0;
	for (const char *at = name; *at; at++)
		parts += *at == ',';
	for (const struct filter *filter = filters; filter && filter->name; filter++) {
		SCOPED(scope_free) char *value = NULL;
		int rc = query_value(name, filter, &value);
		if (rc)
			return rc;
		if (!value)
			continue;
		buffer_printf(out, "%s%s=", known++ ? "&" : "", filter->name);
		url_add_segment(out, value);
	}
	return known == parts ? out->error : -ENOENT;
}

/* ---- the answer ---- */

/* What the API answers to a directory's name, and the whole collection, by whose names things are called. */
static int query_lists(const struct view *view, const char *name, struct demand *demand, const struct list **ret,
	const struct list **ret_all) {
	SCOPED(buffer_free) struct buffer query = {0};
	int rc = query_read(view->kind->filters, name, &query);
	if (!rc)
		rc = store_list(view->fs->store, view->kind, &view->scope, demand, ret_all);
	return rc ? rc : store_query(view->fs->store, view->kind, &view->scope, query.data, demand, ret);
}

/*
 * The same resource in another list, be it under another name: where two have one name in the collection, the API may
 * answer only the second, and there it is the first. NULL: there is none; the two answers are not of one moment.
 */
static const struct item *item_in(const struct kind *kind, const struct list *list, const struct item *item) {
	char tail[NAME_SIZE];
	SCOPED(buffer_free) struct buffer twin = {0}, plain = {0}, both = {0};
	buffer_append(&plain, item->name, strcspn(item->name, "~")); /* escaped in names: it only parts a twin */
	json_text(json_at(item->json, kind->twin), &twin);
	name_escape(twin.data ? twin.data : "", twin.len, tail);
	buffer_printf(&both, "%s~%s", plain.data ? plain.data : "", tail);
	const char *const names[] = {item->name, plain.data, both.data};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const struct item *found = names[i] ? list_by_name(list, item->group, names[i]) : NULL;
		if (found && !strcmp(found->id, item->id) &&
			json_same(json_at(found->json, kind->twin), json_at(item->json, kind->twin)))
			return found;
	}
	return NULL;
}

int query_has_group(const struct view *view, const char *query, const char *group, struct demand *demand) {
	const struct list *list, *all;
	int rc = query_lists(view, query, demand, &list, &all);
	return rc ? rc : list_has_group(list, group) ? 0 : -ENOENT;
}

int query_child(const struct view *view, const char *name, struct demand *demand, const struct row **ret) {
	int rc;
	if (view->row->type == ROW_QUERIES) {
		SCOPED(buffer_free) struct buffer query = {0};
		rc = query_read(view->kind->filters, name, &query);
		*ret = &query_row;
	} else if (view->row->type == ROW_QUERY) {
		rc = query_has_group(view, view->node->name, name, demand);
		*ret = &query_group_row;
	} else {
		const struct list *list, *all;
		rc = query_lists(view, view->node->parent->name, demand, &list, &all);
		const struct item *item = rc ? NULL : list_by_name(all, view->node->name, name);
		if (!rc && (!item || !item_in(view->kind, list, item)))
			rc = -ENOENT;
		*ret = &query_link_row;
	}
	return rc;
}

int query_entries(const struct view *view, struct demand *demand, view_add *add, void *user) {
	const struct list *list, *all;
	bool whole = view->row->type == ROW_QUERY;
	int rc = query_lists(view, whole ? view->node->name : view->node->parent->name, demand, &list, &all);
	for (size_t i = 0; !rc && whole && i < list->groups.count; i++)
		rc = add(user, list->groups.at[i], &query_group_row);
	for (size_t i = 0; !rc && !whole && i < list->count; i++) {
		const struct item *item = &list->items[i];
		item = strcmp(item->group, view->node->name) != 0 ? NULL : item_in(view->kind, all, item);
		if (item)
			rc = add(user, item->name, &query_link_row);
	}
	return rc;
}
