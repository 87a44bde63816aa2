/*
 * What the user asked for: the command line over the environment over the config file over the defaults. One table
 * (options.c) names them all; the man page lists the same.
 */
#ifndef NEEVFS_FS_OPTIONS_H
#define NEEVFS_FS_OPTIONS_H

#include "../api/buffer.h"
#include "../api/error.h"
#include "../api/token.h"
#include "configured.h"
#include "kinds.h"

#include <stdbool.h>

enum command {
	COMMAND_MOUNT,
	COMMAND_UMOUNT,
	COMMAND_LOGIN,
	COMMAND_LOGOUT,
	COMMAND_STATUS,
	COMMAND_DOCTOR,
	COMMAND_HELP,
	COMMAND_HELP_OPTIONS,
	COMMAND_VERSION,
};

/* A list of texts from a repeatable option; NULL-terminated. */
struct texts {
	char **at;
	size_t count;
};

/* An amount that the user need not give. */
struct limit {
	bool set;
	long long value;
};

struct options {
	enum command command;
	bool foreground; /* -f, -d */
	bool debug;      /* -d */
	bool sandbox;
	bool token_stdin; /* --token-stdin */
	char *source;     /* the label before the mount point, or NULL */
	char *mountpoint;

	/* the -o options, owned; NULL: not given */
	char *api_base;
	char *base[API_SERVICES];
	char *token_file, *token_command;
	char *token;                    /* from the environment only; wiped by main.c once it was handed on */
	enum token_source token_source; /* set by credential_open() */
	bool inference_key;             /* NEEV_API_KEY is set: it does not work here */
	char *login; /* where `neevfs login` stores; NULL with --sandbox, and without a home directory */
	char *ca_file, *proxy, *log, *journal;
	struct texts orgs, projects; /* projects as given: ID or ORG/ID */
	unsigned ttl_ms[TTL_CLASSES], moving_ms, stale_ms, deadline_ms, parallel;
	unsigned cache_mib;
	unsigned restart; /* daemons after the first, in a minute */
	unsigned allow;   /* bits of enum change_verb */
	struct limit max_replicas, max_instances;
	struct limit max_hourly; /* in micro-dollars (money.h) */
	int log_level;           /* of syslog.h */
	bool read_only, allow_other;
	struct texts sandbox_options; /* what goes to the simulated cloud: "--instances=10" */
	struct texts kernel;          /* mount options that libfuse passes on */

	struct configured_project *scopes; /* made from orgs and projects; ends with id NULL */
};

/*
 * Reads the command line, the environment and the config file. 0, or -EINVAL with words (usage: exit 2), -ENOMEM, or
 * the errno of reading the config file. Whatever it returns, options_free() releases what is there.
 */
int options_read(struct options *options, int argc, char **argv, struct error *err);
void options_free(struct options *options);

/* Fills in what follows from the rest: the services' URLs and `scopes`. After options_read() and, with --sandbox, after
 * its address is known. 0, -EINVAL, -ENOMEM. */
int options_finish(struct options *options, struct error *err);

/* The command that a word of the command line may have been meant for; NULL: none, or it is one of a path. */
const char *command_near(const char *word);

void options_forget_token(struct options *options); /* wipes it */

/* Appends what to do about a token that is refused, by where it is from. */
void options_token_next(const struct options *options, struct buffer *out);

/* Appends the path of the config file, whether it exists or not; nothing where there is no home directory. */
void options_config_path(struct buffer *out);
/* The same of a file that all mounts of the user share. */
void options_state_path(const char *name, struct buffer *out);

void options_help(struct buffer *out);       /* what one needs in the first week; fits a screen of 80 by 24 */
void options_help_table(struct buffer *out); /* every option, a line each */

/* Appends "name=value" lines of all options as they are in force; never a token. */
void options_show(const struct options *options, struct buffer *out);
/* Appends what allow= grants, as one writes it there. */
void options_show_allow(const struct options *options, struct buffer *out);

#endif
