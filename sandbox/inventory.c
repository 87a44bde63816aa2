#include "inventory.h"

#include "call.h"
#include "check.h"
#include "world.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { GPUS_AT_ONCE_MAX = 8 };

static const struct gpu_config configs[] = {
	{"nvidia-h200-141gb", "H200", "NVIDIA", "h200", "NVLink", 141, 24, 240},
	{"nvidia-h100-80gb", "H100", "NVIDIA", "h100", "NVLink", 80, 22, 200},
	{"nvidia-a100-80gb", "A100", "NVIDIA", "a100", "NVLink", 80, 16, 120},
	{"nvidia-l40s-48gb", "L40S", "NVIDIA", "l40s", "PCIe", 48, 12, 96},
	{"nvidia-b200-192gb", "B200", "NVIDIA", "b200", "NVLink", 192, 28, 280},
	{"amd-mi300x-192gb", "MI300X", "AMD", "mi300x", "Infinity Fabric", 192, 24, 240},
};

static const struct offer offers[INVENTORY_OFFERS] = {
	{&configs[0], "in-south-1", "airuntime", 2.49, 64, 64},
	{&configs[0], "in-west-1", "airuntime", 2.59, 4, 60},
	{&configs[0], "in-south-1", "vm", 2.49, 8, 24},
	{&configs[1], "in-south-1", "airuntime", 1.99, 128, 128},
	{&configs[2], "in-west-1", "airuntime", 1.29, 32, 96},
	{&configs[3], "in-west-1", "airuntime", 0.79, 512, 128},
	{&configs[4], "in-central-1", "airuntime", 4.99, 0, 32},
	{&configs[5], "in-central-1", "airuntime", 1.89, 0, 16},
};

void inventory_open(struct world *world) {
	for (size_t i = 0; i < INVENTORY_OFFERS; i++)
		world->shelves[i] = (struct shelf){
			.offer = &offers[i],
			.total = offers[i].free + offers[i].foreign,
			.free = offers[i].free,
		};
}

void shelf_take(struct shelf *shelf, int64_t gpu_count) {
	shelf->free -= gpu_count;
	if (shelf->free > 0 && shelf->registered)
		shelf->notified = true;
}

void shelf_found(struct shelf *shelf, int64_t gpu_count) {
	shelf->total += gpu_count;
}

void plan_default(const struct gpu_config *config, char *ret_plan, size_t size) {
	snprintf(ret_plan, size, "gpu-%s-on-demand-1h", config->plan_word);
}

static bool region_known(const char *region) {
	for (size_t i = 0; i < INVENTORY_OFFERS; i++)
		if (!strcmp(offers[i].region, region))
			return true;
	return false;
}

static const struct gpu_config *config_find(const char *id) {
	for (size_t i = 0; i < sizeof configs / sizeof *configs; i++)
		if (!strcmp(configs[i].id, id))
			return &configs[i];
	return NULL;
}

/* Where a configuration stands twice in a region, the row for GPU instances comes first in the table. */
static struct shelf *shelf_find(struct world *world, const char *region, const char *config_id) {
	for (size_t i = 0; i < INVENTORY_OFFERS; i++)
		if (!strcmp(offers[i].region, region) && !strcmp(offers[i].config->id, config_id))
			return &world->shelves[i];
	return NULL;
}

static bool plan_fits(const struct gpu_config *config, const char *plan_id, bool on_demand_only) {
	static const char *const commitments[] = {"on-demand-1h", "reserved-1m", "reserved-1y"};
	for (size_t i = 0; i < (on_demand_only ? 1 : sizeof commitments / sizeof *commitments); i++) {
		char plan[64];
		snprintf(plan, sizeof plan, "gpu-%s-%s", config->plan_word, commitments[i]);
		if (!strcmp(plan, plan_id))
			return true;
	}
	return false;
}

struct shelf *inventory_choose(struct call *call, const struct wish *wish) {
	if (!region_known(wish->region)) {
		call_invalid(call, "region: there is no region \"%.64s\"", wish->region);
		return NULL;
	}
	const struct gpu_config *config = config_find(wish->config_id);
	if (!config) {
		call_invalid(call, "%s: there is no GPU configuration \"%.64s\"", wish->config_member, wish->config_id);
		return NULL;
	}
	struct shelf *shelf = shelf_find(call->world, wish->region, wish->config_id);
	if (!shelf) {
		call_invalid(call, "%s: %s is not offered in %s", wish->config_member, wish->config_id, wish->region);
		return NULL;
	}
	if (!plan_fits(config, wish->plan_id, wish->on_demand_only)) {
		call_invalid(
			call, "%s: \"%.64s\" is no plan for %s", wish->plan_member, wish->plan_id, wish->config_id);
		return NULL;
	}
	if (wish->gpu_count > GPUS_AT_ONCE_MAX) {
		call_invalid(call, "%s: at most %d GPUs can be had at once", wish->count_member, GPUS_AT_ONCE_MAX);
		return NULL;
	}
	if (wish->gpu_count > shelf->free) {
		call_invalid(call, "%s: %lld GPUs of %s are available in %s", wish->count_member,
			(long long)shelf->free, wish->config_id, wish->region);
		return NULL;
	}
	return shelf;
}

static const char *availability(const struct shelf *shelf) {
	if (shelf->free <= 0)
		return "None";
	if (shelf->free <= 4)
		return "Low";
	return shelf->free <= 32 ? "Medium" : "High";
}

static void shelf_write(const struct shelf *shelf, struct json *json) {
	const struct offer *offer = shelf->offer;
	const struct gpu_config *config = offer->config;
	json_open(json, NULL, '{');
	json_string(json, "config_id", config->id);
	json_string(json, "gpu_model", config->model);
	json_string(json, "gpu_vendor", config->vendor);
	json_integer(json, "vram_gib", config->vram_gib);
	json_integer(json, "default_cpu_cores", config->cpu_cores);
	json_integer(json, "default_memory_gib", config->memory_gib);
	json_decimal(json, "price_per_gpu_per_hour", offer->usd_per_hour);
	json_string(json, "region", offer->region);
	json_integer(json, "min_gpu_count", 1);
	json_integer(json, "max_gpu_count", shelf->free < GPUS_AT_ONCE_MAX ? shelf->free : GPUS_AT_ONCE_MAX);
	json_integer(json, "available_gpu_count", shelf->free);
	json_integer(json, "total_gpu_count", shelf->total);
	json_string(json, "availability", availability(shelf));
	json_string(json, "instance_type", offer->instance_type);
	json_string(json, "type", "GPU");
	json_close(json, '}');
}

static bool query_allows(const struct call *call, const char *name, const char *value) {
	const char *wanted = call_query(call, name);
	return !wanted || !strcasecmp(wanted, value);
}

void inventory_list(struct call *call) {
	size_t vram_min;
	size_t vram_max;
	if (!call_query_number(call, "vram_min", 0, 100000, 0, &vram_min) ||
		!call_query_number(call, "vram_max", 0, 100000, 100000, &vram_max))
		return;
	const struct shelf *rows[INVENTORY_OFFERS];
	size_t count = 0;
	for (size_t i = 0; i < INVENTORY_OFFERS; i++) {
		const struct offer *offer = &offers[i];
		size_t vram = (size_t)offer->config->vram_gib;
		if (query_allows(call, "region", offer->region) && query_allows(call, "type", "GPU") &&
			query_allows(call, "gpu_model", offer->config->model) &&
			query_allows(call, "gpu_vendor", offer->config->vendor) && vram >= vram_min && vram <= vram_max)
			rows[count++] = &call->world->shelves[i];
	}
	struct page page;
	if (!call_page(call, count, &page))
		return;
	struct json *json = &call->answer.body;
	json_open(json, NULL, '{');
	json_open(json, "data", '[');
	for (size_t i = page.first; i < page.end; i++)
		shelf_write(rows[i], json);
	json_close(json, ']');
	page_write(&page, json);
	json_close(json, '}');
}

void inventory_config(struct call *call) {
	const char *id = call_query(call, "config_id");
	if (!id) {
		call_invalid(call, "config_id: is required");
		return;
	}
	const struct gpu_config *config = config_find(id);
	if (!config) {
		call_not_found(call, "the GPU configuration");
		return;
	}
	struct json *json = &call->answer.body;
	json_open(json, NULL, '{');
	json_string(json, "config_id", config->id);
	json_string(json, "gpu_model", config->model);
	json_string(json, "gpu_vendor", config->vendor);
	json_integer(json, "vram_gib", config->vram_gib);
	json_integer(json, "max_gpu_count", GPUS_AT_ONCE_MAX);
	json_open(json, "per_gpu", '{');
	json_integer(json, "cpu_cores", config->cpu_cores);
	json_integer(json, "memory_gib", config->memory_gib);
	json_close(json, '}');
	json_string(json, "interconnect", config->interconnect);
	json_open(json, "offers", '[');
	for (size_t i = 0; i < INVENTORY_OFFERS; i++)
		if (offers[i].config == config) {
			json_open(json, NULL, '{');
			json_string(json, "region", offers[i].region);
			json_string(json, "instance_type", offers[i].instance_type);
			json_decimal(json, "price_per_gpu_per_hour", offers[i].usd_per_hour);
			json_close(json, '}');
		}
	json_close(json, ']');
	json_close(json, '}');
}

static const char *notification_status(const struct shelf *shelf) {
	return shelf->notified ? "notified" : "pending";
}

static void notification_write(const struct shelf *shelf, struct json *json) {
	json_open(json, NULL, '{');
	json_string(json, "id", shelf->registration_id);
	json_string(json, "region_id", shelf->offer->region);
	json_string(json, "config_id", shelf->offer->config->id);
	json_string(json, "status", notification_status(shelf));
	json_time(json, "created_at", shelf->registered_ms);
	json_close(json, '}');
}

void notification_list(struct call *call) {
	struct json *json = &call->answer.body;
	json_open(json, NULL, '[');
	for (size_t i = 0; i < INVENTORY_OFFERS; i++) {
		const struct shelf *shelf = &call->world->shelves[i];
		if (shelf->registered && query_allows(call, "status", notification_status(shelf)))
			notification_write(shelf, json);
	}
	json_close(json, ']');
}

void notification_create(struct call *call) {
	static const struct rule rules[] = {
		{.name = "region_id", .type = RULE_STRING, .required = true, .min = 1},
		{.name = "config_id", .type = RULE_STRING, .required = true, .min = 1},
	};
	const cJSON *body = call_body(call);
	if (!body || !check_object(call, body, "", rules, sizeof rules / sizeof *rules, false))
		return;
	const char *region = member_string(body, "region_id", "");
	const char *config_id = member_string(body, "config_id", "");
	if (!region_known(region)) {
		call_invalid(call, "region_id: there is no region \"%.64s\"", region);
		return;
	}
	struct shelf *shelf = shelf_find(call->world, region, config_id);
	if (!shelf) {
		call_invalid(call, "config_id: \"%.64s\" is not offered in %s", config_id, region);
		return;
	}
	/* Asking twice is no error and registers once. */
	call->answer.status = shelf->registered ? 200 : 201;
	if (!shelf->registered) {
		world_uuid(call->world, shelf->registration_id);
		shelf->registered = true;
		shelf->registered_ms = call->now_ms;
		shelf->notified = shelf->free > 0;
	}
	notification_write(shelf, &call->answer.body);
}
