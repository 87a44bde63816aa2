/* Reading on fakes: look-up, open, answer, read; what is fetched, when, how often, and what a failure looks like. */
#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TWO_MODELS LIST(MODEL("a", "id-a", "ready", "2") "," MODEL("b", "id-b", "ready", "5"))

static size_t gets(const struct stage *stage) {
	return fake_api_count(stage->api, API_GET, NULL);
}

static void the_first_value(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t lookup = stage_lookup(&stage, stage_walk(&stage, MODELS_DIR), "a");
	assert_parked(lookup);
	stage_answer(&stage, API_GET, MODELS, 200, TWO_MODELS);
	assert_entry(lookup);
	assert_true(S_ISDIR(lookup->attr.st_mode));
	assert_int_equal(lookup->attr.st_mtime, 1767323045); /* created_at */
	fuse_req_t file = stage_lookup(&stage, lookup->entry.ino, "replicas");
	assert_entry(file);
	assert_int_equal(file->attr.st_size, 2);
	assert_int_equal(file->attr.st_mode, S_IFREG | 0600);
	fuse_req_t opened = stage_open_file(&stage, file->entry.ino, O_RDONLY);
	assert_reads(&stage, opened, "2\n");
	assert_int_equal(opened->file.direct_io, 1);
	/* In pieces, and behind the end. */
	assert_string_equal(stage_read(&stage, opened, 1, 0)->data, "2");
	assert_string_equal(stage_read(&stage, opened, 100, 1)->data, "\n");
	assert_int_equal(stage_read(&stage, opened, 100, 2)->len, 0);
	assert_int_equal(stage_read(&stage, opened, 100, 1 << 30)->len, 0);
	assert_int_equal(fake_api_total(stage.api), 1);
	stage_close(&stage);
}

static void open_stale(struct stage *stage, unsigned stale_ms) {
	stage_init(stage);
	stage->options.stale_ms = stale_ms;
	assert_int_equal(stage_open(stage), 0);
}

/* While the API is silent an old answer serves reads, for as long as the user allows. */
static void an_old_answer_where_allowed(void **state) {
	(void)state;
	static const int silent[] = {EHOSTUNREACH, ETIMEDOUT, EREMOTEIO, EBUSY}, loud[] = {EACCES, EPROTO, EKEYEXPIRED};
	struct stage stage;
	open_stale(&stage, 60000);
	fuse_req_t lookup = stage_lookup(&stage, stage_walk(&stage, MODELS_DIR), "a");
	stage_answer(&stage, API_GET, MODELS, 200, TWO_MODELS);
	fuse_ino_t status = stage_lookup(&stage, lookup->entry.ino, "status")->entry.ino;
	for (size_t i = 0; i < sizeof silent / sizeof *silent; i++) {
		stage_later(&stage, i ? 1000 : TTL_MS);
		fuse_req_t opened = stage_open_file(&stage, status, O_RDONLY);
		assert_parked(opened); /* asked for all the same */
		assert_true(fake_api_last(stage.api, API_GET, MODELS)->timeout_ms < DEADLINE_MS);
		stage_fail(&stage, API_GET, MODELS, silent[i], false);
		assert_reads(&stage, opened, "ready\n");
		stage_later(&stage, 1);
		fuse_req_t dir = stage_opendir(&stage, stage_walk(&stage, MODELS_DIR));
		stage_fail(&stage, API_GET, MODELS, silent[i], false);
		assert_opened(dir);
		stage_later(&stage, 1);
	}
	for (size_t i = 0; i < sizeof loud / sizeof *loud; i++) {
		fuse_req_t opened = stage_open_file(&stage, status, O_RDONLY);
		stage_fail(&stage, API_GET, MODELS, loud[i], false);
		assert_err(opened, loud[i]);
		stage_later(&stage, 1);
	}
	stage_later(&stage, 60000 - 3000 - 4 * 2 - 3 - 1);
	fuse_req_t opened = stage_open_file(&stage, status, O_RDONLY);
	stage_fail(&stage, API_GET, MODELS, EHOSTUNREACH, false);
	assert_reads(&stage, opened, "ready\n");
	stage_later(&stage, 1);
	opened = stage_open_file(&stage, status, O_RDONLY);
	stage_fail(&stage, API_GET, MODELS, EHOSTUNREACH, false);
	assert_err(opened, EHOSTUNREACH);
	stage_later(&stage, 1);
	opened = stage_open_file(&stage, status, O_RDONLY);
	stage_answer(&stage, API_GET, MODELS, 200, LIST(MODEL("a", "id-a", "failed", "2")));
	assert_reads(&stage, opened, "failed\n");
	stage_close(&stage);
}

/* Not without being asked for, not what was forgotten, and never where something is decided. */
static void no_old_answer_else(void **state) {
	(void)state;
	struct stage stage;
	for (unsigned stale_ms = 0; stale_ms <= 60000; stale_ms += 60000) {
		open_stale(&stage, stale_ms);
		fuse_ino_t dir = stage_walk(&stage, MODELS_DIR);
		fuse_req_t lookup = stage_lookup(&stage, dir, "a");
		stage_answer(&stage, API_GET, MODELS, 200, TWO_MODELS);
		fuse_ino_t replicas = stage_lookup(&stage, lookup->entry.ino, "replicas")->entry.ino;
		stage_later(&stage, TTL_MS);
		fuse_req_t made = stage_mkdir(&stage, dir, "ccc");
		stage_fail(&stage, API_GET, MODELS, EHOSTUNREACH, false);
		assert_err(made, EHOSTUNREACH);
		stage_later(&stage, 1);
		fuse_req_t gone = stage_rmdir(&stage, dir, "a");
		stage_fail(&stage, API_GET, MODELS, EHOSTUNREACH, false);
		assert_err(gone, EHOSTUNREACH);
		stage_later(&stage, 1);
		fuse_req_t opened = stage_open_file(&stage, replicas, O_WRONLY);
		stage_fail(&stage, API_GET, MODELS, EHOSTUNREACH, false);
		assert_err(opened, EHOSTUNREACH);
		store_forget_all(stage.fs.store);
		opened = stage_open_file(&stage, replicas, O_RDONLY);
		stage_fail(&stage, API_GET, MODELS, EHOSTUNREACH, false);
		assert_err(opened, EHOSTUNREACH);
		assert_int_equal(
			fake_api_count(stage.api, API_DELETE, NULL) + fake_api_count(stage.api, API_PUT, NULL), 0);
		stage_close(&stage);
	}
}

/* What a change looks up may ask a service that is down, what a reader wants may not. */
static void looks_of_a_change_are_urgent(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t lookup = stage_lookup(&stage, stage_walk(&stage, MODELS_DIR), "a");
	assert_false(fake_api_last(stage.api, API_GET, MODELS)->urgent);
	stage_answer(&stage, API_GET, MODELS, 200, TWO_MODELS);
	fuse_ino_t replicas = stage_lookup(&stage, lookup->entry.ino, "replicas")->entry.ino;
	fuse_req_t opened = stage_open_file(&stage, replicas, O_WRONLY | O_TRUNC);
	fuse_req_t written = stage_write(&stage, opened, "2\n", 0);
	assert_parked(written); /* is it still so? */
	assert_true(fake_api_find(stage.api, API_GET, MODELS "/id-a")->urgent);
	stage_answer(&stage, API_GET, MODELS "/id-a", 200, MODEL("a", "id-a", "ready", "2"));
	assert_written(written, 2);
	stage_close(&stage);
}

static void walking_to_the_configured_costs_nothing(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	stage_walk(&stage, "orgs/o/projects/p/airuntimes/.by-id");
	stage_walk(&stage, "orgs/o/projects/p/aimodels/.error");
	stage_walk(&stage, "orgs/o/templates");
	stage_says(&stage, "orgs/o/projects/p/id", "p\n");
	stage_says(&stage, ".neevfs/version", NEEVFS_VERSION "\n");
	stage_says(&stage, MODELS_DIR "/.error", "");
	assert_string_equal(stage_names(&stage, stage_walk(&stage, "orgs"), 4096), "o\n");
	assert_string_equal(stage_names(&stage, stage_walk(&stage, "orgs/o/projects"), 4096), "p\n");
	fuse_req_t link = stage_readlink(&stage, stage_walk(&stage, "project"));
	assert_int_equal(link->answer, ANSWER_READLINK);
	assert_string_equal(link->data, "orgs/o/projects/p");
	assert_err(stage_lookup(&stage, FUSE_ROOT_ID, "no"), ENOENT);
	assert_err(stage_lookup(&stage, stage_walk(&stage, MODELS_DIR), ".hidden"), ENOENT);
	fuse_req_t statfs = kernel_request(stage.kernel);
	fs_ops.statfs(statfs, FUSE_ROOT_ID);
	assert_int_equal(statfs->answer, ANSWER_STATFS);
	assert_int_equal(fake_api_total(stage.api), 0);
	stage_close(&stage);
}

/* A name that no configuration lists is asked for at the API. */
static void an_unlisted_project_is_probed(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	const char *probe = "/api/v1beta1/orgs/o/projects/q/airuntimes?page=1&limit=1";
	fuse_req_t lookup = stage_lookup(&stage, stage_walk(&stage, "orgs/o/projects"), "q");
	stage_answer(&stage, API_GET, probe, 200, "{\"data\":[]}");
	assert_entry(lookup);
	fuse_req_t id = stage_lookup(&stage, lookup->entry.ino, "id");
	assert_entry(id);
	assert_reads(&stage, stage_open_file(&stage, id->entry.ino, O_RDONLY), "q\n");
	assert_int_equal(fake_api_count(stage.api, API_GET, probe), 1);
	fuse_req_t unknown = stage_lookup(&stage, stage_walk(&stage, "orgs/o/projects"), "r");
	stage_answer(&stage, API_GET, NULL, 404, NULL);
	assert_err(unknown, ENOENT);
	fuse_req_t forbidden = stage_lookup(&stage, stage_walk(&stage, "orgs/o/projects"), "s");
	stage_answer(&stage, API_GET, NULL, 403, NULL);
	assert_err(forbidden, ENOENT);
	fuse_req_t broken = stage_lookup(&stage, stage_walk(&stage, "orgs/o/projects"), "t");
	stage_answer(&stage, API_GET, NULL, 500, NULL);
	assert_err(broken, EREMOTEIO);
	stage_close(&stage);
}

static void many_readers_cost_one_request(void **state) {
	(void)state;
	enum { READERS = 1000 };
	struct stage stage;
	stage_begin(&stage);
	fuse_ino_t dir = stage_walk(&stage, MODELS_DIR);
	fuse_req_t readers[READERS];
	for (int i = 0; i < READERS; i++) {
		readers[i] = i % 2 ? stage_lookup(&stage, dir, "b") : stage_opendir(&stage, dir);
		assert_parked(readers[i]);
	}
	assert_int_equal(gets(&stage), 1);
	stage_answer(&stage, API_GET, MODELS, 200, TWO_MODELS);
	for (int i = 0; i < READERS; i++)
		assert_int_equal(readers[i]->answer, i % 2 ? ANSWER_ENTRY : ANSWER_OPEN);
	assert_int_equal(kernel_lookups(stage.kernel, readers[1]->entry.ino), READERS / 2);
	assert_int_equal(gets(&stage), 1);
	stage_close(&stage);
}

/* The slow one holds nobody up, in whatever order they come. */
static void answers_come_in_any_order(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t slow = stage_lookup(&stage, stage_walk(&stage, RUNTIMES_DIR), "r");
	fuse_req_t quick = stage_lookup(&stage, stage_walk(&stage, MODELS_DIR), "a");
	stage_answer(&stage, API_GET, MODELS, 200, TWO_MODELS);
	assert_entry(quick);
	assert_parked(slow);
	fuse_req_t open = stage_open_file(&stage, stage_walk(&stage, MODELS_DIR "/a/status"), O_RDONLY);
	assert_reads(&stage, open, "ready\n");
	fuse_req_t item = stage_lookup(&stage, quick->entry.ino, "info.json");
	assert_parked(item);
	stage_answer(&stage, API_GET, RUNTIMES, 200, LIST("{\"id\":\"id-r\",\"name\":\"r\",\"gpuCount\":7}"));
	assert_entry(slow);
	stage_says(&stage, RUNTIMES_DIR "/r/gpuCount", "7\n");
	stage_says(&stage, RUNTIMES_DIR "/r/reason", "");
	stage_answer(&stage, API_GET, MODELS "/id-a", 200, "{\"x\":1.0}");
	assert_entry(item);
	stage_close(&stage);
}

/* A file of the item: list, then item, in one step. */
static void two_documents_in_one_step(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_ino_t dir = stage_walk(&stage, MODELS_DIR);
	fuse_req_t lookup = stage_lookup(&stage, dir, "a");
	stage_answer(&stage, API_GET, MODELS, 200, TWO_MODELS);
	fuse_req_t file = stage_lookup(&stage, lookup->entry.ino, "info.json");
	stage_later(&stage, TTL_MS - 1);
	assert_parked(file);
	stage_answer(&stage, API_GET, MODELS "/id-a", 200, "{\"id\":\"id-a\",\"n\":1.50}");
	assert_entry(file);
	assert_int_equal(file->attr.st_mode & 07777, 0400);
	/* Now both are old: the open needs both anew, one after the other, and ends. */
	stage_later(&stage, TTL_MS);
	fuse_req_t opened = stage_open_file(&stage, file->entry.ino, O_RDONLY);
	assert_parked(opened);
	stage_answer(&stage, API_GET, MODELS, 200, TWO_MODELS);
	assert_parked(opened);
	stage_answer(&stage, API_GET, MODELS "/id-a", 200, "{\"id\":\"id-a\",\"n\":1.50}");
	assert_reads(&stage, opened, "{\n  \"id\": \"id-a\",\n  \"n\": 1.50\n}\n");
	assert_int_equal(gets(&stage), 4);
	stage_close(&stage);
}

static void an_answer_is_served_for_its_ttl(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t lookup = stage_lookup(&stage, stage_walk(&stage, MODELS_DIR), "a");
	stage_answer(&stage, API_GET, MODELS, 200, TWO_MODELS);
	fuse_ino_t ino = stage_walk(&stage, MODELS_DIR "/a/replicas");
	stage_later(&stage, TTL_MS - 1);
	assert_reads(&stage, stage_open_file(&stage, ino, O_RDONLY), "2\n");
	stage_later(&stage, 1);
	fuse_req_t opened = stage_open_file(&stage, ino, O_RDONLY);
	assert_parked(opened);
	stage_answer(&stage, API_GET, MODELS, 200, LIST(MODEL("a", "id-a", "ready", "3")));
	assert_reads(&stage, opened, "3\n");
	assert_int_equal(gets(&stage), 2);
	/* What is gone from the list is gone. */
	stage_later(&stage, TTL_MS);
	fuse_req_t gone = stage_open_file(&stage, ino, O_RDONLY), again = stage_getattr(&stage, lookup->entry.ino);
	stage_answer(&stage, API_GET, MODELS, 200, LIST(""));
	assert_err(gone, ENOENT);
	assert_err(again, ENOENT);
	stage_close(&stage);
}

static void moving_states_are_kept_two_seconds(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t lookup = stage_lookup(&stage, stage_walk(&stage, MODELS_DIR), "a");
	stage_answer(&stage, API_GET, MODELS, 200, LIST(MODEL("a", "id-a", "initializing", "1")));
	assert_entry(lookup);
	stage_later(&stage, MOVING_MS - 1);
	assert_entry(stage_lookup(&stage, stage_walk(&stage, MODELS_DIR), "a"));
	stage_later(&stage, 1);
	fuse_req_t again = stage_lookup(&stage, stage_walk(&stage, MODELS_DIR), "a");
	assert_parked(again);
	stage_answer(&stage, API_GET, MODELS, 200, TWO_MODELS);
	stage_later(&stage, TTL_MS - 1);
	assert_entry(stage_lookup(&stage, stage_walk(&stage, MODELS_DIR), "a"));
	assert_int_equal(gets(&stage), 2);
	stage_close(&stage);
}

/* With a TTL of 0 each call asks anew, but one that needs several documents does not ask for ever. */
static void a_ttl_of_zero_ends(void **state) {
	(void)state;
	struct stage stage;
	stage_init(&stage);
	memset(stage.options.ttl_ms, 0, sizeof(stage.options.ttl_ms));
	stage.options.moving_ms = 0;
	assert_int_equal(stage_open(&stage), 0);
	fuse_req_t dir = stage_lookup(&stage, stage_walk(&stage, MODELS_DIR), "a");
	stage_answer(&stage, API_GET, MODELS, 200, TWO_MODELS);
	assert_entry(dir);
	stage_later(&stage, 1);
	fuse_req_t file = stage_lookup(&stage, dir->entry.ino, "info.json");
	stage_later(&stage, 5);
	stage_answer(&stage, API_GET, MODELS, 200, TWO_MODELS);
	stage_later(&stage, 5);
	stage_answer(&stage, API_GET, MODELS "/id-a", 200, "{}");
	assert_entry(file);
	assert_int_equal(fake_api_total(stage.api), 3);
	/* spec.json of a model needs five: its list, its item, catalog, instances, inventory. */
	stage_later(&stage, 1);
	fuse_req_t spec = stage_lookup(&stage, dir->entry.ino, "spec.json");
	size_t before = fake_api_total(stage.api) - 1;
	for (int i = 0; i < 10 && fake_api_waiting(stage.api); i++) {
		struct api_call *call = fake_api_find(stage.api, API_GET, NULL);
		fake_api_answer(call, 200, call->list ? TWO_MODELS : "{\"model_id\":\"m/x\",\"gpu_config_id\":\"g\"}");
		stage_later(&stage, 5);
	}
	assert_entry(spec);
	assert_int_equal(fake_api_total(stage.api) - before, 5);
	stage_close(&stage);
}

static void failures_have_their_errno_and_words(void **state) {
	(void)state;
	static const struct {
		int status, code;
	} cases[] = {
		{400, EINVAL},
		{401, EKEYEXPIRED},
		{402, EDQUOT},
		{403, EACCES},
		{404, ENOENT},
		{429, EBUSY},
		{500, EREMOTEIO},
		{503, EREMOTEIO},
		{302, EREMOTEIO},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct stage stage;
		char words[64];
		stage_begin(&stage);
		fuse_req_t opened = stage_opendir(&stage, stage_walk(&stage, MODELS_DIR));
		fuse_req_t lookup = stage_lookup(&stage, stage_walk(&stage, MODELS_DIR), "a");
		stage_answer(&stage, API_GET, MODELS, cases[i].status, NULL);
		assert_err(opened, cases[i].code);
		assert_err(lookup, cases[i].code);
		/* .error needs no API. */
		snprintf(words, sizeof(words), "HTTP %d", cases[i].status);
		stage_mentions(&stage, MODELS_DIR "/.error", words);
		stage_says(&stage, RUNTIMES_DIR "/.error", "");
		assert_int_equal(gets(&stage), 1);
		stage_close(&stage);
	}
}

static void a_network_that_fails_is_asked_again(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t first = stage_lookup(&stage, stage_walk(&stage, MODELS_DIR), "a");
	stage_fail(&stage, API_GET, MODELS, EHOSTUNREACH, false);
	assert_err(first, EHOSTUNREACH);
	stage_later(&stage, 1);
	fuse_req_t second = stage_lookup(&stage, stage_walk(&stage, MODELS_DIR), "a");
	assert_parked(second);
	stage_answer(&stage, API_GET, MODELS, 200, TWO_MODELS);
	assert_entry(second);
	stage_mentions(&stage, ".neevfs/errors", "EHOSTUNREACH");
	stage_close(&stage);
}

/* A project that the API does not have is no empty directory. */
static void a_project_that_is_not_there(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t opened = stage_opendir(&stage, stage_walk(&stage, RUNTIMES_DIR));
	stage_answer(&stage, API_GET, RUNTIMES, 404, NULL);
	assert_err(opened, ENOENT);
	/* Believed for a moment, so that a script's loop is no storm. */
	stage_later(&stage, 1999);
	assert_err(stage_opendir(&stage, stage_walk(&stage, RUNTIMES_DIR)), ENOENT);
	stage_later(&stage, 1);
	fuse_req_t again = stage_opendir(&stage, stage_walk(&stage, RUNTIMES_DIR));
	assert_parked(again);
	stage_answer(&stage, API_GET, RUNTIMES, 200, LIST(""));
	assert_opened(again);
	stage_close(&stage);
}

/* The item says 404 though the list has it: the entry is forgotten. */
static void an_item_that_is_gone(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t dir = stage_lookup(&stage, stage_walk(&stage, MODELS_DIR), "a");
	stage_answer(&stage, API_GET, MODELS, 200, TWO_MODELS);
	fuse_req_t file = stage_lookup(&stage, dir->entry.ino, "info.json");
	stage_answer(&stage, API_GET, MODELS "/id-a", 404, NULL);
	assert_err(file, ENOENT);
	fuse_req_t again = stage_lookup(&stage, stage_walk(&stage, MODELS_DIR), "a");
	assert_parked(again);
	stage_answer(&stage, API_GET, MODELS, 200, LIST(MODEL("b", "id-b", "ready", "5")));
	assert_err(again, ENOENT);
	stage_close(&stage);
}

static void metrics_that_are_not_measured_are_empty(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t dir = stage_lookup(&stage, stage_walk(&stage, RUNTIMES_DIR), "r");
	stage_answer(&stage, API_GET, RUNTIMES, 200, LIST("{\"id\":\"id-r\",\"name\":\"r\",\"status\":\"Running\"}"));
	fuse_req_t metrics = stage_lookup(&stage, dir->entry.ino, "metrics.json");
	stage_answer(&stage, API_GET, RUNTIMES "/id-r/metrics", 404, NULL);
	assert_entry(metrics);
	assert_int_equal(metrics->attr.st_size, 0);
	stage_says(&stage, RUNTIMES_DIR "/r/metrics/cpuUtilizationPercent", "");
	stage_close(&stage);
}

/* One service does not have the route: the other is asked, once. */
static void a_detour_is_taken_once(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t opened = stage_opendir(&stage, stage_walk(&stage, "inventory"));
	struct api_call *first = fake_api_last(stage.api, API_GET, NULL);
	assert_int_equal(first->service, API_INVENTORY);
	stage_answer(&stage, API_GET, NULL, 404, NULL);
	assert_parked(opened);
	assert_int_equal(fake_api_last(stage.api, API_GET, NULL)->service, API_GPU);
	stage_answer(&stage, API_GET, NULL, 404, NULL);
	assert_err(opened, ENOENT);
	assert_int_equal(gets(&stage), 2);
	stage_close(&stage);
}

/* When it is asked again where the list is, the first service is to say no once, not for each page. */
static void a_detour_is_not_for_every_page(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	for (int i = 0; i < 3; i++) {
		fuse_req_t opened = stage_opendir(&stage, stage_walk(&stage, "inventory"));
		const struct api_call *call = fake_api_last(stage.api, API_GET, NULL);
		assert_int_equal(call->service, API_INVENTORY);
		assert_null(call->before);
		stage_answer(&stage, API_GET, NULL, 404, NULL);
		call = fake_api_last(stage.api, API_GET, NULL);
		assert_int_equal(call->service, API_GPU);
		assert_true(i ? call->before != NULL : !call->before);
		stage_answer(&stage, API_GET, NULL, 200, LIST("{\"config_id\":\"c1\",\"region\":\"r1\"}"));
		assert_opened(opened);
		kernel_release(opened);
		stage_later(&stage, TTL_MS);
	}
	stage_close(&stage);
}

static void groups_and_what_is_loose(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t opened = stage_opendir(&stage, stage_walk(&stage, "inventory"));
	stage_answer(&stage, API_GET, NULL, 200,
		LIST("{\"config_id\":\"c1\",\"region\":\"r1\",\"instance_type\":\"t\",\"price\":1.50,\"o\":{\"k\":[1,2]"
		     "},\"a\":[{}]},"
		     "{\"config_id\":\"c1\",\"region\":\"r2\",\"instance_type\":\"t\"}"));
	assert_opened(opened);
	fuse_ino_t root = stage_walk(&stage, "inventory"), group = stage_walk(&stage, "inventory/r1");
	assert_string_equal(stage_names(&stage, root, 4096), "r1\nr2\n");
	assert_string_equal(stage_names(&stage, group, 4096), "c1\n");
	stage_says(&stage, "inventory/r1/c1/price", "1.50\n");
	stage_says(&stage, "inventory/r1/c1/o/k", "1\n2\n");
	stage_says(&stage, "inventory/r1/c1/a.json", "[\n  {}\n]\n");
	assert_err(stage_lookup(&stage, group, "c2"), ENOENT);
	assert_err(stage_lookup(&stage, root, "c1"), ENOENT);
	fuse_req_t link = stage_readlink(&stage, stage_walk(&stage, "inventory/.by-id/c1"));
	assert_string_equal(link->data, "../r1/c1");
	/* A region that is no longer offered is gone, not empty. */
	stage_later(&stage, TTL_MS);
	fuse_req_t vanished = stage_opendir(&stage, group);
	stage_answer(&stage, API_GET, NULL, 200, LIST("{\"config_id\":\"c1\",\"region\":\"r2\"}"));
	assert_err(vanished, ENOENT);
	stage_close(&stage);
}

static void touching_forgets(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t lookup = stage_lookup(&stage, stage_walk(&stage, MODELS_DIR), "a");
	stage_answer(&stage, API_GET, MODELS, 200, TWO_MODELS);
	fuse_req_t touch = stage_setattr(
		&stage, lookup->entry.ino, &(struct stat){0}, FUSE_SET_ATTR_ATIME_NOW | FUSE_SET_ATTR_MTIME_NOW, NULL);
	assert_parked(touch);
	stage_answer(&stage, API_GET, MODELS, 200, LIST(MODEL("a", "id-a", "ready", "9")));
	assert_int_equal(touch->answer, ANSWER_ATTR);
	stage_says(&stage, MODELS_DIR "/a/replicas", "9\n");
	assert_int_equal(gets(&stage), 2);
	/* A file of the item: its item too. */
	fuse_req_t info = stage_lookup(&stage, lookup->entry.ino, "info.json");
	stage_answer(&stage, API_GET, MODELS "/id-a", 200, "{}");
	touch = stage_setattr(&stage, info->entry.ino, &(struct stat){0}, FUSE_SET_ATTR_MTIME, NULL);
	stage_answer(&stage, API_GET, MODELS, 200, TWO_MODELS);
	stage_answer(&stage, API_GET, MODELS "/id-a", 200, "{\"a\":1}");
	assert_int_equal(touch->answer, ANSWER_ATTR);
	stage_says(&stage, MODELS_DIR "/a/info.json", "{\n  \"a\": 1\n}\n");
	stage_close(&stage);
}

static void attributes_change_only_where_nothing_changes(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	stage_lookup(&stage, stage_walk(&stage, MODELS_DIR), "a");
	stage_answer(&stage, API_GET, MODELS, 200, TWO_MODELS);
	fuse_ino_t status = stage_walk(&stage, MODELS_DIR "/a/status"),
		   replicas = stage_walk(&stage, MODELS_DIR "/a/replicas");
	const struct stat same = {.st_mode = 0444, .st_uid = 1000, .st_gid = 1000},
			  other = {.st_mode = 0666, .st_uid = 1, .st_gid = 2};
	assert_int_equal(
		stage_setattr(&stage, status, &same, FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID, NULL)
			->answer,
		ANSWER_ATTR);
	assert_err(stage_setattr(&stage, status, &other, FUSE_SET_ATTR_MODE, NULL), EPERM);
	assert_err(stage_setattr(&stage, status, &other, FUSE_SET_ATTR_UID, NULL), EPERM);
	assert_err(stage_setattr(&stage, status, &other, FUSE_SET_ATTR_GID, NULL), EPERM);
	assert_err(stage_setattr(&stage, status, &same, FUSE_SET_ATTR_SIZE, NULL), EACCES);
	fuse_req_t emptied = stage_setattr(&stage, replicas, &same, FUSE_SET_ATTR_SIZE, NULL);
	assert_int_equal(emptied->answer, ANSWER_ATTR);
	assert_int_equal(emptied->attr.st_size, 2); /* it is emptied only on the way to a number */
	assert_err(stage_setattr(&stage, replicas, &(struct stat){.st_size = 1}, FUSE_SET_ATTR_SIZE, NULL), EINVAL);
	assert_err(stage_open_file(&stage, status, O_WRONLY), EACCES);
	assert_int_equal(fake_api_total(stage.api), 1);
	stage_close(&stage);
}

/* Who asked was killed: what the answer would have handed over is taken back. */
static void an_answer_that_nobody_takes(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_ino_t dir = stage_walk(&stage, MODELS_DIR);
	fuse_req_t lookup = stage_lookup(&stage, dir, "a"), opened = stage_opendir(&stage, dir);
	lookup->gone = opened->gone = true;
	size_t nodes = nodes_count(stage.fs.nodes);
	stage_answer(&stage, API_GET, MODELS, 200, TWO_MODELS);
	assert_entry(lookup);
	assert_opened(opened);
	assert_int_equal(nodes_count(stage.fs.nodes), nodes);
	stage_close(&stage);
}

static void names_that_are_too_long(void **state) {
	(void)state;
	struct stage stage;
	char name[NAME_SIZE + 1];
	memset(name, 'a', sizeof(name));
	name[NAME_SIZE] = '\0';
	stage_begin(&stage);
	fuse_ino_t dir = stage_walk(&stage, MODELS_DIR);
	assert_err(stage_lookup(&stage, dir, name), ENAMETOOLONG);
	assert_err(stage_mkdir(&stage, dir, name), ENAMETOOLONG);
	assert_err(stage_rename(&stage, dir, "a", dir, name), ENAMETOOLONG);
	assert_int_equal(fake_api_total(stage.api), 0);
	stage_close(&stage);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_value),
		cmocka_unit_test(an_old_answer_where_allowed),
		cmocka_unit_test(no_old_answer_else),
		cmocka_unit_test(looks_of_a_change_are_urgent),
		cmocka_unit_test(walking_to_the_configured_costs_nothing),
		cmocka_unit_test(an_unlisted_project_is_probed),
		cmocka_unit_test(many_readers_cost_one_request),
		cmocka_unit_test(answers_come_in_any_order),
		cmocka_unit_test(two_documents_in_one_step),
		cmocka_unit_test(an_answer_is_served_for_its_ttl),
		cmocka_unit_test(moving_states_are_kept_two_seconds),
		cmocka_unit_test(a_ttl_of_zero_ends),
		cmocka_unit_test(failures_have_their_errno_and_words),
		cmocka_unit_test(a_network_that_fails_is_asked_again),
		cmocka_unit_test(a_project_that_is_not_there),
		cmocka_unit_test(an_item_that_is_gone),
		cmocka_unit_test(metrics_that_are_not_measured_are_empty),
		cmocka_unit_test(a_detour_is_taken_once),
		cmocka_unit_test(a_detour_is_not_for_every_page),
		cmocka_unit_test(groups_and_what_is_loose),
		cmocka_unit_test(touching_forgets),
		cmocka_unit_test(attributes_change_only_where_nothing_changes),
		cmocka_unit_test(an_answer_that_nobody_takes),
		cmocka_unit_test(names_that_are_too_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
