/* The decision, in the order that PROTOCOL.md gives. */
#include "wallet/policy_counters.h"

#include "base/check.h"

static struct policy_decision refused(enum wire_reason reason, dec limit, dec value)
{
    struct policy_decision d;
    memset(&d, 0, sizeof d);
    d.reason = reason;
    d.limit = limit;
    d.value = value;
    return d;
}

static struct policy_decision plainly(enum wire_reason reason)
{
    return refused(reason, DEC_ZERO, DEC_ZERO);
}

static dec count(int64_t n)
{
    return dec_from_i64(n, 0);
}

/* Of an order: it may be above what an int64_t holds. */
static dec number(uint64_t n)
{
    dec high, all;
    CHECK(dec_mul_int(count((int64_t)(n >> 32)), INT64_C(1) << 32, &high) &&
          dec_add(high, count((int64_t)(n & UINT32_MAX)), &all));
    return all;
}

static const struct policy_key *find_key(const struct policy *p, const char *label)
{
    for (uint32_t i = 0; i < p->keys; i++)
        if (strcmp(p->key[i].label, label) == 0)
            return &p->key[i];
    return NULL;
}

static const struct policy_instrument *
find_instrument(const struct policy *p, const struct policy_key *k, const char *symbol)
{
    for (uint32_t i = k->first; i < k->first + k->instruments; i++)
        if (strcmp(p->instrument[i].symbol, symbol) == 0)
            return &p->instrument[i];
    return NULL;
}

static const char *symbol_of(const struct wire_request *r)
{
    switch (r->type) {
    case WIRE_SIGN_ORDER:
    case WIRE_SIGN_CANCEL_REPLACE: return r->order.symbol; /* the cancel's is the same: its shape */
    case WIRE_SIGN_CANCEL:
    case WIRE_SIGN_CANCEL_ALL: return r->cancel.symbol;
    case WIRE_SIGN_QUERY: return r->read.symbol;
    case WIRE_SIGN_STREAM:
    case WIRE_HELLO:
    case WIRE_STATUS:
    case WIRE_GET_SECRET:
    case WIRE_UNLOCK:
    case WIRE_SEAL:
    case WIRE_LIST:
    case WIRE_POLICY_SET: break;
    }
    return "";
}

/* What must be allowed for a query with a key that trades, where the signature does not say that it
 * is a query: the cancel that has the same parameters, too. */
static unsigned query_needs(const struct wire_read *r, bool same_as_cancel)
{
    unsigned needs = r->symbol[0] ? POLICY_QUERY : POLICY_ACCOUNT;
    if (!same_as_cancel || !r->symbol[0])
        return needs;
    switch (r->query) {
    case WIRE_QUERY_ORDER: return needs | POLICY_CANCEL;
    case WIRE_QUERY_OPEN: return needs | POLICY_CANCEL_ALL;
    case WIRE_QUERY_ALL:
    case WIRE_QUERY_TRADES:
        /* Without a range or a limit it has the parameters of the open orders' cancel; with one
         * order's id, those of that order's. */
        return needs | POLICY_CANCEL | POLICY_CANCEL_ALL;
    case WIRE_QUERY_ACCOUNT:
    case WIRE_QUERY_KEY:
    case WIRE_QUERY_RATE: break; /* have no symbol */
    }
    return needs;
}

static unsigned needs(const struct wire_request *r, const struct policy_subject *key)
{
    switch (r->type) {
    case WIRE_SIGN_ORDER: return POLICY_ORDER;
    case WIRE_SIGN_CANCEL: return POLICY_CANCEL;
    case WIRE_SIGN_CANCEL_REPLACE: return POLICY_CANCEL_REPLACE;
    case WIRE_SIGN_CANCEL_ALL: return POLICY_CANCEL_ALL;
    case WIRE_SIGN_QUERY:
        return query_needs(&r->read, key->class == CLASS_TRADE && !key->binds_path);
    case WIRE_SIGN_STREAM: return POLICY_STREAM;
    case WIRE_HELLO:
    case WIRE_STATUS:
    case WIRE_GET_SECRET:
    case WIRE_UNLOCK:
    case WIRE_SEAL:
    case WIRE_LIST:
    case WIRE_POLICY_SET: break; /* refused by their shape */
    }
    return ~0u;
}

/* Keys that trade never log in; keys that log in never trade. Where the signature does not say what
 * it is for, a websocket's query without a symbol has the parameters of a log-in. */
static bool class_may(const struct wire_request *r, const struct policy_subject *key)
{
    bool trade = key->class == CLASS_TRADE, stream = key->class == CLASS_STREAM;
    if (r->type == WIRE_SIGN_STREAM)
        return stream;
    if (r->type != WIRE_SIGN_QUERY)
        return trade;
    if (trade && !key->binds_path && r->signing.transport == WIRE_WEBSOCKET && !r->read.symbol[0])
        return false;
    return trade || stream;
}

static struct policy_decision check_time(const struct policy_key *k, const struct wire_signing *s,
                                         int64_t wall_ms)
{
    int64_t earliest = wall_ms - k->skew_ms, latest = wall_ms + k->skew_ms;
    if (s->window_ms > k->window_ms)
        return refused(POLICY_WINDOW, count(k->window_ms), count(s->window_ms));
    if (s->timestamp_ms > latest)
        return refused(POLICY_EARLY, count(latest), count(s->timestamp_ms));
    if (s->timestamp_ms < earliest)
        return refused(POLICY_LATE, count(earliest), count(s->timestamp_ms));
    return plainly(WIRE_ALLOWED);
}

static struct policy_decision check_price(const struct policy_key *k,
                                          const struct policy_instrument *i,
                                          const struct wire_order *o)
{
    if (!(k->types >> o->type & 1))
        return plainly(o->type == WIRE_MARKET ? POLICY_MARKET : POLICY_TYPE);
    if (o->type == WIRE_MARKET)
        return plainly(WIRE_ALLOWED);
    if (o->side == WIRE_SELL && dec_lt(o->price, i->floor))
        return refused(POLICY_FLOOR, i->floor, o->price);
    if (o->side == WIRE_BUY && dec_gt(o->price, i->ceiling))
        return refused(POLICY_CEILING, i->ceiling, o->price);
    return plainly(WIRE_ALLOWED);
}

/* What one execution of the order takes at most: base, and quote. */
static bool worth(const struct policy_instrument *i, const struct wire_order *o, dec *base,
                  dec *value)
{
    if (o->type == WIRE_MARKET && o->side == WIRE_BUY) {
        *value = o->quote_qty;
        return dec_div(o->quote_qty, i->floor, DEC_UP, base);
    }
    *base = o->qty;
    return dec_mul(o->qty, i->ceiling, DEC_UP, value);
}

static struct policy_decision check_caps(const struct policy_key *k,
                                         const struct policy_instrument *i,
                                         const struct wire_order *o,
                                         const struct policy_counters *c)
{
    dec base, value, all_base, all_value;
    if (!worth(i, o, &base, &value) || !dec_mul_int(base, k->replays, &all_base) ||
        !dec_mul_int(value, k->replays, &all_value))
        return plainly(POLICY_OVERFLOW);
    if (dec_gt(base, i->order_base))
        return refused(POLICY_ORDER_BASE, i->order_base, base);
    if (dec_gt(value, i->order_value))
        return refused(POLICY_ORDER_VALUE, i->order_value, value);
    int n = policy_slot_find(c, k->label, i->symbol);
    bool fresh = n < 0 || !c->slot[n].day;
    const struct policy_slot *s = fresh ? NULL : &c->slot[n];
    const struct {
        enum wire_reason reason;
        dec limit, before, part;
    } caps[] = {
        {POLICY_HOUR_BASE, i->hour_base, s ? s->hour_base : DEC_ZERO, all_base},
        {POLICY_HOUR_VALUE, i->hour_value, s ? s->hour_value : DEC_ZERO, all_value},
        {POLICY_DAY_BASE, i->day_base, s ? s->day_base : DEC_ZERO, all_base},
        {POLICY_DAY_VALUE, i->day_value, s ? s->day_value : DEC_ZERO, all_value},
    };
    for (size_t x = 0; x < sizeof caps / sizeof *caps; x++) {
        dec after;
        if (!dec_add(caps[x].before, caps[x].part, &after))
            return plainly(POLICY_OVERFLOW);
        if (dec_gt(after, caps[x].limit))
            return refused(caps[x].reason, caps[x].limit, after);
    }
    if (n < 0 || policy_ring_full(c))
        return refused(POLICY_MEMORY, count(n < 0 ? POLICY_SLOTS_MAX : c->cap),
                       count((int64_t)(n < 0 ? POLICY_SLOTS_MAX : c->cap) + 1));
    struct policy_decision d = plainly(WIRE_ALLOWED);
    d.base = all_base;
    d.total = all_value;
    return d;
}

static struct policy_decision check_order(const struct policy *p, const struct policy_key *k,
                                          const struct wire_request *r,
                                          const struct policy_counters *c, int64_t wall_ms)
{
    const struct wire_order *o = &r->order;
    const struct policy_instrument *i = find_instrument(p, k, o->symbol);
    struct policy_decision d = check_price(k, i, o);
    if (d.reason != WIRE_ALLOWED)
        return d;
    uint64_t top = 0;
    d.reason = policy_intent(c, o, &top);
    if (d.reason == POLICY_REPEATED || d.reason == POLICY_OLD_INTENT)
        return refused(d.reason, number(top), number(o->intent.order));
    if (d.reason != WIRE_ALLOWED)
        return d;
    uint32_t orders = policy_orders_last_minute(c, k->label);
    if (orders >= k->rate)
        return refused(POLICY_RATE, count(k->rate), count((int64_t)orders + 1));
    d = check_caps(k, i, o, c);
    if (d.reason != WIRE_ALLOWED)
        return d;
    int64_t left = r->signing.timestamp_ms + r->signing.window_ms - wall_ms;
    d.is_order = true;
    d.until_ms = c->now_ms + (left > 0 ? left : 0);
    memcpy(d.label, k->label, sizeof d.label);
    memcpy(d.symbol, i->symbol, sizeof d.symbol);
    d.intent = o->intent;
    d.replaces = o->replaces;
    return d;
}

struct policy_decision policy_check(const struct policy *p, const struct policy_subject *key,
                                    const struct wire_request *r, struct policy_counters *c,
                                    struct policy_now now)
{
    policy_clock(c, now);
    if (wire_shape(r) != WIRE_ALLOWED)
        return plainly(POLICY_SHAPE);
    const struct policy_key *k = find_key(p, r->signing.key);
    if (!k)
        return plainly(POLICY_KEY);
    if (strcmp(k->network, key->network) != 0)
        return plainly(POLICY_NETWORK);
    if (!class_may(r, key))
        return plainly(POLICY_CLASS);
    unsigned ops = needs(r, key);
    if ((k->ops & ops) != ops)
        return plainly(POLICY_OPERATION);
    const char *symbol = symbol_of(r);
    if (symbol[0] && !find_instrument(p, k, symbol))
        return plainly(POLICY_SYMBOL);
    struct policy_decision d = check_time(k, &r->signing, now.wall_ms);
    if (d.reason != WIRE_ALLOWED || !(ops & (POLICY_ORDER | POLICY_CANCEL_REPLACE)))
        return d;
    return check_order(p, k, r, c, now.wall_ms);
}
