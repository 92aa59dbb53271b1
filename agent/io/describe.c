#include "io/describe.h"

#include "base/clock.h"
#include "strategies/strategy.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *describe_strategy(const struct setup *s, strategy_id i)
{
    return i < s->strategies ? s->strategy[i].name : i == STRATEGY_NONE ? "agent" : "?";
}

const char *describe_asset(const struct setup *s, asset_id a)
{
    return a < s->assets ? s->asset[a] : "?";
}

const char *describe_figure_unit(const struct setup *s, strategy_id i, enum figure_unit unit)
{
    bool has = i < s->strategies && s->strategy[i].instruments > 0;
    const struct instrument *in = has ? &s->instrument[s->strategy[i].instrument[0]] : NULL;
    switch (unit) {
    case FIGURE_QUOTE: return in ? describe_asset(s, in->quote) : "?";
    case FIGURE_BASE: return in ? describe_asset(s, in->base) : "?";
    case FIGURE_PRICE: return "price";
    case FIGURE_RATIO: return "ratio";
    case FIGURE_COUNT: return "count";
    }
    return "?";
}

const char *describe_instrument(const struct setup *s, instrument_id i, char *out)
{
    if (i < s->instruments)
        snprintf(out, DESCRIBE_INSTRUMENT_MAX, "%s@%s", s->instrument[i].symbol,
                 s->instrument[i].venue < s->venues ? s->venue[s->instrument[i].venue].name : "?");
    else
        snprintf(out, DESCRIBE_INSTRUMENT_MAX, "instrument %lu", (unsigned long)i);
    return out;
}

const char *describe_limit(const struct setup *s, enum limit_scope scope, uint32_t index, char *out)
{
    char name[DESCRIBE_INSTRUMENT_MAX] = "?";
    const char *of = name;
    switch (scope) {
    case LIMIT_OF_NONE: out[0] = 0; return out;
    case LIMIT_OF_AGENT: snprintf(out, DESCRIBE_LIMIT_MAX, "agent"); return out;
    case LIMIT_OF_VENUE: of = index < s->venues ? s->venue[index].name : "?"; break;
    case LIMIT_OF_INSTRUMENT: of = describe_instrument(s, index, name); break;
    case LIMIT_OF_STRATEGY: of = index < s->strategies ? s->strategy[index].name : "?"; break;
    case LIMIT_OF_ASSET: of = index < s->assets ? s->asset[index] : "?"; break;
    case LIMIT_OF_GROUP: of = index < s->groups ? s->group[index].name : "?"; break;
    }
    snprintf(out, DESCRIBE_LIMIT_MAX, "%s %s", limit_scope_name(scope), of);
    return out;
}

/* Text that grows; stops at its end. */
struct line {
    char *at;
    size_t left;
};

__attribute__((format(printf, 2, 3))) static void add(struct line *l, const char *format, ...)
{
    if (l->left == 0)
        return;
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(l->at, l->left, format, ap);
    va_end(ap);
    size_t used = n < 0 ? 0 : (size_t)n < l->left ? (size_t)n : l->left - 1;
    l->at += used;
    l->left -= used;
}

static void add_dec(struct line *l, const char *name, dec d)
{
    char text[DEC_TEXT_MAX];
    dec_format(d, text);
    add(l, " %s=%s", name, text);
}

static void add_instrument(struct line *l, const struct setup *s, instrument_id i)
{
    char text[DESCRIBE_INSTRUMENT_MAX];
    if (i != INSTRUMENT_NONE)
        add(l, " %s", describe_instrument(s, i, text));
}

static void add_time(struct line *l, int64_t ns)
{
    char text[CLOCK_TEXT_MAX];
    clock_format_utc(ns, text);
    add(l, " %s", text);
}

static void add_order_id(struct line *l, const struct setup *s, order_id id)
{
    add(l, " %s#%llu", describe_strategy(s, order_id_strategy(id)),
        (unsigned long long)order_id_seq(id));
}

static void add_denial(struct line *l, const struct setup *s, const struct denial *d)
{
    char of[DESCRIBE_LIMIT_MAX];
    add(l, " reason=%s", reason_name(d->reason));
    if (d->scope != LIMIT_OF_NONE)
        add(l, " of %s", describe_limit(s, d->scope, d->index, of));
    if (!dec_is_zero(d->limit) || !dec_is_zero(d->value)) {
        add_dec(l, "limit", d->limit);
        add_dec(l, "value", d->value);
    }
}

static void add_request(struct line *l, const struct setup *s, const struct order_request *r)
{
    add_instrument(l, s, r->instrument);
    add(l, " %s %s %s%s%s", side_name(r->side), order_type_name(r->type), tif_name(r->tif),
        r->post_only ? " post_only" : "", r->reduce_only ? " reduce_only" : "");
    add_dec(l, "qty", r->qty);
    if (r->type == ORDER_LIMIT)
        add_dec(l, "price", r->price);
    add(l, " tag=%lu", (unsigned long)r->tag);
}

static void add_levels(struct line *l, const char *name, const struct level *level, uint32_t n)
{
    add(l, " %s=%lu", name, (unsigned long)n);
    for (uint32_t i = 0; i < n && i < 2; i++) {
        char price[DEC_TEXT_MAX], qty[DEC_TEXT_MAX];
        dec_format(level[i].price, price);
        dec_format(level[i].qty, qty);
        add(l, "%s%s:%s", i ? "," : "[", price, qty);
    }
    if (n)
        add(l, "%s]", n > 2 ? ",..." : "");
}

static void add_candle(struct line *l, const struct event_candle *c)
{
    char start[CLOCK_TEXT_MAX];
    clock_format_utc(c->open_ns, start);
    add(l, " start=%s", start);
    add_dec(l, "open", c->open);
    add_dec(l, "high", c->high);
    add_dec(l, "low", c->low);
    add_dec(l, "close", c->close);
    add_dec(l, "volume", c->volume);
}

/* A live parameter: its key and the new value. */
static void add_param(struct line *l, const struct setup *s, const struct event_param *p)
{
    const char *key =
        p->strategy < s->strategies && p->index < s->strategy[p->strategy].params.count
            ? s->strategy[p->strategy].ops->params[p->index].key
            : "?";
    add(l, " %s %s", describe_strategy(s, p->strategy), key);
    if (!p->present) {
        add(l, " absent");
        return;
    }
    switch (p->type) {
    case PARAM_DECIMAL: add_dec(l, "to", p->value.decimal); break;
    case PARAM_INTEGER:
    case PARAM_DURATION: add(l, " to=%lld", (long long)p->value.integer); break;
    case PARAM_BOOL: add(l, " to=%s", p->value.boolean ? "true" : "false"); break;
    case PARAM_CHOICE:
    case PARAM_INSTRUMENT: add(l, " to=%lu", (unsigned long)p->value.choice); break;
    case PARAM_DECIMALS:
        for (uint32_t i = 0; i < p->list.count && i < PARAM_LIST_MAX; i++)
            add_dec(l, "to", p->list.decimal[i]);
        break;
    case PARAM_DURATIONS:
        for (uint32_t i = 0; i < p->list.count && i < PARAM_LIST_MAX; i++)
            add(l, " to=%lld", (long long)p->list.duration_ns[i]);
        break;
    }
}

void describe_event(const struct setup *s, const struct event *e, char *out, size_t cap)
{
    struct line l = {out, cap};
    if (cap)
        out[0] = 0;
    add(&l, "%s", event_kind_name(e->kind));
    add_instrument(&l, s, e->instrument);
    switch (e->kind) {
    case EVENT_INSTRUMENT:
        add(&l, " status=%d", (int)e->rules.status);
        add_dec(&l, "tick", e->rules.tick_size);
        add_dec(&l, "lot", e->rules.lot_size);
        add_dec(&l, "min_qty", e->rules.min_qty);
        add_dec(&l, "min_notional", e->rules.min_notional);
        break;
    case EVENT_FEED: add(&l, " %s", feed_state_name(e->feed)); break;
    case EVENT_TOP:
        add_dec(&l, "bid", e->top.bid_price);
        add_dec(&l, "bid_qty", e->top.bid_qty);
        add_dec(&l, "ask", e->top.ask_price);
        add_dec(&l, "ask_qty", e->top.ask_qty);
        break;
    case EVENT_TRADE:
        add_dec(&l, "price", e->trade.price);
        add_dec(&l, "qty", e->trade.qty);
        add(&l, " id=%llu aggressor=%s", (unsigned long long)e->trade.trade_id,
            side_name(e->trade.aggressor));
        break;
    case EVENT_BOOK:
        add(&l, " %s update=%llu", e->book.snapshot ? "snapshot" : "changes",
            (unsigned long long)e->book.last_update_id);
        add_levels(&l, "bids", e->book.bid, e->book.bids);
        add_levels(&l, "asks", e->book.ask, e->book.asks);
        break;
    case EVENT_CANDLE: add_candle(&l, &e->candle); break;
    case EVENT_HISTORY:
        add(&l, " %s", describe_strategy(s, e->history.strategy));
        if (e->history.candle.timeframe_ns)
            add_candle(&l, &e->history.candle);
        if (e->history.last)
            add(&l, " last");
        break;
    case EVENT_PARAM: add_param(&l, s, &e->param); break;
    case EVENT_SIGNER: add(&l, " %s", signer_state_name(e->signer)); break;
    case EVENT_TIMER:
    case EVENT_STARTED: break;
    case EVENT_ORDER:
        add_order_id(&l, s, e->order.id);
        add(&l, " %s", order_state_name(e->order.state));
        if (e->order.reason != REASON_NONE)
            add(&l, " reason=%s", reason_name(e->order.reason));
        break;
    case EVENT_FILL:
        add_order_id(&l, s, e->fill.id);
        add_dec(&l, "price", e->fill.price);
        add_dec(&l, "qty", e->fill.qty);
        add_dec(&l, "fee", e->fill.fee);
        add(&l, " %s %s id=%llu", describe_asset(s, e->fill.fee_asset),
            liquidity_name(e->fill.liquidity), (unsigned long long)e->fill.fill_id);
        break;
    case EVENT_COMMAND:
        add(&l, " %s %s uid=%lu \"%s\"", command_kind_name(e->command.kind),
            describe_strategy(s, e->command.strategy), (unsigned long)e->command.uid,
            e->command.reason);
        break;
    }
    add_time(&l, e->ts_event_ns);
}

void describe_effect(const struct setup *s, const struct effect *e, char *out, size_t cap)
{
    struct line l = {out, cap};
    if (cap)
        out[0] = 0;
    add(&l, "%s %s", effect_kind_name(e->kind), describe_strategy(s, e->strategy));
    switch (e->kind) {
    case EFFECT_SUBMIT:
        add_order_id(&l, s, e->submit.id);
        add_request(&l, s, &e->submit.req);
        add_dec(&l, "reserved", e->submit.reserved);
        break;
    case EFFECT_CANCEL: add_order_id(&l, s, e->cancel); break;
    case EFFECT_DENIED:
        add_order_id(&l, s, e->denied.id);
        add_request(&l, s, &e->denied.req);
        add_denial(&l, s, &e->denied.denial);
        break;
    case EFFECT_STATE:
        add(&l, " %s %lu %s->%s reason=%s", state_scope_name(e->state.scope),
            (unsigned long)e->state.index, trading_state_name(e->state.from),
            trading_state_name(e->state.to), reason_name(e->state.reason));
        add_dec(&l, "limit", e->state.limit);
        add_dec(&l, "value", e->state.value);
        break;
    case EFFECT_LEDGER:
        add(&l, " %s", describe_strategy(s, e->ledger.strategy));
        add_instrument(&l, s, e->ledger.instrument);
        add_dec(&l, "base", e->ledger.base);
        add_dec(&l, "quote", e->ledger.quote);
        add_dec(&l, "position", e->ledger.position);
        add_dec(&l, "cost", e->ledger.cost);
        add_dec(&l, "realized", e->ledger.realized);
        break;
    case EFFECT_RESYNC: add_instrument(&l, s, e->resync); break;
    case EFFECT_NOTE: add(&l, " \"%s\"", e->note); break;
    case EFFECT_ORDER:
        add_order_id(&l, s, e->order.id);
        add(&l, " %s->%s", order_state_name(e->order.from), order_state_name(e->order.to));
        if (e->order.reason != REASON_NONE)
            add(&l, " reason=%s", reason_name(e->order.reason));
        break;
    case EFFECT_FILL:
        add_order_id(&l, s, e->fill.id);
        add_request(&l, s, &e->fill.req);
        add_dec(&l, "at", e->fill.price);
        add_dec(&l, "filled", e->fill.qty);
        add_dec(&l, "fee", e->fill.fee);
        add(&l, " %s %s id=%llu", describe_asset(s, e->fill.fee_asset),
            liquidity_name(e->fill.liquidity), (unsigned long long)e->fill.fill_id);
        add_dec(&l, "realized", e->fill.realized);
        break;
    case EFFECT_ALERT:
        add(&l, " %s", e->alert.alert < s->alerts ? s->alert[e->alert.alert].name : "?");
        add_dec(&l, "level", e->alert.level);
        add_dec(&l, "value", e->alert.value);
        break;
    case EFFECT_GUARD:
        add_instrument(&l, s, e->guard.instrument);
        add(&l, " %s reason=%s", e->guard.locked ? "locked" : "unlocked",
            reason_name(e->guard.reason));
        if (e->guard.until_ns) {
            add(&l, " until");
            add_time(&l, e->guard.until_ns);
        }
        add_dec(&l, "limit", e->guard.limit);
        add_dec(&l, "value", e->guard.value);
        break;
    }
}

static void describe_run(struct bufr *in, struct line *l)
{
    char build[JOURNAL_NAME_MAX + 1];
    int64_t wall_ns = bufr_i64(in);
    uint32_t pid = bufr_u32(in);
    bufr_text(in, build, sizeof build);
    if (in->failed)
        return;
    add(l, "daemon started");
    add_time(l, wall_ns);
    add(l, " pid=%lu build=%s", (unsigned long)pid, build);
}

static void describe_stop(struct bufr *in, struct line *l)
{
    char why[JOURNAL_WHY_MAX];
    int64_t wall_ns = bufr_i64(in);
    uint8_t orderly = bufr_u8(in);
    bufr_text(in, why, sizeof why);
    if (in->failed)
        return;
    add(l, "daemon stopped%s", orderly ? "" : " in trouble");
    add_time(l, wall_ns);
    add(l, " \"%s\"", why);
}

static void describe_book(const struct setup *s, struct bufr *in, size_t len, char *out, size_t cap)
{
    struct event e;
    size_t room = len / sizeof(struct level) + 1;
    struct level *levels = malloc(room * sizeof *levels);
    if (levels && event_decode(in, levels, (uint32_t)room, &e) == ERR_OK)
        describe_event(s, &e, out, cap);
    else
        snprintf(out, cap, "(%zu bytes that are no event)", len);
    free(levels);
}

void describe_record(const struct setup *s, enum journal_type type, const uint8_t *payload,
                     size_t len, char *out, size_t cap)
{
    struct bufr in = bufr_make(payload, len);
    struct line l = {out, cap};
    char text[480];
    struct effect fx;
    if (cap == 0)
        return;
    out[0] = 0;
    switch (type) {
    case JOURNAL_INPUT:
    case JOURNAL_EVENT:
        describe_book(s, &in, len, text, sizeof text);
        add(&l, "%s %s", type == JOURNAL_INPUT ? "in " : "own", text);
        break;
    case JOURNAL_ADVANCE:
        add(&l, "in  time");
        add_time(&l, bufr_i64(&in));
        break;
    case JOURNAL_SELF: add(&l, "    (the input itself)"); break;
    case JOURNAL_EFFECT:
        if (effect_decode(&in, &fx) == ERR_OK) {
            describe_effect(s, &fx, text, sizeof text);
            add(&l, "  > %s", text);
        } else
            add(&l, "  > (%zu bytes that are no effect)", len);
        break;
    case JOURNAL_RUN: describe_run(&in, &l); break;
    case JOURNAL_STOP: describe_stop(&in, &l); break;
    case JOURNAL_OPENING: add(&l, "opening balances carried over (%zu bytes)", len); break;
    case JOURNAL_BLOCK: add(&l, "block"); break;
    }
}
