/*
 * A mount without a kernel, a network or a clock: the handlers between the two fakes, and turns of the loop by hand.
 *
 * Organisation "o" with project "p" is configured, as a user would: walking there needs no request.
 */
#ifndef NEEVFS_TESTS_STAGE_H
#define NEEVFS_TESTS_STAGE_H

#include "../fs/change.h"
#include "../fs/draft.h"
#include "../fs/options.h"
#include "../fs/refusal.h"
#include "fake_api.h"
#include "fake_fuse.h"

#define RUNTIMES "/api/v1beta1/orgs/o/projects/p/airuntimes"
#define MODELS "/api/v1beta1/orgs/o/projects/p/aimodels"
#define RUNTIMES_DIR "orgs/o/projects/p/airuntimes"
#define MODELS_DIR "orgs/o/projects/p/aimodels"

/* A template: the cheapest thing that can be created; "t" is its smallest good spec. */
#define TEMPLATES "/api/v1beta1/orgs/o/airuntime-templates"
#define TEMPLATES_DIR "orgs/o/templates"
/* The names that each collection has in which something can be created. */
#define SPEC_TEXT "{\"description\":\"d\",\"image\":\"ghcr.io/o/i:v1\",\"category\":\"c\"}"
#define SPEC_BODY(name) "{\"name\":\"" name "\",\"description\":\"d\",\"image\":\"ghcr.io/o/i:v1\",\"category\":\"c\"}"
#define SPEC_ANSWER(name, id) \
	"{\"id\":\"" id "\",\"name\":\"" name "\",\"status\":\"Active\",\"image\":\"ghcr.io/o/i:v1\"}"

#define MODEL(name, id, status, replicas)                                                           \
	"{\"id\":\"" id "\",\"name\":\"" name "\",\"status\":\"" status "\",\"replicas\":" replicas \
	",\"model_id\":\"m/x\",\"created_at\":\"2026-01-02T03:04:05Z\"}"
#define LIST(items) "{\"data\":[" items "],\"pagination\":{\"total_pages\":1}}"

enum { TTL_MS = 30000, MOVING_MS = 2000, DEADLINE_MS = 30000 };

struct stage {
	struct options options; /* may be changed between stage_init() and stage_open() */
	bool unconfigured;      /* organisations and projects are what the API lists */
	struct api *api;
	struct kernel *kernel;
	struct fs fs;
};

void stage_init(struct stage *stage);
int stage_open(struct stage *stage);   /* 0, or -ENOMEM with everything released */
void stage_begin(struct stage *stage); /* both, with what is the default */
/* Ends the mount as main.c does. Fails if a request has no answer, or a node is left that nobody holds. */
void stage_close(struct stage *stage);

/* One turn of the loop after its events: what is there resumes, what is interrupted or late is answered. */
void stage_one_turn(struct stage *stage);
/* As many as it takes before the loop would sleep: a list that is long is made in several. */
void stage_turn(struct stage *stage);
/* The same, so much later. */
void stage_later(struct stage *stage, int64_t ms);

/* Answers the oldest request of that sort and turns. Fails if there is none. */
void stage_answer(struct stage *stage, enum api_method method, const char *path, int status, const char *body);
void stage_fail(struct stage *stage, enum api_method method, const char *path, int code, bool sent);

/* ---- calls; each gives the request, answered or parked ---- */

fuse_req_t stage_lookup(struct stage *stage, fuse_ino_t parent, const char *name);
fuse_req_t stage_getattr(struct stage *stage, fuse_ino_t ino);
/* As in the midst of a read(2): of what is open. */
fuse_req_t stage_getattr_open(struct stage *stage, fuse_req_t opened);
fuse_req_t stage_setattr(struct stage *stage, fuse_ino_t ino, const struct stat *attr, int to_set, fuse_req_t opened);
fuse_req_t stage_readlink(struct stage *stage, fuse_ino_t ino);
fuse_req_t stage_opendir(struct stage *stage, fuse_ino_t ino);
fuse_req_t stage_readdir(struct stage *stage, fuse_req_t opened, size_t size, off_t offset);
fuse_req_t stage_readdirplus(struct stage *stage, fuse_req_t opened, size_t size, off_t offset);
fuse_req_t stage_mkdir(struct stage *stage, fuse_ino_t parent, const char *name);
fuse_req_t stage_rmdir(struct stage *stage, fuse_ino_t parent, const char *name);
fuse_req_t stage_unlink(struct stage *stage, fuse_ino_t parent, const char *name);
fuse_req_t stage_rename(struct stage *stage, fuse_ino_t parent, const char *name, fuse_ino_t to, const char *new_name);
fuse_req_t stage_open_file(struct stage *stage, fuse_ino_t ino, int flags);
fuse_req_t stage_create(struct stage *stage, fuse_ino_t parent, const char *name);
/* The handle is the one that `opened` was answered with. */
fuse_req_t stage_read(struct stage *stage, fuse_req_t opened, size_t size, off_t offset);
fuse_req_t stage_write(struct stage *stage, fuse_req_t opened, const char *text, off_t offset);
fuse_req_t stage_flush(struct stage *stage, fuse_req_t opened);
fuse_req_t stage_fsync(struct stage *stage, fuse_req_t opened);

/* ---- what they must have given ---- */

void assert_err(fuse_req_t req, int code);
void assert_parked(fuse_req_t req);
void assert_entry(fuse_req_t req);
void assert_opened(fuse_req_t req);
void assert_written(fuse_req_t req, size_t count);
/* All of the file that was opened. */
void assert_reads(struct stage *stage, fuse_req_t opened, const char *text);

/* ---- several calls; fail if one of them has to wait ---- */

/* The node at the end of a path from the root. */
fuse_ino_t stage_walk(struct stage *stage, const char *path);
/* Opens the file there and reads it: what it says must be `text`. */
void stage_says(struct stage *stage, const char *path, const char *text);
/* The file there has these words in it. */
void stage_mentions(struct stage *stage, const char *path, const char *words);
/* The names in a directory, '\n' behind each, in the order they came, without "." and "..", and of a collection without
 * those that all have beside their resources; read with buffers of that size. The stage's. */
size_t stage_beside(struct stage *stage, fuse_ino_t ino); /* of those, how many there are */
const char *stage_names(struct stage *stage, fuse_ino_t ino, size_t size);

/* ---- a create ---- */

/* A mount with the draft abc in TEMPLATES_DIR: its spec.json was created and is open; the list was asked for once. */
fuse_req_t stage_begin_draft(struct stage *stage);
/* Writes all of SPEC_TEXT there and answers the listing: up to the POST that waits. */
fuse_req_t stage_write_spec(struct stage *stage, fuse_req_t opened);
/* Lets the deadline pass: no listing of TEMPLATES shows anything until the request is answered. */
void stage_in_vain(struct stage *stage, fuse_req_t req);
size_t stage_posts(const struct stage *stage);

#endif
