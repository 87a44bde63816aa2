/*
 * The HTTP server on 127.0.0.1: it takes requests in, delays and spoils them as asked, and has them carried out one at
 * a time.
 *
 * Each connection has a thread, so that delayed requests wait side by side.
 */
#pragma once

#include "world.h"

#include <stdint.h>

struct server;

struct server_options {
	uint16_t port; /* 0: the kernel chooses */
	int64_t latency_ms;
	struct world_options world;
};

/* Accepts connections from its return on. 0, -ENOMEM, or -errno of what kept it from listening. `options` need not
 * outlive the call. */
int server_open(const struct server_options *options, struct server **ret_server);
uint16_t server_port(const struct server *server);

/* Lets no delay be waited out: what still waits is closed without an answer. NULL does nothing. */
void server_close(struct server *server);
