/* What is found in connections that are about to be used again. */
#include "api/connections.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* A connection to ourselves. */
struct pair {
	int near, far, port; /* the near one's */
};

static struct connections connections;

static struct pair pair_open(int family) {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
	} address = {0};
	socklen_t len = family == AF_INET6 ? sizeof(address.v6) : sizeof(address.v4);
	struct pair pair;
	int server = socket(family, SOCK_STREAM, 0);
	address.any.sa_family = (sa_family_t)family;
	if (family == AF_INET6)
		address.v6.sin6_addr = in6addr_loopback;
	else
		address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(server, &address.any, len) < 0) {
		close(server);
		skip(); /* a machine without IPv6 */
	}
	assert_int_equal(listen(server, 1), 0);
	assert_int_equal(getsockname(server, &address.any, &len), 0);
	pair.near = connection_open(&connections, family, SOCK_STREAM, 0, 1234);
	assert_true(pair.near >= 0);
	assert_int_equal(connect(pair.near, &address.any, len), 0);
	pair.far = accept(server, NULL, NULL);
	assert_true(pair.far >= 0);
	assert_int_equal(getsockname(pair.near, &address.any, &len), 0);
	pair.port = ntohs(family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
	close(server);
	return pair;
}

static void pair_say(const struct pair *pair) {
	struct pollfd arrives = {.fd = pair->near, .events = POLLIN};
	assert_int_equal(write(pair->far, "x", 1), 1);
	assert_int_equal(poll(&arrives, 1, 10000), 1);
}

static void pair_close(const struct pair *pair) {
	close(pair->near);
	close(pair->far);
}

static int setup(void **state) {
	(void)state;
	memset(&connections, 0, sizeof connections);
	return 0;
}

static void test_open(void **state) {
	struct pair pair = pair_open(AF_INET);
	unsigned limit_ms = 0;
	socklen_t len = sizeof limit_ms;
	(void)state;
	assert_true(fcntl(pair.near, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(getsockopt(pair.near, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit_ms, &len), 0);
	assert_int_equal(limit_ms, 1234);
	pair_close(&pair);
	assert_int_equal(connection_open(&connections, -1, SOCK_STREAM, 0, 1234), -1);
}

static void holds_more(int family) {
	struct pair pair = pair_open(family), other = pair_open(family);
	assert_false(connection_holds_more(&connections, pair.port));
	connection_answered(&connections, pair.port, true);
	assert_false(connection_holds_more(&connections, pair.port));
	pair_say(&other);
	assert_false(connection_holds_more(&connections, pair.port));
	pair_say(&pair);
	assert_true(connection_holds_more(&connections, pair.port));
	assert_true(connection_holds_more(&connections, pair.port)); /* it was only looked at */
	pair_close(&pair);
	pair_close(&other);
}

static void test_holds_more(void **state) {
	(void)state;
	holds_more(AF_INET);
}

static void test_holds_more_ipv6(void **state) {
	(void)state;
	holds_more(AF_INET6);
}

/* Before its first answer, and where answers name their request. */
static void test_unasked_is_fine(void **state) {
	struct pair pair = pair_open(AF_INET);
	(void)state;
	assert_false(connection_holds_more(&connections, pair.port));
	pair_say(&pair);
	assert_false(connection_holds_more(&connections, pair.port));
	connection_answered(&connections, pair.port, false);
	assert_false(connection_holds_more(&connections, pair.port));
	pair_close(&pair);
}

/* The descriptor is soon another connection's, of which nothing is known. */
static void test_used_again(void **state) {
	struct pair pair = pair_open(AF_INET), again;
	(void)state;
	connection_holds_more(&connections, pair.port);
	connection_answered(&connections, pair.port, true);
	pair_close(&pair);
	assert_false(connection_holds_more(&connections, pair.port));
	again = pair_open(AF_INET);
	assert_int_equal(again.near, pair.near);
	pair_say(&again);
	assert_false(connection_holds_more(&connections, again.port));
	connection_answered(&connections, again.port, true);
	assert_true(connection_holds_more(&connections, again.port));
	pair_close(&again);
}

/* Only that one, and not what has its descriptor by now. */
static void test_end(void **state) {
	struct pair pair = pair_open(AF_INET), other = pair_open(AF_INET), again;
	char byte;
	(void)state;
	connection_holds_more(&connections, pair.port);
	connection_end(&connections, pair.port);
	assert_int_equal(recv(pair.near, &byte, 1, MSG_DONTWAIT), 0);
	assert_int_equal(recv(pair.far, &byte, 1, 0), 0);
	pair_say(&other);
	assert_int_equal(recv(other.near, &byte, 1, MSG_DONTWAIT), 1);
	pair_close(&pair);
	again = pair_open(AF_INET);
	assert_int_equal(again.near, pair.near);
	connection_end(&connections, pair.port);
	pair_say(&again);
	assert_int_equal(recv(again.near, &byte, 1, MSG_DONTWAIT), 1);
	pair_close(&other);
	pair_close(&again);
}

/* Of too many the oldest is forgotten. */
static void test_bound(void **state) {
	static int held[CONNECTIONS_MAX];
	struct pair pair = pair_open(AF_INET);
	(void)state;
	connection_holds_more(&connections, pair.port);
	connection_answered(&connections, pair.port, true);
	pair_say(&pair);
	for (size_t i = 0; i < CONNECTIONS_MAX; i++) {
		assert_true(connection_holds_more(&connections, pair.port));
		held[i] = connection_open(&connections, AF_INET, SOCK_STREAM, 0, 1234);
		assert_true(held[i] >= 0);
	}
	assert_false(connection_holds_more(&connections, pair.port));
	for (size_t i = 0; i < CONNECTIONS_MAX; i++)
		close(held[i]);
	pair_close(&pair);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_open, setup),
		cmocka_unit_test_setup(test_holds_more, setup),
		cmocka_unit_test_setup(test_holds_more_ipv6, setup),
		cmocka_unit_test_setup(test_unasked_is_fine, setup),
		cmocka_unit_test_setup(test_used_again, setup),
		cmocka_unit_test_setup(test_end, setup),
		cmocka_unit_test_setup(test_bound, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
