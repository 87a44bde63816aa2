#include "attr.h"

#include "../api/scope.h"
#include "dump.h"
#include "kept.h"
#include "moment.h"
#include "options.h"
#include "plan.h"
#include "render.h"

static time_t view_mtime(const struct view *view) {
	time_t when;
	if (view->draft)
		return view->draft->changed;
	const char *const pointers[] = {
		view->kind ? view->kind->updated : NULL, view->kind ? view->kind->created : NULL};
	for (size_t i = 0; i < 2; i++)
		if (pointers[i] && moment_read(json_at(view->json, pointers[i]), &when))
			return when;
	return view->fs->started;
}

/*
 * What the API could change is writable, also where the option allow= does not grant it: we refuse that in words, the
 * kernel could only say EACCES. A resource's directory is: what is removed inside it must reach us, to tell a sweep
 * from a rmdir (sweep.h).
 */
static bool view_writable(const struct view *view) {
	if (view->fs->options->read_only)
		return false;
	if (view->row->type == ROW_COLLECTION || view->row->type == ROW_RESOURCE)
		return view->kind->create || view->kind->remove;
	return view->row->write != WRITE_NEVER && (view->row->write != WRITE_SPEC || view->kind->create);
}

static void scratch_attr(const struct view *view, size_t size, struct stat *ret) {
	const struct scratch *scratch = view->scratch;
	*ret = (struct stat){.st_ino = view->node->ino,
		.st_mode = scratch->link ? S_IFLNK | 0777 : S_IFREG | scratch->mode,
		.st_nlink = scratch->name != NULL,
		.st_uid = view->fs->uid,
		.st_gid = view->fs->gid,
		.st_size = (off_t)size,
		.st_blksize = 4096,
		.st_blocks = ((off_t)size + 511) / 512,
		.st_atim = scratch->atime,
		.st_mtim = scratch->mtime,
		.st_ctime = scratch->changed};
}

/*
 * Besides the API's answers, something here changes it: then it is asked for anew at each use, and what one's own
 * writing, an editor or a refusal does is seen at once.
 */
static bool view_live(const struct view *view) {
	return view->scratch || view->draft || view->row->live || view->row->write != WRITE_NEVER;
}

static void view_fill(const struct view *view, const struct demand *demand, size_t size, struct attr *ret) {
	const struct row *row = view->row;
	bool writable = view_writable(view);
	mode_t mode = row->mode ? row->mode : 0444;
	struct stat st = {.st_ino = view->node->ino,
		.st_nlink = 1,
		.st_uid = view->fs->uid,
		.st_gid = view->fs->gid,
		.st_blksize = 4096,
		.st_size = (off_t)size,
		.st_blocks = ((off_t)size + 511) / 512};
	if (row_is_dir(row))
		st.st_mode = S_IFDIR | (writable ? 0700 : 0500);
	else
		st.st_mode = row_is_link(row) ? S_IFLNK | 0777 : S_IFREG | (writable ? mode : mode & ~(mode_t)0222);
	if (view->fs->options->allow_other) /* then who may enter is said by these bits, without the credentials */
		st.st_mode |= row_is_dir(row) ? 055 : row->mode ? 0 : 044;
	st.st_mtime = st.st_ctime = st.st_atime = view_mtime(view);
	*ret = (struct attr){.st = st, .until_ms = view_live(view) ? 0 : demand->until_ms};
}

/* Credentials are not left in the page cache; nor what grows while it is open. */
uint64_t view_text(const struct view *view, const struct buffer *text, const struct list *list) {
	const struct row *row = view->row;
	bool kept = !row_is_dir(row) && !row_is_link(row) && row->type != ROW_EVENTS && !row->mode && !view_live(view);
	return !kept ? 0 : list ? dump_text(list) : kept_text(text->data, text->len);
}

void view_attr_of(const struct view *view, const struct demand *demand, const struct buffer *text,
	const struct list *list, struct attr *ret) {
	view_fill(view, demand, list ? dump_size(list) : text->len, ret);
	ret->text = view_text(view, text, list);
}

int view_attr(const struct view *view, struct demand *demand, struct attr *ret) {
	if (view->scratch) {
		SCOPED(buffer_free) struct buffer plan = {0};
		int failed = plan_is(view) ? plan_render(view, demand, &plan) : 0;
		*ret = (struct attr){0};
		scratch_attr(view, plan_is(view) ? plan.len : view->scratch->text.len, &ret->st);
		if (plan_is(view)) /* as spec.json is: what copies it must be able to write it again */
			ret->st.st_mode = S_IFREG | 0600;
		return failed;
	}
	if (row_is_dir(view->row)) {
		view_fill(view, demand, 0, ret);
		return 0;
	}
	SCOPED(buffer_free) struct buffer text = {0};
	const struct list *list = NULL;
	demand->sizes = true;
	int rc = view->row->type == ROW_DUMP ? dump_open(view, demand, &list) : view_render(view, demand, &text);
	demand->sizes = false;
	if (!rc)
		view_attr_of(view, demand, &text, list, ret);
	return rc;
}
