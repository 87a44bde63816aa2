/* Waiting for a state and following events, on fakes: what is asked for, how often, and what each hears of it. */
#include "stage.h"

#include "../api/scope.h"
#include "../fs/store.h"
#include "../fs/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define RUNTIME(name, id, status, reason) \
	"{\"id\":\"" id "\",\"name\":\"" name "\",\"status\":\"" status "\",\"reason\":" reason "}"
#define A(status) RUNTIME("a", "id-a", status, "null")
#define B(status) RUNTIME("b", "id-b", status, "null")

/* A mount on which the collection was listed so, just now. */
static void begin(struct stage *stage, const char *list) {
	stage_begin(stage);
	fuse_req_t lookup = stage_lookup(stage, stage_walk(stage, RUNTIMES_DIR), "a");
	stage_answer(stage, API_GET, RUNTIMES, 200, list);
	assert_entry(lookup);
}

static fuse_req_t open_wait(struct stage *stage, const char *path) {
	fuse_req_t opened = stage_open_file(stage, stage_walk(stage, path), O_WRONLY);
	assert_opened(opened);
	return opened;
}

static fuse_req_t wait_for(struct stage *stage, const char *text) {
	return stage_write(stage, open_wait(stage, RUNTIMES_DIR "/a/wait"), text, 0);
}

static size_t lists(const struct stage *stage) {
	return fake_api_count(stage->api, API_GET, RUNTIMES);
}

/* Lets the time pass until the listing is asked for; how long that took. */
static int64_t until_asked(struct stage *stage) {
	int64_t began_ms = stage->fs.now_ms;
	while (!fake_api_find(stage->api, API_GET, RUNTIMES)) {
		assert_true(stage->fs.now_ms - began_ms < 1000000);
		stage_later(stage, 100);
	}
	return stage->fs.now_ms - began_ms;
}

static void next_list(struct stage *stage, const char *list) {
	until_asked(stage);
	stage_answer(stage, API_GET, RUNTIMES, 200, list);
}

/* ---- waiting ---- */

static void it_is_so_already(void **state) {
	(void)state;
	static const char *const texts[] = {"Running", "running 5\n", "  RUNNING\t86400 "};
	struct stage stage;
	begin(&stage, LIST(A("Running")));
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_written(wait_for(&stage, texts[i]), strlen(texts[i]));
	stage_later(&stage, 20000);
	assert_int_equal(fake_api_total(stage.api), 1); /* nobody waits: nothing is asked */
	stage_says(&stage, RUNTIMES_DIR "/a/wait", ""); /* a tool that copies it does not wait */
	stage_close(&stage);
}

static void what_is_no_wait(void **state) {
	(void)state;
	static const struct {
		const char *text, *words;
		int code;
	} cases[] = {
		{"Runing", "its states are Pending, Running, Succeeded, Failed, Terminating, and gone", EINVAL},
		{" \n", "write a state", EINVAL},
		{"Running soon", "a whole number of seconds", EINVAL},
		{"Running 0", "a whole number of seconds", EINVAL},
		{"Running -1", "a whole number of seconds", EINVAL},
		{"Running 5 6", "a whole number of seconds", EINVAL},
		{"Running 86401", "a day", ERANGE},
		{"Running 99999999999999999999999", "a day", ERANGE},
	};
	struct stage stage;
	begin(&stage, LIST(A("Pending")));
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_err(wait_for(&stage, cases[i].text), cases[i].code);
		stage_mentions(&stage, RUNTIMES_DIR "/a/.error", cases[i].words);
	}
	assert_int_equal(fake_api_total(stage.api), 1);
	stage_close(&stage);
}

static void the_state_comes(void **state) {
	(void)state;
	struct stage stage;
	begin(&stage, LIST(A("Pending")));
	fuse_req_t wait = wait_for(&stage, "Running");
	assert_parked(wait);
	next_list(&stage, LIST(A("Pending")));
	assert_parked(wait);
	size_t told = kernel_told(stage.kernel);
	next_list(&stage, LIST(A("Running")));
	assert_written(wait, 7);
	assert_true(kernel_told(stage.kernel) > told); /* what is read next is what the wait has seen */
	stage_says(&stage, RUNTIMES_DIR "/a/status", "Running\n");
	size_t asked = lists(&stage);
	stage_later(&stage, 25000);
	assert_int_equal(lists(&stage), asked);
	stage_close(&stage);
}

static void many_wait_by_one_poll(void **state) {
	(void)state;
	enum { COUNT = 300 };
	struct stage stage;
	static fuse_req_t waits[COUNT];
	begin(&stage, LIST(A("Pending") "," B("Pending")));
	for (size_t i = 0; i < COUNT; i++)
		waits[i] = stage_write(&stage,
			open_wait(&stage, i % 2 ? RUNTIMES_DIR "/a/wait" : RUNTIMES_DIR "/b/wait"), "Running 100", 0);
	next_list(&stage, LIST(A("Running") "," B("Pending")));
	for (size_t i = 0; i < COUNT; i++)
		if (i % 2)
			assert_written(waits[i], 11);
		else
			assert_parked(waits[i]);
	next_list(&stage, LIST(A("Running") "," B("Running")));
	for (size_t i = 0; i < COUNT; i += 2)
		assert_written(waits[i], 11);
	assert_int_equal(fake_api_total(stage.api), 3);
	stage_close(&stage);
}

/* Rounds become rarer while nothing happens, and frequent again when something does. */
static void the_rounds_back_off(void **state) {
	(void)state;
	struct stage stage;
	begin(&stage, LIST(A("Pending")));
	assert_parked(wait_for(&stage, "Running 600"));
	int64_t before_ms = 0, span_ms = 0;
	for (int i = 0; i < 12; i++) {
		span_ms = until_asked(&stage);
		assert_true(span_ms >= before_ms || span_ms > 15000);
		before_ms = span_ms;
		stage_answer(&stage, API_GET, RUNTIMES, 200, LIST(A("Pending")));
	}
	assert_true(span_ms > 15000 && span_ms <= 8 * WATCH_MS);
	next_list(&stage, LIST(A("Pending") "," B("Pending")));
	assert_true(until_asked(&stage) <= WATCH_MS + 100);
	stage_answer(&stage, API_GET, RUNTIMES, 200, LIST(A("Running")));
	stage_close(&stage);
}

static void it_fails(void **state) {
	(void)state;
	struct stage stage;
	begin(&stage, LIST(A("Pending")));
	fuse_req_t wait = wait_for(&stage, "Running"), failed = wait_for(&stage, "Failed");
	next_list(&stage, LIST(RUNTIME("a", "id-a", "Failed", "\"ImagePullBackOff\"")));
	assert_err(wait, EREMOTEIO);
	assert_written(failed, 6);
	stage_mentions(&stage, RUNTIMES_DIR "/a/.error", "it is Failed (ImagePullBackOff) and will not be Running");
	stage_close(&stage);
}

static void it_goes_away(void **state) {
	(void)state;
	struct stage stage;
	begin(&stage, LIST(A("Terminating")));
	fuse_req_t wait = wait_for(&stage, "Running"), gone = wait_for(&stage, "gone");
	next_list(&stage, LIST(A("Terminating")));
	assert_parked(gone);
	next_list(&stage, LIST(B("Running")));
	assert_err(wait, ENOENT);
	assert_written(gone, 4);
	stage_close(&stage);
}

/* An accepted delete is not gone yet, and nothing else either. */
static void it_is_being_deleted(void **state) {
	(void)state;
	struct stage stage;
	begin(&stage, LIST(A("Running")));
	fuse_req_t opened = open_wait(&stage, RUNTIMES_DIR "/a/wait");
	fuse_req_t rmdir = stage_rmdir(&stage, stage_walk(&stage, RUNTIMES_DIR), "a");
	stage_answer(&stage, API_DELETE, RUNTIMES "/id-a", 204, NULL);
	assert_err(rmdir, 0);
	fuse_req_t gone = stage_write(&stage, opened, "gone", 0);
	stage_answer(&stage, API_GET, RUNTIMES, 200, LIST(A("Running"))); /* it lags behind */
	assert_parked(gone);
	fuse_req_t running = wait_for(&stage, "Running 60");
	assert_parked(running);
	next_list(&stage, LIST(A("Terminating")));
	assert_parked(gone);
	next_list(&stage, LIST(B("Running")));
	assert_written(gone, 4);
	assert_err(running, ENOENT);
	stage_close(&stage);
}

static void time_is_up(void **state) {
	(void)state;
	struct stage stage;
	begin(&stage, LIST(A("Pending")));
	fuse_req_t opened = open_wait(&stage, RUNTIMES_DIR "/a/wait");
	fuse_req_t later = wait_for(&stage, "Running 60"), wait = stage_write(&stage, opened, "Running 3", 0);
	fuse_req_t other = stage_lookup(&stage, stage_walk(&stage, MODELS_DIR), "x"); /* shorter than `later` */
	stage_later(&stage, 2900);
	assert_parked(wait);
	stage_later(&stage, 200);
	assert_err(wait, ETIMEDOUT);
	stage_mentions(&stage, ".neevfs/errors", "time is up, and it is not Running");
	assert_err(stage_write(&stage, opened, "Running 3", 0), ETIMEDOUT); /* a flush of the same text */
	stage_later(&stage, DEADLINE_MS);
	assert_err(other, ETIMEDOUT);
	assert_parked(later);
	stage_later(&stage, 60000 - DEADLINE_MS);
	assert_err(later, ETIMEDOUT);
	stage_close(&stage);
}

/* Not even what there is could be had by then. */
static void time_is_up_before_it_begins(void **state) {
	(void)state;
	struct stage stage;
	begin(&stage, LIST(A("Pending")));
	fuse_req_t opened = open_wait(&stage, RUNTIMES_DIR "/a/wait");
	stage_later(&stage, TTL_MS);
	fuse_req_t wait = stage_write(&stage, opened, "Gone 3", 0);
	assert_parked(wait);
	stage_later(&stage, 3000);
	assert_err(wait, ETIMEDOUT);
	stage_mentions(&stage, ".neevfs/errors", "no answer within the deadline of 3 s");
	stage_close(&stage);
}

static void it_is_interrupted(void **state) {
	(void)state;
	struct stage stage;
	begin(&stage, LIST(A("Pending")));
	fuse_req_t opened = open_wait(&stage, RUNTIMES_DIR "/a/wait");
	fuse_req_t wait = stage_write(&stage, opened, "Running", 0);
	kernel_interrupt(wait);
	stage_turn(&stage);
	assert_err(wait, EINTR);
	wait = stage_write(&stage, opened, "Running", 0); /* as Python does after a signal */
	assert_parked(wait);
	next_list(&stage, LIST(A("Running")));
	assert_written(wait, 7);
	stage_close(&stage);
}

/* What passes by itself does not end a wait that has begun; what does not, does. */
static void the_api_is_away(void **state) {
	(void)state;
	static const int codes[] = {EHOSTUNREACH, ETIMEDOUT, EREMOTEIO, EBUSY};
	struct stage stage;
	begin(&stage, LIST(A("Pending")));
	fuse_req_t wait = wait_for(&stage, "Running 600");
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		until_asked(&stage);
		stage_fail(&stage, API_GET, RUNTIMES, codes[i], true);
		assert_parked(wait);
	}
	next_list(&stage, LIST(A("Running")));
	assert_written(wait, 11);
	wait = wait_for(&stage, "Failed 600");
	until_asked(&stage);
	stage_answer(&stage, API_GET, RUNTIMES, 401, "{}");
	assert_err(wait, EKEYEXPIRED);
	stage_close(&stage);
}

/* One of very many: its own answer is asked for, not all pages. */
static void one_of_many(void **state) {
	(void)state;
	enum { COUNT = 350 };
	struct stage stage;
	SCOPED(buffer_free) struct buffer list = {0};
	buffer_add(&list, "{\"data\":[" A("Pending"));
	for (int i = 1; i < COUNT; i++)
		buffer_printf(&list, ",{\"id\":\"x%d\",\"name\":\"x%d\",\"status\":\"Running\"}", i, i);
	buffer_add(&list, "]}");
	begin(&stage, list.data);
	fuse_req_t wait = wait_for(&stage, "Running"), twin = wait_for(&stage, "Running");
	for (int i = 0; i < 3; i++) {
		while (!fake_api_find(stage.api, API_GET, RUNTIMES "/id-a"))
			stage_later(&stage, 100);
		stage_answer(&stage, API_GET, RUNTIMES "/id-a", 200, i < 2 ? A("Pending") : A("Running"));
	}
	assert_int_equal(kernel_unanswered(stage.kernel), 1);
	assert_int_equal(fake_api_total(stage.api), 5);
	/* The listing is not believed any more: who comes next has a new one. */
	stage_answer(&stage, API_GET, RUNTIMES, 200, LIST(A("Running") "," B("Pending")));
	assert_written(wait, 7);
	assert_written(twin, 7);
	assert_entry(stage_lookup(&stage, stage_walk(&stage, RUNTIMES_DIR), "b"));
	assert_int_equal(lists(&stage), 2);
	stage_close(&stage);
}

static void too_many_wait(void **state) {
	(void)state;
	struct stage stage;
	begin(&stage, LIST(A("Pending")));
	for (int i = 0; i < WATCHERS_MAX; i++)
		assert_parked(wait_for(&stage, "Running"));
	assert_err(wait_for(&stage, "Running"), EBUSY);
	next_list(&stage, LIST(A("Running")));
	assert_int_equal(kernel_unanswered(stage.kernel), 0);
	stage_close(&stage);
}

/* ---- events ---- */

static fuse_req_t follow(struct stage *stage, const char *path) {
	fuse_req_t opened = stage_open_file(stage, stage_walk(stage, path), O_RDONLY);
	assert_opened(opened);
	assert_true(opened->file.direct_io);
	stage_turn(stage);
	return opened;
}

/* What has come behind `at`, without the times; moves it. */
static const char *lines(struct stage *stage, fuse_req_t opened, size_t *at) {
	static char text[4096];
	fuse_req_t read = stage_read(stage, opened, sizeof text - 1, (off_t)*at);
	assert_int_equal(read->answer, ANSWER_BUF);
	text[0] = 0;
	for (char *line = read->data, *end; line && *line; line = end) {
		end = strchr(line, '\n') + 1;
		assert_int_equal(line[20], '\t');
		strncat(text, line + 21, (size_t)(end - line) - 21);
	}
	*at += read->len;
	return text;
}

static void events_tell(void **state) {
	(void)state;
	struct stage stage;
	size_t at = 0;
	begin(&stage, LIST(A("Pending")));
	fuse_req_t opened = follow(&stage, RUNTIMES_DIR "/events");
	assert_string_equal(lines(&stage, opened, &at), ""); /* what is, is no event; a read does not block */
	next_list(&stage, LIST(A("Running") "," B("Pending")));
	assert_string_equal(lines(&stage, opened, &at), "a\tPending\tRunning\t-\nb\t-\tPending\t-\n");
	next_list(&stage, LIST(RUNTIME("b", "id-b", "Failed", "\"Crash\\nLoop\"")));
	assert_string_equal(lines(&stage, opened, &at), "a\tRunning\tgone\t-\nb\tPending\tFailed\tCrash\\x0aLoop\n");
	next_list(&stage, LIST(RUNTIME("b", "id-b", "Failed", "\"Crash\\nLoop\"")));
	assert_string_equal(lines(&stage, opened, &at), "");
	/* Its size is what it holds, and grows; the kernel keeps it until it is told. */
	fuse_req_t attr = stage_getattr(&stage, opened->ino);
	assert_int_equal(attr->attr.st_size, at);
	kernel_release(opened);
	size_t asked = lists(&stage);
	stage_later(&stage, 29000);
	assert_int_equal(lists(&stage), asked);
	stage_close(&stage);
}

/* What there is when it is opened is asked for at once, if it is not known: whatever comes later is a line. */
static void events_begin_when_it_is_opened(void **state) {
	(void)state;
	struct stage stage;
	size_t at = 0;
	stage_begin(&stage);
	fuse_req_t opened = follow(&stage, RUNTIMES_DIR "/events");
	follow(&stage, RUNTIMES_DIR "/events");
	assert_int_equal(fake_api_total(stage.api), 1);
	store_forget_all(stage.fs.store); /* something was changed here while the answer is on its way */
	stage_answer(&stage, API_GET, RUNTIMES, 200, LIST(A("Running")));
	next_list(&stage, LIST(A("Running") "," B("Pending")));
	assert_string_equal(lines(&stage, opened, &at), "b\t-\tPending\t-\n");
	assert_int_equal(fake_api_total(stage.api), 2);
	stage_close(&stage);
}

/* If it is known, who only looks in asks for nothing. */
static void events_begin_with_what_is_known(void **state) {
	(void)state;
	struct stage stage;
	size_t at = 0;
	begin(&stage, LIST(A("Running")));
	stage_later(&stage, TTL_MS / 2);
	fuse_req_t opened = follow(&stage, RUNTIMES_DIR "/events");
	assert_true(until_asked(&stage) >= WATCH_MS);
	assert_int_equal(fake_api_total(stage.api), 2);
	stage_answer(&stage, API_GET, RUNTIMES, 200, LIST(A("Failed")));
	assert_string_equal(lines(&stage, opened, &at), "a\tRunning\tFailed\t-\n");
	stage_close(&stage);
}

static void next_failure(struct stage *stage, int code) {
	until_asked(stage);
	stage_fail(stage, API_GET, RUNTIMES, code, true);
}

/* Silence is not to mean that nothing happens. */
static void events_tell_that_nothing_is_seen(void **state) {
	(void)state;
	struct stage stage;
	size_t at = 0;
	begin(&stage, LIST(A("Pending")));
	fuse_req_t opened = follow(&stage, RUNTIMES_DIR "/events"), poll = kernel_request(stage.kernel);
	fs_poll(poll, opened->ino, &opened->file, kernel_poll(stage.kernel));
	size_t told = kernel_told(stage.kernel);
	next_failure(&stage, EHOSTUNREACH);
	assert_int_equal(kernel_polled(stage.kernel), 1);
	assert_true(kernel_told(stage.kernel) > told); /* of its size */
	assert_string_equal(lines(&stage, opened, &at), ".\tup\tEHOSTUNREACH\tthe test lets it fail\n");
	next_failure(&stage, EHOSTUNREACH);
	assert_string_equal(lines(&stage, opened, &at), "");
	until_asked(&stage);
	stage_answer(&stage, API_GET, RUNTIMES, 401, "{}");
	assert_string_equal(lines(&stage, opened, &at), ".\tEHOSTUNREACH\tEKEYEXPIRED\tthe API answered 401\n");
	next_list(&stage, LIST(A("Running") "," RUNTIME(".", "id-d", "Pending", "null")));
	assert_string_equal(
		lines(&stage, opened, &at), ".\tEKEYEXPIRED\tup\t-\na\tPending\tRunning\t-\n%2E\t-\tPending\t-\n");
	next_list(&stage, LIST(A("Running")));
	assert_string_equal(lines(&stage, opened, &at), "%2E\tPending\tgone\t-\n");
	stage_close(&stage);
}

/* However often somebody looks in: the line is there, and so is the one that takes it back. */
static void events_tell_it_once(void **state) {
	(void)state;
	struct stage stage;
	size_t at = 0;
	stage_begin(&stage);
	fuse_req_t opened = follow(&stage, RUNTIMES_DIR "/events");
	for (int i = 0; i < 3; i++) {
		next_failure(&stage, EHOSTUNREACH);
		assert_string_equal(
			lines(&stage, opened, &at), i ? "" : ".\tup\tEHOSTUNREACH\tthe test lets it fail\n");
		kernel_release(opened);
		stage_later(&stage, WATCH_MS);
		opened = follow(&stage, RUNTIMES_DIR "/events");
	}
	next_list(&stage, LIST(A("Running")));
	assert_string_equal(lines(&stage, opened, &at), ".\tEHOSTUNREACH\tup\t-\n");
	stage_close(&stage);
}

/* Not even where files go on to show the old answer. */
static void events_tell_it_while_an_old_answer_serves(void **state) {
	(void)state;
	struct stage stage;
	size_t at = 0;
	stage_init(&stage);
	stage.options.stale_ms = 600000;
	assert_int_equal(stage_open(&stage), 0);
	fuse_req_t opened = follow(&stage, RUNTIMES_DIR "/events");
	next_list(&stage, LIST(A("Running")));
	next_failure(&stage, EREMOTEIO);
	assert_string_equal(lines(&stage, opened, &at), ".\tup\tEREMOTEIO\tthe test lets it fail\n");
	stage_says(&stage, RUNTIMES_DIR "/a/status", "Running\n");
	next_list(&stage, LIST(A("Running")));
	assert_string_equal(lines(&stage, opened, &at), ".\tEREMOTEIO\tup\t-\n");
	stage_close(&stage);
}

static void events_of_offers(void **state) {
	(void)state;
	struct stage stage;
	size_t at = 0;
	stage_begin(&stage);
	fuse_req_t opened = follow(&stage, "inventory/events");
	stage_answer(&stage, API_GET, "/api/v1beta1/inventory", 200,
		LIST("{\"config_id\":\"h100\",\"region\":\"south\",\"availability\":\"None\"}"));
	stage_later(&stage, 8 * WATCH_MS);
	stage_answer(&stage, API_GET, "/api/v1beta1/inventory", 200,
		LIST("{\"config_id\":\"h100\",\"region\":\"south\",\"availability\":\"Low\"}"));
	assert_string_equal(lines(&stage, opened, &at), "south/h100\tNone\tLow\t-\n");
	stage_close(&stage);
}

/* An answer with pages that shifted says nothing of what it lacks. */
static void a_listing_with_a_gap(void **state) {
	(void)state;
	struct stage stage;
	size_t at = 0;
	begin(&stage, LIST(A("Running") "," B("Running")));
	fuse_req_t opened = follow(&stage, RUNTIMES_DIR "/events");
	next_list(&stage, "{\"data\":[" A("Running") "],\"pagination\":{\"total_pages\":1,\"total_items\":2}}");
	assert_string_equal(lines(&stage, opened, &at), "");
	stage_close(&stage);
}

static void polled(void **state) {
	(void)state;
	struct stage stage;
	size_t at = 0;
	begin(&stage, LIST(A("Pending")));
	fuse_req_t opened = follow(&stage, RUNTIMES_DIR "/events"), poll = kernel_request(stage.kernel);
	fs_poll(poll, opened->ino, &opened->file, kernel_poll(stage.kernel));
	assert_int_equal(poll->len, 0);
	next_list(&stage, LIST(A("Running")));
	assert_int_equal(kernel_polled(stage.kernel), 1);
	poll = kernel_request(stage.kernel);
	fs_poll(poll, opened->ino, &opened->file, NULL);
	assert_true(poll->len & POLLIN);
	assert_string_equal(lines(&stage, opened, &at), "a\tPending\tRunning\t-\n");
	poll = kernel_request(stage.kernel);
	fs_poll(poll, opened->ino, &opened->file, kernel_poll(stage.kernel));
	assert_int_equal(poll->len, 0);
	poll = kernel_request(stage.kernel); /* again, by another: the one before is released */
	fs_poll(poll, opened->ino, &opened->file, kernel_poll(stage.kernel));
	/* Any other file is always ready. */
	fuse_req_t status = stage_open_file(&stage, stage_walk(&stage, RUNTIMES_DIR "/a/status"), O_RDONLY);
	poll = kernel_request(stage.kernel);
	fs_poll(poll, status->ino, &status->file, kernel_poll(stage.kernel));
	assert_int_equal(poll->len, POLLIN | POLLRDNORM | POLLOUT | POLLWRNORM);
	stage_close(&stage);
}

static void events_are_bounded(void **state) {
	(void)state;
	struct stage stage;
	SCOPED(buffer_free) struct buffer first = {0}, second = {0};
	size_t most = 0;
	for (int turn = 0; turn < 2; turn++) {
		struct buffer *list = turn ? &second : &first;
		buffer_add(list, "{\"data\":[" A("Running"));
		for (int i = 0; i < 1000; i++)
			buffer_printf(list, ",{\"id\":\"x%d\",\"name\":\"x%d\",\"status\":\"%s\"}", i, i,
				turn ? "Running" : "Pending");
		buffer_add(list, "]}");
	}
	begin(&stage, first.data);
	fuse_req_t opened = follow(&stage, RUNTIMES_DIR "/events");
	size_t before = 0, anew = 0;
	for (int i = 0; i < 20; i++) {
		size_t waited_ms = (size_t)until_asked(&stage);
		size_t len = (size_t)stage_getattr(&stage, opened->ino)->attr.st_size;
		assert_true(!before || len == before || !len);
		if (before && !len) { /* long enough for who looks each second or two */
			assert_true(before > EVENTS_BYTES && waited_ms >= 2 * WATCH_MS - 200);
			anew++;
		}
		stage_answer(&stage, API_GET, RUNTIMES, 200, i % 2 ? first.data : second.data);
		before = (size_t)stage_getattr(&stage, opened->ino)->attr.st_size;
		assert_true(before > len);
		most = before > most ? before : most;
	}
	assert_int_equal(anew, 3);
	assert_in_range(most, EVENTS_BYTES, EVENTS_BYTES * 5 / 4);
	fuse_req_t read = stage_read(&stage, opened, 25, 0);
	assert_memory_equal(read->data + 20, "\tx", 2); /* a line begins where the file does */
	stage_close(&stage);
}

/* A resource cannot hide behind the name. */
static void one_is_called_events(void **state) {
	(void)state;
	struct stage stage;
	begin(&stage, LIST(A("Running") "," RUNTIME("events", "id-e", "Running", "null")));
	stage_says(&stage, RUNTIMES_DIR "/events~id-e/status", "Running\n");
	stage_says(&stage, RUNTIMES_DIR "/events", "");
	assert_err(stage_mkdir(&stage, stage_walk(&stage, RUNTIMES_DIR), "events"), EEXIST);
	stage_close(&stage);
}

/* ---- refresh ---- */

static fuse_req_t refresh(struct stage *stage, const char *path) {
	fuse_req_t opened = stage_open_file(stage, stage_walk(stage, ".neevfs/refresh"), O_WRONLY);
	assert_opened(opened);
	return stage_write(stage, opened, path, 0);
}

static void refreshed(void **state) {
	(void)state;
	static const char *const paths[] = {RUNTIMES_DIR "\n", "/" RUNTIMES_DIR "/", "project/airuntimes/a/status", "/",
		"/mnt/neev/project/airuntimes", "/mnt/neev", ".", "project/../../../o", RUNTIMES_DIR "/a"};
	struct stage stage;
	stage_init(&stage);
	stage.options.mountpoint = strdup("/mnt/neev");
	assert_int_equal(stage_open(&stage), 0);
	fuse_req_t lookup = stage_lookup(&stage, stage_walk(&stage, RUNTIMES_DIR), "a");
	stage_answer(&stage, API_GET, RUNTIMES, 200, LIST(A("Running")));
	assert_entry(lookup);
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		assert_written(refresh(&stage, paths[i]), strlen(paths[i]));
		lookup = stage_lookup(&stage, stage_walk(&stage, RUNTIMES_DIR), "a");
		stage_answer(&stage, API_GET, RUNTIMES, 200, LIST(A("Running"))); /* fails if it is not asked for */
		assert_entry(lookup);
	}
	size_t asked = fake_api_total(stage.api);
	assert_err(refresh(&stage, "nowhere/at/all"), ENOENT);
	assert_err(refresh(&stage, RUNTIMES_DIR "/b"), ENOENT);
	assert_err(refresh(&stage, RUNTIMES_DIR "/a/status/x"), ENOENT);
	stage_mentions(&stage, ".neevfs/errors", "there is no " RUNTIMES_DIR "/a/status/x in this mount");
	assert_entry(stage_lookup(&stage, stage_walk(&stage, RUNTIMES_DIR), "a"));
	/* What was never asked for is not asked for now. */
	assert_written(refresh(&stage, MODELS_DIR "/x/status"), strlen(MODELS_DIR "/x/status"));
	assert_int_equal(fake_api_total(stage.api), asked);
	free(stage.options.mountpoint);
	stage_close(&stage);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_so_already),
		cmocka_unit_test(what_is_no_wait),
		cmocka_unit_test(the_state_comes),
		cmocka_unit_test(many_wait_by_one_poll),
		cmocka_unit_test(the_rounds_back_off),
		cmocka_unit_test(it_fails),
		cmocka_unit_test(it_goes_away),
		cmocka_unit_test(it_is_being_deleted),
		cmocka_unit_test(time_is_up),
		cmocka_unit_test(time_is_up_before_it_begins),
		cmocka_unit_test(it_is_interrupted),
		cmocka_unit_test(the_api_is_away),
		cmocka_unit_test(one_of_many),
		cmocka_unit_test(too_many_wait),
		cmocka_unit_test(events_tell),
		cmocka_unit_test(events_begin_when_it_is_opened),
		cmocka_unit_test(events_begin_with_what_is_known),
		cmocka_unit_test(events_tell_that_nothing_is_seen),
		cmocka_unit_test(events_tell_it_once),
		cmocka_unit_test(events_tell_it_while_an_old_answer_serves),
		cmocka_unit_test(events_of_offers),
		cmocka_unit_test(a_listing_with_a_gap),
		cmocka_unit_test(polled),
		cmocka_unit_test(events_are_bounded),
		cmocka_unit_test(one_is_called_events),
		cmocka_unit_test(refreshed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
