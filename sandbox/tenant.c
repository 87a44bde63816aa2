#include "tenant.h"

#include "call.h"
#include "check.h"
#include "world.h"

#include <string.h>

static const char demo_email[] = "demo@example.com";
static const char demo_password[] = "demo";

enum { LOGIN_EXPIRES_S = 3600 };

static void tokens_write(const struct call *call, struct json *json) {
	json_open(json, NULL, '{');
	json_string(json, "access_token", call->world->token);
	json_string(json, "refresh_token", call->world->refresh_token);
	json_string(json, "token_type", "Bearer");
	json_integer(json, "expires_in", LOGIN_EXPIRES_S);
	json_close(json, '}');
}

void tenant_login(struct call *call) {
	static const struct rule rules[] = {
		{.name = "email", .type = RULE_STRING, .required = true, .min = 3, .max = 254},
		{.name = "password", .type = RULE_STRING, .required = true, .min = 1, .max = 1000},
	};
	const cJSON *body = call_body(call);
	if (!body || !check_object(call, body, "", rules, sizeof rules / sizeof *rules, false))
		return;
	if (strcmp(member_string(body, "email", ""), demo_email) != 0) {
		call_not_found(call, "the user");
		return;
	}
	if (strcmp(member_string(body, "password", ""), demo_password) != 0) {
		call_refuse(call, 401, "unauthorized", "the password is wrong");
		return;
	}
	tokens_write(call, &call->answer.body);
}

void tenant_refresh(struct call *call) {
	static const struct rule rules[] = {
		{.name = "refresh_token", .type = RULE_STRING, .required = true, .min = 1},
	};
	const cJSON *body = call_body(call);
	if (!body || !check_object(call, body, "", rules, sizeof rules / sizeof *rules, false))
		return;
	if (strcmp(member_string(body, "refresh_token", ""), call->world->refresh_token) != 0) {
		call_refuse(call, 401, "unauthorized", "the refresh token is not valid");
		return;
	}
	tokens_write(call, &call->answer.body);
}

static void holder_write(struct json *json, const char *id, const char *name, const char *description) {
	json_open(json, NULL, '{');
	json_string(json, "id", id);
	json_string(json, "name", name);
	json_string(json, "description", description);
	json_string(json, "status", "active");
	json_close(json, '}');
}

void org_list(struct call *call) {
	struct json *json = &call->answer.body;
	json_open(json, NULL, '{');
	json_open(json, "data", '[');
	for (size_t i = 0; i < WORLD_ORGS; i++) {
		const struct org *org = &call->world->orgs[i];
		if (!org->foreign)
			holder_write(json, org->id, org->name, org->description);
	}
	json_close(json, ']');
	json_close(json, '}');
}

void project_list(struct call *call) {
	const struct project *found[WORLD_PROJECTS];
	size_t count = 0;
	for (size_t i = 0; i < WORLD_PROJECTS; i++)
		if (call->world->projects[i].org == call->org)
			found[count++] = &call->world->projects[i];
	struct page page;
	if (!call_page(call, count, &page))
		return;
	struct json *json = &call->answer.body;
	json_open(json, NULL, '{');
	json_open(json, "data", '[');
	for (size_t i = page.first; i < page.end; i++)
		holder_write(json, found[i]->id, found[i]->name, found[i]->description);
	json_close(json, ']');
	page_write(&page, json);
	json_close(json, '}');
}
