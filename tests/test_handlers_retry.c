/*
 * What is done when an answer does not come, or says nothing, on fakes: scales and deletes are sent again and then
 * looked up; creates are not sent again but looked for, also by the next mount.
 */
#include "../api/retry.h"
#include "../fs/journal_line.h"
#include "alloc.h"
#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SCALE MODELS "/id-a/scale"
#define ITEM MODELS "/id-a"
#define LISTED(status, replicas) LIST(MODEL("a", "id-a", status, replicas))
#define ONE LIST(SPEC_ANSWER("abc", "id-1"))
#define TORN "{\"data\":[],\"pagination\":{\"total_pages\":1,\"total_items\":1}}"
#define NOT_DONE "Verdict: nothing was changed."
#define UNKNOWN "Verdict: unknown"

/* ---- scale and delete ---- */

/* One of the two under way on the model a, which has 2 replicas. */
struct alter {
	struct stage stage;
	enum api_method method;
	const char *path;
	fuse_req_t req;
};

static fuse_req_t open_replicas(struct stage *stage) {
	fuse_req_t opened = stage_open_file(stage, stage_walk(stage, MODELS_DIR "/a/replicas"), O_WRONLY);
	assert_opened(opened);
	return opened;
}

static void begin_models(struct stage *stage) {
	stage_begin(stage);
	fuse_req_t lookup = stage_lookup(stage, stage_walk(stage, MODELS_DIR), "a");
	stage_answer(stage, API_GET, MODELS, 200, LISTED("ready", "2"));
	assert_entry(lookup);
}

static void begin_alter(struct alter *alter, bool scale) {
	struct stage *stage = &alter->stage;
	begin_models(stage);
	alter->method = scale ? API_PUT : API_DELETE;
	alter->path = scale ? SCALE : ITEM;
	alter->req = scale ? stage_write(stage, open_replicas(stage), "3", 0)
			   : stage_rmdir(stage, stage_walk(stage, MODELS_DIR), "a");
	assert_parked(alter->req);
}

static size_t sent(const struct alter *alter) {
	return fake_api_count(alter->stage.api, alter->method, alter->path);
}

static void assert_done(const struct alter *alter) {
	if (alter->method == API_PUT)
		assert_written(alter->req, 1);
	else
		assert_err(alter->req, 0);
}

/* The next attempt comes just when it is due, and not before. Gives how long that was. */
static int wait_for_next(struct alter *alter) {
	size_t before = sent(alter);
	int wait_ms = changes_wait_ms(alter->stage.fs.changes);
	assert_true(wait_ms > 0);
	assert_parked(alter->req);
	stage_later(&alter->stage, wait_ms - 1);
	assert_int_equal(sent(alter), before);
	stage_later(&alter->stage, 1);
	assert_int_equal(sent(alter), before + 1);
	return wait_ms;
}

struct outcome {
	const char *name;
	int status;         /* 0: none */
	bool sent, garbled; /* without a status; with a 2xx */
	int code;           /* what the user is told */
	bool unclear;       /* it may have been carried out */
	unsigned pause_ms;  /* the bound of the first pause */
};

static const struct outcome passing[] = {
	{"not sent", 0, false, false, EHOSTUNREACH, false, RETRY_FIRST_MS},
	{"no answer", 0, true, false, EREMOTEIO, true, RETRY_FIRST_MS},
	{"408", 408, true, false, ETIMEDOUT, true, RETRY_FIRST_MS},
	{"425", 425, true, false, EREMOTEIO, false, RETRY_FIRST_MS},
	{"429", 429, true, false, EBUSY, false, RETRY_THROTTLED_MS},
	{"500", 500, true, false, EREMOTEIO, true, RETRY_FIRST_MS},
	{"502", 502, true, false, EREMOTEIO, true, RETRY_FIRST_MS},
	{"503", 503, true, false, EREMOTEIO, true, RETRY_FIRST_MS},
	{"200 with no JSON", 200, true, true, EREMOTEIO, true, RETRY_FIRST_MS},
};
enum { PASSING = sizeof(passing) / sizeof(passing[0]) };

static void come_out(struct alter *alter, const struct outcome *outcome) {
	struct api_call *call = fake_api_find(alter->stage.api, alter->method, alter->path);
	assert_non_null(call);
	if (outcome->garbled)
		fake_api_garble(call, outcome->status);
	else if (outcome->status)
		fake_api_answer(call, outcome->status, NULL);
	else
		fake_api_fail(call, outcome->code, outcome->sent);
	stage_turn(&alter->stage);
}

static void what_passes_is_tried_three_times(void **state) {
	(void)state;
	for (size_t i = 0; i < 2 * PASSING; i++) {
		const struct outcome *outcome = &passing[i / 2];
		struct alter alter;
		begin_alter(&alter, i % 2);
		for (unsigned attempt = 1; attempt <= RETRY_ATTEMPTS; attempt++) {
			assert_int_equal(sent(&alter), attempt);
			come_out(&alter, outcome);
			if (attempt < RETRY_ATTEMPTS)
				assert_in_range(wait_for_next(&alter), 1, outcome->pause_ms << (attempt - 1));
		}
		if (outcome->unclear) {
			assert_parked(alter.req);
			stage_answer(&alter.stage, API_GET, ITEM, 200, MODEL("a", "id-a", "ready", "2"));
		}
		assert_err(alter.req, outcome->code);
		stage_later(&alter.stage, DEADLINE_MS);
		assert_int_equal(sent(&alter), RETRY_ATTEMPTS);
		stage_mentions(&alter.stage, ".neevfs/errors", outcome->unclear ? UNKNOWN : NOT_DONE);
		stage_close(&alter.stage);
	}
}

static void any_attempt_may_succeed(void **state) {
	(void)state;
	for (size_t i = 0; i < 2 * PASSING; i++)
		for (unsigned good = 2; good <= RETRY_ATTEMPTS; good++) {
			struct alter alter;
			begin_alter(&alter, i % 2);
			for (unsigned attempt = 1; attempt < good; attempt++) {
				come_out(&alter, &passing[i / 2]);
				wait_for_next(&alter);
			}
			stage_answer(&alter.stage, alter.method, alter.path, 200, NULL);
			assert_done(&alter);
			assert_int_equal(sent(&alter), good);
			assert_int_equal(fake_api_count(alter.stage.api, API_GET, ITEM), 0);
			stage_close(&alter.stage);
		}
}

static void a_definite_refusal_is_not_repeated(void **state) {
	(void)state;
	static const struct {
		int status, code;
	} cases[] = {{400, EINVAL}, {401, EKEYEXPIRED}, {402, EDQUOT}, {403, EACCES}, {404, ENOENT}, {409, EBUSY},
		{422, EINVAL}};
	for (size_t i = 0; i < 2 * sizeof(cases) / sizeof(cases[0]); i++) {
		struct alter alter;
		begin_alter(&alter, i % 2);
		stage_answer(&alter.stage, alter.method, alter.path, cases[i / 2].status, NULL);
		assert_err(alter.req, cases[i / 2].code);
		stage_later(&alter.stage, DEADLINE_MS);
		assert_int_equal(sent(&alter), 1);
		assert_int_equal(fake_api_count(alter.stage.api, API_GET, ITEM), 0);
		stage_close(&alter.stage);
	}
}

static void retry_after_is_kept(void **state) {
	(void)state;
	for (int scale = 0; scale < 2; scale++) {
		struct alter alter;
		begin_alter(&alter, scale);
		fake_api_find(alter.stage.api, alter.method, alter.path)->retry_after_ms = 7000;
		stage_answer(&alter.stage, alter.method, alter.path, 429, NULL);
		assert_int_equal(wait_for_next(&alter), 7000);
		/* Longer than the caller waits: told at once. */
		fake_api_find(alter.stage.api, alter.method, alter.path)->retry_after_ms = DEADLINE_MS - 7000 - 999;
		stage_answer(&alter.stage, alter.method, alter.path, 429, NULL);
		assert_err(alter.req, EBUSY);
		stage_later(&alter.stage, DEADLINE_MS);
		assert_int_equal(sent(&alter), 2);
		stage_close(&alter.stage);
	}
}

/* Each attempt leaves time for what comes after it, and none begins too late. */
static void attempts_fit_the_deadline(void **state) {
	(void)state;
	for (int scale = 0; scale < 2; scale++) {
		struct alter alter;
		begin_alter(&alter, scale);
		int64_t end_ms = alter.stage.fs.now_ms + DEADLINE_MS;
		for (unsigned attempt = 1; attempt < RETRY_ATTEMPTS; attempt++) {
			unsigned timeout_ms = fake_api_last(alter.stage.api, alter.method, alter.path)->timeout_ms;
			assert_int_equal(timeout_ms, (end_ms - alter.stage.fs.now_ms - 500) * 2 / 3);
			stage_later(&alter.stage, timeout_ms);
			stage_fail(&alter.stage, alter.method, alter.path, ETIMEDOUT, true);
			wait_for_next(&alter);
		}
		stage_later(&alter.stage, end_ms - alter.stage.fs.now_ms - 1);
		assert_parked(alter.req);
		stage_fail(&alter.stage, alter.method, alter.path, ETIMEDOUT, true);
		stage_answer(&alter.stage, API_GET, ITEM, 200, MODEL("a", "id-a", "ready", "2"));
		assert_err(alter.req, ETIMEDOUT);
		stage_close(&alter.stage);
		/* What fails just before the end is not tried again. */
		begin_alter(&alter, scale);
		stage_later(&alter.stage, DEADLINE_MS - 1000);
		stage_fail(&alter.stage, alter.method, alter.path, EHOSTUNREACH, false);
		assert_err(alter.req, EHOSTUNREACH);
		assert_int_equal(sent(&alter), 1);
		stage_close(&alter.stage);
	}
}

/* ---- looking it up ---- */

/* Three attempts without an answer: its detail is asked for. */
static void begin_unclear(struct alter *alter, bool scale) {
	begin_alter(alter, scale);
	for (unsigned attempt = 1; attempt <= RETRY_ATTEMPTS; attempt++) {
		if (attempt > 1)
			wait_for_next(alter);
		stage_fail(&alter->stage, alter->method, alter->path, EREMOTEIO, true);
	}
	assert_parked(alter->req);
	assert_non_null(fake_api_find(alter->stage.api, API_GET, ITEM));
}

static void what_is_unclear_is_looked_up(void **state) {
	(void)state;
	static const struct {
		bool scale;
		int status;
		const char *body;
		int code; /* 0: it was carried out */
		const char *verdict;
	} cases[] = {
		{true, 200, MODEL("a", "id-a", "ready", "3"), 0, ""},
		{true, 200, MODEL("a", "id-a", "initializing", "3"), EREMOTEIO, UNKNOWN}, /* from 3, or to 3 */
		{true, 200, MODEL("a", "id-a", "ready", "2"), EREMOTEIO, UNKNOWN},
		{true, 200, MODEL("a", "id-a", "ready", "\"3\""), EREMOTEIO, UNKNOWN},
		{true, 200, "{}", EREMOTEIO, UNKNOWN},
		{true, 503, NULL, EREMOTEIO, UNKNOWN},
		{true, 403, NULL, EREMOTEIO, UNKNOWN},
		{true, 404, NULL, ENOENT, NOT_DONE},
		{false, 200, MODEL("a", "id-a", "terminating", "2"), 0, ""},
		{false, 404, NULL, 0, ""},
		{false, 200, MODEL("a", "id-a", "ready", "2"), EREMOTEIO, UNKNOWN},
		{false, 200, "{}", EREMOTEIO, UNKNOWN},
		{false, 503, NULL, EREMOTEIO, UNKNOWN},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct alter alter;
		begin_unclear(&alter, cases[i].scale);
		stage_answer(&alter.stage, API_GET, ITEM, cases[i].status, cases[i].body);
		if (!cases[i].code)
			assert_done(&alter);
		else
			assert_err(alter.req, cases[i].code);
		stage_mentions(&alter.stage, ".neevfs/errors", cases[i].verdict);
		assert_int_equal(sent(&alter), RETRY_ATTEMPTS);
		stage_close(&alter.stage);
	}
}

/* A detail from before the change says nothing. */
static void the_look_up_is_fresh(void **state) {
	(void)state;
	struct alter alter;
	struct stage *stage = &alter.stage;
	begin_alter(&alter, true);
	fuse_req_t info = stage_lookup(stage, stage_walk(stage, MODELS_DIR "/a"), "info.json");
	struct api_call *old = fake_api_find(stage->api, API_GET, ITEM);
	assert_non_null(old);
	for (unsigned attempt = 1; attempt <= RETRY_ATTEMPTS; attempt++) {
		if (attempt > 1)
			wait_for_next(&alter);
		stage_fail(stage, API_PUT, SCALE, EREMOTEIO, true);
	}
	assert_ptr_not_equal(fake_api_last(stage->api, API_GET, ITEM), old);
	if (!old->over)
		fake_api_answer(old, 200, MODEL("a", "id-a", "ready", "3"));
	stage_turn(stage);
	assert_parked(alter.req);
	stage_answer(stage, API_GET, ITEM, 200, MODEL("a", "id-a", "ready", "2"));
	assert_err(alter.req, EREMOTEIO);
	if (info->answer == ANSWER_MISSING)
		stage_answer(stage, API_GET, NULL, 200, LISTED("ready", "2"));
	stage_close(stage);
}

static void gone_after_an_unclear_delete_is_success(void **state) {
	(void)state;
	struct alter alter;
	begin_alter(&alter, false);
	stage_fail(&alter.stage, API_DELETE, ITEM, EREMOTEIO, true);
	wait_for_next(&alter);
	stage_answer(&alter.stage, API_DELETE, ITEM, 404, NULL);
	assert_done(&alter);
	stage_close(&alter.stage);
	/* Not so if the attempt before was certainly not carried out. */
	static const int clear[] = {0, 429};
	for (size_t i = 0; i < 2; i++) {
		begin_alter(&alter, false);
		if (clear[i])
			stage_answer(&alter.stage, API_DELETE, ITEM, clear[i], NULL);
		else
			stage_fail(&alter.stage, API_DELETE, ITEM, EHOSTUNREACH, false);
		wait_for_next(&alter);
		stage_answer(&alter.stage, API_DELETE, ITEM, 404, NULL);
		assert_err(alter.req, ENOENT);
		stage_close(&alter.stage);
	}
	/* Nor is a deployment that is gone scaled. */
	begin_alter(&alter, true);
	stage_fail(&alter.stage, API_PUT, SCALE, EREMOTEIO, true);
	wait_for_next(&alter);
	stage_answer(&alter.stage, API_PUT, SCALE, 404, NULL);
	stage_answer(&alter.stage, API_GET, ITEM, 404, NULL);
	assert_err(alter.req, ENOENT);
	stage_close(&alter.stage);
}

/* Refused at the second attempt: perhaps because the first was carried out. */
static void a_refusal_after_an_unclear_attempt_is_looked_up(void **state) {
	(void)state;
	static const int statuses[] = {400, 402, 409};
	for (size_t i = 0; i < 2 * sizeof(statuses) / sizeof(statuses[0]); i++)
		for (int so = 0; so < 2; so++) {
			struct alter alter;
			begin_alter(&alter, i % 2);
			stage_answer(&alter.stage, alter.method, alter.path, 503, NULL);
			wait_for_next(&alter);
			stage_answer(&alter.stage, alter.method, alter.path, statuses[i / 2], NULL);
			assert_parked(alter.req);
			stage_answer(&alter.stage, API_GET, ITEM, 200,
				!so     ? MODEL("a", "id-a", "ready", "2")
				: i % 2 ? MODEL("a", "id-a", "ready", "3")
					: MODEL("a", "id-a", "terminating", "2"));
			if (so) {
				assert_done(&alter);
			} else {
				int code = api_status_errno(statuses[i / 2]);
				assert_err(alter.req, code == EEXIST ? EBUSY : code);
				stage_mentions(&alter.stage, ".neevfs/errors", UNKNOWN);
			}
			assert_int_equal(sent(&alter), 2);
			stage_close(&alter.stage);
		}
}

/* ---- several at once ---- */

static const char *last_number(const struct stage *stage) {
	return fake_api_last(stage->api, API_PUT, SCALE)->body;
}

static void numbers_go_in_order(void **state) {
	(void)state;
	static const char *const numbers[] = {"7", "5", "9"};
	struct stage stage;
	fuse_req_t opened[3], write[3];
	char body[32];
	begin_models(&stage);
	for (int i = 0; i < 3; i++)
		opened[i] = open_replicas(&stage);
	for (int i = 0; i < 3; i++)
		write[i] = stage_write(&stage, opened[i], numbers[i], 0);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(fake_api_count(stage.api, API_PUT, SCALE), i + 1);
		snprintf(body, sizeof(body), "{\"replicas\":%s}", numbers[i]);
		assert_string_equal(last_number(&stage), body);
		stage_later(&stage, 1000);
		for (size_t j = i; j < 3; j++)
			assert_parked(write[j]);
		stage_answer(&stage, API_PUT, SCALE, i == 1 ? 400 : 200, NULL);
		if (i == 1)
			assert_err(write[i], EINVAL);
		else
			assert_written(write[i], 1);
	}
	assert_int_equal(fake_api_count(stage.api, API_PUT, NULL), 3);
	stage_close(&stage);
}

static void a_newer_number_ends_the_retries_of_an_older(void **state) {
	(void)state;
	struct stage stage;
	begin_models(&stage);
	fuse_req_t first = open_replicas(&stage), second = open_replicas(&stage);
	fuse_req_t old = stage_write(&stage, first, "7", 0), new = stage_write(&stage, second, "5", 0);
	stage_answer(&stage, API_PUT, SCALE, 503, NULL);
	assert_parked(old);
	assert_int_equal(fake_api_count(stage.api, API_PUT, SCALE), 1);
	stage_answer(&stage, API_GET, ITEM, 200, MODEL("a", "id-a", "ready", "2"));
	assert_err(old, EREMOTEIO);
	assert_int_equal(fake_api_count(stage.api, API_PUT, SCALE), 2);
	assert_string_equal(last_number(&stage), "{\"replicas\":5}");
	stage_answer(&stage, API_PUT, SCALE, 200, NULL);
	assert_written(new, 1);
	stage_later(&stage, DEADLINE_MS);
	assert_int_equal(fake_api_count(stage.api, API_PUT, SCALE), 2);
	stage_close(&stage);
}

/* What is listed is not what will be when another number is on its way, or was just accepted. */
static void the_listed_number_is_sent_after_another(void **state) {
	(void)state;
	for (int accepted = 0; accepted < 2; accepted++) {
		struct stage stage;
		begin_models(&stage);
		fuse_req_t first = open_replicas(&stage), second = open_replicas(&stage);
		fuse_req_t other = stage_write(&stage, first, "3", 0), same = NULL;
		if (!accepted)
			same = stage_write(&stage, second, "2", 0);
		stage_answer(&stage, API_PUT, SCALE, 200, NULL);
		assert_written(other, 1);
		if (accepted) {
			same = stage_write(&stage, second, "2", 0);
			stage_answer(&stage, API_GET, MODELS, 200, LISTED("ready", "2")); /* it lags */
		}
		assert_parked(same);
		assert_int_equal(fake_api_count(stage.api, API_PUT, SCALE), 2);
		assert_string_equal(last_number(&stage), "{\"replicas\":2}");
		stage_answer(&stage, API_PUT, SCALE, 200, NULL);
		assert_written(same, 1);
		stage_close(&stage);
	}
}

/* ---- who stops waiting ---- */

static void interrupted(struct stage *stage, fuse_req_t req) {
	kernel_interrupt(req);
	stage_turn(stage);
	assert_err(req, ECANCELED);
}

static void interrupted_in_the_queue_it_is_not_sent(void **state) {
	(void)state;
	struct stage stage;
	begin_models(&stage);
	fuse_req_t first = open_replicas(&stage), second = open_replicas(&stage), third = open_replicas(&stage);
	fuse_req_t one = stage_write(&stage, first, "7", 0), two = stage_write(&stage, second, "5", 0);
	fuse_req_t three = stage_write(&stage, third, "9", 0);
	interrupted(&stage, two);
	stage_mentions(&stage, MODELS_DIR "/a/.error", "interrupted; nothing was sent");
	stage_mentions(&stage, MODELS_DIR "/a/.error", NOT_DONE);
	stage_answer(&stage, API_PUT, SCALE, 200, NULL);
	assert_written(one, 1);
	assert_string_equal(last_number(&stage), "{\"replicas\":9}");
	stage_answer(&stage, API_PUT, SCALE, 200, NULL);
	assert_written(three, 1);
	assert_int_equal(fake_api_count(stage.api, API_PUT, SCALE), 2);
	stage_close(&stage);
}

/* Its success is told where its end was looked for. */
static void interrupted_on_its_way_it_goes_on(void **state) {
	(void)state;
	for (int retried = 0; retried < 2; retried++) {
		struct alter alter;
		struct stage *stage = &alter.stage;
		begin_alter(&alter, true);
		if (retried)
			stage_answer(stage, API_PUT, SCALE, 503, NULL); /* and between two attempts */
		interrupted(stage, alter.req);
		stage_mentions(stage, ".neevfs/errors", "the change goes on");
		stage_mentions(stage, ".neevfs/errors", UNKNOWN);
		stage_later(stage, RETRY_FIRST_MS);
		assert_int_equal(sent(&alter), retried ? 2 : 1);
		stage_answer(stage, API_PUT, SCALE, 200, NULL);
		fuse_req_t lookup = stage_lookup(stage, stage_walk(stage, MODELS_DIR), "a");
		stage_answer(stage, API_GET, MODELS, 200, LISTED("ready", "3"));
		assert_entry(lookup);
		stage_mentions(stage, MODELS_DIR "/a/.error", "scale " MODELS_DIR "/a/replicas: done");
		stage_mentions(stage, MODELS_DIR "/a/.error", "Verdict: it was carried out.");
		stage_close(stage);
	}
}

static void the_deadline_of_a_scale(void **state) {
	(void)state;
	struct stage stage;
	begin_models(&stage);
	fuse_req_t first = open_replicas(&stage), second = open_replicas(&stage);
	fuse_req_t one = stage_write(&stage, first, "7", 0), two = stage_write(&stage, second, "5", 0);
	stage_later(&stage, DEADLINE_MS);
	assert_err(one, ETIMEDOUT);
	assert_err(two, ETIMEDOUT);
	stage_mentions(&stage, ".neevfs/errors",
		"no outcome within the deadline; the change goes on, and .error here will say how it ended");
	stage_mentions(&stage, ".neevfs/errors", "no outcome within the deadline; nothing was sent");
	assert_err(stage_flush(&stage, first), ETIMEDOUT);
	stage_answer(&stage, API_PUT, SCALE, 200, NULL);
	stage_mentions(&stage, ".neevfs/errors", "the scale was carried out after the call had ended");
	assert_int_equal(fake_api_count(stage.api, API_PUT, SCALE), 1);
	stage_close(&stage);
}

/* Its turn came when nobody would have waited for its answer. */
static void the_turn_of_a_scale_comes_too_late(void **state) {
	(void)state;
	struct stage stage;
	begin_models(&stage);
	fuse_req_t first = open_replicas(&stage), second = open_replicas(&stage);
	fuse_req_t one = stage_write(&stage, first, "7", 0), two = stage_write(&stage, second, "5", 0);
	stage_later(&stage, DEADLINE_MS - 999);
	stage_answer(&stage, API_PUT, SCALE, 200, NULL);
	assert_written(one, 1);
	assert_err(two, ETIMEDOUT);
	stage_mentions(&stage, ".neevfs/errors", "the deadline left no time to send it");
	stage_mentions(&stage, ".neevfs/errors", NOT_DONE);
	assert_int_equal(fake_api_count(stage.api, API_PUT, SCALE), 1);
	stage_close(&stage);
}

/* ---- creates and the journal ---- */

static char directory[64], journal[96];

static int make_journal(void **state) {
	(void)state;
	strcpy(directory, "/tmp/neevfs-retry-XXXXXX");
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

static int count_visit(void *user, const struct journal_record *record) {
	(void)record;
	++*(int *)user;
	return 0;
}

static int open_records(struct stage *stage) {
	int count = 0;
	assert_int_equal(journal_open_records(stage->fs.journal, count_visit, &count, NULL), 0);
	return count;
}

static void begin_on(struct stage *stage, char *path) {
	struct error err = {0};
	stage_init(stage);
	stage->options.journal = path;
	assert_int_equal(stage_open(stage), 0);
	assert_int_equal(changes_recover(stage->fs.changes, &err), 0);
	stage_turn(stage);
}

/* The draft abc, its spec.json open. */
static fuse_req_t draft(struct stage *stage) {
	fuse_req_t made = stage_mkdir(stage, stage_walk(stage, TEMPLATES_DIR), "abc");
	if (made->answer == ANSWER_MISSING)
		stage_answer(stage, API_GET, TEMPLATES, 200, LIST(""));
	assert_entry(made);
	fuse_req_t opened = stage_create(stage, made->entry.ino, "spec.json");
	assert_opened(opened);
	return opened;
}

static void remove_draft(struct stage *stage) {
	fuse_req_t removed = stage_rmdir(stage, stage_walk(stage, TEMPLATES_DIR), "abc");
	if (removed->answer == ANSWER_MISSING)
		stage_answer(stage, API_GET, TEMPLATES, 200, LIST(""));
	assert_err(removed, 0);
}

/* A mount that ended while its POST was under way. */
static void leave_a_create(void) {
	struct stage stage;
	begin_on(&stage, journal);
	fuse_req_t opened = draft(&stage), write = stage_write_spec(&stage, opened);
	assert_int_equal(open_records(&stage), 1);
	kernel_interrupt(write);
	stage_turn(&stage);
	assert_err(write, ECANCELED);
	stage_close(&stage);
}

/* Time goes by, and no listing shows it. */
static void miss_it(struct stage *stage, int64_t ms) {
	for (int64_t end_ms = stage->fs.now_ms + ms; stage->fs.now_ms < end_ms;) {
		stage_later(stage, 1000);
		while (fake_api_find(stage->api, API_GET, TEMPLATES))
			stage_answer(stage, API_GET, TEMPLATES, 200, LIST(""));
	}
}

static void assert_taken_up(struct stage *stage) {
	begin_on(stage, journal);
	fuse_ino_t dir = stage_walk(stage, TEMPLATES_DIR);
	assert_non_null(fake_api_find(stage->api, API_GET, TEMPLATES)); /* looked for at once */
	stage_answer(stage, API_GET, TEMPLATES, 200, LIST(""));
	assert_int_equal(open_records(stage), 1);
	fuse_req_t lookup = stage_lookup(stage, dir, "abc");
	assert_entry(lookup);
	stage_mentions(stage, TEMPLATES_DIR "/abc/.error", "its outcome is not known");
	stage_mentions(stage, TEMPLATES_DIR "/abc/.error", UNKNOWN);
	assert_err(stage_mkdir(stage, dir, "abc"), EEXIST);
	assert_err(stage_rmdir(stage, dir, "abc"), EBUSY);
	fuse_req_t spec = stage_lookup(stage, lookup->entry.ino, "spec.json");
	assert_err(spec, ENOENT); /* the text is gone */
	fuse_req_t created = stage_create(stage, lookup->entry.ino, "spec.json");
	if (created->answer == ANSWER_CREATE)
		assert_err(stage_write(stage, created, SPEC_TEXT, 0), EALREADY);
	else
		assert_err(created, EALREADY);
	assert_int_equal(stage_posts(stage), 0);
}

static void the_next_mount_finds_it(void **state) {
	(void)state;
	struct stage stage;
	leave_a_create();
	assert_taken_up(&stage);
	stage_later(&stage, 1000);
	stage_answer(&stage, API_GET, TEMPLATES, 200, ONE);
	assert_int_equal(open_records(&stage), 0);
	assert_entry(stage_lookup(&stage, stage_walk(&stage, TEMPLATES_DIR), "abc"));
	stage_says(&stage, TEMPLATES_DIR "/abc/id", "id-1\n");
	assert_int_equal(stage_posts(&stage), 0);
	stage_close(&stage);
	begin_on(&stage, journal); /* and the one after that has nothing to look for */
	assert_int_equal(fake_api_total(stage.api), 0);
	stage_close(&stage);
}

static void the_next_mount_misses_it(void **state) {
	(void)state;
	struct stage stage;
	leave_a_create();
	assert_taken_up(&stage);
	miss_it(&stage, 119000);
	assert_int_equal(open_records(&stage), 1);
	miss_it(&stage, 31000); /* the next look */
	assert_int_equal(open_records(&stage), 0);
	stage_mentions(&stage, ".neevfs/errors", "the create was not carried out: it is not listed 120 s after");
	stage_mentions(&stage, ".neevfs/errors", NOT_DONE);
	fuse_req_t lookup = stage_lookup(&stage, stage_walk(&stage, TEMPLATES_DIR), "abc");
	if (lookup->answer == ANSWER_MISSING)
		stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
	assert_err(lookup, ENOENT);
	fuse_req_t opened = draft(&stage), write = stage_write_spec(&stage, opened);
	stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-1"));
	assert_written(write, strlen(SPEC_TEXT));
	assert_int_equal(stage_posts(&stage), 1);
	assert_int_equal(open_records(&stage), 0);
	stage_close(&stage);
}

/* A listing that failed, or is not whole, is no proof, however late. */
static void what_was_not_seen_proves_nothing(void **state) {
	(void)state;
	struct stage stage;
	leave_a_create();
	assert_taken_up(&stage);
	for (int i = 0; i < 600; i++) {
		stage_later(&stage, 1000);
		while (fake_api_find(stage.api, API_GET, TEMPLATES))
			stage_answer(&stage, API_GET, TEMPLATES, i % 2 ? 503 : 200, i % 2 ? NULL : TORN);
	}
	assert_int_equal(open_records(&stage), 1);
	miss_it(&stage, 61000); /* the first of the two was whole */
	assert_int_equal(open_records(&stage), 0);
	stage_close(&stage);
}

static void append_line(const char *line) {
	int fd = open(journal, O_WRONLY | O_APPEND | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, line, strlen(line)), strlen(line));
	close(fd);
}

static void a_person_settles_it(void **state) {
	(void)state;
	struct stage stage;
	leave_a_create();
	assert_taken_up(&stage);
	append_line("settled 1\n");
	miss_it(&stage, 2000); /* the next look */
	stage_mentions(&stage, ".neevfs/errors", "the create's record 1 in the journal was settled by hand");
	fuse_req_t opened = draft(&stage), write = stage_write_spec(&stage, opened);
	stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-1"));
	assert_written(write, strlen(SPEC_TEXT));
	stage_close(&stage);
}

/* The records of another cloud are none of ours, and a damaged line is told. */
static void other_records(void **state) {
	(void)state;
	struct stage stage;
	struct error err = {0};
	char other[] = "https://other.test";
	leave_a_create();
	stage_init(&stage);
	stage.options.journal = journal;
	stage.options.base[API_GPU] = other;
	assert_int_equal(stage_open(&stage), 0);
	assert_int_equal(changes_recover(stage.fs.changes, &err), 0);
	stage_turn(&stage);
	assert_int_equal(fake_api_total(stage.api), 0);
	fuse_req_t opened = draft(&stage), write = stage_write_spec(&stage, opened);
	stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-1"));
	assert_written(write, strlen(SPEC_TEXT));
	stage_close(&stage);
	append_line("what is this\n");
	stage_init(&stage);
	stage.options.journal = journal;
	assert_int_equal(stage_open(&stage), 0);
	assert_int_equal(changes_recover(stage.fs.changes, &err), -EBUSY);
	assert_non_null(strstr(err.message, "is damaged"));
	stage_turn(&stage);
	stage_answer(&stage, API_GET, TEMPLATES, 200, ONE); /* the good ones are taken up all the same */
	stage_close(&stage);
}

/* A journal with these creates open, all of one name with a number behind it. */
static void write_journal(const char *const *places, size_t count, const char *cloud) {
	char name[32];
	struct buffer text = {0};
	journal_line_header(&text);
	for (size_t i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "abc-%zu", i);
		const struct journal_entry entry = {.cloud = cloud, .place = places[i % 4], .name = name};
		journal_line_pending(&text, i + 1, 1767225600, &entry);
	}
	int fd = open(journal, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text.data, text.len), text.len);
	close(fd);
	buffer_free(&text);
}

static const char *const places[4] = {RUNTIMES, MODELS, TEMPLATES, "/api/v1beta1/elsewhere"};

static void creates_of_every_kind_are_taken_up(void **state) {
	(void)state;
	static const char *const dirs[] = {RUNTIMES_DIR, MODELS_DIR, TEMPLATES_DIR};
	static const int absent_s[] = {120, 600, 120};
	struct stage stage;
	char path[128], name[32];
	write_journal(places, 4, "https://api.test");
	begin_on(&stage, journal);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(fake_api_count(stage.api, API_GET, places[i]), 1);
		stage_answer(&stage, API_GET, places[i], 200, LIST(""));
		snprintf(name, sizeof(name), "abc-%zu", i);
		assert_entry(stage_lookup(&stage, stage_walk(&stage, dirs[i]), name));
		snprintf(path, sizeof(path), "%s/%s/.error", dirs[i], name);
		stage_mentions(&stage, path, "create");
		stage_mentions(&stage, path, UNKNOWN);
	}
	assert_int_equal(fake_api_total(stage.api), 3); /* the fourth is of no kind that there is */
	for (int s = 0; s < 640; s++) {
		int left = 1;
		for (size_t i = 0; i < 3; i++) /* a look at the time, and the next one no earlier than 30 s before it */
			left += s < absent_s[i];
		assert_true(open_records(&stage) >= left);
		stage_later(&stage, 1000);
		while (fake_api_find(stage.api, API_GET, NULL))
			stage_answer(&stage, API_GET, NULL, 200, LIST(""));
	}
	assert_int_equal(open_records(&stage), 1);
	assert_int_equal(stage_posts(&stage), 0);
	stage_close(&stage);
}

/* What finds no room stays open: its name is refused until a later mount takes it up. */
static void more_creates_than_drafts(void **state) {
	(void)state;
	const char *const same[4] = {TEMPLATES, TEMPLATES, TEMPLATES, TEMPLATES};
	struct stage stage;
	struct error err = {0};
	write_journal(same, DRAFTS_MAX + 1, "https://api.test");
	stage_init(&stage);
	stage.options.journal = journal;
	assert_int_equal(stage_open(&stage), 0);
	assert_int_equal(changes_recover(stage.fs.changes, &err), -ENOSPC);
	assert_non_null(strstr(err.message, "not all creates"));
	stage_turn(&stage);
	size_t drafts = 0;
	for (struct draft *draft = NULL; (draft = draft_next(stage.fs.drafts, TEMPLATES, draft));)
		drafts += draft->state == DRAFT_DOUBT;
	assert_int_equal(drafts, DRAFTS_MAX);
	stage_close(&stage);
}

/* A journal that cannot be written: before anything is sent, and in words. */
static void without_a_journal_nothing_is_created(void **state) {
	(void)state;
	char nowhere[] = "/proc/neevfs/journal";
	for (int i = 0; i < 3; i++) {
		struct stage stage;
		if (i == 2) {
			int fd = open(journal, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
			assert_true(fd >= 0);
			assert_int_equal(fchmod(fd, 0666), 0);
			close(fd);
		}
		stage_init(&stage);
		stage.options.journal = i == 0 ? nowhere : i == 1 ? directory : journal;
		assert_int_equal(stage_open(&stage), 0);
		fuse_req_t opened = draft(&stage), write = stage_write(&stage, opened, SPEC_TEXT, 0);
		if (write->answer == ANSWER_MISSING)
			stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
		assert_err(write, EACCES);
		assert_int_equal(stage_posts(&stage), 0);
		stage_mentions(&stage, TEMPLATES_DIR "/abc/.error", stage.options.journal);
		stage_mentions(&stage, TEMPLATES_DIR "/abc/.error", NOT_DONE);
		assert_err(stage_rmdir(&stage, stage_walk(&stage, TEMPLATES_DIR), "abc"), 0); /* a draft again */
		stage_close(&stage);
	}
}

static void a_listing_that_is_not_whole_is_no_ground(void **state) {
	(void)state;
	for (int whole = 0; whole < 2; whole++) {
		struct stage stage;
		begin_on(&stage, journal);
		fuse_req_t opened = draft(&stage), write = stage_write(&stage, opened, SPEC_TEXT, 0);
		for (int i = 0; i < 3; i++) {
			assert_parked(write);
			assert_int_equal(fake_api_count(stage.api, API_GET, TEMPLATES), (size_t)i + 2);
			stage_answer(&stage, API_GET, TEMPLATES, 200, whole && i == 2 ? LIST("") : TORN);
		}
		assert_int_equal(stage_posts(&stage), whole);
		if (whole) {
			stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-1"));
			assert_written(write, strlen(SPEC_TEXT));
		} else {
			assert_err(write, EREMOTEIO);
			stage_mentions(&stage, TEMPLATES_DIR "/abc/.error", "is not whole");
			stage_mentions(&stage, TEMPLATES_DIR "/abc/.error", NOT_DONE);
		}
		stage_close(&stage);
		unlink(journal);
	}
}

/* Until the next attempt's listing is asked for. */
static int wait_for_list(struct stage *stage) {
	size_t lists = fake_api_count(stage->api, API_GET, TEMPLATES), posts = stage_posts(stage);
	int wait_ms = changes_wait_ms(stage->fs.changes);
	assert_true(wait_ms > 0);
	stage_later(stage, wait_ms - 1);
	assert_int_equal(fake_api_count(stage->api, API_GET, TEMPLATES), lists);
	stage_later(stage, 1);
	assert_int_equal(fake_api_count(stage->api, API_GET, TEMPLATES), lists + 1);
	assert_int_equal(stage_posts(stage), posts);
	return wait_ms;
}

static void throttle(struct stage *stage, unsigned retry_after_ms) {
	fake_api_find(stage->api, API_POST, TEMPLATES)->retry_after_ms = retry_after_ms;
	stage_answer(stage, API_POST, TEMPLATES, 429, NULL);
}

static void a_throttled_create_is_sent_once_more(void **state) {
	(void)state;
	for (int good = 0; good < 2; good++) {
		struct stage stage;
		begin_on(&stage, journal);
		fuse_req_t opened = draft(&stage), write = stage_write_spec(&stage, opened);
		throttle(&stage, 3000);
		assert_parked(write);
		assert_int_equal(wait_for_list(&stage), 3000);
		assert_int_equal(open_records(&stage), 0); /* each request has its own */
		stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
		assert_int_equal(stage_posts(&stage), 2);
		if (good) {
			stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-1"));
			assert_written(write, strlen(SPEC_TEXT));
		} else {
			throttle(&stage, 3000);
			assert_err(write, EBUSY);
		}
		assert_int_equal(open_records(&stage), 0);
		stage_later(&stage, DEADLINE_MS);
		assert_int_equal(stage_posts(&stage), 2);
		stage_close(&stage);
		unlink(journal);
	}
	/* Without a time, or with one that does not fit, not at all. */
	static const unsigned times_ms[] = {0, DEADLINE_MS - 999};
	for (size_t i = 0; i < 2; i++) {
		struct stage stage;
		begin_on(&stage, journal);
		fuse_req_t opened = draft(&stage), write = stage_write_spec(&stage, opened);
		throttle(&stage, times_ms[i]);
		assert_err(write, EBUSY);
		stage_mentions(&stage, ".neevfs/errors", NOT_DONE);
		assert_int_equal(open_records(&stage), 0);
		stage_later(&stage, DEADLINE_MS);
		assert_int_equal(stage_posts(&stage), 1);
		stage_close(&stage);
		unlink(journal);
	}
}

static void what_was_not_sent_is_sent_again(void **state) {
	(void)state;
	for (unsigned good = 2; good <= RETRY_ATTEMPTS + 1; good++) {
		struct stage stage;
		begin_on(&stage, journal);
		fuse_req_t opened = draft(&stage), write = stage_write_spec(&stage, opened);
		for (unsigned attempt = 1; attempt < good; attempt++) {
			assert_int_equal(stage_posts(&stage), attempt);
			stage_fail(&stage, API_POST, TEMPLATES, EHOSTUNREACH, false);
			if (attempt == RETRY_ATTEMPTS)
				break;
			assert_in_range(wait_for_list(&stage), 1, (unsigned)RETRY_FIRST_MS << (attempt - 1));
			stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
		}
		if (good <= RETRY_ATTEMPTS) {
			stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-1"));
			assert_written(write, strlen(SPEC_TEXT));
		} else {
			assert_err(write, EHOSTUNREACH);
			stage_mentions(&stage, ".neevfs/errors", NOT_DONE);
		}
		assert_int_equal(open_records(&stage), 0);
		stage_close(&stage);
		unlink(journal);
	}
}

/* The listing before a second attempt shows the name: somebody else's. */
static void the_second_attempt_looks_first(void **state) {
	(void)state;
	struct stage stage;
	begin_on(&stage, journal);
	fuse_req_t opened = draft(&stage), write = stage_write_spec(&stage, opened);
	stage_fail(&stage, API_POST, TEMPLATES, EHOSTUNREACH, false);
	wait_for_list(&stage);
	stage_answer(&stage, API_GET, TEMPLATES, 200, ONE);
	assert_err(write, EEXIST);
	assert_int_equal(stage_posts(&stage), 1);
	assert_int_equal(open_records(&stage), 0);
	stage_close(&stage);
}

static void interrupted_between_attempts_it_is_not_sent(void **state) {
	(void)state;
	for (int throttled = 0; throttled < 2; throttled++) {
		struct stage stage;
		begin_on(&stage, journal);
		fuse_req_t opened = draft(&stage), write = stage_write_spec(&stage, opened);
		if (throttled)
			throttle(&stage, 3000);
		else
			stage_fail(&stage, API_POST, TEMPLATES, EHOSTUNREACH, false);
		interrupted(&stage, write);
		assert_int_equal(open_records(&stage), 0);
		stage_mentions(&stage, ".neevfs/errors", "interrupted; it was not carried out");
		stage_later(&stage, DEADLINE_MS);
		assert_int_equal(stage_posts(&stage), 1);
		remove_draft(&stage);
		stage_close(&stage);
		unlink(journal);
	}
}

/* The deadline is over before it could be sent. */
static void a_create_that_comes_too_late_is_not_sent(void **state) {
	(void)state;
	struct stage stage;
	begin_on(&stage, journal);
	fuse_req_t opened = draft(&stage), write = stage_write(&stage, opened, SPEC_TEXT, 0);
	stage_later(&stage, DEADLINE_MS - 999);
	stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
	assert_err(write, ETIMEDOUT);
	stage_mentions(&stage, TEMPLATES_DIR "/abc/.error", "the deadline left no time to send it");
	stage_mentions(&stage, TEMPLATES_DIR "/abc/.error", NOT_DONE);
	assert_int_equal(stage_posts(&stage), 0);
	assert_int_equal(open_records(&stage), 0);
	stage_close(&stage);
}

/* ---- two mounts ---- */

static void the_create_of_another_mount_is_on_its_way(void **state) {
	(void)state;
	struct stage one, two;
	begin_on(&one, journal);
	begin_on(&two, journal);
	fuse_req_t first = draft(&one), second = draft(&two);
	fuse_req_t write = stage_write_spec(&one, first), other = stage_write(&two, second, SPEC_TEXT, 0);
	if (other->answer == ANSWER_MISSING)
		stage_answer(&two, API_GET, TEMPLATES, 200, LIST(""));
	assert_err(other, EALREADY);
	assert_int_equal(stage_posts(&two), 0);
	stage_answer(&one, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-1"));
	assert_written(write, strlen(SPEC_TEXT));
	stage_close(&one);
	stage_close(&two);
}

/* Another mount's create began and ended while the listing was under way: it may not show it. */
static void a_listing_is_older_than_what_another_mount_made(void **state) {
	(void)state;
	struct stage one, two;
	begin_on(&one, journal);
	begin_on(&two, journal);
	fuse_req_t first = draft(&one), second = draft(&two), other = stage_write(&two, second, SPEC_TEXT, 0);
	fuse_req_t write = stage_write_spec(&one, first);
	stage_answer(&one, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-1"));
	assert_written(write, strlen(SPEC_TEXT));
	stage_answer(&two, API_GET, TEMPLATES, 200, LIST(""));
	assert_parked(other); /* it looks again */
	stage_answer(&two, API_GET, TEMPLATES, 200, ONE);
	assert_err(other, EEXIST);
	assert_int_equal(stage_posts(&two), 0);
	stage_close(&one);
	stage_close(&two);
}

static void another_mount_tries_again_and_again(void **state) {
	(void)state;
	struct stage one, two;
	begin_on(&one, journal);
	begin_on(&two, journal);
	fuse_req_t second = draft(&two), other = stage_write(&two, second, SPEC_TEXT, 0);
	for (int i = 0; i < 3; i++) {
		assert_parked(other);
		fuse_req_t first = draft(&one), write = stage_write_spec(&one, first);
		stage_answer(&one, API_POST, TEMPLATES, 400, NULL);
		assert_err(write, EINVAL);
		remove_draft(&one);
		stage_answer(&two, API_GET, TEMPLATES, 200, LIST(""));
	}
	assert_err(other, EBUSY);
	stage_mentions(&two, ".neevfs/errors", NOT_DONE);
	assert_int_equal(stage_posts(&two), 0);
	stage_close(&one);
	stage_close(&two);
}

/* ---- without memory ---- */

/* Whatever is asked is answered, and time goes on. */
static void live(struct stage *stage, int64_t ms, const char *list) {
	for (int64_t end_ms = stage->fs.now_ms + ms; stage->fs.now_ms < end_ms;) {
		struct api_call *call;
		stage_later(stage, 1000);
		for (int i = 0; i < 50 && (call = fake_api_find(stage->api, API_GET, NULL)); i++) {
			fake_api_answer(call, 200,
				!call->list                       ? SPEC_ANSWER("abc", "id-1")
				: strcmp(call->path, MODELS) == 0 ? LISTED("ready", "2")
								  : list);
			stage_turn(stage);
		}
	}
}

/* Answered with what was asked for: true. Else it is for want of memory, or something follows from that. */
static bool well(const struct fuse_req *req) {
	if (req->answer == ANSWER_MISSING)
		fail_msg("a request is never answered");
	return req->answer != ANSWER_ERR || !req->code;
}

static bool walk(struct stage *stage, const char *path, fuse_ino_t *ret) {
	fuse_ino_t ino = FUSE_ROOT_ID;
	char name[NAME_SIZE];
	for (; *path; path += strcspn(path, "/") + (path[strcspn(path, "/")] == '/')) {
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(path, "/"), path);
		fuse_req_t req = stage_lookup(stage, ino, name);
		if (req->answer == ANSWER_MISSING)
			live(stage, 1000, LIST(""));
		if (!well(req))
			return false;
		ino = req->entry.ino;
	}
	*ret = ino;
	return true;
}

/* A create whose answer is lost. */
static void a_create_into_doubt(struct stage *stage) {
	fuse_ino_t dir;
	if (!walk(stage, TEMPLATES_DIR, &dir))
		return;
	fuse_req_t made = stage_mkdir(stage, dir, "abc");
	live(stage, 1000, LIST(""));
	fuse_req_t opened = well(made) ? stage_create(stage, made->entry.ino, "spec.json") : NULL;
	if (!opened || !well(opened))
		return;
	fuse_req_t write = stage_write(stage, opened, SPEC_TEXT, 0);
	live(stage, 1000, LIST(""));
	struct api_call *post = fake_api_find(stage->api, API_POST, NULL);
	if (post) {
		fake_api_fail(post, EREMOTEIO, true);
		stage_turn(stage);
	}
	live(stage, DEADLINE_MS, LIST(""));
	assert_false(well(write));
}

/* A scale that is tried again, twice. */
static void a_scale_that_is_retried(struct stage *stage) {
	fuse_ino_t replicas;
	if (!walk(stage, MODELS_DIR "/a/replicas", &replicas))
		return;
	fuse_req_t opened = stage_open_file(stage, replicas, O_WRONLY);
	if (!well(opened))
		return;
	fuse_req_t write = stage_write(stage, opened, "3", 0);
	for (int i = 0; i < 10 && write->answer == ANSWER_MISSING; i++) {
		struct api_call *put = fake_api_find(stage->api, API_PUT, NULL);
		if (put && fake_api_count(stage->api, API_PUT, NULL) < RETRY_ATTEMPTS)
			fake_api_answer(put, 503, NULL);
		else if (put)
			fake_api_answer(put, 200, NULL);
		stage_turn(stage);
		live(stage, 1000, LIST(""));
	}
	well(write);
	assert_in_range(fake_api_count(stage->api, API_PUT, NULL), 0, RETRY_ATTEMPTS);
}

/* The n-th allocation fails, for n = 1, 2, 3, … In a second mount the journal is taken up. */
static void torture(void (*scenario)(struct stage *stage), size_t expected) {
	enum { RUNS_MAX = 20000 };
	for (size_t n = 1;; n++) {
		size_t posts = 0, changes = 0;
		long lent = fake_api_lent();
		assert_true(n < RUNS_MAX);
		unlink(journal);
		alloc_arm(n);
		for (int mount = 0; mount < 2; mount++) {
			struct stage stage;
			stage_init(&stage);
			stage.options.journal = journal;
			if (stage_open(&stage))
				continue;
			struct error err;
			changes_recover(stage.fs.changes, &err);
			if (mount == 0)
				scenario(&stage);
			live(&stage, 2000, mount == 0 ? LIST("") : ONE);
			posts += stage_posts(&stage);
			changes += fake_api_total(stage.api) - fake_api_count(stage.api, API_GET, NULL);
			stage_close(&stage);
		}
		bool failed = alloc_disarm();
		assert_in_range(posts, 0, 1);
		if (alloc_live() + fake_api_lent() - lent != 0)
			fail_msg("%ld blocks are left when allocation %zu fails", alloc_live() + fake_api_lent() - lent,
				n);
		if (!failed) {
			assert_int_equal(changes, expected);
			return;
		}
	}
}

static void torture_a_create_in_doubt(void **state) {
	(void)state;
	torture(a_create_into_doubt, 1);
}

static void torture_a_retried_scale(void **state) {
	(void)state;
	torture(a_scale_that_is_retried, RETRY_ATTEMPTS);
}

#define JOURNAL_TEST(name) cmocka_unit_test_setup_teardown(name, make_journal, remove_journal)

/* The newer one came during the pause before the older would have gone again. */
static void a_newer_number_ends_the_pause_of_an_older(void **state) {
	(void)state;
	struct stage stage;
	begin_models(&stage);
	fuse_req_t first = open_replicas(&stage), second = open_replicas(&stage);
	stage_write(&stage, first, "7", 0);
	stage_answer(&stage, API_PUT, SCALE, 503, NULL);
	stage_write(&stage, second, "5", 0);
	stage_answer(&stage, API_GET, MODELS, 200, LISTED("ready", "2"));
	stage_later(&stage, RETRY_FIRST_MS);
	if (fake_api_find(stage.api, API_GET, ITEM))
		stage_answer(&stage, API_GET, ITEM, 200, MODEL("a", "id-a", "ready", "2"));
	assert_int_equal(fake_api_count(stage.api, API_PUT, SCALE), 2);
	assert_string_equal(last_number(&stage), "{\"replicas\":5}");
	stage_answer(&stage, API_PUT, SCALE, 200, NULL);
	stage_close(&stage);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_passes_is_tried_three_times),
		cmocka_unit_test(any_attempt_may_succeed),
		cmocka_unit_test(a_definite_refusal_is_not_repeated),
		cmocka_unit_test(retry_after_is_kept),
		cmocka_unit_test(attempts_fit_the_deadline),
		cmocka_unit_test(what_is_unclear_is_looked_up),
		cmocka_unit_test(the_look_up_is_fresh),
		cmocka_unit_test(gone_after_an_unclear_delete_is_success),
		cmocka_unit_test(a_refusal_after_an_unclear_attempt_is_looked_up),
		cmocka_unit_test(numbers_go_in_order),
		cmocka_unit_test(a_newer_number_ends_the_retries_of_an_older),
		cmocka_unit_test(the_listed_number_is_sent_after_another),
		cmocka_unit_test(interrupted_in_the_queue_it_is_not_sent),
		cmocka_unit_test(interrupted_on_its_way_it_goes_on),
		cmocka_unit_test(the_deadline_of_a_scale),
		cmocka_unit_test(the_turn_of_a_scale_comes_too_late),
		JOURNAL_TEST(the_next_mount_finds_it),
		JOURNAL_TEST(the_next_mount_misses_it),
		JOURNAL_TEST(what_was_not_seen_proves_nothing),
		JOURNAL_TEST(a_person_settles_it),
		JOURNAL_TEST(other_records),
		JOURNAL_TEST(creates_of_every_kind_are_taken_up),
		JOURNAL_TEST(more_creates_than_drafts),
		JOURNAL_TEST(without_a_journal_nothing_is_created),
		JOURNAL_TEST(a_listing_that_is_not_whole_is_no_ground),
		JOURNAL_TEST(a_throttled_create_is_sent_once_more),
		JOURNAL_TEST(what_was_not_sent_is_sent_again),
		JOURNAL_TEST(the_second_attempt_looks_first),
		JOURNAL_TEST(interrupted_between_attempts_it_is_not_sent),
		JOURNAL_TEST(a_create_that_comes_too_late_is_not_sent),
		JOURNAL_TEST(the_create_of_another_mount_is_on_its_way),
		JOURNAL_TEST(a_listing_is_older_than_what_another_mount_made),
		JOURNAL_TEST(another_mount_tries_again_and_again),
		JOURNAL_TEST(torture_a_create_in_doubt),
		JOURNAL_TEST(torture_a_retried_scale),
		cmocka_unit_test(a_newer_number_ends_the_pause_of_an_older),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
