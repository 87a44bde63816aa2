/*
 * What stands in the cloud before anybody asked for anything.
 */
#pragma once

struct world;
struct world_options;

/* Fills the first organisation and its first project. 0 or -ENOMEM. */
int seed_world(struct world *world, const struct world_options *options);
