/*
 * ssh_config of a project: a Host block for each GPU instance that runs, for `ssh -F` or an Include. What the API says
 * is taken apart (ssh_command.h) and written anew: it can start nothing, and it decides nothing about trust.
 */
#ifndef NEEVFS_FS_SSH_CONFIG_H
#define NEEVFS_FS_SSH_CONFIG_H

#include "../api/buffer.h"

struct view;
struct demand;

enum { SSH_HOSTS_MAX = 1000 /* instances of one file; the others are counted in a comment */ };

/* A row's text (kinds.h): one listing, and a detail for each instance that runs, all of them at the same time. What
 * cannot be used or had is a comment. 0, DEMAND_PARKED, or -errno: the listing cannot be had, or no memory. */
int text_ssh_config(const struct view *view, struct demand *demand, struct buffer *out);

#endif
