#include "member.h"

#include "../api/scope.h"
#include "name.h"

#include <errno.h>
#include <string.h>

const struct row *value_looks(struct json value, const char *key, char ret_name[static MEMBER_NAME_SIZE]) {
	strcpy(ret_name, key);
	if (value.type == JSON_OBJECT)
		return &object_row;
	if (value.type == JSON_ARRAY)
		for (struct json_iter iter = json_iter(value); json_next(&iter);)
			if (iter.value.type >= JSON_ARRAY) {
				strcat(ret_name, ".json");
				break;
			}
	return &value_row;
}

/*
 * The file of a member; NULL if its name would be too long or cut. Only what holds objects has the ending .json: in the
 * name of another member that is %2Ejson, so that no two have one name.
 */
static const struct row *member_looks(struct json key, struct json value, char ret_name[static MEMBER_NAME_SIZE]) {
	static const char ending[] = ".json";
	char escaped[NAME_SIZE];
	name_escape(key.text, key.len, escaped);
	if (strchr(escaped, '~'))
		return NULL;
	const struct row *row = value_looks(value, escaped, ret_name);
	size_t len = strlen(ret_name), plain = strlen(escaped);
	if (len == plain && len >= sizeof ending && !strcmp(escaped + len - strlen(ending), ending)) {
		strcpy(ret_name + len - strlen(ending), "%2Ejson");
		len += 2;
	}
	return len < NAME_SIZE ? row : NULL;
}

int members_walk(struct json object, const struct row *fixed, view_add *add, void *user, struct json *ret_value) {
	for (struct json_iter iter = json_iter(object); json_next(&iter);) {
		SCOPED(buffer_free) struct buffer key = {0};
		json_text(iter.key, &key);
		if (key.error)
			return key.error;
		char name[MEMBER_NAME_SIZE];
		const struct json text = {.text = key.data ? key.data : "", .len = key.len};
		const struct row *row = member_looks(text, iter.value, name);
		if (!row || row_find(fixed, name))
			continue; /* info.json still has it */
		if (ret_value)
			*ret_value = iter.value;
		int rc = add(user, name, row);
		if (rc)
			return rc;
	}
	return 0;
}

struct wanted {
	const char *name;
	const struct row *row;
};
static int wanted_is(void *user, const char *name, const struct row *row) {
	struct wanted *wanted = user;
	if (strcmp(name, wanted->name) != 0)
		return 0;
	wanted->row = row;
	return 1;
}

int member_find(
	struct json object, const struct row *fixed, const char *name, const struct row **ret_row, struct json *ret) {
	struct wanted wanted = {.name = name};
	struct json value = {0};
	int rc = members_walk(object, fixed, wanted_is, &wanted, &value);
	if (rc < 0)
		return rc;
	if (!wanted.row)
		return -ENOENT;
	*ret_row = wanted.row;
	*ret = value;
	return 0;
}

/* From the resource down the names to the node. */
static int value_at(const struct view *view, const struct node *node, struct json *ret) {
	if (node == view->resource) {
		*ret = view->json;
		return 0;
	}
	struct json parent;
	const struct row *row;
	int rc = value_at(view, node->parent, &parent);
	const struct row *fixed = node->parent == view->resource ? view->kind->rows : NULL;
	return rc ? rc : member_find(parent, fixed, node->name, &row, ret);
}

int view_value(const struct view *view, struct json *ret) {
	return value_at(view, view->node, ret);
}
