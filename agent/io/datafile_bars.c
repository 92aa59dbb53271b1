/* Candles and quote bars as four events each, in the order docs/definitions.md ("Candles") fixes:
 * open, low, high, close where the bar rose, else open, high, low, close. */
#include "io/datafile_parts.h"

#include <stdio.h>

enum { OPEN, HIGH, LOW, CLOSE };
static const int ROSE[4] = {OPEN, LOW, HIGH, CLOSE}, FELL[4] = {OPEN, HIGH, LOW, CLOSE};

static enum err check_range(const dec *v, const char *what, char *why, size_t cap)
{
    for (int i = OPEN; i <= CLOSE; i++)
        if (v[i].v <= 0) {
            snprintf(why, cap, "a price (%s) is not above 0", what);
            return ERR_RANGE;
        }
    for (int i = OPEN; i <= CLOSE; i++)
        if (v[i].v > v[HIGH].v || v[i].v < v[LOW].v) {
            snprintf(why, cap, "%shigh and %slow do not enclose the other prices", what, what);
            return ERR_RANGE;
        }
    return ERR_OK;
}

static enum err add_candle(struct loading *l, const struct row *r, const int64_t *at, char *why,
                           size_t cap)
{
    const dec *v = r->value;
    enum err e = check_range(v, "", why, cap);
    if (e)
        return e;
    if (v[CANDLE_VOLUME].v < 0) {
        snprintf(why, cap, "the volume is below 0");
        return ERR_RANGE;
    }
    dec quarter = {v[CANDLE_VOLUME].v / 4};
    const int *order = v[CLOSE].v >= v[OPEN].v ? ROSE : FELL;
    for (int i = 0; i < 4; i++) {
        if (!loading_wants(l, at[i]))
            continue;
        struct tape_trade *to;
        size_t room;
        e = tape_room(l->tape, &to, &room);
        if (e) {
            snprintf(why, cap, "no memory for more events");
            return e;
        }
        dec qty = i < 3 ? quarter : (dec){v[CANDLE_VOLUME].v - 3 * quarter.v};
        *to = (struct tape_trade){.ts_ns = at[i], .id = 0, .price = v[order[i]], .qty = qty};
        tape_commit(l->tape, 1);
        l->info.events++;
    }
    return ERR_OK;
}

static enum err add_quote(struct loading *l, const struct row *r, const int64_t *at, char *why,
                          size_t cap)
{
    const dec *bid = r->value + QUOTE_BID, *ask = r->value + QUOTE_ASK;
    dec bid_size = r->value[QUOTE_BID_SIZE], ask_size = r->value[QUOTE_ASK_SIZE];
    enum err e = check_range(bid, "bid_", why, cap);
    if (!e)
        e = check_range(ask, "ask_", why, cap);
    if (e)
        return e;
    if (bid_size.v < 0 || ask_size.v < 0) {
        snprintf(why, cap, "a size is below 0");
        return ERR_RANGE;
    }
    for (int i = OPEN; i <= CLOSE; i++)
        if (bid[i].v >= ask[i].v) {
            snprintf(why, cap, "the bid is not below the ask");
            return ERR_RANGE;
        }
    dec opened, closed; /* twice the mids */
    if (!dec_add(bid[OPEN], ask[OPEN], &opened) || !dec_add(bid[CLOSE], ask[CLOSE], &closed)) {
        snprintf(why, cap, "a price is too large");
        return ERR_RANGE;
    }
    const int *order = closed.v >= opened.v ? ROSE : FELL;
    for (int i = 0; i < 4; i++) {
        if (!loading_wants(l, at[i]))
            continue;
        struct event ev = {
            .kind = EVENT_TOP,
            .venue = l->info.venue,
            .instrument = l->info.instrument,
            .ts_event_ns = at[i],
            .top = {bid[order[i]], bid_size, ask[order[i]], ask_size},
        };
        e = tape_add(l->tape, at[i], &ev);
        if (e) {
            snprintf(why, cap, "no memory for more events");
            return e;
        }
        l->info.events++;
    }
    return ERR_OK;
}

enum err bars_add(struct loading *l, const struct row *r, char *why, size_t cap)
{
    int64_t tf = l->info.timeframe_ns;
    if (r->ts_ns > INT64_MAX - tf) {
        snprintf(why, cap, "the time is out of range");
        return ERR_RANGE;
    }
    /* Compared as a difference: last_ns may be INT64_MIN. */
    if (l->last_ns > 0 && r->ts_ns - l->last_ns < tf) {
        snprintf(why, cap, "it begins before the bar of the row above has ended (%lld s each)",
                 (long long)(tf / 1000000000));
        return ERR_RANGE;
    }
    const int64_t at[4] = {r->ts_ns, r->ts_ns + tf / 4, r->ts_ns + tf / 2, r->ts_ns + tf - 1};
    return l->info.format == DATAFILE_CANDLES ? add_candle(l, r, at, why, cap)
                                              : add_quote(l, r, at, why, cap);
}
