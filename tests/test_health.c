/* What the last answers of a service say about the next request to it. */
#include "api/health.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct api_response answered(int status, int code) {
	struct api_response response = {.status = status, .code = code, .error = {.code = code}};
	strcpy(response.error.message, "why");
	return response;
}

/* One request from its start to its end, at once. Returns what was said to it. */
static enum health_word ask(struct health *health, int status, int code, int64_t now_ms) {
	enum health_word word = health_ask(health, false, now_ms);
	struct api_response response = answered(status, code);
	if (word == HEALTH_GO || word == HEALTH_PROBE)
		health_answered(health, &response, word == HEALTH_PROBE, now_ms);
	return word;
}

static void break_down(struct health *health, int64_t now_ms) {
	for (int i = 0; i < HEALTH_FAILURES; i++)
		assert_int_equal(ask(health, 0, EHOSTUNREACH, now_ms), HEALTH_GO);
}

static void test_what_is_a_failure(void **state) {
	static const struct {
		int status, code;
		bool failure;
	} cases[] = {
		{0, EHOSTUNREACH, true},
		{0, ETIMEDOUT, true},
		{0, EREMOTEIO, true},
		{0, EPROTO, true},
		{502, EREMOTEIO, true},
		{503, EREMOTEIO, true},
		{504, EREMOTEIO, true},
		{200, ETIMEDOUT, true}, /* it began, and never came to its end */
		{0, ENOMEM, false},
		{0, EINVAL, false},
		{0, EKEYEXPIRED, false},
		{200, 0, false},
		{200, EREMOTEIO, false}, /* garbage, but from somebody */
		{401, EKEYEXPIRED, false},
		{404, ENOENT, false},
		{408, ETIMEDOUT, false},
		{429, EBUSY, false},
		{500, EREMOTEIO, false},
		{501, EREMOTEIO, false},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct health health = {0};
		for (int n = 0; n < 20; n++)
			ask(&health, cases[i].status, cases[i].code, 1000);
		assert_int_equal(health.down_ms > 0, cases[i].failure);
		assert_int_equal(health_ask(&health, false, 1000), cases[i].failure ? HEALTH_DOWN : HEALTH_GO);
		if (cases[i].failure)
			assert_int_equal(health.error.code, cases[i].code);
	}
}

static void test_in_a_row(void **state) {
	struct health health = {0};
	(void)state;
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < HEALTH_FAILURES - 1; i++)
			assert_int_equal(ask(&health, 503, EREMOTEIO, 0), HEALTH_GO);
		assert_int_equal(ask(&health, round % 2 ? 200 : 404, round % 2 ? 0 : ENOENT, 0), HEALTH_GO);
	}
	assert_int_equal(ask(&health, 0, ENOMEM, 0), HEALTH_GO); /* neither counts nor ends the row */
	for (int i = 0; i < HEALTH_FAILURES; i++)
		assert_int_equal(ask(&health, 503, EREMOTEIO, 0), HEALTH_GO);
	assert_int_equal(ask(&health, 200, 0, 0), HEALTH_DOWN);
}

static void test_probes(void **state) {
	static const int64_t waits_ms[] = {5000, 10000, 20000, 40000, 60000, 60000, 60000};
	struct health health = {0};
	int64_t now_ms = 77;
	(void)state;
	break_down(&health, now_ms);
	for (size_t i = 0; i < sizeof waits_ms / sizeof *waits_ms; i++) {
		assert_int_equal(ask(&health, 200, 0, now_ms + waits_ms[i] - 1), HEALTH_DOWN);
		now_ms += waits_ms[i];
		assert_int_equal(health_ask(&health, false, now_ms), HEALTH_PROBE);
		assert_int_equal(health_ask(&health, false, now_ms + 1000000), HEALTH_DOWN); /* one at a time */
		assert_int_equal(health_ask(&health, true, now_ms), HEALTH_DOWN);
		struct api_response response = answered(0, ETIMEDOUT);
		/* What was sent before it was known to be down says nothing new. */
		health_answered(&health, &response, false, now_ms);
		assert_int_equal(health_ask(&health, false, now_ms), HEALTH_DOWN);
		health_answered(&health, &response, true, now_ms);
	}
	now_ms += 60000;
	assert_int_equal(ask(&health, 404, ENOENT, now_ms), HEALTH_PROBE);
	assert_int_equal(ask(&health, 200, 0, now_ms), HEALTH_GO);
	break_down(&health, now_ms); /* from the beginning again */
	assert_int_equal(ask(&health, 200, 0, now_ms + 5000), HEALTH_PROBE);
}

static void test_an_old_answer_is_a_sign_of_life(void **state) {
	struct health health = {0};
	struct api_response response = answered(200, 0);
	(void)state;
	break_down(&health, 0);
	assert_int_equal(health_ask(&health, false, 10), HEALTH_DOWN);
	health_answered(&health, &response, false, 10);
	assert_int_equal(health_ask(&health, false, 10), HEALTH_GO);
}

static void test_probe_left(void **state) {
	struct health health = {0};
	(void)state;
	break_down(&health, 0);
	assert_int_equal(health_ask(&health, false, 5000), HEALTH_PROBE);
	health_left(&health, false); /* another one */
	assert_int_equal(health_ask(&health, false, 5000), HEALTH_DOWN);
	health_left(&health, true);
	assert_int_equal(health_ask(&health, false, 5000), HEALTH_PROBE);
}

static void test_urgent(void **state) {
	struct health health = {0};
	struct api_response response = answered(0, EHOSTUNREACH);
	(void)state;
	break_down(&health, 0);
	assert_int_equal(health_ask(&health, true, 1), HEALTH_PROBE);
	health_answered(&health, &response, true, 1);
	assert_int_equal(health_ask(&health, false, 5000), HEALTH_DOWN);
	assert_int_equal(health_ask(&health, false, 10001), HEALTH_PROBE);
}

static void test_patience(void **state) {
	struct health health = {0};
	struct api_response response = answered(429, EBUSY);
	(void)state;
	response.retry_after_ms = 3000;
	health_answered(&health, &response, false, 1000);
	assert_int_equal(health_ask(&health, false, 3999), HEALTH_WAIT);
	assert_int_equal(health_ask(&health, true, 3999), HEALTH_WAIT);
	assert_int_equal(health.hold_ms, 4000);
	assert_int_equal(health.error.code, EBUSY);
	response.retry_after_ms = 1000; /* a shorter one does not shorten it */
	health_answered(&health, &response, false, 1000);
	assert_int_equal(health_ask(&health, false, 3999), HEALTH_WAIT);
	assert_int_equal(health_ask(&health, false, 4000), HEALTH_GO);

	response = answered(200, 0); /* means something with 429 and 503 only */
	response.retry_after_ms = 9000;
	health_answered(&health, &response, false, 4000);
	assert_int_equal(health_ask(&health, false, 4000), HEALTH_GO);
	response = answered(503, EREMOTEIO);
	response.retry_after_ms = 9000;
	health_answered(&health, &response, false, 4000);
	assert_int_equal(health_ask(&health, false, 12999), HEALTH_WAIT);
	assert_int_equal(health_ask(&health, false, 13000), HEALTH_GO);
}

static void test_budget(void **state) {
	struct health health = {0};
	int retries = 0;
	(void)state;
	while (health_retry(&health))
		retries++;
	assert_int_equal(retries, HEALTH_RETRIES);
	for (int i = 0; i < HEALTH_ANSWERS - 1; i++)
		ask(&health, 200, 0, 0);
	ask(&health, 404, ENOENT, 0); /* no failure, and no good answer */
	assert_false(health_retry(&health));
	ask(&health, 200, 0, 0);
	assert_true(health_retry(&health));
	assert_false(health_retry(&health));
	for (int i = 0; i < 100000; i++) /* what is saved up is bounded */
		ask(&health, 200, 0, 0);
	for (retries = 0; health_retry(&health);)
		retries++;
	assert_int_equal(retries, HEALTH_RETRIES);
	for (int i = 0; i < 1000; i++)
		ask(&health, 200, 0, 0);
	break_down(&health, 0);
	assert_false(health_retry(&health));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_a_failure),
		cmocka_unit_test(test_in_a_row),
		cmocka_unit_test(test_probes),
		cmocka_unit_test(test_an_old_answer_is_a_sign_of_life),
		cmocka_unit_test(test_probe_left),
		cmocka_unit_test(test_urgent),
		cmocka_unit_test(test_patience),
		cmocka_unit_test(test_budget),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
