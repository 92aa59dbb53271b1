/* A changed configuration: what can change while the agent runs is applied, all of it or nothing
 * (docs/operations.md, "Reload"). */
#include "main/daemon_parts.h"

#include "base/clock.h"
#include "base/log.h"
#include "main/kinds.h"

#include <cJSON.h>
#include <inttypes.h>
#include <stdlib.h>

enum err daemon_parse_as_here(const struct daemon *d, const char *text, size_t len,
                              struct config *ret)
{
    char dir[PATH_MAX_BYTES] = "";
    const char *slash = strrchr(d->options.path, '/');
    size_t n = slash ? (size_t)(slash - d->options.path) : 0;
    if (slash && n == 0)
        n = 1; /* the root directory */
    if (n >= sizeof dir)
        return ERR_RANGE; /* config_load() refuses such a path, too */
    memcpy(dir, d->options.path, n);
    struct config_report report = {.line = NULL};
    enum err rc = config_parse(ret, d->options.name, dir, text, len, journal_kinds(), &report);
    config_report_clear(&report);
    return rc;
}

/* Journals every live parameter that [wanted] has otherwise; nothing else may differ. */
static enum err apply_params(struct daemon *d, const struct setup *wanted)
{
    const struct engine *e = paper_engine(run_paper(d->run));
    enum err rc = ERR_OK;
    for (strategy_id s = 0; rc == ERR_OK && s < wanted->strategies; s++) {
        const struct strategy_setup *ss = &wanted->strategy[s];
        uint16_t changed[PARAM_MAX];
        uint32_t n = 0;
        for (uint16_t i = 0; i < ss->params.count; i++)
            if (!params_same(ss->ops->params, i, engine_params(e, s), &ss->params))
                changed[n++] = i;
        for (uint32_t k = 0; rc == ERR_OK && k < n; k++) {
            struct event ev = daemon_own_event(d, EVENT_PARAM);
            config_change_event(wanted, s, changed[k], &ev);
            ev.param.more = k + 1 < n;
            rc = daemon_event(d, &ev);
        }
    }
    return rc;
}

void daemon_log_changes(const struct config_changes *c, bool live)
{
    for (uint32_t i = 0; i < c->count; i++) {
        const struct config_change *one = &c->item[i];
        if (one->live != live)
            continue;
        log_line(live ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "reload", "%s: %s: %s -> %s", one->where,
                 one->key, one->was, one->is);
    }
    if (c->live + c->fixed > c->count)
        log_warn("reload", "and %lu more differences",
                 (unsigned long)(c->live + c->fixed - c->count));
}

enum err daemon_compare(const struct daemon *d, const struct setup *wanted,
                        struct config_changes *ret)
{
    struct config was;
    /* Once more from its text: a run that was carried over has other balances than its file. */
    enum err rc = daemon_parse_as_here(d, d->config->text, d->config->text_len, &was);
    if (rc != ERR_OK)
        return rc;
    if (d->run)
        was.setup->journal = d->journal_keys; /* they may have changed while the journal went on */
    const struct params **now = calloc(SETUP_STRATEGIES_MAX, sizeof *now);
    if (now) {
        for (strategy_id s = 0; s < was.setup->strategies; s++)
            now[s] = d->run ? engine_params(paper_engine(run_paper(d->run)), s)
                            : &was.setup->strategy[s].params;
        rc = config_compare(was.setup, now, wanted, ret);
    } else {
        rc = ERR_NOMEM;
    }
    free(now);
    config_close(&was);
    return rc;
}

enum err daemon_begin_params(struct daemon *d)
{
    const struct setup *wanted = d->wanted.setup ? d->wanted.setup : d->config->setup;
    struct config_changes *c = calloc(1, sizeof *c);
    enum err rc = c ? daemon_compare(d, wanted, c) : ERR_NOMEM;
    if (rc == ERR_OK) {
        daemon_log_changes(c, true);
        rc = apply_params(d, wanted);
    }
    free(c);
    config_close(&d->wanted);
    return rc;
}

/* ---- the answer ---- */

static void add_error(cJSON *o, const char *text)
{
    cJSON_AddItemToArray(cJSON_GetObjectItemCaseSensitive(o, "errors"), cJSON_CreateString(text));
}

static void add_changes(cJSON *o, const struct config_changes *c)
{
    cJSON_AddNumberToObject(o, "changes_in_all", (double)c->live + (double)c->fixed);
    cJSON *list = cJSON_AddArrayToObject(o, "changes");
    for (uint32_t i = 0; i < c->count; i++) {
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "where", c->item[i].where);
        cJSON_AddStringToObject(item, "key", c->item[i].key);
        cJSON_AddStringToObject(item, "was", c->item[i].was);
        cJSON_AddStringToObject(item, "is", c->item[i].is);
        cJSON_AddBoolToObject(item, "live", c->item[i].live);
        cJSON_AddItemToArray(list, item);
    }
}

/* Whether [wanted] was applied. */
static bool apply(struct daemon *d, const struct setup *wanted, cJSON *o)
{
    struct config_changes *c = calloc(1, sizeof *c);
    enum err rc = c ? daemon_compare(d, wanted, c) : ERR_NOMEM;
    bool applied = false;
    char why[JOURNAL_WHY_MAX];
    if (rc != ERR_OK) {
        add_error(o, "the configurations cannot be compared: out of memory");
        log_error("reload", "the configurations cannot be compared: %s", err_name(rc));
    } else if (c->fixed) {
        log_warn("reload", "refused, nothing is applied: this cannot change while it runs");
        daemon_log_changes(c, false);
        add_error(o, "this cannot change while the agent runs; stop and start it for that");
    } else if (apply_params(d, wanted) != ERR_OK) {
        add_error(o, "the change could not be journaled; the daemon stops");
    } else if (memcmp(&wanted->journal, &d->journal_keys, sizeof wanted->journal) != 0 &&
               run_segments(d->run, &wanted->journal, why) != ERR_OK) {
        add_error(o, why);
        log_error("reload", "%s", why);
    } else {
        applied = true;
        d->journal_keys = wanted->journal;
        if (c->live == 0)
            log_info("reload", "nothing has changed");
        daemon_log_changes(c, true);
    }
    if (c)
        add_changes(o, c);
    free(c);
    return applied;
}

char *daemon_reload(struct daemon *d)
{
    struct config wanted;
    struct config_report report = {.line = NULL};
    bool applied = false;
    cJSON *o = cJSON_CreateObject();
    cJSON_AddNumberToObject(o, "schema", 1);
    cJSON_AddArrayToObject(o, "errors");
    char text[128];
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
             clock_mono_ns() / NS_PER_US);
    daemon_notify(text);
    enum err rc = config_load(&wanted, d->options.path, program_kinds(), &report);
    if (rc == ERR_OK) {
        applied = apply(d, wanted.setup, o);
        config_close(&wanted);
    } else {
        log_warn("reload", "refused, nothing is applied: the configuration is wrong");
        for (size_t i = 0; i < report.count; i++) {
            log_warn("reload", "%s", report.line[i]);
            add_error(o, report.line[i]);
        }
    }
    config_report_clear(&report);
    daemon_notify("READY=1");
    cJSON_AddBoolToObject(o, "applied", applied);
    char *json = cJSON_PrintUnformatted(o);
    cJSON_Delete(o);
    return json;
}
