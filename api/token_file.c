#include "token_file.h"
#include "scope.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static void scope_close(int *fd) {
	if (*fd >= 0)
		close(*fd);
}

int secret_open(const char *path, const char *what, struct stat *ret, struct error *err) {
	/* O_NONBLOCK: a FIFO in its place must not stop the loop. */
	SCOPED(scope_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int good;

	if (fd < 0 && errno == ENOENT) {
		error_set(err, EKEYEXPIRED, "there is no %s %s", what + strlen("the "), path);
		return -ENOENT;
	}
	if (fd < 0 && errno == ELOOP)
		return error_set(err, EKEYEXPIRED,
			"%s %s is a symbolic link, which is not followed: name the file itself", what, path);
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set(err, EKEYEXPIRED, "%s %s cannot be opened: %s", what, path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return error_set(err, EKEYEXPIRED, "%s %s is no regular file", what, path);
	if (st.st_uid != geteuid())
		return error_set(err, EKEYEXPIRED, "%s %s belongs to another user: make one of your own", what, path);
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return error_set(err, EKEYEXPIRED, "others can get at %s %s: run `chmod 600 %s`", what, path, path);
	*ret = st;
	good = fd;
	fd = -1;
	return good;
}

bool secret_unchanged(const struct stat *a, const struct stat *b) {
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Reads to the end, or -errno; what is beyond the bound is not kept. */
static int source_read(struct source *source, int fd) {
	char waste[512];

	source->len = 0;
	for (;;) {
		bool full = source->len == SOURCE_MAX;
		ssize_t n = full ? read(fd, waste, sizeof(waste))
				 : read(fd, source->text + source->len, SOURCE_MAX - source->len);

		if (n < 0 && errno == EINTR)
			continue;
		explicit_bzero(waste, sizeof(waste));
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		if (!full)
			source->len += (size_t)n;
	}
}

/* Whether the token in use may serve a moment longer, though its file is gone or empty. */
static bool file_excused(struct token_file *file, int64_t now_ms, const struct token_text *text) {
	if (!text->text[0])
		return false;
	if (!file->gone_ms)
		file->gone_ms = now_ms ? now_ms : 1;
	return now_ms - file->gone_ms < TOKEN_FILE_GRACE_MS;
}

int token_file_read(struct token_file *file, bool always, int64_t now_ms, struct token_text *text, struct error *err) {
	const char *path = file->path;
	SCOPED(source_wipe) struct source source;
	SCOPED(scope_close) int fd = -1;
	struct stat st = {0};
	int rc;

	if (!path)
		return 0;
	fd = secret_open(path, "the token file", &st, err);
	if (fd == -ENOENT)
		return file_excused(file, now_ms, text) ? 0 : -EKEYEXPIRED;
	if (fd < 0)
		return fd;
	if (!always && text->text[0] && secret_unchanged(&st, &file->seen)) {
		file->gone_ms = 0;
		return 0;
	}
	if (st.st_size > SOURCE_MAX)
		return error_set(err, EKEYEXPIRED, "the token file %s is too large to hold a token", path);
	rc = source_read(&source, fd);
	if (rc < 0)
		return error_set(err, EKEYEXPIRED, "the token file %s cannot be read: %s", path, strerror(-rc));
	if (source.len == 0 && file_excused(file, now_ms, text))
		return 0;
	rc = token_text_accept(text, source.text, source.len, "the token file", EKEYEXPIRED, err);
	if (rc < 0)
		return rc;
	file->seen = st;
	file->gone_ms = 0;
	return 0;
}
