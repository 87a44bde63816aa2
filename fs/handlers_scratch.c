/*
 * Scratch files: made, opened, renamed; and renamed onto what is written to the API, which then is a write of all their
 * text.
 *
 * Editors save in two ways: they rename a finished temporary file onto spec.json, which commits it; or they rename
 * spec.json to a backup, write spec.json anew, and if that fails rename the backup back. The latter must put back what
 * was, and never send it.
 */
#include "handlers.h"

#include "../api/scope.h"
#include "options.h"
#include "plan.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* Whether a scratch file may be called so. */
static int scratch_check(struct op *op, const struct view *dir, const char *name) {
	if (op->fs->options->read_only)
		return -EROFS;
	if (dir->row->type == ROW_COLLECTION && dir->kind->create)
		return op_refuse_words(
			op, EPERM, "no file can be made here: mkdir NAME first, then write NAME/spec.json");
	if (!view_holds_scratch(dir))
		return op_refuse_words(op, EPERM,
			"no file can be made here, only in the directory of a draft, or of a resource that can be "
			"deleted");
	if (view_fixed(dir, name) && dir->draft) {
		int rc = op_draft_settled(op, dir->draft);
		return rc ? rc
			  : op_refuse_words(op, EPERM, "%s is a draft: nothing exists yet; write its spec.json first",
				    dir->draft->name);
	}
	if (view_fixed(dir, name))
		return op_refuse_words(op, EPERM, "what the API says of a resource cannot be written");
	return 0;
}

/* ---- making ---- */

/* A new one, a link if it has a target, and its node looked up. */
static int scratch_make(struct op *op, const struct view *dir, const char *target, struct view *ret) {
	SCOPED(buffer_free) struct buffer path = {0};
	struct scratches *all = op->fs->scratches;
	struct scratch *scratch = NULL;
	struct view parent;
	int rc = scratch_check(op, dir, op->name);
	if (!rc)
		rc = view_scratch_dir(dir, &path);
	if (!rc && scratch_find(all, path.data, op->name))
		rc = -EEXIST; /* another creator was first */
	if (!rc)
		view_tidy(dir, &(struct demand){.since_ms = op->fs->now_ms, .peeks = true, .looks = true});
	if (!rc)
		rc = scratch_new(all, path.data, op->name, op->mode, op->fs->now, &scratch);
	if (!rc && target) {
		scratch->link = true;
		rc = scratch_write(scratch, target, strlen(target), 0, op->fs->now);
	}
	if (!rc)
		rc = op_child(op, &parent, ret);
	if (rc && scratch)
		scratch_unlink(scratch, NULL);
	return rc;
}

static void scratch_unmake(struct op *op, struct view *made) {
	scratch_unlink(made->scratch, NULL);
	node_retire(op->fs->nodes, op->node, op->name);
	node_forget(op->fs->nodes, made->node, 1);
}

int op_scratch_create(struct op *op, const struct view *dir) {
	struct view made;
	struct attr attr;
	int rc = scratch_make(op, dir, NULL, &made);
	if (rc)
		return rc;
	struct handle *handle = handle_of_scratch(&op->fs->handles, made.scratch);
	if (!handle) {
		scratch_unmake(op, &made);
		return -ENOMEM;
	}
	(void)view_attr(&made, &op->demand, &attr);
	handle->plan = plan_is(&made);
	op->file.fh = (uintptr_t)handle;
	op->file.direct_io = 1;
	op->file.noflush = !handle->plan;
	op_reply_create(op, made.node, &attr);
	return 0;
}

static int step_symlink(struct op *op) {
	struct view dir, made;
	struct attr attr;
	int rc = view_open(op->fs, op->node, &op->demand, &dir);
	if (!rc)
		rc = scratch_make(op, &dir, op->data.data, &made);
	if (rc)
		return rc;
	(void)view_attr(&made, &op->demand, &attr);
	op_reply_entry(op, made.node, &attr);
	return 0;
}

void fs_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name) {
	struct op *op = op_new(req, step_symlink, CALL_SYMLINK, parent, name);
	if (!op)
		return;
	op->local = true;
	op->mode = 0777;
	buffer_add(&op->data, target);
	if (op->data.error)
		op_reply_err(op, ENOMEM);
	else
		op_run(op);
}

/* ---- open, setattr ---- */

static int scratch_resize(struct op *op, const struct view *view, size_t len) {
	if (len || !plan_is(view))
		return scratch_truncate(view->scratch, len, op->fs->now);
	scratch_set_aside(view->scratch, op->fs->now); /* what is written next may be refused */
	return 0;
}

int op_scratch_open(struct op *op, const struct view *view) {
	struct handle *handle = handle_of_scratch(&op->fs->handles, view->scratch);
	if (!handle)
		return -ENOMEM;
	handle->plan = plan_is(view);
	if ((op->file.flags & O_ACCMODE) != O_RDONLY && op->file.flags & O_TRUNC)
		(void)scratch_resize(op, view, 0); /* to nothing it cannot fail */
	op->file.fh = (uintptr_t)handle;
	op->file.direct_io = 1;
	op->file.noflush = !handle->plan;
	op_reply_open(op);
	return 0;
}

int op_scratch_setattr(struct op *op, const struct view *view) {
	struct scratch *scratch = view->scratch;
	struct attr attr;
	int rc = 0;
	if ((op->to_set & FUSE_SET_ATTR_UID && op->uid != op->fs->uid) ||
		(op->to_set & FUSE_SET_ATTR_GID && op->gid != op->fs->gid))
		return -EPERM;
	if (op->to_set & FUSE_SET_ATTR_SIZE)
		rc = scratch_resize(op, view, (size_t)op->offset);
	if (rc)
		return rc;
	if (op->to_set & FUSE_SET_ATTR_SIZE && op->handle)
		op->handle->settled = false;
	if (op->to_set & FUSE_SET_ATTR_MODE)
		scratch->mode = op->mode & 0777;
	if (op->to_set & FUSE_SET_ATTR_ATIME)
		scratch->atime = op->atime;
	if (op->to_set & FUSE_SET_ATTR_ATIME_NOW)
		scratch->atime = (struct timespec){.tv_sec = op->fs->now};
	if (op->to_set & FUSE_SET_ATTR_MTIME)
		scratch->mtime = op->mtime;
	if (op->to_set & FUSE_SET_ATTR_MTIME_NOW)
		scratch->mtime = (struct timespec){.tv_sec = op->fs->now};
	if (op->to_set)
		scratch->changed = op->fs->now;
	op->to_set = 0; /* done: the step may run again for the attributes of a plan */
	rc = view_attr(view, &op->demand, &attr);
	if (rc)
		return rc;
	op_reply_attr(op, &attr);
	return 0;
}

/* ---- onto what is written to the API ---- */

/*
 * A backup comes back to the file that it was made from. A draft's text is put back; that of a resource is what the API
 * says, so that there is nothing to do where the backup says the same.
 */
static int replace_restore(struct op *op, const struct view *view, const struct scratch *scratch) {
	struct draft *draft = view->draft;
	const struct buffer *text = &scratch->text;
	int rc;
	if (draft) {
		rc = op_draft_settled(op, draft);
		if (!rc)
			rc = draft_write(
				op->fs->drafts, draft, text->data ? text->data : "", text->len, 0, op->fs->now);
		return rc ? rc : draft_truncate(op->fs->drafts, draft, text->len, op->fs->now);
	}
	SCOPED(buffer_free) struct buffer now = {0};
	rc = view_render(view, &op->demand, &now);
	if (rc)
		return rc;
	if (now.len != text->len || (now.len && memcmp(now.data, text->data, now.len) != 0))
		return op_refuse_words(op, EPERM,
			"it is no longer what it was when this backup of it was made, and a backup is not sent; write "
			"what it shall be");
	return 0;
}

static int replace_commit(struct op *op, const struct view *dir, const struct scratch *scratch) {
	struct view view = *dir;
	view.row = view_fixed(dir, op->name);
	if (scratch->link)
		return op_refuse_words(op, EINVAL, "a symbolic link holds no text that could be sent");
	if (scratch->backup == view.row && op->new_parent == op->node)
		return replace_restore(op, &view, scratch);
	return op_commit_text(op, &view, &scratch->text);
}

/*
 * The op is about the file that is replaced, at `name` in `node`, as a write to it would be: its path stands in .error.
 * What replaces it is `new_name` in `new_parent`, which scratch.h knows by `data`. It loses its name only when the API
 * has agreed; then the kernel's inode of it is not that of the file that now has the name, and who has it open writes
 * to what nobody reads.
 */
static int step_replace(struct op *op) {
	struct view dir;
	struct scratch *scratch = scratch_find(op->fs->scratches, op->data.data, op->new_name);
	if (op->settled && op->outcome)
		return op->outcome;
	if (!op->settled) {
		int rc = scratch ? view_open(op->fs, op->node, &op->demand, &dir) : -ENOENT;
		if (!rc)
			rc = replace_commit(op, &dir, scratch);
		if (rc)
			return rc;
	}
	node_retire(op->fs->nodes, op->node, op->name);
	struct node *node = node_retire(op->fs->nodes, op->new_parent, op->new_name);
	if (scratch)
		scratch_unlink(scratch, node);
	op_reply_err(op, 0);
	return 0;
}

static int scratch_replace(struct op *op, const struct view *child) {
	char name[NAME_SIZE];
	struct node *node = op->node;
	int rc = view_scratch_dir(child, &op->data);
	if (rc)
		return rc;
	op->node = op->new_parent;
	op->new_parent = node;
	strcpy(name, op->name);
	strcpy(op->name, op->new_name);
	strcpy(op->new_name, name);
	op->changing = true;
	op->step = step_replace;
	return 0;
}

/* ---- rename ---- */

/* The node goes to the new name, and who had that before is gone. */
static void node_arrive(struct op *op, struct node *node, struct scratch *replaced, char *name) {
	struct node *old = node_retire(op->fs->nodes, op->new_parent, op->new_name);
	if (replaced)
		scratch_unlink(replaced, old);
	node_rename(op->fs->nodes, node, op->new_parent, name);
}

static int scratch_move(struct op *op, const struct view *child, const char *path) {
	struct scratch *replaced = scratch_find(op->fs->scratches, path, op->new_name);
	char *name = strdup(op->new_name);
	int rc = name ? scratch_rename(child->scratch, path, name) : -ENOMEM;
	if (rc)
		free(name);
	else
		node_arrive(op, child->node, replaced, name);
	return rc;
}

/*
 * What is written to the API is moved out of the way, as editors do before they write it anew. The text of a draft
 * moves; of a resource the API still says it, so that the name stays and the text is copied.
 */
static int scratch_backup(struct op *op, const struct view *child, const char *path) {
	struct draft *draft = child->draft;
	struct scratches *all = op->fs->scratches;
	struct scratch *replaced = scratch_find(all, path, op->new_name), *scratch;
	SCOPED(buffer_free) struct buffer text = {0};
	struct attr attr;
	int rc = draft ? op_draft_settled(op, draft) : 0;
	if (!rc)
		rc = view_attr(child, &op->demand, &attr);
	if (!rc)
		rc = view_render(child, &op->demand, &text);
	SCOPED(scope_free) char *name = rc ? NULL : strdup(op->new_name);
	if (!rc)
		rc = name ? scratch_new(all, path, name, attr.st.st_mode, op->fs->now, &scratch) : -ENOMEM;
	if (rc)
		return rc;
	rc = scratch_write(scratch, text.data, text.len, 0, op->fs->now);
	if (text.data)
		explicit_bzero(text.data, text.cap);
	if (rc) {
		scratch_unlink(scratch, NULL);
		return rc;
	}
	scratch->mtime = attr.st.st_mtim;
	scratch->backup = child->row;
	if (draft) {
		(void)draft_truncate(op->fs->drafts, draft, 0, op->fs->now); /* to nothing it cannot fail */
		draft->has_text = false;
	}
	child->node->row = &scratch_row;
	node_arrive(op, child->node, replaced, take_pointer(name));
	return 0;
}

int op_scratch_rename(struct op *op, const struct view *dir, const struct view *child) {
	struct view into = *dir;
	const struct row *row;
	int rc = op->new_parent != op->node ? view_open(op->fs, op->new_parent, &op->demand, &into) : 0;
	if (rc)
		return rc;
	row = view_holds_scratch(&into) ? view_fixed(&into, op->new_name) : NULL;
	if (child->scratch && row && row_has_text(row) && !(into.draft && row->write == WRITE_SCALE))
		/*
		 * mv(1) begins with RENAME_NOREPLACE and renames once more without where that fails with EINVAL or
		 * EEXIST: what the API had refused would be sent twice. So the first one never sends.
		 */
		return op->keep ? -EEXIST : scratch_replace(op, child);
	if (op->keep && (rc = view_child(&into, op->new_name, &op->demand, &row)) != DEMAND_PARKED)
		rc = rc == -ENOENT ? 0 : rc ? rc : -EEXIST;
	if (rc)
		return rc;
	if (!child->scratch && op->new_parent != op->node)
		return op_refuse_words(op, EPERM, "the API cannot move %s to another directory", child->row->name);
	SCOPED(buffer_free) struct buffer path = {0};
	rc = scratch_check(op, &into, op->new_name);
	if (!rc)
		rc = view_scratch_dir(&into, &path);
	if (!rc && child->scratch && plan_is_named(&into, op->new_name) &&
		plan_says(child->scratch->text.data, child->scratch->text.len))
		rc = op_refuse_words(op, EINVAL, "%s", plan_refused);
	if (rc)
		return rc;
	return child->scratch ? scratch_move(op, child, path.data) : scratch_backup(op, child, path.data);
}

void scratch_dir_end(struct fs *fs, const char *path, struct node *dir) {
	struct scratch *scratch;
	while (dir && (scratch = scratch_next(fs->scratches, path, NULL)))
		scratch_unlink(scratch, node_retire(fs->nodes, dir, scratch->name));
	scratch_dir_drop(fs->scratches, path);
}
