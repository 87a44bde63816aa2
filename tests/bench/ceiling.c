/*
 * ceiling: as little filesystem as libfuse allows, to tell how much of a rate is the kernel's and libfuse's own.
 *
 *   ceiling MOUNTPOINT          serves until it is unmounted
 *
 * The root holds COUNT directories gpu-00000 …, each of these one file `status`. Nothing ever changes, so the kernel is
 * let keep all it can keep: names, attributes, listings, pages. No close is told. libfuse's loop of threads serves.
 */
#define FUSE_USE_VERSION 312
#include <errno.h>
#include <fuse_lowlevel.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Inodes: the root, then a directory and its file in turn, so that the last bit tells them apart. */
enum { COUNT = 1000, FIRST = 2, END = FIRST + 2 * COUNT };

static const char content[] = "Running\n";
static const double for_ever_s = 86400;

static bool is_file(fuse_ino_t ino) {
	return ino >= FIRST && ino % 2;
}

/* What lies at a place of a directory; 0 past its end. */
static fuse_ino_t child_at(fuse_ino_t parent, off_t place, char *ret_name, size_t size) {
	if (parent == FUSE_ROOT_ID && place < COUNT) {
		snprintf(ret_name, size, "gpu-%05d", (int)place);
		return FIRST + 2 * (fuse_ino_t)place;
	}
	if (parent == FUSE_ROOT_ID || place > 0)
		return 0;
	snprintf(ret_name, size, "status");
	return parent + 1;
}

static fuse_ino_t child_named(fuse_ino_t parent, const char *name) {
	if (parent != FUSE_ROOT_ID)
		return !is_file(parent) && !strcmp(name, "status") ? parent + 1 : 0;
	char *end;
	unsigned long place = strncmp(name, "gpu-", 4) ? COUNT : strtoul(name + 4, &end, 10);
	return place < COUNT && !*end ? FIRST + 2 * place : 0;
}

static struct fuse_entry_param entry_of(fuse_ino_t ino) {
	struct fuse_entry_param entry = {.ino = ino, .attr_timeout = for_ever_s, .entry_timeout = for_ever_s};
	entry.attr.st_ino = ino;
	entry.attr.st_mode = is_file(ino) ? S_IFREG | 0444 : S_IFDIR | 0555;
	entry.attr.st_nlink = is_file(ino) ? 1 : 2;
	entry.attr.st_size = is_file(ino) ? (off_t)sizeof content - 1 : 0;
	return entry;
}

static void answer_init(void *user, struct fuse_conn_info *conn) {
	(void)user;
	/* Attributes come along with names, always: who lists wants them. */
	conn->want = (conn->want | FUSE_CAP_READDIRPLUS) & ~(unsigned)FUSE_CAP_READDIRPLUS_AUTO;
}

static void answer_lookup(fuse_req_t req, fuse_ino_t parent, const char *name) {
	fuse_ino_t ino = child_named(parent, name);
	struct fuse_entry_param entry = entry_of(ino);
	if (ino)
		fuse_reply_entry(req, &entry);
	else
		fuse_reply_err(req, ENOENT);
}

static void answer_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info) {
	(void)info;
	struct fuse_entry_param entry = entry_of(ino);
	fuse_reply_attr(req, &entry.attr, for_ever_s);
}

static void answer_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info) {
	(void)ino;
	info->keep_cache = 1;
	info->noflush = 1;
	fuse_reply_open(req, info);
}

static void answer_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset, struct fuse_file_info *info) {
	(void)ino;
	(void)info;
	size_t left = offset < (off_t)sizeof content - 1 ? sizeof content - 1 - (size_t)offset : 0;
	fuse_reply_buf(req, content + (sizeof content - 1 - left), left < size ? left : size);
}

static void answer_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *info) {
	(void)ino;
	info->keep_cache = 1;
	info->cache_readdir = 1;
	fuse_reply_open(req, info);
}

static void answer_list(fuse_req_t req, fuse_ino_t ino, size_t size, off_t place, bool plus) {
	char *text = malloc(size), name[16];
	if (!text) {
		fuse_reply_err(req, ENOMEM);
		return;
	}
	size_t used = 0;
	for (fuse_ino_t child; (child = child_at(ino, place, name, sizeof name)); place++) {
		struct fuse_entry_param entry = entry_of(child);
		size_t left = size - used;
		size_t need = plus ? fuse_add_direntry_plus(req, text + used, left, name, &entry, place + 1)
				   : fuse_add_direntry(req, text + used, left, name, &entry.attr, place + 1);
		if (need > left)
			break;
		used += need;
	}
	fuse_reply_buf(req, text, used);
	free(text);
}

static void answer_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t place, struct fuse_file_info *info) {
	(void)info;
	answer_list(req, ino, size, place, false);
}

static void answer_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t place, struct fuse_file_info *info) {
	(void)info;
	answer_list(req, ino, size, place, true);
}

static const struct fuse_lowlevel_ops answers = {
	.init = answer_init,
	.lookup = answer_lookup,
	.getattr = answer_getattr,
	.open = answer_open,
	.read = answer_read,
	.opendir = answer_opendir,
	.readdir = answer_readdir,
	.readdirplus = answer_readdirplus,
};

int main(int argc, char **argv) {
	if (argc != 2) {
		fprintf(stderr, "usage: ceiling MOUNTPOINT\n");
		return 2;
	}
	char *words[] = {argv[0], NULL};
	struct fuse_args args = FUSE_ARGS_INIT(1, words);
	struct fuse_session *session = fuse_session_new(&args, &answers, sizeof answers, NULL);
	if (!session || fuse_set_signal_handlers(session) || fuse_session_mount(session, argv[1]))
		return 1;
	struct fuse_loop_config *config = fuse_loop_cfg_create();
	int rc = fuse_session_loop_mt(session, config);
	fuse_loop_cfg_destroy(config);
	fuse_session_unmount(session);
	fuse_remove_signal_handlers(session);
	fuse_session_destroy(session);
	return rc ? 1 : 0;
}
