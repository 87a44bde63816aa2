#include "control.h"

#include "check.h"
#include "tenant.h"
#include "world.h"

#include <string.h>

enum { ADVANCE_S_MAX = 2000000000 };

void control_count(struct control *control, const char *operation) {
	control->total++;
	for (size_t i = 0; route_operation(i); i++)
		if (!strcmp(route_operation(i), operation))
			control->counts[i]++;
}

static void forget(struct control *control) {
	fault_clear(&control->faults);
	ledger_clear(&control->ledger);
	control->total = 0;
	memset(control->counts, 0, sizeof control->counts);
}

static void requests_get(struct control *control, struct call *call) {
	struct json *json = &call->answer.body;
	json_open(json, NULL, '{');
	json_integer(json, "total", (int64_t)control->total);
	json_open(json, "operations", '{');
	for (size_t i = 0; route_operation(i); i++)
		if (control->counts[i])
			json_integer(json, route_operation(i), (int64_t)control->counts[i]);
	json_close(json, '}');
	json_close(json, '}');
}

static void empty_answer(struct call *call) {
	json_open(&call->answer.body, NULL, '{');
	json_close(&call->answer.body, '}');
}

static void reset(struct control *control, struct call *call) {
	forget(control);
	empty_answer(call);
}

static void faults_add(struct control *control, struct call *call) {
	fault_add(&control->faults, call);
}

static void faults_get(struct control *control, struct call *call) {
	fault_write(&control->faults, &call->answer.body);
}

static void faults_remove(struct control *control, struct call *call) {
	fault_clear(&control->faults);
	empty_answer(call);
}

static void clock_write(struct call *call) {
	json_open(&call->answer.body, NULL, '{');
	json_time(&call->answer.body, "now", call->now_ms);
	json_close(&call->answer.body, '}');
}

static void clock_get(struct control *control, struct call *call) {
	(void)control;
	clock_write(call);
}

static void advance(struct control *control, struct call *call) {
	(void)control;
	static const struct rule rules[] = {
		{.name = "seconds", .type = RULE_NUMBER, .required = true, .max = ADVANCE_S_MAX}};
	const cJSON *body = call_body(call);
	if (!body || !check_object(call, body, "", rules, 1, false))
		return;
	double seconds = cJSON_GetObjectItemCaseSensitive(body, "seconds")->valuedouble;
	call->now_ms = world_advance(call->world, call->now_ms, (int64_t)(seconds * 1000));
	clock_write(call);
}

static void tokens(struct control *control, struct call *call) {
	(void)control;
	if (tenant_control(call))
		empty_answer(call);
}

static void ledger_get(struct control *control, struct call *call) {
	size_t after;
	if (call_query_number(call, "after", 0, SIZE_MAX, 0, &after))
		ledger_write(&control->ledger, after, &call->answer.body);
}

static const struct control_route {
	const char *method;
	const char *path;
	void (*handle)(struct control *control, struct call *call);
} control_routes[] = {
	{"GET", "/_sandbox/requests", requests_get},
	{"POST", "/_sandbox/reset", reset},
	{"POST", "/_sandbox/faults", faults_add},
	{"GET", "/_sandbox/faults", faults_get},
	{"DELETE", "/_sandbox/faults", faults_remove},
	{"POST", "/_sandbox/advance", advance},
	{"GET", "/_sandbox/clock", clock_get},
	{"POST", "/_sandbox/tokens", tokens},
	{"GET", "/_sandbox/ledger", ledger_get},
};

bool control_owns(const char *path) {
	return !strncmp(path, "/_sandbox/", 10);
}

void control_run(struct control *control, const char *method, const char *path, struct call *call) {
	call->answer.status = 200;
	for (size_t i = 0; i < sizeof control_routes / sizeof *control_routes; i++)
		if (!strcmp(control_routes[i].method, method) && !strcmp(control_routes[i].path, path)) {
			control_routes[i].handle(control, call);
			return;
		}
	call_not_found(call, "the control operation");
}

void control_close(struct control *control) {
	forget(control);
}
