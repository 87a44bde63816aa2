/* The daemon's log: a file, syslog, or standard error. Only fs/ logs. Control bytes are escaped, lines have 512
 * bytes at most (words_format()). A line is one write, so that several processes can share a file; one that cannot be
 * written is lost, and counted. Nobody waits for who reads it: not for that of standard error, nor for the logger of
 * the system. */
#ifndef NEEVFS_FS_LOG_H
#define NEEVFS_FS_LOG_H

#include "../api/error.h"

#include <stdbool.h>

/* `path` NULL: standard error in the foreground, else syslog. Levels are those of syslog.h. -errno with words if the
 * file cannot be opened. */
int log_open(const char *path, int level, bool foreground, struct error *err);
void log_close(void);
void log_write(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));

bool log_wants(int level); /* whether what has it is written */
/* The same of a text that has no control bytes, however long it is. */
void log_safe(int level, const char *text);

int log_fd(void); /* of the file; -1: there is none */

#endif
