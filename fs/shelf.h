/*
 * Shelves: the resources of a collection in directories by a property of theirs, .by-status/STATUS/NAME and
 * inventory/.available/REGION/NAME, as links to where they are. A listing costs that of the collection.
 */
#ifndef NEEVFS_FS_SHELF_H
#define NEEVFS_FS_SHELF_H

#include "list.h"

struct view;
struct demand;

/* `shelf` of struct kind: appends the name of the shelf that a listed resource is on; false: it is on none. */
bool shelf_status(const struct kind *kind, struct json resource, struct buffer *out);
bool shelf_available(const struct kind *kind, struct json resource, struct buffer *out); /* what can be had now */

/* The item of this name on a shelf, by file names; NULL: none. */
const struct item *shelf_item(const struct list *list, const char *shelf, const char *name);

/* The target of a ROW_SHELF_LINK. 0, DEMAND_PARKED or -errno. */
int shelf_link(const struct view *view, struct demand *demand, struct buffer *out);

#endif
