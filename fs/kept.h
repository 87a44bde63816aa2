/*
 * What the kernel keeps of us, and how it is told to forget.
 *
 * Names and attributes are kept until the answers that they were made of are too old (struct attr). Texts of files and
 * listings of directories are kept in the page cache, which belongs to a node: so what fills it must be one text. A
 * file's node has one text for ever (node_show()); a directory's listing is replaced while no handle is open that could
 * fill the cache with another (kept_open()). Where that cannot be, a handle goes past the cache.
 *
 * A change is told to the kernel by fuse_lowlevel_notify_inval_inode() without a range: it takes no lock that a request
 * of ours could hold, so that the loop itself can do it. (That of pages waits for reads, that of names for look-ups.)
 */
#ifndef NEEVFS_FS_KEPT_H
#define NEEVFS_FS_KEPT_H

#include "node.h"

struct attr;
struct fs;
struct fuse_entry_param;
struct handle;

/* Which text it is: a hash, never 0. */
uint64_t kept_text(const char *data, size_t len);

/* For how many seconds from now on the kernel may keep what is good until then. */
double kept_s(const struct fs *fs, int64_t until_ms);

/* A name as the kernel is told it: *node, which was looked up for it, may be replaced. False without memory. */
bool kept_entry(struct fs *fs, struct node **node, const struct attr *attr, struct fuse_entry_param *ret);

/* The attributes of a node as the kernel may be told them, which changes them where an open handle still needs the size
 * of the text before; returns for how many seconds they may be kept. */
double kept_attr(const struct fs *fs, struct node *node, struct attr *attr);

/*
 * Opens a file that has this text now, or a directory that has this listing: true if the handle may use the kernel's
 * cache, *ret_good if what is in there is that. The handle then pins the node.
 */
bool kept_open(struct node *node, uint64_t text, struct handle *handle, bool *ret_good);

/* For how many seconds the kernel may keep the attributes of a file that is open by such a handle: path names are
 * looked up when their own time is over. */
double kept_open_s(const struct handle *handle);

/* The kernel is to ask again: about a node and all below it; about the resource at a path, of which `len` bytes count,
 * and what its collection says of it, also by its id, NULL if nothing bore that yet. Done on return. */
void kept_forget(struct fs *fs, struct node *node);
void kept_forget_resource(struct fs *fs, const char *path, size_t len, const char *id);

/* About everything: kept_run() does so, a part at each call, to be called once a turn; true while there is more. */
void kept_forget_all(struct fs *fs);
bool kept_run(struct fs *fs);

#endif
