/* Whose turn it is: against a walk through all that wait, and for what is promised of it. */
#include "api/places.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { CALLS = 256 };

static struct api_call calls[CALLS];
static struct places places;

static int setup(void **state) {
	(void)state;
	places = (struct places){.count = 5};
	memset(calls, 0, sizeof calls);
	return 0;
}

static struct api_call *wait_in(struct lane *lane, uint64_t caller) {
	struct api_call *call = calls;
	while (call->queue)
		call++;
	*call = (struct api_call){.caller = caller};
	call_push(&lane->waiting, call);
	return call;
}

static struct api_call *ask(uint64_t caller) {
	return wait_in(&places.reads, caller);
}

static struct api_call *change(void) {
	return wait_in(&places.changes, 0);
}

static void fly(struct api_call *call) {
	struct lane *lane = call->queue == &places.changes.waiting ? &places.changes : &places.reads;
	call_remove(call);
	call_push(&lane->flying, call);
}

/* Starts the next one. */
static struct api_call *start(void) {
	unsigned least = 0;
	struct api_call *call = places_next(&places, &least);
	if (call)
		fly(call);
	return call;
}

static void test_places(void **state) {
	struct api_call *reads[6], *changes[4];
	(void)state;
	assert_null(start());
	for (size_t i = 0; i < 6; i++)
		reads[i] = ask(i);
	for (size_t i = 0; i < 3; i++)
		assert_ptr_equal(start(), reads[i]);
	assert_null(start()); /* two places are for changes */
	for (size_t i = 0; i < 4; i++)
		changes[i] = change();
	assert_ptr_equal(start(), changes[0]);
	assert_ptr_equal(start(), changes[1]);
	assert_null(start());
	/* A place that becomes free goes to a change first, whoever had it. */
	call_remove(reads[1]);
	assert_ptr_equal(start(), changes[2]);
	call_remove(changes[0]);
	assert_ptr_equal(start(), changes[3]);
	assert_null(start());
	/* No change waits, and three are under way: a read gets what is left of its own places. */
	call_remove(changes[1]);
	assert_ptr_equal(start(), reads[3]);
	call_remove(changes[2]);
	assert_null(start());
}

/* The oldest of those whose caller has the fewest. */
static void test_fair(void **state) {
	struct api_call *many[4], *few[2], *other;
	(void)state;
	for (size_t i = 0; i < 4; i++)
		many[i] = ask(1);
	few[0] = ask(2);
	few[1] = ask(2);
	other = ask(3);
	assert_ptr_equal(start(), many[0]);
	assert_ptr_equal(start(), few[0]);
	assert_ptr_equal(start(), other);
	assert_null(start());
	call_remove(few[0]);
	assert_ptr_equal(start(), few[1]);
	call_remove(other);
	assert_ptr_equal(start(), many[1]); /* each has one: the oldest */
	/* A change of the same caller is none of its reads. */
	call_remove(many[0]);
	call_remove(many[1]);
	change()->caller = 1;
	fly(places.changes.waiting.first);
	ask(3);
	assert_ptr_equal(start(), many[2]);
}

/* The same by its definition. */
static struct api_call *by_walk(void) {
	struct api_call *next = NULL;
	size_t fewest = SIZE_MAX;
	if (places.reads.flying.count + places.changes.flying.count >= places.count)
		return NULL;
	if (places.changes.waiting.first)
		return places.changes.waiting.first;
	if (places.reads.flying.count + PLACES_RESERVED >= places.count)
		return NULL;
	for (struct api_call *call = places.reads.waiting.first; call; call = call->next) {
		size_t flying = 0;
		for (struct api_call *at = places.reads.flying.first; at; at = at->next)
			flying += at->caller == call->caller;
		if (flying < fewest) {
			fewest = flying;
			next = call;
		}
	}
	return next;
}

static unsigned draw(unsigned below) {
	static uint64_t seed = 1;
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % below;
}

/* What is remembered from one to the next leads to the same ones; some of them cannot be sent, and only leave. */
static void test_least(void **state) {
	size_t started = 0;
	(void)state;
	for (unsigned round = 0; round < 5000; round++) {
		unsigned least = 0, coming = draw(6);
		struct api_call *call;
		places.count = PLACES_MIN + round % 9;
		while (coming-- && places.reads.waiting.count < CALLS / 4)
			ask(draw(5));
		if (draw(8) == 0)
			change();
		while (places.reads.flying.first && draw(3))
			call_remove(draw(2) ? places.reads.flying.first : places.reads.flying.last);
		if (places.changes.flying.first)
			call_remove(places.changes.flying.first);
		do {
			call = by_walk();
			assert_ptr_equal(places_next(&places, &least), call);
			started += call != NULL;
			if (call && draw(4))
				fly(call);
			else if (call)
				call_remove(call);
		} while (call);
	}
	assert_true(started > 5000);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_places, setup),
		cmocka_unit_test_setup(test_fair, setup),
		cmocka_unit_test_setup(test_least, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
