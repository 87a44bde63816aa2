#include "spec.h"

#include "spec_near.h"
#include "spec_place.h"

#include "../api/scope.h"
#include "../api/utf8.h"

#include <errno.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
	PATH_SIZE = 160,  /* "customPorts[0].containerPort": names of the schema and small numbers only */
	SHOWN_BYTES = 40, /* of a value in a message */
};

const char *const spec_remarks[] = {"$schema", "$comment", NULL};

static bool key_is_remark(struct json key) {
	const char *const *remark = spec_remarks;
	while (*remark && !json_string_is(key, *remark))
		remark++;
	return *remark;
}

struct check {
	const struct schema *root;
	const char *name; /* of the resource */
	const char *text;
	size_t len;
	char path[PATH_SIZE]; /* of the value being checked; "" at the root */
	struct error *err;
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

/* Sets the error with the place of `at`, which lies in the text; returns -EINVAL. */
__attribute__((format(printf, 3, 4))) static int check_fail(
	struct check *check, const char *at, const char *format, ...) {
	char message[sizeof(check->err->message)];
	va_list args;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	error_set(check->err, EINVAL, "%s", message);
	/* The check of a bare name has no text to point into. */
	if (check->text)
		spec_place(check->root, check->text, check->len, (size_t)(at - check->text), check->err);
	return -EINVAL;
}

/* "must be ...", without the value if that is secret. */
static int check_fail_value(struct check *check, const struct schema *schema, struct json value, const char *expected) {
	const char *path = *check->path ? check->path : "the spec";
	if (schema->secret)
		return check_fail(check, value.text, "%s must be %s", path, expected);
	return check_fail(check, value.text, "%s must be %s, not %s", path, expected, value_shown(value).text);
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

static int check_integer(struct check *check, const struct schema *schema, struct json value) {
	long long number;
	if (json_int(value, &number) && range_holds(schema, number))
		return 0;
	char expected[96] = "a whole number";
	if (schema->has_min || schema->has_max) {
		char range[64];
		range_describe(schema, range, sizeof(range));
		bool both = schema->has_min && schema->has_max;
		snprintf(expected, sizeof(expected), "a whole number %s %s", both ? "from" : "of", range);
	}
	return check_fail_value(check, schema, value, expected);
}

static int check_length(struct check *check, const struct schema *schema, struct json value, const char *text) {
	long long count = 0;
	for (const char *at = text; *at; at++)
		count += ((unsigned char)*at & 0xC0) != 0x80;
	if (range_holds(schema, count))
		return 0;
	if (count == 0 && schema->min == 1)
		return check_fail(check, value.text, "%s must not be empty", check->path);
	char range[64];
	range_describe(schema, range, sizeof(range));
	if (schema->secret)
		return check_fail(check, value.text, "%s must have %s characters", check->path, range);
	return check_fail(check, value.text, "%s must have %s characters, not %lld", check->path, range, count);
}

static int check_pattern(struct check *check, const struct schema *schema, struct json value, const char *text) {
	regex_t regex;
	if (regcomp(&regex, schema->pattern, REG_EXTENDED | REG_NOSUB))
		return -ENOMEM;
	int found = regexec(&regex, text, 0, NULL, 0);
	regfree(&regex);
	if (found == 0)
		return 0;
	if (found != REG_NOMATCH)
		return -ENOMEM;
	return check_fail_value(check, schema, value, schema->hint ? schema->hint : schema->pattern);
}

/* Fails with the list of what is allowed: `choices`, or the names of `variants`. */
static int check_fail_choice(struct check *check, const struct schema *schema, struct json value) {
	char expected[256] = "";
	for (size_t i = 0;; i++) {
		const char *choice = schema->choices ? schema->choices[i] : schema->variants[i].name;
		if (!choice)
			break;
		size_t used = strlen(expected);
		snprintf(expected + used, sizeof(expected) - used, "%s\"%s\"", i ? " or " : "", choice);
	}
	return check_fail_value(check, schema, value, expected);
}

static int check_choice(struct check *check, const struct schema *schema, struct json value) {
	for (const char *const *choice = schema->choices; *choice; choice++) {
		if (json_string_is(value, *choice))
			return 0;
	}
	return check_fail_choice(check, schema, value);
}

static int check_string(struct check *check, const struct schema *schema, struct json value) {
	if (value.type != JSON_STRING)
		return check_fail_value(check, schema, value, "a string");
	SCOPED(scope_free) char *text = json_text_dup(value);
	if (!text)
		return -ENOMEM;
	int status = check_length(check, schema, value, text);
	if (!status && schema->choices)
		status = check_choice(check, schema, value);
	if (!status && schema->pattern)
		status = check_pattern(check, schema, value, text);
	return status;
}

static int check_value(struct check *check, const struct schema *schema, struct json value);

static bool value_equal(struct json a, struct json b) {
	if (a.type == JSON_STRING)
		return json_string_equal(a, b);
	return a.len == b.len && memcmp(a.text, b.text, a.len) == 0;
}

/* Fails if an element equals one before it. */
static int check_unique(struct check *check, struct json array, struct json element, size_t index) {
	size_t before = 0;
	for (struct json_iter iter = json_iter(array); before < index && json_next(&iter); before++) {
		if (value_equal(iter.value, element))
			return check_fail(check, element.text, "%s[%zu] is the same as %s[%zu]", check->path, index,
				check->path, before);
	}
	return 0;
}

static int check_array(struct check *check, const struct schema *schema, struct json value) {
	if (value.type != JSON_ARRAY)
		return check_fail_value(check, schema, value, "an array");
	size_t index = 0;
	for (struct json_iter iter = json_iter(value); json_next(&iter); index++) {
		/* Before the search for equals: the bound keeps that search small. */
		if (schema->has_max && (long long)index >= schema->max)
			return check_fail(
				check, iter.value.text, "%s must have at most %lld elements", check->path, schema->max);
		size_t len = path_extend(check, "[%zu]", index);
		int status = check_value(check, schema->element, iter.value);
		path_shorten(check, len);
		if (!status && schema->unique)
			status = check_unique(check, value, iter.value, index);
		if (status)
			return status;
	}
	if (schema->has_min && (long long)index < schema->min)
		return check_fail(check, value.text + value.len - 1, "%s must have at least %lld elements", check->path,
			schema->min);
	return 0;
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

static int check_fail_unknown(struct check *check, const struct schema *schema, struct json key) {
	struct shown shown = text_shown(key.text + 1, key.len - 2);
	const char *near = spec_near(schema, key.text + 1, key.len - 2);
	const char *in = *check->path ? " in " : "";
	if (near)
		return check_fail(check, key.text, "unknown member \"%s\"%s%s; did you mean \"%s\"?", shown.text, in,
			check->path, near);
	return check_fail(check, key.text, "unknown member \"%s\"%s%s", shown.text, in, check->path);
}

static const char *object_end(struct json object) {
	return object.text + object.len - 1;
}

static int check_fail_missing(struct check *check, struct json object, const char *name) {
	return check_fail(check, object_end(object), "%s%s%s is required", check->path, *check->path ? "." : "", name);
}

/*
 * Replaces *schema by the variant that the object's tag names, and that by its own variant, until there is none to
 * choose. Without a tag a key that no variant knows is told first: the tag may be there, misspelt.
 */
static int check_variant(struct check *check, const struct schema **schema, struct json object) {
	while ((*schema)->tag) {
		const struct schema *outer = *schema;
		struct json tag = json_member(object, outer->tag);
		if (tag.type == JSON_ABSENT) {
			for (struct json_iter iter = json_iter(object); json_next(&iter);) {
				if (!schema_member(outer, iter.key))
					return check_fail_unknown(check, outer, iter.key);
			}
			return check_fail_missing(check, object, outer->tag);
		}
		const struct schema *variant = outer->variants;
		while (variant->name && !json_string_is(tag, variant->name))
			variant++;
		if (!variant->name) {
			path_extend(check, ".%s", outer->tag);
			return check_fail_choice(check, outer, tag);
		}
		*schema = variant;
	}
	return 0;
}

/* The member `name` of the root must say what the directory says. */
static int check_own_name(struct check *check, const struct schema *row, struct json value) {
	if (value.type != JSON_STRING)
		return check_fail_value(check, row, value, "a string");
	if (json_string_is(value, check->name))
		return 0;
	return check_fail(check, value.text, "name must be left out or be \"%s\", as the directory is called, not %s",
		text_shown(check->name, strlen(check->name)).text, value_shown(value).text);
}

static int check_required(struct check *check, const struct schema *schema, struct json object, bool root) {
	for (const struct schema *row = schema->members; row && row->name; row++) {
		if (!row->required || (root && strcmp(row->name, "name") == 0))
			continue;
		if (json_member(object, row->name).type == JSON_ABSENT)
			return check_fail_missing(check, object, row->name);
	}
	return 0;
}

static int check_object(struct check *check, const struct schema *schema, struct json object) {
	bool root = schema == check->root;
	if (object.type != JSON_OBJECT)
		return check_fail_value(check, schema, object, "an object");
	for (struct json_iter iter = json_iter(object); json_next(&iter);) {
		const struct schema *row = schema_member(schema, iter.key);
		if (root && key_is_remark(iter.key)) {
			if (iter.value.type != JSON_STRING)
				return check_fail(check, iter.value.text, "%s must be a string",
					text_shown(iter.key.text + 1, iter.key.len - 2).text);
			continue;
		}
		if (!row && schema->open)
			continue;
		if (!row)
			return check_fail_unknown(check, schema, iter.key);
		size_t len = path_extend(check, "%s%s", *check->path ? "." : "", row->name);
		int status = root && strcmp(row->name, "name") == 0 ? check_own_name(check, row, iter.value)
								    : check_value(check, row, iter.value);
		path_shorten(check, len);
		if (status)
			return status;
	}
	return check_required(check, schema, object, root);
}

static int check_rule(struct check *check, const struct schema *schema, struct json value) {
	struct json place = value;
	struct error reason = {0};
	if (!schema->rule(value, &place, &reason))
		return 0;
	return check_fail(check, place.text, "%s%s%s", check->path, *check->path ? ": " : "", reason.message);
}

static int check_value(struct check *check, const struct schema *schema, struct json value) {
	int status = 0;
	switch (schema->type) {
	case SCHEMA_STRING:
		status = check_string(check, schema, value);
		break;
	case SCHEMA_INTEGER:
		status = check_integer(check, schema, value);
		break;
	case SCHEMA_BOOLEAN:
		if (value.type != JSON_TRUE && value.type != JSON_FALSE)
			status = check_fail_value(check, schema, value, "true or false");
		break;
	case SCHEMA_ARRAY:
		status = check_array(check, schema, value);
		break;
	case SCHEMA_OBJECT:
		if (value.type == JSON_OBJECT)
			status = check_variant(check, &schema, value);
		if (!status)
			status = check_object(check, schema, value);
		break;
	}
	return !status && schema->rule ? check_rule(check, schema, value) : status;
}

static void spec_write(const char *name, struct json object, struct buffer *out) {
	buffer_add(out, "{\"name\":");
	json_quote(name, out);
	for (struct json_iter iter = json_iter(object); json_next(&iter);) {
		if (json_string_is(iter.key, "name") || key_is_remark(iter.key))
			continue;
		buffer_byte(out, ',');
		json_compact(iter.key, out);
		buffer_byte(out, ':');
		json_compact(iter.value, out);
	}
	buffer_byte(out, '}');
}

int spec_name_check(const struct schema *schema, const char *name, struct error *err) {
	struct error unused = {0};
	struct check check = {.root = schema, .path = "name", .err = err ? err : &unused};
	const struct schema *row = schema->members;
	while (row->name && strcmp(row->name, "name") != 0)
		row++;
	if (!row->name)
		return 0;
	SCOPED(buffer_free) struct buffer quoted = {0};
	json_quote(name, &quoted);
	if (quoted.error)
		return -ENOMEM;
	struct json value = {.text = quoted.data, .len = quoted.len, .type = JSON_STRING};
	return check_value(&check, row, value);
}

static bool byte_is_space(char c) {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Turns what the scan found wrong into words. */
static enum spec_verdict spec_refuse(struct check *check, enum json_verdict verdict, struct json_fault fault) {
	const char *kind = "not valid JSON";
	if (verdict == JSON_NO_MEMORY)
		return SPEC_NO_MEMORY;
	if (verdict == JSON_TOO_LARGE)
		kind = "more than can be taken";
	if (verdict == JSON_INCOMPLETE) {
		/* The place is where the next byte was expected: not on an empty line below. */
		while (fault.offset > 0 && byte_is_space(check->text[fault.offset - 1]))
			fault.offset--;
		kind = "not complete";
	}
	if (fault.offset == 0 && verdict == JSON_INCOMPLETE)
		error_set(check->err, EINVAL, "%s: %s", kind, fault.what);
	else
		check_fail(check, check->text + fault.offset, "%s: %s", kind, fault.what);
	return verdict == JSON_INCOMPLETE ? SPEC_INCOMPLETE : SPEC_BAD;
}

enum spec_verdict spec_check(const struct schema *schema, const char *name, const char *text, size_t len,
	struct buffer *ret_body, struct error *err) {
	struct error unused = {0};
	struct check check = {.root = schema, .name = name, .text = text, .len = len, .err = err ? err : &unused};
	if (len > SPEC_BYTES_MAX) {
		error_set(check.err, EINVAL, "the text is larger than 1 MiB");
		return SPEC_BAD;
	}
	size_t begin = 0;
	while (begin < len && byte_is_space(text[begin]))
		begin++;
	if (begin < len && text[begin] != '{') {
		check_fail(&check, text + begin, "a spec is a JSON object and begins with {");
		return SPEC_BAD;
	}
	struct json object;
	struct json_fault fault;
	enum json_verdict verdict = json_scan(text, len, &object, &fault);
	if (verdict)
		return spec_refuse(&check, verdict, fault);
	int status = spec_name_check(schema, name, check.err);
	if (!status)
		status = check_value(&check, schema, object);
	if (status)
		return status == -ENOMEM ? SPEC_NO_MEMORY : SPEC_BAD;
	spec_write(name, object, ret_body);
	return ret_body->error ? SPEC_NO_MEMORY : SPEC_GOOD;
}
