/* Phrases and the keys below them: BIP-39, BIP-32, BIP-44, against official vectors. */
#include "desk.h"
#include "vectors.h"
#include "wallet/hash.h"
#include "wallet/hdkey.h"
#include "wallet/mnemonic.h"
#include "wallet/secp.h"
#include "wallet/secret.h"
#include "wallet/why.h"
#include "wallet/wordlist.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ABOUT                                                                                      \
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon "     \
    "about"

static char why[WHY_MAX];
static uint8_t seed[MNEMONIC_SEED_LEN], expected[64];

static enum err seed_of(const char *text, const char *passphrase)
{
    memset(seed, 0, sizeof seed);
    return mnemonic_seed(text, strlen(text), passphrase, strlen(passphrase), seed, why);
}

static void the_word_list(void **state)
{
    (void)state;
    static char text[WORDLIST_WORDS * WORDLIST_WIDTH];
    size_t len = 0;
    for (int i = 0; i < WORDLIST_WORDS; i++) {
        len += (size_t)snprintf(text + len, sizeof text - len, "%s\n", WORDLIST[i]);
        if (i)
            assert_true(strcmp(WORDLIST[i - 1], WORDLIST[i]) < 0); /* it is searched by halves */
    }
    uint8_t digest[32];
    char hex[65];
    hash_sha256(text, len, digest);
    for (int i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
    /* of the file english.txt in BIP-39 */
    assert_string_equal(hex, "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda");
}

static void same_key(const struct hdkey *k, const char *xprv)
{
    struct hdkey other;
    enum err e = hdkey_parse(xprv, strlen(xprv), &other, why);
    if (e)
        print_message("# %s\n", why);
    assert_int_equal(e, ERR_OK);
    assert_memory_equal(k->key, other.key, 32);
    assert_memory_equal(k->chain, other.chain, 32);
    assert_memory_equal(k->parent, other.parent, 4);
    assert_int_equal(k->index, other.index);
    assert_int_equal(k->depth, other.depth);
}

static void phrases_of_trezor(void **state)
{
    (void)state;
    cJSON *root = vectors_here("trezor-bip39.json"), *c;
    int n = 0;
    cJSON_ArrayForEach(c, cJSON_GetObjectItem(root, "english"))
    {
        char key[8] = "seed";
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, key, cJSON_GetStringValue(cJSON_GetArrayItem(c, 2)));
        assert_int_equal(vectors_bytes(o, key, expected, 64), 64);
        cJSON_Delete(o);
        assert_int_equal(seed_of(cJSON_GetStringValue(cJSON_GetArrayItem(c, 1)), "TREZOR"), ERR_OK);
        assert_memory_equal(seed, expected, 64);
        struct hdkey k;
        assert_int_equal(hdkey_root(seed, sizeof seed, &k), ERR_OK);
        same_key(&k, cJSON_GetStringValue(cJSON_GetArrayItem(c, 3)));
        n++;
    }
    assert_true(n >= 10);
    cJSON_Delete(root);
}

/* English phrases by phrase; the keys below all seeds, whatever language they came from.
 * Passphrases beyond ASCII, and phrases of other languages, must be refused. */
static void nodes_of_ethers(void **state)
{
    (void)state;
    cJSON *all = vectors_outside("bip39-bip32/ethers-hdnode.json.gz"), *c, *node;
    int english = 0, refused = 0, nodes = 0;
    cJSON_ArrayForEach(c, all)
    {
        assert_int_equal(vectors_bytes(c, "seed", expected, 64), 64);
        const cJSON *passphrase = cJSON_GetObjectItem(c, "password");
        enum err e = seed_of(vectors_text(c, "mnemonic"),
                             passphrase ? cJSON_GetStringValue(passphrase) : "");
        if (e) {
            assert_true(e == ERR_UNSUPPORTED || strcmp(vectors_text(c, "locale"), "en") != 0);
            refused++;
        } else {
            assert_memory_equal(seed, expected, 64);
            english++;
        }
        cJSON_ArrayForEach(node, cJSON_GetObjectItem(c, "hdnodes"))
        {
            struct hdkey k;
            uint8_t address[SECP_ADDRESS_LEN], known[32];
            assert_int_equal(hdkey_root(expected, 64, &k), ERR_OK);
            assert_int_equal(hdkey_derive(&k, vectors_text(node, "path"), why), ERR_OK);
            assert_int_equal(vectors_bytes(node, "privateKey", known, 32), 32);
            assert_memory_equal(k.key, known, 32);
            assert_int_equal(vectors_bytes(node, "address", known, 20), 20);
            assert_int_equal(secp_address(k.key, address), ERR_OK);
            assert_memory_equal(address, known, 20);
            nodes++;
        }
    }
    print_message("# %d English phrases, %d refused, %d nodes\n", english, refused, nodes);
    assert_int_equal(english + refused, 574);
    assert_true(english > 500 && nodes > 500);
    cJSON_Delete(all);
}

static void phrases_as_people_type_them(void **state)
{
    (void)state;
    uint8_t first[64];
    assert_int_equal(seed_of(ABOUT, ""), ERR_OK);
    memcpy(first, seed, 64);
    assert_int_equal(seed_of("  " ABOUT "\r\n", ""), ERR_OK);
    assert_memory_equal(first, seed, 64);
    assert_int_equal(seed_of("ABANDON  abandon\tAbandon abandon abandon abandon\nabandon abandon "
                             "abandon abandon abandon about",
                             ""),
                     ERR_OK);
    assert_memory_equal(first, seed, 64);
    assert_int_equal(seed_of(ABOUT, "x"), ERR_OK);
    assert_memory_not_equal(first, seed, 64);
}

static void phrases_that_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *passphrase;
        enum err e;
        const char *says;
    } CASES[] = {
        {"", "", ERR_RANGE, "this one has 0"},
        {"abandon", "", ERR_RANGE, "this one has 1"},
        {ABOUT " about", "", ERR_RANGE, "this one has 13"},
        {ABOUT " " ABOUT " zoo", "", ERR_RANGE, "at most 24"},
        {"abandon abandon zebrafish", "", ERR_SYNTAX, "word 3 "},
        {"abandon abandonabandonabandon", "", ERR_SYNTAX, "word 2 "},
        {"abandon aband\xc3\xb6n", "", ERR_SYNTAX, "word 2 "},
        {"abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon "
         "abandon",
         "", ERR_CORRUPT, "checksum"},
        {"about abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon "
         "abandon",
         "", ERR_CORRUPT, "checksum"},
        {ABOUT, "p\xc3\xa4ss", ERR_UNSUPPORTED, "not ASCII"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        assert_int_equal(seed_of(CASES[i].text, CASES[i].passphrase), CASES[i].e);
        assert_non_null(strstr(why, CASES[i].says));
        assert_null(strstr(why, "zebra")); /* never a word of it */
        for (int b = 0; b < MNEMONIC_SEED_LEN; b++)
            assert_int_equal(seed[b], 0);
    }
    char most[MNEMONIC_PASSPHRASE_MAX + 2];
    memset(most, 'x', sizeof most);
    most[MNEMONIC_PASSPHRASE_MAX + 1] = 0;
    assert_int_equal(seed_of(ABOUT, most), ERR_RANGE);
    most[MNEMONIC_PASSPHRASE_MAX] = 0;
    assert_int_equal(seed_of(ABOUT, most), ERR_OK);
}

static void same_word(void *ctx, char *line, size_t len)
{
    int *n = ctx;
    assert_true(*n < WORDLIST_WORDS);
    assert_int_equal(len, strlen(WORDLIST[*n]));
    assert_memory_equal(line, WORDLIST[*n], len);
    ++*n;
}

static void words_of_bip39(void **state)
{
    (void)state;
    int n = 0;
    const char *file = shared_data("crypto-vectors/bip39-bip32/wordlist-english.txt");
    if (!file)
        skip();
    each_line(file, same_word, &n);
    assert_int_equal(n, WORDLIST_WORDS);
}

static void chains_of_bip32(void **state)
{
    (void)state;
    cJSON *root = vectors_here("bip32-spec.json"), *v, *c;
    int n = 0;
    cJSON_ArrayForEach(v, cJSON_GetObjectItem(root, "vectors"))
    {
        uint8_t bytes[64];
        size_t len = vectors_bytes(v, "seed", bytes, sizeof bytes);
        cJSON_ArrayForEach(c, cJSON_GetObjectItem(v, "chains"))
        {
            struct hdkey k;
            assert_int_equal(hdkey_root(bytes, len, &k), ERR_OK);
            assert_int_equal(hdkey_derive(&k, vectors_text(c, "path"), why), ERR_OK);
            same_key(&k, vectors_text(c, "xprv"));
            const char *xpub = vectors_text(c, "xpub");
            assert_int_equal(hdkey_parse(xpub, strlen(xpub), &k, why), ERR_UNSUPPORTED);
            n++;
        }
    }
    assert_int_equal(n, 8);
    cJSON_Delete(root);
}

static void extended_keys_that_are_refused(void **state)
{
    (void)state;
    cJSON *root = vectors_here("bip32-spec.json"), *c;
    struct hdkey k;
    int n = 0;
    cJSON_ArrayForEach(c, cJSON_GetObjectItem(root, "invalid_extended_keys"))
    {
        const char *key = vectors_text(c, "key");
        enum err e = hdkey_parse(key, strlen(key), &k, why);
        assert_true(e == ERR_RANGE || e == ERR_UNSUPPORTED);
        if (strstr(vectors_text(c, "why"), "zero depth"))
            assert_non_null(strstr(why, "a root and has a parent"));
        if (strstr(vectors_text(c, "why"), "private key 0"))
            assert_non_null(strstr(why, "a number that is no key"));
        n++;
    }
    assert_true(n >= 8);
    cJSON_Delete(root);
    /* each character of a good one matters */
    const char *good = "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWU"
                       "tg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi";
    char bad[112];
    assert_int_equal(hdkey_parse(good, strlen(good), &k, why), ERR_OK);
    for (size_t i = 0; good[i]; i++) {
        snprintf(bad, sizeof bad, "%s", good);
        bad[i] = bad[i] == 'a' ? 'b' : 'a';
        assert_int_not_equal(hdkey_parse(bad, strlen(bad), &k, why), ERR_OK);
        bad[i] = '0'; /* not a digit of base 58 */
        assert_int_equal(hdkey_parse(bad, strlen(bad), &k, why), ERR_SYNTAX);
    }
    assert_int_equal(hdkey_parse(good, strlen(good) - 1, &k, why), ERR_SYNTAX);
    assert_int_equal(hdkey_parse("", 0, &k, why), ERR_SYNTAX);
    memset(bad, 'z', sizeof bad); /* the largest number */
    assert_int_equal(hdkey_parse(bad, 111, &k, why), ERR_CORRUPT);
}

static void paths(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        enum err e;
    } CASES[] = {
        {"m", ERR_OK},
        {"m/0", ERR_OK},
        {"m/44'/60'/0'/0/0", ERR_OK},
        {"m/44h/60H/0'/0/0", ERR_OK},
        {"m/2147483647'", ERR_OK},
        {"m/2147483648", ERR_RANGE},
        {"m/4294967296", ERR_RANGE},
        {"m/18446744073709551617", ERR_RANGE},
        {"m/1/2/3/4/5/6/7/8/9/10", ERR_OK},
        {"m/1/2/3/4/5/6/7/8/9/10/11", ERR_RANGE},
        {"", ERR_SYNTAX},
        {"M/0", ERR_SYNTAX},
        {"m/", ERR_SYNTAX},
        {"m//0", ERR_SYNTAX},
        {"m/0/", ERR_SYNTAX},
        {"/0", ERR_SYNTAX},
        {"m/-1", ERR_SYNTAX},
        {"m/+1", ERR_SYNTAX},
        {"m/1''", ERR_SYNTAX},
        {"m/0x1", ERR_SYNTAX},
        {"m 0", ERR_SYNTAX},
        {"mm/0", ERR_SYNTAX},
    };
    struct hdkey root, k;
    uint8_t bytes[64] = {1};
    assert_int_equal(hdkey_root(bytes, 64, &root), ERR_OK);
    for (size_t i = 0; i < sizeof CASES / sizeof CASES[0]; i++) {
        k = root;
        enum err e = hdkey_derive(&k, CASES[i].path, why);
        if (e != CASES[i].e)
            print_message("# %s\n", CASES[i].path);
        assert_int_equal(e, CASES[i].e);
        if (e)
            assert_memory_equal(&k, &root, sizeof k);
    }
    struct hdkey marked = root;
    k = root;
    assert_int_equal(hdkey_derive(&k, "m/44'/60'", why), ERR_OK);
    assert_int_equal(hdkey_derive(&marked, "m/44h/60H", why), ERR_OK);
    assert_memory_equal(k.key, marked.key, 32);
    assert_int_equal(hdkey_root(bytes, 15, &k), ERR_RANGE);
    assert_int_equal(hdkey_root(bytes, 16, &k), ERR_OK);
    root.depth = UINT8_MAX;
    assert_int_equal(hdkey_child(&root, 0, &k), ERR_RANGE);
}

static int setup(void **state)
{
    (void)state;
    return secret_init() == ERR_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_word_list),
        cmocka_unit_test(phrases_of_trezor),
        cmocka_unit_test(nodes_of_ethers),
        cmocka_unit_test(phrases_as_people_type_them),
        cmocka_unit_test(phrases_that_are_refused),
        cmocka_unit_test(words_of_bip39),
        cmocka_unit_test(chains_of_bip32),
        cmocka_unit_test(extended_keys_that_are_refused),
        cmocka_unit_test(paths),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, setup, NULL);
}
