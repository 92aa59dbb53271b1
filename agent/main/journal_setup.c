#include "main/journal_setup.h"

#include "io/journal.h"
#include "main/carry.h"
#include "main/kinds.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static enum err apply_first_record(struct setup *s, struct journal_reader *r, char *why)
{
    struct journal_record rec;
    enum err rc = journal_read_next(r, &rec);
    if (rc == ERR_NOT_FOUND || (rc == ERR_OK && rec.type != JOURNAL_OPENING))
        return ERR_OK;
    if (rc != ERR_OK) {
        snprintf(why, JOURNAL_SETUP_WHY_MAX, "%s", journal_read_why(r));
        return rc;
    }
    char text[CARRY_WHY_MAX];
    rc = carry_apply_opening(s, rec.payload, rec.len, text);
    if (rc != ERR_OK)
        snprintf(why, JOURNAL_SETUP_WHY_MAX, "%s", text);
    return rc;
}

enum err journal_setup_find(const char *argument, char *out, char *why)
{
    struct stat st;
    uint32_t last = 0;
    bool directory = stat(argument, &st) == 0 && S_ISDIR(st.st_mode);
    if (strlen(argument) >= PATH_MAX_BYTES) {
        snprintf(why, JOURNAL_SETUP_WHY_MAX, "the path is too long");
        return ERR_RANGE;
    }
    if (!directory) {
        memcpy(out, argument, strlen(argument) + 1);
        return ERR_OK;
    }
    if (state_dir_last_journal(argument, &last) != ERR_OK || last == 0) {
        snprintf(why, JOURNAL_SETUP_WHY_MAX, "%s: there is no journal in it", argument);
        return ERR_NOT_FOUND;
    }
    state_dir_journal_path(argument, last, out);
    return ERR_OK;
}

enum err journal_setup_opening(struct setup *s, const char *path, char *why)
{
    struct journal_reader *r = NULL;
    char text[JOURNAL_WHY_MAX];
    enum err rc = journal_read_open(&r, path, false, text);
    if (rc != ERR_OK) {
        snprintf(why, JOURNAL_SETUP_WHY_MAX, "%s", text);
        return rc;
    }
    rc = apply_first_record(s, r, why);
    journal_read_close(r);
    return rc;
}

enum err journal_setup_read(struct config *ret, const char *path, char *why)
{
    struct journal_reader *r = NULL;
    char text[JOURNAL_WHY_MAX];
    enum err rc = journal_read_open(&r, path, false, text);
    if (rc != ERR_OK) {
        snprintf(why, JOURNAL_SETUP_WHY_MAX, "%s", text);
        return rc;
    }
    const struct journal_info *info = journal_read_info(r);
    struct config_report report = {.line = NULL};
    struct config c;
    rc = config_parse(&c, info->config_name, info->config_dir, info->config, info->config_len,
                      journal_kinds(), &report);
    if (rc != ERR_OK)
        snprintf(why, JOURNAL_SETUP_WHY_MAX,
                 "%s: this build does not accept the configuration in it (written by build %s): %s",
                 path, info->build, report.count ? report.line[0] : err_name(rc));
    config_report_clear(&report);
    if (rc == ERR_OK) {
        rc = apply_first_record(c.setup, r, why);
        if (rc == ERR_OK)
            *ret = c;
        else
            config_close(&c);
    }
    journal_read_close(r);
    return rc;
}
