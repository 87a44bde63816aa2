#include "op.h"

#include "change.h"
#include "kept.h"
#include "options.h"
#include "process.h"
#include "refusal.h"
#include "sweep.h"

#include "../api/scope.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { HEED_MS = 150 /* so soon is who waits to be gone when it is called, whatever interrupted it before */ };

struct ops {
	struct op first; /* ring of the parked, by deadline: all have the same span but who waits for a state */
	size_t count;
	bool interrupted; /* one of them was: set from libfuse's callback */
	bool working;     /* one of them waits for the next turn only */
	bool refreshing;  /* one of them waits until the kernel has been told to forget everything */
	int64_t look_ms;  /* when to look at them before a deadline; INT64_MAX: there is no reason */
};

int ops_new(struct ops **ret) {
	struct ops *ops = calloc(1, sizeof *ops);
	if (!ops)
		return -ENOMEM;
	ops->first.next = ops->first.prev = &ops->first;
	ops->look_ms = INT64_MAX;
	*ret = ops;
	return 0;
}

void ops_free(struct ops *ops) {
	free(ops);
}

struct node *op_node(const struct fs *fs, fuse_ino_t ino) {
	return ino == FUSE_ROOT_ID ? nodes_root(fs->nodes)
				   : (struct node *)(uintptr_t)ino; /* only ids that we gave come back */
}

/* ---- parking ---- */

/* libfuse calls this under its own lock, from fuse_session_process_buf(): only mark, the sweep answers. */
static void op_interrupt(fuse_req_t req, void *user) {
	(void)req;
	struct op *op = user;
	op->interrupted = true;
	op->fs->ops->interrupted = true;
}

static void op_resume(struct demand *demand) {
	op_run((struct op *)((char *)demand - offsetof(struct op, demand)));
}

static void op_look_again(struct watcher *watcher) {
	struct op *op = (struct op *)((char *)watcher - offsetof(struct op, watcher));
	if (!demand_waits(&op->demand)) /* else it still looks, since the time before, and goes on by itself */
		op_run(op);
}

bool op_may_park(const struct op *op) {
	return op->parked || op->fs->ops->count < OPS_MAX;
}

static void op_park(struct op *op) {
	struct ops *ops = op->fs->ops;
	if (op->parked)
		return;
	op->parked = true;
	op->next = &ops->first;
	while (op->next->prev != &ops->first && op->next->prev->deadline_ms > op->deadline_ms)
		op->next = op->next->prev;
	op->prev = op->next->prev;
	op->prev->next = op->next->prev = op;
	ops->count++;
	stats_wait(op->fs->stats);
	fuse_req_interrupt_func(op->req, op_interrupt, op);
}

static void op_release(struct op *op, int code) {
	stats_call(op->fs->stats, op->call, code);
	if (op->parked) {
		op->next->prev = op->prev;
		op->prev->next = op->next;
		op->fs->ops->count--;
		stats_waited(op->fs->stats, op->call, op->fs->now_ms - op->began_ms);
	}
	if (op->parked)
		sweep_extend(op->fs->sweeps, op->pid, op->began_ms, op->fs->now_ms);
	store_leave(op->fs->store, &op->demand);
	watch_leave(&op->watcher);
	if (op->change)
		change_abandon(op->change);
	if (op->data.data)
		explicit_bzero(op->data.data, op->data.cap);
	buffer_free(&op->data);
	free(op);
}

static void op_path(const struct op *op, struct buffer *path) {
	node_path(op->node, path);
	if (op->name[0]) {
		buffer_add(path, path->len ? "/" : "");
		buffer_add(path, op->name);
	}
}

static void op_who(const struct demand *demand, struct cause *ret) {
	const struct op *op = (const struct op *)((const char *)demand - offsetof(struct op, demand));
	ret->pid = op->pid;
	ret->operation = op->operation;
	op_path(op, &ret->path);
}

struct op *op_new(fuse_req_t req, op_step *step, enum stats_call call, fuse_ino_t ino, const char *name) {
	struct fs *fs = fuse_req_userdata(req);
	size_t len = name ? strlen(name) : 0;
	struct op *op = len < NAME_SIZE ? calloc(1, sizeof *op) : NULL;
	if (!op) {
		fuse_reply_err(req, len < NAME_SIZE ? ENOMEM : ENAMETOOLONG);
		stats_call(fs->stats, call, len < NAME_SIZE ? ENOMEM : ENAMETOOLONG);
		return NULL;
	}
	op->fs = fs;
	op->req = req;
	op->step = step;
	op->call = call;
	op->operation = stats_calls[call];
	op->node = op_node(fs, ino);
	memcpy(op->name, name ? name : "", len + 1);
	op->demand.since_ms = fs->now_ms;
	op->demand.resume = op_resume;
	op->demand.who = op_who;
	op->watcher.resume = op_look_again;
	op->began_ms = fs->now_ms;
	op->pid = op->demand.pid = fuse_req_ctx(req)->pid;
	op->deadline_ms = fs->now_ms + fs->options->deadline_ms;
	return op;
}

void op_count(fuse_req_t req, enum stats_call call, int code) {
	const struct fs *fs = fuse_req_userdata(req);
	stats_call(fs->stats, call, code);
}

int op_refuse(struct op *op, const struct error *err, const char *words) {
	SCOPED(buffer_free) struct buffer path = {0};
	op_path(op, &path);
	refusal_add(op->fs->refusals, op->fs->now, op->operation, path.data ? path.data : "", err, words);
	return -err->code;
}

int op_refuse_swept(struct op *op, const struct error *err, const char *dir) {
	SCOPED(buffer_free) struct buffer path = {0};
	op_path(op, &path);
	refusal_add_swept(op->fs->refusals, op->fs->now, op->operation, path.data ? path.data : "", err, dir);
	return -err->code;
}

/*
 * A program that removes trees goes on to rmdir(2) also where it could not look inside: then no unlink(2) is refused
 * before, and that it could not is the only sign. Who is interrupted does not go on.
 */
static void op_blind(struct op *op, int code) {
	SCOPED(buffer_free) struct buffer dir = {0};
	if (!op->looking || code == ENOENT || code == EINTR)
		return;
	if (op->node->row->type == ROW_COLLECTION)
		op_path(op, &dir); /* of one resource it was */
	else
		node_path(op->node, &dir);
	if (dir.len && !dir.error)
		(void)sweep_add(op->fs->sweeps, dir.data, op->pid, op->fs->now_ms);
}

/* When it is to be looked at, if at all: the kernel tells of the first signal only, so that those to come are looked
 * for. */
static void ops_expect(struct ops *ops, const struct op *op) {
	int64_t at_ms = op->interrupted ? op->fs->now_ms + HEED_MS : INT64_MAX;
	if (op->demand.without_ms && op->demand.without_ms < at_ms)
		at_ms = op->demand.without_ms;
	if (at_ms < ops->look_ms)
		ops->look_ms = at_ms;
}

void op_run(struct op *op) {
	op->demand.error = (struct error){0};
	op->demand.astray = false;
	op->demand.until_ms = INT64_MAX;
	op->demand.works = false;
	op->demand.without_ms = 0;
	int rc = op->step(op);
	if (!rc)
		return;
	if (rc == DEMAND_PARKED && !op->change && !op_may_park(op)) {
		error_set(&op->demand.error, EBUSY, "%d calls wait already: try again later", OPS_MAX);
		rc = -EBUSY;
	}
	if (rc == DEMAND_PARKED) {
		op->fs->ops->working |= op->demand.works;
		op->fs->ops->refreshing |= op->refreshing;
		ops_expect(op->fs->ops, op);
		op_park(op);
		return;
	}
	/* What the API or the network refused is said in words; what simply is not there needs none. */
	if (op->demand.error.code == -rc && (rc != -ENOENT || op->demand.astray))
		op_refuse(op, &op->demand.error, NULL);
	op_blind(op, -rc);
	op_reply_err(op, -rc);
}

/* Answers it without an outcome: its change, if it was sent, goes on. */
static void op_give_up(struct op *op, int code) {
	struct error err;
	int rc = -code;
	if (op->change) {
		rc = change_unfinished(op->change, code, &err);
	} else if (op->watcher.watch) {
		error_set(&err, code, "time is up, and it is not %s; ../events tells what happened", op->state);
	} else {
		error_set(&err, code, "no answer within the deadline of %g s",
			(double)(op->deadline_ms - op->began_ms) / 1000); /* who waits for a state gives its own */
		err.verdict = op->changing ? VERDICT_NOT_DONE : VERDICT_NONE;
	}
	bool last = op->changing || (op->watcher.watch && code != EINTR); /* after that a wait is begun again */
	if (last && op->handle) { /* what a repeated write gets, also where nothing was begun yet */
		op->handle->settled = true;
		op->handle->outcome = rc;
	}
	if (op->change || code == ETIMEDOUT) /* who interrupts a wait knows why it ended */
		op_refuse(op, &err, NULL);
	op_blind(op, -rc);
	op_reply_err(op, -rc);
}

/* Any signal with a handler interrupts a call, also that a job of a shell has ended: then it goes on. And on goes who
 * has waited long enough for what can be done without. */
static void ops_look(struct fs *fs) {
	struct ops *ops = fs->ops;
	ops->interrupted = false;
	ops->look_ms = INT64_MAX;
	for (struct op *op = ops->first.next, *next; op != &ops->first; op = next) {
		next = op->next;
		if (op->interrupted && process_is_called(op->pid))
			op_give_up(op, op->changing ? ECANCELED : EINTR);
		else if (op->demand.without_ms && op->demand.without_ms <= fs->now_ms)
			op_run(op);
		else
			ops_expect(ops, op);
	}
}

void ops_sweep(struct fs *fs) {
	struct ops *ops = fs->ops;
	while (ops->interrupted || ops->look_ms <= fs->now_ms)
		ops_look(fs);
	for (struct op *op = ops->first.next, *next; op != &ops->first && op->deadline_ms <= fs->now_ms; op = next) {
		next = op->next;
		op_give_up(op, ETIMEDOUT);
	}
}

void ops_work(struct fs *fs) {
	struct ops *ops = fs->ops;
	fs->work = FS_WORK;
	if (!ops->working)
		return;
	ops->working = false;
	for (struct op *op = ops->first.next, *next; op != &ops->first; op = next) {
		next = op->next;
		if (op->demand.works)
			op_run(op);
	}
}

void ops_refreshed(struct fs *fs) {
	struct ops *ops = fs->ops;
	if (!ops->refreshing)
		return;
	ops->refreshing = false;
	for (struct op *op = ops->first.next, *next; op != &ops->first; op = next) {
		next = op->next;
		if (op->refreshing) {
			op->refreshing = false;
			op_run(op);
		}
	}
}

int ops_wait_ms(const struct fs *fs) {
	const struct op *first = fs->ops->first.next; /* all behind it end later */
	if (fs->ops->working)
		return 0;
	if (first == &fs->ops->first)
		return -1;
	int64_t next_ms = first->deadline_ms < fs->ops->look_ms ? first->deadline_ms : fs->ops->look_ms;
	return next_ms > fs->now_ms ? (int)(next_ms - fs->now_ms) : 0;
}

void ops_settle(struct fs *fs, int64_t end_ms) {
	struct ops *ops = fs->ops;
	for (struct op *op = ops->first.next, *next; op != &ops->first; op = next) {
		next = op->next;
		if (!op->change || !change_sent(op->change))
			op_give_up(op, op->changing ? ECANCELED : EHOSTUNREACH);
		else if (op->deadline_ms > end_ms)
			op->deadline_ms = end_ms; /* the ring stays in its order */
	}
}

void ops_end(struct fs *fs) {
	while (fs->ops->first.next != &fs->ops->first)
		op_reply_err(fs->ops->first.next, fs->ops->first.next->changing ? ECANCELED : EHOSTUNREACH);
}

/* ---- answers ---- */

void op_reply_err(struct op *op, int code) {
	fuse_reply_err(op->req, code);
	op_release(op, code);
}

void op_reply_entry(struct op *op, struct node *node, const struct attr *attr) {
	struct fuse_entry_param entry;
	bool shown = kept_entry(op->fs, &node, attr, &entry);
	if (!shown)
		fuse_reply_err(op->req, ENOMEM);
	if (!shown || fuse_reply_entry(op->req, &entry))
		node_forget(op->fs->nodes, node, 1); /* the request was interrupted: the kernel never got the look-up */
	op_release(op, shown ? 0 : ENOMEM);
}

void op_reply_create(struct op *op, struct node *node, const struct attr *attr) {
	struct fuse_entry_param entry;
	(void)kept_entry(
		op->fs, &node, attr, &entry); /* what can be written has no text that is kept: it cannot fail */
	if (fuse_reply_create(op->req, &entry, &op->file)) {
		node_forget(op->fs->nodes, node, 1);
		handle_free((struct handle *)(uintptr_t)op->file.fh);
	}
	op_release(op, 0);
}

void op_reply_attr(struct op *op, const struct attr *attr) {
	struct attr shown = *attr;
	double timeout_s = kept_attr(op->fs, op->node, &shown);
	fuse_reply_attr(op->req, &shown.st, timeout_s);
	op_release(op, 0);
}

void op_reply_open(struct op *op) {
	if (fuse_reply_open(op->req, &op->file))
		handle_free((struct handle *)(uintptr_t)op->file.fh);
	op_release(op, 0);
}

void op_reply_write(struct op *op, size_t count) {
	fuse_reply_write(op->req, count);
	op_release(op, 0);
}

void op_reply_readlink(struct op *op, const char *target) {
	fuse_reply_readlink(op->req, target);
	op_release(op, 0);
}
