/*
 * From an HTTP answer to what the caller gets: checked JSON, or an errno, a sentence and a verdict. Private to api/.
 */
#ifndef NEEVFS_API_ANSWER_H
#define NEEVFS_API_ANSWER_H

#include "http.h"

/* Reads the answer to a request of that method. What *ret points to is the answer's. */
void answer_read(const struct http_answer *answer, enum api_method method, struct api_response *ret);

#endif
