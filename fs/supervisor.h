/*
 * The small parent of a daemon in the background. It frees the mount point when the daemon dies without having done so,
 * and starts another one if it may. It holds no token, no connection to the kernel and none of the mount's memory; a
 * daemon whose supervisor dies goes on.
 */
#ifndef NEEVFS_FS_SUPERVISOR_H
#define NEEVFS_FS_SUPERVISOR_H

#include "options.h"

#include <stdint.h>
#include <sys/types.h>

enum { RESTARTS_MAX = 60, RESTARTS_SPAN_MS = 60000 };

/* When daemons were started again, for a bound on it. Zeroed: never. */
struct restarts {
	int64_t at_ms[RESTARTS_MAX];
	size_t count; /* of those within the span */
};

/* How long to pause before the next, which then counts: milliseconds; -1: there were `most` within the span. */
int restarts_next(struct restarts *restarts, unsigned most, int64_t now_ms);

/* What a daemon has of its supervisor. */
struct watched {
	int fd;            /* readable when the supervisor is gone; -1: there is none */
	unsigned restarts; /* daemons before this one */
};

struct supervising {
	struct options *options; /* lent; the supervisor wipes the token in it */
	int *ready_fd; /* of daemon.h; the supervisor closes it and sets -1, so that only the first daemon has it */
	bool stay; /* the first daemon mounts in the caller's process group (mount.h), and leaves it when it is ready */
	int argc;
	char **argv; /* what ps(1) shows is written over */
};

/*
 * Forks. Returns 0 in the daemon, once in each that is started. Returns 1 in the supervisor, when all is over, with the
 * exit status: 0 if the mount was ended in order, 128 + signal if the first daemon died before its mount answered. Or
 * -errno in the only process.
 */
int supervisor_start(const struct supervising *supervising, struct watched *ret, int *ret_status);

/* From the daemon: what was mounted, and whether it answers. Nobody need listen. */
void watched_tell(const struct watched *watched, dev_t device, bool ready);

#endif
