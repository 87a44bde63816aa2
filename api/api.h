/*
 * The provider's API: one authorised HTTP exchange, or all pages of a list, on curl's multi interface.
 *
 * Nothing here blocks. The owner polls api_fd() for reading and calls api_run(); completions are called from there,
 * never from inside the call that started the request. The module knows neither the cache nor FUSE, and never logs.
 */
#ifndef NEEVFS_API_H
#define NEEVFS_API_H

#include "error.h"
#include "json.h"
#include "pages.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum api_service { API_TENANT, API_GPU, API_INVENTORY, API_AIMODELS, API_SERVICES };

enum api_method { API_GET, API_POST, API_PUT, API_DELETE };

struct api;
struct api_call; /* one request or list under way; ends with its completion or api_cancel() */

/*
 * One HTTP exchange that is over, whatever came of it. Lent for the call. Where curl itself repeats a GET, as its
 * connection turned out to be dead, each is one, and both are of the same attempt.
 */
struct api_exchange {
	enum api_service service;
	enum api_method method;
	const char *path;  /* the URL's, with its query */
	const void *tag;   /* the request's; NULL: it was the renewal of a login */
	unsigned attempt;  /* of its request, from 1 on */
	int code;          /* 0: a whole answer came; else the positive errno why not, ECANCELED: it was given up */
	int status;        /* HTTP status; 0: no answer */
	unsigned ms;       /* from its start to its end */
	uint64_t received; /* bytes, with the headers, as they travelled but for the encryption */
	uint64_t sent;
	const char *request_id; /* the answer's x-request-id, holds no token; "": none */
};

/* Is told what happens, when it happens. Calls nothing of the api. Either function may be NULL. */
struct api_observer {
	void (*exchange)(void *user, const struct api_exchange *exchange);
	/* The service is taken to be down (health.h), for that reason; NULL: it is back. */
	void (*service)(void *user, enum api_service service, const struct error *down);
	void *user;
};

struct api_config {
	const char *base[API_SERVICES]; /* "https://host/prefix", checked by url_check(); copied */
	struct token *token;            /* lent for the life of the api (token.h) */
	const char *ca_file;            /* PEM, or NULL: the system's */
	const char *proxy;              /* or NULL: none; the environment's proxies are never used by themselves */
	unsigned parallel;              /* requests in flight, ≥ 3; two are kept for changes */
	unsigned pages_max;             /* pages of one list, bounded */
	uint64_t seed;                  /* of the pauses between attempts */
	struct api_observer observer;   /* until api_free(), which ends what is under way */
};

struct api_request {
	enum api_service service;
	enum api_method method;
	const char *path; /* below the service's base, begins with '/', already escaped, with its query; copied */
	const char *body; /* JSON text or NULL; copied */
	size_t body_len;
	unsigned timeout_ms; /* for all of it: waiting for its turn, and every attempt */
	bool urgent;         /* a change depends on it: asks a service that is down before the time for that has come */
	uint64_t caller; /* of a GET: who asks, any number, for a fair share of the places; 0: nobody in particular */
	/* Of a GET: an HTTP cache on the way may give an answer that is not older (RFC 9111, 5.2.1); 0: none at all. */
	unsigned max_age_s;
	const void *tag; /* what the observer gets; lent until the completion, of a change until its end */
};

/* Lent for the completion. */
struct api_response {
	int code; /* 0 for a 2xx, else the positive errno of errno.h's table; `error` then has the words */
	struct error error;
	bool sent;               /* whether a byte of the request may have reached the server */
	int status;              /* HTTP status, 0 if no answer */
	unsigned retry_after_ms; /* as the answer asks, 0 if it does not; at most an hour */
	unsigned age_s;          /* how old it was when it came, by the word of a cache on the way; at most a year */
	int64_t date_s;          /* when it was made, by the API's clock; 0 if it does not say */
	const char *body;        /* checked JSON, or empty */
	size_t body_len;
	struct json root; /* JSON_ABSENT for an empty body */
};
typedef void api_done(void *user, const struct api_response *response);

/* The completion of a list takes over *pages (api_pages_free()) when code is 0; `pages` is NULL otherwise. */
typedef void api_list_done(void *user, int code, const struct error *err, struct api_pages *pages);

int api_new(const struct api_config *config, struct api **ret, struct error *err);
void api_free(struct api *api); /* cancels everything; completions are not called. Takes NULL */

int api_fd(const struct api *api); /* readable when api_run() has something to do */
void api_run(struct api *api);

/*
 * Starts a request. 0, or -ENOMEM: then `done` is never called.
 *
 * A GET that fails in a way that passes is tried again (retry.h), as far as that fits its time; a POST, PUT or DELETE
 * is sent at most once. A service that does not answer any more is left alone for a while (health.h): requests then
 * fail at once, as the last one did; one that asks for patience by Retry-After gets nothing before that time.
 *
 * Of the GETs that wait for a place the next is one whose caller has the fewest under way, and of these the oldest.
 */
int api_send(struct api *api, const struct api_request *request, api_done *done, void *user, struct api_call **ret);

/*
 * Fetches all pages of a GET: the first with page=1&limit=100, then, as `pagination.total_pages` says, all others in
 * parallel. With `paged` false it is one request without parameters. Ends at an empty page, or one that repeats.
 * -EREMOTEIO for more than pages_max pages or 128 MiB. Of `what` the method and the body are not looked at; all pages
 * have its caller, its max_age_s and its tag.
 *
 * `before` is what the same request gave earlier, or NULL; lent until the completion, or until it is given up. A page
 * that is the same again, byte for byte and in the same place, is that very page: what came in its stead is freed at
 * once. If its first page told how many pages there are, and it was so, as many are asked for at once; those that there
 * are no more are given up when the first one tells, whatever came of them.
 */
int api_list(struct api *api, const struct api_request *what, bool paged, const struct api_pages *before,
	api_list_done *done, void *user, struct api_call **ret);

/* Gives up; the completion is not called. Only for what changes nothing: a change that was sent is not abandoned. */
void api_cancel(struct api_call *call);

/* The errno of an HTTP status: 0 for 2xx. One table, which the man page prints. */
int api_status_errno(int status);

#endif
