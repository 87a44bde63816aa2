/*
 * The kernel's table of mounts (/proc/self/mountinfo): read without touching a filesystem, as one may be dead or not
 * answer.
 */
#ifndef NEEVFS_FS_MOUNTED_H
#define NEEVFS_FS_MOUNTED_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct mounted {
	dev_t device;  /* tells this filesystem from all others that are mounted, wherever it was moved since */
	bool ours;     /* a neevfs */
	long user;     /* who mounted it, of a FUSE filesystem; else -1 */
	char type[64]; /* "fuse.sshfs" */
};

/* What is mounted at that absolute path, the topmost. 0; -ENOENT: nothing; -ENOMEM, or why there is no table. */
int mounted_at(const char *path, struct mounted *ret);

/* A path at which a filesystem is the topmost. 0; -ENOENT: none, or it is longer than PATH_MAX; as above. */
int mounted_where(dev_t device, char ret[static PATH_MAX]);

#endif
