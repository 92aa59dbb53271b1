/* Mnemonic phrases: BIP-39 with the English words.
 *
 * A passphrase that goes with one has to be ASCII: BIP-39 normalises others by Unicode's NFKD, and
 * a store that did not would silently open another account. It is refused instead.
 */
#ifndef TW_WALLET_MNEMONIC_H
#define TW_WALLET_MNEMONIC_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

#define MNEMONIC_SEED_LEN       64
#define MNEMONIC_TEXT_MAX       512 /* 24 words, and room for blanks between them */
#define MNEMONIC_PASSPHRASE_MAX 256

/* The seed of a phrase of 12, 15, 18, 21 or 24 words with any blanks around them, either case.
 * ERR_SYNTAX (a word that is not on the list: its number is told, never the word), ERR_RANGE (so
 * many words are no phrase; a passphrase too long), ERR_CORRUPT (the checksum), ERR_UNSUPPORTED (a
 * passphrase that is not ASCII); a sentence in why[WHY_MAX], [seed] untouched. */
enum err mnemonic_seed(const char *text, size_t len, const char *passphrase, size_t passphrase_len,
                       uint8_t seed[MNEMONIC_SEED_LEN], char *why) MUST_CHECK;

#endif
