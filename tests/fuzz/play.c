#include "play.h"

#include "fuzz.h"

#include <syslog.h>

void play_init(void) {
	static bool done;
	if (done)
		return;
	done = true;
	setenv("CMOCKA_TEST_ABORT", "1", 1);
	setlogmask(LOG_MASK(LOG_EMERG));
}

void play_close(struct stage *stage) {
	stage_close(stage);
}

void play_answer(struct api_call *call, int status, const char *text) {
	bool good = status >= 200 && status <= 299;
	bool empty = !*text;
	if (good && (call->list || !empty) && json_scan(text, strlen(text), NULL, NULL) != JSON_OK)
		fake_api_garble(call, status);
	else
		fake_api_answer(call, status, text);
}

bool play_settle(struct stage *stage, fuse_req_t req, const char *(*body)(const struct api_call *call)) {
	enum { ANSWERS_MAX = 32 };
	for (int i = 0; i < ANSWERS_MAX && req->answer == ANSWER_MISSING; i++) {
		struct api_call *call = fake_api_find(stage->api, API_GET, NULL);
		if (!call)
			break;
		play_answer(call, 200, body(call));
		stage_turn(stage);
	}
	return req->answer != ANSWER_MISSING;
}
