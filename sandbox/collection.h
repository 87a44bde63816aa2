/*
 * Resources of one kind in one project or organisation: in creation order, and found by id and by name.
 *
 * A kind embeds `struct resource` as its first member. A page costs its own length, a look-up the logarithm of the
 * whole; a removal shifts the pointers behind it (0.8 MB at the most).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct resource {
	char id[48];
	char name[104];     /* unique in its collection */
	uint64_t serial;    /* creation order, given by collection_add */
	int64_t created_ms; /* simulated time */
	int64_t deleted_ms; /* when its deletion was asked for; 0: it was not */
	struct resource *next_dying;
};

struct collection {
	struct resource **items; /* owned, as are the resources */
	size_t len;
	size_t cap;
	void *by_id; /* trees of tsearch(3) */
	void *by_name;
	struct resource *first_dying; /* in the order in which deletion was asked for */
	struct resource *last_dying;
	uint64_t next_serial;
};

/* Owns `resource` from success on. -EEXIST: the id or the name is taken; -ENOMEM. */
int collection_add(struct collection *collection, struct resource *resource);

/* Both lend; NULL if there is none. What is terminating is still found. */
struct resource *collection_find_id(const struct collection *collection, const char *id);
struct resource *collection_find_name(const struct collection *collection, const char *name);

/* Marks it as terminating; does nothing if it is already. */
void collection_doom(struct collection *collection, struct resource *resource, int64_t now_ms);

/* Detaches one resource whose deletion was asked for at `before_ms` or earlier and hands it to the caller; NULL if
 * there is none. */
struct resource *collection_reap(struct collection *collection, int64_t before_ms);

/* Detaches a resource that is not terminating and hands it to the caller. */
void collection_remove(struct collection *collection, struct resource *resource);

/* Empties the collection, calling `release` for each resource. */
void collection_clear(struct collection *collection, void (*release)(struct resource *));
