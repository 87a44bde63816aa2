/* What a line of `events` says of a resource in two listings, and when there is one. */
#include "../fs/event.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { NOON = 1769860800 }; /* of 31 January 2026 */

static const struct kind full = {.status = "/status", .reason = "/reason"},
			 watched = {.status = "/status", .watched = "/free"}, bare = {0};

static struct item item_of(const char *text) {
	struct item item = {.id = "id-x", .name = "x"};
	assert_int_equal(json_scan(text, strlen(text), &item.json, NULL), JSON_OK);
	return item;
}

static void check(const struct kind *kind, const struct item *before, const struct item *after, const char *line) {
	struct buffer out = {0};
	event_show(kind, before, after, NOON, &out);
	assert_int_equal(out.error, 0);
	assert_string_equal(out.data, line);
	buffer_free(&out);
}

static void lines(void **state) {
	(void)state;
	struct item ready = item_of("{\"status\":\"ready\"}");
	struct item failed = item_of("{\"status\":\"failed\",\"reason\":\"no\\ncapacity\",\"free\":false}");
	check(&full, &ready, &failed, "2026-01-31T12:00:00Z\tx\tready\tfailed\tno\\x0acapacity\n");
	check(&full, &failed, &ready, "2026-01-31T12:00:00Z\tx\tfailed\tready\t-\n");
	check(&full, NULL, &ready, "2026-01-31T12:00:00Z\tx\t-\tready\t-\n");
	check(&full, &failed, NULL, "2026-01-31T12:00:00Z\tx\tfailed\tgone\t-\n");
	/* Instead of the status, where something else is what matters. */
	check(&watched, NULL, &failed, "2026-01-31T12:00:00Z\tx\t-\tfalse\t-\n");
	/* Where nothing tells a state, to be there is one. */
	check(&bare, NULL, &failed, "2026-01-31T12:00:00Z\tx\t-\tlisted\t-\n");
	check(&bare, &failed, NULL, "2026-01-31T12:00:00Z\tx\tlisted\tgone\t-\n");
	failed.group = "r-1";
	check(&watched, &failed, NULL, "2026-01-31T12:00:00Z\tr-1/x\tfalse\tgone\t-\n");
}

static void the_asking(void **state) {
	(void)state;
	static const struct {
		int before, after;
		const char *reason, *line;
	} cases[] = {
		{0, EKEYEXPIRED, "the API answered 401: no\n\033[2Jtoken",
			"2026-01-31T12:00:00Z\t.\tup\tEKEYEXPIRED\tthe API answered 401: no\\x0a\\x1b[2Jtoken\n"},
		{EKEYEXPIRED, EHOSTUNREACH, "", "2026-01-31T12:00:00Z\t.\tEKEYEXPIRED\tEHOSTUNREACH\t-\n"},
		{EHOSTUNREACH, 0, "", "2026-01-31T12:00:00Z\t.\tEHOSTUNREACH\tup\t-\n"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buffer out = {0};
		event_show_asking(cases[i].before, cases[i].after, cases[i].reason, NOON, &out);
		assert_int_equal(out.error, 0);
		assert_string_equal(out.data, cases[i].line);
		buffer_free(&out);
	}
}

static void differences(void **state) {
	(void)state;
	struct item first = item_of("{\"status\":\"ready\",\"reason\":\"r\",\"free\":1,\"price\":1}");
	struct item price = item_of("{\"status\":\"ready\",\"reason\":\"r\",\"free\":1,\"price\":2}");
	struct item status = item_of("{\"status\":\"Ready\",\"reason\":\"r\",\"free\":1}");
	struct item reason = item_of("{\"status\":\"ready\",\"reason\":\"s\",\"free\":1}");
	struct item longer = item_of("{\"status\":\"ready\",\"reason\":\"rr\",\"free\":1}");
	struct item less = item_of("{\"status\":\"ready\",\"free\":1}");
	struct item taken = item_of("{\"status\":\"ready\",\"reason\":\"r\",\"free\":0}");
	assert_false(event_differs(&full, &first, &price));
	assert_true(event_differs(&full, &first, &status));
	assert_true(event_differs(&full, &first, &reason));
	assert_true(event_differs(&full, &first, &longer));
	assert_true(event_differs(&full, &first, &less));
	assert_false(event_differs(&full, &first, &taken));
	assert_true(event_differs(&watched, &first, &taken));
	assert_false(event_differs(&watched, &first, &less));
	assert_false(event_differs(&bare, &first, &status));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(the_asking),
		cmocka_unit_test(differences),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
