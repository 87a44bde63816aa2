/* A listing with its names: each id once, each name once, found again, whatever the server calls things. */
#include "../api/scope.h"
#include "../fs/list.h"
#include "../fs/name.h"
#include "alloc.h"
#include "fake_api.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OF(name, id) "{\"id\":\"" id "\",\"name\":\"" name "\"}"

#define TEN "0123456789"
#define LONG TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN /* more than a tail may have */

/* The pages as the API's module would give them: in memory of the code's own. */
static struct api_pages *pages_of(const char *const *bodies, size_t count) {
	struct api_pages *pages = calloc(1, sizeof(*pages));
	assert_non_null(pages);
	pages->pages = calloc(count, sizeof(*pages->pages));
	assert_non_null(pages->pages);
	for (; pages->count < count; pages->count++) {
		char *body = strdup(bodies[pages->count]);
		struct json root;
		assert_non_null(body);
		assert_int_equal(json_scan(body, strlen(body), &root, NULL), JSON_OK);
		pages->pages[pages->count] = api_page_new(body, strlen(body), root);
		assert_non_null(pages->pages[pages->count]);
	}
	return pages;
}

static struct list *list_of(const struct kind *kind, const char *body) {
	struct list *list = NULL;
	struct error err = {0};
	assert_int_equal(list_new(kind, pages_of(&body, 1), &list, &err), 0);
	return list;
}

static void assert_names(const struct list *list, const char *const *names, size_t count) {
	assert_int_equal(list->count, count);
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(list->items[i].name, names[i]);
		assert_ptr_equal(list_by_name(list, list->items[i].group, names[i]), &list->items[i]);
	}
}
#define ASSERT_NAMES(list, ...) \
	assert_names(           \
		list, (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void names_and_ids(void **state) {
	(void)state;
	struct list *list =
		list_of(&kinds[KIND_AIMODEL], "[" OF("a", "1") "," OF("b", "2") "," OF("c", "1/2 \\u00e9") "]");
	ASSERT_NAMES(list, "a", "b", "c");
	assert_string_equal(list->items[2].id, "1/2 \u00e9");
	assert_ptr_equal(list_by_id(list, "1/2 \u00e9"), &list->items[2]);
	assert_null(list_by_id(list, "3"));
	assert_null(list_by_id(list, ""));
	assert_null(list_by_name(list, NULL, "d"));
	assert_null(list_by_name(list, "group", "a"));
	assert_null(list->items[0].group);
	assert_true(list->bytes > 60);
	list_release(list);
	list_release(NULL);
}

static void nothing_listed(void **state) {
	(void)state;
	static const char *const bodies[] = {"[]", "{\"data\":[]}", "{\"items\":[]}"};
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct list *list = list_of(&kinds[KIND_AIMODEL], bodies[i]);
		assert_int_equal(list->count, 0);
		assert_null(list_by_name(list, NULL, "a"));
		assert_null(list_by_id(list, "a"));
		list_release(list);
	}
}

static void a_page_that_holds_no_array(void **state) {
	(void)state;
	static const char *const bodies[] = {"{}", "{\"data\":null}", "{\"data\":{}}", "\"x\"", "null"};
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct list *list = NULL;
		struct error err = {0};
		const char *const both[] = {"[]", bodies[i]};
		assert_int_equal(list_new(&kinds[KIND_AIMODEL], pages_of(both, 2), &list, &err), -EREMOTEIO);
		assert_int_equal(err.code, EREMOTEIO);
		assert_non_null(strstr(err.message, "aimodels"));
		assert_null(list);
	}
}

/* Nobody shall believe that all is gone. */
static void a_page_of_which_nothing_is_usable(void **state) {
	(void)state;
	static const char *const bodies[] = {"[1,null,\"x\",[]]", "[{}]", "[{\"name\":\"a\"}]"};
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		struct list *list = NULL;
		struct error err = {0};
		assert_int_equal(list_new(&kinds[KIND_AIMODEL], pages_of(&bodies[i], 1), &list, &err), -EREMOTEIO);
		assert_int_equal(err.code, EREMOTEIO);
		assert_null(list);
	}
}

/* Pages shift while one reads them. */
static void an_entry_that_comes_twice(void **state) {
	(void)state;
	const char *const bodies[] = {
		"[" OF("a", "1") "," OF("b", "2") "]", "[" OF("b", "2") "," OF("c", "3") "," OF("z", "1") "]"};
	struct list *list = NULL;
	struct error err;
	assert_int_equal(list_new(&kinds[KIND_AIMODEL], pages_of(bodies, 2), &list, &err), 0);
	ASSERT_NAMES(list, "a", "b", "c");
	list_release(list);
}

static void holders_of_one_name(void **state) {
	(void)state;
	struct list *list = list_of(&kinds[KIND_AIMODEL], "[" OF("a", "1") "," OF("a", "2") "," OF("a", "3") "," OF(
								  "a~2", "4") "," OF("", "5") "," OF("", "6") "]");
	ASSERT_NAMES(list, "a", "a~2", "a~3", "a%7E2", "%", "%~6");
	assert_ptr_equal(list_by_id(list, "2"), &list->items[1]);
	list_release(list);
}

/* The tail is cut at a hundred bytes: what is then equal is counted. */
static void holders_whose_tails_are_equal(void **state) {
	(void)state;
	char tail[101], body[2048], wanted[3][NAME_SIZE];
	memset(tail, 'x', 100);
	tail[100] = '\0';
	snprintf(body, sizeof(body),
		"[" OF("a", "0") ",{\"id\":\"%s1\",\"name\":\"a\"},{\"id\":\"%s2\",\"name\":\"a\"},{\"id\":\"%s3\","
				 "\"name\":\"a\"}]",
		tail, tail, tail);
	struct list *list = list_of(&kinds[KIND_AIMODEL], body);
	snprintf(wanted[0], NAME_SIZE, "a~%s", tail);
	snprintf(wanted[1], NAME_SIZE, "a~%s~2", tail);
	snprintf(wanted[2], NAME_SIZE, "a~%s~3", tail);
	ASSERT_NAMES(list, "a", wanted[0], wanted[1], wanted[2]);
	list_release(list);
}

static void entries_without_an_id(void **state) {
	(void)state;
	struct list *list = list_of(&kinds[KIND_AIMODEL],
		"[{\"name\":\"a\"},{\"id\":\"\",\"name\":\"b\"},{\"id\":null,\"name\":\"c\"},{"
		"\"id\":7,\"name\":\"d\"},{\"id\":\"8\"},{\"id\":\"9\",\"name\":null}]");
	/* A number is an id as good as any. Without a name: the empty one. */
	ASSERT_NAMES(list, "d", "%", "%~9");
	assert_string_equal(list->items[0].id, "7");
	list_release(list);
}

static void names_that_are_hostile(void **state) {
	(void)state;
	struct list *list = list_of(&kinds[KIND_AIMODEL],
		"[" OF("..", "1") "," OF(".", "2") "," OF("a/b", "3") "," OF(".error", "4") "," OF(
			"\\n\\u001b[2J", "5") "," OF("100%", "6") "," OF(".by-id", "7") "," OF("%2E.",
			"8") "," OF("caf\\u00e9", "9") "]");
	ASSERT_NAMES(
		list, "%2E.", "%2E", "a%2Fb", "%2Eerror", "%0A%1B[2J", "100%25", "%2Eby-id", "%252E.", "caf\u00e9");
	list_release(list);
}

static void long_names_that_begin_alike(void **state) {
	(void)state;
	char name[401], body[4096];
	memset(name, 'n', 400);
	name[400] = '\0';
	snprintf(body, sizeof(body),
		"[{\"id\":\"1\",\"name\":\"%s\"},{\"id\":\"2\",\"name\":\"%s\"},{\"id\":\"3\",\"name\":\"%sx\"}]", name,
		name, name);
	struct list *list = list_of(&kinds[KIND_AIMODEL], body);
	assert_int_equal(list->count, 3);
	for (size_t i = 0; i < 3; i++) {
		assert_in_range(strlen(list->items[i].name), 200, NAME_SIZE - 1);
		assert_ptr_equal(list_by_name(list, NULL, list->items[i].name), &list->items[i]);
	}
	assert_non_null(strstr(list->items[1].name, "~2"));
	list_release(list);
}

/* One configuration in several regions; and several offers of one id, told apart by what `twin` names. */
static void groups_and_twins(void **state) {
	(void)state;
	struct list *list = list_of(&kinds[KIND_INVENTORY],
		"[{\"config_id\":\"c\",\"region\":\"r/1\",\"instance_type\":\"big\"},"
		"{\"config_id\":\"c\",\"region\":\"r2\",\"instance_type\":\"big\"},"
		"{\"config_id\":\"c\",\"region\":\"r/1\",\"instance_type\":\"small\"},"
		"{\"config_id\":\"c\",\"region\":\"r/1\",\"instance_type\":\"big\",\"price\":2},"
		"{\"config_id\":\"d\",\"region\":\"r2\"},{\"config_id\":\"d\",\"region\":\"r2\"},{\"config_id\":\"e\"}"
		"]");
	ASSERT_NAMES(list, "c", "c", "c~small", "d", "e");
	assert_int_equal(list->groups.count, 3);
	assert_string_equal(list->groups.at[0], "r%2F1");
	assert_string_equal(list->groups.at[1], "r2");
	assert_string_equal(list->groups.at[2], "%");
	assert_ptr_equal(list_by_name(list, "r%2F1", "c"), &list->items[0]);
	assert_ptr_equal(list_by_name(list, "r2", "c"), &list->items[1]);
	assert_null(list_by_name(list, "r2", "c~small"));
	assert_null(list_by_name(list, NULL, "c"));
	assert_ptr_equal(list_by_id(list, "c"), &list->items[0]);
	list_release(list);
}

static void states_that_pass(void **state) {
	(void)state;
	static const struct {
		const char *body;
		bool moving;
	} cases[] = {
		{"[{\"id\":\"1\",\"status\":\"ready\"}]", false},
		{"[{\"id\":\"1\",\"status\":\"ready\"},{\"id\":\"2\",\"status\":\"initializing\"}]", true},
		{"[{\"id\":\"1\",\"status\":\"terminating\"},{\"id\":\"2\",\"status\":\"ready\"}]", true},
		{"[{\"id\":\"1\",\"status\":\"Initializing\"}]", false},
		{"[{\"id\":\"1\"}]", false},
		{"[{\"id\":\"1\",\"status\":[\"initializing\"]}]", false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct list *list = list_of(&kinds[KIND_AIMODEL], cases[i].body);
		assert_int_equal(list->moving, cases[i].moving);
		list_release(list);
	}
}

/* Every one is found by its name and its id; a list as long as this is no matter of squares. */
static void a_hundred_thousand(void **state) {
	(void)state;
	enum { COUNT = 100000 };
	size_t size = (size_t)COUNT * 48, len = 1;
	char *body = malloc(size), name[32];
	assert_non_null(body);
	body[0] = '[';
	for (int i = 0; i < COUNT; i++) /* every fourth shares its name with the one before it */
		len += (size_t)snprintf(body + len, size - len, "%s{\"id\":\"i%d\",\"name\":\"n%d\"}", i ? "," : "", i,
			i % 4 == 3 ? i - 1 : i);
	snprintf(body + len, size - len, "]");
	struct list *list = list_of(&kinds[KIND_AIRUNTIME], body);
	free(body);
	assert_int_equal(list->count, COUNT);
	for (int i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "i%d", i);
		assert_ptr_equal(list_by_id(list, name), &list->items[i]);
		snprintf(name, sizeof(name), i % 4 == 3 ? "n%d~i%d" : "n%d", i % 4 == 3 ? i - 1 : i, i);
		assert_ptr_equal(list_by_name(list, NULL, name), &list->items[i]);
	}
	assert_null(list_by_name(list, NULL, "n3"));
	list_release(list);
}

/* What is left out could bear any name. */
static void entries_that_cannot_be_read(void **state) {
	(void)state;
	static const char *const odd[] = {"null", "7", "[]", "{}", "{\"id\":true}", "{\"id\":{}}", "{\"id\":[\"a\"]}",
		"{\"id\":\"..\"}", "{\"id\":\"a/../b\"}", "{\"id\":\"a\\n\"}"};
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		char body[128];
		snprintf(body, sizeof(body), "[%s," OF("a", "1") "]", odd[i]);
		struct list *list = list_of(&kinds[KIND_AIMODEL], body);
		ASSERT_NAMES(list, "a");
		assert_false(list->whole);
		list_release(list);
	}
	struct list *list = list_of(&kinds[KIND_AIMODEL], "[" OF("a", "1") "," OF("b", "\\u0031") "," OF("c", "2") "]");
	ASSERT_NAMES(list, "a", "c"); /* one id, spelled twice */
	assert_true(list->whole);
	list_release(list);
}

/* So many entries; each # is the entry's number. */
static char *many(const char *entry, int count) {
	size_t size = (size_t)count * 160 + 3, len = 1;
	char *body = malloc(size);
	assert_non_null(body);
	body[0] = '[';
	for (int i = 0; i < count; i++) {
		body[len++] = i ? ',' : ' ';
		for (const char *at = entry; *at; at++)
			if (*at == '#')
				len += (size_t)snprintf(body + len, size - len, "%d", i);
			else
				body[len++] = *at;
	}
	snprintf(body + len, size - len, "]");
	return body;
}

/* Entries made to be slow: one name and one tail for all, one id for all, a group for each. */
static void entries_made_to_be_slow(void **state) {
	(void)state;
	enum { COUNT = 20000 };
	struct list *list;
	struct error err;
	char *bodies[] = {many("{\"id\":\"" LONG "#\",\"name\":\"a\"}", COUNT / 20),
		many("{\"config_id\":\"c\",\"region\":\"r\",\"instance_type\":#}", COUNT),
		many("{\"config_id\":\"c#\",\"region\":\"r#\"}", COUNT), many("{\"id\":\"#\"}", LIST_ITEMS_MAX + 1)};
	list = list_of(&kinds[KIND_AIRUNTIME], bodies[0]);
	assert_int_equal(list->count, COUNT / 20);
	for (size_t i = 0; i < list->count; i++)
		assert_ptr_equal(list_by_name(list, NULL, list->items[i].name), &list->items[i]);
	list_release(list);
	list = list_of(&kinds[KIND_INVENTORY], bodies[1]);
	assert_in_range(list->count, 1, 64);
	assert_false(list->whole);
	list_release(list);
	list = list_of(&kinds[KIND_INVENTORY], bodies[2]);
	assert_int_equal(list->groups.count, COUNT);
	assert_true(list_has_group(list, "r19999"));
	assert_false(list_has_group(list, "r20000"));
	list_release(list);
	assert_int_equal(list_new(&kinds[KIND_AIRUNTIME], pages_of((const char *const[]){bodies[3]}, 1), &list, &err),
		-EREMOTEIO);
	for (size_t i = 0; i < 4; i++)
		free(bodies[i]);
}

/* ---- made in slices, held, buried ---- */

static void assert_begun(struct api_pages *pages, struct graveyard *graveyard, struct list **ret) {
	struct error err;
	assert_int_equal(list_begin(&kinds[KIND_INVENTORY], pages, graveyard, ret, &err), 0);
}

#define ROW(id, region, type) "{\"config_id\":\"" id "\",\"region\":\"" region "\",\"instance_type\":\"" type "\"}"

/* However small the slices are, the list is the same. */
static void slices(void **state) {
	(void)state;
	const char *const bodies[] = {"[" ROW("a", "r", "") "," ROW("b", "q", "") "]", "[]",
		"[" ROW("a", "r", "x") ",7," ROW("c", "r", "") "]"};
	static const size_t works[] = {1, 300, 600, 1500, 100000};
	int before = 6; /* one for each entry, and one that finds no more */
	for (size_t i = 0; i < sizeof(works) / sizeof(works[0]); i++) {
		struct list *list;
		struct error err;
		int rc, count = 0;
		assert_begun(pages_of(bodies, 3), NULL, &list);
		do {
			size_t work = works[i];
			rc = list_step(list, &work, &err);
			assert_in_range(work, 0, works[i]);
			assert_true(rc == 0 || work == 0); /* all of it was used, if there is more to do */
			count++;
		} while (rc > 0);
		assert_int_equal(rc, 0);
		assert_in_range(count, 1, before);
		assert_true(i > 0 || count == before);
		before = count;
		ASSERT_NAMES(list, "a", "b", "a~x", "c");
		assert_false(list->whole);
		list_release(list);
	}
	assert_int_equal(before, 1);
}

/* What is used counts, and what comes to nothing is told at the end. */
static void slices_of_nothing(void **state) {
	(void)state;
	struct list *list;
	struct error err = {0};
	size_t work = 1000;
	assert_begun(pages_of((const char *const[]){"[]"}, 1), NULL, &list);
	assert_int_equal(list_step(list, &work, &err), 0);
	assert_int_equal(work, 1000);
	assert_int_equal(list->count, 0);
	list_release(list);
	assert_begun(pages_of((const char *const[]){"[1,2,3]"}, 1), NULL, &list);
	work = 1;
	assert_int_equal(list_step(list, &work, &err), 1);
	work = 1000;
	assert_int_equal(list_step(list, &work, &err), -EREMOTEIO);
	assert_int_equal(err.code, EREMOTEIO);
	list_release(list);
}

static struct list *list_of_pages(size_t count, struct graveyard *graveyard) {
	const char *bodies[20];
	struct list *list;
	struct error err;
	size_t work = SIZE_MAX;
	assert_in_range(count, 1, 20);
	for (size_t i = 0; i < count; i++)
		bodies[i] = "[{\"config_id\":\"a\",\"region\":\"r\"}]";
	assert_begun(pages_of(bodies, count), graveyard, &list);
	assert_int_equal(list_step(list, &work, &err), 0);
	return list;
}

/* It lives as long as somebody holds it. */
static void holders_of_a_list(void **state) {
	(void)state;
	alloc_arm(0);
	struct list *list = list_of_pages(3, NULL);
	const struct list *held = list_hold(list);
	assert_ptr_equal(held, list);
	long live = alloc_live();
	list_release(list);
	assert_int_equal(alloc_live(), live);
	ASSERT_NAMES(held, "a");
	list_release(held);
	assert_int_equal(alloc_live(), 0);
	alloc_disarm();
}

static void buried_lists_go_little_by_little(void **state) {
	(void)state;
	struct graveyard graveyard = {0};
	alloc_arm(0);
	assert_false(graveyard_clear(&graveyard, 1));
	struct list *first = list_of_pages(20, &graveyard), *second = list_of_pages(2, &graveyard);
	struct list *begun;
	assert_begun(pages_of((const char *const[]){"[{}]"}, 1), &graveyard, &begun);
	struct api_page *page = api_page_hold(second->pages->pages[1]);
	long live = alloc_live();
	list_release(first);
	list_release(second);
	list_release(begun); /* in the middle of it */
	assert_int_equal(alloc_live(), live);
	assert_int_equal(page->holders, 2);
	int turns = 1;
	for (; graveyard_clear(&graveyard, 1); turns++) {
		assert_true(alloc_live() < live);
		live = alloc_live();
	}
	assert_true(turns > 23);
	assert_int_equal(page->holders, 1); /* somebody else's is not freed */
	assert_int_equal(alloc_live(), 2);
	api_page_release(page);
	list_release(list_of_pages(20, &graveyard));
	assert_false(graveyard_clear(&graveyard, SIZE_MAX));
	assert_int_equal(alloc_live(), 0);
	alloc_disarm();
}

static void without_memory(void **state) {
	(void)state;
	static const char *const body = "[{\"config_id\":\"c\",\"region\":\"r\",\"instance_type\":\"a\"},"
					"{\"config_id\":\"c\",\"region\":\"r\",\"instance_type\":\"b\"},"
					"{\"config_id\":\"d\",\"region\":\"q\"}]";
	for (size_t n = 1;; n++) {
		struct list *list = NULL;
		struct error err = {0};
		struct api_pages *pages = pages_of(&body, 1);
		alloc_arm(n);
		struct graveyard graveyard = {0};
		int rc = list_begin(&kinds[KIND_INVENTORY], pages, &graveyard, &list, &err);
		for (int step = 1; !rc && step;) {
			size_t work = 1;
			step = list_step(list, &work, &err);
			rc = step < 0 ? step : 0;
		}
		if (rc)
			list_release(take_pointer(list));
		while (graveyard_clear(&graveyard, 1)) {
		}
		bool failed = alloc_disarm();
		if (!failed) {
			assert_int_equal(rc, 0);
			ASSERT_NAMES(list, "c", "c~b", "d");
			list_release(list);
			graveyard_clear(&graveyard, SIZE_MAX);
			return;
		}
		if (rc) {
			assert_int_equal(rc, -ENOMEM);
			assert_int_equal(err.code, ENOMEM);
			assert_null(list);
		} else {
			ASSERT_NAMES(list, "c", "c~b", "d"); /* it was one that it can do without */
			list_release(list);
			graveyard_clear(&graveyard, SIZE_MAX);
		}
		assert_int_equal(alloc_live(), -4); /* the pages' four blocks are taken over in any case */
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_ids),
		cmocka_unit_test(nothing_listed),
		cmocka_unit_test(a_page_that_holds_no_array),
		cmocka_unit_test(a_page_of_which_nothing_is_usable),
		cmocka_unit_test(an_entry_that_comes_twice),
		cmocka_unit_test(holders_of_one_name),
		cmocka_unit_test(holders_whose_tails_are_equal),
		cmocka_unit_test(entries_without_an_id),
		cmocka_unit_test(names_that_are_hostile),
		cmocka_unit_test(long_names_that_begin_alike),
		cmocka_unit_test(groups_and_twins),
		cmocka_unit_test(states_that_pass),
		cmocka_unit_test(a_hundred_thousand),
		cmocka_unit_test(entries_that_cannot_be_read),
		cmocka_unit_test(entries_made_to_be_slow),
		cmocka_unit_test(slices),
		cmocka_unit_test(slices_of_nothing),
		cmocka_unit_test(holders_of_a_list),
		cmocka_unit_test(buried_lists_go_little_by_little),
		cmocka_unit_test(without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
