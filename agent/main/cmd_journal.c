/* tradewind journal: what a journal says, one line per record. */
#include "main/cmd.h"
#include "main/journal_setup.h"
#include "main/usage.h"

#include "base/clock.h"
#include "io/describe.h"
#include "io/journal.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char HELP[] =
    "usage: tradewind journal JOURNAL|STATE_DIR [--from N] [--count N] [--config]\n"
    "\n"
    "Checks the journal and prints one line per record: its number, then what came in, what was\n"
    "made inside, and (behind '>') every effect. --config prints the configuration in its header.\n"
    "Exit codes: 0 ok, 1 a damaged journal, 2 usage.\n";

struct options {
    const char *path;
    uint64_t from, count;
    bool config;
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
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(HELP, stdout);
            return EXIT_CODE_OK;
        }
        if (strcmp(argv[i], "--config") == 0)
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
