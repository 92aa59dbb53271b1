/* The filters of a symbol: read from its entry of exchangeInfo, and checked. */
#include "sim/box_trading.h"
#include "venue/json.h"

#include <string.h>

/* The one filter at hand: its kind comes with its numbers, in any order. */
struct filter {
    struct json_text kind;
    dec min_price, max_price, tick, min_qty, max_qty, step, min_notional, max_notional;
    dec up, down, bid_up, bid_down, ask_up, ask_down, max_position;
    int mins;
    bool to_market, min_to_market, max_to_market;
    uint32_t count; /* of whatever it limits */
};

static bool read_money(struct json *j, struct json_text key, struct filter *f)
{
    const struct {
        const char *key;
        dec *at;
    } MONEY[] = {
        {"minPrice", &f->min_price},
        {"maxPrice", &f->max_price},
        {"tickSize", &f->tick},
        {"minQty", &f->min_qty},
        {"maxQty", &f->max_qty},
        {"stepSize", &f->step},
        {"minNotional", &f->min_notional},
        {"maxNotional", &f->max_notional},
        {"multiplierUp", &f->up},
        {"multiplierDown", &f->down},
        {"bidMultiplierUp", &f->bid_up},
        {"bidMultiplierDown", &f->bid_down},
        {"askMultiplierUp", &f->ask_up},
        {"askMultiplierDown", &f->ask_down},
        {"maxPosition", &f->max_position},
    };
    for (size_t i = 0; i < sizeof MONEY / sizeof MONEY[0]; i++)
        if (json_is(key, MONEY[i].key)) {
            *MONEY[i].at = json_quoted_dec(j);
            return true;
        }
    return false;
}

static void read_filter(struct json *j, struct filter *f)
{
    struct json_text key;
    *f = (struct filter){0};
    json_enter(j, '{');
    while (json_key(j, &key)) {
        if (read_money(j, key, f))
            continue;
        if (json_is(key, "filterType"))
            f->kind = json_string(j);
        else if (json_is(key, "avgPriceMins"))
            f->mins = (int)(json_u64(j) & 0xffff);
        else if (json_is(key, "applyToMarket"))
            f->to_market = json_bool(j);
        else if (json_is(key, "applyMinToMarket"))
            f->min_to_market = json_bool(j);
        else if (json_is(key, "applyMaxToMarket"))
            f->max_to_market = json_bool(j);
        else if (json_is(key, "limit") || json_is(key, "maxNumOrders") ||
                 json_is(key, "maxNumAlgoOrders") || json_is(key, "maxNumIcebergOrders"))
            f->count = (uint32_t)(json_u64(j) & 0xffffffff);
        else
            (void)json_skip(j);
    }
}

static void take_filter(struct box_rules *r, const struct filter *f)
{
    if (json_is(f->kind, "PRICE_FILTER")) {
        r->min_price = f->min_price;
        r->max_price = f->max_price;
        r->tick = f->tick;
    } else if (json_is(f->kind, "LOT_SIZE")) {
        r->min_qty = f->min_qty;
        r->max_qty = f->max_qty;
        r->step = f->step;
    } else if (json_is(f->kind, "MARKET_LOT_SIZE")) {
        r->market_min = f->min_qty;
        r->market_max = f->max_qty;
        r->market_step = f->step;
    } else if (json_is(f->kind, "PERCENT_PRICE")) {
        r->bid_up = r->ask_up = f->up;
        r->bid_down = r->ask_down = f->down;
        r->percent_mins = f->mins;
    } else if (json_is(f->kind, "PERCENT_PRICE_BY_SIDE")) {
        r->by_side = true;
        r->bid_up = f->bid_up;
        r->bid_down = f->bid_down;
        r->ask_up = f->ask_up;
        r->ask_down = f->ask_down;
        r->percent_mins = f->mins;
    } else if (json_is(f->kind, "MIN_NOTIONAL") || json_is(f->kind, "NOTIONAL")) {
        r->is_notional = json_is(f->kind, "NOTIONAL");
        r->min_notional = f->min_notional;
        r->max_notional = f->max_notional;
        r->min_to_market = f->to_market || f->min_to_market;
        r->max_to_market = f->max_to_market;
        r->notional_mins = f->mins;
    } else if (json_is(f->kind, "ICEBERG_PARTS")) {
        r->iceberg_parts = f->count;
    } else if (json_is(f->kind, "MAX_NUM_ORDERS")) {
        r->max_orders = f->count;
    } else if (json_is(f->kind, "MAX_NUM_ALGO_ORDERS")) {
        r->max_algo = f->count;
    } else if (json_is(f->kind, "MAX_NUM_ICEBERG_ORDERS")) {
        r->max_iceberg = f->count;
    } else if (json_is(f->kind, "MAX_POSITION")) {
        r->max_position = f->max_position;
    }
}

static int name_at(const char *const *name, int count, struct json_text t)
{
    for (int i = 0; i < count; i++)
        if (json_is(t, name[i]))
            return i;
    return -1;
}

enum err box_rules_read(const char *info, size_t len, struct box_rules *ret)
{
    /* What entries of older years do not tell is as it was then, or allowed. */
    struct box_rules r = {.stp_allowed = (1u << BOX_STPS) - 1, .cancel_replace = true};
    struct json j = json_make(info, len);
    struct json_text key;
    json_enter(&j, '{');
    while (json_key(&j, &key)) {
        if (json_is(key, "status")) {
            r.trading = json_is(json_string(&j), "TRADING");
        } else if (json_is(key, "icebergAllowed")) {
            r.iceberg = json_bool(&j);
        } else if (json_is(key, "ocoAllowed")) {
            r.oco = json_bool(&j);
        } else if (json_is(key, "quoteOrderQtyMarketAllowed")) {
            r.quote_market = json_bool(&j);
        } else if (json_is(key, "cancelReplaceAllowed")) {
            r.cancel_replace = json_bool(&j);
        } else if (json_is(key, "defaultSelfTradePreventionMode")) {
            int mode = name_at(BOX_STP_NAME, BOX_STPS, json_string(&j));
            r.stp = mode < 0 ? BOX_STP_NONE : (enum box_stp)mode;
        } else if (json_is(key, "allowedSelfTradePreventionModes")) {
            r.stp_allowed = 0;
            for (json_enter(&j, '['); json_element(&j);) {
                int mode = name_at(BOX_STP_NAME, BOX_STPS, json_string(&j));
                r.stp_allowed |= mode < 0 ? 0 : 1u << mode;
            }
        } else if (json_is(key, "orderTypes")) {
            for (json_enter(&j, '['); json_element(&j);) {
                int type = name_at(BOX_TYPE_NAME, BOX_TYPES, json_string(&j));
                if (type >= 0)
                    r.type[type] = true;
            }
        } else if (json_is(key, "filters")) {
            for (json_enter(&j, '['); json_element(&j);) {
                struct filter f;
                read_filter(&j, &f);
                take_filter(&r, &f);
            }
        } else {
            (void)json_skip(&j);
        }
    }
    enum err e = json_finish(&j);
    if (!e)
        *ret = r;
    return e;
}

/* ---- checking ---- */

/* A zero bound, or step, is no bound. */
static bool within(dec v, dec min, dec max, dec step)
{
    return dec_ge(v, min) && (dec_is_zero(max) || dec_le(v, max)) &&
           (dec_is_zero(step) || dec_is_multiple(v, step));
}

static bool percent_ok(const struct box_rules *r, const struct box_order *o, dec average)
{
    dec top, bottom, up = o->side == SIDE_BUY ? r->bid_up : r->ask_up,
                     down = o->side == SIDE_BUY ? r->bid_down : r->ask_down;
    if (dec_is_zero(up) || dec_is_zero(average))
        return true;
    return dec_mul(average, up, DEC_DOWN, &top) && dec_mul(average, down, DEC_UP, &bottom) &&
           dec_le(o->price, top) && dec_ge(o->price, bottom);
}

static bool is_algo(const struct box_order *o)
{
    return o->type != BOX_LIMIT && o->type != BOX_MARKET && o->type != BOX_LIMIT_MAKER;
}

/* Whether it will be a market order; those have no price. */
static bool is_market(const struct box_order *o)
{
    return o->type == BOX_MARKET || o->type == BOX_STOP_LOSS || o->type == BOX_TAKE_PROFIT;
}

static bool notional_ok(const struct box_rules *r, const struct box_order *o, dec average)
{
    dec value, price = is_market(o) ? average : o->price;
    if (dec_is_zero(price))
        return true;
    if (!dec_mul(price, o->qty, DEC_DOWN, &value))
        return false;
    bool min = !is_market(o) || r->min_to_market, max = !is_market(o) || r->max_to_market;
    return (!min || dec_ge(value, r->min_notional)) &&
           (!max || dec_is_zero(r->max_notional) || dec_le(value, r->max_notional));
}

static bool iceberg_ok(const struct box_rules *r, const struct box_order *o)
{
    dec parts;
    if (!o->has_iceberg || dec_is_zero(o->iceberg) || !r->iceberg_parts)
        return true;
    return dec_div(o->qty, o->iceberg, DEC_UP, &parts) &&
           dec_le(parts, dec_from_i64(r->iceberg_parts, 0));
}

const char *box_rules_check(const struct box_rules *r, const struct box_order *o,
                            const struct box_view *v)
{
    bool priced = !is_market(o);
    if ((priced && !within(o->price, r->min_price, r->max_price, r->tick)) ||
        (is_algo(o) && !within(o->stop, r->min_price, r->max_price, r->tick)))
        return "Filter failure: PRICE_FILTER";
    if (priced && !percent_ok(r, o, v->average[0]))
        return r->by_side ? "Filter failure: PERCENT_PRICE_BY_SIDE"
                          : "Filter failure: PERCENT_PRICE";
    /* A quantity that follows from an amount of quote is cut to the lot by the venue itself. */
    if (!within(o->qty, r->min_qty, r->max_qty, r->step) ||
        (o->has_iceberg && dec_is_pos(o->iceberg) &&
         !within(o->iceberg, r->min_qty, r->max_qty, r->step)))
        return "Filter failure: LOT_SIZE";
    if (!priced && !within(o->qty, r->market_min, r->market_max, r->market_step))
        return "Filter failure: MARKET_LOT_SIZE";
    if (!notional_ok(r, o, v->average[1]))
        return r->is_notional ? "Filter failure: NOTIONAL" : "Filter failure: MIN_NOTIONAL";
    if (!iceberg_ok(r, o))
        return "Filter failure: ICEBERG_PARTS";
    dec after;
    if (o->side == SIDE_BUY && dec_is_pos(r->max_position) &&
        (!dec_add(v->position, o->qty, &after) || dec_gt(after, r->max_position)))
        return "Filter failure: MAX_POSITION";
    if (r->max_orders && v->open >= r->max_orders)
        return "Filter failure: MAX_NUM_ORDERS";
    if (r->max_algo && is_algo(o) && v->algo >= r->max_algo)
        return "Filter failure: MAX_NUM_ALGO_ORDERS";
    if (r->max_iceberg && dec_is_pos(o->iceberg) && v->iceberg >= r->max_iceberg)
        return "Filter failure: MAX_NUM_ICEBERG_ORDERS";
    return NULL;
}
