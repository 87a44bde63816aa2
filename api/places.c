#include "places.h"

/* How many reads of a caller are under way. */
static unsigned caller_flying(const struct places *places, uint64_t caller) {
	unsigned count = 0;

	for (const struct api_call *call = places->reads.flying.first; call; call = call->next)
		count += call->caller == caller;
	return count;
}

static struct api_call *reads_next(const struct places *places, unsigned *least) {
	struct api_call *next = NULL;
	unsigned fewest = 0;
	uint64_t counted = 0;

	for (struct api_call *call = places->reads.waiting.first; call && (!next || fewest > *least);
		call = call->next) {
		unsigned flying;

		if (next && call->caller == counted)
			continue; /* as the one before it in the queue, which is older */
		counted = call->caller;
		flying = caller_flying(places, counted);
		if (!next || flying < fewest) {
			next = call;
			fewest = flying;
		}
	}
	*least = fewest;
	return next;
}

struct api_call *places_next(const struct places *places, unsigned *least) {
	size_t reads = places->reads.flying.count, taken = reads + places->changes.flying.count;

	if (taken >= places->count)
		return NULL;
	if (places->changes.waiting.first)
		return places->changes.waiting.first;
	return reads < places->count - PLACES_RESERVED ? reads_next(places, least) : NULL;
}
