/*
 * Where the bearer token comes from: given text, a file (read again when it changes), a command's first line, or a
 * stored login; and what becomes of one that the server refuses.
 *
 * Nothing here blocks but token_new(). A token is never logged, never part of an error's text, and its memory is wiped
 * when it is replaced or released.
 */
#ifndef NEEVFS_API_TOKEN_H
#define NEEVFS_API_TOKEN_H

#include "api.h"
#include "error.h"

#include <stdbool.h>
#include <stdint.h>

struct token;
struct http;

/* Exactly one of `text`, `file`, `command`, `login` is not NULL, or none: then token_get() fails with EKEYEXPIRED and
 * says how to give one. All are copied. */
struct token_config {
	const char *text; /* from the environment */
	const char *file;
	const char *command;     /* run by /bin/sh */
	const char *login;       /* path of what `neevfs login` has stored (login.h) */
	const char *tenant_base; /* with `login`: renews it */
};

struct token_time {
	int64_t ms;     /* monotonic */
	int64_t wall_s; /* since 1970 */
};

/*
 * -ENOMEM; -EINVAL for a text that is no token ([A-Za-z0-9._~+/=-]{8,8192} after trimming; `sk-nc-…` keys are refused
 * with the reason). A command is run here, and waited for: -EKEYEXPIRED if it fails. Files are only read later.
 */
int token_new(const struct token_config *config, struct token **ret, struct error *err);
void token_free(struct token *token); /* wipes, kills the command. Takes NULL */

/* Whether a token could be had now, as far as that can be told without asking anybody: 0 or -EKEYEXPIRED. */
int token_check(struct token *token, struct error *err);

/* What fetches tokens runs on this; it must be detached before `http` ends. One at a time. */
void token_attach(struct token *token, struct http *http);
void token_detach(struct token *token, const struct http *http);

/*
 * The token to send now, lent until the next call. A file is opened O_NOFOLLOW|O_CLOEXEC and must be a regular file of
 * this user that others cannot read, else -EKEYEXPIRED with the chmod to do. -EKEYEXPIRED also when there is none, or
 * when it was refused lately and nothing has changed (token_hold.h has the rule); the errno of the network when a login
 * could not be renewed. -EAGAIN: one is being fetched, ask again when token_fetching() is over.
 */
int token_get(
	struct token *token, enum api_service service, struct token_time now, const char **ret, struct error *err);

/*
 * To be told of every answer with a status: which service gave it, to the token of which generation, with its words.
 * True for a 401 if another token is there, or is being fetched, so that one repeat makes sense.
 *
 * A file is read again. A command is run again, or a login renewed: once for all who were refused, and for a token that
 * was never accepted at most once in 30 s.
 */
bool token_answered(struct token *token, enum api_service service, unsigned generation, int status,
	const struct error *err, struct token_time now);

/* Counts the tokens that came out of the source: who was refused with an older one may try the newer. */
unsigned token_generation(const struct token *token);

/* When the token in use ends, in seconds since 1970, as it says itself (a JWT) or its login knows; 0: that is not
 * known.
 */
int64_t token_expires_s(const struct token *token);

/* Whether its source gives another one by itself when this one is refused or ends: a command, or a login. */
bool token_renews(const struct token *token);
enum token_source { TOKEN_NONE, TOKEN_TEXT, TOKEN_FILE, TOKEN_COMMAND, TOKEN_LOGIN };

/* How it is, as far as is known without looking. */
struct token_state {
	enum token_source source;
	bool accepted;           /* by a service, since there is this token */
	bool refused;            /* by one */
	bool fetching;           /* another one is being fetched */
	unsigned refused_ms;     /* since how long */
	int64_t expires_s;       /* of the wall clock; 0: not known */
	const struct error *why; /* why it is refused, or that there is none; lent until the next call, NULL: neither */
};
void token_state(const struct token *token, int64_t now_ms, struct token_state *ret);

/* Whether one is being fetched. Then token_run() is due when the http's descriptor is readable, and at token_due_ms()
 * (INT64_MAX: never); it does what there is to do. */
bool token_fetching(const struct token *token);
int64_t token_due_ms(const struct token *token);
void token_run(struct token *token, struct token_time now);

#endif
