#include "idle.h"

#include "../api/scope.h"
#include "kept.h"
#include "view.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PROBES = 64, MINUTE_MS = 60 * 1000 };

/* By a hash of the path: two that share one would only share their minutes. */
struct idle {
	uint64_t path; /* 0: free */
	int64_t since_ms, last_ms;
	bool busy; /* at the last sample */
};

struct idles {
	struct idle table[IDLES_MAX];
};

int idles_new(struct idles **ret) {
	*ret = calloc(1, sizeof **ret);
	return *ret ? 0 : -ENOMEM;
}

void idles_free(struct idles *idles) {
	free(idles);
}

/* Its entry; else the one that it may have: a free one, or that which was looked at longest ago. */
static struct idle *idle_find(struct idles *idles, uint64_t path, bool *ret_known) {
	struct idle *place = NULL;
	size_t first = path * 0x9E3779B97F4A7C15u >> (64 - IDLES_BITS); /* multiplicative hashing: all bits count */
	for (size_t i = 0; i < PROBES; i++) {
		struct idle *at = &idles->table[(first + i) % IDLES_MAX];
		if (at->path == path) {
			*ret_known = true;
			return at;
		}
		if (!place || (place->path && (!at->path || at->last_ms < place->last_ms)))
			place = at;
	}
	*ret_known = false;
	return place;
}

void idle_see(struct idles *idles, const char *path, double percent, int64_t at_ms) {
	bool known;
	uint64_t hash = kept_text(path, strlen(path));
	struct idle *idle = idle_find(idles, hash, &known);
	if (known && at_ms <= idle->last_ms)
		return;
	bool goes_on = known && !idle->busy && at_ms - idle->last_ms <= IDLE_GAP_MS;
	*idle = (struct idle){.path = hash,
		.since_ms = goes_on ? idle->since_ms : at_ms,
		.last_ms = at_ms,
		.busy = percent >= IDLE_PERCENT};
}

bool idle_for(struct idles *idles, const char *path, int64_t now_ms, int64_t *ret_ms) {
	bool known;
	const struct idle *idle = idle_find(idles, kept_text(path, strlen(path)), &known);
	if (!known || now_ms - idle->last_ms > IDLE_GAP_MS)
		return false;
	*ret_ms = idle->busy ? 0 : idle->last_ms - idle->since_ms;
	return true;
}

static int metrics_path(const struct view *view, struct buffer *out) {
	return store_path(view->kind->docs[DOC_METRICS].path, &view->scope, out);
}

static struct json metrics_gpu(struct json metrics) {
	return json_at(metrics, "/gpuUtilizationPercent");
}

int idle_measured(const struct view *view, struct json metrics, int64_t at_ms) {
	SCOPED(buffer_free) struct buffer path = {0};
	SCOPED(buffer_free) struct buffer text = {0};
	struct json value = metrics_gpu(metrics);
	if (value.type != JSON_NUMBER)
		return 0;
	json_text(value, &text);
	int rc = text.error ? text.error : metrics_path(view, &path);
	if (!rc)
		idle_see(view->fs->idles, path.data, strtod(text.data, NULL), at_ms);
	return rc;
}

int text_idle(const struct view *view, struct demand *demand, struct buffer *out) {
	SCOPED(buffer_free) struct buffer path = {0};
	struct json metrics;
	int64_t idle_ms;
	int rc = view_document(view, DOC_METRICS, demand, &metrics);
	if (!rc && metrics_gpu(metrics).type == JSON_NUMBER)
		rc = metrics_path(view, &path);
	if (!rc && path.data && idle_for(view->fs->idles, path.data, view->fs->now_ms, &idle_ms))
		buffer_printf(out, "%" PRId64 "\n", idle_ms / MINUTE_MS);
	return rc;
}
