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

/* What it was created by may be NULL: not known. */
static void check_all(const struct schema *schema, const char *wanted, const char *is, const char *was,
	enum spec_sameness expected, const char *members) {
	struct json want, have, sent = {0};
	struct buffer named = {0};
	assert_int_equal(json_scan(wanted, strlen(wanted), &want, NULL), JSON_OK);
	assert_int_equal(json_scan(is, strlen(is), &have, NULL), JSON_OK);
	if (was)
		assert_int_equal(json_scan(was, strlen(was), &sent, NULL), JSON_OK);
	assert_int_equal(spec_compare(schema, want, have, sent, &named), expected);
	assert_string_equal(named.data ? named.data : "", members);
	buffer_free(&named);
}

static void check(const struct schema *schema, const char *wanted, const char *is, const char *differing) {
	check_all(schema, wanted, is, NULL, *differing ? SPEC_DIFFERENT : SPEC_SAME, differing);
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

#define STORAGE "{\"storage\":{\"type\":\"persistent\",\"mode\":\"network\",\"name\":\"v\"}}"

/* What no answer tells cannot be compared: the plan must stand in a spec, the registry's token is secret. */
static void test_untold(void **state) {
	(void)state;
	static const struct {
		const struct schema *schema;
		const char *wanted, *real;
		enum spec_sameness is;
		const char *members;
	} cases[] = {
		{&schema_aimodel, "{\"plan_id\":\"p\",\"gpu_count\":1}", "{\"gpu_count\":1}", SPEC_SAME, ""},
		{&schema_aimodel, "{\"catalog_id\":\"a\"}", "{\"catalog_id\":\"b\"}", SPEC_DIFFERENT, "catalog_id"},
		{&schema_aimodel, "{\"catalog_id\":\"a\"}", "{}", SPEC_UNTOLD, "catalog_id"},
		{&schema_aimodel, "{\"config\":{\"max_num_seqs\":1}}", "{}", SPEC_UNTOLD, "config"},
		{&schema_aimodel, "{\"catalog_id\":\"a\",\"config\":{\"x\":1}}", "{}", SPEC_UNTOLD,
			"catalog_id, config"},
		{&schema_aimodel, "{\"catalog_id\":\"a\",\"gpu_count\":1,\"config\":{\"x\":1}}", "{\"gpu_count\":2}",
			SPEC_DIFFERENT, "gpu_count"},
		{&schema_aimodel, "{\"config\":{\"x\":1}}", "{\"config\":{\"x\":2}}", SPEC_DIFFERENT, "config"},
		{&schema_aimodel, "{\"config\":{}}", "{}", SPEC_SAME, ""},
		{&schema_template, "{\"oci_registry_token\":\"t\",\"image\":\"i\"}", "{\"image\":\"i\"}", SPEC_SAME,
			""},
		{&schema_airuntime,
			"{\"storage\":{\"type\":\"persistent\",\"mode\":\"network\",\"existing_volume_id\":\"1\"}}",
			STORAGE, SPEC_UNTOLD, "storage"},
		{&schema_airuntime,
			"{\"storage\":{\"type\":\"persistent\",\"mode\":\"local\",\"existing_volume_id\":\"1\"}}",
			STORAGE, SPEC_DIFFERENT, "storage"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		check_all(cases[i].schema, cases[i].wanted, cases[i].real, NULL, cases[i].is, cases[i].members);
}

/* But with what it was created by, where that is known. */
static void test_sent(void **state) {
	(void)state;
	static const char sent[] = "{\"name\":\"n\",\"plan_id\":\"p\",\"gpu_count\":1,\"config\":{\"x\":1,\"y\":2}}";
	static const char has[] = "{\"gpu_count\":2}";
	static const struct {
		const char *wanted, *differing;
	} cases[] = {
		{"{\"plan_id\":\"p\",\"config\":{\"x\":1}}", ""},
		{"{\"plan_id\":\"q\",\"config\":{\"x\":1}}", "plan_id"},
		{"{\"config\":{\"x\":2}}", "config"},
		{"{\"config\":{\"z\":1}}", "config"},
		{"{\"gpu_count\":1}", "gpu_count"}, /* what is told is what counts */
		{"{\"gpu_count\":2}", ""},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		check_all(&schema_aimodel, cases[i].wanted, has, sent, *cases[i].differing ? SPEC_DIFFERENT : SPEC_SAME,
			cases[i].differing);
	check_all(&schema_aimodel, "{\"config\":{\"x\":2}}", has, "{}", SPEC_DIFFERENT, "config");
	static const char volume[] =
		"{\"storage\":{\"type\":\"persistent\",\"mode\":\"network\",\"existing_volume_id\":\"1\"}}";
	check_all(&schema_airuntime, volume, STORAGE, volume, SPEC_SAME, "");
	check_all(&schema_airuntime, volume, STORAGE, STORAGE, SPEC_DIFFERENT, "storage");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_instance), cmocka_unit_test(test_untold), cmocka_unit_test(test_sent)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
