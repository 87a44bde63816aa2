/*
 * The images that GPU instances start from: the platform's templates, and each organisation's own.
 */
#pragma once

#include "collection.h"

#include <stdbool.h>

struct call;
struct org;
struct world;

/* What an instance keeps of its template; copies, since a custom template may go away. */
struct template_facts {
	char id[48];
	char name[104];
	char app[32]; /* its primary user interface */
	bool active;  /* instances can be made from it */
};

/* Looks among the platform's templates and those of `org`. False if there is none. */
bool template_find(const struct org *org, const char *id, int64_t now_ms, struct template_facts *ret_facts);

/* Puts a valid custom template there at the start. 0, -EEXIST or -ENOMEM. */
int template_seed(struct world *world, struct org *org, const char *id, const char *name, int64_t created_ms);
void template_free(struct resource *template);

void template_list(struct call *call);
void template_create(struct call *call);
void template_get(struct call *call);
void template_delete(struct call *call);

/* The platform's. */
void platform_list(struct call *call);
void platform_get(struct call *call);
bool platform_find(const char *id, struct template_facts *ret_facts);
