/* What the process gives up before it reads anything. */
#ifndef TW_WALLET_HARDEN_H
#define TW_WALLET_HARDEN_H

#include "base/err.h"

/* No core file, not dumpable (nobody of the same user can read its memory or attach to it), no new
 * privileges, files for the owner only. ERR_IO where the kernel refuses one of them: then no secret
 * may be read. A sentence in why[WHY_MAX]. Says on standard error where memory cannot be locked,
 * and goes on: secrets may then be swapped out. */
enum err harden(char *why) MUST_CHECK;

#endif
