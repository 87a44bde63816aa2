/* What the observer of the api is told of each exchange. */
#include "world.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { SEEN_MAX = 16 };

static struct world world;

static struct {
	struct api_exchange exchange;
	char path[128], request_id[128];
	int done; /* completions by then */
} seen[SEEN_MAX];
static size_t seen_count;
static struct reply reply; /* of the test's request */

static void on_exchange(void *user, const struct api_exchange *exchange) {
	assert_ptr_equal(user, &world);
	assert_in_range(seen_count, 0, SEEN_MAX - 1);
	seen[seen_count].exchange = *exchange;
	seen[seen_count].done = reply.done;
	snprintf(seen[seen_count].path, sizeof(seen[0].path), "%s", exchange->path);
	snprintf(seen[seen_count].request_id, sizeof(seen[0].request_id), "%s", exchange->request_id);
	seen_count++;
}

/* What the script answers: the first requests with `first`, the others with 200. */
static struct {
	int first;
	size_t firsts;
	const char *headers, *body;
	enum { PLAY_ANSWER, PLAY_HOLD, PLAY_DROP, PLAY_CUT } play;
} script;

static void script_play(struct server_request *request) {
	switch (script.play) {
	case PLAY_ANSWER:
		server_answer(
			request, world.server.count <= script.firsts ? script.first : 200, script.headers, script.body);
		break;
	case PLAY_HOLD:
		break;
	case PLAY_DROP:
		server_hangup(request);
		break;
	case PLAY_CUT:
		server_send(request, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\nx-request-id: r\r\n\r\n{", 57);
		server_hangup(request);
		break;
	}
}

static int setup(void **state) {
	(void)state;
	memset(&script, 0, sizeof(script));
	script.headers = "";
	script.body = "{}";
	seen_count = 0;
	memset(&reply, 0, sizeof(reply));
	world.observer = (struct api_observer){.exchange = on_exchange, .user = &world};
	world_open(&world, 16, 10, (struct token_config){0});
	world.server.script = script_play;
	return 0;
}

static int teardown(void **state) {
	(void)state;
	world_close(&world);
	return 0;
}

static const char tag[] = "tag";

static void on_done(void *user, const struct api_response *response) {
	(void)user;
	reply.done++;
	reply.code = response->code;
}

static void start(enum api_method method, const char *path, const char *body, unsigned timeout_ms) {
	struct api_request request = {.service = API_INVENTORY,
		.method = method,
		.path = path,
		.body = body,
		.body_len = body ? strlen(body) : 0,
		.timeout_ms = timeout_ms,
		.tag = tag};

	assert_int_equal(api_send(world.api, &request, on_done, NULL, &reply.call), 0);
}

static void ask(enum api_method method, const char *path, const char *body) {
	start(method, path, body, 20000);
	WORLD_UNTIL(&world, reply.done);
}

static void test_answer(void **state) {
	const struct server_request *request = &world.server.requests[0];

	(void)state;
	script.headers = "x-request-id: req 1\r\n";
	script.body = "{\"a\":1}";
	ask(API_POST, "/a?b=c", "{\"body\":2}");
	assert_int_equal(seen_count, 1);
	assert_int_equal(seen[0].done, 0);
	assert_int_equal(seen[0].exchange.service, API_INVENTORY);
	assert_int_equal(seen[0].exchange.method, API_POST);
	assert_string_equal(seen[0].path, "/service/a?b=c");
	assert_ptr_equal(seen[0].exchange.tag, tag);
	assert_int_equal(seen[0].exchange.attempt, 1);
	assert_int_equal(seen[0].exchange.code, 0);
	assert_int_equal(seen[0].exchange.status, 200);
	assert_string_equal(seen[0].request_id, "req 1");
	assert_true(seen[0].exchange.ms < 10000);
	assert_int_equal(seen[0].exchange.sent, strlen(request->head) + request->body_len);
	assert_true(seen[0].exchange.received > strlen("HTTP/1.1 200 \r\nx-request-id: req 1\r\n\r\n{\"a\":1}"));
	assert_true(seen[0].exchange.received < 300);
}

static void test_refusal(void **state) {
	(void)state;
	script.first = 404;
	script.firsts = 1;
	ask(API_GET, "/a", NULL);
	assert_int_equal(reply.code, ENOENT);
	assert_int_equal(seen_count, 1);
	assert_int_equal(seen[0].exchange.code, 0);
	assert_int_equal(seen[0].exchange.status, 404);
	assert_string_equal(seen[0].request_id, "");
}

static void test_attempts(void **state) {
	(void)state;
	script.first = 503;
	script.firsts = 2;
	ask(API_GET, "/a", NULL);
	assert_int_equal(reply.code, 0);
	assert_int_equal(seen_count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(seen[i].exchange.attempt, i + 1);
		assert_int_equal(seen[i].exchange.status, i < 2 ? 503 : 200);
		assert_ptr_equal(seen[i].exchange.tag, tag);
	}
}

static void test_no_answer(void **state) {
	(void)state;
	script.play = PLAY_DROP;
	ask(API_DELETE, "/a", NULL);
	assert_int_equal(seen_count, 1);
	assert_int_equal(seen[0].exchange.code, EREMOTEIO);
	assert_int_equal(seen[0].exchange.status, 0);
	assert_int_equal(seen[0].exchange.received, 0);
}

static void drop_second(struct server_request *request) {
	if (world.server.count == 2)
		server_hangup(request);
	else
		server_answer(request, 200, "", "{}");
}

/* A connection that is used again may be dead by then: curl repeats the GET, and who counts must know. */
static void test_repeated_by_curl(void **state) {
	(void)state;
	world.server.script = drop_second;
	ask(API_GET, "/a", NULL);
	reply.done = 0;
	ask(API_GET, "/b", NULL);
	assert_int_equal(reply.code, 0);
	assert_int_equal(world.server.count, 3);
	assert_int_equal(world.server.requests[1].serial, world.server.requests[0].serial);
	assert_int_equal(seen_count, 3);
	assert_int_equal(seen[1].exchange.code, EREMOTEIO);
	assert_int_equal(seen[1].exchange.status, 0);
	assert_int_equal(seen[2].exchange.status, 200);
	for (size_t i = 1; i < 3; i++) {
		assert_string_equal(seen[i].path, "/service/b");
		assert_int_equal(seen[i].exchange.attempt, 1);
	}
}

static void test_half_an_answer(void **state) {
	(void)state;
	script.play = PLAY_CUT;
	ask(API_POST, "/a", "{}");
	assert_int_equal(seen_count, 1);
	assert_int_equal(seen[0].exchange.code, EREMOTEIO);
	assert_int_equal(seen[0].exchange.status, 200);
	assert_string_equal(seen[0].request_id, "r");
}

static void test_late(void **state) {
	(void)state;
	script.play = PLAY_HOLD;
	start(API_POST, "/a", "{}", 2000);
	WORLD_UNTIL(&world, reply.done);
	assert_int_equal(seen_count, 1);
	assert_int_equal(seen[0].exchange.code, ETIMEDOUT);
	assert_in_range(seen[0].exchange.ms, 500, 20000); /* less than 2 s: the way to it took some */
}

static void test_given_up(void **state) {
	(void)state;
	script.play = PLAY_HOLD;
	start(API_GET, "/a", NULL, 20000);
	WORLD_UNTIL(&world, world.server.count == 1);
	assert_int_equal(seen_count, 0);
	api_cancel(reply.call);
	assert_int_equal(seen_count, 1);
	assert_int_equal(seen[0].exchange.code, ECANCELED);
	assert_string_equal(seen[0].path, "/service/a");
	start(API_GET, "/b", NULL, 20000);
	api_free(world.api); /* ends it too */
	world.api = NULL;
	assert_int_equal(seen_count, 2);
	assert_int_equal(seen[1].exchange.code, ECANCELED);
	assert_int_equal(reply.done, 0);
}

static void list_play(struct server_request *request) {
	server_answer(request, 200, "", "{\"data\":[{\"id\":\"a\"}],\"pagination\":{\"total_pages\":1}}");
}

static void test_pages(void **state) {
	struct api_request request = {.service = API_GPU, .path = "/l", .timeout_ms = 20000, .tag = tag};

	(void)state;
	world.server.script = list_play;
	assert_int_equal(api_list(world.api, &request, true, NULL, world_listed, &reply, &reply.call), 0);
	WORLD_UNTIL(&world, reply.done);
	reply_free(&reply);
	assert_int_equal(seen_count, 1);
	assert_string_equal(seen[0].path, "/service/l?page=1&limit=100");
	assert_ptr_equal(seen[0].exchange.tag, tag);
}

/* Neither the token that was sent nor what looks like another one, not even the beginning of one that is cut to fit. */
static void test_secrets(void **state) {
	static const char *const headers[] = {
		"x-request-id: a " WORLD_TOKEN " b\r\n",
		"x-request-id: x-pat-nc-another-0123456789\r\n",
		"x-request-id: "
		".................................................................................eyJhbGciOiJIUzI1NiJ9."
		"x"
		"\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		reply.done = 0;
		script.headers = headers[i];
		ask(API_GET, "/a", NULL);
		assert_string_equal(seen[i].request_id, "");
	}
	reply.done = 0;
	script.headers = "x-request-id: eyJ-pat-nc-1\r\n"; /* too short for one */
	ask(API_GET, "/a", NULL);
	assert_string_equal(seen[3].request_id, "eyJ-pat-nc-1");
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_answer),
		TEST(test_refusal),
		TEST(test_attempts),
		TEST(test_no_answer),
		TEST(test_repeated_by_curl),
		TEST(test_half_an_answer),
		TEST(test_late),
		TEST(test_given_up),
		TEST(test_pages),
		TEST(test_secrets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
