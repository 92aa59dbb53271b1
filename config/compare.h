/* What differs between two configurations, by their meaning and not by their text: what a reload
 * changes while the agent runs, and what it cannot. */
#ifndef TW_CONFIG_COMPARE_H
#define TW_CONFIG_COMPARE_H

#include "model/event.h"
#include "model/setup.h"

#define COMPARE_ITEMS_MAX 256 /* further ones are counted only */
#define COMPARE_TEXT_MAX  192

struct config_change {
    bool live;                    /* may change while it runs */
    strategy_id strategy;         /* of a live one; STRATEGY_NONE: it is of [journal] ... */
    uint16_t index;               /* ... and its place in the table of parameters */
    char where[COMPARE_TEXT_MAX]; /* "strategy grid-btc", "venue binance.paper" */
    char key[COMPARE_TEXT_MAX];
    char was[COMPARE_TEXT_MAX], is[COMPARE_TEXT_MAX]; /* as in the file; "absent" */
};

struct config_changes {
    uint32_t live, fixed; /* how many there are */
    uint32_t count;       /* of item */
    struct config_change item[COMPARE_ITEMS_MAX];
};

/* Compares what is running with a configuration that was read anew. [was] is the running one's
 * setup, with the balances of its file; [now][s] are the present parameters of its strategy s
 * (NULL: the setup's). Both must have been read with the same directory. ERR_NOMEM. */
enum err config_compare(const struct setup *was, const struct params *const *now,
                        const struct setup *is, struct config_changes *ret) MUST_CHECK;

/* The event that gives live parameter [index] of strategy [s] the value it has in [is]. Venue,
 * instrument and times are the caller's. */
void config_change_event(const struct setup *is, strategy_id s, uint16_t index, struct event *ret);

#endif
