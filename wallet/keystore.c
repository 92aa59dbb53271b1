#include "wallet/keystore.h"

#include "base/buf.h"
#include "base/check.h"
#include "wallet/keystore_parts.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONTENT_MAX (2 + KEYSTORE_API_KEY_MAX + KEYSTORE_SECRET_MAX)

/* ---- names ---- */

bool keystore_is_label(const char *text)
{
    size_t n = strnlen(text, KEYSTORE_LABEL_MAX);
    if (n == 0 || n == KEYSTORE_LABEL_MAX)
        return false;
    for (size_t i = 0; i < n; i++) {
        char c = text[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!plain && (i == 0 || (c != '-' && c != '_')))
            return false;
    }
    return true;
}

static bool is_printable(const char *text, size_t cap)
{
    size_t n = strnlen(text, cap);
    for (size_t i = 0; i < n; i++)
        if (text[i] < 0x21 || text[i] > 0x7e)
            return false;
    return n < cap;
}

/* ---- header ---- */

void keystore_write_slot(struct bufw *w, const struct keystore_slot *s)
{
    bufw_u8(w, (uint8_t)s->kind);
    bufw_text(w, s->label);
    bufw_u64(w, s->memory);
    bufw_u32(w, s->passes);
    bufw_bytes(w, s->salt, sizeof s->salt);
}

static void write_entry(struct bufw *w, const struct keystore_entry *e)
{
    bufw_text(w, e->label);
    bufw_u8(w, (uint8_t)e->class);
    bufw_u8(w, (uint8_t)e->kind);
    bufw_text(w, e->network);
    bufw_u64(w, e->created_s);
    bufw_u16(w, e->public_len);
    bufw_bytes(w, e->public_part, e->public_len);
    bufw_u16(w, e->sealed_len);
}

static void write_header(struct bufw *w, const struct keystore *k)
{
    bufw_bytes(w, k->id, sizeof k->id);
    bufw_u64(w, k->generation);
    bufw_bytes(w, k->policy_hash, sizeof k->policy_hash);
    bufw_u32(w, k->slots);
    for (uint32_t i = 0; i < k->slots; i++) {
        keystore_write_slot(w, &k->slot[i]);
        bufw_bytes(w, k->slot[i].nonce, sizeof k->slot[i].nonce);
        bufw_bytes(w, k->slot[i].wrapped, sizeof k->slot[i].wrapped);
    }
    bufw_u32(w, k->entries);
    for (uint32_t i = 0; i < k->entries; i++)
        write_entry(w, &k->entry[i]);
}

static enum err complain(char *why, enum err e, const char *text)
{
    snprintf(why, KEYSTORE_WHY_MAX, "%s", text);
    return e;
}

static enum err read_slot(struct bufr *r, struct keystore_slot *s, char *why)
{
    s->kind = (enum slot_kind)bufr_u8(r);
    bufr_text(r, s->label, sizeof s->label);
    s->memory = bufr_u64(r);
    s->passes = bufr_u32(r);
    bufr_bytes(r, s->salt, sizeof s->salt);
    bufr_bytes(r, s->nonce, sizeof s->nonce);
    bufr_bytes(r, s->wrapped, sizeof s->wrapped);
    if (r->failed)
        return complain(why, ERR_CORRUPT, "the key store ends inside a slot");
    if (!keystore_is_label(s->label))
        return complain(why, ERR_CORRUPT, "a slot of the key store has no valid name");
    if (s->kind == SLOT_CREDENTIAL)
        return s->memory || s->passes
                   ? complain(why, ERR_CORRUPT, "a credential slot has parameters it cannot have")
                   : ERR_OK;
    if (s->kind != SLOT_PASSPHRASE)
        return complain(why, ERR_CORRUPT, "a slot is of a kind that this version does not know");
    if (s->memory < KEYSTORE_MEMORY_MIN || s->memory > KEYSTORE_MEMORY_MAX ||
        s->passes < KEYSTORE_PASSES_MIN || s->passes > KEYSTORE_PASSES_MAX)
        return complain(why, ERR_CORRUPT,
                        "the key store asks for a stretching of its passphrase that is out of "
                        "bounds (memory 8 MiB to 4 GiB, passes 1 to 16)");
    return ERR_OK;
}

static enum err read_entry(struct bufr *r, struct keystore_entry *e, char *why)
{
    bufr_text(r, e->label, sizeof e->label);
    e->class = (enum key_class)bufr_u8(r);
    e->kind = (enum key_kind)bufr_u8(r);
    bufr_text(r, e->network, sizeof e->network);
    e->created_s = bufr_u64(r);
    e->public_len = bufr_u16(r);
    if (!r->failed && e->public_len <= sizeof e->public_part)
        bufr_bytes(r, e->public_part, e->public_len);
    else
        r->failed = true;
    e->sealed_len = bufr_u16(r);
    const struct kind_info *kind = kind_get(e->kind);
    if (r->failed || e->sealed_len < TAG_LEN || e->sealed_len > CONTENT_MAX + TAG_LEN)
        return complain(why, ERR_CORRUPT, "an entry of the key store is damaged");
    if (!keystore_is_label(e->label) || !is_printable(e->network, sizeof e->network) || !kind ||
        e->class < CLASS_TRADE || e->class > CLASS_CHAIN || !(kind->classes & 1u << e->class))
        return complain(why, ERR_CORRUPT, "an entry is of a kind that this version does not know");
    return ERR_OK;
}

static enum err read_header(struct bufr *r, struct keystore *k, char *why)
{
    bufr_bytes(r, k->id, sizeof k->id);
    k->generation = bufr_u64(r);
    bufr_bytes(r, k->policy_hash, sizeof k->policy_hash);
    k->slots = bufr_u32(r);
    if (r->failed || k->slots == 0 || k->slots > KEYSTORE_SLOTS_MAX)
        return complain(why, ERR_CORRUPT, "the key store has no slots, or too many");
    for (uint32_t i = 0; i < k->slots; i++) {
        enum err e = read_slot(r, &k->slot[i], why);
        if (e)
            return e;
    }
    k->entries = bufr_u32(r);
    if (r->failed || k->entries > KEYSTORE_ENTRIES_MAX)
        return complain(why, ERR_CORRUPT, "the key store has too many entries");
    for (uint32_t i = 0; i < k->entries; i++) {
        enum err e = read_entry(r, &k->entry[i], why);
        if (e)
            return e;
        if (keystore_find(k, k->entry[i].label) != (int)i)
            return complain(why, ERR_CORRUPT, "two entries of the key store have the same name");
    }
    return ERR_OK;
}

enum err keystore_parse(struct keystore *ret, const uint8_t *bytes, size_t len, char *why)
{
    struct bufr r = bufr_make(bytes, len);
    char magic[4];
    bufr_bytes(&r, magic, sizeof magic);
    uint16_t version = bufr_u16(&r), suite = bufr_u16(&r);
    uint32_t header_len = bufr_u32(&r);
    if (r.failed || memcmp(magic, MAGIC, sizeof magic) != 0)
        return complain(why, ERR_CORRUPT, "this is not a key store");
    if (version != KEYSTORE_VERSION || suite != KEYSTORE_SUITE)
        return complain(why, ERR_CORRUPT,
                        "the key store is of a version that this program does not know");
    if (len > KEYSTORE_FILE_MAX || header_len > len - PREFIX_LEN)
        return complain(why, ERR_CORRUPT, "the key store is damaged: its length is wrong");
    struct keystore *k = calloc(1, sizeof *k);
    if (!k)
        return complain(why, ERR_NOMEM, "no memory for the key store");
    struct bufr header = bufr_make(bytes + PREFIX_LEN, header_len);
    enum err e = read_header(&header, k, why);
    size_t rest = NONCE_LEN + TAG_LEN;
    for (uint32_t i = 0; !e && i < k->entries; i++)
        rest += NONCE_LEN + k->entry[i].sealed_len;
    if (!e && (header.pos != header.len || len != PREFIX_LEN + header_len + rest))
        e = complain(why, ERR_CORRUPT, "the key store is damaged: its length is wrong");
    if (!e && !(k->file = malloc(len)))
        e = complain(why, ERR_NOMEM, "no memory for the key store");
    if (!e) {
        memcpy(k->file, bytes, len);
        k->file_len = len;
        k->header_len = header_len;
        *ret = *k;
    }
    free(k);
    return e;
}

/* ---- entries ---- */

/* Associated data of entry [i]: the prefix and the whole header, and which entry it is. */
static void binding_of(const struct keystore *k, const uint8_t *file, size_t header_len, uint32_t i,
                       uint8_t out[crypto_generichash_BYTES])
{
    crypto_generichash_state st;
    (void)k;
    crypto_generichash_init(&st, NULL, 0, crypto_generichash_BYTES);
    crypto_generichash_update(&st, file, PREFIX_LEN + header_len);
    crypto_generichash_update(&st, (const uint8_t *)&i, sizeof i);
    crypto_generichash_final(&st, out, crypto_generichash_BYTES);
}

static enum err open_entries(struct keystore *k)
{
    uint8_t bound[crypto_generichash_BYTES];
    size_t pos = PREFIX_LEN + k->header_len;
    enum err e = ERR_OK;
    secret_open(&k->data_key);
    binding_of(k, k->file, k->header_len, UINT32_MAX, bound);
    uint8_t nothing;
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(&nothing, NULL, NULL, k->file + pos + NONCE_LEN,
                                                   TAG_LEN, bound, sizeof bound, k->file + pos,
                                                   k->data_key.data) != 0)
        e = ERR_CORRUPT;
    pos += NONCE_LEN + TAG_LEN;
    for (uint32_t i = 0; !e && i < k->entries; i++) {
        size_t sealed = k->entry[i].sealed_len;
        binding_of(k, k->file, k->header_len, i, bound);
        e = secret_make(&k->content[i], sealed - TAG_LEN);
        if (!e && crypto_aead_xchacha20poly1305_ietf_decrypt(
                      k->content[i].data, NULL, NULL, k->file + pos + NONCE_LEN, sealed, bound,
                      sizeof bound, k->file + pos, k->data_key.data) != 0)
            e = ERR_CORRUPT;
        if (k->content[i].data)
            secret_shut(&k->content[i]);
        pos += NONCE_LEN + sealed;
    }
    secret_shut(&k->data_key);
    return e;
}

static void forget(struct keystore *k)
{
    for (uint32_t i = 0; i < KEYSTORE_ENTRIES_MAX; i++)
        secret_free(&k->content[i]);
    secret_free(&k->data_key);
}

/* Each content is a text and a secret; what decrypts was written by us, and is looked at anyway. */
static bool contents_are_good(const struct keystore *k)
{
    for (uint32_t i = 0; i < k->entries; i++) {
        const struct secret *c = &k->content[i];
        const struct kind_info *kind = kind_get(k->entry[i].kind);
        secret_open(c);
        const uint8_t *end = c->len ? memchr(c->data, 0, c->len) : NULL;
        size_t text = end ? (size_t)(end - c->data) : 0, len = end ? c->len - text - 1 : 0;
        bool good =
            end && text < KEYSTORE_API_KEY_MAX &&
            (text > 0 ? kind->has_api_key : !kind->has_api_key || kind->api_key_may_follow) &&
            len >= kind->secret_min && len <= kind->secret_max;
        secret_shut(c);
        if (!good)
            return false;
    }
    return true;
}

enum err keystore_open(struct keystore *k, const struct keystore_unlock *u)
{
    enum err e = ERR_CORRUPT;
    CHECK(k->file && !k->data_key.data);
    for (uint32_t i = 0; i < k->slots && e == ERR_CORRUPT; i++)
        if (k->slot[i].kind == u->kind)
            e = keystore_unwrap(k, &k->slot[i], u, &k->data_key);
    if (!e)
        e = open_entries(k);
    if (!e && !contents_are_good(k))
        e = ERR_CORRUPT;
    if (e)
        forget(k);
    return e;
}

bool keystore_is_open(const struct keystore *k)
{
    return k->data_key.data != NULL;
}

void keystore_close(struct keystore *k)
{
    forget(k);
    free(k->file);
    sodium_memzero(k, sizeof *k);
}

/* ---- changes ---- */

enum err keystore_create(struct keystore *ret, const struct keystore_unlock *u, const char *label,
                         uint64_t memory, uint32_t passes)
{
    struct keystore *k = calloc(1, sizeof *k);
    if (!k)
        return ERR_NOMEM;
    enum err e = secret_make(&k->data_key, KEY_LEN);
    if (!e) {
        randombytes_buf(k->data_key.data, KEY_LEN);
        secret_shut(&k->data_key);
        randombytes_buf(k->id, sizeof k->id);
        e = keystore_add_slot(k, u, label, memory, passes);
    }
    if (e)
        forget(k);
    else
        *ret = *k;
    free(k);
    return e;
}

int keystore_find(const struct keystore *k, const char *label)
{
    for (uint32_t i = 0; i < k->entries; i++)
        if (strcmp(k->entry[i].label, label) == 0)
            return (int)i;
    return -1;
}

static enum err check_entry(const struct keystore *k, const struct keystore_entry *h,
                            const char *api_key, size_t len, char *why)
{
    const struct kind_info *kind = kind_get(h->kind);
    if (!keystore_is_label(h->label))
        return complain(why, ERR_RANGE,
                        "the name of a key has 1 to 32 characters a-z, 0-9, '-' and "
                        "'_', the first a letter or digit");
    if (keystore_find(k, h->label) >= 0)
        return complain(why, ERR_EXISTS, "there is a key with that name already");
    if (k->entries == KEYSTORE_ENTRIES_MAX)
        return complain(why, ERR_FULL, "the key store is full: 64 keys");
    if (!kind || h->class < CLASS_TRADE || h->class > CLASS_CHAIN ||
        !(kind->classes & 1u << h->class))
        return complain(why, ERR_RANGE, "a key of this kind cannot have that class");
    if (!is_printable(h->network, sizeof h->network))
        return complain(why, ERR_RANGE,
                        "the network is not printable text of at most 64 characters");
    bool given = api_key != NULL && api_key[0] != 0;
    if (given != kind->has_api_key && (given || !kind->api_key_may_follow))
        return complain(why, ERR_RANGE,
                        kind->has_api_key ? "this kind needs an API key, too"
                                          : "this kind has no API key");
    if (api_key && !is_printable(api_key, KEYSTORE_API_KEY_MAX))
        return complain(why, ERR_RANGE,
                        "the API key is not printable text of at most 128 characters");
    if (len < kind->secret_min || len > kind->secret_max) {
        snprintf(why, KEYSTORE_WHY_MAX,
                 "a secret of kind %s has %zu to %zu bytes, this one has %zu", kind->name,
                 kind->secret_min, kind->secret_max, len);
        return ERR_RANGE;
    }
    return ERR_OK;
}

static enum err make_content(struct secret *ret, const char *api_key, const uint8_t *secret,
                             size_t len)
{
    size_t text = api_key ? strlen(api_key) : 0;
    struct secret content;
    enum err e = secret_make(&content, text + 1 + len);
    if (e)
        return e;
    if (text)
        memcpy(content.data, api_key, text);
    memcpy(content.data + text + 1, secret, len);
    secret_shut(&content);
    *ret = content;
    return ERR_OK;
}

enum err keystore_add(struct keystore *k, const struct keystore_entry *header, const char *api_key,
                      const uint8_t *secret, size_t len, char *why)
{
    CHECK(keystore_is_open(k));
    enum err e = check_entry(k, header, api_key, len, why);
    if (e)
        return e;
    struct secret content;
    e = make_content(&content, api_key, secret, len);
    if (e)
        return complain(why, e, "no memory that could be locked");
    k->entry[k->entries] = *header;
    k->entry[k->entries].sealed_len = (uint16_t)(content.len + TAG_LEN);
    k->content[k->entries++] = content;
    return ERR_OK;
}

enum err keystore_set_api_key(struct keystore *k, const char *label, const char *api_key, char *why)
{
    int i = keystore_find(k, label);
    CHECK(keystore_is_open(k));
    if (i < 0)
        return complain(why, ERR_NOT_FOUND, "there is no key with that name");
    const struct kind_info *kind = kind_get(k->entry[i].kind);
    if (!kind->api_key_may_follow)
        return complain(why, ERR_RANGE,
                        "the API key of this kind belongs to its secret: remove the key, and add "
                        "both anew");
    if (api_key[0] == 0 || !is_printable(api_key, KEYSTORE_API_KEY_MAX))
        return complain(why, ERR_RANGE, "the API key is not printable text of 1 to 128 characters");
    const char *before;
    const uint8_t *secret;
    size_t len;
    struct secret content;
    secret_open(&k->content[i]);
    keystore_parts(&k->content[i], &before, &secret, &len);
    enum err e = make_content(&content, api_key, secret, len);
    secret_shut(&k->content[i]);
    if (e)
        return complain(why, e, "no memory that could be locked");
    secret_free(&k->content[i]);
    k->content[i] = content;
    k->entry[i].sealed_len = (uint16_t)(content.len + TAG_LEN);
    return ERR_OK;
}

enum err keystore_remove(struct keystore *k, const char *label)
{
    int i = keystore_find(k, label);
    CHECK(keystore_is_open(k));
    if (i < 0)
        return ERR_NOT_FOUND;
    secret_free(&k->content[i]);
    uint32_t after = k->entries - (uint32_t)i - 1;
    memmove(&k->entry[i], &k->entry[i + 1], after * sizeof k->entry[0]);
    memmove(&k->content[i], &k->content[i + 1], after * sizeof k->content[0]);
    k->content[--k->entries] = (struct secret){0};
    return ERR_OK;
}

const struct secret *keystore_content(const struct keystore *k, int entry)
{
    CHECK(keystore_is_open(k) && entry >= 0 && (uint32_t)entry < k->entries);
    return &k->content[entry];
}

void keystore_parts(const struct secret *opened, const char **api_key, const uint8_t **secret,
                    size_t *len)
{
    size_t text = strlen((const char *)opened->data); /* contents_are_good() */
    *api_key = (const char *)opened->data;
    *secret = opened->data + text + 1;
    *len = opened->len - text - 1;
}

enum err keystore_encode(struct keystore *k, uint8_t *out, size_t *ret_len)
{
    CHECK(keystore_is_open(k));
    struct bufw w = bufw_make(out, KEYSTORE_FILE_MAX);
    k->generation++;
    bufw_bytes(&w, MAGIC, 4);
    bufw_u16(&w, KEYSTORE_VERSION);
    bufw_u16(&w, KEYSTORE_SUITE);
    bufw_u32(&w, 0);
    write_header(&w, k);
    if (w.failed)
        return ERR_FULL;
    uint32_t header_len = (uint32_t)(w.len - PREFIX_LEN);
    memcpy(out + 8, &header_len, sizeof header_len);
    uint8_t bound[crypto_generichash_BYTES], nonce[NONCE_LEN];
    secret_open(&k->data_key);
    for (uint32_t i = 0; i <= k->entries; i++) { /* the seal first, then the entries */
        const struct secret *c = i ? &k->content[i - 1] : NULL;
        size_t len = c ? c->len : 0;
        uint8_t sealed[CONTENT_MAX + TAG_LEN];
        if (c)
            secret_open(c);
        randombytes_buf(nonce, sizeof nonce);
        binding_of(k, out, header_len, i ? i - 1 : UINT32_MAX, bound);
        crypto_aead_xchacha20poly1305_ietf_encrypt(sealed, NULL, c ? c->data : NULL, len, bound,
                                                   sizeof bound, NULL, nonce, k->data_key.data);
        if (c)
            secret_shut(c);
        bufw_bytes(&w, nonce, sizeof nonce);
        bufw_bytes(&w, sealed, len + TAG_LEN);
    }
    secret_shut(&k->data_key);
    if (w.failed)
        return ERR_FULL;
    *ret_len = w.len;
    return ERR_OK;
}
