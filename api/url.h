/* URLs: the check of a configured base, and the escaping of one path segment (RFC 3986). */
#ifndef NEEVFS_API_URL_H
#define NEEVFS_API_URL_H

#include "buffer.h"
#include "error.h"

/*
 * Whether a token may be sent there: https, or http to a loopback address (127.0.0.0/8, [::1], localhost); a host; no
 * user, query or fragment; no trailing slash needed. -EINVAL with the reason.
 */
int url_check(const char *url, struct error *err);

/* The same URL in the one way in which it is written here: scheme and host in lower case, without their usual port,
 * no '/' at its end. In place; of one that url_check() takes. */
void url_normalise(char *url);

/* Appends text as one path segment: everything but unreserved characters as %XX; "." and ".." too. */
void url_add_segment(struct buffer *out, const char *text);

/* The text that url_add_segment() has made a segment of; to be freed. NULL without memory. */
char *url_segment_dup(const char *segment, size_t len);

/* "host" or "host:port" of a URL, for a message; cut to fit. */
void url_host(const char *url, char *ret, size_t size);

/* The path of a URL that has a scheme and a host, with its query, lent; "" if it has none. */
const char *url_path(const char *url);

#endif
