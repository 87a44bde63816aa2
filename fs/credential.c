#include "credential.h"

#include <errno.h>
#include <stddef.h>
#include <sys/stat.h>

enum token_source credential_source(const struct options *options) {
	struct stat st;
	if (options->token)
		return TOKEN_TEXT;
	if (options->token_file)
		return TOKEN_FILE;
	if (options->token_command)
		return TOKEN_COMMAND;
	return options->login && !lstat(options->login, &st) ? TOKEN_LOGIN : TOKEN_NONE;
}

int credential_open(struct options *options, struct token **ret, struct error *err) {
	static const char *const names[] = {[TOKEN_TEXT] = "NEEV_API_TOKEN",
		[TOKEN_FILE] = "token_file",
		[TOKEN_COMMAND] = "token_command",
		[TOKEN_LOGIN] = "login"};
	enum token_source source = credential_source(options);
	options->token_source = source;
	struct token_config config = {.text = source == TOKEN_TEXT ? options->token : NULL,
		.file = source == TOKEN_FILE ? options->token_file : NULL,
		.command = source == TOKEN_COMMAND ? options->token_command : NULL,
		.login = source == TOKEN_LOGIN ? options->login : NULL,
		.tenant_base = options->base[API_TENANT]};
	if (source == TOKEN_NONE)
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
