/*
 * Sweepers: programs that remove what is inside a directory and then the directory, and go on to rmdir(2) after each
 * refused unlink(2) (find -delete, Python's shutil.rmtree with ignore_errors, Perl's rmtree). A resource must not be
 * deleted by that: a refusal inside it is remembered for some seconds, and a rmdir of it by the same session meanwhile
 * is refused. So is a rmdir by a process that has just read the directory: find -name NAME -delete meets no refusal, as
 * what is inside has other names, while rmdir(1) does not look before.
 */
#ifndef NEEVFS_FS_SWEEP_H
#define NEEVFS_FS_SWEEP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { SWEEPS_MAX = 256 /* remembered; the oldest makes room */, SWEEP_MS = 5000 };

struct sweeps;

int sweeps_new(struct sweeps **ret);     /* 0 or -ENOMEM */
void sweeps_free(struct sweeps *sweeps); /* takes NULL */

/* The mount begins now (CLOCK_BOOTTIME, as /proc has it): a process that is older may be a sweep that a crash of the
 * mount before has interrupted, and nobody knows what it was refused there. */
void sweep_begin(struct sweeps *sweeps, int64_t now_ms);

/* Something inside `dir` (the path of a resource, or of a directory above some), or itself, was refused to a process;
 * `pid` 0: not known. 0 or -ENOMEM. */
int sweep_add(struct sweeps *sweeps, const char *dir, pid_t pid, int64_t now_ms);

/* A process has read the directory of the resource `dir`. 0 or -ENOMEM. */
int sweep_look(struct sweeps *sweeps, const char *dir, pid_t pid, int64_t now_ms);

/* A call of `pid` that came at `since_ms` has waited until now: what its session was refused shortly before counts from
 * now on, as its next call could not come earlier. */
void sweep_extend(struct sweeps *sweeps, pid_t pid, int64_t since_ms, int64_t now_ms);

/* Whether a rmdir of the resource `dir` by `pid` is to be taken for the end of a sweep. A process whose session is not
 * known is taken for the same. */
bool sweep_is(const struct sweeps *sweeps, const char *dir, pid_t pid, int64_t now_ms);

#endif
