/* The key store: what goes in comes out, nothing else opens it, and no byte of it can be changed.
 */
#include "wallet/keystore.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define PHRASE     "correct horse battery staple"
#define API_KEY    "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A"
#define API_SECRET "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"

static char dir[64], path[96];
static char why[KEYSTORE_WHY_MAX];

static struct keystore_unlock phrase(const char *text)
{
    return (struct keystore_unlock){SLOT_PASSPHRASE, (const uint8_t *)text, strlen(text)};
}

static struct keystore *new_store(void)
{
    struct keystore *k = calloc(1, sizeof *k);
    struct keystore_unlock u = phrase(PHRASE);
    assert_non_null(k);
    assert_int_equal(keystore_create(k, &u, "main", KEYSTORE_MEMORY_MIN, 1), ERR_OK);
    return k;
}

static void drop(struct keystore *k)
{
    keystore_close(k);
    free(k);
}

static struct keystore_entry entry(const char *label, enum key_class class, enum key_kind kind)
{
    struct keystore_entry e = {.class = class, .kind = kind, .created_s = 1700000000};
    snprintf(e.label, sizeof e.label, "%s", label);
    snprintf(e.network, sizeof e.network, "binance:mainnet");
    return e;
}

static void add(struct keystore *k, const char *label)
{
    struct keystore_entry e = entry(label, CLASS_TRADE, KIND_BINANCE_HMAC);
    enum err err =
        keystore_add(k, &e, API_KEY, (const uint8_t *)API_SECRET, strlen(API_SECRET), why);
    if (err)
        print_message("%s\n", why);
    assert_int_equal(err, ERR_OK);
}

static void holds(const struct keystore *k, const char *label)
{
    int i = keystore_find(k, label);
    assert_true(i >= 0);
    const struct secret *c = keystore_content(k, i);
    const char *api_key;
    const uint8_t *secret;
    size_t len;
    secret_open(c);
    keystore_parts(c, &api_key, &secret, &len);
    assert_string_equal(api_key, API_KEY);
    assert_int_equal(len, strlen(API_SECRET));
    assert_memory_equal(secret, API_SECRET, len);
    secret_shut(c);
}

static size_t encode(struct keystore *k, uint8_t *bytes)
{
    size_t len = 0;
    assert_int_equal(keystore_encode(k, bytes, &len), ERR_OK);
    return len;
}

static enum err opens(const uint8_t *bytes, size_t len, const struct keystore_unlock *u)
{
    struct keystore *k = calloc(1, sizeof *k);
    enum err e = keystore_parse(k, bytes, len, why);
    if (!e)
        e = keystore_open(k, u);
    drop(k);
    return e;
}

static void round_trip(void **state)
{
    (void)state;
    static uint8_t bytes[KEYSTORE_FILE_MAX];
    struct keystore *k = new_store();
    add(k, "trade-1");
    add(k, "trade-2");
    struct keystore_entry wire = entry("telegram", CLASS_WIRE, KIND_TELEGRAM_TOKEN);
    assert_int_equal(
        keystore_add(k, &wire, NULL, (const uint8_t *)"123456:AAbbCCddEEffGG", 21, why), ERR_OK);
    assert_int_equal(keystore_remove(k, "trade-1"), ERR_OK);
    size_t len = encode(k, bytes);
    drop(k);
    assert_null(memmem(bytes, len, API_SECRET, strlen(API_SECRET)));
    assert_null(memmem(bytes, len, API_KEY, strlen(API_KEY)));

    k = calloc(1, sizeof *k);
    assert_int_equal(keystore_parse(k, bytes, len, why), ERR_OK);
    assert_int_equal(k->entries, 2); /* what there is can be seen without opening it */
    assert_string_equal(k->entry[1].label, "telegram");
    assert_false(keystore_is_open(k));
    struct keystore_unlock u = phrase(PHRASE);
    assert_int_equal(keystore_open(k, &u), ERR_OK);
    holds(k, "trade-2");
    assert_true(keystore_find(k, "trade-1") < 0);
    assert_int_equal(k->generation, 1);
    drop(k);
}

static void wrong_secrets(void **state)
{
    (void)state;
    static uint8_t bytes[KEYSTORE_FILE_MAX];
    struct keystore *k = new_store();
    add(k, "a");
    size_t len = encode(k, bytes);
    drop(k);
    const char *const wrong[] = {"", "correct horse battery stapl", "Correct horse battery staple",
                                 "correct horse battery staple "};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct keystore_unlock u = phrase(wrong[i]);
        assert_int_equal(opens(bytes, len, &u), ERR_CORRUPT);
    }
    struct keystore_unlock u = phrase(PHRASE);
    u.kind = SLOT_CREDENTIAL; /* the right bytes at the wrong door */
    assert_int_equal(opens(bytes, len, &u), ERR_CORRUPT);
}

/* Every bit of the file, and every length of it. */
static void every_byte_counts(void **state)
{
    (void)state;
    static uint8_t bytes[KEYSTORE_FILE_MAX];
    struct keystore *k = new_store();
    uint8_t credential[32];
    memset(credential, 7, sizeof credential);
    struct keystore_unlock u = {SLOT_CREDENTIAL, credential, sizeof credential};
    assert_int_equal(keystore_add_slot(k, &u, "unit", 0, 0), ERR_OK);
    assert_int_equal(keystore_remove_slot(k, "main"),
                     ERR_OK); /* no stretching: this is many opens */
    add(k, "a");
    size_t len = encode(k, bytes);
    drop(k);
    assert_int_equal(opens(bytes, len, &u), ERR_OK);
    for (size_t i = 0; i < len; i++)
        for (int bit = 0; bit < 8; bit++) {
            bytes[i] ^= (uint8_t)(1 << bit);
            assert_int_equal(opens(bytes, len, &u), ERR_CORRUPT);
            bytes[i] ^= (uint8_t)(1 << bit);
        }
    for (size_t n = 0; n < len; n++)
        assert_int_equal(opens(bytes, n, &u), ERR_CORRUPT);
    memset(bytes + len, 0, 16);
    assert_int_equal(opens(bytes, len + 1, &u), ERR_CORRUPT);
}

/* Entries cannot change places, nor come from another generation of the same store. */
static void splices_are_refused(void **state)
{
    (void)state;
    static uint8_t one[KEYSTORE_FILE_MAX], two[KEYSTORE_FILE_MAX];
    struct keystore *k = new_store();
    add(k, "a");
    add(k, "b");
    size_t len = encode(k, one), again = encode(k, two);
    struct keystore_unlock u = phrase(PHRASE);
    assert_int_equal(len, again);
    size_t sealed = 24 + k->entry[0].sealed_len;
    drop(k);
    uint8_t kept[4096];
    memcpy(kept, one + len - sealed, sealed); /* the last entry of the generation before */
    memcpy(two + len - sealed, kept, sealed);
    assert_int_equal(opens(two, len, &u), ERR_CORRUPT);
    memcpy(kept, one + len - 2 * sealed, sealed); /* two entries of one generation swapped */
    memmove(one + len - 2 * sealed, one + len - sealed, sealed);
    memcpy(one + len - sealed, kept, sealed);
    assert_int_equal(opens(one, len, &u), ERR_CORRUPT);
}

static void absurd_parameters(void **state)
{
    (void)state;
    static uint8_t bytes[KEYSTORE_FILE_MAX];
    struct keystore *k = new_store();
    struct keystore_unlock u = phrase(PHRASE);
    assert_int_equal(keystore_add_slot(k, &u, "x", KEYSTORE_MEMORY_MAX + 1, 1), ERR_RANGE);
    assert_int_equal(keystore_add_slot(k, &u, "x", KEYSTORE_MEMORY_MIN - 1, 1), ERR_RANGE);
    assert_int_equal(keystore_add_slot(k, &u, "x", KEYSTORE_MEMORY_MIN, 17), ERR_RANGE);
    assert_int_equal(keystore_add_slot(k, &u, "x", KEYSTORE_MEMORY_MIN, 0), ERR_RANGE);
    size_t len = encode(k, bytes);
    drop(k);
    /* the first slot: id 16, generation 8, policy 32, count 4, kind 1, text 2 + "main" */
    size_t memory = 12 + 16 + 8 + 32 + 4 + 1 + 2 + 4;
    uint64_t absurd = UINT64_C(1) << 50;
    memcpy(bytes + memory, &absurd, sizeof absurd);
    assert_int_equal(opens(bytes, len, &u), ERR_CORRUPT);
    assert_non_null(strstr(why, "out of bounds"));
}

/* [n] bytes of [value] at [pos] of a good file with one passphrase slot and one entry. */
static void refused_with(size_t pos, uint64_t value, size_t n, const char *part)
{
    static uint8_t bytes[KEYSTORE_FILE_MAX], kept[KEYSTORE_FILE_MAX];
    static size_t len;
    struct keystore_unlock u = phrase(PHRASE);
    if (!len) {
        struct keystore *k = new_store();
        add(k, "a");
        len = encode(k, kept);
        drop(k);
    }
    memcpy(bytes, kept, len);
    memcpy(bytes + pos, &value, n);
    assert_int_equal(opens(bytes, len, &u), ERR_CORRUPT);
    if (!strstr(why, part))
        fail_msg("%zu: \"%s\" does not say \"%s\"", pos, why, part);
}

/* What is wrong is said, and nothing is stretched or allocated for it. */
static void what_a_file_may_not_ask_for(void **state)
{
    (void)state;
    /* magic 4, version 2, suite 2, length 4; id 16, generation 8, policy 32, slots 4 */
    const size_t header = 12, slot = header + 60, memory = slot + 1 + 2 + 4, passes = memory + 8,
                 entries = passes + 4 + 16 + 24 + 48, kind = entries + 4 + 2 + 1 + 1;
    refused_with(0, 'X', 1, "this is not a key store");
    for (uint64_t version = 0; version < 4; version++)
        if (version != KEYSTORE_VERSION)
            refused_with(4, version, 2, "of a version that this program does not know");
    refused_with(4, 0xffff, 2, "of a version that this program does not know");
    refused_with(6, 0, 2, "of a version that this program does not know");
    refused_with(6, 2, 2, "of a version that this program does not know");
    refused_with(8, 0xffffffff, 4, "its length is wrong");
    refused_with(8, 0, 4, "no slots");
    refused_with(slot - 4, 0, 4, "no slots, or too many");
    refused_with(slot - 4, KEYSTORE_SLOTS_MAX + 1, 4, "no slots, or too many");
    refused_with(slot - 4, 0xffffffff, 4, "no slots, or too many");
    refused_with(slot, 0, 1, "of a kind that this version does not know");
    refused_with(slot, 3, 1, "of a kind that this version does not know");
    refused_with(slot, SLOT_CREDENTIAL, 1, "parameters it cannot have");
    static const uint64_t MEMORY[] = {0, KEYSTORE_MEMORY_MIN - 1, KEYSTORE_MEMORY_MAX + 1,
                                      UINT64_C(1) << 50, UINT64_MAX};
    for (size_t i = 0; i < sizeof MEMORY / sizeof MEMORY[0]; i++)
        refused_with(memory, MEMORY[i], 8, "out of bounds");
    refused_with(passes, 0, 4, "out of bounds");
    refused_with(passes, KEYSTORE_PASSES_MAX + 1, 4, "out of bounds");
    refused_with(passes, UINT32_MAX, 4, "out of bounds");
    refused_with(entries, KEYSTORE_ENTRIES_MAX + 1, 4, "too many entries");
    refused_with(entries, UINT32_MAX, 4, "too many entries");
    refused_with(kind, 99, 1, "of a kind that this version does not know");
    refused_with(kind - 1, 0, 1, "of a kind that this version does not know");
    refused_with(kind - 1, 9, 1, "of a kind that this version does not know");
}

/* The slot that stretches: every byte of it, of which those of its parameters would only make this
 * test slow (they are bound into what is wrapped like the others). */
static void every_byte_of_a_passphrase_slot_counts(void **state)
{
    (void)state;
    static uint8_t bytes[KEYSTORE_FILE_MAX];
    struct keystore *k = new_store();
    struct keystore_unlock u = phrase(PHRASE);
    add(k, "a");
    size_t len = encode(k, bytes), slot = 12 + 60, memory = slot + 7, end = memory + 12 + 88;
    drop(k);
    assert_int_equal(opens(bytes, len, &u), ERR_OK);
    for (size_t i = slot; i < end; i++) {
        if (i >= memory && i < memory + 12)
            continue;
        bytes[i] ^= 4;
        assert_int_equal(opens(bytes, len, &u), ERR_CORRUPT);
        bytes[i] ^= 4;
    }
    uint64_t more = KEYSTORE_MEMORY_MIN + 1024;
    memcpy(bytes + memory, &more, sizeof more);
    assert_int_equal(opens(bytes, len, &u), ERR_CORRUPT);
}

static void slots(void **state)
{
    (void)state;
    static uint8_t bytes[KEYSTORE_FILE_MAX];
    struct keystore *k = new_store();
    uint8_t credential[40];
    memset(credential, 1, sizeof credential);
    struct keystore_unlock unit = {SLOT_CREDENTIAL, credential, sizeof credential},
                           other = phrase("another one"), first = phrase(PHRASE);
    add(k, "a");
    assert_int_equal(keystore_add_slot(k, &unit, "unit", 0, 0), ERR_OK);
    assert_int_equal(keystore_add_slot(k, &unit, "unit", 0, 0), ERR_EXISTS);
    assert_int_equal(keystore_add_slot(k, &other, "spare", KEYSTORE_MEMORY_MIN, 1), ERR_OK);
    size_t len = encode(k, bytes);
    assert_int_equal(opens(bytes, len, &first), ERR_OK);
    assert_int_equal(opens(bytes, len, &other), ERR_OK);
    assert_int_equal(opens(bytes, len, &unit), ERR_OK);
    assert_int_equal(keystore_remove_slot(k, "main"), ERR_OK);
    assert_int_equal(keystore_remove_slot(k, "main"), ERR_NOT_FOUND);
    len = encode(k, bytes);
    assert_int_equal(opens(bytes, len, &first), ERR_CORRUPT);
    assert_int_equal(opens(bytes, len, &unit), ERR_OK);
    assert_int_equal(keystore_remove_slot(k, "unit"), ERR_OK);
    assert_int_equal(keystore_remove_slot(k, "spare"), ERR_STATE); /* nobody could open it again */
    unit.len = 31;
    assert_int_equal(keystore_add_slot(k, &unit, "short", 0, 0), ERR_RANGE);
    drop(k);
}

static void what_may_be_added(void **state)
{
    (void)state;
    struct keystore *k = new_store();
    const uint8_t seed[32] = {1};
    struct keystore_entry e = entry("evm", CLASS_TRADE, KIND_EVM);
    assert_int_equal(keystore_add(k, &e, NULL, seed, 32, why), ERR_RANGE);
    e.class = CLASS_CHAIN;
    assert_int_equal(keystore_add(k, &e, "api", seed, 32, why), ERR_RANGE);
    assert_int_equal(keystore_add(k, &e, NULL, seed, 31, why), ERR_RANGE);
    assert_non_null(strstr(why, "32 to 32 bytes, this one has 31"));
    assert_int_equal(keystore_add(k, &e, NULL, seed, 32, why), ERR_OK);
    assert_int_equal(keystore_add(k, &e, NULL, seed, 32, why), ERR_EXISTS);
    e = entry("Upper", CLASS_CHAIN, KIND_EVM);
    assert_int_equal(keystore_add(k, &e, NULL, seed, 32, why), ERR_RANGE);
    e = entry("hmac", CLASS_STREAM, KIND_BINANCE_HMAC);
    assert_int_equal(keystore_add(k, &e, NULL, seed, 32, why), ERR_RANGE);
    assert_non_null(strstr(why, "needs an API key"));
    e = entry("ed", CLASS_STREAM, KIND_BINANCE_ED25519);
    assert_int_equal(keystore_add(k, &e, "an api key", seed, 32, why), ERR_RANGE); /* a blank */
    for (uint32_t n = k->entries; n < KEYSTORE_ENTRIES_MAX; n++) {
        char label[16];
        snprintf(label, sizeof label, "k%u", n);
        add(k, label);
    }
    e = entry("one-more", CLASS_CHAIN, KIND_EVM);
    assert_int_equal(keystore_add(k, &e, NULL, seed, 32, why), ERR_FULL);
    static uint8_t bytes[KEYSTORE_FILE_MAX];
    size_t len = encode(k, bytes);
    struct keystore_unlock u = phrase(PHRASE);
    assert_int_equal(opens(bytes, len, &u), ERR_OK);
    drop(k);
}

/* An Ed25519 key is there before the venue gives its API key. */
static void api_keys_that_follow(void **state)
{
    (void)state;
    static uint8_t bytes[KEYSTORE_FILE_MAX];
    struct keystore *k = new_store();
    const uint8_t seed[32] = {1, 2, 3};
    struct keystore_entry e = entry("ed", CLASS_TRADE, KIND_BINANCE_ED25519);
    assert_int_equal(keystore_add(k, &e, NULL, seed, 32, why), ERR_OK);
    add(k, "hmac");
    assert_int_equal(keystore_set_api_key(k, "none", API_KEY, why), ERR_NOT_FOUND);
    assert_int_equal(keystore_set_api_key(k, "hmac", API_KEY, why), ERR_RANGE);
    assert_int_equal(keystore_set_api_key(k, "ed", "", why), ERR_RANGE);
    assert_int_equal(keystore_set_api_key(k, "ed", "a blank", why), ERR_RANGE);
    for (int round = 0; round < 2; round++) { /* without one, and with one */
        size_t len = encode(k, bytes);
        drop(k);
        k = calloc(1, sizeof *k);
        struct keystore_unlock u = phrase(PHRASE);
        assert_int_equal(keystore_parse(k, bytes, len, why), ERR_OK);
        assert_int_equal(keystore_open(k, &u), ERR_OK);
        const struct secret *c = keystore_content(k, keystore_find(k, "ed"));
        const char *api_key;
        const uint8_t *secret;
        size_t n;
        secret_open(c);
        keystore_parts(c, &api_key, &secret, &n);
        assert_string_equal(api_key, round ? API_KEY : "");
        assert_int_equal(n, 32);
        assert_memory_equal(secret, seed, 32);
        secret_shut(c);
        if (!round)
            assert_int_equal(keystore_set_api_key(k, "ed", API_KEY, why), ERR_OK);
    }
    drop(k);
}

/* A new passphrase and a new data key: nothing that knew the store before opens what is written
 * after, not even with the old data key in hand. */
static void rekeyed(void **state)
{
    (void)state;
    static uint8_t before[KEYSTORE_FILE_MAX], after[KEYSTORE_FILE_MAX];
    struct keystore *k = new_store();
    uint8_t credential[32] = {9}, old_key[32], new_key[32];
    struct keystore_unlock unit = {SLOT_CREDENTIAL, credential, sizeof credential},
                           first = phrase(PHRASE), next = phrase("a new one"), none = phrase("");
    add(k, "a");
    add(k, "b");
    assert_int_equal(keystore_add_slot(k, &unit, "unit", 0, 0), ERR_OK);
    size_t len = encode(k, before);
    secret_open(&k->data_key);
    memcpy(old_key, k->data_key.data, 32);
    secret_shut(&k->data_key);
    /* refused: nothing has changed */
    assert_int_equal(keystore_rekey(k, &none, "main", KEYSTORE_MEMORY_MIN, 1), ERR_RANGE);
    assert_int_equal(keystore_rekey(k, &next, "Main", KEYSTORE_MEMORY_MIN, 1), ERR_RANGE);
    assert_int_equal(keystore_rekey(k, &next, "main", KEYSTORE_MEMORY_MIN - 1, 1), ERR_RANGE);
    assert_int_equal(keystore_rekey(k, &next, "main", KEYSTORE_MEMORY_MIN, 17), ERR_RANGE);
    len = encode(k, before);
    assert_int_equal(opens(before, len, &first), ERR_OK);
    assert_int_equal(keystore_rekey(k, &next, "main", KEYSTORE_MEMORY_MIN, 2), ERR_OK);
    secret_open(&k->data_key);
    memcpy(new_key, k->data_key.data, 32);
    secret_shut(&k->data_key);
    assert_memory_not_equal(old_key, new_key, 32);
    assert_int_equal(k->slots, 1);
    assert_int_equal(k->slot[0].passes, 2);
    holds(k, "a");
    size_t again = encode(k, after);
    drop(k);
    assert_int_equal(opens(after, again, &next), ERR_OK);
    assert_int_equal(opens(after, again, &first), ERR_CORRUPT);
    assert_int_equal(opens(after, again, &unit), ERR_CORRUPT);
    assert_int_equal(opens(before, len, &first), ERR_OK); /* an old backup stays what it was */
    assert_int_equal(opens(before, len, &next), ERR_CORRUPT);
    k = calloc(1, sizeof *k);
    assert_int_equal(keystore_parse(k, after, again, why), ERR_OK);
    assert_int_equal(keystore_open(k, &next), ERR_OK);
    holds(k, "a");
    holds(k, "b");
    drop(k);
}

static void on_disk(void **state)
{
    (void)state;
    char previous[128];
    snprintf(previous, sizeof previous, "%s.previous", path);
    struct keystore *k = new_store(), *back = calloc(1, sizeof *back);
    struct keystore_unlock u = phrase(PHRASE);
    assert_int_equal(keystore_read(back, path, why), ERR_NOT_FOUND);
    assert_int_equal(keystore_write(k, path, true, why), ERR_OK);
    assert_int_equal(keystore_write(k, path, true, why), ERR_EXISTS);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_not_equal(access(previous, F_OK), 0);
    add(k, "a");
    assert_int_equal(keystore_write(k, path, false, why), ERR_OK);
    assert_int_equal(access(previous, F_OK), 0);
    assert_int_equal(keystore_read(back, previous, why), ERR_OK); /* the one before, whole */
    assert_int_equal(back->entries, 0);
    assert_int_equal(keystore_open(back, &u), ERR_OK);
    keystore_close(back);
    assert_int_equal(keystore_read(back, path, why), ERR_OK);
    assert_int_equal(keystore_open(back, &u), ERR_OK);
    holds(back, "a");
    keystore_confirm(path);
    assert_int_not_equal(access(previous, F_OK), 0);
    keystore_close(back);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(keystore_read(back, path, why), ERR_RANGE);
    assert_non_null(strstr(why, "0600"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/etc/passwd", path), 0);
    assert_int_equal(keystore_read(back, path, why), ERR_IO);
    assert_int_equal(keystore_write(k, dir, false, why), ERR_IO);
    free(back);
    drop(k);
}

/* The file cannot be written to its end: the one before is what it was, and opens. */
static void a_full_disk_loses_nothing(void **state)
{
    (void)state;
    char new_one[128], previous[128];
    snprintf(new_one, sizeof new_one, "%s.new", path);
    snprintf(previous, sizeof previous, "%s.previous", path);
    (void)unlink(path);
    struct keystore *k = new_store(), *back = calloc(1, sizeof *back);
    struct keystore_unlock u = phrase(PHRASE);
    uint8_t credential[64] = {3};
    struct keystore_unlock unit = {SLOT_CREDENTIAL, credential, sizeof credential};
    add(k, "a");
    assert_int_equal(keystore_add_slot(k, &unit, "unit", 0, 0), ERR_OK);
    assert_int_equal(keystore_write(k, path, true, why), ERR_OK);
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    add(k, "b");
    struct rlimit before, full;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    for (rlim_t room = 0; room <= (rlim_t)st.st_size; room += 97) {
        full = before;
        full.rlim_cur = room;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
        enum err e = keystore_write(k, path, false, why);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_int_equal(e, ERR_IO);
        assert_non_null(strstr(why, "cannot be written"));
        assert_int_not_equal(access(new_one, F_OK), 0);
        assert_int_equal(keystore_read(back, path, why), ERR_OK);
        assert_int_equal(keystore_open(back, &unit), ERR_OK);
        assert_int_equal(back->entries, 1);
        holds(back, "a");
        keystore_close(back);
    }
    /* nor where the version before cannot be kept */
    assert_int_equal(mkdir(previous, 0700), 0);
    assert_int_equal(keystore_write(k, path, false, why), ERR_IO);
    assert_int_equal(rmdir(previous), 0);
    assert_int_not_equal(access(new_one, F_OK), 0);
    assert_int_equal(keystore_read(back, path, why), ERR_OK);
    assert_int_equal(keystore_open(back, &u), ERR_OK);
    assert_int_equal(back->entries, 1);
    keystore_close(back);
    /* with room it is written, over what an interrupted write may have left */
    FILE *f = fopen(new_one, "w");
    assert_non_null(f);
    fputs("half", f);
    fclose(f);
    assert_int_equal(keystore_write(k, path, false, why), ERR_OK);
    assert_int_equal(keystore_read(back, path, why), ERR_OK);
    assert_int_equal(keystore_open(back, &unit), ERR_OK);
    holds(back, "b");
    keystore_close(back);
    assert_int_equal(keystore_read(back, previous, why), ERR_OK); /* kept until it was opened */
    assert_int_equal(keystore_open(back, &unit), ERR_OK);
    assert_int_equal(back->entries, 1);
    keystore_close(back);
    keystore_confirm(path);
    free(back);
    drop(k);
}

static int setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/tradewind-keystore-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/keys", dir);
    return secret_init() == ERR_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(wrong_secrets),
        cmocka_unit_test(every_byte_counts),
        cmocka_unit_test(splices_are_refused),
        cmocka_unit_test(absurd_parameters),
        cmocka_unit_test(slots),
        cmocka_unit_test(what_may_be_added),
        cmocka_unit_test(on_disk),
        cmocka_unit_test(a_full_disk_loses_nothing),
        cmocka_unit_test(what_a_file_may_not_ask_for),
        cmocka_unit_test(every_byte_of_a_passphrase_slot_counts),
        cmocka_unit_test(rekeyed),
        cmocka_unit_test(api_keys_that_follow),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests(tests, setup, teardown);
}
