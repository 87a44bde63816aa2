/* Times as the API, the tree and the log write them: RFC 3339, of UTC, to the second. */
#ifndef NEEVFS_FS_MOMENT_H
#define NEEVFS_FS_MOMENT_H

#include "../api/json.h"

#include <time.h>

enum { MOMENT_SIZE = 32 };

/* 2026-01-31T12:00:00Z; "-" for a year that has no such text. */
void moment_show(time_t when, char ret[static MOMENT_SIZE]);

/* A time as the API writes it; without a zone it is UTC. False: it is none. */
bool moment_read(struct json value, time_t *ret);

#endif
