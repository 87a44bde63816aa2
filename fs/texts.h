/* Files that say more than one value of a document; rows of the table name these. Each gives 0, DEMAND_PARKED or -errno
 * with words in demand->error. */
#ifndef NEEVFS_FS_TEXTS_H
#define NEEVFS_FS_TEXTS_H

#include "../api/json.h"

struct view;
struct demand;

int text_version(const struct view *view, struct demand *demand, struct buffer *out);
int text_options(const struct view *view, struct demand *demand, struct buffer *out);
int text_errors(const struct view *view, struct demand *demand, struct buffer *out);
/* Of what only takes commands: a tool that copies it writes none. */
int text_nothing(const struct view *view, struct demand *demand, struct buffer *out);
int text_own_id(const struct view *view, struct demand *demand, struct buffer *out);

/* spec.json of a resource: what would create it again. What its answer does not hold is looked up where it can be; with
 * `guess`, a deployment's plan and config are also those that this mount sent, or the plan is concluded from others. */
int text_spec(const struct view *view, struct json response, bool guess, struct demand *demand, struct buffer *out);

#endif
