/* Where the signer's sockets and its key store are, as the programs see it: what [signer] says,
 * else the places that tradewind-signer takes by itself. */
#ifndef TW_MAIN_SIGNER_PATHS_H
#define TW_MAIN_SIGNER_PATHS_H

#include "base/err.h"
#include "model/setup.h"

/* Each into [out] of PATH_MAX_BYTES. ERR_RANGE where it is too long (for a socket, too), or, for
 * the store, where there is no home directory. */
enum err signer_sockets_dir(const struct signer_setup *s, char *out) MUST_CHECK;
enum err signer_socket_path(const struct signer_setup *s, const char *name, char *out) MUST_CHECK;
enum err signer_store_path(const struct signer_setup *s, char *out) MUST_CHECK;

#endif
