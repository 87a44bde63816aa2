/* Which of its sources the token comes from: one, and the environment's before the configured ones, and these before
 * what is stored. */
#ifndef NEEVFS_FS_CREDENTIAL_H
#define NEEVFS_FS_CREDENTIAL_H

#include "../api/token.h"
#include "options.h"

enum token_source credential_source(const struct options *options); /* before it is opened */

/*
 * Opens it (a command is run, and waited for), and looks whether a token can be had. What the options held of it is
 * wiped; where it is from stays there. 0, or -errno with words; *ret may be there all the same, and is the caller's.
 */
int credential_open(struct options *options, struct token **ret, struct error *err);

#endif
