/* The table of momentum's parameters, and the relations between them. */
#include "momentum.h"
#include "refuse.h"

/* An entry of the table by type; LENGTH: a number of candles. */
#define LENGTH(name, least, most, standard, text)                                                  \
    {                                                                                              \
        .key = name, .type = PARAM_INTEGER, .min = least, .max = most, .default_value = standard,  \
        .help = text                                                                               \
    }
#define LEVEL(name, least, most, standard, text)                                                   \
    {                                                                                              \
        .key = name, .type = PARAM_DECIMAL, .flags = PARAM_LIVE, .min = least, .max = most,        \
        .default_value = standard, .help = text                                                    \
    }
#define SWITCH(name, standard, text)                                                               \
    {                                                                                              \
        .key = name, .type = PARAM_BOOL, .flags = PARAM_LIVE, .default_value = standard,           \
        .help = text                                                                               \
    }
#define CHOICE(name, words, standard, text)                                                        \
    {                                                                                              \
        .key = name, .type = PARAM_CHOICE, .choices = words, .default_value = standard,            \
        .help = text                                                                               \
    }
#define TIME(name, least, most, standard, text)                                                    \
    {                                                                                              \
        .key = name, .type = PARAM_DURATION, .flags = PARAM_LIVE, .min = least, .max = most,       \
        .default_value = standard, .help = text                                                    \
    }

#define TINY "0.000000000000000001"

const struct param_spec momentum_params[] = {
    [P_INSTRUMENT] = {.key = "instrument",
                      .type = PARAM_INSTRUMENT,
                      .flags = PARAM_REQUIRED,
                      .help = "what is traded"},
    [P_TIMEFRAME] = {.key = "timeframe",
                     .type = PARAM_DURATION,
                     .flags = PARAM_REQUIRED,
                     .min = "1s",
                     .max = "7d",
                     .help = "length of a candle, made from trades"},
    [P_FAST] = LENGTH("fast", "1", "1000", "12", "candles of the fast exponential average"),
    [P_SLOW] = LENGTH("slow", "2", "1000", "26", "candles of the slow exponential average"),
    [P_AMOUNT] = {.key = "amount",
                  .type = PARAM_DECIMAL,
                  .flags = PARAM_REQUIRED | PARAM_LIVE,
                  .min = TINY,
                  .help = "quote currency for each entry; the most where risk_amount sizes it"},
    [P_ENTRY] = CHOICE("entry", "ema_cross|macd|rsi|bollinger|supertrend|adx", "ema_cross",
                       "what an entry waits for, and what exit_signal looks at"),
    [P_MACD_FAST] = LENGTH("macd_fast", "1", "1000", "12", "candles of MACD's fast average"),
    [P_MACD_SLOW] = LENGTH("macd_slow", "2", "1000", "26", "candles of MACD's slow average"),
    [P_MACD_SIGNAL] = LENGTH("macd_signal", "1", "1000", "9", "candles of MACD's signal line"),
    [P_RSI_PERIODS] = LENGTH("rsi_periods", "2", "1000", "14", "candles of the RSI"),
    [P_RSI_ENTRY] =
        LEVEL("rsi_entry", "0", "100", "30", "entry rsi: in when the RSI rises above this"),
    [P_RSI_EXIT] = LEVEL("rsi_exit", "0", "100", "70", "entry rsi: out when the RSI is above this"),
    [P_BOLLINGER_PERIODS] =
        LENGTH("bollinger_periods", "2", "500", "20", "candles of the Bollinger bands"),
    [P_BOLLINGER_WIDTH] = {.key = "bollinger_width",
                           .type = PARAM_DECIMAL,
                           .min = "0.1",
                           .max = "10",
                           .default_value = "2",
                           .help = "standard deviations from the middle to a band"},
    [P_BOLLINGER_ENTRY] = CHOICE("bollinger_entry", "reversal|breakout", "reversal",
                                 "reversal: in when the close comes back above the lower band, out "
                                 "at the middle; breakout: in above the upper band, out below the "
                                 "middle"),
    [P_SUPERTREND_PERIODS] = LENGTH("supertrend_periods", "1", "1000", "10",
                                    "candles of SuperTrend's average true range"),
    [P_SUPERTREND_WIDTH] = {.key = "supertrend_width",
                            .type = PARAM_DECIMAL,
                            .min = "0.1",
                            .max = "100",
                            .default_value = "3",
                            .help = "average true ranges from the middle to a band"},
    [P_ADX_PERIODS] = LENGTH("adx_periods", "2", "1000", "14", "candles of ADX, DI+ and DI-"),
    [P_ADX_MIN] = LEVEL("adx_min", "0", "100", "25",
                        "entry adx: in when DI+ is above DI- and ADX at least this"),
    [P_FILTER_EMA_CROSS] = SWITCH("filter_ema_cross", "false",
                                  "enter only while the fast average is above the slow one"),
    [P_FILTER_MACD] =
        SWITCH("filter_macd", "false", "enter only while MACD is above its signal line"),
    [P_FILTER_RSI_MIN] = LEVEL("filter_rsi_min", "0", "100", NULL,
                               "enter only while the RSI is at least this; absent: always"),
    [P_FILTER_RSI_MAX] = LEVEL("filter_rsi_max", "0", "100", NULL,
                               "enter only while the RSI is at most this; absent: always"),
    [P_FILTER_BOLLINGER_MIN] = LEVEL(
        "filter_bollinger_min", "-10", "10", NULL,
        "enter only while the close's place in the bands (lower 0, upper 1) is at least this"),
    [P_FILTER_BOLLINGER_MAX] =
        LEVEL("filter_bollinger_max", "-10", "10", NULL,
              "enter only while the close's place in the bands (lower 0, upper 1) is at most this"),
    [P_FILTER_SUPERTREND] =
        SWITCH("filter_supertrend", "false", "enter only while SuperTrend's direction is up"),
    [P_FILTER_ADX_MIN] = LEVEL("filter_adx_min", "0", "100", NULL,
                               "enter only while ADX is at least this; absent: always"),
    [P_FILTER_EMA] = LENGTH("filter_ema", "1", "1000", NULL,
                            "enter only while the close is above the exponential average of so "
                            "many candles; absent: always"),
    [P_EXIT_SIGNAL] =
        SWITCH("exit_signal", "true", "sell when the entry's indicator turns, at a candle's close"),
    [P_TAKE_PROFIT] = LEVEL("take_profit", "0.0001", "100", NULL,
                            "sell at this ratio above the entry price; absent: never"),
    [P_STOP_LOSS] = LEVEL("stop_loss", "0.0001", "0.99", NULL,
                          "sell at the market at this ratio below the entry price; absent: never"),
    [P_TRAILING_STOP] = LEVEL("trailing_stop", "0.0001", "0.99", NULL,
                              "sell at the market at this ratio below the highest price since the "
                              "entry; absent: never"),
    [P_TRAILING_ACTIVATION] = LEVEL("trailing_activation", "0", "100", "0",
                                    "trailing_stop counts once the price was this ratio above the "
                                    "entry price"),
    [P_TIME_LIMIT] =
        TIME("time_limit", "1s", "3660d", NULL, "sell when held for so long; absent: never"),
    [P_RETURN_AFTER] = {.key = "return_after",
                        .type = PARAM_DURATIONS,
                        .flags = PARAM_LIVE,
                        .min = "0s",
                        .max = "3660d",
                        .help = "times since the entry, rising, each with its entry in return_min"},
    [P_RETURN_MIN] = {.key = "return_min",
                      .type = PARAM_DECIMALS,
                      .flags = PARAM_LIVE,
                      .min = "-0.99",
                      .max = "100",
                      .help = "sell at this ratio above the entry price, from the time in "
                              "return_after on"},
    [P_RISK_AMOUNT] = LEVEL("risk_amount", TINY, NULL, NULL,
                            "quote currency that an entry loses when the price falls by "
                            "atr_multiple average true ranges: sizes the entry; absent: amount"),
    [P_ATR_PERIODS] = LENGTH("atr_periods", "1", "1000", "14",
                             "candles of the average true range for sizes and stops"),
    [P_ATR_MULTIPLE] =
        LEVEL("atr_multiple", "0.01", "100", "2", "average true ranges from the entry to its stop"),
    [P_ATR_STOP] = SWITCH("atr_stop", "false",
                          "sell at the market atr_multiple average true ranges below the entry "
                          "price"),
    [P_ENTRY_ORDER] = CHOICE("entry_order", "market|limit", "market", "how entries are bought"),
    [P_EXIT_ORDER] = CHOICE("exit_order", "market|limit", "market",
                            "how exits are sold; stops always at the market"),
    [P_LIMIT_OFFSET] = LEVEL("limit_offset", "-0.1", "0.1", "0",
                             "ratio by which a limit is better for us than the price to trade "
                             "against; negative: worse, to be sure to trade"),
    [P_TIF] = CHOICE("tif", "gtc|ioc|fok", "gtc", "time in force of limit orders"),
    [P_POST_ONLY] = {.key = "post_only",
                     .type = PARAM_BOOL,
                     .default_value = "false",
                     .help = "limit orders must not take; needs tif gtc"},
    [P_UNFILLED_TIMEOUT] = TIME("unfilled_timeout", "1s", "30d", "1m",
                                "a limit order that rests longer is cancelled, and asked for again "
                                "at the price then"),
    [P_REPRICES] = {.key = "reprices",
                    .type = PARAM_INTEGER,
                    .flags = PARAM_LIVE,
                    .min = "0",
                    .max = "1000",
                    .default_value = "3",
                    .help = "how often a limit order is asked for again; then an entry is given "
                            "up and an exit sells at the market"},
    [P_COOLDOWN] = TIME("cooldown", "0s", "366d", "0s", "no entry for so long after an exit"),
    {.key = NULL},
};

static bool is_given(const struct params *p, uint32_t i)
{
    return p->value[i].present;
}

static const char *wrong_table(const struct params *p)
{
    const struct param_list *after = params_list(p, P_RETURN_AFTER),
                            *least = params_list(p, P_RETURN_MIN);
    if (after->count != least->count)
        return "needs as many entries as return_after has";
    for (uint32_t i = 1; i < after->count; i++)
        if (after->duration_ns[i] <= after->duration_ns[i - 1])
            return "the times of return_after must rise";
    return NULL;
}

static bool sells_at_all(const struct params *p)
{
    return is_on(p, P_EXIT_SIGNAL) || is_given(p, P_TAKE_PROFIT) || is_given(p, P_STOP_LOSS) ||
           is_given(p, P_TRAILING_STOP) || is_given(p, P_TIME_LIMIT) ||
           is_given(p, P_RETURN_AFTER) || is_on(p, P_ATR_STOP);
}

/* A switch that a reload may turn on, and what it needs with it: named in the file is enough. */
static bool is_named(const struct params *p, uint32_t i)
{
    return p->value[i].given;
}

/* Those that only some configurations use. What a reload cannot change may wait for a live
 * parameter that is given and off. */
static enum err check_used(const struct params *p, const char **key, char *why, size_t cap)
{
    const struct param_value *v = p->value;
    enum entry_kind entry = (enum entry_kind)v[P_ENTRY].choice;
    bool cross = entry == ENTRY_EMA_CROSS || is_named(p, P_FILTER_EMA_CROSS);
    bool macd = entry == ENTRY_MACD || is_named(p, P_FILTER_MACD);
    bool rsi = entry == ENTRY_RSI || is_given(p, P_FILTER_RSI_MIN) || is_given(p, P_FILTER_RSI_MAX);
    bool bands = entry == ENTRY_BOLLINGER || is_given(p, P_FILTER_BOLLINGER_MIN) ||
                 is_given(p, P_FILTER_BOLLINGER_MAX);
    bool super = entry == ENTRY_SUPERTREND || is_named(p, P_FILTER_SUPERTREND);
    bool adx = entry == ENTRY_ADX || is_given(p, P_FILTER_ADX_MIN);
    bool limits = v[P_ENTRY_ORDER].choice == CHOICE_LIMIT || v[P_EXIT_ORDER].choice == CHOICE_LIMIT;
    static const char CROSS[] = "entry = \"ema_cross\" or filter_ema_cross",
                      MACD[] = "entry = \"macd\" or filter_macd",
                      BANDS[] = "entry = \"bollinger\", filter_bollinger_min or "
                                "filter_bollinger_max",
                      SUPER[] = "entry = \"supertrend\" or filter_supertrend",
                      RANGE[] = "risk_amount or atr_stop",
                      LIMITS[] = "entry_order or exit_order = \"limit\"";
    const struct usable all[] = {
        {P_FAST, cross, CROSS},
        {P_SLOW, cross, CROSS},
        {P_MACD_FAST, macd, MACD},
        {P_MACD_SLOW, macd, MACD},
        {P_MACD_SIGNAL, macd, MACD},
        {P_RSI_PERIODS, rsi, "entry = \"rsi\", filter_rsi_min or filter_rsi_max"},
        {P_RSI_ENTRY, entry == ENTRY_RSI, "entry = \"rsi\""},
        {P_RSI_EXIT, entry == ENTRY_RSI && is_on(p, P_EXIT_SIGNAL),
         "entry = \"rsi\" and exit_signal"},
        {P_BOLLINGER_PERIODS, bands, BANDS},
        {P_BOLLINGER_WIDTH, bands, BANDS},
        {P_BOLLINGER_ENTRY, entry == ENTRY_BOLLINGER, "entry = \"bollinger\""},
        {P_SUPERTREND_PERIODS, super, SUPER},
        {P_SUPERTREND_WIDTH, super, SUPER},
        {P_ADX_PERIODS, adx, "entry = \"adx\" or filter_adx_min"},
        {P_ADX_MIN, entry == ENTRY_ADX, "entry = \"adx\""},
        {P_TRAILING_ACTIVATION, is_given(p, P_TRAILING_STOP), "trailing_stop"},
        {P_ATR_PERIODS, is_given(p, P_RISK_AMOUNT) || is_named(p, P_ATR_STOP), RANGE},
        {P_ATR_MULTIPLE, needs_range(p), RANGE},
        {P_LIMIT_OFFSET, limits, LIMITS},
        {P_TIF, limits, LIMITS},
        {P_POST_ONLY, limits, LIMITS},
        {P_UNFILLED_TIMEOUT, limits && v[P_TIF].choice == CHOICE_GTC,
         "limit orders of tif = \"gtc\""},
        {P_REPRICES, limits, LIMITS},
    };
    return refuse_unused(momentum_params, p, all, sizeof all / sizeof all[0], key, why, cap);
}

enum err momentum_check(const struct params *p, const struct instrument *in, const char **key,
                        char *why, size_t cap)
{
    const struct param_value *v = p->value;
    enum err err = check_used(p, key, why, cap);
    if (err)
        return err;
    if (v[P_SLOW].integer <= v[P_FAST].integer)
        return refuse("slow", "must be greater than fast", key, why, cap);
    if (v[P_MACD_SLOW].integer <= v[P_MACD_FAST].integer)
        return refuse("macd_slow", "must be greater than macd_fast", key, why, cap);
    if (is_on(p, P_EXIT_SIGNAL) && dec_le(v[P_RSI_EXIT].decimal, v[P_RSI_ENTRY].decimal))
        return refuse("rsi_exit", "must be greater than rsi_entry", key, why, cap);
    if (is_given(p, P_FILTER_RSI_MIN) && is_given(p, P_FILTER_RSI_MAX) &&
        dec_gt(v[P_FILTER_RSI_MIN].decimal, v[P_FILTER_RSI_MAX].decimal))
        return refuse("filter_rsi_max", "must not be below filter_rsi_min", key, why, cap);
    if (is_given(p, P_FILTER_BOLLINGER_MIN) && is_given(p, P_FILTER_BOLLINGER_MAX) &&
        dec_gt(v[P_FILTER_BOLLINGER_MIN].decimal, v[P_FILTER_BOLLINGER_MAX].decimal))
        return refuse("filter_bollinger_max", "must not be below filter_bollinger_min", key, why,
                      cap);
    const char *table = wrong_table(p);
    if (table)
        return refuse("return_min", table, key, why, cap);
    if (!sells_at_all(p))
        return refuse(
            "exit_signal",
            "is false, and there is no other exit: it would never sell; allowed: true, or "
            "a take_profit, stop_loss, trailing_stop, time_limit or return_after",
            key, why, cap);
    if (v[P_POST_ONLY].boolean && v[P_TIF].choice != CHOICE_GTC)
        return refuse("tif", "must be \"gtc\" with post_only", key, why, cap);
    if (v[P_POST_ONLY].boolean && dec_is_neg(v[P_LIMIT_OFFSET].decimal))
        return refuse("limit_offset", "must not be negative with post_only: it would always take",
                      key, why, cap);
    if (in->rules.status != INSTRUMENT_UNKNOWN &&
        dec_lt(v[P_AMOUNT].decimal, in->rules.min_notional))
        return refuse("amount", "is less than the venue's minimum for an order (min_notional)", key,
                      why, cap);
    return ERR_OK;
}
