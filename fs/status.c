#include "status.h"

#include "../api/buffer.h"
#include "../api/scope.h"
#include "standing.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>

static void owner_show(long user, struct buffer *out) {
	const struct passwd *owner = user < 0 ? NULL : getpwuid((uid_t)user);
	if (owner)
		buffer_add_safe(out, owner->pw_name, strlen(owner->pw_name));
	else
		buffer_printf(out, "the user %ld", user);
}

/* The daemon's own words, each line indented. */
static void text_show(const char *text, struct buffer *out) {
	for (const char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
		buffer_add(out, "    ");
		buffer_add_safe(out, line, (size_t)(end - line));
		buffer_byte(out, '\n');
	}
}

static void standing_show(const struct standing *standing, struct buffer *out) {
	static const char *const states[] = {[STANDING_ALIVE] = "alive",
		[STANDING_DEAD] = "DEAD",
		[STANDING_HANGS] = "DOES NOT ANSWER",
		[STANDING_CLOSED] = "not to be told"};
	buffer_add_safe(out, standing->path, strlen(standing->path));
	buffer_printf(out, ": %s; ", states[standing->state]);
	buffer_add_safe(out, standing->mounted.source, strlen(standing->mounted.source));
	buffer_add(out, ", of ");
	owner_show(standing->mounted.user, out);
	buffer_add(out, standing->mounted.read_only ? ", read-only\n" : "\n");
	switch (standing->state) {
	case STANDING_ALIVE:
		text_show(standing->text, out);
		break;
	case STANDING_DEAD:
	case STANDING_HANGS:
		buffer_add(out, standing->state == STANDING_DEAD ? "    its process is gone; free the directory: "
								 : "    end it: ");
		buffer_add(out, "neevfs umount ");
		buffer_add_safe(out, standing->path, strlen(standing->path));
		buffer_byte(out, '\n');
		break;
	case STANDING_CLOSED:
		buffer_add(out, "    it lets only its owner in, who may ask: neevfs status\n");
		break;
	}
}

int status_run(FILE *out, bool *ret_well, struct error *err) {
	SCOPED(standings_free) struct standings standings;
	SCOPED(buffer_free) struct buffer text = {0};
	int rc = standings_read(&standings);
	if (rc)
		return error_set(err, -rc, "what is mounted cannot be told: %s", strerror(-rc));
	bool well = true;
	for (size_t i = 0; i < standings.count; i++) {
		enum standing_state state = standings.at[i]->state;
		standing_show(standings.at[i], &text);
		well &= state == STANDING_ALIVE || state == STANDING_CLOSED;
	}
	if (!standings.count)
		buffer_add(
			&text, "no neevfs is mounted; one is by: neevfs MOUNTPOINT, or neevfs --sandbox MOUNTPOINT\n");
	if (standings.beyond)
		buffer_printf(&text, "and %zu more, which were not asked\n", standings.beyond);
	if (text.error)
		return error_set(err, -text.error, "no memory");
	fputs(text.data, out);
	*ret_well = well;
	return 0;
}
