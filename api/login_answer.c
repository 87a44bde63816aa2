#include "login_answer.h"
#include "answer.h"
#include "scope.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	BODY_MAX = 4 * (TOKEN_MAX + 1024),
	RENEW_BEFORE_S = 60, /* at most; a fifth of a short life */
	RENEW_PART = 5,
	LIFE_MAX_S = 1000000000,
};

void login_body_wipe(struct buffer *body) {
	if (body->data)
		explicit_bzero(body->data, body->cap);
	buffer_free(body);
}

/* Not by json_quote(): that leaves copies behind. */
static void text_quote(const char *text, struct buffer *out) {
	buffer_byte(out, '"');
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < ' ' || c == 0x7f)
			buffer_printf(out, "\\u%04x", c);
		else if (c == '"' || c == '\\')
			buffer_printf(out, "\\%c", c);
		else
			buffer_byte(out, *text);
	}
	buffer_byte(out, '"');
}

int login_body(const char *const *pairs, struct buffer *ret) {
	struct buffer body = {.limit = BODY_MAX};

	/* All of its memory at once: what grows leaves its old bytes behind. */
	body.data = malloc(BODY_MAX);
	if (!body.data)
		return -ENOMEM;
	body.cap = BODY_MAX;
	body.data[0] = '\0';
	for (size_t i = 0; pairs[i]; i += 2) {
		buffer_byte(&body, i ? ',' : '{');
		text_quote(pairs[i], &body);
		buffer_byte(&body, ':');
		text_quote(pairs[i + 1], &body);
	}
	buffer_byte(&body, '}');
	if (body.error) {
		login_body_wipe(&body);
		return -ENOMEM;
	}
	*ret = body;
	return 0;
}

/* A string member's text, if it fits. */
static bool member_take(struct json root, const char *key, char *ret, size_t size) {
	struct buffer text = {.limit = TOKEN_MAX + 1, .cap = TOKEN_MAX + 2};
	struct json value = json_member(root, key);
	bool good = false;

	if (value.type != JSON_STRING || !(text.data = malloc(text.cap)))
		return false;
	json_text(value, &text);
	if (!text.error && text.len && text.len < size) {
		memcpy(ret, text.data, text.len + 1);
		good = true;
	}
	login_body_wipe(&text);
	return good;
}

/* How long the token lives: a number of seconds, which some write as text. 0: it is not said. */
static long long life_read(struct json root) {
	struct json value = json_member(root, "expires_in");
	char text[32], *end;
	double life;

	if (value.type == JSON_NUMBER && value.len < sizeof(text)) {
		memcpy(text, value.text, value.len);
		text[value.len] = '\0';
	} else if (!member_take(root, "expires_in", text, sizeof(text))) {
		return 0;
	}
	life = strtod(text, &end);
	if (end == text || *end || !(life >= 1))
		return 0;
	return life < LIFE_MAX_S ? (long long)life : LIFE_MAX_S;
}

static int session_take(struct json root, long long wall_s, struct session *session, struct error *err) {
	SCOPED(token_text_wipe) struct token_text checked = {0};
	SCOPED(source_wipe) struct source access = {0};
	SCOPED(session_wipe) struct session made = *session;
	struct json data = json_member(root, "data");
	long long life_s, early_s;
	int rc;

	if (json_member(root, "access_token").type == JSON_ABSENT && data.type == JSON_OBJECT)
		root = data; /* in the envelope that other answers have */
	if (!member_take(root, "access_token", access.text, sizeof(access.text)))
		return error_set(err, EREMOTEIO, "unusable answer: it has no access_token");
	rc = token_text_accept(
		&checked, access.text, strlen(access.text), "unusable answer: access_token", EREMOTEIO, err);
	if (rc < 0)
		return rc;
	memcpy(made.access, checked.text, sizeof(made.access));
	if (json_member(root, "refresh_token").type == JSON_STRING &&
		(!member_take(root, "refresh_token", made.refresh, sizeof(made.refresh)) ||
			!session_refresh_good(made.refresh)))
		return error_set(err, EREMOTEIO, "unusable answer: its refresh_token is none");
	life_s = life_read(root);
	early_s = life_s / RENEW_PART < RENEW_BEFORE_S ? life_s / RENEW_PART : RENEW_BEFORE_S;
	made.renew_s = life_s ? wall_s + life_s - early_s : 0;
	made.expires_s = life_s ? wall_s + life_s : 0;
	*session = made;
	return 0;
}

int login_answer_read(struct http_answer *answer, long long wall_s, struct session *session, struct error *err) {
	struct api_response response;
	int rc;

	answer_read(answer, API_POST, &response);
	if (response.code) {
		*err = response.error;
		rc = -response.code;
	} else {
		rc = session_take(response.root, wall_s, session, err);
		if (rc < 0)
			err->http_status = response.status;
	}
	if (answer->body.data)
		explicit_bzero(answer->body.data, answer->body.cap);
	answer->body.len = 0;
	return rc;
}
