#include "change_own.h"

#include "../api/scope.h"
#include "accepted.h"
#include "brake.h"
#include "kept.h"
#include "log.h"
#include "options.h"
#include "refusal.h"
#include "watch.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

static const char *const operations[] = {
	[CHANGE_CREATE] = "create", [CHANGE_SCALE] = "scale", [CHANGE_DELETE] = "delete", [CHANGE_NOTIFY] = "notify"};

int changes_new(struct fs *fs, struct changes **ret) {
	struct changes *changes = calloc(1, sizeof *changes);
	if (!changes)
		return -ENOMEM;
	changes->fs = fs;
	changes->first.next = changes->first.prev = &changes->first;
	*ret = changes;
	return 0;
}

static void change_free(struct change *change) {
	if (change->next) {
		change->next->prev = change->prev;
		change->prev->next = change->next;
	}
	store_leave(change->changes->fs->store, &change->demand);
	scope_end(&change->scope);
	free(change->path);
	free(change->made_id);
	journal_sight_free(&change->sight);
	if (change->body.data)
		explicit_bzero(change->body.data, change->body.cap);
	buffer_free(&change->body);
	free(change);
}

void changes_free(struct changes *changes) {
	if (!changes)
		return;
	while (changes->first.next != &changes->first)
		change_free(changes->first.next);
	free(changes->forgot);
	free(changes);
}

/* ---- going on ---- */

void change_at(struct change *change, void (*step)(struct change *change), int64_t due_ms) {
	change->step = step;
	change->due_ms = due_ms;
}

static void change_resume(struct demand *demand) {
	struct change *change = (struct change *)((char *)demand - offsetof(struct change, demand));
	change->step(change);
}

/* Who asked for it, as long as that one waits: what goes on later nobody in particular does. */
static void change_who(const struct demand *demand, struct cause *ret) {
	const struct change *change = (const struct change *)((const char *)demand - offsetof(struct change, demand));
	ret->pid = change->done ? change->pid : 0;
	ret->operation = change->done ? change->operation : NULL;
	ret->attempts = change->attempts;
	buffer_add(&ret->path, change->path);
}

static struct change *change_due(const struct changes *changes) {
	struct change *change = changes->first.next;
	while (change != &changes->first && (change->due_ms == CHANGE_NEVER || change->due_ms > changes->fs->now_ms))
		change = change->next;
	return change != &changes->first ? change : NULL;
}

bool changes_run(struct changes *changes) {
	bool any = false;
	free(take_pointer(changes->forgot));
	/* A step may end its change and make others due; each waits for something after its step. */
	for (struct change *change; (change = change_due(changes)); any = true) {
		change->due_ms = CHANGE_NEVER;
		change->step(change);
	}
	return any;
}

int changes_wait_ms(const struct changes *changes) {
	int64_t first_ms = INT64_MAX;
	for (const struct change *change = changes->first.next; change != &changes->first; change = change->next)
		if (change->due_ms != CHANGE_NEVER && change->due_ms < first_ms)
			first_ms = change->due_ms;
	if (first_ms == INT64_MAX)
		return -1;
	int64_t wait_ms = first_ms - changes->fs->now_ms;
	return wait_ms < 0 ? 0 : wait_ms < INT_MAX ? (int)wait_ms : INT_MAX;
}

/* ---- the brakes ---- */

static struct brake_order change_order_brake(const struct change *change) {
	struct brake_order order = {
		.verb = change->verb, .kind = change->kind, .scope = &change->scope, .replicas = change->replicas};
	if (change->verb == CHANGE_CREATE) /* without memory it stays absent, and is refused where that matters */
		(void)json_scan(change->body.data, change->body.len, &order.request, NULL);
	return order;
}

void change_brake_begin(struct change *change) {
	struct brake_order order = change_order_brake(change);
	brake_forget(change->changes->fs, &order);
}

int change_brake(struct change *change) {
	struct brake_order order = change_order_brake(change);
	return brake_check(change->changes->fs, &order, &change->demand);
}

/* ---- outcomes ---- */

bool change_doomed(const struct changes *changes, const struct kind *kind, const struct scope *scope) {
	long long replicas;
	return accepted_find(changes->fs->accepted, kind, scope, changes->fs->now_ms, &replicas) &&
	       replicas == ACCEPTED_DELETE;
}

static void change_refused(struct changes *changes, enum change_verb verb, const char *path, const struct error *err) {
	refusal_add(changes->fs->refusals, changes->fs->now, operations[verb], path, err, NULL);
	log_write(LOG_NOTICE, "%s %s: %s: %s", operations[verb], path, error_name(err->code), err->message);
}

/* Of its path, that of the resource's directory. */
static size_t change_dir_len(const struct change *change) {
	const char *slash = change->verb == CHANGE_DELETE ? NULL : strrchr(change->path, '/');
	return slash ? (size_t)(slash - change->path) : strlen(change->path);
}

/* What was refused in this directory before no longer says why something is not so. */
static void change_succeeded(const struct change *change) {
	const struct fs *fs = change->changes->fs;
	refusal_settle(fs->refusals, change->path, change_dir_len(change));
	if (change->late) {
		struct error note = {.verdict = VERDICT_DONE};
		snprintf(note.message, sizeof note.message, "the %s was carried out after the call had ended",
			operations[change->verb]);
		refusal_add(fs->refusals, fs->now, operations[change->verb], change->path, &note, NULL);
	}
	log_write(LOG_NOTICE, "%s %s: done", operations[change->verb], change->path);
}

bool change_is_of(const struct change *change, const struct kind *kind, const struct scope *scope) {
	return change->kind == kind && scope_same(&change->scope, scope);
}

void change_end(struct change *change, int rc, const struct error *err) {
	struct changes *changes = change->changes;
	const char *id = change->verb == CHANGE_CREATE ? NULL : change->scope.ids[change->scope.count - 1];
	kept_forget_resource(changes->fs, change->path, change_dir_len(change), id); /* before anybody hears of it */
	watch_hurry(changes->fs->watches, change->kind);
	if (!rc)
		change_succeeded(change);
	else if (!change->untold)
		change_refused(changes, change->verb, change->path, err);
	for (struct change *at = change->next; at != &changes->first; at = at->next)
		if (at->queued && change_is_of(at, change->kind, &change->scope)) {
			at->due_ms = changes->fs->now_ms;
			break;
		}
	change_done *done = change->done;
	void *user = change->user;
	struct error last = err ? *err : (struct error){0};
	change_free(change);
	if (done)
		done(user, rc, &last);
}

bool changes_scaling(const struct changes *changes, const struct kind *kind, const struct scope *scope) {
	for (const struct change *at = changes->first.next; at != &changes->first; at = at->next)
		if (at->verb == CHANGE_SCALE && change_is_of(at, kind, scope))
			return true;
	return false;
}

/* ---- who stops waiting ---- */

bool change_sent(const struct change *change) {
	return change->flying || change->unclear;
}

int change_unfinished(const struct change *change, int code, struct error *ret) {
	const char *why = code == ECANCELED ? "interrupted" : "no outcome within the deadline";
	if (!change_sent(change)) {
		if (change->attempts)
			error_set(ret, code, "%s; it was not carried out (%.200s), and is not tried again", why,
				change->error.message);
		else
			error_set(ret, code, "%s; nothing was sent", why);
		ret->verdict = VERDICT_NOT_DONE;
		return -code;
	}
	if (change->verb != CHANGE_CREATE)
		error_set(ret, code, "%s; the change goes on, and .error here will say how it ended", why);
	else if (change->flying)
		error_set(ret, code == ETIMEDOUT ? EINPROGRESS : code,
			"%s; the create goes on, and .error here will say how it ended", why);
	else
		error_set(ret, code == ETIMEDOUT ? EINPROGRESS : code,
			"the create was sent, and whether it was carried out is not known (%.200s); no listing shows "
			"it yet. "
			"It is looked for, for %u s or a little longer, and not sent again; to settle it by hand: THE "
			"JOURNAL in neevfs(1)",
			change->error.message, change->kind->absent_s);
	ret->http_status = change->error.http_status;
	memcpy(ret->request_id, change->error.request_id, sizeof ret->request_id);
	ret->verdict = VERDICT_UNKNOWN;
	return -ret->code;
}

void change_abandon(struct change *change) {
	change->done = NULL;
	change->late = change_sent(change);
	if (change->late)
		return;
	change->untold = true;
	struct error err;
	change_unfinished(change, ECANCELED, &err);
	if (change->verb == CHANGE_CREATE)
		create_over(change, -ECANCELED, &err);
	else if (change->attempts)
		alter_end(change, -ECANCELED, &err);
	else
		change_end(change, -ECANCELED, &err);
}

/* ---- the end of the mount ---- */

bool changes_sent(const struct changes *changes) {
	for (const struct change *at = changes->first.next; at != &changes->first; at = at->next)
		if (at->flying || (at->unclear && at->done))
			return true;
	return false;
}

void changes_end(const struct changes *changes) {
	for (const struct change *at = changes->first.next; at != &changes->first; at = at->next)
		if (change_sent(at))
			log_write(LOG_WARNING, "%s %s: the mount ends before its outcome is known%s",
				operations[at->verb], at->path,
				at->verb == CHANGE_CREATE && changes->fs->options->journal
					? "; the next one looks for it"
					: "");
}

/* ---- starting ---- */

static int change_allowed(const struct changes *changes, const struct change_order *order, struct error *err) {
	const struct options *options = changes->fs->options;
	if (order->verb == CHANGE_NOTIFY && (!options->allow || options->read_only))
		return error_set(err, EROFS, "this mount changes nothing (option allow= or ro)");
	if (order->verb != CHANGE_NOTIFY && !(options->allow & order->verb))
		return error_set(err, EROFS, "this mount does not grant %s (option allow=)", operations[order->verb]);
	if (order->verb == CHANGE_DELETE && change_doomed(changes, order->kind, order->scope))
		return error_set(
			err, EALREADY, "its deletion was accepted already; it is billed until the API answers 404");
	return 0;
}

int change_new(struct changes *changes, const struct change_order *order, struct change **ret) {
	struct change *change = calloc(1, sizeof *change);
	if (!change)
		return -ENOMEM;
	change->changes = changes;
	change->verb = order->verb;
	change->kind = order->kind;
	change->draft = order->draft;
	change->demand.resume = change_resume;
	change->demand.who = change_who;
	change->pid = order->pid;
	change->operation = order->operation;
	change->due_ms = CHANGE_NEVER;
	change->path = strdup(order->path);
	bool whole = change->path && !scope_copy(order->scope, order->scope->count, &change->scope);
	change->replicas = order->verb == CHANGE_SCALE ? order->replicas : ACCEPTED_DELETE;
	if (order->verb == CHANGE_SCALE)
		buffer_printf(&change->body, "{\"replicas\":%lld}", order->replicas);
	if (order->body)
		buffer_append(&change->body, order->body->data, order->body->len);
	if (!whole || change->body.error) {
		change_free(change);
		return -ENOMEM;
	}
	change->next = &changes->first;
	change->prev = changes->first.prev;
	change->prev->next = change->next->prev = change;
	*ret = change;
	return 0;
}

int change_start(struct changes *changes, const struct change_order *order, change_done *done, void *user,
	struct change **ret, struct error *err) {
	const struct fs *fs = changes->fs;
	struct change *change;
	int rc = change_allowed(changes, order, err);
	if (!rc && (rc = change_new(changes, order, &change)))
		error_set(err, ENOMEM, "no memory for the change");
	if (rc) {
		err->verdict = VERDICT_NOT_DONE;
		change_refused(changes, order->verb, order->path, err);
		return rc;
	}
	change->deadline_ms = order->deadline_ms;
	change->done = done;
	change->user = user;
	if (change->draft) {
		change->draft->state = DRAFT_BUSY;
		change->draft->asked = &change->body;
	}
	change_at(change,
		order->verb == CHANGE_CREATE   ? create_begin
		: order->verb == CHANGE_NOTIFY ? notify_begin
					       : alter_begin,
		fs->now_ms);
	*ret = change;
	return 0;
}
