#include "standing.h"

#include "../api/buffer.h"
#include "../api/scope.h"
#include "shell_word.h"

#include <pwd.h>
#include <string.h>

static void owner_show(long user, struct buffer *out) {
	const struct passwd *owner = user < 0 ? NULL : getpwuid((uid_t)user);
	if (owner)
		buffer_add_safe(out, owner->pw_name, strlen(owner->pw_name));
	else
		buffer_printf(out, "the user %ld", user);
}

/* Of the daemon's own words those that one looks for first. */
static bool line_matters(const char *line, size_t len) {
	static const char *const keys[] = {"version", "pid", "mounted", "token source", "token", "token expires",
		"last answer", "creates under way", "creates in doubt", NULL};
	size_t key_len = 0;
	while (key_len < len && line[key_len] != ':')
		key_len++;
	for (const char *const *key = keys; *key; key++)
		if (strlen(*key) == key_len && !strncmp(*key, line, key_len))
			return true;
	/* "service gpu: up", and not "service gpu url: ..." */
	return key_len > 8 && !strncmp(line, "service ", 8) && !memchr(line + 8, ' ', key_len - 8);
}

static void text_show(const char *text, struct buffer *out) {
	for (const char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
		if (!line_matters(line, (size_t)(end - line)))
			continue;
		buffer_add(out, "    ");
		buffer_add_safe(out, line, (size_t)(end - line));
		buffer_byte(out, '\n');
	}
}

static void umount_show(const char *path, struct buffer *out) {
	SCOPED(buffer_free) struct buffer word = {0};
	shell_word(path, &word);
	out->error = word.error ? word.error : out->error;
	buffer_add(out, "neevfs umount ");
	if (word.data)
		buffer_add_safe(out, word.data, word.len);
	buffer_byte(out, '\n');
}

static void standing_show(const struct standing *standing, struct buffer *out) {
	static const char *const states[] = {[STANDING_ALIVE] = "alive",
		[STANDING_DEAD] = "DEAD",
		[STANDING_HANGS] = "DOES NOT ANSWER",
		[STANDING_CLOSED] = "unknown"};
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
		umount_show(standing->path, out);
		break;
	case STANDING_CLOSED:
		buffer_add(out, "    it lets only its owner in, who can ask with neevfs status\n");
		break;
	}
}

static void ending_show(const struct ending *ending, struct buffer *out) {
	buffer_add_safe(out, ending->path, strlen(ending->path));
	buffer_add(out, ": ENDED at ");
	buffer_add_safe(out, ending->when, strlen(ending->when));
	buffer_add(out, ", and is not mounted any more\n    its process ");
	buffer_add_safe(out, ending->how, strlen(ending->how));
	buffer_add(out, "\n    mount it again: ");
	buffer_add_safe(out, ending->command, strlen(ending->command));
	buffer_add(out, "\n    or forget it: ");
	umount_show(ending->path, out);
}

void standings_show(const struct standings *standings, const struct endings *endings, FILE *out) {
	SCOPED(buffer_free) struct buffer text = {0};
	for (size_t i = 0; i < standings->count; i++)
		standing_show(standings->at[i], &text);
	if (standings->beyond)
		buffer_printf(&text, "and %zu more, which were not asked\n", standings->beyond);
	for (size_t i = 0; i < endings->count; i++)
		if (standings_lack(standings, &endings->at[i]))
			ending_show(&endings->at[i], &text);
	if (!text.len)
		buffer_add(&text, "no neevfs is mounted\n"
				  "    a simulated cloud, for a first look: mkdir cloud && neevfs --sandbox cloud\n"
				  "    your own: neevfs login, then mkdir neev && neevfs neev\n");
	fputs(text.error ? "no memory\n" : text.data, out);
}

bool standings_well(const struct standings *standings, const struct endings *endings) {
	for (size_t i = 0; i < endings->count; i++)
		if (standings_lack(standings, &endings->at[i]))
			return false;
	for (size_t i = 0; i < standings->count; i++)
		if (standings->at[i]->state == STANDING_DEAD || standings->at[i]->state == STANDING_HANGS)
			return false;
	return true;
}
