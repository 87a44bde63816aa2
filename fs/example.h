/*
 * spec.example.json: a spec that would create something just now, as it stands: GPUs that are free, where they are,
 * a template or model that exists. What it could not find out, and why, it says in its "$comment".
 */
#ifndef NEEVFS_FS_EXAMPLE_H
#define NEEVFS_FS_EXAMPLE_H

#include "../api/buffer.h"

struct view;
struct demand;

/* Its length: there is white space behind it, and the comment is cut if it must be. Whoever looks at a directory learns
 * the length of each file in it, and is not to cause all the requests of an example. */
enum { EXAMPLE_BYTES = 640 };

/*
 * Of a collection in which something can be created, or of a model of the catalog. It always passes spec_check(): words
 * in capitals stand for what cannot be known. 0, DEMAND_PARKED, -EAGAIN or -ENOMEM.
 */
int text_example(const struct view *view, struct demand *demand, struct buffer *out);

#endif
