#include "daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of the process that waits: who ends it wants no mount that comes later. */
static volatile sig_atomic_t ended_by;
static pid_t started;

static void on_end(int number) {
	ended_by = number;
	kill(started, SIGTERM);
}

static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
enum { ENDS = sizeof ends / sizeof *ends };

/* Held back until there is somebody to hand them on to. */
static void ends_hold(sigset_t *ret_before) {
	sigset_t held;
	sigemptyset(&held);
	for (size_t i = 0; i < ENDS; i++)
		sigaddset(&held, ends[i]);
	sigprocmask(SIG_BLOCK, &held, ret_before);
}

static void ends_hand_on(const sigset_t *before) {
	for (size_t i = 0; i < ENDS; i++)
		if (signal(ends[i], on_end) == SIG_IGN)
			signal(ends[i], SIG_IGN);
	sigprocmask(SIG_SETMASK, before, NULL);
}

int daemon_start(struct daemon *ret, const char *mountpoint) {
	int fds[2];
	sigset_t before;
	if (pipe2(fds, O_CLOEXEC))
		return -errno;
	ends_hold(&before);
	pid_t pid = started = fork();
	if (pid < 0) {
		int code = errno;
		sigprocmask(SIG_SETMASK, &before, NULL);
		close(fds[0]);
		close(fds[1]);
		return -code;
	}
	if (!pid) {
		sigprocmask(SIG_SETMASK, &before, NULL);
		close(fds[0]);
		ret->pipe_fd = fds[1];
		return 0;
	}
	ends_hand_on(&before);
	close(fds[1]);
	char up = 0;
	ssize_t got;
	do
		got = read(fds[0], &up, 1);
	while (got < 0 && errno == EINTR);
	struct stat st;
	int status;
	if (got == 1 && !ended_by)
		_exit(stat(mountpoint, &st) ? 1 : 0);
	while ((got = waitpid(pid, &status, 0)) < 0 && errno == EINTR) {
	}
	if (ended_by) {
		signal(ended_by, SIG_DFL);
		raise(ended_by);
	}
	int killed = got < 0 ? 0 : WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status) - 128;
	if (killed > 0)
		fprintf(stderr, "neevfs: ended by SIG%s before the mount was there\n", sigabbrev_np(killed));
	_exit(1);
}

void daemon_ready(struct daemon *daemon) {
	if (daemon->pipe_fd < 0)
		return;
	setsid(); /* by now, whatever it had to stay in (supervisor.h) */
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; null >= 0 && fd < 3; fd++)
		dup2(null, fd);
	if (null > 2)
		close(null);
	if (chdir("/")) {
	} /* a working directory that cannot be left only keeps its filesystem busy */
	ssize_t told = write(daemon->pipe_fd, "1", 1);
	(void)told; /* a parent that is gone needs no word */
	close(daemon->pipe_fd);
	daemon->pipe_fd = -1;
}

void daemon_harden(bool debug) {
	static const char *const secrets[] = {"NEEV_API_TOKEN", "NEEV_API_KEY", NULL};
	/* curl would obey these behind our back: write down the keys of TLS sessions, send the token through a proxy.
	 */
	static const char *const steering[] = {
		"SSLKEYLOGFILE", "http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy", NULL};
	for (const char *const *name = secrets; *name; name++) {
		char *value = getenv(*name);
		if (value)
			explicit_bzero(value, strlen(value)); /* the block that /proc/PID/environ shows */
		unsetenv(*name);
	}
	for (const char *const *name = steering; *name; name++)
		unsetenv(*name);
	if (debug)
		return;
	struct rlimit none = {0, 0};
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0);
}
