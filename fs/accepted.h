/*
 * Changes that the API accepted and that its answers need not show yet: a deployment scaled, a resource deleted. Both
 * take effect later, and what was asked for is known meanwhile. Bounded; the oldest makes room.
 */
#ifndef NEEVFS_FS_ACCEPTED_H
#define NEEVFS_FS_ACCEPTED_H

#include "kinds.h"

#include <stdint.h>

enum {
	ACCEPTED_MAX = 4096,
	ACCEPTED_DELETE = 0,        /* instead of a number of replicas */
	ACCEPTED_DELETE_MS = 120000 /* then the API's own state is what counts: it may not have kept its word */
};

struct accepted;

int accepted_new(struct accepted **ret);       /* 0 or -ENOMEM */
void accepted_free(struct accepted *accepted); /* takes NULL */

/* `replicas` ≥ 1, or ACCEPTED_DELETE. Replaces what was known of this resource. Without memory it is not remembered:
 * the API's own state then tells, later. */
void accepted_add(struct accepted *accepted, const struct kind *kind, const struct scope *scope, long long replicas,
	int64_t now_ms);
/* True: *ret is what was accepted last. */
bool accepted_find(
	struct accepted *accepted, const struct kind *kind, const struct scope *scope, int64_t now_ms, long long *ret);
void accepted_drop(struct accepted *accepted, const struct kind *kind, const struct scope *scope);

#endif
