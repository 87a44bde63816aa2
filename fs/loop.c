#include "loop.h"

#include "../api/api.h"
#include "change.h"
#include "kept.h"
#include "log.h"
#include "op.h"
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <syslog.h>
#include <unistd.h>

enum {
	REQUESTS_A_TURN = 64, /* then the network has its turn */
	SPIN_US = 50,         /* the device is tried again for so long after an answer, before going to sleep */
	WATCHED = 5,          /* descriptors at most */
};

struct turning {
	const struct loop *loop;
	struct fuse_buf buffer; /* libfuse's, used again for each request */
	int epoll_fd, signal_fd;
	int jump_fd;  /* a timer that is never due, and that a jump of the clock cancels */
	bool spins;   /* there is another processor for who asks */
	bool called;  /* to end, by a signal */
	bool severed; /* the connection is gone: unmounted, or aborted */
	bool ready;
	int64_t end_ms; /* when it must be over; INT64_MAX until it ends */
};

void loop_tick(struct fs *fs) {
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now); /* also while the machine sleeps do answers grow old */
	fs->now_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
	fs->now = time(NULL);
	store_tick(fs->store, fs->now_ms);
}

static void loop_signals(sigset_t *ret) {
	sigemptyset(ret);
	sigaddset(ret, SIGTERM);
	sigaddset(ret, SIGINT);
	sigaddset(ret, SIGHUP);
}

void loop_block_signals(void) {
	sigset_t set;
	loop_signals(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

void loop_ignore_signals(void) {
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a log or journal that may not grow is an error like others */
}

static void turning_forget(struct turning *turning, int fd) {
	epoll_ctl(turning->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

static int turning_watch(struct turning *turning, int fd) {
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
	return epoll_ctl(turning->epoll_fd, EPOLL_CTL_ADD, fd, &event) ? -errno : 0;
}

static void turn_signals(struct turning *turning) {
	struct signalfd_siginfo info;
	while (read(turning->signal_fd, &info, sizeof info) == sizeof info) {
		if (info.ssi_signo == SIGHUP) {
			store_forget_all(turning->loop->fs->store);
			kept_forget_all(turning->loop->fs);
			log_write(LOG_INFO, "SIGHUP: cached answers forgotten");
		} else {
			turning->called = true;
		}
	}
}

/*
 * While the machine sleeps the kernel's time-outs stand still, and answers grow old: what is told then is that the wall
 * clock has jumped (TFD_TIMER_CANCEL_ON_SET, timerfd_create(2)).
 */
static void jump_await(const struct turning *turning) {
	const struct itimerspec never = {.it_value.tv_sec = LONG_MAX};
	timerfd_settime(turning->jump_fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL);
}

static void turn_jump(struct turning *turning) {
	uint64_t times;
	if (read(turning->jump_fd, &times, sizeof times) < 0 && errno == ECANCELED)
		kept_forget_all(turning->loop->fs);
	jump_await(turning);
}

static int64_t now_us(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Takes one request, if there is one. */
static bool turn_request(struct turning *turning) {
	struct fuse_session *session = turning->loop->session;
	int got = fuse_session_receive_buf(session, &turning->buffer);
	if (got == -EINTR || got == -EAGAIN)
		return false;
	if (got > 0)
		fuse_session_process_buf(session, &turning->buffer);
	if (got <= 0 || fuse_session_exited(session)) {
		turning->severed = true;
		turning_forget(turning, fuse_session_fd(session));
	}
	return true;
}

/*
 * Who has got an answer mostly asks the next thing at once. To sleep and be woken takes longer than that, so the device
 * is looked at for a moment longer (measured: twice the rate of open, read, close); not where that would take the
 * processor from who asks, or where something else is to be done (`busy`).
 */
static void turn_requests(struct turning *turning, bool busy) {
	int64_t end_us = 0;
	for (int i = 0; i < REQUESTS_A_TURN && !turning->severed;) {
		if (turn_request(turning)) {
			end_us = 0;
			i++;
			continue;
		}
		if (!turning->spins || busy || !i)
			break;
		int64_t at_us = now_us();
		if (!end_us)
			end_us = at_us + SPIN_US;
		if (at_us >= end_us)
			break;
	}
}

static int earlier_ms(int a, int b) {
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

static int turning_wait_ms(const struct turning *turning) {
	const struct fs *fs = turning->loop->fs;
	if (fs->forgetting)
		return 0;
	int wait_ms = earlier_ms(store_wait_ms(fs->store), earlier_ms(ops_wait_ms(fs), changes_wait_ms(fs->changes)));
	wait_ms = earlier_ms(wait_ms, watches_wait_ms(fs->watches));
	if (turning->end_ms == INT64_MAX)
		return wait_ms;
	return earlier_ms(wait_ms, turning->end_ms > fs->now_ms ? (int)(turning->end_ms - fs->now_ms) : 0);
}

static void turn_event(struct turning *turning, int fd) {
	const struct loop *loop = turning->loop;
	if (fd == turning->signal_fd) {
		turn_signals(turning);
	} else if (fd == turning->jump_fd) {
		turn_jump(turning);
	} else if (fd == loop->supervisor_fd) {
		turning_forget(turning, fd);
		loop->unwatched(loop->user);
	} else if (fd == api_fd(loop->api)) {
		api_run(loop->api);
	}
}

static int loop_turn(struct turning *turning) {
	const struct loop *loop = turning->loop;
	struct fs *fs = loop->fs;
	struct epoll_event events[WATCHED];
	int count = epoll_wait(turning->epoll_fd, events, WATCHED, turning_wait_ms(turning));
	if (count < 0 && errno != EINTR)
		return -errno;
	loop_tick(fs);
	turn_requests(turning, count > 1 || turning_wait_ms(turning) == 0);
	for (int i = 0; i < count; i++)
		turn_event(turning, events[i].data.fd);
	store_make(fs->store);
	while (store_run(fs->store) || changes_run(fs->changes) || watches_run(fs->watches)) {
	}
	ops_work(fs);
	if (!kept_run(fs)) /* an op may have come to its end */
		ops_refreshed(fs);
	ops_sweep(fs);
	if (fs->ready && !turning->ready) {
		turning->ready = true;
		loop->ready(loop->user);
	}
	return 0;
}

/* What was sent deserves its answer, so that the caller hears what is true, and the journal too. */
static int loop_end(struct turning *turning) {
	struct fs *fs = turning->loop->fs;
	int rc = 0;
	bool closing = false;
	turning->end_ms = fs->now_ms + LOOP_END_MS;
	turning->called = false;
	fs->session = NULL; /* nobody is to keep anything any more */
	turning->loop->leave(turning->loop->user);
	ops_settle(fs, turning->end_ms);
	bool sent = changes_sent(fs->changes);
	while (!rc && sent && !turning->called && fs->now_ms < turning->end_ms) {
		rc = loop_turn(turning);
		ops_settle(fs, turning->end_ms);
		if (!closing && !changes_sent(fs->changes)) {
			closing = true;
			turning->end_ms = fs->now_ms + LOOP_CLOSE_MS;
		}
	}
	return rc;
}

int loop_run(const struct loop *loop, struct error *err) {
	struct turning turning = {.loop = loop, .epoll_fd = epoll_create1(EPOLL_CLOEXEC), .end_ms = INT64_MAX};
	cpu_set_t processors;
	turning.spins = !sched_getaffinity(0, sizeof processors, &processors) && CPU_COUNT(&processors) > 1;
	sigset_t set;
	loop_signals(&set);
	turning.signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	int fuse_fd = fuse_session_fd(loop->session);
	turning.jump_fd = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
	int rc = turning.epoll_fd < 0 || turning.signal_fd < 0 || turning.jump_fd < 0 ? -errno : 0;
	if (!rc && fcntl(fuse_fd, F_SETFL, fcntl(fuse_fd, F_GETFL) | O_NONBLOCK))
		rc = -errno;
	if (!rc)
		rc = turning_watch(&turning, fuse_fd);
	if (!rc)
		rc = turning_watch(&turning, turning.signal_fd);
	if (!rc)
		rc = turning_watch(&turning, turning.jump_fd);
	jump_await(&turning);
	if (!rc)
		rc = turning_watch(&turning, api_fd(loop->api));
	if (!rc && loop->supervisor_fd >= 0)
		rc = turning_watch(&turning, loop->supervisor_fd);
	while (!rc && !turning.called && !turning.severed)
		rc = loop_turn(&turning);
	if (!rc)
		rc = loop_end(&turning);
	if (rc)
		error_set(err, -rc, "the event loop cannot wait: %s", strerror(-rc));
	changes_end(loop->fs->changes);
	ops_end(loop->fs);
	free(turning.buffer.mem);
	close(turning.epoll_fd);
	close(turning.signal_fd);
	close(turning.jump_fd);
	return rc;
}
