/* The schema's part on risk: [risk], and the limits of venues, instruments, strategies and groups.
 */
#include "config/schema.h"

#define FIELD(type, member)                                                                        \
    .offset = offsetof(type, member), .size = sizeof(((const type *)0)->member)
#define LIMIT(member)                                                                              \
    FIELD(struct risk_setup, member), .has_offset = offsetof(struct risk_setup, has_##member)

/* The limits that several scopes have alike. The defaults are those of paper mode, in the agent's
 * table only: a scope without a limit of its own is held by the wider ones. */
#define LIMIT_ORDER_VALUE(d)                                                                       \
    {                                                                                              \
        .key = "max_order_value", .type = KEY_DECIMAL, .flags = KEY_POSITIVE, .default_value = d,  \
        .help = "largest value of one order, in the agent's quote currency",                       \
        LIMIT(max_order_value)                                                                     \
    }
#define LIMIT_ORDER_QTY                                                                            \
    {                                                                                              \
        .key = "max_order_qty", .type = KEY_DECIMAL, .flags = KEY_POSITIVE,                        \
        .help = "largest quantity of one order, in its base asset; absent: no limit",              \
        LIMIT(max_order_qty)                                                                       \
    }
#define LIMIT_POSITION(d)                                                                          \
    {                                                                                              \
        .key = "max_position_value", .type = KEY_DECIMAL, .flags = KEY_POSITIVE,                   \
        .default_value = d,                                                                        \
        .help =                                                                                    \
            "largest value of the position in one instrument with its open buys, in the agent's "  \
            "quote currency",                                                                      \
        LIMIT(max_position_value)                                                                  \
    }
#define LIMIT_GROSS(d)                                                                             \
    {                                                                                              \
        .key = "max_gross_exposure", .type = KEY_DECIMAL, .flags = KEY_POSITIVE,                   \
        .default_value = d,                                                                        \
        .help =                                                                                    \
            "largest sum of all positions with open orders at their worst side, in the agent's "   \
            "quote currency",                                                                      \
        LIMIT(max_gross_exposure)                                                                  \
    }
#define LIMIT_COLLAR(d)                                                                            \
    {                                                                                              \
        .key = "price_collar", .type = KEY_DECIMAL, .flags = KEY_POSITIVE, .max = "1",             \
        .default_value = d,                                                                        \
        .help =                                                                                    \
            "how far a limit price may be on the aggressive side of the reference, as a ratio "    \
            "(0.05 is 5 %)",                                                                       \
        LIMIT(price_collar)                                                                        \
    }
#define LIMIT_OPEN_ORDERS(d)                                                                       \
    {                                                                                              \
        .key = "max_open_orders", .type = KEY_INTEGER, .min = "1", .max = "100000",                \
        .default_value = d, .help = "most orders open at a time", LIMIT(max_open_orders)           \
    }
#define LIMIT_MESSAGES(d)                                                                          \
    {                                                                                              \
        .key = "max_messages", .type = KEY_INTEGER, .min = "1", .max = "100000",                   \
        .default_value = d, .help = "most orders and cancels sent within message_interval",        \
        LIMIT(max_messages)                                                                        \
    }
#define LIMIT_REFERENCE_AGE(d)                                                                     \
    {                                                                                              \
        .key = "max_reference_age", .type = KEY_DURATION, .min = "100ms", .max = "1d",             \
        .default_value = d, .help = "oldest reference price that an order may be judged by",       \
        FIELD(struct risk_setup, max_reference_age_ns),                                            \
        .has_offset = offsetof(struct risk_setup, has_max_reference_age)                           \
    }

#define LIMIT_DAILY_LOSS(d)                                                                        \
    {                                                                                              \
        .key = "daily_loss", .type = KEY_DECIMAL, .flags = KEY_POSITIVE, .default_value = d,       \
        .help =                                                                                    \
            "loss since the day's start, unrealized result and fees included, at which the agent " \
            "or strategy becomes REDUCING; in the agent's quote currency",                         \
        LIMIT(daily_loss)                                                                          \
    }
#define LIMIT_DRAWDOWN(d)                                                                          \
    {                                                                                              \
        .key = "max_drawdown", .type = KEY_DECIMAL, .flags = KEY_POSITIVE, .max = "1",             \
        .default_value = d,                                                                        \
        .help =                                                                                    \
            "fall from the high-water mark, as a ratio, at which the agent or strategy becomes "   \
            "HALTED",                                                                              \
        LIMIT(max_drawdown)                                                                        \
    }

#define LIMIT_EXECUTIONS(d)                                                                        \
    {                                                                                              \
        .key = "max_executions", .type = KEY_INTEGER, .min = "1", .max = "1000",                   \
        .default_value = d,                                                                        \
        .help = "most orders of one strategy, on one instrument and side, that get a fill within " \
                "execution_interval; one more, and the strategy is REDUCING until a person "       \
                "resumes it",                                                                      \
        LIMIT(max_executions)                                                                      \
    }

static const struct key_spec RISK[] = {
    LIMIT_ORDER_VALUE("1000"),
    LIMIT_ORDER_QTY,
    LIMIT_POSITION("10000"),
    LIMIT_GROSS("20000"),
    {.key = "max_asset_exposure",
     .type = KEY_DECIMAL,
     .flags = KEY_POSITIVE,
     .help =
         "largest exposure to any one base asset with open orders at their worst side, over all "
         "venues and quote assets, in the agent's quote currency; absent: no limit",
     LIMIT(max_asset_exposure)},
    LIMIT_COLLAR("0.05"),
    LIMIT_DAILY_LOSS("500"),
    LIMIT_DRAWDOWN("0.2"),
    LIMIT_OPEN_ORDERS("200"),
    LIMIT_MESSAGES("100"),
    {.key = "message_interval",
     .type = KEY_DURATION,
     .min = "100ms",
     .max = "1h",
     .default_value = "10s",
     .help = "the window of max_messages",
     FIELD(struct risk_setup, message_interval_ns)},
    {.key = "cancel_reserve",
     .type = KEY_INTEGER,
     .min = "0",
     .max = "100000",
     .default_value = "20",
     .help = "how many of max_messages are kept for cancels; must be less than max_messages",
     FIELD(struct risk_setup, cancel_reserve)},
    LIMIT_EXECUTIONS("100"),
    {.key = "execution_interval",
     .type = KEY_DURATION,
     .min = "1s",
     .max = "1d",
     .default_value = "10m",
     .help = "the window of max_executions",
     FIELD(struct risk_setup, execution_interval_ns)},
    {.key = "duplicate_window",
     .type = KEY_DURATION,
     .min = "0s",
     .max = "1h",
     .default_value = "2s",
     .help =
         "an order like one that its strategy sent within this time, and that was not rejected "
         "or cancelled, is denied unless the strategy says that it means it; \"0s\": not looked "
         "for",
     FIELD(struct risk_setup, duplicate_window_ns)},
    {.key = "self_trade",
     .type = KEY_CHOICE,
     .default_value = "deny",
     .choices = "deny|cancel_resting|off",
     .help = "an order that could trade with an own one, of any strategy and any account of the "
             "exchange: deny it; or deny it and cancel those in its way; or leave it to the venue",
     FIELD(struct risk_setup, self_trade)},
    LIMIT_REFERENCE_AGE("10s"),
    {.key = "day_start",
     .type = KEY_DURATION,
     .min = "0s",
     .max = "86399s",
     .default_value = "0h",
     .help = "start of the trading day after midnight UTC",
     FIELD(struct risk_setup, day_offset_ns)},
    {.key = NULL},
};

static const struct key_spec VENUE_RISK[] = {
    LIMIT_ORDER_VALUE(NULL), LIMIT_POSITION(NULL), LIMIT_GROSS(NULL),         LIMIT_COLLAR(NULL),
    LIMIT_OPEN_ORDERS(NULL), LIMIT_MESSAGES(NULL), LIMIT_REFERENCE_AGE(NULL), {.key = NULL},
};

static const struct key_spec INSTRUMENT_RISK[] = {
    LIMIT_ORDER_VALUE(NULL), LIMIT_ORDER_QTY,           LIMIT_POSITION(NULL), LIMIT_COLLAR(NULL),
    LIMIT_OPEN_ORDERS(NULL), LIMIT_REFERENCE_AGE(NULL), {.key = NULL},
};

static const struct key_spec STRATEGY_RISK[] = {
    LIMIT_ORDER_VALUE(NULL), LIMIT_ORDER_QTY,           LIMIT_POSITION(NULL),
    LIMIT_GROSS(NULL),       LIMIT_COLLAR(NULL),        LIMIT_DAILY_LOSS(NULL),
    LIMIT_DRAWDOWN(NULL),    LIMIT_OPEN_ORDERS(NULL),   LIMIT_MESSAGES(NULL),
    LIMIT_EXECUTIONS(NULL),  LIMIT_REFERENCE_AGE(NULL), {.key = NULL},
};

static const struct key_spec RISK_GROUP[] = {
    {.key = "name",
     .type = KEY_NAME,
     .flags = KEY_REQUIRED,
     .help = "name of this group in refusals and in `tradewind risk`",
     FIELD(struct risk_group, name)},
    {.key = "assets",
     .type = KEY_ASSET,
     .flags = KEY_REQUIRED | KEY_LIST,
     .help = "base assets that move together",
     .offset = KEY_NOT_STORED,
     .size = ASSET_NAME_MAX},
    {.key = "max_exposure",
     .type = KEY_DECIMAL,
     .flags = KEY_REQUIRED | KEY_POSITIVE,
     .help = "largest exposure to all of them together with open orders at their worst side, over "
             "all venues, in the agent's quote currency",
     FIELD(struct risk_group, max_exposure)},
    {.key = NULL},
};

const struct section SECTION_RISK = {
    .path = "risk",
    .help = "limits of the agent, over all strategies; a default holds in paper mode, set your own",
    .keys = RISK};
const struct section SECTION_RISK_GROUP = {.path = "risk_group",
                                           .array = true,
                                           .max = SETUP_GROUPS_MAX,
                                           .help = "assets that are bounded together",
                                           .keys = RISK_GROUP};
const struct section SECTION_VENUE_RISK = {
    .path = "venue.risk",
    .help = "limits of the venue above it: may only be stricter than the agent's",
    .keys = VENUE_RISK};
const struct section SECTION_INSTRUMENT_RISK = {
    .path = "instrument.risk",
    .help = "limits of the instrument above it: stricter than the agent's and the venue's",
    .keys = INSTRUMENT_RISK};
const struct section SECTION_STRATEGY_RISK = {
    .path = "strategy.risk",
    .help = "limits of the strategy above it: may only be stricter than the agent's",
    .keys = STRATEGY_RISK};
