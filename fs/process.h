/* What proc(5) says of a process that calls. */
#ifndef NEEVFS_FS_PROCESS_H
#define NEEVFS_FS_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* When it was started, as CLOCK_BOOTTIME in milliseconds; INT64_MAX if that cannot be told: `pid` is 0 or gone, or
 * /proc is that of another pid namespace. */
int64_t process_began_ms(pid_t pid);

/* Its name, as ps(1) shows it; "" if that cannot be told. */
enum { COMMAND_SIZE = 16 };
void process_command(pid_t pid, char ret[static COMMAND_SIZE]);

/* Whether a signal waits for that thread that may be meant to end what it does: one that a process only hears of is
 * none (a child has ended, a window has another size, urgent data). True if that cannot be told. */
bool process_is_called(pid_t tid);

uint64_t process_resident_bytes(void); /* of our own; 0 if that cannot be told */

enum { SESSION_UNKNOWN = -1 };

/* Its session. SESSION_UNKNOWN: `pid` is 0 or gone, or in another pid namespace. 0 is the session of those whose leader
 * is outside of ours, as where a container was entered: to be told from every session that was begun inside. */
pid_t process_session(pid_t pid);

#endif
