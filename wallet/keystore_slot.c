/* The doors of the key store: each slot wraps the one data key. */
#include "base/check.h"
#include "wallet/keystore_parts.h"

#include <string.h>

#define CREDENTIAL_MIN 32

/* The key that a slot's data key is wrapped with. */
static enum err slot_key(const struct keystore_slot *s, const struct keystore_unlock *u,
                         struct secret *ret)
{
    enum err e = secret_make(ret, KEY_LEN);
    if (e)
        return e;
    int bad;
    if (s->kind == SLOT_PASSPHRASE)
        bad = crypto_pwhash(ret->data, KEY_LEN, (const char *)u->secret, u->len, s->salt, s->passes,
                            (size_t)s->memory, crypto_pwhash_ALG_ARGON2ID13);
    else
        bad = crypto_generichash_blake2b_salt_personal(ret->data, KEY_LEN, u->secret, u->len, NULL,
                                                       0, s->salt,
                                                       (const unsigned char *)"tradewind-slot-1");
    if (bad) {
        secret_free(ret);
        return ERR_NOMEM;
    }
    return ERR_OK;
}

/* What a slot's wrapped key is bound to: the store and the slot's own parameters. */
static size_t slot_binding(const struct keystore *k, const struct keystore_slot *s, uint8_t *out,
                           size_t cap)
{
    struct bufw w = bufw_make(out, cap);
    bufw_bytes(&w, MAGIC, 4);
    bufw_u16(&w, KEYSTORE_VERSION);
    bufw_u16(&w, KEYSTORE_SUITE);
    bufw_bytes(&w, k->id, sizeof k->id);
    keystore_write_slot(&w, s);
    CHECK(!w.failed);
    return w.len;
}

enum err keystore_wrap(const struct keystore *k, struct keystore_slot *s,
                       const struct keystore_unlock *u)
{
    struct secret key;
    randombytes_buf(s->salt, sizeof s->salt);
    randombytes_buf(s->nonce, sizeof s->nonce);
    enum err e = slot_key(s, u, &key);
    if (e)
        return e;
    uint8_t bound[256];
    size_t n = slot_binding(k, s, bound, sizeof bound);
    secret_open(&k->data_key);
    crypto_aead_xchacha20poly1305_ietf_encrypt(s->wrapped, NULL, k->data_key.data, KEY_LEN, bound,
                                               n, NULL, s->nonce, key.data);
    secret_shut(&k->data_key);
    secret_free(&key);
    return ERR_OK;
}

enum err keystore_unwrap(const struct keystore *k, const struct keystore_slot *s,
                         const struct keystore_unlock *u, struct secret *ret)
{
    struct secret key, data;
    enum err e = slot_key(s, u, &key);
    if (e)
        return e;
    e = secret_make(&data, KEY_LEN);
    uint8_t bound[256];
    size_t n = slot_binding(k, s, bound, sizeof bound);
    if (!e && crypto_aead_xchacha20poly1305_ietf_decrypt(data.data, NULL, NULL, s->wrapped,
                                                         sizeof s->wrapped, bound, n, s->nonce,
                                                         key.data) != 0) {
        secret_free(&data);
        e = ERR_CORRUPT;
    }
    secret_free(&key);
    if (!e) {
        secret_shut(&data);
        *ret = data;
    }
    return e;
}

int keystore_find_slot(const struct keystore *k, const char *label)
{
    for (uint32_t i = 0; i < k->slots; i++)
        if (strcmp(k->slot[i].label, label) == 0)
            return (int)i;
    return -1;
}

static bool may_be_slot(const struct keystore_unlock *u, const char *label, uint64_t memory,
                        uint32_t passes)
{
    if (!keystore_is_label(label))
        return false;
    if (u->kind == SLOT_CREDENTIAL)
        return u->len >= CREDENTIAL_MIN;
    return u->len > 0 && memory >= KEYSTORE_MEMORY_MIN && memory <= KEYSTORE_MEMORY_MAX &&
           passes >= KEYSTORE_PASSES_MIN && passes <= KEYSTORE_PASSES_MAX;
}

/* Wraps the data key of [k] in a new slot. */
static enum err make_slot(const struct keystore *k, const struct keystore_unlock *u,
                          const char *label, uint64_t memory, uint32_t passes,
                          struct keystore_slot *ret)
{
    bool phrase = u->kind == SLOT_PASSPHRASE;
    struct keystore_slot s = {
        .kind = u->kind, .memory = phrase ? memory : 0, .passes = phrase ? passes : 0};
    memcpy(s.label, label, strlen(label) + 1);
    enum err e = keystore_wrap(k, &s, u);
    if (!e)
        *ret = s;
    return e;
}

enum err keystore_add_slot(struct keystore *k, const struct keystore_unlock *u, const char *label,
                           uint64_t memory, uint32_t passes)
{
    CHECK(keystore_is_open(k));
    if (!may_be_slot(u, label, memory, passes))
        return ERR_RANGE;
    if (keystore_find_slot(k, label) >= 0)
        return ERR_EXISTS;
    if (k->slots == KEYSTORE_SLOTS_MAX)
        return ERR_FULL;
    struct keystore_slot s;
    enum err e = make_slot(k, u, label, memory, passes, &s);
    if (!e)
        k->slot[k->slots++] = s;
    return e;
}

enum err keystore_remove_slot(struct keystore *k, const char *label)
{
    int i = keystore_find_slot(k, label);
    CHECK(keystore_is_open(k));
    if (i < 0)
        return ERR_NOT_FOUND;
    if (k->slots == 1)
        return ERR_STATE;
    memmove(&k->slot[i], &k->slot[i + 1], (k->slots - (uint32_t)i - 1) * sizeof k->slot[0]);
    k->slots--;
    return ERR_OK;
}

enum err keystore_rekey(struct keystore *k, const struct keystore_unlock *u, const char *label,
                        uint64_t memory, uint32_t passes)
{
    CHECK(keystore_is_open(k));
    if (!may_be_slot(u, label, memory, passes))
        return ERR_RANGE;
    struct secret before = k->data_key, fresh;
    enum err e = secret_make(&fresh, KEY_LEN);
    if (e)
        return e;
    randombytes_buf(fresh.data, KEY_LEN);
    secret_shut(&fresh);
    struct keystore_slot s;
    k->data_key = fresh;
    e = make_slot(k, u, label, memory, passes, &s);
    if (e) {
        k->data_key = before;
        secret_free(&fresh);
        return e;
    }
    secret_free(&before);
    memset(k->slot, 0, sizeof k->slot);
    k->slot[0] = s;
    k->slots = 1;
    return ERR_OK;
}
