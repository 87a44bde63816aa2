/*
 * What the last answers of a service say about the next request to it: go, wait, or do not bother. Pure: the time comes
 * in, as monotonic milliseconds.
 *
 * A service that fails again and again is taken to be down: it is then asked once in a while only, by one request, the
 * probe. A service that asks for patience (Retry-After) gets it from all requests. Retries come out of a budget that
 * good answers fill, so that an outage is not made worse by everybody who asks twice.
 */
#ifndef NEEVFS_API_HEALTH_H
#define NEEVFS_API_HEALTH_H

#include "api.h"

enum {
	HEALTH_FAILURES = 5,     /* in a row: then it is down */
	HEALTH_DOWN_MS = 5000,   /* until the first probe; doubled by each that fails */
	HEALTH_PROBE_MS = 60000, /* at most */
	HEALTH_RETRIES = 10,     /* in a row without a good answer, at most */
	HEALTH_ANSWERS = 10,     /* good ones that allow one more retry */
};

/* Of one service. Zeroed: nothing is known, and it may be asked. */
struct health {
	unsigned failures;  /* in a row */
	int64_t down_ms;    /* how long it is left alone; 0: it is up */
	int64_t probe_ms;   /* from when on a probe may go, while it is down */
	bool probing;       /* one is under way */
	int64_t hold_ms;    /* before that nothing is sent, as it asked for */
	unsigned spent;     /* of the budget, in good answers */
	struct error error; /* the last failure, or the answer that asked for patience */
};

enum health_word {
	HEALTH_GO,
	HEALTH_PROBE, /* the same, and the only one: to be told to health_answered() or health_left() */
	HEALTH_WAIT,  /* until health->hold_ms */
	HEALTH_DOWN,  /* health->error says why */
};

/* About one request. `urgent`: somebody waits for a change, so it may be the probe before its time. */
enum health_word health_ask(struct health *health, bool urgent, int64_t now_ms);

/* A request was answered, or failed for a reason that says something about the service. */
void health_answered(struct health *health, const struct api_response *response, bool probe, int64_t now_ms);

/* A request ended and says nothing: it was given up, had too little time, or there was no memory. */
void health_left(struct health *health, bool probe);

/* Whether one more retry may be made; takes it out of the budget. None is made while the service is down. */
bool health_retry(struct health *health);

#endif
