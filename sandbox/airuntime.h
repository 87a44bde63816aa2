/*
 * GPU instances: their life, what is shown of them, and the operations on them.
 *
 * Pending for WORLD_START_MS, then Running, or Failed where the name ends in "-fail"; after a deletion Terminating
 * until world_settle takes them away.
 */
#pragma once

#include "collection.h"
#include "json.h"
#include "template.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

struct call;
struct project;
struct shelf;
struct world;

enum storage_kind { STORAGE_EPHEMERAL, STORAGE_LOCAL, STORAGE_NETWORK };

struct storage {
	enum storage_kind kind;
	int64_t size_gb;
	char id[37];
	char name[64];
};

struct airuntime {
	struct resource resource;
	const struct project *project;
	struct shelf *shelf; /* where its GPUs come from, and so its region and price */
	struct template_facts template;
	char plan_id[64];
	int64_t gpu_count;
	int64_t settled_ms;  /* the end of Pending */
	const char *failure; /* the reason of Failed; NULL: it runs */
	bool succeeded;      /* it ran and ended */
	struct storage storage;
	char *ssh_keys; /* JSON arrays, owned; NULL: none */
	char *custom_ports;
	char *udp_port_ranges;
};

/* Gives its GPUs back. */
void airuntime_release(struct resource *resource);
void airuntime_free(struct resource *resource);

/*
 * Fills a new instance from the body of a create request. False: the body violates the schema or the world has no such
 * thing, and the call was refused; what was filled is airuntime_free's.
 */
bool airuntime_read(struct call *call, const cJSON *body, struct airuntime *airuntime);

void airuntime_list(struct call *call);
void airuntime_create(struct call *call);
void airuntime_get(struct call *call);
void airuntime_delete(struct call *call);
void airuntime_metrics(struct call *call);
