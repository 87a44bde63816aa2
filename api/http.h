/*
 * One HTTP exchange on curl's multi interface. Private to api/; http.c and http_easy.c are the only files
 * that know curl.
 *
 * Everything runs on one inner epoll descriptor (curl's sockets and one timer), which nests in the caller's. No queue,
 * no retry, no meaning of a status here: what was started is under way, and ends with one answer.
 */
#ifndef NEEVFS_API_HTTP_H
#define NEEVFS_API_HTTP_H

#include "api.h"
#include "buffer.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	HTTP_BODY_MAX = JSON_BYTES_MAX, /* after decoding */
	HTTP_HEAD_MAX = 64 << 10,
	HTTP_CONNECT_MS = 10000,
	HTTP_SECRET_MAX = 64 << 10, /* the body of an answer to a request with `secret` */
};

struct http;
struct http_exchange;

struct http_config {
	const char *ca_file; /* PEM, or NULL: the system's. All are copied */
	const char *proxy;   /* or NULL */
	unsigned parallel;   /* connections kept open */
	struct api_observer observer;
};

struct http_request {
	enum api_method method;
	const char *url;   /* lent until the exchange ends */
	const char *token; /* NULL: no Authorization */
	const char
		*secret;  /* without a token: what else must not come back in any text; lent until the exchange ends */
	const char *body; /* lent until the exchange ends; NULL: none */
	size_t body_len;
	unsigned timeout_ms; /* from now on */
	/* What the observer is told besides; lent like the body. The path is part of the URL. */
	enum api_service service;
	const void *tag;
	unsigned attempt;
	unsigned max_age_s; /* as in struct api_request */
	bool inspect;       /* on a connection of its own, and the answer's `route` tells of it */
};

/* The way to a server. The times are since the request's start; 0: it did not come so far, or there was no such step.
 */
struct http_route {
	int64_t resolved_us, connected_us, secured_us, answered_us;
	int64_t expires_s; /* since 1970, when the first of the server's certificates ends; 0: none was shown */
};

/* Lent for the callback; the body may be taken over by moving the buffer out. */
struct http_answer {
	int code; /* 0: a whole answer came; else the positive errno why not (`status` may be known all the same) */
	char message[384]; /* the reason in words, "" if code is 0 */
	bool sent;         /* whether a byte of the request may have reached the server */
	size_t head_bytes; /* of all header lines */
	int status;        /* 0 until a whole final header section came */
	struct buffer body;
	const char *token;       /* or the secret that was sent: must not come back in any text */
	char request_id[96];     /* of the headers, "" if absent, cut to fit */
	unsigned retry_after_ms; /* of Retry-After, 0 if absent */
	char content_type[64];
	char age[16], date[40];  /* of the headers, as the two before */
	int64_t date_s;          /* that, since 1970; 0 if absent or no date */
	struct http_route route; /* zeroed, unless `inspect` */
};
typedef void http_done(void *user, struct http_answer *answer);

/* -ENOMEM, or -EMFILE and the like of the descriptors. Removes SSLKEYLOGFILE from the environment. */
int http_new(const struct http_config *config, struct http **ret);
void http_free(struct http *http); /* every exchange must have ended or been cancelled. Takes NULL */

int http_fd(const struct http *http); /* readable when http_run() has something to do */
void http_run(struct http *http);

/* Makes http_fd() readable at that time of watch_now_ms(); WATCH_NEVER: never. There is one alarm. */
void http_alarm(struct http *http, int64_t at_ms);

/* Makes http_fd() readable when that descriptor is; -1: none any more. There is one. */
void http_guest(struct http *http, int fd);

/* 0, -ENOMEM, or -EINVAL for what curl does not take. `done` comes from http_run() only. */
int http_start(
	struct http *http, const struct http_request *request, http_done *done, void *user, struct http_exchange **ret);
void http_cancel(struct http_exchange *exchange); /* `done` is not called. Takes NULL */

#endif
