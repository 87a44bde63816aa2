#include "failure.h"
#include "answer.h"
#include "url.h"
#include "watch.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

/* strerror() begins with a capital, which looks odd behind a colon. */
static void tell_connect(const struct failure *failure, const char *host, struct http_answer *answer) {
	char reason[128];

	snprintf(reason, sizeof(reason), "%s", failure->os_errno ? strerror(failure->os_errno) : failure->general);
	reason[0] = (char)tolower((unsigned char)reason[0]);
	answer_fail(answer, EHOSTUNREACH, "cannot reach %s: %s", host, reason);
}

static void tell_time(const struct failure *failure, const char *host, struct http_answer *answer) {
	unsigned limit_ms = failure->timeout_ms;
	char limit[32];

	if (!answer->sent && limit_ms > HTTP_CONNECT_MS)
		limit_ms = HTTP_CONNECT_MS;
	watch_duration(limit_ms, limit, sizeof(limit));
	if (answer->sent)
		answer_fail(answer, ETIMEDOUT, "no %sanswer within %s", answer->status ? "complete " : "", limit);
	else
		answer_fail(answer, ETIMEDOUT, "no connection to %s within %s", host, limit);
}

/* The proxy answered, but with no way through: whatever else was made of it. */
static bool proxy_refused(const struct failure *failure, const struct http_answer *answer) {
	return !answer->sent && failure->proxy_status >= 300 && failure->cause != FAILURE_TIME &&
	       failure->cause != FAILURE_MEMORY;
}

void failure_tell(const struct failure *failure, struct http_answer *answer) {
	char host[256];

	url_host(failure->url, host, sizeof(host));
	if (proxy_refused(failure, answer)) {
		answer_fail(
			answer, EHOSTUNREACH, "cannot reach %s: the proxy answered %d", host, failure->proxy_status);
		return;
	}
	switch (failure->cause) {
	case FAILURE_UNUSABLE:
		answer_fail(answer, EREMOTEIO, "unusable answer: %s", failure->detail);
		break;
	case FAILURE_STATUS:
		answer_fail(answer, EREMOTEIO, "unusable answer: no status line");
		break;
	case FAILURE_CUT:
	case FAILURE_BROKEN:
		answer_fail(answer, EREMOTEIO, "%s",
			!answer->status                 ? "the connection broke before an answer came"
			: failure->cause == FAILURE_CUT ? "unusable answer: it was cut off"
							: "unusable answer: the connection broke in it");
		break;
	case FAILURE_MEMORY:
		/* So the client also calls a header line that is longer than its own buffers may be. */
		if (answer->sent && !answer->status)
			answer_fail(answer, EREMOTEIO, "unusable answer: a header line too long, or no memory for it");
		else
			answer_fail(answer, ENOMEM, "no memory for the request");
		break;
	case FAILURE_TIME:
		tell_time(failure, host, answer);
		break;
	case FAILURE_URL:
		answer_fail(answer, EINVAL, "not sent: %s", failure->detail);
		break;
	case FAILURE_NAME:
		answer_fail(answer, EHOSTUNREACH, "cannot reach %s: its name cannot be resolved", host);
		break;
	case FAILURE_PROXY:
		answer_fail(
			answer, EHOSTUNREACH, "cannot reach %s: the proxy does not work (%s)", host, failure->general);
		break;
	case FAILURE_CONNECT:
		tell_connect(failure, host, answer);
		break;
	case FAILURE_HANDSHAKE:
		answer_fail(answer, EHOSTUNREACH, "cannot reach %s: the connection broke in the TLS handshake", host);
		break;
	case FAILURE_TRUST:
		answer_fail(answer, EPROTO, "no trusted connection to %s: %s", host, failure->detail);
		break;
	}
}
