/* Scratch files alone: their bytes, their bounds, their names, and how long they live. */
#include "../fs/scratch.h"
#include "alloc.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct scratches *begin(void) {
	struct scratches *all = NULL;
	alloc_arm(0);
	assert_int_equal(scratches_new(&all), 0);
	return all;
}

static void end(struct scratches *all) {
	scratches_free(all);
	alloc_disarm();
	assert_int_equal(alloc_live(), 0);
}

static struct scratch *make(struct scratches *all, const char *dir, const char *name) {
	struct scratch *scratch = NULL;
	assert_int_equal(scratch_new(all, dir, name, 0100640, 7, &scratch), 0);
	return scratch;
}

static void assert_text(const struct scratch *scratch, const char *text, size_t len) {
	assert_int_equal(scratch->text.len, len);
	if (len)
		assert_memory_equal(scratch->text.data, text, len);
}

static void bytes_at_any_place(void **state) {
	(void)state;
	struct scratches *all = begin();
	struct scratch *a = make(all, "/x", "a");
	assert_int_equal(a->mode, 0640);
	assert_int_equal(a->mtime.tv_sec, 7);
	assert_text(a, "", 0);
	assert_int_equal(scratch_write(a, "world", 5, 6, 8), 0);
	assert_text(a, "\0\0\0\0\0\0world", 11);
	assert_int_equal(scratch_write(a, "hello ", 6, 0, 9), 0);
	assert_text(a, "hello world", 11);
	assert_int_equal(a->mtime.tv_sec, 9);
	assert_int_equal(a->changed, 9);
	assert_int_equal(scratch_write(a, "", 0, 4000, 10), 0);
	assert_text(a, "hello world", 11);
	assert_int_equal(scratch_truncate(a, 5, 11), 0);
	assert_int_equal(scratch_truncate(a, 7, 11), 0);
	assert_text(a, "hello\0\0", 7); /* what was cut off does not come back */
	assert_int_equal(scratch_write(a, "!", 1, 100000, 12), 0);
	assert_int_equal(a->text.len, 100001);
	assert_int_equal(a->text.data[99999], 0);
	assert_memory_equal(a->text.data, "hello", 5);
	assert_int_equal(scratch_truncate(a, 2, 12), 0);
	assert_text(a, "he", 2);
	assert_in_range(a->text.cap, 2, 4096); /* the memory went too */
	end(all);
}

static void names_and_directories(void **state) {
	(void)state;
	struct scratches *all = begin();
	struct scratch *a = make(all, "/x", "a"), *b = make(all, "/x", "b"), *other = make(all, "/y", "a");
	assert_ptr_equal(scratch_find(all, "/x", "a"), a);
	assert_ptr_equal(scratch_find(all, "/y", "a"), other);
	assert_null(scratch_find(all, "/y", "b"));
	assert_null(scratch_find(all, "/z", "a"));
	size_t seen = 0;
	for (struct scratch *at = NULL; (at = scratch_next(all, "/x", at)); seen++)
		assert_true(at == a || at == b);
	assert_int_equal(seen, 2);
	assert_int_equal(scratch_rename(a, "/x", "c"), 0);
	assert_ptr_equal(scratch_find(all, "/x", "c"), a);
	assert_null(scratch_find(all, "/x", "a"));
	assert_int_equal(scratch_rename(a, "/new", "d"), 0);
	assert_ptr_equal(scratch_find(all, "/new", "d"), a);
	assert_int_equal(scratch_rename(a, "/y", "b"), 0); /* the last of its directory */
	assert_null(scratch_next(all, "/new", NULL));
	/* A directory is renamed, over what was left under that name. */
	scratch_dir_rename(all, "/y", strdup("/x"));
	assert_null(scratch_find(all, "/y", "b"));
	assert_ptr_equal(scratch_find(all, "/x", "b"), a);
	assert_ptr_equal(scratch_find(all, "/x", "a"), other);
	scratch_dir_rename(all, "/none", strdup("/x"));
	assert_null(scratch_next(all, "/x", NULL));
	make(all, "/x", "a");
	scratch_dir_drop(all, "/x");
	scratch_dir_drop(all, "/x");
	assert_null(scratch_find(all, "/x", "a"));
	end(all);
}

static void what_is_held_lives_on(void **state) {
	(void)state;
	struct scratches *all = begin();
	int one, two;
	const struct node *node = (const struct node *)&one, *none = (const struct node *)&two;
	struct scratch *a = scratch_hold(scratch_hold(make(all, "/x", "a"))), *b = scratch_hold(make(all, "/x", "b"));
	scratch_release(NULL);
	assert_null(scratch_of_node(all, node));
	scratch_unlink(a, node);
	assert_null(scratch_find(all, "/x", "a"));
	assert_null(a->name);
	assert_ptr_equal(scratch_of_node(all, node), a);
	assert_null(scratch_of_node(all, none));
	assert_int_equal(scratch_write(a, "still", 5, 0, 8), 0);
	struct scratch *again = make(all, "/x", "a");
	assert_ptr_not_equal(again, a);
	scratch_release(a);
	assert_text(a, "still", 5);
	scratch_release(a);
	assert_null(scratch_of_node(all, node));
	scratch_release(b); /* it has its name */
	assert_ptr_equal(scratch_find(all, "/x", "b"), b);
	scratch_hold(b);
	scratch_dir_drop(all, "/x");
	assert_null(b->name);
	end(all); /* held, and gone all the same */
}

static void an_unchanged_backup(void **state) {
	(void)state;
	struct scratches *all = begin();
	struct scratch *a = make(all, "/x", "a");
	a->backup = &value_row;
	assert_int_equal(scratch_rename(a, "/x", "b"), 0);
	assert_ptr_equal(a->backup, &value_row);
	scratch_dir_rename(all, "/x", strdup("/y"));
	assert_ptr_equal(a->backup, &value_row);
	assert_int_equal(scratch_write(a, "x", 1, 0, 8), 0);
	assert_null(a->backup);
	a->backup = &value_row;
	assert_int_equal(scratch_truncate(a, 1, 8), 0);
	assert_null(a->backup);
	a->backup = &value_row;
	assert_int_equal(scratch_rename(a, "/z", "b"), 0);
	assert_null(a->backup);
	end(all);
}

static void bounds(void **state) {
	(void)state;
	struct scratches *all = begin();
	struct scratch *a = make(all, "/x", "a"), *last = NULL;
	assert_int_equal(scratch_write(a, "text", 4, 0, 7), 0);
	assert_int_equal(scratch_truncate(a, SCRATCH_BYTES_MAX + 1, 8), -EFBIG);
	assert_int_equal(scratch_write(a, "x", 1, SCRATCH_BYTES_MAX, 8), -EFBIG);
	assert_int_equal(scratch_write(a, "x", 1, SIZE_MAX, 8), -EFBIG);
	assert_text(a, "text", 4);
	assert_int_equal(a->mtime.tv_sec, 7);
	assert_int_equal(scratch_write(a, "x", 1, SCRATCH_BYTES_MAX - 1, 8), 0);
	char name[32];
	for (int i = 1; i < SCRATCH_BYTES_ALL_MAX / SCRATCH_BYTES_MAX; i++) {
		snprintf(name, sizeof(name), "big%d", i);
		last = make(all, "/x", name);
		assert_int_equal(scratch_truncate(last, SCRATCH_BYTES_MAX, 8), 0);
	}
	struct scratch *over = make(all, "/y", "over");
	assert_int_equal(scratch_write(over, "x", 1, 0, 8), -ENOSPC);
	assert_text(over, "", 0);
	/* What has no name any more counts until it is released. */
	scratch_hold(last);
	scratch_unlink(last, NULL);
	assert_int_equal(scratch_write(over, "x", 1, 0, 8), -ENOSPC);
	scratch_release(last);
	assert_int_equal(scratch_truncate(over, SCRATCH_BYTES_MAX, 8), 0);
	assert_int_equal(scratch_truncate(a, 0, 8), 0);
	last = make(all, "/y", "last");
	assert_int_equal(scratch_truncate(last, SCRATCH_BYTES_MAX, 8), 0);
	assert_int_equal(scratch_write(a, "x", 1, 0, 8), -ENOSPC);
	end(all);
}

static void so_many(void **state) {
	(void)state;
	struct scratches *all = begin();
	struct scratch *scratch = NULL;
	char name[32];
	for (int i = 0; i < SCRATCH_MAX; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		scratch = make(all, "/x", name);
	}
	struct scratch *none = NULL;
	assert_int_equal(scratch_new(all, "/x", "over", 0600, 7, &none), -ENOSPC);
	scratch_hold(scratch);
	scratch_unlink(scratch, NULL);
	assert_int_equal(scratch_new(all, "/x", "over", 0600, 7, &none), -ENOSPC);
	assert_null(none);
	scratch_release(scratch);
	make(all, "/x", "over");
	end(all);
}

/* Each call with each of its allocations failing: nothing is changed. */
static void without_memory(void **state) {
	(void)state;
	size_t failed = 0;
	for (size_t n = 1;; n++) {
		struct scratches *all = NULL;
		struct scratch *a = NULL, *b = NULL;
		alloc_arm(0);
		assert_int_equal(scratches_new(&all), 0);
		a = make(all, "/x", "a");
		assert_int_equal(scratch_truncate(a, 8000, 7), 0);
		assert_int_equal(scratch_write(a, "text", 4, 0, 7), 0);
		long live = alloc_live();
		alloc_arm(n);
		int made = scratch_new(all, "/y", "b", 0600, 7, &b);
		int renamed = scratch_rename(a, "/z", "c");
		int written = scratch_write(a, "x", 1, 9000, 8);
		int cut = scratch_truncate(a, 4, 8);
		bool reached = alloc_disarm();
		live += alloc_live();
		assert_int_equal(cut, 0); /* without memory it stays where it is */
		assert_text(a, "text", 4);
		assert_true(made == (b ? 0 : -ENOMEM));
		assert_ptr_equal(scratch_find(all, "/y", "b"), b);
		assert_true(renamed == 0 || renamed == -ENOMEM);
		assert_ptr_equal(scratch_find(all, renamed ? "/x" : "/z", renamed ? "a" : "c"), a);
		assert_true(written == 0 || written == -ENOMEM);
		failed += made || renamed || written;
		alloc_arm(0);
		scratches_free(all);
		alloc_disarm();
		assert_int_equal(live + alloc_live(), 0);
		if (!reached)
			break;
	}
	assert_in_range(failed, 6, 20);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_at_any_place),
		cmocka_unit_test(names_and_directories),
		cmocka_unit_test(what_is_held_lives_on),
		cmocka_unit_test(an_unchanged_backup),
		cmocka_unit_test(bounds),
		cmocka_unit_test(so_many),
		cmocka_unit_test(without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
