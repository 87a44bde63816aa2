/*
 * Logging in with e-mail and password, renewing what came of it, and forgetting it.
 *
 * What is stored (session.h) belongs to one tenant API; nothing of it goes anywhere else.
 */
#ifndef NEEVFS_API_LOGIN_H
#define NEEVFS_API_LOGIN_H

#include "error.h"

#include <stddef.h>

struct login_config {
	const char *path;        /* of the stored login, absolute */
	const char *tenant_base; /* checked by url_check() */
	const char *ca_file;     /* or NULL */
	const char *proxy;       /* or NULL */
};

enum {
	LOGIN_MS = 30000,      /* for one answer */
	LOGIN_LOCK_MS = 40000, /* for a mount that renews the login just now */
	LOGIN_EMAIL_MAX = 254, /* bytes; RFC 5321 */
	LOGIN_PASSWORD_MAX = 1024,
};

/*
 * These are for a command, they block. 0, or -errno with words: -EKEYEXPIRED for a wrong password, -ENOENT for an
 * unknown user, -EINVAL for a text that is no token, -EACCES or -ENOSPC where nothing can be stored, those of the
 * network (api.h). `wall_s` is the time since 1970.
 */
int login_password(const struct login_config *config, const char *email, const char *password, long long wall_s,
	struct error *err);
int login_token(const struct login_config *config, const char *text, size_t len, struct error *err);

/* Removes what is stored. -ENOENT with words if nothing is. */
int login_forget(const char *path, struct error *err);

#endif
