/* Options: the command line over the environment over the config file over the defaults; what is wrong is said. */
#include "../fs/change.h"
#include "../fs/configured.h"
#include "../fs/options.h"
#include "alloc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include <cmocka.h>

static char home[] = "/tmp/neevfs-options-XXXXXX";

static void config_write(const char *text) {
	char path[128];
	snprintf(path, sizeof(path), "%s/neevfs/config", home);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int setup(void **state) {
	(void)state;
	static const char *const names[] = {
		"NEEVFS_API_BASE", "NEEV_ORG_ID", "NEEV_PROJECT_ID", "NEEV_API_TOKEN", "NEEV_API_KEY"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unsetenv(names[i]);
	config_write("");
	return 0;
}

static int setup_all(void **state) {
	(void)state;
	char path[128];
	if (!mkdtemp(home))
		return -1;
	setenv("XDG_CONFIG_HOME", home, 1);
	snprintf(path, sizeof(path), "%s/neevfs", home);
	return mkdir(path, 0700);
}

static int teardown_all(void **state) {
	(void)state;
	char path[128];
	snprintf(path, sizeof(path), "%s/neevfs/config", home);
	unlink(path);
	snprintf(path, sizeof(path), "%s/neevfs", home);
	rmdir(path);
	return rmdir(home);
}

enum { ARGS_MAX = 16 };

/* Reads a command line, given as one string with blanks between. */
static int read_line(struct options *options, const char *line, struct error *err) {
	static char copy[1024];
	char *argv[ARGS_MAX + 1] = {0}, *save = NULL;
	int argc = 0;
	snprintf(copy, sizeof(copy), "neevfs %s", line);
	for (char *word = strtok_r(copy, " ", &save); word && argc < ARGS_MAX; word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	*options = (struct options){0};
	*err = (struct error){0};
	/* getopt(3) remembers where in argv it was; a program asks it once. */
	optind = 0;
	getopt(1, argv, "");
	return options_read(options, argc, argv, err);
}

static struct options good(const char *line) {
	struct options options;
	struct error err;
	if (read_line(&options, line, &err))
		fail_msg("%s: %s", line, err.message);
	if (options_finish(&options, &err))
		fail_msg("%s: %s", line, err.message);
	return options;
}

static void bad(const char *line, const char *words) {
	struct options options;
	struct error err;
	int rc = read_line(&options, line, &err);
	if (!rc)
		rc = options_finish(&options, &err);
	assert_int_equal(rc, -EINVAL);
	assert_int_equal(err.code, EINVAL);
	if (!strstr(err.message, words))
		fail_msg("%s: \"%s\" says nothing of \"%s\"", line, err.message, words);
	options_free(&options);
}

static void defaults(void **state) {
	(void)state;
	struct options options = good("/mnt");
	assert_int_equal(options.command, COMMAND_MOUNT);
	assert_string_equal(options.mountpoint, "/mnt");
	assert_null(options.source);
	assert_string_equal(options.api_base, "https://api.ai.neevcloud.com");
	assert_string_equal(options.base[API_TENANT], "https://api.ai.neevcloud.com/tenant");
	assert_string_equal(options.base[API_GPU], "https://api.ai.neevcloud.com/gpu");
	assert_string_equal(options.base[API_INVENTORY], "https://api.ai.neevcloud.com/inventory");
	assert_string_equal(options.base[API_AIMODELS], "https://api.ai.neevcloud.com/aimodels");
	assert_int_equal(options.ttl_ms[TTL_LIST], 30000);
	assert_int_equal(options.ttl_ms[TTL_ITEM], 30000);
	assert_int_equal(options.ttl_ms[TTL_METRICS], 5000);
	assert_int_equal(options.ttl_ms[TTL_INVENTORY], 15000);
	assert_int_equal(options.ttl_ms[TTL_CATALOG], 600000);
	assert_int_equal(options.moving_ms, 2000);
	assert_int_equal(options.deadline_ms, 30000);
	assert_int_equal(options.parallel, 16);
	assert_int_equal(options.allow, CHANGE_CREATE | CHANGE_SCALE | CHANGE_DELETE);
	assert_int_equal(options.log_level, LOG_NOTICE);
	assert_false(
		options.foreground || options.debug || options.sandbox || options.read_only || options.allow_other);
	assert_null(options.scopes[0].id);
	assert_null(options.token);
	options_free(&options);
}

static void flags_and_commands(void **state) {
	(void)state;
	struct options options = good("-f --sandbox src /mnt");
	assert_true(options.foreground && options.sandbox && !options.debug);
	assert_string_equal(options.source, "src");
	assert_string_equal(options.mountpoint, "/mnt");
	options_free(&options);
	options = good("/mnt -d");
	assert_true(options.foreground && options.debug);
	options_free(&options);
	static const struct {
		const char *line;
		enum command command;
	} cases[] = {{"-h", COMMAND_HELP}, {"--help", COMMAND_HELP}, {"-V", COMMAND_VERSION},
		{"--version", COMMAND_VERSION}, {"--help options", COMMAND_HELP_OPTIONS},
		{"-h options", COMMAND_HELP_OPTIONS}, {"--help else", COMMAND_HELP}, {"status", COMMAND_STATUS},
		{"doctor", COMMAND_DOCTOR}, {"doctor /mnt", COMMAND_DOCTOR}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct error err;
		assert_int_equal(read_line(&options, cases[i].line, &err), 0);
		assert_int_equal(options.command, cases[i].command);
		options_free(&options);
	}
	struct error err;
	assert_int_equal(read_line(&options, "umount /mnt", &err), 0);
	assert_int_equal(options.command, COMMAND_UMOUNT);
	assert_string_equal(options.mountpoint, "/mnt");
	options_free(&options);
}

static void what_is_wrong_is_said(void **state) {
	(void)state;
	static const char *const cases[][2] = {
		{"", "no mount point"},
		{"a b c", "too many"},
		{"umount", "no mount point"},
		{"umount a b", "too many"},
		{"status a", "too many"},
		{"doctor a b", "too many"},
		{"unmount /mnt",
			"no command 'unmount'; did you mean 'umount'? A source of that name: -o fsname=unmount"},
		{"docter /mnt", "no command 'docter'; did you mean 'doctor'?"},
		{"-o ttl=5 statsu /mnt", "no command 'statsu'; did you mean 'status'?"},
		{"-f umount /mnt", "the command umount is the first word of all"},
		{"-x /mnt", "-x"},
		{"--what /mnt", "--what"},
		{"/mnt -o", "needs a value"},
		{"-o what=1 /mnt", "what"},
		{"-o ttl /mnt", "ttl needs a value"},
		{"-o ttl= /mnt", "ttl="},
		{"-o ttl=-1 /mnt", "ttl=-1"},
		{"-o ttl=x /mnt", "ttl=x"},
		{"-o ttl=5s /mnt", "5s"},
		{"-o ttl_list=nan /mnt", "nan"},
		{"-o ttl_list=inf /mnt", "inf"},
		{"-o ttl=86401 /mnt", "86400"},
		{"-o deadline=0 /mnt", "from 1"},
		{"-o deadline=0.5 /mnt", "from 1"},
		{"-o parallel=2 /mnt", "from 3"},
		{"-o parallel=257 /mnt", "256"},
		{"-o parallel=4.5 /mnt", "whole"},
		{"-o cache_size=0 /mnt", "from 1"},
		{"-o allow= /mnt", "allow="},
		{"-o allow=create:all /mnt", "allow="},
		{"-o allow=none:create /mnt", "allow="},
		{"-o max_replicas=0 /mnt", "max_replicas=0: must be a whole number from 1 to 1000000"},
		{"-o max_replicas=2.5 /mnt", "whole"},
		{"-o max_replicas=many /mnt", "max_replicas=many"},
		{"-o max_instances=-1 /mnt", "from 0"},
		{"-o max_instances= /mnt", "whole"},
		{"-o max_instances=1000001 /mnt", "from 0"},
		{"-o max_hourly=-1 /mnt", "max_hourly=-1: must be an amount of USD"},
		{"-o max_hourly=1e3 /mnt", "USD"},
		{"-o max_hourly=.5 /mnt", "USD"},
		{"-o max_hourly=10USD /mnt", "USD"},
		{"-o max_hourly= /mnt", "USD"},
		{"-o max_hourly=1000000.01 /mnt", "USD"},
		{"-o max_hourly /mnt", "needs a value"},
		{"-o log_level=loud /mnt", "loud"},
		{"-o token=secret /mnt", "NEEV_API_TOKEN"},
		{"-o api_base=ftp://x /mnt", "https://"},
		{"-o api_base=http://example.com /mnt", "https://"},
		{"-o gpu_base=https://u:p@x /mnt", "user name"},
		{"-o ca_file= /mnt", "empty"},
		{"-o org= /mnt", "empty"},
		{"-o allow=create,delete /mnt",
			"unknown option: delete; allow= takes none, or create, scale, delete with ':' between"},
		{"-o instance=5 /mnt", "unknown option: instance; did you mean instances?"},
		{"-o subtypes=1 /mnt", "unknown option: subtypes"},
		{"-fxd /mnt", "unknown option: -x"},
		{"-fo", "-o needs a value"},
		{"--sandbox -o instances=2.5 /mnt", "whole"},
		{"--sandbox -o seed=1000000001 /mnt", "from 0"},
		{"--sandbox -o latency=3600001 /mnt", "3600000"},
		{"--sandbox -o project=p /mnt", "org="},
		{"-o project=p /mnt", "org="},
		{"-o project=/p /mnt", "ORG/ID"},
		{"-o project=o/ /mnt", "ORG/ID"},
		{"-o project=o/p/q /mnt", "ORG/ID"},
		{"-o org='o' /mnt", "org='o': no id has quotes or blanks"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		bad(cases[i][0], cases[i][1]);
}

/* As mount(8) and fstab(5) give them. */
static void sources(void **state) {
	(void)state;
	static const char *const labels[] = {
		"none", "neevfs", "mount", "gpu-cloud", "my/status", "status:", "login2024"};
	for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
		char line[64];
		snprintf(line, sizeof line, "%s /mnt", labels[i]);
		struct options options = good(line);
		assert_string_equal(options.source, labels[i]);
		options_free(&options);
	}
	assert_string_equal(command_near("unmount"), "umount");
	assert_null(command_near("mount"));
	assert_null(command_near("./status"));
}

/* A token in the wrong place is not repeated into a log. */
static void a_token_is_never_shown(void **state) {
	(void)state;
	struct options options;
	struct error err;
	assert_int_equal(read_line(&options, "-o token=pat-secret /mnt", &err), -EINVAL);
	assert_null(strstr(err.message, "pat-secret"));
	options_free(&options);
	static const char *const lines[] = {"pat-nc-0secret\n", "pat-nc-0secret = x\n", "token: pat-nc-0secret\n"};
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		config_write(lines[i]);
		assert_int_equal(read_line(&options, "/mnt", &err), -EINVAL);
		assert_non_null(strstr(err.message, "line 1: unknown option"));
		assert_null(strstr(err.message, "secret"));
		options_free(&options);
	}
	config_write("");
	setenv("NEEV_API_TOKEN", "pat-secret", 1);
	options = good("-o proxy=http://u:hunter2@h:1 /mnt");
	assert_string_equal(options.token, "pat-secret");
	struct buffer out = {0};
	options_show(&options, &out);
	assert_null(strstr(out.data, "pat-secret"));
	assert_non_null(strstr(out.data, "\nproxy=http://***@h:1\n"));
	buffer_free(&out);
	options_forget_token(&options);
	assert_null(options.token);
	options_free(&options);
}

static void values(void **state) {
	(void)state;
	struct options options =
		good("-o ttl_list=0.5,deadline=10,parallel=3,cache_size=1,allow=delete:create,log_level=debug "
		     "-o api_base=http://127.0.0.1:8080/x//,gpu_base=https://g /mnt");
	assert_int_equal(options.ttl_ms[TTL_LIST], 500);
	assert_int_equal(options.ttl_ms[TTL_ITEM], 30000);
	assert_int_equal(options.deadline_ms, 10000);
	assert_int_equal(options.parallel, 3);
	assert_int_equal(options.cache_mib, 1);
	assert_int_equal(options.allow, CHANGE_CREATE | CHANGE_DELETE);
	assert_int_equal(options.log_level, LOG_DEBUG);
	assert_string_equal(options.base[API_TENANT], "http://127.0.0.1:8080/x/tenant");
	assert_string_equal(options.base[API_GPU], "https://g");
	options_free(&options);
	options = good("-o allow=none /mnt");
	assert_int_equal(options.allow, 0);
	options_free(&options);
}

/* None by default; 0 is a limit. */
static void spending_brakes(void **state) {
	(void)state;
	struct options options = good("/mnt");
	struct buffer out = {0};
	assert_false(options.max_replicas.set || options.max_instances.set || options.max_hourly.set);
	options_show(&options, &out);
	assert_null(strstr(out.data, "max_"));
	buffer_free(&out);
	options_free(&options);
	options = good("-o max_replicas=4,max_instances=0,max_hourly=12.3456785 /mnt");
	assert_true(options.max_replicas.set && options.max_instances.set && options.max_hourly.set);
	assert_int_equal(options.max_replicas.value, 4);
	assert_int_equal(options.max_instances.value, 0);
	assert_int_equal(options.max_hourly.value, 12345679);
	options_show(&options, &out);
	assert_non_null(strstr(out.data, "\nmax_replicas=4\nmax_instances=0\nmax_hourly=12.345679\n"));
	buffer_free(&out);
	options_free(&options);
	config_write("max_hourly = 10\nmax_instances = 3\n");
	options = good("-o max_instances=5 /mnt");
	assert_int_equal(options.max_hourly.value, 10000000);
	assert_int_equal(options.max_instances.value, 5);
	options_free(&options);
}

static void one_ttl_scales_all(void **state) {
	(void)state;
	struct options options = good("-o ttl=60 /mnt");
	assert_int_equal(options.ttl_ms[TTL_LIST], 60000);
	assert_int_equal(options.ttl_ms[TTL_METRICS], 10000);
	assert_int_equal(options.ttl_ms[TTL_CATALOG], 1200000);
	assert_int_equal(options.moving_ms, 2000);
	options_free(&options);
	options = good("-o ttl=0 /mnt");
	for (int class = 0; class < TTL_CLASSES; class ++)
		assert_int_equal(options.ttl_ms[class], 0);
	assert_int_equal(options.moving_ms, 0);
	options_free(&options);
	options = good("-o ttl=86400 /mnt"); /* none of them becomes more than it may be itself */
	assert_int_equal(options.ttl_ms[TTL_METRICS], 14400000);
	assert_int_equal(options.ttl_ms[TTL_CATALOG], 86400000);
	options_free(&options);
	options = good("-o ttl=15,ttl_metrics=7 /mnt");
	assert_int_equal(options.ttl_ms[TTL_LIST], 15000);
	assert_int_equal(options.ttl_ms[TTL_METRICS], 7000);
	assert_int_equal(options.moving_ms, 1000);
	options_free(&options);
}

static void commas_and_backslashes(void **state) {
	(void)state;
	struct options options = good("-o ca_file=/a\\,b\\\\c,,log=/l, /mnt");
	assert_string_equal(options.ca_file, "/a,b\\c");
	assert_string_equal(options.log, "/l");
	options_free(&options);
	/* What stands behind one that belongs to a value is no option. */
	setenv("NEEV_ORG_ID", "org-env", 1);
	setenv("NEEV_API_TOKEN", "pat-secret", 1);
	options = good("-o log=/l\\,org=b\\,token_file=c /mnt");
	assert_string_equal(options.log, "/l,org=b,token_file=c");
	assert_int_equal(options.orgs.count, 1);
	assert_string_equal(options.orgs.at[0], "org-env");
	assert_string_equal(options.token, "pat-secret");
	options_free(&options);
}

static void mount_options(void **state) {
	(void)state;
	struct options options = good("-o "
				      "ro,allow_other,nosuid,noauto,_netdev,relatime,nodiratime,default_permissions,"
				      "nonempty,x-systemd.automount,comment=x,subtype=z,"
				      "fsname=y,instances=3,seed=1e3,speed=2.5 /mnt");
	assert_true(options.read_only && options.allow_other);
	static const char *const kernel[] = {"ro", "allow_other", "nosuid", "fsname=y"};
	assert_int_equal(options.kernel.count, 4);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(options.kernel.at[i], kernel[i]);
	static const char *const sandbox[] = {"--instances=3", "--seed=1000", "--speed=2.5"};
	assert_int_equal(options.sandbox_options.count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(options.sandbox_options.at[i], sandbox[i]);
	options_free(&options);
}

static void assert_scope(const struct options *options, size_t i, const char *org, const char *id) {
	assert_string_equal(options->scopes[i].org, org);
	assert_string_equal(options->scopes[i].id, id);
}

static void organisations_and_projects(void **state) {
	(void)state;
	struct options options = good("-o org=o,project=p,project=q,project=x/r -o project=o/s /mnt");
	assert_int_equal(options.orgs.count, 2);
	assert_string_equal(options.orgs.at[0], "o");
	assert_string_equal(options.orgs.at[1], "x");
	assert_null(options.orgs.at[2]);
	assert_scope(&options, 0, "o", "p");
	assert_scope(&options, 1, "o", "q");
	assert_scope(&options, 2, "x", "r");
	assert_scope(&options, 3, "o", "s");
	assert_null(options.scopes[4].id);
	options_free(&options);
}

static void the_config_file(void **state) {
	(void)state;
	config_write("# a comment\n\n  ttl_list = 7  \ndeadline=8\r\n\tparallel\t=\t9\norg = o\nproject = p\n"
		     "ro\nca_file = /a,b = c\n");
	struct options options = good("/mnt");
	assert_int_equal(options.ttl_ms[TTL_LIST], 7000);
	assert_int_equal(options.deadline_ms, 8000);
	assert_int_equal(options.parallel, 9);
	assert_true(options.read_only);
	assert_string_equal(options.ca_file, "/a,b = c");
	assert_scope(&options, 0, "o", "p");
	options_free(&options);
	config_write("token_file = ~/token\nca_file = a.pem\njournal = ~else/journal\nlog = ~/log\n");
	char *was = getenv("HOME") ? strdup(getenv("HOME")) : NULL, here[PATH_MAX], path[PATH_MAX + 32];
	setenv("HOME", "/home/asha", 1);
	options = good("/mnt");
	assert_string_equal(options.token_file, "/home/asha/token");
	assert_string_equal(options.log, "/home/asha/log");
	assert_non_null(getcwd(here, sizeof(here)));
	snprintf(path, sizeof(path), "%s/a.pem", here);
	assert_string_equal(options.ca_file, path);
	snprintf(path, sizeof(path), "%s/~else/journal", here); /* of another user: not known here */
	assert_string_equal(options.journal, path);
	options_free(&options);
	if (was)
		setenv("HOME", was, 1);
	free(was);
	config_write("ttl = 5\nparallel = 4\nnonsense = 1\n");
	bad("/mnt", "line 3");
	config_write("project = \"prj-demo\"\n");
	bad("/mnt", "line 1: project=\"prj-demo\": no id has quotes or blanks; what stands behind = is taken as it is");
	config_write("parallel = 4"); /* no newline at the end */
	options = good("/mnt");
	assert_int_equal(options.parallel, 4);
	options_free(&options);
}

static void the_later_source_wins(void **state) {
	(void)state;
	config_write("api_base = https://config\norg = c\nproject = pc\nparallel = 4\n");
	struct options options = good("/mnt");
	assert_string_equal(options.api_base, "https://config");
	assert_scope(&options, 0, "c", "pc");
	options_free(&options);
	setenv("NEEVFS_API_BASE", "https://env", 1);
	setenv("NEEV_ORG_ID", "e", 1);
	setenv("NEEV_PROJECT_ID", "pe", 1);
	options = good("/mnt");
	assert_string_equal(options.api_base, "https://env");
	assert_int_equal(options.orgs.count, 1);
	assert_scope(&options, 0, "e", "pe");
	options_free(&options);
	options = good("-o api_base=https://line,org=l,org=m,project=pl,parallel=5 /mnt");
	assert_string_equal(options.api_base, "https://line");
	assert_int_equal(options.orgs.count, 2);
	assert_scope(&options, 0, "l", "pl");
	assert_null(options.scopes[1].id);
	assert_int_equal(options.parallel, 5);
	options_free(&options);
	setenv("NEEVFS_API_BASE", "nonsense", 1);
	bad("/mnt", "NEEVFS_API_BASE");
	setenv("NEEVFS_API_BASE", "", 1); /* as if it were not set */
	options = good("/mnt");
	assert_string_equal(options.api_base, "https://config");
	options_free(&options);
}

static void words(void **state) {
	(void)state;
	struct options options = good("-o org=o,project=p,ttl_list=1.5,allow=none /mnt");
	struct buffer out = {0};
	static const char *const lines[] = {"org=o\n", "project=p\n", "ttl_list=1.5\n", "allow=none\n",
		"log_level=notice\n", "api_base=https://api.ai.neevcloud.com\n", "parallel=16\n"};
	options_show(&options, &out);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		if (!strstr(out.data, lines[i]))
			fail_msg("%s is not in %s", lines[i], out.data);
	buffer_free(&out);
	options_free(&options);
}

/* It is there to say what is wrong in the config file, and goes on without that line and what follows. */
static void doctor_reads_what_it_can(void **state) {
	(void)state;
	struct options options;
	struct error err;
	config_write("parallel = 4\nparalel = 5\n");
	assert_int_equal(read_line(&options, "doctor", &err), -EINVAL);
	assert_int_equal(options.command, COMMAND_DOCTOR);
	assert_non_null(strstr(err.message, "line 2"));
	assert_int_equal(options.parallel, 4);
	assert_int_equal(options_finish(&options, &err), 0);
	assert_string_equal(options.base[API_GPU], "https://api.ai.neevcloud.com/gpu");
	assert_non_null(options.journal);
	options_free(&options);
	/* Wrong usage is that of every command. */
	assert_int_equal(read_line(&options, "doctor -q", &err), -EINVAL);
	assert_int_not_equal(options.command, COMMAND_DOCTOR);
	options_free(&options);
	assert_int_equal(read_line(&options, "doctor a b", &err), -EINVAL);
	assert_int_not_equal(options.command, COMMAND_DOCTOR);
	options_free(&options);
}

/* A screen has 80 columns and 24 lines, of which the prompt takes one. */
static void help(void **state) {
	(void)state;
	struct buffer out = {0};
	static const char *const first[] = {"usage: neevfs", "--sandbox", "umount", "login", "logout", "status",
		"doctor", "NEEV_API_TOKEN", "token_file=", "--help options", "man neevfs"};
	options_help(&out);
	for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++)
		if (!strstr(out.data, first[i]))
			fail_msg("%s is not in %s", first[i], out.data);
	int lines = 0;
	for (const char *line = out.data; *line; line += strcspn(line, "\n") + 1, lines++)
		if (strcspn(line, "\n") > 80)
			fail_msg("too wide: %s", line);
	assert_in_range(lines, 10, 23);
	buffer_clear(&out);
	static const char *const all[] = {"api_base", "ttl_metrics", "NEEV_ORG_ID", "max_hourly", "journal", "seed"};
	options_help_table(&out);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		assert_non_null(strstr(out.data, all[i]));
	buffer_free(&out);
}

static void run_out_of_memory(bool config) {
	for (size_t n = 1;; n++) {
		struct options options;
		struct error err;
		alloc_arm(n);
		int rc = read_line(&options, "-o org=a,project=x/y,allow_other,instances=2,ca_file=/c src /mnt", &err);
		if (!rc)
			rc = options_finish(&options, &err);
		options_free(&options);
		bool failed = alloc_disarm();
		if (rc != (failed ? -ENOMEM : 0))
			fail_msg("%d (%s) when allocation %zu fails", rc, err.message, n);
		assert_int_equal(err.code, -rc);
		if (!config) /* getline(3) allocates what is freed here: not to be counted */
			assert_int_equal(alloc_live(), 0);
		if (!failed)
			return;
	}
}

static void without_memory(void **state) {
	(void)state;
	char path[128];
	setenv("NEEV_PROJECT_ID", "pe", 1);
	config_write("parallel = 4\norg = c\n");
	run_out_of_memory(true);
	snprintf(path, sizeof(path), "%s/neevfs/config", home);
	assert_int_equal(unlink(path), 0);
	run_out_of_memory(false);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(defaults, setup),
		cmocka_unit_test_setup(flags_and_commands, setup),
		cmocka_unit_test_setup(what_is_wrong_is_said, setup),
		cmocka_unit_test_setup(sources, setup),
		cmocka_unit_test_setup(a_token_is_never_shown, setup),
		cmocka_unit_test_setup(values, setup),
		cmocka_unit_test_setup(spending_brakes, setup),
		cmocka_unit_test_setup(one_ttl_scales_all, setup),
		cmocka_unit_test_setup(commas_and_backslashes, setup),
		cmocka_unit_test_setup(mount_options, setup),
		cmocka_unit_test_setup(organisations_and_projects, setup),
		cmocka_unit_test_setup(the_config_file, setup),
		cmocka_unit_test_setup(the_later_source_wins, setup),
		cmocka_unit_test_setup(words, setup),
		cmocka_unit_test(help),
		cmocka_unit_test_setup(doctor_reads_what_it_can, setup),
		cmocka_unit_test_setup(without_memory, setup),
	};
	return cmocka_run_group_tests(tests, setup_all, teardown_all);
}
