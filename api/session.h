/*
 * The stored login: a file of 0600 in a directory of 0700, shared by all mounts of a user. Private to api/ but for its
 * removal (login.h).
 *
 * Lines "name value"; written as a new file that is renamed over the old one, under a lock on a file beside it.
 */
#ifndef NEEVFS_API_SESSION_H
#define NEEVFS_API_SESSION_H

#include "token_text.h"

#include <stdint.h>
#include <sys/stat.h>

enum { SESSION_TENANT_MAX = 1024 };

struct session {
	char tenant[SESSION_TENANT_MAX]; /* the tenant API's URL that it belongs to */
	char access[TOKEN_MAX + 1];
	char refresh[TOKEN_MAX + 1]; /* "": none */
	int64_t renew_s,
		expires_s; /* of the wall clock, when the access token should be renewed, and ends; 0: not known */
};

void session_wipe(struct session *session);

/* Whether text can stand for a refresh token: printable ASCII without blanks, quotes and backslashes, not too long. */
bool session_refresh_good(const char *text);

/*
 * -ENOENT with words if nobody is logged in; -EKEYEXPIRED if the file may not be used or is damaged. ret_seen is what
 * the file was then.
 */
int session_read(const char *path, struct session *ret, struct stat *ret_seen, struct error *err);

/* The lock must be held for these. -EACCES with words if there or in the directory is what should not be, -ENOSPC. */
int session_write(const char *path, const struct session *session, struct error *err);
int session_remove(const char *path, struct error *err); /* -ENOENT if there is none */

/*
 * Makes the directories, takes the lock that lasts until *ret_fd is closed. -EAGAIN (without words): another process
 * has it. -EACCES, -ENOSPC with words.
 */
int session_lock(const char *path, int *ret_fd, struct error *err);

#endif
