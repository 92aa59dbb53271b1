#include "wallet/key_slots.h"

#include "wallet/file.h"
#include "wallet/key_list.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *kind_name(enum slot_kind kind)
{
    return kind == SLOT_PASSPHRASE ? "passphrase" : "credential";
}

/* ---- what there is ---- */

static enum err list_json(const struct keystore *k, char *why)
{
    cJSON *root = cJSON_CreateObject(), *slots = cJSON_AddArrayToObject(root, "slots");
    cJSON_AddBoolToObject(root, "verified", keystore_is_open(k));
    for (uint32_t i = 0; i < k->slots; i++) {
        const struct keystore_slot *s = &k->slot[i];
        bool phrase = s->kind == SLOT_PASSPHRASE;
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "name", s->label);
        cJSON_AddStringToObject(o, "kind", kind_name(s->kind));
        if (phrase) {
            cJSON_AddNumberToObject(o, "memory_mib", (double)(s->memory >> 20));
            cJSON_AddNumberToObject(o, "passes", s->passes);
        }
        cJSON_AddItemToArray(slots, o);
    }
    return key_print_json(root, why);
}

enum err key_slots_list(struct key_store *s, const struct key_args *a, char *why)
{
    enum err e = a->unverified ? key_store_read(s, a, why) : key_store_open(s, a, why);
    if (e)
        return e;
    if (a->json)
        return list_json(&s->k, why);
    if (a->unverified)
        puts("not verified: the store was not opened, what follows could have been changed");
    printf("%-20s %-10s %s\n", "NAME", "KIND", "STRETCHED WITH");
    for (uint32_t i = 0; i < s->k.slots; i++) {
        const struct keystore_slot *slot = &s->k.slot[i];
        printf("%-20s %-10s ", slot->label, kind_name(slot->kind));
        if (slot->kind == SLOT_PASSPHRASE)
            printf("%llu MiB, %u passes\n", (unsigned long long)(slot->memory >> 20), slot->passes);
        else
            puts("-");
    }
    return ERR_OK;
}

/* ---- one more ---- */

/* Whether it could be added, before a secret is asked for or made. */
static enum err check_new(const struct keystore *k, const char *label, char *why)
{
    if (!keystore_is_label(label))
        return why_say(why, ERR_RANGE,
                       "the name of a slot has 1 to 32 characters a-z, 0-9, '-' and '_', the first "
                       "a letter or digit");
    if (keystore_find_slot(k, label) >= 0)
        return why_say(why, ERR_EXISTS, "there is a slot with that name already");
    if (k->slots == KEYSTORE_SLOTS_MAX)
        return why_say(why, ERR_FULL, "the key store has %d slots, more cannot be",
                       KEYSTORE_SLOTS_MAX);
    return ERR_OK;
}

static bool wants_credential(const struct key_args *a)
{
    return !input_is_terminal(&a->new_credential);
}

/* Makes a credential and hands it out; shut. */
static enum err make_credential(const struct input *to, struct secret *ret, char *why)
{
    struct secret s;
    enum err e = secret_make(&s, KEY_CREDENTIAL_LEN);
    if (e)
        return why_say(why, e, "no memory that could be locked");
    randombytes_buf(s.data, s.len);
    if (to->file)
        e = file_create(to->file, s.data, s.len, why);
    else if (write(to->fd, s.data, s.len) != (ssize_t)s.len)
        e = why_say(why, ERR_IO, "the credential cannot be written to descriptor %d: %s", to->fd,
                    strerror(errno));
    secret_shut(&s);
    if (e)
        secret_free(&s);
    else
        *ret = s;
    return e;
}

static enum err add(struct key_store *s, const struct key_args *a, enum slot_kind kind,
                    const struct secret *secret, char *why)
{
    secret_open(secret);
    struct keystore_unlock u = {kind, secret->data, secret->len};
    enum err e = keystore_add_slot(&s->k, &u, a->argument, a->memory, a->passes);
    secret_shut(secret);
    if (e)
        return why_say(why, e, "the slot cannot be made: %s", err_name(e));
    e = key_store_write(s, why);
    return e ? e : key_store_prove(s->path, kind, secret, why);
}

enum err key_slots_add(struct key_store *s, const struct key_args *a, char *why)
{
    bool credential = wants_credential(a);
    struct secret secret;
    if (credential && !input_is_terminal(&a->new_passphrase))
        return why_say(why, ERR_RANGE, "a slot has a passphrase or a credential, not both");
    enum err e = key_store_open(s, a, why);
    if (!e)
        e = check_new(&s->k, a->argument, why);
    if (!e)
        e = credential ? make_credential(&a->new_credential, &secret, why)
                       : key_store_new_passphrase(&a->new_passphrase, "passphrase of the new slot",
                                                  &secret, why);
    if (e)
        return e;
    e = add(s, a, credential ? SLOT_CREDENTIAL : SLOT_PASSPHRASE, &secret, why);
    secret_free(&secret);
    if (e && credential && a->new_credential.file)
        (void)unlink(a->new_credential.file); /* it opens nothing */
    if (e)
        return e;
    printf("%s: opens the store, too\n", a->argument);
    if (credential && a->new_credential.file)
        printf(
            "%s holds its credential in clear: encrypt it (systemd-creds encrypt --name=tradewind-"
            "keys), then remove it\n",
            a->new_credential.file);
    return ERR_OK;
}

/* ---- one less ---- */

static bool is_last_passphrase(const struct keystore *k, int i)
{
    for (uint32_t n = 0; n < k->slots; n++)
        if ((int)n != i && k->slot[n].kind == SLOT_PASSPHRASE)
            return false;
    return k->slot[i].kind == SLOT_PASSPHRASE;
}

enum err key_slots_remove(struct key_store *s, const struct key_args *a, char *why)
{
    enum err e = key_store_open(s, a, why);
    if (e)
        return e;
    int i = keystore_find_slot(&s->k, a->argument);
    if (i < 0)
        return why_say(why, ERR_NOT_FOUND, "there is no slot with that name");
    if (s->k.slots == 1)
        return why_say(why, ERR_STATE,
                       "it is the only slot: without it nobody could open the store");
    if (is_last_passphrase(&s->k, i) && !a->yes)
        return why_say(
            why, ERR_STATE,
            "it is the last passphrase: the store would open with a credential only, that "
            "is on this machine only; --yes removes it");
    e = keystore_remove_slot(&s->k, a->argument);
    if (!e)
        e = key_store_write(s, why);
    if (e)
        return e;
    printf(
        "%s: removed. Copies of the store from before still open with it, and who had it may know "
        "the data key: `tradewind key rekey` draws another one\n",
        a->argument);
    return ERR_OK;
}
