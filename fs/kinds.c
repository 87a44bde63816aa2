#include "kinds.h"

#include "cost.h"
#include "example.h"
#include "idle.h"
#include "index.h"
#include "links.h"
#include "readmes.h"
#include "registrations.h"
#include "schema_render.h"
#include "shelf.h"
#include "ssh_config.h"
#include "status.h"
#include "texts.h"

#include <stddef.h>

/* A table is read by its columns. */
/* clang-format off */

#define FIELD(field, from) {.name = field, .type = ROW_FIELD, .doc = from, .pointer = "/" field}
#define SECRET(field, from) {.name = field, .type = ROW_FIELD, .doc = from, .pointer = "/" field, .mode = 0400}
#define MEMBER(object, field, from) {.name = field, .type = ROW_FIELD, .doc = from, .pointer = "/" object "/" field}
#define SECRET_MEMBER(object, field, from)                                                                             \
	{.name = field, .type = ROW_FIELD, .doc = from, .pointer = "/" object "/" field, .mode = 0400}
#define LINES(field, from) {.name = field, .type = ROW_LINES, .doc = from, .pointer = "/" field}
#define ARRAY(field, from) {.name = field ".json", .type = ROW_JSON, .doc = from, .pointer = "/" field}
#define INFO(from) {.name = "info.json", .type = ROW_JSON, .doc = from, .pointer = ""}
#define SECRET_INFO(from) {.name = "info.json", .type = ROW_JSON, .doc = from, .pointer = "", .mode = 0400}
#define SPEC {.name = "spec.json", .type = ROW_SPEC, .doc = DOC_ITEM, .mode = 0600, .write = WRITE_SPEC}
#define ERROR {.name = ".error", .type = ROW_ERROR, .live = true}
#define COMMAND(command, what) {.name = command, .type = ROW_TEXT, .text = text_nothing, .mode = 0600, .write = what}
#define EVENTS {.name = "events", .type = ROW_EVENTS}
#define DIR(directory, table) {.name = directory, .type = ROW_DIR, .rows = table}
#define LINK(link, target) {.name = link, .type = ROW_LINK, .text = target}
#define COLLECTION(directory, which) {.name = directory, .type = ROW_COLLECTION, .kind = &kinds[which]}
#define SCHEMA {.name = "spec.schema.json", .type = ROW_TEXT, .text = text_schema}
#define EXAMPLE {.name = "spec.example.json", .type = ROW_TEXT, .text = text_example}
#define BY_ID {.name = ".by-id", .type = ROW_BY_ID}
#define README(text_of) {.name = "README.txt", .type = ROW_TEXT, .text = text_readme, .words = text_of}
#define BY_STATUS {.name = ".by-status", .type = ROW_SHELVES}
#define INDEX {.name = "index.tsv", .type = ROW_TEXT, .text = text_index}
#define SECRET_INDEX {.name = "index.tsv", .type = ROW_TEXT, .text = text_index, .mode = 0400}
#define DUMP {.name = "list.json", .type = ROW_DUMP}
#define SECRET_DUMP {.name = "list.json", .type = ROW_DUMP, .mode = 0400}
#define END {.name = NULL}

/* ---- what a GPU resource costs ---- */

static const struct row cost_rows[] = {
	{.name = "usdPerHour", .type = ROW_TEXT, .text = text_usd_per_hour},
	{.name = "hours", .type = ROW_TEXT, .text = text_hours},
	{.name = "usd", .type = ROW_TEXT, .text = text_usd},
	END,
};

/* ---- GPU instances ---- */

static const struct row storage_rows[] = {
	MEMBER("storage", "id", DOC_LIST),   MEMBER("storage", "type", DOC_LIST),   MEMBER("storage", "subType", DOC_LIST),
	MEMBER("storage", "name", DOC_LIST), MEMBER("storage", "sizeGB", DOC_LIST), MEMBER("storage", "planId", DOC_LIST),
	END,
};
static const struct row ui_access_rows[] = {
	MEMBER("uiAccess", "name", DOC_ITEM),
	SECRET_MEMBER("uiAccess", "directUrl", DOC_ITEM),
	SECRET_MEMBER("uiAccess", "proxyUrl", DOC_ITEM),
	SECRET_MEMBER("uiAccess", "password", DOC_ITEM),
	END,
};
static const struct row ssh_access_rows[] = {
	SECRET_MEMBER("sshAccess", "directCommand", DOC_ITEM),
	SECRET_MEMBER("sshAccess", "proxyCommand", DOC_ITEM),
	END,
};
static const struct row metrics_rows[] = {
	FIELD("cpuUtilizationPercent", DOC_METRICS),
	FIELD("ramUtilizationPercent", DOC_METRICS),
	FIELD("gpuUtilizationPercent", DOC_METRICS),
	END,
};
static const struct row airuntime_rows[] = {
	README(readme_airuntime),
	SECRET_INFO(DOC_ITEM), /* it holds uiAccess.password */
	SPEC,
	FIELD("id", DOC_LIST),
	FIELD("name", DOC_LIST),
	FIELD("region", DOC_LIST),
	FIELD("project", DOC_LIST),
	FIELD("status", DOC_LIST),
	FIELD("reason", DOC_LIST),
	FIELD("gpuConfigID", DOC_LIST),
	FIELD("gpuCount", DOC_LIST),
	FIELD("planId", DOC_LIST),
	FIELD("templateID", DOC_LIST),
	FIELD("templateName", DOC_ITEM),
	FIELD("createdAt", DOC_LIST),
	LINES("sshKeys", DOC_LIST),
	ARRAY("customPorts", DOC_ITEM),
	ARRAY("udpPortRanges", DOC_ITEM),
	DIR("storage", storage_rows),
	DIR("uiAccess", ui_access_rows),
	DIR("sshAccess", ssh_access_rows),
	DIR("metrics", metrics_rows),
	{.name = "metrics.json", .type = ROW_JSON, .doc = DOC_METRICS, .pointer = ""},
	{.name = "idle", .type = ROW_TEXT, .doc = DOC_METRICS, .text = text_idle},
	DIR("cost", cost_rows),
	LINK("template", link_template),
	LINK("gpu", link_gpu),
	COMMAND("wait", WRITE_WAIT),
	ERROR,
	END,
};
static const char *const airuntime_states[] = {"Pending", "Running", "Succeeded", "Failed", "Terminating", NULL};
static const char *const airuntime_moving[] = {"Pending", "Terminating", NULL};

static const struct row airuntimes_rows[] = {
	README(readme_airuntimes),
	BY_ID,
	BY_STATUS,
	INDEX,
	SECRET_DUMP,
	EVENTS,
	SCHEMA,
	EXAMPLE,
	ERROR,
	END,
};

/* ---- dedicated model deployments ---- */

static const struct row aimodel_rows[] = {
	README(readme_aimodel),
	SECRET_INFO(DOC_ITEM), /* it holds endpoint_url */
	SPEC,
	FIELD("id", DOC_LIST),
	FIELD("name", DOC_LIST),
	FIELD("project_id", DOC_LIST),
	FIELD("model_id", DOC_LIST),
	FIELD("model_name", DOC_LIST),
	FIELD("region", DOC_LIST),
	FIELD("status", DOC_LIST),
	SECRET("endpoint_url", DOC_LIST),
	FIELD("gpu_config_id", DOC_LIST),
	FIELD("gpu_count", DOC_LIST),
	{.name = "replicas", .type = ROW_FIELD, .doc = DOC_LIST, .pointer = "/replicas", .mode = 0600, .write = WRITE_SCALE},
	FIELD("created_at", DOC_LIST),
	FIELD("updated_at", DOC_LIST),
	FIELD("uptime_seconds", DOC_LIST),
	DIR("cost", cost_rows),
	LINK("gpu", link_gpu),
	LINK("model", link_model),
	COMMAND("wait", WRITE_WAIT),
	ERROR,
	END,
};
static const char *const aimodel_states[] = {"initializing", "ready", "failed", "terminating", NULL};
static const char *const aimodel_moving[] = {"initializing", "terminating", NULL};

static const struct row aimodels_rows[] = {
	README(readme_aimodels),
	BY_ID,
	BY_STATUS,
	SECRET_INDEX,
	SECRET_DUMP,
	EVENTS,
	SCHEMA,
	EXAMPLE,
	ERROR,
	END,
};

/* ---- templates ---- */

static const struct row custom_template_rows[] = {
	README(readme_custom_template),
	INFO(DOC_ITEM),
	SPEC,
	FIELD("id", DOC_LIST),
	FIELD("name", DOC_LIST),
	FIELD("description", DOC_LIST),
	FIELD("image", DOC_LIST),
	FIELD("oci_registry_username", DOC_LIST),
	FIELD("owner_org_id", DOC_LIST),
	FIELD("created_by", DOC_LIST),
	FIELD("category", DOC_LIST),
	FIELD("status", DOC_LIST),
	FIELD("created_at", DOC_LIST),
	ARRAY("apps", DOC_LIST),
	COMMAND("wait", WRITE_WAIT),
	ERROR,
	END,
};
static const char *const custom_template_states[] = {"Active", "Inactive", NULL};
/* Inactive stands for "not yet validated", which passes, and for "refused", which does not: the price of not knowing is a re-read each 2 s. */
static const char *const custom_template_moving[] = {"Inactive", NULL};

static const struct row custom_templates_rows[] = {
	README(readme_custom_templates),
	BY_ID,
	BY_STATUS,
	INDEX,
	DUMP,
	EVENTS,
	SCHEMA,
	EXAMPLE,
	ERROR,
	END,
};

static const struct row template_rows[] = {README(readme_template), INFO(DOC_ITEM), ERROR, END};

static const struct row templates_rows[] = {
	README(readme_templates),
	BY_ID,
	INDEX,
	DUMP,
	EVENTS,
	ERROR,
	END,
};

/* ---- what is on offer ---- */

static const struct row inventory_rows[] = {
	README(readme_offer),
	INFO(DOC_LIST),
	{.name = "config.json", .type = ROW_JSON, .doc = DOC_ITEM, .pointer = ""},
	{.name = "notify", .type = ROW_TEXT, .text = text_notify, .mode = 0600, .write = WRITE_NOTIFY},
	ERROR,
	END,
};
static const struct filter inventory_filters[] = {
	{.name = "region"},
	{.name = "type"},
	{.name = "gpu_model"},
	{.name = "gpu_vendor"},
	{.name = "vram_min", .number = true},
	{.name = "vram_max", .number = true},
	END,
};
static const struct row offers_rows[] = {
	README(readme_inventory),
	BY_ID,
	{.name = ".available", .type = ROW_SHELVES},
	INDEX,
	DUMP,
	EVENTS,
	{.name = ".query", .type = ROW_QUERIES},
	{.name = "notifications.json", .type = ROW_TEXT, .text = text_notifications, .unlisted = true},
	ERROR,
	END,
};
static const struct row region_rows[] = {README(readme_region), END};

static const struct row catalog_rows[] = {README(readme_model), INFO(DOC_LIST), EXAMPLE, ERROR, END};

static const struct row models_rows[] = {
	README(readme_catalog),
	BY_ID,
	INDEX,
	DUMP,
	EVENTS,
	ERROR,
	END,
};

/* ---- organisations and projects ---- */

static const struct row project_rows[] = {
	README(readme_project),
	INFO(DOC_LIST),
	{.name = "id", .type = ROW_TEXT, .text = text_own_id}, /* also of one that is not listed */
	FIELD("name", DOC_LIST),
	FIELD("description", DOC_LIST),
	FIELD("status", DOC_LIST),
	COLLECTION("airuntimes", KIND_AIRUNTIME),
	COLLECTION("aimodels", KIND_AIMODEL),
	{.name = "ssh_config", .type = ROW_TEXT, .doc = DOC_ITEM, .text = text_ssh_config, .mode = 0400, .live = true, .unlisted = true},
	ERROR,
	END,
};
static const struct row projects_rows[] = {
	README(readme_projects),
	BY_ID,
	BY_STATUS,
	INDEX,
	DUMP,
	EVENTS,
	ERROR,
	END,
};
static const struct row org_rows[] = {
	README(readme_org),
	INFO(DOC_LIST),
	{.name = "id", .type = ROW_TEXT, .text = text_own_id}, /* also of one that is not listed */
	FIELD("name", DOC_LIST),
	FIELD("description", DOC_LIST),
	FIELD("status", DOC_LIST),
	COLLECTION("templates", KIND_CUSTOM_TEMPLATE),
	COLLECTION("projects", KIND_PROJECT),
	ERROR,
	END,
};
static const struct row orgs_rows[] = {
	README(readme_orgs),
	BY_ID,
	BY_STATUS,
	INDEX,
	DUMP,
	EVENTS,
	ERROR,
	END,
};

/* ---- the mount itself ---- */

static const struct row mount_rows[] = {
	README(readme_mount),
	{.name = "version", .type = ROW_TEXT, .text = text_version},
	{.name = "options", .type = ROW_TEXT, .text = text_options, .mode = 0400},
	{.name = "errors", .type = ROW_TEXT, .text = text_errors, .live = true},
	{.name = "cost", .type = ROW_TEXT, .text = text_cost, .live = true},
	COMMAND("refresh", WRITE_REFRESH),
	{.name = "status", .type = ROW_TEXT, .text = text_status, .live = true},
	{.name = "requests", .type = ROW_TEXT, .text = text_requests, .mode = 0400, .live = true},
	{.name = "stats", .type = ROW_TEXT, .text = text_stats, .live = true},
	END,
};
static const struct row root_rows[] = {
	README(readme_root),
	{.name = "project", .type = ROW_LINK, .text = link_project, .optional = true},
	COLLECTION("orgs", KIND_ORG),
	COLLECTION("templates", KIND_TEMPLATE),
	COLLECTION("inventory", KIND_INVENTORY),
	COLLECTION("catalog", KIND_CATALOG),
	DIR(".neevfs", mount_rows),
	END,
};

const struct row root_row = {.name = "", .type = ROW_DIR, .rows = root_rows};
const struct row group_row = {.type = ROW_GROUP, .rows = region_rows};
const struct row resource_row = {.type = ROW_RESOURCE};
const struct row by_id_link_row = {.type = ROW_LINK, .text = link_by_id};
const struct row shelf_row = {.type = ROW_SHELF};
const struct row shelf_link_row = {.type = ROW_LINK, .text = link_shelf};
const struct row query_row = {.type = ROW_QUERY};
const struct row query_group_row = {.type = ROW_QUERY_GROUP};
const struct row query_link_row = {.type = ROW_LINK, .text = link_query};
const struct row object_row = {.type = ROW_OBJECT};
const struct row value_row = {.type = ROW_VALUE};
const struct row scratch_row = {.type = ROW_SCRATCH};
const struct row scratch_link_row = {.type = ROW_SCRATCH_LINK};

/* ---- index.tsv, whose last column is the one that may hold blanks ---- */

#define VALUE(head, from) {.name = head, .pointer = from}
#define MADE(head, by) {.name = head, .text = by}

static const struct column airuntime_columns[] = {
	MADE("name", index_name),
	VALUE("status", "/status"),
	VALUE("gpu", "/gpuConfigID"),
	VALUE("gpus", "/gpuCount"),
	{.name = "usd_per_hour", .text = index_hourly, .width = INDEX_HOURLY_WIDTH},
	MADE("age", index_age),
	VALUE("region", "/region"),
	VALUE("reason", "/reason"),
	END,
};
static const struct column aimodel_columns[] = {
	MADE("name", index_name),
	VALUE("status", "/status"),
	VALUE("model", "/model_id"),
	VALUE("gpu", "/gpu_config_id"),
	VALUE("gpus", "/gpu_count"),
	MADE("replicas", index_replicas),
	{.name = "usd_per_hour", .text = index_hourly, .width = INDEX_HOURLY_WIDTH},
	MADE("age", index_age),
	VALUE("region", "/region"),
	VALUE("endpoint_url", "/endpoint_url"),
	END,
};
static const struct column custom_template_columns[] = {
	MADE("name", index_name),
	VALUE("status", "/status"),
	VALUE("id", "/id"),
	VALUE("category", "/category"),
	MADE("age", index_age),
	VALUE("image", "/image"),
	VALUE("description", "/description"),
	END,
};
static const struct column template_columns[] = {
	MADE("id", index_name),
	VALUE("name", "/name"),
	VALUE("description", "/description"),
	END,
};
static const struct column inventory_columns[] = {
	MADE("region", index_group),
	MADE("config_id", index_name),
	VALUE("gpu", "/gpu_model"),
	VALUE("vram_gib", "/vram_gib"),
	VALUE("usd_per_gpu_hour", "/price_per_gpu_per_hour"),
	VALUE("available", "/available_gpu_count"),
	MADE("gpus", index_gpu_range),
	VALUE("type", "/instance_type"),
	VALUE("availability", "/availability"),
	END,
};
static const struct column catalog_columns[] = {
	MADE("id", index_name),
	VALUE("model_id", "/model_id"),
	VALUE("gpu", "/recommended_gpu/gpu_config_id"),
	VALUE("gpus", "/recommended_gpu/gpu_count"),
	VALUE("name", "/name"),
	END,
};
/* Organisations and projects. */
static const struct column scope_columns[] = {
	MADE("id", index_name),
	VALUE("status", "/status"),
	VALUE("name", "/name"),
	END,
};

/* ---- the kinds: where the API has them ---- */

#define ORGS "/api/v1beta1/orgs/{}"
#define PROJECTS ORGS "/projects/{}"

const struct kind kinds[KINDS] = {
	[KIND_ORG] = {
		.name = "orgs", .singular = "organisation",
		.service = API_TENANT, .service_else = API_TENANT,
		.docs = {[DOC_LIST] = {"/api/v1/orgs", TTL_CATALOG}},
		.probe = ORGS "/airuntime-templates", .by_id = true,
		.id = "/id", .title = "/id", .twin = "/id", .status = "/status",
		.beside = orgs_rows, .rows = org_rows, .columns = scope_columns, .shelf = shelf_status,
	},
	[KIND_PROJECT] = {
		.name = "projects", .singular = "project",
		.service = API_TENANT, .service_else = API_TENANT, .paged = true,
		.docs = {[DOC_LIST] = {"/api/v1/orgs/{}/projects", TTL_CATALOG}},
		.probe = PROJECTS "/airuntimes?page=1&limit=1", .by_id = true,
		.id = "/id", .title = "/id", .twin = "/id", .status = "/status",
		.beside = projects_rows, .rows = project_rows, .columns = scope_columns, .shelf = shelf_status,
	},
	[KIND_AIRUNTIME] = {
		.name = "airuntimes", .singular = "GPU instance",
		.service = API_GPU, .service_else = API_GPU, .paged = true,
		.docs = {
			[DOC_LIST] = {PROJECTS "/airuntimes", TTL_LIST},
			[DOC_ITEM] = {PROJECTS "/airuntimes/{}", TTL_ITEM},
			[DOC_METRICS] = {PROJECTS "/airuntimes/{}/metrics", TTL_METRICS},
		},
		.id = "/id", .title = "/name", .twin = "/id", .status = "/status", .created = "/createdAt",
		.states = airuntime_states, .moving = airuntime_moving, .terminating = "Terminating", .failed = "Failed",
		.reason = "/reason",
		.beside = airuntimes_rows, .rows = airuntime_rows, .columns = airuntime_columns, .shelf = shelf_status,
		.create = &schema_airuntime, .absent_s = 120, .remove = true,
		.listed = {.config = "/gpuConfigID", .region = "/region", .gpus = "/gpuCount"},
		.asked = {.config = "/gpuConfigID", .region = "/region", .gpus = "/gpuCount"},
	},
	[KIND_AIMODEL] = {
		.name = "aimodels", .singular = "model deployment",
		.service = API_AIMODELS, .service_else = API_AIMODELS, .paged = true,
		.docs = {
			[DOC_LIST] = {PROJECTS "/aimodels", TTL_LIST},
			[DOC_ITEM] = {PROJECTS "/aimodels/{}", TTL_ITEM},
		},
		.id = "/id", .title = "/name", .twin = "/id", .status = "/status", .created = "/created_at",
		.updated = "/updated_at",
		.states = aimodel_states, .moving = aimodel_moving, .terminating = "terminating", .failed = "failed",
		.beside = aimodels_rows, .rows = aimodel_rows, .columns = aimodel_columns, .shelf = shelf_status,
		.create = &schema_aimodel, .absent_s = 600, .remove = true, .scale = PROJECTS "/aimodels/{}/scale",
		.listed = {.config = "/gpu_config_id", .region = "/region", .gpus = "/gpu_count", .replicas = "/replicas"},
		.asked = {.config = "/gpu_config_id", .region = "/region", .gpus = "/gpu_count"},
	},
	[KIND_CUSTOM_TEMPLATE] = {
		.name = "templates", .singular = "custom template",
		.service = API_GPU, .service_else = API_GPU,
		.docs = {
			[DOC_LIST] = {ORGS "/airuntime-templates", TTL_CATALOG},
			[DOC_ITEM] = {ORGS "/airuntime-templates/{}", TTL_CATALOG},
		},
		.id = "/id", .title = "/name", .twin = "/id", .status = "/status", .created = "/created_at",
		.states = custom_template_states, .moving = custom_template_moving,
		.beside = custom_templates_rows, .rows = custom_template_rows, .columns = custom_template_columns, .shelf = shelf_status,
		.create = &schema_template, .absent_s = 120, .remove = true,
	},
	[KIND_TEMPLATE] = {
		.name = "platform templates", .singular = "platform template",
		.service = API_GPU, .service_else = API_GPU,
		.docs = {
			[DOC_LIST] = {"/api/v1beta1/airuntime-templates", TTL_CATALOG},
			[DOC_ITEM] = {"/api/v1beta1/airuntime-templates/{}", TTL_CATALOG},
		},
		.id = "/id", .title = "/id", .twin = "/id", .created = "/created_at",
		.loose = true, .beside = templates_rows, .rows = template_rows, .columns = template_columns,
	},
	[KIND_INVENTORY] = {
		.name = "inventory", .singular = "GPU configuration",
		.service = API_INVENTORY, .service_else = API_GPU, .paged = true,
		.docs = {
			[DOC_LIST] = {"/api/v1beta1/inventory", TTL_INVENTORY},
			[DOC_ITEM] = {"/api/v1beta1/inventory/gpuconfig?config_id={}", TTL_INVENTORY},
			[DOC_NOTIFICATIONS] = {"/api/v1beta1/inventory/gpu/notify-availability", TTL_INVENTORY},
		},
		.id = "/config_id", .title = "/config_id", .twin = "/instance_type", .group = "/region",
		.price = "/price_per_gpu_per_hour", .watched = "/availability",
		.loose = true, .beside = offers_rows, .rows = inventory_rows, .filters = inventory_filters, .columns = inventory_columns, .shelf = shelf_available,
	},
	[KIND_CATALOG] = {
		.name = "catalog", .singular = "model",
		.service = API_AIMODELS, .service_else = API_AIMODELS, .paged = true,
		.docs = {[DOC_LIST] = {"/api/v1beta1/aimodels-catalog", TTL_CATALOG}},
		.id = "/id", .title = "/id", .twin = "/id", .created = "/created_at",
		.loose = true, .beside = models_rows, .rows = catalog_rows, .columns = catalog_columns,
	},
};
