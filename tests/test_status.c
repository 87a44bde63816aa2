/* .neevfs/stats, .neevfs/requests and .neevfs/status, and what is counted for them. */
#include "../api/scope.h"
#include "../fs/observer.h"
#include "../fs/requests.h"
#include "../fs/stats.h"
#include "../fs/status.h"
#include "alloc.h"
#include "stage.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct stage stage;

/* The text of one of the files; lent until the next. */
static const char *text_of(const char *path) {
	static char text[2 << 20];
	fuse_req_t opened = stage_open_file(&stage, stage_walk(&stage, path), 0), read;
	assert_opened(opened);
	read = stage_read(&stage, opened, sizeof text - 1, 0);
	snprintf(text, sizeof text, "%s", read->data);
	kernel_release(opened);
	return text;
}

/* The value of a sample, -1 if there is none. */
static long sample(const char *name) {
	char line[256];
	snprintf(line, sizeof line, "\n%s ", name);
	const char *at = strstr(text_of(".neevfs/stats"), line);
	return at ? strtol(at + strlen(line), NULL, 10) : -1;
}

/* One field of a row of .neevfs/requests; row 0 is that of the names. Lent until the next. */
static const char *field(size_t row, size_t column) {
	static char value[8192];
	const char *at = text_of(".neevfs/requests");
	for (; row; row--) {
		at = strchr(at, '\n');
		assert_non_null(at);
		at++;
	}
	for (; column; column--) {
		at += strcspn(at, "\t\n");
		assert_int_equal(*at, '\t');
		at++;
	}
	snprintf(value, sizeof value, "%.*s", (int)strcspn(at, "\t\n"), at);
	return value;
}

enum { TIME, METHOD, REQUEST, STATUS, MS, BYTES, ID, ATTEMPT, PID, COMMAND, OPERATION, PATH };

static size_t rows(void) {
	size_t count = 0;
	for (const char *at = text_of(".neevfs/requests"); (at = strchr(at, '\n')); at++)
		count++;
	return count - 1;
}

static void assert_row(size_t row, const char *method, const char *request, const char *status, const char *operation,
	const char *path) {
	assert_string_equal(field(row, METHOD), method);
	assert_string_equal(field(row, REQUEST), request);
	assert_string_equal(field(row, STATUS), status);
	assert_string_equal(field(row, OPERATION), operation);
	assert_string_equal(field(row, PATH), path);
}

static void assert_asker(size_t row, pid_t pid) {
	char text[16], command[COMMAND_SIZE];
	snprintf(text, sizeof text, "%d", (int)pid);
	process_command(pid, command);
	assert_string_equal(field(row, PID), pid ? text : "-");
	assert_string_equal(field(row, COMMAND), command[0] ? command : "-");
}

/* ---- who caused what ---- */

static void test_requests(void **state) {
	(void)state;
	stage_begin(&stage);
	assert_int_equal(rows(), 0);
	fuse_req_t dir = stage_lookup(&stage, stage_walk(&stage, MODELS_DIR), "a");
	stage_answer(&stage, API_GET, MODELS, 200, LIST(MODEL("a", "id-a", "ready", "2")));
	assert_entry(dir);
	assert_int_equal(rows(), 1);
	assert_string_equal(field(1, TIME), "2026-01-01T00:00:00Z");
	assert_row(1, "GET", MODELS, "200", "lookup", MODELS_DIR "/a");
	assert_string_equal(field(1, MS), "7");
	assert_string_equal(field(1, BYTES), "100");
	assert_string_equal(field(1, ID), "req-\\x091"); /* it had a tab */
	assert_string_equal(field(1, ATTEMPT), "1");
	assert_asker(1, getpid());

	kernel_ask_as(stage.kernel, 1);
	fuse_req_t first = stage_open_file(&stage, stage_walk(&stage, MODELS_DIR "/a/replicas"), 0);
	assert_opened(first);
	fuse_ino_t info = stage_lookup(&stage, dir->entry.ino, "info.json")->ino;
	(void)info;
	kernel_ask_as(stage.kernel, getpid());
	fuse_req_t second = stage_lookup(&stage, dir->entry.ino, "info.json"); /* joins it */
	assert_int_equal(fake_api_count(stage.api, API_GET, MODELS "/id-a"), 1);
	stage_fail(&stage, API_GET, MODELS "/id-a", EHOSTUNREACH, false);
	assert_err(second, EHOSTUNREACH);
	assert_int_equal(rows(), 2);
	assert_row(2, "GET", MODELS "/id-a", "EHOSTUNREACH", "lookup", MODELS_DIR "/a/info.json");
	assert_string_equal(field(2, ID), "-");
	assert_asker(2, 1);
	kernel_release(first);
	stage_close(&stage);
}

/* A change has its caller, and its attempts count through. */
static void test_change(void **state) {
	(void)state;
	stage_begin(&stage);
	fuse_req_t dir = stage_lookup(&stage, stage_walk(&stage, MODELS_DIR), "a");
	stage_answer(&stage, API_GET, MODELS, 200, LIST(MODEL("a", "id-a", "ready", "2")));
	assert_entry(dir);
	fuse_req_t opened = stage_open_file(&stage, stage_walk(&stage, MODELS_DIR "/a/replicas"), 1 /* O_WRONLY */);
	fuse_req_t written = stage_write(&stage, opened, "3\n", 0);
	stage_fail(&stage, API_PUT, NULL, EREMOTEIO, false);
	stage_later(&stage, 5000);
	stage_answer(&stage, API_PUT, NULL, 200, MODEL("a", "id-a", "ready", "3"));
	assert_written(written, 2);
	kernel_release(opened);
	for (size_t i = 0; i < 2; i++) {
		assert_row(
			2 + i, "PUT", MODELS "/id-a/scale", i ? "200" : "EREMOTEIO", "write", MODELS_DIR "/a/replicas");
		assert_asker(2 + i, getpid());
		assert_string_equal(field(2 + i, ATTEMPT), i ? "2" : "1");
	}
	assert_int_equal(
		sample("neevfs_http_requests_total{service=\"aimodels\",operation=\"aimodels.scale\",code=\"200\"}"),
		1);
	assert_int_equal(sample("neevfs_http_requests_total{service=\"aimodels\",operation=\"aimodels.scale\",code="
				"\"EREMOTEIO\"}"),
		1);
	assert_int_equal(sample("neevfs_http_retries_total{service=\"aimodels\"}"), 1);
	stage_close(&stage);
}

/* A create whose outcome nobody waits for any more is looked for by nobody in particular. */
static void test_nobody(void **state) {
	(void)state;
	fuse_req_t opened = stage_begin_draft(&stage);
	fuse_req_t write = stage_write_spec(&stage, opened);
	stage_mentions(&stage, ".neevfs/status", "\ncreates under way: 1 (templates abc)\ncreates in doubt: 0\n");
	stage_fail(&stage, API_POST, TEMPLATES, ETIMEDOUT, true);
	size_t before = rows();
	assert_row(before, "POST", TEMPLATES, "ETIMEDOUT", "write", TEMPLATES_DIR "/abc/spec.json");
	assert_asker(before, getpid());
	stage_mentions(&stage, ".neevfs/status", "\ncreates under way: 0\ncreates in doubt: 1 (templates abc)\n");
	assert_int_equal(sample("neevfs_creates{state=\"under_way\"}"), 0);
	assert_int_equal(sample("neevfs_creates{state=\"in_doubt\"}"), 1);
	stage_in_vain(&stage, write);
	assert_err(write, EINPROGRESS);
	size_t waited = rows();
	assert_asker(waited, getpid()); /* it was still there */
	stage_later(&stage, 60000);
	stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(SPEC_ANSWER("abc", "id-new")));
	assert_row(waited + 1, "GET", TEMPLATES, "200", "-", TEMPLATES_DIR "/abc/spec.json");
	assert_asker(waited + 1, 0);
	stage_mentions(&stage, ".neevfs/status", "\ncreates in doubt: 0\n");
	kernel_release(opened);
	stage_close(&stage);
}

/* What is asked again for all who wait or follow is nobody's, and says so. */
static void test_polls(void **state) {
	(void)state;
	stage_begin(&stage);
	fuse_ino_t ino = stage_walk(&stage, MODELS_DIR "/events");
	fuse_req_t first = stage_open_file(&stage, ino, O_RDONLY), second = stage_open_file(&stage, ino, O_RDONLY);
	for (size_t i = 1; i <= 3; i++) {
		stage_later(&stage, 10000);
		stage_answer(&stage, API_GET, MODELS, i == 2 ? 503 : 200, LIST(MODEL("a", "id-a", "ready", "2")));
		assert_row(i, "GET", MODELS, i == 2 ? "503" : "200", "poll", MODELS_DIR);
		assert_asker(i, 0);
	}
	kernel_release(first);
	kernel_release(second);
	assert_int_equal(rows(), 3);
	assert_int_equal(sample("neevfs_http_polls_total{service=\"aimodels\"}"), 3);
	assert_int_equal(sample("neevfs_http_polls_total{service=\"gpu\"}"), 0);
	fuse_req_t lookup = stage_lookup(&stage, stage_walk(&stage, RUNTIMES_DIR), "a");
	stage_answer(&stage, API_GET, RUNTIMES, 200, LIST(""));
	assert_err(lookup, ENOENT);
	assert_row(4, "GET", RUNTIMES, "200", "lookup", RUNTIMES_DIR "/a");
	assert_int_equal(sample("neevfs_http_polls_total{service=\"gpu\"}"), 0);
	stage_close(&stage);
}

static void test_bounds(void **state) {
	(void)state;
	stage_begin(&stage);
	struct cause cause = {.kind = &kinds[KIND_TEMPLATE],
		.what = (enum cause_what)DOC_ITEM,
		.command = "a b\n",
		.operation = "open"};
	char path[REQUEST_FIELD_MAX * 2] = "/\x1b[2J\r\n";
	for (size_t i = strlen(path); i < sizeof path - 1; i++)
		path[i] = '\n';
	buffer_add(&cause.path, "a\tb\n2026-01-01T00:00:00Z\tGET");
	struct api_exchange exchange = {
		.service = API_GPU, .path = path, .tag = &cause, .request_id = "x\ny\xE2\x80\xAEz"};
	for (int i = 0; i < REQUESTS_MAX * 2 + 1; i++) {
		exchange.status = 100 + i;
		requests_add(stage.fs.requests, 0, &exchange);
	}
	assert_int_equal(rows(), REQUESTS_MAX);
	assert_string_equal(field(1, STATUS), "357"); /* the oldest of the last */
	assert_string_equal(field(REQUESTS_MAX, STATUS), "612");
	assert_string_equal(field(1, COMMAND), "a b\\x0a");
	assert_string_equal(field(1, ID), "x\\x0ay\\xe2\\x80\\xaez");
	assert_string_equal(field(1, PATH), "a\\x09b\\x0a2026-01-01T00:00:00Z\\x09GET");
	assert_int_equal(strlen(field(1, REQUEST)), 1 + 4 + 3 + 4 + 4 + (REQUEST_FIELD_MAX - 7) * 4);

	SCOPED(buffer_free) struct buffer line = {0}; /* of the log: a blank is no end of a field */
	exchange.path = "/p q";
	request_fields(&exchange, ' ', &line);
	assert_string_equal(line.data, "GET /p\\x20q 612 0 0 x\\x0ay\\xe2\\x80\\xaez 0 - a\\x20b\\x0a open "
				       "a\\x09b\\x0a2026-01-01T00:00:00Z\\x09GET");
	exchange.tag = NULL; /* for nobody, and at no time that there is */
	requests_add(stage.fs.requests, (time_t)INT64_MAX, &exchange);
	assert_string_equal(field(REQUESTS_MAX, TIME), "-");
	assert_row(REQUESTS_MAX, "GET", "/p q", "612", "-", "-");
	assert_asker(REQUESTS_MAX, 0);
	exchange.tag = &cause;

	for (int i = 0; i < STATS_ANSWERS_MAX + 5; i++) {
		exchange.status = 100 + i;
		stats_exchange(stage.fs.stats, &exchange, 0);
	}
	assert_int_equal(sample("neevfs_http_requests_total{service=\"gpu\",operation=\"platform_templates.item\","
				"code=\"611\"}"),
		1);
	assert_int_equal(sample("neevfs_http_requests_total{service=\"other\",operation=\"other\",code=\"other\"}"), 5);
	cause_end(&cause);
	stage_close(&stage);
}

/* ---- what is counted ---- */

static void test_calls(void **state) {
	(void)state;
	stage_begin(&stage);
	fuse_ino_t dir = stage_walk(&stage, MODELS_DIR);
	long lookups = sample("neevfs_fs_calls_total{operation=\"lookup\",outcome=\"ok\"}");
	fuse_req_t a = stage_lookup(&stage, dir, "a"), b = stage_lookup(&stage, dir, "b");
	assert_int_equal(sample("neevfs_fs_waiting_calls"), 2);
	stage_later(&stage, 200);
	stage_answer(&stage, API_GET, MODELS, 200, LIST(MODEL("a", "id-a", "ready", "2")));
	assert_entry(a);
	assert_err(b, ENOENT);
	/* Each look at a file of .neevfs is two look-ups. */
	assert_int_equal(sample("neevfs_fs_calls_total{operation=\"lookup\",outcome=\"ok\"}"), lookups + 2 + 1 + 2);
	assert_int_equal(sample("neevfs_fs_calls_total{operation=\"lookup\",outcome=\"ENOENT\"}"), 1);
	assert_int_equal(sample("neevfs_fs_waiting_calls"), 0);
	assert_int_equal(sample("neevfs_fs_waiting_calls_max"), 2);
	assert_int_equal(sample("neevfs_fs_wait_duration_seconds_bucket{operation=\"lookup\",le=\"0.1\"}"), 0);
	assert_int_equal(sample("neevfs_fs_wait_duration_seconds_bucket{operation=\"lookup\",le=\"0.25\"}"), 2);
	assert_int_equal(sample("neevfs_fs_wait_duration_seconds_bucket{operation=\"lookup\",le=\"+Inf\"}"), 2);
	assert_int_equal(sample("neevfs_fs_wait_duration_seconds_count{operation=\"lookup\"}"), 2);
	stage_mentions(&stage, ".neevfs/stats", "\nneevfs_fs_wait_duration_seconds_sum{operation=\"lookup\"} 0.400\n");
	assert_int_equal(sample("neevfs_cache_shared_total"), 1);
	assert_int_equal(sample("neevfs_cache_fetches_total"), 1);
	assert_int_equal(sample("neevfs_cache_entries"), 1);
	assert_true(sample("neevfs_cache_bytes") > 100);
	assert_int_equal(sample("neevfs_cache_lookups_total{result=\"expired\"}"), 0);
	long hits = sample("neevfs_cache_lookups_total{result=\"hit\"}");
	assert_entry(stage_lookup(&stage, dir, "a"));
	assert_true(sample("neevfs_cache_lookups_total{result=\"hit\"}") > hits);
	stage_later(&stage, TTL_MS + 1);
	a = stage_lookup(&stage, dir, "a");
	assert_int_equal(sample("neevfs_cache_lookups_total{result=\"expired\"}"), 1);
	kernel_interrupt(a);
	stage_turn(&stage);
	assert_int_equal(sample("neevfs_fs_calls_total{operation=\"lookup\",outcome=\"EINTR\"}"), 1);
	assert_int_equal(
		sample("neevfs_http_requests_total{service=\"aimodels\",operation=\"aimodels.list\",code=\"200\"}"), 1);
	assert_int_equal(sample("neevfs_http_received_bytes_total{service=\"aimodels\"}"), 100);
	assert_int_equal(sample("neevfs_http_sent_bytes_total{service=\"aimodels\"}"), 50);
	assert_int_equal(sample("neevfs_http_request_duration_seconds_bucket{service=\"aimodels\",le=\"0.005\"}"), 0);
	assert_int_equal(sample("neevfs_http_request_duration_seconds_bucket{service=\"aimodels\",le=\"0.01\"}"), 1);
	assert_int_equal(sample("neevfs_open_handles"), 1); /* its own */
	assert_int_equal(sample("neevfs_nodes"), (long)nodes_count(stage.fs.nodes));
	assert_true(sample("neevfs_resident_memory_bytes") > 1 << 20);
	assert_int_equal(sample("neevfs_start_time_seconds"), (long)stage.fs.started);
	assert_int_equal(sample("neevfs_build_info{version=\"" NEEVFS_VERSION "\"}"), 1);
	stage_close(&stage);
}

/* Each metric has its help and its type before its samples, which stand together, and no sample is there twice. */
static void test_format(void **state) {
	(void)state;
	stage_begin(&stage);
	for (int code = 0; code < STATS_ERRNOS + 50; code++)
		stats_call(stage.fs.stats, CALL_OPEN, code);
	struct api_exchange exchange = {.service = API_TENANT, .path = "/r", .request_id = ""};
	for (int code = 0; code < STATS_ERRNOS; code++) {
		exchange.code = code;
		exchange.status = 200;
		exchange.ms = (unsigned)code * 1000;
		stats_exchange(stage.fs.stats, &exchange, 1);
	}
	char metric[128] = "", help[128], seen[200][128];
	size_t metrics = 0, len, samples = 0;
	const char *text = strdup(text_of(".neevfs/stats"));
	for (const char *at = text; *at; at += len + 1) {
		len = strcspn(at, "\n");
		assert_int_equal(at[len], '\n');
		if (sscanf(at, "# HELP %127s", help) == 1) {
			assert_int_equal(sscanf(at + len + 1, "# TYPE %127s", metric), 1);
			assert_string_equal(help, metric);
			for (size_t i = 0; i < metrics; i++)
				assert_string_not_equal(metric, seen[i]);
			snprintf(seen[metrics++], sizeof *seen, "%s", metric);
			bool total = strlen(metric) > 6 && !strcmp(metric + strlen(metric) - 6, "_total");
			at += len + 1;
			len = strcspn(at, "\n");
			assert_int_equal(total, memmem(at, len, " counter", 8) != NULL);
			continue;
		}
		samples++;
		assert_int_equal(strncmp(at, metric, strlen(metric)), 0);
		size_t name = (size_t)((const char *)memrchr(at, ' ', len) - at) + 1;
		const char *again = at + len;
		while ((again = memmem(again, strlen(again), at, name)))
			if (again[-1] == '\n')
				fail_msg("twice: %.*s", (int)len, at);
			else
				again++;
	}
	assert_true(metrics > 15 && samples > 200);
	assert_non_null(strstr(text, "operation=\"login.renew\",code=\"EHOSTUNREACH\"} 1\n"));
	free((void *)(uintptr_t)text);
	stage_close(&stage);
}

/* ---- how it is ---- */

static void test_status(void **state) {
	static const char *const keys[] = {"mounted: 2026-01-01T00:00:00Z\n", "token: not tried yet\n",
		"last answer: none\n", "service gpu: not asked yet\n", "service gpu url: https://api.test\n",
		"service gpu last answer: none\n", "service gpu last failure: none\n",
		"cache: 0 answers, 0 of 67108864 bytes\n", "waiting calls: 0, at most 0\n", "creates under way: 0\n",
		"creates in doubt: 0\n", "access: read-write\n", "allow: create:scale:delete\n"};
	struct error words = {.code = EHOSTUNREACH, .message = "cannot reach it\n\x1b[2J"};
	(void)state;
	stage_begin(&stage);
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		char line[128];
		snprintf(line, sizeof line, "\n%s", keys[i]);
		stage_mentions(&stage, ".neevfs/status", line);
	}
	assert_int_equal(strncmp(text_of(".neevfs/status"), "version: " NEEVFS_VERSION "\n", 10), 0);

	struct api_state *api = fake_api_state(stage.api);
	stage_later(&stage, 60000);
	fuse_req_t req = stage_lookup(&stage, stage_walk(&stage, MODELS_DIR), "a");
	stage_answer(&stage, API_GET, MODELS, 200, LIST(""));
	assert_err(req, ENOENT);
	stage_mentions(&stage, ".neevfs/status", "\nservice aimodels: up\n");
	stage_later(&stage, 60000);
	req = stage_lookup(&stage, stage_walk(&stage, MODELS_DIR), "a");
	stage_answer(&stage, API_GET, MODELS, 503, NULL);
	assert_err(req, EREMOTEIO);
	stage_mentions(&stage, ".neevfs/status", "\nlast answer: 2026-01-01T00:01:00Z\n");
	stage_mentions(&stage, ".neevfs/status", "\nservice aimodels: failing\n");
	stage_mentions(&stage, ".neevfs/status", "\nservice aimodels last answer: 2026-01-01T00:01:00Z\n");
	stage_mentions(&stage, ".neevfs/status", "\nservice aimodels last failure: 2026-01-01T00:02:00Z HTTP 503\n");

	const struct api_observer observer = observer_of(&stage.fs);
	observer.service(observer.user, API_GPU, &words);
	api->services[API_GPU] = (struct api_service_state){.down = true, .again_ms = 4001, .error = &words};
	api->services[API_INVENTORY].again_ms = 2000;
	stage_mentions(&stage, ".neevfs/status",
		"\nservice gpu: down since 2026-01-01T00:02:00Z: EHOSTUNREACH: cannot reach it\\x0a\\x1b[2J; next try "
		"in 5 s\n");
	stage_mentions(&stage, ".neevfs/status", "\nservice inventory: not asked yet; next try in 2 s\n");
	assert_int_equal(sample("neevfs_service_down{service=\"gpu\"}"), 1);
	api->services[API_GPU].again_ms = 0;
	stage_mentions(&stage, ".neevfs/status", "; next try with the next call\n");
	observer.service(observer.user, API_GPU, NULL);
	api->services[API_GPU] = (struct api_service_state){0};
	stage_mentions(&stage, ".neevfs/status", "\nservice gpu: not asked yet\n");
	req = stage_lookup(&stage, stage_walk(&stage, RUNTIMES_DIR), "a");
	stage_answer(&stage, API_GET, RUNTIMES, 503, NULL);
	assert_err(req, EREMOTEIO);
	stage_mentions(&stage, ".neevfs/status", "\nservice gpu: not answered yet\n");

	api->token = (struct token_state){.source = TOKEN_LOGIN, .accepted = true, .expires_s = 1767229200};
	stage_mentions(
		&stage, ".neevfs/status", "\ntoken source: login\ntoken: good\ntoken expires: 2026-01-01T01:00:00Z\n");
	words.code = EKEYEXPIRED;
	api->token = (struct token_state){
		.source = TOKEN_FILE, .refused = true, .refused_ms = 30000, .why = &words, .fetching = true};
	stage_mentions(&stage, ".neevfs/status",
		"\ntoken source: token_file\ntoken: refused since 2026-01-01T00:01:30Z: EKEYEXPIRED: cannot reach "
		"it\\x0a\\x1b[2J; another one is being fetched\n");
	assert_int_equal(sample("neevfs_token_refused"), 1);
	api->token = (struct token_state){.source = TOKEN_NONE, .why = &words};
	assert_int_equal(sample("neevfs_token_refused"), 0);
	stage_mentions(&stage, ".neevfs/status", "\ntoken source: none\ntoken: not usable: EKEYEXPIRED: ");
	stage_close(&stage);
}

static void test_status_allow(void **state) {
	(void)state;
	stage_init(&stage);
	stage.options.read_only = true;
	stage.options.allow = 0;
	assert_int_equal(stage_open(&stage), 0);
	stage_mentions(&stage, ".neevfs/status", "\naccess: read-only\nallow: none\n");
	stage_close(&stage);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_change),
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_polls),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_calls),
		cmocka_unit_test(test_format),
		cmocka_unit_test(test_status),
		cmocka_unit_test(test_status_allow),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
