/*
 * One request on curl's easy interface: what curl is told of it, and what curl tells when it is over. Private to
 * http.c.
 *
 * A second file that knows curl, as this is to be read and checked by itself: what a request may do with the token,
 * with connections and with the environment. It calls nothing back: what arrives meanwhile is http.c's.
 */
#ifndef NEEVFS_API_HTTP_EASY_H
#define NEEVFS_API_HTTP_EASY_H

#include "http.h"

#include <curl/curl.h>

/* Zeroed, then opened. Stays where it is: curl writes into it. */
struct easy {
	CURL *handle;
	const char *token; /* that is sent, or NULL; lent until it is closed */
	/* Private. */
	char *authorization; /* the header line; `headers` has its own copy */
	struct curl_slist *headers;
	const char *url; /* lent, as the request's */
	unsigned timeout_ms;
	bool inspect;
	char reason[CURL_ERROR_SIZE];
};

/* 0, -ENOMEM, or -EINVAL for what curl does not take; easy_close() is due in each case. `ca_file` and `proxy` as in
 * struct http_config; copied. */
int easy_open(struct easy *easy, const struct http_request *request, const char *ca_file, const char *proxy);
void easy_close(struct easy *easy); /* not while the handle is in a multi handle. Wipes the token */

/* What curl knows of an answer whose `status` and `date` are there: whether it was sent, when to ask again, the route.
 */
void easy_read(const struct easy *easy, struct http_answer *answer);

/* Then, if there is no whole answer: why, after curl's code; CURLE_OK: there is no status. */
void easy_explain(const struct easy *easy, CURLcode rc, struct http_answer *answer);

#endif
