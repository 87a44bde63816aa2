/*
 * From the bytes of an HTTP answer to what the caller gets: checked JSON, or an errno, a sentence and a verdict.
 * Private to api/; knows no curl.
 */
#ifndef NEEVFS_API_ANSWER_H
#define NEEVFS_API_ANSWER_H

#include "http.h"

/* Takes one header line, until the answer's status is set. False: give up; the answer says why. */
bool answer_header(struct http_answer *answer, const char *line, size_t len);

/* Takes a piece of the decoded body: so a small answer that unpacks to gigabytes stops at the bound, too. */
bool answer_body(struct http_answer *answer, const char *data, size_t len);

/* No whole answer came: a positive errno, and why. */
__attribute__((format(printf, 3, 4))) void answer_fail(struct http_answer *answer, int code, const char *format, ...);

/* Reads the answer to a request of that method. What *ret points to is the answer's. */
void answer_read(const struct http_answer *answer, enum api_method method, struct api_response *ret);

#endif
