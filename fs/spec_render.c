/* The other direction: from a response to the request that would create the same again. */
#include "spec.h"

#include "../api/scope.h"

#include <string.h>

static struct json render_source(const struct schema *row, struct json object) {
	if (!row->from)
		return json_member(object, row->name);
	return strcmp(row->from, "-") == 0 ? (struct json){0} : json_at(object, row->from);
}

static bool value_is_there(struct json value) {
	return value.type != JSON_ABSENT && value.type != JSON_NULL;
}

/* The row of a tag, which stands in each variant alike. */
static const struct schema *schema_row(const struct schema *schema, const char *name) {
	for (const struct schema *row = schema->members; row && row->name; row++) {
		if (strcmp(row->name, name) == 0)
			return row;
	}
	for (const struct schema *variant = schema->variants; variant && variant->name; variant++) {
		const struct schema *row = schema_row(variant, name);
		if (row)
			return row;
	}
	return NULL;
}

/* What the response says that the object is: `schema` itself, or its variant; NULL if it names none. */
static const struct schema *render_variant(const struct schema *schema, struct json object) {
	if (!schema->tag)
		return schema;
	for (const struct schema *variant = schema->variants; variant->name; variant++) {
		const struct schema *row = schema_row(variant, schema->tag);
		if (row && json_string_is(render_source(row, object), variant->name))
			return render_variant(variant, object);
	}
	return NULL;
}

static void render_value(const struct schema *schema, struct json value, struct buffer *out);

static void render_key(const char *name, bool *first, struct buffer *out) {
	if (!*first)
		buffer_byte(out, ',');
	*first = false;
	json_quote(name, out);
	buffer_byte(out, ':');
}

static void render_override(const struct schema *row, const char *text, struct buffer *out) {
	if (row->type == SCHEMA_STRING)
		json_quote(text, out);
	else
		buffer_add(out, text);
}

/* Whether a value can be rendered at all: an object whose variant is not known cannot. */
static bool render_is_possible(const struct schema *schema, struct json value) {
	if (!value_is_there(value))
		return false;
	return schema->type != SCHEMA_OBJECT || value.type != JSON_OBJECT || render_variant(schema, value);
}

static void render_object(const struct schema *schema, struct json object, bool root,
	const struct spec_override *overrides, struct buffer *out) {
	bool first = true;
	buffer_byte(out, '{');
	for (const struct schema *row = schema->members; row && row->name; row++) {
		if (row->secret || (root && strcmp(row->name, "name") == 0))
			continue;
		const struct spec_override *override = overrides;
		while (override && override->name && strcmp(override->name, row->name) != 0)
			override++;
		if (override && override->name) {
			if (override->text) {
				render_key(row->name, &first, out);
				render_override(row, override->text, out);
			}
			continue;
		}
		struct json value = render_source(row, object);
		if (render_is_possible(row, value)) {
			render_key(row->name, &first, out);
			render_value(row, value, out);
		}
	}
	buffer_byte(out, '}');
}

static void render_array(const struct schema *schema, struct json array, struct buffer *out) {
	bool first = true;
	buffer_byte(out, '[');
	for (struct json_iter iter = json_iter(array); json_next(&iter);) {
		if (!render_is_possible(schema->element, iter.value))
			continue;
		if (!first)
			buffer_byte(out, ',');
		first = false;
		render_value(schema->element, iter.value, out);
	}
	buffer_byte(out, ']');
}

/* A value of a type that the schema does not expect is rendered as it is: the check will name it. */
static void render_value(const struct schema *schema, struct json value, struct buffer *out) {
	if (schema->type == SCHEMA_ARRAY && value.type == JSON_ARRAY)
		render_array(schema, value, out);
	else if (schema->type == SCHEMA_OBJECT && value.type == JSON_OBJECT && !schema->open)
		render_object(render_variant(schema, value), value, false, NULL, out);
	else
		json_compact(value, out);
}

void spec_render(
	const struct schema *schema, struct json response, const struct spec_override *overrides, struct buffer *out) {
	SCOPED(buffer_free) struct buffer compact = {0};
	render_object(schema, response, true, overrides, &compact);
	if (compact.error) {
		out->error = out->error ? out->error : compact.error;
		return;
	}
	json_indent((struct json){.text = compact.data, .len = compact.len, .type = JSON_OBJECT}, out);
	buffer_byte(out, '\n');
}
