/* Where the symbolic links of the tree point; rows of the table name these. Targets are relative, so that the tree can
 * be mounted anywhere. */
#ifndef NEEVFS_FS_LINKS_H
#define NEEVFS_FS_LINKS_H

#include "../api/buffer.h"

struct view;
struct demand;

int link_template(
	const struct view *view, struct demand *demand, struct buffer *out);        /* platform's or organisation's */
int link_gpu(const struct view *view, struct demand *demand, struct buffer *out);   /* inventory/REGION/CONFIG_ID */
int link_model(const struct view *view, struct demand *demand, struct buffer *out); /* catalog/ID */
int link_project(
	const struct view *view, struct demand *demand, struct buffer *out); /* the one project, if it is known */

/* To a resource of the collection, from its directories of links: an entry of .by-id, of a shelf, of a query's group.
 */
int link_by_id(const struct view *view, struct demand *demand, struct buffer *out);
int link_shelf(const struct view *view, struct demand *demand, struct buffer *out);
int link_query(const struct view *view, struct demand *demand, struct buffer *out);

/* The one project and its organisation, lent, if they are known without a request. 0 or -ENOENT. */
struct item;
int project_known(
	const struct view *view, struct demand *demand, const struct item **ret_org, const struct item **ret_project);

/* The catalog's id of a model's path: by the catalog, or by its usual spelling. The caller frees *ret. 0,
 * DEMAND_PARKED, -ENOMEM. */
int catalog_id(const struct view *view, const char *model_id, struct demand *demand, char **ret);

#endif
