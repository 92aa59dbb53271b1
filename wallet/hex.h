/* Hexadecimal text of secrets: no tables that depend on them, exact lengths. */
#ifndef TW_WALLET_HEX_H
#define TW_WALLET_HEX_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* Exactly [n] bytes from 2 * [n] digits of either case, with or without "0x" in front. ERR_SYNTAX:
 * something else than digits; ERR_RANGE: another length. [out] is untouched then. */
enum err hex_decode(const char *text, size_t len, uint8_t *out, size_t n) MUST_CHECK;

/* 2 * [n] lower-case digits and a NUL. */
void hex_encode(const uint8_t *bytes, size_t n, char *out);

#endif
