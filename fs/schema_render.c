#include "schema_render.h"

#include "../api/scope.h"
#include "spec.h"
#include "view.h"

#include <string.h>

/* A tag that was decided on the way to a variant: its member can only be that. */
struct decided {
	const char *tag, *value;
	const struct decided *outer;
};

static void key_add(const char *key, struct buffer *out) {
	if (out->len && !strchr("{[", out->data[out->len - 1]))
		buffer_byte(out, ',');
	json_quote(key, out);
	buffer_byte(out, ':');
}

static void text_add(const char *key, const char *text, struct buffer *out) {
	key_add(key, out);
	json_quote(text, out);
}

/* POSIX's regular expressions, as far as the tables use them, are those of JSON Schema but for the class of spaces. */
static void pattern_add(const char *pattern, struct buffer *out) {
	static const char class[] = "[:space:]";
	SCOPED(buffer_free) struct buffer text = {0};
	for (const char *at; (at = strstr(pattern, class)); pattern = at + strlen(class)) {
		buffer_append(&text, pattern, (size_t)(at - pattern));
		buffer_add(&text, " \\t\\n\\v\\f\\r");
	}
	buffer_add(&text, pattern);
	if (text.error)
		out->error = out->error ? out->error : text.error;
	else
		text_add("pattern", text.data, out);
}

static void range_add(const struct schema *schema, const char *least, const char *most, struct buffer *out) {
	if (schema->has_min) {
		key_add(least, out);
		buffer_printf(out, "%lld", schema->min);
	}
	if (schema->has_max) {
		key_add(most, out);
		buffer_printf(out, "%lld", schema->max);
	}
}

static void value_add(const struct schema *schema, const struct decided *decided, struct buffer *out);

static void string_add(const struct schema *schema, struct buffer *out) {
	range_add(schema, "minLength", "maxLength", out);
	if (schema->pattern)
		pattern_add(schema->pattern, out);
	if (schema->choices) {
		key_add("enum", out);
		buffer_byte(out, '[');
		for (const char *const *choice = schema->choices; *choice; choice++) {
			buffer_add(out, choice == schema->choices ? "" : ",");
			json_quote(*choice, out);
		}
		buffer_byte(out, ']');
	}
}

static void array_add(const struct schema *schema, struct buffer *out) {
	range_add(schema, "minItems", "maxItems", out);
	if (schema->unique && !*schema->unique) /* of members it has no word */
		buffer_add(out, ",\"uniqueItems\":true");
	key_add("items", out);
	value_add(schema->element, NULL, out);
}

static const char *tag_decided(const struct decided *decided, const char *name) {
	while (decided && strcmp(decided->tag, name) != 0)
		decided = decided->outer;
	return decided ? decided->value : NULL;
}

/* What an editor may find in a spec and the API never sees. */
static void remarks_add(struct buffer *out) {
	for (const char *const *remark = spec_remarks; *remark; remark++) {
		key_add(*remark, out);
		buffer_add(out, "{\"type\":\"string\"}");
	}
}

static void members_add(const struct schema *schema, const struct decided *decided, bool root, struct buffer *out) {
	bool required = false;
	key_add("properties", out);
	buffer_byte(out, '{');
	if (root)
		remarks_add(out);
	for (const struct schema *row = schema->members; row && row->name; row++) {
		const char *value = tag_decided(decided, row->name);
		key_add(row->name, out);
		if (value) {
			buffer_byte(out, '{');
			text_add("const", value, out);
			buffer_byte(out, '}');
		} else {
			value_add(row, NULL, out);
		}
	}
	buffer_byte(out, '}');
	for (const struct schema *row = schema->members; row && row->name; row++) {
		if (!row->required || (root && !strcmp(row->name, "name"))) /* the directory is the name */
			continue;
		if (!required) {
			key_add("required", out);
			buffer_byte(out, '[');
		}
		buffer_add(out, required ? "," : "");
		required = true;
		json_quote(row->name, out);
	}
	if (required)
		buffer_byte(out, ']');
	if (!schema->open)
		buffer_add(out, ",\"additionalProperties\":false");
}

/* Each variant that has no variants of its own is a choice. */
static void variants_add(const struct schema *schema, const struct decided *outer, struct buffer *out) {
	for (const struct schema *variant = schema->variants; variant->name; variant++) {
		const struct decided decided = {schema->tag, variant->name, outer};
		if (variant->tag) {
			variants_add(variant, &decided, out);
			continue;
		}
		if (out->len && out->data[out->len - 1] != '[')
			buffer_byte(out, ',');
		value_add(variant, &decided, out);
	}
}

static void object_add(const struct schema *schema, const struct decided *decided, bool root, struct buffer *out) {
	if (schema->tag) {
		key_add("oneOf", out);
		buffer_byte(out, '[');
		variants_add(schema, decided, out);
		buffer_byte(out, ']');
	} else {
		members_add(schema, decided, root, out);
	}
}

static void about_add(const struct schema *schema, struct buffer *out) {
	SCOPED(buffer_free) struct buffer text = {0};
	buffer_add(&text, schema->about ? schema->about : "");
	buffer_add(&text, schema->about && schema->hint ? ": " : "");
	buffer_add(&text, schema->hint ? schema->hint : "");
	if (text.error)
		out->error = out->error ? out->error : text.error;
	else if (text.len)
		text_add("description", text.data, out);
	if (schema->secret)
		buffer_add(out, ",\"writeOnly\":true");
}

static void value_add(const struct schema *schema, const struct decided *decided, struct buffer *out) {
	static const char *const types[] = {[SCHEMA_STRING] = "string",
		[SCHEMA_INTEGER] = "integer",
		[SCHEMA_BOOLEAN] = "boolean",
		[SCHEMA_ARRAY] = "array",
		[SCHEMA_OBJECT] = "object"};
	buffer_byte(out, '{');
	text_add("type", types[schema->type], out);
	about_add(schema, out);
	if (schema->type == SCHEMA_STRING)
		string_add(schema, out);
	else if (schema->type == SCHEMA_INTEGER)
		range_add(schema, "minimum", "maximum", out);
	else if (schema->type == SCHEMA_ARRAY)
		array_add(schema, out);
	else if (schema->type == SCHEMA_OBJECT)
		object_add(schema, decided, false, out);
	buffer_byte(out, '}');
}

void schema_render(const struct schema *schema, const char *title, struct buffer *out) {
	SCOPED(buffer_free) struct buffer text = {0};
	buffer_byte(&text, '{');
	text_add("$schema", "https://json-schema.org/draft/2020-12/schema", &text);
	text_add("title", title, &text);
	text_add("type", "object", &text);
	object_add(schema, NULL, true, &text);
	buffer_byte(&text, '}');
	if (text.error) {
		out->error = out->error ? out->error : text.error;
		return;
	}
	json_indent((struct json){.text = text.data, .len = text.len, .type = JSON_OBJECT}, out);
	buffer_byte(out, '\n');
}

int text_schema(const struct view *view, struct demand *demand, struct buffer *out) {
	(void)demand;
	schema_render(view->kind->create, view->kind->singular, out);
	return 0;
}
