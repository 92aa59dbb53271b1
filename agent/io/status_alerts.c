/* `tradewind alerts`: what people asked to be told of, and what became of it. */
#include "io/status_parts.h"

#include "io/describe.h"

#include <stdio.h>

static const char *alert_state_name(enum alert_state s)
{
    switch (s) {
    case ALERT_ARMED: return "armed";
    case ALERT_WAITING: return "waiting";
    case ALERT_FIRED: return "fired";
    }
    return "?";
}

/* What it watches: "price BTC-USDT@binance", "balance USDT of grid on binance". */
static const char *subject(const struct setup *s, const struct alert_setup *a, char *out,
                           size_t cap)
{
    char name[DESCRIBE_INSTRUMENT_MAX];
    if (a->instrument != INSTRUMENT_NONE)
        snprintf(out, cap, "%s %s", alert_of_name(a->when),
                 describe_instrument(s, a->instrument, name));
    else
        snprintf(out, cap, "%s%s%s%s%s%s%s", a->figure[0] ? a->figure : alert_of_name(a->when),
                 a->asset == ASSET_NONE ? "" : " ",
                 a->asset == ASSET_NONE ? "" : describe_asset(s, a->asset),
                 a->strategy == STRATEGY_NONE ? "" : " of ",
                 a->strategy == STRATEGY_NONE ? "" : s->strategy[a->strategy].name,
                 a->venue == VENUE_NONE ? "" : " on ",
                 a->venue == VENUE_NONE ? "" : s->venue[a->venue].name);
    return out;
}

static void add_alert(const struct status_source *r, cJSON *list, uint32_t n)
{
    const struct setup *s = engine_setup(r->engine);
    const struct alert_setup *a = &s->alert[n];
    struct engine_alert now;
    char what[256];
    engine_alert(r->engine, n, &now);
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "alert", a->name);
    cJSON_AddStringToObject(item, "state", alert_state_name(now.state));
    cJSON_AddStringToObject(item, "when", subject(s, a, what, sizeof what));
    cJSON_AddStringToObject(item, "side", a->has_above ? "above" : "below");
    status_add_dec(item, "level", true, a->has_above ? a->above : a->below);
    status_add_dec(item, "value", now.known, now.value);
    cJSON_AddStringToObject(item, "repeat", a->repeat == ALERT_ONCE ? "once" : "each_time");
    status_add_count(item, "fired", now.fired);
    status_add_time(item, "last_fired", now.fired_ns);
    cJSON_AddStringToObject(item, "text", a->text);
    cJSON_AddItemToArray(list, item);
}

char *status_alerts(const struct status_source *r)
{
    cJSON *o = status_document(r), *list = cJSON_AddArrayToObject(o, "alerts");
    for (uint32_t n = 0; n < engine_setup(r->engine)->alerts; n++)
        add_alert(r, list, n);
    return status_finish(o);
}

enum err status_print_alerts(FILE *out, const cJSON *o)
{
    static const struct status_column COLUMNS[] = {
        {"alert", "alert", false, -1}, {"state", "state", false, -1},
        {"when", "when", false, -1},   {"side", "", false, -1},
        {"level", "level", true, -1},  {"value", "now", true, -1},
        {"fired", "fired", true, -1},  {"last_fired", "last", false, -1},
        {"text", "text", false, -1}};
    return status_print_list(out, o, "alerts", "no alert is configured", COLUMNS,
                             sizeof COLUMNS / sizeof COLUMNS[0]);
}
