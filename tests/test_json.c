/* The views into JSON that was found good: walking, decoding, writing anew. */
#include "../api/json.h"
#include "../api/scope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CASE_COUNT(cases) (sizeof(cases) / sizeof(*(cases)))

static struct json scan_good(const char *text) {
	struct json value = {0};
	struct json_fault fault = {0};
	if (json_scan(text, strlen(text), &value, &fault) != JSON_OK)
		fail_msg("%s: %s at %zu", text, fault.what, fault.offset);
	return value;
}

static void members_are_found(void **state) {
	(void)state;
	struct json root =
		scan_good(" {\"a\":1,\"b\":{\"c\":{\"d\":\"x}]\\\"\"}},\"\\u0065\":[1,2],\"\":7,\"n\":null} ");
	assert_int_equal(root.type, JSON_OBJECT);
	assert_int_equal(*root.text, '{');
	assert_int_equal(json_member(root, "a").type, JSON_NUMBER);
	assert_int_equal(json_member(root, "A").type, JSON_ABSENT);
	assert_null(json_member(root, "A").text);
	assert_int_equal(json_member(root, "e").type, JSON_ARRAY);
	assert_int_equal(json_member(root, "").type, JSON_NUMBER);
	assert_int_equal(json_member(root, "n").type, JSON_NULL);
	assert_int_equal(json_member(json_member(root, "a"), "x").type, JSON_ABSENT);
	assert_int_equal(json_member((struct json){0}, "x").type, JSON_ABSENT);
	assert_true(json_string_is(json_at(root, "/b/c/d"), "x}]\""));
	assert_int_equal(json_at(root, "").type, JSON_OBJECT);
	assert_int_equal(json_at(root, "/").type, JSON_NUMBER);
	assert_int_equal(json_at(root, "/b/x/d").type, JSON_ABSENT);
	assert_int_equal(json_at(root, "/b/").type, JSON_ABSENT);
	assert_int_equal(json_at(root, "/a/b").type, JSON_ABSENT);
	assert_int_equal(json_at(root, "/e/0").type, JSON_ABSENT);
	assert_int_equal(json_at(root, "a").type, JSON_ABSENT);
}

static void containers_are_walked(void **state) {
	(void)state;
	static const char text[] = "[ 1 , [2,[3]] , {\"a\":{}} , \"]\" , true,false,null ,-1.5e3 ]";
	static const enum json_type types[] = {
		JSON_NUMBER, JSON_ARRAY, JSON_OBJECT, JSON_STRING, JSON_TRUE, JSON_FALSE, JSON_NULL, JSON_NUMBER};
	struct json_iter iter = json_iter(scan_good(text));
	size_t count = 0;
	while (json_next(&iter)) {
		assert_true(count < CASE_COUNT(types));
		assert_int_equal(iter.value.type, types[count]);
		assert_int_equal(iter.key.type, JSON_ABSENT);
		count++;
	}
	assert_int_equal(count, CASE_COUNT(types));
	assert_false(json_next(&iter));
	iter = json_iter(scan_good("{ }"));
	assert_false(json_next(&iter));
	iter = json_iter(scan_good("\"[1]\""));
	assert_false(json_next(&iter));
	iter = json_iter((struct json){0});
	assert_false(json_next(&iter));
	iter = json_iter(scan_good("{\"a\\\"\" : 1 , \"b\":[ ]}"));
	assert_true(json_next(&iter));
	assert_true(json_string_is(iter.key, "a\""));
	assert_int_equal(iter.value.len, 1);
	assert_true(json_next(&iter));
	assert_true(json_string_is(iter.key, "b"));
	assert_int_equal(iter.value.len, 3);
	assert_false(json_next(&iter));
}

static void texts_are_decoded(void **state) {
	(void)state;
	static const struct {
		const char *json, *text;
	} cases[] = {
		{"\"\"", ""},
		{"\"abc\"", "abc"},
		{"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
		{"\"\\u0041\\u00e9\\u20aC\"", "A\u00e9\u20ac"},
		{"\"\\ud83d\\ude00\\uD800\\uDC00\\udbff\\udfff\"", "\U0001F600\U00010000\U0010FFFF"},
		{"\"x\\u0001\"", "x\x01"},
		{"\"\\u07ff\\u0800\\uffff\"", "\u07ff\u0800\uffff"},
		{"\"\u00e9\\n\u00e9\"", "\u00e9\n\u00e9"},
		{"-0", "-0"},
		{"12345678901234567890", "12345678901234567890"},
		{"1.50", "1.50"},
		{"true", "true"},
		{"false", "false"},
		{"null", ""},
		{"[1, 2]", "[1, 2]"},
		{"{\"a\": \"\\n\"}", "{\"a\": \"\\n\"}"},
	};
	for (size_t i = 0; i < CASE_COUNT(cases); i++) {
		struct json value = scan_good(cases[i].json);
		SCOPED(scope_free) char *text = json_text_dup(value);
		assert_non_null(text);
		assert_string_equal(text, cases[i].text);
		if (value.type != JSON_STRING)
			continue;
		assert_true(json_string_is(value, text));
		SCOPED(buffer_free) struct buffer quoted = {0};
		json_quote(text, &quoted);
		assert_true(json_string_is(scan_good(quoted.data), text));
		assert_true(json_string_equal(scan_good(quoted.data), value));
	}
	SCOPED(scope_free) char *absent = json_text_dup((struct json){0});
	assert_string_equal(absent, "");
}

static void strings_are_compared_as_decoded(void **state) {
	(void)state;
	assert_false(json_string_is(scan_good("\"\\n\""), "\\n"));
	assert_true(json_string_is(scan_good("\"\\\\n\""), "\\n"));
	assert_false(json_string_is(scan_good("\"ab\""), "a"));
	assert_false(json_string_is(scan_good("\"a\""), "ab"));
	assert_false(json_string_is(scan_good("\"\\u0061\""), "ab"));
	assert_false(json_string_is(scan_good("\"\\u0061b\""), "a"));
	assert_false(json_string_is(scan_good("1"), "1"));
	assert_false(json_string_is((struct json){0}, ""));
	assert_false(json_string_equal(scan_good("1"), scan_good("1")));
	assert_false(json_string_equal(scan_good("\"ab\""), scan_good("\"a\"")));
	assert_false(json_string_equal(scan_good("\"\\u0062\""), scan_good("\"a\"")));
	assert_true(json_string_equal(scan_good("\"x\\u0061y\""), scan_good("\"xa\\u0079\"")));
	assert_true(json_same(scan_good("\"x\\u0061\""), scan_good("\"xa\"")));
	assert_true(json_same(scan_good("1"), scan_good("1")) && json_same((struct json){0}, (struct json){0}));
	assert_false(json_same(scan_good("1"), scan_good("1.0")) || json_same(scan_good("1"), scan_good("\"1\"")));
	assert_false(json_same(scan_good("null"), (struct json){0}));
}

static void values_are_shown_as_a_line(void **state) {
	(void)state;
	static const struct {
		const char *text, *line;
	} cases[] = {{"\"a\\nb\\u001b \\\\x\"", "a\\x0ab\\x1b \\x"}, {"1.50", "1.50"}, {"true", "true"}, {"null", ""},
		{"[ 1,\n \"\\n\" ]", "[1,\"\\n\"]"}};
	for (size_t i = 0; i < CASE_COUNT(cases); i++) {
		SCOPED(buffer_free) struct buffer out = {0};
		json_safe(scan_good(cases[i].text), &out);
		assert_string_equal(out.data ? out.data : "", cases[i].line);
	}
}

static void integers_are_read(void **state) {
	(void)state;
	static const struct {
		const char *text;
		bool good;
		long long number;
	} cases[] = {
		{"0", true, 0},
		{"-0", true, 0},
		{"7", true, 7},
		{"-12", true, -12},
		{"9223372036854775807", true, INT64_MAX},
		{"-9223372036854775808", true, INT64_MIN},
		{"9223372036854775808", false, 0},
		{"-9223372036854775809", false, 0},
		{"92233720368547758070", false, 0},
		{"3.0", false, 0},
		{"1e2", false, 0},
		{"\"1\"", false, 0},
		{"true", false, 0},
		{"null", false, 0},
	};
	for (size_t i = 0; i < CASE_COUNT(cases); i++) {
		long long number = 42;
		assert_int_equal(json_int(scan_good(cases[i].text), &number), cases[i].good);
		assert_true(number == (cases[i].good ? cases[i].number : 42));
	}
	long long number;
	assert_false(json_int((struct json){0}, &number));
}

static void values_are_written_anew(void **state) {
	(void)state;
	static const struct {
		const char *text, *indented, *compact;
	} cases[] = {
		{" 1.0 ", "1.0", "1.0"},
		{"\"a b\\u0041\"", "\"a b\\u0041\"", "\"a b\\u0041\""},
		{"[ ]", "[]", "[]"},
		{"{\n}", "{}", "{}"},
		{"null", "null", "null"},
		{"[1,[ ],\"x, :{\"]", "[\n  1,\n  [],\n  \"x, :{\"\n]", "[1,[],\"x, :{\"]"},
		{"{\"a\" : {\"b\":[true , 1e5]},\n\"c\":{ }}",
			"{\n  \"a\": {\n    \"b\": [\n      true,\n      1e5\n    ]\n  },\n  \"c\": {}\n}",
			"{\"a\":{\"b\":[true,1e5]},\"c\":{}}"},
	};
	for (size_t i = 0; i < CASE_COUNT(cases); i++) {
		SCOPED(buffer_free) struct buffer out = {0};
		json_indent(scan_good(cases[i].text), &out);
		assert_string_equal(out.data, cases[i].indented);
		buffer_clear(&out);
		json_compact(scan_good(cases[i].text), &out);
		assert_string_equal(out.data, cases[i].compact);
		buffer_clear(&out);
		json_line(scan_good(cases[i].text), &out);
		assert_string_equal(out.data, cases[i].compact);
	}
	SCOPED(buffer_free) struct buffer out = {0};
	json_indent((struct json){0}, &out);
	assert_int_equal(out.len, 0);
	json_quote("a\"\\\x01\n\x7f\u00e9", &out);
	assert_string_equal(out.data, "\"a\\\"\\\\\\u0001\\n\x7f\u00e9\"");
}

/* What people can make a server say is read, and shown so that it steers nothing; what is no JSON is not read. */
static void answers_are_read_leniently(void **state) {
	(void)state;
	static const struct {
		const char *text, *decoded, *shown; /* NULL: refused */
	} cases[] = {
		{"\"\\u0000a\"",
			"\xC0\x80"
			"a",
			"\"\\u0000a\""},
		{"\"\\ud800\"", "\xED\xA0\x80", "\"\\ud800\""},
		{"\"\\udc00\\ud83d\"", "\xED\xB0\x80\xED\xA0\xBD", "\"\\udc00\\ud83d\""},
		{"\"\\ud83d\\ud83d\\ude00\"", "\xED\xA0\xBD\U0001F600", "\"\\ud83d\\ud83d\\ude00\""},
		{"\"\\ud800\\u0041\"",
			"\xED\xA0\x80"
			"A",
			"\"\\ud800\\u0041\""},
		{"\"\xFF\"", "\xFF", "\"\\udcff\""},
		{"\"\xC3\"", "\xC3", "\"\\udcc3\""},
		{"\"\x01\n\x1b\"", "\x01\n\x1b", "\"\\u0001\\u000a\\u001b\""},
		{"\"\x7f\xC2\x9B\"", "\x7f\xC2\x9B", "\"\\u007f\\u009b\""},
		{"[\"\xC2\x9B\"]", "[\"\xC2\x9B\"]", "[\n  \"\\u009b\"\n]"},
		{"\"\\ud8\"", NULL, NULL},
		{"\"\\u00g0\"", NULL, NULL},
		{"\"a", NULL, NULL},
		{"\"\\q\"", NULL, NULL},
		{"\xFF", NULL, NULL},
		{"{\"a\":1,\"a\":2}", NULL, NULL},
		{"1e400", NULL, NULL},
	};
	for (size_t i = 0; i < CASE_COUNT(cases); i++) {
		struct json value;
		struct json_fault fault;
		enum json_verdict verdict = json_scan_answer(cases[i].text, strlen(cases[i].text), &value, &fault);
		assert_int_equal(verdict == JSON_OK, cases[i].decoded != NULL);
		if (verdict != JSON_OK)
			continue;
		SCOPED(buffer_free) struct buffer out = {0};
		json_text(value, &out);
		assert_string_equal(out.data, cases[i].decoded);
		assert_int_equal(out.len, strlen(cases[i].decoded));
		buffer_clear(&out);
		json_indent(value, &out);
		assert_string_equal(out.data, cases[i].shown);
		buffer_clear(&out);
		json_line(value, &out);
		assert_string_equal(out.data, value.type == JSON_ARRAY ? "[\"\\u009b\"]" : cases[i].shown);
	}
	assert_int_equal(json_scan_answer("\"a\0b\"", 5, NULL, NULL), JSON_BAD);
	assert_int_equal(json_scan("\"\xFF\"", 3, NULL, NULL), JSON_BAD);
	assert_int_equal(json_scan("\"\\u0000\"", 8, NULL, NULL), JSON_BAD);
}

static void places_have_line_and_column(void **state) {
	(void)state;
	static const char text[] = "ab\n\u00e9\u20acx\n\n\tz";
	static const struct {
		size_t offset, line, column;
	} cases[] = {{0, 1, 1}, {1, 1, 2}, {2, 1, 3}, {3, 2, 1}, {5, 2, 2}, {8, 2, 3}, {9, 2, 4}, {10, 3, 1},
		{11, 4, 1}, {12, 4, 2}, {13, 4, 3}};
	for (size_t i = 0; i < CASE_COUNT(cases); i++) {
		size_t line;
		size_t column;
		json_position(text, cases[i].offset, &line, &column);
		assert_int_equal(line, cases[i].line);
		assert_int_equal(column, cases[i].column);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_found),
		cmocka_unit_test(containers_are_walked),
		cmocka_unit_test(texts_are_decoded),
		cmocka_unit_test(strings_are_compared_as_decoded),
		cmocka_unit_test(values_are_shown_as_a_line),
		cmocka_unit_test(integers_are_read),
		cmocka_unit_test(values_are_written_anew),
		cmocka_unit_test(answers_are_read_leniently),
		cmocka_unit_test(places_have_line_and_column),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
