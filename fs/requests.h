/* The last requests to the API, each with who caused it: what .neevfs/requests shows, and the log. */
#ifndef NEEVFS_FS_REQUESTS_H
#define NEEVFS_FS_REQUESTS_H

#include "cause.h"

#include <time.h>

enum {
	REQUESTS_MAX = 256,
	REQUEST_FIELD_MAX = 1024, /* bytes of a path, before they are escaped: the rest is cut off */
};

struct requests;

int requests_new(struct requests **ret);       /* 0 or -ENOMEM */
void requests_free(struct requests *requests); /* takes NULL */

/* Keeps one whose tag is a struct cause, or NULL; the oldest makes room. Without memory it is lost. */
void requests_add(struct requests *requests, time_t when, const struct api_exchange *exchange);

/* Appends a row of names, and a row of each, the oldest first. No text in them can look like another field or row. */
void requests_show(const struct requests *requests, struct buffer *out);

/* Appends the fields of a row but the time, which are empty nowhere; with ' ' between them blanks are escaped too. */
void request_fields(const struct api_exchange *exchange, char separator, struct buffer *out);

#endif
