#include "plan.h"

#include "../api/scope.h"
#include "brake.h"
#include "money.h"
#include "offer.h"
#include "options.h"
#include "price.h"
#include "spec.h"

#include <errno.h>
#include <string.h>

static const char plan_name[] = "spec.json.plan";

bool plan_is(const struct view *view) {
	const struct scratch *scratch = view->scratch;
	return scratch && view->draft && !scratch->link && scratch->name && !strcmp(scratch->name, plan_name);
}

static void plan_error(const struct error *err, int rc, struct buffer *out) {
	buffer_printf(out, "%s", error_name(-rc));
	if (err->code == -rc && *err->message) {
		buffer_add(out, ": ");
		buffer_add_safe(out, err->message, strlen(err->message));
	}
	buffer_byte(out, '\n');
}

/* A listing; NULL, and a line that says why, if it cannot be had. */
static int plan_list(const struct view *view, const struct kind *kind, const struct scope *scope, const char *head,
	struct demand *demand, const struct list **ret, struct buffer *out) {
	*ret = NULL;
	int rc = store_list(view->fs->store, kind, scope, demand, ret);
	if (rc && !demand_ends(rc)) {
		buffer_printf(out, "%s not known, ", head);
		plan_error(&demand->error, rc, out);
	}
	return demand_ends(rc) ? rc : 0;
}

/* ---- the text ---- */

static void plan_bad(const struct error *err, struct buffer *out) {
	buffer_printf(out, "Check:  %s: ", error_name(err->code));
	buffer_add_safe(out, err->message, strlen(err->message));
	if (err->place[0])
		buffer_printf(out, "\n%s%s", err->place, err->place[strlen(err->place) - 1] == '\n' ? "" : "\n");
	else
		buffer_byte(out, '\n');
	buffer_add(out, "Nothing would be sent.\n");
}

/* The body as it would be sent, but for credentials. */
static void plan_body(const struct schema *schema, struct json body, struct buffer *out) {
	bool first = true;
	buffer_byte(out, '{');
	for (struct json_iter iter = json_iter(body); json_next(&iter); first = false) {
		const struct schema *row = schema->members;
		while (row->name && !json_string_is(iter.key, row->name))
			row++;
		buffer_add(out, first ? "" : ",");
		json_compact(iter.key, out);
		buffer_byte(out, ':');
		if (row->name && row->secret)
			buffer_add(out, "\"********\"");
		else
			json_compact(iter.value, out);
	}
	buffer_add(out, "}\n");
}

static int plan_request(const struct view *view, struct json body, struct buffer *out) {
	const char *base = view->fs->options->base[view->kind->service];
	buffer_printf(out, "Sends:  POST %s", base ? base : "");
	int rc = view_place(view, out);
	buffer_add(out, "\nBody:   ");
	plan_body(view->kind->create, body, out);
	return rc;
}

static int plan_own_name(const struct view *view, struct demand *demand, struct buffer *out) {
	const struct list *list;
	const struct draft *draft = view->draft;
	int rc = plan_list(view, view->kind, &view->scope, "Name:  ", demand, &list, out);
	if (rc || !list)
		return rc;
	if (draft->state != DRAFT_OPEN)
		buffer_add(out, "Name:   a create of this name was sent already\n");
	else if (list_by_name(list, NULL, draft->name))
		buffer_printf(out, "Name:   taken: a %s of this name is listed\n", view->kind->singular);
	else
		buffer_printf(out, "Name:   free: no %s of this name is listed\n", view->kind->singular);
	return 0;
}

static int plan_price(const struct kind *kind, struct json body, const struct list *inventory, struct buffer *out) {
	int64_t price;
	char usd[MONEY_SIZE];
	int rc = price_unit(inventory, &kind->asked, body, &price);
	if (rc == -ENOMEM)
		return rc;
	if (rc) {
		buffer_add(out, "Price:  not known\n");
		return 0;
	}
	money_show(price, usd);
	buffer_printf(out, "Price:  %s USD an hour, by the inventory\n", usd);
	return 0;
}

/* Of several rows of one configuration in a region, the one that has most. */
static int plan_gpus(const struct kind *kind, struct json body, const struct list *inventory, struct buffer *out) {
	const struct kind *offers = &kinds[KIND_INVENTORY];
	struct json config = json_at(body, kind->asked.config), region = json_at(body, kind->asked.region);
	struct offer best = {0};
	long long gpus = 0;
	(void)json_int(json_at(body, kind->asked.gpus), &gpus);
	for (size_t i = 0; i < inventory->count; i++) {
		const struct item *item = &inventory->items[i];
		struct offer offer;
		if (!json_string_is(config, item->id) || !json_string_equal(region, json_at(item->json, offers->group)))
			continue;
		if (offer_read(item, &offer))
			return -ENOMEM;
		if (!best.item || offer.free > best.free)
			best = offer;
	}
	if (!best.item) {
		buffer_add(out, "GPUs:   none: the inventory has no such configuration in that region\n");
		return 0;
	}
	buffer_printf(out, "GPUs:   %lld free, %lld asked for, %lld to %lld at once%s\n", best.free, gpus, best.least,
		best.most, offer_has(&best, gpus) ? "" : ": it would be refused");
	return 0;
}

static int plan_costs(const struct view *view, struct json body, struct demand *demand, struct buffer *out) {
	const struct scope everywhere = {0};
	const struct list *inventory;
	if (!view->kind->asked.config) {
		buffer_add(out, "Price:  nothing\n");
		return 0;
	}
	int rc = plan_list(view, &kinds[KIND_INVENTORY], &everywhere, "Price: ", demand, &inventory, out);
	if (!rc && inventory)
		rc = plan_price(view->kind, body, inventory, out);
	if (!rc && inventory)
		rc = plan_gpus(view->kind, body, inventory, out);
	return rc;
}

/* What passes the brakes counts from then on as being created: this is not to. */
static int plan_brakes(const struct view *view, struct json body, struct demand *demand, struct buffer *out) {
	struct fs *fs = view->fs;
	const struct brake_order order = {
		.verb = CHANGE_CREATE, .kind = view->kind, .scope = &view->scope, .request = body};
	bool passed = view->draft->passed;
	if (!brake_needed(fs, &order)) {
		buffer_add(out, "Brakes: none\n");
		return 0;
	}
	int rc = brake_check(fs, &order, demand);
	view->draft->passed = passed;
	if (demand_ends(rc))
		return rc;
	buffer_add(out, rc ? "Brakes: refused, " : "Brakes: allowed\n");
	if (rc)
		plan_error(&demand->error, rc, out);
	return 0;
}

int plan_render(const struct view *view, struct demand *demand, struct buffer *out) {
	const struct buffer *text = &view->scratch->text;
	struct error err = {0};
	struct json body;
	SCOPED(buffer_free) struct buffer sent = {0};
	enum spec_verdict verdict =
		spec_check(view->kind->create, view->draft->name, text->data ? text->data : "", text->len, &sent, &err);
	if (verdict == SPEC_NO_MEMORY)
		return -ENOMEM;
	if (verdict != SPEC_GOOD) {
		plan_bad(&err, out);
		return out->error;
	}
	if (json_scan(sent.data, sent.len, &body, NULL) != JSON_OK)
		return -ENOMEM;
	buffer_add(out, "Check:  good\n");
	int rc = plan_request(view, body, out);
	if (!rc)
		rc = plan_own_name(view, demand, out);
	if (!rc)
		rc = plan_costs(view, body, demand, out);
	if (!rc)
		rc = plan_brakes(view, body, demand, out);
	buffer_add(out, "Nothing was sent.\n");
	return rc ? rc : out->error;
}
