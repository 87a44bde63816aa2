#include "stats.h"

#include <errno.h>
#include <stdlib.h>

const char *const stats_calls[CALLS] = {
	[CALL_LOOKUP] = "lookup",
	[CALL_FORGET] = "forget",
	[CALL_STAT] = "stat",
	[CALL_SETATTR] = "setattr",
	[CALL_READLINK] = "readlink",
	[CALL_SYMLINK] = "symlink",
	[CALL_MKDIR] = "mkdir",
	[CALL_RMDIR] = "rmdir",
	[CALL_RENAME] = "rename",
	[CALL_UNLINK] = "unlink",
	[CALL_OPENDIR] = "opendir",
	[CALL_READDIR] = "readdir",
	[CALL_RELEASEDIR] = "releasedir",
	[CALL_CREATE] = "create",
	[CALL_OPEN] = "open",
	[CALL_READ] = "read",
	[CALL_WRITE] = "write",
	[CALL_CLOSE] = "close",
	[CALL_FSYNC] = "fsync",
	[CALL_RELEASE] = "release",
	[CALL_STATFS] = "statfs",
	[CALL_POLL] = "poll",
	[CALL_OTHER] = "other",
};

const unsigned stats_buckets_ms[STATS_BUCKETS] = {5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000};

int stats_new(struct stats **ret) {
	*ret = calloc(1, sizeof **ret);
	return *ret ? 0 : -ENOMEM;
}

void stats_free(struct stats *stats) {
	free(stats);
}

static void times_add(struct stats_times *times, uint64_t ms) {
	size_t at = 0;
	while (at < STATS_BUCKETS && ms > stats_buckets_ms[at])
		at++;
	times->counts[at]++;
	times->sum_ms += ms;
}

void stats_wait(struct stats *stats) {
	if (++stats->waiting > stats->waiting_most)
		stats->waiting_most = stats->waiting;
}

void stats_waited(struct stats *stats, enum stats_call call, int64_t ms) {
	stats->waiting--;
	times_add(&stats->waits[call], ms > 0 ? (uint64_t)ms : 0);
}

int stats_code(const struct api_exchange *exchange) {
	return exchange->code ? -exchange->code : exchange->status;
}

/* NULL if there is no room for another sort. */
static struct stats_answer *answer_at(struct stats *stats, const struct stats_answer *sort) {
	struct stats_answer *at = stats->answers, *end = at + stats->answer_count;
	while (at < end && (at->service != sort->service || at->kind != sort->kind || at->what != sort->what ||
				   at->code != sort->code))
		at++;
	if (at < end)
		return at;
	if (stats->answer_count == STATS_ANSWERS_MAX)
		return NULL;
	stats->answer_count++;
	*at = *sort;
	return at;
}

void stats_exchange(struct stats *stats, const struct api_exchange *exchange, time_t now) {
	const struct cause *cause = exchange->tag;
	struct stats_service *service = &stats->services[exchange->service];
	int code = stats_code(exchange);
	const struct stats_answer sort = {.service = (int)exchange->service,
		.kind = cause ? cause->kind : NULL,
		.what = cause ? cause->what : CAUSES,
		.code = code};
	struct stats_answer *answer = answer_at(stats, &sort);
	++*(answer ? &answer->count : &stats->answers_beyond);
	times_add(&service->times, exchange->ms);
	service->received += exchange->received;
	service->sent += exchange->sent;
	service->retries += exchange->attempt > 1 || (cause && cause->attempts);
	service->polls += cause && cause->operation == cause_poll;
	if (code >= 200 && code <= 299)
		service->answered = now;
	if ((code < 0 && code != -ECANCELED) || code == 429 || code >= 500) {
		service->failed = now;
		service->failed_by = code;
	}
}
