/* Any bytes as a spec (the first chooses the kind): what may be sent is an object with the name, and passes the check
 * again. */
#include "../../api/scope.h"
#include "../../fs/spec.h"
#include "fuzz.h"

#include <errno.h>

/* A place is a head, a line and a caret that stands below that line. */
static void check_place(const char *place) {
	if (!*place)
		return;
	require(strncmp(place, "line ", 5) == 0);
	const char *line = strchr(place, '\n');
	require(line != NULL);
	const char *caret = strchr(line + 1, '\n');
	require(caret != NULL);
	size_t column = strspn(caret + 1, " \t");
	require(strcmp(caret + 1 + column, "^") == 0);
	size_t shown = 0;
	for (const char *at = line + 1; at < caret; at++)
		shown += ((unsigned char)*at & 0xC0) != 0x80;
	require(column <= shown);
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
	struct error err = {0};
	struct json root;
	enum spec_verdict verdict = spec_check(schema, "fuzz", text, len, &body, &err);
	if (json_scan(text, len, &root, NULL) == JSON_OK && root.type == JSON_OBJECT) {
		require(verdict != SPEC_INCOMPLETE);
		check_render(schema, root);
	} else {
		require(verdict != SPEC_GOOD);
	}
	if (verdict != SPEC_GOOD) {
		require(err.code == EINVAL && *err.message && body.len == 0);
		check_place(err.place);
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
