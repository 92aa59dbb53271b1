/* What is said on the signer's socket: the one header of wallet/ that others see. PROTOCOL.md has
 * the bytes.
 *
 * One SEQPACKET message is one request or its reply, little-endian, at most WIRE_MESSAGE_MAX bytes.
 * Requests are typed: the signer builds what it signs from these fields, and there is no message
 * that carries bytes, a digest or a path to be signed. Whoever adds a type has to give it a
 * capability in wire_needs(): one switch without default, so that the compiler asks.
 */
#ifndef TW_WALLET_WIRE_H
#define TW_WALLET_WIRE_H

#include "base/buf.h"
#include "base/decimal.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define WIRE_VERSION     1u
#define WIRE_MESSAGE_MAX 4096  /* of every message but WIRE_POLICY_SET */
#define WIRE_POLICY_MAX  24576 /* a compiled policy */
#define WIRE_BUFFER_MAX  26624 /* the longest message: WIRE_POLICY_SET */
#define WIRE_LABEL_MAX   33    /* of a key, with NUL: [a-z0-9-_], the first a letter or digit */
#define WIRE_SYMBOL_MAX  33    /* "BTC-USDT", with NUL */
#define WIRE_COID_MAX    37    /* client order id, with NUL */
#define WIRE_SECRET_MAX  1024
#define WIRE_LIST_MAX    16   /* keys in one reply */
#define WIRE_NETWORK_MAX 65   /* "binance:mainnet", with NUL */
#define WIRE_PUBLIC_MAX  64   /* address or public key, bytes */
#define WIRE_API_KEY_MAX 129  /* with NUL */
#define WIRE_PATH_MAX    64   /* REST path or name of a websocket method, with NUL */
#define WIRE_TEXT_MAX    2048 /* signed parameters, with NUL */
#define WIRE_WINDOW_MAX  60000u

/* What a connection may ask; decided by the socket it came in on and its peer's credentials. */
#define CAP_STATUS 1u  /* is it there, is it open */
#define CAP_TRADE  2u  /* new orders, cancels, queries with trade keys */
#define CAP_CANCEL 4u  /* cancels and queries only */
#define CAP_WIRE   8u  /* secrets of class `wire`, stream keys' log-ins */
#define CAP_ADMIN  16u /* unlock, seal, list, policy */
#define CAP_ALL    31u

/* Numbers are stored in audit logs: never renumber. */
enum wire_type {
    WIRE_HELLO = 1, /* first on every connection; anything else before it ends the connection */
    WIRE_STATUS = 2,
    WIRE_SIGN_ORDER = 16,          /* one new order */
    WIRE_SIGN_CANCEL = 17,         /* one cancel */
    WIRE_SIGN_CANCEL_REPLACE = 18, /* both in one request: two outcomes */
    WIRE_SIGN_CANCEL_ALL = 19,     /* of one symbol */
    WIRE_SIGN_QUERY = 20,          /* private reads */
    WIRE_SIGN_STREAM = 21, /* log-in or subscription of a user data stream, stream keys only */
    WIRE_GET_SECRET = 32,  /* a secret of class wire, by label */
    WIRE_UNLOCK = 48,
    WIRE_SEAL = 49,
    WIRE_LIST = 50,       /* the keys: label, class, kind, network, public part */
    WIRE_POLICY_SET = 51, /* a compiled policy, with the passphrase */
};

enum wire_side { WIRE_BUY = 1, WIRE_SELL = 2 };
enum wire_order_type {
    WIRE_LIMIT = 1,
    WIRE_LIMIT_MAKER = 2,
    WIRE_MARKET = 3,
    WIRE_STOP_LOSS_LIMIT = 4,
    WIRE_TAKE_PROFIT_LIMIT = 5,
};
enum wire_tif { WIRE_TIF_NONE = 0, WIRE_GTC = 1, WIRE_IOC = 2, WIRE_FOK = 3 };
enum wire_transport { WIRE_REST = 1, WIRE_WEBSOCKET = 2 };
enum wire_query {
    WIRE_QUERY_ORDER = 1,   /* by client order id or venue id */
    WIRE_QUERY_OPEN = 2,    /* open orders of a symbol, or of all */
    WIRE_QUERY_ALL = 3,     /* orders of a symbol from a venue id or time on */
    WIRE_QUERY_TRADES = 4,  /* own trades of a symbol from a trade id or time on */
    WIRE_QUERY_ACCOUNT = 5, /* balances and permissions */
    WIRE_QUERY_KEY = 6,     /* what the venue lets the key do (withdraw flag) */
    WIRE_QUERY_RATE = 7,    /* used order limits */
};

enum wire_method { WIRE_GET = 1, WIRE_POST = 2, WIRE_DELETE = 3, WIRE_CALL = 4 }; /* websocket */
enum wire_unlock { WIRE_PASSPHRASE = 1, WIRE_CREDENTIAL = 2 };

/* Which order this is, for us: a second signature for the same one is refused. */
struct wire_intent {
    uint64_t instance; /* of the agent: drawn once, kept in its state directory */
    uint64_t order;    /* its order id */
};

/* Shared by all that is signed. */
struct wire_signing {
    char key[WIRE_LABEL_MAX];
    enum wire_transport transport;
    int64_t timestamp_ms; /* venue time, as the venue will compare it */
    uint32_t window_ms;   /* validity after that */
};

struct wire_order {
    struct wire_intent intent;
    uint64_t replaces; /* order of the same instance that this one stands in for; 0: none */
    char symbol[WIRE_SYMBOL_MAX];
    char client_order_id[WIRE_COID_MAX];
    enum wire_side side;
    enum wire_order_type type;
    enum wire_tif tif;
    dec qty;        /* base; zero where a market buy is by quote quantity */
    dec quote_qty;  /* market buys only, else zero */
    dec price;      /* zero for market orders */
    dec stop_price; /* stop and take-profit orders only, else zero */
};

struct wire_cancel {
    char symbol[WIRE_SYMBOL_MAX];
    char client_order_id[WIRE_COID_MAX]; /* of the order to cancel; "" with a venue id */
    uint64_t venue_order_id;             /* or 0 */
};

struct wire_read {
    enum wire_query query;
    char symbol[WIRE_SYMBOL_MAX]; /* "" where the query has none */
    char client_order_id[WIRE_COID_MAX];
    uint64_t from_id;       /* venue order or trade id, 0: none */
    int64_t from_ms, to_ms; /* 0: none */
    uint32_t limit;         /* 0: the venue's default */
};

struct wire_request {
    enum wire_type type;
    uint32_t id;                 /* returned in the reply */
    struct wire_signing signing; /* WIRE_SIGN_* */
    struct wire_order order;     /* WIRE_SIGN_ORDER, WIRE_SIGN_CANCEL_REPLACE */
    struct wire_cancel cancel;   /* WIRE_SIGN_CANCEL, _CANCEL_REPLACE, _CANCEL_ALL (symbol) */
    struct wire_read read;       /* WIRE_SIGN_QUERY */
    char label[WIRE_LABEL_MAX];  /* WIRE_GET_SECRET */
    uint32_t first;              /* WIRE_LIST: index of the first key wanted */
    enum wire_unlock unlock;     /* WIRE_UNLOCK, WIRE_POLICY_SET: what [secret] is */
    uint32_t secret_len;         /* 1 .. WIRE_SECRET_MAX */
    const uint8_t *secret;       /* into the message */
    uint32_t policy_len;         /* WIRE_POLICY_SET: 0 .. WIRE_POLICY_MAX */
    const uint8_t *policy;       /* into the message */
};

/* Why something was refused. Numbers are stored in audit logs and names are what people search for:
 * neither is ever changed or used again. [limit] and [value] of a reply are given where a number
 * was compared: a quantity, a value, a price, milliseconds, or a count. */
#define WIRE_REASONS(X)                                                                            \
    X(WIRE_ALLOWED, 0, "allowed")                                                                  \
    /* the socket */                                                                               \
    X(POLICY_MESSAGE, 1, "policy-message")        /* not a message of this protocol */             \
    X(POLICY_VERSION, 2, "policy-version")        /* of another version of it */                   \
    X(POLICY_NO_HELLO, 3, "policy-no-hello")      /* before WIRE_HELLO */                          \
    X(POLICY_CAPABILITY, 4, "policy-capability")  /* the connection may not ask that */            \
    X(POLICY_SEALED, 5, "policy-sealed")          /* the key store is not open */                  \
    X(POLICY_BUSY, 6, "policy-busy")              /* too many requests or connections */           \
    X(POLICY_AUDIT, 7, "policy-audit")            /* it cannot be recorded */                      \
    X(POLICY_SECRET, 8, "policy-secret")          /* wrong passphrase, or too soon after one */    \
    X(POLICY_ENCODER, 9, "policy-encoder")        /* there is no way to sign that with this key */ \
    X(POLICY_BAD_POLICY, 10, "policy-bad-policy") /* not a compiled policy */                      \
    /* the key */                                                                                  \
    X(POLICY_KEY, 16, "policy-key")         /* not in the key store, or not in the policy */       \
    X(POLICY_CLASS, 17, "policy-class")     /* a key of this class never does that */              \
    X(POLICY_NETWORK, 18, "policy-network") /* bound to another network than the policy's */       \
    X(POLICY_OPERATION, 19, "policy-operation")                                                    \
    X(POLICY_SYMBOL, 20, "policy-symbol")                                                          \
    /* the request */                                                                              \
    X(POLICY_SHAPE, 32, "policy-shape")     /* fields that do not go together */                   \
    X(POLICY_TYPE, 33, "policy-type")       /* order type not allowed */                           \
    X(POLICY_MARKET, 34, "policy-market")   /* market orders not allowed */                        \
    X(POLICY_FLOOR, 35, "policy-floor")     /* a sell below the floor */                           \
    X(POLICY_CEILING, 36, "policy-ceiling") /* a buy above the ceiling */                          \
    X(POLICY_WINDOW, 37, "policy-window")   /* validity longer than allowed */                     \
    X(POLICY_EARLY, 38, "policy-early")     /* timestamp ahead of the signer's clock */            \
    X(POLICY_LATE, 39, "policy-late")       /* timestamp behind the signer's clock */              \
    /* caps */                                                                                     \
    X(POLICY_ORDER_BASE, 48, "policy-order-base")                                                  \
    X(POLICY_ORDER_VALUE, 49, "policy-order-value")                                                \
    X(POLICY_HOUR_BASE, 50, "policy-hour-base")                                                    \
    X(POLICY_HOUR_VALUE, 51, "policy-hour-value")                                                  \
    X(POLICY_DAY_BASE, 52, "policy-day-base")                                                      \
    X(POLICY_DAY_VALUE, 53, "policy-day-value")                                                    \
    X(POLICY_RATE, 54, "policy-rate")         /* orders per minute */                              \
    X(POLICY_OVERFLOW, 55, "policy-overflow") /* more than a number can hold */                    \
    /* once */                                                                                     \
    X(POLICY_REPEATED, 64, "policy-repeated")     /* the intent was signed before */               \
    X(POLICY_OLD_INTENT, 65, "policy-old-intent") /* too old to tell whether it was */             \
    X(POLICY_REPLACES, 66, "policy-replaces")     /* what it replaces may not be replaced */       \
    X(POLICY_INSTANCES, 67, "policy-instances")   /* more agents than can be remembered */         \
    X(POLICY_MEMORY, 68, "policy-memory")         /* more orders a day than can be remembered */

enum wire_reason {
#define X(symbol, number, name) symbol = number,
    WIRE_REASONS(X)
#undef X
};

const char *wire_reason_name(enum wire_reason r); /* "policy-floor"; NULL: there is none */

struct wire_signed {
    enum wire_transport transport;
    enum wire_method method;
    bool binds_body; /* whether the signature covers every parameter */
    char path[WIRE_PATH_MAX];
    char api_key[WIRE_API_KEY_MAX]; /* REST: for the header; "" with a websocket */
    char text[WIRE_TEXT_MAX];       /* REST: query or body; websocket: the object `params` */
};

struct wire_key {
    char label[WIRE_LABEL_MAX];
    uint8_t class, kind; /* enum key_class, enum key_kind */
    char network[WIRE_NETWORK_MAX];
    uint16_t public_len;
    uint8_t public_part[WIRE_PUBLIC_MAX];
};

struct wire_reply {
    enum wire_type type; /* of the request */
    uint32_t id;
    enum wire_reason reason;
    dec limit, value; /* where refused */
    /* where allowed */
    uint32_t caps;              /* WIRE_HELLO */
    bool sealed;                /* WIRE_HELLO, WIRE_STATUS */
    uint32_t keys;              /* WIRE_STATUS, WIRE_LIST: how many there are */
    uint64_t generation;        /* WIRE_STATUS: of the key store */
    uint8_t policy_hash[32];    /* WIRE_STATUS */
    struct wire_signed signed_; /* WIRE_SIGN_* */
    uint32_t secret_len;        /* WIRE_GET_SECRET */
    const uint8_t *secret;      /* into the message */
    uint32_t listed;            /* WIRE_LIST: how many follow */
    struct wire_key key[WIRE_LIST_MAX];
};

/* Bytes of a message. [out] has WIRE_BUFFER_MAX bytes. ERR_RANGE where a field may not hold what it
 * holds. Fields that the type does not have are not looked at. */
enum err wire_encode_request(const struct wire_request *r, uint8_t *out,
                             size_t *ret_len) MUST_CHECK;
enum err wire_encode_reply(const struct wire_reply *r, uint8_t *out, size_t *ret_len) MUST_CHECK;

/* And back; exactly what the encoder writes and nothing else. ERR_UNSUPPORTED: another version;
 * ERR_SYNTAX: everything else. Fields that the type does not have are zero. Pointers go into
 * [bytes]. */
enum err wire_decode_request(const uint8_t *bytes, size_t len, struct wire_request *ret) MUST_CHECK;
enum err wire_decode_reply(const uint8_t *bytes, size_t len, struct wire_reply *ret) MUST_CHECK;

/* What the texts of messages and of policies may be: not empty, of these characters. */
bool wire_label_ok(const char *label);     /* [a-z0-9][a-z0-9-_]* */
bool wire_symbol_ok(const char *symbol);   /* [A-Z0-9]+-[A-Z0-9]+ */
bool wire_network_ok(const char *network); /* printable ASCII */

/* Whether the fields of a request to sign go together: which an order type needs and which it may
 * not have, how an order is named, which a query takes. WIRE_ALLOWED or POLICY_SHAPE. Bounded texts
 * and signs of numbers are the codec's. */
enum wire_reason wire_shape(const struct wire_request *r) MUST_CHECK;

bool wire_type_exists(unsigned type);

/* Capabilities of which one is enough; 0: everybody may. */
unsigned wire_needs(enum wire_type type);
bool wire_may(enum wire_type type, unsigned caps);

#endif
