#include "log.h"

#include "../api/buffer.h"
#include "../api/scope.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

enum { LINE_MAX_BYTES = 512 };

/* The process has one log, as it has one standard error. */
static struct {
	FILE *file; /* NULL: syslog */
	int level;
} sink;

int log_open(const char *path, int level, bool foreground, struct error *err) {
	sink.level = level;
	if (path) {
		sink.file = fopen(path, "ae");
		if (!sink.file)
			return error_set(err, errno, "%s: %s", path, strerror(errno));
	} else if (foreground) {
		sink.file = stderr;
	} else {
		openlog("neevfs", LOG_PID, LOG_DAEMON);
	}
	return 0;
}

void log_close(void) {
	if (sink.file && sink.file != stderr)
		fclose(sink.file);
	sink.file = NULL;
}

void log_write(int level, const char *format, ...) {
	if (level > sink.level)
		return;
	char text[LINE_MAX_BYTES];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	SCOPED(buffer_free) struct buffer line = {0};
	buffer_add_safe(&line, text, strlen(text));
	if (line.error)
		return;
	if (!sink.file) {
		syslog(level, "%s", line.data);
		return;
	}
	time_t now = time(NULL);
	struct tm tm;
	char when[32] = "";
	if (gmtime_r(&now, &tm))
		strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ ", &tm);
	fprintf(sink.file, "%s%s\n", when, line.data);
	fflush(sink.file);
}
