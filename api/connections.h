/*
 * The sockets that the HTTP client opens, and whether one that it is about to use again holds bytes that nobody asked
 * for. Private to api/; knows no curl, which names a connection by its local port only.
 */
#ifndef NEEVFS_API_CONNECTIONS_H
#define NEEVFS_API_CONNECTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum { CONNECTIONS_MAX = 256 }; /* known; the oldest makes room */

/* Zeroed: there are none. */
struct connections {
	struct connection {
		int fd, port; /* 0: none, not known yet. The fd may be another one's by now */
		bool plain;   /* it has carried an answer of HTTP/1 */
	} known[CONNECTIONS_MAX];
	size_t next;
};

/*
 * socket(2), for a connection that is about to be made; the caller closes it. Close-on-exec, which curl itself leaves
 * out: no child may inherit a connection that carried the token.
 *
 * And with a limit to how long what was sent may stay without an acknowledgement. curl goes on using an HTTP/2
 * connection whose requests time out; after a change of networks every read would wait in vain until the kernel gave
 * that connection up, which takes a quarter of an hour.
 */
int connection_open(struct connections *connections, int family, int type, int protocol, unsigned limit_ms);

/* An answer came on the one with that local port; `plain`: of HTTP/1. */
void connection_answered(struct connections *connections, int port, bool plain);

/* Whether something can be read from that one, whose last answer was of HTTP/1 and is over. HTTP/2 may say things
 * unasked, and there each answer names its request; so may TLS before the first answer. */
bool connection_holds_more(struct connections *connections, int port);

/* Ends that one for both sides: whoever waits there learns that it is over, and nobody comes there again. */
void connection_end(const struct connections *connections, int port);

#endif
