/* The strict scan: what is JSON, what is not, what may still become some. */
#include "../api/json.h"
#include "../api/scope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct scan_case {
	const char *text;
	enum json_verdict verdict;
	size_t offset; /* of the fault */
};

#define CASE_COUNT(cases) (sizeof(cases) / sizeof(*(cases)))

/* A copy of exactly that size, so that a sanitizer sees each byte read too far. */
static enum json_verdict scan_copy(const char *text, size_t len, struct json_fault *ret_fault) {
	char *copy = malloc(len ? len : 1);
	assert_non_null(copy);
	memcpy(copy, text, len);
	struct json value;
	enum json_verdict verdict = json_scan(copy, len, &value, ret_fault);
	if (verdict != JSON_OK)
		assert_non_null(ret_fault->what);
	free(copy);
	return verdict;
}

static void check_cases(const struct scan_case *cases, size_t count) {
	for (size_t i = 0; i < count; i++) {
		struct json_fault fault = {0};
		enum json_verdict verdict = scan_copy(cases[i].text, strlen(cases[i].text), &fault);
		if (verdict != cases[i].verdict || fault.offset != cases[i].offset)
			fail_msg("%s: verdict %d at %zu (%s), not %d at %zu", cases[i].text, verdict, fault.offset,
				fault.what ? fault.what : "", cases[i].verdict, cases[i].offset);
	}
}

static void scan_takes(void **state) {
	(void)state;
	static const struct scan_case cases[] = {
		{.text = "null"},
		{.text = "true"},
		{.text = "false"},
		{.text = "0"},
		{.text = "-0"},
		{.text = "12"},
		{.text = "-1"},
		{.text = "0.5"},
		{.text = "1e5"},
		{.text = "1E+5"},
		{.text = "1e-5"},
		{.text = "-0.0e-0"},
		{.text = "0e999999999999999999999"},
		{.text = "1e-999999999999999999999"},
		{.text = "12345678901234567890123456789012345678901234567890"},
		{.text = "1.7976931348623157e308"},
		{.text = "0.00017976931348623157e312"},
		{.text = "179769313486231570000e288"},
		{.text = "-1e308"},
		{.text = "\"\""},
		{.text = "\"a\""},
		{.text = "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""},
		{.text = "\"\\u0001\\uFFFF\""},
		{.text = "\"\\uD83D\\uDE00\""},
		{.text = "\"\\ud83d\\ude00\""},
		{.text = "\"\x7f\""},
		{.text = "\"\u00e9\u20ac\U0001F600\""},
		{.text = "\"\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF\""},
		{.text = "\"\xC2\x80\xE0\xA0\x80\xF0\x90\x80\x80\""},
		{.text = "\"\xEF\xBF\xBF\xEF\xBB\xBF\""},
		{.text = "[]"},
		{.text = "{}"},
		{.text = " [ ] "},
		{.text = "\t\r\n{ }\n"},
		{.text = "[[],{},[{}]]"},
		{.text = "[1,\"a\",null,true,false,{\"a\":[]}]"},
		{.text = "{\"\":0}"},
		{.text = "{\"a\":1,\"A\":2}"},
		{.text = "{\"a\":{\"a\":1},\"b\":{\"a\":1}}"},
		{.text = "[{\"a\":1},{\"a\":1}]"},
		{.text = "{ \"a\" : 1 , \"b\" : [ 1 , 2 ] }"},
		{.text = "{\"a\\\\\":1,\"a\":2}"},
		{.text = "{\"ab\":1,\"a\":2,\"abc\":3}"},
	};
	check_cases(cases, CASE_COUNT(cases));
}

static void scan_refuses(void **state) {
	(void)state;
	static const struct scan_case cases[] = {
		{"nul1", JSON_BAD, 0},
		{"True", JSON_BAD, 0},
		{"nan", JSON_BAD, 0},
		{"NaN", JSON_BAD, 0},
		{"Infinity", JSON_BAD, 0},
		{"+1", JSON_BAD, 0},
		{".5", JSON_BAD, 0},
		{"01", JSON_BAD, 0},
		{"-01", JSON_BAD, 0},
		{"1.e5", JSON_BAD, 2},
		{"1.x", JSON_BAD, 2},
		{"1ex", JSON_BAD, 2},
		{"1e+x", JSON_BAD, 3},
		{"-x", JSON_BAD, 1},
		{"--1", JSON_BAD, 1},
		{"0x1", JSON_BAD, 1},
		{"1 2", JSON_BAD, 2},
		{"1a", JSON_BAD, 1},
		{"[1a]", JSON_BAD, 2},
		{"1e400", JSON_BAD, 0},
		{"[1e400]", JSON_BAD, 1},
		{"-1e309", JSON_BAD, 0},
		{"[1.7976931348623158e308]", JSON_BAD, 1},
		{"[1e99999999999999999999]", JSON_BAD, 1},
		{"[0.00001e314]", JSON_BAD, 1},
		{"'a'", JSON_BAD, 0},
		{"\"a\nb\"", JSON_BAD, 2},
		{"\"a\tb\"", JSON_BAD, 2},
		{"\"\x1f\"", JSON_BAD, 1},
		{"\"\\x\"", JSON_BAD, 1},
		{"\"\\'\"", JSON_BAD, 1},
		{"\"\\u12g4\"", JSON_BAD, 5},
		{"\"\\u 123\"", JSON_BAD, 3},
		{"\"\\u0000\"", JSON_BAD, 1},
		{"\"\\ud800\"", JSON_BAD, 1},
		{"\"\\ud800x\"", JSON_BAD, 1},
		{"\"\\ud800\\n\"", JSON_BAD, 1},
		{"\"\\ud800\\u0041\"", JSON_BAD, 1},
		{"\"\\ud800\\ud800\"", JSON_BAD, 1},
		{"\"a\\udc00\"", JSON_BAD, 2},
		{"\"\\ud800\\u00", JSON_BAD, 1},
		{"\"\\ud800\\ud8", JSON_BAD, 1},
		{"\"\x80\"", JSON_BAD, 1},
		{"\"\xC0\x80\"", JSON_BAD, 1},
		{"\"\xC1\xBF\"", JSON_BAD, 1},
		{"\"\xE0\x9F\xBF\"", JSON_BAD, 1},
		{"\"\xED\xA0\x80\"", JSON_BAD, 1},
		{"\"\xED\xBF\xBF\"", JSON_BAD, 1},
		{"\"\xF0\x8F\xBF\xBF\"", JSON_BAD, 1},
		{"\"\xF4\x90\x80\x80\"", JSON_BAD, 1},
		{"\"\xF5\x80\x80\x80\"", JSON_BAD, 1},
		{"\"\xFF\"", JSON_BAD, 1},
		{"\"\xE2\x82\"", JSON_BAD, 1},
		{"\"\xC3(\"", JSON_BAD, 1},
		{"\"0123456\xFE\"", JSON_BAD, 8},
		{"\xEF\xBB\xBF{}", JSON_BAD, 0},
		{"[1,]", JSON_BAD, 3},
		{"[,1]", JSON_BAD, 1},
		{"[1 2]", JSON_BAD, 3},
		{"[1}", JSON_BAD, 2},
		{"]", JSON_BAD, 0},
		{"{]", JSON_BAD, 1},
		{"{,}", JSON_BAD, 1},
		{"{\"a\":1,}", JSON_BAD, 7},
		{"{\"a\"}", JSON_BAD, 4},
		{"{\"a\" 1}", JSON_BAD, 5},
		{"{\"a\":}", JSON_BAD, 5},
		{"{a:1}", JSON_BAD, 1},
		{"{1:1}", JSON_BAD, 1},
		{"{\"a\":1 \"b\":2}", JSON_BAD, 7},
		{"{\"a\":1]", JSON_BAD, 6},
		{"{}{}", JSON_BAD, 2},
		{"{} x", JSON_BAD, 3},
		{"[]]", JSON_BAD, 2},
		{"// c\n1", JSON_BAD, 0},
		{"[1/**/]", JSON_BAD, 2},
		{"\v1", JSON_BAD, 0},
		{"\f1", JSON_BAD, 0},
		{"\xC2\xA0"
		 "1",
			JSON_BAD, 0},
		{"{\"a\":1,\"a\":2}", JSON_BAD, 7},
		{"{\"a\":1,\"\\u0061\":2}", JSON_BAD, 7},
		{"{\"\\u0061\":1,\"a\":2}", JSON_BAD, 12},
		{"{\"\":1,\"\":2}", JSON_BAD, 6},
		{"{\"\\n\":1,\"\\u000A\":2}", JSON_BAD, 8},
		{"[{\"x\":{\"b\":1,\"c\":2,\"b\":3}}]", JSON_BAD, 19},
		{"{\"\U0001F600\":1,\"\\ud83d\\uDE00\":2}", JSON_BAD, 10},
		{"{\"a\":1,\"a\"", JSON_BAD, 7},
		{"{\"/\":1,\"\\/\":2}", JSON_BAD, 7},
	};
	check_cases(cases, CASE_COUNT(cases));
	struct json_fault fault;
	assert_int_equal(scan_copy("\0", 1, &fault), JSON_BAD);
	assert_int_equal(scan_copy("\"a\0b\"", 5, &fault), JSON_BAD);
	assert_int_equal(fault.offset, 2);
	assert_int_equal(scan_copy("\"\\\0\"", 4, &fault), JSON_BAD);
	assert_int_equal(scan_copy("1\0", 2, &fault), JSON_BAD);
	assert_int_equal(fault.offset, 1);
}

static void scan_waits(void **state) {
	(void)state;
	static const char *const texts[] = {
		"",
		" ",
		"\n\t\r ",
		"n",
		"tru",
		"fals",
		"-",
		"1.",
		"1e",
		"1e+",
		"1E-",
		"\"",
		"\"a",
		"\"\\",
		"\"\\u",
		"\"\\u00",
		"\"\\u004",
		"\"\\ud83d",
		"\"\\ud83d\\",
		"\"\\ud83d\\u",
		"\"\\ud83d\\ud",
		"\"\\ud83d\\uDe0",
		"\"\xC3",
		"\"\xE2\x82",
		"\"\xF0\x9F\x98",
		"\"\xE0",
		"[",
		"[1",
		"[1,",
		"[[]",
		"{",
		"{\"",
		"{\"a",
		"{\"a\"",
		"{\"a\":",
		"{\"a\":1",
		"{\"a\":1,",
		"{\"a\":1,\"a",
		"{\"a\":[{",
		"[\"x\",nul",
		" {",
	};
	for (size_t i = 0; i < CASE_COUNT(texts); i++) {
		struct json_fault fault = {0};
		enum json_verdict verdict = scan_copy(texts[i], strlen(texts[i]), &fault);
		if (verdict != JSON_INCOMPLETE || fault.offset != strlen(texts[i]))
			fail_msg("%s: verdict %d at %zu", texts[i], verdict, fault.offset);
	}
	assert_int_equal(json_scan(NULL, 0, NULL, NULL), JSON_INCOMPLETE);
}

/* A number of 400 digits is too large, but "e-200" may still follow at the end of the text. */
static void scan_waits_for_an_exponent(void **state) {
	(void)state;
	char text[512];
	memset(text, '9', sizeof(text));
	struct json_fault fault;
	assert_int_equal(scan_copy(text, 400, &fault), JSON_INCOMPLETE);
	memcpy(text + 400, "e-1", 3);
	assert_int_equal(scan_copy(text, 403, &fault), JSON_INCOMPLETE);
	text[403] = '9';
	assert_int_equal(scan_copy(text, 404, &fault), JSON_INCOMPLETE);
	text[404] = '9';
	assert_int_equal(scan_copy(text, 405, &fault), JSON_OK);
	text[404] = ' ';
	assert_int_equal(scan_copy(text, 405, &fault), JSON_BAD);
	memcpy(text + 400, "e1", 2);
	assert_int_equal(scan_copy(text, 402, &fault), JSON_BAD);
	assert_int_equal(scan_copy(text, 309, &fault), JSON_INCOMPLETE);
	assert_int_equal(scan_copy(text, 308, &fault), JSON_OK);
}

static const char document[] = "{\"data\": [{\"id\": \"a\\u00e9\\ud83d\\ude00\", \"n\": -12.50e+2, \"ok\": true, "
			       "\"none\": null, \"list\": [[], {}, "
			       "[false]]},\r\n\t{\"\u00e9\": 9007199254740993}], \"pagination\": {\"total_pages\": 1}}";

static void every_prefix_waits(void **state) {
	(void)state;
	size_t len = strlen(document);
	struct json_fault fault;
	for (size_t i = 0; i < len; i++) {
		assert_int_equal(scan_copy(document, i, &fault), JSON_INCOMPLETE);
		assert_int_equal(fault.offset, i);
	}
	assert_int_equal(scan_copy(document, len, &fault), JSON_OK);
}

static size_t value_count(struct json value) {
	size_t count = 1;
	for (struct json_iter iter = json_iter(value); json_next(&iter);)
		count += value_count(iter.value);
	return count;
}

/* Each byte replaced by each other: never a crash, and whatever still passes can be walked and written. */
static void every_mutation_is_safe(void **state) {
	(void)state;
	size_t len = strlen(document);
	char *copy = malloc(len);
	assert_non_null(copy);
	for (size_t i = 0; i < len; i++) {
		memcpy(copy, document, len);
		for (int byte = 0; byte < 256; byte++) {
			copy[i] = (char)byte;
			struct json value;
			struct json_fault fault;
			if (json_scan(copy, len, &value, &fault) != JSON_OK) {
				assert_true(fault.offset <= len);
				continue;
			}
			SCOPED(buffer_free) struct buffer out = {0};
			assert_true(value_count(value) > 5);
			json_indent(value, &out);
			assert_int_equal(json_scan(out.data, out.len, NULL, NULL), JSON_OK);
		}
	}
	free(copy);
}

static void scan_bounds_depth(void **state) {
	(void)state;
	char text[2 * JSON_DEPTH_MAX + 3];
	memset(text, '[', JSON_DEPTH_MAX + 1);
	memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
	struct json_fault fault;
	assert_int_equal(scan_copy(text, 2 * JSON_DEPTH_MAX + 2, &fault), JSON_TOO_LARGE);
	assert_int_equal(fault.offset, JSON_DEPTH_MAX);
	assert_int_equal(scan_copy(text + 1, 2 * JSON_DEPTH_MAX, &fault), JSON_OK);
	struct json value;
	assert_int_equal(json_scan(text + 1, 2 * JSON_DEPTH_MAX, &value, NULL), JSON_OK);
	SCOPED(buffer_free) struct buffer out = {0};
	json_indent(value, &out);
	assert_int_equal(json_scan(out.data, out.len, NULL, NULL), JSON_OK);
}

static void scan_bounds_bytes_and_values(void **state) {
	(void)state;
	size_t len = JSON_BYTES_MAX + 1;
	char *text = malloc(len);
	assert_non_null(text);
	struct json_fault fault;
	memset(text, ' ', len);
	text[0] = '1';
	assert_int_equal(json_scan(text, len, NULL, &fault), JSON_TOO_LARGE);
	assert_int_equal(fault.offset, JSON_BYTES_MAX);
	assert_int_equal(json_scan(text, len - 1, NULL, &fault), JSON_OK);
	/* The array itself is a value, too. */
	text[0] = '[';
	for (size_t i = 0; i < JSON_VALUES_MAX; i++)
		memcpy(text + 1 + 2 * i, "1,", 2);
	text[2 * JSON_VALUES_MAX] = ']';
	assert_int_equal(json_scan(text, 2 * JSON_VALUES_MAX + 1, NULL, &fault), JSON_TOO_LARGE);
	text[2 * JSON_VALUES_MAX - 2] = ']';
	assert_int_equal(json_scan(text, 2 * JSON_VALUES_MAX - 1, NULL, &fault), JSON_OK);
	free(text);
}

/* An object of `count` members; the member number `twice` has the key of number 1, written with an escape. */
static void object_write(struct buffer *out, size_t count, size_t twice) {
	buffer_byte(out, '{');
	for (size_t i = 0; i < count; i++) {
		if (i == twice)
			buffer_add(out, ",\"\\u006b1\":0");
		else
			buffer_printf(out, "%s\"k%zu\":%zu", i ? "," : "", i, i);
	}
	buffer_byte(out, '}');
}

static void wide_objects_have_no_key_twice(void **state) {
	(void)state;
	static const size_t counts[] = {3, 31, 32, 33, 34, 64, 65, 1000, JSON_KEYS_MAX};
	for (size_t i = 0; i < CASE_COUNT(counts); i++) {
		SCOPED(buffer_free) struct buffer out = {0};
		struct json_fault fault = {0};
		object_write(&out, counts[i], SIZE_MAX);
		assert_int_equal(scan_copy(out.data, out.len, &fault), JSON_OK);
		for (size_t twice = 2; twice < counts[i]; twice += counts[i] / 7 + 1) {
			buffer_clear(&out);
			object_write(&out, counts[i], twice);
			assert_int_equal(scan_copy(out.data, out.len, &fault), JSON_BAD);
			size_t place = (size_t)(strstr(out.data, "\"\\u006b1\"") - out.data);
			assert_int_equal(fault.offset, place);
			/* Also where the object stays open, or a fault of syntax comes later. */
			assert_int_equal(scan_copy(out.data, out.len - 1, &fault), JSON_BAD);
			assert_int_equal(fault.offset, place);
			out.data[out.len - 1] = ']';
			assert_int_equal(scan_copy(out.data, out.len, &fault), JSON_BAD);
			assert_int_equal(fault.offset, place);
		}
	}
	SCOPED(buffer_free) struct buffer out = {0};
	struct json_fault fault;
	object_write(&out, JSON_KEYS_MAX + 1, SIZE_MAX);
	assert_int_equal(scan_copy(out.data, out.len, &fault), JSON_TOO_LARGE);
}

/* Sorted, the keys stand in another order than they came, also those that were decoded. */
static void wide_objects_of_escapes_have_no_key_twice(void **state) {
	(void)state;
	enum { COUNT = 40 };
	for (size_t twice = 0; twice < 4; twice++) {
		SCOPED(buffer_free) struct buffer out = {0};
		struct json_fault fault = {0};
		buffer_add(&out, "[{");
		for (size_t i = 0; i < COUNT; i++)
			buffer_printf(&out, "%s\"\\u00%02zx\":0", i ? "," : "", 0x60 - i); /* descending */
		if (twice & 1)
			buffer_add(&out, ",\"`\":1");
		if (twice & 2)
			buffer_add(&out, ",\"\":1,\"\":2,\"_\":3,\"^\":4");
		buffer_add(&out, "},{\"\\u0061\":1,\"\\u0062\":{\"\\u0061\":1}}]");
		assert_int_equal(scan_copy(out.data, out.len, &fault), twice ? JSON_BAD : JSON_OK);
		if (!twice)
			continue;
		/* The first that stands twice is named. */
		const char *place = strstr(out.data, twice & 1 ? "\"`\":1" : "\"\":2");
		assert_int_equal(fault.offset, (size_t)(place - out.data));
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scan_takes),
		cmocka_unit_test(scan_refuses),
		cmocka_unit_test(scan_waits),
		cmocka_unit_test(scan_waits_for_an_exponent),
		cmocka_unit_test(every_prefix_waits),
		cmocka_unit_test(every_mutation_is_safe),
		cmocka_unit_test(scan_bounds_depth),
		cmocka_unit_test(scan_bounds_bytes_and_values),
		cmocka_unit_test(wide_objects_have_no_key_twice),
		cmocka_unit_test(wide_objects_of_escapes_have_no_key_twice),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
