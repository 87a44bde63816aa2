/* The neevfs mounts of this machine, of a table of mounts that the test plays, and what `neevfs status` prints of them.
 */
#include "fs/standing.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char table[65536]; /* "": there is none */

FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode) {
	if (strcmp(path, "/proc/self/mountinfo") != 0)
		return __real_fopen(path, mode);
	errno = ENOENT;
	return *table ? fmemopen(table, strlen(table), "r") : NULL;
}

static void line(const char *path, const char *options, const char *rest) {
	size_t len = strlen(table);
	snprintf(
		table + len, sizeof table - len, "36 35 0:%zu / %s %s shared:1 - %s\n", len % 250, path, options, rest);
}

/* The paths are of nothing that is mounted: whoever is asked there answers at once. */
static void which_are_ours(void **state) {
	(void)state;
	struct standings standings;
	*table = 0;
	line("/", "rw,relatime", "ext4 /dev/vda rw");
	line("/nowhere/covered", "rw", "fuse.neevfs neevfs rw,user_id=1,group_id=1");
	line("/nowhere/a\\040b", "rw,nosuid", "fuse.neevfs my\\040label rw,user_id=1000,group_id=1000");
	line("/nowhere/other", "rw", "fuse.sshfs host: rw,user_id=1000,group_id=1000");
	line("/nowhere/covered", "rw", "tmpfs tmpfs rw");
	line("/nowhere/twice", "rw", "fuse.neevfs below rw,user_id=0");
	line("/nowhere/ro", "ro,nosuid", "fuse.neevfs neevfs ro,user_id=0");
	line("/nowhere/twice", "rw", "fuse.neevfs above rw,user_id=0");
	assert_int_equal(standings_read(&standings), 0);
	assert_int_equal(standings.count, 3);
	assert_string_equal(standings.at[0]->path, "/nowhere/a b");
	assert_string_equal(standings.at[0]->mounted.source, "my label");
	assert_int_equal(standings.at[0]->mounted.user, 1000);
	assert_false(standings.at[0]->mounted.read_only);
	assert_true(standings.at[1]->mounted.read_only);
	assert_string_equal(standings.at[2]->mounted.source, "above");
	assert_ptr_equal(standings_find(&standings, "/nowhere/ro"), standings.at[1]);
	assert_null(standings_find(&standings, "/nowhere/covered"));
	standings_free(&standings);
	*table = 0;
	assert_int_equal(standings_read(&standings), -ENOSYS);
	standings_free(&standings);
}

static void too_many(void **state) {
	(void)state;
	struct standings standings;
	*table = 0;
	for (int i = 0; i < STANDINGS_MAX + 3; i++) {
		char path[32];
		snprintf(path, sizeof path, "/nowhere/%d", i);
		line(path, "rw", "fuse.neevfs neevfs rw,user_id=0");
	}
	assert_int_equal(standings_read(&standings), 0);
	assert_int_equal(standings.count, STANDINGS_MAX);
	assert_int_equal(standings.beyond, 3);
	standings_free(&standings);
}

static void what_is_printed(void **state) {
	(void)state;
	struct standing alive = {.path = (char[]){"/a\033b"},
		.mounted = {.user = 4294960000, .source = "neevfs"},
		.state = STANDING_ALIVE,
		.text = "version: 9\ntoken: good\nservice gpu: up\nservice gpu url: https://x\nservice gpu last "
			"answer: "
			"none\ncache: 3\ncreates in doubt: 1 (templates a\033b)\nodd\n"};
	struct standing dead = {.path = (char[]){"/d"}, .mounted = {.user = -1, .source = "x"}, .state = STANDING_DEAD};
	struct standings standings = {.at = {&alive}, .count = 1};
	const struct endings none = {.count = 0};
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	standings_show(&standings, &none, out);
	assert_true(standings_well(&standings, &none));
	fclose(out);
	assert_string_equal(text, "/a\\x1bb: alive; neevfs, of the user 4294960000\n    version: 9\n    token: good\n  "
				  "  service gpu: up\n"
				  "    creates in doubt: 1 (templates a\\x1bb)\n");
	free(text);
	out = open_memstream(&text, &len);
	standings = (struct standings){.at = {&dead}, .count = 1, .beyond = 2};
	standings_show(&standings, &none, out);
	assert_false(standings_well(&standings, &none));
	dead.state = STANDING_HANGS;
	assert_false(standings_well(&standings, &none));
	dead.state = STANDING_CLOSED;
	assert_true(standings_well(&standings, &none));
	fclose(out);
	assert_non_null(strstr(text, "/d: DEAD; x"));
	assert_non_null(strstr(text, "neevfs umount /d\n"));
	assert_non_null(strstr(text, "and 2 more"));
	free(text);
}

static void one_that_ended(void **state) {
	(void)state;
	struct standing alive = {.path = (char[]){"/a b"}, .mounted = {.source = "x"}, .state = STANDING_ALIVE};
	const struct standings standings = {.at = {&alive}, .count = 1};
	const struct endings endings = {.at = {{"T1", "/a b", "was mounted again since", "neevfs '/a b'"},
						{"T2", "/c\033", "was ended by SIGKILL", "neevfs --sandbox /c\033"}},
		.count = 2};
	const struct endings first = {.at = {endings.at[0]}, .count = 1};
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	standings_show(&standings, &endings, out);
	fclose(out);
	assert_null(strstr(text, "was mounted again since"));
	assert_string_equal(strchr(text, '\n') + 1,
		"/c\\x1b: ENDED at T2, and is not mounted any more\n    its process was ended by SIGKILL\n"
		"    mount it again: neevfs --sandbox /c\\x1b\n    or forget it: neevfs umount '/c\\x1b'\n");
	free(text);
	assert_false(standings_well(&standings, &endings));
	assert_true(standings_well(&standings, &first));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(which_are_ours),
		cmocka_unit_test(too_many),
		cmocka_unit_test(what_is_printed),
		cmocka_unit_test(one_that_ended),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
