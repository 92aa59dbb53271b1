/* [strategy.risk]: limits of one strategy, which may only be stricter than the agent's. */
#include "config/section.h"

#include <string.h>

/* The agent's value of the same limit, if it has one. The two tables share the members, so that a
 * limit of the strategy finds the agent's by its offset. */
static bool agent_has(const struct risk_setup *agent, const struct key_spec *k)
{
    return *(const bool *)((const char *)agent + k->has_offset);
}

static bool is_looser(const struct key_spec *k, const struct risk_setup *own,
                      const struct risk_setup *agent, char *allowed)
{
    const char *a = (const char *)own + k->offset, *b = (const char *)agent + k->offset;
    if (k->type == KEY_DECIMAL) {
        dec x, y;
        memcpy(&x, a, sizeof x);
        memcpy(&y, b, sizeof y);
        dec_format(y, allowed);
        return dec_gt(x, y);
    }
    if (k->type == KEY_DURATION) {
        int64_t x, y;
        memcpy(&x, a, sizeof x);
        memcpy(&y, b, sizeof y);
        duration_format(y, allowed);
        return x > y;
    }
    uint32_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    dec_format(dec_from_i64(y, 0), allowed);
    return x > y;
}

static void check_stricter(struct build *b, const struct toml_node *table,
                           const struct risk_setup *own)
{
    const struct risk_setup *agent = &b->setup->risk;
    for (const struct key_spec *k = SECTION_STRATEGY_RISK.keys; k->key; k++) {
        char allowed[DEC_TEXT_MAX], path[REPORT_PATH_MAX];
        if (toml_get(table, k->key) && agent_has(own, k) && agent_has(agent, k) &&
            is_looser(k, own, agent, allowed))
            errors_add(&b->errors, key_position(table, k->key),
                       key_path(path, "strategy.risk", k->key, strlen(k->key)),
                       "is looser than the agent's [risk]; allowed: at most its %s", allowed);
    }
    if (own->has_max_messages && own->max_messages <= own->cancel_reserve)
        errors_add(&b->errors, key_position(table, "max_messages"), "strategy.risk.max_messages",
                   "%u is not more than the agent's cancel_reserve, so that no order could be "
                   "sent; allowed: more than %u",
                   own->max_messages, own->cancel_reserve);
}

void build_strategy_risk(struct build *b, const struct toml_node *table, struct strategy_setup *out)
{
    /* Limits that are absent stay absent: the agent's hold anyway. What is no limit but says how
     * limits are meant is the agent's. */
    const struct risk_setup *agent = &b->setup->risk;
    out->risk = (struct risk_setup){.message_interval_ns = agent->message_interval_ns,
                                    .cancel_reserve = agent->cancel_reserve,
                                    .day_offset_ns = agent->day_offset_ns};
    section_read(b, &SECTION_STRATEGY_RISK, table, &out->risk);
    section_unknown(b, &SECTION_STRATEGY_RISK, table, NULL);
    check_stricter(b, table, &out->risk);
}
