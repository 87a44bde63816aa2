/*
 * The API's ssh commands, taken apart: where they lead to. What comes from the network must not start anything on the
 * user's machine, so that only what is known to be harmless is taken, and nothing is unquoted or expanded.
 */
#ifndef NEEVFS_FS_SSH_COMMAND_H
#define NEEVFS_FS_SSH_COMMAND_H

enum { SSH_COMMAND_MAX = 1024 /* bytes of a command */ };

struct ssh_target {
	char user[65];  /* letters, digits, '.', '_', '-'; begins with none of '.' and '-' */
	char host[254]; /* a name or an address, an IPv6 one without brackets; begins with no '-' */
	unsigned port;
};

/*
 * Reads `ssh [-p PORT] [-i FILE] USER@HOST`, the options in any order and on either side, parted by blanks. The FILE is
 * the user's own business, and left out. NULL, or the words why it is not taken; *ret is then not written.
 */
const char *ssh_command_read(const char *text, struct ssh_target *ret);

#endif
