/*
 * struct schema: what a request body must look like, as constant data; the API documents' component schemas, rewritten
 * as tables.
 *
 * The tables (schemas.c) have only initialisers. spec.c checks a text against them; spec.json of an existing resource
 * is rendered from them (`from` names where the response holds what the request calls `name`).
 */
#ifndef NEEVFS_FS_SCHEMA_H
#define NEEVFS_FS_SCHEMA_H

#include "../api/error.h"
#include "../api/json.h"

#include <stdbool.h>

enum schema_type { SCHEMA_STRING, SCHEMA_INTEGER, SCHEMA_BOOLEAN, SCHEMA_ARRAY, SCHEMA_OBJECT };

enum { SCHEMA_MEMBERS_MAX = 64 };

struct schema {
	const char *name; /* of a member; of a variant: the tag's value; NULL for the root and an array's element */
	enum schema_type type;
	bool required;
	bool open;    /* object: members that are not listed are allowed */
	bool untold;  /* an answer need not tell it, also where it is so; what is from "-" is this too */
	bool assumed; /* no answer tells it, yet it stands in every spec: taken for the same where it cannot be known */
	bool secret;  /* a credential: never shown, not even in the error about it; never rendered */
	bool has_min, has_max;
	long long min, max;  /* integer: inclusive range; string: length in characters; array: number of elements */
	const char *pattern; /* string: POSIX extended regular expression */
	const char *hint;    /* beside `pattern`: what it means, as it follows "must be " */
	const char *about;   /* what it is, and what `rule` demands: for who writes a spec; NULL: its name says it */
	const char *const *choices;   /* string: NULL-terminated list of what is allowed */
	const struct schema *element; /* array */
	const char *unique; /* array with a maximum: JSON pointer into elements to the string that no two share */
	const struct schema *members; /* object; at most SCHEMA_MEMBERS_MAX, then a row without name */
	const char *tag; /* object: the member whose value chooses among `variants`, instead of `members` */
	const struct schema *variants; /* object: each lists all members that it allows; ends with a row without name */
	/*
	 * A rule that no field above can say; called on a value that passed all others. 0, or -EINVAL with *ret_place
	 * set to what is at fault and the reason in *err, a sentence about this value that need not name it.
	 */
	int (*rule)(struct json value, struct json *ret_place, struct error *err);
	/*
	 * JSON pointer into the response, from where this object comes back; NULL: "/" and `name`; "-": it never comes
	 * back, and only an override of spec_render() gives it.
	 */
	const char *from;
};

extern const struct schema schema_airuntime; /* AIRuntimeRequest */
extern const struct schema schema_aimodel;   /* CreateAIModelRequest */
extern const struct schema schema_template;  /* CustomTemplateRequest */

#endif
