#include "cost.h"

#include "../api/scope.h"
#include "accepted.h"
#include "index.h"
#include "moment.h"
#include "money.h"
#include "view.h"

#include <errno.h>
#include <inttypes.h>

enum { CENTIHOUR_S = 36, HUNDRED = 100 };

/* ---- one resource ---- */

int replicas_shown(const struct fs *fs, const struct kind *kind, const struct scope *scope, const char *id,
	struct json json, long long *ret) {
	struct scope own = *scope;
	long long asked;
	if (own.count < SCOPE_MAX)
		own.ids[own.count++] = id;
	if (kind_moving(kind, json) && accepted_find(fs->accepted, kind, &own, fs->now_ms, &asked) &&
		asked != ACCEPTED_DELETE) {
		*ret = asked;
		return 0;
	}
	return json_int(json_at(json, kind->listed.replicas), ret) ? 0 : -EINVAL;
}

int cost_hourly(const struct fs *fs, struct prices *prices, const struct kind *kind, const struct scope *scope,
	const char *id, struct json json, int64_t *ret) {
	long long replicas = 1;
	int64_t unit, micros;
	int rc = prices_unit(prices, &kind->listed, json, &unit);
	if (!rc && kind->listed.replicas)
		rc = replicas_shown(fs, kind, scope, id, json, &replicas);
	if (rc)
		return rc;
	if (replicas < 0 || __builtin_mul_overflow(unit, replicas, &micros))
		return -EINVAL;
	*ret = micros;
	return 0;
}

/* Of the view's resource; -1: it is not known. 0, or why the inventory cannot be had, with words in the demand. */
static int view_hourly(const struct view *view, struct demand *demand, int64_t *ret) {
	const struct list *inventory;
	const struct scope all = {0};
	struct scope scope = view->scope;
	int rc = store_list(view->fs->store, &kinds[KIND_INVENTORY], &all, demand, &inventory);
	if (rc)
		return rc;
	struct prices prices = {.inventory = inventory};
	scope.count--;
	rc = cost_hourly(view->fs, &prices, view->kind, &scope, scope.ids[scope.count], view->json, ret);
	if (rc == -EINVAL)
		*ret = -1;
	return rc == -EINVAL ? 0 : rc;
}

/* Hundredths of an hour since it was created; what is made of them is good until there is one more. */
static bool view_centihours(const struct view *view, struct demand *demand, int64_t *ret) {
	time_t created, now = view->fs->now;
	if (!moment_read(json_at(view->json, view->kind->created), &created))
		return false;
	int64_t age_s = now > created ? (int64_t)(now - created) : 0;
	/* The second that it is now may be over at any moment. */
	int64_t until_ms = view->fs->now_ms + (CENTIHOUR_S - age_s % CENTIHOUR_S - 1) * 1000;
	if (until_ms < demand->until_ms)
		demand->until_ms = until_ms;
	*ret = age_s / CENTIHOUR_S;
	return true;
}

static void usd_add(int64_t micros, struct buffer *out) {
	char usd[MONEY_SIZE];
	money_show(micros, usd);
	buffer_printf(out, "%s\n", usd);
}

int text_usd_per_hour(const struct view *view, struct demand *demand, struct buffer *out) {
	int64_t hourly;
	int rc = view_hourly(view, demand, &hourly);
	if (!rc && hourly >= 0)
		usd_add(hourly, out);
	return rc;
}

int text_hours(const struct view *view, struct demand *demand, struct buffer *out) {
	int64_t centihours;
	if (view_centihours(view, demand, &centihours))
		buffer_printf(out, "%" PRId64 ".%02" PRId64 "\n", centihours / HUNDRED, centihours % HUNDRED);
	return 0;
}

int text_usd(const struct view *view, struct demand *demand, struct buffer *out) {
	int64_t hourly, centihours, micros;
	int rc = view_hourly(view, demand, &hourly);
	if (!rc && hourly >= 0 && view_centihours(view, demand, &centihours) &&
		!__builtin_mul_overflow(hourly, centihours, &micros))
		usd_add(micros / HUNDRED + (micros % HUNDRED != 0), out); /* up, as all amounts (money.h) */
	return rc;
}

/* ---- all of them ---- */

struct bill {
	struct fs *fs;
	struct demand *demand;
	struct buffer *out;
	size_t ahead;                 /* listings that are not there as yet: then nothing is added up */
	const struct list *inventory; /* NULL: it cannot be had */
	size_t resources, unpriced;
	int64_t hourly;
	bool had;             /* a collection's listing: there is something to add up */
	struct error missing; /* the first that cannot be had; code 0: none */
	bool incomplete;
};

/* A listing; NULL if it is not there as yet, or has a row that says why it cannot be had. */
static int bill_list(struct bill *bill, const struct kind *kind, const struct scope *scope, const char *path,
	const struct list **ret) {
	*ret = NULL;
	int rc = store_optional(bill->fs->store, kind, scope, bill->demand, ret);
	if (rc == DEMAND_PARKED)
		return demand_ahead(&bill->ahead);
	if (!rc || demand_ends(rc))
		return rc;
	bill->incomplete = true;
	if (!bill->missing.code)
		bill->missing = bill->demand->error;
	buffer_printf(bill->out, "%s\t-\t-\t-\t%s\n", path, error_name(-rc));
	return 0;
}

static int bill_collection(struct bill *bill, const struct kind *kind, const struct scope *scope, const char *path) {
	const struct list *list;
	char usd[MONEY_SIZE];
	int rc = bill_list(bill, kind, scope, path, &list);
	if (rc || !list || bill->ahead)
		return rc;
	bill->had = true;
	rc = index_make(bill->fs, scope, list, bill->demand->fetched_ms, bill->inventory, bill->demand);
	if (rc || !list->count)
		return rc;
	const struct list_made *made = &list->made;
	money_show(made->hourly, usd);
	buffer_printf(bill->out, "%s\t%zu\t%s\t%zu\t-\n", path, list->count, usd, made->unpriced);
	bill->resources += list->count;
	bill->unpriced += made->unpriced;
	int64_t sum;
	if (__builtin_add_overflow(bill->hourly, made->hourly, &sum))
		bill->incomplete = true;
	else
		bill->hourly = sum;
	return 0;
}

static int bill_project(struct bill *bill, const struct scope *scope, const char *path) {
	int rc = 0;
	for (size_t i = 0; !rc && i < KINDS; i++) {
		SCOPED(buffer_free) struct buffer collection = {0};
		if (!kinds[i].listed.config)
			continue;
		buffer_printf(&collection, "%s/%s", path, kinds[i].name);
		rc = collection.error ? collection.error : bill_collection(bill, &kinds[i], scope, collection.data);
	}
	return rc;
}

/* The organisations, or the projects of one, and what is below. */
static int bill_scopes(struct bill *bill, const struct kind *kind, const struct scope *scope, const char *path) {
	const struct list *list;
	int rc = bill_list(bill, kind, scope, path, &list);
	for (size_t i = 0; !rc && list && i < list->count; i++) {
		SCOPED(buffer_free) struct buffer below = {0};
		struct scope own = *scope;
		own.ids[own.count++] = list->items[i].id;
		bool org = kind == &kinds[KIND_ORG];
		buffer_printf(&below, "%s/%s%s", path, list->items[i].name, org ? "/projects" : "");
		rc = below.error ? below.error
		     : org       ? bill_scopes(bill, &kinds[KIND_PROJECT], &own, below.data)
				 : bill_project(bill, &own, below.data);
	}
	return rc;
}

/* To look at .neevfs costs nothing: its size is that of the answers that are there, however old they are; else 0. */
static int bill_size(const struct view *view, struct buffer *out) {
	struct demand known = {.peeks = true, .looks = true};
	int rc = text_cost(view, &known, out);
	if (rc)
		buffer_clear(out);
	return rc == -ENOMEM ? rc : 0;
}

int text_cost(const struct view *view, struct demand *demand, struct buffer *out) {
	if (demand->sizes)
		return bill_size(view, out);
	struct bill bill = {.fs = view->fs, .demand = demand, .out = out};
	const struct scope all = {0};
	char usd[MONEY_SIZE];
	int rc = index_inventory(view->fs, demand, &bill.inventory);
	if (rc == DEMAND_PARKED)
		rc = demand_ahead(&bill.ahead);
	buffer_add(out, "path\tresources\tusd_per_hour\tunpriced\tnote\n");
	if (!rc)
		rc = bill_scopes(&bill, &kinds[KIND_ORG], &all, "orgs");
	if (!rc && bill.ahead)
		rc = DEMAND_PARKED;
	if (!rc && bill.missing.code && !bill.had) { /* a total of nothing would say that nothing is spent */
		demand->error = bill.missing;
		rc = -demand->error.code;
	}
	if (rc)
		return rc;
	money_show(bill.hourly, usd);
	buffer_printf(out, "total\t%zu\t%s\t%zu\t%s\n", bill.resources, usd, bill.unpriced,
		bill.incomplete ? "incomplete" : "-");
	return 0;
}
