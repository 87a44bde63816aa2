#include "url.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Locale-free, unlike isalnum(): a host name or a path is ASCII or refused. */
static bool is_alnum(char c) {
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* `c` is no NUL. */
static bool is_one_of(char c, const char *set) {
	return strchr(set, c);
}

/* The host as curl will see it, NUL-terminated, an IPv6 address with its brackets. */
static int host_copy(const char *at, size_t len, char *ret, size_t size, struct error *err) {
	if (len == 0)
		return error_set(err, EINVAL, "the URL has no host");
	if (len >= size)
		return error_set(err, EINVAL, "the URL's host is too long");
	memcpy(ret, at, len);
	ret[len] = '\0';
	return 0;
}

static bool host_is_name(const char *host) {
	for (; *host; host++)
		if (!is_alnum(*host) && !is_one_of(*host, ".-_"))
			return false;
	return true;
}

/* In brackets, of which the first is there. A zone (%eth0) is refused: no public service has one. */
static bool host_is_ipv6(const char *host) {
	struct in6_addr address;
	char text[INET6_ADDRSTRLEN];
	size_t len = strlen(host);

	if (len < 4 || len - 2 >= sizeof(text) || host[len - 1] != ']')
		return false;
	memcpy(text, host + 1, len - 2);
	text[len - 2] = '\0';
	return inet_pton(AF_INET6, text, &address) == 1;
}

/*
 * Only the three spellings that cannot mean another machine: inet_pton() takes neither 127.1 nor 0x7f.0.0.1, which
 * resolvers read differently.
 */
static bool host_is_loopback(const char *host) {
	struct in_addr address;

	if (strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0)
		return true;
	return inet_pton(AF_INET, host, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

static bool port_is_good(const char *at, size_t len) {
	unsigned port = 0;

	if (len < 1 || len > 5)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (at[i] < '0' || at[i] > '9')
			return false;
		port = port * 10 + (unsigned)(at[i] - '0');
	}
	return port >= 1 && port <= 65535;
}

static int path_check(const char *path, struct error *err) {
	if (strchr(path, '?'))
		return error_set(err, EINVAL, "the URL has a query");
	if (strchr(path, '#'))
		return error_set(err, EINVAL, "the URL has a fragment");
	for (; *path; path++)
		if (!is_alnum(*path) && !is_one_of(*path, "/-._~%!$&'()*+,;=:@"))
			return error_set(err, EINVAL, "the URL's path has a character that must be written as %%XX");
	return 0;
}

int url_check(const char *url, struct error *err) {
	char host[256];
	bool secure = strncasecmp(url, "https://", 8) == 0;
	const char *at, *end, *port;
	int rc;

	if (!secure && strncasecmp(url, "http://", 7) != 0)
		return error_set(err, EINVAL, "the URL does not begin with https://");
	at = url + (secure ? 8 : 7);
	end = at + strcspn(at, "/?#");
	if (memchr(at, '@', (size_t)(end - at)))
		return error_set(err, EINVAL, "the URL has a user name in it");
	if (*at == '[') {
		port = memchr(at, ']', (size_t)(end - at));
		port = port ? port + 1 : end;
		if (port < end && *port != ':')
			return error_set(err, EINVAL, "the URL's host is no IPv6 address");
	} else {
		port = memchr(at, ':', (size_t)(end - at));
	}
	if (!port)
		port = end;
	rc = host_copy(at, (size_t)(port - at), host, sizeof(host), err);
	if (rc < 0)
		return rc;
	if (host[0] == '[' ? !host_is_ipv6(host) : !host_is_name(host))
		return error_set(err, EINVAL, "the URL's host is neither a name nor an address");
	if (port < end && !port_is_good(port + 1, (size_t)(end - port) - 1))
		return error_set(err, EINVAL, "the URL's port is no number from 1 to 65535");
	if (!secure && !host_is_loopback(host))
		return error_set(err, EINVAL,
			"the URL must begin with https://: the token is sent there (http:// only to 127.0.0.1,"
			" [::1] and localhost)");
	return path_check(end, err);
}

void url_normalise(char *url) {
	char *host = strstr(url, "://"), *end;
	const char *usual;
	size_t len = strlen(url);

	if (!host)
		return;
	host += 3;
	end = host + strcspn(host, "/");
	for (char *at = url; at < end; at++)
		*at = *at >= 'A' && *at <= 'Z' ? (char)(*at - 'A' + 'a') : *at;
	usual = strncmp(url, "https:", 6) == 0 ? ":443" : ":80";
	if ((size_t)(end - host) > strlen(usual) && !strncmp(end - strlen(usual), usual, strlen(usual))) {
		memmove(end - strlen(usual), end, strlen(end) + 1);
		len = strlen(url);
	}
	while (url[len - 1] == '/') /* at the latest the host ends it */
		url[--len] = '\0';
}

void url_add_segment(struct buffer *out, const char *text) {
	bool dots = strcmp(text, ".") == 0 || strcmp(text, "..") == 0;

	for (; *text; text++) {
		if ((is_alnum(*text) || is_one_of(*text, "-._~")) && !dots)
			buffer_byte(out, *text);
		else
			buffer_printf(out, "%%%02X", (unsigned)(unsigned char)*text);
	}
}

static int hex_value(char c) {
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
				      : -1;
}

char *url_segment_dup(const char *segment, size_t len) {
	char *text = malloc(len + 1), *out = text;

	for (size_t i = 0; text && i < len; i++) {
		int high = segment[i] == '%' && len - i > 2 ? hex_value(segment[i + 1]) : -1;
		int low = high >= 0 ? hex_value(segment[i + 2]) : -1;

		*out++ = low >= 0 ? (char)(high * 16 + low) : segment[i];
		i += low >= 0 ? 2 : 0;
	}
	if (text)
		*out = '\0';
	return text;
}

void url_host(const char *url, char *ret, size_t size) {
	const char *at = strstr(url, "://");

	at = at ? at + 3 : url;
	snprintf(ret, size, "%.*s", (int)strcspn(at, "/?#"), at);
}

const char *url_path(const char *url) {
	const char *host = strstr(url, "://");
	const char *path = host ? strchr(host + 3, '/') : NULL;

	return path ? path : "";
}
