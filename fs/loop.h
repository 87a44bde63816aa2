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
	void (*ready)(void *user); /* once, when the mount answers */
	void *user;
};

/* Runs until SIGTERM, SIGINT, or the mount is gone: 0; -errno with words if it cannot wait. SIGHUP forgets all that is
 * cached. The signals must be blocked: loop_block_signals(). */
int loop_run(const struct loop *loop, struct error *err);
void loop_block_signals(void);

/* Sets the time of `fs`: the only reading of the clocks. */
void loop_tick(struct fs *fs);

#endif
