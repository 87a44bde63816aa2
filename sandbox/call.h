/*
 * One request being carried out: what it asks, whom it concerns, and the answer that takes shape.
 *
 * A handler runs under the server's lock, reads its call and fills the answer; it neither waits nor does any I/O. If
 * the answer's text could not be allocated (`answer.body.failed`), the server sends a 500 in its place.
 */
#pragma once

#include "json.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct org;
struct project;
struct world;

enum { CALL_ARGS_MAX = 3, CALL_QUERY_MAX = 16 };

struct query {
	const char *name;
	const char *value; /* never NULL */
};

struct answer {
	unsigned status;
	struct json body; /* empty: the answer has no body */
};

struct call {
	struct world *world; /* this and what follows is lent for the call */
	struct org *org;     /* set where the path names one */
	struct project *project;
	int64_t now_ms;                /* simulated time */
	char args[CALL_ARGS_MAX][256]; /* what stood in the path's variable places */
	const char *authorization;     /* the header; NULL without one */
	struct query queries[CALL_QUERY_MAX];
	size_t query_count;
	const char *body_text; /* NUL-terminated; NULL without a body */
	size_t body_len;
	cJSON *body; /* set by call_body, freed by call_end */
	struct answer answer;
};

/* The slice of a listing that was asked for. */
struct page {
	size_t first;
	size_t end; /* one behind the last */
	size_t total;
	size_t number;
	size_t limit;
};

/* The value of a query parameter; NULL if it is absent or empty. */
const char *call_query(const struct call *call, const char *name);

/* A query parameter that is a number from `min` to `max`, or `otherwise` if absent. False: it is not, and the call was
 * refused. */
bool call_query_number(
	struct call *call, const char *name, size_t min, size_t max, size_t otherwise, size_t *ret_number);

/* The body as a JSON object, lent until call_end; NULL: it is none, and the call was refused. */
cJSON *call_body(struct call *call);

/* Answers with an error in the documents' form, in place of whatever was answered before. */
void call_refuse(struct call *call, unsigned status, const char *code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The commonest refusals. `what` names the thing: "the project". */
void call_invalid(struct call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));
void call_not_found(struct call *call, const char *what);
void call_out_of_memory(struct call *call);

/* Reads `page` and `limit` for a listing of `total` items. False: the call was refused. */
bool call_page(struct call *call, size_t total, struct page *ret_page);
/* Writes the member `pagination`. */
void page_write(const struct page *page, struct json *json);

void call_end(struct call *call);
