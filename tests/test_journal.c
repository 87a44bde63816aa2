/* The journal on a disk that may be full, broken, or the last thing that the process sees. */
#include "../api/scope.h"
#include "../fs/journal.h"
#include "../fs/journal_line.h"
#include "alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { WHEN = 1795373256 };

#define CLOUD "https://api.example"
#define PLACE "/v1/orgs/o/projects/p/airuntimes"

/* ---- the disk ---- */

enum disk_mode { DISK_GOOD, DISK_FAILS, DISK_KILLS };

/* What is recorded last, whatever it is about. */
static int look_mark(struct journal *journal, uint64_t *ret, struct error *err) {
	const struct journal_entry any = {"https://nowhere", "/", "nothing"};
	struct journal_sight sight = {0};
	int rc = journal_look(journal, &any, &sight, err);
	if (!rc)
		*ret = sight.mark;
	journal_sight_free(&sight);
	return rc;
}

static struct {
	enum disk_mode mode;
	size_t count, at; /* calls since disk_arm(), and which of them it is about */
	int reason;       /* DISK_FAILS: its errno */
	int part;         /* quarters of a write that are done before it fails or kills; 4: the call is done */
	char log[64];     /* a letter for each call that changes something, since disk_arm() */
	int locks_busy;   /* so many flock() find it held */
	const char *swap; /* a path whose file is replaced by a copy once, before flock() */
} disk;

ssize_t __real_write(int fd, const void *data, size_t len);
ssize_t __real_read(int fd, void *data, size_t len);
int __real_fdatasync(int fd);
int __real_fsync(int fd);
int __real_ftruncate(int fd, off_t len);
int __real_rename(const char *from, const char *to);
int __real_flock(int fd, int operation);
int __real_mkdir(const char *path, mode_t mode);
int __real_unlink(const char *path);
ssize_t __wrap_write(int fd, const void *data, size_t len);
ssize_t __wrap_read(int fd, void *data, size_t len);
int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);
int __wrap_ftruncate(int fd, off_t len);
int __wrap_rename(const char *from, const char *to);
int __wrap_flock(int fd, int operation);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_unlink(const char *path);

static void disk_arm(enum disk_mode mode, size_t at, int part, int reason) {
	disk.mode = mode;
	disk.count = 0;
	disk.at = at;
	disk.part = part;
	disk.reason = reason;
	disk.log[0] = '\0';
}

/* True if the call was reached. */
static bool disk_disarm(void) {
	bool reached = disk.count >= disk.at;
	disk.mode = DISK_GOOD;
	return reached;
}

static void disk_log(char letter) {
	size_t len = strlen(disk.log);
	if (len < sizeof disk.log - 1)
		memcpy(disk.log + len, (char[]){letter, '\0'}, 2);
}

static void die(void) {
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

/* True: this call is the one. */
static bool disk_step(void) {
	return disk.mode != DISK_GOOD && ++disk.count == disk.at;
}

static int disk_fails(void) {
	errno = disk.reason;
	return -1;
}

ssize_t __wrap_write(int fd, const void *data, size_t len) {
	disk_log('w');
	if (!disk_step())
		return __real_write(fd, data, len);
	size_t part = len * (size_t)disk.part / 4;
	if (disk.mode == DISK_KILLS) {
		__real_write(fd, data, part);
		die();
	}
	if (part == 0 || part == len)
		return disk_fails();
	/* what is short tells its reason at the next try */
	disk.at++;
	disk.part = 0;
	return __real_write(fd, data, part);
}

#define DISK_CALL(call)                      \
	do {                                 \
		if (!disk_step())            \
			return call;         \
		if (disk.part == 4)          \
			(void)!(call);       \
		if (disk.mode == DISK_KILLS) \
			die();               \
		return disk_fails();         \
	} while (0)

ssize_t __wrap_read(int fd, void *data, size_t len) {
	DISK_CALL(__real_read(fd, data, len));
}

int __wrap_fdatasync(int fd) {
	disk_log('d');
	DISK_CALL(__real_fdatasync(fd));
}

int __wrap_fsync(int fd) {
	disk_log('f');
	DISK_CALL(__real_fsync(fd));
}

/* Truncation and rename that fail have not happened. */
int __wrap_ftruncate(int fd, off_t len) {
	disk_log('t');
	if (disk.mode == DISK_FAILS)
		disk.part = 0;
	DISK_CALL(__real_ftruncate(fd, len));
}

int __wrap_rename(const char *from, const char *to) {
	disk_log('r');
	/* Whoever comes by the new name must wait: what stands there may be taken back. */
	int fd = open(from, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(__real_flock(fd, LOCK_SH | LOCK_NB), -1);
	close(fd);
	if (disk.mode == DISK_FAILS)
		disk.part = 0;
	DISK_CALL(__real_rename(from, to));
}

int __wrap_mkdir(const char *path, mode_t mode) {
	disk_log('m');
	if (disk.mode == DISK_FAILS)
		disk.part = 0;
	DISK_CALL(__real_mkdir(path, mode));
}

int __wrap_unlink(const char *path) {
	return __real_unlink(path);
}

static void file_copy(const char *from, const char *to);

int __wrap_flock(int fd, int operation) {
	if (disk.locks_busy > 0) {
		disk.locks_busy--;
		errno = EWOULDBLOCK;
		return -1;
	}
	if (disk.swap) {
		const char *path = disk.swap;
		char copy[160];
		disk.swap = NULL;
		snprintf(copy, sizeof copy, "%s.swap", path);
		file_copy(path, copy);
		assert_int_equal(__real_rename(copy, path), 0);
	}
	if (disk.mode == DISK_FAILS)
		disk.part = 0;
	DISK_CALL(__real_flock(fd, operation));
}

/* ---- the file ---- */

static char directory[64], path[128];

static int setup(void **state) {
	(void)state;
	memset(&disk, 0, sizeof disk);
	strcpy(directory, "/tmp/neevfs-journal-XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof path, "%s/journal", directory);
	return 0;
}

static int teardown(void **state) {
	static const char *const names[] = {"journal", "journal.new", "other", "a/b/journal", "a/b", "a"};
	(void)state;
	disk.mode = DISK_GOOD;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char name[160];
		snprintf(name, sizeof name, "%s/%s", directory, names[i]);
		remove(name);
	}
	return rmdir(directory);
}

/* Lent until the next call. */
static struct buffer *file_text(void) {
	static struct buffer text;
	char chunk[4096];
	ssize_t n = 0;
	buffer_clear(&text);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	while ((n = __real_read(fd, chunk, sizeof chunk)) > 0)
		buffer_append(&text, chunk, (size_t)n);
	close(fd);
	buffer_append(&text, "", 1);
	text.len--;
	return &text;
}

static void file_put(const char *to, const char *text, size_t len, int flags) {
	int fd = open(to, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);
	assert_true(fd >= 0);
	assert_int_equal(__real_write(fd, text, len), (ssize_t)len);
	close(fd);
}

static void file_set(const char *text, size_t len) {
	file_put(path, text, len, O_TRUNC);
}

static void file_add(const char *text) {
	file_put(path, text, strlen(text), O_APPEND);
}

static void file_copy(const char *from, const char *to) {
	char text[4096];
	int fd = open(from, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	ssize_t n = __real_read(fd, text, sizeof text);
	assert_true(n >= 0);
	close(fd);
	file_put(to, text, (size_t)n, O_TRUNC);
}

/* ---- calls ---- */

static struct journal *journal_at(const char *at) {
	struct journal *journal = NULL;
	assert_int_equal(journal_new(at, &journal), 0);
	return journal;
}

static void scope_journal(struct journal **journal) {
	journal_free(*journal);
}

static struct journal_entry entry_of(const char *name) {
	return (struct journal_entry){CLOUD, PLACE, name};
}

static uint64_t mark_of(struct journal *journal) {
	struct error err = {0};
	uint64_t mark = UINT64_MAX;
	if (look_mark(journal, &mark, &err))
		fail_msg("%s", err.message);
	return mark;
}

static uint64_t begin(struct journal *journal, const char *name) {
	struct journal_entry entry = entry_of(name);
	struct error err = {0};
	uint64_t number = 0;
	if (journal_begin(journal, &entry, mark_of(journal), WHEN, &number, &err))
		fail_msg("%s", err.message);
	return number;
}

static void settle(struct journal *journal, uint64_t number) {
	struct error err = {0};
	if (journal_settle(journal, number, JOURNAL_DONE, "an-id", WHEN, &err))
		fail_msg("%s", err.message);
}

static bool is_open(struct journal *journal, uint64_t number) {
	struct error err = {0};
	int rc = journal_is_open(journal, number, &err);
	if (rc < 0)
		fail_msg("%s", err.message);
	return rc > 0;
}

/* Refused so, with words that hold `words` and the path, and no output. */
static void assert_words(int rc, int want, const struct error *err, const char *words) {
	if (rc != want)
		fail_msg("%d instead of %d: %s", rc, want, err->message);
	assert_int_equal(err->code, -want);
	if (!strstr(err->message, words))
		fail_msg("\"%s\" without \"%s\"", err->message, words);
	assert_non_null(strstr(err->message, path));
}

static void refused_since(struct journal *journal, const char *name, uint64_t since, int want, const char *words) {
	struct journal_entry entry = entry_of(name);
	struct error err = {0};
	uint64_t number = 4711;
	int rc = journal_begin(journal, &entry, since, WHEN, &number, &err);
	assert_words(rc, want, &err, words);
	assert_int_equal(number, 4711);
	assert_int_equal(journal_begin(journal, &entry, since, WHEN, &number, NULL), want);
}

static void refused(struct journal *journal, const char *name, int want, const char *words) {
	refused_since(journal, name, mark_of(journal), want, words);
}

struct seen {
	struct journal *journal; /* where records are settled while they are visited; or NULL */
	size_t count, stop;
	char names[512];
	uint64_t last;
};

static int see(void *user, const struct journal_record *record) {
	struct seen *seen = user;
	size_t len = strlen(seen->names);
	assert_true(record->number > seen->last);
	seen->last = record->number;
	seen->count++;
	if (len + strlen(record->entry.name) + 2 < sizeof seen->names) {
		strcat(seen->names, record->entry.name);
		strcat(seen->names, " ");
	}
	if (seen->journal)
		settle(seen->journal, record->number);
	return seen->count == seen->stop ? 77 : 0;
}

static struct seen open_ones(struct journal *journal) {
	struct seen seen = {0};
	struct error err = {0};
	if (journal_open_records(journal, see, &seen, &err))
		fail_msg("%s", err.message);
	return seen;
}

static void assert_open(struct journal *journal, const char *names) {
	struct seen seen = open_ones(journal);
	assert_string_equal(seen.names, names);
}

/* ---- records ---- */

static void records_come_back(void **state) {
	(void)state;
	SCOPED(scope_journal) struct journal *journal = journal_at(path);
	struct stat st;
	assert_string_equal(journal_path(journal), path);
	assert_int_equal(mark_of(journal), 0);
	assert_open(journal, "");
	assert_false(is_open(journal, 1));
	settle(journal, 1);
	assert_int_equal(access(path, F_OK), -1); /* only a begin makes the file */
	assert_int_equal(begin(journal, "a"), 1);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(begin(journal, "b"), 2);
	assert_int_equal(begin(journal, "c"), 3);
	assert_int_equal(mark_of(journal), 3);
	assert_open(journal, "a b c ");
	settle(journal, 2);
	assert_false(is_open(journal, 2));
	assert_true(is_open(journal, 3));
	assert_false(is_open(journal, 4));
	size_t len = file_text()->len;
	settle(journal, 2); /* again, and one that is none: nothing is written */
	settle(journal, 99);
	settle(journal, 0);
	assert_int_equal(file_text()->len, len);
	assert_int_equal(mark_of(journal), 3);
	assert_open(journal, "a c ");
	assert_int_equal(journal_settle(journal, 1, JOURNAL_FAILED, NULL, WHEN, NULL), 0);
	assert_int_equal(journal_settle(journal, 3, JOURNAL_ABSENT, "", WHEN, NULL), 0);
	assert_int_equal(journal_settle(journal, 3, JOURNAL_PENDING, NULL, WHEN, NULL), -EINVAL);
	assert_open(journal, "");
	assert_int_equal(begin(journal, "a"), 4);
}

static void the_file_is_for_people(void **state) {
	(void)state;
	SCOPED(scope_journal) struct journal *journal = journal_at(path);
	begin(journal, "a");
	settle(journal, 1);
	struct journal_entry odd = {"c%\x7f", "\t\r\n", "\xc3\xb6 ~"};
	uint64_t number = 0;
	assert_int_equal(journal_begin(journal, &odd, 1, -5, &number, NULL), 0);
	assert_int_equal(journal_settle(journal, 2, JOURNAL_ABSENT, NULL, (time_t)1 << 60, NULL), 0);
	/* the checksums are zlib's */
	static const char want[] = "ad90538c\t1\t2026-11-22T18:47:36Z\tpending\t" CLOUD "\t" PLACE "\ta\n"
				   "61863b8c\t1\t2026-11-22T18:47:36Z\tdone\tan-id\n"
				   "5f136f66\t2\t1970-01-01T00:00:00Z\tpending\tc%25%7F\t%09%0D%0A\t\xc3\xb6 ~\n"
				   "e6c51be2\t2\t9999-12-31T23:59:59Z\tabsent\t-\n";
	const char *text = file_text()->data;
	assert_int_equal(strncmp(text, "# neevfs journal: ", 18), 0);
	const char *first = strchr(text, '\n') + 1;
	assert_non_null(strstr(text, "`settled NUMBER`"));
	assert_non_null(strstr(text, "man neevfs"));
	assert_string_equal(first, want);
}

static int see_odd(void *user, const struct journal_record *record) {
	struct journal_entry *want = user;
	assert_string_equal(record->entry.cloud, want->cloud);
	assert_string_equal(record->entry.place, want->place);
	assert_string_equal(record->entry.name, want->name);
	assert_int_equal(record->number, 1);
	assert_int_equal(record->when, WHEN);
	return 5;
}

static void any_text_is_kept(void **state) {
	(void)state;
	char all[256];
	for (int i = 1; i < 256; i++)
		all[i - 1] = (char)i;
	all[255] = '\0';
	struct journal_entry entries[] = {{all, "", "%41"}, {"", all, "\n"}, {"# settled 1", "\t", all}};
	for (size_t i = 0; i < 3; i++) {
		SCOPED(scope_journal) struct journal *journal = journal_at(path);
		uint64_t number = 0;
		assert_int_equal(journal_begin(journal, &entries[i], 0, WHEN, &number, NULL), 0);
		assert_int_equal(journal_open_records(journal, see_odd, &entries[i], NULL), 5);
		assert_int_equal(journal_begin(journal, &entries[i], 1, WHEN, &number, NULL), -EALREADY);
		assert_int_equal(unlink(path), 0);
	}
}

static void visits_end_and_may_call(void **state) {
	(void)state;
	SCOPED(scope_journal) struct journal *journal = journal_at(path);
	for (int i = 0; i < 4; i++)
		begin(journal, (const char *[]){"a", "b", "c", "d"}[i]);
	struct seen seen = {.journal = journal, .stop = 3};
	assert_int_equal(journal_open_records(journal, see, &seen, NULL), 77);
	assert_string_equal(seen.names, "a b c ");
	assert_open(journal, "d ");
}

static void nothing_is_kept_without_a_path(void **state) {
	(void)state;
	SCOPED(scope_journal) struct journal *journal = journal_at(NULL);
	assert_null(journal_path(journal));
	assert_int_equal(begin(journal, "a"), 1);
	assert_int_equal(begin(journal, "a"), 2);
	assert_int_equal(mark_of(journal), 0);
	assert_true(is_open(journal, 1));
	settle(journal, 1);
	assert_open(journal, "");
	journal_free(NULL);
}

static void a_line_is_bounded(void **state) {
	(void)state;
	SCOPED(scope_journal) struct journal *journal = journal_at(path);
	char text[JOURNAL_LINE_MAX + 1];
	memset(text, 'x', sizeof text);
	text[JOURNAL_LINE_MAX] = '\0';
	refused(journal, text, -EACCES, "too long");
	SCOPED(buffer_free) struct buffer line = {0};
	struct journal_entry entry = entry_of("");
	journal_line_pending(&line, 1, WHEN, &entry);
	text[JOURNAL_LINE_MAX - line.len + 1] = '\0';
	refused(journal, text, -EACCES, "too long");
	text[JOURNAL_LINE_MAX - line.len] = '\0';
	assert_int_equal(begin(journal, text), 1);
	memset(text, '%', JOURNAL_LINE_MAX);
	text[JOURNAL_LINE_MAX / 3] = '\0';
	struct error err = {0};
	assert_words(journal_settle(journal, 1, JOURNAL_DONE, text, WHEN, &err), -EACCES, &err, "too long");
	assert_true(is_open(journal, 1));
}

/* ---- two mounts ---- */

static void two_mounts_do_not_create_twice(void **state) {
	(void)state;
	SCOPED(scope_journal) struct journal *a = journal_at(path);
	SCOPED(scope_journal) struct journal *b = journal_at(path);
	for (int turn = 0; turn < 2; turn++) {
		struct journal *first = turn ? b : a, *second = turn ? a : b;
		const char *name = turn ? "x" : "y";
		uint64_t mark = mark_of(second); /* the second looked before the first began */
		uint64_t number = begin(first, name);
		refused_since(second, name, mark, -EALREADY, "on its way");
		refused(second, name, -EALREADY, "on its way");
		refused(first, name, -EALREADY, "on its way");
		/* Of another place, cloud or name is another thing. */
		struct journal_entry other[] = {
			{"https://other", PLACE, name}, {CLOUD, "/other", name}, {CLOUD, PLACE, "z"}};
		for (size_t i = 0; i < 3; i++) {
			uint64_t beside = 0;
			assert_int_equal(journal_begin(second, &other[i], mark, WHEN, &beside, NULL), 0);
			settle(first, beside);
		}
		settle(second, number);
		refused_since(second, name, mark, -EAGAIN, "meanwhile");
		refused_since(second, name, number - 1, -EAGAIN, "meanwhile");
		struct journal_entry entry = entry_of(name);
		assert_int_equal(journal_begin(second, &entry, number, WHEN, &number, NULL), 0);
		settle(second, number);
		/* for the second turn the numbers go on */
	}
}

static void a_removed_journal_makes_marks_void(void **state) {
	(void)state;
	SCOPED(scope_journal) struct journal *journal = journal_at(path);
	begin(journal, "a");
	settle(journal, begin(journal, "b"));
	uint64_t mark = mark_of(journal);
	assert_int_equal(unlink(path), 0);
	assert_open(journal, "");
	refused_since(journal, "c", mark, -EAGAIN, "replaced");
	assert_int_equal(begin(journal, "c"), 1);
}

static void lines_taken_away_make_marks_void(void **state) {
	(void)state;
	SCOPED(scope_journal) struct journal *journal = journal_at(path);
	SCOPED(buffer_free) struct buffer text = {0};
	struct journal_entry entry = entry_of("a"), other = entry_of("b");
	journal_line_pending(&text, 2, WHEN, &entry);
	journal_line_pending(&text, 4, WHEN, &other);
	file_set(text.data, text.len);
	for (uint64_t since = 0; since < 3; since++)
		refused_since(journal, "c", since, -EAGAIN, "compacted");
	journal_line_settled(&text, 7, WHEN, JOURNAL_DONE, NULL); /* its pending line is not here */
	file_set(text.data, text.len);
	refused_since(journal, "c", 6, -EAGAIN, "compacted");
	assert_int_equal(mark_of(journal), 7);
	assert_int_equal(begin(journal, "c"), 8);
	assert_open(journal, "a b c ");
}

/* ---- torn, damaged, by hand ---- */

static void a_torn_line_is_no_record(void **state) {
	(void)state;
	for (int last = 0; last < 3; last++) {
		SCOPED(scope_journal) struct journal *journal = journal_at(path);
		SCOPED(buffer_free) struct buffer whole = {0};
		size_t start = 0;
		if (last > 0) {
			begin(journal, "a");
			start = file_text()->len;
		}
		if (last == 2)
			settle(journal, 1);
		else
			begin(journal, "b");
		buffer_append(&whole, file_text()->data, file_text()->len);
		for (size_t len = start; len <= whole.len; len++) {
			bool there = len >= whole.len - 1; /* the checksum vouches for it, with or without its '\n' */
			file_set(whole.data, len);
			struct seen seen = open_ones(journal);
			uint64_t mark = mark_of(journal);
			if (last == 2)
				assert_string_equal(seen.names, there ? "" : "a ");
			else
				assert_string_equal(seen.names, last ? there ? "a b " : "a " : there ? "b " : "");
			assert_int_equal(mark, last == 2 ? 1 : (last ? 1 : 0) + there);
			/* Cut off or completed, and all is well after it. */
			assert_int_equal(begin(journal, "c"), mark + 1);
			assert_true(is_open(journal, mark + 1));
			struct seen after = open_ones(journal);
			assert_int_equal(after.count, seen.count + 1);
			assert_int_equal(strncmp(file_text()->data, "# neevfs journal: ", 18), 0);
			settle(journal, mark + 1);
		}
		/* A settling cuts and completes too. */
		for (size_t len = start; last == 1 && len <= whole.len; len++) {
			file_set(whole.data, len);
			settle(journal, 1);
			assert_open(journal, len >= whole.len - 1 ? "b " : "");
			begin(journal, "c");
		}
		assert_int_equal(unlink(path), 0);
	}
}

static void zeroes_at_the_end_are_torn(void **state) {
	(void)state;
	SCOPED(scope_journal) struct journal *journal = journal_at(path);
	begin(journal, "a");
	file_put(path, "\0\0\0\0\0\0\0\0\0\0\0\0", 12, O_APPEND);
	assert_open(journal, "a ");
	assert_int_equal(begin(journal, "b"), 2);
	assert_open(journal, "a b ");
	assert_null(memchr(file_text()->data, 0, file_text()->len));
}

static void a_damaged_line_stops_creates(void **state) {
	(void)state;
	SCOPED(scope_journal) struct journal *journal = journal_at(path);
	SCOPED(buffer_free) struct buffer whole = {0};
	begin(journal, "a");
	size_t start = file_text()->len;
	begin(journal, "b");
	size_t end = file_text()->len;
	begin(journal, "c");
	buffer_append(&whole, file_text()->data, file_text()->len);
	for (size_t at = start; at < end - 1; at++) {
		char kept = whole.data[at];
		whole.data[at] ^= 1;
		file_set(whole.data, whole.len);
		struct seen seen = {0};
		struct error err = {0};
		uint64_t mark = 4711;
		assert_words(journal_open_records(journal, see, &seen, &err), -EBUSY, &err, "line 3 ");
		assert_string_equal(seen.names, "a c ");
		refused_since(journal, "d", 3, -EBUSY, "line 3 ");
		assert_words(look_mark(journal, &mark, &err), -EBUSY, &err, "line 3 ");
		assert_int_equal(mark, 4711);
		assert_words(journal_is_open(journal, 2, &err), -EBUSY, &err, "line 3 ");
		assert_int_equal(journal_is_open(journal, 3, NULL), 1);
		whole.data[at] = kept;
	}
	/* What was begun may be settled, and nothing of the file is lost. */
	whole.data[start + 3] ^= 1;
	file_set(whole.data, whole.len);
	settle(journal, 3);
	settle(journal, 2);
	assert_int_equal(journal_is_open(journal, 3, NULL), 0);
	assert_memory_equal(file_text()->data, whole.data, whole.len);
	/* Mended as the words say. */
	whole.data[start] = '#';
	file_set(whole.data, whole.len);
	assert_open(journal, "a c ");
	refused_since(journal, "d", 1, -EAGAIN, "compacted");
	begin(journal, "d");
}

static void lines_that_do_not_fit_are_damaged(void **state) {
	(void)state;
	SCOPED(scope_journal) struct journal *journal = journal_at(path);
	struct journal_entry entry = entry_of("a");
	SCOPED(buffer_free) struct buffer good = {0};
	journal_line_pending(&good, 5, WHEN, &entry);
	for (int i = 0; i < 2; i++) { /* a number twice, or going back */
		SCOPED(buffer_free) struct buffer text = {0};
		buffer_append(&text, good.data, good.len);
		journal_line_pending(&text, i ? 4 : 5, WHEN, &entry);
		file_set(text.data, text.len);
		refused_since(journal, "b", 5, -EBUSY, "line 2 ");
	}
	static const char *const bad[] = {"x\n", "settled\n", "settled \n", "settled 0\n", "settled x\n",
		"settled 5x\n", "settled -5\n", "settle 5\n", "Settled 5\n", "settled5\n",
		"settled 1000000000000000000\n", "\t\t\t\n\t\tx\n", "settled 99999999999999999999999\n",
		"settled 5\r \r\n", "12345678\t\n", "00000000\t5\n", "\x01\n"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		file_set(good.data, good.len);
		file_add(bad[i]);
		refused_since(journal, "b", 5, -EBUSY, bad[i][0] == '\t' ? "line 3 " : "line 2 ");
		assert_int_equal(journal_is_open(journal, 5, NULL), 1);
	}
	/* Lines with a right checksum that nobody wrote. */
	static const char *const made[] = {
		"b4a28053\t5\t2026-11-22T18:47:36Z\tpending\tc\tp\n",
		"c7f53216\t6\t2026-11-22T18:47:36Z\tdone\ta\tb\tc\n",
		"bf52d9a2\t6\t2026-11-22T18:47:36Z\tpending\t-\n",
		"634742f1\t5\t2026-11-22T18:47:36Z\tlost\t-\n",
		"04ea3d6c\t0\t2026-11-22T18:47:36Z\tdone\t-\n",
		"8b0016a4\t5x\t2026-11-22T18:47:36Z\tdone\t-\n",
		"2486c5c4\t5\tyesterday\tdone\t-\n",
		"a4262a25\t5\t2026-11-22T18:47:36Zx\tdone\t-\n",
		"097af764\t6\t2026-11-22T18:47:36Z\tpending\tc\tp\t%0\n",
		"be0d0097\t6\t2026-11-22T18:47:36Z\tpending\tc\tp\t%00\n",
		"2f6e01c4\t6\t2026-11-22T18:47:36Z\tpending\tc\tp\t%4g\n",
		"409593ff\t6\t2026-11-22T18:47:36Z\tpending\tc\tp\tn\tn\n",
		"429f2dbb\t6\t2026-11-22T18:47:36Z\tpending\tc\tp\tn\r\n",
		"00000000\t\n",
		"84b12bae\t5\n",
	};
	for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
		file_set(good.data, good.len);
		file_add(made[i]);
		refused_since(journal, "b", 5, -EBUSY, "line 2 ");
		assert_int_equal(journal_is_open(journal, 5, NULL), 1);
	}
	/* Numbers end, too. */
	good.len = 0;
	journal_line_base(&good, JOURNAL_NUMBER_MAX, WHEN);
	file_set(good.data, good.len);
	refused(journal, "b", -EBUSY, "no numbers left");
}

static void a_person_may_settle(void **state) {
	(void)state;
	static const char *const lines[] = {"settled 2\n", "settled 2", "  settled\t 2 \t\n",
		"settled 2 it was there\n", "settled 2 it was there", "settled 2\r\n", "settled 2\r", "settled 2 x\r\n",
		"\n\nsettled 2\n", "# why\nsettled 2\n", "\r\n# why\r\nsettled 2\r\n", "settled 0002\n",
		"settled 2\nsettled 2\nsettled 77\n", "settled 2\tx\n# end", "settled 2\n  "};
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		SCOPED(scope_journal) struct journal *journal = journal_at(path);
		begin(journal, "a");
		begin(journal, "b");
		size_t len = file_text()->len;
		file_add(lines[i]);
		assert_open(journal, "a ");
		assert_false(is_open(journal, 2));
		assert_int_equal(mark_of(journal), 2);
		settle(journal, 2);
		assert_string_equal(file_text()->data + len, lines[i]);
		/* Completed, not cut. */
		assert_int_equal(begin(journal, "b"), 3);
		assert_open(journal, "a b ");
		assert_int_equal(strncmp(file_text()->data + len, lines[i], strlen(lines[i])), 0);
		assert_int_equal(unlink(path), 0);
	}
}

static void settling_by_hand_is_of_what_stands_before(void **state) {
	(void)state;
	SCOPED(scope_journal) struct journal *journal = journal_at(path);
	begin(journal, "a");
	file_add("settled 2\n");
	assert_int_equal(begin(journal, "b"), 2);
	assert_open(journal, "a b ");
}

/* ---- compaction ---- */

/* Settled records until the file is large. */
static void fill(struct journal *journal, size_t bytes) {
	char name[1001];
	memset(name, 'n', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	while (file_text()->len <= bytes)
		assert_int_equal(journal_settle(journal, begin(journal, name), JOURNAL_FAILED, NULL, WHEN, NULL), 0);
}

static void compaction_keeps_what_counts(void **state) {
	(void)state;
	SCOPED(scope_journal) struct journal *journal = journal_at(path);
	SCOPED(scope_journal) struct journal *other = journal_at(path);
	struct stat before, after;
	struct error err = {0};
	begin(journal, "odd\t%\n");
	begin(journal, "by hand");
	file_add("settled 2");
	begin(journal, "b");
	fill(journal, JOURNAL_COMPACT_BYTES);
	uint64_t mark = mark_of(other);
	uint64_t old = mark - 1;
	char left_over[160];
	snprintf(left_over, sizeof left_over, "%s.new", path);
	file_put(left_over, "left over", 9, 0);
	assert_int_equal(stat(path, &before), 0);
	assert_int_equal(begin(journal, "c"), mark + 1);
	assert_int_equal(stat(path, &after), 0);
	assert_true(before.st_ino != after.st_ino && after.st_size < 1000);
	assert_int_equal(after.st_mode & 07777, 0600);
	assert_int_equal(access(left_over, F_OK), -1);
	assert_open(other, "odd\t%\n b c ");
	assert_int_equal(mark_of(other), mark + 1);
	assert_true(is_open(other, 1) && is_open(other, 3) && !is_open(other, 2) && !is_open(other, mark));
	/* What was settled between an old mark and the compaction is not known any more; a newer mark is as good as
	 * before. */
	refused_since(other, "d", old, -EAGAIN, "compacted");
	refused_since(other, "d", 0, -EAGAIN, "compacted");
	refused_since(other, "b", 0, -EALREADY, "on its way");
	struct journal_entry entry = entry_of("d");
	uint64_t number = 0;
	assert_int_equal(journal_begin(other, &entry, mark, WHEN, &number, &err), 0);
	assert_int_equal(number, mark + 2);
	settle(other, 1);
	settle(other, 3);
	settle(other, 3);
	assert_open(other, "c d ");
	/* Once more over a file that was compacted. */
	fill(journal, JOURNAL_COMPACT_BYTES);
	mark = mark_of(journal);
	assert_int_equal(begin(journal, "e"), mark + 1);
	assert_open(journal, "c d e ");
	assert_int_equal(strncmp(file_text()->data, "# neevfs journal: ", 18), 0);
}

/* What was made a moment ago is known also after a compaction, and what was made long ago is not. */
static void the_latest_done_are_kept(void **state) {
	(void)state;
	SCOPED(scope_journal) struct journal *journal = journal_at(path);
	const struct journal_entry old = entry_of("old"), young = entry_of("young"), none = entry_of("none");
	struct journal_sight sight = {0};
	uint64_t number = begin(journal, "old");
	assert_int_equal(journal_look(journal, &old, &sight, NULL), 0);
	assert_true(sight.open == number && sight.mark == number && !sight.done_id);
	assert_int_equal(journal_settle(journal, number, JOURNAL_DONE, "id-old", WHEN - JOURNAL_KEPT_S, NULL), 0);
	fill(journal, JOURNAL_COMPACT_BYTES);
	number = begin(journal, "young"); /* compacts */
	assert_int_equal(journal_settle(journal, number, JOURNAL_DONE, "id-young", WHEN, NULL), 0);
	assert_int_equal(journal_look(journal, &old, &sight, NULL), 0);
	assert_true(!sight.open && !sight.done_id && sight.mark == number);
	fill(journal, JOURNAL_COMPACT_BYTES);
	begin(journal, "none"); /* compacts again */
	assert_true(file_text()->len < 2000);
	assert_int_equal(journal_look(journal, &young, &sight, NULL), 0);
	assert_string_equal(sight.done_id, "id-young");
	assert_true(sight.done == WHEN && sight.done_number == number && !sight.open);
	journal_sight_free(&sight);
	assert_int_equal(journal_look(journal, &none, &sight, NULL), 0);
	assert_true(sight.open == sight.mark && !sight.done_id);
	/* Their bytes are bounded too. */
	char name[1001];
	memset(name, 'y', sizeof name - 1);
	name[sizeof name - 1] = 0;
	for (int i = 0; i < 100; i++)
		settle(journal, begin(journal, name));
	begin(journal, "b");
	assert_true(file_text()->len <= JOURNAL_COMPACT_BYTES + JOURNAL_LINE_MAX);
}

/* Where so much is open that a compaction would free little, none makes those who looked before it look again. */
static void many_open_hinder_nobody(void **state) {
	(void)state;
	SCOPED(scope_journal) struct journal *journal = journal_at(path);
	char name[1000];
	uint64_t count = 0;
	memset(name, 'n', sizeof name);
	do {
		snprintf(name + 980, 20, "%d", (int)count++);
		begin(journal, name);
	} while (file_text()->len <= 2 * JOURNAL_COMPACT_BYTES);
	uint64_t mark = mark_of(journal);
	begin(journal, "a");
	begin(journal, "b");
	struct journal_entry entry = entry_of("c");
	uint64_t number = 0;
	assert_int_equal(journal_begin(journal, &entry, mark, WHEN, &number, NULL), 0);
	assert_int_equal(number, mark + 3);
	/* Once most of it is settled, it pays. */
	for (uint64_t i = 1; i <= count; i++)
		settle(journal, i);
	begin(journal, "d");
	assert_true(file_text()->len < JOURNAL_COMPACT_BYTES);
	assert_open(journal, "a b c d ");
}

static void the_file_is_bounded(void **state) {
	(void)state;
	SCOPED(scope_journal) struct journal *journal = journal_at(path);
	SCOPED(buffer_free) struct buffer text = {0};
	char name[4000];
	uint64_t count = 0;
	memset(name, 'n', sizeof name);
	while (text.len < JOURNAL_BEGIN_BYTES - 4096) {
		snprintf(name + 3980, 20, "%d", (int)count);
		struct journal_entry entry = entry_of(name);
		journal_line_pending(&text, ++count, WHEN, &entry);
	}
	file_set(text.data, text.len);
	int rc = 0;
	struct error err = {0};
	for (int i = 0; i < 10 && !rc; i++) {
		uint64_t number = 0;
		snprintf(name + 3980, 20, "more %d", i);
		struct journal_entry entry = entry_of(name);
		rc = journal_begin(journal, &entry, mark_of(journal), WHEN, &number, &err);
	}
	assert_words(rc, -ENOSPC, &err, "too many");
	assert_true(file_text()->len <= JOURNAL_BEGIN_BYTES);
	/* All that are open can be settled, and then there is room again. */
	for (uint64_t i = mark_of(journal); i > 0; i--)
		settle(journal, i);
	assert_open(journal, "");
	begin(journal, "a");
	assert_true(file_text()->len < JOURNAL_COMPACT_BYTES);
	/* To its bound it is read and settled in, beyond it nothing is done. */
	size_t len = file_text()->len;
	SCOPED(scope_free) char *comment = calloc(1, JOURNAL_BYTES_MAX + 1);
	assert_non_null(comment);
	memset(comment, '#', JOURNAL_BYTES_MAX);
	comment[JOURNAL_BYTES_MAX - len - 1] = '\n';
	comment[JOURNAL_BYTES_MAX - len] = '\0';
	file_add(comment);
	assert_open(journal, "a ");
	uint64_t number = mark_of(journal);
	assert_words(journal_settle(journal, number, JOURNAL_DONE, NULL, WHEN, &err), -ENOSPC, &err, "full");
	file_add("\n");
	assert_words(look_mark(journal, &number, &err), -EBUSY, &err, "larger than");
	assert_words(journal_settle(journal, number, JOURNAL_DONE, NULL, WHEN, &err), -EBUSY, &err, "larger than");
	assert_words(journal_is_open(journal, number, &err), -EBUSY, &err, "larger than");
	refused_since(journal, "b", number, -EBUSY, "larger than");
	assert_int_equal(truncate(path, JOURNAL_BYTES_MAX), 0);
	begin(journal, "b"); /* compacts */
	assert_open(journal, "a b ");
}

/* ---- what stands at the path ---- */

static void assert_unusable(struct journal *journal, const char *words) {
	struct error err = {0};
	struct seen seen = {0};
	uint64_t mark = 0;
	refused_since(journal, "a", 0, -EACCES, words);
	assert_words(look_mark(journal, &mark, &err), -EACCES, &err, words);
	assert_words(journal_settle(journal, 1, JOURNAL_DONE, NULL, WHEN, &err), -EACCES, &err, words);
	assert_words(journal_open_records(journal, see, &seen, &err), -EACCES, &err, words);
	assert_words(journal_is_open(journal, 1, &err), -EACCES, &err, words);
}

static void only_a_file_of_our_own_is_used(void **state) {
	(void)state;
	static const mode_t modes[] = {0620, 0602, 0666, 0622};
	SCOPED(scope_journal) struct journal *journal = journal_at(path);
	char other[160];
	snprintf(other, sizeof other, "%s/other", directory);
	file_put(other, "", 0, 0);
	assert_int_equal(symlink(other, path), 0);
	assert_unusable(journal, "symbolic link");
	unlink(other);
	assert_unusable(journal, "symbolic link"); /* nor made through a link to nowhere */
	assert_int_equal(access(other, F_OK), -1);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_unusable(journal, "no regular file");
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	struct error err = {0};
	uint64_t mark = 0;
	refused_since(journal, "a", 0, -EACCES, path);
	assert_words(look_mark(journal, &mark, &err), -EACCES, &err, "no regular file");
	rmdir(path);
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
		file_set("", 0);
		assert_int_equal(chmod(path, modes[i]), 0);
		assert_unusable(journal, "chmod 600 ");
	}
	assert_int_equal(chmod(path, 0644), 0);
	begin(journal, "a");
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 12345, (gid_t)-1), 0);
		assert_unusable(journal, "chown 0 ");
	}
}

static void directories_are_made(void **state) {
	(void)state;
	char deep[160];
	struct stat st;
	uint64_t number = 0;
	struct error err = {0};
	struct journal_entry entry = entry_of("a");
	snprintf(deep, sizeof deep, "%s/a//b/journal", directory);
	SCOPED(scope_journal) struct journal *journal = journal_at(deep);
	assert_open(journal, "");
	assert_int_equal(mark_of(journal), 0);
	snprintf(deep, sizeof deep, "%s/a", directory);
	assert_int_equal(access(deep, F_OK), -1); /* reading makes nothing */
	assert_int_equal(begin(journal, "a"), 1);
	assert_int_equal(stat(deep, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	strcat(deep, "/b");
	assert_int_equal(stat(deep, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	/* Below a file, and below nothing. */
	snprintf(path, sizeof path, "%s/a/b/journal/x/journal", directory);
	SCOPED(scope_journal) struct journal *below = journal_at(path);
	assert_words(journal_begin(below, &entry, 0, WHEN, &number, &err), -EACCES, &err, "cannot be opened");
	strcpy(path, "/proc/nothing/journal"); /* where nobody makes any */
	SCOPED(scope_journal) struct journal *nowhere = journal_at(path);
	assert_words(journal_begin(nowhere, &entry, 0, WHEN, &number, &err), -EACCES, &err,
		"journal is in a directory that cannot be made: ");
	strcpy(path, "");
	SCOPED(scope_journal) struct journal *none = journal_at(path);
	assert_words(journal_begin(none, &entry, 0, WHEN, &number, &err), -EACCES, &err, "cannot be opened");
	assert_int_equal(number, 0);
}

static void a_path_may_be_relative(void **state) {
	(void)state;
	SCOPED(scope_journal) struct journal *journal = journal_at("journal");
	SCOPED(scope_free) char *here = getcwd(NULL, 0);
	assert_non_null(here);
	assert_int_equal(chdir(directory), 0);
	begin(journal, "a");
	assert_open(journal, "a ");
	assert_int_equal(chdir(here), 0);
	assert_int_equal(access(path, F_OK), 0);
}

/* ---- the lock ---- */

/* A child that holds the lock until release() . */
struct holder {
	pid_t pid;
	int release;
};

static struct holder hold(int operation) {
	int ready[2], release[2];
	char byte = 0;
	assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
	assert_int_equal(pipe2(release, O_CLOEXEC), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(release[1]);
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0 || __real_flock(fd, operation) < 0 || __real_write(ready[1], "r", 1) != 1)
			_exit(1);
		_exit(__real_read(release[0], &byte, 1) == 0 ? 0 : 1);
	}
	close(ready[1]);
	close(release[0]);
	assert_int_equal(__real_read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return (struct holder){pid, release[1]};
}

static void assert_ended(pid_t pid, int want) {
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, want);
}

static void release(struct holder holder) {
	close(holder.release);
	assert_ended(holder.pid, 0);
}

static void a_held_lock_is_waited_for_shortly(void **state) {
	(void)state;
	SCOPED(scope_journal) struct journal *journal = journal_at(path);
	struct timespec from, to;
	struct error err = {0};
	uint64_t mark = 0;
	begin(journal, "a");
	struct holder holder = hold(LOCK_EX);
	clock_gettime(CLOCK_MONOTONIC, &from);
	assert_words(journal_settle(journal, 1, JOURNAL_DONE, NULL, WHEN, &err), -EBUSY, &err, "lock");
	clock_gettime(CLOCK_MONOTONIC, &to);
	long long ms = (to.tv_sec - from.tv_sec) * 1000LL + (to.tv_nsec - from.tv_nsec) / 1000000;
	assert_true(ms >= JOURNAL_LOCK_MS && ms < 300LL * JOURNAL_LOCK_MS); /* the machine may be slow */
	assert_words(look_mark(journal, &mark, &err), -EBUSY, &err, "lock");
	refused_since(journal, "b", 1, -EBUSY, "lock");
	release(holder);
	assert_open(journal, "a ");
	holder = hold(LOCK_SH); /* readers do not wait for each other */
	assert_int_equal(mark_of(journal), 1);
	refused_since(journal, "b", 1, -EBUSY, "lock");
	release(holder);
	disk.locks_busy = 5;
	assert_int_equal(begin(journal, "b"), 2);
	assert_int_equal(disk.locks_busy, 0);
}

static void a_file_replaced_before_the_lock_is_opened_again(void **state) {
	(void)state;
	SCOPED(scope_journal) struct journal *journal = journal_at(path);
	begin(journal, "a");
	disk.swap = path;
	/* The mark is taken first, and begin() finds the new file. */
	assert_int_equal(mark_of(journal), 1);
	struct journal_entry entry = entry_of("b");
	uint64_t number = 0;
	disk.swap = path;
	assert_int_equal(journal_begin(journal, &entry, 1, WHEN, &number, NULL), 0);
	assert_null(disk.swap);
	assert_open(journal, "a b ");
	disk.swap = path;
	settle(journal, 1);
	assert_open(journal, "b ");
}

/* ---- failing and dying at each call ---- */

/* What a begin is made on: nothing, a directory to make, a small file, one with a torn end, one to compact. */
enum scene { SCENE_NEW, SCENE_DEEP, SCENE_SMALL, SCENE_TORN, SCENE_HAND, SCENE_COMPACT, SCENES };

/* Leaves `a` open wherever there is a file; returns the mark. */
static uint64_t scene_make(enum scene scene) {
	static struct buffer large;
	snprintf(path, sizeof path, "%s/a/b/journal", directory);
	remove(path);
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/%s", directory, i ? "a" : "a/b");
		remove(path);
	}
	snprintf(path, sizeof path, "%s/%s", directory, scene == SCENE_DEEP ? "a/b/journal" : "journal");
	remove(path);
	if (scene == SCENE_NEW || scene == SCENE_DEEP)
		return 0;
	SCOPED(scope_journal) struct journal *journal = journal_at(path);
	if (scene == SCENE_COMPACT && large.len) {
		file_set(large.data, large.len);
		return mark_of(journal);
	}
	begin(journal, "a");
	if (scene == SCENE_TORN)
		file_add("0123abcd\t2\t20");
	if (scene == SCENE_HAND) {
		begin(journal, "h");
		file_add("settled 2");
	}
	if (scene == SCENE_COMPACT) {
		fill(journal, JOURNAL_COMPACT_BYTES);
		buffer_append(&large, file_text()->data, file_text()->len);
	}
	return mark_of(journal);
}

static const char *scene_open(enum scene scene) {
	return scene == SCENE_NEW || scene == SCENE_DEEP ? "" : "a ";
}

/* The journal reads, with or without a record of `b`; and takes the next. */
static void scene_check(enum scene scene, uint64_t mark, int with) {
	SCOPED(scope_journal) struct journal *journal = journal_at(path);
	char want[64];
	struct seen seen = open_ones(journal);
	bool has = strstr(seen.names, "b ") != NULL;
	if (with >= 0)
		assert_int_equal(has, with);
	snprintf(want, sizeof want, "%s%s", scene_open(scene), has ? "b " : "");
	assert_string_equal(seen.names, want);
	assert_int_equal(mark_of(journal), mark + has);
	assert_int_equal(begin(journal, "z"), mark + has + 1);
	strcat(want, "z ");
	assert_open(journal, want);
	if (scene != SCENE_NEW && scene != SCENE_DEEP) {
		settle(journal, 1);
		assert_open(journal, want + 2);
	}
}

static void a_begin_is_on_disk_before_it_returns(void **state) {
	(void)state;
	/* w write, d fdatasync, f fsync of a directory or of the new file, t ftruncate, r rename, m mkdir */
	static const char *const want[SCENES] = {"wdf", "mmmfmfwdf", "wdf", "twdf", "wdf", "wfrf"};
	for (enum scene scene = 0; scene < SCENES; scene++) {
		uint64_t mark = scene_make(scene), number = 0;
		SCOPED(scope_journal) struct journal *journal = journal_at(path);
		struct journal_entry entry = entry_of("b");
		disk_arm(DISK_GOOD, 0, 0, 0);
		assert_int_equal(journal_begin(journal, &entry, mark, WHEN, &number, NULL), 0);
		assert_string_equal(disk.log, want[scene]);
		disk_arm(DISK_GOOD, 0, 0, 0);
		settle(journal, number);
		assert_string_equal(disk.log, "w");
	}
}

static void a_disk_that_fails_records_nothing(void **state) {
	(void)state;
	static const int reasons[] = {ENOSPC, EDQUOT, EIO, EFBIG};
	size_t failed = 0;
	for (enum scene scene = 0; scene < SCENES; scene++)
		for (int part = 0; part < 5; part++) {
			bool reached = true;
			size_t at = 1;
			for (; reached && at < 100; at++) {
				uint64_t mark = scene_make(scene), number = 4711;
				SCOPED(scope_journal) struct journal *journal = journal_at(path);
				struct journal_entry entry = entry_of("b");
				struct error err = {0};
				int reason = reasons[(at + (size_t)part) % 4];
				disk_arm(DISK_FAILS, at, part, reason);
				int rc = journal_begin(journal, &entry, mark, WHEN, &number, &err);
				reached = disk_disarm();
				if (rc) {
					assert_words(rc, reason == EIO ? -EACCES : -ENOSPC, &err, strerror(reason));
					assert_int_equal(number, 4711);
					failed++;
				} else {
					assert_false(reached);
					assert_int_equal(number, mark + 1);
				}
				scene_check(scene, mark, !rc);
			}
			assert_true(at > 4 && at < 100);
		}
	assert_true(failed > 200);
}

static void a_settle_that_fails_leaves_it_open(void **state) {
	(void)state;
	for (enum scene scene = SCENE_SMALL; scene < SCENES; scene++)
		for (int part = 0; part < 4; part++) {
			bool reached = true;
			size_t at = 1;
			for (; reached && at < 100; at++) {
				uint64_t mark = scene_make(scene);
				SCOPED(scope_journal) struct journal *journal = journal_at(path);
				struct error err = {0};
				disk_arm(DISK_FAILS, at, part, ENOSPC);
				int rc = journal_settle(journal, 1, JOURNAL_DONE, "id", WHEN, &err);
				reached = disk_disarm();
				assert_int_equal(rc != 0, reached);
				if (rc)
					assert_words(rc, -ENOSPC, &err, "no room");
				assert_int_equal(is_open(journal, 1), rc != 0);
				assert_int_equal(begin(journal, "z"), mark + 1);
			}
			assert_true(at > 3 && at < 100);
		}
}

static void a_kill_at_any_call_leaves_it_readable(void **state) {
	(void)state;
	size_t kills = 0;
	for (enum scene scene = 0; scene < SCENES; scene++)
		for (int part = 0; part < 5; part++) {
			bool reached = true;
			size_t at = 1;
			for (; reached && at < 100; at++) {
				uint64_t mark = scene_make(scene);
				pid_t pid = fork();
				assert_true(pid >= 0);
				if (pid == 0) {
					struct journal *journal = NULL;
					struct journal_entry entry = entry_of("b");
					uint64_t number = 0;
					if (journal_new(path, &journal))
						_exit(1);
					disk_arm(DISK_KILLS, at, part, 0);
					int rc = journal_begin(journal, &entry, mark, WHEN, &number, NULL);
					_exit(rc || number != mark + 1);
				}
				int status = 0;
				assert_int_equal(waitpid(pid, &status, 0), pid);
				reached = WIFSIGNALED(status);
				if (reached)
					assert_int_equal(WTERMSIG(status), SIGKILL);
				else
					assert_int_equal(status, 0);
				kills += reached;
				scene_check(scene, mark, reached ? -1 : 1);
			}
			assert_true(at > 4 && at < 100);
		}
	assert_true(kills > 100);
}

static void no_memory_is_an_error(void **state) {
	(void)state;
	struct journal *none = NULL;
	for (size_t at = 1; at < 3; at++) {
		alloc_arm(at);
		assert_int_equal(journal_new(path, &none), -ENOMEM);
		assert_int_equal(alloc_live(), 0);
		assert_true(alloc_disarm());
		assert_null(none);
	}
	for (enum scene scene = 0; scene < SCENES; scene++)
		for (int call = 0; call < 5; call++) {
			bool reached = true;
			size_t at = 1;
			for (; reached && at < 200; at++) {
				uint64_t mark = scene_make(scene), number = 4711, seen_mark = 4711;
				SCOPED(scope_journal) struct journal *journal = journal_at(path);
				struct journal_entry entry = entry_of("b");
				struct error err = {0};
				struct seen seen = {0};
				alloc_arm(at);
				int rc = call == 0   ? journal_begin(journal, &entry, mark, WHEN, &number, &err)
					 : call == 1 ? look_mark(journal, &seen_mark, &err)
					 : call == 2 ? journal_settle(journal, 1, JOURNAL_DONE, "id", WHEN, &err)
					 : call == 3 ? journal_open_records(journal, see, &seen, &err)
						     : journal_is_open(journal, 1, &err);
				long live = alloc_live();
				reached = alloc_disarm();
				assert_int_equal(live, 0);
				if (reached) {
					assert_words(rc, -ENOMEM, &err, "no memory");
					assert_int_equal(number, 4711);
					assert_int_equal(seen_mark, 4711);
					scene_check(scene, mark, 0);
				} else {
					assert_true(rc == 0 || (call == 4 && rc == 1));
					if (call != 2)
						scene_check(scene, mark, call == 0);
				}
			}
			assert_true(at < 200);
		}
}

/* ---- kills at any moment ---- */

/* Creates until it is killed; tells each number that was begun, and its negative before it is settled. */
static void child_creates(int out, int turn) {
	struct journal *journal = NULL;
	if (journal_new(path, &journal))
		_exit(1);
	for (int i = 0; i < 100; i++) { /* killed after 24 numbers: what stays open has to fit until then */
		char name[2000];
		uint64_t mark = 0, number = 0;
		memset(name, 'x', sizeof name);
		snprintf(name + 1900, 100, "%d-%d", turn, i);
		struct journal_entry entry = entry_of(name);
		if (look_mark(journal, &mark, NULL) || journal_begin(journal, &entry, mark, WHEN, &number, NULL))
			_exit(2);
		int64_t told = (int64_t)number;
		if (__real_write(out, &told, sizeof told) != sizeof told)
			_exit(3);
		told = -told;
		if (i % 8 == 0)
			continue; /* this one stays open */
		if (__real_write(out, &told, sizeof told) != sizeof told ||
			journal_settle(journal, number, JOURNAL_DONE, "id", WHEN, NULL))
			_exit(4);
	}
	for (;;)
		pause();
}

enum { KNOWN = 100000 };

static int note_number(void *user, const struct journal_record *record) {
	char *open_now = user;
	assert_true(record->number < KNOWN);
	open_now[record->number] = 1;
	return 0;
}

static void a_kill_at_any_moment_loses_nothing(void **state) {
	(void)state;
	enum { TURNS = 200 };
	static char begun[KNOWN]; /* 1: begun, 2: may be settled */
	static char open_now[KNOWN];
	SCOPED(scope_journal) struct journal *journal = journal_at(path);
	unsigned seed = 20261122;
	uint64_t last = 0;
	size_t told_count = 0, compactions = 0;
	ino_t inode = 0;
	for (int turn = 0; turn < TURNS; turn++) {
		int fds[2];
		assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			child_creates(fds[1], turn);
		close(fds[1]);
		/* Killed after some numbers, and some more moments. */
		int left = 1 + rand_r(&seed) % 24;
		volatile int spin = rand_r(&seed) % 300000;
		int64_t told = 0;
		ssize_t n = 0;
		while ((n = __real_read(fds[0], &told, sizeof told)) == sizeof told) {
			uint64_t number = (uint64_t)(told < 0 ? -told : told);
			assert_true(number < KNOWN);
			begun[number] = told < 0 ? 2 : 1;
			last = number > last ? number : last;
			told_count++;
			if (--left == 0) {
				while (spin > 0)
					spin--;
				assert_int_equal(kill(pid, SIGKILL), 0);
			}
		}
		assert_int_equal(n, 0);
		close(fds[0]);
		assert_ended(pid, SIGKILL);
		/* It reads, and what was begun and not about to be settled is open. */
		memset(open_now, 0, sizeof open_now);
		assert_int_equal(journal_open_records(journal, note_number, open_now, NULL), 0);
		uint64_t mark = mark_of(journal);
		assert_true(mark >= last && mark <= last + 1);
		for (uint64_t number = 1; number <= mark; number++)
			assert_true(begun[number] != 1 || open_now[number]);
		for (uint64_t number = 1; number <= mark; number++) {
			if (open_now[number] && turn % 10 == 9)
				settle(journal, number);
			if (turn % 10 == 9)
				begun[number] = 2;
		}
		last = mark > last ? mark : last;
		struct stat st;
		assert_int_equal(stat(path, &st), 0);
		compactions += st.st_ino != inode;
		inode = st.st_ino;
	}
	assert_true(told_count > TURNS && compactions > 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(records_come_back),
		TEST(the_file_is_for_people),
		TEST(any_text_is_kept),
		TEST(visits_end_and_may_call),
		TEST(nothing_is_kept_without_a_path),
		TEST(a_line_is_bounded),
		TEST(two_mounts_do_not_create_twice),
		TEST(a_removed_journal_makes_marks_void),
		TEST(lines_taken_away_make_marks_void),
		TEST(a_torn_line_is_no_record),
		TEST(zeroes_at_the_end_are_torn),
		TEST(a_damaged_line_stops_creates),
		TEST(lines_that_do_not_fit_are_damaged),
		TEST(a_person_may_settle),
		TEST(settling_by_hand_is_of_what_stands_before),
		TEST(compaction_keeps_what_counts),
		TEST(the_latest_done_are_kept),
		TEST(many_open_hinder_nobody),
		TEST(the_file_is_bounded),
		TEST(only_a_file_of_our_own_is_used),
		TEST(directories_are_made),
		TEST(a_path_may_be_relative),
		TEST(a_held_lock_is_waited_for_shortly),
		TEST(a_file_replaced_before_the_lock_is_opened_again),
		TEST(a_begin_is_on_disk_before_it_returns),
		TEST(a_disk_that_fails_records_nothing),
		TEST(a_settle_that_fails_leaves_it_open),
		TEST(a_kill_at_any_call_leaves_it_readable),
		TEST(no_memory_is_an_error),
		TEST(a_kill_at_any_moment_loses_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
