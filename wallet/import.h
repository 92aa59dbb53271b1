/* A private key from what others keep keys in. */
#ifndef TW_WALLET_IMPORT_H
#define TW_WALLET_IMPORT_H

#include "base/err.h"
#include "wallet/kind.h"
#include "wallet/secret.h"

#include <stdbool.h>

#define IMPORT_TEXT_MAX 16384 /* bytes of what is imported */

enum import_format {
    IMPORT_HEX = 1,  /* 64 digits */
    IMPORT_MNEMONIC, /* BIP-39, with a path */
    IMPORT_XPRV,     /* BIP-32, with a path */
    IMPORT_WEB3,     /* Web3 Secret Storage v3, with its password */
    IMPORT_PEM,      /* with its password where it is encrypted */
};

enum err import_format_parse(const char *name, enum import_format *ret) MUST_CHECK; /* "hex" ... */

/* The 32 bytes of a key of [kind] (KIND_EVM or KIND_BINANCE_ED25519) from [text], shut, checked.
 * [password]: of the file, or the passphrase that goes with a phrase; NULL: none. [path] NULL:
 * none. Both secrets are shut when they come and when they go. Errors are those of mnemonic.h,
 * hdkey.h, web3.h and pem.h; ERR_STATE: a password is needed; a sentence in why[WHY_MAX]. */
enum err import_key(enum import_format format, enum key_kind kind, const struct secret *text,
                    const struct secret *password, const char *path, struct secret *ret,
                    char *why) MUST_CHECK;

#endif
