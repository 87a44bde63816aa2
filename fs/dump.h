/*
 * list.json: a collection's listing, all pages, as one JSON array: an entry a line, in the API's order, each as it was
 * answered. It may be larger than what is rendered at once, so that it is never there as a whole: where each line ends
 * is found out in pieces (fs.h, fs_work()) and stays with the list; a read makes the lines that it wants.
 */
#ifndef NEEVFS_FS_DUMP_H
#define NEEVFS_FS_DUMP_H

#include "list.h"

struct view;
struct demand;

/* The list of the view's collection, lent, with its ends found: dump_size() and dump_read() may be used. 0,
 * DEMAND_PARKED or -errno. */
int dump_open(const struct view *view, struct demand *demand, const struct list **ret);

size_t dump_size(const struct list *list);
/* Which text it is, as kept_text(): the same for the same list only. */
uint64_t dump_text(const struct list *list);
/* Appends up to `size` bytes from `offset` on. An entry is made anew for each part of it that is read. */
void dump_read(const struct list *list, size_t offset, size_t size, struct buffer *out);

#endif
