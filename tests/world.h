/* The api under test, its scripted server, and the completions that came: shared by the tests of api/. */
#ifndef NEEVFS_TESTS_WORLD_H
#define NEEVFS_TESTS_WORLD_H

#include "api/api.h"
#include "api/token.h"
#include "server.h"

#define WORLD_TOKEN "pat-nc-test-0123456789"

/* What came back for one request or list. */
struct reply {
	int done; /* completions */
	int code, status;
	unsigned age_s;
	int64_t date_s;
	bool sent;
	struct error error;
	char body[2048];
	size_t body_len;
	enum json_type type;
	struct api_pages *pages;
	struct api_call *call;
};

struct world {
	struct server server;
	struct api *api;
	struct token *token;
	struct api_observer observer; /* as it is when the world opens */
};

/* `token` is what the token comes from; a text if all is NULL. */
void world_open(struct world *world, unsigned parallel, unsigned pages_max, struct token_config token);
void world_close(struct world *world);

/* One turn of the loop: waits until something happens, at most ten seconds, and does it. */
void world_turn(struct world *world);

/* Turns until the condition holds. */
#define WORLD_UNTIL(world, condition)      \
	do {                               \
		while (!(condition))       \
			world_turn(world); \
	} while (0)

/* Starts one with 20 s of time. */
void world_send(struct world *world, enum api_method method, const char *path, const char *body, struct reply *ret);
void world_send_within(struct world *world, enum api_method method, const char *path, const char *body,
	unsigned timeout_ms, struct reply *ret);
/* A GET that a caller asks for. */
void world_get_as(struct world *world, uint64_t caller, const char *path, struct reply *ret);
/* A GET that a cache on the way may answer. */
void world_get_aged(struct world *world, unsigned max_age_s, const char *path, struct reply *ret);
void world_list(struct world *world, const char *path, bool paged, struct reply *ret);
/* The completion that this one uses: `user` is the reply. */
api_list_done world_listed;

/* Sends one and turns until it is done. */
void world_ask(struct world *world, enum api_method method, const char *path, const char *body, struct reply *ret);

void reply_free(struct reply *reply);

#endif
