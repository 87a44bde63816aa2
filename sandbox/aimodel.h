/*
 * Dedicated model deployments: their life, what is shown of them, and the operations on them.
 *
 * initializing for WORLD_READY_MS, then ready, or failed where the name ends in "-fail"; scaling passes through
 * initializing again for WORLD_SCALE_MS, and only then shows the new number of replicas; after a deletion terminating
 * until world_settle.
 */
#pragma once

#include "collection.h"
#include "json.h"

#include <stdbool.h>
#include <stdint.h>

struct call;
struct catalog_model;
struct project;
struct shelf;

struct aimodel {
	struct resource resource;
	const struct project *project;
	struct shelf *shelf; /* where its GPUs come from, and so its region and price */
	const struct catalog_model *model;
	int64_t gpu_count;       /* each replica's */
	int64_t replicas;        /* until settled_ms */
	int64_t replicas_wanted; /* from then on; these many hold GPUs */
	int64_t scaled_ms;       /* the last scaling; 0: none */
	int64_t settled_ms;      /* the end of initializing */
	bool fails;
};

/* Gives its GPUs back. */
void aimodel_release(struct resource *resource);
void aimodel_free(struct resource *resource);

void aimodel_list(struct call *call);
void aimodel_deploy(struct call *call);
void aimodel_get(struct call *call);
void aimodel_delete(struct call *call);
void aimodel_scale(struct call *call);
