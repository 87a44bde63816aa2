/*
 * herd: many readers at once.
 *
 *   herd READERS < PATHS        as many threads; the n-th reads the n-th path (after the last comes the first again)
 *
 * All are made before the first one reads. Prints how many failed, and how many milliseconds it took until the last one
 * had read its file to the end.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { READERS_MAX = 4000, STACK = 128 * 1024 };

static char *paths[READERS_MAX];
static pthread_barrier_t start;
static atomic_int failed;

static double now_ms(void) {
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void *reader(void *path) {
	pthread_barrier_wait(&start);
	char text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = -1;
	while (fd >= 0 && (got = read(fd, text, sizeof text)) > 0) {
	}
	if (got < 0)
		atomic_fetch_add(&failed, 1);
	if (fd >= 0)
		close(fd);
	return NULL;
}

int main(int argc, char **argv) {
	long readers = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
	if (readers < 1 || readers > READERS_MAX) {
		fprintf(stderr, "usage: herd READERS < PATHS\nat most %d\n", READERS_MAX);
		return 2;
	}
	char *line = NULL;
	size_t size = 0;
	long count = 0;
	for (ssize_t len; count < readers && (len = getline(&line, &size, stdin)) > 0;) {
		line[strcspn(line, "\n")] = '\0';
		paths[count++] = strdup(line);
	}
	free(line);
	if (!count)
		return 2;
	pthread_t threads[READERS_MAX];
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK);
	pthread_barrier_init(&start, NULL, (unsigned)readers + 1);
	for (long i = 0; i < readers; i++)
		if (pthread_create(&threads[i], &attributes, reader, paths[i % count])) {
			perror("pthread_create");
			return 1;
		}
	pthread_barrier_wait(&start);
	double begin_ms = now_ms();
	for (long i = 0; i < readers; i++)
		pthread_join(threads[i], NULL);
	printf("%d %.3f\n", atomic_load(&failed), now_ms() - begin_ms);
	for (long i = 0; i < count; i++)
		free(paths[i]);
	return 0;
}
