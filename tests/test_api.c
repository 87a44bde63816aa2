/* One request at a time and many at once, against a scripted server. */
#include "../api/scope.h"
#include "alloc.h"
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct world world;

/* What the script answers, or how it fails. */
static struct {
	int status;
	const char *headers;
	const char *body;
	enum { PLAY_ANSWER, PLAY_HOLD, PLAY_DROP, PLAY_CUT, PLAY_ENDLESS_BODY, PLAY_ENDLESS_HEAD, PLAY_GARBAGE } play;
} script;

static void script_play(struct server_request *request) {
	char head[512];
	int len;

	switch (script.play) {
	case PLAY_ANSWER:
		server_answer(request, script.status, script.headers, script.body);
		break;
	case PLAY_HOLD:
		break;
	case PLAY_DROP:
		server_hangup(request);
		break;
	case PLAY_CUT:
		len = snprintf(head, sizeof(head), "HTTP/1.1 %d Words\r\nContent-Length: 1000\r\n\r\n%s", script.status,
			script.body);
		server_send(request, head, (size_t)len);
		server_hangup(request);
		break;
	case PLAY_ENDLESS_BODY:
		len = snprintf(head, sizeof(head), "HTTP/1.1 %d Words\r\nConnection: close\r\n\r\n", script.status);
		server_send(request, head, (size_t)len);
		world.server.connections[request->connection].endless = true;
		break;
	case PLAY_ENDLESS_HEAD:
		server_send(request, "HTTP/1.1 200 OK\r\n", 17);
		for (int i = 0; i < 2000; i++)
			server_send(request, "X-Filling: .............................\r\n", 42);
		break;
	case PLAY_GARBAGE:
		server_send(request, "220 ftp.example.com ready\r\n", 27);
		server_hangup(request);
		break;
	}
}

static void open_with(struct token_config token) {
	script.play = PLAY_ANSWER;
	script.status = 200;
	script.headers = "";
	script.body = "{}";
	world_open(&world, 16, 10, token);
	world.server.script = script_play;
}

static int setup(void **state) {
	(void)state;
	open_with((struct token_config){0});
	return 0;
}

static int teardown(void **state) {
	(void)state;
	world_close(&world);
	return 0;
}

static void assert_words(const char *text, const char *words) {
	if (!strstr(text, words))
		fail_msg("\"%s\" without \"%s\"", text, words);
}

/* ---- what goes out ---- */

static void test_request(void **state) {
	const struct server_request *request = &world.server.requests[0];
	struct reply reply;

	(void)state;
	script.body = " {\"id\": 12345678901234567890}\n";
	world_ask(&world, API_GET, "/api/v1/things?x=%2E", NULL, &reply);
	assert_int_equal(reply.code, 0);
	assert_int_equal(reply.status, 200);
	assert_int_equal(reply.type, JSON_OBJECT);
	assert_string_equal(reply.body, script.body);
	assert_int_equal(reply.error.verdict, VERDICT_NONE);
	assert_string_equal(request->method, "GET");
	assert_string_equal(request->path, "/service/api/v1/things?x=%2E");
	assert_string_equal(server_header(request, "Authorization"), "Bearer " WORLD_TOKEN);
	assert_string_equal(server_header(request, "User-Agent"), "neevfs/" NEEVFS_VERSION);
	assert_string_equal(server_header(request, "Accept"), "application/json");
	assert_string_equal(server_header(request, "Accept-Encoding"), "gzip");
	assert_null(server_header(request, "Content-Type"));
	assert_null(server_header(request, "Expect"));
}

/* What a cache on the way is told, and what it says. */
static void test_age(void **state) {
	static const struct {
		const char *headers;
		unsigned age_s;
		int64_t date_s;
	} cases[] = {
		{"", 0, 0},
		{"Age: 25\r\nDate: Fri, 13 Feb 2009 23:31:30 GMT\r\n", 25, 1234567890},
		{"age:0\r\ndate: Friday, 13-Feb-09 23:31:30 GMT\r\n", 0, 1234567890},
		{"Age: 31536000\r\n", 31536000, 0},
		{"Age: 31536001\r\n", 31536000, 0},
		{"Age: 99999999999999999999\r\n", 31536000, 0},
		{"Age: -1\r\nDate: yesterday\r\n", 0, 0},
		{"Age: 2.5\r\nDate: \r\n", 0, 0},
		{"Age: soon\r\n", 0, 0},
	};
	static const unsigned most_s[] = {0, 1, 30, 4294967};
	static const char *const says[] = {"no-cache", "max-age=1", "max-age=30", "max-age=4294967"};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reply reply;

		script.headers = cases[i].headers;
		world_ask(&world, API_GET, "/x", NULL, &reply);
		assert_int_equal(reply.code, 0);
		assert_int_equal(reply.age_s, cases[i].age_s);
		assert_int_equal(reply.date_s, cases[i].date_s);
	}
	for (size_t i = 0; i < sizeof(most_s) / sizeof(most_s[0]); i++) {
		struct reply reply;

		world.server.count = 0;
		world_get_aged(&world, most_s[i], "/x", &reply);
		WORLD_UNTIL(&world, reply.done);
		assert_string_equal(server_header(&world.server.requests[0], "Cache-Control"), says[i]);
	}
	for (enum api_method method = API_POST; method <= API_DELETE; method++) {
		struct reply reply;

		world.server.count = 0;
		world_ask(&world, method, "/x", "{}", &reply);
		assert_null(server_header(&world.server.requests[0], "Cache-Control"));
	}
}

static void test_methods(void **state) {
	static const struct {
		enum api_method method;
		const char *name, *body;
	} cases[] = {
		{API_POST, "POST", "{\"name\":\"x\"}"},
		{API_POST, "POST", NULL},
		{API_PUT, "PUT", "{\"replicas\":3}"},
		{API_DELETE, "DELETE", NULL},
		{API_GET, "GET", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct server_request *request = &world.server.requests[i];
		struct reply reply;

		world_ask(&world, cases[i].method, "/a/../b/%2E%2E", cases[i].body, &reply);
		assert_int_equal(reply.code, 0);
		assert_true(reply.sent);
		assert_string_equal(request->method, cases[i].name);
		assert_string_equal(request->path, "/service/a/../b/%2E%2E");
		assert_string_equal(request->body, cases[i].body ? cases[i].body : "");
		assert_null(server_header(request, "Expect"));
		if (cases[i].body)
			assert_string_equal(server_header(request, "Content-Type"), "application/json");
		else
			assert_null(server_header(request, "Content-Type"));
	}
	assert_int_equal(world.server.count, 5);
}

/* ---- statuses and bodies ---- */

static void test_statuses(void **state) {
	static const struct {
		int status, code;
		enum verdict verdict; /* of a change */
		size_t attempts;      /* of a GET */
	} cases[] = {
		{400, EINVAL, VERDICT_NOT_DONE, 1},
		{401, EKEYEXPIRED, VERDICT_NOT_DONE, 1},
		{402, EDQUOT, VERDICT_NOT_DONE, 1},
		{403, EACCES, VERDICT_NOT_DONE, 1},
		{404, ENOENT, VERDICT_NOT_DONE, 1},
		{405, EREMOTEIO, VERDICT_NOT_DONE, 1},
		{408, ETIMEDOUT, VERDICT_UNKNOWN, 3},
		{409, EEXIST, VERDICT_NOT_DONE, 1},
		{418, EREMOTEIO, VERDICT_NOT_DONE, 1},
		{422, EINVAL, VERDICT_NOT_DONE, 1},
		{429, EBUSY, VERDICT_NOT_DONE, 3},
		{499, EREMOTEIO, VERDICT_UNKNOWN, 1},
		{300, EREMOTEIO, VERDICT_UNKNOWN, 1},
		{302, EREMOTEIO, VERDICT_UNKNOWN, 1},
		{304, EREMOTEIO, VERDICT_UNKNOWN, 1},
		{500, EREMOTEIO, VERDICT_UNKNOWN, 3},
		{502, EREMOTEIO, VERDICT_UNKNOWN, 3},
		{503, EREMOTEIO, VERDICT_UNKNOWN, 3},
		{504, EREMOTEIO, VERDICT_UNKNOWN, 3},
		{599, EREMOTEIO, VERDICT_UNKNOWN, 3},
	};
	static const enum api_method methods[] = {API_GET, API_POST, API_PUT, API_DELETE};

	(void)state;
	script.headers = "X-Request-Id:  req-123 \r\n";
	script.body = "{\"code\":\"some_code\",\"message\":\"w\\u00f6rds \\\"here\\\"\"}";
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t m = 0; m < 4; m++) {
			bool bodyless = cases[i].status == 304;
			size_t before;
			struct reply reply;
			char words[128];

			size_t attempts = m ? 1 : cases[i].attempts;

			script.status = cases[i].status;
			if (bodyless)
				script.body = "";
			world_close(&world); /* a token that was refused is not sent again */
			world_open(&world, 16, 10, (struct token_config){0});
			world.server.script = script_play;
			before = world.server.count;
			world_ask(&world, methods[m], "/x", NULL, &reply);
			assert_int_equal(world.server.count, before + attempts);
			assert_int_equal(api_status_errno(cases[i].status), cases[i].code);
			assert_int_equal(reply.code, cases[i].code);
			assert_int_equal(reply.status, cases[i].status);
			assert_int_equal(reply.error.http_status, cases[i].status);
			assert_int_equal(reply.error.verdict, m ? cases[i].verdict : VERDICT_NONE);
			assert_true(reply.sent);
			assert_string_equal(reply.error.request_id, "req-123");
			assert_int_equal(reply.body_len, 0);
			if (!bodyless) {
				snprintf(words, sizeof(words), "the API answered %d: w\xc3\xb6rds \"here\"",
					cases[i].status);
				assert_string_equal(reply.error.message, words);
				assert_string_equal(reply.error.api_code, "some_code");
			}
			script.body = "{\"code\":\"some_code\",\"message\":\"w\\u00f6rds \\\"here\\\"\"}";
		}
	for (int status = 200; status < 300; status++)
		assert_int_equal(api_status_errno(status), 0);
	assert_int_equal(api_status_errno(0), EREMOTEIO);
}

static void test_error_bodies(void **state) {
	static const struct {
		const char *body, *message, *api_code;
	} cases[] = {
		{"", "the API answered 422", ""},
		{"<html><h1>503 Service Unavailable</h1></html>", "the API answered 422", ""},
		{"{\"message\":\"busy\"}", "the API answered 422: busy", ""},
		{"{\"code\":\"internal_error\"}", "the API answered 422: internal_error", "internal_error"},
		{"{\"code\":7,\"message\":[1]}", "the API answered 422", ""},
		{"[1,2]", "the API answered 422", ""},
		{"{\"message\":\"bu", "the API answered 422", ""},
		{"{\"message\":\"no such token: " WORLD_TOKEN "\",\"code\":\"" WORLD_TOKEN "\"}",
			"the API answered 422: no such token: **********************", "**********************"},
		/* Nor what looks like one; but not every word that begins so. */
		{"{\"message\":\"eyJhbGciOiJIUzI1NiJ9.eyJz.x_y-z, pat-nc-0123456789, pat-nc-..., "
		 "eyJ\",\"code\":\"sk-nc-"
		 "0123456789\"}",
			"the API answered 422: *******************************, *****************, pat-nc-..., eyJ",
			"****************"},
	};

	(void)state;
	script.status = 422;
	script.headers = "X-Request-Id: " WORLD_TOKEN "\r\n";
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reply reply;

		script.body = cases[i].body;
		world_ask(&world, API_GET, "/x", NULL, &reply);
		assert_string_equal(reply.error.message, cases[i].message);
		assert_string_equal(reply.error.api_code, cases[i].api_code);
	}
}

static void test_long_error(void **state) {
	char body[4096] = "{\"code\":\"", *at = body + strlen(body);
	struct reply reply;
	size_t len;

	(void)state;
	for (int i = 0; i < 100; i++)
		at = stpcpy(at, "\xe2\x82\xac");
	at = stpcpy(at, "\",\"message\":\"x");
	for (int i = 0; i < 1000; i++)
		at = stpcpy(at, "\xe2\x82\xac");
	stpcpy(at, "\"}");
	script.status = 400;
	script.body = body;
	world_ask(&world, API_POST, "/x", "{}", &reply);
	len = strlen(reply.error.message);
	assert_in_range(len, 300, 511);
	/* Cut between characters. */
	assert_string_equal(reply.error.message + len - 3, "\xe2\x82\xac");
	assert_int_equal(strlen(reply.error.api_code), 63);
}

static void test_good_bodies(void **state) {
	static const struct {
		enum api_method method;
		int status;
		const char *body;
		int code;
		enum verdict verdict;
		enum json_type type;
	} cases[] = {
		{API_GET, 200, "[]", 0, VERDICT_NONE, JSON_ARRAY},
		{API_GET, 200, "", EREMOTEIO, VERDICT_NONE, JSON_ABSENT},
		{API_GET, 204, "", EREMOTEIO, VERDICT_NONE, JSON_ABSENT},
		{API_GET, 206, "{}", EREMOTEIO, VERDICT_NONE, JSON_ABSENT},
		{API_GET, 200, "[\"\xff\\u0000\\ud800\x01\"]", 0, VERDICT_NONE, JSON_ARRAY},
		{API_GET, 200, "[1e400]", EREMOTEIO, VERDICT_NONE, JSON_ABSENT},
		{API_GET, 200, "<html></html>", EREMOTEIO, VERDICT_NONE, JSON_ABSENT},
		{API_GET, 200, "{} {}", EREMOTEIO, VERDICT_NONE, JSON_ABSENT},
		{API_GET, 200, "{\"a\":", EREMOTEIO, VERDICT_NONE, JSON_ABSENT},
		{API_GET, 200, "{\"a\":1,\"a\":2}", EREMOTEIO, VERDICT_NONE, JSON_ABSENT},
		{API_DELETE, 204, "", 0, VERDICT_NONE, JSON_ABSENT},
		{API_DELETE, 200, "", 0, VERDICT_NONE, JSON_ABSENT},
		{API_DELETE, 200, "<html></html>", 0, VERDICT_NONE, JSON_ABSENT},
		{API_DELETE, 202, "{\"deleted\":true}", 0, VERDICT_NONE, JSON_OBJECT},
		{API_POST, 201, "{\"id\":\"x\"}", 0, VERDICT_NONE, JSON_OBJECT},
		{API_POST, 201, "", 0, VERDICT_NONE, JSON_ABSENT},
		{API_POST, 201, "created", EREMOTEIO, VERDICT_UNKNOWN, JSON_ABSENT},
		{API_PUT, 200, "{", EREMOTEIO, VERDICT_UNKNOWN, JSON_ABSENT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reply reply;

		script.status = cases[i].status;
		script.body = cases[i].body;
		world_ask(&world, cases[i].method, "/x", NULL, &reply);
		assert_int_equal(reply.code, cases[i].code);
		assert_int_equal(reply.status, cases[i].status);
		assert_int_equal(reply.error.verdict, cases[i].verdict);
		assert_int_equal(reply.type, cases[i].type);
		assert_true(reply.sent);
		if (cases[i].code)
			assert_words(reply.error.message, "unusable answer: ");
	}
	script.body = "<html></html>";
	script.status = 200;
	script.headers = "Content-Type: text/html; charset=utf-8\r\n";
	for (int i = 0; i < 1; i++) {
		struct reply reply;

		world_ask(&world, API_GET, "/x", NULL, &reply);
		assert_string_equal(reply.error.message, "unusable answer: text/html instead of JSON");
	}
}

/* ---- broken answers ---- */

static void test_cut(void **state) {
	static const struct {
		enum api_method method;
		int status, code;
		enum verdict verdict;
	} cases[] = {
		{API_GET, 200, EREMOTEIO, VERDICT_NONE},
		{API_GET, 404, ENOENT, VERDICT_NONE},
		{API_POST, 201, EREMOTEIO, VERDICT_UNKNOWN},
		{API_POST, 409, EEXIST, VERDICT_NOT_DONE},
		{API_PUT, 200, EREMOTEIO, VERDICT_UNKNOWN},
		{API_DELETE, 200, 0, VERDICT_NONE},
		{API_DELETE, 500, EREMOTEIO, VERDICT_UNKNOWN},
	};

	(void)state;
	script.play = PLAY_CUT;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reply reply;

		script.status = cases[i].status;
		world_ask(&world, cases[i].method, "/x", NULL, &reply);
		assert_int_equal(reply.code, cases[i].code);
		assert_int_equal(reply.error.verdict, cases[i].verdict);
		assert_int_equal(reply.status, cases[i].status);
	}
	assert_int_equal(world.server.count, 8); /* the 200 twice: what is cut off may be whole the next time */
}

static void test_drop(void **state) {
	struct reply reply;

	(void)state;
	script.play = PLAY_DROP;
	world_ask(&world, API_GET, "/x", NULL, &reply);
	assert_int_equal(reply.code, EREMOTEIO);
	assert_string_equal(reply.error.message, "the connection broke before an answer came");
	for (enum api_method method = API_POST; method <= API_DELETE; method++) {
		world_ask(&world, method, "/x", "{}", &reply);
		assert_int_equal(reply.code, EREMOTEIO);
		assert_int_equal(reply.error.verdict, VERDICT_UNKNOWN);
		assert_true(reply.sent);
		assert_int_equal(reply.status, 0);
	}
	assert_int_equal(world.server.count, 6); /* the GET three times */
	script.play = PLAY_GARBAGE;
	world_ask(&world, API_POST, "/x", "{}", &reply);
	assert_int_equal(reply.code, EREMOTEIO);
	assert_int_equal(reply.error.verdict, VERDICT_UNKNOWN);
	assert_int_equal(world.server.count, 7);
}

/* A reused connection that dies before the answer makes curl send again by itself: never for a change. */
static void test_sent_once(void **state) {
	static const enum api_method methods[] = {API_POST, API_PUT, API_DELETE};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct reply reply;
		unsigned serial;

		script.play = PLAY_ANSWER;
		world_ask(&world, API_GET, "/warm", NULL, &reply);
		world_ask(&world, API_GET, "/warm", NULL, &reply);
		serial = world.server.requests[world.server.count - 1].serial;
		/* The connection is kept and used again ... */
		assert_int_equal(world.server.requests[world.server.count - 2].serial, serial);
		script.play = PLAY_DROP;
		world_ask(&world, methods[i], "/change", "{}", &reply);
		/* ... but not for the change. */
		assert_int_not_equal(world.server.requests[world.server.count - 1].serial, serial);
		assert_int_equal(reply.error.verdict, VERDICT_UNKNOWN);
		assert_int_equal(world.server.count, 3 * (i + 1));
		/* Nor is the change's connection kept. */
		script.play = PLAY_ANSWER;
		world_ask(&world, methods[i], "/change", "{}", &reply);
		WORLD_UNTIL(&world, !server_alive(&world.server.requests[world.server.count - 1]));
		world.server.count--;
	}
}

/*
 * What waits in a connection before anything was asked there is no answer; nor is it a failure, however many
 * connections have such: so a server of TLS ends those that were idle for too long.
 */
static void test_unasked(void **state) {
	enum { MANY = 6 };
	struct reply replies[MANY], reply;

	(void)state;
	script.play = PLAY_HOLD;
	for (size_t i = 0; i < MANY; i++)
		world_send(&world, API_GET, "/warm", NULL, &replies[i]);
	WORLD_UNTIL(&world, world.server.count == MANY);
	for (size_t i = 0; i < MANY; i++)
		server_answer(&world.server.requests[i], 200, "", "{}");
	for (size_t i = 0; i < MANY; i++)
		WORLD_UNTIL(&world, replies[i].done);
	for (size_t i = 0; i < MANY; i++)
		server_send(&world.server.requests[i], "HTTP/1.1 404 Words\r\nContent-Length: 0\r\n\r\n", 41);
	for (size_t i = 0; i < MANY; i++) {
		const struct server_connection *waiting =
			&world.server.connections[world.server.requests[i].connection];

		WORLD_UNTIL(&world, waiting->out_sent == waiting->out_len);
	}
	script.play = PLAY_ANSWER;
	for (size_t i = 0; i < MANY; i++) {
		world_ask(&world, API_GET, "/x", NULL, &reply);
		assert_int_equal(reply.code, 0);
		assert_int_equal(world.server.count, MANY + 1 + i);
		assert_true(world.server.requests[MANY + i].serial > world.server.requests[MANY - 1].serial);
	}
}

static void test_bounds(void **state) {
	struct reply reply;

	(void)state;
	script.play = PLAY_ENDLESS_BODY;
	world_ask(&world, API_GET, "/x", NULL, &reply);
	assert_int_equal(reply.code, EREMOTEIO);
	assert_string_equal(reply.error.message, "unusable answer: larger than 4 MiB");
	world_ask(&world, API_POST, "/x", NULL, &reply);
	assert_int_equal(reply.error.verdict, VERDICT_UNKNOWN);
	script.play = PLAY_ENDLESS_HEAD;
	world_ask(&world, API_GET, "/x", NULL, &reply);
	assert_int_equal(reply.code, EREMOTEIO);
	assert_string_equal(reply.error.message, "unusable answer: headers larger than 64 KiB");
	/* The others are not affected. */
	script.play = PLAY_ANSWER;
	world_ask(&world, API_GET, "/x", NULL, &reply);
	assert_int_equal(reply.code, 0);
}

/* gzip (RFC 1952) of one deflate block of fixed codes (RFC 1951, 3.2.6): a zero and `repeats` times 258 more of them.
 */
static size_t gzip_zeros(unsigned char *ret, size_t size, unsigned repeats) {
	static const unsigned char head[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3};
	size_t bit = sizeof(head) * 8;

	memset(ret, 0, size);
	memcpy(ret, head, sizeof(head));
	/* Final block, fixed codes; literal 0 is 00110000; length 258 is 11000101, distance 1 is 00000. */
	for (const char *bits = "11000110000"; *bits; bits++, bit++)
		ret[bit / 8] |= (unsigned char)((*bits - '0') << bit % 8);
	while (repeats--)
		for (const char *bits = "1100010100000"; *bits; bits++, bit++)
			ret[bit / 8] |= (unsigned char)((*bits - '0') << bit % 8);
	return bit / 8 + 1;
}

static void script_bomb(struct server_request *request) {
	static unsigned char bomb[64 << 10];
	size_t len = gzip_zeros(bomb, sizeof(bomb), 20000); /* 5 MB */

	server_answer_bytes(request, 200, "Content-Encoding: gzip\r\n", bomb, len);
}

static void script_gzip(struct server_request *request) {
	/* printf '{"a":1}' | gzip -n */
	static const unsigned char text[] = {
		0x1f,
		0x8b,
		0x08,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x00,
		0x03,
		0xab,
		0x56,
		0x4a,
		0x54,
		0xb2,
		0x32,
		0xac,
		0x05,
		0x00,
		0xaf,
		0xac,
		0x1b,
		0x56,
		0x07,
		0x00,
		0x00,
		0x00,
	};

	server_answer_bytes(request, 200, "Content-Encoding: gzip\r\n", text, sizeof(text));
}

static void test_gzip(void **state) {
	struct reply reply;

	(void)state;
	world.server.script = script_gzip;
	world_ask(&world, API_GET, "/x", NULL, &reply);
	assert_int_equal(reply.code, 0);
	assert_string_equal(reply.body, "{\"a\":1}");
	world.server.script = script_bomb;
	world_ask(&world, API_GET, "/x", NULL, &reply);
	assert_int_equal(reply.code, EREMOTEIO);
	assert_string_equal(reply.error.message, "unusable answer: larger than 4 MiB");
}

static void script_other(struct server_request *request) {
	server_answer(request, 200, "", "{}");
}

static void test_redirect(void **state) {
	static struct server other;
	struct reply reply;
	char headers[128];

	(void)state;
	server_open(&other);
	other.script = script_other;
	snprintf(headers, sizeof(headers), "Location: %s/x\r\n", other.url);
	script.headers = headers;
	script.body = "";
	for (int status = 301; status <= 308; status++) {
		script.status = status;
		world_send(&world, API_GET, "/x", NULL, &reply);
		while (!reply.done) {
			world_turn(&world);
			server_step(&other);
		}
		assert_int_equal(reply.code, EREMOTEIO);
		if (status == 304) /* leads nowhere */
			assert_string_equal(reply.error.message, "the API answered 304");
		else
			assert_words(reply.error.message, "a redirect, which is not followed");
	}
	server_step(&other);
	assert_int_equal(other.accepted, 0);
	assert_int_equal(world.server.count, 8);
	server_close(&other);
}

/* ---- no answer ---- */

static void api_other(const char *base, const char *proxy, struct api **ret) {
	struct api_config config = {.token = world.token, .parallel = 4, .pages_max = 10, .proxy = proxy};
	struct error err;

	for (size_t i = 0; i < API_SERVICES; i++)
		config.base[i] = base;
	if (api_new(&config, ret, &err))
		fail_msg("%s", err.message);
}

static void world_base(const char *base, const char *proxy) {
	api_free(world.api);
	world.api = NULL;
	api_other(base, proxy, &world.api);
}

static void test_unreachable(void **state) {
	static struct server closed;
	struct reply reply;
	char words[128];

	(void)state;
	server_open(&closed);
	server_close(&closed);
	world_base(closed.url, NULL);
	world_ask(&world, API_POST, "/x", "{}", &reply);
	assert_int_equal(reply.code, EHOSTUNREACH);
	assert_false(reply.sent);
	assert_int_equal(reply.error.verdict, VERDICT_NOT_DONE);
	snprintf(words, sizeof(words), "cannot reach %.50s: connection refused", closed.url + strlen("http://"));
	assert_string_equal(reply.error.message, words);
	world_ask(&world, API_GET, "/x", NULL, &reply);
	assert_int_equal(reply.error.verdict, VERDICT_NONE);
	/* RFC 6761: never resolves. */
	world_base("https://name.invalid", NULL);
	world_ask(&world, API_GET, "/x", NULL, &reply);
	assert_int_equal(reply.code, EHOSTUNREACH);
	assert_string_equal(reply.error.message, "cannot reach name.invalid: its name cannot be resolved");
}

static void test_tls(void **state) {
	struct reply reply;
	char url[80];

	(void)state;
	/* The server speaks no TLS. */
	script.play = PLAY_GARBAGE;
	snprintf(url, sizeof(url), "https%.50s", world.server.url + 4);
	world_base(url, NULL);
	world_send(&world, API_POST, "/x", "{}", &reply);
	while (!reply.done) {
		world_turn(&world);
		for (size_t i = 0; !reply.done && i < SERVER_CONNECTIONS; i++)
			if (world.server.connections[i].fd >= 0 && world.server.connections[i].in_len)
				assert_int_equal(
					write(world.server.connections[i].fd, "HTTP/1.1 400 \r\n\r\n", 17), 17);
	}
	assert_int_equal(reply.code, EPROTO);
	assert_false(reply.sent);
	assert_int_equal(reply.error.verdict, VERDICT_NOT_DONE);
	assert_words(reply.error.message, "no trusted connection to 127.0.0.1:");
	assert_int_equal(world.server.count, 0);
}

static void test_time_out(void **state) {
	struct reply reply = {0};

	(void)state;
	script.play = PLAY_HOLD;
	/* Longer where it could not even be sent within so short a time. */
	for (unsigned ms = 150; ms < 10000 && !reply.sent; ms *= 4) {
		world_send_within(&world, API_POST, "/x", "{}", ms, &reply);
		WORLD_UNTIL(&world, reply.done);
	}
	assert_int_equal(reply.code, ETIMEDOUT);
	assert_true(reply.sent);
	assert_int_equal(reply.error.verdict, VERDICT_UNKNOWN);
	assert_words(reply.error.message, "no answer within ");
	world_send_within(&world, API_GET, "/x", NULL, 0, &reply);
	WORLD_UNTIL(&world, reply.done);
	assert_int_equal(reply.code, ETIMEDOUT);
	assert_false(reply.sent);
	assert_int_equal(world.server.count, 1);
}

/* A request that waits for another one's connection has a time of its own, which curl 7.88 does not look at. */
static void test_time_out_in_line(void **state) {
	struct reply first, second;
	char url[80];

	(void)state;
	/* The server accepts and never answers the handshake. */
	snprintf(url, sizeof(url), "https%.50s", world.server.url + 4);
	world_base(url, NULL);
	world_send_within(&world, API_GET, "/x", NULL, 5000, &first);
	world_send_within(&world, API_GET, "/y", NULL, 200, &second);
	WORLD_UNTIL(&world, second.done);
	assert_int_equal(second.code, ETIMEDOUT);
	assert_false(second.sent);
	assert_false(first.done);
	api_cancel(first.call);
}

/* Whatever the environment says, only the configured proxy is used, and SSLKEYLOGFILE is gone before TLS starts. */
static void test_environment(void **state) {
	static const char *const names[] = {"http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
	static struct server proxy;
	struct reply reply;

	(void)state;
	server_open(&proxy);
	proxy.script = script_other;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		setenv(names[i], proxy.url, 1);
	setenv("SSLKEYLOGFILE", "/tmp/neevfs-test-keys", 1);
	world_base(world.server.url, NULL);
	assert_null(getenv("SSLKEYLOGFILE"));
	world_ask(&world, API_GET, "/x", NULL, &reply);
	assert_int_equal(reply.code, 0);
	world_base("https://name.invalid", NULL);
	world_ask(&world, API_GET, "/x", NULL, &reply);
	assert_int_equal(reply.code, EHOSTUNREACH);
	server_step(&proxy);
	assert_int_equal(proxy.accepted, 0);
	/* A configured one is used for https, and gets no token; the loopback is reached without it. */
	setenv("no_proxy", "*", 1);
	world_base("https://name.invalid", proxy.url);
	world_send(&world, API_GET, "/x", NULL, &reply);
	while (!proxy.count) {
		struct pollfd fd = {.fd = api_fd(world.api), .events = POLLIN};

		poll(&fd, 1, 5);
		api_run(world.api);
		server_step(&proxy);
	}
	assert_string_equal(proxy.requests[0].method, "CONNECT");
	assert_null(strstr(proxy.requests[0].head, WORLD_TOKEN));
	api_cancel(reply.call);
	world_base(world.server.url, proxy.url);
	world_ask(&world, API_GET, "/x", NULL, &reply);
	assert_int_equal(reply.code, 0);
	assert_int_equal(proxy.count, 1);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unsetenv(names[i]);
	unsetenv("no_proxy");
	server_close(&proxy);
}

/* ---- the token ---- */

static char token_path[] = "/tmp/neevfs-api-token-XXXXXX";

static void token_write(const char *text) {
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "%s.new", token_path);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_EXCL, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	assert_int_equal(rename(path, token_path), 0);
}

static const char *token_old, *token_good;

/* Refuses every token but the good one; the user replaces the file while the first request is under way. */
static void script_token(struct server_request *request) {
	const char *got = server_header(request, "Authorization") + strlen("Bearer ");

	if (strcmp(got, token_good) == 0) {
		server_answer(request, 200, "", "{}");
		return;
	}
	assert_string_equal(got, token_old);
	server_answer(request, 401, "", "{\"code\":\"unauthorized\",\"message\":\"expired\"}");
}

static int setup_token(void **state) {
	(void)state;
	strcpy(token_path, "/tmp/neevfs-api-token-XXXXXX");
	close(mkstemp(token_path));
	token_write("old-token-1");
	token_old = "old-token-1";
	token_good = "new-token-2";
	open_with((struct token_config){.file = token_path});
	world.server.script = script_token;
	return 0;
}

static int teardown_token(void **state) {
	unlink(token_path);
	return teardown(state);
}

static void test_token_replaced(void **state) {
	static const enum api_method methods[] = {API_GET, API_POST, API_PUT, API_DELETE};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct reply reply;

		token_write(token_old);
		world.server.count = 0;
		world_send(&world, methods[i], "/x", "{}", &reply);
		token_write(token_good);
		WORLD_UNTIL(&world, reply.done);
		assert_int_equal(reply.done, 1);
		assert_int_equal(reply.code, 0);
		assert_int_equal(world.server.count, 2);
		assert_string_equal(world.server.requests[1].body, "{}");
	}
}

static void test_token_refused(void **state) {
	struct reply reply;

	(void)state;
	world_ask(&world, API_POST, "/x", "{}", &reply);
	assert_int_equal(reply.code, EKEYEXPIRED);
	assert_int_equal(reply.error.verdict, VERDICT_NOT_DONE);
	assert_string_equal(reply.error.message, "the API answered 401: expired");
	assert_int_equal(world.server.count, 1);
	/* Then at once, without asking, until there is another. */
	for (int i = 0; i < 50; i++) {
		world_ask(&world, i % 2 ? API_GET : API_POST, "/x", NULL, &reply);
		assert_int_equal(reply.code, EKEYEXPIRED);
		assert_false(reply.sent);
		assert_words(reply.error.message, "the API answered 401: expired (not asked again");
		assert_int_equal(reply.error.verdict, i % 2 ? VERDICT_NONE : VERDICT_NOT_DONE);
	}
	assert_int_equal(world.server.count, 1);
	/* Another one that is refused too. */
	token_good = "none-is-good";
	token_write("new-token-2");
	token_old = "new-token-2";
	world_ask(&world, API_GET, "/x", NULL, &reply);
	assert_int_equal(reply.code, EKEYEXPIRED);
	assert_int_equal(world.server.count, 2);
	/* One repeat, not more. */
	token_write("new-token-3");
	token_old = "new-token-3";
	world_send(&world, API_GET, "/x", NULL, &reply);
	token_write("new-token-4");
	while (world.server.count < 3)
		world_turn(&world);
	token_old = "new-token-4";
	WORLD_UNTIL(&world, reply.done);
	assert_int_equal(reply.code, EKEYEXPIRED);
	assert_int_equal(world.server.count, 4);
	/* And all is well again. */
	token_good = "new-token-5";
	token_write("new-token-5");
	world_ask(&world, API_GET, "/x", NULL, &reply);
	assert_int_equal(reply.code, 0);
	assert_int_equal(world.server.count, 5);
}

/* Of many that were refused together each is repeated once. */
static void test_token_replaced_many(void **state) {
	struct reply replies[12];

	(void)state;
	for (size_t i = 0; i < 12; i++)
		world_send(&world, API_GET, "/x", NULL, &replies[i]);
	token_write(token_good);
	for (size_t i = 0; i < 12; i++) {
		WORLD_UNTIL(&world, replies[i].done);
		assert_int_equal(replies[i].code, 0);
	}
	assert_int_equal(world.server.count, 24);
}

static void test_token_missing(void **state) {
	struct reply replies[3];

	(void)state;
	unlink(token_path);
	for (size_t i = 0; i < 3; i++)
		world_send(&world, i ? API_GET : API_POST, "/x", NULL, &replies[i]);
	WORLD_UNTIL(&world, replies[2].done);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(replies[i].done, 1);
		assert_int_equal(replies[i].code, EKEYEXPIRED);
		assert_false(replies[i].sent);
		assert_int_equal(replies[i].error.verdict, i ? VERDICT_NONE : VERDICT_NOT_DONE);
	}
	assert_int_equal(world.server.count, 0);
}

/* ---- many at once ---- */

static int setup_queue(void **state) {
	(void)state;
	script.play = PLAY_HOLD;
	script.status = 200;
	script.headers = "";
	script.body = "{}";
	world_open(&world, 5, 10, (struct token_config){0});
	world.server.script = script_play;
	return 0;
}

static void test_queue(void **state) {
	struct reply gets[8], changes[4];

	(void)state;
	for (size_t i = 0; i < 8; i++)
		world_send(&world, API_GET, "/get", NULL, &gets[i]);
	WORLD_UNTIL(&world, world.server.count == 3);
	/* Two places are kept for changes; more changes wait. */
	for (size_t i = 0; i < 4; i++)
		world_send(&world, API_POST, "/change", "{}", &changes[i]);
	WORLD_UNTIL(&world, world.server.count == 5);
	assert_int_equal(world.server.open, 5);
	assert_string_equal(world.server.requests[3].path, "/service/change");
	assert_string_equal(world.server.requests[4].path, "/service/change");
	/* A place that becomes free goes to a change first. */
	server_answer(&world.server.requests[0], 200, "", "{}");
	WORLD_UNTIL(&world, world.server.count == 6);
	assert_string_equal(world.server.requests[5].path, "/service/change");
	assert_true(gets[0].done + gets[1].done + gets[2].done == 1);
	script.play = PLAY_ANSWER;
	for (size_t i = 1; i < 6; i++)
		server_answer(&world.server.requests[i], 200, "", "{}");
	for (size_t i = 0; i < 8; i++)
		WORLD_UNTIL(&world, gets[i].done);
	for (size_t i = 0; i < 4; i++)
		WORLD_UNTIL(&world, changes[i].done);
	assert_int_equal(world.server.count, 12);
}

/* The number in the path of a request, "/1-7": its caller, then which of that caller's it is. */
static unsigned asked_by(size_t request) {
	return (unsigned)strtoul(world.server.requests[request].path + strlen("/service/"), NULL, 10);
}

static unsigned asked_as(size_t request) {
	return (unsigned)strtoul(strchr(world.server.requests[request].path, '-') + 1, NULL, 10);
}

/* So many GETs of a caller, numbered from `first` on. */
static void ask_as(unsigned caller, size_t first, size_t count, struct reply *ret) {
	for (size_t i = 0; i < count; i++) {
		char path[32];

		snprintf(path, sizeof(path), "/%u-%zu", caller, first + i);
		world_get_as(&world, caller, path, &ret[i]);
	}
}

/* Answers the oldest one that is under way, and waits for the one that starts in its place. */
static void answer_oldest(void) {
	size_t before = world.server.count, oldest = 0;

	while (world.server.requests[oldest].answered)
		oldest++;
	server_answer(&world.server.requests[oldest], 200, "", "{}");
	WORLD_UNTIL(&world, world.server.count == before + 1);
}

static unsigned flying_of(unsigned caller) {
	unsigned count = 0;

	for (size_t i = 0; i < world.server.count; i++)
		count += !world.server.requests[i].answered && asked_by(i) == caller;
	return count;
}

/* Of each caller they start in the order in which they were asked for. */
static void assert_in_order(unsigned caller) {
	unsigned next = 0;

	for (size_t i = 0; i < world.server.count; i++)
		if (asked_by(i) == caller)
			assert_int_equal(asked_as(i), next++);
}

/* Who asks for one thing does not wait for all that somebody else asked for before. */
static void test_fair_to_few(void **state) {
	struct reply crawler[64], reader[2];

	(void)state;
	ask_as(1, 0, 64, crawler);
	WORLD_UNTIL(&world, world.server.count == 3);
	ask_as(2, 0, 2, reader);
	answer_oldest();
	assert_int_equal(asked_by(3), 2);
	/* One of three is its share: the second one waits. */
	answer_oldest();
	assert_int_equal(asked_by(4), 1);
	answer_oldest();
	assert_int_equal(asked_by(5), 1);
	answer_oldest();
	assert_true(reader[0].done);
	assert_int_equal(asked_by(6), 2);
	for (size_t i = 0; i < 59; i++)
		answer_oldest();
	assert_in_order(1);
	assert_in_order(2);
}

static void test_fair_to_many(void **state) {
	struct reply one[30], two[30], none[30];

	(void)state;
	world_close(&world);
	world_open(&world, 11, 10, (struct token_config){0}); /* nine places */
	world.server.script = script_play;
	ask_as(1, 0, 30, one);
	WORLD_UNTIL(&world, world.server.count == 9);
	ask_as(2, 0, 30, two);
	for (size_t i = 0; i < 25; i++) {
		answer_oldest();
		assert_int_equal(flying_of(2), i < 4 ? i + 1 : 9 - flying_of(1));
		assert_true(i < 4 || flying_of(1) == 4 || flying_of(1) == 5);
	}
	/* Those of whom nobody is told are one more. */
	ask_as(0, 0, 30, none);
	for (size_t i = 0; i < 20; i++)
		answer_oldest();
	for (unsigned caller = 0; caller <= 2; caller++) {
		assert_int_equal(flying_of(caller), 3);
		assert_in_order(caller);
	}
}

/* Where there are always others who have nothing under way, who asks for much goes on nevertheless. */
static void test_fair_to_all(void **state) {
	static struct reply crawler[20], others[200];
	unsigned other = 2, rounds = 0;

	(void)state;
	ask_as(1, 0, 20, crawler);
	WORLD_UNTIL(&world, world.server.count == 3);
	for (; other < 12; other++)
		ask_as(other, 0, 1, &others[other]);
	while (!crawler[19].done) {
		ask_as(other, 0, 1, &others[other]);
		other++;
		answer_oldest();
		assert_true(++rounds < 190);
	}
	assert_in_order(1);
	/* The others in the order in which they came. */
	other = 2;
	for (size_t i = 0; i < world.server.count; i++)
		if (asked_by(i) != 1)
			assert_int_equal(asked_by(i), other++);
}

/* Nobody else: all places, first come, first served. */
static void test_fair_alone(void **state) {
	struct reply replies[20];

	(void)state;
	ask_as(7, 0, 20, replies);
	WORLD_UNTIL(&world, world.server.count == 3);
	for (size_t i = 0; i < 17; i++) {
		answer_oldest();
		assert_int_equal(flying_of(7), 3);
	}
	assert_in_order(7);
}

/* All pages of a list are its caller's. */
static void test_fair_list(void **state) {
	struct api_request request = {.service = API_GPU, .path = "/l", .timeout_ms = 20000, .caller = 1};
	struct reply list = {0}, reader[1];

	(void)state;
	assert_int_equal(api_list(world.api, &request, true, NULL, world_listed, &list, &list.call), 0);
	WORLD_UNTIL(&world, world.server.count == 1);
	server_answer(&world.server.requests[0], 200, "", "{\"data\":[1],\"pagination\":{\"total_pages\":10}}");
	WORLD_UNTIL(&world, world.server.count == 4);
	ask_as(2, 0, 1, reader);
	server_answer(&world.server.requests[1], 200, "", "{\"data\":[2]}");
	WORLD_UNTIL(&world, world.server.count == 5);
	assert_string_equal(world.server.requests[4].path, "/service/2-0");
	api_cancel(list.call);
}

/* One that is repeated after a 401 is still its caller's. */
static void test_fair_repeated(void **state) {
	struct reply crawler[6], reader[1];

	(void)state;
	world_close(&world);
	world_open(&world, 5, 10, (struct token_config){.file = token_path});
	world.server.script = script_play;
	script.play = PLAY_HOLD;
	ask_as(1, 0, 6, crawler);
	WORLD_UNTIL(&world, world.server.count == 3);
	ask_as(2, 0, 1, reader);
	token_write(token_good);
	server_answer(&world.server.requests[0], 401, "", "{}");
	WORLD_UNTIL(&world, world.server.count == 4);
	assert_int_equal(asked_by(3), 2);
	/* It stands before what was asked for after it. */
	server_answer(&world.server.requests[1], 200, "", "{}");
	WORLD_UNTIL(&world, world.server.count == 5);
	assert_string_equal(world.server.requests[4].path, "/service/1-0");
}

static void test_queue_time_out(void **state) {
	struct reply gets[5];

	(void)state;
	for (size_t i = 0; i < 3; i++)
		world_send(&world, API_GET, "/get", NULL, &gets[i]);
	world_send_within(&world, API_GET, "/get", NULL, 100, &gets[3]);
	world_send(&world, API_GET, "/get", NULL, &gets[4]);
	WORLD_UNTIL(&world, gets[3].done && world.server.count == 3);
	assert_int_equal(gets[3].code, ETIMEDOUT);
	assert_false(gets[3].sent);
	assert_words(gets[3].error.message, "not sent within 100 ms");
	/* The one behind it gets its turn. */
	script.play = PLAY_ANSWER;
	server_answer(&world.server.requests[0], 200, "", "{}");
	WORLD_UNTIL(&world, gets[4].done);
	assert_int_equal(gets[4].code, 0);
	/* Nothing left to do: the descriptor is quiet, so the loop can sleep. */
	api_cancel(gets[1].call);
	api_cancel(gets[2].call);
	for (;;) {
		struct pollfd fd = {.fd = api_fd(world.api), .events = POLLIN};

		if (poll(&fd, 1, 50) == 0)
			break;
		api_run(world.api);
	}
}

static void test_cancel(void **state) {
	struct reply gets[5], change;

	(void)state;
	for (size_t i = 0; i < 5; i++)
		world_send(&world, API_GET, "/get", NULL, &gets[i]);
	WORLD_UNTIL(&world, world.server.count == 3);
	/* One under way: the server sees its connection end, and the next one starts. */
	api_cancel(gets[0].call);
	WORLD_UNTIL(&world, world.server.count == 4);
	WORLD_UNTIL(&world, !server_alive(&world.server.requests[0]));
	/* One that waits: it never comes. */
	api_cancel(gets[4].call);
	/* A change that was sent goes on to its end, unheard. */
	world_send(&world, API_POST, "/change", "{}", &change);
	WORLD_UNTIL(&world, world.server.count == 5);
	api_cancel(change.call);
	assert_true(server_alive(&world.server.requests[4]));
	for (size_t i = 1; i < 5; i++)
		server_answer(&world.server.requests[i], 200, "", "{}");
	WORLD_UNTIL(&world, gets[1].done && gets[2].done && gets[3].done);
	WORLD_UNTIL(&world, !server_alive(&world.server.requests[4]));
	assert_int_equal(gets[0].done + gets[4].done + change.done, 0);
	assert_int_equal(world.server.count, 5);
	/* All at the end, by api_free(): held, waiting, a list. */
	script.play = PLAY_HOLD;
	for (size_t i = 0; i < 5; i++)
		world_send(&world, API_GET, "/get", NULL, &gets[i]);
	world_send(&world, API_POST, "/change", "{}", &change);
	WORLD_UNTIL(&world, world.server.count == 9);
}

static void test_config(void **state) {
	struct api_config config = {.parallel = 3, .pages_max = 1, .token = world.token};
	struct api *api = NULL;
	struct error err;

	(void)state;
	assert_int_equal(api_new(&config, &api, &err), -EINVAL);
	for (size_t i = 0; i < API_SERVICES; i++)
		config.base[i] = i ? "https://example.com" : "http://example.com";
	assert_int_equal(api_new(&config, &api, &err), -EINVAL);
	assert_words(err.message, "https://");
	config.base[0] = config.base[1];
	config.parallel = 2;
	assert_int_equal(api_new(&config, &api, &err), -EINVAL);
	config.parallel = 3;
	config.pages_max = 0;
	assert_int_equal(api_new(&config, &api, &err), -EINVAL);
	assert_null(api);
	config.pages_max = 1;
	assert_int_equal(api_new(&config, &api, NULL), 0);
	api_free(api);
	api_free(NULL);
	api_cancel(NULL);
}

/* The n-th allocation of api/ fails, for every n: what was accepted is answered once, nothing leaks. */
static void count_done(void *user, const struct api_response *response) {
	(void)response;
	++*(int *)user;
}

static struct api_pages *pages_got; /* the last that came */

static void count_list(void *user, int code, const struct error *err, struct api_pages *pages) {
	(void)code;
	(void)err;
	api_pages_free(pages_got);
	pages_got = pages;
	++*(int *)user;
}

static void script_pages(struct server_request *request) {
	const char *page = strstr(request->path, "page=");
	char body[64];

	snprintf(body, sizeof(body), "{\"data\":[%c],\"pagination\":{\"total_pages\":3}}", page ? page[5] : '0');
	if (page)
		server_answer(request, 200, "", body);
	else
		server_answer(request, 403, "", "{\"code\":\"x\",\"message\":\"words\"}");
}

static void test_no_memory(void **state) {
	bool failed = true;

	(void)state;
	world.server.script = script_pages;
	for (size_t n = 1; failed; n++) {
		struct api_config config = {.token = world.token, .parallel = 8, .pages_max = 10};
		int done[4] = {0}, asked[4] = {0};
		struct api_call *call;
		struct api *own = world.api;

		for (size_t i = 0; i < API_SERVICES; i++)
			config.base[i] = world.server.url;
		alloc_arm(n);
		if (api_new(&config, &world.api, NULL) == 0) {
			struct api_request request = {.path = "/x", .timeout_ms = 20000};

			asked[0] = api_send(world.api, &request, count_done, &done[0], &call) == 0;
			request.method = API_POST;
			request.body = "{}";
			request.body_len = 2;
			asked[1] = api_send(world.api, &request, count_done, &done[1], &call) == 0;
			request.path = "/l";
			asked[2] = api_list(world.api, &request, true, NULL, count_list, &done[2], &call) == 0;
			WORLD_UNTIL(&world, done[0] == asked[0] && done[1] == asked[1] && done[2] == asked[2]);
			/* And the same list again, whose pages are there. */
			if (pages_got) {
				struct api_pages *before = take_pointer(pages_got);

				asked[3] =
					api_list(world.api, &request, true, before, count_list, &done[3], &call) == 0;
				WORLD_UNTIL(&world, done[3] == asked[3]);
				assert_true(!pages_got || api_pages_same(before, pages_got));
				api_pages_free(before);
			}
			api_pages_free(take_pointer(pages_got));
			api_free(world.api);
		}
		failed = alloc_disarm();
		world.api = own;
		for (size_t i = 0; i < 4; i++)
			assert_int_equal(done[i], asked[i]);
		/* The server of this test allocates too; at the end it holds nothing. */
		world.server.count = 0;
		while (world.server.open)
			world_turn(&world);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_request, setup, teardown),
		cmocka_unit_test_setup_teardown(test_age, setup, teardown),
		cmocka_unit_test_setup_teardown(test_methods, setup, teardown),
		cmocka_unit_test_setup_teardown(test_statuses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_error_bodies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_long_error, setup, teardown),
		cmocka_unit_test_setup_teardown(test_good_bodies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(test_drop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sent_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unasked, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
		cmocka_unit_test_setup_teardown(test_gzip, setup, teardown),
		cmocka_unit_test_setup_teardown(test_redirect, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unreachable, setup, teardown),
		cmocka_unit_test_setup_teardown(test_tls, setup, teardown),
		cmocka_unit_test_setup_teardown(test_time_out_in_line, setup, teardown),
		cmocka_unit_test_setup_teardown(test_time_out, setup, teardown),
		cmocka_unit_test_setup_teardown(test_environment, setup, teardown),
		cmocka_unit_test_setup_teardown(test_token_replaced, setup_token, teardown_token),
		cmocka_unit_test_setup_teardown(test_token_refused, setup_token, teardown_token),
		cmocka_unit_test_setup_teardown(test_token_replaced_many, setup_token, teardown_token),
		cmocka_unit_test_setup_teardown(test_token_missing, setup_token, teardown_token),
		cmocka_unit_test_setup_teardown(test_queue, setup_queue, teardown),
		cmocka_unit_test_setup_teardown(test_fair_to_few, setup_queue, teardown),
		cmocka_unit_test_setup_teardown(test_fair_to_many, setup_queue, teardown),
		cmocka_unit_test_setup_teardown(test_fair_to_all, setup_queue, teardown),
		cmocka_unit_test_setup_teardown(test_fair_alone, setup_queue, teardown),
		cmocka_unit_test_setup_teardown(test_fair_list, setup_queue, teardown),
		cmocka_unit_test_setup_teardown(test_fair_repeated, setup_token, teardown_token),
		cmocka_unit_test_setup_teardown(test_queue_time_out, setup_queue, teardown),
		cmocka_unit_test_setup_teardown(test_cancel, setup_queue, teardown),
		cmocka_unit_test_setup_teardown(test_config, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
	};

	setenv("RES_OPTIONS", "timeout:1 attempts:1", 1); /* a name server that does not answer knows no name either */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
