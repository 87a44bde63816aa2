#include "call.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *call_query(const struct call *call, const char *name) {
	for (size_t i = 0; i < call->query_count; i++)
		if (!strcmp(call->queries[i].name, name))
			return *call->queries[i].value ? call->queries[i].value : NULL;
	return NULL;
}

bool call_query_number(
	struct call *call, const char *name, size_t min, size_t max, size_t otherwise, size_t *ret_number) {
	const char *text = call_query(call, name);
	if (!text) {
		*ret_number = otherwise;
		return true;
	}
	size_t digits = strspn(text, "0123456789");
	unsigned long long number = digits && digits <= 18 && !text[digits] ? strtoull(text, NULL, 10) : 0;
	bool valid = digits && digits <= 18 && !text[digits] && number >= min && number <= max;
	if (!valid) {
		call_invalid(call, "%s: must be an integer from %zu to %zu", name, min, max);
		return false;
	}
	*ret_number = (size_t)number;
	return true;
}

/* How many bytes follow a first byte of UTF-8; -1: it is none. */
static int utf8_following(unsigned char first) {
	if (first < 0x80)
		return 0;
	if (first < 0xC2 || first > 0xF4)
		return -1;
	return first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
}

/* JSON is UTF-8 (RFC 8259, 8.1), and cJSON does not look: a stray byte would come back in answers that then are no
 * JSON. */
static bool utf8_valid(const char *text) {
	const unsigned char *at = (const unsigned char *)text;
	while (*at) {
		int following = utf8_following(*at);
		/* Not longer than needed, no surrogate, not beyond U+10FFFF (RFC 3629, 4). */
		bool stray = following < 0 || (*at == 0xE0 && at[1] < 0xA0) || (*at == 0xED && at[1] > 0x9F) ||
			     (*at == 0xF0 && at[1] < 0x90) || (*at == 0xF4 && at[1] > 0x8F);
		if (stray)
			return false;
		for (at++; following; following--, at++)
			if ((*at & 0xC0) != 0x80)
				return false;
	}
	return true;
}

cJSON *call_body(struct call *call) {
	if (!call->body_text || !call->body_len) {
		call_invalid(call, "body: is required");
		return NULL;
	}
	if (strlen(call->body_text) != call->body_len || !utf8_valid(call->body_text)) {
		call_invalid(call, "body: is not UTF-8 text");
		return NULL;
	}
	call->body = cJSON_ParseWithLengthOpts(call->body_text, call->body_len + 1, NULL, true);
	if (!call->body) {
		call_invalid(call, "body: is not valid JSON");
		return NULL;
	}
	if (!cJSON_IsObject(call->body)) {
		call_invalid(call, "body: must be a JSON object");
		return NULL;
	}
	return call->body;
}

__attribute__((format(printf, 4, 0))) static void refuse(
	struct call *call, unsigned status, const char *code, const char *format, va_list arguments) {
	char message[400];
	vsnprintf(message, sizeof message, format, arguments);
	/* A value quoted from the request may have been cut within a character. */
	for (size_t len = strlen(message); len && !utf8_valid(message);)
		message[--len] = '\0';
	call->answer.status = status;
	json_free(&call->answer.body);
	struct json *json = &call->answer.body;
	json_open(json, NULL, '{');
	json_string(json, "code", code);
	json_string(json, "message", message);
	json_close(json, '}');
}

void call_refuse(struct call *call, unsigned status, const char *code, const char *format, ...) {
	va_list arguments;
	va_start(arguments, format);
	refuse(call, status, code, format, arguments);
	va_end(arguments);
}

void call_invalid(struct call *call, const char *format, ...) {
	va_list arguments;
	va_start(arguments, format);
	refuse(call, 400, "invalid_request", format, arguments);
	va_end(arguments);
}

void call_not_found(struct call *call, const char *what) {
	call_refuse(call, 404, "not_found", "%s was not found", what);
}

void call_out_of_memory(struct call *call) {
	call_refuse(call, 500, "internal_error", "out of memory");
}

bool call_page(struct call *call, size_t total, struct page *ret_page) {
	size_t number;
	size_t limit;
	if (!call_query_number(call, "page", 1, 1000000000, 1, &number) ||
		!call_query_number(call, "limit", 1, 100, 20, &limit))
		return false;
	size_t first = (number - 1) * limit;
	*ret_page = (struct page){
		.first = first < total ? first : total,
		.end = first + limit < total ? first + limit : total,
		.total = total,
		.number = number,
		.limit = limit,
	};
	return true;
}

void page_write(const struct page *page, struct json *json) {
	json_open(json, "pagination", '{');
	json_integer(json, "total_items", (int64_t)page->total);
	json_integer(json, "total_pages", (int64_t)((page->total + page->limit - 1) / page->limit));
	json_integer(json, "current_page", (int64_t)page->number);
	json_integer(json, "items_per_page", (int64_t)page->limit);
	json_close(json, '}');
}

void call_end(struct call *call) {
	cJSON_Delete(call->body);
	call->body = NULL;
	json_free(&call->answer.body);
}
