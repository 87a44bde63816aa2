/*
 * Spending brakes: the options max_replicas, max_instances and max_hourly against what a create or scale would add.
 *
 * A brake limits what this mount causes; a change by somebody else is only counted. The decision is made on listings
 * that are not older than the change's start, and on the prices of the inventory, which may be as old as their TTL.
 * What cannot be told is refused. A change that passes is counted from that moment on: a create by its draft (`passed`
 * in draft.h), a scale by fs->scales (scales.h), whose end is to be told there, until the listings can be relied upon
 * to show it.
 */
#ifndef NEEVFS_FS_BRAKE_H
#define NEEVFS_FS_BRAKE_H

#include "change.h"
#include "store.h"

enum {
	BRAKE_NEWBORN_S = 120, /* for so long a newborn that no listing shows is believed in without asking */
};

/* What a change would add; all lent for the call. */
struct brake_order {
	enum change_verb verb; /* CHANGE_DELETE passes always */
	const struct kind *kind;
	const struct scope *scope; /* create: of the collection; scale: of the resource */
	struct json request;       /* create: the body that would be sent; absent if there was no memory to read it */
	long long replicas;        /* scale */
};

/* Whether an option limits it at all. If not, brake_check() lets it pass without a request. */
bool brake_needed(const struct fs *fs, const struct brake_order *order);

/* At the change's start, before its first brake_check(): forgets the listings that decide. Does nothing if no option
 * limits the change. */
void brake_forget(struct fs *fs, const struct brake_order *order);

/*
 * 0: it may be sent, now, and counts from here on. DEMAND_PARKED: to be asked again, with the same order, when the
 * demand resumes. Else -errno with words in demand->error, and nothing may be sent: -EDQUOT by a brake; -EBUSY
 * (SCALES_MAX); -ENOENT for a scale of what is no longer listed; -ENOMEM; or the errno of a listing that failed.
 */
int brake_check(struct fs *fs, const struct brake_order *order, struct demand *demand);

#endif
