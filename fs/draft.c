#include "draft.h"

#include "spec.h"
#include "written.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct drafts {
	struct draft *first;
	size_t count;
	struct written_bound bound;
};

int drafts_new(struct drafts **ret) {
	struct drafts *drafts = calloc(1, sizeof *drafts);
	if (!drafts)
		return -ENOMEM;
	drafts->bound = (struct written_bound){.each_max = SPEC_BYTES_MAX, .all_max = DRAFT_BYTES_MAX};
	*ret = drafts;
	return 0;
}

static void draft_free(struct drafts *drafts, struct draft *draft) {
	free(draft->place);
	free(draft->name);
	free(draft->id);
	free(draft->answer);
	written_free(&draft->text, &drafts->bound);
	free(draft);
}

void drafts_free(struct drafts *drafts) {
	if (!drafts)
		return;
	while (drafts->first)
		draft_remove(drafts, drafts->first);
	free(drafts);
}

struct draft *draft_next(const struct drafts *drafts, const char *place, const struct draft *after) {
	struct draft *draft = after ? after->next : drafts->first;
	while (draft && strcmp(draft->place, place) != 0)
		draft = draft->next;
	return draft;
}

struct draft *draft_next_in(const struct drafts *drafts, enum draft_state state, const struct draft *after) {
	struct draft *draft = after ? after->next : drafts->first;
	while (draft && draft->state != state)
		draft = draft->next;
	return draft;
}

struct draft *draft_find(const struct drafts *drafts, const char *place, const char *name) {
	struct draft *draft = NULL;
	while ((draft = draft_next(drafts, place, draft)) && strcmp(draft->name, name) != 0) {
	}
	return draft;
}

int draft_new(struct drafts *drafts, const struct kind *kind, const char *place, const char *name, time_t now,
	struct draft **ret) {
	if (drafts->count >= DRAFTS_MAX)
		return -ENOSPC;
	struct draft *draft = calloc(1, sizeof *draft);
	if (!draft)
		return -ENOMEM;
	draft->kind = kind;
	draft->place = strdup(place);
	draft->name = strdup(name);
	draft->changed = now;
	if (!draft->place || !draft->name) {
		draft_free(drafts, draft);
		return -ENOMEM;
	}
	draft->next = drafts->first;
	drafts->first = draft;
	drafts->count++;
	*ret = draft;
	return 0;
}

void draft_remove(struct drafts *drafts, struct draft *draft) {
	struct draft **at = &drafts->first;
	while (*at != draft)
		at = &(*at)->next;
	*at = draft->next;
	drafts->count--;
	draft_free(drafts, draft);
}

int draft_rename(struct draft *draft, const char *name) {
	char *copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	free(draft->name);
	draft->name = copy;
	return 0;
}

static int draft_changed(struct draft *draft, int rc, time_t now) {
	if (!rc) {
		draft->has_text = true;
		draft->changed = now;
	}
	return rc;
}

int draft_truncate(struct drafts *drafts, struct draft *draft, size_t len, time_t now) {
	return draft_changed(draft, written_truncate(&draft->text, &drafts->bound, len), now);
}

int draft_write(struct drafts *drafts, struct draft *draft, const char *data, size_t len, size_t offset, time_t now) {
	return draft_changed(draft, written_put(&draft->text, &drafts->bound, data, len, offset), now);
}

int draft_born(struct draft *draft, const char *id, const char *answer, size_t len) {
	char *id_copy = strdup(id), *answer_copy = strndup(answer, len);
	struct json json;
	if (!id_copy || !answer_copy || json_scan_answer(answer_copy, len, &json, NULL) != JSON_OK) {
		free(id_copy);
		free(answer_copy);
		return -ENOMEM;
	}
	draft->id = id_copy;
	draft->answer = answer_copy;
	draft->json = json;
	draft->state = DRAFT_BORN;
	return 0;
}

void draft_unborn(struct drafts *drafts, const struct kind *kind, const char *id) {
	for (struct draft *draft = drafts->first; draft; draft = draft->next)
		if (draft->state == DRAFT_BORN && draft->kind == kind && !strcmp(draft->id, id)) {
			draft_remove(drafts, draft);
			return;
		}
}
