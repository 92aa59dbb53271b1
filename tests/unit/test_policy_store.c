/* The policy beside the key store: only the attested one is read, and whatever moment a write ends
 * at, store and policy go together. */
#include "wallet/file.h"
#include "wallet/policy_store.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64], store[96], path[FILE_PATH_MAX];
static char why[WHY_MAX];
static struct policy read_back;

static const uint8_t CREDENTIAL[32] = {7};
static const struct keystore_unlock DOOR = {SLOT_CREDENTIAL, CREDENTIAL, sizeof CREDENTIAL};

/* ---- a disk that stops ---- */

/* How many more changes of the disk succeed; then the process dies, or each one fails. */
static int steps_left = -1;
static bool dies;

static bool stops(void)
{
    if (steps_left < 0)
        return false;
    if (steps_left-- > 0)
        return false;
    if (dies)
        _exit(7);
    steps_left = 0;
    errno = EIO;
    return true;
}

int rename(const char *from, const char *to)
{
    return stops() ? -1 : (int)syscall(SYS_renameat2, -100, from, -100, to, 0);
}

int link(const char *from, const char *to)
{
    return stops() ? -1 : (int)syscall(SYS_linkat, -100, from, -100, to, 0);
}

int unlink(const char *name)
{
    return stops() ? -1 : (int)syscall(SYS_unlinkat, -100, name, 0);
}

int fsync(int fd)
{
    return stops() ? -1 : (int)syscall(SYS_fsync, fd);
}

ssize_t write(int fd, const void *bytes, size_t len)
{
    return fd > 2 && stops() ? -1 : syscall(SYS_write, fd, bytes, len);
}

/* ---- stores and policies ---- */

/* A policy that can be told by its number. */
static size_t policy_bytes(uint32_t number, uint8_t *out)
{
    static struct policy p;
    size_t len = 0;
    memset(&p, 0, sizeof p);
    p.keys = 1;
    snprintf(p.key[0].label, sizeof p.key[0].label, "trade-1");
    snprintf(p.key[0].network, sizeof p.key[0].network, "binance:testnet");
    p.key[0].window_ms = p.key[0].replays = 1;
    p.key[0].rate = number;
    assert_int_equal(policy_encode(&p, out, &len), ERR_OK);
    return len;
}

static struct keystore *opened(const char *from)
{
    struct keystore *k = calloc(1, sizeof *k);
    assert_non_null(k);
    assert_int_equal(keystore_read(k, from, why), ERR_OK);
    assert_int_equal(keystore_open(k, &DOOR), ERR_OK);
    return k;
}

static void drop(struct keystore *k)
{
    keystore_close(k);
    free(k);
}

static enum err set(struct keystore *k, uint32_t number)
{
    static uint8_t bytes[WIRE_POLICY_MAX];
    size_t len = policy_bytes(number, bytes);
    return policy_store_write(k, store, path, bytes, len, why);
}

/* The number of the policy that the store attests; -1: it has none that is good. */
static int number_of(const char *from)
{
    struct keystore *k = opened(from);
    enum err e = policy_store_read(k, path, &read_back, why);
    drop(k);
    return e ? -1 : read_back.keys ? (int)read_back.key[0].rate : 0;
}

static int fresh(void **state)
{
    (void)state;
    assert_int_equal(secret_init(), ERR_OK);
    snprintf(dir, sizeof dir, "/tmp/tw-policy-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(store, sizeof store, "%s/keys", dir);
    assert_int_equal(policy_store_path(store, path, why), ERR_OK);
    struct keystore *k = calloc(1, sizeof *k);
    assert_non_null(k);
    assert_int_equal(keystore_create(k, &DOOR, "main", 0, 0), ERR_OK);
    assert_int_equal(keystore_write(k, store, true, why), ERR_OK);
    drop(k);
    return 0;
}

static void remove_all(void)
{
    static const char *const NAMES[] = {"",        ".new",        ".previous",
                                        ".policy", ".policy.new", ".policy.previous"};
    char name[FILE_PATH_MAX];
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        snprintf(name, sizeof name, "%s%s", store, NAMES[i]);
        (void)unlink(name);
    }
}

static int over(void **state)
{
    (void)state;
    steps_left = -1;
    remove_all();
    assert_int_equal(rmdir(dir), 0);
    return 0;
}

static void put(const char *to, const uint8_t *bytes, size_t len)
{
    assert_int_equal(file_write_new(to, bytes, len, why), ERR_OK);
}

/* ---- tests ---- */

static void none_is_empty(void **state)
{
    (void)state;
    static uint8_t bytes[WIRE_POLICY_MAX];
    assert_int_equal(number_of(store), 0);
    assert_int_equal(read_back.keys, 0);
    put(path, bytes, policy_bytes(5, bytes));
    assert_int_equal(number_of(store), -1);
    assert_non_null(strstr(why, "attests no policy"));
}

static void set_and_read(void **state)
{
    (void)state;
    struct keystore *k = opened(store);
    struct stat st;
    assert_int_equal(set(k, 1), ERR_OK);
    assert_int_equal(policy_store_read(k, path, &read_back, why), ERR_OK);
    assert_int_equal(set(k, 2), ERR_OK);
    assert_int_equal(set(k, 3), ERR_OK);
    drop(k);
    assert_int_equal(number_of(store), 3);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void only_policies_are_set(void **state)
{
    (void)state;
    static uint8_t bytes[WIRE_POLICY_MAX];
    struct keystore *k = opened(store);
    size_t len = policy_bytes(1, bytes);
    uint8_t before[POLICY_HASH_BYTES];
    memcpy(before, k->policy_hash, sizeof before);
    assert_int_equal(policy_store_write(k, store, path, bytes, len - 1, why), ERR_SYNTAX);
    bytes[4] = 2;
    assert_int_equal(policy_store_write(k, store, path, bytes, len, why), ERR_UNSUPPORTED);
    assert_memory_equal(k->policy_hash, before, sizeof before);
    drop(k);
    assert_int_equal(number_of(store), 0);
}

static void every_byte_counts(void **state)
{
    (void)state;
    static uint8_t bytes[WIRE_POLICY_MAX];
    struct keystore *k = opened(store);
    assert_int_equal(set(k, 1), ERR_OK);
    size_t len = policy_bytes(1, bytes);
    for (size_t i = 0; i < len; i++)
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes[i] ^= (uint8_t)(1u << bit);
            put(path, bytes, len);
            assert_int_equal(policy_store_read(k, path, &read_back, why), ERR_CORRUPT);
            assert_non_null(strstr(why, "is not the policy that the key store attests"));
            bytes[i] ^= (uint8_t)(1u << bit);
        }
    for (size_t cut = 0; cut < len; cut++) {
        put(path, bytes, cut);
        assert_int_equal(policy_store_read(k, path, &read_back, why), ERR_CORRUPT);
    }
    put(path, bytes, len + 1);
    assert_int_equal(policy_store_read(k, path, &read_back, why), ERR_CORRUPT);
    put(path, bytes, len);
    assert_int_equal(policy_store_read(k, path, &read_back, why), ERR_OK);
    drop(k);
}

static void an_older_one_or_none(void **state)
{
    (void)state;
    static uint8_t bytes[WIRE_POLICY_MAX];
    struct keystore *k = opened(store);
    assert_int_equal(set(k, 1), ERR_OK);
    assert_int_equal(set(k, 2), ERR_OK);
    drop(k);
    put(path, bytes, policy_bytes(1, bytes));
    assert_int_equal(number_of(store), -1);
    assert_non_null(strstr(why, "or is an older one"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(number_of(store), -1);
    assert_non_null(strstr(why, "is missing"));
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(number_of(store), -1);
    assert_int_equal(rmdir(path), 0);
    put(path, bytes, policy_bytes(2, bytes));
    assert_int_equal(chmod(path, 0620), 0);
    assert_int_equal(number_of(store), -1);
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(number_of(store), 2);
}

/* After 1 is set, 2 is being set: the store there is, and the one before it, find their policy. */
static void good_after(int n, bool done)
{
    char previous[FILE_PATH_MAX];
    int found = number_of(store);
    if (found != 2 && (found != 1 || done))
        fail_msg("stopped after %d changes: policy %d; %s", n, found, why);
    assert_true(file_beside(previous, store, ".previous"));
    if (access(previous, F_OK) == 0 && number_of(previous) < 0)
        fail_msg("stopped after %d changes: the previous store has no policy; %s", n, why);
    /* And it goes on from there. */
    struct keystore *k = opened(store);
    assert_int_equal(set(k, 3), ERR_OK);
    drop(k);
    assert_int_equal(number_of(store), 3);
}

static void begin_with_one(void)
{
    remove_all();
    struct keystore *k = calloc(1, sizeof *k);
    assert_non_null(k);
    assert_int_equal(keystore_create(k, &DOOR, "main", 0, 0), ERR_OK);
    assert_int_equal(keystore_write(k, store, true, why), ERR_OK);
    assert_int_equal(set(k, 1), ERR_OK);
    keystore_confirm(store);
    drop(k);
}

static void killed_at_any_moment(void **state)
{
    (void)state;
    bool done = false;
    int n = 0;
    for (; !done; n++) {
        begin_with_one();
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            struct keystore *k = opened(store);
            dies = true;
            steps_left = n;
            _exit(set(k, 2) == ERR_OK ? 0 : 1);
        }
        int status = 0;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 7 || WEXITSTATUS(status) == 0));
        done = WEXITSTATUS(status) == 0;
        good_after(n, done);
    }
    assert_true(n > 12); /* it did stop somewhere */
}

static void failing_at_any_moment(void **state)
{
    (void)state;
    bool done = false;
    for (int n = 0; !done; n++) {
        begin_with_one();
        struct keystore *k = opened(store);
        uint8_t before[POLICY_HASH_BYTES];
        memcpy(before, k->policy_hash, sizeof before);
        steps_left = n;
        enum err e = set(k, 2);
        done = steps_left > 0;
        steps_left = -1;
        assert_int_equal(memcmp(k->policy_hash, before, sizeof before) == 0, e != ERR_OK);
        /* The same program tries once more: it sets it, or says that it must open the store. */
        if (e) {
            int found = number_of(store);
            assert_int_equal(set(k, 3), found == 1 ? ERR_OK : ERR_STATE);
            assert_int_equal(number_of(store), found == 1 ? 3 : 2);
        }
        drop(k);
        if (!e)
            good_after(n, true);
    }
}

static void changed_behind_its_back(void **state)
{
    (void)state;
    struct keystore *a = opened(store), *b = opened(store);
    assert_int_equal(set(a, 1), ERR_OK);
    assert_int_equal(set(b, 2), ERR_STATE);
    assert_non_null(strstr(why, "open it again"));
    drop(a);
    drop(b);
    assert_int_equal(number_of(store), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(none_is_empty, fresh, over),
        cmocka_unit_test_setup_teardown(set_and_read, fresh, over),
        cmocka_unit_test_setup_teardown(only_policies_are_set, fresh, over),
        cmocka_unit_test_setup_teardown(every_byte_counts, fresh, over),
        cmocka_unit_test_setup_teardown(an_older_one_or_none, fresh, over),
        cmocka_unit_test_setup_teardown(killed_at_any_moment, fresh, over),
        cmocka_unit_test_setup_teardown(failing_at_any_moment, fresh, over),
        cmocka_unit_test_setup_teardown(changed_behind_its_back, fresh, over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
