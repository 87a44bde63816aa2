#include "sweep.h"

#include "process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct sweep {
	char *dir; /* NULL: free */
	pid_t who; /* was refused there: a session; has looked there: a process */
	int64_t at_ms;
};

/* The oldest makes room: crawlers look everywhere, so what was refused has a ring of its own. */
struct ring {
	struct sweep at[SWEEPS_MAX];
	size_t next;
};

struct sweeps {
	struct ring refused, looked;
	int64_t began_ms; /* of the mount; 0: long ago */
};

int sweeps_new(struct sweeps **ret) {
	*ret = calloc(1, sizeof **ret);
	return *ret ? 0 : -ENOMEM;
}

void sweeps_free(struct sweeps *sweeps) {
	if (!sweeps)
		return;
	for (size_t i = 0; i < SWEEPS_MAX; i++) {
		free(sweeps->refused.at[i].dir);
		free(sweeps->looked.at[i].dir);
	}
	free(sweeps);
}

void sweep_begin(struct sweeps *sweeps, int64_t now_ms) {
	sweeps->began_ms = now_ms;
}

static bool session_may_be(pid_t one, pid_t other) {
	return one == other || one == SESSION_UNKNOWN || other == SESSION_UNKNOWN;
}

static int ring_add(struct ring *ring, const char *dir, pid_t who, int64_t now_ms) {
	struct sweep *sweep = NULL;
	for (size_t i = 0; i < SWEEPS_MAX && !sweep; i++)
		if (ring->at[i].dir && ring->at[i].who == who && !strcmp(ring->at[i].dir, dir))
			sweep = &ring->at[i]; /* a sweep refuses one file after the other */
	if (!sweep) {
		char *copy = strdup(dir);
		if (!copy)
			return -ENOMEM;
		sweep = &ring->at[ring->next];
		ring->next = (ring->next + 1) % SWEEPS_MAX;
		free(sweep->dir);
		*sweep = (struct sweep){.dir = copy, .who = who};
	}
	sweep->at_ms = now_ms;
	return 0;
}

int sweep_add(struct sweeps *sweeps, const char *dir, pid_t pid, int64_t now_ms) {
	return ring_add(&sweeps->refused, dir, process_session(pid), now_ms);
}

int sweep_look(struct sweeps *sweeps, const char *dir, pid_t pid, int64_t now_ms) {
	return pid ? ring_add(&sweeps->looked, dir, pid, now_ms) : 0;
}

static void sweep_prolong(struct sweep *sweep, int64_t since_ms, int64_t now_ms) {
	if (since_ms - sweep->at_ms <= SWEEP_MS && now_ms > sweep->at_ms)
		sweep->at_ms = now_ms;
}

void sweep_extend(struct sweeps *sweeps, pid_t pid, int64_t since_ms, int64_t now_ms) {
	pid_t session = process_session(pid);
	for (size_t i = 0; i < SWEEPS_MAX; i++) {
		if (session_may_be(sweeps->refused.at[i].who, session))
			sweep_prolong(&sweeps->refused.at[i], since_ms, now_ms);
		if (sweeps->looked.at[i].who == pid)
			sweep_prolong(&sweeps->looked.at[i], since_ms, now_ms);
	}
}

/* At or below the directory that it is about, not long after it. */
static bool sweep_covers(const struct sweep *sweep, const char *dir, int64_t now_ms) {
	size_t len = sweep->dir ? strlen(sweep->dir) : 0;
	return len && now_ms - sweep->at_ms <= SWEEP_MS && !strncmp(sweep->dir, dir, len) &&
	       (!dir[len] || dir[len] == '/');
}

bool sweep_is(const struct sweeps *sweeps, const char *dir, pid_t pid, int64_t now_ms) {
	pid_t session = process_session(pid);
	for (size_t i = 0; i < SWEEPS_MAX; i++) {
		const struct sweep *refused = &sweeps->refused.at[i], *looked = &sweeps->looked.at[i];
		if ((session_may_be(refused->who, session) && sweep_covers(refused, dir, now_ms)) ||
			(looked->who == pid && sweep_covers(looked, dir, now_ms)))
			return true;
	}
	return now_ms - sweeps->began_ms <= SWEEP_MS && process_began_ms(pid) < sweeps->began_ms;
}
