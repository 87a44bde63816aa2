#include "jwt.h"
#include "json.h"
#include "token_text.h"

#include <string.h>

/* Base64 for URLs, without padding (RFC 7515, appendix C). Returns how many bytes came of it; 0: it is none. */
static size_t base64url_read(const char *text, size_t len, char *ret) {
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned held = 0, bits = 0;
	size_t count = 0;

	for (size_t i = 0; i < len; i++) {
		const char *digit = memchr(digits, text[i], sizeof(digits) - 1);

		if (!digit)
			return 0;
		held = held << 6 | (unsigned)(digit - digits);
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			ret[count++] = (char)(held >> bits & 0xff);
		}
	}
	return count;
}

int64_t jwt_expires_s(const char *token) {
	char claims[TOKEN_MAX];
	const char *begin = strchr(token, '.'), *end = begin ? strchr(begin + 1, '.') : NULL;
	struct json root;
	long long expires_s = 0;
	size_t len;

	if (!end || end - begin > TOKEN_MAX)
		return 0;
	len = base64url_read(begin + 1, (size_t)(end - begin - 1), claims);
	if (json_scan(claims, len, &root, NULL) != JSON_OK || !json_int(json_member(root, "exp"), &expires_s) ||
		expires_s < 0)
		expires_s = 0;
	explicit_bzero(claims, sizeof(claims));
	return expires_s;
}
