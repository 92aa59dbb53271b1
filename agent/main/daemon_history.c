/* Warm-up: asks venues for closed candles that strategies lack, and gives them to the engine. */
#include "main/daemon_parts.h"

#include "base/clock.h"
#include "base/log.h"
#include "config/value.h"
#include "io/http_client.h"
#include "io/tls.h"
#include "venue/history.h"

#include <stdlib.h>

#define MARGIN_NS    NS_PER_S        /* after its end a candle is taken as final */
#define AGAIN_NS     (2 * NS_PER_S)  /* what is not there yet, or failed, is asked for again ... */
#define AGAIN_MAX_NS (60 * NS_PER_S) /* ... each time twice as late, up to this */
#define LATE_MAX     5 /* how often a candle may be missing until it counts as never coming */

/* What one strategy is being got. */
struct getting {
    struct daemon *d;
    strategy_id strategy;
    const struct history_ops *ops;
    bool busy, first;       /* first: its warm-up, not a gap */
    int64_t interval_ns;    /* of what is asked for; ... */
    int64_t next_ns, to_ns; /* ... what is still to be asked for begins in [next_ns, to_ns) */
    int64_t start_ns;       /* the first candle that is wanted */
    int64_t known_ns;       /* up to here the venue has answered */
    struct history_maker maker;
    struct event_candle *candle; /* made so far, while busy */
    uint32_t count, cap;
    int64_t retry_mono_ns;
    uint32_t failures, late;
};

struct daemon_history {
    struct http_client *http[SETUP_VENUES_MAX];
    struct tls *tls[SETUP_VENUES_MAX];
    struct event_candle row[HISTORY_ROWS_MAX]; /* one answer */
    struct getting getting[];                  /* [strategies] */
};

static const struct strategy_setup *setup_of(const struct getting *g)
{
    return &g->d->config->setup->strategy[g->strategy];
}

static venue_id venue_of(const struct getting *g)
{
    return g->d->config->setup->instrument[setup_of(g)->instrument[0]].venue;
}

static void stop_getting(struct getting *g, int64_t wait_ns)
{
    free(g->candle);
    g->candle = NULL;
    g->busy = false;
    g->retry_mono_ns = clock_mono_ns() + wait_ns;
}

static void failed(struct getting *g, const char *why, int retry_after_s)
{
    int64_t wait_ns = AGAIN_NS << (g->failures < 5 ? g->failures : 5);
    wait_ns = wait_ns < AGAIN_MAX_NS ? wait_ns : AGAIN_MAX_NS;
    if (retry_after_s > 0 && retry_after_s * NS_PER_S > wait_ns)
        wait_ns = retry_after_s * NS_PER_S;
    g->failures++;
    log_warn(setup_of(g)->name,
             "candles of the venue could not be got: %s; asked again in %lld s%s", why,
             (long long)(wait_ns / NS_PER_S), g->first ? ", it waits for them" : "");
    stop_getting(g, wait_ns);
}

/* ---- giving them to the engine ---- */

static enum err give(struct getting *g, const struct event_candle *c, bool last)
{
    struct event ev = daemon_own_event(g->d, EVENT_HISTORY);
    instrument_id i = setup_of(g)->instrument[0];
    ev.venue = venue_of(g);
    ev.instrument = i;
    ev.history.strategy = g->strategy;
    ev.history.last = last;
    if (c)
        ev.history.candle = *c;
    return daemon_event(g->d, &ev);
}

static void tell(const struct getting *g, uint32_t n)
{
    char frame[32];
    duration_format(g->maker.timeframe_ns, frame);
    const char *venue = g->d->config->setup->venue[venue_of(g)].name;
    if (!g->first)
        log_info(setup_of(g)->name, "missed candles of %s, got from %s: %lu", frame, venue,
                 (unsigned long)n);
    else if (n)
        log_info(setup_of(g)->name, "warmed up with %lu candles of %s from %s", (unsigned long)n,
                 frame, venue);
    else
        log_warn(setup_of(g)->name, "%s has no candles of %s: it warms up as they come", venue,
                 frame);
}

static void give_all(struct getting *g)
{
    uint32_t skip = 0, n;
    while (skip < g->count && g->candle[skip].open_ns < g->start_ns)
        skip++;
    n = g->count - skip;
    if (n == 0 && !g->first && g->late < LATE_MAX) {
        g->late++;
        stop_getting(g, AGAIN_NS);
        return;
    }
    tell(g, n);
    enum err rc = n == 0 ? give(g, NULL, true) : ERR_OK;
    for (uint32_t i = 0; i < n && rc == ERR_OK; i++)
        rc = give(g, &g->candle[skip + i], i + 1 == n);
    g->late = g->failures = 0;
    stop_getting(g, 0); /* a failure was dealt with where it happened */
}

/* ---- getting them ---- */

static void ask(struct getting *g);

static void finish(struct getting *g)
{
    /* What the venue does not show yet is waited for, some times; then nothing traded there. */
    int64_t end_ns = g->known_ns < g->to_ns && g->late < LATE_MAX ? g->known_ns : g->to_ns;
    if (history_end(&g->maker, end_ns, g->candle, g->cap, &g->count) != ERR_OK)
        failed(g, "there are more than were asked for", -1);
    else
        give_all(g);
}

static void on_answer(void *ctx, const struct http_answer *a)
{
    struct getting *g = ctx;
    struct event_candle *row = g->d->history->row;
    uint32_t n = 0;
    char text[64];
    if (a->status != 200) {
        snprintf(text, sizeof text, "HTTP status %d", a->status);
        failed(g, a->status ? text : a->why, a->retry_after_s);
        return;
    }
    enum err rc = g->ops->parse(a->body, a->len, g->interval_ns, row, HISTORY_ROWS_MAX, &n);
    for (uint32_t i = 0; i < n && rc == ERR_OK; i++) {
        if (row[i].open_ns < g->next_ns || row[i].open_ns >= g->to_ns)
            rc = ERR_RANGE; /* not what was asked for */
        else
            rc = history_add(&g->maker, &row[i], g->candle, g->cap, &g->count);
    }
    if (rc != ERR_OK) {
        failed(g, "the answer is not one that was asked for", -1);
        return;
    }
    if (n > 0)
        g->next_ns = g->known_ns = row[n - 1].open_ns + g->interval_ns;
    if (n == HISTORY_ROWS_MAX && g->next_ns < g->to_ns)
        ask(g);
    else
        finish(g);
}

static void ask(struct getting *g)
{
    char path[HISTORY_PATH_MAX];
    const struct setup *s = g->d->config->setup;
    const struct instrument *in = &s->instrument[setup_of(g)->instrument[0]];
    int64_t most_ns = g->next_ns + HISTORY_ROWS_MAX * g->interval_ns;
    enum err rc = g->ops->path(in->symbol, g->interval_ns, g->next_ns,
                               most_ns < g->to_ns ? most_ns : g->to_ns, path);
    if (rc == ERR_OK)
        rc = http_get(g->d->history->http[in->venue], path, on_answer, g);
    if (rc != ERR_OK)
        failed(g, err_name(rc), -1);
}

static void begin(struct getting *g, int64_t from_ns, int64_t now_ns)
{
    const struct strategy_setup *ss = setup_of(g);
    const struct params *p = engine_params(paper_engine(run_paper(g->d->run)), g->strategy);
    int64_t frame_ns = ss->ops->candle_timeframe(p), end_ns = now_ns - now_ns % frame_ns;
    int64_t most = history_most(g->ops, frame_ns) - 1, n = ss->ops->warmup_candles(p);
    g->first = from_ns == INT64_MIN;
    if (!g->first && (end_ns - from_ns) / frame_ns < n)
        n = (end_ns - from_ns) / frame_ns;
    n = n < 1 ? 1 : n > most ? most : n;
    g->interval_ns = history_interval(g->ops, frame_ns);
    g->maker = (struct history_maker){.timeframe_ns = frame_ns};
    g->start_ns = end_ns - n * frame_ns;
    g->start_ns = g->start_ns > 0 ? g->start_ns : 0;
    /* One more, whose close is repeated where nothing traded. */
    g->next_ns = g->start_ns >= frame_ns ? g->start_ns - frame_ns : 0;
    g->known_ns = g->next_ns;
    g->to_ns = end_ns;
    g->count = 0;
    g->cap = (uint32_t)n + 2;
    g->candle = calloc(g->cap, sizeof *g->candle);
    if (!g->candle) {
        failed(g, "out of memory", -1);
        return;
    }
    g->busy = true;
    ask(g);
}

static void look(struct getting *g, int64_t mono_ns)
{
    struct daemon *d = g->d;
    struct session_stats st;
    int64_t from_ns;
    if (g->busy || mono_ns < g->retry_mono_ns)
        return;
    const struct feed *f = d->feed[venue_of(g)];
    if (!f)
        return;
    feed_stats(f, &st);
    int64_t now_ns = feed_venue_now_ns(f) - MARGIN_NS;
    if (st.state != SESSION_LIVE || now_ns <= 0 ||
        !engine_wants_candles(paper_engine(run_paper(d->run)), g->strategy, now_ns, &from_ns))
        return;
    begin(g, from_ns, now_ns);
}

void daemon_history_tick(struct daemon *d, int64_t mono_ns)
{
    if (!d->history || d->failed || d->stop_by_ns)
        return;
    for (uint32_t s = 0; s < d->config->setup->strategies && !d->failed; s++)
        if (d->history->getting[s].ops)
            look(&d->history->getting[s], mono_ns);
}

/* ---- opening and closing ---- */

static bool open_venue(struct daemon *d, venue_id v)
{
    const struct venue_setup *vs = &d->config->setup->venue[v];
    const char *why = "";
    enum err rc = tls_open(&d->history->tls[v], vs->ca_file);
    if (rc == ERR_OK)
        rc = http_client_open(&d->history->http[v], d->loop, vs->rest_url, d->history->tls[v], NULL,
                              &why);
    if (rc != ERR_OK)
        log_error("daemon", "venue %s: %s", vs->name, why[0] ? why : err_name(rc));
    return rc == ERR_OK;
}

bool daemon_history_open(struct daemon *d)
{
    const struct setup *s = d->config->setup;
    d->history = calloc(1, sizeof *d->history + s->strategies * sizeof d->history->getting[0]);
    if (!d->history)
        return false;
    for (strategy_id k = 0; k < s->strategies; k++) {
        const struct strategy_setup *ss = &s->strategy[k];
        struct getting *g = &d->history->getting[k];
        *g = (struct getting){.d = d, .strategy = k};
        if (ss->warmup != WARMUP_VENUE || !ss->ops->warmup_candles)
            continue;
        venue_id v = venue_of(g);
        g->ops = history_find(s->venue[v].kind);
        if (g->ops && !d->history->http[v] && !open_venue(d, v))
            return false;
    }
    return true;
}

void daemon_history_close(struct daemon *d)
{
    if (!d->history)
        return;
    for (uint32_t v = 0; v < SETUP_VENUES_MAX; v++) {
        http_client_close(d->history->http[v]);
        tls_close(d->history->tls[v]);
    }
    for (uint32_t s = 0; s < d->config->setup->strategies; s++)
        free(d->history->getting[s].candle);
    free(d->history);
    d->history = NULL;
}
