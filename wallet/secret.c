#include "wallet/secret.h"

#include "base/check.h"

#include <sodium.h>
#include <string.h>

static bool require_lock;

enum err secret_init(void)
{
    return sodium_init() < 0 ? ERR_STATE : ERR_OK;
}

void secret_require_lock(void)
{
    require_lock = true;
}

enum err secret_make(struct secret *ret, size_t len)
{
    uint8_t *data = sodium_malloc(len ? len : 1);
    if (!data)
        return ERR_NOMEM;
    /* sodium_malloc() locks as far as it may and does not say whether it could: asking again does
     */
    if (sodium_mlock(data, len ? len : 1) != 0 && require_lock) {
        sodium_free(data);
        return ERR_NOMEM;
    }
    memset(data, 0, len ? len : 1);
    *ret = (struct secret){data, len};
    return ERR_OK;
}

enum err secret_copy(struct secret *ret, const void *from, size_t len)
{
    struct secret s;
    enum err e = secret_make(&s, len);
    if (e)
        return e;
    if (len)
        memcpy(s.data, from, len);
    secret_shut(&s);
    *ret = s;
    return ERR_OK;
}

void secret_free(struct secret *s)
{
    if (s->data)
        sodium_free(s->data); /* makes it writable, wipes, unlocks */
    *s = (struct secret){0};
}

void secret_open(const struct secret *s)
{
    CHECK(sodium_mprotect_readonly(s->data) == 0);
}

void secret_edit(struct secret *s)
{
    CHECK(sodium_mprotect_readwrite(s->data) == 0);
}

void secret_shut(const struct secret *s)
{
    CHECK(sodium_mprotect_noaccess(s->data) == 0);
}
