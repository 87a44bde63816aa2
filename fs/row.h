/* What a row of the table is. */
#ifndef NEEVFS_FS_ROW_H
#define NEEVFS_FS_ROW_H

#include "kinds.h"

bool row_is_dir(const struct row *row);
bool row_is_link(const struct row *row);
bool row_is_scratch(const struct row *row);
/* Whether it has a text of its own that is written to the API: a file can be renamed onto it, and it to a backup. */
bool row_has_text(const struct row *row);

/* The row of that name in a table, which may be NULL; NULL: there is none. */
const struct row *row_find(const struct row *rows, const char *name);

#endif
