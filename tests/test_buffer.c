/* Buffers that grow to a bound and remember their first failure; the error beside an errno. */
#include "../api/buffer.h"
#include "../api/error.h"
#include "../api/scope.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>

static void buffer_grows(void **state) {
	(void)state;
	SCOPED(buffer_free) struct buffer buf = {0};
	assert_null(buf.data);
	buffer_append(&buf, "", 0);
	buffer_add(&buf, "");
	assert_null(buf.data);
	for (int i = 0; i < 10000; i++)
		buffer_byte(&buf, (char)('a' + i % 26));
	assert_int_equal(buf.len, 10000);
	assert_int_equal(strlen(buf.data), 10000);
	buffer_clear(&buf);
	assert_int_equal(buf.len, 0);
	assert_string_equal(buf.data, "");
	buffer_printf(&buf, "%d-%s", 7, "x");
	buffer_append(&buf, "a\0b", 3);
	assert_int_equal(buf.len, 6);
	assert_memory_equal(buf.data, "7-xa\0b", 7);
	buffer_printf(&buf, "%s", "");
	assert_int_equal(buf.len, 6);
	assert_int_equal(buf.error, 0);
	buffer_free(&buf);
	assert_null(buf.data);
	assert_int_equal(buf.cap, 0);
	buffer_free(NULL);
}

static void buffer_keeps_its_limit(void **state) {
	(void)state;
	SCOPED(buffer_free) struct buffer buf = {.limit = 4};
	buffer_add(&buf, "abcd");
	assert_int_equal(buf.error, 0);
	buffer_byte(&buf, 'e');
	assert_int_equal(buf.error, -EMSGSIZE);
	assert_string_equal(buf.data, "abcd");
	buffer_clear(&buf);
	assert_int_equal(buf.error, 0);
	buffer_printf(&buf, "%s", "abcde");
	assert_int_equal(buf.error, -EMSGSIZE);
	assert_int_equal(buf.len, 0);
	/* After a failure nothing is appended, also not what would fit: half a text is no text. */
	buffer_byte(&buf, 'x');
	buffer_printf(&buf, "%c", 'x');
	buffer_add_safe(&buf, "x", 1);
	assert_int_equal(buf.len, 0);
	struct buffer huge = {0};
	buffer_append(&huge, "x", SIZE_MAX);
	assert_int_equal(huge.error, -EMSGSIZE);
	assert_null(huge.data);
}

static void control_bytes_are_escaped(void **state) {
	(void)state;
	static const struct {
		const char *text;
		size_t len;
		const char *safe;
	} cases[] = {
		{"", 0, ""},
		{"plain", 5, "plain"},
		{"a\nb", 3, "a\\x0ab"},
		{"\x1b[31m", 5, "\\x1b[31m"},
		{"\0", 1, "\\x00"},
		{"\x7f", 1, "\\x7f"},
		{"\u00e9\u20ac", 5, "\u00e9\u20ac"},
		{"\xC2\x9B"
		 "1m",
			4, "\\xc2\\x9b1m"},
		{"\xC2\xA0", 2, "\xC2\xA0"},
		{"\x9B", 1, "\\x9b"},
		{"a\xE2\x82", 3, "a\\xe2\\x82"},
		{"\xFFz", 2, "\\xffz"},
		/* What reads as an escape is one more: else two texts would look alike. */
		{"\\x1b", 4, "\\x5cx1b"},
		{"\\\\x1B", 5, "\\\\x5cx1B"},
		{"C:\\xy \\x1 \\n \\", 14, "C:\\xy \\x1 \\n \\"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		SCOPED(buffer_free) struct buffer buf = {0};
		buffer_add_safe(&buf, cases[i].text, cases[i].len);
		assert_string_equal(buf.data ? buf.data : "", cases[i].safe);
	}
}

static void error_is_set(void **state) {
	(void)state;
	struct error err;
	memset(&err, 'x', sizeof(err));
	assert_int_equal(error_set(&err, EINVAL, "%s %d", "line", 3), -EINVAL);
	assert_int_equal(err.code, EINVAL);
	assert_string_equal(err.message, "line 3");
	assert_string_equal(err.api_code, "");
	assert_int_equal(err.http_status, 0);
	assert_int_equal(err.verdict, VERDICT_NONE);
	/* The arguments may come from the error itself. */
	assert_int_equal(error_set(&err, EBUSY, "again: %s", err.message), -EBUSY);
	assert_string_equal(err.message, "again: line 3");
	assert_int_equal(error_set(NULL, EIO, "%s", "nobody reads this"), -EIO);
	error_set(&err, EINVAL, "%1000s", "x");
	assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
}

/* A path may be longer than the message, and the reason stands behind it. */
static void what_is_too_long_keeps_its_end(void **state) {
	(void)state;
	struct error err;
	char path[4000];
	memset(path, 'd', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	error_set(&err, ENOENT, "/%s: no such directory; mkdir /%s", path, path);
	assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
	assert_memory_equal(err.message, "/dddd", 5);
	error_set(&err, ENOENT, "/%s: no such directory", path);
	assert_non_null(strstr(err.message, "d...d"));
	assert_string_equal(strchr(err.message, ':'), ": no such directory");
	for (size_t cut = 0; cut < 4; cut++) { /* characters of four bytes are kept or left out as a whole */
		for (size_t i = 0; i + 4 < sizeof(path); i += 4)
			memcpy(path + i, "\360\237\230\200", 5);
		error_set(&err, ENOENT, "%.*s%s", (int)cut, "abc", path);
		const char *gap = strstr(err.message, "...");
		assert_non_null(gap);
		assert_int_equal((size_t)(gap - err.message - (ptrdiff_t)cut) % 4, 0);
		assert_int_equal(strlen(gap + 3) % 4, 0);
	}
}

static void errors_have_names(void **state) {
	(void)state;
	static const struct {
		int code;
		const char *name;
	} cases[] = {
#define CASE(code) {code, #code}
		CASE(ENOMEM),
		CASE(EIO),
		CASE(EPERM),
		CASE(ENOENT),
		CASE(EEXIST),
		CASE(ENOTEMPTY),
		CASE(EROFS),
		CASE(EBUSY),
		CASE(EALREADY),
		CASE(EINPROGRESS),
		CASE(ECANCELED),
		CASE(EINTR),
		CASE(ETIMEDOUT),
		CASE(EHOSTUNREACH),
		CASE(EPROTO),
		CASE(EREMOTEIO),
		CASE(EKEYEXPIRED),
		CASE(EDQUOT),
		CASE(ERANGE),
		CASE(EINVAL),
		CASE(EACCES),
		CASE(EFBIG),
		CASE(EMSGSIZE),
		CASE(ENOTDIR),
		CASE(EISDIR),
		CASE(ENAMETOOLONG),
		CASE(EOPNOTSUPP),
		CASE(ENOSYS),
		CASE(ENOSPC),
#undef CASE
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_string_equal(error_name(cases[i].code), cases[i].name);
	assert_string_equal(error_name(0), "E?");
	assert_string_equal(error_name(-EINVAL), "E?");
	assert_string_equal(error_name(ESTALE), "E?");
}

/* Nothing of it is there, and an earlier failure stays the one that is remembered. */
static void what_cannot_be_formatted_is_a_failure(void **state) {
	(void)state;
	static const wchar_t strange[] = {0x100, 0}; /* no character of the locale "C" */
	SCOPED(buffer_free) struct buffer buf = {0};
	SCOPED(buffer_free) struct buffer failed = {.error = -EMSGSIZE};
	buffer_add(&buf, "a");
	buffer_printf(&buf, "%ls", strange);
	assert_int_equal(buf.error, -ENOMEM);
	assert_string_equal(buf.data, "a");
	buffer_printf(&failed, "%ls", strange);
	assert_int_equal(failed.error, -EMSGSIZE);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buffer_grows),
		cmocka_unit_test(buffer_keeps_its_limit),
		cmocka_unit_test(what_cannot_be_formatted_is_a_failure),
		cmocka_unit_test(control_bytes_are_escaped),
		cmocka_unit_test(error_is_set),
		cmocka_unit_test(what_is_too_long_keeps_its_end),
		cmocka_unit_test(errors_have_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
