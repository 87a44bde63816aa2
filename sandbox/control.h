/*
 * The control interface below /_sandbox/, and what it controls: counts, faults, the ledger, the token.
 */
#pragma once

#include "call.h"
#include "fault.h"
#include "ledger.h"
#include "route.h"

struct control {
	struct fault_list faults;
	struct ledger ledger;
	uint64_t total;
	uint64_t counts[ROUTE_OPERATIONS_MAX]; /* in the order of route_operation */
};

void control_count(struct control *control, const char *operation);

/* Whether the path belongs to the control interface. */
bool control_owns(const char *path);
void control_run(struct control *control, const char *method, const char *path, struct call *call);

void control_close(struct control *control);
