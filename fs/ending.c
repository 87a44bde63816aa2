#include "ending.h"

#include "../api/scope.h"
#include "moment.h"
#include "mounted.h"
#include "options.h"
#include "shell_word.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	LOCK_TRIES = 100, /* of 10 ms each */
	COMMAND_MAX = 1024,
	FILE_MAX = ENDINGS_MAX * ENDING_LINE_MAX,
};

static const char name_now[] = "ended", name_next[] = "ended.new";

static void scope_close(int *fd) {
	if (*fd >= 0)
		close(*fd);
}

/* ---- the directory ---- */

/* Held by who changes the file, as the next one is another file. -ENOENT: there is none, or no home directory. */
static int directory_open(bool make, bool lock) {
	SCOPED(buffer_free) struct buffer path = {0};
	options_state_path("", &path);
	if (!path.data || path.error)
		return path.error ? path.error : -ENOENT;
	for (char *slash = strchr(path.data + 1, '/'); make && slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		(void)mkdir(path.data, 0700); /* if it fails the open does */
		*slash = '/';
	}
	SCOPED(scope_close) int fd = open(path.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (int i = 0; lock && flock(fd, LOCK_EX | LOCK_NB); i++) {
		if (errno != EWOULDBLOCK || i == LOCK_TRIES)
			return -errno;
		poll(NULL, 0, 10);
	}
	int held = fd;
	fd = -1;
	return held;
}

/* ---- reading ---- */

/* "WHEN\tPATH\tHOW\tCOMMAND" */
static bool line_read(char *line, struct ending *ret) {
	const char *fields[4];
	for (size_t i = 0; i < 4; i++)
		if (!(fields[i] = strsep(&line, "\t")) || !*fields[i])
			return false;
	*ret = (struct ending){.when = fields[0], .path = fields[1], .how = fields[2], .command = fields[3]};
	return !line && *ret->path == '/';
}

static void file_read(int directory, struct buffer *out) {
	/* A FIFO in its place must stop nobody. */
	SCOPED(scope_close)
	int fd = openat(directory, name_now, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;
	char chunk[4096];
	ssize_t got;
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_uid != geteuid())
		return;
	while (out->len < FILE_MAX && (got = read(fd, chunk, sizeof chunk)) > 0)
		buffer_append(out, chunk, (size_t)got);
}

static void endings_read_at(int directory, struct endings *ret) {
	*ret = (struct endings){.count = 0};
	file_read(directory, &ret->text);
	for (char *rest = ret->text.data, *line; !ret->text.error && (line = strsep(&rest, "\n"));) {
		struct ending ending;
		if (!rest || !line_read(line, &ending)) /* what has no end was cut */
			continue;
		if (ret->count == ENDINGS_MAX)
			memmove(ret->at, ret->at + 1, --ret->count * sizeof *ret->at);
		ret->at[ret->count++] = ending;
	}
}

void endings_read(struct endings *ret) {
	SCOPED(scope_close) int directory = directory_open(false, false);
	endings_read_at(directory, ret);
}

void endings_free(struct endings *endings) {
	buffer_free(&endings->text);
	*endings = (struct endings){.count = 0};
}

bool ending_is_of(const struct ending *ending, const char *path) {
	SCOPED(buffer_free) struct buffer safe = {0};
	buffer_add_safe(&safe, path, strlen(path));
	return !safe.error && safe.data && !strcmp(safe.data, ending->path);
}

/* ---- writing ---- */

static int file_write(int directory, const struct buffer *text) {
	if (text->error)
		return text->error;
	if (!text->len)
		return unlinkat(directory, name_now, 0) ? -errno : 0;
	(void)unlinkat(directory, name_next, 0); /* what a crash has left */
	SCOPED(scope_close)
	int fd = openat(directory, name_next, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	ssize_t put = write(fd, text->data, text->len);
	int rc = put < 0 ? -errno : (size_t)put < text->len ? -ENOSPC : fdatasync(fd) ? -errno : 0;
	if (!rc && renameat(directory, name_next, directory, name_now))
		rc = -errno;
	if (rc)
		(void)unlinkat(directory, name_next, 0);
	return rc;
}

/* All but those of that path, and at most so many. */
static bool lines_keep(const struct endings *endings, const char *path, size_t most, struct buffer *out) {
	size_t of_path = 0;
	for (size_t i = 0; i < endings->count; i++)
		of_path += ending_is_of(&endings->at[i], path);
	size_t skip = endings->count - of_path > most ? endings->count - of_path - most : 0;
	for (size_t i = 0; i < endings->count; i++) {
		const struct ending *at = &endings->at[i];
		if (ending_is_of(at, path))
			continue;
		if (skip)
			skip--;
		else
			buffer_printf(out, "%s\t%s\t%s\t%s\n", at->when, at->path, at->how, at->command);
	}
	return of_path > 0;
}

int ending_note(const char *path, time_t when, const char *how, const char *command) {
	SCOPED(endings_free) struct endings endings = {.count = 0};
	SCOPED(buffer_free) struct buffer text = {0};
	SCOPED(buffer_free) struct buffer line = {.limit = ENDING_LINE_MAX - 1};
	SCOPED(scope_close) int directory = directory_open(true, true);
	struct mounted mounted;
	char moment[MOMENT_SIZE];
	if (directory < 0)
		return directory;
	/* Who mounts there after this look forgets it afterwards: they wait for the lock. */
	if (!mounted_at(path, &mounted) && mounted.ours)
		return 0;
	endings_read_at(directory, &endings);
	lines_keep(&endings, path, ENDINGS_MAX - 1, &text);
	moment_show(when, moment);
	buffer_printf(&line, "%s\t", moment);
	buffer_add_safe(&line, path, strlen(path));
	buffer_printf(&line, "\t%s\t", how);
	buffer_add_safe(&line, command, strlen(command));
	buffer_byte(&line, '\n');
	if (line.error)
		return line.error;
	buffer_append(&text, line.data, line.len);
	return file_write(directory, &text);
}

bool ending_forget(const char *path) {
	SCOPED(endings_free) struct endings endings = {.count = 0};
	SCOPED(buffer_free) struct buffer text = {0};
	SCOPED(scope_close) int directory = directory_open(false, true);
	if (directory < 0)
		return false;
	endings_read_at(directory, &endings);
	return lines_keep(&endings, path, ENDINGS_MAX, &text) && !file_write(directory, &text);
}

/* ---- the command ---- */

/* A password of a proxy, or one that a command is given: the rest of the command line holds none. */
static bool word_is_secret(const char *word) {
	return strstr(word, "token_command=") || strstr(word, "proxy=");
}

void ending_command(int argc, char **argv, const char *path, struct buffer *out) {
	SCOPED(buffer_free) struct buffer words = {.limit = COMMAND_MAX};
	for (int i = 1; i < argc - 1; i++) { /* getopt(3) has put the mount point last */
		buffer_byte(&words, ' ');
		if (word_is_secret(argv[i]))
			buffer_add(&words, "...");
		else
			shell_word(argv[i], &words);
	}
	buffer_printf(out, "neevfs%s ", words.error ? " ..." : words.data ? words.data : "");
	shell_word(path, out);
}
