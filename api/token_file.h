/*
 * A file that holds a secret, and the token file that is looked at for each request. Private to api/.
 */
#ifndef NEEVFS_API_TOKEN_FILE_H
#define NEEVFS_API_TOKEN_FILE_H

#include "token_text.h"

#include <stdint.h>
#include <sys/stat.h>

/* How long the last token serves on while its file is gone or empty: one who replaces it may do it in two steps. */
enum { TOKEN_FILE_GRACE_MS = 1000 };

struct token_file {
	char *path;       /* owned */
	struct stat seen; /* when the token was read */
	int64_t gone_ms;  /* since when it is gone or empty; 0: it is not */
};

/*
 * Opens a file that must be regular, of this user, with no permission for others, and no link; `what` names it in the
 * words: "the token file". The descriptor, or -EKEYEXPIRED; -ENOENT if there is none.
 */
int secret_open(const char *path, const char *what, struct stat *ret, struct error *err);

/* Whether it is the same file with the same content, as far as its times and sizes tell. */
bool secret_unchanged(const struct stat *a, const struct stat *b);

/* Reads the token if the file changed, or `always`. 0 or -EKEYEXPIRED. Does nothing without a path. */
int token_file_read(struct token_file *file, bool always, int64_t now_ms, struct token_text *text, struct error *err);

#endif
