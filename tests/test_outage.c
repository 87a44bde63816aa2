/*
 * What the API is asked in bad times: the real api over an HTTP client and a clock that the test plays. Minutes pass in
 * no time, and each request is counted.
 */
#include "api/api.h"
#include "api/health.h"
#include "api/http.h"
#include "api/retry.h"
#include "api/state.h"
#include "api/token.h"
#include "api/watch.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- the clock and the client ---- */

struct http_exchange {
	struct http_exchange *next, *prev;
	http_done *done;
	void *user;
	enum api_method method;
	char url[128];
	int64_t over_ms;
	struct http_answer answer;
	bool token_sent;
};

/* How the server fares: fills in the answer, says after how many milliseconds it comes. */
typedef unsigned outcome(const struct http_exchange *exchange, unsigned timeout_ms, struct http_answer *ret);

static struct {
	int64_t now_ms, alarm_ms;
	struct http_exchange flying; /* ring */
	outcome *outcome;
	size_t started, started_of[4];
	size_t flying_count, flying_most;
	int64_t last_ms;            /* of the latest start */
	int64_t known_ms, quiet_ms; /* from the one on it is known that before the other a start is too early */
} net;

int64_t __wrap_watch_now_ms(void);
int __wrap_http_new(const struct http_config *config, struct http **ret);
void __wrap_http_free(struct http *http);
int __wrap_http_fd(const struct http *http);
void __wrap_http_run(struct http *http);
void __wrap_http_alarm(struct http *http, int64_t at_ms);
int __wrap_http_start(
	struct http *http, const struct http_request *request, http_done *done, void *user, struct http_exchange **ret);
void __wrap_http_cancel(struct http_exchange *exchange);

int64_t __wrap_watch_now_ms(void) {
	return net.now_ms;
}

int __wrap_http_new(const struct http_config *config, struct http **ret) {
	(void)config;
	*ret = (struct http *)&net;
	return 0;
}

void __wrap_http_free(struct http *http) {
	assert_ptr_equal(http, &net);
	assert_int_equal(net.flying_count, 0);
}

int __wrap_http_fd(const struct http *http) {
	(void)http;
	return -1;
}

void __wrap_http_alarm(struct http *http, int64_t at_ms) {
	(void)http;
	net.alarm_ms = at_ms;
}

static void exchange_remove(struct http_exchange *exchange) {
	exchange->next->prev = exchange->prev;
	exchange->prev->next = exchange->next;
	net.flying_count--;
}

int __wrap_http_start(struct http *http, const struct http_request *request, http_done *done, void *user,
	struct http_exchange **ret) {
	struct http_exchange *exchange = calloc(1, sizeof *exchange);
	(void)http;
	assert_non_null(exchange);
	assert_true(request->timeout_ms > 0);
	assert_false(net.now_ms > net.known_ms && net.now_ms < net.quiet_ms);
	exchange->done = done;
	exchange->user = user;
	exchange->method = request->method;
	snprintf(exchange->url, sizeof exchange->url, "%s", request->url);
	unsigned after_ms = net.outcome(exchange, request->timeout_ms, &exchange->answer);
	if (after_ms >= request->timeout_ms) {
		after_ms = request->timeout_ms;
		exchange->answer = (struct http_answer){.code = ETIMEDOUT, .sent = exchange->answer.sent};
	}
	exchange->over_ms = net.now_ms + after_ms;
	exchange->next = &net.flying;
	exchange->prev = net.flying.prev;
	exchange->next->prev = exchange->prev->next = exchange;
	net.started++;
	net.started_of[request->method]++;
	net.last_ms = net.now_ms;
	if (++net.flying_count > net.flying_most)
		net.flying_most = net.flying_count;
	*ret = exchange;
	return 0;
}

void __wrap_http_cancel(struct http_exchange *exchange) {
	if (!exchange)
		return;
	exchange_remove(exchange);
	buffer_free(&exchange->answer.body);
	free(exchange);
}

void __wrap_http_run(struct http *http) {
	(void)http;
	for (struct http_exchange *at = net.flying.next, *next; at != &net.flying; at = next) {
		next = at->next;
		if (at->over_ms > net.now_ms)
			continue;
		exchange_remove(at);
		at->done(at->user, &at->answer);
		buffer_free(&at->answer.body);
		free(at);
		next = net.flying.next; /* a completion may have cancelled others */
	}
}

/* ---- the fortunes of a server ---- */

static unsigned good(const struct http_exchange *exchange, unsigned timeout_ms, struct http_answer *ret) {
	(void)exchange;
	(void)timeout_ms;
	*ret = (struct http_answer){.status = 200, .sent = true};
	buffer_add(&ret->body, "{}");
	return 20;
}

static unsigned refused(const struct http_exchange *exchange, unsigned timeout_ms, struct http_answer *ret) {
	(void)exchange;
	(void)timeout_ms;
	*ret = (struct http_answer){.code = EHOSTUNREACH, .message = "cannot reach it"};
	return 1;
}

/* Packets vanish: the time to connect runs out. */
static unsigned black_hole(const struct http_exchange *exchange, unsigned timeout_ms, struct http_answer *ret) {
	(void)exchange;
	*ret = (struct http_answer){.code = ETIMEDOUT, .message = "no connection"};
	return timeout_ms < HTTP_CONNECT_MS ? timeout_ms : HTTP_CONNECT_MS;
}

/* It takes requests and never answers. */
static unsigned silent(const struct http_exchange *exchange, unsigned timeout_ms, struct http_answer *ret) {
	(void)exchange;
	*ret = (struct http_answer){.code = ETIMEDOUT, .message = "no answer", .sent = true};
	return timeout_ms;
}

static int broken_status;
static unsigned broken(const struct http_exchange *exchange, unsigned timeout_ms, struct http_answer *ret) {
	(void)exchange;
	(void)timeout_ms;
	*ret = (struct http_answer){.status = broken_status, .sent = true};
	return 20;
}

static unsigned every_fifth_broken(const struct http_exchange *exchange, unsigned timeout_ms, struct http_answer *ret) {
	broken_status = 500;
	return net.started % 5 ? good(exchange, timeout_ms, ret) : broken(exchange, timeout_ms, ret);
}

/* The GPU service is throttled; the others are well. */
static unsigned throttle_ms;
static unsigned throttled(const struct http_exchange *exchange, unsigned timeout_ms, struct http_answer *ret) {
	if (!strstr(exchange->url, "/gpu/"))
		return good(exchange, timeout_ms, ret);
	*ret = (struct http_answer){.status = 429, .sent = true, .retry_after_ms = throttle_ms};
	if (throttle_ms && net.now_ms >= net.quiet_ms) {
		net.known_ms = net.now_ms + 20;
		net.quiet_ms = net.known_ms + throttle_ms;
	}
	return 20;
}

/* ---- the users ---- */

struct reply {
	int done, code, status;
	int64_t asked_ms, took_ms;
	struct error error;
	struct api_call *call;
};

static struct api *api;
static struct token *token;
static size_t replies, failures;
static int64_t longest_ms;

static void on_response(void *user, const struct api_response *response) {
	struct reply *reply = user;
	reply->done++;
	reply->code = response->code;
	reply->status = response->status;
	reply->error = response->error;
	reply->took_ms = net.now_ms - reply->asked_ms;
	assert_int_equal(reply->done, 1);
	replies++;
	failures += response->code != 0;
	if (reply->took_ms > longest_ms)
		longest_ms = reply->took_ms;
}

static void ask_within(
	enum api_service service, enum api_method method, bool urgent, unsigned timeout_ms, struct reply *ret) {
	struct api_request request = {
		.service = service, .method = method, .path = "/x", .timeout_ms = timeout_ms, .urgent = urgent};
	*ret = (struct reply){.asked_ms = net.now_ms};
	assert_int_equal(api_send(api, &request, on_response, ret, &ret->call), 0);
	assert_int_equal(ret->done, 0);
}

static void ask(enum api_service service, enum api_method method, struct reply *ret) {
	ask_within(service, method, false, 30000, ret);
}

/* Lets the time pass, and does at each moment what is due. */
static void pass(int64_t ms) {
	int64_t until_ms = net.now_ms + ms;
	api_run(api);
	for (;;) {
		int64_t next_ms = net.alarm_ms;
		for (struct http_exchange *at = net.flying.next; at != &net.flying; at = at->next)
			if (at->over_ms < next_ms)
				next_ms = at->over_ms;
		if (next_ms > until_ms)
			break;
		if (next_ms > net.now_ms)
			net.now_ms = next_ms;
		api_run(api);
	}
	net.now_ms = until_ms;
}

/* What the observer heard of the services. */
static size_t downs, backs;
static int64_t down_ms;

static void on_service(void *user, enum api_service service, const struct error *down) {
	assert_ptr_equal(user, &net);
	if (service != API_GPU)
		return;
	assert_int_equal(downs, down ? backs : backs + 1); /* in turn */
	if (down) {
		assert_int_not_equal(down->code, 0);
		down_ms = net.now_ms;
	}
	*(down ? &downs : &backs) += 1;
}

static int setup(void **state) {
	struct api_config config = {
		.parallel = 16, .pages_max = 10, .seed = 1, .observer = {.service = on_service, .user = &net}};
	static const char *const bases[] = {"http://127.0.0.1:1/tenant", "http://127.0.0.1:1/gpu",
		"http://127.0.0.1:1/inventory", "http://127.0.0.1:1/aimodels"};
	struct token_config source = {.text = "pat-nc-test-0123456789"};
	(void)state;
	memset(&net, 0, sizeof net);
	net.flying.next = net.flying.prev = &net.flying;
	net.now_ms = 1000000;
	net.alarm_ms = WATCH_NEVER;
	net.outcome = good;
	replies = failures = 0;
	downs = backs = 0;
	longest_ms = 0;
	assert_int_equal(token_new(&source, &token, NULL), 0);
	for (size_t i = 0; i < API_SERVICES; i++)
		config.base[i] = bases[i];
	config.token = token;
	assert_int_equal(api_new(&config, &api, NULL), 0);
	return 0;
}

static int teardown(void **state) {
	(void)state;
	api_free(api);
	token_free(token);
	return 0;
}

/* ---- outages ---- */

enum { OUTAGE_S = 600, READS_A_SECOND = 10 };

/* Ten minutes of that, with somebody who reads ten times a second. Returns how many requests were made. */
static size_t outage(outcome *fortune) {
	static struct reply reads[OUTAGE_S * READS_A_SECOND];
	net.outcome = fortune;
	for (size_t i = 0; i < OUTAGE_S * READS_A_SECOND; i++) {
		ask(API_GPU, API_GET, &reads[i]);
		pass(1000 / READS_A_SECOND);
	}
	size_t started = net.started;
	pass(30000); /* the last ones come to their end */
	for (size_t i = 0; i < OUTAGE_S * READS_A_SECOND; i++)
		assert_int_equal(reads[i].done, 1);
	assert_true(longest_ms <= 30000);
	return started;
}

/* Within a minute it is found to be there again, by one request; then all is as before. */
static void recovery(void) {
	static struct reply reads[610];
	size_t before = net.started;
	net.outcome = good;
	for (int i = 0; i < 601; i++) {
		ask(API_GPU, API_GET, &reads[i]);
		pass(100);
	}
	assert_int_equal(reads[600].code, 0);
	size_t fine = 0;
	while (fine < 601 && reads[600 - fine].code == 0)
		fine++;
	assert_int_equal(net.started - before, fine);
}

static void test_refused(void **state) {
	(void)state;
	/* Five until it is down, one after 5, 10, 20, 40 and then each 60 s: 5 + 4 + 9 fit into ten minutes. */
	size_t asked = outage(refused);
	print_message("refused: %zu requests for %zu reads in %d s\n", asked, replies, OUTAGE_S);
	assert_int_equal(asked, 5 + 4 + 8);
	assert_int_equal(failures, OUTAGE_S * READS_A_SECOND);
	recovery();
}

static void test_black_hole(void **state) {
	(void)state;
	size_t asked = outage(black_hole);
	print_message("black hole: %zu requests for %zu reads in %d s\n", asked, replies, OUTAGE_S);
	/* Fourteen are out before the first failure is known; of their places some were taken again. */
	assert_true(asked <= 14 + 10 + 12);
	assert_int_equal(failures, OUTAGE_S * READS_A_SECOND);
	recovery();
}

static void test_silent(void **state) {
	(void)state;
	size_t asked = outage(silent);
	print_message("silent: %zu requests for %zu reads in %d s\n", asked, replies, OUTAGE_S);
	assert_true(asked <= 14 + 10 + 12);
	recovery();
}

static void test_gateway(void **state) {
	(void)state;
	broken_status = 503;
	size_t asked = outage(broken);
	print_message("503: %zu requests for %zu reads in %d s\n", asked, replies, OUTAGE_S);
	assert_true(asked <= 5 + 10 + 12);
	recovery();
}

/* An operation that is broken does not take the service away; but it is not asked twice each time for ever. */
static void test_broken(void **state) {
	(void)state;
	broken_status = 500;
	size_t asked = outage(broken);
	assert_int_equal(asked, OUTAGE_S * READS_A_SECOND + HEALTH_RETRIES);
}

static void test_some_broken(void **state) {
	(void)state;
	size_t asked = outage(every_fifth_broken);
	size_t retries = asked - OUTAGE_S * READS_A_SECOND;
	print_message("one of five is a 500: %zu retries for %zu reads, %zu failed\n", retries, replies, failures);
	assert_true(retries <= HEALTH_RETRIES + OUTAGE_S * READS_A_SECOND / HEALTH_ANSWERS);
	assert_true(retries >= OUTAGE_S * READS_A_SECOND / HEALTH_ANSWERS / 2);
}

/* Nobody waits long for a service that is known to be down, and the words say what is wrong with it. */
static void test_down_at_once(void **state) {
	struct reply first[5], reply;
	(void)state;
	net.outcome = black_hole;
	for (int i = 0; i < 5; i++)
		ask(API_GPU, API_GET, &first[i]);
	pass(14000);
	assert_int_equal(first[4].code, ETIMEDOUT);
	size_t before = net.started;
	ask(API_GPU, API_GET, &reply);
	pass(0);
	assert_int_equal(reply.done, 1);
	assert_int_equal(reply.code, ETIMEDOUT);
	assert_string_equal(reply.error.message, "no connection (not asked again so soon)");
	assert_int_equal(reply.error.verdict, VERDICT_NONE);
	assert_int_equal(net.started, before);
	net.outcome = good;
	ask(API_AIMODELS, API_GET, &reply); /* of the other services nothing is known */
	pass(20);
	assert_int_equal(reply.code, 0);
}

static void down(void) {
	struct reply reply;
	net.outcome = refused;
	for (int i = 0; i < 5; i++) {
		ask_within(API_GPU, API_GET, false, 200, &reply); /* no time for another attempt */
		pass(200);
	}
	assert_int_equal(net.started, 5);
}

/* A change is tried at once, and one is enough to find out. */
static void test_change_is_probe(void **state) {
	struct reply put, second, look, reply;
	(void)state;
	down();
	ask(API_GPU, API_PUT, &put);
	ask(API_GPU, API_DELETE, &second);
	ask_within(API_GPU, API_GET, true, 30000, &look);
	pass(0);
	assert_int_equal(net.started, 6);
	assert_true(second.done && look.done && !put.done);
	assert_int_equal(second.code, EHOSTUNREACH);
	assert_int_equal(second.error.verdict, VERDICT_NOT_DONE);
	pass(1);
	assert_int_equal(put.code, EHOSTUNREACH);
	assert_int_equal(net.started, 6); /* a change is not tried again from here */
	net.outcome = good;
	ask(API_GPU, API_GET, &reply);
	pass(0);
	assert_int_equal(reply.code, EHOSTUNREACH);
	ask_within(API_GPU, API_GET, true, 30000, &look);
	pass(20);
	assert_int_equal(look.code, 0);
	ask(API_GPU, API_GET, &reply);
	pass(20);
	assert_int_equal(reply.code, 0);
}

static void test_probe_given_up(void **state) {
	struct reply reply;
	(void)state;
	down();
	pass(5000);
	net.outcome = silent;
	ask(API_GPU, API_GET, &reply);
	pass(100);
	assert_int_equal(net.started, 6);
	api_cancel(reply.call);
	net.outcome = good;
	ask(API_GPU, API_GET, &reply);
	pass(20);
	assert_int_equal(reply.code, 0);
}

/* That five creates are lost is no reason to stop reading. */
static void test_lost_changes(void **state) {
	struct reply reply;
	(void)state;
	for (int i = 0; i < 20; i++) {
		net.outcome = silent;
		broken_status = 503;
		if (i % 2)
			net.outcome = broken;
		ask(API_GPU, API_POST, &reply);
		pass(30000);
		assert_int_equal(reply.error.verdict, VERDICT_UNKNOWN);
	}
	assert_int_equal(net.started, 20);
	net.outcome = good;
	ask(API_GPU, API_GET, &reply);
	pass(20);
	assert_int_equal(reply.code, 0);
}

/* Whoever had hardly any time left has not found out anything. */
static void test_hurried(void **state) {
	static struct reply blockers[14], reply;
	(void)state;
	net.outcome = silent;
	for (int i = 0; i < 14; i++)
		ask_within(API_AIMODELS, API_GET, false, 19900, &blockers[i]);
	for (int i = 0; i < 10; i++) {
		static struct reply late[10];
		ask_within(API_GPU, API_GET, false, 20000, &late[i]);
	}
	pass(20000);
	net.outcome = good;
	ask(API_GPU, API_GET, &reply);
	pass(20);
	assert_int_equal(reply.code, 0);
}

/* ---- attempts ---- */

static void test_attempts(void **state) {
	struct reply reply;
	(void)state;
	broken_status = 500;
	net.outcome = broken;
	ask(API_GPU, API_GET, &reply);
	pass(30000);
	assert_int_equal(net.started, RETRY_ATTEMPTS);
	assert_int_equal(reply.code, EREMOTEIO);
	for (enum api_method method = API_POST; method <= API_DELETE; method++) {
		size_t before = net.started;
		ask(API_GPU, method, &reply);
		pass(30000);
		assert_int_equal(net.started, before + 1);
		assert_int_equal(reply.code, EREMOTEIO);
	}
}

/* Another attempt must fit into the time. */
static void test_no_time(void **state) {
	struct reply reply;
	(void)state;
	broken_status = 500;
	net.outcome = broken;
	ask_within(API_GPU, API_GET, false, 200, &reply);
	pass(200);
	assert_int_equal(net.started, 1);
	assert_int_equal(reply.status, 500);
}

static void test_passes(void **state) {
	struct reply reply;
	(void)state;
	net.outcome = refused;
	ask(API_GPU, API_GET, &reply);
	pass(1);
	assert_int_equal(reply.done, 0);
	net.outcome = good;
	pass(1000);
	assert_int_equal(reply.code, 0);
	assert_int_equal(net.started, 2);
}

/* ---- Retry-After ---- */

static void test_patience(void **state) {
	static struct reply waiting[100];
	struct reply first, hasty, other;
	(void)state;
	net.outcome = throttled;
	throttle_ms = 10000;
	ask(API_GPU, API_GET, &first);
	pass(20);
	assert_int_equal(net.started, 1);
	for (size_t i = 0; i < 100; i++) /* the client asserts that none goes too early */
		ask(API_GPU, (enum api_method)(i % 4), &waiting[i]);
	ask_within(API_GPU, API_GET, false, 9000, &hasty);
	pass(0);
	assert_int_equal(hasty.code, EBUSY);
	assert_string_equal(hasty.error.message, "the API answered 429; it asks for a pause, of which 10 s are left");
	assert_int_equal(hasty.error.http_status, 429);
	int64_t quiet_ms = net.quiet_ms;
	net.quiet_ms = 0;
	ask(API_AIMODELS, API_GET, &other); /* another service */
	pass(20);
	assert_int_equal(other.code, 0);
	assert_int_equal(net.started, 2);
	net.quiet_ms = quiet_ms;
	net.outcome = good;
	pass(9979);
	assert_int_equal(net.started, 2);
	pass(1);
	assert_int_equal(net.now_ms, quiet_ms);
	assert_int_equal(net.started, 2 + 16); /* as many as may be in flight */
	pass(1000);
	assert_int_equal(first.code, 0);
	for (size_t i = 0; i < 100; i++)
		assert_int_equal(waiting[i].code, 0);
	assert_int_equal(net.started, 2 + 101);
	assert_int_equal(net.flying_most, 16);
}

/* Ten minutes of a server that is never content. */
static void test_throttled(void **state) {
	(void)state;
	throttle_ms = 20000;
	size_t asked = outage(throttled);
	print_message("429, Retry-After 20: %zu requests for %zu reads in %d s\n", asked, replies, OUTAGE_S);
	/* After each pause the places fill up at once, before the first answer is there. */
	assert_true(asked <= 31 * 14);
}

/* Without Retry-After: pauses, and the budget. */
static void test_throttled_without(void **state) {
	(void)state;
	throttle_ms = 0;
	size_t asked = outage(throttled);
	assert_true(asked <= OUTAGE_S * READS_A_SECOND + HEALTH_RETRIES);
	assert_int_equal(failures, OUTAGE_S * READS_A_SECOND);
}

static void test_longer_than_the_time(void **state) {
	struct reply reply;
	(void)state;
	net.outcome = throttled;
	throttle_ms = 3600000;
	ask(API_GPU, API_GET, &reply);
	pass(20);
	assert_int_equal(reply.code, EBUSY);
	assert_int_equal(net.started, 1);
	for (int i = 0; i < 59; i++) {
		pass(60000);
		ask(API_GPU, API_GET, &reply);
		pass(0);
		assert_int_equal(reply.code, EBUSY);
	}
	assert_int_equal(net.started, 1);
	net.outcome = good;
	pass(60000);
	ask(API_GPU, API_GET, &reply);
	pass(20);
	assert_int_equal(reply.code, 0);
}

/* What is told is what api_state() shows, and what is asked for goes by it. */
static void test_told(void **state) {
	struct reply reply;
	struct api_state now;
	(void)state;
	net.outcome = refused;
	for (int i = 0; i < HEALTH_FAILURES; i++) {
		assert_int_equal(downs, 0);
		ask_within(API_GPU, API_GET, false, 100, &reply);
		pass(100);
	}
	assert_int_equal(downs, 1);
	api_state(api, &now);
	assert_true(now.services[API_GPU].down);
	assert_int_equal(now.services[API_GPU].error->code, EHOSTUNREACH);
	assert_int_equal(now.services[API_GPU].again_ms, down_ms + HEALTH_DOWN_MS - net.now_ms);
	assert_false(now.services[API_TENANT].down);
	assert_null(now.services[API_TENANT].error);
	pass(HEALTH_DOWN_MS);
	api_state(api, &now);
	assert_int_equal(now.services[API_GPU].again_ms, 0);
	ask(API_GPU, API_GET, &reply); /* the probe fails: nothing new */
	pass(100);
	assert_int_equal(downs, 1);
	net.outcome = good;
	pass(HEALTH_PROBE_MS);
	ask(API_GPU, API_GET, &reply);
	pass(100);
	assert_int_equal(reply.code, 0);
	assert_int_equal(backs, 1);
	api_state(api, &now);
	assert_false(now.services[API_GPU].down);
	assert_true(now.token.accepted && !now.token.refused);
	assert_int_equal(now.token.source, TOKEN_TEXT);
}

static void test_told_of_patience(void **state) {
	struct reply reply;
	struct api_state now;
	(void)state;
	net.outcome = throttled;
	throttle_ms = 5000;
	ask_within(API_GPU, API_GET, false, 100, &reply);
	pass(100);
	api_state(api, &now);
	assert_false(now.services[API_GPU].down);
	assert_int_equal(now.services[API_GPU].again_ms, 5000 - 80); /* of the answer, which took 20 */
	assert_int_equal(downs, 0);
}

static unsigned unauthorized(const struct http_exchange *exchange, unsigned timeout_ms, struct http_answer *ret) {
	broken_status = strstr(exchange->url, "/gpu/") ? 401 : 200;
	return broken_status == 200 ? good(exchange, timeout_ms, ret) : broken(exchange, timeout_ms, ret);
}

static void test_told_of_the_token(void **state) {
	struct reply reply;
	struct api_state now;
	(void)state;
	api_state(api, &now);
	assert_false(now.token.accepted || now.token.refused || now.token.why);
	net.outcome = unauthorized;
	ask(API_GPU, API_GET, &reply);
	pass(20);
	ask(API_TENANT, API_GET, &reply); /* waits, then goes: the others may know the token */
	pass(4000);
	api_state(api, &now);
	assert_true(now.token.refused);
	assert_int_equal(now.token.refused_ms, 4000);
	assert_int_equal(now.token.why->code, EKEYEXPIRED);
	assert_int_equal(now.token.why->http_status, 401);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_refused),
		TEST(test_black_hole),
		TEST(test_silent),
		TEST(test_gateway),
		TEST(test_broken),
		TEST(test_some_broken),
		TEST(test_down_at_once),
		TEST(test_change_is_probe),
		TEST(test_probe_given_up),
		TEST(test_lost_changes),
		TEST(test_hurried),
		TEST(test_attempts),
		TEST(test_no_time),
		TEST(test_passes),
		TEST(test_patience),
		TEST(test_throttled),
		TEST(test_throttled_without),
		TEST(test_longer_than_the_time),
		TEST(test_told),
		TEST(test_told_of_patience),
		TEST(test_told_of_the_token),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
