#include "airuntime.h"

#include "call.h"
#include "world.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Above 2^53, to show whether a client keeps numbers digit for digit. */
static const int64_t billing_base = 9007199254740993123;

static struct airuntime *of(struct resource *resource) {
	return (struct airuntime *)resource;
}

void airuntime_release(struct resource *resource) {
	shelf_take(of(resource)->shelf, -of(resource)->gpu_count);
}

void airuntime_free(struct resource *resource) {
	struct airuntime *airuntime = of(resource);
	if (!airuntime)
		return;
	free(airuntime->ssh_keys);
	free(airuntime->custom_ports);
	free(airuntime->udp_port_ranges);
	free(airuntime);
}

static bool running(const struct airuntime *airuntime, int64_t now_ms) {
	return !airuntime->resource.deleted_ms && now_ms >= airuntime->settled_ms && !airuntime->failure &&
	       !airuntime->succeeded;
}

static bool failed(const struct airuntime *airuntime, int64_t now_ms) {
	return !airuntime->resource.deleted_ms && now_ms >= airuntime->settled_ms && airuntime->failure;
}

static const char *status(const struct airuntime *airuntime, int64_t now_ms) {
	if (airuntime->resource.deleted_ms)
		return "Terminating";
	if (now_ms < airuntime->settled_ms)
		return "Pending";
	if (airuntime->failure)
		return "Failed";
	return airuntime->succeeded ? "Succeeded" : "Running";
}

static void storage_write(const struct storage *storage, struct json *json) {
	json_open(json, "storage", '{');
	json_string(json, "id", storage->id);
	json_string(json, "type", storage->kind == STORAGE_EPHEMERAL ? "ephemeral" : "persistent");
	json_integer(json, "sizeGB", storage->size_gb);
	if (storage->kind != STORAGE_EPHEMERAL) {
		json_string(json, "subType", storage->kind == STORAGE_LOCAL ? "local" : "network");
		json_string(json, "name", storage->name);
		json_string(json, "planId", storage->kind == STORAGE_LOCAL ? "storage-local-1h" : "storage-network-1h");
	}
	json_close(json, '}');
}

/* `ssh`: the command that leads to all of them; NULL: each has its own. */
static void access_write(const struct airuntime *airuntime, bool reachable, const char *ssh, struct json *json) {
	if (!reachable) {
		json_string(json, "uiAccess", NULL);
		json_string(json, "sshAccess", NULL);
		return;
	}
	const char *region = airuntime->shelf->offer->region;
	const char *name = airuntime->resource.name;
	unsigned port = 30000 + (unsigned)(airuntime->resource.serial % 1000) * 2;
	char text[400];
	json_open(json, "uiAccess", '{');
	json_string(json, "name", airuntime->template.app);
	snprintf(text, sizeof text, "http://node-1.%s.sandbox.example:%u", region, port);
	json_string(json, "directUrl", text);
	snprintf(text, sizeof text, "https://%s-%.8s.%s.sandbox.example", name, airuntime->resource.id, region);
	json_string(json, "proxyUrl", text);
	snprintf(text, sizeof text, "%016llx", (unsigned long long)hash_text(airuntime->resource.id));
	json_string(json, "password", text);
	json_close(json, '}');
	/* Nobody can come in by ssh without a key. */
	if (!airuntime->ssh_keys) {
		json_string(json, "sshAccess", NULL);
		return;
	}
	json_open(json, "sshAccess", '{');
	snprintf(text, sizeof text, "ssh -p %u root@node-1.%s.sandbox.example", port + 1, region);
	json_string(json, "directCommand", ssh ? ssh : text);
	snprintf(text, sizeof text, "ssh -i ~/.ssh/id_ed25519 %s-%.8s@ssh.%s.sandbox.example", name,
		airuntime->resource.id, region);
	json_string(json, "proxyCommand", text);
	json_close(json, '}');
}

/* As an entry of a listing, or in full. */
static void airuntime_write(const struct airuntime *airuntime, const struct call *call, bool full, struct json *json) {
	int64_t now_ms = call->now_ms;
	json_open(json, NULL, '{');
	json_string(json, "id", airuntime->resource.id);
	json_string(json, "name", airuntime->resource.name);
	json_string(json, "region", airuntime->shelf->offer->region);
	json_string(json, "project", airuntime->project->id);
	json_string(json, "gpuConfigID", airuntime->shelf->offer->config->id);
	json_string(json, "planId", airuntime->plan_id);
	json_string(json, "templateID", airuntime->template.id);
	if (full)
		json_string(json, "templateName", airuntime->template.name);
	json_integer(json, "gpuCount", airuntime->gpu_count);
	json_raw(json, "sshKeys", airuntime->ssh_keys ? airuntime->ssh_keys : "[]");
	if (full) {
		json_raw(json, "customPorts", airuntime->custom_ports ? airuntime->custom_ports : "[]");
		json_raw(json, "udpPortRanges", airuntime->udp_port_ranges ? airuntime->udp_port_ranges : "[]");
	}
	json_string(json, "status", status(airuntime, now_ms));
	json_string(json, "reason", failed(airuntime, now_ms) ? airuntime->failure : NULL);
	json_time(json, "createdAt", airuntime->resource.created_ms);
	storage_write(&airuntime->storage, json);
	if (full) {
		access_write(airuntime, running(airuntime, now_ms), call->world->ssh, json);
		json_integer(json, "billingRef", billing_base + (int64_t)airuntime->resource.serial);
	}
	json_close(json, '}');
}

void airuntime_list(struct call *call) {
	const struct collection *airuntimes = &call->project->airuntimes;
	struct page page;
	if (!call_page(call, airuntimes->len, &page))
		return;
	struct json *json = &call->answer.body;
	json_open(json, NULL, '{');
	json_open(json, "data", '[');
	for (size_t i = page.first; i < page.end; i++)
		airuntime_write(of(airuntimes->items[i]), call, false, json);
	json_close(json, ']');
	page_write(&page, json);
	json_close(json, '}');
}

void airuntime_create(struct call *call) {
	const cJSON *body = call_body(call);
	if (!body)
		return;
	struct airuntime *airuntime = calloc(1, sizeof *airuntime);
	if (!airuntime) {
		call_out_of_memory(call);
		return;
	}
	struct collection *airuntimes = &call->project->airuntimes;
	struct resource *resource = &airuntime->resource;
	if (!airuntime_read(call, body, airuntime)) {
		airuntime_free(resource);
		return;
	}
	if (collection_find_name(airuntimes, resource->name)) {
		call_refuse(
			call, 409, "conflict", "name: an instance named \"%s\" exists in this project", resource->name);
		airuntime_free(resource);
		return;
	}
	airuntime->project = call->project;
	world_uuid(call->world, resource->id);
	resource->created_ms = call->now_ms;
	airuntime->settled_ms = call->now_ms + WORLD_START_MS;
	airuntime->failure = name_fails(resource->name) ? "ImagePullBackOff" : NULL;
	if (collection_add(airuntimes, resource)) {
		call_out_of_memory(call);
		airuntime_free(resource);
		return;
	}
	shelf_take(airuntime->shelf, airuntime->gpu_count);
	call->answer.status = 201;
	airuntime_write(airuntime, call, true, &call->answer.body);
}

/* NULL: there is none, and the call was refused. */
static struct airuntime *wanted(struct call *call) {
	struct resource *resource = collection_find_id(&call->project->airuntimes, call->args[0]);
	if (!resource)
		call_not_found(call, "the instance");
	return of(resource);
}

void airuntime_get(struct call *call) {
	const struct airuntime *airuntime = wanted(call);
	if (airuntime)
		airuntime_write(airuntime, call, true, &call->answer.body);
}

void airuntime_delete(struct call *call) {
	struct airuntime *airuntime = wanted(call);
	if (!airuntime)
		return;
	collection_doom(&call->project->airuntimes, &airuntime->resource, call->now_ms);
	call->answer.status = 204;
}

/* Between 0 and 100: a level of its own for each instance, with two waves of different lengths on it. */
static double load_percent(uint64_t hash, int64_t now_ms) {
	double seconds = (double)(now_ms % (86400 * 1000)) / 1000;
	double level = 25 + (double)(hash % 50);
	double slow = 15 * sin(seconds / (40 + (double)(hash >> 8 & 63)));
	double fast = 8 * sin(seconds / (3 + (double)(hash >> 16 & 7)) + (double)(hash >> 24 & 7));
	return fmin(100, fmax(0, level + slow + fast));
}

void airuntime_metrics(struct call *call) {
	const struct airuntime *airuntime = wanted(call);
	if (!airuntime)
		return;
	static const char *const names[] = {"cpuUtilizationPercent", "ramUtilizationPercent", "gpuUtilizationPercent"};
	uint64_t hash = hash_text(airuntime->resource.id);
	struct json *json = &call->answer.body;
	json_open(json, NULL, '{');
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		json_decimal(json, names[i],
			running(airuntime, call->now_ms) ? load_percent(hash_number(hash + i), call->now_ms) : 0);
	json_close(json, '}');
}
