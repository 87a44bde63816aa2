#include "token_text.h"

#include <string.h>

void token_text_wipe(struct token_text *token) {
	explicit_bzero(token, sizeof(*token));
}

void source_wipe(struct source *source) {
	explicit_bzero(source, sizeof(*source));
}

static bool is_space(char c) {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

static bool is_token_char(char c) {
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       (c && strchr("._~+/=-", c));
}

int token_text_accept(
	struct token_text *token, const char *text, size_t len, const char *what, int code, struct error *err) {
	while (len && is_space(text[len - 1]))
		len--;
	while (len && is_space(*text)) {
		text++;
		len--;
	}
	if (len == 0)
		return error_set(err, code, "%s is empty: it must hold an access token (pat-nc-...)", what);
	if (len >= 6 && memcmp(text, "sk-nc-", 6) == 0)
		return error_set(err, code,
			"%s holds an sk-nc-... key: these work for inference only, this API wants a personal"
			" access token (pat-nc-...)",
			what);
	if (len < TOKEN_MIN || len > TOKEN_MAX)
		return error_set(err, code, "%s holds no token: it must be %d to %d characters long", what, TOKEN_MIN,
			TOKEN_MAX);
	for (size_t i = 0; i < len; i++)
		if (!is_token_char(text[i]))
			return error_set(err, code,
				"%s holds no token: character %zu is none of A-Z a-z 0-9 . _ ~ + / = -", what, i + 1);
	if (strlen(token->text) == len && memcmp(token->text, text, len) == 0)
		return 0;
	explicit_bzero(token->text, sizeof(token->text));
	memcpy(token->text, text, len);
	token->generation++;
	return 0;
}
