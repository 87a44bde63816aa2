#include "moment.h"

#include <string.h>

enum { TEXT_SIZE = 64 };

void moment_show(time_t when, char ret[static MOMENT_SIZE]) {
	struct tm tm;
	if (!gmtime_r(&when, &tm) || !strftime(ret, MOMENT_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm))
		strcpy(ret, "-");
}

bool moment_read(struct json value, time_t *ret) {
	char text[TEXT_SIZE] = "";
	struct tm tm = {0};
	if (value.type == JSON_STRING && value.len - 2 < sizeof text)
		memcpy(text, value.text + 1, value.len - 2); /* as written: a time has nothing to escape */
	const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);
	if (!end)
		return false;
	end += strspn(end, ".0123456789");
	struct tm zone = {0};
	(void)strptime(end, "%z", &zone); /* what is no zone is UTC */
	*ret = timegm(&tm) - zone.tm_gmtoff;
	return true;
}
