/* What the API documents say only in words, as rules for the tables in schemas.c (struct schema, `rule`). */
#ifndef NEEVFS_FS_SCHEMA_RULES_H
#define NEEVFS_FS_SCHEMA_RULES_H

#include "../api/error.h"
#include "../api/json.h"

/* An ssh-rsa key has at least 2048 bits. */
int rule_ssh_key(struct json value, struct json *ret_place, struct error *err);

/* endPort is not below startPort, and the range spans at most 20 ports. */
int rule_udp_range(struct json value, struct json *ret_place, struct error *err);

/* At most 64 ports in all ranges together. */
int rule_udp_ranges(struct json value, struct json *ret_place, struct error *err);

/* A network volume is either new (sizeGB) or an existing one (existing_volume_id). */
int rule_network_volume(struct json value, struct json *ret_place, struct error *err);

#endif
