#include "retry.h"

#include <errno.h>

bool retry_worth(const struct api_response *response) {
	int status = response->status;
	if (!response->code || response->code == ENOMEM || response->code == EPROTO || response->code == EKEYEXPIRED)
		return false;
	return status == 0 || status == 408 || status == 425 || status == 429 || status >= 500 ||
	       (status >= 200 && status <= 299);
}

/* xorshift64*: enough to keep many clients from coming back together. */
static uint64_t random_next(uint64_t *seed) {
	uint64_t x = *seed ? *seed : 1;
	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*seed = x;
	return x * UINT64_C(0x2545F4914F6CDD1D);
}

unsigned retry_pause_ms(const struct api_response *response, unsigned attempts, uint64_t *seed) {
	if (response->retry_after_ms)
		return response->retry_after_ms;
	unsigned bound_ms = response->status == 429 ? RETRY_THROTTLED_MS : RETRY_FIRST_MS;
	while (--attempts && bound_ms < RETRY_MOST_MS)
		bound_ms *= 2;
	if (bound_ms > RETRY_MOST_MS)
		bound_ms = RETRY_MOST_MS;
	return (unsigned)(random_next(seed) % bound_ms) + 1;
}
