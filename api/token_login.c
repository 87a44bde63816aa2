#include "token_login.h"
#include "http.h"
#include "login_answer.h"
#include "scope.h"
#include "session.h"
#include "token_file.h"
#include "watch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct token_login {
	char *path, *tenant, *url;
	/* of the file as it was read last */
	struct stat seen;
	int64_t renew_s, expires_s;
	bool renewable;
	bool dead; /* its refresh token was refused */
	/* of the renewal that is under way */
	enum { RENEWAL_NONE, RENEWAL_LOCKING, RENEWAL_ASKING, RENEWAL_ANSWERED } state;
	int lock_fd;
	int64_t look_ms, late_ms, wall_s;
	struct http *http;
	struct http_exchange *exchange;
	struct session *session; /* what is renewed */
	struct buffer body;
	int rc;
	bool stored;
	struct error error;
};

int token_login_new(const char *path, const char *tenant, struct token_login **ret) {
	struct token_login *login = calloc(1, sizeof(*login));

	if (!login)
		return -ENOMEM;
	login->lock_fd = -1;
	login->path = strdup(path);
	login->tenant = strdup(tenant);
	if (asprintf(&login->url, "%s/api/v1/auth/refresh", tenant) < 0)
		login->url = NULL;
	if (!login->path || !login->tenant || !login->url) {
		token_login_free(login);
		return -ENOMEM;
	}
	*ret = login;
	return 0;
}

/* Gives back what the renewal held, whatever became of it. */
void token_login_stop(struct token_login *login) {
	http_cancel(take_pointer(login->exchange));
	if (login->lock_fd >= 0)
		close(login->lock_fd);
	login->lock_fd = -1;
	if (login->session)
		session_wipe(login->session);
	free(take_pointer(login->session));
	login_body_wipe(&login->body);
	login->state = RENEWAL_NONE;
}

void token_login_free(struct token_login *login) {
	if (!login)
		return;
	token_login_stop(login);
	free(login->path);
	free(login->tenant);
	free(login->url);
	free(login);
}

int token_login_read(struct token_login *login, bool always, struct token_text *text, struct error *err) {
	SCOPED(session_wipe) struct session session;
	struct stat st;
	int rc, fd;

	if (!always && text->text[0]) {
		fd = secret_open(login->path, "the stored login", &st, NULL);
		if (fd >= 0) {
			close(fd);
			if (secret_unchanged(&st, &login->seen))
				return 0;
		}
	}
	rc = session_read(login->path, &session, &st, err);
	if (rc < 0)
		return -EKEYEXPIRED;
	if (strcmp(session.tenant, login->tenant) != 0)
		return error_set(err, EKEYEXPIRED,
			"the stored login is for %s, and tenant_base is %s: run `neevfs login` with the options of this"
			" mount",
			session.tenant, login->tenant);
	rc = token_text_accept(text, session.access, strlen(session.access), "the stored login", EKEYEXPIRED, err);
	if (rc < 0)
		return rc;
	if (!secret_unchanged(&st, &login->seen))
		login->dead = false;
	login->seen = st;
	login->renew_s = session.renew_s;
	login->expires_s = session.expires_s;
	login->renewable = session.refresh[0];
	return 0;
}

bool token_login_due(const struct token_login *login, int64_t wall_s) {
	return login->renew_s && wall_s >= login->renew_s;
}

bool token_login_over(const struct token_login *login, int64_t wall_s) {
	return login->expires_s && wall_s >= login->expires_s;
}

int64_t token_login_expires_s(const struct token_login *login) {
	return login->expires_s;
}

bool token_login_can_renew(const struct token_login *login) {
	return login->renewable && !login->dead;
}

void token_login_renew(struct token_login *login, struct http *http, struct token_time now) {
	login->http = http;
	login->state = RENEWAL_LOCKING;
	login->look_ms = now.ms;
	login->late_ms = now.ms + RENEWAL_MS;
}

int64_t token_login_look_ms(const struct token_login *login) {
	return login->state == RENEWAL_LOCKING ? login->look_ms : login->state == RENEWAL_ANSWERED ? 0 : WATCH_NEVER;
}

/* What is known now is written down before anything else is done with it: a refresh token may serve only once. */
static void on_answer(void *user, struct http_answer *answer) {
	struct token_login *login = user;

	login->exchange = NULL; /* it ends by itself when this returns */
	login->rc = login_answer_read(answer, login->wall_s, login->session, &login->error);
	login->stored = login->rc == 0 && session_write(login->path, login->session, NULL) == 0;
	login->state = RENEWAL_ANSWERED;
}

/* With the lock: 0 if another process has renewed it meanwhile, 1 if it is being asked for. */
static int renewal_ask(struct token_login *login, struct token_time now, struct token_text *text, struct error *err) {
	unsigned generation = text->generation;
	struct http_request request = {.method = API_POST, .url = login->url, .timeout_ms = RENEWAL_MS};
	struct stat st;
	int rc = token_login_read(login, true, text, err);

	if (rc < 0 || text->generation != generation)
		return rc;
	login->session = calloc(1, sizeof(*login->session));
	if (!login->session)
		return error_set(err, ENOMEM, "no memory");
	rc = session_read(login->path, login->session, &st, err);
	if (rc < 0)
		return -EKEYEXPIRED;
	if (login_body((const char *const[]){"refresh_token", login->session->refresh, NULL}, &login->body) < 0)
		return error_set(err, ENOMEM, "no memory");
	login->wall_s = now.wall_s;
	request.secret = login->session->refresh;
	request.service = API_TENANT;
	request.attempt = 1;
	request.body = login->body.data;
	request.body_len = login->body.len;
	rc = http_start(login->http, &request, on_answer, login, &login->exchange);
	if (rc < 0)
		return error_set(err, -rc, "the login cannot be renewed: %s", strerror(-rc));
	login->state = RENEWAL_ASKING;
	return 1;
}

static int renewal_lock(struct token_login *login, struct token_time now, struct token_text *text, struct error *err) {
	unsigned generation = text->generation;
	int rc = session_lock(login->path, &login->lock_fd, err);

	if (rc == 0)
		return renewal_ask(login, now, text, err);
	if (rc != -EAGAIN)
		return rc;
	rc = token_login_read(login, false, text, err);
	if (rc < 0 || text->generation != generation)
		return rc;
	if (now.ms >= login->late_ms)
		return error_set(err, ETIMEDOUT, "another neevfs is renewing the login and does not come to an end");
	login->look_ms = now.ms + RENEWAL_LOOK_MS;
	return 1;
}

/* What the tenant API has refused it will refuse again; everything else may pass. */
static int renewal_answered(struct token_login *login, struct token_text *text, struct error *err) {
	int status = login->error.http_status;

	if (login->rc == 0 && login->stored)
		return token_login_read(login, true, text, err);
	if (login->rc == 0) { /* as long as it lasts; the next renewal then has nothing to go by */
		login->renew_s = login->expires_s = 0;
		return token_text_accept(text, login->session->access, strlen(login->session->access),
			"the renewed login", EKEYEXPIRED, err);
	}
	login->dead = status >= 400 && status <= 499 && status != 408 && status != 425 && status != 429;
	if (login->dead)
		return error_set(err, EKEYEXPIRED, "the login could not be renewed (%s): run `neevfs login` again",
			login->error.message);
	return error_set(err, login->error.code, "the login could not be renewed: %s", login->error.message);
}

int token_login_step(struct token_login *login, struct token_time now, struct token_text *text, struct error *err) {
	int rc = 1;

	if (login->state == RENEWAL_LOCKING && now.ms >= login->look_ms)
		rc = renewal_lock(login, now, text, err);
	else if (login->state == RENEWAL_ANSWERED)
		rc = renewal_answered(login, text, err);
	if (rc != 1)
		token_login_stop(login);
	return rc;
}
