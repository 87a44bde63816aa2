#include "http_easy.h"
#include "failure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { RETRY_AFTER_MAX_S = 3600 };

/* ---- header lines ---- */

static bool headers_add(struct easy *easy, const char *line) {
	struct curl_slist *headers = curl_slist_append(easy->headers, line);

	if (headers)
		easy->headers = headers;
	return headers;
}

static int easy_authorize(struct easy *easy, const char *token) {
	static const char scheme[] = "Authorization: Bearer ";
	size_t len = token ? strlen(token) : 0;

	if (!token)
		return 0;
	easy->authorization = malloc(sizeof(scheme) + len);
	if (!easy->authorization)
		return -ENOMEM;
	memcpy(easy->authorization, scheme, sizeof(scheme));
	memcpy(easy->authorization + sizeof(scheme) - 1, token, len + 1);
	easy->token = easy->authorization + sizeof(scheme) - 1;
	return headers_add(easy, easy->authorization) ? 0 : -ENOMEM;
}

static int easy_headers(struct easy *easy, const struct http_request *request) {
	char control[48] = "Cache-Control: no-cache";

	if (easy_authorize(easy, request->token) < 0 || !headers_add(easy, "Accept: application/json") ||
		!headers_add(easy, "Expect:"))
		return -ENOMEM;
	if (request->max_age_s)
		snprintf(control, sizeof(control), "Cache-Control: max-age=%u", request->max_age_s);
	if (request->method == API_GET && !headers_add(easy, control))
		return -ENOMEM;
	/* An empty one would be sent for a POST without a body: "application/x-www-form-urlencoded". */
	if (!headers_add(easy, request->body ? "Content-Type: application/json" : "Content-Type:"))
		return -ENOMEM;
	return 0;
}

/* ---- options ---- */

/* Sets one option unless one before it failed. */
#define SET(option, value) (rc = rc ? rc : curl_easy_setopt(handle, option, value))

static CURLcode options_method(CURL *handle, const struct http_request *request, bool secure) {
	CURLcode rc = CURLE_OK;

	if (request->method != API_GET) {
		/*
		 * A change goes out on a connection of its own. On a reused one that dies before its answer curl sends
		 * the request again by itself, and a POST would create twice; HTTP/2 has its own repetition
		 * (REFUSED_STREAM).
		 */
		SET(CURLOPT_FRESH_CONNECT, 1L);
		SET(CURLOPT_FORBID_REUSE, 1L);
		SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	} else {
		SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
		/*
		 * One connection for all where the server multiplexes, which TLS negotiates. Without TLS all would wait
		 * for the first one's answer.
		 */
		SET(CURLOPT_PIPEWAIT, secure ? 1L : 0L);
	}
	if (request->body || request->method == API_POST || request->method == API_PUT) {
		SET(CURLOPT_POSTFIELDS, request->body ? request->body : "");
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(request->body ? request->body_len : 0));
	}
	if (request->method == API_PUT || request->method == API_DELETE)
		SET(CURLOPT_CUSTOMREQUEST, request->method == API_PUT ? "PUT" : "DELETE");
	return rc;
}

static CURLcode options_safety(CURL *handle, const char *ca_file, const char *proxy, bool secure) {
	CURLcode rc = CURLE_OK;

	SET(CURLOPT_PROTOCOLS_STR, secure ? "https" : "http");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (ca_file) {
		SET(CURLOPT_CAINFO, ca_file);
		SET(CURLOPT_PROXY_CAINFO, ca_file);
		/* Else the system's directory of authorities would still count, too. */
		SET(CURLOPT_CAPATH, NULL);
		SET(CURLOPT_PROXY_CAPATH, NULL);
	}
	/* Unencrypted goes to this machine only (url_check()), never to a proxy. "" is none, whatever the environment
	 * says. */
	SET(CURLOPT_PROXY, secure && proxy ? proxy : "");
	SET(CURLOPT_NOPROXY, "");
	/* Else a proxy would get the request's headers, and with them the token, in its CONNECT. */
	SET(CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_PATH_AS_IS, 1L);
	SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	/* No signals: a resolver's SIGALRM would hit the loop. No waiting at the end for a resolver that hangs. */
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_QUICK_EXIT, 1L);
	return rc;
}

static CURLcode options_set(
	struct easy *easy, const struct http_request *request, const char *ca_file, const char *proxy) {
	CURL *handle = easy->handle;
	bool secure = strncasecmp(request->url, "https:", 6) == 0;
	/* 0 would mean: no limit. */
	long timeout_ms = request->timeout_ms ? (long)request->timeout_ms : 1;
	CURLcode rc = options_safety(handle, ca_file, proxy, secure);

	rc = rc ? rc : options_method(handle, request, secure);
	if (request->inspect) {
		SET(CURLOPT_FRESH_CONNECT, 1L);
		SET(CURLOPT_CERTINFO, 1L);
	}
	SET(CURLOPT_URL, request->url);
	SET(CURLOPT_HTTPHEADER, easy->headers);
	SET(CURLOPT_ERRORBUFFER, easy->reason);
	SET(CURLOPT_USERAGENT, "neevfs/" NEEVFS_VERSION);
	SET(CURLOPT_ACCEPT_ENCODING, "gzip");
	SET(CURLOPT_TIMEOUT_MS, timeout_ms);
	SET(CURLOPT_CONNECTTIMEOUT_MS, timeout_ms < HTTP_CONNECT_MS ? timeout_ms : (long)HTTP_CONNECT_MS);
	return rc;
}

int easy_open(struct easy *easy, const struct http_request *request, const char *ca_file, const char *proxy) {
	CURLcode rc;

	easy->url = request->url;
	easy->timeout_ms = request->timeout_ms;
	easy->inspect = request->inspect;
	easy->handle = curl_easy_init();
	if (!easy->handle || easy_headers(easy, request) < 0)
		return -ENOMEM;
	rc = options_set(easy, request, ca_file, proxy);
	return rc == CURLE_OUT_OF_MEMORY ? -ENOMEM : rc ? -EINVAL : 0;
}

/* ---- how it ended ---- */

/* The times that curl tells are each since the start. */
static void route_read(CURL *easy, struct http_route *ret) {
	const struct curl_certinfo *shown = NULL;
	curl_off_t us[4] = {0};

	curl_easy_getinfo(easy, CURLINFO_NAMELOOKUP_TIME_T, &us[0]);
	curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &us[1]);
	curl_easy_getinfo(easy, CURLINFO_APPCONNECT_TIME_T, &us[2]);
	curl_easy_getinfo(easy, CURLINFO_STARTTRANSFER_TIME_T, &us[3]);
	*ret = (struct http_route){
		.resolved_us = us[0], .connected_us = us[1], .secured_us = us[2], .answered_us = us[3]};
	curl_easy_getinfo(easy, CURLINFO_CERTINFO, &shown);
	for (int i = 0; shown && i < shown->num_of_certs; i++)
		for (const struct curl_slist *line = shown->certinfo[i]; line; line = line->next) {
			int64_t end_s = strncasecmp(line->data, "expire date:", 12) == 0
						? (int64_t)curl_getdate(line->data + 12, NULL)
						: 0;

			if (end_s > 0 && (!ret->expires_s || end_s < ret->expires_s))
				ret->expires_s = end_s;
		}
}

void easy_read(const struct easy *easy, struct http_answer *answer) {
	CURL *handle = easy->handle;
	curl_off_t pretransfer_us = 0, retry_after_s = 0;

	/* Set when the request is about to go out. The size of the request is no proof: it is counted late. */
	curl_easy_getinfo(handle, CURLINFO_PRETRANSFER_TIME_T, &pretransfer_us);
	answer->sent = pretransfer_us != 0 || answer->status != 0;
	/* Seconds or a date: curl reads both. */
	curl_easy_getinfo(handle, CURLINFO_RETRY_AFTER, &retry_after_s);
	if (retry_after_s > 0)
		answer->retry_after_ms =
			retry_after_s > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S * 1000 : (unsigned)retry_after_s * 1000;
	answer->date_s = curl_getdate(answer->date, NULL);
	if (answer->date_s < 0)
		answer->date_s = 0;
	if (easy->inspect)
		route_read(handle, &answer->route);
}

/*
 * A handshake that just broke off says nothing about trust. curl has no code of its own for it, only these texts: where
 * OpenSSL gave no reason, and where the socket gave one.
 */
static bool handshake_broke(const char *reason) {
	static const char *const texts[] = {"OpenSSL SSL_connect:", "Recv failure:", "Send failure:"};
	bool broke = false;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		broke = broke || strncmp(reason, texts[i], strlen(texts[i])) == 0;
	return broke;
}

/* With TLS 1.3 the handshake is over before the server says that it wants a certificate of ours. */
static bool certificate_wanted(const char *reason) {
	return strstr(reason, "alert certificate required");
}

static enum failure_cause cause_of(CURLcode rc, const char *reason) {
	switch (rc) {
	case CURLE_OK:
		return FAILURE_STATUS;
	case CURLE_OUT_OF_MEMORY:
		return FAILURE_MEMORY;
	case CURLE_COULDNT_RESOLVE_HOST:
		return FAILURE_NAME;
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_PROXY:
		return FAILURE_PROXY;
	case CURLE_COULDNT_CONNECT:
		return FAILURE_CONNECT;
	case CURLE_OPERATION_TIMEDOUT:
		return FAILURE_TIME;
	case CURLE_SSL_CONNECT_ERROR:
		return handshake_broke(reason) ? FAILURE_HANDSHAKE : FAILURE_TRUST;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CRL_BADFILE:
	case CURLE_SSL_INVALIDCERTSTATUS:
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
	case CURLE_USE_SSL_FAILED:
		return FAILURE_TRUST;
	case CURLE_URL_MALFORMAT:
		return FAILURE_URL;
	case CURLE_PARTIAL_FILE:
		return FAILURE_CUT;
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
		return certificate_wanted(reason) ? FAILURE_TRUST : FAILURE_BROKEN;
	default:
		return FAILURE_UNUSABLE;
	}
}

void easy_explain(const struct easy *easy, CURLcode rc, struct http_answer *answer) {
	struct failure failure = {.url = easy->url, .general = curl_easy_strerror(rc), .timeout_ms = easy->timeout_ms};
	long os_errno = 0, proxy_status = 0;

	failure.detail = easy->reason[0] ? easy->reason : failure.general;
	failure.cause = cause_of(rc, failure.detail);
	curl_easy_getinfo(easy->handle, CURLINFO_OS_ERRNO, &os_errno);
	curl_easy_getinfo(easy->handle, CURLINFO_HTTP_CONNECTCODE, &proxy_status);
	failure.os_errno = (int)os_errno;
	failure.proxy_status = (int)proxy_status;
	failure_tell(&failure, answer);
}

void easy_close(struct easy *easy) {
	curl_easy_cleanup(easy->handle);
	for (struct curl_slist *header = easy->headers; header; header = header->next)
		explicit_bzero(header->data, strlen(header->data));
	curl_slist_free_all(easy->headers);
	if (easy->authorization)
		explicit_bzero(easy->authorization, strlen(easy->authorization));
	free(easy->authorization);
}
