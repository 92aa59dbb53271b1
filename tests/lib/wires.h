/* Random requests and replies of the signer's socket, good ones unless told otherwise. */
#ifndef TW_TESTS_WIRES_H
#define TW_TESTS_WIRES_H

#include "base/rng.h"
#include "wallet/wire.h"

extern const enum wire_type WIRE_TYPES[];
extern const unsigned WIRE_TYPES_COUNT;

/* Every field of [type] is one that the codec takes; it need not have a good shape. */
struct wire_request random_request(struct rng *r, enum wire_type type);
struct wire_reply random_reply(struct rng *r, enum wire_type type);

/* A limit order, "trade-1", BTC-USDT, buy 0.5 at 100, at time 1700000000000 for 5000 ms. */
struct wire_request limit_order(uint64_t order);

#endif
