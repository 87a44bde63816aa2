/*
 * A kernel for the handlers: fakes of libfuse's functions that fs/ calls.
 *
 * A request keeps its one answer. A second answer, or any touch of the request after its answer, fails the test; so
 * does a kernel that ends with a request unanswered. Look-ups that answers give to the kernel are counted, and given
 * back. No node is what another file was: the generation tells them apart, as an NFS server needs it.
 *
 * The fakes' own memory never fails and is not counted (alloc.h).
 */
#ifndef NEEVFS_TESTS_FAKE_FUSE_H
#define NEEVFS_TESTS_FAKE_FUSE_H

#include "../fs/handlers.h"

enum answer {
	ANSWER_MISSING,
	ANSWER_ERR, /* `code`, 0 too */
	ANSWER_ENTRY,
	ANSWER_CREATE,
	ANSWER_ATTR,
	ANSWER_OPEN,
	ANSWER_BUF,
	ANSWER_WRITE,
	ANSWER_READLINK,
	ANSWER_STATFS,
	ANSWER_POLL,
	ANSWER_NONE, /* a forget's */
};

struct kernel;

/* What the kernel knows a node by, and which file it then was. */
struct node_key {
	fuse_ino_t ino;
	uint64_t generation, file;
};

struct fuse_req {
	struct kernel *kernel;
	enum answer answer;
	int code;                      /* ANSWER_ERR: positive errno or 0 */
	struct fuse_entry_param entry; /* ANSWER_ENTRY, ANSWER_CREATE */
	struct stat attr;              /* ANSWER_ATTR, and of the two above */
	double attr_timeout;
	struct fuse_file_info file; /* ANSWER_OPEN, ANSWER_CREATE */
	char *data;                 /* ANSWER_BUF, ANSWER_READLINK: with a NUL behind */
	size_t len;                 /* of it; ANSWER_WRITE: the count; ANSWER_POLL: the events */
	struct statvfs statvfs;
	struct fuse_ctx ctx;    /* who asks */
	bool gone;              /* set by a test before the answer: who asked was killed, the answer goes nowhere */
	struct node_key *given; /* ANSWER_BUF of a readdirplus: the nodes of which it gives look-ups */
	size_t given_count;
	bool plus;
	fuse_ino_t ino;   /* a test's note: which node was opened */
	bool released;    /* its handle was */
	bool interrupted; /* the kernel said so */
	fuse_interrupt_func_t on_interrupt;
	void *on_interrupt_data;
	struct fuse_req *next;
};

struct kernel *kernel_new(void *userdata);
/* Gives back all handles and look-ups through the handlers. Fails if a request has no answer. */
void kernel_end(struct kernel *kernel);
/* Releases it, the requests too. Takes NULL. */
void kernel_free(struct kernel *kernel);

fuse_req_t kernel_request(struct kernel *kernel);
/* Who asks from now on. At first it is the test itself. */
void kernel_ask_as(struct kernel *kernel, pid_t pid);
/* Interrupts a request as libfuse does: at once, or when its function is set later. It is SIGINT that waits for the
 * test itself then, or that signal and no other; 0: none. */
void kernel_interrupt(fuse_req_t req);
void kernel_interrupt_by(fuse_req_t req, int signal);
/* That signal is all that waits for the test from now on, of which the kernel tells nobody. */
void kernel_signal(int signal);
/* Releases the handle that an open or a create was answered with. */
void kernel_release(fuse_req_t req);
/* Gives back the look-ups of one node. */
void kernel_forget(struct kernel *kernel, fuse_ino_t ino);

/* The look-ups that the kernel holds of a node, and how many nodes it holds. */
uint64_t kernel_lookups(const struct kernel *kernel, fuse_ino_t ino);
size_t kernel_nodes(const struct kernel *kernel);
size_t kernel_unanswered(const struct kernel *kernel);
/* The latest request; the earlier ones follow by `next`. */
fuse_req_t kernel_first(const struct kernel *kernel);

/* What a poll gives to be told by; released by the handlers. How often it was told that there is more to read. */
struct fuse_pollhandle *kernel_poll(struct kernel *kernel);
size_t kernel_polled(const struct kernel *kernel);

/* How often it was told to ask for a node's attributes again that it knew. */
size_t kernel_told(const struct kernel *kernel);

/* One entry of what a readdir answered. `at` begins as 0; false at the end. */
struct dirent_seen {
	char name[256];
	uint64_t ino;
	off_t next;
	mode_t mode;
	fuse_ino_t node; /* of a readdirplus: 0: without attributes */
	struct stat attr;
	double timeout_s;
};
bool dirent_next(const struct fuse_req *req, size_t *at, struct dirent_seen *ret);

#endif
