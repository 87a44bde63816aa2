/* How mounts ended, in a file that may hold anything. */
#include "../fs/ending.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char home[] = "/tmp/neevfs-ending.XXXXXX";
static char file[64], next[64];

static const char *mounts; /* NULL: those of this machine */

FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode) {
	if (!mounts || strcmp(path, "/proc/self/mountinfo") != 0)
		return __real_fopen(path, mode);
	return fmemopen((void *)(uintptr_t)mounts, strlen(mounts), "r");
}

static int begin(void **state) {
	(void)state;
	if (!mkdtemp(home))
		return -1;
	snprintf(file, sizeof file, "%s/s/neevfs/ended", home);
	snprintf(next, sizeof next, "%s/s/neevfs/ended.new", home);
	char place[64];
	snprintf(place, sizeof place, "%s/s", home);
	return setenv("XDG_STATE_HOME", place, 1);
}

static int end(void **state) {
	(void)state;
	char command[64];
	snprintf(command, sizeof command, "rm -rf %s", home);
	return system(command);
}

static void file_is(const char *text, size_t len) {
	FILE *out = fopen(file, "w");
	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, len, out), len);
	fclose(out);
}

static size_t count(void) {
	struct endings endings;
	endings_read(&endings);
	size_t found = endings.count;
	endings_free(&endings);
	return found;
}

static void noted_shown_and_forgotten(void **state) {
	(void)state;
	struct endings endings;
	struct stat st;
	assert_int_equal(count(), 0);
	assert_false(ending_forget("/m"));
	assert_int_equal(lstat(file, &st), -1); /* only what is to be kept makes a file */
	assert_int_equal(ending_note("/m", 0, "was ended by SIGSEGV", "neevfs /m"), 0);
	assert_int_equal(ending_note("/odd\t\n\033", 60, "was ended by SIGKILL", "neevfs 'odd\n'"), 0);
	assert_int_equal(ending_note("/m", 86400, "was ended by SIGKILL", "neevfs --sandbox /m"), 0);
	assert_int_equal(lstat(file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(lstat(next, &st), -1);
	endings_read(&endings);
	assert_int_equal(endings.count, 2);
	assert_true(ending_is_of(&endings.at[0], "/odd\t\n\033"));
	assert_false(ending_is_of(&endings.at[0], "/odd"));
	assert_string_equal(endings.at[0].command, "neevfs 'odd\\x0a'");
	assert_string_equal(endings.at[1].when, "1970-01-02T00:00:00Z"); /* the latest of that place */
	assert_string_equal(endings.at[1].path, "/m");
	assert_string_equal(endings.at[1].how, "was ended by SIGKILL");
	assert_string_equal(endings.at[1].command, "neevfs --sandbox /m");
	endings_free(&endings);
	assert_false(ending_forget("/"));
	assert_true(ending_forget("/m"));
	assert_false(ending_forget("/m"));
	assert_int_equal(count(), 1);
	assert_true(ending_forget("/odd\t\n\033"));
	assert_int_equal(lstat(file, &st), -1);
}

/* Somebody was quicker than the supervisor. */
static void not_where_another_stands(void **state) {
	(void)state;
	mounts = "36 35 0:9 / /m rw - fuse.neevfs neevfs rw,user_id=0\n36 35 0:9 / /n rw - fuse.sshfs x rw,user_id=0\n";
	assert_int_equal(ending_note("/m", 0, "was ended by SIGKILL", "neevfs /m"), 0);
	assert_int_equal(count(), 0);
	assert_int_equal(ending_note("/n", 0, "was ended by SIGKILL", "neevfs /n"), 0);
	assert_int_equal(count(), 1);
	assert_true(ending_forget("/n"));
	mounts = NULL;
}

static void no_more_than_so_many(void **state) {
	(void)state;
	struct endings endings;
	char path[32];
	for (int i = 0; i < ENDINGS_MAX + 3; i++) {
		snprintf(path, sizeof path, "/m%d", i);
		assert_int_equal(ending_note(path, i, "was ended by SIGKILL", "neevfs"), 0);
	}
	endings_read(&endings);
	assert_int_equal(endings.count, ENDINGS_MAX);
	assert_string_equal(endings.at[0].path, "/m3");
	assert_string_equal(endings.at[ENDINGS_MAX - 1].path, "/m18");
	endings_free(&endings);
	/* One that is there already takes nobody's place. */
	assert_int_equal(ending_note("/m10", 99, "was ended by SIGKILL", "neevfs"), 0);
	assert_true(ending_forget("/m3"));
	static char long_path[ENDING_LINE_MAX + 1];
	memset(long_path, '/', sizeof long_path - 1);
	assert_int_equal(ending_note(long_path, 0, "was ended by SIGKILL", "neevfs"), -EMSGSIZE);
	assert_int_equal(count(), ENDINGS_MAX - 1);
	assert_int_equal(unlink(file), 0);
}

#define GOOD "T\t/good\twas ended by SIGKILL\tneevfs /good\n"

static void whatever_the_file_holds(void **state) {
	(void)state;
	static const char *const odd[] = {"", "\n", "\n\n\t\n", "T\t/x\thow\n", "T\t/x\thow\tcommand\tmore\n",
		"T\trelative\thow\tcommand\n", "\t/x\thow\tcommand\n", "T\t\thow\tcommand\n", "T\t/x\t\tcommand\n",
		"T\t/x\thow\t\n", "\377\376\200\n", "\033[2J\n"};
	struct endings endings;
	char text[512];
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		snprintf(text, sizeof text, "%s" GOOD "T\t/torn\thow\tcomma", odd[i]);
		file_is(text, strlen(text));
		endings_read(&endings);
		assert_int_equal(endings.count, 1);
		assert_string_equal(endings.at[0].path, "/good");
		endings_free(&endings);
	}
	file_is("\0\n" GOOD, sizeof "\0\n" GOOD - 1); /* what is behind a NUL is not read */
	assert_int_equal(count(), 0);
	assert_int_equal(ending_note("/m", 0, "was ended by SIGKILL", "neevfs /m"), 0); /* which mends it */
	assert_int_equal(count(), 1);
	assert_true(ending_forget("/m"));
}

static void one_that_is_too_large(void **state) {
	(void)state;
	struct stat st;
	FILE *out = fopen(file, "w");
	for (int i = 0; i < 1000000; i++)
		fputs(GOOD, out);
	fclose(out);
	assert_int_equal(count(), ENDINGS_MAX);
	assert_true(ending_forget("/good"));
	assert_int_equal(lstat(file, &st), -1);
	out = fopen(file, "w");
	for (int i = 0; i < ENDING_LINE_MAX * ENDINGS_MAX; i++)
		fputs("no end of it", out);
	fclose(out);
	assert_int_equal(count(), 0);
	assert_int_equal(unlink(file), 0);
}

static void what_is_no_file(void **state) {
	(void)state;
	struct stat st;
	char other[64];
	assert_int_equal(mkfifo(file, 0600), 0);
	assert_int_equal(count(), 0); /* and nobody waits */
	assert_int_equal(unlink(file), 0);
	snprintf(other, sizeof other, "%s/other", home);
	FILE *out = fopen(other, "w");
	fputs(GOOD, out);
	fclose(out);
	assert_int_equal(symlink(other, file), 0);
	assert_int_equal(symlink(other, next), 0);
	assert_int_equal(count(), 0);
	assert_int_equal(ending_note("/m", 0, "was ended by SIGKILL", "neevfs /m"), 0); /* takes the place of both */
	assert_int_equal(lstat(other, &st), 0);
	assert_int_equal(st.st_size, sizeof GOOD - 1);
	assert_int_equal(lstat(file, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_true(ending_forget("/m"));
	assert_int_equal(mkdir(file, 0700), 0);
	assert_int_equal(count(), 0);
	assert_int_equal(ending_note("/m", 0, "was ended by SIGKILL", "neevfs /m"), -EISDIR);
	assert_int_equal(lstat(next, &st), -1);
	assert_int_equal(rmdir(file), 0);
}

static void no_place_to_keep_it(void **state) {
	(void)state;
	char *before = strdup(getenv("XDG_STATE_HOME"));
	setenv("XDG_STATE_HOME", "/dev/null/x", 1);
	assert_int_equal(ending_note("/m", 0, "was ended by SIGKILL", "neevfs /m"), -ENOTDIR);
	assert_false(ending_forget("/m"));
	assert_int_equal(count(), 0);
	setenv("XDG_STATE_HOME", before, 1);
	free(before);
}

static void the_command(void **state) {
	(void)state;
	static const struct {
		const char *words[6];
		const char *command;
	} rows[] = {
		{{"./neevfs", "m"}, "neevfs /a/m"},
		{{"neevfs", "--sandbox", "-o", "speed=0,instances=3", "m"},
			"neevfs --sandbox -o speed=0,instances=3 /a/m"},
		{{"neevfs", "-o", "token_file=/it's here", "", "m"}, "neevfs -o 'token_file=/it'\\''s here' '' /a/m"},
		{{"neevfs", "-o", "ro,token_command=echo secretsecret", "m"}, "neevfs -o ... /a/m"},
		{{"neevfs", "-oproxy=http://u:secretsecret@h", "m"}, "neevfs ... /a/m"},
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct buffer out = {0};
		char *words[6];
		int argc = 0;
		for (; argc < 6 && rows[i].words[argc]; argc++)
			words[argc] = strdup(rows[i].words[argc]);
		ending_command(argc, words, "/a/m", &out);
		assert_string_equal(out.data, rows[i].command);
		buffer_free(&out);
		while (argc)
			free(words[--argc]);
	}
	static char long_word[5000];
	memset(long_word, 'x', sizeof long_word - 1);
	struct buffer out = {0};
	char name[] = "neevfs", point[] = "m";
	char *words[] = {name, long_word, point};
	ending_command(3, words, "/a b", &out);
	assert_string_equal(out.data, "neevfs ... '/a b'");
	buffer_free(&out);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(noted_shown_and_forgotten),
		cmocka_unit_test(not_where_another_stands),
		cmocka_unit_test(no_more_than_so_many),
		cmocka_unit_test(whatever_the_file_holds),
		cmocka_unit_test(one_that_is_too_large),
		cmocka_unit_test(what_is_no_file),
		cmocka_unit_test(no_place_to_keep_it),
		cmocka_unit_test(the_command),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
