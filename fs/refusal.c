#include "refusal.h"

#include "../api/scope.h"
#include "moment.h"
#include "options.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct refusal {
	time_t when;
	const char *operation; /* constant */
	char *path;            /* owned */
	char *words;           /* owned; NULL: the message says all, or there was no memory for more */
	struct error error;
	unsigned long times;
	bool settled;
};

struct refusals {
	const struct options *options;
	struct refusal ring[REFUSALS_MAX];
	size_t next, count;
};

int refusals_new(const struct options *options, struct refusals **ret) {
	*ret = calloc(1, sizeof **ret);
	if (!*ret)
		return -ENOMEM;
	(*ret)->options = options;
	return 0;
}

static void refusal_free(struct refusal *refusal) {
	free(refusal->path);
	free(refusal->words);
}

void refusals_free(struct refusals *refusals) {
	if (!refusals)
		return;
	for (size_t i = 0; i < REFUSALS_MAX; i++)
		refusal_free(&refusals->ring[i]);
	free(refusals);
}

/* The i-th latest, from 0. */
static const struct refusal *refusal_recent(const struct refusals *refusals, size_t i) {
	return &refusals->ring[(refusals->next + REFUSALS_MAX - 1 - i) % REFUSALS_MAX];
}

static bool words_equal(const char *a, const char *b) {
	return a && b ? !strcmp(a, b) : a == b;
}

static bool refusal_below(const struct refusal *refusal, const char *dir, size_t len) {
	return !len || (!strncmp(refusal->path, dir, len) && (!refusal->path[len] || refusal->path[len] == '/'));
}

/* The latest, if all but its path is the same as this; else NULL. */
static struct refusal *refusal_same(
	struct refusals *refusals, const char *operation, const struct error *err, const char *words) {
	struct refusal *last = &refusals->ring[(refusals->next + REFUSALS_MAX - 1) % REFUSALS_MAX];
	return refusals->count && last->operation == operation && last->error.code == err->code &&
			       !strcmp(last->error.message, err->message) && words_equal(last->words, words)
		       ? last
		       : NULL;
}

static void refusal_again(struct refusal *refusal, time_t when, const struct error *err) {
	refusal->when = when;
	refusal->error = *err;
	refusal->times++;
	refusal->settled = false;
}

void refusal_add_swept(struct refusals *refusals, time_t when, const char *operation, const char *path,
	const struct error *err, const char *dir) {
	struct refusal *last = refusal_same(refusals, operation, err, NULL);
	size_t len = strlen(dir);
	if (!last || !strcmp(last->path, path) || !refusal_below(last, dir, len)) {
		refusal_add(refusals, when, operation, path, err, NULL);
		return;
	}
	SCOPED(buffer_free) struct buffer all = {0};
	buffer_printf(&all, "%s/*", dir);
	if (!all.error) { /* else it keeps the one that it has */
		free(last->path);
		last->path = take_pointer(all.data);
	}
	refusal_again(last, when, err);
}

void refusal_add(struct refusals *refusals, time_t when, const char *operation, const char *path,
	const struct error *err, const char *words) {
	struct refusal *last = refusal_same(refusals, operation, err, words);
	if (last && !strcmp(last->path, path)) {
		refusal_again(last, when, err);
		return;
	}
	char *copy = strdup(path);
	if (!copy)
		return;
	struct refusal *refusal = &refusals->ring[refusals->next];
	refusal_free(refusal);
	*refusal = (struct refusal){.when = when,
		.operation = operation,
		.path = copy,
		.words = words ? strdup(words) : NULL,
		.error = *err,
		.times = 1};
	refusals->next = (refusals->next + 1) % REFUSALS_MAX;
	if (refusals->count < REFUSALS_MAX)
		refusals->count++;
}

/* A spec that the API did not want: where to look for another. */
static const char *next_of_spec(const char *path) {
	if (strstr(path, "/airuntimes/"))
		return "ls inventory/.available/*, column -ts$'\\t' templates/index.tsv, and spec.example.json in the "
		       "collection show what can be had";
	if (strstr(path, "/aimodels/"))
		return "ls inventory/.available/*, column -ts$'\\t' catalog/index.tsv, and spec.example.json in the "
		       "collection show what can be had";
	return "spec.schema.json and spec.example.json in the collection show what can be sent";
}

static bool path_ends(const char *path, const char *end) {
	size_t len = strlen(path), end_len = strlen(end);
	return len >= end_len && !strcmp(path + len - end_len, end);
}

/* A number of replicas that it did not want; 409: not now. */
static const char *next_of_scale(int http_status) {
	switch (http_status) {
	case 404:
		return "look whether it is still there";
	case 409:
		return "echo ready > wait, beside it, and write it again";
	case 422:
		return "write another number";
	default:
		return "look at status; of a deployment that failed only rmdir stops the billing";
	}
}

/* A scale or delete says the same however often it is sent. */
static bool refusal_repeatable(const struct refusal *refusal) {
	return path_ends(refusal->path, "/replicas") || !strcmp(refusal->operation, "rmdir");
}

static const char *next_of_asked(const struct refusal *refusal) {
	int status = refusal->error.http_status;
	if (refusal->error.verdict != VERDICT_NOT_DONE)
		return "";
	if (path_ends(refusal->path, "/replicas"))
		return next_of_scale(status);
	return path_ends(refusal->path, "/spec.json") && status != 409 ? next_of_spec(refusal->path) : "";
}

/* What to do; nothing where the words say it, or nobody can tell. */
static void refusal_next(const struct options *options, const struct refusal *refusal, struct buffer *out) {
	const struct error *err = &refusal->error;
	switch (err->http_status) {
	case 0:
		if (err->code == EHOSTUNREACH || err->code == EPROTO || err->code == EKEYEXPIRED)
			buffer_add(out, "neevfs doctor tells where it stops");
		return;
	case 400:
	case 404:
	case 409:
	case 422:
		buffer_add(out, next_of_asked(refusal));
		return;
	case 401:
		options_token_next(options, out);
		buffer_add(out, "; neevfs doctor looks at it");
		return;
	case 402:
		buffer_add(out, "look at the balance and the quota in the provider's console");
		return;
	case 403:
		buffer_add(out, "ask who administers the organisation for that right");
		return;
	case 429:
		buffer_add(out, "wait a while");
		return;
	}
	if (err->http_status >= 500)
		buffer_printf(out, "try again later; if it stays so, tell the provider%s",
			err->request_id[0] ? " the x-request-id" : "");
}

/* A spending brake, whose words begin with its name. */
static void next_of_brake(const struct error *err, struct buffer *out) {
	int len = (int)strcspn(err->message, "=");
	if (err->code != EDQUOT || err->http_status || strncmp(err->message, "max_", 4) != 0 || !err->message[len])
		return;
	buffer_printf(out, "Next: %s, or mount with another %.*s=.\n",
		!strncmp(err->message, "max_replicas=", 13) ? "ask for fewer" : "delete something", len, err->message);
}

static void refusal_text(const struct options *options, const struct refusal *refusal, struct buffer *out) {
	SCOPED(buffer_free) struct buffer next = {0};
	const struct error *err = &refusal->error;
	char when[MOMENT_SIZE];
	moment_show(refusal->when, when);
	buffer_printf(out, "%s %s ", when, refusal->operation);
	buffer_add_safe(out, refusal->path, strlen(refusal->path));
	buffer_printf(out, ": %s", err->code ? error_name(err->code) : "done");
	if (refusal->times > 1)
		buffer_printf(out, " (%lu times)", refusal->times);
	buffer_byte(out, '\n');
	if (refusal->words) {
		buffer_add(out, refusal->words);
	} else {
		buffer_add_safe(out, err->message, strlen(err->message));
		buffer_byte(out, '\n');
	}
	if (err->http_status) {
		buffer_printf(out, "HTTP %d", err->http_status);
		if (err->api_code[0]) {
			buffer_byte(out, ' ');
			buffer_add_safe(out, err->api_code, strlen(err->api_code));
		}
		if (err->request_id[0]) {
			buffer_add(out, ", x-request-id ");
			buffer_add_safe(out, err->request_id, strlen(err->request_id));
		}
		buffer_byte(out, '\n');
	}
	if (err->verdict == VERDICT_NOT_DONE)
		buffer_add(out, "Verdict: nothing was changed.\n");
	else if (err->verdict == VERDICT_UNKNOWN)
		buffer_printf(out, "Verdict: unknown whether it was carried out; %s.\n",
			refusal_repeatable(refusal) ? "it does no harm to repeat it"
						    : "look again before repeating it");
	else if (err->verdict == VERDICT_DONE)
		buffer_add(out, "Verdict: it was carried out.\n");
	bool told = err->verdict == VERDICT_UNKNOWN || err->verdict == VERDICT_DONE;
	next_of_brake(err, out);
	if (!told)
		refusal_next(options, refusal, &next);
	if (next.len)
		buffer_printf(out, "Next: %s.\n", next.data);
}

void refusal_last(const struct refusals *refusals, const char *dir, struct buffer *out) {
	size_t len = strlen(dir);
	bool of_read = false;
	for (size_t i = 0; i < refusals->count; i++) {
		const struct refusal *refusal = refusal_recent(refusals, i);
		bool of_change = refusal->error.verdict != VERDICT_NONE;
		if (refusal->settled || !refusal_below(refusal, dir, len) || (of_read && !of_change))
			continue;
		if (of_read)
			buffer_byte(out, '\n');
		refusal_text(refusals->options, refusal, out);
		if (of_change)
			return;
		of_read = true;
	}
}

void refusal_settle(struct refusals *refusals, const char *dir, size_t len) {
	for (size_t i = 0; i < REFUSALS_MAX; i++)
		if (refusals->ring[i].path && refusal_below(&refusals->ring[i], dir, len))
			refusals->ring[i].settled = true;
}

void refusal_all(const struct refusals *refusals, struct buffer *out) {
	for (size_t i = refusals->count; i-- > 0;) {
		refusal_text(refusals->options, refusal_recent(refusals, i), out);
		if (i)
			buffer_byte(out, '\n');
	}
}
