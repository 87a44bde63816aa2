/* spec.schema.json: a schema as JSON Schema, draft 2020-12, by which editors complete and check a spec.json. */
#ifndef NEEVFS_FS_SCHEMA_RENDER_H
#define NEEVFS_FS_SCHEMA_RENDER_H

#include "../api/buffer.h"
#include "schema.h"

struct view;
struct demand;

/*
 * Appends it, indented. It takes what spec_check() takes, but for what JSON Schema cannot say: rules over several
 * values (they stand in the descriptions), a key that stands twice, `name`, which must be the directory's, and whole
 * numbers written as 1.0.
 */
void schema_render(const struct schema *schema, const char *title, struct buffer *out);

/* Of what the view's collection creates. */
int text_schema(const struct view *view, struct demand *demand, struct buffer *out);

#endif
