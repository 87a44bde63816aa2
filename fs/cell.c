#include "cell.h"

#include "../api/scope.h"
#include "../api/utf8.h"

#include <string.h>

/* Nearly all are. */
static bool is_plain(const char *text, size_t len) {
	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] >= 0x7F || text[i] == '\\')
			return false;
	return true;
}

void cell_add(struct buffer *out, const char *text, size_t len, bool word) {
	SCOPED(buffer_free) struct buffer safe = {0};
	if (!len) {
		buffer_byte(out, '-');
		return;
	}
	if (is_plain(text, len)) {
		buffer_append(out, text, len);
		return;
	}
	buffer_add_safe(&safe, text, len);
	for (const char *at = safe.data; at && *at && !safe.error;) {
		size_t plain = strcspn(at, word ? " \xE2" : "\xE2");
		buffer_append(out, at, plain);
		at += plain;
		if (*at == ' ') {
			buffer_add(out, "\\x20");
			at++;
		} else if (*at && utf8_turns(at, 3)) { /* what is safe has whole characters */
			buffer_printf(out, "\\xe2\\x%02x\\x%02x", (unsigned char)at[1], (unsigned char)at[2]);
			at += 3;
		} else if (*at) {
			buffer_byte(out, *at++);
		}
	}
	if (safe.error && !out->error)
		out->error = safe.error;
}
