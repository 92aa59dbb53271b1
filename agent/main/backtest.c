#include "main/backtest.h"

#include "base/clock.h"
#include "strategies/strategy.h"

#include <stdarg.h>
#include <string.h>

#define BATCH 65536 /* events between two looks at the stop flag */

__attribute__((format(printf, 2, 3))) static void note(const struct backtest *b, const char *format,
                                                       ...)
{
    if (!b->note)
        return;
    char text[BACKTEST_WHY_MAX];
    va_list ap;
    va_start(ap, format);
    vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    b->note(b->ctx, text);
}

static bool stopped(const struct backtest *b)
{
    return b->stop && *b->stop;
}

/* ---- loading ---- */

static bool loading(void *ctx, uint64_t done, uint64_t size)
{
    struct backtest *b = ctx;
    if (b->progress)
        b->progress(b->ctx, BACKTEST_LOADING, done, size);
    return stopped(b);
}

static void note_file(const struct backtest *b, const char *argument,
                      const struct datafile_info *info)
{
    if (info->unused)
        note(b, "%s: %llu of %llu messages are of streams or symbols that are not used", argument,
             (unsigned long long)info->unused, (unsigned long long)info->rows);
    if (info->format == DATAFILE_RECORDING && !info->live)
        note(b,
             "%s: no feed went live, so nothing is traded on it: its depth messages need the order "
             "book snapshot they begin with, from this file or the one before it",
             argument);
    if (info->left_out)
        note(b, "%s: left out %llu placeholder rows of the venue (quantity 0, ids -1)", argument,
             (unsigned long long)info->left_out);
    if (info->rounded)
        note(b, "%s: rounded down the size in %llu rows that have more than 18 decimals", argument,
             (unsigned long long)info->rounded);
    if (info->events == 0)
        note(b, "%s: no event between --from and --to", argument);
}

/* Trades and bars are all the prices there are: between two of them the reference does not age. */
static void stop_ageing(struct backtest *b, const char *argument)
{
    bool *limit = &b->setup->risk.has_max_reference_age;
    for (uint32_t i = 0; i < b->setup->strategies; i++)
        b->setup->strategy[i].risk.has_max_reference_age = false;
    for (uint32_t v = 0; v < b->setup->venues; v++)
        b->setup->venue[v].risk.has_max_reference_age = false;
    for (uint32_t i = 0; i < b->setup->instruments; i++)
        b->setup->instrument_risk[i].has_max_reference_age = false;
    if (*limit)
        note(b, "%s: only a recording shows prices all the time; max_reference_age does not apply",
             argument);
    *limit = false;
}

/* What is only four prices of a bar cannot tell what traded at a level before. */
static void force_touch(struct backtest *b, const char *argument, venue_id v)
{
    struct venue_setup *venue = &b->setup->venue[v];
    if (venue->fill_model == FILL_TOUCH)
        return;
    venue->fill_model = FILL_TOUCH;
    note(b, "%s: bars are replayed with fill model touch, on all of venue %s", argument,
         venue->name);
}

enum err backtest_load(struct backtest *b, const char *argument, char *why)
{
    if ((!b->tape && tape_open(&b->tape) != ERR_OK) ||
        (!b->sessions && datafile_sessions_open(&b->sessions) != ERR_OK)) {
        snprintf(why, BACKTEST_WHY_MAX, "no memory for the data");
        return ERR_NOMEM;
    }
    struct datafile_options o = {.from_ns = b->from_ns,
                                 .to_ns = b->to_ns,
                                 .history_ns = backtest_history_span(b),
                                 .sessions = b->sessions,
                                 .progress = loading,
                                 .ctx = b};
    struct datafile_info info;
    enum err e = datafile_load(b->tape, b->setup, argument, &o, &info, why);
    if (e)
        return e;
    b->rows += info.rows;
    note_file(b, argument, &info);
    if (info.format == DATAFILE_CANDLES || info.format == DATAFILE_QUOTES)
        force_touch(b, argument, info.venue);
    if (info.format != DATAFILE_RECORDING)
        stop_ageing(b, argument);
    if (info.instrument != INSTRUMENT_NONE) {
        b->wants_feed[info.instrument] = true;
        b->has_data[info.instrument] |= info.events > 0;
    }
    return ERR_OK;
}

/* ---- before the run ---- */

/* Recordings hold several instruments, and may teach rules: looked up on the tape. */
static void look_at_tape(struct backtest *b, bool *rules)
{
    tape_cursor_init(&b->cursor, b->tape);
    for (const struct event *ev; (ev = tape_next(&b->cursor)) != NULL;) {
        if (ev->instrument >= b->setup->instruments)
            continue;
        if (ev->kind == EVENT_INSTRUMENT)
            rules[ev->instrument] |= ev->rules.status != INSTRUMENT_UNKNOWN;
        else if (ev->kind != EVENT_FEED)
            b->has_data[ev->instrument] = true;
        b->has_quotes[ev->instrument] |= ev->kind == EVENT_TOP || ev->kind == EVENT_BOOK;
    }
}

/* An asset that is held and never gets a price leaves equity unknown: nothing would be traded. */
static void note_unpriced(const struct backtest *b)
{
    const struct setup *s = b->setup;
    for (uint32_t i = 0; i < s->balances; i++) {
        const struct balance_setup *held = &s->balance[i];
        const struct conversion *c = &s->conversion[held->venue][held->asset];
        for (uint32_t k = 0; k < c->steps && !dec_is_zero(held->amount); k++)
            if (!b->has_data[c->instrument[k]])
                note(b,
                     "without data for %s@%s the %s on %s cannot be valued: equity stays unknown, "
                     "and limits that need it deny every order (NO_MARK)",
                     s->instrument[c->instrument[k]].symbol,
                     s->venue[s->instrument[c->instrument[k]].venue].name, s->asset[held->asset],
                     s->venue[held->venue].name);
    }
}

enum err backtest_check(struct backtest *b, char *why)
{
    const struct setup *s = b->setup;
    bool rules[SETUP_INSTRUMENTS_MAX] = {false};
    if (!b->tape || tape_count(b->tape) == 0 || tape_last_ns(b->tape) < b->from_ns) {
        snprintf(why, BACKTEST_WHY_MAX, "there is no event to run on");
        return ERR_NOT_FOUND;
    }
    look_at_tape(b, rules);
    for (uint32_t i = 0; i < s->strategies; i++)
        for (uint32_t k = 0; k < s->strategy[i].instruments; k++) {
            instrument_id n = s->strategy[i].instrument[k];
            const struct instrument *in = &s->instrument[n];
            const char *venue = s->venue[in->venue].name;
            if (in->rules.status == INSTRUMENT_UNKNOWN && !rules[n]) {
                snprintf(why, BACKTEST_WHY_MAX,
                         "instrument %s@%s, which strategy %s trades, has no tick_size and "
                         "lot_size: a backtest cannot ask the venue, so add them to its "
                         "[[instrument]]",
                         in->symbol, venue, s->strategy[i].name);
                return ERR_RANGE;
            }
            const struct strategy_ops *ops = s->strategy[i].ops;
            const char *more = ops->needs_quotes ? ops->needs_quotes(&s->strategy[i].params) : NULL;
            if (more && b->has_data[n] && !b->has_quotes[n]) {
                snprintf(why, BACKTEST_WHY_MAX,
                         "strategy %s looks at quotes, and the data for %s@%s has only trades: it "
                         "would trade nothing; allowed: %s, or data with quotes",
                         s->strategy[i].name, in->symbol, venue, more);
                return ERR_RANGE;
            }
            if (!b->has_data[n])
                note(b, "there is no data for %s@%s, which strategy %s trades", in->symbol, venue,
                     s->strategy[i].name);
        }
    note_unpriced(b);
    return ERR_OK;
}

/* ---- the run ---- */

static enum err on_step(void *ctx, const struct event *ev, const struct effects *fx)
{
    struct backtest *b = ctx;
    (void)ev;
    if (b->chart && fx->count)
        chart_effects(b->chart, engine_now_ns(paper_engine(b->paper)), fx);
    report_effects(&b->report, engine_now_ns(paper_engine(b->paper)), fx);
    for (uint32_t i = 0; i < fx->count; i++) {
        if (b->fills && fx->item[i].kind == EFFECT_FILL)
            report_fill(b->fills, b->setup, engine_now_ns(paper_engine(b->paper)),
                        fx->item[i].strategy, &fx->item[i].fill);
    }
    return ERR_OK;
}

static void on_equity(void *ctx, int64_t ts_ns, dec equity)
{
    struct backtest *b = ctx;
    if (!b->failed)
        b->failed = returns_add(&b->daily, ts_ns, equity);
    if (b->equity)
        report_equity(b->equity, ts_ns, equity);
    if (b->chart)
        chart_equity(b->chart, ts_ns, equity);
}

/* Time of the first event of the run: before it there may be history. */
static int64_t first_ns(const struct backtest *b)
{
    int64_t first = tape_first_ns(b->tape);
    return first > b->from_ns ? first : b->from_ns;
}

/* Files without feed states of their own are live from the beginning. */
static enum err feeds_live(struct backtest *b)
{
    for (instrument_id i = 0; i < b->setup->instruments; i++) {
        if (!b->wants_feed[i])
            continue;
        struct event ev = {.kind = EVENT_FEED,
                           .venue = b->setup->instrument[i].venue,
                           .instrument = i,
                           .ts_event_ns = first_ns(b),
                           .ts_recv_ns = first_ns(b),
                           .feed = FEED_LIVE};
        enum err e = paper_event(b->paper, &ev);
        if (e)
            return e;
    }
    return ERR_OK;
}

enum err backtest_open(struct backtest *b, char *why)
{
    enum err e = paper_open(&b->paper, b->setup, on_step, b);
    if (e) {
        snprintf(why, BACKTEST_WHY_MAX,
                 "the configuration cannot be run (%s): do budgets and inventories exceed the "
                 "opening balances, or can an asset not be valued?",
                 err_name(e));
        return e;
    }
    if (b->wants_chart) {
        e = chart_open(&b->chart, b->setup, first_ns(b), tape_last_ns(b->tape));
        if (e) {
            snprintf(why, BACKTEST_WHY_MAX, "no memory for the picture");
            return e;
        }
    }
    e = backtest_history_open(b);
    if (e) {
        snprintf(why, BACKTEST_WHY_MAX, "no memory for the history");
        return e;
    }
    engine_on_equity(paper_engine(b->paper), on_equity, b);
    tape_cursor_init(&b->cursor, b->tape);
    if (b->fills)
        report_fills_header(b->fills);
    if (b->equity)
        report_equity_header(b->equity);
    return ERR_OK;
}

static enum err run_batch(struct backtest *b, uint64_t *done, bool *end)
{
    for (int i = 0; i < BATCH; i++) {
        const struct event *ev = tape_next(&b->cursor);
        if (!ev) {
            *end = true;
            return ERR_OK;
        }
        enum err e = ERR_OK;
        if (ev->ts_event_ns < b->from_ns && !b->begun) {
            e = backtest_history_add(b, ev);
            if (e)
                return e;
            ++*done;
            continue;
        }
        if (!b->begun) {
            b->begun = true;
            e = backtest_history_give(b, first_ns(b));
        }
        if (!e)
            e = paper_event(b->paper, ev);
        if (e)
            return e;
        ++*done;
        dec mark;
        if (b->chart && ev->instrument < b->setup->instruments &&
            engine_mark(paper_engine(b->paper), ev->instrument, &mark))
            chart_price(b->chart, ev->ts_event_ns, ev->instrument, mark);
        b->report.events +=
            ev->kind == EVENT_TRADE || ev->kind == EVENT_TOP || ev->kind == EVENT_BOOK;
    }
    return ERR_OK;
}

static void check_books(struct backtest *b)
{
    venue_id venue;
    asset_id asset;
    dec ledgers, account;
    b->report.books_balance = paper_books_balance(b->paper, &venue, &asset, &ledgers, &account);
    if (b->report.books_balance)
        return;
    char ours[DEC_TEXT_MAX], theirs[DEC_TEXT_MAX];
    dec_format(ledgers, ours);
    dec_format(account, theirs);
    snprintf(b->report.books, sizeof b->report.books,
             "books balance: NO: of %s on %s the ledgers hold %s, the account %s",
             b->setup->asset[asset], b->setup->venue[venue].name, ours, theirs);
}

/* What would have been told, and when last. */
static void note_alerts(const struct backtest *b)
{
    for (uint32_t n = 0; n < b->setup->alerts; n++) {
        struct engine_alert a;
        char value[DEC_TEXT_MAX], when[CLOCK_TEXT_MAX];
        engine_alert(paper_engine(b->paper), n, &a);
        if (!a.known)
            note(b, "alert %s never had a value", b->setup->alert[n].name);
        if (a.fired == 0)
            continue;
        dec_format(a.value, value);
        clock_format_utc(a.fired_ns, when);
        note(b, "alert %s fired %llu time%s, the last at %s; its value at the end is %s",
             b->setup->alert[n].name, (unsigned long long)a.fired, a.fired == 1 ? "" : "s", when,
             value);
    }
}

enum err backtest_run(struct backtest *b, char *why)
{
    uint64_t done = 0, total = tape_count(b->tape);
    bool end = false;
    enum err e = feeds_live(b);
    while (!e && !end && !stopped(b)) {
        if (b->progress)
            b->progress(b->ctx, BACKTEST_RUNNING, done, total);
        e = run_batch(b, &done, &end);
    }
    if (!e && !end) {
        snprintf(why, BACKTEST_WHY_MAX, "interrupted after %llu of %llu events",
                 (unsigned long long)done, (unsigned long long)total);
        return ERR_STATE;
    }
    if (!e)
        e = paper_finish(b->paper);
    if (!e)
        e = b->failed;
    if (!e)
        note_alerts(b);
    b->report.engine = paper_engine(b->paper);
    b->report.first_ns = first_ns(b);
    b->report.last_ns = tape_last_ns(b->tape);
    if (!e)
        e = report_make(&b->report, &b->daily);
    if (e) {
        char when[CLOCK_TEXT_MAX];
        clock_format_utc(engine_now_ns(paper_engine(b->paper)), when);
        snprintf(why, BACKTEST_WHY_MAX, "event %llu of %llu, at %s: the engine cannot go on: %s",
                 (unsigned long long)done + 1, (unsigned long long)total, when, err_name(e));
        return e;
    }
    check_books(b);
    return ERR_OK;
}

void backtest_close(struct backtest *b)
{
    chart_close(b->chart);
    backtest_history_close(b);
    paper_close(b->paper);
    tape_close(b->tape);
    datafile_sessions_close(b->sessions);
    returns_free(&b->daily);
}
