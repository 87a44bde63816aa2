/*
 * Descriptors and one timer behind one epoll descriptor, which nests in the caller's. Private to api/.
 */
#ifndef NEEVFS_API_WATCH_H
#define NEEVFS_API_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WATCH_NEVER INT64_MAX

struct watch {
	int epoll_fd, timer_fd;
	int64_t armed_ms; /* private */
};

enum { WATCH_IN = 1, WATCH_OUT = 2, WATCH_ERROR = 4 };

struct watch_event {
	int fd;
	unsigned happened; /* WATCH_… */
};

int watch_open(struct watch *watch); /* 0 or -errno; watch_close() is due in both cases */
void watch_close(struct watch *watch);

/* Watches a descriptor for WATCH_IN, WATCH_OUT or both, instead of what it was watched for; 0: not any more. */
void watch_set(struct watch *watch, int fd, unsigned what);

/* Makes the epoll descriptor readable at that time, once, instead of the time before. */
void watch_timer(struct watch *watch, int64_t at_ms);

/* What has happened by now, without waiting; the timer is only noted. Returns how many. */
size_t watch_poll(struct watch *watch, struct watch_event *ret, size_t size);

int64_t watch_now_ms(void); /* CLOCK_MONOTONIC */
int64_t watch_wall_s(void); /* since 1970 */

/* "30 s", "1.5 s", "250 ms" */
void watch_duration(unsigned ms, char *ret, size_t size);

#endif
