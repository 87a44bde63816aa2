/*
 * What GPUs there are: the configurations, the offers of them by region, and what of each is taken.
 */
#pragma once

#include "json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call;
struct world;

enum { INVENTORY_OFFERS = 8 };

struct gpu_config {
	const char *id;
	const char *model;
	const char *vendor;
	const char *plan_word; /* the word for it in plan ids */
	const char *interconnect;
	int vram_gib;
	int cpu_cores; /* these two for each GPU */
	int memory_gib;
};

/* One row of the inventory. */
struct offer {
	const struct gpu_config *config;
	const char *region;
	const char *instance_type;
	double usd_per_hour; /* one GPU */
	int64_t free;        /* at the start */
	int64_t foreign;     /* taken by others, always */
};

/* An offer with what changes about it. */
struct shelf {
	const struct offer *offer;
	int64_t total;
	int64_t free;
	bool registered; /* the user wants an e-mail once it is available */
	bool notified;
	int64_t registered_ms;
	char registration_id[37];
};

/* What a create request asks of the inventory, with the names that its document gives to the members. */
struct wish {
	const char *region;
	const char *config_id;
	const char *plan_id;
	int64_t gpu_count;
	const char *config_member;
	const char *plan_member;
	const char *count_member;
	bool on_demand_only; /* refuse plans with a commitment */
};

void inventory_open(struct world *world);

/* The shelf that can grant the wish, lent for the world's life; nothing is taken. NULL: there is none, and the call was
 * refused. */
struct shelf *inventory_choose(struct call *call, const struct wish *wish);

/* A negative count gives GPUs back. */
void shelf_take(struct shelf *shelf, int64_t gpu_count);
/* Takes GPUs that were taken before the start: they count into the total, not against what is free. */
void shelf_found(struct shelf *shelf, int64_t gpu_count);

/* "gpu-h200-on-demand-1h" */
void plan_default(const struct gpu_config *config, char *ret_plan, size_t size);

void inventory_list(struct call *call);
void inventory_config(struct call *call);
void notification_list(struct call *call);
void notification_create(struct call *call);
