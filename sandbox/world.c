#include "world.h"

#include "aimodel.h"
#include "airuntime.h"
#include "seed.h"
#include "template.h"

#include <stdio.h>
#include <string.h>

/* The last second that RFC 3339's four digits of a year can tell. */
static const int64_t end_of_time_ms = 253402300799000;

uint64_t hash_number(uint64_t value) {
	/* splitmix64 (Steele, Lea, Flood 2014). */
	value += 0x9E3779B97F4A7C15u;
	value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
	value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
	return value ^ (value >> 31);
}

uint64_t hash_text(const char *text) {
	uint64_t hash = 0;
	for (; *text; text++)
		hash = hash_number(hash ^ (unsigned char)*text);
	return hash;
}

uint64_t world_random(struct world *world) {
	return hash_number(world->random++);
}

void world_uuid(struct world *world, char ret_uuid[static 37]) {
	uint64_t high = world_random(world);
	uint64_t low = world_random(world);
	/* Version 4, variant 1 (RFC 4122, 4.4). */
	snprintf(ret_uuid, 37, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(high >> 32), (unsigned)(high >> 16) & 0xFFFF,
		(unsigned)high & 0xFFF, 0x8000 | ((unsigned)(low >> 48) & 0x3FFF),
		(unsigned long long)(low & 0xFFFFFFFFFFFF));
}

bool name_fails(const char *name) {
	size_t len = strlen(name);
	return len >= 5 && !strcmp(name + len - 5, "-fail");
}

int world_open(struct world *world, const struct world_options *options, int64_t wall_ms, int64_t monotonic_ms) {
	*world = (struct world){
		.logins = {.life_s = 3600, .prefix = "sandbox", .password = "demo"},
		.random = hash_number(options->seed),
		.speed = options->speed,
		.start_ms = wall_ms,
		.start_monotonic_ms = monotonic_ms,
		.orgs =
			{
				{.id = "org-demo",
					.name = "Demo Labs",
					.description = "The organisation that the sandbox's token belongs to"},
				{.id = "org-other",
					.name = "Other Company",
					.description = "Somebody else's",
					.foreign = true},
			},
		.projects =
			{
				{.id = "prj-demo", .name = "Demo", .description = "Seeded with instances and models"},
				{.id = "prj-empty", .name = "Empty", .description = "Nothing was created here yet"},
				{.id = "prj-other", .name = "Other", .description = "Out of reach"},
			},
	};
	world->projects[0].org = &world->orgs[0];
	world->projects[1].org = &world->orgs[0];
	world->projects[2].org = &world->orgs[1];
	snprintf(world->token, sizeof world->token, "%s", options->token);
	world->ssh = options->ssh;
	world_random(world); /* the seeds' clouds stay as they were */
	inventory_open(world);
	return seed_world(world, options);
}

void world_close(struct world *world) {
	for (size_t i = 0; i < WORLD_PROJECTS; i++) {
		collection_clear(&world->projects[i].airuntimes, airuntime_free);
		collection_clear(&world->projects[i].aimodels, aimodel_free);
	}
	for (size_t i = 0; i < WORLD_ORGS; i++)
		collection_clear(&world->orgs[i].templates, template_free);
}

int64_t world_now(const struct world *world, int64_t monotonic_ms) {
	double elapsed_ms = (double)(monotonic_ms - world->start_monotonic_ms) * world->speed;
	double now_ms = (double)(world->start_ms + world->advanced_ms) + elapsed_ms;
	return now_ms < (double)end_of_time_ms ? (int64_t)now_ms : end_of_time_ms;
}

int64_t world_advance(struct world *world, int64_t now_ms, int64_t add_ms) {
	if (add_ms > end_of_time_ms - now_ms)
		add_ms = end_of_time_ms - now_ms;
	world->advanced_ms += add_ms;
	return now_ms + add_ms;
}

void world_settle(struct world *world, int64_t now_ms) {
	for (size_t i = 0; i < WORLD_PROJECTS; i++) {
		struct project *project = &world->projects[i];
		struct resource *gone;
		while ((gone = collection_reap(&project->airuntimes, now_ms - WORLD_TERMINATE_MS))) {
			airuntime_release(gone);
			airuntime_free(gone);
		}
		while ((gone = collection_reap(&project->aimodels, now_ms - WORLD_TERMINATE_MS))) {
			aimodel_release(gone);
			aimodel_free(gone);
		}
	}
}

struct org *world_org(struct world *world, const char *id) {
	for (size_t i = 0; i < WORLD_ORGS; i++)
		if (!strcmp(world->orgs[i].id, id))
			return &world->orgs[i];
	return NULL;
}

struct project *world_project(struct world *world, const struct org *org, const char *id) {
	for (size_t i = 0; i < WORLD_PROJECTS; i++)
		if (world->projects[i].org == org && !strcmp(world->projects[i].id, id))
			return &world->projects[i];
	return NULL;
}
