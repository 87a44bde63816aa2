/* What is asked by the parts of `neevfs doctor`. Private to doctor*.c. */
#ifndef NEEVFS_FS_DOCTOR_OWN_H
#define NEEVFS_FS_DOCTOR_OWN_H

#include "../api/probe.h"
#include "doctor.h"

struct token;

/* Each service is asked with the token (NULL: without one), and the clocks are compared. */
void doctor_services(struct doctor *doctor, struct token *token);
/* What is to be said of one that was asked. `needed`: a mount with these options asks it. */
void doctor_service(
	struct doctor *doctor, enum api_service service, const struct probe *probe, bool asked_with_token, bool needed);
void doctor_clock(struct doctor *doctor, const struct probe *probes, size_t count);

/* The kernel's FUSE, libfuse, fusermount3, and whether this user may mount. */
void doctor_fuse(struct doctor *doctor);
/* Whether a line of that file, as of /etc/fuse.conf, is this word. */
bool conf_has(FILE *conf, const char *word);

#endif
