#include "watch.h"

#include <errno.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS_MAX = 64, ARMED_UNKNOWN = -1 };

int watch_open(struct watch *watch) {
	struct epoll_event event = {.events = EPOLLIN};

	watch->armed_ms = WATCH_NEVER;
	watch->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	watch->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	event.data.fd = watch->timer_fd;
	if (watch->epoll_fd < 0 || watch->timer_fd < 0 ||
		epoll_ctl(watch->epoll_fd, EPOLL_CTL_ADD, watch->timer_fd, &event) < 0)
		return -errno;
	return 0;
}

void watch_close(struct watch *watch) {
	if (watch->timer_fd >= 0)
		close(watch->timer_fd);
	if (watch->epoll_fd >= 0)
		close(watch->epoll_fd);
	watch->epoll_fd = watch->timer_fd = -1;
}

void watch_set(struct watch *watch, int fd, unsigned what) {
	struct epoll_event event = {.data.fd = fd};

	event.events = (what & WATCH_IN ? (uint32_t)EPOLLIN : 0) | (what & WATCH_OUT ? (uint32_t)EPOLLOUT : 0);
	if (!what)
		epoll_ctl(watch->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	else if (epoll_ctl(watch->epoll_fd, EPOLL_CTL_MOD, fd, &event) < 0 && errno == ENOENT)
		epoll_ctl(watch->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}

void watch_timer(struct watch *watch, int64_t at_ms) {
	struct itimerspec spec = {0};

	if (at_ms == watch->armed_ms)
		return;
	watch->armed_ms = at_ms;
	if (at_ms != WATCH_NEVER) {
		/* All zero would switch it off. */
		spec.it_value.tv_sec = at_ms > 0 ? (time_t)(at_ms / 1000) : 0;
		spec.it_value.tv_nsec = at_ms > 0 ? (long)(at_ms % 1000) * 1000000 : 1;
	}
	timerfd_settime(watch->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL);
}

size_t watch_poll(struct watch *watch, struct watch_event *ret, size_t size) {
	struct epoll_event events[EVENTS_MAX];
	int count = epoll_wait(watch->epoll_fd, events, size < EVENTS_MAX ? (int)size : EVENTS_MAX, 0);
	size_t found = 0;

	for (int i = 0; i < count; i++) {
		uint32_t happened = events[i].events;

		if (events[i].data.fd == watch->timer_fd) {
			/* It stays readable until it is set again, which the next watch_timer() now does for certain.
			 */
			watch->armed_ms = ARMED_UNKNOWN;
			continue;
		}
		ret[found].fd = events[i].data.fd;
		ret[found++].happened = (happened & EPOLLIN ? (unsigned)WATCH_IN : 0) |
					(happened & EPOLLOUT ? (unsigned)WATCH_OUT : 0) |
					(happened & (EPOLLERR | EPOLLHUP) ? (unsigned)WATCH_ERROR : 0);
	}
	return found;
}

int64_t watch_now_ms(void) {
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t watch_wall_s(void) {
	return time(NULL);
}

void watch_duration(unsigned ms, char *ret, size_t size) {
	unsigned tenths = (ms + 50) / 100; /* what was left of 30 s a moment later is 30 s to a reader */

	if (tenths < 10)
		snprintf(ret, size, "%u ms", ms);
	else if (tenths % 10 == 0)
		snprintf(ret, size, "%u s", tenths / 10);
	else
		snprintf(ret, size, "%u.%u s", tenths / 10, tenths % 10);
}
