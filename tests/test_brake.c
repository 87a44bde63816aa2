/*
 * Spending brakes: amounts of money, and then creates and scales on fakes. What is refused sends no change, what is
 * allowed costs just the listings that decide, and changes side by side do not pass together.
 */
#include "../api/retry.h"
#include "../fs/accepted.h"
#include "../fs/brake.h"
#include "../fs/money.h"
#include "../fs/scales.h"
#include "alloc.h"
#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define INVENTORY "/api/v1beta1/inventory"
#define ORG_LIST "/api/v1/orgs"
#define PROJECT_LIST "/api/v1/orgs/o/projects"
#define OTHER "/api/v1beta1/orgs/o/projects/q"

#define ROW(config, region, type, price)                                                          \
	"{\"config_id\":\"" config "\",\"region\":\"" region "\",\"instance_type\":\"" type "\"," \
	"\"price_per_gpu_per_hour\":" price "}"
#define PRICES                                                                                                     \
	LIST(ROW("big", "r", "airuntime", "2.49") "," ROW("small", "r", "airuntime", "\"0.79\"") "," ROW(          \
		"big", "s", "airuntime", "5") "," ROW("big", "s", "vm", "6.000000") "," ROW("null", "r", "a",      \
		"null") "," ROW("zero", "r", "a", "0") "," ROW("minus", "r", "a", "-1") "," ROW("power", "r", "a", \
		"1e0") "," ROW("absurd", "r", "a", "1000001"))

#define RUNTIME(name, id, status, config, region, gpus)                                                \
	"{\"id\":\"" id "\",\"name\":\"" name "\",\"status\":\"" status "\",\"gpuConfigID\":\"" config \
	"\",\"region\":\"" region "\",\"gpuCount\":" gpus "}"
#define GPU_MODEL(name, id, status, config, gpus, replicas)                                              \
	"{\"id\":\"" id "\",\"name\":\"" name "\",\"status\":\"" status "\",\"gpu_config_id\":\"" config \
	"\",\"region\":\"r\",\"gpu_count\":" gpus ",\"replicas\":" replicas "}"
#define RUNTIME_SPEC(config, gpus)                                                                     \
	"{\"region\":\"r\",\"templateID\":\"tpl-x\",\"gpuConfigID\":\"" config "\",\"gpuCount\":" gpus \
	",\"planId\":\"p\"}"
#define MODEL_SPEC(config, gpus)                                                                      \
	"{\"catalog_id\":\"c\",\"region\":\"r\",\"gpu_config_id\":\"" config "\",\"gpu_count\":" gpus \
	",\"plan_id\":\"p\"}"

#define R1 RUNTIME("r1", "id-r1", "Running", "big", "r", "2")   /* 4.98 */
#define R2 RUNTIME("r2", "id-r2", "Failed", "small", "r", "1")  /* 0.79 */
#define M1 GPU_MODEL("m1", "id-m1", "ready", "small", "2", "2") /* 3.16 */
#define M2 GPU_MODEL("m2", "id-m2", "ready", "big", "1", "1")   /* 2.49 */
#define ALL_RUN 11420000                                        /* all four */

/* ---- money ---- */

static void amounts_are_read(void **state) {
	(void)state;
	static const struct {
		const char *text;
		int rc;
		int64_t micros;
	} cases[] = {
		{"0", 0, 0},
		{"2.49", 0, 2490000},
		{"12", 0, 12000000},
		{"0.000001", 0, 1},
		{"0.0000001", 0, 1},
		{"0.0000000", 0, 0},
		{"2.4900000000000002", 0, 2490001},
		{"0.9999999", 0, 1000000},
		{"007.50", 0, 7500000},
		{"1000000", 0, 1000000000000},
		{"1000000.000000", 0, 1000000000000},
		{"1000000.0000001", -ERANGE, 0},
		{"1000001", -ERANGE, 0},
		{"99999999999999999999999999999999999", -ERANGE, 0},
		{"", -EINVAL, 0},
		{".5", -EINVAL, 0},
		{"5.", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"+1", -EINVAL, 0},
		{"1e3", -EINVAL, 0},
		{"1,5", -EINVAL, 0},
		{" 1", -EINVAL, 0},
		{"1 ", -EINVAL, 0},
		{"1.2.3", -EINVAL, 0},
		{"0x1", -EINVAL, 0},
		{"nan", -EINVAL, 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t micros = 0;
		int rc = money_read(cases[i].text, strlen(cases[i].text), &micros);
		if (rc != cases[i].rc || micros != cases[i].micros)
			fail_msg("\"%s\": %d, %lld", cases[i].text, rc, (long long)micros);
	}
}

static void amounts_are_shown(void **state) {
	(void)state;
	static const struct {
		int64_t micros;
		const char *text;
	} cases[] = {{0, "0.00"}, {1, "0.000001"}, {2490000, "2.49"}, {795000, "0.795"}, {10000000, "10.00"},
		{12300000, "12.30"}, {1000000000000, "1000000.00"}, {INT64_MAX, "9223372036854.775807"}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[MONEY_SIZE];
		money_show(cases[i].micros, text);
		assert_string_equal(text, cases[i].text);
	}
}

/* ---- the scenes ---- */

static struct limit limit_of(long long value) {
	return (struct limit){.set = true, .value = value};
}

/* What the API lists; a test changes it. */
struct cloud {
	const char *runtimes, *models, *prices, *other_runtimes, *other_models;
};

static const char *cloud_says(const struct cloud *cloud, const char *path) {
	if (!strcmp(path, RUNTIMES))
		return cloud->runtimes;
	if (!strcmp(path, MODELS))
		return cloud->models;
	if (!strcmp(path, INVENTORY))
		return cloud->prices;
	if (!strcmp(path, OTHER "/airuntimes"))
		return cloud->other_runtimes;
	if (!strcmp(path, OTHER "/aimodels"))
		return cloud->other_models;
	if (!strcmp(path, ORG_LIST))
		return LIST("{\"id\":\"o\"}");
	return LIST("{\"id\":\"p\"},{\"id\":\"q\"}");
}

/* Answers all that is asked, but changes. */
static void serve(struct stage *stage, const struct cloud *cloud) {
	const struct api_call *call;
	stage_turn(stage); /* of what could not even be sent */
	for (int i = 0; (call = fake_api_find(stage->api, API_GET, NULL)); i++) {
		const char *body = cloud_says(cloud, call->path);
		assert_in_range(i, 0, 1000);
		stage_answer(stage, API_GET, call->path, body ? 200 : 403, body);
	}
}

static const struct cloud four = {.runtimes = LIST(R1 "," R2), .models = LIST(M1 "," M2), .prices = PRICES};

/* A draft in `dir`, its spec.json open. */
static fuse_req_t draft_in(struct stage *stage, const struct cloud *cloud, const char *dir, const char *name) {
	fuse_req_t made = stage_mkdir(stage, stage_walk(stage, dir), name);
	serve(stage, cloud);
	assert_entry(made);
	fuse_req_t opened = stage_create(stage, made->entry.ino, "spec.json");
	serve(stage, cloud);
	assert_opened(opened);
	return opened;
}

/* Writes it, and serves all listings: answered if it was refused, else its POST waits. */
static fuse_req_t create(
	struct stage *stage, const struct cloud *cloud, const char *dir, const char *name, const char *spec) {
	fuse_req_t opened = draft_in(stage, cloud, dir, name);
	stage_later(stage, 5);
	fuse_req_t write = stage_write(stage, opened, spec, 0);
	serve(stage, cloud);
	return write;
}

static fuse_req_t scale(struct stage *stage, const struct cloud *cloud, const char *name, const char *number) {
	char path[128];
	serve(stage, cloud);
	fuse_req_t listed = stage_lookup(stage, stage_walk(stage, MODELS_DIR), name);
	serve(stage, cloud);
	assert_entry(listed);
	snprintf(path, sizeof(path), MODELS_DIR "/%s/replicas", name);
	fuse_req_t opened = stage_open_file(stage, stage_walk(stage, path), O_WRONLY);
	assert_opened(opened);
	stage_later(stage, 5);
	fuse_req_t write = stage_write(stage, opened, number, 0);
	serve(stage, cloud);
	return write;
}

static size_t puts_of(const struct stage *stage) {
	return fake_api_count(stage->api, API_PUT, NULL);
}

static size_t lists_of(const struct stage *stage, const char *path) {
	return fake_api_count(stage->api, API_GET, path);
}

static void open_with(struct stage *stage, struct limit replicas, struct limit instances, struct limit hourly) {
	stage_init(stage);
	stage->options.max_replicas = replicas;
	stage->options.max_instances = instances;
	stage->options.max_hourly = hourly;
	assert_int_equal(stage_open(stage), 0);
}

static const struct limit none = {0};

/* The collection's .error has these words, and the verdict. */
static void refused(struct stage *stage, fuse_req_t write, int code, const char *dir, const char *words) {
	char path[128];
	assert_err(write, code);
	snprintf(path, sizeof(path), "%s/.error", dir);
	stage_mentions(stage, path, words);
	stage_mentions(stage, path, error_name(code));
	stage_mentions(stage, path, "Verdict: nothing was changed.");
}

/* ---- no brake ---- */

static void without_a_brake_nothing_is_asked(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t write = create(&stage, &four, RUNTIMES_DIR, "new", RUNTIME_SPEC("big", "8"));
	assert_parked(write);
	assert_int_equal(stage_posts(&stage), 1);
	assert_int_equal(fake_api_total(stage.api), 3); /* of mkdir, of the create, the POST */
	assert_parked(scale(&stage, &four, "m1", "900"));
	assert_int_equal(puts_of(&stage), 1);
	assert_int_equal(fake_api_total(stage.api), 5);
	stage_close(&stage);
}

/* A brake that does not limit the change costs nothing either. */
static void another_brake_asks_nothing(void **state) {
	(void)state;
	struct stage stage;
	open_with(&stage, limit_of(5), limit_of(0), none);
	assert_parked(scale(&stage, &four, "m1", "5"));
	assert_int_equal(fake_api_total(stage.api), 2);
	assert_parked(create(&stage, &four, MODELS_DIR, "new", MODEL_SPEC("big", "8")));
	assert_int_equal(stage_posts(&stage), 1);
	assert_int_equal(lists_of(&stage, INVENTORY) + lists_of(&stage, RUNTIMES), 0);
	stage_close(&stage);
	open_with(&stage, limit_of(1), limit_of(0), limit_of(0));
	fuse_req_t write = create(&stage, &four, TEMPLATES_DIR, "new", SPEC_TEXT);
	assert_parked(write);
	assert_int_equal(stage_posts(&stage), 1);
	assert_int_equal(fake_api_total(stage.api), 3);
	/* A delete passes always. */
	stage_answer(&stage, API_POST, NULL, 201, SPEC_ANSWER("new", "id-new"));
	assert_written(write, strlen(SPEC_TEXT));
	fuse_req_t removed = stage_rmdir(&stage, stage_walk(&stage, RUNTIMES_DIR), "r1");
	serve(&stage, &four);
	assert_parked(removed);
	assert_int_equal(fake_api_count(stage.api, API_DELETE, RUNTIMES "/id-r1"), 1);
	stage_close(&stage);
}

/* ---- max_replicas ---- */

static void replicas(void **state) {
	(void)state;
	struct stage stage;
	open_with(&stage, limit_of(4), none, none);
	refused(&stage, scale(&stage, &four, "m1", "5"), EDQUOT, MODELS_DIR "/m1", "max_replicas=4: 5 asked for");
	assert_int_equal(fake_api_total(stage.api), 1); /* the look-up's */
	assert_parked(scale(&stage, &four, "m1", "4"));
	assert_int_equal(puts_of(&stage), 1);
	stage_close(&stage);
}

/* It is a bound also on the way down. */
static void replicas_bound_a_scale_down_too(void **state) {
	(void)state;
	struct cloud cloud = {.models = LIST(GPU_MODEL("m1", "id-m1", "ready", "small", "1", "9")), .prices = PRICES};
	struct stage stage;
	open_with(&stage, limit_of(4), none, none);
	assert_err(scale(&stage, &cloud, "m1", "8"), EDQUOT);
	assert_parked(scale(&stage, &cloud, "m1", "3"));
	assert_int_equal(puts_of(&stage), 1);
	stage_close(&stage);
}

/* ---- max_instances ---- */

#define INSTANCE_ANSWER(name) RUNTIME(name, "id-" name, "Pending", "small", "r", "1")

static void instances(void **state) {
	(void)state;
	struct stage stage;
	struct cloud cloud = four;
	open_with(&stage, none, limit_of(3), none);
	fuse_req_t write = create(&stage, &cloud, RUNTIMES_DIR, "one", RUNTIME_SPEC("unknown", "1"));
	assert_parked(write);
	assert_int_equal(fake_api_total(stage.api), 3); /* of mkdir, of the create, the POST: one project, no prices */
	stage_answer(&stage, API_POST, RUNTIMES, 201, INSTANCE_ANSWER("one"));
	assert_written(write, strlen(RUNTIME_SPEC("unknown", "1")));
	/* No listing shows it yet. */
	refused(&stage, create(&stage, &cloud, RUNTIMES_DIR, "two", RUNTIME_SPEC("small", "1")), EDQUOT,
		RUNTIMES_DIR "/two", "max_instances=3: there are 3 already (1 of them being created)");
	/* Now one does; it is not counted twice, and one on its way out is. */
	cloud.runtimes = LIST(RUNTIME("r1", "id-r1", "Terminating", "big", "r", "2") "," R2 "," INSTANCE_ANSWER("one"));
	stage_later(&stage, TTL_MS);
	refused(&stage, create(&stage, &cloud, RUNTIMES_DIR, "three", RUNTIME_SPEC("small", "1")), EDQUOT,
		RUNTIMES_DIR "/three", "max_instances=3: there are 3 already\n");
	assert_int_equal(stage_posts(&stage), 1);
	cloud.runtimes = LIST(R2 "," INSTANCE_ANSWER("one"));
	assert_parked(create(&stage, &cloud, RUNTIMES_DIR, "four", RUNTIME_SPEC("small", "1")));
	assert_int_equal(stage_posts(&stage), 2);
	stage_close(&stage);
}

static void none_may_be_created(void **state) {
	(void)state;
	struct cloud cloud = {.runtimes = LIST(""), .models = LIST(""), .prices = PRICES};
	struct stage stage;
	open_with(&stage, none, limit_of(0), none);
	refused(&stage, create(&stage, &cloud, RUNTIMES_DIR, "one", RUNTIME_SPEC("small", "1")), EDQUOT,
		RUNTIMES_DIR "/one", "max_instances=0: there are 0 already");
	stage_close(&stage);
	open_with(&stage, none, none, limit_of(0));
	refused(&stage, create(&stage, &cloud, RUNTIMES_DIR, "one", RUNTIME_SPEC("small", "1")), EDQUOT,
		RUNTIMES_DIR "/one",
		"max_hourly=0.00: 0.00 USD/h run already, this adds 0.79, together 0.79 USD/h in 1 project;");
	assert_int_equal(stage_posts(&stage), 0);
	stage_close(&stage);
}

/* What is cached may be old: the decision is not made by it. */
static void nothing_cached_decides(void **state) {
	(void)state;
	struct stage stage;
	struct cloud cloud = four;
	open_with(&stage, none, limit_of(2), none);
	cloud.runtimes = LIST(R1);
	fuse_req_t opened = draft_in(&stage, &cloud, RUNTIMES_DIR, "new");
	cloud.runtimes = LIST(R1 "," R2);
	fuse_req_t write = stage_write(&stage, opened, RUNTIME_SPEC("small", "1"), 0);
	assert_parked(write);
	for (const struct api_call *call = fake_api_first(stage.api); call; call = call->next)
		assert_true(call->over || call->max_age_s == 0); /* nor what a cache on the way has */
	serve(&stage, &cloud);
	refused(&stage, write, EDQUOT, RUNTIMES_DIR "/new", "there are 2 already");
	assert_int_equal(stage_posts(&stage), 0);
	stage_close(&stage);
}

enum { SIDE_BY_SIDE = 10, ROOM = 3 };

/* In whatever order their listings come. */
static void creates_side_by_side(struct stage *stage, bool backwards) {
	char name[8];
	fuse_req_t opened[SIDE_BY_SIDE], write[SIDE_BY_SIDE];
	size_t passed = 0;
	for (int i = 0; i < SIDE_BY_SIDE; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		opened[i] = draft_in(stage, &four, RUNTIMES_DIR, name);
	}
	for (int i = 0; i < SIDE_BY_SIDE; i++) {
		write[i] = stage_write(stage, opened[i], RUNTIME_SPEC("small", "1"), 0);
		assert_parked(write[i]);
	}
	assert_int_equal(stage_posts(stage), 0);
	if (backwards)
		for (const struct api_call *last;
			(last = fake_api_last(stage->api, API_GET, RUNTIMES)) && !last->over;) {
			fake_api_answer(fake_api_last(stage->api, API_GET, RUNTIMES), 200, four.runtimes);
			stage_turn(stage);
		}
	serve(stage, &four);
	assert_int_equal(stage_posts(stage), ROOM);
	for (int i = 0; i < SIDE_BY_SIDE; i++)
		if (write[i]->answer == ANSWER_MISSING)
			passed++;
		else
			assert_err(write[i], EDQUOT);
	assert_int_equal(passed, ROOM);
}

static void creates_do_not_pass_together(void **state) {
	(void)state;
	struct stage stage;
	for (int backwards = 0; backwards < 2; backwards++) {
		open_with(&stage, none, limit_of(2 + ROOM), none);
		creates_side_by_side(&stage, backwards);
		stage_close(&stage);
		open_with(&stage, none, none, limit_of(ALL_RUN + ROOM * 790000));
		creates_side_by_side(&stage, backwards);
		stage_close(&stage);
	}
}

/* What only waits for its own check takes no room from another: here the dear one is refused, the cheap one passes. */
static void who_was_not_checked_takes_no_room(void **state) {
	(void)state;
	for (int order = 0; order < 2; order++) {
		struct stage stage;
		open_with(&stage, none, none, limit_of(ALL_RUN + 800000));
		fuse_req_t cheap = draft_in(&stage, &four, RUNTIMES_DIR, "cheap"), one = NULL;
		fuse_req_t dear = draft_in(&stage, &four, RUNTIMES_DIR, "dear");
		if (order)
			one = stage_write(&stage, cheap, RUNTIME_SPEC("small", "1"), 0);
		fuse_req_t two = stage_write(&stage, dear, RUNTIME_SPEC("big", "8"), 0);
		if (!order)
			one = stage_write(&stage, cheap, RUNTIME_SPEC("small", "1"), 0);
		serve(&stage, &four);
		assert_parked(one);
		assert_err(two, EDQUOT);
		assert_int_equal(stage_posts(&stage), 1);
		stage_close(&stage);
	}
}

static void a_refused_create_makes_room(void **state) {
	(void)state;
	struct stage stage;
	open_with(&stage, none, limit_of(3), none);
	fuse_req_t write = create(&stage, &four, RUNTIMES_DIR, "one", RUNTIME_SPEC("small", "1"));
	assert_err(create(&stage, &four, RUNTIMES_DIR, "two", RUNTIME_SPEC("small", "1")), EDQUOT);
	stage_answer(&stage, API_POST, RUNTIMES, 402, NULL);
	assert_err(write, EDQUOT);
	assert_parked(create(&stage, &four, RUNTIMES_DIR, "three", RUNTIME_SPEC("small", "1")));
	assert_int_equal(stage_posts(&stage), 2);
	stage_close(&stage);
}

/* It does not stand in its own way. */
static void a_second_try_is_checked_anew(void **state) {
	(void)state;
	struct stage stage;
	open_with(&stage, none, limit_of(3), limit_of(ALL_RUN + 790000));
	fuse_req_t opened = draft_in(&stage, &four, RUNTIMES_DIR, "one");
	fuse_req_t write = stage_write(&stage, opened, RUNTIME_SPEC("small", "1"), 0);
	serve(&stage, &four);
	stage_answer(&stage, API_POST, RUNTIMES, 402, NULL);
	assert_err(write, EDQUOT);
	kernel_release(opened);
	fuse_req_t again = stage_open_file(&stage, opened->entry.ino, O_WRONLY | O_TRUNC);
	serve(&stage, &four);
	assert_opened(again);
	write = stage_write(&stage, again, RUNTIME_SPEC("small", "1"), 0);
	serve(&stage, &four);
	assert_parked(write);
	assert_int_equal(stage_posts(&stage), 2);
	stage_close(&stage);
}

static void a_create_in_doubt_counts(void **state) {
	(void)state;
	struct stage stage;
	open_with(&stage, none, limit_of(3), limit_of(ALL_RUN + 5000000));
	fuse_req_t write = create(&stage, &four, RUNTIMES_DIR, "one", RUNTIME_SPEC("big", "2"));
	stage_fail(&stage, API_POST, RUNTIMES, EREMOTEIO, true);
	for (int64_t at_ms = 0; at_ms < DEADLINE_MS; at_ms += 1000) { /* it is looked for, and not listed */
		assert_parked(write);
		stage_later(&stage, 1000);
		serve(&stage, &four);
	}
	assert_err(write, EINPROGRESS);
	refused(&stage, create(&stage, &four, RUNTIMES_DIR, "two", RUNTIME_SPEC("small", "1")), EDQUOT,
		RUNTIMES_DIR "/two", "there are 3 already (1 of them being created)");
	refused(&stage, create(&stage, &four, MODELS_DIR, "two", MODEL_SPEC("small", "1")), EDQUOT, MODELS_DIR "/two",
		"max_hourly=16.42: 16.40 USD/h run already, this adds 0.79, together 17.19 USD/h in 1 project");
	assert_int_equal(stage_posts(&stage), 1);
	stage_close(&stage);
}

/* A newborn that no listing ever shows is asked for by itself once it is old enough. */
static void a_newborn_that_is_gone(void **state) {
	(void)state;
	struct stage stage;
	open_with(&stage, none, limit_of(3), none);
	fuse_req_t write = create(&stage, &four, RUNTIMES_DIR, "one", RUNTIME_SPEC("small", "1"));
	stage_answer(&stage, API_POST, RUNTIMES, 201, INSTANCE_ANSWER("one"));
	assert_written(write, strlen(RUNTIME_SPEC("small", "1")));
	fuse_req_t opened = draft_in(&stage, &four, RUNTIMES_DIR, "two");
	stage_later(&stage, BRAKE_NEWBORN_S * 1000 + 1000);
	write = stage_write(&stage, opened, RUNTIME_SPEC("small", "1"), 0);
	while (fake_api_find(stage.api, API_GET, RUNTIMES))
		stage_answer(&stage, API_GET, RUNTIMES, 200, four.runtimes);
	assert_parked(write);
	assert_int_equal(stage_posts(&stage), 1);
	stage_answer(&stage, API_GET, RUNTIMES "/id-one", 200, INSTANCE_ANSWER("one"));
	serve(&stage, &four);
	assert_err(write, EDQUOT);
	kernel_release(opened);
	stage_later(&stage, TTL_MS);
	fuse_req_t again = stage_open_file(&stage, opened->entry.ino, O_WRONLY | O_TRUNC);
	serve(&stage, &four);
	assert_opened(again);
	write = stage_write(&stage, again, RUNTIME_SPEC("small", "1"), 0);
	while (fake_api_find(stage.api, API_GET, RUNTIMES))
		stage_answer(&stage, API_GET, RUNTIMES, 200, four.runtimes);
	stage_answer(&stage, API_GET, RUNTIMES "/id-one", 404, NULL);
	serve(&stage, &four);
	assert_parked(write);
	assert_int_equal(stage_posts(&stage), 2);
	stage_close(&stage);
}

/*
 * The listing of a create was begun before another create was sent; a later listing shows that one's newborn, which so
 * is no draft any more, and is forgotten again. By the old listing the newborn is nowhere.
 */
static void an_old_listing_does_not_hide_a_newborn(void **state) {
	(void)state;
	struct stage stage;
	open_with(&stage, none, limit_of(3), none);
	fuse_req_t late = draft_in(&stage, &four, RUNTIMES_DIR, "late");
	fuse_req_t early = create(&stage, &four, RUNTIMES_DIR, "early", RUNTIME_SPEC("small", "1"));
	assert_int_equal(stage_posts(&stage), 1);
	fuse_req_t write = stage_write(&stage, late, RUNTIME_SPEC("small", "1"), 0);
	struct api_call *old = fake_api_find(stage.api, API_GET, RUNTIMES);
	assert_non_null(old);
	stage_later(&stage, 100);
	stage_answer(&stage, API_POST, RUNTIMES, 201, INSTANCE_ANSWER("early"));
	assert_written(early, strlen(RUNTIME_SPEC("small", "1")));
	stage_later(&stage, 100);
	fuse_req_t lookup = stage_lookup(&stage, stage_walk(&stage, RUNTIMES_DIR), "early");
	fake_api_answer(fake_api_last(stage.api, API_GET, RUNTIMES), 200, LIST(R1 "," R2 "," INSTANCE_ANSWER("early")));
	stage_turn(&stage);
	assert_entry(lookup);
	struct scope scope = {.ids = {"o", "p"}, .count = 2};
	store_forget_list(stage.fs.store, &kinds[KIND_AIRUNTIME], &scope);
	stage_later(&stage, 100);
	assert_false(old->over);
	fake_api_answer(old, 200, four.runtimes);
	stage_turn(&stage);
	assert_parked(write);
	assert_int_equal(stage_posts(&stage), 1); /* it asks again */
	stage_answer(&stage, API_GET, RUNTIMES, 200, LIST(R1 "," R2 "," INSTANCE_ANSWER("early")));
	assert_err(write, EDQUOT);
	assert_int_equal(stage_posts(&stage), 1);
	stage_close(&stage);
}

/* ---- max_hourly ---- */

static void the_sum(void **state) {
	(void)state;
	struct stage stage;
	open_with(&stage, none, none, limit_of(ALL_RUN + 2490000 - 1));
	refused(&stage, create(&stage, &four, RUNTIMES_DIR, "new", RUNTIME_SPEC("big", "1")), EDQUOT,
		RUNTIMES_DIR "/new",
		"max_hourly=13.909999: 11.42 USD/h run already, this adds 2.49, together 13.91 USD/h in 1 project; "
		"prices from the inventory");
	assert_int_equal(stage_posts(&stage), 0);
	assert_int_equal(lists_of(&stage, RUNTIMES), 2);
	assert_int_equal(lists_of(&stage, MODELS), 1);
	assert_int_equal(lists_of(&stage, INVENTORY), 1);
	assert_int_equal(fake_api_total(stage.api), 4);
	/* Prices are not asked for again within their TTL; listings are. */
	assert_parked(create(&stage, &four, MODELS_DIR, "new", MODEL_SPEC("small", "3")));
	assert_int_equal(stage_posts(&stage), 1);
	assert_int_equal(lists_of(&stage, RUNTIMES), 3);
	assert_int_equal(lists_of(&stage, INVENTORY), 1);
	stage_close(&stage);
	/* Just what is allowed. */
	open_with(&stage, none, none, limit_of(ALL_RUN + 2490000));
	assert_parked(create(&stage, &four, RUNTIMES_DIR, "new", RUNTIME_SPEC("big", "1")));
	assert_int_equal(stage_posts(&stage), 1);
	stage_close(&stage);
}

/* What runs, as words: it shows in a refusal what a resource is taken to cost. */
static void runs(const char *runtimes, const char *models, const char *words) {
	struct cloud cloud = {.runtimes = runtimes, .models = models, .prices = PRICES};
	struct stage stage;
	open_with(&stage, none, none, limit_of(0));
	refused(&stage, create(&stage, &cloud, RUNTIMES_DIR, "new", RUNTIME_SPEC("small", "1")), EDQUOT,
		RUNTIMES_DIR "/new", words);
	assert_int_equal(stage_posts(&stage), 0);
	stage_close(&stage);
}

static void what_things_cost(void **state) {
	(void)state;
	runs(LIST(""), LIST(""), ": 0.00 USD/h run already");
	runs(LIST(RUNTIME("a", "1", "Running", "big", "r", "3")), LIST(""), ": 7.47 USD/h");
	/* Of several rows the dearest; without a region that of all. */
	runs(LIST(RUNTIME("a", "1", "Running", "big", "s", "1")), LIST(""), ": 6.00 USD/h");
	runs(LIST("{\"id\":\"1\",\"name\":\"a\",\"gpuConfigID\":\"big\",\"gpuCount\":2}"), LIST(""), ": 12.00 USD/h");
	/* In each state, also on its way out or failed. */
	runs(LIST(RUNTIME("a", "1", "Terminating", "big", "r", "1") "," RUNTIME("b", "2", "Whatever", "big", "r", "1")),
		LIST(GPU_MODEL("c", "3", "failed", "big", "1", "2")), ": 9.96 USD/h");
	/* One that is only starting has no replica yet and will have one. */
	runs(LIST(""), LIST(GPU_MODEL("c", "3", "initializing", "big", "2", "0")), ": 4.98 USD/h");
}

static void what_cannot_be_priced(void **state) {
	(void)state;
	static const char *const unknown[] = {"unknown", "null", "zero", "minus", "power", "absurd"};
	char item[512], spec[512];
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		struct stage stage;
		snprintf(spec, sizeof(spec), RUNTIME_SPEC("%s", "1"), unknown[i]);
		open_with(&stage, none, none, limit_of(1000000000000));
		refused(&stage, create(&stage, &four, RUNTIMES_DIR, "new", spec), EDQUOT, RUNTIMES_DIR "/new",
			"the price of the GPU instance \"new\" is not known, so the sum cannot be told");
		assert_int_equal(stage_posts(&stage), 0);
		stage_close(&stage);
		snprintf(item, sizeof(item), LIST(RUNTIME("old", "1", "Running", "%s", "r", "1")), unknown[i]);
		runs(item, LIST(""), "the price of the GPU instance \"old\" is not known, so the sum cannot be told");
	}
	runs(LIST(RUNTIME("old", "1", "Running", "big", "elsewhere", "1")), LIST(""), "\"old\" is not known");
	runs(LIST(RUNTIME("old", "1", "Running", "big", "r", "0")), LIST(""), "\"old\" is not known");
	runs(LIST(RUNTIME("old", "1", "Running", "big", "r", "null")), LIST(""), "\"old\" is not known");
	runs(LIST(RUNTIME("old", "1", "Running", "big", "r", "1.5")), LIST(""), "\"old\" is not known");
	runs(LIST(RUNTIME("old", "1", "Running", "big", "r", "9223372036854775807")), LIST(""), "\"old\" is not known");
	runs(LIST(""), LIST(GPU_MODEL("old", "1", "ready", "big", "1", "null")),
		"the price of the model deployment \"old\" is not known");
	runs(LIST(""), LIST(GPU_MODEL("old", "1", "ready", "big", "1", "9223372036854775807")),
		"the sum is too large to be told");
	runs(LIST(RUNTIME("a", "1", "Running", "big", "r", "3000000000000") "," RUNTIME(
		     "b", "2", "Running", "big", "r", "3000000000000")),
		LIST(""), "the sum is too large to be told");
}

/* ---- listings that fail ---- */

static void what_cannot_be_read_is_refused(void **state) {
	(void)state;
	struct stage stage;
	struct cloud cloud = four;
	open_with(&stage, none, none, limit_of(1000000000));
	cloud.models = NULL;
	refused(&stage, create(&stage, &cloud, RUNTIMES_DIR, "one", RUNTIME_SPEC("small", "1")), EACCES,
		RUNTIMES_DIR "/one", "cannot tell what runs in o/p: the API answered 403");
	cloud = four;
	cloud.prices = NULL;
	stage_later(&stage, TTL_MS);
	refused(&stage, create(&stage, &cloud, RUNTIMES_DIR, "two", RUNTIME_SPEC("small", "1")), EACCES,
		RUNTIMES_DIR "/two", "cannot tell what it costs, from the inventory: ");
	assert_int_equal(stage_posts(&stage), 0);
	stage_close(&stage);
}

/* ---- several projects ---- */

static void all_projects_count(void **state) {
	(void)state;
	struct stage stage;
	struct cloud cloud = four;
	cloud.other_runtimes = LIST(R1);
	cloud.other_models = LIST(M1);
	stage_init(&stage);
	stage.unconfigured = true;
	stage.options.max_instances = limit_of(3);
	stage.options.max_hourly = limit_of(1000000000);
	assert_int_equal(stage_open(&stage), 0);
	fuse_req_t lookup = stage_lookup(&stage, stage_walk(&stage, "orgs"), "o");
	serve(&stage, &cloud);
	assert_entry(lookup);
	lookup = stage_lookup(&stage, stage_walk(&stage, "orgs/o/projects"), "p");
	serve(&stage, &cloud);
	assert_entry(lookup);
	refused(&stage, create(&stage, &cloud, RUNTIMES_DIR, "one", RUNTIME_SPEC("small", "1")), EDQUOT,
		RUNTIMES_DIR "/one", "there are 3 already");
	stage.options.max_instances = none;
	stage.options.max_hourly = limit_of(0);
	refused(&stage, create(&stage, &cloud, RUNTIMES_DIR, "two", RUNTIME_SPEC("small", "1")), EDQUOT,
		RUNTIMES_DIR "/two", ": 19.56 USD/h run already, this adds 0.79, together 20.35 USD/h in 2 projects;");
	/* It is forgotten wherever it is, and one project that cannot be read is enough. */
	cloud.other_runtimes = NULL;
	refused(&stage, create(&stage, &cloud, RUNTIMES_DIR, "three", RUNTIME_SPEC("small", "1")), EACCES,
		RUNTIMES_DIR "/three", "cannot tell what runs in o/q: ");
	assert_int_equal(stage_posts(&stage), 0);
	stage_close(&stage);
}

/* One that is not listed counts for its own changes, beside those that are. */
static void an_unlisted_project_counts(void **state) {
	(void)state;
	struct stage stage;
	struct cloud cloud = four;
	cloud.other_runtimes = LIST(R1);
	open_with(&stage, none, limit_of(3), none);
	fuse_req_t lookup = stage_lookup(&stage, stage_walk(&stage, "orgs/o/projects"), "q");
	assert_parked(lookup);
	stage_answer(&stage, API_GET, OTHER "/airuntimes?page=1&limit=1", 200, LIST(""));
	assert_entry(lookup);
	refused(&stage, create(&stage, &cloud, "orgs/o/projects/q/airuntimes", "one", RUNTIME_SPEC("small", "1")),
		EDQUOT, "orgs/o/projects/q/airuntimes/one", "there are 3 already");
	assert_parked(create(&stage, &cloud, RUNTIMES_DIR, "one", RUNTIME_SPEC("small", "1")));
	assert_int_equal(stage_posts(&stage), 1);
	stage_close(&stage);
}

/* ---- scaling against max_hourly ---- */

static void a_scale_beyond_it(void **state) {
	(void)state;
	struct stage stage;
	open_with(&stage, none, none, limit_of(ALL_RUN + 1580000)); /* one replica of m1 more */
	refused(&stage, scale(&stage, &four, "m1", "4"), EDQUOT, MODELS_DIR "/m1",
		"max_hourly=13.00: 11.42 USD/h run already, this adds 3.16, together 14.58 USD/h in 1 project");
	assert_int_equal(puts_of(&stage), 0);
	assert_int_equal(lists_of(&stage, MODELS), 2);
	assert_int_equal(lists_of(&stage, RUNTIMES), 1);
	assert_int_equal(fake_api_total(stage.api), 4);
	assert_parked(scale(&stage, &four, "m1", "3"));
	assert_int_equal(puts_of(&stage), 1);
	stage_close(&stage);
}

/* Whatever else runs, and whatever it costs. */
static void a_scale_down_passes(void **state) {
	(void)state;
	struct cloud cloud = {.models = LIST(GPU_MODEL("m1", "id-m1", "ready", "unknown", "1", "9")), .prices = PRICES};
	struct stage stage;
	open_with(&stage, none, none, limit_of(0));
	assert_parked(scale(&stage, &cloud, "m1", "8"));
	assert_int_equal(puts_of(&stage), 1);
	assert_int_equal(lists_of(&stage, RUNTIMES), 0);
	stage_close(&stage);
	/* As does the number that it has, in transition. */
	cloud.models = LIST(GPU_MODEL("m1", "id-m1", "initializing", "unknown", "1", "9"));
	open_with(&stage, none, none, limit_of(0));
	assert_parked(scale(&stage, &cloud, "m1", "9"));
	stage_close(&stage);
}

static void scales_do_not_pass_together(void **state) {
	(void)state;
	struct stage stage;
	open_with(&stage, none, none, limit_of(ALL_RUN + 5000000));
	fuse_req_t one = scale(&stage, &four, "m1", "5"); /* 4.74 more */
	assert_parked(one);
	assert_err(scale(&stage, &four, "m2", "2"), EDQUOT);
	assert_err(create(&stage, &four, RUNTIMES_DIR, "new", RUNTIME_SPEC("small", "1")), EDQUOT);
	/* One of the same deployment waits for it, and is checked when its turn comes. */
	assert_parked(scale(&stage, &four, "m1", "4"));
	assert_int_equal(puts_of(&stage), 1);
	/* Both refused: there is room again. */
	stage_answer(&stage, API_PUT, NULL, 402, NULL);
	assert_err(one, EDQUOT);
	serve(&stage, &four);
	assert_int_equal(puts_of(&stage), 2);
	assert_err(scale(&stage, &four, "m2", "3"), EDQUOT);
	stage_answer(&stage, API_PUT, NULL, 402, NULL);
	assert_parked(scale(&stage, &four, "m2", "3"));
	assert_int_equal(puts_of(&stage), 3);
	stage_close(&stage);
}

/* Until it shows, what was accepted counts: at once for a while, then as long as it is in transition. */
static void an_accepted_scale_counts(void **state) {
	(void)state;
	struct stage stage;
	struct cloud cloud = four;
	open_with(&stage, none, none, limit_of(ALL_RUN + 5000000));
	fuse_req_t one = scale(&stage, &cloud, "m1", "5");
	stage_answer(&stage, API_PUT, NULL, 200, NULL);
	assert_written(one, 1);
	assert_err(scale(&stage, &cloud, "m2", "2"), EDQUOT); /* the listing lags behind */
	cloud.models = LIST(GPU_MODEL("m1", "id-m1", "initializing", "small", "2", "2") "," M2);
	stage_later(&stage, 10 * SCALES_DOUBT_MS);
	assert_err(scale(&stage, &cloud, "m2", "2"), EDQUOT);
	cloud.models = four.models; /* it came to nothing */
	stage_later(&stage, TTL_MS);
	assert_parked(scale(&stage, &cloud, "m2", "2"));
	assert_int_equal(puts_of(&stage), 2);
	stage_close(&stage);
}

/* Up and down again: what was asked for last is what counts. */
static void a_scale_that_was_taken_back(void **state) {
	(void)state;
	struct stage stage;
	struct cloud cloud = four;
	open_with(&stage, none, none, limit_of(ALL_RUN + 5000000));
	fuse_req_t up = scale(&stage, &cloud, "m1", "5");
	stage_answer(&stage, API_PUT, NULL, 200, NULL);
	assert_written(up, 1);
	cloud.models = LIST(GPU_MODEL("m1", "id-m1", "initializing", "small", "2", "2") "," M2);
	fuse_req_t down = scale(&stage, &cloud, "m1", "2");
	stage_answer(&stage, API_PUT, NULL, 200, NULL);
	assert_written(down, 1);
	stage_later(&stage, SCALES_LAG_MS + 1);
	assert_parked(scale(&stage, &cloud, "m2", "2"));
	stage_close(&stage);
}

/* A scale of m1 to 5 whose answers were lost, and which its detail does not show. */
static void scale_into_doubt(struct stage *stage) {
	fuse_req_t one = scale(stage, &four, "m1", "5");
	for (size_t attempt = 1; attempt <= RETRY_ATTEMPTS; attempt++) {
		assert_parked(one);
		assert_int_equal(puts_of(stage), attempt);
		stage_fail(stage, API_PUT, NULL, EREMOTEIO, true);
		stage_later(stage, RETRY_MOST_MS);
	}
	assert_parked(one);
	stage_answer(stage, API_GET, MODELS "/id-m1", 200, M1);
	assert_err(one, EREMOTEIO);
}

/* Its answer was lost: it may be carried out later. */
static void a_scale_in_doubt_counts(void **state) {
	(void)state;
	struct stage stage;
	struct cloud cloud = four;
	open_with(&stage, none, none, limit_of(ALL_RUN + 5000000));
	scale_into_doubt(&stage);
	stage_later(&stage, SCALES_DOUBT_MS);
	assert_err(scale(&stage, &cloud, "m2", "2"), EDQUOT);
	cloud.models = LIST(GPU_MODEL("m1", "id-m1", "initializing", "small", "2", "2") "," M2);
	stage_later(&stage, 10 * SCALES_DOUBT_MS);
	assert_err(scale(&stage, &cloud, "m2", "2"), EDQUOT);
	cloud.models = four.models;
	stage_later(&stage, TTL_MS);
	assert_parked(scale(&stage, &cloud, "m2", "2"));
	assert_int_equal(puts_of(&stage), RETRY_ATTEMPTS + 1);
	stage_close(&stage);
}

/* Less than what may still come is no more. */
static void a_scale_below_one_in_doubt_passes(void **state) {
	(void)state;
	struct stage stage;
	open_with(&stage, none, none, limit_of(ALL_RUN + 5000000));
	scale_into_doubt(&stage);
	assert_err(scale(&stage, &four, "m1", "6"), EDQUOT); /* 1.58 more than what counts: 6.32 in all */
	assert_int_equal(puts_of(&stage), RETRY_ATTEMPTS);
	stage.options.max_hourly = limit_of(0); /* what adds something is refused now */
	assert_parked(scale(&stage, &four, "m1", "4"));
	assert_int_equal(puts_of(&stage), RETRY_ATTEMPTS + 1);
	stage_close(&stage);
}

static void a_deployment_that_is_gone(void **state) {
	(void)state;
	struct stage stage;
	struct cloud gone = {.runtimes = LIST(""), .models = LIST(M2), .prices = PRICES};
	open_with(&stage, none, none, limit_of(ALL_RUN));
	fuse_req_t lookup = stage_lookup(&stage, stage_walk(&stage, MODELS_DIR), "m1");
	serve(&stage, &four);
	assert_entry(lookup);
	fuse_req_t opened = stage_open_file(&stage, stage_walk(&stage, MODELS_DIR "/m1/replicas"), O_WRONLY);
	fuse_req_t write = stage_write(&stage, opened, "3", 0);
	serve(&stage, &gone);
	assert_err(write, ENOENT);
	assert_int_equal(puts_of(&stage), 0);
	stage_close(&stage);
}

/* What waits for its check was not sent: it ends with the wait. */
static void giving_up_sends_nothing(void **state) {
	(void)state;
	struct stage stage;
	open_with(&stage, none, none, limit_of(ALL_RUN + 5000000));
	fuse_req_t lookup = stage_lookup(&stage, stage_walk(&stage, MODELS_DIR), "m1");
	serve(&stage, &four);
	assert_entry(lookup);
	fuse_req_t opened = stage_open_file(&stage, stage_walk(&stage, MODELS_DIR "/m1/replicas"), O_WRONLY);
	fuse_req_t write = stage_write(&stage, opened, "3", 0);
	assert_parked(write);
	stage_later(&stage, DEADLINE_MS);
	assert_err(write, ETIMEDOUT);
	serve(&stage, &four);
	assert_int_equal(puts_of(&stage), 0);
	stage_close(&stage);
}

static void scales_are_remembered_up_to_a_bound(void **state) {
	(void)state;
	struct stage stage;
	open_with(&stage, none, none, limit_of(1000000000));
	fuse_req_t first = scale(&stage, &four, "m1", "3");
	stage_answer(&stage, API_PUT, NULL, 200, NULL);
	assert_written(first, 1);
	fuse_req_t lookup = stage_lookup(&stage, stage_walk(&stage, MODELS_DIR), "m1");
	serve(&stage, &four); /* the scale made the list void, and brake_check() below is to find one */
	assert_entry(lookup);
	for (int i = 1; i < SCALES_MAX; i++) {
		struct demand demand = {.since_ms = stage.fs.now_ms};
		struct scope scope = {.ids = {"o", "p", "id-m1"}, .count = 3};
		struct brake_order order = {
			.verb = CHANGE_SCALE, .kind = &kinds[KIND_AIMODEL], .scope = &scope, .replicas = 3};
		assert_int_equal(brake_check(&stage.fs, &order, &demand), 0);
	}
	refused(&stage, scale(&stage, &four, "m1", "4"), EBUSY, MODELS_DIR "/m1", "1024 scales are remembered");
	fuse_req_t less = scale(&stage, &four, "m1", "1");
	stage_answer(&stage, API_PUT, NULL, 200, NULL);
	assert_written(less, 1);
	stage_later(&stage, DEADLINE_MS + SCALES_DOUBT_MS);
	assert_parked(scale(&stage, &four, "m1", "4"));
	stage_close(&stage);
}

/* ---- without memory ---- */

/* The n-th allocation of a change fails: nothing leaks, and ENOMEM never sends more than one change. */
static void torture(bool scaling) {
	enum { RUNS_MAX = 2000 };
	struct stage stage;
	for (size_t n = 1;; n++) {
		assert_in_range(n, 1, RUNS_MAX);
		open_with(&stage, none, scaling ? none : limit_of(4), limit_of(ALL_RUN + 6000000));
		/* A newborn and a scale under way, to be counted. */
		create(&stage, &four, RUNTIMES_DIR, "born", RUNTIME_SPEC("small", "1"));
		stage_answer(&stage, API_POST, RUNTIMES, 201, INSTANCE_ANSWER("born"));
		assert_parked(create(&stage, &four, MODELS_DIR, "coming", MODEL_SPEC("small", "1")));
		assert_parked(scale(&stage, &four, "m1", "3"));
		size_t before = scaling ? puts_of(&stage) : stage_posts(&stage);
		fuse_req_t opened =
			scaling ? stage_open_file(&stage, stage_walk(&stage, MODELS_DIR "/m2/replicas"), O_WRONLY)
				: draft_in(&stage, &four, RUNTIMES_DIR, "new");
		stage_later(&stage, 5);
		alloc_arm(n);
		fuse_req_t write = stage_write(&stage, opened, scaling ? "2" : RUNTIME_SPEC("small", "1"), 0);
		serve(&stage, &four);
		bool failed = alloc_disarm();
		size_t sent = (scaling ? puts_of(&stage) : stage_posts(&stage)) - before;
		if (write->answer == ANSWER_MISSING)
			assert_int_equal(sent, 1);
		else {
			assert_err(write, ENOMEM);
			assert_int_equal(sent, 0);
		}
		stage_close(&stage);
		if (!failed) {
			assert_int_equal(sent, 1);
			return;
		}
	}
}

static void without_memory(void **state) {
	(void)state;
	torture(false);
	torture(true);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(amounts_are_read),
		cmocka_unit_test(amounts_are_shown),
		cmocka_unit_test(without_a_brake_nothing_is_asked),
		cmocka_unit_test(another_brake_asks_nothing),
		cmocka_unit_test(replicas),
		cmocka_unit_test(replicas_bound_a_scale_down_too),
		cmocka_unit_test(instances),
		cmocka_unit_test(none_may_be_created),
		cmocka_unit_test(nothing_cached_decides),
		cmocka_unit_test(creates_do_not_pass_together),
		cmocka_unit_test(who_was_not_checked_takes_no_room),
		cmocka_unit_test(a_refused_create_makes_room),
		cmocka_unit_test(a_second_try_is_checked_anew),
		cmocka_unit_test(a_create_in_doubt_counts),
		cmocka_unit_test(a_newborn_that_is_gone),
		cmocka_unit_test(an_old_listing_does_not_hide_a_newborn),
		cmocka_unit_test(the_sum),
		cmocka_unit_test(what_things_cost),
		cmocka_unit_test(what_cannot_be_priced),
		cmocka_unit_test(what_cannot_be_read_is_refused),
		cmocka_unit_test(all_projects_count),
		cmocka_unit_test(an_unlisted_project_counts),
		cmocka_unit_test(a_scale_beyond_it),
		cmocka_unit_test(a_scale_down_passes),
		cmocka_unit_test(scales_do_not_pass_together),
		cmocka_unit_test(an_accepted_scale_counts),
		cmocka_unit_test(a_scale_that_was_taken_back),
		cmocka_unit_test(a_scale_in_doubt_counts),
		cmocka_unit_test(a_scale_below_one_in_doubt_passes),
		cmocka_unit_test(a_deployment_that_is_gone),
		cmocka_unit_test(giving_up_sends_nothing),
		cmocka_unit_test(scales_are_remembered_up_to_a_bound),
		cmocka_unit_test(without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
