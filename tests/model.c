/*
 * The model run of the create: random histories of a cloud, a network, users, a clock and mounts that end at any point,
 * against the real handlers, changes and journal. `model [RUNS] [SEED] [trace]`: run N uses SEED + N; a
 * violation ends it with 1, and shows the history that led there.
 *
 * Checked at every step, for each name:
 *   I1  at most one resource of ours; and no more POSTs that were not throttled than creates asked for
 *   I2  no POST leaves while an earlier one can still be carried out, or was
 *   I3  a write that succeeded: the resource is there
 *   I4  a write that was told "nothing was changed": none of its POSTs is ever carried out
 *   I5  no POST after one that may have arrived, unless two whole listings 60 s apart lacked it, the later 120 s after
 *       it, or a person has settled it
 *   I6  once the network is well and 15 minutes are over nothing is open, and the tree shows what the cloud has
 *
 * What the rule of neevfs(5), CREATING, assumes holds here too: a POST is carried out at most 100 s after it was sent,
 * and listed at most 30 s after that and 119 s after it was sent. The listings of every mount may lag so, also behind
 * what another one was told; a resource itself can be asked for as soon as it is there.
 *
 * I6 allows that what a mount left open waits until somebody asks for that name again, or the next mount begins: the
 * name is refused, or taken, until then.
 *
 * A kill leaves the journal as it is; a loss of power ends all mounts, and cuts it at any byte behind what was durable.
 * Death may also come in the fdatasync of a record, before the POST leaves.
 */
#include "../fs/handle.h"
#include "../fs/journal.h"
#include "../fs/op.h"
#include "alloc.h"
#include "stage.h"

#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { NAMES = 2, USERS = 3, MOUNTS = 2, POSTS_MAX = 64, FLIGHTS_MAX = 256, EVENTS_MIN = 5, EVENTS_MAX = 40 };
enum {
	BEGIN_MS = 1000000, /* the stage's */
	LATE_MS = 100000,
	LAG_MS = 30000,
	LISTED_MS = 119000,
	APART_MS = 60000,
	PATIENCE_MS = 120000,
	HEALED_MS = 900000,
};
#define NEVER INT64_MAX

static const char *const names[NAMES] = {"aaa", "bbb"};

enum fate {
	FATE_GOOD,
	FATE_UNSENT,
	FATE_LOST,
	FATE_5XX,
	FATE_WRONG_BODY,
	FATE_REFUSED,
	FATE_THROTTLED,
	FATE_TORN, /* a listing that is not whole */
};

/* A POST that left. */
struct post {
	int name;
	int64_t sent_ms, commit_ms, listed_ms;   /* NEVER: it is not carried out */
	bool committed, cleared, by_hand;        /* cleared: a mount was told that it was not carried out */
	int64_t first_missed_ms, last_missed_ms; /* whole listings without it, by when they began */
};

/* A request under way. */
struct flight {
	struct mount *mount;
	struct api_call *call;
	enum fate fate;
	int post; /* -1: it is a GET */
	int64_t began_ms, at_ms;
};

struct mount {
	struct stage stage;
	bool alive, armed, ghost; /* ghost: it died in an fdatasync, and what it still does is not real */
	unsigned number;
	off_t died_len;
	fuse_ino_t dir;
	struct api_call *seen; /* the latest that was */
};

enum step { STEP_IDLE, STEP_MKDIR, STEP_LOOK, STEP_LOOK_SPEC, STEP_OPEN, STEP_WRITE };

struct user {
	struct mount *mount;
	enum step step;
	int name;
	fuse_ino_t ino;
	fuse_req_t req, opened;
	uint64_t posts; /* of its write, as bits */
};

static struct {
	uint64_t seed, random;
	bool trace;
	char journal[128], aside[160];
	struct counts {
		uint64_t runs, asked, posts, commits, unclear, done, kills, cuts, deaths, already, progress, orphans;
	} all;
	/* of the run */
	int64_t now_ms;
	off_t durable;
	bool down, well; /* the network */
	unsigned bad_posts, bad_gets, mounts;
	struct mount mount[MOUNTS], *current;
	struct user user[USERS];
	struct post post[POSTS_MAX];
	int posts;
	struct flight flight[FLIGHTS_MAX];
	size_t flights;
	uint64_t asked[NAMES], sent[NAMES];
} world;

int __real_ftruncate(int fd, off_t len);
int __wrap_ftruncate(int fd, off_t len);
int __wrap_fdatasync(int fd);
int __wrap_fsync(int fd);
int __real_regcomp(regex_t *ret, const char *pattern, int flags);
int __wrap_regcomp(regex_t *ret, const char *pattern, int flags);
void __wrap_regfree(regex_t *regex);

/* ---- chance ---- */

/* splitmix64 */
static uint64_t random_next(void) {
	uint64_t x = world.random += UINT64_C(0x9E3779B97F4A7C15);
	x = (x ^ x >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	x = (x ^ x >> 27) * UINT64_C(0x94D049BB133111EB);
	return x ^ x >> 31;
}

static int64_t between(int64_t least, int64_t most) {
	return least + (int64_t)(random_next() % (uint64_t)(most - least + 1));
}

static bool chance(unsigned percent) {
	return random_next() % 100 < percent;
}

/* ---- telling ---- */

__attribute__((format(printf, 1, 2))) static void note(const char *format, ...) {
	if (!world.trace)
		return;
	va_list args;
	printf("%9.3f ", (double)(world.now_ms - BEGIN_MS) / 1000);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

static void repeat_traced(void) {
	char seed[24];
	snprintf(seed, sizeof(seed), "%llu", (unsigned long long)world.seed);
	printf("seed %s, repeat with: model 1 %s trace\n", seed, seed);
	fflush(NULL);
	if (!world.trace)
		execl("/proc/self/exe", "model", "1", seed, "trace", (char *)NULL);
	unlink(world.journal);
	_exit(1);
}

__attribute__((format(printf, 1, 2), noreturn)) static void violated(const char *format, ...) {
	va_list args;
	printf("VIOLATION after %llu runs: ", (unsigned long long)world.all.runs);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	repeat_traced();
	abort();
}

/* An assertion of the fakes ends the program by exit(). */
static void ended(void) {
	if (world.seed) {
		printf("VIOLATION after %llu runs: an assertion of the fakes\n", (unsigned long long)world.all.runs);
		repeat_traced();
	}
}

/* ---- the disk ---- */

static void see(struct mount *mount);

int __wrap_fdatasync(int fd) {
	struct stat st;
	struct mount *mount = world.current;
	if (fstat(fd, &st) < 0 || (mount && mount->ghost))
		return 0;
	if (mount && mount->armed) {
		see(mount); /* what was sent until now has left */
		mount->armed = false;
		mount->ghost = true;
		mount->died_len = st.st_size;
		return 0;
	}
	world.durable = st.st_size;
	return 0;
}

int __wrap_fsync(int fd) {
	(void)fd; /* of directories: the file's name is never lost here */
	return 0;
}

int __wrap_ftruncate(int fd, off_t len) {
	if (len < world.durable && !(world.current && world.current->ghost))
		world.durable = len;
	return __real_ftruncate(fd, len);
}

/* ---- patterns: compiled once, which is a third of the time ---- */

static struct {
	char *pattern;
	int flags;
	regex_t regex;
} patterns[16];

int __wrap_regcomp(regex_t *ret, const char *pattern, int flags) {
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		if (!patterns[i].pattern) {
			assert_int_equal(__real_regcomp(&patterns[i].regex, pattern, flags), 0);
			patterns[i].pattern = alloc_test_strdup(pattern);
			patterns[i].flags = flags;
		}
		if (patterns[i].flags == flags && strcmp(patterns[i].pattern, pattern) == 0) {
			*ret = patterns[i].regex;
			return 0;
		}
	}
	return __real_regcomp(ret, pattern, flags);
}

void __wrap_regfree(regex_t *regex) {
	(void)regex; /* it is one of the above; should these not suffice, it is lost */
}

/* ---- the cloud ---- */

static bool name_committed(int name) {
	for (int i = 0; i < world.posts; i++)
		if (world.post[i].name == name && world.post[i].committed)
			return true;
	return false;
}

static void cloud_commit(void) {
	for (int i = 0; i < world.posts; i++) {
		struct post *post = &world.post[i];
		if (post->committed || post->commit_ms > world.now_ms)
			continue;
		if (name_committed(post->name))
			violated("I1: a second %s", names[post->name]);
		post->committed = true;
		world.all.commits++;
		note("cloud: %s is made (POST %d), listed from %.3f", names[post->name], i,
			(double)(post->listed_ms - BEGIN_MS) / 1000);
	}
}

static bool post_listed(const struct post *post, int64_t as_of_ms) {
	return post->commit_ms <= as_of_ms && post->listed_ms <= as_of_ms;
}

#define ITEM                                                                                                          \
	"{\"id\":\"id-%d\",\"name\":\"%s\",\"status\":\"Active\",\"description\":\"d\",\"image\":\"ghcr.io/o/i:v1\"," \
	"\"category\":\"c\"}"

static void answer_list(const struct flight *flight) {
	char body[4096];
	int items = 1, len;
	int64_t as_of_ms = between(flight->began_ms, world.now_ms);
	bool whole = flight->fate == FATE_GOOD, shown[NAMES] = {false};
	len = snprintf(body, sizeof(body), "{\"data\":[{\"id\":\"id-old\",\"name\":\"old\",\"status\":\"Active\"}");
	for (int i = 0; i < world.posts; i++) {
		const struct post *post = &world.post[i];
		if (!post_listed(post, as_of_ms) || (!whole && chance(50)))
			continue;
		len += snprintf(body + len, sizeof(body) - (size_t)len, "," ITEM, i, names[post->name]);
		shown[post->name] = true;
		items++;
	}
	snprintf(body + len, sizeof(body) - (size_t)len, "],\"pagination\":{\"total_pages\":1,\"total_items\":%d}}",
		whole ? items : items + 1);
	note("mount %u: a %s listing that began at %.3f:%s%s", flight->mount->number, whole ? "whole" : "torn",
		(double)(flight->began_ms - BEGIN_MS) / 1000, shown[0] ? " aaa" : "", shown[1] ? " bbb" : "");
	for (int i = 0; whole && i < world.posts; i++) {
		struct post *post = &world.post[i];
		if (shown[post->name] || flight->began_ms < post->sent_ms)
			continue;
		if (post->first_missed_ms < 0)
			post->first_missed_ms = flight->began_ms;
		if (flight->began_ms > post->last_missed_ms)
			post->last_missed_ms = flight->began_ms;
	}
	fake_api_answer(flight->call, 200, body);
}

static void answer_item(const struct flight *flight) {
	char body[512];
	int i = atoi(flight->call->path + strlen(TEMPLATES "/id-"));
	if (strcmp(flight->call->path, TEMPLATES "/id-old") == 0) {
		fake_api_answer(flight->call, 200, "{\"id\":\"id-old\",\"name\":\"old\"}");
	} else if (strcmp(flight->call->path, TEMPLATES "/id-x") != 0 && i < world.posts && world.post[i].committed) {
		snprintf(body, sizeof(body), ITEM, i, names[world.post[i].name]);
		fake_api_answer(flight->call, 200, body);
	} else {
		fake_api_answer(flight->call, 404, NULL);
	}
}

/* ---- the network ---- */

static int64_t latency_ms(void) {
	return world.well || chance(80) ? between(20, 500) : chance(70) ? between(500, 10000) : between(10000, 45000);
}

static void get_begin(struct flight *flight) {
	flight->fate = FATE_GOOD;
	flight->at_ms = world.now_ms + latency_ms();
	if (world.down)
		flight->fate = FATE_UNSENT;
	else if (chance(world.bad_gets))
		flight->fate = chance(30)           ? FATE_UNSENT
			       : chance(40)         ? FATE_5XX
			       : chance(40)         ? FATE_LOST
			       : flight->call->list ? FATE_TORN
						    : FATE_5XX;
}

static void post_check(const struct post *post) {
	for (int i = 0; i < world.posts; i++) {
		const struct post *old = &world.post[i];
		if (old->name != post->name || old == post)
			continue;
		if (old->committed)
			violated("I2: %s is sent (POST %d) though POST %d was carried out", names[post->name],
				(int)(post - world.post), i);
		if (old->commit_ms != NEVER)
			violated("I2: %s is sent (POST %d) while POST %d can still be carried out", names[post->name],
				(int)(post - world.post), i);
		bool absent = old->first_missed_ms >= 0 && old->last_missed_ms - old->first_missed_ms >= APART_MS &&
			      old->last_missed_ms - old->sent_ms >= PATIENCE_MS;
		if (!old->cleared && !old->by_hand && !absent)
			violated("I5: %s is sent (POST %d) though POST %d may have arrived", names[post->name],
				(int)(post - world.post), i);
	}
	if (world.sent[post->name] > world.asked[post->name])
		violated("I1: %llu POSTs of %s, and %llu were asked for", (unsigned long long)world.sent[post->name],
			names[post->name], (unsigned long long)world.asked[post->name]);
}

/* The write whose change it is: the one whose handle says that it began one. */
static void post_attribute(const struct mount *mount, int name, int i) {
	for (struct user *user = world.user; user < world.user + USERS; user++) {
		if (user->step != STEP_WRITE || user->mount != mount || user->name != name)
			continue;
		const struct handle *handle = (struct handle *)(uintptr_t)user->opened->file.fh;
		if (!handle->sent)
			continue;
		user->posts |= UINT64_C(1) << i;
		return;
	}
	violated("%s is sent (POST %d), and nobody waits for it", names[name], i);
}

static enum fate post_fate(void) {
	unsigned r = (unsigned)(random_next() % 100);
	if (world.down)
		return FATE_UNSENT;
	if (!chance(world.bad_posts))
		return FATE_GOOD;
	return r < 15   ? FATE_UNSENT
	       : r < 55 ? FATE_LOST
	       : r < 70 ? FATE_5XX
	       : r < 78 ? FATE_WRONG_BODY
	       : r < 88 ? FATE_REFUSED
			: FATE_THROTTLED;
}

static void post_begin(struct flight *flight) {
	int name = strstr(flight->call->body, "\"aaa\"") ? 0 : 1, i = world.posts++;
	struct post *post = &world.post[i];
	if (world.posts > POSTS_MAX)
		violated("more than %d POSTs", POSTS_MAX);
	flight->post = i;
	flight->fate = post_fate();
	flight->at_ms = world.now_ms + latency_ms();
	*post = (struct post){.name = name, .sent_ms = world.now_ms, .first_missed_ms = -1, .last_missed_ms = -1};
	post->commit_ms = post->listed_ms = NEVER;
	bool may = flight->fate == FATE_LOST || flight->fate == FATE_5XX || flight->fate == FATE_WRONG_BODY;
	if (flight->fate == FATE_GOOD)
		post->commit_ms = between(world.now_ms, flight->at_ms);
	else if (may && chance(60)) /* else it was lost before it came to anything */
		post->commit_ms = world.now_ms + (chance(40)          ? between(0, 1000)
							 : chance(40) ? between(1000, LAG_MS)
								      : between(LAG_MS, LATE_MS));
	if (flight->fate == FATE_LOST && chance(30))
		flight->at_ms = NEVER; /* its time-out tells */
	if (post->commit_ms != NEVER) {
		post->listed_ms = post->commit_ms + (chance(50) ? 0 : between(0, LAG_MS));
		if (post->listed_ms > post->sent_ms + LISTED_MS)
			post->listed_ms = post->sent_ms + LISTED_MS;
	}
	note("mount %u: POST %d of %s, fate %d, carried out at %.3f", flight->mount->number, i, names[name],
		(int)flight->fate, post->commit_ms == NEVER ? -1 : (double)(post->commit_ms - BEGIN_MS) / 1000);
	world.all.posts++;
	world.sent[name] += flight->fate != FATE_THROTTLED && flight->fate != FATE_UNSENT;
	post_attribute(flight->mount, name, i);
	post_check(post);
}

static void see(struct mount *mount) {
	struct api_call *call = mount->seen ? mount->seen->next : fake_api_first(mount->stage.api);
	for (; call; call = call->next) {
		mount->seen = call;
		if (mount->ghost)
			continue;
		if (world.flights == FLIGHTS_MAX)
			violated("more than %d requests under way", FLIGHTS_MAX);
		struct flight *flight = &world.flight[world.flights++];
		*flight = (struct flight){.mount = mount, .call = call, .post = -1, .began_ms = world.now_ms};
		if (call->method == API_POST)
			post_begin(flight);
		else
			get_begin(flight);
		if (flight->at_ms > world.now_ms + call->timeout_ms && call->timeout_ms) {
			flight->at_ms = world.now_ms + call->timeout_ms;
			flight->fate = FATE_LOST;
		}
	}
}

static void post_answer(const struct flight *flight) {
	static const int refusals[] = {400, 402, 403, 409, 422};
	struct post *post = &world.post[flight->post];
	struct api_call *call = flight->call;
	char body[512];
	note("mount %u: the answer to POST %d", flight->mount->number, flight->post);
	switch (flight->fate) {
	case FATE_GOOD:
		cloud_commit();
		snprintf(body, sizeof(body), ITEM, flight->post, names[post->name]);
		fake_api_answer(call, 201, body);
		return;
	case FATE_WRONG_BODY:
		world.all.unclear++;
		fake_api_answer(call, 200, chance(50) ? "{}" : "{\"id\":\"id-x\",\"name\":\"other\"}");
		return;
	case FATE_5XX:
		world.all.unclear++;
		fake_api_answer(call, chance(50) ? 500 : 503, NULL);
		return;
	case FATE_REFUSED:
		post->cleared = true;
		fake_api_answer(call, refusals[between(0, 4)], NULL);
		return;
	case FATE_THROTTLED:
		post->cleared = true;
		call->retry_after_ms = chance(80) ? (unsigned)between(1, 25) * 1000 : 0;
		fake_api_answer(call, 429, NULL);
		return;
	case FATE_UNSENT:
		post->cleared = true;
		fake_api_fail(call, EHOSTUNREACH, false);
		return;
	default:
		world.all.unclear++;
		fake_api_fail(call, chance(50) ? ETIMEDOUT : EREMOTEIO, true);
		return;
	}
}

static void get_answer(const struct flight *flight) {
	note("mount %u: the answer to GET %s, fate %d", flight->mount->number, flight->call->path, (int)flight->fate);
	switch (flight->fate) {
	case FATE_GOOD:
	case FATE_TORN:
		if (flight->call->list)
			answer_list(flight);
		else
			answer_item(flight);
		return;
	case FATE_5XX:
		fake_api_answer(flight->call, 503, NULL);
		return;
	default:
		fake_api_fail(flight->call, flight->fate == FATE_UNSENT ? EHOSTUNREACH : ETIMEDOUT,
			flight->fate != FATE_UNSENT);
		return;
	}
}

/* ---- mounts ---- */

/* What is done next is that mount's. */
static struct stage *on(struct mount *mount) {
	world.current = mount;
	return &mount->stage;
}

static void mount_begin(struct mount *mount) {
	struct stage *stage = on(mount);
	*mount = (struct mount){.alive = true, .number = ++world.mounts};
	stage_init(stage);
	stage->options.allow = CHANGE_CREATE;
	stage->options.journal = world.journal;
	assert_int_equal(stage_open(stage), 0);
	stage->fs.seed = random_next();
	stage_later(stage, world.now_ms - stage->fs.now_ms);
	struct error err = {0};
	int rc = changes_recover(stage->fs.changes, &err);
	if (rc)
		violated("the journal cannot be recovered: %s", err.message);
	mount->dir = stage_walk(stage, TEMPLATES_DIR);
	note("mount %u begins", mount->number);
}

static void mount_forget(struct mount *mount) {
	size_t kept = 0;
	for (size_t i = 0; i < world.flights; i++)
		if (world.flight[i].mount != mount)
			world.flight[kept++] = world.flight[i];
	world.flights = kept;
	for (struct user *user = world.user; user < world.user + USERS; user++)
		if (user->mount == mount)
			*user = (struct user){0};
	mount->alive = mount->ghost = mount->armed = false;
}

static void mount_end(struct mount *mount) {
	note("mount %u is unmounted", mount->number);
	mount->armed = false;
	stage_close(on(mount));
	mount_forget(mount);
}

/* What it would still write goes nowhere. */
static void mount_kill(struct mount *mount) {
	note("mount %u is killed", mount->number);
	world.all.kills++;
	mount->ghost = true;
	bool there = rename(world.journal, world.aside) == 0;
	stage_close(on(mount));
	unlink(world.journal);
	if (there && rename(world.aside, world.journal) < 0)
		violated("the journal cannot be put back");
	mount_forget(mount);
}

static void power_cut(off_t len) {
	struct stat st;
	world.all.cuts++;
	for (struct mount *mount = world.mount; mount < world.mount + MOUNTS; mount++)
		if (mount->alive)
			mount_kill(mount);
	if (stat(world.journal, &st) < 0)
		return;
	if (len < 0 || len > st.st_size)
		len = st.st_size;
	if (world.durable < len)
		len = between(world.durable, len);
	note("the power is lost: %lld bytes of the journal are left of %lld, %lld were durable", (long long)len,
		(long long)st.st_size, (long long)world.durable);
	if (truncate(world.journal, len) < 0)
		violated("the journal cannot be cut");
	world.durable = len;
}

/* ---- users ---- */

static void user_end(struct user *user) {
	if (user->opened)
		kernel_release(user->opened);
	*user = (struct user){0};
}

/* What its write was told. */
static void user_told(const struct user *user) {
	const struct fuse_req *req = user->req;
	if (req->answer == ANSWER_WRITE || !req->code) {
		note("mount %u: a write of %s succeeds", user->mount->number, names[user->name]);
		world.all.done++;
		if (!name_committed(user->name))
			violated("I3: a write of %s succeeded, and there is none", names[user->name]);
		return;
	}
	note("mount %u: a write of %s: %s", user->mount->number, names[user->name], error_name(req->code));
	world.all.already += req->code == EALREADY;
	world.all.progress += req->code == EINPROGRESS;
	world.asked[user->name] -= req->code == EALREADY && !user->posts;
	if (!user->posts)
		return;
	char path[64];
	struct buffer text = {0};
	snprintf(path, sizeof(path), TEMPLATES_DIR "/%s/spec.json", names[user->name]);
	refusal_last(user->mount->stage.fs.refusals, path, &text);
	bool nothing =
		text.data && strstr(text.data, error_name(req->code)) && strstr(text.data, "nothing was changed");
	for (int i = 0; nothing && i < world.posts; i++)
		if (user->posts & UINT64_C(1) << i && world.post[i].commit_ms != NEVER)
			violated("I4: \"nothing was changed\" was said of POST %d", i);
	buffer_free(&text);
}

/* True if it went on. */
static bool user_step(struct user *user) {
	if (user->step == STEP_IDLE || user->req->answer == ANSWER_MISSING)
		return false;
	const struct fuse_req *req = user->req;
	struct stage *stage = on(user->mount);
	bool failed = req->answer == ANSWER_ERR;
	switch (user->step) {
	case STEP_MKDIR:
		if (failed && req->code == EEXIST) {
			user->step = STEP_LOOK;
			user->req = stage_lookup(stage, user->mount->dir, names[user->name]);
			return true;
		}
		__attribute__((fallthrough));
	case STEP_LOOK:
		if (failed)
			break;
		user->ino = req->entry.ino;
		user->step = STEP_LOOK_SPEC;
		user->req = stage_lookup(stage, user->ino, "spec.json");
		return true;
	case STEP_LOOK_SPEC:
		if (failed && req->code != ENOENT)
			break;
		user->step = STEP_OPEN;
		user->req = failed ? stage_create(stage, user->ino, "spec.json")
				   : stage_open_file(stage, req->entry.ino, O_WRONLY | O_TRUNC);
		return true;
	case STEP_OPEN:
		if (failed)
			break;
		user->opened = user->req;
		user->step = STEP_WRITE;
		world.asked[user->name]++;
		world.all.asked++;
		note("mount %u: %s is written", user->mount->number, names[user->name]);
		user->req = stage_write(stage, user->opened, SPEC_TEXT, 0);
		return true;
	default:
		/* Another writer's text was there already: then it is the close that commits. */
		if (req->answer == ANSWER_WRITE &&
			!((const struct handle *)(uintptr_t)user->opened->file.fh)->settled) {
			user->req = stage_flush(stage, user->opened);
			return true;
		}
		user_told(user);
		break;
	}
	user_end(user);
	return true;
}

/* ---- going on ---- */

static void turn(void) {
	for (bool more = true; more;) {
		more = false;
		for (struct mount *mount = world.mount; mount < world.mount + MOUNTS; mount++) {
			if (!mount->alive)
				continue;
			see(mount);
			if (mount->ghost) {
				world.all.deaths++;
				note("mount %u dies in its fdatasync", mount->number);
				power_cut(mount->died_len);
				return;
			}
		}
		for (struct user *user = world.user; !more && user < world.user + USERS; user++)
			more = user_step(user);
	}
}

static void deliver(void) {
	for (size_t i = 0; i < world.flights;) {
		struct flight flight = world.flight[i];
		if (!flight.call->over && flight.at_ms > world.now_ms) {
			i++;
			continue;
		}
		world.flight[i] = world.flight[--world.flights];
		if (flight.call->over)
			continue;
		on(flight.mount);
		if (flight.post >= 0)
			post_answer(&flight);
		else
			get_answer(&flight);
		stage_turn(&flight.mount->stage);
		turn();
		i = 0; /* that may have begun others, or ended the mount */
	}
}

static void tick(int64_t now_ms) {
	world.now_ms = now_ms;
	cloud_commit();
	for (struct mount *mount = world.mount; mount < world.mount + MOUNTS; mount++)
		if (mount->alive) {
			stage_later(on(mount), now_ms - mount->stage.fs.now_ms);
			turn();
		}
	deliver();
}

static int64_t sooner(int64_t a_ms, int64_t b_ms) {
	return a_ms < b_ms ? a_ms : b_ms;
}

/* From one thing that is due to the next. */
static void advance(int64_t ms) {
	int64_t end_ms = world.now_ms + ms;
	while (world.now_ms < end_ms) {
		int64_t next_ms = end_ms;
		for (const struct mount *mount = world.mount; mount < world.mount + MOUNTS; mount++) {
			if (!mount->alive)
				continue;
			int changes_ms = changes_wait_ms(mount->stage.fs.changes),
			    ops_ms = ops_wait_ms(&mount->stage.fs);
			if (changes_ms >= 0)
				next_ms = sooner(next_ms, world.now_ms + changes_ms);
			if (ops_ms >= 0)
				next_ms = sooner(next_ms, world.now_ms + ops_ms);
		}
		for (size_t i = 0; i < world.flights; i++)
			next_ms = sooner(next_ms, world.flight[i].at_ms);
		for (int i = 0; i < world.posts; i++)
			if (!world.post[i].committed)
				next_ms = sooner(next_ms, world.post[i].commit_ms);
		tick(next_ms > world.now_ms ? next_ms : world.now_ms + 1);
	}
}

/* ---- events ---- */

static struct mount *some_mount(void) {
	struct mount *mount = &world.mount[between(0, MOUNTS - 1)];
	if (!mount->alive)
		mount = &world.mount[world.mount[0].alive ? 0 : 1];
	return mount->alive ? mount : NULL;
}

static void event_apply(void) {
	struct mount *mount = some_mount();
	for (struct user *user = world.user; mount && user < world.user + USERS; user++) {
		if (user->step != STEP_IDLE)
			continue;
		*user = (struct user){.mount = mount, .step = STEP_MKDIR, .name = chance(70) ? 0 : 1};
		user->req = stage_mkdir(on(mount), mount->dir, names[user->name]);
		turn();
		return;
	}
	advance(between(100, 2000));
}

static void event_interrupt(void) {
	struct user *user = &world.user[between(0, USERS - 1)];
	if (user->step == STEP_IDLE || user->req->answer != ANSWER_MISSING)
		return;
	struct mount *mount = user->mount;
	note("mount %u: who waits for %s is interrupted", mount->number, names[user->name]);
	kernel_interrupt(user->req);
	stage_turn(on(mount));
	turn();
}

static void event_rmdir(void) {
	struct mount *mount = some_mount();
	if (!mount)
		return;
	int name = (int)between(0, NAMES - 1);
	note("mount %u: rmdir %s", mount->number, names[name]);
	stage_rmdir(on(mount), mount->dir, names[name]);
	turn();
}

struct by_hand {
	uint64_t number;
	int name;
};

static int by_hand_visit(void *user, const struct journal_record *record) {
	struct by_hand *hand = user;
	for (int i = 0; i < NAMES; i++)
		if (!strcmp(record->entry.name, names[i]) && !hand->number)
			*hand = (struct by_hand){record->number, i};
	return 0;
}

/* A person has looked, some time after it was sent, and seen that there is none and that nothing is under way. */
static void event_by_hand(void) {
	struct mount *mount = some_mount();
	struct by_hand hand = {0};
	char last = 0, line[64];
	if (!mount || journal_open_records(on(mount)->fs.journal, by_hand_visit, &hand, NULL) || !hand.number)
		return;
	for (int i = 0; i < world.posts; i++)
		if (world.post[i].name == hand.name && world.post[i].commit_ms != NEVER)
			return;
	for (size_t i = 0; i < MOUNTS; i++)
		if (world.mount[i].alive) {
			const struct draft *draft =
				draft_find(world.mount[i].stage.fs.drafts, TEMPLATES, names[hand.name]);
			if (draft && draft->state == DRAFT_BUSY)
				return;
		}
	int fd = open(world.journal, O_RDWR | O_APPEND | O_CLOEXEC);
	off_t len = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	int line_len = snprintf(line, sizeof(line), "settled %llu\n", (unsigned long long)hand.number);
	if (fd >= 0 && len > 0 && pread(fd, &last, 1, len - 1) == 1 && last == '\n' &&
		write(fd, line, (size_t)line_len) == line_len) {
		note("a person settles record %llu, of %s", (unsigned long long)hand.number, names[hand.name]);
		world.durable = len + line_len;
		for (int i = 0; i < world.posts; i++)
			world.post[i].by_hand |= world.post[i].name == hand.name;
	}
	if (fd >= 0)
		close(fd);
}

static void mount_again(void) {
	if (chance(50))
		advance(between(0, 60000));
	for (struct mount *mount = world.mount; mount < world.mount + MOUNTS; mount++)
		if (mount->alive)
			return;
	mount_begin(&world.mount[0]);
	turn();
}

static void event_mount(unsigned sort, bool second) {
	struct mount *mount = some_mount();
	if (sort == 0 && mount)
		mount_end(mount);
	else if (sort == 1 && mount)
		mount_kill(mount);
	else if (sort == 2)
		power_cut(-1);
	else if (sort == 3 && mount)
		mount->armed = true;
	else if (sort == 4 && second)
		for (size_t i = 0; i < MOUNTS; i++)
			if (!world.mount[i].alive) {
				mount_begin(&world.mount[i]);
				turn();
			}
}

static void event(bool second) {
	unsigned r = (unsigned)(random_next() % 100);
	if (r < 36)
		event_apply();
	else if (r < 54)
		advance(between(100, 2000));
	else if (r < 70)
		advance(between(2000, 30000));
	else if (r < 76)
		advance(between(30000, 200000));
	else if (r < 78) /* the machine slept */
		tick(world.now_ms + between(1000, 200000));
	else if (r < 84)
		event_interrupt();
	else if (r < 87)
		event_rmdir();
	else if (r < 95)
		event_mount(r < 89 ? 0 : r < 91 ? 1 : r < 92 ? 2 : r < 94 ? 3 : 4, second);
	else if (r < 98)
		event_by_hand();
	else
		world.down = !world.down;
	mount_again();
}

/* ---- the end of a run ---- */

/* Counts the records of mounts that are gone, in *user; NULL: there must be none. */
static int open_visit(void *user, const struct journal_record *record) {
	uint64_t *orphans = user;
	bool owned = false;
	for (const struct mount *mount = world.mount; mount < world.mount + MOUNTS; mount++) {
		const struct draft *draft =
			mount->alive ? draft_find(mount->stage.fs.drafts, TEMPLATES, record->entry.name) : NULL;
		owned |= draft && draft->state != DRAFT_OPEN;
	}
	if (owned || !orphans)
		violated("I6: record %llu, of %s, stays open", (unsigned long long)record->number, record->entry.name);
	++*orphans;
	return 0;
}

/* What a mount left open is taken up when the next one begins: until then the name is refused, which is safe. */
static void adopt_orphans(void) {
	uint64_t orphans = 0;
	struct mount *mount = some_mount();
	if (!mount || journal_open_records(on(mount)->fs.journal, open_visit, &orphans, NULL))
		violated("I6: the journal cannot be read");
	if (!orphans)
		return;
	world.all.orphans += orphans;
	while ((mount = some_mount()))
		mount_end(mount);
	mount_begin(&world.mount[0]);
	advance(HEALED_MS);
	if (journal_open_records(on(&world.mount[0])->fs.journal, open_visit, NULL, NULL))
		violated("I6: the journal cannot be read");
}

static fuse_req_t answered(struct mount *mount, fuse_req_t req) {
	turn();
	for (int i = 0; i < 100 && req->answer == ANSWER_MISSING; i++)
		advance(1000);
	if (req->answer == ANSWER_MISSING)
		violated("I6: mount %u does not answer", mount->number);
	return req;
}

static void check_tree(struct mount *mount, int name) {
	const struct draft *draft = draft_find(mount->stage.fs.drafts, TEMPLATES, names[name]);
	if (draft && (draft->state == DRAFT_BUSY || draft->state == DRAFT_DOUBT))
		violated("I6: %s stays in state %d", names[name], (int)draft->state);
	fuse_req_t req = answered(mount, stage_lookup(on(mount), mount->dir, names[name]));
	bool shown = req->answer == ANSWER_ENTRY;
	if (shown)
		shown = answered(mount, stage_lookup(on(mount), req->entry.ino, "id"))->answer == ANSWER_ENTRY;
	if (shown != name_committed(name))
		violated("I6: mount %u shows %s %s", mount->number, shown ? "a" : "no", names[name]);
}

static void check_end(void) {
	for (struct mount *mount = world.mount; mount < world.mount + MOUNTS; mount++)
		mount->armed = false;
	world.down = false;
	world.well = true;
	world.bad_gets = world.bad_posts = 0;
	if (!some_mount())
		mount_begin(&world.mount[0]);
	turn();
	advance(HEALED_MS);
	note("15 minutes are over");
	adopt_orphans();
	for (struct mount *mount = world.mount; mount < world.mount + MOUNTS; mount++)
		for (int name = 0; mount->alive && name < NAMES; name++)
			check_tree(mount, name);
	for (struct mount *mount = world.mount; mount < world.mount + MOUNTS; mount++)
		if (mount->alive)
			mount_end(mount);
}

static void run(uint64_t seed) {
	static const unsigned rates[] = {10, 40, 90};
	world.seed = world.random = seed;
	world.now_ms = BEGIN_MS;
	world.durable = 0;
	world.down = world.well = false;
	world.mounts = 0;
	world.posts = 0;
	world.flights = 0;
	world.current = NULL;
	memset(world.mount, 0, sizeof(world.mount));
	memset(world.user, 0, sizeof(world.user));
	memset(world.asked, 0, sizeof(world.asked));
	memset(world.sent, 0, sizeof(world.sent));
	unlink(world.journal);
	world.bad_posts = rates[between(0, 2)];
	world.bad_gets = rates[between(0, 2)] / 2;
	bool second = chance(30);
	int64_t events = between(EVENTS_MIN, EVENTS_MAX);
	mount_begin(&world.mount[0]);
	if (second && chance(50))
		mount_begin(&world.mount[1]);
	for (int64_t i = 0; i < events; i++)
		event(second);
	check_end();
	world.all.runs++;
}

static int usage(void) {
	fprintf(stderr, "usage: model [RUNS] [SEED] [trace]\n");
	return 2;
}

int main(int argc, char **argv) {
	uint64_t runs = 1000, seed = 1;
	int numbers = 0;
	for (int i = 1; i < argc; i++) {
		char *end;
		unsigned long long number = strtoull(argv[i], &end, 10);
		if (!strcmp(argv[i], "trace"))
			world.trace = true;
		else if (*end || end == argv[i] || !number || numbers == 2)
			return usage();
		else
			*(numbers++ ? &seed : &runs) = number;
	}
	const char *dir = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	snprintf(world.journal, sizeof(world.journal), "%s/neevfs-model-%ld", dir, (long)getpid());
	snprintf(world.aside, sizeof(world.aside), "%s.aside", world.journal);
	atexit(ended);
	for (uint64_t i = 0; i < runs; i++)
		run(seed + i);
	world.seed = 0;
	unlink(world.journal);
	const struct counts *all = &world.all;
	printf("%llu runs, %llu creates asked, %llu POSTs, %llu carried out, %llu unclear, %llu successes, %llu in "
	       "progress, %llu kills (%llu with the power, %llu in an fdatasync), %llu records left to the next mount, "
	       "0 violations\n",
		(unsigned long long)all->runs, (unsigned long long)all->asked, (unsigned long long)all->posts,
		(unsigned long long)all->commits, (unsigned long long)all->unclear, (unsigned long long)all->done,
		(unsigned long long)all->progress, (unsigned long long)all->kills, (unsigned long long)all->cuts,
		(unsigned long long)all->deaths, (unsigned long long)all->orphans);
	return 0;
}
