#include "wallet/key_cmd.h"

#include "base/exit_code.h"
#include "wallet/audit.h"
#include "wallet/file.h"
#include "wallet/key_args.h"
#include "wallet/key_list.h"
#include "wallet/key_log.h"
#include "wallet/key_make.h"
#include "wallet/key_slots.h"
#include "wallet/key_store.h"
#include "wallet/why.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char HELP[] =
    "usage: tradewind key COMMAND [NAME] [OPTIONS]\n"
    "\n"
    "  init                make an empty key store\n"
    "  add NAME            store a secret that a venue or service gave you\n"
    "  import NAME         store a private key that you have in another form\n"
    "  generate NAME       make a new private key; only its public half is shown\n"
    "  api-key NAME        set the API key that a venue gave you for a public key\n"
    "  list                what is in the store\n"
    "  show-address NAME   the address of a key, or its public half in PEM\n"
    "  remove NAME         remove a key\n"
    "  rekey               new passphrase and new data key\n"
    "  backup FILE         copy the store, after it was opened, to a file that is not there yet\n"
    "  slots               the ways to open the store\n"
    "  add-slot NAME       another passphrase, or a credential for systemd\n"
    "  remove-slot NAME    remove one of them\n"
    "\n"
    "  --store FILE        the key store (default ~/.local/share/tradewind/keys)\n"
    "  --kind KIND         binance-hmac, binance-ed25519, evm, telegram-token, generic-hmac,\n"
    "                      secret-text\n"
    "  --class CLASS       trade, stream, wire or chain, where the kind leaves a choice\n"
    "  --network NETWORK   what the key is bound to: binance:mainnet, binance:testnet, evm:1\n"
    "  --format FORMAT     import: hex, mnemonic, xprv, web3 (JSON file), pem\n"
    "  --path PATH         import: which key of a mnemonic (default m/44'/60'/0'/0/0) or xprv\n"
    "  --kdf-memory MIB    init, rekey, add-slot: memory that stretching a passphrase takes "
    "(default 256)\n"
    "  --kdf-passes N      init, rekey, add-slot: passes over it (default 3)\n"
    "  --audit DIR, --counter FILE   rekey: the signer's log, where it is not at its usual place\n"
    "  --no-audit          rekey: do not tell the log; `tradewind audit accept` has to follow\n"
    "  --json              list, slots: for programs\n"
    "  --unverified        list, slots: without the passphrase; what is shown could have been "
    "changed\n"
    "  --yes               remove: do not ask; remove-slot: also the last passphrase\n"
    "\n"
    "Secrets are asked for at the terminal, without echo, or come from\n"
    "  --passphrase-fd N, --passphrase-file FILE   the store's passphrase\n"
    "  --credential-fd N, --credential-file FILE   a credential of the store, instead\n"
    "  --new-passphrase-fd, -file                  rekey, add-slot: the new one\n"
    "  --new-credential-fd, -file                  add-slot: where a new credential goes\n"
    "  --secret-fd, -file                          add, import: the secret, key, phrase or file\n"
    "  --api-key-fd, -file                         add, api-key: the API key\n"
    "  --import-passphrase-fd, -file               import: of the phrase, JSON or PEM\n"
    "Files have to have mode 0600. Arguments and the environment are refused: others can read "
    "them.\n"
    "Exit codes: 0 done, 1 not done, 2 usage.\n";

static int fail(const char *why)
{
    fprintf(stderr, "tradewind key: %s\n", why);
    return EXIT_CODE_ERROR;
}

static enum err init(struct key_store *s, const struct key_args *a, char *why)
{
    enum err e = key_store_create(s, a, why);
    if (!e)
        printf("%s: made. Without its passphrase nobody can open it, you included.\n", a->store);
    return e;
}

static enum err list(struct key_store *s, const struct key_args *a, char *why)
{
    enum err e = a->unverified ? key_store_read(s, a, why) : key_store_open(s, a, why);
    return e ? e : key_list(&s->k, a->json, why);
}

static enum err show_address(struct key_store *s, const struct key_args *a, char *why)
{
    enum err e = key_store_open(s, a, why);
    return e ? e : key_show_address(&s->k, a->argument, why);
}

static enum err make(struct key_store *s, const struct key_args *a, key_maker *how, char *why)
{
    struct keystore_entry entry;
    enum err e = key_make_check(a, &entry, why);
    if (!e)
        e = key_store_open(s, a, why);
    if (!e && keystore_find(&s->k, a->argument) >= 0)
        e = why_say(why, ERR_EXISTS, "there is a key with that name already");
    if (!e)
        e = how(&s->k, a, &entry, why);
    if (!e)
        e = key_store_write(s, why);
    if (!e)
        key_print_made(&s->k, a->argument);
    return e;
}

static enum err add(struct key_store *s, const struct key_args *a, char *why)
{
    return make(s, a, key_make_add, why);
}

static enum err import(struct key_store *s, const struct key_args *a, char *why)
{
    return make(s, a, key_make_import, why);
}

static enum err generate(struct key_store *s, const struct key_args *a, char *why)
{
    return make(s, a, key_make_generate, why);
}

static enum err api_key(struct key_store *s, const struct key_args *a, char *why)
{
    struct secret text;
    enum err e = key_store_open(s, a, why);
    if (!e)
        e = input_read(&a->api_key, "API key", KEYSTORE_API_KEY_MAX - 1, 0, &text, why);
    if (e)
        return e;
    secret_open(&text);
    e = keystore_set_api_key(&s->k, a->argument, (const char *)text.data, why);
    secret_free(&text);
    if (!e)
        e = key_store_write(s, why);
    if (!e)
        printf("%s: has its API key\n", a->argument);
    return e;
}

/* Its name typed again: a key that is gone is in no wastebasket. */
static enum err confirm(const char *label, char *why)
{
    const struct input terminal = {.has_fd = false};
    struct secret typed;
    enum err e = input_read(&terminal, "name of the key again, to remove it", KEYSTORE_LABEL_MAX,
                            INPUT_SHOWN, &typed, why);
    if (e == ERR_NOT_FOUND)
        return why_say(why, e, "there is no terminal to ask on; --yes removes without asking");
    if (e)
        return e;
    secret_open(&typed);
    bool same = strcmp((const char *)typed.data, label) == 0;
    secret_free(&typed);
    return same ? ERR_OK : why_say(why, ERR_STATE, "that is another name: nothing is removed");
}

static enum err remove_key(struct key_store *s, const struct key_args *a, char *why)
{
    enum err e = key_store_open(s, a, why);
    if (!e && keystore_find(&s->k, a->argument) < 0)
        e = why_say(why, ERR_NOT_FOUND, "there is no key with that name");
    if (!e && !a->yes)
        e = confirm(a->argument, why);
    if (!e)
        e = keystore_remove(&s->k, a->argument);
    if (!e)
        e = key_store_write(s, why);
    if (!e)
        printf("%s: removed; %s.previous and backups still hold it\n", a->argument, a->store);
    return e;
}

static enum err rekey(struct key_store *s, const struct key_args *a, char *why)
{
    struct secret phrase;
    enum err e = key_store_open(s, a, why);
    if (!e)
        e = key_store_new_passphrase(&a->new_passphrase, "new passphrase", &phrase, why);
    if (e)
        return e;
    uint32_t others = s->k.slots - 1;
    struct secret before = {0};
    secret_open(&phrase);
    struct keystore_unlock u = {SLOT_PASSPHRASE, phrase.data, phrase.len};
    e = audit_mac_key(&s->k, &before);
    if (!e)
        e = keystore_rekey(&s->k, &u, "main", a->memory, a->passes);
    secret_shut(&phrase);
    if (e)
        (void)why_say(why, e, "no memory to stretch the passphrase (%s)", err_name(e));
    else
        e = key_log_rekey(s, a, &before, why); /* first: a log that knows both keys fits either */
    secret_free(&before);
    if (!e)
        e = key_store_write(s, why);
    if (!e)
        e = key_store_prove(a->store, SLOT_PASSPHRASE, &phrase, why);
    secret_free(&phrase);
    if (e)
        return e;
    printf("%s: has a new passphrase and a new data key\n", a->store);
    if (others)
        printf("%u other ways to open it are gone with the old data key: make them again\n",
               others);
    puts("backups made before still open with the old passphrase");
    return ERR_OK;
}

static enum err backup(struct key_store *s, const struct key_args *a, char *why)
{
    enum err e = key_store_open(s, a, why); /* a backup that nobody can open is none */
    if (e)
        return e;
    e = file_create(a->argument, s->k.file, s->k.file_len, why);
    if (e)
        return e;
    printf("%s: a copy of %s with %u keys; it opens with today's passphrase\n", a->argument,
           a->store, s->k.entries);
    return ERR_OK;
}

static const struct {
    const char *name;
    bool argument;
    enum err (*run)(struct key_store *s, const struct key_args *a, char *why);
} COMMANDS[] = {
    {"init", false, init},
    {"add", true, add},
    {"import", true, import},
    {"generate", true, generate},
    {"api-key", true, api_key},
    {"list", false, list},
    {"show-address", true, show_address},
    {"remove", true, remove_key},
    {"rekey", false, rekey},
    {"backup", true, backup},
    {"slots", false, key_slots_list},
    {"add-slot", true, key_slots_add},
    {"remove-slot", true, key_slots_remove},
};

static bool wants_help(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    return false;
}

int key_cmd(int argc, char **argv)
{
    char why[WHY_MAX];
    struct key_args a;
    if (wants_help(argc, argv)) {
        fputs(HELP, stdout);
        return EXIT_CODE_OK;
    }
    for (size_t i = 0; argc > 1 && i < sizeof COMMANDS / sizeof COMMANDS[0]; i++) {
        if (strcmp(argv[1], COMMANDS[i].name) != 0)
            continue;
        if (key_args_parse(argc - 1, argv + 1, COMMANDS[i].argument, &a, why) != ERR_OK) {
            fprintf(stderr, "tradewind key %s: %s; `tradewind key --help` says more\n",
                    COMMANDS[i].name, why);
            return EXIT_CODE_USAGE;
        }
        struct key_store *s = calloc(1, sizeof *s);
        if (!s)
            return fail("no memory");
        s->lock = -1;
        enum err e = COMMANDS[i].run(s, &a, why);
        key_store_close(s);
        free(s);
        if (e)
            return fail(why);
        return fflush(stdout) == 0 ? EXIT_CODE_OK : fail("the output cannot be written");
    }
    fputs(argc > 1 ? "tradewind key: there is no such command\n\n" : "", stderr);
    fputs(HELP, stderr);
    return EXIT_CODE_USAGE;
}
