/* The nearest right word for a wrong one: a key of a schema, or any of those that are tried. */
#ifndef NEEVFS_FS_SPEC_NEAR_H
#define NEEVFS_FS_SPEC_NEAR_H

#include "schema.h"

#include <stdbool.h>
#include <stddef.h>

enum { NEAR_LEN_MAX = 64 }; /* longer words are near to nothing */

struct near {
	const char *name; /* the nearest that was tried, lent; NULL: none is near */
	size_t distance;  /* of that; 0: they differ in nothing that counts */
	char word[NEAR_LEN_MAX];
	size_t len;
};

void near_begin(struct near *near, const char *word, size_t len);
bool near_try(struct near *near, const char *name); /* true: it is the nearest so far */

/* The member of an object, or of any of its variants, that `key` may have meant; NULL if none is near. */
const struct schema *spec_near(const struct schema *schema, const char *key, size_t len);

#endif
