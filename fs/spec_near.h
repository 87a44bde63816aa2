/* The nearest right key for a wrong one; also of other words that are members of a schema. */
#ifndef NEEVFS_FS_SPEC_NEAR_H
#define NEEVFS_FS_SPEC_NEAR_H

#include "schema.h"

#include <stddef.h>

/* The member of an object, or of any of its variants, that `key` may have meant; NULL if none is near. */
const struct schema *spec_near(const struct schema *schema, const char *key, size_t len);

#endif
