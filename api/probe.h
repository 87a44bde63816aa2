/*
 * Each service asked once, all at the same time and each on a connection of its own: what came of it, and how far it
 * got. For a command (`neevfs doctor`): it blocks, PROBE_MS at most. No retries, and no login is renewed for it.
 */
#ifndef NEEVFS_API_PROBE_H
#define NEEVFS_API_PROBE_H

#include "error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct token;

enum { PROBE_MS = 10000 };

struct probe_config {
	struct token *token; /* lent; NULL: none is sent */
	const char *ca_file; /* or NULL */
	const char *proxy;   /* or NULL */
};

struct probe {
	const char *url; /* to GET; lent. Its base was checked by url_check() */

	/* What came of it. */
	int status;         /* of HTTP; 0: no answer */
	struct error error; /* code 0: a good answer; else as of a request (api.h) */
	bool dated;         /* the answer had a Date, and so: */
	int64_t ahead_s;    /* how far the server's clock is ahead of ours */
	/* When, since the start; 0: it did not come so far, or there was no such step. */
	int64_t resolved_us, connected_us, secured_us, answered_us;
	int64_t expires_s; /* since 1970, when the first of the server's certificates ends; 0: none was shown */
};

/* 0, -ENOMEM or -EMFILE and the like, with words. -EKEYEXPIRED: there is no token to send, see token_get(). */
int probe_all(const struct probe_config *config, struct probe *probes, size_t count, struct error *err);

#endif
