/*
 * The one place that waits: FUSE requests, the API's sockets and signals, on one epoll.
 *
 * A turn: wait → time → FUSE requests (bounded) → the API's completions → what they resume → interrupted and late
 * requests.
 */
#ifndef NEEVFS_FS_LOOP_H
#define NEEVFS_FS_LOOP_H

#include "../api/error.h"
#include "fs.h"

struct api;
struct fuse_session;

struct loop {
	struct fs *fs;
	struct api *api;
	struct fuse_session *session;
	int supervisor_fd;             /* readable when the supervisor is gone (supervisor.h); -1: there is none */
	void (*ready)(void *user);     /* once, when the mount answers */
	void (*unwatched)(void *user); /* the supervisor is gone */
	void (*leave)(void *user);     /* once, when it ends: no new caller shall find the mount */
	void *user;
};

enum {
	LOOP_END_MS = 4000, /* for the answers of what was sent, at the end */
	LOOP_CLOSE_MS = 200 /* for callers to close what they wrote to: they would hear of an error there */
};

/*
 * Runs until SIGTERM, SIGINT, or the connection to the kernel is gone. Then changes that were sent have LOOP_END_MS for
 * their answers; all else that waits is answered at once, and everything at a second signal. 0; -errno with
 * words if it cannot wait. SIGHUP forgets all that is cached. The signals must be blocked: loop_block_signals().
 */
int loop_run(const struct loop *loop, struct error *err);
void loop_block_signals(void);
void loop_ignore_signals(void); /* what would end the process for a pipe or a file */

/* Sets the time of `fs`: the only reading of the clocks. */
void loop_tick(struct fs *fs);

#endif
