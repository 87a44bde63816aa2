/*
 * Why an exchange brought no whole answer: from what happened to an errno and a sentence. Private to api/. Pure; knows
 * no curl.
 */
#ifndef NEEVFS_API_FAILURE_H
#define NEEVFS_API_FAILURE_H

#include "http.h"

enum failure_cause {
	FAILURE_UNUSABLE, /* what came is no answer */
	FAILURE_STATUS,   /* nothing failed, but no status came */
	FAILURE_CUT,      /* the answer is shorter than it said */
	FAILURE_BROKEN,   /* the connection broke when it was made already */
	FAILURE_MEMORY,
	FAILURE_TIME,      /* it ran out */
	FAILURE_URL,       /* cannot be asked */
	FAILURE_NAME,      /* the host's cannot be resolved */
	FAILURE_PROXY,     /* cannot be used */
	FAILURE_CONNECT,   /* no connection to the host, or the proxy */
	FAILURE_HANDSHAKE, /* the connection broke in that of TLS, which says nothing about trust */
	FAILURE_TRUST,     /* no TLS with somebody who is trusted */
};

/* The texts are lent for the call, and need not be known where the cause says all. */
struct failure {
	enum failure_cause cause;
	const char *url;     /* that was asked */
	const char *general; /* the client's words for such a failure */
	const char *detail;  /* and for this one */
	int os_errno;        /* of FAILURE_CONNECT; 0: not known */
	int proxy_status;    /* that a proxy answered with for itself; 0: none */
	unsigned timeout_ms; /* that the request had */
};

/* Gives the answer its code and its message, by its `sent` and `status`. */
void failure_tell(const struct failure *failure, struct http_answer *answer);

#endif
