/*
 * From the bytes of an HTTP answer to what the caller gets: checked JSON, or an errno, a sentence and a verdict.
 * Private to api/; knows no curl.
 */
#ifndef NEEVFS_API_ANSWER_H
#define NEEVFS_API_ANSWER_H

#include "http.h"

/* An answer that is arriving, and what was wrong with it. */
struct receiver {
	struct http_answer *answer; /* lent */
	size_t head_bytes;
	enum { RECEIVER_GOOD, RECEIVER_HEAD_TOO_LARGE, RECEIVER_BODY_TOO_LARGE, RECEIVER_NO_MEMORY } fault;
};

/* Takes one header line, until the answer's status is set. False: give up, `fault` says why. */
bool answer_header(struct receiver *receiver, const char *line, size_t len);

/* Takes a piece of the decoded body: so a small answer that unpacks to gigabytes stops at the bound, too. */
bool answer_body(struct receiver *receiver, const char *data, size_t len);

/* Reads the answer to a request of that method. What *ret points to is the answer's. */
void answer_read(const struct http_answer *answer, enum api_method method, struct api_response *ret);

#endif
