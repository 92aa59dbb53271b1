/* arbitrage: its parameters, what they must fit together, and the plan for `tradewind check`. */
#include "arbitrage.h"
#include "refuse.h"

#define SMALLEST "0.000000000000000001"

const struct param_spec arb_params[] = {
    [P_INSTRUMENT] = {.key = "instrument",
                      .type = PARAM_INSTRUMENT,
                      .flags = PARAM_REQUIRED,
                      .help = "what is bought on one venue and sold on another"},
    [P_OTHER] = {.key = "other",
                 .type = PARAM_INSTRUMENT,
                 .flags = PARAM_REQUIRED,
                 .help = "the same base on the other venue, or in another quote on the same one"},
    [P_RATE] = {.key = "rate",
                .type = PARAM_INSTRUMENT,
                .help = "where the two have different quotes: the instrument between these, either "
                        "way round; it is looked at, not traded"},
    [P_MIN_PROFIT] = {.key = "min_profit",
                      .type = PARAM_DECIMAL,
                      .flags = PARAM_LIVE,
                      .min = "0",
                      .max = "0.5",
                      .default_value = "0.001",
                      .help = "least net profit of a trade at its worst prices, as a ratio of its "
                              "cost, after both fees, slippage and rate_cost"},
    [P_RATE_COST] = {.key = "rate_cost",
                     .type = PARAM_DECIMAL,
                     .flags = PARAM_LIVE,
                     .min = "0",
                     .max = "0.1",
                     .default_value = "0",
                     .help = "what changing one quote into the other costs you, as a ratio"},
    [P_SIZE] = {.key = "size",
                .type = PARAM_DECIMAL,
                .flags = PARAM_REQUIRED | PARAM_LIVE,
                .min = SMALLEST,
                .help = "most that a trade buys, in base"},
    [P_MIN_SIZE] = {.key = "min_size",
                    .type = PARAM_DECIMAL,
                    .flags = PARAM_LIVE,
                    .min = SMALLEST,
                    .help = "least that a trade buys, in base; absent: what the venues take"},
    [P_SLIPPAGE] = {.key = "slippage",
                    .type = PARAM_DECIMAL,
                    .flags = PARAM_LIVE,
                    .min = "0",
                    .max = "0.1",
                    .default_value = "0.0005",
                    .help = "how much worse than seen an order may fill, as a ratio; min_profit is "
                            "kept even then"},
    [P_SLIPPAGE_OTHER] = {.key = "slippage_other",
                          .type = PARAM_DECIMAL,
                          .flags = PARAM_LIVE,
                          .min = "0",
                          .max = "0.1",
                          .help = "the same for `other`; absent: as slippage"},
    [P_MAX_AGE] = {.key = "max_age",
                   .type = PARAM_DURATION,
                   .flags = PARAM_LIVE,
                   .min = "1ms",
                   .max = "1d",
                   .default_value = "2s",
                   .help = "oldest price of `instrument` that is acted on"},
    [P_MAX_AGE_OTHER] = {.key = "max_age_other",
                         .type = PARAM_DURATION,
                         .flags = PARAM_LIVE,
                         .min = "1ms",
                         .max = "1d",
                         .help = "the same for `other`; absent: as max_age"},
    [P_MAX_AGE_RATE] = {.key = "max_age_rate",
                        .type = PARAM_DURATION,
                        .flags = PARAM_LIVE,
                        .min = "1ms",
                        .max = "1d",
                        .help = "the same for `rate`; absent: as max_age"},
    [P_USE_LAST] = {.key = "use_last",
                    .type = PARAM_BOOL,
                    .default_value = "false",
                    .help =
                        "where an instrument shows neither book nor top, take its last trade as "
                        "bid and ask of any size: for backtests on candles and trades"},
    [P_LEGS] = {.key = "legs",
                .type = PARAM_CHOICE,
                .choices = "concurrent|sequential",
                .default_value = "sequential",
                .help =
                    "both orders at once, or the second when the first has filled, sized by it"},
    [P_FIRST] = {.key = "first",
                 .type = PARAM_CHOICE,
                 .choices = "instrument|other",
                 .default_value = "instrument",
                 .help = "whose order goes first; best the one that is harder to fill"},
    [P_FAILURE] = {.key = "failure",
                   .type = PARAM_CHOICE,
                   .choices = "hedge|unwind|hold",
                   .default_value = "hedge",
                   .help =
                       "when one leg got less: complete it there, trade the surplus back on the "
                       "other venue, or keep it and say so"},
    [P_FALLBACK] = {.key = "fallback",
                    .type = PARAM_CHOICE,
                    .choices = "hold|unwind",
                    .default_value = "hold",
                    .help = "what follows where hedging has not succeeded by the deadline"},
    [P_MAX_LOSS] = {.key = "max_loss",
                    .type = PARAM_DECIMAL,
                    .flags = PARAM_LIVE,
                    .min = "0",
                    .max = "0.5",
                    .default_value = "0.005",
                    .help = "most that hedging or unwinding may lose, fees included, as a ratio of "
                            "the trade"},
    [P_UNWIND_MARKET] = {.key = "unwind_market",
                         .type = PARAM_BOOL,
                         .default_value = "false",
                         .help = "unwind by market orders, at any price"},
    [P_RETRY] = {.key = "retry",
                 .type = PARAM_DURATION,
                 .flags = PARAM_LIVE,
                 .min = "10ms",
                 .max = "1h",
                 .default_value = "1s",
                 .help = "time between two attempts to hedge or unwind"},
    [P_DEADLINE] = {.key = "deadline",
                    .type = PARAM_DURATION,
                    .flags = PARAM_LIVE,
                    .min = "100ms",
                    .max = "1d",
                    .default_value = "30s",
                    .help = "how long hedging, and then unwinding, is tried; also the age at which "
                            "an order that should have ended is cancelled"},
    [P_MAX_IMBALANCE] = {.key = "max_imbalance",
                         .type = PARAM_DECIMAL,
                         .flags = PARAM_LIVE,
                         .min = "0",
                         .help = "most base that trades may have moved from one venue to the other "
                                 "in all; absent: no limit"},
    [P_MAX_STRANDED] = {.key = "max_stranded",
                        .type = PARAM_DECIMAL,
                        .flags = PARAM_LIVE,
                        .min = "0",
                        .default_value = "0",
                        .help = "most base of uneven trades at which new ones still begin"},
    [P_COOLDOWN] = {.key = "cooldown",
                    .type = PARAM_DURATION,
                    .flags = PARAM_LIVE,
                    .min = "0s",
                    .max = "1d",
                    .default_value = "1s",
                    .help = "time from the end of a trade to the next"},
    [P_MAX_OPEN] = {.key = "max_open",
                    .type = PARAM_INTEGER,
                    .flags = PARAM_LIVE,
                    .min = "1",
                    .max = "8",
                    .default_value = "1",
                    .help = "trades under way at a time"},
    [P_MAX_TRADES_DAY] = {.key = "max_trades_day",
                          .type = PARAM_INTEGER,
                          .flags = PARAM_LIVE,
                          .min = "1",
                          .max = "1000000",
                          .help = "most trades begun on a day (UTC); absent: no limit"},
    {.key = NULL},
};

/* ---- what must fit together ---- */

enum err arb_check(const struct params *p, const struct instrument *first, const char **key,
                   char *why, size_t cap)
{
    bool hedges = p->value[P_FAILURE].choice == FAILURE_HEDGE;
    bool unwinds = p->value[P_FAILURE].choice == FAILURE_UNWIND ||
                   (hedges && p->value[P_FALLBACK].choice == FALLBACK_UNWIND);
    bool rate = p->value[P_RATE].present, market = p->value[P_UNWIND_MARKET].boolean;
    const struct usable all[] = {
        {P_RATE_COST, rate, "rate"},
        {P_MAX_AGE_RATE, rate, "rate"},
        {P_FALLBACK, hedges, "failure = \"hedge\""},
        {P_UNWIND_MARKET, unwinds, "failure or fallback = \"unwind\""},
        {P_MAX_LOSS, hedges || (unwinds && !market),
         "failure = \"hedge\", or \"unwind\" not at the market"},
        {P_RETRY, hedges || unwinds, "failure = \"hedge\" or \"unwind\""},
    };
    enum err err = refuse_unused(arb_params, p, all, sizeof all / sizeof all[0], key, why, cap);
    (void)first;
    if (err)
        return err;
    if (p->value[P_MIN_SIZE].present &&
        dec_gt(p->value[P_MIN_SIZE].decimal, p->value[P_SIZE].decimal))
        return refuse("min_size", "is more than size; allowed: at most that", key, why, cap);
    return ERR_OK;
}

enum err arb_check_instruments(const struct params *p, const struct instrument *const *in,
                               const char **key, char *why, size_t cap)
{
    const struct instrument *a = in[ARB_A], *b = in[ARB_B];
    bool rate = p->value[P_RATE].present;
    if (a == b)
        return refuse("other", "is `instrument` itself; needed: another one", key, why, cap);
    if (a->base != b->base)
        return refuse("other", "has another base than `instrument`; needed: the same", key, why,
                      cap);
    if (a->quote == b->quote && rate)
        return refuse("rate", "both have the same quote; allowed: none", key, why, cap);
    if (a->quote == b->quote)
        return ERR_OK;
    if (!rate)
        return refuse("rate", "is missing; needed: an instrument between the two quotes", key, why,
                      cap);
    const struct instrument *r = in[ARB_RATE];
    if (!(r->base == a->quote && r->quote == b->quote) &&
        !(r->base == b->quote && r->quote == a->quote))
        return refuse("rate", "is not between the quotes of `instrument` and `other`", key, why,
                      cap);
    return ERR_OK;
}

/* ---- the plan ---- */

struct text {
    char *out;
    size_t len, cap;
};

static void append(struct text *t, const char *s)
{
    for (; *s && t->len + 1 < t->cap; s++)
        t->out[t->len++] = *s;
    t->out[t->len] = 0;
}

static void remark(char *out, const char *before, dec ratio, const char *after)
{
    struct text t = {out, 0, 2 * PLAN_TEXT_MAX};
    char number[DEC_TEXT_MAX];
    dec percent;
    if (!dec_mul_int(ratio, 100, &percent))
        return;
    dec_format_places(percent, 3, DEC_CEIL, number);
    append(&t, before);
    append(&t, number);
    append(&t, after);
}

/* 1 / ((1 - a) (1 - b)) * by - 1: how far apart prices must be. */
static bool distance(dec a, dec b, dec by, dec *ret)
{
    dec keep;
    if (!dec_mul((dec){DEC_ONE.v - a.v}, (dec){DEC_ONE.v - b.v}, DEC_DOWN, &keep) ||
        !dec_div(by, keep, DEC_UP, ret))
        return false;
    ret->v -= DEC_ONE.v;
    return true;
}

/* What slippage, rate_cost and min_profit ask for on top, as a factor. */
static bool demand(const struct params *p, dec *ret)
{
    dec slip = p->value[P_SLIPPAGE].decimal, f = DEC_ONE;
    dec other = p->value[P_SLIPPAGE_OTHER].present ? p->value[P_SLIPPAGE_OTHER].decimal : slip;
    if (!dec_mul((dec){DEC_ONE.v + p->value[P_MIN_PROFIT].decimal.v}, (dec){DEC_ONE.v + slip.v},
                 DEC_UP, &f) ||
        !dec_div(f, (dec){DEC_ONE.v - other.v}, DEC_UP, &f))
        return false;
    return !p->value[P_RATE].present ||
                   dec_div(f, (dec){DEC_ONE.v - p->value[P_RATE_COST].decimal.v}, DEC_UP, &f)
               ? (*ret = f, true)
               : false;
}

static bool fill_row(struct plan_row *r, const char *what, enum side side, dec price, dec qty,
                     dec fee)
{
    struct text t = {r->what, 0, sizeof r->what};
    append(&t, what);
    r->side = side;
    r->shrinks = true;
    r->price = price;
    r->qty = qty;
    if (!dec_mul(price, qty, DEC_UP, &r->amount) ||
        !dec_mul(r->amount, fee, DEC_UP, &r->total_fees))
        return false;
    r->total_amount = r->amount;
    return true;
}

enum err arb_plan_print(const struct params *p, const struct instrument *const *in, dec price,
                        dec maker_fee, dec taker_fee, struct plan *ret)
{
    dec fee_a = taker_fee, fee_b = ret->fees[ARB_B].taker, size = p->value[P_SIZE].decimal;
    dec even, open, by, up, target;
    (void)maker_fee, (void)in;
    if (!demand(p, &by) || !distance(fee_a, fee_b, DEC_ONE, &even) ||
        !distance(fee_a, fee_b, by, &open) || !dec_add(DEC_ONE, open, &up) ||
        !dec_mul(price, up, DEC_UP, &target))
        return ERR_RANGE;
    struct plan_row *buy = &ret->row[0], *sell = &ret->row[1];
    if (!fill_row(buy, "buy `instrument`", SIDE_BUY, price, size, fee_a) ||
        !fill_row(sell, "sell `other`", SIDE_SELL, target, size, fee_b) ||
        !dec_mul(price, (dec){DEC_ONE.v + even.v}, DEC_UP, &buy->break_even) ||
        !dec_add(buy->amount, buy->total_fees, &ret->capital_quote))
        return ERR_RANGE;
    sell->deviation = open;
    sell->break_even = buy->break_even;
    buy->average = buy->price;
    sell->average = sell->price;
    ret->count = 2;
    ret->capital_base = size;
    remark(ret->remark[0], "break-even: prices ", even, " % apart pay both taker fees");
    remark(ret->remark[1], "a trade begins where they are ", open,
           " % apart: slippage and min_profit included");
    struct text t = {ret->remark[2], 0, sizeof ret->remark[2]};
    append(&t, "the same the other way round: money and stock are needed on both venues");
    return ERR_OK;
}
