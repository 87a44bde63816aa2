/*
 * prober: how long somebody else has to wait.
 *
 *   prober statvfs INTERVAL_MS PATH        asks the filesystem at PATH again and again
 *   prober cat INTERVAL_MS PATH            opens, reads and closes it again and again
 *
 * It ends at the end of its standard input, and prints, in milliseconds: how often it asked, median, 99th percentile
 * and the longest. A call that has not returned by then is waited for, and counted. Exit 1 if one failed.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

enum { ASKED_MAX = 600000, INTERVAL_MAX_MS = 1000 };

static double now_ms(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static bool ask_statvfs(const char *path) {
	struct statvfs st;
	return !statvfs(path, &st);
}

static bool ask_cat(const char *path) {
	char text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t got;
	while ((got = read(fd, text, sizeof text)) > 0) {
	}
	close(fd);
	return got == 0;
}

static int compare(const void *a, const void *b) {
	double first = *(const double *)a, second = *(const double *)b;
	return (first > second) - (first < second);
}

int main(int argc, char **argv) {
	long interval_ms = argc == 4 ? strtol(argv[2], NULL, 10) : -1;
	bool cat = argc == 4 && !strcmp(argv[1], "cat");
	if (interval_ms < 0 || interval_ms > INTERVAL_MAX_MS || (!cat && strcmp(argv[1], "statvfs") != 0)) {
		fprintf(stderr, "usage: prober statvfs|cat INTERVAL_MS PATH\n");
		return 2;
	}
	double *waited_ms = calloc(ASKED_MAX, sizeof *waited_ms);
	if (!waited_ms)
		return 1;
	size_t asked = 0, failed = 0;
	struct pollfd end = {.fd = STDIN_FILENO, .events = POLLIN};
	do {
		double begin_ms = now_ms();
		failed += !(cat ? ask_cat : ask_statvfs)(argv[3]);
		waited_ms[asked++] = now_ms() - begin_ms;
	} while (asked < ASKED_MAX && poll(&end, 1, (int)interval_ms) == 0);
	qsort(waited_ms, asked, sizeof *waited_ms, compare);
	printf("%zu %.3f %.3f %.3f\n", asked, waited_ms[asked / 2], waited_ms[asked * 99 / 100], waited_ms[asked - 1]);
	free(waited_ms);
	if (failed)
		fprintf(stderr, "prober: %zu of %zu failed\n", failed, asked);
	return failed ? 1 : 0;
}
