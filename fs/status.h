/* neevfs status: what of ours is mounted, and how it is. */
#ifndef NEEVFS_FS_STATUS_H
#define NEEVFS_FS_STATUS_H

#include "../api/error.h"

#include <stdbool.h>
#include <stdio.h>

/* Prints a paragraph for each neevfs of this machine. *ret_well: none is dead or hangs. 0 or -errno with words. */
int status_run(FILE *out, bool *ret_well, struct error *err);

#endif
