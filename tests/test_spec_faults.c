/* A spec that is wrong in several places: all of them are told, in the order of the text, and none that follows from
 * another. */
#include "alloc.h"
#include "specs.h"

/* All that is said of a text. */
static void check_said(const struct schema *schema, const char *text, const char *said) {
	SCOPED(outcome_free) struct outcome outcome = check(schema, text, strlen(text));
	assert_int_equal(outcome.verdict, SPEC_BAD);
	assert_string_equal(outcome.said.data, said);
}

struct said_case {
	const struct schema *schema;
	const char *text;
	const char *messages[8]; /* all, in order; ends with NULL */
};

static void check_messages(const struct said_case *cases, size_t count) {
	for (size_t i = 0; i < count; i++) {
		SCOPED(outcome_free)
		struct outcome outcome = check(cases[i].schema, cases[i].text, strlen(cases[i].text));
		size_t expected = 0;
		while (cases[i].messages[expected])
			expected++;
		if (outcome.faults.count != expected)
			fail_msg("%s: %zu, not %zu: %s", cases[i].text, outcome.faults.count, expected,
				outcome.said.data);
		for (size_t j = 0; j < expected; j++)
			assert_string_equal(outcome.faults.list[j].message, cases[i].messages[j]);
	}
}

#define I(more) &schema_airuntime, "{" INSTANCE more "}"
#define COUNT_WORDS "gpuCount must be a whole number from 1 to 2147483647"

static void each_has_its_place(void **state) {
	(void)state;
	check_said(&schema_airuntime,
		"{\n"
		"  \"region\": \"in-west-1\",\n"
		"  \"templateID\": \"pytorch\",\n"
		"  \"gpuConfigID\": \"h200\", \"gpucount\": 2,\n"
		"  \"planId\": \"p\",\n"
		"  \"zone\": \"a\"\n"
		"}\n",
		"templateID must be a template's id: tpl-..., not \"pytorch\"\n"
		"line 3, column 17\n"
		"  \"templateID\": \"pytorch\",\n"
		"                ^\n"
		"unknown member \"gpucount\"; did you mean \"gpuCount\"?\n"
		"line 4, column 26\n"
		"  \"gpuConfigID\": \"h200\", \"gpucount\": 2,\n"
		"                         ^\n"
		"unknown member \"zone\"\n"
		"line 6, column 3\n"
		"  \"zone\": \"a\"\n"
		"  ^\n");
}

static void those_of_one_place_share_it(void **state) {
	(void)state;
	check_said(&schema_airuntime, "{\"region\":7,\"templateID\":\"tpl-a\"}",
		"region must be a string, not 7\n"
		"line 1, column 11\n"
		"{\"region\":7,\"templateID\":\"tpl-a\"}\n"
		"          ^\n"
		"gpuConfigID is required\n"
		"gpuCount is required\n"
		"planId is required\n"
		"line 1, column 33\n"
		"{\"region\":7,\"templateID\":\"tpl-a\"}\n"
		"                                ^\n");
}

/* Of many the first of the text are listed, also where they are found last, and the others are counted. */
static void more_than_can_be_listed(void **state) {
	(void)state;
	for (size_t count = SPEC_FAULTS_MAX - 1; count < SPEC_FAULTS_MAX + 4; count++) {
		SCOPED(buffer_free) struct buffer text = {0};
		buffer_add(&text, "{" INSTANCE ",\"storage\":{\"type\":\"nvme\"");
		for (size_t i = 1; i < count; i++)
			buffer_printf(&text, ",\"x%zu\":1", i);
		buffer_add(&text, "}}");
		SCOPED(outcome_free) struct outcome outcome = check(&schema_airuntime, text.data, text.len);
		size_t listed = count < SPEC_FAULTS_MAX ? count : SPEC_FAULTS_MAX;
		char last[64], more[64] = "";
		assert_int_equal(outcome.faults.count, count);
		assert_string_equal(outcome.faults.list[0].message,
			"storage.type must be \"ephemeral\" or \"persistent\", not \"nvme\"");
		snprintf(last, sizeof last, "unknown member \"x%zu\" in storage", listed - 1);
		assert_string_equal(outcome.faults.list[listed - 1].message, last);
		if (count > SPEC_FAULTS_MAX)
			snprintf(more, sizeof more, "^\nand %zu more\n", count - SPEC_FAULTS_MAX);
		else
			strcpy(more, "^\n");
		assert_string_equal(outcome.said.data + outcome.said.len - strlen(more), more);
		assert_true(count > SPEC_FAULTS_MAX || !strstr(outcome.said.data, "\nand "));
	}
}

/* A misspelt key is the member that it may have meant: that is not missing, and what it is is looked at. */
static void a_misspelt_key_is_one_fault(void **state) {
	(void)state;
	static const struct said_case cases[] = {
		{&schema_airuntime,
			"{\"regoin\":\"r\",\"templateID\":\"tpl-a\",\"gpuConfigId\":\"g\",\"gpu_count\":1,\"planId\":"
			"\"p\"}",
			{"unknown member \"regoin\"; did you mean \"region\"?",
				"unknown member \"gpuConfigId\"; did you mean \"gpuConfigID\"?",
				"unknown member \"gpu_count\"; did you mean \"gpuCount\"?"}},
		{&schema_airuntime,
			"{\"region\":\"r\",\"templateID\":\"tpl-a\",\"gpuConfigID\":\"g\",\"gpucount\":\"two\","
			"\"planId\":\"p\"}",
			{"unknown member \"gpucount\"; did you mean \"gpuCount\"?", COUNT_WORDS}},
		/* Which of two was meant is not known; there is none missing. */
		{&schema_airuntime,
			"{\"regoin\":\"\",\"regin\":1,\"templateID\":\"tpl-a\",\"gpuConfigID\":\"g\",\"gpuCount\":1,"
			"\"planId\":\"p\"}",
			{"unknown member \"regoin\"; did you mean \"region\"?", "region must not be empty",
				"unknown member \"regin\"; did you mean \"region\"?"}},
		/* It stands there already, before it or behind. */
		{I(",\"gpucount\":\"two\""), {"unknown member \"gpucount\"; did you mean \"gpuCount\"?"}},
		{&schema_airuntime, "{\"gpucount\":\"two\"," INSTANCE "}",
			{"unknown member \"gpucount\"; did you mean \"gpuCount\"?"}},
		/* Near to none: what is missing is missing. */
		{&schema_airuntime,
			"{\"region\":\"r\",\"templateID\":\"tpl-a\",\"gpuConfigID\":\"g\",\"gpus\":1,\"planId\":\"p\"}",
			{"unknown member \"gpus\"", "gpuCount is required"}},
		{&schema_airuntime, "{\"Name\":\"x\"," INSTANCE "}",
			{"unknown member \"Name\"; did you mean \"name\"?",
				"name must be left out or be \"my-name\", as the directory is called"}},
	};
	check_messages(cases, CASE_COUNT(cases));
}

static void nested(void **state) {
	(void)state;
	static const struct said_case cases[] = {
		{I(",\"customPorts\":[{\"name\":\"A\",\"containerPort\":0,\"x\":1},{},80],\"planid\":1"),
			{"customPorts[0].name must be lower-case letters, digits and hyphens, beginning and ending "
			 "with a letter or a digit, not \"A\"",
				"customPorts[0].containerPort must be a whole number from 1 to 65535, not 0",
				"unknown member \"x\" in customPorts[0]", "customPorts[1].name is required",
				"customPorts[1].containerPort is required", "customPorts[2] must be an object, not 80",
				"unknown member \"planid\"; did you mean \"planId\"?"}},
		/* A misspelt tag chooses, so that the rest is checked as what it is. */
		{I(",\"storage\":{\"Type\":\"ephemeral\",\"sizeGb\":21}"),
			{"unknown member \"Type\" in storage; did you mean \"type\"?",
				"storage.sizeGb must be a whole number from 1 to 20, not 21"}},
		{I(",\"storage\":{\"type\":\"persistent\",\"mod\":\"local\",\"sizeGb\":\"9\"}"),
			{"unknown member \"mod\" in storage; did you mean \"mode\"?",
				"unknown member \"sizeGb\" in storage; did you mean \"sizeGB\"?",
				"storage.sizeGB must be a whole number from 1 to 2147483647"}},
		/* No tag, or one that chooses nothing: what the variants need is not known. */
		{I(",\"storage\":{\"sizeGB\":\"9\",\"x\":1}"),
			{"unknown member \"x\" in storage", "storage.type is required"}},
		{I(",\"storage\":{\"x\":1,\"type\":\"nvme\",\"sizeGB\":\"9\"}"),
			{"unknown member \"x\" in storage",
				"storage.type must be \"ephemeral\" or \"persistent\", not \"nvme\""}},
		{I(",\"storage\":{\"type\":\"persistent\",\"sizeGB\":\"9\"},\"x\":1"),
			{"storage.mode is required", "unknown member \"x\""}},
		/* A rule about several values waits until each is right. */
		{I(",\"udpPortRanges\":[{\"startPort\":2000,\"endPort\":\"1999\"},{\"startPort\":2000,\"endPort\":1999}"
		   "]"),
			{"udpPortRanges[0].endPort must be a whole number from 1024 to 65535, not \"1999\"",
				"udpPortRanges[1]: endPort 1999 is below startPort 2000"}},
		{I(",\"storage\":{\"type\":\"persistent\",\"mode\":\"network\",\"sizegb\":1}"),
			{"unknown member \"sizegb\" in storage; did you mean \"sizeGB\"?"}},
		{&schema_aimodel, "{" MODEL ",\"config\":{\"max_num_seqs\":0,\"extra_args\":[\"a\",1,2]}}",
			{"config.max_num_seqs must be a whole number of at least 1, not 0",
				"config.extra_args[1] must be a string, not 1",
				"config.extra_args[2] must be a string, not 2"}},
	};
	check_messages(cases, CASE_COUNT(cases));
}

static void duplicates(void **state) {
	(void)state;
#define PORT(name, port) "{\"name\":\"" name "\",\"containerPort\":" port "}"
#define UDP(name) "{\"name\":\"" name "\",\"startPort\":3000,\"endPort\":3019}"
	static const struct said_case cases[] = {
		/* Each but the first, also beside what else is wrong. */
		{I(",\"customPorts\":[" PORT("a", "80") "," PORT("b", "0") "," PORT("a", "0") "," PORT("a", "80") "]"),
			{"customPorts[1].containerPort must be a whole number from 1 to 65535, not 0",
				"customPorts: elements 0 and 2 have the same name",
				"customPorts[2].containerPort must be a whole number from 1 to 65535, not 0",
				"customPorts: elements 0 and 3 have the same name"}},
		{I(",\"sshKeys\":[\"" ED25519 "\",\"" ED25519 "\",\"" ED25519 " me\",\"" ED25519 "\"]"),
			{"sshKeys[1] is the same as sshKeys[0]", "sshKeys[3] is the same as sshKeys[0]"}},
		{I(",\"udpPortRanges\":[" UDP("a") "," UDP("a") "," UDP("c") "," UDP("d") "]"),
			{"udpPortRanges: elements 0 and 1 have the same name",
				"udpPortRanges: all ranges together may have at most 64 ports, not 80"}},
		/* What is no string is wrong by itself. */
		{I(",\"sshKeys\":[5,5],\"customPorts\":[{\"name\":1,\"containerPort\":1},{\"name\":1,\"containerPort\":"
		   "1}]"),
			{"sshKeys[0] must be a string, not 5", "sshKeys[1] must be a string, not 5",
				"customPorts[0].name must be a string, not 1",
				"customPorts[1].name must be a string, not 1"}},
		/* Too many is one fault, whatever they are. */
		{I(",\"udpPortRanges\":[{\"startPort\":2000},{\"startPort\":2001},{\"startPort\":2002},{\"startPort\":"
		   "2003},{\"startPort\":2004},6,7,8]"),
			{"udpPortRanges must have at most 5 elements"}},
	};
	check_messages(cases, CASE_COUNT(cases));
	/* A key that stands twice is no JSON, and that is all that is said. */
	check_said(&schema_airuntime, "{\"gpucount\":1,\"region\":\"a\",\"region\":1}",
		"not valid JSON: a key that stands twice in one object\n"
		"line 1, column 28\n"
		"{\"gpucount\":1,\"region\":\"a\",\"region\":1}\n"
		"                           ^\n");
}

/* A misspelt key may be that of a secret. */
static void the_value_of_a_misspelt_key_is_hidden(void **state) {
	(void)state;
	check_said(&schema_template,
		"{\"Image\":\"hunter2\",\"description\":[],\"oci_registry_tokn\":[\"hunter2\"],\"Category\":22222}",
		"unknown member \"Image\"; did you mean \"image\"?\n"
		"line 1, column 2\n"
		"{\"*****\":\"*******\",\"description\":[],\"*****************\":[\"*******\"],\"********\":*****}\n"
		" ^\n"
		"image must be an image with its registry and a tag or digest, like ghcr.io/org/image:v1\n"
		"line 1, column 10\n"
		"{\"*****\":\"*******\",\"description\":[],\"*****************\":[\"*******\"],\"********\":*****}\n"
		"         ^\n"
		"description must be a string, not an array\n"
		"line 1, column 34\n"
		"{\"*****\":\"*******\",\"description\":[],\"*****************\":[\"*******\"],\"********\":*****}\n"
		"                                 ^\n"
		"unknown member \"oci_registry_tokn\"; did you mean \"oci_registry_token\"?\n"
		"line 1, column 37\n"
		"{\"*****\":\"*******\",\"description\":[],\"*****************\":[\"*******\"],\"********\":*****}\n"
		"                                    ^\n"
		"oci_registry_token must be a string\n"
		"line 1, column 57\n"
		"{\"*****\":\"*******\",\"description\":[],\"*****************\":[\"*******\"],\"********\":*****}\n"
		"                                                        ^\n"
		"unknown member \"Category\"; did you mean \"category\"?\n"
		"line 1, column 69\n"
		"{\"*****\":\"*******\",\"description\":[],\"*****************\":[\"*******\"],\"********\":*****}\n"
		"                                                                    ^\n"
		"category must be a string\n"
		"line 1, column 80\n"
		"{\"*****\":\"*******\",\"description\":[],\"*****************\":[\"*******\"],\"********\":*****}\n"
		"                                                                               ^\n");
}

/* A text that is wrong, with too little memory: told as that, never as fewer faults. */
static void every_allocation_may_fail(void **state) {
	(void)state;
	static const char text[] = "{\"region\":\"\",\"regoin\":\"r\",\"templateID\":\"x\",\"gpuConfigID\":\"g\","
				   "\"gpuCount\":0,\"planId\":\"p\",\"sshKeys\":[\"a\",\"a\"],\"customPorts\":[{"
				   "\"n\\u0061me\":\"A\",\"containerPort\":8}]}";
	bool failed = true;
	for (size_t n = 1; failed; n++) {
		struct buffer body = {0};
		struct spec_faults faults;
		alloc_arm(n);
		enum spec_verdict verdict = spec_check(&schema_airuntime, "x", text, strlen(text), &body, &faults);
		buffer_free(&body);
		failed = alloc_disarm();
		assert_int_equal(alloc_live(), 0);
		assert_int_equal(verdict, failed ? SPEC_NO_MEMORY : SPEC_BAD);
		assert_true(failed || faults.count == 8);
	}
	struct spec_faults faults;
	struct buffer body = {0};
	assert_int_equal(spec_check(&schema_airuntime, "x", text, strlen(text), &body, &faults), SPEC_BAD);
	failed = true;
	for (size_t n = 1; failed; n++) {
		struct buffer out = {0};
		alloc_arm(n);
		spec_faults_show(&faults, &out);
		int error = out.error;
		buffer_free(&out);
		failed = alloc_disarm();
		assert_int_equal(alloc_live(), 0);
		assert_int_equal(error, failed ? -ENOMEM : 0);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_its_place),
		cmocka_unit_test(those_of_one_place_share_it),
		cmocka_unit_test(more_than_can_be_listed),
		cmocka_unit_test(a_misspelt_key_is_one_fault),
		cmocka_unit_test(nested),
		cmocka_unit_test(duplicates),
		cmocka_unit_test(the_value_of_a_misspelt_key_is_hidden),
		cmocka_unit_test(every_allocation_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
