/*
 * The places of requests under way, and whose turn it is where more wait for one. Private to api/. Pure: starts
 * nothing.
 *
 * Changes go first, and two of the places are theirs alone. Of the reads that wait the next is one whose caller has the
 * fewest under way, and of these the oldest: first come, first served would let one who asks for very much keep all
 * others waiting. Nobody starves: who has nothing under way stands behind the older ones of those who have nothing
 * either.
 */
#ifndef NEEVFS_API_PLACES_H
#define NEEVFS_API_PLACES_H

#include "call.h"

enum { PLACES_RESERVED = 2, PLACES_MIN = PLACES_RESERVED + 1 };

/* Those of one sort. They are moved by call_push() and the like. */
struct lane {
	struct call_queue waiting; /* the oldest first */
	struct call_queue flying;
};

/* Zeroed but for the count. */
struct places {
	unsigned count; /* at least PLACES_MIN */
	struct lane changes, reads;
};

/*
 * Whose turn it is now, of those that wait; NULL: none waits, or there is no place for it.
 *
 * No caller has fewer reads than *least under way, which is raised to what the chosen one has: 0 for the first of some
 * calls, between which what was chosen has gone and nothing else has come or ended. So they cost one walk through the
 * queue together, also where none of the chosen can be sent.
 */
struct api_call *places_next(const struct places *places, unsigned *least);

#endif
