#include "main/policy_schema.h"

#include "wallet/policy.h"
#include "wallet/policy_words.h"

#define FIELD(type, member)                                                                        \
    .offset = offsetof(type, member), .size = sizeof(((const type *)0)->member)
#define OF_KEY(member)        FIELD(struct policy_key_text, member)
#define OF_INSTRUMENT(member) FIELD(struct policy_instrument, member)

static const struct key_spec ROOT[] = {
    {.key = "version",
     .type = KEY_INTEGER,
     .min = "1",
     .max = "1",
     .default_value = "1",
     .help = "of this form of policy files",
     .offset = 0,
     .size = sizeof(uint32_t)},
    {.key = "key", .type = KEY_TABLE, .help = "what one key may sign: [[key]]"},
    {.key = NULL},
};

#define OPERATIONS                                                                                 \
    {                                                                                              \
        .key = "operations", .type = KEY_CHOICE, .flags = KEY_REQUIRED | KEY_LIST,                 \
        .choices = POLICY_OP_WORDS,                                                                \
        .help = "what it may sign. account: queries without a symbol (balances), a bare "          \
                "timestamp over REST; stream: log-ins to the account's stream. Keys of class "     \
                "trade place orders, keys of class stream log in; a trade key's queries need "     \
                "cancel and cancel-all, which have the same signature",                            \
        .offset = KEY_NOT_STORED                                                                   \
    }
#define TYPES                                                                                      \
    {                                                                                              \
        .key = "order_types", .type = KEY_CHOICE, .flags = KEY_LIST, .choices = POLICY_TYPE_WORDS, \
        .help = "which orders; needed where operations has order or cancel-replace. A market "     \
                "order has no price that floor or ceiling could hold",                             \
        .offset = KEY_NOT_STORED                                                                   \
    }

const struct key_spec POLICY_KEY_OPERATIONS = OPERATIONS, POLICY_KEY_TYPES = TYPES;

static const struct key_spec KEY[] = {
    {.key = "label",
     .type = KEY_NAME,
     .flags = KEY_REQUIRED,
     .help = "of the key in the key store",
     OF_KEY(label)},
    {.key = "network",
     .type = KEY_TEXT,
     .flags = KEY_REQUIRED,
     .help = "that the key is bound to in the key store: binance:mainnet, binance:testnet",
     OF_KEY(network)},
    OPERATIONS,
    TYPES,
    {.key = "max_validity",
     .type = KEY_DURATION,
     .min = "1ms",
     .max = "60s",
     .default_value = "5s",
     .help = "how long a signed request may be valid (Binance's recvWindow). Until then whoever "
             "holds it can send it again",
     OF_KEY(validity_ns)},
    {.key = "max_clock_skew",
     .type = KEY_DURATION,
     .min = "0ms",
     .max = "60s",
     .default_value = "1s",
     .help = "how far a request's timestamp may be from the signer's clock",
     OF_KEY(skew_ns)},
    {.key = "max_orders_per_minute",
     .type = KEY_INTEGER,
     .min = "0",
     .max = "6000",
     .help = "of this key, of all instruments; needed where operations has order or cancel-replace",
     OF_KEY(rate),
     .has_offset = offsetof(struct policy_key_text, has_rate)},
    {.key = "replays",
     .type = KEY_INTEGER,
     .min = "1",
     .max = "1000",
     .help = "how often one signed order may be filled: once, and again by whoever sends it again "
             "while it is valid. Hours and days count every order so many times. 1 says that you "
             "know the venue to refuse the second one; needed where operations has order or "
             "cancel-replace",
     OF_KEY(replays),
     .has_offset = offsetof(struct policy_key_text, has_replays)},
    {.key = "instrument", .type = KEY_TABLE, .help = "on what: [[key.instrument]]"},
    {.key = NULL},
};

#define AMOUNT(name, member, text)                                                                 \
    {                                                                                              \
        .key = name, .type = KEY_DECIMAL, .flags = KEY_REQUIRED, .min = "0", .help = text,         \
        OF_INSTRUMENT(member)                                                                      \
    }

static const struct key_spec INSTRUMENT[] = {
    {.key = "symbol",
     .type = KEY_SYMBOL,
     .flags = KEY_REQUIRED,
     .help = "the instrument",
     OF_INSTRUMENT(symbol)},
    {.key = "price_floor",
     .type = KEY_DECIMAL,
     .flags = KEY_REQUIRED | KEY_POSITIVE,
     .help = "no sell below this price, in quote",
     OF_INSTRUMENT(floor)},
    {.key = "price_ceiling",
     .type = KEY_DECIMAL,
     .flags = KEY_REQUIRED | KEY_POSITIVE,
     .help = "no buy above this price; what every order is valued at, buys and sells; at least "
             "price_floor",
     OF_INSTRUMENT(ceiling)},
    AMOUNT("max_base_per_order", order_base, "largest quantity of one order, in base"),
    AMOUNT("max_value_per_order", order_value,
           "largest value of one order, in quote: quantity times price_ceiling; of a market buy "
           "what it may spend"),
    AMOUNT("max_base_per_hour", hour_base,
           "largest sum of quantities in any hour, buys and sells together, times replays"),
    AMOUNT("max_value_per_hour", hour_value, "largest sum of values in any hour, times replays"),
    AMOUNT("max_base_per_day", day_base,
           "largest sum of quantities in any 24 hours, times replays"),
    AMOUNT("max_value_per_day", day_value, "largest sum of values in any 24 hours, times replays"),
    {.key = NULL},
};

const struct section SECTION_POLICY = {.path = "", .help = "the whole file", .keys = ROOT};
const struct section SECTION_POLICY_KEY = {.path = "key",
                                           .array = true,
                                           .max = POLICY_KEYS_MAX,
                                           .help = "what one key of the key store may sign",
                                           .keys = KEY};
const struct section SECTION_POLICY_INSTRUMENT = {
    .path = "key.instrument",
    .array = true,
    .max = POLICY_INSTRUMENTS_MAX,
    .help = "what the key above it may trade, and how much; of all keys together",
    .keys = INSTRUMENT};

const struct section *const POLICY_SCHEMA[] = {&SECTION_POLICY, &SECTION_POLICY_KEY,
                                               &SECTION_POLICY_INSTRUMENT, NULL};
