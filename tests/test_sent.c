/* What is remembered of what created something. */
#include "../fs/sent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct kind *const models = &kinds[KIND_AIMODEL], *const templates = &kinds[KIND_CUSTOM_TEMPLATE];
static struct sents *sents;

static int setup(void **state) {
	(void)state;
	return sents_new(&sents);
}

static int teardown(void **state) {
	(void)state;
	sents_free(sents);
	return 0;
}

static void add(const struct kind *kind, const char *id, const char *text) {
	struct buffer body = {0};
	buffer_add(&body, text);
	sent_add(sents, kind, id, &body);
	buffer_free(&body);
}

static void assert_sent(const struct kind *kind, const char *id, const char *text) {
	struct json found = sent_find(sents, kind, id);
	assert_int_equal(found.len, strlen(text));
	assert_memory_equal(found.text, text, found.len);
}

static void by_kind_and_id(void **state) {
	(void)state;
	add(models, "a", "{\"plan_id\":\"p\"}");
	assert_sent(models, "a", "{\"plan_id\":\"p\"}");
	assert_int_equal(sent_find(sents, models, "b").type, JSON_ABSENT);
	assert_int_equal(sent_find(sents, templates, "a").type, JSON_ABSENT);
}

static void no_credentials(void **state) {
	(void)state;
	add(templates, "a", "{\"oci_registry_token\":\"hush\",\"name\":\"n\",\"image\":\"i\"}");
	assert_sent(templates, "a", "{\"name\":\"n\",\"image\":\"i\"}");
}

static void within_bounds(void **state) {
	(void)state;
	char id[16], large[SENT_BYTES_MAX + 16];
	snprintf(large, sizeof large, "{\"plan_id\":\"%0*d\"}", SENT_BYTES_MAX, 1);
	add(models, "large", large);
	assert_int_equal(sent_find(sents, models, "large").type, JSON_ABSENT);
	for (int i = 0; i <= SENT_MAX; i++) {
		snprintf(id, sizeof id, "%d", i);
		add(models, id, "{}");
	}
	assert_int_equal(sent_find(sents, models, "0").type, JSON_ABSENT);
	assert_sent(models, "1", "{}");
	assert_sent(models, id, "{}");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(by_kind_and_id, setup, teardown),
		cmocka_unit_test_setup_teardown(no_credentials, setup, teardown),
		cmocka_unit_test_setup_teardown(within_bounds, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
