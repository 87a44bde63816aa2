/*
 * Directories that are a question to the API: .query/NAME=VALUE,NAME=VALUE/ shows what the collection's listing is when
 * the API limits it by these of the kind's filters: groups of links to the resources.
 *
 * A byte of a value may be written %XX, as ',' and '/' must be. A number is one without zeros before it. The same
 * filters in another order are the same question.
 */
#ifndef NEEVFS_FS_QUERY_H
#define NEEVFS_FS_QUERY_H

#include "view.h"

/* Appends the query of a URL that a directory's name stands for. 0, -ENOENT if it stands for none, -ENOMEM. */
int query_read(const struct filter *filters, const char *name, struct buffer *out);

/* For view.h, in ROW_QUERIES, ROW_QUERY and ROW_QUERY_GROUP. 0, DEMAND_PARKED or -errno. */
int query_has_group(const struct view *view, const char *query, const char *group, struct demand *demand);
int query_child(const struct view *view, const char *name, struct demand *demand, const struct row **ret);
int query_entries(const struct view *view, struct demand *demand, view_add *add, void *user);

#endif
