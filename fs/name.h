/*
 * Names from the server as file names, reversibly.
 *
 * '%', '/', control characters (C0, DEL, C1), what breaks lines or turns the direction of text (U+2028 to U+202E,
 * U+2066 to U+2069), bytes that are not UTF-8, a leading '.', and a '~' (it marks the second holder of a name) become
 * %XX (upper-case hex), byte by byte; the empty name becomes "%"; a result over 255 bytes is cut at a character or
 * escape boundary and ends with "%~" and 16 hex digits of a hash of the whole name.
 */
#ifndef NEEVFS_FS_NAME_H
#define NEEVFS_FS_NAME_H

#include <stdbool.h>
#include <stddef.h>

enum { NAME_SIZE = 256 }; /* with the NUL */

/*
 * Whether the server's id can be used: to ask for by a path, and to link to. It is not empty, has no control characters
 * and nothing that is not UTF-8, no part between slashes (of either sort) that is "." or "..", and a file name that is
 * not cut.
 */
bool name_is_id(const char *text, size_t len);

/* How much of a file name stays if it may have `room` bytes: whole characters and escapes. */
size_t name_cut(const char *name, size_t room);

/* Writes the file name for `len` bytes of a server's name. Always succeeds; equal names give equal file names. */
void name_escape(const char *text, size_t len, char ret[static NAME_SIZE]);

/*
 * The server's name behind a file name. False if no server name gives this file name, if it was cut (then only a list
 * can tell), or if it does not fit into `size` with its NUL. A name with a NUL inside, which JSON here never has, is
 * lost.
 */
bool name_unescape(const char *name, char *ret, size_t size);

#endif
