/*
 * Any text as a configured URL, as one segment of a path, and as a path that was filled in.
 *
 * A URL that may get the token must mean the same host to curl, which has its own parser: where two parsers differ, a
 * token goes astray.
 */
#include "../../api/scope.h"
#include "../../api/url.h"
#include "../../fs/store.h"
#include "fuzz.h"

#include <curl/curl.h>
#include <strings.h>

static void curl_release(char **text) {
	curl_free(*text);
}

static void curl_url_release(CURLU **url) {
	curl_url_cleanup(*url);
}

/* curl reads addresses in old spellings ("0x7f.1") and writes them as people know them. */
static bool is_number_like(const char *host) {
	return host[strspn(host, "0123456789abcdefABCDEFxX.")] == '\0';
}

static void check_like_curl(const char *url) {
	SCOPED(curl_url_release) CURLU *handle = curl_url();
	SCOPED(curl_release) char *host = NULL, *scheme = NULL, *user = NULL, *query = NULL, *fragment = NULL;
	char ours[300];
	require(handle != NULL);
	if (curl_url_set(handle, CURLUPART_URL, url, CURLU_PATH_AS_IS))
		return; /* then nothing is sent */
	require(!curl_url_get(handle, CURLUPART_HOST, &host, 0) && !curl_url_get(handle, CURLUPART_SCHEME, &scheme, 0));
	require(curl_url_get(handle, CURLUPART_USER, &user, 0) == CURLUE_NO_USER);
	require(curl_url_get(handle, CURLUPART_QUERY, &query, 0) == CURLUE_NO_QUERY);
	require(curl_url_get(handle, CURLUPART_FRAGMENT, &fragment, 0) == CURLUE_NO_FRAGMENT);
	url_host(url, ours, sizeof(ours));
	size_t len = strlen(host);
	if (!is_number_like(host) && *host != '[')
		require(!strncasecmp(ours, host, len) && (ours[len] == '\0' || ours[len] == ':'));
	if (!strcasecmp(scheme, "http"))
		require(!strcasecmp(host, "localhost") || !strncmp(host, "127.", 4) || !strcmp(host, "[::1]"));
	else
		require(!strcasecmp(scheme, "https"));
}

static void check_url(const char *text) {
	struct error err = {0};
	SCOPED(scope_free) char *url = bytes_copy(text, strlen(text), true);
	char tiny[4];
	url_host(url, tiny, sizeof(tiny));
	require(memchr(tiny, '\0', sizeof(tiny)) != NULL);
	if (url_check(url, &err)) {
		require(err.code != 0 && *err.message);
		return;
	}
	for (const char *at = url; *at; at++)
		require(*at > ' ' && *at < 0x7f && *at != '?' && *at != '#');
	check_like_curl(url);
	url_normalise(url);
	require(strlen(url) <= strlen(text) && url[strlen(url) - 1] != '/');
	require(url_check(url, &err) == 0);
	SCOPED(scope_free) char *once = bytes_copy(url, strlen(url), true);
	url_normalise(url);
	require(!strcmp(once, url));
	check_like_curl(url);
}

static void check_segment(const char *text) {
	SCOPED(buffer_free) struct buffer segment = {0};
	url_add_segment(&segment, text);
	require(!segment.error);
	for (size_t i = 0; i < segment.len; i++)
		require(strchr("-._~%", segment.data[i]) || (segment.data[i] >= '0' && segment.data[i] <= '9') ||
			(segment.data[i] >= 'A' && segment.data[i] <= 'Z') ||
			(segment.data[i] >= 'a' && segment.data[i] <= 'z'));
	require(!segment.len || (strcmp(segment.data, ".") != 0 && strcmp(segment.data, "..") != 0));
	SCOPED(scope_free) char *exact = bytes_copy(segment.data, segment.len, false);
	SCOPED(scope_free) char *back = url_segment_dup(exact, segment.len);
	require(back && !strcmp(back, text));
}

static void check_any_segment(const char *data, size_t len) {
	SCOPED(scope_free) char *exact = bytes_copy(data, len, false);
	SCOPED(scope_free) char *text = url_segment_dup(exact, len);
	require(text != NULL);
}

/* What the table's paths are filled with comes out of them again. */
static void check_paths(const struct scope *scope) {
	for (size_t k = 0; k < KINDS; k++)
		for (size_t doc = 0; doc < DOCS; doc++) {
			const char *path = kinds[k].docs[doc].path;
			SCOPED(buffer_free) struct buffer filled = {0};
			SCOPED(scope_end) struct scope back = {0};
			if (!path || store_path(path, scope, &filled))
				continue;
			require(store_path_read(path, filled.data, &back) == 0 && back.count <= scope->count);
			for (unsigned i = 0; i < back.count; i++)
				require(!strcmp(back.ids[i], scope->ids[i]));
		}
}

static void check_any_path(const char *text) {
	for (size_t k = 0; k < KINDS; k++) {
		SCOPED(scope_end) struct scope scope = {0};
		int rc = store_path_read(kinds[k].docs[DOC_LIST].path, text, &scope);
		require(!rc || !scope.count);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	SCOPED(scope_free) char *text = bytes_copy((const char *)data, size, true);
	struct scope scope = {0};
	for (const char *at = text; at <= text + size && scope.count < SCOPE_MAX; at += strlen(at) + 1)
		scope.ids[scope.count++] = at;
	check_url(text);
	check_segment(text);
	check_any_segment((const char *)data, size);
	check_any_path(text);
	check_paths(&scope);
	return 0;
}
