/* The mount point: is it free, mount on it, unmount it. */
#ifndef NEEVFS_FS_MOUNT_H
#define NEEVFS_FS_MOUNT_H

#include "fs.h"
#include "options.h"

struct fuse_session;

struct mount {
	struct fuse_session *session; /* NULL: none */
	dev_t device; /* of what was mounted (mounted.h); 0: not known, as there is no table of mounts */
	bool left;    /* mount_leave() was called */
};

/*
 * Makes the mount point absolute, links followed (options->mountpoint is replaced, also if it is refused). -EBUSY if a
 * live neevfs is on it already, or a dead one of another user; -ENOTCONN if another program's is dead there, -ENOTDIR,
 * -ENOENT, …
 */
int mount_check(struct options *options, struct error *err);

/*
 * Whether an automount waits at the absolute path. It lets pass whoever is of the process group of its daemon
 * (systemd's of all that it starts to mount), and has everybody else wait for this very mount.
 */
bool mount_automounted(const char *path);

/*
 * A session mounted at options->mountpoint; ended by mount_end(). A dead neevfs of this user is unmounted first. Of
 * several that start there at the same moment one wins; the others get -EBUSY.
 */
int mount_start(struct fs *fs, struct mount *ret, struct error *err);

/*
 * Takes it out of the tree, at whatever path it is by now; who is inside keeps it until they leave. 0, also if it is
 * not in the tree any more; 1: it was there without a connection, as that was aborted; -errno if it stays there.
 */
int mount_leave(struct mount *mount);

/* The same of a mount whose daemon is dead. What is alive is not touched: it is another one that has come since. */
int mount_bury(dev_t device);

/* Leaves, and ends the connection. Takes one without a session. */
void mount_end(struct mount *mount);

const char *mount_helper(void);  /* the path of fusermount3, which mounts for plain users; NULL: there is none */
const char *mount_library(void); /* the version of libfuse */

/* Unmounts a neevfs, or forgets how one ended that was there (ending.h). 0; 1: somebody uses it, so that only its name
 * is gone, with words; -EINVAL if there was none, -errno, with words. */
int mount_remove(const char *mountpoint, struct error *err);

#endif
