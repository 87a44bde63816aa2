/*
 * Whether a request is worth another attempt, and after how long. Pure: randomness comes from the caller's seed.
 *
 * For requests that may be repeated without harm: a GET, a PUT of an absolute value, a DELETE by id. A POST that
 * creates is no such thing.
 */
#ifndef NEEVFS_API_RETRY_H
#define NEEVFS_API_RETRY_H

#include "api.h"

enum {
	RETRY_ATTEMPTS = 3, /* of one request, the first included */
	RETRY_FIRST_MS = 200,
	RETRY_THROTTLED_MS = 1000, /* instead, after a 429 */
	RETRY_MOST_MS = 5000,
};

/* Whether the answer is one that passes: none came, 408, 425, 429, 5xx, or a 2xx with an unusable body. */
bool retry_worth(const struct api_response *response);

/*
 * Milliseconds to wait before the next attempt, `attempts` (≥ 1) having been made: what Retry-After says, else a random
 * time below a bound that doubles (full jitter). *seed is any number, and changed.
 */
unsigned retry_pause_ms(const struct api_response *response, unsigned attempts, uint64_t *seed);

#endif
