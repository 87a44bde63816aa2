/*
 * The main scenarios with the n-th allocation failing, for n = 1, 2, 3, … until a run has no failure.
 *
 * Whatever fails: each request has one answer, ENOMEM where it is one of our own, nothing leaks, and the same call
 * repeated succeeds, for there is memory again.
 */
#include "../fs/example.h"
#include "../fs/sweep.h"
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

/* A step of a scenario: true if it went well; false if it failed for want of memory and may be repeated. */
typedef bool scenario(struct stage *stage);

static const char *body_of(const struct api_call *call) {
	if (call->method == API_POST)
		return SPEC_ANSWER("abc", "id-new");
	if (call->method != API_GET)
		return NULL;
	if (strstr(call->path, "/metrics"))
		return "{\"gpuUtilizationPercent\":1.5}";
	if (strstr(call->path, "/id-new"))
		return SPEC_ANSWER("abc", "id-new");
	if (strstr(call->path, "/id-a"))
		return "{\"id\":\"id-a\",\"model_id\":\"m/x\",\"gpu_config_id\":\"g\",\"text\":\"\\u00e9\"}";
	if (strstr(call->path, RUNTIMES "/"))
		return "{\"sshAccess\":{\"directCommand\":\"nc h\",\"proxyCommand\":\"ssh -p 2 root@h\"}}";
	if (strcmp(call->path, RUNTIMES) == 0)
		return LIST("{\"id\":\"r\",\"name\":\"r\",\"status\":\"Running\"}");
	if (strcmp(call->path, MODELS) == 0)
		return LIST(MODEL("a", "id-a", "ready", "2") "," MODEL("a", "id-b", "ready", "3"));
	if (strcmp(call->path, TEMPLATES) == 0)
		return LIST(SPEC_ANSWER("old", "id-old"));
	if (strstr(call->path, "/inventory"))
		return LIST("{\"config_id\":\"g\",\"region\":\"r/1\",\"gpu_model\":\"H 1\",\"instance_type\":\"t\"}");
	return LIST("{\"id\":\"m-x\",\"model_id\":\"m/x\",\"o\":{\"deep\":[1,{\"k\":null}]}}");
}

/* Answers the API until the request has its own answer. */
static void settle(struct stage *stage, fuse_req_t req) {
	for (int i = 0; i < 20 && req->answer == ANSWER_MISSING; i++) {
		struct api_call *call = fake_api_find(stage->api, API_GET, NULL);
		for (enum api_method method = API_POST; !call && method <= API_DELETE; method++)
			call = fake_api_find(stage->api, method, NULL);
		if (call)
			fake_api_answer(call, 200, body_of(call));
		stage_turn(stage);
	}
	/* What it waits for may be a time: that of the next attempt or look. */
	for (int i = 0; i < 40 && req->answer == ANSWER_MISSING; i++) {
		stage_later(stage, 1000);
		struct api_call *call = fake_api_find(stage->api, API_GET, NULL);
		if (call) {
			fake_api_answer(call, 200, body_of(call));
			stage_turn(stage);
		}
	}
	if (req->answer == ANSWER_MISSING)
		fail_msg("a request is never answered");
}

static bool went_well(struct stage *stage, fuse_req_t req) {
	settle(stage, req);
	if (req->answer == ANSWER_ERR && req->code)
		assert_err(req, ENOMEM);
	return req->answer != ANSWER_ERR || !req->code;
}

static bool walk(struct stage *stage, const char *path, fuse_ino_t *ret) {
	fuse_ino_t ino = FUSE_ROOT_ID;
	char name[NAME_SIZE];
	while (*path) {
		size_t len = strcspn(path, "/");
		snprintf(name, sizeof(name), "%.*s", (int)len, path);
		fuse_req_t req = stage_lookup(stage, ino, name);
		if (!went_well(stage, req))
			return false;
		ino = req->entry.ino;
		path += len + (path[len] == '/');
	}
	*ret = ino;
	return true;
}

static bool reads(struct stage *stage, const char *path, const char *text) {
	fuse_ino_t ino;
	if (!walk(stage, path, &ino))
		return false;
	fuse_req_t opened = stage_open_file(stage, ino, O_RDONLY);
	if (!went_well(stage, opened))
		return false;
	assert_reads(stage, opened, text);
	return true;
}

static bool a_field_is_read(struct stage *stage) {
	return reads(stage, MODELS_DIR "/a/replicas", "2\n") && reads(stage, MODELS_DIR "/a~id-b/replicas", "3\n") &&
	       reads(stage, "orgs/o/projects/p/id", "p\n");
}

static bool an_item_is_read(struct stage *stage) {
	return reads(stage, MODELS_DIR "/a/info.json",
		"{\n  \"id\": \"id-a\",\n  \"model_id\": \"m/x\",\n  \"gpu_config_id\": \"g\",\n  \"text\": "
		"\"\\u00e9\"\n}\n");
}

static bool a_spec_is_rendered(struct stage *stage) {
	return reads(stage, MODELS_DIR "/a/spec.json",
		"{\n  \"catalog_id\": \"m-x\",\n  \"gpu_config_id\": \"g\",\n  \"plan_id\": "
		"\"gpu-h-1-on-demand-1h\"\n}\n");
}

static bool an_ssh_config_is_read(struct stage *stage) {
	return reads(stage, "orgs/o/projects/p/ssh_config",
		"# The GPU instances of p that run.  ssh -F ssh_config NAME\n"
		"# Whether to trust a host key that is new is for you to say: see StrictHostKeyChecking in "
		"ssh_config(5).\n"
		"\nHost r\n\tHostName h\n\tPort 2\n\tUser root\n\tHostKeyAlias neevcloud-r\n");
}

static bool links_are_read(struct stage *stage) {
	static const char *const links[][2] = {
		{MODELS_DIR "/a/model", "../../../../../../catalog/m-x"},
		{MODELS_DIR "/.by-id/id-b", "../a~id-b"},
		{"inventory/.by-id/g", "../r%2F1/g"},
	};
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		fuse_ino_t ino;
		if (!walk(stage, links[i][0], &ino))
			return false;
		fuse_req_t req = stage_readlink(stage, ino);
		if (!went_well(stage, req))
			return false;
		assert_string_equal(req->data, links[i][1]);
	}
	return true;
}

static bool what_is_loose_is_read(struct stage *stage) {
	return reads(stage, "catalog/m-x/o/deep.json", "[\n  1,\n  {\n    \"k\": null\n  }\n]\n") &&
	       reads(stage, "catalog/m-x/model_id", "m/x\n") && reads(stage, "inventory/r%2F1/g/gpu_model", "H 1\n");
}

static bool directories_are_listed(struct stage *stage) {
	static const char *const dirs[] = {"", "orgs", "orgs/o/projects", MODELS_DIR, MODELS_DIR "/a",
		MODELS_DIR "/.by-id", MODELS_DIR "/.by-status", MODELS_DIR "/.by-status/ready", "inventory",
		"inventory/r%2F1", "catalog/m-x", "catalog/m-x/o", TEMPLATES_DIR};
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		fuse_ino_t ino;
		size_t names = 0, at = 0;
		struct dirent_seen seen;
		if (!walk(stage, dirs[i], &ino))
			return false;
		fuse_req_t opened = stage_opendir(stage, ino);
		if (!went_well(stage, opened))
			return false;
		fuse_req_t read = stage_readdir(stage, opened, 4096, 0);
		if (!went_well(stage, read))
			return false;
		while (dirent_next(read, &at, &seen))
			names++;
		assert_true(names > 2);
	}
	return true;
}

/* What is made when it is read may fail there. */
static bool reads_made(struct stage *stage, const char *path, const char *text) {
	fuse_ino_t ino;
	if (!walk(stage, path, &ino))
		return false;
	fuse_req_t opened = stage_open_file(stage, ino, O_RDONLY);
	if (!went_well(stage, opened))
		return false;
	fuse_req_t read = stage_read(stage, opened, 1 << 16, 0);
	if (!went_well(stage, read))
		return false;
	assert_string_equal(read->data, text);
	return true;
}

static bool collections_are_seen_at_a_glance(struct stage *stage) {
	static const char *const texts[][2] = {
		{MODELS_DIR "/index.tsv",
			"name\tstatus\tmodel\tgpu\tgpus\treplicas\tusd_per_hour\tage\tregion\tendpoint_url\n"
			"a\tready\tm/x\t-\t-\t2\t           -\t0s\t-\t-\na~id-b\tready\tm/x\t-\t-\t3\t           "
			"-\t0s\t-\t-\n"},
		{MODELS_DIR "/list.json",
			"[\n" MODEL("a", "id-a", "ready", "2") ",\n" MODEL("a", "id-b", "ready", "3") "\n]\n"},
		{"inventory/index.tsv", "region\tconfig_id\tgpu\tvram_gib\tusd_per_gpu_hour\tavailable\tgpus\ttype\t"
					"availability\nr%2F1\tg\tH\\x201\t-\t-\t-\t-\tt\t-\n"},
		{MODELS_DIR "/a/cost/hours", "0.00\n"},
		{RUNTIMES_DIR "/r/idle", "0\n"},
		{".neevfs/cost", "path\tresources\tusd_per_hour\tunpriced\tnote\n"
				 "orgs/o/projects/p/airuntimes\t1\t0.00\t1\t-\n"
				 "orgs/o/projects/p/aimodels\t2\t0.00\t2\t-\ntotal\t3\t0.00\t3\t-\n"},
	};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!reads_made(stage, texts[i][0], texts[i][1]))
			return false;
	fuse_ino_t ino;
	if (!walk(stage, MODELS_DIR "/.by-status/ready/a~id-b", &ino))
		return false;
	fuse_req_t link = stage_readlink(stage, ino);
	if (!went_well(stage, link))
		return false;
	assert_string_equal(link->data, "../../a~id-b");
	return true;
}

/* A few entries so long that to read them takes more than a turn, and an entry n<mark>. Freed by the caller. */
static char *long_text(const char *mark) {
	enum { ENTRIES = 10, LONG = 40000 };
	size_t size = (size_t)ENTRIES * (LONG + 64) + 64, len = 0;
	char *text = alloc_test_realloc(NULL, size);
	assert_non_null(text);
	for (int i = 0; i < ENTRIES; i++)
		len += (size_t)snprintf(text + len, size - len, "%s{\"id\":\"%d\",\"name\":\"%d\",\"text\":\"%*s\"}",
			i ? "," : "[", i, i, LONG, "");
	snprintf(text + len, size - len, ",{\"id\":\"%s\",\"name\":\"n%s\"}]", mark, mark);
	return text;
}

/* The second page is the same each time, the first one twice. */
static bool a_long_list_is_refreshed(struct stage *stage) {
	static const char *const marks[] = {"a", "a", "b"};
	char name[NAME_SIZE];
	fuse_ino_t dir;
	if (!walk(stage, RUNTIMES_DIR, &dir))
		return false;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		stage_later(stage, TTL_MS);
		snprintf(name, sizeof(name), "n%s", marks[i]);
		fuse_req_t lookup = stage_lookup(stage, dir, name);
		struct api_call *call = fake_api_find(stage->api, API_GET, RUNTIMES);
		char *text = long_text(marks[i]);
		if (call)
			fake_api_pages(call, (const char *const[]){text, "[{\"id\":\"z\",\"name\":\"nz\"}]"}, 2);
		alloc_test_free(text);
		stage_turn(stage);
		if (!went_well(stage, lookup) || !went_well(stage, stage_lookup(stage, dir, "nz")))
			return false;
	}
	return true;
}

/* A cache on the way gave what is too old for what it says: the same text again, or another one. */
static bool what_is_too_old_is_asked_for_again(struct stage *stage) {
	static const char *const moving = LIST(MODEL("a", "id-a", "initializing", "2"));
	static const char *const later[] = {moving, LIST(MODEL("a", "id-a", "ready", "2"))};
	fuse_ino_t dir;
	if (!walk(stage, MODELS_DIR, &dir))
		return false;
	for (size_t i = 0; i < 2; i++) {
		stage_later(stage, 10 * TTL_MS);
		fuse_req_t lookup = stage_lookup(stage, dir, "a");
		struct api_call *call = fake_api_find(stage->api, API_GET, MODELS);
		if (call) {
			call->age_s = TTL_MS / 1000;
			fake_api_answer(call, 200, moving);
			stage_turn(stage);
			call = fake_api_find(stage->api, API_GET, MODELS);
		}
		if (call)
			fake_api_answer(call, 200, later[i]);
		stage_turn(stage);
		if (!went_well(stage, lookup))
			return false;
	}
	return true;
}

/* Whether the create was sent, and so must not be tried again. */
static bool in_doubt(fuse_req_t req) {
	return req->answer == ANSWER_ERR && (req->code == EINPROGRESS || req->code == EALREADY);
}

static bool answered_or_in_doubt(struct stage *stage, fuse_req_t req, bool *ret_doubt) {
	settle(stage, req);
	*ret_doubt = in_doubt(req);
	return *ret_doubt || went_well(stage, req);
}

static bool a_resource_is_created(struct stage *stage) {
	fuse_ino_t dir, draft;
	fuse_req_t opened;
	bool doubt;
	if (!walk(stage, TEMPLATES_DIR, &dir))
		return false;
	fuse_req_t made = stage_mkdir(stage, dir, "abc");
	settle(stage, made);
	if (made->answer == ANSWER_ERR && made->code == EEXIST) { /* of the first try */
		fuse_req_t lookup = stage_lookup(stage, dir, "abc");
		if (!went_well(stage, lookup))
			return false;
		draft = lookup->entry.ino;
	} else {
		if (!went_well(stage, made))
			return false;
		draft = made->entry.ino;
	}
	fuse_req_t lookup = stage_lookup(stage, draft, "spec.json");
	if (lookup->answer == ANSWER_ENTRY) {
		opened = stage_open_file(stage, lookup->entry.ino, O_WRONLY | O_TRUNC);
		if (!answered_or_in_doubt(stage, opened, &doubt))
			return false;
		if (doubt)
			return true;
	} else {
		if (lookup->code != ENOENT) {
			assert_err(lookup, ENOMEM);
			return false;
		}
		opened = stage_create(stage, draft, "spec.json");
		if (!went_well(stage, opened))
			return false;
	}
	fuse_req_t write = stage_write(stage, opened, SPEC_TEXT, 0);
	bool well = answered_or_in_doubt(stage, write, &doubt);
	/* Sent at most once, and once if it went well. */
	size_t posts = fake_api_count(stage->api, API_POST, NULL);
	assert_in_range(posts, well ? 1 : 0, 1);
	if (well && !doubt)
		return reads(stage, TEMPLATES_DIR "/abc/id", "id-new\n") ||
		       reads(stage, TEMPLATES_DIR "/abc/id", "id-new\n");
	return well;
}

static bool a_draft_is_moved_about(struct stage *stage) {
	fuse_ino_t dir;
	if (!walk(stage, TEMPLATES_DIR, &dir))
		return false;
	fuse_req_t made = stage_mkdir(stage, dir, "abc");
	if (!went_well(stage, made))
		return false;
	fuse_req_t renamed = stage_rename(stage, dir, "abc", dir, "abd");
	if (!went_well(stage, renamed)) {
		/* Then it has its old name, and all of it. */
		fuse_req_t lookup = stage_lookup(stage, dir, "abc");
		assert_entry(lookup);
		assert_int_equal(lookup->entry.ino, made->entry.ino);
		assert_err(stage_lookup(stage, dir, "abd"), ENOENT);
		assert_err(stage_rmdir(stage, dir, "abc"), 0);
		return false;
	}
	if (went_well(stage, stage_rmdir(stage, dir, "abd")))
		return true;
	assert_err(stage_rmdir(stage, dir, "abd"), 0);
	return false;
}

static bool a_model_is_scaled(struct stage *stage) {
	fuse_ino_t ino;
	if (!walk(stage, MODELS_DIR "/a/replicas", &ino))
		return false;
	fuse_req_t opened = stage_open_file(stage, ino, O_WRONLY | O_TRUNC);
	if (!went_well(stage, opened))
		return false;
	fuse_req_t write = stage_write(stage, opened, "7\n", 0);
	if (!went_well(stage, write))
		return false;
	assert_true(fake_api_count(stage->api, API_PUT, MODELS "/id-a/scale") >= 1);
	return true;
}

static bool a_model_is_deleted(struct stage *stage) {
	fuse_ino_t ino;
	if (!walk(stage, MODELS_DIR, &ino))
		return false;
	fuse_req_t removed = stage_rmdir(stage, ino, "a");
	if (!went_well(stage, removed))
		return false;
	assert_int_equal(fake_api_count(stage->api, API_DELETE, MODELS "/id-a"), 1);
	return true;
}

static bool removal_inside_is_refused(struct stage *stage) {
	fuse_ino_t ino;
	if (!walk(stage, MODELS_DIR "/a", &ino))
		return false;
	fuse_req_t unlinked = stage_unlink(stage, ino, "status");
	if (unlinked->code == ENOMEM)
		return false;
	assert_err(unlinked, EPERM);
	return true;
}

/* Makes a scratch file with a text, or finds that of the first try. */
static bool makes(struct stage *stage, fuse_ino_t dir, const char *name, const char *text) {
	fuse_req_t made = stage_create(stage, dir, name);
	settle(stage, made);
	if (made->answer == ANSWER_ERR && made->code == EEXIST) {
		fuse_req_t found = stage_lookup(stage, dir, name);
		if (!went_well(stage, found))
			return false;
		made = stage_open_file(stage, found->entry.ino, O_WRONLY | O_TRUNC);
	}
	return went_well(stage, made) && went_well(stage, stage_write(stage, made, text, 0));
}

/* If it fails the old name has what it had. */
static bool renames(struct stage *stage, fuse_ino_t dir, const char *name, const char *new_name) {
	if (went_well(stage, stage_rename(stage, dir, name, dir, new_name)))
		return true;
	fuse_req_t lookup = stage_lookup(stage, dir, name);
	settle(stage, lookup);
	assert_entry(lookup);
	return false;
}

static bool scratch_files_are_made_and_renamed(struct stage *stage) {
	fuse_ino_t dir;
	if (!walk(stage, MODELS_DIR "/a", &dir) || !makes(stage, dir, "x", "7\n") || !renames(stage, dir, "x", "y") ||
		!renames(stage, dir, "replicas", "replicas~") || !renames(stage, dir, "replicas~", "replicas"))
		return false;
	fuse_req_t link = kernel_request(stage->kernel);
	fs_symlink(link, "target", dir, "l");
	settle(stage, link);
	if (link->answer != ANSWER_ERR || link->code != EEXIST) {
		if (!went_well(stage, link))
			return false;
		fuse_req_t read = stage_readlink(stage, link->entry.ino);
		if (!went_well(stage, read))
			return false;
		assert_string_equal(read->data, "target");
	}
	fuse_req_t listed = stage_opendir(stage, dir);
	if (!went_well(stage, listed) || !went_well(stage, stage_unlink(stage, dir, "l")))
		return false;
	if (!reads(stage, MODELS_DIR "/a/y", "7\n") || !renames(stage, dir, "y", "replicas"))
		return false;
	assert_true(fake_api_count(stage->api, API_PUT, MODELS "/id-a/scale") >= 1);
	return true;
}

static bool a_scratch_file_creates(struct stage *stage) {
	fuse_ino_t dir, draft;
	if (!walk(stage, TEMPLATES_DIR, &dir))
		return false;
	fuse_req_t made = stage_mkdir(stage, dir, "abc");
	settle(stage, made);
	if (made->answer == ANSWER_ERR && made->code == EEXIST) /* of the first try */
		made = stage_lookup(stage, dir, "abc");
	if (!went_well(stage, made))
		return false;
	draft = made->entry.ino;
	bool doubt;
	if (fake_api_count(stage->api, API_POST, NULL)) /* then it is one, or in doubt */
		return true;
	if (!makes(stage, draft, "spec.json", "{") || !renames(stage, draft, "spec.json", "old") ||
		!renames(stage, draft, "old", "spec.json") || !makes(stage, draft, "tmp", SPEC_TEXT))
		return false;
	fuse_req_t renamed = stage_rename(stage, draft, "tmp", draft, "spec.json");
	bool well = answered_or_in_doubt(stage, renamed, &doubt);
	size_t posts = fake_api_count(stage->api, API_POST, NULL);
	assert_in_range(posts, well ? 1 : 0, 1);
	if (!well && !posts) {
		fuse_req_t lookup = stage_lookup(stage, draft, "tmp");
		settle(stage, lookup);
		assert_entry(lookup);
	}
	if (well && !doubt)
		return reads(stage, TEMPLATES_DIR "/abc/id", "id-new\n") ||
		       reads(stage, TEMPLATES_DIR "/abc/id", "id-new\n");
	return well;
}

/* What the mount says of itself. */
static bool own_texts_are_read(struct stage *stage) {
	static const char *const paths[] = {"README.txt", ".neevfs/version", ".neevfs/options", ".neevfs/errors",
		".neevfs/status", ".neevfs/requests", ".neevfs/stats"};
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		fuse_ino_t ino;
		if (!walk(stage, paths[i], &ino))
			return false;
		fuse_req_t opened = stage_open_file(stage, ino, O_RDONLY);
		if (!went_well(stage, opened))
			return false;
		fuse_req_t read = stage_read(stage, opened, 1 << 16, 0);
		if (!went_well(stage, read))
			return false;
		kernel_release(opened);
	}
	fuse_ino_t link;
	if (!walk(stage, "project", &link))
		return false;
	fuse_req_t target = stage_readlink(stage, link);
	if (!went_well(stage, target))
		return false;
	assert_string_equal(target->data, "orgs/o/projects/p");
	return true;
}

/* A spec that is refused, and the words of it: those are all there, or the reading failed. */
static bool a_bad_spec_is_refused_in_words(struct stage *stage) {
	fuse_ino_t dir, error;
	if (!walk(stage, TEMPLATES_DIR, &dir))
		return false;
	fuse_req_t made = stage_mkdir(stage, dir, "abc");
	settle(stage, made);
	if (made->answer == ANSWER_ERR && made->code == EEXIST) /* of the first try */
		made = stage_lookup(stage, dir, "abc");
	if (!went_well(stage, made) || !makes(stage, made->entry.ino, "spec.json", "{"))
		return false;
	fuse_req_t lookup = stage_lookup(stage, made->entry.ino, "spec.json");
	if (!went_well(stage, lookup))
		return false;
	fuse_req_t opened = stage_open_file(stage, lookup->entry.ino, O_WRONLY | O_TRUNC);
	if (!went_well(stage, opened))
		return false;
	fuse_req_t write = stage_write(stage, opened, "{\"imag\":1}", 0);
	settle(stage, write);
	if (write->answer == ANSWER_ERR && write->code == ENOMEM)
		return false;
	assert_err(write, EINVAL);
	assert_int_equal(fake_api_count(stage->api, API_POST, NULL), 0);
	if (!walk(stage, TEMPLATES_DIR "/abc/.error", &error))
		return false;
	fuse_req_t reader = stage_open_file(stage, error, O_RDONLY);
	if (!went_well(stage, reader))
		return false;
	fuse_req_t read = stage_read(stage, reader, 1 << 16, 0);
	return went_well(stage, read);
}

/* Its answers are lost: it is sent again, and looked up in the end. */
static bool a_lost_delete_is_looked_up(struct stage *stage) {
	fuse_ino_t ino;
	if (!walk(stage, MODELS_DIR, &ino))
		return false;
	fuse_req_t removed = stage_rmdir(stage, ino, "a");
	for (int i = 0; i < 60 && removed->answer == ANSWER_MISSING; i++) {
		struct api_call *call = fake_api_find(stage->api, API_DELETE, NULL);
		if (call)
			fake_api_fail(call, EREMOTEIO, true);
		else if ((call = fake_api_find(stage->api, API_GET, MODELS "/id-a")))
			fake_api_answer(call, 404, NULL);
		else if ((call = fake_api_find(stage->api, API_GET, NULL)))
			fake_api_answer(call, 200, body_of(call));
		stage_later(stage, call ? 0 : 1000);
	}
	assert_true(removed->answer == ANSWER_ERR);
	assert_in_range(fake_api_count(stage->api, API_DELETE, NULL), 0, 6); /* three a try, and there are two */
	if (removed->code == ENOMEM)
		return false;
	/* Done; or of the first try, which went on by itself. */
	assert_true(removed->code == 0 || removed->code == EALREADY || removed->code == ENOENT ||
		    removed->code == EREMOTEIO);
	return true;
}

/* As truncate, chmod and touch do, of a scratch file and of a value. */
static bool attributes_are_set(struct stage *stage) {
	static const int what[] = {
		FUSE_SET_ATTR_SIZE, FUSE_SET_ATTR_MODE, FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_MTIME_NOW};
	const struct stat attr = {.st_size = 5000, .st_mode = 0600};
	fuse_ino_t dir, value;
	if (!walk(stage, MODELS_DIR "/a", &dir) || !makes(stage, dir, "x", "7\n"))
		return false;
	fuse_req_t lookup = stage_lookup(stage, dir, "x");
	if (!went_well(stage, lookup))
		return false;
	for (size_t i = 0; i < sizeof(what) / sizeof(what[0]); i++)
		if (!went_well(stage, stage_setattr(stage, lookup->entry.ino, &attr, what[i], NULL)))
			return false;
	if (!walk(stage, MODELS_DIR "/a/status", &value))
		return false;
	return went_well(stage, stage_setattr(stage, value, &attr, what[2], NULL)) &&
	       went_well(stage, stage_getattr(stage, value));
}

static bool an_example_is_read(struct stage *stage) {
	static const char *const paths[] = {RUNTIMES_DIR "/spec.example.json", MODELS_DIR "/spec.example.json",
		TEMPLATES_DIR "/spec.example.json", "catalog/m-x/spec.example.json"};
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		fuse_ino_t ino;
		if (!walk(stage, paths[i], &ino))
			return false;
		fuse_req_t opened = stage_open_file(stage, ino, O_RDONLY);
		if (!went_well(stage, opened))
			return false;
		fuse_req_t read = stage_read(stage, opened, 1 << 16, 0);
		assert_int_equal(read->len, EXAMPLE_BYTES);
	}
	return true;
}

static bool a_schema_is_read(struct stage *stage) {
	fuse_ino_t ino;
	return walk(stage, RUNTIMES_DIR "/spec.schema.json", &ino) &&
	       went_well(stage, stage_open_file(stage, ino, O_RDONLY));
}

static bool a_query_is_listed(struct stage *stage) {
	fuse_ino_t ino;
	if (!walk(stage, "inventory/.query/vram_min=8,region=r%2F1/r%2F1", &ino))
		return false;
	fuse_req_t opened = stage_opendir(stage, ino);
	if (!went_well(stage, opened) || !walk(stage, "inventory/.query/vram_min=8,region=r%2F1/r%2F1/g", &ino))
		return false;
	fuse_req_t req = stage_readlink(stage, ino);
	if (!went_well(stage, req))
		return false;
	assert_string_equal(req->data, "../../../r%2F1/g");
	return true;
}

static bool a_notification_is_asked_for(struct stage *stage) {
	fuse_ino_t ino;
	if (!reads(stage, "inventory/r%2F1/g/notify", "") || !walk(stage, "inventory/r%2F1/g/notify", &ino))
		return false;
	fuse_req_t opened = stage_open_file(stage, ino, O_WRONLY | O_TRUNC);
	if (!went_well(stage, opened))
		return false;
	fuse_req_t write = stage_write(stage, opened, "1\n", 0);
	bool well = went_well(stage, write);
	assert_in_range(fake_api_count(stage->api, API_POST, NULL), well ? 1 : 0, 2); /* one a try */
	return well && walk(stage, "inventory/notifications.json", &ino);
}

static bool a_plan_is_read(struct stage *stage) {
	fuse_ino_t dir, ino;
	if (!walk(stage, TEMPLATES_DIR, &dir))
		return false;
	fuse_req_t made = stage_mkdir(stage, dir, "abc");
	settle(stage, made);
	if (made->answer == ANSWER_ERR && made->code != EEXIST)
		return went_well(stage, made);
	if (!walk(stage, TEMPLATES_DIR "/abc", &dir) || !makes(stage, dir, "spec.json.plan", SPEC_TEXT) ||
		!walk(stage, TEMPLATES_DIR "/abc/spec.json.plan", &ino))
		return false;
	bool well = went_well(stage, stage_open_file(stage, ino, O_RDONLY));
	assert_int_equal(stage_posts(stage), 0);
	return well;
}

static bool writes(struct stage *stage, const char *path, const char *text, fuse_req_t *ret) {
	fuse_ino_t ino;
	if (!walk(stage, path, &ino))
		return false;
	fuse_req_t opened = stage_open_file(stage, ino, O_WRONLY);
	if (!went_well(stage, opened))
		return false;
	*ret = stage_write(stage, opened, text, 0);
	settle(stage, *ret);
	return (*ret)->answer != ANSWER_ERR || (*ret)->code != ENOMEM;
}

static bool a_state_is_waited_for(struct stage *stage) {
	fuse_req_t write;
	if (!writes(stage, RUNTIMES_DIR "/r/wait", "Running\n", &write))
		return false;
	assert_written(write, 8);
	if (!writes(stage, RUNTIMES_DIR "/r/wait", "Pending 15\n", &write))
		return false;
	assert_err(write, ETIMEDOUT); /* some rounds later */
	return true;
}

/* What there is no memory for is missing in it, or the round has failed: there is another. */
static bool events_are_followed(struct stage *stage) {
	fuse_ino_t ino;
	char body[256], line[64];
	if (!walk(stage, RUNTIMES_DIR "/r", &ino) || !walk(stage, RUNTIMES_DIR "/events", &ino))
		return false;
	fuse_req_t opened = stage_open_file(stage, ino, O_RDONLY);
	if (!went_well(stage, opened))
		return false;
	fs_ops.poll(kernel_request(stage->kernel), ino, &opened->file, kernel_poll(stage->kernel));
	for (int i = 0; i < 60 && !fake_api_find(stage->api, API_GET, RUNTIMES); i++)
		stage_later(stage, 1000);
	snprintf(line, sizeof(line), "s%lld", (long long)stage->fs.now_ms);
	snprintf(body, sizeof(body), LIST("{\"id\":\"r\",\"name\":\"r\",\"status\":\"%s\"}"), line);
	stage_answer(stage, API_GET, RUNTIMES, 200, body);
	fuse_req_t read = stage_read(stage, opened, 1 << 16, 0);
	bool well = went_well(stage, read) && strstr(read->data, line);
	kernel_release(opened);
	return well;
}

static bool answers_are_refreshed(struct stage *stage) {
	static const char *const paths[] = {RUNTIMES_DIR "/r/status\n", "orgs/o/projects/p/../p/aimodels\n", "/\n"};
	fuse_ino_t ino;
	fuse_req_t write;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (!walk(stage, RUNTIMES_DIR "/r/status", &ino) || !walk(stage, MODELS_DIR "/a/status", &ino) ||
			!writes(stage, ".neevfs/refresh", paths[i], &write))
			return false;
		assert_written(write, strlen(paths[i]));
	}
	return true;
}

/* ---- n = 1, 2, 3, … ---- */

static void torture(scenario *run) {
	enum { RUNS_MAX = 20000 };
	for (size_t n = 1;; n++) {
		struct stage stage;
		long lent = fake_api_lent();
		assert_true(n < RUNS_MAX);
		stage_init(&stage);
		alloc_arm(n);
		int rc = stage_open(&stage);
		if (rc) {
			assert_int_equal(rc, -ENOMEM);
		} else {
			bool well = run(&stage);
			/* A failure is the answer of its millisecond, and for a while the sign of a sweep. */
			stage_later(&stage, SWEEP_MS + 1);
			if (!well && !run(&stage))
				fail_msg("fails again though there is memory (allocation %zu)", n);
			stage_close(&stage);
		}
		bool failed = alloc_disarm();
		if (alloc_live() + fake_api_lent() - lent != 0)
			fail_msg("%ld blocks are left when allocation %zu fails", alloc_live() + fake_api_lent() - lent,
				n);
		if (!failed)
			return;
	}
}

#define TORTURE(name)                              \
	static void torture_##name(void **state) { \
		(void)state;                       \
		torture(name);                     \
	}
TORTURE(a_field_is_read)
TORTURE(an_item_is_read)
TORTURE(a_spec_is_rendered)
TORTURE(an_ssh_config_is_read)
TORTURE(links_are_read)
TORTURE(what_is_loose_is_read)
TORTURE(directories_are_listed)
TORTURE(collections_are_seen_at_a_glance)
TORTURE(a_long_list_is_refreshed)
TORTURE(what_is_too_old_is_asked_for_again)
TORTURE(a_resource_is_created)
TORTURE(a_draft_is_moved_about)
TORTURE(a_model_is_scaled)
TORTURE(a_model_is_deleted)
TORTURE(removal_inside_is_refused)
TORTURE(scratch_files_are_made_and_renamed)
TORTURE(a_scratch_file_creates)
TORTURE(own_texts_are_read)
TORTURE(a_bad_spec_is_refused_in_words)
TORTURE(a_lost_delete_is_looked_up)
TORTURE(attributes_are_set)
TORTURE(an_example_is_read)
TORTURE(a_schema_is_read)
TORTURE(a_query_is_listed)
TORTURE(a_notification_is_asked_for)
TORTURE(a_plan_is_read)
TORTURE(a_state_is_waited_for)
TORTURE(events_are_followed)
TORTURE(answers_are_refreshed)

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(torture_a_field_is_read),
		cmocka_unit_test(torture_an_item_is_read),
		cmocka_unit_test(torture_a_spec_is_rendered),
		cmocka_unit_test(torture_an_ssh_config_is_read),
		cmocka_unit_test(torture_links_are_read),
		cmocka_unit_test(torture_what_is_loose_is_read),
		cmocka_unit_test(torture_directories_are_listed),
		cmocka_unit_test(torture_collections_are_seen_at_a_glance),
		cmocka_unit_test(torture_a_long_list_is_refreshed),
		cmocka_unit_test(torture_what_is_too_old_is_asked_for_again),
		cmocka_unit_test(torture_a_resource_is_created),
		cmocka_unit_test(torture_a_draft_is_moved_about),
		cmocka_unit_test(torture_a_model_is_scaled),
		cmocka_unit_test(torture_a_model_is_deleted),
		cmocka_unit_test(torture_removal_inside_is_refused),
		cmocka_unit_test(torture_scratch_files_are_made_and_renamed),
		cmocka_unit_test(torture_a_scratch_file_creates),
		cmocka_unit_test(torture_own_texts_are_read),
		cmocka_unit_test(torture_a_bad_spec_is_refused_in_words),
		cmocka_unit_test(torture_a_lost_delete_is_looked_up),
		cmocka_unit_test(torture_attributes_are_set),
		cmocka_unit_test(torture_an_example_is_read),
		cmocka_unit_test(torture_a_schema_is_read),
		cmocka_unit_test(torture_a_query_is_listed),
		cmocka_unit_test(torture_a_notification_is_asked_for),
		cmocka_unit_test(torture_a_plan_is_read),
		cmocka_unit_test(torture_a_state_is_waited_for),
		cmocka_unit_test(torture_events_are_followed),
		cmocka_unit_test(torture_answers_are_refreshed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
