/*
 * struct op: one FUSE request from its arrival to its one answer.
 *
 * A handler fills an op and starts it; its step either answers, or fails, or parks it on a document or a change and is
 * called again when that is there. Every op is answered exactly once, by one of the op_reply functions or by op_step()
 * for a failure, which also releases it; nothing may touch it after.
 *
 * Only the FUSE-facing files include this header.
 */
#ifndef NEEVFS_FS_OP_H
#define NEEVFS_FS_OP_H

#define FUSE_USE_VERSION 312
#include "attr.h"
#include "handle.h"
#include "name.h"
#include "stats.h"
#include "view.h"
#include "watch.h"

#include <fuse_lowlevel.h>

struct change;
struct op;

/* 0: answered; DEMAND_PARKED; or -errno to be answered. */
typedef int op_step(struct op *op);

struct op {
	struct fs *fs;
	fuse_req_t req;
	op_step *step;
	enum stats_call call;
	const char *operation; /* for .error: "write" */
	struct node *node;
	char name[NAME_SIZE], new_name[NAME_SIZE];
	struct node *new_parent;
	struct fuse_file_info file;
	struct handle *handle;
	struct buffer data; /* what is written */
	size_t size;        /* of it; 0: a flush */
	bool put;           /* `data` stands in the handle already: the step may run again */
	off_t offset;
	long long number; /* that is written */
	int to_set;       /* setattr, with those below; its size is `offset` */
	mode_t mode;      /* create too */
	uid_t uid;
	gid_t gid;
	struct timespec atime, mtime;
	bool keep; /* rename: what has the new name already is not replaced */
	struct demand demand;
	struct watcher watcher; /* of who waits for a state */
	const char *state;      /* that one; constant */
	bool began;      /* the step has run once: rmdir knows `of_draft`, scale looks at what is newer than that */
	bool of_draft;   /* what it was asked for is a draft: a resource by then must not be deleted */
	bool looking;    /* its failure is what a sweep may meet instead of a refusal */
	bool refreshing; /* waits until the kernel has been told to forget everything */
	bool local;      /* it could change nothing at the API: its refusal needs no verdict */
	struct change *change; /* waits for it */
	bool changing; /* it is to change something: an interrupt is ECANCELED, as programs repeat what answers EINTR */
	int outcome;   /* of the change: what the step answers when it runs again */
	bool settled;  /* `outcome` is there */

	int64_t began_ms, deadline_ms;
	pid_t pid; /* of the caller */

	bool parked, interrupted; /* private from here */
	struct op *next, *prev;
};

enum { OPS_MAX = 4096 /* parked at once; beyond it EBUSY */ };

struct ops;
int ops_new(struct ops **ret);  /* 0 or -ENOMEM */
void ops_free(struct ops *ops); /* takes NULL */

/* Answers what was interrupted or is over its deadline, goes on with who has waited long enough for what it can do
 * without. To be called once a turn. */
void ops_sweep(struct fs *fs);
/* Goes on with who waits for something that is made in pieces (fs_work()). To be called once a turn. */
void ops_work(struct fs *fs);
/* Goes on with who waits until the kernel has been told to forget everything, if it has. To be called once a turn. */
void ops_refreshed(struct fs *fs);
/* Milliseconds until the next of these times; 0 while there is work; -1 if nothing is parked. */
int ops_wait_ms(const struct fs *fs);
/* The mount ends: answers what waits for anything but the outcome of a change that was sent. That has until `end_ms`.
 */
void ops_settle(struct fs *fs, int64_t end_ms);
/* Answers all that is parked. */
void ops_end(struct fs *fs);

/* A new op, or NULL: the request was then answered with ENOMEM or ENAMETOOLONG. `name` may be NULL. */
struct op *op_new(fuse_req_t req, op_step *step, enum stats_call call, fuse_ino_t ino, const char *name);
/* Runs the step: at once from a handler, and again when what it waited for is there. */
void op_run(struct op *op);

/* Counts a call that is answered without an op; before its answer. */
void op_count(fuse_req_t req, enum stats_call call, int code);

/* Whether it may wait: OPS_MAX is not reached. To be asked before a change is sent for it. */
bool op_may_park(const struct op *op);

/* Answers. Each releases the op. */
void op_reply_err(struct op *op, int code); /* 0 or a positive errno */
void op_reply_entry(struct op *op, struct node *node, const struct attr *attr);
void op_reply_create(struct op *op, struct node *node, const struct attr *attr);
void op_reply_attr(struct op *op, const struct attr *attr);
void op_reply_open(struct op *op);
void op_reply_write(struct op *op, size_t count);
void op_reply_readlink(struct op *op, const char *target);

/* Keeps err for .error with the op's path, and the words for its message (refusal_add()); returns -err->code. */
int op_refuse(struct op *op, const struct error *err, const char *words);
/* The same of what is below `dir`, as a sweep would ask for it (refusal_add_swept()). */
int op_refuse_swept(struct op *op, const struct error *err, const char *dir);

/* The node behind a FUSE node id. */
struct node *op_node(const struct fs *fs, fuse_ino_t ino);

#endif
