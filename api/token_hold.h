/*
 * After a 401: who may still ask the server with this token, and how often. Pure. Private to api/.
 *
 * A token that a service refused is not tried again for HOLD_MS, then by one request, and so on until the token changes
 * or is accepted. The refusal counts for the services that have not accepted the token, too; not for one that has: a
 * service that knows a token for none of its own must not take the others along.
 */
#ifndef NEEVFS_API_TOKEN_HOLD_H
#define NEEVFS_API_TOKEN_HOLD_H

#include "api.h"

enum { HOLD_MS = 30000 };

/* Starts as `= {0}`: everything may go. */
struct token_hold {
	struct {
		enum { HOLD_OPEN, HOLD_SUSPECT, HOLD_REFUSED } state;
		bool accepted;
		int64_t again_ms; /* unless open */
	} at[API_SERVICES];
	int64_t since_ms; /* from when on a service refuses it */
	struct error why; /* the last refusal */
};

void hold_clear(struct token_hold *hold); /* there is another token */
void hold_accepted(struct token_hold *hold, enum api_service service);
void hold_refused(struct token_hold *hold, enum api_service service, const struct error *why, int64_t now_ms);

/* Whether a request may go now. If it is the one of its HOLD_MS, the next must wait as long. */
bool hold_ask(struct token_hold *hold, enum api_service service, int64_t now_ms);

bool hold_is_open(const struct token_hold *hold, enum api_service service);

#endif
