/* Each service asked once: what is sent, what comes of it, and no memory for it. The server is a process of its own, as
 * the asking blocks. */
#include "alloc.h"
#include "api/probe.h"
#include "api/token.h"
#include "server.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define TOKEN "pat-nc-test-0123456789"

static struct server server;
static pid_t serving;
static char urls[5][128];

/* What was asked decides; what should not have been is a teapot's matter. */
static void script(struct server_request *request) {
	const char *got = server_header(request, "Authorization");
	bool token = got && strcmp(got, "Bearer " TOKEN) == 0, alone = true;

	for (const struct server_request *before = request->server->requests; before < request; before++)
		alone = alone && before->serial != request->serial;
	if (strcmp(request->method, "GET") != 0 || !alone)
		server_answer(request, 418, "", "{\"message\":\"no GET, or not on a connection of its own\"}");
	else if (strcmp(request->path, "/open") == 0)
		server_answer(request, got ? 418 : 200, "Date: Thu, 01 Jan 1970 00:16:40 GMT\r\n", "{}");
	else if (strcmp(request->path, "/good") == 0)
		server_answer(request, token ? 200 : 418, "Date: nonsense\r\n", "{\"data\":[]}");
	else if (strcmp(request->path, "/bad") == 0)
		server_answer(request, 401, "x-request-id: r-1\r\n", "{\"message\":\"" TOKEN " is over\"}");
	else if (strcmp(request->path, "/html") == 0)
		server_answer(request, 200, "Content-Type: text/html\r\n", "<html>");
	else
		server_hangup(request);
}

static int setup(void **state) {
	static const char *const paths[] = {"/good", "/bad", "/html", "/gone", "/open"};

	(void)state;
	server_open(&server);
	server.script = script;
	for (size_t i = 0; i < 5; i++)
		snprintf(urls[i], sizeof(urls[i]), "%s%s", server.url, paths[i]);
	serving = fork();
	if (serving)
		return serving < 0;
	for (;;) {
		struct pollfd wait[SERVER_CONNECTIONS + 1];

		poll(wait, server_poll(&server, wait, SERVER_CONNECTIONS + 1), -1);
		server_step(&server);
	}
}

static int teardown(void **state) {
	(void)state;
	kill(serving, SIGKILL);
	waitpid(serving, NULL, 0);
	server_close(&server);
	return 0;
}

static struct token *token_of(const char *text) {
	struct token_config config = {.text = text};
	struct token *token;

	assert_int_equal(token_new(&config, &token, NULL), 0);
	return token;
}

static void test_answers(void **state) {
	struct probe probes[4] = {{.url = urls[0]}, {.url = urls[1]}, {.url = urls[2]}, {.url = urls[3]}};
	struct token *token = token_of(TOKEN);
	struct error err;

	(void)state;
	assert_int_equal(probe_all(&(struct probe_config){.token = token}, probes, 4, &err), 0);
	assert_int_equal(probes[0].status, 200);
	assert_int_equal(probes[0].error.code, 0);
	assert_false(probes[0].dated);
	assert_true(probes[0].connected_us > 0 && probes[0].answered_us >= probes[0].connected_us);
	assert_int_equal(probes[0].secured_us, 0);
	assert_int_equal(probes[0].expires_s, 0);
	assert_int_equal(probes[1].status, 401);
	assert_int_equal(probes[1].error.code, EKEYEXPIRED);
	assert_string_equal(probes[1].error.request_id, "r-1");
	assert_null(strstr(probes[1].error.message, TOKEN));
	assert_int_equal(probes[2].status, 200);
	assert_int_equal(probes[2].error.code, EREMOTEIO);
	assert_int_equal(probes[3].status, 0);
	assert_int_equal(probes[3].error.code, EREMOTEIO);
	token_free(token);
}

static void test_without_token(void **state) {
	struct probe probe = {.url = urls[4]};
	struct error err;

	(void)state;
	assert_int_equal(probe_all(&(struct probe_config){0}, &probe, 1, &err), 0);
	assert_int_equal(probe.status, 200);
	assert_true(probe.dated);
	assert_true(probe.ahead_s < -1000000000);
}

static void test_nobody_there(void **state) {
	struct probe probe = {.url = "http://127.0.0.1:1/"};
	struct error err;

	(void)state;
	assert_int_equal(probe_all(&(struct probe_config){0}, &probe, 1, &err), 0);
	assert_int_equal(probe.error.code, EHOSTUNREACH);
	assert_int_equal(probe.status, 0);
}

static void test_no_memory(void **state) {
	struct error err;

	(void)state;
	for (size_t n = 1;; n++) {
		struct probe probe = {.url = urls[4]};
		int rc;

		alloc_arm(n);
		rc = probe_all(&(struct probe_config){0}, &probe, 1, &err);
		bool failed = alloc_disarm();
		assert_int_equal(alloc_live(), 0);
		if (!failed) {
			assert_int_equal(rc, 0);
			assert_int_equal(probe.status, 200);
			return;
		}
		/* Either it could not be begun, or there was none for the answer. */
		assert_true(rc == -ENOMEM || (rc == 0 && probe.error.code == ENOMEM));
		if (rc)
			assert_int_equal(err.code, ENOMEM);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_without_token, setup, teardown),
		cmocka_unit_test(test_nobody_there),
		cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
