/*
 * Allocations that fail on demand: the n-th of the code under test. Linked with
 * -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray,--wrap=strdup,--wrap=strndup,--wrap=asprintf,
 * --wrap=free;
 * libraries' own allocations are not touched.
 */
#ifndef NEEVFS_TESTS_ALLOC_H
#define NEEVFS_TESTS_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

/* From now on the n-th allocation fails, and what is allocated and freed is counted. 0: none fails. */
void alloc_arm(size_t fail_at);

/* Ends it. True if the n-th allocation was reached. */
bool alloc_disarm(void);

/* Blocks allocated and not freed since alloc_arm(), or more freed (negative). */
long alloc_live(void);

/* For the test's own use: never failing, not counted. */
void *alloc_test_realloc(void *old, size_t size);
char *alloc_test_strdup(const char *text);
void alloc_test_free(void *block);

#endif
