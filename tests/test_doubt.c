/* When to look for a create whose outcome is not known, and when it may be called absent. */
#include "../fs/doubt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { SENT_MS = 5000, PATIENCE_MS = 120000 };

static struct doubt begin(void) {
	struct doubt doubt;
	doubt_begin(&doubt, SENT_MS, PATIENCE_MS, SENT_MS + DOUBT_FIRST_MS);
	return doubt;
}

static void looks_less_and_less_often(void **state) {
	(void)state;
	static const int64_t after_s[] = {1, 1, 2, 4, 7, 15, 30, 30, 30};
	struct doubt doubt = begin();
	int64_t now_ms = SENT_MS;
	for (size_t i = 0; i < sizeof after_s / sizeof *after_s; i++) {
		assert_int_equal(doubt.next_ms - now_ms, after_s[i] * 1000);
		now_ms = doubt.next_ms;
		assert_int_equal(doubt_looked(&doubt, DOUBT_UNSEEN, now_ms, now_ms), DOUBT_STAYS);
	}
}

static void what_is_seen_is_there(void **state) {
	(void)state;
	struct doubt doubt = begin();
	assert_int_equal(doubt_looked(&doubt, DOUBT_SEEN, SENT_MS, SENT_MS), DOUBT_THERE);
	/* Also after a listing that lacked it. */
	assert_int_equal(doubt_looked(&doubt, DOUBT_MISSED, SENT_MS, SENT_MS), DOUBT_STAYS);
	assert_int_equal(doubt_looked(&doubt, DOUBT_SEEN, SENT_MS + 1, SENT_MS + 1), DOUBT_THERE);
}

static void absence_takes_two_listings_and_time(void **state) {
	(void)state;
	static const struct {
		int64_t first_ms, second_ms; /* after it was sent */
		enum doubt_verdict verdict;
	} cases[] = {
		{1000, PATIENCE_MS, DOUBT_ABSENT},
		{1000, PATIENCE_MS - 1, DOUBT_STAYS},
		{PATIENCE_MS, PATIENCE_MS + DOUBT_APART_MS, DOUBT_ABSENT},
		{PATIENCE_MS, PATIENCE_MS + DOUBT_APART_MS - 1, DOUBT_STAYS},
		{PATIENCE_MS - DOUBT_APART_MS, PATIENCE_MS, DOUBT_ABSENT},
		{0, 1000000000, DOUBT_ABSENT},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct doubt doubt = begin();
		int64_t first_ms = SENT_MS + cases[i].first_ms, second_ms = SENT_MS + cases[i].second_ms;
		assert_int_equal(doubt_looked(&doubt, DOUBT_MISSED, first_ms, first_ms), DOUBT_STAYS);
		assert_int_equal(doubt_looked(&doubt, DOUBT_MISSED, second_ms, second_ms), cases[i].verdict);
	}
}

/* The time that counts is when a listing began: what it says may be that old. */
static void a_slow_listing_is_old(void **state) {
	(void)state;
	struct doubt doubt = begin();
	doubt_looked(&doubt, DOUBT_MISSED, SENT_MS, SENT_MS);
	int64_t began_ms = SENT_MS + PATIENCE_MS - 1;
	assert_int_equal(doubt_looked(&doubt, DOUBT_MISSED, began_ms, began_ms + 30000), DOUBT_STAYS);
}

/* One that failed, or was not whole, shows nothing, however late. */
static void what_was_not_seen_is_not_missed(void **state) {
	(void)state;
	struct doubt doubt = begin();
	int64_t now_ms = SENT_MS;
	for (int i = 0; i < 1000; i++) {
		now_ms = doubt.next_ms;
		assert_int_equal(doubt_looked(&doubt, DOUBT_UNSEEN, now_ms, now_ms), DOUBT_STAYS);
	}
	assert_int_equal(doubt_looked(&doubt, DOUBT_MISSED, now_ms, now_ms), DOUBT_STAYS);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(looks_less_and_less_often),
		cmocka_unit_test(what_is_seen_is_there),
		cmocka_unit_test(absence_takes_two_listings_and_time),
		cmocka_unit_test(a_slow_listing_is_old),
		cmocka_unit_test(what_was_not_seen_is_not_missed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
