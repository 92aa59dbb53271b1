/* tradewind replay: feeds a journal's inputs to a fresh engine and compares, byte for byte, all
 * that comes out with what the journal says came out. */
#include "main/cmd.h"
#include "main/journal_setup.h"
#include "main/run.h"
#include "main/usage.h"

#include <cJSON.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build_id.h"

static const char HELP[] =
    "usage: tradewind replay JOURNAL|STATE_DIR [--json]\n"
    "\n"
    "Builds the engine from the configuration inside the journal, feeds it every input of the\n"
    "journal, and compares every event and effect that it makes with the journal, byte for byte.\n"
    "Of a state directory the newest journal is taken. On a difference prints the record's number "
    "and both sides.\n"
    "Exit codes: 0 all is equal, 1 a difference or a damaged journal, 2 usage.\n";

struct result {
    struct run_counts counts;
    bool equal, same_build;
    const char *build;
    uint64_t torn;
    char why[RUN_WHY_MAX];
};

static void print_json(const char *path, const struct result *r)
{
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "schema", 1);
    cJSON_AddStringToObject(o, "journal", path);
    cJSON_AddStringToObject(o, "build", r->build);
    cJSON_AddBoolToObject(o, "same_build", r->same_build);
    cJSON_AddNumberToObject(o, "records", (double)r->counts.records);
    cJSON_AddNumberToObject(o, "starts", (double)r->counts.runs);
    cJSON_AddNumberToObject(o, "inputs", (double)r->counts.inputs);
    cJSON_AddNumberToObject(o, "advances", (double)r->counts.advances);
    cJSON_AddNumberToObject(o, "events", (double)r->counts.events);
    cJSON_AddNumberToObject(o, "effects", (double)r->counts.effects);
    cJSON_AddNumberToObject(o, "torn_bytes", (double)r->torn);
    cJSON_AddNumberToObject(o, "behind_the_end", (double)r->counts.restored);
    cJSON_AddBoolToObject(o, "equal", r->equal);
    cJSON_AddStringToObject(o, "why", r->why);
    char *text = cJSON_PrintUnformatted(o);
    if (text)
        puts(text);
    free(text);
    cJSON_Delete(o);
}

static void print_table(const char *path, const struct result *r)
{
    const struct run_counts *c = &r->counts;
    printf("%s: records: %" PRIu64 ", starts of the daemon: %" PRIu64 "\n", path, c->records,
           c->runs);
    printf("  fed:      %" PRIu64 " events from outside, %" PRIu64 " advances of time\n", c->inputs,
           c->advances);
    printf("  compared: %" PRIu64 " events made inside, %" PRIu64 " effects\n", c->events,
           c->effects);
    if (r->torn)
        printf("  the last %" PRIu64 " bytes are an interrupted write\n", r->torn);
    if (c->restored)
        printf("  %" PRIu64 " events and effects come behind the journal's end\n", c->restored);
    if (r->equal)
        puts("every event and effect is equal, byte for byte");
}

static int replay(const char *argument, bool json)
{
    char why[JOURNAL_SETUP_WHY_MAX] = "", text[JOURNAL_WHY_MAX], path[STATE_DIR_FILE_MAX];
    struct config c;
    if (journal_setup_find(argument, path, why) != ERR_OK ||
        journal_setup_read(&c, path, why) != ERR_OK) {
        fprintf(stderr, "tradewind replay: %s\n", why);
        return EXIT_CODE_ERROR;
    }
    struct result r = {.equal = false};
    struct journal_reader *reader = NULL;
    struct run *run = NULL;
    enum err rc = journal_read_open(&reader, path, false, text);
    if (rc != ERR_OK)
        snprintf(r.why, sizeof r.why, "%s", text);
    else if ((rc = run_open(&run, c.setup, NULL, NULL)) != ERR_OK)
        snprintf(r.why, sizeof r.why, "the engine refuses the journal's configuration: %s",
                 err_name(rc));
    else {
        r.build = journal_read_info(reader)->build;
        r.same_build = strcmp(r.build, TW_BUILD_ID) == 0;
        if (!r.same_build)
            fprintf(stderr,
                    "tradewind replay: warning: the journal was begun by build %s, this is %s\n",
                    r.build, TW_BUILD_ID);
        rc = run_verify(run, reader);
        r.equal = rc == ERR_OK;
        r.counts = *run_counts(run);
        r.torn = journal_read_torn(reader);
        snprintf(r.why, sizeof r.why, "%s", run_why(run));
        if (json)
            print_json(path, &r);
        else
            print_table(path, &r);
    }
    if (rc != ERR_OK)
        fprintf(stderr, "tradewind replay: %s: %s\n", path, r.why);
    run_close(run);
    journal_read_close(reader);
    config_close(&c);
    return rc == ERR_OK ? EXIT_CODE_OK : EXIT_CODE_ERROR;
}

int cmd_replay(int argc, char **argv)
{
    const char *path = NULL;
    bool json = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(HELP, stdout);
            return EXIT_CODE_OK;
        }
        if (strcmp(argv[i], "--json") == 0)
            json = true;
        else if (argv[i][0] == '-' || path) {
            usage_wrong("tradewind replay", argv[i]);
            fputs(HELP, stderr);
            return EXIT_CODE_USAGE;
        } else
            path = argv[i];
    }
    if (!path) {
        usage_wrong("tradewind replay", NULL);
        fputs(HELP, stderr);
        return EXIT_CODE_USAGE;
    }
    if (sodium_init() < 0) {
        fprintf(stderr, "tradewind replay: libsodium cannot be used\n");
        return EXIT_CODE_ERROR;
    }
    return replay(path, json);
}
