/* Names on fakes: listings of any size, drafts made, renamed and removed, links, and the nodes that the kernel holds.
 */
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

#include <cmocka.h>

#define RUNTIME(name, id) "{\"id\":\"" id "\",\"name\":\"" name "\",\"status\":\"Running\"}"

/* ---- listings ---- */

enum { BIG = 100000, PAGE = 10000 };

static void big_pages(char *ret[BIG / PAGE]) {
	for (int p = 0; p < BIG / PAGE; p++) {
		size_t size = (size_t)PAGE * 64, len = 0;
		ret[p] = malloc(size);
		assert_non_null(ret[p]);
		ret[p][len++] = '[';
		for (int i = 0; i < PAGE; i++)
			len += (size_t)snprintf(ret[p] + len, size - len, "%s{\"id\":\"id-%d\",\"name\":\"n%d\"}",
				i ? "," : "", p * PAGE + i, p * PAGE + i);
		snprintf(ret[p] + len, size - len, "]");
	}
}

static void assert_each_once(struct stage *stage, fuse_ino_t dir, size_t size) {
	static unsigned char seen_times[BIG];
	memset(seen_times, 0, sizeof(seen_times));
	fuse_req_t opened = stage_opendir(stage, dir);
	assert_opened(opened);
	struct dirent_seen seen = {0};
	size_t entries = 0, before;
	do {
		fuse_req_t read = stage_readdir(stage, opened, size, seen.next);
		assert_true(read->len <= size);
		before = entries;
		for (size_t at = 0; dirent_next(read, &at, &seen); entries++) {
			assert_int_not_equal(seen.ino, 0);
			if (seen.name[0] == 'n') {
				unsigned long n = strtoul(seen.name + 1, NULL, 10);
				assert_in_range(n, 0, BIG - 1);
				seen_times[n]++;
			}
		}
		alloc_test_free(read->data); /* a hundred thousand of them are kept until the end */
		read->data = NULL;
	} while (entries != before);
	for (int i = 0; i < BIG; i++)
		assert_int_equal(seen_times[i], 1);
	assert_int_equal(entries, BIG + 2 + stage_beside(stage, opened->ino)); /* 2: ".", ".." */
	kernel_release(opened);
}

static void a_hundred_thousand_names(void **state) {
	(void)state;
	struct stage stage;
	char *pages[BIG / PAGE];
	stage_init(&stage);
	stage.options.cache_mib = 256;
	assert_int_equal(stage_open(&stage), 0);
	fuse_ino_t dir = stage_walk(&stage, RUNTIMES_DIR);
	fuse_req_t lookup = stage_lookup(&stage, dir, "n99999");
	big_pages(pages);
	fake_api_pages(fake_api_find(stage.api, API_GET, RUNTIMES), (const char *const *)pages, BIG / PAGE);
	stage_turn(&stage);
	for (int p = 0; p < BIG / PAGE; p++)
		free(pages[p]);
	assert_entry(lookup);
	assert_each_once(&stage, dir, 4096);
	assert_each_once(&stage, dir, 64);
	stage_says(&stage, RUNTIMES_DIR "/n50000/id", "id-50000\n");
	assert_int_equal(fake_api_total(stage.api), 1);
	stage_close(&stage);
}

/* lseek(2) on a directory brings any offset. */
static void any_offset_of_a_listing(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t opened = stage_opendir(&stage, stage_walk(&stage, RUNTIMES_DIR));
	stage_answer(&stage, API_GET, RUNTIMES, 200, LIST(RUNTIME("r", "id-r") "," RUNTIME("s", "id-s")));
	assert_opened(opened);
	for (off_t offset = 0; offset < 1000; offset++) {
		fuse_req_t read = stage_readdir(&stage, opened, 4096, offset);
		struct dirent_seen seen;
		if (read->answer == ANSWER_ERR)
			assert_err(read, EINVAL);
		else
			for (size_t at = 0; dirent_next(read, &at, &seen);)
				assert_true(seen.ino != 0);
	}
	assert_int_equal(stage_readdir(&stage, opened, 4096, INT64_MAX)->len, 0);
	/* No room for the first one: nothing, not a cut name. */
	assert_int_equal(stage_readdir(&stage, opened, 8, 0)->len, 0);
	assert_int_equal(stage_readdir(&stage, opened, 0, 0)->len, 0);
	stage_close(&stage);
}

/* The listing is that of its opendir, however the list changes meanwhile; its inode numbers are those of the look-ups.
 */
static void a_listing_does_not_change_while_it_is_read(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_ino_t dir = stage_walk(&stage, RUNTIMES_DIR);
	fuse_req_t opened = stage_opendir(&stage, dir);
	stage_answer(&stage, API_GET, RUNTIMES, 200, LIST(RUNTIME("r", "id-r") "," RUNTIME("s", "id-s")));
	fuse_req_t found = stage_lookup(&stage, dir, "r");
	stage_later(&stage, TTL_MS);
	fuse_req_t other = stage_opendir(&stage, dir);
	stage_answer(&stage, API_GET, RUNTIMES, 200, LIST(""));
	assert_opened(other);
	fuse_req_t read = stage_readdir(&stage, opened, 4096, 0);
	struct dirent_seen seen;
	size_t names = 0;
	for (size_t at = 0; dirent_next(read, &at, &seen); names++)
		if (!strcmp(seen.name, "r")) {
			assert_int_equal(seen.ino, found->attr.st_ino);
			assert_true(S_ISDIR(seen.mode));
		}
	assert_int_equal(names, 4 + stage_beside(&stage, dir));
	stage_close(&stage);
}

static void links_by_id(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t opened = stage_opendir(&stage, stage_walk(&stage, RUNTIMES_DIR "/.by-id"));
	stage_answer(&stage, API_GET, RUNTIMES, 200, LIST(RUNTIME("r", "id/r") "," RUNTIME("r", "id-2")));
	assert_opened(opened);
	fuse_ino_t dir = stage_walk(&stage, RUNTIMES_DIR "/.by-id");
	assert_string_equal(stage_names(&stage, dir, 4096), "id%2Fr\nid-2\n");
	fuse_req_t one = stage_readlink(&stage, stage_walk(&stage, RUNTIMES_DIR "/.by-id/id%2Fr"));
	assert_string_equal(one->data, "../r");
	fuse_req_t two = stage_readlink(&stage, stage_walk(&stage, RUNTIMES_DIR "/.by-id/id-2"));
	assert_string_equal(two->data, "../r~id-2");
	assert_err(stage_lookup(&stage, dir, "id%2fr"), ENOENT); /* one spelling only */
	assert_err(stage_lookup(&stage, dir, "id-3"), ENOENT);
	assert_err(stage_readlink(&stage, dir), EINVAL);
	stage_says(&stage, RUNTIMES_DIR "/r~id-2/id", "id-2\n");
	stage_close(&stage);
}

/* ---- drafts ---- */

static fuse_req_t make(struct stage *stage, const char *name) {
	fuse_req_t made = stage_mkdir(stage, stage_walk(stage, TEMPLATES_DIR), name);
	if (made->answer == ANSWER_MISSING)
		stage_answer(stage, API_GET, TEMPLATES, 200, LIST(SPEC_ANSWER("old", "id-old")));
	return made;
}

static void drafts_cost_nothing(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_ino_t dir = stage_walk(&stage, TEMPLATES_DIR);
	fuse_req_t made = make(&stage, "abc");
	assert_entry(made);
	assert_int_equal(made->attr.st_mode, S_IFDIR | 0700);
	assert_err(make(&stage, "abc"), EEXIST);
	assert_err(make(&stage, "old"), EEXIST);
	assert_string_equal(stage_names(&stage, dir, 4096), "abc\nold\n");
	assert_string_equal(stage_names(&stage, made->entry.ino, 4096), ".error\n");
	assert_err(stage_lookup(&stage, made->entry.ino, "spec.json"), ENOENT);
	assert_err(stage_lookup(&stage, made->entry.ino, "status"), ENOENT);
	assert_err(stage_create(&stage, made->entry.ino, "status"), EPERM);
	assert_err(stage_create(&stage, stage_walk(&stage, TEMPLATES_DIR "/old"), "status"), EPERM);
	assert_err(stage_create(&stage, dir, "spec.json"), EPERM);
	fuse_req_t spec = stage_create(&stage, made->entry.ino, "spec.json");
	assert_opened(spec);
	assert_string_equal(stage_names(&stage, made->entry.ino, 4096), "spec.json\n.error\n");
	assert_err(stage_rmdir(&stage, dir, "abc"), 0);
	assert_err(stage_lookup(&stage, dir, "abc"), ENOENT);
	assert_int_equal(fake_api_total(stage.api), 1);
	/* Its open file leads nowhere now. */
	assert_err(stage_write(&stage, spec, SPEC_TEXT, 0), ENOENT);
	assert_int_equal(fake_api_total(stage.api), 1);
	stage_close(&stage);
}

static void names_that_the_api_would_refuse(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	static const char *const bad[] = {"ab", "a.b", "a%2Fb", "caf\u00e9", ".swp"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_err(make(&stage, bad[i]), EINVAL);
	stage_mentions(&stage, TEMPLATES_DIR "/.error", "Verdict: nothing was changed.");
	assert_entry(make(&stage, "with a space"));
	stage_close(&stage);
}

static void a_draft_is_renamed(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_ino_t dir = stage_walk(&stage, TEMPLATES_DIR);
	fuse_req_t made = make(&stage, "abc"), spec = stage_create(&stage, made->entry.ino, "spec.json");
	assert_written(stage_write(&stage, spec, "{", 0), 1);
	assert_err(stage_rename(&stage, dir, "abc", dir, "ab"), EINVAL);
	assert_err(stage_rename(&stage, dir, "abc", dir, "old"), EEXIST);
	assert_err(stage_rename(&stage, dir, "old", dir, "new"), EPERM);
	assert_err(stage_rename(&stage, dir, "no-such", dir, "new"), ENOENT);
	assert_err(stage_rename(&stage, dir, "abc", stage_walk(&stage, MODELS_DIR), "abc"), EPERM);
	assert_err(stage_rename(&stage, dir, "abc", dir, "new"), 0);
	assert_err(stage_lookup(&stage, dir, "abc"), ENOENT);
	fuse_req_t found = stage_lookup(&stage, dir, "new");
	assert_entry(found);
	assert_int_equal(found->entry.ino, made->entry.ino); /* the kernel moves its name for the same node */
	stage_says(&stage, TEMPLATES_DIR "/new/spec.json", "{");
	/* What was open stays open, and the new name is the one that is sent. */
	fuse_req_t write = stage_write(&stage, spec, &SPEC_TEXT[1], 1);
	assert_parked(write);
	stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
	assert_string_equal(fake_api_last(stage.api, API_POST, NULL)->body, SPEC_BODY("new"));
	assert_err(stage_rename(&stage, dir, "new", dir, "newer"), EBUSY);
	assert_err(stage_rmdir(&stage, dir, "new"), EBUSY);
	stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("new", "id-1"));
	assert_written(write, strlen(SPEC_TEXT) - 1);
	fuse_req_t born = stage_rename(&stage, dir, "new", dir, "newer");
	stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(SPEC_ANSWER("new", "id-1")));
	assert_err(born, EPERM);
	stage_close(&stage);
}

static void rename_flags(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_ino_t dir = stage_walk(&stage, TEMPLATES_DIR);
	assert_entry(make(&stage, "abc"));
	for (unsigned flags = 0; flags < 8; flags++) {
		fuse_req_t req = kernel_request(stage.kernel);
		fs_rename(req, dir, "abc", dir, "old", flags);
		assert_err(req, flags > 1 ? EINVAL : EEXIST);
	}
	stage_close(&stage);
}

static void a_spec_is_unlinked(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t made = make(&stage, "abc"), spec = stage_create(&stage, made->entry.ino, "spec.json");
	assert_written(stage_write(&stage, spec, "{\"a", 0), 3);
	fuse_ino_t old = spec->entry.ino;
	assert_err(stage_unlink(&stage, made->entry.ino, ".error"), 0); /* rm -r of a draft */
	assert_err(stage_unlink(&stage, made->entry.ino, "spec.json"), 0);
	assert_err(stage_unlink(&stage, made->entry.ino, "spec.json"), ENOENT);
	assert_err(stage_lookup(&stage, made->entry.ino, "spec.json"), ENOENT);
	kernel_release(spec);
	spec = stage_create(&stage, made->entry.ino, "spec.json");
	assert_opened(spec);
	assert_int_not_equal(spec->entry.ino, old);
	assert_int_equal(spec->attr.st_size, 0);
	assert_err(stage_rmdir(&stage, stage_walk(&stage, TEMPLATES_DIR), "abc"), 0);
	stage_close(&stage);
}

static void drafts_have_attributes_of_their_own(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t made = make(&stage, "abc"), spec = stage_create(&stage, made->entry.ino, "spec.json");
	const struct stat wanted = {.st_mode = 0644, .st_uid = 1, .st_size = 2};
	fuse_req_t set = stage_setattr(&stage, spec->entry.ino, &wanted, FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_UID, NULL);
	assert_int_equal(set->answer, ANSWER_ATTR); /* cp -p sends them along */
	set = stage_setattr(&stage, spec->entry.ino, &wanted, FUSE_SET_ATTR_SIZE, NULL);
	assert_int_equal(set->attr.st_size, 2);
	stage_later(&stage, 10000);
	assert_written(stage_write(&stage, spec, "{ ", 0), 2);
	fuse_req_t stat = stage_getattr(&stage, spec->entry.ino);
	assert_int_equal(stat->attr.st_mtime, stage.fs.now);
	assert_int_equal(stat->attr.st_size, 2);
	set = stage_setattr(&stage, made->entry.ino, &wanted, FUSE_SET_ATTR_MTIME_NOW, NULL);
	if (set->answer == ANSWER_MISSING) /* a touch asks anew */
		stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
	assert_int_equal(set->answer, ANSWER_ATTR);
	stage_close(&stage);
}

static void more_drafts_than_there_may_be(void **state) {
	(void)state;
	struct stage stage;
	char name[32];
	stage_begin(&stage);
	for (int i = 0; i < DRAFTS_MAX; i++) {
		snprintf(name, sizeof(name), "draft-%d", i);
		assert_entry(make(&stage, name));
	}
	assert_err(make(&stage, "one-more"), ENOSPC);
	assert_err(stage_rmdir(&stage, stage_walk(&stage, TEMPLATES_DIR), "draft-7"), 0);
	assert_entry(make(&stage, "one-more"));
	stage_close(&stage);
}

/* The list may be gone while one works on a draft. */
static void drafts_outlive_the_network(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	assert_entry(make(&stage, "abc"));
	stage_later(&stage, TTL_MS);
	fuse_req_t lookup = stage_lookup(&stage, stage_walk(&stage, TEMPLATES_DIR), "abc");
	stage_fail(&stage, API_GET, TEMPLATES, EHOSTUNREACH, false);
	assert_entry(lookup);
	stage_close(&stage);
}

/* ---- nodes ---- */

static void the_kernel_gives_everything_back(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	assert_int_equal(nodes_count(stage.fs.nodes), 0);
	fuse_ino_t dir = stage_walk(&stage, TEMPLATES_DIR);
	assert_int_equal(nodes_count(stage.fs.nodes), 3);
	fuse_ino_t orgs = stage_walk(&stage, "orgs");
	assert_int_equal(kernel_lookups(stage.kernel, orgs), 2);
	/* A parent that the kernel forgets lives as long as its children. */
	kernel_forget(stage.kernel, orgs);
	assert_int_equal(nodes_count(stage.fs.nodes), 3);
	assert_int_equal(stage_walk(&stage, TEMPLATES_DIR), dir);
	/* A look-up that fails, or waits, leaves nothing. */
	fuse_req_t waits = stage_lookup(&stage, dir, "abc");
	assert_int_equal(nodes_count(stage.fs.nodes), 3);
	stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(SPEC_ANSWER("old", "id-old")));
	assert_err(waits, ENOENT);
	fuse_req_t info = stage_lookup(&stage, stage_walk(&stage, TEMPLATES_DIR "/old"), "info.json");
	assert_parked(info);
	stage_answer(&stage, API_GET, NULL, 500, NULL);
	assert_err(info, EREMOTEIO);
	assert_int_equal(nodes_count(stage.fs.nodes), 4);
	kernel_end(stage.kernel);
	assert_int_equal(kernel_nodes(stage.kernel), 0);
	assert_int_equal(nodes_count(stage.fs.nodes), 0);
	stage_close(&stage);
}

/* Who remembers a file that the kernel has forgotten, as an NFS client does, never gets another one: a node may have
 * its id, but not its generation too. By whatever answer it came. */
static void no_file_is_another_one_later(void **state) {
	(void)state;
	static const char *const names[] = {"version", "options", "status", "stats"};
	struct stage stage;
	stage_begin(&stage);
	fuse_ino_t dir = stage_walk(&stage, ".neevfs"), templates = stage_walk(&stage, TEMPLATES_DIR);
	uint64_t last = 0;
	for (size_t i = 0; i < 4; i++) {
		fuse_req_t looked = stage_lookup(&stage, dir, names[i]), again = stage_lookup(&stage, dir, names[i]);
		assert_entry(looked);
		assert_int_equal(again->entry.generation, looked->entry.generation);
		assert_in_range(looked->entry.generation, last + 1, UINT32_MAX);
		last = looked->entry.generation;
		kernel_forget(stage.kernel, looked->entry.ino);
	}
	fuse_req_t made = stage_mkdir(&stage, templates, "abc");
	stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(SPEC_ANSWER("old", "id-old")));
	assert_entry(made);
	assert_in_range(made->entry.generation, last + 1, UINT32_MAX);
	fuse_req_t created = stage_create(&stage, made->entry.ino, "spec.json");
	assert_int_equal(created->answer, ANSWER_CREATE);
	assert_in_range(created->entry.generation, made->entry.generation + 1, UINT32_MAX);
	fuse_req_t listed = stage_readdirplus(&stage, stage_opendir(&stage, templates), 1 << 16, 0);
	assert_in_range(listed->given_count, 1, SIZE_MAX);
	for (size_t i = 0; i < listed->given_count; i++)
		assert_in_range(listed->given[i].generation, 1, UINT32_MAX);
	stage_close(&stage);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hundred_thousand_names),
		cmocka_unit_test(any_offset_of_a_listing),
		cmocka_unit_test(a_listing_does_not_change_while_it_is_read),
		cmocka_unit_test(links_by_id),
		cmocka_unit_test(drafts_cost_nothing),
		cmocka_unit_test(names_that_the_api_would_refuse),
		cmocka_unit_test(a_draft_is_renamed),
		cmocka_unit_test(rename_flags),
		cmocka_unit_test(a_spec_is_unlinked),
		cmocka_unit_test(drafts_have_attributes_of_their_own),
		cmocka_unit_test(more_drafts_than_there_may_be),
		cmocka_unit_test(drafts_outlive_the_network),
		cmocka_unit_test(the_kernel_gives_everything_back),
		cmocka_unit_test(no_file_is_another_one_later),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
