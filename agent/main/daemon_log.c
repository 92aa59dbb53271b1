#include "main/daemon_log.h"

#include "base/clock.h"
#include "base/log.h"
#include "io/describe.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const KIND_NAME[LOG_KINDS] = {"order", "fill",  "denial", "note",
                                                 "feed",  "guard", "alert"};

/* Whether another line of this kind may be written now. */
static bool may(struct daemon_log *l, enum daemon_log_kind k, int64_t mono_ns)
{
    if (mono_ns - l->kind[k].since_ns >= DAEMON_LOG_PERIOD) {
        daemon_log_tick(l, mono_ns);
        l->kind[k].since_ns = mono_ns;
        l->kind[k].lines = 0;
    }
    if (l->kind[k].lines < DAEMON_LOG_BURST) {
        l->kind[k].lines++;
        return true;
    }
    l->kind[k].left_out++;
    return false;
}

void daemon_log_tick(struct daemon_log *l, int64_t mono_ns)
{
    for (int k = 0; k < LOG_KINDS; k++)
        if (l->kind[k].left_out && mono_ns - l->kind[k].since_ns >= DAEMON_LOG_PERIOD) {
            log_info("log", "%lu more %s lines were left out", (unsigned long)l->kind[k].left_out,
                     KIND_NAME[k]);
            l->kind[k].left_out = 0;
        }
}

struct words {
    char qty[DEC_TEXT_MAX], price[DEC_TEXT_MAX], fee[DEC_TEXT_MAX], result[DEC_TEXT_MAX];
    const char *base, *quote, *symbol, *venue;
};

static struct words words_of(const struct setup *s, instrument_id i)
{
    struct words w = {.base = "?", .quote = "?", .symbol = "?", .venue = "?"};
    if (i >= s->instruments)
        return w;
    const struct instrument *in = &s->instrument[i];
    w.base = describe_asset(s, in->base);
    w.quote = describe_asset(s, in->quote);
    w.symbol = in->symbol;
    w.venue = s->venue[in->venue].name;
    return w;
}

/* "buy 0.002 BTC at 61500 USDT on binance" */
static const char *request_text(const struct setup *s, const struct order_request *r, char *out,
                                size_t cap)
{
    struct words w = words_of(s, r->instrument);
    dec_format(r->qty, w.qty);
    dec_format(r->price, w.price);
    if (r->type == ORDER_LIMIT)
        snprintf(out, cap, "%s %s %s at %s %s on %s", side_name(r->side), w.qty, w.base, w.price,
                 w.quote, w.venue);
    else
        snprintf(out, cap, "%s %s %s at market price on %s", side_name(r->side), w.qty, w.base,
                 w.venue);
    return out;
}

#define TEXT_MAX 224

/* One line for the fills of an order, when it is done with. */
static void tell_fills(const struct setup *s, const char *who, const struct daemon_log_fills *f)
{
    const struct order_request *r = &f->last.req;
    struct words w = words_of(s, r->instrument);
    char result[96] = "", parts[48] = "";
    dec average = f->last.price;
    if (f->count > 1) {
        snprintf(parts, sizeof parts, ", %lu fills", (unsigned long)f->count);
        if (!dec_div(f->quote, f->qty, DEC_HALF_EVEN, &average))
            average = f->last.price;
    }
    dec_format(f->qty, w.qty);
    dec_format(f->fee, w.fee);
    /* An average has endless digits; two more than the last price has are enough. */
    dec_format_places(average, 8, DEC_HALF_EVEN, w.price);
    for (size_t n = strlen(w.price); n && strchr(w.price, '.') && strchr("0.", w.price[n - 1]);) {
        bool point = w.price[n - 1] == '.';
        w.price[--n] = 0;
        if (point)
            break;
    }
    if (r->side == SIDE_SELL) {
        dec_format_places(f->realized, 4, DEC_HALF_EVEN, w.result);
        snprintf(result, sizeof result, ", result %s%s %s", dec_is_neg(f->realized) ? "" : "+",
                 w.result, w.quote);
    }
    log_info(who, "%s %s %s at %s %s (%s%s), fee %s %s%s%s",
             r->side == SIDE_BUY ? "bought" : "sold", w.qty, w.base, w.price, w.quote,
             liquidity_name(f->last.liquidity), parts, w.fee, describe_asset(s, f->last.fee_asset),
             f->two_fee_assets ? " and another asset" : "", result);
}

static struct daemon_log_fills *fills_of(struct daemon_log *l, order_id id)
{
    for (size_t i = 0; i < DAEMON_LOG_ORDERS; i++)
        if (l->order[i].id == id)
            return &l->order[i];
    return NULL;
}

static void add_fill(struct daemon_log *l, const struct setup *s, const char *who,
                     const struct effect_fill *f)
{
    struct daemon_log_fills one = {.id = f->id}, *sum = fills_of(l, f->id);
    dec quote;
    if (!sum && (sum = fills_of(l, 0)))
        *sum = one;
    bool alone = !sum;
    if (alone)
        sum = &one;
    sum->two_fee_assets = sum->count && sum->last.fee_asset != f->fee_asset;
    sum->last = *f;
    sum->count++;
    /* For a log line only: where a sum cannot be held, it stays behind. */
    bool held = dec_add(sum->qty, f->qty, &sum->qty);
    held = dec_mul(f->price, f->qty, DEC_HALF_EVEN, &quote) &&
           dec_add(sum->quote, quote, &sum->quote) && held;
    held = dec_add(sum->fee, f->fee, &sum->fee) && held;
    held = dec_add(sum->realized, f->realized, &sum->realized) && held;
    if (alone || !held)
        tell_fills(s, who, sum);
}

/* The order has ended: its fills are told. */
static void end_fills(struct daemon_log *l, const struct setup *s, const char *who, order_id id,
                      int64_t mono_ns)
{
    struct daemon_log_fills *sum = fills_of(l, id);
    if (!sum)
        return;
    if (may(l, LOG_FILLS, mono_ns))
        tell_fills(s, who, sum);
    sum->id = 0;
}

static void log_denied(const struct engine *e, const struct effect *fx, const char *who)
{
    const struct setup *s = engine_setup(e);
    const struct effect_denied *d = &fx->denied;
    struct engine_denied n;
    char again[64] = "";
    engine_denied(e, fx->strategy, d->denial.reason, &n);
    if (n.in_row > 1)
        snprintf(again, sizeof again, "; %" PRIu64 " in a row for this reason", n.in_row);
    char text[TEXT_MAX], limit[DEC_TEXT_MAX], value[DEC_TEXT_MAX], of[DESCRIBE_LIMIT_MAX];
    char numbers[128 + DESCRIBE_LIMIT_MAX] = "";
    if (!dec_is_zero(d->denial.limit) || !dec_is_zero(d->denial.value)) {
        dec_format(d->denial.limit, limit);
        dec_format(d->denial.value, value);
        describe_limit(s, d->denial.scope, d->denial.index, of);
        snprintf(numbers, sizeof numbers, "; limit%s%s %s, this order %s", of[0] ? " of " : "", of,
                 limit, value);
    }
    log_warn(who, "denied: %s: %s (%s%s%s)", request_text(s, &d->req, text, sizeof text),
             reason_text(d->denial.reason), reason_name(d->denial.reason), numbers, again);
}

static void log_order(const struct engine *e, const char *who, const struct effect_order *o)
{
    const struct order *order = engine_order(e, o->id);
    char text[TEXT_MAX] = "order";
    if (order)
        request_text(engine_setup(e), &order->req, text, sizeof text);
    switch (o->to) {
    case ORDER_REJECTED:
        log_warn(who, "rejected by the venue: %s: %s (%s)", text, reason_text(o->reason),
                 reason_name(o->reason));
        return;
    case ORDER_CANCELED: log_info(who, "canceled: %s", text); return;
    case ORDER_EXPIRED:
        log_info(who, "expired: %s%s%s", text, o->reason == REASON_NONE ? "" : ": ",
                 o->reason == REASON_NONE ? "" : reason_text(o->reason));
        return;
    case ORDER_NOT_SENT: log_warn(who, "not sent: %s", text); return;
    case ORDER_IN_DOUBT:
        log_warn(who, "in doubt, counts as open until it is proven: %s", text);
        return;
    case ORDER_INTENT:
    case ORDER_DENIED:
    case ORDER_SUBMITTED:
    case ORDER_ACCEPTED:
    case ORDER_PARTIALLY_FILLED:
    case ORDER_FILLED:
    case ORDER_PENDING_CANCEL: return; /* told by the submission and the fills */
    }
}

static void log_state(const struct setup *s, const struct effect_state *st)
{
    char limit[DEC_TEXT_MAX], value[DEC_TEXT_MAX], numbers[128] = "";
    const char *who = "agent";
    if (st->scope == SCOPE_STRATEGY)
        who = describe_strategy(s, st->index);
    else if (st->scope == SCOPE_VENUE && st->index < s->venues)
        who = s->venue[st->index].name;
    if (!dec_is_zero(st->limit) || !dec_is_zero(st->value)) {
        dec_format(st->limit, limit);
        dec_format(st->value, value);
        snprintf(numbers, sizeof numbers, " (limit %s, now %s)", limit, value);
    }
    log_line(st->to > st->from ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, who, "%s -> %s: %s%s",
             trading_state_name(st->from), trading_state_name(st->to), reason_text(st->reason),
             numbers);
}

/* "btc-high: Bitcoin is expensive (price 70001 above 70000)" */
static void log_alert(const struct setup *s, const struct effect_alert *a)
{
    char level[DEC_TEXT_MAX], value[DEC_TEXT_MAX];
    if (a->alert >= s->alerts)
        return;
    const struct alert_setup *as = &s->alert[a->alert];
    if (alert_of_signer(as->when)) {
        log_warn("alert", "%s%s%s (%s)", as->name, as->text[0] ? ": " : "", as->text,
                 alert_of_name(as->when));
        return;
    }
    dec_format(a->level, level);
    dec_format(a->value, value);
    log_warn("alert", "%s%s%s (%s %s %s %s)", as->name, as->text[0] ? ": " : "", as->text,
             alert_of_name(as->when), value, as->has_above ? "above" : "below", level);
}

static void log_jump(const struct setup *s, const struct effect_guard *g)
{
    char price[DEC_TEXT_MAX], limit[DEC_TEXT_MAX];
    struct words w = words_of(s, g->instrument);
    dec_format(g->value, price);
    dec_format(g->limit, limit);
    if (g->locked)
        log_warn("market",
                 "%s on %s jumped to %s, beyond %s: no entries until it is confirmed (%s)",
                 w.symbol, w.venue, price, limit, reason_name(g->reason));
    else
        log_info("market", "%s on %s is at %s and believed again", w.symbol, w.venue, price);
}

static void log_guard(const struct setup *s, const char *who, const struct effect_guard *g)
{
    char until[CLOCK_TEXT_MAX], limit[DEC_TEXT_MAX], value[DEC_TEXT_MAX], numbers[128] = "";
    if (g->instrument != INSTRUMENT_NONE) {
        log_jump(s, g);
        return;
    }
    if (!g->locked) {
        log_info(who, "entries are free again (%s has ended)", reason_name(g->reason));
        return;
    }
    if (!dec_is_zero(g->limit) || !dec_is_zero(g->value)) {
        dec_format(g->limit, limit);
        dec_format(g->value, value);
        snprintf(numbers, sizeof numbers, "; limit %s, now %s", limit, value);
    }
    clock_format_utc(g->until_ns, until);
    log_line(g->reason == REASON_SCHEDULE || g->reason == REASON_GUARD_COOLDOWN ? LOG_LEVEL_INFO
                                                                                : LOG_LEVEL_WARN,
             who, "until %s %s (%s%s)", until, reason_text(g->reason), reason_name(g->reason),
             numbers);
}

static void log_effect(struct daemon_log *l, const struct engine *e, const struct effect *fx,
                       int64_t mono_ns)
{
    const struct setup *s = engine_setup(e);
    const char *who = describe_strategy(s, fx->strategy);
    char text[TEXT_MAX];
    switch (fx->kind) {
    case EFFECT_SUBMIT:
        if (may(l, LOG_ORDERS, mono_ns))
            log_info(who, "order: %s", request_text(s, &fx->submit.req, text, sizeof text));
        return;
    case EFFECT_FILL: add_fill(l, s, who, &fx->fill); return;
    case EFFECT_DENIED:
        if (may(l, LOG_DENIALS, mono_ns))
            log_denied(e, fx, who);
        return;
    case EFFECT_ORDER:
        if (!order_state_is_terminal(fx->order.to))
            return;
        end_fills(l, s, who, fx->order.id, mono_ns);
        if (fx->order.to != ORDER_FILLED && may(l, LOG_ORDERS, mono_ns))
            log_order(e, who, &fx->order);
        return;
    case EFFECT_STATE: log_state(s, &fx->state); return;
    case EFFECT_NOTE:
        if (may(l, LOG_NOTES, mono_ns))
            log_info(who, "%s", fx->note);
        return;
    case EFFECT_RESYNC:
        if (may(l, LOG_FEEDS, mono_ns))
            log_warn("market", "%s: the book is crossed or broken, fetching it anew",
                     words_of(s, fx->resync).symbol);
        return;
    case EFFECT_ALERT:
        if (may(l, LOG_ALERTS, mono_ns))
            log_alert(s, &fx->alert);
        return;
    case EFFECT_GUARD:
        if (may(l, LOG_GUARDS, mono_ns))
            log_guard(s, who, &fx->guard);
        return;
    case EFFECT_CANCEL:
    case EFFECT_LEDGER: return;
    }
}

static void log_feed(struct daemon_log *l, const struct setup *s, const struct event *ev,
                     int64_t mono_ns)
{
    if (ev->instrument >= s->instruments || l->feed[ev->instrument] == ev->feed)
        return;
    struct words w = words_of(s, ev->instrument);
    bool first = l->feed[ev->instrument] == 0;
    l->feed[ev->instrument] = ev->feed;
    if (!may(l, LOG_FEEDS, mono_ns))
        return;
    switch (ev->feed) {
    case FEED_LIVE: log_info("market", "%s on %s is live", w.symbol, w.venue); return;
    case FEED_STALE:
        log_warn("market", "%s on %s is stale: no data for longer than allowed, no new order",
                 w.symbol, w.venue);
        return;
    case FEED_INVALID:
        if (!first) /* at the start it is the normal state */
            log_warn("market", "%s on %s is invalid: its prices must not be used, no new order",
                     w.symbol, w.venue);
        return;
    }
}

static void log_command(const struct setup *s, const struct event_command *c)
{
    log_info("control", "%s%s%s by user %lu%s%s", command_kind_name(c->kind),
             c->strategy == STRATEGY_NONE ? "" : " ",
             c->strategy == STRATEGY_NONE ? "" : describe_strategy(s, c->strategy),
             (unsigned long)c->uid, c->reason[0] ? ": " : "", c->reason);
}

void daemon_log_step(struct daemon_log *l, const struct engine *e, const struct event *ev,
                     const struct effects *fx, int64_t mono_ns)
{
    if (ev->kind == EVENT_FEED)
        log_feed(l, engine_setup(e), ev, mono_ns);
    if (ev->kind == EVENT_COMMAND && ev->command.kind != COMMAND_START)
        log_command(engine_setup(e), &ev->command);
    for (uint32_t i = 0; i < fx->count; i++)
        log_effect(l, e, &fx->item[i], mono_ns);
}
