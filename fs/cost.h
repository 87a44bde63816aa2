/* What a GPU resource costs, and all of them together, by the inventory's prices (price.h): estimates in USD. */
#ifndef NEEVFS_FS_COST_H
#define NEEVFS_FS_COST_H

#include "price.h"

struct fs;
struct view;
struct demand;

/* How many replicas a deployment is to have: those listed; or, while it is on its way there, those that this mount
 * asked for. 0; -EINVAL: not known. */
int replicas_shown(const struct fs *fs, const struct kind *kind, const struct scope *scope, const char *id,
	struct json json, long long *ret);

/* An hour of a listed resource, in micro-dollars; `scope` is its list's. 0; -ENOMEM; -EINVAL: not known. */
int cost_hourly(const struct fs *fs, struct prices *prices, const struct kind *kind, const struct scope *scope,
	const char *id, struct json json, int64_t *ret);

/* Files in `cost` of a resource, empty where it is not known; and .neevfs/cost. 0; DEMAND_PARKED; -errno: also if the
 * inventory cannot be had. */
int text_usd_per_hour(const struct view *view, struct demand *demand, struct buffer *out);
int text_hours(const struct view *view, struct demand *demand, struct buffer *out);
int text_usd(const struct view *view, struct demand *demand, struct buffer *out);
int text_cost(const struct view *view, struct demand *demand, struct buffer *out);

#endif
