/*
 * struct view: a node as it is now: its row, the ids on its path, the listed resource or the draft behind it.
 *
 * Made anew for each request from the node's names; everything in it is lent until the caller returns to the loop.
 * Functions that may need the API give 0, DEMAND_PARKED, or -errno with words in demand->error.
 */
#ifndef NEEVFS_FS_VIEW_H
#define NEEVFS_FS_VIEW_H

#include "draft.h"
#include "fs.h"
#include "name.h"
#include "node.h"
#include "row.h"
#include "scratch.h"
#include "store.h"

struct view {
	struct fs *fs;
	struct node *node;
	const struct row *row;
	const struct kind *kind; /* of the nearest collection at or above; NULL: none */
	struct node *collection; /* that collection's node */
	struct node *resource;   /* the nearest resource's node at or above; NULL: none, or one above the collection */
	const char *group;       /* the group's name, if in one */
	struct scope scope;      /* ids of all resources on the path; not of a draft */
	struct json json;        /* the resource as it was listed; absent: not listed, or a draft that is not born */
	struct draft *draft;     /* a draft that is not born, instead of a resource */
	struct scratch *scratch; /* of a scratch row; without a name it has no kind, and no resource */
};

int view_open(struct fs *fs, struct node *node, struct demand *demand, struct view *ret);

/* The row, kind and name of an entry of a directory view. -ENOENT if there is none. Fixed names cost no request. */
int view_child(const struct view *view, const char *name, struct demand *demand, const struct row **ret);

/* Calls `add` for each entry of a directory that is not one of a listing's many (view_list()). Stops and returns what
 * `add` returns if that is not 0. */
typedef int view_add(void *user, const char *name, const struct row *row);
int view_entries(const struct view *view, struct demand *demand, view_add *add, void *user);

/* Calls `each` for each resource that this mount created and that the listing lacks as yet. Stops and returns what
 * `each` returns if that is not 0. */
typedef int view_newborn(void *user, const char *name, struct json json);
int view_newborns(const struct view *view, struct demand *demand, view_newborn *each, void *user);

/* The list whose items are entries of the directory besides those, lent; NULL: none are. */
int view_list(const struct view *view, struct demand *demand, const struct list **ret);

/* The entry that an item of this list is in a directory; `ret_name` is lent by the list or in `space`. False: it is
 * none there. */
bool list_entry(const struct list *list, size_t index, const struct node *dir, char space[static NAME_SIZE],
	const char **ret_name, const struct row **ret_row);

/* A document about the view's resource; absent for a draft, and where the API says 404 about metrics. */
int view_document(const struct view *view, enum doc doc, struct demand *demand, struct json *ret);

/* Whether the resource is on its way out: by its state, or because a delete of it was accepted. */
bool view_leaving(const struct view *view);

/* Whether the resource was listed in a state that passes by itself. */
bool view_moving(const struct view *view);

/* The place of a collection's drafts: its list path, filled in. */
int view_place(const struct view *view, struct buffer *out);

/* The row that is fixed under this name in the view's directory, shown or not; NULL: none, or a help text that gives
 * way (kinds.h). */
const struct row *view_fixed(const struct view *view, const char *name);

/* Whether the view is the directory of a draft or resource in which scratch files can be made. */
bool view_holds_scratch(const struct view *view);
/* The directory of the view's draft or resource, as scratch.h knows it. 0 or -ENOMEM. */
int view_scratch_dir(const struct view *view, struct buffer *out);

/* Forgets the scratch files of resources that the view's collection no longer has. `demand` peeks. */
void view_tidy(const struct view *view, struct demand *demand);

/* Whether an unchanged backup was made of the view's row. */
bool view_backed_up(const struct view *view);

/* Forgets the cached answers that the view shows, and below it. Returns the resource whose they are; NULL: there are
 * more of them. */
struct node *view_forget(const struct view *view);

#endif
