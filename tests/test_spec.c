/* The check of a spec.json before it may cost money: each rule of each table, the words, the caret, and the way back. */
#include "../api/scope.h"
#include "../fs/spec.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CASE_COUNT(cases) (sizeof(cases) / sizeof(*(cases)))

/* The required members of each kind; a case adds to them. */
#define INSTANCE                                                                                                       \
	"\"region\":\"as-south-1\",\"templateID\":\"tpl-pytorch\",\"gpuConfigID\":\"h200\",\"gpuCount\":1,\"planId\":\"p\""
#define MODEL                                                                                                          \
	"\"catalog_id\":\"meta-llama-3.1_8B\",\"region\":\"r\",\"gpu_config_id\":\"g\",\"gpu_count\":1,\"plan_id\":\"p\""
#define TEMPLATE "\"description\":\"d\",\"image\":\"ghcr.io/org/image:v1\",\"category\":\"LLM\""

#define ED25519 "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0ZyW5kb20gdGV4dCBmb3IgYSB0ZXN0IG9ubHkhISE"
#define TEN(x) x x x x x x x x x x

struct outcome {
	enum spec_verdict verdict;
	struct error err;
	struct buffer body;
};

static void outcome_free(struct outcome *outcome) {
	buffer_free(&outcome->body);
}

/* The text is copied to its exact size, so that a sanitizer sees each byte read too far. */
static struct outcome check(const struct schema *schema, const char *text, size_t len) {
	struct outcome outcome = {0};
	char *copy = malloc(len ? len : 1);
	assert_non_null(copy);
	memcpy(copy, text, len);
	outcome.verdict = spec_check(schema, "my-name", copy, len, &outcome.body, &outcome.err);
	free(copy);
	if (outcome.verdict == SPEC_GOOD) {
		assert_int_equal(outcome.err.code, 0);
	} else {
		assert_int_equal(outcome.err.code, EINVAL);
		assert_true(*outcome.err.message);
		assert_int_equal(outcome.body.len, 0);
	}
	return outcome;
}

struct good_case {
	const struct schema *schema;
	const char *text;
};

struct bad_case {
	const struct schema *schema;
	const char *text;
	const char *message;
	const char *at; /* what the text has at the place of the caret */
};

/* Looks whether the place is where `at` begins first in the text. */
static void check_place(const char *text, const char *at, const char *place) {
	const char *found = strstr(text, at);
	assert_non_null(found);
	size_t line;
	size_t column;
	char head[64];
	json_position(text, (size_t)(found - text), &line, &column);
	snprintf(head, sizeof(head), "line %zu, column %zu\n", line, column);
	if (strncmp(place, head, strlen(head)) != 0)
		fail_msg("%s\nis not at %s", place, head);
}

static void check_good(const struct good_case *cases, size_t count) {
	for (size_t i = 0; i < count; i++) {
		SCOPED(outcome_free) struct outcome outcome = check(cases[i].schema, cases[i].text, strlen(cases[i].text));
		if (outcome.verdict != SPEC_GOOD)
			fail_msg("%s: %s\n%s", cases[i].text, outcome.err.message, outcome.err.place);
		struct json root;
		assert_int_equal(json_scan(outcome.body.data, outcome.body.len, &root, NULL), JSON_OK);
		assert_true(json_string_is(json_member(root, "name"), "my-name"));
	}
}

static void check_bad(const struct bad_case *cases, size_t count) {
	for (size_t i = 0; i < count; i++) {
		SCOPED(outcome_free) struct outcome outcome = check(cases[i].schema, cases[i].text, strlen(cases[i].text));
		if (outcome.verdict != SPEC_BAD || strcmp(outcome.err.message, cases[i].message) != 0)
			fail_msg("%s: %d: %s, not: %s", cases[i].text, outcome.verdict, outcome.err.message, cases[i].message);
		check_place(cases[i].text, cases[i].at, outcome.err.place);
	}
}

#define I(more) &schema_airuntime, "{" INSTANCE more "}"
#define M(more) &schema_aimodel, "{" MODEL more "}"
#define T(more) &schema_template, "{" TEMPLATE more "}"

#define PORT(name) "{\"name\":\"" name "\",\"containerPort\":80}"
#define LABEL_WORDS "lower-case letters, digits and hyphens, beginning and ending with a letter or a digit"

static void instances_that_are_right(void **state) {
	(void)state;
	static const struct good_case cases[] = {
		{I("")},
		{I(",\"name\":\"my-name\"")},
		{I(",\"name\":\"my\\u002dname\"")},
		{I(",\"sshKeys\":[]")},
		{I(",\"sshKeys\":[\"" ED25519 "\"]")},
		{I(",\"sshKeys\":[\"" ED25519 "\",\"" ED25519 " me@host and more\"]")},
		{I(",\"sshKeys\":[\"ssh-rsa " TEN("AAAAAA") "==\"]")},
		{I(",\"customPorts\":[]")},
		{I(",\"customPorts\":[{\"name\":\"a\",\"containerPort\":1}]")},
		{I(",\"customPorts\":[{\"name\":\"abcdefghij-1234\",\"containerPort\":65535,\"protocol\":\"TCP\",\"serviceType\":\"External\"}]")},
		{I(",\"customPorts\":[" PORT("a") "," PORT("b") "," PORT("c") "," PORT("d") "," PORT("e") "," PORT("f") "," PORT("g") ","
		   PORT("h") "," PORT("i") "," PORT("j") "]")},
		{I(",\"udpPortRanges\":[{\"startPort\":1024}]")},
		{I(",\"udpPortRanges\":[{\"name\":\"rtp\",\"startPort\":65535,\"endPort\":65535},{\"startPort\":2000},{\"startPort\":2000}]")},
		{I(",\"udpPortRanges\":[{\"startPort\":2000,\"endPort\":2019}]")},
		{I(",\"udpPortRanges\":[{\"startPort\":2000,\"endPort\":2019},{\"startPort\":3000,\"endPort\":3019},"
		   "{\"startPort\":4000,\"endPort\":4019},{\"startPort\":5000,\"endPort\":5003}]")},
		{I(",\"storage\":{\"type\":\"ephemeral\"}")},
		{I(",\"storage\":{\"sizeGb\":1,\"type\":\"ephemeral\"}")},
		{I(",\"storage\":{\"type\":\"ephemeral\",\"sizeGb\":20}")},
		{I(",\"storage\":{\"type\":\"persistent\",\"mode\":\"local\",\"sizeGB\":100}")},
		{I(",\"storage\":{\"sizeGB\":100,\"mode\":\"local\",\"type\":\"persistent\",\"mountPath\":\"/data\"}")},
		{I(",\"storage\":{\"type\":\"persistent\",\"mode\":\"network\",\"sizeGB\":1,\"name\":\"v\",\"mountPath\":\"/m\"}")},
		{I(",\"storage\":{\"type\":\"persistent\",\"mode\":\"network\",\"existing_volume_id\":\"123e4567-E89b-12d3-a456-426614174000\"}")},
		{&schema_airuntime, " \n{\"gpuC\\u006funt\" : 2147483647,\"region\":\"\u00e9\",\"templateID\":\"tpl-a\",\"gpuConfigID\":\"x\",\"planId\":\"y\"}\n\t "},
	};
	check_good(cases, CASE_COUNT(cases));
}

static void instances_that_are_wrong(void **state) {
	(void)state;
	static const struct bad_case cases[] = {
		{&schema_airuntime, "{}", "region is required", "}"},
		{&schema_airuntime, "{\"region\":\"r\"}", "templateID is required", "}"},
		{&schema_airuntime, "{\"region\":\"r\",\"templateID\":\"tpl-a\"}", "gpuConfigID is required", "}"},
		{&schema_airuntime, "{\"region\":\"r\",\"templateID\":\"tpl-a\",\"gpuConfigID\":\"g\"}", "gpuCount is required", "}"},
		{&schema_airuntime, "{\"region\":\"r\",\"templateID\":\"tpl-a\",\"gpuConfigID\":\"g\",\"gpuCount\":1}", "planId is required", "}"},
		{&schema_airuntime, "{\"region\":5}", "region must be a string, not 5", "5"},
		{&schema_airuntime, "{\"region\":\"\"}", "region must not be empty", "\"\""},
		{&schema_airuntime, "{\"region\":null}", "region must be a string, not null", "null"},
		{&schema_airuntime, "{\"templateID\":\"pytorch\"}", "templateID must be a template's id: tpl-..., not \"pytorch\"", "\"pytorch\""},
		{&schema_airuntime, "{\"templateID\":[]}", "templateID must be a string, not an array", "[]"},
		{&schema_airuntime, "{\"gpuConfigID\":\"\"}", "gpuConfigID must not be empty", "\"\""},
		{&schema_airuntime, "{\"planId\":\"\"}", "planId must not be empty", "\"\""},
		{&schema_airuntime, "{\"planId\":{}}", "planId must be a string, not an object", "{}"},
		{&schema_airuntime, "{\"gpuCount\":\"four\"}", "gpuCount must be a whole number from 1 to 2147483647, not \"four\"", "\"four\""},
		{&schema_airuntime, "{\"gpuCount\":0}", "gpuCount must be a whole number from 1 to 2147483647, not 0", "0"},
		{&schema_airuntime, "{\"gpuCount\":-1}", "gpuCount must be a whole number from 1 to 2147483647, not -1", "-1"},
		{&schema_airuntime, "{\"gpuCount\":1.0}", "gpuCount must be a whole number from 1 to 2147483647, not 1.0", "1.0"},
		{&schema_airuntime, "{\"gpuCount\":2147483648}", "gpuCount must be a whole number from 1 to 2147483647, not 2147483648", "2147483648"},
		{&schema_airuntime, "{\"gpuCount\":99999999999999999999}",
		 "gpuCount must be a whole number from 1 to 2147483647, not 99999999999999999999", "9999"},
		{&schema_airuntime, "{\"gpuCount\":true}", "gpuCount must be a whole number from 1 to 2147483647, not true", "true"},
		{&schema_airuntime, "{\"name\":\"other\"}",
		 "name must be left out or be \"my-name\", as the directory is called, not \"other\"", "\"other\""},
		{&schema_airuntime, "{\"name\":1}", "name must be a string, not 1", "1"},
		{&schema_airuntime, "{\"gpucount\":1}", "unknown member \"gpucount\"; did you mean \"gpuCount\"?", "\"gpucount\""},
		{&schema_airuntime, "{\"gpu_count\":1}", "unknown member \"gpu_count\"; did you mean \"gpuCount\"?", "\"gpu_count\""},
		{&schema_airuntime, "{\"gpuConfigId\":1}", "unknown member \"gpuConfigId\"; did you mean \"gpuConfigID\"?", "\"gpuConfigId\""},
		{&schema_airuntime, "{\"Name\":1}", "unknown member \"Name\"; did you mean \"name\"?", "\"Name\""},
		{&schema_airuntime, "{\"regoin\":1}", "unknown member \"regoin\"; did you mean \"region\"?", "\"regoin\""},
		{&schema_airuntime, "{\"status\":1}", "unknown member \"status\"", "\"status\""},
		{&schema_airuntime, "{\"\":1}", "unknown member \"\"", "\"\""},
		{I(",\"sshKeys\":null"), "sshKeys must be an array, not null", "null"},
		{I(",\"sshKeys\":[5]"), "sshKeys[0] must be a string, not 5", "5]"},
		{I(",\"sshKeys\":[\"ssh-rsa AAAA\"]"), "sshKeys[0] must have 50 to 2000 characters, not 12", "\"ssh-rsa AAAA\""},
		{I(",\"sshKeys\":[\"ssh-ecc " TEN("AAAAAA") "\"]"),
		 "sshKeys[0] must be a public key as in id_ed25519.pub: ssh-ed25519 or ssh-rsa, the key in base64, a comment, "
		 "not \"ssh-ecc AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA...",
		 "\"ssh-ecc"},
		{I(",\"sshKeys\":[\"" ED25519 "\\nssh-rsa A\\n\"]"),
		 "sshKeys[0] must be a public key as in id_ed25519.pub: ssh-ed25519 or ssh-rsa, the key in base64, a comment, "
		 "not \"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0...",
		 "\"ssh-ed25519"},
		{I(",\"sshKeys\":[\"" ED25519 "\",\"" ED25519 " b\",\"ssh-ed25519\\u0020AAAAC3NzaC1lZDI1NTE5AAAAIJ0ZyW5kb20gdGV4dCBmb3IgYSB0ZXN0IG9ubHkhISE\"]"),
		 "sshKeys[2] is the same as sshKeys[0]", "\"ssh-ed25519\\u0020"},
		/* e 65537 and n of 1024 bits */
		{I(",\"sshKeys\":[\"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQD" TEN("////////") "////////\"]"),
		 "sshKeys[0]: an RSA key must have at least 2048 bits, not 1024", "\"ssh-rsa"},
		{I(",\"customPorts\":{}"), "customPorts must be an array, not an object", "{}"},
		{I(",\"customPorts\":[80]"), "customPorts[0] must be an object, not 80", "80"},
		{I(",\"customPorts\":[{}]"), "customPorts[0].name is required", "}]"},
		{I(",\"customPorts\":[{\"name\":\"a\"}]"), "customPorts[0].containerPort is required", "}]"},
		{I(",\"customPorts\":[" PORT("a") "," PORT("-b") "]"), "customPorts[1].name must be " LABEL_WORDS ", not \"-b\"", "\"-b\""},
		{I(",\"customPorts\":[" PORT("A") "]"), "customPorts[0].name must be " LABEL_WORDS ", not \"A\"", "\"A\""},
		{I(",\"customPorts\":[" PORT("") "]"), "customPorts[0].name must not be empty", "\"\""},
		{I(",\"customPorts\":[" PORT("abcdefghij-12345") "]"), "customPorts[0].name must have 1 to 15 characters, not 16", "\"abcdefghij"},
		{I(",\"customPorts\":[{\"containerPort\":0}]"), "customPorts[0].containerPort must be a whole number from 1 to 65535, not 0", "0}"},
		{I(",\"customPorts\":[{\"containerPort\":65536}]"),
		 "customPorts[0].containerPort must be a whole number from 1 to 65535, not 65536", "65536"},
		{I(",\"customPorts\":[{\"protocol\":\"UDP\"}]"), "customPorts[0].protocol must be \"TCP\", not \"UDP\"", "\"UDP\""},
		{I(",\"customPorts\":[{\"serviceType\":\"Internal\"}]"), "customPorts[0].serviceType must be \"External\", not \"Internal\"",
		 "\"Internal\""},
		{I(",\"customPorts\":[{\"containerport\":1}]"),
		 "unknown member \"containerport\" in customPorts[0]; did you mean \"containerPort\"?", "\"containerport\""},
		{I(",\"customPorts\":[" PORT("a") "," PORT("b") "," PORT("\\u0061") "]"), "customPorts: elements 0 and 2 have the same name",
		 "\"\\u0061\""},
		{I(",\"customPorts\":[" PORT("a") "," PORT("b") "," PORT("c") "," PORT("d") "," PORT("e") "," PORT("f") "," PORT("g") ","
		   PORT("h") "," PORT("i") "," PORT("j") ",11]"),
		 "customPorts must have at most 10 elements", "11]"},
		{I(",\"udpPortRanges\":[{}]"), "udpPortRanges[0].startPort is required", "}]"},
		{I(",\"udpPortRanges\":[{\"startPort\":1023}]"), "udpPortRanges[0].startPort must be a whole number from 1024 to 65535, not 1023", "1023"},
		{I(",\"udpPortRanges\":[{\"startPort\":65536}]"),
		 "udpPortRanges[0].startPort must be a whole number from 1024 to 65535, not 65536", "65536"},
		{I(",\"udpPortRanges\":[{\"startPort\":2000,\"endPort\":1023}]"),
		 "udpPortRanges[0].endPort must be a whole number from 1024 to 65535, not 1023", "1023"},
		{I(",\"udpPortRanges\":[{\"startPort\":2000,\"endPort\":65536}]"),
		 "udpPortRanges[0].endPort must be a whole number from 1024 to 65535, not 65536", "65536"},
		{I(",\"udpPortRanges\":[{\"startPort\":2000,\"endPort\":1999}]"), "udpPortRanges[0]: endPort 1999 is below startPort 2000", "1999"},
		{I(",\"udpPortRanges\":[{\"startPort\":2000,\"endPort\":2020}]"), "udpPortRanges[0]: a range may span at most 20 ports, not 21", "2020"},
		{I(",\"udpPortRanges\":[{\"startPort\":2000,\"endPort\":2019},{\"startPort\":3000,\"endPort\":3019},"
		   "{\"startPort\":4000,\"endPort\":4019},{\"startPort\":5000,\"endPort\":5004}]"),
		 "udpPortRanges: all ranges together may have at most 64 ports, not 65", "{\"startPort\":5000"},
		{I(",\"udpPortRanges\":[{\"startPort\":2000,\"name\":\"x\"},{\"startPort\":3000,\"name\" : \"x\"}]"),
		 "udpPortRanges: elements 0 and 1 have the same name", "\"x\"}]"},
		{I(",\"udpPortRanges\":[{\"startPort\":2000,\"name\":\"x-\"}]"), "udpPortRanges[0].name must be " LABEL_WORDS ", not \"x-\"", "\"x-\""},
		{I(",\"udpPortRanges\":[{\"startPort\":2000,\"name\":\"abcdefghij-12345\"}]"),
		 "udpPortRanges[0].name must have 1 to 15 characters, not 16", "\"abcdefghij"},
		{I(",\"udpPortRanges\":[{\"startPort\":2000},{\"startPort\":2001},{\"startPort\":2002},{\"startPort\":2003},{\"startPort\":2004},6]"),
		 "udpPortRanges must have at most 5 elements", "6]"},
		{I(",\"storage\":7"), "storage must be an object, not 7", "7"},
		{I(",\"storage\":{}"), "storage.type is required", "}}"},
		{I(",\"storage\":{\"Type\":\"ephemeral\"}"), "unknown member \"Type\" in storage; did you mean \"type\"?", "\"Type\""},
		{I(",\"storage\":{\"type\":\"nvme\"}"), "storage.type must be \"ephemeral\" or \"persistent\", not \"nvme\"", "\"nvme\""},
		{I(",\"storage\":{\"type\":3}"), "storage.type must be \"ephemeral\" or \"persistent\", not 3", "3}"},
		{I(",\"storage\":{\"type\":\"ephemeral\",\"sizeGb\":0}"), "storage.sizeGb must be a whole number from 1 to 20, not 0", "0}"},
		{I(",\"storage\":{\"type\":\"ephemeral\",\"sizeGb\":21}"), "storage.sizeGb must be a whole number from 1 to 20, not 21", "21"},
		{I(",\"storage\":{\"type\":\"ephemeral\",\"sizeGB\":10}"), "unknown member \"sizeGB\" in storage; did you mean \"sizeGb\"?", "\"sizeGB\""},
		{I(",\"storage\":{\"type\":\"ephemeral\",\"mode\":\"local\"}"), "unknown member \"mode\" in storage", "\"mode\""},
		{I(",\"storage\":{\"type\":\"persistent\"}"), "storage.mode is required", "}}"},
		{I(",\"storage\":{\"type\":\"persistent\",\"mode\":\"nfs\"}"), "storage.mode must be \"local\" or \"network\", not \"nfs\"", "\"nfs\""},
		{I(",\"storage\":{\"type\":\"persistent\",\"mode\":\"local\"}"), "storage.sizeGB is required", "}}"},
		{I(",\"storage\":{\"type\":\"persistent\",\"mode\":\"local\",\"sizeGB\":0}"),
		 "storage.sizeGB must be a whole number from 1 to 2147483647, not 0", "0}"},
		{I(",\"storage\":{\"type\":\"persistent\",\"mode\":\"local\",\"sizeGb\":9}"),
		 "unknown member \"sizeGb\" in storage; did you mean \"sizeGB\"?", "\"sizeGb\""},
		{I(",\"storage\":{\"type\":\"persistent\",\"mode\":\"local\",\"sizeGB\":9,\"mountPath\":\"\"}"), "storage.mountPath must not be empty", "\"\""},
		{I(",\"storage\":{\"type\":\"persistent\",\"mode\":\"local\",\"name\":\"v\"}"), "unknown member \"name\" in storage", "\"name\""},
		{I(",\"storage\":{\"type\":\"persistent\",\"mode\":\"network\"}"),
		 "storage: sizeGB (of a new volume) or existing_volume_id is required", "}}"},
		{I(",\"storage\":{\"type\":\"persistent\",\"mode\":\"network\",\"sizeGB\":1,\"existing_volume_id\":\"123e4567-e89b-12d3-a456-426614174000\"}"),
		 "storage: sizeGB (of a new volume) and existing_volume_id exclude each other", "\"123e"},
		{I(",\"storage\":{\"type\":\"persistent\",\"mode\":\"network\",\"existing_volume_id\":\"123e4567\"}"),
		 "storage.existing_volume_id must be a UUID, like 123e4567-e89b-12d3-a456-426614174000, not \"123e4567\"", "\"123e"},
		{I(",\"storage\":{\"type\":\"persistent\",\"mode\":\"network\",\"name\":\"\"}"), "storage.name must not be empty", "\"\""},
		{I(",\"storage\":{\"type\":\"persistent\",\"mode\":\"network\",\"sizeGB\":2147483648}"),
		 "storage.sizeGB must be a whole number from 1 to 2147483647, not 2147483648", "2147483648"},
	};
	check_bad(cases, CASE_COUNT(cases));
}

static void models(void **state) {
	(void)state;
	static const struct good_case good[] = {
		{M("")},
		{M(",\"name\":\"my-name\"")},
		{M(",\"config\":{}")},
		{M(",\"config\":{\"max_model_len\":1,\"max_num_seqs\":9223372036854775807,\"extra_args\":[]}")},
		{M(",\"config\":{\"extra_args\":[\"--x\",\"\",\"--x\"],\"other\":{\"a\":[null]},\"Max_Model_Len\":\"x\"}")},
	};
	static const struct bad_case bad[] = {
		{&schema_aimodel, "{}", "catalog_id is required", "}"},
		{&schema_aimodel, "{\"catalog_id\":\"a\"}", "region is required", "}"},
		{&schema_aimodel, "{\"catalog_id\":\"a\",\"region\":\"r\"}", "gpu_config_id is required", "}"},
		{&schema_aimodel, "{\"catalog_id\":\"a\",\"region\":\"r\",\"gpu_config_id\":\"g\"}", "gpu_count is required", "}"},
		{&schema_aimodel, "{\"catalog_id\":\"a\",\"region\":\"r\",\"gpu_config_id\":\"g\",\"gpu_count\":1}", "plan_id is required", "}"},
		{&schema_aimodel, "{\"catalog_id\":\"meta/llama\"}",
		 "catalog_id must be the catalog's id: letters, digits, '_', '-' and '.', without a slash, not \"meta/llama\"", "\"meta"},
		{&schema_aimodel, "{\"catalog_id\":\"\"}",
		 "catalog_id must be the catalog's id: letters, digits, '_', '-' and '.', without a slash, not \"\"", "\"\""},
		{&schema_aimodel, "{\"region\":\"\"}", "region must not be empty", "\"\""},
		{&schema_aimodel, "{\"gpu_config_id\":\"\"}", "gpu_config_id must not be empty", "\"\""},
		{&schema_aimodel, "{\"plan_id\":\"\"}", "plan_id must not be empty", "\"\""},
		{&schema_aimodel, "{\"gpu_count\":\"four\"}", "gpu_count must be a whole number of at least 1, not \"four\"", "\"four\""},
		{&schema_aimodel, "{\"gpu_count\":0}", "gpu_count must be a whole number of at least 1, not 0", "0"},
		{&schema_aimodel, "{\"gpuCount\":1}", "unknown member \"gpuCount\"; did you mean \"gpu_count\"?", "\"gpuCount\""},
		{&schema_aimodel, "{\"replicas\":1}", "unknown member \"replicas\"", "\"replicas\""},
		{M(",\"config\":[]"), "config must be an object, not an array", "[]"},
		{M(",\"config\":{\"max_model_len\":\"1\"}"), "config.max_model_len must be a whole number of at least 1, not \"1\"", "\"1\""},
		{M(",\"config\":{\"max_num_seqs\":0}"), "config.max_num_seqs must be a whole number of at least 1, not 0", "0}"},
		{M(",\"config\":{\"extra_args\":\"--x\"}"), "config.extra_args must be an array, not \"--x\"", "\"--x\""},
		{M(",\"config\":{\"extra_args\":[\"a\",1.5]}"), "config.extra_args[1] must be a string, not 1.5", "1.5"},
	};
	check_good(good, CASE_COUNT(good));
	check_bad(bad, CASE_COUNT(bad));
}

static void templates(void **state) {
	(void)state;
#define IMAGE(image) &schema_template, "{\"description\":\"d\",\"category\":\"c\",\"image\":\"" image "\"}"
#define NOT_IMAGE(image)                                                                                               \
	{                                                                                                              \
		IMAGE(image), "image must be an image with its registry and a tag or digest, like ghcr.io/org/image:v1, not \"" image "\"", \
			"\"" image "\""                                                                                \
	}
	static const struct good_case good[] = {
		{T("")},
		{T(",\"oci_registry_username\":\"u\",\"oci_registry_token\":\"t\"")},
		{T(",\"oci_registry_username\":\"\",\"oci_registry_token\":\"\"")},
		{IMAGE("localhost/x:1")}, {IMAGE("registry:5000/a/b:latest")}, {IMAGE("docker.io/library/ubuntu:24.04")},
		{IMAGE("ghcr.io:443/a-b/c__d.e/f_g:V1.0-x_Y")}, {IMAGE("q.io/a@sha256:0123456789abcdef0123456789abcdef")},
		{IMAGE("q.io/a:1@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")},
	};
	static const struct bad_case bad[] = {
		{&schema_template, "{}", "description is required", "}"},
		{&schema_template, "{\"description\":\"\"}", "image is required", "}"},
		{&schema_template, "{\"description\":\"\",\"image\":\"a.b/c:1\"}", "category is required", "}"},
		{&schema_template, "{\"description\":1}", "description must be a string, not 1", "1"},
		{&schema_template, "{\"category\":[]}", "category must be a string, not an array", "[]"},
		{&schema_template, "{\"oci_registry_username\":1}", "oci_registry_username must be a string, not 1", "1"},
		{&schema_template, "{\"oci_registry_token\":1}", "oci_registry_token must be a string", "1"},
		{&schema_template, "{\"Image\":1}", "unknown member \"Image\"; did you mean \"image\"?", "\"Image\""},
		{&schema_template, "{\"apps\":[]}", "unknown member \"apps\"", "\"apps\""},
		NOT_IMAGE(""), NOT_IMAGE("ghcr.io/org/image"), NOT_IMAGE("ubuntu:24.04"), NOT_IMAGE("org/image:v1"), NOT_IMAGE("ghcr.io/Org/image:v1"),
		NOT_IMAGE("ghcr.io/org/image:"), NOT_IMAGE("ghcr.io/org/image:a b"), NOT_IMAGE("ghcr.io/org/image@sha256:12"), NOT_IMAGE("ghcr.io//image:v1"),
		NOT_IMAGE("https://ghcr.io/a:v1"), NOT_IMAGE("ghcr.io/image:-v"),
	};
	check_good(good, CASE_COUNT(good));
	check_bad(bad, CASE_COUNT(bad));
}

static void names(void **state) {
	(void)state;
#define LABEL_63 "a23456789-123456789-123456789-123456789-123456789-123456789-123"
#define LABEL_30 "a23456789-123456789-123456789z"
	static const struct {
		const struct schema *schema;
		const char *name;
		const char *message; /* NULL: right */
	} cases[] = {
		{&schema_airuntime, "a", NULL},
		{&schema_airuntime, "0-a", NULL},
		{&schema_airuntime, LABEL_63, NULL},
		{&schema_airuntime, LABEL_63 "4", "name must have 1 to 63 characters, not 64"},
		{&schema_airuntime, "", "name must not be empty"},
		{&schema_airuntime, "A", "name must be " LABEL_WORDS ", not \"A\""},
		{&schema_airuntime, "-a", "name must be " LABEL_WORDS ", not \"-a\""},
		{&schema_airuntime, "a-", "name must be " LABEL_WORDS ", not \"a-\""},
		{&schema_airuntime, "a.b", "name must be " LABEL_WORDS ", not \"a.b\""},
		{&schema_airuntime, "a\n", "name must be " LABEL_WORDS ", not \"a\\u000a\""},
		{&schema_airuntime, "\xFF", "name must be " LABEL_WORDS ", not \"?\""},
		{&schema_airuntime, "\u00e9", "name must be " LABEL_WORDS ", not \"\u00e9\""},
		{&schema_aimodel, "abc", NULL},
		{&schema_aimodel, LABEL_30, NULL},
		{&schema_aimodel, LABEL_30 "1", "name must have 3 to 30 characters, not 31"},
		{&schema_aimodel, "ab", "name must have 3 to 30 characters, not 2"},
		{&schema_aimodel, "ab_c", "name must be " LABEL_WORDS ", not \"ab_c\""},
		{&schema_template, "My image_1 - x", NULL},
		{&schema_template, TEN("0123456789"), NULL},
		{&schema_template, TEN("0123456789") "0", "name must have 3 to 100 characters, not 101"},
		{&schema_template, "ab", "name must have 3 to 100 characters, not 2"},
		{&schema_template, "a.b", "name must be letters, digits, spaces, hyphens and underscores, not \"a.b\""},
		{&schema_template, "a\tb", "name must be letters, digits, spaces, hyphens and underscores, not \"a\\u0009b\""},
	};
	for (size_t i = 0; i < CASE_COUNT(cases); i++) {
		struct error err = {0};
		int status = spec_name_check(cases[i].schema, cases[i].name, &err);
		assert_int_equal(status, cases[i].message ? -EINVAL : 0);
		assert_int_equal(spec_name_check(cases[i].schema, cases[i].name, NULL), status);
		assert_string_equal(err.message, cases[i].message ? cases[i].message : "");
		assert_string_equal(err.place, "");
	}
	/* A good text for a name that cannot be is not sent either. */
	SCOPED(buffer_free) struct buffer body = {0};
	static const char text[] = "{" INSTANCE "}";
	assert_int_equal(spec_check(&schema_airuntime, "A", text, strlen(text), &body, NULL), SPEC_BAD);
	assert_int_equal(body.len, 0);
}

static void places_have_a_caret(void **state) {
	(void)state;
	static const struct {
		const char *text, *place;
	} cases[] = {
		{"{\"gpuCount\":\"four\"}", "line 1, column 13\n{\"gpuCount\":\"four\"}\n            ^"},
		{"{\n\t\"region\": \"\u00e9\u20ac\",\t\"x\": 1\n}", "line 2, column 18\n\t\"region\": \"\u00e9\u20ac\",\t\"x\": 1\n\t               \t^"},
		{"{\r\n  \"gpuCount\": 0\r\n}", "line 2, column 15\n  \"gpuCount\": 0\n              ^"},
		{"{\n}\n", "line 2, column 1\n}\n^"},
		{"[1]", "line 1, column 1\n[1]\n^"},
		{"{\"region\":\"a\x1b\"}", "line 1, column 13\n{\"region\":\"a?\"}\n            ^"},
		{"{\"region\":\"a\xFF\"}", "line 1, column 13\n{\"region\":\"a?\"}\n            ^"},
		{"{\"region\":\"a\xC2\x9B\",}", "line 1, column 16\n{\"region\":\"a?\",}\n               ^"},
		{"{\"a\":1}x", "line 1, column 8\n{\"a\":1}x\n       ^"},
		{"{\"region\":\"0123456789\",\"name\":\"my-name\",\"planId\":\"0123456789\",\"gpuConfigID\":\"0123456789\",\"gpuCount\":0,\"templateID\":\"tpl-a\"}",
		 "line 1, column 102\n...name\",\"planId\":\"0123456789\",\"gpuConfigID\":\"0123456789\",\"gpuCount\":0,\"templateID\":\"tpl-a\"}\n"
		 "                                                                       ^"},
	};
	for (size_t i = 0; i < CASE_COUNT(cases); i++) {
		SCOPED(outcome_free) struct outcome outcome = check(&schema_airuntime, cases[i].text, strlen(cases[i].text));
		assert_int_equal(outcome.verdict, SPEC_BAD);
		assert_string_equal(outcome.err.place, cases[i].place);
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
	char *line = strchr(outcome.err.place, '\n');
	assert_non_null(line);
	char *caret = strchr(line + 1, '\n');
	assert_non_null(caret);
	assert_memory_equal(line, "\n...\U0001F600", 8);
	assert_memory_equal(caret - 7, "\U0001F600...", 7);
	size_t column = strspn(caret + 1, " ");
	assert_string_equal(caret + 1 + column, "^");
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
	static const char text[] = "{" INSTANCE ",\n\"customPorts\":[{\"name\":\"a\",\"containerPort\":8080}],\"storage\":{\"type\":\"ephemeral\"}\n}";
	for (size_t len = 0; len < strlen(text); len++) {
		SCOPED(outcome_free) struct outcome outcome = check(&schema_airuntime, text, len);
		assert_int_equal(outcome.verdict, SPEC_INCOMPLETE);
		assert_true(len == 0 || *outcome.err.place);
	}
	SCOPED(outcome_free) struct outcome whole = check(&schema_airuntime, text, strlen(text));
	assert_int_equal(whole.verdict, SPEC_GOOD);
	SCOPED(outcome_free) struct outcome half = check(&schema_airuntime, "{\"region\":\n\n", 12);
	assert_int_equal(half.verdict, SPEC_INCOMPLETE);
	assert_string_equal(half.err.message, "not complete: the text ends before a value");
	assert_string_equal(half.err.place, "line 1, column 11\n{\"region\":\n          ^");
	SCOPED(outcome_free) struct outcome empty = check(&schema_airuntime, " \n", 2);
	assert_int_equal(empty.verdict, SPEC_INCOMPLETE);
	assert_string_equal(empty.err.message, "not complete: the text is empty");
	assert_string_equal(empty.err.place, "");
}

static void hopeless_texts_are_bad(void **state) {
	(void)state;
	static const struct bad_case cases[] = {
		{&schema_airuntime, "[", "a spec is a JSON object and begins with {", "["},
		{&schema_airuntime, " null", "a spec is a JSON object and begins with {", "null"},
		{&schema_airuntime, "\"{", "a spec is a JSON object and begins with {", "\"{"},
		{&schema_airuntime, "\xEF\xBB\xBF{}", "a spec is a JSON object and begins with {", "\xEF"},
		{&schema_airuntime, "{]", "not valid JSON: a key must stand here, in double quotes", "]"},
		{&schema_airuntime, "{\"region\":\"a\",\"region\":\"b\"", "not valid JSON: a key that stands twice in one object", "\"region\":\"b\""},
		{&schema_airuntime, "{\"region\":\"a\",}", "not valid JSON: a comma before the closing brace", "}"},
		{&schema_airuntime, "{\"region\":\"a\n\"}", "not valid JSON: a string that is not closed on its line", "\n"},
		{&schema_airuntime, "{\"a\":" TEN("[[[["), "more than can be taken: nested too deeply", "[[[[[[[[["},
	};
	/* The last one's place lies behind what is searched for. */
	check_bad(cases, CASE_COUNT(cases) - 1);
	SCOPED(outcome_free) struct outcome deep = check(&schema_airuntime, cases[8].text, strlen(cases[8].text));
	assert_int_equal(deep.verdict, SPEC_BAD);
	assert_string_equal(deep.err.message, cases[8].message);
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
	assert_string_equal(large.err.message, "the text is larger than 1 MiB");
	assert_string_equal(large.err.place, "");
	free(text);
}

static void body_is_the_text(void **state) {
	(void)state;
	static const char text[] = " { \"gpu_count\" : 1 , \"config\" : { \"t\" : 1.50e-7 , \"n\":12345678901234567890 , \"extra_args\":[ \"a  b\\u0041\" ] },\n"
				   "\"name\" : \"my-name\", \"catalog_id\":\"c\",\"region\":\"r\",\"gpu_config_id\":\"g\",\"plan_id\":\"p\" } ";
	SCOPED(outcome_free) struct outcome outcome = check(&schema_aimodel, text, strlen(text));
	assert_int_equal(outcome.verdict, SPEC_GOOD);
	assert_string_equal(outcome.body.data, "{\"name\":\"my-name\",\"gpu_count\":1,\"config\":{\"t\":1.50e-7,\"n\":12345678901234567890,"
					       "\"extra_args\":[\"a  b\\u0041\"]},\"catalog_id\":\"c\",\"region\":\"r\",\"gpu_config_id\":\"g\","
					       "\"plan_id\":\"p\"}");
}

/* Wherever and however a text with a secret is broken, the secret is not shown. */
static void secrets_stay_hidden(void **state) {
	(void)state;
#define SECRET "ghp_S3cretT0ken"
	static const char *const texts[] = {
		"{\"oci_registry_token\":\"" SECRET "\",\"description\":1}", "{\"oci_registry_token\":\"" SECRET "\"}",
		"{\"oci_registry_token\":[\"" SECRET "\"]}", "{\"oci_registry_tokn\":\"" SECRET "\"}", "{\"oci_registry_token\":\"" SECRET,
		"{\"oci_registry_token\":\"" SECRET "\n\"}", "{\"oci_registry_token\":\"" SECRET "\x01\"}", "{\"oci_registry_token: \"" SECRET "\"}",
		"{\"oci_registry_token\":" SECRET "}", "{\"oci_registry_token\":'" SECRET "'}", "\"oci_registry_token\":\"" SECRET "\"",
		"{\"image\":\"x\",\"oci_registry_token\":\"" SECRET "\"}", "{\"description\":\"a\"\"oci_registry_token\":\"" SECRET "\"}",
		"{\"oci_registry_token\":\"a," SECRET "\",\"oci_registry_token\":\"" SECRET "\"}", "{\"oci_registry_token\":\"" SECRET "\\q\"}",
		"{\"name\":\"x\",\"OCI_REGISTRY_TOKEN\":\"" SECRET "\"}",
	};
	for (size_t i = 0; i < CASE_COUNT(texts); i++) {
		SCOPED(outcome_free) struct outcome outcome = check(&schema_template, texts[i], strlen(texts[i]));
		assert_int_not_equal(outcome.verdict, SPEC_GOOD);
		assert_null(strstr(outcome.err.message, "S3cret"));
		assert_null(strstr(outcome.err.place, "S3cret"));
		assert_null(strstr(outcome.err.message, "T0ken"));
		assert_null(strstr(outcome.err.place, "T0ken"));
	}
	static const char text[] = "{\"oci_registry_token\": \"" SECRET "\", \"category\": 12}";
	SCOPED(outcome_free) struct outcome outcome = check(&schema_template, text, strlen(text));
	assert_string_equal(outcome.err.place, "line 1, column 55\n{\"oci_registry_token\": \"***************\", \"category\": **}\n"
					       "                                                      ^");
}

/* Each byte of a good text replaced by each other one: never a crash, and what passes is an object of that name. */
static void every_mutation_is_safe(void **state) {
	(void)state;
	static const char text[] =
		"{" INSTANCE ",\"udpPortRanges\":[{\"startPort\":2000}],\"storage\":{\"type\":\"persistent\",\"mode\":\"local\",\"sizeGB\":9}}";
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
#define ANSWER                                                                                                         \
	"\"id\":\"u\",\"name\":\"n\",\"region\":\"r\",\"project\":\"p\",\"gpuConfigID\":\"g\",\"planId\":\"pl\",\"templateID\":\"tpl-t\","        \
	"\"templateName\":null,\"gpuCount\":2,\"status\":\"Running\""
#define SPEC_OF(more)                                                                                                  \
	"{\n  \"region\": \"r\",\n  \"templateID\": \"tpl-t\",\n  \"gpuConfigID\": \"g\",\n  \"gpuCount\": 2,\n  \"planId\": \"pl\"" more "\n}\n"
	static const struct {
		const char *more, *spec;
	} cases[] = {
		{"", SPEC_OF("")},
		{",\"storage\":null,\"sshKeys\":null,\"customPorts\":[]", SPEC_OF(",\n  \"customPorts\": []")},
		{",\"storage\":{\"id\":\"v\",\"type\":\"ephemeral\",\"subType\":\"local\",\"name\":\"x\",\"sizeGB\":20,\"planId\":\"y\"}",
		 SPEC_OF(",\n  \"storage\": {\n    \"type\": \"ephemeral\",\n    \"sizeGb\": 20\n  }")},
		{",\"storage\":{\"id\":\"v\",\"type\":\"persistent\",\"subType\":\"local\",\"name\":\"x\",\"sizeGB\":200}",
		 SPEC_OF(",\n  \"storage\": {\n    \"type\": \"persistent\",\n    \"mode\": \"local\",\n    \"sizeGB\": 200\n  }")},
		{",\"storage\":{\"id\":\"v\",\"type\":\"persistent\",\"subType\":\"network\",\"name\":\"x\",\"sizeGB\":200}",
		 SPEC_OF(",\n  \"storage\": {\n    \"type\": \"persistent\",\n    \"mode\": \"network\",\n    \"name\": \"x\",\n    \"sizeGB\": 200\n  }")},
		/* What cannot be said in a request is left out. */
		{",\"storage\":{\"type\":\"persistent\",\"sizeGB\":200}", SPEC_OF("")},
		{",\"storage\":{\"type\":\"tape\"}", SPEC_OF("")},
		{",\"storage\":{}", SPEC_OF("")},
		{",\"customPorts\":[{\"name\":\"a\",\"containerPort\":80,\"protocol\":\"TCP\",\"nodePort\":31000}],\"udpPortRanges\":[{\"startPort\":2000,"
		 "\"endPort\":2001,\"name\":null}]",
		 SPEC_OF(",\n  \"customPorts\": [\n    {\n      \"name\": \"a\",\n      \"containerPort\": 80,\n      \"protocol\": \"TCP\"\n    }\n  ],\n"
			 "  \"udpPortRanges\": [\n    {\n      \"startPort\": 2000,\n      \"endPort\": 2001\n    }\n  ]")},
	};
	for (size_t i = 0; i < CASE_COUNT(cases); i++) {
		SCOPED(buffer_free) struct buffer response = {0};
		buffer_printf(&response, "{%s%s}", ANSWER, cases[i].more);
		check_render(&schema_airuntime, response.data, NULL, cases[i].spec);
		SCOPED(outcome_free) struct outcome outcome = check(&schema_airuntime, cases[i].spec, strlen(cases[i].spec));
		assert_int_equal(outcome.verdict, SPEC_GOOD);
	}
	check_render(&schema_airuntime, "{}", NULL, "{}\n");
	check_render(&schema_airuntime, "{\"gpuCount\":12345678901234567890,\"region\":\"\\u00e9\"}", NULL,
		     "{\n  \"region\": \"\\u00e9\",\n  \"gpuCount\": 12345678901234567890\n}\n");
}

static void others_are_rendered(void **state) {
	(void)state;
	static const char model[] = "{\"id\":\"d\",\"name\":\"n\",\"model_id\":\"meta/llama\",\"region\":\"r\",\"gpu_config_id\":\"g\",\"gpu_count\":1,"
				    "\"replicas\":3,\"catalog_id\":\"x\",\"config\":{\"a\":[1.0]}}";
	static const struct spec_override overrides[] = {{"catalog_id", "meta-\"llama\""}, {"plan_id", "p"}, {"gpu_count", "4"}, {"region", NULL}, {0}};
	check_render(&schema_aimodel, model, NULL,
		     "{\n  \"region\": \"r\",\n  \"gpu_config_id\": \"g\",\n  \"gpu_count\": 1,\n  \"config\": {\n    \"a\": [\n      1.0\n    ]\n  }\n}\n");
	check_render(&schema_aimodel, model, overrides,
		     "{\n  \"catalog_id\": \"meta-\\\"llama\\\"\",\n  \"gpu_config_id\": \"g\",\n  \"gpu_count\": 4,\n  \"plan_id\": \"p\",\n"
		     "  \"config\": {\n    \"a\": [\n      1.0\n    ]\n  }\n}\n");
	static const struct spec_override token[] = {{"oci_registry_token", "t"}, {"name", "n"}, {0}};
	check_render(&schema_template,
		     "{\"id\":\"t\",\"name\":\"n\",\"description\":\"d\",\"image\":\"a.b/c:1\",\"oci_registry_username\":null,\"oci_registry_token\":\"leak\","
		     "\"apps\":[],\"category\":\"LLM\"}",
		     token, "{\n  \"description\": \"d\",\n  \"image\": \"a.b/c:1\",\n  \"category\": \"LLM\"\n}\n");
	SCOPED(buffer_free) struct buffer small = {.limit = 3};
	spec_render(&schema_aimodel, scan(model), NULL, &small);
	assert_int_equal(small.error, -EMSGSIZE);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instances_that_are_right),
		cmocka_unit_test(instances_that_are_wrong),
		cmocka_unit_test(models),
		cmocka_unit_test(templates),
		cmocka_unit_test(names),
		cmocka_unit_test(places_have_a_caret),
		cmocka_unit_test(long_lines_are_cut),
		cmocka_unit_test(incomplete_texts_wait),
		cmocka_unit_test(hopeless_texts_are_bad),
		cmocka_unit_test(body_is_the_text),
		cmocka_unit_test(secrets_stay_hidden),
		cmocka_unit_test(every_mutation_is_safe),
		cmocka_unit_test(instances_are_rendered),
		cmocka_unit_test(others_are_rendered),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
