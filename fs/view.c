#include "view_own.h"

#include "../api/scope.h"
#include "accepted.h"
#include "idle.h"
#include "kept.h"
#include "query.h"

#include <errno.h>
#include <string.h>

enum { DEPTH_MAX = 64 };

static const char draft_text_name[] = "spec.json.draft";

/* ---- the way to a node ---- */

struct scope view_list_scope(const struct view *view) {
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

struct draft *draft_settle(struct fs *fs, struct draft *draft, bool listed) {
	if (draft->state == DRAFT_BUSY || draft->state == DRAFT_DOUBT || !listed)
		return draft;
	if (draft->state == DRAFT_OPEN && !draft_text_keep(fs, draft))
		return draft;
	draft_remove(fs->drafts, draft);
	fs->settled_ms = fs->now_ms;
	return NULL;
}

int newborn_check(const struct view *view, struct draft *draft, struct demand *demand, struct json *ret) {
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

int view_resource(struct view *view, const char *name, const char *own_id, struct demand *demand) {
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

int view_group(const struct view *view, const char *name, struct demand *demand) {
	const struct list *list;
	int rc = store_list(view->fs->store, view->kind, &view->scope, demand, &list);
	return rc ? rc : list_has_group(list, name) ? 0 : -ENOENT;
}

int view_shelf(const struct view *view, const char *name, struct demand *demand) {
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

int view_scratch(const struct view *view, const char *name, struct scratch **ret) {
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
