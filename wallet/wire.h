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
#define WIRE_MESSAGE_MAX 4096
#define WIRE_LABEL_MAX   33 /* of a key, with NUL: [a-z0-9-_], the first a letter or digit */
#define WIRE_SYMBOL_MAX  33 /* "BTC-USDT", with NUL */
#define WIRE_COID_MAX    37 /* client order id, with NUL */
#define WIRE_SECRET_MAX  1024
#define WIRE_KEYS_MAX    64

/* What a connection may ask; decided by the socket it came in on and its peer's credentials. */
#define CAP_STATUS 1u  /* is it there, is it open */
#define CAP_TRADE  2u  /* new orders, cancels, queries with trade keys */
#define CAP_CANCEL 4u  /* cancels and queries only */
#define CAP_WIRE   8u  /* secrets of class `wire`, stream keys' log-ins */
#define CAP_ADMIN  16u /* unlock, seal, list, policy */

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
    uint64_t replaces; /* order of the same instance whose end was proven; 0: none */
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
    uint32_t payload_len;        /* WIRE_UNLOCK: passphrase; WIRE_POLICY_SET: passphrase, policy */
    const uint8_t *payload;      /* into the message */
};

#endif
