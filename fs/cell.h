/*
 * A cell of a table of text: of index.tsv, events, .neevfs/requests, and of a line of the log. Whatever a server, or
 * who named a file or a process, has written, nothing in it ends the cell or the line, steers a terminal or turns the
 * direction of text.
 */
#ifndef NEEVFS_FS_CELL_H
#define NEEVFS_FS_CELL_H

#include "../api/buffer.h"

#include <stdbool.h>

/* Appends the text as buffer_add_safe() does, and what breaks lines or turns text likewise as \xNN; of a word blanks
 * too. "-" if there is none. */
void cell_add(struct buffer *out, const char *text, size_t len, bool word);

#endif
