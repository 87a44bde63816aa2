/* What the inventory offers: what is free, what it costs, by which plan it is billed. */
#ifndef NEEVFS_FS_OFFER_H
#define NEEVFS_FS_OFFER_H

#include "store.h"

/* One row of the inventory. */
struct offer {
	const struct item *item; /* lent by the listing */
	long long free;          /* GPUs */
	long long least, most;   /* that can be had at once */
	int64_t price;           /* of one for an hour, in micro-dollars; INT64_MAX: not known */
};

int offer_read(const struct item *item, struct offer *ret); /* 0 or -ENOMEM */

/* Whether so many of its GPUs can be had now. */
bool offer_has(const struct offer *offer, long long gpus);

/*
 * What to begin with for so many GPUs: what can be had now before what cannot, `config` (may be NULL) before others,
 * the cheaper before the dearer. Others instead of `config` have no less memory. What is for virtual machines only is
 * left out. 0, -ENOENT if there is nothing at all, -ENOMEM.
 */
int offer_choose(const struct list *inventory, const char *config, long long gpus, struct offer *ret);

/*
 * By which plan a GPU configuration is billed by the hour: that of an instance of `project` (organisation and project;
 * NULL: of none) that has such GPUs and no commitment; else as all known plans are spelt, after the GPU's name. The API
 * takes only a plan of the very GPU, so that a wrong guess is refused, never billed otherwise. *ret is to be freed,
 * NULL: not known. 0, DEMAND_PARKED, -EAGAIN or -ENOMEM.
 */
int offer_plan(struct store *store, const struct scope *project, const char *config, struct demand *demand, char **ret,
	bool *ret_guessed);

#endif
