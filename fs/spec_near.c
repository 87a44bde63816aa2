#include "spec_near.h"

#include <string.h>

static char char_folded(char c) {
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Writes a word in lower case and without what people put between its parts; returns its length. */
static size_t word_folded(const char *word, size_t len, char ret[static NEAR_LEN_MAX]) {
	size_t used = 0;
	for (size_t i = 0; i < len && used < NEAR_LEN_MAX; i++) {
		if (word[i] != '_' && word[i] != '-' && word[i] != ' ' && word[i] != '.')
			ret[used++] = char_folded(word[i]);
	}
	return used;
}

static size_t least(size_t a, size_t b) {
	return a < b ? a : b;
}

/* Levenshtein: insertions, deletions and changes from one folded word to the other. */
static size_t word_distance(const char *a, size_t a_len, const char *b, size_t b_len) {
	size_t row[NEAR_LEN_MAX + 1];
	for (size_t j = 0; j <= b_len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t changed = diagonal + (a[i - 1] != b[j - 1]);
			diagonal = row[j];
			row[j] = least(changed, least(row[j], row[j - 1]) + 1);
		}
	}
	return row[b_len];
}

void near_begin(struct near *near, const char *word, size_t len) {
	*near = (struct near){0};
	near->len = len <= NEAR_LEN_MAX ? word_folded(word, len, near->word) : 0;
}

/* Of one or two letters a change makes any other. */
static size_t distance_most(size_t len) {
	return len <= 2 ? 0 : len <= 4 ? 1 : len <= 8 ? 2 : 3;
}

bool near_try(struct near *near, const char *name) {
	char word[NEAR_LEN_MAX];
	size_t given_len = strlen(name);
	if (!near->len || given_len > NEAR_LEN_MAX)
		return false;
	size_t len = word_folded(name, given_len, word), most = distance_most(len);
	if (len > near->len + most || near->len > len + most)
		return false;
	size_t distance = word_distance(near->word, near->len, word, len);
	if (distance > most || (near->name && distance >= near->distance))
		return false;
	near->name = name;
	near->distance = distance;
	return true;
}

static void near_look(struct near *near, const struct schema *schema, const struct schema **ret) {
	for (const struct schema *row = schema->members; row && row->name; row++)
		if (near_try(near, row->name))
			*ret = row;
	for (const struct schema *variant = schema->variants; variant && variant->name; variant++)
		near_look(near, variant, ret);
}

const struct schema *spec_near(const struct schema *schema, const char *key, size_t len) {
	struct near near;
	const struct schema *row = NULL;
	near_begin(&near, key, len);
	near_look(&near, schema, &row);
	return row;
}
