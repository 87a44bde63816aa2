/*
 * rates: how often one thread gets something from a directory tree, any filesystem's.
 *
 *   rates OPERATION DIRECTORY NAME for MILLISECONDS      prints how many a second
 *   rates OPERATION DIRECTORY NAME times N               does it N times, prints what was counted
 *
 * It goes into DIRECTORY first, so that a long way there counts for nobody; NAME is a file below it. Everything is done
 * once before the clock starts. `readdir` and `ls-l` count entries, all others calls.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 32, TIMES_MAX = 10000000, SECONDS_MAX = 60 };

static const char *name, *full;
static int open_fd = -1;

_Noreturn static void fail(const char *what) {
	perror(what);
	exit(1);
}

static long stat_one(void) {
	struct stat st;
	if (stat(name, &st))
		fail(name);
	return 1;
}

static long stat_full(void) {
	struct stat st;
	if (stat(full, &st))
		fail(full);
	return 1;
}

static long statvfs_one(void) {
	struct statvfs st;
	if (statvfs(".", &st))
		fail("statvfs");
	return 1;
}

static long read_whole(void) {
	char text[4096];
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail(name);
	ssize_t got;
	while ((got = read(fd, text, sizeof text)) > 0) {
	}
	if (got < 0 || close(fd))
		fail(name);
	return 1;
}

static long pread_one(void) {
	char text[4096];
	if (pread(open_fd, text, sizeof text, 0) <= 0)
		fail(name);
	return 1;
}

/* As ls(1) does, which leaves out names that begin with a dot. */
static long list(bool details) {
	DIR *directory = opendir(".");
	if (!directory)
		fail("opendir");
	long count = 0;
	struct stat st;
	for (const struct dirent *entry; (entry = readdir(directory)); count++)
		if (details && entry->d_name[0] != '.' &&
			fstatat(dirfd(directory), entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
			fail(entry->d_name);
	closedir(directory);
	return count;
}

static long list_names(void) {
	return list(false);
}

static long list_details(void) {
	return list(true);
}

static const struct {
	const char *name;
	long (*run)(void);
	bool many; /* one call is work enough between two looks at the clock */
} operations[] = {
	{"stat", stat_one, false},
	{"stat-full", stat_full, false},
	{"statvfs", statvfs_one, false},
	{"cat", read_whole, false},
	{"pread", pread_one, false},
	{"readdir", list_names, true},
	{"ls-l", list_details, true},
};

static double now_s(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static long repeat(long (*run)(void), long times) {
	long count = 0;
	for (long i = 0; i < times; i++)
		count += run();
	return count;
}

static int usage(void) {
	fprintf(stderr, "usage: rates OPERATION DIRECTORY NAME for MILLISECONDS\n"
			"       rates OPERATION DIRECTORY NAME times N\noperations:");
	for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
		fprintf(stderr, " %s", operations[i].name);
	fprintf(stderr, "\n");
	return 2;
}

int main(int argc, char **argv) {
	size_t chosen = 0, known = sizeof operations / sizeof *operations;
	while (argc == 6 && chosen < known && strcmp(operations[chosen].name, argv[1]) != 0)
		chosen++;
	if (argc != 6 || chosen == known || (strcmp(argv[4], "for") != 0 && strcmp(argv[4], "times") != 0))
		return usage();
	long limit = strtol(argv[5], NULL, 10);
	bool timed = !strcmp(argv[4], "for");
	if (limit < 1 || limit > (timed ? SECONDS_MAX * 1000 : TIMES_MAX))
		return usage();
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s/%s", argv[2], argv[3]);
	name = argv[3];
	full = path;
	if (chdir(argv[2]))
		fail(argv[2]);
	if (operations[chosen].run == pread_one && (open_fd = open(name, O_RDONLY | O_CLOEXEC)) < 0)
		fail(name);

	long (*run)(void) = operations[chosen].run;
	run();
	if (!timed) {
		printf("%ld\n", repeat(run, limit));
		return 0;
	}
	long count = 0;
	double start_s = now_s(), spent_s;
	do
		count += repeat(run, operations[chosen].many ? 1 : BATCH);
	while ((spent_s = now_s() - start_s) * 1000 < (double)limit);
	printf("%.1f\n", (double)count / spent_s);
	return 0;
}
