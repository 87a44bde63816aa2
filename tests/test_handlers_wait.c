/* Waiting on fakes: interrupts, deadlines, too many that wait, the end of the mount. Whatever happens: one answer each.
 */
#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SCALE MODELS "/id-a/scale"
#define LISTED(status, replicas) LIST(MODEL("a", "id-a", status, replicas))

static size_t changes(const struct stage *stage) {
	return fake_api_total(stage->api) - fake_api_count(stage->api, API_GET, NULL);
}

static fuse_req_t begin_scale(struct stage *stage) {
	stage_begin(stage);
	fuse_req_t lookup = stage_lookup(stage, stage_walk(stage, MODELS_DIR), "a");
	stage_answer(stage, API_GET, MODELS, 200, LISTED("ready", "2"));
	assert_entry(lookup);
	fuse_req_t opened = stage_open_file(stage, stage_walk(stage, MODELS_DIR "/a/replicas"), O_WRONLY);
	assert_opened(opened);
	return opened;
}

/* ---- interrupts ---- */

static void an_interrupted_read(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_ino_t dir = stage_walk(&stage, MODELS_DIR);
	fuse_req_t killed = stage_lookup(&stage, dir, "a"), other = stage_lookup(&stage, dir, "a");
	kernel_interrupt(killed);
	assert_parked(killed); /* marked only: libfuse calls with its lock held */
	stage_turn(&stage);
	assert_err(killed, EINTR);
	assert_parked(other);
	/* The fetch goes on, for the other and for the cache. */
	stage_answer(&stage, API_GET, MODELS, 200, LISTED("ready", "2"));
	assert_entry(other);
	assert_entry(stage_lookup(&stage, dir, "a"));
	assert_int_equal(fake_api_total(stage.api), 1);
	stage_close(&stage);
}

static void the_last_that_waits_is_interrupted(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_ino_t dir = stage_walk(&stage, MODELS_DIR);
	fuse_req_t killed = stage_lookup(&stage, dir, "a");
	kernel_interrupt(killed);
	stage_turn(&stage);
	assert_err(killed, EINTR);
	stage_answer(&stage, API_GET, MODELS, 200, LISTED("ready", "2"));
	assert_entry(stage_lookup(&stage, dir, "a"));
	assert_int_equal(fake_api_total(stage.api), 1);
	stage_close(&stage);
}

/* The interrupt came before the request had a function for it. */
static void an_interrupt_before_parking(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t killed = kernel_request(stage.kernel);
	kernel_interrupt(killed);
	fs_lookup(killed, stage_walk(&stage, MODELS_DIR), "a");
	assert_parked(killed);
	stage_turn(&stage);
	assert_err(killed, EINTR);
	stage_close(&stage);
}

/* In the same turn the answer comes first: it is as good as the interrupt. */
static void an_interrupt_that_is_too_late(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t killed = stage_lookup(&stage, stage_walk(&stage, MODELS_DIR), "a");
	kernel_interrupt(killed);
	stage_answer(&stage, API_GET, MODELS, 200, LISTED("ready", "2"));
	assert_entry(killed);
	stage_turn(&stage);
	stage_close(&stage);
}

static void many_interrupts_in_one_turn(void **state) {
	(void)state;
	enum { COUNT = 200 };
	struct stage stage;
	fuse_req_t reqs[COUNT];
	stage_begin(&stage);
	fuse_ino_t dir = stage_walk(&stage, MODELS_DIR);
	for (int i = 0; i < COUNT; i++)
		reqs[i] = stage_lookup(&stage, dir, "a");
	for (int i = 0; i < COUNT; i++)
		if (i % 3)
			kernel_interrupt(reqs[i]);
	stage_turn(&stage);
	stage_answer(&stage, API_GET, MODELS, 200, LIST(""));
	for (int i = 0; i < COUNT; i++)
		assert_err(reqs[i], i % 3 ? EINTR : ENOENT);
	stage_close(&stage);
}

/* A job of the caller has ended, its window has another size: that is not what a call ends for. What comes then is. */
static void a_signal_that_calls_nobody_off(void **state) {
	(void)state;
	static const int signals[] = {SIGCHLD, SIGWINCH, 0};
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
		struct stage stage;
		fuse_req_t opened = begin_scale(&stage), write = stage_write(&stage, opened, "3\n", 0);
		kernel_interrupt_by(write, signals[i]);
		stage_later(&stage, 1000);
		assert_parked(write);
		stage_answer(&stage, API_PUT, SCALE, 200, NULL);
		assert_written(write, 2);
		fuse_req_t info = stage_lookup(&stage, stage_walk(&stage, "catalog"), "x");
		kernel_interrupt_by(info, signals[i]);
		stage_later(&stage, 1000);
		assert_parked(info);
		assert_in_range(ops_wait_ms(&stage.fs), 1, 200);
		kernel_signal(SIGINT);
		stage_later(&stage, 200);
		assert_err(info, EINTR);
		assert_int_equal(ops_wait_ms(&stage.fs), -1);
		stage_close(&stage);
	}
}

/* What was sent goes on: its outcome is seen though nobody waited for it. */
static void an_interrupted_scale(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = begin_scale(&stage), write = stage_write(&stage, opened, "3\n", 0);
	kernel_interrupt(write);
	stage_turn(&stage);
	assert_err(write, ECANCELED);
	assert_err(stage_write(&stage, opened, "3\n", 0), ECANCELED);
	assert_err(stage_flush(&stage, opened), ECANCELED);
	stage_answer(&stage, API_PUT, SCALE, 402, NULL);
	stage_mentions(&stage, MODELS_DIR "/.error", "EDQUOT");
	assert_int_equal(changes(&stage), 1);
	stage_close(&stage);
}

static void an_interrupted_create_that_was_sent(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = stage_begin_draft(&stage), write = stage_write(&stage, opened, SPEC_TEXT, 0);
	stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
	kernel_interrupt(write);
	stage_turn(&stage);
	assert_err(write, ECANCELED);
	assert_err(stage_flush(&stage, opened), ECANCELED);
	kernel_release(opened);
	stage_later(&stage, 1000);
	stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-1"));
	fuse_req_t lookup = stage_lookup(&stage, stage_walk(&stage, TEMPLATES_DIR), "abc");
	stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(SPEC_ANSWER("abc", "id-1")));
	assert_entry(lookup);
	stage_says(&stage, TEMPLATES_DIR "/abc/id", "id-1\n");
	assert_int_equal(changes(&stage), 1);
	stage_close(&stage);
}

/* Who stops a create before it left is not billed for it. */
static void an_interrupted_create_that_was_not_sent(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = stage_begin_draft(&stage), write = stage_write(&stage, opened, SPEC_TEXT, 0);
	kernel_interrupt(write);
	stage_turn(&stage);
	assert_err(write, ECANCELED);
	stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
	assert_int_equal(changes(&stage), 0);
	stage_mentions(&stage, TEMPLATES_DIR "/abc/.error", "Verdict: nothing was changed.");
	/* It may be tried again. */
	fuse_req_t again = stage_open_file(&stage, opened->entry.ino, O_WRONLY | O_TRUNC);
	assert_opened(again);
	write = stage_write(&stage, again, SPEC_TEXT, 0);
	stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
	stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-1"));
	assert_written(write, strlen(SPEC_TEXT));
	stage_close(&stage);
}

static void an_interrupted_delete(void **state) {
	(void)state;
	struct stage stage;
	begin_scale(&stage);
	fuse_ino_t dir = stage_walk(&stage, MODELS_DIR);
	fuse_req_t removed = stage_rmdir(&stage, dir, "a");
	kernel_interrupt(removed);
	stage_turn(&stage);
	assert_err(removed, ECANCELED);
	stage_answer(&stage, API_DELETE, NULL, 200, NULL);
	fuse_req_t again = stage_rmdir(&stage, dir, "a");
	stage_answer(&stage, API_GET, MODELS, 200, LISTED("ready", "2"));
	assert_err(again, EALREADY);
	assert_int_equal(changes(&stage), 1);
	stage_close(&stage);
}

/* ---- deadlines ---- */

static void a_read_over_its_deadline(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_ino_t dir = stage_walk(&stage, MODELS_DIR);
	assert_int_equal(ops_wait_ms(&stage.fs), -1);
	fuse_req_t first = stage_lookup(&stage, dir, "a");
	assert_int_equal(ops_wait_ms(&stage.fs), DEADLINE_MS);
	stage_later(&stage, 1000);
	fuse_req_t second = stage_lookup(&stage, dir, "a");
	assert_int_equal(ops_wait_ms(&stage.fs), DEADLINE_MS - 1000);
	stage_later(&stage, DEADLINE_MS - 1001);
	assert_parked(first);
	stage_later(&stage, 1);
	assert_err(first, ETIMEDOUT);
	assert_parked(second);
	stage_mentions(&stage, MODELS_DIR "/.error", "no answer within the deadline of 30 s");
	stage_later(&stage, 1000);
	assert_err(second, ETIMEDOUT);
	assert_int_equal(ops_wait_ms(&stage.fs), -1);
	/* The answer comes after all: for the cache. */
	stage_answer(&stage, API_GET, MODELS, 200, LISTED("ready", "2"));
	assert_int_equal(fake_api_total(stage.api), 1);
	stage_close(&stage);
}

static void a_change_over_its_deadline(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = begin_scale(&stage), write = stage_write(&stage, opened, "3\n", 0);
	assert_in_range(fake_api_last(stage.api, API_PUT, SCALE)->timeout_ms, DEADLINE_MS / 2, DEADLINE_MS - 1);
	stage_later(&stage, DEADLINE_MS - 1);
	assert_parked(write); /* the transport's own time-out comes first, and says more */
	stage_later(&stage, 1);
	assert_err(write, ETIMEDOUT);
	stage_mentions(&stage, ".neevfs/errors", "Verdict: unknown");
	assert_int_not_equal(stage_flush(&stage, opened)->code, 0);
	stage_answer(&stage, API_PUT, SCALE, 200, NULL);
	assert_int_equal(changes(&stage), 1);
	stage_close(&stage);
}

/* It still waited for a listing: nothing was sent, nothing goes on, and the words say so. */
static void a_change_that_never_began(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = begin_scale(&stage);
	stage_later(&stage, TTL_MS);
	fuse_req_t write = stage_write(&stage, opened, "3\n", 0);
	assert_parked(write);
	stage_later(&stage, DEADLINE_MS);
	assert_err(write, ETIMEDOUT);
	stage_answer(&stage, API_GET, MODELS, 200, LISTED("ready", "2"));
	assert_int_equal(changes(&stage), 0);
	stage_mentions(&stage, MODELS_DIR "/.error", "Verdict: nothing was changed.");
	stage_close(&stage);
}

/* The listing before the POST takes the whole deadline: nobody waits, nothing is sent. */
static void a_create_that_never_began(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = stage_begin_draft(&stage), write = stage_write(&stage, opened, SPEC_TEXT, 0);
	stage_later(&stage, DEADLINE_MS);
	assert_err(write, ETIMEDOUT);
	stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
	assert_int_equal(changes(&stage), 0);
	stage_mentions(&stage, ".neevfs/errors", "Verdict: nothing was changed.");
	fuse_req_t removed = stage_rmdir(&stage, stage_walk(&stage, TEMPLATES_DIR), "abc");
	stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
	assert_err(removed, 0);
	stage_close(&stage);
}

/* ---- too many ---- */

static void more_than_may_wait(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = begin_scale(&stage);
	fuse_ino_t dir = stage_walk(&stage, RUNTIMES_DIR);
	fuse_req_t first = stage_lookup(&stage, dir, "r");
	for (int i = 1; i < OPS_MAX; i++)
		assert_parked(stage_lookup(&stage, dir, "r"));
	assert_err(stage_lookup(&stage, dir, "r"), EBUSY);
	/* A change is refused before it is sent. */
	assert_err(stage_write(&stage, opened, "3\n", 0), EBUSY);
	assert_err(stage_rmdir(&stage, stage_walk(&stage, MODELS_DIR), "a"), EBUSY);
	assert_int_equal(changes(&stage), 0);
	/* What is cached is answered all the same. */
	stage_says(&stage, MODELS_DIR "/a/replicas", "2\n");
	kernel_interrupt(first);
	stage_turn(&stage);
	assert_err(first, EINTR);
	assert_parked(stage_lookup(&stage, dir, "r"));
	stage_answer(&stage, API_GET, RUNTIMES, 200, LIST(""));
	assert_int_equal(kernel_unanswered(stage.kernel), 0);
	assert_int_equal(fake_api_total(stage.api), 2);
	stage_close(&stage);
}

/* ---- the end ---- */

static void the_mount_ends_while_many_wait(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = begin_scale(&stage);
	fuse_req_t lookup = stage_lookup(&stage, stage_walk(&stage, RUNTIMES_DIR), "r");
	fuse_req_t info = stage_lookup(&stage, stage_walk(&stage, MODELS_DIR "/a"), "info.json");
	fuse_req_t write = stage_write(&stage, opened, "3\n", 0);
	fuse_req_t removed = stage_rmdir(&stage, stage_walk(&stage, MODELS_DIR), "a");
	fuse_req_t listed = stage_opendir(&stage, stage_walk(&stage, "catalog"));
	assert_int_equal(kernel_unanswered(stage.kernel), 5);
	ops_end(&stage.fs);
	assert_err(lookup, EHOSTUNREACH);
	assert_err(info, EHOSTUNREACH);
	assert_err(listed, EHOSTUNREACH);
	assert_err(write, ECANCELED);
	assert_err(removed, ECANCELED);
	stage_close(&stage); /* with five requests that the API never answers */
}

static void the_mount_ends_during_a_create(void **state) {
	(void)state;
	for (int sent = 0; sent < 2; sent++) {
		struct stage stage;
		fuse_req_t opened = stage_begin_draft(&stage), write = stage_write(&stage, opened, SPEC_TEXT, 0);
		if (sent)
			stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
		ops_end(&stage.fs);
		assert_err(write, ECANCELED);
		assert_int_equal(changes(&stage), sent);
		stage_close(&stage);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_interrupted_read),
		cmocka_unit_test(the_last_that_waits_is_interrupted),
		cmocka_unit_test(an_interrupt_before_parking),
		cmocka_unit_test(an_interrupt_that_is_too_late),
		cmocka_unit_test(many_interrupts_in_one_turn),
		cmocka_unit_test(a_signal_that_calls_nobody_off),
		cmocka_unit_test(an_interrupted_scale),
		cmocka_unit_test(an_interrupted_create_that_was_sent),
		cmocka_unit_test(an_interrupted_create_that_was_not_sent),
		cmocka_unit_test(an_interrupted_delete),
		cmocka_unit_test(a_read_over_its_deadline),
		cmocka_unit_test(a_change_over_its_deadline),
		cmocka_unit_test(a_change_that_never_began),
		cmocka_unit_test(a_create_that_never_began),
		cmocka_unit_test(more_than_may_wait),
		cmocka_unit_test(the_mount_ends_while_many_wait),
		cmocka_unit_test(the_mount_ends_during_a_create),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
