#include "price.h"

#include "../api/scope.h"
#include "money.h"

#include <errno.h>
#include <string.h>

/* -ENOMEM, or -EINVAL for what is no price. */
static int price_read(struct json value, int64_t *ret) {
	if (value.type != JSON_NUMBER && value.type != JSON_STRING)
		return -EINVAL;
	SCOPED(buffer_free) struct buffer text = {0};
	json_text(value, &text);
	if (text.error)
		return text.error;
	int64_t micros;
	if (!text.len || money_read(text.data, text.len, &micros))
		return -EINVAL;
	*ret = micros;
	return 0;
}

/* The dearest row of the configuration, in the region if one is named. -EINVAL: not known, or zero: nothing is free,
 * that is a gap in the inventory. */
static int price_find(const struct list *inventory, struct json config, struct json region, int64_t *ret) {
	const struct kind *kind = &kinds[KIND_INVENTORY];
	int64_t most = 0;
	for (size_t i = 0; i < inventory->count; i++) {
		const struct item *row = &inventory->items[i];
		if (!json_string_is(config, row->id) ||
			(region.type == JSON_STRING && !json_string_equal(region, json_at(row->json, kind->group))))
			continue;
		int64_t price;
		int rc = price_read(json_at(row->json, kind->price), &price);
		if (rc == -ENOMEM)
			return rc;
		if (!rc && price > most)
			most = price;
	}
	if (!most)
		return -EINVAL;
	*ret = most;
	return 0;
}

/* price_find(), unless it was looked for just now. */
static int prices_find(struct prices *prices, struct json config, struct json region, int64_t *ret) {
	size_t at = 0;
	while (at < PRICES_KEPT && !(prices->kept[at].config.text && json_same(prices->kept[at].config, config) &&
					   json_same(prices->kept[at].region, region)))
		at++;
	if (at == PRICES_KEPT) {
		int64_t micros;
		int rc = price_find(prices->inventory, config, region, &micros);
		if (rc && rc != -EINVAL)
			return rc;
		at = prices->next++ % PRICES_KEPT;
		prices->kept[at].config = config;
		prices->kept[at].region = region;
		prices->kept[at].micros = rc ? -1 : micros;
		prices->compared += prices->inventory->count;
	}
	*ret = prices->kept[at].micros;
	return *ret < 0 ? -EINVAL : 0;
}

int price_unit(
	const struct list *inventory, const struct price_pointers *at, struct json resource, int64_t *ret_micros) {
	struct prices prices = {.inventory = inventory};
	return prices_unit(&prices, at, resource, ret_micros);
}

int prices_unit(struct prices *prices, const struct price_pointers *at, struct json resource, int64_t *ret_micros) {
	int64_t price;
	long long gpus;
	int rc = prices_find(prices, json_at(resource, at->config), json_at(resource, at->region), &price);
	if (rc)
		return rc;
	if (!json_int(json_at(resource, at->gpus), &gpus) || gpus < 1 ||
		__builtin_mul_overflow(price, gpus, ret_micros))
		return -EINVAL;
	return 0;
}

int price_row(struct json row, int64_t *ret_micros) {
	return price_read(json_at(row, kinds[KIND_INVENTORY].price), ret_micros);
}
