/*
 * The models that can be deployed.
 */
#pragma once

#include <stddef.h>

struct call;

struct range {
	int min;
	int max;
	int otherwise;
};

struct catalog_model {
	const char *id;       /* url-safe */
	const char *model_id; /* organisation/model */
	const char *name;
	const char *task;
	const char *gpu_config_id; /* recommended, as is the count */
	int gpu_count;
	struct range max_model_len;
	struct range max_num_seqs;
};

/* NULL if there is none; both lend constants. */
const struct catalog_model *catalog_find(const char *id);
const struct catalog_model *catalog_at(size_t index); /* modulo the catalog's length */

void catalog_list(struct call *call);
