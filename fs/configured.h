/* The organisations and projects that the user configured, as the lists that the tenant API would have answered: a
 * mount that names them needs no tenant API. */
#ifndef NEEVFS_FS_CONFIGURED_H
#define NEEVFS_FS_CONFIGURED_H

#include "../api/error.h"
#include "list.h"

struct configured;

struct configured_project {
	const char *org, *id;
};

/*
 * `orgs` is NULL-terminated and may be NULL or empty, `projects` ends with an id NULL; both are copied. 0; -ENOMEM;
 * -EINVAL if an id is no UTF-8.
 */
int configured_new(
	const char *const *orgs, const struct configured_project *projects, struct configured **ret, struct error *err);
void configured_free(struct configured *configured); /* takes NULL */

/* The list that stands for the API's; NULL: nothing is configured there, ask the API. Lent. */
const struct list *configured_list(
	const struct configured *configured, const struct kind *kind, const struct scope *scope);

/* Whether the organisation that a scope begins with, or the project of it, is one of them. */
bool configured_names(const struct configured *configured, const struct scope *scope);

#endif
