/*
 * index.tsv: the resources of a collection as a table, a row each; columns are in the kind's table.
 *
 * A table of 100,000 rows takes too long for one turn of the loop. It is made in pieces and stays with its list: all
 * who want it go on with it, and find it made (fs.h, fs_work()). What costs money is priced by the inventory; where
 * that cannot be had, the price is "-", in a column of one width: so the size of the file is known without it. Ages are
 * those of the moment when it was begun.
 */
#ifndef NEEVFS_FS_INDEX_H
#define NEEVFS_FS_INDEX_H

#include "list.h"
#include "price.h"

struct fs;
struct view;
struct demand;

enum {
	INDEX_MAX = 24 << 20, /* bytes; beyond it EREMOTEIO, as for all that is rendered */
	INDEX_HOURLY_WIDTH = 12,
};

/* One row being made; all lent. */
struct index_row {
	struct fs *fs;
	time_t now;
	const struct kind *kind;
	const struct scope *scope; /* of the list */
	const char *id, *name, *group;
	struct json json;
	struct prices *prices;
	int64_t hourly; /* in micro-dollars; below 0: not known */
};

/* Values of columns: 0 or -ENOMEM. What has none appends nothing. */
int index_name(const struct index_row *row, struct buffer *out); /* of its directory */
int index_group(const struct index_row *row, struct buffer *out);
int index_replicas(const struct index_row *row, struct buffer *out); /* as the file `replicas` has it */
int index_hourly(const struct index_row *row, struct buffer *out);
int index_age(const struct index_row *row, struct buffer *out); /* 3d4h, 5h12m, 12m, 40s */
int index_gpu_range(const struct index_row *row, struct buffer *out);

/*
 * Makes list->made.index, or goes on with it, and the sum of what all of it costs. The list is of an answer that was
 * asked for at `fetched_ms`: its rows are made anew for another one, as they grow older. `inventory` is NULL if it
 * cannot be had. 0 when it is made; DEMAND_PARKED: to be asked again with the same list; -EAGAIN if the demand peeks;
 * -ENOMEM.
 */
int index_make(struct fs *fs, const struct scope *scope, const struct list *list, int64_t fetched_ms,
	const struct list *inventory, struct demand *demand);

/* The text of the view's collection. 0, DEMAND_PARKED or -errno. */
int text_index(const struct view *view, struct demand *demand, struct buffer *out);

/* The inventory's list, NULL if it cannot be had now, for what says more than prices. 0; or DEMAND_PARKED, -EAGAIN or
 * -ENOMEM. */
int index_inventory(struct fs *fs, struct demand *demand, const struct list **ret);

#endif
