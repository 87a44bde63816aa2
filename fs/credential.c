#include "credential.h"

#include <errno.h>
#include <stddef.h>
#include <sys/stat.h>

enum credential credential_source(const struct options *options) {
	struct stat st;
	if (options->token)
		return CREDENTIAL_ENVIRONMENT;
	if (options->token_file)
		return CREDENTIAL_FILE;
	if (options->token_command)
		return CREDENTIAL_COMMAND;
	return options->login && !lstat(options->login, &st) ? CREDENTIAL_LOGIN : CREDENTIAL_NONE;
}

int credential_open(struct options *options, struct token **ret, struct error *err) {
	static const char *const names[] = {[CREDENTIAL_ENVIRONMENT] = "NEEV_API_TOKEN",
		[CREDENTIAL_FILE] = "token_file",
		[CREDENTIAL_COMMAND] = "token_command",
		[CREDENTIAL_LOGIN] = "login"};
	enum credential source = credential_source(options);
	struct token_config config = {.text = source == CREDENTIAL_ENVIRONMENT ? options->token : NULL,
		.file = source == CREDENTIAL_FILE ? options->token_file : NULL,
		.command = source == CREDENTIAL_COMMAND ? options->token_command : NULL,
		.login = source == CREDENTIAL_LOGIN ? options->login : NULL,
		.tenant_base = options->base[API_TENANT]};
	if (source == CREDENTIAL_NONE)
		return error_set(err, EKEYEXPIRED,
			options->inference_key ? "NEEV_API_KEY holds an inference key, which these services refuse; "
						 "give a personal access token by NEEV_API_TOKEN"
					       : "no token: run neevfs login, or set NEEV_API_TOKEN, or -o "
						 "token_file=PATH, or look around first with --sandbox");
	struct error reason;
	int rc = token_new(&config, ret, &reason);
	if (rc)
		error_set(err, -rc, "%s: %s", names[source], reason.message);
	options_forget_token(options);
	return rc ? rc : token_check(*ret, err); /* a file that cannot serve is told here, where one looks */
}
