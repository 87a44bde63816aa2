#include "session.h"
#include "buffer.h"
#include "scope.h"
#include "token_file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { TEXT_MAX = 2 * TOKEN_MAX + SESSION_TENANT_MAX + 256 };

static const char heading[] = "neevfs-login 1\n";

/* The whole file; wiped when it goes out of scope. */
struct text {
	char at[TEXT_MAX + 1];
};

static void text_wipe(struct text *text) {
	explicit_bzero(text, sizeof(*text));
}

void session_wipe(struct session *session) {
	explicit_bzero(session, sizeof(*session));
}

static void scope_close(int *fd) {
	if (*fd >= 0)
		close(*fd);
}

bool session_refresh_good(const char *text) {
	size_t len = strlen(text);

	for (const char *at = text; *at; at++)
		if (*at <= ' ' || *at > '~' || *at == '"' || *at == '\\')
			return false;
	return len > 0 && len <= TOKEN_MAX;
}

/* ---- reading ---- */

static bool value_take(const char *value, char *ret, size_t size) {
	size_t len = strlen(value);

	if (len >= size)
		return false;
	memcpy(ret, value, len + 1);
	return true;
}

static bool number_take(const char *value, int64_t *ret) {
	char *end;

	errno = 0;
	*ret = strtoll(value, &end, 10);
	return !errno && end != value && !*end;
}

/* Lines of a later version are passed over. */
static bool line_take(char *line, struct session *session) {
	char *value = strchr(line, ' ');

	if (!value)
		return false;
	*value++ = '\0';
	if (strcmp(line, "tenant") == 0)
		return value_take(value, session->tenant, sizeof(session->tenant));
	if (strcmp(line, "access") == 0)
		return value_take(value, session->access, sizeof(session->access));
	if (strcmp(line, "refresh") == 0)
		return session_refresh_good(value) && value_take(value, session->refresh, sizeof(session->refresh));
	if (strcmp(line, "renew") == 0)
		return number_take(value, &session->renew_s);
	return strcmp(line, "expires") != 0 || number_take(value, &session->expires_s);
}

static bool text_take(char *text, struct session *ret) {
	if (strncmp(text, heading, strlen(heading)) != 0)
		return false;
	for (char *line = text + strlen(heading), *end; *line; line = end + 1) {
		end = strchr(line, '\n');
		if (!end)
			return false;
		*end = '\0';
		if (!line_take(line, ret))
			return false;
	}
	return ret->tenant[0] && ret->access[0];
}

int session_read(const char *path, struct session *ret, struct stat *ret_seen, struct error *err) {
	SCOPED(text_wipe) struct text text;
	SCOPED(session_wipe) struct session session = {0};
	SCOPED(scope_close) int fd = -1;
	struct stat st;
	size_t len = 0;
	ssize_t n;

	fd = secret_open(path, "the stored login", &st, err);
	if (fd == -ENOENT)
		error_set(err, EKEYEXPIRED, "nobody is logged in: run `neevfs login`");
	if (fd < 0)
		return fd;
	do {
		n = read(fd, text.at + len, TEXT_MAX - len);
		len += n > 0 ? (size_t)n : 0;
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0)
		return error_set(err, EKEYEXPIRED, "the stored login %s cannot be read: %s", path, strerror(errno));
	text.at[len] = '\0';
	if (strlen(text.at) != len || !text_take(text.at, &session))
		return error_set(err, EKEYEXPIRED, "the stored login %s is damaged: run `neevfs login` again", path);
	*ret = session;
	*ret_seen = st;
	return 0;
}

/* ---- the directory and the lock ---- */

static int refuse(const char *path, const char *what, struct error *err) {
	int reason = errno;

	return error_set(err, reason == ENOSPC || reason == EDQUOT ? ENOSPC : EACCES, "%s %s: %s", path, what,
		reason == ELOOP || reason == ENOTDIR ? "it is a symbolic link or no directory" : strerror(reason));
}

/* The directory of `path`, which is made where it does not exist. */
static int directory_open(const char *path, int *ret, struct error *err) {
	SCOPED(scope_free) char *directory = strdup(path);
	SCOPED(scope_close) int fd = -1;
	char *last = directory ? strrchr(directory, '/') : NULL;
	struct stat st;

	if (!directory)
		return error_set(err, ENOMEM, "no memory");
	if (!last || last == directory)
		return error_set(err, EACCES, "%s has no directory of its own", path);
	*last = '\0';
	for (char *slash = strchr(directory + 1, '/');; slash = strchr(slash + 1, '/')) {
		if (slash)
			*slash = '\0';
		if (mkdir(directory, 0700) < 0 && errno != EEXIST)
			return refuse(directory, "cannot be made", err);
		if (!slash)
			break;
		*slash = '/';
	}
	fd = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return refuse(directory, "cannot be opened", err);
	if (st.st_uid != geteuid())
		return error_set(err, EACCES, "the directory %s belongs to another user", directory);
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return error_set(
			err, EACCES, "others can get at the directory %s: run `chmod 700 %s`", directory, directory);
	*ret = fd;
	fd = -1;
	return 0;
}

static const char *file_name(const char *path) {
	return strrchr(path, '/') + 1;
}

int session_lock(const char *path, int *ret_fd, struct error *err) {
	SCOPED(scope_close) int directory = -1, fd = -1;
	char name[64];
	struct stat st;
	int rc = directory_open(path, &directory, err);

	if (rc < 0)
		return rc;
	snprintf(name, sizeof(name), "%s.lock", file_name(path));
	fd = openat(directory, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0600);
	if (fd < 0 || fstat(fd, &st) < 0)
		return refuse(path, "cannot have its lock opened", err);
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid())
		return error_set(err, EACCES, "%s.lock is no regular file of yours: remove it", path);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return errno == EWOULDBLOCK || errno == EINTR ? -EAGAIN : refuse(path, "cannot be locked", err);
	*ret_fd = fd;
	fd = -1;
	return 0;
}

/* ---- writing ---- */

/* What stands there may be replaced: nothing, or a file as we write it. */
static int place_check(int directory, const char *path, struct error *err) {
	struct stat st;

	if (fstatat(directory, file_name(path), &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? -ENOENT : refuse(path, "cannot be looked at", err);
	if (S_ISLNK(st.st_mode))
		return error_set(err, EACCES, "%s is a symbolic link, which is not followed: remove it", path);
	if (!S_ISREG(st.st_mode) || st.st_uid != geteuid())
		return error_set(err, EACCES, "%s is no regular file of yours: remove it", path);
	return 0;
}

static int text_write(int fd, const char *text) {
	size_t len = strlen(text);

	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

int session_write(const char *path, const struct session *session, struct error *err) {
	SCOPED(scope_close) int directory = -1, fd = -1;
	SCOPED(text_wipe) struct text text;
	char name[64];
	int rc = directory_open(path, &directory, err);

	if (rc == 0 && (rc = place_check(directory, path, err)) == -ENOENT)
		rc = 0;
	if (rc < 0)
		return rc;
	snprintf(text.at, sizeof(text.at), "%stenant %s\naccess %s\n%s%s%srenew %" PRId64 "\nexpires %" PRId64 "\n",
		heading, session->tenant, session->access, session->refresh[0] ? "refresh " : "", session->refresh,
		session->refresh[0] ? "\n" : "", session->renew_s, session->expires_s);
	snprintf(name, sizeof(name), "%s.new", file_name(path));
	/* One that a crash has left, or that somebody has put there, is not written to. */
	if (unlinkat(directory, name, 0) < 0 && errno != ENOENT)
		return refuse(path, "cannot be written", err);
	fd = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || fchmod(fd, 0600) < 0 || text_write(fd, text.at) < 0 || fsync(fd) < 0 ||
		renameat(directory, name, directory, file_name(path)) < 0) {
		rc = refuse(path, "cannot be written", err);
		unlinkat(directory, name, 0);
		return rc;
	}
	fsync(directory); /* a file system that knows no such thing is no reason to lose the login */
	return 0;
}

int session_remove(const char *path, struct error *err) {
	SCOPED(scope_close) int directory = -1;
	int rc = directory_open(path, &directory, err);

	if (rc == 0)
		rc = place_check(directory, path, err);
	if (rc < 0)
		return rc;
	if (unlinkat(directory, file_name(path), 0) < 0)
		return refuse(path, "cannot be removed", err);
	fsync(directory);
	return 0;
}
