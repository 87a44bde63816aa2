/* Any text as an amount of money, as a number of replicas that is written, and as the time at which something was made:
 * beside a second reading of each, done otherwise. */
#include "../../api/scope.h"
#include "../../fs/money.h"
#include "fuzz.h"
#include "play.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>

static bool is_digits(const char *text, size_t len) {
	for (size_t i = 0; i < len; i++)
		if (text[i] < '0' || text[i] > '9')
			return false;
	return len > 0;
}

/* ---- money ---- */

/* In millionths, rounded up; -1: no amount, -2: too large. */
static int64_t money_again(const char *text, size_t len) {
	const char *dot = memchr(text, '.', len);
	size_t whole = dot ? (size_t)(dot - text) : len;
	if (!is_digits(text, whole) || (dot && !is_digits(dot + 1, len - whole - 1)))
		return -1;
	size_t zeros = 0;
	while (zeros < whole && text[zeros] == '0')
		zeros++;
	if (whole - zeros > 7)
		return -2;
	int64_t micros = 0;
	for (size_t i = zeros; i < whole; i++)
		micros = micros * 10 + text[i] - '0';
	bool more = false;
	for (size_t i = 1; i <= 6; i++)
		micros = micros * 10 + (whole + i < len ? text[whole + i] - '0' : 0);
	for (size_t i = whole + 7; i < len; i++)
		more |= text[i] != '0';
	micros += more;
	return micros > INT64_C(1000000000000) ? -2 : micros;
}

static void check_money(const char *data, size_t len) {
	SCOPED(scope_free) char *exact = bytes_copy(data, len, false);
	int64_t micros = -7, want = money_again(exact, len), again;
	int rc = money_read(exact, len, &micros);
	require(want == -1 ? rc == -EINVAL : want == -2 ? rc == -ERANGE : rc == 0 && micros == want);
	require(rc == 0 || micros == -7);
	if (rc)
		return;
	char shown[MONEY_SIZE];
	money_show(micros, shown);
	require(memchr(shown, '\0', sizeof(shown)) && money_read(shown, strlen(shown), &again) == 0 && again == micros);
}

/* ---- a deployment ---- */

static char *list_text;

static const char *answer_of(const struct api_call *call) {
	return call->list ? list_text : "{}";
}

/* 0: no number; -1: a number out of range. */
static long replicas_again(const char *text, size_t len) {
	while (len && memchr(" \t\n\v\f\r", text[len - 1], 6))
		len--;
	while (len && memchr(" \t\n\v\f\r", *text, 6))
		text++, len--;
	bool minus = len && *text == '-';
	size_t sign = len && (*text == '-' || *text == '+');
	if (!is_digits(text + sign, len - sign))
		return 0;
	if (len > 64)
		return -1;
	long number = 0;
	for (size_t i = sign; i < len && number <= 1000000; i++)
		number = number * 10 + text[i] - '0';
	return minus || number < 1 || number > 1000000 ? -1 : number;
}

static void check_replicas(struct stage *stage, fuse_ino_t dir, const char *text, size_t len) {
	fuse_req_t lookup = stage_lookup(stage, dir, "replicas");
	require(lookup->answer == ANSWER_ENTRY);
	fuse_req_t opened = stage_open_file(stage, lookup->entry.ino, O_WRONLY | O_TRUNC);
	require(opened->answer == ANSWER_OPEN);
	fuse_req_t req = kernel_request(stage->kernel);
	SCOPED(scope_free) char *exact = bytes_copy(text, len, false);
	fs_write(req, lookup->entry.ino, exact, len, 0, &opened->file);
	stage_turn(stage);
	long want = len ? replicas_again(text, len) : 0;
	struct api_call *put = fake_api_find(stage->api, API_PUT, NULL);
	if (want <= 0) {
		require(!put && req->answer == ANSWER_ERR && req->code == (want ? ERANGE : EINVAL));
		return;
	}
	char body[64];
	snprintf(body, sizeof(body), "{\"replicas\":%ld}", want);
	require(put && put->body && !strcmp(put->body, body) && req->answer == ANSWER_MISSING);
	play_answer(put, 200, "{}");
	stage_turn(stage);
	require(req->answer == ANSWER_WRITE && req->len == len);
}

/* What is certain of a time as the API writes it; -1: not known here. */
static long long time_again(const char *text) {
	static const char shape[] = "dddd-dd-ddTdd:dd:ddZ";
	int part[6] = {0};
	if (strlen(text) != strlen(shape))
		return -1;
	for (size_t i = 0, n = 0; shape[i]; i++) {
		if (shape[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i])
			return -1;
		if (shape[i] == 'd')
			part[n] = part[n] * 10 + text[i] - '0';
		else
			n++;
	}
	if (part[0] < 1970 || part[1] < 1 || part[1] > 12 || part[2] < 1 || part[2] > 28 || part[3] > 23 ||
		part[4] > 59 || part[5] > 59)
		return -1;
	/* Days from the civil date, by Howard Hinnant's formula for years from 0 on. */
	int year = part[0] - (part[1] <= 2), era = year / 400, of_era = year - era * 400;
	int of_year = (153 * (part[1] + (part[1] > 2 ? -3 : 9)) + 2) / 5 + part[2] - 1;
	long long days = era * 146097LL + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
	return days * 86400 + part[3] * 3600 + part[4] * 60 + part[5];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct stage stage;
	const char *text = size ? (const char *)data : "";
	check_money(text, size);
	play_init();
	SCOPED(scope_free) char *copy = bytes_copy(text, size, true);
	SCOPED(buffer_free) struct buffer list = {0};
	buffer_add(
		&list, "{\"data\":[{\"id\":\"i\",\"name\":\"a\",\"replicas\":0,\"status\":\"ready\",\"created_at\":");
	size_t before = list.len;
	json_quote(copy, &list);
	if (list.error || json_scan(list.data + before, list.len - before, NULL, NULL) != JSON_OK) {
		list.error = 0;
		list.len = before;
		buffer_add(&list, "\"\"");
		*copy = '\0';
	}
	buffer_add(&list, "}]}");
	list_text = list.data;
	stage_begin(&stage);
	fuse_ino_t dir = stage_walk(&stage, MODELS_DIR);
	fuse_req_t lookup = stage_lookup(&stage, dir, "a");
	require(play_settle(&stage, lookup, answer_of) && lookup->answer == ANSWER_ENTRY);
	long long when = time_again(copy);
	require(when < 0 || lookup->attr.st_mtime == when);
	check_replicas(&stage, lookup->entry.ino, text, size);
	play_close(&stage);
	return 0;
}
