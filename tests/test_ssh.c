/* ssh_config: which commands of the API are taken, and what of an answer can get into a file that ssh obeys. */
#include "fs/ssh_command.h"
#include "fs/ssh_config.h"
#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include <cmocka.h>

#define SSH_CONFIG "orgs/o/projects/p/ssh_config"
#define HEAD                                                           \
	"# The GPU instances of p that run.  ssh -F ssh_config NAME\n" \
	"# Whether to trust a host key that is new is for you to say: see StrictHostKeyChecking in ssh_config(5).\n"
#define LEFT_OUT(name, why) "\n# " name " is left out: " why "\n"
#define HOST(name, host, port, user, id) \
	"\nHost " name "\n\tHostName " host "\n\tPort " port "\n\tUser " user "\n\tHostKeyAlias neevcloud-" id "\n"

#define RUNTIME(name, id, status) "{\"id\":\"" id "\",\"name\":\"" name "\",\"status\":\"" status "\"}"
#define DETAIL(id, direct, proxy) \
	"{\"id\":\"" id "\",\"sshAccess\":{\"directCommand\":" direct ",\"proxyCommand\":" proxy "}}"

#define CHARACTERS "it holds characters that need not be there"
#define OPTION "it has an option other than -p and -i"
#define PORT "the port is not one"
#define FILE_PATH "the identity file is not a plain path"
#define TWO "it has more than one target, or a command"
#define USER "the user's name is not a plain one"
#define NO_HOST "the host is neither a name nor an address"
#define OTHER "it is not an ssh command"
#define NO_TARGET "it has no USER@HOST"
#define ODD_WORD "it has a word that is neither USER@HOST nor a known option"

/* ---- a command ---- */

static void what_is_taken(void **state) {
	static const struct {
		const char *command, *user, *host;
		unsigned port;
	} cases[] = {
		{"ssh -p 22022 root@1.2.3.4", "root", "1.2.3.4", 22022},
		{"ssh -i ~/.ssh/id_ed25519 me-1a2b3c4d@ssh.in-west-1.example", "me-1a2b3c4d", "ssh.in-west-1.example",
			22},
		{"ssh root@host", "root", "host", 22},
		{"  ssh   root@host  -p   1 ", "root", "host", 1},
		{"ssh root@host -i /home/a.b/key-1 -p 65535", "root", "host", 65535},
		{"ssh -p 22 _a.b-c@H.Example", "_a.b-c", "H.Example", 22},
		{"ssh root@[2001:db8::1]", "root", "2001:db8::1", 22},
		{"ssh root@2001:db8::1 -p 2", "root", "2001:db8::1", 2},
		{"ssh root@[::ffff:1.2.3.4]", "root", "::ffff:1.2.3.4", 22},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct ssh_target target;
		const char *why = ssh_command_read(cases[i].command, &target);
		if (why)
			fail_msg("'%s': %s", cases[i].command, why);
		assert_string_equal(target.user, cases[i].user);
		assert_string_equal(target.host, cases[i].host);
		assert_int_equal(target.port, cases[i].port);
	}
}

static void what_is_refused(void **state) {
	static const char *const cases[][2] = {
		{"", OTHER},
		{"   ", OTHER},
		{"ssh", NO_TARGET},
		{"ssh -p 22", NO_TARGET},
		{"sh root@h", OTHER},
		{"/usr/bin/ssh root@h", OTHER},
		{"sshroot@h", OTHER},
		/* of a shell */
		{"ssh root@h; rm -rf ~", CHARACTERS},
		{"ssh root@h&", CHARACTERS},
		{"ssh root@h|sh", CHARACTERS},
		{"ssh root@h>f", CHARACTERS},
		{"ssh root@$(id)", CHARACTERS},
		{"ssh root@`id`", CHARACTERS},
		{"ssh ${x}@h", CHARACTERS},
		{"ssh 'root@h'", CHARACTERS},
		{"ssh \"root@h\"", CHARACTERS},
		{"ssh root@h\\", CHARACTERS},
		{"ssh root@h #x", CHARACTERS},
		{"ssh root@*", CHARACTERS},
		{"ssh root@h?", CHARACTERS},
		{"ssh root@!h", CHARACTERS},
		{"ssh root@%h", CHARACTERS},
		{"ssh root@h,i", CHARACTERS},
		/* lines, other bytes */
		{"ssh root@h\nProxyCommand id", CHARACTERS},
		{"ssh root@h\rProxyCommand id", CHARACTERS},
		{"ssh\troot@h", CHARACTERS},
		{"ssh root@h\x1b[2J", CHARACTERS},
		{"ssh root@h\xc2\xa0-p 1", CHARACTERS},
		{"ssh root@h\xc3\xa9", CHARACTERS},
		{"ssh root@h\xff", CHARACTERS},
		{"ssh root@h\xc0\x80", CHARACTERS},
		/* options */
		{"ssh -oProxyCommand=id root@h", CHARACTERS},
		{"ssh -o ProxyCommand=id root@h", CHARACTERS},
		{"ssh -o ProxyCommand root@h", OPTION},
		{"ssh -J a@b root@h", OPTION},
		{"ssh -F /tmp/f root@h", OPTION},
		{"ssh -p22 root@h", OPTION},
		{"ssh -ip root@h", OPTION},
		{"ssh -- root@h", OPTION},
		{"ssh - root@h", OPTION},
		{"ssh -p", PORT},
		{"ssh -p 0 root@h", PORT},
		{"ssh -p 65536 root@h", PORT},
		{"ssh -p 000022 root@h", PORT},
		{"ssh -p -1 root@h", PORT},
		{"ssh -p 2x root@h", PORT},
		{"ssh -p 1 -p 2 root@h", PORT},
		{"ssh root@h -i", FILE_PATH},
		{"ssh -i -p 22 root@h", FILE_PATH},
		/* targets */
		{"ssh h", ODD_WORD},
		{"ssh root@h id", TWO},
		{"ssh root@h root@i", TWO},
		{"ssh @h", USER},
		{"ssh -root@h", OPTION},
		{"ssh .a@h", USER},
		{"ssh a:b@h", USER},
		{"ssh ssh://a@h", USER},
		{"ssh root@", NO_HOST},
		{"ssh root@-h", NO_HOST},
		{"ssh root@-oX", NO_HOST},
		{"ssh root@.h", NO_HOST},
		{"ssh root@h:22", NO_HOST},
		{"ssh root@h@i", NO_HOST},
		{"ssh root@h/..", NO_HOST},
		{"ssh root@[]", NO_HOST},
		{"ssh root@[h]", NO_HOST},
		{"ssh root@[::1", NO_HOST},
		{"ssh root@::1]", NO_HOST},
		{"ssh root@[::1]:22", NO_HOST},
		{"ssh root@1:2:3", NO_HOST},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct ssh_target target = {.port = 7};
		const char *why = ssh_command_read(cases[i][0], &target);
		if (!why || strcmp(why, cases[i][1]) != 0)
			fail_msg("'%s': %s", cases[i][0], why ? why : "it was taken");
		assert_int_equal(target.port, 7);
	}
}

/* `text` with so many letters more at its end. */
static char *longer(const char *text, size_t more) {
	size_t len = strlen(text);
	char *ret = malloc(len + more + 1);
	assert_non_null(ret);
	memcpy(ret, text, len);
	memset(ret + len, 'a', more);
	ret[len + more] = '\0';
	return ret;
}

static void what_is_too_long(void **state) {
	static const struct {
		const char *head;
		size_t most;
		const char *why;
	} cases[] = {
		{"ssh root@", 253, NO_HOST},
		{"ssh -i /", SSH_COMMAND_MAX - 1 - 8, "it is too long"},
		{"", SSH_COMMAND_MAX - 1, "it is too long"},
	};
	(void)state;
	struct ssh_target target;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *fits = longer(cases[i].head, cases[i].most), *over = longer(cases[i].head, cases[i].most + 1);
		const char *why = ssh_command_read(fits, &target);
		assert_true(!why || strcmp(why, cases[i].why) != 0);
		assert_string_equal(ssh_command_read(over, &target), cases[i].why);
		free(fits);
		free(over);
	}
	char *huge = longer("ssh root@", 10000);
	assert_string_equal(ssh_command_read(huge, &target), "it is too long");
	free(huge);
	char user[128];
	snprintf(user, sizeof user, "ssh %064d@h", 0);
	assert_null(ssh_command_read(user, &target));
	snprintf(user, sizeof user, "ssh %065d@h", 0);
	assert_string_equal(ssh_command_read(user, &target), USER);
}

/* ---- the file ---- */

static fuse_req_t open_config(struct stage *stage, const char *list) {
	stage_begin(stage);
	fuse_ino_t project = stage_walk(stage, "orgs/o/projects/p");
	fuse_req_t lookup = stage_lookup(stage, project, "ssh_config");
	stage_answer(stage, API_GET, RUNTIMES, 200, list);
	return lookup;
}

static void each_that_runs(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t lookup = open_config(&stage,
		LIST(RUNTIME("a", "id-a", "Running") "," RUNTIME("b", "id-b", "Pending") "," RUNTIME("c", "id-c",
			"Running") "," RUNTIME("d", "id-d", "Running") "," RUNTIME("e", "id-e", "Failed")));
	assert_int_equal(fake_api_waiting(stage.api), 3); /* all at the same time, and only these */
	/* In any order. */
	stage_answer(&stage, API_GET, RUNTIMES "/id-d", 200, DETAIL("id-d", "\"ssh -p 7 root@1.2.3.4\"", "null"));
	assert_parked(lookup);
	stage_answer(&stage, API_GET, RUNTIMES "/id-a", 200, DETAIL("id-a", "null", "\"ssh -i ~/k a-1@ssh.x\""));
	stage_answer(&stage, API_GET, RUNTIMES "/id-c", 200,
		DETAIL("id-c", "\"ssh root@[2001:db8::1]\"", "\"ssh root@proxy\""));
	assert_entry(lookup);
	assert_int_equal(lookup->attr.st_mode, S_IFREG | 0400);
	stage_says(&stage, SSH_CONFIG,
		HEAD HOST("a", "ssh.x", "22", "a-1", "id-a") HOST("c", "2001:db8::1", "22", "root", "id-c")
			HOST("d", "1.2.3.4", "7", "root", "id-d"));
	assert_int_equal(fake_api_total(stage.api), 4);
	stage_close(&stage);
}

static void none_runs(void **state) {
	(void)state;
	struct stage stage;
	assert_entry(open_config(&stage, LIST(RUNTIME("b", "id-b", "Pending"))));
	stage_says(&stage, SSH_CONFIG, HEAD);
	/* It is not listed: a look at the project must not cost the details. */
	const char *names = stage_names(&stage, stage_walk(&stage, "orgs/o/projects/p"), 4096);
	assert_non_null(strstr(names, "README.txt\n"));
	assert_null(strstr(names, "ssh_config"));
	stage_close(&stage);
}

static void what_fails_is_a_comment(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t lookup = open_config(
		&stage, LIST(RUNTIME("a", "id-a", "Running") "," RUNTIME("b", "id-b", "Running") "," RUNTIME(
				"c", "id-c", "Running") "," RUNTIME("d", "id-d", "Running")));
	stage_answer(&stage, API_GET, RUNTIMES "/id-a", 404, "{}");
	stage_answer(&stage, API_GET, RUNTIMES "/id-b", 200, "{\"id\":\"id-b\",\"sshAccess\":null}");
	stage_answer(&stage, API_GET, RUNTIMES "/id-c", 500, "{\"message\":\"a\\nHost *\"}");
	stage_answer(&stage, API_GET, RUNTIMES "/id-d", 200, DETAIL("id-d", "\"ssh root@h\"", "null"));
	assert_entry(lookup);
	/* What failed is asked for again: it may be well by now. */
	stage_later(&stage, TTL_MS);
	fuse_req_t opened = stage_open_file(&stage, lookup->entry.ino, O_RDONLY);
	stage_answer(&stage, API_GET, RUNTIMES, 200,
		LIST(RUNTIME("b", "id-b", "Running") "," RUNTIME("c", "id-c", "Running") "," RUNTIME(
			"d", "id-d", "Running")));
	stage_answer(&stage, API_GET, RUNTIMES "/id-c", 500, "{\"message\":\"a\\nHost *\"}");
	stage_answer(&stage, API_GET, RUNTIMES "/id-b", 200, "{\"id\":\"id-b\",\"sshAccess\":null}");
	stage_answer(&stage, API_GET, RUNTIMES "/id-d", 200, DETAIL("id-d", "\"ssh root@h\"", "null"));
	assert_opened(opened);
	fuse_req_t read = stage_read(&stage, opened, 1 << 16, 0);
	char *text = strndup(read->data, read->len);
	assert_non_null(strstr(text, LEFT_OUT("b", "the API tells no way in; has it sshKeys?")));
	assert_non_null(strstr(text, "\n# c is left out: "));
	assert_non_null(strstr(text, HOST("d", "h", "22", "root", "id-d")));
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1) /* nothing else begins one */
		assert_true(strchr("#\n\t", *line) || !strncmp(line, "Host d\n", 7));
	free(text);
	kernel_release(opened);
	stage_close(&stage);
}

/* One that fails while those before it are waited for is told when they are there. */
static void a_failure_before_the_others(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t lookup = open_config(&stage, LIST(RUNTIME("a", "i", "Running") "," RUNTIME("b", "j", "Running")));
	stage_answer(&stage, API_GET, RUNTIMES "/j", 404, "{}");
	assert_parked(lookup);
	stage_answer(&stage, API_GET, RUNTIMES "/i", 200, DETAIL("i", "\"\"", "\"ssh root@h\""));
	assert_entry(lookup);
	stage_mentions(&stage, SSH_CONFIG, HOST("a", "h", "22", "root", "i"));
	stage_mentions(&stage, SSH_CONFIG, "\n# b is left out: ");
	assert_int_equal(fake_api_total(stage.api), 3);
	stage_close(&stage);
}

static void the_listing_fails(void **state) {
	(void)state;
	struct stage stage;
	stage_begin(&stage);
	fuse_req_t lookup = stage_lookup(&stage, stage_walk(&stage, "orgs/o/projects/p"), "ssh_config");
	stage_answer(&stage, API_GET, RUNTIMES, 403, "{}");
	assert_err(lookup, EACCES);
	stage_close(&stage);
}

static void a_detail_that_never_comes(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t lookup = open_config(&stage, LIST(RUNTIME("a", "i", "Running") "," RUNTIME("b", "j", "Running")));
	stage_answer(&stage, API_GET, RUNTIMES "/i", 200, DETAIL("i", "\"ssh root@h\"", "null"));
	assert_parked(lookup);
	stage_later(&stage, DEADLINE_MS);
	assert_err(lookup, ETIMEDOUT);
	stage_close(&stage);
}

/* Ours may be 0, as where a container is entered. */
enum { SESSION = 7 };

pid_t __wrap_getsid(pid_t pid);
pid_t __wrap_getsid(pid_t pid) {
	(void)pid;
	return SESSION;
}

/* Who reads it shares the API with the others as the session that it is. */
static void whose_requests_they_are(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t lookup = open_config(&stage, LIST(RUNTIME("a", "i", "Running") "," RUNTIME("b", "j", "Running")));
	assert_int_equal(fake_api_last(stage.api, API_GET, RUNTIMES)->caller, SESSION);
	assert_int_equal(fake_api_last(stage.api, API_GET, RUNTIMES "/i")->caller, SESSION);
	assert_int_equal(fake_api_last(stage.api, API_GET, RUNTIMES "/j")->caller, SESSION);
	kernel_interrupt(lookup);
	stage_turn(&stage);
	assert_err(lookup, EINTR);
	stage_close(&stage);
}

/* Whatever the API says, no line of the file is more than it should be. */
static void nothing_hostile_gets_through(void **state) {
	static const struct {
		const char *name, *id, *command, *expected;
	} cases[] = {
		{"a", "i", "ssh root@h\\nProxyCommand id", LEFT_OUT("a", CHARACTERS)},
		{"a", "i", "ssh -oProxyCommand=id root@h", LEFT_OUT("a", CHARACTERS)},
		{"a", "i", "ssh root@h\\u0000", LEFT_OUT("a", CHARACTERS)},
		{"*", "i", "ssh root@h", LEFT_OUT("*", "ssh would not take its name as it is")},
		{"a?", "i", "ssh root@h", LEFT_OUT("a?", "ssh would not take its name as it is")},
		{"!a", "i", "ssh root@h", LEFT_OUT("!a", "ssh would not take its name as it is")},
		{"a b", "i", "ssh root@h", LEFT_OUT("a b", "ssh would not take its name as it is")},
		{"a,b", "i", "ssh root@h", LEFT_OUT("a,b", "ssh would not take its name as it is")},
		{"\\\"a", "i", "ssh root@h", LEFT_OUT("\"a", "ssh would not take its name as it is")},
		{"-F", "i", "ssh root@h", LEFT_OUT("-F", "ssh would not take its name as it is")},
		{"a#", "i", "ssh root@h", LEFT_OUT("a#", "ssh would not take its name as it is")},
		{"\\u00e9", "i", "ssh root@h", LEFT_OUT("\xc3\xa9", "ssh would not take its name as it is")},
		{"a\\nHost *", "i", "ssh root@h", LEFT_OUT("a%0AHost *", "ssh would not take its name as it is")},
		{"a/b", "i", "ssh root@h", HOST("a%2Fb", "h", "22", "root", "i")},
		{"a-b", "i", "ssh root@h", HOST("a-b", "h", "22", "root", "i")},
		{"a", "i j", "ssh root@h", LEFT_OUT("a", "ssh would not take its id as it is")},
		{"a", "i,*", "ssh root@h", LEFT_OUT("a", "ssh would not take its id as it is")},
		{"a", "-i", "ssh root@h", LEFT_OUT("a", "ssh would not take its id as it is")},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct stage stage;
		char list[512], detail[512], expected[1024];
		snprintf(list, sizeof list, LIST(RUNTIME("%s", "%s", "Running")), cases[i].id, cases[i].name);
		snprintf(detail, sizeof detail, DETAIL("%s", "\"%s\"", "null"), cases[i].id, cases[i].command);
		fuse_req_t lookup = open_config(&stage, list);
		stage_answer(&stage, API_GET, NULL, 200, detail);
		assert_entry(lookup);
		snprintf(expected, sizeof expected, "%s%s", HEAD, cases[i].expected);
		stage_says(&stage, SSH_CONFIG, expected);
		stage_close(&stage);
	}
}

static void a_refused_one_and_another_way(void **state) {
	(void)state;
	struct stage stage;
	fuse_req_t lookup = open_config(&stage, LIST(RUNTIME("a", "i", "Running") "," RUNTIME("b", "j", "Running")));
	stage_answer(&stage, API_GET, RUNTIMES "/i", 200, DETAIL("i", "\"ssh -J x@y root@h\"", "\"ssh u@proxy\""));
	stage_answer(&stage, API_GET, RUNTIMES "/j", 200, DETAIL("j", "\"ssh -J x@y root@h\"", "\"nc h\""));
	assert_entry(lookup);
	stage_says(&stage, SSH_CONFIG, HEAD HOST("a", "proxy", "22", "u", "i") LEFT_OUT("b", OPTION));
	stage_close(&stage);
}

/* Many: so many at a time, each once, and no more than the file may have. */
static void a_thousand(void **state) {
	enum { RUN = SSH_HOSTS_MAX + 3 };
	(void)state;
	struct buffer list = {0};
	struct stage stage;
	buffer_add(&list, "{\"data\":[");
	for (int i = 0; i < RUN; i++)
		buffer_printf(&list, "%s" RUNTIME("n%d", "i%d", "Running"), i ? "," : "", i, i);
	buffer_add(&list, "],\"pagination\":{\"total_pages\":1}}");
	fuse_req_t lookup = open_config(&stage, list.data);
	buffer_free(&list);
	size_t most = 0;
	for (struct api_call *call; (call = fake_api_find(stage.api, API_GET, NULL));) {
		char detail[256];
		if (fake_api_waiting(stage.api) > most)
			most = fake_api_waiting(stage.api);
		snprintf(detail, sizeof detail, DETAIL("%s", "\"ssh root@h\"", "null"), strrchr(call->path, '/') + 1);
		fake_api_answer(call, 200, detail);
		stage_turn(&stage);
	}
	assert_entry(lookup);
	assert_in_range(most, 2, 64);
	assert_int_equal(fake_api_total(stage.api), 1 + SSH_HOSTS_MAX);
	stage_mentions(&stage, SSH_CONFIG, "\nHost n999\n");
	stage_mentions(&stage, SSH_CONFIG, "\n# 3 more are left out: this file has at most 1000\n");
	stage_close(&stage);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_taken),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(what_is_too_long),
		cmocka_unit_test(each_that_runs),
		cmocka_unit_test(none_runs),
		cmocka_unit_test(what_fails_is_a_comment),
		cmocka_unit_test(a_failure_before_the_others),
		cmocka_unit_test(the_listing_fails),
		cmocka_unit_test(a_detail_that_never_comes),
		cmocka_unit_test(whose_requests_they_are),
		cmocka_unit_test(nothing_hostile_gets_through),
		cmocka_unit_test(a_refused_one_and_another_way),
		cmocka_unit_test(a_thousand),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
