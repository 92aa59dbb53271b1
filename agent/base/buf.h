/* Bounded little-endian byte writer and reader: journal records, snapshots, wire messages.
 *
 * Both remember failure ("sticky"): after the first overrun every further call does nothing, and
 * the caller asks once at the end. Nothing is allocated.
 */
#ifndef TW_BASE_BUF_H
#define TW_BASE_BUF_H

#include "base/decimal.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bufw {
    uint8_t *data;
    size_t len, cap;
    bool failed; /* something did not fit */
};

struct bufr {
    const uint8_t *data;
    size_t pos, len;
    bool failed; /* read past the end */
};

static inline struct bufw bufw_make(void *data, size_t cap)
{
    return (struct bufw){.data = data, .len = 0, .cap = cap, .failed = false};
}
static inline struct bufr bufr_make(const void *data, size_t len)
{
    return (struct bufr){.data = data, .pos = 0, .len = len, .failed = false};
}

static inline void bufw_bytes(struct bufw *b, const void *p, size_t n)
{
    if (b->failed || b->cap - b->len < n) {
        b->failed = true;
        return;
    }
    if (n)
        memcpy(b->data + b->len, p, n);
    b->len += n;
}
static inline void bufr_bytes(struct bufr *b, void *p, size_t n)
{
    if (b->failed || b->len - b->pos < n) {
        b->failed = true;
        memset(p, 0, n);
        return;
    }
    if (n)
        memcpy(p, b->data + b->pos, n);
    b->pos += n;
}

/* Debian's architectures we build for are little-endian; a static assertion in buf.c says so. */
#define BUF_INTEGER(T, name)                                                                       \
    static inline void bufw_##name(struct bufw *b, T v)                                            \
    {                                                                                              \
        bufw_bytes(b, &v, sizeof v);                                                               \
    }                                                                                              \
    static inline T bufr_##name(struct bufr *b)                                                    \
    {                                                                                              \
        T v;                                                                                       \
        bufr_bytes(b, &v, sizeof v);                                                               \
        return v;                                                                                  \
    }
BUF_INTEGER(uint8_t, u8)
BUF_INTEGER(uint16_t, u16)
BUF_INTEGER(uint32_t, u32)
BUF_INTEGER(uint64_t, u64)
BUF_INTEGER(int64_t, i64)
#undef BUF_INTEGER

static inline void bufw_dec(struct bufw *b, dec d)
{
    bufw_bytes(b, &d.v, sizeof d.v);
}
/* INT128_MIN, which no dec may hold, marks the reader as failed. */
dec bufr_dec(struct bufr *b);

/* Text with a 16-bit length in front. */
void bufw_text(struct bufw *b, const char *text);
/* Reads into [out] of [cap] bytes and terminates it; failed when it does not fit or holds a NUL. */
void bufr_text(struct bufr *b, char *out, size_t cap);

#endif
