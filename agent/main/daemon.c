#include "main/daemon_parts.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "main/cmd.h"
#include "venue/venue.h"

#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#include "build_id.h"

#define TICK_NS INT64_C(50000000)
/* How long engine time stays behind the venue's clock, so that events still on their way come
 * before the timers they belong before. */
#define GRACE_NS INT64_C(250000000)

/* A tick so late: the process or the machine stood still. Less than GRACE_NS, which hides less. */
#define STALL_NS INT64_C(100000000)

/* ---- trouble ---- */

static struct daemon *running; /* for on_failed_check() */

static void set_latch(const struct daemon *d, enum latch_kind kind, const char *text)
{
    struct latch l = {
        .kind = kind, .journal = d->journal, .record = d->run ? run_record_number(d->run) : 0};
    snprintf(l.text, sizeof l.text, "%s", text);
    if (state_dir_set_latch(&d->dir, &l) != ERR_OK)
        log_error("daemon", "the latch in %s could not be written", d->dir.path);
}

static void on_failed_check(const char *expression, const char *file, int line)
{
    if (!running)
        return;
    char text[STATE_DIR_LATCH_MAX];
    snprintf(text, sizeof text, "internal check failed at %s:%d: %s", file, line, expression);
    set_latch(running, running->in_step ? LATCH_ENGINE : LATCH_HOST, text);
}

/* Told while the journal can still be written: everything is cancelled, and says so. */
static void halt(struct daemon *d)
{
    struct event ev = daemon_own_event(d, EVENT_COMMAND);
    ev.command = (struct event_command){
        .kind = COMMAND_HALT, .strategy = STRATEGY_NONE, .uid = (uint32_t)geteuid()};
    snprintf(ev.command.reason, sizeof ev.command.reason, "%.127s", run_why(d->run));
    d->in_step = true;
    if (run_event(d->run, &ev) != ERR_OK)
        log_error("daemon", "the halt could not be journaled: %s", run_why(d->run));
    d->in_step = false;
}

/* The run cannot go on: nothing is acted upon any more, the next start begins HALTED. */
static void give_up(struct daemon *d)
{
    if (d->failed)
        return;
    d->failed = true;
    bool engine = run_trouble(d->run) == RUN_ENGINE, room = run_trouble(d->run) == RUN_ROOM;
    log_error("daemon", "%s", run_why(d->run));
    if (room)
        halt(d);
    log_error("daemon", "HALTED: nothing is done any more; the next start begins HALTED");
    set_latch(d, engine ? LATCH_ENGINE : LATCH_HOST, run_why(d->run));
    if ((engine || room) && run_stopped(d->run, clock_wall_ns(), false, run_why(d->run)) != ERR_OK)
        log_error("daemon", "%s", run_why(d->run));
    if (d->loop)
        loop_stop(d->loop);
}

/* ---- events ---- */

static void on_step(void *ctx, const struct event *ev, const struct effects *fx, bool again)
{
    struct daemon *d = ctx;
    const struct engine *e = paper_engine(run_paper(d->run));
    for (uint32_t i = 0; i < fx->count; i++) {
        if (fx->item[i].kind == EFFECT_FILL)
            status_fills_add(&d->fills, ev->ts_event_ns, &fx->item[i].fill);
        if (fx->item[i].kind == EFFECT_RESYNC && !again &&
            fx->item[i].resync < SETUP_INSTRUMENTS_MAX)
            d->resync[fx->item[i].resync] = d->any_resync = true;
    }
    if (!again)
        daemon_log_step(&d->log, e, ev, fx, clock_mono_ns());
}

/* Not from within a step: the feed may answer with events at once. */
static void ask_for_books(struct daemon *d)
{
    const struct setup *s = d->config->setup;
    while (d->any_resync && !d->failed) {
        d->any_resync = false;
        for (instrument_id i = 0; i < s->instruments; i++) {
            if (!d->resync[i])
                continue;
            d->resync[i] = false;
            if (d->feed[s->instrument[i].venue])
                feed_resync(d->feed[s->instrument[i].venue], i);
        }
    }
}

static enum err step(struct daemon *d, const struct event *ev, int64_t advance_ns)
{
    if (d->failed || d->stopping)
        return ERR_STATE;
    d->in_step = true;
    enum err rc = ev ? run_event(d->run, ev) : run_advance(d->run, advance_ns);
    d->in_step = false;
    if (rc == ERR_OK && run_trouble(d->run) == RUN_ROOM)
        rc = ERR_FULL;
    if (rc != ERR_OK)
        give_up(d);
    return rc;
}

enum err daemon_event(struct daemon *d, const struct event *ev)
{
    enum err rc = step(d, ev, 0);
    if (rc == ERR_OK)
        ask_for_books(d);
    return rc;
}

static void on_feed(void *ctx, const struct event *ev)
{
    enum err told = daemon_event(ctx, ev); /* a failure was dealt with where it happened */
    (void)told;
}

struct event daemon_own_event(const struct daemon *d, enum event_kind kind)
{
    int64_t now_ns = engine_now_ns(paper_engine(run_paper(d->run)));
    struct event ev;
    memset(&ev, 0, sizeof ev);
    ev.kind = kind;
    ev.venue = VENUE_NONE;
    ev.instrument = INSTRUMENT_NONE;
    ev.ts_event_ns = now_ns > 0 ? now_ns : 0;
    ev.ts_recv_ns = clock_wall_ns();
    return ev;
}

enum err daemon_command(struct daemon *d, const struct event_command *c)
{
    struct event ev = daemon_own_event(d, EVENT_COMMAND);
    ev.command = *c;
    return daemon_event(d, &ev);
}

/* ---- time ---- */

static int64_t venue_time(const struct daemon *d)
{
    int64_t earliest = INT64_MAX;
    for (uint32_t v = 0; v < d->config->setup->venues; v++) {
        struct session_stats st;
        if (!d->feed[v])
            continue;
        feed_stats(d->feed[v], &st);
        if (st.state != SESSION_LIVE)
            continue;
        int64_t now_ns = feed_venue_now_ns(d->feed[v]);
        earliest = now_ns < earliest ? now_ns : earliest;
    }
    return earliest;
}

/* Whether this process, or the machine, stood still. */
static bool stalled_now(const struct daemon *d)
{
    return d->tick_due_ns != 0 && clock_mono_ns() - d->tick_due_ns > STALL_NS;
}

static void on_tick(void *ctx)
{
    struct daemon *d = ctx;
    const bool stalled = stalled_now(d);
    for (uint32_t v = 0; stalled && v < d->config->setup->venues; v++)
        if (d->feed[v])
            feed_catch_up(d->feed[v]);
    int64_t mono_ns = clock_mono_ns(), venue_ns = venue_time(d);
    if (venue_ns == INT64_MAX)
        venue_ns = daemon_stop_time(d, mono_ns);
    if (venue_ns != INT64_MAX && venue_ns > GRACE_NS &&
        step(d, NULL, venue_ns - GRACE_NS) == ERR_OK)
        ask_for_books(d);
    if (daemon_stop_is_done(d, mono_ns))
        loop_stop(d->loop);
    daemon_history_tick(d, mono_ns);
    if (!d->failed &&
        (run_turn(d->run, mono_ns, clock_wall_ns()) != ERR_OK || run_trouble(d->run) == RUN_ROOM))
        give_up(d);
    daemon_log_tick(&d->log, mono_ns);
    d->tick_due_ns = mono_ns + TICK_NS;
    if (!d->failed)
        loop_timer_set(d->loop, &d->tick, d->tick_due_ns, on_tick, d);
}

/* After a stall, what the venue sent meanwhile must not come before the tick: its times would lead
 * the engine through what was due then, on prices of then. */
static void before_message(void *ctx)
{
    struct daemon *d = ctx;
    if (stalled_now(d))
        on_tick(d);
}

static void on_watchdog(void *ctx)
{
    struct daemon *d = ctx;
    daemon_notify("WATCHDOG=1");
    loop_timer_set(d->loop, &d->watchdog, clock_mono_ns() + daemon_watchdog_ns(), on_watchdog, d);
}

static void on_stop_signal(void *ctx, int signo)
{
    daemon_stop_begin(ctx, signo == SIGINT ? "interrupted" : "told to stop");
}

static void on_reload_signal(void *ctx, int signo)
{
    (void)signo;
    free(daemon_reload(ctx)); /* the log has it */
}

/* ---- start and stop ---- */

/* What every start tells the engine: prices are not to be used until their feeds are live again,
 * and what halted the last run. */
static enum err begin(struct daemon *d)
{
    const struct setup *s = d->config->setup;
    enum err rc = run_started(d->run, d->started_ns, (uint32_t)getpid(), TW_BUILD_ID);
    if (rc != ERR_OK) {
        give_up(d);
        return rc;
    }
    for (instrument_id i = 0; rc == ERR_OK && i < s->instruments; i++) {
        struct event ev = daemon_own_event(d, EVENT_FEED);
        ev.venue = s->instrument[i].venue;
        ev.instrument = i;
        ev.feed = FEED_INVALID;
        rc = daemon_event(d, &ev);
    }
    if (rc == ERR_OK)
        rc = daemon_begin_params(d);
    struct event_command c = {.strategy = STRATEGY_NONE, .uid = (uint32_t)geteuid()};
    if (d->carried_from) {
        snprintf(c.reason, sizeof c.reason, "carried over from journal-%04lu.twj",
                 (unsigned long)d->carried_from);
        for (strategy_id k = 0; rc == ERR_OK && k < s->strategies; k++)
            if (d->carried_strategy[k] != STATE_ACTIVE) {
                c.kind = d->carried_strategy[k] == STATE_HALTED ? COMMAND_HALT : COMMAND_PAUSE;
                c.strategy = k;
                rc = daemon_command(d, &c);
            }
        c.strategy = STRATEGY_NONE;
        c.kind = COMMAND_STOPENTRY;
        if (rc == ERR_OK &&
            (d->carried_agent == STATE_REDUCING || d->carried_below == STATE_REDUCING))
            rc = daemon_command(d, &c);
        c.kind = COMMAND_HALT;
        if (rc == ERR_OK && d->carried_agent == STATE_HALTED)
            rc = daemon_command(d, &c);
    }
    if (rc == ERR_OK && d->latch.kind != LATCH_NONE) {
        log_warn(
            "daemon", "begins HALTED: the last run ended at record %llu of journal-%04lu.twj: %s",
            (unsigned long long)d->latch.record, (unsigned long)d->latch.journal, d->latch.text);
        log_warn("daemon", "`tradewind unhalt --reason TEXT` lets it trade again");
        c.kind = COMMAND_HALT;
        snprintf(c.reason, sizeof c.reason, "%.127s", d->latch.text);
        rc = daemon_command(d, &c);
        struct latch none = {.kind = LATCH_NONE};
        if (rc == ERR_OK && state_dir_set_latch(&d->dir, &none) != ERR_OK)
            log_error("daemon", "%s/latch: cannot be cleared", d->dir.path);
    }
    if (rc == ERR_OK) {
        c = (struct event_command){
            .kind = COMMAND_START, .strategy = STRATEGY_NONE, .uid = (uint32_t)geteuid()};
        rc = daemon_command(d, &c);
    }
    d->ready = rc == ERR_OK;
    return rc;
}

static bool open_feeds(struct daemon *d)
{
    const struct setup *s = d->config->setup;
    char why[FEED_WHY_MAX];
    for (venue_id v = 0; v < s->venues; v++) {
        const struct session_ops *ops = venue_find(s->venue[v].kind);
        if (!ops) {
            log_error("daemon", "venue %s: there is no kind '%s'", s->venue[v].name,
                      s->venue[v].kind);
            return false;
        }
        if (feed_open(&d->feed[v], d->loop, s, v, ops, s->seed + v, on_feed, d, why) != ERR_OK) {
            log_error("daemon", "venue %s: %s", s->venue[v].name, why);
            return false;
        }
        feed_before_message(d->feed[v], before_message);
    }
    return true;
}

static void close_feeds(struct daemon *d)
{
    for (uint32_t v = 0; v < d->config->setup->venues; v++) {
        feed_close(d->feed[v]);
        d->feed[v] = NULL;
    }
}

static bool serve(struct daemon *d)
{
    const struct setup *s = d->config->setup;
    char why[CONTROL_WHY_MAX];
    if (loop_open(&d->loop) != ERR_OK) {
        log_error("daemon", "the event loop cannot be opened");
        return false;
    }
    loop_on_signal(d->loop, SIGTERM, on_stop_signal, d);
    loop_on_signal(d->loop, SIGINT, on_stop_signal, d);
    loop_on_signal(d->loop, SIGHUP, on_reload_signal, d);
    if (control_open(&d->control, d->loop, s->control_socket, daemon_on_control, d, why) !=
        ERR_OK) {
        log_error("daemon", "control socket: %s", why);
        return false;
    }
    if (begin(d) != ERR_OK || !open_feeds(d) || !daemon_history_open(d) || !daemon_signer_open(d))
        return false;
    log_info(
        "daemon", "agent %s runs in paper mode; strategies: %lu, instruments: %lu, state in %s",
        s->agent_name, (unsigned long)s->strategies, (unsigned long)s->instruments, d->dir.path);
    on_tick(d);
    daemon_notify("READY=1\nSTATUS=running");
    if (daemon_watchdog_ns() > 0)
        on_watchdog(d);
    if (!d->failed && loop_run(d->loop) != ERR_OK) {
        log_error("daemon", "the event loop broke");
        return false;
    }
    return !d->failed;
}

static void stop(struct daemon *d, bool orderly)
{
    d->stopping = true; /* what feeds say while closing concerns nobody any more */
    if (orderly)
        daemon_print_summary(d);
    daemon_history_close(d);
    signer_close(d->signer);
    d->signer = NULL;
    close_feeds(d);
    if (d->loop) {
        loop_timer_cancel(&d->tick);
        loop_timer_cancel(&d->watchdog);
        loop_close(d->loop);
    }
    control_close(d->control);
    if (!orderly)
        return;
    if (run_stopped(d->run, clock_wall_ns(), true, "told to stop") != ERR_OK ||
        run_finish(d->run) != ERR_OK) {
        d->failed = true;
        set_latch(d, LATCH_HOST, run_why(d->run));
        log_error("daemon", "%s", run_why(d->run));
        return;
    }
    log_info("daemon", "stopped; the journal is on disk");
}

static int start(struct daemon *d)
{
    char why[DAEMON_WHY_MAX];
    const struct setup *s = d->config->setup;
    if (state_dir_open(&d->dir, s->state_dir, why) != ERR_OK) {
        log_error("daemon", "%s", why);
        return EXIT_CODE_ERROR;
    }
    if (d->dir.tightened)
        log_warn("daemon", "%s could be looked into by others; it is the owner's only now (0700)",
                 d->dir.path);
    int code = EXIT_CODE_ERROR;
    if (state_dir_get_latch(&d->dir, &d->latch) != ERR_OK) {
        log_error("daemon", "%s/latch cannot be read", d->dir.path);
        state_dir_close(&d->dir);
        return code;
    }
    running = d;
    check_set_hook(on_failed_check);
    enum err rc = daemon_open_run(d, on_step, why);
    if (rc == ERR_OK)
        rc = run_segments(d->run, &d->journal_keys, why);
    if (rc == ERR_OK) {
        bool orderly = serve(d);
        stop(d, orderly);
        code = orderly && !d->failed ? EXIT_CODE_OK : EXIT_CODE_ERROR;
    } else {
        char *line = why, *next;
        for (; line; line = next) { /* a log line each */
            next = strchr(line, '\n');
            if (next)
                *next++ = 0;
            log_error("daemon", "%s", line);
        }
        if (rc == ERR_RANGE)
            code = EXIT_CODE_CONFIG;
    }
    check_set_hook(NULL);
    running = NULL;
    run_close(d->run);
    config_close(&d->wanted);
    state_dir_close(&d->dir);
    return code;
}

int daemon_run(struct config *c, const struct daemon_options *o)
{
    if (c->setup->mode != MODE_PAPER) {
        log_error("daemon", "only paper mode can be run in this version: mode = \"paper\"");
        return EXIT_CODE_CONFIG;
    }
    if (sodium_init() < 0) {
        log_error("daemon", "libsodium cannot be used");
        return EXIT_CODE_ERROR;
    }
    struct daemon *d = calloc(1, sizeof *d);
    if (!d) {
        log_error("daemon", "out of memory");
        return EXIT_CODE_ERROR;
    }
    /* A broken pipe and a file that may not grow are errors of a call, not ends of the program. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    d->config = c;
    d->journal_keys = c->setup->journal;
    d->options = *o;
    d->started_ns = clock_wall_ns();
    int code = start(d);
    free(d);
    return code;
}
