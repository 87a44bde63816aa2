/*
 * An HTTP cache between the mount and the API, which many mounts share: what it gives is never older than the TTL with
 * all its time on the way, and never from before one's own change, or before what is to be decided.
 */
#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define READY LIST(MODEL("a", "id-a", "ready", "2"))
#define MOVING LIST(MODEL("a", "id-a", "initializing", "2"))
#define TWO LIST(MODEL("a", "id-a", "ready", "2") "," MODEL("b", "id-b", "ready", "1"))

enum { TTL_S = TTL_MS / 1000, MOVING_S = MOVING_MS / 1000, LATE_MS = 30000 };

static const double tick_s = 0.010; /* the kernel's clock is coarser than ours */

static void assert_s(double got, double expected) {
	if (got < expected - tick_s - 0.001 || got > expected)
		fail_msg("%g s, expected %g s", got, expected);
}

/* The request that waits for the path, of which the cache may be that old. */
static struct api_call *asked(const struct stage *stage, const char *path, unsigned max_age_s) {
	struct api_call *call = fake_api_find(stage->api, API_GET, path);
	assert_non_null(call);
	assert_int_equal(call->max_age_s, max_age_s);
	return call;
}

static void answer_aged(struct stage *stage, struct api_call *call, unsigned age_s, const char *body) {
	call->age_s = age_s;
	fake_api_answer(call, 200, body);
	stage_turn(stage);
}

static fuse_req_t looks(struct stage *stage, const char *name) {
	return stage_lookup(stage, stage_walk(stage, MODELS_DIR), name);
}

/* ---- how old ---- */

static void each_class_says_its_time(void **state) {
	(void)state;
	struct stage stage;
	stage_init(&stage);
	stage.options.ttl_ms[TTL_ITEM] = 7999;
	stage.options.ttl_ms[TTL_CATALOG] = 600000;
	stage.options.ttl_ms[TTL_INVENTORY] = 999; /* not even a second: no cache will do */
	assert_int_equal(stage_open(&stage), 0);
	fuse_req_t lookup = looks(&stage, "a");
	answer_aged(&stage, asked(&stage, MODELS, TTL_S), 0, READY);
	assert_s(lookup->entry.entry_timeout, TTL_S);
	fuse_req_t info = stage_lookup(&stage, lookup->entry.ino, "info.json");
	answer_aged(&stage, asked(&stage, MODELS "/id-a", 7), 0, MODEL("a", "id-a", "ready", "2"));
	assert_s(info->entry.entry_timeout, 7.999);
	(void)stage_lookup(&stage, stage_walk(&stage, "catalog"), "m");
	asked(&stage, "/api/v1beta1/aimodels-catalog", 600);
	(void)stage_lookup(&stage, stage_walk(&stage, "inventory"), "r");
	asked(&stage, "/api/v1beta1/inventory", 0);
	answer_aged(&stage, fake_api_find(stage.api, API_GET, NULL), 0, LIST(""));
	answer_aged(&stage, fake_api_find(stage.api, API_GET, NULL), 0, LIST(""));
	stage_close(&stage);
}

static void its_time_on_the_way_counts(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t lookup = looks(&stage, "a");
	answer_aged(&stage, asked(&stage, MODELS, TTL_S), 25, READY);
	assert_s(lookup->entry.entry_timeout, TTL_S - 25);
	stage_later(&stage, 4999);
	assert_entry(looks(&stage, "a"));
	stage_later(&stage, 1);
	lookup = looks(&stage, "a");
	/* The very same text again is as old as it is now. */
	answer_aged(&stage, asked(&stage, MODELS, TTL_S), 28, READY);
	assert_s(lookup->entry.entry_timeout, TTL_S - 28);
	fuse_req_t info = stage_lookup(&stage, lookup->entry.ino, "info.json");
	answer_aged(&stage, asked(&stage, MODELS "/id-a", TTL_S), 29, MODEL("a", "id-a", "ready", "2"));
	assert_s(info->entry.entry_timeout, 1);
	/* All of it on the way: good for who waited, and for nobody else. */
	stage_later(&stage, 2000);
	lookup = looks(&stage, "a");
	answer_aged(&stage, asked(&stage, MODELS, TTL_S), TTL_S, READY);
	assert_entry(lookup);
	assert_true(lookup->entry.entry_timeout == 0);
	stage_later(&stage, 1);
	lookup = looks(&stage, "a");
	answer_aged(&stage, asked(&stage, MODELS, TTL_S), 0, READY);
	assert_s(lookup->entry.entry_timeout, TTL_S);
	stage_close(&stage);
}

/* A cache cannot know that what it has is in transition. */
static void what_moves_is_asked_for_again(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t lookup = looks(&stage, "a");
	answer_aged(&stage, asked(&stage, MODELS, TTL_S), 25, MOVING);
	assert_parked(lookup);
	answer_aged(&stage, asked(&stage, MODELS, MOVING_S), 1, MOVING);
	assert_s(lookup->entry.entry_timeout, MOVING_S - 1);
	fuse_req_t info = stage_lookup(&stage, lookup->entry.ino, "info.json");
	answer_aged(&stage, asked(&stage, MODELS "/id-a", TTL_S), 3, MODEL("a", "id-a", "initializing", "2"));
	assert_parked(info);
	answer_aged(&stage, asked(&stage, MODELS "/id-a", MOVING_S), 2, MODEL("a", "id-a", "initializing", "2"));
	assert_entry(info);
	/* The next time it is known. */
	stage_later(&stage, MOVING_MS);
	lookup = looks(&stage, "a");
	answer_aged(&stage, asked(&stage, MODELS, MOVING_S), 0, READY);
	assert_s(lookup->entry.entry_timeout, TTL_S);
	assert_int_equal(fake_api_count(stage.api, API_GET, MODELS), 3);
	/* What is young enough is not asked for again. */
	stage_later(&stage, TTL_MS);
	lookup = looks(&stage, "a");
	answer_aged(&stage, asked(&stage, MODELS, TTL_S), 2, MOVING);
	assert_entry(lookup);
	assert_int_equal(fake_api_count(stage.api, API_GET, MODELS), 4);
	stage_close(&stage);
}

/* One that gives what is older than was asked for is passed by; and if that does not help either, it is so. */
static void who_does_not_obey_is_passed_by(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t lookup = looks(&stage, "b");
	answer_aged(&stage, asked(&stage, MODELS, TTL_S), TTL_S + 1, READY);
	assert_parked(lookup);
	answer_aged(&stage, asked(&stage, MODELS, 0), 0, TWO);
	assert_s(lookup->entry.entry_timeout, TTL_S);
	stage_later(&stage, TTL_MS);
	lookup = looks(&stage, "a");
	answer_aged(&stage, asked(&stage, MODELS, TTL_S), TTL_S, MOVING);
	answer_aged(&stage, asked(&stage, MODELS, MOVING_S), TTL_S, MOVING);
	answer_aged(&stage, asked(&stage, MODELS, 0), TTL_S, MOVING);
	assert_entry(lookup);
	assert_true(lookup->entry.entry_timeout == 0);
	assert_int_equal(fake_api_waiting(stage.api), 0);
	/* A failure ends it. */
	stage_later(&stage, 1);
	lookup = looks(&stage, "a");
	answer_aged(&stage, asked(&stage, MODELS, MOVING_S), TTL_S, MOVING);
	stage_fail(&stage, API_GET, MODELS, EHOSTUNREACH, false);
	assert_err(lookup, EHOSTUNREACH);
	stage_close(&stage);
}

/* Pages of several times could lack what went from the one to the other. */
static void pages_belong_together(void **state) {
	(void)state;
	static const struct {
		unsigned age_s, apart_s;
		bool again;
	} cases[] = {{25, 2, false}, {25, 3, true}, {1, 25, true}, {0, 60, false} /* the API is slow; no cache */};
	const char *const pages[] = {
		"{\"data\":[" MODEL("a", "id-a", "ready", "2") "],\"pagination\":{\"total_pages\":2}}",
		"{\"data\":[" MODEL("b", "id-b", "ready", "2") "]}"};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct stage stage;
		stage_begin(&stage);
		fuse_req_t lookup = looks(&stage, "a");
		struct api_call *call = asked(&stage, MODELS, TTL_S);
		call->age_s = cases[i].age_s;
		call->apart_s = cases[i].apart_s;
		fake_api_pages(call, pages, 2);
		stage_turn(&stage);
		if (cases[i].again) {
			assert_parked(lookup);
			call = asked(&stage, MODELS, 0);
			assert_non_null(call->before); /* what is as it was is not read again */
			fake_api_pages(call, pages, 2);
			stage_turn(&stage);
		}
		assert_s(lookup->entry.entry_timeout, cases[i].again ? TTL_S : TTL_S - cases[i].age_s);
		stage_close(&stage);
	}
}

/* ---- not from before ---- */

/* For a while after something was forgotten what a cache has may be from before; then what is young enough is not. */
static void what_was_forgotten_stays_so(void **state) {
	(void)state;
	static const struct {
		int64_t later_ms;
		unsigned max_age_s;
	} cases[] = {{0, 0}, {1000, 0}, {LATE_MS, 0}, {LATE_MS + 999, 0}, {LATE_MS + 1000, 1}, {LATE_MS + 12345, 12},
		{LATE_MS + TTL_MS - 1, TTL_S - 1}, {LATE_MS + TTL_MS, TTL_S}, {LATE_MS + 10 * TTL_MS, TTL_S}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		for (int way = 0; way < 5; way++) {
			struct stage stage;
			struct scope scope = {.ids = {"o", "p", "id-a"}, .count = 2};
			const struct kind *kind = &kinds[KIND_AIMODEL];
			stage_begin(&stage);
			stage_later(&stage, 1000000);
			if (way == 0)
				store_forget_list(stage.fs.store, kind, &scope);
			else if (way == 1)
				store_forget_lists(stage.fs.store, kind);
			else if (way == 2)
				store_forget_all(stage.fs.store);
			else if (way == 3)
				store_forget_below(stage.fs.store, kind, &scope);
			scope.count = 3;
			if (way == 4)
				store_forget_resource(stage.fs.store, kind, &scope);
			stage_later(&stage, cases[i].later_ms);
			fuse_req_t lookup = looks(&stage, "a");
			answer_aged(&stage, asked(&stage, MODELS, cases[i].max_age_s), 0, READY);
			assert_entry(lookup);
			stage_close(&stage);
		}
}

static void a_touch_passes_it_by(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t lookup = looks(&stage, "a");
	answer_aged(&stage, asked(&stage, MODELS, TTL_S), 20, READY);
	assert_entry(lookup);
	stage_later(&stage, 1000);
	fuse_ino_t dir = stage_walk(&stage, MODELS_DIR);
	assert_int_equal(
		stage_setattr(&stage, dir, &(struct stat){0}, FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_MTIME_NOW, NULL)
			->answer,
		ANSWER_ATTR);
	lookup = looks(&stage, "b");
	answer_aged(&stage, asked(&stage, MODELS, 0), 0, TWO);
	assert_entry(lookup);
	stage_close(&stage);
}

/* After a change what it changed is asked for anew as long as another's late answer could still come. */
static void a_change_is_seen_at_once(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t lookup = looks(&stage, "a");
	answer_aged(&stage, asked(&stage, MODELS, TTL_S), 0, READY);
	fuse_req_t file = stage_lookup(&stage, lookup->entry.ino, "replicas");
	fuse_req_t opened = stage_open_file(&stage, file->entry.ino, O_WRONLY | O_TRUNC);
	fuse_req_t written = stage_write(&stage, opened, "3\n", 0);
	stage_answer(&stage, API_PUT, MODELS "/id-a/scale", 200, "{}");
	assert_written(written, 2);
	kernel_release(opened);
	for (int64_t at_ms = 0; at_ms < LATE_MS; at_ms += MOVING_MS) {
		lookup = looks(&stage, "a");
		answer_aged(&stage, asked(&stage, MODELS, 0), 0, MOVING);
		assert_entry(lookup);
		stage_later(&stage, MOVING_MS);
	}
	lookup = looks(&stage, "a");
	answer_aged(&stage, asked(&stage, MODELS, 0), 0, MOVING);
	stage_later(&stage, MOVING_MS);
	lookup = looks(&stage, "a");
	answer_aged(&stage, asked(&stage, MODELS, MOVING_S), 0, MOVING);
	assert_entry(lookup);
	stage_close(&stage);
}

/* ---- what is decided ---- */

static void a_create_is_judged_by_the_api(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = stage_begin_draft(&stage);
	stage_later(&stage, TTL_MS / 2);
	fuse_req_t write = stage_write(&stage, opened, SPEC_TEXT, 0);
	answer_aged(&stage, asked(&stage, TEMPLATES, 0), 0, LIST(SPEC_ANSWER("abc", "id-1")));
	assert_err(write, EEXIST);
	assert_int_equal(stage_posts(&stage), 0);
	stage_close(&stage);
}

static void so_is_what_became_of_it(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = stage_begin_draft(&stage), write = stage_write_spec(&stage, opened);
	stage_fail(&stage, API_POST, TEMPLATES, ETIMEDOUT, true);
	for (int looked = 0; looked < 8 && write->answer == ANSWER_MISSING; looked++) {
		while (!fake_api_find(stage.api, API_GET, TEMPLATES) && write->answer == ANSWER_MISSING)
			stage_later(&stage, 1000);
		if (fake_api_find(stage.api, API_GET, TEMPLATES))
			answer_aged(&stage, asked(&stage, TEMPLATES, 0), 0, LIST(""));
	}
	assert_err(write, EINPROGRESS);
	assert_int_equal(stage_posts(&stage), 1);
	stage_close(&stage);
}

/* Whether a scale is needed, and whether one of unknown outcome was done. */
static void a_scale_too(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t lookup = looks(&stage, "a");
	answer_aged(&stage, asked(&stage, MODELS, TTL_S), 20, READY);
	fuse_req_t file = stage_lookup(&stage, lookup->entry.ino, "replicas");
	fuse_req_t opened = stage_open_file(&stage, file->entry.ino, O_WRONLY | O_TRUNC);
	fuse_req_t written = stage_write(&stage, opened, "2\n", 0);
	answer_aged(&stage, asked(&stage, MODELS "/id-a", 0), 0, MODEL("a", "id-a", "ready", "2"));
	assert_written(written, 2);
	assert_int_equal(fake_api_count(stage.api, API_PUT, NULL), 0);
	kernel_release(opened);
	stage_later(&stage, 1000000);
	lookup = looks(&stage, "a");
	answer_aged(&stage, asked(&stage, MODELS, TTL_S), 20, READY);
	opened = stage_open_file(&stage, file->entry.ino, O_WRONLY | O_TRUNC);
	written = stage_write(&stage, opened, "3\n", 0);
	for (int attempt = 0; attempt < 3; attempt++) {
		while (!fake_api_find(stage.api, API_PUT, NULL))
			stage_later(&stage, 100);
		stage_fail(&stage, API_PUT, MODELS "/id-a/scale", ETIMEDOUT, true);
	}
	answer_aged(&stage, asked(&stage, MODELS "/id-a", 0), 0, MODEL("a", "id-a", "ready", "3"));
	assert_written(written, 2);
	kernel_release(opened);
	stage_close(&stage);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_class_says_its_time),
		cmocka_unit_test(its_time_on_the_way_counts),
		cmocka_unit_test(what_moves_is_asked_for_again),
		cmocka_unit_test(who_does_not_obey_is_passed_by),
		cmocka_unit_test(pages_belong_together),
		cmocka_unit_test(what_was_forgotten_stays_so),
		cmocka_unit_test(a_touch_passes_it_by),
		cmocka_unit_test(a_change_is_seen_at_once),
		cmocka_unit_test(a_create_is_judged_by_the_api),
		cmocka_unit_test(so_is_what_became_of_it),
		cmocka_unit_test(a_scale_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
