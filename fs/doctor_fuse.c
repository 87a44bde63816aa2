#include "doctor_own.h"

#include "../api/scope.h"
#include "mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

static const char in_container[] =
	"in a container: run it with --device /dev/fuse --cap-add SYS_ADMIN (and apparmor=unconfined); else: modprobe "
	"fuse";

/* ---- files of the system ---- */

bool conf_has(FILE *conf, const char *word) {
	char line[256];
	bool found = false;
	while (!found && fgets(line, sizeof line, conf)) {
		char *at = line + strspn(line, " \t");
		size_t len = strcspn(at, " \t\r\n#");
		found = len == strlen(word) && !strncmp(at, word, len);
	}
	return found;
}

/* Of "NAME:\tVALUE" in /proc/self/status. 0 if it is not there. */
static unsigned long long process_flags(const char *name, int base) {
	char line[256];
	unsigned long long value = 0;
	FILE *file = fopen("/proc/self/status", "re");
	while (file && fgets(line, sizeof line, file))
		if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == ':')
			value = strtoull(line + strlen(name) + 1, NULL, base);
	if (file)
		fclose(file);
	return value;
}

static bool process_may_mount(void) {
	return !geteuid() && process_flags("CapEff", 16) >> CAP_SYS_ADMIN & 1;
}

/* Whether the kernel has the filesystem, as the last word of a line: "nodev\tfuse". */
static bool kernel_has_fuse(void) {
	char line[256];
	bool found = false;
	FILE *file = fopen("/proc/filesystems", "re");
	while (file && !found && fgets(line, sizeof line, file)) {
		line[strcspn(line, "\n")] = 0;
		const char *tab = strrchr(line, '\t');
		found = !strcmp(tab ? tab + 1 : line, "fuse");
	}
	if (file)
		fclose(file);
	return found || !file; /* no /proc, no complaint */
}

/* ---- checks ---- */

static void kernel_check(struct findings *findings) {
	struct utsname kernel;
	if (uname(&kernel))
		return;
	if (kernel_has_fuse())
		finding_say(findings, FINDING_OK, "kernel", NULL, "Linux %s has FUSE; libfuse is %s", kernel.release,
			mount_library());
	else
		finding_say(findings, FINDING_FAIL, "kernel", "modprobe fuse, on the host if this is a container",
			"Linux %s has no filesystem fuse in /proc/filesystems", kernel.release);
}

/* Opening it loads the module, so this comes before the look at /proc/filesystems. */
static void device_check(struct findings *findings) {
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	int reason = fd < 0 ? errno : 0;
	if (fd >= 0)
		close(fd);
	if (!reason)
		finding_say(findings, FINDING_OK, "/dev/fuse", NULL, "can be opened");
	else if (reason == EACCES && geteuid())
		finding_say(findings, FINDING_WARN, "/dev/fuse", "as root: chmod 666 /dev/fuse",
			"this user may not open it: only a setuid fusermount3 can");
	else
		finding_say(findings, FINDING_FAIL, "/dev/fuse", in_container, "%s",
			reason == ENOENT ? "it is not there" : strerror(reason));
}

/* Plain users need it, and root where it lacks the capability. */
static void helper_check(struct findings *findings) {
	const char *path = mount_helper();
	struct stat st;
	if (process_may_mount()) {
		finding_say(findings, FINDING_OK, "mounting", NULL, "root may mount by itself%s",
			path ? "" : "; fusermount3 is not there, which others need");
		return;
	}
	if (!geteuid()) {
		finding_say(findings, FINDING_FAIL, "mounting", in_container,
			"this root may not mount: it lacks CAP_SYS_ADMIN");
		return;
	}
	if (!path || stat(path, &st)) {
		finding_say(findings, FINDING_FAIL, "fusermount3", "install the package fuse3",
			"it is not there, and only root can mount without it");
		return;
	}
	if (st.st_uid || !(st.st_mode & S_ISUID)) {
		SCOPED(buffer_free) struct buffer advice = {0};
		buffer_printf(&advice, "as root: chown root %s && chmod u+s %s", path, path);
		finding_say(findings, FINDING_FAIL, "fusermount3", advice.data, "%s is not setuid root", path);
		return;
	}
	if (process_flags("NoNewPrivs", 10)) {
		finding_say(findings, FINDING_FAIL, "fusermount3",
			"start it without NoNewPrivileges= and the like of systemd, or without the sandbox it is in",
			"%s is setuid root, which this process may not use (NoNewPrivs)", path);
		return;
	}
	finding_say(findings, FINDING_OK, "fusermount3", NULL, "%s is setuid root", path);
}

static void allow_other_check(struct findings *findings, const struct options *options) {
	if (!options->allow_other || !geteuid())
		return;
	FILE *conf = fopen("/etc/fuse.conf", "re");
	bool allowed = conf && conf_has(conf, "user_allow_other");
	if (conf)
		fclose(conf);
	if (allowed)
		finding_say(findings, FINDING_OK, "allow_other", NULL, "/etc/fuse.conf has user_allow_other");
	else
		finding_say(findings, FINDING_FAIL, "allow_other",
			"as root: echo user_allow_other >> /etc/fuse.conf; or leave allow_other out",
			"it needs user_allow_other in /etc/fuse.conf");
}

void doctor_fuse(struct doctor *doctor) {
	device_check(&doctor->findings);
	kernel_check(&doctor->findings);
	helper_check(&doctor->findings);
	allow_other_check(&doctor->findings, doctor->options);
}
