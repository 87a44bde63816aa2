#include "cause.h"

#include <string.h>

static const char *const whats[CAUSES] = {
	[DOC_LIST] = "list",
	[DOC_ITEM] = "item",
	[DOC_METRICS] = "metrics",
	[DOC_NOTIFICATIONS] = "notifications",
	[CAUSE_PROBE] = "probe",
	[CAUSE_CREATE] = "create",
	[CAUSE_SCALE] = "scale",
	[CAUSE_DELETE] = "delete",
	[CAUSE_NOTIFY] = "notify",
};
_Static_assert(DOCS == 4, "each answer has a name above");

const char cause_poll[] = "poll";

void cause_end(struct cause *cause) {
	buffer_free(&cause->path);
}

bool cause_changes(const struct cause *cause) {
	return cause && cause->what > CAUSE_PROBE;
}

void cause_name(const struct cause *cause, struct buffer *out) {
	if (!cause) {
		buffer_add(out, "login.renew");
		return;
	}
	for (const char *at = cause->kind->name; *at; at++)
		buffer_byte(out, *at == ' ' ? '_' : *at);
	buffer_printf(out, ".%s", whats[cause->what]);
}
