/* A spec.json that a user wrote: is it complete, is it right, and what is to be POSTed. Pure: no I/O, no clock. */
#ifndef NEEVFS_FS_SPEC_H
#define NEEVFS_FS_SPEC_H

#include "schema.h"

#include <stdbool.h>
#include <stddef.h>

enum { SPEC_BYTES_MAX = 1 << 20 };

enum spec_verdict {
	SPEC_GOOD,       /* *ret_body is what may be sent */
	SPEC_INCOMPLETE, /* more text may make it good: nothing is to be sent yet */
	SPEC_BAD,        /* no appending can mend it */
	SPEC_NO_MEMORY,
};

/*
 * Checks the text of a spec for a resource that will be called `name`: syntax, required, unknown, duplicate and wrongly-cased keys (with the nearest
 * right one), types, patterns, ranges, choices, variants; `name` absent or equal. On SPEC_GOOD appends the request body to `ret_body`: the text's members as
 * they were written, digit for digit, without insignificant white space, with `name` first. On SPEC_BAD and SPEC_INCOMPLETE `err` has code EINVAL, the reason, and in `place`
 * "line L, column C" with the line (cut to what fits around the place, control bytes as '?') and a caret below it.
 */
enum spec_verdict spec_check(const struct schema *schema, const char *name, const char *text, size_t len, struct buffer *ret_body, struct error *err);

/* Whether the API would take `name` (the schema's own rule for its member `name`). 0 or -EINVAL with the reason. */
int spec_name_check(const struct schema *schema, const char *name, struct error *err);

/*
 * Renders, from a response, what could be POSTed to create the resource again, without `name`: two-space indent, final newline. Members that the
 * response lacks (absent, null) are left out; integers keep their digits.
 */
void spec_render(const struct schema *schema, struct json response, struct buffer *out);

#endif
