#include "index.h"

#include "../api/scope.h"
#include "cell.h"
#include "cost.h"
#include "moment.h"
#include "money.h"
#include "view.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

enum {
	ROW_WORK = 1 << 10,        /* bytes: what a row takes beside the text of its entry (fs.h) */
	ROW_WORK_MOVING = 8 << 10, /* the same where what was accepted is looked for */
	MINUTE_S = 60,
	HOUR_S = 60 * MINUTE_S,
	DAY_S = 24 * HOUR_S,
};

static const int64_t HOURLY_MAX = 999999999999; /* dollars */

/* ---- cells ---- */

static int row_add(const struct index_row *row, struct buffer *out) {
	SCOPED(buffer_free) struct buffer text = {0};
	for (const struct column *column = row->kind->columns; column->name; column++) {
		bool last = !column[1].name;
		int rc = 0;
		buffer_clear(&text);
		if (column->text)
			rc = column->text(row, &text);
		else
			json_text(json_at(row->json, column->pointer), &text);
		if (rc || text.error == -ENOMEM)
			return -ENOMEM;
		if (column->width)
			buffer_printf(out, "%*s", column->width - (int)(text.len ? text.len : 1), "");
		cell_add(out, text.data, text.len, !last); /* blanks may be in the last one only */
		buffer_byte(out, last ? '\n' : '\t');
	}
	return 0;
}

static void head_add(const struct kind *kind, struct buffer *out) {
	for (const struct column *column = kind->columns; column->name; column++)
		buffer_printf(out, "%s%c", column->name, column[1].name ? '\t' : '\n');
}

int index_name(const struct index_row *row, struct buffer *out) {
	buffer_add(out, row->name);
	return out->error;
}

int index_group(const struct index_row *row, struct buffer *out) {
	buffer_add(out, row->group ? row->group : "");
	return out->error;
}

int index_replicas(const struct index_row *row, struct buffer *out) {
	long long replicas;
	int rc = replicas_shown(row->fs, row->kind, row->scope, row->id, row->json, &replicas);
	if (!rc)
		buffer_printf(out, "%lld", replicas);
	return rc == -ENOMEM ? rc : out->error;
}

int index_hourly(const struct index_row *row, struct buffer *out) {
	char usd[MONEY_SIZE];
	if (row->hourly < 0 || row->hourly / MONEY_MICROS > HOURLY_MAX)
		return 0;
	money_show(row->hourly, usd);
	size_t len = strnlen(usd, INDEX_HOURLY_WIDTH); /* of a fortune fewer decimals */
	buffer_append(out, usd, usd[len - 1] == '.' ? len - 1 : len);
	return out->error;
}

int index_age(const struct index_row *row, struct buffer *out) {
	time_t created;
	if (!row->kind->created || !moment_read(json_at(row->json, row->kind->created), &created))
		return 0;
	int64_t age_s = row->now > created ? (int64_t)(row->now - created) : 0;
	if (age_s >= DAY_S)
		buffer_printf(out, "%" PRId64 "d%" PRId64 "h", age_s / DAY_S, age_s % DAY_S / HOUR_S);
	else if (age_s >= HOUR_S)
		buffer_printf(out, "%" PRId64 "h%" PRId64 "m", age_s / HOUR_S, age_s % HOUR_S / MINUTE_S);
	else if (age_s >= MINUTE_S)
		buffer_printf(out, "%" PRId64 "m", age_s / MINUTE_S);
	else
		buffer_printf(out, "%" PRId64 "s", age_s);
	return out->error;
}

int index_gpu_range(const struct index_row *row, struct buffer *out) {
	struct json least = json_at(row->json, "/min_gpu_count"), most = json_at(row->json, "/max_gpu_count");
	long long fewest, all;
	if (json_int(least, &fewest) && json_int(most, &all) && all < fewest)
		buffer_add(out, "none");
	else if (least.type == JSON_NUMBER && most.type == JSON_NUMBER)
		buffer_printf(out, "%.*s..%.*s", (int)least.len, least.text, (int)most.len, most.text);
	return out->error;
}

/* ---- making it ---- */

/* 0 or -ENOMEM; what the row costs stands in it then. */
static int row_price(struct index_row *row) {
	row->hourly = -1;
	if (!row->kind->listed.config || !row->prices->inventory)
		return 0;
	int rc = cost_hourly(row->fs, row->prices, row->kind, row->scope, row->id, row->json, &row->hourly);
	return rc == -ENOMEM ? rc : 0;
}

static int item_add(const struct item *item, struct index_row *row, struct list_made *made) {
	row->id = item->id;
	row->name = item->name;
	row->group = item->group;
	row->json = item->json;
	int rc = row_price(row);
	if (!rc)
		rc = row_add(row, &made->index);
	if (rc)
		return rc;
	if (made->index.error == -ENOMEM)
		return -ENOMEM;
	int64_t sum; /* which is written when it is too large, too */
	if (row->hourly < 0 || __builtin_add_overflow(made->hourly, row->hourly, &sum))
		made->unpriced++;
	else
		made->hourly = sum;
	return 0;
}

static void made_begin(struct fs *fs, const struct list *list, int64_t fetched_ms, const struct list *inventory) {
	struct list_made *made = &list->self->made;
	bool anew = !made->at || made->fetched_ms != fetched_ms;
	if (!anew && made->priced && made->prices == inventory)
		return;
	if (anew)
		made->at = fs->now;
	const struct list *before = made->prices; /* may be the same */
	made->prices = inventory ? list_hold(inventory) : NULL;
	list_release(before);
	buffer_free(&made->index);
	made->index.limit = INDEX_MAX;
	made->priced = true;
	made->fetched_ms = fetched_ms;
	made->indexed = made->unpriced = 0;
	made->hourly = 0;
	head_add(list->kind, &made->index);
}

int index_make(struct fs *fs, const struct scope *scope, const struct list *list, int64_t fetched_ms,
	const struct list *inventory, struct demand *demand) {
	struct list_made *made = &list->self->made;
	struct prices prices = {.inventory = inventory};
	struct index_row row = {.fs = fs, .kind = list->kind, .scope = scope, .prices = &prices};
	made_begin(fs, list, fetched_ms, inventory);
	row.now = made->at;
	for (; made->indexed < list->count; made->indexed++) {
		const struct item *item = &list->items[made->indexed];
		size_t compared = prices.compared;
		bool moving = kind_moving(list->kind, item->json);
		if (!fs_work(fs, item->json.len + (moving ? ROW_WORK_MOVING : ROW_WORK)))
			return demand_work(demand);
		int rc = item_add(item, &row, made);
		if (rc) {
			made->priced = false; /* from its beginning, when somebody asks again */
			return rc;
		}
		(void)fs_work(fs, (prices.compared - compared) * PRICE_WORK);
	}
	made->priced = made->index.error != -ENOMEM;
	return made->priced ? 0 : -ENOMEM;
}

/* What cannot be asked just now does not hide the rest. */
int index_inventory(struct fs *fs, struct demand *demand, const struct list **ret) {
	const struct scope all = {0};
	*ret = NULL;
	int rc = store_optional(fs->store, &kinds[KIND_INVENTORY], &all, demand, ret);
	return demand_ends(rc) ? rc : 0;
}

struct newborns {
	struct index_row row;
	struct buffer *out;
};

/* The listing lacks it as yet. */
static int newborn_add(void *user, const char *name, struct json json) {
	struct newborns *newborns = user;
	struct index_row *row = &newborns->row;
	SCOPED(scope_free) char *id = json_text_dup(json_at(json, row->kind->id));
	row->id = id;
	row->name = name;
	row->json = json;
	int rc = id ? row_price(row) : -ENOMEM;
	return rc ? rc : row_add(row, newborns->out);
}

/* For the size any prices will do, those that it has been made with, or none. */
static int index_prices(struct fs *fs, const struct list *list, struct demand *demand, const struct list **ret) {
	*ret = NULL;
	if (!list->kind->listed.config)
		return 0;
	struct demand known = {
		.since_ms = demand->since_ms, .peeks = true, .looks = true, .until_ms = demand->until_ms};
	int rc = index_inventory(fs, demand->sizes ? &known : demand, ret);
	if (!demand->sizes || rc == -ENOMEM)
		return rc;
	if (rc)
		*ret = list->made.prices;
	else
		demand->until_ms = known.until_ms;
	return 0;
}

int text_index(const struct view *view, struct demand *demand, struct buffer *out) {
	const struct list *list, *inventory;
	int rc = store_list(view->fs->store, view->kind, &view->scope, demand, &list);
	int64_t fetched_ms = demand->fetched_ms;
	if (!rc)
		rc = index_prices(view->fs, list, demand, &inventory);
	if (!rc)
		rc = index_make(view->fs, &view->scope, list, fetched_ms, inventory, demand);
	if (rc)
		return rc;
	if (list->made.index.error)
		out->error = list->made.index.error;
	else
		buffer_append(out, list->made.index.data, list->made.index.len);
	struct prices prices = {.inventory = inventory};
	struct newborns newborns = {.row = {.fs = view->fs,
					    .now = list->made.at,
					    .kind = view->kind,
					    .scope = &view->scope,
					    .prices = &prices},
		.out = out};
	return view_newborns(view, demand, newborn_add, &newborns);
}
