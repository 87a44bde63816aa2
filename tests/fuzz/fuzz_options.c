/*
 * Any text as the config file, and behind each NUL as one -o argument; the first byte chooses the command.
 *
 * What is taken shows itself in a form that is taken again and then shows the same; a token is never shown.
 */
#include "../../api/scope.h"
#include "../../fs/options.h"
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ARGS_MAX = 16 };

static char config_path[200];

static void dirs_remove(void);

static void dirs_make(void) {
	static char home[100];
	if (*config_path)
		return;
	snprintf(home, sizeof(home), "/dev/shm/neevfs-fuzz-%d", (int)getpid());
	require(!mkdir(home, 0700));
	setenv("XDG_CONFIG_HOME", home, 1);
	setenv("XDG_STATE_HOME", home, 1);
	setenv("NEEV_API_TOKEN", "tok.EN-tok.EN", 1);
	snprintf(config_path, sizeof(config_path), "%s/neevfs", home);
	require(!mkdir(config_path, 0700));
	snprintf(config_path, sizeof(config_path), "%s/neevfs/config", home);
	atexit(dirs_remove);
}

static void dirs_remove(void) {
	if (!*config_path)
		return;
	unlink(config_path);
	*strrchr(config_path, '/') = '\0';
	rmdir(config_path);
	*strrchr(config_path, '/') = '\0';
	rmdir(config_path);
}

static void config_write(const char *data, size_t len) {
	int fd = open(config_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	require(fd >= 0 && write(fd, data, len) == (ssize_t)len && !close(fd));
}

/* Reads them, with what belongs to it. */
static int options_take(struct options *options, int argc, char **argv, struct buffer *ret_shown) {
	struct error err = {0};
	int rc = options_read(options, argc, argv, &err);
	if (!rc && options->command == COMMAND_MOUNT)
		rc = options_finish(options, &err);
	if (rc) {
		require(rc == -err.code && *err.message && memchr(err.message, '\0', sizeof(err.message)));
		require(!strstr(err.message, "tok.EN"));
		return rc;
	}
	options_show(options, ret_shown);
	require(!ret_shown->error && (!ret_shown->data || !strstr(ret_shown->data, "tok.EN")));
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static char neevfs[] = "neevfs", o[] = "-o", mountpoint[] = "/m", sandbox[] = "--sandbox";
	char *argv[2 * ARGS_MAX + 4] = {neevfs};
	int argc = 1;
	struct options options = {0}, again = {0};
	if (!size)
		return 0;
	dirs_make();
	if (memmem(data, size, "tok.EN", 6)) /* the user's own words may be repeated */
		return 0;
	SCOPED(scope_free) char *text = bytes_copy((const char *)data + 1, size - 1, true);
	const char *config = text;
	for (char *at = text + strlen(text) + 1; at < text + size && argc < 2 * ARGS_MAX; at += strlen(at) + 1) {
		argv[argc++] = o;
		argv[argc++] = at;
	}
	bool simulated = data[0] & 1;
	if (simulated)
		argv[argc++] = sandbox;
	argv[argc++] = mountpoint;
	config_write(config, strlen(config));
	SCOPED(buffer_free) struct buffer shown = {0};
	SCOPED(buffer_free) struct buffer more = {0};
	bool good = !options_take(&options, argc, argv, &shown);
	/* As a config file, which cannot hold every blank. */
	for (const char *at = config + strlen(config); good && at < text + size; at++)
		good = (unsigned char)*at > ' ' || !*at;
	/* Nor one at the end of a value, which ORG of "ORG /ID" becomes. */
	good = good && !memmem(shown.data, shown.len, " \n", 2) && !memmem(shown.data, shown.len, "\t\n", 2);
	if (good && !simulated && options.command == COMMAND_MOUNT) {
		char *plain[] = {neevfs, mountpoint, NULL};
		config_write(shown.data, shown.len);
		require(!options_take(&again, 2, plain, &more));
		require(more.len == shown.len && !memcmp(more.data, shown.data, more.len));
	}
	options_free(&options);
	options_free(&again);
	return 0;
}
