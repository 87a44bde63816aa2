/* Scratch files on fakes: files as anywhere, and what a rename onto spec.json or replicas asks of the API. */
#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define DRAFT TEMPLATES_DIR "/abc"
#define MODEL_DIR MODELS_DIR "/a"

/* ---- calls ---- */

static fuse_req_t rename_as(
	struct stage *stage, fuse_ino_t from, const char *name, fuse_ino_t to, const char *new_name, unsigned flags) {
	fuse_req_t req = kernel_request(stage->kernel);
	fs_rename(req, from, name, to, new_name, flags);
	return req;
}

static fuse_req_t create_as(struct stage *stage, fuse_ino_t dir, const char *name, mode_t mode) {
	fuse_req_t req = kernel_request(stage->kernel);
	struct fuse_file_info file = {.flags = O_CREAT | O_RDWR | O_EXCL};
	fs_create(req, dir, name, mode, &file);
	return req;
}

static fuse_req_t symlink_as(struct stage *stage, fuse_ino_t dir, const char *name, const char *target) {
	fuse_req_t req = kernel_request(stage->kernel);
	fs_symlink(req, target, dir, name);
	return req;
}

static fuse_req_t make(struct stage *stage, fuse_ino_t dir, const char *name, const char *text) {
	fuse_req_t made = create_as(stage, dir, name, 0100644);
	assert_opened(made);
	if (*text)
		assert_written(stage_write(stage, made, text, 0), strlen(text));
	return made;
}

static void assert_attr(fuse_req_t req, off_t size, mode_t mode, unsigned links) {
	if (req->answer != ANSWER_ATTR && req->answer != ANSWER_ENTRY)
		fail_msg("answer %d (%s)", (int)req->answer, error_name(req->code));
	assert_int_equal(req->attr.st_size, size);
	assert_int_equal(req->attr.st_mode, mode);
	assert_int_equal(req->attr.st_nlink, links);
}

static void assert_absent(struct stage *stage, fuse_ino_t dir, const char *name) {
	assert_err(stage_lookup(stage, dir, name), ENOENT);
}

/* A mount with the draft abc, without a text; the list was asked for once. */
static fuse_ino_t begin_draft(struct stage *stage) {
	stage_begin(stage);
	fuse_req_t made = stage_mkdir(stage, stage_walk(stage, TEMPLATES_DIR), "abc");
	stage_answer(stage, API_GET, TEMPLATES, 200, LIST(SPEC_ANSWER("old", "id-old")));
	assert_entry(made);
	return made->entry.ino;
}

/* A mount with the deployment a, two replicas; the list was asked for once. */
static fuse_ino_t begin_model(struct stage *stage) {
	stage_begin(stage);
	fuse_req_t req = stage_lookup(stage, stage_walk(stage, MODELS_DIR), "a");
	stage_answer(stage, API_GET, MODELS, 200,
		LIST(MODEL("a", "id-a", "ready", "2") "," MODEL("b", "id-b", "ready", "2")));
	assert_entry(req);
	return req->entry.ino;
}

static size_t scales(const struct stage *stage) {
	return fake_api_count(stage->api, API_PUT, NULL);
}

static void list_again(struct stage *stage, const char *replicas) {
	char body[1024];
	snprintf(body, sizeof(body), LIST(MODEL("a", "id-a", "ready", "%s") "," MODEL("b", "id-b", "ready", "2")),
		replicas);
	stage_answer(stage, API_GET, MODELS, 200, body);
}

/* ---- files ---- */

static void files_as_anywhere(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir = begin_draft(&stage);
	fuse_req_t a = create_as(&stage, dir, "a~", 0100640);
	assert_opened(a);
	assert_attr(stage_getattr(&stage, a->entry.ino), 0, S_IFREG | 0640, 1);
	assert_int_equal(a->entry.attr_timeout, 0);
	assert_int_equal(a->entry.entry_timeout, 0);
	assert_err(create_as(&stage, dir, "a~", 0100640), EEXIST);
	assert_written(stage_write(&stage, a, "there", 5), 5);
	assert_written(stage_write(&stage, a, "hello", 0), 5);
	assert_reads(&stage, a, "hellothere");
	assert_err(stage_flush(&stage, a), 0);
	assert_err(stage_fsync(&stage, a), 0);
	/* Two handles see one text. */
	fuse_req_t again = stage_open_file(&stage, a->entry.ino, O_RDONLY);
	assert_written(stage_write(&stage, a, "H", 0), 1);
	assert_reads(&stage, again, "Hellothere");
	assert_reads(&stage, stage_open_file(&stage, a->entry.ino, O_RDWR | O_TRUNC), "");
	assert_reads(&stage, again, "");
	assert_err(stage_write(&stage, a, "x", SCRATCH_BYTES_MAX), EFBIG);
	struct stat want = {.st_size = 3, .st_mode = 0100600, .st_uid = 1000, .st_gid = 1000};
	want.st_mtim = (struct timespec){12, 34};
	want.st_atim = (struct timespec){56, 78};
	fuse_req_t set = stage_setattr(&stage, a->entry.ino, &want,
		FUSE_SET_ATTR_SIZE | FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_ATIME |
			FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID,
		NULL);
	assert_attr(set, 3, S_IFREG | 0600, 1);
	assert_int_equal(set->attr.st_mtim.tv_nsec, 34);
	assert_int_equal(set->attr.st_atime, 56);
	stage_later(&stage, 5000);
	set = stage_setattr(&stage, a->entry.ino, &want, FUSE_SET_ATTR_MTIME_NOW, a);
	assert_int_equal(set->attr.st_mtime, stage.fs.now);
	want.st_uid = 1;
	assert_err(stage_setattr(&stage, a->entry.ino, &want, FUSE_SET_ATTR_UID, NULL), EPERM);
	want.st_size = SCRATCH_BYTES_MAX + 1;
	assert_err(stage_setattr(&stage, a->entry.ino, &want, FUSE_SET_ATTR_SIZE, NULL), EFBIG);
	fuse_req_t link = symlink_as(&stage, dir, ".#a", "me@host.1:2");
	assert_entry(link);
	assert_attr(link, 11, S_IFLNK | 0777, 1);
	assert_string_equal(stage_readlink(&stage, link->entry.ino)->data, "me@host.1:2");
	assert_err(symlink_as(&stage, dir, ".#a", "x"), EEXIST);
	assert_err(stage_readlink(&stage, a->entry.ino), EINVAL);
	assert_string_equal(stage_names(&stage, dir, 4096), ".error\n.#a\na~\n");
	assert_int_equal(fake_api_total(stage.api), 1);
	stage_close(&stage);
}

static void where_they_may_be(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir = begin_draft(&stage), old = stage_walk(&stage, TEMPLATES_DIR "/old");
	assert_opened(make(&stage, old, "note", ""));
	assert_err(create_as(&stage, dir, "status", 0100600), EPERM);
	stage_mentions(&stage, DRAFT "/.error", "is a draft: nothing exists yet; write its spec.json first");
	assert_err(create_as(&stage, dir, "info.json", 0100600), EPERM);
	assert_err(create_as(&stage, old, "spec.json", 0100600), EPERM);
	assert_err(symlink_as(&stage, dir, "status", "x"), EPERM);
	assert_err(create_as(&stage, stage_walk(&stage, TEMPLATES_DIR), "note", 0100600), EPERM);
	stage_mentions(&stage, TEMPLATES_DIR "/.error", "mkdir NAME first, then write NAME/spec.json");
	assert_err(create_as(&stage, stage_walk(&stage, "orgs/o"), "note", 0100600), EPERM);
	assert_err(create_as(&stage, FUSE_ROOT_ID, "note", 0100600), EPERM);
	assert_err(symlink_as(&stage, FUSE_ROOT_ID, "note", "x"), EPERM);
	assert_err(stage_mkdir(&stage, dir, "sub"), EPERM);
	fuse_req_t link = kernel_request(stage.kernel);
	fs_ops.link(link, old, dir, "hard");
	assert_err(link, EPERM);
	stage.options.read_only = true;
	assert_err(create_as(&stage, dir, "more", 0100600), EROFS);
	assert_err(symlink_as(&stage, dir, "more", "x"), EROFS);
	assert_int_equal(fake_api_total(stage.api), 1);
	stage_close(&stage);
}

static void an_open_file_outlives_its_name(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir = begin_draft(&stage);
	fuse_req_t a = make(&stage, dir, "a", "of a"), b = make(&stage, dir, "b", "of b");
	assert_err(stage_rename(&stage, dir, "a", dir, "b"), 0);
	assert_absent(&stage, dir, "a");
	fuse_req_t found = stage_lookup(&stage, dir, "b");
	assert_int_equal(found->entry.ino, a->entry.ino); /* the kernel has its inode under the new name */
	assert_int_equal(found->attr.st_ino, stage_getattr(&stage, a->entry.ino)->attr.st_ino);
	assert_attr(stage_getattr(&stage, b->entry.ino), 4, S_IFREG | 0644, 0);
	assert_reads(&stage, b, "of b");
	assert_written(stage_write(&stage, b, "!!", 4), 2);
	assert_reads(&stage, b, "of b!!");
	assert_reads(&stage, a, "of a");
	assert_err(stage_unlink(&stage, dir, "b"), 0);
	fuse_req_t fresh = make(&stage, dir, "b", "fresh");
	assert_int_not_equal(fresh->entry.ino, a->entry.ino);
	assert_reads(&stage, a, "of a");
	assert_attr(stage_getattr(&stage, a->entry.ino), 4, S_IFREG | 0644, 0);
	const struct stat cut = {.st_size = 1};
	assert_attr(stage_setattr(&stage, a->entry.ino, &cut, FUSE_SET_ATTR_SIZE, a), 1, S_IFREG | 0644, 0);
	kernel_release(a);
	assert_err(stage_getattr(&stage, a->entry.ino), ENOENT); /* not what has the name now */
	assert_reads(&stage, fresh, "fresh");
	assert_err(stage_rmdir(&stage, stage_walk(&stage, TEMPLATES_DIR), "abc"), 0);
	assert_reads(&stage, fresh, "fresh");
	assert_attr(stage_getattr(&stage, fresh->entry.ino), 5, S_IFREG | 0644, 0);
	stage_close(&stage);
}

static void renamed_as_anywhere(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir = begin_draft(&stage), up = stage_walk(&stage, TEMPLATES_DIR),
		   old = stage_walk(&stage, TEMPLATES_DIR "/old");
	make(&stage, dir, "a", "of a");
	make(&stage, dir, "b", "of b");
	assert_err(rename_as(&stage, dir, "a", dir, "b", 1), EEXIST);
	assert_err(rename_as(&stage, dir, "a", dir, ".error", 1), EEXIST);
	assert_err(rename_as(&stage, dir, "a", dir, "b", 2), EINVAL);
	assert_err(rename_as(&stage, dir, "a", dir, "c", 1), 0);
	assert_err(stage_rename(&stage, dir, "c", dir, ".error"), EPERM);
	assert_err(stage_rename(&stage, dir, "c", dir, "status"), EPERM);
	assert_err(stage_rename(&stage, old, "status", old, "b"), EPERM);
	assert_err(stage_rename(&stage, old, "status", dir, "b"), EPERM);
	assert_err(stage_rename(&stage, dir, "c", up, "c"), EPERM);
	assert_err(stage_rename(&stage, dir, "c", FUSE_ROOT_ID, "c"), EPERM);
	assert_err(stage_rename(&stage, dir, "no-such", dir, "c"), ENOENT);
	stage_says(&stage, DRAFT "/c", "of a");
	assert_err(stage_rename(&stage, dir, "c", old, "moved"), 0);
	assert_absent(&stage, dir, "c");
	stage_says(&stage, TEMPLATES_DIR "/old/moved", "of a");
	/* A link too. */
	assert_entry(symlink_as(&stage, dir, "l", "target"));
	assert_err(stage_rename(&stage, dir, "l", dir, "b"), 0);
	assert_string_equal(stage_readlink(&stage, stage_walk(&stage, DRAFT "/b"))->data, "target");
	assert_int_equal(fake_api_total(stage.api), 1);
	stage_close(&stage);
}

static void with_their_directory(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir = begin_draft(&stage), up = stage_walk(&stage, TEMPLATES_DIR);
	fuse_req_t note = make(&stage, dir, "note", "text");
	assert_err(stage_rename(&stage, up, "abc", up, "abd"), 0);
	stage_says(&stage, TEMPLATES_DIR "/abd/note", "text");
	assert_int_equal(stage_walk(&stage, TEMPLATES_DIR "/abd/note"), note->entry.ino);
	assert_err(stage_unlink(&stage, dir, "note"), 0);
	assert_reads(&stage, note, "text");
	assert_attr(stage_getattr(&stage, note->entry.ino), 4, S_IFREG | 0644, 0);
	make(&stage, dir, "more", "text");
	assert_err(stage_unlink(&stage, dir, ".error"), 0);
	assert_err(stage_unlink(&stage, dir, "more"), 0);
	make(&stage, dir, "more", "text");
	assert_err(stage_rmdir(&stage, up, "abd"), 0);
	fuse_req_t made = stage_mkdir(&stage, up, "abd");
	assert_entry(made);
	assert_string_equal(stage_names(&stage, made->entry.ino, 4096), ".error\n");
	/* A draft becomes a resource. */
	make(&stage, made->entry.ino, "stays", "text");
	fuse_req_t spec = stage_create(&stage, made->entry.ino, "spec.json"), write = stage_write_spec(&stage, spec);
	stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abd", "id-1"));
	assert_written(write, strlen(SPEC_TEXT));
	fuse_req_t found = stage_lookup(&stage, made->entry.ino, "stays");
	stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(SPEC_ANSWER("abd", "id-1")));
	assert_entry(found);
	stage_says(&stage, TEMPLATES_DIR "/abd/stays", "text");
	/* And is deleted. */
	fuse_req_t removed = stage_rmdir(&stage, up, "abd");
	assert_parked(removed);
	stage_answer(&stage, API_DELETE, NULL, 202, NULL);
	assert_err(removed, 0);
	fuse_req_t again = stage_lookup(&stage, up, "abd");
	stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(SPEC_ANSWER("abd", "id-1")));
	assert_entry(again);
	assert_absent(&stage, again->entry.ino, "stays");
	stage_close(&stage);
}

/* What was deleted elsewhere takes its scratch files along, so that they do not count for ever. */
static void deleted_elsewhere(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir = begin_model(&stage), up = stage_walk(&stage, MODELS_DIR);
	kernel_release(make(&stage, dir, "note", "text"));
	stage_later(&stage, TTL_MS + 1);
	fuse_req_t found = stage_lookup(&stage, up, "a");
	stage_answer(&stage, API_GET, MODELS, 200, LIST(""));
	assert_err(found, ENOENT);
	stage_later(&stage, TTL_MS + 1);
	found = stage_lookup(&stage, up, "a");
	list_again(&stage, "2");
	assert_entry(found);
	assert_absent(&stage, found->entry.ino, "note");
	stage_close(&stage);
}

static void a_refused_delete_keeps_them(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir = begin_model(&stage);
	make(&stage, dir, "note", "text");
	/* To remove one is no sweep; to remove what is not ours is one. */
	make(&stage, dir, "swap", "");
	assert_err(stage_unlink(&stage, dir, "swap"), 0);
	fuse_req_t removed = stage_rmdir(&stage, stage_walk(&stage, MODELS_DIR), "a");
	assert_parked(removed);
	stage_answer(&stage, API_DELETE, NULL, 403, NULL);
	assert_err(removed, EACCES);
	fuse_req_t found = stage_lookup(&stage, dir, "note");
	list_again(&stage, "2");
	assert_entry(found);
	assert_err(stage_unlink(&stage, dir, "status"), EPERM);
	assert_err(stage_unlink(&stage, dir, "note"), 0);
	assert_err(stage_rmdir(&stage, stage_walk(&stage, MODELS_DIR), "a"), ENOTEMPTY);
	assert_int_equal(fake_api_count(stage.api, API_DELETE, NULL), 1);
	stage_close(&stage);
}

/* ---- onto spec.json of a draft ---- */

static void a_rename_creates(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir = begin_draft(&stage);
	fuse_req_t made = make(&stage, dir, "tmp", SPEC_TEXT), req = stage_rename(&stage, dir, "tmp", dir, "spec.json");
	assert_parked(req);
	stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
	assert_parked(req);
	assert_string_equal(fake_api_last(stage.api, API_POST, TEMPLATES)->body, SPEC_BODY("abc"));
	stage_says(&stage, DRAFT "/tmp", SPEC_TEXT); /* until the API has agreed */
	stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-1"));
	assert_err(req, 0);
	/* Who has it open writes to what nobody reads. */
	assert_written(stage_write(&stage, made, "{\"description\":\"e\"", 0), 18);
	assert_err(stage_flush(&stage, made), 0);
	assert_err(stage_fsync(&stage, made), 0);
	assert_int_equal(stage_getattr(&stage, made->entry.ino)->attr.st_nlink, 0);
	fuse_req_t found = stage_lookup(&stage, dir, "tmp");
	if (found->answer == ANSWER_MISSING)
		stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(SPEC_ANSWER("abc", "id-1")));
	assert_err(found, ENOENT);
	assert_int_equal(stage_posts(&stage), 1);
	stage_close(&stage);
}

static void a_refused_rename_loses_nothing(void **state) {
	(void)state;
	static const struct {
		int status, code;
	} cases[] = {{400, EINVAL}, {402, EDQUOT}, {403, EACCES}, {409, EEXIST}, {429, EBUSY}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct stage stage;
		fuse_ino_t dir = begin_draft(&stage);
		fuse_req_t spec = stage_create(&stage, dir, "spec.json");
		assert_written(stage_write(&stage, spec, "{\"old\":", 0), 7);
		make(&stage, dir, "tmp", SPEC_TEXT);
		fuse_req_t req = stage_rename(&stage, dir, "tmp", dir, "spec.json");
		stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
		stage_answer(&stage, API_POST, TEMPLATES, cases[i].status, NULL);
		assert_err(req, cases[i].code);
		fuse_req_t found = stage_lookup(&stage, dir, "tmp");
		if (found->answer == ANSWER_MISSING)
			stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
		assert_entry(found);
		stage_says(&stage, DRAFT "/spec.json", "{\"old\":");
		stage_says(&stage, DRAFT "/tmp", SPEC_TEXT);
		stage_mentions(&stage, DRAFT "/.error", "abc/spec.json: E");
		/* The old file is still the one that is open. */
		assert_int_equal(stage_walk(&stage, DRAFT "/spec.json"), spec->entry.ino);
		/* Tried again, it is a second POST. */
		req = stage_rename(&stage, dir, "tmp", dir, "spec.json");
		stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
		stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-1"));
		assert_err(req, 0);
		assert_int_equal(stage_posts(&stage), 2);
		/* The writer of the old one has nothing to write to. */
		assert_err(stage_write(&stage, spec, SPEC_TEXT, 0), ENOENT);
		assert_int_equal(stage_posts(&stage), 2);
		stage_close(&stage);
	}
}

static void text_that_is_no_spec(void **state) {
	(void)state;
	static const char *const texts[] = {"", "{\"description\":\"d\"", "nonsense", "{}", SPEC_TEXT "x"};
	struct stage stage;
	fuse_ino_t dir = begin_draft(&stage);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		kernel_release(make(&stage, dir, "tmp", texts[i]));
		assert_err(stage_rename(&stage, dir, "tmp", dir, "spec.json"), EINVAL);
		stage_mentions(&stage, DRAFT "/.error", "rename " DRAFT "/spec.json: EINVAL");
		stage_mentions(&stage, DRAFT "/.error", "Verdict: nothing was changed.");
		stage_says(&stage, DRAFT "/tmp", texts[i]);
		assert_absent(&stage, dir, "spec.json");
		assert_err(stage_unlink(&stage, dir, "tmp"), 0);
	}
	fuse_req_t hole = make(&stage, dir, "tmp", "");
	assert_written(stage_write(&stage, hole, SPEC_TEXT, 10), strlen(SPEC_TEXT));
	assert_err(stage_rename(&stage, dir, "tmp", dir, "spec.json"), EINVAL);
	assert_entry(symlink_as(&stage, dir, "link", SPEC_TEXT));
	assert_err(stage_rename(&stage, dir, "link", dir, "spec.json"), EINVAL);
	stage_mentions(&stage, DRAFT "/.error", "symbolic link");
	assert_int_equal(fake_api_total(stage.api), 1);
	stage_close(&stage);
}

static void what_is_not_granted(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir = begin_draft(&stage);
	make(&stage, dir, "tmp", SPEC_TEXT);
	stage.options.allow = 0;
	assert_err(stage_rename(&stage, dir, "tmp", dir, "spec.json"), EROFS);
	stage_says(&stage, DRAFT "/tmp", SPEC_TEXT);
	assert_err(rename_as(&stage, dir, "tmp", dir, "other", 0), 0);
	assert_int_equal(fake_api_total(stage.api), 1);
	stage_close(&stage);
}

/* Its outcome is not known: the create may have been carried out, and is not repeated. */
static void a_rename_in_doubt(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir = begin_draft(&stage);
	make(&stage, dir, "tmp", SPEC_TEXT);
	fuse_req_t req = stage_rename(&stage, dir, "tmp", dir, "spec.json");
	stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
	stage_answer(&stage, API_POST, TEMPLATES, 503, NULL);
	stage_in_vain(&stage, req);
	assert_err(req, EINPROGRESS);
	req = stage_rename(&stage, dir, "tmp", dir, "spec.json");
	if (req->answer == ANSWER_MISSING)
		stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
	assert_err(req, EALREADY);
	stage_says(&stage, DRAFT "/tmp", SPEC_TEXT);
	assert_int_equal(stage_posts(&stage), 1);
	stage_close(&stage);
}

/* Who renames gives up: the create goes on, and what was renamed stays. */
static void an_interrupted_rename(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir = begin_draft(&stage);
	make(&stage, dir, "tmp", SPEC_TEXT);
	fuse_req_t req = stage_rename(&stage, dir, "tmp", dir, "spec.json");
	kernel_interrupt(req);
	stage_turn(&stage);
	assert_err(req, ECANCELED);
	assert_int_equal(stage_posts(&stage), 0);
	req = stage_rename(&stage, dir, "tmp", dir, "spec.json");
	if (!fake_api_waiting(stage.api))
		fail_msg("nothing is asked");
	while (!stage_posts(&stage))
		stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
	kernel_interrupt(req);
	stage_turn(&stage);
	assert_err(req, ECANCELED);
	stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-1"));
	fuse_req_t found = stage_lookup(&stage, dir, "tmp");
	if (found->answer == ANSWER_MISSING)
		stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(SPEC_ANSWER("abc", "id-1")));
	assert_entry(found);
	assert_int_equal(stage_posts(&stage), 1);
	stage_close(&stage);
}

/* From another directory the refusal stands where the spec is. */
static void a_spec_from_another_directory(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir = begin_draft(&stage), old = stage_walk(&stage, TEMPLATES_DIR "/old");
	kernel_release(make(&stage, old, "tmp", "{}"));
	assert_err(stage_rename(&stage, old, "tmp", dir, "spec.json"), EINVAL);
	stage_mentions(&stage, DRAFT "/.error", "EINVAL");
	stage_says(&stage, TEMPLATES_DIR "/old/.error", "");
	fuse_req_t tmp = stage_open_file(&stage, stage_walk(&stage, TEMPLATES_DIR "/old/tmp"), O_WRONLY | O_TRUNC);
	assert_written(stage_write(&stage, tmp, SPEC_TEXT, 0), strlen(SPEC_TEXT));
	fuse_req_t req = stage_rename(&stage, old, "tmp", dir, "spec.json");
	stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(SPEC_ANSWER("old", "id-old")));
	stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-1"));
	assert_err(req, 0);
	fuse_req_t found = stage_lookup(&stage, old, "tmp");
	if (found->answer == ANSWER_MISSING)
		stage_answer(&stage, API_GET, TEMPLATES, 200,
			LIST(SPEC_ANSWER("old", "id-old") "," SPEC_ANSWER("abc", "id-1")));
	assert_err(found, ENOENT);
	stage_close(&stage);
}

/* ---- backups ---- */

static void a_drafts_backup(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir = begin_draft(&stage);
	fuse_req_t spec = stage_create(&stage, dir, "spec.json");
	/* A whole and valid text that the API refuses: it must not be sent when it comes back. */
	fuse_req_t write = stage_write_spec(&stage, spec);
	stage_answer(&stage, API_POST, TEMPLATES, 402, NULL);
	assert_err(write, EDQUOT);
	fuse_req_t moved = stage_rename(&stage, dir, "spec.json", dir, "spec.json~");
	if (moved->answer == ANSWER_MISSING)
		stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
	assert_err(moved, 0);
	assert_absent(&stage, dir, "spec.json");
	stage_says(&stage, DRAFT "/spec.json~", SPEC_TEXT);
	assert_int_equal(stage_walk(&stage, DRAFT "/spec.json~"), spec->entry.ino);
	/* The kernel's inode is a scratch file now; who had it open cannot create by it. */
	kernel_release(spec);
	fuse_req_t again = stage_create(&stage, dir, "spec.json");
	assert_opened(again);
	assert_int_not_equal(again->entry.ino, spec->entry.ino);
	assert_err(stage_write(&stage, again, "{}", 0), EINVAL);
	size_t requests = fake_api_total(stage.api);
	assert_err(stage_unlink(&stage, dir, "spec.json"), 0);
	assert_err(stage_rename(&stage, dir, "spec.json~", dir, "spec.json"), 0);
	stage_says(&stage, DRAFT "/spec.json", SPEC_TEXT);
	assert_absent(&stage, dir, "spec.json~");
	assert_int_equal(fake_api_total(stage.api), requests);
	/* Under another name of its directory it is still the backup; over what is there too. */
	assert_err(stage_rename(&stage, dir, "spec.json", dir, "one"), 0);
	assert_err(stage_rename(&stage, dir, "one", dir, "two"), 0);
	assert_opened(stage_create(&stage, dir, "spec.json"));
	assert_err(stage_rename(&stage, dir, "two", dir, "spec.json"), 0);
	stage_says(&stage, DRAFT "/spec.json", SPEC_TEXT);
	assert_int_equal(fake_api_total(stage.api), requests);
	/* Once it was written it is a text like any. */
	assert_err(stage_rename(&stage, dir, "spec.json", dir, "two"), 0);
	fuse_req_t two = stage_open_file(&stage, stage_walk(&stage, DRAFT "/two"), O_WRONLY);
	assert_written(stage_write(&stage, two, "{", 0), 1);
	fuse_req_t req = stage_rename(&stage, dir, "two", dir, "spec.json");
	stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
	stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abc", "id-1"));
	assert_err(req, 0);
	assert_int_equal(stage_posts(&stage), 2);
	stage_close(&stage);
}

/* Of another draft's backup: it is not its own text that comes back, but a text that is written. */
static void another_drafts_backup(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir = begin_draft(&stage), up = stage_walk(&stage, TEMPLATES_DIR);
	fuse_req_t other = stage_mkdir(&stage, up, "abd"), spec = stage_create(&stage, dir, "spec.json");
	assert_entry(other);
	assert_written(stage_write(&stage, spec, &SPEC_TEXT[10], 10), strlen(SPEC_TEXT) - 10);
	assert_written(stage_write(&stage, spec, "{\"descript", 0), 10);
	assert_err(stage_rename(&stage, dir, "spec.json", other->entry.ino, "x"), EPERM);
	assert_err(stage_rename(&stage, dir, "spec.json", other->entry.ino, "spec.json"), EPERM);
	assert_err(stage_rename(&stage, dir, "spec.json", dir, "x"), 0);
	fuse_req_t req = stage_rename(&stage, dir, "x", other->entry.ino, "spec.json");
	stage_answer(&stage, API_GET, TEMPLATES, 200, LIST(""));
	assert_string_equal(fake_api_last(stage.api, API_POST, NULL)->body, SPEC_BODY("abd"));
	stage_answer(&stage, API_POST, TEMPLATES, 201, SPEC_ANSWER("abd", "id-1"));
	assert_err(req, 0);
	stage_close(&stage);
}

/* The text of a file that was removed or renamed while it was open does not come back. */
static void a_writer_without_a_file(void **state) {
	(void)state;
	for (int renamed = 0; renamed < 2; renamed++) {
		struct stage stage;
		fuse_req_t spec = stage_begin_draft(&stage);
		fuse_ino_t dir = stage_walk(&stage, DRAFT);
		assert_written(stage_write(&stage, spec, "{", 0), 1);
		assert_err(renamed ? stage_rename(&stage, dir, "spec.json", dir, "x")
				   : stage_unlink(&stage, dir, "spec.json"),
			0);
		assert_err(stage_write(&stage, spec, &SPEC_TEXT[1], 1), ENOENT);
		assert_err(stage_write(&stage, spec, SPEC_TEXT, 0), ENOENT);
		assert_err(stage_flush(&stage, spec), ENOENT);
		stage_mentions(&stage, DRAFT "/.error", "while it was open");
		assert_absent(&stage, dir, "spec.json");
		if (!renamed)
			assert_err(stage_setattr(&stage, spec->entry.ino, &(struct stat){.st_size = 5},
					   FUSE_SET_ATTR_SIZE, spec),
				ENOENT);
		else
			stage_says(&stage, DRAFT "/x", "{");
		assert_absent(&stage, dir, "spec.json");
		/* Nor in the next draft of that name. */
		assert_err(stage_rmdir(&stage, stage_walk(&stage, TEMPLATES_DIR), "abc"), 0);
		fuse_req_t made = stage_mkdir(&stage, stage_walk(&stage, TEMPLATES_DIR), "abc");
		assert_entry(made);
		assert_err(stage_write(&stage, spec, SPEC_TEXT, 0), ENOENT);
		assert_absent(&stage, made->entry.ino, "spec.json");
		assert_int_equal(fake_api_total(stage.api), 1);
		stage_close(&stage);
	}
}

/* The draft was removed with its open file, and made again. */
static void a_writer_without_a_directory(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t spec = stage_begin_draft(&stage);
	fuse_ino_t up = stage_walk(&stage, TEMPLATES_DIR);
	assert_err(stage_rmdir(&stage, up, "abc"), 0);
	fuse_req_t made = stage_mkdir(&stage, up, "abc");
	assert_entry(made);
	assert_err(stage_write(&stage, spec, SPEC_TEXT, 0), ENOENT);
	assert_err(
		stage_setattr(&stage, spec->entry.ino, &(struct stat){.st_size = 5}, FUSE_SET_ATTR_SIZE, spec), ENOENT);
	assert_absent(&stage, made->entry.ino, "spec.json");
	assert_int_equal(fake_api_total(stage.api), 1);
	stage_close(&stage);
}

/* ---- what exists ---- */

static void a_rename_scales(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir = begin_model(&stage);
	fuse_ino_t replicas = stage_walk(&stage, MODEL_DIR "/replicas");
	fuse_req_t open = stage_open_file(&stage, replicas, O_WRONLY);
	assert_opened(open);
	/* The same number sends nothing. */
	make(&stage, dir, "tmp", " 2\n");
	fuse_req_t same = stage_rename(&stage, dir, "tmp", dir, "replicas");
	stage_answer(&stage, API_GET, MODELS "/id-a", 200, MODEL("a", "id-a", "ready", "2"));
	assert_err(same, 0);
	assert_absent(&stage, dir, "tmp");
	assert_int_not_equal(stage_walk(&stage, MODEL_DIR "/replicas"), replicas);
	assert_int_equal(fake_api_total(stage.api), 2);
	static const struct {
		const char *text;
		int code;
	} bad[] = {{"", EINVAL}, {"x", EINVAL}, {"3 4", EINVAL}, {"0", ERANGE}, {"-1", ERANGE}, {"1000001", ERANGE}};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		make(&stage, dir, "tmp", bad[i].text);
		assert_err(stage_rename(&stage, dir, "tmp", dir, "replicas"), bad[i].code);
		stage_says(&stage, MODEL_DIR "/tmp", bad[i].text);
		stage_mentions(&stage, MODEL_DIR "/.error", MODEL_DIR "/replicas: E");
		assert_err(stage_unlink(&stage, dir, "tmp"), 0);
	}
	assert_int_equal(fake_api_total(stage.api), 2);
	make(&stage, dir, "tmp", "5\n");
	assert_err(rename_as(&stage, dir, "tmp", dir, "replicas", 1), EEXIST);
	fuse_req_t req = stage_rename(&stage, dir, "tmp", dir, "replicas");
	assert_parked(req);
	assert_string_equal(fake_api_last(stage.api, API_PUT, MODELS "/id-a/scale")->body, "{\"replicas\":5}");
	stage_answer(&stage, API_PUT, NULL, 402, NULL);
	assert_err(req, EDQUOT);
	fuse_req_t found = stage_lookup(&stage, dir, "tmp");
	list_again(&stage, "2");
	assert_entry(found);
	req = stage_rename(&stage, dir, "tmp", dir, "replicas");
	stage_answer(&stage, API_PUT, NULL, 200, "{}");
	assert_err(req, 0);
	found = stage_lookup(&stage, dir, "tmp");
	list_again(&stage, "5");
	assert_err(found, ENOENT);
	stage_says(&stage, MODEL_DIR "/replicas", "5\n");
	/* Who had the number open that was replaced. */
	assert_err(stage_write(&stage, open, "7", 0), ENOENT);
	assert_int_equal(scales(&stage), 2);
	stage_close(&stage);
}

static void a_backup_of_the_number(void **state) {
	(void)state;
	struct stage stage;
	fuse_ino_t dir = begin_model(&stage);
	fuse_ino_t replicas = stage_walk(&stage, MODEL_DIR "/replicas");
	fuse_req_t open = stage_open_file(&stage, replicas, O_WRONLY);
	assert_err(stage_rename(&stage, dir, "replicas", dir, "status"), EPERM);
	assert_err(stage_rename(&stage, dir, "status", dir, "status~"), EPERM);
	assert_err(stage_rename(&stage, dir, "replicas", dir, "replicas~"), 0);
	assert_int_equal(stage_walk(&stage, MODEL_DIR "/replicas~"), replicas);
	assert_int_not_equal(stage_walk(&stage, MODEL_DIR "/replicas"), replicas);
	stage_says(&stage, MODEL_DIR "/replicas", "2\n");
	stage_says(&stage, MODEL_DIR "/replicas~", "2\n");
	assert_attr(stage_getattr(&stage, replicas), 2, S_IFREG | 0600, 1);
	assert_err(stage_write(&stage, open, "7", 0), ENOENT);
	/* A refused write, and what editors do then: they remove, and put the backup back. */
	fuse_req_t again = stage_open_file(&stage, stage_walk(&stage, MODEL_DIR "/replicas"), O_WRONLY | O_TRUNC);
	assert_err(stage_write(&stage, again, "x", 0), EINVAL);
	assert_err(stage_unlink(&stage, dir, "replicas"), EPERM);
	stage_mentions(&stage, MODEL_DIR "/.error", "write " MODEL_DIR "/replicas: EINVAL"); /* and no other reason */
	assert_err(stage_rename(&stage, dir, "replicas~", dir, "replicas"), 0);
	assert_absent(&stage, dir, "replicas~");
	stage_says(&stage, MODEL_DIR "/replicas", "2\n");
	assert_int_equal(fake_api_total(stage.api), 1);
	/* Scaled since: the backup neither is sent nor is said to be what is there. */
	assert_err(stage_rename(&stage, dir, "replicas", dir, "replicas~"), 0);
	fuse_req_t three = stage_open_file(&stage, stage_walk(&stage, MODEL_DIR "/replicas"), O_WRONLY | O_TRUNC),
		   write = stage_write(&stage, three, "3", 0);
	stage_answer(&stage, API_PUT, NULL, 200, "{}");
	assert_written(write, 1);
	fuse_req_t back = stage_rename(&stage, dir, "replicas~", dir, "replicas");
	list_again(&stage, "3");
	assert_err(back, EPERM);
	stage_mentions(&stage, MODEL_DIR "/.error", "a backup is not sent");
	stage_says(&stage, MODEL_DIR "/replicas~", "2\n");
	assert_int_equal(scales(&stage), 1);
	/* As another file it is a text: of the deployment beside it the number is so. */
	fuse_ino_t b = stage_walk(&stage, MODELS_DIR "/b");
	fuse_req_t other = stage_rename(&stage, dir, "replicas~", b, "replicas");
	stage_answer(&stage, API_GET, MODELS "/id-b", 200, MODEL("b", "id-b", "ready", "2"));
	assert_err(other, 0);
	assert_absent(&stage, dir, "replicas~");
	assert_int_equal(scales(&stage), 1);
	/* To remove it without a backup is refused in words. */
	assert_err(stage_unlink(&stage, b, "replicas"), EPERM);
	stage_mentions(&stage, MODELS_DIR "/b/.error", "cannot be removed");
	stage_close(&stage);
}

/* The name of a resource's spec stays, and a text that says the same is taken. */
static void the_spec_of_what_exists(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t found = stage_lookup(&stage, stage_walk(&stage, TEMPLATES_DIR), "old");
	static const char item[] =
		"{\"id\":\"id-old\",\"name\":\"old\",\"description\":\"d\",\"image\":\"ghcr.io/o/i:v1\","
		"\"category\":\"c\",\"status\":\"Active\"}";
	char list[512];
	snprintf(list, sizeof(list), LIST("%s"), item);
	stage_answer(&stage, API_GET, TEMPLATES, 200, list);
	assert_entry(found);
	fuse_ino_t dir = found->entry.ino;
	make(&stage, dir, "tmp", SPEC_TEXT);
	fuse_req_t req = stage_rename(&stage, dir, "tmp", dir, "spec.json");
	while (req->answer == ANSWER_MISSING)
		stage_answer(&stage, API_GET, NULL, 200, item);
	assert_err(req, 0);
	assert_absent(&stage, dir, "tmp");
	make(&stage, dir, "tmp", "{\"description\":\"e\",\"image\":\"ghcr.io/o/i:v1\",\"category\":\"c\"}");
	assert_err(stage_rename(&stage, dir, "tmp", dir, "spec.json"), EPERM);
	stage_mentions(&stage, TEMPLATES_DIR "/old/.error", "description");
	assert_entry(stage_lookup(&stage, dir, "tmp"));
	size_t requests = fake_api_total(stage.api);
	assert_err(stage_rename(&stage, dir, "spec.json", dir, "spec.json~"), 0);
	assert_entry(stage_lookup(&stage, dir, "spec.json"));
	assert_err(stage_rename(&stage, dir, "spec.json~", dir, "spec.json"), 0);
	assert_absent(&stage, dir, "spec.json~");
	assert_int_equal(fake_api_total(stage.api), requests);
	assert_int_equal(fake_api_count(stage.api, API_GET, NULL), requests); /* no change among them */
	stage_close(&stage);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_as_anywhere),
		cmocka_unit_test(where_they_may_be),
		cmocka_unit_test(an_open_file_outlives_its_name),
		cmocka_unit_test(renamed_as_anywhere),
		cmocka_unit_test(with_their_directory),
		cmocka_unit_test(deleted_elsewhere),
		cmocka_unit_test(a_refused_delete_keeps_them),
		cmocka_unit_test(a_rename_creates),
		cmocka_unit_test(a_refused_rename_loses_nothing),
		cmocka_unit_test(text_that_is_no_spec),
		cmocka_unit_test(what_is_not_granted),
		cmocka_unit_test(a_rename_in_doubt),
		cmocka_unit_test(an_interrupted_rename),
		cmocka_unit_test(a_spec_from_another_directory),
		cmocka_unit_test(a_drafts_backup),
		cmocka_unit_test(another_drafts_backup),
		cmocka_unit_test(a_writer_without_a_file),
		cmocka_unit_test(a_writer_without_a_directory),
		cmocka_unit_test(a_rename_scales),
		cmocka_unit_test(a_backup_of_the_number),
		cmocka_unit_test(the_spec_of_what_exists),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
