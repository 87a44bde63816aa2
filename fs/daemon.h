/* Running behind the shell's back: a background process that says through a pipe whether the mount came up. */
#ifndef NEEVFS_FS_DAEMON_H
#define NEEVFS_FS_DAEMON_H

#include <stdbool.h>

struct daemon {
	int pipe_fd; /* towards the waiting parent; -1: in the foreground, or told already */
};

/* Forks. The parent waits, and exits 0 once daemon_ready() is called in the child, or a child of it, and stat(2) of
 * `mountpoint` has been answered (so that the kernel knows the root's owner before anybody's first call), or 1 when the
 * child ends without it, having said why on stderr. Returns in the child: 0, or -errno in the only process. */
int daemon_start(struct daemon *ret, const char *mountpoint);

/* The mount answers: it leads a session of its own, standard streams go to /dev/null, the parent is released. Does
 * nothing in the foreground. */
void daemon_ready(struct daemon *daemon);

/*
 * Takes secrets out of the environment, also out of /proc/PID/environ, and what would steer curl. Limits what a crash
 * or another process of this user could read: no core file, no ptrace, unless `debug`.
 */
void daemon_harden(bool debug);

#endif
