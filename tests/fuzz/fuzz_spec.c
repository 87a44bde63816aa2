/* Any bytes as a spec (the first chooses the kind): what may be sent is an object with the name, and passes the check
 * again. */
#include "../../api/scope.h"
#include "../../fs/spec.h"
#include "fuzz.h"

/* From a place's head on: a line, and a caret that stands below it. Returns what is behind. */
static const char *check_place(const char *place) {
	const char *line = strchr(place, '\n');
	require(line != NULL);
	const char *caret = strchr(line + 1, '\n');
	require(caret != NULL);
	size_t column = strspn(caret + 1, " \t");
	require(strncmp(caret + 1 + column, "^\n", 2) == 0);
	size_t shown = 0;
	for (const char *at = line + 1; at < caret; at++)
		shown += ((unsigned char)*at & 0xC0) != 0x80;
	require(column <= shown);
	return caret + 1 + column + 2;
}

/* Messages in the order of the text, those of one place above it, and how many there are that are not listed. */
static void check_faults(const struct spec_faults *faults) {
	size_t listed = faults->count < SPEC_FAULTS_MAX ? faults->count : SPEC_FAULTS_MAX;
	SCOPED(buffer_free) struct buffer said = {0};
	require(faults->count > 0 && (faults->text || faults->count == 1));
	spec_faults_show(faults, &said);
	require(!said.error);
	const char *at = said.data;
	for (size_t i = 0; i < listed; i++) {
		const struct spec_fault *fault = &faults->list[i];
		require(*fault->message && (!i || fault[-1].offset <= fault->offset));
		at = strchr(at, '\n');
		require(at != NULL);
		at++;
		if (faults->text && (i + 1 == listed || fault[1].offset != fault->offset)) {
			require(strncmp(at, "line ", 5) == 0);
			at = check_place(at);
		}
	}
	require(faults->count > listed ? strncmp(at, "and ", 4) == 0 : !*at);
}

static void check_render(const struct schema *schema, struct json response) {
	SCOPED(buffer_free) struct buffer out = {0};
	struct json root;
	spec_render(schema, response, NULL, &out);
	require(!out.error && json_scan(out.data, out.len, &root, NULL) == JSON_OK && root.type == JSON_OBJECT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static const struct schema *const schemas[] = {&schema_airuntime, &schema_aimodel, &schema_template};
	if (size == 0)
		return 0;
	const struct schema *schema = schemas[data[0] % 3];
	const char *text = (const char *)data + 1;
	size_t len = size - 1;
	SCOPED(buffer_free) struct buffer body = {0};
	struct spec_faults faults;
	struct json root;
	enum spec_verdict verdict = spec_check(schema, "fuzz", text, len, &body, &faults);
	if (json_scan(text, len, &root, NULL) == JSON_OK && root.type == JSON_OBJECT) {
		require(verdict != SPEC_INCOMPLETE);
		check_render(schema, root);
	} else {
		require(verdict != SPEC_GOOD);
	}
	if (verdict != SPEC_GOOD) {
		require(body.len == 0);
		check_faults(&faults);
		return 0;
	}
	require(json_scan(body.data, body.len, &root, NULL) == JSON_OK);
	require(root.type == JSON_OBJECT && json_string_is(json_member(root, "name"), "fuzz"));
	SCOPED(buffer_free) struct buffer again = {0};
	require(spec_check(schema, "fuzz", body.data, body.len, &again, NULL) == SPEC_GOOD);
	require(again.len == body.len && memcmp(again.data, body.data, body.len) == 0);
	/* Each cut of what is good waits for the rest: nothing is ever sent half. */
	size_t cut = data[0] * body.len / 256;
	require(spec_check(schema, "fuzz", body.data, cut, &again, NULL) == SPEC_INCOMPLETE);
	return 0;
}
