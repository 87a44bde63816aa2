/* What stat(2) says of a view, and what the kernel may keep of that. */
#ifndef NEEVFS_FS_ATTR_H
#define NEEVFS_FS_ATTR_H

#include "view.h"

#include <sys/stat.h>

struct attr {
	struct stat st;
	int64_t until_ms; /* it is good until then, unless something is changed here; 0: for this moment only */
	uint64_t text;    /* of a file whose text the kernel may keep: which one it is (kept.h); else 0 */
};

/* Attributes, with the true size: renders what is no directory. 0, DEMAND_PARKED, or -errno with words in
 * demand->error. */
int view_attr(const struct view *view, struct demand *demand, struct attr *ret);

/* The same of a file whose text is at hand; of a ROW_DUMP that is the list (dump_open()), else `list` is NULL. */
void view_attr_of(const struct view *view, const struct demand *demand, const struct buffer *text,
	const struct list *list, struct attr *ret);

/* Which text it is, if the kernel may keep it, else 0: `text` of struct attr. */
uint64_t view_text(const struct view *view, const struct buffer *text, const struct list *list);

#endif
