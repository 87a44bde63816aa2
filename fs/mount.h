/* The mount point: is it free, mount on it, unmount it. */
#ifndef NEEVFS_FS_MOUNT_H
#define NEEVFS_FS_MOUNT_H

#include "fs.h"
#include "options.h"

struct fuse_session;

/*
 * Makes the mount point absolute (options->mountpoint is replaced). -EBUSY if a live neevfs is on it already, -ENOTDIR,
 * -ENOENT, …; a dead one (ENOTCONN) of ours is unmounted first.
 */
int mount_check(struct options *options, struct error *err);

/* A session mounted at options->mountpoint; ended by mount_end(). */
int mount_start(struct fs *fs, struct fuse_session **ret, struct error *err);
void mount_end(struct fuse_session *session);

/* Unmounts a neevfs, lazily if it is busy. -EINVAL if there is none, -errno with words. */
int mount_remove(const char *mountpoint, struct error *err);

#endif
