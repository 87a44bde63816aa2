/*
 * For how long a GPU instance has been idle, as far as this mount has seen: its samples are the metrics that somebody
 * reads. Nothing is asked for by itself.
 *
 * Two samples more than IDLE_GAP_MS apart say nothing of the time between: then it begins anew. So what was not looked
 * at for so long is forgotten too, and with it what is gone.
 */
#ifndef NEEVFS_FS_IDLE_H
#define NEEVFS_FS_IDLE_H

#include "../api/buffer.h"
#include "../api/json.h"

#include <stdbool.h>
#include <stdint.h>

struct view;
struct demand;
struct idles;

enum {
	IDLE_PERCENT = 5, /* below it a GPU is idle */
	IDLE_GAP_MS = 10 * 60 * 1000,
	IDLES_BITS = 14,
	IDLES_MAX = 1 << IDLES_BITS /* instances that are watched; beyond it those looked at longest ago make room */
};

int idles_new(struct idles **ret);    /* 0 or -ENOMEM */
void idles_free(struct idles *idles); /* takes NULL */

/* A sample of the instance that is asked for at `path`, measured at `at_ms`. One that is not later than the last counts
 * for nothing. */
void idle_see(struct idles *idles, const char *path, double percent, int64_t at_ms);

/* Since when it was idle at its last sample, in milliseconds; 0: it was not. False: nothing is known. */
bool idle_for(struct idles *idles, const char *path, int64_t now_ms, int64_t *ret_ms);

/* An answer about the metrics of the view's instance came: takes the sample, if there is one in it. 0 or -ENOMEM. */
int idle_measured(const struct view *view, struct json metrics, int64_t at_ms);

/* The file `idle`: whole minutes; empty while nothing is known. 0, DEMAND_PARKED or -errno. */
int text_idle(const struct view *view, struct demand *demand, struct buffer *out);

#endif
