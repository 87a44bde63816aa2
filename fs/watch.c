#include "watch_own.h"

#include "../api/scope.h"
#include "kept.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int watches_new(struct fs *fs, struct watches **ret) {
	struct watches *watches = calloc(1, sizeof *watches);
	if (!watches)
		return -ENOMEM;
	watches->fs = fs;
	*ret = watches;
	return 0;
}

bool watch_is_used(const struct watch *watch) {
	return watch->watchers || watch->followers;
}

/* Nobody is there any more: only the lines stay. */
static void watch_rest(struct watch *watch) {
	if (watch_is_used(watch))
		return;
	store_leave(watch->watches->fs->store, &watch->demand);
	watch->asking = watch->doubted = false;
	if (watch->found && watch->differing > FORGOTTEN_MAX) /* what has changed is told in part only */
		kept_forget_all(watch->watches->fs);
	list_release(take_pointer(watch->found));
	list_release(take_pointer(watch->seen));
}

static void watch_free(struct watch *watch) {
	while (watch->watchers)
		watch_leave(watch->watchers);
	while (watch->followers)
		watch_unfollow(watch->followers);
	scope_end(&watch->scope);
	buffer_free(&watch->dir);
	buffer_free(&watch->events);
	free(watch);
}

void watches_free(struct watches *watches) {
	if (!watches)
		return;
	while (watches->first) {
		struct watch *watch = watches->first;
		watches->first = watch->next;
		watch_free(watch);
	}
	free(watches);
}

/* ---- which collection ---- */

static struct watch **watch_find(struct watches *watches, const struct kind *kind, const struct scope *scope) {
	struct watch **at = &watches->first;
	while (*at && ((*at)->kind != kind || !scope_same(&(*at)->scope, scope)))
		at = &(*at)->next;
	return at;
}

/* The one that nobody has used for the longest time goes. False: all are used. */
static bool watches_make_room(struct watches *watches) {
	struct watch **last = NULL;
	for (struct watch **at = &watches->first; *at; at = &(*at)->next)
		if (!watch_is_used(*at))
			last = at;
	if (!last)
		return false;
	struct watch *watch = *last;
	if (watch->events.len) /* its file is empty now */
		kept_forget_all(watches->fs);
	*last = watch->next;
	watches->count--;
	watch_free(watch);
	return true;
}

static int watch_new(struct watches *watches, const struct kind *kind, const struct scope *scope,
	const struct node *dir, struct watch **ret) {
	if (watches->count == WATCHES_MAX && !watches_make_room(watches))
		return -EBUSY;
	struct watch *watch = calloc(1, sizeof *watch);
	if (!watch)
		return -ENOMEM;
	watch->watches = watches;
	watch->kind = kind;
	node_path(dir, &watch->dir);
	int rc = watch->dir.error ? watch->dir.error : scope_copy(scope, scope->count, &watch->scope);
	if (rc) {
		watch_free(watch);
		return rc;
	}
	watches->count++;
	*ret = watch;
	return 0;
}

/* The watch of a collection, made if there is none, where somebody is about to begin. */
static int watch_take(struct watches *watches, const struct kind *kind, const struct scope *scope,
	const struct node *dir, struct watch **ret) {
	struct watch **at = watch_find(watches, kind, scope), *watch = *at;
	int rc = 0;
	if (watch)
		*at = watch->next;
	else
		rc = watch_new(watches, kind, scope, dir, &watch);
	if (rc)
		return rc;
	watch->next = watches->first;
	watches->first = watch;
	if (watch_is_used(watch)) {
		watch_hasten(watch);
	} else {
		/* What changes from now on is told: by what the kernel has was made from, if it is still good, else by
		 * what is asked for at once. */
		struct demand look = {.since_ms = INT64_MAX, .peeks = true};
		const struct list *list;
		if (!store_list(watches->fs->store, kind, &watch->scope, &look, &list))
			watch->seen = list_hold(list);
		watch->pause_ms = 0;
		watch->due_ms = watches->fs->now_ms + (watch->seen ? WATCH_MS : 0);
	}
	*ret = watch;
	return 0;
}

/* ---- who is there ---- */

int watch_await(struct watches *watches, const struct kind *kind, const struct scope *scope, struct node *dir,
	struct watcher *watcher) {
	struct scope above = *scope;
	struct watch *watch;
	if (watcher->watch)
		return 0;
	if (watches->watchers == WATCHERS_MAX)
		return -EBUSY;
	int rc = scope_copy(scope, scope->count, &watcher->scope);
	above.count--;
	if (!rc && (rc = watch_take(watches, kind, &above, dir, &watch)))
		scope_end(&watcher->scope);
	if (rc)
		return rc;
	if (!watch_is_used(watch)) /* what it was judged by may be as old as its TTL */
		watch->due_ms = watches->fs->now_ms;
	watcher->watch = watch;
	watcher->next = watch->watchers;
	watcher->link = &watch->watchers;
	if (watcher->next)
		watcher->next->link = &watcher->next;
	watch->watchers = watcher;
	watches->watchers++;
	return 0;
}

void watch_leave(struct watcher *watcher) {
	struct watch *watch = watcher->watch;
	if (!watch)
		return;
	*watcher->link = watcher->next;
	if (watcher->next)
		watcher->next->link = watcher->link;
	watcher->watch = NULL;
	scope_end(&watcher->scope);
	watch->watches->watchers--;
	watch_rest(watch);
}

int watch_follow(struct watches *watches, const struct kind *kind, const struct scope *scope, struct node *dir,
	struct follower *follower) {
	struct watch *watch;
	int rc = watch_take(watches, kind, scope, dir, &watch);
	if (rc)
		return rc;
	follower->watch = watch;
	follower->next = watch->followers;
	follower->link = &watch->followers;
	if (follower->next)
		follower->next->link = &follower->next;
	watch->followers = follower;
	return 0;
}

void watch_unfollow(struct follower *follower) {
	struct watch *watch = follower->watch;
	if (!watch)
		return;
	*follower->link = follower->next;
	if (follower->next)
		follower->next->link = follower->link;
	follower->watch = NULL;
	watch_rest(watch);
}

/* ---- events ---- */

const struct buffer *watch_events(const struct watches *watches, const struct kind *kind, const struct scope *scope) {
	const struct watch *watch = *watch_find((struct watches *)(uintptr_t)watches, kind, scope);
	return watch ? &watch->events : NULL;
}

const struct buffer *follower_events(const struct follower *follower) {
	return &follower->watch->events;
}
