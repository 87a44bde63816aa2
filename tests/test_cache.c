/* The cache alone: a fake owner that keeps the fetches and ends them when a test says so. */
#include "alloc.h"
#include "cache/cache.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* ---- the fake owner ---- */

enum { PENDING_MAX = 4096, DOCS_MAX = 65536 };

struct owner {
	struct cache *cache;
	struct cache_fetch *pending[PENDING_MAX];
	size_t pending_count;
	size_t docs_live;
	bool finish_at_once;
};

static void owner_fetch(void *user, const char *key, struct cache_fetch *fetch) {
	struct owner *owner = user;

	assert_string_equal(key, cache_fetch_key(fetch));
	if (owner->finish_at_once) {
		cache_finish(owner->cache, fetch, ENOMEM, NULL, 0, 0);
		return;
	}
	assert_true(owner->pending_count < PENDING_MAX);
	owner->pending[owner->pending_count++] = fetch;
}

static void owner_release(void *user, void *document) {
	struct owner *owner = user;

	owner->docs_live--;
	alloc_test_free(document);
}

static void owner_open(struct owner *owner, size_t limit_bytes) {
	struct cache_ops ops = {.fetch = owner_fetch, .release = owner_release, .user = owner};

	memset(owner, 0, sizeof(*owner));
	assert_int_equal(cache_new(&ops, limit_bytes, &owner->cache), 0);
}

static void owner_close(struct owner *owner) {
	cache_free(owner->cache);
	assert_int_equal(owner->docs_live, 0);
}

static struct cache_fetch *owner_take(struct owner *owner, size_t index) {
	struct cache_fetch *fetch = owner->pending[index];

	assert_true(index < owner->pending_count);
	owner->pending_count--;
	memmove(&owner->pending[index], &owner->pending[index + 1], (owner->pending_count - index) * sizeof(fetch));
	return fetch;
}

static char *owner_document(struct owner *owner, const char *text) {
	char *document = alloc_test_strdup(text);

	assert_non_null(document);
	owner->docs_live++;
	return document;
}

static void owner_finish(struct owner *owner, size_t index, int code, const char *text, int64_t expires_ms) {
	struct cache_fetch *fetch = owner_take(owner, index);

	cache_finish(owner->cache, fetch, code, text ? owner_document(owner, text) : NULL, text ? strlen(text) : 0,
		expires_ms);
}

/* Somebody who waits, notes what came, and may do more inside `done`. */
struct client {
	struct cache_waiter waiter; /* first */
	struct owner *owner;
	int served, code;
	char text[64];
	void (*then)(struct client *client, const struct cache_result *result);
	const char *key;
	int64_t since_ms;
	struct client *other;
	bool peeked;
	struct cache_result found;
	char found_text[64];
};

static void client_done(struct cache_waiter *waiter, const struct cache_result *result) {
	struct client *client = (struct client *)waiter;

	client->served++;
	client->code = result->code;
	snprintf(client->text, sizeof(client->text), "%s", result->document ? (const char *)result->document : "");
	if (client->then)
		client->then(client, result);
}

static void client_peek(struct client *client, const struct cache_result *result) {
	(void)result;
	client->peeked = cache_peek(client->owner->cache, client->key, 1000000, client->since_ms, &client->found);
	if (client->peeked)
		snprintf(client->found_text, sizeof(client->found_text), "%s",
			client->found.document ? (const char *)client->found.document : "");
}

static void client_wait(struct client *client, struct owner *owner, const char *key, int64_t now_ms) {
	client->owner = owner;
	client->key = key;
	client->waiter.done = client_done;
	assert_int_equal(cache_wait(owner->cache, key, now_ms, &client->waiter), 0);
}

static void assert_peek(struct owner *owner, const char *key, int64_t now_ms, int64_t since_ms, const char *text) {
	struct cache_result result;

	if (!text) {
		assert_false(cache_peek(owner->cache, key, now_ms, since_ms, &result));
		return;
	}
	assert_true(cache_peek(owner->cache, key, now_ms, since_ms, &result));
	assert_string_equal(result.document, text);
}

/* Fetches a key and keeps it. */
static void owner_keep(struct owner *owner, const char *key, const char *text, int64_t now_ms, int64_t expires_ms) {
	struct client client = {0};

	client_wait(&client, owner, key, now_ms);
	owner_finish(owner, owner->pending_count - 1, 0, text, expires_ms);
	assert_true(cache_run(owner->cache));
	assert_int_equal(client.served, 1);
}

/* ---- the tests ---- */

static void test_ttl(void **state) {
	struct owner owner;

	(void)state;
	owner_open(&owner, 1 << 20);
	assert_peek(&owner, "a", 0, 0, NULL);
	owner_keep(&owner, "a", "one", 100, 200);
	assert_peek(&owner, "a", 199, 150, "one");
	assert_peek(&owner, "a", 200, 150, NULL);
	assert_peek(&owner, "a", 200, 100, "one");
	assert_peek(&owner, "b", 150, 100, NULL);
	owner_keep(&owner, "a", "two", 300, 400);
	assert_peek(&owner, "a", 350, 350, "two");
	owner_close(&owner);
}

static void test_since_when(void **state) {
	struct owner owner;
	struct client client = {0};
	int64_t since_ms = -1;

	(void)state;
	owner_open(&owner, 1 << 20);
	assert_false(cache_fetching(owner.cache, "a", &since_ms));
	client_wait(&client, &owner, "a", 10);
	client_wait(&client, &owner, "a", 20); /* joins */
	assert_true(cache_fetching(owner.cache, "a", &since_ms));
	assert_int_equal(since_ms, 10);
	assert_false(cache_fetching(owner.cache, "b", &since_ms));
	cache_forget(owner.cache, "a");
	assert_false(cache_fetching(owner.cache, "a", &since_ms)); /* nobody joins that one */
	owner_finish(&owner, 0, 0, "one", 100);
	owner_keep(&owner, "a", "two", 30, 100);
	assert_false(cache_fetching(owner.cache, "a", &since_ms));
	owner_close(&owner);
}

static void test_one_fetch_for_all(void **state) {
	struct client clients[1000] = {0};
	struct cache_stats stats;
	struct owner owner;

	(void)state;
	owner_open(&owner, 1 << 20);
	for (size_t i = 0; i < 1000; i++)
		client_wait(&clients[i], &owner, "a", (int64_t)i);
	assert_int_equal(owner.pending_count, 1);
	owner_finish(&owner, 0, 0, "one", 5000);
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(clients[i].served, 0);
	assert_true(cache_run(owner.cache));
	assert_false(cache_run(owner.cache));
	for (size_t i = 0; i < 1000; i++) {
		assert_int_equal(clients[i].served, 1);
		assert_string_equal(clients[i].text, "one");
	}
	cache_stats(owner.cache, &stats);
	assert_int_equal(stats.fetches, 1);
	assert_int_equal(stats.joined, 999);
	assert_int_equal(stats.fetching, 0);
	assert_int_equal(stats.entries, 1);
	owner_close(&owner);
}

/* Who waited may use the result at a TTL of 0, also who joined late; who begins later may not. */
static void test_ttl_zero(void **state) {
	struct client first = {.then = client_peek, .since_ms = 100}, late = {.then = client_peek, .since_ms = 150};
	struct owner owner;

	(void)state;
	owner_open(&owner, 1 << 20);
	client_wait(&first, &owner, "a", 100);
	client_wait(&late, &owner, "a", 150);
	owner_finish(&owner, 0, 0, "one", 0);
	assert_true(cache_run(owner.cache));
	assert_true(first.peeked);
	assert_true(late.peeked);
	assert_string_equal(late.found_text, "one");
	assert_peek(&owner, "a", 160, 150, NULL);
	/* One that began before the fetch and comes back from another document finds it still. */
	assert_peek(&owner, "a", 160, 90, "one");
	owner_close(&owner);
}

/* An operation that needs two documents, and was served by fetches that began before it, ends after at most two rounds.
 */
struct pair {
	struct client client; /* first */
	int64_t now_ms;
	bool complete;
};

static void pair_resume(struct client *client, const struct cache_result *result) {
	static const char *const keys[] = {"a", "b"};
	struct pair *pair = (struct pair *)client;
	struct cache_result found;

	(void)result;
	for (size_t i = 0; i < 2; i++)
		if (!cache_peek(client->owner->cache, keys[i], pair->now_ms, client->since_ms, &found)) {
			client_wait(client, client->owner, keys[i], pair->now_ms);
			return;
		}
	pair->complete = true;
}

static void test_two_documents_without_ttl(void **state) {
	struct client others[2] = {0};
	struct pair pair = {.client = {.then = pair_resume, .since_ms = 100}, .now_ms = 100};
	struct cache_stats stats;
	struct owner owner;
	int rounds = 0;

	(void)state;
	owner_open(&owner, 1 << 20);
	client_wait(&others[0], &owner, "a", 50);
	client_wait(&others[1], &owner, "b", 60);
	pair.client.owner = &owner;
	pair_resume(&pair.client, NULL);
	while (!pair.complete) {
		assert_true(rounds++ < 6);
		pair.now_ms += 10;
		owner_finish(&owner, 0, 0, "text", 0);
		while (cache_run(owner.cache))
			;
	}
	cache_stats(owner.cache, &stats);
	assert_true(stats.fetches <= 4);
	cache_leave(owner.cache, &others[1].waiter);
	owner_close(&owner);
}

/* A change forgets the key while it is being fetched: who waited is served, nobody who begins later sees it. */
static void test_detach(void **state) {
	struct client before = {.then = client_peek, .since_ms = 100}, after = {.then = client_peek, .since_ms = 200};
	struct cache_stats stats;
	struct owner owner;

	(void)state;
	owner_open(&owner, 1 << 20);
	client_wait(&before, &owner, "a", 100);
	cache_forget(owner.cache, "a");
	client_wait(&after, &owner, "a", 200);
	assert_int_equal(owner.pending_count, 2);
	owner_finish(&owner, 0, 0, "old", 100000);
	assert_peek(&owner, "a", 210, 0, NULL);
	cache_run(owner.cache);
	assert_int_equal(before.served, 1);
	assert_true(before.peeked);
	assert_string_equal(before.found_text, "old");
	assert_int_equal(after.served, 0);
	assert_peek(&owner, "a", 210, 0, NULL);
	owner_finish(&owner, 0, 0, "new", 100000);
	cache_run(owner.cache);
	assert_string_equal(after.text, "new");
	assert_string_equal(after.found_text, "new");
	assert_peek(&owner, "a", 300, 300, "new");
	cache_stats(owner.cache, &stats);
	assert_int_equal(stats.detached, 1);
	owner_close(&owner);
}

/* The detached one ends last: it must not replace the newer, and its waiter finds the newer. */
static void test_detached_ends_last(void **state) {
	struct client before = {.then = client_peek, .since_ms = 100}, after = {0};
	struct owner owner;

	(void)state;
	owner_open(&owner, 1 << 20);
	client_wait(&before, &owner, "a", 100);
	cache_forget_prefix(owner.cache, "");
	client_wait(&after, &owner, "a", 200);
	owner_finish(&owner, 1, 0, "new", 2000000);
	cache_run(owner.cache);
	assert_string_equal(after.text, "new");
	owner_finish(&owner, 0, 0, "old", 2000000);
	cache_run(owner.cache);
	assert_string_equal(before.text, "old");
	assert_string_equal(before.found_text, "new");
	assert_peek(&owner, "a", 300, 0, "new");
	owner_close(&owner);
}

/* Forgotten between its end and the serving. */
static void test_forget_before_serving(void **state) {
	struct client before = {.then = client_peek, .since_ms = 150}, after = {0};
	struct owner owner;

	(void)state;
	owner_open(&owner, 1 << 20);
	client_wait(&before, &owner, "a", 100);
	owner_finish(&owner, 0, 0, "old", 100000);
	cache_forget(owner.cache, "a");
	assert_peek(&owner, "a", 200, 0, NULL);
	client_wait(&after, &owner, "a", 200);
	assert_int_equal(owner.pending_count, 1);
	cache_run(owner.cache);
	assert_string_equal(before.text, "old");
	assert_string_equal(before.found_text, "old");
	assert_int_equal(after.served, 0);
	owner_finish(&owner, 0, 0, "new", 100000);
	cache_run(owner.cache);
	assert_string_equal(after.text, "new");
	owner_close(&owner);
}

static void then_forget(struct client *client, const struct cache_result *result) {
	cache_forget(client->owner->cache, client->key);
	client_peek(client, result);
	/* The result is lent to the end of `done`. */
	assert_string_equal(result->document, "one");
}

static void then_forget_prefix(struct client *client, const struct cache_result *result) {
	(void)result;
	cache_forget_prefix(client->owner->cache, client->other ? "b" : "a");
	client_peek(client, result);
}

/* Forgotten by its prefix it is not found by who did that, as below; by another's prefix it is not forgotten. */
static void test_forget_prefix_inside_done(void **state) {
	(void)state;
	for (int other = 0; other < 2; other++) {
		struct client first = {.then = then_forget_prefix}, second = {.then = client_peek};
		struct owner owner;

		first.other = other ? &second : NULL;
		owner_open(&owner, 1 << 20);
		client_wait(&first, &owner, "ab", 100);
		client_wait(&second, &owner, "ab", 100);
		owner_finish(&owner, 0, 0, "one", 2000000);
		cache_run(owner.cache);
		assert_int_equal(first.peeked, other);
		assert_true(second.peeked); /* it waited for this very result */
		assert_string_equal(second.text, "one");
		owner_close(&owner);
	}
}

/* Forgotten by a waiter: it does not find it any more, the others are served with it. */
static void test_forget_inside_done(void **state) {
	struct client first = {.then = then_forget}, second = {.then = client_peek};
	struct owner owner;

	(void)state;
	owner_open(&owner, 1 << 20);
	client_wait(&first, &owner, "a", 100);
	client_wait(&second, &owner, "a", 100);
	owner_finish(&owner, 0, 0, "one", 2000000);
	cache_run(owner.cache);
	assert_false(first.peeked);
	assert_int_equal(second.served, 1);
	assert_string_equal(second.text, "one");
	assert_true(second.peeked);
	assert_peek(&owner, "a", 200, 0, NULL);
	owner_close(&owner);
}

static void then_wait_again(struct client *client, const struct cache_result *result) {
	(void)result;
	if (client->served < 3)
		client_wait(client, client->owner, client->key, 500);
}

static void then_leave_other(struct client *client, const struct cache_result *result) {
	(void)result;
	cache_leave(client->owner->cache, &client->other->waiter);
	assert_false(cache_run(client->owner->cache));
}

static void test_reentrancy(void **state) {
	struct client again = {.then = then_wait_again}, leaver = {.then = then_leave_other}, left = {0}, last = {0};
	struct owner owner;

	(void)state;
	owner_open(&owner, 1 << 20);
	leaver.other = &left;
	client_wait(&again, &owner, "a", 100);
	client_wait(&leaver, &owner, "a", 100);
	client_wait(&left, &owner, "a", 100);
	client_wait(&last, &owner, "a", 100);
	for (int i = 1; i <= 3; i++) {
		assert_int_equal(owner.pending_count, 1);
		owner_finish(&owner, 0, 0, "one", 0);
		assert_true(cache_run(owner.cache));
		assert_int_equal(again.served, i);
	}
	assert_int_equal(owner.pending_count, 0);
	assert_int_equal(left.served, 0);
	assert_int_equal(last.served, 1);
	owner_close(&owner);
}

static void test_leave(void **state) {
	struct client one = {0}, two = {0}, never = {0};
	struct owner owner;

	(void)state;
	owner_open(&owner, 1 << 20);
	client_wait(&one, &owner, "a", 100);
	client_wait(&two, &owner, "a", 100);
	cache_leave(owner.cache, &one.waiter);
	cache_leave(owner.cache, &one.waiter);
	cache_leave(owner.cache, &never.waiter);
	cache_leave(owner.cache, &two.waiter);
	/* The fetch goes on and its result is kept. */
	owner_finish(&owner, 0, 0, "one", 500);
	cache_run(owner.cache);
	assert_int_equal(one.served + two.served, 0);
	assert_peek(&owner, "a", 400, 400, "one");
	/* Waiting for another key ends the waiting for the first. */
	client_wait(&one, &owner, "b", 500);
	client_wait(&one, &owner, "c", 500);
	owner_finish(&owner, 0, 0, "b", 900);
	owner_finish(&owner, 0, 0, "c", 900);
	cache_run(owner.cache);
	assert_int_equal(one.served, 1);
	assert_string_equal(one.text, "c");
	owner_close(&owner);
}

/* Joined between the end of the fetch and its serving. */
static void test_join_finished(void **state) {
	struct client one = {0}, two = {0};
	struct owner owner;

	(void)state;
	owner_open(&owner, 1 << 20);
	client_wait(&one, &owner, "a", 100);
	owner_finish(&owner, 0, 0, "one", 0);
	client_wait(&two, &owner, "a", 110);
	assert_int_equal(owner.pending_count, 0);
	cache_run(owner.cache);
	assert_int_equal(one.served, 1);
	assert_int_equal(two.served, 1);
	owner_close(&owner);
}

static void test_failures(void **state) {
	struct client client = {.then = client_peek, .since_ms = 300}, gone = {.then = client_peek, .since_ms = 500};
	struct cache_result result;
	struct owner owner;

	(void)state;
	owner_open(&owner, 1 << 20);
	owner_keep(&owner, "a", "good", 100, 2000000);
	/* Not kept: its waiter finds it, all others the document as before. */
	client_wait(&client, &owner, "a", 300);
	owner_finish(&owner, 0, EREMOTEIO, "reason", 0);
	cache_run(owner.cache);
	assert_int_equal(client.code, EREMOTEIO);
	assert_true(client.peeked);
	assert_int_equal(client.found.code, EREMOTEIO);
	assert_string_equal(client.found_text, "reason");
	assert_peek(&owner, "a", 350, 350, "good");
	/* Expired, the document is out of the question; the failure is for who began before it only. */
	assert_true(cache_peek(owner.cache, "a", 3000000, 300, &result));
	assert_int_equal(result.code, EREMOTEIO);
	assert_false(cache_peek(owner.cache, "a", 3000000, 301, &result));
	/* A negative answer replaces it. */
	client_wait(&gone, &owner, "a", 500);
	owner_finish(&owner, 0, ENOENT, NULL, 600);
	cache_run(owner.cache);
	assert_int_equal(gone.found.code, ENOENT);
	assert_true(cache_peek(owner.cache, "a", 599, 599, &result));
	assert_int_equal(result.code, ENOENT);
	assert_null(result.document);
	assert_false(cache_peek(owner.cache, "a", 600, 600, &result));
	/* And a good one replaces that. */
	owner_keep(&owner, "a", "back", 700, 2000000);
	assert_peek(&owner, "a", 800, 800, "back");
	owner_close(&owner);
}

static void test_finish_at_once(void **state) {
	struct client client = {.then = client_peek};
	struct owner owner;

	(void)state;
	owner_open(&owner, 1 << 20);
	owner.finish_at_once = true;
	client_wait(&client, &owner, "a", 100);
	assert_int_equal(client.served, 0);
	assert_true(cache_run(owner.cache));
	assert_int_equal(client.code, ENOMEM);
	assert_true(client.peeked);
	owner_close(&owner);
}

static void test_forget_prefix(void **state) {
	struct owner owner;

	(void)state;
	owner_open(&owner, 1 << 20);
	owner_keep(&owner, "x/1", "1", 100, 1000);
	owner_keep(&owner, "x/2", "2", 100, 1000);
	owner_keep(&owner, "y/1", "3", 100, 1000);
	cache_forget_prefix(owner.cache, "x/");
	assert_peek(&owner, "x/1", 200, 0, NULL);
	assert_peek(&owner, "x/2", 200, 0, NULL);
	assert_peek(&owner, "y/1", 200, 0, "3");
	cache_forget(owner.cache, "y");
	assert_peek(&owner, "y/1", 200, 0, "3");
	cache_forget_prefix(owner.cache, "");
	assert_peek(&owner, "y/1", 200, 0, NULL);
	owner_close(&owner);
}

static void test_bound(void **state) {
	struct cache_stats stats;
	struct owner owner;
	char big[9000], key[16];

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	owner_open(&owner, 5000);
	for (int i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), "%d", i);
		owner_keep(&owner, key, "text", 100, 1000);
		/* This one is used all the time. */
		assert_peek(&owner, "0", 200, 200, "text");
		cache_stats(owner.cache, &stats);
		assert_true(stats.bytes <= 5000);
	}
	assert_true(stats.entries > 4 && stats.entries < 100);
	assert_int_equal(stats.evicted, 100 - stats.entries);
	assert_peek(&owner, "1", 200, 200, NULL);
	assert_peek(&owner, "99", 200, 200, "text");
	/* Too large to be kept: its waiter is served, the others stay. */
	owner_keep(&owner, "big", big, 100, 1000);
	assert_peek(&owner, "big", 200, 0, NULL);
	assert_peek(&owner, "99", 200, 200, "text");
	cache_forget_prefix(owner.cache, "");
	cache_stats(owner.cache, &stats);
	assert_int_equal(stats.bytes, 0);
	assert_int_equal(stats.entries, 0);
	owner_close(&owner);
}

static void test_many_keys(void **state) {
	enum { KEYS = 20000 };
	struct owner owner;
	char key[32];

	(void)state;
	owner_open(&owner, 64 << 20);
	for (int i = 0; i < KEYS; i++) {
		snprintf(key, sizeof(key), "orgs/o/%d", i);
		owner_keep(&owner, key, key, 100, 1000);
	}
	for (int i = 0; i < KEYS; i++) {
		snprintf(key, sizeof(key), "orgs/o/%d", i);
		assert_peek(&owner, key, 500, 500, key);
	}
	owner_close(&owner);
}

static void test_free_half_way(void **state) {
	struct client one = {0}, two = {0}, three = {0};
	struct owner owner;

	(void)state;
	cache_free(NULL);
	owner_open(&owner, 1 << 20);
	client_wait(&one, &owner, "a", 100);
	client_wait(&two, &owner, "b", 100);
	owner_finish(&owner, 0, 0, "one", 1000);
	client_wait(&three, &owner, "c", 100);
	cache_forget(owner.cache, "c");
	owner_close(&owner);
	assert_int_equal(one.served + two.served + three.served, 0);
	assert_null(one.waiter.fetch);
	assert_null(two.waiter.fetch);
}

/*
 * Random operations against the promises: each waiter is served once and never with what was fetched before a forget
 * that it came after; no peek outside `done` finds such a thing; every document is released.
 */
enum { MODEL_KEYS = 6, MODEL_CLIENTS = 40 };

struct model {
	struct owner owner;
	unsigned forgets[MODEL_KEYS];
	int64_t now_ms;
	unsigned random;
};

struct model_client {
	struct cache_waiter waiter; /* first */
	struct model *model;
	unsigned key, forgets_seen;
	int64_t since_ms;
	bool waiting;
};

static unsigned model_random(struct model *model, unsigned below) {
	model->random = model->random * 1103515245u + 12345u;
	return (model->random >> 16) % below;
}

static const char *model_key(unsigned key) {
	static const char *const keys[MODEL_KEYS] = {"a/1", "a/2", "b/1", "b/2", "c", ""};

	return keys[key];
}

/* A document says how often its key had been forgotten when its fetch began. */
static void model_check(const struct cache_result *result, unsigned key, unsigned forgets) {
	unsigned doc_key, doc_forgets;

	if (!result->document)
		return;
	assert_int_equal(sscanf(result->document, "%u %u", &doc_key, &doc_forgets), 2);
	assert_int_equal(doc_key, key);
	assert_true(doc_forgets >= forgets);
}

static void model_forget(struct model *model, unsigned key) {
	model->forgets[key]++;
	cache_forget(model->owner.cache, model_key(key));
}

static void model_forget_prefix(struct model *model, const char *prefix) {
	for (unsigned key = 0; key < MODEL_KEYS; key++)
		model->forgets[key] += strncmp(model_key(key), prefix, strlen(prefix)) == 0;
	cache_forget_prefix(model->owner.cache, prefix);
}

static void model_wait(struct model_client *client);

static void model_done(struct cache_waiter *waiter, const struct cache_result *result) {
	struct model_client *client = (struct model_client *)waiter;
	struct model *model = client->model;
	struct cache_result found;

	assert_true(client->waiting);
	client->waiting = false;
	model_check(result, client->key, client->forgets_seen);
	assert_true(cache_peek(model->owner.cache, model_key(client->key), model->now_ms, client->since_ms, &found));
	assert_true(found.fetched_ms >= result->fetched_ms);
	model_check(&found, client->key, client->forgets_seen);
	if (model_random(model, 8) == 0) {
		model_forget(model, client->key);
		assert_false(cache_peek(model->owner.cache, model_key(client->key), model->now_ms, 0, &found));
	}
	if (model_random(model, 4) == 0)
		model_wait(client);
}

static void model_wait(struct model_client *client) {
	struct model *model = client->model;

	if (client->waiting)
		return;
	client->key = model_random(model, MODEL_KEYS);
	client->forgets_seen = model->forgets[client->key];
	client->since_ms = model->now_ms;
	client->waiter.done = model_done;
	client->waiting = cache_wait(model->owner.cache, model_key(client->key), model->now_ms, &client->waiter) == 0;
}

/* The fetch begins in cache_wait(): what its document will say is noted then, in `began`. */
static struct {
	struct cache_fetch *fetch;
	unsigned key, forgets;
} began[PENDING_MAX];

static void model_fetch(void *user, const char *key, struct cache_fetch *fetch) {
	struct owner *owner = user;
	struct model *model = (struct model *)owner;
	unsigned index = 0;

	if (*key == 'z') { /* of those that only are many */
		owner_fetch(user, key, fetch);
		return;
	}
	while (strcmp(model_key(index), key))
		index++;
	for (size_t i = 0; i < PENDING_MAX; i++)
		if (!began[i].fetch) {
			began[i].fetch = fetch;
			began[i].key = index;
			began[i].forgets = model->forgets[index];
			break;
		}
	owner_fetch(user, key, fetch);
}

static void model_finish(struct model *model) {
	struct owner *owner = &model->owner;
	struct cache_fetch *fetch;
	char text[64] = "";
	bool fail = model_random(model, 4) == 0;
	int64_t expires_ms = model_random(model, 2) ? 0 : model->now_ms + model_random(model, 50);

	if (!owner->pending_count)
		return;
	fetch = owner_take(owner, model_random(model, (unsigned)owner->pending_count));
	for (size_t i = 0; i < PENDING_MAX; i++)
		if (began[i].fetch == fetch) {
			snprintf(text, sizeof(text), "%u %u", began[i].key, began[i].forgets);
			began[i].fetch = NULL;
		}
	cache_finish(owner->cache, fetch, fail ? EREMOTEIO : 0, owner_document(owner, text), 100, expires_ms);
}

/* So many results of other keys that what is forgotten is only marked. */
static void fill(struct owner *owner, const char *prefix, size_t count) {
	for (size_t i = 0; i < count; i++) {
		struct cache_waiter nobody = {0};
		char key[32];

		snprintf(key, sizeof(key), "%s%zu", prefix, i);
		assert_int_equal(cache_wait(owner->cache, key, 0, &nobody), 0);
		cache_leave(owner->cache, &nobody);
		cache_finish(owner->cache, owner_take(owner, owner->pending_count - 1), 0, owner_document(owner, key),
			100, INT64_MAX);
	}
	while (cache_run(owner->cache))
		;
}

static void test_model(void **state) {
	static const char *const prefixes[] = {"a/", "b/", "b", "c", "", "z5"};
	static struct model_client clients[MODEL_CLIENTS];
	static struct model model;

	(void)state;
	for (unsigned seed = 1; seed <= 60; seed++) {
		struct cache_ops ops = {.fetch = model_fetch, .release = owner_release, .user = &model.owner};
		struct cache_result found;

		memset(&model, 0, sizeof(model));
		memset(clients, 0, sizeof(clients));
		model.random = seed;
		assert_int_equal(cache_new(&ops, seed % 3 ? 1 << 20 : 1500, &model.owner.cache), 0);
		if (seed % 3 == 1)
			fill(&model.owner, "z", 1500);
		for (int step = 0; step < 3000; step++) {
			struct model_client *client = &clients[model_random(&model, MODEL_CLIENTS)];
			unsigned key = model_random(&model, MODEL_KEYS);

			client->model = &model;
			model.now_ms += model_random(&model, 3);
			switch (model_random(&model, 8)) {
			case 0:
			case 1:
			case 2:
				model_wait(client);
				break;
			case 3:
				cache_leave(model.owner.cache, &client->waiter);
				client->waiting = false;
				break;
			case 4:
				model_finish(&model);
				break;
			case 5:
				cache_run(model.owner.cache);
				break;
			case 6:
				if (model_random(&model, 4) == 0)
					model_forget(&model, key);
				if (model_random(&model, 8) == 0)
					model_forget_prefix(&model, prefixes[model_random(&model, 6)]);
				if (model_random(&model, 4) == 0)
					cache_tidy(model.owner.cache, model_random(&model, 400));
				break;
			default:
				if (cache_peek(model.owner.cache, model_key(key), model.now_ms,
					    model.now_ms - model_random(&model, 40), &found))
					model_check(&found, key, model.forgets[key]);
				break;
			}
		}
		while (model.owner.pending_count)
			model_finish(&model);
		while (cache_run(model.owner.cache))
			while (model.owner.pending_count)
				model_finish(&model);
		for (size_t i = 0; i < MODEL_CLIENTS; i++)
			assert_false(clients[i].waiting);
		owner_close(&model.owner);
	}
}

/* ---- very many results ---- */

static bool is_found(struct owner *owner, const char *key) {
	struct cache_result found;

	return cache_peek(owner->cache, key, 1, 0, &found);
}

static size_t entries_of(const struct owner *owner) {
	struct cache_stats stats;

	cache_stats(owner->cache, &stats);
	return stats.entries;
}

static void test_many_forgotten(void **state) {
	struct owner owner;
	struct client fetching = {0};

	(void)state;
	owner_open(&owner, 1 << 30);
	fill(&owner, "a/", 3000);
	fill(&owner, "b/", 2000);
	client_wait(&fetching, &owner, "a/new", 1);
	assert_true(cache_is_tidy(owner.cache));

	/* At once nobody finds it any more, and it is freed later. */
	cache_forget_prefix(owner.cache, "a/");
	assert_true(entries_of(&owner) > 4000);
	assert_false(cache_is_tidy(owner.cache));
	for (int i = 0; i < 3000; i += 100) {
		char key[16];

		snprintf(key, sizeof(key), "a/%d", i);
		assert_false(is_found(&owner, key));
		key[0] = 'b';
		assert_int_equal(is_found(&owner, key), i < 2000);
	}
	/* The fetch that was under way is detached: its result serves who waits, and is not kept. */
	owner_finish(&owner, 0, 0, "old", INT64_MAX);
	cache_run(owner.cache);
	assert_int_equal(fetching.served, 1);
	assert_false(is_found(&owner, "a/new"));
	/* What comes after it under such a key is as good as any, also under one that has an old result still. */
	fill(&owner, "a/1", 5);
	fill(&owner, "a/new", 2);
	assert_true(is_found(&owner, "a/14") && is_found(&owner, "a/new1"));
	assert_false(is_found(&owner, "a/15"));
	/* The same prefix again, in the middle of it. */
	cache_tidy(owner.cache, 500);
	assert_true(is_found(&owner, "a/14"));
	cache_forget_prefix(owner.cache, "a/1");
	cache_forget_prefix(owner.cache, "a/1");
	assert_false(is_found(&owner, "a/14"));
	assert_true(is_found(&owner, "a/new1"));
	fill(&owner, "a/1", 5);
	for (size_t before = entries_of(&owner), calls = 0; cache_tidy(owner.cache, 500); calls++) {
		size_t now = entries_of(&owner);

		assert_true(before - now <= 500);
		assert_true(calls < 100);
		before = now;
	}
	assert_true(cache_is_tidy(owner.cache));
	assert_int_equal(entries_of(&owner), 2000 + 5 + 2);
	assert_int_equal(owner.docs_live, 2000 + 5 + 2);
	assert_true(is_found(&owner, "a/14") && is_found(&owner, "a/new1") && is_found(&owner, "b/1999"));
	cache_forget_prefix(owner.cache, "");
	assert_false(is_found(&owner, "a/14"));
	owner_close(&owner);
}

/* A failure beside what was forgotten stands alone. */
static void test_many_forgotten_failure(void **state) {
	struct owner owner;
	struct client client = {0};
	struct cache_result found;

	(void)state;
	owner_open(&owner, 1 << 30);
	fill(&owner, "a/", 3000);
	cache_forget_prefix(owner.cache, "a/");
	client_wait(&client, &owner, "a/7", 5);
	owner_finish(&owner, 0, EREMOTEIO, "reason", 0);
	cache_run(owner.cache);
	assert_int_equal(client.code, EREMOTEIO);
	assert_false(cache_peek(owner.cache, "a/7", 6, 6, &found));
	assert_true(cache_peek(owner.cache, "a/7", 6, 5, &found));
	assert_int_equal(found.code, EREMOTEIO);
	assert_false(cache_peek_expired(owner.cache, "a/7", INT64_MIN, &found));
	owner_close(&owner);
}

/* More prefixes than can be remembered, and a table that grows meanwhile. */
static void test_many_forgets(void **state) {
	struct owner owner;

	(void)state;
	owner_open(&owner, 1 << 30);
	fill(&owner, "a/", 3000);
	for (int i = 0; i < 20; i++) {
		char prefix[16], key[16];

		snprintf(prefix, sizeof(prefix), "a/%d", 50 + i);
		snprintf(key, sizeof(key), "a/%d7", 50 + i);
		assert_true(is_found(&owner, key));
		cache_forget_prefix(owner.cache, prefix);
		assert_false(is_found(&owner, key));
		cache_tidy(owner.cache, 10);
	}
	assert_true(is_found(&owner, "a/707") && is_found(&owner, "a/49"));
	fill(&owner, "b/", 9000);
	while (cache_tidy(owner.cache, 1000))
		;
	/* Of the twenty: themselves, and ten each that begin so. */
	assert_int_equal(entries_of(&owner), 3000 - 20 * 11 + 9000);
	owner_close(&owner);
}

/* One that needs the room of very many. */
static void test_many_evicted(void **state) {
	struct owner owner;
	struct client client = {0};
	struct cache_stats stats;
	size_t calls = 0;

	(void)state;
	owner_open(&owner, 4 << 20);
	fill(&owner, "a/", 8000);
	client_wait(&client, &owner, "large", 1);
	cache_finish(
		owner.cache, owner_take(&owner, 0), 0, owner_document(&owner, "large"), (4 << 20) - 4096, INT64_MAX);
	assert_false(cache_is_tidy(owner.cache));
	assert_true(entries_of(&owner) > 6000);
	cache_run(owner.cache);
	assert_int_equal(client.served, 1);
	for (; cache_tidy(owner.cache, 1000); calls++)
		assert_true(calls < 100);
	assert_true(calls > 3);
	cache_stats(owner.cache, &stats);
	assert_true(stats.bytes <= 4 << 20);
	assert_true(stats.entries > 1 && stats.entries < 30);
	assert_true(is_found(&owner, "large") && is_found(&owner, "a/7999"));
	assert_false(is_found(&owner, "a/0"));
	owner_close(&owner);
}

/* Without memory to remember what is forgotten it is dropped at once. */
static void test_many_forgotten_no_memory(void **state) {
	struct owner owner;

	(void)state;
	owner_open(&owner, 1 << 30);
	fill(&owner, "a/", 3000);
	fill(&owner, "b/", 10);
	alloc_arm(1);
	cache_forget_prefix(owner.cache, "a/");
	assert_true(alloc_disarm());
	assert_true(cache_is_tidy(owner.cache));
	assert_int_equal(entries_of(&owner), 10);
	assert_false(is_found(&owner, "a/7"));
	owner_close(&owner);
}

/* The n-th allocation fails, for every n: each waiter that was accepted is served once, nothing leaks. */
static void test_no_memory(void **state) {
	enum { KEYS = 150, CLIENTS = 300 };
	static struct client clients[CLIENTS];
	static struct owner owner;
	bool failed = true;

	(void)state;
	for (size_t n = 1; failed; n++) {
		struct cache_ops ops = {.fetch = owner_fetch, .release = owner_release, .user = &owner};
		bool accepted[CLIENTS] = {false};
		int rc;

		memset(clients, 0, sizeof(clients));
		memset(&owner, 0, sizeof(owner));
		alloc_arm(n);
		rc = cache_new(&ops, 1 << 20, &owner.cache);
		assert_true(rc == 0 || rc == -ENOMEM);
		for (size_t i = 0; rc == 0 && i < CLIENTS; i++) {
			char key[16];

			snprintf(key, sizeof(key), "k%zu", i % KEYS);
			clients[i].waiter.done = client_done;
			clients[i].owner = &owner;
			accepted[i] = cache_wait(owner.cache, key, 100, &clients[i].waiter) == 0;
			if (!accepted[i])
				assert_null(clients[i].waiter.fetch);
		}
		if (rc == 0) {
			while (owner.pending_count)
				owner_finish(&owner, owner.pending_count - 1, 0, "text", 1000);
			while (cache_run(owner.cache))
				;
			for (size_t i = 0; i < CLIENTS; i++)
				assert_int_equal(clients[i].served, accepted[i] ? 1 : 0);
			owner_close(&owner);
		}
		failed = alloc_disarm();
		assert_int_equal(alloc_live(), 0);
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ttl),
		cmocka_unit_test(test_since_when),
		cmocka_unit_test(test_one_fetch_for_all),
		cmocka_unit_test(test_ttl_zero),
		cmocka_unit_test(test_two_documents_without_ttl),
		cmocka_unit_test(test_detach),
		cmocka_unit_test(test_detached_ends_last),
		cmocka_unit_test(test_forget_before_serving),
		cmocka_unit_test(test_forget_inside_done),
		cmocka_unit_test(test_forget_prefix_inside_done),
		cmocka_unit_test(test_reentrancy),
		cmocka_unit_test(test_leave),
		cmocka_unit_test(test_join_finished),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_finish_at_once),
		cmocka_unit_test(test_forget_prefix),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_many_keys),
		cmocka_unit_test(test_free_half_way),
		cmocka_unit_test(test_model),
		cmocka_unit_test(test_many_forgotten),
		cmocka_unit_test(test_many_forgotten_failure),
		cmocka_unit_test(test_many_forgets),
		cmocka_unit_test(test_many_evicted),
		cmocka_unit_test(test_many_forgotten_no_memory),
		cmocka_unit_test(test_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
