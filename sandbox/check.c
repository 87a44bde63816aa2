#include "check.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char letters_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
static const char blanks[] = " \t\n\v\f\r";

bool form_label(const char *string) {
	size_t len = strlen(string);
	return len && string[0] != '-' && string[len - 1] != '-' &&
	       strspn(string, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

bool form_url_safe(const char *string) {
	size_t len = strlen(string);
	return len && strspn(string, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.") == len;
}

bool form_ssh_key(const char *string) {
	size_t kind = !strncmp(string, "ssh-rsa", 7) ? 7 : !strncmp(string, "ssh-ed25519", 11) ? 11 : 0;
	if (!kind)
		return false;
	string += kind;
	size_t gap = strspn(string, blanks);
	string += gap;
	size_t key = strspn(string, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
	string += key;
	size_t padding = strspn(string, "=");
	string += padding;
	/* The comment is one line: a second line would be a second key. */
	return gap && key && padding <= 2 && (!*string || (strchr(blanks, *string) && !strchr(string, '\n')));
}

bool form_title(const char *string) {
	return string[strspn(string, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 -_")] == '\0';
}

bool form_image(const char *string) {
	const char *slash = strrchr(string, '/');
	const char *last = slash ? slash + 1 : string;
	const char *mark = strpbrk(last, ":@");
	bool printable = string[strcspn(string, blanks)] == '\0';
	return printable && slash != string && mark && mark > last && strchr(letters_digits, mark[1]) && mark[1];
}

bool form_uuid(const char *string) {
	static const char shape[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
	if (strlen(string) != sizeof shape - 1)
		return false;
	for (size_t i = 0; shape[i]; i++)
		if (shape[i] == '-' ? string[i] != '-' : !strchr("0123456789abcdefABCDEF", string[i]))
			return false;
	return true;
}

static size_t characters(const char *string) {
	size_t count = 0;
	for (; *string; string++)
		count += ((unsigned char)*string & 0xC0) != 0x80;
	return count;
}

static bool in_bounds(struct call *call, const char *where, const struct rule *rule, double number, const char *of) {
	if (number >= rule->min && (rule->max == 0 || number <= rule->max))
		return true;
	if (rule->max != 0)
		call_invalid(call, "%s%s: %s must be from %.0f to %.0f", where, rule->name, of, rule->min, rule->max);
	else
		call_invalid(call, "%s%s: %s must be at least %.0f", where, rule->name, of, rule->min);
	return false;
}

static bool check_string(struct call *call, const char *where, const struct rule *rule, const char *string) {
	if (!in_bounds(call, where, rule, (double)characters(string), "length"))
		return false;
	if (rule->matches && !rule->matches(string)) {
		call_invalid(call, "%s%s: must be %s", where, rule->name, rule->form);
		return false;
	}
	if (!rule->choices)
		return true;
	char words[200] = "";
	size_t len = 0;
	for (const char *const *choice = rule->choices; *choice; choice++) {
		if (!strcmp(string, *choice))
			return true;
		int more = snprintf(words + len, sizeof words - len, "%s%s", len ? ", " : "", *choice);
		len = len + (size_t)more < sizeof words ? len + (size_t)more : sizeof words - 1;
	}
	call_invalid(call, "%s%s: must be one of: %s", where, rule->name, words);
	return false;
}

static bool check_value(struct call *call, const char *where, const struct rule *rule, const cJSON *value) {
	static const char *const words[] = {
		"a string", "an integer", "a number", "true or false", "an array", "an object", ""};
	bool typed = false;
	switch (rule->type) {
	case RULE_STRING:
		typed = cJSON_IsString(value);
		break;
	case RULE_INTEGER:
		/* Beyond 2^53 a double is no longer one certain integer. */
		typed = cJSON_IsNumber(value) && value->valuedouble == floor(value->valuedouble) &&
			fabs(value->valuedouble) <= 9007199254740992.0;
		break;
	case RULE_NUMBER:
		typed = cJSON_IsNumber(value);
		break;
	case RULE_BOOLEAN:
		typed = cJSON_IsBool(value);
		break;
	case RULE_ARRAY:
		typed = cJSON_IsArray(value);
		break;
	case RULE_OBJECT:
		typed = cJSON_IsObject(value);
		break;
	case RULE_ANY:
		typed = true;
		break;
	}
	if (!typed) {
		call_invalid(call, "%s%s: must be %s", where, rule->name, words[rule->type]);
		return false;
	}
	if (rule->type == RULE_STRING)
		return check_string(call, where, rule, value->valuestring);
	if (rule->type == RULE_ARRAY)
		return in_bounds(call, where, rule, cJSON_GetArraySize(value), "number of entries");
	if (rule->type == RULE_INTEGER || rule->type == RULE_NUMBER)
		return in_bounds(call, where, rule, value->valuedouble, "it");
	return true;
}

static const struct rule *rule_find(const struct rule *rules, size_t rule_count, const char *name) {
	for (size_t i = 0; i < rule_count; i++)
		if (!strcmp(rules[i].name, name))
			return &rules[i];
	return NULL;
}

bool check_object(struct call *call, const cJSON *object, const char *where, const struct rule *rules,
	size_t rule_count, bool open) {
	for (size_t i = 0; i < rule_count; i++)
		if (rules[i].required && !cJSON_GetObjectItemCaseSensitive(object, rules[i].name)) {
			call_invalid(call, "%s%s: is required", where, rules[i].name);
			return false;
		}
	for (const cJSON *member = object->child; member; member = member->next) {
		const struct rule *rule = rule_find(rules, rule_count, member->string);
		if (!rule && open)
			continue;
		if (!rule) {
			call_invalid(call, "%s%s: is not known", where, member->string);
			return false;
		}
		if (!check_value(call, where, rule, member))
			return false;
	}
	return true;
}

bool check_elements(struct call *call, const cJSON *array, const struct rule *rule, bool unique) {
	size_t index = 0;
	for (const cJSON *element = array ? array->child : NULL; element; element = element->next, index++) {
		char name[64];
		snprintf(name, sizeof name, "%s[%zu]", rule->name, index);
		struct rule named = *rule;
		named.name = name;
		if (!check_value(call, "", &named, element))
			return false;
		for (const cJSON *before = array->child; unique && before != element; before = before->next)
			if (cJSON_Compare(before, element, true)) {
				call_invalid(call, "%s: stands there twice", name);
				return false;
			}
	}
	return true;
}

const char *member_string(const cJSON *object, const char *name, const char *otherwise) {
	const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);
	return member ? member->valuestring : otherwise;
}

int64_t member_integer(const cJSON *object, const char *name, int64_t otherwise) {
	const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);
	return member ? (int64_t)member->valuedouble : otherwise;
}
