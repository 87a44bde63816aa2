/*
 * What this mount asked for when it created a resource: the only source for what no answer of the API tells. Gone with
 * the mount. Bounded; the oldest makes room.
 */
#ifndef NEEVFS_FS_SENT_H
#define NEEVFS_FS_SENT_H

#include "../api/buffer.h"
#include "kinds.h"

enum { SENT_MAX = 64, SENT_BYTES_MAX = 4096 /* of one; larger ones are not remembered */ };

struct sents;

int sents_new(struct sents **ret);    /* 0 or -ENOMEM */
void sents_free(struct sents *sents); /* takes NULL */

/* The API's answer said that `body` made the resource of that id; its credentials are not remembered. Without memory
 * nothing is. */
void sent_add(struct sents *sents, const struct kind *kind, const char *id, const struct buffer *body);

/* The object, lent until the next sent_add(); absent: not known. */
struct json sent_find(const struct sents *sents, const struct kind *kind, const char *id);

#endif
