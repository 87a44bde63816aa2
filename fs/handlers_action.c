/*
 * Files of which one write is one command: replicas, notify. It is read before anything is looked up, carried out in
 * the write(2), and its outcome is that of the write; one for each time that the file is opened.
 */
#include "handlers.h"

#include "../api/scope.h"
#include "accepted.h"
#include "change.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { REPLICAS_MAX = 1000000 /* beyond any cloud: a slip of the keyboard */, NUMBER_BYTES_MAX = 64 };

struct action {
	/* Keeps in the op what is asked for: 0, or -errno with words. The text has no white space around it. */
	int (*read)(struct op *op, const char *text, size_t len);
	/* Carries it out: 0, DEMAND_PARKED (then it runs again), or -errno, with words. */
	int (*commit)(struct op *op, const struct view *view);
	const char *what; /* is written */
};

/* ---- replicas ---- */

static int scale_read(struct op *op, const char *data, size_t size) {
	char text[NUMBER_BYTES_MAX + 1];
	size_t digits = size && (*data == '-' || *data == '+') ? 1 : 0;
	while (digits < size && isdigit((unsigned char)data[digits]))
		digits++;
	if (!size || digits < size || !isdigit((unsigned char)data[size - 1]))
		return op_refuse_words(op, EINVAL, "the number of replicas must be one whole number, such as 3");
	if (size > NUMBER_BYTES_MAX)
		return op_refuse_words(op, ERANGE, "the number of replicas has more than %d digits", NUMBER_BYTES_MAX);
	memcpy(text, data, size);
	text[size] = 0;
	errno = 0;
	long long number = strtoll(text, NULL, 10);
	if (number == 0 && !errno)
		return op_refuse_words(op, ERANGE, "the least is 1 replica; to stop the billing: rmdir the deployment");
	if (number < 1 || errno || number > REPLICAS_MAX)
		return op_refuse_words(op, ERANGE, "the number of replicas must be from 1 to %d", REPLICAS_MAX);
	op->number = number;
	return 0;
}

/* While it moves, or another number is on its way, the count that is shown is not the count that was asked for. */
static bool scale_is_so(const struct fs *fs, const struct view *view, struct json deployment, long long replicas) {
	long long shown, asked;
	if (!json_int(json_at(deployment, view->row->pointer), &shown) || shown != replicas ||
		kind_moving(view->kind, deployment) || changes_scaling(fs->changes, view->kind, &view->scope))
		return false;
	return !accepted_find(fs->accepted, view->kind, &view->scope, fs->now_ms, &asked) || asked == replicas;
}

/* What looks so by a listing of a while ago is looked up anew: somebody else may have scaled it. Any failure of that
 * only means that the number is sent. */
static int scale_look(struct op *op, const struct view *view, bool *ret) {
	struct json now;
	*ret = false;
	if (!scale_is_so(op->fs, view, view->json, op->number))
		return 0;
	if (!op->began) {
		op->began = true;
		op->demand.since_ms = op->fs->now_ms;
		store_forget_resource(op->fs->store, view->kind, &view->scope);
	}
	int rc = view_document(view, DOC_ITEM, &op->demand, &now);
	*ret = !rc && scale_is_so(op->fs, view, now, op->number);
	return rc == DEMAND_PARKED ? rc : 0;
}

static int scale_commit(struct op *op, const struct view *view) {
	bool so;
	int rc = scale_look(op, view, &so);
	if (rc)
		return rc;
	if (so)
		return handle_settle(op->handle, 0, true);
	struct change_order order = {
		.verb = CHANGE_SCALE, .kind = view->kind, .scope = &view->scope, .replicas = op->number};
	return op_commit(op, &order);
}

/* ---- notify ---- */

static int notify_read(struct op *op, const char *text, size_t len) {
	if (len == 1 && *text == '1')
		return 0;
	if (len == 1 && *text == '0')
		return op_refuse_words(op, EPERM, "the API cannot withdraw a registration for an e-mail");
	return op_refuse_words(op, EINVAL, "write 1 to be told by e-mail when it is available");
}

static int notify_commit(struct op *op, const struct view *view) {
	SCOPED(buffer_free) struct buffer body = {0};
	struct json region = json_at(view->json, view->kind->group), config = json_at(view->json, view->kind->id);
	if (region.type != JSON_STRING || config.type != JSON_STRING)
		return op_refuse_words(op, EINVAL, "the inventory does not say which it is, or where");
	buffer_add(&body, "{\"region_id\":");
	json_compact(region, &body);
	buffer_add(&body, ",\"config_id\":");
	json_compact(config, &body);
	buffer_byte(&body, '}');
	if (body.error)
		return body.error;
	struct change_order order = {.verb = CHANGE_NOTIFY, .kind = view->kind, .scope = &view->scope, .body = &body};
	return op_commit(op, &order);
}

/* ---- all of them ---- */

static const struct action actions[] = {
	[WRITE_SCALE] = {scale_read, scale_commit, "the number"},
	[WRITE_NOTIFY] = {notify_read, notify_commit, "the 1"},
};

static int step_action(struct op *op) {
	struct handle *handle = op->handle;
	if (!handle->settled)
		handle->end = op->size;
	if (op->settled)
		return op_answer_write(op, handle_settle(handle, op->outcome, true));
	if (handle->settled) /* white space behind it */
		return op_answer_write(op, handle->outcome);
	struct view view;
	int rc = op_named(op);
	if (!rc)
		rc = view_open(op->fs, op->node, &op->demand, &view);
	return rc ? rc : op_answer_write(op, actions[handle->write].commit(op, &view));
}

static int action_read(struct op *op, const struct action *action, const char *text, size_t len) {
	while (len && isspace((unsigned char)text[len - 1]))
		len--;
	while (len && isspace((unsigned char)*text))
		text++, len--;
	return action->read(op, text, len);
}

int op_action_write(struct op *op, const char *data) {
	struct handle *handle = op->handle;
	const struct action *action = &actions[handle->write];
	bool blank = true;
	for (size_t i = 0; i < op->size; i++)
		blank &= isspace((unsigned char)data[i]) != 0;
	op->step = step_action;
	if (handle->settled)
		return handle->outcome || blank
			       ? handle->outcome
			       : op_refuse_words(op, EINVAL, "%s once for each time it is opened", action->what);
	if (op->offset)
		return op_refuse_words(
			op, EINVAL, "%s is to be written at the file's beginning, in one write", action->what);
	return action_read(op, action, data, op->size);
}

int op_action_text(struct op *op, const struct view *view, const struct buffer *text) {
	const struct action *action = &actions[view->row->write];
	int rc = action_read(op, action, text->data ? text->data : "", text->len);
	return rc ? rc : action->commit(op, view);
}
