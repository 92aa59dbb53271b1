#include "wallet/policy_store.h"

#include "base/check.h"
#include "wallet/file.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

_Static_assert(POLICY_HASH_BYTES == sizeof((struct keystore *)0)->policy_hash, "one hash");
_Static_assert(POLICY_HASH_BYTES == crypto_generichash_BYTES, "BLAKE2b-256");

/* In the order in which they are asked. */
static const char *const PLACES[] = {"", ".new", ".previous"};
#define PLACE_COUNT (sizeof PLACES / sizeof *PLACES)

void policy_hash(const uint8_t *bytes, size_t len, uint8_t out[static POLICY_HASH_BYTES])
{
    crypto_generichash(out, POLICY_HASH_BYTES, bytes, len, NULL, 0);
}

enum err policy_store_path(const char *store, char *out, char *why)
{
    return file_beside(out, store, ".policy")
               ? ERR_OK
               : why_say(why, ERR_RANGE, "the path of the key store is too long");
}

/* The policy at [path] if it has the attested hash. ERR_NOT_FOUND; ERR_CORRUPT: it has another. */
static enum err read_attested(const uint8_t *hash, const char *path, struct policy *ret, char *why)
{
    uint8_t *bytes = NULL, found[POLICY_HASH_BYTES];
    size_t len = 0;
    enum err e = file_read(path, WIRE_POLICY_MAX, &bytes, &len, why);
    if (e)
        return e;
    policy_hash(bytes, len, found);
    if (sodium_memcmp(found, hash, sizeof found) != 0)
        e = why_say(why, ERR_CORRUPT,
                    "%.120s: is not the policy that the key store attests: it was changed, or is "
                    "an older one; `tradewind policy set` sets it anew",
                    path);
    else if (policy_decode(bytes, len, ret) != ERR_OK)
        e = why_say(why, ERR_CORRUPT,
                    "%.120s: is attested, but not a policy that this version reads", path);
    free(bytes);
    return e;
}

/* Which of the places has the attested policy. The error is that of the first one. */
static enum err find(const uint8_t *hash, const char *path, size_t *ret_place, struct policy *ret,
                     char *why)
{
    char place[FILE_PATH_MAX], other[WHY_MAX];
    enum err first = ERR_OK;
    for (size_t i = 0; i < PLACE_COUNT; i++) {
        if (!file_beside(place, path, PLACES[i]))
            return why_say(why, ERR_RANGE, "the path of the policy is too long");
        enum err e = read_attested(hash, place, ret, i ? other : why);
        if (!e) {
            *ret_place = i;
            return ERR_OK;
        }
        if (i == 0)
            first = e;
    }
    return first;
}

enum err policy_store_find(const uint8_t hash[static POLICY_HASH_BYTES], const char *path,
                           struct policy *ret, char *why)
{
    size_t place = 0;
    if (sodium_is_zero(hash, POLICY_HASH_BYTES)) {
        if (access(path, F_OK) == 0)
            return why_say(why, ERR_CORRUPT,
                           "%.120s: the key store attests no policy, this one is not believed; "
                           "`tradewind policy set` sets one",
                           path);
        memset(ret, 0, sizeof *ret);
        return ERR_OK;
    }
    enum err e = find(hash, path, &place, ret, why);
    if (e == ERR_NOT_FOUND)
        return why_say(why, ERR_CORRUPT,
                       "%.120s: is missing, and the key store attests one; put it back, or "
                       "`tradewind policy set` sets it anew",
                       path);
    return e;
}

enum err policy_store_read(const struct keystore *k, const char *path, struct policy *ret,
                           char *why)
{
    CHECK(keystore_is_open(k));
    return policy_store_find(k->policy_hash, path, ret, why);
}

/* The attested policy to its place, so that what is written to the others does not harm it. */
static enum err settle(const struct keystore *k, const char *path, char *why)
{
    static struct policy attested; /* 24 kB */
    char place[FILE_PATH_MAX], unread[WHY_MAX];
    size_t i = 0;
    if (find(k->policy_hash, path, &i, &attested, unread) != ERR_OK || i == 0)
        return ERR_OK;
    if (!file_beside(place, path, PLACES[i]) || rename(place, path) != 0)
        return file_fail(why, ERR_IO, path, "cannot be replaced");
    return file_sync_directory(path, why);
}

/* Whether the store on disk still attests what [k] does: else .new may be its policy. */
static enum err same_on_disk(const struct keystore *k, const char *store, char *why)
{
    struct keystore *disk = calloc(1, sizeof *disk);
    if (!disk)
        return why_say(why, ERR_NOMEM, "no memory");
    enum err e = keystore_read(disk, store, why);
    if (!e && (memcmp(disk->id, k->id, sizeof k->id) != 0 ||
               memcmp(disk->policy_hash, k->policy_hash, sizeof k->policy_hash) != 0))
        e = why_say(why, ERR_STATE,
                    "%.120s: the key store on disk is not the one that was opened: open it again",
                    store);
    keystore_close(disk);
    free(disk);
    return e;
}

/* The store attests [next] now, wherever that stands: what fails here is done by settle() later. */
static void take_place(const char *path, const char *next, const char *previous)
{
    char why[WHY_MAX];
    enum err e = file_keep(path, previous, why);
    if ((!e || errno == ENOENT) && rename(next, path) == 0)
        e = file_sync_directory(path, why);
    (void)e;
}

enum err policy_store_write(struct keystore *k, const char *store, const char *path,
                            const uint8_t *bytes, size_t len, char *why)
{
    static struct policy p; /* 24 kB */
    char next[FILE_PATH_MAX], previous[FILE_PATH_MAX];
    uint8_t before[POLICY_HASH_BYTES];
    CHECK(keystore_is_open(k));
    enum err e = policy_decode(bytes, len, &p);
    if (e)
        return why_say(why, e, "this is not a compiled policy of this version");
    if (!file_beside(next, path, ".new") || !file_beside(previous, path, ".previous"))
        return why_say(why, ERR_RANGE, "the path of the policy is too long");
    e = same_on_disk(k, store, why);
    if (!e)
        e = settle(k, path, why);
    if (!e)
        e = file_write_new(next, bytes, len, why);
    if (!e)
        e = file_sync_directory(next, why);
    if (e)
        return e;
    memcpy(before, k->policy_hash, sizeof before);
    policy_hash(bytes, len, k->policy_hash);
    e = keystore_write(k, store, false, why);
    if (e) {
        memcpy(k->policy_hash, before, sizeof before);
        return e; /* the store on disk may attest .new already: it stays */
    }
    take_place(path, next, previous);
    return ERR_OK;
}
