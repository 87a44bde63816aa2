#include "health.h"

#include <errno.h>

enum word {
	GOOD,   /* the service works, whatever it said */
	FAILED, /* nobody is there */
	NOTHING /* of this side, not of the service */
};

/*
 * A gateway says with 502, 503 and 504 that there is nobody behind it. Another 5xx is the answer of one operation that
 * is broken: the next one may work.
 */
static enum word response_word(const struct api_response *response) {
	int code = response->code, status = response->status;
	if (status)
		return status == 502 || status == 503 || status == 504 || (status < 300 && code == ETIMEDOUT) ? FAILED
													      : GOOD;
	return code == EHOSTUNREACH || code == ETIMEDOUT || code == EREMOTEIO || code == EPROTO ? FAILED : NOTHING;
}

enum health_word health_ask(struct health *health, bool urgent, int64_t now_ms) {
	if (now_ms < health->hold_ms)
		return HEALTH_WAIT;
	if (!health->down_ms)
		return HEALTH_GO;
	if (health->probing || (!urgent && now_ms < health->probe_ms))
		return HEALTH_DOWN;
	health->probing = true;
	return HEALTH_PROBE;
}

static void health_failed(struct health *health, bool probe, int64_t now_ms) {
	if (health->failures < HEALTH_FAILURES)
		health->failures++;
	if (health->down_ms && !probe)
		return; /* sent before that was known */
	if (health->down_ms)
		health->down_ms = health->down_ms * 2 < HEALTH_PROBE_MS ? health->down_ms * 2 : HEALTH_PROBE_MS;
	else if (health->failures == HEALTH_FAILURES)
		health->down_ms = HEALTH_DOWN_MS;
	health->probe_ms = now_ms + health->down_ms;
}

void health_answered(struct health *health, const struct api_response *response, bool probe, int64_t now_ms) {
	bool patience = response->retry_after_ms && (response->status == 429 || response->status == 503);
	enum word word = response_word(response);
	health_left(health, probe);
	if (patience && now_ms + response->retry_after_ms > health->hold_ms)
		health->hold_ms = now_ms + response->retry_after_ms;
	if (patience || word == FAILED)
		health->error = response->error;
	if (word == FAILED)
		health_failed(health, probe, now_ms);
	if (word != GOOD)
		return;
	health->failures = 0;
	health->down_ms = 0;
	if (!response->code && health->spent)
		health->spent--;
}

void health_left(struct health *health, bool probe) {
	if (probe)
		health->probing = false;
}

bool health_retry(struct health *health) {
	if (health->down_ms || health->spent > (HEALTH_RETRIES - 1) * HEALTH_ANSWERS)
		return false;
	health->spent += HEALTH_ANSWERS;
	return true;
}
