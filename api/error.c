#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

int error_set(struct error *err, int code, const char *format, ...) {
	if (err) {
		/* Built aside: the arguments may point into the error that is replaced. */
		struct error set = {.code = code};
		va_list args;
		va_start(args, format);
		if (vsnprintf(set.message, sizeof(set.message), format, args) < 0)
			set.message[0] = '\0';
		va_end(args);
		*err = set;
	}
	return -code;
}

const char *error_name(int code) {
	switch (code) {
#define NAME(errno_) \
	case errno_: \
		return #errno_
		NAME(EACCES);
		NAME(EALREADY);
		NAME(EBUSY);
		NAME(ECANCELED);
		NAME(EDQUOT);
		NAME(EEXIST);
		NAME(EFBIG);
		NAME(EHOSTUNREACH);
		NAME(EINPROGRESS);
		NAME(EINTR);
		NAME(EINVAL);
		NAME(EIO);
		NAME(EISDIR);
		NAME(EKEYEXPIRED);
		NAME(EMSGSIZE);
		NAME(ENAMETOOLONG);
		NAME(ENOENT);
		NAME(ENOMEM);
		NAME(ENOSPC);
		NAME(ENOSYS);
		NAME(ENOTDIR);
		NAME(ENOTEMPTY);
		NAME(EOPNOTSUPP);
		NAME(EPERM);
		NAME(EPROTO);
		NAME(ERANGE);
		NAME(EREMOTEIO);
		NAME(EROFS);
		NAME(ETIMEDOUT);
#undef NAME
	default:
		return "E?";
	}
}
