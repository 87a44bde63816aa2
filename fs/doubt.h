/*
 * struct doubt: a create that was sent and whose outcome is not known: when to look for it again, and when it may be
 * called absent. Nothing here sends, waits or reads a clock: it is told what was seen, and when.
 *
 * That the resource is not listed proves little: the API may still be carrying the request out, or its list may lag.
 * Only two complete listings without it, DOUBT_APART_MS apart and the later long enough after the request, are taken
 * for proof; how long that is, the kind says (kinds.h).
 */
#ifndef NEEVFS_FS_DOUBT_H
#define NEEVFS_FS_DOUBT_H

#include <stdint.h>

enum {
	DOUBT_FIRST_MS = 1000, /* to the first look */
	DOUBT_APART_MS = 60000,
};

struct doubt {
	int64_t since_ms; /* nothing of it was sent after that */
	int64_t patience_ms;
	int64_t next_ms;   /* when to look next */
	int64_t missed_ms; /* when the first complete listing without it began; -1: there was none */
	unsigned looks;
};

enum doubt_sight { DOUBT_UNSEEN /* the listing failed or is not complete */, DOUBT_SEEN, DOUBT_MISSED };
enum doubt_verdict { DOUBT_STAYS, DOUBT_THERE, DOUBT_ABSENT };

void doubt_begin(struct doubt *doubt, int64_t since_ms, int64_t patience_ms, int64_t next_ms);

/* A listing that began at `began_ms` has shown that, by `now_ms`. Unless it is settled, next_ms is set. */
enum doubt_verdict doubt_looked(struct doubt *doubt, enum doubt_sight sight, int64_t began_ms, int64_t now_ms);

#endif
