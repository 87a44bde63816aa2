/* The keys of the objects that a scan has open, to find one that stands twice. Private to json_scan.c. */
#ifndef NEEVFS_API_JSON_KEYS_H
#define NEEVFS_API_JSON_KEYS_H

#include "json.h"

#include <stdint.h>

struct json_key {
	const char *place; /* the opening quote in the text */
	uint32_t len;      /* of the key as decoded */
	uint32_t decoded;  /* where in `decoded` it stands, from 1; 0: it has no escape and is read in its place */
};

/* A stack: the keys of the outermost object lie at the bottom. Starts as `= {0}`. */
struct json_keys {
	struct json_key *list; /* owned */
	size_t count, cap;
	struct buffer decoded; /* owned; the keys that have escapes */
};

/*
 * Adds a key (a checked string) to the innermost object, whose keys begin at `first`. JSON_OK, JSON_TOO_LARGE,
 * JSON_NO_MEMORY, or JSON_BAD if it is known to stand there already; in a big object only json_keys_twice() finds that.
 */
enum json_verdict json_keys_add(struct json_keys *keys, size_t first, struct json key, bool escaped);

/* The place of the first key that stands twice in the innermost object, which gets no more; NULL if none does. */
const char *json_keys_twice(struct json_keys *keys, size_t first);

/* Forgets the keys of the innermost object. */
void json_keys_drop(struct json_keys *keys, size_t first);

void json_keys_free(struct json_keys *keys);

#endif
