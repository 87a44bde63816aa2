/* Creating on fakes: one POST for one spec, whatever comes in between, and what the write says about it. */
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

static void one_write_creates(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = stage_begin_draft(&stage), write = stage_write_spec(&stage, opened);
	const struct api_call *post = fake_api_last(stage.api, API_POST, TEMPLATES);
	assert_non_null(post);
	assert_string_equal(post->body, SPEC_BODY("abc"));
	assert_int_equal(post->timeout_ms, 60000); /* its own: it goes on for whoever asks later */
	stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-1"));
	assert_written(write, strlen(SPEC_TEXT));
	/* What comes after it sends nothing: the file's end, a flush, an fsync. */
	assert_written(stage_write(&stage, opened, "\n", (off_t)strlen(SPEC_TEXT)), 1);
	assert_err(stage_flush(&stage, opened), 0);
	assert_err(stage_fsync(&stage, opened), 0);
	assert_int_equal(stage_posts(&stage), 1);
	assert_int_equal(fake_api_total(stage.api), 3);
	stage_close(&stage);
}

static void several_writes_create_once(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = stage_begin_draft(&stage);
	size_t len = strlen(SPEC_TEXT);
	char byte[2] = "";
	for (size_t i = 0; i + 1 < len; i++) {
		byte[0] = SPEC_TEXT[i];
		assert_written(stage_write(&stage, opened, byte, (off_t)i), 1);
	}
	assert_int_equal(fake_api_total(stage.api), 1);
	fuse_req_t last = stage_write(&stage, opened, "}", (off_t)len - 1);
	assert_parked(last);
	stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
	stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-1"));
	assert_written(last, 1);
	assert_int_equal(stage_posts(&stage), 1);
	stage_close(&stage);
}

/* Pieces in another order are put together, and committed by the flush. */
static void a_flush_commits_what_came_out_of_order(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = stage_begin_draft(&stage);
	assert_written(stage_write(&stage, opened, &SPEC_TEXT[10], 10), strlen(SPEC_TEXT) - 10);
	assert_written(stage_write(&stage, opened, "{\"descript", 0), 10);
	assert_int_equal(fake_api_total(stage.api), 1);
	fuse_req_t flush = stage_flush(&stage, opened);
	assert_parked(flush);
	stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
	assert_string_equal(fake_api_last(stage.api, API_POST, NULL)->body, SPEC_BODY("abc"));
	stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-1"));
	assert_err(flush, 0);
	assert_err(stage_flush(&stage, opened), 0);
	assert_int_equal(stage_posts(&stage), 1);
	stage_close(&stage);
}

static void incomplete_text_sends_nothing(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = stage_begin_draft(&stage);
	assert_err(stage_flush(&stage, opened), 0); /* nothing was written: a touch */
	assert_written(stage_write(&stage, opened, "{\"description\":\"d\"", 0), 18);
	assert_err(stage_flush(&stage, opened), EINVAL);
	stage_mentions(&stage, TEMPLATES_DIR "/abc/.error", "Verdict: nothing was changed.");
	stage_says(&stage, TEMPLATES_DIR "/abc/spec.json", "{\"description\":\"d\"");
	/* The descriptor may be another process's too, which writes on. */
	fuse_req_t rest = stage_write(&stage, opened, &SPEC_TEXT[18], 18);
	stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
	stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-1"));
	assert_written(rest, strlen(SPEC_TEXT) - 18);
	assert_int_equal(stage_posts(&stage), 1);
	stage_close(&stage);
}

static void a_release_never_commits(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = stage_begin_draft(&stage);
	assert_written(stage_write(&stage, opened, &SPEC_TEXT[10], 10), strlen(SPEC_TEXT) - 10);
	assert_written(stage_write(&stage, opened, "{\"descript", 0), 10);
	kernel_release(opened);
	stage_later(&stage, 1000);
	assert_int_equal(fake_api_total(stage.api), 1);
	stage_close(&stage);
}

static void bad_text_is_refused_and_stays(void **state) {
	(void)state;
	static const char *const texts[] = {
		"{\"description\":\"d\",\"image\":\"ghcr.io/o/i:v1\",\"category\":7}",
		"{\"description\":\"d\",\"Image\":\"ghcr.io/o/i:v1\",\"category\":\"c\"}",
		"{\"description\":\"d\"}",
		"{\"name\":\"other\",\"description\":\"d\",\"image\":\"ghcr.io/o/i:v1\",\"category\":\"c\"}",
		"{\"a\":1,\"a\":2}",
		"nonsense",
		"[]",
		SPEC_TEXT "x",
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct stage stage;
		fuse_req_t opened = stage_begin_draft(&stage);
		assert_err(stage_write(&stage, opened, texts[i], 0), EINVAL);
		stage_mentions(&stage, TEMPLATES_DIR "/abc/.error", "line 1, column ");
		stage_mentions(&stage, TEMPLATES_DIR "/.error", "^");
		stage_says(&stage, TEMPLATES_DIR "/abc/spec.json", texts[i]);
		/* The same outcome for all that follows on this handle. */
		assert_err(stage_write(&stage, opened, SPEC_TEXT, 0), EINVAL);
		assert_err(stage_flush(&stage, opened), EINVAL);
		assert_int_equal(fake_api_total(stage.api), 1);
		/* A second try with another handle, or after truncating this one, is free. */
		assert_int_equal(
			stage_setattr(&stage, opened->entry.ino, &(struct stat){0}, FUSE_SET_ATTR_SIZE, opened)->answer,
			ANSWER_ATTR);
		fuse_req_t write = stage_write_spec(&stage, opened);
		stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-1"));
		assert_written(write, strlen(SPEC_TEXT));
		stage_close(&stage);
	}
}

/* Each mistake with its place, and the verdict once. */
static void all_that_is_wrong_is_told(void **state) {
	(void)state;
	static const char said[] = "spec.json: EINVAL\n"
				   "unknown member \"imag\"; did you mean \"image\"?\n"
				   "line 2, column 2\n"
				   " \"****\": \"*****************:**\",\n"
				   " ^\n"
				   "description must be a string, not 7\n"
				   "line 3, column 17\n"
				   " \"description\": *,\n"
				   "                ^\n"
				   "unknown member \"x\"\n"
				   "line 4, column 2\n"
				   " \"*\": *\n"
				   " ^\n"
				   "category is required\n"
				   "line 5, column 1\n"
				   "}\n"
				   "^\n"
				   "Verdict: nothing was changed.\n";
	struct stage stage;
	fuse_req_t opened = stage_begin_draft(&stage);
	fuse_req_t write = stage_write(
		&stage, opened, "{\n \"imag\": \"ghcr.io/org/image:v1\",\n \"description\": 7,\n \"x\": 1\n}", 0);
	assert_err(write, EINVAL);
	stage_mentions(&stage, TEMPLATES_DIR "/abc/.error", said);
	stage_mentions(&stage, TEMPLATES_DIR "/.error", said);
	stage_mentions(&stage, ".neevfs/errors", said);
	stage_close(&stage);
}

static void too_much_text_is_refused(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = stage_begin_draft(&stage);
	assert_err(stage_write(&stage, opened, "x", 1 << 20), EFBIG);
	assert_err(stage_setattr(&stage, opened->entry.ino, &(struct stat){.st_size = (1 << 20) + 1},
			   FUSE_SET_ATTR_SIZE, opened),
		EFBIG);
	assert_int_equal(fake_api_total(stage.api), 1);
	stage_close(&stage);
}

/* A hole is NUL bytes: no JSON. */
static void a_hole_sends_nothing(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = stage_begin_draft(&stage);
	assert_int_equal(
		stage_setattr(&stage, opened->entry.ino, &(struct stat){.st_size = 100}, FUSE_SET_ATTR_SIZE, opened)
			->attr.st_size,
		100);
	assert_written(stage_write(&stage, opened, SPEC_TEXT, 100), strlen(SPEC_TEXT));
	assert_err(stage_flush(&stage, opened), EINVAL);
	assert_int_equal(fake_api_total(stage.api), 1);
	stage_close(&stage);
}

static void a_failed_post_is_not_repeated(void **state) {
	(void)state;
	static const struct {
		int status, code;
	} cases[] = {{400, EINVAL}, {402, EDQUOT}, {403, EACCES}, {409, EEXIST}, {422, EINVAL}, {429, EBUSY}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct stage stage;
		fuse_req_t opened = stage_begin_draft(&stage), write = stage_write_spec(&stage, opened);
		stage_answer(&stage, API_POST, TEMPLATES, cases[i].status, NULL);
		assert_err(write, cases[i].code);
		/* cp and tee write again, close() flushes. */
		assert_err(stage_write(&stage, opened, SPEC_TEXT, 0), cases[i].code);
		assert_err(stage_flush(&stage, opened), cases[i].code);
		assert_int_equal(stage_posts(&stage), 1);
		stage_close(&stage);
	}
}

/* What failed for certain may be tried again, by opening it again. */
static void a_second_try_is_a_second_post(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = stage_begin_draft(&stage), write = stage_write_spec(&stage, opened);
	stage_answer(&stage, API_POST, TEMPLATES, 402, NULL);
	assert_err(write, EDQUOT);
	/* Truncating does not reopen what was sent. */
	fuse_req_t cut = stage_setattr(&stage, opened->entry.ino, &(struct stat){0}, FUSE_SET_ATTR_SIZE, opened);
	stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
	assert_int_equal(cut->answer, ANSWER_ATTR);
	assert_err(stage_write(&stage, opened, SPEC_TEXT, 0), EDQUOT);
	kernel_release(opened);
	fuse_req_t again = stage_open_file(&stage, opened->entry.ino, O_WRONLY | O_TRUNC);
	assert_opened(again);
	write = stage_write_spec(&stage, again);
	stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-1"));
	assert_written(write, strlen(SPEC_TEXT));
	assert_int_equal(stage_posts(&stage), 2);
	stage_close(&stage);
}

static void a_name_that_exists_meanwhile(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = stage_begin_draft(&stage);
	fuse_req_t write = stage_write(&stage, opened, SPEC_TEXT, 0);
	stage_answer(&stage, API_GET, TEMPLATES, 200, ONE);
	assert_err(write, EEXIST);
	assert_int_equal(stage_posts(&stage), 0);
	stage_mentions(&stage, TEMPLATES_DIR "/abc/.error", "exists already (id id-1)");
	/* The directory is the resource now. */
	stage_says(&stage, TEMPLATES_DIR "/abc/id", "id-1\n");
	assert_err(stage_flush(&stage, opened), EEXIST);
	stage_close(&stage);
}

/* A second holder of a name is not free either, though its directory is called otherwise. */
static void a_name_that_is_still_being_deleted(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t made = stage_mkdir(&stage, stage_walk(&stage, MODELS_DIR), "abc");
	stage_answer(&stage, API_GET, MODELS, 200, LIST(""));
	assert_entry(made);
	fuse_req_t opened = stage_create(&stage, made->entry.ino, "spec.json");
	const char *text =
		"{\"catalog_id\":\"c\",\"region\":\"r\",\"gpu_config_id\":\"g\",\"gpu_count\":1,\"plan_id\":\"p\"}";
	fuse_req_t write = stage_write(&stage, opened, text, 0);
	stage_answer(&stage, API_GET, MODELS, 200, LIST(MODEL("abc", "id-1", "terminating", "1")));
	assert_err(write, EBUSY);
	stage_mentions(&stage, MODELS_DIR "/abc/.error", "still being deleted");
	assert_int_equal(stage_posts(&stage), 0);
	stage_close(&stage);
}

/* Nobody may be told that nothing exists yet. */
static void what_is_asked_of_it_meanwhile(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = stage_begin_draft(&stage);
	fuse_req_t write = stage_write_spec(&stage, opened);
	fuse_ino_t dir = stage_walk(&stage, TEMPLATES_DIR "/abc");
	assert_err(stage_create(&stage, dir, "status"), EBUSY);
	stage_mentions(&stage, TEMPLATES_DIR "/abc/.error", "its create is under way");
	stage_fail(&stage, API_POST, TEMPLATES, ETIMEDOUT, true);
	stage_in_vain(&stage, write);
	assert_err(write, EINPROGRESS);
	assert_err(stage_create(&stage, dir, "status"), EBUSY);
	stage_mentions(&stage, TEMPLATES_DIR "/abc/.error", "its outcome is not known");
	assert_int_equal(stage_posts(&stage), 1);
	kernel_release(opened);
	stage_close(&stage);
}

static void the_listing_before_it_fails(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = stage_begin_draft(&stage);
	fuse_req_t write = stage_write(&stage, opened, SPEC_TEXT, 0);
	stage_fail(&stage, API_GET, TEMPLATES, EHOSTUNREACH, false);
	assert_err(write, EHOSTUNREACH);
	assert_int_equal(stage_posts(&stage), 0);
	stage_mentions(&stage, TEMPLATES_DIR "/abc/.error", "Verdict: nothing was changed.");
	kernel_release(opened);
	fuse_req_t again = stage_open_file(&stage, opened->entry.ino, O_WRONLY | O_TRUNC);
	if (again->answer == ANSWER_MISSING)
		stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
	assert_opened(again);
	stage_close(&stage);
}

/* It certainly was not sent: nothing is in doubt. */
static void a_post_that_never_left(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = stage_begin_draft(&stage), write = stage_write_spec(&stage, opened);
	/* It may go again, and looks again before: the name could be taken by now. */
	for (int attempt = 1; attempt <= 3; attempt++) {
		stage_fail(&stage, API_POST, TEMPLATES, EHOSTUNREACH, false);
		if (attempt == 3)
			break;
		assert_parked(write);
		stage_later(&stage, 1000);
		stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
		assert_int_equal(stage_posts(&stage), attempt + 1);
	}
	assert_err(write, EHOSTUNREACH);
	stage_mentions(&stage, TEMPLATES_DIR "/.error", "Verdict: nothing");
	fuse_req_t removed = stage_rmdir(&stage, stage_walk(&stage, TEMPLATES_DIR), "abc");
	if (removed->answer == ANSWER_MISSING)
		stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
	assert_err(removed, 0);
	stage_close(&stage);
}

/* Two handles, two whole specs: the second finds the create under way. */
static void two_writers_of_one_draft(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t one = stage_begin_draft(&stage), two = stage_open_file(&stage, one->entry.ino, O_WRONLY | O_TRUNC);
	assert_opened(two);
	fuse_req_t first = stage_write(&stage, one, SPEC_TEXT, 0);
	assert_parked(first);
	fuse_req_t second = stage_write(&stage, two, SPEC_TEXT, 0);
	while (second->answer == ANSWER_MISSING)
		stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
	assert_err(second, EALREADY);
	if (fake_api_find(stage.api, API_GET, TEMPLATES))
		stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
	stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-1"));
	assert_written(first, strlen(SPEC_TEXT));
	assert_int_equal(stage_posts(&stage), 1);
	stage_close(&stage);
}

/* A text that was there already is written over piece by piece: only the end of it tells that it is whole. */
static void without_truncating_the_flush_commits(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = stage_begin_draft(&stage);
	assert_written(stage_write(&stage, opened, "{", 0), 1);
	kernel_release(opened);
	fuse_req_t again = stage_open_file(&stage, opened->entry.ino, O_RDWR);
	assert_reads(&stage, again, "{");
	assert_written(stage_write(&stage, again, SPEC_TEXT, 0), strlen(SPEC_TEXT));
	assert_int_equal(fake_api_total(stage.api), 1);
	fuse_req_t flush = stage_flush(&stage, again);
	stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
	stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-1"));
	assert_err(flush, 0);
	stage_close(&stage);
}

static void creating_is_not_granted(void **state) {
	(void)state;
	struct stage stage;
	stage_init(&stage);
	stage.options.allow = CHANGE_DELETE | CHANGE_SCALE;
	assert_int_equal(stage_open(&stage), 0);
	fuse_ino_t dir = stage_walk(&stage, TEMPLATES_DIR);
	assert_err(stage_mkdir(&stage, dir, "abc"), EROFS);
	assert_err(stage_mkdir(&stage, stage_walk(&stage, "orgs"), "abc"), EPERM);
	assert_err(stage_mkdir(&stage, FUSE_ROOT_ID, "abc"), EPERM);
	assert_int_equal(fake_api_total(stage.api), 0);
	stage_close(&stage);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_write_creates),
		cmocka_unit_test(several_writes_create_once),
		cmocka_unit_test(a_flush_commits_what_came_out_of_order),
		cmocka_unit_test(incomplete_text_sends_nothing),
		cmocka_unit_test(a_release_never_commits),
		cmocka_unit_test(bad_text_is_refused_and_stays),
		cmocka_unit_test(all_that_is_wrong_is_told),
		cmocka_unit_test(too_much_text_is_refused),
		cmocka_unit_test(a_hole_sends_nothing),
		cmocka_unit_test(a_failed_post_is_not_repeated),
		cmocka_unit_test(a_second_try_is_a_second_post),
		cmocka_unit_test(a_name_that_exists_meanwhile),
		cmocka_unit_test(a_name_that_is_still_being_deleted),
		cmocka_unit_test(what_is_asked_of_it_meanwhile),
		cmocka_unit_test(the_listing_before_it_fails),
		cmocka_unit_test(a_post_that_never_left),
		cmocka_unit_test(two_writers_of_one_draft),
		cmocka_unit_test(without_truncating_the_flush_commits),
		cmocka_unit_test(creating_is_not_granted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
