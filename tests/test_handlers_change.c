/* Scaling and deleting on fakes: one request for one change, its answer is the call's answer, and nothing by accident.
 */
#include "../fs/sweep.h"
#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SCALE MODELS "/id-a/scale"
#define ITEM MODELS "/id-a"
#define LISTED(status, replicas) LIST(MODEL("a", "id-a", status, replicas))

/* A mount where the model a was looked at; its replicas are open for writing. */
static fuse_req_t begin(struct stage *stage, const char *list) {
	stage_begin(stage);
	fuse_req_t lookup = stage_lookup(stage, stage_walk(stage, MODELS_DIR), "a");
	stage_answer(stage, API_GET, MODELS, 200, list);
	assert_entry(lookup);
	fuse_req_t opened = stage_open_file(stage, stage_walk(stage, MODELS_DIR "/a/replicas"), O_WRONLY | O_TRUNC);
	assert_opened(opened);
	return opened;
}

static size_t changes(const struct stage *stage) {
	return fake_api_total(stage->api) - fake_api_count(stage->api, API_GET, NULL);
}

/* Reads after the list was forgotten. */
static fuse_req_t look_again(struct stage *stage, const char *list) {
	fuse_req_t lookup = stage_lookup(stage, stage_walk(stage, MODELS_DIR), "a");
	assert_parked(lookup);
	stage_answer(stage, API_GET, MODELS, 200, list);
	return lookup;
}

/* ---- scale ---- */

static void a_number_scales(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = begin(&stage, LISTED("ready", "2")), write = stage_write(&stage, opened, "3\n", 0);
	assert_parked(write);
	const struct api_call *put = fake_api_last(stage.api, API_PUT, SCALE);
	assert_non_null(put);
	assert_int_equal(put->service, API_AIMODELS);
	assert_string_equal(put->body, "{\"replicas\":3}");
	stage_answer(&stage, API_PUT, SCALE, 202, NULL);
	assert_written(write, 2);
	assert_err(stage_flush(&stage, opened), 0);
	assert_written(stage_write(&stage, opened, "\n", 2), 1);
	assert_err(stage_write(&stage, opened, "4\n", 2), EINVAL);
	assert_int_equal(changes(&stage), 1);
	assert_entry(look_again(&stage, LISTED("ready", "3")));
	stage_says(&stage, MODELS_DIR "/a/replicas", "3\n");
	stage_close(&stage);
}

static void numbers_and_what_are_none(void **state) {
	(void)state;
	static const struct {
		const char *text;
		int code; /* 0: it is sent as `body` */
		const char *body;
	} cases[] = {
		{"3", 0, "{\"replicas\":3}"},
		{" \t3 \r\n", 0, "{\"replicas\":3}"},
		{"007", 0, "{\"replicas\":7}"},
		{"1000000", 0, "{\"replicas\":1000000}"},
		{"0", ERANGE, NULL},
		{"-0", ERANGE, NULL},
		{"-1", ERANGE, NULL},
		{"1000001", ERANGE, NULL},
		{"99999999999999999999", ERANGE, NULL},
		{"11111111111111111111111111111111111111111111111111111111111111111", ERANGE, NULL},
		{"", EINVAL, NULL},
		{"\n", EINVAL, NULL},
		{"three", EINVAL, NULL},
		{"3 4", EINVAL, NULL},
		{"3.0", EINVAL, NULL},
		{"1e2", EINVAL, NULL},
		{"0x10", EINVAL, NULL},
		{"+", EINVAL, NULL},
		{"+3", EINVAL, NULL}, /* three more? */
		{"- 3", EINVAL, NULL},
		{"3\n4\n", EINVAL, NULL},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct stage stage;
		fuse_req_t opened = begin(&stage, LISTED("ready", "2"));
		fuse_req_t write = stage_write(&stage, opened, cases[i].text, 0);
		if (cases[i].code) {
			assert_err(write, cases[i].code);
			assert_int_equal(changes(&stage), 0);
			stage_mentions(&stage, MODELS_DIR "/a/.error", "Verdict: nothing was changed.");
		} else {
			assert_parked(write);
			assert_string_equal(fake_api_last(stage.api, API_PUT, SCALE)->body, cases[i].body);
			stage_answer(&stage, API_PUT, SCALE, 200, "{}");
			assert_written(write, strlen(cases[i].text));
		}
		stage_close(&stage);
	}
}

static void zero_says_how_to_stop(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = begin(&stage, LISTED("ready", "2"));
	assert_err(stage_write(&stage, opened, "0\n", 0), ERANGE);
	stage_mentions(&stage, MODELS_DIR "/a/.error", "rmdir");
	assert_err(stage_write(&stage, opened, "3\n", 1), EINVAL); /* not at the file's beginning */
	assert_int_equal(changes(&stage), 0);
	stage_close(&stage);
}

static void what_is_so_already_is_not_sent(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = begin(&stage, LISTED("ready", "2")), write = stage_write(&stage, opened, "2\n", 0);
	/* A look whether it still is: the listing may be a while old. */
	assert_parked(write);
	stage_answer(&stage, API_GET, ITEM, 200, MODEL("a", "id-a", "ready", "2"));
	assert_written(write, 2);
	assert_int_equal(changes(&stage), 0);
	stage_close(&stage);
}

/* Somebody else has scaled it since it was listed; or it cannot be looked at. Then the number is sent. */
static void what_was_so_is_sent(void **state) {
	(void)state;
	for (int failed = 0; failed < 2; failed++) {
		struct stage stage;
		fuse_req_t opened = begin(&stage, LISTED("ready", "2")), write = stage_write(&stage, opened, "2\n", 0);
		if (failed)
			stage_answer(&stage, API_GET, ITEM, 503, NULL);
		else
			stage_answer(&stage, API_GET, ITEM, 200, MODEL("a", "id-a", "ready", "5"));
		assert_parked(write);
		stage_answer(&stage, API_PUT, SCALE, 200, NULL);
		assert_written(write, 2);
		stage_close(&stage);
	}
}

/* On its way to 2 it may come from anywhere: what runs is not what was asked for. */
static void in_transition_the_same_number_is_sent(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = begin(&stage, LISTED("initializing", "2")), write = stage_write(&stage, opened, "2\n", 0);
	assert_parked(write);
	assert_int_equal(changes(&stage), 1);
	stage_answer(&stage, API_PUT, SCALE, 200, NULL);
	assert_written(write, 2);
	stage_close(&stage);
}

static void a_refused_scale(void **state) {
	(void)state;
	static const struct { int status, code; } cases[] = {{400, EINVAL}, {402, EDQUOT}, {404, ENOENT}, {409, EBUSY}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct stage stage;
		fuse_req_t opened = begin(&stage, LISTED("ready", "2")), write = stage_write(&stage, opened, "3\n", 0);
		stage_answer(&stage, API_PUT, SCALE, cases[i].status, NULL);
		assert_err(write, cases[i].code);
		assert_err(stage_write(&stage, opened, "3\n", 0), cases[i].code);
		assert_err(stage_flush(&stage, opened), cases[i].code);
		assert_int_equal(changes(&stage), 1);
		stage_mentions(&stage, MODELS_DIR "/.error", "Verdict: nothing");
		stage_close(&stage);
	}
}

/* What the list said before the PUT is not served to who asks after it. */
static void a_fetch_from_before_is_not_served_after(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = begin(&stage, LISTED("ready", "2"));
	stage_later(&stage, TTL_MS - 1);
	fuse_req_t write = stage_write(&stage, opened, "3\n", 0);
	assert_parked(write);
	stage_later(&stage, 1);
	fuse_ino_t ino = opened->ino;
	fuse_req_t before = stage_open_file(&stage, ino, O_RDONLY); /* its GET begins before the PUT's answer */
	assert_parked(before);
	struct api_call *old = fake_api_find(stage.api, API_GET, MODELS);
	stage_answer(&stage, API_PUT, SCALE, 200, NULL);
	assert_written(write, 2);
	fuse_req_t after = stage_open_file(&stage, ino, O_RDONLY);
	fake_api_answer(old, 200, LISTED("ready", "2"));
	stage_turn(&stage);
	assert_reads(&stage, before, "2\n"); /* it asked before */
	assert_parked(after);
	stage_answer(&stage, API_GET, MODELS, 200, LISTED("ready", "3"));
	assert_reads(&stage, after, "3\n");
	stage_close(&stage);
}

/* Not only the list: the detail is void too, as soon as the change is answered, and even if it failed. */
static void the_detail_is_asked_anew(void **state) {
	(void)state;
	for (int failed = 0; failed < 2; failed++) {
		struct stage stage;
		fuse_req_t opened = begin(&stage, LISTED("ready", "2"));
		fuse_req_t info = stage_lookup(&stage, stage_walk(&stage, MODELS_DIR "/a"), "info.json");
		stage_answer(&stage, API_GET, ITEM, 200, "{\"replicas\":2}");
		assert_entry(info);
		fuse_req_t write = stage_write(&stage, opened, "3\n", 0);
		stage_answer(&stage, API_PUT, SCALE, failed ? 400 : 200, NULL);
		assert_int_equal(write->answer, failed ? ANSWER_ERR : ANSWER_WRITE);
		fuse_req_t after = stage_open_file(&stage, info->entry.ino, O_RDONLY);
		stage_answer(&stage, API_GET, MODELS, 200, LISTED("ready", "3"));
		assert_parked(after);
		stage_answer(&stage, API_GET, ITEM, 200, "{\"replicas\":3}");
		assert_reads(&stage, after, "{\n  \"replicas\": 3\n}\n");
		stage_close(&stage);
	}
}

static void changes_that_are_not_granted(void **state) {
	(void)state;
	struct stage stage;
	stage_init(&stage);
	stage.options.allow = CHANGE_CREATE;
	assert_int_equal(stage_open(&stage), 0);
	fuse_ino_t dir = stage_walk(&stage, MODELS_DIR);
	fuse_req_t lookup = stage_lookup(&stage, dir, "a");
	stage_answer(&stage, API_GET, MODELS, 200, LISTED("ready", "2"));
	fuse_req_t replicas = stage_lookup(&stage, lookup->entry.ino, "replicas");
	/* The file looks writable, so that it is we who refuse: in words. */
	fuse_req_t opened = stage_open_file(&stage, replicas->entry.ino, O_WRONLY);
	assert_opened(opened);
	assert_err(stage_write(&stage, opened, "3\n", 0), EROFS);
	stage_mentions(&stage, MODELS_DIR "/a/.error", "allow=");
	assert_err(stage_rmdir(&stage, dir, "a"), EROFS);
	assert_int_equal(changes(&stage), 0);
	stage_close(&stage);
}

static const char *error_says(struct stage *stage) {
	fuse_req_t opened = stage_open_file(stage, stage_walk(stage, MODELS_DIR "/a/.error"), O_RDONLY);
	return stage_read(stage, opened, 1 << 20, 0)->data;
}

/* Whatever is granted, what the API could change is writable: what is not granted is refused in words. */
static void every_set_of_grants(void **state) {
	(void)state;
	enum { ALL = CHANGE_CREATE | CHANGE_SCALE | CHANGE_DELETE };
	for (unsigned allow = 0; allow <= ALL; allow++) {
		struct stage stage;
		const bool create = allow & CHANGE_CREATE, scale = allow & CHANGE_SCALE, delete = allow & CHANGE_DELETE;
		fuse_req_t opened = begin(&stage, LISTED("ready", "2"));
		fuse_ino_t dir = stage_walk(&stage, MODELS_DIR), a = stage_walk(&stage, MODELS_DIR "/a");
		stage.options.allow = allow;
		assert_int_equal(stage_getattr(&stage, dir)->attr.st_mode, S_IFDIR | 0700);
		assert_int_equal(stage_getattr(&stage, a)->attr.st_mode, S_IFDIR | 0700);
		assert_int_equal(stage_lookup(&stage, a, "replicas")->attr.st_mode, S_IFREG | 0600);

		fuse_req_t made = stage_mkdir(&stage, dir, "new");
		if (create)
			assert_entry(made);
		else
			assert_err(made, EROFS);

		fuse_req_t written = stage_write(&stage, opened, "3\n", 0);
		if (scale) {
			stage_answer(&stage, API_PUT, SCALE, 200, NULL);
			assert_entry(look_again(&stage, LISTED("ready", "3")));
		} else {
			assert_err(written, EROFS);
			assert_non_null(strstr(error_says(&stage), "this mount does not grant scale (option allow=)"));
		}

		assert_err(stage_unlink(&stage, a, "status"), EPERM);
		assert_int_equal(delete, strstr(error_says(&stage), "; rmdir a deletes the") != NULL);
		assert_err(stage_rmdir(&stage, dir, "a"), delete ? ENOTEMPTY : EROFS);
		stage_later(&stage, SWEEP_MS + 1);
		fuse_req_t removed = stage_rmdir(&stage, dir, "a");
		if (delete) {
			stage_answer(&stage, API_DELETE, ITEM, 200, NULL);
			assert_err(removed, 0);
		} else {
			assert_err(removed, EROFS);
			assert_non_null(strstr(error_says(&stage), "this mount does not grant delete (option allow=)"));
		}
		assert_int_equal(changes(&stage), scale + delete);
		stage_close(&stage);
	}
}

/* ---- spec.json of a resource ---- */

#define DETAIL \
	"{\"id\":\"id-1\",\"name\":\"abc\",\"description\":\"%s\",\"image\":\"ghcr.io/o/i:v1\",\"category\":\"c\"}"

/* The template abc, whose spec.json was shown and is open for writing. */
static fuse_req_t begin_spec(struct stage *stage, const char *description) {
	char detail[256];
	stage_begin(stage);
	snprintf(detail, sizeof(detail), DETAIL, description);
	fuse_req_t lookup = stage_lookup(stage, stage_walk(stage, TEMPLATES_DIR), "abc");
	stage_answer(stage, API_GET, TEMPLATES, 200, LIST(SPEC_ANSWER("abc", "id-1")));
	fuse_req_t spec = stage_lookup(stage, lookup->entry.ino, "spec.json");
	stage_answer(stage, API_GET, TEMPLATES "/id-1", 200, detail);
	assert_entry(spec);
	fuse_req_t opened = stage_open_file(stage, spec->entry.ino, O_WRONLY | O_TRUNC);
	assert_opened(opened);
	return opened;
}

static void settle(struct stage *stage, fuse_req_t req, const char *description) {
	char detail[256];
	snprintf(detail, sizeof(detail), DETAIL, description);
	for (int i = 0; i < 3 && req->answer == ANSWER_MISSING; i++) {
		struct api_call *call = fake_api_find(stage->api, API_GET, NULL);
		fake_api_answer(call, 200, call->list ? LIST(SPEC_ANSWER("abc", "id-1")) : detail);
		stage_turn(stage);
	}
}

static void another_spec_is_refused(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = begin_spec(&stage, "e");
	stage_says(&stage, TEMPLATES_DIR "/abc/spec.json",
		"{\n  \"description\": \"e\",\n  \"image\": \"ghcr.io/o/i:v1\",\n  \"category\": \"c\"\n}\n");
	fuse_req_t write = stage_write(&stage, opened, SPEC_TEXT, 0);
	settle(&stage, write, "e");
	assert_err(write, EPERM);
	assert_err(stage_flush(&stage, opened), EPERM);
	assert_err(stage_write(&stage, opened, SPEC_TEXT, 0), EPERM);
	assert_int_equal(changes(&stage), 0);
	stage_mentions(&stage, TEMPLATES_DIR "/abc/.error", "description");
	stage_close(&stage);
}

static void the_same_spec_again_is_fine(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = begin_spec(&stage, "d"), write = stage_write(&stage, opened, SPEC_TEXT, 0);
	settle(&stage, write, "d");
	assert_written(write, strlen(SPEC_TEXT));
	assert_err(stage_flush(&stage, opened), 0);
	assert_int_equal(changes(&stage), 0);
	stage_says(&stage, TEMPLATES_DIR "/abc/.error", "");
	stage_close(&stage);
}

/* The first write ended before its documents came. The second one is another text, and is compared as such. */
static void the_text_of_a_failed_write_is_not_compared_again(void **state) {
	(void)state;
	for (int interrupted = 0; interrupted < 2; interrupted++) {
		struct stage stage;
		fuse_req_t opened = begin_spec(&stage, "d");
		stage_later(&stage, TTL_MS);
		fuse_req_t write = stage_write(&stage, opened, SPEC_TEXT, 0);
		stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(SPEC_ANSWER("abc", "id-1")));
		assert_parked(write);
		if (interrupted) {
			kernel_interrupt(write);
			stage_turn(&stage);
			assert_err(write, ECANCELED);
		}
		stage_fail(&stage, API_GET, TEMPLATES "/id-1", EREMOTEIO, false);
		stage_later(&stage, 1);
		assert_err(write, interrupted ? ECANCELED : EREMOTEIO);
		fuse_req_t other = stage_write(
			&stage, opened, "{\"description\":\"e\",\"image\":\"ghcr.io/o/i:v1\",\"category\":\"c\"}", 0);
		settle(&stage, other, "d");
		assert_int_equal(other->answer, ANSWER_ERR);
		assert_int_not_equal(other->code, 0);
		assert_int_equal(changes(&stage), 0);
		stage_close(&stage);
	}
}

/* ---- delete ---- */

static void a_rmdir_deletes(void **state) {
	(void)state;
	struct stage stage;
	begin(&stage, LISTED("ready", "2"));
	fuse_ino_t dir = stage_walk(&stage, MODELS_DIR), old = stage_walk(&stage, MODELS_DIR "/a");
	fuse_req_t removed = stage_rmdir(&stage, dir, "a");
	assert_parked(removed);
	const struct api_call *call = fake_api_last(stage.api, API_DELETE, ITEM);
	assert_non_null(call);
	assert_null(call->body);
	stage_answer(&stage, API_DELETE, ITEM, 204, NULL);
	assert_err(removed, 0);
	/* It stays until the API says otherwise, under a new node: the kernel takes the old one for dead. */
	fuse_req_t lookup = look_again(&stage, LISTED("terminating", "2"));
	assert_entry(lookup);
	assert_int_not_equal(lookup->entry.ino, old);
	stage_says(&stage, MODELS_DIR "/a/status", "terminating\n");
	assert_err(stage_rmdir(&stage, dir, "a"), EALREADY);
	assert_int_equal(changes(&stage), 1);
	/* And is gone when the list lacks it. */
	stage_later(&stage, MOVING_MS);
	assert_err(look_again(&stage, LIST("")), ENOENT);
	stage_close(&stage);
}

/* The API's state may lag behind what it accepted. */
static void a_second_rmdir_is_not_sent(void **state) {
	(void)state;
	struct stage stage;
	begin(&stage, LISTED("ready", "2"));
	fuse_ino_t dir = stage_walk(&stage, MODELS_DIR);
	fuse_req_t removed = stage_rmdir(&stage, dir, "a");
	stage_answer(&stage, API_DELETE, ITEM, 200, NULL);
	assert_err(removed, 0);
	assert_entry(look_again(&stage, LISTED("ready", "2")));
	assert_err(stage_rmdir(&stage, dir, "a"), EALREADY);
	assert_err(
		stage_mkdir(&stage, dir, "a"), EINVAL); /* three letters at least; of a good name it would be EEXIST */
	assert_int_equal(changes(&stage), 1);
	stage_close(&stage);
}

static void a_failed_delete_may_be_repeated(void **state) {
	(void)state;
	static const struct { int status, code; } cases[] = {{403, EACCES}, {404, ENOENT}, {409, EBUSY}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct stage stage;
		begin(&stage, LISTED("ready", "2"));
		fuse_ino_t dir = stage_walk(&stage, MODELS_DIR), old = stage_walk(&stage, MODELS_DIR "/a");
		fuse_req_t removed = stage_rmdir(&stage, dir, "a");
		stage_answer(&stage, API_DELETE, ITEM, cases[i].status, NULL);
		assert_err(removed, cases[i].code);
		fuse_req_t lookup = look_again(&stage, LISTED("ready", "2"));
		assert_entry(lookup);
		assert_int_equal(lookup->entry.ino, old);
		removed = stage_rmdir(&stage, dir, "a");
		stage_answer(&stage, API_DELETE, ITEM, 200, NULL);
		assert_err(removed, 0);
		assert_int_equal(changes(&stage), 2);
		stage_close(&stage);
	}
}

static void what_cannot_be_removed(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t lookup = stage_lookup(&stage, stage_walk(&stage, RUNTIMES_DIR), "r");
	stage_answer(&stage, API_GET, RUNTIMES, 200, LIST("{\"id\":\"id-r\",\"name\":\"r\",\"status\":\"Running\"}"));
	assert_err(stage_rmdir(&stage, lookup->entry.ino, "storage"), EPERM);
	assert_err(stage_rmdir(&stage, stage_walk(&stage, "orgs/o/projects/p"), "airuntimes"), EPERM);
	assert_err(stage_rmdir(&stage, stage_walk(&stage, "orgs/o/projects"), "p"), EPERM);
	assert_err(stage_rmdir(&stage, FUSE_ROOT_ID, ".neevfs"), EPERM);
	assert_err(stage_rmdir(&stage, stage_walk(&stage, RUNTIMES_DIR), "no"), ENOENT);
	assert_err(stage_unlink(&stage, stage_walk(&stage, ".neevfs"), "errors"), EPERM);
	assert_int_equal(changes(&stage), 0);
	stage_close(&stage);
}

/* find -delete, shutil.rmtree: a refused unlink inside, and then a rmdir. */
static void a_sweep_deletes_nothing(void **state) {
	(void)state;
	struct stage stage;
	begin(&stage, LISTED("ready", "2"));
	fuse_ino_t dir = stage_walk(&stage, MODELS_DIR), inside = stage_walk(&stage, MODELS_DIR "/a");
	assert_err(stage_unlink(&stage, inside, "status"), EPERM);
	assert_err(stage_unlink(&stage, inside, "gpu"), EPERM);
	assert_err(stage_rmdir(&stage, dir, "a"), ENOTEMPTY);
	stage_later(&stage, SWEEP_MS - 1);
	assert_err(stage_rmdir(&stage, dir, "a"), ENOTEMPTY);
	stage_mentions(&stage, MODELS_DIR "/a/.error", "ENOTEMPTY");
	assert_int_equal(changes(&stage), 0);
	/* A plain one passes. */
	stage_later(&stage, SWEEP_MS);
	fuse_req_t removed = stage_rmdir(&stage, dir, "a");
	assert_parked(removed);
	stage_answer(&stage, API_DELETE, ITEM, 200, NULL);
	assert_err(removed, 0);
	stage_close(&stage);
}

static void a_sweep_of_another_is_not_ours(void **state) {
	(void)state;
	struct stage stage;
	begin(&stage, LIST(MODEL("a", "id-a", "ready", "2") "," MODEL("b", "id-b", "ready", "2")));
	fuse_ino_t dir = stage_walk(&stage, MODELS_DIR);
	assert_err(stage_unlink(&stage, stage_walk(&stage, MODELS_DIR "/b"), "status"), EPERM);
	fuse_req_t removed = stage_rmdir(&stage, dir, "a");
	assert_parked(removed);
	stage_answer(&stage, API_DELETE, ITEM, 200, NULL);
	assert_err(removed, 0);
	/* A process of which nothing is known may be the sweeper. */
	fuse_req_t lookup = stage_lookup(&stage, dir, "b");
	stage_answer(&stage, API_GET, MODELS, 200, LIST(MODEL("b", "id-b", "ready", "2")));
	assert_entry(lookup);
	kernel_ask_as(stage.kernel, 0);
	assert_err(stage_rmdir(&stage, dir, "b"), ENOTEMPTY);
	assert_int_equal(changes(&stage), 1);
	stage_close(&stage);
}

/* Processes that the test plays: of a session that was begun outside of our pid namespace, of one of their own, gone.
 */
enum { OUTSIDE = 1 << 24, INSIDE, GONE };

pid_t __real_getsid(pid_t pid);
pid_t __wrap_getsid(pid_t pid);
pid_t __wrap_getsid(pid_t pid) {
	return pid < OUTSIDE ? __real_getsid(pid) : pid == OUTSIDE ? 0 : pid == INSIDE ? INSIDE : -1;
}

/* As where a container is entered: getsid(2) is 0 there. */
static void a_session_from_outside_is_one_too(void **state) {
	(void)state;
	struct stage stage;
	begin(&stage, LISTED("ready", "2"));
	fuse_ino_t dir = stage_walk(&stage, MODELS_DIR);
	kernel_ask_as(stage.kernel, OUTSIDE);
	assert_err(stage_unlink(&stage, stage_walk(&stage, MODELS_DIR "/a"), "status"), EPERM);
	assert_err(stage_rmdir(&stage, dir, "a"), ENOTEMPTY);
	kernel_ask_as(stage.kernel, GONE);
	assert_err(stage_rmdir(&stage, dir, "a"), ENOTEMPTY);
	assert_int_equal(changes(&stage), 0);
	kernel_ask_as(stage.kernel, INSIDE);
	fuse_req_t removed = stage_rmdir(&stage, dir, "a");
	assert_parked(removed);
	stage_answer(&stage, API_DELETE, ITEM, 200, NULL);
	assert_err(removed, 0);
	stage_close(&stage);
}

static uint64_t caller_of(struct stage *stage, const char *path) {
	return fake_api_last(stage->api, API_GET, path)->caller;
}

/* A document is fetched for the session of who asks for it first; where none is known, for nobody in particular. */
static void a_session_is_the_caller(void **state) {
	(void)state;
	struct stage stage;
	begin(&stage, LISTED("ready", "2"));
	assert_int_equal(caller_of(&stage, MODELS), getsid(0));
	fuse_ino_t dir = stage_walk(&stage, MODELS_DIR "/a");
	kernel_ask_as(stage.kernel, INSIDE);
	fuse_req_t first = stage_lookup(&stage, dir, "info.json");
	assert_int_equal(caller_of(&stage, ITEM), INSIDE);
	kernel_ask_as(stage.kernel, OUTSIDE);
	fuse_req_t second = stage_lookup(&stage, dir, "info.json");
	assert_int_equal(fake_api_count(stage.api, API_GET, ITEM), 1);
	stage_answer(&stage, API_GET, ITEM, 200, MODEL("a", "id-a", "ready", "2"));
	assert_entry(first);
	assert_entry(second);
	static const pid_t nobody[] = {OUTSIDE, GONE, 0};
	for (size_t i = 0; i < sizeof nobody / sizeof nobody[0]; i++) {
		kernel_ask_as(stage.kernel, nobody[i]);
		stage_later(&stage, TTL_MS);
		first = stage_lookup(&stage, dir, "info.json");
		assert_int_equal(caller_of(&stage, MODELS), 0);
		stage_answer(&stage, API_GET, MODELS, 200, LISTED("ready", "2"));
		assert_int_equal(caller_of(&stage, ITEM), 0);
		stage_answer(&stage, API_GET, ITEM, 200, MODEL("a", "id-a", "ready", "2"));
		assert_entry(first);
	}
	stage_close(&stage);
}

/* And the other way round. */
static void a_sweep_from_inside_is_not_of_outside(void **state) {
	(void)state;
	struct stage stage;
	begin(&stage, LISTED("ready", "2"));
	fuse_ino_t dir = stage_walk(&stage, MODELS_DIR);
	kernel_ask_as(stage.kernel, INSIDE);
	assert_err(stage_unlink(&stage, stage_walk(&stage, MODELS_DIR "/a"), "status"), EPERM);
	assert_err(stage_rmdir(&stage, dir, "a"), ENOTEMPTY);
	kernel_ask_as(stage.kernel, OUTSIDE);
	fuse_req_t removed = stage_rmdir(&stage, dir, "a");
	assert_parked(removed);
	stage_answer(&stage, API_DELETE, ITEM, 200, NULL);
	assert_err(removed, 0);
	stage_close(&stage);
}

/* Another process scales and deletes meanwhile; every call has its own change and its own answer. */
static void changes_side_by_side(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t one = begin(&stage, LISTED("ready", "2"));
	fuse_req_t two = stage_open_file(&stage, one->ino, O_WRONLY);
	fuse_req_t three = stage_write(&stage, one, "3", 0), four = stage_write(&stage, two, "4", 0);
	fuse_req_t removed = stage_rmdir(&stage, stage_walk(&stage, MODELS_DIR), "a");
	assert_int_equal(fake_api_count(stage.api, API_PUT, SCALE), 1); /* one after the other */
	stage_answer(&stage, API_DELETE, ITEM, 200, NULL);
	assert_err(removed, 0);
	assert_parked(three);
	stage_answer(&stage, API_PUT, SCALE, 200, NULL);
	assert_written(three, 1);
	assert_err(four, EBUSY); /* it is on its way out */
	assert_int_equal(fake_api_count(stage.api, API_PUT, SCALE), 1);
	/* What was answered late does not bring it back. */
	removed = stage_rmdir(&stage, stage_walk(&stage, MODELS_DIR), "a");
	if (removed->answer == ANSWER_MISSING)
		stage_answer(&stage, API_GET, MODELS, 200, LISTED("ready", "2"));
	assert_err(removed, EALREADY);
	assert_int_equal(fake_api_count(stage.api, API_DELETE, NULL), 1);
	stage_close(&stage);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_scales),
		cmocka_unit_test(numbers_and_what_are_none),
		cmocka_unit_test(zero_says_how_to_stop),
		cmocka_unit_test(what_is_so_already_is_not_sent),
		cmocka_unit_test(what_was_so_is_sent),
		cmocka_unit_test(in_transition_the_same_number_is_sent),
		cmocka_unit_test(a_refused_scale),
		cmocka_unit_test(a_fetch_from_before_is_not_served_after),
		cmocka_unit_test(the_detail_is_asked_anew),
		cmocka_unit_test(changes_that_are_not_granted),
		cmocka_unit_test(every_set_of_grants),
		cmocka_unit_test(another_spec_is_refused),
		cmocka_unit_test(the_same_spec_again_is_fine),
		cmocka_unit_test(the_text_of_a_failed_write_is_not_compared_again),
		cmocka_unit_test(a_rmdir_deletes),
		cmocka_unit_test(a_second_rmdir_is_not_sent),
		cmocka_unit_test(a_failed_delete_may_be_repeated),
		cmocka_unit_test(what_cannot_be_removed),
		cmocka_unit_test(a_sweep_deletes_nothing),
		cmocka_unit_test(a_sweep_of_another_is_not_ours),
		cmocka_unit_test(a_session_from_outside_is_one_too),
		cmocka_unit_test(a_session_is_the_caller),
		cmocka_unit_test(a_sweep_from_inside_is_not_of_outside),
		cmocka_unit_test(changes_side_by_side),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
