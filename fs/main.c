/*
 * neevfs: NeevCloud's AI cloud as a directory tree.
 *
 * The map of the program. A request of the kernel goes down this list, its answer comes back up:
 *
 *   main.c  fs.c          put the parts together, once
 *   options*.c            what the user asked for          cloud.c   the simulated cloud of --sandbox
 *   daemon.c  log.c       the background process           mount.c   the mount point
 *   loop.c                the one place that waits
 *   op.c                  one request: parked, resumed, interrupted, answered once
 *   handlers_*.c          what a request means: names, files, writing          handle.c  an open file
 *   sweep.c               who may not delete
 *   view.c                a path as it is now              node.c    the paths that the kernel knows
 *   kinds.c               THE TABLE: every name of the tree, where the API has it
 *   render.c links.c texts.c   rows as bytes               attr.c    what stat(2) says
 *   name.c                the server's names as file names
 *   schemas.c spec*.c     what may be POSTed
 *   draft.c  scratch.c    directories that are no resources yet; what editors put beside a file
 *   written.c             what a user wrote there, counted
 *   change*.c             create, scale, delete on their way        doubt.c     when one may be called absent
 *   journal*.c            creates on their way, on disk             accepted.c  what the API accepted and does not show
 *   brake.c               what this mount may spend                 price.c money.c   what things cost
 *   refusal.c             what .error shows
 *   list.c configured.c   one listing with its names; the configured organisations and projects
 *   store.c               documents: the cache (../cache) over the API (../api)
 */
#include "../api/api.h"
#include "../api/token.h"
#include "change.h"
#include "cloud.h"
#include "daemon.h"
#include "log.h"
#include "loop.h"
#include "mount.h"
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <syslog.h>
#include <unistd.h>

enum { EXIT_USAGE = 2, PAGES_MAX = 1000 };

/* All that a mount consists of, so that it can be taken apart wherever putting it together ends. */
struct program {
	struct options options;
	struct cloud cloud;
	struct daemon daemon;
	struct token *token;
	struct api *api;
	struct store *store;
	struct fs fs;
	struct fuse_session *session;
};

static int complain(const struct error *err) {
	fprintf(stderr, "neevfs: %s\n", err->message);
	return EXIT_FAILURE;
}

static int program_token(struct program *program, struct error *err) {
	struct options *options = &program->options;
	/* One source: the environment's over the configured ones. */
	const char *text = options->token, *file = text ? NULL : options->token_file;
	struct token_config config = {
		.text = text, .file = file, .command = text || file ? NULL : options->token_command};
	if (!config.text && !config.file && !config.command)
		return error_set(err, EKEYEXPIRED,
			options->inference_key ? "NEEV_API_KEY holds an inference key, which these services refuse; "
						 "give a personal access token by NEEV_API_TOKEN"
					       : "no token: set NEEV_API_TOKEN, or -o token_file=PATH, or look around "
						 "first with --sandbox");
	const char *token;
	struct error reason;
	int rc = token_new(&config, &program->token, &reason);
	if (rc)
		error_set(err, -rc, "%s: %s",
			text   ? "NEEV_API_TOKEN"
			: file ? "token_file"
			       : "token_command",
			reason.message);
	options_forget_token(options);
	return rc ? rc
		  : token_get(program->token, &token, err); /* a file that cannot serve is told here, where one looks */
}

static int program_build(struct program *program, struct error *err) {
	struct options *options = &program->options;
	struct fs *fs = &program->fs;
	int rc = program_token(program, err);
	if (rc)
		return rc;
	if (getrandom(&fs->seed, sizeof fs->seed, GRND_NONBLOCK) < 0)
		fs->seed = (uint64_t)time(NULL);
	struct api_config api = {.token = program->token,
		.ca_file = options->ca_file,
		.proxy = options->proxy,
		.parallel = options->parallel,
		.pages_max = PAGES_MAX,
		.seed = fs->seed};
	memcpy(api.base, options->base, sizeof api.base);
	struct store_config store = {.orgs = (const char *const *)options->orgs.at,
		.projects = options->scopes,
		.moving_ms = options->moving_ms,
		.stale_ms = options->stale_ms,
		.deadline_ms = options->deadline_ms,
		.cache_bytes = (size_t)options->cache_mib << 20};
	memcpy(store.ttl_ms, options->ttl_ms, sizeof store.ttl_ms);
	if ((rc = api_new(&api, &program->api, err)) || (rc = store_new(&store, program->api, &program->store, err)))
		return rc;
	if (fs_open_parts(fs, options, program->store))
		return error_set(err, ENOMEM, "no memory");
	fs->started = time(NULL);
	loop_tick(fs);
	struct error left;
	if (changes_recover(fs->changes, &left))
		log_write(LOG_WARNING, "%s", left.message); /* no reason not to look around */
	return 0;
}

static void program_ready(void *user) {
	struct program *program = user;
	log_write(LOG_NOTICE, "mounted at %s (%s)", program->options.mountpoint, program->options.api_base);
	daemon_ready(&program->daemon);
}

static void program_end(struct program *program) {
	if (program->session)
		mount_end(program->session);
	api_free(program->api);
	fs_close_parts(&program->fs);
	store_free(program->store);
	token_free(program->token);
	cloud_stop(&program->cloud);
	options_free(&program->options);
	log_close();
}

static int program_mount(struct program *program) {
	struct options *options = &program->options;
	struct error err;
	int rc = mount_check(options, &err);
	if (!rc && !options->foreground && (rc = daemon_start(&program->daemon, options->mountpoint)))
		error_set(&err, -rc, "cannot go to the background: %s", strerror(-rc));
	loop_block_signals();
	daemon_harden(options->debug); /* before anything is started that would inherit the environment */
	if (!rc)
		rc = log_open(options->log, options->log_level, options->foreground, &err);
	if (!rc && options->sandbox && !(rc = cloud_start(&program->cloud, options, &err)))
		rc = options_finish(options, &err); /* now that its address is known */
	if (!rc)
		rc = program_build(program, &err);
	if (!rc)
		rc = mount_start(&program->fs, &program->session, &err);
	if (rc)
		return complain(&err);
	const struct loop loop = {.fs = &program->fs,
		.api = program->api,
		.session = program->session,
		.ready = program_ready,
		.user = program};
	rc = loop_run(&loop, &err);
	log_write(rc ? LOG_ERR : LOG_NOTICE, "%s: %s", options->mountpoint, rc ? err.message : "unmounted");
	return rc ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int program_run(struct program *program, int argc, char **argv) {
	struct error err;
	int rc = options_read(&program->options, argc, argv, &err);
	if (rc) {
		complain(&err);
		fputs("neevfs --help shows the usage\n", stderr);
		return rc == -EINVAL ? EXIT_USAGE : EXIT_FAILURE;
	}
	if (program->options.command == COMMAND_MOUNT && !program->options.sandbox &&
		(rc = options_finish(&program->options, &err))) {
		complain(&err);
		return rc == -EINVAL ? EXIT_USAGE : EXIT_FAILURE;
	}
	struct buffer help = {0};
	switch (program->options.command) {
	case COMMAND_HELP:
		options_help(&help);
		fputs(help.data ? help.data : "", stdout);
		buffer_free(&help);
		return EXIT_SUCCESS;
	case COMMAND_VERSION:
		puts("neevfs " NEEVFS_VERSION);
		return EXIT_SUCCESS;
	case COMMAND_UMOUNT:
		return mount_remove(program->options.mountpoint, &err) ? complain(&err) : EXIT_SUCCESS;
	case COMMAND_MOUNT:
		break;
	}
	return program_mount(program);
}

/* Low descriptors that the caller closed would be taken by our own, and what is printed would go there. */
static void streams_hold(void) {
	int fd;
	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int main(int argc, char **argv) {
	struct program program = {.daemon = {.pipe_fd = -1}};
	streams_hold();
	int status = program_run(&program, argc, argv);
	program_end(&program);
	return status;
}
