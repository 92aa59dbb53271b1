#include "model/param.h"

const struct param_list *params_list(const struct params *p, uint32_t i)
{
    static const struct param_list NONE = {0};
    return p->value[i].present ? &p->list[p->value[i].list] : &NONE;
}
