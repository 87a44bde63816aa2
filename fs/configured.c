#include "configured.h"

#include "../api/scope.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct configured {
	struct list *orgs;      /* NULL: none */
	struct list **projects; /* of orgs->items[i]; NULL: what the API lists */
};

/* A list as the tenant API would have answered it. */
static int list_make(const struct kind *kind, const struct buffer *json, struct list **ret, struct error *err) {
	SCOPED(scope_free) char *body = json->error ? NULL : strdup(json->data);
	struct json root;
	enum json_verdict verdict = body ? json_scan(body, json->len, &root, NULL) : JSON_NO_MEMORY;
	if (verdict != JSON_OK && verdict != JSON_NO_MEMORY)
		return error_set(err, EINVAL, "an organisation or project id is not UTF-8 text");
	struct api_pages *pages = verdict == JSON_OK ? calloc(1, sizeof *pages) : NULL;
	if (pages)
		pages->pages = calloc(1, sizeof *pages->pages);
	if (pages && pages->pages)
		pages->pages[0] = api_page_new(take_pointer(body), json->len, root);
	if (!pages || !pages->pages || !pages->pages[0]) {
		api_pages_free(pages);
		return error_set(err, ENOMEM, "no memory for the configuration");
	}
	pages->count = 1;
	return list_new(kind, pages, ret, err);
}

static void list_add_id(struct buffer *json, const char *id) {
	buffer_add(json, json->len > 1 ? ",{\"id\":" : "{\"id\":");
	json_quote(id, json);
	buffer_byte(json, '}');
}

static int configured_projects(
	struct configured *configured, const struct configured_project *projects, struct error *err) {
	SCOPED(buffer_free) struct buffer json = {0};
	configured->projects = calloc(configured->orgs->count, sizeof *configured->projects);
	if (!configured->projects)
		return error_set(err, ENOMEM, "no memory for the configuration");
	for (size_t i = 0; i < configured->orgs->count; i++) {
		buffer_clear(&json);
		buffer_byte(&json, '[');
		for (const struct configured_project *project = projects; project && project->id; project++)
			if (!strcmp(project->org, configured->orgs->items[i].id))
				list_add_id(&json, project->id);
		buffer_byte(&json, ']');
		int rc = json.error || json.len > 2
				 ? list_make(&kinds[KIND_PROJECT], &json, &configured->projects[i], err)
				 : 0;
		if (rc)
			return rc;
	}
	return 0;
}

int configured_new(const char *const *orgs, const struct configured_project *projects, struct configured **ret,
	struct error *err) {
	struct configured *configured = calloc(1, sizeof *configured);
	SCOPED(buffer_free) struct buffer json = {0};
	if (!configured)
		return error_set(err, ENOMEM, "no memory for the configuration");
	buffer_byte(&json, '[');
	for (const char *const *org = orgs; org && *org; org++)
		list_add_id(&json, *org);
	buffer_byte(&json, ']');
	int rc = 0;
	if (json.error || json.len > 2) {
		rc = list_make(&kinds[KIND_ORG], &json, &configured->orgs, err);
		if (!rc)
			rc = configured_projects(configured, projects, err);
	}
	if (rc) {
		configured_free(configured);
		return rc;
	}
	*ret = configured;
	return 0;
}

void configured_free(struct configured *configured) {
	if (!configured)
		return;
	for (size_t i = 0; configured->projects && i < configured->orgs->count; i++)
		list_release(configured->projects[i]);
	free(configured->projects);
	list_release(configured->orgs);
	free(configured);
}

const struct list *configured_list(
	const struct configured *configured, const struct kind *kind, const struct scope *scope) {
	if (!configured->orgs)
		return NULL;
	if (kind == &kinds[KIND_ORG])
		return configured->orgs;
	if (kind != &kinds[KIND_PROJECT])
		return NULL;
	const struct item *org = list_by_id(configured->orgs, scope->ids[0]);
	return org ? configured->projects[org - configured->orgs->items] : NULL;
}

bool configured_names(const struct configured *configured, const struct scope *scope) {
	const struct list *orgs = configured->orgs;
	const struct item *org = orgs && scope->count ? list_by_id(orgs, scope->ids[0]) : NULL;
	const struct list *projects = org ? configured->projects[org - orgs->items] : NULL;
	return scope->count < 2 ? org != NULL : projects && list_by_id(projects, scope->ids[1]);
}
