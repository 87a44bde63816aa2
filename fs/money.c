#include "money.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

enum { DECIMALS = 6, DECIMALS_SHOWN = 2 };

static bool is_digit(char c) {
	return c >= '0' && c <= '9';
}

int money_read(const char *text, size_t len, int64_t *ret_micros) {
	int64_t whole = 0, micros = 0;
	size_t at = 0, decimals = 0;
	bool more = false, large = false;
	for (; at < len && is_digit(text[at]); at++) {
		whole = large ? whole : whole * 10 + (text[at] - '0');
		large |= whole > MONEY_USD_MAX;
	}
	if (!at)
		return -EINVAL;
	if (at < len && text[at] == '.') {
		for (at++; at < len && is_digit(text[at]); at++, decimals++)
			if (decimals < DECIMALS)
				micros = micros * 10 + (text[at] - '0');
			else
				more |= text[at] != '0';
		if (!decimals)
			return -EINVAL;
	}
	if (at < len)
		return -EINVAL;
	for (; decimals < DECIMALS; decimals++)
		micros *= 10;
	micros += whole * MONEY_MICROS + more;
	if (large || micros > (int64_t)MONEY_USD_MAX * MONEY_MICROS)
		return -ERANGE;
	*ret_micros = micros;
	return 0;
}

void money_show(int64_t micros, char ret[static MONEY_SIZE]) {
	int len = snprintf(ret, MONEY_SIZE, "%" PRId64 ".%06" PRId64, micros / MONEY_MICROS, micros % MONEY_MICROS);
	for (int most = DECIMALS - DECIMALS_SHOWN; most && ret[len - 1] == '0'; most--)
		ret[--len] = 0;
}
