/*
 * Amounts of US dollars as whole micro-dollars, exact: prices and limits are decimal texts, and sums of them are
 * compared. What has more than six decimals is rounded up, so that no sum is too small.
 */
#ifndef NEEVFS_FS_MONEY_H
#define NEEVFS_FS_MONEY_H

#include <stddef.h>
#include <stdint.h>

enum { MONEY_USD_MAX = 1000000, MONEY_MICROS = 1000000, MONEY_SIZE = 32 };

/*
 * "12", "12.5", "2.490000": digits, or digits on both sides of a dot. 0; -EINVAL for anything else, also for a sign or
 * an exponent; -ERANGE above MONEY_USD_MAX.
 */
int money_read(const char *text, size_t len, int64_t *ret_micros);

/* "12.34": two decimals, and up to six where the amount has them. `micros` ≥ 0. */
void money_show(int64_t micros, char ret[static MONEY_SIZE]);

#endif
