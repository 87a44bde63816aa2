#include "answer.h"
#include "scope.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	TEXT_MAX = 64 << 10, /* of an error body's text, before it is cut to fit */
	SECRET_MIN = 16,     /* characters of what looks like a token */
	AGE_MAX_S = 365 * 24 * 3600,
};

/* ---- what arrives ---- */

void answer_fail(struct http_answer *answer, int code, const char *format, ...) {
	va_list args;

	answer->code = code;
	va_start(args, format);
	vsnprintf(answer->message, sizeof(answer->message), format, args);
	va_end(args);
}

static bool is_blank(char c) {
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_token_char(char c) {
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       (c && strchr("._~+/=-", c));
}

/* The first of what looks like a token, NULL if nothing does: it may be the one before, or somebody else's. */
static const char *secret_find(const char *text, size_t len, size_t *ret_len) {
	static const char *const shapes[] = {"pat-nc-", "sk-nc-", "eyJ" /* a JWT: {" in base64 */};
	const char *first = NULL;

	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		const char *at = text, *end = text + len;

		while ((at = memmem(at, (size_t)(end - at), shapes[i], strlen(shapes[i])))) {
			const char *over = at;

			while (over < end && is_token_char(*over))
				over++;
			if (over - at >= SECRET_MIN && (!first || at < first)) {
				first = at;
				*ret_len = (size_t)(over - at);
				break;
			}
			at = over;
		}
	}
	return first;
}

/* A value that holds a token is not taken: what is cut to fit could end in the middle of it, where no mask finds it. */
static void header_take(const char *value, size_t len, const char *token, char *ret, size_t size) {
	size_t secret_len;

	if ((token && *token && memmem(value, len, token, strlen(token))) || secret_find(value, len, &secret_len))
		len = 0;
	while (len && is_blank(*value)) {
		value++;
		len--;
	}
	while (len && is_blank(value[len - 1]))
		len--;
	if (len >= size)
		len = size - 1;
	memcpy(ret, value, len);
	ret[len] = '\0';
}

bool answer_header(struct http_answer *answer, const char *line, size_t len) {
	const struct {
		const char *name;
		char *ret;
		size_t size;
	} wanted[] = {
		{"x-request-id:", answer->request_id, sizeof(answer->request_id)},
		{"content-type:", answer->content_type, sizeof(answer->content_type)},
		{"age:", answer->age, sizeof(answer->age)},
		{"date:", answer->date, sizeof(answer->date)},
	};

	answer->head_bytes += len;
	if (answer->head_bytes > HTTP_HEAD_MAX) {
		answer_fail(answer, EREMOTEIO, "unusable answer: headers larger than %d KiB", HTTP_HEAD_MAX >> 10);
		return false;
	}
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		size_t name_len = strlen(wanted[i].name);

		if (!answer->status && len > name_len && strncasecmp(line, wanted[i].name, name_len) == 0)
			header_take(line + name_len, len - name_len, answer->token, wanted[i].ret, wanted[i].size);
	}
	return true;
}

bool answer_body(struct http_answer *answer, const char *data, size_t len) {
	struct buffer *body = &answer->body;
	bool secret = body->limit < HTTP_BODY_MAX;

	buffer_append(body, data, len);
	if (body->error == -EMSGSIZE)
		answer_fail(answer, EREMOTEIO, "unusable answer: larger than %zu %s", body->limit >> (secret ? 10 : 20),
			secret ? "KiB" : "MiB");
	else if (body->error)
		answer_fail(answer, ENOMEM, "no memory for the answer");
	return !body->error;
}

/* ---- what it says ---- */

static void scope_buffer(struct buffer *buf) {
	buffer_free(buf);
}

/*
 * A server may put the token that it refused into its words; nothing that is shown or logged may hold it. Nor what only
 * looks like one: it may be the one before, or somebody else's.
 */
static void text_mask(char *text, const char *token) {
	size_t len = token ? strlen(token) : 0;
	const char *secret;

	if (len)
		for (char *at = strstr(text, token); at; at = strstr(at + len, token))
			memset(at, '*', len);
	while ((secret = secret_find(text, strlen(text), &len)))
		memset(text + (secret - text), '*', len);
}

/* Copies what fits, cut before a character of UTF-8 and not in it. */
static void text_fit(const char *text, char *ret, size_t size) {
	size_t len = strlen(text);

	if (len >= size) {
		len = size - 1;
		while (len && ((unsigned char)text[len] & 0xc0) == 0x80)
			len--;
	}
	memcpy(ret, text, len);
	ret[len] = '\0';
}

/* The decoded text of a string member, "" if it has none. */
static void member_text(struct json root, const char *key, const char *token, char *ret, size_t size) {
	SCOPED(scope_buffer) struct buffer text = {.limit = TEXT_MAX};
	struct json value = json_member(root, key);

	ret[0] = '\0';
	if (value.type != JSON_STRING)
		return;
	json_text(value, &text);
	if (!text.data || !text.len)
		return;
	text_mask(text.data, token);
	text_fit(text.data, ret, size);
}

static void refusal_read(const struct http_answer *answer, struct error *ret) {
	const struct buffer *body = &answer->body;
	struct json root = {0};
	char message[400] = "";

	error_set(ret, api_status_errno(answer->status), "the API answered %d", answer->status);
	/* A gateway's HTML, or text that was cut off: then the status has to do. */
	if (body->len && json_scan_answer(body->data, body->len, &root, NULL) == JSON_OK) {
		member_text(root, "code", answer->token, ret->api_code, sizeof(ret->api_code));
		member_text(root, "message", answer->token, message, sizeof(message));
	}
	if (message[0] || ret->api_code[0])
		snprintf(ret->message, sizeof(ret->message), "the API answered %d: %s", answer->status,
			message[0] ? message : ret->api_code);
	else if (answer->status >= 300 && answer->status <= 399 && answer->status != 304)
		snprintf(ret->message, sizeof(ret->message), "the API answered %d, a redirect, which is not followed",
			answer->status);
}

/* Text of a 2xx that is no JSON. */
static void garbage_read(
	const struct http_answer *answer, enum json_verdict verdict, struct json_fault fault, struct error *ret) {
	size_t type_len = strcspn(answer->content_type, ";");

	switch (verdict) {
	case JSON_NO_MEMORY:
		error_set(ret, ENOMEM, "no memory for the answer");
		break;
	case JSON_TOO_LARGE:
		error_set(ret, EREMOTEIO, "unusable answer: %s", fault.what ? fault.what : "too large");
		break;
	case JSON_INCOMPLETE:
		error_set(ret, EREMOTEIO, "unusable answer: the JSON ends too early");
		break;
	default:
		if (type_len && !strstr(answer->content_type, "json"))
			error_set(ret, EREMOTEIO, "unusable answer: %.*s instead of JSON", (int)type_len,
				answer->content_type);
		else
			error_set(ret, EREMOTEIO, "unusable answer: no JSON at byte %zu (%s)", fault.offset,
				fault.what ? fault.what : "unknown");
		break;
	}
}

/*
 * What is known of a change that failed. A 4xx is a definite refusal, but for those two by which a server or a gateway
 * says that it lost patience: what lies behind it may have carried on. Every 5xx and every missing answer leaves it
 * open.
 */
static enum verdict verdict_of(const struct http_answer *answer, enum api_method method) {
	if (method == API_GET)
		return VERDICT_NONE;
	if (!answer->sent)
		return VERDICT_NOT_DONE;
	if (answer->status >= 400 && answer->status <= 499 && answer->status != 408 && answer->status != 499)
		return VERDICT_NOT_DONE;
	return VERDICT_UNKNOWN;
}

/* What is no number says nothing (RFC 9111, 5.1). */
static unsigned age_read(const char *text) {
	size_t digits = strspn(text, "0123456789");
	unsigned long age_s = digits && !text[digits] ? strtoul(text, NULL, 10) : 0;

	return age_s < AGE_MAX_S ? (unsigned)age_s : AGE_MAX_S;
}

void answer_read(const struct http_answer *answer, enum api_method method, struct api_response *ret) {
	struct api_response response = {.sent = answer->sent,
		.status = answer->status,
		.retry_after_ms = answer->retry_after_ms,
		.age_s = age_read(answer->age),
		.date_s = answer->date_s};
	const struct buffer *body = &answer->body;
	bool good = answer->status >= 200 && answer->status <= 299;
	enum json_verdict verdict = JSON_OK;
	struct json_fault fault = {0};

	if (answer->status && !good) {
		/* Also where the body did not come to its end: the status says it all. */
		refusal_read(answer, &response.error);
	} else if (answer->code && !(good && method == API_DELETE)) {
		error_set(&response.error, answer->code, "%s", answer->message);
	} else if (!answer->code && body->len) {
		verdict = json_scan_answer(body->data, body->len, &response.root, &fault);
		if (verdict != JSON_OK && method != API_DELETE)
			garbage_read(answer, verdict, fault, &response.error);
	}
	if (method == API_GET && good && !response.error.code) {
		if (answer->status == 206)
			error_set(&response.error, EREMOTEIO, "unusable answer: only a part of it (206)");
		else if (!body->len)
			error_set(&response.error, EREMOTEIO, "unusable answer: it is empty");
	}
	if (response.error.code) {
		response.root = (struct json){0};
		response.code = response.error.code;
		response.error.http_status = answer->status;
		response.error.verdict = verdict_of(answer, method);
		text_fit(answer->request_id, response.error.request_id, sizeof(response.error.request_id));
		text_mask(response.error.message, answer->token);
	} else if (response.root.type != JSON_ABSENT) {
		response.body = body->data;
		response.body_len = body->len;
	}
	*ret = response;
}
