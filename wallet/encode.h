/* From a typed request to the exact bytes that a venue wants, signed. One encoder is one file with
 * its vectors; a request without an encoder has no way to be signed. There is no encoder, and no
 * request, for withdrawals, transfers, sub-accounts or keys.
 *
 * Encoders do not judge: policy_check() comes before them. They refuse (ERR_RANGE) what does not go
 * together, which wire_shape() tells beforehand.
 */
#ifndef TW_WALLET_ENCODE_H
#define TW_WALLET_ENCODE_H

#include "wallet/sign.h"
#include "wallet/wire.h"

typedef enum err encode_fn(const struct wire_request *r, struct sign_key *key,
                           struct wire_signed *ret) MUST_CHECK;

struct encoder {
    const char *network; /* what a key's network begins with: "binance:" */
    bool binds_body;     /* the signature covers every parameter */
    bool binds_path;     /* it covers method and path: else two requests of the same parameters have
                            the same signature, and whoever gets one has the other */
    encode_fn *encode;
};

/* NULL where such a key cannot sign anything. */
const struct encoder *encoder_find(enum key_kind kind, const char *network);

extern const struct encoder ENCODE_BINANCE_SPOT;

#endif
