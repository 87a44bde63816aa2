#include "doubt.h"

/* After the first look at 1 s: at 2, 4, 8, 15, 30 s, and each 30 s from then on. */
static const int64_t pauses_ms[] = {1000, 2000, 4000, 7000, 15000, 30000};

void doubt_begin(struct doubt *doubt, int64_t since_ms, int64_t patience_ms, int64_t next_ms) {
	*doubt = (struct doubt){.since_ms = since_ms, .patience_ms = patience_ms, .next_ms = next_ms, .missed_ms = -1};
}

enum doubt_verdict doubt_looked(struct doubt *doubt, enum doubt_sight sight, int64_t began_ms, int64_t now_ms) {
	if (sight == DOUBT_SEEN)
		return DOUBT_THERE;
	if (sight == DOUBT_MISSED && doubt->missed_ms < 0)
		doubt->missed_ms = began_ms;
	else if (sight == DOUBT_MISSED && began_ms - doubt->missed_ms >= DOUBT_APART_MS &&
		 began_ms - doubt->since_ms >= doubt->patience_ms)
		return DOUBT_ABSENT;
	doubt->next_ms = now_ms + pauses_ms[doubt->looks];
	doubt->looks += doubt->looks + 1 < sizeof pauses_ms / sizeof *pauses_ms;
	return DOUBT_STAYS;
}
