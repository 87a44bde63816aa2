#include "aimodel.h"

#include "call.h"
#include "catalog.h"
#include "check.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum { REPLICAS_MAX = 1000 };

static struct aimodel *of(struct resource *resource) {
	return (struct aimodel *)resource;
}

void aimodel_release(struct resource *resource) {
	const struct aimodel *aimodel = of(resource);
	shelf_take(aimodel->shelf, -aimodel->gpu_count * aimodel->replicas_wanted);
}

void aimodel_free(struct resource *resource) {
	free(resource);
}

static bool settled(const struct aimodel *aimodel, int64_t now_ms) {
	return now_ms >= aimodel->settled_ms;
}

static bool ready(const struct aimodel *aimodel, int64_t now_ms) {
	return !aimodel->resource.deleted_ms && settled(aimodel, now_ms) && !aimodel->fails;
}

static const char *status(const struct aimodel *aimodel, int64_t now_ms) {
	if (aimodel->resource.deleted_ms)
		return "terminating";
	if (!settled(aimodel, now_ms))
		return "initializing";
	return aimodel->fails ? "failed" : "ready";
}

static int64_t updated_ms(const struct aimodel *aimodel, int64_t now_ms) {
	if (aimodel->resource.deleted_ms)
		return aimodel->resource.deleted_ms;
	if (settled(aimodel, now_ms))
		return aimodel->settled_ms;
	return aimodel->scaled_ms ? aimodel->scaled_ms : aimodel->resource.created_ms;
}

static int64_t replicas(const struct aimodel *aimodel, int64_t now_ms) {
	return settled(aimodel, now_ms) ? aimodel->replicas_wanted : aimodel->replicas;
}

static void aimodel_write(const struct aimodel *aimodel, int64_t now_ms, struct json *json) {
	const struct project *project = aimodel->project;
	const char *region = aimodel->shelf->offer->region;
	char endpoint[400];
	snprintf(endpoint, sizeof endpoint, "https://%s.%s.%s.%s.inference.sandbox.example/v1", aimodel->resource.name,
		project->id, project->org->id, region);
	json_open(json, NULL, '{');
	json_string(json, "id", aimodel->resource.id);
	json_string(json, "name", aimodel->resource.name);
	json_string(json, "project_id", project->id);
	json_string(json, "model_id", aimodel->model->model_id);
	json_string(json, "model_name", aimodel->model->name);
	json_string(json, "region", region);
	json_string(json, "status", status(aimodel, now_ms));
	json_string(json, "endpoint_url", ready(aimodel, now_ms) ? endpoint : NULL);
	json_string(json, "gpu_config_id", aimodel->shelf->offer->config->id);
	json_integer(json, "gpu_count", aimodel->gpu_count);
	json_integer(json, "replicas", replicas(aimodel, now_ms));
	json_time(json, "created_at", aimodel->resource.created_ms);
	json_time(json, "updated_at", updated_ms(aimodel, now_ms));
	json_integer(json, "uptime_seconds", ready(aimodel, now_ms) ? (now_ms - aimodel->settled_ms) / 1000 : 0);
	json_close(json, '}');
}

void aimodel_list(struct call *call) {
	const struct collection *aimodels = &call->project->aimodels;
	struct page page;
	if (!call_page(call, aimodels->len, &page))
		return;
	struct json *json = &call->answer.body;
	json_open(json, NULL, '{');
	json_open(json, "items", '[');
	for (size_t i = page.first; i < page.end; i++)
		aimodel_write(of(aimodels->items[i]), call->now_ms, json);
	json_close(json, ']');
	page_write(&page, json);
	json_close(json, '}');
}

static bool config_check(struct call *call, const cJSON *config, const struct catalog_model *model) {
	static const struct rule argument = {.name = "config.extra_args", .type = RULE_STRING};
	const struct rule rules[] = {
		{.name = "max_model_len",
			.type = RULE_INTEGER,
			.min = model->max_model_len.min,
			.max = model->max_model_len.max},
		{.name = "max_num_seqs",
			.type = RULE_INTEGER,
			.min = model->max_num_seqs.min,
			.max = model->max_num_seqs.max},
		{.name = "extra_args", .type = RULE_ARRAY},
	};
	return !config ||
	       (check_object(call, config, "config.", rules, COUNT(rules), true) &&
		       check_elements(call, cJSON_GetObjectItemCaseSensitive(config, "extra_args"), &argument, false));
}

/* Fills a new deployment from the body. False: the call was refused. */
static bool aimodel_read(struct call *call, const cJSON *body, struct aimodel *aimodel) {
	static const struct rule rules[] = {
		{.name = "name",
			.type = RULE_STRING,
			.required = true,
			.min = 3,
			.max = 30,
			.matches = form_label,
			.form = "lower-case letters, digits and hyphens, with a letter or digit at both ends"},
		{.name = "catalog_id",
			.type = RULE_STRING,
			.required = true,
			.matches = form_url_safe,
			.form = "letters, digits, hyphens, dots and underscores"},
		{.name = "region", .type = RULE_STRING, .required = true},
		{.name = "gpu_config_id", .type = RULE_STRING, .required = true},
		{.name = "gpu_count", .type = RULE_INTEGER, .required = true, .min = 1},
		{.name = "plan_id", .type = RULE_STRING, .required = true},
		{.name = "config", .type = RULE_OBJECT},
	};
	if (!check_object(call, body, "", rules, COUNT(rules), false))
		return false;
	const char *catalog_id = member_string(body, "catalog_id", "");
	aimodel->model = catalog_find(catalog_id);
	if (!aimodel->model) {
		call_invalid(call, "catalog_id: there is no model \"%.64s\" in the catalog", catalog_id);
		return false;
	}
	if (!config_check(call, cJSON_GetObjectItemCaseSensitive(body, "config"), aimodel->model))
		return false;
	const struct wish wish = {
		.region = member_string(body, "region", ""),
		.config_id = member_string(body, "gpu_config_id", ""),
		.plan_id = member_string(body, "plan_id", ""),
		.gpu_count = member_integer(body, "gpu_count", 0),
		.config_member = "gpu_config_id",
		.plan_member = "plan_id",
		.count_member = "gpu_count",
		.on_demand_only = true,
	};
	aimodel->shelf = inventory_choose(call, &wish);
	if (!aimodel->shelf)
		return false;
	aimodel->gpu_count = wish.gpu_count;
	snprintf(aimodel->resource.name, sizeof aimodel->resource.name, "%s", member_string(body, "name", ""));
	if (collection_find_name(&call->project->aimodels, aimodel->resource.name)) {
		call_invalid(call, "name: a deployment named \"%s\" exists in this project", aimodel->resource.name);
		return false;
	}
	return true;
}

void aimodel_deploy(struct call *call) {
	const cJSON *body = call_body(call);
	if (!body)
		return;
	struct aimodel *aimodel = calloc(1, sizeof *aimodel);
	if (!aimodel) {
		call_out_of_memory(call);
		return;
	}
	struct resource *resource = &aimodel->resource;
	if (!aimodel_read(call, body, aimodel)) {
		aimodel_free(resource);
		return;
	}
	snprintf(resource->id, sizeof resource->id, "dep-%016llx", (unsigned long long)world_random(call->world));
	resource->created_ms = call->now_ms;
	aimodel->project = call->project;
	aimodel->replicas = 1;
	aimodel->replicas_wanted = 1;
	aimodel->settled_ms = call->now_ms + WORLD_READY_MS;
	aimodel->fails = name_fails(resource->name);
	if (collection_add(&call->project->aimodels, resource)) {
		call_out_of_memory(call);
		aimodel_free(resource);
		return;
	}
	shelf_take(aimodel->shelf, aimodel->gpu_count);
	call->answer.status = 201;
	aimodel_write(aimodel, call->now_ms, &call->answer.body);
}

/* NULL: there is none, and the call was refused. */
static struct aimodel *wanted(struct call *call) {
	struct resource *resource = collection_find_id(&call->project->aimodels, call->args[0]);
	if (!resource)
		call_not_found(call, "the deployment");
	return of(resource);
}

void aimodel_get(struct call *call) {
	const struct aimodel *aimodel = wanted(call);
	if (aimodel)
		aimodel_write(aimodel, call->now_ms, &call->answer.body);
}

void aimodel_delete(struct call *call) {
	struct aimodel *aimodel = wanted(call);
	if (!aimodel)
		return;
	collection_doom(&call->project->aimodels, &aimodel->resource, call->now_ms);
	call->answer.status = 204;
}

void aimodel_scale(struct call *call) {
	static const struct rule rules[] = {
		{.name = "replicas", .type = RULE_INTEGER, .required = true, .min = 1, .max = REPLICAS_MAX},
	};
	struct aimodel *aimodel = wanted(call);
	if (!aimodel)
		return;
	const cJSON *body = call_body(call);
	if (!body || !check_object(call, body, "", rules, COUNT(rules), false))
		return;
	int64_t count = member_integer(body, "replicas", 1);
	if (aimodel->resource.deleted_ms || (settled(aimodel, call->now_ms) && aimodel->fails)) {
		call_invalid(call, "the deployment is %s and cannot be scaled", status(aimodel, call->now_ms));
		return;
	}
	int64_t more = (count - aimodel->replicas_wanted) * aimodel->gpu_count;
	if (more > aimodel->shelf->free) {
		call_invalid(call, "replicas: %lld more GPUs are needed and %lld are available", (long long)more,
			(long long)aimodel->shelf->free);
		return;
	}
	if (count != aimodel->replicas_wanted) {
		aimodel->replicas = replicas(aimodel, call->now_ms);
		aimodel->replicas_wanted = count;
		aimodel->scaled_ms = call->now_ms;
		if (aimodel->settled_ms < call->now_ms + WORLD_SCALE_MS)
			aimodel->settled_ms = call->now_ms + WORLD_SCALE_MS;
		shelf_take(aimodel->shelf, more);
	}
	aimodel_write(aimodel, call->now_ms, &call->answer.body);
}
