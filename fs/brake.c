#include "brake.h"

#include "../api/scope.h"
#include "accepted.h"
#include "money.h"
#include "options.h"
#include "price.h"
#include "scales.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* One check, from its beginning to its verdict. */
struct check {
	struct fs *fs;
	const struct options *options;
	const struct brake_order *order;
	struct demand *demand;
	const struct list *inventory; /* with max_hourly */
	unsigned projects;
	unsigned long long instances, coming; /* listed; being created or just born */
	int64_t hourly;                       /* of all that runs, in micro-dollars */
};

static const struct kind *const instance = &kinds[KIND_AIRUNTIME];

/* ---- what limits what ---- */

/* Without a member for it a request makes one replica. */
static bool limits_replicas(const struct fs *fs, const struct brake_order *order) {
	return fs->options->max_replicas.set &&
	       (order->verb == CHANGE_SCALE || (order->verb == CHANGE_CREATE && order->kind->asked.replicas));
}

static bool limits_instances(const struct fs *fs, const struct brake_order *order) {
	return fs->options->max_instances.set && order->verb == CHANGE_CREATE && order->kind == instance;
}

static bool limits_hourly(const struct fs *fs, const struct brake_order *order) {
	return fs->options->max_hourly.set && order->verb != CHANGE_DELETE && order->kind->listed.config;
}

bool brake_needed(const struct fs *fs, const struct brake_order *order) {
	return limits_replicas(fs, order) || limits_instances(fs, order) || limits_hourly(fs, order);
}

/* What of this kind is listed decides about the order. */
static bool kind_counts(const struct fs *fs, const struct brake_order *order, const struct kind *kind) {
	return kind->listed.config && (limits_hourly(fs, order) || (kind == instance && limits_instances(fs, order)));
}

/* ---- refusing ---- */

__attribute__((format(printf, 3, 4))) static int check_refuse(
	const struct check *check, int code, const char *format, ...) {
	char words[sizeof check->demand->error.message];
	va_list args;
	va_start(args, format);
	vsnprintf(words, sizeof words, format, args);
	va_end(args);
	error_set(&check->demand->error, code, "%s", words);
	check->demand->error.verdict = VERDICT_NOT_DONE;
	return -code;
}

static int check_no_memory(const struct check *check) {
	return check_refuse(check, ENOMEM, "no memory to check the spending brakes");
}

/* A listing failed: the words keep what the API said about it. */
static int check_blind(const struct check *check, int rc, const char *what, const char *org, const char *project) {
	if (rc == DEMAND_PARKED || rc == -ENOMEM)
		return rc == DEMAND_PARKED ? rc : check_no_memory(check);
	struct error *err = &check->demand->error, reason = *err;
	error_set(err, -rc, "cannot tell what %s%s%s%s: %s", what, org, project ? "/" : "", project ? project : "",
		reason.code ? reason.message : strerror(-rc));
	err->http_status = reason.http_status;
	memcpy(err->api_code, reason.api_code, sizeof err->api_code);
	memcpy(err->request_id, reason.request_id, sizeof err->request_id);
	err->verdict = VERDICT_NOT_DONE;
	return rc;
}

static int check_unpriced(const struct check *check, const struct kind *kind, struct json resource) {
	SCOPED(scope_free) char *name = json_text_dup(json_at(resource, kind->title));
	return check_refuse(check, EDQUOT,
		"max_hourly: the price of the %s \"%s\" is not known, so the sum cannot be told", kind->singular,
		name ? name : "?");
}

/* ---- replicas ---- */

/* The replicas to be paid for: those listed, or more if this mount asked for more and they may be on their way.
 * -EINVAL: not known. */
static int replicas_count(const struct check *check, const struct kind *kind, const struct scope *scope,
	struct json resource, long long *ret) {
	long long count = 1, other;
	if (kind->listed.replicas && !json_int(json_at(resource, kind->listed.replicas), &count))
		return -EINVAL;
	if (count < 1)
		count = 1; /* one that is only starting will have one */
	if (kind->scale) {
		bool moving = kind_moving(kind, resource);
		int rc = scales_most(check->fs->scales, kind, scope, moving, check->fs->now_ms, &other);
		if (rc)
			return rc;
		if (other > count)
			count = other;
		if (moving && accepted_find(check->fs->accepted, kind, scope, check->fs->now_ms, &other) &&
			other > count)
			count = other;
	}
	*ret = count;
	return 0;
}

/* Whatever adds nothing passes also where it cannot be remembered. */
static int scale_pass(const struct check *check, bool adds) {
	const struct fs *fs = check->fs;
	const struct brake_order *order = check->order;
	int rc = scales_add(
		fs->scales, order->kind, order->scope, order->replicas, fs->options->deadline_ms, fs->now_ms);
	if (rc == -EBUSY && adds)
		return check_refuse(
			check, EBUSY, "%d scales are remembered for max_hourly; try again later", SCALES_MAX);
	return rc == -ENOMEM ? check_no_memory(check) : 0;
}

/* ---- what there is ---- */

/*
 * A listing that decides. It may have been begun before another one showed a newborn and so ended its draft: by this
 * one the newborn would then be nowhere, and is asked for anew.
 */
static int check_list(
	const struct check *check, const struct kind *kind, const struct scope *scope, const struct list **ret) {
	struct store *store = check->fs->store;
	int rc = store_list(store, kind, scope, check->demand, ret);
	if (!rc && check->demand->fetched_ms <= check->fs->settled_ms) {
		store_forget_list(store, kind, scope);
		rc = store_list(store, kind, scope, check->demand, ret);
	}
	return rc ? check_blind(check, rc, "runs in ", scope->ids[0], scope->ids[1]) : 0;
}

static int hourly_add(struct check *check, int64_t unit, long long replicas) {
	int64_t cost;
	if (__builtin_mul_overflow(unit, replicas, &cost) ||
		__builtin_add_overflow(check->hourly, cost, &check->hourly))
		return check_refuse(check, EDQUOT, "max_hourly: the sum is too large to be told");
	return 0;
}

static int resource_add(
	struct check *check, const struct kind *kind, const struct scope *scope, const char *id, struct json resource) {
	if (!limits_hourly(check->fs, check->order))
		return 0;
	struct scope own = *scope;
	own.ids[own.count++] = id;
	int64_t unit;
	long long replicas;
	int rc = price_unit(check->inventory, &kind->listed, resource, &unit);
	if (!rc)
		rc = replicas_count(check, kind, &own, resource, &replicas);
	if (rc)
		return rc == -ENOMEM ? check_no_memory(check) : check_unpriced(check, kind, resource);
	return hourly_add(check, unit, replicas);
}

/* What a create asks for: it makes one, or as many replicas as it says. */
static int request_price(const struct check *check, const struct kind *kind, struct json request, int64_t *ret) {
	long long replicas = 1;
	int rc = price_unit(check->inventory, &kind->asked, request, ret);
	if (!rc && kind->asked.replicas && json_at(request, kind->asked.replicas).type != JSON_ABSENT &&
		(!json_int(json_at(request, kind->asked.replicas), &replicas) || replicas < 1))
		rc = -EINVAL;
	if (!rc && __builtin_mul_overflow(*ret, replicas, ret))
		rc = -EINVAL;
	return rc;
}

/* One that was asked for and of which no answer tells what it costs. */
static int draft_add(struct check *check, const struct draft *draft) {
	if (!limits_hourly(check->fs, check->order))
		return 0;
	struct json request;
	int64_t cost;
	const struct buffer *text = draft->asked ? draft->asked : &draft->text;
	enum json_verdict verdict = json_scan(text->data ? text->data : "", text->len, &request, NULL);
	int rc = verdict == JSON_OK ? request_price(check, draft->kind, request, &cost) : -EINVAL;
	if (rc == -ENOMEM || verdict == JSON_NO_MEMORY)
		return check_no_memory(check);
	return rc ? check_refuse(check, EDQUOT,
			    "max_hourly: the price of the %s \"%s\", which is being created, is not known, so the sum "
			    "cannot be told",
			    draft->kind->singular, draft->name)
		  : hourly_add(check, cost, 1);
}

/* Its own answer tells, if it says enough, else what was asked for. An old one that no listing shows may be gone. */
static int newborn_add(struct check *check, const struct scope *scope, const struct draft *draft, bool *ret_gone) {
	struct fs *fs = check->fs;
	struct json now = draft->json;
	*ret_gone = false;
	if (fs->now - draft->changed >= BRAKE_NEWBORN_S) {
		struct scope own = *scope;
		own.ids[own.count++] = draft->id;
		int rc = store_document(fs->store, draft->kind, DOC_ITEM, &own, check->demand, &now);
		*ret_gone = rc == -ENOENT;
		if (rc)
			return rc == -ENOENT ? 0 : check_blind(check, rc, "runs in ", scope->ids[0], scope->ids[1]);
	}
	int64_t unit;
	if (limits_hourly(fs, check->order) &&
		price_unit(check->inventory, &draft->kind->listed, now, &unit) == -EINVAL && draft->text.len)
		return draft_add(check, draft);
	return resource_add(check, draft->kind, scope, draft->id, now);
}

/* Whether a draft stands for something that is, or may be, billed and that the list does not show. */
static bool draft_counts(const struct draft *draft, const struct list *list) {
	if (draft->state == DRAFT_OPEN || (draft->state == DRAFT_BUSY && !draft->passed))
		return false;
	return draft->state == DRAFT_BORN ? !list_by_id(list, draft->id) : !list_by_name(list, NULL, draft->name);
}

static int drafts_add(
	struct check *check, const struct kind *kind, const struct scope *scope, const struct list *list) {
	struct drafts *drafts = check->fs->drafts;
	SCOPED(buffer_free) struct buffer place = {0};
	int rc = store_path(kind->docs[DOC_LIST].path, scope, &place);
	if (rc)
		return check_no_memory(check);
	for (struct draft *draft = draft_next(drafts, place.data, NULL), *next; !rc && draft; draft = next) {
		bool gone = false;
		next = draft_next(drafts, place.data, draft);
		if (!draft_counts(draft, list))
			continue;
		rc = draft->state == DRAFT_BORN ? newborn_add(check, scope, draft, &gone) : draft_add(check, draft);
		if (gone)
			draft_remove(drafts, draft);
		else
			check->coming += kind == instance;
	}
	return rc;
}

static int project_add(struct check *check, const char *org, const char *project) {
	struct scope scope = {.ids = {org, project}, .count = 2};
	check->projects++;
	int rc = 0;
	for (const struct kind *kind = kinds; !rc && kind < kinds + KINDS; kind++) {
		const struct list *list;
		if (!kind_counts(check->fs, check->order, kind))
			continue;
		rc = check_list(check, kind, &scope, &list);
		if (!rc && kind == instance)
			check->instances += list->count;
		for (size_t i = 0; !rc && i < list->count; i++)
			rc = resource_add(check, kind, &scope, list->items[i].id, list->items[i].json);
		if (!rc)
			rc = drafts_add(check, kind, &scope, list);
	}
	return rc;
}

/* All projects that the mount shows, and the one of the change. */
static int projects_add(struct check *check) {
	struct store *store = check->fs->store;
	const char *own_org = check->order->scope->ids[0], *own_project = check->order->scope->ids[1];
	const struct list *orgs, *projects;
	bool own = false;
	struct scope scope = {0};
	int rc = store_list(store, &kinds[KIND_ORG], &scope, check->demand, &orgs);
	if (rc)
		return check_blind(check, rc, "organisations there are", "", NULL);
	scope.count = 1;
	for (size_t i = 0; !rc && i < orgs->count; i++) {
		scope.ids[0] = orgs->items[i].id;
		rc = store_list(store, &kinds[KIND_PROJECT], &scope, check->demand, &projects);
		if (rc)
			return check_blind(check, rc, "projects there are in ", scope.ids[0], NULL);
		for (size_t j = 0; !rc && j < projects->count; j++) {
			const char *project = projects->items[j].id;
			own |= !strcmp(scope.ids[0], own_org) && !strcmp(project, own_project);
			rc = project_add(check, scope.ids[0], project);
		}
	}
	return rc || own ? rc : project_add(check, own_org, own_project);
}

/* ---- verdicts ---- */

static int verdict_replicas(const struct check *check) {
	const struct brake_order *order = check->order;
	long long asked = order->replicas, most = check->options->max_replicas.value;
	if (order->verb == CHANGE_CREATE && !json_int(json_at(order->request, order->kind->asked.replicas), &asked))
		asked = 1;
	return asked > most ? check_refuse(check, EDQUOT, "max_replicas=%lld: %lld asked for", most, asked) : 0;
}

static int verdict_instances(const struct check *check) {
	unsigned long long there = check->instances + check->coming;
	long long most = check->options->max_instances.value;
	if (there < (unsigned long long)most)
		return 0;
	char coming[64] = "";
	if (check->coming)
		snprintf(coming, sizeof coming, " (%llu of them being created)", check->coming);
	return check_refuse(check, EDQUOT, "max_instances=%lld: there %s %llu already%s", most,
		there == 1 ? "is" : "are", there, coming);
}

static int verdict_hourly(const struct check *check, int64_t more) {
	int64_t sum, most = check->options->max_hourly.value;
	char limit[MONEY_SIZE], now[MONEY_SIZE], adds[MONEY_SIZE], together[MONEY_SIZE];
	if (__builtin_add_overflow(check->hourly, more, &sum))
		return check_refuse(check, EDQUOT, "max_hourly: the sum is too large to be told");
	if (sum <= most)
		return 0;
	money_show(most, limit);
	money_show(check->hourly, now);
	money_show(more, adds);
	money_show(sum, together);
	return check_refuse(check, EDQUOT,
		"max_hourly=%s: %s USD/h run already, this adds %s, together %s USD/h in %u project%s; prices from the "
		"inventory",
		limit, now, adds, together, check->projects, check->projects == 1 ? "" : "s");
}

/* ---- a scale ---- */

/* The deployment as it is listed, or as it was born. 0, DEMAND_PARKED or -errno with words. */
static int scale_target(const struct check *check, struct json *ret) {
	const struct kind *kind = check->order->kind;
	struct scope scope = *check->order->scope;
	const char *id = scope.ids[--scope.count];
	const struct list *list;
	int rc = check_list(check, kind, &scope, &list);
	if (rc)
		return rc;
	const struct item *item = list_by_id(list, id);
	if (item) {
		*ret = item->json;
		return 0;
	}
	SCOPED(buffer_free) struct buffer place = {0};
	if (store_path(kind->docs[DOC_LIST].path, &scope, &place))
		return check_no_memory(check);
	for (struct draft *draft = NULL; (draft = draft_next(check->fs->drafts, place.data, draft));)
		if (draft->state == DRAFT_BORN && !strcmp(draft->id, id)) {
			*ret = draft->json;
			return 0;
		}
	return check_refuse(check, ENOENT, "the %s is no longer listed", kind->singular);
}

/* *ret_more is what it adds an hour; 0: it adds nothing, and passes. */
static int scale_price(const struct check *check, int64_t *ret_more) {
	const struct brake_order *order = check->order;
	struct json target;
	int64_t unit;
	long long present;
	int rc = scale_target(check, &target);
	if (rc)
		return rc;
	*ret_more = 0;
	rc = replicas_count(check, order->kind, order->scope, target, &present);
	if (!rc && order->replicas <= present)
		return 0;
	if (!rc)
		rc = price_unit(check->inventory, &order->kind->listed, target, &unit);
	if (!rc && __builtin_mul_overflow(unit, order->replicas - present, ret_more))
		return check_refuse(check, EDQUOT, "max_hourly: the sum is too large to be told");
	if (rc)
		return rc == -ENOMEM ? check_no_memory(check) : check_unpriced(check, order->kind, target);
	return 0;
}

/* ---- the check ---- */

/* The draft of a create. 0 or -ENOMEM; NULL: there is none. */
static int order_draft(const struct fs *fs, const struct brake_order *order, struct draft **ret) {
	*ret = NULL;
	if (order->verb != CHANGE_CREATE)
		return 0;
	SCOPED(buffer_free) struct buffer place = {0};
	SCOPED(scope_free) char *name = json_text_dup(json_at(order->request, order->kind->title));
	if (!name || store_path(order->kind->docs[DOC_LIST].path, order->scope, &place))
		return -ENOMEM;
	*ret = draft_find(fs->drafts, place.data, name);
	return 0;
}

void brake_forget(struct fs *fs, const struct brake_order *order) {
	for (const struct kind *kind = kinds; kind < kinds + KINDS; kind++)
		if (kind_counts(fs, order, kind))
			store_forget_lists(fs->store, kind);
}

static int hourly_price(struct check *check, int64_t *ret_more) {
	const struct scope everywhere = {0};
	int rc = store_list(check->fs->store, &kinds[KIND_INVENTORY], &everywhere, check->demand, &check->inventory);
	if (rc)
		return check_blind(check, rc, "it costs, from the inventory", "", NULL);
	if (check->order->verb == CHANGE_SCALE)
		return scale_price(check, ret_more);
	rc = request_price(check, check->order->kind, check->order->request, ret_more);
	if (rc)
		return rc == -ENOMEM ? check_no_memory(check)
				     : check_unpriced(check, check->order->kind, check->order->request);
	return 0;
}

static int check_run(struct check *check) {
	struct fs *fs = check->fs;
	const struct brake_order *order = check->order;
	int64_t more = 0;
	int rc = limits_replicas(fs, order) ? verdict_replicas(check) : 0;
	bool hourly = limits_hourly(fs, order), instances = limits_instances(fs, order);
	if (!rc && hourly)
		rc = hourly_price(check, &more);
	if (!rc && (more || instances))
		rc = projects_add(check);
	if (!rc && instances)
		rc = verdict_instances(check);
	if (!rc && more)
		rc = verdict_hourly(check, more);
	return rc || !hourly || order->verb != CHANGE_SCALE ? rc : scale_pass(check, more != 0);
}

int brake_check(struct fs *fs, const struct brake_order *order, struct demand *demand) {
	if (!brake_needed(fs, order))
		return 0;
	struct check check = {.fs = fs, .options = fs->options, .order = order, .demand = demand};
	struct draft *draft;
	if ((order->verb == CHANGE_CREATE && order->request.type != JSON_OBJECT) || order_draft(fs, order, &draft))
		return check_no_memory(&check);
	if (draft)
		draft->passed = false; /* an earlier try may have; it counts as what is added */
	int rc = check_run(&check);
	if (!rc && draft)
		draft->passed = true;
	return rc;
}
