/* The table of options, and how one value is read: shared by options.c and options_read.c only. */
#ifndef NEEVFS_FS_OPTIONS_TABLE_H
#define NEEVFS_FS_OPTIONS_TABLE_H

#include "options.h"

#include <stddef.h>

enum option_type {
	OPTION_TEXT,
	OPTION_URL,
	OPTION_PROXY,   /* a text, with a password in it perhaps */
	OPTION_TEXTS,   /* repeatable */
	OPTION_SECONDS, /* kept in milliseconds */
	OPTION_TTL,     /* scales all ttl_… */
	OPTION_NUMBER,
	OPTION_LIMIT, /* a whole number, or none */
	OPTION_MONEY, /* the same of US dollars, with decimals */
	OPTION_ALLOW,
	OPTION_LEVEL,
	OPTION_SANDBOX,        /* a whole number, handed to the simulated cloud */
	OPTION_SANDBOX_FACTOR, /* the same with decimals */
};

struct option_row {
	const char *name; /* NULL ends the table */
	enum option_type type;
	size_t at;         /* offset in struct options */
	const char *value; /* the default, as one would type it; NULL: none */
	const char *environment;
	double min, max;
	const char *help;
};

extern const struct option_row option_rows[];

int options_defaults(struct options *options, struct error *err);
int option_set(struct options *options, const struct option_row *row, const char *value, struct error *err);
/* "name=value" or "name", as in -o and the config file. 0, -EINVAL, -ENOMEM, with words. */
int option_read(struct options *options, const char *text, struct error *err);

int option_text(char **at, const char *value); /* replaces an owned text. 0 or -ENOMEM */
int texts_add(struct texts *texts, const char *text);
void texts_free(struct texts *texts);

#endif
