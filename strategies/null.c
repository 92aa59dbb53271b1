/* null: does nothing. The smallest strategy, and the one to copy. */
#include "strategy.h"

static const struct param_spec PARAMS[] = {
    {.key = "instrument",
     .type = PARAM_INSTRUMENT,
     .flags = PARAM_REQUIRED,
     .help = "the instrument it watches"},
    {.key = NULL},
};

static enum err null_init(void *state, const struct params *p, const struct strategy_view *v)
{
    (void)state, (void)p, (void)v;
    return ERR_OK;
}

static enum err null_on_event(void *state, const struct strategy_view *v, const struct event *e,
                              struct intents *out)
{
    (void)state, (void)v, (void)e, (void)out;
    return ERR_OK;
}

const struct strategy_ops strategy_null = {
    .abi = STRATEGY_ABI,
    .size = sizeof(struct strategy_ops),
    .name = "null",
    .summary = "does nothing; a template for new strategies",
    .params = PARAMS,
    .subscribes = 0,
    .state_size = 16,
    .init = null_init,
    .on_event = null_on_event,
};
