#include "config/schema.h"

#include <string.h>

#define FIELD(type, member)                                                                        \
    .offset = offsetof(type, member), .size = sizeof(((const type *)0)->member)
#define NOT_STORED(bytes) .offset = KEY_NOT_STORED, .size = (bytes)
#define SUBTABLE          .type = KEY_TABLE, .offset = KEY_NOT_STORED

static const struct key_spec AGENT[] = {
    {.key = "name",
     .type = KEY_TAG,
     .flags = KEY_REQUIRED,
     .help = "name of this agent; also the tag at the start of its client order ids",
     FIELD(struct setup, agent_name)},
    {.key = "mode",
     .type = KEY_CHOICE,
     .default_value = "paper",
     .choices = "paper|live",
     .help = "paper: real market data, simulated fills; live is refused by this version, which has "
             "no order entry",
     FIELD(struct setup, mode)},
    {.key = "quote",
     .type = KEY_ASSET,
     .flags = KEY_REQUIRED,
     .help = "currency of reports and of the limits in [risk]; every asset must convert to it "
             "through at most two instruments",
     FIELD(struct setup, quote)},
    {.key = "state_dir",
     .type = KEY_PATH,
     .default_value = "state",
     .help = "directory of journal and latched states, relative to this file",
     FIELD(struct setup, state_dir)},
    {.key = "control_socket",
     .type = KEY_PATH,
     .help = "Unix socket of the command line; absent: control.sock in state_dir",
     FIELD(struct setup, control_socket)},
    {.key = "seed",
     .type = KEY_INTEGER,
     .min = "0",
     .max = "9223372036854775807",
     .default_value = "1",
     .help = "start of the strategies' random streams: equal seeds give equal runs",
     FIELD(struct setup, seed)},
    {.key = "stop_timeout",
     .type = KEY_DURATION,
     .min = "1s",
     .max = "5m",
     .default_value = "20s",
     .help = "when it is told to stop: how long it waits for what the strategies' on_stop wants",
     FIELD(struct setup, stop_timeout_ns)},
    {.key = NULL},
};

static const struct key_spec JOURNAL[] = {
    {.key = "segment_kib",
     .type = KEY_INTEGER,
     .min = "256",
     .max = "4194304",
     .default_value = "65536",
     .help = "KiB of a segment of the journal; the disk must always have room for one more",
     FIELD(struct journal_setup, segment_kib)},
    {.key = "segment_age",
     .type = KEY_DURATION,
     .min = "1m",
     .max = "365d",
     .default_value = "24h",
     .help = "a segment ends after this time at the latest",
     FIELD(struct journal_setup, segment_age_ns)},
    {.key = NULL},
};

static const struct key_spec VENUE[] = {
    {.key = "name",
     .type = KEY_NAME,
     .flags = KEY_REQUIRED,
     .help = "name of this venue: what [[instrument]] refers to, and the part behind '@'",
     FIELD(struct venue_setup, name)},
    {.key = "kind",
     .type = KEY_NAME,
     .flags = KEY_REQUIRED,
     .help = "the exchange's dialect; the kinds are listed below",
     FIELD(struct venue_setup, kind)},
    {.key = "ws_url",
     .type = KEY_URL,
     .choices = "wss|ws",
     .help =
         "websocket endpoint; ws:// for loopback hosts only; absent: the kind's public endpoint",
     FIELD(struct venue_setup, ws_url)},
    {.key = "rest_url",
     .type = KEY_URL,
     .choices = "https|http",
     .help = "REST endpoint; http:// for loopback hosts only; absent: the kind's public endpoint",
     FIELD(struct venue_setup, rest_url)},
    {.key = "ca_file",
     .type = KEY_PATH,
     .flags = KEY_EMPTY_OK,
     .default_value = "",
     .help = "PEM file with the certificates to trust, relative to this file; \"\": the system's",
     FIELD(struct venue_setup, ca_file)},
    {.key = "maker_fee",
     .type = KEY_DECIMAL,
     .flags = KEY_REQUIRED,
     .min = "0",
     .max = "0.1",
     .help = "fee of fills that added liquidity, as a ratio (0.001 is 0.1 %)",
     FIELD(struct venue_setup, maker_fee)},
    {.key = "taker_fee",
     .type = KEY_DECIMAL,
     .flags = KEY_REQUIRED,
     .min = "0",
     .max = "0.1",
     .help = "fee of fills that took liquidity, as a ratio",
     FIELD(struct venue_setup, taker_fee)},
    {.key = "fee_asset",
     .type = KEY_ASSET,
     .help = "third asset that pays fees while there is a balance and a price; absent: buys pay in "
             "base, sells in quote",
     FIELD(struct venue_setup, fee_asset)},
    {.key = "exchange",
     .type = KEY_NAME,
     .help = "name of the exchange, where several venues are accounts of one: their orders meet in "
             "one book, and may not trade with each other; absent: venues of the same kind with "
             "the same rest_url host are one exchange",
     .offset = offsetof(struct venue_setup, exchange),
     .size = NAME_MAX_BYTES},
    {.key = "stale_after",
     .type = KEY_DURATION,
     .min = "100ms",
     .max = "1h",
     .default_value = "10s",
     .help = "time without market data after which a feed is stale",
     FIELD(struct venue_setup, stale_after_ns)},
    {.key = "paper", SUBTABLE, .help = "how fills are simulated"},
    {.key = "risk", SUBTABLE, .help = "limits of this venue, stricter than the agent's"},
    {.key = NULL},
};

static const struct key_spec PAPER[] = {
    {.key = "fill_model",
     .type = KEY_CHOICE,
     .default_value = "queue",
     .choices = "touch|cross|queue",
     .help = "touch: a trade at the price fills; cross: only one through it; queue: what was ahead "
             "in the book first",
     FIELD(struct venue_setup, fill_model)},
    {.key = "order_latency",
     .type = KEY_DURATION,
     .min = "0ms",
     .max = "1m",
     .default_value = "50ms",
     .help = "time until an order is seen by the simulated venue",
     FIELD(struct venue_setup, order_latency_ns)},
    {.key = "slippage",
     .type = KEY_DECIMAL,
     .min = "0",
     .max = "0.5",
     .default_value = "0.0005",
     .help = "what a market order pays beyond the last price where there is no book, as a ratio",
     FIELD(struct venue_setup, slippage)},
    {.key = "balances",
     SUBTABLE,
     .help = "opening balances: { ASSET = amount, ... }, amounts are decimals from 0"},
    {.key = NULL},
};

#define RULE(name) FIELD(struct instrument, rules.name)

static const struct key_spec INSTRUMENT[] = {
    {.key = "symbol",
     .type = KEY_SYMBOL,
     .flags = KEY_REQUIRED,
     .help = "BASE-QUOTE, such as BTC-USDT",
     FIELD(struct instrument, symbol)},
    {.key = "venue",
     .type = KEY_NAME,
     .flags = KEY_REQUIRED,
     .help = "name of the [[venue]] it is traded on",
     NOT_STORED(NAME_MAX_BYTES)},
    {.key = "tick_size",
     .type = KEY_DECIMAL,
     .flags = KEY_POSITIVE,
     .help = "smallest price step; absent: learnt from the venue (a backtest needs it)",
     RULE(tick_size)},
    {.key = "lot_size",
     .type = KEY_DECIMAL,
     .flags = KEY_POSITIVE,
     .help = "smallest quantity step; given together with tick_size or not at all",
     RULE(lot_size)},
    {.key = "min_price",
     .type = KEY_DECIMAL,
     .min = "0",
     .default_value = "0",
     .help = "lowest price of an order; 0: no limit",
     RULE(min_price)},
    {.key = "max_price",
     .type = KEY_DECIMAL,
     .min = "0",
     .default_value = "0",
     .help = "highest price of an order; 0: no limit",
     RULE(max_price)},
    {.key = "min_qty",
     .type = KEY_DECIMAL,
     .min = "0",
     .default_value = "0",
     .help = "smallest quantity of an order; 0: no limit",
     RULE(min_qty)},
    {.key = "max_qty",
     .type = KEY_DECIMAL,
     .min = "0",
     .default_value = "0",
     .help = "largest quantity of an order; 0: no limit",
     RULE(max_qty)},
    {.key = "min_notional",
     .type = KEY_DECIMAL,
     .min = "0",
     .default_value = "0",
     .help = "smallest price times quantity, in the instrument's quote asset; 0: no limit",
     RULE(min_notional)},
    {.key = "max_notional",
     .type = KEY_DECIMAL,
     .min = "0",
     .default_value = "0",
     .help = "largest price times quantity, in the instrument's quote asset; 0: no limit",
     RULE(max_notional)},
    {.key = "base_precision",
     .type = KEY_DECIMAL,
     .flags = KEY_POSITIVE,
     .max = "1",
     .default_value = "0.00000001",
     .help = "smallest unit of a fee in the base asset",
     RULE(base_precision)},
    {.key = "quote_precision",
     .type = KEY_DECIMAL,
     .flags = KEY_POSITIVE,
     .max = "1",
     .default_value = "0.00000001",
     .help = "smallest unit of a fee in the quote asset",
     RULE(quote_precision)},
    {.key = "risk",
     SUBTABLE,
     .help = "limits of this instrument, stricter than the agent's and its venue's"},
    {.key = "guard", SUBTABLE, .help = "which of its prices are believed"},
    {.key = NULL},
};

static const struct key_spec STRATEGY[] = {
    {.key = "name",
     .type = KEY_NAME,
     .flags = KEY_REQUIRED,
     .help = "name of this strategy in logs, reports and commands",
     FIELD(struct strategy_setup, name)},
    {.key = "kind",
     .type = KEY_NAME,
     .flags = KEY_REQUIRED,
     .help = "what it does; the kinds and their own keys are listed below",
     NOT_STORED(NAME_MAX_BYTES)},
    {.key = "budget",
     .type = KEY_DECIMAL,
     .min = "0",
     .default_value = "0",
     .help = "of the quote asset of its first instrument, taken from the opening balances: all it "
             "may spend",
     FIELD(struct strategy_setup, budget)},
    {.key = "inventory",
     .type = KEY_DECIMAL,
     .min = "0",
     .default_value = "0",
     .help = "of the base asset of its first instrument, likewise: what it may sell from the start",
     FIELD(struct strategy_setup, inventory)},
    {.key = "funds",
     SUBTABLE,
     .help = "likewise of all assets of its instruments, on several venues: { VENUE = { ASSET = "
             "amount, ... }, ... }; budget and inventory are short for those of the first "
             "instrument"},
    {.key = "schedule",
     .type = KEY_SCHEDULE,
     .help = "when it may enter; outside of these times it may only reduce; absent: always",
     NOT_STORED(0)},
    {.key = "on_stop",
     .type = KEY_CHOICE,
     .choices = "cancel|close|keep",
     .default_value = "keep",
     .help = "when the daemon is told to stop: cancel its open orders; close: also sell what it "
             "holds; keep: both stay",
     FIELD(struct strategy_setup, on_stop)},
    {.key = "on_restart",
     .type = KEY_CHOICE,
     .choices = "adopt|cancel",
     .default_value = "adopt",
     .help = "when the daemon starts again: adopt: it goes on with its open orders; cancel: they "
             "are cancelled before it acts",
     FIELD(struct strategy_setup, on_restart)},
    {.key = "warmup",
     .type = KEY_CHOICE,
     .choices = "venue|none",
     .help = "where candles come from that it could not see itself, before the start and in gaps; "
             "absent: venue where its kind has them, else none",
     FIELD(struct strategy_setup, warmup)},
    {.key = "risk", SUBTABLE, .help = "limits of its own, stricter than the agent's"},
    {.key = "guard", SUBTABLE, .help = "guards of its own, stricter than those of [guard]"},
    {.key = NULL},
};

const struct section SECTION_AGENT = {
    .path = "agent", .help = "the agent itself; required", .keys = AGENT};
const struct section SECTION_JOURNAL = {
    .path = "journal",
    .help = "how the journal is kept; changes count from the next start or reload on",
    .keys = JOURNAL};
const struct section SECTION_VENUE = {.path = "venue",
                                      .array = true,
                                      .max = SETUP_VENUES_MAX,
                                      .help = "an exchange account; at least one",
                                      .keys = VENUE};
const struct section SECTION_PAPER = {
    .path = "venue.paper", .help = "simulation of the venue above it", .keys = PAPER};
const struct section SECTION_INSTRUMENT = {.path = "instrument",
                                           .array = true,
                                           .max = SETUP_INSTRUMENTS_MAX,
                                           .help = "what is watched and traded; at least one",
                                           .keys = INSTRUMENT};
const struct section SECTION_STRATEGY = {
    .path = "strategy",
    .array = true,
    .max = SETUP_STRATEGIES_MAX,
    .help = "a strategy; beside these keys it takes those of its kind",
    .keys = STRATEGY};
const struct section *const SCHEMA[] = {
    &SECTION_AGENT,
    &SECTION_SIGNER,
    &SECTION_JOURNAL,
    &SECTION_RISK,
    &SECTION_RISK_GROUP,
    &SECTION_GUARD,
    &SECTION_GUARD_AGENT,
    &SECTION_GUARD_PRICE,
    &SECTION_VENUE,
    &SECTION_PAPER,
    &SECTION_VENUE_RISK,
    &SECTION_INSTRUMENT,
    &SECTION_INSTRUMENT_RISK,
    &SECTION_INSTRUMENT_GUARD,
    &SECTION_STRATEGY,
    &SECTION_STRATEGY_RISK,
    &SECTION_STRATEGY_GUARD,
    &SECTION_ALERT,
    NULL,
};

static const struct endpoint {
    const char *kind, *ws_url, *rest_url;
    bool candles; /* it tells past candles */
} ENDPOINTS[] = {
    {"binance-spot", "wss://stream.binance.com:9443", "https://api.binance.com", true},
};

static const struct endpoint *find_endpoint(const char *kind)
{
    for (size_t i = 0; i < sizeof ENDPOINTS / sizeof ENDPOINTS[0]; i++)
        if (strcmp(ENDPOINTS[i].kind, kind) == 0)
            return &ENDPOINTS[i];
    return NULL;
}

bool schema_has_candles(const char *kind)
{
    const struct endpoint *e = find_endpoint(kind);
    return e && e->candles;
}

const char *schema_public_ws_url(const char *kind)
{
    const struct endpoint *e = find_endpoint(kind);
    return e ? e->ws_url : NULL;
}

const char *schema_public_rest_url(const char *kind)
{
    const struct endpoint *e = find_endpoint(kind);
    return e ? e->rest_url : NULL;
}

static enum key_type param_key_type(enum param_type t)
{
    switch (t) {
    case PARAM_DECIMAL: return KEY_DECIMAL;
    case PARAM_INTEGER: return KEY_INTEGER;
    case PARAM_BOOL: return KEY_BOOL;
    case PARAM_CHOICE: return KEY_CHOICE;
    case PARAM_DURATION: return KEY_DURATION;
    case PARAM_INSTRUMENT: return KEY_INSTRUMENT;
    case PARAM_DECIMALS: return KEY_DECIMAL;
    case PARAM_DURATIONS: return KEY_DURATION;
    }
    return KEY_TABLE; /* no param_type: refused by every reader */
}

struct key_spec schema_param(const struct param_spec *p)
{
    return (struct key_spec){
        .key = p->key,
        .type = param_key_type(p->type),
        .flags = (p->flags & PARAM_REQUIRED ? KEY_REQUIRED : 0) |
                 (p->flags & PARAM_LIVE ? KEY_LIVE : 0) |
                 (p->type == PARAM_DECIMALS || p->type == PARAM_DURATIONS ? KEY_LIST : 0),
        .min = p->min,
        .max = p->max,
        .default_value = p->default_value,
        .choices = p->choices,
        .help = p->help,
        NOT_STORED(SYMBOL_MAX + NAME_MAX_BYTES),
    };
}
