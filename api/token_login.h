/*
 * The stored login (session.h) as a source of tokens, and its renewal by the tenant API. Private to api/.
 *
 * All mounts of a user share the file. Who renews holds its lock; the others find the new token in the file.
 */
#ifndef NEEVFS_API_TOKEN_LOGIN_H
#define NEEVFS_API_TOKEN_LOGIN_H

#include "token.h"
#include "token_text.h"

enum {
	RENEWAL_MS = 30000,   /* for one answer */
	RENEWAL_LOOK_MS = 50, /* how often it is looked whether another process is through with its renewal */
};

struct http;
struct token_login;

/* All is copied. 0 or -ENOMEM. */
int token_login_new(const char *path, const char *tenant, struct token_login **ret);
void token_login_free(struct token_login *login); /* ends a renewal. Takes NULL */

/* Reads the file if it changed, or `always`. 0; -EKEYEXPIRED with words. */
int token_login_read(struct token_login *login, bool always, struct token_text *text, struct error *err);

/* Whether the token should be renewed, or is over, as far as it is known. */
bool token_login_due(const struct token_login *login, int64_t wall_s);
bool token_login_over(const struct token_login *login, int64_t wall_s);

int64_t token_login_expires_s(const struct token_login *login); /* 0: not known */

/* Whether a renewal can help: there is a refresh token, and it was not refused. */
bool token_login_can_renew(const struct token_login *login);

/* Begins to replace the token in use. */
void token_login_renew(struct token_login *login, struct http *http, struct token_time now);
void token_login_stop(struct token_login *login);             /* gives it up, if it is under way */
int64_t token_login_look_ms(const struct token_login *login); /* when token_login_step() is due by itself */

/*
 * 1: under way. 0: it is over, and *text may be another one. -errno: it is over, with words: -EKEYEXPIRED if it makes
 * no sense to try again before the file changes.
 */
int token_login_step(struct token_login *login, struct token_time now, struct token_text *text, struct error *err);

#endif
