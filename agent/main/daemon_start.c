/* Start-up is recovery: the state of a run comes from its journal. */
#include "main/daemon_parts.h"

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "main/journal_setup.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include "build_id.h"

#define WAY_OUT                                                                                    \
    "\nThe way out: keep a copy of the state directory, then start once with --fresh, which "      \
    "begins "                                                                                      \
    "a new journal with the balances of the configuration."

__attribute__((format(printf, 2, 3))) static void say(char *why, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vsnprintf(why, DAEMON_WHY_MAX, format, ap);
    va_end(ap);
}

static const char *file_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* ---- a new journal ---- */

static enum err write_opening(struct daemon *d, char *why)
{
    uint8_t *payload = malloc(JOURNAL_RECORD_MAX);
    if (!payload) {
        say(why, "out of memory");
        return ERR_NOMEM;
    }
    struct bufw w = bufw_make(payload, JOURNAL_RECORD_MAX);
    carry_write_opening(d->config->setup, d->carried_from, &w);
    CHECK(!w.failed);
    enum err rc = run_opening(d->run, payload, w.len);
    if (rc != ERR_OK)
        say(why, "%s", run_why(d->run));
    free(payload);
    return rc;
}

static enum err start_journal(struct daemon *d, uint32_t number, run_observer *observer, char *why)
{
    const struct config *c = d->config;
    struct journal_info info = {.build = TW_BUILD_ID,
                                .config_name = d->options.name,
                                .config_dir = d->options.dir,
                                .config = c->text,
                                .config_len = c->text_len,
                                .seed = c->setup->seed,
                                .created_ns = clock_wall_ns()};
    struct journal *j = NULL;
    char text[JOURNAL_WHY_MAX];
    if (number > STATE_DIR_JOURNALS_MAX) {
        say(why, "%s: there are %d journals; move old ones away", d->dir.path,
            STATE_DIR_JOURNALS_MAX);
        return ERR_FULL;
    }
    enum err rc = run_open(&d->run, c->setup, observer, d);
    if (rc != ERR_OK) {
        say(why,
            "the engine refuses this configuration (%s): the strategies' budgets exceed the "
            "balances, or an asset cannot be valued in %s",
            err_name(rc), c->setup->asset[c->setup->quote]);
        return rc == ERR_NOMEM ? rc : ERR_RANGE;
    }
    state_dir_journal_path(d->dir.path, number, d->journal_path);
    rc = journal_create(&j, d->journal_path, &info, NULL, text);
    if (rc != ERR_OK) {
        say(why, "%s", text);
        return rc;
    }
    run_record(d->run, j); /* takes it, also to close it */
    d->journal = number;
    if (d->carried_from)
        rc = write_opening(d, why);
    return rc;
}

static enum err start_new(struct daemon *d, uint32_t number, run_observer *observer, char *why)
{
    enum err rc = start_journal(d, number, observer, why);
    if (rc == ERR_OK)
        log_info("journal", "begins %s with the balances of the configuration",
                 file_of(d->journal_path));
    return rc;
}

/* ---- carrying over ---- */

static enum err carry(struct daemon *d, uint32_t last, const char *because, run_observer *observer,
                      char *why)
{
    char path[STATE_DIR_FILE_MAX], text[JOURNAL_SETUP_WHY_MAX];
    struct config old;
    struct journal_reader *reader = NULL;
    state_dir_journal_path(d->dir.path, last, path);
    enum err rc = journal_setup_read(&old, path, text);
    if (rc != ERR_OK) {
        say(why, "%s: %s, and its balances cannot be carried over: %s" WAY_OUT, file_of(path),
            because, text);
        return rc;
    }
    struct carried *c = malloc(sizeof *c);
    struct carry_notes *notes = malloc(sizeof *notes);
    rc = c && notes ? journal_read_open(&reader, path, false, text) : ERR_NOMEM;
    if (rc == ERR_OK)
        rc = carry_scan(c, old.setup, last, reader, text);
    if (rc == ERR_OK)
        rc = carry_place(c, d->config->setup, notes, text);
    if (rc == ERR_OK) {
        log_info("journal", "%s: %s; its balances are carried over to a new journal", file_of(path),
                 because);
        for (uint32_t i = 0; i < notes->count; i++)
            log_info("journal", "%s", notes->line[i]);
        log_info("journal", "its %lu open paper orders are gone; results begin anew",
                 (unsigned long)c->open_orders);
        d->carried_from = last;
        d->carried_agent = c->agent;
        d->carried_below = c->agent_below;
        for (strategy_id s = 0; s < d->config->setup->strategies; s++) {
            strategy_id was = setup_find_strategy(old.setup, d->config->setup->strategy[s].name);
            d->carried_strategy[s] = was == STRATEGY_NONE ? STATE_ACTIVE : c->strategy[was];
        }
        rc = start_journal(d, last + 1, observer, why);
    } else
        say(why, "%s: %s, and its balances cannot be carried over: %s" WAY_OUT, file_of(path),
            because, rc == ERR_NOMEM ? "out of memory" : text);
    journal_read_close(reader);
    free(notes);
    free(c);
    config_close(&old);
    return rc;
}

/* ---- recovery ---- */

static void log_recovered(const struct daemon *d)
{
    const struct run_counts *c = run_counts(d->run);
    const struct engine *e = paper_engine(run_paper(d->run));
    const struct setup *s = engine_setup(e);
    struct engine_totals t;
    unsigned positions = 0;
    dec cost, realized;
    for (strategy_id k = 0; k < s->strategies; k++)
        for (instrument_id i = 0; i < s->instruments; i++)
            positions += !dec_is_zero(engine_position(e, k, i, &cost, &realized));
    engine_totals(e, STRATEGY_NONE, &t);
    log_info("journal",
             "recovered %s: %" PRIu64 " events from outside, %" PRIu64 " fills; %lu open orders, "
             "%u positions",
             file_of(d->journal_path), c->inputs, t.fills, (unsigned long)engine_open_orders(e),
             positions);
    if (c->torn)
        log_warn("journal", "its last %" PRIu64 " bytes were an interrupted write and are cut off",
                 c->torn);
    if (c->restored)
        log_info("journal", "%" PRIu64 " events and effects that were lost in it are made again",
                 c->restored);
}

/* ERR_OK: it goes on. ERR_UNSUPPORTED: it cannot, but can be carried over, *because says why. */
static enum err recover(struct daemon *d, struct journal_reader *reader, bool same_build,
                        const char **because, run_observer *observer, char *why)
{
    char text[JOURNAL_SETUP_WHY_MAX] = "";
    enum err rc = journal_setup_opening(d->config->setup, d->journal_path, text);
    if (rc == ERR_OK) {
        rc = run_open(&d->run, d->config->setup, observer, d);
        if (rc != ERR_OK)
            snprintf(text, sizeof text, "the engine refuses its configuration: %s", err_name(rc));
    }
    if (rc != ERR_OK) {
        journal_read_close(reader);
        say(why, "%s: %s" WAY_OUT, d->journal_path, text);
        return rc;
    }
    d->in_step = true; /* a failed assertion in here is the engine's */
    rc = run_recover(d->run, reader);
    d->in_step = false;
    if (rc == ERR_OK)
        return ERR_OK;
    enum run_trouble trouble = run_trouble(d->run);
    *because = NULL;
    if (trouble == RUN_ENGINE)
        *because = "the engine could not go on at its end";
    else if (trouble == RUN_DIFFERS && !same_build)
        *because = "this build does not do the same as the one that wrote it";
    say(why, "%s cannot be recovered: %s%s%s" WAY_OUT, file_of(d->journal_path), run_why(d->run),
        trouble == RUN_DIFFERS ? "\n`tradewind replay` shows the same." : "", "");
    if (!*because)
        return rc;
    log_warn("journal", "%s: %s", file_of(d->journal_path), run_why(d->run));
    run_close(d->run);
    d->run = NULL;
    memset(&d->fills, 0, sizeof d->fills);
    return ERR_UNSUPPORTED;
}

/* Whether the journal can go on though its configuration has another text: it says the same, but
 * for live parameters, which are changed when the run begins. Then the journal's configuration is
 * the one that runs. */
static enum err same_but_live(struct daemon *d, const struct journal_info *info, bool *same)
{
    struct config old;
    *same = false;
    if (daemon_parse_as_here(d, info->config, info->config_len, &old) != ERR_OK)
        return ERR_OK; /* this build does not accept it any more: it cannot go on */
    struct config_changes *c = calloc(1, sizeof *c);
    enum err rc = c ? config_compare(old.setup, NULL, d->config->setup, c) : ERR_NOMEM;
    *same = rc == ERR_OK && c->fixed == 0;
    if (*same) {
        d->wanted = *d->config;
        *d->config = old;
        log_info("journal", "%s goes on: of the configuration %s", file_of(d->journal_path),
                 c->live ? "only live parameters have changed" : "only the text has changed");
    } else {
        if (rc == ERR_OK)
            daemon_log_changes(c, false);
        config_close(&old);
    }
    free(c);
    return rc;
}

enum err daemon_open_run(struct daemon *d, run_observer *observer, char *why)
{
    uint32_t last = 0;
    enum err rc = state_dir_last_journal(d->dir.path, &last);
    if (rc != ERR_OK) {
        say(why, "%s: cannot be read", d->dir.path);
        return rc;
    }
    if (last == 0 || d->options.fresh)
        return start_new(d, last + 1, observer, why);
    char text[JOURNAL_WHY_MAX];
    struct journal_reader *reader = NULL;
    state_dir_journal_path(d->dir.path, last, d->journal_path);
    rc = journal_read_open(&reader, d->journal_path, true, text);
    if (rc != ERR_OK) {
        say(why, "%s" WAY_OUT, text);
        return rc;
    }
    if (journal_read_segment(reader) > 1) { /* neither balances nor orders can be known from it */
        journal_read_close(reader);
        say(why, "%s: its first segment is not there" WAY_OUT, file_of(d->journal_path));
        return ERR_NOT_FOUND;
    }
    d->journal = last;
    const struct journal_info *info = journal_read_info(reader);
    uint8_t hash[JOURNAL_HASH_BYTES];
    journal_hash(d->config->text, d->config->text_len, hash);
    bool same_build = strcmp(info->build, TW_BUILD_ID) == 0;
    const char *because = NULL;
    bool same = memcmp(hash, info->config_hash, sizeof hash) == 0;
    if (!same && (rc = same_but_live(d, info, &same)) != ERR_OK) {
        journal_read_close(reader);
        say(why, "out of memory");
        return rc;
    }
    if (!same)
        because = "the configuration has changed since";
    else if (d->latch.kind == LATCH_ENGINE && d->latch.journal == last)
        because = "the engine could not go on at its end";
    if (because) {
        journal_read_close(reader);
        return carry(d, last, because, observer, why);
    }
    if (!same_build)
        log_info("journal",
                 "%s was begun by build %s, this is %s: it goes on only if every event "
                 "and effect comes out equal",
                 file_of(d->journal_path), info->build, TW_BUILD_ID);
    rc = recover(d, reader, same_build, &because, observer, why);
    if (rc == ERR_UNSUPPORTED && because)
        return carry(d, last, because, observer, why);
    if (rc == ERR_OK)
        log_recovered(d);
    return rc;
}
