/*
 * The names that the kernel knows: one node a path, kept while the kernel or a child holds it.
 *
 * A node is a name under a parent and the row of the table that it stands for; what it holds is looked up anew at each
 * request, so a node never goes stale. The FUSE node id is the node's address, which another may have after it; with
 * the generation beside it, it is that node's alone. The inode number is a hash of the path, the same in every mount.
 *
 * A file whose text the kernel may keep has a node for each text: size and pages that the kernel has for a node id are
 * of one text for ever, whatever order answers arrive in (kept.h). So has a file for each look-up of which the writes
 * last: the kernel lets one at a time into a node.
 */
#ifndef NEEVFS_FS_NODE_H
#define NEEVFS_FS_NODE_H

#include "kinds.h"

#include <stdbool.h>
#include <stdint.h>

struct node {
	struct node *parent; /* NULL: the root */
	const struct row *row;
	const char *name;
	char *id;         /* of a resource whose directory is named by its id: the id; else NULL */
	uint64_t ino;     /* st_ino */
	uint64_t lookups; /* held by the kernel */
	uint64_t text; /* kept.h: of a file, which text it has; of a directory, which listing the kernel keeps; 0: none
			*/
	uint32_t size; /* of a file's text */
	uint32_t generation; /* counts all that were made; the kernel keeps so many bits of it. 0: the root */
	uint32_t pins : 28;  /* open handles by which the kernel may fill its cache */
	bool loose : 1;      /* of a file: the kernel is to keep nothing more of it */

	bool hashed : 1; /* private from here */
	bool past : 1;   /* another has taken its place */
	bool owner : 1;  /* of its name, else that is the row's */
	struct node *children, *sibling, **sibling_link;
	struct node *next; /* in its hash chain */
};

struct nodes;

/* How far a walk over all of them is. */
struct nodes_walk {
	size_t at, chain_count; /* private */
};

int nodes_new(struct nodes **ret); /* 0 or -ENOMEM */
void nodes_free(struct nodes *nodes);
struct node *nodes_root(struct nodes *nodes);
size_t nodes_count(const struct nodes *nodes);

/* The node of `name` under `parent`, made if there is none, with one look-up counted. NULL without memory. `kind` is
 * that of a ROW_RESOURCE. */
struct node *node_lookup(
	struct nodes *nodes, struct node *parent, const struct row *row, const struct kind *kind, const char *name);

/*
 * The node that shows this text in place of `node`, whose one look-up, that of the answer being given, goes over to it:
 * the same one, if it has that text or none yet; else a new one, and the old lives until the kernel forgets it. NULL
 * without memory; `node` is as it was then.
 */
struct node *node_show(struct nodes *nodes, struct node *node, uint64_t text, size_t size);

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

/* The node at a path as node_path() gives it, of which `len` bytes count; NULL if the kernel knows none there. */
struct node *node_at(struct nodes *nodes, const char *path, size_t len);

/* Calls `each` for a node and all below it. */
typedef void node_each(void *user, struct node *node);
void node_walk(struct node *node, node_each *each, void *user);

/* Calls `each` for some of all nodes; *walk begins as zeros. False when that were the last. Between two calls nodes may
 * come and go: none that stays is left out. */
bool nodes_walk(struct nodes *nodes, struct nodes_walk *walk, node_each *each, void *user);

/* Appends the path from the mount's root, without a leading slash; "" for the root. */
void node_path(const struct node *node, struct buffer *out);

#endif
