/*
 * Directory listings. A handle has the entries of the moment in which it was opened, however long the reader takes: its
 * own few, then the items of a list, which it holds and does not copy.
 */
#include "handlers.h"

#include "../api/scope.h"
#include "kept.h"
#include "list.h"
#include "sweep.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct listing {
	struct handle *handle;
	const struct node *node;
};

static mode_t row_type(const struct row *row) {
	return row_is_dir(row) ? DT_DIR : row_is_link(row) ? DT_LNK : DT_REG;
}

static int listing_add(void *user, const char *name, const struct row *row) {
	struct listing *listing = user;
	handle_add_entry(listing->handle, name, node_ino(listing->node, name), row_type(row));
	return listing->handle->bytes.error;
}

/* Which listing it is. It is another one when the answers behind it are: then the kernel reads it anew, and gets the
 * attributes of all entries with it. */
static uint64_t listing_text(const struct handle *handle, const struct demand *demand) {
	uint64_t parts[] = {kept_text(handle->bytes.data, handle->bytes.len), (uintptr_t)handle->list,
		(uint64_t)demand->until_ms, (uint64_t)demand->fetched_ms};
	return kept_text((const char *)parts, sizeof parts);
}

static int listing_fill(struct op *op, const struct view *view, struct handle *handle) {
	struct listing listing = {.handle = handle, .node = op->node};
	const struct list *list;
	handle_add_entry(handle, ".", op->node->ino, DT_DIR);
	handle_add_entry(handle, "..", op->node->parent ? op->node->parent->ino : op->node->ino, DT_DIR);
	int rc = handle->bytes.error;
	if (!rc)
		rc = view_entries(view, &op->demand, listing_add, &listing);
	if (!rc)
		rc = view_list(view, &op->demand, &list);
	if (rc)
		return rc;
	handle->list = list ? list_hold(list) : NULL;
	if (view->row->type != ROW_RESOURCE || !view->kind->remove || view->draft)
		return 0;
	SCOPED(buffer_free) struct buffer dir = {0};
	node_path(op->node, &dir);
	return dir.error ? dir.error : sweep_look(op->fs->sweeps, dir.data, op->pid, op->fs->now_ms);
}

static int step_opendir(struct op *op) {
	struct view view;
	bool good;
	int rc = view_open(op->fs, op->node, &op->demand, &view);
	if (rc)
		return rc;
	struct handle *handle = handle_new(&op->fs->handles, WRITE_NEVER);
	rc = handle ? listing_fill(op, &view, handle) : -ENOMEM;
	if (rc) {
		handle_free(handle);
		return rc;
	}
	op->file.cache_readdir = kept_open(op->node, listing_text(handle, &op->demand), handle, &good);
	op->file.keep_cache = good;
	op->file.fh = (uintptr_t)handle;
	op_reply_open(op);
	return 0;
}

void fs_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file) {
	struct op *op = op_new(req, step_opendir, CALL_OPENDIR, ino, NULL);
	if (!op)
		return;
	op->looking = op->demand.looks = true;
	op->file = *file;
	op_run(op);
}

/* ---- reading ---- */

/* An answer to a readdir that is being put together. */
struct reading {
	fuse_req_t req;
	struct fs *fs;
	const struct handle *handle;
	struct node *dir;
	char *out;
	size_t size, used;
	bool plus;           /* with attributes */
	struct view view;    /* of `dir`, for those; without `fs`: it cannot be had */
	struct buffer given; /* the nodes that the kernel gets look-ups of: pointers */
};

/*
 * The attributes of an entry, with its look-up, from what is there already: nobody has asked for what an answer of its
 * own would be needed for. False: the entry goes without.
 */
static bool reading_attr(struct reading *reading, const char *name, struct fuse_entry_param *ret) {
	struct fs *fs = reading->fs;
	struct demand demand = {.since_ms = fs->now_ms, .peeks = true, .looks = true, .until_ms = INT64_MAX};
	const struct row *row;
	struct view child;
	struct attr attr;
	if (!reading->view.fs || !strcmp(name, ".") || !strcmp(name, "..") ||
		view_child(&reading->view, name, &demand, &row) || row->live || row->write != WRITE_NEVER ||
		row_is_scratch(row))
		return false;
	struct node *node =
		node_lookup(fs->nodes, reading->dir, row, row->type == ROW_RESOURCE ? reading->view.kind : NULL, name);
	if (!node)
		return false;
	buffer_append(&reading->given, &node, sizeof node);
	if (reading->given.error || view_open(fs, node, &demand, &child) || view_attr(&child, &demand, &attr) ||
		kept_s(fs, attr.until_ms) <= 0 || !kept_entry(fs, &node, &attr, ret)) {
		reading->given.len -= reading->given.error ? 0 : sizeof node;
		node_forget(fs->nodes, node, 1);
		return false;
	}
	memcpy(reading->given.data + reading->given.len - sizeof node, &node, sizeof node);
	return true;
}

/* False: it did not fit. */
static bool reading_add(struct reading *reading, const char *name, uint64_t ino, mode_t type, off_t next) {
	struct fuse_entry_param entry = {
		.attr = {.st_ino = ino, .st_mode = type << 12}}; /* S_IFDIR is DT_DIR, shifted */
	char *at = reading->out + reading->used;
	size_t left = reading->size - reading->used;
	size_t need = reading->plus ? fuse_add_direntry_plus(reading->req, NULL, 0, name, &entry, next)
				    : fuse_add_direntry(reading->req, NULL, 0, name, &entry.attr, next);
	if (need > left)
		return false;
	if (reading->plus && !reading_attr(reading, name, &entry))
		entry = (struct fuse_entry_param){.attr = {.st_ino = ino, .st_mode = type << 12}};
	if (reading->plus)
		fuse_add_direntry_plus(reading->req, at, left, name, &entry, next);
	else
		fuse_add_direntry(reading->req, at, left, name, &entry.attr, next);
	reading->used += need;
	return true;
}

/* The offset of an entry is the place of the next one, counted over the handle's own and the list's: whatever lseek(2)
 * brings, it is one or behind the end. */
static void reading_run(struct reading *reading, size_t from) {
	const struct handle *handle = reading->handle;
	const struct list *list = handle->list;
	size_t own = handle_entries(handle), end = own + (list ? list->count : 0);
	char space[NAME_SIZE];
	for (size_t at = from; at < end; at++) {
		const char *name;
		const struct row *row;
		uint64_t ino;
		mode_t type;
		if (at < own) {
			handle_entry(handle, at, &name, &ino, &type);
		} else {
			if (!list_entry(list, at - own, reading->dir, space, &name, &row))
				continue;
			ino = node_ino(reading->dir, name);
			type = row_type(row);
		}
		if (!reading_add(reading, name, ino, type, (off_t)at + 1))
			return;
	}
}

static void readdir_answer(
	fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, const struct fuse_file_info *file, bool plus) {
	struct fs *fs = fuse_req_userdata(req);
	struct demand demand = {.since_ms = fs->now_ms, .peeks = true, .looks = true, .until_ms = INT64_MAX};
	struct reading reading = {.req = req,
		.fs = fs,
		.handle = (const struct handle *)(uintptr_t)file->fh,
		.dir = op_node(fs, ino),
		.out = malloc(size ? size : 1),
		.size = size,
		.plus = plus};
	op_count(req, CALL_READDIR, reading.out ? 0 : ENOMEM);
	if (!reading.out) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	if (plus)
		(void)view_open(fs, reading.dir, &demand, &reading.view);
	reading_run(&reading, (size_t)offset);
	if (fuse_reply_buf(req, reading.out, reading.used)) /* interrupted: the kernel never got the look-ups */
		for (size_t at = 0; at < reading.given.len; at += sizeof(struct node *)) {
			struct node *node;
			memcpy(&node, reading.given.data + at, sizeof node);
			node_forget(fs->nodes, node, 1);
		}
	buffer_free(&reading.given);
	free(reading.out);
}

void fs_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *file) {
	readdir_answer(req, ino, size, offset, file, false);
}

void fs_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *file) {
	readdir_answer(req, ino, size, offset, file, true);
}

void fs_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file) {
	(void)ino;
	handle_free((struct handle *)(uintptr_t)file->fh);
	op_count(req, CALL_RELEASEDIR, 0);
	fuse_reply_err(req, 0);
}
