/*
 * .neevfs/stats: the Prometheus text exposition format, version 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/). Of what never happened there is no line, but for what
 * has no labels. No label's value needs an escape: all are names of this program's, but for numbers.
 */
#include "status.h"

#include "handle.h"
#include "stats.h"
#include "view.h"

#include <inttypes.h>

/* As it is spelt in labels. */
const char *const service_names[API_SERVICES] = {
	[API_TENANT] = "tenant", [API_GPU] = "gpu", [API_INVENTORY] = "inventory", [API_AIMODELS] = "aimodels"};

static void metric_head(struct buffer *out, const char *name, const char *type, const char *help) {
	buffer_printf(out, "# HELP neevfs_%s %s\n# TYPE neevfs_%s %s\n", name, help, name, type);
}

static void metric(struct buffer *out, const char *name, const char *type, const char *help, uint64_t value) {
	metric_head(out, name, type, help);
	buffer_printf(out, "neevfs_%s %" PRIu64 "\n", name, value);
}

/* Two numbers may not have the same name: the samples would be one. */
static void errno_add(struct buffer *out, int code) {
	const char *name = error_name(code);
	if (name[1] == '?')
		buffer_printf(out, "errno_%d", code);
	else
		buffer_add(out, name);
}

static void seconds_add(struct buffer *out, uint64_t ms) {
	buffer_printf(out, "%" PRIu64 ".%03" PRIu64 "\n", ms / 1000, ms % 1000);
}

static void metric_times(
	struct buffer *out, const char *name, const char *label, const char *value, const struct stats_times *times) {
	uint64_t count = 0;
	for (size_t i = 0; i <= STATS_BUCKETS; i++)
		count += times->counts[i];
	if (!count)
		return;
	count = 0;
	for (size_t i = 0; i <= STATS_BUCKETS; i++) {
		count += times->counts[i];
		buffer_printf(out, "neevfs_%s_bucket{%s=\"%s\",le=\"", name, label, value);
		if (i < STATS_BUCKETS)
			buffer_printf(out, "%g", stats_buckets_ms[i] / 1000.0);
		else
			buffer_add(out, "+Inf");
		buffer_printf(out, "\"} %" PRIu64 "\n", count);
	}
	buffer_printf(out, "neevfs_%s_sum{%s=\"%s\"} ", name, label, value);
	seconds_add(out, times->sum_ms);
	buffer_printf(out, "neevfs_%s_count{%s=\"%s\"} %" PRIu64 "\n", name, label, value, count);
}

/* ---- requests to the API ---- */

static void requests_add(const struct stats *stats, struct buffer *out) {
	metric_head(out, "http_requests_total", "counter",
		"Requests to the API, by what came of them: an HTTP status, or the errno if there was no whole "
		"answer.");
	for (size_t i = 0; i < stats->answer_count; i++) {
		const struct stats_answer *answer = &stats->answers[i];
		const struct cause cause = {.kind = answer->kind, .what = answer->what};
		buffer_printf(
			out, "neevfs_http_requests_total{service=\"%s\",operation=\"", service_names[answer->service]);
		cause_name(answer->kind ? &cause : NULL, out);
		buffer_add(out, "\",code=\"");
		if (answer->code < 0)
			errno_add(out, -answer->code);
		else
			buffer_printf(out, "%d", answer->code);
		buffer_printf(out, "\"} %" PRIu64 "\n", answer->count);
	}
	if (stats->answers_beyond)
		buffer_printf(out,
			"neevfs_http_requests_total{service=\"other\",operation=\"other\",code=\"other\"} %" PRIu64
			"\n",
			stats->answers_beyond);
}

static void service_counter(const struct stats *stats, struct buffer *out, const char *name, const char *help,
	uint64_t (*value)(const struct stats_service *service)) {
	metric_head(out, name, "counter", help);
	for (size_t i = 0; i < API_SERVICES; i++)
		buffer_printf(out, "neevfs_%s{service=\"%s\"} %" PRIu64 "\n", name, service_names[i],
			value(&stats->services[i]));
}

static uint64_t service_retries(const struct stats_service *service) {
	return service->retries;
}

static uint64_t service_polls(const struct stats_service *service) {
	return service->polls;
}

static uint64_t service_received(const struct stats_service *service) {
	return service->received;
}

static uint64_t service_sent(const struct stats_service *service) {
	return service->sent;
}

static void http_add(const struct stats *stats, const struct api_state *api, struct buffer *out) {
	requests_add(stats, out);
	metric_head(out, "http_request_duration_seconds", "histogram", "From the start of a request to its end.");
	for (size_t i = 0; i < API_SERVICES; i++)
		metric_times(
			out, "http_request_duration_seconds", "service", service_names[i], &stats->services[i].times);
	service_counter(stats, out, "http_retries_total",
		"Of these requests, those that were not the first of their call or change.", service_retries);
	service_counter(stats, out, "http_polls_total",
		"Of these requests, those for all who wait for a state or follow events.", service_polls);
	service_counter(stats, out, "http_received_bytes_total",
		"Bytes of the answers with their headers, as they travelled but for the encryption.", service_received);
	service_counter(stats, out, "http_sent_bytes_total", "The same of the requests.", service_sent);
	metric_head(out, "service_down", "gauge", "1: the service does not answer, and is asked once in a while only.");
	for (size_t i = 0; i < API_SERVICES; i++)
		buffer_printf(out, "neevfs_service_down{service=\"%s\"} %d\n", service_names[i], api->services[i].down);
	metric(out, "token_refused", "gauge", "1: a service refuses the token.", api->token.refused);
}

/* ---- calls of the kernel ---- */

static void calls_add(const struct stats *stats, struct buffer *out) {
	metric_head(out, "fs_calls_total", "counter", "Calls that the kernel asked for, by their outcome.");
	for (size_t call = 0; call < CALLS; call++)
		for (int code = 0; code < STATS_ERRNOS; code++) {
			if (!stats->calls[call][code])
				continue;
			buffer_printf(out, "neevfs_fs_calls_total{operation=\"%s\",outcome=\"", stats_calls[call]);
			if (code)
				errno_add(out, code);
			else
				buffer_add(out, "ok");
			buffer_printf(out, "\"} %" PRIu64 "\n", stats->calls[call][code]);
		}
	metric_head(out, "fs_wait_duration_seconds", "histogram",
		"From a call to its answer, of the calls that had to wait: for the API, or for what others are asked.");
	for (size_t call = 0; call < CALLS; call++)
		metric_times(out, "fs_wait_duration_seconds", "operation", stats_calls[call], &stats->waits[call]);
	metric(out, "fs_waiting_calls", "gauge", "Calls that wait now.", stats->waiting);
	metric(out, "fs_waiting_calls_max", "gauge", "The most that waited at one time.", stats->waiting_most);
}

/* ---- the cache, the process ---- */

static void cache_add(const struct cache_stats *cache, struct buffer *out) {
	metric_head(out, "cache_lookups_total", "counter", "Answers that were looked for in the cache.");
	buffer_printf(out, "neevfs_cache_lookups_total{result=\"hit\"} %" PRIu64 "\n", cache->hits);
	buffer_printf(out, "neevfs_cache_lookups_total{result=\"expired\"} %" PRIu64 "\n", cache->expired);
	buffer_printf(out, "neevfs_cache_lookups_total{result=\"miss\"} %" PRIu64 "\n", cache->misses - cache->expired);
	metric(out, "cache_fetches_total", "counter", "Answers that were fetched.", cache->fetches);
	metric(out, "cache_shared_total", "counter", "Waits for an answer that somebody else was fetching already.",
		cache->joined);
	metric(out, "cache_evictions_total", "counter", "Answers that made room for others.", cache->evicted);
	metric(out, "cache_entries", "gauge", "Answers in the cache.", cache->entries);
	metric(out, "cache_bytes", "gauge", "What they take.", cache->bytes);
}

static void creates_add(const struct drafts *drafts, struct buffer *out) {
	static const struct {
		enum draft_state state;
		const char *name;
	} shown[] = {{DRAFT_BUSY, "under_way"}, {DRAFT_DOUBT, "in_doubt"}};
	metric_head(out, "creates", "gauge", "Creates that have not ended, by their state.");
	for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
		size_t count = 0;
		for (const struct draft *at = NULL; (at = draft_next_in(drafts, shown[i].state, at));)
			count++;
		buffer_printf(out, "neevfs_creates{state=\"%s\"} %zu\n", shown[i].name, count);
	}
}

int text_stats(const struct view *view, struct demand *demand, struct buffer *out) {
	(void)demand;
	const struct fs *fs = view->fs;
	struct store_state state;
	uint64_t handles = 0;
	store_state(fs->store, &state);
	for (const struct handle *handle = fs->handles; handle; handle = handle->next)
		handles++;
	http_add(fs->stats, &state.api, out);
	calls_add(fs->stats, out);
	cache_add(&state.cache, out);
	creates_add(fs->drafts, out);
	metric(out, "nodes", "gauge", "Names that the kernel knows.", nodes_count(fs->nodes));
	metric(out, "open_handles", "gauge", "Open files and directories.", handles);
	metric(out, "resident_memory_bytes", "gauge", "Resident memory of the process.", process_resident_bytes());
	metric(out, "start_time_seconds", "gauge", "When the process was started, since 1970.", (uint64_t)fs->started);
	metric_head(out, "build_info", "gauge", "The version.");
	buffer_add(out, "neevfs_build_info{version=\"" NEEVFS_VERSION "\"} 1\n");
	return 0;
}
