/* What is read out of an answer's header lines, beside what test_api.c sees of whole exchanges. */
#include "../api/answer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void take(struct http_answer *answer, const char *line) {
	assert_true(answer_header(answer, line, strlen(line)));
}

/* A server that sends the token back does not get it into a text, also where the text is too short for all of it. */
static void test_token_in_headers(void **state) {
	char token[300], line[400];
	struct http_answer answer = {.token = token, .sent = true};
	struct api_response response;

	(void)state;
	memset(token, 'T', sizeof(token) - 1);
	token[sizeof(token) - 1] = '\0';
	snprintf(line, sizeof(line), "x-request-id: seen-%s\r\n", token);
	take(&answer, line);
	snprintf(line, sizeof(line), "Content-Type: text/%s\r\n", token);
	take(&answer, line);
	assert_string_equal(answer.request_id, "");
	assert_string_equal(answer.content_type, "");
	answer.status = 200;
	buffer_add(&answer.body, "<html>");
	answer_read(&answer, API_GET, &response);
	assert_int_equal(response.code, EREMOTEIO);
	assert_null(strstr(response.error.message, "TTT"));
	assert_string_equal(response.error.request_id, "");
	buffer_free(&answer.body);
}

/* Nor by a sentence about the transport. */
static void test_token_in_reason(void **state) {
	struct http_answer answer = {.token = "token-token", .code = EREMOTEIO, .message = "bad header: token-token!"};
	struct api_response response;

	(void)state;
	answer_read(&answer, API_POST, &response);
	assert_int_equal(response.code, EREMOTEIO);
	assert_string_equal(response.error.message, "bad header: ***********!");
	assert_int_equal(response.error.verdict, VERDICT_NOT_DONE);
}

static void test_headers(void **state) {
	struct http_answer answer = {.token = "", .sent = true};

	(void)state;
	take(&answer, "X-REQUEST-ID:\t a b \t\r\n");
	take(&answer, "content-type:\r\n");
	take(&answer, "x-request-idle: no\r\n");
	take(&answer, "content-type");
	assert_string_equal(answer.request_id, "a b");
	assert_string_equal(answer.content_type, "");
	/* What comes behind the answer's head is not of it. */
	answer.status = 200;
	take(&answer, "x-request-id: trailer\r\n");
	assert_string_equal(answer.request_id, "a b");
	answer.token = NULL;
	answer.status = 0;
	take(&answer, "x-request-id: c\r\n");
	assert_string_equal(answer.request_id, "c");
}

static void test_bounds(void **state) {
	static char line[HTTP_HEAD_MAX];
	struct http_answer answer = {.body.limit = HTTP_BODY_MAX};

	(void)state;
	assert_true(answer_header(&answer, line, sizeof(line)));
	assert_false(answer_header(&answer, line, 1));
	assert_int_equal(answer.code, EREMOTEIO);
	assert_string_equal(answer.message, "unusable answer: headers larger than 64 KiB");
	for (size_t i = 0; i < HTTP_BODY_MAX / sizeof(line); i++)
		assert_true(answer_body(&answer, line, sizeof(line)));
	assert_false(answer_body(&answer, line, 1));
	assert_string_equal(answer.message, "unusable answer: larger than 4 MiB");
	assert_int_equal(answer.body.len, HTTP_BODY_MAX);
	buffer_free(&answer.body);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_token_in_headers),
		cmocka_unit_test(test_token_in_reason),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
