/* dca: its parameters, what must fit together, and the terms of a deal. */
#include "dca.h"

#define POSITIVE "0.000000000000000001"
#define LIVE     PARAM_LIVE

/* Optional parameters have no default in the table, so that one which the mode does not use is seen
 * and refused; dca_integer() and its like know the defaults that the helps name. */
const struct param_spec DCA_PARAMS[] = {
    [DCA_INSTRUMENT] = {.key = "instrument",
                        .type = PARAM_INSTRUMENT,
                        .flags = PARAM_REQUIRED,
                        .help = "what is bought"},
    [DCA_INTERVAL] = {.key = "interval",
                      .type = PARAM_DURATION,
                      .flags = LIVE,
                      .min = "1s",
                      .max = "366d",
                      .help = "scheduled: time between two purchases, counted from the first; else "
                              "every is needed"},
    [DCA_AMOUNT] = {.key = "amount",
                    .type = PARAM_DECIMAL,
                    .flags = PARAM_REQUIRED | LIVE,
                    .min = POSITIVE,
                    .help = "quote currency for each purchase; safety: for the base order"},
    [DCA_CEILING] = {.key = "price_ceiling",
                     .type = PARAM_DECIMAL,
                     .flags = LIVE,
                     .min = POSITIVE,
                     .help = "a purchase is skipped, and no deal begins, while the price is above; "
                             "absent: never"},
    [DCA_TOTAL] = {.key = "total",
                   .type = PARAM_DECIMAL,
                   .flags = LIVE,
                   .min = POSITIVE,
                   .help = "scheduled: stop before more than this is spent, in quote; absent: the "
                           "budget ends it"},
    [DCA_MODE] = {.key = "mode",
                  .type = PARAM_CHOICE,
                  .choices = "scheduled|safety",
                  .default_value = "scheduled",
                  .help = "scheduled: buys at its times and never sells; safety: deals of a base "
                          "order, safety orders below it and a take profit from the average price"},
    [DCA_FLOOR] = {.key = "price_floor",
                   .type = PARAM_DECIMAL,
                   .flags = LIVE,
                   .min = POSITIVE,
                   .help = "a purchase is skipped, and no deal begins, while the price is below; "
                           "absent: never"},
    [DCA_START_PRICE] = {.key = "start_price",
                         .type = PARAM_DECIMAL,
                         .min = POSITIVE,
                         .help = "nothing happens before the price has reached this, from "
                                 "whichever side; absent: it begins at once"},
    [DCA_ORDER_TYPE] = {.key = "order_type",
                        .type = PARAM_CHOICE,
                        .flags = LIVE,
                        .choices = "market|limit",
                        .help = "of purchases and base orders; absent: market"},
    [DCA_OFFSET] = {.key = "limit_offset",
                    .type = PARAM_DECIMAL,
                    .flags = LIVE,
                    .min = "-0.1",
                    .max = "0.5",
                    .help = "how far below the price a limit order is placed, as a ratio; "
                            "negative: above, to be filled at once; absent: 0"},
    [DCA_TIF] = {.key = "tif",
                 .type = PARAM_CHOICE,
                 .flags = LIVE,
                 .choices = "gtc|ioc|fok",
                 .help = "time in force of limit orders; absent: gtc"},
    [DCA_POST_ONLY] = {.key = "post_only",
                       .type = PARAM_BOOL,
                       .flags = LIVE,
                       .help = "limit orders only ever rest; absent: false"},
    [DCA_UNFILLED] = {.key = "unfilled_timeout",
                      .type = PARAM_DURATION,
                      .flags = LIVE,
                      .min = "1s",
                      .max = "366d",
                      .help = "a limit order that is not filled by then is canceled; absent: when "
                              "the next purchase is due; safety: it rests"},
    [DCA_ON_TIMEOUT] = {.key = "on_timeout",
                        .type = PARAM_CHOICE,
                        .flags = LIVE,
                        .choices = "cancel|market",
                        .help = "what becomes of the rest of an order that timed out: nothing, or "
                                "it is bought at market; absent: cancel"},
    [DCA_EVERY] = {.key = "every",
                   .type = PARAM_CHOICE,
                   .choices = "day|week|month",
                   .help = "scheduled: purchases by the calendar (UTC), instead of an interval"},
    [DCA_AT] = {.key = "at",
                .type = PARAM_DURATION,
                .min = "0s",
                .max = "86399s",
                .help = "with every: time of the day, after midnight UTC; absent: 0s"},
    [DCA_WEEKDAY] = {.key = "weekday",
                     .type = PARAM_CHOICE,
                     .choices = "monday|tuesday|wednesday|thursday|friday|saturday|sunday",
                     .help = "with every = \"week\": on which day; absent: monday"},
    [DCA_MONTHDAY] = {.key = "monthday",
                      .type = PARAM_INTEGER,
                      .min = "1",
                      .max = "31",
                      .help = "with every = \"month\": on which day, the last one of a month that "
                              "is shorter; absent: 1"},
    [DCA_MISSED] = {.key = "missed",
                    .type = PARAM_CHOICE,
                    .flags = LIVE,
                    .choices = "once|skip",
                    .help =
                        "scheduled: purchases whose time passed while the agent did not run are "
                        "made up for by one, or not; absent: once"},
    [DCA_MISSED_AFTER] = {.key = "missed_after",
                          .type = PARAM_DURATION,
                          .flags = LIVE,
                          .min = "1s",
                          .max = "7d",
                          .help = "with missed = \"skip\": how late a purchase may be; absent: 1m"},
    [DCA_AVERAGE] = {.key = "average",
                     .type = PARAM_CHOICE,
                     .choices = "sma|ema",
                     .help = "scheduled: the amount depends on the distance of the price from this "
                             "average of closes; absent: it does not"},
    [DCA_AVERAGE_CANDLES] = {.key = "average_candles",
                             .type = PARAM_INTEGER,
                             .min = "1",
                             .max = "500",
                             .help = "candles of the average; absent: 20"},
    [DCA_AVERAGE_TIMEFRAME] = {.key = "average_timeframe",
                               .type = PARAM_DURATION,
                               .min = "1s",
                               .max = "7d",
                               .help = "length of its candles; absent: 1d"},
    [DCA_PER_PERCENT] = {.key = "per_percent",
                         .type = PARAM_DECIMAL,
                         .flags = LIVE,
                         .min = POSITIVE,
                         .max = "10",
                         .help =
                             "with average: what is added to the multiple of the amount for "
                             "each percent that the price is below it, taken off for each above"},
    [DCA_MIN_MULTIPLE] = {.key = "min_multiple",
                          .type = PARAM_DECIMAL,
                          .flags = LIVE,
                          .min = "0",
                          .max = "1",
                          .help = "least multiple of the amount, 0 skips the purchase; absent: 1"},
    [DCA_MAX_MULTIPLE] = {.key = "max_multiple",
                          .type = PARAM_DECIMAL,
                          .flags = LIVE,
                          .min = "1",
                          .max = "100",
                          .help = "largest multiple of the amount; absent: 3"},
    [DCA_SAFETY_AMOUNT] = {.key = "safety_amount",
                           .type = PARAM_DECIMAL,
                           .flags = LIVE,
                           .min = POSITIVE,
                           .help = "safety: quote currency for the first safety order"},
    [DCA_SAFETY_COUNT] = {.key = "safety_count",
                          .type = PARAM_INTEGER,
                          .flags = LIVE,
                          .min = "0",
                          .max = "50",
                          .help = "safety: number of safety orders; absent: 0"},
    [DCA_DEVIATION] = {.key = "deviation",
                       .type = PARAM_DECIMAL,
                       .flags = LIVE,
                       .min = "0.0001",
                       .max = "0.9",
                       .help = "safety: distance of the first safety order below the base order's "
                               "price, as a ratio"},
    [DCA_VOLUME_SCALE] = {.key = "volume_scale",
                          .type = PARAM_DECIMAL,
                          .flags = LIVE,
                          .min = "0.1",
                          .max = "10",
                          .help = "each safety order's amount is this multiple of the one before; "
                                  "absent: 1"},
    [DCA_STEP_SCALE] = {.key = "step_scale",
                        .type = PARAM_DECIMAL,
                        .flags = LIVE,
                        .min = "0.1",
                        .max = "10",
                        .help = "each further deviation is this multiple of the one before; "
                                "absent: 1"},
    [DCA_ACTIVE_COUNT] = {.key = "active_count",
                          .type = PARAM_INTEGER,
                          .flags = LIVE,
                          .min = "1",
                          .max = "50",
                          .help = "how many safety orders rest on the book at once; absent: all"},
    [DCA_TAKE_PROFIT] = {.key = "take_profit",
                         .type = PARAM_DECIMALS,
                         .flags = LIVE,
                         .min = "0.0001",
                         .max = "10",
                         .help = "safety: 1 to 4 steps above the average price at which parts are "
                                 "sold, as ratios"},
    [DCA_SHARE] = {.key = "take_profit_share",
                   .type = PARAM_DECIMALS,
                   .flags = LIVE,
                   .min = "0.01",
                   .max = "1",
                   .help = "which part each step sells, 1 in all; absent: equal parts"},
    [DCA_TRAILING] = {.key = "trailing",
                      .type = PARAM_DECIMAL,
                      .flags = LIVE,
                      .min = "0.0001",
                      .max = "0.5",
                      .help = "from the last take-profit price on, follow the highest price and "
                              "sell when it has fallen by this ratio; absent: sell at that price"},
    [DCA_STOP_LOSS] = {.key = "stop_loss",
                       .type = PARAM_DECIMAL,
                       .flags = LIVE,
                       .min = "0.0001",
                       .max = "0.99",
                       .help = "safety: sell all this far below the average price, as a ratio; "
                               "absent: no stop"},
    [DCA_STOP_TIMEOUT] = {.key = "stop_timeout",
                          .type = PARAM_DURATION,
                          .flags = LIVE,
                          .min = "0s",
                          .max = "7d",
                          .help = "how long the price must stay at or below the stop; absent: 0s"},
    [DCA_BREAK_EVEN] = {.key = "stop_to_break_even",
                        .type = PARAM_BOOL,
                        .flags = LIVE,
                        .help = "after the first take-profit step the stop is at break-even at "
                                "least; absent: false"},
    [DCA_COOLDOWN] = {.key = "cooldown",
                      .type = PARAM_DURATION,
                      .flags = LIVE,
                      .min = "0s",
                      .max = "366d",
                      .help = "safety: pause between two deals; absent: 0s"},
    [DCA_MAX_DEALS] = {.key = "max_deals",
                       .type = PARAM_INTEGER,
                       .flags = LIVE,
                       .min = "1",
                       .max = "1000000000",
                       .help = "safety: no further deal begins after so many; absent: no end"},
    [DCA_DEAL_TIMEOUT] = {.key = "deal_timeout",
                          .type = PARAM_DURATION,
                          .flags = LIVE,
                          .min = "1s",
                          .max = "3660d",
                          .help = "safety: a deal that is older is sold at market; absent: never"},
    [DCA_UNDERFUNDED] = {.key = "allow_underfunded",
                         .type = PARAM_BOOL,
                         .help = "safety: the budget may be less than base and safety orders need; "
                                 "absent: false, which is an error then"},
    {.key = NULL},
};

/* ---- values ---- */

int64_t dca_integer(const struct params *p, uint32_t i, int64_t otherwise)
{
    return p->value[i].present ? p->value[i].integer : otherwise;
}

int64_t dca_duration(const struct params *p, uint32_t i, int64_t otherwise)
{
    return p->value[i].present ? p->value[i].duration_ns : otherwise;
}

uint32_t dca_choice(const struct params *p, uint32_t i)
{
    return p->value[i].present ? p->value[i].choice : 0;
}

bool dca_flag(const struct params *p, uint32_t i)
{
    return p->value[i].present && p->value[i].boolean;
}

dec dca_decimal(const struct params *p, uint32_t i, dec otherwise)
{
    return p->value[i].present ? p->value[i].decimal : otherwise;
}

void dca_terms(const struct params *p, struct dca_terms *ret)
{
    const struct param_list *take = params_list(p, DCA_TAKE_PROFIT);
    const struct param_list *share = params_list(p, DCA_SHARE);
    *ret = (struct dca_terms){
        .amount = p->value[DCA_AMOUNT].decimal,
        .safety_amount = dca_decimal(p, DCA_SAFETY_AMOUNT, DEC_ZERO),
        .deviation = dca_decimal(p, DCA_DEVIATION, DEC_ZERO),
        .volume_scale = dca_decimal(p, DCA_VOLUME_SCALE, DEC_ONE),
        .step_scale = dca_decimal(p, DCA_STEP_SCALE, DEC_ONE),
        .safety_count = (uint32_t)dca_integer(p, DCA_SAFETY_COUNT, 0),
        .active_count = (uint32_t)dca_integer(p, DCA_ACTIVE_COUNT, DCA_SAFETY_MAX),
        .steps = take->count,
        .trailing = dca_decimal(p, DCA_TRAILING, DEC_ZERO),
        .stop_loss = dca_decimal(p, DCA_STOP_LOSS, DEC_ZERO),
        .stop_timeout_ns = dca_duration(p, DCA_STOP_TIMEOUT, 0),
        .deal_timeout_ns = dca_duration(p, DCA_DEAL_TIMEOUT, 0),
        .unfilled_ns = dca_duration(p, DCA_UNFILLED, 0),
        .then_market = dca_choice(p, DCA_ON_TIMEOUT) == DCA_TIMEOUT_MARKET,
        .break_even = dca_flag(p, DCA_BREAK_EVEN),
    };
    for (uint32_t k = 0; k < ret->steps && k < DCA_STEPS_MAX; k++) {
        ret->take_profit[k] = take->decimal[k];
        ret->share[k] = share->count ? share->decimal[k] : DEC_ONE; /* equal weights */
    }
}

/* ---- what must fit together ---- */

struct complaint {
    const char **key;
    char *why;
    size_t cap;
};

static enum err complain(const struct complaint *c, uint32_t param, const char *first,
                         const char *second)
{
    struct dca_text t = dca_text_make(c->why, c->cap);
    dca_put(&t, first);
    dca_put(&t, second);
    *c->key = DCA_PARAMS[param].key;
    return ERR_RANGE;
}

/* The first of the parameters first..last that is given, or 0. */
static uint32_t given(const struct params *p, uint32_t first, uint32_t last)
{
    for (uint32_t i = first; i <= last; i++)
        if (p->value[i].present)
            return i;
    return 0;
}

static enum err check_order(const struct params *p, const struct complaint *c)
{
    bool limit = dca_choice(p, DCA_ORDER_TYPE) == DCA_TYPE_LIMIT;
    bool gtc = dca_choice(p, DCA_TIF) == DCA_TIF_GTC;
    uint32_t i = given(p, DCA_OFFSET, DCA_ON_TIMEOUT);
    if (!limit && i)
        return complain(c, i, "is for limit orders; ", "needed: order_type = \"limit\"");
    if (!gtc && dca_flag(p, DCA_POST_ONLY))
        return complain(c, DCA_POST_ONLY, "an order that only rests is gtc; ",
                        "allowed: tif = \"gtc\", or post_only = false");
    if (!gtc && p->value[DCA_UNFILLED].present)
        return complain(c, DCA_UNFILLED, "ioc and fok orders never rest; ",
                        "allowed: with tif = \"gtc\"");
    if (p->value[DCA_ON_TIMEOUT].present && !p->value[DCA_UNFILLED].present)
        return complain(c, DCA_ON_TIMEOUT, "", "needs an unfilled_timeout");
    if (p->value[DCA_FLOOR].present && p->value[DCA_CEILING].present &&
        dec_gt(p->value[DCA_FLOOR].decimal, p->value[DCA_CEILING].decimal))
        return complain(c, DCA_FLOOR, "", "must be at most price_ceiling");
    return ERR_OK;
}

static enum err check_scheduled(const struct params *p, const struct complaint *c)
{
    bool every = p->value[DCA_EVERY].present, average = p->value[DCA_AVERAGE].present;
    uint32_t i = given(p, DCA_SAFETY_AMOUNT, DCA_UNDERFUNDED);
    if (i)
        return complain(c, i, "belongs to ", "mode = \"safety\"");
    if (every == p->value[DCA_INTERVAL].present)
        return complain(c, DCA_INTERVAL, every ? "only one of " : "is missing; needed: ",
                        every ? "interval and every can be given" : "interval, or every");
    i = given(p, DCA_AT, DCA_MONTHDAY);
    if (i && !every)
        return complain(c, i, "", "needs every");
    if (p->value[DCA_WEEKDAY].present && dca_choice(p, DCA_EVERY) != DCA_EVERY_WEEK)
        return complain(c, DCA_WEEKDAY, "", "needs every = \"week\"");
    if (p->value[DCA_MONTHDAY].present && dca_choice(p, DCA_EVERY) != DCA_EVERY_MONTH)
        return complain(c, DCA_MONTHDAY, "", "needs every = \"month\"");
    if (p->value[DCA_MISSED_AFTER].present && dca_choice(p, DCA_MISSED) != DCA_MISSED_SKIP)
        return complain(c, DCA_MISSED_AFTER, "", "needs missed = \"skip\"");
    i = given(p, DCA_AVERAGE_CANDLES, DCA_MAX_MULTIPLE);
    if (i && !average)
        return complain(c, i, "", "needs average");
    if (average && !p->value[DCA_PER_PERCENT].present)
        return complain(c, DCA_PER_PERCENT, "is missing; ",
                        "average needs to know by how much the amount changes");
    return ERR_OK;
}

static enum err check_steps(const struct params *p, const struct complaint *c)
{
    const struct param_list *take = params_list(p, DCA_TAKE_PROFIT);
    const struct param_list *share = params_list(p, DCA_SHARE);
    if (take->count == 0 || take->count > DCA_STEPS_MAX)
        return complain(c, DCA_TAKE_PROFIT, take->count ? "has too many steps; " : "is missing; ",
                        "needed: 1 to 4 ratios above the average price, such as [0.015]");
    for (uint32_t k = 1; k < take->count; k++)
        if (dec_le(take->decimal[k], take->decimal[k - 1]))
            return complain(c, DCA_TAKE_PROFIT, "", "each step must be higher than the one before");
    if (share->count == 0)
        return ERR_OK;
    if (share->count != take->count)
        return complain(c, DCA_SHARE, "", "needs as many parts as take_profit has steps");
    dec sum = DEC_ZERO;
    for (uint32_t k = 0; k < share->count; k++)
        if (!dec_add(sum, share->decimal[k], &sum))
            return complain(c, DCA_SHARE, "", "is too large");
    if (!dec_eq(sum, DEC_ONE))
        return complain(c, DCA_SHARE, "", "the parts must be 1 in all");
    return ERR_OK;
}

static enum err check_minimum(const struct params *p, const struct instrument *in,
                              const struct complaint *c)
{
    struct dca_terms t;
    struct dca_ladder l;
    dca_terms(p, &t);
    if (!dca_ladder_make(&t, &l))
        return complain(c, DCA_DEVIATION,
                        "the last safety order would be at or below a price of 0; ",
                        "allowed: fewer of them, a smaller deviation or step_scale");
    if (in->rules.status != INSTRUMENT_TRADING)
        return ERR_OK; /* the rest needs the venue's rules: looked at again when they are known */
    if (dec_lt(t.amount, in->rules.min_notional))
        return complain(c, DCA_AMOUNT, "", "is less than the instrument's min_notional");
    for (uint32_t k = 0; k < t.safety_count; k++)
        if (dec_lt(l.rung[k].amount, in->rules.min_notional))
            return complain(c, k ? DCA_VOLUME_SCALE : DCA_SAFETY_AMOUNT,
                            "a safety order would be of less than the instrument's ",
                            "min_notional");
    return ERR_OK;
}

static enum err check_safety(const struct params *p, const struct instrument *in,
                             const struct complaint *c)
{
    uint32_t i = p->value[DCA_INTERVAL].present ? DCA_INTERVAL
                 : p->value[DCA_TOTAL].present  ? DCA_TOTAL
                                                : given(p, DCA_EVERY, DCA_MAX_MULTIPLE);
    bool ladder = dca_integer(p, DCA_SAFETY_COUNT, 0) > 0;
    if (i)
        return complain(c, i, "belongs to ", "mode = \"scheduled\"");
    if (ladder && !p->value[DCA_SAFETY_AMOUNT].present)
        return complain(c, DCA_SAFETY_AMOUNT, "is missing; ", "safety_count needs it");
    if (ladder && !p->value[DCA_DEVIATION].present)
        return complain(c, DCA_DEVIATION, "is missing; ", "safety_count needs it");
    i = given(p, DCA_DEVIATION, DCA_ACTIVE_COUNT);
    i = i ? i : given(p, DCA_SAFETY_AMOUNT, DCA_SAFETY_AMOUNT);
    if (!ladder && i)
        return complain(c, i, "", "needs a safety_count of at least 1");
    enum err err = check_steps(p, c);
    if (err)
        return err;
    if (p->value[DCA_STOP_TIMEOUT].present && !p->value[DCA_STOP_LOSS].present)
        return complain(c, DCA_STOP_TIMEOUT, "", "needs a stop_loss");
    if (dca_flag(p, DCA_BREAK_EVEN) && params_list(p, DCA_TAKE_PROFIT)->count < 2)
        return complain(c, DCA_BREAK_EVEN, "", "needs at least two steps of take_profit");
    return check_minimum(p, in, c);
}

enum err dca_check(const struct params *p, const struct instrument *in, const char **key, char *why,
                   size_t cap)
{
    const struct complaint c = {key, why, cap};
    enum err err = check_order(p, &c);
    if (err)
        return err;
    return dca_choice(p, DCA_MODE) == DCA_MODE_SAFETY ? check_safety(p, in, &c)
                                                      : check_scheduled(p, &c);
}
