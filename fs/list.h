/*
 * struct list: one listing of the API, all its pages, with the directory names made from it.
 *
 * It owns the pages' text; items are slices of it. Immutable once made.
 */
#ifndef NEEVFS_FS_LIST_H
#define NEEVFS_FS_LIST_H

#include "kinds.h"

#include <stddef.h>
#include <stdint.h>

struct item {
	struct json json;
	const char *id;    /* decoded; never empty */
	const char *name;  /* the directory's name: escaped, and unique in its group */
	const char *group; /* escaped; NULL if the kind has no groups */
};

struct list {
	struct item *items; /* in the API's order, each id once */
	size_t count;
	const char **groups; /* each once, in order of appearance */
	size_t group_count;
	bool whole;   /* it has as many as the API says there are, and all that came could be read */
	bool moving;  /* an item is in a state that passes by itself */
	size_t bytes; /* what it takes in memory */

	struct list *self; /* private from here */
	unsigned holders;
	struct api_pages *pages;
	size_t unread; /* entries that were left out */
	char **chunks;
	size_t chunk_count, chunk_used;
	uint64_t key[2];                      /* of the hash: the server, who chooses the names, must not know it */
	uint32_t *by_name, *by_id, *by_group; /* by_group: NULL if the kind has no groups */
	size_t slots;
};

enum { LIST_ITEMS_MAX = 100000 };

/*
 * Takes over `pages` in any case. Entries that are no objects, or have no id that can be used (name_is_id()), are left
 * out. 0, -ENOMEM, or -EREMOTEIO if a page holds no array, if there are too many entries, or none that can be used
 * (with words in err).
 */
int list_new(const struct kind *kind, struct api_pages *pages, struct list **ret, struct error *err);
const struct list *list_hold(const struct list *list); /* returns it */
void list_release(const struct list *list);            /* takes NULL */

/* Whether a resource, listed or by itself, is in a state that passes by itself. */
bool kind_moving(const struct kind *kind, struct json resource);

const struct item *list_by_name(const struct list *list, const char *group, const char *name);
bool list_has_group(const struct list *list, const char *group);
const struct item *list_by_id(const struct list *list, const char *id); /* the first of several with one id */

#endif
