/* How long a scale that passed counts; test_brake.c has what it counts for. */
#include "../fs/scales.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { DEADLINE_MS = 30000, BEGUN_MS = 1000, DOUBTED_MS = BEGUN_MS + DEADLINE_MS + SCALES_DOUBT_MS };

static const struct kind *const kind = &kinds[KIND_AIMODEL];
static const struct scope one = {.ids = {"o", "p", "one"}, .count = 3}, two = {.ids = {"o", "p", "two"}, .count = 3};
static struct scales *scales;

static int setup(void **state) {
	(void)state;
	return scales_new(&scales);
}

static int teardown(void **state) {
	(void)state;
	scales_free(scales);
	return 0;
}

static int add(const struct scope *scope, long long replicas, int64_t now_ms) {
	return scales_add(scales, kind, scope, replicas, DEADLINE_MS, now_ms);
}

static long long most(const struct scope *scope, bool moving, int64_t now_ms) {
	long long replicas = -1;
	assert_int_equal(scales_most(scales, kind, scope, moving, now_ms, &replicas), 0);
	return replicas;
}

static void the_most_of_a_resource(void **state) {
	(void)state;
	assert_int_equal(most(&one, false, BEGUN_MS), 0);
	assert_int_equal(add(&one, 3, BEGUN_MS), 0);
	assert_int_equal(add(&one, 5, BEGUN_MS), 0);
	assert_int_equal(add(&one, 4, BEGUN_MS), 0);
	assert_int_equal(most(&one, false, BEGUN_MS), 5);
	assert_int_equal(most(&two, false, BEGUN_MS), 0);
	/* Each ends by its own number. */
	scales_end(scales, kind, &two, 5, false, BEGUN_MS);
	scales_end(scales, kind, &one, 6, false, BEGUN_MS);
	assert_int_equal(most(&one, false, BEGUN_MS), 5);
	scales_end(scales, kind, &one, 5, false, BEGUN_MS);
	assert_int_equal(most(&one, false, BEGUN_MS), 4);
}

/* Of two alike, of which one is accepted already, the other one ends. */
static void an_end_is_of_one(void **state) {
	(void)state;
	assert_int_equal(add(&one, 3, BEGUN_MS), 0);
	assert_int_equal(add(&one, 3, BEGUN_MS), 0);
	scales_end(scales, kind, &one, 3, true, BEGUN_MS);
	scales_end(scales, kind, &one, 3, false, BEGUN_MS);
	assert_int_equal(most(&one, true, BEGUN_MS + SCALES_LAG_MS), 3);
	assert_int_equal(most(&one, true, BEGUN_MS + SCALES_LAG_MS + 1), 0);
}

static void without_an_outcome(void **state) {
	(void)state;
	assert_int_equal(add(&one, 3, BEGUN_MS), 0);
	assert_int_equal(most(&one, false, DOUBTED_MS), 3);
	assert_int_equal(most(&one, true, DOUBTED_MS + 1), 3);
	assert_int_equal(most(&one, false, DOUBTED_MS + 1), 0);
	assert_int_equal(most(&one, true, DOUBTED_MS + 1), 0); /* it is forgotten */
}

/* Where there is no place any more, one that may be over makes room: the one that has been so for longest. */
static void bound(void **state) {
	(void)state;
	for (int i = 0; i < SCALES_MAX; i++)
		assert_int_equal(add(&one, i == 7 ? 5000 : 2 + i, BEGUN_MS + (i == 3 ? 1 : i == 7 ? 0 : 10)), 0);
	assert_int_equal(add(&two, 9, DOUBTED_MS), -EBUSY);
	assert_int_equal(most(&one, false, DOUBTED_MS), 5000);
	assert_int_equal(add(&two, 9, DOUBTED_MS + 2), 0);
	assert_int_equal(most(&one, true, DOUBTED_MS + 2), SCALES_MAX + 1);
	assert_int_equal(add(&two, 10, DOUBTED_MS + 2), 0);
	assert_int_equal(add(&two, 11, DOUBTED_MS + 2), -EBUSY);
	/* So does one that has ended. */
	scales_end(scales, kind, &one, SCALES_MAX + 1, false, DOUBTED_MS + 2);
	assert_int_equal(add(&two, 11, DOUBTED_MS + 2), 0);
	assert_int_equal(most(&one, true, DOUBTED_MS + 2), SCALES_MAX);
	assert_int_equal(most(&two, false, DOUBTED_MS + 2), 11);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_most_of_a_resource, setup, teardown),
		cmocka_unit_test_setup_teardown(an_end_is_of_one, setup, teardown),
		cmocka_unit_test_setup_teardown(without_an_outcome, setup, teardown),
		cmocka_unit_test_setup_teardown(bound, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
