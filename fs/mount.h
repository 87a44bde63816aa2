/* The mount point: is it free, mount on it, unmount it. */
#ifndef NEEVFS_FS_MOUNT_H
#define NEEVFS_FS_MOUNT_H

#include "fs.h"
#include "options.h"

struct fuse_session;

struct mount {
	struct fuse_session *session; /* NULL: none */
	dev_t device; /* of what was mounted (mounted.h); 0: not known, as there is no table of mounts */
};

/*
 * Makes the mount point absolute, links followed (options->mountpoint is replaced). -EBUSY if a live neevfs is on it
 * already, or a dead one of another user; -ENOTCONN if another program's is dead there, -ENOTDIR, -ENOENT, …
 */
int mount_check(struct options *options, struct error *err);

/*
 * A session mounted at options->mountpoint; ended by mount_end(). A dead neevfs of this user is unmounted first. Of
 * several that start there at the same moment one wins; the others get -EBUSY.
 */
int mount_start(struct fs *fs, struct mount *ret, struct error *err);

/*
 * Takes it out of the tree, at whatever path it is by now; who is inside keeps it until they leave. 0, also if it is
 * not in the tree any more or `device` is 0; -errno if it stays there.
 */
int mount_release(dev_t device);

/* Whether it is still in the tree. */
bool mount_stands(const struct mount *mount);

/* Releases what is not released yet, and ends the connection. Takes one without a session. */
void mount_end(struct mount *mount);

/* Unmounts a neevfs, lazily if it is busy. -EINVAL if there is none, -errno with words. */
int mount_remove(const char *mountpoint, struct error *err);

#endif
