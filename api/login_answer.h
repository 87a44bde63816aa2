/* What is sent to the tenant API's auth/login and auth/refresh, and what comes back. Private to api/. */
#ifndef NEEVFS_API_LOGIN_ANSWER_H
#define NEEVFS_API_LOGIN_ANSWER_H

#include "buffer.h"
#include "http.h"
#include "session.h"

/* {"KEY":"VALUE",…} of pairs that end with NULL, as JSON; `ret` is wiped by login_body_wipe(). 0 or -ENOMEM. */
int login_body(const char *const *pairs, struct buffer *ret);
void login_body_wipe(struct buffer *body);

/*
 * Reads a good answer into `session`, whose tenant stays, and whose refresh token stays if the answer has none; wipes
 * the answer's body. -errno with words, which never have `secret` in them.
 */
int login_answer_read(struct http_answer *answer, long long wall_s, struct session *session, struct error *err);

#endif
