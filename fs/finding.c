#include "finding.h"

#include "../api/buffer.h"
#include "../api/error.h"
#include "../api/scope.h"

#include <stdarg.h>
#include <string.h>

static void line_print(FILE *out, const char *text) {
	SCOPED(buffer_free) struct buffer safe = {0};
	buffer_add_safe(&safe, text, strlen(text));
	fprintf(out, "%s\n", safe.error || !safe.data ? "(no memory for the words)" : safe.data);
}

void finding_say(struct findings *findings, enum finding finding, const char *what, const char *advice,
	const char *format, ...) {
	static const char *const words[] = {[FINDING_OK] = "ok  ", [FINDING_WARN] = "warn", [FINDING_FAIL] = "FAIL"};
	char text[FINDING_MAX];
	va_list args;
	va_start(args, format);
	words_format(text, sizeof text, format, args);
	va_end(args);
	findings->failed += finding == FINDING_FAIL;
	fprintf(findings->out, "%s  %s: ", words[finding], what);
	line_print(findings->out, text);
	if (advice) {
		fputs("      ", findings->out);
		line_print(findings->out, advice);
	}
	fflush(findings->out); /* the next check may take its time */
}
