/* What a request to the API is for, and who has caused it: kept with it, as that one may be gone when its answer comes.
 */
#ifndef NEEVFS_FS_CAUSE_H
#define NEEVFS_FS_CAUSE_H

#include "kinds.h"
#include "process.h"

#include <sys/types.h>

/* What of a kind is asked for or done; the first are those of enum doc. */
enum cause_what { CAUSE_PROBE = DOCS, CAUSE_CREATE, CAUSE_SCALE, CAUSE_DELETE, CAUSE_NOTIFY, CAUSES };

struct cause {
	const struct kind *kind;
	enum cause_what what;
	pid_t pid;                  /* 0: nobody in particular, or somebody who has ended */
	char command[COMMAND_SIZE]; /* of the pid; "": not known */
	const char *operation;      /* "lookup"; constant, NULL: none */
	unsigned attempts;          /* made of the same change before, each as a request of its own */
	struct buffer path;         /* in the tree, owned; not whole if it has an error */
};

/* The operation of what is asked again and again for all who wait for a state or follow events. */
extern const char cause_poll[];

void cause_end(struct cause *cause); /* releases what it holds */

bool cause_changes(const struct cause *cause); /* it is no fetch. Takes NULL: false */

/* Appends "airuntimes.list"; of NULL, which is the renewal of a login, "login.renew". */
void cause_name(const struct cause *cause, struct buffer *out);

#endif
