#include "wallet/secret.h"

#include "base/check.h"

#include <sodium.h>
#include <string.h>

#define PLACES_MAX 96

static bool require_lock;

/* What secret_reserve() took; each place is its own page between guard pages. */
static struct {
    uint8_t *data;
    bool taken;
} place[PLACES_MAX];
static size_t places;

enum err secret_init(void)
{
    return sodium_init() < 0 ? ERR_STATE : ERR_OK;
}

void secret_require_lock(void)
{
    require_lock = true;
}

enum err secret_reserve(size_t n, bool *ret_locked)
{
    bool locked = true;
    CHECK(places == 0 && n <= PLACES_MAX);
    for (size_t i = 0; i < n; i++) {
        place[i].data = sodium_malloc(SECRET_PLACE);
        if (!place[i].data)
            return ERR_NOMEM;
        if (sodium_mlock(place[i].data, SECRET_PLACE) != 0)
            locked = false;
        memset(place[i].data, 0, SECRET_PLACE);
        CHECK(sodium_mprotect_noaccess(place[i].data) == 0);
    }
    if (!locked && require_lock)
        return ERR_NOMEM;
    places = n;
    *ret_locked = locked;
    return ERR_OK;
}

static bool take_place(struct secret *ret, size_t len)
{
    for (size_t i = 0; i < places && len <= SECRET_PLACE; i++)
        if (!place[i].taken) {
            place[i].taken = true;
            *ret = (struct secret){place[i].data, len};
            secret_edit(ret);
            return true;
        }
    return false;
}

static bool give_back(struct secret *s)
{
    for (size_t i = 0; i < places; i++)
        if (place[i].data == s->data) {
            secret_edit(s);
            sodium_memzero(s->data, SECRET_PLACE);
            secret_shut(s);
            place[i].taken = false;
            return true;
        }
    return false;
}

enum err secret_make(struct secret *ret, size_t len)
{
    if (take_place(ret, len))
        return ERR_OK;
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
    if (s->data && !give_back(s))
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
