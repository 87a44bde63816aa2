#include "spec_value.h"

#include "spec.h"
#include "spec_near.h"

#include "../api/scope.h"
#include "../api/utf8.h"

#include <errno.h>
#include <regex.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
	PATH_SIZE = 160,  /* "customPorts[0].containerPort": names of the schema and small numbers only */
	SHOWN_BYTES = 40, /* of a value in a message */
};

struct check {
	const struct schema *root;
	const char *name;     /* of the resource */
	char path[PATH_SIZE]; /* of the value being checked; "" at the root */
	bool guessed;         /* that value has a misspelt key: whether it is a secret nobody knows */
	bool no_memory;
	struct spec_faults *faults;
};

/* A value of the user's as it may stand in a message. */
struct shown {
	char text[SHOWN_BYTES + 4];
};

static struct shown text_shown(const char *text, size_t len) {
	struct shown shown = {{0}};
	size_t used = 0;
	size_t at = 0;
	while (at < len) {
		int size = utf8_length(text + at, len - at);
		bool good = size > 0 && !utf8_is_control(text + at, size);
		size_t width = good ? (size_t)size : 1;
		if (used + width > SHOWN_BYTES) {
			memcpy(shown.text + used, "...", 3);
			break;
		}
		memcpy(shown.text + used, good ? text + at : "?", width);
		used += width;
		at += size > 0 ? (size_t)size : 1;
	}
	return shown;
}

static struct shown value_shown(struct json value) {
	if (value.type == JSON_OBJECT)
		return (struct shown){"an object"};
	if (value.type == JSON_ARRAY)
		return (struct shown){"an array"};
	return text_shown(value.text, value.len);
}

static bool value_is_hidden(const struct check *check, const struct schema *schema) {
	return schema->secret || check->guessed;
}

/* "must be ...", without the value if that may be secret. */
static void fail_value(struct check *check, const struct schema *schema, struct json value, const char *expected) {
	const char *path = *check->path ? check->path : "the spec";
	if (value_is_hidden(check, schema))
		spec_fault_add(check->faults, value.text, "%s must be %s", path, expected);
	else
		spec_fault_add(
			check->faults, value.text, "%s must be %s, not %s", path, expected, value_shown(value).text);
}

/* Appends to the path and returns its old length, for path_shorten(). */
__attribute__((format(printf, 2, 3))) static size_t path_extend(struct check *check, const char *format, ...) {
	size_t len = strlen(check->path);
	va_list args;
	va_start(args, format);
	vsnprintf(check->path + len, sizeof(check->path) - len, format, args);
	va_end(args);
	return len;
}

static void path_shorten(struct check *check, size_t len) {
	check->path[len] = '\0';
}

/* "at least 1", "1 to 20": the range of a number, a length or a count. */
static void range_describe(const struct schema *schema, char *ret, size_t size) {
	if (schema->has_min && schema->has_max)
		snprintf(ret, size, "%lld to %lld", schema->min, schema->max);
	else if (schema->has_min)
		snprintf(ret, size, "at least %lld", schema->min);
	else
		snprintf(ret, size, "at most %lld", schema->max);
}

static bool range_holds(const struct schema *schema, long long number) {
	return !(schema->has_min && number < schema->min) && !(schema->has_max && number > schema->max);
}

static void check_integer(struct check *check, const struct schema *schema, struct json value) {
	long long number;
	if (json_int(value, &number) && range_holds(schema, number))
		return;
	char expected[96] = "a whole number";
	if (schema->has_min || schema->has_max) {
		char range[64];
		range_describe(schema, range, sizeof(range));
		bool both = schema->has_min && schema->has_max;
		snprintf(expected, sizeof(expected), "a whole number %s %s", both ? "from" : "of", range);
	}
	fail_value(check, schema, value, expected);
}

static bool check_length(struct check *check, const struct schema *schema, struct json value, const char *text) {
	long long count = 0;
	for (const char *at = text; *at; at++)
		count += ((unsigned char)*at & 0xC0) != 0x80;
	if (range_holds(schema, count))
		return true;
	char range[64];
	range_describe(schema, range, sizeof(range));
	if (count == 0 && schema->min == 1)
		spec_fault_add(check->faults, value.text, "%s must not be empty", check->path);
	else if (value_is_hidden(check, schema))
		spec_fault_add(check->faults, value.text, "%s must have %s characters", check->path, range);
	else
		spec_fault_add(
			check->faults, value.text, "%s must have %s characters, not %lld", check->path, range, count);
	return false;
}

static void check_pattern(struct check *check, const struct schema *schema, struct json value, const char *text) {
	regex_t regex;
	if (regcomp(&regex, schema->pattern, REG_EXTENDED | REG_NOSUB)) {
		check->no_memory = true;
		return;
	}
	int found = regexec(&regex, text, 0, NULL, 0);
	regfree(&regex);
	if (found == REG_NOMATCH)
		fail_value(check, schema, value, schema->hint ? schema->hint : schema->pattern);
	else if (found)
		check->no_memory = true;
}

/* Fails with the list of what is allowed: `choices`, or the names of `variants`. */
static void fail_choice(struct check *check, const struct schema *schema, struct json value) {
	char expected[256] = "";
	for (size_t i = 0;; i++) {
		const char *choice = schema->choices ? schema->choices[i] : schema->variants[i].name;
		if (!choice)
			break;
		size_t used = strlen(expected);
		snprintf(expected + used, sizeof(expected) - used, "%s\"%s\"", i ? " or " : "", choice);
	}
	fail_value(check, schema, value, expected);
}

static bool check_choice(struct check *check, const struct schema *schema, struct json value) {
	for (const char *const *choice = schema->choices; *choice; choice++) {
		if (json_string_is(value, *choice))
			return true;
	}
	fail_choice(check, schema, value);
	return false;
}

/* Of one value only the first thing is told that is wrong with it. */
static void check_string(struct check *check, const struct schema *schema, struct json value) {
	if (value.type != JSON_STRING) {
		fail_value(check, schema, value, "a string");
		return;
	}
	SCOPED(scope_free) char *text = json_text_dup(value);
	if (!text)
		check->no_memory = true;
	else if (check_length(check, schema, value, text) && (!schema->choices || check_choice(check, schema, value)) &&
		 schema->pattern)
		check_pattern(check, schema, value, text);
}

static void check_value(struct check *check, const struct schema *schema, struct json value);

static void check_array(struct check *check, const struct schema *schema, struct json value) {
	size_t index = 0;
	for (struct json_iter iter = json_iter(value); json_next(&iter); index++) {
		if (schema->has_max && (long long)index >= schema->max) {
			spec_fault_add(check->faults, iter.value.text, "%s must have at most %lld elements",
				check->path, schema->max);
			return;
		}
		size_t len = path_extend(check, "[%zu]", index);
		check_value(check, schema->element, iter.value);
		path_shorten(check, len);
	}
	if (schema->has_min && (long long)index < schema->min)
		spec_fault_add(check->faults, value.text + value.len - 1, "%s must have at least %lld elements",
			check->path, schema->min);
}

static void check_unique_element(
	struct check *check, const struct schema *schema, struct json array, struct json own, size_t index) {
	size_t before = 0;
	for (struct json_iter iter = json_iter(array); before < index && json_next(&iter); before++) {
		if (!json_string_equal(json_at(iter.value, schema->unique), own))
			continue;
		if (*schema->unique)
			spec_fault_add(check->faults, own.text, "%s: elements %zu and %zu have the same %s",
				check->path, before, index, schema->unique + 1);
		else
			spec_fault_add(check->faults, own.text, "%s[%zu] is the same as %s[%zu]", check->path, index,
				check->path, before);
		return;
	}
}

/* Each element that has its equal before it. Elements beyond the bound are not looked at, which keeps that small. */
static void check_unique(struct check *check, const struct schema *schema, struct json array) {
	size_t index = 0;
	for (struct json_iter iter = json_iter(array); (long long)index < schema->max && json_next(&iter); index++)
		check_unique_element(check, schema, array, json_at(iter.value, schema->unique), index);
}

/* The row of a member of an object, or of any of its variants. */
static const struct schema *schema_member(const struct schema *schema, struct json key) {
	for (const struct schema *row = schema->members; row && row->name; row++) {
		if (json_string_is(key, row->name))
			return row;
	}
	for (const struct schema *variant = schema->variants; variant && variant->name; variant++) {
		const struct schema *row = schema_member(variant, key);
		if (row)
			return row;
	}
	return NULL;
}

/* Returns the row that the key may have meant; NULL if none is near. */
static const struct schema *fail_unknown(struct check *check, const struct schema *schema, struct json key) {
	const struct schema *near = spec_near(schema, key.text + 1, key.len - 2);
	struct shown shown = text_shown(key.text + 1, key.len - 2);
	spec_fault_add(check->faults, key.text, "unknown member \"%s\"%s%s%s%s%s", shown.text,
		*check->path ? " in " : "", check->path, near ? "; did you mean \"" : "", near ? near->name : "",
		near ? "\"?" : "");
	return near;
}

static void fail_missing(struct check *check, struct json object, const char *name) {
	spec_fault_add(check->faults, object.text + object.len - 1, "%s%s%s is required", check->path,
		*check->path ? "." : "", name);
}

/* The value of an object's tag, also if that is misspelt. */
static struct json object_tag(const struct schema *schema, struct json object) {
	struct json tag = json_member(object, schema->tag);
	for (struct json_iter iter = json_iter(object); tag.type == JSON_ABSENT && json_next(&iter);) {
		if (schema_member(schema, iter.key))
			continue;
		const struct schema *near = spec_near(schema, iter.key.text + 1, iter.key.len - 2);
		if (near && strcmp(near->name, schema->tag) == 0)
			tag = iter.value;
	}
	return tag;
}

/* The tag does not choose: besides that, only what no variant knows is certainly wrong. */
static void fail_tag(struct check *check, const struct schema *schema, struct json object, struct json tag) {
	for (struct json_iter iter = json_iter(object); json_next(&iter);) {
		if (!schema_member(schema, iter.key))
			fail_unknown(check, schema, iter.key);
	}
	if (tag.type == JSON_ABSENT) {
		fail_missing(check, object, schema->tag);
		return;
	}
	size_t len = path_extend(check, ".%s", schema->tag);
	fail_choice(check, schema, tag);
	path_shorten(check, len);
}

/* The variant that the object's tag names, and of that its own, until there is none to choose, or no telling. */
static const struct schema *check_variant(struct check *check, const struct schema *schema, struct json object) {
	while (schema->tag) {
		struct json tag = object_tag(schema, object);
		const struct schema *variant = schema->variants;
		while (variant->name && !json_string_is(tag, variant->name))
			variant++;
		if (!variant->name) {
			fail_tag(check, schema, object, tag);
			break;
		}
		schema = variant;
	}
	return schema;
}

/* Of SCHEMA_MEMBERS_MAX. */
static uint64_t row_bit(const struct schema *schema, const struct schema *row) {
	return UINT64_C(1) << (row - schema->members);
}

static bool row_is_own_name(const struct check *check, const struct schema *schema, const struct schema *row) {
	return schema == check->root && strcmp(row->name, "name") == 0;
}

/* The member `name` of the root must say what the directory says. */
static void check_own_name(struct check *check, const struct schema *row, struct json value) {
	if (value.type != JSON_STRING) {
		fail_value(check, row, value, "a string");
	} else if (!json_string_is(value, check->name)) {
		char expected[SHOWN_BYTES + 64];
		snprintf(expected, sizeof(expected), "left out or be \"%s\", as the directory is called",
			text_shown(check->name, strlen(check->name)).text);
		fail_value(check, row, value, expected);
	}
}

static void check_member(
	struct check *check, const struct schema *schema, const struct schema *row, struct json value) {
	size_t len = path_extend(check, "%s%s", *check->path ? "." : "", row->name);
	if (row_is_own_name(check, schema, row))
		check_own_name(check, row, value);
	else
		check_value(check, row, value);
	path_shorten(check, len);
}

static void check_remark(struct check *check, struct json key, struct json value) {
	if (value.type != JSON_STRING)
		spec_fault_add(
			check->faults, value.text, "%s must be a string", text_shown(key.text + 1, key.len - 2).text);
}

/*
 * A misspelt key stands for the member that it may have meant, unless that stands there as well: its value is checked
 * as that member's, which is not missing.
 */
static void check_misspelt(
	struct check *check, const struct schema *schema, struct json key, struct json value, uint64_t *present) {
	const struct schema *near = fail_unknown(check, schema, key);
	if (!near || *present & row_bit(schema, near))
		return;
	bool guessed = check->guessed;
	check->guessed = true;
	check_member(check, schema, near, value);
	check->guessed = guessed;
	*present |= row_bit(schema, near);
}

static void check_required(struct check *check, const struct schema *schema, struct json object, uint64_t present) {
	for (const struct schema *row = schema->members; row && row->name; row++) {
		if (row->required && !row_is_own_name(check, schema, row) && !(present & row_bit(schema, row)))
			fail_missing(check, object, row->name);
	}
}

static void check_members(struct check *check, const struct schema *schema, struct json object) {
	uint64_t present = 0; /* the members, a bit each */
	for (const struct schema *row = schema->members; row && row->name; row++) {
		if (json_member(object, row->name).type != JSON_ABSENT)
			present |= row_bit(schema, row);
	}
	for (struct json_iter iter = json_iter(object); json_next(&iter);) {
		const struct schema *row = schema_member(schema, iter.key);
		if (row)
			check_member(check, schema, row, iter.value);
		else if (schema == check->root && spec_is_remark(iter.key))
			check_remark(check, iter.key, iter.value);
		else if (!schema->open)
			check_misspelt(check, schema, iter.key, iter.value, &present);
	}
	check_required(check, schema, object, present);
}

static void check_rule(struct check *check, const struct schema *schema, struct json value) {
	struct json place = value;
	struct error reason = {0};
	if (schema->rule(value, &place, &reason))
		spec_fault_add(
			check->faults, place.text, "%s%s%s", check->path, *check->path ? ": " : "", reason.message);
}

static void check_value(struct check *check, const struct schema *schema, struct json value) {
	size_t before = check->faults->count;
	switch (schema->type) {
	case SCHEMA_STRING:
		check_string(check, schema, value);
		break;
	case SCHEMA_INTEGER:
		check_integer(check, schema, value);
		break;
	case SCHEMA_BOOLEAN:
		if (value.type != JSON_TRUE && value.type != JSON_FALSE)
			fail_value(check, schema, value, "true or false");
		break;
	case SCHEMA_ARRAY:
		if (value.type == JSON_ARRAY)
			check_array(check, schema, value);
		else
			fail_value(check, schema, value, "an array");
		break;
	case SCHEMA_OBJECT:
		if (value.type != JSON_OBJECT) {
			fail_value(check, schema, value, "an object");
			break;
		}
		schema = check_variant(check, schema, value);
		if (!schema->tag)
			check_members(check, schema, value);
		break;
	}
	if (schema->rule && check->faults->count == before)
		check_rule(check, schema, value);
	if (schema->unique && value.type == JSON_ARRAY)
		check_unique(check, schema, value);
}

int spec_value_check(const struct schema *schema, const char *path, const char *name, struct json value,
	struct spec_faults *faults) {
	struct check check = {.root = schema, .name = name, .faults = faults};
	path_extend(&check, "%s", path);
	check_value(&check, schema, value);
	return check.no_memory ? -ENOMEM : 0;
}
