#include "connections.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

static int socket_port(int fd) {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} address = {0};
	socklen_t len = sizeof(address);

	if (getsockname(fd, &address.any, &len) < 0)
		return -1;
	return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

int connection_open(struct connections *connections, int family, int type, int protocol, unsigned limit_ms) {
	int fd = socket(family, type | SOCK_CLOEXEC, protocol);
	size_t at = 0;

	if (fd < 0)
		return fd;
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit_ms, sizeof(limit_ms));
	while (at < CONNECTIONS_MAX && connections->known[at].fd != fd)
		at++;
	if (at == CONNECTIONS_MAX)
		at = connections->next++ % CONNECTIONS_MAX;
	connections->known[at] = (struct connection){.fd = fd};
	return fd;
}

void connection_answered(struct connections *connections, int port, bool plain) {
	for (size_t i = 0; i < CONNECTIONS_MAX && port; i++)
		if (connections->known[i].port == port)
			connections->known[i].plain = plain;
}

void connection_end(const struct connections *connections, int port) {
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		const struct connection *known = &connections->known[i];

		if (known->port == port && socket_port(known->fd) == port)
			shutdown(known->fd, SHUT_RDWR);
	}
}

bool connection_holds_more(struct connections *connections, int port) {
	char byte;

	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		struct connection *known = &connections->known[i];

		if (!known->fd || (known->port && known->port != port))
			continue;
		known->port = socket_port(known->fd);
		if (known->port == port && known->plain && recv(known->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0)
			return true;
	}
	return false;
}
