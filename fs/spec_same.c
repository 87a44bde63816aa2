/* Whether a resource already is what a spec asks for: writing the same spec twice is no change. */
#include "spec.h"

#include <string.h>

/* What is asked for must be there; what is not mentioned may be as it likes, as the API's defaults fill it in. */
static bool value_met(struct json wanted, struct json real) {
	if (wanted.type != real.type)
		return false;
	struct json_iter want = json_iter(wanted), have = json_iter(real);
	switch (wanted.type) {
	case JSON_STRING:
		return json_string_equal(wanted, real);
	case JSON_NUMBER:
		return wanted.len == real.len && !memcmp(wanted.text, real.text, wanted.len);
	case JSON_ARRAY:
		while (json_next(&want))
			if (!json_next(&have) || !value_met(want.value, have.value))
				return false;
		return !json_next(&have);
	case JSON_OBJECT:
		while (json_next(&want)) {
			struct json_iter search = json_iter(real);
			struct json found = {0};
			while (!found.type && json_next(&search))
				if (json_string_equal(search.key, want.key))
					found = search.value;
			if (!value_met(want.value, found))
				return false;
		}
		return true;
	default:
		return true;
	}
}

static bool value_empty(struct json value) {
	struct json_iter iter = json_iter(value);
	return value.type == JSON_NULL ||
	       ((value.type == JSON_ARRAY || value.type == JSON_OBJECT) && !json_next(&iter));
}

bool spec_same(const struct schema *schema, struct json wanted, struct json real, struct buffer *differing) {
	bool same = true;
	for (const struct schema *row = schema->members; row->name; row++) {
		struct json want = json_member(wanted, row->name), have = json_member(real, row->name);
		bool told = have.type != JSON_ABSENT || !row->from || strcmp(row->from, "-") != 0;
		if (want.type == JSON_ABSENT || !strcmp(row->name, "name") || !told)
			continue;
		if (have.type == JSON_ABSENT ? value_empty(want) : value_met(want, have))
			continue;
		buffer_add(differing, same ? "" : ", ");
		buffer_add(differing, row->name);
		same = false;
	}
	return same;
}
