#include "stage.h"

#include "../fs/kept.h"
#include "../fs/observer.h"
#include "alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include <cmocka.h>

enum { CACHE_MIB = 64, BEGIN_MS = 1000000, WALL_S = 1767225600 /* 2026 */ };

static char stage_base[] = "https://api.test";

/* ---- putting it together, as main.c does ---- */

void stage_init(struct stage *stage) {
	*stage = (struct stage){0};
	stage->options = (struct options){
		.moving_ms = MOVING_MS,
		.deadline_ms = DEADLINE_MS,
		.parallel = 16,
		.cache_mib = CACHE_MIB,
		.allow = CHANGE_CREATE | CHANGE_SCALE | CHANGE_DELETE,
		.log_level = LOG_NOTICE,
	};
	for (int service = 0; service < API_SERVICES; service++)
		stage->options.base[service] = stage_base;
	for (int class = 0; class < TTL_CLASSES; class ++)
		stage->options.ttl_ms[class] = TTL_MS;
}

static void stage_release(struct stage *stage) {
	struct store *store = stage->fs.store;

	fs_close_parts(&stage->fs);
	store_free(store);
	kernel_free(stage->kernel);
	fake_api_free(stage->api);
}

int stage_open(struct stage *stage) {
	static const char *const orgs[] = {"o", NULL};
	static const struct configured_project projects[] = {{"o", "p"}, {NULL, NULL}};
	struct options *options = &stage->options;
	struct fs *fs = &stage->fs;
	struct store_config config = {
		.orgs = stage->unconfigured ? NULL : orgs,
		.projects = stage->unconfigured ? NULL : projects,
		.moving_ms = options->moving_ms,
		.deadline_ms = options->deadline_ms,
		.cache_bytes = (size_t)options->cache_mib << 20,
	};
	struct store *store = NULL;
	struct error err = {0};
	int rc;

	memcpy(config.ttl_ms, options->ttl_ms, sizeof(config.ttl_ms));
	config.stale_ms = options->stale_ms;
	stage->kernel = kernel_new(fs);
	stage->api = fake_api_new();
	*fs = (struct fs){0};
	rc = store_new(&config, stage->api, &store, &err);
	if (!rc)
		rc = fs_open_parts(fs, options, store);
	fake_api_observe(stage->api, observer_of(fs));
	fs->session = (struct fuse_session *)stage->kernel;
	fs->uid = fs->gid = 1000;
	fs->started = fs->now = WALL_S;
	fs->now_ms = BEGIN_MS;
	if (rc) {
		stage_release(stage);
		return rc;
	}
	store_tick(fs->store, fs->now_ms);
	return 0;
}

void stage_begin(struct stage *stage) {
	stage_init(stage);
	assert_int_equal(stage_open(stage), 0);
}

void stage_close(struct stage *stage) {
	ops_end(&stage->fs);
	kernel_end(stage->kernel);
	/* The root is not counted. */
	assert_int_equal(nodes_count(stage->fs.nodes), 0);
	stage_release(stage);
}

void stage_one_turn(struct stage *stage) {
	store_make(stage->fs.store);
	while (store_run(stage->fs.store) || changes_run(stage->fs.changes) || watches_run(stage->fs.watches)) {
	}
	ops_work(&stage->fs);
	if (!kept_run(&stage->fs))
		ops_refreshed(&stage->fs);
	ops_sweep(&stage->fs);
}

void stage_turn(struct stage *stage) {
	do
		stage_one_turn(stage);
	while (store_wait_ms(stage->fs.store) == 0 || ops_wait_ms(&stage->fs) == 0 ||
		watches_wait_ms(stage->fs.watches) == 0);
}

void stage_later(struct stage *stage, int64_t ms) {
	stage->fs.now_ms += ms;
	stage->fs.now = WALL_S + (stage->fs.now_ms - BEGIN_MS) / 1000;
	store_tick(stage->fs.store, stage->fs.now_ms);
	stage_turn(stage);
}

static struct api_call *call_of(struct stage *stage, enum api_method method, const char *path) {
	struct api_call *call = fake_api_find(stage->api, method, path);

	if (!call)
		fail_msg("no request of method %d waits for %s", (int)method, path ? path : "anything");
	return call;
}

void stage_answer(struct stage *stage, enum api_method method, const char *path, int status, const char *body) {
	fake_api_answer(call_of(stage, method, path), status, body);
	stage_turn(stage);
}

void stage_fail(struct stage *stage, enum api_method method, const char *path, int code, bool sent) {
	fake_api_fail(call_of(stage, method, path), code, sent);
	stage_turn(stage);
}

/* ---- calls ---- */

fuse_req_t stage_lookup(struct stage *stage, fuse_ino_t parent, const char *name) {
	fuse_req_t req = kernel_request(stage->kernel);

	fs_lookup(req, parent, name);
	return req;
}

fuse_req_t stage_getattr(struct stage *stage, fuse_ino_t ino) {
	fuse_req_t req = kernel_request(stage->kernel);

	fs_getattr(req, ino, NULL);
	return req;
}

fuse_req_t stage_getattr_open(struct stage *stage, fuse_req_t opened) {
	fuse_req_t req = kernel_request(stage->kernel);

	fs_getattr(req, opened->answer == ANSWER_CREATE ? opened->entry.ino : opened->ino, &opened->file);
	return req;
}

fuse_req_t stage_setattr(struct stage *stage, fuse_ino_t ino, const struct stat *attr, int to_set, fuse_req_t opened) {
	fuse_req_t req = kernel_request(stage->kernel);
	struct stat copy = *attr;

	fs_setattr(req, ino, &copy, to_set, opened ? &opened->file : NULL);
	return req;
}

fuse_req_t stage_readlink(struct stage *stage, fuse_ino_t ino) {
	fuse_req_t req = kernel_request(stage->kernel);

	fs_readlink(req, ino);
	return req;
}

fuse_req_t stage_opendir(struct stage *stage, fuse_ino_t ino) {
	fuse_req_t req = kernel_request(stage->kernel);
	struct fuse_file_info file = {.flags = O_RDONLY | O_DIRECTORY};

	req->ino = ino;
	fs_opendir(req, ino, &file);
	return req;
}

fuse_req_t stage_readdir(struct stage *stage, fuse_req_t opened, size_t size, off_t offset) {
	fuse_req_t req = kernel_request(stage->kernel);

	fs_readdir(req, opened->ino, size, offset, &opened->file);
	return req;
}

fuse_req_t stage_readdirplus(struct stage *stage, fuse_req_t opened, size_t size, off_t offset) {
	fuse_req_t req = kernel_request(stage->kernel);

	fs_readdirplus(req, opened->ino, size, offset, &opened->file);
	return req;
}

fuse_req_t stage_mkdir(struct stage *stage, fuse_ino_t parent, const char *name) {
	fuse_req_t req = kernel_request(stage->kernel);

	fs_mkdir(req, parent, name, 0755);
	return req;
}

fuse_req_t stage_rmdir(struct stage *stage, fuse_ino_t parent, const char *name) {
	fuse_req_t req = kernel_request(stage->kernel);

	fs_rmdir(req, parent, name);
	changes_run(stage->fs.changes); /* as the loop does in the same turn */
	return req;
}

fuse_req_t stage_unlink(struct stage *stage, fuse_ino_t parent, const char *name) {
	fuse_req_t req = kernel_request(stage->kernel);

	fs_unlink(req, parent, name);
	return req;
}

fuse_req_t stage_rename(struct stage *stage, fuse_ino_t parent, const char *name, fuse_ino_t to, const char *new_name) {
	fuse_req_t req = kernel_request(stage->kernel);

	fs_rename(req, parent, name, to, new_name, 0);
	changes_run(stage->fs.changes); /* as the loop does in the same turn */
	return req;
}

fuse_req_t stage_open_file(struct stage *stage, fuse_ino_t ino, int flags) {
	fuse_req_t req = kernel_request(stage->kernel);
	struct fuse_file_info file = {.flags = flags};

	req->ino = ino;
	fs_open(req, ino, &file);
	return req;
}

fuse_req_t stage_create(struct stage *stage, fuse_ino_t parent, const char *name) {
	fuse_req_t req = kernel_request(stage->kernel);
	struct fuse_file_info file = {.flags = O_CREAT | O_WRONLY | O_TRUNC};

	fs_create(req, parent, name, 0644, &file);
	return req;
}

fuse_req_t stage_read(struct stage *stage, fuse_req_t opened, size_t size, off_t offset) {
	fuse_req_t req = kernel_request(stage->kernel);

	fs_read(req, FUSE_ROOT_ID, size, offset, &opened->file);
	return req;
}

static fuse_ino_t handle_ino(fuse_req_t opened) {
	return opened->answer == ANSWER_CREATE ? opened->entry.ino : opened->ino;
}

fuse_req_t stage_write(struct stage *stage, fuse_req_t opened, const char *text, off_t offset) {
	fuse_req_t req = kernel_request(stage->kernel);
	char *copy = alloc_test_strdup(text); /* libfuse's buffer is gone when the handler returns */

	fs_write(req, handle_ino(opened), copy, strlen(copy), offset, &opened->file);
	memset(copy, '#', strlen(copy));
	alloc_test_free(copy);
	changes_run(stage->fs.changes);
	return req;
}

fuse_req_t stage_flush(struct stage *stage, fuse_req_t opened) {
	fuse_req_t req = kernel_request(stage->kernel);

	fs_flush(req, handle_ino(opened), &opened->file);
	changes_run(stage->fs.changes); /* as the loop does in the same turn */
	return req;
}

fuse_req_t stage_fsync(struct stage *stage, fuse_req_t opened) {
	fuse_req_t req = kernel_request(stage->kernel);

	fs_fsync(req, handle_ino(opened), 0, &opened->file);
	changes_run(stage->fs.changes); /* as the loop does in the same turn */
	return req;
}

/* ---- what they must have given ---- */

void assert_err(fuse_req_t req, int code) {
	if (req->answer != ANSWER_ERR || req->code != code)
		fail_msg("answer %d with %s, not %s", (int)req->answer,
			req->answer == ANSWER_ERR ? error_name(req->code) : "no errno", error_name(code));
}

void assert_parked(fuse_req_t req) {
	if (req->answer != ANSWER_MISSING)
		fail_msg("answer %d (%s) before what it waits for", (int)req->answer, error_name(req->code));
}

static void assert_answer(fuse_req_t req, enum answer answer) {
	if (req->answer != answer)
		fail_msg("answer %d (%s), not %d", (int)req->answer, error_name(req->code), (int)answer);
}

void assert_entry(fuse_req_t req) {
	assert_answer(req, ANSWER_ENTRY);
}

void assert_opened(fuse_req_t req) {
	if (req->answer != ANSWER_CREATE)
		assert_answer(req, ANSWER_OPEN);
}

void assert_written(fuse_req_t req, size_t count) {
	assert_answer(req, ANSWER_WRITE);
	assert_int_equal(req->len, count);
}

void assert_reads(struct stage *stage, fuse_req_t opened, const char *text) {
	fuse_req_t read;

	assert_opened(opened);
	read = stage_read(stage, opened, 1 << 20, 0);
	assert_answer(read, ANSWER_BUF);
	assert_string_equal(read->data, text);
	assert_int_equal(read->len, strlen(text));
}

/* ---- several calls ---- */

fuse_ino_t stage_walk(struct stage *stage, const char *path) {
	fuse_ino_t ino = FUSE_ROOT_ID;
	char name[NAME_SIZE];

	while (*path) {
		size_t len = strcspn(path, "/");
		fuse_req_t req;

		snprintf(name, sizeof(name), "%.*s", (int)len, path);
		req = stage_lookup(stage, ino, name);
		if (req->answer != ANSWER_ENTRY)
			fail_msg("look-up of %s: answer %d (%s)", name, (int)req->answer, error_name(req->code));
		ino = req->entry.ino;
		path += len + (path[len] == '/');
	}
	return ino;
}

static fuse_req_t read_path(struct stage *stage, const char *path) {
	fuse_req_t opened = stage_open_file(stage, stage_walk(stage, path), O_RDONLY), read;

	assert_opened(opened);
	read = stage_read(stage, opened, 1 << 20, 0);
	assert_answer(read, ANSWER_BUF);
	kernel_release(opened);
	return read;
}

void stage_says(struct stage *stage, const char *path, const char *text) {
	assert_string_equal(read_path(stage, path)->data, text);
}

void stage_mentions(struct stage *stage, const char *path, const char *words) {
	fuse_req_t read = read_path(stage, path);

	if (!strstr(read->data, words))
		fail_msg("%s does not say \"%s\" but \"%s\"", path, words, read->data);
}

size_t stage_beside(struct stage *stage, fuse_ino_t ino) {
	size_t count = 0;

	for (const struct row *at = op_node(&stage->fs, ino)->row->kind->beside; at->name; at++)
		count++;
	return count;
}

const char *stage_names(struct stage *stage, fuse_ino_t ino, size_t size) {
	const struct row *row = op_node(&stage->fs, ino)->row;
	const struct row *beside = row->type == ROW_COLLECTION ? row->kind->beside
				   : row->type == ROW_GROUP    ? row->rows
							       : NULL;
	fuse_req_t opened = stage_opendir(stage, ino), names = kernel_request(stage->kernel);
	struct dirent_seen seen = {0};
	size_t len = 0, at, before;

	assert_opened(opened);
	do {
		fuse_req_t read = stage_readdir(stage, opened, size, seen.next);

		before = len;
		for (at = 0; dirent_next(read, &at, &seen);) {
			size_t name_len = strlen(seen.name);

			if (!strcmp(seen.name, ".") || !strcmp(seen.name, "..") || row_find(beside, seen.name)) {
				before = SIZE_MAX;
				continue;
			}
			names->data = alloc_test_realloc(names->data, len + name_len + 2);
			memcpy(names->data + len, seen.name, name_len);
			len += name_len;
			names->data[len++] = '\n';
			names->data[len] = '\0';
		}
	} while (len != before);
	kernel_release(opened);
	names->answer = ANSWER_NONE; /* it only owns the text */
	return names->data ? names->data : "";
}

/* ---- a create ---- */

fuse_req_t stage_begin_draft(struct stage *stage) {
	stage_begin(stage);
	fuse_req_t made = stage_mkdir(stage, stage_walk(stage, TEMPLATES_DIR), "abc");
	assert_parked(made);
	stage_answer(stage, API_GET, TEMPLATES, 200, LIST(""));
	assert_entry(made);
	fuse_req_t opened = stage_create(stage, made->entry.ino, "spec.json");
	assert_opened(opened);
	return opened;
}

void stage_in_vain(struct stage *stage, fuse_req_t req) {
	for (int64_t at_ms = 0; at_ms < DEADLINE_MS && req->answer == ANSWER_MISSING; at_ms += 1000) {
		stage_later(stage, 1000);
		if (fake_api_find(stage->api, API_GET, TEMPLATES))
			stage_answer(stage, API_GET, TEMPLATES, 200, LIST(""));
	}
}

size_t stage_posts(const struct stage *stage) {
	return fake_api_count(stage->api, API_POST, NULL);
}

fuse_req_t stage_write_spec(struct stage *stage, fuse_req_t opened) {
	size_t before = stage_posts(stage);
	fuse_req_t write = stage_write(stage, opened, SPEC_TEXT, 0);
	assert_parked(write);
	assert_int_equal(stage_posts(stage), before);
	stage_answer(stage, API_GET, TEMPLATES, 200, LIST(""));
	assert_parked(write);
	assert_int_equal(stage_posts(stage), before + 1);
	return write;
}
