#include "http.h"
#include "answer.h"
#include "connections.h"
#include "http_easy.h"
#include "scope.h"
#include "url.h"
#include "watch.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	EVENTS_MAX = 64,
	GRACE_MS = 100,
	DEAF_MS = 1000, /* without an answer, before a connection is judged: more than an answer takes */
};

/*
 * Reads and changes have connections of their own. Once one connection to a host multiplexes, curl 7.88 lets a request
 * also join one that speaks HTTP/1.1 and waits for somebody else's answer (curl#4885): a read would get a change's
 * answer, and the change the read's. Changes never share one; reads do until the first answer of HTTP/1.
 */
enum { POOL_READS, POOL_CHANGES, POOLS };

struct pool {
	struct http *http;
	CURLM *multi;
	bool shares;   /* several requests may be under way on one connection */
	int64_t at_ms; /* when curl wants to be called; WATCH_NEVER: not */
	struct connections connections;
};

struct http {
	struct pool pools[POOLS];
	struct watch watch;
	int64_t alarm_at_ms;         /* WATCH_NEVER: none */
	int guest_fd;                /* that is not curl's; -1: none */
	struct http_exchange *first; /* all that are under way, at most as many as the caller lets fly */
	char *ca_file, *proxy;       /* or NULL */
	bool curl_ready;             /* curl_global_init() is to be undone */
	struct api_observer observer;
};

struct http_exchange {
	struct http *http;
	struct pool *pool;
	struct http_exchange *prev, *next;
	int64_t began_ms;   /* of what is told of it */
	bool left;          /* the request did, once */
	bool repeated;      /* it went out a second time */
	int port;           /* the local one, since then */
	bool joined;        /* the connection may have had another request under way meanwhile */
	bool works;         /* the connection has answered another request meanwhile */
	bool forsaken;      /* the connection was ended, as it answered nobody */
	int64_t over_at_ms; /* curl should have ended it before */
	struct easy easy;
	http_done *done;
	void *user;
	struct http_answer answer;
	struct api_exchange seen; /* by the observer */
};

/* ---- the loop: one epoll descriptor of curl's sockets and one timer ---- */

static void timer_arm(struct http *http) {
	int64_t at_ms = http->alarm_at_ms;

	for (size_t i = 0; i < POOLS; i++)
		if (http->pools[i].at_ms < at_ms)
			at_ms = http->pools[i].at_ms;
	for (const struct http_exchange *exchange = http->first; exchange; exchange = exchange->next)
		if (exchange->over_at_ms < at_ms)
			at_ms = exchange->over_at_ms;
	watch_timer(&http->watch, at_ms);
}

void http_alarm(struct http *http, int64_t at_ms) {
	http->alarm_at_ms = at_ms;
	timer_arm(http);
}

void http_guest(struct http *http, int fd) {
	if (http->guest_fd >= 0)
		watch_set(&http->watch, http->guest_fd, 0);
	http->guest_fd = fd;
	if (fd >= 0)
		watch_set(&http->watch, fd, WATCH_IN);
}

static int on_timer(CURLM *multi, long timeout_ms, void *user) {
	struct pool *pool = user;

	(void)multi;
	/* Not from in here, even for 0: curl must not be called back into. */
	pool->at_ms = timeout_ms < 0 ? WATCH_NEVER : watch_now_ms() + timeout_ms;
	timer_arm(pool->http);
	return 0;
}

/*
 * Never fails: a failure would make curl give up the whole multi handle for good, while a socket that is not watched
 * costs one exchange, which then ends by its time-out.
 */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *user, void *socket_user) {
	struct http *http = user;

	(void)easy;
	(void)socket_user;
	if (what == CURL_POLL_REMOVE)
		watch_set(&http->watch, fd, 0);
	else
		watch_set(&http->watch, fd,
			(what & CURL_POLL_IN ? WATCH_IN : 0u) | (what & CURL_POLL_OUT ? WATCH_OUT : 0u));
	return 0;
}

static curl_socket_t on_open(void *user, curlsocktype purpose, struct curl_sockaddr *address) {
	struct pool *pool = user;

	(void)purpose;
	return connection_open(
		&pool->connections, address->family, address->socktype, address->protocol, HTTP_CONNECT_MS);
}

int http_fd(const struct http *http) {
	return http->watch.epoll_fd;
}

void http_free(struct http *http) {
	if (!http)
		return;
	for (size_t i = 0; i < POOLS; i++)
		curl_multi_cleanup(http->pools[i].multi);
	watch_close(&http->watch);
	if (http->curl_ready)
		curl_global_cleanup();
	free(http->ca_file);
	free(http->proxy);
	free(http);
}

static void scope_http(struct http **http) {
	http_free(*http);
}

static CURLMcode pool_share(struct pool *pool, bool shares) {
	pool->shares = shares;
	return curl_multi_setopt(
		pool->multi, CURLMOPT_PIPELINING, (long)(shares ? CURLPIPE_MULTIPLEX : CURLPIPE_NOTHING));
}

static int pool_open(struct pool *pool, struct http *http, unsigned parallel) {
	*pool = (struct pool){.http = http, .at_ms = WATCH_NEVER, .multi = curl_multi_init()};
	if (!pool->multi || pool_share(pool, pool == &http->pools[POOL_READS]) ||
		curl_multi_setopt(pool->multi, CURLMOPT_SOCKETFUNCTION, on_socket) ||
		curl_multi_setopt(pool->multi, CURLMOPT_SOCKETDATA, http) ||
		curl_multi_setopt(pool->multi, CURLMOPT_TIMERFUNCTION, on_timer) ||
		curl_multi_setopt(pool->multi, CURLMOPT_TIMERDATA, pool) ||
		curl_multi_setopt(pool->multi, CURLMOPT_MAXCONNECTS, (long)parallel))
		return -ENOMEM;
	return 0;
}

int http_new(const struct http_config *config, struct http **ret) {
	SCOPED(scope_http) struct http *http = calloc(1, sizeof(*http));
	int rc;

	if (!http)
		return -ENOMEM;
	http->alarm_at_ms = WATCH_NEVER;
	http->guest_fd = -1;
	http->observer = config->observer;
	rc = watch_open(&http->watch);
	if (rc < 0)
		return rc;
	/* curl's start reads it, and would then write every session's keys to that file. */
	unsetenv("SSLKEYLOGFILE");
	if (curl_global_init(CURL_GLOBAL_DEFAULT))
		return -ENOMEM;
	http->curl_ready = true;
	http->ca_file = config->ca_file ? strdup(config->ca_file) : NULL;
	http->proxy = config->proxy ? strdup(config->proxy) : NULL;
	if ((config->ca_file && !http->ca_file) || (config->proxy && !http->proxy))
		return -ENOMEM;
	for (size_t i = 0; i < POOLS && rc == 0; i++)
		rc = pool_open(&http->pools[i], http, config->parallel);
	if (rc < 0)
		return rc;
	*ret = take_pointer(http);
	return 0;
}

/* ---- who is told ---- */

static void exchange_seen(struct http_exchange *exchange, int code) {
	const struct api_observer *observer = &exchange->http->observer;
	struct api_exchange *seen = &exchange->seen;
	CURL *easy = exchange->easy.handle;
	curl_off_t received = 0;
	long head = 0, asked = 0;

	if (!observer->exchange)
		return;
	curl_easy_getinfo(easy, CURLINFO_SIZE_DOWNLOAD_T, &received);
	curl_easy_getinfo(easy, CURLINFO_HEADER_SIZE, &head);
	curl_easy_getinfo(easy, CURLINFO_REQUEST_SIZE, &asked);
	seen->code = code;
	seen->status = exchange->answer.status;
	seen->ms = (unsigned)(watch_now_ms() - exchange->began_ms);
	seen->received = (uint64_t)(received + head);
	seen->sent = (uint64_t)asked;
	seen->request_id = exchange->answer.request_id;
	observer->exchange(observer->user, seen);
}

/* ---- what comes in ---- */

static size_t on_header(char *line, size_t one, size_t len, void *user) {
	struct http_exchange *exchange = user;
	struct http_answer *answer = &exchange->answer;
	long status = 0;

	(void)one;
	if (!answer_header(answer, line, len))
		return 0;
	/* The end of a section; 1xx sections come before the one that counts, trailers after it. */
	if ((line[0] == '\r' || line[0] == '\n') && !answer->status &&
		!curl_easy_getinfo(exchange->easy.handle, CURLINFO_RESPONSE_CODE, &status) && status >= 200)
		answer->status = (int)status;
	return len;
}

static size_t on_body(char *data, size_t one, size_t len, void *user) {
	struct http_exchange *exchange = user;

	(void)one;
	return answer_body(&exchange->answer, data, len) ? len : 0;
}

/* Who else is under way on its connection, or has just been: an answer that has come is told later. */
static void exchange_join(struct http_exchange *exchange) {
	for (struct http_exchange *other = exchange->http->first; other && exchange->pool->shares; other = other->next)
		if (other != exchange && other->port == exchange->port && other->pool == exchange->pool)
			other->joined = exchange->joined = true;
}

/*
 * Just before a request leaves. What can be read by then from a connection that was used before is no answer to this
 * request, though curl would take it for one: somebody sent more than he was asked for, or TLS says good-bye. The
 * connection is given up, and the request goes out on a new one.
 */
static int on_request(void *user, char *remote, char *local, int remote_port, int local_port) {
	struct http_exchange *exchange = user;

	(void)remote;
	(void)local;
	(void)remote_port;
	if (connection_holds_more(&exchange->pool->connections, local_port)) {
		curl_easy_setopt(exchange->easy.handle, CURLOPT_FORBID_REUSE, 1L);
		return CURL_PREREQFUNC_ABORT;
	}
	/*
	 * It went out before, by a connection that turned out to be dead, and curl repeats it: that was one too. A
	 * stream that HTTP/2 refuses (REFUSED_STREAM) curl would repeat five times at once.
	 */
	if (exchange->left) {
		if (exchange->repeated) {
			answer_fail(&exchange->answer, EREMOTEIO, "no answer: the server dropped the request, twice");
			return CURL_PREREQFUNC_ABORT;
		}
		exchange->repeated = true;
		exchange_seen(exchange, EREMOTEIO);
		exchange->began_ms = watch_now_ms();
	}
	exchange->left = true;
	exchange->port = local_port;
	exchange->works = exchange->joined = exchange->forsaken = false;
	exchange_join(exchange);
	return CURL_PREREQFUNC_OK;
}

/* ---- one exchange ---- */

/* Out of the list of those under way, if it is in there. */
static void exchange_unlink(struct http_exchange *exchange) {
	if (exchange->prev)
		exchange->prev->next = exchange->next;
	else if (exchange->http->first == exchange)
		exchange->http->first = exchange->next;
	if (exchange->next)
		exchange->next->prev = exchange->prev;
	exchange->prev = exchange->next = NULL;
}

static void exchange_free(struct http_exchange *exchange) {
	if (!exchange)
		return;
	exchange_unlink(exchange);
	easy_close(&exchange->easy);
	buffer_free(&exchange->answer.body);
	free(exchange);
}

static void scope_exchange(struct http_exchange **exchange) {
	exchange_free(*exchange);
}

void http_cancel(struct http_exchange *exchange) {
	if (!exchange)
		return;
	exchange_seen(exchange, ECANCELED);
	curl_multi_remove_handle(exchange->pool->multi, exchange->easy.handle);
	exchange_free(exchange);
}

/* All of its memory at once, so that it can be wiped: what grows leaves its old bytes behind. */
static int exchange_body(struct http_exchange *exchange, const struct http_request *request) {
	struct buffer *body = &exchange->answer.body;

	body->limit = request->secret ? HTTP_SECRET_MAX : HTTP_BODY_MAX;
	if (!request->secret)
		return 0;
	body->data = malloc(HTTP_SECRET_MAX + 1);
	if (!body->data)
		return -ENOMEM;
	body->cap = HTTP_SECRET_MAX + 1;
	body->data[0] = '\0';
	return 0;
}

/* What comes back goes where it belongs. */
static int exchange_listen(struct http_exchange *exchange) {
	CURL *easy = exchange->easy.handle;

	if (curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) ||
		curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange) ||
		curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) ||
		curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange) ||
		curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_request) ||
		curl_easy_setopt(easy, CURLOPT_PREREQDATA, exchange) ||
		curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open) ||
		curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, exchange->pool) ||
		curl_easy_setopt(easy, CURLOPT_PRIVATE, exchange))
		return -EINVAL;
	return 0;
}

int http_start(struct http *http, const struct http_request *request, http_done *done, void *user,
	struct http_exchange **ret) {
	SCOPED(scope_exchange) struct http_exchange *exchange = calloc(1, sizeof(*exchange));
	int rc;

	if (!exchange)
		return -ENOMEM;
	exchange->http = http;
	exchange->pool = &http->pools[request->method == API_GET ? POOL_READS : POOL_CHANGES];
	exchange->done = done;
	exchange->user = user;
	exchange->seen = (struct api_exchange){.service = request->service,
		.method = request->method,
		.path = url_path(request->url),
		.tag = request->tag,
		.attempt = request->attempt};
	rc = easy_open(&exchange->easy, request, http->ca_file, http->proxy);
	exchange->answer.token = request->token ? exchange->easy.token : request->secret;
	rc = rc ? rc : exchange_listen(exchange);
	rc = rc ? rc : exchange_body(exchange, request);
	if (rc)
		return rc;
	if (curl_multi_add_handle(exchange->pool->multi, exchange->easy.handle))
		return -ENOMEM;
	exchange->began_ms = watch_now_ms();
	exchange->over_at_ms = exchange->began_ms + request->timeout_ms + GRACE_MS;
	exchange->next = http->first;
	if (http->first)
		http->first->prev = exchange;
	http->first = exchange;
	timer_arm(http);
	*ret = take_pointer(exchange);
	return 0;
}

/* ---- how it ended ---- */

static void connection_note(struct http_exchange *exchange) {
	CURL *easy = exchange->easy.handle;
	long port = 0, version = 0;
	bool plain;

	curl_easy_getinfo(easy, CURLINFO_LOCAL_PORT, &port);
	curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
	plain = version == CURL_HTTP_VERSION_1_0 || version == CURL_HTTP_VERSION_1_1;
	connection_answered(&exchange->pool->connections, (int)port, plain);
	if (plain)
		pool_share(exchange->pool, false);
	if (!plain || !exchange->joined)
		return;
	answer_fail(&exchange->answer, EREMOTEIO, "the answer may be that to another request");
	connection_end(&exchange->pool->connections, exchange->port); /* the one to this may be still to come */
}

/*
 * A connection of HTTP/2 that answers nobody, though the other side's kernel acknowledges what comes: curl would go on
 * using it for ever, and each read would wait in vain.
 */
static void connection_judge(struct http_exchange *exchange, CURLcode rc) {
	struct http *http = exchange->http;

	bool deaf = rc == CURLE_OPERATION_TIMEDOUT && exchange->pool == &http->pools[POOL_READS] && exchange->left &&
		    !exchange->works && watch_now_ms() - exchange->began_ms >= DEAF_MS;

	if (deaf)
		connection_end(&exchange->pool->connections, exchange->port);
	for (struct http_exchange *other = http->first; other; other = other->next)
		if (other->port == exchange->port && other->pool == exchange->pool) {
			other->works = other->works || rc == CURLE_OK;
			other->forsaken = other->forsaken || deaf;
		}
}

static void exchange_end(struct http_exchange *exchange, CURLcode rc) {
	struct http_answer *answer = &exchange->answer;

	curl_multi_remove_handle(exchange->pool->multi, exchange->easy.handle);
	exchange_unlink(exchange);
	connection_note(exchange);
	connection_judge(exchange, rc);
	easy_read(&exchange->easy, answer);
	if (!answer->code && (rc || !answer->status))
		easy_explain(&exchange->easy, rc, answer);
	exchange_seen(exchange, answer->code);
	exchange->done(exchange->user, answer);
	exchange_free(exchange);
}

/* Whether it failed by what we did ourselves: on_request(), connection_judge(). A change that has left never goes out
 * again, whatever it was. */
static bool exchange_stopped(const struct http_exchange *exchange, CURLcode rc) {
	if (exchange->left && exchange->pool != &exchange->http->pools[POOL_READS])
		return false;
	return (rc == CURLE_ABORTED_BY_CALLBACK && !exchange->answer.code) ||
	       (rc && rc != CURLE_OPERATION_TIMEDOUT && exchange->forsaken && !exchange->answer.head_bytes);
}

/* One of those goes on, on a connection of its own; else what it ends with. */
static CURLcode exchange_again(struct http_exchange *exchange) {
	CURL *easy = exchange->easy.handle;
	int64_t left_ms = exchange->over_at_ms - GRACE_MS - watch_now_ms();

	exchange->forsaken = false;
	curl_multi_remove_handle(exchange->pool->multi, easy);
	if (left_ms <= 0)
		return CURLE_OPERATION_TIMEDOUT;
	if (curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L) ||
		curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)left_ms) ||
		curl_multi_add_handle(exchange->pool->multi, easy))
		return CURLE_OUT_OF_MEMORY;
	return CURLE_OK;
}

/*
 * curl 7.88 does not look at the time of a request that waits for another one's connection (CURLOPT_PIPEWAIT,
 * curl#13227).
 */
static void http_run_late(struct http *http) {
	int64_t now_ms = watch_now_ms();
	struct http_exchange *late;

	do {
		for (late = http->first; late && late->over_at_ms > now_ms; late = late->next)
			;
		if (late)
			exchange_end(late, CURLE_OPERATION_TIMEDOUT);
	} while (late);
}

static void pool_run(struct pool *pool, const struct watch_event *events, size_t count) {
	int left;
	CURLMsg *message;

	/* curl ignores a socket that is not one of this pool's, as it says of those that it has just closed. */
	for (size_t i = 0; i < count; i++) {
		unsigned happened = events[i].happened;

		if (events[i].fd == pool->http->guest_fd)
			continue;
		int mask = (happened & WATCH_IN ? CURL_CSELECT_IN : 0) | (happened & WATCH_OUT ? CURL_CSELECT_OUT : 0) |
			   (happened & WATCH_ERROR ? CURL_CSELECT_ERR : 0);

		curl_multi_socket_action(pool->multi, events[i].fd, mask, &left);
	}
	if (pool->at_ms <= watch_now_ms()) {
		pool->at_ms = WATCH_NEVER;
		curl_multi_socket_action(pool->multi, CURL_SOCKET_TIMEOUT, 0, &left);
	}
	while ((message = curl_multi_info_read(pool->multi, &left))) {
		struct http_exchange *exchange = NULL;
		CURLcode rc = message->data.result; /* the message is gone with what follows */

		if (message->msg != CURLMSG_DONE ||
			curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange) || !exchange)
			continue;
		if (!exchange_stopped(exchange, rc) || (rc = exchange_again(exchange)))
			exchange_end(exchange, rc);
	}
}

void http_run(struct http *http) {
	struct watch_event events[EVENTS_MAX];
	size_t count = watch_poll(&http->watch, events, EVENTS_MAX);

	for (size_t i = 0; i < POOLS; i++)
		pool_run(&http->pools[i], events, count);
	http_run_late(http);
	timer_arm(http);
}
