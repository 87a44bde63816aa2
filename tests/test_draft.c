/* Drafts alone: their texts, their bounds, and what becomes of them. */
#include "../fs/draft.h"
#include "../fs/spec.h"
#include "alloc.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct kind *const kind = &kinds[KIND_CUSTOM_TEMPLATE];

static struct draft *draft_of(struct drafts *drafts, const char *place, const char *name) {
	struct draft *draft = NULL;
	assert_int_equal(draft_new(drafts, kind, place, name, 7, &draft), 0);
	return draft;
}

static void found_by_place_and_name(void **state) {
	(void)state;
	struct drafts *drafts = NULL;
	assert_int_equal(drafts_new(&drafts), 0);
	struct draft *a = draft_of(drafts, "/x", "a"), *b = draft_of(drafts, "/x", "b"),
		     *other = draft_of(drafts, "/y", "a");
	assert_ptr_equal(draft_find(drafts, "/x", "a"), a);
	assert_ptr_equal(draft_find(drafts, "/y", "a"), other);
	assert_null(draft_find(drafts, "/y", "b"));
	assert_null(draft_find(drafts, "/z", "a"));
	size_t seen = 0;
	for (const struct draft *at = NULL; (at = draft_next(drafts, "/x", at)); seen++)
		assert_true(at == a || at == b);
	assert_int_equal(seen, 2);
	assert_int_equal(a->state, DRAFT_OPEN);
	assert_int_equal(a->changed, 7);
	assert_false(a->has_text);
	draft_remove(drafts, a);
	assert_null(draft_find(drafts, "/x", "a"));
	assert_int_equal(draft_rename(b, "a"), 0);
	assert_ptr_equal(draft_find(drafts, "/x", "a"), b);
	assert_null(draft_find(drafts, "/x", "b"));
	drafts_free(drafts);
	drafts_free(NULL);
}

static void assert_text(const struct draft *draft, const char *text, size_t len) {
	assert_int_equal(draft->text.len, len);
	assert_memory_equal(draft->text.data, text, len);
}

static void texts_are_put_together(void **state) {
	(void)state;
	struct drafts *drafts = NULL;
	assert_int_equal(drafts_new(&drafts), 0);
	struct draft *draft = draft_of(drafts, "/x", "a");
	assert_int_equal(draft_write(drafts, draft, "world", 5, 6, 8), 0);
	assert_text(draft, "\0\0\0\0\0\0world", 11);
	assert_true(draft->has_text);
	assert_int_equal(draft->changed, 8);
	assert_int_equal(draft_write(drafts, draft, "hello ", 6, 0, 9), 0);
	assert_text(draft, "hello world", 11);
	assert_int_equal(draft_truncate(drafts, draft, 5, 10), 0);
	assert_text(draft, "hello", 5);
	/* What was cut off does not come back. */
	assert_int_equal(draft_truncate(drafts, draft, 8, 11), 0);
	assert_text(draft, "hello\0\0\0", 8);
	assert_int_equal(draft_truncate(drafts, draft, 0, 12), 0);
	assert_int_equal(draft->text.len, 0);
	assert_int_equal(draft->changed, 12);
	drafts_free(drafts);
}

static void one_text_is_bounded(void **state) {
	(void)state;
	struct drafts *drafts = NULL;
	assert_int_equal(drafts_new(&drafts), 0);
	struct draft *draft = draft_of(drafts, "/x", "a");
	assert_int_equal(draft_write(drafts, draft, "x", 1, SPEC_BYTES_MAX - 1, 0), 0);
	assert_int_equal(draft->text.len, SPEC_BYTES_MAX);
	assert_int_equal(draft_write(drafts, draft, "xy", 2, SPEC_BYTES_MAX - 1, 0), -EFBIG);
	assert_int_equal(draft_write(drafts, draft, "x", 1, SPEC_BYTES_MAX, 0), -EFBIG);
	assert_int_equal(draft_write(drafts, draft, "x", 1, SIZE_MAX, 0), -EFBIG);
	assert_int_equal(draft_truncate(drafts, draft, SPEC_BYTES_MAX + 1, 0), -EFBIG);
	assert_int_equal(draft->text.len, SPEC_BYTES_MAX);
	assert_int_equal(draft->text.data[SPEC_BYTES_MAX - 1], 'x');
	drafts_free(drafts);
}

static void all_texts_together_are_bounded(void **state) {
	(void)state;
	enum { WHOLE = DRAFT_BYTES_MAX / SPEC_BYTES_MAX };
	struct drafts *drafts = NULL;
	struct draft *all[WHOLE + 1];
	char name[16];
	assert_int_equal(drafts_new(&drafts), 0);
	for (int i = 0; i <= WHOLE; i++) {
		snprintf(name, sizeof(name), "%d", i);
		all[i] = draft_of(drafts, "/x", name);
		assert_int_equal(draft_truncate(drafts, all[i], SPEC_BYTES_MAX, 0), i < WHOLE ? 0 : -ENOSPC);
	}
	assert_int_equal(all[WHOLE]->text.len, 0);
	assert_int_equal(draft_write(drafts, all[WHOLE], "x", 1, 0, 0), -ENOSPC);
	/* What is cut off or removed makes room, page for page; and its memory is given back. */
	assert_int_equal(draft_truncate(drafts, all[0], SPEC_BYTES_MAX - 4096, 0), 0);
	assert_in_range(all[0]->text.cap, 1, SPEC_BYTES_MAX - 4096);
	assert_int_equal(draft_write(drafts, all[WHOLE], "x", 1, 0, 0), 0);
	assert_int_equal(draft_write(drafts, all[WHOLE], "xy", 2, 0, 0), 0);
	assert_int_equal(draft_write(drafts, all[WHOLE], "x", 1, 4096, 0), -ENOSPC);
	draft_remove(drafts, all[1]);
	assert_int_equal(draft_truncate(drafts, all[WHOLE], SPEC_BYTES_MAX, 0), 0);
	drafts_free(drafts);
}

static void their_number_is_bounded(void **state) {
	(void)state;
	struct drafts *drafts = NULL;
	struct draft *draft = NULL, *last = NULL;
	char name[16];
	assert_int_equal(drafts_new(&drafts), 0);
	for (int i = 0; i < DRAFTS_MAX; i++) {
		snprintf(name, sizeof(name), "%d", i);
		last = draft_of(drafts, "/x", name);
	}
	assert_int_equal(draft_new(drafts, kind, "/y", "a", 0, &draft), -ENOSPC);
	assert_null(draft);
	draft_remove(drafts, last);
	draft_of(drafts, "/y", "a");
	drafts_free(drafts);
}

static void a_draft_is_born(void **state) {
	(void)state;
	struct drafts *drafts = NULL;
	char answer[] = "{\"id\":\"i\",\"name\":\"a\"}trailing";
	assert_int_equal(drafts_new(&drafts), 0);
	struct draft *draft = draft_of(drafts, "/x", "a");
	assert_int_equal(draft_born(draft, "i", answer, strlen(answer) - 8), 0);
	memset(answer, '#', sizeof(answer)); /* it was copied */
	assert_int_equal(draft->state, DRAFT_BORN);
	assert_string_equal(draft->id, "i");
	assert_true(json_string_is(json_at(draft->json, "/name"), "a"));
	/* One that is not born, or another, stays. */
	struct draft *other = draft_of(drafts, "/x", "b");
	draft_unborn(drafts, kind, "j");
	draft_unborn(drafts, &kinds[KIND_AIMODEL], "i");
	assert_ptr_equal(draft_find(drafts, "/x", "a"), draft);
	draft_unborn(drafts, kind, "i");
	assert_null(draft_find(drafts, "/x", "a"));
	assert_ptr_equal(draft_find(drafts, "/x", "b"), other);
	drafts_free(drafts);
}

static void without_memory(void **state) {
	(void)state;
	char big[5000];
	memset(big, 'x', sizeof(big));
	for (size_t n = 1;; n++) {
		struct drafts *drafts = NULL;
		struct draft *draft = NULL;
		alloc_arm(n);
		int rc = drafts_new(&drafts);
		if (!rc)
			rc = draft_new(drafts, kind, "/x", "a", 0, &draft);
		if (!rc && !(rc = draft_write(drafts, draft, "abc", 3, 0, 0))) {
			/* What cannot be written leaves what was. */
			rc = draft_write(drafts, draft, big, sizeof(big), 3, 0);
			if (rc)
				assert_text(draft, "abc", 3);
			if (rc)
				assert_int_equal(draft_write(drafts, draft, big, sizeof(big), 3, 0), 0);
			assert_int_equal(draft->text.len, sizeof(big) + 3);
			if (!rc && (rc = draft_rename(draft, "b")))
				assert_string_equal(draft->name, "a");
			if (!rc && (rc = draft_born(draft, "i", "{\"a\":{\"b\":1}}", 13)))
				assert_int_equal(draft->state, DRAFT_OPEN);
		}
		drafts_free(drafts);
		bool failed = alloc_disarm();
		assert_int_equal(rc, failed ? -ENOMEM : 0);
		assert_int_equal(alloc_live(), 0);
		if (!failed)
			return;
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(found_by_place_and_name),
		cmocka_unit_test(texts_are_put_together),
		cmocka_unit_test(one_text_is_bounded),
		cmocka_unit_test(all_texts_together_are_bounded),
		cmocka_unit_test(their_number_is_bounded),
		cmocka_unit_test(a_draft_is_born),
		cmocka_unit_test(without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
