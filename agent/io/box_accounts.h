/* The accounts of the exchange in a box, from their file. */
#ifndef TW_IO_BOX_ACCOUNTS_H
#define TW_IO_BOX_ACCOUNTS_H

#include "sim/box_trading.h"

#define BOX_ACCOUNTS_FILE_MAX (1u << 20)

/* Reads [path], and gives the box its trading side: it trades by the wall clock from then on. [t]
 * must stay as long as the box. On failure [why] ([why_cap] bytes) is a sentence. */
enum err box_accounts_open(struct box_trading *t, struct box *box, const char *path, char *why,
                           size_t why_cap) MUST_CHECK;

#endif
