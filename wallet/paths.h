/* Where the signer's sockets are unless told otherwise: below $XDG_RUNTIME_DIR, else in /run. */
#ifndef TW_WALLET_PATHS_H
#define TW_WALLET_PATHS_H

#include "wallet/file.h"

/* [out] has FILE_PATH_MAX bytes. ERR_RANGE with a sentence in why[WHY_MAX]. */
enum err paths_sockets(char *out, char *why) MUST_CHECK;

#endif
