/*
 * The documents of the API, fetched through the TTL cache: the one place where cache/ and api/ meet.
 *
 * Whoever needs a document makes a demand: it is either answered at once from the cache, or parked until the shared
 * fetch ends and then resumed, to ask again from its beginning. What is answered is lent until the caller returns to
 * the loop; a list may be held for longer (list_hold()). Of several that are asked for, one after the other, it waits
 * for the last that is not there; the others are fetched meanwhile.
 */
#ifndef NEEVFS_FS_STORE_H
#define NEEVFS_FS_STORE_H

#include "../api/error.h"
#include "../api/state.h"
#include "../cache/cache.h"
#include "cause.h"
#include "configured.h"
#include "kinds.h"
#include "list.h"

#include <errno.h>
#include <stdint.h>
#include <sys/types.h>

struct store;

enum { DEMAND_PARKED = 1 };

/* Somebody who needs documents; zeroed, then `since_ms` and `resume` set. Must stay where it is while parked. */
struct demand {
	struct cache_waiter waiter;
	int64_t since_ms;                      /* a document fetched at or after this serves it, expired or not */
	void (*resume)(struct demand *demand); /* from store_run() */
	/* Nothing is decided by it: an answer that is too old will do if the API gives none, and a service that is down
	 * is not asked before its time. */
	bool looks;
	bool peeks; /* only what is there already will do: -EAGAIN instead of DEMAND_PARKED */
	bool sizes; /* only the size of the text that is made matters, whatever it says: what does not change it is not
		       asked for */
	bool works; /* parked until the next turn, not on a document: demand_work() */
	bool optional;      /* what it asks for just now is: store_optional() */
	int64_t without_ms; /* parked on such: it is to ask again then at the latest, to go on without it; 0: on none */
	pid_t pid; /* of who asks: what is fetched for its session gets a fair share; 0: nobody in particular */
	/* Says who asks (pid, operation, path); called when something is sent for it. NULL: nobody in particular. */
	void (*who)(const struct demand *demand, struct cause *ret);
	struct error error; /* of the last -errno that a store function gave it */
	bool astray;        /* that was -ENOENT of what is configured: no ordinary absence, but worth the words */
	int64_t fetched_ms; /* of the last document that came from the API: when its fetch began */
	int64_t until_ms;   /* lowered to the time until which what it was given is good */
	bool elsewhere;     /* the last document is from the service that is asked after a 404 */
};

/* Whether what a demand was given ends the step that made it, however little depends on the document. The other errnos
 * say that it cannot be had now, which is no reason to withhold the rest. */
static inline bool demand_ends(int rc) {
	return rc == DEMAND_PARKED || rc == -EAGAIN || rc == -ENOMEM;
}

/*
 * Of documents of which none says what the next are, each is asked for before one is waited for: a step counts those
 * that are not there as yet, goes on, and is parked when it has been through them. 0; or DEMAND_PARKED when they are so
 * many that the rest has to wait: who stops waiting leaves requests that nobody needs.
 */
enum { AHEAD_MAX = 64 };
static inline int demand_ahead(size_t *ahead) {
	return ++*ahead < AHEAD_MAX ? 0 : DEMAND_PARKED;
}

struct store_config {
	const char *const *orgs; /* as configured_new() takes them; lent for store_new() */
	const struct configured_project *projects;
	unsigned ttl_ms[TTL_CLASSES];
	unsigned moving_ms;   /* TTL while a state is in transition */
	unsigned stale_ms;    /* how long after its TTL an answer may serve as stale */
	unsigned deadline_ms; /* of one fetch */
	size_t cache_bytes;
};

/* `api` is lent for the life of the store; the configuration is copied. 0, -ENOMEM or -EINVAL. */
int store_new(const struct store_config *config, struct api *api, struct store **ret, struct error *err);
/* After api_free(): fetches under way are forgotten; and after the last list that somebody holds is released. Takes
 * NULL.
 */
void store_free(struct store *store);

void store_tick(struct store *store, int64_t now_ms); /* the time from now on */
bool store_run(struct store *store);                  /* resumes demands whose documents came; true if there were any */
/* Goes on with making lists whose pages came and with freeing what is over, for some milliseconds at most. To be called
 * once a turn, before store_run(). */
void store_make(struct store *store);
int store_wait_ms(const struct store *store); /* 0 while there is more of that to do; -1: none */

struct store_state {
	struct cache_stats cache;
	size_t cache_bytes; /* its bound */
	struct api_state api;
};
void store_state(const struct store *store, struct store_state *ret);

/*
 * Each gives 0 with the document, DEMAND_PARKED, or -errno with words in demand->error. `scope` holds the ids that the
 * kind's path needs. store_list() of an organisation or project that is configured makes no request.
 */
int store_list(struct store *store, const struct kind *kind, const struct scope *scope, struct demand *demand,
	const struct list **ret);
/*
 * store_list() of what can be done without, if need be. Who only looks does not wait for a fetch that has been under
 * way for a quarter of the deadline: -ETIMEDOUT, as if it had failed; it goes on.
 */
int store_optional(struct store *store, const struct kind *kind, const struct scope *scope, struct demand *demand,
	const struct list **ret);
/* The listing as the API limits it: `query` is made of the kind's filters, escaped (query.h). */
int store_query(struct store *store, const struct kind *kind, const struct scope *scope, const char *query,
	struct demand *demand, const struct list **ret);
int store_document(struct store *store, const struct kind *kind, enum doc doc, const struct scope *scope,
	struct demand *demand, struct json *ret);
/* Whether an unlisted organisation or project exists. */
int store_probe(struct store *store, const struct kind *kind, const struct scope *scope, struct demand *demand);

/* Appends a path of the table with its {} filled in. 0, -ENOMEM, or -EINVAL if the scope is too short. */
int store_path(const char *path, const struct scope *scope, struct buffer *out);

/* The reverse: the ids in a path that was filled in, as copies, until scope_end(). 0, -ENOENT if it is not such a path,
 * -ENOMEM. */
int store_path_read(const char *path, const char *filled, struct scope *ret);

/* The first `count` ids of a scope as copies, until scope_end(). 0 or -ENOMEM. */
int scope_copy(const struct scope *scope, unsigned count, struct scope *ret);
void scope_end(struct scope *copies); /* then it has none */

bool scope_same(const struct scope *a, const struct scope *b);

/* What it needs is being made, in pieces of a turn (fs.h, fs_work()): it is to ask again in the next. DEMAND_PARKED, or
 * -EAGAIN if it peeks. */
int demand_work(struct demand *demand);

/* Whether it is parked on a document: then it will be resumed. */
bool demand_waits(const struct demand *demand);

void store_leave(
	struct store *store, struct demand *demand); /* no longer needed; nothing happens if it is not parked */

/*
 * Sends a change, once, to one of the kind's two services: `path` is the table's, `scope` fills it, `body` (JSON, or
 * NULL) is copied. When its outcome is there, whatever it is, the kind's list, if it changes that, and the resource's
 * documents are forgotten, unless it was not sent or answered with 401 or 429, and then `done` is called, from the
 * loop. The answer is lent. 0, -ENOMEM or -EINVAL: then nothing was sent and `done` is not called. `asker`, lent for
 * this call, says who asks for it.
 */
int store_change(struct store *store, const struct kind *kind, enum api_service service, enum api_method method,
	const char *path, const struct scope *scope, const struct buffer *body, unsigned timeout_ms,
	const struct demand *asker, api_done *done, void *user);

/*
 * Forgets answers, and detaches fetches under way so that none that began before now is served to who asks after. Nor
 * does who asks after get one from an HTTP cache on the way that is from before now: for STORE_LATE_MS caches are
 * passed by, and from then on may give what is younger than that is long ago.
 */
enum {
	STORE_LATE_MS = 30000 /* an answer may take so long on its way to a cache, and tells of when it was sent for */
};
void store_forget_list(struct store *store, const struct kind *kind, const struct scope *scope);
void store_forget_resource(
	struct store *store, const struct kind *kind, const struct scope *scope); /* all but its entry in the list */
void store_forget_below(
	struct store *store, const struct kind *kind, const struct scope *scope); /* the items of the whole list */
void store_forget_lists(struct store *store, const struct kind *kind);            /* of this kind, wherever */
void store_forget_all(struct store *store);
/* Only lets it be fetched anew, when it is asked for: from a cache on the way too, as after its TTL. */
void store_renew(struct store *store, const struct kind *kind, enum doc doc, const struct scope *scope);
/* As if its TTL were over: it still serves where the API gives no answer, and its pages are compared with the next. */
void store_expire_list(struct store *store, const struct kind *kind, const struct scope *scope);

#endif
