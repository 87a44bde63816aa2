/* Any text as an ssh command: what is taken of it is what ssh may read, and nothing else. */
#include "../../fs/ssh_command.h"
#include "fuzz.h"

static bool has_only(const char *text, const char *more) {
	for (; *text; text++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-", *text) &&
			!strchr(more, *text))
			return false;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	char *text = bytes_copy((const char *)data, size, true);
	struct ssh_target target;
	memset(&target, 'x', sizeof target);
	const char *why = ssh_command_read(text, &target);
	if (!why) {
		require(memchr(target.user, '\0', sizeof target.user) && memchr(target.host, '\0', sizeof target.host));
		require(*target.user && !strchr("-.", *target.user) && has_only(target.user, "_"));
		require(*target.host && !strchr("-.", *target.host) && has_only(target.host, ":"));
		require(target.port > 0 && target.port < 65536);
		require(strstr(text, target.user) && strstr(text, target.host));
	}
	free(text);
	return 0;
}
