#include "token_command.h"
#include "scope.h"
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { READS_A_STEP = 16 /* then others have their turn */ };

struct token_command {
	char *text;
	char *directory; /* that it was given in: the daemon works elsewhere. NULL: not known */
	pid_t pid;       /* 0: not running */
	bool own_group;
	int pipe_fd, pid_fd, epoll_fd; /* the last: of the other two; while it runs */
	unsigned limit_ms;
	int64_t due_ms;
	size_t printed;
	struct source source;
};

static void fd_close(int *fd) {
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int token_command_new(const char *text, struct token_command **ret) {
	struct token_command *command = calloc(1, sizeof(*command));

	if (!command)
		return -ENOMEM;
	command->text = strdup(text);
	command->directory = getcwd(NULL, 0);
	command->pipe_fd = command->pid_fd = command->epoll_fd = -1;
	if (!command->text) {
		token_command_free(command);
		return -ENOMEM;
	}
	*ret = command;
	return 0;
}

/* It is over: forgets what belongs to the run. */
static void command_close(struct token_command *command) {
	command->pid = 0;
	fd_close(&command->epoll_fd);
	fd_close(&command->pipe_fd);
	fd_close(&command->pid_fd);
	source_wipe(&command->source);
}

/* By force, with all that it has started, unless that is our own group. */
static void command_kill(struct token_command *command) {
	kill(command->own_group ? -command->pid : command->pid, SIGKILL);
	while (waitpid(command->pid, NULL, 0) < 0 && errno == EINTR) {
	}
	command_close(command);
}

void token_command_stop(struct token_command *command) {
	if (command->pid)
		command_kill(command);
}

void token_command_free(struct token_command *command) {
	if (!command)
		return;
	token_command_stop(command);
	free(command->text);
	free(command->directory);
	free(command);
}

/* The signals that the daemon blocks or ignores are none of the command's business. */
static int attributes_set(posix_spawnattr_t *attributes, bool own_group) {
	sigset_t none, defaults;
	int rc;

	sigemptyset(&none);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	rc = posix_spawnattr_setsigmask(attributes, &none);
	rc = rc ? rc : posix_spawnattr_setsigdefault(attributes, &defaults);
	rc = rc ? rc : posix_spawnattr_setpgroup(attributes, 0);
	return rc ? rc
		  : posix_spawnattr_setflags(attributes, (short)(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
								 (own_group ? POSIX_SPAWN_SETPGROUP : 0)));
}

/* Its output goes to `out`; in the background it has nobody to ask. */
static int command_spawn(struct token_command *command, int out) {
	/*
	 * The shell changes the directory, not posix_spawn(): that would do it before the exec, for which we wait, and
	 * if the way leads through our own mount it would wait for us.
	 */
	static const char script[] = "cd -- \"$0\" 2>/dev/null; eval \"$1\"";
	/* posix_spawn() takes char *const[] but does not write to it (POSIX, exec rationale). */
	char *argv[] = {strdup("sh"), strdup("-c"), strdup(script),
		strdup(command->directory ? command->directory : "/"), strdup(command->text), NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int rc = argv[0] && argv[1] && argv[2] && argv[3] && argv[4] ? 0 : ENOMEM;

	rc = rc ? rc : posix_spawn_file_actions_init(&actions);
	if (rc == 0) {
		rc = posix_spawnattr_init(&attributes);
		if (rc == 0) {
			rc = attributes_set(&attributes, command->own_group);
			rc = rc ? rc : posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
			if (command->own_group)
				rc = rc ? rc
					: posix_spawn_file_actions_addopen(
						  &actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
			rc = rc ? rc : posix_spawn(&command->pid, "/bin/sh", &actions, &attributes, argv, environ);
			if (rc)
				command->pid = 0;
			posix_spawnattr_destroy(&attributes);
		}
		posix_spawn_file_actions_destroy(&actions);
	}
	for (size_t i = 0; i < 5; i++)
		free(argv[i]);
	return -rc;
}

static int command_watch(struct token_command *command) {
	struct epoll_event event = {.events = EPOLLIN};

	command->pid_fd = pidfd_open(command->pid, 0);
	command->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	return command->pid_fd < 0 || command->epoll_fd < 0 ||
			       epoll_ctl(command->epoll_fd, EPOLL_CTL_ADD, command->pipe_fd, &event) < 0 ||
			       epoll_ctl(command->epoll_fd, EPOLL_CTL_ADD, command->pid_fd, &event) < 0
		       ? -errno
		       : 0;
}

int token_command_start(struct token_command *command, unsigned limit_ms, int64_t now_ms, struct error *err) {
	int fds[2], rc;

	command->own_group = limit_ms;
	command->limit_ms = limit_ms;
	command->due_ms = limit_ms ? now_ms + limit_ms : WATCH_NEVER;
	command->printed = 0;
	rc = pipe2(fds, O_CLOEXEC) < 0 ? -errno : 0;
	if (rc == 0) {
		command->pipe_fd = fds[0];
		rc = fcntl(fds[0], F_SETFL, O_NONBLOCK) < 0 ? -errno : command_spawn(command, fds[1]);
		close(fds[1]);
	}
	if (rc == 0 && (rc = command_watch(command)) < 0)
		command_kill(command);
	if (rc == 0)
		return 0;
	command_close(command);
	if (rc == -ENOMEM)
		return error_set(err, ENOMEM, "no memory");
	return error_set(err, EKEYEXPIRED, "the token command cannot be started: %s", strerror(-rc));
}

int token_command_fd(const struct token_command *command) {
	return command->epoll_fd;
}

int64_t token_command_due_ms(const struct token_command *command) {
	return command->pid ? command->due_ms : WATCH_NEVER;
}

/* Takes what there is. 1: more may come. 0: that was all. -errno. */
static int command_read(struct token_command *command) {
	struct source *source = &command->source;
	char piece[4096];
	int rc = 1;

	for (int i = 0; rc == 1 && i < READS_A_STEP; i++) {
		ssize_t n = read(command->pipe_fd, piece, sizeof(piece));
		size_t fits = n > 0 ? (size_t)n : 0;

		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0)
			rc = n == 0 ? 0 : errno == EINTR ? 1 : -errno;
		command->printed += fits;
		if (fits > SOURCE_MAX - source->len)
			fits = SOURCE_MAX - source->len;
		memcpy(source->text + source->len, piece, fits);
		source->len += fits;
	}
	explicit_bzero(piece, sizeof(piece));
	return rc;
}

/* What it printed is a token, if it ended well. */
static int command_end(struct token_command *command, int status, struct token_text *text, struct error *err) {
	const struct source *source = &command->source;
	const char *line_end = memchr(source->text, '\n', source->len);
	int rc;

	if (WIFSIGNALED(status))
		rc = error_set(err, EKEYEXPIRED, "the token command was killed by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status))
		rc = error_set(err, EKEYEXPIRED, "the token command failed with status %d", WEXITSTATUS(status));
	else
		rc = token_text_accept(text, source->text, line_end ? (size_t)(line_end - source->text) : source->len,
			"the token command's first line", EKEYEXPIRED, err);
	command_close(command);
	return rc;
}

int token_command_step(struct token_command *command, int64_t now_ms, struct token_text *text, struct error *err) {
	int status = 0;
	/* Asked first: what it had printed before its end is in the pipe then. */
	struct pollfd over = {.fd = command->pid_fd, .events = POLLIN};
	bool ended = poll(&over, 1, 0) > 0;
	size_t before = command->printed;
	int rc = command_read(command);

	if (rc < 0) {
		command_kill(command);
		return error_set(err, EKEYEXPIRED, "the token command's output cannot be read: %s", strerror(-rc));
	}
	if (command->printed > COMMAND_OUTPUT_MAX) {
		command_kill(command);
		return error_set(err, EKEYEXPIRED, "the token command was ended: it printed more than %d MiB",
			COMMAND_OUTPUT_MAX >> 20);
	}
	/* With its end come all its words; what it left in the background may hold the pipe for ever. */
	if (ended && (rc == 0 || command->printed == before)) {
		while (waitpid(command->pid, &status, 0) < 0)
			if (errno != EINTR) {
				int reason = errno;

				command_close(command);
				return error_set(
					err, EKEYEXPIRED, "the token command's end is lost: %s", strerror(reason));
			}
		return command_end(command, status, text, err);
	}
	if (rc == 0) /* else the end of the pipe would be told again and again */
		epoll_ctl(command->epoll_fd, EPOLL_CTL_DEL, command->pipe_fd, NULL);
	if (now_ms >= command->due_ms) {
		char limit[32];

		watch_duration(command->limit_ms, limit, sizeof(limit));
		command_kill(command);
		return error_set(err, EKEYEXPIRED, "the token command was ended: it was not over within %s", limit);
	}
	return 1;
}
