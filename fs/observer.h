/* What the API's requests leave behind here, for who operates the mount: counts, .neevfs/requests, the log. */
#ifndef NEEVFS_FS_OBSERVER_H
#define NEEVFS_FS_OBSERVER_H

#include "../api/api.h"
#include "fs.h"

/* For api_config. The fs is lent until api_free(); its requests have a struct cause as their tag. */
struct api_observer observer_of(struct fs *fs);

#endif
