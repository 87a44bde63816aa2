#include "options.h"

#include "options_table.h"

#include "../api/scope.h"
#include "../api/url.h"
#include "money.h"
#include "spec_near.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

/* ---- the table ---- */

#define AT(member) offsetof(struct options, member)

const struct option_row option_rows[] = {
	{"api_base", OPTION_URL, AT(api_base), "https://api.ai.neevcloud.com", "NEEVFS_API_BASE", 0, 0,
		"URL of the API"},
	{"tenant_base", OPTION_URL, AT(base[API_TENANT]), NULL, NULL, 0, 0, "URL of one service (api_base + /tenant)"},
	{"gpu_base", OPTION_URL, AT(base[API_GPU]), NULL, NULL, 0, 0, "the same for /gpu"},
	{"inventory_base", OPTION_URL, AT(base[API_INVENTORY]), NULL, NULL, 0, 0, "the same for /inventory"},
	{"aimodels_base", OPTION_URL, AT(base[API_AIMODELS]), NULL, NULL, 0, 0, "the same for /aimodels"},
	{"token_file", OPTION_TEXT, AT(token_file), NULL, NULL, 0, 0,
		"file with the token, mode 0600; re-read when it changes"},
	{"token_command", OPTION_TEXT, AT(token_command), NULL, NULL, 0, 0,
		"command whose first line of output is the token"},
	{"org", OPTION_TEXTS, AT(orgs), NULL, "NEEV_ORG_ID", 0, 0, "organisation id (repeatable)"},
	{"project", OPTION_TEXTS, AT(projects), NULL, "NEEV_PROJECT_ID", 0, 0, "project id, or ORG/ID (repeatable)"},
	{"ttl", OPTION_TTL, TTL_CLASSES, NULL, NULL, 0, 86400, "seconds an answer is kept; scales all classes (30)"},
	{"ttl_list", OPTION_SECONDS, AT(ttl_ms[TTL_LIST]), "30", NULL, 0, 86400, "listings of instances and models"},
	{"ttl_item", OPTION_SECONDS, AT(ttl_ms[TTL_ITEM]), "30", NULL, 0, 86400, "details of one resource"},
	{"ttl_metrics", OPTION_SECONDS, AT(ttl_ms[TTL_METRICS]), "5", NULL, 0, 86400, "metrics"},
	{"ttl_inventory", OPTION_SECONDS, AT(ttl_ms[TTL_INVENTORY]), "15", NULL, 0, 86400,
		"GPU configurations on offer"},
	{"ttl_catalog", OPTION_SECONDS, AT(ttl_ms[TTL_CATALOG]), "600", NULL, 0, 86400,
		"templates, catalog, organisations, projects"},
	{"stale", OPTION_SECONDS, AT(stale_ms), "0", NULL, 0, 86400,
		"seconds that an old answer serves reads while the API gives none"},
	{"deadline", OPTION_SECONDS, AT(deadline_ms), "30", NULL, 1, 3600, "seconds for one filesystem call"},
	{"parallel", OPTION_NUMBER, AT(parallel), "16", NULL, 3, 256, "requests in flight; two are kept for changes"},
	{"cache_size", OPTION_NUMBER, AT(cache_mib), "256", NULL, 1, 65536, "MiB of answers kept"},
	{"allow", OPTION_ALLOW, AT(allow), "create:scale:delete", NULL, 0, 0, "changes granted, or none"},
	{"max_replicas", OPTION_LIMIT, AT(max_replicas), NULL, NULL, 1, 1000000, "most replicas to scale to"},
	{"max_instances", OPTION_LIMIT, AT(max_instances), NULL, NULL, 0, 1000000,
		"GPU instances from which on none is created"},
	{"max_hourly", OPTION_MONEY, AT(max_hourly), NULL, NULL, 0, 1000000,
		"USD per hour of all that runs, beyond which nothing is added"},
	{"ca_file", OPTION_TEXT, AT(ca_file), NULL, NULL, 0, 0, "PEM file of the authorities to trust"},
	{"proxy", OPTION_PROXY, AT(proxy), NULL, NULL, 0, 0, "URL of a proxy; the environment's are not used"},
	{"restart", OPTION_NUMBER, AT(restart), "0", NULL, 0, 60,
		"times in a minute to mount again after a crash; needs a token source"},
	{"journal", OPTION_TEXT, AT(journal), NULL, NULL, 0, 0,
		"file of creates on their way (~/.local/state/neevfs/journal)"},
	{"log", OPTION_TEXT, AT(log), NULL, NULL, 0, 0, "file to log to (stderr in foreground, else syslog)"},
	{"log_level", OPTION_LEVEL, AT(log_level), "notice", NULL, 0, 0, "error, warning, notice, info or debug"},
	{"instances", OPTION_SANDBOX, 0, NULL, NULL, 0, 100000, "--sandbox only: seeded GPU instances"},
	{"models", OPTION_SANDBOX, 0, NULL, NULL, 0, 100000, "--sandbox only: seeded model deployments"},
	{"latency", OPTION_SANDBOX, 0, NULL, NULL, 0, 3600000, "--sandbox only: milliseconds each answer takes"},
	{"speed", OPTION_SANDBOX_FACTOR, 0, NULL, NULL, 0, 1000000, "--sandbox only: how fast its clock runs"},
	{"seed", OPTION_SANDBOX, 0, NULL, NULL, 0, 1000000000, "--sandbox only: seed of all that is random"},
	{NULL, OPTION_TEXT, 0, NULL, NULL, 0, 0, NULL},
};
enum { MOVING_MS = 2000, TTL_UNIT_S = 30, TTL_MOST_S = 86400, NAME_MAX_BYTES = 24 };
#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-"

/* Options of mount(8) and fstab(5) that mean nothing to a filesystem itself. */
static const char *const ignored[] = {"auto", "noauto", "user", "nouser", "users", "defaults", "_netdev", "_rnetdev",
	"nofail", "rw", "silent", "relatime", "strictatime", "lazytime", "nodiratime", "nonempty",
	"default_permissions", "subtype", NULL};
/* What libfuse or the kernel takes. */
static const char *const passed[] = {"nosuid", "suid", "nodev", "dev", "noexec", "exec", "noatime", "atime", "sync",
	"async", "dirsync", "allow_root", "fsname", "max_read", "context", NULL};

static const char *const allow_names[] = {"create", "scale", "delete"};
static const struct {
	const char *name;
	int level;
} levels[] = {
	{"error", LOG_ERR}, {"warning", LOG_WARNING}, {"notice", LOG_NOTICE}, {"info", LOG_INFO}, {"debug", LOG_DEBUG}};

static bool name_in(const char *const *names, const char *name, size_t len) {
	for (; *names; names++)
		if (strlen(*names) == len && !strncmp(*names, name, len))
			return true;
	return false;
}

int texts_add(struct texts *texts, const char *text) {
	char **at = realloc(texts->at, (texts->count + 2) * sizeof *at);
	if (!at)
		return -ENOMEM;
	texts->at = at;
	at[texts->count] = strdup(text);
	at[texts->count + 1] = NULL;
	return at[texts->count] ? (texts->count++, 0) : -ENOMEM;
}

void texts_free(struct texts *texts) {
	for (size_t i = 0; i < texts->count; i++)
		free(texts->at[i]);
	free(texts->at);
	*texts = (struct texts){0};
}

/* ---- values ---- */

static int number_read(const struct option_row *row, const char *value, double *ret, struct error *err) {
	bool whole = row->type == OPTION_NUMBER || row->type == OPTION_LIMIT || row->type == OPTION_SANDBOX;
	char *end;
	errno = 0;
	double number = strtod(value, &end);
	if (end == value || *end || errno || !isfinite(number) || number < row->min || number > row->max ||
		(whole && number != floor(number)))
		return error_set(err, EINVAL, "%s=%s: must be a %snumber from %.10g to %.10g", row->name, value,
			whole ? "whole " : "", row->min, row->max);
	*ret = number;
	return 0;
}

#define ALLOW_WORDS "none, or create, scale, delete with ':' between"

/* 0: no word of allow=. */
static unsigned allow_bit(const char *word, size_t len) {
	for (unsigned i = 0; i < 3; i++)
		if (strlen(allow_names[i]) == len && !strncmp(allow_names[i], word, len))
			return 1u << i;
	return 0;
}

static int allow_read(const char *value, unsigned *ret, struct error *err) {
	unsigned allow = 0;
	if (strcmp(value, "none") != 0)
		for (const char *at = value;; at++) {
			size_t len = strcspn(at, ":");
			unsigned bit = allow_bit(at, len);
			if (!bit)
				return error_set(err, EINVAL, "allow=%s: must be " ALLOW_WORDS, value);
			allow |= bit;
			at += len;
			if (!*at)
				break;
		}
	*ret = allow;
	return 0;
}

static int money_limit_read(const struct option_row *row, const char *value, struct limit *ret, struct error *err) {
	int64_t micros;
	if (money_read(value, strlen(value), &micros))
		return error_set(err, EINVAL, "%s=%s: must be an amount of USD, such as 12.50, from %.10g to %.10g",
			row->name, value, row->min, row->max);
	*ret = (struct limit){.set = true, .value = micros};
	return 0;
}

int option_text(char **at, const char *value) {
	char *copy = strdup(value);
	if (!copy)
		return -ENOMEM;
	free(*at);
	*at = copy;
	return 0;
}

/* The scale of `ttl=` is that of the listings: all classes grow and shrink with it. */
static void ttl_scale(struct options *options, double seconds) {
	static const double defaults_s[TTL_CLASSES] = {
		[TTL_LIST] = 30, [TTL_ITEM] = 30, [TTL_METRICS] = 5, [TTL_INVENTORY] = 15, [TTL_CATALOG] = 600};
	double scale = seconds / TTL_UNIT_S;
	for (int i = 0; i < TTL_CLASSES; i++)
		options->ttl_ms[i] = (unsigned)lround(fmin(defaults_s[i] * scale, TTL_MOST_S) * 1000);
	options->moving_ms = scale < 1 ? (unsigned)lround(MOVING_MS * scale) : MOVING_MS;
}

int option_set(struct options *options, const struct option_row *row, const char *value, struct error *err) {
	void *at = (char *)options + row->at;
	double number = 0;
	struct error reason;
	int rc = 0;
	switch (row->type) {
	case OPTION_URL:
		if ((rc = url_check(value, &reason)))
			return error_set(err, -rc, "%s: %s", row->name,
				reason.message); /* not the value: it may hold a password */
		rc = option_text(at, value);
		if (!rc)
			url_normalise(*(char **)at); /* the journal knows a service by it */
		break;
	case OPTION_TEXT:
	case OPTION_PROXY:
		if (!*value)
			return error_set(err, EINVAL, "%s= is empty", row->name);
		rc = option_text(at, value);
		break;
	case OPTION_TEXTS:
		if (!*value)
			return error_set(err, EINVAL, "%s= is empty", row->name);
		if (strpbrk(value, "\"' \t"))
			return error_set(err, EINVAL,
				"%s=%s: no id has quotes or blanks; what stands behind = is taken as it is", row->name,
				value);
		rc = texts_add(at, value);
		break;
	case OPTION_SECONDS:
		if (!(rc = number_read(row, value, &number, err)))
			*(unsigned *)at = (unsigned)lround(number * 1000);
		return rc;
	case OPTION_TTL:
		if (!(rc = number_read(row, value, &number, err)))
			ttl_scale(options, number);
		return rc;
	case OPTION_NUMBER:
		if (!(rc = number_read(row, value, &number, err)))
			*(unsigned *)at = (unsigned)number;
		return rc;
	case OPTION_LIMIT:
		if (!(rc = number_read(row, value, &number, err)))
			*(struct limit *)at = (struct limit){.set = true, .value = (long long)number};
		return rc;
	case OPTION_MONEY:
		return money_limit_read(row, value, at, err);
	case OPTION_ALLOW:
		return allow_read(value, at, err);
	case OPTION_LEVEL:
		for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
			if (!strcmp(levels[i].name, value)) {
				*(int *)at = levels[i].level;
				return 0;
			}
		return error_set(err, EINVAL, "log_level=%s: must be error, warning, notice, info or debug", value);
	case OPTION_SANDBOX:
	case OPTION_SANDBOX_FACTOR: {
		if ((rc = number_read(row, value, &number, err)))
			return rc;
		SCOPED(buffer_free) struct buffer text = {0};
		buffer_printf(&text, "--%s=%.17g", row->name, number);
		rc = text.error ? text.error : texts_add(&options->sandbox_options, text.data);
		break;
	}
	}
	return rc ? error_set(err, -rc, "no memory for the options") : 0;
}

static int option_unknown(const char *text, size_t len, struct error *err) {
	struct near near;
	if (len > NAME_MAX_BYTES || strspn(text, NAME_LETTERS) < len)
		return error_set(err, EINVAL, "unknown option; it is not shown, as it could be a token");
	if (allow_bit(text, len)) /* a comma has cut it off */
		return error_set(err, EINVAL, "unknown option: %.*s; allow= takes " ALLOW_WORDS, (int)len, text);
	near_begin(&near, text, len);
	for (const struct option_row *row = option_rows; row->name; row++)
		near_try(&near, row->name);
	return error_set(err, EINVAL, "unknown option: %.*s%s%s%s", (int)len, text, near.name ? "; did you mean " : "",
		near.name ? near.name : "", near.name ? "?" : "");
}

/* "name=value" or "name", from -o or the config file. */
int option_read(struct options *options, const char *text, struct error *err) {
	size_t len = strcspn(text, "=");
	const char *value = text[len] ? text + len + 1 : NULL;
	if (!strncmp(text, "x-", 2) || !strncmp(text, "comment=", 8) || name_in(ignored, text, len))
		return 0;
	bool read_only = !strcmp(text, "ro"), allow_other = !strcmp(text, "allow_other");
	options->read_only |= read_only;
	options->allow_other |= allow_other;
	if (read_only || allow_other || name_in(passed, text, len))
		return texts_add(&options->kernel, text) ? error_set(err, ENOMEM, "no memory for the options") : 0;
	if (len == 5 && !strncmp(text, "token", 5))
		return error_set(err, EINVAL,
			"a token is not taken from the command line, where other users could see it; use "
			"NEEV_API_TOKEN, "
			"token_file= or token_command=");
	for (const struct option_row *row = option_rows; row->name; row++)
		if (strlen(row->name) == len && !strncmp(row->name, text, len))
			return value ? option_set(options, row, value, err)
				     : error_set(err, EINVAL, "the option %s needs a value", row->name);
	return option_unknown(text, len, err);
}

int options_defaults(struct options *options, struct error *err) {
	options->moving_ms = MOVING_MS;
	for (const struct option_row *row = option_rows; row->name; row++)
		if (row->value) {
			int rc = option_set(options, row, row->value, err);
			if (rc)
				return rc;
		}
	return 0;
}

void options_free(struct options *options) {
	char **const single[] = {&options->source, &options->mountpoint, &options->api_base, &options->token_file,
		&options->token_command, &options->ca_file, &options->proxy, &options->log, &options->journal,
		&options->login, &options->base[API_TENANT], &options->base[API_GPU], &options->base[API_INVENTORY],
		&options->base[API_AIMODELS]};
	struct texts *const lists[] = {&options->orgs, &options->projects, &options->sandbox_options, &options->kernel};
	for (size_t i = 0; i < sizeof single / sizeof *single; i++)
		free(*single[i]);
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		texts_free(lists[i]);
	options_forget_token(options);
	free(options->scopes);
	*options = (struct options){0};
}

void options_forget_token(struct options *options) {
	if (options->token)
		explicit_bzero(options->token, strlen(options->token));
	free(options->token);
	options->token = NULL;
}

/* ---- words ---- */

void options_help(struct buffer *out) {
	buffer_add(out, "usage: neevfs [-o OPTION=VALUE,...] MOUNTPOINT   mounts NeevCloud's AI cloud\n"
			"       neevfs --sandbox MOUNTPOINT   a simulated one: no account, no network\n"
			"       neevfs umount MOUNTPOINT\n"
			"       neevfs login [--token-stdin]  asks for e-mail and password, keeps a login\n"
			"       neevfs logout                 removes it\n"
			"       neevfs status                 what is mounted, and how it is\n"
			"       neevfs doctor [MOUNTPOINT]    looks for what is wrong, says what to do\n"
			"       neevfs -h | -V                this help; the version\n"
			"\n"
			"The token comes from NEEV_API_TOKEN, token_file=, token_command=, or a login.\n"
			"\n"
			"  -f, -d                stay in the foreground; -d shows the kernel's calls, too\n"
			"  -o token_file=PATH    the file that holds the token, of mode 0600\n"
			"  -o org=ID,project=ID  show only these, without asking for a list of them\n"
			"  -o allow=none         change nothing; or some of create:scale:delete\n"
			"  -o max_hourly=USD     add nothing beyond what that pays in an hour\n"
			"  -o ttl=SECONDS        how old an answer may be (30)\n"
			"  -o allow_other        let other users in\n"
			"  -o log=PATH           log there, not to syslog\n"
			"\n"
			"All options: neevfs --help options. All else: man neevfs, and man 5 neevfs for\n"
			"what is in the mount; its README.txt is where to begin.\n");
}

void options_help_table(struct buffer *out) {
	buffer_add(out, "options (-o, and the config file's keys):\n");
	for (const struct option_row *row = option_rows; row->name; row++) {
		buffer_printf(out, "  %-15s %s", row->name, row->help);
		if (row->value)
			buffer_printf(out, " (%s)", row->value);
		if (row->environment)
			buffer_printf(out, " [%s]", row->environment);
		buffer_byte(out, '\n');
	}
	buffer_add(out, "  ro              no change at all\n"
			"  allow_other     other users may look\n"
			"options of mount(8):");
	for (const char *const *name = passed; *name; name++)
		buffer_printf(out, " %s", *name);
	buffer_byte(out, '\n');
}

static void proxy_show(const char *proxy, struct buffer *out) {
	const char *host = strrchr(proxy, '@'), *scheme = strstr(proxy, "://");
	if (host)
		buffer_printf(out, "proxy=%.*s***%s\n", (int)(scheme ? scheme + 3 - proxy : 0), proxy, host);
	else
		buffer_printf(out, "proxy=%s\n", proxy);
}

static void option_show(const struct options *options, const struct option_row *row, struct buffer *out) {
	const void *at = (const char *)options + row->at;
	const struct texts *texts = at;
	const struct limit *limit = at;
	char amount[MONEY_SIZE];
	switch (row->type) {
	case OPTION_TEXT:
	case OPTION_URL:
		if (*(char *const *)at)
			buffer_printf(out, "%s=%s\n", row->name, *(char *const *)at);
		return;
	case OPTION_PROXY:
		if (*(char *const *)at)
			proxy_show(*(char *const *)at, out);
		return;
	case OPTION_TEXTS:
		for (size_t i = 0; i < texts->count; i++)
			buffer_printf(out, "%s=%s\n", row->name, texts->at[i]);
		return;
	case OPTION_SECONDS:
		buffer_printf(out, "%s=%g\n", row->name, *(const unsigned *)at / 1000.0);
		return;
	case OPTION_NUMBER:
		buffer_printf(out, "%s=%u\n", row->name, *(const unsigned *)at);
		return;
	case OPTION_LIMIT:
		if (limit->set)
			buffer_printf(out, "%s=%lld\n", row->name, limit->value);
		return;
	case OPTION_MONEY:
		if (!limit->set)
			return;
		money_show(limit->value, amount);
		buffer_printf(out, "%s=%s\n", row->name, amount);
		return;
	case OPTION_ALLOW:
		buffer_printf(out, "%s=", row->name);
		options_show_allow(options, out);
		buffer_byte(out, '\n');
		return;
	case OPTION_LEVEL:
		for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
			if (levels[i].level == options->log_level)
				buffer_printf(out, "%s=%s\n", row->name, levels[i].name);
		return;
	case OPTION_TTL: /* shown by the classes that it scaled */
	case OPTION_SANDBOX:
	case OPTION_SANDBOX_FACTOR:
		return;
	}
}

void options_show_allow(const struct options *options, struct buffer *out) {
	const char *between = "";
	for (unsigned i = 0; i < 3; i++)
		if (options->allow & 1u << i) {
			buffer_printf(out, "%s%s", between, allow_names[i]);
			between = ":";
		}
	if (!options->allow)
		buffer_add(out, "none");
}

void options_show(const struct options *options, struct buffer *out) {
	for (const struct option_row *row = option_rows; row->name; row++)
		option_show(options, row, out);
	if (options->read_only)
		buffer_add(out, "ro\n");
	if (options->allow_other)
		buffer_add(out, "allow_other\n");
	if (options->sandbox)
		buffer_add(out, "sandbox\n");
}

void options_token_next(const struct options *options, struct buffer *out) {
	switch (options->token_source) {
	case TOKEN_TEXT:
		buffer_add(out, "set another token in NEEV_API_TOKEN, and mount again");
		break;
	case TOKEN_FILE:
		buffer_add(out, "put another token into ");
		buffer_add_safe(out, options->token_file, strlen(options->token_file));
		break;
	case TOKEN_COMMAND:
		buffer_add(out, "token_command= has to print another token");
		break;
	case TOKEN_NONE:
	case TOKEN_LOGIN:
		buffer_add(out, "neevfs login");
		break;
	}
}
