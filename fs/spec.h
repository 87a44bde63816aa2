/* A spec.json that a user wrote: is it complete, is it right, and what is to be POSTed. Pure: no I/O, no clock. */
#ifndef NEEVFS_FS_SPEC_H
#define NEEVFS_FS_SPEC_H

#include "spec_fault.h"

#include <stdbool.h>
#include <stddef.h>

enum { SPEC_BYTES_MAX = 1 << 20 };

/* Members that a spec may have for people and their editors, with a string each: they are not sent. NULL-terminated. */
extern const char *const spec_remarks[];
bool spec_is_remark(struct json key);

enum spec_verdict {
	SPEC_GOOD,       /* *ret_body is what may be sent */
	SPEC_INCOMPLETE, /* more text may make it good: nothing is to be sent yet */
	SPEC_BAD,        /* no appending can mend it */
	SPEC_NO_MEMORY,
};

/*
 * Checks the text of a spec for a resource that will be called `name`: syntax, required, unknown, duplicate and
 * wrongly-cased keys (with the nearest right one; spec_remarks are none of them), types, patterns, ranges, choices,
 * variants; `name` absent or equal. All faults are told, but what follows from another: what a misspelt key may have
 * meant is not missing, and a value is wrong once. What is missing counts as standing at the closing brace. What is no
 * JSON has one fault.
 *
 * On SPEC_GOOD appends the request body to `ret_body`: the text's members as they were written, digit for digit,
 * without insignificant white space and remarks, with `name` first. On SPEC_BAD and SPEC_INCOMPLETE `ret_faults`, which
 * may be NULL, says why; without a place if there is no text, or too much.
 *
 * Where the schema has a secret member, all words of a shown line are asterisks but for the schema's own names, since a
 * misspelt key or a forgotten quote must not bring the secret into a log; and neither its value nor that of a misspelt
 * key is in a message.
 */
enum spec_verdict spec_check(const struct schema *schema, const char *name, const char *text, size_t len,
	struct buffer *ret_body, struct spec_faults *ret_faults);

/*
 * Whether the API would take `name` (the schema's own rule for its member `name`). 0, -EINVAL with the reason, -ENOMEM.
 */
int spec_name_check(const struct schema *schema, const char *name, struct error *err);

/* What spec_render() cannot take from the response: a member of the root, as text. */
struct spec_override {
	const char *name; /* NULL ends the list */
	const char *text; /* a string's content, a number as written; NULL leaves the member out */
};

/*
 * Renders, from a response, what could be POSTed to create the resource again, without `name`: two-space indent, final
 * newline. An override stands in for the response. Members that the response lacks (absent, null), and objects whose
 * variant it does not name, are left out; integers keep their digits. `overrides` may be NULL.
 */
void spec_render(
	const struct schema *schema, struct json response, const struct spec_override *overrides, struct buffer *out);

enum spec_sameness {
	SPEC_SAME,
	SPEC_UNTOLD,    /* whether it is so cannot be known */
	SPEC_DIFFERENT, /* the worst */
};

/*
 * Whether a resource is already what `wanted` (an object that spec_check() accepted) asks for, `real` being its own
 * spec as spec_render() gives it, and `sent` what created it; absent: not known. What is not mentioned, and secrets,
 * are not compared; what no answer tells (the schema's untold) is compared with `sent`. Without that it is untold, but
 * for what is assumed. Appends the members that are the worst of these, ", " between; none if all are the same.
 */
enum spec_sameness spec_compare(
	const struct schema *schema, struct json wanted, struct json real, struct json sent, struct buffer *members);

#endif
