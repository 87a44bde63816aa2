#include "login.h"
#include "http.h"
#include "login_answer.h"
#include "scope.h"
#include "session.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LOCK_PAUSE_MS = 50 };

static void scope_close(int *fd) {
	if (*fd >= 0)
		close(*fd);
}

static void scope_http(struct http **http) {
	http_free(*http);
}

/* What came back for the one request. */
struct outcome {
	struct session *session;
	long long wall_s;
	struct error *err;
	int rc;
	bool done;
};

static void on_answer(void *user, struct http_answer *answer) {
	struct outcome *outcome = user;

	outcome->rc = login_answer_read(answer, outcome->wall_s, outcome->session, outcome->err);
	outcome->done = true;
}

/* Sends it and waits. */
static int login_ask(const struct login_config *config, const struct http_request *request, struct outcome *outcome,
	struct error *err) {
	struct http_config http_config = {.ca_file = config->ca_file, .proxy = config->proxy, .parallel = 1};
	SCOPED(scope_http) struct http *http = NULL;
	struct http_exchange *exchange;
	int rc = http_new(&http_config, &http);

	if (rc == 0)
		rc = http_start(http, request, on_answer, outcome, &exchange);
	if (rc < 0)
		return error_set(err, -rc, "the HTTP client cannot be started: %s", strerror(-rc));
	while (!outcome->done) { /* the exchange has its own time limit */
		struct pollfd wait = {.fd = http_fd(http), .events = POLLIN};

		poll(&wait, 1, -1);
		http_run(http);
	}
	return outcome->rc;
}

/* Waits a while for the mounts that share what is stored. */
static int login_lock(const char *path, int *ret_fd, struct error *err) {
	int rc = session_lock(path, ret_fd, err);

	for (int i = 0; rc == -EAGAIN && i < LOGIN_LOCK_MS / LOCK_PAUSE_MS; i++) {
		poll(NULL, 0, LOCK_PAUSE_MS);
		rc = session_lock(path, ret_fd, err);
	}
	return rc == -EAGAIN ? error_set(err, EACCES, "%s is locked by another neevfs: try again", path) : rc;
}

static int tenant_take(const struct login_config *config, struct session *session, struct error *err) {
	size_t len = strlen(config->tenant_base);

	if (len >= sizeof(session->tenant))
		return error_set(err, EINVAL, "the tenant API's URL is too long");
	memcpy(session->tenant, config->tenant_base, len + 1);
	return 0;
}

int login_password(const struct login_config *config, const char *email, const char *password, long long wall_s,
	struct error *err) {
	SCOPED(session_wipe) struct session session = {0};
	SCOPED(login_body_wipe) struct buffer body = {0};
	SCOPED(scope_free) char *url = NULL;
	SCOPED(scope_close) int lock = -1;
	struct error reason = {0};
	struct outcome outcome = {.session = &session, .wall_s = wall_s, .err = &reason};
	int rc = tenant_take(config, &session, err);

	if (rc < 0)
		return rc;
	if (strlen(email) > LOGIN_EMAIL_MAX || strlen(password) > LOGIN_PASSWORD_MAX)
		return error_set(err, EINVAL, "the e-mail address or the password is too long");
	if (login_body((const char *const[]){"email", email, "password", password, NULL}, &body) < 0 ||
		asprintf(&url, "%s/api/v1/auth/login", config->tenant_base) < 0) {
		url = NULL;
		return error_set(err, ENOMEM, "no memory");
	}
	/* First, so that nobody is logged in for nothing, and no mount renews what is about to be replaced. */
	rc = login_lock(config->path, &lock, err);
	if (rc < 0)
		return rc;
	struct http_request request = {.method = API_POST,
		.url = url,
		.secret = password,
		.body = body.data,
		.body_len = body.len,
		.timeout_ms = LOGIN_MS};
	rc = login_ask(config, &request, &outcome, &reason);
	if (rc == 0)
		return session_write(config->path, &session, err);
	if (reason.http_status == 401)
		return error_set(err, EKEYEXPIRED, "wrong password for %s", email);
	if (reason.http_status == 404)
		return error_set(err, ENOENT, "there is no user %s", email);
	if (err)
		*err = reason;
	return rc;
}

int login_token(const struct login_config *config, const char *text, size_t len, struct error *err) {
	SCOPED(session_wipe) struct session session = {0};
	SCOPED(token_text_wipe) struct token_text token = {0};
	SCOPED(scope_close) int lock = -1;
	int rc = tenant_take(config, &session, err);

	if (rc == 0)
		rc = token_text_accept(&token, text, len, "standard input", EINVAL, err);
	if (rc < 0)
		return rc;
	memcpy(session.access, token.text, sizeof(session.access));
	rc = login_lock(config->path, &lock, err);
	return rc < 0 ? rc : session_write(config->path, &session, err);
}

int login_forget(const char *path, struct error *err) {
	SCOPED(scope_close) int lock = -1;
	if (access(path, F_OK) && errno == ENOENT) /* to lock it would make files */
		return error_set(err, ENOENT, "nobody is logged in");
	int rc = login_lock(path, &lock, err);

	if (rc == 0)
		rc = session_remove(path, err);
	return rc == -ENOENT ? error_set(err, ENOENT, "nobody is logged in") : rc;
}
