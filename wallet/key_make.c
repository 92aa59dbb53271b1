#include "wallet/key_make.h"

#include "wallet/import.h"
#include "wallet/pem.h"
#include "wallet/secp.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define USUAL_PATH "m/44'/60'/0'/0/0"

/* "binance:" and a name, "evm:" and a chain's number; wires need none. */
static bool network_fits(const char *network, enum key_kind kind, enum key_class class)
{
    size_t n = strlen(network);
    if (n >= KEYSTORE_NETWORK_MAX)
        return false;
    if (class == CLASS_WIRE)
        return n == strspn(network, "abcdefghijklmnopqrstuvwxyz0123456789-:.");
    if (kind == KIND_EVM)
        return strncmp(network, "evm:", 4) == 0 && network[4] >= '1' && network[4] <= '9' &&
               n - 4 == strspn(network + 4, "0123456789") && n - 4 <= 18;
    return strncmp(network, "binance:", 8) == 0 && n > 8 &&
           n - 8 == strspn(network + 8, "abcdefghijklmnopqrstuvwxyz0123456789-");
}

enum err key_make_check(const struct key_args *a, struct keystore_entry *ret, char *why)
{
    struct keystore_entry e = {.created_s = (uint64_t)time(NULL)};
    const struct kind_info *kind = a->kind ? kind_find(a->kind) : NULL;
    if (!kind)
        return why_say(why, ERR_RANGE,
                       "--kind is missing or unknown: binance-hmac, binance-ed25519, evm, "
                       "telegram-token, generic-hmac, secret-text");
    e.kind = kind->kind;
    bool choice = (kind->classes & (kind->classes - 1)) != 0;
    for (unsigned c = CLASS_TRADE; !a->class && !choice && c <= CLASS_CHAIN; c++)
        if (kind->classes & 1u << c)
            e.class = (enum key_class)c;
    if (choice && !a->class)
        return why_say(why, ERR_RANGE,
                       "--class: trade (signs orders) or stream (only reads)? A key can be one");
    if (a->class && (class_parse(a->class, &e.class) != ERR_OK || !(kind->classes & 1u << e.class)))
        return why_say(why, ERR_RANGE, "a key of kind %s cannot have that class", kind->name);
    const char *network = a->network ? a->network : "";
    if (!network_fits(network, e.kind, e.class))
        return why_say(why, ERR_RANGE,
                       "--network is missing or malformed; for this kind it is like %s",
                       e.class == CLASS_WIRE ? "telegram, or left out"
                       : e.kind == KIND_EVM  ? "evm:1"
                                             : "binance:mainnet, binance:testnet");
    if (strlen(a->argument) >= sizeof e.label)
        return why_say(why, ERR_RANGE, "the name of a key has at most %d characters",
                       KEYSTORE_LABEL_MAX - 1);
    memcpy(e.label, a->argument, strlen(a->argument) + 1);
    memcpy(e.network, network, strlen(network) + 1);
    *ret = e;
    return ERR_OK;
}

/* The API key where the kind has one; empty (and not asked for) where it may follow and is not
 * given. */
static enum err read_api_key(const struct key_args *a, const struct kind_info *kind,
                             struct secret *ret, char *why)
{
    bool given = !input_is_terminal(&a->api_key);
    if (!kind->has_api_key && given)
        return why_say(why, ERR_RANGE, "a key of kind %s has no API key", kind->name);
    if (!kind->has_api_key || (kind->api_key_may_follow && !given))
        return ERR_OK;
    return input_read(&a->api_key, "API key", KEYSTORE_API_KEY_MAX - 1, 0, ret, why);
}

static enum err store(struct keystore *k, const struct key_args *a, struct keystore_entry *entry,
                      const struct secret *secret, char *why)
{
    struct secret api_key = {NULL, 0};
    enum err e = read_api_key(a, kind_get(entry->kind), &api_key, why);
    if (e)
        return e;
    secret_open(secret);
    if (api_key.data)
        secret_open(&api_key);
    if (entry->kind == KIND_EVM) {
        e = secp_address(secret->data, entry->public_part);
        entry->public_len = SECP_ADDRESS_LEN;
    } else if (entry->kind == KIND_BINANCE_ED25519) {
        pem_ed25519_public(secret->data, entry->public_part);
        entry->public_len = 32;
    }
    if (e)
        e = why_say(why, e, "this number is no key of secp256k1");
    else
        e = keystore_add(k, entry, (const char *)api_key.data, secret->data, secret->len, why);
    secret_shut(secret);
    secret_free(&api_key);
    return e;
}

enum err key_make_add(struct keystore *k, const struct key_args *a, struct keystore_entry *entry,
                      char *why)
{
    struct secret secret;
    if (entry->kind == KIND_EVM || entry->kind == KIND_BINANCE_ED25519)
        return why_say(why, ERR_RANGE,
                       "a private key is imported (key import, --format) or generated");
    enum err e = input_read(&a->secret, "secret", KEYSTORE_SECRET_MAX, 0, &secret, why);
    if (e)
        return e;
    e = store(k, a, entry, &secret, why);
    secret_free(&secret);
    return e;
}

/* The password or passphrase that goes with what is imported. [asked]: it is needed, ask for it. */
static enum err read_password(const struct key_args *a, bool asked, unsigned flags,
                              struct secret *ret, char *why)
{
    if (!asked && input_is_terminal(&a->import_passphrase))
        return ERR_OK;
    return input_read(&a->import_passphrase, "passphrase of what is imported", KEYSTORE_SECRET_MAX,
                      flags, ret, why);
}

enum err key_make_import(struct keystore *k, const struct key_args *a, struct keystore_entry *entry,
                         char *why)
{
    enum import_format format;
    struct secret text, password = {NULL, 0}, key;
    if (!a->format || import_format_parse(a->format, &format) != ERR_OK)
        return why_say(why, ERR_RANGE,
                       "--format is missing or unknown: hex, mnemonic, xprv, web3, pem");
    bool is_file = format == IMPORT_WEB3 || format == IMPORT_PEM;
    bool typed = input_is_terminal(&a->secret);
    if (is_file && typed)
        return why_say(why, ERR_RANGE, "this format is a file: --secret-file FILE");
    enum err e =
        input_read(&a->secret, "key to import", IMPORT_TEXT_MAX, typed ? 0 : INPUT_RAW, &text, why);
    if (e)
        return e;
    const char *path = a->path;
    if (!path && format == IMPORT_MNEMONIC)
        path = USUAL_PATH;
    e = read_password(a, format == IMPORT_WEB3 || (format == IMPORT_MNEMONIC && typed), INPUT_EMPTY,
                      &password, why);
    if (!e)
        e = import_key(format, entry->kind, &text, password.data ? &password : NULL, path, &key,
                       why);
    if (e == ERR_STATE && format == IMPORT_PEM && !password.data) {
        e = read_password(a, true, 0, &password, why);
        if (!e)
            e = import_key(format, entry->kind, &text, &password, path, &key, why);
    }
    secret_free(&password);
    secret_free(&text);
    if (e)
        return e;
    e = store(k, a, entry, &key, why);
    secret_free(&key);
    return e;
}

enum err key_make_generate(struct keystore *k, const struct key_args *a,
                           struct keystore_entry *entry, char *why)
{
    struct secret key;
    uint8_t point[33];
    if (entry->kind != KIND_EVM && entry->kind != KIND_BINANCE_ED25519)
        return why_say(why, ERR_RANGE, "only keys of kind evm and binance-ed25519 are generated");
    enum err e = secret_make(&key, 32);
    if (e)
        return why_say(why, e, "no memory that could be locked");
    do /* once in 2^127 a number is no key */
        randombytes_buf(key.data, key.len);
    while (entry->kind == KIND_EVM && secp_public(key.data, point) != ERR_OK);
    secret_shut(&key);
    e = store(k, a, entry, &key, why);
    secret_free(&key);
    return e;
}
