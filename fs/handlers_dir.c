#include "handlers.h"

#include "../api/scope.h"
#include "change.h"
#include "kept.h"
#include "options.h"
#include "refusal.h"
#include "spec.h"
#include "sweep.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- shared by the handlers ---- */

int op_refuse_words(struct op *op, int code, const char *format, ...) {
	struct error err;
	char text[sizeof err.message];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	error_set(&err, code, "%s", text);
	err.verdict = op->local ? VERDICT_NONE : VERDICT_NOT_DONE;
	return op_refuse(op, &err, NULL);
}

static void op_changed(void *user, int rc, const struct error *err) {
	struct op *op = user;
	(void)err; /* the change has kept it for .error */
	op->change = NULL;
	op->settled = true;
	op->outcome = rc;
	op_run(op);
}

int op_change(struct op *op, struct change_order *order) {
	SCOPED(buffer_free) struct buffer path = {0};
	struct error err;
	node_path(op->node, &path);
	if (op->name[0])
		buffer_printf(&path, "/%s", op->name);
	if (path.error)
		return path.error;
	if (!op_may_park(op)) /* once it is sent, its outcome must find somebody */
		return op_refuse_words(op, EBUSY, "%d calls wait already: try again later", OPS_MAX);
	order->path = path.data;
	order->deadline_ms = op->deadline_ms;
	order->pid = op->pid;
	order->operation = op->operation;
	int rc = change_start(op->fs->changes, order, op_changed, op, &op->change, &err);
	if (rc)
		return rc;
	op->changing = true;
	return DEMAND_PARKED;
}

int op_child(struct op *op, struct view *ret_parent, struct view *ret_child) {
	const struct row *row;
	int rc = view_open(op->fs, op->node, &op->demand, ret_parent);
	if (!rc)
		rc = view_child(ret_parent, op->name, &op->demand, &row);
	if (rc)
		return rc;
	const struct kind *kind = row->type == ROW_RESOURCE ? ret_parent->kind : NULL;
	struct node *node = node_lookup(op->fs->nodes, op->node, row, kind, op->name);
	if (!node)
		return -ENOMEM;
	rc = view_open(op->fs, node, &op->demand, ret_child);
	if (rc)
		node_forget(op->fs->nodes, node, 1);
	return rc;
}

/* ---- names ---- */

static int step_lookup(struct op *op) {
	struct view parent, child;
	struct attr attr;
	int rc = op_child(op, &parent, &child);
	if (rc)
		return rc;
	rc = view_attr(&child, &op->demand, &attr);
	if (rc) {
		node_forget(op->fs->nodes, child.node, 1);
		return rc;
	}
	op_reply_entry(op, child.node, &attr);
	return 0;
}

void fs_lookup(fuse_req_t req, fuse_ino_t parent, const char *name) {
	struct op *op = op_new(req, step_lookup, CALL_LOOKUP, parent, name);
	if (!op)
		return;
	op->looking = op->demand.looks = true;
	op_run(op);
}

void fs_forget(fuse_req_t req, fuse_ino_t ino, uint64_t count) {
	struct fs *fs = fuse_req_userdata(req);
	node_forget(fs->nodes, op_node(fs, ino), count);
	op_count(req, CALL_FORGET, 0);
	fuse_reply_none(req);
}

void fs_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets) {
	struct fs *fs = fuse_req_userdata(req);
	for (size_t i = 0; i < count; i++)
		node_forget(fs->nodes, op_node(fs, forgets[i].ino), forgets[i].nlookup);
	op_count(req, CALL_FORGET, 0);
	fuse_reply_none(req);
}

static int step_getattr(struct op *op) {
	struct view view;
	struct attr attr;
	int rc = view_open(op->fs, op->node, &op->demand, &view);
	if (!rc)
		rc = view_attr(&view, &op->demand, &attr);
	if (rc)
		return rc;
	op_reply_attr(op, &attr);
	return 0;
}

/*
 * The kernel asks so in the midst of a read, which must not wait for the network, and which goes on with the text that
 * was opened. Only the times may be unknown by now.
 */
static void getattr_open(fuse_req_t req, const struct handle *handle) {
	struct fs *fs = fuse_req_userdata(req);
	struct demand demand = {.peeks = true, .looks = true};
	struct view view;
	struct attr attr;
	if (view_open(fs, handle->pinned, &demand, &view))
		view = (struct view){.fs = fs, .node = handle->pinned, .row = handle->pinned->row};
	view_attr_of(&view, &demand, &handle->bytes, handle->list, &attr);
	op_count(req, CALL_STAT, 0);
	fuse_reply_attr(req, &attr.st, kept_open_s(handle));
}

void fs_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file) {
	const struct handle *handle = file ? (const struct handle *)(uintptr_t)file->fh : NULL;
	if (handle && handle->pinned && !row_is_dir(handle->pinned->row)) {
		getattr_open(req, handle);
		return;
	}
	struct op *op = op_new(req, step_getattr, CALL_STAT, ino, NULL);
	if (!op)
		return;
	op->looking = op->demand.looks = true;
	op_run(op);
}

static int step_readlink(struct op *op) {
	struct view view;
	SCOPED(buffer_free) struct buffer target = {0};
	int rc = view_open(op->fs, op->node, &op->demand, &view);
	if (!rc)
		rc = row_is_link(view.row) ? view_render(&view, &op->demand, &target) : -EINVAL;
	if (rc)
		return rc;
	op_reply_readlink(op, target.data ? target.data : "");
	return 0;
}

void fs_readlink(fuse_req_t req, fuse_ino_t ino) {
	struct op *op = op_new(req, step_readlink, CALL_READLINK, ino, NULL);
	if (!op)
		return;
	op->demand.looks = true;
	op_run(op);
}

/* ---- making and removing directories ---- */

static int step_mkdir(struct op *op) {
	struct view parent, child;
	const struct row *row;
	struct error err;
	int rc = view_open(op->fs, op->node, &op->demand, &parent);
	if (rc)
		return rc;
	const struct kind *kind = parent.kind;
	if (parent.row->type != ROW_COLLECTION || !kind->create)
		return op_refuse_words(op, EPERM,
			"nothing can be created here, only in airuntimes, aimodels and templates of a project or "
			"organisation");
	if (!(op->fs->options->allow & CHANGE_CREATE))
		return op_refuse_words(op, EROFS, "this mount does not grant create (option allow=)");
	rc = spec_name_check(kind->create, op->name, &err);
	if (rc == -EINVAL)
		err.verdict = VERDICT_NOT_DONE;
	if (rc)
		return rc == -EINVAL ? op_refuse(op, &err, NULL) : rc;
	rc = view_child(&parent, op->name, &op->demand, &row);
	if (rc != -ENOENT)
		return rc ? rc : -EEXIST;
	SCOPED(buffer_free) struct buffer place = {0};
	struct draft *draft;
	rc = view_place(&parent, &place);
	if (!rc)
		rc = draft_new(op->fs->drafts, kind, place.data, op->name, op->fs->now, &draft);
	if (rc)
		return rc;
	struct attr attr;
	rc = op_child(op, &parent, &child);
	if (!rc && (rc = view_attr(&child, &op->demand, &attr)))
		node_forget(op->fs->nodes, child.node, 1);
	if (rc) {
		draft_remove(op->fs->drafts, draft);
		return rc;
	}
	op_reply_entry(op, child.node, &attr);
	return 0;
}

void fs_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode) {
	(void)mode;
	struct op *op = op_new(req, step_mkdir, CALL_MKDIR, parent, name);
	if (op)
		op_run(op);
}

int op_draft_settled(struct op *op, const struct draft *draft) {
	if (draft->state == DRAFT_BUSY)
		return op_refuse_words(op, EBUSY, "its create is under way");
	if (draft->state == DRAFT_DOUBT)
		return op_refuse_words(op, EBUSY,
			"a create of this name was sent and its outcome is not known; it is settled when a listing "
			"shows it");
	return 0;
}

/* Remembers that something in that directory was refused to the op's caller. 0 or -ENOMEM. */
static int sweep_mark(struct op *op, const struct buffer *dir) {
	return dir->len ? sweep_add(op->fs->sweeps, dir->data, op->pid, op->fs->now_ms) : 0;
}

/*
 * Something inside a resource was asked to be removed, or a directory above resources, or something beside them:
 * refused, and remembered, lest a rmdir of the resource follows from the same sweep.
 */
static int refuse_inside(struct op *op, const struct view *child, const char *words) {
	bool inside = child->resource && child->resource != child->node && !child->draft;
	const struct node *swept = inside                             ? child->resource
				   : child->row->type == ROW_RESOURCE ? child->node
								      : child->collection;
	SCOPED(buffer_free) struct buffer dir = {0};
	if (swept && !child->draft)
		node_path(swept, &dir);
	int rc = sweep_mark(op, &dir);
	if (rc)
		return rc;
	struct error err;
	if (inside && child->kind->remove && (op->fs->options->allow & CHANGE_DELETE))
		error_set(&err, EPERM, "%s; rmdir %s deletes the %s", words, child->resource->name,
			child->kind->singular);
	else
		error_set(&err, EPERM, "%s", words);
	err.verdict = op->local ? VERDICT_NONE : VERDICT_NOT_DONE;
	return dir.len ? op_refuse_swept(op, &err, dir.data) : op_refuse(op, &err, NULL);
}

static int rmdir_resource(struct op *op, const struct view *child) {
	const struct kind *kind = child->kind;
	if (child->row->type != ROW_RESOURCE || !kind->remove)
		return refuse_inside(op, child, "this directory cannot be removed");
	if (!(op->fs->options->allow & CHANGE_DELETE)) /* what a sweep meets is as true of a rmdir by itself */
		return op_refuse_words(op, EROFS, "this mount does not grant delete (option allow=)");
	SCOPED(buffer_free) struct buffer dir = {0};
	node_path(child->node, &dir);
	if (dir.error)
		return dir.error;
	if (sweep_is(op->fs->sweeps, dir.data, op->pid, op->began_ms))
		return op_refuse_words(op, ENOTEMPTY,
			"this looks like the end of a rm -r, which deletes no %s; a rmdir by itself does, in %d s",
			kind->singular, SWEEP_MS / 1000);
	if (view_leaving(child))
		return op_refuse_words(
			op, EALREADY, "it is being deleted already; it is billed until the API answers 404");
	int rc = view_scratch_dir(child, &op->data);
	struct change_order order = {.verb = CHANGE_DELETE, .kind = kind, .scope = &child->scope};
	return rc ? rc : op_change(op, &order);
}

/* Whether the op's name is that of a draft, as far as is known without looking at the API. 0 or -errno. */
static int names_draft(struct op *op, bool *ret) {
	struct view parent;
	SCOPED(buffer_free) struct buffer place = {0};
	*ret = false;
	int rc = view_open(op->fs, op->node, &op->demand, &parent);
	if (rc || parent.row->type != ROW_COLLECTION || !parent.kind->create || (rc = view_place(&parent, &place)))
		return rc;
	const struct draft *draft = draft_find(op->fs->drafts, place.data, op->name);
	*ret = draft && draft->state != DRAFT_BORN;
	return 0;
}

static int step_rmdir(struct op *op) {
	struct view parent, child;
	if (!op->began) {
		int failed = names_draft(op, &op->of_draft);
		if (failed)
			return failed;
		op->began = true;
	}
	if (op->settled) {
		if (op->outcome)
			return op->outcome;
		scratch_dir_end(op->fs, op->data.data, node_retire(op->fs->nodes, op->node, op->name));
		op_reply_err(op, 0);
		return 0;
	}
	int rc = op_child(op, &parent, &child);
	if (rc)
		return rc;
	struct draft *draft = child.row->type == ROW_RESOURCE ? child.draft : NULL;
	if (draft) {
		SCOPED(buffer_free) struct buffer path = {0};
		rc = op_draft_settled(op, draft);
		if (!rc)
			rc = view_scratch_dir(&child, &path);
		if (!rc) {
			draft_remove(op->fs->drafts, draft);
			scratch_dir_end(op->fs, path.data, node_retire(op->fs->nodes, op->node, op->name));
		}
	} else if (op->of_draft) {
		rc = op_refuse_words(op, EBUSY, "it was a draft when its removal was asked for, and is a %s now",
			child.kind->singular);
	} else {
		rc = rmdir_resource(op, &child);
	}
	node_forget(op->fs->nodes, child.node, 1);
	if (!rc)
		op_reply_err(op, 0);
	return rc;
}

void fs_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name) {
	struct op *op = op_new(req, step_rmdir, CALL_RMDIR, parent, name);
	if (op)
		op_run(op);
}

static int rename_dir(struct op *op, const struct view *parent, const struct view *child) {
	const struct row *row;
	struct error err;
	int rc;
	SCOPED(buffer_free) struct buffer path = {0};
	SCOPED(buffer_free) struct buffer new_path = {0};
	struct draft *draft = child->row->type == ROW_RESOURCE ? child->draft : NULL;
	if (!draft)
		rc = op_refuse_words(op, EPERM, "the API cannot rename or move %s",
			child->kind ? "this; a copy of its spec.json creates another one" : "anything here");
	else if (op->new_parent != op->node)
		rc = op_refuse_words(op, EPERM, "a draft can be renamed, but not moved to another collection");
	else
		rc = op_draft_settled(op, draft);
	if (!rc)
		rc = spec_name_check(parent->kind->create, op->new_name, &err);
	if (rc == -EINVAL) {
		err.verdict = VERDICT_NOT_DONE;
		op_refuse(op, &err, NULL);
	}
	if (!rc) {
		rc = view_child(parent, op->new_name, &op->demand, &row);
		rc = rc == -ENOENT ? 0 : rc ? rc : -EEXIST;
	}
	if (!rc)
		rc = view_scratch_dir(child, &path);
	if (!rc)
		rc = view_place(child, &new_path);
	buffer_printf(&new_path, "/%s", op->new_name);
	if (!rc)
		rc = new_path.error;
	char *name = rc ? NULL : strdup(op->new_name);
	if (!rc)
		rc = name ? draft_rename(draft, op->new_name) : -ENOMEM;
	if (!rc) {
		node_retire(op->fs->nodes, op->node, op->new_name);
		node_rename(op->fs->nodes, child->node, op->node, take_pointer(name));
		scratch_dir_rename(op->fs->scratches, path.data, take_pointer(new_path.data));
	}
	free(name);
	return rc;
}

static int step_rename(struct op *op) {
	struct view parent, child;
	int rc = op_child(op, &parent, &child);
	if (rc)
		return rc;
	if (child.scratch || (row_has_text(child.row) && view_holds_scratch(&parent)))
		rc = op_scratch_rename(op, &parent, &child);
	else
		rc = rename_dir(op, &parent, &child);
	node_forget(op->fs->nodes, child.node, 1);
	if (!rc && op->step != step_rename)
		return op->step(op);
	if (!rc)
		op_reply_err(op, 0);
	return rc;
}

void fs_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent, const char *new_name,
	unsigned flags) {
	if (flags & ~(unsigned)RENAME_NOREPLACE || strlen(new_name) >= NAME_SIZE) {
		int code = flags & ~(unsigned)RENAME_NOREPLACE ? EINVAL : ENAMETOOLONG;
		op_count(req, CALL_RENAME, code);
		fuse_reply_err(req, code);
		return;
	}
	struct op *op = op_new(req, step_rename, CALL_RENAME, parent, name);
	if (!op)
		return;
	op->keep = flags & RENAME_NOREPLACE; /* directories are renamed so anyway */
	op->new_parent = op_node(op->fs, new_parent);
	strcpy(op->new_name, new_name);
	op_run(op);
}

/* Whatever is in a draft can go, so that rm -r can remove it: of .error the words. */
static int unlink_in_draft(struct op *op, const struct view *child) {
	if (child->row->type == ROW_ERROR) {
		SCOPED(buffer_free) struct buffer dir = {0};
		node_path(op->node, &dir);
		if (!dir.error)
			refusal_settle(op->fs->refusals, dir.data, dir.len);
		return dir.error;
	}
	int rc = op_draft_settled(op, child->draft);
	if (rc) { /* by the time of the rmdir that follows it may be a resource */
		SCOPED(buffer_free) struct buffer dir = {0};
		node_path(op->node, &dir);
		return dir.error ? dir.error : sweep_mark(op, &dir) ? -ENOMEM : rc;
	}
	(void)draft_truncate(op->fs->drafts, child->draft, 0, op->fs->now); /* to nothing it cannot fail */
	child->draft->has_text = false;
	return 0;
}

static int step_unlink(struct op *op) {
	struct view parent, child;
	int rc = op_child(op, &parent, &child);
	if (rc)
		return rc;
	if (child.scratch)
		scratch_unlink(child.scratch, child.node);
	else if (child.draft)
		rc = unlink_in_draft(op, &child);
	else if (view_backed_up(&child))
		/* An editor makes room for its backup after a refused write: .error keeps what was refused. A sweep
		   would meet all the other files too. */
		rc = -EPERM;
	else
		rc = refuse_inside(op, &child, "this file cannot be removed");
	if (!rc)
		node_retire(op->fs->nodes, op->node, op->name);
	node_forget(op->fs->nodes, child.node, 1);
	if (!rc)
		op_reply_err(op, 0);
	return rc;
}

void fs_unlink(fuse_req_t req, fuse_ino_t parent, const char *name) {
	struct op *op = op_new(req, step_unlink, CALL_UNLINK, parent, name);
	if (!op)
		return;
	op->local = true;
	op_run(op);
}
