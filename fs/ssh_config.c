#include "ssh_config.h"

#include "../api/scope.h"
#include "ssh_command.h"
#include "view.h"

#include <errno.h>
#include <string.h>

#define PLAIN "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._"

/* Whether ssh takes it as it stands, and as nothing but itself: no pattern, no option, no quotes. */
static bool is_plain(const char *text, const char *more) {
	size_t len = strspn(text, PLAIN);
	while (text[len] && len && strchr(more, text[len]))
		len += 1 + strspn(text + len + 1, PLAIN);
	return len && !text[len];
}

static void host_leave_out(const struct item *item, const char *why, struct buffer *out) {
	buffer_add(out, "\n# ");
	buffer_add_safe(out, item->name, strlen(item->name));
	buffer_add(out, " is left out: ");
	buffer_add_safe(out, why, strlen(why));
	buffer_byte(out, '\n');
}

/* Directly if there is such a way, else through the platform's proxy. NULL, or why neither can be taken; an error is
 * left in `command`. */
static const char *target_find(struct json detail, struct buffer *command, struct ssh_target *ret) {
	static const char *const ways[] = {"/sshAccess/directCommand", "/sshAccess/proxyCommand"};
	const char *why = NULL;
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
		struct json value = json_at(detail, ways[i]);
		if (value.type != JSON_STRING)
			continue;
		buffer_clear(command);
		json_text(value, command);
		if (command->error)
			return "no memory"; /* what is there of it may lead elsewhere */
		const char *fault = ssh_command_read(command->data ? command->data : "", ret);
		if (!fault)
			return NULL;
		why = why ? why : fault;
	}
	return why ? why : "the API tells no way in; has it sshKeys?";
}

static void host_add(const struct item *item, struct json detail, struct buffer *out) {
	SCOPED(buffer_free) struct buffer command = {0};
	struct ssh_target target;
	const char *why = !is_plain(item->name, "-~%") ? "ssh would not take its name as it is"
			  : !is_plain(item->id, "-")   ? "ssh would not take its id as it is"
						       : target_find(detail, &command, &target);
	if (command.error)
		out->error = command.error;
	else if (why)
		host_leave_out(item, why, out);
	else
		buffer_printf(out, "\nHost %s\n\tHostName %s\n\tPort %u\n\tUser %s\n\tHostKeyAlias neevcloud-%s\n",
			item->name, target.host, target.port, target.user, item->id);
}

/* `list` is held. */
static int hosts_add(const struct view *view, const struct list *list, struct demand *demand, struct buffer *out) {
	struct scope scope = view->scope;
	unsigned own = scope.count++;
	size_t hosts = 0, ahead = 0;
	for (size_t i = 0; i < list->count; i++) {
		const struct item *item = &list->items[i];
		struct json detail;
		if (!json_string_is(json_at(item->json, "/status"), "Running") || hosts++ >= SSH_HOSTS_MAX)
			continue;
		scope.ids[own] = item->id;
		/* It waits for the last one that is not there; those before go on, and are there by then. */
		int rc = store_document(view->fs->store, &kinds[KIND_AIRUNTIME], DOC_ITEM, &scope, demand, &detail);
		if (rc == DEMAND_PARKED)
			rc = demand_ahead(&ahead);
		if (demand_ends(rc))
			return rc;
		if (rc && !ahead)
			host_leave_out(item, demand->error.message, out);
		else if (!ahead)
			host_add(item, detail, out);
	}
	if (ahead)
		return DEMAND_PARKED;
	if (hosts > SSH_HOSTS_MAX)
		buffer_printf(out, "\n# %zu more are left out: this file has at most %d\n", hosts - SSH_HOSTS_MAX,
			SSH_HOSTS_MAX);
	return 0;
}

int text_ssh_config(const struct view *view, struct demand *demand, struct buffer *out) {
	const struct list *list;
	int rc = store_list(view->fs->store, &kinds[KIND_AIRUNTIME], &view->scope, demand, &list);
	if (rc)
		return rc;
	const char *project = view->scope.ids[view->scope.count - 1];
	buffer_add(out, "# The GPU instances of ");
	buffer_add_safe(out, project, strlen(project));
	buffer_add(out, " that run.  ssh -F ssh_config NAME\n"
			"# Whether to trust a host key that is new is for you to say: see StrictHostKeyChecking in "
			"ssh_config(5).\n");
	list = list_hold(list);
	rc = hosts_add(view, list, demand, out);
	list_release(list);
	return rc;
}
