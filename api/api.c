#include "api.h"
#include "answer.h"
#include "call.h"
#include "health.h"
#include "http.h"
#include "places.h"
#include "retry.h"
#include "scope.h"
#include "token.h"
#include "url.h"
#include "watch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct api {
	struct http *http;
	struct token *token;
	char *base[API_SERVICES];
	unsigned pages_max;
	int64_t alarm_ms;
	uint64_t seed;
	struct health health[API_SERVICES];
	struct api_observer observer;
	/* A request waits for a place, has one, or stands in one of the three queues behind. */
	struct places places;
	struct call_queue pausing; /* before an attempt, until its due_ms */
	struct call_queue waiting; /* for a token that is being fetched */
	struct call_queue failed;  /* could not be started; the next api_run() tells */
	struct call_queue lists;
};

/* One request. */
struct request {
	struct api_call call; /* first: a request is an api_call */
	enum api_service service;
	enum api_method method;
	bool urgent;
	unsigned max_age_s;
	const void *tag;
	char *url;
	char *body;
	size_t body_len;
	unsigned timeout_ms;
	int64_t deadline_ms;
	api_done *done; /* NULL: nobody wants to know any more */
	void *user;
	struct http_exchange *exchange; /* while flying */
	struct http_answer *answer;     /* while `done` is running */
	unsigned attempts;              /* begun */
	bool probe;                     /* the one that finds out whether the service is there again */
	int64_t due_ms;                 /* while pausing */
	unsigned given_ms;              /* that this attempt has */
	unsigned token_generation;      /* of the token that was sent */
	bool repeated;                  /* after a 401 */
	struct error failure;           /* while in `failed` */
};

static struct request *request_of(struct api_call *call) {
	return (struct request *)call;
}

static struct health *health_of(const struct request *request) {
	return &request->call.api->health[request->service];
}

static struct lane *lane_of(const struct request *request) {
	struct places *places = &request->call.api->places;

	return request->method == API_GET ? &places->reads : &places->changes;
}

static void scope_api(struct api **api) {
	api_free(*api);
}

int api_new(const struct api_config *config, struct api **ret, struct error *err) {
	SCOPED(scope_api) struct api *api = calloc(1, sizeof(*api));
	struct http_config http = {.ca_file = config->ca_file,
		.proxy = config->proxy,
		.parallel = config->parallel,
		.observer = config->observer};
	int rc;

	if (!api)
		return error_set(err, ENOMEM, "no memory");
	if (config->parallel < PLACES_MIN)
		return error_set(err, EINVAL, "at least %d requests must be allowed in parallel", PLACES_MIN);
	if (config->pages_max < 1)
		return error_set(err, EINVAL, "at least one page must be allowed");
	for (size_t i = 0; i < API_SERVICES; i++) {
		size_t len = config->base[i] ? strlen(config->base[i]) : 0;

		rc = config->base[i] ? url_check(config->base[i], err) : error_set(err, EINVAL, "a service has no URL");
		if (rc < 0)
			return rc;
		while (len && config->base[i][len - 1] == '/')
			len--;
		api->base[i] = strndup(config->base[i], len);
		if (!api->base[i])
			return error_set(err, ENOMEM, "no memory");
	}
	api->token = config->token;
	api->places.count = config->parallel;
	api->pages_max = config->pages_max;
	api->seed = config->seed;
	api->observer = config->observer;
	api->alarm_ms = WATCH_NEVER;
	rc = http_new(&http, &api->http);
	if (rc < 0)
		return error_set(err, -rc, "the HTTP client cannot be started: %s", strerror(-rc));
	if (api->token)
		token_attach(api->token, api->http);
	*ret = take_pointer(api);
	return 0;
}

void api_free(struct api *api) {
	if (!api)
		return;
	/* Lists first: they end their own requests. */
	struct lane *changes = &api->places.changes, *reads = &api->places.reads;
	struct call_queue *queues[] = {&api->lists, &changes->waiting, &reads->waiting, &changes->flying,
		&reads->flying, &api->pausing, &api->waiting, &api->failed};

	for (size_t i = 0; i < sizeof(queues) / sizeof(queues[0]); i++)
		while (queues[i]->first)
			queues[i]->first->free(queues[i]->first);
	if (api->token)
		token_detach(api->token, api->http);
	http_free(api->http);
	for (size_t i = 0; i < API_SERVICES; i++)
		free(api->base[i]);
	free(api);
}

int api_fd(const struct api *api) {
	return http_fd(api->http);
}

struct call_queue *api_lists(struct api *api) {
	return &api->lists;
}

const struct health *api_health(const struct api *api, enum api_service service) {
	return &api->health[service];
}

const struct token *api_token(const struct api *api) {
	return api->token;
}

unsigned api_pages_max(const struct api *api) {
	return api->pages_max;
}

/* Wakes api_run() then, unless it is woken earlier anyway. */
static void api_wake(struct api *api, int64_t at_ms) {
	if (at_ms >= api->alarm_ms)
		return;
	api->alarm_ms = at_ms;
	http_alarm(api->http, at_ms);
}

/* ---- one request ---- */

static void request_free(struct api_call *call) {
	struct request *request = request_of(call);

	if (request->exchange)
		health_left(health_of(request), request->probe);
	http_cancel(request->exchange);
	call_remove(call);
	free(request->url);
	free(request->body);
	free(request);
}

/* Ends it with its completion, which may start and cancel others. */
static void request_end(struct request *request, const struct api_response *response) {
	call_remove(&request->call);
	if (request->done)
		request->done(request->user, response);
	request_free(&request->call);
}

/* Ends it without an answer. */
static void request_fail(struct request *request, const struct error *err) {
	struct api_response response = {.code = err->code, .error = *err};

	response.error.verdict = request->method == API_GET ? VERDICT_NONE : VERDICT_NOT_DONE;
	request_end(request, &response);
}

static bool request_expired(const struct request *request, int64_t now_ms, struct error *ret) {
	char limit[32];

	if (now_ms < request->deadline_ms)
		return false;
	watch_duration(request->timeout_ms, limit, sizeof(limit));
	error_set(ret, ETIMEDOUT, "not sent within %s: %s", limit,
		request->call.queue == &request->call.api->waiting ? "the token was still being fetched"
								   : "too many other requests were under way");
	return true;
}

/* ---- the token ---- */

static struct token_time token_now(int64_t now_ms) {
	return (struct token_time){.ms = now_ms, .wall_s = watch_wall_s()};
}

/*
 * Tells the token what came of it. Whether a 401 is to be answered by sending the request again: once, if there is
 * another token by now or soon. Safe for a POST too, as a 401 says that nothing was done.
 */
static bool request_repeats(struct request *request, const struct api_response *response, int64_t now_ms) {
	bool again = token_answered(request->call.api->token, request->service, request->token_generation,
		response->status, &response->error, token_now(now_ms));

	return again && !request->repeated;
}

/* Goes on with fetching a token; those that waited for its end stand in the queue again, before what came later. */
static void token_turn(struct api *api) {
	token_run(api->token, token_now(watch_now_ms()));
	while (!token_fetching(api->token) && api->waiting.last) {
		struct request *request = request_of(api->waiting.last);

		call_remove(&request->call);
		call_push_front(&lane_of(request)->waiting, &request->call);
	}
}

/* Whether a GET that failed is tried again, at *ret_ms. Of changes their owner decides: it knows what they mean. */
static bool request_retries(
	struct request *request, const struct api_response *response, int64_t now_ms, int64_t *ret_ms) {
	/* What cannot be read the second time neither will the third. */
	bool unusable = response->status >= 200 && response->status <= 299;

	if (request->method != API_GET || !retry_worth(response) ||
		request->attempts >= (unusable ? 2 : RETRY_ATTEMPTS))
		return false;
	*ret_ms = now_ms + retry_pause_ms(response, request->attempts, &request->call.api->seed);
	return *ret_ms < request->deadline_ms - RETRY_FIRST_MS && health_retry(health_of(request));
}

/*
 * What the answer says of the service. An attempt that began too late to be answered in time says nothing; nor does a
 * change that was sent and got no answer: that operation may be broken while all others work.
 */
static void request_learn(struct request *request, const struct api_response *response, int64_t now_ms) {
	bool hurried = response->code == ETIMEDOUT && request->given_ms < HTTP_CONNECT_MS &&
		       request->given_ms < request->timeout_ms / 2;
	bool lost = request->method != API_GET && response->error.verdict == VERDICT_UNKNOWN;
	struct health *health = health_of(request);
	const struct api_observer *observer = &request->call.api->observer;
	bool was_down = health->down_ms;

	if (hurried || lost)
		health_left(health, request->probe);
	else
		health_answered(health, response, request->probe, now_ms);
	request->probe = false;
	if (observer->service && was_down != (health->down_ms != 0))
		observer->service(observer->user, request->service, health->down_ms ? &health->error : NULL);
}

static void on_answer(void *user, struct http_answer *answer) {
	struct request *request = user;
	struct api *api = request->call.api;
	int64_t now_ms = watch_now_ms();
	struct api_response response;

	/* The exchange ends by itself when this returns. */
	request->exchange = NULL;
	call_remove(&request->call);
	answer_read(answer, request->method, &response);
	request_learn(request, &response, now_ms);
	if (request_repeats(request, &response, now_ms) && request->done) {
		request->repeated = true;
		call_push_front(&lane_of(request)->waiting, &request->call);
		api_wake(api, request->deadline_ms);
		return;
	}
	if (request->done && request_retries(request, &response, now_ms, &request->due_ms)) {
		call_push(&api->pausing, &request->call);
		api_wake(api, request->due_ms);
		return;
	}
	request->answer = answer;
	request_end(request, &response);
}

char *api_call_take_body(struct api_call *call) {
	struct buffer *body = &request_of(call)->answer->body;
	/* What grew by doubling has up to half of its memory for nothing, and is now kept for long. */
	char *fitting = realloc(body->data, body->len + 1);
	char *data = fitting ? fitting : body->data;

	*body = (struct buffer){0};
	return data;
}

/* Whether the service may be asked now: 0, or 1 if it pauses until it may, or -errno with the reason in `failure`. */
static int request_ask(struct request *request, int64_t now_ms) {
	struct health *health = health_of(request);
	char wait[32];

	switch (health_ask(health, request->urgent || request->method != API_GET, now_ms)) {
	case HEALTH_GO:
		return 0;
	case HEALTH_PROBE:
		request->probe = true;
		return 0;
	case HEALTH_WAIT:
		request->due_ms = health->hold_ms;
		if (request->due_ms < request->deadline_ms)
			return 1;
		watch_duration((unsigned)(health->hold_ms - now_ms), wait, sizeof(wait));
		error_set(&request->failure, health->error.code, "%s; it asks for a pause, of which %s are left",
			health->error.message, wait);
		break;
	case HEALTH_DOWN:
		error_set(&request->failure, health->error.code, "%s (not asked again so soon)", health->error.message);
		break;
	}
	request->failure.http_status = health->error.http_status;
	return -request->failure.code;
}

/* Puts it on its way. 0, -EAGAIN if a token is being fetched, or -errno with the reason in `failure`. */
static int request_fly(struct request *request, int64_t now_ms) {
	struct api *api = request->call.api;
	struct http_request http = {
		.method = request->method,
		.url = request->url,
		.body = request->body,
		.body_len = request->body_len,
		.timeout_ms = (unsigned)(request->deadline_ms - now_ms),
		.max_age_s = request->max_age_s,
		.service = request->service,
		.tag = request->tag,
		.attempt = request->attempts + 1,
	};
	int rc = token_get(api->token, request->service, token_now(now_ms), &http.token, &request->failure);

	if (rc < 0)
		return rc;
	request->token_generation = token_generation(api->token);
	request->given_ms = http.timeout_ms;
	rc = http_start(api->http, &http, on_answer, request, &request->exchange);
	if (rc < 0)
		return error_set(
			&request->failure, -rc, rc == -ENOMEM ? "no memory for the request" : "the URL cannot be used");
	request->attempts++;
	call_push(&lane_of(request)->flying, &request->call);
	return 0;
}

/* Sends it now, or lets it pause, or puts it among the failed. */
static void request_start(struct request *request, int64_t now_ms) {
	struct api *api = request->call.api;
	int rc;

	call_remove(&request->call);
	rc = request_expired(request, now_ms, &request->failure) ? -ETIMEDOUT : request_ask(request, now_ms);
	if (rc == 1) {
		call_push(&api->pausing, &request->call);
		api_wake(api, request->due_ms);
		return;
	}
	if (rc == 0)
		rc = request_fly(request, now_ms);
	if (rc == 0)
		return;
	health_left(health_of(request), request->probe);
	request->probe = false;
	if (rc == -EAGAIN) {
		call_push(&api->waiting, &request->call);
		api_wake(api, request->deadline_ms);
		return;
	}
	call_push(&api->failed, &request->call);
	api_wake(api, now_ms);
}

/* Starts what may start. */
static void api_pump(struct api *api) {
	int64_t now_ms = watch_now_ms();
	unsigned least = 0;

	for (struct api_call *call; (call = places_next(&api->places, &least));)
		request_start(request_of(call), now_ms);
	api_wake(api, token_due_ms(api->token));
}

/* Ends those that waited too long for their turn; finds out when to look again. */
static void queue_expire(struct api *api, struct call_queue *queue, int64_t now_ms, int64_t *next_ms) {
	for (struct api_call *call = queue->first, *next; call; call = next) {
		struct request *request = request_of(call);

		next = call->next;
		if (request_expired(request, now_ms, &request->failure)) {
			call_remove(call);
			call_push(&api->failed, call);
		} else if (request->deadline_ms < *next_ms) {
			*next_ms = request->deadline_ms;
		}
	}
}

/* Those whose pause is over stand in the queue again, before what came later. */
static void pausing_end(struct api *api, int64_t now_ms, int64_t *next_ms) {
	for (struct api_call *call = api->pausing.last, *prev; call; call = prev) {
		struct request *request = request_of(call);

		prev = call->prev;
		if (request->due_ms <= now_ms) {
			call_remove(call);
			call_push_front(&lane_of(request)->waiting, call);
		}
		if (request->due_ms > now_ms && request->due_ms < *next_ms)
			*next_ms = request->due_ms;
	}
}

static void api_tell_failed(struct api *api) {
	/* What a completion adds is told the next time: so this comes to an end. */
	for (size_t count = api->failed.count; count && api->failed.first; count--) {
		struct request *request = request_of(api->failed.first);
		struct error failure = request->failure;

		request_fail(request, &failure);
	}
}

void api_run(struct api *api) {
	int64_t now_ms, next_ms;

	http_run(api->http);
	token_turn(api);
	api_pump(api);
	now_ms = watch_now_ms();
	if (now_ms >= api->alarm_ms) {
		next_ms = token_due_ms(api->token);
		pausing_end(api, now_ms, &next_ms);
		queue_expire(api, &api->waiting, now_ms, &next_ms);
		queue_expire(api, &api->places.changes.waiting, now_ms, &next_ms);
		queue_expire(api, &api->places.reads.waiting, now_ms, &next_ms);
		api->alarm_ms = next_ms;
		http_alarm(api->http, next_ms);
		api_tell_failed(api);
		api_pump(api);
		if (api->failed.first)
			api_wake(api, now_ms);
	}
}

/* A change that may have been sent goes on; then only its completion is taken away. */
static void request_cancel(struct api_call *call) {
	struct request *request = request_of(call);
	struct api *api = call->api;

	if (request->exchange && request->method != API_GET) {
		request->done = NULL;
		return;
	}
	request_free(call);
	api_pump(api);
}

int api_send(struct api *api, const struct api_request *what, api_done *done, void *user, struct api_call **ret) {
	struct request *request = calloc(1, sizeof(*request));

	if (!request)
		return -ENOMEM;
	request->call =
		(struct api_call){.api = api, .caller = what->caller, .cancel = request_cancel, .free = request_free};
	request->service = what->service;
	request->method = what->method;
	request->urgent = what->urgent;
	request->max_age_s = what->max_age_s;
	request->tag = what->tag;
	request->timeout_ms = what->timeout_ms;
	request->deadline_ms = watch_now_ms() + what->timeout_ms;
	request->done = done;
	request->user = user;
	request->body_len = what->body_len;
	if (asprintf(&request->url, "%s%s", api->base[what->service], what->path) < 0)
		request->url = NULL;
	if (what->body && (request->body = malloc(what->body_len + 1))) {
		memcpy(request->body, what->body, what->body_len);
		request->body[what->body_len] = '\0';
	}
	if (!request->url || (what->body && !request->body)) {
		request_free(&request->call);
		return -ENOMEM;
	}
	call_push(&lane_of(request)->waiting, &request->call);
	*ret = &request->call;
	api_pump(api);
	if (request->call.queue == &lane_of(request)->waiting || request->call.queue == &api->waiting)
		api_wake(api, request->deadline_ms);
	return 0;
}

void api_cancel(struct api_call *call) {
	if (call)
		call->cancel(call);
}
