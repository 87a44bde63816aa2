/* The simulated cloud behind --sandbox: a child process that lives as long as the mount. */
#ifndef NEEVFS_FS_CLOUD_H
#define NEEVFS_FS_CLOUD_H

#include "options.h"

#include <sys/types.h>

struct cloud {
	pid_t pid;    /* 0: none */
	int stdin_fd; /* it ends when this closes, even if we are killed */
};

/*
 * Starts neevfs-sandbox (beside this program, in ../libexec/neevfs, or in the build tree) and points the options at it:
 * api_base, the token, and org and project unless they were given. -errno with words.
 */
int cloud_start(struct cloud *cloud, struct options *options, struct error *err);
void cloud_stop(struct cloud *cloud);

#endif
