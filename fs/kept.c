#include "kept.h"

#include "attr.h"
#include "handle.h"
#include "op.h"

#include <string.h>

enum { TICK_MS = 10 /* the kernel's clock may be so coarse, and it rounds up */, FOREVER_S = 3600 };

uint64_t kept_text(const char *data, size_t len) {
	uint64_t hash = len, word; /* by eight bytes: a text may have megabytes */
	for (size_t part; len; data += part, len -= part) {
		part = len < sizeof word ? len : sizeof word;
		word = 0;
		memcpy(&word, data, part);
		hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
		hash ^= hash >> 32; /* what the product has moved up */
	}
	return hash ? hash : 1;
}

static fuse_ino_t node_id(const struct node *node) {
	return node->parent ? (fuse_ino_t)(uintptr_t)node : FUSE_ROOT_ID;
}

double kept_s(const struct fs *fs, int64_t until_ms) {
	int64_t left_ms = until_ms - fs->now_ms - TICK_MS;
	if (left_ms <= 0)
		return 0;
	return left_ms < FOREVER_S * 1000 ? (double)left_ms / 1000 : FOREVER_S;
}

bool kept_entry(struct fs *fs, struct node **node, const struct attr *attr, struct fuse_entry_param *ret) {
	/* A write to it lasts, and would hold up all others of this file, where no signal and no time-out reaches. */
	uint64_t text = (*node)->row->write == WRITE_WAIT ? ++fs->waits : attr->text;
	struct node *shown = text ? node_show(fs->nodes, *node, text, (size_t)attr->st.st_size) : *node;
	double timeout_s = kept_s(fs, attr->until_ms);
	if (!shown)
		return false;
	*node = shown;
	*ret = (struct fuse_entry_param){.ino = node_id(shown),
		.generation = shown->generation,
		.attr = attr->st,
		.attr_timeout = timeout_s,
		.entry_timeout = timeout_s};
	return true;
}

double kept_attr(const struct fs *fs, struct node *node, struct attr *attr) {
	if (!attr->text || (attr->text == node->text && !node->loose))
		return kept_s(fs, attr->until_ms);
	/* It says something new, by a name that the kernel still takes for what it was. */
	if (node->pins)
		attr->st.st_size = node->size;
	node->loose = true;
	return 0;
}

bool kept_open(struct node *node, uint64_t text, struct handle *handle, bool *ret_good) {
	*ret_good = node->text == text;
	if (node->loose || (!*ret_good && (node->pins || !row_is_dir(node->row))))
		return false;
	node->text = text;
	node->pins++;
	handle->pinned = node;
	return true;
}

double kept_open_s(const struct handle *handle) {
	return handle->pinned->loose ? 0 : FOREVER_S;
}

static void node_loosen(void *user, struct node *node) {
	const struct fs *fs = user;
	if (!row_is_dir(node->row) && !row_is_link(node->row))
		node->loose = true;
	if (fs->session && node->lookups)
		(void)fuse_lowlevel_notify_inval_inode(fs->session, node_id(node), -1, 0);
}

void kept_forget(struct fs *fs, struct node *node) {
	node_walk(node, node_loosen, fs);
}

/* What a collection says of one of its resources. */
struct listed {
	struct fs *fs;
	const char *name; /* the resource's */
	size_t len;
	char id[NAME_SIZE]; /* as a name; "": not known */
};

/* Of the other resources no link has changed, and there may be many. */
static void listed_loosen(void *user, struct node *node) {
	const struct listed *listed = user;
	bool own = node->row == &by_id_link_row
			   ? !strcmp(node->name, listed->id)
			   : !strncmp(node->name, listed->name, listed->len) && !node->name[listed->len];
	if (!row_is_link(node->row) || own)
		node_loosen(listed->fs, node);
}

void kept_forget_resource(struct fs *fs, const char *path, size_t len, const char *id) {
	struct node *node = node_at(fs->nodes, path, len);
	struct listed listed = {.fs = fs, .name = path, .len = len};
	if (id)
		name_escape(id, strlen(id), listed.id);
	if (node)
		kept_forget(fs, node);
	do {
		size_t end = len;
		while (len && path[len - 1] != '/')
			len--;
		if (listed.name == path) {
			listed.name = path + len;
			listed.len = end - len;
		}
		len -= len > 0;
		node = node_at(fs->nodes, path, len);
	} while (len && (!node || node->row->type != ROW_COLLECTION));
	if (!node || node->row->type != ROW_COLLECTION)
		return;
	node_loosen(fs, node);
	for (struct node *child = node->children; child; child = child->sibling)
		if (child->row->name) /* its names are the table's: resources have none there */
			node_walk(child, listed_loosen, &listed);
}

void kept_forget_all(struct fs *fs) {
	fs->forgetting = true;
	fs->forgotten = (struct nodes_walk){0};
}

bool kept_run(struct fs *fs) {
	if (fs->forgetting)
		fs->forgetting = nodes_walk(fs->nodes, &fs->forgotten, node_loosen, fs);
	return fs->forgetting;
}
