/* Each rule of each table: a body that keeps it, one that breaks it, and what is then said. */
#include "specs.h"

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
		{I(",\"sshKeys\":[\"ssh-rsa " RSA_2048 " me\"]")},
		{I(",\"sshKeys\":[\"ssh-rsa  AAAAB3NzaC1yc2EAAAADAQABAAABAQD" TEN("//") "\"]")},
		{I(",\"sshKeys\":[\"ssh-rsa AAAAB3NzaC1yc2H" TEN("//////") "\"]")},
		{I(",\"customPorts\":[]")},
		{I(",\"customPorts\":[{\"name\":\"a\",\"containerPort\":1}]")},
		{I(",\"customPorts\":[{\"name\":\"abcdefghij-1234\",\"containerPort\":65535,\"protocol\":\"TCP\","
		   "\"serviceType\":\"External\"}]")},
		{I(",\"customPorts\":[" PORT("a") "," PORT("b") "," PORT("c") "," PORT("d") "," PORT("e") "," PORT(
			"f") "," PORT("g") "," PORT("h") "," PORT("i") "," PORT("j") "]")},
		{I(",\"udpPortRanges\":[{\"startPort\":1024}]")},
		{I(",\"udpPortRanges\":[{\"name\":\"rtp\",\"startPort\":65535,\"endPort\":65535},{\"startPort\":2000},{"
		   "\"startPort\":2000}]")},
		{I(",\"udpPortRanges\":[{\"startPort\":2000,\"endPort\":2019}]")},
		{I(",\"udpPortRanges\":[{\"startPort\":2000,\"endPort\":2019},{\"startPort\":3000,\"endPort\":3019},"
		   "{\"startPort\":4000,\"endPort\":4019},{\"startPort\":5000,\"endPort\":5003}]")},
		{I(",\"storage\":{\"type\":\"ephemeral\"}")},
		{I(",\"storage\":{\"sizeGb\":1,\"type\":\"ephemeral\"}")},
		{I(",\"storage\":{\"type\":\"ephemeral\",\"sizeGb\":20}")},
		{I(",\"storage\":{\"type\":\"persistent\",\"mode\":\"local\",\"sizeGB\":100}")},
		{I(",\"storage\":{\"sizeGB\":100,\"mode\":\"local\",\"type\":\"persistent\",\"mountPath\":\"/data\"}")},
		{I(",\"storage\":{\"type\":\"persistent\",\"mode\":\"network\",\"sizeGB\":1,\"name\":\"v\","
		   "\"mountPath\":\"/m\"}")},
		{I(",\"storage\":{\"type\":\"persistent\",\"mode\":\"network\",\"existing_volume_id\":\"123e4567-E89b-"
		   "12d3-a456-426614174000\"}")},
		{&schema_airuntime, " \n{\"gpuC\\u006funt\" : "
				    "2147483647,\"region\":\"\u00e9\",\"templateID\":\"tpl-a\",\"gpuConfigID\":\"x\","
				    "\"planId\":\"y\"}\n\t "},
	};
	check_good(cases, CASE_COUNT(cases));
}

static void instances_that_are_wrong(void **state) {
	(void)state;
	static const struct bad_case cases[] = {
		{&schema_airuntime, "{}", "region is required", "}"},
		{&schema_airuntime, "{\"region\":\"r\"}", "templateID is required", "}"},
		{&schema_airuntime, "{\"region\":\"r\",\"templateID\":\"tpl-a\"}", "gpuConfigID is required", "}"},
		{&schema_airuntime, "{\"region\":\"r\",\"templateID\":\"tpl-a\",\"gpuConfigID\":\"g\"}",
			"gpuCount is required", "}"},
		{&schema_airuntime, "{\"region\":\"r\",\"templateID\":\"tpl-a\",\"gpuConfigID\":\"g\",\"gpuCount\":1}",
			"planId is required", "}"},
		{&schema_airuntime, "{\"region\":5}", "region must be a string, not 5", "5"},
		{&schema_airuntime, "{\"region\":\"\"}", "region must not be empty", "\"\""},
		{&schema_airuntime, "{\"region\":null}", "region must be a string, not null", "null"},
		{&schema_airuntime, "{\"templateID\":\"pytorch\"}",
			"templateID must be a template's id: tpl-..., not \"pytorch\"", "\"pytorch\""},
		{&schema_airuntime, "{\"templateID\":[]}", "templateID must be a string, not an array", "[]"},
		{&schema_airuntime, "{\"gpuConfigID\":\"\"}", "gpuConfigID must not be empty", "\"\""},
		{&schema_airuntime, "{\"planId\":\"\"}", "planId must not be empty", "\"\""},
		{&schema_airuntime, "{\"planId\":{}}", "planId must be a string, not an object", "{}"},
		{&schema_airuntime, "{\"gpuCount\":\"four\"}",
			"gpuCount must be a whole number from 1 to 2147483647, not \"four\"", "\"four\""},
		{&schema_airuntime, "{\"gpuCount\":0}", "gpuCount must be a whole number from 1 to 2147483647, not 0",
			"0"},
		{&schema_airuntime, "{\"gpuCount\":-1}", "gpuCount must be a whole number from 1 to 2147483647, not -1",
			"-1"},
		{&schema_airuntime, "{\"gpuCount\":1.0}",
			"gpuCount must be a whole number from 1 to 2147483647, not 1.0", "1.0"},
		{&schema_airuntime, "{\"gpuCount\":2147483648}",
			"gpuCount must be a whole number from 1 to 2147483647, not 2147483648", "2147483648"},
		{&schema_airuntime, "{\"gpuCount\":99999999999999999999}",
			"gpuCount must be a whole number from 1 to 2147483647, not 99999999999999999999", "9999"},
		{&schema_airuntime, "{\"gpuCount\":true}",
			"gpuCount must be a whole number from 1 to 2147483647, not true", "true"},
		{&schema_airuntime, "{\"name\":\"other\"}",
			"name must be left out or be \"my-name\", as the directory is called, not \"other\"",
			"\"other\""},
		{&schema_airuntime, "{\"name\":1}", "name must be a string, not 1", "1"},
		{&schema_airuntime, "{\"gpucount\":1}", "unknown member \"gpucount\"; did you mean \"gpuCount\"?",
			"\"gpucount\""},
		{&schema_airuntime, "{\"gpu_count\":1}", "unknown member \"gpu_count\"; did you mean \"gpuCount\"?",
			"\"gpu_count\""},
		{&schema_airuntime, "{\"gpuConfigId\":1}",
			"unknown member \"gpuConfigId\"; did you mean \"gpuConfigID\"?", "\"gpuConfigId\""},
		{&schema_airuntime, "{\"Name\":1}", "unknown member \"Name\"; did you mean \"name\"?", "\"Name\""},
		{&schema_airuntime, "{\"regoin\":1}", "unknown member \"regoin\"; did you mean \"region\"?",
			"\"regoin\""},
		{&schema_airuntime, "{\"status\":1}", "unknown member \"status\"", "\"status\""},
		{&schema_airuntime, "{\"\":1}", "unknown member \"\"", "\"\""},
		{I(",\"sshKeys\":null"), "sshKeys must be an array, not null", "null"},
		{I(",\"sshKeys\":[5]"), "sshKeys[0] must be a string, not 5", "5]"},
		{I(",\"sshKeys\":[\"ssh-rsa AAAA\"]"), "sshKeys[0] must have 50 to 2000 characters, not 12",
			"\"ssh-rsa AAAA\""},
		{I(",\"sshKeys\":[\"ssh-ecc " TEN("AAAAAA") "\"]"),
			"sshKeys[0] must be a public key as in id_ed25519.pub: ssh-ed25519 or ssh-rsa, the key in "
			"base64, a "
			"comment, "
			"not \"ssh-ecc AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA...",
			"\"ssh-ecc"},
		{I(",\"sshKeys\":[\"" ED25519 "\\nssh-rsa A\\n\"]"),
			"sshKeys[0] must be a public key as in id_ed25519.pub: ssh-ed25519 or ssh-rsa, the key in "
			"base64, a "
			"comment, "
			"not \"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0...",
			"\"ssh-ed25519"},
		{I(",\"sshKeys\":[\"" ED25519 "\",\"" ED25519
		   " b\",\"ssh-ed25519\\u0020AAAAC3NzaC1lZDI1NTE5AAAAIJ0ZyW5kb20gdGV4dCBmb3IgYSB0ZXN0IG9ubHkhISE\"]"),
			"sshKeys[2] is the same as sshKeys[0]", "\"ssh-ed25519\\u0020"},
		/* e 65537 and n of 1024 bits */
		{I(",\"sshKeys\":[\"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQD" TEN("////////") "////////\"]"),
			"sshKeys[0]: an RSA key must have at least 2048 bits, not 1024", "\"ssh-rsa"},
		{I(",\"sshKeys\":[\"ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQB" RSA_TAIL "\"]"),
			"sshKeys[0]: an RSA key must have at least 2048 bits, not 2047", "\"ssh-rsa"},
		{I(",\"customPorts\":{}"), "customPorts must be an array, not an object", "{}"},
		{I(",\"customPorts\":[80]"), "customPorts[0] must be an object, not 80", "80"},
		{I(",\"customPorts\":[{}]"), "customPorts[0].name is required", "}]"},
		{I(",\"customPorts\":[{\"name\":\"a\"}]"), "customPorts[0].containerPort is required", "}]"},
		{I(",\"customPorts\":[" PORT("a") "," PORT("-b") "]"),
			"customPorts[1].name must be " LABEL_WORDS ", not \"-b\"", "\"-b\""},
		{I(",\"customPorts\":[" PORT("A") "]"), "customPorts[0].name must be " LABEL_WORDS ", not \"A\"",
			"\"A\""},
		{I(",\"customPorts\":[" PORT("") "]"), "customPorts[0].name must not be empty", "\"\""},
		{I(",\"customPorts\":[" PORT("abcdefghij-12345") "]"),
			"customPorts[0].name must have 1 to 15 characters, not 16", "\"abcdefghij"},
		{I(",\"customPorts\":[{\"containerPort\":0}]"),
			"customPorts[0].containerPort must be a whole number from 1 to 65535, not 0", "0}"},
		{I(",\"customPorts\":[{\"containerPort\":65536}]"),
			"customPorts[0].containerPort must be a whole number from 1 to 65535, not 65536", "65536"},
		{I(",\"customPorts\":[{\"protocol\":\"UDP\"}]"), "customPorts[0].protocol must be \"TCP\", not \"UDP\"",
			"\"UDP\""},
		{I(",\"customPorts\":[{\"serviceType\":\"Internal\"}]"),
			"customPorts[0].serviceType must be \"External\", not \"Internal\"", "\"Internal\""},
		{I(",\"customPorts\":[{\"containerport\":1}]"),
			"unknown member \"containerport\" in customPorts[0]; did you mean \"containerPort\"?",
			"\"containerport\""},
		{I(",\"customPorts\":[" PORT("a") "," PORT("b") "," PORT("\\u0061") "]"),
			"customPorts: elements 0 and 2 have the same name", "\"\\u0061\""},
		{I(",\"customPorts\":[" PORT("a") "," PORT("b") "," PORT("c") "," PORT("d") "," PORT("e") "," PORT(
			 "f") "," PORT("g") "," PORT("h") "," PORT("i") "," PORT("j") ",11]"),
			"customPorts must have at most 10 elements", "11]"},
		{I(",\"udpPortRanges\":[{}]"), "udpPortRanges[0].startPort is required", "}]"},
		{I(",\"udpPortRanges\":[{\"startPort\":1023}]"),
			"udpPortRanges[0].startPort must be a whole number from 1024 to 65535, not 1023", "1023"},
		{I(",\"udpPortRanges\":[{\"startPort\":65536}]"),
			"udpPortRanges[0].startPort must be a whole number from 1024 to 65535, not 65536", "65536"},
		{I(",\"udpPortRanges\":[{\"startPort\":2000,\"endPort\":1023}]"),
			"udpPortRanges[0].endPort must be a whole number from 1024 to 65535, not 1023", "1023"},
		{I(",\"udpPortRanges\":[{\"startPort\":2000,\"endPort\":65536}]"),
			"udpPortRanges[0].endPort must be a whole number from 1024 to 65535, not 65536", "65536"},
		{I(",\"udpPortRanges\":[{\"startPort\":2000,\"endPort\":1999}]"),
			"udpPortRanges[0]: endPort 1999 is below startPort 2000", "1999"},
		{I(",\"udpPortRanges\":[{\"startPort\":2000,\"endPort\":2020}]"),
			"udpPortRanges[0]: a range may span at most 20 ports, not 21", "2020"},
		{I(",\"udpPortRanges\":[{\"startPort\":2000,\"endPort\":2019},{\"startPort\":3000,\"endPort\":3019},"
		   "{\"startPort\":4000,\"endPort\":4019},{\"startPort\":5000,\"endPort\":5004}]"),
			"udpPortRanges: all ranges together may have at most 64 ports, not 65", "{\"startPort\":5000"},
		{I(",\"udpPortRanges\":[{\"startPort\":2000,\"name\":\"x\"},{\"startPort\":3000,\"name\" : \"x\"}]"),
			"udpPortRanges: elements 0 and 1 have the same name", "\"x\"}]"},
		{I(",\"udpPortRanges\":[{\"startPort\":2000,\"name\":\"x-\"}]"),
			"udpPortRanges[0].name must be " LABEL_WORDS ", not \"x-\"", "\"x-\""},
		{I(",\"udpPortRanges\":[{\"startPort\":2000,\"name\":\"abcdefghij-12345\"}]"),
			"udpPortRanges[0].name must have 1 to 15 characters, not 16", "\"abcdefghij"},
		{I(",\"udpPortRanges\":[{\"startPort\":2000},{\"startPort\":2001},{\"startPort\":2002},{\"startPort\":"
		   "2003},{\"startPort\":2004},6]"),
			"udpPortRanges must have at most 5 elements", "6]"},
		{I(",\"storage\":7"), "storage must be an object, not 7", "7"},
		{I(",\"storage\":{}"), "storage.type is required", "}}"},
		{I(",\"storage\":{\"Type\":\"ephemeral\"}"),
			"unknown member \"Type\" in storage; did you mean \"type\"?", "\"Type\""},
		{I(",\"storage\":{\"type\":\"nvme\"}"),
			"storage.type must be \"ephemeral\" or \"persistent\", not \"nvme\"", "\"nvme\""},
		{I(",\"storage\":{\"type\":3}"), "storage.type must be \"ephemeral\" or \"persistent\", not 3", "3}"},
		{I(",\"storage\":{\"type\":\"ephemeral\",\"sizeGb\":0}"),
			"storage.sizeGb must be a whole number from 1 to 20, not 0", "0}"},
		{I(",\"storage\":{\"type\":\"ephemeral\",\"sizeGb\":21}"),
			"storage.sizeGb must be a whole number from 1 to 20, not 21", "21"},
		{I(",\"storage\":{\"type\":\"ephemeral\",\"sizeGB\":10}"),
			"unknown member \"sizeGB\" in storage; did you mean \"sizeGb\"?", "\"sizeGB\""},
		{I(",\"storage\":{\"type\":\"ephemeral\",\"mode\":\"local\"}"), "unknown member \"mode\" in storage",
			"\"mode\""},
		{I(",\"storage\":{\"type\":\"persistent\"}"), "storage.mode is required", "}}"},
		{I(",\"storage\":{\"type\":\"persistent\",\"mode\":\"nfs\"}"),
			"storage.mode must be \"local\" or \"network\", not \"nfs\"", "\"nfs\""},
		{I(",\"storage\":{\"type\":\"persistent\",\"mode\":\"local\"}"), "storage.sizeGB is required", "}}"},
		{I(",\"storage\":{\"type\":\"persistent\",\"mode\":\"local\",\"sizeGB\":0}"),
			"storage.sizeGB must be a whole number from 1 to 2147483647, not 0", "0}"},
		{I(",\"storage\":{\"type\":\"persistent\",\"mode\":\"local\",\"sizeGb\":9}"),
			"unknown member \"sizeGb\" in storage; did you mean \"sizeGB\"?", "\"sizeGb\""},
		{I(",\"storage\":{\"type\":\"persistent\",\"mode\":\"local\",\"sizeGB\":9,\"mountPath\":\"\"}"),
			"storage.mountPath must not be empty", "\"\""},
		{I(",\"storage\":{\"type\":\"persistent\",\"mode\":\"local\",\"name\":\"v\"}"),
			"unknown member \"name\" in storage", "\"name\""},
		{I(",\"storage\":{\"type\":\"persistent\",\"mode\":\"network\"}"),
			"storage: sizeGB (of a new volume) or existing_volume_id is required", "}}"},
		{I(",\"storage\":{\"type\":\"persistent\",\"mode\":\"network\",\"sizeGB\":1,\"existing_volume_id\":"
		   "\"123e4567-e89b-12d3-a456-426614174000\"}"),
			"storage: sizeGB (of a new volume) and existing_volume_id exclude each other", "\"123e"},
		{I(",\"storage\":{\"type\":\"persistent\",\"mode\":\"network\",\"existing_volume_id\":\"123e4567\"}"),
			"storage.existing_volume_id must be a UUID, like 123e4567-e89b-12d3-a456-426614174000, not "
			"\"123e4567\"",
			"\"123e"},
		{I(",\"storage\":{\"type\":\"persistent\",\"mode\":\"network\",\"name\":\"\"}"),
			"storage.name must not be empty", "\"\""},
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
		{M(",\"config\":{\"extra_args\":[\"--x\",\"\",\"--x\"],\"other\":{\"a\":[null]},\"Max_Model_Len\":"
		   "\"x\"}")},
	};
	static const struct bad_case bad[] = {
		{&schema_aimodel, "{}", "catalog_id is required", "}"},
		{&schema_aimodel, "{\"catalog_id\":\"a\"}", "region is required", "}"},
		{&schema_aimodel, "{\"catalog_id\":\"a\",\"region\":\"r\"}", "gpu_config_id is required", "}"},
		{&schema_aimodel, "{\"catalog_id\":\"a\",\"region\":\"r\",\"gpu_config_id\":\"g\"}",
			"gpu_count is required", "}"},
		{&schema_aimodel, "{\"catalog_id\":\"a\",\"region\":\"r\",\"gpu_config_id\":\"g\",\"gpu_count\":1}",
			"plan_id is required", "}"},
		{&schema_aimodel, "{\"catalog_id\":\"meta/llama\"}",
			"catalog_id must be the catalog's id: letters, digits, '_', '-' and '.', without a slash, not "
			"\"meta/llama\"",
			"\"meta"},
		{&schema_aimodel, "{\"catalog_id\":\"\"}",
			"catalog_id must be the catalog's id: letters, digits, '_', '-' and '.', without a slash, not "
			"\"\"",
			"\"\""},
		{&schema_aimodel, "{\"region\":\"\"}", "region must not be empty", "\"\""},
		{&schema_aimodel, "{\"gpu_config_id\":\"\"}", "gpu_config_id must not be empty", "\"\""},
		{&schema_aimodel, "{\"plan_id\":\"\"}", "plan_id must not be empty", "\"\""},
		{&schema_aimodel, "{\"gpu_count\":\"four\"}",
			"gpu_count must be a whole number of at least 1, not \"four\"", "\"four\""},
		{&schema_aimodel, "{\"gpu_count\":0}", "gpu_count must be a whole number of at least 1, not 0", "0"},
		{&schema_aimodel, "{\"gpuCount\":1}", "unknown member \"gpuCount\"; did you mean \"gpu_count\"?",
			"\"gpuCount\""},
		{&schema_aimodel, "{\"replicas\":1}", "unknown member \"replicas\"", "\"replicas\""},
		{M(",\"config\":[]"), "config must be an object, not an array", "[]"},
		{M(",\"config\":{\"max_model_len\":\"1\"}"),
			"config.max_model_len must be a whole number of at least 1, not \"1\"", "\"1\""},
		{M(",\"config\":{\"max_num_seqs\":0}"),
			"config.max_num_seqs must be a whole number of at least 1, not 0", "0}"},
		{M(",\"config\":{\"extra_args\":\"--x\"}"), "config.extra_args must be an array, not \"--x\"",
			"\"--x\""},
		{M(",\"config\":{\"extra_args\":[\"a\",1.5]}"), "config.extra_args[1] must be a string, not 1.5",
			"1.5"},
	};
	check_good(good, CASE_COUNT(good));
	check_bad(bad, CASE_COUNT(bad));
}

static void templates(void **state) {
	(void)state;
#define IMAGE(image) &schema_template, "{\"description\":\"d\",\"category\":\"c\",\"image\":\"" image "\"}"
#define NOT_IMAGE(image)                                                                                            \
	{                                                                                                           \
		IMAGE(image),                                                                                       \
			"image must be an image with its registry and a tag or digest, like ghcr.io/org/image:v1, " \
			"not \"" image "\"",                                                                        \
			"\"" image "\""                                                                             \
	}
	static const struct good_case good[] = {
		{T("")},
		{T(",\"oci_registry_username\":\"u\",\"oci_registry_token\":\"t\"")},
		{T(",\"oci_registry_username\":\"\",\"oci_registry_token\":\"\"")},
		{IMAGE("localhost/x:1")},
		{IMAGE("registry:5000/a/b:latest")},
		{IMAGE("docker.io/library/ubuntu:24.04")},
		{IMAGE("ghcr.io:443/a-b/c__d.e/f_g:V1.0-x_Y")},
		{IMAGE("q.io/a@sha256:0123456789abcdef0123456789abcdef")},
		{IMAGE("q.io/a:1@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")},
	};
	static const struct bad_case bad[] = {
		{&schema_template, "{}", "description is required", "}"},
		{&schema_template, "{\"description\":\"\"}", "image is required", "}"},
		{&schema_template, "{\"description\":\"\",\"image\":\"a.b/c:1\"}", "category is required", "}"},
		{&schema_template, "{\"description\":1}", "description must be a string, not 1", "1"},
		{&schema_template, "{\"category\":[]}", "category must be a string, not an array", "[]"},
		{&schema_template, "{\"oci_registry_username\":1}", "oci_registry_username must be a string, not 1",
			"1"},
		{&schema_template, "{\"oci_registry_token\":1}", "oci_registry_token must be a string", "1"},
		{&schema_template, "{\"Image\":1}", "unknown member \"Image\"; did you mean \"image\"?", "\"Image\""},
		{&schema_template, "{\"apps\":[]}", "unknown member \"apps\"", "\"apps\""},
		NOT_IMAGE(""),
		NOT_IMAGE("ghcr.io/org/image"),
		NOT_IMAGE("ubuntu:24.04"),
		NOT_IMAGE("org/image:v1"),
		NOT_IMAGE("ghcr.io/Org/image:v1"),
		NOT_IMAGE("ghcr.io/org/image:"),
		NOT_IMAGE("ghcr.io/org/image:a b"),
		NOT_IMAGE("ghcr.io/org/image@sha256:12"),
		NOT_IMAGE("ghcr.io//image:v1"),
		NOT_IMAGE("https://ghcr.io/a:v1"),
		NOT_IMAGE("ghcr.io/image:-v"),
	};
	check_good(good, CASE_COUNT(good));
	check_bad(bad, CASE_COUNT(bad));
}

static void remarks_are_not_sent(void **state) {
	(void)state;
	static const struct good_case good[] = {
		{I(",\"$schema\":\"../spec.schema.json\"")},
		{M(",\"$comment\":\"\u00e9\",\"$schema\":\"\"")},
		{&schema_template, "{\"\\u0024comment\":\"c\"," TEMPLATE "}"},
	};
	static const struct bad_case bad[] = {
		{I(",\"$schema\":1"), "$schema must be a string", "1}"},
		{I(",\"$comment\":null"), "$comment must be a string", "null"},
		{I(",\"$id\":\"x\""), "unknown member \"$id\"", "\"$id\""},
		{I(",\"$Schema\":\"x\""), "unknown member \"$Schema\"", "\"$Schema\""},
		{I(",\"storage\":{\"type\":\"ephemeral\",\"$comment\":\"x\"}"),
			"unknown member \"$comment\" in storage", "\"$comment\""},
	};
	check_good(good, CASE_COUNT(good));
	check_bad(bad, CASE_COUNT(bad));
	for (size_t i = 0; i < CASE_COUNT(good); i++) {
		SCOPED(outcome_free) struct outcome outcome = check(good[i].schema, good[i].text, strlen(good[i].text));
		assert_null(strchr(outcome.body.data, '$'));
	}
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
		{&schema_airuntime, "a\n", "name must be " LABEL_WORDS ", not \"a\\n\""},
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
		{&schema_template, "a\tb",
			"name must be letters, digits, spaces, hyphens and underscores, not \"a\\tb\""},
	};
	for (size_t i = 0; i < CASE_COUNT(cases); i++) {
		struct error err = {0};
		int status = spec_name_check(cases[i].schema, cases[i].name, &err);
		assert_int_equal(status, cases[i].message ? -EINVAL : 0);
		assert_int_equal(spec_name_check(cases[i].schema, cases[i].name, NULL), status);
		assert_string_equal(err.message, cases[i].message ? cases[i].message : "");
	}
	/* A good text for a name that cannot be is not sent either. */
	SCOPED(buffer_free) struct buffer body = {0};
	static const char text[] = "{" INSTANCE "}";
	assert_int_equal(spec_check(&schema_airuntime, "A", text, strlen(text), &body, NULL), SPEC_BAD);
	assert_int_equal(body.len, 0);
}

/* The check keeps a bit for each member, and compares each element with all before it. */
static void assert_bounded(const struct schema *schema) {
	size_t count = 0;
	assert_true(!schema->unique || schema->has_max);
	if (schema->element)
		assert_bounded(schema->element);
	for (const struct schema *row = schema->members; row && row->name; row++, count++)
		assert_bounded(row);
	assert_in_range(count, 0, SCHEMA_MEMBERS_MAX);
	for (const struct schema *variant = schema->variants; variant && variant->name; variant++)
		assert_bounded(variant);
}

static void tables_are_bounded(void **state) {
	(void)state;
	assert_bounded(&schema_airuntime);
	assert_bounded(&schema_aimodel);
	assert_bounded(&schema_template);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instances_that_are_right),
		cmocka_unit_test(instances_that_are_wrong),
		cmocka_unit_test(models),
		cmocka_unit_test(templates),
		cmocka_unit_test(remarks_are_not_sent),
		cmocka_unit_test(names),
		cmocka_unit_test(tables_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
