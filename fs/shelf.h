/*
 * Shelves: the resources of a collection in directories by a property of theirs, .by-status/STATUS/NAME and
 * inventory/.available/REGION/NAME, as links to where they are. A listing costs that of the collection.
 */
#ifndef NEEVFS_FS_SHELF_H
#define NEEVFS_FS_SHELF_H

#include "list.h"

/* `shelf` of struct kind: appends the name of the shelf that a listed resource is on; false: it is on none. */
bool shelf_status(const struct kind *kind, struct json resource, struct buffer *out);
bool shelf_available(const struct kind *kind, struct json resource, struct buffer *out); /* what can be had now */

/* The item of this name on a shelf, by file names; NULL: none. */
const struct item *shelf_item(const struct list *list, const char *shelf, const char *name);

#endif
