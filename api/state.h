/* How the services and the token are, by what the requests so far have shown: for a person to read. */
#ifndef NEEVFS_API_STATE_H
#define NEEVFS_API_STATE_H

#include "api.h"
#include "token.h"

struct api_service_state {
	bool down;                 /* health.h */
	unsigned again_ms;         /* until it may be asked again, by itself; 0: at once */
	const struct error *error; /* the last failure, or the answer that asked for patience; NULL: none. Lent */
};

struct api_state {
	struct api_service_state services[API_SERVICES];
	struct token_state token;
};

void api_state(const struct api *api, struct api_state *ret);

#endif
