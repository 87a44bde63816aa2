/* Whether a resource already is what a spec asks for: writing the same spec twice is no change. */
#include "spec.h"

#include <string.h>

static bool row_is_untold(const struct schema *row) {
	return row->untold || (row->from && !strcmp(row->from, "-"));
}

/* The row of a member, in whatever variant; NULL: the schema does not have it. */
static const struct schema *member_row(const struct schema *schema, struct json key) {
	const struct schema *found = NULL;
	for (const struct schema *row = schema->members; row && row->name; row++)
		if (json_string_is(key, row->name))
			return row;
	for (const struct schema *variant = schema->variants; !found && variant && variant->name; variant++)
		found = member_row(variant, key);
	return found;
}

static bool value_empty(struct json value) {
	struct json_iter iter = json_iter(value);
	return value.type == JSON_NULL ||
	       ((value.type == JSON_ARRAY || value.type == JSON_OBJECT) && !json_next(&iter));
}

static enum spec_sameness value_compare(const struct schema *row, struct json wanted, struct json real);

/* What is asked for must be there; what is not mentioned may be as it likes, as the API's defaults fill it in. */
static enum spec_sameness object_compare(const struct schema *schema, struct json wanted, struct json real) {
	enum spec_sameness worst = SPEC_SAME;
	for (struct json_iter want = json_iter(wanted); json_next(&want);) {
		const struct schema *row = schema ? member_row(schema, want.key) : NULL;
		struct json_iter search = json_iter(real);
		struct json found = {0};
		while (!found.type && json_next(&search))
			if (json_string_equal(search.key, want.key))
				found = search.value;
		enum spec_sameness is = value_compare(row, want.value, found);
		worst = is > worst ? is : worst;
	}
	return worst;
}

static enum spec_sameness array_compare(const struct schema *element, struct json wanted, struct json real) {
	enum spec_sameness worst = SPEC_SAME;
	struct json_iter want = json_iter(wanted), have = json_iter(real);
	while (json_next(&want)) {
		enum spec_sameness is =
			json_next(&have) ? value_compare(element, want.value, have.value) : SPEC_DIFFERENT;
		worst = is > worst ? is : worst;
	}
	return json_next(&have) ? SPEC_DIFFERENT : worst;
}

/* `row` may be NULL. */
static enum spec_sameness value_compare(const struct schema *row, struct json wanted, struct json real) {
	bool same = true;
	if (real.type == JSON_ABSENT && row && row_is_untold(row))
		return SPEC_UNTOLD;
	if (wanted.type != real.type)
		return SPEC_DIFFERENT;
	if (wanted.type == JSON_OBJECT)
		return object_compare(row, wanted, real);
	if (wanted.type == JSON_ARRAY)
		return array_compare(row ? row->element : NULL, wanted, real);
	if (wanted.type == JSON_STRING)
		same = json_string_equal(wanted, real);
	if (wanted.type == JSON_NUMBER)
		same = wanted.len == real.len && !memcmp(wanted.text, real.text, wanted.len);
	return same ? SPEC_SAME : SPEC_DIFFERENT;
}

static enum spec_sameness member_compare(
	const struct schema *row, struct json wanted, struct json real, struct json sent) {
	struct json want = json_member(wanted, row->name), have = json_member(real, row->name);
	if (want.type == JSON_ABSENT || !strcmp(row->name, "name") || row->secret ||
		(have.type == JSON_ABSENT && value_empty(want)))
		return SPEC_SAME;
	enum spec_sameness is = value_compare(row, want, have);
	if (is != SPEC_UNTOLD)
		return is;
	if (sent.type != JSON_ABSENT)
		return value_compare(row, want, json_member(sent, row->name)) ? SPEC_DIFFERENT : SPEC_SAME;
	return row->assumed ? SPEC_SAME : SPEC_UNTOLD;
}

enum spec_sameness spec_compare(
	const struct schema *schema, struct json wanted, struct json real, struct json sent, struct buffer *members) {
	enum spec_sameness worst = SPEC_SAME;
	for (const struct schema *row = schema->members; row->name; row++) {
		enum spec_sameness is = member_compare(row, wanted, real, sent);
		if (is > worst)
			buffer_clear(members);
		if (is == SPEC_SAME || is < worst)
			continue;
		buffer_add(members, is > worst ? "" : ", ");
		buffer_add(members, row->name);
		worst = is;
	}
	return worst;
}
