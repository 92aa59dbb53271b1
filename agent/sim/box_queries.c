/* What an account may ask about itself. */
#include "sim/box_rest_parts.h"

#include <string.h>

#define DAY_MS UINT64_C(86400000)

static struct box_text *body(struct box_call *c)
{
    return &c->answer->body;
}

static const struct box_trading *trading(struct box_call *c)
{
    return c->box->trading;
}

static bool failed(struct box_call *c, int code, const char *msg)
{
    box_rest_error(c->answer, 400, code, msg);
    return false;
}

static uint64_t limit_of(struct box_call *c)
{
    uint64_t n = box_number(c, "limit", 500);
    return n < 1000 ? n : 1000;
}

/* Times come in milliseconds or microseconds. */
static int64_t time_of(const struct box_call *c, const char *name, int64_t otherwise)
{
    uint64_t v = box_number(c, name, 0);
    if (!box_given(c, name))
        return otherwise;
    return v < UINT64_C(100000000000000) ? (int64_t)v * 1000 : (int64_t)v;
}

/* From and to in microseconds; false: answered with an error. */
static bool range_of(struct box_call *c, int64_t *from, int64_t *to)
{
    *from = time_of(c, "startTime", INT64_MIN);
    *to = time_of(c, "endTime", INT64_MAX);
    if (!box_given(c, "startTime") || !box_given(c, "endTime"))
        return true;
    if (*to < *from)
        return failed(c, -1128, "Combination of optional parameters invalid.");
    return *to - *from <= (int64_t)DAY_MS * 1000 ||
           failed(c, -1127, "More than 24 hours between startTime and endTime.");
}

/* ---- orders ---- */

void box_answer_order(struct box_call *c)
{
    uint32_t symbol;
    const struct box_order *o;
    if (!box_given(c, "orderId") && !box_given(c, "origClientOrderId")) {
        failed(c, -1102,
               "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!");
        return;
    }
    if (!box_symbol_of(c, &symbol))
        return;
    if (box_given(c, "orderId"))
        o = box_order_by_id(trading(c), c->account, symbol, box_number(c, "orderId", 0));
    else
        o = box_order_by_client_id(trading(c), c->account, symbol,
                                   box_word(c, "origClientOrderId"));
    if (!o || (box_given(c, "origClientOrderId") &&
               strcmp(o->client_id, box_word(c, "origClientOrderId")) != 0))
        failed(c, -2013, "Order does not exist.");
    else
        box_order_text(c, o, body(c));
}

void box_answer_open_orders(struct box_call *c)
{
    uint32_t symbol = 0;
    bool any = false, one = box_given(c, "symbol");
    if (one && !box_symbol_of(c, &symbol))
        return;
    box_text_add(body(c), "[");
    const struct box_order *o = trading(c)->account[c->account].open;
    while (o && o->open_next)
        o = o->open_next; /* oldest first */
    for (; o; o = o->open_prev) {
        if (one && o->symbol != symbol)
            continue;
        box_text_add(body(c), any ? "," : "");
        box_order_text(c, o, body(c));
        any = true;
    }
    box_text_add(body(c), "]");
}

/* Which of [count] things are told: the first ones from a point on, else the last ones. */
struct pick {
    bool first;
    uint64_t limit, skip; /* skip: of those that match, where the last ones are told */
};

static struct pick pick_of(struct box_call *c, bool from_somewhere, uint64_t matches)
{
    struct pick p = {.first = from_somewhere, .limit = limit_of(c)};
    p.skip = !p.first && matches > p.limit ? matches - p.limit : 0;
    return p;
}

void box_answer_all_orders(struct box_call *c)
{
    const struct box_trading *t = trading(c);
    uint32_t symbol;
    int64_t from, to;
    uint64_t id = box_number(c, "orderId", 0), matches = 0, seen = 0, told = 0;
    if (!box_symbol_of(c, &symbol) || !range_of(c, &from, &to))
        return;
    struct pick p = {0};
    box_text_add(body(c), "[");
    for (int round = 0; round < 2; round++) { /* count, then tell */
        for (uint32_t i = 0; i < t->orders; i++) {
            const struct box_order *o = t->order[i];
            if (o->account != c->account || o->symbol != symbol || o->id < id ||
                o->created_us < from || o->created_us > to)
                continue;
            matches += round == 0;
            if (round == 0 || seen++ < p.skip || told == p.limit)
                continue;
            box_text_add(body(c), told++ ? "," : "");
            box_order_text(c, o, body(c));
        }
        p = pick_of(c, box_given(c, "orderId") || box_given(c, "startTime"), matches);
    }
    box_text_add(body(c), "]");
}

void box_answer_my_trades(struct box_call *c)
{
    const struct box_trading *t = trading(c);
    uint32_t symbol;
    int64_t from, to;
    uint64_t matches = 0, seen = 0, told = 0, from_id = box_number(c, "fromId", 0);
    bool times = box_given(c, "startTime") || box_given(c, "endTime");
    if (!box_symbol_of(c, &symbol) || !range_of(c, &from, &to))
        return;
    if (times && (box_given(c, "orderId") || box_given(c, "fromId"))) {
        failed(c, -1128, "Combination of optional parameters invalid.");
        return;
    }
    struct pick p = {0};
    box_text_add(body(c), "[");
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < t->fills; i++) {
            const struct box_fill *f = &t->fill[i];
            if (f->account != c->account || f->symbol != symbol || f->id < from_id ||
                f->time_us < from || f->time_us > to ||
                (box_given(c, "orderId") && f->order != box_number(c, "orderId", 0)))
                continue;
            matches += round == 0;
            if (round == 0 || seen++ < p.skip || told == p.limit)
                continue;
            box_text_add(body(c), told++ ? "," : "");
            box_trade_text(c, f, body(c));
        }
        p = pick_of(c, box_given(c, "fromId") || box_given(c, "startTime"), matches);
    }
    box_text_add(body(c), "]");
}

void box_answer_prevented(struct box_call *c)
{
    const struct box_trading *t = trading(c);
    uint32_t symbol;
    uint64_t told = 0, order = box_number(c, "orderId", 0);
    if (!box_symbol_of(c, &symbol))
        return;
    if (box_given(c, "orderId") == box_given(c, "preventedMatchId")) {
        failed(c, -1128, "Combination of optional parameters invalid.");
        return;
    }
    box_text_add(body(c), "[");
    for (uint32_t i = 0; i < t->prevents && told < limit_of(c); i++) {
        const struct box_prevented *m = &t->prevented[i];
        const struct box_order *taker = t->order[m->taker - 1], *maker = t->order[m->maker - 1];
        if (m->symbol != symbol || (taker->account != c->account && maker->account != c->account) ||
            m->id < box_number(c, "fromPreventedMatchId", 0) ||
            (order ? m->taker != order && m->maker != order
                   : m->id != box_number(c, "preventedMatchId", 0)))
            continue;
        const char *name = c->box->symbol[symbol]->venue;
        box_text_addf(body(c),
                      "%s{\"symbol\":\"%s\",\"preventedMatchId\":%llu,\"takerOrderId\":%llu,"
                      "\"makerSymbol\":\"%s\",\"makerOrderId\":%llu,\"tradeGroupId\":%lld,"
                      "\"selfTradePreventionMode\":\"%s\"",
                      told++ ? "," : "", name, (unsigned long long)m->id,
                      (unsigned long long)m->taker, name, (unsigned long long)m->maker,
                      (long long)m->group, BOX_STP_NAME[m->mode]);
        box_key_money(body(c), "price", m->price);
        if (dec_is_pos(m->taker_qty))
            box_key_money(body(c), "takerPreventedQuantity", m->taker_qty);
        if (dec_is_pos(m->maker_qty))
            box_key_money(body(c), "makerPreventedQuantity", m->maker_qty);
        box_time_text(c, "transactTime", m->time_us, body(c));
        box_text_add(body(c), "}");
    }
    box_text_add(body(c), "]");
}

/* ---- lists ---- */

static bool list_is_mine(struct box_call *c, const struct box_list *l)
{
    return l->account == c->account;
}

void box_answer_list(struct box_call *c)
{
    const struct box_trading *t = trading(c);
    for (uint32_t i = t->lists; i-- > 0;) {
        const struct box_list *l = &t->list[i];
        bool found = box_given(c, "orderListId")
                         ? box_number(c, "orderListId", 0) == i
                         : strcmp(l->client_id, box_word(c, "origClientOrderId")) == 0;
        if (!found || !list_is_mine(c, l))
            continue;
        box_list_text(c, l, body(c));
        box_text_add(body(c), "}");
        return;
    }
    failed(c, -2013, "Order list does not exist.");
}

static void lists(struct box_call *c, bool open, uint32_t from)
{
    const struct box_trading *t = trading(c);
    uint64_t told = 0;
    box_text_add(body(c), "[");
    for (uint32_t i = from; i < t->lists && told < limit_of(c); i++) {
        const struct box_list *l = &t->list[i];
        if (!list_is_mine(c, l) || (open && l->done))
            continue;
        box_text_add(body(c), told++ ? "," : "");
        box_list_text(c, l, body(c));
        box_text_add(body(c), "}");
    }
    box_text_add(body(c), "]");
}

void box_answer_open_lists(struct box_call *c)
{
    lists(c, true, 0);
}

void box_answer_all_lists(struct box_call *c)
{
    int64_t from, to;
    if (range_of(c, &from, &to))
        lists(c, false, (uint32_t)(box_number(c, "fromId", 0) & UINT32_MAX));
}

/* ---- the account ---- */

static long long basis_points(dec rate)
{
    int64_t n;
    dec whole;
    return dec_round_to(rate, dec_from_i64(1, 4), DEC_DOWN, &whole) &&
                   dec_to_steps(whole, dec_from_i64(1, 4), &n)
               ? (long long)n
               : 0;
}

void box_answer_account(struct box_call *c)
{
    const struct box_trading *t = trading(c);
    const struct box_account *a = &t->account[c->account];
    bool any = false, all = !box_number(c, "omitZeroBalances", 0);
    box_text_addf(body(c),
                  "{\"makerCommission\":%lld,\"takerCommission\":%lld,\"buyerCommission\":0,"
                  "\"sellerCommission\":0,\"commissionRates\":{\"maker\":",
                  basis_points(a->maker), basis_points(a->taker));
    box_text_money(body(c), a->maker);
    box_key_money(body(c), "taker", a->taker);
    box_key_money(body(c), "buyer", DEC_ZERO);
    box_key_money(body(c), "seller", DEC_ZERO);
    box_text_addf(body(c),
                  "},\"canTrade\":%s,\"canWithdraw\":%s,\"canDeposit\":true,\"brokered\":false,"
                  "\"requireSelfTradePrevention\":false,\"preventSor\":false",
                  c->key->can_trade ? "true" : "false", c->key->can_withdraw ? "true" : "false");
    box_time_text(c, "updateTime", a->updated_us, body(c));
    box_text_add(body(c), ",\"accountType\":\"SPOT\",\"balances\":[");
    for (uint32_t i = 0; i < t->assets; i++) {
        const struct box_balance *b = &a->balance[i];
        if (!all && dec_is_zero(b->free) && dec_is_zero(b->locked))
            continue;
        box_text_addf(body(c), "%s{\"asset\":\"%s\"", any ? "," : "", t->asset[i]);
        box_key_money(body(c), "free", b->free);
        box_key_money(body(c), "locked", b->locked);
        box_text_add(body(c), "}");
        any = true;
    }
    box_text_addf(body(c), "],\"permissions\":[\"SPOT\"],\"uid\":%lld", (long long)a->uid);
    if (a->trade_group >= 0)
        box_text_addf(body(c), ",\"tradeGroupId\":%lld", (long long)a->trade_group);
    box_text_add(body(c), "}");
}

static void four_rates(struct box_call *c, const char *key, dec maker, dec taker)
{
    box_text_addf(body(c), ",\"%s\":{\"maker\":", key);
    box_text_money(body(c), maker);
    box_key_money(body(c), "taker", taker);
    box_key_money(body(c), "buyer", DEC_ZERO);
    box_key_money(body(c), "seller", DEC_ZERO);
    box_text_add(body(c), "}");
}

void box_answer_commission(struct box_call *c)
{
    const struct box_account *a = &trading(c)->account[c->account];
    uint32_t symbol;
    if (!box_symbol_of(c, &symbol))
        return;
    box_text_addf(body(c), "{\"symbol\":\"%s\"", c->box->symbol[symbol]->venue);
    four_rates(c, "standardCommission", a->maker, a->taker);
    four_rates(c, "specialCommission", DEC_ZERO, DEC_ZERO);
    four_rates(c, "taxCommission", DEC_ZERO, DEC_ZERO);
    box_text_addf(body(c),
                  ",\"discount\":{\"enabledForAccount\":%s,\"enabledForSymbol\":true,"
                  "\"discountAsset\":\"%s\"",
                  a->fee_asset >= 0 ? "true" : "false",
                  a->fee_asset >= 0 ? trading(c)->asset[a->fee_asset] : "BNB");
    box_key_money(body(c), "discount", a->fee_discount);
    box_text_add(body(c), "}}");
}

void box_answer_order_counts(struct box_call *c)
{
    struct box_trading *t = c->box->trading;
    box_text_addf(body(c),
                  "[{\"rateLimitType\":\"ORDERS\",\"interval\":\"SECOND\",\"intervalNum\":10,"
                  "\"limit\":%u,\"count\":%u},{\"rateLimitType\":\"ORDERS\",\"interval\":\"DAY\","
                  "\"intervalNum\":1,\"limit\":%u,\"count\":%u}]",
                  box_order_limit(t, 0), box_unfilled(t, c->account, 0), box_order_limit(t, 1),
                  box_unfilled(t, c->account, 1));
}

static const char *yes(bool b)
{
    return b ? "true" : "false";
}

void box_answer_restrictions(struct box_call *c)
{
    const struct box_key *k = c->key;
    box_text_addf(body(c),
                  "{\"ipRestrict\":%s,\"createTime\":%lld,\"enableReading\":%s,"
                  "\"enableWithdrawals\":%s,\"enableInternalTransfer\":false,"
                  "\"enableMargin\":false,\"enableFutures\":false,"
                  "\"permitsUniversalTransfer\":false,\"enableVanillaOptions\":false,"
                  "\"enableFixApiTrade\":false,\"enableFixReadOnly\":false,"
                  "\"enableSpotAndMarginTrading\":%s,\"enablePortfolioMarginTrading\":false}",
                  yes(k->bound_to_address), INT64_C(1600000000000) + 0LL, yes(k->can_read),
                  yes(k->can_withdraw), yes(k->can_trade));
}

void box_answer_coins(struct box_call *c)
{
    const struct box_trading *t = trading(c);
    const struct box_account *a = &t->account[c->account];
    box_text_add(body(c), "[");
    for (uint32_t i = 0; i < t->assets; i++) {
        box_text_addf(body(c),
                      "%s{\"coin\":\"%s\",\"name\":\"%s\",\"trading\":true,"
                      "\"isLegalMoney\":false,\"depositAllEnable\":false,"
                      "\"withdrawAllEnable\":false",
                      i ? "," : "", t->asset[i], t->asset[i]);
        box_key_money(body(c), "free", a->balance[i].free);
        box_key_money(body(c), "locked", a->balance[i].locked);
        box_text_add(body(c), ",\"networkList\":[]}");
    }
    box_text_add(body(c), "]");
}

void box_answer_nothing(struct box_call *c)
{
    box_text_add(body(c), "[]");
}
