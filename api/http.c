#include "http.h"
#include "answer.h"
#include "scope.h"
#include "url.h"
#include "watch.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum { EVENTS_MAX = 64, RETRY_AFTER_MAX_S = 3600, GRACE_MS = 100, SOCKETS_MAX = 256 };

struct http {
	CURLM *multi;
	struct watch watch;
	int64_t curl_at_ms, alarm_at_ms; /* WATCH_NEVER: none */
	int guest_fd;                    /* that is not curl's; -1: none */
	struct http_exchange *first;     /* all that are under way, at most as many as the caller lets fly */
	char *ca_file, *proxy;
	bool curl_ready; /* curl_global_init() is to be undone */
	struct http_used {
		int fd, port; /* of connections that were made; 0: none, not known yet. The fd may be another one's by
				 now */
		bool plain;   /* it has carried an answer of HTTP/1 */
	} used[SOCKETS_MAX];
	size_t used_next;
	struct api_observer observer;
};

struct http_exchange {
	struct http *http;
	struct http_exchange *prev, *next;
	int64_t began_ms;   /* of what is told of it */
	bool left;          /* the request did, once */
	int64_t over_at_ms; /* curl should have ended it before */
	CURL *easy;
	struct curl_slist *headers;
	char *authorization; /* the header line; `headers` has its own copy */
	http_done *done;
	void *user;
	unsigned timeout_ms;
	bool inspect;
	struct receiver receiver;
	char host[256];
	char reason[CURL_ERROR_SIZE];
	struct http_answer answer;
	struct api_exchange seen; /* by the observer */
};

/* ---- the loop: one epoll descriptor of curl's sockets and one timer ---- */

static void timer_arm(struct http *http) {
	int64_t at_ms = http->curl_at_ms < http->alarm_at_ms ? http->curl_at_ms : http->alarm_at_ms;

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
	struct http *http = user;

	(void)multi;
	/* Not from in here, even for 0: curl must not be called back into. */
	http->curl_at_ms = timeout_ms < 0 ? WATCH_NEVER : watch_now_ms() + timeout_ms;
	timer_arm(http);
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

/* Remembers a connection: at the beginning of a request curl names its port only. */
static void socket_note(struct http *http, int fd) {
	size_t at = 0;

	while (at < SOCKETS_MAX && http->used[at].fd != fd)
		at++;
	http->used[at < SOCKETS_MAX ? at : http->used_next++ % SOCKETS_MAX] = (struct http_used){.fd = fd};
}

/*
 * Close-on-exec, which curl itself leaves out: no child may inherit a connection that carried the token.
 *
 * And a limit to how long what was sent may stay without an acknowledgement. curl goes on using an HTTP/2 connection
 * whose requests time out; after a change of networks every read would wait in vain until the kernel gave that
 * connection up, which takes a quarter of an hour.
 */
static curl_socket_t on_open(void *user, curlsocktype purpose, struct curl_sockaddr *address) {
	int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	unsigned limit_ms = HTTP_CONNECT_MS;

	(void)purpose;
	if (fd >= 0) {
		socket_note(user, fd);
		setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &limit_ms, sizeof(limit_ms));
	}
	return fd;
}

int http_fd(const struct http *http) {
	return http->watch.epoll_fd;
}

void http_free(struct http *http) {
	if (!http)
		return;
	curl_multi_cleanup(http->multi);
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

int http_new(const struct http_config *config, struct http **ret) {
	SCOPED(scope_http) struct http *http = calloc(1, sizeof(*http));
	int rc;

	if (!http)
		return -ENOMEM;
	http->curl_at_ms = http->alarm_at_ms = WATCH_NEVER;
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
	http->multi = curl_multi_init();
	http->ca_file = config->ca_file ? strdup(config->ca_file) : NULL;
	http->proxy = strdup(config->proxy ? config->proxy : "");
	if (!http->multi || !http->proxy || (config->ca_file && !http->ca_file))
		return -ENOMEM;
	if (curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, on_socket) ||
		curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http) ||
		curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, on_timer) ||
		curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http) ||
		curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)config->parallel))
		return -ENOMEM;
	*ret = take_pointer(http);
	return 0;
}

/* ---- who is told ---- */

/* The path of a URL that has a scheme and a host. */
static const char *url_path(const char *url) {
	const char *host = strstr(url, "://");
	const char *path = host ? strchr(host + 3, '/') : NULL;

	return path ? path : "";
}

static void exchange_seen(struct http_exchange *exchange, int code) {
	const struct api_observer *observer = &exchange->http->observer;
	struct api_exchange *seen = &exchange->seen;
	curl_off_t received = 0;
	long head = 0, asked = 0;

	if (!observer->exchange)
		return;
	curl_easy_getinfo(exchange->easy, CURLINFO_SIZE_DOWNLOAD_T, &received);
	curl_easy_getinfo(exchange->easy, CURLINFO_HEADER_SIZE, &head);
	curl_easy_getinfo(exchange->easy, CURLINFO_REQUEST_SIZE, &asked);
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
	if (!answer_header(&exchange->receiver, line, len))
		return 0;
	/* The end of a section; 1xx sections come before the one that counts, trailers after it. */
	if ((line[0] == '\r' || line[0] == '\n') && !answer->status &&
		!curl_easy_getinfo(exchange->easy, CURLINFO_RESPONSE_CODE, &status) && status >= 200)
		answer->status = (int)status;
	return len;
}

static size_t on_body(char *data, size_t one, size_t len, void *user) {
	struct http_exchange *exchange = user;

	(void)one;
	return answer_body(&exchange->receiver, data, len) ? len : 0;
}

/*
 * Just before a request leaves. What can be read by then from a connection that was used before is no answer to this
 * request, though curl would take it for one: somebody sent more than he was asked for. The connection is given up, and
 * the request with it. HTTP/2 may say things unasked, and there each answer names its request; so may TLS before the
 * first answer.
 */
static int on_request(void *user, char *remote, char *local, int remote_port, int local_port) {
	struct http_exchange *exchange = user;
	struct http *http = exchange->http;
	char byte;

	(void)remote;
	(void)local;
	(void)remote_port;
	/* It went out before, by a connection that turned out to be dead, and curl repeats it: that was one too. */
	if (exchange->left) {
		exchange_seen(exchange, EREMOTEIO);
		exchange->began_ms = watch_now_ms();
	}
	exchange->left = true;
	for (size_t i = 0; i < SOCKETS_MAX; i++) {
		struct http_used *used = &http->used[i];

		if (!used->fd || (used->port && used->port != local_port))
			continue;
		used->port = socket_port(used->fd);
		if (used->port != local_port || !used->plain || recv(used->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0)
			continue;
		curl_easy_setopt(exchange->easy, CURLOPT_FORBID_REUSE, 1L);
		return CURL_PREREQFUNC_ABORT;
	}
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
	curl_easy_cleanup(exchange->easy);
	for (struct curl_slist *header = exchange->headers; header; header = header->next)
		explicit_bzero(header->data, strlen(header->data));
	curl_slist_free_all(exchange->headers);
	if (exchange->authorization)
		explicit_bzero(exchange->authorization, strlen(exchange->authorization));
	free(exchange->authorization);
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
	curl_multi_remove_handle(exchange->http->multi, exchange->easy);
	exchange_free(exchange);
}

static bool headers_add(struct http_exchange *exchange, const char *line) {
	struct curl_slist *headers = curl_slist_append(exchange->headers, line);

	if (headers)
		exchange->headers = headers;
	return headers;
}

static int exchange_authorize(struct http_exchange *exchange, const struct http_request *request) {
	static const char scheme[] = "Authorization: Bearer ";
	size_t len = request->token ? strlen(request->token) : 0;

	exchange->answer.token = request->secret;
	if (!request->token)
		return 0;
	exchange->authorization = malloc(sizeof(scheme) + len);
	if (!exchange->authorization)
		return -ENOMEM;
	memcpy(exchange->authorization, scheme, sizeof(scheme));
	memcpy(exchange->authorization + sizeof(scheme) - 1, request->token, len + 1);
	exchange->answer.token = exchange->authorization + sizeof(scheme) - 1;
	return headers_add(exchange, exchange->authorization) ? 0 : -ENOMEM;
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

static int exchange_headers(struct http_exchange *exchange, const struct http_request *request) {
	char control[48] = "Cache-Control: no-cache";

	if (exchange_authorize(exchange, request) < 0 || !headers_add(exchange, "Accept: application/json") ||
		!headers_add(exchange, "Expect:"))
		return -ENOMEM;
	if (request->max_age_s)
		snprintf(control, sizeof(control), "Cache-Control: max-age=%u", request->max_age_s);
	if (request->method == API_GET && !headers_add(exchange, control))
		return -ENOMEM;
	/* An empty one would be sent for a POST without a body: "application/x-www-form-urlencoded". */
	if (!headers_add(exchange, request->body ? "Content-Type: application/json" : "Content-Type:"))
		return -ENOMEM;
	return 0;
}

/* Sets one option unless one before it failed. */
#define SET(option, value) (rc = rc ? rc : curl_easy_setopt(easy, option, value))

static CURLcode options_method(CURL *easy, const struct http_request *request, bool secure) {
	static const char *const names[] = {
		[API_GET] = "GET", [API_POST] = "POST", [API_PUT] = "PUT", [API_DELETE] = "DELETE"};
	CURLcode rc = CURLE_OK;

	if (request->method != API_GET) {
		/*
		 * A change goes out on a connection of its own. On a reused one that dies before its answer curl sends
		 * the request again by itself, and a POST would create twice; HTTP/2 has its own repetition
		 * (REFUSED_STREAM).
		 */
		SET(CURLOPT_FRESH_CONNECT, 1L);
		SET(CURLOPT_FORBID_REUSE, 1L);
		SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	} else {
		SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
		/*
		 * One connection for all where the server multiplexes, which TLS negotiates. Without TLS all would wait
		 * for the first one's answer.
		 */
		SET(CURLOPT_PIPEWAIT, secure ? 1L : 0L);
	}
	if (request->body || request->method == API_POST || request->method == API_PUT) {
		SET(CURLOPT_POSTFIELDS, request->body ? request->body : "");
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)(request->body ? request->body_len : 0));
	}
	if (request->method == API_PUT || request->method == API_DELETE)
		SET(CURLOPT_CUSTOMREQUEST, names[request->method]);
	return rc;
}

static CURLcode options_safety(CURL *easy, struct http *http, bool secure) {
	/* Unencrypted goes to this machine only (url_check()), never to a proxy. "" is none, whatever the environment
	 * says. */
	const char *proxy = secure ? http->proxy : "";
	CURLcode rc = CURLE_OK;

	SET(CURLOPT_PROTOCOLS_STR, secure ? "https" : "http");
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_SSL_VERIFYPEER, 1L);
	SET(CURLOPT_SSL_VERIFYHOST, 2L);
	SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (http->ca_file) {
		SET(CURLOPT_CAINFO, http->ca_file);
		SET(CURLOPT_PROXY_CAINFO, http->ca_file);
		/* Else the system's directory of authorities would still count, too. */
		SET(CURLOPT_CAPATH, NULL);
		SET(CURLOPT_PROXY_CAPATH, NULL);
	}
	SET(CURLOPT_PROXY, proxy);
	SET(CURLOPT_NOPROXY, "");
	/* Else a proxy would get the request's headers, and with them the token, in its CONNECT. */
	SET(CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
	SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(CURLOPT_PATH_AS_IS, 1L);
	SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	/* No signals: a resolver's SIGALRM would hit the loop. No waiting at the end for a resolver that hangs. */
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_QUICK_EXIT, 1L);
	SET(CURLOPT_OPENSOCKETFUNCTION, on_open);
	SET(CURLOPT_OPENSOCKETDATA, http);
	return rc;
}

static CURLcode options_set(struct http_exchange *exchange, const struct http_request *request) {
	CURL *easy = exchange->easy;
	bool secure = strncasecmp(request->url, "https:", 6) == 0;
	/* 0 would mean: no limit. */
	long timeout_ms = request->timeout_ms ? (long)request->timeout_ms : 1;
	CURLcode rc = options_safety(easy, exchange->http, secure);

	rc = rc ? rc : options_method(easy, request, secure);
	if (request->inspect) {
		SET(CURLOPT_FRESH_CONNECT, 1L);
		SET(CURLOPT_CERTINFO, 1L);
	}
	SET(CURLOPT_URL, request->url);
	SET(CURLOPT_HTTPHEADER, exchange->headers);
	SET(CURLOPT_USERAGENT, "neevfs/" NEEVFS_VERSION);
	SET(CURLOPT_ACCEPT_ENCODING, "gzip");
	SET(CURLOPT_TIMEOUT_MS, timeout_ms);
	SET(CURLOPT_CONNECTTIMEOUT_MS, timeout_ms < HTTP_CONNECT_MS ? timeout_ms : (long)HTTP_CONNECT_MS);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, exchange);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, exchange);
	SET(CURLOPT_ERRORBUFFER, exchange->reason);
	SET(CURLOPT_PREREQFUNCTION, on_request);
	SET(CURLOPT_PREREQDATA, exchange);
	SET(CURLOPT_PRIVATE, exchange);
	return rc;
}

int http_start(struct http *http, const struct http_request *request, http_done *done, void *user,
	struct http_exchange **ret) {
	SCOPED(scope_exchange) struct http_exchange *exchange = calloc(1, sizeof(*exchange));
	CURLcode rc;

	if (!exchange)
		return -ENOMEM;
	exchange->http = http;
	exchange->done = done;
	exchange->user = user;
	exchange->timeout_ms = request->timeout_ms;
	exchange->inspect = request->inspect;
	exchange->receiver.answer = &exchange->answer;
	exchange->seen = (struct api_exchange){.service = request->service,
		.method = request->method,
		.path = url_path(request->url),
		.tag = request->tag,
		.attempt = request->attempt};
	url_host(request->url, exchange->host, sizeof(exchange->host));
	exchange->easy = curl_easy_init();
	if (!exchange->easy || exchange_headers(exchange, request) < 0 || exchange_body(exchange, request) < 0)
		return -ENOMEM;
	rc = options_set(exchange, request);
	if (rc)
		return rc == CURLE_OUT_OF_MEMORY ? -ENOMEM : -EINVAL;
	if (curl_multi_add_handle(http->multi, exchange->easy))
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

static void socket_answered(struct http *http, CURL *easy) {
	long port = 0, version = 0;

	curl_easy_getinfo(easy, CURLINFO_LOCAL_PORT, &port);
	curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &version);
	for (size_t i = 0; i < SOCKETS_MAX && port; i++)
		if (http->used[i].port == port)
			http->used[i].plain = version == CURL_HTTP_VERSION_1_0 || version == CURL_HTTP_VERSION_1_1;
}

__attribute__((format(printf, 3, 4))) static void answer_fail(
	struct http_answer *answer, int code, const char *format, ...) {
	va_list args;

	answer->code = code;
	va_start(args, format);
	vsnprintf(answer->message, sizeof(answer->message), format, args);
	va_end(args);
}

/* strerror() begins with a capital, which looks odd behind a colon. */
static void answer_fail_connect(struct http_exchange *exchange, CURLcode rc) {
	long os_errno = 0;
	char reason[128];

	curl_easy_getinfo(exchange->easy, CURLINFO_OS_ERRNO, &os_errno);
	snprintf(reason, sizeof(reason), "%s", os_errno ? strerror((int)os_errno) : curl_easy_strerror(rc));
	reason[0] = (char)tolower((unsigned char)reason[0]);
	answer_fail(&exchange->answer, EHOSTUNREACH, "cannot reach %s: %s", exchange->host, reason);
}

static void answer_fail_late(struct http_exchange *exchange) {
	struct http_answer *answer = &exchange->answer;
	unsigned limit_ms = exchange->timeout_ms;
	char limit[32];

	if (!answer->sent && limit_ms > HTTP_CONNECT_MS)
		limit_ms = HTTP_CONNECT_MS;
	watch_duration(limit_ms, limit, sizeof(limit));
	if (answer->sent)
		answer_fail(answer, ETIMEDOUT, "no %sanswer within %s", answer->status ? "complete " : "", limit);
	else
		answer_fail(answer, ETIMEDOUT, "no connection to %s within %s", exchange->host, limit);
}

/* The proxy answered, but with no way through. */
static bool answer_fail_proxy(struct http_exchange *exchange) {
	long code = 0;

	if (curl_easy_getinfo(exchange->easy, CURLINFO_HTTP_CONNECTCODE, &code) || code < 300)
		return false;
	answer_fail(&exchange->answer, EHOSTUNREACH, "cannot reach %s: the proxy answered %ld", exchange->host, code);
	return true;
}

/*
 * A handshake that just broke off says nothing about trust. curl has no code of its own for it, only this text for
 * where OpenSSL gave no reason.
 */
static bool handshake_broke(CURLcode rc, const char *reason) {
	return rc == CURLE_SSL_CONNECT_ERROR && strncmp(reason, "OpenSSL SSL_connect:", 20) == 0;
}

/* Why there is no whole answer. */
static void answer_explain(struct http_exchange *exchange, CURLcode rc) {
	struct http_answer *answer = &exchange->answer;
	const char *reason = exchange->reason[0] ? exchange->reason : curl_easy_strerror(rc);

	switch (exchange->receiver.fault) {
	case RECEIVER_NO_MEMORY:
		answer_fail(answer, ENOMEM, "no memory for the answer");
		return;
	case RECEIVER_BODY_TOO_LARGE:
		if (answer->body.limit < HTTP_BODY_MAX)
			answer_fail(
				answer, EREMOTEIO, "unusable answer: larger than %zu KiB", answer->body.limit >> 10);
		else
			answer_fail(answer, EREMOTEIO, "unusable answer: larger than %d MiB", HTTP_BODY_MAX >> 20);
		return;
	case RECEIVER_HEAD_TOO_LARGE:
		answer_fail(answer, EREMOTEIO, "unusable answer: headers larger than %d KiB", HTTP_HEAD_MAX >> 10);
		return;
	case RECEIVER_GOOD:
		break;
	}
	/* What curl says of a header line that is longer than its own buffers may be. */
	if (rc == CURLE_OUT_OF_MEMORY && answer->sent && !answer->status) {
		answer_fail(answer, EREMOTEIO, "unusable answer: a header line too long, or no memory for it");
		return;
	}
	if (rc != CURLE_OPERATION_TIMEDOUT && rc != CURLE_OUT_OF_MEMORY && !answer->sent && answer_fail_proxy(exchange))
		return;
	if (handshake_broke(rc, reason)) {
		answer_fail(answer, EHOSTUNREACH, "cannot reach %s: the connection broke in the TLS handshake",
			exchange->host);
		return;
	}
	switch (rc) {
	case CURLE_OUT_OF_MEMORY:
		answer_fail(answer, ENOMEM, "no memory for the request");
		break;
	case CURLE_COULDNT_RESOLVE_HOST:
		answer_fail(answer, EHOSTUNREACH, "cannot reach %s: its name cannot be resolved", exchange->host);
		break;
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_PROXY:
		answer_fail(answer, EHOSTUNREACH, "cannot reach %s: the proxy does not work (%s)", exchange->host,
			curl_easy_strerror(rc));
		break;
	case CURLE_COULDNT_CONNECT:
		answer_fail_connect(exchange, rc);
		break;
	case CURLE_OPERATION_TIMEDOUT:
		answer_fail_late(exchange);
		break;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_CRL_BADFILE:
	case CURLE_SSL_INVALIDCERTSTATUS:
	case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
	case CURLE_USE_SSL_FAILED:
		answer_fail(answer, EPROTO, "no trusted connection to %s: %s", exchange->host, reason);
		break;
	case CURLE_URL_MALFORMAT:
		answer_fail(answer, EINVAL, "not sent: %s", reason);
		break;
	case CURLE_ABORTED_BY_CALLBACK:
		answer_fail(answer, EREMOTEIO, "the connection held more than the answers that were asked for");
		break;
	case CURLE_PARTIAL_FILE:
		answer_fail(answer, EREMOTEIO, "unusable answer: it was cut off");
		break;
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
		answer_fail(answer, EREMOTEIO,
			answer->status ? "unusable answer: the connection broke in it"
				       : "the connection broke before an answer came");
		break;
	default:
		answer_fail(answer, EREMOTEIO, "unusable answer: %s", reason);
		break;
	}
}

/* The times that curl tells are each since the start. */
static void route_read(CURL *easy, struct http_route *ret) {
	const struct curl_certinfo *shown = NULL;
	curl_off_t us[4] = {0};

	curl_easy_getinfo(easy, CURLINFO_NAMELOOKUP_TIME_T, &us[0]);
	curl_easy_getinfo(easy, CURLINFO_CONNECT_TIME_T, &us[1]);
	curl_easy_getinfo(easy, CURLINFO_APPCONNECT_TIME_T, &us[2]);
	curl_easy_getinfo(easy, CURLINFO_STARTTRANSFER_TIME_T, &us[3]);
	*ret = (struct http_route){
		.resolved_us = us[0], .connected_us = us[1], .secured_us = us[2], .answered_us = us[3]};
	curl_easy_getinfo(easy, CURLINFO_CERTINFO, &shown);
	for (int i = 0; shown && i < shown->num_of_certs; i++)
		for (const struct curl_slist *line = shown->certinfo[i]; line; line = line->next) {
			int64_t end_s = strncasecmp(line->data, "expire date:", 12) == 0
						? (int64_t)curl_getdate(line->data + 12, NULL)
						: 0;

			if (end_s > 0 && (!ret->expires_s || end_s < ret->expires_s))
				ret->expires_s = end_s;
		}
}

static void exchange_end(struct http_exchange *exchange, CURLcode rc) {
	struct http_answer *answer = &exchange->answer;
	curl_off_t pretransfer_us = 0, retry_after_s = 0;

	/* Set when the request is about to go out. The size of the request is no proof: it is counted late. */
	curl_easy_getinfo(exchange->easy, CURLINFO_PRETRANSFER_TIME_T, &pretransfer_us);
	answer->sent = pretransfer_us != 0 || answer->status != 0;
	socket_answered(exchange->http, exchange->easy);
	/* Seconds or a date: curl reads both. */
	curl_easy_getinfo(exchange->easy, CURLINFO_RETRY_AFTER, &retry_after_s);
	if (retry_after_s > 0)
		answer->retry_after_ms =
			retry_after_s > RETRY_AFTER_MAX_S ? RETRY_AFTER_MAX_S * 1000 : (unsigned)retry_after_s * 1000;
	answer->date_s = curl_getdate(answer->date, NULL);
	if (answer->date_s < 0)
		answer->date_s = 0;
	if (exchange->inspect)
		route_read(exchange->easy, &answer->route);
	if (rc)
		answer_explain(exchange, rc);
	else if (!answer->status)
		answer_fail(answer, EREMOTEIO, "unusable answer: no status line");
	exchange_seen(exchange, answer->code);
	exchange->done(exchange->user, answer);
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
		if (late) {
			curl_multi_remove_handle(http->multi, late->easy);
			exchange_unlink(late);
			exchange_end(late, CURLE_OPERATION_TIMEDOUT);
			exchange_free(late);
		}
	} while (late);
}

void http_run(struct http *http) {
	struct watch_event events[EVENTS_MAX];
	size_t count = watch_poll(&http->watch, events, EVENTS_MAX);
	int left;
	CURLMsg *message;

	for (size_t i = 0; i < count; i++) {
		unsigned happened = events[i].happened;

		if (events[i].fd == http->guest_fd)
			continue;
		int mask = (happened & WATCH_IN ? CURL_CSELECT_IN : 0) | (happened & WATCH_OUT ? CURL_CSELECT_OUT : 0) |
			   (happened & WATCH_ERROR ? CURL_CSELECT_ERR : 0);

		curl_multi_socket_action(http->multi, events[i].fd, mask, &left);
	}
	if (http->curl_at_ms <= watch_now_ms()) {
		http->curl_at_ms = WATCH_NEVER;
		curl_multi_socket_action(http->multi, CURL_SOCKET_TIMEOUT, 0, &left);
	}
	while ((message = curl_multi_info_read(http->multi, &left))) {
		struct http_exchange *exchange = NULL;
		CURLcode rc = message->data.result;
		CURL *easy = message->easy_handle;

		if (message->msg != CURLMSG_DONE || curl_easy_getinfo(easy, CURLINFO_PRIVATE, &exchange) || !exchange)
			continue;
		/* The message is gone with this. */
		curl_multi_remove_handle(http->multi, easy);
		exchange_unlink(exchange);
		exchange_end(exchange, rc);
		exchange_free(exchange);
	}
	http_run_late(http);
	timer_arm(http);
}
