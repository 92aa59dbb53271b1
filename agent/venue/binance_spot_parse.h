/* Inside the Binance Spot codec: what its message and its REST half share. */
#ifndef TW_VENUE_BINANCE_SPOT_PARSE_H
#define TW_VENUE_BINANCE_SPOT_PARSE_H

#include "venue/binance_spot_codec.h"

/* One bit per letter, for the one-letter keys of stream messages. */
#define LETTER(c) (UINT64_C(1) << ((c) - 'A'))

static inline bool binance_is_letter(char c)
{
    return (unsigned char)((c | 0x20) - 'a') < 26;
}

/* Steps to the next member of a stream message. Returns its letter, '?' for a longer name, 0 at the
 * end; *seen collects the letters. Names that only futures have fail with ERR_UNSUPPORTED. */
static inline char binance_field(struct json *j, uint64_t *seen)
{
    struct json_text key;
    /* ,"X": as the venue writes it; in front of the first there is no comma */
    const unsigned comma = !j->first;
    const char *p = j->p;
    if (j->end - p >= 5 && (!comma || p[0] == ',') && p[comma] == '"' &&
        binance_is_letter(p[comma + 1]) && p[comma + 2] == '"' && p[comma + 3] == ':') {
        key = (struct json_text){p + comma + 1, 1};
        j->p = p + comma + 4;
        j->first = false;
    } else if (!json_key(j, &key)) {
        return 0;
    }
    if (key.len == 1) {
        const char c = key.p[0];
        if (!binance_is_letter(c))
            return '?';
        if (*seen & LETTER(c))
            json_fail(j, ERR_SYNTAX);
        *seen |= LETTER(c);
        return c;
    }
    if (json_is(key, "ps") || json_is(key, "pu"))
        json_fail(j, ERR_UNSUPPORTED);
    return '?';
}

/* Milliseconds or microseconds since 1970, told apart by their size, as nanoseconds. */
static inline enum err binance_time(uint64_t t, int64_t *ret_ns)
{
    if (t >= BINANCE_TIME_MIN_MS && t <= BINANCE_TIME_MAX_MS)
        *ret_ns = (int64_t)t * 1000000;
    else if (t >= BINANCE_TIME_MIN_MS * 1000 && t <= BINANCE_TIME_MAX_MS * 1000 + 999)
        *ret_ns = (int64_t)t * 1000;
    else
        return ERR_RANGE;
    return ERR_OK;
}

static inline bool binance_sane(dec d)
{
    return d.v >= 0 && (u128)d.v <= BINANCE_NUMBER_MAX;
}

static inline bool binance_kline_ok(const struct binance_kline *k)
{
    bool ordered = dec_le(k->low, k->open) && dec_le(k->low, k->close) &&
                   dec_le(k->open, k->high) && dec_le(k->close, k->high);
    return ordered && dec_is_pos(k->low) && binance_sane(k->high) && k->close_ns > k->open_ns;
}

/* [["price","quantity"], ...] */
uint32_t binance_levels(struct json *j, struct level *out, uint32_t cap);

#endif
