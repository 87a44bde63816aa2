/*
 * Members of a resource that become files as they arrive (`loose` of struct kind): a scalar or an array of scalars
 * under its name, an array that holds more as NAME.json, an object as a directory.
 */
#ifndef NEEVFS_FS_MEMBER_H
#define NEEVFS_FS_MEMBER_H

#include "view.h"

enum { MEMBER_NAME_SIZE = NAME_SIZE + 8 /* with its ending */ };

/* How a value looks as a file or directory; the file's name is the key with its ending. */
const struct row *value_looks(struct json value, const char *key, char ret_name[static MEMBER_NAME_SIZE]);

/* Calls `add` for each member as it would be named, but for those that a fixed row hides. Stops and returns what `add`
 * returns if that is not 0; then *ret_value, if wanted, is the member's. Else 0 or -ENOMEM. */
int members_walk(struct json object, const struct row *fixed, view_add *add, void *user, struct json *ret_value);

/* The member of that name. 0, -ENOENT or -ENOMEM. */
int member_find(
	struct json object, const struct row *fixed, const char *name, const struct row **ret_row, struct json *ret);

/* The value of a ROW_VALUE or ROW_OBJECT inside the resource as it arrived. -ENOENT if it is not there any more. */
int view_value(const struct view *view, struct json *ret);

#endif
