/* Where secrets come from: the terminal without echo, a file descriptor, or a file. Never an
 * argument or the environment: other users and logs see those. */
#ifndef TW_WALLET_INPUT_H
#define TW_WALLET_INPUT_H

#include "base/err.h"
#include "wallet/secret.h"

#include <stdbool.h>
#include <stddef.h>

/* Neither: the terminal. */
struct input {
    bool has_fd;
    int fd;
    const char *file;
};

#define INPUT_TWICE 1u /* on a terminal: asked for again, and compared */
#define INPUT_RAW   2u /* line ends belong to it; otherwise the last one is cut off, and control */
                       /* characters are refused */
#define INPUT_EMPTY 4u /* may be nothing */
#define INPUT_SHOWN 8u /* no secret: echoed */

bool input_is_terminal(const struct input *from);

/* At most [max] bytes, shut, with a NUL behind them. [name] says what is read ("passphrase"), also
 * in the prompt. ERR_NOT_FOUND (no terminal, no such file), ERR_IO, ERR_RANGE (nothing, too much,
 * control characters, a file that others may read), ERR_STATE (two inputs differ, or Ctrl-C),
 * ERR_NOMEM; a sentence in why[WHY_MAX]. */
enum err input_read(const struct input *from, const char *name, size_t max, unsigned flags,
                    struct secret *ret, char *why) MUST_CHECK;

#endif
