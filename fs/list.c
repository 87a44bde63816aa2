#include "list.h"

#include "../api/scope.h"
#include "name.h"
#include "row.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum {
	CHUNK_FIRST = 4 << 10,   /* many lists are short */
	CHUNK = (64 << 10) - 64, /* with malloc's own: whole pages of memory */
	ENTRY_WORK = 256,        /* bytes: what a small entry takes beside its text */
	EMPTY = 0,               /* a slot holds index + 1 */
	TWIN_MAX = 100,          /* bytes of ~TWIN in a name */
	TWINS_MAX = 64,          /* entries of one id */
	TWIN_TRIES = 16,         /* of ~TWIN~N, before N is the place in the list */
};

/* ---- SipHash-1-3 (Aumasson, Bernstein): who does not know the key cannot make names that fall into one slot ---- */

struct sip {
	uint64_t v[4];
};

static uint64_t rotate(uint64_t value, unsigned bits) {
	return value << bits | value >> (64 - bits);
}

static void sip_round(struct sip *sip) {
	uint64_t *v = sip->v;
	v[0] += v[1], v[1] = rotate(v[1], 13) ^ v[0], v[0] = rotate(v[0], 32);
	v[2] += v[3], v[3] = rotate(v[3], 16) ^ v[2];
	v[0] += v[3], v[3] = rotate(v[3], 21) ^ v[0];
	v[2] += v[1], v[1] = rotate(v[1], 17) ^ v[2], v[2] = rotate(v[2], 32);
}

static void sip_word(struct sip *sip, uint64_t word) {
	sip->v[3] ^= word;
	sip_round(sip);
	sip->v[0] ^= word;
}

static void sip_text(struct sip *sip, const char *text) {
	uint64_t word = 0;
	size_t len = strlen(text);
	for (; len >= sizeof word; text += sizeof word, len -= sizeof word) {
		memcpy(&word, text, sizeof word);
		sip_word(sip, word);
	}
	word = (uint64_t)len << 56;
	memcpy(&word, text, len);
	sip_word(sip, word);
}

static uint32_t name_hash(const struct list *list, const char *group, const char *name) {
	struct sip sip = {{UINT64_C(0x736f6d6570736575) ^ list->key[0], UINT64_C(0x646f72616e646f6d) ^ list->key[1],
		UINT64_C(0x6c7967656e657261) ^ list->key[0], UINT64_C(0x7465646279746573) ^ list->key[1]}};
	if (group)
		sip_text(&sip, group);
	sip_text(&sip, name);
	sip.v[2] ^= 0xFF;
	for (int i = 0; i < 3; i++)
		sip_round(&sip);
	return (uint32_t)(sip.v[0] ^ sip.v[1] ^ sip.v[2] ^ sip.v[3]);
}

static uint32_t id_hash(const struct list *list, const char *id) {
	return name_hash(list, NULL, id);
}

static bool group_equal(const char *a, const char *b) {
	return a == b || (a && b && !strcmp(a, b));
}

/* Copies text into the list's pool: many short strings that die together. */
static const char *list_keep(struct list *list, const char *text, size_t len) {
	size_t need = len + 1;
	if (list->chunk_used + need > list->chunk_size) {
		char **chunks = realloc(list->chunks, (list->chunk_count + 1) * sizeof *chunks);
		if (!chunks)
			return NULL;
		list->chunks = chunks;
		size_t size = list->chunk_count ? CHUNK : CHUNK_FIRST;
		if (size < need)
			size = need;
		char *chunk = malloc(size);
		if (!chunk)
			return NULL;
		list->chunks[list->chunk_count++] = chunk;
		list->chunk_used = 0;
		list->chunk_size = size;
		list->bytes += size;
	}
	char *at = list->chunks[list->chunk_count - 1] + list->chunk_used;
	memcpy(at, text, len);
	at[len] = 0;
	list->chunk_used += need;
	return at;
}

const struct item *list_by_name(const struct list *list, const char *group, const char *name) {
	for (size_t i = name_hash(list, group, name) & (list->slots - 1);; i = (i + 1) & (list->slots - 1)) {
		if (list->by_name[i] == EMPTY)
			return NULL;
		const struct item *item = &list->items[list->by_name[i] - 1];
		if (!strcmp(item->name, name) && group_equal(item->group, group))
			return item;
	}
}

const struct item *list_by_id(const struct list *list, const char *id) {
	for (size_t i = id_hash(list, id) & (list->slots - 1);; i = (i + 1) & (list->slots - 1)) {
		if (list->by_id[i] == EMPTY)
			return NULL;
		const struct item *item = &list->items[list->by_id[i] - 1];
		if (!strcmp(item->id, id))
			return item;
	}
}

void item_path(const struct item *item, struct buffer *out) {
	if (item->group)
		buffer_printf(out, "%s/", item->group);
	buffer_add(out, item->name);
}

/* The list's own copy of a name, NULL if it is not one of these. */
static const char *names_find(const struct list *list, const struct list_names *names, const char *name) {
	if (!names->slots)
		return NULL;
	for (size_t i = id_hash(list, name) & (list->slots - 1); names->slots[i] != EMPTY;
		i = (i + 1) & (list->slots - 1))
		if (!strcmp(names->at[names->slots[i] - 1], name))
			return names->at[names->slots[i] - 1];
	return NULL;
}

bool list_has_group(const struct list *list, const char *group) {
	return names_find(list, &list->groups, group);
}

bool list_has_shelf(const struct list *list, const char *shelf) {
	return names_find(list, &list->shelves, shelf);
}

bool kind_moving(const struct kind *kind, struct json resource) {
	if (!kind->moving)
		return false;
	struct json status = json_at(resource, kind->status);
	for (const char *const *state = kind->moving; *state; state++)
		if (json_string_is(status, *state))
			return true;
	return false;
}

static void slot_put(uint32_t *slots, size_t count, uint32_t hash, size_t index) {
	size_t i = hash & (count - 1);
	while (slots[i] != EMPTY)
		i = (i + 1) & (count - 1);
	slots[i] = (uint32_t)index + 1;
}

/* Pages shift while one reads them: the same entry may come twice. Entries of one id that differ in what `twin` names
 * are two. */
static bool list_has(struct list *list, const struct kind *kind, const char *id, const char *group, struct json json) {
	bool alone = !strcmp(kind->twin, kind->id);
	size_t twins = 0;
	for (size_t i = id_hash(list, id) & (list->slots - 1); list->by_id[i] != EMPTY;
		i = (i + 1) & (list->slots - 1)) {
		const struct item *item = &list->items[list->by_id[i] - 1];
		if (strcmp(item->id, id) != 0)
			continue;
		if (group_equal(item->group, group) &&
			(alone || json_same(json_at(item->json, kind->twin), json_at(json, kind->twin))))
			return true;
		if (++twins == TWINS_MAX) { /* each more would be compared with all of them */
			list->unread++;
			return true;
		}
	}
	return false;
}

/*
 * The first holder keeps the plain name, unless that is a file's which each collection has; the next ones get ~TWIN,
 * and ~TWIN~N should even that be taken. A server that gives them by the thousand shall not make each try all numbers.
 */
static int item_name(const struct list *list, const struct kind *kind, struct json json, const char *group,
	const char *title, size_t len, char ret[static NAME_SIZE]) {
	name_escape(title, len, ret);
	if (!list_by_name(list, group, ret) && (kind->group || !row_find(kind->beside, ret)))
		return 0;
	SCOPED(buffer_free) struct buffer twin = {0};
	char plain[NAME_SIZE], tail[NAME_SIZE];
	memcpy(plain, ret, sizeof plain);
	json_text(json_at(json, kind->twin), &twin);
	if (twin.error)
		return twin.error;
	name_escape(twin.data ? twin.data : "", twin.len, tail);
	for (size_t n = 1;; n++) {
		char number[24] = "";
		if (n > 1)
			snprintf(number, sizeof number, "~%zu", n <= TWIN_TRIES ? n : n + list->count);
		size_t tail_len = name_cut(tail, TWIN_MAX), room = NAME_SIZE - 2 - tail_len - strlen(number);
		buffer_clear(&twin);
		buffer_append(&twin, plain, name_cut(plain, room));
		buffer_printf(&twin, "~%.*s%s", (int)tail_len, tail, number);
		if (twin.error)
			return twin.error;
		memcpy(ret, twin.data, twin.len + 1);
		if (!list_by_name(list, group, ret))
			return 0;
	}
}

/* The list's own copy of a text as a name among these; NULL without memory. */
static const char *names_add(struct list *list, struct list_names *names, const struct buffer *text) {
	char name[NAME_SIZE];
	name_escape(text->data ? text->data : "", text->len, name);
	if (list->kind->group && row_find(list->kind->beside, name)) /* groups stand beside those */
		strcat(name, "~");
	const char *known = names_find(list, names, name);
	if (known)
		return known;
	const char *kept = list_keep(list, name, strlen(name));
	if (!kept)
		return NULL;
	slot_put(names->slots, list->slots, id_hash(list, name), names->count);
	names->at[names->count++] = kept;
	return kept;
}

static int item_group(struct list *list, const struct kind *kind, struct item *item) {
	SCOPED(buffer_free) struct buffer text = {0};
	if (!kind->group)
		return 0;
	json_text(json_at(item->json, kind->group), &text);
	item->group = text.error == -ENOMEM ? NULL : names_add(list, &list->groups, &text);
	return item->group ? 0 : -ENOMEM;
}

static int item_shelf(struct list *list, const struct kind *kind, struct item *item) {
	SCOPED(buffer_free) struct buffer text = {0};
	if (!kind->shelf || !kind->shelf(kind, item->json, &text))
		return 0;
	item->shelf = text.error == -ENOMEM ? NULL : names_add(list, &list->shelves, &text);
	return item->shelf ? 0 : -ENOMEM;
}

static int list_add(struct list *list, const struct kind *kind, struct json json) {
	SCOPED(buffer_free) struct buffer id = {0};
	SCOPED(buffer_free) struct buffer title = {0};
	struct json named = json_at(json, kind->id);
	if (named.type == JSON_STRING || named.type == JSON_NUMBER)
		json_text(named, &id);
	json_text(json_at(json, kind->title), &title);
	if (id.error == -ENOMEM || title.error == -ENOMEM)
		return -ENOMEM;
	if (!id.len || !name_is_id(id.data, id.len)) {
		list->unread++;
		return 0;
	}
	char name[NAME_SIZE];
	struct item item = {.json = json};
	int rc = item_group(list, kind, &item);
	if (rc || list_has(list, kind, id.data, item.group, json))
		return rc;
	rc = item_shelf(list, kind, &item);
	if (!rc)
		rc = item_name(list, kind, json, item.group, title.data ? title.data : "", title.len, name);
	if (rc)
		return rc;
	item.id = list_keep(list, id.data, id.len);
	item.name = item.id && !strcmp(item.id, name) ? item.id : list_keep(list, name, strlen(name));
	if (!item.id || !item.name)
		return -ENOMEM;
	list->items[list->count] = item;
	slot_put(list->by_name, list->slots, name_hash(list, item.group, item.name), list->count);
	slot_put(list->by_id, list->slots, id_hash(list, item.id), list->count);
	list->count++;
	list->moving |= kind_moving(kind, json);
	return 0;
}

static bool names_room(struct list *list, struct list_names *names, size_t count) {
	names->at = calloc(count ? count : 1, sizeof *names->at);
	names->slots = calloc(list->slots, sizeof *names->slots);
	list->bytes += count * sizeof *names->at + list->slots * sizeof *names->slots;
	return names->at && names->slots;
}

static size_t states_count(const struct kind *kind) {
	size_t count = 0;
	while (kind->shelf && kind->states && kind->states[count])
		count++;
	return count;
}

/* Room for all entries at once: a table that grew would be put in order anew, all of it. */
static int list_room(struct list *list, size_t count) {
	size_t shelves = count + states_count(list->kind);
	for (list->slots = 8; list->slots < shelves * 2; list->slots *= 2) {
	}
	list->items = calloc(count ? count : 1, sizeof *list->items);
	list->by_name = calloc(list->slots, sizeof *list->by_name);
	list->by_id = calloc(list->slots, sizeof *list->by_id);
	list->bytes += count * sizeof *list->items + 2 * list->slots * sizeof *list->by_name;
	bool named = (!list->kind->group || names_room(list, &list->groups, count)) &&
		     (!list->kind->shelf || names_room(list, &list->shelves, shelves));
	return list->items && list->by_name && list->by_id && named ? 0 : -ENOMEM;
}

/* A state in which nothing is has an empty shelf: who asks for it by its name is not told that he is wrong. */
static int list_states(struct list *list) {
	for (size_t i = 0; i < states_count(list->kind); i++) {
		SCOPED(buffer_free) struct buffer state = {0};
		buffer_add(&state, list->kind->states[i]);
		if (state.error || !names_add(list, &list->shelves, &state))
			return -ENOMEM;
	}
	return 0;
}

static int list_no_memory(const struct list *list, struct error *err) {
	return error_set(err, ENOMEM, "no memory for a list of %s", list->kind->name);
}

/* What can be told before an entry is read. */
static int list_prepare(struct list *list, struct error *err) {
	const struct kind *kind = list->kind;
	size_t count = 0;
	for (size_t i = 0; i < list->pages->count; i++) {
		const struct api_page *page = list->pages->pages[i];
		if (page->items.type != JSON_ARRAY)
			return error_set(err, EREMOTEIO, "the API's list of %s holds no array", kind->name);
		count += page->count;
		list->bytes += sizeof *page + page->body_len;
	}
	if (count > LIST_ITEMS_MAX)
		return error_set(
			err, EREMOTEIO, "the API's list of %s has more than %d entries", kind->name, LIST_ITEMS_MAX);
	/* Without it the key is 0: slow at worst, and only where somebody tries. */
	(void)!getrandom(list->key, sizeof list->key, GRND_NONBLOCK);
	return list_room(list, count) || list_states(list) ? list_no_memory(list, err) : 0;
}

int list_begin(const struct kind *kind, struct api_pages *pages, struct graveyard *graveyard, struct list **ret,
	struct error *err) {
	struct list *list = calloc(1, sizeof *list);
	if (!list) {
		api_pages_free(pages);
		return error_set(err, ENOMEM, "no memory for a list of %s", kind->name);
	}
	*list = (struct list){.self = list,
		.holders = 1,
		.graveyard = graveyard,
		.kind = kind,
		.pages = pages,
		.bytes = sizeof *list};
	int rc = list_prepare(list, err);
	if (rc) {
		list_release(list);
		return rc;
	}
	*ret = list;
	return 0;
}

/* Stands on the next entry, of whichever page; false if there is none. */
static bool list_next(struct list *list) {
	while (!json_next(&list->iter)) {
		if (list->page == list->pages->count)
			return false;
		list->iter = json_iter(list->pages->pages[list->page++]->items);
	}
	return true;
}

/* Pages shift while they are read: then an entry can be missing, and another be there twice. */
static bool list_whole(const struct list *list) {
	long long total;
	return !list->unread &&
	       (!list->pages->count ||
		       !json_int(json_at(list->pages->pages[0]->root, "/pagination/total_items"), &total) ||
		       total <= (long long)list->count);
}

int list_step(struct list *list, size_t *work, struct error *err) {
	while (*work) {
		if (!list_next(list)) {
			list->whole = list_whole(list);
			/* nobody shall believe that all is gone */
			return list->unread && !list->count
				       ? error_set(err, EREMOTEIO, "the API's list of %s holds no entry with an id",
						 list->kind->name)
				       : 0;
		}
		struct json entry = list->iter.value;
		if (entry.type != JSON_OBJECT)
			list->unread++;
		else if (list_add(list, list->kind, entry))
			return list_no_memory(list, err);
		size_t done = entry.len + ENTRY_WORK;
		*work -= done < *work ? done : *work;
	}
	return 1;
}

int list_new(const struct kind *kind, struct api_pages *pages, struct list **ret, struct error *err) {
	struct list *list;
	int rc = list_begin(kind, pages, NULL, &list, err);
	if (rc)
		return rc;
	do {
		size_t work = SIZE_MAX;
		rc = list_step(list, &work, err);
	} while (rc > 0);
	if (rc) {
		list_release(list);
		return rc;
	}
	*ret = list;
	return 0;
}

const struct list *list_hold(const struct list *list) {
	list->self->holders++;
	return list;
}

/* Frees about so much of it; true if there is more. Its arrays go last: each is one block. */
static bool list_free(struct list *list, size_t *bytes) {
	struct api_pages *pages = list->pages;
	while (*bytes && pages->count) {
		struct api_page *page = pages->pages[--pages->count];
		size_t size = page->body_len + sizeof *page;
		api_page_release(page);
		*bytes -= size < *bytes ? size : *bytes;
	}
	while (*bytes && list->chunk_count) {
		free(list->chunks[--list->chunk_count]);
		*bytes -= CHUNK < *bytes ? CHUNK : *bytes;
	}
	if (!*bytes)
		return true;
	api_pages_free(pages);
	free(list->chunks);
	free(list->groups.at);
	free(list->groups.slots);
	free(list->shelves.at);
	free(list->shelves.slots);
	free(list->made.ends);
	buffer_free(&list->made.index);
	free(list->items);
	free(list->by_name);
	free(list->by_id);
	free(list);
	return false;
}

bool graveyard_clear(struct graveyard *graveyard, size_t bytes) {
	while (graveyard->first) {
		struct list *list = graveyard->first, *next = list->next;
		if (list_free(list, &bytes))
			return true;
		graveyard->first = next;
	}
	return false;
}

void list_release(const struct list *held) {
	struct list *list = held ? held->self : NULL;
	struct graveyard alone = {0};
	if (!list || --list->holders)
		return;
	list_release(take_pointer(list->made.prices)); /* an inventory, which is priced by none itself */
	struct graveyard *graveyard = list->graveyard ? list->graveyard : &alone;
	list->next = graveyard->first;
	graveyard->first = list;
	graveyard_clear(&alone, SIZE_MAX);
}
