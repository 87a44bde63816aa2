/*
 * neevfs-sandbox: the cloud that neevfs mounts, simulated in one process, for demonstrations and tests.
 *
 *   main        options, and waiting for the end
 *   server      HTTP, delays, faults on the wire; one call at a time gets further
 *   control     the interface of the tests: counts, faults, clock       fault      what is to go wrong
 *   ledger      changes one by one, for the tests
 *   route       from method and path to the operation; token and scope  call       one request, its answer, its page
 *   world       the state: clock, chance, organisations, projects       seed       what stands there at the start
 *   airuntime, aimodel, template, platform, catalog, inventory, tenant  one kind of thing each
 *   collection  things by order, id and name                            check, json    bodies in, bodies out
 */
#include "server.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#ifndef NEEVFS_VERSION
#define NEEVFS_VERSION "development"
#endif

enum { EXIT_USAGE = 2 };

static const char usage[] = "usage: neevfs-sandbox [options]\n"
			    "\n"
			    "Simulates the cloud's API on 127.0.0.1, and prints its address.\n"
			    "\n"
			    "  --port N            port; 0, the default, lets the kernel choose\n"
			    "  --instances N       GPU instances that are there at the start, 0 to 100000 (6)\n"
			    "  --models N          model deployments that are there at the start, 0 to 100000 (3)\n"
			    "  --latency MS        delay every answer by so many milliseconds (0)\n"
			    "  --seed N            the same number gives the same cloud (1)\n"
			    "  --speed X           run the simulated clock X times as fast (1)\n"
			    "  --token T           the token that is accepted (pat-nc-sandbox)\n"
			    "  --ssh COMMAND       sshAccess.directCommand of all GPU instances\n"
			    "  --exit-with-stdin   end at the end of standard input\n"
			    "  -h, --help          print this\n"
			    "  -V, --version       print the version\n";

struct options {
	struct server_options server;
	bool exit_with_stdin;
};

static bool number_parse(const char *text, uint64_t max, uint64_t *ret_number) {
	if (!*text || text[strspn(text, "0123456789")])
		return false;
	errno = 0;
	unsigned long long number = strtoull(text, NULL, 10);
	if (errno || number > max)
		return false;
	*ret_number = number;
	return true;
}

static bool speed_parse(const char *text, double *ret_speed) {
	char *end;
	double speed = strtod(text, &end);
	if (end == text || *end || !isfinite(speed) || speed < 0 || speed > 1e6)
		return false;
	*ret_speed = speed;
	return true;
}

/* False: the value is not one for the option. */
static bool option_take(int option, const char *value, struct options *options) {
	uint64_t number = 0;
	bool valid = true;
	switch (option) {
	case 'p':
		valid = number_parse(value, 65535, &number);
		options->server.port = (uint16_t)number;
		break;
	case 'i':
		valid = number_parse(value, WORLD_INSTANCES_MAX, &number);
		options->server.world.instances = (size_t)number;
		break;
	case 'm':
		valid = number_parse(value, WORLD_INSTANCES_MAX, &number);
		options->server.world.models = (size_t)number;
		break;
	case 'l':
		valid = number_parse(value, 3600000, &number);
		options->server.latency_ms = (int64_t)number;
		break;
	case 's':
		valid = number_parse(value, UINT64_MAX, &options->server.world.seed);
		break;
	case 'x':
		valid = speed_parse(value, &options->server.world.speed);
		break;
	case 't':
		valid = *value && strlen(value) < WORLD_TOKEN_MAX;
		options->server.world.token = value;
		break;
	case 'c':
		options->server.world.ssh = value;
		break;
	case 'e':
		options->exit_with_stdin = true;
		break;
	}
	return valid;
}

/* The status to exit with, or -1 to go on. */
static int options_parse(int argc, char **argv, struct options *options) {
	static const struct option longs[] = {
		{"port", required_argument, NULL, 'p'},
		{"instances", required_argument, NULL, 'i'},
		{"models", required_argument, NULL, 'm'},
		{"latency", required_argument, NULL, 'l'},
		{"seed", required_argument, NULL, 's'},
		{"speed", required_argument, NULL, 'x'},
		{"token", required_argument, NULL, 't'},
		{"ssh", required_argument, NULL, 'c'},
		{"exit-with-stdin", no_argument, NULL, 'e'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{NULL, 0, NULL, 0},
	};
	int option;
	int index = 0;
	while ((option = getopt_long(argc, argv, "hV", longs, &index)) != -1) {
		if (option == 'h')
			return fputs(usage, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
		if (option == 'V')
			return puts("neevfs-sandbox " NEEVFS_VERSION) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
		if (option == '?')
			return EXIT_USAGE;
		if (!option_take(option, optarg, options)) {
			fprintf(stderr, "neevfs-sandbox: --%s: \"%s\" is not a valid value\n", longs[index].name,
				optarg);
			return EXIT_USAGE;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "neevfs-sandbox: \"%s\" is not an option\n", argv[optind]);
		return EXIT_USAGE;
	}
	return -1;
}

/* Each connection takes a descriptor and each waiting request a connection. */
static void descriptors_raise(void) {
	struct rlimit limit;
	if (!getrlimit(RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Whether standard input has ended. */
static bool input_ended(void) {
	char bytes[4096];
	ssize_t count = read(STDIN_FILENO, bytes, sizeof bytes);
	return !count || (count < 0 && errno != EINTR && errno != EAGAIN);
}

/* Returns when the program is to end. */
static void end_await(int signal_fd, bool exit_with_stdin) {
	struct pollfd wait[] = {{.fd = signal_fd, .events = POLLIN}, {.fd = STDIN_FILENO, .events = POLLIN}};
	for (;;) {
		if (poll(wait, exit_with_stdin ? 2 : 1, -1) < 0 && errno != EINTR)
			return;
		if (wait[0].revents || (exit_with_stdin && wait[1].revents && input_ended()))
			return;
	}
}

int main(int argc, char **argv) {
	struct options options = {
		.server.world = {.instances = 6, .models = 3, .seed = 1, .speed = 1, .token = "pat-nc-sandbox"},
	};
	int status = options_parse(argc, argv, &options);
	if (status >= 0)
		return status;

	/* Blocked before the first thread starts, and so in every thread. */
	sigset_t ends;
	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGINT);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	signal(SIGPIPE, SIG_IGN);
	descriptors_raise();
	int signal_fd = signalfd(-1, &ends, SFD_CLOEXEC);
	if (signal_fd < 0) {
		fprintf(stderr, "neevfs-sandbox: signalfd: %s\n", strerror(errno));
		return EXIT_FAILURE;
	}

	struct server *server;
	int error = server_open(&options.server, &server);
	if (error) {
		fprintf(stderr, "neevfs-sandbox: 127.0.0.1:%u: %s\n", (unsigned)options.server.port, strerror(-error));
		close(signal_fd);
		return EXIT_FAILURE;
	}
	if (printf("http://127.0.0.1:%u\n", (unsigned)server_port(server)) < 0 || fflush(stdout)) {
		fprintf(stderr, "neevfs-sandbox: standard output: %s\n", strerror(errno));
		status = EXIT_FAILURE;
	} else {
		end_await(signal_fd, options.exit_with_stdin);
		status = EXIT_SUCCESS;
	}
	server_close(server);
	close(signal_fd);
	return status;
}
