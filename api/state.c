#include "state.h"

#include "call.h"
#include "health.h"
#include "watch.h"

static unsigned until_ms(int64_t at_ms, int64_t now_ms) {
	return at_ms > now_ms ? (unsigned)(at_ms - now_ms) : 0;
}

void api_state(const struct api *api, struct api_state *ret) {
	int64_t now_ms = watch_now_ms();

	*ret = (struct api_state){0};
	for (enum api_service service = 0; service < API_SERVICES; service++) {
		const struct health *health = api_health(api, service);
		struct api_service_state *state = &ret->services[service];
		unsigned hold_ms = until_ms(health->hold_ms, now_ms);

		state->down = health->down_ms != 0;
		state->again_ms = state->down ? until_ms(health->probe_ms, now_ms) : 0;
		if (hold_ms > state->again_ms)
			state->again_ms = hold_ms;
		if (health->error.code)
			state->error = &health->error;
	}
	if (api_token(api))
		token_state(api_token(api), now_ms, &ret->token);
}
