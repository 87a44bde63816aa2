#include "scratch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct scratch_dir {
	char *path;
	struct scratch *first; /* never NULL: an empty one goes */
	struct scratch_dir *next;
};

struct scratches {
	struct scratch_dir *dirs;
	struct scratch *nameless; /* held only */
	size_t count;
	struct written_bound bound;
};

int scratches_new(struct scratches **ret) {
	struct scratches *scratches = calloc(1, sizeof *scratches);
	if (!scratches)
		return -ENOMEM;
	scratches->bound = (struct written_bound){.each_max = SCRATCH_BYTES_MAX, .all_max = SCRATCH_BYTES_ALL_MAX};
	*ret = scratches;
	return 0;
}

/* ---- the bytes ---- */

/* It is no backup of anything any more. */
static void scratch_changed(struct scratch *scratch, time_t now) {
	scratch->backup = NULL;
	scratch->mtime = (struct timespec){.tv_sec = now};
	scratch->changed = now;
}

int scratch_truncate(struct scratch *scratch, size_t len, time_t now) {
	int rc = written_truncate(&scratch->text, &scratch->all->bound, len);
	if (!rc)
		scratch_changed(scratch, now);
	return rc;
}

int scratch_write(struct scratch *scratch, const char *data, size_t len, size_t offset, time_t now) {
	int rc = written_put(&scratch->text, &scratch->all->bound, data, len, offset);
	if (!rc && len)
		scratch_changed(scratch, now);
	return rc;
}

void scratch_set_aside(struct scratch *scratch, time_t now) {
	if (scratch->text.len && !scratch->aside.len) {
		scratch->aside = scratch->text;
		scratch->text = (struct buffer){0};
	}
	(void)scratch_truncate(scratch, 0, now); /* to nothing it cannot fail */
}

void scratch_bring_back(struct scratch *scratch) {
	if (!scratch->aside.len)
		return;
	written_free(&scratch->text, &scratch->all->bound);
	scratch->text = scratch->aside;
	scratch->aside = (struct buffer){0};
}

void scratch_drop_aside(struct scratch *scratch) {
	written_free(&scratch->aside, &scratch->all->bound);
	scratch->aside = (struct buffer){0};
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
	written_free(&scratch->text, &scratch->all->bound);
	written_free(&scratch->aside, &scratch->all->bound);
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

void scratch_dirs_keep(
	struct scratches *scratches, const char *place, bool (*there)(void *user, const char *name), void *user) {
	size_t len = strlen(place);
	for (struct scratch_dir *dir = scratches->dirs, *next; dir; dir = next) {
		const char *name = dir->path + len + 1;
		next = dir->next;
		if (strncmp(dir->path, place, len) != 0 || dir->path[len] != '/' || strchr(name, '/') ||
			there(user, name))
			continue;
		while (dir->first->next)
			scratch_unlink(dir->first, NULL);
		scratch_unlink(dir->first, NULL); /* and the directory with it */
	}
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
