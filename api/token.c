#include "token.h"
#include "http.h"
#include "jwt.h"
#include "scope.h"
#include "token_command.h"
#include "token_file.h"
#include "token_hold.h"
#include "token_login.h"
#include "watch.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

enum {
	FETCH_AGAIN_MS = HOLD_MS,  /* for a token that was not accepted */
	FETCH_UNREACHED_MS = 5000, /* after a renewal that failed on its way */
};

struct token {
	struct token_text current;
	unsigned known; /* the generation that `hold` is about */
	struct token_hold hold;
	/* one of these at most */
	struct token_file file;
	struct token_command *command;
	struct token_login *login;
	/* fetching another one */
	struct http *http; /* lent; NULL: not attached */
	bool fetching;
	int64_t fetch_again_ms;
	struct error failure; /* of the last fetch; code 0: none */
	struct error lack;    /* why the source had none the last time; code 0: it had one */
};

/* ---- its life ---- */

void token_free(struct token *token) {
	if (!token)
		return;
	token_command_free(token->command);
	token_login_free(token->login);
	free(token->file.path);
	explicit_bzero(token, sizeof(*token));
	free(token);
}

static void scope_token(struct token **token) {
	token_free(*token);
}

/* The first run: before the mount, where the user still looks, and may be asked something by it. */
static int command_first(struct token *token, struct error *err) {
	int rc = token_command_start(token->command, 0, 0, err);

	if (rc < 0)
		return rc;
	while ((rc = token_command_step(token->command, 0, &token->current, err)) == 1) {
		struct pollfd wait = {.fd = token_command_fd(token->command), .events = POLLIN};

		poll(&wait, 1, -1);
	}
	return rc;
}

int token_new(const struct token_config *config, struct token **ret, struct error *err) {
	SCOPED(scope_token) struct token *token = calloc(1, sizeof(*token));
	int rc = 0;

	if (!token)
		return error_set(err, ENOMEM, "no memory");
	if (config->text)
		rc = token_text_accept(
			&token->current, config->text, strlen(config->text), "the given text", EINVAL, err);
	else if (config->command)
		rc = token_command_new(config->command, &token->command);
	else if (config->login)
		rc = token_login_new(config->login, config->tenant_base, &token->login);
	else if (config->file && !(token->file.path = strdup(config->file)))
		rc = -ENOMEM;
	if (rc == -ENOMEM)
		return error_set(err, ENOMEM, "no memory");
	if (rc == 0 && token->command)
		rc = command_first(token, err);
	if (rc < 0)
		return rc;
	token->known = token->current.generation;
	*ret = take_pointer(token);
	return 0;
}

/* Another token than the one that was refused has everything before it. */
static void token_compare(struct token *token) {
	if (token->known == token->current.generation)
		return;
	token->known = token->current.generation;
	hold_clear(&token->hold);
	token->failure.code = 0;
}

/* ---- what the source has without asking anybody ---- */

static int source_look(struct token *token, bool always, int64_t now_ms, struct error *err) {
	int rc = token->login ? token_login_read(token->login, always, &token->current, err)
			      : token_file_read(&token->file, always, now_ms, &token->current, err);

	token_compare(token);
	if (rc == 0 && !token->current.text[0])
		return error_set(err, EKEYEXPIRED,
			"there is no access token: set NEEV_API_TOKEN, give token_file= or token_command=, or run"
			" `neevfs login`");
	return rc;
}

int token_check(struct token *token, struct error *err) {
	return source_look(token, false, 0, err);
}

unsigned token_generation(const struct token *token) {
	return token->current.generation;
}

int64_t token_expires_s(const struct token *token) {
	int64_t known_s = token->login ? token_login_expires_s(token->login) : 0;

	return known_s ? known_s : jwt_expires_s(token->current.text);
}

bool token_renews(const struct token *token) {
	return token->command || (token->login && token_login_can_renew(token->login));
}

/* ---- fetching another ---- */

void token_attach(struct token *token, struct http *http) {
	token->http = http;
}

void token_detach(struct token *token, const struct http *http) {
	if (token->http != http)
		return;
	/* Nobody is left who could be told of its end. */
	if (token->fetching && token->command)
		token_command_stop(token->command);
	if (token->fetching && token->login)
		token_login_stop(token->login);
	token->fetching = false;
	token->http = NULL;
}

bool token_fetching(const struct token *token) {
	return token->fetching;
}

static bool fetch_possible(const struct token *token) {
	return token->http && !token->fetching && token_renews(token);
}

static void fetch_end(struct token *token, int rc, const struct error *err, int64_t now_ms) {
	token->fetching = false;
	if (rc < 0) {
		token->failure = *err;
		if (err->code != EKEYEXPIRED)
			token->fetch_again_ms = now_ms + FETCH_UNREACHED_MS;
	}
	token_compare(token);
}

static void fetch_start(struct token *token, struct token_time now) {
	struct error err;
	int rc = 0;

	token->fetch_again_ms = now.ms + FETCH_AGAIN_MS;
	token->failure.code = 0;
	token->fetching = true;
	if (token->command) {
		rc = token_command_start(token->command, COMMAND_MS, now.ms, &err);
		if (rc == 0)
			http_guest(token->http, token_command_fd(token->command));
	} else {
		token_login_renew(token->login, token->http, now);
	}
	if (rc < 0)
		fetch_end(token, rc, &err, now.ms);
	else
		token_run(token, now);
}

int64_t token_due_ms(const struct token *token) {
	if (!token->fetching)
		return WATCH_NEVER;
	return token->command ? token_command_due_ms(token->command) : token_login_look_ms(token->login);
}

void token_run(struct token *token, struct token_time now) {
	struct error err;
	int rc;

	if (!token->fetching)
		return;
	rc = token->command ? token_command_step(token->command, now.ms, &token->current, &err)
			    : token_login_step(token->login, now, &token->current, &err);
	if (rc == 1)
		return;
	if (token->command)
		http_guest(token->http, -1); /* at once: the number of the closed descriptor may come back */
	fetch_end(token, rc, &err, now.ms);
}

/* ---- the token to send ---- */

/* A login that comes to its end is renewed while it still serves. */
static void login_care(struct token *token, struct token_time now) {
	if (token->login && token_login_due(token->login, now.wall_s) && fetch_possible(token) &&
		(!token->failure.code || now.ms >= token->fetch_again_ms))
		fetch_start(token, now);
}

/* Why there is no request: the refusal, and what came of fetching another token. */
static int token_held(const struct token *token, struct error *err) {
	const struct error *why = &token->hold.why, *failure = &token->failure;

	if (failure->code && failure->code != EKEYEXPIRED) {
		if (err)
			*err = *failure;
		return -failure->code;
	}
	struct error held = *why; /* its request's id stays: that one is what there is to ask about */

	snprintf(held.message, sizeof(held.message),
		"%.200s%s%.200s (not asked again for %d s, unless the token changes)", why->message,
		failure->code ? "; " : "", failure->code ? failure->message : "", HOLD_MS / 1000);
	if (err)
		*err = held;
	return -EKEYEXPIRED;
}

int token_get(
	struct token *token, enum api_service service, struct token_time now, const char **ret, struct error *err) {
	bool unreached;
	int rc = source_look(token, false, now.ms, &token->lack);

	if (rc < 0) {
		if (err)
			*err = token->lack;
		return rc;
	}
	token->lack.code = 0;
	login_care(token, now);
	/* A renewal that failed on its way is tried again without a request that would be refused first. */
	unreached = token->failure.code && token->failure.code != EKEYEXPIRED;
	if (unreached && !hold_is_open(&token->hold, service) && fetch_possible(token) &&
		now.ms >= token->fetch_again_ms)
		fetch_start(token, now);
	if (token->fetching &&
		(!hold_is_open(&token->hold, service) || (token->login && token_login_over(token->login, now.wall_s))))
		return -EAGAIN;
	if (!hold_ask(&token->hold, service, now.ms))
		return token_held(token, err);
	*ret = token->current.text;
	return 0;
}

void token_state(const struct token *token, int64_t now_ms, struct token_state *ret) {
	const struct token_hold *hold = &token->hold;
	struct token_state state = {.fetching = token->fetching};

	state.source = token->command           ? TOKEN_COMMAND
		       : token->login           ? TOKEN_LOGIN
		       : token->file.path       ? TOKEN_FILE
		       : token->current.text[0] ? TOKEN_TEXT
						: TOKEN_NONE;
	for (size_t i = 0; i < API_SERVICES; i++) {
		state.accepted |= hold->at[i].accepted;
		state.refused |= hold->at[i].state == HOLD_REFUSED;
	}
	if (state.refused)
		state.refused_ms = (unsigned)(now_ms - hold->since_ms);
	if (token->login)
		state.expires_s = token_login_expires_s(token->login);
	state.why = token->lack.code ? &token->lack : state.refused ? &hold->why : NULL;
	*ret = state;
}

/* ---- what the server says of it ---- */

/* Answers that only who took the token gives. */
static bool status_accepts(int status) {
	return (status >= 200 && status <= 299) ||
	       (status >= 400 && status <= 499 && status != 401 && status != 407 && status != 408 && status != 429);
}

bool token_answered(struct token *token, enum api_service service, unsigned generation, int status,
	const struct error *err, struct token_time now) {
	bool served;

	if (status_accepts(status) && generation == token->current.generation)
		hold_accepted(&token->hold, service);
	if (status != 401)
		return false;
	if (generation == token->current.generation)
		source_look(token, true, now.ms, NULL);
	/* Of many that were refused together only the first finds the new token. */
	if (generation != token->current.generation)
		return true;
	served = token->hold.at[service].accepted;
	hold_refused(&token->hold, service, err, now.ms);
	if (fetch_possible(token) && (served || now.ms >= token->fetch_again_ms))
		fetch_start(token, now);
	return token->fetching || generation != token->current.generation;
}
