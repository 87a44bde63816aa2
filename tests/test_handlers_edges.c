/* The rare ways through a create and through a file's content, which no other test of the handlers takes. */
#include "../api/scope.h"
#include "../fs/journal.h"
#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define ONE LIST(SPEC_ANSWER("abc", "id-1"))
#define MODEL_SPEC "{\"catalog_id\":\"m-x\",\"region\":\"r\",\"gpu_config_id\":\"g\",\"gpu_count\":1,\"plan_id\":\"p\"}"

/* ---- what files say ---- */

/* Where a user has named the organisation and the project a 404 is worth words; what simply is not there is none. */
static void what_is_configured_and_not_there(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t opened = stage_opendir(&stage, stage_walk(&stage, RUNTIMES_DIR));
	stage_answer(&stage, API_GET, RUNTIMES, 404, NULL);
	assert_err(opened, ENOENT);
	stage_mentions(&stage, RUNTIMES_DIR "/.error", "check the options org= and project=");
	stage_mentions(&stage, ".neevfs/errors", "HTTP 404");
	opened = stage_opendir(&stage, stage_walk(&stage, TEMPLATES_DIR));
	stage_answer(&stage, API_GET, TEMPLATES, 404, NULL);
	assert_err(opened, ENOENT);
	stage_mentions(&stage, TEMPLATES_DIR "/.error", "check the options org=");
	stage_close(&stage);
	stage_begin(&stage);
	fuse_req_t looked = stage_lookup(&stage, stage_walk(&stage, MODELS_DIR), "none");
	stage_answer(&stage, API_GET, MODELS, 200, LIST(MODEL("a", "id-a", "ready", "2")));
	assert_err(looked, ENOENT);
	looked = stage_lookup(&stage, stage_walk(&stage, MODELS_DIR "/a"), "info.json");
	stage_answer(&stage, API_GET, MODELS "/id-a", 404, NULL);
	assert_err(looked, ENOENT);
	looked = stage_lookup(&stage, stage_walk(&stage, "orgs"), "unlisted");
	stage_answer(&stage, API_GET, "/api/v1beta1/orgs/unlisted/airuntime-templates", 404, NULL);
	assert_err(looked, ENOENT);
	stage_says(&stage, ".neevfs/errors", "");
	stage_close(&stage);
}

static const char *resource;

/* Answers what is asked until the request has its answer. */
static fuse_req_t settled(struct stage *stage, fuse_req_t req) {
	for (int i = 0; i < 10 && req->answer == ANSWER_MISSING; i++) {
		struct api_call *call = fake_api_find(stage->api, API_GET, NULL);
		char list[512];
		assert_non_null(call);
		snprintf(list, sizeof(list), LIST("%s"), resource);
		fake_api_answer(call, 200, call->list ? list : resource);
		stage_turn(stage);
	}
	return req;
}

static void says(struct stage *stage, fuse_ino_t dir, const char *name, const char *text) {
	fuse_req_t lookup = settled(stage, stage_lookup(stage, dir, name));
	assert_entry(lookup);
	assert_int_equal(lookup->attr.st_size, strlen(text));
	assert_reads(stage, settled(stage, stage_open_file(stage, lookup->entry.ino, O_RDONLY)), text);
}

/* Nested for its own sake, an answer takes a hundred times its text when it is indented: there is an end to that. */
static void what_is_too_long_as_text_is_no_answer(void **state) {
	(void)state;
	enum { DEPTH = 28, ELEMENTS = 450000 };
	struct stage stage;
	struct buffer body = {0};
	stage_begin(&stage);
	resource = "{\"id\":\"i\",\"name\":\"abc\",\"status\":\"Running\"}";
	fuse_req_t dir = settled(&stage, stage_lookup(&stage, stage_walk(&stage, RUNTIMES_DIR), "abc"));
	buffer_add(&body, "{\"id\":\"i\",\"name\":\"abc\",\"x\":");
	for (int i = 0; i < DEPTH; i++)
		buffer_byte(&body, '[');
	for (int i = 0; i < ELEMENTS; i++)
		buffer_add(&body, i ? ",0" : "0");
	for (int i = 0; i < DEPTH; i++)
		buffer_byte(&body, ']');
	buffer_byte(&body, '}');
	resource = body.data;
	fuse_req_t lookup = settled(&stage, stage_lookup(&stage, dir->entry.ino, "info.json"));
	assert_err(lookup, EREMOTEIO);
	stage_mentions(&stage, RUNTIMES_DIR "/.error", "unusable answer: over 24 MiB as text");
	buffer_free(&body);
	stage_close(&stage);
}

static void null_is_empty_and_an_array_is_lines(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	resource = "{\"id\":\"i\",\"name\":\"abc\",\"status\":null,\"region\":\"r\",\"sshKeys\":[\"one\",\"two\"],"
		   "\"customPorts\":null}";
	fuse_req_t dir = settled(&stage, stage_lookup(&stage, stage_walk(&stage, RUNTIMES_DIR), "abc"));
	assert_entry(dir);
	says(&stage, dir->entry.ino, "status", "");
	says(&stage, dir->entry.ino, "region", "r\n");
	says(&stage, dir->entry.ino, "sshKeys", "one\ntwo\n");
	says(&stage, dir->entry.ino, "customPorts.json", "");
	stage_later(&stage, TTL_MS);
	resource = "{\"id\":\"i\",\"name\":\"abc\",\"sshKeys\":[[\"one\", 2],\"three\"]}"; /* not as documented */
	says(&stage, dir->entry.ino, "sshKeys", "[\"one\",2]\nthree\n");
	stage_later(&stage, TTL_MS);
	resource = "{\"id\":\"i\",\"name\":\"abc\",\"sshKeys\":\"one\"}";
	says(&stage, dir->entry.ino, "sshKeys", "one\n");
	stage_close(&stage);
}

/* A delete that was accepted is remembered beside the numbers that were asked for, and is none of them. */
static void replicas_after_a_delete_are_those_listed(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	resource = MODEL("abc", "id-a", "ready", "2");
	fuse_ino_t models = stage_walk(&stage, MODELS_DIR);
	assert_entry(settled(&stage, stage_lookup(&stage, models, "abc")));
	fuse_req_t removed = stage_rmdir(&stage, models, "abc");
	stage_answer(&stage, API_DELETE, MODELS "/id-a", 202, NULL);
	assert_err(settled(&stage, removed), 0);
	resource = MODEL("abc", "id-a", "terminating", "2");
	fuse_req_t dir = settled(&stage, stage_lookup(&stage, models, "abc"));
	assert_entry(dir);
	says(&stage, dir->entry.ino, "replicas", "2\n");
	stage_close(&stage);
}

static void a_directory_has_no_content(void **state) {
	(void)state;
	struct stage stage;
	struct demand demand = {0};
	struct view view;
	SCOPED(buffer_free) struct buffer out = {0};
	stage_begin(&stage);
	assert_int_equal(view_open(&stage.fs, nodes_root(stage.fs.nodes), &demand, &view), 0);
	assert_int_equal(view_render(&view, &demand, &out), -EISDIR);
	stage_close(&stage);
}

/* ---- a create ---- */

/* Not sent, and no other attempt would go better. */
static void what_cannot_be_sent_is_tried_once(void **state) {
	(void)state;
	static const int codes[] = {EPROTO, EKEYEXPIRED, ENOMEM};
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		struct stage stage;
		fuse_req_t opened = stage_begin_draft(&stage), write = stage_write_spec(&stage, opened);
		stage_fail(&stage, API_POST, TEMPLATES, codes[i], false);
		assert_err(write, codes[i]);
		stage_later(&stage, DEADLINE_MS);
		assert_int_equal(stage_posts(&stage), 1);
		stage_close(&stage);
	}
}

/* The name was free when the draft was made, and is taken when it is written. */
static void create_of_a_name_taken_meanwhile(const char *status, int code) {
	struct stage stage;
	char list[512];
	stage_begin(&stage);
	fuse_req_t made = stage_mkdir(&stage, stage_walk(&stage, MODELS_DIR), "abc");
	stage_answer(&stage, API_GET, MODELS, 200, LIST(""));
	assert_entry(made);
	fuse_req_t opened = stage_create(&stage, made->entry.ino, "spec.json");
	assert_opened(opened);
	fuse_req_t write = stage_write(&stage, opened, MODEL_SPEC, 0);
	assert_parked(write);
	snprintf(list, sizeof(list),
		LIST("{\"id\":\"id-a\",\"name\":\"abc\",\"status\":\"%s\",\"replicas\":2,\"model_id\":\"m/x\"}"),
		status);
	stage_answer(&stage, API_GET, MODELS, 200, list);
	assert_err(write, code);
	assert_int_equal(stage_posts(&stage), 0);
	stage_close(&stage);
}

static void a_name_taken_meanwhile_exists_or_is_busy(void **state) {
	(void)state;
	create_of_a_name_taken_meanwhile("ready", EEXIST);
	create_of_a_name_taken_meanwhile("terminating", EBUSY);
}

/* ---- a create and its journal ---- */

static char directory[64], journal[80], aside[90];

static int make_journal(void **state) {
	(void)state;
	strcpy(directory, "/tmp/neevfs-edges-XXXXXX");
	if (!mkdtemp(directory))
		return -1;
	snprintf(journal, sizeof(journal), "%s/journal", directory);
	snprintf(aside, sizeof(aside), "%s.aside", journal);
	return 0;
}

static int remove_journal(void **state) {
	(void)state;
	unlink(journal);
	return rmdir(directory);
}

static void begin_with_journal(struct stage *stage) {
	stage_init(stage);
	stage->options.journal = journal;
	assert_int_equal(stage_open(stage), 0);
}

/* The draft `name`, written, up to its POST. */
static fuse_req_t sent(struct stage *stage, const char *name) {
	fuse_req_t made = stage_mkdir(stage, stage_walk(stage, TEMPLATES_DIR), name);
	if (made->answer == ANSWER_MISSING)
		stage_answer(stage, API_GET, TEMPLATES, 200, LIST(""));
	assert_entry(made);
	fuse_req_t opened = stage_create(stage, made->entry.ino, "spec.json");
	assert_opened(opened);
	fuse_req_t write = stage_write(stage, opened, SPEC_TEXT, 0);
	stage_answer(stage, API_GET, TEMPLATES, 200, LIST(""));
	assert_parked(write);
	return write;
}

static int count_visit(void *user, const struct journal_record *record) {
	(void)record;
	++*(int *)user;
	return 0;
}

static int open_records(struct stage *stage) {
	int count = 0;
	assert_int_equal(journal_open_records(stage->fs.journal, count_visit, &count, NULL), 0);
	return count;
}

/* What the journal could not be told is told it before the next create. */
static void what_the_journal_could_not_be_told_is_owed(void **state) {
	(void)state;
	struct stage stage;
	begin_with_journal(&stage);
	fuse_req_t write = sent(&stage, "abc");
	assert_int_equal(rename(journal, aside), 0);
	assert_int_equal(mkdir(journal, 0700), 0);
	stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-1"));
	assert_written(write, strlen(SPEC_TEXT));
	/* Still not: then nothing is sent. */
	fuse_req_t made = stage_mkdir(&stage, stage_walk(&stage, TEMPLATES_DIR), "abd");
	if (made->answer == ANSWER_MISSING)
		stage_answer(&stage, API_GET, TEMPLATES, 200, ONE);
	assert_entry(made);
	fuse_req_t opened = stage_create(&stage, made->entry.ino, "spec.json");
	fuse_req_t refused = stage_write(&stage, opened, SPEC_TEXT, 0);
	assert_int_equal(refused->answer, ANSWER_ERR);
	assert_int_equal(stage_posts(&stage), 1);
	assert_int_equal(rmdir(journal), 0);
	assert_int_equal(rename(aside, journal), 0);
	assert_int_equal(open_records(&stage), 1);
	write = sent(&stage, "abe");
	assert_int_equal(open_records(&stage), 1); /* its own */
	stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abe", "id-2"));
	assert_written(write, strlen(SPEC_TEXT));
	assert_int_equal(open_records(&stage), 0);
	stage_close(&stage);
}

/* Made lately, and gone again: the name is looked at by its id while a listing may lag, and no longer after that. */
static void what_was_made_long_ago_is_not_asked_for(void **state) {
	(void)state;
	for (int late = 0; late < 2; late++) {
		struct stage stage;
		unlink(journal);
		begin_with_journal(&stage);
		fuse_req_t write = sent(&stage, "abc");
		stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-1"));
		assert_written(write, strlen(SPEC_TEXT));
		stage_close(&stage);
		begin_with_journal(&stage);
		stage.fs.now += late ? kinds[KIND_CUSTOM_TEMPLATE].absent_s : 0;
		fuse_req_t again = sent(&stage, "abc");
		if (!late) {
			assert_int_equal(stage_posts(&stage), 0);
			stage_answer(&stage, API_GET, TEMPLATES "/id-1", 404, NULL);
		}
		assert_int_equal(stage_posts(&stage), 1);
		assert_parked(again);
		stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-2"));
		assert_written(again, strlen(SPEC_TEXT));
		stage_close(&stage);
	}
}

#define JOURNAL_TEST(name) cmocka_unit_test_setup_teardown(name, make_journal, remove_journal)

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_configured_and_not_there),
		cmocka_unit_test(what_is_too_long_as_text_is_no_answer),
		cmocka_unit_test(null_is_empty_and_an_array_is_lines),
		cmocka_unit_test(replicas_after_a_delete_are_those_listed),
		cmocka_unit_test(a_directory_has_no_content),
		cmocka_unit_test(what_cannot_be_sent_is_tried_once),
		cmocka_unit_test(a_name_taken_meanwhile_exists_or_is_busy),
		JOURNAL_TEST(what_the_journal_could_not_be_told_is_owed),
		JOURNAL_TEST(what_was_made_long_ago_is_not_asked_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
