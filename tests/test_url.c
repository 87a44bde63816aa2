#include "api/url.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void test_good(void **state) {
	static const char *const urls[] = {
		"https://api.ai.neevcloud.com",
		"https://api.ai.neevcloud.com/",
		"https://api.ai.neevcloud.com/gpu",
		"HTTPS://Example.COM:8443/a/b%20c",
		"https://10.0.0.1",
		"https://[2001:db8::1]:443/x",
		"https://host:1",
		"https://host:65535",
		"http://127.0.0.1",
		"http://127.0.0.1:8080/gpu",
		"http://127.255.255.254/",
		"http://localhost",
		"http://LocalHost:80/x",
		"http://[::1]",
		"http://[::1]:9000/x",
		"https://xn--bcher-kva.example",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct error err = {0};

		if (url_check(urls[i], &err) != 0)
			fail_msg("%s: %s", urls[i], err.message);
		assert_int_equal(url_check(urls[i], NULL), 0);
	}
}

static void test_bad(void **state) {
	static const char *const urls[] = {
		"",
		"api.ai.neevcloud.com",
		"ftp://host",
		"file:///etc/passwd",
		"https:/host",
		"https:host",
		"https://",
		"https:///path",
		"https://:443",
		"https://?",
		"https://user@host",
		"https://user:secret@host/",
		"https://host?x=1",
		"https://host/a?b",
		"https://host/a#b",
		"https://host#b",
		"https://[::1",
		"https://[]",
		"https://[:::::::::::::::::::::::::::::::::::::::::::::::1]",
		"https://host/a b",
		"https://host/\r\nX: y",
		"https://ho st",
		"https://host\\evil",
		"https://host/\\evil",
		"https://h\xc3\xb6st",
		"https://host/\xc3\xb6",
		"https://host:",
		"https://host:0",
		"https://host:65536",
		"https://host:123456",
		"https://host:1x",
		"https://host:-1",
		"https://a:b:c",
		"https://[::1",
		"https://[]",
		"https://[::1]x",
		"https://[127.0.0.1]",
		"https://[::1%25lo]",
		"https://::1",
		"http://example.com",
		"http://10.0.0.1",
		"http://127.1",
		"http://0x7f.0.0.1",
		"http://2130706433",
		"http://127.0.0.01",
		"http://0.0.0.0",
		"http://127.0.0.1.example.com",
		"http://localhost.example.com",
		"http://localhost.",
		"http://127.0.0.1@example.com",
		"http://example.com@127.0.0.1",
		"http://[::2]",
		"http://[::ffff:127.0.0.1]",
		"http://128.0.0.1",
		"https://host/\x7f",
		"https://host/<x>",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		struct error err = {0};

		if (url_check(urls[i], &err) != -EINVAL)
			fail_msg("accepted: %s", urls[i]);
		assert_int_equal(err.code, EINVAL);
		assert_true(err.message[0]);
		assert_null(strstr(err.message, "secret"));
	}
}

static void test_long_host(void **state) {
	char url[1024] = "https://";

	(void)state;
	memset(url + 8, 'a', 600);
	assert_int_equal(url_check(url, NULL), -EINVAL);
}

static void test_segment(void **state) {
	static const struct {
		const char *text, *escaped;
	} cases[] = {
		{"", ""},
		{"abc-XYZ_0.9~", "abc-XYZ_0.9~"},
		{".", "%2E"},
		{"..", "%2E%2E"},
		{"...", "..."},
		{"a/b", "a%2Fb"},
		{"a b?c#d%e&f=g+h", "a%20b%3Fc%23d%25e%26f%3Dg%2Bh"},
		{"\xc3\xb6\x01\x7f\xff", "%C3%B6%01%7F%FF"},
		{"\r\n", "%0D%0A"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buffer out = {0};

		buffer_add(&out, "/");
		url_add_segment(&out, cases[i].text);
		assert_int_equal(out.error, 0);
		assert_string_equal(out.data + 1, cases[i].escaped);
		buffer_free(&out);
	}
}

static void test_host(void **state) {
	char host[16];

	(void)state;
	url_host("https://example.com:1/x", host, sizeof(host));
	assert_string_equal(host, "example.com:1");
	url_host("http://[::1]", host, sizeof(host));
	assert_string_equal(host, "[::1]");
	url_host("https://a-very-long-name.example.com", host, sizeof(host));
	assert_string_equal(host, "a-very-long-nam");
	url_host("no.url:1/x", host, sizeof(host));
	assert_string_equal(host, "no.url:1");
}

static void test_path(void **state) {
	(void)state;
	assert_string_equal(url_path("https://example.com:1/v1/x?page=1"), "/v1/x?page=1");
	assert_string_equal(url_path("https://example.com/"), "/");
	assert_string_equal(url_path("https://example.com"), "");
	assert_string_equal(url_path("no.url/x"), "");
}

/* Two ways to type one cloud are one. */
static void test_normalise(void **state) {
	static const struct {
		const char *url, *normal;
	} cases[] = {
		{"https://h/gpu", "https://h/gpu"},
		{"https://h/gpu/", "https://h/gpu"},
		{"https://h/", "https://h"},
		{"https://h//", "https://h"},
		{"HTTPS://Example.COM/Gpu//", "https://example.com/Gpu"},
		{"https://h:443", "https://h"},
		{"https://h:443/gpu/", "https://h/gpu"},
		{"http://[::1]:80/x", "http://[::1]/x"},
		{"http://[::80]/x", "http://[::80]/x"},
		{"http://localhost:443/", "http://localhost:443"},
		{"https://h:80/", "https://h:80"},
		{"https://h:8443", "https://h:8443"},
		{"https://h/a:443", "https://h/a:443"},
		{"no url/", "no url/"},
	};
	char url[64];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		strcpy(url, cases[i].url);
		url_normalise(url);
		assert_string_equal(url, cases[i].normal);
	}
}

static void test_segment_dup(void **state) {
	static const struct {
		const char *segment, *text;
	} cases[] = {
		{"", ""},
		{"a%2Fb", "a/b"},
		{"%2f%7E%7e%c3%A9", "/~~\xc3\xa9"},
		{"%2E%2e", ".."},
		{"%", "%"},
		{"a%2", "a%2"},
		{"%2G%g2%@0%/0%:0%`0%0`", "%2G%g2%@0%/0%:0%`0%0`"},
		{"%252F", "%2F"},
		{"%09%0a%19", "\t\n\x19"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = strlen(cases[i].segment);
		char *exact = malloc(len ? len : 1), *text;

		assert_non_null(exact);
		memcpy(exact, cases[i].segment, len);
		text = url_segment_dup(exact, len);
		assert_non_null(text);
		assert_string_equal(text, cases[i].text);
		free(text);
		free(exact);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_long_host),
		cmocka_unit_test(test_segment),
		cmocka_unit_test(test_segment_dup),
		cmocka_unit_test(test_host),
		cmocka_unit_test(test_path),
		cmocka_unit_test(test_normalise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
