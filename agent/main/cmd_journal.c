/* tradewind journal: what a journal says, one line per record; or only whether it is whole. */
#include "main/cmd.h"
#include "main/journal_setup.h"
#include "main/usage.h"

#include "base/clock.h"
#include "io/describe.h"
#include "io/journal.h"

#include <cJSON.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char HELP[] =
    "usage: tradewind journal JOURNAL|STATE_DIR [--from N] [--count N] [--config]\n"
    "       tradewind journal verify JOURNAL|STATE_DIR [--json]\n"
    "\n"
    "Checks the journal and prints one line per record: its number, then what came in, what was\n"
    "made inside, and (behind '>') every effect. --config prints the configuration in its header.\n"
    "verify checks all segments and prints one line for each; nothing is run again (see replay).\n"
    "Exit codes: 0 ok, 1 a damaged journal, 2 usage.\n";

struct options {
    const char *path;
    uint64_t from, count;
    bool config, verify, json;
};

static bool read_number(const char *text, uint64_t *ret)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    *ret = strtoull(text, &end, 10);
    return *end == 0;
}

static int print_records(const struct options *o, const struct setup *s, struct journal_reader *r)
{
    const struct journal_info *info = journal_read_info(r);
    char line[1024], when[CLOCK_TEXT_MAX];
    struct journal_record rec;
    uint64_t printed = 0, number = 0;
    enum err rc;
    clock_format_utc(info->created_ns, when);
    printf("# %s: begun %s by build %s with %s/%s, seed %" PRIu64 "\n", o->path, when, info->build,
           info->config_dir, info->config_name, info->seed);
    while ((rc = journal_read_next(r, &rec)) == ERR_OK) {
        number = rec.number;
        if (rec.number < o->from || printed == o->count)
            continue; /* goes on to the end: it is checked whole */
        describe_record(s, rec.type, rec.payload, rec.len, line, sizeof line);
        printf("%" PRIu64 " %s\n", rec.number, line);
        printed++;
    }
    if (rc != ERR_NOT_FOUND) {
        fflush(stdout);
        fprintf(stderr, "tradewind journal: %s\n", journal_read_why(r));
        return EXIT_CODE_ERROR;
    }
    printf("# whole up to record %" PRIu64, number);
    if (journal_read_torn(r))
        printf("; the %" PRIu64 " bytes behind it are an interrupted write", journal_read_torn(r));
    putchar('\n');
    return EXIT_CODE_OK;
}

/* ---- verify ---- */

struct segment {
    uint32_t number;
    uint64_t records, first, last; /* record numbers; blocks have numbers, too */
};

static void add_segment(const struct segment *s, cJSON *list)
{
    if (!list) {
        printf("  segment %6lu: %10" PRIu64 " records, number %" PRIu64 " to %" PRIu64 "\n",
               (unsigned long)s->number, s->records, s->first, s->last);
        return;
    }
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "segment", (double)s->number);
    cJSON_AddNumberToObject(o, "records", (double)s->records);
    cJSON_AddNumberToObject(o, "first", (double)s->first);
    cJSON_AddNumberToObject(o, "last", (double)s->last);
    cJSON_AddItemToArray(list, o);
}

/* Reads to the end. A segment without a record is not told: it says nothing yet. */
static enum err read_segments(struct journal_reader *r, cJSON *list)
{
    struct segment s = {0};
    struct journal_record rec;
    enum err rc;
    while ((rc = journal_read_next(r, &rec)) == ERR_OK) {
        if (journal_read_segment(r) != s.number) {
            if (s.number)
                add_segment(&s, list);
            s = (struct segment){.number = journal_read_segment(r), .first = rec.number};
        }
        s.records++;
        s.last = rec.number;
    }
    if (s.number)
        add_segment(&s, list);
    return rc;
}

static int verify(const char *path, struct journal_reader *r, bool json)
{
    cJSON *o = json ? cJSON_CreateObject() : NULL, *list = NULL;
    if (json) {
        cJSON_AddNumberToObject(o, "schema", 1);
        cJSON_AddStringToObject(o, "journal", path);
        cJSON_AddStringToObject(o, "build", journal_read_info(r)->build);
        list = cJSON_AddArrayToObject(o, "segments");
    } else
        printf("%s\n", path);
    bool whole = read_segments(r, list) == ERR_NOT_FOUND;
    uint64_t torn = journal_read_torn(r);
    if (json) {
        cJSON_AddBoolToObject(o, "whole", whole);
        cJSON_AddNumberToObject(o, "torn_bytes", (double)torn);
        cJSON_AddStringToObject(o, "why", journal_read_why(r));
        char *text = cJSON_PrintUnformatted(o);
        if (text)
            puts(text);
        free(text);
        cJSON_Delete(o);
    } else if (whole) {
        puts("whole: every checksum and every hash fits");
        if (torn)
            printf("the %" PRIu64 " bytes behind its end are an interrupted write\n", torn);
    }
    if (!whole) {
        fflush(stdout);
        fprintf(stderr, "tradewind journal: %s\n", journal_read_why(r));
    }
    return whole ? EXIT_CODE_OK : EXIT_CODE_ERROR;
}

static int show(struct options *o)
{
    char path[STATE_DIR_FILE_MAX];
    char why[JOURNAL_SETUP_WHY_MAX], text[JOURNAL_WHY_MAX] = "libsodium cannot be used";
    struct journal_reader *r = NULL;
    struct config c;
    if (journal_setup_find(o->path, path, why) != ERR_OK) {
        fprintf(stderr, "tradewind journal: %s\n", why);
        return EXIT_CODE_ERROR;
    }
    o->path = path;
    if (sodium_init() < 0 || journal_read_open(&r, o->path, false, text) != ERR_OK) {
        fprintf(stderr, "tradewind journal: %s\n", text);
        return EXIT_CODE_ERROR;
    }
    int code = EXIT_CODE_ERROR;
    if (o->config) {
        const struct journal_info *info = journal_read_info(r);
        fwrite(info->config, 1, info->config_len, stdout);
        code = EXIT_CODE_OK;
    } else if (o->verify) {
        code = verify(o->path, r, o->json);
    } else if (journal_setup_read(&c, o->path, why) != ERR_OK) {
        fprintf(stderr, "tradewind journal: %s\n", why);
    } else {
        code = print_records(o, c.setup, r);
        config_close(&c);
    }
    journal_read_close(r);
    return code;
}

int cmd_journal(int argc, char **argv)
{
    struct options o = {.count = UINT64_MAX};
    o.verify = argc > 1 && strcmp(argv[1], "verify") == 0;
    for (int i = o.verify ? 2 : 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(HELP, stdout);
            return EXIT_CODE_OK;
        }
        if (o.verify && strcmp(argv[i], "--json") == 0)
            o.json = true;
        else if (o.verify && (argv[i][0] == '-' || o.path)) {
            usage_wrong("tradewind journal", argv[i]);
            fputs(HELP, stderr);
            return EXIT_CODE_USAGE;
        } else if (!o.verify && strcmp(argv[i], "--config") == 0)
            o.config = true;
        else if (strcmp(argv[i], "--from") == 0 && more && read_number(argv[i + 1], &o.from))
            i++;
        else if (strcmp(argv[i], "--count") == 0 && more && read_number(argv[i + 1], &o.count))
            i++;
        else if (argv[i][0] != '-' && !o.path)
            o.path = argv[i];
        else {
            usage_wrong("tradewind journal", argv[i]);
            fputs(HELP, stderr);
            return EXIT_CODE_USAGE;
        }
    }
    if (!o.path) {
        usage_wrong("tradewind journal", NULL);
        fputs(HELP, stderr);
        return EXIT_CODE_USAGE;
    }
    return show(&o);
}
