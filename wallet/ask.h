/* The other end of the signer's sockets, for commands: asks and waits. */
#ifndef TW_WALLET_ASK_H
#define TW_WALLET_ASK_H

#include "wallet/why.h"
#include "wallet/wire.h"

/* Connects to DIR/NAME.sock and says HELLO. ERR_NOT_FOUND: no signer serves there; ERR_RANGE,
 * ERR_IO; ERR_STATE: it has refused. A sentence in why[WHY_MAX]. */
enum err ask_open(const char *dir, const char *name, int *ret_fd, char *why) MUST_CHECK;

/* [buffer] has WIRE_BUFFER_MAX bytes: first the request, then the reply, which *ret points into;
 * guarded memory where the request holds a secret. Any reason is ERR_OK. ERR_IO, ERR_RANGE,
 * ERR_CORRUPT. */
enum err ask_signer(int fd, const struct wire_request *r, uint8_t *buffer, struct wire_reply *ret,
                    char *why) MUST_CHECK;

#endif
