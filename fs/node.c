#include "node.h"

#include "name.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct nodes {
	struct node **chains;
	size_t chain_count;   /* a power of two */
	size_t count;         /* hashed nodes */
	struct node *retired; /* no longer found by name, still held by the kernel */
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
	nodes->chain_count = 64;
	nodes->chains = calloc(nodes->chain_count, sizeof *nodes->chains);
	if (!nodes->chains) {
		free(nodes);
		return -ENOMEM;
	}
	nodes->root = (struct node){.row = &root_row, .ino = 1, .lookups = 1};
	*ret = nodes;
	return 0;
}

static void node_free(struct node *node) {
	free(node->name);
	free(node->id);
	free(node);
}

void nodes_free(struct nodes *nodes) {
	if (!nodes)
		return;
	for (size_t i = 0; i < nodes->chain_count; i++)
		while (nodes->chains[i]) {
			struct node *node = nodes->chains[i];
			nodes->chains[i] = node->next;
			node_free(node);
		}
	while (nodes->retired) {
		struct node *node = nodes->retired;
		nodes->retired = node->next;
		node_free(node);
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

static void node_unhash(struct nodes *nodes, struct node *node) {
	struct node **at = node->hashed ? node_chain(nodes, node->ino) : &nodes->retired;
	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
	nodes->count -= node->hashed;
	node->hashed = false;
}

/* Longer chains are slower, never wrong: without memory the table stays as it is. */
static void nodes_grow(struct nodes *nodes) {
	if (nodes->count < nodes->chain_count)
		return;
	size_t old_count = nodes->chain_count;
	struct node **old = nodes->chains, **chains = calloc(old_count * 2, sizeof *chains);
	if (!chains)
		return;
	nodes->chains = chains;
	nodes->chain_count = old_count * 2;
	for (size_t i = 0; i < old_count; i++)
		while (old[i]) {
			struct node *node = old[i];
			old[i] = node->next;
			nodes->count--;
			node_hash(nodes, node);
		}
	free(old);
}

static struct node *node_find(struct nodes *nodes, struct node *parent, const char *name, uint64_t ino) {
	struct node *node = *node_chain(nodes, ino);
	while (node && (node->parent != parent || strcmp(node->name, name) != 0))
		node = node->next;
	return node;
}

struct node *node_lookup(
	struct nodes *nodes, struct node *parent, const struct row *row, const struct kind *kind, const char *name) {
	uint64_t ino = node_ino(parent, name);
	struct node *node = node_find(nodes, parent, name, ino);
	if (node) {
		node->row = row; /* what an object was can arrive as a scalar next time */
		node->lookups++;
		return node;
	}
	node = calloc(1, sizeof *node);
	if (!node)
		return NULL;
	*node = (struct node){.parent = parent, .row = row, .ino = ino, .lookups = 1};
	node->name = strdup(name);
	if (row->type == ROW_RESOURCE && kind->by_id) {
		char id[NAME_SIZE];
		if (name_unescape(name, id, sizeof id))
			node->id = strdup(id);
	}
	if (!node->name || (row->type == ROW_RESOURCE && kind->by_id && !node->id)) {
		node_free(node);
		return NULL;
	}
	parent->children++;
	nodes_grow(nodes);
	node_hash(nodes, node);
	return node;
}

static void node_release(struct nodes *nodes, struct node *node) {
	while (node != &nodes->root && !node->lookups && !node->children) {
		struct node *parent = node->parent;
		node_unhash(nodes, node);
		node_free(node);
		parent->children--;
		node = parent;
	}
}

void node_forget(struct nodes *nodes, struct node *node, uint64_t count) {
	if (node == &nodes->root)
		return;
	node->lookups -= count < node->lookups ? count : node->lookups;
	node_release(nodes, node);
}

struct node *node_retire(struct nodes *nodes, struct node *parent, const char *name) {
	struct node *node = node_find(nodes, parent, name, node_ino(parent, name));
	if (!node)
		return NULL;
	node_unhash(nodes, node);
	node->next = nodes->retired;
	nodes->retired = node;
	return node;
}

bool node_retired(const struct node *node) {
	while (node->parent && node->hashed)
		node = node->parent;
	return node->parent != NULL;
}

/* Inode numbers are of the path: they follow the directory's. A draft, the only directory that is renamed, has files
 * only. */
static void node_rehash_children(struct nodes *nodes, const struct node *parent) {
	struct node *found = NULL;
	for (size_t i = 0; i < nodes->chain_count; i++)
		for (struct node *node = nodes->chains[i], *next; node; node = next) {
			next = node->next;
			if (node->parent != parent)
				continue;
			node_unhash(nodes, node);
			node->next = found;
			found = node;
		}
	for (struct node *next; found; found = next) {
		next = found->next;
		found->ino = node_ino(parent, found->name);
		node_hash(nodes, found);
	}
}

void node_rename(struct nodes *nodes, struct node *node, struct node *parent, char *name) {
	struct node *old = node->parent;
	node_unhash(nodes, node);
	free(node->name);
	node->name = name;
	node->parent = parent;
	node->ino = node_ino(parent, name);
	node_hash(nodes, node);
	parent->children++;
	old->children--;
	node_release(nodes, old);
	if (node->children)
		node_rehash_children(nodes, node);
}

void node_path(const struct node *node, struct buffer *out) {
	if (!node->parent)
		return;
	node_path(node->parent, out);
	if (out->len)
		buffer_byte(out, '/');
	buffer_add(out, node->name);
}
