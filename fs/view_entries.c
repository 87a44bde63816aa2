/* What is in a directory: the fixed rows, resources and what stands for them, links, members, scratch files. */
#include "view_own.h"

#include "../api/scope.h"
#include "member.h"
#include "query.h"
#include "shelf.h"

#include <errno.h>
#include <string.h>

/* Of a draft exists what was written, and .error. */
static bool draft_shows(const struct draft *draft, const struct row *row) {
	return row->type == ROW_ERROR || (row->type == ROW_SPEC && draft->has_text);
}

/* There is no such directory, perhaps any more: it was deleted elsewhere. Without memory its scratch files stay. */
static void scratch_forget(const struct view *view, const char *name) {
	SCOPED(buffer_free) struct buffer dir = {0};
	if ((!view->kind->create && !view->kind->remove) || view_place(view, &dir))
		return;
	buffer_printf(&dir, "/%s", name);
	if (!dir.error)
		scratch_dir_drop(view->fs->scratches, dir.data);
}

struct neighbours {
	const struct fs *fs;
	const char *place;
	const struct list *list;
};
static bool neighbour_there(void *user, const char *name) {
	const struct neighbours *all = user;
	return list_by_name(all->list, NULL, name) || draft_find(all->fs->drafts, all->place, name);
}

void view_tidy(const struct view *view, struct demand *demand) {
	SCOPED(buffer_free) struct buffer place = {0};
	struct scope scope = view_list_scope(view);
	struct neighbours all = {.fs = view->fs};
	if (view_place(view, &place) || store_list(view->fs->store, view->kind, &scope, demand, &all.list))
		return;
	all.place = place.data;
	scratch_dirs_keep(view->fs->scratches, all.place, neighbour_there, &all);
}

static int collection_child(const struct view *view, const char *name, struct demand *demand, const struct row **ret) {
	const struct kind *kind = view->kind;
	if (name[0] == '.' || view->scope.count == SCOPE_MAX)
		return -ENOENT; /* a resource's leading dot is escaped */
	int rc;
	if (kind->group && view->row->type == ROW_COLLECTION) {
		rc = view_group(view, name, demand);
		if (!rc)
			*ret = &group_row;
		return rc;
	}
	struct view resource = *view;
	rc = view_resource(&resource, name, "", demand);
	if (!rc)
		*ret = &resource_row;
	if (rc == -ENOENT) {
		scratch_forget(view, name);
		/* Who has a file in it open must not reach the next of that name. */
		node_retire(view->fs->nodes, view->node, name);
	}
	return rc;
}

/* The fixed rows of a directory; NULL: it has none. */
static const struct row *view_rows(const struct view *view) {
	return view->row->type == ROW_RESOURCE     ? view->kind->rows
	       : view->row->type == ROW_COLLECTION ? view->kind->beside
						   : view->row->rows;
}

/* Where people may put files of their own, a folder that is copied often has a README.txt. */
static bool help_gives_way(const struct view *view, const struct row *row) {
	struct scratch *scratch;
	return row->words && (view->draft || (view_holds_scratch(view) && !view_scratch(view, row->name, &scratch)));
}

const struct row *view_fixed(const struct view *view, const char *name) {
	const struct row *row = row_find(view_rows(view), name);
	return row && !help_gives_way(view, row) ? row : NULL;
}

static int resource_child(const struct view *view, const char *name, const struct row **ret) {
	struct json value;
	struct scratch *scratch;
	if (view->kind->loose)
		return member_find(view->json, view->kind->rows, name, ret, &value);
	int rc = view_holds_scratch(view) ? view_scratch(view, name, &scratch) : -ENOENT;
	if (!rc)
		*ret = scratch->link ? &scratch_link_row : &scratch_row;
	return rc;
}

int view_child(const struct view *view, const char *name, struct demand *demand, const struct row **ret) {
	const struct row *row = view->row;
	const struct row *found = view_fixed(view, name);
	if (found) {
		if (view->draft && !draft_shows(view->draft, found))
			return -ENOENT;
		*ret = found;
		return 0;
	}
	struct json value;
	int rc;
	switch (row->type) {
	case ROW_COLLECTION:
	case ROW_GROUP:
		return collection_child(view, name, demand, ret);
	case ROW_RESOURCE:
		return resource_child(view, name, ret);
	case ROW_OBJECT:
		rc = view_value(view, &value);
		return rc ? rc : member_find(value, NULL, name, ret, &value);
	case ROW_BY_ID: {
		const struct list *list;
		char id[NAME_SIZE];
		if (!name_unescape(name, id, sizeof id))
			return -ENOENT;
		rc = store_list(view->fs->store, view->kind, &view->scope, demand, &list);
		if (!rc && !list_by_id(list, id))
			rc = -ENOENT;
		if (!rc)
			*ret = &by_id_link_row;
		return rc;
	}
	case ROW_QUERIES:
	case ROW_QUERY:
	case ROW_QUERY_GROUP:
		return query_child(view, name, demand, ret);
	case ROW_SHELVES:
		rc = view_shelf(view, name, demand);
		if (!rc)
			*ret = &shelf_row;
		return rc;
	case ROW_SHELF: {
		const struct list *list;
		rc = store_list(view->fs->store, view->kind, &view->scope, demand, &list);
		if (!rc && !shelf_item(list, view->node->name, name))
			rc = -ENOENT;
		if (!rc)
			*ret = &shelf_link_row;
		return rc;
	}
	default:
		return -ENOENT;
	}
}

/* Calls `each` for drafts, with an absent `json`, and newborns that the list lacks. */
static int drafts_walk(
	const struct view *view, const struct list *list, struct demand *demand, view_newborn *each, void *user) {
	SCOPED(buffer_free) struct buffer place = {0};
	int rc = view->kind->create ? view_place(view, &place) : 0;
	if (rc || !place.data)
		return rc;
	for (struct draft *draft = draft_next(view->fs->drafts, place.data, NULL), *next; !rc && draft; draft = next) {
		next = draft_next(view->fs->drafts, place.data, draft);
		bool listed = list_by_name(list, NULL, draft->name) != NULL;
		struct json json = {0};
		if (!draft_settle(view->fs, draft, listed) || listed)
			continue;
		rc = draft->state == DRAFT_BORN ? newborn_check(view, draft, demand, &json) : 0;
		if (rc == -ENOENT)
			rc = 0;
		else if (!rc)
			rc = each(user, draft->name, json);
	}
	return rc;
}

struct walking {
	view_add *add;
	view_newborn *each;
	void *user;
};
static int walking_entry(void *user, const char *name, struct json json) {
	const struct walking *walking = user;
	(void)json;
	return walking->add(walking->user, name, &resource_row);
}
static int walking_newborn(void *user, const char *name, struct json json) {
	const struct walking *walking = user;
	return json.type == JSON_ABSENT ? 0 : walking->each(walking->user, name, json);
}

int view_newborns(const struct view *view, struct demand *demand, view_newborn *each, void *user) {
	struct walking walking = {.each = each, .user = user};
	const struct list *list;
	int rc = store_list(view->fs->store, view->kind, &view->scope, demand, &list);
	return rc ? rc : drafts_walk(view, list, demand, walking_newborn, &walking);
}

static int names_walk(const struct list_names *names, const struct row *row, view_add *add, void *user) {
	int rc = 0;
	for (size_t i = 0; !rc && i < names->count; i++)
		rc = add(user, names->at[i], row);
	return rc;
}

static int collection_walk(const struct view *view, struct demand *demand, view_add *add, void *user) {
	const struct list *list;
	int rc = store_list(view->fs->store, view->kind, &view->scope, demand, &list);
	if (!rc && view->row->type == ROW_SHELVES)
		rc = names_walk(&list->shelves, &shelf_row, add, user);
	if (rc || view->row->type != ROW_COLLECTION)
		return rc;
	if (view->kind->group)
		rc = names_walk(&list->groups, &group_row, add, user);
	struct walking walking = {.add = add, .user = user};
	return rc ? rc : drafts_walk(view, list, demand, walking_entry, &walking);
}

int view_list(const struct view *view, struct demand *demand, const struct list **ret) {
	bool many = view->row->type == ROW_GROUP || view->row->type == ROW_BY_ID || view->row->type == ROW_SHELF ||
		    (view->row->type == ROW_COLLECTION && !view->kind->group);
	*ret = NULL;
	return many ? store_list(view->fs->store, view->kind, &view->scope, demand, ret) : 0;
}

bool list_entry(const struct list *list, size_t index, const struct node *dir, char space[static NAME_SIZE],
	const char **ret_name, const struct row **ret_row) {
	const struct item *item = &list->items[index];
	if (dir->row->type == ROW_GROUP && strcmp(item->group, dir->name) != 0)
		return false;
	*ret_name = item->name;
	*ret_row = dir->row->type == ROW_SHELF ? &shelf_link_row : &resource_row;
	if (dir->row->type == ROW_SHELF)
		return item->shelf && !strcmp(item->shelf, dir->name);
	if (dir->row->type != ROW_BY_ID)
		return true;
	name_escape(item->id, strlen(item->id), space);
	*ret_name = space;
	*ret_row = &by_id_link_row;
	return list_by_id(list, item->id) == item;
}

static bool row_there(const struct view *view, const struct row *row, struct demand *demand) {
	SCOPED(buffer_free) struct buffer text = {0};
	if (row->unlisted || help_gives_way(view, row))
		return false;
	return !row->optional || !row->text(view, demand, &text);
}

static int scratch_walk(const struct view *view, view_add *add, void *user) {
	SCOPED(buffer_free) struct buffer dir = {0};
	int rc = view_holds_scratch(view) ? view_scratch_dir(view, &dir) : 0;
	if (rc || !dir.data)
		return rc;
	for (struct scratch *at = NULL; !rc && (at = scratch_next(view->fs->scratches, dir.data, at));)
		rc = add(user, at->name, at->link ? &scratch_link_row : &scratch_row);
	return rc;
}

int view_entries(const struct view *view, struct demand *demand, view_add *add, void *user) {
	const struct row *row = view->row;
	const struct row *fixed = view_rows(view);
	int rc = 0;
	struct json value;
	for (const struct row *at = fixed; !rc && at && at->name; at++)
		if ((!view->draft || draft_shows(view->draft, at)) && row_there(view, at, demand))
			rc = add(user, at->name, at);
	if (rc)
		return rc;
	switch (row->type) {
	case ROW_COLLECTION:
	case ROW_GROUP:
	case ROW_BY_ID:
	case ROW_SHELVES:
	case ROW_SHELF:
		return collection_walk(view, demand, add, user);
	case ROW_RESOURCE:
		return view->kind->loose ? members_walk(view->json, fixed, add, user, NULL)
					 : scratch_walk(view, add, user);
	case ROW_OBJECT:
		rc = view_value(view, &value);
		return rc ? rc : members_walk(value, NULL, add, user, NULL);
	case ROW_QUERY:
	case ROW_QUERY_GROUP:
		return query_entries(view, demand, add, user);
	default:
		return 0;
	}
}
