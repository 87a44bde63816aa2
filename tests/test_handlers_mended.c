/* What a review found, each once more: no delete by accident, no second bill, no text lost, no false words. On fakes.
 */
#include "../fs/journal.h"
#include "../fs/sweep.h"
#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SCALE MODELS "/id-a/scale"
#define ITEM MODELS "/id-a"
#define A(replicas) LIST(MODEL("a", "id-a", "ready", replicas))
#define ONE LIST(SPEC_ANSWER("abc", "id-1"))
#define ONE_ITEM TEMPLATES "/id-1"
#define UNKNOWN "Verdict: unknown"
#define NOT_DONE "Verdict: nothing was changed"

enum { ABSENT_MS = 120000 /* a template's */, SECONDS_MAX = 1000 };

static size_t count(struct stage *stage, enum api_method method) {
	return fake_api_count(stage->api, method, NULL);
}

/* Answers every listing that waits. */
static void list_as(struct stage *stage, const char *path, const char *body) {
	for (int i = 0; i < SECONDS_MAX && fake_api_find(stage->api, API_GET, path); i++)
		stage_answer(stage, API_GET, path, 200, body);
}

/* Second by second; what lists the templates meanwhile sees none. */
static void pass(struct stage *stage, int64_t ms) {
	for (int64_t at_ms = 0; at_ms < ms; at_ms += 1000) {
		stage_later(stage, 1000);
		list_as(stage, TEMPLATES, LIST(""));
	}
}

static void look_up_a(struct stage *stage) {
	fuse_req_t lookup = stage_lookup(stage, stage_walk(stage, MODELS_DIR), "a");
	stage_answer(stage, API_GET, MODELS, 200, A("3"));
	assert_entry(lookup);
}

static void begin_a(struct stage *stage) {
	stage_begin(stage);
	look_up_a(stage);
}

static fuse_req_t begin_scale(struct stage *stage) {
	begin_a(stage);
	fuse_req_t opened = stage_open_file(stage, stage_walk(stage, MODELS_DIR "/a/replicas"), O_WRONLY | O_TRUNC);
	assert_opened(opened);
	return opened;
}

/* ---- what must not delete ---- */

/* Its removal is refused, and no DELETE leaves.. */
static void assert_no_sweep(struct stage *stage, const char *dir, const char *name, const char *list) {
	stage_later(stage, 1);
	fuse_req_t removed = stage_rmdir(stage, stage_walk(stage, dir), name);
	for (int i = 0; i < SECONDS_MAX && fake_api_find(stage->api, API_GET, NULL); i++)
		stage_answer(stage, API_GET, NULL, 200, list);
	assert_err(removed, ENOTEMPTY);
	assert_int_equal(count(stage, API_DELETE), 0);
}

static void who_could_not_look_inside_deletes_nothing(void **state) {
	(void)state;
	struct stage stage;
	begin_a(&stage);
	fuse_ino_t dir = stage_walk(&stage, MODELS_DIR "/a");
	stage_later(&stage, TTL_MS + 1);
	fuse_req_t opened = stage_opendir(&stage, dir);
	stage_answer(&stage, API_GET, MODELS, 503, NULL);
	assert_err(opened, EREMOTEIO);
	assert_no_sweep(&stage, MODELS_DIR, "a", A("3"));
	/* By itself, and later, it deletes. */
	stage_later(&stage, SWEEP_MS + 1);
	fuse_req_t removed = stage_rmdir(&stage, stage_walk(&stage, MODELS_DIR), "a");
	list_as(&stage, MODELS, A("3"));
	stage_answer(&stage, API_DELETE, ITEM, 202, NULL);
	assert_err(removed, 0);
	stage_close(&stage);
}

/* Nor by a look-up inside it that failed, or one whose deadline ended. */
static void who_could_not_look_up_inside_deletes_nothing(void **state) {
	(void)state;
	for (int late = 0; late < 2; late++) {
		struct stage stage;
		begin_a(&stage);
		fuse_ino_t dir = stage_walk(&stage, MODELS_DIR "/a");
		stage_later(&stage, TTL_MS + 1);
		fuse_req_t child = stage_lookup(&stage, dir, "replicas");
		assert_parked(child);
		if (late) {
			stage_later(&stage, DEADLINE_MS);
			assert_err(child, ETIMEDOUT);
			stage_answer(&stage, API_GET, MODELS, 200, A("3"));
		} else {
			stage_answer(&stage, API_GET, MODELS, 503, NULL);
			assert_err(child, EREMOTEIO);
		}
		assert_no_sweep(&stage, MODELS_DIR, "a", A("3"));
		stage_close(&stage);
	}
}

static void who_was_interrupted_is_no_sweeper(void **state) {
	(void)state;
	struct stage stage;
	begin_a(&stage);
	fuse_ino_t dir = stage_walk(&stage, MODELS_DIR "/a");
	stage_later(&stage, TTL_MS + 1);
	fuse_req_t opened = stage_opendir(&stage, dir);
	assert_parked(opened);
	kernel_interrupt(opened);
	stage_turn(&stage);
	assert_err(opened, EINTR);
	list_as(&stage, MODELS, A("3"));
	fuse_req_t removed = stage_rmdir(&stage, stage_walk(&stage, MODELS_DIR), "a");
	list_as(&stage, MODELS, A("3"));
	stage_answer(&stage, API_DELETE, ITEM, 202, NULL);
	assert_err(removed, 0);
	stage_close(&stage);
}

/* Neither what never left nor what was refused goes again for somebody who has called it off. */
static void a_delete_that_was_called_off_is_not_sent_again(void **state) {
	(void)state;
	for (int refused = 0; refused < 2; refused++) {
		struct stage stage;
		begin_a(&stage);
		fuse_req_t removed = stage_rmdir(&stage, stage_walk(&stage, MODELS_DIR), "a");
		assert_parked(removed);
		assert_int_equal(count(&stage, API_DELETE), 1);
		kernel_interrupt(removed);
		stage_turn(&stage);
		assert_err(removed, ECANCELED);
		if (refused)
			stage_answer(&stage, API_DELETE, ITEM, 429, NULL);
		else
			stage_fail(&stage, API_DELETE, ITEM, EHOSTUNREACH, false);
		for (int i = 0; i < 10; i++)
			stage_later(&stage, 1000);
		assert_int_equal(count(&stage, API_DELETE), 1);
		stage_mentions(&stage, ".neevfs/errors", NOT_DONE);
		stage_close(&stage);
	}
}

/* The time in which a sweep is remembered is the sweeper's: what it waits does not count. */
static void a_slow_listing_does_not_end_a_sweep(void **state) {
	(void)state;
	for (int looks = 0; looks < 2; looks++) {
		struct stage stage;
		begin_a(&stage);
		fuse_ino_t coll = stage_walk(&stage, MODELS_DIR), dir = stage_walk(&stage, MODELS_DIR "/a");
		stage_later(&stage, TTL_MS - 100);
		assert_err(stage_unlink(&stage, dir, "id"), EPERM);
		stage_later(&stage, 200); /* the listing is too old now */
		if (looks) { /* the kernel's look-up of the name waits for it, and the rmdir comes after it */
			fuse_req_t lookup = stage_lookup(&stage, coll, "a");
			assert_parked(lookup);
			stage_later(&stage, SWEEP_MS + 1000);
			stage_answer(&stage, API_GET, MODELS, 200, A("3"));
			assert_entry(lookup);
			assert_no_sweep(&stage, MODELS_DIR, "a", A("3"));
		} else {
			fuse_req_t removed = stage_rmdir(&stage, coll, "a");
			assert_parked(removed);
			stage_later(&stage, SWEEP_MS + 1000);
			stage_answer(&stage, API_GET, MODELS, 200, A("3"));
			assert_err(removed, ENOTEMPTY);
			assert_int_equal(count(&stage, API_DELETE), 0);
		}
		stage_close(&stage);
	}
}

static void a_sweep_of_a_draft_deletes_no_newborn(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = stage_begin_draft(&stage), write = stage_write_spec(&stage, opened);
	assert_err(stage_unlink(&stage, stage_walk(&stage, TEMPLATES_DIR "/abc"), "spec.json"), EBUSY);
	stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-1"));
	assert_written(write, strlen(SPEC_TEXT));
	assert_no_sweep(&stage, TEMPLATES_DIR, "abc", ONE);
	stage_close(&stage);
}

static void a_rmdir_of_a_draft_deletes_no_newborn(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = stage_begin_draft(&stage), write = stage_write_spec(&stage, opened);
	store_forget_all(stage.fs.store);
	fuse_req_t removed = stage_rmdir(&stage, stage_walk(&stage, TEMPLATES_DIR), "abc");
	assert_parked(removed);
	stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-1"));
	assert_written(write, strlen(SPEC_TEXT));
	list_as(&stage, TEMPLATES, ONE);
	stage_turn(&stage);
	assert_err(removed, EBUSY);
	assert_int_equal(count(&stage, API_DELETE), 0);
	stage_close(&stage);
}

/* A number whose first attempt was refused does not follow an accepted delete. */
static void no_scale_after_a_delete(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = begin_scale(&stage), write = stage_write(&stage, opened, "5\n", 0);
	stage_answer(&stage, API_PUT, SCALE, 503, "{}");
	assert_parked(write);
	fuse_req_t removed = stage_rmdir(&stage, stage_walk(&stage, MODELS_DIR), "a");
	list_as(&stage, MODELS, A("3"));
	stage_answer(&stage, API_DELETE, ITEM, 202, NULL);
	assert_err(removed, 0);
	for (int i = 0; i < 30; i++) {
		stage_later(&stage, 1000);
		list_as(&stage, ITEM, MODEL("a", "id-a", "terminating", "3"));
	}
	assert_int_equal(count(&stage, API_PUT), 1);
	assert_int_equal(write->answer, ANSWER_ERR);
	assert_int_not_equal(write->code, 0);
	stage_close(&stage);
}

/* ---- the journal ---- */

static char directory[64], journal[96];

static int make_journal(void **state) {
	(void)state;
	strcpy(directory, "/tmp/neevfs-mended-XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	snprintf(journal, sizeof(journal), "%s/journal", directory);
	return 0;
}

static int remove_journal(void **state) {
	(void)state;
	unlink(journal);
	return rmdir(directory);
}

/* The draft abc, its spec.json open, of a mount with the journal. */
static fuse_req_t draft_on_journal(struct stage *stage) {
	struct error err = {0};
	stage_init(stage);
	stage->options.journal = journal;
	assert_int_equal(stage_open(stage), 0);
	assert_int_equal(changes_recover(stage->fs.changes, &err), 0);
	fuse_req_t made = stage_mkdir(stage, stage_walk(stage, TEMPLATES_DIR), "abc");
	list_as(stage, TEMPLATES, LIST(""));
	assert_entry(made);
	fuse_req_t opened = stage_create(stage, made->entry.ino, "spec.json");
	assert_opened(opened);
	return opened;
}

static void make_abc_on_journal(void) {
	struct stage stage;
	fuse_req_t opened = draft_on_journal(&stage), write = stage_write_spec(&stage, opened);
	stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-1"));
	assert_written(write, strlen(SPEC_TEXT));
	stage_close(&stage);
}

/* The next mount's listing lags: the resource itself says whether it is there. */
static void a_listing_that_lags_over_a_remount(void **state) {
	(void)state;
	struct stage stage;
	make_abc_on_journal();
	fuse_req_t opened = draft_on_journal(&stage), write = stage_write(&stage, opened, SPEC_TEXT, 0);
	stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
	assert_parked(write);
	assert_int_equal(stage_posts(&stage), 0);
	stage_answer(&stage, API_GET, ONE_ITEM, 200, SPEC_ANSWER("abc", "id-1"));
	assert_err(write, EEXIST);
	assert_int_equal(stage_posts(&stage), 0);
	stage_mentions(&stage, TEMPLATES_DIR "/abc/.error", "exists already (id id-1)");
	stage_close(&stage);
}

static void what_is_gone_over_a_remount_is_made_anew(void **state) {
	(void)state;
	struct stage stage;
	make_abc_on_journal();
	fuse_req_t opened = draft_on_journal(&stage), write = stage_write(&stage, opened, SPEC_TEXT, 0);
	stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
	stage_answer(&stage, API_GET, ONE_ITEM, 404, NULL);
	assert_parked(write);
	stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-2"));
	assert_written(write, strlen(SPEC_TEXT));
	assert_int_equal(stage_posts(&stage), 1);
	stage_close(&stage);
}

/* Another mount that looks for the create too has found it: this one goes on until it sees it. */
static void settled_as_done_is_not_settled_by_hand(void **state) {
	(void)state;
	struct stage stage;
	struct journal *other;
	fuse_req_t opened = draft_on_journal(&stage), write = stage_write_spec(&stage, opened);
	stage_answer(&stage, API_POST, TEMPLATES, 503, NULL);
	assert_parked(write);
	assert_int_equal(journal_new(journal, &other), 0);
	assert_int_equal(journal_settle(other, 1, JOURNAL_DONE, "id-1", stage.fs.now, NULL), 0);
	journal_free(other);
	for (int i = 0; i < 10 && !fake_api_find(stage.api, API_GET, ONE_ITEM); i++)
		pass(&stage, 1000);
	assert_parked(write);
	stage_answer(&stage, API_GET, ONE_ITEM, 200, SPEC_ANSWER("abc", "id-1"));
	assert_written(write, strlen(SPEC_TEXT));
	assert_int_equal(stage_posts(&stage), 1);
	stage_says(&stage, TEMPLATES_DIR "/abc/id", "id-1\n");
	stage_close(&stage);
}

/* A create of a mount that has ended meanwhile: who meets it looks for it, so that the name does not stay in doubt. */
static void who_meets_an_open_create_looks_for_it(void **state) {
	(void)state;
	for (int there = 0; there < 2; there++) {
		struct stage one, two;
		fuse_req_t first = draft_on_journal(&one), second = draft_on_journal(&two);
		fuse_req_t write = stage_write_spec(&one, first);
		kernel_interrupt(write);
		stage_turn(&one);
		assert_err(write, ECANCELED);
		stage_close(&one);
		assert_err(stage_write(&two, second, SPEC_TEXT, 0), EALREADY);
		for (int i = 0; i < 10 && !fake_api_find(two.api, API_GET, TEMPLATES); i++)
			stage_later(&two, 1000);
		if (there) {
			stage_answer(&two, API_GET, TEMPLATES, 200, ONE);
			stage_says(&two, TEMPLATES_DIR "/abc/id", "id-1\n");
		} else {
			pass(&two, ABSENT_MS + 60000);
			kernel_release(second);
			second = stage_open_file(&two, second->entry.ino, O_WRONLY | O_TRUNC);
			list_as(&two, TEMPLATES, LIST(""));
			assert_opened(second);
			assert_parked(stage_write_spec(&two, second));
			stage_answer(&two, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-2"));
		}
		assert_int_equal(stage_posts(&two), there ? 0 : 1);
		stage_close(&two);
		unlink(journal);
	}
}

/* ---- texts and words ---- */

static void assert_last_refusal(struct stage *stage, const char *dir, const char *words, const char *not_these) {
	struct buffer out = {0};
	refusal_last(stage->fs.refusals, dir, &out);
	assert_non_null(out.data);
	if (!strstr(out.data, words) || strstr(out.data, not_these))
		fail_msg("\"%s\" and not \"%s\" should be in: %s", words, not_these, out.data);
	buffer_free(&out);
}

/* Somebody else was first: what was written here is beside his resource. */
static void the_text_of_a_draft_whose_name_is_taken(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = stage_begin_draft(&stage), write = stage_write_spec(&stage, opened);
	stage_answer(&stage, API_POST, TEMPLATES, 409, "{\"message\":\"taken\"}");
	assert_err(write, EEXIST);
	stage_later(&stage, TTL_MS + 1);
	fuse_req_t lookup = stage_lookup(&stage, stage_walk(&stage, TEMPLATES_DIR), "abc");
	stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(SPEC_ANSWER("abc", "id-9")));
	assert_entry(lookup);
	stage_says(&stage, TEMPLATES_DIR "/abc/id", "id-9\n");
	stage_says(&stage, TEMPLATES_DIR "/abc/spec.json.draft", SPEC_TEXT);
	stage_close(&stage);
}

/* The draft became a resource, which is gone; another draft has the name. */
static void an_old_handle_does_not_write_the_next_draft(void **state) {
	(void)state;
	for (int listed = 0; listed < 2; listed++) {
		struct stage stage;
		fuse_req_t old = stage_begin_draft(&stage);
		fuse_req_t opened = stage_open_file(&stage, old->entry.ino, O_WRONLY | O_TRUNC);
		assert_opened(opened);
		fuse_req_t write = stage_write_spec(&stage, opened);
		stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-1"));
		assert_written(write, strlen(SPEC_TEXT));
		fuse_ino_t coll = stage_walk(&stage, TEMPLATES_DIR);
		if (listed) {
			stage_later(&stage, TTL_MS + 1);
			fuse_req_t seen = stage_lookup(&stage, coll, "abc");
			stage_answer(&stage, API_GET, TEMPLATES, 200, ONE);
			assert_entry(seen);
		}
		stage_later(&stage, TTL_MS + 1);
		fuse_req_t made = stage_mkdir(&stage, coll, "abc");
		stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
		if (!listed)
			stage_answer(&stage, API_GET, ONE_ITEM, 404, NULL);
		assert_entry(made);
		assert_opened(stage_create(&stage, made->entry.ino, "spec.json"));
		fuse_req_t late = stage_write(&stage, old, SPEC_TEXT, 0);
		list_as(&stage, TEMPLATES, LIST(""));
		assert_err(late, ENOENT);
		assert_int_equal(stage_posts(&stage), 1);
		stage_close(&stage);
	}
}

/* It was accepted, and its id is known: the resource itself is asked. */
static void an_accepted_create_is_found_by_its_id(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = stage_begin_draft(&stage), write = stage_write_spec(&stage, opened);
	stage_answer(&stage, API_POST, TEMPLATES, 201, "{\"id\":\"id-1\",\"status\":\"Active\"}");
	assert_parked(write);
	pass(&stage, 2000);
	stage_answer(&stage, API_GET, ONE_ITEM, 200, SPEC_ANSWER("abc", "id-1"));
	assert_written(write, strlen(SPEC_TEXT));
	stage_says(&stage, TEMPLATES_DIR "/abc/id", "id-1\n");
	assert_int_equal(stage_posts(&stage), 1);
	stage_close(&stage);
}

static void an_accepted_create_is_never_called_undone(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = stage_begin_draft(&stage), write = stage_write_spec(&stage, opened);
	stage_answer(&stage, API_POST, TEMPLATES, 201, "{\"status\":\"Active\"}");
	pass(&stage, ABSENT_MS + 60000);
	assert_err(write, EINPROGRESS);
	assert_last_refusal(&stage, TEMPLATES_DIR "/abc", UNKNOWN, NOT_DONE);
	assert_last_refusal(&stage, TEMPLATES_DIR "/abc", "the API accepted the create", "not carried out");
	assert_int_equal(stage_posts(&stage), 1);
	stage_close(&stage);
}

static void creates_of_one_turn_share_a_listing(void **state) {
	(void)state;
	struct stage stage;
	enum { CREATES = 5 };
	fuse_req_t writes[CREATES];
	stage_begin(&stage);
	for (int i = 0; i < CREATES; i++) {
		char name[8];
		snprintf(name, sizeof(name), "abc%d", i);
		fuse_req_t made = stage_mkdir(&stage, stage_walk(&stage, TEMPLATES_DIR), name);
		list_as(&stage, TEMPLATES, LIST(""));
		assert_entry(made);
		fuse_req_t opened = stage_create(&stage, made->entry.ino, "spec.json");
		assert_opened(opened);
		writes[i] = kernel_request(stage.kernel);
		fs_write(writes[i], opened->entry.ino, SPEC_TEXT, strlen(SPEC_TEXT), 0, &opened->file);
	}
	assert_int_equal(count(&stage, API_GET), 1); /* mkdir's */
	stage_turn(&stage);
	assert_int_equal(count(&stage, API_GET), 2);
	stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
	assert_int_equal(stage_posts(&stage), CREATES);
	for (int i = 0; i < CREATES; i++)
		stage_answer(&stage, API_POST, TEMPLATES, 503, NULL);
	/* So do the looks for them. */
	stage_later(&stage, 1000);
	assert_int_equal(count(&stage, API_GET), 3);
	stage_answer(&stage, API_GET, TEMPLATES, 200,
		LIST(SPEC_ANSWER("abc0", "0") "," SPEC_ANSWER("abc1", "1") "," SPEC_ANSWER("abc2", "2") "," SPEC_ANSWER(
			"abc3", "3") "," SPEC_ANSWER("abc4", "4")));
	for (int i = 0; i < CREATES; i++)
		assert_written(writes[i], strlen(SPEC_TEXT));
	assert_int_equal(stage_posts(&stage), CREATES);
	stage_close(&stage);
}

/* A draft has no replicas: nothing is renamed onto it, and no scale of a whole collection is tried. */
static void no_file_is_renamed_onto_a_drafts_replicas(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t made = stage_mkdir(&stage, stage_walk(&stage, MODELS_DIR), "abc");
	stage_answer(&stage, API_GET, MODELS, 200, LIST(""));
	assert_entry(made);
	fuse_req_t file = stage_create(&stage, made->entry.ino, "x");
	assert_opened(file);
	assert_written(stage_write(&stage, file, "3\n", 0), 2);
	fuse_req_t renamed = stage_rename(&stage, made->entry.ino, "x", made->entry.ino, "replicas");
	stage_turn(&stage);
	assert_err(renamed, EPERM);
	assert_last_refusal(&stage, MODELS_DIR "/abc", NOT_DONE, "memory");
	assert_int_equal(count(&stage, API_PUT), 0);
	stage_close(&stage);
}

/* Another descriptor of it is closed meanwhile: nothing was cancelled. */
static void a_flush_while_the_create_is_under_way(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = stage_begin_draft(&stage), write = stage_write_spec(&stage, opened);
	assert_err(stage_flush(&stage, opened), EALREADY);
	assert_parked(write);
	stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-1"));
	assert_written(write, strlen(SPEC_TEXT));
	assert_err(stage_flush(&stage, opened), 0);
	assert_int_equal(stage_posts(&stage), 1);
	stage_close(&stage);
}

static void interrupted_after_a_refusal(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = begin_scale(&stage), write = stage_write(&stage, opened, "5\n", 0);
	stage_answer(&stage, API_PUT, SCALE, 429, "{\"message\":\"slow down\"}");
	assert_parked(write);
	kernel_interrupt(write);
	stage_turn(&stage);
	assert_err(write, ECANCELED);
	assert_last_refusal(&stage, MODELS_DIR "/a", "it was not carried out", "nothing was sent");
	assert_last_refusal(&stage, MODELS_DIR "/a", NOT_DONE, UNKNOWN);
	for (int i = 0; i < 10; i++)
		stage_later(&stage, 1000);
	assert_int_equal(count(&stage, API_PUT), 1);
	stage_close(&stage);
}

/* The deadline is the call's, which has waited for a listing before. */
static void a_request_fits_what_is_left_of_the_deadline(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = begin_scale(&stage);
	stage_later(&stage, TTL_MS + 1);
	fuse_req_t write = stage_write(&stage, opened, "4\n", 0);
	assert_parked(write);
	stage_later(&stage, DEADLINE_MS - 10000);
	stage_answer(&stage, API_GET, MODELS, 200, A("3"));
	const struct api_call *put = fake_api_last(stage.api, API_PUT, SCALE);
	assert_non_null(put);
	assert_in_range(put->timeout_ms, 1, 10000);
	stage_answer(&stage, API_PUT, SCALE, 200, MODEL("a", "id-a", "ready", "4"));
	assert_written(write, 2);
	stage_close(&stage);
}

/* A listing of a while ago is no ground to send nothing: somebody else may have scaled it meanwhile. */
static void a_number_that_was_so_a_while_ago(void **state) {
	(void)state;
	for (int changed = 0; changed < 2; changed++) {
		struct stage stage;
		fuse_req_t opened = begin_scale(&stage);
		stage_later(&stage, TTL_MS - 1000);
		fuse_req_t write = stage_write(&stage, opened, "3\n", 0);
		assert_parked(write);
		stage_answer(&stage, API_GET, ITEM, 200,
			changed ? MODEL("a", "id-a", "ready", "5") : MODEL("a", "id-a", "ready", "3"));
		if (changed)
			stage_answer(&stage, API_PUT, SCALE, 200, MODEL("a", "id-a", "ready", "3"));
		assert_written(write, 2);
		assert_int_equal(count(&stage, API_PUT), changed);
		stage_close(&stage);
	}
}

#define JOURNAL_TEST(name) cmocka_unit_test_setup_teardown(name, make_journal, remove_journal)

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_could_not_look_inside_deletes_nothing),
		cmocka_unit_test(who_could_not_look_up_inside_deletes_nothing),
		cmocka_unit_test(who_was_interrupted_is_no_sweeper),
		cmocka_unit_test(a_delete_that_was_called_off_is_not_sent_again),
		cmocka_unit_test(a_slow_listing_does_not_end_a_sweep),
		cmocka_unit_test(a_sweep_of_a_draft_deletes_no_newborn),
		cmocka_unit_test(a_rmdir_of_a_draft_deletes_no_newborn),
		cmocka_unit_test(no_scale_after_a_delete),
		JOURNAL_TEST(a_listing_that_lags_over_a_remount),
		JOURNAL_TEST(what_is_gone_over_a_remount_is_made_anew),
		JOURNAL_TEST(settled_as_done_is_not_settled_by_hand),
		JOURNAL_TEST(who_meets_an_open_create_looks_for_it),
		cmocka_unit_test(the_text_of_a_draft_whose_name_is_taken),
		cmocka_unit_test(an_old_handle_does_not_write_the_next_draft),
		cmocka_unit_test(an_accepted_create_is_found_by_its_id),
		cmocka_unit_test(an_accepted_create_is_never_called_undone),
		cmocka_unit_test(creates_of_one_turn_share_a_listing),
		cmocka_unit_test(no_file_is_renamed_onto_a_drafts_replicas),
		cmocka_unit_test(a_flush_while_the_create_is_under_way),
		cmocka_unit_test(interrupted_after_a_refusal),
		cmocka_unit_test(a_request_fits_what_is_left_of_the_deadline),
		cmocka_unit_test(a_number_that_was_so_a_while_ago),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
