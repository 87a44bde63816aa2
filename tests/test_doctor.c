/* What `neevfs doctor` says of what it found: the services' answers, and the machine's FUSE, both played by the test.
 */
#include "fs/doctor_own.h"
#include "fs/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { NOW_S = 1800000000, DAY_S = 86400 };

/* ---- what it found, as text ---- */

struct told {
	struct options options;
	struct doctor doctor;
	char *text;
	size_t len;
};

static void begin(struct told *told) {
	static char base[] = "https://api.example/x";
	*told = (struct told){0};
	for (int i = 0; i < API_SERVICES; i++)
		told->options.base[i] = base;
	told->doctor = (struct doctor){.options = &told->options, .now_s = NOW_S};
	told->doctor.findings.out = open_memstream(&told->text, &told->len);
	assert_non_null(told->doctor.findings.out);
}

/* Each of `words` is in there, and so many checks failed. */
static void end(struct told *told, unsigned failed, const char *const *words) {
	fclose(told->doctor.findings.out);
	for (; *words; words++)
		if (!strstr(told->text, *words))
			fail_msg("\"%s\" is not in \"%s\"", *words, told->text);
	if (told->doctor.findings.failed != failed)
		fail_msg("%u failed: %s", told->doctor.findings.failed, told->text);
	free(told->text);
}
#define SAYS(told, failed, ...) end(told, failed, (const char *const[]){__VA_ARGS__, NULL})

/* ---- the services ---- */

static struct probe probes[8];
static size_t probed;
static char urls[8][256];
static bool token_sent;

int probe_all(const struct probe_config *config, struct probe *asked, size_t count, struct error *err) {
	(void)err;
	token_sent = config->token;
	for (size_t i = 0; i < count; i++) {
		snprintf(urls[probed], sizeof urls[0], "%s", asked[i].url);
		const char *url = asked[i].url;
		asked[i] = probes[probed++];
		asked[i].url = url;
	}
	return 0;
}

static struct probe refused(int code, int status, const char *message) {
	struct probe probe = {.status = status, .error = {.code = code, .http_status = status}};
	snprintf(probe.error.message, sizeof probe.error.message, "%s", message);
	return probe;
}

static void test_good(void **state) {
	(void)state;
	struct told told;
	struct probe probe = {
		.status = 200, .resolved_us = 2000, .connected_us = 12500, .secured_us = 40000, .answered_us = 99999};
	begin(&told);
	doctor_service(&told.doctor, API_GPU, &probe, true, true);
	SAYS(&told, 0, "ok    gpu: https://api.example/x answers 200 in 99 ms (name 2, connection 10, TLS 27)\n");
	probe.expires_s = NOW_S + 61 * DAY_S + 5;
	begin(&told);
	doctor_service(&told.doctor, API_GPU, &probe, true, true);
	SAYS(&told, 0, "ok    gpu", "; certificate for 61 days\n");
	probe.expires_s = NOW_S + 13 * DAY_S + 5;
	begin(&told);
	doctor_service(&told.doctor, API_GPU, &probe, true, true);
	SAYS(&told, 0, "warn  gpu", "for 13 days\n      who runs that server must renew its certificate\n");
}

static void test_bad(void **state) {
	static const struct {
		int code, status;
		bool with_token, needed;
		unsigned failed;
		const char *words[2];
	} cases[] = {
		{EHOSTUNREACH, 0, true, true, 1, {"FAIL  tenant: https://api.example/x: why\n      ", "tenant_base="}},
		{ETIMEDOUT, 0, true, true, 1, {"firewall", "proxy=URL"}},
		{EPROTO, 0, true, true, 1, {"ca_file=PEM", "clock"}},
		{EKEYEXPIRED, 401, true, true, 1, {"FAIL", "neevfs login"}},
		{EKEYEXPIRED, 401, false, true, 0, {"ok    tenant", "answers 401, as no token was sent"}},
		{EACCES, 403, true, true, 1, {"lacks the right", "org="}},
		{ENOENT, 404, true, true, 1, {"tenant_base=", "project="}},
		{EBUSY, 429, true, true, 0, {"warn  tenant", "wait a while"}},
		{EREMOTEIO, 503, true, true, 1, {"later", "x-request-id req-7"}},
		{EREMOTEIO, 200, true, true, 1, {"not the API", "tenant_base="}},
		{EREMOTEIO, 302, true, true, 1, {"not the API", "proxy"}},
		{EHOSTUNREACH, 0, true, false, 0, {"warn  tenant", "(not needed, as org= and project= are given)\n"}},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct told told;
		struct probe probe = refused(cases[i].code, cases[i].status, "why");
		strcpy(probe.error.request_id, "req-7");
		begin(&told);
		doctor_service(&told.doctor, API_TENANT, &probe, cases[i].with_token, cases[i].needed);
		SAYS(&told, cases[i].failed, cases[i].words[0], cases[i].words[1]);
	}
	struct told told;
	struct probe probe = refused(EKEYEXPIRED, 401, "why");
	begin(&told);
	told.options.token_source = TOKEN_TEXT;
	doctor_service(&told.doctor, API_TENANT, &probe, true, true);
	SAYS(&told, 1, "set another token in NEEV_API_TOKEN, and mount again\n");
	/* Nothing that a server says steers the terminal. */
	probe = refused(EREMOTEIO, 500, "a\033[2Jb");
	begin(&told);
	doctor_service(&told.doctor, API_TENANT, &probe, true, true);
	SAYS(&told, 1, "a\\x1b[2Jb\n");
}

static void test_clock(void **state) {
	static const struct {
		int64_t ahead_s[2];
		bool dated[2];
		const char *words;
	} cases[] = {
		{{0, 60}, {true, true}, "ok    clock: within 60 s"},
		{{3, 61}, {true, true}, "warn  clock: 61 s behind the servers'\n      set it"},
		{{-3600, 61}, {true, true}, "warn  clock: 3600 s ahead of the servers'"},
		{{5000, 1}, {false, true}, "ok    clock"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct told told;
		struct probe two[2] = {{.dated = cases[i].dated[0], .ahead_s = cases[i].ahead_s[0]},
			{.dated = cases[i].dated[1], .ahead_s = cases[i].ahead_s[1]}};
		begin(&told);
		doctor_clock(&told.doctor, two, 2);
		SAYS(&told, 0, cases[i].words);
	}
	struct told told;
	struct probe undated = {0};
	begin(&told);
	doctor_clock(&told.doctor, &undated, 1);
	assert_int_equal(ftell(told.doctor.findings.out), 0);
	SAYS(&told, 0, "");
}

/* One cheap GET for each; inventory is looked for in a second place. */
static void test_what_is_asked(void **state) {
	(void)state;
	struct told told;
	struct configured_project none = {0}, scopes[] = {{.org = "o/1", .id = "p"}, {0}};
	probed = 0;
	for (size_t i = 0; i < 8; i++)
		probes[i] = (struct probe){.status = 200};
	begin(&told);
	told.options.scopes = &none;
	doctor_services(&told.doctor, NULL);
	assert_false(token_sent);
	SAYS(&told, 0, "ok    tenant", "ok    gpu", "ok    inventory", "ok    aimodels");
	assert_int_equal(probed, 4);
	assert_string_equal(urls[0], "https://api.example/x/api/v1/orgs");
	assert_string_equal(urls[1], "https://api.example/x/api/v1beta1/airuntime-templates");
	assert_string_equal(urls[2], "https://api.example/x/api/v1beta1/inventory?page=1&limit=1");
	assert_string_equal(urls[3], "https://api.example/x/api/v1beta1/aimodels-catalog?page=1&limit=1");
	probed = 0;
	probes[0] = refused(EACCES, 403, "no"); /* which a mount with these options would not notice */
	probes[2] = refused(ENOENT, 404, "nothing here");
	begin(&told);
	told.options.scopes = scopes;
	doctor_services(&told.doctor, (struct token *)&told);
	assert_true(token_sent);
	SAYS(&told, 0, "warn  tenant", "ok    inventory");
	assert_int_equal(probed, 5);
	assert_string_equal(
		urls[1], "https://api.example/x/api/v1beta1/orgs/o%2F1/projects/p/airuntimes?page=1&limit=1");
	assert_string_equal(urls[3], "https://api.example/x/api/v1beta1/orgs/o%2F1/projects/p/aimodels?page=1&limit=1");
	assert_string_equal(urls[4], "https://api.example/x/api/v1beta1/inventory?page=1&limit=1");
	probed = 0;
	probes[4] = probes[2];
	begin(&told);
	told.options.scopes = scopes;
	doctor_services(&told.doctor, NULL);
	SAYS(&told, 1, "FAIL  inventory: https://api.example/x: nothing here");
}

/* Where there is no network, one line says so; a service that is off by itself has its own. */
static void test_none_answers(void **state) {
	(void)state;
	struct told told;
	struct configured_project none = {0};
	for (size_t i = 0; i < 8; i++)
		probes[i] = refused(EHOSTUNREACH, 0, "cannot reach api.example");
	for (int other = 0; other < 3; other++) {
		if (other == 1)
			probes[3] = refused(EHOSTUNREACH, 0, "cannot reach other.example");
		if (other == 2)
			probes[3] = (struct probe){.status = 200};
		probed = 0;
		begin(&told);
		told.options.scopes = &none;
		doctor_services(&told.doctor, NULL);
		if (!other)
			SAYS(&told, 1, "FAIL  services: none answers: cannot reach api.example\n      ", "api_base=");
		else
			SAYS(&told, other == 1 ? 4 : 3,
				"FAIL  tenant: ", "FAIL  gpu: ", "FAIL  inventory: ", "tenant_base=");
	}
}

/* ---- the machine ---- */

static struct {
	const char *filesystems, *status, *conf, *helper; /* NULL: not there */
	int device;                                       /* errno of opening it */
	mode_t helper_mode;
	uid_t user;
} machine;

const char *mount_helper(void) {
	return machine.helper;
}
const char *mount_library(void) {
	return "3.99.0";
}

FILE *__real_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode);
FILE *__wrap_fopen(const char *path, const char *mode) {
	const char *text = NULL;
	bool ours = true;
	if (!strcmp(path, "/proc/filesystems"))
		text = machine.filesystems;
	else if (!strcmp(path, "/proc/self/status"))
		text = machine.status;
	else if (!strcmp(path, "/etc/fuse.conf"))
		text = machine.conf;
	else
		ours = false;
	if (!ours)
		return __real_fopen(path, mode);
	if (!text)
		return NULL;
	FILE *file = tmpfile();
	assert_non_null(file);
	fputs(text, file);
	rewind(file);
	return file;
}

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...) {
	if (strcmp(path, "/dev/fuse") != 0) { /* the counters of tests/coverage */
		va_list args;
		va_start(args, flags);
		mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
		va_end(args);
		return __real_open(path, flags, mode);
	}
	if (!machine.device)
		return dup(STDERR_FILENO);
	errno = machine.device;
	return -1;
}

int __wrap_stat(const char *path, struct stat *st);
int __wrap_stat(const char *path, struct stat *st) {
	assert_string_equal(path, machine.helper);
	*st = (struct stat){.st_mode = S_IFREG | machine.helper_mode};
	return 0;
}

uid_t __wrap_geteuid(void);
uid_t __wrap_geteuid(void) {
	return machine.user;
}

static void plain_machine(void) {
	machine.filesystems = "nodev\tsysfs\n\text4\nnodev\tfuseblk\nnodev\tfuse\n";
	machine.status = "Name:\tneevfs\nCapEff:\t0000000000000000\nNoNewPrivs:\t0\n";
	machine.conf = NULL;
	machine.helper = "/usr/bin/fusermount3";
	machine.helper_mode = 04755;
	machine.device = 0;
	machine.user = 1000;
}

static void test_machine_good(void **state) {
	(void)state;
	struct told told;
	plain_machine();
	begin(&told);
	doctor_fuse(&told.doctor);
	SAYS(&told, 0, "ok    /dev/fuse", "ok    kernel", "libfuse is 3.99.0",
		"ok    fusermount3: /usr/bin/fusermount3 is setuid root");
	machine.user = 0;
	machine.status = "CapEff:\t000001ffffffffff\n";
	machine.helper = NULL;
	begin(&told);
	doctor_fuse(&told.doctor);
	SAYS(&told, 0, "ok    mounting: root may mount by itself; fusermount3 is not there");
}

static void test_machine_bad(void **state) {
	(void)state;
	struct told told;
#define CASE(failed, change, ...)                 \
	do {                                      \
		plain_machine();                  \
		begin(&told);                     \
		change;                           \
		doctor_fuse(&told.doctor);        \
		SAYS(&told, failed, __VA_ARGS__); \
	} while (0)
	CASE(1, machine.device = ENOENT, "FAIL  /dev/fuse: it is not there\n", "--device /dev/fuse", "modprobe fuse");
	CASE(1, machine.device = ENODEV, "FAIL  /dev/fuse: No such device", "modprobe fuse");
	CASE(0, machine.device = EACCES, "warn  /dev/fuse: this user may not open it", "chmod 666");
	CASE(1, machine.filesystems = "nodev\tfuseblk\nnodev\tfusectl\n", "FAIL  kernel", "modprobe fuse");
	CASE(1, machine.helper = NULL, "FAIL  fusermount3: it is not there", "install the package fuse3");
	CASE(1, machine.helper_mode = 0755, "FAIL  fusermount3", "not setuid root", "chmod u+s /usr/bin/fusermount3");
	CASE(1, machine.status = "NoNewPrivs:\t1\n", "FAIL  fusermount3", "NoNewPrivileges=");
	CASE(1, machine.user = 0, "FAIL  mounting", "CAP_SYS_ADMIN", "--cap-add SYS_ADMIN");
	CASE(1, told.options.allow_other = true, "FAIL  allow_other", "user_allow_other >> /etc/fuse.conf");
	CASE(1, (told.options.allow_other = true, machine.conf = "# user_allow_other\nmount_max = 3\n"),
		"FAIL  allow_other");
	CASE(0, (told.options.allow_other = true, machine.conf = "mount_max = 3\n user_allow_other # yes\n"),
		"ok    allow_other");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_what_is_asked),
		cmocka_unit_test(test_none_answers),
		cmocka_unit_test(test_machine_good),
		cmocka_unit_test(test_machine_bad),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
