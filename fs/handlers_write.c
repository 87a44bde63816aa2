/*
 * Writing: spec.json creates, replicas scales. A change is committed in the write(2) that completes it, so that `echo …
 * && …` and cp see the answer; flush and fsync are the second chance for what was not written in order; release never
 * commits.
 *
 * A handle remembers its outcome: programs repeat a write that failed, and close() flushes again; neither may send
 * anything twice.
 */
#include "handlers.h"

#include "../api/scope.h"
#include "accepted.h"
#include "change.h"
#include "options.h"
#include "spec.h"
#include "texts.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

enum { REPLICAS_MAX = 1000000 /* beyond any cloud: a slip of the keyboard */, NUMBER_BYTES_MAX = 64 };

static int handle_settle(struct handle *handle, int outcome, bool sent) {
	if (!handle) /* a rename, which asks once */
		return outcome;
	handle->settled = true;
	handle->sent |= sent;
	handle->outcome = outcome;
	return outcome;
}

static int op_answer_write(struct op *op, int outcome) {
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
static int op_commit(struct op *op, struct change_order *order) {
	int rc = op_change(op, order);
	bool started = rc == DEMAND_PARKED;
	handle_settle(op->handle, started ? -EALREADY : rc, started);
	return rc;
}

/*
 * The open file was removed, or another took its name, or its name is now that of a scratch file. What is written to it
 * must not reach the API: it is refused, as success would say that it had.
 */
static int handle_named(struct op *op) {
	if (!node_retired(op->node) && op->node->row->write == op->handle->write)
		return 0;
	return op_refuse_words(
		op, ENOENT, "the file was removed or renamed while it was open: what is written to it goes nowhere");
}

/* ---- replicas ---- */

static int replicas_read(struct op *op, const char *data, size_t size, long long *ret) {
	char text[NUMBER_BYTES_MAX + 1];
	while (size && isspace((unsigned char)data[size - 1]))
		size--;
	while (size && isspace((unsigned char)*data))
		data++, size--;
	size_t digits = size && (*data == '-' || *data == '+') ? 1 : 0;
	while (digits < size && isdigit((unsigned char)data[digits]))
		digits++;
	if (!size || digits < size || !isdigit((unsigned char)data[size - 1]))
		return op_refuse_words(op, EINVAL, "the number of replicas must be one whole number, such as 3");
	if (size > NUMBER_BYTES_MAX)
		return op_refuse_words(op, ERANGE, "the number of replicas has more than %d digits", NUMBER_BYTES_MAX);
	memcpy(text, data, size);
	text[size] = 0;
	errno = 0;
	long long number = strtoll(text, NULL, 10);
	if (number == 0 && !errno)
		return op_refuse_words(op, ERANGE, "the least is 1 replica; to stop the billing: rmdir the deployment");
	if (number < 1 || errno || number > REPLICAS_MAX)
		return op_refuse_words(op, ERANGE, "the number of replicas must be from 1 to %d", REPLICAS_MAX);
	*ret = number;
	return 0;
}

/* While it moves, or another number is on its way, the count that is shown is not the count that was asked for. */
static bool scale_is_so(const struct fs *fs, const struct view *view, struct json deployment, long long replicas) {
	long long shown, asked;
	if (!json_int(json_at(deployment, view->row->pointer), &shown) || shown != replicas ||
		kind_moving(view->kind, deployment) || changes_scaling(fs->changes, view->kind, &view->scope))
		return false;
	return !accepted_find(fs->accepted, view->kind, &view->scope, fs->now_ms, &asked) || asked == replicas;
}

/* What looks so by a listing of a while ago is looked up anew: somebody else may have scaled it. Any failure of that
 * only means that the number is sent. */
static int scale_look(struct op *op, const struct view *view, bool *ret) {
	struct json now;
	*ret = false;
	if (!scale_is_so(op->fs, view, view->json, op->replicas))
		return 0;
	if (!op->began) {
		op->began = true;
		op->demand.since_ms = op->fs->now_ms;
		store_forget_resource(op->fs->store, view->kind, &view->scope);
	}
	int rc = view_document(view, DOC_ITEM, &op->demand, &now);
	*ret = !rc && scale_is_so(op->fs, view, now, op->replicas);
	return rc == DEMAND_PARKED ? rc : 0;
}

static int scale_commit(struct op *op, const struct view *view) {
	bool so;
	int rc = scale_look(op, view, &so);
	if (rc)
		return rc;
	if (so)
		return handle_settle(op->handle, 0, true);
	struct change_order order = {
		.verb = CHANGE_SCALE, .kind = view->kind, .scope = &view->scope, .replicas = op->replicas};
	return op_commit(op, &order);
}

static int step_scale(struct op *op) {
	if (!op->handle->settled)
		op->handle->end = op->size;
	if (op->settled)
		return op_answer_write(op, handle_settle(op->handle, op->outcome, true));
	if (op->handle->settled) /* white space behind the number */
		return op_answer_write(op, op->handle->outcome);
	struct view view;
	int rc = handle_named(op);
	if (!rc)
		rc = view_open(op->fs, op->node, &op->demand, &view);
	return rc ? rc : op_answer_write(op, scale_commit(op, &view));
}

static int scale_write(struct op *op, const char *data, size_t size) {
	struct handle *handle = op->handle;
	bool blank = true;
	for (size_t i = 0; i < size; i++)
		blank &= isspace((unsigned char)data[i]) != 0;
	if (handle->settled)
		return handle->outcome || blank ? handle->outcome
						: op_refuse_words(op, EINVAL, "one number for each time it is opened");
	if (op->offset)
		return op_refuse_words(op, EINVAL, "the number is to be written at the file's beginning, in one write");
	return replicas_read(op, data, size, &op->replicas);
}

/* ---- spec.json ---- */

static int draft_writable(struct op *op, const struct draft *draft) {
	if (draft->state != DRAFT_OPEN)
		return op_refuse_words(op, EALREADY, "a create of this name was sent already");
	return 0;
}

/* 0: more of the text may come, if it is not final. */
static int spec_commit(struct op *op, const struct view *view, const struct buffer *text, bool final) {
	struct error err = {0};
	struct draft *draft = view->draft;
	SCOPED(buffer_free) struct buffer body = {0};
	enum spec_verdict verdict =
		spec_check(view->kind->create, draft->name, text->data ? text->data : "", text->len, &body, &err);
	err.verdict = VERDICT_NOT_DONE;
	if (verdict == SPEC_NO_MEMORY || body.error)
		return -ENOMEM;
	if (verdict == SPEC_INCOMPLETE && !final)
		return 0;
	if (verdict == SPEC_INCOMPLETE) /* not settled: a descriptor that is shared may write on */
		return op_refuse(op, &err);
	if (verdict == SPEC_BAD)
		return handle_settle(op->handle, op_refuse(op, &err), false);
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
	struct error err = {0};
	SCOPED(buffer_free) struct buffer body = {0};
	enum spec_verdict verdict =
		spec_check(kind->create, view->resource->name, text->data ? text->data : "", text->len, &body, &err);
	err.verdict = VERDICT_NOT_DONE;
	if (verdict == SPEC_NO_MEMORY || body.error)
		return -ENOMEM;
	if (verdict == SPEC_INCOMPLETE && !final)
		return 0;
	if (verdict != SPEC_GOOD)
		return handle_settle(handle, op_refuse(op, &err), false);
	struct json response, wanted, real;
	SCOPED(buffer_free) struct buffer own = {0};
	SCOPED(buffer_free) struct buffer differing = {0};
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
	if (spec_same(kind->create, wanted, real, &differing))
		return handle_settle(handle, 0, true);
	return handle_settle(handle,
		op_refuse_words(op, EPERM, "the API cannot change a %s, and it differs in: %s", kind->singular,
			differing.data ? differing.data : "?"),
		false);
}

static int step_spec(struct op *op) {
	struct handle *handle = op->handle;
	if (op->settled)
		return op_answer_write(op, handle_settle(handle, op->outcome, true));
	if (handle->settled)
		return op_answer_write(op, handle->outcome);
	struct view view;
	bool final = !op->size;
	int rc = handle_named(op);
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

/* ---- a whole text at once ---- */

int op_commit_text(struct op *op, const struct view *view, const struct buffer *text) {
	int rc;
	if (view->row->write == WRITE_SCALE) {
		rc = replicas_read(op, text->data ? text->data : "", text->len, &op->replicas);
		return rc ? rc : scale_commit(op, view);
	}
	if (!view->draft)
		return resource_commit(op, view, text, true);
	rc = draft_writable(op, view->draft);
	return rc ? rc : spec_commit(op, view, text, true);
}

/* ---- handlers ---- */

void fs_write(
	fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t offset, struct fuse_file_info *file) {
	struct handle *handle = (struct handle *)(uintptr_t)file->fh;
	if (handle->scratch) {
		const struct fs *fs = fuse_req_userdata(req);
		int failed = scratch_write(handle->scratch, data, size, (size_t)offset, fs->now);
		op_count(req, CALL_WRITE, -failed);
		if (failed)
			fuse_reply_err(req, -failed);
		else
			fuse_reply_write(req, size);
		return;
	}
	struct op *op = op_new(req, handle->write == WRITE_SCALE ? step_scale : step_spec, CALL_WRITE, ino, NULL);
	if (!op)
		return;
	op->handle = handle;
	op->size = size;
	op->offset = offset;
	op->changing = true;
	int rc = 0;
	if (handle->write == WRITE_SCALE)
		rc = scale_write(op, data, size);
	else
		buffer_append(&op->data, data, size); /* the request's bytes are gone when the step runs again */
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
