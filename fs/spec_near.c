#include "spec_near.h"

#include <string.h>

enum { NEAR_LEN_MAX = 40 }; /* longer keys are near to nothing */

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

struct near {
	char word[NEAR_LEN_MAX];
	size_t len;
	const struct schema *row;
	size_t distance;
};

static void near_look(struct near *near, const struct schema *schema) {
	for (const struct schema *row = schema->members; row && row->name; row++) {
		char name[NEAR_LEN_MAX];
		size_t len = word_folded(row->name, strlen(row->name), name);
		size_t distance = word_distance(near->word, near->len, name, len);
		size_t bound = len <= 4 ? 1 : len <= 8 ? 2 : 3;
		if (distance <= bound && (!near->row || distance < near->distance)) {
			near->row = row;
			near->distance = distance;
		}
	}
	for (const struct schema *variant = schema->variants; variant && variant->name; variant++)
		near_look(near, variant);
}

const struct schema *spec_near(const struct schema *schema, const char *key, size_t len) {
	if (len > NEAR_LEN_MAX)
		return NULL;
	struct near near = {0};
	near.len = word_folded(key, len, near.word);
	near_look(&near, schema);
	return near.row;
}
