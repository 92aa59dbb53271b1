#include "wallet/paths.h"

#include <stdio.h>
#include <stdlib.h>

enum err paths_sockets(char *out, char *why)
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    int n = runtime && runtime[0] == '/' ? snprintf(out, FILE_PATH_MAX, "%s/tradewind", runtime)
                                         : snprintf(out, FILE_PATH_MAX, "/run/tradewind");
    return n > 0 && n < FILE_PATH_MAX
               ? ERR_OK
               : why_say(why, ERR_RANGE, "the path of the sockets is too long");
}
