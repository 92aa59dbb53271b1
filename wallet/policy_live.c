#include "wallet/policy_live.h"

#include "wallet/ask.h"

#include <sodium.h>
#include <string.h>
#include <unistd.h>

static enum err refused(enum wire_reason reason, char *why)
{
    const char *name = wire_reason_name(reason);
    switch ((unsigned)reason) {
    case POLICY_SECRET:
        return why_say(why, ERR_STATE,
                       "the signer does not set it: the passphrase is wrong, or too little time "
                       "has passed since the last attempt (%s)",
                       name);
    case POLICY_SEALED:
        return why_say(why, ERR_STATE, "the signer was sealed meanwhile (%s)", name);
    case POLICY_BUSY:
        return why_say(why, ERR_STATE, "the signer is opening its key store: try again (%s)", name);
    case POLICY_BAD_POLICY:
        return why_say(why, ERR_STATE,
                       "the signer could not write or read the policy: its log says why (%s)",
                       name);
    default: return why_say(why, ERR_STATE, "the signer refuses: %s", name ? name : "?");
    }
}

static enum err ask(struct policy_live *l, struct wire_request *r, struct wire_reply *ret,
                    char *why)
{
    r->id = 1;
    enum err e = ask_signer(l->fd, r, l->buffer, ret, why);
    return e || ret->reason == WIRE_ALLOWED ? e : refused(ret->reason, why);
}

enum err policy_live_open(struct policy_live *ret, const char *sockets, char *why)
{
    struct wire_request r = {.type = WIRE_STATUS};
    static struct wire_reply y;
    *ret = (struct policy_live){.fd = -1, .buffer = sodium_malloc(WIRE_BUFFER_MAX)};
    if (!ret->buffer)
        return why_say(why, ERR_NOMEM, "no memory");
    enum err e = ask_open(sockets, "admin", &ret->fd, why);
    if (!e)
        e = ask(ret, &r, &y, why);
    if (!e) {
        ret->sealed = y.sealed;
        memcpy(ret->policy_hash, y.policy_hash, sizeof ret->policy_hash);
    }
    return e;
}

void policy_live_close(struct policy_live *l)
{
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
    sodium_free(l->buffer);
    l->buffer = NULL;
}

enum err policy_live_keys(struct policy_live *l, struct keystore_entry *ret, uint32_t *ret_count,
                          char *why)
{
    static struct wire_reply y;
    uint32_t n = 0;
    do {
        struct wire_request r = {.type = WIRE_LIST, .first = n};
        enum err e = ask(l, &r, &y, why);
        if (e)
            return e;
        for (uint32_t i = 0; i < y.listed && n < KEYSTORE_ENTRIES_MAX; i++, n++) {
            const struct wire_key *k = &y.key[i];
            memset(&ret[n], 0, sizeof ret[n]);
            memcpy(ret[n].label, k->label, sizeof k->label);
            memcpy(ret[n].network, k->network, sizeof k->network);
            ret[n].class = (enum key_class)k->class;
            ret[n].kind = (enum key_kind)k->kind;
        }
    } while (y.listed && n < y.keys && n < KEYSTORE_ENTRIES_MAX);
    *ret_count = n;
    return ERR_OK;
}

_Static_assert(KEYSTORE_LABEL_MAX == WIRE_LABEL_MAX && KEYSTORE_NETWORK_MAX == WIRE_NETWORK_MAX,
               "the same texts");

enum err policy_live_set(struct policy_live *l, const struct secret *passphrase,
                         const uint8_t *policy, size_t len, char *why)
{
    static struct wire_reply y;
    secret_open(passphrase);
    struct wire_request r = {.type = WIRE_POLICY_SET,
                             .unlock = WIRE_PASSPHRASE,
                             .secret = passphrase->data,
                             .secret_len = (uint32_t)passphrase->len,
                             .policy = policy,
                             .policy_len = (uint32_t)len};
    enum err e = ask(l, &r, &y, why);
    sodium_memzero(l->buffer, WIRE_BUFFER_MAX);
    secret_shut(passphrase);
    return e;
}
