#include "route.h"

#include "aimodel.h"
#include "airuntime.h"
#include "catalog.h"
#include "inventory.h"
#include "template.h"
#include "tenant.h"
#include "world.h"

#include <string.h>
#include <strings.h>

#define GPU_PROJECT "/gpu/api/v1beta1/orgs/*/projects/*"
#define GPU_ORG "/gpu/api/v1beta1/orgs/*"
#define MODELS_PROJECT "/aimodels/api/v1beta1/orgs/*/projects/*"

static const struct route routes[] = {
	{"GET", GPU_PROJECT "/airuntimes", "listAIRuntimes", ROUTE_PROJECT, airuntime_list},
	{"POST", GPU_PROJECT "/airuntimes", "createAIRuntime", ROUTE_PROJECT, airuntime_create},
	{"GET", GPU_PROJECT "/airuntimes/*", "getAIRuntime", ROUTE_PROJECT, airuntime_get},
	{"DELETE", GPU_PROJECT "/airuntimes/*", "deleteAIRuntime", ROUTE_PROJECT, airuntime_delete},
	{"GET", GPU_PROJECT "/airuntimes/*/metrics", "getAIRuntimeMetrics", ROUTE_PROJECT, airuntime_metrics},
	{"GET", GPU_ORG "/airuntime-templates", "listOrgAIRuntimeTemplates", ROUTE_ORG, template_list},
	{"POST", GPU_ORG "/airuntime-templates", "createOrgAIRuntimeTemplate", ROUTE_ORG, template_create},
	{"GET", GPU_ORG "/airuntime-templates/*", "getOrgAIRuntimeTemplate", ROUTE_ORG, template_get},
	{"DELETE", GPU_ORG "/airuntime-templates/*", "deleteOrgAIRuntimeTemplate", ROUTE_ORG, template_delete},
	{"GET", "/gpu/api/v1beta1/airuntime-templates", "listTemplates", ROUTE_TOKEN, platform_list},
	{"GET", "/gpu/api/v1beta1/airuntime-templates/*", "getTemplate", ROUTE_TOKEN, platform_get},
	{"GET", MODELS_PROJECT "/aimodels", "listDeployedAIModels", ROUTE_PROJECT, aimodel_list},
	{"POST", MODELS_PROJECT "/aimodels", "deployAIModel", ROUTE_PROJECT, aimodel_deploy},
	{"GET", MODELS_PROJECT "/aimodels/*", "getDeployedAIModel", ROUTE_PROJECT, aimodel_get},
	{"DELETE", MODELS_PROJECT "/aimodels/*", "deleteDeployedAIModel", ROUTE_PROJECT, aimodel_delete},
	{"PUT", MODELS_PROJECT "/aimodels/*/scale", "scaleDeployedAIModel", ROUTE_PROJECT, aimodel_scale},
	{"GET", "/aimodels/api/v1beta1/aimodels-catalog", "listCatalog", ROUTE_TOKEN, catalog_list},
	{"GET", "/inventory/api/v1beta1/inventory", "listInventory", ROUTE_TOKEN, inventory_list},
	{"GET", "/inventory/api/v1beta1/inventory/gpuconfig", "getGpuConfig", ROUTE_TOKEN, inventory_config},
	{"GET", "/inventory/api/v1beta1/inventory/gpu/notify-availability", "listNotifications", ROUTE_TOKEN,
		notification_list},
	{"POST", "/inventory/api/v1beta1/inventory/gpu/notify-availability", "createNotification", ROUTE_TOKEN,
		notification_create},
	/* The GPU service's document speaks of the inventory as if it were its own; a client may try there. */
	{"GET", "/gpu/api/v1beta1/inventory", "listInventory", ROUTE_TOKEN, inventory_list},
	{"GET", "/gpu/api/v1beta1/inventory/gpuconfig", "getGpuConfig", ROUTE_TOKEN, inventory_config},
	{"GET", "/gpu/api/v1beta1/inventory/gpu/notify-availability", "listNotifications", ROUTE_TOKEN,
		notification_list},
	{"POST", "/gpu/api/v1beta1/inventory/gpu/notify-availability", "createNotification", ROUTE_TOKEN,
		notification_create},
	{"POST", "/tenant/api/v1/auth/login", "login", ROUTE_OPEN, tenant_login},
	{"POST", "/tenant/api/v1/auth/refresh", "refresh", ROUTE_OPEN, tenant_refresh},
	{"GET", "/tenant/api/v1/orgs", "listOrgs", ROUTE_TOKEN, org_list},
	{"GET", "/tenant/api/v1/orgs/*/projects", "listProjects", ROUTE_ORG, project_list},
};

static const char *const operations[] = {
	"listAIRuntimes",
	"createAIRuntime",
	"getAIRuntime",
	"deleteAIRuntime",
	"getAIRuntimeMetrics",
	"listOrgAIRuntimeTemplates",
	"createOrgAIRuntimeTemplate",
	"getOrgAIRuntimeTemplate",
	"deleteOrgAIRuntimeTemplate",
	"listTemplates",
	"getTemplate",
	"listDeployedAIModels",
	"deployAIModel",
	"getDeployedAIModel",
	"deleteDeployedAIModel",
	"scaleDeployedAIModel",
	"listCatalog",
	"listInventory",
	"getGpuConfig",
	"listNotifications",
	"createNotification",
	"login",
	"refresh",
	"listOrgs",
	"listProjects",
	"unknown",
};

_Static_assert(
	sizeof operations / sizeof *operations <= ROUTE_OPERATIONS_MAX, "counters are arrays of ROUTE_OPERATIONS_MAX");

/* Whether `path` has the form `pattern`, segment by segment; an empty segment is no segment. */
static bool path_matches(const char *pattern, const char *path, char args[CALL_ARGS_MAX][256]) {
	size_t count = 0;
	for (;;) {
		if (*pattern != '*') {
			if (*pattern != *path)
				return false;
			if (!*pattern)
				return true;
			pattern++;
			path++;
			continue;
		}
		size_t len = strcspn(path, "/");
		if (!len || len >= sizeof args[0] || count == CALL_ARGS_MAX)
			return false;
		memcpy(args[count], path, len);
		args[count++][len] = '\0';
		pattern++;
		path += len;
	}
}

const struct route *route_find(const char *method, const char *path, char args[CALL_ARGS_MAX][256]) {
	for (size_t i = 0; i < sizeof routes / sizeof *routes; i++)
		if (!strcmp(routes[i].method, method) && path_matches(routes[i].path, path, args))
			return &routes[i];
	return NULL;
}

const char *route_operation(size_t index) {
	return index < sizeof operations / sizeof *operations ? operations[index] : NULL;
}

bool route_operation_known(const char *operation) {
	for (size_t i = 0; route_operation(i); i++)
		if (!strcmp(operations[i], operation))
			return true;
	return false;
}

/* False: the call was refused. */
static bool token_check(struct call *call) {
	const char *header = call->authorization;
	if (!header) {
		call_refuse(call, 401, "unauthorized", "missing authorization header");
		return false;
	}
	if (strncasecmp(header, "Bearer ", 7) != 0) {
		call_refuse(call, 401, "unauthorized", "the authorization header is not of the form \"Bearer TOKEN\"");
		return false;
	}
	const char *token = header + 7 + strspn(header + 7, " ");
	if (!strncmp(token, "sk-nc-", 6)) {
		call_refuse(call, 401, "unauthorized", "inference keys are not accepted here");
		return false;
	}
	return tenant_accepts(call, token);
}

/* Finds the organisation and the project that the path names. False: the call was refused. */
static bool scope_check(const struct route *route, struct call *call) {
	if (route->scope < ROUTE_ORG)
		return true;
	call->org = world_org(call->world, call->args[0]);
	if (!call->org) {
		call_not_found(call, "the organisation");
		return false;
	}
	if (call->org->foreign) {
		call_refuse(call, 403, "forbidden", "the token gives no access to this organisation");
		return false;
	}
	if (route->scope == ROUTE_PROJECT) {
		call->project = world_project(call->world, call->org, call->args[1]);
		if (!call->project) {
			call_not_found(call, "the project");
			return false;
		}
	}
	size_t taken = route->scope == ROUTE_PROJECT ? 2 : 1;
	memmove(call->args[0], call->args[taken], (CALL_ARGS_MAX - taken) * sizeof call->args[0]);
	return true;
}

void route_run(const struct route *route, struct call *call) {
	call->answer.status = 200;
	if (!route) {
		call_not_found(call, "the operation");
		return;
	}
	if (route->scope != ROUTE_OPEN && !token_check(call))
		return;
	if (scope_check(route, call))
		route->handle(call);
}
