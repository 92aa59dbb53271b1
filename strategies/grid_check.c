/* What the parameters of a grid may be together, how much each slot trades, and the sentences that
 * say so. */
#include "refuse.h"
#include "strategies/grid_internal.h"

/* ---- sentences ---- */

struct grid_text grid_text(char *out, size_t cap)
{
    out[0] = 0;
    return (struct grid_text){.out = out, .cap = cap, .len = 0};
}

void grid_say(struct grid_text *t, const char *words)
{
    size_t n = strlen(words), room = t->cap - 1 - t->len;
    n = n < room ? n : room;
    memcpy(t->out + t->len, words, n);
    t->len += n;
    t->out[t->len] = 0;
}

void grid_say_dec(struct grid_text *t, dec d)
{
    char text[DEC_TEXT_MAX];
    dec_format(d, text);
    grid_say(t, text);
}

void grid_say_percent(struct grid_text *t, dec ratio)
{
    dec hundred;
    if (!dec_mul_int(ratio, 100, &hundred) ||
        !dec_round_to(hundred, dec_from_i64(1, 3), DEC_FLOOR, &hundred))
        hundred = DEC_ZERO;
    grid_say_dec(t, hundred);
    grid_say(t, " %");
}

/* ---- quantities ---- */

dec grid_lots(const struct instrument_rules *r, dec qty)
{
    dec lots;
    if (!dec_is_pos(qty) || !dec_is_pos(r->lot_size) ||
        !dec_round_to(qty, r->lot_size, DEC_DOWN, &lots))
        return DEC_ZERO;
    return lots;
}

bool grid_worth(const struct instrument_rules *r, dec qty, dec price)
{
    dec value;
    return dec_is_pos(qty) && dec_ge(qty, r->lot_size) && dec_ge(qty, r->min_qty) &&
           dec_mul(qty, price, DEC_DOWN, &value) && dec_ge(value, r->min_notional);
}

/* The lower prices of all slots together: what one base in each costs. */
static bool sum_of_lows(const struct params *p, dec tick, dec *ret)
{
    uint32_t n = grid_level_count(p);
    dec sum = DEC_ZERO, low;
    for (uint32_t k = 0; k + 1 < n; k++)
        if (!grid_level(p, tick, (int32_t)k, &low) || !dec_add(sum, low, &sum))
            return false;
    *ret = sum;
    return dec_is_pos(sum);
}

dec grid_slot_size(const struct params *p, const struct instrument_rules *r, dec low)
{
    dec qty, sum;
    if (p->value[P_SIZE].present)
        return p->value[P_SIZE].decimal;
    bool ok = p->value[P_AMOUNT].present
                  ? dec_div(p->value[P_AMOUNT].decimal, low, DEC_DOWN, &qty)
                  : sum_of_lows(p, r->tick_size, &sum) &&
                        dec_div(p->value[P_INVESTMENT].decimal, sum, DEC_DOWN, &qty);
    return ok ? grid_lots(r, qty) : DEC_ZERO;
}

bool grid_step_profit(dec low, dec high, dec fee, dec *ret)
{
    dec keep, twice, grown;
    if (!dec_sub(DEC_ONE, fee, &keep) || !dec_mul(keep, keep, DEC_DOWN, &twice) ||
        !dec_mul_div(high, twice, low, DEC_DOWN, &grown))
        return false;
    return dec_sub(grown, DEC_ONE, ret);
}

/* ---- relations ---- */

struct complaint {
    const char **key;
    struct grid_text text;
};

static enum err complain(struct complaint *c, const char *key, const char *words)
{
    *c->key = key;
    grid_say(&c->text, words);
    return ERR_RANGE;
}

static bool given(const struct params *p, int i)
{
    return p->value[i].present;
}

/* Those that do not need the venue's rules. */
static enum err check_given(const struct params *p, struct complaint *c)
{
    const struct param_value *v = p->value;
    if (dec_le(v[P_UPPER].decimal, v[P_LOWER].decimal))
        return complain(c, "upper", "must be greater than lower");
    if (given(p, P_LEVELS) == given(p, P_STEP))
        return complain(c, given(p, P_STEP) ? "step" : "levels",
                        "give either levels (how many) or step (how far apart)");
    if (given(p, P_SIZE) + given(p, P_AMOUNT) + given(p, P_INVESTMENT) != 1)
        return complain(c,
                        given(p, P_INVESTMENT) ? "investment"
                        : given(p, P_AMOUNT)   ? "amount"
                                               : "size",
                        "give one of size (base per level), amount (quote per level) and "
                        "investment (quote in all)");
    /* slippage is no live parameter: on_exit that is given may become "close" */
    const struct usable all[] = {
        {P_SLIPPAGE,
         v[P_INITIAL_ORDER].choice != INITIAL_NONE || given(p, P_STOP_LOSS) ||
             given(p, P_TAKE_PROFIT) || v[P_ON_EXIT].given,
         "initial_order, stop_loss, take_profit or on_exit"},
        {P_REPRICE, v[P_POST_ONLY].boolean, "post_only"},
    };
    enum err err = refuse_unused(grid_params, p, all, sizeof all / sizeof all[0], c->key,
                                 c->text.out, c->text.cap);
    if (err)
        return err;
    if (grid_level_count(p) == 0)
        return complain(c, "step",
                        "must make 2 to 200 levels between lower and upper: use a step that fits "
                        "into the range at least once and at most 199 times");
    if (given(p, P_STOP_LOSS) && dec_ge(v[P_STOP_LOSS].decimal, v[P_LOWER].decimal))
        return complain(c, "stop_loss", "must be below lower");
    if (given(p, P_TAKE_PROFIT) && dec_le(v[P_TAKE_PROFIT].decimal, v[P_UPPER].decimal))
        return complain(c, "take_profit", "must be above upper");
    if (given(p, P_TRAIL_UP_TO) && dec_le(v[P_TRAIL_UP_TO].decimal, v[P_UPPER].decimal))
        return complain(c, "trail_up_to", "must be above upper");
    if (given(p, P_TRAIL_DOWN_TO) && dec_ge(v[P_TRAIL_DOWN_TO].decimal, v[P_LOWER].decimal))
        return complain(c, "trail_down_to", "must be below lower");
    bool trails = given(p, P_TRAIL_UP_TO) || given(p, P_TRAIL_DOWN_TO);
    if (v[P_ON_EXIT].choice == EXIT_TRAIL && !trails)
        return complain(c, "on_exit",
                        "trail needs trail_up_to or trail_down_to: how far the range may move");
    if (v[P_ON_EXIT].choice != EXIT_TRAIL && trails)
        return complain(c, given(p, P_TRAIL_UP_TO) ? "trail_up_to" : "trail_down_to",
                        "moves nothing without on_exit = \"trail\"");
    return ERR_OK;
}

/* Each level above the one below it; each step worth its fees. [tick]: the venue's, or the smallest
 * there is while that is not known. */
static enum err check_levels(const struct params *p, dec tick, const dec *fee, struct complaint *c)
{
    const char *key = given(p, P_STEP) ? "step" : "levels";
    uint32_t n = grid_level_count(p);
    dec low = DEC_ZERO, high, profit;
    for (uint32_t k = 0; k < n; k++, low = high) {
        if (!grid_level(p, tick, (int32_t)k, &high))
            return complain(c, key, "a level's price cannot be computed: use a smaller range");
        if (dec_le(high, low))
            return complain(
                c, key, "too many: two levels fall on the same tick; use fewer or a wider range");
        if (k == 0 || !fee)
            continue;
        if (!grid_step_profit(low, high, *fee, &profit))
            return complain(c, key, "a step's profit cannot be computed");
        if (dec_ge(profit, p->value[P_MIN_PROFIT].decimal))
            continue;
        grid_say(&c->text, "the step from ");
        grid_say_dec(&c->text, low);
        grid_say(&c->text, " to ");
        grid_say_dec(&c->text, high);
        grid_say(&c->text, " earns ");
        grid_say_percent(&c->text, profit);
        grid_say(&c->text, " after two maker fees of ");
        grid_say_percent(&c->text, *fee);
        grid_say(&c->text, "; at least min_profit = ");
        grid_say_dec(&c->text, p->value[P_MIN_PROFIT].decimal);
        return complain(c, key, " is wanted: use fewer levels or a wider range");
    }
    return ERR_OK;
}

/* What a slot buys, and what it can sell of that, must be orders that the venue takes. */
static enum err check_sizes(const struct params *p, const struct instrument_rules *r,
                            const dec *fee, struct complaint *c)
{
    const char *key = given(p, P_SIZE) ? "size" : given(p, P_AMOUNT) ? "amount" : "investment";
    uint32_t n = grid_level_count(p);
    dec low = DEC_ZERO, high, keep = DEC_ONE, left, size = DEC_ZERO;
    if (given(p, P_SIZE) && !dec_is_multiple(p->value[P_SIZE].decimal, r->lot_size))
        return complain(c, key, "must be a multiple of the instrument's lot_size");
    if (fee && !dec_sub(DEC_ONE, *fee, &keep))
        return complain(c, key, "the fee cannot be computed with");
    for (uint32_t k = 0; k < n; k++, low = high) {
        if (!grid_level(p, r->tick_size, (int32_t)k, &high))
            return complain(c, key, "a level's price cannot be computed");
        if (k == 0)
            continue;
        if (k == 1 || given(p, P_AMOUNT)) /* else the same for all */
            size = grid_slot_size(p, r, low);
        /* A slot sells what it bought less the fee, rounded down to the lot: one lot alone could
         * never be sold again. */
        if (dec_le(size, r->lot_size))
            return complain(
                c, key,
                given(p, P_SIZE)
                    ? "must be at least two lots, since the fee is taken from what is bought"
                    : "too small: each level needs at least two lots, since the fee is taken from "
                      "what is bought");
        if (dec_is_pos(r->max_qty) && dec_gt(size, r->max_qty))
            return complain(c, key, "more per level than the instrument's max_qty");
        bool sells =
            dec_mul(size, keep, DEC_DOWN, &left) && grid_worth(r, grid_lots(r, left), high);
        if (grid_worth(r, size, low) && sells)
            continue;
        grid_say(&c->text, "too small: the level at ");
        grid_say_dec(&c->text, low);
        grid_say(&c->text, " would trade ");
        grid_say_dec(&c->text, size);
        grid_say(&c->text, sells ? "" : " and sell less the fee");
        grid_say(&c->text, ", and the venue wants at least ");
        grid_say_dec(&c->text, r->min_qty);
        grid_say(&c->text, " worth ");
        grid_say_dec(&c->text, r->min_notional);
        return complain(c, key, "");
    }
    return ERR_OK;
}

enum err grid_validate(const struct params *p, const struct instrument *in, const dec *maker_fee,
                       const char **key, char *why, size_t cap)
{
    struct complaint c = {.key = key, .text = grid_text(why, cap)};
    bool known = in->rules.status == INSTRUMENT_TRADING;
    enum err err = check_given(p, &c);
    if (!err)
        err = check_levels(p, known ? in->rules.tick_size : (dec){1}, maker_fee, &c);
    if (!err && known)
        err = check_sizes(p, &in->rules, maker_fee, &c);
    return err;
}
