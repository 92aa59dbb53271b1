#include "main/check_plan.h"

#include <string.h>

/* ---- prices ---- */

bool check_price(const struct setup *s, const char *text, struct check_prices *ret, char *why,
                 size_t cap)
{
    const char *equals = strchr(text, '=');
    dec price;
    if (!equals || equals == text || dec_parse(equals + 1, strlen(equals + 1), &price) != ERR_OK ||
        !dec_is_pos(price)) {
        snprintf(why, cap, "'%s' is no price; needed: SYMBOL[@VENUE]=PRICE, such as BTC-USDT=61000",
                 text);
        return false;
    }
    uint32_t found = 0;
    instrument_id which = 0;
    for (instrument_id i = 0; i < s->instruments; i++) {
        const struct instrument *in = &s->instrument[i];
        char full[SYMBOL_MAX + NAME_MAX_BYTES + 1];
        size_t len = (size_t)(equals - text);
        snprintf(full, sizeof full, "%s@%s", in->symbol, s->venue[in->venue].name);
        bool same = strlen(in->symbol) == len && memcmp(in->symbol, text, len) == 0;
        if (!same && (strlen(full) != len || memcmp(full, text, len) != 0))
            continue;
        found++;
        which = i;
    }
    if (found != 1) {
        snprintf(why, cap, "'%.*s' is %s", (int)(equals - text), text,
                 found ? "an instrument of several venues; write SYMBOL@VENUE=PRICE"
                       : "no instrument of the configuration");
        return false;
    }
    ret->price[which] = price;
    return true;
}

/* ---- the plan ---- */

static dec lack(dec need, dec have)
{
    dec rest;
    return dec_sub(need, have, &rest) && dec_is_pos(rest) ? rest : DEC_ZERO;
}

void check_plan(const struct setup *s, strategy_id id, const struct check_prices *prices,
                struct check_plan *ret)
{
    const struct strategy_setup *st = &s->strategy[id];
    const struct instrument *in[sizeof st->instrument / sizeof st->instrument[0]];
    memset(ret, 0, sizeof *ret);
    if (!st->ops->plan || st->instruments == 0)
        return;
    for (uint32_t k = 0; k < st->instruments; k++) {
        in[k] = &s->instrument[st->instrument[k]];
        ret->plan.fees[k] =
            (struct plan_fees){s->venue[in[k]->venue].maker_fee, s->venue[in[k]->venue].taker_fee};
    }
    const struct venue_setup *v = &s->venue[in[0]->venue];
    ret->has = true;
    ret->price = prices->price[st->instrument[0]];
    if (st->ops->plan(&st->params, in, ret->price, v->maker_fee, v->taker_fee, &ret->plan)) {
        ret->needs = true;
        return;
    }
    ret->lacks_quote = lack(ret->plan.capital_quote, st->budget);
    ret->lacks_base = lack(ret->plan.capital_base, st->inventory);
    check_limits(s, id, &ret->plan, prices->price, &ret->denials);
    ret->refused =
        ret->plan.unless && (dec_is_pos(ret->lacks_quote) || dec_is_pos(ret->lacks_base));
    ret->lacks = ret->refused;
    ret->refused = ret->refused || ret->denials.all;
}

/* ---- as a table ---- */

enum {
    COL_WHAT,
    COL_SIDE,
    COL_DEVIATION,
    COL_PRICE,
    COL_QTY,
    COL_AMOUNT,
    COL_TOTAL,
    COL_AVERAGE,
    COL_BREAK_EVEN,
    COLS
};
static const char *const HEAD[COLS] = {"order",  "side",  "deviation", "price",     "quantity",
                                       "amount", "total", "average",   "break-even"};

typedef char cell[64]; /* a plan's words, and any decimal */

static void put(cell out, const char *text)
{
    snprintf(out, sizeof(cell), "%s", text);
}

/* Exact where that is short, else eight digits or two places: the table is for people. */
static void number(cell out, dec d, enum dec_rounding rounding)
{
    if (dec_is_zero(d)) {
        put(out, "-");
        return;
    }
    char exact[DEC_TEXT_MAX];
    size_t len = dec_format(d, exact);
    const char *point = strchr(exact, '.');
    if (!point || len <= 12) {
        put(out, exact);
        return;
    }
    size_t whole = (size_t)(point - exact);
    dec_format_places(d, whole >= 6 ? 2 : (unsigned)(8 - whole), rounding, out);
}

static void percent(cell out, dec ratio)
{
    dec hundred;
    char text[DEC_TEXT_MAX];
    if (dec_is_zero(ratio) || !dec_mul_int(ratio, 100, &hundred)) {
        put(out, "-");
        return;
    }
    dec_format_places(hundred, 2, DEC_HALF_EVEN, text);
    snprintf(out, sizeof(cell), "%s %%", text);
}

static void fill_row(cell *c, const struct plan_row *r)
{
    snprintf(c[COL_WHAT], sizeof(cell), "%.*s", (int)sizeof r->what, r->what);
    put(c[COL_SIDE], side_name(r->side));
    percent(c[COL_DEVIATION], r->deviation);
    number(c[COL_PRICE], r->price, DEC_HALF_EVEN);
    number(c[COL_QTY], r->qty, DEC_HALF_EVEN);
    number(c[COL_AMOUNT], r->amount, DEC_UP);
    number(c[COL_TOTAL], r->total_amount, DEC_UP);
    number(c[COL_AVERAGE], r->average, DEC_HALF_EVEN);
    number(c[COL_BREAK_EVEN], r->break_even, DEC_UP);
}

static void print_table(FILE *out, const struct plan *p)
{
    static cell cells[PLAN_ROWS_MAX + 1][COLS];
    size_t width[COLS] = {0};
    for (int c = 0; c < COLS; c++)
        put(cells[0][c], HEAD[c]);
    for (uint32_t r = 0; r < p->count; r++)
        fill_row(cells[r + 1], &p->row[r]);
    for (uint32_t r = 0; r <= p->count; r++)
        for (int c = 0; c < COLS; c++)
            width[c] = strlen(cells[r][c]) > width[c] ? strlen(cells[r][c]) : width[c];
    for (uint32_t r = 0; r <= p->count; r++) {
        fprintf(out, "    %-*s  %-*s", (int)width[COL_WHAT], cells[r][COL_WHAT],
                (int)width[COL_SIDE], cells[r][COL_SIDE]);
        for (int c = COL_DEVIATION; c < COLS; c++)
            fprintf(out, "  %*s", (int)width[c], cells[r][c]);
        fputc('\n', out);
    }
}

static void print_capital(FILE *out, const struct check_plan *p, dec need, dec have, dec lacks,
                          const char *asset, const char *purse)
{
    char want[DEC_TEXT_MAX], has[DEC_TEXT_MAX], less[DEC_TEXT_MAX];
    dec_format(need, want);
    dec_format(have, has);
    dec_format(lacks, less);
    fprintf(out, "  needs at most %s %s at a time, of %s %s %s", want, asset, purse, has, asset);
    if (dec_is_pos(lacks))
        fprintf(out, ": %s %s %s too little%s", p->lacks ? "ERROR:" : "note:", less, asset,
                p->lacks ? "" : ", what cannot be paid is not bought");
    fputc('\n', out);
}

void check_plan_print(FILE *out, const struct setup *s, strategy_id id, const struct check_plan *p)
{
    const struct strategy_setup *st = &s->strategy[id];
    if (!p->has)
        return;
    const struct instrument *in = &s->instrument[st->instrument[0]];
    char price[DEC_TEXT_MAX];
    dec_format(p->price, price);
    if (p->needs) {
        if (dec_is_zero(p->price))
            fprintf(out, "  its plan needs a price: --price %s=PRICE\n", in->symbol);
        else
            fprintf(out, "  nothing can be planned at a price of %s\n", price);
        return;
    }
    if (dec_is_zero(p->price))
        fprintf(out, "  plan (with prices: --price %s=PRICE):\n", in->symbol);
    else
        fprintf(out, "  plan at a price of %s %s:\n", price, s->asset[in->quote]);
    if (p->plan.count)
        print_table(out, &p->plan);
    if (dec_is_pos(p->plan.capital_quote))
        print_capital(out, p, p->plan.capital_quote, st->budget, p->lacks_quote,
                      s->asset[in->quote], "a budget of");
    if (dec_is_pos(p->plan.capital_base))
        print_capital(out, p, p->plan.capital_base, st->inventory, p->lacks_base,
                      s->asset[in->base], "an inventory of");
    check_limits_print(out, s, id, &p->denials);
    for (size_t i = 0; i < sizeof p->plan.remark / sizeof p->plan.remark[0]; i++)
        if (p->plan.remark[i][0])
            fprintf(out, "  %s\n", p->plan.remark[i]);
    if (p->lacks)
        fprintf(out, "  a larger budget, smaller orders or %s = true is needed\n", p->plan.unless);
}

/* ---- as JSON ---- */

static bool add(cJSON *o, const char *key, dec d)
{
    char text[DEC_TEXT_MAX];
    dec_format(d, text);
    return cJSON_AddStringToObject(o, key, text) != NULL;
}

/* A number that may be unknown: null then, and not a 0 that someone could trade on. */
static bool add_known(cJSON *o, const char *key, dec d)
{
    return dec_is_zero(d) ? cJSON_AddNullToObject(o, key) != NULL : add(o, key, d);
}

static bool add_row(cJSON *rows, const struct plan_row *r)
{
    cJSON *o = cJSON_CreateObject();
    if (!o || !cJSON_AddItemToArray(rows, o))
        return false;
    return cJSON_AddStringToObject(o, "order", r->what) &&
           cJSON_AddStringToObject(o, "side", side_name(r->side)) &&
           add(o, "deviation", r->deviation) && add_known(o, "price", r->price) &&
           add_known(o, "quantity", r->qty) && add_known(o, "amount", r->amount) &&
           add_known(o, "total_amount", r->total_amount) && add(o, "total_fees", r->total_fees) &&
           add_known(o, "average", r->average) && add_known(o, "break_even", r->break_even);
}

static bool add_plan(cJSON *o, const struct check_plan *p)
{
    if (!add_known(o, "price", p->price) || !add(o, "capital_quote", p->plan.capital_quote) ||
        !add(o, "capital_base", p->plan.capital_base) || !add(o, "lacks_quote", p->lacks_quote) ||
        !add(o, "lacks_base", p->lacks_base) || !cJSON_AddBoolToObject(o, "allowed", !p->refused) ||
        !cJSON_AddBoolToObject(o, "needs_price", p->needs) || !check_limits_json(o, &p->denials))
        return false;
    cJSON *rows = cJSON_AddArrayToObject(o, "orders");
    for (uint32_t i = 0; rows && i < p->plan.count; i++)
        if (!add_row(rows, &p->plan.row[i]))
            return false;
    cJSON *remarks = rows ? cJSON_AddArrayToObject(o, "remarks") : NULL;
    for (size_t i = 0; remarks && i < sizeof p->plan.remark / sizeof p->plan.remark[0]; i++)
        if (p->plan.remark[i][0] &&
            !cJSON_AddItemToArray(remarks, cJSON_CreateString(p->plan.remark[i])))
            return false;
    return remarks != NULL;
}

cJSON *check_plan_json(const struct check_plan *p)
{
    if (!p->has)
        return cJSON_CreateNull();
    cJSON *o = cJSON_CreateObject();
    if (o && add_plan(o, p))
        return o;
    cJSON_Delete(o);
    return NULL;
}
