#include "main/signer_paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>

static enum err fits(int n, size_t cap)
{
    return n > 0 && (size_t)n < cap ? ERR_OK : ERR_RANGE;
}

enum err signer_sockets_dir(const struct signer_setup *s, char *out)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    if (s->sockets[0])
        return fits(snprintf(out, PATH_MAX_BYTES, "%s", s->sockets), PATH_MAX_BYTES);
    if (runtime && runtime[0] == '/')
        return fits(snprintf(out, PATH_MAX_BYTES, "%s/tradewind", runtime), PATH_MAX_BYTES);
    return fits(snprintf(out, PATH_MAX_BYTES, "/run/tradewind"), PATH_MAX_BYTES);
}

enum err signer_socket_path(const struct signer_setup *s, const char *name, char *out)
{
    char dir[PATH_MAX_BYTES];
    enum err rc = signer_sockets_dir(s, dir);
    return rc == ERR_OK ? fits(snprintf(out, PATH_MAX_BYTES, "%s/%s", dir, name),
                               sizeof((struct sockaddr_un *)0)->sun_path)
                        : rc;
}

enum err signer_store_path(const struct signer_setup *s, char *out)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    if (s->store[0])
        return fits(snprintf(out, PATH_MAX_BYTES, "%s", s->store), PATH_MAX_BYTES);
    if (data && data[0] == '/')
        return fits(snprintf(out, PATH_MAX_BYTES, "%s/tradewind/keys", data), PATH_MAX_BYTES);
    if (home && home[0] == '/')
        return fits(snprintf(out, PATH_MAX_BYTES, "%s/.local/share/tradewind/keys", home),
                    PATH_MAX_BYTES);
    return ERR_RANGE;
}
