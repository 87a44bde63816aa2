#include "login.h"

#include "../api/login.h"
#include "../api/scope.h"
#include "terminal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { INPUT_MAX = 16384 };

/* What a person typed; wiped when it goes out of scope. */
struct typed {
	char email[LOGIN_EMAIL_MAX + 1], password[LOGIN_PASSWORD_MAX + 1];
};

struct input {
	char text[INPUT_MAX];
	size_t len;
};

static void typed_wipe(struct typed *typed) {
	explicit_bzero(typed, sizeof *typed);
}

static void input_wipe(struct input *input) {
	explicit_bzero(input, sizeof *input);
}

static int login_typed(const struct login_config *config, struct error *err) {
	SCOPED(typed_wipe) struct typed typed = {0};
	int rc = terminal_ask("E-mail: ", false, typed.email, sizeof typed.email, err);
	if (!rc)
		rc = terminal_ask("Password: ", true, typed.password, sizeof typed.password, err);
	if (!rc && (!*typed.email || !*typed.password))
		rc = error_set(err, EINVAL, "nothing was typed");
	return rc ? rc : login_password(config, typed.email, typed.password, (long long)time(NULL), err);
}

static int login_piped(const struct login_config *config, struct error *err) {
	SCOPED(input_wipe) struct input input = {.len = 0};
	ssize_t got;
	do {
		got = read(STDIN_FILENO, input.text + input.len, sizeof input.text - input.len);
		input.len += got > 0 ? (size_t)got : 0;
	} while (got > 0 || (got < 0 && errno == EINTR));
	if (got < 0)
		return error_set(err, EINVAL, "standard input: %s", strerror(errno));
	return login_token(config, input.text, input.len, err);
}

static int place_check(const struct options *options, struct error *err) {
	if (options->sandbox)
		return error_set(err, EINVAL, "the simulated cloud needs no login");
	if (!options->login)
		return error_set(err, EINVAL, "no home directory to keep the login in: set XDG_STATE_HOME");
	return 0;
}

int login_run(const struct options *options, struct error *err) {
	const struct login_config config = {.path = options->login,
		.tenant_base = options->base[API_TENANT],
		.ca_file = options->ca_file,
		.proxy = options->proxy};
	int rc = place_check(options, err);
	if (rc)
		return rc;
	rc = options->token_stdin ? login_piped(&config, err) : login_typed(&config, err);
	if (!rc)
		printf("%s for %s is stored in %s\n", options->token_stdin ? "The token" : "The login",
			config.tenant_base, config.path);
	return rc;
}

int logout_run(const struct options *options, struct error *err) {
	int rc = place_check(options, err);
	return rc ? rc : login_forget(options->login, err);
}
