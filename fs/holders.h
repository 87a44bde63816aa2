/* Who keeps a filesystem that was unmounted lazily. */
#ifndef NEEVFS_FS_HOLDERS_H
#define NEEVFS_FS_HOLDERS_H

#include "../api/buffer.h"

#include <sys/types.h>

enum { HOLDERS_SHOWN = 3 };

/*
 * Appends processes that have a file of it open or stand in it: "tail (4711), bash (4712)", and that there are more
 * than HOLDERS_SHOWN; nothing if /proc lets us see none. Asks the filesystem nothing.
 */
void holders_show(dev_t device, struct buffer *out);

#endif
