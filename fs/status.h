/* The files of .neevfs/ that show how the mount is doing; rows of the table name these. Each gives 0. */
#ifndef NEEVFS_FS_STATUS_H
#define NEEVFS_FS_STATUS_H

#include "../api/api.h"
#include "../api/buffer.h"

struct view;
struct demand;

int text_stats(const struct view *view, struct demand *demand, struct buffer *out);    /* stats_text.c */
int text_status(const struct view *view, struct demand *demand, struct buffer *out);   /* status.c */
int text_requests(const struct view *view, struct demand *demand, struct buffer *out); /* status.c */

extern const char *const service_names[API_SERVICES]; /* "gpu" */

#endif
