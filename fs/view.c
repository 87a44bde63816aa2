#include "view.h"

#include "../api/scope.h"
#include "accepted.h"
#include "idle.h"
#include "kept.h"
#include "name.h"
#include "query.h"
#include "shelf.h"

#include <errno.h>
#include <string.h>

enum { DEPTH_MAX = 64 };

static const char draft_text_name[] = "spec.json.draft";

/* ---- the way to a node ---- */

/* The ids that the list path of the view's collection needs. */
static struct scope view_list_scope(const struct view *view) {
	struct scope scope = view->scope;
	if (view->resource && scope.count && !view->draft)
		scope.count--; /* the resource's own id is no part of its collection */
	return scope;
}

int view_place(const struct view *view, struct buffer *out) {
	struct scope scope = view_list_scope(view);
	return store_path(view->kind->docs[DOC_LIST].path, &scope, out);
}

/* The draft `name` of the view's collection, NULL if there is none. 0 or -ENOMEM. */
static int view_draft(const struct view *view, const char *name, struct draft **ret) {
	SCOPED(buffer_free) struct buffer place = {0};
	int rc = view->kind->create ? view_place(view, &place) : 0;
	*ret = place.data && !rc ? draft_find(view->fs->drafts, place.data, name) : NULL;
	return rc;
}

/*
 * What somebody wrote into a draft whose name another has taken: beside the resource it can be read, and moved into
 * another draft. False without memory.
 */
static bool draft_text_keep(struct fs *fs, const struct draft *draft) {
	SCOPED(buffer_free) struct buffer dir = {0};
	struct scratch *scratch;
	if (!draft->text.len)
		return true;
	buffer_printf(&dir, "%s/%s", draft->place, draft->name);
	if (dir.error || scratch_find(fs->scratches, dir.data, draft_text_name) ||
		scratch_new(fs->scratches, dir.data, draft_text_name, 0600, fs->now, &scratch))
		return false;
	int rc = scratch_write(scratch, draft->text.data, draft->text.len, 0, fs->now);
	if (rc)
		scratch_unlink(scratch, NULL);
	return !rc;
}

/* A listing that has the resource replaces the draft. One whose create is under way belongs to that until it ends, and
 * one whose text cannot be kept stays behind: the resource hides them. */
static struct draft *draft_settle(struct fs *fs, struct draft *draft, bool listed) {
	if (draft->state == DRAFT_BUSY || draft->state == DRAFT_DOUBT || !listed)
		return draft;
	if (draft->state == DRAFT_OPEN && !draft_text_keep(fs, draft))
		return draft;
	draft_remove(fs->drafts, draft);
	fs->settled_ms = fs->now_ms;
	return NULL;
}

/*
 * A newborn that the listing lacks: either the listing lags behind, or it is gone again. The resource's own answer
 * decides; where that cannot be had, the answer to the create stands, for this moment. 0 with the resource,
 * DEMAND_PARKED, or -ENOENT: then the draft is gone.
 */
static int newborn_check(const struct view *view, struct draft *draft, struct demand *demand, struct json *ret) {
	struct scope scope = view->scope;
	scope.ids[scope.count++] = draft->id;
	int rc = store_document(view->fs->store, view->kind, DOC_ITEM, &scope, demand, ret);
	if (rc == -ENOENT)
		draft_remove(view->fs->drafts, draft);
	if (rc == DEMAND_PARKED || rc == -ENOENT)
		return rc;
	if (rc) {
		*ret = draft->json;
		demand->until_ms = 0;
	}
	return 0;
}

static int view_probe(struct view *view, const char *name, struct demand *demand) {
	char id[NAME_SIZE];
	if (!name_unescape(name, id, sizeof id) || !name_is_id(id, strlen(id)))
		return -ENOENT;
	struct scope scope = view->scope;
	scope.ids[scope.count++] = id;
	return store_probe(view->fs->store, view->kind, &scope, demand);
}

/* Finds the resource `name` of the view's collection and makes the view one of it. */
static int view_resource(struct view *view, const char *name, const char *own_id, struct demand *demand) {
	const struct kind *kind = view->kind;
	const struct list *list = NULL;
	int rc = store_list(view->fs->store, kind, &view->scope, demand, &list);
	if (rc == DEMAND_PARKED)
		return rc;
	const struct item *item = list ? list_by_name(list, view->group, name) : NULL;
	struct draft *draft;
	int no_memory = view_draft(view, name, &draft);
	if (no_memory)
		return no_memory;
	if (draft && list)
		draft = draft_settle(view->fs, draft, item != NULL);
	if (item) {
		view->json = item->json;
		view->scope.ids[view->scope.count++] = item->id;
		return 0;
	}
	if (draft && draft->state == DRAFT_BORN) {
		rc = newborn_check(view, draft, demand, &view->json);
		if (!rc)
			view->scope.ids[view->scope.count++] = draft->id;
		return rc;
	}
	if (draft) {
		view->draft = draft;
		return 0;
	}
	if (kind->probe) {
		rc = view_probe(view, name, demand);
		if (!rc)
			view->scope.ids[view->scope.count++] = own_id;
		return rc;
	}
	return rc ? rc : -ENOENT;
}

static int view_group(const struct view *view, const char *name, struct demand *demand) {
	const struct list *list;
	int rc = store_list(view->fs->store, view->kind, &view->scope, demand, &list);
	return rc ? rc : list_has_group(list, name) ? 0 : -ENOENT;
}

static int view_shelf(const struct view *view, const char *name, struct demand *demand) {
	const struct list *list;
	int rc = store_list(view->fs->store, view->kind, &view->scope, demand, &list);
	return rc ? rc : list_has_shelf(list, name) ? 0 : -ENOENT;
}

bool view_holds_scratch(const struct view *view) {
	return view->row->type == ROW_RESOURCE && (view->kind->create || view->kind->remove);
}

int view_scratch_dir(const struct view *view, struct buffer *out) {
	int rc = view_place(view, out);
	buffer_printf(out, "/%s", view->resource->name);
	return rc ? rc : out->error;
}

/* The scratch file `name` of the view's draft or resource. 0, -ENOMEM or -ENOENT. */
static int view_scratch(const struct view *view, const char *name, struct scratch **ret) {
	SCOPED(buffer_free) struct buffer dir = {0};
	int rc = view_scratch_dir(view, &dir);
	struct scratch *found = rc ? NULL : scratch_find(view->fs->scratches, dir.data, name);
	if (!found)
		return rc ? rc : -ENOENT;
	*ret = found;
	return 0;
}

bool view_backed_up(const struct view *view) {
	SCOPED(buffer_free) struct buffer dir = {0};
	if (!row_has_text(view->row) || !view->resource || view_scratch_dir(view, &dir))
		return false;
	for (struct scratch *at = NULL; (at = scratch_next(view->fs->scratches, dir.data, at));)
		if (at->backup == view->row)
			return true;
	return false;
}

int view_open(struct fs *fs, struct node *node, struct demand *demand, struct view *ret) {
	struct node *chain[DEPTH_MAX];
	size_t depth = 0;
	struct scratch *nameless = row_is_scratch(node->row) ? scratch_of_node(fs->scratches, node) : NULL;
	if (nameless) {
		*ret = (struct view){.fs = fs, .node = node, .row = node->row, .scratch = nameless};
		return 0;
	}
	const struct node *lowest = NULL; /* the lowest collection: resources above it are only ids */
	for (struct node *at = node; at; at = at->parent) {
		if (depth == DEPTH_MAX)
			return -ENAMETOOLONG;
		chain[depth++] = at;
		if (!lowest && at->row->type == ROW_COLLECTION)
			lowest = at;
	}
	struct view view = {.fs = fs, .node = node, .row = node->row};
	bool above = lowest != NULL;
	while (depth--) {
		struct node *at = chain[depth];
		if (at == lowest)
			above = false;
		if (at->row->type == ROW_COLLECTION) {
			view.kind = at->row->kind;
			view.collection = at;
			view.resource = NULL;
			view.group = NULL;
			view.json = (struct json){0};
		} else if (at->row->type == ROW_GROUP) {
			int rc = view_group(&view, at->name, demand);
			if (rc)
				return rc;
			view.group = at->name;
		} else if (at->row->type == ROW_QUERY_GROUP) {
			int rc = query_has_group(&view, at->parent->name, at->name, demand);
			if (rc)
				return rc;
		} else if (at->row->type == ROW_SHELF) {
			int rc = view_shelf(&view, at->name, demand);
			if (rc)
				return rc;
		} else if (at->row->type == ROW_RESOURCE) {
			if (view.scope.count == SCOPE_MAX)
				return -ENOENT;
			int rc = 0;
			if (above && at->id)
				view.scope.ids[view.scope.count++] = at->id;
			else
				rc = view_resource(&view, at->name, at->id, demand);
			if (rc)
				return rc;
			view.resource = at;
		}
	}
	int rc = 0;
	if (row_is_scratch(node->row))
		rc = node_retired(node) ? -ENOENT : view_scratch(&view, node->name, &view.scratch);
	if (!rc)
		*ret = view;
	return rc;
}

/* ---- entries ---- */

/* Of a draft exists what was written, and .error. */
static bool draft_shows(const struct draft *draft, const struct row *row) {
	return row->type == ROW_ERROR || (row->type == ROW_SPEC && draft->has_text);
}

const struct row *value_looks(struct json value, const char *key, char ret_name[static 256 + 8]) {
	strcpy(ret_name, key);
	if (value.type == JSON_OBJECT)
		return &object_row;
	if (value.type == JSON_ARRAY)
		for (struct json_iter iter = json_iter(value); json_next(&iter);)
			if (iter.value.type >= JSON_ARRAY) {
				strcat(ret_name, ".json");
				break;
			}
	return &value_row;
}

/*
 * The file of a member; NULL if its name would be too long or cut. Only what holds objects has the ending .json: in the
 * name of another member that is %2Ejson, so that no two have one name.
 */
static const struct row *member_looks(struct json key, struct json value, char ret_name[static 256 + 8]) {
	static const char ending[] = ".json";
	char escaped[NAME_SIZE];
	name_escape(key.text, key.len, escaped);
	if (strchr(escaped, '~'))
		return NULL;
	const struct row *row = value_looks(value, escaped, ret_name);
	size_t len = strlen(ret_name), plain = strlen(escaped);
	if (len == plain && len >= sizeof ending && !strcmp(escaped + len - strlen(ending), ending)) {
		strcpy(ret_name + len - strlen(ending), "%2Ejson");
		len += 2;
	}
	return len < NAME_SIZE ? row : NULL;
}

/* Calls `add` for each member as it would be named. */
static int members_walk(
	struct json object, const struct row *fixed, view_add *add, void *user, struct json *ret_value) {
	for (struct json_iter iter = json_iter(object); json_next(&iter);) {
		SCOPED(buffer_free) struct buffer key = {0};
		json_text(iter.key, &key);
		if (key.error)
			return key.error;
		char name[256 + 8];
		const struct json text = {.text = key.data ? key.data : "", .len = key.len};
		const struct row *row = member_looks(text, iter.value, name);
		if (!row || row_find(fixed, name))
			continue; /* info.json still has it */
		if (ret_value)
			*ret_value = iter.value;
		int rc = add(user, name, row);
		if (rc)
			return rc;
	}
	return 0;
}

struct wanted {
	const char *name;
	const struct row *row;
};
static int wanted_is(void *user, const char *name, const struct row *row) {
	struct wanted *wanted = user;
	if (strcmp(name, wanted->name) != 0)
		return 0;
	wanted->row = row;
	return 1;
}

static int member_find(
	struct json object, const struct row *fixed, const char *name, const struct row **ret_row, struct json *ret) {
	struct wanted wanted = {.name = name};
	struct json value = {0};
	int rc = members_walk(object, fixed, wanted_is, &wanted, &value);
	if (rc < 0)
		return rc;
	if (!wanted.row)
		return -ENOENT;
	*ret_row = wanted.row;
	*ret = value;
	return 0;
}

/* From the resource down the names to the node. */
static int value_at(const struct view *view, const struct node *node, struct json *ret) {
	if (node == view->resource) {
		*ret = view->json;
		return 0;
	}
	struct json parent;
	const struct row *row;
	int rc = value_at(view, node->parent, &parent);
	const struct row *fixed = node->parent == view->resource ? view->kind->rows : NULL;
	return rc ? rc : member_find(parent, fixed, node->name, &row, ret);
}

int view_value(const struct view *view, struct json *ret) {
	return value_at(view, view->node, ret);
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

const struct row *view_rows(const struct view *view) {
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

/* ---- documents ---- */

bool view_leaving(const struct view *view) {
	const struct kind *kind = view->kind;
	long long replicas;
	return (kind->terminating && json_string_is(json_at(view->json, kind->status), kind->terminating)) ||
	       (accepted_find(view->fs->accepted, kind, &view->scope, view->fs->now_ms, &replicas) &&
		       replicas == ACCEPTED_DELETE);
}

bool view_moving(const struct view *view) {
	return kind_moving(view->kind, view->json);
}

int view_document(const struct view *view, enum doc doc, struct demand *demand, struct json *ret) {
	*ret = view->json;
	if (doc == DOC_LIST || view->draft)
		return 0;
	int rc = store_document(view->fs->store, view->kind, doc, &view->scope, demand, ret);
	if (!rc && doc == DOC_METRICS)
		return idle_measured(view, *ret, demand->fetched_ms);
	if (rc == -ENOENT && doc == DOC_METRICS) { /* none are measured before it runs */
		*ret = (struct json){0};
		return 0;
	}
	if (rc == -ENOENT) { /* gone, whatever an older list or our own create say */
		draft_unborn(view->fs->drafts, view->kind, view->scope.ids[view->scope.count - 1]);
		store_forget_list(view->fs->store, view->kind, &view->scope);
		kept_forget(view->fs, view->resource);
	}
	return rc;
}

struct node *view_forget(const struct view *view) {
	bool wide = !view->kind || view->kind->by_id; /* the root, an organisation, a project: all that is below */
	struct node *resource = wide || view->draft ? NULL : view->resource;
	if (wide)
		store_forget_all(view->fs->store);
	else if (resource)
		store_forget_resource(view->fs->store, view->kind, &view->scope);
	else
		store_forget_below(view->fs->store, view->kind, &view->scope);
	if (view->kind)
		store_forget_list(view->fs->store, view->kind, &view->scope);
	return resource;
}
