/* What is on offer, on fakes: notifications of availability, the server's own filters, examples, plans of drafts. */
#include "stage.h"

#include "../api/scope.h"
#include "../fs/example.h"
#include "../fs/query.h"
#include "../fs/registrations.h"
#include "../fs/spec.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define INVENTORY "/api/v1beta1/inventory"
#define NOTIFICATIONS INVENTORY "/gpu/notify-availability"
#define PLATFORM "/api/v1beta1/airuntime-templates"
#define CATALOG "/api/v1beta1/aimodels-catalog"
#define OFFER(config, region, price, free, type)                                                            \
	"{\"config_id\":\"" config "\",\"region\":\"" region "\",\"price_per_gpu_per_hour\":" price         \
	",\"available_gpu_count\":" free ",\"min_gpu_count\":1,\"max_gpu_count\":" free ",\"vram_gib\":80," \
	"\"gpu_model\":\"" config "\",\"instance_type\":\"" type "\"}"
#define OFFERS                                                                                                \
	LIST(OFFER("a", "r1", "3.5", "0", "airuntime") "," OFFER("b", "r1", "2", "4", "airuntime") "," OFFER( \
		"b", "r1", "0.1", "4", "vm") "," OFFER("b", "r2", "1.5", "4", "airuntime"))
#define REGISTERED(region, config, status)                                                             \
	"{\"id\":\"n\",\"region_id\":\"" region "\",\"config_id\":\"" config "\",\"status\":\"" status \
	"\",\"created_at\":\"2026-01-02T03:04:05Z\"}"

/* Answers each GET that waits, until none does; what has no answer here is an empty list. */
struct answers {
	const char *inventory, *notifications, *platform, *catalog, *runtimes;
};
static void settle(struct stage *stage, const struct answers *answers) {
	for (struct api_call *call; (call = fake_api_find(stage->api, API_GET, NULL));) {
		const char *body = strcmp(call->path, INVENTORY) == 0       ? answers->inventory
				   : strcmp(call->path, NOTIFICATIONS) == 0 ? answers->notifications
				   : strcmp(call->path, PLATFORM) == 0      ? answers->platform
				   : strcmp(call->path, CATALOG) == 0       ? answers->catalog
				   : strcmp(call->path, RUNTIMES) == 0      ? answers->runtimes
									    : NULL;
		fake_api_answer(call, 200, body ? body : LIST(""));
		stage_turn(stage);
	}
}

static fuse_ino_t walk(struct stage *stage, const char *path, const struct answers *answers) {
	fuse_ino_t ino = FUSE_ROOT_ID;
	char name[NAME_SIZE];
	for (; *path; path += strcspn(path, "/"), path += *path == '/') {
		snprintf(name, sizeof name, "%.*s", (int)strcspn(path, "/"), path);
		fuse_req_t req = stage_lookup(stage, ino, name);
		settle(stage, answers);
		assert_entry(req);
		ino = req->entry.ino;
	}
	return ino;
}

/* What the file says; the stage's. */
static const char *text_of(struct stage *stage, const char *path, const struct answers *answers) {
	fuse_req_t opened = stage_open_file(stage, walk(stage, path, answers), O_RDONLY);
	settle(stage, answers);
	assert_opened(opened);
	fuse_req_t read = stage_read(stage, opened, 1 << 16, 0);
	assert_int_equal(read->answer, ANSWER_BUF);
	return read->data ? read->data : "";
}

static void assert_mentions(const char *text, const char *words) {
	if (!strstr(text, words))
		fail_msg("\"%s\" is not in: %s", words, text);
}

/* ---- notify ---- */

#define NOTIFY "inventory/r1/a/notify"
static const struct answers offered = {.inventory = OFFERS, .notifications = "[]"};

/* Writes the text there, up to where the API is asked. */
static fuse_req_t notify(struct stage *stage, const char *text) {
	fuse_ino_t ino = walk(stage, NOTIFY, &offered);
	fuse_req_t opened = stage_open_file(stage, ino, O_WRONLY | O_TRUNC);
	assert_opened(opened);
	return stage_write(stage, opened, text, 0);
}

static void one_registers(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t write = notify(&stage, "1\n");
	stage_answer(&stage, API_GET, NOTIFICATIONS, 200,
		"[" REGISTERED("r2", "a", "pending") "," REGISTERED("r1", "b", "pending") "," REGISTERED(
			"r1", "a", "notified") "]");
	assert_parked(write);
	const struct api_call *post = fake_api_find(stage.api, API_POST, NOTIFICATIONS);
	assert_non_null(post);
	assert_int_equal(post->service, API_INVENTORY);
	assert_string_equal(post->body, "{\"region_id\":\"r1\",\"config_id\":\"a\"}");
	stage_answer(&stage, API_POST, NOTIFICATIONS, 201, REGISTERED("r1", "a", "pending"));
	assert_written(write, 2);
	/* The listing is another one now. */
	struct answers now = {.inventory = OFFERS,
		.notifications = "[" REGISTERED("r1", "a", "Pending") "," REGISTERED("r1", "a", "x\\n") "," REGISTERED(
			"r1", "b", "pending") "]"};
	assert_string_equal(
		text_of(&stage, NOTIFY, &now), "Pending 2026-01-02T03:04:05Z\nx\\x0a 2026-01-02T03:04:05Z\n");
	/* Again: it is looked up, and nothing is sent. */
	write = notify(&stage, "1");
	stage_answer(&stage, API_GET, NOTIFICATIONS, 200, now.notifications);
	assert_written(write, 1);
	assert_int_equal(stage_posts(&stage), 1);
	stage_close(&stage);
}

static void two_at_once_register_once(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t first = notify(&stage, "1"), second = notify(&stage, "1"); /* which answers the first's look */
	stage_answer(&stage, API_POST, NOTIFICATIONS, 201, REGISTERED("r1", "a", "pending"));
	assert_written(first, 1);
	assert_parked(second);
	stage_answer(&stage, API_GET, NOTIFICATIONS, 200, "[" REGISTERED("r1", "a", "pending") "]");
	assert_written(second, 1);
	assert_int_equal(stage_posts(&stage), 1);
	stage_close(&stage);
}

static void what_is_no_one_is_refused(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	assert_err(notify(&stage, "0\n"), EPERM);
	stage_mentions(&stage, "inventory/r1/a/.error", "cannot withdraw");
	assert_err(notify(&stage, "2"), EINVAL);
	assert_err(notify(&stage, "11"), EINVAL);
	assert_err(notify(&stage, "yes"), EINVAL);
	assert_int_equal(fake_api_count(stage.api, API_GET, NOTIFICATIONS), 1); /* of the stat, for its size */
	assert_int_equal(stage_posts(&stage), 0);
	stage_close(&stage);
}

/* It costs nothing; but a mount that was told to change nothing does not. */
static void a_mount_that_changes_nothing(void **state) {
	(void)state;
	static const struct {
		unsigned allow;
		bool read_only;
		int code;
	} cases[] = {{0, false, EROFS}, {CHANGE_DELETE, true, EROFS}, {CHANGE_DELETE, false, 0}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct stage stage;
		stage_init(&stage);
		stage.options.allow = cases[i].allow;
		stage.options.read_only = cases[i].read_only;
		assert_int_equal(stage_open(&stage), 0);
		fuse_req_t write = notify(&stage, "1");
		if (cases[i].code) {
			assert_err(write, cases[i].code);
			stage_mentions(&stage, "inventory/r1/a/.error", "allow=");
		} else {
			stage_answer(&stage, API_GET, NOTIFICATIONS, 200, "[" REGISTERED("r1", "a", "pending") "]");
			assert_written(write, 1);
		}
		stage_close(&stage);
	}
}

static void an_unknown_outcome_is_looked_up(void **state) {
	(void)state;
	static const struct {
		const char *listing;
		int code;
	} cases[] = {{"[" REGISTERED("r1", "a", "pending") "]", 0}, {"[]", EREMOTEIO}, {NULL, EREMOTEIO}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct stage stage;
		stage_begin(&stage);
		fuse_req_t write = notify(&stage, "1");
		stage_answer(&stage, API_GET, NOTIFICATIONS, 200, "[]");
		stage_fail(&stage, API_POST, NOTIFICATIONS, EREMOTEIO, true);
		assert_parked(write);
		if (cases[i].listing)
			stage_answer(&stage, API_GET, NOTIFICATIONS, 200, cases[i].listing);
		else
			stage_fail(&stage, API_GET, NOTIFICATIONS, EHOSTUNREACH, false);
		if (cases[i].code) {
			assert_err(write, cases[i].code);
			stage_mentions(&stage, "inventory/r1/a/.error", "Verdict: unknown");
		} else {
			assert_written(write, 1);
		}
		assert_int_equal(stage_posts(&stage), 1);
		stage_close(&stage);
	}
}

static void what_the_api_refuses(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t write = notify(&stage, "1");
	stage_answer(&stage, API_GET, NOTIFICATIONS, 200, "[]");
	stage_answer(&stage, API_POST, NOTIFICATIONS, 422, NULL);
	assert_err(write, EINVAL);
	stage_mentions(&stage, "inventory/r1/a/.error", "Verdict: nothing was changed");
	write = notify(&stage, "1");
	stage_fail(&stage, API_GET, NOTIFICATIONS, EHOSTUNREACH, false);
	assert_err(write, EHOSTUNREACH); /* it cannot be told whether it is registered */
	assert_int_equal(stage_posts(&stage), 1);
	stage_close(&stage);
}

/* It was sent: it goes on, and who asks later finds it. Before that it is over. */
static void who_gives_up_waiting(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t write = notify(&stage, "1");
	kernel_interrupt(write);
	stage_turn(&stage);
	assert_err(write, ECANCELED);
	stage_answer(&stage, API_GET, NOTIFICATIONS, 200, "[]"); /* of nobody any more */
	assert_int_equal(stage_posts(&stage), 0);
	write = notify(&stage, "1");
	stage_answer(&stage, API_GET, NOTIFICATIONS, 200, "[]");
	kernel_interrupt(write);
	stage_turn(&stage);
	assert_err(write, ECANCELED);
	stage_answer(&stage, API_POST, NOTIFICATIONS, 201, REGISTERED("r1", "a", "pending"));
	stage_mentions(&stage, "inventory/r1/a/.error", "was carried out after the call had ended");
	stage_close(&stage);
}

/* Where the first service has no such route, the other is asked, and told. */
static void the_other_service_is_told(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t write = notify(&stage, "1");
	stage_answer(&stage, API_GET, NOTIFICATIONS, 404, NULL);
	assert_int_equal(fake_api_find(stage.api, API_GET, NOTIFICATIONS)->service, API_GPU);
	stage_answer(&stage, API_GET, NOTIFICATIONS, 200, "[]");
	assert_int_equal(fake_api_find(stage.api, API_POST, NOTIFICATIONS)->service, API_GPU);
	stage_answer(&stage, API_POST, NOTIFICATIONS, 201, REGISTERED("r1", "a", "pending"));
	assert_written(write, 1);
	stage_close(&stage);
}

static void it_is_not_offered(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t write = notify(&stage, "1");
	stage_answer(&stage, API_GET, NOTIFICATIONS, 404, NULL);
	stage_answer(&stage, API_GET, NOTIFICATIONS, 404, NULL);
	assert_err(write, ENOENT);
	stage_mentions(&stage, "inventory/r1/a/.error", "offers no notification");
	stage_says(&stage, NOTIFY, "");
	assert_err(stage_lookup(&stage, stage_walk(&stage, "inventory"), "notifications.json"), ENOENT);
	stage_mentions(&stage, "inventory/.error", "read inventory/notifications.json: ENOENT");
	assert_int_equal(stage_posts(&stage), 0);
	stage_close(&stage);
}

static void all_registrations(void **state) {
	(void)state;
	struct stage stage;
	struct answers answers = {.inventory = OFFERS, .notifications = "[{\"id\":\"n\",\"more\":1.50}]"};
	stage_begin(&stage);
	assert_string_equal(text_of(&stage, "inventory/notifications.json", &answers),
		"[\n  {\n    \"id\": \"n\",\n    \"more\": 1.50\n  }\n]\n");
	text_of(&stage, NOTIFY, &answers);
	assert_int_equal(fake_api_count(stage.api, API_GET, NOTIFICATIONS), 1);
	fuse_ino_t dir = stage_walk(&stage, "inventory");
	assert_null(strstr(stage_names(&stage, dir, 4096), "notifications"));
	fuse_req_t touch = stage_setattr(&stage, dir, &(struct stat){0}, FUSE_SET_ATTR_MTIME_NOW, NULL);
	assert_int_equal(touch->answer, ANSWER_ATTR);
	text_of(&stage, "inventory/notifications.json", &answers);
	assert_int_equal(fake_api_count(stage.api, API_GET, NOTIFICATIONS), 2);
	stage_close(&stage);
}

static bool pending(const char *registration) {
	SCOPED(buffer_free) struct buffer list = {0};
	static const char body[] = "{\"region_id\":\"r1\",\"config_id\":\"a\"}";
	struct json root, wanted;
	buffer_printf(&list, "[{\"region_id\":\"r2\",\"config_id\":\"a\",\"status\":\"pending\"},%s]", registration);
	assert_int_equal(json_scan(list.data, list.len, &root, NULL), JSON_OK);
	assert_int_equal(json_scan(body, strlen(body), &wanted, NULL), JSON_OK);
	return registration_pending(root, wanted);
}

/* Only what is certain to come yet is not asked for again. */
static void what_is_still_to_come(void **state) {
	(void)state;
	assert_true(pending(REGISTERED("r1", "a", "pending")));
	assert_true(pending(REGISTERED("r1", "a", "PENDING")));
	assert_false(pending(REGISTERED("r1", "b", "pending")));
	assert_false(pending(REGISTERED("r1", "a", "sent")));
	assert_false(pending(REGISTERED("r1", "a", "expired"))); /* as long */
	assert_false(pending("{\"region_id\":\"r1\",\"config_id\":\"a\"}"));
	assert_false(pending("{\"region_id\":\"r1\",\"config_id\":\"a\",\"status\":123456789}"));
	struct stage stage;
	struct answers answers = {.inventory = OFFERS, .notifications = "[{\"region_id\":\"r1\",\"config_id\":\"a\"}]"};
	stage_begin(&stage);
	assert_string_equal(text_of(&stage, NOTIFY, &answers), " \n");
	stage_close(&stage);
}

static void what_is_no_list_is_unusable(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t lookup = stage_lookup(&stage, stage_walk(&stage, "inventory"), "notifications.json");
	stage_answer(&stage, API_GET, NOTIFICATIONS, 200, "{\"id\":\"n\"}");
	assert_err(lookup, EREMOTEIO);
	stage_close(&stage);
}

/* ---- .query ---- */

static void names_of_queries(void **state) {
	(void)state;
	static const struct {
		const char *name, *query; /* NULL: none */
	} cases[] = {
		{"region=r1", "region=r1"},
		{"vram_min=80,region=r1", "region=r1&vram_min=80"},
		{"region=r1,vram_min=80", "region=r1&vram_min=80"},
		{"type=GPU,gpu_model=H 100,gpu_vendor=x&y,vram_max=0",
			"type=GPU&gpu_model=H%20100&gpu_vendor=x%26y&vram_max=0"},
		{"region=a%2Cb%2fc%25", "region=a%2Cb%2Fc%25"},
		{"region=\u00e9=", "region=%C3%A9%3D"},
		{"region=a%zz", "region=a%25zz"},
		{"", NULL},
		{"region", NULL},
		{"region=", NULL},
		{"=r1", NULL},
		{"region=r1,", NULL},
		{",region=r1", NULL},
		{"region=r1,,type=x", NULL},
		{"region=r1,region=r1", NULL},
		{"Region=r1", NULL},
		{"region =r1", NULL},
		{"page=1", NULL},
		{"limit=1", NULL},
		{"region=r1,page=2", NULL},
		{"vram_min=", NULL},
		{"vram_min=x", NULL},
		{"vram_min=-1", NULL},
		{"vram_min=1.5", NULL},
		{"vram_min=08", NULL},
		{"vram_min=1234567890", NULL},
		{"region=a%00b", NULL},
		{"region=a\nb", NULL},
		{"region=a\xff", NULL},
		{"region=..", NULL},
		{"region=a%0Ab", NULL},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		SCOPED(buffer_free) struct buffer out = {0};
		int rc = query_read(kinds[KIND_INVENTORY].filters, cases[i].name, &out);
		if (rc != (cases[i].query ? 0 : -ENOENT) || (!rc && strcmp(out.data, cases[i].query) != 0))
			fail_msg("%s: %d, %s", cases[i].name, rc, out.data ? out.data : "");
	}
	SCOPED(buffer_free) struct buffer out = {0};
	assert_int_equal(query_read(NULL, "region=r1", &out), -ENOENT);
}

static void a_query_is_one_listing(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_ino_t queries = walk(&stage, "inventory/.query", &offered);
	assert_string_equal(stage_names(&stage, queries, 4096), "");
	assert_err(stage_lookup(&stage, queries, "price=1"), ENOENT);
	fuse_ino_t query = walk(&stage, "inventory/.query/vram_min=80,region=r1", &offered);
	fuse_req_t listed = stage_opendir(&stage, query);
	settle(&stage, &(struct answers){.inventory = OFFERS});
	assert_opened(listed);
	struct api_call *call = fake_api_last(stage.api, API_GET, INVENTORY "?region=r1&vram_min=80");
	assert_non_null(call);
	assert_true(call->list && call->paged);
	kernel_release(listed);
	stage_later(&stage, TTL_MS);
	/* Of the two of one name the answer has only the second, and one of a region that the inventory lacks. */
	listed = stage_opendir(&stage, query);
	stage_answer(&stage, API_GET, INVENTORY, 200, OFFERS);
	stage_answer(&stage, API_GET, INVENTORY "?region=r1&vram_min=80", 200,
		LIST(OFFER("b", "r1", "0.1", "4", "vm") "," OFFER("a", "r1", "3.5", "0", "airuntime") "," OFFER(
			"z", "r9", "1", "1", "airuntime")));
	assert_opened(listed);
	assert_string_equal(stage_names(&stage, query, 4096), "r1\nr9\n");
	assert_string_equal(stage_names(&stage, stage_walk(&stage, "inventory/.query/region=r1,vram_min=80/r1"), 4096),
		"b~vm\na\n");
	assert_string_equal(
		stage_names(&stage, stage_walk(&stage, "inventory/.query/region=r1,vram_min=80/r9"), 4096), "");
	assert_int_equal(fake_api_count(stage.api, API_GET, INVENTORY "?region=r1&vram_min=80"), 2);
	fuse_ino_t group = stage_walk(&stage, "inventory/.query/region=r1,vram_min=80/r1");
	fuse_req_t link = stage_readlink(&stage, stage_walk(&stage, "inventory/.query/region=r1,vram_min=80/r1/b~vm"));
	assert_string_equal(link->data, "../../../r1/b~vm");
	assert_err(stage_lookup(&stage, group, "b"), ENOENT);
	assert_err(stage_lookup(&stage, query, "r2"), ENOENT);
	/* A group that the next answer lacks is gone. */
	stage_later(&stage, TTL_MS);
	fuse_req_t gone = stage_opendir(&stage, group);
	stage_answer(&stage, API_GET, INVENTORY, 200, OFFERS);
	stage_answer(&stage, API_GET, INVENTORY "?region=r1&vram_min=80", 200, LIST(""));
	assert_err(gone, ENOENT);
	/* touch(1) forgets the answers to queries too. */
	fuse_req_t touch = stage_setattr(&stage, query, &(struct stat){0}, FUSE_SET_ATTR_MTIME_NOW, NULL);
	assert_int_equal(touch->answer, ANSWER_ATTR);
	listed = stage_opendir(&stage, query);
	stage_answer(&stage, API_GET, INVENTORY, 200, OFFERS);
	stage_answer(&stage, API_GET, INVENTORY "?region=r1&vram_min=80", 422, NULL);
	assert_err(listed, EINVAL);
	stage_close(&stage);
}

/* What tells two of one name apart may be missing in both, or be no text. */
static void a_query_by_odd_answers(void **state) {
	(void)state;
	static const char offers[] = LIST("{\"config_id\":\"a\",\"region\":\"r1\"},"
					  "{\"config_id\":\"b\",\"region\":\"r1\",\"instance_type\":7},"
					  "{\"config_id\":\"c\",\"region\":\"r1\",\"instance_type\":7}");
	static const char found[] = LIST("{\"config_id\":\"a\",\"region\":\"r1\"},"
					 "{\"config_id\":\"b\",\"region\":\"r1\",\"instance_type\":7},"
					 "{\"config_id\":\"c\",\"region\":\"r1\",\"instance_type\":8}");
	struct stage stage;
	stage_begin(&stage);
	fuse_ino_t queries = stage_walk(&stage, "inventory/.query");
	fuse_ino_t query = stage_lookup(&stage, queries, "region=r1")->entry.ino;
	fuse_req_t group = stage_lookup(&stage, query, "r1");
	stage_answer(&stage, API_GET, INVENTORY, 200, offers);
	stage_answer(&stage, API_GET, INVENTORY "?region=r1", 200, found);
	assert_entry(group);
	assert_string_equal(stage_names(&stage, group->entry.ino, 4096), "a\nb\n");
	assert_err(stage_lookup(&stage, group->entry.ino, "c"), ENOENT); /* the two answers are not of one moment */
	/* A name is looked up by what is asked anew. */
	stage_later(&stage, TTL_MS);
	fuse_req_t look = stage_lookup(&stage, group->entry.ino, "a");
	stage_answer(&stage, API_GET, INVENTORY, 200, offers);
	stage_answer(&stage, API_GET, INVENTORY "?region=r1", 422, NULL);
	assert_err(look, EINVAL);
	stage_close(&stage);
}

/* ---- spec.example.json ---- */

#define TEMPLATE_ITEM(id) "{\"id\":\"" id "\"}"
#define INSTANCE(config, plan) \
	"{\"id\":\"i-" plan "\",\"name\":\"n-" plan "\",\"gpuConfigID\":\"" config "\",\"planId\":\"" plan "\"}"
#define MODEL_OF(id, config, gpus)                                                                                \
	"{\"id\":\"" id "\",\"recommended_gpu\":{\"gpu_config_id\":\"" config "\",\"gpu_count\":" gpus "},"       \
	"\"configurations\":{\"max_model_len\":{\"min\":1,\"max\":10,\"default\":5},\"max_num_seqs\":{\"min\":4," \
	"\"default\":2},\"other\":{\"default\":1}}}"

/* The example passes our own check, has the length that stat(2) says, and what would be sent is `body`. */
static void assert_example(struct stage *stage, const char *path, const struct schema *schema,
	const struct answers *answers, const char *body, const char *comment) {
	const char *text = text_of(stage, path, answers);
	SCOPED(buffer_free) struct buffer sent = {0};
	struct spec_faults faults;
	assert_int_equal(strlen(text), EXAMPLE_BYTES);
	if (spec_check(schema, "abc", text, strlen(text), &sent, &faults) != SPEC_GOOD)
		fail_msg("%s: %s", text, faults.list[0].message);
	assert_string_equal(sent.data, body);
	assert_mentions(text, comment);
	fuse_req_t stat = stage_getattr(stage, walk(stage, path, answers));
	assert_int_equal(stat->answer, ANSWER_ATTR);
	assert_int_equal(stat->attr.st_size, EXAMPLE_BYTES);
}

static void examples_of_instances(void **state) {
	(void)state;
	static const struct {
		struct answers answers;
		const char *body, *comment;
	} cases[] = {
		{{.inventory = OFFERS,
			 .platform = LIST(TEMPLATE_ITEM("odd") "," TEMPLATE_ITEM("tpl-one")),
			 .runtimes =
				 LIST(INSTANCE("b", "p-reserved-1m") "," INSTANCE("a", "p1") "," INSTANCE("b", "p2"))},
			"{\"name\":\"abc\",\"region\":\"r2\",\"templateID\":\"tpl-one\",\"gpuConfigID\":\"b\","
			"\"gpuCount\":1,"
			"\"planId\":\"p2\"}",
			"4 GPUs of b are free in r2 now; 1 costs 1.50 USD an hour. The plan is that of an instance"},
		{{.inventory = LIST(OFFER("A 1", "r1", "2", "0", "airuntime") "," OFFER("c", "r1", "\"x\"", "0", "t")),
			 .platform = LIST(TEMPLATE_ITEM("tpl-one"))},
			"{\"name\":\"abc\",\"region\":\"r1\",\"templateID\":\"tpl-one\",\"gpuConfigID\":\"A "
			"1\",\"gpuCount\":1,"
			"\"planId\":\"gpu-a-1-on-demand-1h\"}",
			"cannot be had now, nor others instead; 1 costs 2.00 USD an hour. The plan is a guess"},
		{{0},
			"{\"name\":\"abc\",\"region\":\"REGION\",\"templateID\":\"tpl-ID\",\"gpuConfigID\":\"CONFIG_"
			"ID\","
			"\"gpuCount\":1,\"planId\":\"PLAN_ID\"}",
			"Words in capitals are to be replaced."},
		/* What the API would not take itself. */
		{{.inventory = OFFERS, .platform = LIST(TEMPLATE_ITEM("tpl-a b"))},
			"{\"name\":\"abc\",\"region\":\"REGION\",\"templateID\":\"tpl-ID\",\"gpuConfigID\":\"CONFIG_"
			"ID\","
			"\"gpuCount\":1,\"planId\":\"PLAN_ID\"}",
			"Words in capitals are to be replaced."},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct stage stage;
		stage_begin(&stage);
		assert_example(&stage, RUNTIMES_DIR "/spec.example.json", &schema_airuntime, &cases[i].answers,
			cases[i].body, cases[i].comment);
		stage_close(&stage);
	}
}

/* Somebody looks, and nothing is asked; nor does what cannot be had keep an example away. */
static void looking_at_an_example_costs_nothing(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t lookup = stage_lookup(&stage, stage_walk(&stage, RUNTIMES_DIR), "spec.example.json");
	assert_entry(lookup);
	assert_int_equal(lookup->attr.st_size, EXAMPLE_BYTES);
	assert_int_equal(lookup->attr.st_mode, S_IFREG | 0444);
	assert_int_equal(fake_api_total(stage.api), 0);
	fuse_req_t opened = stage_open_file(&stage, lookup->entry.ino, O_RDONLY);
	stage_fail(&stage, API_GET, INVENTORY, EHOSTUNREACH, false);
	stage_answer(&stage, API_GET, PLATFORM, 403, NULL);
	stage_answer(&stage, API_GET, TEMPLATES, 200,
		LIST("{\"id\":\"tpl-new\",\"status\":\"Inactive\"},{\"id\":\"tpl-own\"}"));
	assert_opened(opened);
	fuse_req_t read = stage_read(&stage, opened, 4096, 0);
	assert_mentions(read->data,
		"The inventory cannot be read (EHOSTUNREACH). The platform templates cannot be read (EACCES).");
	assert_mentions(read->data, "\"templateID\": \"tpl-own\"");
	stage_close(&stage);
}

static void examples_of_deployments(void **state) {
	(void)state;
	static const char body[] =
		"{\"name\":\"abc\",\"catalog_id\":\"m-b\",\"region\":\"r2\",\"gpu_config_id\":\"b\",\"gpu_"
		"count\":2,\"plan_id\":\"gpu-b-on-demand-1h\",\"config\":{\"max_model_len\":5}}";
	const struct answers answers = {
		.inventory = OFFERS, .catalog = LIST(MODEL_OF("m-a", "a", "1") "," MODEL_OF("m-b", "b", "2"))};
	struct stage stage;
	stage_begin(&stage);
	assert_example(&stage, MODELS_DIR "/spec.example.json", &schema_aimodel, &answers, body, "2 cost 3.00 USD");
	assert_example(&stage, "catalog/m-b/spec.example.json", &schema_aimodel, &answers, body, "The plan is a guess");
	/* Its own GPUs are not free: others are, with as much memory. */
	assert_example(&stage, "catalog/m-a/spec.example.json", &schema_aimodel, &answers,
		"{\"name\":\"abc\",\"catalog_id\":\"m-a\",\"region\":\"r2\",\"gpu_config_id\":\"b\",\"gpu_count\":1,"
		"\"plan_"
		"id\":\"gpu-b-on-demand-1h\",\"config\":{\"max_model_len\":5}}",
		"4 GPUs of b are free");
	stage_close(&stage);
}

/* The model is long, and the comment gives way. */
static void a_long_name_fits(void **state) {
	(void)state;
	char id[201], list[800], body[800];
	struct stage stage;
	memset(id, 'm', 200);
	id[200] = 0;
	snprintf(list, sizeof list, LIST("{\"id\":\"%s\"}"), id);
	snprintf(body, sizeof body,
		"{\"name\":\"abc\",\"catalog_id\":\"%s\",\"region\":\"r2\",\"gpu_config_id\":\"b\",\"gpu_count\":1,"
		"\"plan_id\":"
		"\"gpu-b-on-demand-1h\"}",
		id);
	stage_begin(&stage);
	assert_example(&stage, MODELS_DIR "/spec.example.json", &schema_aimodel,
		&(struct answers){.inventory = OFFERS, .catalog = list}, body, "4 GPUs of b are free in r2 now");
	stage_close(&stage);
}

static void examples_of_templates(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_ino_t ino = stage_walk(&stage, TEMPLATES_DIR "/spec.example.json");
	fuse_req_t opened = stage_open_file(&stage, ino, O_RDONLY);
	stage_answer(&stage, API_GET, TEMPLATES, 200,
		LIST("{\"id\":\"tpl-a\",\"name\":\"a\",\"image\":null},{\"id\":\"tpl-b\",\"name\":\"b\",\"image\":"
		     "\"ghcr.io/o/i:v2\","
		     "\"category\":\"Vision\"}"));
	assert_opened(opened);
	fuse_req_t read = stage_read(&stage, opened, 4096, 0);
	assert_mentions(read->data, "\"image\": \"ghcr.io/o/i:v2\",\n  \"category\": \"Vision\"");
	stage_close(&stage);
	stage_begin(&stage);
	assert_example(&stage, TEMPLATES_DIR "/spec.example.json", &schema_template, &(struct answers){0},
		"{\"name\":\"abc\",\"description\":\"What it is "
		"for\",\"image\":\"docker.io/library/debian:stable\",\"category\":"
		"\"LLM\"}",
		"");
	stage_close(&stage);
}

/* ---- spec.json.plan ---- */

#define PLAN RUNTIMES_DIR "/new/spec.json.plan"
#define GOOD_SPEC                                                                                               \
	"{\"region\":\"r1\",\"templateID\":\"tpl-a\",\"gpuConfigID\":\"b\",\"gpuCount\":2,\"planId\":\"p\",\"$" \
	"comment\":"                                                                                            \
	"\"x\"}"
static const struct answers empty = {.inventory = OFFERS, .platform = LIST("{\"id\":\"tpl-a\"}")};

static fuse_ino_t begin_plan_among(struct stage *stage, const char *text, const struct answers *answers) {
	fuse_req_t made = stage_mkdir(stage, walk(stage, RUNTIMES_DIR, answers), "new");
	settle(stage, answers);
	assert_entry(made);
	assert_err(stage_lookup(stage, made->entry.ino, "spec.json.plan"), ENOENT);
	fuse_req_t created = stage_create(stage, made->entry.ino, "spec.json.plan");
	assert_opened(created);
	size_t half = strlen(text) / 2; /* in two writes */
	SCOPED(scope_free) char *first = strndup(text, half);
	assert_written(stage_write(stage, created, first, 0), half);
	assert_written(stage_write(stage, created, text + half, (off_t)half), strlen(text) - half);
	assert_err(stage_flush(stage, created), 0);
	kernel_release(created);
	return made->entry.ino;
}

static fuse_ino_t begin_plan(struct stage *stage, const char *text) {
	return begin_plan_among(stage, text, &empty);
}

static void a_plan_sends_nothing(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_ino_t dir = begin_plan(&stage, GOOD_SPEC);
	assert_string_equal(stage_names(&stage, dir, 4096), ".error\nspec.json.plan\n");
	assert_string_equal(text_of(&stage, PLAN, &empty),
		"Verdict:  it would be sent\n"
		"Sends:    POST https://api.test" RUNTIMES "\n"
		"Body:     "
		"{\"name\":\"new\",\"region\":\"r1\",\"templateID\":\"tpl-a\",\"gpuConfigID\":\"b\",\"gpuCount\":2,"
		"\"planId\":\"p\"}\n"
		"Name:     free: no GPU instance of this name is listed\n"
		"ssh:      none: the spec has no sshKeys, and later none can be added\n"
		"Template: one of the platform\n"
		"Price:    4.00 USD an hour, by the inventory\n"
		"GPUs:     4 free, 2 asked for, 1 to 4 at once\n"
		"Plan:     the plan is not checked: the API has no list of them\n"
		"Brakes:   none\n"
		"Nothing was sent.\n"
		"Next:     mv spec.json.plan spec.json creates it\n");
	fuse_req_t stat = stage_getattr(&stage, stage_walk(&stage, PLAN));
	assert_int_equal(stat->attr.st_size, strlen(text_of(&stage, PLAN, &empty)));
	assert_int_equal(stat->attr.st_mode, S_IFREG | 0600);
	/* It is no spec: there is none, and nothing that could be created. */
	assert_err(stage_lookup(&stage, dir, "spec.json"), ENOENT);
	assert_int_equal(stage_posts(&stage), 0);
	/* It goes with the draft. */
	assert_err(stage_unlink(&stage, dir, "spec.json.plan"), 0);
	assert_err(stage_rmdir(&stage, stage_walk(&stage, RUNTIMES_DIR), "new"), 0);
	stage_close(&stage);
}

static void a_bad_plan_is_written_and_told(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	begin_plan(&stage, "{\n  \"regio\": \"r\",\n  \"gpuCount\": \"1\"\n}");
	assert_string_equal(text_of(&stage, PLAN, &empty),
		"Verdict:  it would be refused: EINVAL: unknown member \"regio\"; did you mean \"region\"?\n"
		"line 2, column 3\n"
		"  \"regio\": \"r\",\n"
		"  ^\n"
		"gpuCount must be a whole number from 1 to 2147483647, not \"1\"\n"
		"line 3, column 15\n"
		"  \"gpuCount\": \"1\"\n"
		"              ^\n"
		"templateID is required\n"
		"gpuConfigID is required\n"
		"planId is required\n"
		"line 4, column 1\n"
		"}\n"
		"^\n"
		"Nothing would be sent.\n");
	fuse_req_t opened = stage_open_file(&stage, stage_walk(&stage, PLAN), O_WRONLY | O_TRUNC);
	assert_opened(opened);
	assert_mentions(text_of(&stage, PLAN, &empty), "Verdict:  it would be refused: EINVAL: not complete");
	stage_close(&stage);
}

/* Who edits it in place has read what it says; what was planned must not be lost by that. */
static void what_a_plan_says_is_not_planned(void **state) {
	(void)state;
	static const char says[] = "Verdict:  it would be sent\nSends:    POST";
	const struct stat nothing = {0};
	struct stage stage;
	stage_begin(&stage);
	fuse_ino_t dir = begin_plan(&stage, GOOD_SPEC);
	SCOPED(scope_free) char *before = strdup(text_of(&stage, PLAN, &empty));
	fuse_ino_t ino = stage_walk(&stage, PLAN);
	fuse_req_t opened = stage_open_file(&stage, ino, O_WRONLY | O_TRUNC);
	assert_opened(opened);
	assert_err(stage_write(&stage, opened, says, 0), EINVAL);
	stage_mentions(&stage, RUNTIMES_DIR "/new/.error", "what was planned is unchanged");
	assert_err(stage_write(&stage, opened, says + 8, 8), EINVAL); /* the rest of it */
	assert_err(stage_flush(&stage, opened), EINVAL);
	assert_string_equal(text_of(&stage, PLAN, &empty), before);
	fuse_req_t emptied = stage_setattr(&stage, ino, &nothing, FUSE_SET_ATTR_SIZE, opened);
	settle(&stage, &empty);
	assert_int_equal(emptied->attr.st_size, strlen(text_of(&stage, PLAN, &empty)));
	assert_written(stage_write(&stage, opened, "Verdict", 0), 7);
	assert_err(stage_write(&stage, opened, says + 7, 7), EINVAL);
	kernel_release(opened);
	assert_string_equal(text_of(&stage, PLAN, &empty), before);
	opened = stage_open_file(&stage, ino, O_WRONLY); /* in place */
	assert_err(stage_write(&stage, opened, says, 0), EINVAL);
	kernel_release(opened);
	assert_string_equal(text_of(&stage, PLAN, &empty), before);
	fuse_req_t created = stage_create(&stage, dir, "tmp");
	assert_written(stage_write(&stage, created, says, 0), sizeof says - 1);
	kernel_release(created);
	assert_err(stage_rename(&stage, dir, "tmp", dir, "spec.json.plan"), EINVAL);
	assert_string_equal(text_of(&stage, PLAN, &empty), before);
	assert_err(stage_rename(&stage, dir, "tmp", dir, "tmp2"), 0); /* it is any other file's */
	opened = stage_open_file(&stage, ino, O_WRONLY | O_TRUNC);
	assert_written(stage_write(&stage, opened, "{}", 0), 2);
	kernel_release(opened);
	assert_mentions(text_of(&stage, PLAN, &empty), "EINVAL: region is required");
	stage_close(&stage);
}

/* What instances have is a fact, and no reason to refuse another: others may be sold. */
static void a_plan_knows_what_instances_use(void **state) {
	(void)state;
	static const char unchecked[] = "Plan:     the plan is not checked: the API has no list of them";
	static const struct {
		const char *runtimes, *said;
	} cases[] = {
		{LIST(INSTANCE("b", "p")), "Plan:     that of n-p, which has this GPU\n"},
		{LIST(INSTANCE("a", "p") "," INSTANCE("b", "q")),
			"Plan:     doubtful: it is that of n-p, which has a; n-q, which has this GPU, uses q\n"},
		{LIST(INSTANCE("a", "p")), "Plan:     doubtful: it is that of n-p, which has a\n"},
		{LIST(INSTANCE("b", "q")), "; n-q, which has this GPU, uses q\n"},
		{LIST(INSTANCE("b", "q")), unchecked},
		{LIST("{\"id\":\"i\",\"name\":\"n\",\"gpuConfigID\":\"b\",\"planId\":null}"), unchecked},
		{LIST(INSTANCE("a", "q")), unchecked},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct stage stage;
		struct answers answers = empty;
		answers.runtimes = cases[i].runtimes;
		stage_begin(&stage);
		begin_plan_among(&stage, GOOD_SPEC, &answers);
		const char *text = text_of(&stage, PLAN, &answers);
		assert_mentions(text, cases[i].said);
		assert_mentions(text, "Verdict:  it would be sent\n");
		stage_close(&stage);
	}
}

static void a_plan_tells_whether_ssh_will_do(void **state) {
	(void)state;
	static const char *const specs[] = {GOOD_SPEC,
		"{\"region\":\"r1\",\"templateID\":\"tpl-a\",\"gpuConfigID\":\"b\",\"gpuCount\":2,\"planId\":\"p\","
		"\"sshKeys\":[]}",
		"{\"region\":\"r1\",\"templateID\":\"tpl-a\",\"gpuConfigID\":\"b\",\"gpuCount\":2,\"planId\":\"p\","
		"\"sshKeys\":[\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0ZyW5kb20gdGV4dCBmb3IgYSB0ZXN0IG9ubHkhISE\"]}"};
	for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
		struct stage stage;
		stage_begin(&stage);
		begin_plan(&stage, specs[i]);
		const char *text = text_of(&stage, PLAN, &empty);
		assert_mentions(text, "Verdict:  it would be sent\n");
		assert_int_equal(!strstr(text, "\nssh:      none: the spec has no sshKeys"), i == 2);
		stage_close(&stage);
	}
}

static void a_plan_tells_what_stands_against_it(void **state) {
	(void)state;
	struct stage stage;
	stage_init(&stage);
	stage.options.max_hourly.set = true;
	stage.options.max_hourly.value = 3000000;
	assert_int_equal(stage_open(&stage), 0);
	begin_plan(&stage, GOOD_SPEC);
	const char *text = text_of(&stage, PLAN, &empty);
	assert_mentions(text, "Verdict:  it would be refused: EDQUOT, by the brakes\n");
	assert_mentions(text, "Brakes:   refused, EDQUOT: max_hourly=3.00: 0.00 USD/h run already, this adds 4.00");
	stage_close(&stage);
	stage_init(&stage);
	stage.options.max_hourly.set = true;
	stage.options.max_hourly.value = 4000000;
	assert_int_equal(stage_open(&stage), 0);
	begin_plan(&stage, GOOD_SPEC);
	for (int i = 0; i < 2; i++) /* it does not count as being created */
		assert_mentions(text_of(&stage, PLAN, &empty), "\nBrakes:   allowed\nNothing was sent.\n");
	stage_close(&stage);
}

static void a_plan_without_an_inventory(void **state) {
	(void)state;
	static const struct {
		const char *inventory, *verdict, *price, *gpus;
	} cases[] = {
		{LIST(""),
			"the API would refuse it, as it seems: the inventory has no b in r1, which is no region that "
			"it lists\n",
			"Price:    not known\n", "GPUs:     none: the inventory has no b in r1, which is no region"},
		{LIST(OFFER("a", "r1", "1", "1", "t")),
			"the API would refuse it, as it seems: the inventory has no b in r1\n", "Price:    not known\n",
			"GPUs:     none: the inventory has no b in r1\n"},
		{LIST(OFFER("b", "r1", "1", "1", "t")), "as it seems: so many GPUs cannot be had at once now\n",
			"Price:    2.00 USD", "GPUs:     1 free, 2 asked for, 1 to 1 at once\n"},
		{LIST(OFFER("b", "r1", "1", "0", "t")), "as it seems: so many GPUs cannot be had at once now\n",
			"Price:    2.00 USD",
			"GPUs:     0 free, 2 asked for: none can be had now; inventory/.available has what can\n"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct stage stage;
		struct answers answers = empty;
		answers.inventory = cases[i].inventory;
		stage_begin(&stage);
		begin_plan(&stage, GOOD_SPEC);
		const char *text = text_of(&stage, PLAN, &answers);
		assert_mentions(text, cases[i].verdict);
		assert_mentions(text, cases[i].price);
		assert_mentions(text, cases[i].gpus);
		stage_close(&stage);
	}
	struct stage stage;
	stage_begin(&stage);
	begin_plan(&stage, GOOD_SPEC);
	fuse_req_t lookup = stage_lookup(&stage, stage_walk(&stage, RUNTIMES_DIR "/new"), "spec.json.plan");
	stage_answer(&stage, API_GET, PLATFORM, 200, empty.platform);
	stage_fail(&stage, API_GET, INVENTORY, EHOSTUNREACH, false);
	assert_entry(lookup); /* it says so, and is there */
	stage_close(&stage);
}

static void a_plan_of_what_is_not_listed(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	begin_plan(&stage, GOOD_SPEC);
	const char *text = text_of(&stage, PLAN, &(struct answers){.inventory = OFFERS});
	assert_mentions(text,
		"Verdict:  the API would refuse it, as it seems: neither the platform nor the organisation has a "
		"template tpl-a\n");
	assert_mentions(text, "Template: none: neither the platform nor the organisation has a template tpl-a\n");
	assert_mentions(text, "Next:     write it anew here");
	stage_close(&stage);
	/* A deployment, of a model. */
	static const char model[] = "{\"catalog_id\":\"m-a\",\"region\":\"r1\",\"gpu_config_id\":\"b\",\"gpu_count\":2,"
				    "\"plan_id\":\"p\"}";
	static const char *const said[] = {"Verdict:  the API would refuse it, as it seems: the catalog has no m-a\n",
		"Model:    in the catalog\n"};
	for (size_t i = 0; i < 2; i++) {
		const struct answers answers = {
			.inventory = OFFERS, .catalog = i ? LIST("{\"id\":\"m-a\"}") : LIST("")};
		stage_begin(&stage);
		fuse_req_t made = stage_mkdir(&stage, walk(&stage, MODELS_DIR, &answers), "new");
		settle(&stage, &answers);
		fuse_req_t created = stage_create(&stage, made->entry.ino, "spec.json.plan");
		assert_opened(created);
		assert_written(stage_write(&stage, created, model, 0), strlen(model));
		assert_mentions(text_of(&stage, MODELS_DIR "/new/spec.json.plan", &answers), said[i]);
		stage_close(&stage);
	}
}

/* Of what is listed wherever it may be; but not of what is there, in another region. */
static void a_plan_names_the_nearest(void **state) {
	(void)state;
	static const struct answers answers = {
		.inventory = LIST(OFFER("gpu-l40s-48gb", "in-west-1", "1", "4", "airuntime") "," OFFER(
			"gpu-h100-80gb", "in-south-1", "2", "4", "airuntime")),
		.platform = LIST("{\"id\":\"tpl-pytorch\"},{\"id\":\"tpl-jupyter\"}")};
	static const struct {
		const char *template, *config, *region, *said;
	} cases[] = {
		{"tpl-pytorc", "gpu-l40s-48gb", "in-west-1", " template tpl-pytorc; did you mean tpl-pytorch?\n"},
		{"tpl-vllm", "gpu-l40s-48gb", "in-west-1", " template tpl-vllm\n"},
		{"tpl-pytorch", "gpu-l40-48gb", "in-west-1",
			"no gpu-l40-48gb in in-west-1; did you mean gpu-l40s-48gb?\n"},
		{"tpl-pytorch", "GPU_H100_80GB", "in-west-1",
			"no GPU_H100_80GB in in-west-1; did you mean gpu-h100-80gb?\n"},
		{"tpl-pytorch", "gpu-h100-80gb", "in-west-1", "no gpu-h100-80gb in in-west-1\n"},
		{"tpl-pytorch", "gpu-l40s-48gb", "in-west1",
			"in in-west1, which is no region that it lists; did you mean in-west-1?\n"},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct stage stage;
		char spec[256];
		snprintf(spec, sizeof spec,
			"{\"region\":\"%s\",\"templateID\":\"%s\",\"gpuConfigID\":\"%s\",\"gpuCount\":1,\"planId\":"
			"\"p\"}",
			cases[i].region, cases[i].template, cases[i].config);
		stage_begin(&stage);
		begin_plan_among(&stage, spec, &answers);
		const char *text = text_of(&stage, PLAN, &answers);
		const char *first = strstr(text, cases[i].said); /* in the verdict, and below */
		if (!first || !strstr(first + 1, cases[i].said))
			fail_msg("%zu: %s", i, text);
		stage_close(&stage);
	}
}

/* A credential is shown to nobody, and templates cost nothing. */
static void a_plan_keeps_a_secret(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t made = stage_mkdir(&stage, stage_walk(&stage, TEMPLATES_DIR), "abc");
	settle(&stage, &empty);
	fuse_req_t created = stage_create(&stage, made->entry.ino, "spec.json.plan");
	static const char text[] =
		"{\"description\":\"d\",\"image\":\"ghcr.io/o/i:v1\",\"category\":\"c\",\"oci_registry_token\":"
		"\"hush\"}";
	assert_written(stage_write(&stage, created, text, 0), strlen(text));
	const char *said = text_of(&stage, TEMPLATES_DIR "/abc/spec.json.plan", &empty);
	assert_null(strstr(said, "hush"));
	assert_mentions(said, "\"oci_registry_token\":\"********\"}\n");
	assert_mentions(said, "Price:    nothing\n");
	stage_close(&stage);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_registers),
		cmocka_unit_test(two_at_once_register_once),
		cmocka_unit_test(what_is_no_one_is_refused),
		cmocka_unit_test(a_mount_that_changes_nothing),
		cmocka_unit_test(an_unknown_outcome_is_looked_up),
		cmocka_unit_test(what_the_api_refuses),
		cmocka_unit_test(who_gives_up_waiting),
		cmocka_unit_test(the_other_service_is_told),
		cmocka_unit_test(it_is_not_offered),
		cmocka_unit_test(all_registrations),
		cmocka_unit_test(what_is_still_to_come),
		cmocka_unit_test(what_is_no_list_is_unusable),
		cmocka_unit_test(names_of_queries),
		cmocka_unit_test(a_query_is_one_listing),
		cmocka_unit_test(a_query_by_odd_answers),
		cmocka_unit_test(examples_of_instances),
		cmocka_unit_test(looking_at_an_example_costs_nothing),
		cmocka_unit_test(examples_of_deployments),
		cmocka_unit_test(a_long_name_fits),
		cmocka_unit_test(examples_of_templates),
		cmocka_unit_test(a_plan_sends_nothing),
		cmocka_unit_test(a_bad_plan_is_written_and_told),
		cmocka_unit_test(what_a_plan_says_is_not_planned),
		cmocka_unit_test(a_plan_knows_what_instances_use),
		cmocka_unit_test(a_plan_tells_whether_ssh_will_do),
		cmocka_unit_test(a_plan_tells_what_stands_against_it),
		cmocka_unit_test(a_plan_without_an_inventory),
		cmocka_unit_test(a_plan_of_what_is_not_listed),
		cmocka_unit_test(a_plan_names_the_nearest),
		cmocka_unit_test(a_plan_keeps_a_secret),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
