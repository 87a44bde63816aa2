/* The FUSE handlers: handlers_dir.c for names, handlers_list.c for listings, handlers_file.c for reading,
 * handlers_write.c for what changes something, handlers_action.c for files that take commands, handlers_scratch.c for
 * scratch files. */
#ifndef NEEVFS_FS_HANDLERS_H
#define NEEVFS_FS_HANDLERS_H

#include "attr.h"
#include "handle.h"
#include "op.h"
#include "render.h"

/* The low-level operations; the session's user data is the struct fs. */
extern const struct fuse_lowlevel_ops fs_ops;

void fs_lookup(fuse_req_t req, fuse_ino_t parent, const char *name);
void fs_forget(fuse_req_t req, fuse_ino_t ino, uint64_t count);
void fs_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets);
void fs_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file);
void fs_readlink(fuse_req_t req, fuse_ino_t ino);
void fs_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file);
void fs_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *file);
void fs_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *file);
void fs_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file);
void fs_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode);
void fs_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name);
void fs_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent, const char *new_name,
	unsigned flags);
void fs_unlink(fuse_req_t req, fuse_ino_t parent, const char *name);
void fs_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name);

void fs_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file);
void fs_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *file);
void fs_poll(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file, struct fuse_pollhandle *poll);
void fs_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file);
void fs_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set, struct fuse_file_info *file);
void fs_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, struct fuse_file_info *file);
void fs_write(fuse_req_t req, fuse_ino_t ino, const char *data, size_t size, off_t offset, struct fuse_file_info *file);
void fs_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file);
void fs_fsync(fuse_req_t req, fuse_ino_t ino, int datasync, struct fuse_file_info *file);

/* Starts a change for the op and parks it until the outcome is there: then the step runs again with op->settled. -errno
 * if it could not be started. */
struct change_order;
int op_change(struct op *op, struct change_order *order);

/*
 * A whole text as what the view's row, spec.json or replicas, is to be: the same as writing it. 0: it is so without a
 * change; DEMAND_PARKED: a change is on its way, as in op_change(), or an answer is; or -errno, with words.
 */
int op_commit_text(struct op *op, const struct view *view, const struct buffer *text);

/* A write of op->size bytes at op->offset to a file that takes commands: sets the step. 0: to be run; or -errno, with
 * words. */
int op_action_write(struct op *op, const char *data);
/* The same for op_commit_text(). */
int op_action_text(struct op *op, const struct view *view, const struct buffer *text);

/* Starts a change for what is written by op->handle: op_change(), and until it is over its outcome there is "already".
 */
int op_commit(struct op *op, struct change_order *order);

/* Answers a write, flush or fsync with this outcome: 0, or the outcome, not answered. */
int op_answer_write(struct op *op, int outcome);

/*
 * 0 if op->handle may still be written by. -ENOENT, with words: its file was removed, or another took its name, or its
 * name is now that of a scratch file. What is written to it must not reach the API: it is refused, as success would say
 * that it had.
 */
int op_named(struct op *op);

/* Forgets the cached answers that the view shows. True: the kernel has much to forget too, and the op is to wait until
 * it has (DEMAND_PARKED). */
bool op_forget(struct op *op, const struct view *view);

/* 0 if the draft may be removed, renamed or emptied: no create of it is under way or in doubt; else -EBUSY, with words.
 */
int op_draft_settled(struct op *op, const struct draft *draft);

/* ---- scratch files; `dir` is the view of op->node ---- */

/* Makes the file `op->name` and answers. */
int op_scratch_create(struct op *op, const struct view *dir);
/* Answers an open, or a setattr, of one. */
int op_scratch_open(struct op *op, const struct view *view);
int op_scratch_setattr(struct op *op, const struct view *view);
/* Renames one; or, to make a backup, a file that is written to the API. 0, not answered yet: done, or op->step has
 * changed and goes on with it; DEMAND_PARKED or -errno. */
int op_scratch_rename(struct op *op, const struct view *dir, const struct view *child);
/* The directory `dir` is gone, which scratch.h knows by `path`; `dir` may be NULL. */
void scratch_dir_end(struct fs *fs, const char *path, struct node *dir);

/* The child `op->name` of the op's node, looked up now, as a view; the caller gives its node back with node_forget(…,
 * 1). */
int op_child(struct op *op, struct view *ret_parent, struct view *ret_child);

/* A refusal in words, kept for .error: "nothing was changed" is part of it. Returns -code. */
int op_refuse_words(struct op *op, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
