/* What checks find, as lines for a person: "ok|warn|FAIL  WHAT: FINDING", and below it what is to be done. */
#ifndef NEEVFS_FS_FINDING_H
#define NEEVFS_FS_FINDING_H

#include <stdio.h>

enum finding { FINDING_OK, FINDING_WARN, FINDING_FAIL };

struct findings {
	FILE *out;       /* lent */
	unsigned failed; /* so many FAILs */
};

/*
 * Prints one at once. `advice` is a line that says what to do, or NULL. Lines have FINDING_MAX bytes at most
 * (words_format()); control bytes are escaped.
 */
enum { FINDING_MAX = 1024 };
void finding_say(struct findings *findings, enum finding finding, const char *what, const char *advice,
	const char *format, ...) __attribute__((format(printf, 5, 6)));

#endif
