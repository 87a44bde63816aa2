/* The strict scan and the views: what is JSON, what is not, what may still become some, and what comes out. */
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

static struct json scan_good(const char *text) {
	struct json value = {0};
	struct json_fault fault = {0};
	if (json_scan(text, strlen(text), &value, &fault) != JSON_OK)
		fail_msg("%s: %s at %zu", text, fault.what, fault.offset);
	return value;
}

static void scan_takes(void **state) {
	(void)state;
	static const struct scan_case cases[] = {
		{.text = "null"}, {.text = "true"}, {.text = "false"}, {.text = "0"}, {.text = "-0"}, {.text = "12"},
		{.text = "-1"}, {.text = "0.5"}, {.text = "1e5"}, {.text = "1E+5"}, {.text = "1e-5"}, {.text = "-0.0e-0"},
		{.text = "0e999999999999999999999"}, {.text = "1e-999999999999999999999"},
		{.text = "12345678901234567890123456789012345678901234567890"}, {.text = "1.7976931348623157e308"},
		{.text = "0.00017976931348623157e312"}, {.text = "179769313486231570000e288"}, {.text = "-1e308"},
		{.text = "\"\""}, {.text = "\"a\""}, {.text = "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""}, {.text = "\"\\u0001\\uFFFF\""},
		{.text = "\"\\uD83D\\uDE00\""}, {.text = "\"\\ud83d\\ude00\""}, {.text = "\"\x7f\""}, {.text = "\"\u00e9\u20ac\U0001F600\""},
		{.text = "\"\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF\""}, {.text = "\"\xC2\x80\xE0\xA0\x80\xF0\x90\x80\x80\""},
		{.text = "\"\xEF\xBF\xBF\xEF\xBB\xBF\""}, {.text = "[]"}, {.text = "{}"}, {.text = " [ ] "}, {.text = "\t\r\n{ }\n"},
		{.text = "[[],{},[{}]]"}, {.text = "[1,\"a\",null,true,false,{\"a\":[]}]"}, {.text = "{\"\":0}"},
		{.text = "{\"a\":1,\"A\":2}"}, {.text = "{\"a\":{\"a\":1},\"b\":{\"a\":1}}"}, {.text = "[{\"a\":1},{\"a\":1}]"},
		{.text = "{ \"a\" : 1 , \"b\" : [ 1 , 2 ] }"}, {.text = "{\"a\\\\\":1,\"a\":2}"}, {.text = "{\"ab\":1,\"a\":2,\"abc\":3}"},
	};
	check_cases(cases, CASE_COUNT(cases));
}

static void scan_refuses(void **state) {
	(void)state;
	static const struct scan_case cases[] = {
		{"nul1", JSON_BAD, 0}, {"True", JSON_BAD, 0}, {"nan", JSON_BAD, 0}, {"NaN", JSON_BAD, 0}, {"Infinity", JSON_BAD, 0},
		{"+1", JSON_BAD, 0}, {".5", JSON_BAD, 0}, {"01", JSON_BAD, 0}, {"-01", JSON_BAD, 0}, {"1.e5", JSON_BAD, 2},
		{"1.x", JSON_BAD, 2}, {"1ex", JSON_BAD, 2}, {"1e+x", JSON_BAD, 3}, {"-x", JSON_BAD, 1}, {"--1", JSON_BAD, 1},
		{"0x1", JSON_BAD, 1}, {"1 2", JSON_BAD, 2}, {"1a", JSON_BAD, 1}, {"[1a]", JSON_BAD, 2}, {"1e400", JSON_BAD, 0},
		{"[1e400]", JSON_BAD, 1}, {"-1e309", JSON_BAD, 0}, {"[1.7976931348623158e308]", JSON_BAD, 1},
		{"[1e99999999999999999999]", JSON_BAD, 1}, {"[0.00001e314]", JSON_BAD, 1}, {"'a'", JSON_BAD, 0},
		{"\"a\nb\"", JSON_BAD, 2}, {"\"a\tb\"", JSON_BAD, 2}, {"\"\x1f\"", JSON_BAD, 1}, {"\"\\x\"", JSON_BAD, 1},
		{"\"\\'\"", JSON_BAD, 1}, {"\"\\u12g4\"", JSON_BAD, 5}, {"\"\\u 123\"", JSON_BAD, 3}, {"\"\\u0000\"", JSON_BAD, 1},
		{"\"\\ud800\"", JSON_BAD, 1}, {"\"\\ud800x\"", JSON_BAD, 1}, {"\"\\ud800\\n\"", JSON_BAD, 1},
		{"\"\\ud800\\u0041\"", JSON_BAD, 1}, {"\"\\ud800\\ud800\"", JSON_BAD, 1}, {"\"a\\udc00\"", JSON_BAD, 2},
		{"\"\\ud800\\u00", JSON_BAD, 1}, {"\"\\ud800\\ud8", JSON_BAD, 1},
		{"\"\x80\"", JSON_BAD, 1}, {"\"\xC0\x80\"", JSON_BAD, 1}, {"\"\xC1\xBF\"", JSON_BAD, 1}, {"\"\xE0\x9F\xBF\"", JSON_BAD, 1},
		{"\"\xED\xA0\x80\"", JSON_BAD, 1}, {"\"\xED\xBF\xBF\"", JSON_BAD, 1}, {"\"\xF0\x8F\xBF\xBF\"", JSON_BAD, 1},
		{"\"\xF4\x90\x80\x80\"", JSON_BAD, 1}, {"\"\xF5\x80\x80\x80\"", JSON_BAD, 1}, {"\"\xFF\"", JSON_BAD, 1},
		{"\"\xE2\x82\"", JSON_BAD, 1}, {"\"\xC3(\"", JSON_BAD, 1}, {"\"0123456\xFE\"", JSON_BAD, 8}, {"\xEF\xBB\xBF{}", JSON_BAD, 0},
		{"[1,]", JSON_BAD, 3}, {"[,1]", JSON_BAD, 1}, {"[1 2]", JSON_BAD, 3}, {"[1}", JSON_BAD, 2}, {"]", JSON_BAD, 0},
		{"{]", JSON_BAD, 1}, {"{,}", JSON_BAD, 1}, {"{\"a\":1,}", JSON_BAD, 7}, {"{\"a\"}", JSON_BAD, 4}, {"{\"a\" 1}", JSON_BAD, 5},
		{"{\"a\":}", JSON_BAD, 5}, {"{a:1}", JSON_BAD, 1}, {"{1:1}", JSON_BAD, 1}, {"{\"a\":1 \"b\":2}", JSON_BAD, 7},
		{"{\"a\":1]", JSON_BAD, 6}, {"{}{}", JSON_BAD, 2}, {"{} x", JSON_BAD, 3}, {"[]]", JSON_BAD, 2}, {"// c\n1", JSON_BAD, 0},
		{"[1/**/]", JSON_BAD, 2}, {"\v1", JSON_BAD, 0}, {"\f1", JSON_BAD, 0}, {"\xC2\xA0" "1", JSON_BAD, 0},
		{"{\"a\":1,\"a\":2}", JSON_BAD, 7}, {"{\"a\":1,\"\\u0061\":2}", JSON_BAD, 7}, {"{\"\\u0061\":1,\"a\":2}", JSON_BAD, 12},
		{"{\"\":1,\"\":2}", JSON_BAD, 6}, {"{\"\\n\":1,\"\\u000A\":2}", JSON_BAD, 8}, {"[{\"x\":{\"b\":1,\"c\":2,\"b\":3}}]", JSON_BAD, 19},
		{"{\"\U0001F600\":1,\"\\ud83d\\uDE00\":2}", JSON_BAD, 10}, {"{\"a\":1,\"a\"", JSON_BAD, 7}, {"{\"/\":1,\"\\/\":2}", JSON_BAD, 7},
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
		"", " ", "\n\t\r ", "n", "tru", "fals", "-", "1.", "1e", "1e+", "1E-", "\"", "\"a", "\"\\", "\"\\u", "\"\\u00", "\"\\u004",
		"\"\\ud83d", "\"\\ud83d\\", "\"\\ud83d\\u", "\"\\ud83d\\ud", "\"\\ud83d\\uDe0", "\"\xC3", "\"\xE2\x82", "\"\xF0\x9F\x98",
		"\"\xE0", "[", "[1", "[1,", "[[]", "{", "{\"", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,\"a",
		"{\"a\":[{", "[\"x\",nul", " {",
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

static const char document[] =
	"{\"data\": [{\"id\": \"a\\u00e9\\ud83d\\ude00\", \"n\": -12.50e+2, \"ok\": true, \"none\": null, \"list\": [[], {}, "
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

static void members_are_found(void **state) {
	(void)state;
	struct json root = scan_good(" {\"a\":1,\"b\":{\"c\":{\"d\":\"x}]\\\"\"}},\"\\u0065\":[1,2],\"\":7,\"n\":null} ");
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
	static const enum json_type types[] = {JSON_NUMBER, JSON_ARRAY, JSON_OBJECT, JSON_STRING, JSON_TRUE, JSON_FALSE, JSON_NULL,
					       JSON_NUMBER};
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
		{"\"\"", ""}, {"\"abc\"", "abc"}, {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"}, {"\"\\u0041\\u00e9\\u20aC\"", "A\u00e9\u20ac"},
		{"\"\\ud83d\\ude00\\uD800\\uDC00\\udbff\\udfff\"", "\U0001F600\U00010000\U0010FFFF"}, {"\"x\\u0001\"", "x\x01"},
		{"\"\\u07ff\\u0800\\uffff\"", "\u07ff\u0800\uffff"}, {"\"\u00e9\\n\u00e9\"", "\u00e9\n\u00e9"}, {"-0", "-0"},
		{"12345678901234567890", "12345678901234567890"}, {"1.50", "1.50"}, {"true", "true"}, {"false", "false"}, {"null", ""},
		{"[1, 2]", "[1, 2]"}, {"{\"a\": \"\\n\"}", "{\"a\": \"\\n\"}"},
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
}

static void integers_are_read(void **state) {
	(void)state;
	static const struct {
		const char *text;
		bool good;
		long long number;
	} cases[] = {
		{"0", true, 0}, {"-0", true, 0}, {"7", true, 7}, {"-12", true, -12}, {"9223372036854775807", true, INT64_MAX},
		{"-9223372036854775808", true, INT64_MIN}, {"9223372036854775808", false, 0}, {"-9223372036854775809", false, 0},
		{"92233720368547758070", false, 0}, {"3.0", false, 0}, {"1e2", false, 0}, {"\"1\"", false, 0}, {"true", false, 0}, {"null", false, 0},
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
		{" 1.0 ", "1.0", "1.0"}, {"\"a b\\u0041\"", "\"a b\\u0041\"", "\"a b\\u0041\""}, {"[ ]", "[]", "[]"}, {"{\n}", "{}", "{}"}, {"null", "null", "null"},
		{"[1,[ ],\"x, :{\"]", "[\n  1,\n  [],\n  \"x, :{\"\n]", "[1,[],\"x, :{\"]"},
		{"{\"a\" : {\"b\":[true , 1e5]},\n\"c\":{ }}", "{\n  \"a\": {\n    \"b\": [\n      true,\n      1e5\n    ]\n  },\n  \"c\": {}\n}",
		 "{\"a\":{\"b\":[true,1e5]},\"c\":{}}"},
	};
	for (size_t i = 0; i < CASE_COUNT(cases); i++) {
		SCOPED(buffer_free) struct buffer out = {0};
		json_indent(scan_good(cases[i].text), &out);
		assert_string_equal(out.data, cases[i].indented);
		buffer_clear(&out);
		json_compact(scan_good(cases[i].text), &out);
		assert_string_equal(out.data, cases[i].compact);
	}
	SCOPED(buffer_free) struct buffer out = {0};
	json_indent((struct json){0}, &out);
	assert_int_equal(out.len, 0);
	json_quote("a\"\\\x01\n\x7f\u00e9", &out);
	assert_string_equal(out.data, "\"a\\\"\\\\\\u0001\\u000a\x7f\u00e9\"");
}

static void places_have_line_and_column(void **state) {
	(void)state;
	static const char text[] = "ab\n\u00e9\u20acx\n\n\tz";
	static const struct {
		size_t offset, line, column;
	} cases[] = {{0, 1, 1}, {1, 1, 2}, {2, 1, 3}, {3, 2, 1}, {5, 2, 2}, {8, 2, 3}, {9, 2, 4}, {10, 3, 1}, {11, 4, 1}, {12, 4, 2}, {13, 4, 3}};
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
		cmocka_unit_test(scan_takes),
		cmocka_unit_test(scan_refuses),
		cmocka_unit_test(scan_waits),
		cmocka_unit_test(scan_waits_for_an_exponent),
		cmocka_unit_test(every_prefix_waits),
		cmocka_unit_test(every_mutation_is_safe),
		cmocka_unit_test(scan_bounds_depth),
		cmocka_unit_test(scan_bounds_bytes_and_values),
		cmocka_unit_test(wide_objects_have_no_key_twice),
		cmocka_unit_test(members_are_found),
		cmocka_unit_test(containers_are_walked),
		cmocka_unit_test(texts_are_decoded),
		cmocka_unit_test(strings_are_compared_as_decoded),
		cmocka_unit_test(integers_are_read),
		cmocka_unit_test(values_are_written_anew),
		cmocka_unit_test(places_have_line_and_column),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
