/*
 * Files of which one write is one command: replicas, wait, notify, refresh. It is read before anything is looked up,
 * carried out in the write(2), and its outcome is that of the write; one for each time that the file is opened.
 */
#include "handlers.h"

#include "../api/scope.h"
#include "accepted.h"
#include "change.h"
#include "kept.h"
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	REPLICAS_MAX = 1000000, /* beyond any cloud: a slip of the keyboard */
	NUMBER_BYTES_MAX = 64,
	WAIT_S = 600, /* if no time is given */
	WAIT_S_MAX = 86400,
	LINKS_MAX = 8, /* in a path */
	PATH_NAMES = 64,
};

struct action {
	/* Keeps in the op what is asked for: 0, or -errno with words. The text has no white space around it. */
	int (*read)(struct op *op, const char *text, size_t len);
	/* Carries it out: 0, DEMAND_PARKED (then it runs again), or -errno, with words. */
	int (*commit)(struct op *op, const struct view *view);
	const char *what; /* is written */
	bool changes;     /* the cloud: who is interrupted must not do it again */
	/* What it means that the file's resource cannot be had; NULL: that. */
	int (*missed)(struct op *op, int rc);
};

/* ---- replicas ---- */

static int scale_read(struct op *op, const char *data, size_t size) {
	char text[NUMBER_BYTES_MAX + 1];
	if (size > 1 && *data == '+' && isdigit((unsigned char)data[1]))
		return op_refuse_words(op, EINVAL, "write how many replicas there shall be, not how many more");
	size_t digits = size && *data == '-' ? 1 : 0;
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

/* ---- wait ---- */

static const char gone[] = "gone"; /* waits until there is nothing more to be billed */

static const struct kind *kind_above(const struct node *node) {
	while (node->row->type != ROW_COLLECTION)
		node = node->parent;
	return node->row->kind;
}

static int wait_refuse_state(struct op *op, const struct kind *kind, const char *text, size_t len) {
	SCOPED(buffer_free) struct buffer known = {0};
	for (const char *const *at = kind->states; *at; at++)
		buffer_printf(&known, "%s, ", *at);
	return op_refuse_words(op, EINVAL, "a %s is never %.*s; its states are %sand gone", kind->singular,
		len < 100 ? (int)len : 100, text, known.data ? known.data : "");
}

static int wait_read(struct op *op, const char *text, size_t len) {
	const struct kind *kind = kind_above(op->node);
	size_t word = 0, at;
	while (word < len && !isspace((unsigned char)text[word]))
		word++;
	if (!word)
		return op_refuse_words(op, EINVAL, "write a state, and perhaps seconds: Running 600");
	for (const char *const *state = kind->states; *state && !op->state; state++)
		if (strlen(*state) == word && !strncasecmp(*state, text, word))
			op->state = *state;
	if (word == sizeof gone - 1 && !strncasecmp(text, gone, word))
		op->state = gone;
	if (!op->state)
		return wait_refuse_state(op, kind, text, word);
	for (at = word; at < len && isspace((unsigned char)text[at]);)
		at++;
	op->number = at < len ? 0 : WAIT_S;
	for (; at < len && isdigit((unsigned char)text[at]) && op->number <= WAIT_S_MAX; at++)
		op->number = op->number * 10 + (text[at] - '0');
	if (op->number > WAIT_S_MAX)
		return op_refuse_words(op, ERANGE, "the longest wait is %d seconds, a day", WAIT_S_MAX);
	if (at < len || !op->number)
		return op_refuse_words(op, EINVAL, "behind the state, a whole number of seconds: %s 600", op->state);
	op->deadline_ms = op->began_ms + op->number * 1000;
	return 0;
}

static int wait_gone(struct op *op) {
	return handle_settle(op->handle, op->state == gone ? 0 : -ENOENT, false);
}

static const char *wait_id(const struct scope *scope) {
	return scope->ids[scope->count - 1];
}

/* What is waited for, under whatever name it is listed by now. Without `json`: it is not, in a listing that has all
 * there is; else that is asked for anew. */
static int wait_find(struct op *op, struct view *ret) {
	struct store *store = op->fs->store;
	struct node *node = op->node;
	const struct list *list;
	while (node->row->type != ROW_COLLECTION)
		node = node->parent;
	int rc = view_open(op->fs, node, &op->demand, ret);
	if (!rc)
		rc = store_list(store, ret->kind, &ret->scope, &op->demand, &list);
	if (rc)
		return rc;
	const struct item *item = op->watcher.watch ? list_by_id(list, wait_id(&op->watcher.scope)) : NULL;
	if (item) {
		ret->json = item->json;
		ret->scope.ids[ret->scope.count++] = item->id;
	}
	if (item || list->whole)
		return 0;
	store_forget_list(store, ret->kind, &ret->scope);
	op->demand.since_ms = op->fs->now_ms;
	return error_set(&op->demand.error, EREMOTEIO, "the API's list of %s is not whole: it could be missing in it",
		ret->kind->name);
}

static int wait_judge(struct op *op, const struct view *view);

static int wait_missed(struct op *op, int rc) {
	struct view view;
	if (rc == -ENOENT)
		rc = wait_find(op, &view);
	if (!rc)
		return view.json.type == JSON_ABSENT ? wait_gone(op) : wait_judge(op, &view);
	if (rc == DEMAND_PARKED)
		return rc;
	bool passes = rc == -EHOSTUNREACH || rc == -ETIMEDOUT || rc == -EREMOTEIO || rc == -EBUSY;
	/* Who has begun to wait goes on over what passes by itself: there is another round. */
	return passes && op->watcher.watch ? DEMAND_PARKED : handle_settle(op->handle, rc, false);
}

/* The state that the view's resource has now, to be freed. */
static int wait_look(struct op *op, const struct view *view, char **ret_state, char **ret_reason) {
	const struct kind *kind = view->kind;
	struct json now = view->json;
	int rc = op->watcher.itself ? view_document(view, DOC_ITEM, &op->demand, &now) : 0;
	if (rc)
		return rc;
	struct json status = json_at(now, kind->status), listed = json_at(view->json, kind->status);
	SCOPED(scope_free) char *state = status.type == JSON_STRING ? json_text_dup(status) : strdup("");
	SCOPED(scope_free) char *reason = kind->reason ? json_text_dup(json_at(now, kind->reason)) : strdup("");
	if (!state || !reason)
		return -ENOMEM;
	*ret_state = take_pointer(state);
	*ret_reason = take_pointer(reason);
	if (op->watcher.itself && !json_string_is(listed, *ret_state)) {
		/* What is read next shall be what this wait has seen. */
		kept_forget(op->fs, view->resource);
		store_forget_list(op->fs->store, kind, &view->scope);
	}
	return 0;
}

static int wait_judge(struct op *op, const struct view *view) {
	const struct kind *kind = view->kind;
	SCOPED(scope_free) char *state = NULL;
	SCOPED(scope_free) char *reason = NULL;
	/* A delete that was accepted decides what becomes of it, whatever is still shown. */
	bool leaving = view_leaving(view) && op->state != kind->terminating;
	int rc = wait_look(op, view, &state, &reason);
	if (rc)
		return rc == -ENOENT ? wait_gone(op) : rc < 0 ? wait_missed(op, rc) : rc;
	if (!leaving && !strcmp(state, op->state))
		return handle_settle(op->handle, 0, false);
	if (kind->failed && !strcmp(state, kind->failed) && !leaving && op->state != gone)
		return handle_settle(op->handle,
			op_refuse_words(op, EREMOTEIO, "it is %s%s%.300s%s and will not be %s; rmdir stops the billing",
				state, *reason ? " (" : "", reason, *reason ? ")" : "", op->state),
			false);
	/* The listing that is there serves as long as this waits: rounds see to it that it is right. */
	if (!op->watcher.watch && op->demand.fetched_ms < op->demand.since_ms)
		op->demand.since_ms = op->demand.fetched_ms;
	rc = watch_await(op->fs->watches, kind, &view->scope, view->collection, &op->watcher);
	if (rc == -EBUSY)
		return op_refuse_words(op, EBUSY, "%d calls wait for states already", WATCHERS_MAX);
	return rc ? rc : DEMAND_PARKED;
}

static int wait_commit(struct op *op, const struct view *view) {
	if (view->draft || (op->watcher.watch && strcmp(wait_id(&view->scope), wait_id(&op->watcher.scope)) != 0))
		return wait_missed(op, -ENOENT); /* its name is another's by now */
	return wait_judge(op, view);
}

/* ---- refresh ---- */

static int refresh_read(struct op *op, const char *text, size_t len) {
	const char *mountpoint = op->fs->options->mountpoint;
	size_t own = mountpoint ? strlen(mountpoint) : 0;
	if (own > 1 && len >= own && !memcmp(text, mountpoint, own) && (len == own || text[own] == '/')) {
		text += own;
		len -= own;
	}
	buffer_append(&op->data, text, len);
	return op->data.error;
}

/* A path as far as it is known without a request. */
struct trail {
	struct fs *fs;
	struct view view;              /* of its end */
	struct node *held[PATH_NAMES]; /* looked up for it */
	size_t count;
	unsigned links;
};

static void trail_free(struct trail *trail) {
	while (trail->count)
		node_forget(trail->fs->nodes, trail->held[--trail->count], 1);
}

static int trail_walk(struct trail *trail, char *path, struct demand *demand);

/* On to the entry `name`; of a link, to where it points. -EAGAIN: that is not known. */
static int trail_step(struct trail *trail, const char *name, struct demand *demand) {
	struct view *view = &trail->view, child;
	const struct row *row;
	if (!strcmp(name, ".."))
		return view->node->parent ? view_open(trail->fs, view->node->parent, demand, view) : 0;
	if (trail->count == PATH_NAMES)
		return -ENAMETOOLONG;
	int rc = row_is_dir(view->row) ? view_child(view, name, demand, &row) : -ENOTDIR;
	if (rc)
		return rc;
	const struct kind *kind = row->type == ROW_RESOURCE ? view->kind : NULL;
	struct node *node = node_lookup(trail->fs->nodes, view->node, row, kind, name);
	if (!node)
		return -ENOMEM;
	trail->held[trail->count++] = node;
	rc = view_open(trail->fs, node, demand, &child);
	if (rc || !row_is_link(row)) {
		*view = rc ? *view : child;
		return rc;
	}
	SCOPED(buffer_free) struct buffer target = {0};
	rc = trail->links++ < LINKS_MAX ? view_render(&child, demand, &target) : -ELOOP;
	return rc ? rc : trail_walk(trail, target.data, demand);
}

static int trail_walk(struct trail *trail, char *path, struct demand *demand) {
	int rc = 0;
	char *state;
	for (char *name = strtok_r(path, "/", &state); !rc && name; name = strtok_r(NULL, "/", &state))
		rc = strcmp(name, ".") != 0 ? trail_step(trail, name, demand) : 0;
	return rc;
}

static int refresh_commit(struct op *op, const struct view *view) {
	struct demand demand = {.since_ms = op->fs->now_ms, .peeks = true, .looks = true};
	SCOPED(trail_free) struct trail trail = {.fs = view->fs};
	if (op->began) /* the kernel has forgotten it too */
		return handle_settle(op->handle, 0, false);
	SCOPED(scope_free) char *path = strndup(op->data.data ? op->data.data : "", op->data.len);
	int rc = path ? view_open(op->fs, nodes_root(op->fs->nodes), &demand, &trail.view) : -ENOMEM;
	if (!rc)
		rc = trail_walk(&trail, path, &demand);
	if (rc == -ENOENT || rc == -ENOTDIR)
		return op_refuse_words(op, ENOENT, "there is no %.300s in this mount; / is all of it",
			op->data.len ? op->data.data : "");
	if (rc == -ENOMEM || rc == -ENAMETOOLONG || rc == -ELOOP)
		return rc;
	op->began = true; /* what is not known below has not been asked for either */
	return op_forget(op, &trail.view) ? DEMAND_PARKED : handle_settle(op->handle, 0, false);
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
	[WRITE_SCALE] = {scale_read, scale_commit, "the number", .changes = true},
	[WRITE_WAIT] = {wait_read, wait_commit, "the state", .missed = wait_missed},
	[WRITE_REFRESH] = {refresh_read, refresh_commit, "the path", .changes = false},
	[WRITE_NOTIFY] = {notify_read, notify_commit, "the 1", .changes = true},
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
	int rc = op->changing ? op_named(op) : 0;
	if (!rc)
		rc = view_open(op->fs, op->node, &op->demand, &view);
	const struct action *action = &actions[handle->write];
	if (!rc)
		rc = action->commit(op, &view);
	else if (rc < 0 && action->missed)
		rc = action->missed(op, rc);
	return op_answer_write(op, rc);
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
	op->changing = action->changes;
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
