#include "registrations.h"

#include "../api/scope.h"
#include "refusal.h"
#include "view.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

int registrations_get(struct store *store, struct demand *demand, struct json *ret) {
	const struct scope everywhere = {0};
	int rc = store_document(store, &kinds[KIND_INVENTORY], DOC_NOTIFICATIONS, &everywhere, demand, ret);
	if (rc == -ENOENT) {
		const struct error reason = demand->error;
		error_set(&demand->error, ENOENT, "the API offers no notification of availability");
		demand->error.http_status = reason.http_status;
		memcpy(demand->error.request_id, reason.request_id, sizeof reason.request_id);
	}
	return rc;
}

static bool registration_is_of(struct json registration, struct json region, struct json config) {
	return json_string_equal(json_at(registration, "/region_id"), region) &&
	       json_string_equal(json_at(registration, "/config_id"), config);
}

/* Only "pending" promises an e-mail. Any other word may mean that it was sent, and then asking again is right. */
static bool registration_waits(struct json registration) {
	static const char pending[] = "\"pending\"";
	struct json status = json_at(registration, "/status");
	return status.type == JSON_STRING && status.len == sizeof pending - 1 &&
	       !strncasecmp(status.text, pending, status.len);
}

bool registration_pending(struct json registrations, struct json wanted) {
	struct json region = json_at(wanted, "/region_id"), config = json_at(wanted, "/config_id");
	for (struct json_iter iter = json_iter(api_page_items(registrations)); json_next(&iter);)
		if (registration_is_of(iter.value, region, config) && registration_waits(iter.value))
			return true;
	return false;
}

int text_notify(const struct view *view, struct demand *demand, struct buffer *out) {
	struct json root, region = json_at(view->json, view->kind->group), config = json_at(view->json, view->kind->id);
	int rc = registrations_get(view->fs->store, demand, &root);
	if (rc) /* that there is no such thing is said to who writes */
		return rc == -ENOENT ? 0 : rc;
	for (struct json_iter iter = json_iter(api_page_items(root)); json_next(&iter);) {
		if (!registration_is_of(iter.value, region, config))
			continue;
		json_safe(json_at(iter.value, "/status"), out);
		buffer_byte(out, ' ');
		json_safe(json_at(iter.value, "/created_at"), out);
		buffer_byte(out, '\n');
	}
	return out->error;
}

int text_notifications(const struct view *view, struct demand *demand, struct buffer *out) {
	struct json root;
	int rc = registrations_get(view->fs->store, demand, &root);
	if (rc == -ENOENT) { /* which a look-up says of much that is not there, and nobody keeps */
		SCOPED(buffer_free) struct buffer path = {0};
		node_path(view->node, &path);
		if (!path.error)
			refusal_add(view->fs->refusals, view->fs->now, "read", path.data, &demand->error, NULL);
	}
	if (rc)
		return rc;
	json_indent(root, out);
	buffer_byte(out, '\n');
	return 0;
}
