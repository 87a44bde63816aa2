/* Asking a person on the terminal. */
#ifndef NEEVFS_FS_TERMINAL_H
#define NEEVFS_FS_TERMINAL_H

#include "../api/error.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Prints the question on the controlling terminal and reads one line there, without its end; with `hidden` what is
 * typed is not shown. A signal that ends or stops the process finds the terminal as it was before. 0; -EINVAL with
 * words if there is no terminal, nothing came, or it does not fit.
 */
int terminal_ask(const char *question, bool hidden, char *ret, size_t size, struct error *err);

#endif
