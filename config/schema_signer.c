/* The keys of the signer: where it is, as the daemon and `tradewind run` see it. */
#include "config/schema.h"

#define FIELD(member)                                                                              \
    .offset = offsetof(struct signer_setup, member),                                               \
    .size = sizeof(((const struct signer_setup *)0)->member)

static const struct key_spec SIGNER[] = {
    {.key = "sockets",
     .type = KEY_PATH,
     .help = "directory of its sockets; absent: tradewind in $XDG_RUNTIME_DIR, else /run/tradewind",
     FIELD(sockets)},
    {.key = "store",
     .type = KEY_PATH,
     .help = "key store that `tradewind run` starts it with; absent: the one of `tradewind key`",
     FIELD(store)},
    {.key = "required",
     .type = KEY_BOOL,
     .default_value = "false",
     .help = "whether `tradewind run` starts no agent where the signer does not come up",
     FIELD(required)},
    {.key = NULL},
};

const struct section SECTION_SIGNER = {
    .path = "signer",
    .help = "the process that holds the keys; paper mode does not need it",
    .keys = SIGNER};
