#include "probe.h"
#include "answer.h"
#include "scope.h"
#include "token.h"
#include "watch.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

static void scope_http(struct http **http) {
	http_free(*http);
}

/* What one request came to; counts down what is under way. */
struct asking {
	struct probe *probe;
	size_t *left;
	struct http_exchange *exchange; /* NULL: it is over */
};

static void on_answer(void *user, struct http_answer *answer) {
	struct asking *asking = user;
	struct probe *probe = asking->probe;
	struct api_response response;

	answer_read(answer, API_GET, &response);
	probe->status = response.status;
	probe->error = response.error;
	probe->error.code = response.code;
	probe->dated = answer->date_s != 0;
	probe->ahead_s = probe->dated ? answer->date_s - watch_wall_s() : 0;
	probe->resolved_us = answer->route.resolved_us;
	probe->connected_us = answer->route.connected_us;
	probe->secured_us = answer->route.secured_us;
	probe->answered_us = answer->route.answered_us;
	probe->expires_s = answer->route.expires_s;
	asking->exchange = NULL; /* it ends by itself when this returns */
	--*asking->left;
}

int probe_all(const struct probe_config *config, struct probe *probes, size_t count, struct error *err) {
	struct http_config http_config = {
		.ca_file = config->ca_file, .proxy = config->proxy, .parallel = (unsigned)count};
	SCOPED(scope_http) struct http *http = NULL;
	SCOPED(scope_free) struct asking *asking = calloc(count, sizeof(*asking));
	const char *token = NULL;
	size_t left = 0;
	int rc = asking ? 0 : error_set(err, ENOMEM, "no memory");

	if (rc == 0 && config->token) {
		struct token_time now = {.ms = watch_now_ms(), .wall_s = watch_wall_s()};

		/* It is attached to no http, so nothing is fetched. */
		rc = token_get(config->token, API_TENANT, now, &token, err);
	}
	if (rc < 0)
		return rc;
	rc = http_new(&http_config, &http);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		struct http_request request = {.method = API_GET,
			.url = probes[i].url,
			.token = token,
			.timeout_ms = PROBE_MS,
			.inspect = true};

		asking[i] = (struct asking){.probe = &probes[i], .left = &left};
		rc = http_start(http, &request, on_answer, &asking[i], &asking[i].exchange);
		left += rc == 0;
	}
	while (rc == 0 && left) { /* each has its own time limit */
		struct pollfd wait = {.fd = http_fd(http), .events = POLLIN};

		poll(&wait, 1, -1);
		http_run(http);
	}
	for (size_t i = 0; asking && i < count; i++)
		http_cancel(asking[i].exchange);
	return rc < 0 ? error_set(err, -rc, "the HTTP client cannot be started: %s", strerror(-rc)) : 0;
}
