/* Lists of pages, against a scripted server. */
#include "alloc.h"
#include "world.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct world world;

/* The list that the server has, and how it tells. */
static struct {
	size_t entries;
	size_t told_pages;    /* in `pagination`; 0: what is true */
	const char *told;     /* the same, as text; NULL: the number above */
	size_t told_items;    /* 0: not told */
	size_t odd;           /* which entry is not as the others, from 1 */
	size_t circle;        /* so many pages, over and over; 0: all */
	const char *envelope; /* "data", "items"; NULL: a bare array; "": no list at all */
	bool silent;          /* no pagination */
	bool deaf;            /* every page is the first */
	size_t fail_page;
	int fail_status;
	bool hold;              /* all but the first page */
	bool hold_first;        /* that one too */
	const char *headers[4]; /* of the first pages; NULL: none */
} cloud;

static size_t page_asked(const struct server_request *request) {
	const char *at = strstr(request->path, "page=");

	return at ? strtoul(at + 5, NULL, 10) : 1;
}

static void page_answer(struct server_request *request) {
	static char body[32768];
	size_t page = cloud.deaf     ? 1
		      : cloud.circle ? (page_asked(request) - 1) % cloud.circle + 1
				     : page_asked(request);
	size_t first = (page - 1) * 100, pages = (cloud.entries + 99) / 100;
	size_t last = first + 100 < cloud.entries ? first + 100 : cloud.entries;
	char *at = body;

	if (page == cloud.fail_page) {
		server_answer(request, cloud.fail_status, "", "{\"code\":\"x\",\"message\":\"page fails\"}");
		return;
	}
	*at++ = ' '; /* where a text begins is not where its value does */
	if (cloud.envelope)
		at += sprintf(at, "{\"%s\":", cloud.envelope[0] ? cloud.envelope : "things");
	at += sprintf(at, "%s", cloud.envelope && !cloud.envelope[0] ? "{}" : "[");
	for (size_t i = first; i < last && (!cloud.envelope || cloud.envelope[0]); i++)
		at += sprintf(
			at, "%s{\"id\":\"id-%zu\"%s}", i > first ? "," : "", i, i + 1 == cloud.odd ? ",\"odd\":1" : "");
	at += sprintf(at, "%s", cloud.envelope && !cloud.envelope[0] ? "" : "]");
	if (!cloud.silent && cloud.envelope && cloud.told)
		at += sprintf(at, ",\"pagination\":{\"total_pages\":%s}", cloud.told);
	else if (!cloud.silent && cloud.envelope && cloud.told_items)
		at += sprintf(at, ",\"pagination\":{\"total_pages\":%zu,\"total_items\":%zu}", cloud.told_pages,
			cloud.told_items);
	else if (!cloud.silent && cloud.envelope)
		at += sprintf(at, ",\"pagination\":{\"total_pages\":%zu}", cloud.told_pages ? cloud.told_pages : pages);
	sprintf(at, "%s", cloud.envelope ? "}" : "");
	server_answer(request, 200, page <= 4 && cloud.headers[page - 1] ? cloud.headers[page - 1] : "", body);
}

static void script(struct server_request *request) {
	if (!cloud.hold || (page_asked(request) == 1 && !cloud.hold_first))
		page_answer(request);
}

static int setup(void **state) {
	(void)state;
	memset(&cloud, 0, sizeof(cloud));
	cloud.envelope = "data";
	world_open(&world, 16, 20, (struct token_config){0});
	world.server.script = script;
	return 0;
}

static int teardown(void **state) {
	(void)state;
	world_close(&world);
	return 0;
}

static void list_ask(const char *path, bool paged, struct reply *ret) {
	world.server.count = 0;
	world_list(&world, path, paged, ret);
	WORLD_UNTIL(&world, ret->done);
	assert_int_equal(ret->done, 1);
}

/* Every entry once and in order. */
static void assert_entries(const struct api_pages *pages, size_t count) {
	size_t found = 0;

	for (size_t i = 0; i < pages->count; i++) {
		const struct api_page *page = pages->pages[i];
		struct json_iter iter = json_iter(page->items);

		assert_int_equal(page->holders, 1);
		assert_true(page->root.text >= page->body && page->root.text < page->body + page->body_len);
		while (json_next(&iter)) {
			char id[32];

			snprintf(id, sizeof(id), "id-%zu", found++);
			assert_true(json_string_is(json_member(iter.value, "id"), id));
		}
	}
	assert_int_equal(found, count);
}

static void assert_words(const char *text, const char *words) {
	if (!strstr(text, words))
		fail_msg("\"%s\" without \"%s\"", text, words);
}

/* A listing costs ⌈N/100⌉ requests, one for nothing. */
static void test_counts(void **state) {
	static const size_t counts[] = {0, 1, 99, 100, 101, 200, 999, 1000, 1001};
	static const char *const envelopes[] = {"data", "items"};

	(void)state;
	for (size_t e = 0; e < 2; e++)
		for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
			struct reply reply;

			cloud.envelope = envelopes[e];
			cloud.entries = counts[i];
			list_ask("/l", true, &reply);
			assert_int_equal(reply.code, 0);
			assert_int_equal(world.server.count, counts[i] ? (counts[i] + 99) / 100 : 1);
			assert_int_equal(reply.pages->count, world.server.count);
			assert_entries(reply.pages, counts[i]);
			reply_free(&reply);
		}
	assert_string_equal(world.server.requests[0].path, "/service/l?page=1&limit=100");
	api_pages_free(NULL);
}

/* A list is as old as its oldest page; and its pages may be of different times. */
static void test_ages(void **state) {
#define DATE(second) "Date: Fri, 13 Feb 2009 23:31:" second " GMT\r\n"
	static const struct {
		const char *headers[4];
		unsigned age_s, apart_s;
	} cases[] = {
		{{NULL}, 0, 0}, {{DATE("30"), DATE("30"), DATE("30")}, 0, 0},
		{{DATE("30"), "Age: 25\r\n" DATE("05"), DATE("31")}, 25, 26},
		{{"Age: 25\r\n" DATE("05"), "Age: 25\r\n" DATE("06"), "Age: 24\r\n" DATE("05")}, 25, 1},
		{{"Age: 3\r\n", DATE("30"), NULL}, 3, 0},
		{{DATE("30"), DATE("30"), DATE("30"), "Age: 25\r\n" DATE("05")}, 0,
			0}, /* of a page that there is not */
	};

	(void)state;
	cloud.entries = 300;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct api_request request = {.service = API_GPU, .path = "/l", .timeout_ms = 20000, .max_age_s = 30};
		struct reply reply = {0};

		memcpy(cloud.headers, cases[i].headers, sizeof(cloud.headers));
		world.server.count = 0;
		assert_int_equal(api_list(world.api, &request, true, NULL, world_listed, &reply, &reply.call), 0);
		WORLD_UNTIL(&world, reply.done);
		assert_int_equal(reply.code, 0);
		assert_int_equal(world.server.count, 3);
		for (size_t page = 0; page < 3; page++)
			assert_string_equal(server_header(&world.server.requests[page], "Cache-Control"), "max-age=30");
		assert_int_equal(reply.pages->age_s, cases[i].age_s);
		assert_int_equal(reply.pages->apart_s, cases[i].apart_s);
		reply_free(&reply);
	}
}

static void test_parameters(void **state) {
	struct reply reply;

	(void)state;
	cloud.entries = 5;
	list_ask("/l?region=x", true, &reply);
	assert_string_equal(world.server.requests[0].path, "/service/l?region=x&page=1&limit=100");
	reply_free(&reply);
	cloud.silent = true;
	cloud.envelope = NULL;
	list_ask("/l", false, &reply);
	assert_string_equal(world.server.requests[0].path, "/service/l");
	assert_entries(reply.pages, 5);
	reply_free(&reply);
	/* A full answer without pages is still the whole. */
	cloud.entries = 100;
	list_ask("/l", false, &reply);
	assert_int_equal(world.server.count, 1);
	assert_entries(reply.pages, 100);
	reply_free(&reply);
}

/* All pages but the first are on their way together, and answers in any order make the list in order. */
static void test_parallel(void **state) {
	struct reply reply;

	(void)state;
	cloud.entries = 1050;
	cloud.hold = true;
	world_list(&world, "/l", true, &reply);
	WORLD_UNTIL(&world, world.server.count == 11);
	assert_int_equal(reply.done, 0);
	for (size_t i = 11; i-- > 1;)
		page_answer(&world.server.requests[i]);
	WORLD_UNTIL(&world, reply.done);
	assert_int_equal(reply.code, 0);
	assert_entries(reply.pages, 1050);
	assert_int_equal(world.server.count, 11);
	reply_free(&reply);
}

/* More pages than places. */
static void test_more_than_places(void **state) {
	struct reply reply;

	(void)state;
	cloud.entries = 2000;
	cloud.hold = true;
	world_list(&world, "/l", true, &reply);
	WORLD_UNTIL(&world, world.server.count == 15);
	assert_int_equal(world.server.open, 14);
	cloud.hold = false;
	for (size_t i = 1; i < 15; i++)
		page_answer(&world.server.requests[i]);
	WORLD_UNTIL(&world, reply.done);
	assert_entries(reply.pages, 2000);
	assert_int_equal(world.server.count, 20);
	reply_free(&reply);
}

static void test_silent(void **state) {
	static const struct {
		size_t entries, requests;
	} cases[] = {{0, 1}, {5, 1}, {99, 1}, {100, 2}, {150, 2}, {250, 3}, {300, 4}};

	(void)state;
	cloud.silent = true;
	for (size_t bare = 0; bare < 2; bare++)
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			struct reply reply;

			cloud.envelope = bare ? NULL : "items";
			cloud.entries = cases[i].entries;
			list_ask("/l", true, &reply);
			assert_int_equal(reply.code, 0);
			assert_entries(reply.pages, cases[i].entries);
			assert_int_equal(world.server.count, cases[i].requests);
			reply_free(&reply);
		}
}

/* A server that does not know pages and sends the same for ever. */
static void test_deaf(void **state) {
	struct reply reply;

	(void)state;
	cloud.entries = 100;
	cloud.silent = cloud.deaf = true;
	list_ask("/l", true, &reply);
	assert_int_equal(reply.code, 0);
	assert_entries(reply.pages, 100);
	assert_int_equal(world.server.count, 2);
	reply_free(&reply);
}

static void test_bound(void **state) {
	struct reply reply;

	(void)state;
	cloud.entries = 2001;
	list_ask("/l", true, &reply);
	assert_int_equal(reply.code, EREMOTEIO);
	assert_string_equal(reply.error.message, "the list has more than 20 pages");
	assert_int_equal(world.server.count, 1);
	cloud.silent = true;
	list_ask("/l", true, &reply);
	assert_int_equal(reply.code, EREMOTEIO);
	assert_string_equal(reply.error.message, "the list has more than 20 pages");
	assert_int_equal(world.server.count, 20);
	cloud.silent = false;
	cloud.entries = 5;
	cloud.told_pages = 999999999999;
	list_ask("/l", true, &reply);
	assert_int_equal(reply.code, EREMOTEIO);
	assert_int_equal(world.server.count, 1);
	/* At the bound all is well. */
	cloud.entries = 2000;
	cloud.told_pages = 0;
	list_ask("/l", true, &reply);
	assert_int_equal(reply.code, 0);
	assert_entries(reply.pages, 2000);
	reply_free(&reply);
}

/* A number of pages that cannot be is as none. */
static void test_nonsense(void **state) {
	static const char *const told[] = {
		"\"3\"", "0", "-1", "2.0", "1e2", "9223372036854775808", "null", "[3]", "{}", "true"};

	(void)state;
	cloud.entries = 250;
	for (size_t i = 0; i < sizeof(told) / sizeof(told[0]); i++) {
		struct reply reply;

		cloud.told = told[i];
		list_ask("/l", true, &reply);
		assert_int_equal(reply.code, 0);
		assert_entries(reply.pages, 250);
		assert_int_equal(world.server.count, 3);
		reply_free(&reply);
	}
}

/* Far too many pages are told, and all that there is stands on the first: then that is all. */
static void test_all_on_the_first(void **state) {
	struct reply reply;

	(void)state;
	cloud.entries = cloud.told_items = 5;
	cloud.told_pages = 1000000000;
	list_ask("/l", true, &reply);
	assert_int_equal(reply.code, 0);
	assert_entries(reply.pages, 5);
	assert_int_equal(world.server.count, 1);
	reply_free(&reply);
	cloud.told_items = 6;
	list_ask("/l", true, &reply);
	assert_int_equal(reply.code, EREMOTEIO);
	assert_int_equal(world.server.count, 1);
}

/* Pages that go in circles: three, and the one that shows it. */
static void test_circles(void **state) {
	struct reply reply;

	(void)state;
	cloud.entries = 300;
	cloud.silent = true;
	cloud.circle = 3;
	list_ask("/l", true, &reply);
	assert_int_equal(reply.code, 0);
	assert_entries(reply.pages, 300);
	assert_int_equal(world.server.count, 4);
	reply_free(&reply);
}

/* ---- fetched again ---- */

static void list_begin_again(const struct api_pages *before, struct reply *ret) {
	struct api_request request = {.service = API_GPU, .path = "/l", .timeout_ms = 20000};

	memset(ret, 0, sizeof(*ret));
	world.server.count = 0;
	assert_int_equal(api_list(world.api, &request, true, before, world_listed, ret, &ret->call), 0);
	assert_int_equal(ret->done, 0);
}

static void list_again(const struct api_pages *before, struct reply *ret) {
	list_begin_again(before, ret);
	WORLD_UNTIL(&world, ret->done);
	assert_int_equal(ret->code, 0);
}

/* Which pages are those of before, as bits, the first one the lowest. */
static unsigned pages_shared(const struct api_pages *before, const struct api_pages *after) {
	unsigned shared = 0;

	for (size_t i = 0; i < after->count; i++) {
		struct api_page *page = after->pages[i];
		bool same = i < before->count && page == before->pages[i];

		assert_int_equal(page->holders, same ? 2 : 1);
		shared |= same ? 1u << i : 0;
	}
	return shared;
}

/* Pages that are the same again are the pages before, and no copies; the others are new. */
static void test_again(void **state) {
	static const struct {
		size_t entries, odd;
		unsigned shared;
		bool same;
	} cases[] = {{950, 0, 0x3ff, true}, {950, 341, 0x3f7, false}, {950, 1, 0x3fe, false}, {950, 950, 0x1ff, false},
		{949, 0, 0x1ff, false}, {900, 0, 0, false}, {1001, 0, 0, false}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reply before, after;

		cloud.entries = 950;
		cloud.odd = 0;
		list_ask("/l", true, &before);
		cloud.entries = cases[i].entries;
		cloud.odd = cases[i].odd;
		alloc_arm(0);
		list_again(before.pages, &after);
		assert_int_equal(after.pages->count, (cases[i].entries + 99) / 100);
		assert_int_equal(pages_shared(before.pages, after.pages), cases[i].shared);
		assert_int_equal(api_pages_same(before.pages, after.pages), cases[i].same);
		/* Either may go first. */
		reply_free(i % 2 ? &before : &after);
		for (size_t p = 0; p < (i % 2 ? &after : &before)->pages->count; p++)
			assert_int_equal((i % 2 ? &after : &before)->pages->pages[p]->holders, 1);
		reply_free(i % 2 ? &after : &before);
		alloc_disarm();
	}
}

/* Lists so many entries, then asks for them again with every answer held back: as many requests as there were pages. */
static void begin_ahead(size_t entries, struct reply *before, struct reply *after) {
	cloud.hold = cloud.hold_first = false;
	cloud.entries = entries;
	list_ask("/l", true, before);
	assert_int_equal(before->code, 0);
	cloud.hold = cloud.hold_first = true;
	list_begin_again(before->pages, after);
	WORLD_UNTIL(&world, world.server.count == (entries + 99) / 100);
}

/* The oldest request for a page that is not answered yet. */
static struct server_request *held(size_t page) {
	for (size_t i = 0; i < world.server.count; i++)
		if (!world.server.requests[i].answered && page_asked(&world.server.requests[i]) == page)
			return &world.server.requests[i];
	fail_msg("nobody waits for page %zu", page);
	return NULL;
}

static void held_fail(size_t page, int status) {
	server_answer(held(page), status, "", "{\"code\":\"x\",\"message\":\"page fails\"}");
}

/* Until all answers were seen that were given so far: another request is answered after them. */
static void answers_seen(void) {
	bool hold = cloud.hold;
	struct reply other;

	cloud.hold = false;
	world_ask(&world, API_GET, "/other", NULL, &other);
	cloud.hold = hold;
	world.server.count--;
}

static void assert_listed(struct reply *reply, size_t entries, size_t requests) {
	WORLD_UNTIL(&world, reply->done);
	assert_int_equal(reply->code, 0);
	assert_int_equal(reply->pages->count, (entries + 99) / 100);
	assert_int_equal(world.server.count, requests);
}

/* Where the number of pages is known, all are asked for at once, and may come in any order. */
static void test_ahead(void **state) {
	struct reply before, after;

	(void)state;
	for (size_t first = 1; first <= 5; first++) {
		begin_ahead(450, &before, &after);
		for (size_t i = 0; i < 5; i++)
			page_answer(held((first + i - 1) % 5 + 1));
		assert_listed(&after, 450, 5);
		assert_true(api_pages_same(before.pages, after.pages));
		reply_free(&before);
		assert_entries(after.pages, 450);
		reply_free(&after);
	}
}

static void test_ahead_grown(void **state) {
	struct reply before, after;

	(void)state;
	for (size_t late = 0; late < 2; late++) {
		begin_ahead(450, &before, &after);
		cloud.entries = 550;
		for (size_t page = 5; late && page > 1; page--)
			page_answer(held(page));
		page_answer(held(1));
		WORLD_UNTIL(&world, world.server.count == 6);
		page_answer(held(6));
		for (size_t page = 5; !late && page > 1; page--)
			page_answer(held(page));
		assert_listed(&after, 550, 6);
		reply_free(&before);
		assert_entries(after.pages, 550);
		reply_free(&after);
	}
}

/* Pages that there are no more: who was asked for them is not waited for. */
static void test_ahead_shrunk(void **state) {
	struct reply before, after;

	(void)state;
	for (size_t late = 0; late < 2; late++) {
		begin_ahead(450, &before, &after);
		cloud.entries = 250;
		if (late) {
			page_answer(held(5));
			answers_seen();
		}
		for (size_t page = 1; page <= 3; page++)
			page_answer(held(page));
		assert_listed(&after, 250, 5);
		for (size_t i = 0; i < 5; i++)
			if (!world.server.requests[i].answered)
				WORLD_UNTIL(&world, !server_alive(&world.server.requests[i]));
		reply_free(&before);
		assert_entries(after.pages, 250);
		reply_free(&after);
	}
}

/* Those that had not been sent by then never are. */
static void test_ahead_shrunk_in_time(void **state) {
	struct api_request request = {.service = API_GPU, .path = "/l", .timeout_ms = 20000};
	struct reply before, after = {0};

	(void)state;
	world_close(&world);
	world_open(&world, 5, 20, (struct token_config){0}); /* three places */
	world.server.script = script;
	cloud.entries = 2000;
	list_ask("/l", true, &before);
	cloud.hold = cloud.hold_first = true;
	world.server.count = 0;
	assert_int_equal(api_list(world.api, &request, true, before.pages, world_listed, &after, &after.call), 0);
	WORLD_UNTIL(&world, world.server.count == 3);
	cloud.entries = 350;
	page_answer(held(1));
	WORLD_UNTIL(&world, world.server.count == 4);
	for (size_t page = 4; page > 1; page--)
		page_answer(held(page));
	assert_listed(&after, 350, 4);
	reply_free(&before);
	assert_entries(after.pages, 350);
	reply_free(&after);
}

/* What came of pages that there are no more does not matter. */
static void test_ahead_failing_beyond(void **state) {
	static const int statuses[] = {404, 400, 403, 410, 200};
	struct reply before, after;

	(void)state;
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		begin_ahead(450, &before, &after);
		cloud.entries = 250;
		held_fail(5, 404);
		held_fail(4, statuses[i]); /* 200: without a list in it */
		answers_seen();
		assert_int_equal(after.done, 0);
		for (size_t page = 3; page > 0; page--)
			page_answer(held(page));
		assert_listed(&after, 250, 5);
		reply_free(&before);
		assert_entries(after.pages, 250);
		reply_free(&after);
	}
}

/* Of one that there is it does, and of several that of the foremost. */
static void test_ahead_failing(void **state) {
	struct reply before, after;

	(void)state;
	for (size_t late = 0; late < 2; late++) {
		begin_ahead(450, &before, &after);
		cloud.entries = 350;
		if (late)
			page_answer(held(1));
		held_fail(5, 400);
		held_fail(3, 404);
		answers_seen();
		assert_int_equal(after.done, late);
		if (!late) {
			held_fail(4, 403);
			answers_seen();
			page_answer(held(1));
		}
		WORLD_UNTIL(&world, after.done);
		assert_int_equal(after.code, EREMOTEIO);
		assert_int_equal(after.error.http_status, 404);
		assert_words(after.error.message, "page fails");
		assert_int_equal(world.server.count, 5);
		reply_free(&before);
	}
	/* The first page's own failure is the list's, whatever the others were. */
	begin_ahead(450, &before, &after);
	held_fail(2, 403);
	answers_seen();
	held_fail(1, 404);
	WORLD_UNTIL(&world, after.done);
	assert_int_equal(after.code, ENOENT);
	/* One that is given up in between. */
	reply_free(&before);
	begin_ahead(450, &before, &after);
	held_fail(2, 403);
	page_answer(held(3));
	answers_seen();
	api_cancel(after.call);
	assert_int_equal(after.done, 0);
	reply_free(&before);
}

/* A server that does not say any more how many there are. */
static void test_ahead_silent(void **state) {
	struct reply before, after;

	(void)state;
	for (size_t late = 0; late < 2; late++) {
		cloud.silent = false;
		begin_ahead(450, &before, &after);
		cloud.silent = true;
		cloud.entries = 550;
		for (size_t page = 5; late && page > 1; page--)
			page_answer(held(page));
		answers_seen();
		page_answer(held(1));
		cloud.hold = false;
		assert_listed(&after, 550, 10);
		reply_free(&before);
		assert_entries(after.pages, 550);
		reply_free(&after);
	}
}

/* What was told and was not so is not believed again. */
static void test_ahead_untrue(void **state) {
	struct reply before, after;

	(void)state;
	cloud.entries = 250;
	cloud.told_pages = 6;
	list_ask("/l", true, &before);
	assert_int_equal(before.pages->count, 3);
	cloud.hold = true;
	cloud.told_pages = 1;
	list_begin_again(before.pages, &after);
	assert_listed(&after, 100, 1);
	reply_free(&before);
	reply_free(&after);
}

/* Where pages come one by one, too. */
static void test_again_silent(void **state) {
	struct reply before, after;

	(void)state;
	cloud.silent = true;
	cloud.entries = 250;
	list_ask("/l", true, &before);
	cloud.odd = 150;
	list_again(before.pages, &after);
	assert_int_equal(after.pages->count, 3);
	assert_int_equal(pages_shared(before.pages, after.pages), 5);
	reply_free(&after);
	/* The pages before may be of any list. */
	cloud.deaf = true;
	cloud.odd = 0;
	list_again(before.pages, &after);
	assert_int_equal(after.pages->count, 1);
	assert_int_equal(pages_shared(before.pages, after.pages), 1);
	reply_free(&after);
	reply_free(&before);
}

/* The blocks that a list holds of which nine pages came, and the tenth did not. */
static long blocks_before_the_last(const struct api_pages *before) {
	struct api_request request = {.service = API_GPU, .path = "/l", .timeout_ms = 20000};
	struct reply reply = {0}, other;
	long live;

	cloud.hold = true;
	world.server.count = 0;
	alloc_arm(0);
	assert_int_equal(api_list(world.api, &request, true, before, world_listed, &reply, &reply.call), 0);
	WORLD_UNTIL(&world, world.server.count == 10);
	for (size_t i = 1; i < 9; i++)
		page_answer(&world.server.requests[i]);
	/* A request that comes after their answers is answered after them. */
	world_ask(&world, API_GET, "/other", NULL, &other);
	live = alloc_live();
	page_answer(&world.server.requests[9]);
	WORLD_UNTIL(&world, reply.done);
	alloc_disarm();
	assert_int_equal(reply.code, 0);
	reply_free(&reply);
	return live;
}

/* What came instead of a page that is there already is freed when it came, not when all are there. */
static void test_again_in_no_memory(void **state) {
	struct reply before;
	long copies;

	(void)state;
	cloud.entries = 1000;
	list_ask("/l", true, &before);
	copies = blocks_before_the_last(NULL);
	/* Each copy was a page and its text. */
	assert_int_equal(blocks_before_the_last(before.pages), copies - 2 * 9);
	reply_free(&before);
}

/* Far more pages than are asked for at once. */
static void test_many_pages(void **state) {
	struct reply reply, again;

	(void)state;
	world_close(&world);
	world_open(&world, 16, 1000, (struct token_config){0});
	world.server.script = script;
	cloud.entries = 40001;
	list_ask("/l", true, &reply);
	assert_int_equal(reply.code, 0);
	assert_int_equal(reply.pages->count, 401);
	assert_entries(reply.pages, 40001);
	assert_int_equal(world.server.count, 401);
	list_again(reply.pages, &again);
	assert_int_equal(world.server.count, 401);
	assert_true(api_pages_same(reply.pages, again.pages));
	reply_free(&again);
	reply_free(&reply);
}

/* Entries went away while one reads: an empty page ends the list. */
static void test_empty_page(void **state) {
	struct reply reply;

	(void)state;
	cloud.entries = 250;
	cloud.told_pages = 6;
	list_ask("/l", true, &reply);
	assert_int_equal(reply.code, 0);
	assert_int_equal(reply.pages->count, 3);
	assert_entries(reply.pages, 250);
	reply_free(&reply);
	cloud.entries = 0;
	list_ask("/l", true, &reply);
	assert_int_equal(reply.code, 0);
	assert_int_equal(reply.pages->count, 1);
	assert_int_equal(world.server.count, 1);
	reply_free(&reply);
}

static void test_failing_page(void **state) {
	static const struct { int status, code; } cases[] = {{404, ENOENT}, {410, EREMOTEIO}, {403, EACCES}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t page = 1; page <= 4; page += 3) {
			struct reply reply;

			cloud.entries = 1000;
			cloud.fail_page = page;
			cloud.fail_status = cases[i].status;
			cloud.hold = true;
			world.server.count = 0;
			world_list(&world, "/l", true, &reply);
			if (page > 1) {
				WORLD_UNTIL(&world, world.server.count == 10);
				for (size_t r = 1; r < 10; r++)
					if (page_asked(&world.server.requests[r]) == page)
						page_answer(&world.server.requests[r]);
			}
			WORLD_UNTIL(&world, reply.done);
			/* Where there was a first page, the list is there. */
			assert_int_equal(reply.code, cases[i].status == 404 && page > 1 ? EREMOTEIO : cases[i].code);
			assert_int_equal(reply.error.http_status, cases[i].status);
			assert_words(reply.error.message, "page fails");
			/* The others are given up: the server sees their connections end. */
			for (size_t r = 1; r < world.server.count; r++)
				if (page_asked(&world.server.requests[r]) != page)
					WORLD_UNTIL(&world, !server_alive(&world.server.requests[r]));
			assert_int_equal(reply.done, 1);
		}
}

static void test_no_list(void **state) {
	struct reply reply;

	(void)state;
	cloud.envelope = "";
	list_ask("/l", true, &reply);
	assert_int_equal(reply.code, EREMOTEIO);
	assert_string_equal(reply.error.message, "unusable answer: no list in it");
	assert_int_equal(world.server.count, 1);
}

static void test_cancel(void **state) {
	struct reply reply, other;

	(void)state;
	cloud.entries = 2000;
	cloud.hold = true;
	world_list(&world, "/l", true, &reply);
	WORLD_UNTIL(&world, world.server.count == 15);
	api_cancel(reply.call);
	for (size_t r = 1; r < 15; r++)
		WORLD_UNTIL(&world, !server_alive(&world.server.requests[r]));
	assert_int_equal(reply.done, 0);
	assert_int_equal(world.server.count, 15);
	/* All places are free again. */
	cloud.hold = false;
	list_ask("/l", true, &other);
	assert_entries(other.pages, 2000);
	reply_free(&other);
	/* And one that api_free() ends. */
	cloud.hold = true;
	world.server.count = 0;
	world_list(&world, "/l", true, &reply);
	WORLD_UNTIL(&world, world.server.count == 15);
}

static void test_items(void **state) {
	static const struct {
		const char *text, *items;
	} cases[] = {
		{"[1]", "[1]"},
		{"{\"data\":[1]}", "[1]"},
		{"{\"items\":[2]}", "[2]"},
		{"{\"items\":[2],\"data\":[1]}", "[1]"},
		{"{\"data\":{},\"items\":[2]}", "[2]"},
		{"{\"data\":null}", NULL},
		{"{}", NULL},
		{"7", NULL},
		{"\"data\"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct json root, items;

		assert_int_equal(json_scan(cases[i].text, strlen(cases[i].text), &root, NULL), JSON_OK);
		items = api_page_items(root);
		if (cases[i].items) {
			assert_int_equal(items.type, JSON_ARRAY);
			assert_memory_equal(items.text, cases[i].items, items.len);
		} else {
			assert_int_equal(items.type, JSON_ABSENT);
		}
	}
	assert_int_equal(api_page_items((struct json){0}).type, JSON_ABSENT);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_counts, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ages, setup, teardown),
		cmocka_unit_test_setup_teardown(test_parameters, setup, teardown),
		cmocka_unit_test_setup_teardown(test_parallel, setup, teardown),
		cmocka_unit_test_setup_teardown(test_more_than_places, setup, teardown),
		cmocka_unit_test_setup_teardown(test_silent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_deaf, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bound, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nonsense, setup, teardown),
		cmocka_unit_test_setup_teardown(test_all_on_the_first, setup, teardown),
		cmocka_unit_test_setup_teardown(test_circles, setup, teardown),
		cmocka_unit_test_setup_teardown(test_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ahead, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ahead_grown, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ahead_shrunk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ahead_shrunk_in_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ahead_failing_beyond, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ahead_failing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ahead_silent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_ahead_untrue, setup, teardown),
		cmocka_unit_test_setup_teardown(test_again_silent, setup, teardown),
		cmocka_unit_test_setup_teardown(test_again_in_no_memory, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_pages, setup, teardown),
		cmocka_unit_test_setup_teardown(test_empty_page, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failing_page, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_list, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cancel, setup, teardown),
		cmocka_unit_test(test_items),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
