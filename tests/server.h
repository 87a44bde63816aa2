/*
 * A scripted HTTP/1.1 server on loopback for the tests of api/. It runs in the test's own thread: server_step() does
 * what is ready, the script decides about each request when it is complete, at once or later, in any order.
 */
#ifndef NEEVFS_TESTS_SERVER_H
#define NEEVFS_TESTS_SERVER_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

enum { SERVER_CONNECTIONS = 64, SERVER_REQUESTS = 512, SERVER_HEAD = 12288 };

struct server;

struct server_connection {
	int fd; /* -1: free */
	unsigned serial;
	char in[16384];
	size_t in_len;
	char *out;
	size_t out_len, out_sent;
	bool endless; /* goes on with filling as long as the client reads */
	bool closing; /* when all is sent */
};

struct server_request {
	struct server *server;
	size_t connection;
	unsigned serial; /* of the connection: which requests came on the same */
	char method[8];
	char path[512];
	char head[SERVER_HEAD];
	char body[4096];
	size_t body_len;
	bool answered;
};

struct server {
	int fd;
	char url[64];
	struct server_connection connections[SERVER_CONNECTIONS];
	unsigned accepted; /* connections ever */
	unsigned open;
	struct server_request requests[SERVER_REQUESTS];
	size_t count;
	void (*script)(struct server_request *request); /* may answer */
	void *user;
};

void server_open(struct server *server);
void server_close(struct server *server);

/* Fills in what to poll for; then does what is ready. */
size_t server_poll(struct server *server, struct pollfd *ret, size_t size);
void server_step(struct server *server);

/* The value of a request's header line "Name: ", or NULL. The string is static. */
const char *server_header(const struct server_request *request, const char *name);

/* A whole answer. `headers` are lines with \r\n, or "". */
void server_answer(struct server_request *request, int status, const char *headers, const char *body);
void server_answer_bytes(struct server_request *request, int status, const char *headers, const void *body, size_t len);

/* Any bytes, and the end of the connection. */
void server_send(struct server_request *request, const void *data, size_t len);
void server_hangup(struct server_request *request);

/* Whether the client still has the connection of that request. */
bool server_alive(const struct server_request *request);

#endif
