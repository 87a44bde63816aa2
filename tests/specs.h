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
	struct error err;
	struct buffer body;
};

static inline void outcome_free(struct outcome *outcome) {
	buffer_free(&outcome->body);
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
	buffer_printf(&line, "{\"schema\":%zu,\"good\":%s,\"message\":", number,
		outcome->verdict == SPEC_GOOD ? "true" : "false");
	json_quote(outcome->err.message, &line);
	buffer_add(&line, ",\"text\":");
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
	outcome.verdict = spec_check(schema, "my-name", copy, len, &outcome.body, &outcome.err);
	free(copy);
	outcome_note(schema, text, len, &outcome);
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
static inline void check_place(const char *text, const char *at, const char *place) {
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

static inline void check_good(const struct good_case *cases, size_t count) {
	for (size_t i = 0; i < count; i++) {
		SCOPED(outcome_free)
		struct outcome outcome = check(cases[i].schema, cases[i].text, strlen(cases[i].text));
		if (outcome.verdict != SPEC_GOOD)
			fail_msg("%s: %s\n%s", cases[i].text, outcome.err.message, outcome.err.place);
		struct json root;
		assert_int_equal(json_scan(outcome.body.data, outcome.body.len, &root, NULL), JSON_OK);
		assert_true(json_string_is(json_member(root, "name"), "my-name"));
	}
}

static inline void check_bad(const struct bad_case *cases, size_t count) {
	for (size_t i = 0; i < count; i++) {
		SCOPED(outcome_free)
		struct outcome outcome = check(cases[i].schema, cases[i].text, strlen(cases[i].text));
		if (outcome.verdict != SPEC_BAD || strcmp(outcome.err.message, cases[i].message) != 0)
			fail_msg("%s: %d: %s, not: %s", cases[i].text, outcome.verdict, outcome.err.message,
				cases[i].message);
		check_place(cases[i].text, cases[i].at, outcome.err.place);
	}
}

#endif
