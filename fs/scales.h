/*
 * Scales that a spending brake has let pass: what they ask for counts until the listings can be relied upon to show it.
 * Bounded.
 */
#ifndef NEEVFS_FS_SCALES_H
#define NEEVFS_FS_SCALES_H

#include "kinds.h"

#include <stdint.h>

enum {
	SCALES_MAX = 1024,        /* remembered */
	SCALES_DOUBT_MS = 120000, /* one without a known outcome counts so long after its deadline, and while its
				     resource is in transition */
	SCALES_LAG_MS = 10000,    /* one that was accepted counts so long, should the listing lag behind */
};

struct scales;

int scales_new(struct scales **ret);     /* 0 or -ENOMEM */
void scales_free(struct scales *scales); /* takes NULL */

/* One passes, of the resource `scope`. 0, -ENOMEM, or -EBUSY: SCALES_MAX count already. */
int scales_add(struct scales *scales, const struct kind *kind, const struct scope *scope, long long replicas,
	unsigned deadline_ms, int64_t now_ms);

/* Its outcome is known. One of which it never is counts for as long as it might still be carried out. */
void scales_end(struct scales *scales, const struct kind *kind, const struct scope *scope, long long replicas,
	bool accepted, int64_t now_ms);

/* The most that one of this resource asks for and may still come to; 0: nothing. `moving`: the resource is in
 * transition. 0 or -ENOMEM. */
int scales_most(struct scales *scales, const struct kind *kind, const struct scope *scope, bool moving, int64_t now_ms,
	long long *ret);

#endif
