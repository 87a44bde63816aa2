#include "json_keys.h"

#include <stdlib.h>
#include <string.h>

enum {
	KEYS_FIRST = 64,
	KEYS_SMALL = 32, /* up to here a new key is compared with all before it; a bigger object is sorted at its end */
};

static const char *key_text(const struct json_keys *keys, const struct json_key *key) {
	return key->decoded ? keys->decoded.data + key->decoded - 1 : key->place + 1;
}

static bool key_equal(const struct json_keys *keys, const struct json_key *a, const struct json_key *b) {
	if (a->len != b->len)
		return false;
	const char *a_text = key_text(keys, a);
	const char *b_text = key_text(keys, b);
	return a->len == 0 || (*a_text == *b_text && memcmp(a_text, b_text, a->len) == 0);
}

/* Any order that brings equal keys together, those in the order of the text. */
static int key_order(const void *left, const void *right, void *user) {
	const struct json_keys *keys = user;
	const struct json_key *a = left;
	const struct json_key *b = right;
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	int order = a->len ? memcmp(key_text(keys, a), key_text(keys, b), a->len) : 0;
	return order ? order : (a->place > b->place) - (a->place < b->place);
}

static enum json_verdict keys_reserve(struct json_keys *keys) {
	if (keys->count < keys->cap)
		return JSON_OK;
	size_t cap = keys->cap ? keys->cap * 2 : KEYS_FIRST;
	struct json_key *list = realloc(keys->list, cap * sizeof(*list));
	if (!list)
		return JSON_NO_MEMORY;
	keys->list = list;
	keys->cap = cap;
	return JSON_OK;
}

enum json_verdict json_keys_add(struct json_keys *keys, size_t first, struct json key, bool escaped) {
	size_t count = keys->count - first;
	if (count >= JSON_KEYS_MAX)
		return JSON_TOO_LARGE;
	if (keys_reserve(keys))
		return JSON_NO_MEMORY;
	struct json_key added = {.place = key.text, .len = (uint32_t)key.len - 2};
	if (escaped) {
		/* Decoded once: comparing escapes again and again would take a hostile text minutes. */
		size_t begin = keys->decoded.len;
		json_text(key, &keys->decoded);
		if (keys->decoded.error)
			return JSON_NO_MEMORY;
		added.len = (uint32_t)(keys->decoded.len - begin);
		added.decoded = (uint32_t)begin + 1;
	}
	if (count < KEYS_SMALL) {
		for (size_t i = first; i < keys->count; i++) {
			if (key_equal(keys, &keys->list[i], &added))
				return JSON_BAD;
		}
	}
	keys->list[keys->count++] = added;
	return JSON_OK;
}

const char *json_keys_twice(struct json_keys *keys, size_t first) {
	size_t count = keys->count - first;
	if (count <= KEYS_SMALL)
		return NULL;
	struct json_key *list = keys->list + first;
	qsort_r(list, count, sizeof(*list), key_order, keys);
	const char *twice = NULL;
	for (size_t i = 1; i < count; i++) {
		if (key_equal(keys, &list[i - 1], &list[i]) && (!twice || list[i].place < twice))
			twice = list[i].place;
	}
	return twice;
}

void json_keys_drop(struct json_keys *keys, size_t first) {
	for (; keys->count > first; keys->count--) {
		const struct json_key *key = &keys->list[keys->count - 1];
		if (key->decoded && key->decoded - 1 < keys->decoded.len)
			keys->decoded.len = key->decoded - 1;
	}
}

void json_keys_free(struct json_keys *keys) {
	free(keys->list);
	buffer_free(&keys->decoded);
	*keys = (struct json_keys){0};
}
