/*
 * The names that the kernel knows: one node a path, kept while the kernel or a child holds it.
 *
 * A node is a name under a parent and the row of the table that it stands for; what it holds is looked up anew at each
 * request, so a node never goes stale. The FUSE node id is the node's address; the inode number is a hash of the path,
 * the same in every mount.
 */
#ifndef NEEVFS_FS_NODE_H
#define NEEVFS_FS_NODE_H

#include "kinds.h"

#include <stdbool.h>
#include <stdint.h>

struct node {
	struct node *parent; /* NULL: the root */
	const struct row *row;
	char *name;
	char *id;         /* of a resource whose directory is named by its id: the id; else NULL */
	uint64_t ino;     /* st_ino */
	uint64_t lookups; /* held by the kernel */

	size_t children;   /* private from here */
	struct node *next; /* in its hash chain */
	bool hashed;
};

struct nodes;

int nodes_new(struct nodes **ret); /* 0 or -ENOMEM */
void nodes_free(struct nodes *nodes);
struct node *nodes_root(struct nodes *nodes);
size_t nodes_count(const struct nodes *nodes);

/* The node of `name` under `parent`, made if there is none, with one look-up counted. NULL without memory. `kind` is
 * that of a ROW_RESOURCE. */
struct node *node_lookup(
	struct nodes *nodes, struct node *parent, const struct row *row, const struct kind *kind, const char *name);

/* The kernel gives back `count` look-ups; the node may be gone after it. */
void node_forget(struct nodes *nodes, struct node *node, uint64_t count);

/*
 * The name was removed: the kernel marks its inode dead for good, so that the same name must get a new node when it is
 * looked up again. The old one lives until the kernel forgets it. Returns it; NULL if the kernel knows none.
 */
struct node *node_retire(struct nodes *nodes, struct node *parent, const char *name);
/* Whether its name, or that of a directory above it, was removed. */
bool node_retired(const struct node *node);

/* The name (taken over) changes, perhaps the parent too; the node stays. The name is free. */
void node_rename(struct nodes *nodes, struct node *node, struct node *parent, char *name);

/* The inode number that `name` under `parent` has or would have. */
uint64_t node_ino(const struct node *parent, const char *name);

/* Appends the path from the mount's root, without a leading slash; "" for the root. */
void node_path(const struct node *node, struct buffer *out);

#endif
