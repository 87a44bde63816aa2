#include "api/token.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[64], path[128];

static void file_write(const char *text, mode_t mode) {
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	size_t len = strlen(text);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), (ssize_t)len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static int setup(void **state) {
	(void)state;
	strcpy(directory, "/tmp/neevfs-token-XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	snprintf(path, sizeof(path), "%s/token", directory);
	return 0;
}

static int teardown(void **state) {
	(void)state;
	unlink(path);
	return rmdir(directory);
}

static struct token *token_of(struct token_config config) {
	struct error err = {0};
	struct token *token = NULL;

	if (token_new(&config, &token, &err) != 0)
		fail_msg("%s", err.message);
	return token;
}

static void assert_token(struct token *token, const char *text) {
	struct error err = {0};
	const char *got = NULL;

	if (token_get(token, &got, &err) != 0)
		fail_msg("%s", err.message);
	assert_string_equal(got, text);
}

/* Refused, and the words hold what they must and not the secret. */
static void assert_no_token(struct token *token, const char *words) {
	struct error err = {0};
	const char *got = NULL;

	assert_int_equal(token_get(token, &got, &err), -EKEYEXPIRED);
	assert_null(got);
	assert_int_equal(err.code, EKEYEXPIRED);
	if (!strstr(err.message, words))
		fail_msg("\"%s\" without \"%s\"", err.message, words);
	assert_null(strstr(err.message, "s3cret"));
}

static void test_text(void **state) {
	static const char *const bad[] = {"", "  \n", "short", "s3cret with space", "s3cret\x01token",
		"sk-nc-s3cret-0123456789", "s3cret-\xc3\xb6\xc3\xb6\xc3\xb6", "line-one-s3cret\nline-two"};
	struct token *token;
	char *large = malloc(8194);

	(void)state;
	assert_non_null(large);
	token = token_of((struct token_config){.text = " \tpat-nc-0123456789._~+/=-\r\n"});
	assert_token(token, "pat-nc-0123456789._~+/=-");
	assert_false(token_refused(token));
	token_free(token);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct token_config config = {.text = bad[i]};
		struct error err = {0};

		assert_int_equal(token_new(&config, &token, &err), -EINVAL);
		assert_true(err.message[0]);
		assert_null(strstr(err.message, "s3cret"));
	}
	memset(large, 'a', 8193);
	large[8193] = '\0';
	assert_int_equal(token_new(&(struct token_config){.text = large}, &token, NULL), -EINVAL);
	large[8192] = '\0';
	token = token_of((struct token_config){.text = large});
	assert_token(token, large);
	token_free(token);
	free(large);
	token_free(NULL);
}

static void test_none(void **state) {
	struct token *token = token_of((struct token_config){0});

	(void)state;
	assert_no_token(token, "token_file=");
	assert_false(token_refused(token));
	token_free(token);
}

static void test_file(void **state) {
	struct token *token = token_of((struct token_config){.file = path});
	unsigned generation;

	(void)state;
	assert_no_token(token, "no token file");
	file_write("\n first-token-1 \n", 0600);
	assert_token(token, "first-token-1");
	generation = token_generation(token);
	assert_token(token, "first-token-1");
	assert_false(token_refused(token));
	assert_int_equal(token_generation(token), generation);
	/* Replaced by another file, as editors do. */
	unlink(path);
	file_write("second-token-2", 0400);
	assert_token(token, "second-token-2");
	assert_int_not_equal(token_generation(token), generation);
	unlink(path);
	file_write("third-token-3", 0600);
	assert_true(token_refused(token));
	assert_false(token_refused(token));
	assert_token(token, "third-token-3");
	token_free(token);
}

static void test_file_refused(void **state) {
	struct token *token = token_of((struct token_config){.file = path});
	static const mode_t modes[] = {0640, 0604, 0620, 0602, 0610, 0601, 0666};
	char other[160];
	char *large = calloc(1, 20001);

	(void)state;
	assert_non_null(large);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		file_write("s3cret-token-1", modes[i]);
		assert_no_token(token, "chmod 600 ");
	}
	file_write("s3cret token", 0600);
	assert_no_token(token, "holds no token");
	file_write("sk-nc-s3cret-0123456789", 0600);
	assert_no_token(token, "sk-nc-");
	file_write("", 0600);
	assert_no_token(token, "is empty");
	memset(large, 'a', 20000);
	file_write(large, 0600);
	assert_no_token(token, "too large");
	free(large);
	/* A link is not followed, a FIFO does not stop the loop, a directory is none. */
	unlink(path);
	snprintf(other, sizeof(other), "%s-other", path);
	assert_int_equal(symlink(other, path), 0);
	assert_no_token(token, "symbolic link");
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_no_token(token, "no regular file");
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_no_token(token, "no regular file");
	rmdir(path);
	/* A good one, then a bad one: the old is not used on. */
	file_write("s3cret-token-1", 0600);
	assert_token(token, "s3cret-token-1");
	file_write("bad", 0600);
	assert_no_token(token, "holds no token");
	assert_false(token_refused(token));
	if (geteuid() == 0) {
		file_write("s3cret-token-1", 0600);
		assert_int_equal(chown(path, 12345, (gid_t)-1), 0);
		assert_no_token(token, "another user");
	}
	token_free(token);
}

static void test_command(void **state) {
	static const struct {
		const char *command, *words;
	} bad[] = {
		{"exit 3", "status 3"},
		{"kill -9 $$", "signal 9"},
		{"true", "is empty"},
		{"echo; echo s3cret-token", "is empty"},
		{"echo s3cret token", "holds no token"},
		{"/nonexistent/s3cret-command 2>/dev/null", "status 127"},
	};
	struct token *token;

	(void)state;
	token = token_of((struct token_config){.command = "echo from-a-command; echo second line"});
	assert_token(token, "from-a-command");
	assert_false(token_refused(token));
	token_free(token);
	/* Output without end of line, and more than fits: read to its end, so that the command is not killed by
	 * SIGPIPE. */
	token = token_of((struct token_config){.command = "echo long-output; head -c 1000000 /dev/zero"});
	assert_token(token, "long-output");
	token_free(token);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct token_config config = {.command = bad[i].command};
		struct error err = {0};

		assert_int_equal(token_new(&config, &token, &err), -EKEYEXPIRED);
		if (!strstr(err.message, bad[i].words))
			fail_msg("\"%s\" without \"%s\"", err.message, bad[i].words);
		assert_null(strstr(err.message, "s3cret"));
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_none),
		cmocka_unit_test_setup_teardown(test_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_file_refused, setup, teardown),
		cmocka_unit_test(test_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
