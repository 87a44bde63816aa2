/*
 * What a token is, whatever it comes from: its characters, its length, and memory that is wiped. Private to api/.
 */
#ifndef NEEVFS_API_TOKEN_TEXT_H
#define NEEVFS_API_TOKEN_TEXT_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>

enum { TOKEN_MIN = 8, TOKEN_MAX = 8192, SOURCE_MAX = TOKEN_MAX + 1024 /* with white space around it */ };

/* The token in use. */
struct token_text {
	unsigned generation;      /* counts the different ones */
	char text[TOKEN_MAX + 1]; /* "": none yet */
};

/* What a source held; wiped when it goes out of scope. */
struct source {
	char text[SOURCE_MAX + 1];
	size_t len;
};

void token_text_wipe(struct token_text *token);
void source_wipe(struct source *source);

/*
 * Takes the text over if it is a token: [A-Za-z0-9._~+/=-]{8,8192} after trimming, and no `sk-nc-…` key. Else -code;
 * `what` says in the words whose text it is, the text itself is never shown.
 */
int token_text_accept(
	struct token_text *token, const char *text, size_t len, const char *what, int code, struct error *err);

#endif
