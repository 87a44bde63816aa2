/*
 * struct error: what a person should read about a refusal, beside the errno that the program sees.
 *
 * Functions that can fail take an explicit `struct error *` last, which may be NULL, and return 0 or -errno. The
 * structure owns nothing: it is copied by assignment and needs no release.
 */
#ifndef NEEVFS_API_ERROR_H
#define NEEVFS_API_ERROR_H

#include <stdarg.h>
#include <stddef.h>

/* What is known about a change that was asked for. */
enum verdict {
	VERDICT_NONE,     /* nothing was to be changed */
	VERDICT_NOT_DONE, /* certainly not carried out */
	VERDICT_UNKNOWN,  /* may have been carried out */
	VERDICT_DONE,     /* carried out */
};

struct error {
	int code;        /* errno, positive; 0: no error */
	int http_status; /* 0: no answer came */
	enum verdict verdict;
	char api_code[64];   /* the API's `code`, "" if none */
	char request_id[96]; /* the answer's x-request-id, "" if none */
	char message[512];   /* one sentence for a person; control bytes are escaped when it is shown */
};

/* Sets code and message, clears the rest; returns -code. `err` may be NULL. */
int error_set(struct error *err, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* Formats. Of what does not fit the middle is left out: a path may be long, and the reason stands behind it. */
void words_format(char *ret, size_t size, const char *format, va_list args) __attribute__((format(printf, 3, 0)));

/* The name of an errno ("EINVAL"), "E?" for one that neevfs never uses. The string is constant. */
const char *error_name(int code);

#endif
