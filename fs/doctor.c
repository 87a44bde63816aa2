#include "doctor_own.h"

#include "../api/scope.h"
#include "../api/url.h"
#include "credential.h"
#include "journal.h"
#include "moment.h"
#include "mount.h"
#include "shell_word.h"
#include "standing.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TOKEN_WARN_S = 3600 };

/* ---- what is configured ---- */

static void config_file_check(struct doctor *doctor) {
	SCOPED(buffer_free) struct buffer path = {0};
	SCOPED(buffer_free) struct buffer advice = {0};
	struct stat st;
	options_config_path(&path);
	if (!path.data || doctor->options->sandbox || lstat(path.data, &st)) {
		finding_say(&doctor->findings, FINDING_OK, "config file", NULL, "%s",
			doctor->options->sandbox ? "not read with --sandbox"
			: path.data              ? "none, which is fine"
						 : "none, as there is no home directory");
		return;
	}
	bool others = !stat(path.data, &st) && (st.st_mode & (S_IWGRP | S_IWOTH));
	bool foreign = st.st_uid && st.st_uid != geteuid();
	if (others || foreign) { /* it may name a command to run, and where the token goes */
		if (others)
			buffer_printf(&advice, "chmod go-w %s", path.data);
		else
			buffer_printf(&advice, "make a copy of your own take its place");
		finding_say(&doctor->findings, FINDING_WARN, "config file", advice.data,
			"%s: others can write it, and so say where the token goes", path.data);
	} else {
		finding_say(&doctor->findings, FINDING_OK, "config file", NULL, "%s (mode %04o)", path.data,
			(unsigned)st.st_mode & 07777);
	}
}

static void options_check(struct doctor *doctor) {
	const struct options *options = doctor->options;
	if (doctor->trouble)
		finding_say(&doctor->findings, FINDING_FAIL, "options",
			"mend it; what follows goes without it. man neevfs has all options", "%s",
			doctor->trouble->message);
	if (options->restart && options->token)
		finding_say(&doctor->findings, FINDING_WARN, "options",
			"store it with neevfs login --token-stdin, or use token_file= or token_command=",
			"restart=%u is refused with NEEV_API_TOKEN", options->restart);
}

const char *doctor_proxy_ignored(void) {
	static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", NULL};
	const char *const *name = names, *value;
	while (*name && !((value = getenv(*name)) && *value))
		name++;
	return *name;
}

static void proxy_check(struct doctor *doctor) {
	const char *proxy = doctor->options->proxy, *ignored = doctor->proxy_ignored;
	char host[256];
	if (proxy) {
		const char *at = strrchr(proxy, '@'); /* behind a password, perhaps */
		url_host(at ? at + 1 : proxy, host, sizeof host);
		finding_say(&doctor->findings, FINDING_OK, "proxy", NULL, "%s, for https", host);
	} else if (ignored) {
		finding_say(&doctor->findings, FINDING_WARN, "proxy", "if one is needed: -o proxy=URL",
			"none; %s of the environment is not used", ignored);
	} else {
		finding_say(&doctor->findings, FINDING_OK, "proxy", NULL, "none");
	}
}

/* ---- the token ---- */

static void expiry_check(struct doctor *doctor, const char *source, int64_t expires_s, bool renewed) {
	long long left_s = expires_s - doctor->now_s;
	SCOPED(buffer_free) struct buffer advice = {0};
	if (renewed)
		buffer_add(&advice, "a mount renews it by itself; if that fails: ");
	options_token_next(doctor->options, &advice);
	if (!expires_s)
		finding_say(
			&doctor->findings, FINDING_OK, "token", NULL, "from %s; it does not say when it ends", source);
	else if (left_s <= 0)
		finding_say(&doctor->findings, renewed ? FINDING_WARN : FINDING_FAIL, "token", advice.data,
			"from %s; it expired %lld min ago", source, -left_s / 60);
	else
		finding_say(&doctor->findings, left_s < TOKEN_WARN_S && !renewed ? FINDING_WARN : FINDING_OK, "token",
			left_s < TOKEN_WARN_S && !renewed ? advice.data : NULL, "from %s; good for %lld %s", source,
			left_s < 2 * 86400 ? left_s / 60 : left_s / 86400, left_s < 2 * 86400 ? "min" : "days");
}

/* Renewing it needs a directory that is nobody else's. */
static void login_check(struct doctor *doctor) {
	SCOPED(scope_free) char *path = strdup(doctor->options->login);
	SCOPED(buffer_free) struct buffer advice = {0};
	struct stat st;
	if (!path)
		return;
	*strrchr(path, '/') = 0;
	if (stat(path, &st) || (st.st_uid == geteuid() && !(st.st_mode & (S_IRWXG | S_IRWXO))))
		return;
	buffer_printf(&advice, "chmod 700 %s", path);
	finding_say(&doctor->findings, FINDING_WARN, "login", advice.data,
		"others can get at %s, so the login is not renewed", path);
}

/* The caller frees what it returns; NULL: there is no token to send. */
static struct token *token_find(struct doctor *doctor) {
	struct options *options = doctor->options;
	enum token_source source = credential_source(options);
	const char *const names[] = {[TOKEN_NONE] = "nowhere",
		[TOKEN_TEXT] = options->sandbox ? "the simulated cloud" : "NEEV_API_TOKEN",
		[TOKEN_FILE] = options->token_file,
		[TOKEN_COMMAND] = "token_command",
		[TOKEN_LOGIN] = options->login};
	struct token *token = NULL;
	struct error err;
	if (source == TOKEN_LOGIN)
		login_check(doctor);
	int rc = credential_open(options, &token, &err);
	if (!rc) {
		int64_t expires_s = token_expires_s(token);
		bool renewed = token_renews(token);
		expiry_check(doctor, names[source], expires_s, renewed);
		if (!renewed || !expires_s || expires_s > doctor->now_s)
			return token;
	}
	token_free(token);
	if (rc)
		finding_say(&doctor->findings, FINDING_FAIL, "token",
			source == TOKEN_NONE ? NULL : "mend that, or give it otherwise: man neevfs, THE TOKEN", "%s",
			err.message);
	return NULL;
}

/* ---- what is kept on disk ---- */

/* The nearest directory that exists says whether the rest can be made. */
static void state_check(struct doctor *doctor) {
	const char *journal = doctor->options->journal;
	SCOPED(scope_free) char *path = journal ? strdup(journal) : NULL;
	if (doctor->options->sandbox)
		finding_say(&doctor->findings, FINDING_OK, "state", NULL, "none is kept by the simulated cloud");
	if (!path)
		return;
	struct stat st;
	bool made = true;
	const char *last = strrchr(journal, '/');
	int directory = last ? (int)(last - journal) : 0;
	for (char *slash; (slash = strrchr(path, '/'));) {
		slash[slash == path] = 0;
		if (!lstat(path, &st) || slash == path)
			break;
		made = false;
	}
	if (access(path, W_OK | X_OK))
		finding_say(&doctor->findings, FINDING_FAIL, "state",
			"without a journal nothing can be created: make it writable, or -o journal=PATH",
			"%.*s cannot be %s: %s: %s", directory, journal, made ? "written" : "made", path,
			strerror(errno));
	else
		finding_say(&doctor->findings, FINDING_OK, "state", NULL, "%.*s %s", directory, journal,
			made ? "is writable" : "can be made");
}

struct visit {
	struct doctor *doctor;
	bool doubts;
};

static int visit_record(void *user, const struct journal_record *record) {
	struct visit *visit = user;
	char when[MOMENT_SIZE];
	moment_show(record->when, when);
	visit->doubts = true;
	finding_say(&visit->doctor->findings, FINDING_WARN, "journal",
		"a mount that stands finds out what became of it; or see man neevfs, THE JOURNAL",
		"open since %s, under way or in doubt: %s in %s (number %llu)", when, record->entry.name,
		record->entry.place, (unsigned long long)record->number);
	return 0;
}

static void journal_check(struct doctor *doctor) {
	struct journal *journal = NULL;
	struct error err = {0};
	struct visit visit = {.doctor = doctor};
	if (!doctor->options->journal)
		return;
	int rc = journal_new(doctor->options->journal, &journal);
	if (!rc)
		rc = journal_open_records(journal, visit_record, &visit, &err);
	else
		error_set(&err, ENOMEM, "no memory");
	journal_free(journal);
	if (rc)
		finding_say(&doctor->findings, FINDING_FAIL, "journal", "man neevfs, THE JOURNAL", "%s", err.message);
	else if (!visit.doubts)
		finding_say(&doctor->findings, FINDING_OK, "journal", NULL, "%s",
			access(doctor->options->journal, F_OK) ? "none yet, as nothing was created"
							       : "it can be read, and no create is open in it");
}

/* ---- mounts ---- */

static void standings_check(struct doctor *doctor, const struct standings *standings) {
	for (size_t i = 0; i < standings->count; i++) {
		const struct standing *standing = standings->at[i];
		bool dead = standing->state == STANDING_DEAD;
		SCOPED(buffer_free) struct buffer advice = {0};
		if (!dead && standing->state != STANDING_HANGS)
			continue;
		buffer_add(&advice, "neevfs umount ");
		shell_word(standing->path, &advice);
		finding_say(&doctor->findings, FINDING_FAIL, "mounted", advice.data, "%s: %s", standing->path,
			dead ? "its process is gone" : "it does not answer");
	}
	if (!standings->count)
		finding_say(&doctor->findings, FINDING_OK, "mounted", NULL, "no neevfs");
	for (size_t i = 0; i < standings->count; i++)
		if (standings->at[i]->state == STANDING_ALIVE || standings->at[i]->state == STANDING_CLOSED)
			finding_say(&doctor->findings, FINDING_OK, "mounted", NULL, "%s: %s", standings->at[i]->path,
				standings->at[i]->state == STANDING_ALIVE ? "alive"
									  : "unknown, as it lets only its owner in");
}

static void endings_check(struct doctor *doctor, const struct standings *standings) {
	SCOPED(endings_free) struct endings endings;
	endings_read(&endings);
	for (size_t i = 0; i < endings.count; i++) {
		const struct ending *ending = &endings.at[i];
		SCOPED(buffer_free) struct buffer advice = {0};
		if (!standings_lack(standings, ending))
			continue;
		buffer_printf(&advice, "mount it again: %s; or forget it: neevfs umount ", ending->command);
		shell_word(ending->path, &advice);
		finding_say(&doctor->findings, FINDING_WARN, "mounted", advice.data, "%s: not since %s: its process %s",
			ending->path, ending->when, ending->how);
	}
}

static bool directory_empty(const char *path) {
	DIR *directory = opendir(path);
	bool empty = true;
	for (const struct dirent *entry; directory && empty && (entry = readdir(directory));)
		empty = !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..");
	if (directory)
		closedir(directory);
	return empty;
}

/* Nothing is mounted there. fusermount3 wants to be able to write, and in a sticky directory to own it. */
static void directory_check(struct doctor *doctor, const char *path) {
	struct stat st;
	if (stat(path, &st))
		finding_say(&doctor->findings, FINDING_FAIL, "mount point", NULL, "%s: %s", path, strerror(errno));
	else if (geteuid() && (access(path, W_OK) || (st.st_mode & S_ISVTX && st.st_uid != geteuid())))
		finding_say(&doctor->findings, FINDING_FAIL, "mount point",
			"take a directory of your own: mkdir ~/neev", "%s: it is not yours to mount on", path);
	else if (!directory_empty(path))
		finding_say(&doctor->findings, FINDING_WARN, "mount point",
			"take an empty directory, if that is not meant",
			"%s: what is in it will be hidden while it is mounted", path);
	else
		finding_say(&doctor->findings, FINDING_OK, "mount point", NULL, "%s is an empty directory%s", path,
			st.st_uid == geteuid() ? "" : ", of another user");
}

static void mountpoint_check(struct doctor *doctor, const struct standings *standings) {
	struct options *options = doctor->options;
	SCOPED(buffer_free) struct buffer mkdir = {0};
	struct error err;
	if (!options->mountpoint)
		return;
	int rc = mount_check(options, &err);
	buffer_add(&mkdir, "mkdir ");
	shell_word(options->mountpoint, &mkdir);
	const struct standing *standing = standings_find(standings, options->mountpoint);
	if (standing && standing->state == STANDING_ALIVE)
		finding_say(&doctor->findings, FINDING_OK, "mount point", NULL, "%s: mounted, and alive",
			options->mountpoint);
	else if (standing && standing->state == STANDING_DEAD && !rc)
		finding_say(&doctor->findings, FINDING_WARN, "mount point",
			"mount again, which removes it first, or neevfs umount it", "%s: a dead neevfs is on it",
			options->mountpoint);
	else if (rc)
		finding_say(&doctor->findings, FINDING_FAIL, "mount point",
			standing        ? "neevfs umount it, as its owner"
			: rc == -ENOENT ? mkdir.data
					: "take another directory, or mend this one",
			"%s", err.message);
	else
		directory_check(doctor, options->mountpoint);
}

static void mounts_check(struct doctor *doctor) {
	SCOPED(standings_free) struct standings standings;
	int rc = standings_read(&standings);
	if (rc)
		finding_say(&doctor->findings, FINDING_WARN, "mounted", "is /proc mounted?",
			"what is mounted cannot be told: %s", strerror(-rc));
	else
		standings_check(doctor, &standings);
	endings_check(doctor, &standings);
	mountpoint_check(doctor, &standings);
}

void doctor_run(struct doctor *doctor) {
	config_file_check(doctor);
	options_check(doctor);
	proxy_check(doctor);
	struct token *token = token_find(doctor);
	doctor_services(doctor, token);
	token_free(token);
	doctor_fuse(doctor);
	state_check(doctor);
	journal_check(doctor);
	mounts_check(doctor);
}
