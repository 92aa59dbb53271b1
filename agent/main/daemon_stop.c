/* A graceful end: the strategies rest, on_stop is done, what is left is told. */
#include "main/daemon_parts.h"

#include "base/clock.h"
#include "base/log.h"
#include "io/describe.h"

#include <unistd.h>

#define SAME_WISH_NS (500 * NS_PER_MS)

/* Open orders of a strategy. */
static uint32_t open_orders(const struct engine *e, strategy_id s)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < engine_open_orders(e); i++)
        n += engine_open_order(e, i)->strategy == s;
    return n;
}

static void tell_positions(const struct engine *e, strategy_id s)
{
    const struct setup *st = engine_setup(e);
    const struct strategy_setup *ss = &st->strategy[s];
    for (uint32_t k = 0; k < ss->instruments; k++) {
        const struct instrument *in = &st->instrument[ss->instrument[k]];
        char text[DEC_TEXT_MAX];
        dec cost, realized, qty = engine_position(e, s, ss->instrument[k], &cost, &realized);
        enum reason why = engine_left_over(e, s, k);
        if (dec_is_zero(qty))
            continue;
        dec_format(qty, text);
        log_warn(ss->name, "not sold: %s %s on %s: %s (%s)", text, describe_asset(st, in->base),
                 st->venue[in->venue].name, why == REASON_NONE ? "time was over" : reason_text(why),
                 reason_name(why));
    }
}

static void tell_rest(const struct daemon *d)
{
    const struct engine *e = paper_engine(run_paper(d->run));
    const struct setup *st = engine_setup(e);
    for (strategy_id s = 0; s < st->strategies; s++) {
        enum on_stop how = st->strategy[s].on_stop;
        if (how != ON_STOP_CANCEL && how != ON_STOP_CLOSE)
            continue;
        uint32_t n = open_orders(e, s);
        if (n)
            log_warn(st->strategy[s].name, "%lu orders are still open", (unsigned long)n);
        if (how == ON_STOP_CLOSE)
            tell_positions(e, s);
    }
}

bool daemon_stop_is_done(struct daemon *d, int64_t mono_ns)
{
    if (d->stop_by_ns == 0)
        return false;
    bool done = d->failed || engine_is_stopped(paper_engine(run_paper(d->run)));
    if (!done && mono_ns < d->stop_by_ns)
        return false;
    if (!done)
        log_warn("daemon", "stop_timeout is over: what is not done stays undone");
    if (!d->failed)
        tell_rest(d);
    return true;
}

int64_t daemon_stop_time(const struct daemon *d, int64_t mono_ns)
{
    return d->stop_by_ns == 0 ? INT64_MAX : d->stop_engine_ns + (mono_ns - d->stop_mono_ns);
}

void daemon_stop_begin(struct daemon *d, const char *why)
{
    /* Ctrl-C reaches the supervisor, which hands it on, and the daemon itself: that is one wish. */
    if (d->stop_by_ns != 0 && clock_mono_ns() - d->stop_mono_ns < SAME_WISH_NS)
        return;
    daemon_notify("STOPPING=1");
    if (d->stop_by_ns != 0 || d->failed || !d->ready) {
        log_info("daemon", "%s%s", why, d->stop_by_ns ? " again: stopping at once" : ": stopping");
        if (d->stop_by_ns != 0 && !d->failed)
            tell_rest(d);
        loop_stop(d->loop);
        return;
    }
    log_info("daemon", "%s: stopping", why);
    d->stop_mono_ns = clock_mono_ns();
    d->stop_engine_ns = engine_now_ns(paper_engine(run_paper(d->run)));
    d->stop_by_ns = d->stop_mono_ns + d->config->setup->stop_timeout_ns;
    struct event_command c = {
        .kind = COMMAND_STOP, .strategy = STRATEGY_NONE, .uid = (uint32_t)geteuid()};
    snprintf(c.reason, sizeof c.reason, "%s", why);
    if (daemon_command(d, &c) != ERR_OK || daemon_stop_is_done(d, d->stop_mono_ns))
        loop_stop(d->loop);
}
