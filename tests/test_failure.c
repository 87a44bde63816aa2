/* What a person is told when no whole answer came. */
#include "api/failure.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* How far it had come. */
static const struct http_answer unsent = {0}, sent = {.sent = true}, begun = {.sent = true, .status = 200};

static void check(const struct http_answer *answer, struct failure failure, int code, const char *message) {
	struct http_answer told = *answer;
	failure.url = "https://api.example:8443/v1/x?page=1";
	failure_tell(&failure, &told);
	assert_string_equal(told.message, message);
	assert_int_equal(told.code, code);
	assert_int_equal(told.sent, answer->sent);
	assert_int_equal(told.status, answer->status);
}

static struct failure cause(enum failure_cause cause) {
	return (struct failure){
		.cause = cause, .general = "Such a failure", .detail = "this failure", .timeout_ms = 30000};
}

static void test_no_way(void **state) {
	(void)state;
	check(&unsent, cause(FAILURE_NAME), EHOSTUNREACH, "cannot reach api.example:8443: its name cannot be resolved");
	check(&unsent, cause(FAILURE_HANDSHAKE), EHOSTUNREACH,
		"cannot reach api.example:8443: the connection broke in the TLS handshake");
	check(&unsent, cause(FAILURE_TRUST), EPROTO, "no trusted connection to api.example:8443: this failure");
	check(&unsent, cause(FAILURE_URL), EINVAL, "not sent: this failure");
	struct failure connect = cause(FAILURE_CONNECT);
	check(&unsent, connect, EHOSTUNREACH, "cannot reach api.example:8443: such a failure");
	connect.os_errno = ECONNREFUSED;
	check(&unsent, connect, EHOSTUNREACH, "cannot reach api.example:8443: connection refused");
}

/* Whatever else was made of what the proxy said; but time and memory run out with any proxy. */
static void test_proxy(void **state) {
	(void)state;
	check(&unsent, cause(FAILURE_PROXY), EHOSTUNREACH,
		"cannot reach api.example:8443: the proxy does not work (Such a failure)");
	for (enum failure_cause at = FAILURE_UNUSABLE; at <= FAILURE_TRUST; at++) {
		struct failure failure = cause(at);
		failure.proxy_status = 407;
		if (at == FAILURE_TIME)
			check(&unsent, failure, ETIMEDOUT, "no connection to api.example:8443 within 10 s");
		else if (at == FAILURE_MEMORY)
			check(&unsent, failure, ENOMEM, "no memory for the request");
		else
			check(&unsent, failure, EHOSTUNREACH, "cannot reach api.example:8443: the proxy answered 407");
	}
	struct failure failure = cause(FAILURE_BROKEN);
	failure.proxy_status = 200;
	check(&unsent, failure, EREMOTEIO, "the connection broke before an answer came");
	failure.proxy_status = 407;
	check(&sent, failure, EREMOTEIO, "the connection broke before an answer came");
}

/* The time to connect is less than that of the whole. */
static void test_time(void **state) {
	struct failure failure = cause(FAILURE_TIME);
	(void)state;
	check(&unsent, failure, ETIMEDOUT, "no connection to api.example:8443 within 10 s");
	check(&sent, failure, ETIMEDOUT, "no answer within 30 s");
	check(&begun, failure, ETIMEDOUT, "no complete answer within 30 s");
	failure.timeout_ms = 2500;
	check(&unsent, failure, ETIMEDOUT, "no connection to api.example:8443 within 2.5 s");
}

static void test_no_answer(void **state) {
	(void)state;
	check(&begun, cause(FAILURE_UNUSABLE), EREMOTEIO, "unusable answer: this failure");
	check(&begun, cause(FAILURE_CUT), EREMOTEIO, "unusable answer: it was cut off");
	check(&sent, cause(FAILURE_CUT), EREMOTEIO, "the connection broke before an answer came");
	check(&sent, cause(FAILURE_STATUS), EREMOTEIO, "unusable answer: no status line");
	check(&sent, cause(FAILURE_BROKEN), EREMOTEIO, "the connection broke before an answer came");
	check(&begun, cause(FAILURE_BROKEN), EREMOTEIO, "unusable answer: the connection broke in it");
	check(&unsent, cause(FAILURE_MEMORY), ENOMEM, "no memory for the request");
	check(&sent, cause(FAILURE_MEMORY), EREMOTEIO, "unusable answer: a header line too long, or no memory for it");
	check(&begun, cause(FAILURE_MEMORY), ENOMEM, "no memory for the request");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_way),
		cmocka_unit_test(test_proxy),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_no_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
