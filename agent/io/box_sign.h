/* Signatures of requests to the exchange in a box, checked as the venue does. */
#ifndef TW_IO_BOX_SIGN_H
#define TW_IO_BOX_SIGN_H

#include "sim/box_trading.h"

/* A box_verify_fn. HMAC-SHA256 in hexadecimal, in either case; Ed25519 in base64. */
bool box_sign_verify(const struct box_key *k, const char *payload, size_t len,
                     const char *signature);

#endif
