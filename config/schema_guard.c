/* The keys of the guards: what acts on results. */
#include "config/schema.h"

#define FIELD(member)                                                                              \
    .offset = offsetof(struct guard_setup, member),                                                \
    .size = sizeof(((const struct guard_setup *)0)->member)
#define GIVEN(member) .has_offset = offsetof(struct guard_setup, has_##member)

#define LOSSES                                                                                     \
    {.key = "loss_count",                                                                          \
     .type = KEY_INTEGER,                                                                          \
     .min = "1",                                                                                   \
     .max = "1000",                                                                                \
     .help = "this many losing closes within loss_lookback lock entries for loss_pause",           \
     FIELD(loss_count),                                                                            \
     GIVEN(loss_count)},                                                                           \
        {.key = "loss_lookback",                                                                   \
         .type = KEY_DURATION,                                                                     \
         .min = "1s",                                                                              \
         .max = "365d",                                                                            \
         .help = "the window of loss_count",                                                       \
         FIELD(loss_lookback_ns),                                                                  \
         GIVEN(loss_lookback)},                                                                    \
    {                                                                                              \
        .key = "loss_pause", .type = KEY_DURATION, .min = "1s", .max = "365d",                     \
        .help = "how long entries are then locked", FIELD(loss_pause_ns), GIVEN(loss_pause)        \
    }

#define COOLDOWNS                                                                                  \
    {.key = "cooldown",                                                                            \
     .type = KEY_DURATION,                                                                         \
     .min = "1s",                                                                                  \
     .max = "365d",                                                                                \
     .help = "no entry for this long after any close",                                             \
     FIELD(cooldown_ns),                                                                           \
     GIVEN(cooldown)},                                                                             \
    {                                                                                              \
        .key = "cooldown_after_loss", .type = KEY_DURATION, .min = "1s", .max = "365d",            \
        .help = "no entry for this long after a losing close", FIELD(cooldown_after_loss_ns),      \
        GIVEN(cooldown_after_loss)                                                                 \
    }

#define PROFIT                                                                                     \
    {.key = "profit_trades",                                                                       \
     .type = KEY_INTEGER,                                                                          \
     .min = "1",                                                                                   \
     .max = "1000",                                                                                \
     .help =                                                                                       \
         "with at least this many closes within profit_lookback, a sum of their results below "    \
         "min_profit locks entries for profit_pause",                                              \
     FIELD(profit_trades),                                                                         \
     GIVEN(profit_trades)},                                                                        \
        {.key = "profit_lookback",                                                                 \
         .type = KEY_DURATION,                                                                     \
         .min = "1s",                                                                              \
         .max = "365d",                                                                            \
         .help = "the window of profit_trades",                                                    \
         FIELD(profit_lookback_ns),                                                                \
         GIVEN(profit_lookback)},                                                                  \
        {.key = "min_profit",                                                                      \
         .type = KEY_DECIMAL,                                                                      \
         .help = "smallest sum of results that is enough, in the agent's quote currency; may be "  \
                 "negative",                                                                       \
         FIELD(min_profit),                                                                        \
         GIVEN(min_profit)},                                                                       \
    {                                                                                              \
        .key = "profit_pause", .type = KEY_DURATION, .min = "1s", .max = "365d",                   \
        .help = "how long entries are then locked", FIELD(profit_pause_ns), GIVEN(profit_pause)    \
    }

#define CANCEL(d)                                                                                  \
    {                                                                                              \
        .key = "cancel_entries", .type = KEY_BOOL, .default_value = d,                             \
        .help = "whether a lock also cancels the open buys; else they stay, and may fill",         \
        FIELD(cancel_entries)                                                                      \
    }

static const struct key_spec GUARD[] = {
    LOSSES,
    COOLDOWNS,
    PROFIT,
    CANCEL("false"),
    {.key = "agent", .type = KEY_TABLE, .offset = KEY_NOT_STORED, .help = "guards over all"},
    {.key = "price", .type = KEY_TABLE, .offset = KEY_NOT_STORED, .help = "which are believed"},
    {.key = NULL},
};

static const struct key_spec GUARD_AGENT[] = {LOSSES, PROFIT, CANCEL("false"), {.key = NULL}};

static const struct key_spec STRATEGY_GUARD[] = {
    LOSSES, COOLDOWNS, PROFIT, CANCEL(NULL), {.key = NULL}};

#undef FIELD
#define FIELD(member)                                                                              \
    .offset = offsetof(struct price_guard_setup, member),                                          \
    .size = sizeof(((const struct price_guard_setup *)0)->member)

#define JUMP(window, confirm)                                                                      \
    {.key = "max_jump",                                                                            \
     .type = KEY_DECIMAL,                                                                          \
     .flags = KEY_POSITIVE,                                                                        \
     .max = "10",                                                                                  \
     .help = "a price farther than this, as a ratio, from one within jump_window is suspect: no "  \
             "entries until it is confirmed",                                                      \
     FIELD(max_jump),                                                                              \
     .has_offset = offsetof(struct price_guard_setup, has_max_jump)},                              \
        {.key = "jump_window",                                                                     \
         .type = KEY_DURATION,                                                                     \
         .min = "100ms",                                                                           \
         .max = "1d",                                                                              \
         .default_value = window,                                                                  \
         .help = "how far back prices are compared",                                               \
         FIELD(jump_window_ns)},                                                                   \
    {                                                                                              \
        .key = "jump_confirm", .type = KEY_DURATION, .min = "0s", .max = "1d",                     \
        .default_value = confirm,                                                                  \
        .help = "how long prices must stay near where one jumped to, in three updates at least, "  \
                "to be believed",                                                                  \
        FIELD(jump_confirm_ns)                                                                     \
    }

static const struct key_spec GUARD_PRICE[] = {JUMP("10s", "5s"), {.key = NULL}};

static const struct key_spec INSTRUMENT_GUARD[] = {
    JUMP(NULL, NULL),
    {.key = "cross_check",
     .type = KEY_INSTRUMENT,
     .help = "another source of this price, such as \"BTC-USDT@other\"; needs max_deviation",
     .offset = KEY_NOT_STORED,
     .size = SYMBOL_MAX + NAME_MAX_BYTES},
    {.key = "max_deviation",
     .type = KEY_DECIMAL,
     .flags = KEY_POSITIVE,
     .max = "10",
     .help = "while both are live and the prices differ by more than this ratio, no entries",
     FIELD(max_deviation),
     .has_offset = offsetof(struct price_guard_setup, has_max_deviation)},
    {.key = NULL}};

const struct section SECTION_GUARD_PRICE = {
    .path = "guard.price",
    .help = "which prices are believed, of each instrument that does not say otherwise",
    .keys = GUARD_PRICE};
const struct section SECTION_INSTRUMENT_GUARD = {
    .path = "instrument.guard",
    .help =
        "which prices of the instrument above it are believed; what is absent is [guard.price]'s",
    .keys = INSTRUMENT_GUARD};
const struct section SECTION_GUARD = {
    .path = "guard",
    .help = "guards of each strategy that act on results: a lock lets it only reduce, for a time",
    .keys = GUARD};
const struct section SECTION_GUARD_AGENT = {
    .path = "guard.agent",
    .help = "the same over the closes of all strategies together; a lock is then one of all",
    .keys = GUARD_AGENT};
const struct section SECTION_STRATEGY_GUARD = {
    .path = "strategy.guard",
    .help = "guards of the strategy above it: what is given here may only be stricter than [guard]",
    .keys = STRATEGY_GUARD};
