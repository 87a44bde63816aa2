/* SCOPED(f): releases a local variable with f(&variable) when it goes out of scope. An owner hands on by
 * `take_pointer`. */
#ifndef NEEVFS_API_SCOPE_H
#define NEEVFS_API_SCOPE_H

#include <stdlib.h>

#define SCOPED(release) __attribute__((cleanup(release)))

static inline void scope_free(void *pointer_to_pointer) {
	free(*(void **)pointer_to_pointer);
}

/* Returns the pointer and leaves NULL in its place: the explicit hand-over. */
#define take_pointer(p)                     \
	({                                  \
		__typeof__(p) taken_ = (p); \
		(p) = NULL;                 \
		taken_;                     \
	})

#endif
