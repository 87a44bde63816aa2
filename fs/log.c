#include "log.h"

#include "../api/buffer.h"
#include "../api/error.h"
#include "../api/scope.h"
#include "moment.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 512 };

/* The process has one log, as it has one standard error. */
static struct {
	int fd;      /* -1: none, and all is lost */
	bool syslog; /* not by syslog(3), which waits for a logger that does not read */
	int level;
	unsigned lost; /* lines since the last that could be written */
} sink;

int log_open(const char *path, int level, bool foreground, struct error *err) {
	sink.level = level;
	sink.syslog = !path && !foreground;
	if (sink.syslog)
		sink.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	else if (path) /* O_NONBLOCK: of a FIFO that nobody reads */
		sink.fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0666);
	else
		sink.fd = STDERR_FILENO;
	return path && sink.fd < 0 ? error_set(err, errno, "%s: %s", path, strerror(errno)) : 0;
}

void log_close(void) {
	if (sink.fd > STDERR_FILENO)
		close(sink.fd);
	sink.fd = -1;
}

int log_fd(void) {
	return sink.fd > STDERR_FILENO ? sink.fd : -1;
}

static ssize_t syslog_send(const struct buffer *line) {
	static const struct sockaddr_un logger = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
	return sendto(sink.fd, line->data, line->len, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&logger,
		sizeof logger);
}

/* A full disk, a pipe or a logger that does not read: the mount goes on without. */
static bool line_write(int level, const char *text) {
	SCOPED(buffer_free) struct buffer line = {0};
	struct pollfd room = {.fd = sink.fd, .events = POLLOUT};
	char when[MOMENT_SIZE];
	time_t now = time(NULL);
	struct tm local;
	if (!sink.syslog) {
		moment_show(now, when);
		buffer_printf(&line, "%s %s\n", when, text);
		return !line.error && poll(&room, 1, 0) == 1 && room.revents & POLLOUT &&
		       write(sink.fd, line.data, line.len) == (ssize_t)line.len;
	}
	if (!localtime_r(&now, &local) || !strftime(when, sizeof when, "%b %e %T", &local))
		*when = 0;
	buffer_printf(&line, "<%d>%s neevfs[%ld]: %s", LOG_DAEMON | level, when, (long)getpid(), text);
	return !line.error && syslog_send(&line) == (ssize_t)line.len;
}

bool log_wants(int level) {
	return level <= sink.level;
}

void log_safe(int level, const char *text) {
	if (!log_wants(level))
		return;
	char lost[64];
	snprintf(lost, sizeof lost, "lines before this that could not be written: %u", sink.lost);
	if (sink.lost && line_write(level, lost))
		sink.lost = 0;
	if (!line_write(level, text))
		sink.lost++;
}

void log_write(int level, const char *format, ...) {
	if (!log_wants(level))
		return;
	char text[LINE_MAX_BYTES];
	va_list args;
	va_start(args, format);
	words_format(text, sizeof text, format, args);
	va_end(args);
	SCOPED(buffer_free) struct buffer line = {0};
	buffer_add_safe(&line, text, strlen(text));
	if (!line.error)
		log_safe(level, line.data);
}
