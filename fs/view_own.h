/*
 * What the files of a view share: view.c finds the way to a node, view_entries.c what is in it. Private to them.
 */
#ifndef NEEVFS_FS_VIEW_OWN_H
#define NEEVFS_FS_VIEW_OWN_H

#include "view.h"

/* The ids that the list path of the view's collection needs. */
struct scope view_list_scope(const struct view *view);

/* Finds the resource `name` of the view's collection and makes the view one of it. */
int view_resource(struct view *view, const char *name, const char *own_id, struct demand *demand);

/* Whether the collection has that group, or shelf: 0, or -ENOENT. */
int view_group(const struct view *view, const char *name, struct demand *demand);
int view_shelf(const struct view *view, const char *name, struct demand *demand);

/* The scratch file `name` of the view's draft or resource. 0, -ENOMEM or -ENOENT. */
int view_scratch(const struct view *view, const char *name, struct scratch **ret);

/* A listing that has the resource replaces the draft: then NULL. One whose create is under way belongs to that until it
 * ends, and one whose text cannot be kept stays behind: the resource hides them. */
struct draft *draft_settle(struct fs *fs, struct draft *draft, bool listed);

/*
 * A newborn that the listing lacks: either the listing lags behind, or it is gone again. The resource's own answer
 * decides; where that cannot be had, the answer to the create stands, for this moment. 0 with the resource,
 * DEMAND_PARKED, or -ENOENT: then the draft is gone.
 */
int newborn_check(const struct view *view, struct draft *draft, struct demand *demand, struct json *ret);

#endif
