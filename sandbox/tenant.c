#include "tenant.h"

#include "call.h"
#include "check.h"
#include "world.h"

#include <stdio.h>
#include <string.h>

static const char demo_email[] = "demo@example.com";

/* New ones take the place of the old. */
static void tokens_give(struct call *call) {
	struct world *world = call->world;
	struct logins *logins = &world->logins;
	struct json *json = &call->answer.body;
	snprintf(logins->access, sizeof logins->access, "%s-access-%016llx", logins->prefix,
		(unsigned long long)world_random(world));
	snprintf(logins->refresh, sizeof logins->refresh, "%s-refresh-%016llx", logins->prefix,
		(unsigned long long)world_random(world));
	logins->expires_ms = call->now_ms + logins->life_s * 1000;
	json_open(json, NULL, '{');
	json_string(json, "access_token", logins->access);
	json_string(json, "refresh_token", logins->refresh);
	json_string(json, "token_type", "Bearer");
	json_integer(json, "expires_in", logins->life_s);
	json_close(json, '}');
}

static void secret_refuse(struct call *call, const char *what, const char *secret) {
	if (call->world->logins.echo)
		call_refuse(call, 401, "unauthorized", "%s %s is not valid", what, secret);
	else
		call_refuse(call, 401, "unauthorized", "%s is not valid", what);
}

bool tenant_accepts(struct call *call, const char *token) {
	const struct logins *logins = &call->world->logins;
	if (!strcmp(token, call->world->token) || (*call->world->also && !strcmp(token, call->world->also)))
		return true;
	if (*logins->access && !strcmp(token, logins->access) && call->now_ms < logins->expires_ms)
		return true;
	secret_refuse(call, "the token", token);
	return false;
}

void tenant_login(struct call *call) {
	static const struct rule rules[] = {
		{.name = "email", .type = RULE_STRING, .required = true, .min = 3, .max = 254},
		{.name = "password", .type = RULE_STRING, .required = true, .min = 1, .max = 1000},
	};
	const cJSON *body = call_body(call);
	if (!body || !check_object(call, body, "", rules, sizeof rules / sizeof *rules, false))
		return;
	const char *password = member_string(body, "password", "");
	if (strcmp(member_string(body, "email", ""), demo_email) != 0)
		call_not_found(call, "the user");
	else if (strcmp(password, call->world->logins.password) != 0)
		secret_refuse(call, "the password", password);
	else
		tokens_give(call);
}

/* Each serves once. */
void tenant_refresh(struct call *call) {
	static const struct rule rules[] = {
		{.name = "refresh_token", .type = RULE_STRING, .required = true, .min = 1},
	};
	const cJSON *body = call_body(call);
	if (!body || !check_object(call, body, "", rules, sizeof rules / sizeof *rules, false))
		return;
	const char *refresh = member_string(body, "refresh_token", "");
	if (!*call->world->logins.refresh || strcmp(refresh, call->world->logins.refresh) != 0)
		secret_refuse(call, "the refresh token", refresh);
	else
		tokens_give(call);
}

/* ---- what the tests control ---- */

static void text_set(const cJSON *body, const char *name, char *ret, size_t size) {
	if (cJSON_GetObjectItemCaseSensitive(body, name))
		snprintf(ret, size, "%s", member_string(body, name, ""));
}

static bool truth(const cJSON *body, const char *name) {
	return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(body, name));
}

bool tenant_control(struct call *call) {
	struct world *world = call->world;
	struct logins *logins = &world->logins;
	static const struct rule rules[] = {
		{.name = "token", .type = RULE_STRING, .min = 1, .max = WORLD_TOKEN_MAX - 1},
		{.name = "also", .type = RULE_STRING, .max = WORLD_TOKEN_MAX - 1},
		{.name = "prefix", .type = RULE_STRING, .min = 1, .max = sizeof logins->prefix - 1},
		{.name = "password", .type = RULE_STRING, .min = 1, .max = sizeof logins->password - 1},
		{.name = "expires_in", .type = RULE_INTEGER, .min = 1, .max = 1000000000},
		{.name = "echo", .type = RULE_BOOLEAN},
		{.name = "revoke_access", .type = RULE_BOOLEAN},
		{.name = "revoke_refresh", .type = RULE_BOOLEAN},
	};
	const cJSON *body = call_body(call);
	if (!body || !check_object(call, body, "", rules, sizeof rules / sizeof *rules, false))
		return false;
	text_set(body, "token", world->token, sizeof world->token);
	text_set(body, "also", world->also, sizeof world->also);
	text_set(body, "prefix", logins->prefix, sizeof logins->prefix);
	text_set(body, "password", logins->password, sizeof logins->password);
	logins->life_s = member_integer(body, "expires_in", logins->life_s);
	if (cJSON_GetObjectItemCaseSensitive(body, "echo"))
		logins->echo = truth(body, "echo");
	if (truth(body, "revoke_access"))
		*logins->access = '\0';
	if (truth(body, "revoke_refresh"))
		*logins->refresh = '\0';
	return true;
}

/* ---- organisations and projects ---- */

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
