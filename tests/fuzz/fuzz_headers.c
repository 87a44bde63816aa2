/*
 * Any header lines and any body, in any pieces, with any status, as the answer to a request that carried a token.
 *
 * A byte 0xff in the input stands for the token: a server that sends it back, anywhere, must not get it into a text
 * that people see, also not in part.
 */
#include "../../api/answer.h"
#include "../../api/scope.h"
#include "fuzz.h"

#include <errno.h>

/* The token, in two lengths: the longer is longer than every text that could hold it. Its start is unlike anything
 * else. */
static const char token_mark[] = "S3cr";

static void token_make(size_t len, char *ret) {
	for (size_t i = 0; i < len; i++)
		ret[i] = i < 4 ? token_mark[i] : (char)('a' + i % 26);
	ret[len] = '\0';
}

/* The bytes with the tokens in place, and no other piece of one. */
static void text_build(const char *data, size_t len, const char *token, struct buffer *out) {
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)data[i] == 0xff)
			buffer_add(out, token);
		else if (data[i] != token_mark[0])
			buffer_byte(out, data[i]);
}

static void check_text(const char *text, size_t size) {
	require(memchr(text, '\0', size) != NULL);
	require(!strstr(text, token_mark));
}

static void check_response(
	const struct api_response *response, const struct http_answer *answer, enum api_method method) {
	require((response->code == 0) == (response->error.code == 0));
	check_text(response->error.message, sizeof(response->error.message));
	check_text(response->error.api_code, sizeof(response->error.api_code));
	check_text(response->error.request_id, sizeof(response->error.request_id));
	require(response->sent == answer->sent && response->status == answer->status);
	bool good = answer->status >= 200 && answer->status <= 299;
	if (answer->status && !good)
		require(response->code == api_status_errno(answer->status) && response->code);
	if (response->code) {
		require(*response->error.message && response->root.type == JSON_ABSENT && !response->body_len);
		require((response->error.verdict == VERDICT_NONE) == (method == API_GET));
		require(response->error.verdict != VERDICT_DONE);
		require(answer->sent || response->error.verdict != VERDICT_UNKNOWN);
		return;
	}
	require(good || !answer->status);
	if (response->root.type == JSON_ABSENT)
		require(!response->body_len);
	else
		require(response->body == answer->body.data && response->body_len == answer->body.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static const int statuses[] = {0, 200, 201, 204, 206, 301, 302, 400, 401, 402, 403, 404, 408, 409, 422, 425,
		429, 499, 500, 502, 503, 504, 599, 600, 999};
	struct input input = {data, size};
	struct http_answer answer = {.body = {.limit = HTTP_BODY_MAX}};
	struct api_response response;
	char token[400];
	enum api_method method = (enum api_method)(input_byte(&input) % 4);
	int status = statuses[input_byte(&input) % (sizeof(statuses) / sizeof(*statuses))];
	unsigned flags = input_byte(&input);
	token_make(flags & 1 ? sizeof(token) - 1 : flags & 2 ? 80 : 8, token);
	answer.token = token;
	answer.sent = (flags & 4) || status;
	bool goes_on = true;
	/* Headers: a line each; curl hands over whole ones, without a NUL behind. */
	for (unsigned lines = input_byte(&input) % 16; lines && goes_on; lines--) {
		size_t len;
		const char *text = input_bytes(&input, 255, &len);
		SCOPED(buffer_free) struct buffer line = {0};
		text_build(text, len, token, &line);
		SCOPED(scope_free) char *exact = bytes_copy(line.data, line.len, false);
		for (unsigned times = flags & 8 ? 400 : 1; times && goes_on;
			times--) /* beyond the bound of all headers */
			goes_on = answer_header(&answer, exact, line.len);
	}
	check_text(answer.request_id, sizeof(answer.request_id));
	check_text(answer.content_type, sizeof(answer.content_type));
	require(answer.head_bytes <= HTTP_HEAD_MAX || answer.code == EREMOTEIO);
	if (goes_on)
		answer.status = status;
	while (goes_on && input.left) {
		size_t len;
		const char *text = input_bytes(&input, 255, &len);
		SCOPED(buffer_free) struct buffer piece = {0};
		text_build(text, len, token, &piece);
		goes_on = answer_body(&answer, piece.data ? piece.data : "", piece.len);
	}
	require(answer.body.len <= HTTP_BODY_MAX);
	require(goes_on == !answer.code);
	if (goes_on && (!answer.status || flags & 16))
		answer_fail(&answer, EREMOTEIO, "unusable answer: the connection broke in it");
	answer_read(&answer, method, &response);
	check_response(&response, &answer, method);
	buffer_free(&answer.body);
	return 0;
}
