/*
 * What a request and a list have in common: they are started, stand in one of the api's queues, and are ended. Private
 * to api/.
 */
#ifndef NEEVFS_API_CALL_H
#define NEEVFS_API_CALL_H

#include "api.h"

struct call_queue {
	struct api_call *first, *last;
	size_t count;
};

struct api_call {
	struct api *api;
	struct api_call *next, *prev;
	struct call_queue *queue;              /* that it stands in, or NULL */
	uint64_t caller;                       /* who asks; of a change it counts for nothing */
	void (*cancel)(struct api_call *call); /* api_cancel() of this kind */
	void (*free)(struct api_call *call);   /* leaves its queue, whatever is under way */
};

void call_push(struct call_queue *queue, struct api_call *call);
void call_push_front(struct call_queue *queue, struct api_call *call);
void call_remove(struct api_call *call); /* nothing if in no queue */

/* A list stands there, so that api_free() finds it. */
struct call_queue *api_lists(struct api *api);
unsigned api_pages_max(const struct api *api);

/* What state.c looks at, lent. */
struct health;
struct token;
const struct health *api_health(const struct api *api, enum api_service service);
const struct token *api_token(const struct api *api);

/* From inside the completion of a request that has a body: takes it over, in no more memory than it needs. It may stand
 * elsewhere then. */
char *api_call_take_body(struct api_call *call);

#endif
