#include "wallet/wire.h"

static bool order_ok(const struct wire_order *o)
{
    bool timed = o->tif != WIRE_TIF_NONE, priced = dec_is_pos(o->price);
    bool stopped = dec_is_pos(o->stop_price);
    bool base = dec_is_pos(o->qty), quote = dec_is_pos(o->quote_qty);
    if (!o->client_order_id[0] || !o->intent.order)
        return false;
    switch (o->type) {
    case WIRE_LIMIT: return base && !quote && priced && !stopped && timed;
    case WIRE_LIMIT_MAKER: return base && !quote && priced && !stopped && !timed;
    case WIRE_STOP_LOSS_LIMIT:
    case WIRE_TAKE_PROFIT_LIMIT: return base && !quote && priced && stopped && timed;
    case WIRE_MARKET:
        /* A buy by quantity would cost what the market asks: only by what it may cost. */
        return !priced && !stopped && !timed &&
               (o->side == WIRE_BUY ? quote && !base : base && !quote);
    }
    return false;
}

/* By one name: two could be those of two orders. */
static bool cancel_ok(const struct wire_cancel *c)
{
    return (c->client_order_id[0] != 0) != (c->venue_order_id != 0);
}

static bool read_ok(const struct wire_read *r, enum wire_transport transport)
{
    bool symbol = r->symbol[0] != 0, coid = r->client_order_id[0] != 0, id = r->from_id != 0;
    bool times = r->from_ms || r->to_ms, limit = r->limit != 0;
    switch (r->query) {
    case WIRE_QUERY_ORDER: return symbol && coid != id && !times && !limit;
    case WIRE_QUERY_OPEN: return !coid && !id && !times && !limit;
    case WIRE_QUERY_ALL:
    case WIRE_QUERY_TRADES:
        return symbol && !coid && !(id && times) && r->limit <= 1000 &&
               !(r->from_ms && r->to_ms && r->to_ms < r->from_ms);
    case WIRE_QUERY_ACCOUNT:
    case WIRE_QUERY_RATE: return !symbol && !coid && !id && !times && !limit;
    case WIRE_QUERY_KEY:
        return transport == WIRE_REST && !symbol && !coid && !id && !times && !limit;
    }
    return false;
}

static bool shape_ok(const struct wire_request *r)
{
    switch (r->type) {
    case WIRE_SIGN_ORDER: return order_ok(&r->order);
    case WIRE_SIGN_CANCEL: return cancel_ok(&r->cancel);
    case WIRE_SIGN_CANCEL_REPLACE:
        /* An order stands in for another one of the same symbol. */
        return order_ok(&r->order) && cancel_ok(&r->cancel) && r->order.replaces &&
               strcmp(r->order.symbol, r->cancel.symbol) == 0;
    case WIRE_SIGN_CANCEL_ALL: return true;
    case WIRE_SIGN_QUERY: return read_ok(&r->read, r->signing.transport);
    case WIRE_SIGN_STREAM: return r->signing.transport == WIRE_WEBSOCKET;
    case WIRE_HELLO:
    case WIRE_STATUS:
    case WIRE_GET_SECRET:
    case WIRE_UNLOCK:
    case WIRE_SEAL:
    case WIRE_LIST:
    case WIRE_POLICY_SET: return false; /* nothing to sign */
    }
    return false;
}

enum wire_reason wire_shape(const struct wire_request *r)
{
    return shape_ok(r) ? WIRE_ALLOWED : POLICY_SHAPE;
}
