#include "draft.h"

#include "spec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct drafts {
	struct draft *first;
	size_t count;
	size_t bytes;
};

int drafts_new(struct drafts **ret) {
	*ret = calloc(1, sizeof **ret);
	return *ret ? 0 : -ENOMEM;
}

static void draft_free(struct draft *draft) {
	free(draft->place);
	free(draft->name);
	free(draft->id);
	free(draft->answer);
	if (draft->text.data)
		explicit_bzero(draft->text.data, draft->text.cap); /* a registry token may stand in it */
	buffer_free(&draft->text);
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
	draft->text.limit = SPEC_BYTES_MAX;
	draft->changed = now;
	if (!draft->place || !draft->name) {
		draft_free(draft);
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
	drafts->bytes -= draft->text.len;
	draft_free(draft);
}

int draft_rename(struct draft *draft, const char *name) {
	char *copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	free(draft->name);
	draft->name = copy;
	return 0;
}

int draft_truncate(struct drafts *drafts, struct draft *draft, size_t len, time_t now) {
	if (len > SPEC_BYTES_MAX)
		return -EFBIG;
	struct buffer *text = &draft->text;
	draft->has_text = true;
	draft->changed = now;
	if (len <= text->len) {
		drafts->bytes -= text->len - len;
		text->len = len;
		if (text->data)
			text->data[len] = 0;
		return 0;
	}
	if (drafts->bytes + len - text->len > DRAFT_BYTES_MAX)
		return -ENOSPC;
	size_t old = text->len;
	while (text->len < len && !text->error)
		buffer_byte(text, 0);
	int rc = text->error;
	text->error = 0;
	if (rc)
		text->len = old;
	drafts->bytes += text->len - old;
	return rc;
}

int draft_write(struct drafts *drafts, struct draft *draft, const char *data, size_t len, size_t offset, time_t now) {
	if (offset > SPEC_BYTES_MAX || len > SPEC_BYTES_MAX - offset)
		return -EFBIG;
	if (offset + len > draft->text.len) {
		int rc = draft_truncate(drafts, draft, offset + len, now);
		if (rc)
			return rc;
	}
	memcpy(draft->text.data + offset, data, len);
	draft->has_text = true;
	draft->changed = now;
	return 0;
}

int draft_born(struct draft *draft, const char *id, const char *answer, size_t len) {
	char *id_copy = strdup(id), *answer_copy = strndup(answer, len);
	struct json json;
	if (!id_copy || !answer_copy || json_scan(answer_copy, len, &json, NULL) != JSON_OK) {
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
