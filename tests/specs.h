/* What the tests of the spec check share: bodies to start from, and the check on a copy. */
#ifndef NEEVFS_TESTS_SPECS_H
#define NEEVFS_TESTS_SPECS_H

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
	"\"region\":\"as-south-1\",\"templateID\":\"tpl-pytorch\",\"gpuConfigID\":\"h200\",\"gpuCount\":1,\"planId\":" \
	"\"p\""
#define MODEL                                                                                                        \
	"\"catalog_id\":\"meta-llama-3.1_8B\",\"region\":\"r\",\"gpu_config_id\":\"g\",\"gpu_count\":1,\"plan_id\":" \
	"\"p\""
#define TEMPLATE "\"description\":\"d\",\"image\":\"ghcr.io/org/image:v1\",\"category\":\"LLM\""

#define ED25519 "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0ZyW5kb20gdGV4dCBmb3IgYSB0ZXN0IG9ubHkhISE"
#define TEN(x) x x x x x x x x x x

/* An RSA key's type, exponent 65537, and a modulus of 2048 bits that are all 1. */
#define RSA_TAIL TEN(TEN("///")) TEN("////") "/"
#define RSA_2048 "AAAAB3NzaC1yc2EAAAADAQABAAABAQD" RSA_TAIL

struct outcome {
	enum spec_verdict verdict;
	struct spec_faults faults; /* its text is gone */
	struct buffer body;
	struct buffer said; /* the faults as they are shown; "" if there are none */
};

static inline void outcome_free(struct outcome *outcome) {
	buffer_free(&outcome->body);
	buffer_free(&outcome->said);
}

/* How many faults are in the list. */
static inline size_t outcome_listed(const struct outcome *outcome) {
	return outcome->faults.count < SPEC_FAULTS_MAX ? outcome->faults.count : SPEC_FAULTS_MAX;
}

/* A line of JSON about a case, where somebody asks for it: tests/test_schema_agrees.py. */
static inline void outcome_note(
	const struct schema *schema, const char *text, size_t len, const struct outcome *outcome) {
	static const struct schema *const schemas[] = {&schema_airuntime, &schema_aimodel, &schema_template};
	const char *path = getenv("SPEC_CASES");
	if (!path || memchr(text, 0, len))
		return;
	SCOPED(buffer_free) struct buffer line = {0};
	size_t number = 0;
	while (number < 2 && schemas[number] != schema)
		number++;
	buffer_printf(&line, "{\"schema\":%zu,\"good\":%s,\"messages\":[", number,
		outcome->verdict == SPEC_GOOD ? "true" : "false");
	for (size_t i = 0; i < outcome_listed(outcome); i++) {
		buffer_add(&line, i ? "," : "");
		json_quote(outcome->faults.list[i].message, &line);
	}
	buffer_add(&line, "],\"text\":");
	json_quote(text, &line);
	buffer_add(&line, "}\n");
	assert_int_equal(line.error, 0);
	FILE *file = fopen(path, "a");
	assert_non_null(file);
	fputs(line.data, file);
	fclose(file);
}

/* The text is copied to its exact size, so that a sanitizer sees each byte read too far. */
static inline struct outcome check(const struct schema *schema, const char *text, size_t len) {
	struct outcome outcome = {0};
	char *copy = malloc(len ? len : 1);
	assert_non_null(copy);
	memcpy(copy, text, len);
	outcome.verdict = spec_check(schema, "my-name", copy, len, &outcome.body, &outcome.faults);
	buffer_add(&outcome.said, "");
	spec_faults_show(&outcome.faults, &outcome.said);
	assert_int_equal(outcome.said.error, 0);
	free(copy);
	outcome_note(schema, text, len, &outcome);
	if (outcome.verdict == SPEC_GOOD) {
		assert_int_equal(outcome.faults.count, 0);
	} else {
		assert_true(outcome.faults.count > 0);
		assert_int_equal(outcome.body.len, 0);
	}
	for (size_t i = 0; i < outcome_listed(&outcome); i++) {
		assert_true(*outcome.faults.list[i].message);
		assert_true(!i || outcome.faults.list[i - 1].offset <= outcome.faults.list[i].offset);
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
	const char *message; /* the first */
	const char *at;      /* what the text has at its place */
};

static inline void check_good(const struct good_case *cases, size_t count) {
	for (size_t i = 0; i < count; i++) {
		SCOPED(outcome_free)
		struct outcome outcome = check(cases[i].schema, cases[i].text, strlen(cases[i].text));
		if (outcome.verdict != SPEC_GOOD)
			fail_msg("%s: %s", cases[i].text, outcome.said.data);
		struct json root;
		assert_int_equal(json_scan(outcome.body.data, outcome.body.len, &root, NULL), JSON_OK);
		assert_true(json_string_is(json_member(root, "name"), "my-name"));
	}
}

static inline void check_bad(const struct bad_case *cases, size_t count) {
	for (size_t i = 0; i < count; i++) {
		SCOPED(outcome_free)
		struct outcome outcome = check(cases[i].schema, cases[i].text, strlen(cases[i].text));
		const char *at = strstr(cases[i].text, cases[i].at);
		if (outcome.verdict != SPEC_BAD || strcmp(outcome.faults.list[0].message, cases[i].message) != 0)
			fail_msg("%s: %d: %s, not: %s", cases[i].text, outcome.verdict, outcome.said.data,
				cases[i].message);
		assert_non_null(at);
		if (outcome.faults.list[0].offset != (size_t)(at - cases[i].text))
			fail_msg("%s: not at %s: %s", cases[i].text, cases[i].at, outcome.said.data);
	}
}

#endif
