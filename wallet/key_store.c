#include "wallet/key_store.h"

#include "wallet/audit_place.h"
#include "wallet/why.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

/* The directory of [path]; false where it is too long. */
static const char *directory_of(const char *path, char copy[KEY_PATH_MAX])
{
    (void)snprintf(copy, KEY_PATH_MAX, "%s", path);
    return dirname(copy);
}

static enum err lock(struct key_store *s, const char *path, char *why)
{
    char copy[KEY_PATH_MAX];
    const char *directory = directory_of(path, copy);
    s->path = path;
    s->lock = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->lock < 0)
        return why_say(why, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "%.120s: %s%s", directory,
                       strerror(errno),
                       errno == ENOENT ? "; `tradewind key init` makes a key store" : "");
    if (flock(s->lock, LOCK_EX | LOCK_NB) != 0)
        return why_say(why, ERR_STATE, "%.120s: another program works on this key store", path);
    return ERR_OK;
}

enum err key_store_read(struct key_store *s, const struct key_args *a, char *why)
{
    s->lock = -1;
    enum err e = lock(s, a->store, why);
    if (!e)
        e = keystore_read(&s->k, a->store, why);
    return e;
}

static enum err try_open(struct keystore *k, const char *path, enum slot_kind kind,
                         const struct secret *secret, char *why)
{
    static unsigned failures; /* of this process */
    secret_open(secret);
    struct keystore_unlock u = {kind, secret->data, secret->len};
    enum err e = keystore_open(k, &u);
    secret_shut(secret);
    if (e == ERR_CORRUPT) {
        sleep(1u << (failures < 6 ? failures : 6));
        failures++;
        return why_say(why, e, "%.120s: does not open: the %s is wrong, or the file is damaged",
                       path, kind == SLOT_PASSPHRASE ? "passphrase" : "credential");
    }
    if (e)
        return why_say(why, e, "%.120s: does not open: not enough memory to stretch the passphrase",
                       path);
    return ERR_OK;
}

static enum err open_by_credential(struct key_store *s, const struct key_args *a, char *why)
{
    struct secret secret;
    if (!input_is_terminal(&a->passphrase))
        return why_say(why, ERR_RANGE, "the store opens with a passphrase or a credential: one");
    enum err e = input_read(&a->credential, "credential of the key store", KEY_CREDENTIAL_MAX,
                            INPUT_RAW, &secret, why);
    if (e)
        return e;
    e = try_open(&s->k, a->store, SLOT_CREDENTIAL, &secret, why);
    secret_free(&secret);
    if (!e)
        keystore_confirm(a->store);
    return e;
}

enum err key_store_open(struct key_store *s, const struct key_args *a, char *why)
{
    enum err e = key_store_read(s, a, why);
    if (!e && !input_is_terminal(&a->credential))
        return open_by_credential(s, a, why);
    int tries = input_is_terminal(&a->passphrase) ? KEY_TRIES : 1;
    for (int i = 0; !e && i < tries; i++) {
        struct secret phrase;
        e = input_read(&a->passphrase, "passphrase of the key store", KEY_PASSPHRASE_MAX, 0,
                       &phrase, why);
        if (e)
            return e;
        e = try_open(&s->k, a->store, SLOT_PASSPHRASE, &phrase, why);
        secret_free(&phrase);
        if (!e) {
            keystore_confirm(a->store);
            return ERR_OK;
        }
        if (e == ERR_CORRUPT && i + 1 < tries) {
            fprintf(stderr, "%s\n", why);
            e = ERR_OK;
        }
    }
    return e;
}

enum err key_store_new_passphrase(const struct input *from, const char *name, struct secret *ret,
                                  char *why)
{
    enum err e = input_read(from, name, KEY_PASSPHRASE_MAX, INPUT_TWICE, ret, why);
    if (e)
        return e;
    if (ret->len < KEY_PASSPHRASE_MIN) {
        secret_free(ret);
        return why_say(why, ERR_RANGE,
                       "%s: at least %d characters; five or six random words are good", name,
                       KEY_PASSPHRASE_MIN);
    }
    return ERR_OK;
}

enum err key_store_create(struct key_store *s, const struct key_args *a, char *why)
{
    struct secret phrase;
    s->lock = -1;
    enum err e = audit_place_make_for(a->store, why);
    if (!e)
        e = lock(s, a->store, why);
    if (!e && access(a->store, F_OK) == 0)
        e = why_say(why, ERR_EXISTS, "%.120s: is there already; it is not replaced", a->store);
    if (!e)
        e = key_store_new_passphrase(&a->passphrase, "passphrase of the new key store", &phrase,
                                     why);
    if (e)
        return e;
    secret_open(&phrase);
    struct keystore_unlock u = {SLOT_PASSPHRASE, phrase.data, phrase.len};
    e = keystore_create(&s->k, &u, "main", a->memory, a->passes);
    secret_free(&phrase);
    if (e)
        return why_say(why, e, "no memory to stretch the passphrase (%s)", err_name(e));
    return keystore_write(&s->k, a->store, true, why);
}

enum err key_store_write(struct key_store *s, char *why)
{
    return keystore_write(&s->k, s->path, false, why);
}

enum err key_store_prove(const char *path, enum slot_kind kind, const struct secret *secret,
                         char *why)
{
    struct keystore *k = calloc(1, sizeof *k);
    enum err e = k ? keystore_read(k, path, why) : why_say(why, ERR_NOMEM, "no memory");
    if (!e)
        e = try_open(k, path, kind, secret, why);
    if (!e)
        keystore_confirm(path);
    if (k)
        keystore_close(k);
    free(k);
    return e;
}

void key_store_close(struct key_store *s)
{
    keystore_close(&s->k);
    if (s->lock >= 0)
        close(s->lock);
    s->lock = -1;
}
