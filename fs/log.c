#include "log.h"

#include "../api/buffer.h"
#include "../api/scope.h"
#include "moment.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 512 };

/* The process has one log, as it has one standard error. */
static struct {
	int fd; /* -1: syslog; 0: not opened, which is syslog too */
	int level;
	unsigned lost; /* lines since the last that could be written */
} sink;

int log_open(const char *path, int level, bool foreground, struct error *err) {
	sink.level = level;
	sink.fd = -1;
	if (path) {
		sink.fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0666);
		if (sink.fd < 0)
			return error_set(err, errno, "%s: %s", path, strerror(errno));
	} else if (foreground) {
		sink.fd = STDERR_FILENO;
	} else {
		openlog("neevfs", LOG_PID, LOG_DAEMON);
	}
	return 0;
}

void log_close(void) {
	if (sink.fd > STDERR_FILENO)
		close(sink.fd);
	sink.fd = -1;
}

int log_fd(void) {
	return sink.fd > STDERR_FILENO ? sink.fd : -1;
}

/* A full disk, a pipe that nobody reads: the mount goes on without. */
static void line_write(const char *text, size_t len) {
	struct pollfd room = {.fd = sink.fd, .events = POLLOUT};
	if (poll(&room, 1, 0) == 1 && room.revents & POLLOUT && write(sink.fd, text, len) == (ssize_t)len)
		sink.lost = 0;
	else
		sink.lost++;
}

bool log_wants(int level) {
	return level <= sink.level;
}

void log_safe(int level, const char *text) {
	if (!log_wants(level))
		return;
	if (sink.fd <= 0) {
		syslog(level, "%s", text);
		return;
	}
	char when[MOMENT_SIZE];
	moment_show(time(NULL), when);
	SCOPED(buffer_free) struct buffer whole = {0};
	if (sink.lost)
		buffer_printf(&whole, "%s lines before this that could not be written: %u\n", when, sink.lost);
	buffer_printf(&whole, "%s %s\n", when, text);
	if (!whole.error)
		line_write(whole.data, whole.len);
}

void log_write(int level, const char *format, ...) {
	if (!log_wants(level))
		return;
	char text[LINE_MAX_BYTES];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	SCOPED(buffer_free) struct buffer line = {0};
	buffer_add_safe(&line, text, strlen(text));
	if (!line.error)
		log_safe(level, line.data);
}
