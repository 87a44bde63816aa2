#include "alloc.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

static struct {
	size_t count, fail_at;
	long live;
	bool armed;
} alloc;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t len);
void __real_free(void *block);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t len);
int __wrap_asprintf(char **ret, const char *format, ...) __attribute__((format(printf, 2, 3)));
void __wrap_free(void *block);

void alloc_arm(size_t fail_at) {
	alloc.count = 0;
	alloc.live = 0;
	alloc.fail_at = fail_at;
	alloc.armed = true;
}

bool alloc_disarm(void) {
	bool reached = alloc.count >= alloc.fail_at;

	alloc.armed = false;
	alloc.fail_at = 0;
	return reached;
}

long alloc_live(void) {
	return alloc.live;
}

void *alloc_test_realloc(void *old, size_t size) {
	return __real_realloc(old, size);
}

char *alloc_test_strdup(const char *text) {
	return __real_strdup(text);
}

void alloc_test_free(void *block) {
	__real_free(block);
}

static bool alloc_refused(void) {
	if (!alloc.armed || ++alloc.count != alloc.fail_at)
		return false;
	errno = ENOMEM;
	return true;
}

static void *alloc_counted(void *block) {
	alloc.live += block != NULL;
	return block;
}

void *__wrap_malloc(size_t size) {
	return alloc_refused() ? NULL : alloc_counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size) {
	return alloc_refused() ? NULL : alloc_counted(__real_calloc(count, size));
}

void *__wrap_realloc(void *old, size_t size) {
	void *block = alloc_refused() ? NULL : __real_realloc(old, size);

	alloc.live += block && !old;
	return block;
}

void *__wrap_reallocarray(void *old, size_t count, size_t size) {
	void *block = alloc_refused() ? NULL : __real_reallocarray(old, count, size);

	alloc.live += block && !old;
	return block;
}

char *__wrap_strdup(const char *text) {
	return alloc_refused() ? NULL : alloc_counted(__real_strdup(text));
}

char *__wrap_strndup(const char *text, size_t len) {
	return alloc_refused() ? NULL : alloc_counted(__real_strndup(text, len));
}

int __wrap_asprintf(char **ret, const char *format, ...) {
	va_list args;
	int len = -1;

	if (alloc_refused())
		return -1;
	va_start(args, format);
	len = vasprintf(ret, format, args);
	va_end(args);
	alloc.live += len >= 0;
	return len;
}

void __wrap_free(void *block) {
	alloc.live -= block != NULL;
	__real_free(block);
}
