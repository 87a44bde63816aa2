#include "name.h"

#include "../api/utf8.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum {
	NAME_MAX_LEN = NAME_SIZE - 1,
	NAME_TAIL_LEN = 2 + 16, /* "%~" and the hash */
};

/* FNV-1a: spreads well, and two names that share it still differ in their first bytes or by the "~ID" of the second. */
static uint64_t name_hash(const char *text, size_t len) {
	uint64_t hash = UINT64_C(0xCBF29CE484222325);
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)text[i]) * UINT64_C(0x100000001B3);
	return hash;
}

/* Whether the character at `text` may stand in a file name as it is; `size` as utf8_length() says. */
static bool name_is_plain(const char *text, int size, bool first) {
	if (size <= 0 || utf8_is_control(text, size) || utf8_turns(text, size))
		return false;
	if (*text == '.')
		return !first;
	return *text != '%' && *text != '/' && *text != '~';
}

void name_escape(const char *text, size_t len, char ret[static NAME_SIZE]) {
	static const char hex[] = "0123456789ABCDEF";
	size_t used = 0;
	size_t cut = 0; /* the last boundary that leaves room for the tail */
	for (size_t at = 0; at < len;) {
		int size = utf8_length(text + at, len - at);
		bool plain = name_is_plain(text + at, size, at == 0);
		size_t width = plain ? (size_t)size : 3;
		if (used + width > NAME_MAX_LEN) {
			snprintf(ret + cut, NAME_SIZE - cut, "%%~%016llX", (unsigned long long)name_hash(text, len));
			return;
		}
		if (plain) {
			memcpy(ret + used, text + at, width);
		} else {
			unsigned char byte = (unsigned char)text[at];
			ret[used] = '%';
			ret[used + 1] = hex[byte >> 4];
			ret[used + 2] = hex[byte & 15];
		}
		at += plain ? width : 1;
		used += width;
		if (used <= NAME_MAX_LEN - NAME_TAIL_LEN)
			cut = used;
	}
	if (used == 0)
		ret[used++] = '%';
	ret[used] = '\0';
}

static int name_hex(char c) {
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool name_unescape(const char *name, char *ret, size_t size) {
	char plain[NAME_SIZE];
	size_t len = 0;
	if (strlen(name) > NAME_MAX_LEN)
		return false;
	for (const char *at = name; *at && strcmp(name, "%") != 0; at++) {
		char c = *at;
		if (c == '%') {
			int high = name_hex(at[1]);
			int low = high < 0 ? -1 : name_hex(at[2]);
			if (low < 0 || (high == 0 && low == 0))
				return false;
			c = (char)(high << 4 | low);
			at += 2;
		}
		plain[len++] = c;
	}
	plain[len] = '\0';
	/* One spelling only: two file names of one resource would be two nodes with two drafts. */
	char again[NAME_SIZE];
	name_escape(plain, len, again);
	if (strcmp(again, name) != 0 || len >= size)
		return false;
	memcpy(ret, plain, len + 1);
	return true;
}

size_t name_cut(const char *name, size_t room) {
	size_t len = strlen(name);
	if (len <= room)
		return len;
	for (len = room; len && ((unsigned char)name[len] & 0xC0) == 0x80;)
		len--;
	if (len >= 1 && name[len - 1] == '%')
		return len - 1;
	return len >= 2 && name[len - 2] == '%' ? len - 2 : len;
}

bool name_is_id(const char *text, size_t len) {
	char file[NAME_SIZE], back[NAME_SIZE];
	for (size_t at = 0, part = 0; at <= len; at++) {
		bool ends = at == len || text[at] == '/' || text[at] == '\\';
		size_t dots = ends ? at - part : 0;
		if (ends && dots && dots <= 2 && text[part] == '.' && text[at - 1] == '.')
			return false;
		part = ends ? at + 1 : part;
	}
	for (size_t at = 0; at < len;) {
		int size = utf8_length(text + at, len - at);
		if (size <= 0 || utf8_is_control(text + at, size))
			return false;
		at += (size_t)size;
	}
	name_escape(text, len, file);
	return len && name_unescape(file, back, sizeof back);
}
