/*
 * What a GPU resource costs an hour, by the inventory: the price of its GPU configuration in its region, the dearest
 * row of all regions if it names none, times its GPUs. An estimate in USD: no plan, storage or traffic is in it.
 */
#ifndef NEEVFS_FS_PRICE_H
#define NEEVFS_FS_PRICE_H

#include "list.h"

enum { PRICES_KEPT = 16, PRICE_WORK = 256 /* bytes: what it takes to compare a row of the inventory (fs.h) */ };

/*
 * The prices that were looked for last: many resources have few configurations. Zeroed but for `inventory`; all that is
 * in it is lent by that and by the resources, for as long as they are.
 */
struct prices {
	const struct list *inventory;
	size_t compared; /* rows of it so far */
	struct {
		struct json config, region;
		int64_t micros; /* below 0: it has none */
	} kept[PRICES_KEPT];
	size_t next;
};

/*
 * Of one replica, in micro-dollars (money.h). `at` points into `resource`: into a listed one, or the body of a create.
 * 0; -ENOMEM; -EINVAL: not known, because the configuration, its price or the number of GPUs is missing or absurd.
 */
int price_unit(
	const struct list *inventory, const struct price_pointers *at, struct json resource, int64_t *ret_micros);

/* Of one GPU, by a row of the inventory, in micro-dollars. 0; -ENOMEM; -EINVAL: it says none. */
int price_row(struct json row, int64_t *ret_micros);
/* The same for many. */
int prices_unit(struct prices *prices, const struct price_pointers *at, struct json resource, int64_t *ret_micros);

#endif
