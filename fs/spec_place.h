/* Where in a rejected text the fault stands, for a person. Private to spec_fault.c. */
#ifndef NEEVFS_FS_SPEC_PLACE_H
#define NEEVFS_FS_SPEC_PLACE_H

#include "schema.h"

#include <stddef.h>

/*
 * Appends "line L, column C", the line, and a caret under the place, each with a line feed. A long line is cut around
 * the place, control bytes are '?'. With a schema that has a secret the words of the line are masked, see spec_check().
 */
void spec_place(const struct schema *schema, const char *text, size_t len, size_t offset, struct buffer *out);

#endif
