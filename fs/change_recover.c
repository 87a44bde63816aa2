/* Creates that an earlier mount of the same user left open in the journal: taken up, as drafts in doubt. */
#include "change_own.h"

#include "../api/scope.h"
#include "log.h"
#include "moment.h"
#include "name.h"
#include "options.h"
#include "refusal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

/* The path of a collection in the tree, below `rows`: "orgs/ORG/projects/PRJ/airuntimes". */
static bool tree_path(const struct row *rows, const struct kind *kind, const struct scope *scope, unsigned depth,
	struct buffer *out) {
	for (const struct row *row = rows; row && row->name; row++) {
		size_t len = out->len;
		if (row->type != ROW_COLLECTION)
			continue;
		buffer_printf(out, "%s%s", len ? "/" : "", row->name);
		if (row->kind == kind && depth == scope->count)
			return true;
		if (depth < scope->count) {
			char name[NAME_SIZE];
			name_escape(scope->ids[depth], strlen(scope->ids[depth]), name);
			buffer_printf(out, "/%s", name);
			if (tree_path(row->kind->rows, kind, scope, depth + 1, out))
				return true;
		}
		out->len = len;
	}
	return false;
}

static int recover_as(struct changes *changes, const struct kind *kind, const struct scope *scope,
	const struct journal_record *record) {
	struct fs *fs = changes->fs;
	const struct journal_entry *entry = &record->entry;
	SCOPED(buffer_free) struct buffer path = {0};
	struct draft *draft;
	struct change *change;
	if (!tree_path(root_row.rows, kind, scope, 0, &path))
		return -EINVAL;
	buffer_printf(&path, "/%s/spec.json", entry->name);
	int rc = path.error ? path.error : draft_new(fs->drafts, kind, entry->place, entry->name, fs->now, &draft);
	if (rc)
		return rc;
	struct change_order order = {
		.verb = CHANGE_CREATE, .kind = kind, .scope = scope, .path = path.data, .draft = draft};
	rc = change_new(changes, &order, &change);
	if (rc) {
		draft_remove(fs->drafts, draft);
		return rc;
	}
	change->recovered = change->late = true;
	change->record = record->number;
	char when[MOMENT_SIZE];
	moment_show(record->when, when);
	error_set(&change->error, EINPROGRESS,
		"a create was begun at %s by another mount, or by one that has ended, and its outcome is not known; it "
		"is looked for, and not sent again",
		when);
	change->error.verdict = VERDICT_UNKNOWN;
	refusal_add(fs->refusals, fs->now, "create", change->path, &change->error, NULL);
	log_write(LOG_NOTICE, "create %s: %s", change->path, change->error.message);
	create_doubt(change, fs->now_ms);
	return 0;
}

static int recover_visit(void *user, const struct journal_record *record) {
	struct changes *changes = user;
	const struct options *options = changes->fs->options;
	for (const struct kind *kind = kinds; kind < kinds + KINDS; kind++) {
		SCOPED(scope_end) struct scope scope = {0};
		int rc = 0;
		if (kind->create && !strcmp(record->entry.cloud, options->base[kind->service]) &&
			!(rc = store_path_read(kind->docs[DOC_LIST].path, record->entry.place, &scope)))
			rc = recover_as(changes, kind, &scope, record);
		if (scope.count || rc == -ENOMEM)
			return rc;
	}
	return 0; /* another cloud's */
}

int changes_recover(struct changes *changes, struct error *err) {
	struct error own;
	int rc = journal_open_records(changes->fs->journal, recover_visit, changes, &own);
	if (rc == -ENOMEM || rc == -ENOSPC || rc == -EINVAL)
		return error_set(err, -rc, "not all creates that the journal shows open could be taken up");
	if (rc)
		*err = own;
	return rc;
}
