#include "wallet/audit_place.h"

#include "wallet/why.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum err audit_place_log(const char *store, char ret[AUDIT_PATH_MAX], char *why)
{
    int n = snprintf(ret, AUDIT_PATH_MAX, "%s.audit", store);
    return n > 0 && n < AUDIT_PATH_MAX ? ERR_OK
                                       : why_say(why, ERR_RANGE, "the store's path is too long");
}

enum err audit_place_counter(const char *store, char ret[AUDIT_PATH_MAX], char *why)
{
    const char *slash = strrchr(store, '/'), *name = slash ? slash + 1 : store;
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int n = -1;
    if (state && state[0] == '/')
        n = snprintf(ret, AUDIT_PATH_MAX, "%s/tradewind/%s.counter", state, name);
    else if (home && home[0] == '/')
        n = snprintf(ret, AUDIT_PATH_MAX, "%s/.local/state/tradewind/%s.counter", home, name);
    return n > 0 && n < AUDIT_PATH_MAX
               ? ERR_OK
               : why_say(why, ERR_RANGE, "where is the audit log's counter? Give --counter FILE");
}

static enum err make(char *path, bool last, char *why)
{
    for (char *p = path + 1;; p++) {
        if (*p && *p != '/')
            continue;
        char end = *p;
        *p = 0;
        if ((end || last) && mkdir(path, 0700) != 0 && errno != EEXIST)
            return why_say(why, ERR_IO, "%.120s: cannot be made: %s", path, strerror(errno));
        *p = end;
        if (!end)
            return ERR_OK;
    }
}

enum err audit_place_make(const char *directory, char *why)
{
    char copy[AUDIT_PATH_MAX];
    snprintf(copy, sizeof copy, "%s", directory);
    return make(copy, true, why);
}

enum err audit_place_make_for(const char *path, char *why)
{
    char copy[AUDIT_PATH_MAX];
    snprintf(copy, sizeof copy, "%s", path);
    return make(copy, false, why);
}
