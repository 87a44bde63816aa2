/* What is wrong with the text of a spec, all of it in the order of the text, and how a person reads that. */
#ifndef NEEVFS_FS_SPEC_FAULT_H
#define NEEVFS_FS_SPEC_FAULT_H

#include "schema.h"

#include <stddef.h>

enum { SPEC_FAULTS_MAX = 10 };

struct spec_fault {
	size_t offset; /* in the text */
	char message[512];
};

/* Points into the schema and the text that were checked, and is good as long as they are; needs no release. */
struct spec_faults {
	const struct schema *schema;
	const char *text; /* NULL: the fault has no place in it */
	size_t len;
	size_t count; /* of all; the list has the first of them */
	struct spec_fault list[SPEC_FAULTS_MAX];
};

/* Puts a fault where it belongs, behind those of the same place; `at` lies in the text, or is NULL for the only one. */
void spec_fault_add(struct spec_faults *faults, const char *at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Appends each message on a line, below those of one place "line L, column C" with the line (spec_place()), and in the
 * end how many more there are.
 */
void spec_faults_show(const struct spec_faults *faults, struct buffer *out);

#endif
