#include "token_hold.h"

void hold_clear(struct token_hold *hold) {
	*hold = (struct token_hold){0};
}

void hold_accepted(struct token_hold *hold, enum api_service service) {
	hold->at[service].state = HOLD_OPEN;
	hold->at[service].accepted = true;
	for (size_t i = 0; i < API_SERVICES; i++)
		if (hold->at[i].state == HOLD_SUSPECT)
			hold->at[i].state = HOLD_OPEN;
}

static void hold_until(struct token_hold *hold, int64_t at_ms) {
	for (size_t i = 0; i < API_SERVICES; i++)
		if (hold->at[i].state != HOLD_OPEN)
			hold->at[i].again_ms = at_ms;
}

void hold_refused(struct token_hold *hold, enum api_service service, const struct error *why, int64_t now_ms) {
	bool first = true;

	for (size_t i = 0; i < API_SERVICES; i++) {
		first &= hold->at[i].state != HOLD_REFUSED;
		if (hold->at[i].state == HOLD_OPEN && !hold->at[i].accepted)
			hold->at[i].state = HOLD_SUSPECT;
	}
	hold->at[service].state = HOLD_REFUSED;
	hold->at[service].accepted = false;
	if (first)
		hold->since_ms = now_ms;
	hold->why = *why;
	hold_until(hold, now_ms + HOLD_MS);
}

bool hold_ask(struct token_hold *hold, enum api_service service, int64_t now_ms) {
	if (hold->at[service].state == HOLD_OPEN)
		return true;
	if (now_ms < hold->at[service].again_ms)
		return false;
	hold_until(hold, now_ms + HOLD_MS);
	return true;
}

bool hold_is_open(const struct token_hold *hold, enum api_service service) {
	return hold->at[service].state == HOLD_OPEN;
}
