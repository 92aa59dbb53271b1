#include "wallet/hex.h"

#include "base/check.h"

#include <sodium.h>
#include <string.h>

#define HEX_BYTES_MAX 128

enum err hex_decode(const char *text, size_t len, uint8_t *out, size_t n)
{
    uint8_t bytes[HEX_BYTES_MAX];
    CHECK(n <= sizeof bytes);
    if (len >= 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        text += 2;
        len -= 2;
    }
    size_t got = 0;
    const char *end = text;
    enum err e = ERR_OK;
    if (len != 2 * n)
        e = ERR_RANGE;
    else if (sodium_hex2bin(bytes, sizeof bytes, text, len, NULL, &got, &end) != 0 || got != n ||
             end != text + len)
        e = ERR_SYNTAX;
    if (!e && n)
        memcpy(out, bytes, n);
    sodium_memzero(bytes, sizeof bytes);
    return e;
}

void hex_encode(const uint8_t *bytes, size_t n, char *out)
{
    CHECK(sodium_bin2hex(out, 2 * n + 1, bytes, n) == out);
}
