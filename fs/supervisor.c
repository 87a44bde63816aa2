#include "supervisor.h"

#include "../api/scope.h"
#include "ending.h"
#include "log.h"
#include "mount.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum {
	KILL_AFTER_MS = 7000, /* a daemon that was told to end has less time than this (loop.h) */
	PAUSE_FIRST_MS = 1000,
	PAUSE_MAX_MS = 10000,
	SIGNALLED = 128,
};

int restarts_next(struct restarts *restarts, unsigned most, int64_t now_ms) {
	size_t old = 0;
	while (old < restarts->count && now_ms - restarts->at_ms[old] >= RESTARTS_SPAN_MS)
		old++;
	restarts->count -= old;
	memmove(restarts->at_ms, restarts->at_ms + old, restarts->count * sizeof *restarts->at_ms);
	if (restarts->count >= most || restarts->count >= RESTARTS_MAX)
		return -1;
	int pause_ms = 0; /* the first at once: callers wait */
	for (size_t i = 0; i < restarts->count; i++)
		pause_ms = !pause_ms ? PAUSE_FIRST_MS : pause_ms * 3 < PAUSE_MAX_MS ? pause_ms * 3 : PAUSE_MAX_MS;
	restarts->at_ms[restarts->count++] = now_ms + pause_ms;
	return pause_ms;
}

/* ---- the daemon's side ---- */

struct word {
	dev_t device;
	bool ready;
};

void watched_tell(const struct watched *watched, dev_t device, bool ready) {
	struct word word;
	memset(&word, 0, sizeof word); /* with its padding */
	word.device = device;
	word.ready = ready;
	if (watched->fd >= 0)
		(void)!send(watched->fd, &word, sizeof word, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* ---- the supervisor's side ---- */

struct supervisor {
	const struct supervising *supervising;
	struct restarts restarts;
	unsigned started;
	pid_t pid;   /* of the daemon */
	int fd;      /* towards it; it notices when this closes */
	char *title; /* what ps(1) showed before, and the environment; NULL: it still does */
	size_t title_size;
	int64_t kill_ms;
	bool called;  /* to end */
	bool ready;   /* a daemon's mount has answered once */
	char how[64]; /* the last daemon ended */
};

static int64_t clock_ms(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void supervisor_signals(sigset_t *ret) {
	sigemptyset(ret);
	sigaddset(ret, SIGTERM);
	sigaddset(ret, SIGINT);
	sigaddset(ret, SIGHUP);
	sigaddset(ret, SIGCHLD);
}

/* What the caller left open is not kept open for as long as a mount stands: neither here nor by the daemon. */
static void descriptors_close(int a, int b) {
	const int kept[] = {a < b ? a : b, a < b ? b : a};
	int low = STDERR_FILENO + 1;
	for (int i = 0; i < 2; i++)
		if (kept[i] >= low) {
			if (kept[i] > low)
				close_range((unsigned)low, (unsigned)kept[i] - 1, 0);
			low = kept[i] + 1;
		}
	close_range((unsigned)low, ~0u, 0);
}

/* The environment's strings that are within `from` are those within `to` from now on. */
static void environment_move(const char *from, char *to, size_t size) {
	for (char **at = environ; at && *at; at++)
		if (*at >= from && *at < from + size)
			*at = to + (*at - from);
}

/*
 * ps(1) tells the two apart, and shows no options here. A daemon that comes later has its own words again.
 *
 * A command line is often too short for it: then it goes on over the strings of the environment, which the kernel has
 * put behind those of the command line, and shows as a part of it where the last NUL of that is overwritten. They end
 * where the program's path begins.
 */
static void title_write(struct supervisor *supervisor) {
	char *first = supervisor->supervising->argv[0], *end = (char *)getauxval(AT_EXECFN);
	size_t size = end > first ? (size_t)(end - first) : 0;
	supervisor->title = size ? malloc(size) : NULL;
	if (!supervisor->title)
		return;
	supervisor->title_size = size;
	memcpy(supervisor->title, first, size);
	environment_move(first, supervisor->title, size);
	memset(first, 0, size);
	snprintf(first, size, "neevfs: watches %s", supervisor->supervising->options->mountpoint);
	prctl(PR_SET_NAME, "neevfs-watch");
}

static void title_restore(struct supervisor *supervisor) {
	char *first = supervisor->supervising->argv[0];
	if (!supervisor->title)
		return;
	memcpy(first, supervisor->title, supervisor->title_size);
	environment_move(supervisor->title, first, supervisor->title_size);
	prctl(PR_SET_NAME, "neevfs");
	free(take_pointer(supervisor->title));
}

/* Leaves nothing in here that is the daemon's only. */
static void supervisor_settle(struct supervisor *supervisor) {
	const struct supervising *supervising = supervisor->supervising;
	setsid();
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; null >= 0 && fd < 3; fd++)
		dup2(null, fd);
	if (null > STDERR_FILENO)
		close(null);
	if (*supervising->ready_fd >= 0)
		close(*supervising->ready_fd);
	*supervising->ready_fd = -1;
	options_forget_token(supervising->options);
	if (chdir("/")) {
	} /* a working directory that cannot be left only keeps its filesystem busy */
}

/* 0 in the daemon, 1 here, or -errno. */
static int daemon_fork(struct supervisor *supervisor, struct watched *ret) {
	int fds[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds))
		return -errno;
	pid_t pid = fork();
	if (pid < 0) {
		int code = errno;
		close(fds[0]);
		close(fds[1]);
		return -code;
	}
	close(fds[pid ? 1 : 0]);
	if (!pid) {
		sigset_t none;
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		if (!supervisor->supervising->stay)
			setsid();
		title_restore(supervisor);
		char settled;
		(void)!read(fds[1], &settled, 1); /* until it is told apart from its supervisor */
		*ret = (struct watched){.fd = fds[1], .restarts = supervisor->started};
		return 0;
	}
	supervisor->fd = fds[0];
	supervisor->pid = pid;
	supervisor->kill_ms = INT64_MAX;
	return 1;
}

static void daemon_release(const struct supervisor *supervisor) {
	(void)!send(supervisor->fd, "", 1, MSG_NOSIGNAL);
}

/* Waits for one of the signals until then, and hands on to the daemon what is for it. */
static void supervisor_wait(struct supervisor *supervisor, int64_t until_ms) {
	sigset_t set;
	supervisor_signals(&set);
	int64_t left_ms = until_ms - clock_ms();
	if (left_ms < 0)
		left_ms = 0;
	struct timespec left = {.tv_sec = (time_t)(left_ms / 1000), .tv_nsec = (long)(left_ms % 1000) * 1000000};
	int got = until_ms == INT64_MAX ? sigwaitinfo(&set, NULL) : sigtimedwait(&set, NULL, &left);
	if (got <= 0 || got == SIGCHLD)
		return;
	if (got != SIGHUP)
		supervisor->called = true;
	/* With its group, if it leads one: a token command that the mount waits for is in there. */
	if (supervisor->pid && kill(-supervisor->pid, got))
		kill(supervisor->pid, got);
	if (got != SIGHUP && supervisor->kill_ms == INT64_MAX)
		supervisor->kill_ms = clock_ms() + KILL_AFTER_MS;
}

/* The daemon has ended: how. */
static int supervisor_attend(struct supervisor *supervisor) {
	int status;
	pid_t got;
	while (!(got = waitpid(supervisor->pid, &status, WNOHANG)) || (got < 0 && errno == EINTR)) {
		supervisor_wait(supervisor, supervisor->kill_ms);
		if (clock_ms() >= supervisor->kill_ms)
			kill(supervisor->pid, SIGKILL);
	}
	supervisor->pid = 0;
	return got < 0 ? 0 : status;
}

/* What it said last, and its mount point is free. */
static void supervisor_clean(struct supervisor *supervisor, bool *ret_ready) {
	struct word word, last = {0};
	while (recv(supervisor->fd, &word, sizeof word, MSG_DONTWAIT) == sizeof word)
		last = word;
	close(supervisor->fd);
	int rc = mount_bury(last.device);
	if (rc < 0)
		log_write(LOG_ERR, "%s: could not be unmounted: %s", supervisor->supervising->options->mountpoint,
			strerror(-rc));
	*ret_ready = last.ready;
}

static const char *signal_name(int number) {
	const char *name = sigabbrev_np(number);
	return name ? name : "?";
}

/* Whether another daemon shall be started, after a pause. */
static bool supervisor_again(struct supervisor *supervisor) {
	const struct options *options = supervisor->supervising->options;
	const char *why = supervisor->how;
	if (!options->restart) {
		log_write(LOG_ERR, "%s: the daemon %s; unmounted", options->mountpoint, why);
		return false;
	}
	int64_t now_ms = clock_ms();
	int pause_ms = restarts_next(&supervisor->restarts, options->restart, now_ms);
	if (pause_ms < 0) {
		log_write(LOG_ERR, "%s: the daemon %s; unmounted, and given up: restart=%u allows no more in a minute",
			options->mountpoint, why, options->restart);
		return false;
	}
	log_write(LOG_ERR, "%s: the daemon %s; mounting again", options->mountpoint, why);
	while (!supervisor->called && clock_ms() < now_ms + pause_ms)
		supervisor_wait(supervisor, now_ms + pause_ms);
	return !supervisor->called;
}

/* As supervisor_start(). */
static int supervisor_run(struct supervisor *supervisor, struct watched *ret, int *ret_status) {
	for (;;) {
		bool ready;
		int status = supervisor_attend(supervisor);
		supervisor_clean(supervisor, &ready);
		bool killed = WIFSIGNALED(status), failed = WIFEXITED(status) && WEXITSTATUS(status);
		supervisor->ready |= ready;
		if (!supervisor->ready) {
			*ret_status = killed ? SIGNALLED + WTERMSIG(status) : WEXITSTATUS(status);
			return 1;
		}
		*ret_status = killed || failed ? EXIT_FAILURE : EXIT_SUCCESS;
		snprintf(supervisor->how, sizeof supervisor->how,
			killed  ? "was ended by SIG%s"
			: ready ? "ended with an error, which the log has"
				: "could not be started",
			killed ? signal_name(WTERMSIG(status)) : "");
		/* One that came up and went by itself has said why, and is not wanted any more. */
		if (supervisor->called || (!killed && (ready || !failed))) {
			if (killed)
				log_write(LOG_ERR, "%s: the daemon did not end by itself, and was ended by SIG%s",
					supervisor->supervising->options->mountpoint, signal_name(WTERMSIG(status)));
			return 1;
		}
		if (!supervisor_again(supervisor))
			return 1;
		supervisor->started++;
		int rc = daemon_fork(supervisor, ret);
		if (rc < 0) {
			log_write(LOG_ERR, "%s: cannot be mounted again: %s",
				supervisor->supervising->options->mountpoint, strerror(-rc));
			return 1;
		}
		if (!rc)
			return 0;
		daemon_release(supervisor);
	}
}

/* For who finds the mount point empty: the log is not where they look first. */
static void supervisor_note(const struct supervisor *supervisor, const struct buffer *command) {
	const char *path = supervisor->supervising->options->mountpoint;
	int rc = command->error ? command->error : ending_note(path, time(NULL), supervisor->how, command->data);
	if (rc)
		log_write(LOG_WARNING, "%s: neevfs status will not know of this: %s", path, strerror(-rc));
}

int supervisor_start(const struct supervising *supervising, struct watched *ret, int *ret_status) {
	struct supervisor supervisor = {.supervising = supervising};
	SCOPED(buffer_free) struct buffer command = {0};
	sigset_t set;
	supervisor_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGCHLD, SIG_DFL); /* one that is ignored, by whoever started us, would not tell how the daemon ended */
	descriptors_close(log_fd(), *supervising->ready_fd);
	int rc = daemon_fork(&supervisor, ret);
	if (rc <= 0)
		return rc;
	ending_command(supervising->argc, supervising->argv, supervising->options->mountpoint, &command);
	title_write(&supervisor);
	supervisor_settle(&supervisor);
	daemon_release(&supervisor);
	rc = supervisor_run(&supervisor, ret, ret_status);
	if (rc && supervisor.ready && *ret_status && !supervisor.called)
		supervisor_note(&supervisor, &command);
	title_restore(&supervisor); /* what comes after may ask for the environment */
	return rc;
}
