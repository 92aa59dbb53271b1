/* What keys are imported from: the first byte chooses the format (h hex, m mnemonic, x xprv, w
 * web3, p PEM) and, in upper case, that a password is given; the rest is the text. A key that comes
 * out is a key, and nothing comes out of a refusal. */
#include "wallet/import.h"
#include "wallet/secp.h"
#include "wallet/why.h"

#include "base/check.h"

#include <ctype.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Parameters that may be asked for, and take seconds: not in here. */
static bool is_slow(const char *text, size_t len)
{
    for (size_t i = 0, digits = 0; i < len; i++) {
        digits = isdigit((unsigned char)text[i]) ? digits + 1 : 0;
        if (digits > 4 && (i + 1 == len || strchr(",} \n", text[i + 1])))
            return true;
        if (digits && i + 1 < len && (text[i + 1] | 0x20) == 'e' && i + 2 < len &&
            (isdigit((unsigned char)text[i + 2]) || text[i + 2] == '+'))
            return true;
    }
    return false;
}

static bool choose(char c, enum import_format *format)
{
    static const char LETTERS[] = " hmxwp";
    const char *at = c ? strchr(LETTERS + 1, tolower((unsigned char)c)) : NULL;
    if (at)
        *format = (enum import_format)(at - LETTERS);
    return at != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum import_format format;
    char why[WHY_MAX] = "";
    struct secret text, password, key = {NULL, 0};
    CHECK(secret_init() == ERR_OK);
    if (size == 0 || size > IMPORT_TEXT_MAX || !choose((char)data[0], &format) ||
        (format == IMPORT_WEB3 && is_slow((const char *)data + 1, size - 1)))
        return 0;
    CHECK(secret_copy(&text, data + 1, size - 1) == ERR_OK);
    CHECK(secret_copy(&password, "pw", 2) == ERR_OK);
    bool tree = format == IMPORT_MNEMONIC || format == IMPORT_XPRV;
    enum key_kind kinds[2] = {KIND_EVM, KIND_BINANCE_ED25519};
    for (int i = 0; i < 2; i++) {
        enum err e = import_key(format, kinds[i], &text, isupper(data[0]) ? &password : NULL,
                                tree ? "m/44'/60'/0'/0/0" : NULL, &key, why);
        CHECK(e ? key.data == NULL && why[0] != 0 : key.data != NULL && key.len == 32);
        if (!e && kinds[i] == KIND_EVM) {
            uint8_t point[33];
            secret_open(&key);
            CHECK(secp_public(key.data, point) == ERR_OK);
        }
        secret_free(&key);
    }
    secret_free(&text);
    secret_free(&password);
    return 0;
}
