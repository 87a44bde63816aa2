#include "process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whether /proc has the pids that we have. */
static bool proc_is_ours(void) {
	char self[32];
	ssize_t got = readlink("/proc/self", self, sizeof self - 1);
	self[got > 0 ? got : 0] = 0;
	return strtol(self, NULL, 10) == getpid();
}

/* The beginning of a file below /proc, with a NUL behind; "" if it cannot be read. */
static void proc_read(const char *path, char *ret, size_t size) {
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, ret, size - 1);
	if (fd >= 0)
		close(fd);
	ret[got > 0 ? got : 0] = 0;
}

/* The same of a file about a process. */
static void proc_read_of(pid_t pid, const char *name, char *ret, size_t size) {
	char path[32];
	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
	ret[0] = 0;
	if (pid && proc_is_ours())
		proc_read(path, ret, size);
}

int64_t process_began_ms(pid_t pid) {
	enum { FIELD = 22 }; /* of stat; the second, in parentheses, may hold anything */
	char text[1024];
	proc_read_of(pid, "stat", text, sizeof text);
	char *at = strrchr(text, ')');
	for (int field = 2; at && field < FIELD; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoll(at, NULL, 10) * 1000 / sysconf(_SC_CLK_TCK) : INT64_MAX;
}

void process_command(pid_t pid, char ret[static COMMAND_SIZE]) {
	proc_read_of(pid, "comm", ret, COMMAND_SIZE);
	ret[strcspn(ret, "\n")] = 0;
}

/* The set of signals on a line of status, which begins so. False if it is not there. */
static bool signals_read(const char *status, const char *head, uint64_t *ret) {
	const char *at = strstr(status, head);
	if (at)
		*ret = strtoull(at + strlen(head), NULL, 16);
	return at;
}

bool process_is_called(pid_t tid) {
	/* What is ignored unless there is a handler: shells have one, and some runtimes interrupt themselves. */
	static const int heard[] = {SIGCHLD, SIGURG, SIGWINCH};
	uint64_t own, shared;
	char status[4096];
	proc_read_of(tid, "status", status, sizeof status);
	if (!signals_read(status, "\nSigPnd:", &own) || !signals_read(status, "\nShdPnd:", &shared))
		return true;
	own |= shared;
	for (size_t i = 0; i < sizeof heard / sizeof *heard; i++)
		own &= ~(UINT64_C(1) << (heard[i] - 1));
	return own;
}

uint64_t process_resident_bytes(void) {
	char text[128];
	proc_read("/proc/self/statm", text, sizeof text);
	const char *resident = strchr(text, ' '); /* the second number, in pages */
	return resident ? strtoull(resident, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

pid_t process_session(pid_t pid) {
	return pid ? getsid(pid) : SESSION_UNKNOWN;
}
