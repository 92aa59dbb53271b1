#include "venue/depth_sync.h"

#include "base/check.h"

#include <string.h>

void depth_reset(struct depth_sync *d)
{
    d->state = DEPTH_WAITING;
    d->diffs = d->levels = d->next = d->old = 0;
}

/* Makes room for one more with [levels] levels by dropping the oldest. */
static void make_room(struct depth_sync *d, uint32_t levels)
{
    uint32_t drop = 0, gone = 0;
    while (drop < d->diffs &&
           (d->diffs - drop == DEPTH_DIFFS_MAX || d->levels - gone + levels > DEPTH_LEVELS_MAX)) {
        gone += d->diff[drop].bids + d->diff[drop].asks;
        drop++;
    }
    if (drop == 0)
        return;
    d->diffs -= drop;
    d->levels -= gone;
    memmove(d->diff, d->diff + drop, d->diffs * sizeof d->diff[0]);
    memmove(d->level, d->level + gone, d->levels * sizeof d->level[0]);
    for (uint32_t i = 0; i < d->diffs; i++) {
        d->diff[i].bid -= gone;
        d->diff[i].ask -= gone;
    }
}

static void keep(struct depth_sync *d, const struct depth_diff *diff)
{
    /* What is kept has no holes: behind one, only the newest part is of use. */
    if (d->diffs > 0) {
        const struct depth_diff *last = &d->diff[d->diffs - 1];
        if (diff->last_id <= last->last_id && diff->first_id >= d->diff[0].first_id)
            return; /* a repetition */
        if (diff->first_id != last->last_id + 1)
            depth_reset(d);
    }
    const uint32_t bids = diff->bids, asks = diff->asks;
    if (bids > DEPTH_LEVELS_MAX || asks > DEPTH_LEVELS_MAX - bids) {
        depth_reset(d); /* too large to wait: begin with the next one */
        return;
    }
    make_room(d, bids + asks);
    CHECK(d->diffs < DEPTH_DIFFS_MAX && d->levels + bids + asks <= DEPTH_LEVELS_MAX);
    struct level *at = d->level + d->levels;
    if (bids)
        memcpy(at, diff->bid, bids * sizeof *at);
    if (asks)
        memcpy(at + bids, diff->ask, asks * sizeof *at);
    d->diff[d->diffs] = *diff;
    d->diff[d->diffs].bid = at;
    d->diff[d->diffs].ask = at + bids;
    d->diffs++;
    d->levels += bids + asks;
}

static void applied(struct depth_sync *d, const struct depth_diff *diff)
{
    d->begin_id = diff->first_id;
    d->last_id = diff->last_id;
    d->first = false;
    d->old = 0;
}

enum depth_verdict depth_take(struct depth_sync *d, const struct depth_diff *diff)
{
    if (d->state == DEPTH_WAITING) {
        keep(d, diff);
        return DEPTH_KEPT;
    }
    const bool begins =
        d->first ? diff->first_id <= d->last_id + 1 : diff->first_id == d->last_id + 1;
    if (begins && diff->last_id > d->last_id) {
        applied(d, diff);
        return DEPTH_APPLY;
    }
    const bool repeats = !d->first && diff->first_id == d->begin_id && diff->last_id == d->last_id;
    const bool had = d->first && diff->last_id <= d->last_id && d->old < DEPTH_OLD_MAX;
    if (repeats || had) {
        d->old++;
        return DEPTH_OLD;
    }
    depth_reset(d);
    keep(d, diff);
    return DEPTH_LOST;
}

enum depth_verdict depth_take_snapshot(struct depth_sync *d, uint64_t last_update_id)
{
    CHECK(d->state == DEPTH_WAITING);
    if (d->diffs > 0 && d->diff[0].first_id > last_update_id + 1)
        return DEPTH_OLD;
    d->state = DEPTH_SYNCED;
    d->first = true;
    d->last_id = last_update_id;
    d->old = 0;
    d->next = 0;
    return DEPTH_APPLY;
}

const struct depth_diff *depth_next(struct depth_sync *d)
{
    while (d->state == DEPTH_SYNCED && d->next < d->diffs) {
        const struct depth_diff *diff = &d->diff[d->next++];
        if (diff->last_id > d->last_id) {
            applied(d, diff);
            return diff;
        }
    }
    if (d->state == DEPTH_SYNCED)
        d->diffs = d->levels = d->next = 0;
    return NULL;
}
