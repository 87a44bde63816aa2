/* What a watched collection is asked, how often, and what comes of it: lines of `events`, and what the kernel is told.
 */
#include "watch_own.h"

#include "../api/scope.h"
#include "cause.h"
#include "event.h"
#include "kept.h"

#include <string.h>

enum {
	PAGE_MS = 200, /* between two rounds there is so much for each page */
	SLOWEST = 8,   /* times the shortest time between two rounds */
	PAGE = 100,    /* resources */

	SAME_WORK = 4,             /* bytes, of fs_work(): an entry of a page that both listings have */
	ENTRY_WORK = 256,          /* another, beside its text */
	FORGET_WORK = FS_WORK / 4, /* what is told to the kernel: it may know very many links */
};

/* ---- how often ---- */

static size_t watch_pages(const struct watch *watch) {
	return watch->seen ? (watch->seen->count + PAGE - 1) / PAGE : 0;
}

static size_t watch_waiting(const struct watch *watch) {
	size_t watchers = 0;
	for (const struct watcher *at = watch->watchers; at; at = at->next)
		watchers++;
	return watchers;
}

static bool watch_is_cheaper_by_item(const struct watch *watch) {
	size_t watchers = watch_waiting(watch);
	return watchers && !watch->followers && watchers < watch_pages(watch) && watch->kind->docs[DOC_ITEM].path;
}

/* From the beginning of a round to that of the next. */
static int64_t watch_least_ms(const struct watch *watch) {
	size_t requests = watch_is_cheaper_by_item(watch) ? watch_waiting(watch) : watch_pages(watch);
	int64_t requests_ms = (int64_t)requests * PAGE_MS;
	return requests_ms > WATCH_MS ? requests_ms : WATCH_MS;
}

/* Somebody wants to know soon. */
void watch_hasten(struct watch *watch) {
	int64_t due_ms = watch->watches->fs->now_ms + WATCH_MS, least_ms = watch->began_ms + watch_least_ms(watch);
	watch->pause_ms = 0;
	if (due_ms < least_ms)
		due_ms = least_ms;
	if (due_ms < watch->due_ms)
		watch->due_ms = due_ms;
}

/* ---- lines ---- */

/* Without memory, or room, the line is left out. */
static bool events_append(struct watch *watch, const struct buffer *line) {
	if (line->error)
		return false;
	watch->events.limit = EVENTS_MOST;
	buffer_append(&watch->events, line->data, line->len);
	bool fits = !watch->events.error;
	watch->events.error = 0;
	return fits;
}

static void events_add(struct watch *watch, const struct item *before, const struct item *after) {
	SCOPED(buffer_free) struct buffer line = {0};
	event_show(watch->kind, before, after, watch->watches->fs->now, &line);
	(void)events_append(watch, &line);
}

static void watch_tell(struct watch *watch) {
	for (struct follower *at = watch->followers, *next; at; at = next) {
		next = at->next;
		if (at->changed)
			at->changed(at);
	}
}

/* The file is another by what only it says: the kernel too is to know. */
static void events_tell(struct watch *watch) {
	struct fs *fs = watch->watches->fs;
	SCOPED(buffer_free) struct buffer path = {0};
	buffer_printf(&path, "%s/events", watch->dir.data);
	struct node *node = path.error ? NULL : node_at(fs->nodes, path.data, path.len);
	if (node)
		kept_forget(fs, node);
	watch_tell(watch);
}

/* As a log that is rotated. Who follows shall find it empty, and begin anew: with more in it already it would read on
 * there, in the midst of a line. */
static void events_end(struct watch *watch) {
	buffer_free(&watch->events);
	events_tell(watch);
}

static void watch_forget(struct watch *watch, const struct item *item) {
	struct fs *fs = watch->watches->fs;
	SCOPED(buffer_free) struct buffer path = {0};
	struct scope scope = watch->scope;
	scope.ids[scope.count++] = item->id;
	store_forget_resource(fs->store, watch->kind, &scope);
	buffer_append(&path, watch->dir.data, watch->dir.len);
	buffer_byte(&path, '/');
	item_path(item, &path);
	if (path.error)
		kept_forget_all(fs);
	else
		kept_forget_resource(fs, path.data, path.len, item->id);
}

/* The same resource in the other listing. Where there are groups an id may stand in several. */
static const struct item *item_in(const struct kind *kind, const struct list *list, const struct item *item) {
	return kind->group ? list_by_name(list, item->group, item->name) : list_by_id(list, item->id);
}

static void watch_changed(struct watch *watch, const struct item *before, const struct item *after) {
	events_add(watch, before, after);
	if (watch->differing++ >= FORGOTTEN_MAX)
		return; /* all is forgotten at the end */
	(void)fs_work(watch->watches->fs, FORGET_WORK);
	watch_forget(watch, after ? after : before);
}

/* One entry of what the round before had, and then of what this one has found: the last line about a name is to tell
 * what bears it. */
static void watch_compare_one(struct watch *watch, size_t index) {
	const struct list *found = watch->found, *seen = watch->seen;
	bool back = index < seen->count;
	const struct list *one = back ? seen : found, *other = back ? found : seen;
	size_t at = back ? index : index - seen->count;
	const struct item *item = &one->items[at];
	/* Mostly it is the very same text, in a page that both have. */
	if (at < other->count && other->items[at].json.text == item->json.text)
		return;
	(void)fs_work(watch->watches->fs, ENTRY_WORK + item->json.len);
	const struct item *same = item_in(watch->kind, other, item);
	if (back && !same && found->whole)
		watch_changed(watch, item, NULL);
	else if (!back && (!same || event_differs(watch->kind, same, item)))
		watch_changed(watch, same, item);
}

static void watch_compared(struct watch *watch) {
	list_release(watch->seen);
	watch->seen = take_pointer(watch->found);
	if (!watch->differing)
		return;
	watch->pause_ms = 0;
	if (watch->differing > FORGOTTEN_MAX) {
		store_forget_below(watch->watches->fs->store, watch->kind, &watch->scope);
		kept_forget_all(watch->watches->fs);
	}
	watch_tell(watch);
}

/* ---- rounds ---- */

static void watch_pause(struct watch *watch) {
	int64_t least_ms = watch_least_ms(watch);
	watch->pause_ms += watch->pause_ms / 2;
	if (watch->pause_ms < least_ms)
		watch->pause_ms = least_ms;
	if (watch->pause_ms > SLOWEST * least_ms)
		watch->pause_ms = SLOWEST * least_ms;
	watch->due_ms = watch->watches->fs->now_ms + watch->pause_ms;
}

/* All look again; who has seen what it waits for leaves. */
static void watchers_resume(struct watch *watch, bool itself) {
	for (struct watcher *at = watch->watchers, *next; at; at = next) {
		next = at->next;
		at->itself = itself;
		at->resume(at);
	}
}

static void watch_round_end(struct watch *watch) {
	watch_pause(watch);
	watchers_resume(watch, false);
}

/* The listing that a round has got, against the one before: in pieces, as both may be long. False: this turn has no
 * time left for it. */
static bool watch_compare(struct watch *watch) {
	const struct list *found = watch->found, *seen = watch->seen;
	struct fs *fs = watch->watches->fs;
	size_t count = seen && seen != found ? found->count + seen->count : 0;
	if (!watch->compared && count && seen->whole && !found->whole && !watch->doubted) {
		/* Pages have shifted while they were read: what is missing need not be gone. */
		watch->doubted = true;
		list_release(take_pointer(watch->found));
		watch_round_end(watch);
		return true;
	}
	for (; watch->compared < count; watch->compared++) {
		if (!fs_work(fs, SAME_WORK))
			return false;
		watch_compare_one(watch, watch->compared);
	}
	for (const struct watcher *at = watch->watchers; at; at = at->next)
		if (!list_by_id(found, at->scope.ids[at->scope.count - 1])) /* its own answer decides */
			store_renew(fs->store, watch->kind, DOC_ITEM, &at->scope);
	watch->doubted = false;
	watch_compared(watch);
	watch_round_end(watch);
	return true;
}

/* What a round's question came to: where nothing is seen, silence is not to mean that nothing happens. */
static void watch_outcome(struct watch *watch, int code, const char *reason) {
	SCOPED(buffer_free) struct buffer line = {0};
	if (code == watch->failing)
		return;
	event_show_asking(watch->failing, code, reason, watch->watches->fs->now, &line);
	if (!events_append(watch, &line))
		return;
	watch->failing = code;
	events_tell(watch);
}

static void watch_ask(struct watch *watch) {
	struct store *store = watch->watches->fs->store;
	struct demand *demand = &watch->demand, look = {.since_ms = demand->since_ms, .peeks = true};
	const struct list *list = NULL, *answer;
	int rc = store_list(store, watch->kind, &watch->scope, demand, &list);
	watch->asking = rc == DEMAND_PARKED;
	if (watch->asking)
		return;
	if (rc) {
		watch_outcome(watch, -rc, demand->error.message);
		watch_round_end(watch);
		return;
	}
	watch->found = list_hold(list);
	watch->compared = watch->differing = 0;
	/* An old list serves where the API gives no answer. */
	rc = store_list(store, watch->kind, &watch->scope, &look, &answer);
	watch_outcome(watch, -rc, look.error.message);
}

static void watch_who(const struct demand *demand, struct cause *ret) {
	const struct watch *watch = (const struct watch *)((const char *)demand - offsetof(struct watch, demand));
	ret->operation = cause_poll;
	buffer_append(&ret->path, watch->dir.data, watch->dir.len);
}

static void watch_resume(struct demand *demand) {
	watch_ask((struct watch *)((char *)demand - offsetof(struct watch, demand)));
}

static void watch_round(struct watch *watch) {
	struct fs *fs = watch->watches->fs;
	watch->began_ms = fs->now_ms;
	if (watch->events.len > EVENTS_BYTES) {
		events_end(watch);
		watch->due_ms = fs->now_ms + WATCH_MS;
		return;
	}
	if (watch_is_cheaper_by_item(watch)) {
		for (const struct watcher *at = watch->watchers; at; at = at->next)
			store_renew(fs->store, watch->kind, DOC_ITEM, &at->scope);
		watch_pause(watch);
		watchers_resume(watch, true);
		return;
	}
	/* What another has fetched since the round before will do. */
	int64_t since_ms = fs->now_ms - watch_least_ms(watch) + 1;
	struct demand look = {.since_ms = since_ms, .peeks = true};
	const struct list *list;
	int rc = store_list(fs->store, watch->kind, &watch->scope, &look, &list);
	if (rc != -EAGAIN && look.fetched_ms < since_ms)
		store_expire_list(fs->store, watch->kind, &watch->scope);
	watch->demand = (struct demand){.since_ms = since_ms, .resume = watch_resume, .who = watch_who, .looks = true};
	watch_ask(watch);
}

bool watches_run(struct watches *watches) {
	bool any = false;
	for (struct watch *watch = watches->first, *next; watch; watch = next) {
		next = watch->next;
		if (watch->found) {
			any |= watch_compare(watch);
		} else if (watch_is_used(watch) && !watch->asking && watch->due_ms <= watches->fs->now_ms) {
			watch_round(watch);
			any = true;
		}
	}
	return any;
}

int watches_wait_ms(const struct watches *watches) {
	int64_t now_ms = watches->fs->now_ms, due_ms = INT64_MAX;
	for (const struct watch *watch = watches->first; watch; watch = watch->next)
		if (watch->found)
			due_ms = now_ms;
		else if (watch_is_used(watch) && !watch->asking && watch->due_ms < due_ms)
			due_ms = watch->due_ms;
	return due_ms == INT64_MAX ? -1 : due_ms > now_ms ? (int)(due_ms - now_ms) : 0;
}

void watch_hurry(struct watches *watches, const struct kind *kind) {
	for (struct watch *watch = watches->first; watch; watch = watch->next)
		if (watch->kind == kind)
			watch_hasten(watch);
}
