#include "change.h"

#include "../api/scope.h"
#include "accepted.h"
#include "brake.h"
#include "log.h"
#include "options.h"
#include "refusal.h"
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

enum { ANSWER_MS = 500 /* before the deadline of who waits, its own time-out has said more than that would */ };

struct change {
	struct changes *changes;
	enum change_verb verb;
	const struct kind *kind;
	struct scope scope;
	char *ids[SCOPE_MAX];
	char *path;
	struct draft *draft;
	struct buffer body;
	long long replicas;   /* of a scale; ACCEPTED_DELETE for a delete */
	struct demand demand; /* what is asked before it is sent */
	int64_t deadline_ms;
	bool listing;      /* waits for that */
	change_done *done; /* NULL: abandoned */
	void *user;
	struct change *next, *prev;
};

struct changes {
	struct fs *fs;
	struct change first; /* ring of all under way */
};

static const char *const operations[] = {
	[CHANGE_CREATE] = "create", [CHANGE_SCALE] = "scale", [CHANGE_DELETE] = "delete"};

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
	for (unsigned i = 0; i < change->scope.count; i++)
		free(change->ids[i]);
	free(change->path);
	if (change->body.data)
		explicit_bzero(change->body.data, change->body.cap);
	buffer_free(&change->body);
	free(change);
}

void changes_free(struct changes *changes) {
	if (!changes)
		return;
	while (changes->first.next != &changes->first) {
		store_leave(changes->fs->store, &changes->first.next->demand);
		change_free(changes->first.next);
	}
	free(changes);
}

/* Whether a delete of this resource was accepted: it is then on its way out whatever its listed state says. */
static bool change_doomed(const struct changes *changes, const struct kind *kind, const struct scope *scope) {
	long long replicas;
	return accepted_find(changes->fs->accepted, kind, scope, changes->fs->now_ms, &replicas) &&
	       replicas == ACCEPTED_DELETE;
}

/* ---- outcomes ---- */

static void change_refused(struct changes *changes, enum change_verb verb, const char *path, const struct error *err) {
	refusal_add(changes->fs->refusals, changes->fs->now, operations[verb], path, err);
	log_write(LOG_NOTICE, "%s %s: %s: %s", operations[verb], path, error_name(err->code), err->message);
}

/* What was refused in this directory before no longer says why something is not so. */
static void change_succeeded(struct change *change) {
	const char *slash = change->verb == CHANGE_DELETE ? NULL : strrchr(change->path, '/');
	refusal_settle(change->changes->fs->refusals, change->path,
		slash ? (size_t)(slash - change->path) : strlen(change->path));
	log_write(LOG_NOTICE, "%s %s: done", operations[change->verb], change->path);
}

static void change_end(struct change *change, int rc, const struct error *err) {
	if (rc)
		change_refused(change->changes, change->verb, change->path, err);
	else
		change_succeeded(change);
	if (change->draft && change->draft->state == DRAFT_BUSY)
		change->draft->state = rc && err->verdict == VERDICT_UNKNOWN ? DRAFT_DOUBT : DRAFT_OPEN;
	if (change->done)
		change->done(change->user, rc, err);
	change_free(change);
}

/* The answer must say that it made what was asked for: an id, and our name. */
static int create_answered(struct change *change, const struct api_response *response, struct error *err) {
	struct json id = json_at(response->root, change->kind->id),
		    title = json_at(response->root, change->kind->title);
	SCOPED(scope_free) char *text = id.type == JSON_STRING ? json_text_dup(id) : NULL;
	if (text && *text && json_string_is(title, change->draft->name) &&
		!draft_born(change->draft, text, response->body, response->body_len))
		return 0;
	error_set(err, EINPROGRESS, "the API accepted the create, but its answer does not show a %s named \"%s\"",
		change->kind->singular, change->draft->name);
	err->http_status = response->status;
	err->verdict = VERDICT_UNKNOWN;
	return -EINPROGRESS;
}

static void change_answered(void *user, const struct api_response *response) {
	struct change *change = user;
	struct error err = response->error;
	int rc = -response->code;
	if (change->verb == CHANGE_CREATE) {
		if (!rc)
			rc = create_answered(change, response, &err);
		else if (err.verdict == VERDICT_UNKNOWN) /* must not look as if it had failed */
			rc = -(err.code = EINPROGRESS);
	} else if (rc == -EEXIST) { /* no name is taken here: it is in a state that does not permit it */
		rc = -(err.code = EBUSY);
	} else if (rc == -ENOENT) {
		draft_unborn(change->changes->fs->drafts, change->kind, change->scope.ids[change->scope.count - 1]);
	} else if (!rc) {
		accepted_add(change->changes->fs->accepted, change->kind, &change->scope, change->replicas,
			change->changes->fs->now_ms);
	}
	if (change->verb == CHANGE_SCALE && (!rc || err.verdict != VERDICT_UNKNOWN))
		brake_scaled(change->changes->fs, change->kind, &change->scope, change->replicas, !rc);
	change_end(change, rc, &err);
}

static int change_send(struct change *change, struct error *err) {
	struct fs *fs = change->changes->fs;
	const struct kind *kind = change->kind;
	int64_t left_ms = change->deadline_ms - fs->now_ms - ANSWER_MS;
	if (left_ms < ANSWER_MS) {
		error_set(err, ETIMEDOUT, "the deadline left no time to send it");
		err->verdict = VERDICT_NOT_DONE;
		return -ETIMEDOUT;
	}
	enum api_method method = change->verb == CHANGE_CREATE  ? API_POST
				 : change->verb == CHANGE_SCALE ? API_PUT
								: API_DELETE;
	const char *path = change->verb == CHANGE_CREATE  ? kind->docs[DOC_LIST].path
			   : change->verb == CHANGE_SCALE ? kind->scale
							  : kind->docs[DOC_ITEM].path;
	int rc = store_change(fs->store, kind, method, path, &change->scope, change->body.data ? &change->body : NULL,
		(unsigned)left_ms, change_answered, change);
	if (rc) {
		error_set(err, -rc, "no memory to send the change");
		err->verdict = VERDICT_NOT_DONE;
	}
	return rc;
}

/* ---- the listing before a create ---- */

/* 0: the name is free; DEMAND_PARKED; or -errno with words. */
static int create_check(struct change *change) {
	const struct kind *kind = change->kind;
	const struct list *list;
	struct error *err = &change->demand.error;
	const char *name = change->draft->name;
	int rc = store_list(change->changes->fs->store, kind, &change->scope, &change->demand, &list);
	if (rc == DEMAND_PARKED)
		return rc;
	if (rc) {
		err->verdict = VERDICT_NOT_DONE;
		return rc;
	}
	const struct item *item = NULL;
	for (size_t i = 0; i < list->count && !item; i++)
		if (json_string_is(json_at(list->items[i].json, kind->title), name))
			item = &list->items[i];
	if (!item)
		return 0;
	struct scope scope = change->scope;
	scope.ids[scope.count++] = item->id;
	bool leaving = change_doomed(change->changes, kind, &scope) ||
		       (kind->terminating && json_string_is(json_at(item->json, kind->status), kind->terminating));
	if (leaving)
		error_set(err, EBUSY, "a %s named \"%s\" is still being deleted; the name is free when it is gone",
			kind->singular, name);
	else
		error_set(err, EEXIST, "a %s named \"%s\" exists already (id %s)", kind->singular, name, item->id);
	err->verdict = VERDICT_NOT_DONE;
	return -err->code;
}

static struct brake_order change_brake(const struct change *change) {
	struct brake_order order = {
		.verb = change->verb, .kind = change->kind, .scope = &change->scope, .replicas = change->replicas};
	if (change->verb == CHANGE_CREATE) /* without memory it stays absent, and is refused where that matters */
		(void)json_scan(change->body.data, change->body.len, &order.request, NULL);
	return order;
}

/* 0: it may be sent; DEMAND_PARKED; or -errno with words. */
static int change_check(struct change *change) {
	int rc = change->verb == CHANGE_CREATE ? create_check(change) : 0;
	if (rc)
		return rc;
	struct brake_order order = change_brake(change);
	return brake_check(change->changes->fs, &order, &change->demand);
}

static void change_listed(struct demand *demand) {
	struct change *change = (struct change *)((char *)demand - offsetof(struct change, demand));
	int rc = change_check(change);
	if (rc == DEMAND_PARKED)
		return;
	change->listing = false;
	if (!rc)
		rc = change_send(change, &demand->error);
	if (rc)
		change_end(change, rc, &demand->error);
}

static int change_begin(struct change *change, struct error *err) {
	struct fs *fs = change->changes->fs;
	change->deadline_ms = fs->now_ms + fs->options->deadline_ms;
	change->demand.resume = change_listed;
	change->demand.since_ms = INT64_MAX; /* nothing that is cached already */
	if (change->verb == CHANGE_CREATE) {
		change->draft->state = DRAFT_BUSY;
		store_forget_list(fs->store, change->kind, &change->scope);
	}
	struct brake_order order = change_brake(change);
	brake_forget(fs, &order);
	int rc = change_check(change);
	change->demand.since_ms = fs->now_ms;
	change->listing = rc == DEMAND_PARKED;
	if (rc == DEMAND_PARKED)
		return 0;
	*err = change->demand.error;
	return rc ? rc : change_send(change, err);
}

/* ---- starting ---- */

static int change_allowed(const struct changes *changes, const struct change_order *order, struct error *err) {
	if (!(changes->fs->options->allow & order->verb))
		return error_set(err, EROFS, "this mount does not grant %s (option allow=)", operations[order->verb]);
	if (order->verb == CHANGE_DELETE && change_doomed(changes, order->kind, order->scope))
		return error_set(
			err, EALREADY, "its deletion was accepted already; it is billed until the API answers 404");
	return 0;
}

static int change_new(struct changes *changes, const struct change_order *order, struct change **ret) {
	struct change *change = calloc(1, sizeof *change);
	if (!change)
		return -ENOMEM;
	change->changes = changes;
	change->verb = order->verb;
	change->kind = order->kind;
	change->draft = order->draft;
	change->path = strdup(order->path);
	bool whole = change->path != NULL;
	for (unsigned i = 0; i < order->scope->count; i++) {
		change->ids[i] = strdup(order->scope->ids[i]);
		change->scope.ids[change->scope.count++] = change->ids[i];
		whole &= change->ids[i] != NULL;
	}
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
	struct change *change = NULL;
	int rc = change_allowed(changes, order, err);
	if (!rc && (rc = change_new(changes, order, &change)))
		error_set(err, ENOMEM, "no memory for the change");
	if (!rc && (rc = change_begin(change, err))) {
		if (change->draft)
			change->draft->state = DRAFT_OPEN;
		change_free(change);
	}
	if (rc) {
		err->verdict = VERDICT_NOT_DONE;
		change_refused(changes, order->verb, order->path, err);
		return rc;
	}
	change->done = done;
	change->user = user;
	*ret = change;
	return 0;
}

void change_abandon(struct change *change) {
	change->done = NULL;
	if (!change->listing)
		return;
	struct error err;
	error_set(&err, ECANCELED, "interrupted before it was sent");
	err.verdict = VERDICT_NOT_DONE;
	store_leave(change->changes->fs->store, &change->demand);
	change_end(change, -ECANCELED, &err);
}

bool change_sent(const struct change *change) {
	return !change->listing;
}
