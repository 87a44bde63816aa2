#include "server.h"
#include "alloc.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static void server_check(bool good, const char *what) {
	if (good)
		return;
	perror(what);
	abort();
}

void server_open(struct server *server) {
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);

	memset(server, 0, sizeof(*server));
	for (size_t i = 0; i < SERVER_CONNECTIONS; i++)
		server->connections[i].fd = -1;
	server->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	server_check(server->fd >= 0, "socket");
	server_check(bind(server->fd, (struct sockaddr *)&address, len) == 0, "bind");
	server_check(listen(server->fd, SERVER_CONNECTIONS) == 0, "listen");
	server_check(getsockname(server->fd, (struct sockaddr *)&address, &len) == 0, "getsockname");
	snprintf(server->url, sizeof(server->url), "http://127.0.0.1:%d", ntohs(address.sin_port));
}

static void connection_close(struct server *server, struct server_connection *connection) {
	close(connection->fd);
	alloc_test_free(connection->out);
	memset(connection, 0, sizeof(*connection));
	connection->fd = -1;
	server->open--;
}

void server_close(struct server *server) {
	for (size_t i = 0; i < SERVER_CONNECTIONS; i++)
		if (server->connections[i].fd >= 0)
			connection_close(server, &server->connections[i]);
	close(server->fd);
}

size_t server_poll(struct server *server, struct pollfd *ret, size_t size) {
	size_t count = 0;

	server_check(size > SERVER_CONNECTIONS, "server_poll");
	ret[count++] = (struct pollfd){.fd = server->fd, .events = POLLIN};
	for (size_t i = 0; i < SERVER_CONNECTIONS; i++) {
		struct server_connection *connection = &server->connections[i];
		bool writes = connection->out_len > connection->out_sent || connection->endless || connection->closing;

		if (connection->fd >= 0)
			ret[count++] = (struct pollfd){
				.fd = connection->fd, .events = (short)(POLLIN | (writes ? POLLOUT : 0))};
	}
	return count;
}

/* Takes one whole request off the connection's input. */
static bool request_read(struct server *server, size_t index) {
	struct server_connection *connection = &server->connections[index];
	struct server_request *request = &server->requests[server->count];
	char *end = memmem(connection->in, connection->in_len, "\r\n\r\n", 4);
	const char *length;
	size_t head_len;

	if (!end)
		return false;
	server_check(server->count < SERVER_REQUESTS, "too many requests");
	head_len = (size_t)(end - connection->in) + 4;
	server_check(head_len < SERVER_HEAD, "head too long");
	memset(request, 0, sizeof(*request));
	memcpy(request->head, connection->in, head_len);
	request->server = server;
	request->connection = index;
	request->serial = connection->serial;
	length = server_header(request, "Content-Length");
	request->body_len = length ? strtoul(length, NULL, 10) : 0;
	server_check(request->body_len < sizeof(request->body), "body too long");
	if (connection->in_len < head_len + request->body_len)
		return false;
	memcpy(request->body, connection->in + head_len, request->body_len);
	connection->in_len -= head_len + request->body_len;
	memmove(connection->in, connection->in + head_len + request->body_len, connection->in_len);
	server_check(sscanf(request->head, "%7s %511s", request->method, request->path) == 2, "request line");
	server->count++;
	server->script(request);
	return true;
}

static void connection_read(struct server *server, size_t index) {
	struct server_connection *connection = &server->connections[index];
	ssize_t n = recv(
		connection->fd, connection->in + connection->in_len, sizeof(connection->in) - connection->in_len, 0);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		connection_close(server, connection);
		return;
	}
	connection->in_len += (size_t)n;
	while (connection->fd >= 0 && request_read(server, index))
		;
}

static void connection_write(struct server *server, struct server_connection *connection) {
	static const char filling[65536] = {[0 ... 65535] = ' '};
	bool own = connection->out_sent < connection->out_len;
	const char *data = own ? connection->out + connection->out_sent : filling;
	size_t len = own ? connection->out_len - connection->out_sent : connection->endless ? sizeof(filling) : 0;
	ssize_t n = len ? send(connection->fd, data, len, MSG_NOSIGNAL) : 0;

	if (n < 0 && errno == EAGAIN)
		return;
	if (n > 0 && own)
		connection->out_sent += (size_t)n;
	if (n < 0 || (connection->closing && connection->out_sent == connection->out_len))
		connection_close(server, connection);
}

void server_step(struct server *server) {
	for (size_t i = 0; i < SERVER_CONNECTIONS; i++) {
		struct server_connection *connection = &server->connections[i];

		if (connection->fd < 0) {
			int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

			if (fd < 0)
				continue;
			connection->fd = fd;
			connection->serial = ++server->accepted;
			server->open++;
		}
		connection_read(server, i);
		if (connection->fd >= 0)
			connection_write(server, connection);
	}
}

const char *server_header(const struct server_request *request, const char *name) {
	static char value[8300];
	size_t len = strlen(name);

	for (const char *line = strstr(request->head, "\r\n"); line; line = strstr(line, "\r\n")) {
		line += 2;
		if (strncasecmp(line, name, len) == 0 && line[len] == ':') {
			snprintf(value, sizeof(value), "%.*s", (int)strcspn(line + len + 1, "\r"), line + len + 1);
			return value + strspn(value, " ");
		}
	}
	return NULL;
}

static struct server_connection *request_connection(const struct server_request *request) {
	struct server_connection *connection = &request->server->connections[request->connection];

	return connection->fd >= 0 && connection->serial == request->serial ? connection : NULL;
}

bool server_alive(const struct server_request *request) {
	return request_connection(request) != NULL;
}

void server_send(struct server_request *request, const void *data, size_t len) {
	struct server_connection *connection = request_connection(request);
	char *out;

	request->answered = true;
	if (!connection)
		return;
	out = alloc_test_realloc(connection->out, connection->out_len + len + 1);
	server_check(out != NULL, "realloc");
	memcpy(out + connection->out_len, data, len);
	connection->out = out;
	connection->out_len += len;
}

void server_hangup(struct server_request *request) {
	struct server_connection *connection = request_connection(request);

	request->answered = true;
	if (connection)
		connection->closing = true;
}

void server_answer_bytes(
	struct server_request *request, int status, const char *headers, const void *body, size_t len) {
	char head[1024];
	int head_len = snprintf(
		head, sizeof(head), "HTTP/1.1 %d Words\r\n%sContent-Length: %zu\r\n\r\n", status, headers, len);

	server_send(request, head, (size_t)head_len);
	server_send(request, body, len);
}

void server_answer(struct server_request *request, int status, const char *headers, const char *body) {
	if (status == 204) {
		char head[1024];
		int len = snprintf(head, sizeof(head), "HTTP/1.1 204 Words\r\n%s\r\n", headers);

		server_send(request, head, (size_t)len);
	} else {
		server_answer_bytes(request, status, headers, body, strlen(body));
	}
}
