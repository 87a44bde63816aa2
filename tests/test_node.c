/* The names that the kernel knows: one node a path, alive as long as somebody holds it, found by its name or retired.
 */
#include "../fs/name.h"
#include "../fs/node.h"
#include "alloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct kind *const model = &kinds[KIND_AIMODEL];

static struct nodes *begin(void) {
	struct nodes *nodes = NULL;
	alloc_arm(0);
	assert_int_equal(nodes_new(&nodes), 0);
	return nodes;
}

static void end(struct nodes *nodes) {
	nodes_free(nodes);
	alloc_disarm();
	assert_int_equal(alloc_live(), 0);
}

static void assert_path(const struct node *node, const char *path) {
	struct buffer out = {0};
	node_path(node, &out);
	assert_int_equal(out.error, 0);
	assert_string_equal(out.data ? out.data : "", path);
	buffer_free(&out);
}

static void one_node_a_path(void **state) {
	(void)state;
	struct nodes *nodes = begin();
	struct node *root = nodes_root(nodes), *a = node_lookup(nodes, root, &resource_row, model, "a");
	assert_non_null(a);
	assert_int_equal(root->ino, 1);
	assert_ptr_equal(node_lookup(nodes, root, &resource_row, model, "a"), a);
	assert_int_equal(a->lookups, 2);
	struct node *b = node_lookup(nodes, root, &resource_row, model, "b"),
		    *ab = node_lookup(nodes, a, &value_row, NULL, "b");
	assert_ptr_not_equal(b, ab);
	assert_int_not_equal(b->ino, ab->ino);
	assert_path(root, "");
	assert_path(a, "a");
	assert_path(ab, "a/b");
	assert_int_equal(nodes_count(nodes), 3);
	/* What was an object can be a scalar next time. */
	assert_ptr_equal(node_lookup(nodes, a, &object_row, NULL, "b"), ab);
	assert_ptr_equal(ab->row, &object_row);
	end(nodes);
}

/* The same in every mount, and never 0 or 1. */
static void inode_numbers(void **state) {
	(void)state;
	struct nodes *one = begin(), *two = NULL;
	assert_int_equal(nodes_new(&two), 0);
	struct node *a = node_lookup(one, nodes_root(one), &resource_row, model, "a");
	node_lookup(two, nodes_root(two), &resource_row, model, "other");
	struct node *same = node_lookup(two, nodes_root(two), &resource_row, model, "a");
	assert_int_equal(a->ino, same->ino);
	assert_int_equal(a->ino, node_ino(nodes_root(one), "a"));
	char name[32];
	for (int i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "%d", i);
		assert_true(node_ino(a, name) > 1);
	}
	nodes_free(two);
	end(one);
}

static void held_and_given_back(void **state) {
	(void)state;
	struct nodes *nodes = begin();
	struct node *root = nodes_root(nodes), *a = node_lookup(nodes, root, &resource_row, model, "a");
	node_lookup(nodes, root, &resource_row, model, "a");
	struct node *b = node_lookup(nodes, a, &object_row, NULL, "b"),
		    *c = node_lookup(nodes, b, &value_row, NULL, "c");
	node_forget(nodes, a, 1);
	assert_int_equal(nodes_count(nodes), 3);
	node_forget(nodes, a, 1); /* its child holds it */
	node_forget(nodes, b, 1);
	assert_int_equal(nodes_count(nodes), 3);
	assert_path(c, "a/b/c");
	node_forget(nodes, c, 1); /* the last one takes its parents along */
	assert_int_equal(nodes_count(nodes), 0);
	node_forget(nodes, root, 1000);
	assert_path(nodes_root(nodes), "");
	/* More than it ever had. */
	a = node_lookup(nodes, root, &resource_row, model, "a");
	node_forget(nodes, a, UINT64_MAX);
	assert_int_equal(nodes_count(nodes), 0);
	end(nodes);
}

static void ids_of_what_is_named_by_id(void **state) {
	(void)state;
	struct nodes *nodes = begin();
	struct node *root = nodes_root(nodes);
	assert_string_equal(node_lookup(nodes, root, &resource_row, &kinds[KIND_ORG], "o%2F1")->id, "o/1");
	assert_null(node_lookup(nodes, root, &resource_row, model, "a")->id);
	assert_null(node_lookup(nodes, root, &group_row, &kinds[KIND_ORG], "g")->id);
	end(nodes);
}

static void a_name_that_was_removed(void **state) {
	(void)state;
	struct nodes *nodes = begin();
	struct node *root = nodes_root(nodes), *old = node_lookup(nodes, root, &resource_row, model, "a");
	struct node *inside = node_lookup(nodes, old, &value_row, NULL, "x");
	node_retire(nodes, root, "no-such");
	node_retire(nodes, root, "a");
	node_retire(nodes, root, "a"); /* there is none any more */
	struct node *fresh = node_lookup(nodes, root, &resource_row, model, "a");
	assert_ptr_not_equal(fresh, old);
	assert_ptr_not_equal(node_lookup(nodes, fresh, &value_row, NULL, "x"), inside);
	assert_path(inside, "a/x");
	node_forget(nodes, old, 1);
	node_forget(nodes, inside, 1);
	assert_ptr_equal(node_lookup(nodes, root, &resource_row, model, "a"), fresh);
	/* One that the kernel never gives back ends with the mount. */
	node_retire(nodes, root, "a");
	end(nodes);
}

static void several_that_were_removed(void **state) {
	(void)state;
	struct nodes *nodes = begin();
	struct node *root = nodes_root(nodes), *old[5];
	for (int i = 0; i < 5; i++) {
		old[i] = node_lookup(nodes, root, &resource_row, model, "a");
		node_retire(nodes, root, "a");
	}
	static const int order[] = {2, 0, 4, 1, 3};
	for (int i = 0; i < 5; i++)
		node_forget(nodes, old[order[i]], 1);
	assert_int_equal(nodes_count(nodes), 0);
	end(nodes);
}

static void a_name_that_changes(void **state) {
	(void)state;
	struct nodes *nodes = begin();
	struct node *root = nodes_root(nodes), *a = node_lookup(nodes, root, &resource_row, model, "a");
	node_lookup(nodes, a, &value_row, NULL, "x");
	node_rename(nodes, a, nodes_root(nodes), strdup("b"));
	assert_path(a, "b");
	assert_int_equal(a->ino, node_ino(root, "b"));
	assert_ptr_equal(node_lookup(nodes, root, &resource_row, model, "b"), a);
	struct node *fresh = node_lookup(nodes, root, &resource_row, model, "a");
	assert_ptr_not_equal(fresh, a);
	assert_int_equal(fresh->lookups, 1);
	end(nodes);
}

static void a_great_many(void **state) {
	(void)state;
	enum { COUNT = 100000 };
	struct nodes *nodes = begin();
	struct node *root = nodes_root(nodes);
	static struct node *all[COUNT];
	char name[32];
	for (int i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		all[i] = node_lookup(nodes, root, &resource_row, model, name);
	}
	assert_int_equal(nodes_count(nodes), COUNT);
	for (int i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		assert_ptr_equal(node_lookup(nodes, root, &resource_row, model, name), all[i]);
	}
	for (int i = 0; i < COUNT; i += 2)
		node_forget(nodes, all[i], 2);
	assert_int_equal(nodes_count(nodes), COUNT / 2);
	for (int i = 1; i < COUNT; i += 2)
		assert_int_equal(all[i]->lookups, 2);
	end(nodes);
}

static void without_memory(void **state) {
	(void)state;
	for (size_t n = 1;; n++) {
		struct nodes *nodes = NULL;
		alloc_arm(n);
		if (!nodes_new(&nodes)) {
			char name[32];
			struct node *root = nodes_root(nodes),
				    *org = node_lookup(nodes, root, &resource_row, &kinds[KIND_ORG], "o");
			for (int i = 0; i < 200; i++) { /* the table grows on the way, or does not */
				snprintf(name, sizeof(name), "n%d", i);
				if (node_lookup(nodes, root, &resource_row, model, name))
					assert_int_equal(
						node_lookup(nodes, root, &resource_row, model, name)->lookups, 2);
			}
			assert_in_range(nodes_count(nodes), 200, 201);
			assert_true(org ? !strcmp(org->id, "o") : nodes_count(nodes) == 200);
		}
		nodes_free(nodes);
		bool failed = alloc_disarm();
		assert_int_equal(alloc_live(), 0);
		if (!failed)
			return;
	}
}

static void a_node_for_each_text(void **state) {
	(void)state;
	struct nodes *nodes = begin();
	struct node *a = node_lookup(nodes, nodes_root(nodes), &resource_row, model, "a");
	struct node *file = node_lookup(nodes, a, &value_row, NULL, "x");
	assert_ptr_equal(node_show(nodes, file, 7, 1), file);
	assert_ptr_equal(node_show(nodes, node_lookup(nodes, a, &value_row, NULL, "x"), 7, 1), file);
	assert_int_equal(file->lookups, 2);
	/* One of the two look-ups goes over. */
	struct node *other = node_show(nodes, file, 8, 2);
	assert_ptr_not_equal(other, file);
	assert_int_equal(other->ino, file->ino);
	assert_int_equal(file->lookups, 1);
	assert_int_equal(other->size, 2);
	assert_false(node_retired(file)); /* its name is there */
	assert_false(node_retired(other));
	assert_ptr_equal(node_lookup(nodes, a, &value_row, NULL, "x"), other);
	/* What is loose has no text that it could have again. */
	other->loose = true;
	struct node *third = node_show(nodes, other, 8, 2);
	assert_ptr_not_equal(third, other);
	node_forget(nodes, file, 1);
	node_forget(nodes, other, 1);
	node_forget(nodes, third, 1);
	node_forget(nodes, a, 1);
	assert_int_equal(nodes_count(nodes), 0);
	end(nodes);
}

static void found_by_its_path(void **state) {
	(void)state;
	struct nodes *nodes = begin();
	struct node *a = node_lookup(nodes, nodes_root(nodes), &resource_row, model, "a");
	struct node *b = node_lookup(nodes, a, &object_row, NULL, "b");
	assert_ptr_equal(node_at(nodes, "", 0), nodes_root(nodes));
	assert_ptr_equal(node_at(nodes, "a", 1), a);
	assert_ptr_equal(node_at(nodes, "a/b", 3), b);
	assert_ptr_equal(node_at(nodes, "a/b", 1), a);
	assert_null(node_at(nodes, "a/c", 3));
	assert_null(node_at(nodes, "b", 1));
	char longer[2 * NAME_SIZE];
	memset(longer, 'x', sizeof longer);
	assert_null(node_at(nodes, longer, sizeof longer));
	end(nodes);
}

static void node_count_one(void *user, struct node *node) {
	(void)node;
	++*(size_t *)user;
}

static void node_mark_one(void *user, struct node *node) {
	(void)user;
	node->loose = true;
}

static void walks_reach_all(void **state) {
	(void)state;
	enum { MANY = 30000 };
	static struct node *all[MANY];
	struct nodes *nodes = begin();
	struct node *root = nodes_root(nodes), *dir = node_lookup(nodes, root, &object_row, NULL, "dir");
	char name[16];
	size_t count = 0;
	node_walk(dir, node_count_one, &count);
	assert_int_equal(count, 1);
	struct node *inner = node_lookup(nodes, dir, &object_row, NULL, "inner");
	node_lookup(nodes, dir, &value_row, NULL, "x");
	node_lookup(nodes, inner, &value_row, NULL, "y");
	node_lookup(nodes, root, &value_row, NULL, "beside");
	count = 0;
	node_walk(dir, node_count_one, &count);
	assert_int_equal(count, 4);
	/* While the table grows, and while it shrinks. */
	struct nodes_walk walk = {0};
	for (size_t i = 0; i < MANY; i++) {
		snprintf(name, sizeof name, "n%zu", i);
		all[i] = node_lookup(nodes, root, &value_row, NULL, name);
		if (i == MANY / 2)
			assert_true(nodes_walk(nodes, &walk, node_mark_one, NULL));
	}
	while (nodes_walk(nodes, &walk, node_mark_one, NULL)) {
	}
	for (size_t i = 0; i < MANY / 2; i++)
		assert_true(all[i]->loose);
	for (size_t i = 0; i < MANY; i++)
		all[i]->loose = false;
	walk = (struct nodes_walk){0};
	for (int i = 0; i < 12; i++)
		assert_true(nodes_walk(nodes, &walk, node_mark_one, NULL));
	for (size_t i = 100; i < MANY; i++)
		node_forget(nodes, all[i], 1);
	while (nodes_walk(nodes, &walk, node_mark_one, NULL)) {
	}
	for (size_t i = 0; i < 100; i++)
		assert_true(all[i]->loose);
	end(nodes);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_node_a_path),
		cmocka_unit_test(inode_numbers),
		cmocka_unit_test(held_and_given_back),
		cmocka_unit_test(ids_of_what_is_named_by_id),
		cmocka_unit_test(a_name_that_was_removed),
		cmocka_unit_test(several_that_were_removed),
		cmocka_unit_test(a_name_that_changes),
		cmocka_unit_test(a_great_many),
		cmocka_unit_test(a_node_for_each_text),
		cmocka_unit_test(found_by_its_path),
		cmocka_unit_test(walks_reach_all),
		cmocka_unit_test(without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
