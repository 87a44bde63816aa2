#include "plan.h"

#include "../api/scope.h"
#include "brake.h"
#include "money.h"
#include "offer.h"
#include "options.h"
#include "price.h"
#include "spec.h"
#include "spec_near.h"

#include <errno.h>
#include <string.h>

static const char plan_name[] = "spec.json.plan";

bool plan_is(const struct view *view) {
	const struct scratch *scratch = view->scratch;
	return scratch && view->draft && !scratch->link && scratch->name && !strcmp(scratch->name, plan_name);
}

bool plan_is_named(const struct view *dir, const char *name) {
	return dir->draft && dir->row->type == ROW_RESOURCE && !strcmp(name, plan_name);
}

/* ---- what is written there ---- */

static const char plan_head[] = "Verdict:";
enum { HEAD = sizeof plan_head - 1 };

const char plan_refused[] = "this is what the plan says, not a spec; what was planned is unchanged. To edit that: mv "
			    "spec.json.plan x, edit "
			    "x, mv x spec.json.plan";

bool plan_says(const char *text, size_t len) {
	return len >= HEAD && !memcmp(text, plan_head, HEAD);
}

/* What was planned before is dropped when the text can no longer become what the plan says: it may come in pieces. */
int plan_write(struct scratch *scratch, const char *data, size_t len, size_t offset, time_t now) {
	const struct buffer *text = &scratch->text;
	char head[HEAD] = {0};
	if (text->len)
		memcpy(head, text->data, text->len < HEAD ? text->len : HEAD);
	if (offset < HEAD)
		memcpy(head + offset, data, len < HEAD - offset ? len : HEAD - offset);
	if (plan_says(head, HEAD)) {
		scratch_bring_back(scratch);
		return -EINVAL;
	}
	int rc = scratch_write(scratch, data, len, offset, now);
	if (!rc && len && memcmp(text->data, plan_head, text->len < HEAD ? text->len : HEAD) != 0)
		scratch_drop_aside(scratch);
	return rc;
}

/* ---- what it says ---- */

static void plan_error(const struct error *err, int rc, struct buffer *out) {
	buffer_printf(out, "%s", error_name(-rc));
	if (err->code == -rc && *err->message) {
		buffer_add(out, ": ");
		buffer_add_safe(out, err->message, strlen(err->message));
	}
	buffer_byte(out, '\n');
}

/* What it will come to, as far as is known yet. */
enum plan_end { PLAN_SENT, PLAN_DOUBTED, PLAN_REFUSED };

struct plan {
	const struct view *view;
	struct demand *demand;
	struct json body;
	const struct list *others; /* of the collection; NULL: they cannot be had */
	enum plan_end end;
	struct buffer why, lines;
};

static void plan_free(struct plan *plan) {
	buffer_free(&plan->why);
	buffer_free(&plan->lines);
}

/* What stands against it, for the first line: the first of its sort, and what neevfs refuses before the API's. */
static bool plan_against(struct plan *plan, enum plan_end end) {
	if (plan->end >= end)
		return false;
	plan->end = end;
	buffer_clear(&plan->why);
	return true;
}

/* A member of the body, for a person. 0 or -ENOMEM. */
static int plan_word(struct json value, struct buffer *out) {
	SCOPED(scope_free) char *text = json_text_dup(value);
	if (!text)
		return -ENOMEM;
	buffer_add_safe(out, text, strlen(text));
	return 0;
}

/* A listing; NULL, and a line that says why, if it cannot be had. */
static int plan_list(struct plan *plan, const struct kind *kind, const struct scope *scope, const char *head,
	const struct list **ret) {
	*ret = NULL;
	int rc = store_optional(plan->view->fs->store, kind, scope, plan->demand, ret);
	if (rc && !demand_ends(rc)) {
		buffer_printf(&plan->lines, "%s not known, ", head);
		plan_error(&plan->demand->error, rc, &plan->lines);
	}
	return demand_ends(rc) ? rc : 0;
}

enum { NEAR_TRIED_MAX = 2000 /* of a list: some milliseconds */ };

static void plan_near_listed(const struct list *list, struct near *near) {
	for (size_t i = 0; i < list->count && i < NEAR_TRIED_MAX; i++)
		near_try(near, list->items[i].id);
}

/* What was meant, perhaps; not what is there, though not where it is asked for. */
static void plan_near_say(const struct near *near, const char *given, struct buffer *out) {
	if (!near->name || !strcmp(near->name, given))
		return;
	buffer_add(out, "; did you mean ");
	buffer_add_safe(out, near->name, strlen(near->name));
	buffer_byte(out, '?');
}

/* ---- the text ---- */

static void plan_bad(const struct spec_faults *faults, struct buffer *out) {
	buffer_printf(out, "%s  it would be refused: EINVAL: ", plan_head);
	spec_faults_show(faults, out);
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

static int plan_request(struct plan *plan) {
	const struct view *view = plan->view;
	const char *base = view->fs->options->base[view->kind->service];
	buffer_printf(&plan->lines, "Sends:    POST %s", base ? base : "");
	int rc = view_place(view, &plan->lines);
	buffer_add(&plan->lines, "\nBody:     ");
	plan_body(view->kind->create, plan->body, &plan->lines);
	return rc;
}

static int plan_own_name(struct plan *plan) {
	const struct view *view = plan->view;
	const struct draft *draft = view->draft;
	const struct list *list;
	int rc = plan_list(plan, view->kind, &view->scope, "Name:    ", &list);
	if (rc)
		return rc;
	plan->others = list;
	const char *refused = draft->state != DRAFT_OPEN                      ? "a create of this name was sent already"
			      : list && list_by_name(list, NULL, draft->name) ? "the name is taken"
									      : NULL;
	if (refused)
		buffer_printf(&plan->lines, "Name:     %s\n", refused);
	else if (list)
		buffer_printf(&plan->lines, "Name:     free: no %s of this name is listed\n", view->kind->singular);
	if (refused && plan_against(plan, PLAN_REFUSED))
		buffer_add(&plan->why, refused);
	return 0;
}

/* ---- what runs on the GPUs ---- */

/* Where it may be listed, each with what to say if it is there. */
struct source_place {
	enum kind_number number;
	const char *words;
};

/* Of what is not there. 0 or -ENOMEM. */
static int plan_doubt(struct plan *plan, const char *head, const struct buffer *words) {
	if (words->error)
		return -ENOMEM;
	buffer_printf(&plan->lines, "%s none: %s\n", head, words->data);
	if (plan_against(plan, PLAN_DOUBTED))
		buffer_add(&plan->why, words->data);
	return 0;
}

static int plan_listed(struct plan *plan, const char *head, const char *id, const struct source_place *places,
	size_t count, const char *nowhere) {
	SCOPED(buffer_free) struct buffer words = {0};
	struct near near;
	bool all = true;
	near_begin(&near, id, strlen(id));
	for (size_t i = 0; i < count; i++) {
		const struct kind *kind = &kinds[places[i].number];
		const struct scope scope = {.ids = {plan->view->scope.ids[0]}, .count = 1};
		const struct list *list;
		int rc = plan_list(plan, kind, &scope, head, &list);
		if (rc)
			return rc;
		if (list && list_by_id(list, id)) {
			buffer_printf(&plan->lines, "%s %s\n", head, places[i].words);
			return 0;
		}
		all = all && list && list->whole;
		if (list)
			plan_near_listed(list, &near);
	}
	if (!all)
		return 0;
	buffer_printf(&words, "%s ", nowhere);
	buffer_add_safe(&words, id, strlen(id));
	plan_near_say(&near, id, &words);
	return plan_doubt(plan, head, &words);
}

static int plan_source(struct plan *plan) {
	static const struct source_place templates[] = {
		{KIND_TEMPLATE, "one of the platform"}, {KIND_CUSTOM_TEMPLATE, "one of the organisation"}};
	static const struct source_place models[] = {{KIND_CATALOG, "in the catalog"}};
	const struct kind *kind = plan->view->kind;
	bool of_template = kind == &kinds[KIND_AIRUNTIME];
	struct json_iter keys = json_iter(json_at(plan->body, "/sshKeys"));
	if (of_template && !json_next(&keys))
		buffer_add(&plan->lines, "ssh:      none: the spec has no sshKeys, and later none can be added\n");
	if (!of_template && kind != &kinds[KIND_AIMODEL])
		return 0;
	SCOPED(scope_free)
	char *id = json_text_dup(json_at(plan->body, of_template ? "/templateID" : "/catalog_id"));
	if (!id)
		return -ENOMEM;
	return of_template ? plan_listed(plan, "Template:", id, templates, 2,
				     "neither the platform nor the organisation has a template")
			   : plan_listed(plan, "Model:   ", id, models, 1, "the catalog has no");
}

/* ---- the GPUs ---- */

static int plan_price(struct plan *plan, const struct list *inventory) {
	int64_t price;
	char usd[MONEY_SIZE];
	int rc = price_unit(inventory, &plan->view->kind->asked, plan->body, &price);
	if (rc == -ENOMEM)
		return rc;
	if (rc) {
		buffer_add(&plan->lines, "Price:    not known\n");
		return 0;
	}
	money_show(price, usd);
	buffer_printf(&plan->lines, "Price:    %s USD an hour, by the inventory\n", usd);
	return 0;
}

static int plan_not_offered(
	struct plan *plan, const struct list *inventory, struct json config, struct json region, bool has_region) {
	SCOPED(buffer_free) struct buffer words = {0};
	SCOPED(scope_free) char *wrong = json_text_dup(has_region ? config : region);
	struct near near;
	if (!wrong)
		return -ENOMEM;
	near_begin(&near, wrong, strlen(wrong));
	if (has_region)
		plan_near_listed(inventory, &near);
	for (size_t i = 0; !has_region && i < inventory->groups.count && i < NEAR_TRIED_MAX; i++)
		near_try(&near, inventory->groups.at[i]);
	buffer_add(&words, "the inventory has no ");
	int rc = plan_word(config, &words);
	buffer_add(&words, " in ");
	if (!rc)
		rc = plan_word(region, &words);
	if (!has_region)
		buffer_add(&words, ", which is no region that it lists");
	plan_near_say(&near, wrong, &words);
	return rc ? rc : plan_doubt(plan, "GPUs:    ", &words);
}

/* Of several rows of one configuration in a region, the one that has most. */
static int plan_gpus(struct plan *plan, const struct list *inventory) {
	const struct kind *kind = plan->view->kind, *offers = &kinds[KIND_INVENTORY];
	struct json config = json_at(plan->body, kind->asked.config), region = json_at(plan->body, kind->asked.region);
	struct offer best = {0};
	bool has_region = false;
	long long gpus = 0;
	(void)json_int(json_at(plan->body, kind->asked.gpus), &gpus);
	for (size_t i = 0; i < inventory->count; i++) {
		const struct item *item = &inventory->items[i];
		struct offer offer;
		if (!json_string_equal(region, json_at(item->json, offers->group)))
			continue;
		has_region = true;
		if (!json_string_is(config, item->id))
			continue;
		if (offer_read(item, &offer))
			return -ENOMEM;
		if (!best.item || offer.free > best.free)
			best = offer;
	}
	if (!best.item)
		return plan_not_offered(plan, inventory, config, region, has_region);
	buffer_printf(&plan->lines, "GPUs:     %lld free, %lld asked for", best.free, gpus);
	if (best.free < best.least || best.most < best.least)
		buffer_add(&plan->lines, ": none can be had now; inventory/.available has what can\n");
	else
		buffer_printf(&plan->lines, ", %lld to %lld at once\n", best.least, best.most);
	if (!offer_has(&best, gpus) && plan_against(plan, PLAN_DOUBTED))
		buffer_add(&plan->why, "so many GPUs cannot be had at once now");
	return 0;
}

/* ---- by which plan they are billed ---- */

/* "NAME, which has GPU", and what that uses if `plan_too`. 0 or -ENOMEM. */
static int plan_other(struct plan *plan, const struct item *other, const char *gpu, bool plan_too) {
	struct buffer *out = &plan->lines;
	int rc = plan_word(json_at(other->json, plan->view->kind->title), out);
	buffer_printf(out, ", which has %s", gpu);
	if (!rc && !*gpu)
		rc = plan_word(json_at(other->json, "/gpuConfigID"), out);
	if (!plan_too)
		return rc;
	buffer_add(out, ", uses ");
	return rc ? rc : plan_word(json_at(other->json, "/planId"), out);
}

enum { OTHERS_MAX = 10000 /* looked at: some milliseconds */ };

/* No list says which there are, but each instance of the project says which it has. A deployment does not. */
static int plan_billing(struct plan *plan) {
	struct json id = json_at(plan->body, "/planId"), gpu = json_at(plan->body, "/gpuConfigID");
	const struct list *list = id.type == JSON_STRING ? plan->others : NULL;
	const struct item *same = NULL, *of_gpu = NULL, *of_plan = NULL;
	int rc = 0;
	for (size_t i = 0; list && !same && i < list->count && i < OTHERS_MAX; i++) {
		const struct item *item = &list->items[i];
		struct json its_id = json_at(item->json, "/planId"), its_gpu = json_at(item->json, "/gpuConfigID");
		if (its_id.type != JSON_STRING || its_gpu.type != JSON_STRING)
			continue;
		bool has_id = json_string_equal(its_id, id), has_gpu = json_string_equal(its_gpu, gpu);
		same = has_id && has_gpu && !same ? item : same;
		of_gpu = has_gpu && !of_gpu ? item : of_gpu;
		of_plan = has_id && !of_plan ? item : of_plan;
	}
	buffer_add(&plan->lines, "Plan:     ");
	if (same) {
		buffer_add(&plan->lines, "that of ");
		rc = plan_other(plan, same, "this GPU", false);
	} else if (of_plan) {
		buffer_add(&plan->lines, "doubtful: it is that of ");
		rc = plan_other(plan, of_plan, "", false);
	} else {
		buffer_add(&plan->lines, "the plan is not checked: the API has no list of them");
	}
	if (!rc && of_gpu && !same) {
		buffer_add(&plan->lines, "; ");
		rc = plan_other(plan, of_gpu, "this GPU", true);
	}
	buffer_byte(&plan->lines, '\n');
	return rc;
}

static int plan_costs(struct plan *plan) {
	const struct scope everywhere = {0};
	const struct list *inventory;
	if (!plan->view->kind->asked.config) {
		buffer_add(&plan->lines, "Price:    nothing\n");
		return 0;
	}
	int rc = plan_list(plan, &kinds[KIND_INVENTORY], &everywhere, "Price:   ", &inventory);
	if (!rc && inventory)
		rc = plan_price(plan, inventory);
	if (!rc && inventory)
		rc = plan_gpus(plan, inventory);
	return rc ? rc : plan_billing(plan);
}

/* What passes the brakes counts from then on as being created: this is not to. */
static int plan_brakes(struct plan *plan) {
	const struct view *view = plan->view;
	struct fs *fs = view->fs;
	const struct brake_order order = {
		.verb = CHANGE_CREATE, .kind = view->kind, .scope = &view->scope, .request = plan->body};
	bool passed = view->draft->passed;
	if (!brake_needed(fs, &order)) {
		buffer_add(&plan->lines, "Brakes:   none\n");
		return 0;
	}
	int rc = brake_check(fs, &order, plan->demand);
	view->draft->passed = passed;
	if (demand_ends(rc))
		return rc;
	buffer_add(&plan->lines, rc ? "Brakes:   refused, " : "Brakes:   allowed\n");
	if (rc)
		plan_error(&plan->demand->error, rc, &plan->lines);
	if (rc && plan_against(plan, PLAN_REFUSED))
		buffer_printf(&plan->why, "%s, by the brakes", error_name(-rc));
	return 0;
}

static int plan_show(const struct plan *plan, struct buffer *out) {
	static const char *const verdicts[] = {[PLAN_SENT] = "it would be sent",
		[PLAN_DOUBTED] = "the API would refuse it, as it seems: ",
		[PLAN_REFUSED] = "it would be refused: "};
	static const char *const next[] = {[PLAN_SENT] = "Next:     mv spec.json.plan spec.json creates it\n",
		[PLAN_DOUBTED] =
			"Next:     write it anew here; when all is well, mv spec.json.plan spec.json creates it\n",
		[PLAN_REFUSED] = ""};
	if (plan->why.error || plan->lines.error)
		return -ENOMEM;
	buffer_printf(out, "%s  %s%s\n%sNothing was sent.\n%s", plan_head, verdicts[plan->end],
		plan->why.len ? plan->why.data : "", plan->lines.data, next[plan->end]);
	return out->error;
}

int plan_render(const struct view *view, struct demand *demand, struct buffer *out) {
	const struct buffer *text = &view->scratch->text;
	struct spec_faults faults;
	SCOPED(plan_free) struct plan plan = {.view = view, .demand = demand};
	SCOPED(buffer_free) struct buffer sent = {0};
	enum spec_verdict verdict = spec_check(
		view->kind->create, view->draft->name, text->data ? text->data : "", text->len, &sent, &faults);
	if (verdict == SPEC_NO_MEMORY)
		return -ENOMEM;
	if (verdict != SPEC_GOOD) {
		plan_bad(&faults, out);
		return out->error;
	}
	if (json_scan(sent.data, sent.len, &plan.body, NULL) != JSON_OK)
		return -ENOMEM;
	int rc = plan_request(&plan);
	if (!rc)
		rc = plan_own_name(&plan);
	if (!rc)
		rc = plan_source(&plan);
	if (!rc)
		rc = plan_costs(&plan);
	if (!rc)
		rc = plan_brakes(&plan);
	return rc ? rc : plan_show(&plan, out);
}
