/* The FUSE handlers: handlers_dir.c for names, handlers_file.c for reading, handlers_write.c for what changes
 * something. */
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
void fs_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file);
void fs_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode);
void fs_rmdir(fuse_req_t req, fuse_ino_t parent, const char *name);
void fs_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent, const char *new_name,
	unsigned flags);
void fs_unlink(fuse_req_t req, fuse_ino_t parent, const char *name);

void fs_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *file);
void fs_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *file);
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

/* The child `op->name` of the op's node, looked up now, as a view; the caller gives its node back with node_forget(…,
 * 1). */
int op_child(struct op *op, struct view *ret_parent, struct view *ret_child);

/* A refusal in words, kept for .error: "nothing was changed" is part of it. Returns -code. */
int op_refuse_words(struct op *op, int code, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
