/* `tradewind risk`: each limit with its use, what is latched or locked, and what releases it. */
#include "io/status_parts.h"

#include "io/describe.h"

#include <stdio.h>
#include <string.h>

#define NEAR_PERCENT 80

/* ---- JSON ---- */

struct rows {
    const struct setup *setup;
    cJSON *list;
};

static const char *unit_of(const struct setup *s, const struct limit_use *u)
{
    switch (u->unit) {
    case LIMIT_IN_QUOTE: return describe_asset(s, s->quote);
    case LIMIT_IN_BASE:
        return u->scope == LIMIT_OF_INSTRUMENT ? describe_asset(s, s->instrument[u->index].base)
                                               : "base";
    case LIMIT_AS_RATIO: return "ratio";
    case LIMIT_AS_COUNT: return "count";
    case LIMIT_IN_SECONDS: return "seconds";
    }
    return "?";
}

/* The use in percent of the limit; false where there is none. */
static bool percent_of(const struct limit_use *u, dec *ret)
{
    return !u->each && u->known && dec_is_pos(u->limit) &&
           dec_mul_div(u->used, dec_from_i64(100, 0), u->limit, DEC_DOWN, ret);
}

static const char *state_of(const struct limit_use *u)
{
    dec percent;
    if (u->each)
        return "each order";
    if (!percent_of(u, &percent))
        return "unknown";
    return dec_ge(u->used, u->limit)                        ? "hit"
           : dec_ge(percent, dec_from_i64(NEAR_PERCENT, 0)) ? "near"
                                                            : "ok";
}

static void add_limit(void *ctx, const struct limit_use *u)
{
    const struct rows *rows = ctx;
    const struct setup *s = rows->setup;
    char of[DESCRIBE_LIMIT_MAX], text[DEC_TEXT_MAX], where[DESCRIBE_INSTRUMENT_MAX];
    dec percent = DEC_ZERO;
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "of", describe_limit(s, u->scope, u->index, of));
    cJSON_AddStringToObject(o, "limit", u->key);
    status_add_dec(o, "value", true, u->limit);
    status_add_dec(o, "used", !u->each && u->known, u->used);
    cJSON_AddStringToObject(o, "unit", unit_of(s, u));
    if (percent_of(u, &percent)) {
        dec_format_places(percent, 1, DEC_DOWN, text);
        cJSON_AddStringToObject(o, "percent", text);
    } else {
        cJSON_AddNullToObject(o, "percent");
    }
    cJSON_AddStringToObject(o, "state", state_of(u));
    if (u->instrument != INSTRUMENT_NONE)
        cJSON_AddStringToObject(o, "instrument", describe_instrument(s, u->instrument, where));
    else
        cJSON_AddNullToObject(o, "instrument");
    cJSON_AddItemToArray(rows->list, o);
}

/* What a person does about it. */
static void release_text(const struct status_source *r, enum state_scope scope, uint16_t index,
                         char *out, size_t cap)
{
    const struct setup *s = engine_setup(r->engine);
    switch (scope) {
    case SCOPE_AGENT:
        snprintf(out, cap, "%s",
                 engine_state(r->engine, scope, 0) == STATE_HALTED
                     ? "tradewind unhalt --reason TEXT"
                     : "tradewind resume");
        return;
    case SCOPE_STRATEGY:
        snprintf(out, cap, "tradewind resume %s", describe_strategy(s, index));
        return;
    case SCOPE_VENUE: break; /* no command does */
    }
    snprintf(out, cap, "-");
}

static void add_latch(const struct status_source *r, cJSON *list, enum state_scope scope,
                      uint16_t index, enum limit_scope as)
{
    char of[DESCRIBE_LIMIT_MAX], text[64 + NAME_MAX_BYTES];
    struct engine_latch l;
    if (!engine_latch(r->engine, scope, index, &l))
        return;
    bool numbers = !dec_is_zero(l.limit) || !dec_is_zero(l.value);
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "of", describe_limit(engine_setup(r->engine), as, index, of));
    cJSON_AddStringToObject(o, "state", trading_state_name(engine_state(r->engine, scope, index)));
    cJSON_AddStringToObject(o, "reason", reason_name(l.reason));
    cJSON_AddStringToObject(o, "text", reason_text(l.reason));
    status_add_dec(o, "limit", numbers, l.limit);
    status_add_dec(o, "value", numbers, l.value);
    status_add_time(o, "since", l.since_ns);
    release_text(r, scope, index, text, sizeof text);
    cJSON_AddStringToObject(o, "release", text);
    cJSON_AddItemToArray(list, o);
}

static void add_lock(const struct status_source *r, cJSON *list, strategy_id s)
{
    int64_t until_ns = 0;
    enum reason reason = engine_guard(r->engine, s, &until_ns);
    char of[DESCRIBE_LIMIT_MAX];
    if (reason == REASON_NONE)
        return;
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "of",
                            describe_limit(engine_setup(r->engine), LIMIT_OF_STRATEGY, s, of));
    cJSON_AddStringToObject(o, "reason", reason_name(reason));
    cJSON_AddStringToObject(o, "text", reason_text(reason));
    status_add_time(o, "until", until_ns);
    cJSON_AddItemToArray(list, o);
}

char *status_risk(const struct status_source *r)
{
    const struct setup *s = engine_setup(r->engine);
    cJSON *o = status_document(r);
    status_add_time(o, "engine_time", engine_now_ns(r->engine));
    cJSON_AddStringToObject(o, "quote", describe_asset(s, s->quote));
    cJSON_AddStringToObject(o, "state",
                            trading_state_name(engine_state(r->engine, SCOPE_AGENT, 0)));
    cJSON_AddStringToObject(o, "state_below", trading_state_name(engine_state_below(r->engine)));
    cJSON *latched = cJSON_AddArrayToObject(o, "latched");
    add_latch(r, latched, SCOPE_AGENT, 0, LIMIT_OF_AGENT);
    for (uint32_t v = 0; v < s->venues; v++)
        add_latch(r, latched, SCOPE_VENUE, (uint16_t)v, LIMIT_OF_VENUE);
    for (uint32_t k = 0; k < s->strategies; k++)
        add_latch(r, latched, SCOPE_STRATEGY, (uint16_t)k, LIMIT_OF_STRATEGY);
    cJSON *locked = cJSON_AddArrayToObject(o, "locked");
    for (uint32_t k = 0; k < s->strategies; k++)
        add_lock(r, locked, (strategy_id)k);
    struct rows rows = {.setup = s, .list = cJSON_AddArrayToObject(o, "limits")};
    engine_limits(r->engine, add_limit, &rows);
    return status_finish(o);
}

/* ---- the table ---- */

static void print_latched(FILE *out, const cJSON *o)
{
    const cJSON *l;
    cJSON_ArrayForEach(l, cJSON_GetObjectItemCaseSensitive(o, "latched"))
    {
        fprintf(out, "%s is %s since %s: %s (%s", status_text_of(l, "of"),
                status_text_of(l, "state"), status_text_of(l, "since"), status_text_of(l, "text"),
                status_text_of(l, "reason"));
        if (cJSON_IsString(cJSON_GetObjectItemCaseSensitive(l, "limit")))
            fprintf(out, ", limit %s, was %s", status_text_of(l, "limit"),
                    status_text_of(l, "value"));
        fprintf(out, ")\n  to release it: %s\n", status_text_of(l, "release"));
    }
    cJSON_ArrayForEach(l, cJSON_GetObjectItemCaseSensitive(o, "locked"))
    {
        fprintf(out, "%s may only reduce until %s: %s (%s)\n", status_text_of(l, "of"),
                status_text_of(l, "until"), status_text_of(l, "text"), status_text_of(l, "reason"));
    }
}

enum err status_print_risk(FILE *out, const cJSON *o)
{
    static const struct status_column COLUMNS[] = {
        {"of", "of", false, -1},       {"limit", "limit", false, -1},
        {"value", "value", true, -1},  {"used", "in use", true, 4},
        {"unit", "in", false, -1},     {"percent", "%", true, -1},
        {"state", "state", false, -1}, {"instrument", "most on", false, -1}};
    if (!cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(o, "latched")) ||
        !cJSON_IsArray(cJSON_GetObjectItemCaseSensitive(o, "locked")))
        return ERR_SYNTAX;
    fprintf(out, "%s is %s", status_text_of(o, "agent"), status_text_of(o, "state"));
    if (strcmp(status_text_of(o, "state"), trading_state_name(STATE_HALTED)) == 0)
        fprintf(out, " (unhalt leads back to %s)", status_text_of(o, "state_below"));
    fprintf(out, ", engine time %s\n", status_text_of(o, "engine_time"));
    print_latched(out, o);
    fputc('\n', out);
    return status_print_list(out, o, "limits", "no limit is set", COLUMNS,
                             sizeof COLUMNS / sizeof COLUMNS[0]);
}
