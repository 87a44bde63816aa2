#include "event.h"

#include "../api/error.h"
#include "../api/scope.h"
#include "cell.h"
#include "moment.h"

#include <string.h>

bool event_differs(const struct kind *kind, const struct item *before, const struct item *after) {
	const char *const pointers[] = {kind->status, kind->watched, kind->reason};
	for (size_t i = 0; i < sizeof pointers / sizeof *pointers; i++) {
		struct json x = {0}, y = {0};
		if (pointers[i]) {
			x = json_at(before->json, pointers[i]);
			y = json_at(after->json, pointers[i]);
		}
		if (x.len != y.len || (x.len && memcmp(x.text, y.text, x.len) != 0))
			return true;
	}
	return false;
}

static void value_show(struct json value, struct buffer *out) {
	SCOPED(buffer_free) struct buffer text = {0};
	json_text(value, &text);
	cell_add(out, text.data, text.error ? 0 : text.len, false);
}

static void state_show(const struct kind *kind, const struct item *item, const char *otherwise, struct buffer *out) {
	const char *pointer = kind->watched ? kind->watched : kind->status;
	if (item && pointer)
		value_show(json_at(item->json, pointer), out);
	else
		buffer_add(out, item ? "listed" : otherwise);
}

void event_show(
	const struct kind *kind, const struct item *before, const struct item *after, time_t now, struct buffer *out) {
	char time[MOMENT_SIZE];
	moment_show(now, time);
	buffer_printf(out, "%s\t", time);
	item_path(after ? after : before, out);
	buffer_byte(out, '\t');
	state_show(kind, before, "-", out);
	buffer_byte(out, '\t');
	state_show(kind, after, "gone", out);
	buffer_byte(out, '\t');
	value_show(after && kind->reason ? json_at(after->json, kind->reason) : (struct json){0}, out);
	buffer_byte(out, '\n');
}

static const char *asking_state(int code) {
	return code ? error_name(code) : "up";
}

void event_show_asking(int before, int after, const char *reason, time_t now, struct buffer *out) {
	char time[MOMENT_SIZE];
	moment_show(now, time);
	buffer_printf(out, "%s\t.\t%s\t%s\t", time, asking_state(before), asking_state(after));
	cell_add(out, reason, strlen(reason), false);
	buffer_byte(out, '\n');
}
