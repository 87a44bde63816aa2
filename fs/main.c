/*
 * neevfs: NeevCloud's AI cloud as a directory tree.
 *
 * The map of the program. A request of the kernel goes down this list, its answer comes back up:
 *
 *   main.c  fs.c          put the parts together, once
 *   options*.c            what the user asked for          cloud.c   the simulated cloud of --sandbox
 *   daemon.c  log.c       the background process           supervisor.c  its parent, which outlives a crash
 *   mount.c  mounted.c    the mount point; the kernel's table of mounts      holders.c  who keeps what was unmounted
 *   login.c  terminal.c   neevfs login and logout; asking a person           credential.c  where the token is from
 *   standing*.c           neevfs status: the mounts of this machine, asked how they are
 *   ending.c              mounts that ended and that nobody unmounted, noted for who comes later
 *   shell_word.c          a word of the commands that these advise
 *   doctor*.c finding.c   neevfs doctor; what a check found, as lines
 *   loop.c                the one place that waits
 *   op.c                  one request: parked, resumed, interrupted, answered once
 *   handlers_*.c          what a request means: names, listings, files, writing   handle.c  an open file
 *   kept.c                what the kernel keeps, and how it is told to forget
 *   sweep.c  process.c    who may not delete
 *   watch*.c event.c      who waits for a state, who follows events, what is asked for them; an event
 *   view*.c               a path as it is now, and what is in it   node.c  the paths that the kernel knows
 *   kinds.c  row.c        THE TABLE: every name of the tree, where the API has it; what a row is
 *   render.c texts.c      rows as bytes                    attr.c    what stat(2) says
 *   member.c links.c      members that become files as they arrive; where links point
 *   readmes.c             help where one is                ssh*.c    the running instances, for ssh
 *   index.c dump.c shelf.c   a collection at a glance: as a table, as one document, by a property
 *   cost.c idle.c         what it costs, and whether anybody uses it
 *   query.c               .query: the server's own filters
 *   offer.c registrations.c    what can be had now; e-mails about what can be had again
 *   schemas.c schema_rules.c spec*.c   what may be POSTed  schema_render.c  the same for editors
 *   example.c plan.c      a spec that would create something; what would become of one
 *   draft.c  scratch.c    directories that are no resources yet; what editors put beside a file
 *   written.c             what a user wrote there, counted
 *   change*.c             create, scale, delete, notify on their way   doubt.c  when one may be called absent
 *   journal*.c            creates on their way, on disk           accepted.c  what the API accepted and does not show
 *   sent.c                what this mount asked for when it created something
 *   brake.c scales.c      what this mount may spend; scales that passed      price.c money.c   what things cost
 *   refusal.c             what .error shows
 *   cause.c observer.c    what a request to the API is for; what it leaves behind
 *   stats*.c requests.c status.c   counted, listed, told: .neevfs/
 *   list.c configured.c   one listing with its names; the configured organisations and projects
 *   name.c cell.c moment.c   the server's names as file names; cells of tables, times, as text
 *   store*.c              documents: the cache (../cache) over the API (../api)
 */
#include "../api/api.h"
#include "../api/scope.h"
#include "../api/token.h"
#include "change.h"
#include "cloud.h"
#include "credential.h"
#include "daemon.h"
#include "doctor.h"
#include "ending.h"
#include "log.h"
#include "login.h"
#include "loop.h"
#include "mount.h"
#include "observer.h"
#include "standing.h"
#include "store.h"
#include "supervisor.h"
#include "sweep.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <syslog.h>
#include <unistd.h>

enum {
	EXIT_USAGE = 2,
	PAGES_MAX = 1000,
	BLOCK_LARGE = 20 << 10, /* bytes: a page of a list is larger, what libraries take for a request is not */
};

/* All that a mount consists of, so that it can be taken apart wherever putting it together ends. */
struct program {
	struct options options;
	struct cloud cloud;
	struct daemon daemon;
	struct token *token;
	struct api *api;
	struct store *store;
	struct fs fs;
	struct mount mount;
	struct watched watched;
	const char *proxy_ignored; /* a variable of the environment */
	bool aborted;              /* the connection to the kernel ended, and the mount stood on */
};

static int complain(const struct error *err) {
	fprintf(stderr, "neevfs: %s\n", err->message);
	return EXIT_FAILURE;
}

static int program_build(struct program *program, struct error *err) {
	struct options *options = &program->options;
	struct fs *fs = &program->fs;
	int rc = credential_open(options, &program->token, err);
	if (rc)
		return rc;
	if (getrandom(&fs->seed, sizeof fs->seed, GRND_NONBLOCK) < 0)
		fs->seed = (uint64_t)time(NULL);
	struct api_config api = {.token = program->token,
		.ca_file = options->ca_file,
		.proxy = options->proxy,
		.parallel = options->parallel,
		.pages_max = PAGES_MAX,
		.seed = fs->seed,
		.observer = observer_of(fs)};
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
	sweep_begin(fs->sweeps, fs->now_ms);
	struct error left;
	if (changes_recover(fs->changes, &left))
		log_write(LOG_WARNING, "%s", left.message); /* no reason not to look around */
	return 0;
}

static void program_ready(void *user) {
	struct program *program = user;
	log_write(LOG_NOTICE, "mounted at %s (%s)", program->options.mountpoint, program->options.api_base);
	(void)ending_forget(program->options.mountpoint);
	daemon_ready(&program->daemon);
	watched_tell(&program->watched, program->mount.device, true);
	if (program->watched.restarts)
		log_write(LOG_NOTICE, "%s: mounted again (restart %u)", program->options.mountpoint,
			program->watched.restarts);
}

static void program_unwatched(void *user) {
	const struct program *program = user;
	log_write(LOG_WARNING, "%s: the supervisor is gone; after a crash the mount point would stay occupied",
		program->options.mountpoint);
}

static void program_leave(void *user) {
	struct program *program = user;
	int rc = mount_leave(&program->mount);
	program->aborted = rc > 0;
	if (rc < 0)
		log_write(LOG_ERR, "%s: cannot be unmounted: %s", program->options.mountpoint, strerror(-rc));
}

static void program_end(struct program *program) {
	mount_end(&program->mount);
	api_free(program->api);
	fs_close_parts(&program->fs);
	store_free(program->store);
	token_free(program->token);
	cloud_stop(&program->cloud);
	options_free(&program->options);
	log_close();
}

/* Goes to the background, if that is asked for: 0 in the process that mounts. 1: in its supervisor, when all is over.
 */
static int program_detach(struct program *program, int argc, char **argv, int *ret_status, struct error *err) {
	struct options *options = &program->options;
	if (options->foreground)
		return 0;
	int rc = daemon_start(&program->daemon, options->mountpoint);
	const struct supervising supervising = {.options = options,
		.ready_fd = &program->daemon.pipe_fd,
		.stay = mount_automounted(options->mountpoint),
		.argc = argc,
		.argv = argv};
	if (!rc)
		rc = supervisor_start(&supervising, &program->watched, ret_status);
	return rc < 0 ? error_set(err, -rc, "cannot go to the background: %s", strerror(-rc)) : rc;
}

static int program_mount(struct program *program, int argc, char **argv) {
	struct options *options = &program->options;
	struct error err;
	int status = EXIT_FAILURE;
	loop_ignore_signals();
	int rc = mount_check(options, &err);
	if (!rc)
		rc = log_open(options->log, options->log_level, options->foreground, &err);
	if (!rc && (rc = program_detach(program, argc, argv, &status, &err)) > 0)
		return status;
	if (!rc && options->sandbox && !(rc = cloud_start(&program->cloud, options, &err)))
		rc = options_finish(options, &err); /* now that its address is known */
	if (!rc)
		rc = program_build(program, &err);
	loop_block_signals(); /* from here on there is something to be put in order at the end */
	if (!rc)
		rc = mount_start(&program->fs, &program->mount, &err);
	if (rc) {
		if (program->watched.restarts)
			log_write(LOG_ERR, "%s", err.message);
		return complain(&err);
	}
	watched_tell(&program->watched, program->mount.device, false);
	const struct loop loop = {.fs = &program->fs,
		.api = program->api,
		.session = program->mount.session,
		.supervisor_fd = program->watched.fd,
		.ready = program_ready,
		.unwatched = program_unwatched,
		.leave = program_leave,
		.user = program};
	rc = loop_run(&loop, &err);
	const char *how = rc                 ? err.message
			  : program->aborted ? "the connection to the kernel was aborted"
					     : "unmounted";
	log_write(rc || program->aborted ? LOG_ERR : LOG_NOTICE, "%s: %s", options->mountpoint, how);
	return rc || program->aborted ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Nobody keeps a token for a daemon that is yet to come. */
static int restart_check(const struct options *options, struct error *err) {
	if (options->command != COMMAND_MOUNT || !options->restart || options->foreground || !options->token)
		return 0;
	return error_set(err, EINVAL,
		"restart=%u needs a token that can be asked for again: a login, token_file= or token_command= in "
		"place of NEEV_API_TOKEN",
		options->restart);
}

static int program_status(void) {
	SCOPED(standings_free) struct standings standings;
	SCOPED(endings_free) struct endings endings;
	struct error err;
	endings_read(&endings);
	int rc = standings_read(&standings);
	if (rc) {
		error_set(&err, -rc, "what is mounted cannot be told: is /proc mounted?");
		return complain(&err);
	}
	standings_show(&standings, &endings, stdout);
	return standings_well(&standings, &endings) ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Goes on with what could be read: `trouble` says what could not. */
static int program_doctor(struct program *program, const struct error *trouble) {
	struct error err = {0};
	struct options *options = &program->options;
	int rc = trouble ? -trouble->code : 0;
	loop_ignore_signals();
	if (options->sandbox && cloud_start(&program->cloud, options, &err))
		return complain(&err);
	if (rc != -ENOMEM && options_finish(options, &err)) {
		trouble = trouble ? trouble : &err;
		rc = -err.code;
	}
	if (rc == -ENOMEM)
		return complain(trouble);
	struct doctor doctor = {.findings = {.out = stdout},
		.options = options,
		.trouble = trouble,
		.now_s = time(NULL),
		.proxy_ignored = program->proxy_ignored};
	doctor_run(&doctor);
	return doctor.findings.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int program_run(struct program *program, int argc, char **argv) {
	struct error err;
	int rc = options_read(&program->options, argc, argv, &err);
	program->proxy_ignored = doctor_proxy_ignored();
	const bool debug = program->options.command == COMMAND_MOUNT && program->options.debug;
	daemon_harden(debug); /* before anything is started that would inherit the environment */
	if (program->options.command == COMMAND_DOCTOR)
		return program_doctor(program, rc ? &err : NULL);
	if (rc) {
		complain(&err);
		fputs("neevfs --help shows the usage\n", stderr);
		return rc == -EINVAL ? EXIT_USAGE : EXIT_FAILURE;
	}
	enum command command = program->options.command;
	bool finished = command == COMMAND_MOUNT || command == COMMAND_LOGIN || command == COMMAND_LOGOUT;
	if (finished &&
		((rc = restart_check(&program->options, &err)) || (rc = options_finish(&program->options, &err)))) {
		complain(&err);
		return rc == -EINVAL ? EXIT_USAGE : EXIT_FAILURE;
	}
	struct buffer help = {0};
	switch (command) {
	case COMMAND_HELP:
	case COMMAND_HELP_OPTIONS:
		(command == COMMAND_HELP ? options_help : options_help_table)(&help);
		fputs(help.data ? help.data : "", stdout);
		buffer_free(&help);
		return EXIT_SUCCESS;
	case COMMAND_VERSION:
		puts("neevfs " NEEVFS_VERSION);
		return EXIT_SUCCESS;
	case COMMAND_UMOUNT:
		rc = mount_remove(program->options.mountpoint, &err);
		if (rc)
			complain(&err);
		return rc < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	case COMMAND_LOGIN:
		return login_run(&program->options, &err) ? complain(&err) : EXIT_SUCCESS;
	case COMMAND_LOGOUT:
		return logout_run(&program->options, &err) ? complain(&err) : EXIT_SUCCESS;
	case COMMAND_STATUS:
		return program_status();
	case COMMAND_DOCTOR:
	case COMMAND_MOUNT:
		break;
	}
	return program_mount(program, argc, argv);
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
	struct program program = {.daemon = {.pipe_fd = -1}, .watched = {.fd = -1}};
	streams_hold();
	/* Large blocks go back to the system when they are freed. Among the others in the heap they would leave gaps
	 * that stay in memory, and glibc counts more and more as such from the first one that was freed. */
	mallopt(M_MMAP_THRESHOLD, BLOCK_LARGE);
	int status = program_run(&program, argc, argv);
	if ((fflush(stdout) || ferror(stdout)) && status == EXIT_SUCCESS) {
		fputs("neevfs: standard output could not be written\n", stderr);
		status = EXIT_FAILURE;
	}
	program_end(&program);
	return status;
}
