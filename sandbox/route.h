/*
 * The table of operations: which method and path lead to which handler, and who may call it.
 */
#pragma once

#include "call.h"

struct route {
	const char *method;
	const char *path;      /* "*" stands for one segment */
	const char *operation; /* the name it is counted and found by */
	enum route_scope { ROUTE_OPEN, ROUTE_TOKEN, ROUTE_ORG, ROUTE_PROJECT } scope;
	void (*handle)(struct call *call);
};

/* Lends the route for a decoded path, and puts the segments under its asterisks into `args`. NULL: there is none. */
const struct route *route_find(const char *method, const char *path, char args[CALL_ARGS_MAX][256]);

/*
 * Carries the call out: the token, the organisation and the project, then the handler, to which `args` begins behind
 * these two. A NULL route answers 404.
 */
void route_run(const struct route *route, struct call *call);

/* Whether an operation of that name exists; "unknown" does. */
bool route_operation_known(const char *operation);

enum { ROUTE_OPERATIONS_MAX = 32 };
/* The `index`th operation's name, "unknown" being the last; NULL behind that. */
const char *route_operation(size_t index);
