/* neevfs doctor: looks at all that a mount needs, one after another, and says what is wrong and what to do about it.
 * Changes nothing, sends nothing but GETs, shows no token. */
#ifndef NEEVFS_FS_DOCTOR_H
#define NEEVFS_FS_DOCTOR_H

#include "finding.h"
#include "options.h"

#include <time.h>

struct doctor {
	struct findings findings;
	struct options *options;     /* lent; options_finish() was called. Of the token nothing is left in there */
	const struct error *trouble; /* lent: why the options could not all be read; NULL: they were */
	time_t now_s;                /* since 1970 */
	const char *proxy_ignored;   /* doctor_proxy_ignored(), from before daemon_harden() */
};

/* The variable of the environment that names a proxy, which is not used; NULL: none does. */
const char *doctor_proxy_ignored(void);

/* All checks. How many failed is in `findings`. */
void doctor_run(struct doctor *doctor);

#endif
