#include "render.h"

#include "../api/scope.h"
#include "accepted.h"
#include "member.h"
#include "plan.h"
#include "refusal.h"
#include "texts.h"
#include "watch.h"

#include <errno.h>

/* Bytes of one file. The indent of an answer that is nested for its own sake would take a hundred times its text. */
enum { RENDER_MAX = 24 << 20 };

/* One line, whatever is in it. */
static void render_line(struct json value, struct buffer *out) {
	json_safe(value, out);
	buffer_byte(out, '\n');
}

static void render_field(struct json value, struct buffer *out) {
	if (value.type != JSON_ABSENT && value.type != JSON_NULL)
		render_line(value, out);
}

static void render_lines(struct json array, struct buffer *out) {
	if (array.type != JSON_ARRAY)
		render_field(array, out);
	for (struct json_iter iter = json_iter(array); json_next(&iter);)
		render_line(iter.value, out);
}

static void render_json(struct json value, struct buffer *out) {
	if (value.type == JSON_ABSENT || value.type == JSON_NULL)
		return;
	json_indent(value, out);
	buffer_byte(out, '\n');
}

/* A member that no document describes shows itself by what it is. */
static void render_value(struct json value, struct buffer *out) {
	char name[MEMBER_NAME_SIZE];
	if (value.type != JSON_ARRAY) {
		render_field(value, out);
		return;
	}
	value_looks(value, "", name);
	if (*name) /* an ending: it holds more than scalars */
		render_json(value, out);
	else
		render_lines(value, out);
}

/*
 * One's own write is seen at once: while a deployment is on its way to the number that this mount asked for, `replicas`
 * is that number. What runs meanwhile is in info.json.
 */
static void render_replicas(const struct view *view, struct json value, struct buffer *out) {
	struct accepted *accepted = view->fs->accepted;
	long long replicas;
	bool asked = accepted_find(accepted, view->kind, &view->scope, view->fs->now_ms, &replicas) &&
		     replicas != ACCEPTED_DELETE;
	if (asked && view_moving(view)) {
		buffer_printf(out, "%lld\n", replicas);
		return;
	}
	if (asked) /* arrived, or overruled */
		accepted_drop(accepted, view->kind, &view->scope);
	render_field(value, out);
}

static int render_spec(const struct view *view, struct demand *demand, struct buffer *out) {
	if (view->draft) {
		if (view->draft->text.len)
			buffer_append(out, view->draft->text.data, view->draft->text.len);
		return 0;
	}
	struct json response;
	int rc = view_document(view, DOC_ITEM, demand, &response);
	return rc ? rc : text_spec(view, response, true, demand, out);
}

int view_render(const struct view *view, struct demand *demand, struct buffer *out) {
	const struct row *row = view->row;
	struct json value = {0};
	int rc = 0;
	if (!out->limit)
		out->limit = RENDER_MAX;
	switch (row->type) {
	case ROW_FIELD:
	case ROW_LINES:
	case ROW_JSON:
		rc = view_document(view, row->doc, demand, &value);
		value = json_at(value, row->pointer);
		if (rc)
			return rc;
		if (row->write == WRITE_SCALE)
			render_replicas(view, value, out);
		else if (row->type == ROW_FIELD)
			render_field(value, out);
		else if (row->type == ROW_LINES)
			render_lines(value, out);
		else
			render_json(value, out);
		break;
	case ROW_VALUE:
		rc = view_value(view, &value);
		if (!rc)
			render_value(value, out);
		break;
	case ROW_SPEC:
		rc = render_spec(view, demand, out);
		break;
	case ROW_ERROR: {
		SCOPED(buffer_free) struct buffer dir = {0};
		node_path(view->node->parent, &dir);
		if (dir.error)
			return dir.error;
		refusal_last(view->fs->refusals, dir.data, out); /* the root has none */
		break;
	}
	case ROW_SCRATCH:
	case ROW_SCRATCH_LINK:
		if (plan_is(view))
			rc = plan_render(view, demand, out);
		else
			buffer_append(out, view->scratch->text.data, view->scratch->text.len);
		break;
	case ROW_EVENTS: {
		const struct buffer *events = watch_events(view->fs->watches, view->kind, &view->scope);
		if (events && events->len)
			buffer_append(out, events->data, events->len);
		break;
	}
	case ROW_TEXT:
	case ROW_LINK:
		rc = row->text(view, demand, out);
		break;
	default:
		rc = -EISDIR;
	}
	if (!rc && out->error == -EMSGSIZE)
		return error_set(&demand->error, EREMOTEIO, "unusable answer: over %d MiB as text", RENDER_MAX >> 20);
	return rc ? rc : out->error;
}
