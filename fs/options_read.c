/* Where options come from: the config file, the environment, the command line, the later over the earlier. */
#include "options_table.h"
#include "spec_near.h"

#include "../api/scope.h"

#include <errno.h>
#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int config_line(struct options *options, char *line, struct error *err) {
	line += strspn(line, " \t");
	line[strcspn(line, "\n")] = 0;
	size_t len = strlen(line);
	while (len && strchr(" \t\r", line[len - 1]))
		line[--len] = 0;
	if (!*line || *line == '#')
		return 0;
	char *equal = strchr(line, '=');
	if (!equal)
		return option_read(options, line, err);
	char *value = equal + 1 + strspn(equal + 1, " \t"), *end = equal;
	while (end > line && strchr(" \t", end[-1]))
		end--;
	SCOPED(buffer_free) struct buffer text = {0};
	buffer_append(&text, line, (size_t)(end - line));
	buffer_byte(&text, '=');
	buffer_add(&text, value);
	return text.error ? error_set(err, ENOMEM, "no memory for the options") : option_read(options, text.data, err);
}

/*
 * The user's home directory, absolute, or NULL. One that is root's is not that of another user: mount(8) takes HOME
 * away from whoever is let by fstab(5), and mount.fuse3(8) then sets it to /root. Valid until the next call.
 */
static const char *home_path(void) {
	const char *home = getenv("HOME");
	struct stat st;
	if (home && *home == '/' && (!getuid() || stat(home, &st) || st.st_uid))
		return home;
	const struct passwd *user = getpwuid(getuid());
	home = user ? user->pw_dir : home;
	return home && *home == '/' ? home : NULL;
}

void options_config_path(struct buffer *out) {
	const char *base = getenv("XDG_CONFIG_HOME"), *home = home_path();
	if (base && *base == '/')
		buffer_printf(out, "%s/neevfs/config", base);
	else if (home)
		buffer_printf(out, "%s/.config/neevfs/config", home);
}

static int config_read(struct options *options, struct error *err) {
	SCOPED(buffer_free) struct buffer path = {0};
	options_config_path(&path);
	if (path.error)
		return error_set(err, ENOMEM, "no memory for the options");
	if (!path.data)
		return 0;
	FILE *file = fopen(path.data, "re");
	if (!file)
		return errno == ENOENT || errno == ENOTDIR
			       ? 0
			       : error_set(err, errno, "%s: %s", path.data, strerror(errno));
	char *line = NULL;
	size_t size = 0;
	int rc = 0;
	for (unsigned number = 1; !rc && getline(&line, &size, file) >= 0; number++) {
		struct error reason = {0};
		rc = config_line(options, line, &reason);
		if (rc)
			error_set(err, -rc, "%s, line %u: %s", path.data, number, reason.message);
	}
	if (!rc && ferror(file))
		rc = error_set(err, EIO, "%s: cannot be read", path.data);
	free(line);
	fclose(file);
	return rc;
}

static int environment_read(struct options *options, struct error *err) {
	for (const struct option_row *row = option_rows; row->name; row++) {
		const char *value = row->environment ? getenv(row->environment) : NULL;
		if (!value || !*value)
			continue;
		if (row->type == OPTION_TEXTS)
			texts_free(
				(struct texts *)(void *)((char *)options + row->at)); /* replaces the config file's */
		struct error reason = {0};
		int rc = option_set(options, row, value, &reason);
		if (rc)
			return error_set(err, -rc, "%s: %s", row->environment, reason.message);
	}
	const char *token = getenv("NEEV_API_TOKEN"), *key = getenv("NEEV_API_KEY");
	options->inference_key = key && *key;
	if (token && *token && option_text(&options->token, token))
		return error_set(err, ENOMEM, "no memory for the options");
	return 0;
}

/*
 * A list given on the command line replaces what the config file and the environment say, and is itself added up. A
 * source of the token given there replaces every other.
 */
static int option_override(struct options *options, const char *text, struct error *err) {
	(void)err;
	if (!strncmp(text, "org=", 4))
		texts_free(&options->orgs);
	if (!strncmp(text, "project=", 8))
		texts_free(&options->projects);
	if (!strncmp(text, "token_file=", 11) || !strncmp(text, "token_command=", 14)) {
		options_forget_token(options);
		free(take_pointer(options->token_file));
		free(take_pointer(options->token_command));
	}
	return 0;
}

/* Which project belongs to which organisation. An organisation named only in ORG/ID is configured too. */
static int options_scopes(struct options *options, struct error *err) {
	free(options->scopes);
	options->scopes = calloc(options->projects.count + 1, sizeof *options->scopes);
	if (!options->scopes)
		return error_set(err, ENOMEM, "no memory for the options");
	for (size_t i = 0; i < options->projects.count; i++) {
		const char *given = options->projects.at[i], *slash = strchr(given, '/');
		if (slash ? slash == given || !slash[1] || strchr(slash + 1, '/') : !*given)
			return error_set(err, EINVAL, "project=%s: must be ID or ORG/ID", given);
		if (!slash && !options->orgs.count)
			return error_set(err, EINVAL, "project=%s needs org=ID too, or project=ORG/%s", given, given);
		SCOPED(scope_free)
		char *org = strndup(slash ? given : options->orgs.at[0], slash ? (size_t)(slash - given) : SIZE_MAX);
		size_t o = 0;
		while (org && o < options->orgs.count && strcmp(options->orgs.at[o], org) != 0)
			o++;
		if (!org || (o == options->orgs.count && texts_add(&options->orgs, org)))
			return error_set(err, ENOMEM, "no memory for the options");
		options->scopes[i] =
			(struct configured_project){.org = options->orgs.at[o], .id = slash ? slash + 1 : given};
	}
	return 0;
}

/* What is done with each option of a list. */
typedef int option_visit(struct options *options, const char *text, struct error *err);

/* A comma ends an option unless a backslash stands before it, as in fstab. */
static int options_split(struct options *options, const char *text, option_visit *visit, struct error *err) {
	SCOPED(buffer_free) struct buffer one = {0};
	for (;; text++) {
		if (*text == '\\' && (text[1] == ',' || text[1] == '\\')) {
			buffer_byte(&one, *++text);
		} else if (*text && *text != ',') {
			buffer_byte(&one, *text);
		} else {
			int rc = one.error ? error_set(err, ENOMEM, "no memory for the options")
				 : one.len ? visit(options, one.data, err)
					   : 0;
			if (rc || !*text)
				return rc;
			buffer_clear(&one);
		}
	}
}

static int options_bases(struct options *options, struct error *err) {
	static const char *const prefixes[API_SERVICES] = {[API_TENANT] = "/tenant",
		[API_GPU] = "/gpu",
		[API_INVENTORY] = "/inventory",
		[API_AIMODELS] = "/aimodels"};
	for (int i = 0; i < API_SERVICES; i++) {
		if (options->base[i])
			continue;
		SCOPED(buffer_free) struct buffer base = {0};
		size_t len = strlen(options->api_base);
		while (len && options->api_base[len - 1] == '/')
			len--;
		buffer_append(&base, options->api_base, len);
		buffer_add(&base, prefixes[i]);
		if (base.error)
			return error_set(err, ENOMEM, "no memory for the options");
		options->base[i] = take_pointer(base.data);
	}
	return 0;
}

/* Where the XDG base directory specification wants what shall survive. */
void options_state_path(const char *name, struct buffer *out) {
	const char *state = getenv("XDG_STATE_HOME"), *home = home_path();
	if (state && *state == '/')
		buffer_printf(out, "%s/neevfs/%s", state, name);
	else if (home)
		buffer_printf(out, "%s/.local/state/neevfs/%s", home, name);
}

static int options_login(struct options *options, struct error *err) {
	SCOPED(buffer_free) struct buffer path = {0};
	if (options->sandbox)
		return 0;
	options_state_path("login", &path);
	if (path.error)
		return error_set(err, ENOMEM, "no memory for the options");
	free(options->login);
	options->login = take_pointer(path.data);
	return 0;
}

/* The daemon works in another directory than where these were given. No shell has read what the config file says. */
static int options_paths(struct options *options, struct error *err) {
	char **const paths[] = {&options->journal, &options->token_file, &options->ca_file, &options->log};
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		SCOPED(buffer_free) struct buffer path = {0};
		if (!*paths[i] || **paths[i] == '/')
			continue;
		const char *home = strncmp(*paths[i], "~/", 2) == 0 ? home_path() : NULL;
		SCOPED(scope_free) char *here = home ? NULL : getcwd(NULL, 0);
		if (!home && !here)
			return error_set(err, errno, "%s: the working directory has no path", *paths[i]);
		buffer_printf(&path, "%s/%s", home ? home : here, *paths[i] + (home ? 2 : 0));
		if (path.error)
			return error_set(err, ENOMEM, "no memory for the options");
		free(*paths[i]);
		*paths[i] = take_pointer(path.data);
	}
	return 0;
}

/* The simulated cloud ends with its mount, and leaves nothing to come back to. */
static int options_journal(struct options *options, struct error *err) {
	SCOPED(buffer_free) struct buffer path = {0};
	if (options->journal || options->sandbox)
		return 0;
	options_state_path("journal", &path);
	if (!path.data && !path.error)
		return error_set(err, EINVAL, "no home directory to keep the journal in: give journal=PATH");
	if (path.error)
		return error_set(err, ENOMEM, "no memory for the options");
	free(options->journal);
	options->journal = take_pointer(path.data);
	return 0;
}

int options_finish(struct options *options, struct error *err) {
	int rc = options_bases(options, err);
	if (!rc)
		rc = options_paths(options, err);
	if (!rc)
		rc = options_login(options, err);
	if (!rc && (options->command == COMMAND_MOUNT || options->command == COMMAND_DOCTOR))
		rc = options_journal(options, err);
	return rc ? rc : options_scopes(options, err);
}

/* `mount` is what is done without a command: who is near to that gets it, and what is given is its label. */
const char *command_near(const char *word) {
	static const char *const names[] = {"mount", "umount", "login", "logout", "status", "doctor", NULL};
	struct near near;
	near_begin(&near, word, strlen(word));
	for (const char *const *name = names; *name; name++)
		near_try(&near, *name);
	return near.name && near.name != names[0] && !strpbrk(word, "/:") ? near.name : NULL;
}

/* A label that nobody chose: what was to be unmounted would be mounted. */
static int source_check(const char *source, struct error *err) {
	const char *near = command_near(source);
	if (!near)
		return 0;
	if (!strcmp(source, near))
		return error_set(err, EINVAL,
			"the command %s is the first word of all; a source of that name: -o fsname=%s", near, near);
	return error_set(err, EINVAL, "no command '%s'; did you mean '%s'? A source of that name: -o fsname=%s", source,
		near, source);
}

/* What is to be done, and what -o gave, to be read after the other sources. */
static int command_line_read(
	struct options *options, int argc, char **argv, struct texts *ret_given, struct error *err) {
	static const struct option longs[] = {{"help", no_argument, NULL, 'h'}, {"version", no_argument, NULL, 'V'},
		{"sandbox", no_argument, NULL, 's'}, {"token-stdin", no_argument, NULL, 't'}, {0}};
	static const struct {
		const char *name;
		enum command command;
		int names_min, names_max;
	} commands[] = {{"", COMMAND_MOUNT, 1, 2}, {"umount", COMMAND_UMOUNT, 1, 1}, {"login", COMMAND_LOGIN, 0, 0},
		{"logout", COMMAND_LOGOUT, 0, 0}, {"status", COMMAND_STATUS, 0, 0}, {"doctor", COMMAND_DOCTOR, 0, 1}};
	size_t which = 0;
	for (size_t i = 1; argc > 1 && i < sizeof commands / sizeof *commands; i++)
		if (!strcmp(argv[1], commands[i].name))
			which = i;
	opterr = 0;
	optind = which ? 2 : 1;
	int rc = 0;
	for (int c; !rc && (c = getopt_long(argc, argv, "fdhVo:", longs, NULL)) != -1;) {
		options->foreground |= c == 'f' || c == 'd';
		options->debug |= c == 'd';
		options->sandbox |= c == 's';
		options->token_stdin |= c == 't';
		if (c == 'h')
			options->command = COMMAND_HELP;
		else if (c == 'V')
			options->command = COMMAND_VERSION;
		else if (c == 'o' && texts_add(ret_given, optarg))
			rc = error_set(err, ENOMEM, "no memory for the options");
		else if (c == '?')
			rc = optopt == 'o' ? error_set(err, EINVAL, "-o needs a value")
			     : optopt && optopt != 's' && optopt != 't'
				     ? error_set(err, EINVAL, "unknown option: -%c", optopt)
				     : error_set(err, EINVAL, "unknown option: %s", argv[optind - 1]);
	}
	if (!rc && options->command == COMMAND_HELP && argc > optind && !strcmp(argv[optind], "options"))
		options->command = COMMAND_HELP_OPTIONS;
	if (rc || options->command != COMMAND_MOUNT)
		return rc;
	int names = argc - optind;
	if (names > commands[which].names_max)
		return error_set(err, EINVAL, "too many arguments");
	if (options->token_stdin && commands[which].command != COMMAND_LOGIN)
		return error_set(err, EINVAL, "--token-stdin belongs to neevfs login");
	if (names < commands[which].names_min)
		return error_set(err, EINVAL, "no mount point given");
	if (!which && names == 2 && (rc = source_check(argv[optind], err)))
		return rc;
	options->command = commands[which].command; /* from here on it is known, whatever else is wrong */
	if (!names)
		return 0;
	if (option_text(&options->mountpoint, argv[argc - 1]) ||
		(names == 2 && option_text(&options->source, argv[optind])))
		return error_set(err, ENOMEM, "no memory for the options");
	return 0;
}

static int given_read(struct options *options, const struct texts *given, struct error *err) {
	int rc = 0;
	for (size_t i = 0; !rc && i < given->count; i++)
		rc = options_split(options, given->at[i], option_override, err);
	for (size_t i = 0; !rc && i < given->count; i++)
		rc = options_split(options, given->at[i], option_read, err);
	return rc;
}

int options_read(struct options *options, int argc, char **argv, struct error *err) {
	struct texts given = {0};
	int rc = command_line_read(options, argc, argv, &given, err);
	bool configured = options->command == COMMAND_MOUNT || options->command == COMMAND_LOGIN ||
			  options->command == COMMAND_LOGOUT || options->command == COMMAND_DOCTOR;
	if (!rc && configured) { /* help, umount and status work whatever is configured */
		rc = options_defaults(options, err);
		/* The simulated cloud is the same for everybody: what is set up for the real one is not for it. */
		if (!rc && !options->sandbox)
			rc = config_read(options, err);
		if (!rc && !options->sandbox)
			rc = environment_read(options, err);
		if (!rc)
			rc = given_read(options, &given, err);
	}
	texts_free(&given);
	return rc;
}
