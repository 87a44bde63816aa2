/*
 * Any bytes as a journal's file, and as the texts of a record. A line of the input that begins with TAB gets the
 * checksum that belongs there, else no input would come behind it; one that begins with a byte from 0x80 stands for a
 * good line of the number in its next byte.
 */
#include "../../api/scope.h"
#include "../../fs/journal_line.h"
#include "fuzz.h"

/* Bitwise from its definition, beside the one that is tested. */
static uint32_t crc_of(const char *data, size_t len) {
	uint32_t crc = 0xFFFFFFFF;
	for (size_t bit = 0; bit < len * 8; bit++) {
		uint32_t in = (uint32_t)((unsigned char)data[bit / 8] >> bit % 8 & 1);
		crc = crc >> 1 ^ ((crc ^ in) & 1 ? 0xEDB88320 : 0);
	}
	return crc ^ 0xFFFFFFFF;
}

static void good_add(unsigned kind, uint64_t number, struct buffer *out) {
	static const struct journal_entry entry = {"cloud", "place", "name\t"};
	if (kind < 0xC0)
		journal_line_pending(out, number, 0, &entry);
	else if (kind < 0xE0)
		journal_line_settled(out, number, 0, JOURNAL_DONE, NULL);
	else if (kind < 0xF0)
		journal_line_base(out, number, 0);
	else
		buffer_printf(out, "settled %u\n", (unsigned)number);
}

static void file_build(const char *text, size_t len, struct buffer *out) {
	for (size_t at = 0; at < len;) {
		const char *newline = memchr(text + at, '\n', len - at);
		size_t end = newline ? (size_t)(newline - text) : len;
		unsigned kind = (unsigned char)text[at];
		if (kind >= 0x80 && end - at >= 2) {
			good_add(kind, 1 + (unsigned char)text[at + 1], out);
			at = end + 1;
			continue;
		}
		if (text[at] == '\t')
			buffer_printf(out, "%08x", (unsigned)crc_of(text + at + 1, end - at - 1));
		buffer_append(out, text + at, end - at + (newline ? 1 : 0));
		at = end + 1;
	}
}

static bool record_same(const struct journal_record *a, const struct journal_record *b) {
	return a->number == b->number && !strcmp(a->entry.cloud, b->entry.cloud) &&
	       !strcmp(a->entry.place, b->entry.place) && !strcmp(a->entry.name, b->entry.name);
}

/* The open ones of both are the same, up to `extra` more in the second. */
static void same_open(const struct journal_lines *a, const struct journal_lines *b, size_t extra) {
	size_t at = 0;
	for (size_t i = 0; i < a->count; i++) {
		if (!a->items[i].open)
			continue;
		while (at < b->count && !b->items[at].open)
			at++;
		require(at < b->count && record_same(&a->items[i].record, &b->items[at].record));
		at++;
	}
	for (; at < b->count; at++)
		if (b->items[at].open)
			require(extra-- > 0);
	require(extra == 0);
}

static void check_file(const struct buffer *file) {
	static const struct journal_entry entry = {"c", "p", "n"};
	SCOPED(buffer_free) struct buffer text = {0};
	SCOPED(buffer_free) struct buffer more = {0};
	SCOPED(buffer_free) struct buffer compact = {0};
	SCOPED(journal_lines_free) struct journal_lines lines = {0};
	SCOPED(journal_lines_free) struct journal_lines after = {0};
	SCOPED(journal_lines_free) struct journal_lines compacted = {0};
	buffer_append(&text, file->data, file->len);
	require(journal_lines_parse(text.data, text.len, &lines) == 0);
	require(lines.whole <= file->len && lines.gone <= lines.latest && lines.latest <= JOURNAL_NUMBER_MAX);
	for (size_t i = 0; i < lines.count; i++) {
		uint64_t number = lines.items[i].record.number;
		require(number > 0 && number <= lines.latest && (!i || number > lines.items[i - 1].record.number));
		require(journal_lines_find(&lines, number) == &lines.items[i]);
	}
	require(!journal_lines_find(&lines, lines.latest + 1));
	if (lines.latest == JOURNAL_NUMBER_MAX)
		return;
	/* What journal_begin() makes of it. */
	buffer_append(&more, file->data, lines.whole);
	if (lines.unterminated)
		buffer_byte(&more, '\n');
	journal_line_pending(&more, lines.latest + 1, 0, &entry);
	require(journal_lines_parse(more.data, more.len, &after) == 0);
	require(after.damaged == lines.damaged && after.latest == lines.latest + 1 && after.gone == lines.gone);
	require(after.whole == more.len && !after.unterminated);
	same_open(&lines, &after, 1);
	if (lines.damaged || !lines.latest)
		return;
	journal_line_base(&compact, lines.latest, 0);
	for (size_t i = 0; i < lines.count; i++)
		if (lines.items[i].open)
			journal_line_pending(&compact, lines.items[i].record.number, lines.items[i].record.when,
				&lines.items[i].record.entry);
	require(journal_lines_parse(compact.data, compact.len, &compacted) == 0);
	require(!compacted.damaged && compacted.latest == lines.latest && compacted.gone == lines.latest);
	same_open(&lines, &compacted, 0);
}

/* The input, cut at its NULs, as the three texts. */
static void check_texts(const char *text, size_t len) {
	SCOPED(buffer_free) struct buffer line = {0};
	SCOPED(journal_lines_free) struct journal_lines lines = {0};
	struct journal_record record = {.number = 1 + len};
	SCOPED(scope_free) char *copy = calloc(1, len + 4); /* ends with three empty texts */
	require(copy != NULL);
	if (len > 0)
		memcpy(copy, text, len);
	record.entry.cloud = copy;
	record.entry.place = record.entry.cloud + strlen(record.entry.cloud) + (strlen(copy) < len);
	const char *end = copy + len;
	size_t place_len = strlen(record.entry.place);
	record.entry.name = record.entry.place + place_len + (record.entry.place + place_len < end);
	journal_line_pending(&line, record.number, 0, &record.entry);
	require(!line.error && memchr(line.data, '\n', line.len) == line.data + line.len - 1);
	require(journal_lines_parse(line.data, line.len, &lines) == 0);
	require(lines.count == 1 && !lines.damaged && lines.items[0].open);
	require(record_same(&lines.items[0].record, &record));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	const char *text = size ? (const char *)data : "";
	SCOPED(buffer_free) struct buffer raw = {0};
	SCOPED(buffer_free) struct buffer built = {0};
	buffer_append(&raw, text, size);
	file_build(text, size, &built);
	check_file(&raw);
	check_file(&built);
	check_texts(text, size);
	return 0;
}
