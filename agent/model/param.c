#include "model/param.h"

const struct param_list *params_list(const struct params *p, uint32_t i)
{
    static const struct param_list NONE = {0};
    return p->value[i].present ? &p->list[p->value[i].list] : &NONE;
}

static bool same_lists(const struct param_list *a, const struct param_list *b, bool decimals)
{
    if (a->count != b->count)
        return false;
    for (uint32_t i = 0; i < a->count; i++)
        if (decimals ? !dec_eq(a->decimal[i], b->decimal[i])
                     : a->duration_ns[i] != b->duration_ns[i])
            return false;
    return true;
}

bool params_same(const struct param_spec *spec, uint32_t i, const struct params *a,
                 const struct params *b)
{
    const struct param_value *x = &a->value[i], *y = &b->value[i];
    if (x->present != y->present)
        return false;
    if (!x->present)
        return true;
    switch (spec[i].type) {
    case PARAM_DECIMAL: return dec_eq(x->decimal, y->decimal);
    case PARAM_INTEGER: return x->integer == y->integer;
    case PARAM_BOOL: return x->boolean == y->boolean;
    case PARAM_CHOICE: return x->choice == y->choice;
    case PARAM_DURATION: return x->duration_ns == y->duration_ns;
    case PARAM_INSTRUMENT: return x->instrument == y->instrument;
    case PARAM_DECIMALS: return same_lists(params_list(a, i), params_list(b, i), true);
    case PARAM_DURATIONS: return same_lists(params_list(a, i), params_list(b, i), false);
    }
    return false;
}
