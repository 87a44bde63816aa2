#include "seed.h"

#include "aimodel.h"
#include "airuntime.h"
#include "catalog.h"
#include "world.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t day_ms = 86400000;

enum { PAST_DAYS = 60, YOUNG_MAX = 20 };

/* The first instances are chosen, the others are left to chance. */
static const struct {
	const char *name;
	const char *template;
	const char *config_id;
	int gpu_count;
} chosen[] = {
	{"train-llama", "tpl-pytorch", "nvidia-h200-141gb", 8},
	{"eval-01", "tpl-vllm", "nvidia-l40s-48gb", 1},
	{"notebook-asha", "tpl-tensorflow", "nvidia-a100-80gb", 1},
	{"finetune-mistral", "tpl-team-vllm", "nvidia-h100-80gb", 4},
	{"whisper-batch", "tpl-ubuntu", "nvidia-l40s-48gb", 2},
	{"render-comfy", "tpl-comfyui", "nvidia-l40s-48gb", 1},
	{"eval-02", "tpl-vllm", "nvidia-l40s-48gb", 1},
	{"sweep-lr-3e4", "tpl-pytorch", "nvidia-h100-80gb", 8},
	{"notebook-ravi", "tpl-pytorch", "nvidia-a100-80gb", 1},
	{"embed-corpus", "tpl-team-vllm", "amd-mi300x-192gb", 2},
	{"distill-qwen", "tpl-pytorch", "nvidia-b200-192gb", 8},
	{"ci-gpu", "tpl-ubuntu", "nvidia-l40s-48gb", 1},
};

static const char *const templates[] = {
	"tpl-pytorch", "tpl-vllm", "tpl-team-vllm", "tpl-comfyui", "tpl-ubuntu", "tpl-tensorflow"};

enum { CHOSEN = sizeof chosen / sizeof *chosen, FAILED_INDEX = 3, PORTS_INDEX = 4 };

static const char *const model_names[] = {
	"chat-llama", "code-qwen", "draft-mistral", "search-bge", "summary-gemma", "chat-large"};

static const char *const failures[] = {"ImagePullBackOff", "CrashLoopBackOff", "OOMKilled"};

static const char seed_key[] =
	"[\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGx0c2FuZGJveC1kZW1vLWtleS1ub3QtcmVhbC0wMDE asha@demo-labs\"]";
static const char seed_ports[] =
	"[{\"name\":\"metrics\",\"containerPort\":9090,\"protocol\":\"TCP\",\"serviceType\":\"External\"},"
	"{\"name\":\"api\",\"containerPort\":8000,\"protocol\":\"TCP\",\"serviceType\":\"External\"}]";
static const char seed_ranges[] = "[{\"name\":\"rtp\",\"startPort\":10000,\"endPort\":10009}]";

/* Creation times of `count` resources rise evenly through the past, so that the listing's order is that of creation. */
static int64_t birth_ms(const struct world *world, size_t index, size_t count) {
	return world->start_ms - (int64_t)(count - index) * (PAST_DAYS * day_ms / (int64_t)(count + 1));
}

/* The last few of four or more were created just before the start and are still coming up. */
static bool young(size_t index, size_t count) {
	size_t some = count < 4 ? 0 : 1 + count / 100;
	return count - index <= (some < YOUNG_MAX ? some : YOUNG_MAX);
}

static void storage_seed(struct world *world, size_t index, struct storage *storage) {
	storage->kind = STORAGE_EPHEMERAL;
	storage->size_gb = 20;
	world_uuid(world, storage->id);
	if (index % 3 == 0) {
		storage->kind = STORAGE_NETWORK;
		storage->size_gb = 500;
		snprintf(storage->name, sizeof storage->name, "vol-%.8s", storage->id);
	} else if (index % 7 == 4) {
		storage->kind = STORAGE_LOCAL;
		storage->size_gb = 200;
		snprintf(storage->name, sizeof storage->name, "local-%.8s", storage->id);
	}
}

static struct shelf *shelf_at_random(struct world *world) {
	struct shelf *shelf;
	do
		shelf = &world->shelves[world_random(world) % INVENTORY_OFFERS];
	while (strcmp(shelf->offer->instance_type, "airuntime") != 0);
	return shelf;
}

static struct shelf *shelf_for(struct world *world, const char *config_id) {
	size_t i = 0;
	while (i < INVENTORY_OFFERS - 1 && strcmp(world->shelves[i].offer->config->id, config_id) != 0)
		i++;
	return &world->shelves[i];
}

/* False: out of memory. */
static bool extras_seed(size_t index, struct airuntime *airuntime) {
	airuntime->ssh_keys = strdup(seed_key);
	if (index != PORTS_INDEX)
		return airuntime->ssh_keys;
	airuntime->custom_ports = strdup(seed_ports);
	airuntime->udp_port_ranges = strdup(seed_ranges);
	return airuntime->ssh_keys && airuntime->custom_ports && airuntime->udp_port_ranges;
}

static void airuntime_choose(struct world *world, size_t index, struct airuntime *airuntime) {
	snprintf(airuntime->resource.name, sizeof airuntime->resource.name, "%s", chosen[index].name);
	airuntime->shelf = shelf_for(world, chosen[index].config_id);
	airuntime->gpu_count = chosen[index].gpu_count;
	airuntime->failure = index == FAILED_INDEX ? failures[0] : NULL;
}

static void airuntime_chance(struct world *world, size_t index, struct airuntime *airuntime) {
	snprintf(airuntime->resource.name, sizeof airuntime->resource.name, "gpu-%05zu", index - CHOSEN + 1);
	airuntime->shelf = shelf_at_random(world);
	airuntime->gpu_count = (int64_t)1 << world_random(world) % 4;
	uint64_t fate = world_random(world) % 100;
	airuntime->failure = fate < sizeof failures / sizeof *failures ? failures[fate] : NULL;
	airuntime->succeeded = fate == sizeof failures / sizeof *failures;
}

static int airuntime_seed(struct world *world, struct project *project, size_t index, size_t count) {
	struct airuntime *airuntime = calloc(1, sizeof *airuntime);
	if (!airuntime)
		return -ENOMEM;
	struct resource *resource = &airuntime->resource;
	if (index < CHOSEN)
		airuntime_choose(world, index, airuntime);
	else
		airuntime_chance(world, index, airuntime);
	const char *template =
		index < CHOSEN ? chosen[index].template : templates[index % (sizeof templates / sizeof *templates)];
	template_find(project->org, template, world->start_ms, &airuntime->template);
	plan_default(airuntime->shelf->offer->config, airuntime->plan_id, sizeof airuntime->plan_id);
	world_uuid(world, resource->id);
	storage_seed(world, index, &airuntime->storage);
	resource->created_ms = young(index, count) ? world->start_ms - 1000 : birth_ms(world, index, count);
	airuntime->project = project;
	airuntime->settled_ms = resource->created_ms + WORLD_START_MS;
	int error = extras_seed(index, airuntime) ? collection_add(&project->airuntimes, resource) : -ENOMEM;
	if (error) {
		airuntime_free(resource);
		return error;
	}
	shelf_found(airuntime->shelf, airuntime->gpu_count);
	return 0;
}

static int aimodel_seed(struct world *world, struct project *project, size_t index, size_t count) {
	static const size_t models[] = {0, 2, 3, 5, 4, 1}; /* in the order of the names */
	struct aimodel *aimodel = calloc(1, sizeof *aimodel);
	if (!aimodel)
		return -ENOMEM;
	struct resource *resource = &aimodel->resource;
	size_t named = sizeof model_names / sizeof *model_names;
	if (index < named)
		snprintf(resource->name, sizeof resource->name, "%s", model_names[index]);
	else
		snprintf(resource->name, sizeof resource->name, "model-%05zu", index - named + 1);
	snprintf(resource->id, sizeof resource->id, "dep-%016llx", (unsigned long long)world_random(world));
	resource->created_ms = young(index, count) ? world->start_ms - 1000 : birth_ms(world, index, count);
	aimodel->project = project;
	aimodel->settled_ms = resource->created_ms + WORLD_READY_MS;
	aimodel->model = catalog_at(models[index % (sizeof models / sizeof *models)]);
	aimodel->shelf = shelf_for(world, aimodel->model->gpu_config_id);
	aimodel->gpu_count = aimodel->model->gpu_count;
	aimodel->replicas = index == 0 ? 2 : 1 + (int64_t)(index >= named ? world_random(world) % 3 : 0);
	aimodel->replicas_wanted = aimodel->replicas;
	aimodel->fails = index == 2 || (index >= named && world_random(world) % 100 < 3);
	int error = collection_add(&project->aimodels, resource);
	if (error) {
		aimodel_free(resource);
		return error;
	}
	shelf_found(aimodel->shelf, aimodel->gpu_count * aimodel->replicas);
	return 0;
}

int seed_world(struct world *world, const struct world_options *options) {
	struct project *project = &world->projects[0];
	int error =
		template_seed(world, project->org, "tpl-team-vllm", "team-vllm", world->start_ms - PAST_DAYS * day_ms);
	if (!error)
		error = template_seed(world, project->org, "tpl-lab-sdxl", "lab-sdxl", world->start_ms - 9 * day_ms);
	for (size_t i = 0; i < options->instances && !error; i++)
		error = airuntime_seed(world, project, i, options->instances);
	for (size_t i = 0; i < options->models && !error; i++)
		error = aimodel_seed(world, project, i, options->models);
	return error;
}
