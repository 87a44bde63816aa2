#include "row.h"

#include <string.h>

bool row_is_dir(const struct row *row) {
	return row->type <= ROW_OBJECT;
}

bool row_is_link(const struct row *row) {
	return row->type >= ROW_LINK;
}

bool row_is_scratch(const struct row *row) {
	return row->type == ROW_SCRATCH || row->type == ROW_SCRATCH_LINK;
}

bool row_has_text(const struct row *row) {
	return row->write == WRITE_SPEC || row->write == WRITE_SCALE;
}

const struct row *row_find(const struct row *rows, const char *name) {
	for (; rows && rows->name; rows++)
		if (!strcmp(rows->name, name))
			return rows;
	return NULL;
}
