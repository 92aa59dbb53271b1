#include "wallet/mnemonic.h"

#include "wallet/hash.h"
#include "wallet/openssl.h"
#include "wallet/why.h"
#include "wallet/wordlist.h"

#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#define WORDS_MAX 24
#define ROUNDS    2048

/* A phrase taken apart; a secret as a whole. */
struct phrase {
    char text[WORDS_MAX * WORDLIST_WIDTH]; /* lower case, one blank between words */
    size_t len;
    int words;
    uint16_t number[WORDS_MAX];
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Index in the list; -1 where it is not on it. */
static int find_word(const char *word)
{
    int low = 0, high = WORDLIST_WORDS - 1;
    while (low <= high) {
        int middle = (low + high) / 2, order = strcmp(word, WORDLIST[middle]);
        if (order == 0)
            return middle;
        if (order < 0)
            high = middle - 1;
        else
            low = middle + 1;
    }
    return -1;
}

/* The next word from [pos] on, in lower case, "" for one that is longer than any; false at the end.
 */
static bool next_word(const char *text, size_t len, size_t *pos, char word[WORDLIST_WIDTH])
{
    while (*pos < len && is_blank(text[*pos]))
        ++*pos;
    size_t n = 0, start = *pos;
    for (; *pos < len && !is_blank(text[*pos]); ++*pos) {
        char c = text[*pos];
        if (n < WORDLIST_WIDTH)
            word[n++] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    }
    word[n < WORDLIST_WIDTH ? n : 0] = 0;
    return *pos > start;
}

static enum err take_apart(struct phrase *p, const char *text, size_t len, char *why)
{
    char word[WORDLIST_WIDTH];
    enum err e = ERR_OK;
    size_t pos = 0;
    while (!e && next_word(text, len, &pos, word)) {
        int number = find_word(word);
        if (p->words == WORDS_MAX)
            e = why_say(why, ERR_RANGE, "a phrase has at most %d words", WORDS_MAX);
        else if (number < 0)
            e = why_say(why, ERR_SYNTAX,
                        "word %d of the phrase is not on the English list of BIP-39", p->words + 1);
        if (e)
            break;
        p->number[p->words++] = (uint16_t)number;
        if (p->len)
            p->text[p->len++] = ' ';
        size_t n = strlen(word);
        memcpy(p->text + p->len, word, n);
        p->len += n;
    }
    sodium_memzero(word, sizeof word);
    if (!e && (p->words < 12 || p->words % 3 != 0))
        e = why_say(why, ERR_RANGE, "a phrase has 12, 15, 18, 21 or 24 words, this one has %d",
                    p->words);
    return e;
}

/* The bits after the entropy are the first ones of its SHA-256. */
static bool checksum_holds(const struct phrase *p)
{
    uint8_t bits[WORDS_MAX * 11 / 8 + 1] = {0}, digest[32];
    for (int i = 0; i < p->words * 11; i++)
        if (p->number[i / 11] >> (10 - i % 11) & 1)
            bits[i / 8] |= (uint8_t)(0x80 >> i % 8);
    int sum = p->words / 3; /* bits: one for every 32 of entropy */
    size_t entropy = (size_t)sum * 4;
    hash_sha256(bits, entropy, digest);
    bool good = bits[entropy] >> (8 - sum) == digest[0] >> (8 - sum);
    sodium_memzero(bits, sizeof bits);
    sodium_memzero(digest, sizeof digest);
    return good;
}

static enum err stretch(const struct phrase *p, const char *passphrase, size_t len, uint8_t *seed,
                        char *why)
{
    char salt[8 + MNEMONIC_PASSPHRASE_MAX] = "mnemonic";
    uint8_t out[MNEMONIC_SEED_LEN];
    if (len)
        memcpy(salt + 8, passphrase, len);
    bool good = PKCS5_PBKDF2_HMAC(p->text, (int)p->len, (const unsigned char *)salt, (int)(8 + len),
                                  ROUNDS, EVP_sha512(), sizeof out, out) == 1;
    if (good)
        memcpy(seed, out, sizeof out);
    sodium_memzero(salt, sizeof salt);
    sodium_memzero(out, sizeof out);
    return good ? ERR_OK : why_say(why, ERR_NOMEM, "no memory to stretch the phrase");
}

enum err mnemonic_seed(const char *text, size_t len, const char *passphrase, size_t passphrase_len,
                       uint8_t seed[MNEMONIC_SEED_LEN], char *why)
{
    if (passphrase_len > MNEMONIC_PASSPHRASE_MAX)
        return why_say(why, ERR_RANGE, "the passphrase of the phrase has more than %d bytes",
                       MNEMONIC_PASSPHRASE_MAX);
    for (size_t i = 0; i < passphrase_len; i++)
        if ((unsigned char)passphrase[i] >= 0x80)
            return why_say(why, ERR_UNSUPPORTED,
                           "the passphrase of the phrase is not ASCII; such ones are not "
                           "supported: derive the key elsewhere and import it as hex");
    struct phrase p = {.words = 0};
    enum err e = take_apart(&p, text, len, why);
    if (!e && !checksum_holds(&p))
        e = why_say(
            why, ERR_CORRUPT,
            "the checksum of the phrase does not hold: a word is wrong or in a wrong place");
    if (!e)
        e = stretch(&p, passphrase, passphrase_len, seed, why);
    sodium_memzero(&p, sizeof p);
    return e;
}
