#include "wallet/encode.h"

const struct encoder *encoder_find(enum key_kind kind, const char *network)
{
    const struct encoder *e = NULL;
    switch (kind) {
    case KIND_BINANCE_HMAC:
    case KIND_BINANCE_ED25519: e = &ENCODE_BINANCE_SPOT; break;
    case KIND_EVM:
    case KIND_TELEGRAM_TOKEN:
    case KIND_GENERIC_HMAC:
    case KIND_SECRET_TEXT: break;
    }
    return e && strncmp(network, e->network, strlen(e->network)) == 0 ? e : NULL;
}
