/* At a glance on fakes: tables, whole listings, shelves, costs, idle minutes; what they say, cost, and how they are
 * made where they are long. */
#include "../fs/cost.h"
#include "../fs/idle.h"
#include "../fs/index.h"
#include "../fs/kept.h"
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
#define CATALOG "/api/v1beta1/aimodels-catalog"
#define OFFER(config, region, price, free, least, most, availability)                               \
	"{\"config_id\":\"" config "\",\"region\":\"" region "\",\"price_per_gpu_per_hour\":" price \
	",\"available_gpu_count\":" free ",\"min_gpu_count\":" least ",\"max_gpu_count\":" most     \
	",\"availability\":\"" availability "\",\"gpu_model\":\"H 1\",\"vram_gib\":80,\"instance_type\":\"vm\"}"
#define OFFERS LIST(OFFER("g", "r1", "2.49", "8", "1", "8", "High") "," OFFER("g", "r2", "3", "0", "1", "0", "None"))
#define INSTANCE(name, id, status, gpus, region)                                                                      \
	"{\"id\":\"" id "\",\"name\":\"" name "\",\"status\":\"" status "\",\"gpuConfigID\":\"g\",\"gpuCount\":" gpus \
	",\"region\":\"" region "\",\"createdAt\":\"2025-12-30T20:00:00Z\"}"
#define DEPLOYMENT(name, id, status, replicas)                                                                        \
	"{\"id\":\"" id "\",\"name\":\"" name "\",\"status\":\"" status "\",\"replicas\":" replicas                   \
	",\"model_id\":\"m/x\",\"gpu_config_id\":\"g\",\"gpu_count\":2,\"region\":\"r1\",\"endpoint_url\":\"https://" \
	"e\"}"
#define INDEX_HEAD "name\tstatus\tgpu\tgpus\tusd_per_hour\tage\tregion\treason\n"

/* Opens the file there, answering what it asks for: each pair is a path and a body; NULL: with 403. */
static fuse_req_t opened_with(struct stage *stage, const char *path, const char *const (*answers)[2]) {
	fuse_ino_t ino = FUSE_ROOT_ID;
	fuse_req_t req = NULL;
	char name[NAME_SIZE];
	while (*path) {
		size_t len = strcspn(path, "/");
		snprintf(name, sizeof(name), "%.*s", (int)len, path);
		path += len + (path[len] == '/');
		for (int opens = 0; opens < (*path ? 1 : 2); opens++) {
			req = opens ? stage_open_file(stage, ino, O_RDONLY) : stage_lookup(stage, ino, name);
			while (req->answer == ANSWER_MISSING) {
				const char *const(*at)[2] = answers;
				while ((*at)[0] && !fake_api_find(stage->api, API_GET, (*at)[0]))
					at++;
				assert_non_null((*at)[0]);
				stage_answer(stage, API_GET, (*at)[0], (*at)[1] ? 200 : 403, (*at)[1]);
			}
			if (!opens) {
				assert_entry(req);
				ino = req->entry.ino;
			}
		}
	}
	assert_opened(req);
	return req;
}

static void says_with(struct stage *stage, const char *path, const char *const (*answers)[2], const char *text) {
	assert_reads(stage, opened_with(stage, path, answers), text);
}

/* ---- index.tsv ---- */

static void a_table_of_instances(void **state) {
	(void)state;
	static const char *const answers[][2] = {
		{RUNTIMES,
			LIST(INSTANCE("a", "id-a", "Running", "2", "r1") "," INSTANCE("b", "id-b", "Running", "1",
				"nowhere") ","
					   "{\"id\":\"c\",\"name\":\"c\",\"createdAt\":\"soon\",\"reason\":\"two "
					   "words\"},"
					   "{\"id\":\"d\",\"name\":\"d\",\"createdAt\":\"2025-12-31T23:59:20Z\"},"
					   "{\"id\":\"e\",\"name\":\"e\",\"createdAt\":\"2025-12-31T23:48:00Z\"},"
					   "{\"id\":\"f\",\"name\":\"f\",\"createdAt\":\"2025-12-31T18:48:00+01:00\"},"
					   "{\"id\":\"g\",\"name\":\"g\",\"createdAt\":\"2026-02-01T00:00:00Z\"}")},
		{INVENTORY, OFFERS}, {NULL, NULL}};
	struct stage stage;
	stage_begin(&stage);
	says_with(&stage, RUNTIMES_DIR "/index.tsv", answers,
		INDEX_HEAD "a\tRunning\tg\t2\t        4.98\t1d4h\tr1\t-\n"
			   "b\tRunning\tg\t1\t           -\t1d4h\tnowhere\t-\n"
			   "c\t-\t-\t-\t           -\t-\t-\ttwo words\n"
			   "d\t-\t-\t-\t           -\t40s\t-\t-\n"
			   "e\t-\t-\t-\t           -\t12m\t-\t-\n"
			   "f\t-\t-\t-\t           -\t6h12m\t-\t-\n"
			   "g\t-\t-\t-\t           -\t0s\t-\t-\n");
	assert_int_equal(fake_api_total(stage.api), 2);
	fuse_req_t file = stage_getattr(&stage, stage_walk(&stage, RUNTIMES_DIR "/index.tsv"));
	assert_int_equal(file->attr.st_mode, S_IFREG | 0444);
	assert_int_equal(fake_api_total(stage.api), 2);
	stage_close(&stage);
}

/* Whatever the server writes: so many rows, so many columns, and the last only has blanks. */
static void no_text_forges_a_row(void **state) {
	(void)state;
	static const char *const answers[][2] = {
		{RUNTIMES,
			LIST("{\"id\":\"a\",\"name\":\"a\\nb c\",\"status\":\"Run\\tning x\\n\",\"gpuConfigID\":"
			     "\"\\u001b[2J\\r\",\"gpuCount\":{\"k\": [1]},\"region\":\"\\u2028\\u202e\\u2066\\u20ac\","
			     "\"reason\":\"one\\ttwo\\nx\\t- - \\u2029\\u0085\"},"
			     "{\"id\":\"b\",\"name\":\"b\",\"status\":\"\\\\x20\",\"region\":\" \",\"reason\":\"\"}")},
		{INVENTORY, OFFERS}, {NULL, NULL}};
	struct stage stage;
	stage_begin(&stage);
	says_with(&stage, RUNTIMES_DIR "/index.tsv", answers,
		INDEX_HEAD "a%0Ab\\x20c\tRun\\x09ning\\x20x\\x0a\t\\x1b[2J\\x0d\t{\"k\":\\x20[1]}\t           -\t-\t"
			   "\\xe2\\x80\\xa8\\xe2\\x80\\xae\\xe2\\x81\\xa6\u20ac\t"
			   "one\\x09two\\x0ax\\x09- - \\xe2\\x80\\xa9\\xc2\\x85\n"
			   "b\t\\x5cx20\t-\t-\t           -\t-\t\\x20\t-\n");
	stage_close(&stage);
}

/* The inventory is one more document; without it the table is there all the same. */
/* Which characters turn the direction of text or end a line, and their neighbours, which do not. */
static void odd_characters(void **state) {
	(void)state;
	static const struct {
		const char *text;
		bool odd;
	} cases[] = {
		{"\u2027", false},
		{"\u2028", true},
		{"\u202e", true},
		{"\u202f", false},
		{"\u2065", false},
		{"\u2066", true},
		{"\u2069", true},
		{"\u206a", false},
		{"\u2000", false},
		{"\u20a8", false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char item[128], list[256], text[256], cell[16];
		const unsigned char *bytes = (const unsigned char *)cases[i].text;
		snprintf(item, sizeof item, "{\"id\":\"a\",\"name\":\"a\",\"status\":\"x\",\"reason\":\"%s\"}",
			cases[i].text);
		snprintf(list, sizeof list, LIST("%s"), item);
		snprintf(cell, sizeof cell, "\\x%02x\\x%02x\\x%02x", bytes[0], bytes[1], bytes[2]);
		snprintf(text, sizeof text, INDEX_HEAD "a\tx\t-\t-\t           -\t-\t-\t%s\n",
			cases[i].odd ? cell : cases[i].text);
		const char *const answers[][2] = {{RUNTIMES, list}, {INVENTORY, OFFERS}, {NULL, NULL}};
		struct stage stage;
		stage_begin(&stage);
		says_with(&stage, RUNTIMES_DIR "/index.tsv", answers, text);
		stage_close(&stage);
	}
}

static void a_table_without_prices(void **state) {
	(void)state;
	static const char *const answers[][2] = {
		{RUNTIMES, LIST(INSTANCE("a", "id-a", "Running", "2", "r1"))}, {INVENTORY, NULL}, {NULL, NULL}};
	static const char *const later[][2] = {{INVENTORY, OFFERS}, {NULL, NULL}};
	struct stage stage;
	stage_begin(&stage);
	says_with(
		&stage, RUNTIMES_DIR "/index.tsv", answers, INDEX_HEAD "a\tRunning\tg\t2\t           -\t1d4h\tr1\t-\n");
	stage_later(&stage, 1);
	says_with(&stage, RUNTIMES_DIR "/index.tsv", later, INDEX_HEAD "a\tRunning\tg\t2\t        4.98\t1d4h\tr1\t-\n");
	stage_close(&stage);
}

/* A shell that expands a pattern looks at its size, and must not pay for the prices, or wait for them. */
static void its_size_asks_for_no_prices(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_ino_t dir = stage_walk(&stage, RUNTIMES_DIR);
	fuse_req_t look = stage_lookup(&stage, dir, "index.tsv");
	stage_answer(&stage, API_GET, RUNTIMES, 200,
		LIST(INSTANCE("a", "id-a", "Running", "2", "r1") "," INSTANCE(
			"b", "id-b", "Running", "123456789012", "r1")));
	assert_entry(look);
	assert_true(look->entry.attr_timeout > 0);
	assert_int_equal(fake_api_total(stage.api), 1);
	fuse_req_t opened = stage_open_file(&stage, look->entry.ino, O_RDONLY);
	assert_parked(opened);
	stage_later(&stage, 100); /* ages go on, but not that of a listing */
	stage_answer(&stage, API_GET, INVENTORY, 200, OFFERS);
	assert_reads(&stage, opened,
		INDEX_HEAD "a\tRunning\tg\t2\t        4.98\t1d4h\tr1\t-\n"
			   "b\tRunning\tg\t123456789012\t307407404639\t1d4h\tr1\t-\n");
	assert_int_equal(opened->file.direct_io, 1); /* the kernel has that node for another text of this size */
	fuse_req_t known = stage_lookup(&stage, dir, "index.tsv");
	assert_int_equal(known->attr.st_size, look->attr.st_size);
	assert_int_equal(known->attr.st_size, stage_read(&stage, opened, 4096, 0)->len);
	assert_int_not_equal(known->entry.ino, look->entry.ino); /* of another text */
	assert_true(known->entry.attr_timeout > 0);
	/* Prices that are too old by now do for the size. */
	stage_later(&stage, TTL_MS - 100);
	look = stage_lookup(&stage, dir, "index.tsv");
	stage_answer(&stage, API_GET, RUNTIMES, 200,
		LIST(INSTANCE("a", "id-a", "Running", "2", "r1") "," INSTANCE(
			"b", "id-b", "Running", "123456789012", "r1")));
	assert_entry(look);
	assert_int_equal(fake_api_total(stage.api), 3);
	stage_close(&stage);
}

/* The same listing again is another answer: what is in it has grown older. */
static void ages_go_on(void **state) {
	(void)state;
	static const char *const answers[][2] = {
		{RUNTIMES, LIST(INSTANCE("a", "id-a", "Running", "1", "r1"))}, {INVENTORY, OFFERS}, {NULL, NULL}};
	struct stage stage;
	stage_begin(&stage);
	for (int i = 0; i < 3; i++) {
		char text[128];
		snprintf(text, sizeof(text), INDEX_HEAD "a\tRunning\tg\t1\t        2.49\t1d%dh\tr1\t-\n", 4 + i);
		says_with(&stage, RUNTIMES_DIR "/index.tsv", answers, text);
		stage_later(&stage, 3600 * 1000);
	}
	stage_close(&stage);
}

static void tables_of_the_others(void **state) {
	(void)state;
	static const char *const answers[][2] = {{INVENTORY, OFFERS},
		{TEMPLATES, "{\"data\":[{\"id\":\"tpl\",\"name\":\"t\",\"status\":\"Active\",\"category\":\"LLM\","
			    "\"image\":"
			    "\"i:v1\",\"description\":\"it is\"}]}"},
		{"/api/v1beta1/airuntime-templates",
			"{\"data\":[{\"id\":\"tpl-u\",\"name\":\"U 1\",\"description\":\"a b\"}]}"},
		{CATALOG, "{\"items\":[{\"id\":\"m-x\",\"model_id\":\"m/"
			  "x\",\"recommended_gpu\":{\"gpu_config_id\":\"g\",\"gpu_count\":2},\"name\":\"M X\"}]}"},
		{MODELS, LIST(DEPLOYMENT("a", "id-a", "ready", "3"))}, {NULL, NULL}};
	struct stage stage;
	stage_begin(&stage);
	says_with(&stage, "inventory/index.tsv", answers,
		"region\tconfig_id\tgpu\tvram_gib\tusd_per_gpu_hour\tavailable\tgpus\ttype\tavailability\n"
		"r1\tg\tH\\x201\t80\t2.49\t8\t1..8\tvm\tHigh\n"
		"r2\tg\tH\\x201\t80\t3\t0\tnone\tvm\tNone\n");
	says_with(&stage, TEMPLATES_DIR "/index.tsv", answers,
		"name\tstatus\tid\tcategory\tage\timage\tdescription\nt\tActive\ttpl\tLLM\t-\ti:v1\tit is\n");
	says_with(&stage, "templates/index.tsv", answers, "id\tname\tdescription\ntpl-u\tU\\x201\ta b\n");
	says_with(&stage, "catalog/index.tsv", answers, "id\tmodel_id\tgpu\tgpus\tname\nm-x\tm/x\tg\t2\tM X\n");
	says_with(&stage, MODELS_DIR "/index.tsv", answers,
		"name\tstatus\tmodel\tgpu\tgpus\treplicas\tusd_per_hour\tage\tregion\tendpoint_url\n"
		"a\tready\tm/x\tg\t2\t3\t       14.94\t-\tr1\thttps://e\n");
	says_with(&stage, "orgs/index.tsv", answers, "id\tstatus\tname\no\t-\t-\n");
	says_with(&stage, "orgs/o/projects/index.tsv", answers, "id\tstatus\tname\np\t-\t-\n");
	/* It shows access URLs. */
	fuse_req_t file = stage_getattr(&stage, stage_walk(&stage, MODELS_DIR "/index.tsv"));
	assert_int_equal(file->attr.st_mode, S_IFREG | 0400);
	file = stage_getattr(&stage, stage_walk(&stage, MODELS_DIR "/list.json"));
	assert_int_equal(file->attr.st_mode, S_IFREG | 0400);
	stage_close(&stage);
}

/* What a long one takes is done in pieces: others are answered meanwhile, and all who wait share it. */
enum { MANY = 4000 };

static char *many_instances(void) {
	static char body[MANY * 160 + 64];
	size_t len = (size_t)snprintf(body, sizeof(body), "{\"data\":[");
	for (int i = 0; i < MANY; i++)
		len += (size_t)snprintf(body + len, sizeof(body) - len,
			"%s{\"id\":\"id-%d\",\"name\":\"n%d\",\"status\":\"Running\",\"gpuConfigID\":\"g\","
			"\"gpuCount\":1,"
			"\"region\":\"r1\"}",
			i ? "," : "", i, i);
	snprintf(body + len, sizeof(body) - len, "]}");
	return body;
}

static void a_long_table_is_made_in_pieces(void **state) {
	(void)state;
	static const char *const names[] = {"index.tsv", "list.json"};
	struct stage stage;
	stage_begin(&stage);
	fuse_ino_t dir = stage_walk(&stage, RUNTIMES_DIR);
	fuse_req_t opened = stage_opendir(&stage, dir);
	stage_answer(&stage, API_GET, RUNTIMES, 200, many_instances());
	assert_opened(opened);
	fuse_req_t offers = stage_opendir(&stage, stage_walk(&stage, "inventory"));
	stage_answer(&stage, API_GET, INVENTORY, 200, OFFERS);
	assert_opened(offers);
	for (size_t i = 0; i < 2; i++) {
		/* Who lists the directory does not wait for it. */
		fuse_req_t listed = stage_readdirplus(&stage, opened, 1 << 12, 0);
		assert_int_equal(listed->answer, ANSWER_BUF);
		fuse_req_t one = stage_lookup(&stage, dir, names[i]), two = stage_lookup(&stage, dir, names[i]);
		fuse_req_t gone = stage_lookup(&stage, dir, names[i]);
		int turns = 0;
		for (; one->answer == ANSWER_MISSING; turns++) {
			assert_parked(one);
			assert_int_equal(ops_wait_ms(&stage.fs), 0); /* the loop goes on */
			assert_entry(stage_lookup(&stage, dir, "n1"));
			if (!turns) {
				kernel_interrupt(gone);
				stage.fs.work = 0;
			}
			stage_one_turn(&stage);
		}
		assert_in_range(turns, 3, 100);
		assert_err(gone, EINTR);
		stage_turn(&stage);
		assert_entry(two);
		assert_in_range(one->attr.st_size, MANY, SIZE_MAX);
		assert_int_equal(one->attr.st_size, two->attr.st_size);
		assert_true(one->entry.attr_timeout > 0);
		fuse_req_t again = stage_lookup(&stage, dir, names[i]); /* at once */
		assert_int_equal(again->entry.ino, one->entry.ino);
		assert_int_not_equal(ops_wait_ms(&stage.fs), 0);
	}
	assert_int_equal(fake_api_total(stage.api), 2);
	stage_close(&stage);
}

/* ---- list.json ---- */

static void a_listing_as_it_was_answered(void **state) {
	(void)state;
	static const char text[] = "[\n{\"id\":\"a\",\"n\":12345678901234567890,\"f\":1.50,\"e\":\"\\u00e9\"},\n"
				   "{\"id\":\"b\",\"s\":\"x y\\u0001\\u009b\\udcff\",\"a\":[1,2,{}]}\n]\n";
	struct stage stage;
	stage_begin(&stage);
	fuse_ino_t dir = stage_walk(&stage, TEMPLATES_DIR);
	fuse_req_t file = stage_lookup(&stage, dir, "list.json");
	stage_answer(&stage, API_GET, TEMPLATES, 200,
		"{\"data\": [ {\"id\" : \"a\",\n \"n\":12345678901234567890 ,\"f\":1.50, \"e\":\"\\u00e9\" "
		"},\r\n\t{\"id\":"
		"\"b\",\"s\":\"x y\x01\xc2\x9b\xff\",\"a\":[ 1 , 2, { } ] } ] }");
	assert_int_equal(file->attr.st_size, strlen(text));
	assert_int_equal(file->attr.st_mode, S_IFREG | 0444);
	fuse_req_t opened = stage_open_file(&stage, file->entry.ino, O_RDONLY);
	assert_reads(&stage, opened, text);
	assert_int_equal(opened->file.direct_io, 0);
	assert_int_equal(stage_getattr_open(&stage, opened)->attr.st_size, strlen(text));
	/* In any pieces. */
	for (size_t at = 0; at <= strlen(text); at++)
		for (size_t size = 1; size < 40; size += 6) {
			fuse_req_t read = stage_read(&stage, opened, size, (off_t)at);
			size_t left = strlen(text) - at;
			assert_int_equal(read->len, left < size ? left : size);
			assert_memory_equal(read->len ? read->data : "", text + at, read->len);
		}
	assert_int_equal(stage_read(&stage, opened, 10, 1 << 30)->len, 0);
	/* What is open stays as it was; the same answer is the same text. */
	stage_later(&stage, TTL_MS);
	fuse_req_t anew = stage_lookup(&stage, dir, "list.json");
	stage_answer(&stage, API_GET, TEMPLATES, 200, "{\"data\":[]}");
	assert_entry(anew);
	assert_int_equal(anew->attr.st_size, 4);
	assert_int_not_equal(anew->entry.ino, file->entry.ino);
	assert_reads(&stage, opened, text);
	assert_reads(&stage, stage_open_file(&stage, anew->entry.ino, O_RDONLY), "[\n]\n");
	assert_int_equal(fake_api_total(stage.api), 2);
	stage_close(&stage);
}

/* ---- shelves ---- */

static void shelves_by_status(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t opened = stage_opendir(&stage, stage_walk(&stage, RUNTIMES_DIR "/.by-status"));
	stage_answer(&stage, API_GET, RUNTIMES, 200,
		LIST(INSTANCE("a", "id-a", "Running", "1", "r") "," INSTANCE("a", "id-b", "Running", "1",
			"r") "," INSTANCE("c", "id-c", "../odd", "1", "r") "," INSTANCE("d", "id-d", "", "1",
			"r") ","
			     "{\"id\":\"e\",\"name\":\"e\",\"status\":null},{\"id\":\"f\",\"name\":\"f\"}"));
	assert_opened(opened);
	fuse_ino_t dir = stage_walk(&stage, RUNTIMES_DIR "/.by-status");
	assert_string_equal(
		stage_names(&stage, dir, 4096), "Pending\nRunning\nSucceeded\nFailed\nTerminating\n%2E.%2Fodd\n%\n");
	fuse_ino_t running = stage_walk(&stage, RUNTIMES_DIR "/.by-status/Running");
	assert_string_equal(stage_names(&stage, running, 4096), "a\na~id-b\n");
	fuse_req_t link = stage_readlink(&stage, stage_walk(&stage, RUNTIMES_DIR "/.by-status/Running/a~id-b"));
	assert_string_equal(link->data, "../../a~id-b");
	link = stage_readlink(&stage, stage_walk(&stage, RUNTIMES_DIR "/.by-status/%2E.%2Fodd/c"));
	assert_string_equal(link->data, "../../c");
	assert_err(stage_lookup(&stage, running, "c"), ENOENT);
	assert_err(stage_lookup(&stage, running, "none"), ENOENT);
	assert_err(stage_lookup(&stage, dir, "None"), ENOENT);
	assert_string_equal(stage_names(&stage, stage_walk(&stage, RUNTIMES_DIR "/.by-status/Failed"), 4096), "");
	assert_err(stage_mkdir(&stage, running, "x"), EPERM);
	assert_err(stage_rmdir(&stage, dir, "Running"), EPERM);
	assert_int_equal(fake_api_total(stage.api), 1);
	/* A shelf on which nothing is left is gone, unless its state is documented. */
	fuse_ino_t odd = stage_walk(&stage, RUNTIMES_DIR "/.by-status/%2E.%2Fodd");
	fuse_ino_t a = stage_walk(&stage, RUNTIMES_DIR "/.by-status/Running/a");
	stage_later(&stage, TTL_MS);
	opened = stage_opendir(&stage, odd);
	stage_answer(&stage, API_GET, RUNTIMES, 200, LIST(INSTANCE("b", "id-b", "Running", "1", "r")));
	assert_err(opened, ENOENT);
	assert_err(stage_getattr(&stage, odd), ENOENT);
	assert_err(stage_readlink(&stage, a), ENOENT);
	assert_string_equal(stage_names(&stage, running, 4096), "b\n");
	assert_string_equal(stage_names(&stage, dir, 4096), "Pending\nRunning\nSucceeded\nFailed\nTerminating\n");
	stage_close(&stage);
}

static void what_can_be_had_now(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t opened = stage_opendir(&stage, stage_walk(&stage, "inventory/.available"));
	stage_answer(&stage, API_GET, INVENTORY, 200,
		LIST(OFFER("a", "r/1", "1", "8", "1", "8", "High") "," OFFER("none", "r/1", "1", "8", "1", "8",
			"None") "," OFFER("few", "r/1", "1", "3", "4", "8", "Low") "," OFFER("least", "r/1", "1", "8",
			"4", "2", "Low") "," OFFER("a", "r2", "1", "0", "1", "0", "Low") "," OFFER("b", "r2", "1", "1",
			"1", "1", "Low") ","
					 "{\"config_id\":\"c\",\"region\":\"r3\"},"
					 "{\"config_id\":\"d\",\"region\":\"r2\",\"available_gpu_count\":1}"));
	assert_opened(opened);
	assert_string_equal(stage_names(&stage, stage_walk(&stage, "inventory/.available"), 4096), "r%2F1\nr2\n");
	assert_string_equal(stage_names(&stage, stage_walk(&stage, "inventory/.available/r%2F1"), 4096), "a\n");
	fuse_ino_t r2 = stage_walk(&stage, "inventory/.available/r2");
	assert_string_equal(stage_names(&stage, r2, 4096), "b\nd\n");
	fuse_req_t link = stage_readlink(&stage, stage_walk(&stage, "inventory/.available/r%2F1/a"));
	assert_string_equal(link->data, "../../r%2F1/a");
	assert_err(stage_lookup(&stage, r2, "a"), ENOENT);
	stage_close(&stage);
}

/* A resource cannot hide behind a fixed name of its collection, nor be hidden by it. */
static void fixed_names_are_taken(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t opened = stage_opendir(&stage, stage_walk(&stage, "catalog"));
	stage_answer(&stage, API_GET, CATALOG, 200,
		"{\"items\":[{\"id\":\"index.tsv\"},{\"id\":\"list.json\"},{\"id\":\"index.tsv2\"}]}");
	assert_opened(opened);
	assert_string_equal(stage_names(&stage, stage_walk(&stage, "catalog"), 4096),
		"index.tsv~index.tsv\nlist.json~list.json\nindex.tsv2\n");
	stage_says(&stage, "catalog/index.tsv~index.tsv/id", "index.tsv\n");
	fuse_req_t link = stage_readlink(&stage, stage_walk(&stage, "catalog/.by-id/index.tsv"));
	assert_string_equal(link->data, "../index.tsv~index.tsv");
	opened = stage_opendir(&stage, stage_walk(&stage, "inventory"));
	stage_answer(
		&stage, API_GET, INVENTORY, 200, LIST(OFFER("index.tsv", "index.tsv", "1", "8", "1", "8", "High")));
	assert_opened(opened);
	assert_string_equal(stage_names(&stage, stage_walk(&stage, "inventory"), 4096), "index.tsv~\n");
	stage_says(&stage, "inventory/index.tsv~/index.tsv/region", "index.tsv\n");
	link = stage_readlink(&stage, stage_walk(&stage, "inventory/.available/index.tsv~/index.tsv"));
	assert_string_equal(link->data, "../../index.tsv~/index.tsv");
	stage_close(&stage);
}

/* ---- one's own changes are seen at once ---- */

static void a_row_agrees_after_a_scale(void **state) {
	(void)state;
	static const char *const before[][2] = {
		{MODELS, LIST(DEPLOYMENT("a", "id-a", "ready", "2"))}, {INVENTORY, OFFERS}, {NULL, NULL}};
	static const char *const after[][2] = {
		{MODELS, LIST(DEPLOYMENT("a", "id-a", "initializing", "2"))}, {INVENTORY, OFFERS}, {NULL, NULL}};
	static const char head[] =
		"name\tstatus\tmodel\tgpu\tgpus\treplicas\tusd_per_hour\tage\tregion\tendpoint_url\n";
	char text[256];
	struct stage stage;
	stage_begin(&stage);
	snprintf(text, sizeof(text), "%sa\tready\tm/x\tg\t2\t2\t        9.96\t-\tr1\thttps://e\n", head);
	says_with(&stage, MODELS_DIR "/index.tsv", before, text);
	fuse_req_t opened = stage_open_file(&stage, stage_walk(&stage, MODELS_DIR "/a/replicas"), O_WRONLY | O_TRUNC);
	fuse_req_t written = stage_write(&stage, opened, "5\n", 0);
	stage_answer(&stage, API_PUT, MODELS "/id-a/scale", 200, "{}");
	assert_written(written, 2);
	snprintf(text, sizeof(text), "%sa\tinitializing\tm/x\tg\t2\t5\t       24.90\t-\tr1\thttps://e\n", head);
	says_with(&stage, MODELS_DIR "/index.tsv", after, text);
	stage_says(&stage, MODELS_DIR "/a/replicas", "5\n");
	stage_says(&stage, MODELS_DIR "/a/status", "initializing\n");
	stage_says(&stage, MODELS_DIR "/a/cost/usdPerHour", "24.90\n");
	stage_close(&stage);
}

/* The kernel is told: it asks again for what the collection says of all, and for the links of that name. */
static void a_row_agrees_after_a_delete(void **state) {
	(void)state;
	static const char *const names[] = {"/index.tsv", "/list.json", "/.by-status/Running", "/.by-status/Running/a",
		"/.by-id/id-a", "/.by-status/Running/b", "/.by-id/id-b"};
	struct stage stage;
	stage_begin(&stage);
	fuse_ino_t dir = stage_walk(&stage, RUNTIMES_DIR);
	fuse_req_t offers = stage_opendir(&stage, stage_walk(&stage, "inventory"));
	stage_answer(&stage, API_GET, INVENTORY, 200, OFFERS);
	assert_opened(offers);
	fuse_req_t look = stage_lookup(&stage, dir, "index.tsv");
	stage_answer(&stage, API_GET, RUNTIMES, 200,
		LIST(INSTANCE("a", "id-a", "Running", "1", "r1") "," INSTANCE("b", "id-b", "Running", "1", "r1")));
	assert_entry(look);
	fuse_ino_t inos[7];
	for (size_t i = 0; i < 7; i++) {
		char path[128];
		snprintf(path, sizeof(path), RUNTIMES_DIR "%s", names[i]);
		inos[i] = stage_walk(&stage, path);
	}
	size_t told = kernel_told(stage.kernel);
	fuse_req_t removed = stage_rmdir(&stage, dir, "a");
	stage_answer(&stage, API_DELETE, RUNTIMES "/id-a", 204, NULL);
	assert_err(removed, 0);
	/* The first five, the directories of the shelves and ids, and the collection. */
	assert_int_equal(kernel_told(stage.kernel), told + 8);
	fuse_req_t anew = stage_opendir(&stage, dir);
	stage_answer(&stage, API_GET, RUNTIMES, 200,
		LIST(INSTANCE("a", "id-a", "Terminating", "1", "r1") "," INSTANCE("b", "id-b", "Running", "1", "r1")));
	assert_opened(anew);
	stage_says(&stage, RUNTIMES_DIR "/index.tsv",
		INDEX_HEAD
		"a\tTerminating\tg\t1\t        2.49\t1d4h\tr1\t-\nb\tRunning\tg\t1\t        2.49\t1d4h\tr1\t-\n");
	stage_says(&stage, RUNTIMES_DIR "/a/status", "Terminating\n");
	assert_err(stage_readlink(&stage, inos[3]), ENOENT);
	stage_close(&stage);
}

/* A resource of ours that the listing lacks as yet has a row. */
static void a_newborn_has_a_row(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t opened = stage_begin_draft(&stage);
	fuse_req_t written = stage_write_spec(&stage, opened);
	stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-1"));
	assert_written(written, strlen(SPEC_TEXT));
	fuse_ino_t dir = stage_walk(&stage, TEMPLATES_DIR);
	fuse_req_t look = stage_lookup(&stage, dir, "index.tsv");
	stage_answer(&stage, API_GET, TEMPLATES, 200, "{\"data\":[]}");
	stage_answer(&stage, API_GET, TEMPLATES "/id-1", 200, SPEC_ANSWER("abc", "id-1"));
	assert_entry(look);
	stage_says(&stage, TEMPLATES_DIR "/index.tsv",
		"name\tstatus\tid\tcategory\tage\timage\tdescription\n"
		"abc\tActive\tid-1\t-\t-\tghcr.io/o/i:v1\t-\n");
	stage_close(&stage);
}

/* ---- cost ---- */

static void what_a_resource_costs(void **state) {
	(void)state;
	static const char *const answers[][2] = {
		{RUNTIMES, LIST(INSTANCE("a", "id-a", "Running", "3", "r1") "," INSTANCE("b", "id-b", "Running", "1",
				   "elsewhere") ",{\"id\":\"c\",\"name\":\"c\"}," INSTANCE("d", "id-d", "Running",
				   "9223372036854775807", "r1"))},
		{INVENTORY, LIST(OFFER("g", "r1", "0.333333", "8", "1", "8", "High"))}, {NULL, NULL}};
	struct stage stage;
	stage_begin(&stage);
	says_with(&stage, RUNTIMES_DIR "/a/cost/usdPerHour", answers, "0.999999\n");
	stage_says(&stage, RUNTIMES_DIR "/a/cost/hours", "28.00\n");
	stage_says(&stage, RUNTIMES_DIR "/a/cost/usd", "27.999972\n");
	/* Whatever is not known is empty. */
	stage_says(&stage, RUNTIMES_DIR "/b/cost/usdPerHour", "");
	stage_says(&stage, RUNTIMES_DIR "/b/cost/hours", "28.00\n");
	stage_says(&stage, RUNTIMES_DIR "/b/cost/usd", "");
	stage_says(&stage, RUNTIMES_DIR "/c/cost/hours", "");
	stage_says(&stage, RUNTIMES_DIR "/d/cost/usdPerHour", "");
	assert_int_equal(fake_api_total(stage.api), 2);
	/* The kernel keeps the hours for as long as they are true. */
	fuse_ino_t ino = stage_walk(&stage, RUNTIMES_DIR "/a/cost/hours");
	assert_in_range((unsigned)(stage_getattr(&stage, ino)->attr_timeout * 1000), 1, TTL_MS);
	stage_later(&stage, TTL_MS - 1);
	stage_says(&stage, RUNTIMES_DIR "/a/cost/hours", "28.00\n");
	stage_close(&stage);
	stage_begin(&stage);
	stage_later(&stage, 35000);
	says_with(&stage, RUNTIMES_DIR "/a/cost/hours", answers, "28.00\n");
	assert_true(stage_getattr(&stage, stage_walk(&stage, RUNTIMES_DIR "/a/cost/hours"))->attr_timeout <= 0);
	stage_later(&stage, 1000);
	stage_says(&stage, RUNTIMES_DIR "/a/cost/hours", "28.01\n");
	says_with(&stage, RUNTIMES_DIR "/a/cost/usd", answers, "28.009972\n"); /* 28.00997199 */
	stage_close(&stage);
}

/* Replicas that are none, or more than there is money; some that move, of which we asked for nothing. */
static void what_replicas_cost(void **state) {
	(void)state;
	static const char *const answers[][2] = {
		{MODELS, LIST(DEPLOYMENT("a", "id-a", "ready", "-1") "," DEPLOYMENT("b", "id-b", "ready",
				 "9223372036854775807") "," DEPLOYMENT("c", "id-c", "ready", "null") "," DEPLOYMENT("d",
				 "id-d", "initializing", "2") "," DEPLOYMENT("e", "id-e", "ready", "1"))},
		{INVENTORY, OFFERS}, {NULL, NULL}};
	struct stage stage;
	stage_begin(&stage);
	says_with(&stage, MODELS_DIR "/a/cost/usdPerHour", answers, "");
	stage_says(&stage, MODELS_DIR "/b/cost/usdPerHour", "");
	stage_says(&stage, MODELS_DIR "/c/cost/usdPerHour", "");
	stage_says(&stage, MODELS_DIR "/d/cost/usdPerHour", "9.96\n");
	stage_says(&stage, MODELS_DIR "/d/cost/usd", ""); /* nobody tells since when */
	/* What is being deleted costs what it has until it is gone. */
	fuse_req_t removed = stage_rmdir(&stage, stage_walk(&stage, MODELS_DIR), "e");
	stage_answer(&stage, API_DELETE, MODELS "/id-e", 204, NULL);
	assert_err(removed, 0);
	static const char *const after[][2] = {
		{MODELS, LIST(DEPLOYMENT("e", "id-e", "terminating", "1"))}, {INVENTORY, OFFERS}, {NULL, NULL}};
	says_with(&stage, MODELS_DIR "/e/cost/usdPerHour", after, "4.98\n");
	stage_close(&stage);
}

/* More than a number can hold is not told, and of a sum it is said. */
static void more_than_all_money(void **state) {
	(void)state;
	static const char *const answers[][2] = {{RUNTIMES, LIST(INSTANCE("a", "id-a", "Running", "4000000", "r1"))},
		{MODELS, LIST(DEPLOYMENT("a", "id-a", "ready", "4000000") "," DEPLOYMENT(
				 "b", "id-b", "ready", "4000000"))},
		{INVENTORY, LIST(OFFER("g", "r1", "1000000", "8", "1", "8", "High"))}, {NULL, NULL}};
	struct stage stage;
	stage_begin(&stage);
	says_with(&stage, RUNTIMES_DIR "/a/cost/usdPerHour", answers, "4000000000000.00\n");
	stage_says(&stage, RUNTIMES_DIR "/a/cost/usd", "");
	says_with(&stage, ".neevfs/cost", answers,
		"path\tresources\tusd_per_hour\tunpriced\tnote\n"
		"orgs/o/projects/p/airuntimes\t1\t4000000000000.00\t0\t-\n"
		"orgs/o/projects/p/aimodels\t2\t8000000000000.00\t1\t-\n"
		"total\t3\t4000000000000.00\t1\tincomplete\n");
	stage_close(&stage);
}

static void the_bill(void **state) {
	(void)state;
	static const char *const answers[][2] = {
		{RUNTIMES, LIST(INSTANCE("a", "id-a", "Running", "2", "r1") "," INSTANCE(
				   "b", "id-b", "Failed", "1", "no"))},
		{MODELS, LIST(DEPLOYMENT("a", "id-a", "ready", "3"))}, {INVENTORY, OFFERS}, {NULL, NULL}};
	struct stage stage;
	stage_begin(&stage);
	/* To look at it costs nothing. */
	fuse_req_t stat = stage_getattr(&stage, stage_walk(&stage, ".neevfs/cost"));
	assert_int_equal(stat->attr.st_size, 0);
	assert_int_equal(fake_api_total(stage.api), 0);
	static const char text[] = "path\tresources\tusd_per_hour\tunpriced\tnote\n"
				   "orgs/o/projects/p/airuntimes\t2\t4.98\t1\t-\n"
				   "orgs/o/projects/p/aimodels\t1\t14.94\t0\t-\n"
				   "total\t3\t19.92\t1\t-\n";
	says_with(&stage, ".neevfs/cost", answers, text);
	assert_int_equal(fake_api_total(stage.api), 3);
	stat = stage_getattr(&stage, stage_walk(&stage, ".neevfs/cost"));
	assert_int_equal(stat->attr.st_size, strlen(text));
	assert_true(stat->attr_timeout <= 0);
	/* Of answers that are too old by now its size is told too. */
	stage_later(&stage, 2 * TTL_MS);
	stat = stage_getattr(&stage, stage_walk(&stage, ".neevfs/cost"));
	assert_int_equal(stat->attr.st_size, strlen(text));
	assert_int_equal(fake_api_total(stage.api), 3);
	stage_close(&stage);
}

/* What cannot be listed is said, and does not hide the rest. */
static void a_bill_with_gaps(void **state) {
	(void)state;
	static const char *const answers[][2] = {{RUNTIMES, NULL},
		{MODELS, LIST(DEPLOYMENT("a", "id-a", "ready", "3"))}, {INVENTORY, NULL}, {NULL, NULL}};
	struct stage stage;
	stage_begin(&stage);
	says_with(&stage, ".neevfs/cost", answers,
		"path\tresources\tusd_per_hour\tunpriced\tnote\n"
		"orgs/o/projects/p/airuntimes\t-\t-\t-\tEACCES\n"
		"orgs/o/projects/p/aimodels\t1\t0.00\t1\t-\n"
		"total\t1\t0.00\t1\tincomplete\n");
	stage_close(&stage);
}

/* All are asked at once, and none is waited for after another. */
static void a_bill_without_a_network(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_ino_t ino = stage_walk(&stage, ".neevfs/cost");
	fuse_req_t opened = stage_open_file(&stage, ino, O_RDONLY);
	assert_int_equal(fake_api_waiting(stage.api), 3);
	stage_fail(&stage, API_GET, INVENTORY, EHOSTUNREACH, false);
	stage_fail(&stage, API_GET, MODELS, EHOSTUNREACH, false);
	assert_parked(opened);
	stage_fail(&stage, API_GET, RUNTIMES, EHOSTUNREACH, false);
	assert_err(opened, EHOSTUNREACH); /* what was added up would be nothing, and say that nothing is spent */
	stage_mentions(&stage, ".neevfs/errors", "open .neevfs/cost: EHOSTUNREACH\n");
	assert_int_equal(stage_getattr(&stage, ino)->attr.st_size, 0);
	assert_int_equal(fake_api_total(stage.api), 3);
	stage_close(&stage);
	stage_init(&stage);
	stage.unconfigured = true;
	assert_int_equal(stage_open(&stage), 0);
	opened = stage_open_file(&stage, stage_walk(&stage, ".neevfs/cost"), O_RDONLY);
	stage_answer(&stage, API_GET, INVENTORY, 200, OFFERS);
	stage_answer(&stage, API_GET, "/api/v1/orgs", 200, "{\"data\":[{\"id\":\"o\"},{\"id\":\"x\"}]}");
	stage_answer(&stage, API_GET, "/api/v1/orgs/o/projects", 200, LIST("{\"id\":\"p\"}"));
	stage_answer(&stage, API_GET, "/api/v1/orgs/x/projects", 403, NULL);
	stage_answer(&stage, API_GET, MODELS, 200, LIST(DEPLOYMENT("a", "id-a", "ready", "1")));
	stage_answer(&stage, API_GET, RUNTIMES, 200, LIST(""));
	assert_reads(&stage, opened,
		"path\tresources\tusd_per_hour\tunpriced\tnote\n"
		"orgs/o/projects/p/aimodels\t1\t4.98\t0\t-\n"
		"orgs/x/projects\t-\t-\t-\tEACCES\n"
		"total\t1\t4.98\t0\tincomplete\n");
	stage_close(&stage);
}

/* ---- what does not come ---- */

enum { PATIENCE_MS = DEADLINE_MS / 4 };

/* The table is there without prices, with the size it has with them; what is nothing but a price waits for it. */
static void a_table_while_the_inventory_hangs(void **state) {
	(void)state;
	static const char without[] = INDEX_HEAD "a\tRunning\tg\t2\t           -\t1d4h\tr1\t-\n";
	struct stage stage;
	stage_begin(&stage);
	fuse_ino_t dir = stage_walk(&stage, RUNTIMES_DIR);
	fuse_req_t look = stage_lookup(&stage, dir, "index.tsv");
	stage_answer(&stage, API_GET, RUNTIMES, 200, LIST(INSTANCE("a", "id-a", "Running", "2", "r1")));
	assert_entry(look);
	fuse_req_t opened = stage_open_file(&stage, look->entry.ino, O_RDONLY);
	fuse_req_t gone = stage_open_file(&stage, look->entry.ino, O_RDONLY);
	kernel_interrupt(gone);
	stage_later(&stage, PATIENCE_MS - 1);
	assert_err(gone, EINTR);
	assert_parked(opened);
	assert_int_equal(ops_wait_ms(&stage.fs), 1);
	fuse_req_t price = stage_lookup(&stage, stage_walk(&stage, RUNTIMES_DIR "/a/cost"), "usdPerHour");
	stage_later(&stage, 1);
	assert_reads(&stage, opened, without);
	assert_parked(price);
	/* Once it has been waited for, it is not again, while that request is under way. */
	opened = stage_open_file(&stage, look->entry.ino, O_RDONLY);
	assert_reads(&stage, opened, without);
	assert_int_equal(stage_getattr_open(&stage, opened)->attr.st_size, strlen(without));
	look = stage_lookup(&stage, dir, "index.tsv");
	assert_int_equal(look->attr.st_size, strlen(without));
	assert_int_equal(fake_api_waiting(stage.api), 1);
	assert_int_equal(fake_api_total(stage.api), 2);
	stage_later(&stage, DEADLINE_MS - 2);
	assert_parked(price);
	stage_later(&stage, 1);
	assert_err(price, ETIMEDOUT);
	/* When that has failed it is asked for again. */
	stage_fail(&stage, API_GET, INVENTORY, ETIMEDOUT, true);
	look = stage_lookup(&stage, dir, "index.tsv");
	stage_answer(&stage, API_GET, RUNTIMES, 200, LIST(INSTANCE("a", "id-a", "Running", "2", "r1")));
	assert_entry(look);
	opened = stage_open_file(&stage, look->entry.ino, O_RDONLY);
	assert_parked(opened);
	stage_answer(&stage, API_GET, INVENTORY, 200, OFFERS);
	assert_reads(&stage, opened, INDEX_HEAD "a\tRunning\tg\t2\t        4.98\t1d4h\tr1\t-\n");
	assert_int_equal(fake_api_total(stage.api), 4);
	stage_close(&stage);
}

/* A price that cannot be asked for is an error; one that is not known is none. */
static void a_price_without_an_inventory(void **state) {
	(void)state;
	static const char *const names[] = {"usdPerHour", "usd"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct stage stage;
		stage_begin(&stage);
		fuse_ino_t dir = stage_walk(&stage, RUNTIMES_DIR);
		fuse_req_t look = stage_lookup(&stage, dir, "a");
		stage_answer(&stage, API_GET, RUNTIMES, 200, LIST(INSTANCE("a", "id-a", "Running", "2", "r1")));
		assert_entry(look);
		look = stage_lookup(&stage, stage_walk(&stage, RUNTIMES_DIR "/a/cost"), names[i]);
		stage_answer(&stage, API_GET, INVENTORY, 403, NULL);
		assert_err(look, EACCES);
		assert_entry(stage_lookup(&stage, stage_walk(&stage, RUNTIMES_DIR "/a/cost"), "hours"));
		stage_close(&stage);
	}
}

/* Where old answers may serve, the prices are those. */
static void a_table_by_old_prices(void **state) {
	(void)state;
	static const char *const answers[][2] = {
		{RUNTIMES, LIST(INSTANCE("a", "id-a", "Running", "2", "r1"))}, {INVENTORY, OFFERS}, {NULL, NULL}};
	static const char text[] = INDEX_HEAD "a\tRunning\tg\t2\t        4.98\t1d4h\tr1\t-\n";
	struct stage stage;
	stage_init(&stage);
	stage.options.stale_ms = 10 * TTL_MS;
	assert_int_equal(stage_open(&stage), 0);
	says_with(&stage, RUNTIMES_DIR "/index.tsv", answers, text);
	stage_later(&stage, TTL_MS);
	fuse_req_t look = stage_lookup(&stage, stage_walk(&stage, RUNTIMES_DIR), "index.tsv");
	stage_answer(&stage, API_GET, RUNTIMES, 200, answers[0][1]);
	fuse_req_t opened = stage_open_file(&stage, look->entry.ino, O_RDONLY);
	stage_later(&stage, PATIENCE_MS - 1);
	assert_parked(opened);
	stage_later(&stage, 1);
	assert_reads(&stage, opened, text);
	stage_close(&stage);
}

/* What hangs has its row, the prices or a listing, and the rest is there. */
static void a_bill_while_a_service_hangs(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_ino_t ino = stage_walk(&stage, ".neevfs/cost");
	fuse_req_t opened = stage_open_file(&stage, ino, O_RDONLY);
	stage_answer(&stage, API_GET, RUNTIMES, 200, LIST(INSTANCE("a", "id-a", "Running", "2", "r1")));
	stage_answer(&stage, API_GET, INVENTORY, 200, OFFERS);
	stage_later(&stage, PATIENCE_MS - 1);
	assert_parked(opened);
	stage_later(&stage, 1);
	assert_reads(&stage, opened,
		"path\tresources\tusd_per_hour\tunpriced\tnote\n"
		"orgs/o/projects/p/airuntimes\t1\t4.98\t0\t-\n"
		"orgs/o/projects/p/aimodels\t-\t-\t-\tETIMEDOUT\n"
		"total\t1\t4.98\t0\tincomplete\n");
	/* It came too late for that one only. */
	stage_answer(&stage, API_GET, MODELS, 200, LIST(DEPLOYMENT("a", "id-a", "ready", "1")));
	stage_says(&stage, ".neevfs/cost",
		"path\tresources\tusd_per_hour\tunpriced\tnote\n"
		"orgs/o/projects/p/airuntimes\t1\t4.98\t0\t-\n"
		"orgs/o/projects/p/aimodels\t1\t4.98\t0\t-\n"
		"total\t2\t9.96\t0\t-\n");
	assert_int_equal(fake_api_total(stage.api), 3);
	stage_close(&stage);
}

/* From a text that is opened to be written something is made: it waits for all that is in it. */
static void what_is_written_waits(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t lookup = stage_lookup(&stage, stage_walk(&stage, MODELS_DIR), "a");
	stage_answer(&stage, API_GET, MODELS, 200, LIST(DEPLOYMENT("a", "id-a", "ready", "1")));
	fuse_req_t spec = stage_lookup(&stage, lookup->entry.ino, "spec.json");
	while (spec->answer == ANSWER_MISSING) {
		if (fake_api_find(stage.api, API_GET, MODELS "/id-a"))
			stage_answer(&stage, API_GET, MODELS "/id-a", 200, DEPLOYMENT("a", "id-a", "ready", "1"));
		else
			stage_later(&stage, 100);
	}
	assert_entry(spec);
	size_t hanging = fake_api_waiting(stage.api);
	assert_in_range(hanging, 1, 3);
	fuse_req_t read = stage_open_file(&stage, spec->entry.ino, O_RDONLY);
	assert_opened(read);
	fuse_req_t edited = stage_open_file(&stage, spec->entry.ino, O_RDWR);
	assert_parked(edited);
	stage_later(&stage, DEADLINE_MS - 1);
	assert_parked(edited);
	stage_later(&stage, 1);
	assert_err(edited, ETIMEDOUT);
	stage_close(&stage);
}

/* With many projects: each listing once, all that can be known of at the same time, but not more than 64. */
static void a_bill_of_many_projects(void **state) {
	(void)state;
	enum { FEW = 20, MANY_PROJECTS = 40 };
	static const int counts[] = {FEW, MANY_PROJECTS};
	for (size_t round = 0; round < 2; round++) {
		char projects[MANY_PROJECTS * 32 + 64] = "{\"data\":[";
		for (int i = 0; i < counts[round]; i++)
			snprintf(projects + strlen(projects), 32, "%s{\"id\":\"p%d\"}", i ? "," : "", i);
		strcat(projects, "]}");
		struct stage stage;
		stage_init(&stage);
		stage.unconfigured = true;
		assert_int_equal(stage_open(&stage), 0);
		fuse_req_t opened = stage_open_file(&stage, stage_walk(&stage, ".neevfs/cost"), O_RDONLY);
		assert_int_equal(fake_api_waiting(stage.api), 2);
		stage_answer(&stage, API_GET, "/api/v1/orgs", 200, "{\"data\":[{\"id\":\"o\"},{\"id\":\"x\"}]}");
		assert_int_equal(fake_api_waiting(stage.api), 3);
		stage_answer(&stage, API_GET, "/api/v1/orgs/x/projects", 200, LIST(""));
		stage_answer(&stage, API_GET, "/api/v1/orgs/o/projects", 200, projects);
		int most = 1 + 2 * counts[round];
		assert_int_equal(fake_api_waiting(stage.api), most < AHEAD_MAX ? most : AHEAD_MAX);
		stage_answer(&stage, API_GET, INVENTORY, 200, OFFERS);
		for (struct api_call *call; (call = fake_api_find(stage.api, API_GET, NULL));) {
			assert_parked(opened);
			assert_in_range(fake_api_waiting(stage.api), 1, AHEAD_MAX);
			fake_api_answer(call, 200,
				strstr(call->path, "airuntimes") ? LIST(INSTANCE("a", "id-a", "Running", "2", "r1"))
								 : LIST(""));
			stage_turn(&stage);
		}
		assert_opened(opened);
		assert_int_equal(fake_api_total(stage.api), 4 + 2 * counts[round]);
		const char *text = stage_read(&stage, opened, 1 << 14, 0)->data;
		assert_non_null(strstr(text, round ? "\ntotal\t40\t199.20\t0\t-\n" : "\ntotal\t20\t99.60\t0\t-\n"));
		stage_close(&stage);
	}
}

/* ---- idle ---- */

enum { MINUTE = 60000 };

static void samples(void **state) {
	(void)state;
	struct idles *idles;
	int64_t ms = -1;
	assert_int_equal(idles_new(&idles), 0);
	assert_false(idle_for(idles, "a", 0, &ms));
	idle_see(idles, "a", 4.9, 0);
	assert_true(idle_for(idles, "a", 0, &ms));
	assert_int_equal(ms, 0);
	idle_see(idles, "a", 0, 10 * MINUTE); /* ten minutes are no gap yet */
	idle_see(idles, "a", 90, 5 * MINUTE); /* an older one counts for nothing */
	assert_true(idle_for(idles, "a", 10 * MINUTE, &ms));
	assert_int_equal(ms, 10 * MINUTE);
	assert_false(idle_for(idles, "b", 10 * MINUTE, &ms));
	idle_see(idles, "a", 5, 11 * MINUTE);
	assert_true(idle_for(idles, "a", 11 * MINUTE, &ms));
	assert_int_equal(ms, 0);
	/* From the first idle sample on. */
	idle_see(idles, "a", 1, 12 * MINUTE);
	idle_see(idles, "a", 1, 13 * MINUTE);
	assert_true(idle_for(idles, "a", 13 * MINUTE, &ms));
	assert_int_equal(ms, MINUTE);
	/* Nobody looked for too long. */
	assert_false(idle_for(idles, "a", 23 * MINUTE + 1, &ms));
	idle_see(idles, "a", 1, 23 * MINUTE + 1);
	assert_true(idle_for(idles, "a", 23 * MINUTE + 1, &ms));
	assert_int_equal(ms, 0);
	/* However many are watched: the latest are known. */
	char path[32];
	for (int i = 0; i < 3 * IDLES_MAX; i++) {
		snprintf(path, sizeof(path), "path/%d", i);
		idle_see(idles, path, 1, 24 * MINUTE + i);
		assert_true(idle_for(idles, path, 24 * MINUTE + i, &ms));
	}
	assert_false(idle_for(idles, "a", 24 * MINUTE + 3 * IDLES_MAX, &ms));
	/* A table that is not full keeps nearly all. */
	idles_free(idles);
	assert_int_equal(idles_new(&idles), 0);
	int lost = 0;
	for (int round = 0; round < 2; round++)
		for (int i = 0; i < IDLES_MAX / 2; i++) {
			snprintf(path, sizeof(path), "path/%d", i);
			idle_see(idles, path, 1, (round + 1) * MINUTE);
			lost += round && (!idle_for(idles, path, 2 * MINUTE, &ms) || ms != MINUTE);
		}
	assert_in_range(lost, 0, IDLES_MAX / 1000);
	idles_free(idles);
	idles_free(NULL);
}

#define METRICS RUNTIMES "/id-a/metrics"

static void idle_minutes(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t lookup = stage_lookup(&stage, stage_walk(&stage, RUNTIMES_DIR), "a");
	stage_answer(&stage, API_GET, RUNTIMES, 200, LIST(INSTANCE("a", "id-a", "Running", "1", "r1")));
	fuse_ino_t dir = lookup->entry.ino;
	fuse_req_t file = stage_lookup(&stage, dir, "idle");
	stage_answer(&stage, API_GET, METRICS, 404, NULL); /* none are measured before it runs */
	assert_entry(file);
	assert_int_equal(file->attr.st_size, 0);
	stage_says(&stage, RUNTIMES_DIR "/a/idle", "");
	static const struct {
		int minutes;
		const char *percent, *text;
	} looks[] = {{1, "null", ""}, {1, "4.99", "0\n"}, {1, "0", "1\n"}, {9, "1e-3", "10\n"}, {1, "5", "0\n"},
		{1, "1", "0\n"}, {2, "2", "2\n"}, {11, "1", "0\n"}};
	for (size_t i = 0; i < sizeof(looks) / sizeof(looks[0]); i++) {
		char body[64];
		stage_later(&stage, looks[i].minutes * MINUTE);
		snprintf(body, sizeof(body), "{\"gpuUtilizationPercent\":%s}", looks[i].percent);
		/* Whatever reads the metrics. */
		file = stage_lookup(&stage, dir, i == 2 ? "metrics.json" : "idle");
		if (fake_api_find(stage.api, API_GET, RUNTIMES))
			stage_answer(&stage, API_GET, RUNTIMES, 200, LIST(INSTANCE("a", "id-a", "Running", "1", "r1")));
		stage_answer(&stage, API_GET, METRICS, 200, body);
		assert_entry(file);
		stage_says(&stage, RUNTIMES_DIR "/a/idle", looks[i].text);
	}
	stage_later(&stage, MINUTE);
	file = stage_lookup(&stage, dir, "idle");
	stage_answer(&stage, API_GET, RUNTIMES, 200, LIST(INSTANCE("a", "id-a", "Running", "1", "r1")));
	stage_answer(&stage, API_GET, METRICS, 403, NULL);
	assert_err(file, EACCES);
	stage_close(&stage);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_table_of_instances),
		cmocka_unit_test(no_text_forges_a_row),
		cmocka_unit_test(odd_characters),
		cmocka_unit_test(a_table_without_prices),
		cmocka_unit_test(its_size_asks_for_no_prices),
		cmocka_unit_test(ages_go_on),
		cmocka_unit_test(tables_of_the_others),
		cmocka_unit_test(a_long_table_is_made_in_pieces),
		cmocka_unit_test(a_listing_as_it_was_answered),
		cmocka_unit_test(shelves_by_status),
		cmocka_unit_test(what_can_be_had_now),
		cmocka_unit_test(fixed_names_are_taken),
		cmocka_unit_test(a_row_agrees_after_a_scale),
		cmocka_unit_test(a_row_agrees_after_a_delete),
		cmocka_unit_test(a_newborn_has_a_row),
		cmocka_unit_test(what_a_resource_costs),
		cmocka_unit_test(what_replicas_cost),
		cmocka_unit_test(more_than_all_money),
		cmocka_unit_test(the_bill),
		cmocka_unit_test(a_bill_with_gaps),
		cmocka_unit_test(a_bill_without_a_network),
		cmocka_unit_test(a_bill_of_many_projects),
		cmocka_unit_test(a_table_while_the_inventory_hangs),
		cmocka_unit_test(a_price_without_an_inventory),
		cmocka_unit_test(a_table_by_old_prices),
		cmocka_unit_test(a_bill_while_a_service_hangs),
		cmocka_unit_test(what_is_written_waits),
		cmocka_unit_test(samples),
		cmocka_unit_test(idle_minutes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
