#include "wallet/serve_args.h"

#include "wallet/audit_place.h"
#include "wallet/key_args.h"
#include "wallet/paths.h"
#include "wallet/policy_store.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool take_number(const char *text, unsigned long most, unsigned long *ret)
{
    size_t n = strlen(text);
    if (n == 0 || n > 10 || strspn(text, "0123456789") != n)
        return false;
    *ret = strtoul(text, NULL, 10);
    return *ret <= most;
}

static bool take_path(char *to, const char *value)
{
    /* Room for what key store and policy put behind their names. */
    return value[0] && !to[0] && snprintf(to, FILE_PATH_MAX, "%s", value) < FILE_PATH_MAX - 64;
}

/* SOCKET=USER, a name or a number. */
static enum err take_peer(struct serve_args *a, const char *value, char *why)
{
    const char *equals = strchr(value, '=');
    unsigned long uid = 0;
    if (!equals || a->peers == SERVE_PEERS_MAX)
        return why_say(why, ERR_SYNTAX, "--peer wants SOCKET=USER, at most %d of them",
                       SERVE_PEERS_MAX);
    const struct passwd *user = getpwnam(equals + 1);
    if (user)
        uid = user->pw_uid;
    else if (!take_number(equals + 1, UINT_MAX - 1, &uid))
        return why_say(why, ERR_RANGE, "--peer: there is no such user");
    for (int i = 0; i < SERVER_SOCKETS; i++) {
        const char *name = server_socket_name((enum server_socket)i);
        if (strlen(name) == (size_t)(equals - value) && strncmp(name, value, strlen(name)) == 0) {
            a->peer[a->peers].socket = (enum server_socket)i;
            a->peer[a->peers++].uid = (uid_t)uid;
            return ERR_OK;
        }
    }
    return why_say(why, ERR_RANGE, "--peer: the sockets are trade, cancel, wire and admin");
}

static enum err take_word(struct serve_args *a, const char *option, const char *value, char *why)
{
    static const char *const UNLOCKS[] = {"none", "prompt", "ask-password", "credential"};
    unsigned long n;
    if (strcmp(option, "--durability") == 0) {
        a->durability = strcmp(value, "sliced") == 0 ? AUDIT_SLICED : AUDIT_STRICT;
        return a->durability == AUDIT_SLICED || strcmp(value, "strict") == 0
                   ? ERR_OK
                   : why_say(why, ERR_SYNTAX, "--durability is strict or sliced");
    }
    if (strcmp(option, "--unlock") == 0) {
        for (size_t i = 0; i < sizeof UNLOCKS / sizeof *UNLOCKS; i++)
            if (strcmp(value, UNLOCKS[i]) == 0) {
                a->unlock = (enum serve_unlock)i;
                return ERR_OK;
            }
        return why_say(why, ERR_SYNTAX, "--unlock is none, prompt, ask-password or credential");
    }
    if (strcmp(option, "--credential") == 0) {
        a->credential = value;
        return value[0] && !strchr(value, '/')
                   ? ERR_OK
                   : why_say(why, ERR_SYNTAX, "--credential wants the name of a credential");
    }
    if (strcmp(option, "--peer") == 0)
        return take_peer(a, value, why);
    if (!take_number(value, 1023, &n))
        return why_say(why, ERR_SYNTAX, "a descriptor is a number");
    if (strcmp(option, "--ready-fd") == 0)
        a->ready_fd = (int)n;
    else
        a->passphrase = (struct input){.has_fd = true, .fd = (int)n};
    return ERR_OK;
}

static bool is_word(const char *option)
{
    static const char *const WORDS[] = {"--durability", "--unlock",   "--credential",
                                        "--peer",       "--ready-fd", "--passphrase-fd"};
    for (size_t i = 0; i < sizeof WORDS / sizeof *WORDS; i++)
        if (strcmp(option, WORDS[i]) == 0)
            return true;
    return false;
}

static char *path_of(struct serve_args *a, const char *option)
{
    return strcmp(option, "--store") == 0     ? a->store
           : strcmp(option, "--policy") == 0  ? a->policy
           : strcmp(option, "--audit") == 0   ? a->audit
           : strcmp(option, "--counter") == 0 ? a->counter
           : strcmp(option, "--sockets") == 0 ? a->sockets
                                              : NULL;
}

static bool take_flag(struct serve_args *a, const char *option)
{
    if (strcmp(option, "--strict") == 0)
        a->strict = true;
    else if (strcmp(option, "--no-strict") == 0)
        a->strict = false;
    else if (strcmp(option, "--show-sandbox") == 0)
        a->show_sandbox = true;
    else if (strcmp(option, "--json") == 0)
        a->json = true;
    else
        return false;
    return true;
}

/* What is not said is where it always is. */
static enum err fill(struct serve_args *a, char *why)
{
    struct key_args usual;
    char *nothing[] = {NULL, NULL};
    enum err e = ERR_OK;
    if (!a->store[0]) {
        e = key_args_parse(1, nothing, false, &usual, why);
        if (!e)
            (void)snprintf(a->store, sizeof a->store, "%s", usual.store);
    }
    if (!e && !a->policy[0])
        e = policy_store_path(a->store, a->policy, why);
    if (!e && !a->audit[0])
        e = audit_place_log(a->store, a->audit, why);
    if (!e && !a->counter[0])
        e = audit_place_counter(a->store, a->counter, why);
    if (!e && !a->sockets[0])
        e = paths_sockets(a->sockets, why);
    return e;
}

enum err serve_args_parse(int argc, char **argv, struct serve_args *ret, char *why)
{
    struct serve_args *a = ret;
    memset(a, 0, sizeof *a);
    a->durability = AUDIT_STRICT;
    a->ready_fd = -1;
    a->credential = "tradewind-keys";
    a->strict = getenv("INVOCATION_ID") || getenv("NOTIFY_SOCKET");
    for (int i = 1; i < argc; i++) {
        const char *option = argv[i], *value = i + 1 < argc ? argv[i + 1] : "";
        char *path = path_of(a, option);
        if (take_flag(a, option))
            continue;
        i++;
        if (path) {
            if (!take_path(path, value))
                return why_say(why, ERR_SYNTAX,
                               "%s wants a path of at most %d bytes, and is given once", option,
                               FILE_PATH_MAX - 65);
        } else if (strcmp(option, "--passphrase-file") == 0) {
            a->passphrase = (struct input){.file = value};
        } else if (is_word(option)) {
            enum err e = take_word(a, option, value, why);
            if (e)
                return e;
        } else {
            return why_say(why, ERR_SYNTAX, "argument %d is no option of this command", i - 1);
        }
    }
    return fill(a, why);
}
