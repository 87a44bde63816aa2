#include "fake_fuse.h"

#include "alloc.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

struct held {
	struct node_key key;
	uint64_t lookups;
};

struct kernel {
	void *userdata;
	pid_t pid;
	struct fuse_req *first;
	struct held *held;
	size_t held_count, held_cap;
	struct node_key *past; /* what was given back */
	size_t past_count, past_cap;
	size_t told; /* notifications */
	size_t polls, polled;
};

static void *zeroed(size_t size) {
	void *block = alloc_test_realloc(NULL, size);

	assert_non_null(block);
	return memset(block, 0, size);
}

struct kernel *kernel_new(void *userdata) {
	struct kernel *kernel = zeroed(sizeof(*kernel));

	kernel->userdata = userdata;
	kernel->pid = getpid();
	return kernel;
}

fuse_req_t kernel_request(struct kernel *kernel) {
	struct fuse_req *req = zeroed(sizeof(*req));

	req->kernel = kernel;
	req->ctx.pid = kernel->pid;
	req->next = kernel->first;
	kernel->first = req;
	return req;
}

void kernel_ask_as(struct kernel *kernel, pid_t pid) {
	kernel->pid = pid;
}

void kernel_release(fuse_req_t req) {
	fuse_req_t release = kernel_request(req->kernel);

	assert_true(req->answer == ANSWER_OPEN || req->answer == ANSWER_CREATE);
	assert_false(req->released);
	req->released = true;
	fs_release(release, FUSE_ROOT_ID, &req->file);
	assert_int_equal(release->answer, ANSWER_ERR);
	assert_int_equal(release->code, 0);
}

static struct held *held_find(const struct kernel *kernel, fuse_ino_t ino) {
	for (size_t i = 0; i < kernel->held_count; i++)
		if (kernel->held[i].key.ino == ino)
			return &kernel->held[i];
	return NULL;
}

/* With as many bits of the generation as the kernel keeps. */
static bool key_same(struct node_key a, struct node_key b) {
	return a.ino == b.ino && (uint32_t)a.generation == (uint32_t)b.generation;
}

static void past_add(struct kernel *kernel, struct node_key key) {
	if (kernel->past_count == kernel->past_cap) {
		kernel->past_cap = kernel->past_cap ? kernel->past_cap * 2 : 64;
		kernel->past = alloc_test_realloc(kernel->past, kernel->past_cap * sizeof(key));
		assert_non_null(kernel->past);
	}
	kernel->past[kernel->past_count++] = key;
}

static void held_add(struct kernel *kernel, struct node_key key) {
	struct held *held = held_find(kernel, key.ino);

	if (key.ino == FUSE_ROOT_ID)
		return;
	if (held && !key_same(held->key, key))
		fail_msg("a node that the kernel holds has another generation");
	if (!held) {
		for (size_t i = 0; i < kernel->past_count; i++)
			if (key_same(kernel->past[i], key) && kernel->past[i].file != key.file)
				fail_msg("a node is what another file was");
		if (kernel->held_count == kernel->held_cap) {
			kernel->held_cap = kernel->held_cap ? kernel->held_cap * 2 : 64;
			kernel->held = alloc_test_realloc(kernel->held, kernel->held_cap * sizeof(*held));
			assert_non_null(kernel->held);
		}
		held = &kernel->held[kernel->held_count++];
		*held = (struct held){.key = key};
	}
	held->lookups++;
}

void kernel_forget(struct kernel *kernel, fuse_ino_t ino) {
	struct held *held = held_find(kernel, ino);
	fuse_req_t req = kernel_request(kernel);
	uint64_t lookups = held ? held->lookups : 0;

	if (!held) {
		fail_msg("the kernel holds no such node");
	} else {
		past_add(kernel, held->key);
		*held = kernel->held[--kernel->held_count];
	}
	fs_forget(req, ino, lookups);
	assert_int_equal(req->answer, ANSWER_NONE);
}

void kernel_end(struct kernel *kernel) {
	struct fuse_forget_data *forgets;
	size_t count = kernel->held_count;
	fuse_req_t req;

	assert_int_equal(kernel_unanswered(kernel), 0);
	for (struct fuse_req *at = kernel->first; at; at = at->next)
		if ((at->answer == ANSWER_OPEN || at->answer == ANSWER_CREATE) && !at->gone && !at->released)
			kernel_release(at);
	assert_int_equal(kernel->polls, 0);
	if (!count)
		return;
	/* In the order in which the kernel got them: parents before children, which must keep their parents alive. */
	forgets = zeroed(count * sizeof(*forgets));
	for (size_t i = 0; i < count; i++)
		forgets[i] =
			(struct fuse_forget_data){.ino = kernel->held[i].key.ino, .nlookup = kernel->held[i].lookups};
	kernel->held_count = 0;
	req = kernel_request(kernel);
	fs_forget_multi(req, count, forgets);
	alloc_test_free(forgets);
	assert_int_equal(req->answer, ANSWER_NONE);
}

void kernel_free(struct kernel *kernel) {
	struct fuse_req *req;

	if (!kernel)
		return;
	while ((req = kernel->first)) {
		kernel->first = req->next;
		alloc_test_free(req->data);
		alloc_test_free(req->given);
		alloc_test_free(req);
	}
	alloc_test_free(kernel->held);
	alloc_test_free(kernel->past);
	alloc_test_free(kernel);
}

uint64_t kernel_lookups(const struct kernel *kernel, fuse_ino_t ino) {
	const struct held *held = held_find(kernel, ino);

	return held ? held->lookups : 0;
}

size_t kernel_nodes(const struct kernel *kernel) {
	return kernel->held_count;
}

size_t kernel_unanswered(const struct kernel *kernel) {
	size_t count = 0;

	for (const struct fuse_req *req = kernel->first; req; req = req->next)
		count += req->answer == ANSWER_MISSING;
	return count;
}

fuse_req_t kernel_first(const struct kernel *kernel) {
	return kernel->first;
}

/* ---- what libfuse offers ---- */

/* libfuse frees a request with its answer: from then on every use is one of freed memory. */
static void touch(const struct fuse_req *req) {
	if (req->answer != ANSWER_MISSING)
		fail_msg("a request is touched after its answer (%d)", (int)req->answer);
}

/* Look-ups that come with the entries of a readdir. */
static void held_given(struct fuse_req *req) {
	for (size_t i = 0; i < req->given_count; i++)
		held_add(req->kernel, req->given[i]);
}

static int answered(fuse_req_t req, enum answer answer) {
	touch(req);
	req->answer = answer;
	return req->gone ? -ENOENT : 0;
}

void *fuse_req_userdata(fuse_req_t req) {
	touch(req);
	return req->kernel->userdata;
}

const struct fuse_ctx *fuse_req_ctx(fuse_req_t req) {
	touch(req);
	return &req->ctx;
}

void fuse_req_interrupt_func(fuse_req_t req, fuse_interrupt_func_t func, void *data) {
	touch(req);
	req->on_interrupt = func;
	req->on_interrupt_data = data;
	if (req->interrupted && func)
		func(req, data);
}

/* Blocked, they wait as those of a process do that is in a call. */
void kernel_signal(int signal) {
	const struct timespec at_once = {0};
	sigset_t all;
	sigemptyset(&all);
	sigaddset(&all, SIGINT);
	sigaddset(&all, SIGCHLD);
	sigaddset(&all, SIGWINCH);
	assert_int_equal(sigprocmask(SIG_BLOCK, &all, NULL), 0);
	while (sigtimedwait(&all, NULL, &at_once) > 0)
		;
	if (signal)
		assert_int_equal(raise(signal), 0);
}

void kernel_interrupt(fuse_req_t req) {
	kernel_interrupt_by(req, SIGINT);
}

void kernel_interrupt_by(fuse_req_t req, int signal) {
	kernel_signal(signal);
	touch(req);
	req->interrupted = true;
	if (req->on_interrupt)
		req->on_interrupt(req, req->on_interrupt_data);
}

int fuse_reply_err(fuse_req_t req, int err) {
	/* libfuse turns what is no errno into ERANGE, behind our back. */
	if (err < 0 || err > 999)
		fail_msg("%d is no errno", err);
	req->code = err;
	return answered(req, ANSWER_ERR);
}

void fuse_reply_none(fuse_req_t req) {
	answered(req, ANSWER_NONE);
}

static int entered(fuse_req_t req, const struct fuse_entry_param *entry, enum answer answer) {
	int rc = answered(req, answer);

	assert_true(entry->ino != 0);
	assert_true(entry->attr.st_ino != 0);
	req->entry = *entry;
	req->attr = entry->attr;
	req->attr_timeout = entry->attr_timeout;
	if (!rc)
		held_add(req->kernel, (struct node_key){entry->ino, entry->generation, entry->attr.st_ino});
	return rc;
}

int fuse_reply_entry(fuse_req_t req, const struct fuse_entry_param *entry) {
	return entered(req, entry, ANSWER_ENTRY);
}

int fuse_reply_create(fuse_req_t req, const struct fuse_entry_param *entry, const struct fuse_file_info *file) {
	req->file = *file;
	return entered(req, entry, ANSWER_CREATE);
}

int fuse_reply_attr(fuse_req_t req, const struct stat *attr, double attr_timeout) {
	req->attr = *attr;
	req->attr_timeout = attr_timeout;
	return answered(req, ANSWER_ATTR);
}

int fuse_reply_open(fuse_req_t req, const struct fuse_file_info *file) {
	req->file = *file;
	return answered(req, ANSWER_OPEN);
}

static void keep_data(fuse_req_t req, const char *data, size_t size) {
	req->data = zeroed(size + 1);
	if (size)
		memcpy(req->data, data, size);
	req->len = size;
}

int fuse_reply_buf(fuse_req_t req, const char *buf, size_t size) {
	int rc = answered(req, ANSWER_BUF);

	keep_data(req, buf, size);
	if (!rc)
		held_given(req);
	return rc;
}

int fuse_reply_readlink(fuse_req_t req, const char *target) {
	int rc = answered(req, ANSWER_READLINK);

	keep_data(req, target, strlen(target));
	return rc;
}

int fuse_reply_write(fuse_req_t req, size_t count) {
	req->len = count;
	return answered(req, ANSWER_WRITE);
}

int fuse_reply_statfs(fuse_req_t req, const struct statvfs *stbuf) {
	req->statvfs = *stbuf;
	return answered(req, ANSWER_STATFS);
}

/* ---- directory entries ---- */

struct dirent_head {
	uint64_t ino, next;
	uint32_t len, mode;
};

/* The head of what readdirplus gives: what the test looks at of an entry. */
struct plus_head {
	fuse_ino_t node;
	double timeout_s;
	struct stat attr;
};

/* As large as the real one: 24 bytes and the name, up to the next multiple of eight. */
size_t fuse_add_direntry(
	fuse_req_t req, char *buf, size_t bufsize, const char *name, const struct stat *st, off_t off) {
	struct dirent_head head = {
		.ino = st->st_ino, .next = (uint64_t)off, .len = (uint32_t)strlen(name), .mode = st->st_mode};
	size_t need = (sizeof(head) + head.len + 7) / 8 * 8;

	touch(req);
	if (!buf || need > bufsize)
		return need;
	memset(buf, 0, need);
	memcpy(buf, &head, sizeof(head));
	memcpy(buf + sizeof(head), name, head.len);
	return need;
}

size_t fuse_add_direntry_plus(
	fuse_req_t req, char *buf, size_t bufsize, const char *name, const struct fuse_entry_param *e, off_t off) {
	struct plus_head head = {.node = e->ino, .timeout_s = e->attr_timeout, .attr = e->attr};
	size_t need = sizeof(head) + fuse_add_direntry(req, NULL, 0, name, &e->attr, off);

	if (!buf || need > bufsize)
		return need;
	memcpy(buf, &head, sizeof(head));
	fuse_add_direntry(req, buf + sizeof(head), bufsize - sizeof(head), name, &e->attr, off);
	req->plus = true;
	if (e->ino) {
		req->given = alloc_test_realloc(req->given, (req->given_count + 1) * sizeof(*req->given));
		assert_non_null(req->given);
		req->given[req->given_count++] = (struct node_key){e->ino, e->generation, e->attr.st_ino};
	}
	return need;
}

/* The session of a stage is its kernel. */
int fuse_lowlevel_notify_inval_inode(struct fuse_session *session, fuse_ino_t ino, off_t off, off_t len) {
	struct kernel *kernel = (struct kernel *)session;

	(void)len;
	/* Any range would wait for reads, which only who calls this can answer. */
	assert_int_equal(off, -1);
	if (ino != FUSE_ROOT_ID && !held_find(kernel, ino))
		return -ENOENT;
	kernel->told++;
	return 0;
}

struct fuse_pollhandle {
	struct kernel *kernel;
};

struct fuse_pollhandle *kernel_poll(struct kernel *kernel) {
	struct fuse_pollhandle *poll = zeroed(sizeof(*poll));

	poll->kernel = kernel;
	kernel->polls++;
	return poll;
}

size_t kernel_polled(const struct kernel *kernel) {
	return kernel->polled;
}

int fuse_lowlevel_notify_poll(struct fuse_pollhandle *poll) {
	poll->kernel->polled++;
	return 0;
}

void fuse_pollhandle_destroy(struct fuse_pollhandle *poll) {
	poll->kernel->polls--;
	alloc_test_free(poll);
}

int fuse_reply_poll(fuse_req_t req, unsigned revents) {
	req->len = revents;
	return answered(req, ANSWER_POLL);
}

size_t kernel_told(const struct kernel *kernel) {
	return kernel->told;
}

bool dirent_next(const struct fuse_req *req, size_t *at, struct dirent_seen *ret) {
	struct dirent_head head;

	assert_int_equal(req->answer, ANSWER_BUF);
	if (*at >= req->len)
		return false;
	ret->node = 0;
	if (req->plus) {
		struct plus_head plus;

		assert_true(req->len - *at >= sizeof(plus));
		memcpy(&plus, req->data + *at, sizeof(plus));
		ret->node = plus.node;
		ret->attr = plus.attr;
		ret->timeout_s = plus.timeout_s;
		*at += sizeof(plus);
	}
	assert_true(req->len - *at >= sizeof(head));
	memcpy(&head, req->data + *at, sizeof(head));
	/* The kernel answers EIO for such names. */
	assert_in_range(head.len, 1, sizeof(ret->name) - 1);
	memcpy(ret->name, req->data + *at + sizeof(head), head.len);
	ret->name[head.len] = '\0';
	assert_null(strchr(ret->name, '/'));
	ret->ino = head.ino;
	ret->next = (off_t)head.next;
	ret->mode = head.mode;
	*at += (sizeof(head) + head.len + 7) / 8 * 8;
	return true;
}
