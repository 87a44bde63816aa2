/*
 * spec.json.plan: a scratch file in a draft, which reads otherwise than it was written: what would become of that text
 * as the draft's spec.json. Nothing is sent to find that out but GETs.
 */
#ifndef NEEVFS_FS_PLAN_H
#define NEEVFS_FS_PLAN_H

#include "view.h"

/* Whether the view is one. In a resource's directory the name is that of any scratch file. */
bool plan_is(const struct view *view);

/* Whether a text is what a plan says, and not what could be planned: who edits the file in place has read that. */
bool plan_says(const char *text, size_t len);

/* The refusal of such a text. */
extern const char plan_refused[];

/* Whether `name` in that directory is a plan. */
bool plan_is_named(const struct view *dir, const char *name);

/* As scratch_write(), but -EINVAL for a text that plan_says(): what was planned before is the text still, or again if
 * it was set aside. */
int plan_write(struct scratch *scratch, const char *data, size_t len, size_t offset, time_t now);

/* What it says: the verdict of the check, the request, and what the listings tell of its chances. 0, DEMAND_PARKED,
 * -EAGAIN or -ENOMEM; what a listing fails with is said in the text. */
int plan_render(const struct view *view, struct demand *demand, struct buffer *out);

#endif
