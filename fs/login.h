/* neevfs login and neevfs logout. */
#ifndef NEEVFS_FS_LOGIN_H
#define NEEVFS_FS_LOGIN_H

#include "options.h"

/* Asks for e-mail and password, or takes a token from standard input, and stores what comes of it. 0 or -errno with
 * words. */
int login_run(const struct options *options, struct error *err);

/* Removes it. */
int logout_run(const struct options *options, struct error *err);

#endif
