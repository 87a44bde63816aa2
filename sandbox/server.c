#include "server.h"

#include "call.h"
#include "control.h"
#include "fault.h"
#include "route.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum {
	BODY_MAX = 1024 * 1024,
	CONNECTIONS_MAX = 4000,
	BACKLOG = 1024,
	THREAD_STACK = 1024 * 1024, /* mapped, not used: a JSON text may nest 1000 deep */
};

struct server {
	struct MHD_Daemon *daemon;
	pthread_mutex_t lock; /* for all below */
	pthread_cond_t stop;
	bool stopping;
	int64_t latency_ms;
	uint64_t request_serial;
	struct control control;
	struct world world;
};

/* What came of a request's body so far. */
struct request {
	char *body; /* NUL-terminated */
	size_t len;
	size_t cap;
	bool too_large;
	bool out_of_memory;
};

/* A body that ends before its length is reached. */
struct torn_body {
	char *text;
	size_t cut;
};

static int64_t clock_ms(clockid_t clock) {
	struct timespec now;
	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* False: the server is stopping. */
static bool server_pause(struct server *server, int64_t delay_ms) {
	/* One more for the part of a millisecond that the clock has passed already. */
	int64_t until_ms = clock_ms(CLOCK_MONOTONIC) + delay_ms + 1;
	struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
	pthread_mutex_lock(&server->lock);
	int error = 0;
	while (delay_ms > 0 && !server->stopping && !error)
		error = pthread_cond_timedwait(&server->stop, &server->lock, &until);
	bool stopping = server->stopping;
	pthread_mutex_unlock(&server->lock);
	return !stopping;
}

static void request_append(struct request *request, const char *bytes, size_t count) {
	if (request->len + count > BODY_MAX) {
		request->too_large = true;
		return;
	}
	if (request->len + count >= request->cap) {
		size_t cap = 2 * (request->len + count) + 1;
		char *body = realloc(request->body, cap);
		if (!body) {
			request->out_of_memory = true;
			return;
		}
		request->body = body;
		request->cap = cap;
	}
	memcpy(request->body + request->len, bytes, count);
	request->len += count;
	request->body[request->len] = '\0';
}

static ssize_t torn_read(void *closure, uint64_t position, char *buffer, size_t max) {
	const struct torn_body *torn = closure;
	if (position >= torn->cut)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	size_t count = torn->cut - (size_t)position;
	count = count < max ? count : max;
	memcpy(buffer, torn->text + position, count);
	return (ssize_t)count;
}

static void torn_free(void *closure) {
	struct torn_body *torn = closure;
	free(torn->text);
	free(torn);
}

/* Takes over `text`, which may be NULL for an empty body. NULL: out of memory. */
static struct MHD_Response *response_create(char *text, int64_t cut) {
	size_t len = text ? strlen(text) : 0;
	if (cut < 0 || (uint64_t)cut >= len) {
		static char empty[] = "";
		struct MHD_Response *response = MHD_create_response_from_buffer(
			len, len ? text : empty, len ? MHD_RESPMEM_MUST_FREE : MHD_RESPMEM_PERSISTENT);
		if (!response || !len)
			free(text);
		return response;
	}
	struct torn_body *torn = malloc(sizeof *torn);
	if (!torn) {
		free(text);
		return NULL;
	}
	*torn = (struct torn_body){text, (size_t)cut};
	struct MHD_Response *response = MHD_create_response_from_callback(len, 16384, torn_read, torn, torn_free);
	if (!response)
		torn_free(torn);
	return response;
}

/* Takes over `text`. MHD_NO closes the connection. */
static enum MHD_Result answer_send(struct server *server, struct MHD_Connection *connection, unsigned status,
	char *text, const struct fault_effect *effect) {
	static const char out_of_memory[] = "{\"code\":\"internal_error\",\"message\":\"out of memory\"}";
	if (!text && status != 204 && !(effect && effect->replace)) {
		status = 500;
		text = strdup(out_of_memory);
		if (!text)
			return MHD_NO;
	}
	struct MHD_Response *response = response_create(text, effect ? effect->cut : -1);
	if (!response)
		return MHD_NO;
	pthread_mutex_lock(&server->lock);
	char id[32];
	snprintf(id, sizeof id, "req-%016llx", (unsigned long long)hash_number(++server->request_serial));
	pthread_mutex_unlock(&server->lock);

	bool typed = false;
	enum MHD_Result result = MHD_add_response_header(response, "x-request-id", id);
	for (size_t i = 0; effect && i < effect->header_count && result == MHD_YES; i++) {
		const struct fault_header *header = &effect->headers[i];
		typed = typed || !strcasecmp(header->name, MHD_HTTP_HEADER_CONTENT_TYPE);
		result = MHD_add_response_header(response, header->name, header->value);
	}
	if (result == MHD_YES && !typed && status != 204)
		result = MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, "application/json");
	if (result == MHD_YES)
		result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result query_collect(void *closure, enum MHD_ValueKind kind, const char *name, const char *value) {
	(void)kind;
	struct call *call = closure;
	if (call->query_count == CALL_QUERY_MAX)
		return MHD_NO;
	call->queries[call->query_count++] = (struct query){name, value ? value : ""};
	return MHD_YES;
}

static void call_begin(
	struct call *call, struct server *server, struct MHD_Connection *connection, const struct request *request) {
	*call = (struct call){
		.world = &server->world,
		.authorization =
			MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION),
		.body_text = request->body,
		.body_len = request->len,
	};
	MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, query_collect, call);
}

/* Where a body could not be taken in, no operation is asked. */
static bool body_arrived(struct call *call, const struct request *request) {
	if (request->out_of_memory)
		call_out_of_memory(call);
	else if (request->too_large)
		call_refuse(call, 413, "invalid_request", "body: at most %d bytes", BODY_MAX);
	return !request->out_of_memory && !request->too_large;
}

static enum MHD_Result control_answer(struct server *server, struct MHD_Connection *connection, const char *method,
	const char *path, struct call *call, const struct request *request) {
	pthread_mutex_lock(&server->lock);
	call->now_ms = world_now(&server->world, clock_ms(CLOCK_MONOTONIC));
	if (body_arrived(call, request))
		control_run(&server->control, method, path, call);
	pthread_mutex_unlock(&server->lock);
	return answer_send(server, connection, call->answer.status, json_take(&call->answer.body), NULL);
}

static char *replaced_body(struct fault_effect *effect) {
	char *text = effect->body;
	effect->body = NULL;
	if (text || effect->status == 204 || effect->status == 304)
		return text;
	struct json json = {0};
	json_open(&json, NULL, '{');
	json_string(&json, "code", "fault");
	json_string(&json, "message", "this answer was asked for");
	json_close(&json, '}');
	return json_take(&json);
}

static void text_copy(char *to, size_t size, const char *from) {
	snprintf(to, size, "%s", from ? from : "");
}

/* What the change is about, as the request says it, also if it is not carried out. */
static void entry_begin(const struct route *route, const struct call *call, struct ledger_entry *ret_entry) {
	*ret_entry = (struct ledger_entry){.arrived_ms = clock_ms(CLOCK_MONOTONIC), .operation = route->operation};
	text_copy(ret_entry->id, sizeof ret_entry->id, call->args[route->scope == ROUTE_PROJECT ? 2 : 1]);
	cJSON *body = call->body_text ? cJSON_ParseWithLength(call->body_text, call->body_len) : NULL;
	text_copy(ret_entry->name, sizeof ret_entry->name,
		cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(body, "name")));
	const cJSON *replicas = cJSON_GetObjectItemCaseSensitive(body, "replicas");
	ret_entry->replicas = replicas ? replicas->valueint : 0;
	cJSON_Delete(body);
}

/* The lock is held: entries are in the order of what was done. */
static void entry_end(struct server *server, const struct route *route, const struct call *call, bool ran,
	const struct fault_effect *effect, struct ledger_entry *entry) {
	entry->ended_ms = clock_ms(CLOCK_MONOTONIC);
	entry->carried = ran && call->answer.status < 300;
	if (effect->drop == DROP_NONE && effect->cut < 0)
		entry->status = effect->replace ? effect->status : call->answer.status;
	if (entry->carried && !strcmp(route->method, "POST")) {
		cJSON *body = cJSON_ParseWithLength(call->answer.body.text, call->answer.body.len);
		text_copy(entry->id, sizeof entry->id,
			cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(body, "id")));
		cJSON_Delete(body);
	}
	ledger_add(&server->control.ledger, entry);
}

static enum MHD_Result api_answer(struct server *server, struct MHD_Connection *connection, const char *method,
	const char *path, struct call *call, const struct request *request) {
	const struct route *route = route_find(method, path, call->args);
	const char *operation = route ? route->operation : "unknown";
	bool change = route && strcmp(route->method, "GET") != 0;
	struct ledger_entry entry;
	if (change)
		entry_begin(route, call, &entry);
	struct fault_effect effect;
	pthread_mutex_lock(&server->lock);
	control_count(&server->control, operation);
	int error = fault_strike(&server->control.faults, operation, &effect);
	pthread_mutex_unlock(&server->lock);

	bool stays = server_pause(server, server->latency_ms + effect.delay_ms);
	pthread_mutex_lock(&server->lock);
	bool run = stays && !effect.skip && !error;
	if (run) {
		call->now_ms = world_now(&server->world, clock_ms(CLOCK_MONOTONIC));
		world_settle(&server->world, call->now_ms);
		if (body_arrived(call, request))
			route_run(route, call);
	}
	if (change && stays)
		entry_end(server, route, call, run, &effect, &entry);
	pthread_mutex_unlock(&server->lock);

	enum MHD_Result result;
	if (!stays || effect.drop != DROP_NONE)
		result = MHD_NO;
	else if (error)
		result = answer_send(server, connection, 500, NULL, NULL);
	else if (effect.replace)
		result = answer_send(server, connection, effect.status, replaced_body(&effect), &effect);
	else
		result = answer_send(server, connection, call->answer.status, json_take(&call->answer.body), &effect);
	fault_effect_free(&effect);
	return result;
}

static enum MHD_Result request_take(void *closure, struct MHD_Connection *connection, const char *path,
	const char *method, const char *version, const char *bytes, size_t *count, void **state) {
	(void)version;
	struct server *server = closure;
	struct request *request = *state;
	if (!request) {
		*state = calloc(1, sizeof *request);
		return *state ? MHD_YES : MHD_NO;
	}
	if (*count) {
		request_append(request, bytes, *count);
		*count = 0;
		return MHD_YES;
	}
	struct call call;
	call_begin(&call, server, connection, request);
	enum MHD_Result result = control_owns(path) ? control_answer(server, connection, method, path, &call, request)
						    : api_answer(server, connection, method, path, &call, request);
	call_end(&call);
	return result;
}

static void request_end(
	void *closure, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode code) {
	(void)closure;
	(void)connection;
	(void)code;
	struct request *request = *state;
	if (!request)
		return;
	free(request->body);
	free(request);
	*state = NULL;
}

static int stop_init(pthread_cond_t *stop) {
	pthread_condattr_t attributes;
	int error = pthread_condattr_init(&attributes);
	if (error)
		return error;
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	error = pthread_cond_init(stop, &attributes);
	pthread_condattr_destroy(&attributes);
	return error;
}

int server_open(const struct server_options *options, struct server **ret_server) {
	struct server *server = calloc(1, sizeof *server);
	if (!server)
		return -ENOMEM;
	server->latency_ms = options->latency_ms;
	if (stop_init(&server->stop)) {
		free(server);
		return -ENOMEM;
	}
	pthread_mutex_init(&server->lock, NULL);
	int error = world_open(&server->world, &options->world, clock_ms(CLOCK_REALTIME), clock_ms(CLOCK_MONOTONIC));
	if (error) {
		server_close(server);
		return error;
	}
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(options->port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	errno = 0;
	server->daemon =
		MHD_start_daemon(MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL,
			options->port, NULL, NULL, request_take, server, MHD_OPTION_SOCK_ADDR,
			(struct sockaddr *)&address, MHD_OPTION_NOTIFY_COMPLETED, request_end, NULL,
			MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_LISTEN_BACKLOG_SIZE,
			(unsigned)BACKLOG, MHD_OPTION_THREAD_STACK_SIZE, (size_t)THREAD_STACK, MHD_OPTION_END);
	if (!server->daemon) {
		error = errno ? -errno : -EADDRINUSE;
		server_close(server);
		return error;
	}
	*ret_server = server;
	return 0;
}

uint16_t server_port(const struct server *server) {
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
	return info ? info->port : 0;
}

void server_close(struct server *server) {
	if (!server)
		return;
	pthread_mutex_lock(&server->lock);
	server->stopping = true;
	pthread_cond_broadcast(&server->stop);
	pthread_mutex_unlock(&server->lock);
	if (server->daemon)
		MHD_stop_daemon(server->daemon);
	world_close(&server->world);
	control_close(&server->control);
	pthread_cond_destroy(&server->stop);
	pthread_mutex_destroy(&server->lock);
	free(server);
}
