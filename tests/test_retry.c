/* What is worth another attempt, and after how long. */
#include "../api/retry.h"

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void what_passes_by_itself(void **state) {
	(void)state;
	static const struct {
		int code, status;
		bool worth;
	} cases[] = {
		{0, 200, false},
		{ETIMEDOUT, 0, true},
		{EHOSTUNREACH, 0, true},
		{EREMOTEIO, 0, true},
		{EREMOTEIO, 200, true}, /* its body was cut off */
		{EREMOTEIO, 302, false},
		{EINVAL, 400, false},
		{EKEYEXPIRED, 401, false},
		{EDQUOT, 402, false},
		{ENOENT, 404, false},
		{ETIMEDOUT, 408, true},
		{EEXIST, 409, false},
		{EREMOTEIO, 425, true},
		{EBUSY, 429, true},
		{EREMOTEIO, 500, true},
		{EREMOTEIO, 599, true},
		{EPROTO, 0, false},      /* a certificate does not become good */
		{EKEYEXPIRED, 0, false}, /* no token */
		{ENOMEM, 0, false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct api_response response = {.code = cases[i].code, .status = cases[i].status};
		if (retry_worth(&response) != cases[i].worth)
			fail_msg("code %d, status %d", cases[i].code, cases[i].status);
	}
}

static void the_bound_doubles(void **state) {
	(void)state;
	static const struct {
		int status;
		unsigned attempts, bound_ms;
	} cases[] = {{503, 1, 200}, {503, 2, 400}, {503, 3, 800}, {503, 9, 5000}, {429, 1, 1000}, {429, 2, 2000},
		{429, 9, 5000}, {0, 1, 200}};
	uint64_t seed = 42;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct api_response response = {.code = EREMOTEIO, .status = cases[i].status};
		unsigned least = UINT_MAX, most = 0;
		for (int n = 0; n < 10000; n++) {
			unsigned pause_ms = retry_pause_ms(&response, cases[i].attempts, &seed);
			least = pause_ms < least ? pause_ms : least;
			most = pause_ms > most ? pause_ms : most;
		}
		assert_in_range(least, 1, cases[i].bound_ms / 10);
		assert_in_range(most, cases[i].bound_ms * 9 / 10, cases[i].bound_ms);
	}
}

static void retry_after_is_kept(void **state) {
	(void)state;
	uint64_t seed = 0;
	struct api_response response = {.code = EBUSY, .status = 429, .retry_after_ms = 7000};
	assert_int_equal(retry_pause_ms(&response, 1, &seed), 7000);
}

static void the_same_seed_gives_the_same(void **state) {
	(void)state;
	uint64_t one = 7, two = 7;
	struct api_response response = {.code = EREMOTEIO, .status = 500};
	for (int i = 0; i < 100; i++)
		assert_int_equal(retry_pause_ms(&response, 3, &one), retry_pause_ms(&response, 3, &two));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_passes_by_itself),
		cmocka_unit_test(the_bound_doubles),
		cmocka_unit_test(retry_after_is_kept),
		cmocka_unit_test(the_same_seed_gives_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
