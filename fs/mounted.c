#include "mounted.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

/* Spaces, control bytes and backslashes stand there as three octal digits. */
static void octal_read(char *text) {
	char *to = text;
	for (const char *at = text; *at; to++) {
		unsigned value = 0;
		int digits = 0;
		while (*at == '\\' && digits < 3 && at[1 + digits] >= '0' && at[1 + digits] <= '7')
			value = value * 8 + (unsigned)(at[1 + digits++] - '0');
		*to = digits == 3 ? (char)value : *at;
		at += digits == 3 ? 4 : 1;
	}
	*to = 0;
}

/* "36 35 98:0 /root /path options … - type source superoptions", proc(5). False: not of that form. */
static bool line_read(char *line, char **ret_path, struct mounted *ret) {
	char *field[6], *rest = line;
	char *colon, *end;
	line[strcspn(line, "\n")] = 0;
	for (int i = 0; i < 6; i++)
		if (!(field[i] = strsep(&rest, " ")))
			return false;
	for (char *optional; (optional = strsep(&rest, " ")) && strcmp(optional, "-") != 0;) {
	}
	char *type = strsep(&rest, " "), *source = strsep(&rest, " ");
	unsigned long high = strtoul(field[2], &colon, 10), low = *colon == ':' ? strtoul(colon + 1, &end, 10) : 0;
	if (!type || !source || *colon != ':' || *end)
		return false;
	octal_read(field[4]);
	octal_read(source);
	const char *user = rest ? strstr(rest, "user_id=") : NULL;
	*ret = (struct mounted){.device = makedev((unsigned)high, (unsigned)low),
		.ours = !strcmp(type, "fuse.neevfs"),
		.user = user ? strtol(user + 8, NULL, 10) : -1,
		.read_only = !strncmp(field[5], "ro", 2) || (rest && !strncmp(rest, "ro", 2))};
	snprintf(ret->type, sizeof ret->type, "%s", type);
	snprintf(ret->source, sizeof ret->source, "%s", source);
	*ret_path = field[4];
	return true;
}

int mounted_each(void (*visit)(void *user, const char *path, const struct mounted *mounted), void *user) {
	FILE *table = fopen("/proc/self/mountinfo", "re");
	if (!table)
		return errno == ENOENT ? -ENOSYS : -errno; /* -ENOENT says that nothing is mounted at a path */
	char *line = NULL;
	size_t size = 0;
	errno = 0;
	while (getline(&line, &size, table) >= 0) {
		char *path;
		struct mounted mounted;
		if (line_read(line, &path, &mounted))
			visit(user, path, &mounted);
	}
	int rc = ferror(table) || errno == ENOMEM ? -ENOMEM : 0;
	free(line);
	fclose(table);
	return rc;
}

struct search {
	dev_t device;
	const char *path;
	struct mounted mounted;
	bool found;
	char **places;
	int count;
};

static void visit_path(void *user, const char *path, const struct mounted *mounted) {
	struct search *search = user;
	if (strcmp(path, search->path) != 0)
		return;
	search->mounted = *mounted;
	search->found = true;
}

int mounted_at(const char *path, struct mounted *ret) {
	struct search search = {.path = path};
	int rc = mounted_each(visit_path, &search);
	if (!rc && !search.found)
		rc = -ENOENT;
	if (!rc)
		*ret = search.mounted;
	return rc;
}

static void visit_device(void *user, const char *path, const struct mounted *mounted) {
	struct search *search = user;
	int i = 0;
	while (i < search->count && strcmp(search->places[i], path) != 0)
		i++;
	bool known = i < search->count, same = mounted->device == search->device;
	if (known && !same) { /* covered by something else */
		free(search->places[i]);
		search->places[i] = search->places[--search->count];
	} else if (!known && same && search->count < MOUNTED_PLACES && (search->places[i] = strdup(path))) {
		search->count++;
	}
}

int mounted_where(dev_t device, char *ret[static MOUNTED_PLACES]) {
	struct search search = {.device = device, .places = ret};
	int rc = mounted_each(visit_device, &search);
	while (rc && search.count)
		free(ret[--search.count]);
	return rc ? rc : search.count;
}
