/* Names from the server as file names: always a legal one, reversible, and one spelling only. */
#include "../fs/name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define CASE_COUNT(cases) (sizeof(cases) / sizeof(*(cases)))

static void names_are_escaped(void **state) {
	(void)state;
	static const struct {
		const char *name, *file;
	} cases[] = {
		{"train", "train"},
		{"my template_1 -x", "my template_1 -x"},
		{"a.b", "a.b"},
		{"a..", "a.."},
		{"\u00e9\u20ac\U0001F600", "\u00e9\u20ac\U0001F600"},
		{"", "%"},
		{".", "%2E"},
		{"..", "%2E."},
		{".hidden", "%2Ehidden"},
		{"...", "%2E.."},
		{"%", "%25"},
		{"100%", "100%25"},
		{"%2E", "%252E"},
		{"/", "%2F"},
		{"org/model", "org%2Fmodel"},
		{"a~b", "a%7Eb"},
		{"~", "%7E"},
		{"%~", "%25%7E"},
		{"\n", "%0A"},
		{"a\tb", "a%09b"},
		{"\x1b[2J", "%1B[2J"},
		{"\x7f", "%7F"},
		{"\x01\x1f", "%01%1F"},
		{"\xC2\x9B", "%C2%9B"},
		{"\xC2\xA0", "\xC2\xA0"},
		{"\xFF", "%FF"},
		{"\x80", "%80"},
		{"\xC3", "%C3"},
		{"a\xE2\x82"
		 "b",
			"a%E2%82b"},
		{"\xC0\xAF", "%C0%AF"},
		{"\xED\xA0\x80", "%ED%A0%80"},
		{"\xF4\x90\x80\x80", "%F4%90%80%80"},
		{"\u202Egpj.exe", "%E2%80%AEgpj.exe"},
		{"\u2028\u2066\u2069", "%E2%80%A8%E2%81%A6%E2%81%A9"},
		{"\u200B\u2065\u206A", "\u200B\u2065\u206A"},
	};
	for (size_t i = 0; i < CASE_COUNT(cases); i++) {
		char file[NAME_SIZE];
		char name[NAME_SIZE];
		name_escape(cases[i].name, strlen(cases[i].name), file);
		assert_string_equal(file, cases[i].file);
		assert_true(name_unescape(file, name, sizeof(name)));
		assert_string_equal(name, cases[i].name);
	}
	char file[NAME_SIZE];
	name_escape("a\0b", 3, file);
	assert_string_equal(file, "a%00b");
}

static void other_spellings_are_no_names(void **state) {
	(void)state;
	static const char *const files[] = {
		"%2e",
		"a%2fb",
		"%41",
		"%2",
		"a%",
		"%%",
		"%G0",
		"%0G",
		"%00",
		"a%00b",
		".",
		"..",
		".x",
		"a~b",
		"%~",
		"%~0123456789ABCDEF",
		"a/b",
		"a\nb",
		"\x7f",
		"\xFF",
		"\xC2\x9B",
		"a%2E",
		"%C3%A9",
		"%20",
		"",
		"%25%",
		"a%2Eb",
	};
	for (size_t i = 0; i < CASE_COUNT(files); i++) {
		char name[NAME_SIZE] = "untouched";
		if (name_unescape(files[i], name, sizeof(name)))
			fail_msg("%s is taken for %s", files[i], name);
		assert_string_equal(name, "untouched");
	}
}

static void ids_that_can_be_used(void **state) {
	(void)state;
	static const char *const good[] = {"a", "a/b", "...", ".a", "a..b", "..a/b..", "%2e", " ", "\u00e9", "~", "{}"};
	static const char *const bad[] = {"", ".", "..", "../a", "a/..", "a/./b", "./a", "..\\a", "a\\..", "/..", "../",
		"a\n", "\x7f", "\xC2\x9B", "\xFF", "\xC0\x80", "\xED\xA0\x80"};
	for (size_t i = 0; i < CASE_COUNT(good); i++)
		if (!name_is_id(good[i], strlen(good[i])))
			fail_msg("%s is refused", good[i]);
	for (size_t i = 0; i < CASE_COUNT(bad); i++)
		if (name_is_id(bad[i], strlen(bad[i])))
			fail_msg("%s is taken", bad[i]);
	assert_false(name_is_id("a\0b", 3));
	char text[NAME_SIZE];
	memset(text, 'a', sizeof(text));
	assert_true(name_is_id(text, 255));
	assert_false(name_is_id(text, 256));
	memset(text, '/', sizeof(text));
	assert_true(name_is_id(text, 85));
	assert_false(name_is_id(text, 86));
}

static void names_are_cut_between_characters(void **state) {
	(void)state;
	static const struct {
		const char *name;
		size_t room, len;
	} cases[] = {{"abc", 3, 3}, {"abc", 9, 3}, {"abc", 2, 2}, {"abc", 0, 0}, {"a%2Fb", 4, 4}, {"a%2Fb", 3, 1},
		{"a%2Fb", 2, 1}, {"a\u00e9", 2, 1}, {"\u00e9", 1, 0}, {"\U0001F600", 3, 0}, {"ab%2F", 2, 2}};
	for (size_t i = 0; i < CASE_COUNT(cases); i++)
		assert_int_equal(name_cut(cases[i].name, cases[i].room), cases[i].len);
}

static void small_results_are_refused(void **state) {
	(void)state;
	char name[8] = "1234567";
	assert_false(name_unescape("abc", name, 3));
	assert_true(name_unescape("abc", name, 4));
	assert_string_equal(name, "abc");
	assert_true(name_unescape("%", name, 1));
	assert_string_equal(name, "");
	assert_false(name_unescape("%", name, 0));
	char huge[2 * NAME_SIZE];
	char out[2 * NAME_SIZE];
	memset(huge, 'a', sizeof(huge));
	huge[255] = '\0';
	assert_true(name_unescape(huge, out, sizeof(out)));
	huge[255] = 'a';
	huge[256] = '\0';
	assert_false(name_unescape(huge, out, sizeof(out)));
}

/* What holds for each file name, whatever the server says. */
static void check_file(const char *file) {
	size_t len = strlen(file);
	assert_in_range(len, 1, NAME_SIZE - 1);
	assert_null(strchr(file, '/'));
	assert_int_not_equal(*file, '.');
	for (size_t i = 0; i < len; i++)
		assert_true((unsigned char)file[i] >= 0x20 && file[i] != 0x7f);
	const char *tilde = strchr(file, '~');
	if (tilde) {
		assert_int_equal(tilde[-1], '%');
		assert_int_equal(strlen(tilde), 17);
	}
}

static void random_names_come_back(void **state) {
	(void)state;
	static const char odd[] = "%/~.\x01\x7f\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xFF\xC2\x9B";
	uint64_t seed = 88172645463325252ULL;
	for (int round = 0; round < 200000; round++) {
		char name[96];
		size_t len = 0;
		seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
		size_t want = seed % 80;
		for (; len < want; len++) {
			seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
			unsigned char byte = (unsigned char)(seed >> 11);
			name[len] = round % 2 ? odd[byte % (sizeof(odd) - 1)] : byte ? (char)byte : 'x';
		}
		name[len] = '\0';
		char file[NAME_SIZE];
		char back[NAME_SIZE];
		name_escape(name, len, file);
		check_file(file);
		if (strstr(file, "%~")) {
			assert_false(name_unescape(file, back, sizeof(back)));
			continue;
		}
		assert_true(name_unescape(file, back, sizeof(back)));
		assert_string_equal(back, name);
	}
}

static void long_names_are_cut(void **state) {
	(void)state;
	static const char *const units[] = {"a", "/", "\u00e9", "\u20ac", "\U0001F600", "\xFF", "ab%", "\xC2\x9B"};
	for (size_t u = 0; u < CASE_COUNT(units); u++) {
		char name[4 * 400];
		char last[NAME_SIZE] = "";
		size_t unit = strlen(units[u]);
		for (size_t count = 1; count <= 400; count++) {
			char file[NAME_SIZE];
			char again[NAME_SIZE];
			char back[NAME_SIZE];
			memcpy(name + (count - 1) * unit, units[u], unit);
			name_escape(name, count * unit, file);
			name_escape(name, count * unit, again);
			assert_string_equal(file, again);
			check_file(file);
			assert_string_not_equal(file, last);
			memcpy(last, file, sizeof(last));
			bool cut = strchr(file, '~') != NULL;
			assert_int_equal(name_unescape(file, back, sizeof(back)), !cut);
			if (cut) {
				/* At a boundary: what stands before the mark is itself a good file name. */
				file[strlen(file) - 18] = '\0';
				assert_true(strlen(file) > 237 - 7);
				assert_true(name_unescape(file, back, sizeof(back)));
			}
		}
	}
	char name[600];
	char one[NAME_SIZE];
	char two[NAME_SIZE];
	memset(name, 'a', sizeof(name));
	name_escape(name, 255, one);
	assert_null(strchr(one, '~'));
	name_escape(name, sizeof(name), one);
	assert_int_equal(strlen(one), 255);
	name[599] = 'b';
	name_escape(name, sizeof(name), two);
	assert_string_not_equal(one, two);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_escaped),
		cmocka_unit_test(other_spellings_are_no_names),
		cmocka_unit_test(ids_that_can_be_used),
		cmocka_unit_test(names_are_cut_between_characters),
		cmocka_unit_test(small_results_are_refused),
		cmocka_unit_test(random_names_come_back),
		cmocka_unit_test(long_names_are_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
