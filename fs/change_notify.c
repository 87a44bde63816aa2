/*
 * To be told by e-mail when a GPU configuration can be had: what is registered already is not sent again, and what was
 * sent once is looked up where its answer says nothing.
 */
#include "change_own.h"

#include "registrations.h"

#include <errno.h>

static void notify_refuse(struct change *change, int rc, struct error *err) {
	err->verdict = VERDICT_NOT_DONE;
	change_end(change, rc, err);
}

/* 0, DEMAND_PARKED or -errno with words in the change's demand. */
static int notify_is_so(struct change *change, bool *ret) {
	struct json registrations, wanted;
	int rc = registrations_get(change->changes->fs->store, &change->demand, &registrations);
	if (!rc && json_scan(change->body.data, change->body.len, &wanted, NULL) != JSON_OK)
		return error_set(&change->demand.error, ENOMEM, "no memory to look at the registrations");
	if (!rc)
		*ret = registration_pending(registrations, wanted);
	return rc;
}

static void notify_forget(struct change *change) {
	struct fs *fs = change->changes->fs;
	store_forget_resource(fs->store, change->kind, &change->scope);
	change->demand.since_ms = fs->now_ms;
}

/* ---- after an answer that says nothing ---- */

static void notify_verify(struct change *change) {
	bool so = false;
	if (notify_is_so(change, &so) == DEMAND_PARKED)
		return;
	struct error err = change->error;
	err.verdict = VERDICT_UNKNOWN;
	change_end(change, so ? 0 : -err.code, so ? NULL : &err);
}

static void notify_answered(void *user, const struct api_response *response) {
	struct change *change = user;
	change->flying = false;
	change->error = response->error;
	if (!response->code) {
		change_end(change, 0, NULL);
	} else if (response->error.verdict != VERDICT_UNKNOWN) {
		change_end(change, -response->code, &change->error);
	} else {
		change->unclear = true;
		notify_forget(change);
		change_at(change, notify_verify, CHANGE_NEVER);
		notify_verify(change);
	}
}

/* ---- sending ---- */

static void notify_send(struct change *change) {
	struct fs *fs = change->changes->fs;
	const struct kind *kind = change->kind;
	int64_t left_ms = change->deadline_ms - fs->now_ms - CHANGE_ANSWER_MS;
	struct error err;
	int rc = left_ms < CHANGE_ANSWER_MS ? -ETIMEDOUT : 0;
	/* A third of the time is for what comes after an attempt that hangs. */
	if (!rc)
		rc = store_change(fs->store, kind, change->demand.elsewhere ? kind->service_else : kind->service,
			API_POST, kind->docs[DOC_NOTIFICATIONS].path, &change->scope, &change->body,
			(unsigned)(left_ms * 2 / 3), &change->demand, notify_answered, change);
	if (rc) {
		error_set(&err, -rc,
			rc == -ETIMEDOUT ? "the deadline left no time to send it" : "no memory to send the change");
		notify_refuse(change, rc, &err);
		return;
	}
	change->flying = true;
	change->attempts++;
}

static void notify_look(struct change *change) {
	bool so = false;
	int rc = notify_is_so(change, &so);
	if (rc == DEMAND_PARKED)
		return;
	struct error err = change->demand.error;
	if (rc)
		notify_refuse(change, rc, &err);
	else if (so)
		change_end(change, 0, NULL);
	else
		notify_send(change);
}

/* One after the other, so that the second sees what the first has registered; change_end() calls the next. */
void notify_begin(struct change *change) {
	const struct changes *changes = change->changes;
	change->queued = false;
	for (const struct change *at = changes->first.next; at != change; at = at->next)
		change->queued |= at->verb == CHANGE_NOTIFY && change_is_of(at, change->kind, &change->scope);
	if (change->queued)
		return;
	notify_forget(change);
	change_at(change, notify_look, CHANGE_NEVER);
	notify_look(change);
}
