#include "spec.h"

#include "spec_value.h"

#include "../api/scope.h"

#include <errno.h>
#include <string.h>

const char *const spec_remarks[] = {"$schema", "$comment", NULL};

bool spec_is_remark(struct json key) {
	const char *const *remark = spec_remarks;
	while (*remark && !json_string_is(key, *remark))
		remark++;
	return *remark;
}

static void spec_write(const char *name, struct json object, struct buffer *out) {
	buffer_add(out, "{\"name\":");
	json_quote(name, out);
	for (struct json_iter iter = json_iter(object); json_next(&iter);) {
		if (json_string_is(iter.key, "name") || spec_is_remark(iter.key))
			continue;
		buffer_byte(out, ',');
		json_compact(iter.key, out);
		buffer_byte(out, ':');
		json_compact(iter.value, out);
	}
	buffer_byte(out, '}');
}

int spec_name_check(const struct schema *schema, const char *name, struct error *err) {
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
	struct spec_faults faults = {.schema = schema, .text = quoted.data, .len = quoted.len};
	if (spec_value_check(row, "name", NULL, value, &faults))
		return -ENOMEM;
	return faults.count ? error_set(err, EINVAL, "%s", faults.list[0].message) : 0;
}

static bool byte_is_space(char c) {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Turns what the scan found wrong into words. */
static enum spec_verdict spec_refuse(struct spec_faults *faults, enum json_verdict verdict, struct json_fault fault) {
	const char *kind = "not valid JSON";
	if (verdict == JSON_NO_MEMORY)
		return SPEC_NO_MEMORY;
	if (verdict == JSON_TOO_LARGE)
		kind = "more than can be taken";
	if (verdict == JSON_INCOMPLETE) {
		/* The place is where the next byte was expected: not on an empty line below. */
		while (fault.offset > 0 && byte_is_space(faults->text[fault.offset - 1]))
			fault.offset--;
		kind = "not complete";
	}
	bool nowhere = verdict == JSON_INCOMPLETE && !fault.offset;
	spec_fault_add(faults, nowhere ? NULL : faults->text + fault.offset, "%s: %s", kind, fault.what);
	return verdict == JSON_INCOMPLETE ? SPEC_INCOMPLETE : SPEC_BAD;
}

enum spec_verdict spec_check(const struct schema *schema, const char *name, const char *text, size_t len,
	struct buffer *ret_body, struct spec_faults *ret_faults) {
	struct spec_faults unused = {0};
	struct spec_faults *faults = ret_faults ? ret_faults : &unused;
	*faults = (struct spec_faults){.schema = schema, .text = text, .len = len};
	if (len > SPEC_BYTES_MAX) {
		spec_fault_add(faults, NULL, "the text is larger than 1 MiB");
		return SPEC_BAD;
	}
	size_t begin = 0;
	while (begin < len && byte_is_space(text[begin]))
		begin++;
	if (begin < len && text[begin] != '{') {
		spec_fault_add(faults, text + begin, "a spec is a JSON object and begins with {");
		return SPEC_BAD;
	}
	struct json object;
	struct json_fault fault;
	enum json_verdict verdict = json_scan(text, len, &object, &fault);
	if (verdict)
		return spec_refuse(faults, verdict, fault);
	struct error err;
	int status = spec_name_check(schema, name, &err);
	if (status == -ENOMEM)
		return SPEC_NO_MEMORY;
	if (status) {
		spec_fault_add(faults, NULL, "%s", err.message);
		return SPEC_BAD;
	}
	if (spec_value_check(schema, "", name, object, faults))
		return SPEC_NO_MEMORY;
	if (faults->count)
		return SPEC_BAD;
	spec_write(name, object, ret_body);
	return ret_body->error ? SPEC_NO_MEMORY : SPEC_GOOD;
}
