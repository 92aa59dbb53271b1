/* Names of the model's enums, and the small functions of its headers. */
#include "model/effect.h"
#include "model/event.h"
#include "model/order.h"
#include "model/reason.h"
#include "model/state.h"

const char *side_name(enum side s)
{
    switch (s) {
    case SIDE_BUY: return "buy";
    case SIDE_SELL: return "sell";
    }
    return "?";
}

const char *order_type_name(enum order_type t)
{
    switch (t) {
    case ORDER_LIMIT: return "limit";
    case ORDER_MARKET: return "market";
    }
    return "?";
}

const char *tif_name(enum tif t)
{
    switch (t) {
    case TIF_GTC: return "gtc";
    case TIF_IOC: return "ioc";
    case TIF_FOK: return "fok";
    }
    return "?";
}

const char *liquidity_name(enum liquidity l)
{
    switch (l) {
    case LIQUIDITY_MAKER: return "maker";
    case LIQUIDITY_TAKER: return "taker";
    }
    return "?";
}

const char *order_state_name(enum order_state s)
{
    switch (s) {
    case ORDER_INTENT: return "intent";
    case ORDER_DENIED: return "denied";
    case ORDER_SUBMITTED: return "submitted";
    case ORDER_ACCEPTED: return "accepted";
    case ORDER_REJECTED: return "rejected";
    case ORDER_PARTIALLY_FILLED: return "partially_filled";
    case ORDER_FILLED: return "filled";
    case ORDER_PENDING_CANCEL: return "pending_cancel";
    case ORDER_CANCELED: return "canceled";
    case ORDER_EXPIRED: return "expired";
    case ORDER_NOT_SENT: return "not_sent";
    case ORDER_IN_DOUBT: return "in_doubt";
    }
    return "?";
}

const char *trading_state_name(enum trading_state s)
{
    switch (s) {
    case STATE_ACTIVE: return "ACTIVE";
    case STATE_REDUCING: return "REDUCING";
    case STATE_HALTED: return "HALTED";
    }
    return "?";
}

const char *state_scope_name(enum state_scope s)
{
    switch (s) {
    case SCOPE_AGENT: return "agent";
    case SCOPE_VENUE: return "venue";
    case SCOPE_STRATEGY: return "strategy";
    }
    return "?";
}

const char *event_kind_name(enum event_kind k)
{
    switch (k) {
    case EVENT_INSTRUMENT: return "instrument";
    case EVENT_FEED: return "feed";
    case EVENT_TOP: return "top";
    case EVENT_TRADE: return "trade";
    case EVENT_BOOK: return "book";
    case EVENT_CANDLE: return "candle";
    case EVENT_TIMER: return "timer";
    case EVENT_ORDER: return "order";
    case EVENT_FILL: return "fill";
    case EVENT_COMMAND: return "command";
    case EVENT_STARTED: return "started";
    case EVENT_HISTORY: return "history";
    case EVENT_PARAM: return "param";
    case EVENT_SIGNER: return "signer";
    }
    return "?";
}

const char *feed_state_name(enum feed_state s)
{
    switch (s) {
    case FEED_LIVE: return "live";
    case FEED_STALE: return "stale";
    case FEED_INVALID: return "invalid";
    }
    return "?";
}

const char *signer_state_name(enum signer_state s)
{
    switch (s) {
    case SIGNER_ABSENT: return "absent";
    case SIGNER_SEALED: return "sealed";
    case SIGNER_OPEN: return "open";
    case SIGNER_WRONG_VERSION: return "wrong version";
    case SIGNER_NOT_ALLOWED: return "not allowed";
    }
    return "?";
}

const char *command_kind_name(enum command_kind k)
{
    switch (k) {
    case COMMAND_PAUSE: return "pause";
    case COMMAND_RESUME: return "resume";
    case COMMAND_STOPENTRY: return "stopentry";
    case COMMAND_HALT: return "halt";
    case COMMAND_UNHALT: return "unhalt";
    case COMMAND_STOP: return "stop";
    case COMMAND_START: return "start";
    }
    return "?";
}

const char *effect_kind_name(enum effect_kind k)
{
    switch (k) {
    case EFFECT_SUBMIT: return "submit";
    case EFFECT_CANCEL: return "cancel";
    case EFFECT_DENIED: return "denied";
    case EFFECT_STATE: return "state";
    case EFFECT_LEDGER: return "ledger";
    case EFFECT_RESYNC: return "resync";
    case EFFECT_NOTE: return "note";
    case EFFECT_ORDER: return "order";
    case EFFECT_FILL: return "fill";
    case EFFECT_ALERT: return "alert";
    case EFFECT_GUARD: return "guard";
    }
    return "?";
}

const char *reason_name(enum reason r)
{
    switch (r) {
#define X(name, number, text)                                                                      \
    case REASON_##name: return #name;
        REASON_TABLE(X)
#undef X
    }
    return "?";
}

const char *reason_text(enum reason r)
{
    switch (r) {
#define X(name, number, text)                                                                      \
    case REASON_##name: return text;
        REASON_TABLE(X)
#undef X
    }
    return "?";
}

bool reason_exists(unsigned number)
{
    switch (number) {
#define X(name, n, text)                                                                           \
    case n: return true;
        REASON_TABLE(X)
#undef X
    }
    return false;
}

const char *limit_scope_name(enum limit_scope s)
{
    switch (s) {
    case LIMIT_OF_NONE: return "none";
    case LIMIT_OF_AGENT: return "agent";
    case LIMIT_OF_VENUE: return "venue";
    case LIMIT_OF_INSTRUMENT: return "instrument";
    case LIMIT_OF_STRATEGY: return "strategy";
    case LIMIT_OF_ASSET: return "asset";
    case LIMIT_OF_GROUP: return "group";
    }
    return "?";
}
