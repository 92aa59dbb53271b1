#include "wallet/key_args.h"

#include "wallet/keystore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What others' programs take a secret by: those are answered with the reason. */
static const char *const UNSAFE[] = {"--secret",
                                     "--passphrase",
                                     "--password",
                                     "--api-key",
                                     "--mnemonic",
                                     "--private-key",
                                     "--key",
                                     "--seed",
                                     "--token",
                                     "--new-passphrase",
                                     "--import-passphrase",
                                     "--credential",
                                     "--new-credential"};

#define NOT_HERE                                                                                   \
    "secrets are not given as arguments or in the environment, where others can read them: they "  \
    "come from the terminal, --...-fd N or --...-file FILE"

static enum err number(const char *text, uint64_t most, uint64_t *ret)
{
    uint64_t n = 0;
    for (const char *p = text; *p; p++) {
        if (*p < '0' || *p > '9' || p - text >= 10)
            return ERR_SYNTAX;
        n = 10 * n + (uint64_t)(*p - '0');
    }
    if (!text[0] || n > most)
        return ERR_SYNTAX;
    *ret = n;
    return ERR_OK;
}

static bool is_unsafe(const char *argument)
{
    for (size_t i = 0; i < sizeof UNSAFE / sizeof UNSAFE[0]; i++) {
        size_t n = strlen(UNSAFE[i]);
        if (strncmp(argument, UNSAFE[i], n) == 0 && (argument[n] == 0 || argument[n] == '='))
            return true;
    }
    return false;
}

/* --NAME-fd and --NAME-file; false: not one of them. */
static bool take_input(struct key_args *a, const char *option, const char *value, enum err *e)
{
    const struct {
        const char *name;
        struct input *to;
    } INPUTS[] = {{"--passphrase", &a->passphrase},
                  {"--credential", &a->credential},
                  {"--new-passphrase", &a->new_passphrase},
                  {"--new-credential", &a->new_credential},
                  {"--secret", &a->secret},
                  {"--api-key", &a->api_key},
                  {"--import-passphrase", &a->import_passphrase}};
    for (size_t i = 0; i < sizeof INPUTS / sizeof INPUTS[0]; i++) {
        size_t n = strlen(INPUTS[i].name);
        if (strncmp(option, INPUTS[i].name, n) != 0)
            continue;
        struct input *to = INPUTS[i].to;
        uint64_t fd = 0;
        if (strcmp(option + n, "-file") == 0 && input_is_terminal(to)) {
            *e = value ? ERR_OK : ERR_SYNTAX;
            to->file = value;
            return true;
        }
        if (strcmp(option + n, "-fd") == 0 && input_is_terminal(to)) {
            *e = value ? number(value, 1023, &fd) : ERR_SYNTAX;
            to->has_fd = true;
            to->fd = (int)fd;
            return true;
        }
    }
    return false;
}

static bool take_text(struct key_args *a, const char *option, const char *value, enum err *e)
{
    const struct {
        const char *name;
        const char **to;
    } TEXTS[] = {{"--kind", &a->kind},      {"--class", &a->class}, {"--network", &a->network},
                 {"--format", &a->format},  {"--path", &a->path},   {"--audit", &a->audit},
                 {"--counter", &a->counter}};
    for (size_t i = 0; i < sizeof TEXTS / sizeof TEXTS[0]; i++)
        if (strcmp(option, TEXTS[i].name) == 0) {
            *e = value && !*TEXTS[i].to ? ERR_OK : ERR_SYNTAX;
            *TEXTS[i].to = value;
            return true;
        }
    return false;
}

static bool take_other(struct key_args *a, const char *option, const char *value, enum err *e)
{
    uint64_t n = 0;
    if (strcmp(option, "--store") == 0) {
        *e = value && value[0] && strlen(value) < sizeof a->store ? ERR_OK : ERR_SYNTAX;
        if (!*e)
            memcpy(a->store, value, strlen(value) + 1);
    } else if (strcmp(option, "--kdf-memory") == 0) {
        *e = value ? number(value, KEYSTORE_MEMORY_MAX >> 20, &n) : ERR_SYNTAX;
        a->memory = n << 20;
        if (a->memory < KEYSTORE_MEMORY_MIN)
            *e = ERR_SYNTAX;
    } else if (strcmp(option, "--kdf-passes") == 0) {
        *e = value ? number(value, KEYSTORE_PASSES_MAX, &n) : ERR_SYNTAX;
        a->passes = (uint32_t)n;
        if (n < KEYSTORE_PASSES_MIN)
            *e = ERR_SYNTAX;
    } else {
        return false;
    }
    return true;
}

static bool take_flag(struct key_args *a, const char *option)
{
    if (strcmp(option, "--json") == 0)
        return a->json = true;
    if (strcmp(option, "--yes") == 0)
        return a->yes = true;
    if (strcmp(option, "--unverified") == 0)
        return a->unverified = true;
    if (strcmp(option, "--no-audit") == 0)
        return a->no_audit = true;
    return false;
}

/* Where the store is unless --store says: in the user's data directory. */
static enum err usual_store(struct key_args *a, char *why)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    int n = -1;
    if (data && data[0] == '/')
        n = snprintf(a->store, sizeof a->store, "%s/tradewind/keys", data);
    else if (home && home[0] == '/')
        n = snprintf(a->store, sizeof a->store, "%s/.local/share/tradewind/keys", home);
    return n > 0 && n < (int)sizeof a->store
               ? ERR_OK
               : why_say(why, ERR_RANGE, "where is the key store? Give --store FILE");
}

enum err key_args_parse(int argc, char **argv, bool argument, struct key_args *ret, char *why)
{
    struct key_args a = {.memory = KEYSTORE_MEMORY_DEFAULT, .passes = KEYSTORE_PASSES_DEFAULT};
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        enum err e = ERR_OK;
        if (is_unsafe(argv[i]))
            return why_say(why, ERR_RANGE, NOT_HERE);
        if (argv[i][0] != '-') {
            if (!argument || a.argument)
                return why_say(why, ERR_SYNTAX, "argument %d is one too many", i);
            a.argument = argv[i];
        } else if (take_input(&a, argv[i], value, &e) || take_text(&a, argv[i], value, &e) ||
                   take_other(&a, argv[i], value, &e)) {
            if (e)
                return why_say(
                    why, ERR_SYNTAX,
                    "argument %d is an option that is given twice, or its value is missing "
                    "or out of bounds",
                    i);
            i++;
        } else if (!take_flag(&a, argv[i])) {
            return why_say(why, ERR_SYNTAX, "argument %d is no option of this command", i);
        }
    }
    if (argument && !a.argument)
        return why_say(why, ERR_SYNTAX, "an argument is missing");
    if (!a.store[0]) {
        enum err e = usual_store(&a, why);
        if (e)
            return e;
    }
    *ret = a;
    return ERR_OK;
}

enum err key_args_environment(char **environment, char *why)
{
    static const char *const WORDS[] = {"SECRET",   "PASSPHRASE",  "PASSWORD", "API_KEY",
                                        "MNEMONIC", "PRIVATE_KEY", "TOKEN"};
    for (char **v = environment; *v; v++) {
        const char *end = strchr(*v, '=');
        if (strncmp(*v, "TRADEWIND_", 10) != 0 || !end)
            continue;
        for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++) {
            const char *at = strstr(*v, WORDS[i]);
            if (at && at < end)
                return why_say(why, ERR_RANGE, "%s", NOT_HERE);
        }
    }
    return ERR_OK;
}
