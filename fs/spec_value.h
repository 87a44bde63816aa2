/* A value of a spec against what the schema says of it. Private to spec.c. */
#ifndef NEEVFS_FS_SPEC_VALUE_H
#define NEEVFS_FS_SPEC_VALUE_H

#include "spec_fault.h"

/*
 * Adds to `faults` what is wrong with a value, which lies in their text and is called `path` ("" for the whole spec) in
 * their messages. `name` is what the member `name` of an object must be, if it has one. 0 or -ENOMEM.
 */
int spec_value_check(
	const struct schema *schema, const char *path, const char *name, struct json value, struct spec_faults *faults);

#endif
