#include "world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

void world_open(struct world *world, unsigned parallel, unsigned pages_max, struct token_config token) {
	struct api_config config = {.parallel = parallel, .pages_max = pages_max, .observer = world->observer};
	struct error err = {0};
	char url[128];

	server_open(&world->server);
	if (!token.text && !token.file && !token.command && !token.login)
		token.text = WORLD_TOKEN;
	snprintf(url, sizeof(url), "%s/service", world->server.url);
	token.tenant_base = url;
	assert_int_equal(token_new(&token, &world->token, NULL), 0);
	strcat(url, "/");
	for (size_t i = 0; i < API_SERVICES; i++)
		config.base[i] = url;
	config.token = world->token;
	if (api_new(&config, &world->api, &err) != 0)
		fail_msg("%s", err.message);
}

void world_close(struct world *world) {
	api_free(world->api);
	token_free(world->token);
	server_close(&world->server);
}

void world_turn(struct world *world) {
	struct pollfd fds[SERVER_CONNECTIONS + 2];
	size_t count = server_poll(&world->server, fds + 1, SERVER_CONNECTIONS + 1);

	fds[0] = (struct pollfd){.fd = api_fd(world->api), .events = POLLIN};
	if (poll(fds, count + 1, 10000) <= 0)
		fail_msg("nothing happens any more");
	if (fds[0].revents)
		api_run(world->api);
	server_step(&world->server);
}

static void on_response(void *user, const struct api_response *response) {
	struct reply *reply = user;

	reply->done++;
	reply->code = response->code;
	reply->status = response->status;
	reply->age_s = response->age_s;
	reply->date_s = response->date_s;
	reply->sent = response->sent;
	reply->error = response->error;
	reply->body_len = response->body_len;
	reply->type = response->root.type;
	assert_int_equal(response->code, response->error.code);
	if (response->root.type != JSON_ABSENT)
		assert_true(response->root.text >= response->body &&
			    response->root.text < response->body + response->body_len);
	snprintf(reply->body, sizeof(reply->body), "%.*s", (int)response->body_len,
		response->body ? response->body : "");
	assert_null(strstr(response->error.message, WORLD_TOKEN));
	assert_null(strstr(response->error.api_code, WORLD_TOKEN));
	assert_null(strstr(response->error.request_id, WORLD_TOKEN));
}

void world_listed(void *user, int code, const struct error *err, struct api_pages *pages) {
	struct reply *reply = user;

	reply->done++;
	reply->code = code;
	if (err)
		reply->error = *err;
	assert_true(code ? err && err->code == code && !pages : pages != NULL);
	reply->pages = pages;
}

void world_send_within(struct world *world, enum api_method method, const char *path, const char *body,
	unsigned timeout_ms, struct reply *ret) {
	struct api_request request = {
		.service = API_GPU,
		.method = method,
		.path = path,
		.body = body,
		.body_len = body ? strlen(body) : 0,
		.timeout_ms = timeout_ms,
	};

	memset(ret, 0, sizeof(*ret));
	assert_int_equal(api_send(world->api, &request, on_response, ret, &ret->call), 0);
	assert_int_equal(ret->done, 0);
}

void world_send(struct world *world, enum api_method method, const char *path, const char *body, struct reply *ret) {
	world_send_within(world, method, path, body, 20000, ret);
}

void world_get_as(struct world *world, uint64_t caller, const char *path, struct reply *ret) {
	struct api_request request = {.service = API_GPU, .path = path, .timeout_ms = 20000, .caller = caller};

	memset(ret, 0, sizeof(*ret));
	assert_int_equal(api_send(world->api, &request, on_response, ret, &ret->call), 0);
}

void world_get_aged(struct world *world, unsigned max_age_s, const char *path, struct reply *ret) {
	struct api_request request = {.service = API_GPU, .path = path, .timeout_ms = 20000, .max_age_s = max_age_s};

	memset(ret, 0, sizeof(*ret));
	assert_int_equal(api_send(world->api, &request, on_response, ret, &ret->call), 0);
}

void world_list(struct world *world, const char *path, bool paged, struct reply *ret) {
	struct api_request request = {.service = API_GPU, .path = path, .timeout_ms = 20000};

	memset(ret, 0, sizeof(*ret));
	assert_int_equal(api_list(world->api, &request, paged, NULL, world_listed, ret, &ret->call), 0);
	assert_int_equal(ret->done, 0);
}

void world_ask(struct world *world, enum api_method method, const char *path, const char *body, struct reply *ret) {
	world_send(world, method, path, body, ret);
	WORLD_UNTIL(world, ret->done);
	assert_int_equal(ret->done, 1);
}

void reply_free(struct reply *reply) {
	api_pages_free(reply->pages);
	reply->pages = NULL;
}
