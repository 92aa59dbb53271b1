#include "grids.h"

#include "config/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

uint32_t grids_value(const char *key, const char *value, struct param_value *ret)
{
    for (uint32_t i = 0; strategy_grid.params[i].key; i++) {
        const struct param_spec *p = &strategy_grid.params[i];
        if (strcmp(p->key, key) != 0)
            continue;
        struct key_spec k = schema_param(p);
        struct value v;
        char why[VALUE_WHY_MAX];
        *ret = (struct param_value){.present = value != NULL};
        if (!value)
            return i;
        if (p->type == PARAM_INSTRUMENT)
            return i; /* the first one */
        if (value_parse(&k, value, strlen(value), &v, why) != ERR_OK)
            fail_msg("%s = %s: %s", key, value, why);
        switch (p->type) {
        case PARAM_DECIMAL: ret->decimal = v.decimal; break;
        case PARAM_INTEGER: ret->integer = v.integer; break;
        case PARAM_BOOL: ret->boolean = v.boolean; break;
        case PARAM_CHOICE: ret->choice = v.choice; break;
        case PARAM_DURATION: ret->duration_ns = v.duration_ns; break;
        case PARAM_INSTRUMENT:
        case PARAM_DECIMALS:
        case PARAM_DURATIONS: break;
        }
        return i;
    }
    fail_msg("the grid has no parameter %s", key);
    return 0;
}

void grids_set(struct strategy_setup *s, const char *key, const char *value)
{
    struct param_value v;
    uint32_t i = grids_value(key, value, &v);
    s->params.value[i] = v;
}

struct strategy_setup *grids_open(struct world *w, const char *budget, const char *inventory, ...)
{
    world_open(w);
    struct strategy_setup *s = world_strategy(w, "g", &strategy_grid, budget, inventory);
    memset(&s->params, 0, sizeof s->params);
    for (const struct param_spec *p = strategy_grid.params; p->key; p++, s->params.count++)
        grids_set(s, p->key, p->type == PARAM_INSTRUMENT ? "BTC-USDT" : p->default_value);
    va_list list;
    va_start(list, inventory);
    for (const char *text; (text = va_arg(list, const char *)) != NULL;) {
        char key[64];
        const char *equals = strchr(text, '=');
        assert_non_null(equals);
        snprintf(key, sizeof key, "%.*s", (int)(equals - text), text);
        grids_set(s, key, equals + 1);
    }
    va_end(list);
    return s;
}

void grids_change(struct world *w, const char *key, const char *value)
{
    struct event e = {.kind = EVENT_PARAM, .venue = VENUE_NONE, .instrument = INSTRUMENT_NONE};
    struct param_value v;
    uint32_t i = grids_value(key, value, &v);
    e.param = (struct event_param){.strategy = 0,
                                   .index = (uint16_t)i,
                                   .type = strategy_grid.params[i].type,
                                   .present = v.present,
                                   .value = v};
    world_step(w, &e);
}

void grids_assert_open(const struct world *w, const char *want)
{
    char have[4096] = "", price[DEC_TEXT_MAX], qty[DEC_TEXT_MAX];
    for (uint32_t i = 0; i < engine_open_orders(w->engine); i++) {
        const struct order *o = engine_open_order(w->engine, i);
        if (o->state == ORDER_PENDING_CANCEL)
            continue;
        dec_format(o->req.price, price);
        dec_format(order_open_qty(o), qty);
        size_t n = strlen(have);
        snprintf(have + n, sizeof have - n, "%s%s %s@%s", n ? ", " : "", side_name(o->req.side),
                 qty, price);
    }
    assert_string_equal(have, want);
}

order_id grids_at(const struct world *w, const char *price)
{
    for (uint32_t i = 0; i < engine_open_orders(w->engine); i++)
        if (dec_eq(engine_open_order(w->engine, i)->req.price, D(price)))
            return engine_open_order(w->engine, i)->id;
    return 0;
}

dec grids_figure(const struct world *w, const char *name)
{
    struct figure f[FIGURES_MAX];
    uint32_t n = engine_figures(w->engine, 0, f);
    for (uint32_t i = 0; i < n; i++)
        if (strcmp(f[i].name, name) == 0)
            return f[i].value;
    fail_msg("the grid has no figure %s", name);
    return DEC_ZERO;
}

void grids_cancels_happen(struct world *w)
{
    for (uint32_t i = 0; i < engine_open_orders(w->engine);) {
        const struct order *o = engine_open_order(w->engine, i);
        if (o->state == ORDER_PENDING_CANCEL)
            world_order(w, o->id, ORDER_CANCELED);
        i = o->state == ORDER_PENDING_CANCEL || order_state_is_terminal(o->state) ? 0 : i + 1;
    }
}
