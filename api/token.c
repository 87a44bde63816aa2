#include "token.h"
#include "scope.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TOKEN_MIN = 8, TOKEN_MAX = 8192, SOURCE_MAX = TOKEN_MAX + 1024 /* with white space around it */ };

struct token {
	char *file;
	struct stat seen; /* of the file when `text` was read from it */
	unsigned generation;
	char text[TOKEN_MAX + 1]; /* "": none */
};

/* What a source held; on the stack, wiped when it goes out of scope. */
struct source {
	char text[SOURCE_MAX + 1];
	size_t len;
};

static void source_wipe(struct source *source) {
	explicit_bzero(source, sizeof(*source));
}

static void scope_close(int *fd) {
	if (*fd >= 0)
		close(*fd);
}

static bool is_space(char c) {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

static bool is_token_char(char c) {
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       (c && strchr("._~+/=-", c));
}

/* Takes the text over if it is a token. `what` says in the refusal whose text it is; the text itself is never shown. */
static int text_accept(
	struct token *token, const char *text, size_t len, const char *what, int code, struct error *err) {
	while (len && is_space(text[len - 1]))
		len--;
	while (len && is_space(*text)) {
		text++;
		len--;
	}
	if (len == 0)
		return error_set(err, code, "%s is empty: it must hold an access token (pat-nc-...)", what);
	if (len >= 6 && memcmp(text, "sk-nc-", 6) == 0)
		return error_set(err, code,
			"%s holds an sk-nc-... key: these work for inference only, this API wants a personal"
			" access token (pat-nc-...)",
			what);
	if (len < TOKEN_MIN || len > TOKEN_MAX)
		return error_set(err, code, "%s holds no token: it must be %d to %d characters long", what, TOKEN_MIN,
			TOKEN_MAX);
	for (size_t i = 0; i < len; i++)
		if (!is_token_char(text[i]))
			return error_set(err, code,
				"%s holds no token: character %zu is none of A-Z a-z 0-9 . _ ~ + / = -", what, i + 1);
	if (strlen(token->text) == len && memcmp(token->text, text, len) == 0)
		return 0;
	explicit_bzero(token->text, sizeof(token->text));
	memcpy(token->text, text, len);
	token->generation++;
	return 0;
}

/* Reads to the end; what is beyond the bound is counted but not kept. */
static int source_read(struct source *source, int fd) {
	char waste[512];

	source->len = 0;
	for (;;) {
		bool full = source->len == SOURCE_MAX;
		ssize_t n = full ? read(fd, waste, sizeof(waste))
				 : read(fd, source->text + source->len, SOURCE_MAX - source->len);

		if (n < 0 && errno == EINTR)
			continue;
		explicit_bzero(waste, sizeof(waste));
		if (n < 0)
			return -errno;
		if (n == 0)
			return 0;
		if (!full)
			source->len += (size_t)n;
	}
}

/* ---- a file ---- */

static bool file_unchanged(const struct stat *a, const struct stat *b) {
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int file_read(struct token *token, bool always, struct error *err) {
	const char *file = token->file;
	SCOPED(source_wipe) struct source source;
	struct stat st;
	int rc;
	/* O_NONBLOCK: a FIFO in its place must not stop the loop. */
	SCOPED(scope_close) int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 && errno == ENOENT)
		return error_set(err, EKEYEXPIRED, "there is no token file %s", file);
	if (fd < 0 && errno == ELOOP)
		return error_set(err, EKEYEXPIRED, "the token file %s is a symbolic link, which is not followed", file);
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set(err, EKEYEXPIRED, "the token file %s cannot be opened: %s", file, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return error_set(err, EKEYEXPIRED, "the token file %s is no regular file", file);
	if (st.st_uid != geteuid())
		return error_set(err, EKEYEXPIRED, "the token file %s belongs to another user", file);
	if (st.st_mode & (S_IRWXG | S_IRWXO))
		return error_set(
			err, EKEYEXPIRED, "others can get at the token file %s: run `chmod 600 %s`", file, file);
	if (!always && token->text[0] && file_unchanged(&st, &token->seen))
		return 0;
	if (st.st_size > SOURCE_MAX)
		return error_set(err, EKEYEXPIRED, "the token file %s is too large to hold a token", file);
	rc = source_read(&source, fd);
	if (rc < 0)
		return error_set(err, EKEYEXPIRED, "the token file %s cannot be read: %s", file, strerror(-rc));
	rc = text_accept(token, source.text, source.len, "the token file", EKEYEXPIRED, err);
	if (rc < 0)
		return rc;
	token->seen = st;
	return 0;
}

/* ---- a command ---- */

/* Starts `/bin/sh -c command` with its output in a pipe. */
static int command_start(const char *command, pid_t *ret_pid, int *ret_fd) {
	/* posix_spawn() takes char *const[] but does not write to it (POSIX, exec rationale). */
	char *argv[] = {strdup("sh"), strdup("-c"), strdup(command), NULL};
	posix_spawn_file_actions_t actions;
	int fds[2], rc = ENOMEM;

	if (argv[0] && argv[1] && argv[2] && pipe2(fds, O_CLOEXEC) == 0) {
		rc = posix_spawn_file_actions_init(&actions);
		if (rc == 0) {
			rc = posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
			if (rc == 0)
				rc = posix_spawn(ret_pid, "/bin/sh", &actions, NULL, argv, environ);
			posix_spawn_file_actions_destroy(&actions);
		}
		close(fds[1]);
		if (rc)
			close(fds[0]);
		else
			*ret_fd = fds[0];
	}
	for (size_t i = 0; i < 3; i++)
		free(argv[i]);
	return -rc;
}

static int command_run(struct token *token, const char *command, struct error *err) {
	SCOPED(source_wipe) struct source source;
	SCOPED(scope_close) int fd = -1;
	const char *line_end;
	int status, rc;
	pid_t pid;

	rc = command_start(command, &pid, &fd);
	if (rc == -ENOMEM)
		return error_set(err, ENOMEM, "no memory");
	if (rc < 0)
		return error_set(err, EKEYEXPIRED, "the token command cannot be started: %s", strerror(-rc));
	rc = source_read(&source, fd);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_set(err, EKEYEXPIRED, "the token command's end is lost: %s", strerror(errno));
	if (rc < 0)
		return error_set(err, EKEYEXPIRED, "the token command's output cannot be read: %s", strerror(-rc));
	if (WIFSIGNALED(status))
		return error_set(err, EKEYEXPIRED, "the token command was killed by signal %d", WTERMSIG(status));
	if (WEXITSTATUS(status))
		return error_set(err, EKEYEXPIRED, "the token command failed with status %d", WEXITSTATUS(status));
	line_end = memchr(source.text, '\n', source.len);
	return text_accept(token, source.text, line_end ? (size_t)(line_end - source.text) : source.len,
		"the token command's first line", EKEYEXPIRED, err);
}

/* ---- all of them ---- */

void token_free(struct token *token) {
	if (!token)
		return;
	free(token->file);
	explicit_bzero(token, sizeof(*token));
	free(token);
}

static void scope_token(struct token **token) {
	token_free(*token);
}

int token_new(const struct token_config *config, struct token **ret, struct error *err) {
	SCOPED(scope_token) struct token *token = calloc(1, sizeof(*token));
	int rc = 0;

	if (!token)
		return error_set(err, ENOMEM, "no memory");
	if (config->text)
		rc = text_accept(token, config->text, strlen(config->text), "the given text", EINVAL, err);
	else if (config->command)
		rc = command_run(token, config->command, err);
	else if (config->file && !(token->file = strdup(config->file)))
		rc = error_set(err, ENOMEM, "no memory");
	if (rc < 0)
		return rc;
	*ret = take_pointer(token);
	return 0;
}

int token_get(struct token *token, const char **ret, struct error *err) {
	if (token->file) {
		int rc = file_read(token, false, err);

		if (rc < 0)
			return rc;
	}
	if (!token->text[0])
		return error_set(err, EKEYEXPIRED,
			"there is no access token: set NEEV_API_TOKEN, or give"
			" token_file= or token_command=");
	*ret = token->text;
	return 0;
}

bool token_refused(struct token *token) {
	unsigned before = token->generation;

	return token->file && file_read(token, true, NULL) == 0 && token->generation != before;
}

unsigned token_generation(const struct token *token) {
	return token->generation;
}
