/* The check of a spec.json before it may cost money: the caret, what is incomplete, what is sent, what stays hidden;
 * and the way back. */
#include "alloc.h"
#include "specs.h"

static void places_have_a_caret(void **state) {
	(void)state;
	static const struct {
		const char *text, *place;
	} cases[] = {
		{"{\"gpuCount\":\"four\"}", "line 1, column 13\n{\"gpuCount\":\"four\"}\n            ^"},
		{"{\n\t\"region\": \"\u00e9\u20ac\",\t\"x\": 1\n}",
			"line 2, column 18\n\t\"region\": \"\u00e9\u20ac\",\t\"x\": 1\n\t               \t^"},
		{"{\r\n  \"gpuCount\": 0\r\n}", "line 2, column 15\n  \"gpuCount\": 0\n              ^"},
		{"{\n}\n", "line 2, column 1\n}\n^"},
		{"[1]", "line 1, column 1\n[1]\n^"},
		{"{\"region\":\"a\x1b\"}", "line 1, column 13\n{\"region\":\"a?\"}\n            ^"},
		{"{\"region\":\"a\xFF\"}", "line 1, column 13\n{\"region\":\"a?\"}\n            ^"},
		{"{\"region\":\"a\xC2\x9B\",}", "line 1, column 16\n{\"region\":\"a?\",}\n               ^"},
		{"{\"a\":1}x", "line 1, column 8\n{\"a\":1}x\n       ^"},
		{"{\"region\":\"0123456789\",\"name\":\"my-name\",\"planId\":\"0123456789\",\"gpuConfigID\":"
		 "\"0123456789\",\"gpuCount\":0,\"templateID\":\"tpl-a\"}",
			"line 1, column "
			"101\n...-name\",\"planId\":\"0123456789\",\"gpuConfigID\":\"0123456789\",\"gpuCount\":0,"
			"\"templateID\":\"tpl-a\"}\n"
			"                                                                      ^"},
	};
	for (size_t i = 0; i < CASE_COUNT(cases); i++) {
		SCOPED(outcome_free)
		struct outcome outcome = check(&schema_airuntime, cases[i].text, strlen(cases[i].text));
		assert_int_equal(outcome.verdict, SPEC_BAD);
		SCOPED(buffer_free) struct buffer place = {0};
		buffer_printf(&place, "\n%s\n", cases[i].place);
		if (!strstr(outcome.said.data, place.data))
			fail_msg("%s, not %s", outcome.said.data, cases[i].place);
	}
}

/* A long line is cut on both sides, and the caret stays under its character. */
static void long_lines_are_cut(void **state) {
	(void)state;
	SCOPED(buffer_free) struct buffer text = {0};
	buffer_add(&text, "{\"region\":\"");
	for (int i = 0; i < 300; i++)
		buffer_add(&text, "\U0001F600");
	buffer_add(&text, "\",\"zone\":1,\"planId\":\"");
	for (int i = 0; i < 300; i++)
		buffer_add(&text, "\U0001F600");
	buffer_add(&text, "\"}");
	SCOPED(outcome_free) struct outcome outcome = check(&schema_airuntime, text.data, text.len);
	assert_int_equal(outcome.verdict, SPEC_BAD);
	char *line = strstr(outcome.said.data, "\n...");
	assert_non_null(line);
	char *caret = strchr(line + 1, '\n');
	assert_non_null(caret);
	assert_memory_equal(line, "\n...\U0001F600", 8);
	assert_memory_equal(caret - 7, "\U0001F600...", 7);
	size_t column = strspn(caret + 1, " ");
	assert_memory_equal(caret + 1 + column, "^\n", 2);
	/* Three dots, then as many characters as the caret has spaces. */
	const char *at = line + 1;
	for (size_t i = 0; i < column; i++) {
		at++;
		while (((unsigned char)*at & 0xC0) == 0x80)
			at++;
	}
	assert_memory_equal(at, "\"zone\"", 6);
}

static void incomplete_texts_wait(void **state) {
	(void)state;
	static const char text[] =
		"{" INSTANCE
		",\n\"customPorts\":[{\"name\":\"a\",\"containerPort\":8080}],\"storage\":{\"type\":\"ephemeral\"}\n}";
	for (size_t len = 0; len < strlen(text); len++) {
		SCOPED(outcome_free) struct outcome outcome = check(&schema_airuntime, text, len);
		assert_int_equal(outcome.verdict, SPEC_INCOMPLETE);
		assert_int_equal(outcome.faults.count, 1);
		assert_true(len == 0 || strstr(outcome.said.data, "\nline "));
	}
	SCOPED(outcome_free) struct outcome whole = check(&schema_airuntime, text, strlen(text));
	assert_int_equal(whole.verdict, SPEC_GOOD);
	SCOPED(outcome_free) struct outcome half = check(&schema_airuntime, "{\"region\":\n\n", 12);
	assert_int_equal(half.verdict, SPEC_INCOMPLETE);
	assert_string_equal(half.said.data,
		"not complete: the text ends before a value\nline 1, column 11\n{\"region\":\n          ^\n");
	SCOPED(outcome_free) struct outcome empty = check(&schema_airuntime, " \n", 2);
	assert_int_equal(empty.verdict, SPEC_INCOMPLETE);
	assert_string_equal(empty.said.data, "not complete: the text is empty\n");
}

static void hopeless_texts_are_bad(void **state) {
	(void)state;
	static const struct bad_case cases[] = {
		{&schema_airuntime, "[", "a spec is a JSON object and begins with {", "["},
		{&schema_airuntime, " null", "a spec is a JSON object and begins with {", "null"},
		{&schema_airuntime, "\"{", "a spec is a JSON object and begins with {", "\"{"},
		{&schema_airuntime, "\xEF\xBB\xBF{}", "a spec is a JSON object and begins with {", "\xEF"},
		{&schema_airuntime, "{]", "not valid JSON: a key must stand here, in double quotes", "]"},
		{&schema_airuntime, "{\"region\":\"a\",\"region\":\"b\"",
			"not valid JSON: a key that stands twice in one object", "\"region\":\"b\""},
		{&schema_airuntime, "{\"region\":\"a\",}", "not valid JSON: a comma before the closing brace", "}"},
		{&schema_airuntime, "{\"region\":\"a\n\"}", "not valid JSON: a string that is not closed on its line",
			"\n"},
		{&schema_airuntime, "{\"a\":" TEN("[[[["), "more than can be taken: nested too deeply", "[[[[[[[[["},
	};
	/* The last one's place lies behind what is searched for. */
	check_bad(cases, CASE_COUNT(cases) - 1);
	SCOPED(outcome_free) struct outcome deep = check(&schema_airuntime, cases[8].text, strlen(cases[8].text));
	assert_int_equal(deep.verdict, SPEC_BAD);
	assert_string_equal(deep.faults.list[0].message, cases[8].message);
	char nul[64] = {0};
	SCOPED(outcome_free) struct outcome zeros = check(&schema_airuntime, nul, sizeof(nul));
	assert_int_equal(zeros.verdict, SPEC_BAD);
	size_t len = SPEC_BYTES_MAX + 1;
	char *text = malloc(len);
	assert_non_null(text);
	memset(text, ' ', len);
	static const char good[] = "{" INSTANCE "}";
	memcpy(text, good, strlen(good));
	SCOPED(outcome_free) struct outcome fits = check(&schema_airuntime, text, len - 1);
	assert_int_equal(fits.verdict, SPEC_GOOD);
	SCOPED(outcome_free) struct outcome large = check(&schema_airuntime, text, len);
	assert_int_equal(large.verdict, SPEC_BAD);
	assert_string_equal(large.said.data, "the text is larger than 1 MiB\n");
	free(text);
}

static void body_is_the_text(void **state) {
	(void)state;
	static const char text[] = " { \"gpu_count\" : 1 , \"config\" : { \"t\" : 1.50e-7 , \"n\":12345678901234567890 "
				   ", \"extra_args\":[ \"a  b\\u0041\" ] },\n"
				   "\"name\" : \"my-name\", "
				   "\"catalog_id\":\"c\",\"region\":\"r\",\"gpu_config_id\":\"g\",\"plan_id\":\"p\" } ";
	SCOPED(outcome_free) struct outcome outcome = check(&schema_aimodel, text, strlen(text));
	assert_int_equal(outcome.verdict, SPEC_GOOD);
	assert_string_equal(outcome.body.data,
		"{\"name\":\"my-name\",\"gpu_count\":1,\"config\":{\"t\":1.50e-7,\"n\":12345678901234567890,"
		"\"extra_args\":[\"a  b\\u0041\"]},\"catalog_id\":\"c\",\"region\":\"r\",\"gpu_config_id\":\"g\","
		"\"plan_id\":\"p\"}");
}

/* Wherever and however a text with a secret is broken, the secret is not shown. */
static void secrets_stay_hidden(void **state) {
	(void)state;
#define SECRET "ghp_S3cretT0ken"
	static const char *const texts[] = {
		"{\"oci_registry_token\":\"" SECRET "\",\"description\":1}",
		"{\"oci_registry_token\":\"" SECRET "\"}",
		"{\"oci_registry_token\":[\"" SECRET "\"]}",
		"{\"oci_registry_tokn\":\"" SECRET "\"}",
		"{\"oci_registry_token\":\"" SECRET,
		"{\"oci_registry_token\":\"" SECRET "\n\"}",
		"{\"oci_registry_token\":\"" SECRET "\x01\"}",
		"{\"oci_registry_token: \"" SECRET "\"}",
		"{\"oci_registry_token\":" SECRET "}",
		"{\"oci_registry_token\":'" SECRET "'}",
		"\"oci_registry_token\":\"" SECRET "\"",
		"{\"image\":\"x\",\"oci_registry_token\":\"" SECRET "\"}",
		"{\"description\":\"a\"\"oci_registry_token\":\"" SECRET "\"}",
		"{\"oci_registry_token\":\"a," SECRET "\",\"oci_registry_token\":\"" SECRET "\"}",
		"{\"oci_registry_token\":\"" SECRET "\\q\"}",
		"{\"name\":\"x\",\"OCI_REGISTRY_TOKEN\":\"" SECRET "\"}",
	};
	for (size_t i = 0; i < CASE_COUNT(texts); i++) {
		SCOPED(outcome_free) struct outcome outcome = check(&schema_template, texts[i], strlen(texts[i]));
		assert_int_not_equal(outcome.verdict, SPEC_GOOD);
		assert_null(strstr(outcome.said.data, "S3cret"));
		assert_null(strstr(outcome.said.data, "T0ken"));
	}
	static const char text[] = "{\"oci_registry_token\": \"" SECRET "\", \"category\": 12}";
	SCOPED(outcome_free) struct outcome outcome = check(&schema_template, text, strlen(text));
	static const char said[] =
		"category must be a string, not 12\n"
		"line 1, column 55\n{\"oci_registry_token\": \"***************\", \"category\": **}\n"
		"                                                      ^\n";
	assert_memory_equal(outcome.said.data, said, sizeof(said) - 1);
}

/* Each byte of a good text replaced by each other one: never a crash, and what passes is an object of that name. */
static void every_mutation_is_safe(void **state) {
	(void)state;
	static const char text[] = "{" INSTANCE ",\"udpPortRanges\":[{\"startPort\":2000}],\"storage\":{\"type\":"
				   "\"persistent\",\"mode\":\"local\",\"sizeGB\":9}}";
	size_t len = strlen(text);
	char copy[sizeof(text)];
	for (size_t i = 0; i < len; i++) {
		memcpy(copy, text, sizeof(text));
		for (int byte = 0; byte < 256; byte++) {
			copy[i] = (char)byte;
			SCOPED(outcome_free) struct outcome outcome = check(&schema_airuntime, copy, len);
			struct json root;
			if (outcome.verdict != SPEC_GOOD)
				continue;
			assert_int_equal(json_scan(outcome.body.data, outcome.body.len, &root, NULL), JSON_OK);
			assert_true(json_string_is(json_member(root, "name"), "my-name"));
		}
	}
}

static struct json scan(const char *text) {
	struct json value = {0};
	assert_int_equal(json_scan(text, strlen(text), &value, NULL), JSON_OK);
	return value;
}

static void check_render(const struct schema *schema, const char *response, const struct spec_override *overrides,
	const char *expected) {
	SCOPED(buffer_free) struct buffer out = {0};
	spec_render(schema, scan(response), overrides, &out);
	assert_int_equal(out.error, 0);
	assert_string_equal(out.data, expected);
}

static void instances_are_rendered(void **state) {
	(void)state;
#define ANSWER                                                                                                    \
	"\"id\":\"u\",\"name\":\"n\",\"region\":\"r\",\"project\":\"p\",\"gpuConfigID\":\"g\",\"planId\":\"pl\"," \
	"\"templateID\":\"tpl-t\","                                                                               \
	"\"templateName\":null,\"gpuCount\":2,\"status\":\"Running\""
#define SPEC_OF(more)                                                                                              \
	"{\n  \"region\": \"r\",\n  \"templateID\": \"tpl-t\",\n  \"gpuConfigID\": \"g\",\n  \"gpuCount\": 2,\n  " \
	"\"planId\": \"pl\"" more "\n}\n"
	static const struct {
		const char *more, *spec;
	} cases[] = {
		{"", SPEC_OF("")},
		{",\"storage\":null,\"sshKeys\":null,\"customPorts\":[]", SPEC_OF(",\n  \"customPorts\": []")},
		{",\"storage\":{\"id\":\"v\",\"type\":\"ephemeral\",\"subType\":\"local\",\"name\":\"x\",\"sizeGB\":20,"
		 "\"planId\":\"y\"}",
			SPEC_OF(",\n  \"storage\": {\n    \"type\": \"ephemeral\",\n    \"sizeGb\": 20\n  }")},
		{",\"storage\":{\"id\":\"v\",\"type\":\"persistent\",\"subType\":\"local\",\"name\":\"x\",\"sizeGB\":"
		 "200}",
			SPEC_OF(",\n  \"storage\": {\n    \"type\": \"persistent\",\n    \"mode\": \"local\",\n    "
				"\"sizeGB\": 200\n  }")},
		{",\"storage\":{\"id\":\"v\",\"type\":\"persistent\",\"subType\":\"network\",\"name\":\"x\",\"sizeGB\":"
		 "200}",
			SPEC_OF(",\n  \"storage\": {\n    \"type\": \"persistent\",\n    \"mode\": \"network\",\n    "
				"\"name\": \"x\",\n    \"sizeGB\": 200\n  }")},
		/* What cannot be said in a request is left out. */
		{",\"storage\":{\"type\":\"persistent\",\"sizeGB\":200}", SPEC_OF("")},
		{",\"storage\":{\"type\":\"tape\"}", SPEC_OF("")},
		{",\"storage\":{}", SPEC_OF("")},
		{",\"customPorts\":[{\"name\":\"a\",\"containerPort\":80,\"protocol\":\"TCP\",\"nodePort\":31000}],"
		 "\"udpPortRanges\":[{\"startPort\":2000,"
		 "\"endPort\":2001,\"name\":null}]",
			SPEC_OF(",\n  \"customPorts\": [\n    {\n      \"name\": \"a\",\n      \"containerPort\": "
				"80,\n      "
				"\"protocol\": \"TCP\"\n    }\n  ],\n"
				"  \"udpPortRanges\": [\n    {\n      \"startPort\": 2000,\n      \"endPort\": 2001\n  "
				"  }\n  "
				"]")},
	};
	for (size_t i = 0; i < CASE_COUNT(cases); i++) {
		SCOPED(buffer_free) struct buffer response = {0};
		buffer_printf(&response, "{%s%s}", ANSWER, cases[i].more);
		check_render(&schema_airuntime, response.data, NULL, cases[i].spec);
		SCOPED(outcome_free)
		struct outcome outcome = check(&schema_airuntime, cases[i].spec, strlen(cases[i].spec));
		assert_int_equal(outcome.verdict, SPEC_GOOD);
	}
	check_render(&schema_airuntime, "{}", NULL, "{}\n");
	check_render(&schema_airuntime, "{\"gpuCount\":12345678901234567890,\"region\":\"\\u00e9\"}", NULL,
		"{\n  \"region\": \"\\u00e9\",\n  \"gpuCount\": 12345678901234567890\n}\n");
}

static void others_are_rendered(void **state) {
	(void)state;
	static const char model[] = "{\"id\":\"d\",\"name\":\"n\",\"model_id\":\"meta/"
				    "llama\",\"region\":\"r\",\"gpu_config_id\":\"g\",\"gpu_count\":1,"
				    "\"replicas\":3,\"catalog_id\":\"x\",\"config\":{\"a\":[1.0]}}";
	static const struct spec_override overrides[] = {
		{"catalog_id", "meta-\"llama\""}, {"plan_id", "p"}, {"gpu_count", "4"}, {"region", NULL}, {0}};
	check_render(&schema_aimodel, model, NULL,
		"{\n  \"region\": \"r\",\n  \"gpu_config_id\": \"g\",\n  \"gpu_count\": 1,\n  \"config\": {\n    "
		"\"a\": [\n      1.0\n    ]\n  }\n}\n");
	check_render(&schema_aimodel, model, overrides,
		"{\n  \"catalog_id\": \"meta-\\\"llama\\\"\",\n  \"gpu_config_id\": \"g\",\n  \"gpu_count\": 4,\n "
		" \"plan_id\": \"p\",\n"
		"  \"config\": {\n    \"a\": [\n      1.0\n    ]\n  }\n}\n");
	static const struct spec_override token[] = {{"oci_registry_token", "t"}, {"name", "n"}, {0}};
	check_render(&schema_template,
		"{\"id\":\"t\",\"name\":\"n\",\"description\":\"d\",\"image\":\"a.b/"
		"c:1\",\"oci_registry_username\":null,\"oci_registry_token\":\"leak\","
		"\"apps\":[],\"category\":\"LLM\"}",
		token, "{\n  \"description\": \"d\",\n  \"image\": \"a.b/c:1\",\n  \"category\": \"LLM\"\n}\n");
	SCOPED(buffer_free) struct buffer small = {.limit = 3};
	spec_render(&schema_aimodel, scan(model), NULL, &small);
	assert_int_equal(small.error, -EMSGSIZE);
}

/* Each allocation fails in turn: always told as that, and nothing is leaked. */
static void every_allocation_may_fail(void **state) {
	(void)state;
	static const char text[] = "{" INSTANCE ",\"sshKeys\":[\"" ED25519
				   "\"],\"customPorts\":[{\"n\\u0061me\":\"a\",\"containerPort\":8}]}";
	struct json response = scan(text);
	bool failed = true;
	for (size_t n = 1; failed; n++) {
		struct buffer body = {0};
		alloc_arm(n);
		enum spec_verdict verdict = spec_check(&schema_airuntime, "x", text, strlen(text), &body, NULL);
		buffer_free(&body);
		failed = alloc_disarm();
		assert_int_equal(alloc_live(), 0);
		assert_int_equal(verdict, failed ? SPEC_NO_MEMORY : SPEC_GOOD);
	}
	failed = true;
	for (size_t n = 1; failed; n++) {
		struct buffer out = {0};
		alloc_arm(n);
		spec_render(&schema_airuntime, response, NULL, &out);
		int error = out.error;
		buffer_free(&out);
		failed = alloc_disarm();
		assert_int_equal(alloc_live(), 0);
		assert_int_equal(error, failed ? -ENOMEM : 0);
	}
	failed = true;
	for (size_t n = 1; failed; n++) {
		alloc_arm(n);
		int status = spec_name_check(&schema_airuntime, "abc", NULL);
		failed = alloc_disarm();
		assert_int_equal(alloc_live(), 0);
		assert_int_equal(status, failed ? -ENOMEM : 0);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(places_have_a_caret),
		cmocka_unit_test(long_lines_are_cut),
		cmocka_unit_test(incomplete_texts_wait),
		cmocka_unit_test(hopeless_texts_are_bad),
		cmocka_unit_test(body_is_the_text),
		cmocka_unit_test(secrets_stay_hidden),
		cmocka_unit_test(every_mutation_is_safe),
		cmocka_unit_test(instances_are_rendered),
		cmocka_unit_test(others_are_rendered),
		cmocka_unit_test(every_allocation_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
