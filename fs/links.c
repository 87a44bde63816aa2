#include "links.h"

#include "../api/scope.h"
#include "name.h"
#include "shelf.h"
#include "view.h"

#include <errno.h>
#include <string.h>

/* From the directory that holds the link up to the mount's root. */
static void link_up(const struct view *view, struct buffer *out) {
	for (const struct node *at = view->node->parent; at && at->parent; at = at->parent)
		buffer_add(out, "../");
}

static void link_name(struct buffer *out, const char *name) {
	char escaped[NAME_SIZE];
	name_escape(name, strlen(name), escaped);
	buffer_add(out, escaped);
}

/* The first of some members that is there. */
static char *member_text(const struct view *view, const char *const *pointers) {
	for (; *pointers; pointers++) {
		struct json value = json_at(view->json, *pointers);
		if (value.type == JSON_STRING)
			return json_text_dup(value);
	}
	return strdup("");
}

int link_template(const struct view *view, struct demand *demand, struct buffer *out) {
	static const char *const pointers[] = {"/templateID", NULL};
	SCOPED(scope_free) char *id = member_text(view, pointers);
	if (!id)
		return -ENOMEM;
	const struct list *list = NULL;
	struct scope scope = {.ids = {view->scope.ids[0]}, .count = 1};
	link_up(view, out);
	/* What cannot be asked just now does not stop a link from being shown: its plain target is right in nearly all
	 * cases. */
	int rc = store_optional(view->fs->store, &kinds[KIND_TEMPLATE], &scope, demand, &list);
	if (demand_ends(rc))
		return rc;
	if (rc || list_by_id(list, id)) {
		buffer_add(out, "templates/");
		link_name(out, id);
		return 0;
	}
	rc = store_optional(view->fs->store, &kinds[KIND_CUSTOM_TEMPLATE], &scope, demand, &list);
	if (demand_ends(rc))
		return rc;
	const struct item *item = rc ? NULL : list_by_id(list, id);
	if (item) {
		buffer_add(out, "orgs/");
		link_name(out, scope.ids[0]);
		buffer_printf(out, "/templates/%s", item->name);
	} else {
		buffer_add(out, "templates/");
		link_name(out, id);
	}
	return 0;
}

int link_gpu(const struct view *view, struct demand *demand, struct buffer *out) {
	static const char *const regions[] = {"/region", NULL}, *const configs[] = {
									"/gpuConfigID", "/gpu_config_id", NULL};
	(void)demand;
	SCOPED(scope_free) char *region = member_text(view, regions);
	SCOPED(scope_free) char *config = member_text(view, configs);
	if (!region || !config)
		return -ENOMEM;
	link_up(view, out);
	buffer_add(out, "inventory/");
	link_name(out, region);
	buffer_byte(out, '/');
	link_name(out, config);
	return 0;
}

int link_model(const struct view *view, struct demand *demand, struct buffer *out) {
	static const char *const pointers[] = {"/model_id", NULL};
	SCOPED(scope_free) char *model = member_text(view, pointers);
	SCOPED(scope_free) char *id = NULL;
	if (!model)
		return -ENOMEM;
	link_up(view, out);
	int rc = catalog_id(view, model, demand, &id);
	if (rc)
		return rc;
	buffer_add(out, "catalog/");
	link_name(out, id);
	return 0;
}

int catalog_id(const struct view *view, const char *model_id, struct demand *demand, char **ret) {
	const struct scope scope = {0};
	const struct list *list = NULL;
	int rc = store_optional(view->fs->store, &kinds[KIND_CATALOG], &scope, demand, &list);
	if (demand_ends(rc))
		return rc;
	for (size_t i = 0; !rc && i < list->count; i++)
		if (json_string_is(json_at(list->items[i].json, "/model_id"), model_id)) {
			*ret = strdup(list->items[i].id);
			return *ret ? 0 : -ENOMEM;
		}
	/* The catalog's ids are the models' paths with '-' for '/': right for what the catalog no longer lists. */
	char *id = strdup(model_id);
	if (!id)
		return -ENOMEM;
	for (char *at = id; *at; at++)
		if (*at == '/')
			*at = '-';
	*ret = id;
	return 0;
}

int project_known(
	const struct view *view, struct demand *demand, const struct item **ret_org, const struct item **ret_project) {
	/* Only what is known without a request: the root answers while the network is gone. */
	struct demand look = {.since_ms = INT64_MAX, .peeks = true, .until_ms = demand->until_ms};
	struct store *store = view->fs->store;
	struct scope scope = {0};
	const struct list *orgs, *projects;
	if (store_list(store, &kinds[KIND_ORG], &scope, &look, &orgs) || orgs->count != 1)
		return -ENOENT;
	scope.ids[scope.count++] = orgs->items[0].id;
	if (store_list(store, &kinds[KIND_PROJECT], &scope, &look, &projects) || projects->count != 1)
		return -ENOENT;
	demand->until_ms = look.until_ms;
	*ret_org = &orgs->items[0];
	*ret_project = &projects->items[0];
	return 0;
}

int link_project(const struct view *view, struct demand *demand, struct buffer *out) {
	const struct item *org, *project;
	int rc = project_known(view, demand, &org, &project);
	if (!rc)
		buffer_printf(out, "orgs/%s/projects/%s", org->name, project->name);
	return rc;
}

/* ---- within a collection ---- */

int link_by_id(const struct view *view, struct demand *demand, struct buffer *out) {
	const struct list *list;
	char id[NAME_SIZE];
	int rc = store_list(view->fs->store, view->kind, &view->scope, demand, &list);
	if (rc)
		return rc;
	const struct item *item = name_unescape(view->node->name, id, sizeof id) ? list_by_id(list, id) : NULL;
	if (!item)
		return -ENOENT;
	buffer_add(out, "../");
	item_path(item, out);
	return 0;
}

int link_shelf(const struct view *view, struct demand *demand, struct buffer *out) {
	const struct list *list;
	int rc = store_list(view->fs->store, view->kind, &view->scope, demand, &list);
	if (rc)
		return rc;
	const struct item *item = shelf_item(list, view->node->parent->name, view->node->name);
	if (!item)
		return -ENOENT;
	buffer_add(out, "../../");
	item_path(item, out);
	return 0;
}

int link_query(const struct view *view, struct demand *demand, struct buffer *out) {
	(void)demand;
	buffer_printf(out, "../../../%s/%s", view->node->parent->name, view->node->name);
	return 0;
}
