/*
 * FUSE operations and answers of the API in any order, as the input says, through the real handlers on the fakes.
 *
 * The fakes fail the run at a second answer, a touched request, a request without an answer or a node left over;
 * libFuzzer sees leaks. Here: what costs money is sent only by what asks for it, a create never twice while its outcome
 * is open. The n-th allocation may fail.
 */
#include "../../api/scope.h"
#include "../alloc.h"
#include "fuzz.h"
#include "play.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>

enum { STEPS_MAX = 200, NODES_MAX = 64, OPENS_MAX = 16, DOUBT_S = 120, ATTEMPTS_MAX = 3 };

struct known {
	fuse_ino_t ino;
	mode_t mode;
};

/* One POST, and what is known of it by the answers that were given. */
struct post {
	const struct api_call *call;
	int64_t sent_ms;
	bool answered, refused, made; /* refused: certainly not made */
	bool looked, shown;           /* since: any answer to a GET; one with its name */
	struct post *next;
};

struct play {
	struct stage stage;
	struct input *input;
	struct known nodes[NODES_MAX];
	size_t count;
	fuse_req_t opens[OPENS_MAX];
	size_t open_count;
	struct post *posts;
	size_t changes_asked, creates_asked, removals_asked; /* calls that may send something */
};

/* ---- choices ---- */

static const char *const names[] = {"orgs", "o", "projects", "p", "airuntimes", "aimodels", "templates", "inventory",
	"catalog", "abc", "abd", "abe", "spec.json", "replicas", "status", "info.json", ".error", ".neevfs", "errors",
	".by-id", "id-c", "id-d", "tmp", "spec.json~", "project", "model", "gpu", "template", "README.txt", "metrics",
	"options", "r"};

static const char *const offer_names[] = {"g", "notify", ".query", "region=r", "notifications.json",
	"spec.example.json", "spec.schema.json", "spec.json.plan", "wait", "wait", "events", "refresh", "index.tsv",
	"list.json", "requests", "idle"};

static const char *choose_name(struct play *play, char ret[static NAME_SIZE]) {
	unsigned byte = input_byte(play->input);
	if (byte < 224)
		return strcpy(ret, names[byte % (sizeof(names) / sizeof(*names))]);
	if (byte < 240)
		return strcpy(ret, offer_names[byte % (sizeof(offer_names) / sizeof(*offer_names))]);
	size_t len, used = 0;
	const char *text = input_bytes(play->input, NAME_SIZE - 1, &len);
	for (size_t i = 0; i < len; i++)
		if (text[i] && text[i] != '/')
			ret[used++] = text[i];
	ret[used] = '\0';
	if (!used || !strcmp(ret, ".") || !strcmp(ret, "..")) /* the kernel's own */
		strcpy(ret, "x");
	return ret;
}

static fuse_ino_t choose_node(struct play *play, mode_t type) {
	unsigned byte = input_byte(play->input);
	if (type == S_IFDIR && byte >= 240)
		return FUSE_ROOT_ID;
	for (size_t i = 0; i < play->count; i++) {
		const struct known *known = &play->nodes[(byte + i) % play->count];
		if ((known->mode & S_IFMT) == type)
			return known->ino;
	}
	return type == S_IFDIR ? FUSE_ROOT_ID : 0;
}

static fuse_req_t choose_open(struct play *play, bool dir) {
	unsigned byte = input_byte(play->input);
	for (size_t i = 0; i < play->open_count; i++) {
		fuse_req_t opened = play->opens[(byte + i) % play->open_count];
		if (((opened->file.flags & O_DIRECTORY) != 0) == dir)
			return opened;
	}
	return NULL;
}

/* ---- what the kernel learns ---- */

static void learn(struct play *play) {
	play->count = 0;
	play->open_count = 0;
	for (fuse_req_t req = kernel_first(play->stage.kernel); req; req = req->next) {
		bool entry = req->answer == ANSWER_ENTRY || req->answer == ANSWER_CREATE;
		if (entry && play->count < NODES_MAX && kernel_lookups(play->stage.kernel, req->entry.ino)) {
			bool known = false;
			for (size_t i = 0; i < play->count && !known; i++)
				known = play->nodes[i].ino == req->entry.ino;
			if (!known)
				play->nodes[play->count++] = (struct known){req->entry.ino, req->attr.st_mode};
		}
		if ((req->answer == ANSWER_OPEN || req->answer == ANSWER_CREATE) && !req->released &&
			play->open_count < OPENS_MAX)
			play->opens[play->open_count++] = req;
	}
}

/* ---- what must not happen ---- */

static bool body_names(const char *body, const char *name) {
	char quoted[NAME_SIZE + 2];
	snprintf(quoted, sizeof(quoted), "\"%s\"", name);
	return strstr(body, quoted) != NULL;
}

static bool same_create(const struct api_call *a, const struct api_call *b) {
	struct json first, second;
	require(json_scan(a->body, a->body_len, &first, NULL) == JSON_OK);
	require(json_scan(b->body, b->body_len, &second, NULL) == JSON_OK);
	return !strcmp(a->path, b->path) && json_string_equal(json_member(first, "name"), json_member(second, "name"));
}

static void check_post(const struct play *play, const struct api_call *call) {
	for (const struct post *post = play->posts; post; post = post->next) {
		if (post->call == call || !same_create(post->call, call) || post->refused)
			continue;
		require(post->answered); /* one is on its way */
		if (post->made)
			require(post->looked);
		else
			require(post->shown || play->stage.fs.now_ms - post->sent_ms >= DOUBT_S * 1000);
	}
}

/* New requests are looked at once. */
static void check_calls(struct play *play) {
	size_t posts = 0, puts = 0, deletes = 0;
	for (struct api_call *call = fake_api_first(play->stage.api); call; call = call->next) {
		puts += call->method == API_PUT;
		deletes += call->method == API_DELETE;
		if (call->method != API_POST)
			continue;
		posts++;
		bool known = false;
		for (const struct post *post = play->posts; post && !known; post = post->next)
			known = post->call == call;
		if (known)
			continue;
		check_post(play, call);
		struct post *post = alloc_test_realloc(NULL, sizeof(*post));
		require(post != NULL);
		*post = (struct post){.call = call, .sent_ms = play->stage.fs.now_ms, .next = play->posts};
		play->posts = post;
	}
	require(posts <= play->creates_asked * ATTEMPTS_MAX);
	require(puts <= play->changes_asked * ATTEMPTS_MAX);
	require(deletes <= play->removals_asked * ATTEMPTS_MAX);
}

/* ---- the API ---- */

static const char *const states[] = {
	"ready", "Running", "Provisioning", "terminating", "Terminating", "Failed", "scaling", ""};

static void resource_make(struct play *play, struct buffer *out) {
	unsigned byte = input_byte(play->input);
	const char letter = (char)('c' + byte % 4);
	buffer_printf(out,
		"{\"id\":\"id-%c\",\"name\":\"ab%c\",\"status\":\"%s\",\"replicas\":%u,\"model_id\":\"m/"
		"x\",\"config_id\":\"g\","
		"\"region\":\"r\",\"gpuConfigID\":\"g\",\"image\":\"ghcr.io/o/"
		"i:v1\",\"description\":\"d\",\"category\":\"c\","
		"\"created_at\":\"2026-01-02T03:04:05Z\"}",
		letter, byte & 64 ? 'c' : letter, states[byte / 4 % 8], byte % 5);
}

static void note_answer(struct play *play, const struct api_call *call, int status, bool sent, const char *body) {
	bool json = body && json_scan(body, strlen(body), NULL, NULL) == JSON_OK;
	for (struct post *post = play->posts; post; post = post->next) {
		if (post->call == call) {
			post->answered = true;
			post->refused = !sent || (status >= 400 && status <= 499 && status != 408 && status != 499);
			post->made = json && status >= 200 && status <= 299;
		} else if (call->method == API_GET && post->answered) {
			struct json root;
			post->looked = true;
			require(json_scan(post->call->body, post->call->body_len, &root, NULL) == JSON_OK);
			char *name = json_text_dup(json_member(root, "name"));
			post->shown |= !name || (json && body_names(body, name));
			free(name);
		}
	}
}

static void step_answer(struct play *play) {
	static const int statuses[] = {
		200, 200, 200, 200, 201, 204, 400, 401, 402, 403, 404, 404, 408, 409, 422, 429, 499, 500, 502, 503};
	static const int codes[] = {ETIMEDOUT, EHOSTUNREACH, EREMOTEIO, ENOMEM, EPROTO, EKEYEXPIRED};
	size_t waiting = fake_api_waiting(play->stage.api);
	unsigned which = input_byte(play->input), how = input_byte(play->input);
	struct api_call *call = fake_api_first(play->stage.api);
	if (!waiting)
		return;
	for (size_t skip = which % waiting; call->over || skip; call = call->next)
		skip -= !call->over;
	if (how >= 240) {
		bool sent = how & 1;
		note_answer(play, call, 0, sent, NULL);
		fake_api_fail(call, codes[how / 2 % 6], sent);
		return;
	}
	SCOPED(buffer_free) struct buffer body = {0};
	int status = statuses[how % 20];
	call->retry_after_ms = how / 20 == 11 ? 5000 : 0;
	if (how / 20 == 10) { /* any text */
		size_t len;
		const char *text = input_bytes(play->input, 255, &len);
		buffer_append(&body, text, len);
	} else if (call->list) {
		unsigned count = input_byte(play->input) % 4;
		buffer_add(&body, "{\"data\":[");
		for (unsigned i = 0; i < count; i++) {
			buffer_add(&body, i ? "," : "");
			resource_make(play, &body);
		}
		buffer_add(&body, "]}");
	} else if (call->method == API_POST && status <= 299 && how / 20 < 6) {
		struct json root;
		require(json_scan(call->body, call->body_len, &root, NULL) == JSON_OK);
		struct json name = json_member(root, "name");
		buffer_printf(&body, "{\"id\":\"id-new\",\"name\":%.*s}", (int)name.len, name.text);
	} else {
		resource_make(play, &body);
	}
	if (body.error) /* a failed allocation of the test's own */
		buffer_free(&body);
	note_answer(play, call, status, true, body.data ? body.data : "");
	play_answer(call, status, body.data ? body.data : "");
}

/* ---- operations ---- */

static const char *const texts[] = {SPEC_TEXT, "{", "}", "3\n", "1", "0", "-1\n", "\n", "{\"description\":\"d\",",
	"\"image\":\"ghcr.io/o/i:v1\",\"category\":\"c\"}", "nonsense",
	"{\"catalog_id\":\"m-x\",\"region\":\"r\",\"gpu_config_id\":\"g\",\"gpu_count\":1,\"plan_id\":\"p\"}"};

/* Of `wait`, with few seconds, and of `refresh`. */
static const char *const wishes[] = {"Running 1\n", "ready 2", "gone 30\n", "Failed", "/\n", "orgs/o/projects/p\n",
	"orgs/o/projects/p/airuntimes/abc\n", "inventory/r/g"};

static void step_write(struct play *play) {
	fuse_req_t opened = choose_open(play, false);
	unsigned byte = input_byte(play->input);
	size_t len;
	const char *text = texts[byte % (sizeof(texts) / sizeof(*texts))];
	if (byte >= 208 && byte < 224)
		text = wishes[byte % (sizeof(wishes) / sizeof(*wishes))];
	if (byte >= 224)
		text = input_bytes(play->input, 255, &len);
	else
		len = strlen(text);
	off_t offset = byte >= 128 ? input_byte(play->input) : 0;
	if (!opened || !len || (opened->file.flags & O_ACCMODE) == O_RDONLY)
		return;
	play->changes_asked++;
	play->creates_asked++;
	fuse_req_t req = kernel_request(play->stage.kernel);
	char *copy = alloc_test_realloc(NULL, len);
	require(copy != NULL);
	memcpy(copy, text, len);
	fs_write(req, opened->answer == ANSWER_CREATE ? opened->entry.ino : opened->ino, copy, len, offset,
		&opened->file);
	alloc_test_free(copy);
}

static void step_open(struct play *play, fuse_ino_t ino) {
	static const int flags[] = {O_RDONLY, O_WRONLY | O_TRUNC, O_RDWR, O_WRONLY, O_WRONLY | O_APPEND};
	int chosen = flags[input_byte(play->input) % 5];
	if (ino)
		stage_open_file(&play->stage, ino, chosen);
}

/* As open(2) with O_TRUNC, truncate(2) and touch(1) do. */
static void step_setattr(struct play *play, fuse_ino_t ino) {
	static const int what[] = {FUSE_SET_ATTR_SIZE, FUSE_SET_ATTR_SIZE, FUSE_SET_ATTR_MODE,
		FUSE_SET_ATTR_MTIME | FUSE_SET_ATTR_MTIME_NOW, FUSE_SET_ATTR_UID, FUSE_SET_ATTR_ATIME};
	unsigned byte = input_byte(play->input);
	fuse_req_t opened = byte & 128 ? choose_open(play, false) : NULL;
	struct stat attr = {.st_size = byte & 64 ? 5 : 0, .st_mode = 0600, .st_uid = 1000, .st_gid = 1000};
	if (opened)
		ino = opened->answer == ANSWER_CREATE ? opened->entry.ino : opened->ino;
	play->creates_asked++;
	play->changes_asked++;
	if (ino)
		stage_setattr(&play->stage, ino, &attr, what[byte % 6], opened);
}

static void step_interrupt(struct play *play) {
	size_t waiting = kernel_unanswered(play->stage.kernel);
	size_t skip = waiting ? input_byte(play->input) % waiting : 0;
	for (fuse_req_t req = kernel_first(play->stage.kernel); waiting && req; req = req->next)
		if (req->answer == ANSWER_MISSING && !skip--) {
			kernel_interrupt(req);
			return;
		}
}

/* The kernel forgets what it does not use. */
static void step_forget(struct play *play, fuse_ino_t ino) {
	if (!ino || ino == FUSE_ROOT_ID || kernel_unanswered(play->stage.kernel))
		return;
	for (size_t i = 0; i < play->open_count; i++) {
		fuse_req_t opened = play->opens[i];
		if (opened->ino == ino || (opened->answer == ANSWER_CREATE && opened->entry.ino == ino))
			return;
	}
	if (play->open_count < OPENS_MAX && kernel_lookups(play->stage.kernel, ino))
		kernel_forget(play->stage.kernel, ino);
}

static void step(struct play *play) {
	static const int64_t later_ms[] = {0, 1, 200, 1000, 2000, 5000, 30001, 61000, 125000, 700000};
	struct stage *stage = &play->stage;
	char name[NAME_SIZE], other[NAME_SIZE];
	unsigned verb = input_byte(play->input) % 32;
	fuse_ino_t ino, to;
	fuse_req_t opened;
	size_t size;
	switch (verb) {
	case 0:
	case 1:
	case 2:
		ino = choose_node(play, S_IFDIR);
		stage_lookup(stage, ino, choose_name(play, name));
		break;
	case 3:
		size = input_byte(play->input);
		ino = choose_node(play, size & 1 ? S_IFDIR : S_IFREG);
		opened = size & 2 ? choose_open(play, false) : NULL;
		if (opened)
			stage_getattr_open(stage, opened);
		else if (ino)
			stage_getattr(stage, ino);
		break;
	case 4:
		ino = choose_node(play, S_IFLNK);
		if (ino)
			stage_readlink(stage, ino);
		break;
	case 5:
		ino = choose_node(play, S_IFDIR);
		opened = stage_opendir(stage, ino);
		opened->ino = ino;
		opened->file.flags |= O_DIRECTORY;
		break;
	case 6:
		opened = choose_open(play, true);
		size = input_byte(play->input);
		if (opened && size & 1)
			stage_readdirplus(stage, opened, 32 * size, input_byte(play->input) % 40);
		else if (opened)
			stage_readdir(stage, opened, 16 * (1 + size), input_byte(play->input) % 40);
		break;
	case 7:
	case 8:
		ino = choose_node(play, S_IFDIR);
		stage_mkdir(stage, ino, choose_name(play, name));
		break;
	case 9:
		ino = choose_node(play, S_IFDIR);
		play->removals_asked++;
		stage_rmdir(stage, ino, choose_name(play, name));
		break;
	case 10:
		ino = choose_node(play, S_IFDIR);
		stage_unlink(stage, ino, choose_name(play, name));
		break;
	case 11:
		ino = choose_node(play, S_IFDIR);
		play->creates_asked++;
		play->changes_asked++;
		choose_name(play, name);
		to = choose_node(play, S_IFDIR);
		stage_rename(stage, ino, name, to, choose_name(play, other));
		break;
	case 12:
	case 13:
		step_open(play, choose_node(play, S_IFREG));
		break;
	case 14:
		ino = choose_node(play, S_IFDIR);
		stage_create(stage, ino, choose_name(play, name));
		break;
	case 15:
		opened = choose_open(play, false);
		size = 16 * input_byte(play->input);
		if (opened)
			stage_read(stage, opened, size, input_byte(play->input));
		break;
	case 16:
	case 17:
		step_write(play);
		break;
	case 18:
		opened = choose_open(play, false);
		play->creates_asked++;
		if (opened)
			(input_byte(play->input) & 1 ? stage_flush : stage_fsync)(stage, opened);
		break;
	case 19:
		opened = choose_open(play, input_byte(play->input) & 1);
		/* A handle is released when no call on it waits. */
		if (opened && !kernel_unanswered(stage->kernel))
			kernel_release(opened);
		break;
	case 20:
		step_setattr(play, choose_node(play, S_IFREG));
		break;
	case 21:
		step_interrupt(play);
		break;
	case 22:
		step_forget(play, choose_node(play, (mode_t)(input_byte(play->input) & 1 ? S_IFDIR : S_IFREG)));
		break;
	case 23:
	case 24:
		stage_later(stage, later_ms[input_byte(play->input) % 10]);
		break;
	case 25: {
		fuse_req_t req = kernel_request(stage->kernel);
		ino = choose_node(play, S_IFDIR);
		fs_symlink(req, "target", ino, choose_name(play, name));
		break;
	}
	case 26:
		opened = choose_open(play, false);
		size = input_byte(play->input);
		if (opened)
			fs_poll(kernel_request(stage->kernel), opened->ino, &opened->file,
				size & 1 ? kernel_poll(stage->kernel) : NULL);
		break;
	default:
		step_answer(play);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct input input = {data, size};
	struct play play = {.input = &input};
	play_init();
	unsigned fail_at = input_byte(&input);
	stage_init(&play.stage);
	if (stage_open(&play.stage))
		abort();
	if (fail_at & 1)
		alloc_arm(1 + fail_at * 4 + input_byte(&input));
	for (int steps = 0; input.left && steps < STEPS_MAX; steps++) {
		step(&play);
		stage_turn(&play.stage);
		check_calls(&play);
		learn(&play);
	}
	alloc_disarm();
	play_close(&play.stage);
	for (struct post *post; (post = play.posts);) {
		play.posts = post->next;
		alloc_test_free(post);
	}
	return 0;
}
