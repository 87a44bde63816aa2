#include "airuntime.h"

#include "call.h"
#include "check.h"
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const char label_form[] = "lower-case letters, digits and hyphens, with a letter or digit at both ends";

enum { EPHEMERAL_GB = 20, VOLUME_GB_MAX = 16384, UDP_RANGE_MAX = 20, UDP_PORTS_MAX = 64 };

static const struct rule rules[] = {
	{.name = "name",
		.type = RULE_STRING,
		.required = true,
		.min = 1,
		.max = 63,
		.matches = form_label,
		.form = label_form},
	{.name = "region", .type = RULE_STRING, .required = true},
	{.name = "templateID", .type = RULE_STRING, .required = true},
	{.name = "gpuConfigID", .type = RULE_STRING, .required = true},
	{.name = "gpuCount", .type = RULE_INTEGER, .required = true, .min = 1},
	{.name = "sshKeys", .type = RULE_ARRAY, .max = 10},
	{.name = "planId", .type = RULE_STRING, .required = true},
	{.name = "customPorts", .type = RULE_ARRAY, .max = 10},
	{.name = "udpPortRanges", .type = RULE_ARRAY, .max = 5},
	{.name = "storage", .type = RULE_OBJECT},
};

static const struct rule ssh_key_rule = {
	.name = "sshKeys",
	.type = RULE_STRING,
	.min = 50,
	.max = 2000,
	.matches = form_ssh_key,
	.form = "an OpenSSH public key of kind ssh-rsa or ssh-ed25519",
};

static const char *const tcp[] = {"TCP", NULL};
static const char *const external[] = {"External", NULL};

static const struct rule port_rules[] = {
	{.name = "name",
		.type = RULE_STRING,
		.required = true,
		.min = 1,
		.max = 15,
		.matches = form_label,
		.form = label_form},
	{.name = "containerPort", .type = RULE_INTEGER, .required = true, .min = 1, .max = 65535},
	{.name = "protocol", .type = RULE_STRING, .choices = tcp},
	{.name = "serviceType", .type = RULE_STRING, .choices = external},
};

static const struct rule range_rules[] = {
	{.name = "name", .type = RULE_STRING, .min = 1, .max = 15, .matches = form_label, .form = label_form},
	{.name = "startPort", .type = RULE_INTEGER, .required = true, .min = 1024, .max = 65535},
	{.name = "endPort", .type = RULE_INTEGER, .min = 1024, .max = 65535},
};

static const char *const types[] = {"ephemeral", "persistent", NULL};
static const char *const modes[] = {"local", "network", NULL};

static const struct rule type_rule = {.name = "type", .type = RULE_STRING, .required = true, .choices = types};
static const struct rule mode_rule = {.name = "mode", .type = RULE_STRING, .required = true, .choices = modes};

static const struct rule ephemeral_rules[] = {
	{.name = "type", .type = RULE_STRING, .required = true, .choices = types},
	{.name = "sizeGb", .type = RULE_INTEGER, .min = 1, .max = EPHEMERAL_GB},
};

static const struct rule local_rules[] = {
	{.name = "type", .type = RULE_STRING, .required = true, .choices = types},
	{.name = "mode", .type = RULE_STRING, .required = true, .choices = modes},
	{.name = "sizeGB", .type = RULE_INTEGER, .required = true, .min = 1, .max = VOLUME_GB_MAX},
	{.name = "mountPath", .type = RULE_STRING, .min = 1, .max = 4096},
};

static const struct rule network_rules[] = {
	{.name = "type", .type = RULE_STRING, .required = true, .choices = types},
	{.name = "mode", .type = RULE_STRING, .required = true, .choices = modes},
	{.name = "name", .type = RULE_STRING, .min = 1, .max = 63, .matches = form_label, .form = label_form},
	{.name = "sizeGB", .type = RULE_INTEGER, .min = 1, .max = VOLUME_GB_MAX},
	{.name = "mountPath", .type = RULE_STRING, .min = 1, .max = 4096},
	{.name = "existing_volume_id", .type = RULE_STRING, .matches = form_uuid, .form = "a UUID"},
};

/* Hands over the text of a fragment. False: out of memory, and the call was refused. */
static bool fragment_take(struct call *call, struct json *json, char **ret_text) {
	*ret_text = json_take(json);
	if (!*ret_text)
		call_out_of_memory(call);
	return *ret_text;
}

static bool keys_read(struct call *call, const cJSON *keys, struct airuntime *airuntime) {
	if (!check_elements(call, keys, &ssh_key_rule, true))
		return false;
	if (!keys || !keys->child)
		return true;
	struct json json = {0};
	json_open(&json, NULL, '[');
	for (const cJSON *key = keys->child; key; key = key->next)
		json_string(&json, NULL, key->valuestring);
	json_close(&json, ']');
	return fragment_take(call, &json, &airuntime->ssh_keys);
}

/* Whether an earlier entry of the array has the same value in `name`. */
static bool repeated(const cJSON *array, const cJSON *entry, const char *name) {
	const cJSON *value = cJSON_GetObjectItemCaseSensitive(entry, name);
	for (const cJSON *before = array->child; value && before != entry; before = before->next)
		if (cJSON_Compare(value, cJSON_GetObjectItemCaseSensitive(before, name), true))
			return true;
	return false;
}

static bool entry_check(
	struct call *call, const cJSON *entry, const char *where, const struct rule *entry_rules, size_t count) {
	if (cJSON_IsObject(entry))
		return check_object(call, entry, where, entry_rules, count, false);
	call_invalid(call, "%.*s: must be an object", (int)strlen(where) - 1, where);
	return false;
}

static bool ports_read(struct call *call, const cJSON *ports, struct airuntime *airuntime) {
	if (!ports || !ports->child)
		return true;
	size_t index = 0;
	for (const cJSON *port = ports->child; port; port = port->next, index++) {
		char where[40];
		snprintf(where, sizeof where, "customPorts[%zu].", index);
		if (!entry_check(call, port, where, port_rules, COUNT(port_rules)))
			return false;
		if (repeated(ports, port, "name") || repeated(ports, port, "containerPort")) {
			call_invalid(call, "%s%s: stands there twice", where,
				repeated(ports, port, "name") ? "name" : "containerPort");
			return false;
		}
	}
	struct json json = {0};
	json_open(&json, NULL, '[');
	for (const cJSON *port = ports->child; port; port = port->next) {
		json_open(&json, NULL, '{');
		json_string(&json, "name", member_string(port, "name", ""));
		json_integer(&json, "containerPort", member_integer(port, "containerPort", 0));
		json_string(&json, "protocol", "TCP");
		json_string(&json, "serviceType", "External");
		json_close(&json, '}');
	}
	json_close(&json, ']');
	return fragment_take(call, &json, &airuntime->custom_ports);
}

static bool ranges_check(struct call *call, const cJSON *ranges) {
	size_t index = 0;
	int64_t total = 0;
	for (const cJSON *range = ranges->child; range; range = range->next, index++) {
		char where[40];
		snprintf(where, sizeof where, "udpPortRanges[%zu].", index);
		if (!entry_check(call, range, where, range_rules, COUNT(range_rules)))
			return false;
		int64_t start = member_integer(range, "startPort", 0);
		int64_t end = member_integer(range, "endPort", start);
		if (end < start || end - start >= UDP_RANGE_MAX) {
			call_invalid(call, "%sendPort: must be at least startPort, and span at most %d ports", where,
				UDP_RANGE_MAX);
			return false;
		}
		if (repeated(ranges, range, "name")) {
			call_invalid(call, "%sname: stands there twice", where);
			return false;
		}
		total += end - start + 1;
	}
	if (total > UDP_PORTS_MAX) {
		call_invalid(call, "udpPortRanges: at most %d ports in all", UDP_PORTS_MAX);
		return false;
	}
	return true;
}

static bool ranges_read(struct call *call, const cJSON *ranges, struct airuntime *airuntime) {
	if (!ranges || !ranges->child)
		return true;
	if (!ranges_check(call, ranges))
		return false;
	struct json json = {0};
	json_open(&json, NULL, '[');
	for (const cJSON *range = ranges->child; range; range = range->next) {
		int64_t start = member_integer(range, "startPort", 0);
		int64_t end = member_integer(range, "endPort", start);
		char name[40];
		snprintf(name, sizeof name, "udp-%d-%d", (int)start, (int)end);
		json_open(&json, NULL, '{');
		json_string(&json, "name", member_string(range, "name", name));
		json_integer(&json, "startPort", start);
		json_integer(&json, "endPort", end);
		json_close(&json, '}');
	}
	json_close(&json, ']');
	return fragment_take(call, &json, &airuntime->udp_port_ranges);
}

/* A network volume is known by the instances that use it. NULL if no instance of the region does. */
static const struct storage *volume_find(const struct project *project, const char *region, const char *id) {
	for (size_t i = 0; i < project->airuntimes.len; i++) {
		const struct airuntime *airuntime = (const struct airuntime *)project->airuntimes.items[i];
		if (airuntime->storage.kind == STORAGE_NETWORK && !strcmp(airuntime->storage.id, id) &&
			!strcmp(airuntime->shelf->offer->region, region))
			return &airuntime->storage;
	}
	return NULL;
}

static bool network_read(struct call *call, const cJSON *body, const char *region, struct storage *storage) {
	if (!check_object(call, body, "storage.", network_rules, COUNT(network_rules), false))
		return false;
	const char *existing = member_string(body, "existing_volume_id", NULL);
	bool sized = cJSON_GetObjectItemCaseSensitive(body, "sizeGB");
	if (!existing == !sized) {
		call_invalid(call, existing ? "storage.existing_volume_id: excludes sizeGB"
					    : "storage.sizeGB: is required for a new volume");
		return false;
	}
	if (existing) {
		const struct storage *volume = volume_find(call->project, region, existing);
		if (!volume) {
			call_invalid(call, "storage.existing_volume_id: there is no such volume in %s", region);
			return false;
		}
		*storage = *volume;
		return true;
	}
	storage->kind = STORAGE_NETWORK;
	storage->size_gb = member_integer(body, "sizeGB", 0);
	snprintf(storage->name, sizeof storage->name, "%s", member_string(body, "name", ""));
	if (!storage->name[0])
		snprintf(storage->name, sizeof storage->name, "vol-%.8s", storage->id);
	return true;
}

static bool storage_read(struct call *call, const cJSON *body, const char *region, struct storage *storage) {
	world_uuid(call->world, storage->id);
	storage->kind = STORAGE_EPHEMERAL;
	storage->size_gb = EPHEMERAL_GB;
	if (!body)
		return true;
	if (!check_object(call, body, "storage.", &type_rule, 1, true))
		return false;
	if (!strcmp(member_string(body, "type", ""), "ephemeral")) {
		if (!check_object(call, body, "storage.", ephemeral_rules, COUNT(ephemeral_rules), false))
			return false;
		storage->size_gb = member_integer(body, "sizeGb", EPHEMERAL_GB);
		return true;
	}
	if (!check_object(call, body, "storage.", &mode_rule, 1, true))
		return false;
	if (!strcmp(member_string(body, "mode", ""), "network"))
		return network_read(call, body, region, storage);
	if (!check_object(call, body, "storage.", local_rules, COUNT(local_rules), false))
		return false;
	storage->kind = STORAGE_LOCAL;
	storage->size_gb = member_integer(body, "sizeGB", 0);
	snprintf(storage->name, sizeof storage->name, "local-%.8s", storage->id);
	return true;
}

bool airuntime_read(struct call *call, const cJSON *body, struct airuntime *airuntime) {
	if (!check_object(call, body, "", rules, COUNT(rules), false))
		return false;
	const char *region = member_string(body, "region", "");
	if (!keys_read(call, cJSON_GetObjectItemCaseSensitive(body, "sshKeys"), airuntime) ||
		!ports_read(call, cJSON_GetObjectItemCaseSensitive(body, "customPorts"), airuntime) ||
		!ranges_read(call, cJSON_GetObjectItemCaseSensitive(body, "udpPortRanges"), airuntime) ||
		!storage_read(call, cJSON_GetObjectItemCaseSensitive(body, "storage"), region, &airuntime->storage))
		return false;

	const char *template_id = member_string(body, "templateID", "");
	if (!template_find(call->org, template_id, call->now_ms, &airuntime->template)) {
		call_refuse(call, 404, "not_found", "templateID: there is no template \"%.64s\"", template_id);
		return false;
	}
	if (!airuntime->template.active) {
		call_invalid(call, "templateID: %s is not Active", airuntime->template.id);
		return false;
	}
	const struct wish wish = {
		.region = region,
		.config_id = member_string(body, "gpuConfigID", ""),
		.plan_id = member_string(body, "planId", ""),
		.gpu_count = member_integer(body, "gpuCount", 0),
		.config_member = "gpuConfigID",
		.plan_member = "planId",
		.count_member = "gpuCount",
	};
	airuntime->shelf = inventory_choose(call, &wish);
	if (!airuntime->shelf)
		return false;
	airuntime->gpu_count = wish.gpu_count;
	snprintf(airuntime->plan_id, sizeof airuntime->plan_id, "%s", wish.plan_id);
	snprintf(airuntime->resource.name, sizeof airuntime->resource.name, "%s", member_string(body, "name", ""));
	return true;
}
