/* Lists that take more than one turn to make, and lists that are fetched again, on fakes. */
#include "alloc.h"
#include "stage.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LONG = 3000, PAGES = 3, FEW = 3 /* turns, at least, that such a list takes */ };

/* ---- the API's side ---- */

/* A page of entries n<first>, n<first + 1>, …; `mark` stands in the last one. Freed by the caller. */
static char *page_text(int first, int count, const char *mark) {
	size_t size = (size_t)count * 96 + 3, len = 0;
	char *text = alloc_test_realloc(NULL, size);
	assert_non_null(text);
	text[len++] = '[';
	for (int i = first; i < first + count; i++)
		len += (size_t)snprintf(text + len, size - len,
			"%s{\"id\":\"id-%d\",\"name\":\"n%d\",\"status\":\"%s\"}", i > first ? "," : "", i, i,
			i == first + count - 1 ? mark : "Running");
	snprintf(text + len, size - len, "]");
	return text;
}

/* Answers with a list of LONG entries, the mark of each page in its last. */
static void pages_answer(struct stage *stage, const char *const marks[PAGES]) {
	char *texts[PAGES];
	for (int i = 0; i < PAGES; i++)
		texts[i] = page_text(i * (LONG / PAGES), LONG / PAGES, marks[i]);
	fake_api_pages(fake_api_find(stage->api, API_GET, RUNTIMES), (const char *const *)texts, PAGES);
	for (int i = 0; i < PAGES; i++)
		alloc_test_free(texts[i]);
}

static void answer_long(struct stage *stage) {
	pages_answer(stage, (const char *const[]){"Running", "Running", "Running"});
}

static const struct list *list_kept(const struct stage *stage) {
	const struct scope scope = {.ids = {"o", "p"}, .count = 2};
	struct demand look = {.since_ms = INT64_MAX, .peeks = true};
	const struct list *list;
	return store_list(stage->fs.store, &kinds[KIND_AIRUNTIME], &scope, &look, &list) ? NULL : list;
}

static bool turns_are_due(const struct stage *stage) {
	return store_wait_ms(stage->fs.store) == 0;
}

/* A mount with that list on its way, and a look-up that waits for it. */
static fuse_req_t begin_long(struct stage *stage, fuse_ino_t *ret_dir) {
	stage_begin(stage);
	*ret_dir = stage_walk(stage, RUNTIMES_DIR);
	fuse_req_t lookup = stage_lookup(stage, *ret_dir, "n2999");
	assert_parked(lookup);
	answer_long(stage);
	return lookup;
}

/* ---- made in several turns ---- */

static void who_waits_is_served_when_the_list_is_made(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir;
	fuse_req_t lookup = begin_long(&stage, &dir);
	int turns = 0;
	while (turns_are_due(&stage)) {
		assert_parked(lookup);
		assert_null(list_kept(&stage));
		stage_one_turn(&stage);
		turns++;
	}
	assert_true(turns >= FEW);
	assert_entry(lookup);
	assert_int_equal(list_kept(&stage)->count, LONG);
	assert_entry(stage_lookup(&stage, dir, "n0"));
	assert_err(stage_lookup(&stage, dir, "n3000"), ENOENT);
	assert_int_equal(fake_api_total(stage.api), 1);
	stage_close(&stage);
}

static void others_have_their_turn_meanwhile(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir;
	fuse_req_t lookup = begin_long(&stage, &dir);
	fuse_ino_t models = stage_walk(&stage, MODELS_DIR);
	stage_one_turn(&stage);
	assert_parked(lookup);
	/* What needs no list is answered at once, who needs this one waits for it, */
	assert_opened(stage_opendir(&stage, FUSE_ROOT_ID));
	fuse_req_t second = stage_lookup(&stage, dir, "n1");
	assert_parked(second);
	/* and a short list that comes later does not wait for the end of the long one. */
	fuse_req_t model = stage_lookup(&stage, models, "a");
	fake_api_answer(fake_api_find(stage.api, API_GET, MODELS), 200, LIST(MODEL("a", "id-a", "ready", "2")));
	stage_one_turn(&stage);
	stage_one_turn(&stage);
	assert_entry(model);
	assert_parked(lookup);
	stage_turn(&stage);
	assert_entry(lookup);
	assert_entry(second);
	assert_int_equal(fake_api_total(stage.api), 2);
	stage_close(&stage);
}

static void a_forget_meanwhile_detaches(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir;
	fuse_req_t lookup = begin_long(&stage, &dir);
	stage_one_turn(&stage);
	store_forget_all(stage.fs.store);
	fuse_req_t later = stage_lookup(&stage, dir, "n2999");
	assert_int_equal(fake_api_count(stage.api, API_GET, RUNTIMES), 2);
	stage_turn(&stage);
	assert_entry(lookup); /* that waited for it before */
	assert_parked(later);
	assert_null(list_kept(&stage));
	stage_answer(&stage, API_GET, RUNTIMES, 200, LIST("{\"id\":\"1\",\"name\":\"a\"}"));
	assert_err(later, ENOENT);
	stage_close(&stage);
}

static void the_mount_ends_meanwhile(void **state) {
	(void)state;
	for (int turns = 0; turns < 2; turns++) {
		struct stage stage;
		fuse_ino_t dir;
		long lent = fake_api_lent();
		alloc_arm(0);
		fuse_req_t lookup = begin_long(&stage, &dir);
		for (int i = 0; i < turns; i++)
			stage_one_turn(&stage);
		assert_parked(lookup);
		stage_close(&stage);
		alloc_disarm();
		assert_int_equal(alloc_live() + fake_api_lent() - lent, 0);
	}
}

static void one_that_is_of_no_use_is_refused(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_ino_t dir = stage_walk(&stage, RUNTIMES_DIR);
	fuse_req_t lookup = stage_lookup(&stage, dir, "a");
	size_t size = (size_t)LONG * 8 + 3, len = 0;
	char *text = alloc_test_realloc(NULL, size);
	for (int i = 0; i < LONG; i++)
		len += (size_t)snprintf(text + len, size - len, "%s{}", i ? "," : "[");
	snprintf(text + len, size - len, "]");
	fake_api_answer(fake_api_find(stage.api, API_GET, RUNTIMES), 200, text);
	alloc_test_free(text);
	stage_one_turn(&stage);
	assert_parked(lookup);
	stage_turn(&stage);
	assert_err(lookup, EREMOTEIO);
	stage_close(&stage);
}

/* ---- fetched again ---- */

/* Lets it expire, and asks again: for a name that is there. */
static fuse_req_t ask_again(struct stage *stage, fuse_ino_t dir) {
	stage_later(stage, TTL_MS);
	fuse_req_t lookup = stage_lookup(stage, dir, "n2999");
	assert_parked(lookup);
	return lookup;
}

static void what_is_the_same_is_not_made_again(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir;
	begin_long(&stage, &dir);
	stage_turn(&stage);
	const struct list *before = list_kept(&stage);
	for (int i = 0; i < 3; i++) {
		fuse_req_t lookup = ask_again(&stage, dir);
		answer_long(&stage);
		stage_one_turn(&stage);
		assert_entry(lookup);
		assert_false(turns_are_due(&stage));
		assert_ptr_equal(list_kept(&stage), before);
	}
	assert_int_equal(fake_api_count(stage.api, API_GET, RUNTIMES), 4);
	for (size_t i = 0; i < PAGES; i++)
		assert_int_equal(before->pages->pages[i]->holders, 1);
	stage_close(&stage);
}

static void of_what_changed_only_that_is_new(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir;
	begin_long(&stage, &dir);
	stage_turn(&stage);
	const struct list *before = list_hold(list_kept(&stage));
	fuse_req_t lookup = ask_again(&stage, dir);
	pages_answer(&stage, (const char *const[]){"Running", "Stopped", "Running"});
	stage_turn(&stage);
	assert_entry(lookup);
	const struct list *after = list_kept(&stage);
	assert_ptr_not_equal(after, before);
	assert_int_equal(after->count, LONG);
	for (size_t i = 0; i < PAGES; i++) {
		struct api_page *page = after->pages->pages[i];
		assert_int_equal(page == before->pages->pages[i], i != 1);
		assert_int_equal(page->holders, i != 1 ? 2 : 1);
	}
	stage_says(&stage, RUNTIMES_DIR "/n1999/status", "Stopped\n");
	stage_says(&stage, RUNTIMES_DIR "/n1998/status", "Running\n");

	/* Who holds a list may read it whatever came since, until he lets it go. */
	store_forget_all(stage.fs.store);
	stage_turn(&stage);
	assert_int_equal(before->count, LONG);
	const struct item *item = list_by_name(before, NULL, "n1999");
	assert_non_null(item);
	assert_true(json_string_is(json_member(item->json, "status"), "Running"));
	for (size_t i = 0; i < PAGES; i++)
		assert_int_equal(before->pages->pages[i]->holders, 1);
	list_release(before);
	assert_true(turns_are_due(&stage));
	stage_turn(&stage);
	assert_false(turns_are_due(&stage));
	stage_close(&stage);
}

/* Fewer pages, or more, than before: the same ones at the beginning, and yet another list. */
static void a_list_of_another_length_is_another_list(void **state) {
	(void)state;
	static const struct {
		const char *texts[3];
		size_t count;
	} lists[] = {{{"[{\"id\":\"1\",\"name\":\"a\"}]", "[{\"id\":\"2\",\"name\":\"b\"}]"}, 2},
		{{"[{\"id\":\"1\",\"name\":\"a\"}]"}, 1},
		{{"[{\"id\":\"1\",\"name\":\"a\"}]", "[{\"id\":\"2\",\"name\":\"b\"}]",
			 "[{\"id\":\"3\",\"name\":\"c\"}]"},
			3}};
	struct stage stage;
	stage_begin(&stage);
	fuse_ino_t dir = stage_walk(&stage, RUNTIMES_DIR);
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		stage_later(&stage, TTL_MS);
		fuse_req_t lookup = stage_lookup(&stage, dir, "a");
		const struct list *before = list_kept(&stage);
		fake_api_pages(fake_api_find(stage.api, API_GET, RUNTIMES), lists[i].texts, lists[i].count);
		stage_turn(&stage);
		assert_entry(lookup);
		assert_int_equal(list_kept(&stage)->count, lists[i].count);
		assert_true(!before || before != list_kept(&stage));
	}
	stage_close(&stage);
}

/* What was forgotten is not compared with: nothing holds it any more. */
static void what_is_forgotten_is_freed(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir;
	begin_long(&stage, &dir);
	stage_turn(&stage);
	store_forget_all(stage.fs.store);
	assert_true(turns_are_due(&stage));
	fuse_req_t lookup = stage_lookup(&stage, dir, "n0");
	assert_null(fake_api_find(stage.api, API_GET, RUNTIMES)->before);
	answer_long(&stage);
	stage_turn(&stage);
	assert_entry(lookup);
	stage_close(&stage);
}

/* More details than are dropped in one turn: nobody finds them any more, and they go little by little. */
static void very_many_details_are_forgotten(void **state) {
	(void)state;
	enum { DETAILS = 2500 };
	struct stage stage;
	fuse_ino_t dir;
	char path[128], body[128];
	begin_long(&stage, &dir);
	stage_turn(&stage);
	for (int i = 0; i < DETAILS; i++) {
		snprintf(path, sizeof(path), RUNTIMES_DIR "/n%d", i);
		fuse_req_t info = stage_lookup(&stage, stage_walk(&stage, path), "info.json");
		snprintf(path, sizeof(path), RUNTIMES "/id-%d", i);
		snprintf(body, sizeof(body), "{\"id\":\"id-%d\",\"name\":\"n%d\"}", i, i);
		stage_answer(&stage, API_GET, path, 200, body);
		assert_entry(info);
	}
	size_t total = fake_api_total(stage.api);
	fuse_ino_t seventh = stage_walk(&stage, RUNTIMES_DIR "/n7");
	assert_entry(stage_lookup(&stage, seventh, "info.json"));
	assert_int_equal(fake_api_total(stage.api), total);
	assert_false(turns_are_due(&stage));
	store_forget_all(stage.fs.store);
	assert_null(list_kept(&stage));
	int turns = 0;
	for (; turns_are_due(&stage); turns++)
		stage_one_turn(&stage);
	assert_true(turns >= 2);
	fuse_req_t again = stage_lookup(&stage, seventh, "info.json");
	assert_parked(again);
	answer_long(&stage);
	stage_turn(&stage);
	stage_answer(&stage, API_GET, RUNTIMES "/id-7", 200, "{\"id\":\"id-7\"}");
	assert_entry(again);
	assert_int_equal(fake_api_total(stage.api), total + 2);
	stage_close(&stage);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_waits_is_served_when_the_list_is_made),
		cmocka_unit_test(others_have_their_turn_meanwhile),
		cmocka_unit_test(a_forget_meanwhile_detaches),
		cmocka_unit_test(the_mount_ends_meanwhile),
		cmocka_unit_test(one_that_is_of_no_use_is_refused),
		cmocka_unit_test(what_is_the_same_is_not_made_again),
		cmocka_unit_test(of_what_changed_only_that_is_new),
		cmocka_unit_test(a_list_of_another_length_is_another_list),
		cmocka_unit_test(what_is_forgotten_is_freed),
		cmocka_unit_test(very_many_details_are_forgotten),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
