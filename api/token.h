/*
 * Where the bearer token comes from: given text, a file (read again when it changes), or a command's first line.
 *
 * A token is never logged, never part of an error's text, and its memory is wiped when it is replaced or released.
 */
#ifndef NEEVFS_API_TOKEN_H
#define NEEVFS_API_TOKEN_H

#include "error.h"

#include <stdbool.h>

struct token;

/* Exactly one of the three is not NULL, or none: then token_get() fails with EKEYEXPIRED and says how to give one. All
 * are copied. */
struct token_config {
	const char *text; /* from the environment */
	const char *file;
	const char *command; /* run by /bin/sh */
};

/*
 * -ENOMEM; -EINVAL for a text that is no token ([A-Za-z0-9._~+/=-]{8,8192} after trimming; `sk-nc-…` keys are refused
 * with the reason). A command is run here, once: -EKEYEXPIRED if it fails. A file is only read by token_get().
 */
int token_new(const struct token_config *config, struct token **ret, struct error *err);
void token_free(struct token *token); /* wipes. Takes NULL */

/*
 * The token to send now; lent until the next call. A file is opened O_NOFOLLOW|O_CLOEXEC and must be a regular file of
 * this user that others cannot read, else -EKEYEXPIRED with the chmod to do. -EKEYEXPIRED also when there is none.
 */
int token_get(struct token *token, const char **ret, struct error *err);

/*
 * The server refused the token with 401: reads the source again. True if another token came out of it, so that one
 * repeat makes sense. Only a file can give another one: a command is not run again, because it may take its time or ask
 * a person, and the caller must not block.
 */
bool token_refused(struct token *token);

/* Counts the tokens that came out of the source: who was refused with an older one may try the newer. */
unsigned token_generation(const struct token *token);

#endif
