/* What stat(2) says of a view. */
#ifndef NEEVFS_FS_ATTR_H
#define NEEVFS_FS_ATTR_H

#include "view.h"

#include <sys/stat.h>

/* Attributes, with the true size: renders what is no directory. 0, DEMAND_PARKED, or -errno with words in
 * demand->error. */
int view_attr(const struct view *view, struct demand *demand, struct stat *ret);

#endif
