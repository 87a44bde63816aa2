#include "api.h"

#include <errno.h>

int api_status_errno(int status) {
	static const struct {
		int status, code;
	} table[] = {
		{400, EINVAL},
		{401, EKEYEXPIRED},
		{402, EDQUOT},
		{403, EACCES},
		{404, ENOENT},
		{408, ETIMEDOUT},
		{409, EEXIST},
		{422, EINVAL},
		{429, EBUSY},
	};

	if (status >= 200 && status <= 299)
		return 0;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].status == status)
			return table[i].code;
	/* 5xx, a redirect (never followed: the token would go along), and what nobody expects. */
	return EREMOTEIO;
}
