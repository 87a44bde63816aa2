#include "mount.h"

#include "credential.h"
#include "ending.h"
#include "handlers.h"
#include "holders.h"
#include "mounted.h"
#include "options_table.h"

#include "../api/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fuse.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	PROBE_MS = 5000,  /* a filesystem that has not answered by then is one that hangs */
	LOCK_TRIES = 200, /* of 10 ms each */
	LINKS_MAX = 40,
	FORCED_TRIES = 20,
};

/* ---- where ---- */

/* One step: the parent is resolved, the last name is not, as what is mounted there may be dead. `path` ends in no '/'
 * but its first. */
static int path_step(const char *path, char ret[static PATH_MAX]) {
	char copy[PATH_MAX], parent[PATH_MAX];
	strcpy(copy, path);
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

/* The absolute path of a mount point without links: the one that the kernel's table has. */
static int mount_path(const char *path, char ret[static PATH_MAX]) {
	char copy[PATH_MAX], link[PATH_MAX];
	if (strlen(path) >= sizeof copy)
		return -ENAMETOOLONG;
	strcpy(copy, path);
	for (int i = 0; i < LINKS_MAX; i++) {
		size_t len = strlen(copy);
		while (len > 1 && copy[len - 1] == '/')
			len--;
		copy[len] = 0;
		int rc = len ? path_step(copy, ret) : -ENOENT;
		if (rc)
			return rc;
		ssize_t got = readlink(ret, link, sizeof link - 1); /* asks no filesystem that is mounted there */
		if (got < 0)
			return 0;
		link[got] = 0;
		size_t dir = *link == '/' ? 0 : (size_t)(strrchr(ret, '/') + 1 - ret);
		if (dir + (size_t)got >= sizeof copy)
			return -ENAMETOOLONG;
		memcpy(copy, ret, dir);
		memcpy(copy + dir, link, (size_t)got + 1);
	}
	return -ELOOP;
}

/* What a probe finds: whether it answers, and as what. */
struct probed {
	int code;
	mode_t mode;
};

/*
 * Asks what is at the path, from a process of its own: one that hangs is left to its fate. -ETIMEDOUT if it hangs,
 * -errno if nobody could ask; 0 and the answer.
 */
static int path_probe(const char *path, struct probed *ret) {
	int fds[2];
	struct probed probed = {0};
	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	pid_t pid = fork();
	if (!pid) {
		struct statvfs alive; /* unlike stat(2), never answered by the kernel itself */
		struct stat st = {0};
		if (statvfs(path, &alive) || stat(path, &st))
			probed.code = errno;
		probed.mode = st.st_mode;
		_exit(write(fds[1], &probed, sizeof probed) != sizeof probed);
	}
	int rc = pid < 0 ? -errno : 0;
	close(fds[1]);
	struct pollfd wait = {.fd = fds[0], .events = POLLIN};
	if (!rc && poll(&wait, 1, PROBE_MS) != 1)
		rc = -ETIMEDOUT;
	if (!rc && read(fds[0], &probed, sizeof probed) != sizeof probed)
		rc = -EAGAIN;
	if (pid > 0)
		kill(pid, SIGKILL);
	if (pid > 0 && rc != -ETIMEDOUT) /* one that hangs may do so for longer than we live */
		waitpid(pid, NULL, 0);
	close(fds[0]);
	if (!rc)
		*ret = probed;
	return rc;
}

/*
 * Keeps others that start there out, until it is closed: between looking and mounting, one could unmount as dead what
 * the other just mounted. The lock is of the directory above, which is never what is mounted; where that cannot be
 * opened, of the mount point itself. -1: none. One that is held for longer than a start takes is not that of a neevfs,
 * and keeps nobody out.
 */
static int start_lock(const char *path) {
	char parent[PATH_MAX];
	strcpy(parent, path);
	char *slash = strrchr(parent, '/');
	slash[slash == parent] = 0;
	const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	int fd = open(parent, flags);
	struct mounted mounted;
	if (fd < 0 && mounted_at(path, &mounted) == -ENOENT)
		fd = open(path, flags);
	for (int i = 0; fd >= 0 && i < LOCK_TRIES && flock(fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK; i++)
		poll(NULL, 0, 10);
	return fd;
}

static void scope_close(int *fd) {
	if (*fd >= 0)
		close(*fd);
}

/* ---- unmounting ---- */

const char *mount_helper(void) {
	/* Not by PATH: what is started gets no chance to be something else. */
	static const char *const places[] = {"/usr/bin/fusermount3", "/bin/fusermount3", "/usr/local/bin/fusermount3",
		"/run/wrappers/bin/fusermount3", NULL};
	const char *const *at = places;
	while (*at && access(*at, X_OK))
		at++;
	return *at;
}

const char *mount_library(void) {
	return fuse_pkgversion();
}

static int fusermount_run(const char *path, bool lazy) {
	const char *helper = mount_helper();
	if (!helper)
		return -ENOENT;
	pid_t pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid) {
		sigset_t none;
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		int null = lazy ? -1 : open("/dev/null", O_WRONLY | O_CLOEXEC); /* only the last attempt has a say */
		if (null >= 0)
			dup2(null, STDERR_FILENO);
		execl(helper, "fusermount3", "-u", lazy ? "-qz" : "-q", "--", path, (char *)NULL);
		_exit(127);
	}
	int status;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EBUSY;
}

/* 0, -EBUSY, -EPERM, -ENOENT if there is no fusermount3. */
static int path_unmount(const char *path, bool lazy) {
	if (!geteuid()) {
		if (!umount2(path, UMOUNT_NOFOLLOW | (lazy ? MNT_DETACH : 0)))
			return 0;
		if (errno != EPERM)
			return -errno;
	}
	return fusermount_run(path, lazy);
}

static void places_free(char **places, int count) {
	while (count > 0)
		free(places[--count]);
}

/* A device's number is that filesystem's for as long as it lives. */
static int places_leave(dev_t device) {
	char *places[MOUNTED_PLACES];
	int count = mounted_where(device, places), rc = count < 0 ? count : 0;
	for (int i = 0; i < count; i++) {
		int one = path_unmount(places[i], true);
		rc = one ? one : rc;
	}
	places_free(places, count);
	return rc;
}

int mount_bury(dev_t device) {
	char *places[MOUNTED_PLACES];
	int count = device ? mounted_where(device, places) : 0, rc = count < 0 ? count : 0;
	for (int i = 0; i < count; i++) {
		SCOPED(scope_close) __attribute__((unused)) int lock = start_lock(places[i]);
		struct probed probed = {0};
		int one = path_probe(places[i], &probed);
		if ((!one && probed.code == ENOTCONN) || one == -ETIMEDOUT) {
			one = path_unmount(places[i], true);
			one = one ? one : 1;
		}
		rc = one && rc >= 0 ? one : rc;
	}
	places_free(places, count);
	return rc;
}

static bool mount_stands(dev_t device) {
	char *places[MOUNTED_PLACES];
	int count = mounted_where(device, places);
	places_free(places, count);
	return count > 0;
}

int mount_leave(struct mount *mount) {
	struct pollfd connection = {.fd = fuse_session_fd(mount->session)};
	mount->left = true;
	if (!mount->device)
		return 0;
	if (poll(&connection, 1, 0) == 0)
		return places_leave(mount->device);
	/* A forced unmount ends the connection a moment before it takes the mount away. */
	for (int i = 0; i < FORCED_TRIES && mount_stands(mount->device); i++)
		poll(NULL, 0, 10);
	return mount_bury(mount->device);
}

static int mount_held(const char *path, dev_t device, struct error *err) {
	SCOPED(buffer_free) struct buffer holders = {0};
	holders_show(device, &holders);
	error_set(err, EBUSY,
		"%s: detached, but still in use by %s; until they leave it its daemon stays, if it is alive", path,
		holders.len && !holders.error ? holders.data : "processes that cannot be seen");
	return 1;
}

int mount_remove(const char *mountpoint, struct error *err) {
	char path[PATH_MAX];
	struct mounted mounted;
	struct stat st;
	int rc = mount_path(mountpoint, path);
	bool noted = ending_forget(rc ? mountpoint : path); /* whose directory may be gone since */
	int found = rc ? rc : mounted_at(path, &mounted);
	bool ours = !found && mounted.ours;
	if (!ours && noted)
		return 0;
	if (rc)
		return error_set(err, -rc, "%s: %s", mountpoint, strerror(-rc));
	if (found == -ENOENT && lstat(path, &st) && errno == ENOENT)
		return error_set(err, ENOENT, "%s: no such directory", path);
	if (found && found != -ENOENT)
		return error_set(err, -found, "%s: what is mounted cannot be told: is /proc mounted?", path);
	if (!ours)
		return error_set(err, EINVAL, "%s: no neevfs is mounted there; neevfs status shows where", path);
	rc = path_unmount(path, false);
	if (rc == -EBUSY) { /* somebody is inside: the name goes now, the rest when they leave */
		rc = path_unmount(path, true);
		if (!rc)
			return mount_held(path, mounted.device, err);
	}
	if (rc == -ENOENT)
		return error_set(err, ENOENT, "fusermount3 is not installed (package fuse3)");
	return rc ? error_set(err, -rc, "%s: could not be unmounted; its owner or root can", path) : 0;
}

/* ---- is it free ---- */

/* Whether a neevfs can be mounted there: 0; 1: after a dead one of ours was removed; or -errno with words. */
static int path_free(const char *path, struct error *err) {
	struct mounted mounted = {0};
	struct probed probed = {0};
	int rc = mounted_at(path, &mounted);
	if (rc && rc != -ENOENT)
		mounted = (struct mounted){0}; /* without a table: the probe still says what is dead */
	if (mounted.ours && mounted.user != (long)getuid())
		return error_set(err, EBUSY, "%s: a neevfs of the user %ld is mounted there; take another directory",
			path, mounted.user);
	rc = path_probe(path, &probed);
	if (rc == -ETIMEDOUT)
		return error_set(err, EBUSY, "%s: what is mounted there (%s) does not answer; %s ends it", path,
			*mounted.type ? mounted.type : "?", mounted.ours ? "neevfs umount" : "umount -l");
	if (rc)
		return error_set(err, -rc, "%s: %s", path, strerror(-rc));
	if (probed.code == ENOTCONN && mounted.ours)
		return 1;
	if (probed.code == ENOTCONN)
		return error_set(err, EBUSY,
			"%s: a dead filesystem is mounted there (%s), which is not neevfs's to remove: umount it first",
			path, *mounted.type ? mounted.type : "?");
	if (probed.code == ENOENT)
		return error_set(err, ENOENT, "%s: no such directory; make it first, with mkdir", path);
	if (probed.code)
		return error_set(err, probed.code, "%s: %s", path, strerror(probed.code));
	if (mounted.ours)
		return error_set(err, EBUSY, "%s: a neevfs is mounted there already; neevfs umount ends it", path);
	return S_ISDIR(probed.mode) ? 0 : error_set(err, ENOTDIR, "%s: not a directory", path);
}

/* Whether an absolute path leads below the mount point, whatever of it exists. */
static bool path_is_below(const char *path, const char *mountpoint) {
	char above[PATH_MAX], real[PATH_MAX];
	size_t len = strlen(path), under = strcmp(mountpoint, "/") ? strlen(mountpoint) : 0;
	SCOPED(buffer_free) struct buffer whole = {0};
	do {
		len = len ? (size_t)((const char *)memrchr(path, '/', len) - path) : 0;
		snprintf(above, sizeof above, "%.*s/", (int)len, path);
	} while (len && !realpath(above, real));
	if (len && strcmp(real, "/") != 0)
		buffer_add(&whole, real);
	buffer_add(&whole, path + len);
	return !whole.error && !strncmp(whole.data, mountpoint, under) && whole.data[under] == '/';
}

/* What is opened while the mount stands would be looked for in it, by the daemon that would have to answer. */
static int hidden_check(const struct options *options, struct error *err) {
	const bool login = credential_source(options) == TOKEN_LOGIN;
	const char *const files[] = {
		options->token_file, options->ca_file, options->journal, login ? options->login : NULL};
	for (size_t i = 0; !options->sandbox && i < sizeof files / sizeof *files; i++)
		if (files[i] && path_is_below(files[i], options->mountpoint))
			return error_set(err, EINVAL,
				"%s: the mount would hide %s; keep that elsewhere, or mount elsewhere",
				options->mountpoint, files[i]);
	return 0;
}

int mount_check(struct options *options, struct error *err) {
	char path[PATH_MAX];
	const char *near = command_near(options->mountpoint);
	int rc = mount_path(options->mountpoint, path);
	if (rc)
		return error_set(err, -rc, "%s: %s", options->mountpoint, strerror(-rc));
	if (option_text(&options->mountpoint, path))
		return error_set(err, ENOMEM, "no memory for the options");
	rc = path_free(path, err);
	if (rc == -ENOENT && near)
		return error_set(
			err, ENOENT, "%s: no such directory, and no such command; did you mean %s?", path, near);
	return rc < 0 ? rc : hidden_check(options, err);
}

bool mount_automounted(const char *path) {
	struct mounted mounted;
	return !mounted_at(path, &mounted) && !strcmp(mounted.type, "autofs");
}

/* A comma in it is part of it, as in fstab(5). */
static void mount_option(struct fuse_args *args, const char *name, const char *value, int *rc) {
	SCOPED(buffer_free) struct buffer text = {0};
	buffer_add(&text, name);
	for (; *value; value++) {
		if (*value == ',' || *value == '\\')
			buffer_byte(&text, '\\');
		buffer_byte(&text, *value);
	}
	if (!*rc && (text.error || fuse_opt_add_arg(args, "-o") || fuse_opt_add_arg(args, text.data)))
		*rc = -ENOMEM;
}

/*
 * libfuse before 3.17 says that look-ups in one directory come side by side, and does not tell the kernel
 * (libfuse#861). Then the second one waits in the kernel for the first, where no signal reaches it, for as long as the
 * network takes. So the flag is added here to the first answer of all, the one to INIT.
 */
static ssize_t kernel_write(int fd, struct iovec *parts, int count, void *user) {
	struct fs *fs = user;
	struct fuse_init_out *out = count > 1 ? parts[1].iov_base : NULL;
	if (!fs->greeted && out && parts[1].iov_len >= offsetof(struct fuse_init_out, max_background))
		out->flags |= FUSE_PARALLEL_DIROPS;
	fs->greeted = true;
	return writev(fd, parts, count);
}

static ssize_t kernel_read(int fd, void *buf, size_t size, void *user) {
	(void)user;
	return read(fd, buf, size);
}

static int session_mount(struct fuse_session *session, const char *path, dev_t *ret_device, struct error *err) {
	SCOPED(scope_close) __attribute__((unused)) int lock = start_lock(path);
	int rc = path_free(path, err);
	if (rc > 0 && (rc = path_unmount(path, true)))
		error_set(err, -rc, "%s: the dead neevfs there could not be unmounted; neevfs umount tells why", path);
	if (rc < 0)
		return rc;
	if (fuse_session_mount(session, path))
		return error_set(err, EIO, "%s: could not be mounted; neevfs doctor tells why", path);
	struct mounted mounted;
	*ret_device = !mounted_at(path, &mounted) && mounted.ours ? mounted.device : 0;
	return 0;
}

int mount_start(struct fs *fs, struct mount *ret, struct error *err) {
	const struct options *options = fs->options;
	struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
	int rc = fuse_opt_add_arg(&args, "neevfs") ? -ENOMEM : 0;
	mount_option(&args, "fsname=",
		options->source    ? options->source
		: options->sandbox ? "neevfs-sandbox"
				   : "neevfs",
		&rc);
	mount_option(&args, "", "subtype=neevfs", &rc);
	mount_option(&args, "", "default_permissions", &rc);
	if (options->debug)
		mount_option(&args, "", "debug", &rc);
	for (size_t i = 0; i < options->kernel.count; i++)
		mount_option(&args, "", options->kernel.at[i], &rc);
	struct fuse_session *session = rc ? NULL : fuse_session_new(&args, &fs_ops, sizeof fs_ops, fs);
	fuse_opt_free_args(&args);
	if (!session)
		return error_set(err, EINVAL, "the mount options are not accepted; man neevfs lists them");
	dev_t device = 0;
	if ((rc = session_mount(session, options->mountpoint, &device, err))) {
		fuse_session_destroy(session);
		return rc;
	}
	static const struct fuse_custom_io io = {.writev = kernel_write, .read = kernel_read};
	if (fuse_session_custom_io(session, &io, fuse_session_fd(session))) {
		mount_end(&(struct mount){.session = session, .device = device});
		return error_set(err, ENOMEM, "no memory");
	}
	*ret = (struct mount){.session = session, .device = device};
	fs->session = session;
	return 0;
}

/*
 * fuse_session_unmount() unmounts whatever is at the path by now, unless poll(2) of the connection says POLLERR: so its
 * descriptor becomes that of a pipe which has no reader. It still has to be called, as it frees the path.
 */
static void session_sever(struct fuse_session *session) {
	int fds[2];
	if (pipe2(fds, O_CLOEXEC))
		return;
	dup3(fds[1], fuse_session_fd(session), O_CLOEXEC);
	close(fds[0]);
	close(fds[1]);
}

void mount_end(struct mount *mount) {
	if (!mount->session)
		return;
	if (!mount->left)
		(void)mount_leave(mount);
	if (mount->device)
		session_sever(mount->session);
	fuse_session_unmount(mount->session);
	fuse_session_destroy(mount->session);
	*mount = (struct mount){0};
}
