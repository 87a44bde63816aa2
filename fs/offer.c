#include "offer.h"

#include "../api/scope.h"
#include "price.h"

#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

int offer_read(const struct item *item, struct offer *ret) {
	struct offer offer = {.item = item, .least = 1};
	(void)json_int(json_at(item->json, "/min_gpu_count"), &offer.least);
	(void)json_int(json_at(item->json, "/max_gpu_count"), &offer.most);
	if (!json_int(json_at(item->json, "/available_gpu_count"), &offer.free))
		offer.free = offer.most;
	if (offer.least < 1)
		offer.least = 1;
	int rc = price_row(item->json, &offer.price);
	if (rc == -ENOMEM)
		return rc;
	if (rc)
		offer.price = INT64_MAX;
	*ret = offer;
	return 0;
}

bool offer_has(const struct offer *offer, long long gpus) {
	return gpus >= offer->least && gpus <= offer->most && gpus <= offer->free;
}

/* What is asked of an offer. */
struct wish {
	const char *config;
	long long gpus;
	long long memory; /* of a GPU, in GiB */
};

static long long offer_memory(const struct item *item) {
	long long memory = 0;
	(void)json_int(json_at(item->json, "/vram_gib"), &memory);
	return memory;
}

/* At most what it offers at once, where that is less than it begins with. */
static bool wish_is_met(const struct wish *wish, const struct offer *offer) {
	return offer_has(offer, wish->gpus > offer->least ? wish->gpus : offer->least);
}

static bool offer_is_better(const struct wish *wish, const struct offer *a, const struct offer *b) {
	bool met = wish_is_met(wish, a), wanted = wish->config && !strcmp(a->item->id, wish->config);
	if (met != wish_is_met(wish, b))
		return met;
	if (wanted != (wish->config && !strcmp(b->item->id, wish->config)))
		return wanted;
	return a->price < b->price;
}

int offer_choose(const struct list *inventory, const char *config, long long gpus, struct offer *ret) {
	struct wish wish = {.config = config, .gpus = gpus};
	const struct item *wanted = config ? list_by_id(inventory, config) : NULL;
	bool any = false;
	if (wanted)
		wish.memory = offer_memory(wanted);
	for (size_t i = 0; i < inventory->count; i++) {
		const struct item *item = &inventory->items[i];
		struct offer offer;
		if (json_string_is(json_at(item->json, "/instance_type"), "vm") || offer_memory(item) < wish.memory)
			continue;
		if (offer_read(item, &offer))
			return -ENOMEM;
		if (!any || offer_is_better(&wish, &offer, ret))
			*ret = offer;
		any = true;
	}
	return any ? 0 : -ENOENT;
}

/* ---- plans ---- */

/* The plan of an instance that has such GPUs; NULL: none has. */
static int plan_known(const struct list *instances, const char *config, char **ret) {
	for (size_t i = 0; i < instances->count; i++) {
		struct json instance = instances->items[i].json, plan = json_at(instance, "/planId");
		if (plan.type != JSON_STRING || !json_string_is(json_at(instance, "/gpuConfigID"), config))
			continue;
		SCOPED(scope_free) char *text = json_text_dup(plan);
		if (!text)
			return -ENOMEM;
		if (!strstr(text, "reserved")) {
			*ret = take_pointer(text);
			return 0;
		}
	}
	return 0;
}

static int plan_spelt(const struct item *item, char **ret) {
	SCOPED(scope_free) char *model = json_text_dup(json_at(item->json, "/gpu_model"));
	SCOPED(buffer_free) struct buffer plan = {0};
	if (!model)
		return -ENOMEM;
	if (!*model)
		return 0;
	buffer_add(&plan, "gpu-");
	for (const char *at = model; *at; at++)
		buffer_byte(&plan, isalnum((unsigned char)*at) ? (char)tolower((unsigned char)*at) : '-');
	buffer_add(&plan, "-on-demand-1h");
	if (!plan.error)
		*ret = take_pointer(plan.data);
	return plan.error;
}

int offer_plan(struct store *store, const struct scope *project, const char *config, struct demand *demand, char **ret,
	bool *ret_guessed) {
	const struct scope everywhere = {0};
	const struct list *list;
	*ret = NULL;
	int rc = project ? store_optional(store, &kinds[KIND_AIRUNTIME], project, demand, &list) : -ENOENT;
	if (!rc)
		rc = plan_known(list, config, ret);
	*ret_guessed = !*ret;
	if (demand_ends(rc) || *ret)
		return rc;
	rc = store_optional(store, &kinds[KIND_INVENTORY], &everywhere, demand, &list);
	const struct item *item = rc ? NULL : list_by_id(list, config);
	return demand_ends(rc) ? rc : item ? plan_spelt(item, ret) : 0;
}
