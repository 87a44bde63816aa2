#include "sent.h"

#include "../api/scope.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct sent {
	const struct kind *kind;
	char *id; /* NULL: free */
	struct buffer body;
};

struct sents {
	struct sent ring[SENT_MAX];
	size_t next;
};

int sents_new(struct sents **ret) {
	*ret = calloc(1, sizeof **ret);
	return *ret ? 0 : -ENOMEM;
}

static void sent_forget(struct sent *sent) {
	free(sent->id);
	buffer_free(&sent->body);
	*sent = (struct sent){0};
}

void sents_free(struct sents *sents) {
	if (!sents)
		return;
	for (size_t i = 0; i < SENT_MAX; i++)
		sent_forget(&sents->ring[i]);
	free(sents);
}

static bool member_is_secret(const struct schema *schema, struct json key) {
	const struct schema *row = schema->members;
	while (row->name && !json_string_is(key, row->name))
		row++;
	return row->secret;
}

static void body_copy(const struct schema *schema, struct json body, struct buffer *out) {
	bool first = true;
	buffer_byte(out, '{');
	for (struct json_iter iter = json_iter(body); json_next(&iter);) {
		if (member_is_secret(schema, iter.key))
			continue;
		buffer_add(out, first ? "" : ",");
		json_compact(iter.key, out);
		buffer_byte(out, ':');
		json_compact(iter.value, out);
		first = false;
	}
	buffer_byte(out, '}');
}

void sent_add(struct sents *sents, const struct kind *kind, const char *id, const struct buffer *body) {
	struct json object;
	if (body->len > SENT_BYTES_MAX || json_scan(body->data, body->len, &object, NULL) != JSON_OK)
		return;
	struct sent *sent = &sents->ring[sents->next];
	sent_forget(sent);
	body_copy(kind->create, object, &sent->body);
	sent->kind = kind;
	sent->id = sent->body.error ? NULL : strdup(id);
	sents->next = (sents->next + 1) % SENT_MAX;
}

struct json sent_find(const struct sents *sents, const struct kind *kind, const char *id) {
	struct json found = {0};
	for (size_t i = 0; i < SENT_MAX; i++) {
		const struct sent *sent = &sents->ring[i];
		if (sent->id && sent->kind == kind && !strcmp(sent->id, id) &&
			json_scan(sent->body.data, sent->body.len, &found, NULL) != JSON_OK)
			return (struct json){0};
	}
	return found;
}
