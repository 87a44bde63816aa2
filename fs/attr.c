#include "attr.h"

#include "../api/scope.h"
#include "options.h"
#include "render.h"

#include <string.h>

static time_t view_mtime(const struct view *view) {
	if (view->draft)
		return view->draft->changed;
	const char *const pointers[] = {
		view->kind ? view->kind->updated : NULL, view->kind ? view->kind->created : NULL};
	for (size_t i = 0; i < 2; i++) {
		struct json value = pointers[i] ? json_at(view->json, pointers[i]) : (struct json){0};
		SCOPED(scope_free) char *text = value.type == JSON_STRING ? json_text_dup(value) : NULL;
		struct tm tm = {0};
		const char *end = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
		if (!end)
			continue;
		end += strspn(end, ".0123456789");
		struct tm zone = {0};
		(void)strptime(end, "%z", &zone); /* what is no zone is UTC */
		return timegm(&tm) - zone.tm_gmtoff;
	}
	return view->fs->started;
}

/*
 * What the API could change is writable, also where the option allow= does not grant it: we refuse that in words, the
 * kernel could only say EACCES. A resource's directory is: what is removed inside it must reach us, to tell a sweep
 * from a rmdir (sweep.h).
 */
static bool view_writable(const struct view *view) {
	if (view->fs->options->read_only || !view->kind)
		return false;
	if (view->row->type == ROW_COLLECTION || view->row->type == ROW_RESOURCE)
		return view->kind->create || view->kind->remove;
	return view->row->write == WRITE_SCALE || (view->row->write == WRITE_SPEC && view->kind->create);
}

static void scratch_attr(const struct view *view, struct stat *ret) {
	const struct scratch *scratch = view->scratch;
	*ret = (struct stat){.st_ino = view->node->ino,
		.st_mode = scratch->link ? S_IFLNK | 0777 : S_IFREG | scratch->mode,
		.st_nlink = scratch->name != NULL,
		.st_uid = view->fs->uid,
		.st_gid = view->fs->gid,
		.st_size = (off_t)scratch->text.len,
		.st_blksize = 4096,
		.st_blocks = ((off_t)scratch->text.len + 511) / 512,
		.st_atim = scratch->atime,
		.st_mtim = scratch->mtime,
		.st_ctime = scratch->changed};
}

int view_attr(const struct view *view, struct demand *demand, struct stat *ret) {
	const struct row *row = view->row;
	if (view->scratch) {
		scratch_attr(view, ret);
		return 0;
	}
	struct stat st = {.st_ino = view->node->ino,
		.st_nlink = 1,
		.st_uid = view->fs->uid,
		.st_gid = view->fs->gid,
		.st_blksize = 4096};
	bool writable = view_writable(view);
	if (row_is_dir(row)) {
		st.st_mode = S_IFDIR | (writable ? 0700 : 0500);
	} else {
		SCOPED(buffer_free) struct buffer bytes = {0};
		int rc = view_render(view, demand, &bytes);
		if (rc)
			return rc;
		st.st_size = (off_t)bytes.len;
		mode_t mode = row->mode ? row->mode : 0444;
		st.st_mode = row_is_link(row) ? S_IFLNK | 0777 : S_IFREG | (writable ? mode : mode & ~(mode_t)0222);
	}
	if (view->fs->options->allow_other) /* then who may enter is said by these bits, without the credentials */
		st.st_mode |= row_is_dir(row) ? 055 : row->mode ? 0 : 044;
	st.st_blocks = (st.st_size + 511) / 512;
	st.st_mtime = st.st_ctime = st.st_atime = view_mtime(view);
	*ret = st;
	return 0;
}
