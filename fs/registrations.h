/* Registrations for the e-mail that tells when a GPU configuration can be had: what the API lists of this user's. */
#ifndef NEEVFS_FS_REGISTRATIONS_H
#define NEEVFS_FS_REGISTRATIONS_H

#include "../api/json.h"
#include "store.h"

struct view;

/* The API's answer, lent. 0, DEMAND_PARKED, or -errno with words in demand->error: -ENOENT if it has no such thing. */
int registrations_get(struct store *store, struct demand *demand, struct json *ret);

/* Whether the e-mail for `wanted`, an object with region_id and config_id, is still to come. */
bool registration_pending(struct json registrations, struct json wanted);

/* notify: those of the view's configuration in its region, a line each; nothing where the API has no such thing. */
int text_notify(const struct view *view, struct demand *demand, struct buffer *out);
/* notifications.json: all, as answered. */
int text_notifications(const struct view *view, struct demand *demand, struct buffer *out);

#endif
