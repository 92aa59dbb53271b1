#include "io/report.h"

#include "base/check.h"
#include "base/clock.h"
#include "io/describe.h"
#include "strategies/strategy.h"

#include <string.h>
#include <time.h>

#define DRAWDOWN_PLACES 8

#define X(name, number, text) _Static_assert((number) < REPORT_REASONS, "no place for " #name);
REASON_TABLE(X)
#undef X

/* ---- numbers ---- */

/* [amount] of asset [a] of venue [v] in the agent's quote at mark, rounded down; false without a
 * mark on the way. */
static bool in_agent_quote(const struct engine *e, venue_id v, asset_id a, dec amount, dec *ret)
{
    const struct conversion *c = &engine_setup(e)->conversion[v][a];
    if (!c->known)
        return false;
    for (uint32_t i = 0; i < c->steps; i++) {
        dec mark;
        if (!engine_mark(e, c->instrument[i], &mark) ||
            !(c->inverse[i] ? dec_div(amount, mark, DEC_FLOOR, &amount)
                            : dec_mul(amount, mark, DEC_FLOOR, &amount)))
            return false;
    }
    *ret = amount;
    return true;
}

/* What a strategy realized, in the agent's quote. A result in a currency that has no mark is left
 * out: without a mark there was no trade. */
static enum err realized_of(const struct engine *e, strategy_id id, dec *ret)
{
    const struct setup *s = engine_setup(e);
    dec sum = DEC_ZERO;
    for (uint32_t i = 0; i < s->strategy[id].instruments; i++) {
        const struct instrument *in = &s->instrument[s->strategy[id].instrument[i]];
        dec cost, realized, value;
        (void)engine_position(e, id, s->strategy[id].instrument[i], &cost, &realized);
        if (in_agent_quote(e, in->venue, in->quote, realized, &value) && !dec_add(sum, value, &sum))
            return ERR_OVERFLOW;
    }
    *ret = sum;
    return ERR_OK;
}

/* Rounds a ratio up at 8 places. */
dec report_drawdown(dec ratio)
{
    dec rounded;
    CHECK(dec_round_to(ratio, dec_from_i64(1, DRAWDOWN_PLACES), DEC_UP, &rounded)); /* at most 1 */
    return rounded;
}

enum err report_make(struct report *r, const struct returns *daily)
{
    const struct setup *s = engine_setup(r->engine);
    engine_totals(r->engine, STRATEGY_NONE, &r->totals);
    r->valued = r->totals.valued;
    for (unsigned i = 0; i < REPORT_REASONS; i++) { /* not from effects: they do not tell each */
        struct engine_denied n;
        engine_denied(r->engine, STRATEGY_NONE, (enum reason)i, &n);
        r->denied[i] = n.times;
    }
    dec pnl = DEC_ZERO, realized = DEC_ZERO, sum = DEC_ZERO;
    if (r->valued && !dec_sub(r->totals.equity, r->totals.equity_start, &pnl))
        return ERR_OVERFLOW;
    for (strategy_id id = 0; id < s->strategies; id++) {
        enum err e = realized_of(r->engine, id, &realized);
        if (e)
            return e;
        if (!dec_add(sum, realized, &sum))
            return ERR_OVERFLOW;
    }
    r->pnl = pnl;
    r->pnl_realized = sum;
    r->max_drawdown = report_drawdown(r->totals.max_drawdown);
    r->has_sharpe = returns_sharpe(daily, &r->sharpe);
    return ERR_OK;
}

static void count_effect(struct report *r, int64_t ts_ns, const struct effect *fx)
{
    if (fx->kind == EFFECT_ORDER && fx->order.to == ORDER_REJECTED)
        r->rejected[fx->order.reason]++;
    else if (fx->kind == EFFECT_GUARD && fx->guard.locked)
        r->locked[fx->guard.reason]++;
    else if (fx->kind == EFFECT_STATE && r->stops++ < REPORT_STOPS_MAX)
        r->stop[r->stops - 1] = (struct report_stop){ts_ns, fx->state};
}

void report_effects(struct report *r, int64_t ts_ns, const struct effects *fx)
{
    for (uint32_t i = 0; i < fx->count; i++)
        count_effect(r, ts_ns, &fx->item[i]);
}

const char *report_stop_who(const struct report *r, const struct report_stop *stop)
{
    const struct setup *s = engine_setup(r->engine);
    switch (stop->state.scope) {
    case SCOPE_STRATEGY: return s->strategy[stop->state.index].name;
    case SCOPE_VENUE: return s->venue[stop->state.index].name;
    case SCOPE_AGENT: break;
    }
    return "the agent";
}

/* The whole account: all sub-ledgers of an asset. */
static dec account_of(const struct engine *e, venue_id v, asset_id a)
{
    dec sum = engine_balance(e, STRATEGY_NONE, v, a);
    for (strategy_id id = 0; id < engine_setup(e)->strategies; id++)
        CHECK(dec_add(sum, engine_balance(e, id, v, a), &sum)); /* the account held the sum */
    return sum;
}

static bool was_opened(const struct setup *s, venue_id v, asset_id a)
{
    for (uint32_t i = 0; i < s->balances; i++)
        if (s->balance[i].venue == v && s->balance[i].asset == a)
            return true;
    return false;
}

/* ---- JSON ---- */

static void json_text(FILE *out, const char *text)
{
    fputc('"', out);
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (*p == '"' || *p == '\\')
            fprintf(out, "\\%c", *p);
        else if (*p < 0x20)
            fprintf(out, "\\u%04x", *p);
        else
            fputc(*p, out);
    }
    fputc('"', out);
}

static void json_dec(FILE *out, dec d)
{
    char text[DEC_TEXT_MAX];
    dec_format(d, text);
    fprintf(out, "\"%s\"", text);
}

/* `"key": value` with a separator before it. */
static void key(FILE *out, const char *separator, const char *name)
{
    fprintf(out, "%s\"%s\": ", separator, name);
}
static void key_text(FILE *out, const char *separator, const char *name, const char *text)
{
    key(out, separator, name);
    json_text(out, text);
}
static void key_dec(FILE *out, const char *separator, const char *name, dec d)
{
    key(out, separator, name);
    json_dec(out, d);
}
static void key_known_dec(FILE *out, const char *separator, const char *name, bool known, dec d)
{
    key(out, separator, name);
    if (known)
        json_dec(out, d);
    else
        fputs("null", out);
}
static void key_count(FILE *out, const char *separator, const char *name, uint64_t n)
{
    key(out, separator, name);
    fprintf(out, "%llu", (unsigned long long)n);
}

static void json_balances(const struct report *r, FILE *out)
{
    const struct setup *s = engine_setup(r->engine);
    const char *separator = "\n    {";
    for (venue_id v = 0; v < s->venues; v++)
        for (asset_id a = 0; a < s->assets; a++) {
            dec amount = account_of(r->engine, v, a);
            if (dec_is_zero(amount) && !was_opened(s, v, a))
                continue;
            key_text(out, separator, "venue", s->venue[v].name);
            key_text(out, ", ", "asset", s->asset[a]);
            key_dec(out, ", ", "amount", amount);
            fputc('}', out);
            separator = ",\n    {";
        }
}

static void json_positions(const struct report *r, FILE *out)
{
    const struct setup *s = engine_setup(r->engine);
    const char *separator = "\n    {";
    for (strategy_id id = 0; id < s->strategies; id++)
        for (uint32_t i = 0; i < s->strategy[id].instruments; i++) {
            instrument_id n = s->strategy[id].instrument[i];
            dec cost, realized, qty = engine_position(r->engine, id, n, &cost, &realized);
            key_text(out, separator, "strategy", s->strategy[id].name);
            key_text(out, ", ", "venue", s->venue[s->instrument[n].venue].name);
            key_text(out, ", ", "symbol", s->instrument[n].symbol);
            key_dec(out, ", ", "quantity", qty);
            key_dec(out, ", ", "cost", cost);
            key_dec(out, ", ", "realized", realized);
            fputc('}', out);
            separator = ",\n    {";
        }
}

/* What the strategy says of itself; as in status (docs/operations.md). */
static void json_figures(const struct report *r, strategy_id id, FILE *out)
{
    struct figure f[FIGURES_MAX];
    uint32_t n = engine_figures(r->engine, id, f);
    key(out, ", ", "figures");
    fputc('{', out);
    for (uint32_t i = 0; i < n; i++) {
        key(out, i ? ", " : "", f[i].name);
        key_known_dec(out, "{", "value", figure_known(&f[i]), f[i].value);
        key_text(out, ", ", "unit", describe_figure_unit(engine_setup(r->engine), id, f[i].unit));
        fputc('}', out);
    }
    fputc('}', out);
}

static void json_strategy(const struct report *r, strategy_id id, FILE *out)
{
    const struct setup *s = engine_setup(r->engine);
    struct engine_totals t;
    engine_totals(r->engine, id, &t);
    dec pnl = DEC_ZERO, realized = DEC_ZERO;
    bool valued = t.valued && dec_sub(t.equity, t.equity_start, &pnl);
    CHECK(realized_of(r->engine, id, &realized) == ERR_OK); /* report_make() did the same */
    key_text(out, id ? ",\n    {" : "\n    {", "name", s->strategy[id].name);
    key_text(out, ", ", "kind", s->strategy[id].ops->name);
    key_count(out, ", ", "orders", t.orders);
    key_count(out, ", ", "denied", t.denied);
    key_count(out, ", ", "rejected", t.rejected);
    key_count(out, ", ", "canceled", t.canceled);
    key_count(out, ", ", "fills", t.fills);
    key_dec(out, ", ", "volume_quote", t.volume_quote);
    key_dec(out, ", ", "fees_quote", t.fees_quote);
    key_known_dec(out, ", ", "equity_start", valued, t.equity_start);
    key_known_dec(out, ", ", "equity_end", valued, t.equity);
    key_known_dec(out, ", ", "pnl", valued, pnl);
    key_dec(out, ", ", "pnl_realized", realized);
    key_dec(out, ", ", "max_drawdown", report_drawdown(t.max_drawdown));
    json_figures(r, id, out);
    fputc('}', out);
}

static void json_stops(const struct report *r, FILE *out)
{
    const char *separator = "\n    {";
    for (uint32_t i = 0; i < r->stops && i < REPORT_STOPS_MAX; i++) {
        char when[REPORT_TIME_MAX];
        report_format_time(r->stop[i].ts_ns, when);
        key_text(out, separator, "time", when);
        key_text(out, ", ", "who", report_stop_who(r, &r->stop[i]));
        key_text(out, ", ", "state", trading_state_name(r->stop[i].state.to));
        key_text(out, ", ", "reason", reason_name(r->stop[i].state.reason));
        fputc('}', out);
        separator = ",\n    {";
    }
}

void report_json(const struct report *r, FILE *out)
{
    const struct setup *s = engine_setup(r->engine);
    static const char *const NEXT = ",\n  ";
    key_count(out, "{\n  ", "schema", 1);
    key_count(out, NEXT, "events", r->events);
    key_count(out, NEXT, "orders", r->totals.orders);
    key_count(out, NEXT, "fills", r->totals.fills);
    key_dec(out, NEXT, "volume_quote", r->totals.volume_quote);
    key_dec(out, NEXT, "fees_quote", r->totals.fees_quote);
    key(out, NEXT, "balances");
    fputc('[', out);
    json_balances(r, out);
    fputs("\n  ]", out);
    key(out, NEXT, "positions");
    fputc('[', out);
    json_positions(r, out);
    fputs("\n  ]", out);
    key_known_dec(out, NEXT, "equity_start", r->valued, r->totals.equity_start);
    key_known_dec(out, NEXT, "equity_end", r->valued, r->totals.equity);
    key_known_dec(out, NEXT, "pnl", r->valued, r->pnl);
    key_dec(out, NEXT, "pnl_realized", r->pnl_realized);
    key_dec(out, NEXT, "max_drawdown", r->max_drawdown);
    key(out, NEXT, "sharpe");
    if (r->has_sharpe)
        fprintf(out, "%.6f", r->sharpe);
    else
        fputs("null", out);
    key(out, NEXT, "per_strategy");
    fputc('[', out);
    for (strategy_id id = 0; id < s->strategies; id++)
        json_strategy(r, id, out);
    fputs("\n  ]", out);
    key(out, NEXT, "stops");
    fputc('[', out);
    json_stops(r, out);
    fputs("\n  ]", out);
    uint64_t locks = 0;
    for (unsigned i = 0; i < REPORT_REASONS; i++)
        locks += r->locked[i];
    key_count(out, NEXT, "locks", locks);
    fputs("\n}\n", out);
}

/* ---- the table ---- */

/* For people: at most 8 decimals, at least 2. */
static const char *money(dec d, char *text)
{
    size_t n = dec_format_places(d, 8, DEC_HALF_EVEN, text);
    for (int places = 8; places > 2 && text[n - 1] == '0'; places--)
        n--;
    text[n] = 0;
    return text;
}

/* Without zeros behind the last decimal. */
static const char *shortened(char *text)
{
    size_t n = strlen(text);
    if (!strchr(text, '.'))
        return text;
    while (text[n - 1] == '0')
        n--;
    text[text[n - 1] == '.' ? n - 1 : n] = 0;
    return text;
}

static const char *percent(dec ratio, char *text)
{
    dec hundred;
    if (!dec_mul_int(ratio, 100, &hundred))
        return "?";
    size_t n = dec_format_places(hundred, 2, DEC_HALF_EVEN, text);
    text[n] = '%';
    text[n + 1] = 0;
    return text;
}

static void line_money(FILE *out, const char *name, dec d, const char *unit)
{
    char text[DEC_TEXT_MAX];
    fprintf(out, "  %-16s %24s %s\n", name, money(d, text), unit);
}

static void table_money(const struct report *r, FILE *out)
{
    const struct setup *s = engine_setup(r->engine);
    const char *quote = s->asset[s->quote];
    char text[DEC_TEXT_MAX];
    line_money(out, "volume", r->totals.volume_quote, quote);
    line_money(out, "fees", r->totals.fees_quote, quote);
    if (!r->valued) {
        fprintf(out, "  equity           unknown: an asset that is held never had a price\n");
        return;
    }
    line_money(out, "equity at start", r->totals.equity_start, quote);
    line_money(out, "equity at end", r->totals.equity, quote);
    line_money(out, "result", r->pnl, quote);
    line_money(out, "  of it realized", r->pnl_realized, quote);
    dec ratio;
    if (dec_is_pos(r->totals.equity_start) &&
        dec_div(r->pnl, r->totals.equity_start, DEC_HALF_EVEN, &ratio))
        fprintf(out, "  %-16s %24s\n", "return", percent(ratio, text));
    fprintf(out, "  %-16s %24s\n", "max drawdown", percent(r->max_drawdown, text));
    if (r->has_sharpe)
        fprintf(out, "  %-16s %24.2f (daily returns, a year of 365 days)\n", "sharpe", r->sharpe);
    else
        fprintf(out, "  %-16s %24s (needs %d days)\n", "sharpe", "-", RETURNS_MIN);
}

static void table_strategies(const struct report *r, FILE *out)
{
    const struct setup *s = engine_setup(r->engine);
    dec rest = r->pnl; /* what the strategies' results leave: of the part allotted to none */
    bool rest_known = r->valued;
    fprintf(out, "\n%-16s %-10s %8s %8s %8s %8s %16s %16s %16s\n", "strategy", "kind", "orders",
            "denied", "rejected", "fills", "volume", "fees", "result");
    for (strategy_id id = 0; id < s->strategies; id++) {
        struct engine_totals t;
        engine_totals(r->engine, id, &t);
        char volume[DEC_TEXT_MAX], fees[DEC_TEXT_MAX], pnl[DEC_TEXT_MAX];
        dec result;
        bool known = t.valued && dec_sub(t.equity, t.equity_start, &result);
        dec_format_places(t.volume_quote, 2, DEC_HALF_EVEN, volume);
        dec_format_places(t.fees_quote, 4, DEC_HALF_EVEN, fees);
        if (known)
            dec_format_places(result, 4, DEC_HALF_EVEN, pnl);
        rest_known = rest_known && known && dec_sub(rest, result, &rest);
        fprintf(out, "%-16s %-10s %8llu %8llu %8llu %8llu %16s %16s %16s\n", s->strategy[id].name,
                s->strategy[id].ops->name, (unsigned long long)t.orders,
                (unsigned long long)t.denied, (unsigned long long)t.rejected,
                (unsigned long long)t.fills, volume, fees, known ? pnl : "unknown");
    }
    char text[DEC_TEXT_MAX] = "unknown";
    if (rest_known)
        dec_format_places(rest, 4, DEC_HALF_EVEN, text);
    fprintf(out, "%-16s %-10s %87s\n", "(not allotted)", "", text);
}

static void table_balances(const struct report *r, FILE *out)
{
    const struct setup *s = engine_setup(r->engine);
    char text[DEC_TEXT_MAX], cost[DEC_TEXT_MAX], result[DEC_TEXT_MAX];
    fprintf(out, "\n%-16s %-10s %24s\n", "venue", "asset", "balance");
    for (venue_id v = 0; v < s->venues; v++)
        for (asset_id a = 0; a < s->assets; a++) {
            dec amount = account_of(r->engine, v, a);
            if (!dec_is_zero(amount) || was_opened(s, v, a))
                fprintf(out, "%-16s %-10s %24s\n", s->venue[v].name, s->asset[a],
                        money(amount, text));
        }
    fprintf(out, "\n%-16s %-24s %16s %20s %20s\n", "position of", "instrument", "quantity", "cost",
            "realized");
    for (strategy_id id = 0; id < s->strategies; id++)
        for (uint32_t i = 0; i < s->strategy[id].instruments; i++) {
            instrument_id n = s->strategy[id].instrument[i];
            char name[SYMBOL_MAX + NAME_MAX_BYTES + 1];
            dec c, realized, qty = engine_position(r->engine, id, n, &c, &realized);
            snprintf(name, sizeof name, "%s@%s", s->instrument[n].symbol,
                     s->venue[s->instrument[n].venue].name);
            fprintf(out, "%-16s %-24s %16s %20s %20s\n", s->strategy[id].name, name,
                    money(qty, text), money(c, cost), money(realized, result));
        }
}

/* What each strategy says of itself: a grid's profit is not its result. */
static void table_figures(const struct report *r, FILE *out)
{
    const struct setup *s = engine_setup(r->engine);
    char text[DEC_TEXT_MAX];
    for (strategy_id id = 0; id < s->strategies; id++) {
        struct figure f[FIGURES_MAX];
        uint32_t n = engine_figures(r->engine, id, f);
        fprintf(out, "%s%s:", id ? "" : "\n", s->strategy[id].name);
        for (uint32_t i = 0; i < n; i++) {
            const char *unit = describe_figure_unit(s, id, f[i].unit);
            bool plain =
                f[i].unit == FIGURE_COUNT || f[i].unit == FIGURE_PRICE || f[i].unit == FIGURE_RATIO;
            if (figure_known(&f[i]))
                dec_format_places(f[i].value, 8, DEC_HALF_EVEN, text);
            else
                memcpy(text, "-", 2);
            fprintf(out, "%s %s %s%s%s", i ? "," : "", f[i].name, shortened(text), plain ? "" : " ",
                    plain ? "" : unit);
        }
        fputs(n ? "\n" : " -\n", out);
    }
}

static void table_reasons(FILE *out, const char *what, const uint64_t *count)
{
    for (unsigned i = 0; i < REPORT_REASONS; i++)
        if (count[i])
            fprintf(out, "    %-14s %24llu %s: %s\n", what, (unsigned long long)count[i],
                    reason_name((enum reason)i), reason_text((enum reason)i));
}

/* A result without these would be that of a strategy which did not run to the end. */
static void table_stops(const struct report *r, FILE *out)
{
    for (uint32_t i = 0; i < r->stops && i < REPORT_STOPS_MAX; i++) {
        const struct effect_state *st = &r->stop[i].state;
        char when[CLOCK_TEXT_MAX];
        clock_format_utc(r->stop[i].ts_ns, when);
        fprintf(out, "  %-16s %24s %s is %s: %s: %s\n", "state", when,
                report_stop_who(r, &r->stop[i]), trading_state_name(st->to),
                reason_name(st->reason), reason_text(st->reason));
    }
    if (r->stops > REPORT_STOPS_MAX)
        fprintf(out, "  %-16s %24llu more changes of states\n", "",
                (unsigned long long)(r->stops - REPORT_STOPS_MAX));
}

void report_table(const struct report *r, FILE *out)
{
    char first[CLOCK_TEXT_MAX], last[CLOCK_TEXT_MAX];
    clock_format_utc(r->first_ns, first);
    clock_format_utc(r->last_ns, last);
    fprintf(out, "\n  %-16s %s to %s\n", "period", first, last);
    fprintf(out, "  %-16s %24llu\n", "market events", (unsigned long long)r->events);
    fprintf(out, "  %-16s %24llu (canceled %llu)\n", "orders", (unsigned long long)r->totals.orders,
            (unsigned long long)r->totals.canceled);
    table_reasons(out, "denied", r->denied);
    table_reasons(out, "rejected", r->rejected);
    table_reasons(out, "locked", r->locked);
    table_stops(r, out);
    fprintf(out, "  %-16s %24llu\n", "fills", (unsigned long long)r->totals.fills);
    table_money(r, out);
    table_strategies(r, out);
    table_figures(r, out);
    table_balances(r, out);
    fprintf(out, "\n%s\n", r->books_balance ? "books balance: yes, to the last unit" : r->books);
}

/* ---- rows ---- */

void report_format_time(int64_t ts_ns, char *out)
{
    int64_t ns = ts_ns % NS_PER_S;
    time_t s = (time_t)(ts_ns / NS_PER_S);
    if (ns < 0) {
        ns += NS_PER_S;
        s--;
    }
    struct tm tm;
    CHECK(gmtime_r(&s, &tm) != NULL);
    char date[REPORT_TIME_MAX];
    CHECK(strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm) > 0);
    snprintf(out, REPORT_TIME_MAX, "%.24s.%09dZ", date, (int)ns);
}

void report_fills_header(FILE *out)
{
    fputs("time,venue,symbol,strategy,order,side,liquidity,price,qty,fee,fee_asset,realized\n",
          out);
}

void report_fill(FILE *out, const struct setup *s, int64_t ts_ns, strategy_id strategy,
                 const struct effect_fill *f)
{
    const struct instrument *in = &s->instrument[f->req.instrument];
    char when[REPORT_TIME_MAX], price[DEC_TEXT_MAX], qty[DEC_TEXT_MAX], fee[DEC_TEXT_MAX],
        realized[DEC_TEXT_MAX];
    report_format_time(ts_ns, when);
    dec_format(f->price, price);
    dec_format(f->qty, qty);
    dec_format(f->fee, fee);
    dec_format(f->realized, realized);
    fprintf(out, "%s,%s,%s,%s,%llu,%s,%s,%s,%s,%s,%s,%s\n", when, s->venue[in->venue].name,
            in->symbol, s->strategy[strategy].name, (unsigned long long)order_id_seq(f->id),
            side_name(f->req.side), liquidity_name(f->liquidity), price, qty, fee,
            s->asset[f->fee_asset], realized);
}

void report_equity_header(FILE *out)
{
    fputs("time,equity\n", out);
}

void report_equity(FILE *out, int64_t ts_ns, dec equity)
{
    char when[REPORT_TIME_MAX], text[DEC_TEXT_MAX];
    report_format_time(ts_ns, when);
    dec_format(equity, text);
    fprintf(out, "%s,%s\n", when, text);
}
