/* Key-store files: whatever the bytes, parsing ends with a verdict, and what opens can be written
 * and read again. The corpus opens with a credential. */
#include "wallet/keystore.h"

#include "base/check.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Only stores whose slots are all credentials are opened: a passphrase may cost gigabytes. */
static bool is_cheap(const struct keystore *k)
{
    for (uint32_t i = 0; i < k->slots; i++)
        if (k->slot[i].kind != SLOT_CREDENTIAL)
            return false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t out[KEYSTORE_FILE_MAX];
    char why[KEYSTORE_WHY_MAX];
    uint8_t credential[32];
    memset(credential, 7, sizeof credential);
    struct keystore_unlock u = {SLOT_CREDENTIAL, credential, sizeof credential};
    struct keystore *k = calloc(1, sizeof *k), *again = calloc(1, sizeof *again);
    CHECK(k && again && secret_init() == ERR_OK);
    if (keystore_parse(k, data, size, why) == ERR_OK && is_cheap(k) &&
        keystore_open(k, &u) == ERR_OK) {
        size_t len = 0;
        CHECK(keystore_encode(k, out, &len) == ERR_OK);
        CHECK(keystore_parse(again, out, len, why) == ERR_OK);
        CHECK(keystore_open(again, &u) == ERR_OK && again->entries == k->entries);
    }
    keystore_close(k);
    keystore_close(again);
    free(k);
    free(again);
    return 0;
}
