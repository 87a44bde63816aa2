/*
 * Faults on demand: what is to go wrong with which request.
 */
#pragma once

#include "json.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct call;

enum { FAULTS_MAX = 256, FAULT_HEADERS_MAX = 8 };

enum fault_drop { DROP_NONE, DROP_BEFORE, DROP_AFTER };

struct fault_header {
	char *name; /* both owned by the list */
	char *value;
};

struct fault {
	int64_t id;
	char operation[64]; /* empty: any */
	int64_t nth;
	int64_t times; /* 0: for ever */
	int64_t matched;
	int64_t struck;
	unsigned status; /* 0: the true answer's */
	int64_t delay_ms;
	int64_t cut; /* bytes of the body that are sent; -1: all */
	enum fault_drop drop;
	bool commit; /* carry the operation out although the answer is replaced */
	char *body;  /* owned; NULL: none was given */
	struct fault_header headers[FAULT_HEADERS_MAX];
	size_t header_count;
};

struct fault_list {
	struct fault *items[FAULTS_MAX]; /* owned */
	size_t count;
	int64_t last_id;
};

/* What happens to one request, put together from all the faults that strike it: of each effect the oldest fault's, of
 * delays the sum. */
struct fault_effect {
	bool skip;    /* do not carry the operation out */
	bool replace; /* answer `status` and `body` instead of the true answer */
	unsigned status;
	int64_t delay_ms;
	int64_t cut;
	enum fault_drop drop;
	char *body; /* owned by the effect, as are the headers */
	struct fault_header headers[FAULT_HEADERS_MAX];
	size_t header_count;
};

/* Counts a request and tells what is to become of it. 0, or -ENOMEM; fault_effect_free is due either way. */
int fault_strike(struct fault_list *list, const char *operation, struct fault_effect *ret_effect);
void fault_effect_free(struct fault_effect *effect);

/* The control interface: adds the fault in the body; lists all; fault_clear removes them. */
void fault_add(struct fault_list *list, struct call *call);
void fault_write(const struct fault_list *list, struct json *json);
void fault_clear(struct fault_list *list);
