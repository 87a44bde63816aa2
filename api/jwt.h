/* A token that says itself when it ends: a JWT (RFC 7519). It is looked into and not checked, as its key is elsewhere.
 * Private to api/. */
#ifndef NEEVFS_API_JWT_H
#define NEEVFS_API_JWT_H

#include <stdint.h>

/* Its `exp`, in seconds since 1970. 0: it is no JWT, says nothing of it, or is larger than a token may be. */
int64_t jwt_expires_s(const char *token);

#endif
