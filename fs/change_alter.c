/*
 * Scale and delete. Both name what shall be, not what shall be done: sent twice they are carried out once, so that an
 * attempt whose outcome is not clear is made again, and at last looked up.
 */
#include "change_own.h"

#include "../api/retry.h"
#include "accepted.h"
#include "scales.h"

#include <errno.h>

void alter_end(struct change *change, int rc, struct error *err) {
	struct fs *fs = change->changes->fs;
	if (rc == -ENOENT)
		draft_unborn(fs->drafts, change->kind, change->scope.ids[change->scope.count - 1]);
	if (change->verb == CHANGE_SCALE && err->verdict == VERDICT_NOT_DONE)
		scales_end(fs->scales, change->kind, &change->scope, change->replicas, false, fs->now_ms);
	if (rc == -EEXIST) /* no name is taken here: it is in a state that does not permit it */
		rc = -(err->code = EBUSY);
	change_end(change, rc, err);
}

static void alter_done(struct change *change) {
	struct fs *fs = change->changes->fs;
	accepted_add(fs->accepted, change->kind, &change->scope, change->replicas, fs->now_ms);
	if (change->verb == CHANGE_SCALE)
		scales_end(fs->scales, change->kind, &change->scope, change->replicas, true, fs->now_ms);
	change_end(change, 0, NULL);
}

/* The API does not know it any more: that is what was asked for. */
static void alter_gone(struct change *change) {
	draft_unborn(change->changes->fs->drafts, change->kind, change->scope.ids[change->scope.count - 1]);
	change_end(change, 0, NULL);
}

/* ---- what the API says is so, after an answer that did not ---- */

static bool alter_is_so(const struct change *change, struct json item) {
	const struct kind *kind = change->kind;
	long long replicas;
	const struct row *row = kind->rows;
	while (row->name && row->write != WRITE_SCALE)
		row++;
	if (change->verb == CHANGE_SCALE) /* while it is in transition the number may be the one that it leaves */
		return row->name && !kind_moving(kind, item) && json_int(json_at(item, row->pointer), &replicas) &&
		       replicas == change->replicas;
	return kind->terminating && json_string_is(json_at(item, kind->status), kind->terminating);
}

static void alter_verify(struct change *change) {
	struct store *store = change->changes->fs->store;
	struct json item;
	int rc = store_document(store, change->kind, DOC_ITEM, &change->scope, &change->demand, &item);
	if (rc == DEMAND_PARKED)
		return;
	bool gone = rc == -ENOENT;
	if (gone && change->verb == CHANGE_DELETE) {
		alter_gone(change);
	} else if (!rc && alter_is_so(change, item)) {
		alter_done(change);
	} else {
		struct error err = gone ? change->demand.error : change->error;
		err.verdict = gone ? VERDICT_NOT_DONE : VERDICT_UNKNOWN;
		alter_end(change, -err.code, &err);
	}
}

static void alter_doubt(struct change *change) {
	struct fs *fs = change->changes->fs;
	store_forget_resource(fs->store, change->kind, &change->scope);
	change->demand.since_ms = fs->now_ms;
	change_at(change, alter_verify, CHANGE_NEVER);
	alter_verify(change);
}

/* ---- sending ---- */

static void alter_send(struct change *change);

/* A newer number is asked for, or that it goes away: this one is not tried again. */
static bool alter_overtaken(const struct change *change) {
	if (change->verb != CHANGE_SCALE)
		return false;
	for (const struct change *at = change->next; at != &change->changes->first; at = at->next)
		if (change_is_of(at, change->kind, &change->scope))
			return true;
	return change_doomed(change->changes, change->kind, &change->scope);
}

static bool alter_again(struct change *change, const struct api_response *response) {
	struct fs *fs = change->changes->fs;
	bool called_off = !change->done && !change->unclear;
	if (!retry_worth(response) || change->attempts >= RETRY_ATTEMPTS || called_off || alter_overtaken(change))
		return false;
	int64_t at_ms = fs->now_ms + retry_pause_ms(response, change->attempts, &fs->seed);
	if (at_ms > change->deadline_ms - 2 * CHANGE_ANSWER_MS)
		return false;
	change_at(change, alter_send, at_ms);
	return true;
}

static void alter_answered(void *user, const struct api_response *response) {
	struct change *change = user;
	change->flying = false;
	if (!response->code) {
		alter_done(change);
		return;
	}
	if (response->code == ENOENT && change->unclear && change->verb == CHANGE_DELETE) {
		alter_gone(change); /* the attempt before was carried out */
		return;
	}
	change->error = response->error;
	change->unclear |= response->error.verdict == VERDICT_UNKNOWN;
	if (alter_again(change, response))
		return;
	if (change->unclear)
		alter_doubt(change);
	else
		alter_end(change, -response->code, &change->error);
}

static void alter_send(struct change *change) {
	struct fs *fs = change->changes->fs;
	const struct kind *kind = change->kind;
	int64_t left_ms = change->deadline_ms - fs->now_ms - CHANGE_ANSWER_MS;
	struct error err = {0};
	int rc = 0;
	if (change->attempts && alter_overtaken(change)) {
		err = change->error;
		err.verdict = change->unclear ? VERDICT_UNKNOWN : VERDICT_NOT_DONE;
		alter_end(change, -err.code, &err);
		return;
	}
	if (change->verb == CHANGE_SCALE && change_doomed(change->changes, kind, &change->scope))
		rc = error_set(&err, EBUSY, "the %s is being deleted", kind->singular);
	else if (left_ms < CHANGE_ANSWER_MS)
		rc = error_set(&err, ETIMEDOUT, "the deadline left no time to send it");
	/* A third of the time is for what comes after an attempt that hangs. */
	if (!rc && change->verb == CHANGE_SCALE)
		rc = store_change(fs->store, kind, kind->service, API_PUT, kind->scale, &change->scope, &change->body,
			(unsigned)(left_ms * 2 / 3), &change->demand, alter_answered, change);
	else if (!rc)
		rc = store_change(fs->store, kind, kind->service, API_DELETE, kind->docs[DOC_ITEM].path, &change->scope,
			NULL, (unsigned)(left_ms * 2 / 3), &change->demand, alter_answered, change);
	if (!rc) {
		change->flying = true;
		change->attempts++;
		return;
	}
	if (!err.code)
		error_set(&err, -rc, rc == -ENOMEM ? "no memory to send the change" : "it cannot be sent");
	if (change->unclear)
		err = change->error;
	err.verdict = change->unclear ? VERDICT_UNKNOWN : VERDICT_NOT_DONE;
	alter_end(change, -err.code, &err);
}

static void alter_check(struct change *change) {
	int rc = change_brake(change);
	if (rc == DEMAND_PARKED)
		return;
	if (!rc) {
		alter_send(change);
		return;
	}
	struct error err = change->demand.error;
	err.verdict = VERDICT_NOT_DONE;
	change_end(change, rc, &err);
}

/* Of the scales of one deployment the first goes; change_end() calls the next. One that pauses before another attempt
 * need not make it. */
void alter_begin(struct change *change) {
	const struct changes *changes = change->changes;
	change->queued = false;
	for (struct change *at = changes->first.next; at != change; at = at->next) {
		if (change->verb != CHANGE_SCALE || at->verb != CHANGE_SCALE ||
			!change_is_of(at, change->kind, &change->scope))
			continue;
		change->queued = true;
		if (at->step == alter_send && at->due_ms != CHANGE_NEVER)
			at->due_ms = changes->fs->now_ms;
	}
	if (change->queued)
		return;
	change_brake_begin(change);
	change->demand.since_ms = changes->fs->now_ms;
	change_at(change, alter_check, CHANGE_NEVER);
	alter_check(change);
}
