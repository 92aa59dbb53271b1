/* `tradewind strategies`: each strategy's state, money and figures. */
#include "io/status_parts.h"

#include "io/describe.h"

#include <string.h>

/* ---- JSON ---- */

void status_add_figures(const struct status_source *r, cJSON *o, strategy_id id)
{
    struct figure f[FIGURES_MAX];
    uint32_t n = engine_figures(r->engine, id, f);
    cJSON *figures = cJSON_AddObjectToObject(o, "figures");
    for (uint32_t i = 0; i < n; i++) {
        cJSON *one = cJSON_AddObjectToObject(figures, f[i].name);
        status_add_dec(one, "value", figure_known(&f[i]), f[i].value);
        cJSON_AddStringToObject(one, "unit",
                                describe_figure_unit(engine_setup(r->engine), id, f[i].unit));
    }
}

static void add_positions(const struct status_source *r, cJSON *o, strategy_id id)
{
    const struct setup *s = engine_setup(r->engine);
    cJSON *list = cJSON_AddArrayToObject(o, "positions");
    for (uint32_t k = 0; k < s->strategy[id].instruments; k++) {
        instrument_id i = s->strategy[id].instrument[k];
        struct status_holding h = status_holding_of(r->engine, id, i);
        char name[DESCRIBE_INSTRUMENT_MAX];
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "instrument", describe_instrument(s, i, name));
        status_add_dec(item, "qty", true, h.qty);
        cJSON_AddStringToObject(item, "base", describe_asset(s, s->instrument[i].base));
        status_add_dec(item, "value", h.marked, h.value);
        status_add_dec(item, "unrealized", h.marked, h.unrealized);
        status_add_dec(item, "realized", true, h.realized);
        cJSON_AddStringToObject(item, "quote", describe_asset(s, s->instrument[i].quote));
        cJSON_AddItemToArray(list, item);
    }
}

/* What risk refused it, and how often: a strategy that asks in vain is told seldom in the log. */
static void add_denials(const struct status_source *r, cJSON *o, strategy_id id)
{
    cJSON *list = cJSON_AddArrayToObject(o, "denials");
    for (unsigned n = 0; n <= UINT8_MAX; n++) {
        struct engine_denied d;
        engine_denied(r->engine, id, (enum reason)n, &d);
        if (!d.times)
            continue;
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "reason", reason_name((enum reason)n));
        status_add_count(item, "times", d.times);
        status_add_count(item, "in_row", d.in_row);
        status_add_time(item, "last", d.last_ns);
        cJSON_AddItemToArray(list, item);
    }
}

static void add_strategy(const struct status_source *r, cJSON *item, strategy_id id)
{
    const struct setup *s = engine_setup(r->engine);
    const struct strategy_setup *ss = &s->strategy[id];
    struct engine_totals t;
    struct status_results res = {.known = true};
    dec pnl = DEC_ZERO;
    engine_totals(r->engine, id, &t);
    status_add_results(r->engine, id, &res);
    bool valued = t.valued && dec_sub(t.equity, t.equity_start, &pnl);
    cJSON_AddStringToObject(item, "strategy", ss->name);
    cJSON_AddStringToObject(item, "kind", ss->ops->name);
    cJSON_AddStringToObject(item, "state",
                            trading_state_name(engine_state(r->engine, SCOPE_STRATEGY, id)));
    status_add_dec(item, "budget", true, ss->budget);
    cJSON_AddStringToObject(item, "budget_asset", describe_asset(s, ss->budget_asset));
    status_add_dec(item, "inventory", true, ss->inventory);
    status_add_dec(item, "equity_start", t.valued, t.equity_start);
    status_add_dec(item, "equity", valued, t.equity);
    status_add_dec(item, "pnl", valued, pnl);
    status_add_dec(item, "pnl_realized", res.known, res.realized);
    status_add_dec(item, "pnl_unrealized", res.known, res.unrealized);
    status_add_dec(item, "fees_quote", true, t.fees_quote);
    status_add_count(item, "fills", t.fills);
    add_denials(r, item, id);
    add_positions(r, item, id);
    status_add_figures(r, item, id);
}

char *status_strategies(const struct status_source *r)
{
    const struct setup *s = engine_setup(r->engine);
    cJSON *o = status_document(r);
    cJSON_AddStringToObject(o, "quote", s->asset[s->quote]);
    cJSON *list = cJSON_AddArrayToObject(o, "strategies");
    for (strategy_id id = 0; id < s->strategies; id++) {
        cJSON *item = cJSON_CreateObject();
        add_strategy(r, item, id);
        cJSON_AddItemToArray(list, item);
    }
    return status_finish(o);
}

/* ---- for people ---- */

static void print_amount(FILE *out, const char *title, const char *text, int places,
                         const char *unit)
{
    char number[DEC_TEXT_MAX];
    fprintf(out, "  %-20s %20s %s\n", title, status_rounded(text, places, number), unit);
}

static void print_times(FILE *out, const char *title, const cJSON *o)
{
    const cJSON *times = cJSON_GetObjectItemCaseSensitive(o, "times");
    fprintf(out, "  %-20s %20.0f times\n", title, cJSON_IsNumber(times) ? times->valuedouble : 0.0);
}

static void print_figure(FILE *out, const cJSON *f)
{
    const char *unit = status_text_of(f, "unit");
    bool bare = strcmp(unit, "count") == 0 || strcmp(unit, "ratio") == 0;
    char title[64];
    snprintf(title, sizeof title, "%s", f->string ? f->string : "?");
    for (char *c = title; *c; c++)
        if (*c == '_')
            *c = ' ';
    if (cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(f, "value")))
        fprintf(out, "  %-20s %20s\n", title, "-");
    else
        print_amount(out, title, status_text_of(f, "value"), strcmp(unit, "count") == 0 ? 0 : 8,
                     bare ? "" : unit);
}

static void print_strategy(FILE *out, const cJSON *s, const char *quote)
{
    const cJSON *p, *f, *d;
    fprintf(out, "%s (%s) is %s\n", status_text_of(s, "strategy"), status_text_of(s, "kind"),
            status_text_of(s, "state"));
    print_amount(out, "budget", status_text_of(s, "budget"), 2, status_text_of(s, "budget_asset"));
    print_amount(out, "equity", status_text_of(s, "equity"), 2, quote);
    print_amount(out, "result", status_text_of(s, "pnl"), 2, quote);
    print_amount(out, "  realized", status_text_of(s, "pnl_realized"), 2, quote);
    print_amount(out, "  unrealized", status_text_of(s, "pnl_unrealized"), 2, quote);
    cJSON_ArrayForEach(d, cJSON_GetObjectItemCaseSensitive(s, "denials"))
    {
        char title[64];
        snprintf(title, sizeof title, "denied %s", status_text_of(d, "reason"));
        print_times(out, title, d);
    }
    cJSON_ArrayForEach(p, cJSON_GetObjectItemCaseSensitive(s, "positions"))
    {
        char title[64];
        snprintf(title, sizeof title, "holds %s", status_text_of(p, "instrument"));
        print_amount(out, title, status_text_of(p, "qty"), 8, status_text_of(p, "base"));
    }
    cJSON_ArrayForEach(f, cJSON_GetObjectItemCaseSensitive(s, "figures")) print_figure(out, f);
}

enum err status_print_strategies(FILE *out, const cJSON *o)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(o, "strategies"), *s;
    if (!cJSON_IsArray(list))
        return ERR_SYNTAX;
    if (cJSON_GetArraySize(list) == 0)
        fputs("no strategy\n", out);
    bool first = true;
    cJSON_ArrayForEach(s, list)
    {
        if (!first)
            fputc('\n', out);
        first = false;
        print_strategy(out, s, status_text_of(o, "quote"));
    }
    return ERR_OK;
}
