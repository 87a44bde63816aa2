/* A word as it is typed to a shell: what neevfs advises is there to be pasted. */
#ifndef NEEVFS_FS_SHELL_WORD_H
#define NEEVFS_FS_SHELL_WORD_H

#include "../api/buffer.h"

/* Appends the word, in quotes if it needs any. Its control bytes are left as they are. */
void shell_word(const char *word, struct buffer *out);

#endif
