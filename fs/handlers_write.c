/*
 * Writing: spec.json creates; what one write is a command to is in handlers_action.c. A change is committed in the
 * write(2) that completes it, so that `echo … && …` and cp see the answer; flush and fsync are the second chance for
 * what was not written in order; release never commits.
 *
 * A handle remembers its outcome: programs repeat a write that failed, and close() flushes again; neither may send
 * anything twice.
 */
#include "handlers.h"

#include "../api/scope.h"
#include "change.h"
#include "plan.h"
#include "sent.h"
#include "spec.h"
#include "texts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

int op_answer_write(struct op *op, int outcome) {
	if (outcome)
		return outcome;
	if (op->size)
		op_reply_write(op, op->size);
	else
		op_reply_err(op, 0); /* a flush or fsync */
	return 0;
}

/* Until the change is over its outcome on this handle is "cancelled": that is what later writes see if nobody waits for
 * it any more. */
int op_commit(struct op *op, struct change_order *order) {
	int rc = op_change(op, order);
	bool started = rc == DEMAND_PARKED;
	handle_settle(op->handle, started ? -EALREADY : rc, started);
	return rc;
}

int op_named(struct op *op) {
	if (!node_retired(op->node) && op->node->row->write == op->handle->write)
		return 0;
	return op_refuse_words(
		op, ENOENT, "the file was removed or renamed while it was open: what is written to it goes nowhere");
}

/* ---- spec.json ---- */

static int draft_writable(struct op *op, const struct draft *draft) {
	if (draft->state != DRAFT_OPEN)
		return op_refuse_words(op, EALREADY, "a create of this name was sent already");
	return 0;
}

static int spec_refuse(struct op *op, const struct spec_faults *faults) {
	SCOPED(buffer_free) struct buffer words = {0};
	struct error err;
	error_set(&err, EINVAL, "%s", faults->list[0].message);
	err.verdict = VERDICT_NOT_DONE;
	spec_faults_show(faults, &words);
	return op_refuse(op, &err, words.error ? NULL : words.data);
}

/* 0: more of the text may come, if it is not final. */
static int spec_commit(struct op *op, const struct view *view, const struct buffer *text, bool final) {
	struct spec_faults faults;
	struct draft *draft = view->draft;
	SCOPED(buffer_free) struct buffer body = {0};
	enum spec_verdict verdict =
		spec_check(view->kind->create, draft->name, text->data ? text->data : "", text->len, &body, &faults);
	if (verdict == SPEC_NO_MEMORY || body.error)
		return -ENOMEM;
	if (verdict == SPEC_INCOMPLETE && !final)
		return 0;
	if (verdict == SPEC_INCOMPLETE) /* not settled: a descriptor that is shared may write on */
		return spec_refuse(op, &faults);
	if (verdict == SPEC_BAD)
		return handle_settle(op->handle, spec_refuse(op, &faults), false);
	struct change_order order = {
		.verb = CHANGE_CREATE, .kind = view->kind, .scope = &view->scope, .draft = draft, .body = &body};
	return op_commit(op, &order);
}

/* The text that is written over the spec.json of a resource stays in its handle: there is no draft. */
static int resource_put(struct op *op) {
	struct handle *handle = op->handle;
	if (!op->size || op->put)
		return 0;
	if (!handle->in_order || (size_t)op->offset != handle->end)
		return op_refuse_words(op, EPERM,
			"the API cannot change it; a whole spec.json can only be written to say what it is already");
	buffer_append(&handle->bytes, op->data.data, op->data.len);
	handle->end += op->size;
	handle->wrote = op->put = true;
	return handle->bytes.error;
}

static int resource_judge(struct op *op, const struct kind *kind, enum spec_sameness is, const char *members) {
	if (is == SPEC_SAME)
		return handle_settle(op->handle, 0, true);
	int rc = is == SPEC_DIFFERENT
			 ? op_refuse_words(op, EPERM, "the API cannot change a %s, and it differs in: %s",
				   kind->singular, members)
			 : op_refuse_words(op, EPERM,
				   "the API cannot change a %s, and does not tell %s: whether that is the same cannot "
				   "be known; all else is",
				   kind->singular, members);
	return handle_settle(op->handle, rc, false);
}

/* A resource that already is so needs no change: applying a spec twice is safe. Any other is refused, with what
 * differs. 0 also if more of the text may come. */
static int resource_commit(struct op *op, const struct view *view, const struct buffer *text, bool final) {
	struct handle *handle = op->handle;
	const struct kind *kind = view->kind;
	if (view_leaving(view))
		return handle_settle(handle,
			op_refuse_words(op, EBUSY,
				"the %s of this name is still being deleted; the name is free when it is gone",
				kind->singular),
			false);
	struct spec_faults faults;
	SCOPED(buffer_free) struct buffer body = {0};
	enum spec_verdict verdict =
		spec_check(kind->create, view->resource->name, text->data ? text->data : "", text->len, &body, &faults);
	if (verdict == SPEC_NO_MEMORY || body.error)
		return -ENOMEM;
	if (verdict == SPEC_INCOMPLETE && !final)
		return 0;
	if (verdict != SPEC_GOOD)
		return handle_settle(handle, spec_refuse(op, &faults), false);
	struct json response, wanted, real;
	SCOPED(buffer_free) struct buffer own = {0};
	SCOPED(buffer_free) struct buffer members = {0};
	int rc = view_document(view, DOC_ITEM, &op->demand, &response);
	if (!rc)
		rc = text_spec(view, response, false, &op->demand, &own);
	if (rc && rc != DEMAND_PARKED) /* what could not be compared is not taken for the beginning of another text */
		return handle_settle(handle, rc, false);
	if (rc)
		return rc;
	if (own.error || json_scan(body.data, body.len, &wanted, NULL) != JSON_OK ||
		json_scan_answer(own.data, own.len, &real, NULL) != JSON_OK)
		return -ENOMEM;
	const struct json sent = sent_find(op->fs->sents, kind, view->scope.ids[view->scope.count - 1]);
	enum spec_sameness is = spec_compare(kind->create, wanted, real, sent, &members);
	return members.error ? -ENOMEM : resource_judge(op, kind, is, members.data);
}

static int step_spec(struct op *op) {
	struct handle *handle = op->handle;
	if (op->settled)
		return op_answer_write(op, handle_settle(handle, op->outcome, true));
	if (handle->settled)
		return op_answer_write(op, handle->outcome);
	struct view view;
	bool final = !op->size;
	int rc = op_named(op);
	if (!rc)
		rc = view_open(op->fs, op->node, &op->demand, &view);
	if (rc)
		return rc;
	struct draft *draft = view.draft;
	if (!draft) {
		rc = resource_put(op);
		if (rc)
			return handle_settle(handle, rc, false);
		return op_answer_write(op, resource_commit(op, &view, &handle->bytes, final));
	}
	rc = draft_writable(op, draft);
	if (rc)
		return rc;
	if (!final) {
		rc = draft_write(op->fs->drafts, draft, op->data.data, op->data.len, (size_t)op->offset, op->fs->now);
		if (rc)
			return handle_settle(handle,
				rc == -EFBIG ? op_refuse_words(op, EFBIG, "a spec is at most 1 MiB large") : rc, false);
		handle->in_order &= (size_t)op->offset == handle->end;
		handle->end = (size_t)op->offset + op->size;
		handle->wrote = true;
		buffer_clear(&handle->bytes);
		buffer_append(&handle->bytes, draft->text.data, draft->text.len);
		if (!handle->in_order)
			return op_answer_write(op, 0);
	}
	return op_answer_write(op, spec_commit(op, &view, &draft->text, final));
}

int op_commit_text(struct op *op, const struct view *view, const struct buffer *text) {
	if (view->row->write != WRITE_SPEC)
		return op_action_text(op, view, text);
	if (!view->draft)
		return resource_commit(op, view, text, true);
	int rc = draft_writable(op, view->draft);
	return rc ? rc : spec_commit(op, view, text, true);
}

/* ---- scratch files ---- */

static int step_plan_refuse(struct op *op) {
	return handle_settle(op->handle, op_refuse_words(op, EINVAL, "%s", plan_refused), false);
}

static void scratch_put(
	fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t offset, struct fuse_file_info *file) {
	const struct fs *fs = fuse_req_userdata(req);
	struct handle *handle = (struct handle *)(uintptr_t)file->fh;
	/* A plan has another length than its text, at whose end is appended. */
	size_t at = file->flags & O_APPEND ? handle->scratch->text.len : (size_t)offset;
	int rc = handle->settled ? handle->outcome
		 : handle->plan  ? plan_write(handle->scratch, data, size, at, fs->now)
				 : scratch_write(handle->scratch, data, size, at, fs->now);
	if (rc == -EINVAL && !handle->settled) {
		struct op *op = op_new(req, step_plan_refuse, CALL_WRITE, ino, NULL);
		if (!op)
			return;
		op->local = true;
		op->handle = handle;
		op_run(op);
		return;
	}
	op_count(req, CALL_WRITE, -rc);
	if (rc)
		fuse_reply_err(req, -rc);
	else
		fuse_reply_write(req, size);
}

/* ---- handlers ---- */

void fs_write(
	fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t offset, struct fuse_file_info *file) {
	struct handle *handle = (struct handle *)(uintptr_t)file->fh;
	if (handle->scratch) {
		scratch_put(req, ino, data, size, offset, file);
		return;
	}
	struct op *op = op_new(req, step_spec, CALL_WRITE, ino, NULL);
	if (!op)
		return;
	op->handle = handle;
	op->size = size;
	op->offset = offset;
	op->changing = true;
	int rc = 0;
	if (handle->write == WRITE_SPEC)
		buffer_append(&op->data, data, size); /* the request's bytes are gone when the step runs again */
	else
		rc = op_action_write(op, data);
	if (rc || op->data.error)
		op_reply_err(op, rc ? -rc : ENOMEM);
	else
		op_run(op);
}

static void handle_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file, enum stats_call call) {
	struct handle *handle = (struct handle *)(uintptr_t)file->fh;
	if (!handle || handle->write != WRITE_SPEC || !handle->wrote || handle->settled) {
		int code = handle && handle->settled ? -handle->outcome : 0;
		op_count(req, call, code);
		fuse_reply_err(req, code);
		return;
	}
	struct op *op = op_new(req, step_spec, call, ino, NULL);
	if (!op)
		return;
	op->handle = handle;
	op->changing = true;
	op_run(op);
}

void fs_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file) {
	handle_flush(req, ino, file, CALL_CLOSE);
}

void fs_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *file) {
	(void)datasync;
	handle_flush(req, ino, file, CALL_FSYNC);
}

static int step_create(struct op *op) {
	struct view parent, child;
	struct attr attr;
	int rc = view_open(op->fs, op->node, &op->demand, &parent);
	if (rc)
		return rc;
	if (!parent.draft || parent.row->type != ROW_RESOURCE || strcmp(op->name, "spec.json") != 0)
		return op_scratch_create(op, &parent);
	struct draft *draft = parent.draft;
	bool had_text = draft->has_text;
	rc = draft_writable(op, draft);
	if (rc)
		return rc;
	if (had_text && op->file.flags & O_EXCL)
		return -EEXIST; /* another creator was first */
	draft->has_text = true;
	draft->changed = op->fs->now;
	rc = op_child(op, &parent, &child);
	if (rc) {
		draft->has_text = had_text;
		return rc;
	}
	rc = view_attr(&child, &op->demand, &attr);
	struct handle *handle = rc ? NULL : handle_new(&op->fs->handles, WRITE_SPEC);
	if (!handle) {
		draft->has_text = had_text;
		node_forget(op->fs->nodes, child.node, 1);
		return rc ? rc : -ENOMEM;
	}
	handle->in_order = !draft->text.len;
	op->file.fh = (uintptr_t)handle;
	op->file.direct_io = 1;
	op_reply_create(op, child.node, &attr);
	return 0;
}

void fs_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *file) {
	struct op *op = op_new(req, step_create, CALL_CREATE, parent, name);
	if (!op)
		return;
	op->local = true;
	op->mode = mode;
	op->file = *file;
	op_run(op);
}
