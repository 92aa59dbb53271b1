/* Live parameters: new values while the engine runs (docs/definitions.md, "Reload"). */
#include "core/internal.h"

_Static_assert(PARAM_MAX <= 64, "params_untold has a bit for each");

static bool is_list(enum param_type t)
{
    return t == PARAM_DECIMALS || t == PARAM_DURATIONS;
}

/* A place for a list that none of the strategy's parameters uses: there is one, since the
 * configuration had room for all of them at once. */
static bool free_list(const struct strategy_slot *slot, uint32_t *ret)
{
    const struct param_spec *spec = slot->setup->ops->params;
    for (uint32_t n = 0; n < PARAM_LISTS_MAX; n++) {
        bool used = false;
        for (uint32_t i = 0; i < slot->params.count; i++)
            used = used || (is_list(spec[i].type) && slot->params.value[i].present &&
                            slot->params.value[i].list == n);
        if (!used) {
            *ret = n;
            return true;
        }
    }
    return false;
}

static enum err set(struct strategy_slot *slot, const struct event_param *p)
{
    struct param_value *v = &slot->params.value[p->index];
    if (!is_list(p->type)) {
        *v = p->value;
    } else if (p->present) {
        uint32_t place = v->list;
        if (!v->present && !free_list(slot, &place))
            return ERR_FULL;
        v->list = place;
        slot->params.list[place] = p->list;
    }
    v->present = p->present;
    slot->params_untold |= UINT64_C(1) << p->index;
    return ERR_OK;
}

/* As the event that set it would have been, with the value as it is now. */
static struct event change_of(const struct engine *e, strategy_id s, uint16_t i)
{
    const struct params *p = &e->strategy[s].params;
    enum param_type type = e->strategy[s].setup->ops->params[i].type;
    struct event ev = {.kind = EVENT_PARAM,
                       .venue = VENUE_NONE,
                       .instrument = INSTRUMENT_NONE,
                       .ts_event_ns = e->now_ns,
                       .ts_recv_ns = e->now_ns};
    ev.param.strategy = s;
    ev.param.index = i;
    ev.param.type = type;
    ev.param.present = p->value[i].present;
    if (is_list(type))
        ev.param.list = *params_list(p, i);
    else
        ev.param.value = p->value[i];
    return ev;
}

enum err params_tell(struct engine *e)
{
    for (strategy_id s = 0; s < e->setup->strategies; s++) {
        struct strategy_slot *slot = &e->strategy[s];
        if (slot->params_untold && !slot->started && !slot->broken &&
            !lifecycle_hears(slot, EVENT_PARAM))
            lifecycle_begin_anew(e, s); /* it hears nothing before it begins */
        while (slot->params_untold) {
            uint16_t i = (uint16_t)__builtin_ctzll(slot->params_untold);
            slot->params_untold &= slot->params_untold - 1;
            struct event ev = change_of(e, s, i);
            enum err err = dispatch_event(e, s, &ev);
            if (err)
                return err;
        }
    }
    return ERR_OK;
}

enum err params_event(struct engine *e, const struct event *ev)
{
    const struct event_param *p = &ev->param;
    struct strategy_slot *slot = &e->strategy[p->strategy];
    const struct param_spec *spec = &slot->setup->ops->params[p->index];
    if (!(spec->flags & PARAM_LIVE) || spec->type != p->type)
        return ERR_RANGE;
    enum err err = set(slot, p);
    return err || p->more ? err : params_tell(e);
}
