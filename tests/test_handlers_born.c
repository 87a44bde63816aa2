/* What becomes of a create on fakes: not known, born, seen though the list lags, and gone again. */
#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ONE LIST(SPEC_ANSWER("abc", "id-1"))

/* Nobody knows whether it was created: said so, and nothing more is sent under that name. */
static void assert_in_doubt(struct stage *stage, fuse_req_t opened, fuse_req_t write) {
	fuse_ino_t dir = stage_walk(stage, TEMPLATES_DIR);
	assert_parked(write);
	stage_later(stage, 999);
	assert_null(fake_api_find(stage->api, API_GET, TEMPLATES));
	stage_later(stage, 1); /* 1 s after it became unclear */
	assert_non_null(fake_api_find(stage->api, API_GET, TEMPLATES));
	stage_in_vain(stage, write);
	assert_err(write, EINPROGRESS);
	assert_int_equal(stage_posts(stage), 1);
	assert_err(stage_flush(stage, opened), EINPROGRESS);
	fuse_req_t lookup = stage_lookup(stage, dir, "abc");
	if (lookup->answer == ANSWER_MISSING)
		stage_answer(stage, API_GET, TEMPLATES, 200, LIST(""));
	assert_entry(lookup);
	stage_mentions(stage, TEMPLATES_DIR "/abc/.error", "Verdict: unknown");
	assert_err(stage_open_file(stage, opened->entry.ino, O_WRONLY | O_TRUNC), EALREADY);
	assert_err(stage_setattr(stage, opened->entry.ino, &(struct stat){0}, FUSE_SET_ATTR_SIZE, NULL), EALREADY);
	assert_err(stage_rmdir(stage, dir, "abc"), EBUSY);
	assert_err(stage_rename(stage, dir, "abc", dir, "abd"), EBUSY);
	assert_err(stage_unlink(stage, lookup->entry.ino, "spec.json"), EBUSY);
	assert_err(stage_mkdir(stage, dir, "abc"), EEXIST);
	assert_int_equal(stage_posts(stage), 1);
	/* A listing that shows it settles it. */
	stage_later(stage, TTL_MS);
	lookup = stage_lookup(stage, dir, "abc");
	if (fake_api_find(stage->api, API_GET, TEMPLATES)) /* its own look may have been first */
		stage_answer(stage, API_GET, TEMPLATES, 200, ONE);
	assert_entry(lookup);
	stage_says(stage, TEMPLATES_DIR "/abc/id", "id-1\n");
}

static void an_unknown_outcome(void **state) {
	(void)state;
	for (int i = 0; i < 3; i++) {
		struct stage stage;
		fuse_req_t opened = stage_begin_draft(&stage), write = stage_write_spec(&stage, opened);
		if (i == 0)
			stage_fail(&stage, API_POST, TEMPLATES, ETIMEDOUT, true);
		else if (i == 1)
			stage_fail(&stage, API_POST, TEMPLATES, EREMOTEIO, true);
		else
			stage_answer(&stage, API_POST, TEMPLATES, 503, NULL);
		assert_in_doubt(&stage, opened, write);
		stage_close(&stage);
	}
}

static void an_answer_that_does_not_show_it(void **state) {
	(void)state;
	static const char *const answers[] = {
		NULL,
		"{}",
		"{\"name\":\"abc\"}",
		"{\"id\":\"\",\"name\":\"abc\"}",
		"{\"id\":7,\"name\":\"abc\"}",
		"{\"id\":\"id-1\",\"name\":\"other\"}",
		"{\"id\":\"id-1\"}",
		"[]",
		"\"id-1\"",
	};
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct stage stage;
		fuse_req_t opened = stage_begin_draft(&stage), write = stage_write_spec(&stage, opened);
		stage_answer(&stage, API_POST, TEMPLATES, 200, answers[i]);
		assert_in_doubt(&stage, opened, write);
		stage_close(&stage);
	}
}

/* A mount in which abc was created just now. */
static fuse_ino_t begin_born(struct stage *stage) {
	fuse_req_t opened = stage_begin_draft(stage), write = stage_write_spec(stage, opened);
	stage_answer(stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-1"));
	assert_written(write, strlen(SPEC_TEXT));
	return stage_walk(stage, TEMPLATES_DIR);
}

/* A listing that lacks it does not decide: it may lag. The resource itself is asked. */
static void a_newborn_is_seen_though_the_list_lags(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir = begin_born(&stage);
	for (int i = 0; i < 3; i++) {
		fuse_req_t listed = stage_opendir(&stage, dir);
		assert_parked(listed); /* the create made the old list void */
		stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
		assert_parked(listed);
		stage_answer(&stage, API_GET, TEMPLATES "/id-1", 200, SPEC_ANSWER("abc", "id-1"));
		assert_opened(listed);
		assert_string_equal(stage_names(&stage, dir, 4096), "abc\n");
		stage_says(&stage, TEMPLATES_DIR "/abc/id", "id-1\n");
		stage_says(&stage, TEMPLATES_DIR "/abc/status", "Active\n");
		assert_err(stage_mkdir(&stage, dir, "abc"), EEXIST);
		stage_later(&stage, TTL_MS);
	}
	fuse_req_t lookup = stage_lookup(&stage, dir, "abc");
	stage_answer(&stage, API_GET, TEMPLATES, 200, LIST("{\"id\":\"id-1\",\"name\":\"abc\",\"status\":\"Listed\"}"));
	assert_entry(lookup);
	stage_says(&stage, TEMPLATES_DIR "/abc/status", "Listed\n");
	assert_string_equal(stage_names(&stage, dir, 4096), "abc\n");
	stage_close(&stage);
}

static void a_newborn_that_is_gone(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir = begin_born(&stage);
	fuse_req_t lookup = stage_lookup(&stage, dir, "abc"), listed = stage_opendir(&stage, dir);
	stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
	stage_answer(&stage, API_GET, TEMPLATES "/id-1", 404, NULL);
	assert_err(lookup, ENOENT);
	assert_opened(listed);
	assert_string_equal(stage_names(&stage, dir, 4096), "");
	assert_entry(stage_mkdir(&stage, dir, "abc")); /* the name is free again */
	stage_close(&stage);
}

/* Nobody can be asked: then what the create was answered stands. */
static void a_newborn_while_the_network_is_gone(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir = begin_born(&stage);
	fuse_req_t lookup = stage_lookup(&stage, dir, "abc");
	stage_fail(&stage, API_GET, TEMPLATES, EHOSTUNREACH, false);
	if (lookup->answer == ANSWER_MISSING)
		stage_fail(&stage, API_GET, TEMPLATES "/id-1", EHOSTUNREACH, false);
	assert_entry(lookup);
	stage_close(&stage);
}

/* It exists from the moment the API has it, which is before its answer is here. */
static void a_listing_shows_it_before_the_answer(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = stage_begin_draft(&stage), write = stage_write_spec(&stage, opened);
	fuse_ino_t dir = stage_walk(&stage, TEMPLATES_DIR);
	fuse_req_t touch = stage_setattr(&stage, dir, &(struct stat){0}, FUSE_SET_ATTR_MTIME_NOW, NULL);
	assert_int_equal(touch->answer, ANSWER_ATTR);
	fuse_req_t listed = stage_opendir(&stage, dir), lookup = stage_lookup(&stage, dir, "abc");
	stage_answer(&stage, API_GET, TEMPLATES, 200, ONE);
	assert_opened(listed);
	assert_entry(lookup);
	assert_string_equal(stage_names(&stage, dir, 4096), "abc\n");
	assert_parked(write);
	stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-1"));
	assert_written(write, strlen(SPEC_TEXT));
	stage_close(&stage);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unknown_outcome),
		cmocka_unit_test(an_answer_that_does_not_show_it),
		cmocka_unit_test(a_newborn_is_seen_though_the_list_lags),
		cmocka_unit_test(a_newborn_that_is_gone),
		cmocka_unit_test(a_newborn_while_the_network_is_gone),
		cmocka_unit_test(a_listing_shows_it_before_the_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
