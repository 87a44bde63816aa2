#include "handlers.h"

#include "../api/scope.h"
#include "dump.h"
#include "kept.h"
#include "list.h"
#include "plan.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/statvfs.h>

/* ---- what is opened ---- */

static int draft_open(struct op *op, const struct view *view) {
	struct draft *draft = view->draft;
	if (!draft)
		return 0;
	if (draft->state == DRAFT_OPEN)
		return op->file.flags & O_TRUNC ? draft_truncate(op->fs->drafts, draft, 0, op->fs->now) : 0;
	if (draft->state == DRAFT_BUSY)
		return op_refuse_words(op, EALREADY, "its create is under way");
	return op_refuse_words(op, EALREADY,
		"a create of this name was sent and its outcome is not known; nothing more is sent until a "
		"listing shows it, or none has for %u s",
		view->kind->absent_s);
}

/* Two handles may hold two texts, which the page cache could mix: it has only what is the node's own. */
static void open_kept(struct op *op, const struct view *view, struct handle *handle) {
	uint64_t text = view_text(view, &handle->bytes, handle->list);
	bool good = false;
	op->file.direct_io = !text || !kept_open(op->node, text, handle, &good);
	op->file.keep_cache = good;
}

/* ---- events ---- */

static void poll_tell(struct handle *handle) {
	if (!handle->poll)
		return;
	fuse_lowlevel_notify_poll(handle->poll);
	fuse_pollhandle_destroy(take_pointer(handle->poll));
}

static void events_changed(struct follower *follower) {
	poll_tell((struct handle *)((char *)follower - offsetof(struct handle, follower)));
}

/* From now on it is known what happens. */
static int events_open(struct op *op, const struct view *view, struct handle *handle) {
	handle->follower.changed = events_changed;
	int rc = watch_follow(op->fs->watches, view->kind, &view->scope, view->collection, &handle->follower);
	handle->follows = !rc;
	if (rc == -EBUSY)
		return op_refuse_words(op, EBUSY, "the events of %d collections are followed already", WATCHES_MAX);
	return rc;
}

static const struct buffer *handle_text(const struct handle *handle) {
	return handle->scratch   ? &handle->scratch->text
	       : handle->follows ? follower_events(&handle->follower)
				 : &handle->bytes;
}

/* ---- open, read, release ---- */

/* Reads fail here, where a shell sees it, not later in read(2): the text is rendered now. */
static int step_open(struct op *op) {
	struct view view;
	bool writing = (op->file.flags & O_ACCMODE) != O_RDONLY;
	int rc = view_open(op->fs, op->node, &op->demand, &view);
	if (rc)
		return rc;
	if (view.scratch && (writing || !plan_is(&view)))
		return op_scratch_open(op, &view);
	if (writing && view.row->write == WRITE_NEVER)
		return -EACCES;
	if (writing && node_retired(op->node)) /* by /proc/self/fd */
		return -ENOENT;
	if (writing && (rc = draft_open(op, &view)))
		return rc;
	struct handle *handle = handle_new(&op->fs->handles, writing ? view.row->write : WRITE_NEVER);
	if (!handle)
		return -ENOMEM;
	if (view.row->type == ROW_DUMP) {
		const struct list *list;
		rc = dump_open(&view, &op->demand, &list);
		if (!rc)
			handle->list = list_hold(list);
	} else if (!(writing && op->file.flags & O_TRUNC))
		rc = view_render(&view, &op->demand, &handle->bytes);
	if (rc) {
		handle_free(handle);
		return rc;
	}
	if (view.row->type == ROW_EVENTS && (rc = events_open(op, &view, handle))) {
		handle_free(handle);
		return rc;
	}
	handle->in_order = !handle->bytes.len;
	op->file.fh = (uintptr_t)handle;
	open_kept(op, &view, handle);
	op->file.noflush = !writing;
	op_reply_open(op);
	return 0;
}

void fs_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file) {
	struct op *op = op_new(req, step_open, CALL_OPEN, ino, NULL);
	if (!op)
		return;
	op->file = *file;
	op->demand.looks = (file->flags & O_ACCMODE) == O_RDONLY;
	op_run(op);
}

void fs_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *file) {
	(void)ino;
	struct handle *handle = (struct handle *)(uintptr_t)file->fh;
	SCOPED(buffer_free) struct buffer lines = {0};
	if (handle->list) {
		dump_read(handle->list, (size_t)offset, size, &lines);
		op_count(req, CALL_READ, -lines.error);
		if (lines.error)
			fuse_reply_err(req, -lines.error);
		else
			fuse_reply_buf(req, lines.data, lines.len);
		return;
	}
	const struct buffer *bytes = handle_text(handle);
	size_t at = offset < (off_t)bytes->len ? (size_t)offset : bytes->len;
	size_t left = bytes->len - at;
	handle->end = handle->follows ? at + (left < size ? left : size) : handle->end;
	op_count(req, CALL_READ, 0);
	fuse_reply_buf(req, bytes->data ? bytes->data + at : NULL, left < size ? left : size);
}

void fs_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file) {
	(void)ino;
	struct handle *handle = (struct handle *)(uintptr_t)file->fh;
	poll_tell(handle); /* nobody is to be told any more, and what libfuse has for that is released */
	handle_free(handle);
	op_count(req, CALL_RELEASE, 0);
	fuse_reply_err(req, 0);
}

/* As of any file, it can always be read and written; but of the events only what was not read yet. */
void fs_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file, struct fuse_pollhandle *poll) {
	(void)ino;
	struct handle *handle = (struct handle *)(uintptr_t)file->fh;
	unsigned events = POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM;
	if (handle && handle->follows && handle->end == follower_events(&handle->follower)->len)
		events = 0;
	if (handle && handle->follows && poll) {
		if (handle->poll)
			fuse_pollhandle_destroy(handle->poll);
		handle->poll = take_pointer(poll);
	}
	if (poll)
		fuse_pollhandle_destroy(poll);
	op_count(req, CALL_POLL, 0);
	fuse_reply_poll(req, events);
}

/* ---- attributes ---- */

enum {
	TIMES = FUSE_SET_ATTR_ATIME | FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_ATIME_NOW | FUSE_SET_ATTR_MTIME_NOW |
		FUSE_SET_ATTR_CTIME
};

static int setattr_size(struct op *op, const struct view *view) {
	struct handle *handle = op->handle;
	if (view->row->write == WRITE_NEVER)
		return -EACCES;
	if (node_retired(op->node)) /* the draft's text is no longer that of this file */
		return -ENOENT;
	struct draft *draft = view->draft;
	if (handle && handle->settled && !handle->outcome && op->offset && (size_t)op->offset == handle->end)
		return 0; /* to the length that was written, and is the text that went to the API */
	if (!draft && op->offset)
		return -EINVAL; /* a resource's file is emptied before it is written, as every redirection does, and
				   never anything else */
	if (draft && draft->state != DRAFT_OPEN)
		return -EALREADY;
	int rc = draft ? draft_truncate(op->fs->drafts, draft, (size_t)op->offset, op->fs->now) : 0;
	if (!rc && handle && !op->offset && !handle->sent) {
		buffer_clear(&handle->bytes);
		handle->in_order = true;
		handle->settled = handle->wrote = false;
		handle->end = 0;
	}
	return rc;
}

/*
 * What tools send along is accepted where nothing would change; what would be lost is refused. The modes of what can be
 * written are ours alone: tar and cp set them on the directory and the spec.json that they have just made, which need
 * not fail for that.
 */
static int setattr_check(
	const struct op *op, const struct view *view, const struct stat *wanted, const struct stat *st) {
	bool made = view->row->write != WRITE_NEVER || (view->row->type == ROW_RESOURCE && view->kind->create);
	if (op->to_set & FUSE_SET_ATTR_MODE && (wanted->st_mode & 07777) != (st->st_mode & 07777) && !made)
		return -EPERM;
	if (op->to_set & FUSE_SET_ATTR_UID && wanted->st_uid != st->st_uid)
		return -EPERM;
	if (op->to_set & FUSE_SET_ATTR_GID && wanted->st_gid != st->st_gid)
		return -EPERM;
	return 0;
}

bool op_forget(struct op *op, const struct view *view) {
	struct node *resource = view_forget(view);
	op->demand.since_ms = op->fs->now_ms;
	SCOPED(buffer_free) struct buffer path = {0};
	if (resource)
		node_path(resource, &path);
	if (resource && !path.error)
		kept_forget_resource(op->fs, path.data, path.len, view->scope.ids[view->scope.count - 1]);
	if (!resource || path.error)
		kept_forget_all(op->fs);
	op->refreshing = kept_run(op->fs);
	return op->refreshing;
}

static int step_setattr(struct op *op) {
	struct view view;
	struct attr attr;
	const struct stat wanted = {.st_mode = op->mode, .st_uid = op->uid, .st_gid = op->gid};
	int rc = view_open(op->fs, op->node, &op->demand, &view);
	if (rc)
		return rc;
	if (view.scratch)
		return op_scratch_setattr(op, &view);
	if (op->to_set & FUSE_SET_ATTR_SIZE) {
		rc = setattr_size(op, &view);
		op->to_set &= ~FUSE_SET_ATTR_SIZE; /* done: the step may run again for the attributes */
	}
	if (!rc && op->to_set & TIMES) {
		op->to_set &= ~TIMES;
		if (op_forget(op, &view))
			return DEMAND_PARKED;
		rc = view_open(op->fs, op->node, &op->demand, &view);
	}
	if (!rc)
		rc = view_attr(&view, &op->demand, &attr);
	if (!rc && !view.draft)
		rc = setattr_check(op, &view, &wanted, &attr.st);
	if (rc)
		return rc;
	op_reply_attr(op, &attr);
	return 0;
}

void fs_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set, struct fuse_file_info *file) {
	struct op *op = op_new(req, step_setattr, CALL_SETATTR, ino, NULL);
	if (!op)
		return;
	op->to_set = to_set;
	op->offset = attr->st_size;
	op->mode = attr->st_mode;
	op->uid = attr->st_uid;
	op->gid = attr->st_gid;
	op->atime = attr->st_atim;
	op->mtime = attr->st_mtim;
	op->handle = file ? (struct handle *)(uintptr_t)file->fh : NULL;
	op_run(op);
}

/* ---- what needs no I/O ---- */

static void fs_statfs(fuse_req_t req, fuse_ino_t ino) {
	(void)ino;
	/* A cloud has no size; tools that refuse a full or empty disk must see neither. */
	const struct statvfs st = {.f_bsize = 4096,
		.f_frsize = 4096,
		.f_blocks = 1 << 20,
		.f_bfree = 1 << 19,
		.f_bavail = 1 << 19,
		.f_files = 1 << 20,
		.f_ffree = 1 << 19,
		.f_favail = 1 << 19,
		.f_namemax = NAME_SIZE - 1};
	op_count(req, CALL_STATFS, 0);
	fuse_reply_statfs(req, &st);
}

static void fs_init(void *user, struct fuse_conn_info *conn) {
	struct fs *fs = user;
	conn->want &= ~(unsigned)(FUSE_CAP_SPLICE_READ | FUSE_CAP_SPLICE_WRITE | FUSE_CAP_SPLICE_MOVE);
	/* The text of a node is one for ever (kept.h): there is nothing to ask for at each read. */
	conn->want &= ~(unsigned)FUSE_CAP_AUTO_INVAL_DATA;
	fs->ready = true;
}

static void fs_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t device) {
	(void)parent;
	(void)name;
	(void)mode;
	(void)device;
	op_count(req, CALL_OTHER, EPERM);
	fuse_reply_err(req, EPERM);
}

static void fs_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent, const char *name) {
	(void)ino;
	(void)parent;
	(void)name;
	op_count(req, CALL_OTHER, EPERM);
	fuse_reply_err(req, EPERM);
}

const struct fuse_lowlevel_ops fs_ops = {
	.init = fs_init,
	.lookup = fs_lookup,
	.forget = fs_forget,
	.forget_multi = fs_forget_multi,
	.getattr = fs_getattr,
	.setattr = fs_setattr,
	.readlink = fs_readlink,
	.mknod = fs_mknod,
	.mkdir = fs_mkdir,
	.unlink = fs_unlink,
	.rmdir = fs_rmdir,
	.symlink = fs_symlink,
	.rename = fs_rename,
	.link = fs_link,
	.open = fs_open,
	.create = fs_create,
	.read = fs_read,
	.poll = fs_poll,
	.write = fs_write,
	.flush = fs_flush,
	.fsync = fs_fsync,
	.release = fs_release,
	.opendir = fs_opendir,
	.readdir = fs_readdir,
	.readdirplus = fs_readdirplus,
	.releasedir = fs_releasedir,
	.statfs = fs_statfs,
};
