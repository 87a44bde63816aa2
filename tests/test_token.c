#include "api/http.h"
#include "api/token.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
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

/* The time of the tests, and a refusal. */
static struct token_time now = {.ms = 1000000, .wall_s = 1800000000};
static const struct error refusal = {
	.code = EKEYEXPIRED, .http_status = 401, .message = "the API answered 401: expired"};

static bool refused(struct token *token) {
	return token_answered(token, API_GPU, token_generation(token), 401, &refusal, now);
}

static void assert_token(struct token *token, const char *text) {
	struct error err = {0};
	const char *got = NULL;

	if (token_get(token, API_GPU, now, &got, &err) != 0)
		fail_msg("%s", err.message);
	assert_string_equal(got, text);
}

/* Refused, and the words hold what they must and not the secret. */
static void assert_no_token(struct token *token, const char *words) {
	struct error err = {0};
	const char *got = NULL;

	assert_int_equal(token_get(token, API_GPU, now, &got, &err), -EKEYEXPIRED);
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
	assert_false(refused(token));
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
	assert_false(refused(token));
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
	assert_int_equal(token_generation(token), generation);
	assert_false(refused(token));
	assert_int_equal(token_generation(token), generation);
	/* Replaced by another file, as editors do. */
	unlink(path);
	file_write("second-token-2", 0400);
	assert_token(token, "second-token-2");
	assert_int_not_equal(token_generation(token), generation);
	unlink(path);
	file_write("third-token-3", 0600);
	assert_true(refused(token));
	assert_token(token, "third-token-3");
	assert_false(refused(token));
	assert_no_token(token, "the API answered 401: expired (not asked again");
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
	assert_false(refused(token));
	if (geteuid() == 0) {
		file_write("s3cret-token-1", 0600);
		assert_int_equal(chown(path, 12345, (gid_t)-1), 0);
		assert_no_token(token, "another user");
	}
	token_free(token);
}

/* Who replaces a file in two steps does not make a call fail; who takes it away does, a moment later. */
static void test_file_gone(void **state) {
	struct token *token = token_of((struct token_config){.file = path});
	int64_t begin_ms = now.ms;

	(void)state;
	file_write("first-token-1", 0600);
	assert_token(token, "first-token-1");
	unlink(path);
	assert_token(token, "first-token-1");
	now.ms += 400;
	file_write("", 0600);
	assert_token(token, "first-token-1");
	now.ms += 400;
	file_write("second-token-2", 0600);
	assert_token(token, "second-token-2");
	now.ms += 5000;
	unlink(path);
	assert_token(token, "second-token-2");
	now.ms += 999;
	assert_token(token, "second-token-2");
	now.ms += 1;
	assert_no_token(token, "there is no token file");
	file_write("second-token-2", 0600);
	assert_token(token, "second-token-2");
	now.ms = begin_ms;
	token_free(token);
}

/* ---- a token that is refused ---- */

static void assert_sent(struct token *token, enum api_service service, bool sent) {
	struct error err = {0};
	const char *got;
	int rc = token_get(token, service, now, &got, &err);

	assert_int_equal(rc, sent ? 0 : -EKEYEXPIRED);
}

static void answered(struct token *token, enum api_service service, int status) {
	assert_false(token_answered(token, service, token_generation(token), status, &refusal, now));
}

/* At most one request in 30 s, to whichever service, for an hour of calls. */
static void test_hold(void **state) {
	struct token *token = token_of((struct token_config){.text = "bad-token-1"});
	int64_t begin_ms = now.ms, sent_ms = -1;
	unsigned sent = 0;

	(void)state;
	for (int i = 0; i < 36000; i++, now.ms += 100) {
		enum api_service service = (enum api_service)(i % API_SERVICES);
		const char *got;

		if (token_get(token, service, now, &got, NULL) != 0)
			continue;
		assert_true(sent == 0 || now.ms - sent_ms >= 30000);
		sent_ms = now.ms;
		sent++;
		answered(token, service, 401);
	}
	assert_in_range(sent, 115, 120);
	/* What is no answer to the token leaves it as it is; one that is lifts it from all. */
	now.ms += 30000;
	assert_sent(token, API_GPU, true);
	answered(token, API_GPU, 503);
	answered(token, API_GPU, 429);
	answered(token, API_GPU, 302);
	assert_sent(token, API_GPU, false);
	now.ms += 30000;
	assert_sent(token, API_TENANT, true);
	answered(token, API_TENANT, 404);
	for (int service = 0; service < API_SERVICES; service++)
		assert_sent(token, (enum api_service)service, true);
	now.ms = begin_ms;
	token_free(token);
}

/* A service that refuses what the others accept does not take them along. */
static void test_hold_one_service(void **state) {
	struct token *token = token_of((struct token_config){.text = "good-token-1"});
	int64_t begin_ms = now.ms;

	(void)state;
	answered(token, API_TENANT, 401);
	assert_sent(token, API_GPU, false); /* it might be bad */
	now.ms += 30000;
	assert_sent(token, API_GPU, true);
	answered(token, API_GPU, 200);
	assert_sent(token, API_GPU, true); /* it is not */
	assert_sent(token, API_INVENTORY, true);
	assert_sent(token, API_TENANT, false);
	now.ms += 30000;
	assert_sent(token, API_TENANT, true);
	assert_sent(token, API_TENANT, false);
	answered(token, API_TENANT, 401);
	assert_sent(token, API_TENANT, false);
	assert_sent(token, API_GPU, true);
	assert_sent(token, API_INVENTORY, false); /* has not said anything of it */
	answered(token, API_GPU, 401);            /* taken back */
	assert_sent(token, API_GPU, false);
	now.ms = begin_ms;
	token_free(token);
}

/* ---- a command ---- */

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
	assert_false(refused(token));
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

/* Fetches with the command are carried on until there is an end, without a clock of our own. */
static void fetch_all(struct token *token, struct http *http) {
	while (token_fetching(token)) {
		struct pollfd wait = {.fd = http_fd(http), .events = POLLIN};

		if (poll(&wait, 1, 10000) <= 0)
			fail_msg("nothing happens any more");
		http_run(http);
		token_run(token, now);
	}
}

static void assert_waits(struct token *token) {
	const char *got;

	assert_int_equal(token_get(token, API_GPU, now, &got, NULL), -EAGAIN);
	assert_true(token_fetching(token));
}

static unsigned runs(void) {
	char text[64] = "";
	FILE *file = fopen(path, "r");
	unsigned count = 0;

	assert_non_null(file);
	while (fgets(text, sizeof(text), file))
		count++;
	fclose(file);
	return count;
}

/* It is run again for a 401, once for all of them, and only after 30 s if what it gives is no better. */
static void test_command_again(void **state) {
	struct http_config config = {.parallel = 4};
	int64_t begin_ms = now.ms;
	struct token *token;
	struct http *http;
	unsigned first;
	char command[512], hold[160];

	(void)state;
	snprintf(hold, sizeof(hold), "%s.hold", path);
	snprintf(command, sizeof(command),
		"echo run >>%s; while [ -L %s ]; do sleep 0.01; done; echo token-$(wc -l <%s)-of-a-command", path, hold,
		path);
	token = token_of((struct token_config){.command = command});
	assert_int_equal(http_new(&config, &http), 0);
	token_attach(token, http);
	assert_token(token, "token-1-of-a-command");
	first = token_generation(token);
	assert_int_equal(symlink("anywhere", hold), 0);
	for (int i = 0; i < 20; i++)
		assert_true(token_answered(token, API_GPU, first, 401, &refusal, now));
	assert_waits(token);
	assert_int_equal(unlink(hold), 0);
	assert_true(token_answered(token, API_GPU, first, 401, &refusal, now));
	fetch_all(token, http);
	assert_int_equal(runs(), 2);
	assert_token(token, "token-2-of-a-command");
	/* Refused before it was ever accepted: not again so soon. */
	assert_false(refused(token));
	for (int i = 0; i < 20; i++, now.ms += 1000)
		assert_no_token(token, "the API answered 401: expired (not asked again");
	assert_int_equal(runs(), 2);
	now.ms += 11000;
	assert_token(token, "token-2-of-a-command");
	assert_true(refused(token));
	fetch_all(token, http);
	assert_token(token, "token-3-of-a-command");
	/* Accepted, then taken back: at once. */
	answered(token, API_GPU, 200);
	assert_true(refused(token));
	fetch_all(token, http);
	assert_token(token, "token-4-of-a-command");
	assert_int_equal(runs(), 4);
	/* With an answer to an older one there is nothing to do. */
	assert_true(token_answered(token, API_GPU, token_generation(token) - 1, 401, &refusal, now));
	assert_false(token_fetching(token));
	now.ms = begin_ms;
	token_free(token);
	http_free(http);
}

/* Works the first time; then it does what the file says. */
static void test_command_fails_again(void **state) {
	static const struct {
		const char *then, *words;
	} bad[] = {
		{"exit 3", "the API answered 401: expired; the token command failed with status 3 (not asked"},
		{"echo s3cret token", "holds no token"},
		{"echo good-token-1", "the API answered 401: expired (not asked again"},
		{"cat /dev/zero", "it printed more than 4 MiB"},
		{"read line && echo $line", "status 1"}, /* there is nobody to ask */
		{"kill -9 $$", "signal 9"},
		{"echo late-token-1; sleep 100", "not over within 30 s"},
		{"exec >&-; sleep 100", "not over within 30 s"},
	};
	struct http_config config = {.parallel = 4};
	int64_t begin_ms = now.ms;
	struct http *http;
	char command[512];

	(void)state;
	assert_int_equal(http_new(&config, &http), 0);
	snprintf(command, sizeof(command), "if [ -s %s ]; then . %s; else echo good-token-1; fi", path, path);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct token *token;

		file_write("", 0600);
		token = token_of((struct token_config){.command = command});
		token_attach(token, http);
		file_write(bad[i].then, 0600);
		(void)refused(token); /* true, unless it is over already */
		if (strstr(bad[i].then, "sleep")) {
			assert_true(token_fetching(token));
			assert_int_equal(token_due_ms(token), now.ms + 30000);
			now.ms += 29999;
			token_run(token, now);
			assert_waits(token);
			now.ms += 1;
			token_run(token, now);
		}
		fetch_all(token, http);
		assert_int_equal(token_due_ms(token), INT64_MAX);
		now.ms = begin_ms;
		assert_no_token(token, bad[i].words);
		token_free(token);
	}
	/* What stays behind does not hold it up, though it has the pipe. */
	struct token *token = token_of((struct token_config){.command = "sleep 2 & echo good-token-1"});
	assert_token(token, "good-token-1");
	token_free(token);
	/* Given up while it runs. */
	file_write("", 0600);
	token = token_of((struct token_config){.command = command});
	token_attach(token, http);
	file_write("sleep 100", 0600);
	assert_true(refused(token));
	assert_waits(token);
	token_detach(token, http);
	assert_false(token_fetching(token));
	token_free(token);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
	http_free(http);
}

/* A JWT says itself when it ends; what is none, or says nothing, is not known. */
static void test_expires(void **state) {
	static const struct {
		const char *token;
		int64_t expires_s;
	} cases[] = {
		{"eyJhbGciOiJub25lIn0.eyJleHAiOjE3MDAwMDAwMDB9.c2ln", 1700000000},
		/* {"sub":"ü~","exp":4102444800,"x":[1]}, with both letters that base64 for URLs has of its own */
		{"e30.eyJzdWIiOiLDvH4_Pj8-IiwiZXhwIjo0MTAyNDQ0ODAwLCJ4IjpbMV19.", 4102444800},
		{"e30.eyJleHAiOiIxNzAwMDAwMDAwIn0.x", 0}, /* a text */
		{"e30.eyJleHAiOi01fQ.x", 0},              /* -5 */
		{"e30.eyJpYXQiOjF9.x", 0},                /* only iat */
		{"e30.eyJleHAiOjE3MDAwMDAwMDA.x", 0},     /* cut off */
		{"e30.eyJleHAi+jE3MDAwMDAwMDB9.x", 0},    /* plain base64 */
		{"e30..xxxx", 0},
		{"eyJleHAiOjE3MDAwMDAwMDB9.c2ln", 0}, /* two parts */
		{"pat-nc-abcdefgh", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct token *token = token_of((struct token_config){.text = cases[i].token});

		if (token_expires_s(token) != cases[i].expires_s)
			fail_msg("%s: %lld", cases[i].token, (long long)token_expires_s(token));
		assert_false(token_renews(token));
		token_free(token);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expires),
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_none),
		cmocka_unit_test_setup_teardown(test_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_file_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(test_file_gone, setup, teardown),
		cmocka_unit_test(test_hold),
		cmocka_unit_test(test_hold_one_service),
		cmocka_unit_test(test_command),
		cmocka_unit_test_setup_teardown(test_command_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_command_fails_again, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
