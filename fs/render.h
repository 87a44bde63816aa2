/* A row of the table as bytes: what a file holds, where a link points. */
#ifndef NEEVFS_FS_RENDER_H
#define NEEVFS_FS_RENDER_H

#include "view.h"

/* 0, DEMAND_PARKED, or -errno with words in demand->error; -EISDIR for a directory. */
int view_render(const struct view *view, struct demand *demand, struct buffer *out);

#endif
