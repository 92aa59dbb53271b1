/* What kinds of keys there are, and which class each may have. */
#ifndef TW_WALLET_KIND_H
#define TW_WALLET_KIND_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* Stored in key stores: never renumber. */
enum key_class {
    CLASS_TRADE = 1,  /* signs orders; never a log-in */
    CLASS_STREAM = 2, /* can only read: logs in a user data stream */
    CLASS_WIRE = 3,   /* given to the daemon by name: useless for moving money */
    CLASS_CHAIN = 4,  /* signs on-chain transactions */
};

enum key_kind {
    KIND_BINANCE_HMAC = 1,    /* API key and secret, HMAC-SHA256 */
    KIND_BINANCE_ED25519 = 2, /* API key and an Ed25519 seed */
    KIND_EVM = 3,             /* secp256k1 private key */
    KIND_TELEGRAM_TOKEN = 4,
    KIND_GENERIC_HMAC = 5, /* for webhooks */
    KIND_SECRET_TEXT = 6,  /* a password, a URL with a token ... */
};

struct kind_info {
    enum key_kind kind;
    const char *name; /* "binance-hmac" */
    const char *help;
    unsigned classes;              /* bit 1 << class */
    bool has_api_key;              /* an identifier that is sent in clear goes with it */
    bool api_key_may_follow;       /* the venue gives it for the public half of the key */
    size_t secret_min, secret_max; /* bytes */
};

/* Ends with a NULL name. */
extern const struct kind_info KEY_KINDS[];

const struct kind_info *kind_find(const char *name); /* NULL: not known */
const struct kind_info *kind_get(unsigned number);   /* likewise */
const char *class_name(enum key_class c);            /* "trade" */
enum err class_parse(const char *name, enum key_class *ret) MUST_CHECK;

#endif
