#include "scratch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096 };

struct scratch_dir {
	char *path;
	struct scratch *first; /* never NULL: an empty one goes */
	struct scratch_dir *next;
};

struct scratches {
	struct scratch_dir *dirs;
	struct scratch *nameless; /* held only */
	size_t count;
	size_t bytes; /* capacities */
};

int scratches_new(struct scratches **ret) {
	*ret = calloc(1, sizeof **ret);
	return *ret ? 0 : -ENOMEM;
}

/* ---- the bytes ---- */

static size_t pages_of(size_t len) {
	return (len + PAGE - 1) / PAGE * PAGE;
}

/* Moves the text to memory of another size, so that none keeps what it once needed, and no copy of it stays behind. */
static int scratch_resize(struct scratch *scratch, size_t cap) {
	struct scratches *all = scratch->all;
	struct buffer *text = &scratch->text;
	if (cap > text->cap && cap - text->cap > SCRATCH_BYTES_ALL_MAX - all->bytes)
		return -ENOSPC;
	char *data = cap ? malloc(cap + 1) : NULL; /* the NUL behind it is not counted */
	if (cap && !data)
		return -ENOMEM;
	if (text->len > cap)
		text->len = cap;
	if (text->data) {
		if (data)
			memcpy(data, text->data, text->len);
		explicit_bzero(text->data, text->cap);
		free(text->data);
	}
	all->bytes = all->bytes - text->cap + cap;
	text->data = data;
	text->cap = cap;
	return 0;
}

int scratch_truncate(struct scratch *scratch, size_t len, time_t now) {
	struct buffer *text = &scratch->text;
	if (len > SCRATCH_BYTES_MAX)
		return -EFBIG;
	size_t cap = pages_of(len);
	int rc = cap != text->cap ? scratch_resize(scratch, cap) : 0;
	if (rc && cap > text->cap) /* what only shrinks can stay where it is */
		return rc;
	if (len > text->len)
		memset(text->data + text->len, 0, len - text->len);
	text->len = len;
	if (text->data)
		text->data[len] = 0;
	scratch->backup = NULL;
	scratch->mtime = (struct timespec){.tv_sec = now};
	scratch->changed = now;
	return 0;
}

int scratch_write(struct scratch *scratch, const char *data, size_t len, size_t offset, time_t now) {
	if (offset > SCRATCH_BYTES_MAX || len > SCRATCH_BYTES_MAX - offset)
		return -EFBIG;
	if (!len)
		return 0;
	size_t end = offset + len;
	int rc = scratch_truncate(scratch, end > scratch->text.len ? end : scratch->text.len, now);
	if (!rc)
		memcpy(scratch->text.data + offset, data, len);
	return rc;
}

/* ---- names ---- */

static struct scratch_dir *dir_find(const struct scratches *scratches, const char *path) {
	struct scratch_dir *dir = scratches->dirs;
	while (dir && strcmp(dir->path, path) != 0)
		dir = dir->next;
	return dir;
}

/* The directory of that path; a new one is not in the list before it has a file. NULL without memory. */
static struct scratch_dir *dir_get(struct scratches *scratches, const char *path) {
	struct scratch_dir *dir = dir_find(scratches, path);
	if (dir)
		return dir;
	dir = calloc(1, sizeof *dir);
	if (dir && !(dir->path = strdup(path))) {
		free(dir);
		dir = NULL;
	}
	return dir;
}

static void scratch_enter(struct scratch *scratch, struct scratch_dir *dir) {
	struct scratches *all = scratch->all;
	if (!dir->first) {
		dir->next = all->dirs;
		all->dirs = dir;
	}
	scratch->dir = dir;
	scratch->next = dir->first;
	dir->first = scratch;
}

/* Out of the list that it is in, and the directory with its last file. */
static void scratch_leave(struct scratch *scratch) {
	struct scratch_dir *dir = scratch->dir;
	struct scratch **at = dir ? &dir->first : &scratch->all->nameless;
	while (*at != scratch)
		at = &(*at)->next;
	*at = scratch->next;
	scratch->dir = NULL;
	if (!dir || dir->first)
		return;
	struct scratch_dir **dir_at = &scratch->all->dirs;
	while (*dir_at != dir)
		dir_at = &(*dir_at)->next;
	*dir_at = dir->next;
	free(dir->path);
	free(dir);
}

static void scratch_free(struct scratch *scratch) {
	scratch_leave(scratch);
	(void)scratch_resize(scratch, 0);
	scratch->all->count--;
	free(scratch->name);
	free(scratch);
}

int scratch_new(
	struct scratches *scratches, const char *dir, const char *name, mode_t mode, time_t now, struct scratch **ret) {
	if (scratches->count >= SCRATCH_MAX)
		return -ENOSPC;
	struct scratch *scratch = calloc(1, sizeof *scratch);
	char *copy = strdup(name);
	struct scratch_dir *into = scratch && copy ? dir_get(scratches, dir) : NULL;
	if (!into) {
		free(scratch);
		free(copy);
		return -ENOMEM;
	}
	*scratch = (struct scratch){.name = copy,
		.mode = mode & 0777,
		.mtime = {.tv_sec = now},
		.atime = {.tv_sec = now},
		.changed = now,
		.all = scratches};
	scratch_enter(scratch, into);
	scratches->count++;
	*ret = scratch;
	return 0;
}

struct scratch *scratch_next(const struct scratches *scratches, const char *dir, const struct scratch *after) {
	const struct scratch_dir *in = after ? NULL : dir_find(scratches, dir);
	return after ? after->next : in ? in->first : NULL;
}

struct scratch *scratch_find(const struct scratches *scratches, const char *dir, const char *name) {
	struct scratch *scratch = NULL;
	while ((scratch = scratch_next(scratches, dir, scratch)) && strcmp(scratch->name, name) != 0) {
	}
	return scratch;
}

int scratch_rename(struct scratch *scratch, const char *dir, const char *name) {
	char *copy = strdup(name);
	struct scratch_dir *from = scratch->dir, *into = copy ? dir_get(scratch->all, dir) : NULL;
	if (!into) {
		free(copy);
		return -ENOMEM;
	}
	free(scratch->name);
	scratch->name = copy;
	if (into != from) {
		scratch_leave(scratch);
		scratch_enter(scratch, into);
		scratch->backup = NULL;
	}
	return 0;
}

void scratch_unlink(struct scratch *scratch, const struct node *node) {
	if (!scratch->holds) {
		scratch_free(scratch);
		return;
	}
	scratch_leave(scratch);
	free(scratch->name);
	scratch->name = NULL;
	scratch->backup = NULL;
	scratch->node = node;
	scratch->next = scratch->all->nameless;
	scratch->all->nameless = scratch;
}

struct scratch *scratch_of_node(const struct scratches *scratches, const struct node *node) {
	struct scratch *scratch = scratches->nameless;
	while (scratch && scratch->node != node)
		scratch = scratch->next;
	return scratch;
}

void scratch_dir_drop(struct scratches *scratches, const char *dir) {
	struct scratch *scratch;
	while ((scratch = scratch_next(scratches, dir, NULL)))
		scratch_unlink(scratch, NULL);
}

void scratch_dir_rename(struct scratches *scratches, const char *dir, char *new_dir) {
	scratch_dir_drop(scratches, new_dir);
	struct scratch_dir *found = dir_find(scratches, dir);
	if (!found) {
		free(new_dir);
		return;
	}
	free(found->path);
	found->path = new_dir;
}

/* ---- lives ---- */

struct scratch *scratch_hold(struct scratch *scratch) {
	scratch->holds++;
	return scratch;
}

void scratch_release(struct scratch *scratch) {
	if (scratch && !--scratch->holds && !scratch->name)
		scratch_free(scratch);
}

void scratches_free(struct scratches *scratches) {
	if (!scratches)
		return;
	while (scratches->dirs)
		scratch_free(scratches->dirs->first);
	while (scratches->nameless)
		scratch_free(scratches->nameless);
	free(scratches);
}
