#include "holders.h"

#include "../api/scope.h"
#include "process.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static void scope_closedir(DIR **dir) {
	if (*dir)
		closedir(*dir);
}

/* Where a link of /proc leads. A filesystem of which nothing is wanted but its device is not asked. */
static bool link_leads(int dir, const char *name, dev_t device) {
	struct statx found;
	return !statx(dir, name, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, 0, &found) &&
	       makedev(found.stx_dev_major, found.stx_dev_minor) == device;
}

static DIR *dir_below(DIR *dir, const char *name) {
	int fd = openat(dirfd(dir), name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *below = fd < 0 ? NULL : fdopendir(fd);
	if (fd >= 0 && !below)
		close(fd);
	return below;
}

static bool process_holds(DIR *proc, const char *pid, dev_t device) {
	SCOPED(scope_closedir) DIR *process = dir_below(proc, pid);
	if (!process)
		return false;
	if (link_leads(dirfd(process), "cwd", device) || link_leads(dirfd(process), "root", device))
		return true;
	SCOPED(scope_closedir) DIR *files = dir_below(process, "fd");
	for (const struct dirent *file; files && (file = readdir(files));)
		if (file->d_type == DT_LNK && link_leads(dirfd(files), file->d_name, device))
			return true;
	return false;
}

void holders_show(dev_t device, struct buffer *out) {
	SCOPED(scope_closedir) DIR *proc = opendir("/proc");
	size_t count = 0;
	for (const struct dirent *entry; proc && (entry = readdir(proc));) {
		char command[COMMAND_SIZE], *end;
		pid_t pid = (pid_t)strtol(entry->d_name, &end, 10);
		if (*end || !process_holds(proc, entry->d_name, device))
			continue;
		if (count++ == HOLDERS_SHOWN) {
			buffer_add(out, " and others");
			return;
		}
		process_command(pid, command);
		buffer_add(out, count > 1 ? ", " : "");
		buffer_add_safe(out, command, strlen(command));
		buffer_printf(out, " (%d)", (int)pid);
	}
}
