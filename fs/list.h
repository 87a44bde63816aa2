/*
 * struct list: one listing of the API, all its pages, with the directory names made from it.
 *
 * It holds the pages; items are slices of their text. Immutable once made. It lives as long as somebody holds it: the
 * store lends it for a moment (store.h), and who needs it for longer holds it, and may then read it whatever the cache
 * has forgotten or fetched since.
 */
#ifndef NEEVFS_FS_LIST_H
#define NEEVFS_FS_LIST_H

#include "kinds.h"

#include <stddef.h>
#include <stdint.h>
#include <time.h>

/*
 * Where lists go that nobody holds any more, to be freed little by little: to give all the memory of a large one back
 * to the system takes longer than a request should wait. Zeroed before its first use.
 */
struct graveyard {
	struct list *first; /* private */
};

struct item {
	struct json json;
	const char *id;    /* decoded; never empty */
	const char *name;  /* the directory's name: escaped, and unique in its group */
	const char *group; /* escaped; NULL if the kind has no groups */
	const char *shelf; /* escaped; NULL if it is on none (shelf.h) */
};

/* Appends where it is in its collection: [GROUP/]NAME. */
void item_path(const struct item *item, struct buffer *out);

/* Escaped names, each once, in order of appearance. */
struct list_names {
	const char **at;
	size_t count;
	uint32_t *slots; /* private */
};

/*
 * What is made of a list when somebody asks for it, in pieces (index.h, dump.h); not counted in its `bytes`. At most
 * INDEX_MAX of text, and eight bytes an entry.
 */
struct list_made {
	struct buffer index;       /* rows of index.tsv */
	size_t indexed;            /* of so many items */
	int64_t fetched_ms;        /* for the answer of then: another one may bring the same list */
	time_t at;                 /* when it was begun for that answer: ages are of then */
	bool priced;               /* by `prices`, or by none if that is NULL */
	const struct list *prices; /* held: the inventory */
	int64_t hourly;            /* of these items, in micro-dollars, without the `unpriced` */
	size_t unpriced;
	size_t *ends; /* where each item ends in list.json */
	size_t ended; /* of so many items */
};

struct list {
	struct item *items; /* in the API's order, each id once */
	size_t count;
	struct list_names groups, shelves;
	struct list_made made;   /* by way of `self` */
	bool whole;              /* it has as many as the API says there are, and all that came could be read */
	bool moving;             /* an item is in a state that passes by itself */
	size_t bytes;            /* what it takes in memory, with all of its pages, whoever else has them too */
	struct api_pages *pages; /* that it was made of; other lists may have some of them */

	struct list *self; /* private from here: the way from a list that may only be read to its holders */
	unsigned holders;
	struct graveyard *graveyard; /* lent, or NULL */
	struct list *next;           /* in there */
	const struct kind *kind;
	size_t page; /* while it is being made, with the next: how far that is */
	struct json_iter iter;
	size_t unread; /* entries that were left out */
	char **chunks;
	size_t chunk_count, chunk_used, chunk_size;
	uint64_t key[2]; /* of the hash: the server, who chooses the names, must not know it */
	uint32_t *by_name, *by_id;
	size_t slots;
};

enum { LIST_ITEMS_MAX = 100000 };

/*
 * Begins to make a list, whose holder is the caller. Takes over `pages` in any case. Nothing but list_step() and
 * list_release() may be done with it yet. When nobody holds it any more it goes to `graveyard`, which must outlive it;
 * NULL: it is freed at once. 0, -ENOMEM, or -EREMOTEIO if a page holds no array, or if there are too many entries (with
 * words in err).
 */
int list_begin(const struct kind *kind, struct api_pages *pages, struct graveyard *graveyard, struct list **ret,
	struct error *err);

/*
 * Goes on, for so much *work, and takes off what was done: the bytes of the entries that were read. The last of them
 * may be larger than what was left. Entries that are no objects, or have no id that can be used (name_is_id()), are
 * left out. 0 when the list is made, 1 if there is more to do, -ENOMEM, or -EREMOTEIO if no entry can be used.
 */
int list_step(struct list *list, size_t *work, struct error *err);

/* Both, until it is made; without a graveyard. */
int list_new(const struct kind *kind, struct api_pages *pages, struct list **ret, struct error *err);

const struct list *list_hold(const struct list *list); /* returns it */
void list_release(const struct list *list);            /* takes NULL */

/* Frees what lies there, about so many bytes of it; true if there is more. */
bool graveyard_clear(struct graveyard *graveyard, size_t bytes);

/* Whether a resource, listed or by itself, is in a state that passes by itself. */
bool kind_moving(const struct kind *kind, struct json resource);

const struct item *list_by_name(const struct list *list, const char *group, const char *name);
bool list_has_group(const struct list *list, const char *group);
bool list_has_shelf(const struct list *list, const char *shelf);
const struct item *list_by_id(const struct list *list, const char *id); /* the first of several with one id */

#endif
