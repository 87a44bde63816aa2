/* The last refusals in words. */
#include "../fs/options.h"
#include "../fs/refusal.h"
#include "alloc.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct options options;

static struct error error_of(int code, const char *message) {
	struct error err = {0};
	error_set(&err, code, "%s", message);
	return err;
}

static void assert_last(const struct refusals *refusals, const char *dir, const char *text) {
	struct buffer out = {0};
	refusal_last(refusals, dir, &out);
	assert_string_equal(out.data ? out.data : "", text);
	buffer_free(&out);
}

static void assert_all(const struct refusals *refusals, const char *text) {
	struct buffer out = {0};
	refusal_all(refusals, &out);
	assert_string_equal(out.data ? out.data : "", text);
	buffer_free(&out);
}

static struct refusals *begin(void) {
	struct refusals *refusals = NULL;
	assert_int_equal(refusals_new(&options, &refusals), 0);
	return refusals;
}

static void nothing_was_refused(void **state) {
	(void)state;
	struct refusals *refusals = begin();
	assert_last(refusals, "", "");
	assert_last(refusals, "a", "");
	assert_all(refusals, "");
	refusals_free(refusals);
	refusals_free(NULL);
}

static void all_that_there_is_to_say(void **state) {
	(void)state;
	struct refusals *refusals = begin();
	struct error err = error_of(EDQUOT, "the API answered 402: no money");
	err.http_status = 402;
	strcpy(err.api_code, "QUOTA");
	strcpy(err.request_id, "r-1");
	err.verdict = VERDICT_NOT_DONE;
	refusal_add(refusals, 1767225600, "write", "a/b", &err,
		"the API answered 402: no money\nline 1, column 2\n{x\n ^\nnor time\n");
	assert_last(refusals, "a/b",
		"2026-01-01T00:00:00Z write a/b: EDQUOT\nthe API answered 402: no money\nline 1, column 2\n{x\n ^\n"
		"nor time\nHTTP 402 QUOTA, x-request-id r-1\nVerdict: nothing was changed.\n"
		"Next: look at the balance and the quota in the provider's console.\n");
	err = error_of(ETIMEDOUT, "late");
	err.verdict = VERDICT_UNKNOWN;
	refusal_add(refusals, 0, "create", "", &err, NULL);
	assert_last(refusals, "",
		"1970-01-01T00:00:00Z create : ETIMEDOUT\nlate\n"
		"Verdict: unknown whether it was carried out; look again before repeating it.\n");
	/* These say the same however often they are sent. */
	refusal_add(refusals, 0, "rmdir", "a", &err, NULL);
	assert_last(refusals, "a",
		"1970-01-01T00:00:00Z rmdir a: ETIMEDOUT\nlate\n"
		"Verdict: unknown whether it was carried out; it does no harm to repeat it.\n");
	refusal_add(refusals, 0, "write", "a/replicas", &err, NULL);
	assert_last(refusals, "a/replicas",
		"1970-01-01T00:00:00Z write a/replicas: ETIMEDOUT\nlate\n"
		"Verdict: unknown whether it was carried out; it does no harm to repeat it.\n");
	refusals_free(refusals);
}

/* Where it is not in what was asked for, what to do is said; where the verdict says it, nothing more is. */
static void what_to_do_next(void **state) {
	(void)state;
	static const struct {
		int code, http_status;
		enum verdict verdict;
		const char *next;
	} cases[] = {
		{EKEYEXPIRED, 401, VERDICT_NONE, "Next: neevfs login; neevfs doctor looks at it.\n"},
		{EACCES, 403, VERDICT_NOT_DONE, "Next: ask who administers"},
		{EBUSY, 429, VERDICT_NONE, "Next: wait"},
		{EREMOTEIO, 503, VERDICT_NONE, "Next: try again later; if it stays so, tell the provider.\n"},
		{EREMOTEIO, 503, VERDICT_UNKNOWN, NULL},
		{EPROTO, 0, VERDICT_NOT_DONE, "Next: neevfs doctor"},
		{EKEYEXPIRED, 0, VERDICT_NONE, "Next: neevfs doctor"},
		{ETIMEDOUT, 0, VERDICT_NONE, NULL}, /* also of what was waited for, and did not come */
		{ENOENT, 404, VERDICT_NONE, NULL},
		{EINVAL, 400, VERDICT_NOT_DONE, NULL}, /* of what is no spec */
		{EINVAL, 0, VERDICT_NOT_DONE, NULL},
		{0, 0, VERDICT_DONE, NULL},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct refusals *refusals = begin();
		struct error err = error_of(cases[i].code, "why");
		struct buffer out = {0};
		err.http_status = cases[i].http_status;
		err.verdict = cases[i].verdict;
		refusal_add(refusals, 0, "write", "a", &err, NULL);
		refusal_last(refusals, "a", &out);
		const char *next = strstr(out.data, "Next: ");
		if (cases[i].next ? !next || strncmp(next, cases[i].next, strlen(cases[i].next)) != 0 : next != NULL)
			fail_msg("%zu: %s", i, out.data);
		buffer_free(&out);
		refusals_free(refusals);
	}
}

/* By where the token is from; and what only fits where there is something to tell. */
static void what_is_at_hand(void **state) {
	(void)state;
	static char path[] = "/home/asha/token";
	static const char *const next[] = {[TOKEN_NONE] = "Next: neevfs login; ",
		[TOKEN_TEXT] = "Next: set another token in NEEV_API_TOKEN, and mount again; ",
		[TOKEN_FILE] = "Next: put another token into /home/asha/token; neevfs doctor looks at it.\n",
		[TOKEN_COMMAND] = "Next: token_command= has to print another token; ",
		[TOKEN_LOGIN] = "Next: neevfs login; "};
	struct refusals *refusals = begin();
	struct error err = error_of(EKEYEXPIRED, "refused");
	struct buffer out = {0};
	err.http_status = 401;
	options.token_file = path;
	refusal_add(refusals, 0, "read", "a", &err, NULL);
	for (size_t i = 0; i < sizeof next / sizeof *next; i++) {
		options.token_source = (enum token_source)i;
		buffer_clear(&out);
		refusal_all(refusals, &out);
		if (!strstr(out.data, next[i]))
			fail_msg("%zu: %s", i, out.data);
	}
	options = (struct options){.token_source = TOKEN_NONE};
	err = error_of(EREMOTEIO, "down");
	err.http_status = 503;
	strcpy(err.request_id, "r-1");
	refusal_add(refusals, 0, "read", "b", &err, NULL);
	buffer_clear(&out);
	refusal_all(refusals, &out);
	assert_non_null(
		strstr(out.data, "x-request-id r-1\nNext: try again later; if it stays so, tell the provider the "
				 "x-request-id.\n"));
	buffer_free(&out);
	refusals_free(refusals);
}

/* What was asked for was not wanted: where it is to be seen what can be had, or what helps. */
static void what_to_ask_for_next(void **state) {
	(void)state;
	static const struct {
		const char *path, *message;
		int code, http_status;
		const char *next;
	} cases[] = {
		{"p/airuntimes/a/spec.json", "no", EINVAL, 400,
			"Next: ls inventory/.available/*, column -ts$'\\t' templates/index.tsv, and spec.example.json "
			"in the "
			"collection "
			"show what can be had.\n"},
		{"p/aimodels/a/spec.json", "no", EINVAL, 422, "column -ts$'\\t' catalog/index.tsv, and"},
		{"orgs/o/templates/a/spec.json", "no", ENOENT, 404, "Next: spec.schema.json and"},
		{"p/aimodels/a/replicas", "no", EINVAL, 400,
			"Next: look at status; of a deployment that failed only rmdir stops the billing.\n"},
		{"p/aimodels/a/replicas", "no", ENOENT, 404, "Next: look whether it is still there.\n"},
		{"p/aimodels/a/replicas", "no", EBUSY, 409,
			"Next: echo ready > wait, beside it, and write it again.\n"},
		{"p/aimodels/a/replicas", "no", EINVAL, 422, "Next: write another number.\n"},
		{"p/airuntimes/a/spec.json", "max_instances=3: there are 3 already", EDQUOT, 0,
			"Next: delete something, or mount with another max_instances=.\n"},
		{"p/aimodels/a/replicas", "max_replicas=3: 4 asked for", EDQUOT, 0,
			"Next: ask for fewer, or mount with another max_replicas=.\n"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct refusals *refusals = begin();
		struct error err = error_of(cases[i].code, cases[i].message);
		struct buffer out = {0};
		err.http_status = cases[i].http_status;
		err.verdict = VERDICT_NOT_DONE;
		refusal_add(refusals, 0, "create", cases[i].path, &err, NULL);
		refusal_last(refusals, "", &out);
		if (!strstr(out.data, cases[i].next))
			fail_msg("%zu: %s", i, out.data);
		buffer_free(&out);
		refusals_free(refusals);
	}
}

static void at_or_below_a_directory(void **state) {
	(void)state;
	struct refusals *refusals = begin();
	struct error err = error_of(EPERM, "no");
	refusal_add(refusals, 0, "write", "a/b/c", &err, NULL);
	refusal_add(refusals, 0, "write", "a/bc", &err, NULL);
	assert_last(refusals, "a/b", "1970-01-01T00:00:00Z write a/b/c: EPERM\nno\n");
	assert_last(refusals, "a/bc", "1970-01-01T00:00:00Z write a/bc: EPERM\nno\n");
	assert_last(refusals, "a", "1970-01-01T00:00:00Z write a/bc: EPERM\nno\n");
	assert_last(refusals, "a/b/c/d", "");
	assert_last(refusals, "a/b/", "");
	assert_last(refusals, "b", "");
	refusals_free(refusals);
}

/* When the network is gone, the look at .error fails too. */
static void a_failed_read_does_not_hide_a_change(void **state) {
	(void)state;
	struct refusals *refusals = begin();
	struct error lost = error_of(ETIMEDOUT, "late"), look = error_of(EHOSTUNREACH, "gone");
	struct error old = error_of(EBUSY, "busy");
	lost.verdict = VERDICT_UNKNOWN;
	old.verdict = VERDICT_NOT_DONE;
	refusal_add(refusals, 0, "scale", "a/r", &old, NULL);
	refusal_add(refusals, 0, "scale", "a/r", &lost, NULL);
	refusal_add(refusals, 0, "look up", "a/r", &look, NULL);
	refusal_add(refusals, 0, "look up", "a/s", &look, NULL);
	const char *change = "1970-01-01T00:00:00Z scale a/r: ETIMEDOUT\nlate\n"
			     "Verdict: unknown whether it was carried out; look again before repeating it.\n";
	char both[512];
	snprintf(both, sizeof both,
		"1970-01-01T00:00:00Z look up a/s: EHOSTUNREACH\ngone\nNext: neevfs doctor tells where it stops.\n\n%s",
		change);
	assert_last(refusals, "a", both);
	assert_last(refusals, "a/s",
		"1970-01-01T00:00:00Z look up a/s: EHOSTUNREACH\ngone\nNext: neevfs doctor tells where it stops.\n");
	refusal_add(refusals, 0, "scale", "a/r", &lost, NULL);
	assert_last(refusals, "a", change);
	refusal_settle(refusals, "a", 1);
	assert_last(refusals, "a", "");
	refusals_free(refusals);
}

static void the_same_again_only_counts(void **state) {
	(void)state;
	struct refusals *refusals = begin();
	static const char operation[] = "write";
	struct error err = error_of(EPERM, "no"), other = error_of(EPERM, "never");
	for (int i = 0; i < 1000; i++)
		refusal_add(refusals, i, operation, "a", &err, NULL);
	assert_all(refusals, "1970-01-01T00:16:39Z write a: EPERM (1000 times)\nno\n");
	refusal_add(refusals, 0, operation, "a", &other, NULL);
	refusal_add(refusals, 0, operation, "b", &other, NULL);
	refusal_add(refusals, 0, operation, "a", &err, NULL);
	assert_all(refusals,
		"1970-01-01T00:16:39Z write a: EPERM (1000 times)\nno\n\n1970-01-01T00:00:00Z write a: EPERM\nnever\n\n"
		"1970-01-01T00:00:00Z write b: EPERM\nnever\n\n1970-01-01T00:00:00Z write a: EPERM\nno\n");
	refusals_free(refusals);
}

/* Words that begin alike are not the same. */
/* One entry for all that one rm -r meets in a resource; another resource, outcome or operation has its own. */
static void a_sweep_is_one(void **state) {
	(void)state;
	struct refusals *refusals = begin();
	const char *operation = "unlink";
	struct error err = error_of(EPERM, "stays"), other = error_of(EPERM, "stays too");
	refusal_add(refusals, 0, "write", "c/a/replicas", &other, NULL);
	for (int i = 0; i < 3 * REFUSALS_MAX; i++) {
		char path[32];
		snprintf(path, sizeof(path), i % 2 ? "c/a/f%d" : "c/a/sub/f%d", i);
		refusal_add_swept(refusals, i, operation, path, &err, "c/a");
	}
	static const char swept[] = "1970-01-01T00:04:59Z unlink c/a/*: EPERM (300 times)\nstays\n";
	assert_last(refusals, "c/a", swept);
	assert_last(refusals, "c", swept);
	refusal_add_swept(refusals, 0, operation, "c/ab/f", &err, "c/ab");
	refusal_add_swept(refusals, 0, operation, "c/ab/f", &err, "c/ab");
	refusal_add_swept(refusals, 0, operation, "c/ab/g", &other, "c/ab");
	refusal_add_swept(refusals, 0, "rmdir", "c/ab/h", &other, "c/ab");
	assert_last(refusals, "c/a", swept);
	assert_all(refusals, "1970-01-01T00:00:00Z write c/a/replicas: EPERM\nstays too\n\n"
			     "1970-01-01T00:04:59Z unlink c/a/*: EPERM (300 times)\nstays\n\n"
			     "1970-01-01T00:00:00Z unlink c/ab/f: EPERM (2 times)\nstays\n\n"
			     "1970-01-01T00:00:00Z unlink c/ab/g: EPERM\nstays too\n\n"
			     "1970-01-01T00:00:00Z rmdir c/ab/h: EPERM\nstays too\n");
	refusal_settle(refusals, "c/a", 3);
	assert_last(refusals, "c/a", "");
	refusals_free(refusals);
}

static void the_same_words_again_only_count(void **state) {
	(void)state;
	struct refusals *refusals = begin();
	static const char operation[] = "write";
	static const char *const words[] = {"no\nline 1\n", "no\nline 1\n", "no\nline 2\n", NULL, NULL, "no\nline 2\n"};
	struct error err = error_of(EINVAL, "no");
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		refusal_add(refusals, 0, operation, "a", &err, words[i]);
	assert_all(refusals, "1970-01-01T00:00:00Z write a: EINVAL (2 times)\nno\nline 1\n\n"
			     "1970-01-01T00:00:00Z write a: EINVAL\nno\nline 2\n\n"
			     "1970-01-01T00:00:00Z write a: EINVAL (2 times)\nno\n\n"
			     "1970-01-01T00:00:00Z write a: EINVAL\nno\nline 2\n");
	refusals_free(refusals);
}

static void the_oldest_makes_room(void **state) {
	(void)state;
	struct refusals *refusals = begin();
	struct error err = error_of(EPERM, "no");
	char path[16];
	for (int i = 0; i < REFUSALS_MAX + 50; i++) {
		snprintf(path, sizeof(path), "p%d", i);
		refusal_add(refusals, 0, "write", path, &err, NULL);
	}
	assert_last(refusals, "p49", "");
	assert_last(refusals, "p50", "1970-01-01T00:00:00Z write p50: EPERM\nno\n");
	assert_last(refusals, "", "1970-01-01T00:00:00Z write p149: EPERM\nno\n");
	struct buffer out = {0};
	size_t count = 0;
	refusal_all(refusals, &out);
	assert_memory_equal(out.data, "1970-01-01T00:00:00Z write p50:", 31);
	for (const char *at = out.data; (at = strstr(at, "EPERM")); at++)
		count++;
	assert_int_equal(count, REFUSALS_MAX);
	buffer_free(&out);
	refusals_free(refusals);
}

/* No server and no file name steers a terminal. */
static void control_bytes_are_escaped(void **state) {
	(void)state;
	struct refusals *refusals = begin();
	struct error err = error_of(EINVAL, "say\x1b[2J\n");
	err.http_status = 400;
	strcpy(err.api_code, "A\x07");
	strcpy(err.request_id, "\x9b\r");
	refusal_add(refusals, 0, "mkdir", "a\nb", &err, NULL);
	struct buffer out = {0};
	size_t lines = 0;
	refusal_all(refusals, &out);
	for (const char *at = out.data; *at; at++) {
		assert_true(*at == '\n' || (unsigned char)*at >= 0x20);
		assert_true((unsigned char)*at != 0x7f && (unsigned char)*at != 0x9b);
		lines += *at == '\n';
	}
	assert_int_equal(lines, 3);
	buffer_free(&out);
	refusals_free(refusals);
}

/* Without memory it is lost, or only its message is kept; the ones before stay. */
static void without_memory(void **state) {
	(void)state;
#define FIRST(words) "1970-01-01T00:00:00Z write a: EPERM\nno\n" words
#define SECOND(words) "1970-01-01T00:00:00Z write b: EPERM\nother\n" words
	static const char *const shown[] = {SECOND("more\n"), FIRST("") "\n" SECOND("more\n"), FIRST("never\n"),
		FIRST("never\n") "\n" SECOND(""), FIRST("never\n") "\n" SECOND("more\n")};
	struct error err = error_of(EPERM, "no"), other = error_of(EPERM, "other");
	for (size_t n = 1;; n++) {
		struct refusals *refusals = NULL;
		alloc_arm(n);
		int rc = refusals_new(&options, &refusals);
		if (!rc) {
			refusal_add(refusals, 0, "write", "a", &err, "no\nnever\n");
			refusal_add(refusals, 0, "write", "b", &other, "other\nmore\n");
		}
		bool failed = alloc_disarm();
		assert_int_equal(rc, n == 1 ? -ENOMEM : 0);
		if (!rc)
			assert_all(refusals, shown[n - 2]);
		refusals_free(refusals);
		assert_int_equal(alloc_live(), 0);
		if (!failed)
			return;
	}
}

/* Without memory for the path of all it has that of the first; that it was refused twice is told. */
static void a_sweep_without_memory(void **state) {
	(void)state;
	struct refusals *refusals = begin();
	struct error err = error_of(EPERM, "no");
	refusal_add_swept(refusals, 0, "unlink", "a/x", &err, "a");
	alloc_arm(1);
	refusal_add_swept(refusals, 0, "unlink", "a/y", &err, "a");
	assert_true(alloc_disarm());
	assert_all(refusals, "1970-01-01T00:00:00Z unlink a/x: EPERM (2 times)\nno\n");
	refusals_free(refusals);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_was_refused),
		cmocka_unit_test(all_that_there_is_to_say),
		cmocka_unit_test(what_to_do_next),
		cmocka_unit_test(what_is_at_hand),
		cmocka_unit_test(what_to_ask_for_next),
		cmocka_unit_test(at_or_below_a_directory),
		cmocka_unit_test(a_failed_read_does_not_hide_a_change),
		cmocka_unit_test(the_same_again_only_counts),
		cmocka_unit_test(a_sweep_is_one),
		cmocka_unit_test(the_same_words_again_only_count),
		cmocka_unit_test(the_oldest_makes_room),
		cmocka_unit_test(control_bytes_are_escaped),
		cmocka_unit_test(without_memory),
		cmocka_unit_test(a_sweep_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
