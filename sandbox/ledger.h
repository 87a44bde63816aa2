/*
 * The ledger: each request that was no GET, in the order in which they were carried out, with its name, id and outcome:
 * so that a test can tell afterwards what was done that nobody asked for, and what was done twice.
 *
 * It holds the last LEDGER_MAX entries; serials count from 1 and go on, so a gap is seen.
 */
#pragma once

#include "json.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LEDGER_MAX = 65536 };

struct ledger_entry {
	uint64_t serial;
	int64_t arrived_ms; /* both monotonic, of the wall clock's speed */
	int64_t ended_ms;
	const char *operation; /* of the table of routes */
	char name[104];        /* what the body names; empty: nothing */
	char id[104];          /* what the path names, or what was created; empty: nothing */
	int64_t replicas;      /* what the body asks for; 0: nothing */
	unsigned status;       /* what was answered; 0: not a whole answer */
	bool carried;          /* the operation ran and was not refused */
};

struct ledger {
	struct ledger_entry *entries; /* a ring of LEDGER_MAX; NULL until the first */
	uint64_t last;
};

/* Appends a copy under the next serial. Where there is no memory it is left out, which shows as a gap. */
void ledger_add(struct ledger *ledger, const struct ledger_entry *entry);

/* An array of the entries with a serial above `after`, the oldest first. */
void ledger_write(const struct ledger *ledger, uint64_t after, struct json *json);

void ledger_clear(struct ledger *ledger);
