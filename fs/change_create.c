/*
 * Create: list → journal → POST → answer, or doubt. The rules that keep it from being billed twice: neevfs(5),
 * CREATING.
 *
 * The name is free in a complete listing that began after the change did; whoever bears it later came after. So what a
 * later listing shows under the name is taken for ours.
 */
#include "change_own.h"

#include "../api/retry.h"
#include "../api/scope.h"
#include "journal.h"
#include "log.h"
#include "name.h"
#include "options.h"
#include "refusal.h"
#include "sent.h"

#include <errno.h>
#include <string.h>
#include <syslog.h>

enum {
	POST_MS = 60000, /* an API may take its time; who waits is told EINPROGRESS long before */
	AGAIN_MAX = 3,   /* listings in a row that are no ground to decide on */
};

/* ---- how it ended ---- */

/* Tells the journal what it could not be told before. */
static void owed_settle(struct changes *changes) {
	for (size_t i = 0; i < sizeof changes->owed / sizeof *changes->owed; i++) {
		struct owed *owed = &changes->owed[i];
		if (owed->number &&
			!journal_settle(changes->fs->journal, owed->number, owed->state, NULL, changes->fs->now, NULL))
			owed->number = 0;
	}
}

static void create_record_end(struct change *change, enum journal_state state, const char *id) {
	struct changes *changes = change->changes;
	struct fs *fs = changes->fs;
	struct error err;
	if (change->record && journal_settle(fs->journal, change->record, state, id, fs->now, &err)) {
		log_write(LOG_WARNING, "%s", err.message);
		changes->owed[changes->owed_next] = (struct owed){change->record, state};
		changes->owed_next = (changes->owed_next + 1) % (sizeof changes->owed / sizeof *changes->owed);
	}
	change->record = 0;
}

static void create_unmade(struct change *change, enum journal_state state, int rc, const struct error *err) {
	create_record_end(change, state, NULL);
	if (change->recovered) {
		draft_remove(change->changes->fs->drafts, change->draft); /* it stood for nothing */
	} else {
		change->draft->state = DRAFT_OPEN;
		change->draft->asked = NULL;
	}
	change_end(change, rc, err);
}

void create_over(struct change *change, int rc, const struct error *err) {
	create_unmade(change, JOURNAL_FAILED, rc, err);
}

static void create_refuse(struct change *change, int rc, struct error *err) {
	err->verdict = VERDICT_NOT_DONE;
	create_over(change, rc, err);
}

/* ---- its outcome is not known ---- */

static struct journal_entry create_entry(const struct change *change) {
	return (struct journal_entry){.cloud = change->changes->fs->options->base[change->kind->service],
		.place = change->draft->place,
		.name = change->draft->name};
}

static void create_look(struct change *change);

/* The first that is called so: it has the plain name, which for a name that can be created is the name itself. */
static const struct item *create_find(const struct change *change, const struct list *list) {
	char name[NAME_SIZE];
	name_escape(change->draft->name, strlen(change->draft->name), name);
	return list_by_name(list, NULL, name);
}

/*
 * Whether a person, or another mount that looks for it too, has settled it in the journal. If that mount knows what was
 * made it is there, whatever the listings show: then it is looked for on.
 */
static bool create_settled_elsewhere(struct change *change) {
	struct fs *fs = change->changes->fs;
	const struct journal_entry entry = create_entry(change);
	struct error err;
	if (!change->record || journal_is_open(fs->journal, change->record, &err) != 0)
		return false;
	journal_sight_free(&change->sight);
	if (journal_look(fs->journal, &entry, &change->sight, &err))
		return false; /* how it ended cannot be read: the next look may */
	if (change->sight.done_number != change->record)
		return true;
	change->record = 0;
	change->accepted = true;
	free(change->made_id);
	change->made_id = take_pointer(change->sight.done_id);
	return false;
}

/* Who does not look at once looks at a whole second, so that several share their listings. */
static void create_look_at(struct change *change, int64_t at_ms) {
	bool now = at_ms <= change->changes->fs->now_ms;
	change_at(change, create_look, now ? at_ms : (at_ms + 999) / 1000 * 1000);
}

static struct scope create_scope_of(const struct change *change, const char *id) {
	struct scope scope = change->scope;
	scope.ids[scope.count++] = id;
	return scope;
}

/* 0, or DEMAND_PARKED. DOUBT_SEEN: *ret_id is what it is, and *ret_resource what it says of itself if no listing shows
 * it, else absent. */
static int create_sight(struct change *change, const char **ret_id, struct json *ret_resource, enum doubt_sight *ret) {
	struct store *store = change->changes->fs->store;
	const struct list *list;
	*ret_resource = (struct json){0};
	int rc = store_list(store, change->kind, &change->scope, &change->demand, &list);
	*ret = DOUBT_UNSEEN;
	if (rc)
		return rc == DEMAND_PARKED ? rc : 0;
	const struct item *item = create_find(change, list);
	if (item) {
		*ret_id = item->id;
		*ret = DOUBT_SEEN;
	} else if (change->made_id) { /* the listing lags, or shows it otherwise, or it is gone again */
		struct scope scope = create_scope_of(change, change->made_id);
		rc = store_document(store, change->kind, DOC_ITEM, &scope, &change->demand, ret_resource);
		*ret_id = change->made_id;
		bool ours = !rc && json_string_is(json_at(*ret_resource, change->kind->title), change->draft->name);
		*ret = ours ? DOUBT_SEEN : (!rc || rc == -ENOENT) && list->whole ? DOUBT_MISSED : DOUBT_UNSEEN;
	} else if (list->whole) {
		*ret = DOUBT_MISSED;
	}
	return rc == DEMAND_PARKED ? rc : 0;
}

static void create_looked(struct change *change) {
	struct fs *fs = change->changes->fs;
	enum doubt_sight sight;
	const char *id = NULL;
	struct json resource;
	if (create_sight(change, &id, &resource, &sight))
		return;
	struct error err;
	switch (doubt_looked(&change->doubt, sight, change->demand.since_ms, fs->now_ms)) {
	case DOUBT_THERE:
		create_record_end(change, JOURNAL_DONE, id);
		change->draft->asked = NULL;
		if (resource.type == JSON_ABSENT || draft_born(change->draft, id, resource.text, resource.len)) {
			draft_remove(fs->drafts, change->draft); /* the listing has it */
			fs->settled_ms = fs->now_ms;
		}
		change_end(change, 0, NULL);
		return;
	case DOUBT_ABSENT:
		if (change->accepted)
			error_set(&err, change->error.code,
				"the API accepted the create, but %u s later no listing shows it",
				change->kind->absent_s);
		else
			error_set(&err, change->error.code,
				"the create was not carried out: it is not listed %u s after it was sent",
				change->kind->absent_s);
		err.verdict = change->accepted ? VERDICT_UNKNOWN : VERDICT_NOT_DONE;
		create_unmade(change, JOURNAL_ABSENT, -err.code, &err);
		return;
	case DOUBT_STAYS:
		break;
	}
	if (create_settled_elsewhere(change)) {
		error_set(&err, change->error.code, "the create's record %llu in the journal was settled by hand",
			(unsigned long long)change->record);
		err.verdict = VERDICT_UNKNOWN;
		change->record = 0;
		create_unmade(change, JOURNAL_ABSENT, -err.code, &err);
		return;
	}
	create_look_at(change, change->doubt.next_ms);
}

/* Nothing that was fetched before; but what others have begun to fetch in this very turn serves this one too. */
static void create_forget(struct change *change, const char *id) {
	struct fs *fs = change->changes->fs;
	struct changes *changes = change->changes;
	if (!changes->forgot || strcmp(changes->forgot, change->draft->place) != 0) {
		store_forget_list(fs->store, change->kind, &change->scope);
		free(changes->forgot);
		changes->forgot = strdup(change->draft->place); /* without memory the next one forgets it too */
	}
	if (id) {
		struct scope scope = create_scope_of(change, id);
		store_forget_resource(fs->store, change->kind, &scope);
	}
	change->demand.since_ms = fs->now_ms;
}

static void create_look(struct change *change) {
	create_forget(change, change->made_id);
	change_at(change, create_looked, CHANGE_NEVER);
	create_looked(change);
}

void create_doubt(struct change *change, int64_t next_ms) {
	change->unclear = true;
	change->draft->state = DRAFT_DOUBT;
	doubt_begin(&change->doubt, change->changes->fs->now_ms, (int64_t)change->kind->absent_s * 1000, next_ms);
	create_look_at(change, next_ms);
}

/* ---- sending ---- */

/* The answer must say that it made what was asked for: an id, and our name. */
static bool create_born(struct change *change, const struct api_response *response) {
	struct json id = json_at(response->root, change->kind->id),
		    title = json_at(response->root, change->kind->title);
	free(take_pointer(change->made_id));
	change->made_id = id.type == JSON_STRING ? json_text_dup(id) : NULL;
	if (change->made_id && !name_is_id(change->made_id, strlen(change->made_id)))
		free(take_pointer(change->made_id)); /* nothing to ask for */
	if (!change->made_id || !json_string_is(title, change->draft->name) ||
		draft_born(change->draft, change->made_id, response->body, response->body_len))
		return false;
	struct draft *draft = change->draft;
	draft->asked = NULL;
	/* What was sent, wherever it came from. Without memory there is no text, at which only the brakes look. */
	(void)draft_truncate(change->changes->fs->drafts, draft, 0, draft->changed); /* to nothing it cannot fail */
	(void)draft_write(change->changes->fs->drafts, draft, change->body.data, change->body.len, 0, draft->changed);
	sent_add(change->changes->fs->sents, change->kind, change->made_id, &change->body);
	create_record_end(change, JOURNAL_DONE, change->made_id);
	return true;
}

/* What certainly did not arrive may be sent again, from its listing on; and what was throttled, once it may. */
static bool create_again(struct change *change, const struct api_response *response) {
	struct fs *fs = change->changes->fs;
	bool throttled = response->status == 429 && response->retry_after_ms;
	if (change->attempts >= (throttled ? 2u : RETRY_ATTEMPTS) ||
		!(throttled || (!response->sent && retry_worth(response))))
		return false;
	int64_t at_ms = fs->now_ms + retry_pause_ms(response, change->attempts, &fs->seed);
	if (at_ms > change->deadline_ms - 2 * CHANGE_ANSWER_MS || !change->done)
		return false;
	create_record_end(
		change, JOURNAL_FAILED, NULL); /* each request has a record of its own: its age is the record's */
	change_at(change, create_begin, at_ms);
	return true;
}

static void create_answered(void *user, const struct api_response *response) {
	struct change *change = user;
	int64_t first_look_ms = change->changes->fs->now_ms + DOUBT_FIRST_MS;
	change->flying = false;
	change->accepted = response->status == 201 || !response->code; /* a 200 may be a portal's page */
	if (!response->code && create_born(change, response)) {
		change_end(change, 0, NULL);
		return;
	}
	change->error = response->error;
	if (!response->code) {
		error_set(&change->error, EREMOTEIO,
			"the API accepted the create, but its answer does not show a %s named \"%s\"",
			change->kind->singular, change->draft->name);
		change->error.http_status = response->status;
		change->error.verdict = VERDICT_UNKNOWN;
	}
	if (change->error.verdict == VERDICT_UNKNOWN)
		create_doubt(change, first_look_ms);
	else if (!create_again(change, response))
		create_over(change, -response->code, &change->error);
}

static void create_send(struct change *change) {
	struct fs *fs = change->changes->fs;
	const struct kind *kind = change->kind;
	struct error err;
	if (change->deadline_ms - fs->now_ms < 2 * CHANGE_ANSWER_MS) {
		error_set(&err, ETIMEDOUT, "the deadline left no time to send it");
		create_refuse(change, -ETIMEDOUT, &err);
		return;
	}
	int rc = store_change(fs->store, kind, kind->service, API_POST, kind->docs[DOC_LIST].path, &change->scope,
		&change->body, POST_MS, &change->demand, create_answered, change);
	if (rc) {
		error_set(&err, -rc, "no memory to send the change");
		create_refuse(change, rc, &err);
		return;
	}
	change->flying = true;
	change->attempts++;
}

/* ---- before it is sent ---- */

/* The name is taken by that resource. */
static int create_taken(struct change *change, const char *id, struct json resource) {
	const struct kind *kind = change->kind;
	struct error *err = &change->demand.error;
	struct scope scope = create_scope_of(change, id);
	bool leaving = change_doomed(change->changes, kind, &scope) ||
		       (kind->terminating && json_string_is(json_at(resource, kind->status), kind->terminating));
	if (leaving)
		return error_set(err, EBUSY,
			"a %s named \"%s\" is still being deleted; the name is free when it is gone", kind->singular,
			change->draft->name);
	return error_set(
		err, EEXIST, "a %s named \"%s\" exists already (id %s)", kind->singular, change->draft->name, id);
}

/* A listing may lag behind what was created a moment ago, by another mount or an earlier one: the resource itself
 * does not. */
static int create_check_recent(struct change *change) {
	struct fs *fs = change->changes->fs;
	const char *id = change->sight.done_id;
	if (!id || fs->now - change->sight.done >= (time_t)change->kind->absent_s)
		return 0;
	struct scope scope = create_scope_of(change, id);
	struct json resource;
	int rc = store_document(fs->store, change->kind, DOC_ITEM, &scope, &change->demand, &resource);
	return rc == -ENOENT ? 0 : rc ? rc : create_taken(change, id, resource);
}

/* 0: the name is free in a whole listing; DEMAND_PARKED; -EAGAIN: the listing is no ground to decide on; or -errno. */
static int create_check(struct change *change) {
	const struct kind *kind = change->kind;
	const struct list *list;
	int rc = store_list(change->changes->fs->store, kind, &change->scope, &change->demand, &list);
	if (rc)
		return rc;
	const struct item *item = create_find(change, list);
	if (item)
		return create_taken(change, item->id, item->json);
	if (list->whole)
		return create_check_recent(change);
	error_set(&change->demand.error, EREMOTEIO,
		"the API's list of %s is not whole: a %s of this name could be missing in it", kind->name,
		kind->singular);
	return -EAGAIN;
}

/*
 * Somebody's create of this name is on its way: another mount's, or that of one that is gone. Whoever asked for this
 * one is told so; it goes on to look for that one, so that the name does not stay in doubt when nobody else looks.
 */
static void create_adopt(struct change *change, uint64_t record) {
	struct fs *fs = change->changes->fs;
	change_done *done = change->done;
	void *user = change->user;
	struct error err;
	error_set(&err, EALREADY,
		"a create of this name is on its way already, says the journal (record %llu); it is looked for, "
		"and not sent again",
		(unsigned long long)record);
	err.verdict = VERDICT_UNKNOWN;
	refusal_add(fs->refusals, fs->now, "create", change->path, &err, NULL);
	change->error = err;
	change->error.code = ECANCELED;
	change->record = record;
	change->done = NULL;
	change->late = true;
	create_doubt(change, fs->now_ms);
	if (done)
		done(user, -EALREADY, &err);
}

/* The record is there before the request is, so that whoever comes after a crash looks for it. */
static int create_record(struct change *change) {
	struct fs *fs = change->changes->fs;
	const struct journal_entry entry = create_entry(change);
	return journal_begin(fs->journal, &entry, change->sight.mark, fs->now, &change->record, &change->demand.error);
}

static void create_list(struct change *change) {
	int rc = create_check(change);
	if (rc == DEMAND_PARKED)
		return;
	if (!rc && (rc = change_brake(change)) == DEMAND_PARKED)
		return;
	if (!rc)
		rc = create_record(change);
	if (!rc)
		create_send(change);
	else if ((rc == -EAGAIN || rc == -EALREADY) &&
		 ++change->again < AGAIN_MAX) /* look again, also at the journal */
		change_at(change, create_begin, change->changes->fs->now_ms);
	else {
		struct error err = change->demand.error;
		if (err.code == EAGAIN)
			err.code = EBUSY; /* others create the same name again and again */
		create_refuse(change, -err.code, &err);
	}
}

void create_begin(struct change *change) {
	struct fs *fs = change->changes->fs;
	const struct journal_entry entry = create_entry(change);
	struct error err;
	journal_sight_free(&change->sight);
	owed_settle(change->changes);
	int rc = journal_look(fs->journal, &entry, &change->sight, &err);
	if (rc) {
		create_refuse(change, rc, &err);
		return;
	}
	if (change->sight.open) {
		create_adopt(change, change->sight.open);
		return;
	}
	create_forget(change, change->sight.done_id);
	change_brake_begin(change);
	change_at(change, create_list, CHANGE_NEVER);
	create_list(change);
}
