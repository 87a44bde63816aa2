#include "ssh_command.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

enum { PORT_SSH = 22, PORT_MAX = 65535 };

/* A piece of the command; not NUL-terminated. */
struct word {
	const char *at;
	size_t len;
};

/* The next word; of no length at the end. */
static struct word word_next(const char **text) {
	*text += strspn(*text, " ");
	struct word word = {*text, strcspn(*text, " ")};
	*text += word.len;
	return word;
}

static bool word_is(struct word word, const char *text) {
	return word.len == strlen(text) && !memcmp(word.at, text, word.len);
}

/* Copies it if it fits, has only these characters, and begins with one of those. */
static bool word_copy(struct word word, const char *first, const char *all, size_t size, char *ret) {
	if (!word.len || word.len >= size)
		return false;
	memcpy(ret, word.at, word.len);
	ret[word.len] = '\0';
	return strchr(first, *ret) && strspn(ret, all) == word.len;
}

static bool port_read(struct word word, unsigned *ret) {
	char text[6];
	if (!word_copy(word, DIGITS, DIGITS, sizeof text, text))
		return false;
	unsigned long port = strtoul(text, NULL, 10);
	*ret = (unsigned)port;
	return port > 0 && port <= PORT_MAX;
}

static bool host_read(struct word word, char *ret, size_t size) {
	struct in6_addr address;
	if (word.len > 2 && word.at[0] == '[' && word.at[word.len - 1] == ']') {
		word.at++;
		word.len -= 2;
		return word_copy(word, DIGITS LETTERS ":", DIGITS LETTERS ":.", size, ret) &&
		       inet_pton(AF_INET6, ret, &address) == 1;
	}
	if (word_copy(word, DIGITS LETTERS, DIGITS LETTERS ".-", size, ret))
		return true;
	return word_copy(word, DIGITS LETTERS ":", DIGITS LETTERS ":.", size, ret) &&
	       inet_pton(AF_INET6, ret, &address) == 1;
}

static const char *target_read(struct word word, struct ssh_target *ret) {
	const char *at = memchr(word.at, '@', word.len);
	if (!at)
		return "it has a word that is neither USER@HOST nor a known option";
	struct word user = {word.at, (size_t)(at - word.at)};
	struct word host = {at + 1, word.len - user.len - 1};
	if (!word_copy(user, DIGITS LETTERS "_", DIGITS LETTERS "._-", sizeof ret->user, ret->user))
		return "the user's name is not a plain one";
	if (!host_read(host, ret->host, sizeof ret->host))
		return "the host is neither a name nor an address";
	return NULL;
}

const char *ssh_command_read(const char *text, struct ssh_target *ret) {
	struct ssh_target target = {.port = 0};
	const char *why = NULL;
	char file[SSH_COMMAND_MAX];
	if (strnlen(text, SSH_COMMAND_MAX) == SSH_COMMAND_MAX)
		return "it is too long";
	if (text[strspn(text, DIGITS LETTERS " ._~/@:[]+-")])
		return "it holds characters that need not be there";
	if (!word_is(word_next(&text), "ssh"))
		return "it is not an ssh command";
	for (struct word word; !why && (word = word_next(&text)).len;) {
		if (word_is(word, "-p"))
			why = !target.port && port_read(word_next(&text), &target.port) ? NULL : "the port is not one";
		else if (word_is(word, "-i"))
			why = word_copy(word_next(&text), DIGITS LETTERS "._~/", DIGITS LETTERS "._~/@:+-", sizeof file,
				      file)
				      ? NULL
				      : "the identity file is not a plain path";
		else if (*word.at == '-')
			why = "it has an option other than -p and -i";
		else
			why = *target.host ? "it has more than one target, or a command" : target_read(word, &target);
	}
	if (!why && !*target.host)
		why = "it has no USER@HOST";
	if (why)
		return why;
	if (!target.port)
		target.port = PORT_SSH;
	*ret = target;
	return NULL;
}
