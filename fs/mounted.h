/*
 * The kernel's table of mounts (/proc/self/mountinfo): read without touching a filesystem, as one may be dead or not
 * answer.
 */
#ifndef NEEVFS_FS_MOUNTED_H
#define NEEVFS_FS_MOUNTED_H

#include <stdbool.h>
#include <sys/types.h>

struct mounted {
	dev_t device;  /* tells this filesystem from all others that are mounted, wherever it was moved since; the next
			* that is mounted after its end may have the same */
	bool ours;     /* a neevfs */
	long user;     /* who mounted it, of a FUSE filesystem; else -1 */
	char type[64]; /* "fuse.sshfs" */
	char source[64]; /* the label, cut to fit */
	bool read_only;
};

/* Calls `visit` for each line, in the order of mounting: of those at one path the last is on top. `path` is lent. 0;
 * -ENOMEM, or why there is no table. */
int mounted_each(void (*visit)(void *user, const char *path, const struct mounted *mounted), void *user);

/* What is mounted at that absolute path, the topmost. 0; -ENOENT: nothing; -ENOMEM, or why there is no table. */
int mounted_at(const char *path, struct mounted *ret);

/* The paths at which a filesystem is the topmost, at most MOUNTED_PLACES; free() each. Their number, or as above. */
enum { MOUNTED_PLACES = 16 };
int mounted_where(dev_t device, char *ret[static MOUNTED_PLACES]);

#endif
