/*
 * The simulated cloud's state: its clock, its chance, its organisations and projects, and what they hold.
 *
 * Nothing here runs by itself. What a resource shows is computed from when things happened to it and from the time of
 * the call; world_settle removes what has finished terminating. The world is not locked: its owner lets one call in at
 * a time.
 */
#pragma once

#include "collection.h"
#include "inventory.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	WORLD_START_MS = 20000, /* a GPU instance becomes Running */
	WORLD_READY_MS = 30000, /* a model deployment becomes ready */
	WORLD_SCALE_MS = 10000, /* … and is ready again after scaling */
	WORLD_TERMINATE_MS = 8000,
	WORLD_VALIDATE_MS = 10000, /* a custom template becomes Active */
	WORLD_INSTANCES_MAX = 100000,
	WORLD_PROJECTS = 3,
	WORLD_ORGS = 2,
};

struct org {
	const char *id;
	const char *name;
	const char *description;
	bool foreign; /* the token gives no access to it */
	struct collection templates;
};

struct project {
	const char *id;
	const char *name;
	const char *description;
	struct org *org;
	struct collection airuntimes;
	struct collection aimodels;
};

struct world_options {
	size_t instances; /* seeded ones; both up to WORLD_INSTANCES_MAX */
	size_t models;
	uint64_t seed;
	double speed;      /* simulated milliseconds a millisecond */
	const char *token; /* shorter than WORLD_TOKEN_MAX */
	const char *ssh;   /* as in the world; must outlive it */
};

enum { WORLD_TOKEN_MAX = 160 };

/* What a log-in gave last, and what those to come shall give. */
struct logins {
	char access[WORLD_TOKEN_MAX], refresh[WORLD_TOKEN_MAX]; /* "": none, or taken back */
	int64_t expires_ms;                                     /* of `access` */
	int64_t life_s;
	char prefix[64], password[64];
	bool echo; /* refusals repeat the token, refresh token or password that they are about */
};

struct world {
	char token[WORLD_TOKEN_MAX]; /* the personal one */
	char also[WORLD_TOKEN_MAX];  /* another one that is accepted; "": none */
	struct logins logins;
	const char *ssh; /* what is said to lead into every GPU instance; NULL: each has a command of its own */
	uint64_t random;
	double speed;
	int64_t start_ms; /* simulated time at the start: the wall clock's, since 1970 */
	int64_t start_monotonic_ms;
	int64_t advanced_ms;
	struct org orgs[WORLD_ORGS];
	struct project projects[WORLD_PROJECTS];
	struct shelf shelves[INVENTORY_OFFERS];
};

/* Fills `world` with the seeded cloud. 0 or -ENOMEM; either way world_close is due, and the world must not be moved. */
int world_open(struct world *world, const struct world_options *options, int64_t wall_ms, int64_t monotonic_ms);
void world_close(struct world *world);

/* Simulated time, in milliseconds since 1970; stands still at the end of the year 9999. */
int64_t world_now(const struct world *world, int64_t monotonic_ms);

/* Moves the clock forward from `now_ms`, not beyond its end, and tells the new time. */
int64_t world_advance(struct world *world, int64_t now_ms, int64_t add_ms);

/* Removes what had finished terminating by `now_ms`, and gives its GPUs back. */
void world_settle(struct world *world, int64_t now_ms);

/* NULL if there is none. */
struct org *world_org(struct world *world, const char *id);
struct project *world_project(struct world *world, const struct org *org, const char *id);

uint64_t world_random(struct world *world);
void world_uuid(struct world *world, char ret_uuid[static 37]);

/* A well mixed number that depends on nothing but `value`. */
uint64_t hash_number(uint64_t value);
uint64_t hash_text(const char *text);

/* The rule by which a user can make things fail. */
bool name_fails(const char *name);
