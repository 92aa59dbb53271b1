#include "main/check_guard.h"

#include "config/value.h"
#include "io/describe.h"

static void print_guard(FILE *out, const struct setup *s, const struct guard_setup *g)
{
    char one[32], other[32], least[DEC_TEXT_MAX];
    if (g->has_loss_count)
        fprintf(out, "    %u losing closes within %s: entries locked for %s\n", g->loss_count,
                duration_format(g->loss_lookback_ns, one),
                duration_format(g->loss_pause_ns, other));
    if (g->has_cooldown)
        fprintf(out, "    a close: entries locked for %s\n", duration_format(g->cooldown_ns, one));
    if (g->has_cooldown_after_loss)
        fprintf(out, "    a losing close: entries locked for %s\n",
                duration_format(g->cooldown_after_loss_ns, one));
    if (g->has_min_profit) {
        dec_format(g->min_profit, least);
        fprintf(out, "    %u closes within %s with less than %s %s: entries locked for",
                g->profit_trades, duration_format(g->profit_lookback_ns, one), least,
                s->asset[s->quote]);
        fprintf(out, " %s\n", duration_format(g->profit_pause_ns, one));
    }
    if (g->cancel_entries)
        fputs("    a lock cancels the open buys\n", out);
}

static bool guards(const struct guard_setup *g)
{
    return g->has_loss_count || g->has_cooldown || g->has_cooldown_after_loss || g->has_min_profit;
}

static void print_schedule(FILE *out, const struct schedule *c)
{
    static const char *const DAY[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun", "sun"};
    fputs("  may enter (UTC):\n", out);
    for (uint32_t i = 0; i < c->count; i++) {
        unsigned from = c->window[i].from, to = c->window[i].to;
        bool midnight = to % 1440 == 0; /* the end of a day, not the beginning of the next */
        fprintf(out, "    %s %02u:%02u to %s %02u:%02u\n", DAY[from / 1440], from / 60 % 24,
                from % 60, DAY[(to - midnight) / 1440], midnight ? 24 : to / 60 % 24, to % 60);
    }
}

void check_print_strategy_guards(FILE *out, const struct setup *s, const struct strategy_setup *st)
{
    if (guards(&st->guard)) {
        fputs("  guards:\n", out);
        print_guard(out, s, &st->guard);
    }
    if (st->schedule.count)
        print_schedule(out, &st->schedule);
}

static void print_price_guard(FILE *out, const struct setup *s, instrument_id i)
{
    const struct price_guard_setup *p = &s->price_guard[i];
    char name[DESCRIBE_INSTRUMENT_MAX], ratio[DEC_TEXT_MAX], one[32], other[32];
    if (p->has_max_jump) {
        dec_format(p->max_jump, ratio);
        fprintf(out,
                "    %s: no entries at a price that jumped by more than %s within %s, for %s\n",
                describe_instrument(s, i, name), ratio, duration_format(p->jump_window_ns, one),
                duration_format(p->jump_confirm_ns, other));
    }
    if (p->has_max_deviation) {
        dec_format(p->max_deviation, ratio);
        fprintf(out, "    %s: no entries at a price that differs by more than %s from",
                describe_instrument(s, i, name), ratio);
        fprintf(out, " %s\n", describe_instrument(s, p->cross_check, name));
    }
}

void check_print_guards(FILE *out, const struct setup *s)
{
    if (guards(&s->guard_agent)) {
        fputs("guards over all strategies:\n", out);
        print_guard(out, s, &s->guard_agent);
    }
    bool any = false;
    for (instrument_id i = 0; i < s->instruments; i++) {
        bool one = s->price_guard[i].has_max_jump || s->price_guard[i].has_max_deviation;
        if (one && !any)
            fputs("prices that are believed:\n", out);
        any |= one;
        print_price_guard(out, s, i);
    }
    if (s->alerts)
        fputs("alerts:\n", out);
    for (uint32_t n = 0; n < s->alerts; n++) {
        const struct alert_setup *a = &s->alert[n];
        char level[DEC_TEXT_MAX];
        bool plain = alert_of_signer(a->when);
        dec_format(a->has_above ? a->above : a->below, level);
        fprintf(out, "    %s: %s%s%s, %s\n", a->name, alert_of_name(a->when),
                plain          ? ""
                : a->has_above ? " above "
                               : " below ",
                plain ? "" : level, a->repeat == ALERT_ONCE ? "once" : "each time");
    }
}
