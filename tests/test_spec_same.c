/* Applying a spec twice: what counts as the same. */
#include "fs/spec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char real[] =
	"{\"region\":\"r\",\"templateID\":\"tpl-a\",\"gpuConfigID\":\"g\",\"gpuCount\":2,"
	"\"sshKeys\":[\"a\",\"b\"],\"planId\":\"p\",\"storage\":{\"type\":\"ephemeral\",\"sizeGb\":20}}";

static void check(const struct schema *schema, const char *wanted, const char *is, const char *expected) {
	struct json want, have;
	struct buffer differing = {0};
	assert_int_equal(json_scan(wanted, strlen(wanted), &want, NULL), JSON_OK);
	assert_int_equal(json_scan(is, strlen(is), &have, NULL), JSON_OK);
	assert_int_equal(spec_same(schema, want, have, &differing), !*expected);
	assert_string_equal(differing.data ? differing.data : "", expected);
	buffer_free(&differing);
}

static void test_instance(void **state) {
	static const struct {
		const char *wanted, *differing;
	} cases[] = {
		{"{}", ""},
		{"{\"name\":\"any\",\"region\":\"r\",\"gpuCount\":2}", ""},
		{"{\"region\":\"\\u0072\"}", ""}, /* the same string spelt otherwise */
		{"{\"region\":\"R\"}", "region"},
		{"{\"region\":7}", "region"},
		{"{\"gpuCount\":20}", "gpuCount"},
		{"{\"gpuCount\":3,\"region\":\"x\"}", "region, gpuCount"},
		{"{\"sshKeys\":[\"a\",\"b\"]}", ""},
		{"{\"sshKeys\":[\"a\"]}", "sshKeys"},
		{"{\"sshKeys\":[\"a\",\"b\",\"c\"]}", "sshKeys"},
		{"{\"sshKeys\":[\"b\",\"a\"]}", "sshKeys"},
		{"{\"storage\":{\"type\":\"ephemeral\"}}", ""}, /* the API filled in the rest */
		{"{\"storage\":{\"sizeGb\":20,\"type\":\"ephemeral\"}}", ""},
		{"{\"storage\":{\"type\":\"persistent\"}}", "storage"},
		{"{\"storage\":{\"type\":\"ephemeral\",\"other\":1}}", "storage"},
		{"{\"customPorts\":[]}", ""},
		{"{\"customPorts\":[{\"name\":\"a\",\"containerPort\":1}]}", "customPorts"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		check(&schema_airuntime, cases[i].wanted, real, cases[i].differing);
}

/* What no answer tells cannot be compared: the plan must stand in a spec, the registry's token is secret. */
static void test_untold(void **state) {
	(void)state;
	check(&schema_aimodel, "{\"plan_id\":\"p\",\"gpu_count\":1}", "{\"gpu_count\":1}", "");
	check(&schema_aimodel, "{\"catalog_id\":\"a\"}", "{\"catalog_id\":\"b\"}", "catalog_id");
	check(&schema_aimodel, "{\"config\":{\"max_num_seqs\":1}}", "{}", "config");
	check(&schema_aimodel, "{\"config\":{}}", "{}", "");
	check(&schema_template, "{\"oci_registry_token\":\"t\",\"image\":\"i\"}", "{\"image\":\"i\"}", "");
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_instance), cmocka_unit_test(test_untold)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
