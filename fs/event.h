/*
 * An event: what has become of a resource between two listings, as a line of `events`. Pure.
 */
#ifndef NEEVFS_FS_EVENT_H
#define NEEVFS_FS_EVENT_H

#include "kinds.h"
#include "list.h"

#include <stdbool.h>
#include <time.h>

/* Whether two states of a resource make one. */
bool event_differs(const struct kind *kind, const struct item *before, const struct item *after);

/* Appends time, name, old state, new state and reason, with tabs between them and a newline. `before` NULL: it is new;
 * `after` NULL: it is gone. */
void event_show(
	const struct kind *kind, const struct item *before, const struct item *after, time_t now, struct buffer *out);

/* The same of the asking for listings, under a name that no resource is shown by: of two errnos, 0 being "up", and with
 * words for the second. */
void event_show_asking(int before, int after, const char *reason, time_t now, struct buffer *out);

#endif
