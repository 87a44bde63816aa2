#include "journal.h"

#include "../api/buffer.h"
#include "../api/scope.h"
#include "journal_line.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOCK_PAUSE_MS = 5, LOCK_TRIES = JOURNAL_LOCK_MS / LOCK_PAUSE_MS };

struct journal {
	char *path;      /* NULL: nothing is kept */
	uint64_t unkept; /* the number given last, if nothing is kept */
};

enum access {
	ACCESS_READ,   /* shared */
	ACCESS_WRITE,  /* exclusive */
	ACCESS_CREATE, /* exclusive, and the file is made where there is none */
};

/* The file, locked while `fd` is open, and what it said then. */
struct file {
	int fd; /* -1: there is none, or it was closed after reading */
	struct buffer text;
	struct journal_lines lines;
};

static void scope_close(int *fd) {
	if (*fd >= 0)
		close(*fd);
}

static void file_close(struct file *file) {
	scope_close(&file->fd);
	buffer_free(&file->text);
	journal_lines_free(&file->lines);
}

int journal_new(const char *path, struct journal **ret) {
	SCOPED(scope_free) char *copy = path ? strdup(path) : NULL;
	if (path && !copy)
		return -ENOMEM;
	struct journal *journal = calloc(1, sizeof *journal);
	if (!journal)
		return -ENOMEM;
	journal->path = take_pointer(copy);
	*ret = journal;
	return 0;
}

void journal_free(struct journal *journal) {
	if (!journal)
		return;
	free(journal->path);
	free(journal);
}

const char *journal_path(const struct journal *journal) {
	return journal->path;
}

/* ---- words ---- */

/* What errno says about the file, as one of the journal's errnos. */
static int refuse(const struct journal *journal, const char *what, struct error *err) {
	int reason = errno;
	if (reason == ENOMEM)
		return error_set(err, ENOMEM, "no memory for the journal %s", journal->path);
	if (reason == ENOSPC || reason == EDQUOT || reason == EFBIG)
		return error_set(err, ENOSPC, "there is no room for the journal %s: it %s: %s", journal->path, what,
			strerror(reason));
	return error_set(err, EACCES, "the journal %s %s: %s", journal->path, what,
		reason == ELOOP ? "it is a symbolic link, which is not followed" : strerror(reason));
}

static int refuse_damaged(const struct journal *journal, size_t line, struct error *err) {
	return error_set(err, EBUSY,
		"line %zu of the journal %s is damaged, so nothing is created: look whether what the line names "
		"exists, then put a # before the line",
		line, journal->path);
}

/* ---- the file ---- */

/* Makes names in the directory that holds `path` durable. 0 or -1 with errno. */
static int directory_sync(const char *path) {
	const char *slash = strrchr(path, '/');
	SCOPED(scope_free)
	char *directory = !slash ? strdup(".") : slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
	if (!directory) {
		errno = ENOMEM;
		return -1;
	}
	SCOPED(scope_close) int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* EINVAL: a file system that knows no such thing; no promise can be had from it */
	return fd >= 0 && (fsync(fd) == 0 || errno == EINVAL) ? 0 : -1;
}

static int directories_make(const struct journal *journal, struct error *err) {
	SCOPED(scope_free) char *path = strdup(journal->path);
	if (!path)
		return error_set(err, ENOMEM, "no memory for the journal %s", journal->path);
	for (char *slash = *path ? strchr(path + 1, '/') : NULL; slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		int made = mkdir(path, 0700);
		if (made < 0 ? errno != EEXIST : directory_sync(path) < 0)
			return refuse(journal, "is in a directory that cannot be made", err);
		*slash = '/';
	}
	return 0;
}

static int file_check(const struct journal *journal, const struct stat *st, struct error *err) {
	const char *path = journal->path;
	if (!S_ISREG(st->st_mode))
		return error_set(err, EACCES, "the journal %s is no regular file", path);
	if (st->st_uid != geteuid())
		return error_set(err, EACCES, "the journal %s belongs to another user: have `chown %u %s` run", path,
			(unsigned)geteuid(), path);
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return error_set(err, EACCES, "others can write the journal %s: run `chmod 600 %s`", path, path);
	return 0;
}

/* Not so after a compaction, which puts another file there, or when it was removed. */
static bool file_is_at(const char *path, const struct stat *st) {
	struct stat now;
	return lstat(path, &now) == 0 && now.st_dev == st->st_dev && now.st_ino == st->st_ino;
}

static void pause_shortly(void) {
	struct timespec left = {.tv_nsec = LOCK_PAUSE_MS * 1000000L};
	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

/* Opens and locks; *ret is -1 where there is no file and none is to be made. Each try opens again, as a holder of the
 * lock may have put another file there. */
static int file_lock(const struct journal *journal, enum access access, int *ret, struct error *err) {
	/* O_NONBLOCK: a FIFO in its place must not stop the loop. O_APPEND: a person may append at any time. */
	int flags = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY |
		    (access == ACCESS_READ ? O_RDONLY : O_RDWR | O_APPEND) | (access == ACCESS_CREATE ? O_CREAT : 0);
	for (int tries = 0; tries <= LOCK_TRIES; tries++) {
		SCOPED(scope_close) int fd = open(journal->path, flags, 0600);
		if (fd < 0 && errno == ENOENT && access != ACCESS_CREATE) {
			*ret = -1;
			return 0;
		}
		if (fd < 0 && errno == ENOENT && tries == 0) {
			int rc = directories_make(journal, err);
			if (rc)
				return rc;
			continue;
		}
		struct stat st;
		if (fd < 0 || fstat(fd, &st) < 0)
			return refuse(journal, "cannot be opened", err);
		int rc = file_check(journal, &st, err);
		if (rc)
			return rc;
		if (flock(fd, (access == ACCESS_READ ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0) {
			if (file_is_at(journal->path, &st)) {
				*ret = fd;
				fd = -1;
				return 0;
			}
		} else if (errno != EWOULDBLOCK) {
			return refuse(journal, "cannot be locked", err);
		} else if (tries < LOCK_TRIES) {
			pause_shortly();
		}
	}
	return error_set(err, EBUSY, "another process has held the lock of the journal %s for %d ms: try again",
		journal->path, JOURNAL_LOCK_MS);
}

static int file_read(const struct journal *journal, struct file *file, struct error *err) {
	char chunk[4096];
	file->text.limit = JOURNAL_BYTES_MAX;
	while (!file->text.error) {
		ssize_t n = read(file->fd, chunk, sizeof chunk);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return refuse(journal, "cannot be read", err);
		if (n == 0)
			break;
		buffer_append(&file->text, chunk, (size_t)n);
	}
	if (file->text.error == -EMSGSIZE)
		return error_set(err, EBUSY,
			"the journal %s is larger than %d bytes, so nothing is created: move it away once nothing in "
			"it "
			"is open",
			journal->path, JOURNAL_BYTES_MAX);
	if (file->text.error || journal_lines_parse(file->text.data, file->text.len, &file->lines))
		return error_set(err, ENOMEM, "no memory for the journal %s", journal->path);
	return 0;
}

/* After reading the lock is given back at once; for writing it stays until file_close(), which the caller owes in any
 * case. */
static int file_open(const struct journal *journal, enum access access, struct file *file, struct error *err) {
	int rc = file_lock(journal, access, &file->fd, err);
	if (rc || file->fd < 0)
		return rc;
	rc = file_read(journal, file, err);
	if (access == ACCESS_READ) {
		close(file->fd);
		file->fd = -1;
	}
	return rc;
}

static int write_all(int fd, const struct buffer *text) {
	for (size_t done = 0; done < text->len;) {
		ssize_t n = write(fd, text->data + done, text->len - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = ENOSPC;
		if (n <= 0)
			return -1;
		done += (size_t)n;
	}
	return 0;
}

/* Takes back what was written behind `len`. If even that fails, what is left is a torn line, which is cut later, or a
 * record too many, which is looked for in vain: neither is dangerous. */
static void file_cut(int fd, size_t len) {
	int reason = errno;
	if (ftruncate(fd, (off_t)len) < 0)
		errno = reason;
	errno = reason;
}

/* Puts a line, or several, behind the last whole one. */
static int file_append(
	const struct journal *journal, struct file *file, const struct buffer *text, bool durable, struct error *err) {
	size_t whole = file->lines.whole;
	if (file->text.len > whole && ftruncate(file->fd, (off_t)whole) < 0)
		return refuse(journal, "cannot be cut", err);
	if (write_all(file->fd, text) < 0 || (durable && fdatasync(file->fd) < 0) ||
		(durable && directory_sync(journal->path) < 0)) {
		file_cut(file->fd, whole);
		return refuse(journal, "cannot be written", err);
	}
	return 0;
}

/* Puts another file in its place. Once it is there, what stands behind `keep` is taken back if it is not durable. */
static int file_replace(const struct journal *journal, const struct buffer *text, size_t keep, struct error *err) {
	SCOPED(buffer_free) struct buffer path = {0};
	buffer_printf(&path, "%s.new", journal->path);
	if (path.error)
		return error_set(err, ENOMEM, "no memory for the journal %s", journal->path);
	unlink(path.data); /* a left-over: only the holder of the journal's lock makes one */
	SCOPED(scope_close)
	int fd = open(path.data, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
	if (fd < 0)
		return refuse(journal, "cannot be compacted", err);
	/* Locked before it has the name, so that nobody reads what may be taken back. */
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 || write_all(fd, text) < 0 || fsync(fd) < 0 ||
		rename(path.data, journal->path) < 0) {
		int rc = refuse(journal, "cannot be compacted", err);
		unlink(path.data);
		return rc;
	}
	if (directory_sync(journal->path) < 0) {
		file_cut(fd, keep);
		return refuse(journal, "cannot be compacted", err);
	}
	return 0;
}

/* ---- records ---- */

static bool entry_same(const struct journal_entry *a, const struct journal_entry *b) {
	return !strcmp(a->name, b->name) && !strcmp(a->place, b->place) && !strcmp(a->cloud, b->cloud);
}

int journal_look(
	struct journal *journal, const struct journal_entry *entry, struct journal_sight *ret, struct error *err) {
	SCOPED(file_close) struct file file = {.fd = -1};
	int rc = journal->path ? file_open(journal, ACCESS_READ, &file, err) : 0;
	if (rc)
		return rc;
	if (file.lines.damaged)
		return refuse_damaged(journal, file.lines.damaged, err);
	struct journal_sight sight = {.mark = file.lines.latest};
	const char *id = NULL;
	for (size_t i = 0; i < file.lines.count; i++) {
		const struct journal_item *item = &file.lines.items[i];
		if (!entry_same(&item->record.entry, entry))
			continue;
		if (item->open)
			sight.open = item->record.number;
		if (item->id) {
			id = item->id;
			sight.done = item->ended;
			sight.done_number = item->record.number;
		}
	}
	if (id && !(sight.done_id = strdup(id)))
		return error_set(err, ENOMEM, "no memory for the journal %s", journal->path);
	*ret = sight;
	return 0;
}

void journal_sight_free(struct journal_sight *sight) {
	if (!sight)
		return;
	free(sight->done_id);
	*sight = (struct journal_sight){0};
}

/* Whether a create that looked around at `since` may be begun. */
static int begin_check(const struct journal *journal, const struct journal_lines *lines,
	const struct journal_entry *entry, uint64_t since, struct error *err) {
	bool newer = false;
	if (lines->damaged)
		return refuse_damaged(journal, lines->damaged, err);
	for (size_t i = 0; i < lines->count; i++) {
		const struct journal_record *record = &lines->items[i].record;
		if (!entry_same(&record->entry, entry))
			continue;
		if (lines->items[i].open)
			return error_set(err, EALREADY,
				"a create of %s is on its way: record %llu of the journal %s is open", entry->name,
				(unsigned long long)record->number, journal->path);
		newer = newer || record->number > since;
	}
	if (newer)
		return error_set(
			err, EAGAIN, "%s was created meanwhile, says the journal %s", entry->name, journal->path);
	/* A mark beyond the latest is of a file that was removed. */
	if (since < lines->gone || since > lines->latest)
		return error_set(err, EAGAIN, "the journal %s was compacted or replaced meanwhile", journal->path);
	if (lines->latest >= JOURNAL_NUMBER_MAX)
		return error_set(err, EBUSY, "the journal %s has no numbers left", journal->path);
	return 0;
}

/* One line of a bounded length behind what `out` holds. */
static int line_check(const struct journal *journal, const struct buffer *line, struct error *err) {
	if (line->error == -EMSGSIZE)
		return error_set(err, EACCES,
			"what is to be recorded is too long for a line of the journal %s (%d bytes)", journal->path,
			JOURNAL_LINE_MAX);
	return line->error ? error_set(err, ENOMEM, "no memory for the journal %s", journal->path) : 0;
}

/* The first of the latest records that ended done and whose lines take no more than may be kept. */
static size_t kept_first(const struct journal_lines *lines) {
	enum { AROUND = 160 /* both lines without their texts */ };
	size_t bytes = 0, first = lines->count;
	for (; first; first--) {
		const struct journal_item *item = &lines->items[first - 1];
		const struct journal_entry *entry = &item->record.entry;
		if (item->id)
			bytes += AROUND + strlen(entry->cloud) + strlen(entry->place) + strlen(entry->name) +
				 strlen(item->id);
		if (bytes > JOURNAL_KEPT_BYTES)
			break;
	}
	return first;
}

static void compact_add(struct buffer *out, const struct journal_lines *lines, time_t when) {
	size_t first = kept_first(lines);
	journal_line_header(out);
	journal_line_base(out, lines->latest, when);
	for (size_t i = 0; i < lines->count; i++) {
		const struct journal_item *item = &lines->items[i];
		const struct journal_record *record = &item->record;
		bool kept = item->id && i >= first && when - item->ended < JOURNAL_KEPT_S;
		if (item->open || kept)
			journal_line_pending(out, record->number, record->when, &record->entry);
		if (kept)
			journal_line_settled(out, record->number, item->ended, JOURNAL_DONE, item->id);
	}
}

/*
 * Whether the file is begun anew with what is then in `out`. Whoever has looked before that must look again, so it has
 * to halve the file, unless there is no room for another line.
 */
static bool compact_try(struct buffer *out, const struct file *file, size_t line_len, time_t when) {
	if (file->text.len <= JOURNAL_COMPACT_BYTES)
		return false;
	compact_add(out, &file->lines, when);
	if (out->len <= file->text.len / 2 || file->text.len + line_len > JOURNAL_BEGIN_BYTES)
		return true;
	buffer_clear(out);
	return false;
}

int journal_begin(struct journal *journal, const struct journal_entry *entry, uint64_t since, time_t when,
	uint64_t *ret_number, struct error *err) {
	if (!journal->path) {
		*ret_number = ++journal->unkept;
		return 0;
	}
	SCOPED(file_close) struct file file = {.fd = -1};
	int rc = file_open(journal, ACCESS_CREATE, &file, err);
	if (rc || (rc = begin_check(journal, &file.lines, entry, since, err)))
		return rc;
	uint64_t number = file.lines.latest + 1;
	SCOPED(buffer_free) struct buffer line = {.limit = JOURNAL_LINE_MAX};
	journal_line_pending(&line, number, when, entry);
	if ((rc = line_check(journal, &line, err)))
		return rc;

	SCOPED(buffer_free) struct buffer out = {0};
	bool compact = compact_try(&out, &file, line.len, when);
	if (!compact && file.lines.whole == 0)
		journal_line_header(&out);
	else if (!compact && file.lines.unterminated)
		buffer_byte(&out, '\n');
	size_t keep = out.len;
	buffer_append(&out, line.data, line.len);
	if (out.error)
		return error_set(err, ENOMEM, "no memory for the journal %s", journal->path);
	if (out.len > JOURNAL_BEGIN_BYTES)
		return error_set(err, ENOSPC,
			"too many creates are open in the journal %s: settle some, see THE JOURNAL in neevfs(1)",
			journal->path);
	rc = compact ? file_replace(journal, &out, keep, err) : file_append(journal, &file, &out, true, err);
	if (rc)
		return rc;
	*ret_number = number;
	return 0;
}

int journal_settle(struct journal *journal, uint64_t number, enum journal_state state, const char *id, time_t when,
	struct error *err) {
	if (state == JOURNAL_PENDING)
		return error_set(err, EINVAL, "a record is not settled by being pending");
	SCOPED(file_close) struct file file = {.fd = -1};
	int rc = journal->path ? file_open(journal, ACCESS_WRITE, &file, err) : 0;
	if (rc)
		return rc;
	const struct journal_item *item = journal_lines_find(&file.lines, number);
	if (!item || !item->open)
		return 0;
	SCOPED(buffer_free) struct buffer line = {.limit = JOURNAL_LINE_MAX};
	if (file.lines.unterminated)
		buffer_byte(&line, '\n');
	journal_line_settled(&line, number, when, state, id);
	if ((rc = line_check(journal, &line, err)))
		return rc;
	if (file.lines.whole + line.len > JOURNAL_BYTES_MAX)
		return error_set(err, ENOSPC,
			"the journal %s is full: settle what is open, see THE JOURNAL in neevfs(1)", journal->path);
	return file_append(journal, &file, &line, false, err);
}

int journal_open_records(struct journal *journal, int (*visit)(void *user, const struct journal_record *record),
	void *user, struct error *err) {
	SCOPED(file_close) struct file file = {.fd = -1};
	int rc = journal->path ? file_open(journal, ACCESS_READ, &file, err) : 0;
	for (size_t i = 0; !rc && i < file.lines.count; i++)
		if (file.lines.items[i].open)
			rc = visit(user, &file.lines.items[i].record);
	if (!rc && file.lines.damaged)
		rc = refuse_damaged(journal, file.lines.damaged, err);
	return rc;
}

int journal_is_open(struct journal *journal, uint64_t number, struct error *err) {
	if (!journal->path)
		return 1;
	SCOPED(file_close) struct file file = {.fd = -1};
	int rc = file_open(journal, ACCESS_READ, &file, err);
	if (rc)
		return rc;
	const struct journal_item *item = journal_lines_find(&file.lines, number);
	if (!item && file.lines.damaged)
		return refuse_damaged(journal, file.lines.damaged, err);
	return item && item->open;
}
