#include "wallet/opener.h"

#include "base/log.h"
#include "wallet/audit.h"
#include "wallet/key_store.h"
#include "wallet/policy_store.h"

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* The first packet of an answer; where it is good, the policy, the key of the audit log, and of
 * each entry its header and its content (of no bytes where it has none) follow, a packet each. Both
 * ends are the same program: structs go as they are. */
struct head {
    enum wire_reason reason;
    char why[WHY_MAX];
    uint8_t id[16], policy_hash[POLICY_HASH_BYTES];
    uint64_t generation;
    uint32_t entries;
};

struct entry_head {
    struct keystore_entry entry;
    size_t content; /* bytes; 0: stays in the key store */
};

#define MAC_KEY_BYTES 32

/* ---- the opener ---- */

struct desk {
    int fd;
    const char *store, *policy_path;
    struct key_store s;
    struct policy policy;
    struct secret mac_key;
    uint8_t *message; /* WIRE_BUFFER_MAX and one byte, guarded */
};

static bool give(int fd, const void *data, size_t len)
{
    return write(fd, data, len) == (ssize_t)len;
}

static bool give_secret(int fd, const struct secret *s)
{
    secret_open(s);
    bool good = give(fd, s->data, s->len);
    secret_shut(s);
    return good;
}

static bool give_store(struct desk *d, struct head *h)
{
    const struct keystore *k = &d->s.k;
    memcpy(h->id, k->id, sizeof h->id);
    memcpy(h->policy_hash, k->policy_hash, sizeof h->policy_hash);
    h->generation = k->generation;
    h->entries = k->entries;
    if (!give(d->fd, h, sizeof *h) || !give(d->fd, &d->policy, sizeof d->policy) ||
        !give_secret(d->fd, &d->mac_key))
        return false;
    for (uint32_t i = 0; i < k->entries; i++) {
        struct entry_head e;
        memset(&e, 0, sizeof e);
        e.entry = k->entry[i];
        const struct secret *content = keystore_content(k, (int)i);
        e.content = keyring_wants(&k->entry[i]) ? content->len : 0;
        if (!give(d->fd, &e, sizeof e) || (e.content && !give_secret(d->fd, content)))
            return false;
    }
    return true;
}

/* Everything that can go wrong before the secret has been proved is answered in the same way. */
static enum wire_reason open_store(struct desk *d, const struct wire_request *r, char *why)
{
    const struct keystore_unlock u = {
        r->unlock == WIRE_CREDENTIAL ? SLOT_CREDENTIAL : SLOT_PASSPHRASE, r->secret, r->secret_len};
    struct key_args a;
    memset(&a, 0, sizeof a);
    (void)snprintf(a.store, sizeof a.store, "%s", d->store);
    /* Who changes the store keeps others from doing the same; who only reads it needs not. */
    d->s.lock = -1;
    enum err e = r->type == WIRE_POLICY_SET ? key_store_read(&d->s, &a, why)
                                            : keystore_read(&d->s.k, d->store, why);
    if (e)
        return POLICY_SECRET;
    e = keystore_open(&d->s.k, &u);
    if (e == ERR_CORRUPT)
        (void)why_say(why, e,
                      "the key store does not open: the passphrase is wrong, or the file "
                      "is damaged");
    else if (e)
        (void)why_say(why, e, "the key store does not open: %s", err_name(e));
    return e ? POLICY_SECRET : WIRE_ALLOWED;
}

static enum wire_reason work(struct desk *d, const struct wire_request *r, char *why)
{
    enum wire_reason reason = open_store(d, r, why);
    enum err e = ERR_OK;
    if (reason)
        return reason;
    if (r->type == WIRE_POLICY_SET)
        e = policy_store_write(&d->s.k, d->store, d->policy_path, r->policy, r->policy_len, why);
    if (!e)
        e = policy_store_read(&d->s.k, d->policy_path, &d->policy, why);
    if (e)
        return POLICY_BAD_POLICY;
    keystore_confirm(d->store);
    if (audit_mac_key(&d->s.k, &d->mac_key) != ERR_OK) {
        (void)why_say(why, ERR_NOMEM, "no memory that could be locked");
        return POLICY_SECRET;
    }
    return WIRE_ALLOWED;
}

static bool serve_one(struct desk *d)
{
    struct head h;
    struct wire_request r;
    memset(&h, 0, sizeof h);
    ssize_t n = read(d->fd, d->message, WIRE_BUFFER_MAX + 1);
    if (n <= 0 || wire_decode_request(d->message, (size_t)n, &r) ||
        (r.type != WIRE_UNLOCK && r.type != WIRE_POLICY_SET))
        return false;
    h.reason = work(d, &r, h.why);
    sodium_memzero(d->message, WIRE_BUFFER_MAX + 1);
    bool good = h.reason == WIRE_ALLOWED ? give_store(d, &h) : give(d->fd, &h, sizeof h);
    secret_free(&d->mac_key);
    key_store_close(&d->s);
    return good;
}

__attribute__((noreturn)) static void be_opener(const struct opener_config *c, int fd)
{
    struct desk *d = calloc(1, sizeof *d);
    struct sandbox s = *c->sandbox;
    int keep[] = {fd};
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (c->not_its)
        secret_free(c->not_its);
    if (!d || !(d->message = sodium_malloc(WIRE_BUFFER_MAX + 1)))
        _exit(1);
    d->fd = fd;
    d->store = c->store;
    d->policy_path = c->policy;
    d->s.lock = -1;
    sandbox_descriptors(&s, keep, 1);
    sandbox_calls(&s, SANDBOX_OPEN);
    const struct sandbox_measure *missing = sandbox_missing(&s);
    if (c->strict && missing) {
        log_error("opener", "%s: %s; --no-strict goes on without", missing->name, missing->detail);
        _exit(1);
    }
    while (serve_one(d)) {}
    _exit(0);
}

/* ---- who asks it ---- */

enum err opener_start(struct opener *ret, const struct opener_config *c, char *why)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return why_say(why, ERR_IO, "the opener cannot be started: %s", strerror(errno));
    pid_t pid = fork();
    if (pid == 0) {
        close(pair[0]);
        be_opener(c, pair[1]);
    }
    close(pair[1]);
    if (pid < 0) {
        close(pair[0]);
        return why_say(why, ERR_IO, "the opener cannot be started: %s", strerror(errno));
    }
    *ret = (struct opener){pair[0], pid};
    return ERR_OK;
}

enum err opener_ask(const struct opener *o, const uint8_t *message, size_t len)
{
    return give(o->fd, message, len) ? ERR_OK : ERR_IO;
}

static bool take(int fd, void *data, size_t len)
{
    return read(fd, data, len) == (ssize_t)len;
}

static enum err take_secret(int fd, size_t len, struct secret *ret)
{
    struct secret s;
    enum err e = secret_make(&s, len);
    if (!e && !take(fd, s.data, len)) {
        secret_free(&s);
        e = ERR_IO;
    }
    if (e)
        return e;
    secret_shut(&s);
    *ret = s;
    return ERR_OK;
}

static enum err take_entry(int fd, struct keyring *ring)
{
    struct entry_head h;
    struct secret content = {NULL, 0};
    enum err e = take(fd, &h, sizeof h) ? ERR_OK : ERR_IO;
    if (!e && h.content)
        e = take_secret(fd, h.content, &content);
    if (!e)
        e = keyring_add(ring, &h.entry, &content);
    secret_free(&content);
    return e;
}

enum err opener_take(const struct opener *o, struct keyring *ring, struct opener_answer *ret)
{
    struct head h;
    if (!take(o->fd, &h, sizeof h))
        return ERR_IO;
    ret->reason = h.reason;
    memcpy(ret->why, h.why, sizeof ret->why);
    if (h.reason != WIRE_ALLOWED)
        return ERR_OK;
    keyring_clear(ring);
    enum err e = take(o->fd, &ring->policy, sizeof ring->policy) ? ERR_OK : ERR_IO;
    if (!e)
        e = take_secret(o->fd, MAC_KEY_BYTES, &ring->mac_key);
    for (uint32_t i = 0; !e && i < h.entries && i < KEYSTORE_ENTRIES_MAX; i++)
        e = take_entry(o->fd, ring);
    if (e) {
        keyring_clear(ring);
        return ERR_IO;
    }
    memcpy(ring->id, h.id, sizeof ring->id);
    memcpy(ring->policy_hash, h.policy_hash, sizeof ring->policy_hash);
    ring->generation = h.generation;
    ring->open = true;
    return ERR_OK;
}
