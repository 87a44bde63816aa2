#include "error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { WORDS_MAX = 12 << 10 }; /* two paths, and what is said of them */

static bool is_inside_character(char c) {
	return ((unsigned char)c & 0xc0) == 0x80;
}

void words_format(char *ret, size_t size, const char *format, va_list args) {
	static const char gap[] = "...";
	char whole[WORDS_MAX];
	int formatted = vsnprintf(whole, sizeof(whole), format, args);
	size_t len = formatted < 0 ? 0 : strnlen(whole, sizeof(whole)), head, tail;

	if (len < size) {
		memcpy(ret, whole, len);
		ret[len] = '\0';
		return;
	}
	head = (size - sizeof(gap)) / 2;
	tail = len - (size - sizeof(gap) - head);
	while (head && is_inside_character(whole[head]))
		head--;
	while (is_inside_character(whole[tail]))
		tail++;
	memcpy(ret, whole, head);
	memcpy(ret + head, gap, strlen(gap));
	memcpy(ret + head + strlen(gap), whole + tail, len - tail);
	ret[head + strlen(gap) + len - tail] = '\0';
}

int error_set(struct error *err, int code, const char *format, ...) {
	if (err) {
		/* Built aside: the arguments may point into the error that is replaced. */
		struct error set = {.code = code};
		va_list args;
		va_start(args, format);
		words_format(set.message, sizeof(set.message), format, args);
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
