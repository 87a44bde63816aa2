#include "mount.h"

#include "handlers.h"
#include "options_table.h"

#include "../api/scope.h"

#include <errno.h>
#include <limits.h>
#include <mntent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

static const char mount_type[] = "fuse.neevfs";

/* Whether the topmost mount there is ours: from the kernel's table, without touching the filesystem, which may be dead.
 */
static bool mount_ours(const char *path) {
	FILE *table = setmntent("/proc/self/mounts", "re");
	bool ours = false;
	if (!table)
		return false;
	for (struct mntent *entry; (entry = getmntent(table));)
		if (!strcmp(entry->mnt_dir, path))
			ours = !strcmp(entry->mnt_type, mount_type);
	endmntent(table);
	return ours;
}

/* The absolute path of a mount point: only its parent is resolved, as the point itself may be dead. */
static int mount_path(const char *path, char ret[static PATH_MAX]) {
	char copy[PATH_MAX], parent[PATH_MAX];
	size_t len = strlen(path);
	while (len > 1 && path[len - 1] == '/')
		len--;
	if (!len || len >= sizeof copy)
		return len ? -ENAMETOOLONG : -ENOENT;
	memcpy(copy, path, len);
	copy[len] = 0;
	char *slash = strrchr(copy, '/');
	const char *last = slash ? slash + 1 : copy;
	if (!*last || !strcmp(last, ".") || !strcmp(last, ".."))
		return realpath(copy, ret) ? 0 : -errno;
	if (slash)
		*slash = 0;
	if (!realpath(!slash ? "." : slash == copy ? "/" : copy, parent))
		return -errno;
	int width = snprintf(ret, PATH_MAX, "%s/%s", strcmp(parent, "/") ? parent : "", last);
	return width < PATH_MAX ? 0 : -ENAMETOOLONG;
}

static int mount_run(const char *const *argv) {
	pid_t pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		sigset_t none;
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		char *args[8] = {0};
		for (size_t i = 0; i < 7 && argv[i]; i++)
			if (!(args[i] = strdup(argv[i])))
				_exit(126);
		execvp(args[0], args);
		_exit(127);
	}
	int status;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 127 ? -ENOENT
	       : WIFEXITED(status) && !WEXITSTATUS(status)     ? 0
							       : -EBUSY;
}

int mount_remove(const char *mountpoint, struct error *err) {
	char path[PATH_MAX];
	int rc = mount_path(mountpoint, path);
	if (rc)
		return error_set(err, -rc, "%s: %s", mountpoint, strerror(-rc));
	struct stat st;
	if (lstat(path, &st) && errno == ENOENT)
		return error_set(err, ENOENT, "%s: no such directory", path);
	if (!mount_ours(path))
		return error_set(err, EINVAL, "%s: no neevfs is mounted there", path);
	rc = mount_run((const char *const[]){"fusermount3", "-q", "-u", "--", path, NULL});
	if (rc == -EBUSY) /* somebody is inside: the name goes now, the rest when they leave */
		rc = mount_run((const char *const[]){"fusermount3", "-u", "-z", "--", path, NULL});
	if (rc == -ENOENT)
		return error_set(err, ENOENT, "fusermount3 is not installed (package fuse3)");
	return rc ? error_set(err, -rc, "%s: could not be unmounted", path) : 0;
}

int mount_check(struct options *options, struct error *err) {
	char path[PATH_MAX];
	struct stat st;
	int rc = mount_path(options->mountpoint, path);
	if (rc)
		return error_set(err, -rc, "%s: %s", options->mountpoint, strerror(-rc));
	bool ours = mount_ours(path);
	struct statvfs alive; /* unlike stat(2), never answered by the kernel itself */
	if (statvfs(path, &alive) || stat(path, &st)) {
		rc = -errno;
		if (rc == -ENOTCONN && ours)
			rc = mount_remove(path, err);
		else if (rc == -ENOENT)
			return error_set(err, ENOENT, "%s: no such directory; make it first: mkdir %s", path,
				options->mountpoint);
		else
			error_set(err, -rc, "%s: %s", path, strerror(-rc));
		if (rc)
			return rc;
	} else if (!S_ISDIR(st.st_mode)) {
		return error_set(err, ENOTDIR, "%s: not a directory", path);
	} else if (ours) {
		return error_set(err, EBUSY, "%s: a neevfs is mounted there already; neevfs umount %s ends it", path,
			options->mountpoint);
	}
	return option_text(&options->mountpoint, path) ? error_set(err, ENOMEM, "no memory for the options") : 0;
}

static void mount_option(struct fuse_args *args, const char *text, int *rc) {
	if (!*rc && (fuse_opt_add_arg(args, "-o") || fuse_opt_add_arg(args, text)))
		*rc = -ENOMEM;
}

int mount_start(struct fs *fs, struct fuse_session **ret, struct error *err) {
	const struct options *options = fs->options;
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	SCOPED(buffer_free) struct buffer name = {0};
	int rc = fuse_opt_add_arg(&args, "neevfs") ? -ENOMEM : 0;
	buffer_add(&name, "fsname=");
	for (const char *at = options->source    ? options->source
			      : options->sandbox ? "neevfs-sandbox"
						 : "neevfs";
		*at; at++) {
		if (*at == ',' || *at == '\\')
			buffer_byte(&name, '\\');
		buffer_byte(&name, *at);
	}
	if (name.error)
		rc = -ENOMEM;
	mount_option(&args, name.data, &rc);
	mount_option(&args, "subtype=neevfs", &rc);
	mount_option(&args, "default_permissions", &rc);
	if (options->debug)
		mount_option(&args, "debug", &rc);
	for (size_t i = 0; i < options->kernel.count; i++)
		mount_option(&args, options->kernel.at[i], &rc);
	struct fuse_session *session = rc ? NULL : fuse_session_new(&args, &fs_ops, sizeof fs_ops, fs);
	fuse_opt_free_args(&args);
	if (!session)
		return error_set(err, EINVAL, "the mount options are not accepted");
	if (fuse_session_mount(session, options->mountpoint)) {
		fuse_session_destroy(session);
		return error_set(err, EIO, "%s: could not be mounted", options->mountpoint);
	}
	*ret = session;
	return 0;
}

void mount_end(struct fuse_session *session) {
	fuse_session_unmount(session);
	fuse_session_destroy(session);
}
