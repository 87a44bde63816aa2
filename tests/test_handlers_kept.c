/* What the kernel may keep, and that it never shows an old text, a mix, or the time before one's own change. */
#include "../fs/kept.h"
#include "../fs/sweep.h"
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
#define INITIALIZING LIST(MODEL("a", "id-a", "initializing", "3"))
#define FAILED LIST(MODEL("a", "id-a", "broke", "2")) /* as long as "ready" */

/* The kernel's clock is coarser than ours. */
static const double tick_s = 0.010;

static void assert_s(double got, double expected) {
	if (got < expected - tick_s - 0.001 || got > expected)
		fail_msg("%g s, expected %g s", got, expected);
}

/* A mount whose models are listed: a deployment "a". */
static fuse_ino_t begin(struct stage *stage) {
	stage_begin(stage);
	fuse_req_t lookup = stage_lookup(stage, stage_walk(stage, MODELS_DIR), "a");
	stage_answer(stage, API_GET, MODELS, 200, READY);
	assert_entry(lookup);
	return lookup->entry.ino;
}

static bool plus_entry(const struct fuse_req *read, const char *name, struct dirent_seen *ret) {
	for (size_t at = 0; dirent_next(read, &at, ret);)
		if (!strcmp(ret->name, name))
			return true;
	return false;
}

static void scale(struct stage *stage, fuse_ino_t dir) {
	fuse_req_t file = stage_lookup(stage, dir, "replicas");
	fuse_req_t opened = stage_open_file(stage, file->entry.ino, O_WRONLY | O_TRUNC);
	fuse_req_t written = stage_write(stage, opened, "3\n", 0);
	stage_answer(stage, API_PUT, MODELS "/id-a/scale", 200, "{}");
	assert_written(written, 2);
	kernel_release(opened);
}

/* ---- for how long ---- */

static void as_long_as_the_answer_is_good(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir = begin(&stage);
	assert_s(stage_lookup(&stage, FUSE_ROOT_ID, "orgs")->entry.entry_timeout, 3600);
	assert_s(stage_lookup(&stage, FUSE_ROOT_ID, "README.txt")->entry.entry_timeout, 3600);
	assert_s(stage_lookup(&stage, stage_walk(&stage, "orgs/o/projects"), "p")->entry.entry_timeout, 3600);
	assert_s(stage_getattr(&stage, FUSE_ROOT_ID)->attr_timeout, 3600);
	stage_later(&stage, 10000);
	fuse_req_t resource = stage_lookup(&stage, stage_walk(&stage, MODELS_DIR), "a");
	assert_s(resource->entry.entry_timeout, TTL_MS / 1000. - 10);
	assert_s(resource->entry.attr_timeout, TTL_MS / 1000. - 10);
	fuse_req_t file = stage_lookup(&stage, dir, "status");
	assert_s(file->entry.entry_timeout, TTL_MS / 1000. - 10);
	assert_s(file->entry.attr_timeout, TTL_MS / 1000. - 10);
	assert_s(stage_getattr(&stage, file->entry.ino)->attr_timeout, TTL_MS / 1000. - 10);
	/* The last moments are too short for the kernel's clock. */
	stage_later(&stage, TTL_MS - 10000 - 5);
	assert_true(stage_lookup(&stage, dir, "status")->entry.entry_timeout == 0);
	stage_close(&stage);
}

static void a_moving_state_is_kept_for_less(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t lookup = stage_lookup(&stage, stage_walk(&stage, MODELS_DIR), "a");
	stage_answer(&stage, API_GET, MODELS, 200, INITIALIZING);
	assert_s(lookup->entry.entry_timeout, MOVING_MS / 1000.);
	/* What two answers are behind is good while both are. */
	fuse_req_t info = stage_lookup(&stage, lookup->entry.ino, "info.json");
	stage_later(&stage, 500);
	stage_answer(&stage, API_GET, MODELS "/id-a", 200, MODEL("a", "id-a", "initializing", "3"));
	assert_s(info->entry.entry_timeout, MOVING_MS / 1000. - 0.5);
	stage_close(&stage);
}

static void what_changes_by_itself_is_not_kept(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir = begin(&stage);
	static const char *const names[] = {".error", "replicas"};
	for (size_t i = 0; i < 2; i++) {
		fuse_req_t file = stage_lookup(&stage, dir, names[i]);
		assert_true(file->entry.entry_timeout == 0 && file->entry.attr_timeout == 0);
		assert_int_equal(stage_open_file(&stage, file->entry.ino, O_RDONLY)->file.direct_io, 1);
	}
	fuse_req_t made = stage_mkdir(&stage, stage_walk(&stage, MODELS_DIR), "draft");
	assert_true(made->entry.entry_timeout == 0);
	fuse_req_t scratch = stage_create(&stage, made->entry.ino, "x.swp");
	assert_true(scratch->entry.entry_timeout == 0);
	assert_int_equal(scratch->file.direct_io, 1);
	assert_true(stage_lookup(&stage, stage_walk(&stage, ".neevfs"), "errors")->entry.entry_timeout == 0);
	assert_s(stage_lookup(&stage, stage_walk(&stage, ".neevfs"), "version")->entry.entry_timeout, 3600);
	stage_close(&stage);
}

static void a_failure_is_not_kept(void **state) {
	(void)state;
	struct stage stage;
	stage_init(&stage);
	stage.options.stale_ms = 60000;
	assert_int_equal(stage_open(&stage), 0);
	fuse_ino_t models = stage_walk(&stage, MODELS_DIR);
	fuse_req_t lookup = stage_lookup(&stage, models, "a");
	stage_answer(&stage, API_GET, MODELS, 200, READY);
	stage_later(&stage, TTL_MS);
	lookup = stage_lookup(&stage, models, "a");
	stage_fail(&stage, API_GET, MODELS, EHOSTUNREACH, false);
	assert_entry(lookup); /* an old answer serves, and is asked about again */
	assert_true(lookup->entry.entry_timeout == 0);
	stage_close(&stage);
}

/* Who waited for a fetch that began before a change gets its answer; the kernel may not keep it beyond the change. */
static void what_a_change_overtook_is_not_kept(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir = begin(&stage);
	stage_later(&stage, TTL_MS - 1);
	fuse_req_t file = stage_lookup(&stage, dir, "replicas");
	fuse_req_t opened = stage_open_file(&stage, file->entry.ino, O_WRONLY | O_TRUNC);
	fuse_req_t written = stage_write(&stage, opened, "3\n", 0);
	stage_later(&stage, 1);
	fuse_req_t lookup = stage_lookup(&stage, dir, "status");
	assert_parked(lookup);
	stage_answer(&stage, API_PUT, MODELS "/id-a/scale", 200, "{}");
	assert_written(written, 2);
	stage_answer(&stage, API_GET, MODELS, 200, READY); /* from before the change */
	assert_entry(lookup);
	assert_true(lookup->entry.entry_timeout == 0 && lookup->entry.attr_timeout == 0);
	stage_close(&stage);
}

/* ---- texts ---- */

static void a_file_has_a_node_for_each_text(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir = begin(&stage);
	fuse_req_t old = stage_lookup(&stage, dir, "status"), name = stage_lookup(&stage, dir, "name");
	assert_ptr_equal(stage_lookup(&stage, dir, "status")->entry.ino, old->entry.ino);
	stage_later(&stage, TTL_MS);
	fuse_req_t fresh = stage_lookup(&stage, dir, "status");
	stage_answer(&stage, API_GET, MODELS, 200, FAILED);
	assert_int_not_equal(fresh->entry.ino, old->entry.ino);
	assert_int_equal(fresh->attr.st_ino, old->attr.st_ino);
	assert_int_equal(stage_lookup(&stage, dir, "name")->entry.ino, name->entry.ino);
	/* By the old node, past the cache. */
	fuse_req_t opened = stage_open_file(&stage, old->entry.ino, O_RDONLY);
	assert_int_equal(opened->file.direct_io, 1);
	assert_reads(&stage, opened, "broke\n");
	stage_close(&stage);
}

static void a_text_is_read_from_the_page_cache(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir = begin(&stage);
	fuse_ino_t file = stage_lookup(&stage, dir, "status")->entry.ino;
	for (int i = 0; i < 2; i++) {
		fuse_req_t opened = stage_open_file(&stage, file, O_RDONLY);
		assert_int_equal(opened->file.direct_io, 0);
		assert_int_equal(opened->file.keep_cache, 1);
		assert_int_equal(opened->file.noflush, 1);
		assert_reads(&stage, opened, "ready\n");
	}
	/* Credentials are not left there. */
	fuse_req_t secret = stage_lookup(&stage, dir, "endpoint_url");
	assert_int_equal(secret->attr.st_mode, S_IFREG | 0400);
	assert_int_equal(stage_open_file(&stage, secret->entry.ino, O_RDONLY)->file.direct_io, 1);
	stage_close(&stage);
}

/* The kernel asks for the size of what is open in the midst of a read(2): at once, and of the text that was opened. */
static void what_is_open_has_its_size(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir = begin(&stage);
	fuse_req_t opened = stage_open_file(&stage, stage_lookup(&stage, dir, "status")->entry.ino, O_RDONLY);
	stage_later(&stage, TTL_MS);
	fuse_req_t attr = stage_getattr_open(&stage, opened);
	assert_int_equal(attr->answer, ANSWER_ATTR);
	assert_int_equal(attr->attr.st_size, 6);
	assert_int_equal(attr->attr.st_mode, S_IFREG | 0444);
	assert_true(attr->attr_timeout > 0);
	store_forget_all(stage.fs.store);
	attr = stage_getattr_open(&stage, opened);
	assert_int_equal(attr->answer, ANSWER_ATTR);
	assert_int_equal(attr->attr.st_size, 6);
	assert_reads(&stage, opened, "ready\n");
	stage_close(&stage);
}

/* ---- one's own changes ---- */

static void a_change_is_seen_in_the_files_beside_it(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir = begin(&stage);
	fuse_req_t status = stage_lookup(&stage, dir, "status"), name = stage_lookup(&stage, dir, "name");
	assert_entry(name);
	size_t told = kernel_told(stage.kernel);
	scale(&stage, dir);
	assert_int_equal(
		kernel_told(stage.kernel) - told, 5); /* the collection, the directory, status, name, replicas */
	/* The name leads to the old node until its time is over. */
	fuse_req_t attr = stage_getattr(&stage, status->entry.ino);
	stage_answer(&stage, API_GET, MODELS, 200, INITIALIZING);
	assert_int_equal(attr->attr.st_size, 13);
	assert_true(attr->attr_timeout == 0);
	fuse_req_t opened = stage_open_file(&stage, status->entry.ino, O_RDONLY);
	assert_int_equal(opened->file.direct_io, 1);
	assert_reads(&stage, opened, "initializing\n");
	/* Its size was another one: never again by the page cache, even with the text that it had. */
	stage_later(&stage, MOVING_MS);
	fuse_req_t again = stage_open_file(&stage, status->entry.ino, O_RDONLY);
	stage_answer(&stage, API_GET, MODELS, 200, READY);
	assert_int_equal(again->file.direct_io, 1);
	fuse_req_t fresh = stage_lookup(&stage, dir, "status");
	assert_int_not_equal(fresh->entry.ino, status->entry.ino);
	assert_int_equal(stage_open_file(&stage, fresh->entry.ino, O_RDONLY)->file.keep_cache, 1);
	stage_close(&stage);
}

/* The size belongs to the text that somebody still reads by the cache: with another one he would see a cut text. */
static void a_reader_keeps_his_size(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir = begin(&stage);
	fuse_ino_t status = stage_lookup(&stage, dir, "status")->entry.ino;
	fuse_req_t reader = stage_open_file(&stage, status, O_RDONLY);
	scale(&stage, dir);
	fuse_req_t attr = stage_getattr(&stage, status);
	stage_answer(&stage, API_GET, MODELS, 200, INITIALIZING);
	assert_int_equal(attr->attr.st_size, 6);
	assert_true(attr->attr_timeout == 0);
	assert_true(stage_getattr_open(&stage, reader)->attr_timeout == 0);
	assert_reads(&stage, reader, "ready\n");
	assert_int_equal(stage_lookup(&stage, dir, "status")->attr.st_size, 13);
	kernel_release(reader);
	assert_int_equal(stage_getattr(&stage, status)->attr.st_size, 13);
	stage_close(&stage);
}

static void a_touch_makes_the_kernel_ask(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir = begin(&stage);
	fuse_ino_t status = stage_lookup(&stage, dir, "status")->entry.ino;
	const struct stat times = {0};
	fuse_req_t touched = stage_setattr(&stage, dir, &times, FUSE_SET_ATTR_MTIME_NOW, NULL);
	stage_answer(&stage, API_GET, MODELS, 200, FAILED);
	assert_int_equal(touched->answer, ANSWER_ATTR);
	assert_true(kernel_told(stage.kernel) >= 2);
	fuse_req_t opened = stage_open_file(&stage, status, O_RDONLY);
	assert_int_equal(opened->file.direct_io, 1);
	assert_reads(&stage, opened, "broke\n");
	stage_close(&stage);
}

/* All that the kernel knows, in parts; who asked for it waits. */
static void a_touch_of_much_waits(void **state) {
	(void)state;
	enum { MANY = 9000 };
	struct stage stage;
	fuse_ino_t dir = begin(&stage);
	(void)dir;
	struct node *root = nodes_root(stage.fs.nodes), *some[MANY];
	for (int i = 0; i < MANY; i++) {
		char name[16];
		snprintf(name, sizeof name, "n%d", i);
		some[i] = node_lookup(stage.fs.nodes, root, &value_row, NULL, name);
		assert_non_null(some[i]);
	}
	const struct stat times = {0};
	fuse_req_t touched = stage_setattr(&stage, FUSE_ROOT_ID, &times, FUSE_SET_ATTR_MTIME_NOW, NULL);
	assert_parked(touched);
	for (int i = 0; i < 100 && touched->answer == ANSWER_MISSING; i++)
		stage_turn(&stage);
	assert_int_equal(touched->answer, ANSWER_ATTR);
	for (int i = 0; i < MANY; i++) {
		assert_true(some[i]->loose);
		node_forget(stage.fs.nodes, some[i], 1);
	}
	stage_close(&stage);
}

static void what_is_gone_is_asked_about(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir = begin(&stage);
	stage_lookup(&stage, dir, "status");
	size_t told = kernel_told(stage.kernel);
	fuse_req_t info = stage_lookup(&stage, dir, "info.json");
	stage_answer(&stage, API_GET, MODELS "/id-a", 404, "{}");
	assert_err(info, ENOENT);
	assert_true(kernel_told(stage.kernel) > told);
	stage_close(&stage);
}

/* ---- listings ---- */

static void a_listing_is_kept(void **state) {
	(void)state;
	struct stage stage;
	begin(&stage);
	fuse_ino_t models = stage_walk(&stage, MODELS_DIR);
	fuse_req_t first = stage_opendir(&stage, models), second = stage_opendir(&stage, models);
	assert_int_equal(first->file.cache_readdir, 1);
	assert_int_equal(first->file.keep_cache, 0);
	assert_int_equal(second->file.cache_readdir, 1);
	assert_int_equal(second->file.keep_cache, 1);
	/* Another listing, while who reads the old one could still fill the cache with it: past the cache. */
	stage_mkdir(&stage, models, "draft");
	fuse_req_t third = stage_opendir(&stage, models);
	assert_int_equal(third->file.cache_readdir, 0);
	kernel_release(first);
	kernel_release(second);
	kernel_release(third);
	assert_int_equal(stage_opendir(&stage, models)->file.keep_cache, 0);
	fuse_req_t again = stage_opendir(&stage, models);
	assert_int_equal(again->file.cache_readdir && again->file.keep_cache, 1);
	stage_close(&stage);
}

static void a_listing_of_a_newer_answer_is_another(void **state) {
	(void)state;
	struct stage stage;
	begin(&stage);
	fuse_ino_t models = stage_walk(&stage, MODELS_DIR);
	kernel_release(stage_opendir(&stage, models));
	stage_later(&stage, TTL_MS);
	fuse_req_t opened = stage_opendir(&stage, models);
	stage_answer(&stage, API_GET, MODELS, 200, READY);
	assert_int_equal(opened->file.cache_readdir, 1);
	assert_int_equal(opened->file.keep_cache, 0);
	stage_close(&stage);
}

static void a_listing_comes_with_attributes(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir = begin(&stage);
	struct dirent_seen seen;
	fuse_req_t read = stage_readdirplus(&stage, stage_opendir(&stage, stage_walk(&stage, MODELS_DIR)), 1 << 16, 0);
	assert_true(plus_entry(read, "a", &seen));
	assert_int_equal(seen.node, dir);
	assert_s(seen.timeout_s, TTL_MS / 1000.);
	assert_true(S_ISDIR(seen.attr.st_mode));
	assert_true(plus_entry(read, "..", &seen));
	assert_int_equal(seen.node, 0);
	/* Nothing is fetched for it, and what is asked for anew anyway needs none. */
	read = stage_readdirplus(&stage, stage_opendir(&stage, dir), 1 << 16, 0);
	assert_true(plus_entry(read, "status", &seen));
	assert_int_equal(seen.attr.st_size, 6);
	assert_int_equal(seen.node, stage_lookup(&stage, dir, "status")->entry.ino);
	static const char *const without[] = {"info.json", "spec.json", "replicas", ".error", "model", ".", ".."};
	for (size_t i = 0; i < sizeof without / sizeof without[0]; i++) {
		assert_true(plus_entry(read, without[i], &seen));
		assert_int_equal(seen.node, 0);
	}
	assert_int_equal(fake_api_waiting(stage.api), 0);
	stage_close(&stage);
}

/* A newborn that no listing has is known by its own answer, which passes sooner than the listing that lacks it. */
static void a_newborn_is_not_kept_by_the_listing(void **state) {
	(void)state;
	struct stage stage;
	struct dirent_seen seen;
	fuse_req_t opened = stage_begin_draft(&stage), written = stage_write_spec(&stage, opened);
	stage_answer(&stage, API_POST, TEMPLATES, 201, "{\"id\":\"id-abc\",\"name\":\"abc\",\"status\":\"Inactive\"}");
	assert_int_equal(written->answer, ANSWER_WRITE);
	fuse_req_t listed = stage_opendir(&stage, stage_walk(&stage, TEMPLATES_DIR));
	stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(SPEC_ANSWER("old", "id-old")));
	stage_answer(&stage, API_GET, TEMPLATES "/id-abc", 200,
		"{\"id\":\"id-abc\",\"name\":\"abc\",\"status\":\"Inactive\"}");
	assert_opened(listed);
	assert_true(plus_entry(stage_readdirplus(&stage, listed, 1 << 16, 0), "abc", &seen));
	assert_s(seen.timeout_s, MOVING_MS / 1000.);
	stage_later(&stage, MOVING_MS);
	assert_true(plus_entry(stage_readdirplus(&stage, listed, 1 << 16, 0), "abc", &seen));
	assert_int_equal(seen.node, 0);
	stage_close(&stage);
}

static void in_buffers_of_any_size(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir = begin(&stage);
	fuse_req_t opened = stage_opendir(&stage, dir);
	size_t names = 0, all = 0, at;
	struct dirent_seen seen;
	fuse_req_t whole = stage_readdirplus(&stage, opened, 1 << 16, 0);
	for (at = 0; dirent_next(whole, &at, &seen);)
		all++;
	assert_true(all > 20);
	for (off_t next = 0, before = -1; next != before;) {
		fuse_req_t read = stage_readdirplus(&stage, opened, 600, next);
		before = next;
		for (at = 0; dirent_next(read, &at, &seen); names++)
			next = seen.next;
	}
	assert_int_equal(names, all);
	stage_close(&stage);
}

/* The kernel that did not get an answer holds none of its look-ups: stage_close() would find the nodes. */
static void look_ups_of_an_answer_that_is_lost(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir = begin(&stage);
	size_t nodes = nodes_count(stage.fs.nodes);
	fuse_req_t opened = stage_opendir(&stage, dir), read = kernel_request(stage.kernel);
	read->gone = true;
	fs_readdirplus(read, dir, 1 << 16, 0, &opened->file);
	assert_int_equal(nodes_count(stage.fs.nodes), nodes);
	stage_close(&stage);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_long_as_the_answer_is_good),
		cmocka_unit_test(a_moving_state_is_kept_for_less),
		cmocka_unit_test(what_changes_by_itself_is_not_kept),
		cmocka_unit_test(a_failure_is_not_kept),
		cmocka_unit_test(what_a_change_overtook_is_not_kept),
		cmocka_unit_test(a_file_has_a_node_for_each_text),
		cmocka_unit_test(a_text_is_read_from_the_page_cache),
		cmocka_unit_test(what_is_open_has_its_size),
		cmocka_unit_test(a_change_is_seen_in_the_files_beside_it),
		cmocka_unit_test(a_reader_keeps_his_size),
		cmocka_unit_test(a_touch_makes_the_kernel_ask),
		cmocka_unit_test(a_touch_of_much_waits),
		cmocka_unit_test(what_is_gone_is_asked_about),
		cmocka_unit_test(a_listing_is_kept),
		cmocka_unit_test(a_listing_of_a_newer_answer_is_another),
		cmocka_unit_test(a_listing_comes_with_attributes),
		cmocka_unit_test(a_newborn_is_not_kept_by_the_listing),
		cmocka_unit_test(in_buffers_of_any_size),
		cmocka_unit_test(look_ups_of_an_answer_that_is_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
