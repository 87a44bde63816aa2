#include "template.h"

#include "call.h"
#include "check.h"
#include "world.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEMPLATES_MAX = 100 }; /* the organisation's quota */

struct template {
	struct resource resource;
	char created_by[37];
	int64_t validated_ms;
	bool broken;       /* validation never passes */
	char *description; /* owned, as are the following; they may be NULL where the document allows null */
	char *image;
	char *username;
	char *category;
};

static struct template *of(struct resource *resource) {
	return (struct template *)resource;
}

void template_free(struct resource *resource) {
	struct template *template = of(resource);
	if (!template)
		return;
	free(template->description);
	free(template->image);
	free(template->username);
	free(template->category);
	free(template);
}

static bool template_active(const struct template *template, int64_t now_ms) {
	return !template->broken && now_ms >= template->validated_ms;
}

bool template_find(const struct org *org, const char *id, int64_t now_ms, struct template_facts *ret_facts) {
	if (platform_find(id, ret_facts))
		return true;
	struct resource *resource = collection_find_id(&org->templates, id);
	if (!resource)
		return false;
	*ret_facts = (struct template_facts){.active = template_active(of(resource), now_ms), .app = "JupyterLab"};
	memcpy(ret_facts->id, resource->id, sizeof ret_facts->id);
	memcpy(ret_facts->name, resource->name, sizeof ret_facts->name);
	return true;
}

static void template_write(const struct template *template, const struct org *org, int64_t now_ms, struct json *json) {
	bool active = template_active(template, now_ms);
	json_open(json, NULL, '{');
	json_string(json, "id", template->resource.id);
	json_string(json, "name", template->resource.name);
	json_string(json, "description", template->description);
	json_string(json, "image", template->image);
	json_string(json, "oci_registry_username", template->username);
	json_open(json, "apps", '[');
	/* What the image exposes is only known once it was looked into. */
	if (active) {
		json_open(json, NULL, '{');
		json_string(json, "name", "JupyterLab");
		json_integer(json, "port", 8888);
		json_string(json, "protocol", "HTTP");
		json_boolean(json, "isUI", true);
		json_close(json, '}');
	}
	json_close(json, ']');
	json_string(json, "owner_org_id", org->id);
	json_string(json, "status", active ? "Active" : "Inactive");
	json_string(json, "created_by", template->created_by);
	json_string(json, "category", template->category);
	json_time(json, "created_at", template->resource.created_ms);
	json_close(json, '}');
}

/* "tpl-my-image-1f2e3d4c": readable, and no two alike. */
static void id_from_name(struct world *world, const char *name, char *ret_id, size_t size) {
	char slug[25];
	size_t len = 0;
	for (; *name && len < sizeof slug - 1; name++)
		if (isalnum((unsigned char)*name))
			slug[len++] = (char)tolower((unsigned char)*name);
		else if (len && slug[len - 1] != '-')
			slug[len++] = '-';
	while (len && slug[len - 1] == '-')
		len--;
	slug[len] = '\0';
	snprintf(ret_id, size, "tpl-%s%s%08x", slug, len ? "-" : "", (unsigned)(world_random(world) >> 32));
}

/* A copy in `*ret_copy`, or NULL for NULL. False: out of memory. */
static bool copy(const char *string, char **ret_copy) {
	*ret_copy = string ? strdup(string) : NULL;
	return !string || *ret_copy;
}

int template_seed(struct world *world, struct org *org, const char *id, const char *name, int64_t created_ms) {
	struct template *template = calloc(1, sizeof *template);
	if (!template)
		return -ENOMEM;
	char description[200];
	char image[200];
	snprintf(description, sizeof description, "The team's image \"%s\"", name);
	snprintf(image, sizeof image, "ghcr.io/demo-labs/%s:v1", name);
	snprintf(template->resource.id, sizeof template->resource.id, "%s", id);
	snprintf(template->resource.name, sizeof template->resource.name, "%s", name);
	template->resource.created_ms = created_ms;
	template->validated_ms = created_ms + WORLD_VALIDATE_MS;
	world_uuid(world, template->created_by);
	int error = -ENOMEM;
	if (copy(description, &template->description) && copy(image, &template->image) &&
		copy("demo-labs", &template->username) && copy("LLM", &template->category))
		error = collection_add(&org->templates, &template->resource);
	if (error)
		template_free(&template->resource);
	return error;
}

void template_list(struct call *call) {
	const struct collection *templates = &call->org->templates;
	struct json *json = &call->answer.body;
	json_open(json, NULL, '{');
	json_open(json, "data", '[');
	for (size_t i = 0; i < templates->len; i++)
		template_write(of(templates->items[i]), call->org, call->now_ms, json);
	json_close(json, ']');
	json_close(json, '}');
}

void template_create(struct call *call) {
	static const struct rule rules[] = {
		{.name = "name",
			.type = RULE_STRING,
			.required = true,
			.min = 3,
			.max = 100,
			.matches = form_title,
			.form = "letters, digits, spaces, hyphens and underscores"},
		{.name = "description", .type = RULE_STRING, .required = true},
		{.name = "image",
			.type = RULE_STRING,
			.required = true,
			.min = 1,
			.max = 1000,
			.matches = form_image,
			.form = "an image reference with a tag or digest, like ghcr.io/org/image:v1"},
		{.name = "oci_registry_username", .type = RULE_STRING},
		{.name = "oci_registry_token", .type = RULE_STRING},
		{.name = "category", .type = RULE_STRING, .required = true, .min = 1},
	};
	const cJSON *body = call_body(call);
	if (!body || !check_object(call, body, "", rules, sizeof rules / sizeof *rules, false))
		return;
	struct org *org = call->org;
	const char *name = member_string(body, "name", "");
	if (collection_find_name(&org->templates, name)) {
		call_refuse(call, 409, "conflict", "name: a template named \"%s\" exists in this organisation", name);
		return;
	}
	if (org->templates.len >= TEMPLATES_MAX) {
		call_invalid(call, "the organisation's quota of %d templates is used up", TEMPLATES_MAX);
		return;
	}
	struct template *template = calloc(1, sizeof *template);
	if (!template) {
		call_out_of_memory(call);
		return;
	}
	id_from_name(call->world, name, template->resource.id, sizeof template->resource.id);
	snprintf(template->resource.name, sizeof template->resource.name, "%s", name);
	template->resource.created_ms = call->now_ms;
	template->validated_ms = call->now_ms + WORLD_VALIDATE_MS;
	template->broken = name_fails(name);
	world_uuid(call->world, template->created_by);
	if (!copy(member_string(body, "description", ""), &template->description) ||
		!copy(member_string(body, "image", ""), &template->image) ||
		!copy(member_string(body, "oci_registry_username", NULL), &template->username) ||
		!copy(member_string(body, "category", ""), &template->category) ||
		collection_add(&org->templates, &template->resource)) {
		template_free(&template->resource);
		call_out_of_memory(call);
		return;
	}
	call->answer.status = 201;
	template_write(template, org, call->now_ms, &call->answer.body);
}

void template_get(struct call *call) {
	struct resource *resource = collection_find_id(&call->org->templates, call->args[0]);
	if (resource)
		template_write(of(resource), call->org, call->now_ms, &call->answer.body);
	else
		call_not_found(call, "the template");
}

void template_delete(struct call *call) {
	struct resource *resource = collection_find_id(&call->org->templates, call->args[0]);
	if (!resource) {
		call_not_found(call, "the template");
		return;
	}
	collection_remove(&call->org->templates, resource);
	template_free(resource);
	struct json *json = &call->answer.body;
	json_open(json, NULL, '{');
	json_string(json, "message", "the template was deleted");
	json_close(json, '}');
}
