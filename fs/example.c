#include "example.h"

#include "../api/scope.h"
#include "links.h"
#include "money.h"
#include "offer.h"
#include "spec.h"
#include "view.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

/* A spec in the making; the texts are owned. */
struct example {
	const struct view *view;
	struct demand *demand;
	const struct schema *schema;
	char *region, *config, *plan;
	char *source; /* template or model */
	char *image, *category;
	long long gpus;
	struct json ranges; /* of a model's configuration */
	struct buffer comment;
};

static void example_free(struct example *example) {
	free(example->region);
	free(example->config);
	free(example->plan);
	free(example->source);
	free(example->image);
	free(example->category);
	buffer_free(&example->comment);
}

/* A listing; NULL if it cannot be had, which is no reason not to show an example. */
static int example_list(
	struct example *example, enum kind_number number, const struct scope *scope, const struct list **ret) {
	const struct kind *kind = &kinds[number];
	*ret = NULL;
	int rc = store_optional(example->view->fs->store, kind, scope, example->demand, ret);
	if (demand_ends(rc))
		return rc;
	if (rc)
		buffer_printf(&example->comment, "The %s cannot be read (%s). ", kind->name, error_name(-rc));
	return 0;
}

static int text_take(struct json value, char **ret) {
	*ret = json_text_dup(value);
	return *ret ? 0 : -ENOMEM;
}

/* ---- GPUs ---- */

static void offer_remark(struct example *example, const struct offer *offer) {
	struct buffer *out = &example->comment;
	int64_t price;
	char usd[MONEY_SIZE];
	if (offer_has(offer, example->gpus))
		buffer_printf(out, "%lld GPUs of %s are free in %s now", offer->free, example->config, example->region);
	else
		buffer_printf(out, "%lld GPUs of %s in %s cannot be had now, nor others instead", example->gpus,
			example->config, example->region);
	if (offer->price != INT64_MAX && !__builtin_mul_overflow(offer->price, example->gpus, &price)) {
		money_show(price, usd);
		buffer_printf(out, "; %lld cost%s %s USD an hour", example->gpus, example->gpus == 1 ? "s" : "", usd);
	}
	buffer_add(out, ". ");
}

static int example_plan(struct example *example) {
	const struct view *view = example->view;
	struct scope project = {.ids = {view->scope.ids[0], view->scope.ids[1]}, .count = 2};
	const struct item *org, *item;
	bool guessed, known = view->kind->create;
	if (!known && !project_known(view, example->demand, &org, &item)) {
		project = (struct scope){.ids = {org->id, item->id}, .count = 2};
		known = true;
	}
	int rc = offer_plan(
		view->fs->store, known ? &project : NULL, example->config, example->demand, &example->plan, &guessed);
	if (!rc && example->plan)
		buffer_add(&example->comment, guessed ? "The plan is a guess from the GPU's name. "
						      : "The plan is that of an instance on the same GPU. ");
	return rc;
}

/* `config` may be NULL: any. */
static int example_gpus(struct example *example, const char *config, long long gpus) {
	const struct scope everywhere = {0};
	const struct list *inventory;
	struct offer offer;
	example->gpus = gpus;
	int rc = example_list(example, KIND_INVENTORY, &everywhere, &inventory);
	if (rc || !inventory)
		return rc;
	rc = offer_choose(inventory, config, gpus, &offer);
	if (rc)
		return rc == -ENOMEM ? rc : 0;
	if (example->gpus < offer.least)
		example->gpus = offer.least;
	rc = text_take(json_at(offer.item->json, kinds[KIND_INVENTORY].group), &example->region);
	if (!rc && !(example->config = strdup(offer.item->id)))
		rc = -ENOMEM;
	if (!rc)
		offer_remark(example, &offer);
	return rc ? rc : example_plan(example);
}

/* ---- what runs on them ---- */

/* A platform's template, else one of the organisation's own. */
static int example_template(struct example *example) {
	static const enum kind_number numbers[] = {KIND_TEMPLATE, KIND_CUSTOM_TEMPLATE};
	const struct scope org = {.ids = {example->view->scope.ids[0]}, .count = 1};
	for (size_t i = 0; i < 2 && !example->source; i++) {
		const struct list *list;
		int rc = example_list(example, numbers[i], &org, &list);
		if (rc)
			return rc;
		for (size_t j = 0; list && j < list->count && !example->source; j++) {
			const struct item *item = &list->items[j];
			if (strncmp(item->id, "tpl-", 4) != 0 || kind_moving(&kinds[numbers[i]], item->json))
				continue;
			example->source = strdup(item->id);
			if (!example->source)
				return -ENOMEM;
		}
	}
	return 0;
}

static int example_model(struct example *example, const char *id, struct json model) {
	struct json config = json_at(model, "/recommended_gpu/gpu_config_id");
	long long gpus = 1;
	SCOPED(scope_free) char *config_id = config.type == JSON_STRING ? json_text_dup(config) : NULL;
	if (config.type == JSON_STRING && !config_id)
		return -ENOMEM;
	if (!json_int(json_at(model, "/recommended_gpu/gpu_count"), &gpus) || gpus < 1)
		gpus = 1;
	example->source = strdup(id);
	example->ranges = json_at(model, "/configurations");
	return example->source ? example_gpus(example, config_id, gpus) : -ENOMEM;
}

/* A model for which the cheapest GPUs that are free are right; else the first. */
static int example_any_model(struct example *example) {
	const struct scope everywhere = {0};
	const struct list *catalog, *inventory = NULL;
	struct offer offer;
	int rc = example_list(example, KIND_CATALOG, &everywhere, &catalog);
	if (rc)
		return rc;
	if (!catalog || !catalog->count)
		return example_gpus(example, NULL, 1);
	rc = store_optional(example->view->fs->store, &kinds[KIND_INVENTORY], &everywhere, example->demand, &inventory);
	if (!rc)
		rc = offer_choose(inventory, NULL, 1, &offer);
	if (demand_ends(rc))
		return rc;
	const struct item *model = &catalog->items[0];
	for (size_t i = 0; !rc && i < catalog->count; i++) {
		long long gpus;
		struct json recommended = json_at(catalog->items[i].json, "/recommended_gpu");
		if (json_string_is(json_at(recommended, "/gpu_config_id"), offer.item->id) &&
			json_int(json_at(recommended, "/gpu_count"), &gpus) && offer_has(&offer, gpus)) {
			model = &catalog->items[i];
			break;
		}
	}
	return example_model(example, model->id, model->json);
}

/* An image that the organisation has a template of already. */
static int example_image(struct example *example) {
	const struct scope org = {.ids = {example->view->scope.ids[0]}, .count = 1};
	const struct list *list;
	int rc = example_list(example, KIND_CUSTOM_TEMPLATE, &org, &list);
	for (size_t i = 0; !rc && list && i < list->count && !example->image; i++) {
		struct json image = json_at(list->items[i].json, "/image"),
			    category = json_at(list->items[i].json, "/category");
		if (image.type != JSON_STRING || category.type != JSON_STRING)
			continue;
		rc = text_take(image, &example->image);
		if (!rc)
			rc = text_take(category, &example->category);
		buffer_add(&example->comment, "The image is that of another template. ");
	}
	return rc;
}

/* ---- writing it ---- */

static void member_add(const char *key, const char *text, const char *otherwise, struct buffer *out) {
	buffer_byte(out, ',');
	json_quote(key, out);
	buffer_byte(out, ':');
	json_quote(text ? text : otherwise, out);
}

/* What the catalog has as the usual value, if it is within its own range. */
static void range_add(struct json ranges, const char *name, bool *any, struct buffer *out) {
	struct json range = json_member(ranges, name);
	long long usual, least, most;
	if (!json_int(json_member(range, "default"), &usual) || usual < 1 ||
		(json_int(json_member(range, "min"), &least) && usual < least) ||
		(json_int(json_member(range, "max"), &most) && usual > most))
		return;
	buffer_printf(out, "%s\"%s\":%lld", *any ? "," : ",\"config\":{", name, usual);
	*any = true;
}

static void example_write(const struct example *example, struct buffer *out) {
	const struct schema *schema = example->schema;
	bool any = false;
	buffer_add(out, "{\"$schema\":\"../spec.schema.json\""); /* as it is when it is the spec.json of a draft */
	member_add("$comment", example->comment.data, "Words in capitals are to be replaced.", out);
	if (schema == &schema_template) {
		member_add("description", NULL, "What it is for", out);
		member_add("image", example->image, "docker.io/library/debian:stable", out);
		member_add("category", example->category, "LLM", out);
	} else if (schema == &schema_airuntime) {
		member_add("region", example->region, "REGION", out);
		member_add("templateID", example->source, "tpl-ID", out);
		member_add("gpuConfigID", example->config, "CONFIG_ID", out);
		buffer_printf(out, ",\"gpuCount\":%lld", example->gpus);
		member_add("planId", example->plan, "PLAN_ID", out);
	} else {
		member_add("catalog_id", example->source, "MODEL_ID", out);
		member_add("region", example->region, "REGION", out);
		member_add("gpu_config_id", example->config, "CONFIG_ID", out);
		buffer_printf(out, ",\"gpu_count\":%lld", example->gpus);
		member_add("plan_id", example->plan, "PLAN_ID", out);
		range_add(example->ranges, "max_model_len", &any, out);
		range_add(example->ranges, "max_num_seqs", &any, out);
		buffer_add(out, any ? "}" : "");
	}
	buffer_byte(out, '}');
}

static enum spec_verdict example_check(const struct example *example, const struct buffer *text) {
	SCOPED(buffer_free) struct buffer body = {0};
	return spec_check(example->schema, "example", text->data, text->len, &body, NULL);
}

/* Takes so many bytes off the comment, and the character that they are a part of. */
static void comment_cut(struct buffer *comment, size_t bytes) {
	comment->len -= bytes < comment->len ? bytes : comment->len;
	while (comment->len && ((unsigned char)comment->data[comment->len] & 0xC0) == 0x80)
		comment->len--;
	comment->data[comment->len] = 0;
}

/* 0, -ENOMEM, or -EINVAL: the API lists what it would not take, or what has no room. */
static int example_show(struct example *example, struct buffer *ret) {
	struct buffer *comment = &example->comment;
	for (;;) {
		SCOPED(buffer_free) struct buffer text = {0};
		example_write(example, &text);
		if (text.error || comment->error)
			return -ENOMEM;
		enum spec_verdict verdict = example_check(example, &text);
		if (verdict)
			return verdict == SPEC_NO_MEMORY ? -ENOMEM : -EINVAL;
		buffer_clear(ret);
		json_indent((struct json){.text = text.data, .len = text.len, .type = JSON_OBJECT}, ret);
		if (ret->error || ret->len < EXAMPLE_BYTES)
			return ret->error;
		if (!comment->len)
			return -EINVAL;
		comment_cut(comment, ret->len - EXAMPLE_BYTES + 1);
	}
}

int text_example(const struct view *view, struct demand *demand, struct buffer *out) {
	if (demand->sizes) {
		buffer_printf(out, "%*s", EXAMPLE_BYTES, "");
		return 0;
	}
	bool of_model = view->kind == &kinds[KIND_CATALOG];
	SCOPED(example_free)
	struct example example = {
		.view = view, .demand = demand, .schema = of_model ? &schema_aimodel : view->kind->create, .gpus = 1};
	int rc;
	if (example.schema == &schema_template)
		rc = example_image(&example);
	else if (of_model)
		rc = example_model(&example, view->scope.ids[view->scope.count - 1], view->json);
	else if (example.schema == &schema_aimodel)
		rc = example_any_model(&example);
	else if (!(rc = example_gpus(&example, NULL, 1)))
		rc = example_template(&example);
	SCOPED(buffer_free) struct buffer text = {0};
	if (example.comment.len)
		comment_cut(&example.comment, 1); /* the space behind the last sentence */
	if (!rc)
		rc = example_show(&example, &text);
	if (rc == -EINVAL) {
		SCOPED(example_free) struct example bare = {.schema = example.schema, .gpus = 1};
		rc = example_show(&bare, &text);
	}
	if (!rc)
		buffer_printf(out, "%-*s\n", EXAMPLE_BYTES - 1, text.data);
	return rc;
}
