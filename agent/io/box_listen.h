/* Whether a server could listen: libwebsockets says little about why it cannot. */
#ifndef TW_IO_BOX_LISTEN_H
#define TW_IO_BOX_LISTEN_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* Binds and listens for a moment. ERR_EXISTS: the port is taken; ERR_SYNTAX: [address] is not
 * numeric; ERR_IO. [why] says it in a sentence. */
enum err box_try_port(const char *address, uint16_t port, char *why, size_t why_cap) MUST_CHECK;

#endif
