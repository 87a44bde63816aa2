/* Any bytes as JSON: what the scan takes can be walked, and written anew without becoming another text. */
#include "../../api/json.h"
#include "../../api/scope.h"
#include "fuzz.h"

static void walk(struct json value) {
	long long number;
	json_int(value, &number);
	SCOPED(scope_free) char *text = json_text_dup(value);
	require(text != NULL);
	if (value.type == JSON_STRING) {
		SCOPED(buffer_free) struct buffer quoted = {0};
		struct json again;
		json_quote(text, &quoted);
		require(json_scan(quoted.data, quoted.len, &again, NULL) == JSON_OK);
		require(json_string_is(value, text) && json_string_is(again, text) && json_string_equal(value, again));
	}
	for (struct json_iter iter = json_iter(value); json_next(&iter);) {
		require(iter.value.type != JSON_ABSENT);
		if (value.type == JSON_OBJECT) {
			SCOPED(scope_free) char *key = json_text_dup(iter.key);
			require(json_member(value, key).text == iter.value.text);
		}
		walk(iter.value);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	const char *text = (const char *)data;
	struct json value;
	struct json_fault fault = {0};
	enum json_verdict verdict = json_scan(text, size, &value, &fault);
	if (verdict != JSON_OK) {
		require(fault.what && fault.offset <= size);
		require(verdict != JSON_INCOMPLETE || fault.offset == size);
		/* What is bad stays bad, whatever is appended. */
		if (verdict == JSON_BAD && size < 4096) {
			char longer[4096 + 2];
			memcpy(longer, text, size);
			memcpy(longer + size, "\"}", 2);
			require(json_scan(longer, size + 2, NULL, NULL) == JSON_BAD);
			require(json_scan(longer, size + 1, NULL, NULL) == JSON_BAD);
		}
		return 0;
	}
	walk(value);
	SCOPED(buffer_free) struct buffer pretty = {0};
	SCOPED(buffer_free) struct buffer compact = {0};
	SCOPED(buffer_free) struct buffer again = {0};
	struct json root;
	json_indent(value, &pretty);
	json_compact(value, &compact);
	require(json_scan(pretty.data, pretty.len, &root, NULL) == JSON_OK && root.type == value.type);
	/* Strings may have got escapes, and get no more the second time. */
	json_indent(root, &again);
	require(again.len == pretty.len && memcmp(again.data, pretty.data, pretty.len) == 0);
	require(json_scan(compact.data, compact.len, NULL, NULL) == JSON_OK && compact.len <= size);
	return 0;
}
