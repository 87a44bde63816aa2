/* Which removals are taken for the end of a sweep: by directory, by session and by time. */
#include "../fs/sweep.h"
#include "alloc.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { NOBODY = 0, BEGIN_MS = 100000 };

/* A process that waits to be ended, in our session or in one of its own. */
static pid_t other_begin(bool session) {
	int ready[2];
	char byte = 0;
	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		if ((session && setsid() < 0) || write(ready[1], &byte, 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	assert_int_equal(read(ready[0], &byte, 1), 1); /* now the session is there */
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void other_end(pid_t pid) {
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void a_sweep_is_known_by_its_directory(void **state) {
	(void)state;
	struct sweeps *sweeps;
	assert_int_equal(sweeps_new(&sweeps), 0);
	assert_false(sweep_is(sweeps, "a/b", getpid(), BEGIN_MS));
	assert_int_equal(sweep_add(sweeps, "a/b", getpid(), BEGIN_MS), 0);
	assert_true(sweep_is(sweeps, "a/b", getpid(), BEGIN_MS));
	assert_true(sweep_is(sweeps, "a/b/c", getpid(), BEGIN_MS));
	assert_false(sweep_is(sweeps, "a/bc", getpid(), BEGIN_MS));
	assert_false(sweep_is(sweeps, "a", getpid(), BEGIN_MS));
	assert_false(sweep_is(sweeps, "x/b", getpid(), BEGIN_MS));
	sweeps_free(sweeps);
	sweeps_free(NULL);
}

static void a_sweep_is_over_after_some_seconds(void **state) {
	(void)state;
	struct sweeps *sweeps;
	assert_int_equal(sweeps_new(&sweeps), 0);
	assert_int_equal(sweep_add(sweeps, "a", getpid(), BEGIN_MS), 0);
	assert_true(sweep_is(sweeps, "a", getpid(), BEGIN_MS + SWEEP_MS));
	assert_false(sweep_is(sweeps, "a", getpid(), BEGIN_MS + SWEEP_MS + 1));
	/* The next refusal begins it anew. */
	assert_int_equal(sweep_add(sweeps, "a", getpid(), BEGIN_MS + 4000), 0);
	assert_true(sweep_is(sweeps, "a", getpid(), BEGIN_MS + 4000 + SWEEP_MS));
	sweeps_free(sweeps);
}

/* Who waited for an answer could not come earlier. */
static void a_wait_does_not_count(void **state) {
	(void)state;
	struct sweeps *sweeps;
	assert_int_equal(sweeps_new(&sweeps), 0);
	assert_int_equal(sweep_add(sweeps, "a", getpid(), BEGIN_MS), 0);
	/* It came too late for that sweep. */
	sweep_extend(sweeps, getpid(), BEGIN_MS + SWEEP_MS + 1, BEGIN_MS + 30000);
	assert_false(sweep_is(sweeps, "a", getpid(), BEGIN_MS + 30000));
	sweep_extend(sweeps, getpid(), BEGIN_MS + SWEEP_MS, BEGIN_MS + 30000);
	assert_true(sweep_is(sweeps, "a", getpid(), BEGIN_MS + 30000 + SWEEP_MS));
	/* Time never goes back. */
	sweep_extend(sweeps, getpid(), BEGIN_MS, BEGIN_MS);
	assert_true(sweep_is(sweeps, "a", getpid(), BEGIN_MS + 30000 + SWEEP_MS));
	sweeps_free(sweeps);
}

static void another_session_is_another_matter(void **state) {
	(void)state;
	pid_t other = other_begin(true), same = other_begin(false);
	struct sweeps *sweeps;
	assert_int_equal(sweeps_new(&sweeps), 0);
	assert_int_equal(sweep_add(sweeps, "a", other, BEGIN_MS), 0);
	assert_true(sweep_is(sweeps, "a", other, BEGIN_MS));
	assert_false(sweep_is(sweeps, "a", getpid(), BEGIN_MS));
	assert_true(sweep_is(sweeps, "a", NOBODY, BEGIN_MS)); /* whose session is not known */
	/* A wait of ours does not make theirs longer; one of nobody in particular does. */
	sweep_extend(sweeps, getpid(), BEGIN_MS, BEGIN_MS + SWEEP_MS);
	assert_false(sweep_is(sweeps, "a", other, BEGIN_MS + SWEEP_MS + 1));
	sweep_extend(sweeps, NOBODY, BEGIN_MS, BEGIN_MS + SWEEP_MS);
	assert_true(sweep_is(sweeps, "a", other, BEGIN_MS + SWEEP_MS + 1));
	/* The same directory, refused to another session, is a second one. */
	assert_int_equal(sweep_add(sweeps, "a", getpid(), BEGIN_MS), 0);
	assert_true(sweep_is(sweeps, "a", same, BEGIN_MS));
	/* A sweep of nobody known is everybody's. */
	assert_int_equal(sweep_add(sweeps, "n", NOBODY, BEGIN_MS), 0);
	assert_true(sweep_is(sweeps, "n", getpid(), BEGIN_MS) && sweep_is(sweeps, "n", other, BEGIN_MS));
	sweep_extend(sweeps, getpid(), BEGIN_MS, BEGIN_MS + SWEEP_MS);
	assert_true(sweep_is(sweeps, "n", other, BEGIN_MS + 2 * SWEEP_MS));
	sweeps_free(sweeps);
	other_end(other);
	other_end(same);
	/* Gone, it has no session any more. */
	assert_int_equal(sweeps_new(&sweeps), 0);
	assert_int_equal(sweep_add(sweeps, "a", other, BEGIN_MS), 0);
	assert_true(sweep_is(sweeps, "a", getpid(), BEGIN_MS));
	sweeps_free(sweeps);
}

static void the_oldest_makes_room(void **state) {
	(void)state;
	struct sweeps *sweeps;
	char dir[32];
	assert_int_equal(sweeps_new(&sweeps), 0);
	for (int i = 0; i <= SWEEPS_MAX; i++) {
		snprintf(dir, sizeof(dir), "d%d", i);
		assert_int_equal(sweep_add(sweeps, dir, getpid(), BEGIN_MS), 0);
	}
	assert_false(sweep_is(sweeps, "d0", getpid(), BEGIN_MS));
	assert_true(sweep_is(sweeps, "d1", getpid(), BEGIN_MS));
	assert_true(sweep_is(sweeps, dir, getpid(), BEGIN_MS));
	sweeps_free(sweeps);
}

/* find -name NAME -delete reads the directory and meets no refusal. */
static void who_has_looked_is_known_by_its_process(void **state) {
	(void)state;
	struct sweeps *sweeps;
	pid_t other = other_begin(false);
	assert_int_equal(sweeps_new(&sweeps), 0);
	assert_int_equal(sweep_look(sweeps, "a", NOBODY, BEGIN_MS), 0);
	assert_false(sweep_is(sweeps, "a", NOBODY, BEGIN_MS));
	assert_int_equal(sweep_look(sweeps, "a", getpid(), BEGIN_MS), 0);
	assert_true(sweep_is(sweeps, "a", getpid(), BEGIN_MS + SWEEP_MS));
	assert_false(sweep_is(sweeps, "a", getpid(), BEGIN_MS + SWEEP_MS + 1));
	assert_false(sweep_is(sweeps, "b", getpid(), BEGIN_MS));
	assert_false(sweep_is(sweeps, "a", other, BEGIN_MS)); /* of the same session */
	sweep_extend(sweeps, getpid(), BEGIN_MS + 10, BEGIN_MS + 9000);
	assert_true(sweep_is(sweeps, "a", getpid(), BEGIN_MS + 9000 + SWEEP_MS));
	/* Those who look everywhere do not push out what was refused. */
	assert_int_equal(sweep_add(sweeps, "r", getpid(), BEGIN_MS), 0);
	for (int i = 0; i <= SWEEPS_MAX; i++) {
		char dir[32];
		snprintf(dir, sizeof(dir), "d%d", i);
		assert_int_equal(sweep_look(sweeps, dir, other, BEGIN_MS), 0);
	}
	assert_true(sweep_is(sweeps, "r", other, BEGIN_MS));
	assert_false(sweep_is(sweeps, "a", getpid(), BEGIN_MS + 9000));
	sweeps_free(sweeps);
	other_end(other);
}

/* What it was refused on the mount before nobody knows. */
static void who_is_older_than_the_mount_may_be_a_sweep(void **state) {
	(void)state;
	const int64_t later_ms = INT64_MAX / 2;
	struct sweeps *sweeps;
	assert_int_equal(sweeps_new(&sweeps), 0);
	sweep_begin(sweeps, later_ms);
	assert_true(sweep_is(sweeps, "a", getpid(), later_ms + SWEEP_MS));
	assert_false(sweep_is(sweeps, "a", getpid(), later_ms + SWEEP_MS + 1));
	assert_false(sweep_is(sweeps, "a", NOBODY, later_ms));
	assert_false(sweep_is(sweeps, "a", 0x7ffffffe, later_ms)); /* no such process */
	sweep_begin(sweeps, 1);                                    /* we are younger */
	assert_false(sweep_is(sweeps, "a", getpid(), 1));
	sweeps_free(sweeps);
}

static void no_memory(void **state) {
	(void)state;
	struct sweeps *sweeps;
	alloc_arm(1);
	assert_int_equal(sweeps_new(&sweeps), -ENOMEM);
	alloc_disarm();
	alloc_arm(2);
	assert_int_equal(sweeps_new(&sweeps), 0);
	assert_int_equal(sweep_add(sweeps, "a", getpid(), BEGIN_MS), -ENOMEM);
	assert_false(sweep_is(sweeps, "a", getpid(), BEGIN_MS));
	assert_int_equal(sweep_add(sweeps, "a", getpid(), BEGIN_MS), 0);
	assert_true(sweep_is(sweeps, "a", getpid(), BEGIN_MS));
	sweeps_free(sweeps);
	alloc_disarm();
	assert_int_equal(alloc_live(), 0);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sweep_is_known_by_its_directory),
		cmocka_unit_test(a_sweep_is_over_after_some_seconds),
		cmocka_unit_test(a_wait_does_not_count),
		cmocka_unit_test(another_session_is_another_matter),
		cmocka_unit_test(the_oldest_makes_room),
		cmocka_unit_test(who_has_looked_is_known_by_its_process),
		cmocka_unit_test(who_is_older_than_the_mount_may_be_a_sweep),
		cmocka_unit_test(no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
