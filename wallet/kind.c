#include "wallet/kind.h"

#include <string.h>

#define BIT(c) (1u << (c))

const struct kind_info KEY_KINDS[] = {
    {KIND_BINANCE_HMAC, "binance-hmac", "Binance API key with its HMAC secret",
     BIT(CLASS_TRADE) | BIT(CLASS_STREAM), true, false, 16, 256},
    {KIND_BINANCE_ED25519, "binance-ed25519", "Binance API key with an Ed25519 key of your own",
     BIT(CLASS_TRADE) | BIT(CLASS_STREAM), true, true, 32, 32},
    {KIND_EVM, "evm", "secp256k1 key of an Ethereum-like account", BIT(CLASS_CHAIN), false, false,
     32, 32},
    {KIND_TELEGRAM_TOKEN, "telegram-token", "token of a Telegram bot", BIT(CLASS_WIRE), false,
     false, 20, 128},
    {KIND_GENERIC_HMAC, "generic-hmac", "secret that signs webhooks", BIT(CLASS_WIRE), false, false,
     16, 256},
    {KIND_SECRET_TEXT, "secret-text", "a password, or a URL with a token in it", BIT(CLASS_WIRE),
     false, false, 1, 1024},
    {(enum key_kind)0, NULL, NULL, 0, false, false, 0, 0},
};

const struct kind_info *kind_find(const char *name)
{
    for (const struct kind_info *k = KEY_KINDS; k->name; k++)
        if (strcmp(k->name, name) == 0)
            return k;
    return NULL;
}

const struct kind_info *kind_get(unsigned number)
{
    for (const struct kind_info *k = KEY_KINDS; k->name; k++)
        if ((unsigned)k->kind == number)
            return k;
    return NULL;
}

static const char *const CLASSES[] = {[CLASS_TRADE] = "trade",
                                      [CLASS_STREAM] = "stream",
                                      [CLASS_WIRE] = "wire",
                                      [CLASS_CHAIN] = "chain"};

const char *class_name(enum key_class c)
{
    return c >= CLASS_TRADE && c <= CLASS_CHAIN ? CLASSES[c] : "?";
}

enum err class_parse(const char *name, enum key_class *ret)
{
    for (unsigned c = CLASS_TRADE; c <= CLASS_CHAIN; c++)
        if (strcmp(CLASSES[c], name) == 0) {
            *ret = (enum key_class)c;
            return ERR_OK;
        }
    return ERR_NOT_FOUND;
}
