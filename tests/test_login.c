/* The stored login: its file, logging in, and the renewal of what came of it, against a scripted server. */
#include "alloc.h"
#include "api/login.h"
#include "api/session.h"
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static struct world world;
static char top[64], directory[96], path[128], tenant[128];

/* What the tenant API does. */
static struct {
	const char *access; /* that is accepted */
	int status;         /* of login and refresh */
	const char *answer; /* to it */
	unsigned asked;     /* how often */
	bool hold;          /* no answer to it */
	char body[4096];    /* of the last */
	bool authorized;    /* it had an Authorization header */
	struct server_request *held;
} cloud;

static void script(struct server_request *request) {
	const char *got = server_header(request, "Authorization");

	if (strstr(request->path, "/api/v1/auth/")) {
		cloud.asked++;
		cloud.authorized = got;
		snprintf(cloud.body, sizeof(cloud.body), "%s", request->body);
		cloud.held = request;
		if (!cloud.hold)
			server_answer(request, cloud.status, "", cloud.answer);
		return;
	}
	assert_non_null(got);
	if (strcmp(got + strlen("Bearer "), cloud.access) == 0)
		server_answer(request, 200, "", "{}");
	else
		server_answer(request, 401, "", "{\"message\":\"expired\"}");
}

static int setup(void **state) {
	(void)state;
	strcpy(top, "/tmp/neevfs-login-XXXXXX");
	if (!mkdtemp(top))
		return -1;
	snprintf(directory, sizeof(directory), "%s/state/neevfs", top);
	snprintf(path, sizeof(path), "%s/login", directory);
	memset(&cloud, 0, sizeof(cloud));
	cloud.status = 200;
	cloud.access = "access-new-2";
	cloud.answer = "{\"access_token\":\"access-new-2\",\"refresh_token\":\"refresh-new-2\",\"expires_in\":3600}";
	world_open(&world, 16, 10, (struct token_config){.login = path});
	world.server.script = script;
	snprintf(tenant, sizeof(tenant), "%s/service", world.server.url);
	return 0;
}

static int teardown(void **state) {
	char command[128];

	(void)state;
	world_close(&world);
	snprintf(command, sizeof(command), "rm -rf -- %s", top);
	return system(command);
}

/* Stores a login whose token should be renewed, and ends, so many seconds from now; 0: that is not known. */
static void write_session(const char *access, const char *refresh, int renew_s, int expires_s) {
	struct session session = {
		.renew_s = renew_s ? time(NULL) + renew_s : 0, .expires_s = expires_s ? time(NULL) + expires_s : 0};
	struct error err;

	snprintf(session.tenant, sizeof(session.tenant), "%s", tenant);
	snprintf(session.access, sizeof(session.access), "%s", access);
	snprintf(session.refresh, sizeof(session.refresh), "%s", refresh);
	if (session_write(path, &session, &err) != 0)
		fail_msg("%s", err.message);
}

static void store(const char *access, const char *refresh, int renew_s, int expires_s) {
	int lock;

	assert_int_equal(session_lock(path, &lock, NULL), 0);
	write_session(access, refresh, renew_s, expires_s);
	close(lock);
}

static void assert_stored(const char *access, const char *refresh) {
	struct session session;
	struct stat st;
	struct error err;

	if (session_read(path, &session, &st, &err) != 0)
		fail_msg("%s", err.message);
	assert_string_equal(session.access, access);
	assert_string_equal(session.refresh, refresh);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void assert_words(const char *text, const char *words) {
	if (!strstr(text, words))
		fail_msg("\"%s\" without \"%s\"", text, words);
}

/* ---- the file ---- */

static void assert_unreadable(int code, const char *words) {
	struct session session;
	struct stat st;
	struct error err;

	assert_int_equal(session_read(path, &session, &st, &err), code);
	assert_words(err.message, words);
	assert_null(strstr(err.message, "s3cret"));
}

static void assert_unwritable(const char *words) {
	struct session session = {.tenant = "t", .access = "s3cret-access"};
	struct error err;

	assert_int_equal(session_write(path, &session, &err), -EACCES);
	assert_words(err.message, words);
}

static void put(const char *text) {
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void test_file(void **state) {
	static const char *const damaged[] = {"", "x", "neevfs-login 1", "neevfs-login 1\n",
		"neevfs-login 2\ntenant t\naccess s3cret-access\n", "neevfs-login 1\ntenant t\naccess s3cret-access",
		"neevfs-login 1\ntenant t\n", "neevfs-login 1\naccess s3cret-access\n",
		"neevfs-login 1\ntenant t\naccess s3cret-access\nrefresh s3cret\"\n",
		"neevfs-login 1\ntenant t\naccess s3cret-access\nrenew soon\n",
		"neevfs-login 1\ntenant t\naccess s3cret-access\nexpires 1x\n",
		"neevfs-login 1\ntenant t\naccess s3cret-access\nnothing\n"};
	char other[160], large[20000];
	struct stat st;
	struct error err;
	int lock, second;

	(void)state;
	assert_unreadable(-ENOENT, "nobody is logged in");
	store("s3cret-access-1", "s3cret-refresh-1", 100, 200);
	assert_stored("s3cret-access-1", "s3cret-refresh-1");
	assert_int_equal(stat(directory, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	store("s3cret-access-2", "", 0, 0);
	assert_stored("s3cret-access-2", "");
	/* One at a time. */
	assert_int_equal(session_lock(path, &lock, &err), 0);
	assert_int_equal(session_lock(path, &second, &err), -EAGAIN);
	close(lock);
	/* Others could read it; it belongs to somebody else; it is a link. */
	chmod(path, 0640);
	assert_unreadable(-EKEYEXPIRED, "chmod 600");
	chmod(path, 0600);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 12345, (gid_t)-1), 0);
		assert_unreadable(-EKEYEXPIRED, "another user");
		assert_unwritable("no regular file of yours");
		assert_int_equal(chown(directory, 12345, (gid_t)-1), 0);
		assert_unwritable("another user");
		assert_int_equal(chown(directory, 0, (gid_t)-1), 0);
	}
	snprintf(other, sizeof(other), "%s/other", directory);
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(symlink("other", path), 0);
	assert_unreadable(-EKEYEXPIRED, "symbolic link");
	assert_unwritable("symbolic link");
	assert_int_equal(session_remove(path, &err), -EACCES);
	unlink(path);
	assert_int_equal(session_remove(path, &err), -ENOENT);
	/* What lies about under the name of the new file is not written through. */
	snprintf(large, sizeof(large), "%s.new", path);
	assert_int_equal(symlink("other", large), 0);
	store("s3cret-access-3", "", 0, 0);
	assert_stored("s3cret-access-3", "");
	assert_int_equal(stat(other, &st), 0);
	/* The directory. */
	chmod(directory, 0750);
	assert_unwritable("chmod 700");
	assert_int_equal(session_lock(path, &lock, &err), -EACCES);
	chmod(directory, 0700);
	for (size_t i = 0; i < sizeof(damaged) / sizeof(damaged[0]); i++) {
		put(damaged[i]);
		assert_unreadable(-EKEYEXPIRED, "is damaged");
	}
	memset(large, 'a', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	put(large);
	assert_unreadable(-EKEYEXPIRED, "is damaged");
	/* Lines of a later version are passed over. */
	put("neevfs-login 1\ntenant t\naccess s3cret-access\nnew x y\n");
	assert_stored("s3cret-access", "");
	assert_int_equal(session_remove(path, &err), 0);
	assert_unreadable(-ENOENT, "nobody is logged in");
	/* A link in place of the directory. */
	snprintf(other, sizeof(other), "%s/elsewhere", top);
	assert_int_equal(rename(directory, other), 0);
	assert_int_equal(symlink(other, directory), 0);
	assert_unwritable("symbolic link");
}

/* ---- logging in ---- */

/* In a process of its own, as it waits: this one is the server. */
static int login(const char *email, const char *password, char *ret_words, size_t size) {
	struct login_config config = {.path = path, .tenant_base = tenant};
	int fds[2], status;
	ssize_t len;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		struct error err = {0};
		int rc = login_password(&config, email, password, time(NULL), &err);

		len = write(fds[1], err.message, strlen(err.message));
		_exit(len < 0 ? 255 : -rc);
	}
	close(fds[1]);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		struct pollfd wait[SERVER_CONNECTIONS + 1];

		poll(wait, server_poll(&world.server, wait, SERVER_CONNECTIONS + 1), 20);
		server_step(&world.server);
	}
	len = read(fds[0], ret_words, size - 1);
	ret_words[len > 0 ? len : 0] = '\0';
	close(fds[0]);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_password(void **state) {
	char words[512];

	(void)state;
	assert_int_equal(login("a@example.com", "pa\"ss\\w\xc3\xb6rd\x01", words, sizeof(words)), 0);
	assert_stored("access-new-2", "refresh-new-2");
	assert_string_equal(
		cloud.body, "{\"email\":\"a@example.com\",\"password\":\"pa\\\"ss\\\\w\xc3\xb6rd\\u0001\"}");
	assert_false(cloud.authorized);
	assert_string_equal(world.server.requests[0].path, "/service/api/v1/auth/login");
	assert_string_equal(server_header(&world.server.requests[0], "Content-Type"), "application/json");
	assert_int_equal(login_forget(path, NULL), 0);
	assert_int_equal(login_forget(path, NULL), -ENOENT);

	cloud.answer = "{\"message\":\"what is hunter2hunter2?\"}";
	cloud.status = 401;
	assert_int_equal(login("a@example.com", "hunter2hunter2", words, sizeof(words)), EKEYEXPIRED);
	assert_words(words, "wrong password for a@example.com");
	cloud.status = 404;
	assert_int_equal(login("a@example.com", "hunter2hunter2", words, sizeof(words)), ENOENT);
	assert_words(words, "no user a@example.com");
	cloud.status = 429;
	assert_int_equal(login("a@example.com", "hunter2hunter2", words, sizeof(words)), EBUSY);
	assert_words(words, "what is **************?");
	cloud.status = 503;
	assert_int_equal(login("a@example.com", "hunter2hunter2", words, sizeof(words)), EREMOTEIO);
	cloud.status = 302;
	cloud.answer = "";
	assert_int_equal(login("a@example.com", "hunter2hunter2", words, sizeof(words)), EREMOTEIO);
	assert_words(words, "redirect");
	assert_int_equal(access(path, F_OK), -1);
	snprintf(tenant, sizeof(tenant), "http://127.0.0.1:1");
	assert_int_equal(login("a@example.com", "hunter2hunter2", words, sizeof(words)), EHOSTUNREACH);
	assert_words(words, "cannot reach 127.0.0.1:1");
}

static void test_answers(void **state) {
	static const struct {
		const char *answer;
		int code;
		const char *access, *refresh;
	} cases[] = {
		{"{\"access_token\":\"access-1\",\"expires_in\":60,\"refresh_token\":\"r\",\"scope\":[1]}", 0,
			"access-1", "r"},
		{"{\"access_token\":\"access-2\"}", 0, "access-2", ""},
		{"{\"data\":{\"access_token\":\"access-3\",\"refresh_token\":\"r-3\",\"expires_in\":\"60\"}}", 0,
			"access-3", "r-3"},
		{"{\"access_token\":\"access-4\",\"refresh_token\":null,\"expires_in\":-5}", 0, "access-4", ""},
		{"{\"access_token\":\"access-5\",\"expires_in\":1e300}", 0, "access-5", ""},
		{"{\"access_token\":\"access-6\",\"expires_in\":[]}", 0, "access-6", ""},
		{"{\"token\":\"access-7\"}", EREMOTEIO, NULL, NULL},
		{"{\"access_token\":12345678}", EREMOTEIO, NULL, NULL},
		{"{\"access_token\":\"with blank\"}", EREMOTEIO, NULL, NULL},
		{"{\"access_token\":\"line\\nbreak\"}", EREMOTEIO, NULL, NULL},
		{"{\"access_token\":\"access-8\",\"refresh_token\":\"r\\nx\"}", EREMOTEIO, NULL, NULL},
		{"{\"access_token\":\"access-9\",\"refresh_token\":\"\"}", EREMOTEIO, NULL, NULL},
		{"<html>s3cret</html>", EREMOTEIO, NULL, NULL},
		{"", EREMOTEIO, NULL, NULL},
		{"[]", EREMOTEIO, NULL, NULL},
	};
	char words[512];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cloud.answer = cases[i].answer;
		login_forget(path, NULL);
		assert_int_equal(login("a@example.com", "hunter2", words, sizeof(words)), cases[i].code);
		if (cases[i].code)
			assert_words(words, "unusable answer");
		else
			assert_stored(cases[i].access, cases[i].refresh);
	}
}

static void test_given_token(void **state) {
	struct login_config config = {.path = path, .tenant_base = tenant};
	struct error err;

	(void)state;
	assert_int_equal(login_token(&config, "sk-nc-s3cret-123", 16, &err), -EINVAL);
	assert_words(err.message, "inference only");
	assert_int_equal(login_token(&config, "", 0, &err), -EINVAL);
	assert_int_equal(login_token(&config, "  pat-nc-12345\n", 15, &err), 0);
	assert_stored("pat-nc-12345", "");
}

/* ---- its use ---- */

static void assert_asked(int code, unsigned renewals, size_t requests) {
	struct reply reply;

	world.server.count = 0;
	cloud.asked = 0;
	world_ask(&world, API_GET, "/x", NULL, &reply);
	if (reply.code != code)
		fail_msg("%d: %s", reply.code, reply.error.message);
	assert_int_equal(cloud.asked, renewals);
	assert_int_equal(world.server.count - cloud.asked, requests);
}

static void test_use(void **state) {
	struct reply reply;

	(void)state;
	world_ask(&world, API_GET, "/x", NULL, &reply);
	assert_int_equal(reply.code, EKEYEXPIRED);
	assert_words(reply.error.message, "nobody is logged in: run `neevfs login`");
	store("access-new-2", "refresh-1", 100, 200);
	assert_asked(0, 0, 1);
	/* Another login, and none. */
	store("access-3-3", "", 0, 0);
	cloud.access = "access-3-3";
	assert_asked(0, 0, 1);
	unlink(path);
	assert_asked(EKEYEXPIRED, 0, 0);
	/* It goes to nobody else. */
	snprintf(tenant, sizeof(tenant), "http://127.0.0.1:1/tenant");
	store("access-3-3", "", 0, 0);
	world_ask(&world, API_GET, "/x", NULL, &reply);
	assert_int_equal(reply.code, EKEYEXPIRED);
	assert_words(reply.error.message, "the stored login is for http://127.0.0.1:1/tenant");
	assert_int_equal(cloud.asked, 0);
}

/* While it serves nobody waits for its renewal; when it is over all do. */
static void test_renewed_in_time(void **state) {
	struct reply replies[8];

	(void)state;
	store("access-old-1", "refresh-1", -1, 100);
	cloud.access = "access-old-1";
	cloud.hold = true;
	for (size_t i = 0; i < 8; i++)
		world_ask(&world, API_GET, "/x", NULL, &replies[i]);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(replies[i].code, 0);
	WORLD_UNTIL(&world, cloud.held);
	cloud.hold = false;
	cloud.access = "access-new-2";
	server_answer(cloud.held, 200, "", cloud.answer);
	world_ask(&world, API_GET, "/x", NULL, &replies[0]);
	assert_int_equal(replies[0].code, 0);
	assert_int_equal(cloud.asked, 1);
	assert_stored("access-new-2", "refresh-new-2");
	assert_asked(0, 0, 1);
}

static void test_renewed_late(void **state) {
	struct reply replies[12];

	(void)state;
	store("access-old-1", "refresh-1", -100, -50);
	cloud.hold = true;
	for (size_t i = 0; i < 12; i++)
		world_send(&world, i % 2 ? API_GET : API_POST, "/x", NULL, &replies[i]);
	WORLD_UNTIL(&world, cloud.held);
	assert_int_equal(world.server.count, 1);
	assert_string_equal(cloud.held->method, "POST");
	assert_string_equal(cloud.held->path, "/service/api/v1/auth/refresh");
	assert_string_equal(cloud.body, "{\"refresh_token\":\"refresh-1\"}");
	assert_false(cloud.authorized);
	server_answer(cloud.held, 200, "", cloud.answer);
	for (size_t i = 0; i < 12; i++) {
		WORLD_UNTIL(&world, replies[i].done);
		assert_int_equal(replies[i].code, 0);
	}
	assert_int_equal(cloud.asked, 1);
	assert_int_equal(world.server.count, 13);
}

static void test_renewed_after_401(void **state) {
	struct reply replies[12];

	(void)state;
	store("access-old-1", "refresh-1", 0, 0);
	cloud.answer = "{\"access_token\":\"access-new-2\"}";
	for (size_t i = 0; i < 12; i++)
		world_send(&world, i % 2 ? API_GET : API_POST, "/x", NULL, &replies[i]);
	for (size_t i = 0; i < 12; i++) {
		WORLD_UNTIL(&world, replies[i].done);
		assert_int_equal(replies[i].code, 0);
	}
	assert_int_equal(cloud.asked, 1);
	assert_int_equal(world.server.count, 25);
	assert_stored("access-new-2", "refresh-1"); /* the old refresh token stays if none comes */
}

/* A request waits no longer than it may; a cancelled one not at all. */
static void test_waiting(void **state) {
	struct reply hurried, cancelled, patient;

	(void)state;
	store("access-old-1", "refresh-1", -100, -50);
	cloud.hold = true;
	world_send_within(&world, API_POST, "/x", NULL, 1000, &hurried);
	world_send(&world, API_GET, "/x", NULL, &cancelled);
	world_send(&world, API_GET, "/x", NULL, &patient);
	api_cancel(cancelled.call);
	WORLD_UNTIL(&world, hurried.done);
	assert_int_equal(hurried.code, ETIMEDOUT);
	assert_int_equal(hurried.error.verdict, VERDICT_NOT_DONE);
	assert_words(hurried.error.message, "not sent within 1 s: the token was still being fetched");
	WORLD_UNTIL(&world, cloud.held);
	server_answer(cloud.held, 200, "", cloud.answer);
	WORLD_UNTIL(&world, patient.done);
	assert_int_equal(patient.code, 0);
	assert_int_equal(cancelled.done, 0);
	/* Ended in the middle of it: nothing is left behind, and another may renew. */
	store("access-old-3", "refresh-3", -100, -50);
	cloud.held = NULL;
	world_send(&world, API_GET, "/x", NULL, &patient);
	WORLD_UNTIL(&world, cloud.held);
	world_close(&world);
	store("access-old-4", "refresh-4", 0, 0);
	world_open(&world, 16, 10, (struct token_config){.login = path});
	world.server.script = script;
}

static void test_not_renewed(void **state) {
	struct reply reply;

	(void)state;
	store("access-old-1", "refresh-s3cret-1", 0, 0);
	cloud.status = 401;
	cloud.answer = "{\"message\":\"refresh-s3cret-1 is over\"}";
	world_ask(&world, API_GET, "/x", NULL, &reply);
	assert_int_equal(reply.code, EKEYEXPIRED);
	assert_words(
		reply.error.message, "the login could not be renewed (the API answered 401: **************** is over)");
	assert_words(reply.error.message, "run `neevfs login` again");
	assert_int_equal(cloud.asked, 1);
	assert_int_equal(world.server.count, 2);
	for (int i = 0; i < 20; i++)
		assert_asked(EKEYEXPIRED, 0, 0);
	/* Another login mends it. */
	store("access-new-2", "refresh-2", 0, 0);
	assert_asked(0, 0, 1);
	/* One without a refresh token cannot be renewed. */
	store("access-old-3", "", 0, 0);
	assert_asked(EKEYEXPIRED, 0, 1);
	assert_asked(EKEYEXPIRED, 0, 0);
}

/* A tenant API that is not well says nothing of the login. */
static void test_not_renewed_now(void **state) {
	(void)state;
	cloud.answer = "{}";
	store("access-old-4", "refresh-4", 0, 0);
	cloud.status = 503;
	assert_asked(EREMOTEIO, 1, 1);
	assert_asked(EREMOTEIO, 0, 0);
	assert_stored("access-old-4", "refresh-4");
}

/* Another process renews it: what it puts there is taken. */
static void test_shared(void **state) {
	struct reply reply;
	int lock;

	(void)state;
	store("access-old-1", "refresh-1", -100, -50);
	assert_int_equal(session_lock(path, &lock, NULL), 0);
	world_send(&world, API_GET, "/x", NULL, &reply);
	for (int i = 0; i < 5; i++)
		world_turn(&world); /* it looks, again and again */
	assert_int_equal(reply.done, 0);
	assert_int_equal(world.server.count, 0);
	/* As the other does it: written, then unlocked. */
	write_session("access-new-2", "refresh-2", 100, 200);
	close(lock);
	WORLD_UNTIL(&world, reply.done);
	assert_int_equal(reply.code, 0);
	assert_int_equal(cloud.asked, 0);
	/* Refused, while another had renewed it already. */
	cloud.access = "access-new-3";
	store("access-new-3", "refresh-3", 100, 200);
	assert_asked(0, 0, 1);
	/* The one that held the lock did nothing: then it is our turn. */
	cloud.access = "access-new-2";
	assert_int_equal(session_lock(path, &lock, NULL), 0);
	world_send(&world, API_GET, "/x", NULL, &reply);
	while (world.server.count < 2)
		world_turn(&world);
	for (int i = 0; i < 5; i++)
		world_turn(&world);
	close(lock);
	WORLD_UNTIL(&world, reply.done);
	assert_int_equal(reply.code, 0);
	assert_int_equal(cloud.asked, 1);
}

/* The new token is used, though it could not be kept. */
static void test_full(void **state) {
	(void)state;
	store("access-old-1", "refresh-1", 0, 0);
	snprintf(cloud.body, sizeof(cloud.body), "%s.new", path);
	assert_int_equal(mkdir(cloud.body, 0700), 0);
	assert_asked(0, 1, 2);
	assert_stored("access-old-1", "refresh-1");
	assert_asked(0, 0, 1);
}

static void count_done(void *user, const struct api_response *response) {
	(void)response;
	++*(int *)user;
}

/* Whichever allocation fails, each request ends once, and nothing is left. Returns how many there were. */
static size_t fail_each(const struct token_config *config) {
	bool failed = true;
	size_t n;

	for (n = 1; failed; n++) {
		struct api_config api = {.parallel = 8, .pages_max = 10};
		struct api_request request = {.path = "/x", .timeout_ms = 20000};
		struct api *own = world.api;
		struct token *token = NULL;
		struct api_call *call;
		int asked = 0, done = 0;

		store("access-old-1", "refresh-1", 0, 0);
		for (size_t i = 0; i < API_SERVICES; i++)
			api.base[i] = world.server.url;
		alloc_arm(n);
		if (token_new(config, &token, NULL) == 0) {
			api.token = token;
			if (api_new(&api, &world.api, NULL) == 0) {
				asked = api_send(world.api, &request, count_done, &done, &call) == 0;
				WORLD_UNTIL(&world, done == asked);
				api_free(world.api);
			}
			token_free(token);
		}
		failed = alloc_disarm();
		world.api = own;
		assert_int_equal(done, asked);
		world.server.count = 0;
		while (world.server.open)
			world_turn(&world);
	}
	return n;
}

static void test_no_memory(void **state) {
	(void)state;
	/* The one is renewed, the other run again. */
	assert_true(fail_each(&(struct token_config){.login = path, .tenant_base = tenant}) > 25);
	cloud.access = "another-one";
	assert_true(fail_each(&(struct token_config){.command = "echo access-old-1"}) > 25);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_password, setup, teardown),
		cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_given_token, setup, teardown),
		cmocka_unit_test_setup_teardown(test_use, setup, teardown),
		cmocka_unit_test_setup_teardown(test_renewed_in_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_renewed_late, setup, teardown),
		cmocka_unit_test_setup_teardown(test_renewed_after_401, setup, teardown),
		cmocka_unit_test_setup_teardown(test_waiting, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_renewed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_not_renewed_now, setup, teardown),
		cmocka_unit_test_setup_teardown(test_shared, setup, teardown),
		cmocka_unit_test_setup_teardown(test_full, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
