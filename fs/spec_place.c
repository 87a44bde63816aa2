#include "spec_place.h"

#include "../api/utf8.h"

#include <string.h>

enum {
	SHOWN_BEFORE = 60, /* characters of the line that are shown, and in all */
	SHOWN_MAX = 90,
	NAME_LEN_MAX = 64, /* no member's name is as long, so a longer word needs no look at all of it */
};

static bool schema_has_secret(const struct schema *schema) {
	if (schema->secret || (schema->element && schema_has_secret(schema->element)))
		return true;
	for (const struct schema *row = schema->members; row && row->name; row++) {
		if (schema_has_secret(row))
			return true;
	}
	for (const struct schema *row = schema->variants; row && row->name; row++) {
		if (schema_has_secret(row))
			return true;
	}
	return false;
}

/* Whether a word is the name of a member anywhere below. */
static bool schema_has_name(const struct schema *schema, const char *word, size_t len) {
	if (schema->element && schema_has_name(schema->element, word, len))
		return true;
	for (const struct schema *row = schema->members; row && row->name; row++) {
		if ((strlen(row->name) == len && memcmp(row->name, word, len) == 0) || schema_has_name(row, word, len))
			return true;
	}
	for (const struct schema *row = schema->variants; row && row->name; row++) {
		if (schema_has_name(row, word, len))
			return true;
	}
	return false;
}

static bool byte_ends_word(char c) {
	return (unsigned char)c < 0x20 || strchr("{}[]:,\" ", c) != NULL;
}

/* Whether the character at `at` belongs to a word that is not to be shown. */
static bool line_is_masked(const struct schema *schema, const char *begin, const char *end, const char *at) {
	if (byte_ends_word(*at))
		return false;
	const char *word = at;
	while (word > begin && at - word <= NAME_LEN_MAX && !byte_ends_word(word[-1]))
		word--;
	while (at < end && at - word <= NAME_LEN_MAX && !byte_ends_word(*at))
		at++;
	return !schema_has_name(schema, word, (size_t)(at - word));
}

static int char_length(const char *at, const char *end) {
	int size = utf8_length(at, (size_t)(end - at));
	return size > 0 ? size : 1;
}

/* Goes back by one character, or by one byte where there is none. */
static const char *char_before(const char *begin, const char *at) {
	for (int size = 4; size > 1; size--) {
		if (at - begin >= size && utf8_length(at - size, (size_t)size) == size)
			return at - size;
	}
	return at - 1;
}

/* What is shown of a line. */
struct view {
	const char *begin, *end;
	bool cut_before, cut_behind;
};

static struct view view_of(const char *begin, const char *end, const char *place) {
	struct view view = {.begin = place, .end = place};
	int shown = 0;
	for (; shown < SHOWN_BEFORE && view.begin > begin; shown++)
		view.begin = char_before(begin, view.begin);
	for (; shown < SHOWN_MAX && view.end < end; shown++)
		view.end += char_length(view.end, end);
	/* The rest of the room is for what stands before. */
	for (; shown < SHOWN_MAX && view.begin > begin; shown++)
		view.begin = char_before(begin, view.begin);
	view.cut_before = view.begin > begin;
	view.cut_behind = view.end < end;
	return view;
}

void spec_place(const struct schema *schema, const char *text, size_t len, size_t offset, struct buffer *out) {
	size_t line;
	size_t column;
	json_position(text, offset, &line, &column);
	const char *place = text + offset;
	const char *begin = place;
	while (begin > text && begin[-1] != '\n')
		begin--;
	const char *end = memchr(place, '\n', (size_t)(text + len - place));
	if (!end)
		end = text + len;
	if (end > place && end[-1] == '\r')
		end--;
	bool secret = schema_has_secret(schema);
	struct view view = view_of(begin, end, place);
	buffer_printf(out, "line %zu, column %zu\n", line, column);
	/* The caret's line is as wide as what stands above it: a tab stays a tab, any other character is a space. */
	char below[SHOWN_MAX + 8];
	size_t indent = 0;
	if (view.cut_before) {
		buffer_add(out, "...");
		memcpy(below, "   ", 3);
		indent = 3;
	}
	for (const char *at = view.begin; at < view.end;) {
		int size = utf8_length(at, (size_t)(end - at));
		bool tab = *at == '\t';
		if (at < place && indent < sizeof(below))
			below[indent++] = tab ? '\t' : ' ';
		if (tab)
			buffer_byte(out, '\t');
		else if (size <= 0 || utf8_is_control(at, size))
			buffer_byte(out, '?');
		else if (secret && line_is_masked(schema, begin, end, at))
			buffer_byte(out, '*');
		else
			buffer_append(out, at, (size_t)size);
		at += size > 0 ? size : 1;
	}
	if (view.cut_behind)
		buffer_add(out, "...");
	buffer_byte(out, '\n');
	buffer_append(out, below, indent);
	buffer_add(out, "^\n");
}
