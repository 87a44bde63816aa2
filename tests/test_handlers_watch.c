/* Waiting for states, and events, on fakes: what a round asks for, what it finds, what it is not misled by. */
#include "../fs/store.h"
#include "../fs/watch.h"
#include "stage.h"

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

#define INVENTORY "/api/v1beta1/inventory"
#define RUNTIME(name, id, status) "{\"id\":\"" id "\",\"name\":\"" name "\",\"status\":\"" status "\"}"
#define OFFER(region, availability)                                                                               \
	"{\"config_id\":\"g\",\"region\":\"" region "\",\"availability\":\"" availability "\",\"instance_type\":" \
	"\"t\"}"
#define UNWHOLE(items) "{\"data\":[" items "],\"pagination\":{\"total_pages\":1,\"total_items\":9}}"

/* ---- what the scenarios have in common ---- */

/* The node at a path; its collection answers with that as soon as it is asked. */
static fuse_ino_t walk_listed(struct stage *stage, const char *path, const char *list, const char *body) {
	fuse_ino_t ino = FUSE_ROOT_ID;
	char name[NAME_SIZE];
	while (*path) {
		size_t len = strcspn(path, "/");
		snprintf(name, sizeof(name), "%.*s", (int)len, path);
		path += len + (path[len] == '/');
		fuse_req_t req = stage_lookup(stage, ino, name);
		if (req->answer == ANSWER_MISSING)
			stage_answer(stage, API_GET, list, 200, body);
		assert_entry(req);
		ino = req->entry.ino;
	}
	return ino;
}

/* Somebody writes that to the `wait` of the instance a. */
static fuse_req_t wait_for(struct stage *stage, const char *body, const char *text) {
	fuse_ino_t ino = walk_listed(stage, RUNTIMES_DIR "/a/wait", RUNTIMES, body);
	fuse_req_t opened = stage_open_file(stage, ino, O_WRONLY);
	assert_opened(opened);
	return stage_write(stage, opened, text, 0);
}

/* As many turns of time as it takes until that is asked for. */
static struct api_call *asked(struct stage *stage, const char *path) {
	for (int i = 0; i < 60 && !fake_api_find(stage->api, API_GET, path); i++)
		stage_later(stage, 1000);
	struct api_call *call = fake_api_find(stage->api, API_GET, path);
	assert_non_null(call);
	return call;
}

static void round_finds(struct stage *stage, const char *path, const char *body) {
	(void)asked(stage, path);
	stage_answer(stage, API_GET, path, 200, body);
}

static fuse_req_t follow(struct stage *stage, const char *dir, const char *list, const char *body) {
	char path[256];
	fuse_req_t lookup = stage_lookup(stage, stage_walk(stage, dir), "nothing"); /* so that the listing is known */
	if (lookup->answer == ANSWER_MISSING)
		stage_answer(stage, API_GET, list, 200, body);
	assert_err(lookup, ENOENT);
	snprintf(path, sizeof(path), "%s/events", dir);
	fuse_ino_t ino = walk_listed(stage, path, list, body);
	fuse_req_t opened = stage_open_file(stage, ino, O_RDONLY);
	assert_opened(opened);
	return opened;
}

/* The lines without their times. */
static void assert_events(struct stage *stage, fuse_req_t opened, const char *wanted) {
	fuse_req_t read = stage_read(stage, opened, 1 << 18, 0);
	char lines[4096] = "";
	assert_int_equal(read->answer, ANSWER_BUF);
	for (const char *at = read->data; at && *at; at = strchr(at, '\n') + 1) {
		const char *line = strchr(at, '\t') + 1;
		strncat(lines, line, (size_t)(strchr(line, '\n') + 1 - line));
	}
	assert_string_equal(lines, wanted);
}

/* ---- rounds ---- */

static void who_waits_hears_of_it(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t write = wait_for(&stage, LIST(RUNTIME("a", "id-a", "Pending")), "Running 60\n");
	assert_parked(write);
	round_finds(&stage, RUNTIMES, LIST(RUNTIME("a", "id-a", "Pending")));
	assert_parked(write);
	round_finds(&stage, RUNTIMES, LIST(RUNTIME("a", "id-a", "Running")));
	assert_written(write, 11);
	stage_later(&stage, 60000);
	assert_int_equal(fake_api_waiting(stage.api), 0);
	assert_int_equal(watches_wait_ms(stage.fs.watches), -1);
	stage_close(&stage);
}

/* What a round asks for anew still serves where there is no answer, and its pages are compared with the new ones. */
static void a_round_forgets_nothing(void **state) {
	(void)state;
	struct stage stage;
	stage_init(&stage);
	stage.options.stale_ms = 600000;
	assert_int_equal(stage_open(&stage), 0);
	fuse_req_t opened = follow(&stage, MODELS_DIR, MODELS, LIST(MODEL("a", "id-a", "ready", "2")));
	fuse_ino_t dir = stage_walk(&stage, MODELS_DIR);
	assert_non_null(asked(&stage, MODELS)->before);
	fuse_req_t lookup = stage_lookup(&stage, dir, "a");
	stage_fail(&stage, API_GET, MODELS, EHOSTUNREACH, false);
	assert_entry(lookup);
	assert_events(&stage, opened, ".\tup\tEHOSTUNREACH\tthe test lets it fail\n");
	stage_close(&stage);
}

static void a_failed_round_is_not_the_last(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t write = wait_for(&stage, LIST(RUNTIME("a", "id-a", "Pending")), "Running 600\n");
	for (int i = 0; i < 5; i++) {
		(void)asked(&stage, RUNTIMES);
		stage_fail(&stage, API_GET, RUNTIMES, EHOSTUNREACH, false);
		while (fake_api_find(stage.api, API_GET, RUNTIMES)) /* its own look */
			stage_fail(&stage, API_GET, RUNTIMES, EHOSTUNREACH, false);
		assert_parked(write);
		assert_true(watches_wait_ms(stage.fs.watches) >= WATCH_MS);
	}
	for (int i = 0; write->answer == ANSWER_MISSING && i < 5; i++)
		round_finds(&stage, RUNTIMES, LIST(RUNTIME("a", "id-a", "Running")));
	assert_written(write, 12);
	stage_close(&stage);
}

/* So long a list that each of the others is asked for itself: then its pages do not count for how often. */
static char *many(const char *status, int count) {
	size_t size = (size_t)count * 80 + 200, len = 0;
	char *text = malloc(size);
	assert_non_null(text);
	len += (size_t)snprintf(text + len, size - len, "{\"data\":[" RUNTIME("a", "id-a", "Pending"));
	for (int i = 0; i < count; i++)
		len += (size_t)snprintf(
			text + len, size - len, ",{\"id\":\"i%d\",\"name\":\"n%d\",\"status\":\"%s\"}", i, i, status);
	snprintf(text + len, size - len, "],\"pagination\":{\"total_pages\":1}}");
	return text;
}

static void one_of_many_is_asked_for_itself(void **state) {
	(void)state;
	struct stage stage;
	char *list = many("Running", 5000);
	stage_begin(&stage);
	fuse_req_t write = wait_for(&stage, list, "Running 600\n");
	size_t listed = fake_api_count(stage.api, API_GET, RUNTIMES);
	for (int i = 0; i < 3; i++) {
		(void)asked(&stage, RUNTIMES "/id-a");
		assert_in_range(watches_wait_ms(stage.fs.watches), 1, 2 * WATCH_MS + WATCH_MS);
		stage_answer(&stage, API_GET, RUNTIMES "/id-a", 200, RUNTIME("a", "id-a", "Pending"));
		assert_parked(write);
	}
	/* Who is slow is not asked again meanwhile. */
	size_t itself = fake_api_count(stage.api, API_GET, RUNTIMES "/id-a");
	(void)asked(&stage, RUNTIMES "/id-a");
	stage_later(&stage, 20000);
	stage_later(&stage, 20000);
	assert_int_equal(fake_api_count(stage.api, API_GET, RUNTIMES "/id-a"), itself + 1);
	assert_int_equal(fake_api_count(stage.api, API_GET, RUNTIMES), listed);
	stage_answer(&stage, API_GET, RUNTIMES "/id-a", 200, RUNTIME("a", "id-a", "Running"));
	assert_written(write, 12);
	free(list);
	stage_close(&stage);
}

/* The kernel lets one write at a time into a node: who waits shares none. */
static void each_waits_by_itself(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_ino_t dir = walk_listed(&stage, RUNTIMES_DIR "/a", RUNTIMES, LIST(RUNTIME("a", "id-a", "Running")));
	fuse_req_t first = stage_lookup(&stage, dir, "wait"), second = stage_lookup(&stage, dir, "wait");
	assert_entry(first);
	assert_entry(second);
	assert_true(first->entry.ino != second->entry.ino);
	assert_int_equal(first->entry.attr.st_ino, second->entry.attr.st_ino);
	/* Both can be opened and emptied. */
	for (fuse_req_t at = first; at; at = at == first ? second : NULL) {
		struct stat empty = {.st_size = 0};
		fuse_req_t opened = stage_open_file(&stage, at->entry.ino, O_WRONLY);
		assert_opened(opened);
		assert_int_equal(
			stage_setattr(&stage, at->entry.ino, &empty, FUSE_SET_ATTR_SIZE, opened)->answer, ANSWER_ATTR);
		assert_written(stage_write(&stage, opened, "Running", 0), 7);
		kernel_release(opened);
	}
	kernel_forget(stage.kernel, first->entry.ino);
	assert_opened(stage_open_file(&stage, second->entry.ino, O_WRONLY));
	stage_close(&stage);
}

/* ---- what is not there any more ---- */

static void gone_is_what_a_whole_listing_says(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t write = wait_for(&stage, LIST(RUNTIME("a", "id-a", "Terminating")), "gone 600\n");
	for (int i = 0; i < 3; i++) {
		round_finds(&stage, RUNTIMES, UNWHOLE(RUNTIME("b", "id-b", "Running")));
		assert_parked(write);
	}
	for (int i = 0; write->answer == ANSWER_MISSING && i < 3; i++)
		round_finds(&stage, RUNTIMES, LIST(RUNTIME("b", "id-b", "Running")));
	assert_written(write, 9);
	stage_close(&stage);
}

static void another_of_its_name_is_not_it(void **state) {
	(void)state;
	static const char *const wanted[] = {"gone 60\n", "Running 60\n"};
	for (size_t i = 0; i < 2; i++) {
		struct stage stage;
		stage_begin(&stage);
		fuse_req_t write = wait_for(&stage, LIST(RUNTIME("a", "id-a", "Terminating")), wanted[i]);
		assert_parked(write);
		round_finds(&stage, RUNTIMES, LIST(RUNTIME("a", "id-b", "Running")));
		if (i)
			assert_err(write, ENOENT);
		else
			assert_written(write, strlen(wanted[i]));
		stage_close(&stage);
	}
}

/* Another of its name comes before it in the listing, and bears the plain name: it is still there. */
static void it_is_it_under_another_name(void **state) {
	(void)state;
	static const char *const wanted[] = {"gone 60\n", "Running 60\n", "Succeeded 60\n"};
	for (size_t i = 0; i < 3; i++) {
		struct stage stage;
		stage_begin(&stage);
		fuse_req_t write = wait_for(&stage, LIST(RUNTIME("a", "id-a", "Pending")), wanted[i]);
		round_finds(
			&stage, RUNTIMES, LIST(RUNTIME("a", "id-b", "Running") "," RUNTIME("a", "id-a", "Pending")));
		assert_parked(write);
		round_finds(
			&stage, RUNTIMES, LIST(RUNTIME("a", "id-b", "Pending") "," RUNTIME("a", "id-a", "Running")));
		if (i == 1)
			assert_written(write, strlen(wanted[i]));
		else
			assert_parked(write);
		if (i == 2) {
			round_finds(&stage, RUNTIMES, LIST(RUNTIME("a", "id-a", "Failed")));
			assert_err(write, EREMOTEIO);
		} else if (!i) {
			round_finds(&stage, RUNTIMES, LIST(RUNTIME("a", "id-b", "Running")));
			assert_written(write, strlen(wanted[i]));
		}
		stage_close(&stage);
	}
}

static void a_draft_of_its_name_is_not_it(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t write = wait_for(&stage, LIST(RUNTIME("a", "id-a", "Terminating")), "Running 60\n");
	fuse_ino_t dir = stage_walk(&stage, RUNTIMES_DIR);
	store_forget_all(stage.fs.store);
	fuse_req_t made = stage_mkdir(&stage, dir, "a");
	round_finds(&stage, RUNTIMES, LIST(""));
	assert_entry(made);
	for (int i = 0; write->answer == ANSWER_MISSING && i < 3; i++)
		round_finds(&stage, RUNTIMES, LIST(""));
	assert_err(write, ENOENT);
	stage_close(&stage);
}

/* ---- events ---- */

static void events_tell_what_has_changed(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t opened = follow(&stage, RUNTIMES_DIR, RUNTIMES,
		LIST(RUNTIME("a", "id-a", "Pending") "," RUNTIME("b", "id-b", "Running")));
	round_finds(&stage, RUNTIMES, LIST(RUNTIME("a", "id-a", "Running") "," RUNTIME("c", "id-c", "Pending")));
	assert_events(&stage, opened, "b\tRunning\tgone\t-\na\tPending\tRunning\t-\nc\t-\tPending\t-\n");
	stage_close(&stage);
}

/* It was deleted, and created anew under its name: that is there. */
static void events_of_one_that_took_the_name(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t opened = follow(&stage, RUNTIMES_DIR, RUNTIMES, LIST(RUNTIME("a", "id-a", "Running")));
	round_finds(&stage, RUNTIMES, LIST(RUNTIME("a", "id-b", "Pending")));
	assert_events(&stage, opened, "a\tRunning\tgone\t-\na\t-\tPending\t-\n");
	stage_close(&stage);
}

/* A configuration is on offer in several regions: one is not the other. */
static void events_of_each_region(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t opened = follow(&stage, "inventory", INVENTORY, LIST(OFFER("r1", "High") "," OFFER("r2", "None")));
	round_finds(&stage, INVENTORY, LIST(OFFER("r1", "High") "," OFFER("r2", "Low")));
	assert_events(&stage, opened, "r2/g\tNone\tLow\t-\n");
	round_finds(&stage, INVENTORY, LIST(OFFER("r1", "High")));
	assert_events(&stage, opened, "r2/g\tNone\tLow\t-\nr2/g\tLow\tgone\t-\n");
	stage_close(&stage);
}

/* What a listing lacks whose pages have shifted neither goes nor comes back. */
static void events_of_a_listing_that_is_not_whole(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	static const char both[] = LIST(RUNTIME("a", "id-a", "Running") "," RUNTIME("b", "id-b", "Running"));
	fuse_req_t opened = follow(&stage, RUNTIMES_DIR, RUNTIMES, both);
	round_finds(&stage, RUNTIMES, UNWHOLE(RUNTIME("b", "id-b", "Running")));
	round_finds(&stage, RUNTIMES, both);
	assert_events(&stage, opened, "");
	round_finds(&stage, RUNTIMES, UNWHOLE(RUNTIME("b", "id-b", "Running")));
	round_finds(&stage, RUNTIMES, LIST(RUNTIME("b", "id-b", "Running")));
	assert_events(&stage, opened, "a\tRunning\tgone\t-\n");
	/* Where none ever is, what they tell is taken for true. */
	round_finds(&stage, RUNTIMES, UNWHOLE(RUNTIME("b", "id-b", "Failed")));
	round_finds(&stage, RUNTIMES, UNWHOLE(RUNTIME("b", "id-b", "Failed")));
	assert_events(&stage, opened, "a\tRunning\tgone\t-\nb\tRunning\tFailed\t-\n");
	stage_close(&stage);
}

/* No turn takes long, whatever has changed. */
static void events_of_many(void **state) {
	(void)state;
	enum { COUNT = 8000, TURNS = 3 };
	struct stage stage;
	char *pending = many("Pending", COUNT), *running = many("Running", COUNT);
	size_t lines = 0, turns = 0;
	stage_begin(&stage);
	fuse_req_t opened = follow(&stage, RUNTIMES_DIR, RUNTIMES, pending);
	fake_api_answer(asked(&stage, RUNTIMES), 200, running);
	while (store_wait_ms(stage.fs.store) == 0)
		store_make(stage.fs.store);
	do {
		stage_one_turn(&stage);
		turns++;
	} while (watches_wait_ms(stage.fs.watches) == 0);
	assert_in_range(turns, TURNS, COUNT);
	fuse_req_t read = stage_read(&stage, opened, EVENTS_MOST, 0);
	for (const char *at = read->data; (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(lines, COUNT); /* none is lost */
	assert_true(read->len > EVENTS_BYTES);
	assert_non_null(strstr(read->data, "\tn7999\tPending\tRunning\t-\n"));
	free(pending);
	free(running);
	stage_close(&stage);
}

static void poll_is_told(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t opened = follow(&stage, RUNTIMES_DIR, RUNTIMES, LIST(RUNTIME("a", "id-a", "Pending")));
	for (int i = 0; i < 2; i++) { /* the second takes the place of the first */
		fuse_req_t polled = kernel_request(stage.kernel);
		fs_ops.poll(polled, opened->ino, &opened->file, kernel_poll(stage.kernel));
		assert_int_equal(polled->len, 0);
	}
	round_finds(&stage, RUNTIMES, LIST(RUNTIME("a", "id-a", "Running")));
	assert_int_equal(kernel_polled(stage.kernel), 1);
	fuse_req_t polled = kernel_request(stage.kernel);
	fs_ops.poll(polled, opened->ino, &opened->file, kernel_poll(stage.kernel));
	assert_true(polled->len & POLLIN);
	kernel_release(opened); /* while it is registered */
	stage_close(&stage);
}

static void the_mount_ends_while_some_wait_and_follow(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t write = wait_for(&stage, LIST(RUNTIME("a", "id-a", "Pending")), "Running 60\n");
	fuse_req_t opened = follow(&stage, RUNTIMES_DIR, RUNTIMES, "");
	fs_ops.poll(kernel_request(stage.kernel), opened->ino, &opened->file, kernel_poll(stage.kernel));
	(void)asked(&stage, RUNTIMES);
	stage_close(&stage);
	(void)write;
}

/* ---- how many, how often ---- */

static void more_than_may_wait_for_states(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t first = wait_for(&stage, LIST(RUNTIME("a", "id-a", "Pending")), "Running 60\n");
	fuse_ino_t ino = stage_walk(&stage, RUNTIMES_DIR "/a/wait");
	for (int i = 1; i <= WATCHERS_MAX; i++) {
		fuse_req_t write = stage_write(&stage, stage_open_file(&stage, ino, O_WRONLY), "Running 60\n", 0);
		if (i < WATCHERS_MAX)
			assert_parked(write);
		else
			assert_err(write, EBUSY);
	}
	round_finds(&stage, RUNTIMES, LIST(RUNTIME("a", "id-a", "Running")));
	assert_written(first, 11);
	assert_int_equal(kernel_unanswered(stage.kernel), 0);
	stage_close(&stage);
}

/* Whoever comes to the end of what the kernel is told, all who wait for that go on. */
static void two_refresh_at_once(void **state) {
	(void)state;
	enum { NODES = 6000 };
	struct stage stage;
	char *list = many("Running", NODES), name[32];
	stage_begin(&stage);
	fuse_ino_t ino = stage_walk(&stage, ".neevfs/refresh"), dir = stage_walk(&stage, RUNTIMES_DIR);
	fuse_req_t lookup = stage_lookup(&stage, dir, "a");
	stage_answer(&stage, API_GET, RUNTIMES, 200, list);
	assert_entry(lookup);
	for (int i = 0; i < NODES; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		assert_entry(stage_lookup(&stage, dir, name));
	}
	fuse_req_t first = stage_write(&stage, stage_open_file(&stage, ino, O_WRONLY), "catalog\n", 0);
	assert_parked(first);
	for (int i = 0; i < 2; i++)
		stage_one_turn(&stage);
	assert_true(stage.fs.forgetting);
	fuse_req_t second = stage_write(&stage, stage_open_file(&stage, ino, O_WRONLY), RUNTIMES_DIR "/n1\n", 0);
	assert_written(second, strlen(RUNTIMES_DIR "/n1\n")); /* with the last piece of what both wait for */
	assert_false(stage.fs.forgetting);
	stage_turn(&stage);
	assert_written(first, 8);
	free(list);
	stage_close(&stage);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_waits_hears_of_it),
		cmocka_unit_test(a_round_forgets_nothing),
		cmocka_unit_test(a_failed_round_is_not_the_last),
		cmocka_unit_test(one_of_many_is_asked_for_itself),
		cmocka_unit_test(each_waits_by_itself),
		cmocka_unit_test(gone_is_what_a_whole_listing_says),
		cmocka_unit_test(another_of_its_name_is_not_it),
		cmocka_unit_test(it_is_it_under_another_name),
		cmocka_unit_test(a_draft_of_its_name_is_not_it),
		cmocka_unit_test(events_tell_what_has_changed),
		cmocka_unit_test(events_of_one_that_took_the_name),
		cmocka_unit_test(events_of_each_region),
		cmocka_unit_test(events_of_a_listing_that_is_not_whole),
		cmocka_unit_test(events_of_many),
		cmocka_unit_test(poll_is_told),
		cmocka_unit_test(the_mount_ends_while_some_wait_and_follow),
		cmocka_unit_test(more_than_may_wait_for_states),
		cmocka_unit_test(two_refresh_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
