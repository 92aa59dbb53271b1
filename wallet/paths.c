#include "wallet/paths.h"

#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err fits(int n, const char *what, char *why)
{
    return n > 0 && n < FILE_PATH_MAX ? ERR_OK
                                      : why_say(why, ERR_RANGE, "the path of %s is too long", what);
}

enum err paths_sockets(char *out, char *why)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    int n = runtime && runtime[0] == '/' ? snprintf(out, FILE_PATH_MAX, "%s/tradewind", runtime)
                                         : snprintf(out, FILE_PATH_MAX, "/run/tradewind");
    return fits(n, "the sockets", why);
}

enum err paths_audit(const char *store, char *out, char *why)
{
    return fits(snprintf(out, FILE_PATH_MAX, "%s.audit", store), "the audit log", why);
}

/* However the store is named, it is the same one; where it is not there yet, its name has to do. */
static void resolve(const char *store, char out[PATH_MAX])
{
    if (!realpath(store, out))
        (void)snprintf(out, PATH_MAX, "%s", store);
}

enum err paths_counter(const char *store, char *out, char *why)
{
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    char whole[PATH_MAX], hex[17];
    uint8_t hash[crypto_generichash_BYTES_MIN];
    resolve(store, whole);
    crypto_generichash(hash, sizeof hash, (const uint8_t *)whole, strlen(whole), NULL, 0);
    sodium_bin2hex(hex, sizeof hex, hash, 8);
    const char *slash = strrchr(whole, '/'), *name = slash ? slash + 1 : whole;
    if (state && state[0] == '/')
        return fits(snprintf(out, FILE_PATH_MAX, "%s/tradewind/%.60s-%s.counter", state, name, hex),
                    "the counter", why);
    if (home && home[0] == '/')
        return fits(snprintf(out, FILE_PATH_MAX, "%s/.local/state/tradewind/%.60s-%s.counter", home,
                             name, hex),
                    "the counter", why);
    return why_say(why, ERR_RANGE, "where is the audit log's counter? Give --counter FILE");
}

enum err paths_make(const char *path, char *why)
{
    char copy[FILE_PATH_MAX];
    if (snprintf(copy, sizeof copy, "%s", path) >= (int)sizeof copy)
        return why_say(why, ERR_RANGE, "%.140s: too long", path);
    for (char *p = copy + 1; *p; p++)
        if (*p == '/') {
            *p = 0;
            if (mkdir(copy, 0700) != 0 && errno != EEXIST)
                return why_say(why, ERR_IO, "%.140s: cannot be made: %s", copy, strerror(errno));
            *p = '/';
        }
    return ERR_OK;
}
