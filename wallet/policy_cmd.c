#include "wallet/policy_cmd.h"

#include "base/exit_code.h"
#include "wallet/file.h"
#include "wallet/key_store.h"
#include "wallet/paths.h"
#include "wallet/policy_diff.h"
#include "wallet/policy_live.h"
#include "wallet/policy_store.h"
#include "wallet/why.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char HELP[] =
    "usage: tradewind-signer policy set --compiled-fd N [OPTIONS]\n"
    "\n"
    "Makes a compiled policy the one of a key store. `tradewind policy set FILE` compiles TOML "
    "and\n"
    "calls this; `tradewind policy --help` says more.\n"
    "\n"
    "  --compiled-fd N      where the compiled policy is read\n"
    "  --store FILE         the key store (default ~/.local/share/tradewind/keys)\n"
    "  --policy FILE        where its policy is kept (default: the store's name and .policy)\n"
    "  --sockets DIR        of the running signer that is to take it over. Without it, and "
    "without\n"
    "                       --store, the one in the usual place, where it is unlocked\n"
    "  --passphrase-fd N, --passphrase-file FILE  instead of the terminal\n"
    "  --yes                do not ask\n"
    "Exit codes: 0 done, 1 not done, 2 usage, 3 no signer at --sockets.\n";

struct job {
    struct key_args args;
    int fd;                      /* of the compiled policy */
    char path[FILE_PATH_MAX];    /* of the store's policy; "": beside the store */
    char sockets[FILE_PATH_MAX]; /* "": no signer is to be asked */
    bool must_be_live;           /* --sockets was given */
    struct key_store store;
    struct policy_live live;
    struct keystore_entry entry[KEYSTORE_ENTRIES_MAX]; /* what the store has, or the signer */
    uint32_t entries;
    struct policy before, after;
    uint8_t bytes[WIRE_POLICY_MAX + 1];
    size_t len;
};

/* ---- arguments ---- */

static enum err take_fd(const char *text, int *ret)
{
    int n = 0;
    size_t len = strlen(text);
    if (len == 0 || len > 4 || strspn(text, "0123456789") != len)
        return ERR_SYNTAX;
    for (size_t i = 0; i < len; i++)
        n = 10 * n + (text[i] - '0');
    *ret = n;
    return ERR_OK;
}

/* Takes its own options out of the arguments; the rest are those of the `key` commands. */
static enum err parse(int argc, char **argv, struct job *j, char *why)
{
    char *rest[64] = {argv[0]};
    int n = 1;
    bool store = false;
    j->fd = -1;
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--compiled-fd") == 0 && j->fd < 0) {
            if (take_fd(value, &j->fd))
                return why_say(why, ERR_SYNTAX, "--compiled-fd wants a number");
            i++;
        } else if (strcmp(argv[i], "--policy") == 0 && !j->path[0]) {
            if (!value[0] || !file_beside(j->path, value, ""))
                return why_say(why, ERR_SYNTAX, "--policy wants a path of at most %d bytes",
                               FILE_PATH_MAX - 1);
            i++;
        } else if (strcmp(argv[i], "--sockets") == 0 && !j->sockets[0]) {
            if (!value[0] || !file_beside(j->sockets, value, ""))
                return why_say(why, ERR_SYNTAX, "--sockets wants a directory of at most %d bytes",
                               FILE_PATH_MAX - 1);
            j->must_be_live = true;
            i++;
        } else if (n + 1 < (int)(sizeof rest / sizeof *rest)) {
            store = store || strcmp(argv[i], "--store") == 0;
            rest[n++] = argv[i];
        } else {
            return why_say(why, ERR_SYNTAX, "there are too many arguments");
        }
    }
    enum err e = key_args_parse(n, rest, false, &j->args, why);
    if (!e && j->fd < 0)
        e = why_say(why, ERR_SYNTAX, "--compiled-fd is missing");
    if (!e && !j->path[0])
        e = policy_store_path(j->args.store, j->path, why);
    if (!e && !j->sockets[0] && !store)
        e = paths_sockets(j->sockets, why);
    return e;
}

static enum err read_compiled(struct job *j, char *why)
{
    while (j->len < sizeof j->bytes) {
        ssize_t n = read(j->fd, j->bytes + j->len, sizeof j->bytes - j->len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return why_say(why, ERR_IO, "the compiled policy cannot be read: %s", strerror(errno));
        if (n == 0)
            break;
        j->len += (size_t)n;
    }
    return policy_decode(j->bytes, j->len, &j->after)
               ? why_say(why, ERR_SYNTAX, "this is not a compiled policy of this version")
               : ERR_OK;
}

/* ---- what changes ---- */

struct listing {
    enum policy_direction direction;
    bool begun;
};

static void print_change(void *arg, enum policy_direction direction, const char *line)
{
    struct listing *l = arg;
    if (direction != l->direction)
        return;
    if (!l->begun)
        puts(direction == POLICY_LOOSER ? "looser:" : "tighter:");
    l->begun = true;
    printf("  %s\n", line);
}

static void print_changes(const struct policy *before, const struct policy *after)
{
    struct listing looser = {POLICY_LOOSER, false}, tighter = {POLICY_TIGHTER, false};
    (void)policy_diff(before, after, print_change, &looser);
    struct policy_changes c = policy_diff(before, after, print_change, &tighter);
    printf("%u looser, %u tighter, %u unchanged\n", c.looser, c.tighter, c.same);
}

static void note(const char *label, const char *text)
{
    printf("note: %s: %s\n", label, text);
}

static const struct keystore_entry *find_entry(const struct job *j, const char *label)
{
    for (uint32_t i = 0; i < j->entries; i++)
        if (strcmp(j->entry[i].label, label) == 0)
            return &j->entry[i];
    return NULL;
}

/* What the policy says of keys that the store has not, or has otherwise: nothing can be signed. */
static void print_notes(const struct job *j)
{
    const unsigned orders =
        POLICY_ORDER | POLICY_CANCEL | POLICY_CANCEL_REPLACE | POLICY_CANCEL_ALL;
    for (uint32_t i = 0; i < j->after.keys; i++) {
        const struct policy_key *key = &j->after.key[i];
        const struct keystore_entry *e = find_entry(j, key->label);
        if (!e) {
            note(key->label, "the key store has no key of this name");
            continue;
        }
        if (strcmp(e->network, key->network) != 0)
            note(key->label, "the key is bound to another network: nothing will be signed");
        if (key->ops & orders && e->class != CLASS_TRADE)
            note(key->label, "orders and cancels are for keys of class trade: this is none");
        if (key->ops & POLICY_STREAM && e->class != CLASS_STREAM)
            note(key->label, "stream is for keys of class stream: this is none");
    }
}

/* ---- setting ---- */

static enum err confirm(const struct key_args *a, char *why)
{
    const struct input terminal = {.has_fd = false};
    struct secret typed;
    if (a->yes)
        return ERR_OK;
    enum err e = fflush(stdout) == 0 ? input_read(&terminal, "\"yes\" to set this policy", 16,
                                                  INPUT_SHOWN, &typed, why)
                                     : why_say(why, ERR_IO, "the output cannot be written");
    if (e == ERR_NOT_FOUND)
        return why_say(why, e, "there is no terminal to ask on; --yes sets without asking");
    if (e)
        return e;
    secret_open(&typed);
    bool yes = strcmp((const char *)typed.data, "yes") == 0;
    secret_free(&typed);
    return yes ? ERR_OK : why_say(why, ERR_STATE, "nothing is set");
}

/* Shows what the policy would change of the one with [hash]. [readable]: that one is known, else
 * [why] says why not. ERR_EXISTS: it has this one already. */
static enum err review(struct job *j, const uint8_t *hash, bool readable, char *why)
{
    uint8_t next[POLICY_HASH_BYTES];
    if (!readable) {
        memset(&j->before, 0, sizeof j->before);
        printf("note: the policy before cannot be compared with: %s\n", why);
    }
    print_notes(j);
    print_changes(&j->before, &j->after);
    policy_hash(j->bytes, j->len, next);
    if (readable && memcmp(next, hash, sizeof next) == 0)
        return ERR_EXISTS;
    return confirm(&j->args, why);
}

static const char *and_allows(const struct job *j)
{
    return j->after.keys ? "" : ", which allows nothing";
}

/* In the key store, which no signer has open or is to be told of. */
static enum err set_stored(struct job *j, char *why)
{
    enum err e = key_store_open(&j->store, &j->args, why);
    if (e)
        return e;
    const struct keystore *k = &j->store.k;
    memcpy(j->entry, k->entry, sizeof j->entry);
    j->entries = k->entries;
    bool readable = policy_store_read(k, j->path, &j->before, why) == ERR_OK;
    e = review(j, k->policy_hash, readable, why);
    if (e == ERR_EXISTS) {
        printf("%s: has this policy already\n", j->args.store);
        return ERR_OK;
    }
    if (!e)
        e = policy_store_write(&j->store.k, j->args.store, j->path, j->bytes, j->len, why);
    if (!e)
        printf("%s: has the policy %s%s; a signer takes it over when it is unlocked the next "
               "time\n",
               j->args.store, j->path, and_allows(j));
    return e;
}

/* By the signer that has the store open. */
static enum err set_live(struct job *j, char *why)
{
    struct secret phrase;
    enum err e = policy_live_keys(&j->live, j->entry, &j->entries, why);
    if (e)
        return e;
    bool readable = policy_store_find(j->live.policy_hash, j->path, &j->before, why) == ERR_OK;
    e = review(j, j->live.policy_hash, readable, why);
    if (e == ERR_EXISTS) {
        puts("the signer has this policy already");
        return ERR_OK;
    }
    if (!e)
        e = input_read(&j->args.passphrase, "passphrase of the key store", KEY_PASSPHRASE_MAX, 0,
                       &phrase, why);
    if (e)
        return e;
    e = policy_live_set(&j->live, &phrase, j->bytes, j->len, why);
    secret_free(&phrase);
    if (!e)
        printf("the signer has the policy%s\n", and_allows(j));
    return e;
}

static enum err set(struct job *j, char *why)
{
    enum err e = read_compiled(j, why);
    if (e || !j->sockets[0])
        return e ? e : set_stored(j, why);
    e = policy_live_open(&j->live, j->sockets, why);
    if (!e && !j->live.sealed)
        return set_live(j, why);
    if (!e)
        puts("note: the signer is sealed: the policy is set in the key store");
    else if (j->must_be_live)
        return e;
    else if (e != ERR_NOT_FOUND)
        printf("note: the signer cannot be asked (%s): the policy is set in the key store\n", why);
    return set_stored(j, why);
}

static int run(struct job *j, char *why)
{
    enum err e = set(j, why);
    if (!e && fflush(stdout) != 0)
        e = why_say(why, ERR_IO, "the output cannot be written");
    if (e)
        fprintf(stderr, "tradewind policy set: %s\n", why);
    bool absent = e == ERR_NOT_FOUND && j->must_be_live && j->live.fd < 0;
    return absent ? EXIT_CODE_NOT_RUNNING : e ? EXIT_CODE_ERROR : EXIT_CODE_OK;
}

int policy_cmd(int argc, char **argv)
{
    char why[WHY_MAX];
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(HELP, stdout);
            return EXIT_CODE_OK;
        }
    if (argc < 2 || strcmp(argv[1], "set") != 0) {
        fputs(argc > 1 ? "tradewind policy: there is no such command\n\n" : "", stderr);
        fputs(HELP, stderr);
        return EXIT_CODE_USAGE;
    }
    struct job *j = calloc(1, sizeof *j);
    if (!j) {
        fputs("tradewind policy set: no memory\n", stderr);
        return EXIT_CODE_ERROR;
    }
    j->store.lock = j->live.fd = -1;
    int code = EXIT_CODE_USAGE;
    if (parse(argc - 1, argv + 1, j, why) == ERR_OK)
        code = run(j, why);
    else
        fprintf(stderr, "tradewind policy set: %s; `tradewind policy --help` says more\n", why);
    policy_live_close(&j->live);
    key_store_close(&j->store);
    free(j);
    return code;
}
