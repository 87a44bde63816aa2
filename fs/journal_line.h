/*
 * The lines of a journal's file: written, and read back. Private to journal.c; knows no files.
 *
 *   # neevfs journal: ...                                          a comment; so is a blank line
 *   CRC NUMBER TIME pending CLOUD PLACE NAME                       a create that may be on its way
 *   CRC NUMBER TIME done|failed|absent ID                          how record NUMBER ended; "-": no id
 *   CRC NUMBER TIME base -                                         what was settled up to NUMBER may be left out
 *   settled NUMBER [anything]                                      a person's line: record NUMBER is settled
 *
 * One TAB stands between fields; CRC is the CRC-32 (of zlib, in 8 hex digits) of what follows its TAB; TIME is UTC, ISO
 * 8601. Control bytes and % are written %XX in fields. A person's lines and comments may have any blanks, and CR LF.
 * Numbers rise by 1. A number that is left out was a record that somebody took away.
 */
#ifndef NEEVFS_FS_JOURNAL_LINE_H
#define NEEVFS_FS_JOURNAL_LINE_H

#include "../api/buffer.h"
#include "journal.h"

#include <stdbool.h>

#define JOURNAL_NUMBER_MAX UINT64_C(999999999999999999) /* 18 digits */

/* Append one line each. A time outside the years 1970 to 9999 is moved to their border. */
void journal_line_header(struct buffer *out);
void journal_line_pending(struct buffer *out, uint64_t number, time_t when, const struct journal_entry *entry);
void journal_line_settled(struct buffer *out, uint64_t number, time_t when, enum journal_state state, const char *id);
void journal_line_base(struct buffer *out, uint64_t number, time_t when);

struct journal_item {
	struct journal_record record; /* the strings are in the text that was read */
	bool open;
	const char *id; /* of what it made, if it ended done and that is known; else NULL */
	time_t ended;   /* if it is not open, and no person settled it */
};

/* What a file says. The number of items is bounded by the file's size. */
struct journal_lines {
	struct journal_item *items; /* owned; numbers rise */
	size_t count, cap;
	uint64_t latest;   /* 0: none */
	uint64_t gone;     /* records up to this number may be missing; 0: all are here */
	size_t damaged;    /* the first damaged line, from 1; 0: none */
	size_t whole;      /* bytes in front of a torn last line: an append that never returned */
	bool unterminated; /* the last of `whole` is a good line that only lacks its '\n' */
};

/*
 * `text` is rewritten and must live as long as the items; text[len] must be writable. 0 or -ENOMEM.
 *
 * A last line without '\n' counts if it is whole by its checksum or is a person's: an editor may have dropped the end
 * of the line, and a record too many is only looked for in vain, while one too few may be billed twice. Else it is
 * torn.
 */
int journal_lines_parse(char *text, size_t len, struct journal_lines *ret);
void journal_lines_free(struct journal_lines *lines); /* takes NULL; leaves it empty */

/* NULL: not there. Lent. */
struct journal_item *journal_lines_find(const struct journal_lines *lines, uint64_t number);

#endif
