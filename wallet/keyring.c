#include "wallet/keyring.h"

#include "base/check.h"

#include <sodium.h>
#include <string.h>

bool keyring_wants(const struct keystore_entry *e)
{
    return e->class == CLASS_WIRE || encoder_find(e->kind, e->network) != NULL;
}

static struct wire_key info_of(const struct keystore_entry *e)
{
    struct wire_key k;
    memset(&k, 0, sizeof k);
    memcpy(k.label, e->label, sizeof k.label);
    memcpy(k.network, e->network, sizeof k.network);
    k.class = (uint8_t)e->class;
    k.kind = (uint8_t)e->kind;
    k.public_len = e->public_len;
    memcpy(k.public_part, e->public_part, e->public_len);
    return k;
}

enum err keyring_add(struct keyring *r, const struct keystore_entry *e, struct secret *content)
{
    CHECK(r->count < KEYSTORE_ENTRIES_MAX);
    struct keyring_entry *k = &r->entry[r->count];
    memset(k, 0, sizeof *k);
    k->info = info_of(e);
    enum err err = ERR_OK;
    if (e->class == CLASS_WIRE) {
        k->content = *content;
        *content = (struct secret){0};
    } else if (content->data) {
        const char *api_key;
        const uint8_t *secret;
        size_t len;
        secret_open(content);
        keystore_parts(content, &api_key, &secret, &len);
        err = sign_key_make(&k->sign, e->kind, api_key, secret, len);
        secret_free(content);
        /* A public key that the venue has given no API key for, or one that cannot be one: there,
         * but of no use. */
        if (!err)
            k->encoder = encoder_find(e->kind, e->network);
    }
    if (err == ERR_NOMEM)
        return err;
    r->count++;
    return ERR_OK;
}

const struct keyring_entry *keyring_find(const struct keyring *r, const char *label)
{
    for (uint32_t i = 0; i < r->count; i++)
        if (strcmp(r->entry[i].info.label, label) == 0)
            return &r->entry[i];
    return NULL;
}

struct sign_key *keyring_sign_key(struct keyring *r, const struct keyring_entry *e)
{
    return &r->entry[e - r->entry].sign;
}

void keyring_clear(struct keyring *r)
{
    for (uint32_t i = 0; i < r->count; i++) {
        sign_key_free(&r->entry[i].sign);
        secret_free(&r->entry[i].content);
    }
    secret_free(&r->mac_key);
    sodium_memzero(r, sizeof *r);
}
