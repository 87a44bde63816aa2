#include "fault.h"

#include "call.h"
#include "check.h"
#include "route.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { DELAY_MS_MAX = 3600000 };

static const char *const drop_words[] = {"none", "before", "after", NULL};

static void headers_free(struct fault_header *headers, size_t count) {
	for (size_t i = 0; i < count; i++) {
		free(headers[i].name);
		free(headers[i].value);
	}
}

static void fault_free(struct fault *fault) {
	if (!fault)
		return;
	headers_free(fault->headers, fault->header_count);
	free(fault->body);
	free(fault);
}

/* Appends a copy. False: out of memory. */
static bool header_add(struct fault_header *headers, size_t *count, const char *name, const char *value) {
	struct fault_header header = {strdup(name), strdup(value)};
	if (!header.name || !header.value) {
		headers_free(&header, 1);
		return false;
	}
	headers[(*count)++] = header;
	return true;
}

/* Fails only for want of memory. */
static int effect_join(struct fault_effect *effect, const struct fault *fault) {
	effect->delay_ms += fault->delay_ms;
	if (effect->drop == DROP_NONE)
		effect->drop = fault->drop;
	if (effect->cut < 0)
		effect->cut = fault->cut;
	for (size_t i = 0; i < fault->header_count && effect->header_count < FAULT_HEADERS_MAX; i++)
		if (!header_add(
			    effect->headers, &effect->header_count, fault->headers[i].name, fault->headers[i].value))
			return -ENOMEM;
	if ((fault->status || fault->body) && !effect->replace) {
		effect->replace = true;
		effect->skip = !fault->commit;
		effect->status = fault->status ? fault->status : 200;
		if (fault->body && !(effect->body = strdup(fault->body)))
			return -ENOMEM;
	}
	return 0;
}

int fault_strike(struct fault_list *list, const char *operation, struct fault_effect *ret_effect) {
	*ret_effect = (struct fault_effect){.cut = -1};
	int error = 0;
	for (size_t i = 0; i < list->count; i++) {
		struct fault *fault = list->items[i];
		if (*fault->operation && strcmp(fault->operation, operation) != 0)
			continue;
		fault->matched++;
		if (fault->matched < fault->nth || (fault->times && fault->matched >= fault->nth + fault->times))
			continue;
		fault->struck++;
		if (!error)
			error = effect_join(ret_effect, fault);
	}
	if (ret_effect->drop != DROP_NONE)
		ret_effect->skip = ret_effect->drop == DROP_BEFORE;
	return error;
}

void fault_effect_free(struct fault_effect *effect) {
	headers_free(effect->headers, effect->header_count);
	free(effect->body);
	*effect = (struct fault_effect){.cut = -1};
}

/* A header that could not be sent as one line is refused. */
static bool header_sound(const char *name, const char *value) {
	return *name && name[strcspn(name, " \t\r\n:")] == '\0' && value[strcspn(value, "\r\n")] == '\0';
}

static bool headers_read(struct call *call, const cJSON *headers, struct fault *fault) {
	for (const cJSON *header = headers ? headers->child : NULL; header; header = header->next) {
		if (!cJSON_IsString(header) || !header_sound(header->string, header->valuestring)) {
			call_invalid(call, "headers.%s: is no header", header->string);
			return false;
		}
		if (fault->header_count == FAULT_HEADERS_MAX) {
			call_invalid(call, "headers: at most %d", FAULT_HEADERS_MAX);
			return false;
		}
		if (!header_add(fault->headers, &fault->header_count, header->string, header->valuestring)) {
			call_out_of_memory(call);
			return false;
		}
	}
	return true;
}

static enum fault_drop drop_of(const char *word) {
	return !strcmp(word, "before") ? DROP_BEFORE : !strcmp(word, "after") ? DROP_AFTER : DROP_NONE;
}

/* False: the call was refused. */
static bool fault_read(struct call *call, const cJSON *body, struct fault *fault) {
	static const struct rule rules[] = {
		{.name = "operation", .type = RULE_STRING, .min = 1, .max = 63},
		{.name = "nth", .type = RULE_INTEGER, .min = 1, .max = 1e9},
		{.name = "times", .type = RULE_INTEGER, .max = 1e9},
		{.name = "status", .type = RULE_INTEGER, .min = 200, .max = 599},
		{.name = "headers", .type = RULE_OBJECT},
		{.name = "body", .type = RULE_ANY},
		{.name = "delay_ms", .type = RULE_INTEGER, .max = DELAY_MS_MAX},
		{.name = "drop", .type = RULE_STRING, .choices = drop_words},
		{.name = "cut", .type = RULE_INTEGER, .max = 1e9},
		{.name = "commit", .type = RULE_BOOLEAN},
	};
	if (!check_object(call, body, "", rules, sizeof rules / sizeof *rules, false))
		return false;
	const char *operation = member_string(body, "operation", "");
	if (*operation && !route_operation_known(operation)) {
		call_invalid(call, "operation: there is no operation \"%s\"", operation);
		return false;
	}
	memcpy(fault->operation, operation, strlen(operation) + 1);
	fault->nth = member_integer(body, "nth", 1);
	fault->times = member_integer(body, "times", 1);
	fault->status = (unsigned)member_integer(body, "status", 0);
	fault->delay_ms = member_integer(body, "delay_ms", 0);
	fault->cut = member_integer(body, "cut", -1);
	fault->drop = drop_of(member_string(body, "drop", "none"));
	fault->commit = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(body, "commit"));
	const cJSON *text = cJSON_GetObjectItemCaseSensitive(body, "body");
	if (text) {
		fault->body = cJSON_IsString(text) ? strdup(text->valuestring) : cJSON_PrintUnformatted(text);
		if (!fault->body) {
			call_out_of_memory(call);
			return false;
		}
	}
	return headers_read(call, cJSON_GetObjectItemCaseSensitive(body, "headers"), fault);
}

void fault_add(struct fault_list *list, struct call *call) {
	const cJSON *body = call_body(call);
	if (!body)
		return;
	if (list->count == FAULTS_MAX) {
		call_invalid(call, "there are %d faults already", FAULTS_MAX);
		return;
	}
	struct fault *fault = calloc(1, sizeof *fault);
	if (!fault) {
		call_out_of_memory(call);
		return;
	}
	if (!fault_read(call, body, fault)) {
		fault_free(fault);
		return;
	}
	fault->id = ++list->last_id;
	list->items[list->count++] = fault;
	struct json *json = &call->answer.body;
	json_open(json, NULL, '{');
	json_integer(json, "id", fault->id);
	json_close(json, '}');
}

void fault_write(const struct fault_list *list, struct json *json) {
	json_open(json, NULL, '[');
	for (size_t i = 0; i < list->count; i++) {
		const struct fault *fault = list->items[i];
		json_open(json, NULL, '{');
		json_integer(json, "id", fault->id);
		json_string(json, "operation", *fault->operation ? fault->operation : NULL);
		json_integer(json, "nth", fault->nth);
		json_integer(json, "times", fault->times);
		if (fault->status)
			json_integer(json, "status", fault->status);
		if (fault->header_count) {
			json_open(json, "headers", '{');
			for (size_t j = 0; j < fault->header_count; j++)
				json_string(json, fault->headers[j].name, fault->headers[j].value);
			json_close(json, '}');
		}
		if (fault->body)
			json_string(json, "body", fault->body);
		json_integer(json, "delay_ms", fault->delay_ms);
		if (fault->drop != DROP_NONE)
			json_string(json, "drop", drop_words[fault->drop]);
		if (fault->cut >= 0)
			json_integer(json, "cut", fault->cut);
		json_boolean(json, "commit", fault->commit);
		json_integer(json, "matched", fault->matched);
		json_integer(json, "struck", fault->struck);
		json_close(json, '}');
	}
	json_close(json, ']');
}

void fault_clear(struct fault_list *list) {
	for (size_t i = 0; i < list->count; i++)
		fault_free(list->items[i]);
	list->count = 0;
}
