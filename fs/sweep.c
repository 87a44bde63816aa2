#include "sweep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SESSION_UNKNOWN = -1 };

struct sweep {
	char *dir; /* NULL: free */
	pid_t session;
	int64_t at_ms;
};

struct sweeps {
	struct sweep ring[SWEEPS_MAX];
	size_t next;
};

int sweeps_new(struct sweeps **ret) {
	*ret = calloc(1, sizeof **ret);
	return *ret ? 0 : -ENOMEM;
}

void sweeps_free(struct sweeps *sweeps) {
	if (!sweeps)
		return;
	for (size_t i = 0; i < SWEEPS_MAX; i++)
		free(sweeps->ring[i].dir);
	free(sweeps);
}

/* SESSION_UNKNOWN: gone already, or in another pid namespace. 0 is the session of those whose leader is outside of
 * ours, as where a container was entered: to be told from every session that was begun inside. */
static pid_t session_of(pid_t pid) {
	return pid ? getsid(pid) : SESSION_UNKNOWN;
}

static bool session_may_be(pid_t one, pid_t other) {
	return one == other || one == SESSION_UNKNOWN || other == SESSION_UNKNOWN;
}

int sweep_add(struct sweeps *sweeps, const char *dir, pid_t pid, int64_t now_ms) {
	struct sweep *sweep = NULL;
	pid_t session = session_of(pid);
	for (size_t i = 0; i < SWEEPS_MAX && !sweep; i++)
		if (sweeps->ring[i].dir && sweeps->ring[i].session == session && !strcmp(sweeps->ring[i].dir, dir))
			sweep = &sweeps->ring[i]; /* a sweep refuses one file after the other */
	if (!sweep) {
		char *copy = strdup(dir);
		if (!copy)
			return -ENOMEM;
		sweep = &sweeps->ring[sweeps->next];
		sweeps->next = (sweeps->next + 1) % SWEEPS_MAX;
		free(sweep->dir);
		*sweep = (struct sweep){.dir = copy, .session = session};
	}
	sweep->at_ms = now_ms;
	return 0;
}

void sweep_extend(struct sweeps *sweeps, pid_t pid, int64_t since_ms, int64_t now_ms) {
	pid_t session = session_of(pid);
	for (size_t i = 0; i < SWEEPS_MAX; i++) {
		struct sweep *sweep = &sweeps->ring[i];
		if (sweep->dir && session_may_be(sweep->session, session) && since_ms - sweep->at_ms <= SWEEP_MS &&
			now_ms > sweep->at_ms)
			sweep->at_ms = now_ms;
	}
}

bool sweep_is(const struct sweeps *sweeps, const char *dir, pid_t pid, int64_t now_ms) {
	pid_t session = session_of(pid);
	for (size_t i = 0; i < SWEEPS_MAX; i++) {
		const struct sweep *sweep = &sweeps->ring[i];
		size_t len = sweep->dir ? strlen(sweep->dir) : 0;
		if (len && now_ms - sweep->at_ms <= SWEEP_MS && !strncmp(sweep->dir, dir, len) &&
			(!dir[len] || dir[len] == '/') && session_may_be(sweep->session, session))
			return true;
	}
	return false;
}
