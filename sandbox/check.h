/*
 * Holds the members of a JSON object against a table of rules, as the documents' schemas state them.
 *
 * The first violation refuses the call with a 400 whose message begins with the member's name.
 */
#pragma once

#include "call.h"

enum rule_type { RULE_STRING, RULE_INTEGER, RULE_NUMBER, RULE_BOOLEAN, RULE_ARRAY, RULE_OBJECT, RULE_ANY };

struct rule {
	const char *name;
	enum rule_type type;
	bool required;
	/* Bounds of a number, of a string's length in characters, or of an array's length; max 0 stands for no upper
	 * bound. */
	double min;
	double max;
	bool (*matches)(const char *string); /* NULL: every string does */
	const char *form;                    /* in words what `matches` wants */
	const char *const *choices;          /* the values of an enum, ended by NULL; NULL: no enum */
};

/* `where` goes before each name ("customPorts[2].", or ""). A member without a rule is a violation, unless `open`. */
bool check_object(struct call *call, const cJSON *object, const char *where, const struct rule *rules,
	size_t rule_count, bool open);

/* An array whose elements must all satisfy `rule`, which bears the array's name. */
bool check_elements(struct call *call, const cJSON *array, const struct rule *rule, bool unique);

/* Values for `matches`. */
bool form_label(const char *string);
bool form_url_safe(const char *string);
bool form_ssh_key(const char *string);
bool form_title(const char *string);
bool form_image(const char *string);
bool form_uuid(const char *string);

/* Members that check_object has approved; absent ones give the second value. */
const char *member_string(const cJSON *object, const char *name, const char *otherwise);
int64_t member_integer(const cJSON *object, const char *name, int64_t otherwise);
