#include "doctor_own.h"

#include "../api/scope.h"
#include "options.h"
#include "store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
	SKEW_WARN_S = 60,        /* tokens and certificates count by the clock */
	CERTIFICATE_WARN_D = 14, /* days */
	DAY_S = 86400,
};

static const char *const names[API_SERVICES] = {
	[API_TENANT] = "tenant", [API_GPU] = "gpu", [API_INVENTORY] = "inventory", [API_AIMODELS] = "aimodels"};

/* ---- what is to be said of an answer ---- */

/* "; certificate for 61 days", if there is one. */
static void certificate_show(const struct doctor *doctor, const struct probe *probe, struct buffer *out) {
	if (probe->expires_s)
		buffer_printf(
			out, "; certificate for %lld days", (long long)((probe->expires_s - doctor->now_s) / DAY_S));
}

/* "in 43 ms (name 1, connection 5, TLS 12)" */
static void times_show(const struct probe *probe, struct buffer *out) {
	buffer_printf(out, " in %lld ms (name %lld", (long long)probe->answered_us / 1000,
		(long long)probe->resolved_us / 1000);
	if (probe->connected_us)
		buffer_printf(out, ", connection %lld", (long long)(probe->connected_us - probe->resolved_us) / 1000);
	if (probe->secured_us)
		buffer_printf(out, ", TLS %lld", (long long)(probe->secured_us - probe->connected_us) / 1000);
	buffer_byte(out, ')');
}

/* What to do about one that did not answer well. */
static void advice_write(
	const struct options *options, const char *name, const struct probe *probe, struct buffer *out) {
	const char *id = probe->error.request_id;
	int code = probe->status ? 0 : probe->error.code;
	if (code == EHOSTUNREACH || code == ETIMEDOUT)
		buffer_printf(out,
			"is the network up? is %s_base= right? is a firewall in between, or a proxy needed "
			"(-o proxy=URL)?",
			name);
	else if (code == EPROTO)
		buffer_printf(out,
			"an authority of your own is trusted by -o ca_file=PEM; else: is %s_base= right, and this "
			"clock?",
			name);
	else if (probe->status == 401)
		options_token_next(options, out);
	else if (probe->status == 403)
		buffer_add(out, "the token lacks the right: ask who administers the organisation, or check org= and "
				"project=");
	else if (probe->status == 404)
		buffer_printf(out, "check %s_base=, org= and project=", name);
	else if (probe->status == 429)
		buffer_add(out, "wait a while: too much was asked with this token");
	else if (probe->status >= 500)
		buffer_printf(
			out, "try again later; if it stays so, tell the provider%s%s", *id ? " x-request-id " : "", id);
	else
		buffer_printf(out, "this is not the API: check %s_base=; or does a proxy answer in its place?", name);
}

void doctor_service(struct doctor *doctor, enum api_service service, const struct probe *probe, bool asked_with_token,
	bool needed) {
	const char *base = doctor->options->base[service];
	bool asks = probe->status == 401 && !asked_with_token; /* as it should */
	SCOPED(buffer_free) struct buffer text = {0};
	SCOPED(buffer_free) struct buffer advice = {0};
	if (!probe->error.code || asks) {
		buffer_printf(&text, "%s answers %d%s", base, probe->status, asks ? ", as no token was sent," : "");
		times_show(probe, &text);
		certificate_show(doctor, probe, &text);
		bool soon = probe->expires_s && probe->expires_s - doctor->now_s < (int64_t)CERTIFICATE_WARN_D * DAY_S;
		finding_say(&doctor->findings, soon ? FINDING_WARN : FINDING_OK, names[service],
			soon ? "who runs that server must renew its certificate" : NULL, "%s",
			text.error ? base : text.data);
		return;
	}
	advice_write(doctor->options, names[service], probe, &advice);
	finding_say(&doctor->findings, needed && probe->status != 429 ? FINDING_FAIL : FINDING_WARN, names[service],
		advice.data, "%s: %s%s", base, probe->error.message,
		needed ? "" : " (not needed, as org= and project= are given)");
}

void doctor_clock(struct doctor *doctor, const struct probe *probes, size_t count) {
	const struct probe *worst = NULL;
	for (size_t i = 0; i < count; i++)
		if (probes[i].dated && (!worst || llabs(probes[i].ahead_s) > llabs(worst->ahead_s)))
			worst = &probes[i];
	if (!worst)
		return;
	long long off_s = llabs(worst->ahead_s);
	if (off_s > SKEW_WARN_S)
		finding_say(&doctor->findings, FINDING_WARN, "clock",
			"set it (timedatectl set-ntp true): tokens and certificates count by it",
			"%lld s %s the servers'", off_s, worst->ahead_s > 0 ? "behind" : "ahead of");
	else
		finding_say(&doctor->findings, FINDING_OK, "clock", NULL, "within %d s of the servers'", SKEW_WARN_S);
}

/* ---- asking ---- */

/* The cheapest listing that a mount asks of it, in the configured project if there is one. */
static const struct kind *kind_of(enum api_service service, bool project) {
	static const int listed[API_SERVICES] = {[API_TENANT] = KIND_ORG,
		[API_GPU] = KIND_TEMPLATE,
		[API_INVENTORY] = KIND_INVENTORY,
		[API_AIMODELS] = KIND_CATALOG};
	if (project && service == API_GPU)
		return &kinds[KIND_AIRUNTIME];
	if (project && service == API_AIMODELS)
		return &kinds[KIND_AIMODEL];
	return &kinds[listed[service]];
}

static int url_make(const struct options *options, const char *base, const struct kind *kind, struct buffer *out) {
	const struct configured_project *project = options->scopes;
	struct scope scope = {0};
	if (project && project->id)
		scope = (struct scope){.ids = {project->org, project->id}, .count = 2};
	size_t len = strlen(base);
	while (len && base[len - 1] == '/')
		len--;
	buffer_append(out, base, len);
	int rc = store_path(kind->docs[DOC_LIST].path, &scope, out);
	buffer_add(out, kind->paged ? "?page=1&limit=1" : "");
	return rc ? rc : out->error;
}

static void urls_free(struct buffer urls[static API_SERVICES]) {
	for (size_t i = 0; i < API_SERVICES; i++)
		buffer_free(&urls[i]);
}

/* Inventory may be where the GPU service is. */
static int inventory_again(struct doctor *doctor, const struct probe_config *config, struct probe *inventory,
	struct buffer *url, struct error *err) {
	const struct options *options = doctor->options;
	if (inventory->status != 404)
		return 0;
	buffer_clear(url);
	int rc = url_make(options, options->base[API_GPU], &kinds[KIND_INVENTORY], url);
	struct probe again = {.url = url->data};
	rc = rc ? error_set(err, -rc, "no memory") : probe_all(config, &again, 1, err);
	if (!rc && again.status != 404)
		*inventory = again;
	return rc;
}

/* Whether none of them answered, all for the same reason: that of one host, or of the network. */
static bool services_fail_alike(const struct probe probes[static API_SERVICES]) {
	bool alike = true;
	for (size_t i = 0; i < API_SERVICES; i++)
		alike &= probes[i].error.code && !probes[i].status &&
			 !strcmp(probes[i].error.message, probes[0].error.message);
	return alike;
}

static void services_say(struct doctor *doctor, const struct probe probes[static API_SERVICES], bool with_token) {
	SCOPED(buffer_free) struct buffer advice = {0};
	bool project = doctor->options->scopes && doctor->options->scopes[0].id;
	if (services_fail_alike(probes)) {
		advice_write(doctor->options, "api", &probes[0], &advice);
		finding_say(&doctor->findings, FINDING_FAIL, "services", advice.data, "none answers: %s",
			probes[0].error.message);
		return;
	}
	for (size_t i = 0; i < API_SERVICES; i++)
		doctor_service(doctor, (enum api_service)i, &probes[i], with_token, i != API_TENANT || !project);
}

void doctor_services(struct doctor *doctor, struct token *token) {
	const struct options *options = doctor->options;
	const struct probe_config config = {.token = token, .ca_file = options->ca_file, .proxy = options->proxy};
	bool project = options->scopes && options->scopes[0].id;
	struct probe probes[API_SERVICES] = {0};
	struct buffer urls[API_SERVICES] = {0};
	struct error err;
	int rc = 0;
	for (size_t i = 0; !rc && i < API_SERVICES; i++) {
		rc = url_make(options, options->base[i], kind_of((enum api_service)i, project), &urls[i]);
		probes[i].url = urls[i].data;
	}
	rc = rc ? error_set(&err, -rc, "no memory") : probe_all(&config, probes, API_SERVICES, &err);
	if (!rc)
		rc = inventory_again(doctor, &config, &probes[API_INVENTORY], &urls[API_INVENTORY], &err);
	if (rc)
		finding_say(
			&doctor->findings, FINDING_FAIL, "services", NULL, "they could not be asked: %s", err.message);
	else
		services_say(doctor, probes, token != NULL);
	if (!rc)
		doctor_clock(doctor, probes, API_SERVICES);
	urls_free(urls);
}
