#include "base/buf.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "journal and wire formats are little-endian");

dec bufr_dec(struct bufr *b)
{
    dec d;
    bufr_bytes(b, &d.v, sizeof d.v);
    if (d.v == -DEC_I128_MAX - 1) {
        b->failed = true;
        d.v = 0;
    }
    return d;
}

void bufw_text(struct bufw *b, const char *text)
{
    size_t n = strlen(text);
    if (n > UINT16_MAX) {
        b->failed = true;
        return;
    }
    bufw_u16(b, (uint16_t)n);
    bufw_bytes(b, text, n);
}

void bufr_text(struct bufr *b, char *out, size_t cap)
{
    size_t n = bufr_u16(b);
    if (n >= cap || b->failed) {
        b->failed = true;
        if (cap)
            out[0] = 0;
        return;
    }
    bufr_bytes(b, out, n);
    out[n] = 0;
    if (strlen(out) != n)
        b->failed = true;
}
