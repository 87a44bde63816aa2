/* .neevfs/status: "key: value" lines, for a person and for `neevfs status`. No line has a token. */
#include "status.h"

#include "../api/scope.h"
#include "draft.h"
#include "moment.h"
#include "options.h"
#include "requests.h"
#include "stats.h"
#include "view.h"

#include <string.h>

enum { CREATES_SHOWN = 10 };

int text_requests(const struct view *view, struct demand *demand, struct buffer *out) {
	(void)demand;
	requests_show(view->fs->requests, out);
	return 0;
}

/* The time, or `never` for 0. */
static void time_add(struct buffer *out, time_t when, const char *never) {
	char text[MOMENT_SIZE];
	moment_show(when, text);
	buffer_add(out, when ? text : never);
}

/* A sentence that the API may have had a hand in. */
static void words_add(struct buffer *out, const struct error *err) {
	buffer_printf(out, ": %s: ", error_name(err->code));
	buffer_add_safe(out, err->message, strlen(err->message));
}

static void token_add(const struct fs *fs, const struct token_state *token, struct buffer *out) {
	static const char *const sources[] = {[TOKEN_NONE] = "none",
		[TOKEN_TEXT] = "NEEV_API_TOKEN",
		[TOKEN_FILE] = "token_file",
		[TOKEN_COMMAND] = "token_command",
		[TOKEN_LOGIN] = "login"};
	buffer_printf(out, "token source: %s\ntoken: ", fs->options->sandbox ? "sandbox" : sources[token->source]);
	if (token->refused) {
		buffer_add(out, "refused since ");
		time_add(out, fs->now - (time_t)(token->refused_ms / 1000), "");
	} else if (token->why) {
		buffer_add(out, "not usable");
	} else {
		buffer_add(out, token->accepted ? "good" : "not tried yet");
	}
	if (token->why)
		words_add(out, token->why);
	buffer_add(out, token->fetching ? "; another one is being fetched\n" : "\n");
	if (token->expires_s) {
		buffer_add(out, "token expires: ");
		time_add(out, (time_t)token->expires_s, "");
		buffer_byte(out, '\n');
	}
}

static void service_add(
	const struct fs *fs, enum api_service service, const struct api_service_state *state, struct buffer *out) {
	const struct stats_service *seen = &fs->stats->services[service];
	const char *name = service_names[service];
	buffer_printf(out, "service %s: ", name);
	if (state->down) {
		buffer_add(out, "down since ");
		time_add(out, seen->down, "");
		if (state->error)
			words_add(out, state->error);
	} else {
		buffer_add(out, seen->failed > seen->answered ? seen->answered ? "failing" : "not answered yet"
				: seen->answered              ? "up"
							      : "not asked yet");
	}
	if (state->again_ms)
		buffer_printf(out, "; next try in %u s", (state->again_ms + 999) / 1000);
	else if (state->down)
		buffer_add(out, "; next try with the next call");
	buffer_printf(out, "\nservice %s url: ", name);
	buffer_add_safe(out, fs->options->base[service], strlen(fs->options->base[service]));
	buffer_printf(out, "\nservice %s last answer: ", name);
	time_add(out, seen->answered, "none");
	buffer_printf(out, "\nservice %s last failure: ", name);
	time_add(out, seen->failed, "none");
	if (seen->failed_by < 0)
		buffer_printf(out, " %s", error_name(-seen->failed_by));
	else if (seen->failed_by)
		buffer_printf(out, " HTTP %d", seen->failed_by);
	buffer_byte(out, '\n');
}

static void creates_add(const struct fs *fs, enum draft_state state, const char *words, struct buffer *out) {
	size_t count = 0;
	const struct draft *draft = NULL;
	SCOPED(buffer_free) struct buffer names = {0};
	while ((draft = draft_next_in(fs->drafts, state, draft))) {
		if (count++ >= CREATES_SHOWN)
			continue;
		buffer_printf(&names, "%s%s ", count > 1 ? ", " : "", draft->kind->name);
		buffer_add_safe(&names, draft->name, strlen(draft->name));
	}
	buffer_printf(out, "creates %s: %zu", words, count);
	if (names.error)
		out->error = names.error;
	else if (count)
		buffer_printf(out, " (%s%s)", names.data, count > CREATES_SHOWN ? ", ..." : "");
	buffer_byte(out, '\n');
}

int text_status(const struct view *view, struct demand *demand, struct buffer *out) {
	(void)demand;
	const struct fs *fs = view->fs;
	const struct options *options = fs->options;
	struct store_state state;
	time_t answered = 0;
	store_state(fs->store, &state);
	for (size_t i = 0; i < API_SERVICES; i++)
		if (fs->stats->services[i].answered > answered)
			answered = fs->stats->services[i].answered;
	buffer_add(out, "version: " NEEVFS_VERSION "\nmounted: ");
	time_add(out, fs->started, "");
	buffer_byte(out, '\n');
	token_add(fs, &state.api.token, out);
	buffer_add(out, "last answer: ");
	time_add(out, answered, "none");
	buffer_byte(out, '\n');
	for (enum api_service service = 0; service < API_SERVICES; service++)
		service_add(fs, service, &state.api.services[service], out);
	buffer_printf(out, "cache: %zu answers, %zu of %zu bytes\n", state.cache.entries, state.cache.bytes,
		state.cache_bytes);
	buffer_printf(out, "waiting calls: %zu, at most %zu\n", fs->stats->waiting, fs->stats->waiting_most);
	creates_add(fs, DRAFT_BUSY, "under way", out);
	creates_add(fs, DRAFT_DOUBT, "in doubt", out);
	buffer_printf(out, "access: %s\nallow: ", options->read_only ? "read-only" : "read-write");
	options_show_allow(options, out);
	buffer_byte(out, '\n');
	return 0;
}
