#include "io/status_parts.h"

#include "base/clock.h"
#include "io/describe.h"
#include "io/report.h"
#include <string.h>

/* ---- values ---- */

bool status_value(const struct engine *e, venue_id v, asset_id a, dec amount,
                  enum dec_rounding rounding, dec *ret)
{
    const struct conversion *c = &engine_setup(e)->conversion[v][a];
    dec value = amount, mark;
    if (!c->known)
        return false;
    for (uint8_t i = 0; i < c->steps; i++) {
        if (!engine_mark(e, c->instrument[i], &mark) || !dec_is_pos(mark) ||
            !(c->inverse[i] ? dec_div(value, mark, rounding, &value)
                            : dec_mul(value, mark, rounding, &value)))
            return false;
    }
    *ret = value;
    return true;
}

static dec account_of(const struct status_source *r, venue_id v, asset_id a)
{
    return r->account(r->account_ctx, v, a);
}

struct status_holding status_holding_of(const struct engine *e, strategy_id s, instrument_id i)
{
    struct status_holding h = {.marked = false};
    h.qty = engine_position(e, s, i, &h.cost, &h.realized);
    h.marked = engine_mark(e, i, &h.mark) && dec_mul(h.qty, h.mark, DEC_FLOOR, &h.value) &&
               dec_sub(h.value, h.cost, &h.unrealized);
    return h;
}

void status_add_results(const struct engine *e, strategy_id s, struct status_results *r)
{
    const struct setup *st = engine_setup(e);
    for (instrument_id i = 0; i < st->instruments && r->known; i++) {
        const struct instrument *in = &st->instrument[i];
        struct status_holding h = status_holding_of(e, s, i);
        dec value;
        if (dec_is_zero(h.qty) && dec_is_zero(h.realized))
            continue;
        r->known = h.marked &&
                   status_value(e, in->venue, in->quote, h.realized, DEC_FLOOR, &value) &&
                   dec_add(r->realized, value, &r->realized) &&
                   status_value(e, in->venue, in->quote, h.unrealized, DEC_FLOOR, &value) &&
                   dec_add(r->unrealized, value, &r->unrealized);
    }
}

/* ---- JSON ---- */

void status_add_dec(cJSON *o, const char *key, bool known, dec d)
{
    char text[DEC_TEXT_MAX];
    dec_format(d, text);
    if (known)
        cJSON_AddStringToObject(o, key, text);
    else
        cJSON_AddNullToObject(o, key);
}

void status_add_count(cJSON *o, const char *key, uint64_t n)
{
    cJSON_AddNumberToObject(o, key, (double)n);
}

void status_add_time(cJSON *o, const char *key, int64_t ns)
{
    char text[CLOCK_TEXT_MAX];
    clock_format_utc(ns, text);
    if (ns > 0)
        cJSON_AddStringToObject(o, key, text);
    else
        cJSON_AddNullToObject(o, key);
}

cJSON *status_document(const struct status_source *r)
{
    cJSON *o = cJSON_CreateObject();
    status_add_count(o, "schema", 1);
    cJSON_AddStringToObject(o, "agent", engine_setup(r->engine)->agent_name);
    return o;
}

char *status_finish(cJSON *o)
{
    char *text = cJSON_PrintUnformatted(o);
    cJSON_Delete(o);
    return text;
}

static const char *session_name(enum session_state s)
{
    switch (s) {
    case SESSION_IDLE: return "idle";
    case SESSION_CONNECTING: return "connecting";
    case SESSION_SUBSCRIBING: return "subscribing";
    case SESSION_LIVE: return "live";
    case SESSION_WAITING: return "waiting";
    case SESSION_STOPPED: return "stopped";
    }
    return "?";
}

static void add_venues(const struct status_source *r, cJSON *o)
{
    const struct setup *s = engine_setup(r->engine);
    cJSON *list = cJSON_AddArrayToObject(o, "venues");
    for (venue_id v = 0; v < s->venues; v++) {
        cJSON *item = cJSON_CreateObject();
        struct session_stats none = {.state = SESSION_IDLE};
        const struct session_stats *st = r->session ? &r->session[v] : &none;
        cJSON_AddStringToObject(item, "venue", s->venue[v].name);
        cJSON_AddStringToObject(item, "session", session_name(st->state));
        cJSON_AddStringToObject(item, "state",
                                trading_state_name(engine_state(r->engine, SCOPE_VENUE, v)));
        status_add_count(item, "messages", st->messages);
        status_add_count(item, "events", st->events);
        status_add_count(item, "malformed", st->malformed);
        status_add_count(item, "unsupported", st->unsupported);
        status_add_count(item, "unknown", st->unknown);
        status_add_count(item, "gaps", st->gaps);
        status_add_count(item, "crossed", st->crossed);
        status_add_count(item, "resyncs", st->resyncs);
        status_add_count(item, "stale", st->stale);
        status_add_count(item, "reconnects", st->reconnects);
        cJSON_AddItemToArray(list, item);
    }
}

static void add_instruments(const struct status_source *r, cJSON *o)
{
    const struct setup *s = engine_setup(r->engine);
    cJSON *list = cJSON_AddArrayToObject(o, "instruments");
    for (instrument_id i = 0; i < s->instruments; i++) {
        cJSON *item = cJSON_CreateObject();
        char name[DESCRIBE_INSTRUMENT_MAX];
        struct event_top top = {.bid_price = DEC_ZERO};
        dec mark = DEC_ZERO;
        bool has_top = engine_top(r->engine, i, &top), has_mark = engine_mark(r->engine, i, &mark);
        cJSON_AddStringToObject(item, "instrument", describe_instrument(s, i, name));
        cJSON_AddStringToObject(item, "feed", feed_state_name(engine_feed(r->engine, i)));
        status_add_dec(item, "bid", has_top && dec_is_pos(top.bid_price), top.bid_price);
        status_add_dec(item, "ask", has_top && dec_is_pos(top.ask_price), top.ask_price);
        status_add_dec(item, "mark", has_mark, mark);
        cJSON_AddBoolToObject(item, "suspect", engine_suspect(r->engine, i));
        cJSON_AddItemToArray(list, item);
    }
}

static void add_counts(cJSON *o, const struct engine_totals *t)
{
    status_add_count(o, "orders", t->orders);
    status_add_count(o, "fills", t->fills);
    status_add_count(o, "denied", t->denied);
    status_add_count(o, "rejected", t->rejected);
    status_add_count(o, "canceled", t->canceled);
    status_add_dec(o, "volume_quote", true, t->volume_quote);
    status_add_dec(o, "fees_quote", true, t->fees_quote);
}

/* Open orders of each strategy, in one pass over all. */
static void count_open_orders(const struct engine *e, uint32_t count[SETUP_STRATEGIES_MAX])
{
    memset(count, 0, SETUP_STRATEGIES_MAX * sizeof count[0]);
    for (uint32_t i = 0; i < engine_open_orders(e); i++)
        count[engine_open_order(e, i)->strategy]++;
}

/* What was absorbed instead of followed: worth a look when it grows. */
static void add_anomalies(const struct status_source *r, cJSON *o)
{
    struct engine_anomalies a;
    engine_anomalies(r->engine, &a);
    cJSON *item = cJSON_AddObjectToObject(o, "anomalies");
    status_add_count(item, "late_order_events", a.late_order_events);
    status_add_count(item, "repeated_fills", a.repeated_fills);
    status_add_count(item, "unknown_order_ids", a.unknown_order_ids);
    status_add_count(item, "late_trades", a.late_trades);
    status_add_count(item, "senseless_trades", a.senseless_trades);
}

/* The guard that locks entries, if one does, and until when. */
static void add_lock(const struct engine *e, strategy_id s, cJSON *o)
{
    int64_t until_ns = 0;
    enum reason reason = engine_guard(e, s, &until_ns);
    if (reason == REASON_NONE)
        cJSON_AddNullToObject(o, "locked_by");
    else
        cJSON_AddStringToObject(o, "locked_by", reason_name(reason));
    status_add_time(o, "locked_until", until_ns);
}

static void add_strategies(const struct status_source *r, cJSON *o)
{
    const struct setup *s = engine_setup(r->engine);
    cJSON *list = cJSON_AddArrayToObject(o, "strategies");
    uint32_t open[SETUP_STRATEGIES_MAX];
    count_open_orders(r->engine, open);
    for (strategy_id i = 0; i < s->strategies; i++) {
        cJSON *item = cJSON_CreateObject();
        struct engine_totals t;
        struct status_results res = {.known = true};
        engine_totals(r->engine, i, &t);
        status_add_results(r->engine, i, &res);
        cJSON_AddStringToObject(item, "strategy", s->strategy[i].name);
        cJSON_AddStringToObject(item, "kind", s->strategy[i].ops->name);
        cJSON_AddStringToObject(item, "state",
                                trading_state_name(engine_state(r->engine, SCOPE_STRATEGY, i)));
        add_lock(r->engine, i, item);
        status_add_count(item, "open_orders", open[i]);
        add_counts(item, &t);
        status_add_dec(item, "pnl_realized", res.known, res.realized);
        status_add_dec(item, "pnl_unrealized", res.known, res.unrealized);
        status_add_figures(r, item, i);
        cJSON_AddItemToArray(list, item);
    }
}

char *status_overview(const struct status_source *r)
{
    const struct setup *s = engine_setup(r->engine);
    cJSON *o = status_document(r);
    struct engine_totals t;
    struct status_results res = {.known = true};
    dec pnl = DEC_ZERO, rest = DEC_ZERO;
    engine_totals(r->engine, STRATEGY_NONE, &t);
    for (strategy_id i = 0; i < s->strategies; i++)
        status_add_results(r->engine, i, &res);
    bool valued = t.valued && dec_sub(t.equity, t.equity_start, &pnl);
    bool split = valued && res.known && dec_sub(pnl, res.realized, &rest) &&
                 dec_sub(rest, res.unrealized, &rest);
    cJSON_AddStringToObject(o, "mode", s->mode == MODE_PAPER ? "paper" : "live");
    cJSON_AddStringToObject(o, "state",
                            trading_state_name(engine_state(r->engine, SCOPE_AGENT, 0)));
    status_add_count(o, "pid", r->pid);
    cJSON_AddStringToObject(o, "build", r->build);
    status_add_time(o, "started", r->started_ns);
    status_add_time(o, "now", r->now_ns);
    status_add_time(o, "engine_time", engine_now_ns(r->engine));
    add_lock(r->engine, STRATEGY_NONE, o);
    cJSON_AddStringToObject(o, "journal", r->journal);
    status_add_count(o, "journal_records", r->journal_records);
    status_add_count(o, "journal_bytes", r->journal_bytes);
    cJSON_AddStringToObject(o, "quote", s->asset[s->quote]);
    status_add_dec(o, "equity_start", t.valued, t.equity_start);
    status_add_dec(o, "equity", valued, t.equity);
    status_add_dec(o, "pnl", valued, pnl);
    status_add_dec(o, "pnl_realized", split, res.realized);
    status_add_dec(o, "pnl_unrealized", split, res.unrealized);
    status_add_dec(o, "pnl_unallotted", split, rest);
    status_add_dec(o, "max_drawdown", t.valued, report_drawdown(t.max_drawdown));
    status_add_count(o, "events", t.events);
    status_add_count(o, "open_orders", engine_open_orders(r->engine));
    add_counts(o, &t);
    cJSON_AddBoolToObject(o, "books_balance", r->books_balance);
    cJSON_AddStringToObject(o, "books", r->books);
    add_anomalies(r, o);
    status_add_signer(r, o);
    add_venues(r, o);
    add_instruments(r, o);
    add_strategies(r, o);
    return status_finish(o);
}

static void add_request(const struct setup *s, cJSON *o, order_id id, const struct order_request *q)
{
    char name[DESCRIBE_INSTRUMENT_MAX];
    cJSON_AddStringToObject(o, "strategy", describe_strategy(s, order_id_strategy(id)));
    status_add_count(o, "order", order_id_seq(id));
    cJSON_AddStringToObject(o, "instrument", describe_instrument(s, q->instrument, name));
    cJSON_AddStringToObject(o, "side", side_name(q->side));
}

char *status_orders(const struct status_source *r)
{
    const struct setup *s = engine_setup(r->engine);
    cJSON *o = status_document(r), *list = cJSON_AddArrayToObject(o, "orders");
    for (uint32_t n = 0; n < engine_open_orders(r->engine); n++) {
        const struct order *order = engine_open_order(r->engine, n);
        cJSON *item = cJSON_CreateObject();
        add_request(s, item, order->id, &order->req);
        cJSON_AddStringToObject(item, "type", order_type_name(order->req.type));
        cJSON_AddStringToObject(item, "tif", tif_name(order->req.tif));
        cJSON_AddBoolToObject(item, "post_only", order->req.post_only);
        status_add_dec(item, "price", order->req.type == ORDER_LIMIT, order->req.price);
        status_add_dec(item, "qty", true, order->req.qty);
        status_add_dec(item, "filled_qty", true, order->filled_qty);
        cJSON_AddStringToObject(item, "state", order_state_name(order->state));
        status_add_time(item, "submitted", order->ts_submit_ns);
        cJSON_AddItemToArray(list, item);
    }
    return status_finish(o);
}

char *status_positions(const struct status_source *r)
{
    const struct setup *s = engine_setup(r->engine);
    cJSON *o = status_document(r), *list = cJSON_AddArrayToObject(o, "positions");
    for (strategy_id k = 0; k < s->strategies; k++)
        for (instrument_id i = 0; i < s->instruments; i++) {
            struct status_holding h = status_holding_of(r->engine, k, i);
            char name[DESCRIBE_INSTRUMENT_MAX];
            dec average = DEC_ZERO;
            if (dec_is_zero(h.qty) && dec_is_zero(h.realized))
                continue;
            bool averaged = dec_is_pos(h.qty) && dec_div(h.cost, h.qty, DEC_HALF_EVEN, &average);
            cJSON *item = cJSON_CreateObject();
            cJSON_AddStringToObject(item, "strategy", s->strategy[k].name);
            cJSON_AddStringToObject(item, "instrument", describe_instrument(s, i, name));
            status_add_dec(item, "qty", true, h.qty);
            status_add_dec(item, "cost", true, h.cost);
            status_add_dec(item, "average", averaged, average);
            status_add_dec(item, "mark", h.marked, h.mark);
            status_add_dec(item, "value", h.marked, h.value);
            status_add_dec(item, "unrealized", h.marked, h.unrealized);
            status_add_dec(item, "realized", true, h.realized);
            cJSON_AddStringToObject(item, "quote", s->asset[s->instrument[i].quote]);
            cJSON_AddItemToArray(list, item);
        }
    return status_finish(o);
}

static void add_balance(const struct status_source *r, cJSON *list, strategy_id k, venue_id v,
                        asset_id a)
{
    const struct setup *s = engine_setup(r->engine);
    dec total = engine_balance(r->engine, k, v, a), reserved = engine_reserved(r->engine, k, v, a);
    dec free_part = DEC_ZERO, value = DEC_ZERO;
    if (dec_is_zero(total) && dec_is_zero(reserved))
        return;
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "owner", k == STRATEGY_NONE ? "(none)" : s->strategy[k].name);
    cJSON_AddStringToObject(item, "venue", s->venue[v].name);
    cJSON_AddStringToObject(item, "asset", s->asset[a]);
    status_add_dec(item, "total", true, total);
    status_add_dec(item, "reserved", true, reserved);
    bool free_known = dec_sub(total, reserved, &free_part);
    status_add_dec(item, "free", free_known, free_part);
    bool valued = status_value(r->engine, v, a, total, DEC_FLOOR, &value);
    status_add_dec(item, "value_quote", valued, value);
    cJSON_AddItemToArray(list, item);
}

char *status_balances(const struct status_source *r)
{
    const struct setup *s = engine_setup(r->engine);
    cJSON *o = status_document(r), *accounts = cJSON_AddArrayToObject(o, "accounts");
    for (venue_id v = 0; v < s->venues; v++)
        for (asset_id a = 0; a < s->assets; a++) {
            dec amount = account_of(r, v, a), value;
            if (dec_is_zero(amount))
                continue;
            cJSON *item = cJSON_CreateObject();
            cJSON_AddStringToObject(item, "venue", s->venue[v].name);
            cJSON_AddStringToObject(item, "asset", s->asset[a]);
            status_add_dec(item, "total", true, amount);
            bool valued = status_value(r->engine, v, a, amount, DEC_FLOOR, &value);
            status_add_dec(item, "value_quote", valued, value);
            cJSON_AddItemToArray(accounts, item);
        }
    cJSON *list = cJSON_AddArrayToObject(o, "ledgers");
    for (venue_id v = 0; v < s->venues; v++)
        for (asset_id a = 0; a < s->assets; a++) {
            for (strategy_id k = 0; k < s->strategies; k++)
                add_balance(r, list, k, v, a);
            add_balance(r, list, STRATEGY_NONE, v, a);
        }
    cJSON_AddStringToObject(o, "quote", s->asset[s->quote]);
    cJSON_AddBoolToObject(o, "books_balance", r->books_balance);
    cJSON_AddStringToObject(o, "books", r->books);
    return status_finish(o);
}

void status_fills_add(struct status_fills *f, int64_t ts_ns, const struct effect_fill *fill)
{
    f->item[f->count++ % STATUS_FILLS_MAX] = (struct status_fill){.ts_ns = ts_ns, .fill = *fill};
}

char *status_fills(const struct status_source *r, const struct status_fills *fills, uint32_t limit)
{
    const struct setup *s = engine_setup(r->engine);
    cJSON *o = status_document(r);
    uint64_t have = fills->count < STATUS_FILLS_MAX ? fills->count : STATUS_FILLS_MAX;
    uint64_t want = limit == 0 ? 50 : limit;
    status_add_count(o, "fills_in_all", fills->count);
    cJSON *list = cJSON_AddArrayToObject(o, "fills");
    for (uint64_t n = fills->count - (want < have ? want : have); n < fills->count; n++) {
        const struct status_fill *f = &fills->item[n % STATUS_FILLS_MAX];
        const struct instrument *in = &s->instrument[f->fill.req.instrument];
        cJSON *item = cJSON_CreateObject();
        status_add_time(item, "time", f->ts_ns);
        add_request(s, item, f->fill.id, &f->fill.req);
        status_add_dec(item, "price", true, f->fill.price);
        status_add_dec(item, "qty", true, f->fill.qty);
        status_add_dec(item, "fee", true, f->fill.fee);
        cJSON_AddStringToObject(item, "fee_asset", describe_asset(s, f->fill.fee_asset));
        cJSON_AddStringToObject(item, "liquidity", liquidity_name(f->fill.liquidity));
        status_add_dec(item, "realized", true, f->fill.realized);
        cJSON_AddStringToObject(item, "quote", s->asset[in->quote]);
        cJSON_AddItemToArray(list, item);
    }
    return status_finish(o);
}
