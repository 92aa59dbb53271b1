/* tradewind reload: the daemon reads its configuration again. */
#include "main/client.h"
#include "main/cmd.h"
#include "main/usage.h"

#include <cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char HELP[] =
    "usage: tradewind reload [CONFIG] [--json]\n"
    "\n"
    "The daemon reads its configuration file again, as SIGHUP makes it do. Where only parameters\n"
    "have changed that may change while it runs (`tradewind check --explain` calls them live),\n"
    "they are applied and printed; feeds and orders stay. Anything else is refused as a whole and\n"
    "nothing is applied: exit code 4.\n";

static const char *text_of(const cJSON *o, const char *key)
{
    const char *s = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));
    return s ? s : "?";
}

/* Prints the answer; an exit code. */
static int print(const cJSON *o)
{
    bool applied = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "applied"));
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(o, "changes"), *item;
    FILE *out = applied ? stdout : stderr;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(o, "errors"))
        fprintf(out, "%s\n", cJSON_GetStringValue(item) ? cJSON_GetStringValue(item) : "?");
    cJSON_ArrayForEach(item, list)
    {
        bool live = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(item, "live"));
        fprintf(out, "%s: %s: %s -> %s%s\n", text_of(item, "where"), text_of(item, "key"),
                text_of(item, "was"), text_of(item, "is"),
                !applied && live ? " (this alone could be applied)" : "");
    }
    double all = cJSON_GetNumberValue(cJSON_GetObjectItemCaseSensitive(o, "changes_in_all"));
    if (list && all > cJSON_GetArraySize(list))
        fprintf(out, "and %.0f more\n", all - cJSON_GetArraySize(list));
    if (applied && all == 0)
        puts("nothing has changed");
    if (!applied)
        fputs("nothing is applied\n", stderr);
    return applied ? EXIT_CODE_OK : EXIT_CODE_CONFIG;
}

int cmd_reload(int argc, char **argv)
{
    struct client_where where = {.config = NULL};
    bool json = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(HELP, stdout);
            fprintf(stdout, CLIENT_OPTIONS_HELP);
            return EXIT_CODE_OK;
        }
        if (strcmp(argv[i], "--json") == 0)
            json = true;
        else if (client_option(&where, argc, argv, &i))
            continue;
        else if (argv[i][0] != '-' && !where.config)
            where.config = argv[i];
        else {
            usage_wrong("tradewind reload", argv[i]);
            fputs(HELP, stderr);
            return EXIT_CODE_USAGE;
        }
    }
    char socket[PATH_MAX_BYTES], *answer = NULL;
    int code = client_find(&where, "reload", socket);
    if (code == EXIT_CODE_OK)
        code = client_ask("reload", socket, "/v1/reload", "{}", &answer);
    if (code != EXIT_CODE_OK)
        return code;
    cJSON *o = cJSON_Parse(answer);
    if (json) {
        puts(answer);
        bool applied = cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(o, "applied"));
        code = applied ? EXIT_CODE_OK : EXIT_CODE_CONFIG;
    } else {
        code = print(o);
    }
    cJSON_Delete(o);
    free(answer);
    return code;
}
