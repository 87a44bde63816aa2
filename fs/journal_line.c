#include "journal_line.h"

#include "moment.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	CRC_LEN = 8,
	FIELDS_PENDING = 6,
	FIELDS_OTHER = 4,
	STATE_BASE = JOURNAL_ABSENT + 1, /* beside the states of enum journal_state */
	STATES,
};

static const char *const states[STATES] = {"pending", "done", "failed", "absent", "base"};

/* zlib's CRC-32 without its table: the lines are few. */
static uint32_t crc_of(const char *data, size_t len) {
	uint32_t crc = UINT32_MAX;
	for (size_t i = 0; i < len; i++) {
		crc ^= (unsigned char)data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ UINT32_C(0xEDB88320) : crc >> 1;
	}
	return ~crc;
}

static bool is_control(char c) {
	return (unsigned char)c < 0x20 || c == 0x7F;
}

static bool is_blank(char c) {
	return c == ' ' || c == '\t';
}

/* ---- writing ---- */

void journal_line_header(struct buffer *out) {
	buffer_add(out,
		"# neevfs journal: creates on their way. Once you have looked whether the resource of an open "
		"(pending) record exists, the line `settled NUMBER` appended by hand settles it (man neevfs).\n");
}

static void field_add(struct buffer *out, const char *text) {
	buffer_byte(out, '\t');
	for (; *text; text++)
		if (is_control(*text) || *text == '%')
			buffer_printf(out, "%%%02X", (unsigned)(unsigned char)*text);
		else
			buffer_byte(out, *text);
}

static void time_add(struct buffer *out, time_t when) {
	const time_t year_9999_end = 253402300799;
	char text[MOMENT_SIZE];
	moment_show(when < 0 ? 0 : when > year_9999_end ? year_9999_end : when, text);
	field_add(out, text);
}

/* `fields`: those after the state, NULL-terminated. */
static void line_add(struct buffer *out, uint64_t number, time_t when, const char *state, const char *const *fields) {
	char crc[CRC_LEN + 1] = "--------"; /* its place, until what follows is known */
	size_t start = out->len;
	buffer_printf(out, "%s\t%llu", crc, (unsigned long long)number);
	time_add(out, when);
	field_add(out, state);
	for (; *fields; fields++)
		field_add(out, *fields);
	if (!out->error) {
		size_t body = start + CRC_LEN + 1;
		snprintf(crc, sizeof crc, "%08x", (unsigned)crc_of(out->data + body, out->len - body));
		memcpy(out->data + start, crc, CRC_LEN);
	}
	buffer_byte(out, '\n');
}

void journal_line_pending(struct buffer *out, uint64_t number, time_t when, const struct journal_entry *entry) {
	line_add(out, number, when, states[JOURNAL_PENDING],
		(const char *const[]){entry->cloud, entry->place, entry->name, NULL});
}

void journal_line_settled(struct buffer *out, uint64_t number, time_t when, enum journal_state state, const char *id) {
	line_add(out, number, when, states[state], (const char *const[]){id && *id ? id : "-", NULL});
}

void journal_line_base(struct buffer *out, uint64_t number, time_t when) {
	line_add(out, number, when, states[STATE_BASE], (const char *const[]){"-", NULL});
}

/* ---- reading a line ---- */

enum line_kind { LINE_NOTHING, LINE_PENDING, LINE_SETTLED, LINE_HAND, LINE_BASE, LINE_DAMAGED };

/* The digits that `text` begins with; returns how many, 0 if they are no number of a record. */
static size_t digits_read(const char *text, uint64_t *ret) {
	uint64_t number = 0;
	size_t len = 0;
	for (; text[len] >= '0' && text[len] <= '9'; len++) {
		unsigned digit = (unsigned)(text[len] - '0');
		if (number > (JOURNAL_NUMBER_MAX - digit) / 10)
			return 0;
		number = number * 10 + digit;
	}
	if (number == 0)
		return 0;
	*ret = number;
	return len;
}

static int hex_value(char c) {
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* In place; the text then ends where the field does. */
static bool field_decode(char *field, size_t len) {
	size_t to = 0;
	for (size_t from = 0; from < len; from++) {
		char c = field[from];
		if (is_control(c))
			return false;
		if (c == '%') {
			int high = from + 2 < len ? hex_value(field[from + 1]) : -1;
			int low = high >= 0 ? hex_value(field[from + 2]) : -1;
			if (low < 0 || (high == 0 && low == 0))
				return false;
			c = (char)(high * 16 + low);
			from += 2;
		}
		field[to++] = c;
	}
	field[to] = '\0';
	return true;
}

/* `text` ends with a NUL at `len`. The record's strings are set for LINE_PENDING; for a LINE_SETTLED that is done its
 * name is the id of what was made. */
static enum line_kind body_parse(char *text, size_t len, struct journal_record *ret) {
	char *fields[FIELDS_PENDING];
	size_t count = 0;
	for (char *end = text + len, *at = text; at; count++) {
		char *tab = memchr(at, '\t', (size_t)(end - at));
		if (count == FIELDS_PENDING || !field_decode(at, (size_t)((tab ? tab : end) - at)))
			return LINE_DAMAGED;
		fields[count] = at;
		at = tab ? tab + 1 : NULL;
	}
	if (count != FIELDS_PENDING && count != FIELDS_OTHER)
		return LINE_DAMAGED;
	struct journal_record record = {0};
	size_t digits = digits_read(fields[0], &record.number);
	if (!digits || fields[0][digits])
		return LINE_DAMAGED;
	struct tm tm = {0};
	const char *rest = strptime(fields[1], "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (!rest || *rest)
		return LINE_DAMAGED;
	record.when = timegm(&tm);
	int state = 0;
	while (state < STATES && strcmp(fields[2], states[state]) != 0)
		state++;
	if (state == STATES || (state == JOURNAL_PENDING) != (count == FIELDS_PENDING))
		return LINE_DAMAGED;
	if (state == JOURNAL_PENDING)
		record.entry = (struct journal_entry){fields[3], fields[4], fields[5]};
	else if (state == JOURNAL_DONE && strcmp(fields[3], "-") != 0)
		record.entry.name = fields[3]; /* the id */
	*ret = record;
	return state == JOURNAL_PENDING ? LINE_PENDING : state == STATE_BASE ? LINE_BASE : LINE_SETTLED;
}

/* `text` ends with a NUL at `len`, and may hold others. */
static enum line_kind line_parse(char *text, size_t len, struct journal_record *ret) {
	static const char settled[] = "settled";
	size_t end = len > 0 && text[len - 1] == '\r' ? len - 1 : len;
	size_t at = strspn(text, " \t");
	if (at == end || text[at] == '#')
		return LINE_NOTHING;
	if (!strncmp(text + at, settled, strlen(settled)) && is_blank(text[at + strlen(settled)])) {
		at += strlen(settled);
		at += strspn(text + at, " \t");
		size_t digits = digits_read(text + at, &ret->number);
		at += digits;
		return digits && (at == end || is_blank(text[at])) ? LINE_HAND : LINE_DAMAGED;
	}
	char crc[CRC_LEN + 1];
	if (len <= CRC_LEN || text[CRC_LEN] != '\t')
		return LINE_DAMAGED;
	char *body = text + CRC_LEN + 1;
	len -= CRC_LEN + 1;
	snprintf(crc, sizeof crc, "%08x", (unsigned)crc_of(body, len));
	return memcmp(text, crc, CRC_LEN) ? LINE_DAMAGED : body_parse(body, len, ret);
}

/* ---- reading all ---- */

struct journal_item *journal_lines_find(const struct journal_lines *lines, uint64_t number) {
	size_t low = 0;
	size_t high = lines->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (lines->items[middle].record.number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < lines->count && lines->items[low].record.number == number ? &lines->items[low] : NULL;
}

static int lines_add(struct journal_lines *lines, const struct journal_record *record) {
	if (lines->count == lines->cap) {
		size_t cap = lines->cap ? lines->cap * 2 : 16;
		struct journal_item *items = reallocarray(lines->items, cap, sizeof *items);
		if (!items)
			return -ENOMEM;
		lines->items = items;
		lines->cap = cap;
	}
	lines->items[lines->count++] = (struct journal_item){.record = *record, .open = true};
	return 0;
}

/* 0, -ENOMEM, or -EBUSY if the line does not fit what stands before it. */
static int lines_apply(struct journal_lines *lines, enum line_kind kind, const struct journal_record *record) {
	uint64_t number = record->number;
	if (kind == LINE_PENDING) {
		if (lines->count && number <= lines->items[lines->count - 1].record.number)
			return -EBUSY;
		if (number > lines->latest + 1)
			lines->gone = number - 1;
	} else if (kind == LINE_BASE || (kind == LINE_SETTLED && number > lines->latest)) {
		/* one that is settled, but whose pending line is not here, is gone as well */
		lines->gone = number > lines->gone ? number : lines->gone;
	}
	if (kind != LINE_HAND && number > lines->latest)
		lines->latest = number;
	if (kind == LINE_PENDING)
		return lines_add(lines, record);
	struct journal_item *item = kind == LINE_BASE ? NULL : journal_lines_find(lines, number);
	if (!item)
		return 0;
	if (item->open && kind == LINE_SETTLED) {
		item->id = record->entry.name;
		item->ended = record->when;
	}
	item->open = false;
	return 0;
}

int journal_lines_parse(char *text, size_t len, struct journal_lines *ret) {
	struct journal_lines lines = {0};
	size_t line = 0;
	for (size_t at = 0; at < len;) {
		char *newline = memchr(text + at, '\n', len - at);
		size_t end = newline ? (size_t)(newline - text) : len;
		struct journal_record record = {0};
		text[end] = '\0';
		line++;
		enum line_kind kind = line_parse(text + at, end - at, &record);
		/* A first line that is a torn comment is the header's beginning. */
		if (!newline && (kind == LINE_DAMAGED || (kind == LINE_NOTHING && at == 0)))
			break;
		int rc = kind == LINE_NOTHING ? 0 : kind == LINE_DAMAGED ? -EBUSY : lines_apply(&lines, kind, &record);
		if (rc == -ENOMEM) {
			journal_lines_free(&lines);
			return rc;
		}
		if (rc && !lines.damaged)
			lines.damaged = line;
		lines.unterminated = !newline;
		lines.whole = newline ? end + 1 : end;
		at = end + 1;
	}
	*ret = lines;
	return 0;
}

void journal_lines_free(struct journal_lines *lines) {
	if (!lines)
		return;
	free(lines->items);
	*lines = (struct journal_lines){0};
}
