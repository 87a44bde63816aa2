/* The supervisor's bound on mounting again. */
#include "../fs/mount.h"
#include "../fs/supervisor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

int mount_bury(dev_t device) {
	(void)device;
	return 0;
}

static void the_first_is_at_once_and_the_next_pause(void **state) {
	(void)state;
	struct restarts restarts = {0};
	static const int pauses_ms[] = {0, 1000, 3000, 9000, 10000, 10000};
	int64_t now_ms = 1000000;
	for (size_t i = 0; i < sizeof pauses_ms / sizeof *pauses_ms; i++) {
		assert_int_equal(restarts_next(&restarts, 60, now_ms), pauses_ms[i]);
		now_ms += pauses_ms[i];
	}
}

static void so_many_in_a_minute_and_no_more(void **state) {
	(void)state;
	struct restarts restarts = {0};
	assert_int_equal(restarts_next(&restarts, 0, 5), -1);
	assert_int_equal(restarts_next(&restarts, 2, 5), 0);
	assert_int_equal(restarts_next(&restarts, 2, 6), 1000);
	assert_int_equal(restarts_next(&restarts, 2, 2000), -1);
	assert_int_equal(restarts_next(&restarts, 2, 5 + RESTARTS_SPAN_MS - 1), -1);
	assert_int_equal(restarts_next(&restarts, 2, 5 + RESTARTS_SPAN_MS), 1000); /* the first is forgotten */
	assert_int_equal(restarts_next(&restarts, 2, 5 + RESTARTS_SPAN_MS), -1);
	assert_int_equal(restarts_next(&restarts, 2, 5 + 3 * (int64_t)RESTARTS_SPAN_MS), 0);
}

static void the_bound_of_the_option_is_kept(void **state) {
	(void)state;
	struct restarts restarts = {0};
	int count = 0;
	while (restarts_next(&restarts, RESTARTS_MAX + 5, 0) >= 0)
		count++;
	assert_int_equal(count, RESTARTS_MAX);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_is_at_once_and_the_next_pause),
		cmocka_unit_test(so_many_in_a_minute_and_no_more),
		cmocka_unit_test(the_bound_of_the_option_is_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
