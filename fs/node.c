#include "node.h"

#include "name.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

enum {
	CHAINS_MIN = 64,
	WALK_CHAINS = 2048, /* of one nodes_walk() call: a millisecond or two, if each node is told to the kernel */
	MANY = 20000,       /* nodes that are worth giving their memory back: two megabytes */
};

struct nodes {
	struct node **chains;
	size_t chain_count;  /* a power of two */
	size_t count;        /* hashed nodes */
	size_t most;         /* of them, since memory was last given back */
	uint32_t generation; /* of the latest */
	struct node root;
};

uint64_t node_ino(const struct node *parent, const char *name) {
	uint64_t hash = 14695981039346656037u ^ parent->ino; /* FNV-1a, 64 bit */
	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 1099511628211u;
	hash ^= hash >> 29; /* short names differ in few bits only */
	hash *= 0xbf58476d1ce4e5b9u;
	hash ^= hash >> 32;
	return hash > 1 ? hash : hash + 2; /* 0 hides an entry from readdir, 1 is the root's */
}

int nodes_new(struct nodes **ret) {
	struct nodes *nodes = calloc(1, sizeof *nodes);
	if (!nodes)
		return -ENOMEM;
	nodes->chain_count = CHAINS_MIN;
	nodes->chains = calloc(nodes->chain_count, sizeof *nodes->chains);
	if (!nodes->chains) {
		free(nodes);
		return -ENOMEM;
	}
	nodes->root = (struct node){.row = &root_row, .ino = 1, .lookups = 1};
	*ret = nodes;
	return 0;
}

static void node_unname(struct node *node) {
	if (node->owner)
		free((void *)(uintptr_t)node->name);
}

static void node_free(struct node *node) {
	node_unname(node);
	free(node->id);
	free(node);
}

static void node_adopt(struct node *parent, struct node *node) {
	node->parent = parent;
	node->sibling = parent->children;
	node->sibling_link = &parent->children;
	if (node->sibling)
		node->sibling->sibling_link = &node->sibling;
	parent->children = node;
}

static void node_leave(struct node *node) {
	*node->sibling_link = node->sibling;
	if (node->sibling)
		node->sibling->sibling_link = node->sibling_link;
}

void nodes_free(struct nodes *nodes) {
	if (!nodes)
		return;
	for (struct node *at = &nodes->root; at;) {
		struct node *next = at->children ? at->children : at->parent;
		if (!at->children && at->parent) {
			node_leave(at);
			node_free(at);
		}
		at = next;
	}
	free(nodes->chains);
	free(nodes);
}

struct node *nodes_root(struct nodes *nodes) {
	return &nodes->root;
}

size_t nodes_count(const struct nodes *nodes) {
	return nodes->count;
}

/* The inode number is a hash of the path already. */
static struct node **node_chain(struct nodes *nodes, uint64_t ino) {
	return &nodes->chains[ino & (nodes->chain_count - 1)];
}

static void node_hash(struct nodes *nodes, struct node *node) {
	struct node **chain = node_chain(nodes, node->ino);
	node->next = *chain;
	*chain = node;
	node->hashed = true;
	nodes->count++;
}

/* Out of its chain, if it is in one: a node that is retired is not found by its name any more. */
static void node_unhash(struct nodes *nodes, struct node *node) {
	if (!node->hashed)
		return;
	struct node **at = node_chain(nodes, node->ino);
	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
	node->hashed = false;
	nodes->count--;
}

/* Longer chains are slower, never wrong: without memory the table stays as it is. */
static void nodes_resize(struct nodes *nodes, size_t chain_count) {
	size_t old_count = nodes->chain_count;
	struct node **old = nodes->chains, **chains = calloc(chain_count, sizeof *chains);
	if (!chains)
		return;
	nodes->chains = chains;
	nodes->chain_count = chain_count;
	for (size_t i = 0; i < old_count; i++)
		while (old[i]) {
			struct node *node = old[i];
			old[i] = node->next;
			nodes->count--;
			node_hash(nodes, node);
		}
	free(old);
}

static void nodes_grow(struct nodes *nodes) {
	if (nodes->count >= nodes->chain_count)
		nodes_resize(nodes, nodes->chain_count * 2);
	if (nodes->count > nodes->most)
		nodes->most = nodes->count;
}

/*
 * A walk over everything makes hundreds of thousands of nodes, which the kernel gives back when it needs room. What is
 * freed amid other blocks stays with the process, unless it is told otherwise: each time that half of them are gone.
 */
static void nodes_shrink(struct nodes *nodes) {
	if (nodes->most < MANY || nodes->count > nodes->most / 2)
		return;
	size_t chain_count = nodes->chain_count;
	while (chain_count > CHAINS_MIN && chain_count / 2 > nodes->count)
		chain_count /= 2;
	if (chain_count < nodes->chain_count)
		nodes_resize(nodes, chain_count);
	nodes->most = nodes->count;
	malloc_trim(0);
}

static struct node *node_find(struct nodes *nodes, struct node *parent, const char *name, uint64_t ino) {
	struct node *node = *node_chain(nodes, ino);
	while (node && (node->parent != parent || strcmp(node->name, name) != 0))
		node = node->next;
	return node;
}

static struct node *node_new(
	struct nodes *nodes, struct node *parent, const struct row *row, const char *id, const char *name) {
	struct node *node = calloc(1, sizeof *node);
	if (!node)
		return NULL;
	*node = (struct node){
		.row = row, .ino = node_ino(parent, name), .lookups = 1, .generation = ++nodes->generation};
	node->owner = !row->name || strcmp(row->name, name) != 0;
	node->name = node->owner ? strdup(name) : row->name;
	node->id = id ? strdup(id) : NULL;
	if (!node->name || (id && !node->id)) {
		node_free(node);
		return NULL;
	}
	node_adopt(parent, node);
	nodes_grow(nodes);
	node_hash(nodes, node);
	return node;
}

struct node *node_lookup(
	struct nodes *nodes, struct node *parent, const struct row *row, const struct kind *kind, const char *name) {
	struct node *node = node_find(nodes, parent, name, node_ino(parent, name));
	char id[NAME_SIZE];
	if (node) {
		node->row = row; /* what an object was can arrive as a scalar next time */
		node->lookups++;
		return node;
	}
	bool by_id = row->type == ROW_RESOURCE && kind->by_id;
	if (by_id && !name_unescape(name, id, sizeof id))
		return NULL;
	return node_new(nodes, parent, row, by_id ? id : NULL, name);
}

static void node_release(struct nodes *nodes, struct node *node) {
	while (node != &nodes->root && !node->lookups && !node->children) {
		struct node *parent = node->parent;
		node_unhash(nodes, node);
		node_leave(node);
		node_free(node);
		node = parent;
	}
}

void node_forget(struct nodes *nodes, struct node *node, uint64_t count) {
	if (node == &nodes->root)
		return;
	node->lookups -= count < node->lookups ? count : node->lookups;
	node_release(nodes, node);
	nodes_shrink(nodes);
}

struct node *node_show(struct nodes *nodes, struct node *node, uint64_t text, size_t size) {
	if (node->loose || (node->text && node->text != text)) {
		struct node *fresh = node_new(nodes, node->parent, node->row, NULL, node->name);
		if (!fresh)
			return NULL;
		node_unhash(nodes, node);
		node->past = true;
		node_forget(nodes, node, 1);
		node = fresh;
	}
	node->text = text;
	node->size = (uint32_t)size;
	return node;
}

struct node *node_retire(struct nodes *nodes, struct node *parent, const char *name) {
	struct node *node = node_find(nodes, parent, name, node_ino(parent, name));
	if (node)
		node_unhash(nodes, node);
	return node;
}

bool node_retired(const struct node *node) {
	while (node->parent && (node->hashed || node->past))
		node = node->parent;
	return node->parent != NULL;
}

void node_rename(struct nodes *nodes, struct node *node, struct node *parent, char *name) {
	struct node *old = node->parent;
	node_unhash(nodes, node);
	node_unname(node);
	node->name = name;
	node->owner = true;
	node_leave(node);
	node_adopt(parent, node);
	node->ino = node_ino(parent, name);
	node_hash(nodes, node);
	node_release(nodes, old);
	/* Inode numbers are of the path: they follow the directory's. A draft, the only directory that is renamed, has
	   files only. */
	for (struct node *child = node->children; child; child = child->sibling)
		if (child->hashed) {
			node_unhash(nodes, child);
			child->ino = node_ino(node, child->name);
			node_hash(nodes, child);
		}
}

struct node *node_at(struct nodes *nodes, const char *path, size_t len) {
	struct node *node = &nodes->root;
	char name[NAME_SIZE];
	for (size_t at = 0; node && at < len;) {
		const char *slash = memchr(path + at, '/', len - at);
		size_t size = slash ? (size_t)(slash - path) - at : len - at;
		if (size >= sizeof name)
			return NULL;
		memcpy(name, path + at, size);
		name[size] = 0;
		node = node_find(nodes, node, name, node_ino(node, name));
		at += size + 1;
	}
	return node;
}

void node_walk(struct node *node, node_each *each, void *user) {
	struct node *at = node;
	while (at) {
		each(user, at);
		if (at->children) {
			at = at->children;
			continue;
		}
		while (at != node && !at->sibling)
			at = at->parent;
		at = at == node ? NULL : at->sibling;
	}
}

bool nodes_walk(struct nodes *nodes, struct nodes_walk *walk, node_each *each, void *user) {
	/* A table that grows moves no node towards its beginning, one that shrinks does. */
	if (nodes->chain_count < walk->chain_count)
		walk->at = 0;
	walk->chain_count = nodes->chain_count;
	for (size_t i = 0; i < WALK_CHAINS && walk->at < nodes->chain_count; i++, walk->at++)
		for (struct node *node = nodes->chains[walk->at]; node; node = node->next)
			each(user, node);
	return walk->at < nodes->chain_count;
}

void node_path(const struct node *node, struct buffer *out) {
	if (!node->parent)
		return;
	node_path(node->parent, out);
	if (out->len)
		buffer_byte(out, '/');
	buffer_add(out, node->name);
}
