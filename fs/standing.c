#include "standing.h"

#include "../api/scope.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* What one that was asked says. */
struct said {
	enum standing_state state;
	char text[STANDING_TEXT_MAX];
};
_Static_assert(sizeof(struct said) <= PIPE_BUF, "an answer is one write");

static void standing_free(struct standing *standing) {
	free(standing->path);
	free(standing);
}

void standings_free(struct standings *standings) {
	while (standings->count)
		standing_free(standings->at[--standings->count]);
	*standings = (struct standings){0};
}

const struct standing *standings_find(const struct standings *standings, const char *path) {
	for (size_t i = 0; i < standings->count; i++)
		if (!strcmp(standings->at[i]->path, path))
			return standings->at[i];
	return NULL;
}

bool standings_lack(const struct standings *standings, const struct ending *ending) {
	size_t i = 0;
	while (i < standings->count && !ending_is_of(ending, standings->at[i]->path))
		i++;
	return i == standings->count;
}

/* ---- what is mounted ---- */

struct search {
	struct standings *standings;
	int rc;
};

/* What is mounted over another takes its place. */
static void visit_line(void *user, const char *path, const struct mounted *mounted) {
	struct search *search = user;
	struct standings *standings = search->standings;
	size_t i = 0;
	while (i < standings->count && strcmp(standings->at[i]->path, path) != 0)
		i++;
	if (i < standings->count) {
		standing_free(standings->at[i]);
		memmove(&standings->at[i], &standings->at[i + 1], (--standings->count - i) * sizeof *standings->at);
	}
	if (!mounted->ours)
		return;
	if (standings->count == STANDINGS_MAX) {
		standings->beyond++;
		return;
	}
	struct standing *standing = calloc(1, sizeof *standing);
	if (standing)
		standing->path = strdup(path);
	if (!standing || !standing->path) {
		free(standing);
		search->rc = -ENOMEM;
		return;
	}
	standing->mounted = *mounted;
	standing->state = STANDING_HANGS; /* until it has answered */
	standings->at[standings->count++] = standing;
}

/* ---- asking ---- */

/* In a process of its own. statvfs(2) is answered by the daemon and never by the kernel, unless the kernel keeps us
 * out; then no file can be opened. */
static void child_ask(const char *path, int fd) {
	struct said said = {.state = STANDING_ALIVE};
	struct statvfs alive;
	char file[PATH_MAX + sizeof "/.neevfs/status"];
	snprintf(file, sizeof file, "%s/.neevfs/status", path);
	bool answers = !statvfs(path, &alive);
	int status = answers ? open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;
	if (status < 0 && (errno == EACCES || errno == EPERM))
		said.state = STANDING_CLOSED;
	else if (!answers)
		said.state = STANDING_DEAD;
	size_t len = 0;
	ssize_t got = 0;
	while (status >= 0 && (got = read(status, said.text + len, sizeof said.text - 1 - len)) > 0)
		len += (size_t)got;
	while (len && said.text[len - 1] != '\n') /* whole lines only */
		len--;
	said.text[len] = 0;
	_exit(write(fd, &said, sizeof said) != sizeof said);
}

/* One that is being asked. */
struct asked {
	pid_t pid; /* 0: it could not be */
	int fd;    /* -1: it has answered, or could not be asked */
};

static struct asked standing_ask(const struct standing *standing) {
	struct asked asked = {.fd = -1};
	int fds[2];
	if (pipe2(fds, O_CLOEXEC))
		return asked;
	asked.pid = fork();
	if (!asked.pid)
		child_ask(standing->path, fds[1]);
	close(fds[1]);
	if (asked.pid > 0)
		asked.fd = fds[0];
	else
		close(fds[0]);
	asked.pid = asked.pid < 0 ? 0 : asked.pid;
	return asked;
}

static void standing_hear(struct standing *standing, struct asked *asked) {
	struct said said;
	if (read(asked->fd, &said, sizeof said) == sizeof said) {
		standing->state = said.state;
		memcpy(standing->text, said.text, sizeof standing->text);
	}
	close(asked->fd);
	asked->fd = -1;
	waitpid(asked->pid, NULL, 0);
	asked->pid = 0;
}

/* Hears all that answer before the timer ends. */
static void standings_hear(struct standings *standings, struct asked *asked, int timer) {
	struct pollfd wait[STANDINGS_MAX + 1];
	for (;;) {
		size_t left = 0;
		wait[standings->count] = (struct pollfd){.fd = timer, .events = POLLIN};
		for (size_t i = 0; i < standings->count; i++) {
			wait[i] = (struct pollfd){.fd = asked[i].fd, .events = POLLIN};
			left += asked[i].fd >= 0;
		}
		if (!left || (poll(wait, standings->count + 1, -1) < 0 && errno != EINTR))
			return;
		for (size_t i = 0; i < standings->count; i++)
			if (asked[i].fd >= 0 && wait[i].revents)
				standing_hear(standings->at[i], &asked[i]);
		if (wait[standings->count].revents)
			return;
	}
}

static void scope_close(int *fd) {
	if (*fd >= 0)
		close(*fd);
}

int standings_read(struct standings *ret) {
	*ret = (struct standings){0};
	struct search search = {.standings = ret};
	int rc = mounted_each(visit_line, &search);
	rc = rc ? rc : search.rc;
	if (rc || !ret->count)
		return rc;
	const struct itimerspec patience = {
		.it_value = {.tv_sec = STANDING_MS / 1000, .tv_nsec = STANDING_MS % 1000 * 1000000L}};
	SCOPED(scope_close) int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	if (timer < 0 || timerfd_settime(timer, 0, &patience, NULL))
		return -errno;
	struct asked asked[STANDINGS_MAX];
	for (size_t i = 0; i < ret->count; i++)
		asked[i] = standing_ask(ret->at[i]);
	standings_hear(ret, asked, timer);
	for (size_t i = 0; i < ret->count; i++) {
		if (asked[i].fd >= 0)
			close(asked[i].fd);
		if (asked[i].pid) /* and not waited for: it may hang for longer than we live */
			kill(asked[i].pid, SIGKILL);
	}
	return 0;
}
