/* Watching collections at its bounds: as many as there may be, the time until a round, who comes and goes, no memory.
 */
#include "stage.h"

#include "../fs/watch.h"
#include "alloc.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define A(status) LIST("{\"id\":\"id-a\",\"name\":\"a\",\"status\":\"" status "\"}")

static const struct kind *const runtime = &kinds[KIND_AIRUNTIME];
static const struct scope here = {.ids = {"o", "p"}, .count = 2};
static const struct scope a_here = {.ids = {"o", "p", "id-a"}, .count = 3};

/* A mount whose kernel knows the collection. */
static void begin(struct stage *stage) {
	stage_begin(stage);
	stage_walk(stage, RUNTIMES_DIR);
}

static struct node *dir_of(const struct stage *stage) {
	struct node *dir = node_at(stage->fs.nodes, RUNTIMES_DIR, strlen(RUNTIMES_DIR));
	assert_non_null(dir);
	return dir;
}

static int follow(struct stage *stage, const struct scope *scope, struct follower *follower) {
	return watch_follow(stage->fs.watches, runtime, scope, dir_of(stage), follower);
}

static int await(struct stage *stage, const struct scope *scope, struct watcher *watcher) {
	return watch_await(stage->fs.watches, runtime, scope, dir_of(stage), watcher);
}

static size_t event_bytes(const struct stage *stage) {
	const struct buffer *events = watch_events(stage->fs.watches, runtime, &here);
	return events ? events->len : 0;
}

/* Passes the time until the next round, which finds this. */
static void next_round(struct stage *stage, const char *list) {
	int wait_ms = watches_wait_ms(stage->fs.watches);
	assert_true(wait_ms >= 0);
	stage_later(stage, wait_ms);
	stage_answer(stage, API_GET, RUNTIMES, 200, list);
}

/* ---- as many collections as there may be ---- */

static void collections_are_bounded(void **state) {
	(void)state;
	static char ids[WATCHES_MAX + 1][8];
	static struct follower followers[WATCHES_MAX + 1];
	struct scope scopes[WATCHES_MAX + 1];
	struct follower first = {0}, more = {0};
	struct watcher watcher = {0};
	struct stage stage;
	begin(&stage);
	for (int i = 0; i <= WATCHES_MAX; i++) {
		snprintf(ids[i], sizeof ids[i], "p%d", i);
		scopes[i] = (struct scope){.ids = {"o", ids[i]}, .count = 2};
		followers[i] = (struct follower){0};
	}
	assert_int_equal(follow(&stage, &here, &first), 0);
	next_round(&stage, A("Pending"));
	next_round(&stage, A("Running"));
	watch_unfollow(&first);
	assert_true(event_bytes(&stage) > 0); /* they stay */
	for (int i = 0; i < WATCHES_MAX - 1; i++)
		assert_int_equal(follow(&stage, &scopes[i], &followers[i]), 0);
	assert_true(event_bytes(&stage) > 0);
	/* One more: what nobody follows gives way, and the kernel is not to keep its lines. */
	assert_false(stage.fs.forgetting);
	assert_int_equal(follow(&stage, &scopes[WATCHES_MAX - 1], &followers[WATCHES_MAX - 1]), 0);
	assert_null(watch_events(stage.fs.watches, runtime, &here));
	assert_true(stage.fs.forgetting);
	/* Now all are followed. */
	assert_int_equal(follow(&stage, &scopes[WATCHES_MAX], &more), -EBUSY);
	assert_int_equal(await(&stage, &a_here, &watcher), -EBUSY);
	assert_int_equal(follow(&stage, &scopes[7], &first), 0); /* which is there */
	watch_unfollow(&more);                                   /* it never began */
	watch_leave(&watcher);
	watch_unfollow(&followers[3]);
	watch_unfollow(&followers[2]);
	assert_int_equal(follow(&stage, &scopes[2], &followers[2]), 0);
	watch_unfollow(&followers[2]);
	/* The one that was not used for longer goes. */
	assert_int_equal(follow(&stage, &scopes[WATCHES_MAX], &more), 0);
	assert_null(watch_events(stage.fs.watches, runtime, &scopes[3]));
	assert_non_null(watch_events(stage.fs.watches, runtime, &scopes[2]));
	assert_non_null(watch_events(stage.fs.watches, runtime, &scopes[7]));
	stage_close(&stage);
}

/* ---- when ---- */

static void resumed(struct watcher *watcher) {
	(void)watcher;
}

static void the_loop_wakes_for_a_round(void **state) {
	(void)state;
	struct follower follower = {0};
	struct watcher watcher = {.resume = resumed};
	struct stage stage;
	begin(&stage);
	const struct watches *watches = stage.fs.watches;
	assert_int_equal(watches_wait_ms(watches), -1);
	assert_int_equal(follow(&stage, &here, &follower), 0);
	assert_int_equal(watches_wait_ms(watches), 0); /* what there is is not known */
	stage_turn(&stage);
	assert_int_equal(watches_wait_ms(watches), -1); /* the answer wakes it */
	stage_answer(&stage, API_GET, RUNTIMES, 200, A("Running"));
	watch_unfollow(&follower);
	assert_int_equal(watches_wait_ms(watches), -1);
	assert_int_equal(follow(&stage, &here, &follower), 0);
	assert_int_equal(watches_wait_ms(watches), WATCH_MS); /* it is */
	stage_later(&stage, WATCH_MS - 1);
	assert_int_equal(watches_wait_ms(watches), 1);
	stage_later(&stage, 1);
	assert_int_equal(watches_wait_ms(watches), -1);
	stage_answer(&stage, API_GET, RUNTIMES, 200, A("Running"));
	watch_unfollow(&follower);
	assert_int_equal(watches_wait_ms(watches), -1);
	/* Who waits is not to wait for the first look. */
	assert_int_equal(await(&stage, &a_here, &watcher), 0);
	assert_int_equal(watches_wait_ms(watches), 0);
	assert_int_equal(await(&stage, &a_here, &watcher), 0); /* it goes on */
	watch_leave(&watcher);
	assert_int_equal(watches_wait_ms(watches), -1);
	stage_close(&stage);
}

static void a_change_hurries_the_next_round(void **state) {
	(void)state;
	struct follower follower = {0};
	struct stage stage;
	begin(&stage);
	assert_int_equal(follow(&stage, &here, &follower), 0);
	for (int i = 0; i < 8; i++)
		next_round(&stage, A("Running"));
	int slow_ms = watches_wait_ms(stage.fs.watches);
	assert_true(slow_ms > 2 * WATCH_MS);
	watch_hurry(stage.fs.watches, &kinds[KIND_AIMODEL]);
	assert_int_equal(watches_wait_ms(stage.fs.watches), slow_ms);
	watch_hurry(stage.fs.watches, runtime);
	assert_int_equal(watches_wait_ms(stage.fs.watches), WATCH_MS);
	/* Soon is soon: one more does not put it off. */
	stage_later(&stage, WATCH_MS / 2);
	watch_hurry(stage.fs.watches, runtime);
	assert_int_equal(watches_wait_ms(stage.fs.watches), WATCH_MS / 2);
	stage_close(&stage);
}

/* ---- who comes and goes ---- */

static size_t told;
static void count(struct follower *follower) {
	(void)follower;
	told++;
}
static void count_and_go(struct follower *follower) {
	told++;
	watch_unfollow(follower);
}

static void followers_come_and_go(void **state) {
	(void)state;
	struct follower a = {.changed = count}, b = {.changed = count_and_go}, c = {0}, d = {.changed = count};
	struct follower *const all[] = {&a, &b, &c, &d};
	struct stage stage;
	begin(&stage);
	told = 0;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		assert_int_equal(follow(&stage, &here, all[i]), 0);
	next_round(&stage, A("Pending"));
	assert_int_equal(told, 0); /* what is, is no change */
	next_round(&stage, A("Running"));
	assert_int_equal(told, 3);
	watch_unfollow(&b); /* it has gone */
	watch_unfollow(&c);
	next_round(&stage, A("Failed"));
	assert_int_equal(told, 5);
	watch_unfollow(&a); /* the last of the chain, and then the only one */
	next_round(&stage, A("Running"));
	assert_int_equal(told, 6);
	watch_unfollow(&d);
	size_t asked = fake_api_total(stage.api);
	stage_later(&stage, 100000);
	assert_int_equal(fake_api_total(stage.api), asked);
	stage_close(&stage);
}

static void the_end_lets_all_go(void **state) {
	(void)state;
	struct follower followers[2] = {{0}};
	struct watcher watchers[2] = {{.resume = resumed}, {.resume = resumed}};
	struct watches *watches = NULL;
	struct stage stage;
	begin(&stage);
	assert_int_equal(watches_new(&stage.fs, &watches), 0);
	for (int i = 0; i < 2; i++) {
		struct node *dir = dir_of(&stage);
		assert_int_equal(watch_follow(watches, runtime, &here, dir, &followers[i]), 0);
		assert_int_equal(watch_await(watches, runtime, &a_here, dir, &watchers[i]), 0);
	}
	watches_free(watches);
	for (int i = 0; i < 2; i++) {
		assert_null(followers[i].watch);
		assert_null(watchers[i].watch);
	}
	watches_free(NULL);
	stage_close(&stage);
}

/* ---- no memory ---- */

static void no_memory_to_begin(void **state) {
	(void)state;
	for (int waits = 0; waits < 2; waits++) {
		size_t refused = 0;
		bool reached = true;
		for (size_t at = 1; reached; at++) {
			struct follower follower = {0};
			struct watcher watcher = {.resume = resumed};
			struct stage stage;
			begin(&stage);
			alloc_arm(at);
			int rc = waits ? await(&stage, &a_here, &watcher) : follow(&stage, &here, &follower);
			reached = alloc_disarm();
			assert_true(rc == 0 || (rc == -ENOMEM && reached && alloc_live() == 0));
			assert_int_equal(watches_wait_ms(stage.fs.watches), rc ? -1 : 0);
			assert_int_equal(watch_events(stage.fs.watches, runtime, &here) != NULL, rc == 0);
			refused += rc != 0;
			watch_unfollow(&follower);
			watch_leave(&watcher);
			stage_close(&stage);
		}
		assert_true(refused > (waits ? 6 : 3)); /* the watch, its path, its ids; the watcher's own */
	}
}

/* A round without memory may lose its line: those after it tell what they find. */
static void no_memory_for_a_round(void **state) {
	(void)state;
	size_t at = 0, lost = 0;
	bool reached = true;
	while (reached) {
		struct follower follower = {0};
		struct stage stage;
		begin(&stage);
		assert_int_equal(follow(&stage, &here, &follower), 0);
		next_round(&stage, A("Pending"));
		stage_later(&stage, watches_wait_ms(stage.fs.watches));
		alloc_arm(++at);
		stage_answer(&stage, API_GET, RUNTIMES, 200, A("Running"));
		reached = alloc_disarm();
		assert_true(reached || event_bytes(&stage) > 0);
		lost += event_bytes(&stage) == 0;
		for (int i = 0; i < 2; i++) {
			size_t bytes = event_bytes(&stage);
			next_round(&stage, i ? A("Running") : A("Failed"));
			assert_true(event_bytes(&stage) > bytes);
		}
		watch_unfollow(&follower);
		stage_close(&stage);
	}
	assert_true(lost > 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(collections_are_bounded),
		cmocka_unit_test(the_loop_wakes_for_a_round),
		cmocka_unit_test(a_change_hurries_the_next_round),
		cmocka_unit_test(followers_come_and_go),
		cmocka_unit_test(the_end_lets_all_go),
		cmocka_unit_test(no_memory_to_begin),
		cmocka_unit_test(no_memory_for_a_round),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
