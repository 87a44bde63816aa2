#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void put(struct json *json, const char *bytes, size_t count) {
	if (json->failed)
		return;
	if (json->cap - json->len <= count) {
		size_t cap = json->cap ? json->cap : 256;
		while (cap - json->len <= count)
			cap *= 2;
		char *text = realloc(json->text, cap);
		if (!text) {
			json->failed = true;
			return;
		}
		json->text = text;
		json->cap = cap;
	}
	memcpy(json->text + json->len, bytes, count);
	json->len += count;
	json->text[json->len] = '\0';
}

static void put_quoted(struct json *json, const char *string) {
	put(json, "\"", 1);
	while (*string) {
		size_t plain = 0;
		while ((unsigned char)string[plain] >= 0x20 && string[plain] != '"' && string[plain] != '\\')
			plain++;
		put(json, string, plain);
		string += plain;
		if (!*string)
			break;
		char escape[8];
		int len = *string == '"' || *string == '\\'
				  ? snprintf(escape, sizeof escape, "\\%c", *string)
				  : snprintf(escape, sizeof escape, "\\u%04x", (unsigned)*string);
		put(json, escape, (size_t)len);
		string++;
	}
	put(json, "\"", 1);
}

static void put_name(struct json *json, const char *name) {
	if (json->comma)
		put(json, ",", 1);
	json->comma = true;
	if (name) {
		put_quoted(json, name);
		put(json, ":", 1);
	}
}

void json_open(struct json *json, const char *name, char bracket) {
	put_name(json, name);
	put(json, &bracket, 1);
	json->comma = false;
}

void json_close(struct json *json, char bracket) {
	put(json, &bracket, 1);
	json->comma = true;
}

void json_string(struct json *json, const char *name, const char *value) {
	put_name(json, name);
	if (value)
		put_quoted(json, value);
	else
		put(json, "null", 4);
}

void json_integer(struct json *json, const char *name, int64_t value) {
	char digits[24];
	snprintf(digits, sizeof digits, "%lld", (long long)value);
	json_raw(json, name, digits);
}

void json_decimal(struct json *json, const char *name, double value) {
	char digits[48];
	snprintf(digits, sizeof digits, "%.2f", value);
	json_raw(json, name, digits);
}

void json_boolean(struct json *json, const char *name, bool value) {
	json_raw(json, name, value ? "true" : "false");
}

void json_raw(struct json *json, const char *name, const char *text) {
	put_name(json, name);
	if (!text)
		text = "null";
	put(json, text, strlen(text));
}

void json_time(struct json *json, const char *name, int64_t time_ms) {
	time_t seconds = (time_t)(time_ms / 1000);
	struct tm parts;
	char text[40] = "";
	if (gmtime_r(&seconds, &parts))
		strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
	json_string(json, name, text);
}

char *json_take(struct json *json) {
	char *text = json->text;
	if (json->failed) {
		free(text);
		text = NULL;
	}
	*json = (struct json){0};
	return text;
}

void json_free(struct json *json) {
	free(json->text);
	*json = (struct json){0};
}
