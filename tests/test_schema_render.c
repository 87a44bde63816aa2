/*
 * A schema as JSON Schema: what it says of each sort of row. Whether it judges as our own check does, and is JSON
 * Schema at all, is for tests/test_schema_agrees.py, which has it from here: `test_schema_render --print N`.
 */
#include "../api/scope.h"
#include "../fs/schema_render.h"
#include "alloc.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct schema *const schemas[] = {&schema_airuntime, &schema_aimodel, &schema_template};

static struct json render(const struct schema *schema, struct buffer *out) {
	struct json root;
	schema_render(schema, "a \"thing\"", out);
	assert_int_equal(out->error, 0);
	assert_int_equal(json_scan(out->data, out->len, &root, NULL), JSON_OK);
	assert_int_equal(out->data[out->len - 1], '\n');
	return root;
}

static void assert_at(struct json root, const char *pointer, const char *compact) {
	SCOPED(buffer_free) struct buffer out = {0};
	json_compact(json_at(root, pointer), &out);
	assert_string_equal(out.data ? out.data : "", compact);
}

static void each_is_closed(void **state) {
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		SCOPED(buffer_free) struct buffer out = {0};
		struct json root = render(schemas[i], &out);
		assert_at(root, "/$schema", "\"https://json-schema.org/draft/2020-12/schema\"");
		assert_at(root, "/title", "\"a \\\"thing\\\"\"");
		assert_at(root, "/type", "\"object\"");
		assert_at(root, "/additionalProperties", "false");
		assert_at(root, "/properties/$schema", "{\"type\":\"string\"}");
		assert_at(root, "/properties/$comment", "{\"type\":\"string\"}");
		for (const struct schema *row = schemas[i]->members; row->name; row++)
			assert_int_equal(json_member(json_at(root, "/properties"), row->name).type, JSON_OBJECT);
		for (struct json_iter iter = json_iter(json_at(root, "/required")); json_next(&iter);)
			assert_false(json_string_is(iter.value, "name"));
	}
}

static void rows_are_said(void **state) {
	(void)state;
	SCOPED(buffer_free) struct buffer runtime = {0}, model = {0}, template = {0};
	struct json root = render(&schema_airuntime, &runtime);
	assert_at(root, "/required", "[\"region\",\"templateID\",\"gpuConfigID\",\"gpuCount\",\"planId\"]");
	assert_at(root, "/properties/gpuCount/minimum", "1");
	assert_at(root, "/properties/gpuCount/maximum", "2147483647");
	assert_at(root, "/properties/name/maxLength", "63");
	assert_at(root, "/properties/sshKeys/uniqueItems", "true");
	assert_at(root, "/properties/sshKeys/maxItems", "10");
	assert_at(root, "/properties/templateID/pattern", "\"^tpl-[^/ \\\\t\\\\n\\\\v\\\\f\\\\r]+$\"");
	assert_at(root, "/properties/customPorts/items/properties/protocol/enum", "[\"TCP\"]");
	assert_at(root, "/properties/customPorts/items/additionalProperties", "false");
	/* A variant of a variant is one of all that there are, with both of its tags decided. */
	struct json choices[4] = {{0}};
	size_t count = 0;
	for (struct json_iter iter = json_iter(json_at(root, "/properties/storage/oneOf")); json_next(&iter);)
		choices[count < 3 ? count++ : 3] = iter.value;
	assert_int_equal(count, 3);
	assert_int_equal(choices[3].type, JSON_ABSENT);
	assert_at(choices[0], "/properties/type/const", "\"ephemeral\"");
	assert_at(choices[2], "/properties/type/const", "\"persistent\"");
	assert_at(choices[2], "/properties/mode/const", "\"network\"");
	assert_at(choices[2], "/required", "[\"type\",\"mode\"]");
	root = render(&schema_aimodel, &model);
	assert_at(root, "/properties/config/additionalProperties", "");
	root = render(&schema_template, &template);
	assert_at(root, "/properties/oci_registry_token/writeOnly", "true");
}

static void every_allocation_may_fail(void **state) {
	(void)state;
	for (size_t n = 1;; n++) {
		struct buffer out = {0};
		long live = alloc_live();
		alloc_arm(n);
		schema_render(&schema_airuntime, "t", &out);
		bool failed = alloc_disarm();
		assert_int_equal(out.error, failed ? -ENOMEM : 0);
		buffer_free(&out);
		assert_int_equal(alloc_live(), live);
		if (!failed)
			return;
	}
}

int main(int argc, char **argv) {
	if (argc > 2 && !strcmp(argv[1], "--print")) {
		struct buffer out = {0};
		schema_render(schemas[atoi(argv[2]) % 3], "print", &out);
		fputs(out.data ? out.data : "", stdout);
		buffer_free(&out);
		return 0;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_closed),
		cmocka_unit_test(rows_are_said),
		cmocka_unit_test(every_allocation_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
