/*
 * A command that prints the token, run without waiting for it. Private to api/.
 *
 * Its first line of output is the token; it must exit with 0, print at most COMMAND_OUTPUT_MAX bytes, and be over in
 * time. What it leaves running in the background is not waited for.
 */
#ifndef NEEVFS_API_TOKEN_COMMAND_H
#define NEEVFS_API_TOKEN_COMMAND_H

#include "token_text.h"

#include <stdint.h>

enum { COMMAND_MS = 30000, COMMAND_OUTPUT_MAX = 4 << 20 };

struct token_command;

/* `text` is run by /bin/sh in the directory that is the working directory now. 0 or -ENOMEM. */
int token_command_new(const char *text, struct token_command **ret);
void token_command_free(struct token_command *command); /* kills it if it runs. Takes NULL */

/*
 * Starts it; it must not be running. With `limit_ms` 0 there is no time limit, and it stays in our process group with
 * our standard input, so that it may ask on the terminal. 0; -ENOMEM; -EKEYEXPIRED with words.
 */
int token_command_start(struct token_command *command, unsigned limit_ms, int64_t now_ms, struct error *err);

void token_command_stop(struct token_command *command); /* kills it, if it runs */

/* While it runs: readable when token_command_step() has something to do, which it has at `due_ms`, too. */
int token_command_fd(const struct token_command *command);
int64_t token_command_due_ms(const struct token_command *command);

/* 1: it is running still. 0: it is over, and *text is what it printed. -EKEYEXPIRED: it is over, with words. */
int token_command_step(struct token_command *command, int64_t now_ms, struct token_text *text, struct error *err);

#endif
