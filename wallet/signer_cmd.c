#include "wallet/signer_cmd.h"

#include "base/exit_code.h"
#include "wallet/ask.h"
#include "wallet/key_store.h"
#include "wallet/paths.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char HELP[] =
    "usage: tradewind signer status [--json]  whether it serves, and is unlocked\n"
    "       tradewind signer unlock           opens its key store\n"
    "       tradewind signer seal             has it wipe its keys\n"
    "\n"
    "  --sockets DIR     where the signer has its sockets (default $XDG_RUNTIME_DIR/tradewind, "
    "else\n"
    "                    /run/tradewind)\n"
    "  --passphrase-fd N, --passphrase-file FILE  unlock: instead of the terminal\n"
    "Unlocking a signer that is unlocked reads the key store again.\n"
    "Exit codes: 0 done, 1 refused, 2 usage, 3 no signer serves there.\n";

struct job {
    char sockets[FILE_PATH_MAX];
    struct input passphrase;
    bool json;
    int fd;
    uint8_t *buffer; /* WIRE_BUFFER_MAX, guarded */
};

static enum err parse(int argc, char **argv, struct job *j, char *why)
{
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (strcmp(argv[i], "--json") == 0) {
            j->json = true;
            continue;
        }
        i++;
        if (!value[0])
            return why_say(why, ERR_SYNTAX, "argument %d is no option, or lacks its value", i - 1);
        if (strcmp(argv[i - 1], "--sockets") == 0) {
            if (!file_beside(j->sockets, value, ""))
                return why_say(why, ERR_SYNTAX, "--sockets: the path is too long");
        } else if (strcmp(argv[i - 1], "--passphrase-file") == 0) {
            j->passphrase = (struct input){.file = value};
        } else if (strcmp(argv[i - 1], "--passphrase-fd") == 0 && strlen(value) <= 4 &&
                   strspn(value, "0123456789") == strlen(value)) {
            j->passphrase = (struct input){.has_fd = true, .fd = (int)strtol(value, NULL, 10)};
        } else {
            return why_say(why, ERR_SYNTAX, "argument %d is no option of this command", i - 1);
        }
    }
    return j->sockets[0] ? ERR_OK : paths_sockets(j->sockets, why);
}

/* Why it was refused, for people. */
static enum err refused(enum wire_reason reason, char *why)
{
    switch ((unsigned)reason) {
    case POLICY_SECRET:
        return why_say(why, ERR_STATE,
                       "the key store does not open: the passphrase is wrong, the file is damaged, "
                       "or too little time has passed since the last attempt (%s)",
                       wire_reason_name(reason));
    case POLICY_BAD_POLICY:
        return why_say(why, ERR_STATE,
                       "the key store opens, but its policy was changed or is missing: the "
                       "signer's log says more (%s)",
                       wire_reason_name(reason));
    case POLICY_AUDIT:
        return why_say(why, ERR_STATE,
                       "the audit log does not go with this key store, or cannot be written: the "
                       "signer's log says more (%s)",
                       wire_reason_name(reason));
    case POLICY_BUSY:
        return why_say(why, ERR_STATE,
                       "the signer is opening its key store already, or is asked too much: try "
                       "again (%s)",
                       wire_reason_name(reason));
    default: return why_say(why, ERR_STATE, "the signer refuses: %s", wire_reason_name(reason));
    }
}

static enum err ask(struct job *j, struct wire_request *r, struct wire_reply *ret, char *why)
{
    r->id = 1;
    enum err e = ask_signer(j->fd, r, j->buffer, ret, why);
    return e || ret->reason == WIRE_ALLOWED ? e : refused(ret->reason, why);
}

static enum err status(struct job *j, char *why)
{
    struct wire_request r = {.type = WIRE_STATUS};
    struct wire_reply y;
    enum err e = ask(j, &r, &y, why);
    if (e)
        return e;
    char hash[2 * sizeof y.policy_hash + 1];
    sodium_bin2hex(hash, sizeof hash, y.policy_hash, sizeof y.policy_hash);
    if (j->json)
        printf("{\"sealed\": %s, \"keys\": %u, \"generation\": %" PRIu64 ", \"policy\": \"%s\"}\n",
               y.sealed ? "true" : "false", y.keys, y.generation, hash);
    else if (y.sealed)
        puts("sealed: `tradewind signer unlock` opens its key store");
    else
        printf("unlocked: %u keys, key store of generation %" PRIu64 "\npolicy %s\n", y.keys,
               y.generation,
               sodium_is_zero(y.policy_hash, sizeof y.policy_hash) ? "none: nothing is allowed"
                                                                   : hash);
    return ERR_OK;
}

static enum err unlock(struct job *j, char *why)
{
    struct secret phrase;
    struct wire_reply y;
    enum err e = input_read(&j->passphrase, "passphrase of the key store", KEY_PASSPHRASE_MAX, 0,
                            &phrase, why);
    if (e)
        return e;
    secret_open(&phrase);
    struct wire_request r = {.type = WIRE_UNLOCK,
                             .unlock = WIRE_PASSPHRASE,
                             .secret = phrase.data,
                             .secret_len = (uint32_t)phrase.len};
    e = ask(j, &r, &y, why);
    secret_free(&phrase);
    if (!e)
        puts("unlocked");
    return e;
}

static enum err seal(struct job *j, char *why)
{
    struct wire_request r = {.type = WIRE_SEAL};
    struct wire_reply y;
    enum err e = ask(j, &r, &y, why);
    if (!e)
        puts("sealed");
    return e;
}

static const struct {
    const char *name;
    enum err (*run)(struct job *j, char *why);
} COMMANDS[] = {{"status", status}, {"unlock", unlock}, {"seal", seal}};

static int run(struct job *j, int which, char *why)
{
    enum err e = ask_open(j->sockets, "admin", &j->fd, why);
    bool absent = e == ERR_NOT_FOUND;
    if (!e) {
        e = COMMANDS[which].run(j, why);
        close(j->fd);
    }
    if (!e && fflush(stdout) != 0)
        e = why_say(why, ERR_IO, "the output cannot be written");
    if (e)
        fprintf(stderr, "tradewind signer %s: %s\n", COMMANDS[which].name, why);
    return absent ? EXIT_CODE_NOT_RUNNING : e ? EXIT_CODE_ERROR : EXIT_CODE_OK;
}

int signer_cmd(int argc, char **argv)
{
    char why[WHY_MAX];
    static struct job j;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(HELP, stdout);
            return EXIT_CODE_OK;
        }
    for (int i = 0; argc > 1 && i < (int)(sizeof COMMANDS / sizeof *COMMANDS); i++) {
        if (strcmp(argv[1], COMMANDS[i].name) != 0)
            continue;
        if (parse(argc - 1, argv + 1, &j, why) != ERR_OK) {
            fprintf(stderr, "tradewind signer: %s; `tradewind signer --help` says more\n", why);
            return EXIT_CODE_USAGE;
        }
        j.buffer = sodium_malloc(WIRE_BUFFER_MAX);
        if (!j.buffer) {
            fputs("tradewind signer: no memory\n", stderr);
            return EXIT_CODE_ERROR;
        }
        int code = run(&j, i, why);
        sodium_free(j.buffer);
        return code;
    }
    fputs(argc > 1 ? "tradewind signer: there is no such command\n\n" : "", stderr);
    fputs(HELP, stderr);
    return EXIT_CODE_USAGE;
}
