/*
 * spec.json.plan: a scratch file in a draft, which reads otherwise than it was written: what would become of that text
 * as the draft's spec.json. Nothing is sent to find that out but GETs.
 */
#ifndef NEEVFS_FS_PLAN_H
#define NEEVFS_FS_PLAN_H

#include "view.h"

/* Whether the view is one. In a resource's directory the name is that of any scratch file. */
bool plan_is(const struct view *view);

/* What it says: the verdict of the check, the request, and what the listings tell of its chances. 0, DEMAND_PARKED,
 * -EAGAIN or -ENOMEM; what a listing fails with is said in the text. */
int plan_render(const struct view *view, struct demand *demand, struct buffer *out);

#endif
