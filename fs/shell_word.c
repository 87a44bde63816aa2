#include "shell_word.h"

#include <string.h>

void shell_word(const char *word, struct buffer *out) {
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%+,-./:=@_";
	if (*word && !word[strspn(word, plain)]) {
		buffer_add(out, word);
		return;
	}
	buffer_byte(out, '\'');
	for (; *word; word++)
		if (*word == '\'')
			buffer_add(out, "'\\''");
		else
			buffer_byte(out, *word);
	buffer_byte(out, '\'');
}
