#include "cloud.h"

#include "../api/scope.h"
#include "options_table.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char program[] = "neevfs-sandbox", sandbox_token[] = "pat-nc-sandbox";

/* Found from where this program lies, never by PATH: what is started gets no chance to be something else. */
static int cloud_find(char ret[static PATH_MAX], struct error *err) {
	static const char *const places[] = {"", "sandbox/", "../sandbox/", NEEVFS_LIBEXEC};
	char self[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", self, sizeof self - 1);
	if (len < 0)
		return error_set(err, errno, "/proc/self/exe: %s", strerror(errno));
	self[len] = 0;
	*(strrchr(self, '/') + 1) = 0;
	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		if (snprintf(ret, PATH_MAX, "%s%s%s", self, places[i], program) < PATH_MAX && !access(ret, X_OK))
			return 0;
	return error_set(err, ENOENT, "the simulated cloud, %s, is not installed beside %s", program, self);
}

static void cloud_child(const char *path, const struct options *options, const int in[2], const int out[2]) {
	size_t count = options->sandbox_options.count;
	char **argv = calloc(count + 3, sizeof *argv);
	sigset_t none;
	if (!argv)
		_exit(127);
	argv[0] = strdup(program);
	argv[1] = strdup("--exit-with-stdin");
	for (size_t i = 0; i < count; i++)
		argv[2 + i] = options->sandbox_options.at[i];
	dup2(in[0], STDIN_FILENO);
	dup2(out[1], STDOUT_FILENO);
	if (!options->foreground) { /* it must not hold the stderr of who waits for us to go to the background */
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
		if (null >= 0)
			dup2(null, STDERR_FILENO);
	}
	setpgid(0, 0); /* Ctrl-C is for the mount, which then ends its cloud */
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv(path, argv);
	_exit(127);
}

static int cloud_address(int fd, char *ret, size_t size) {
	size_t len = 0;
	while (len + 1 < size) {
		ssize_t got = read(fd, ret + len, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return -EPROTO;
		if (ret[len] == '\n')
			break;
		len++;
	}
	ret[len] = 0;
	return strncmp(ret, "http://127.0.0.1:", 17) ? -EPROTO : 0;
}

static int cloud_configure(struct options *options, const char *url, struct error *err) {
	int rc = option_text(&options->api_base, url);
	for (int i = 0; !rc && i < API_SERVICES; i++) {
		free(options->base[i]);
		options->base[i] = NULL;
	}
	options_forget_token(options);
	free(take_pointer(options->token_file));
	free(take_pointer(options->token_command));
	if (!rc)
		rc = option_text(&options->token, sandbox_token);
	if (!rc && !options->orgs.count && !options->projects.count) {
		rc = texts_add(&options->orgs, "org-demo");
		if (!rc)
			rc = texts_add(&options->projects, "prj-demo");
	}
	return rc ? error_set(err, ENOMEM, "no memory for the options") : 0;
}

int cloud_start(struct cloud *cloud, struct options *options, struct error *err) {
	char path[PATH_MAX], url[128];
	int in[2], out[2];
	int rc = cloud_find(path, err);
	if (rc)
		return rc;
	if (pipe2(in, O_CLOEXEC))
		return error_set(err, errno, "the simulated cloud: %s", strerror(errno));
	if (pipe2(out, O_CLOEXEC)) {
		rc = error_set(err, errno, "the simulated cloud: %s", strerror(errno));
		close(in[0]);
		close(in[1]);
		return rc;
	}
	pid_t pid = fork();
	if (!pid)
		cloud_child(path, options, in, out);
	close(in[0]);
	close(out[1]);
	if (pid < 0) {
		rc = error_set(err, errno, "the simulated cloud: %s", strerror(errno));
		close(in[1]);
		close(out[0]);
		return rc;
	}
	*cloud = (struct cloud){.pid = pid, .stdin_fd = in[1]};
	rc = cloud_address(out[0], url, sizeof url);
	close(out[0]);
	if (rc)
		error_set(err, EPROTO, "the simulated cloud did not start: run %s to see why", path);
	else
		rc = cloud_configure(options, url, err);
	if (rc)
		cloud_stop(cloud);
	return rc;
}

void cloud_stop(struct cloud *cloud) {
	if (!cloud->pid)
		return;
	close(cloud->stdin_fd);
	while (waitpid(cloud->pid, NULL, 0) < 0 && errno == EINTR) {
	}
	cloud->pid = 0;
}
