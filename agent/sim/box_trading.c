/* What the trading side keeps: assets, accounts, orders by their ids, prices of the past. */
#include "sim/box_trading_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define US_PER_MS  INT64_C(1000)
#define WEIGHT_MAX 6000
#define MINUTES    1 /* the interval of one minute */

static const int64_t LIMIT_US[2] = {INT64_C(10000000), INT64_C(86400000000)};
static const uint32_t LIMIT_ORDERS[2] = {100, 200000};

void box_trading_init(struct box_trading *t, struct box *box)
{
    *t = (struct box_trading){.box = box, .weight_limit = WEIGHT_MAX};
}

void box_trading_free(struct box_trading *t)
{
    for (uint32_t i = 0; i < t->orders; i++)
        free(t->order[i]);
    for (uint32_t i = 0; i < BOX_SYMBOLS_MAX; i++) {
        free(t->market[i].taken[0]);
        free(t->market[i].taken[1]);
    }
    free(t->order);
    free(t->fill);
    free(t->list);
    free(t->prevented);
    box_text_free(&t->event);
    *t = (struct box_trading){0};
}

int64_t box_trading_now_us(const struct box_trading *t)
{
    return (t->clock ? t->clock(t->clock_ctx) : t->box->now_ms * US_PER_MS) + t->skew_us;
}

int box_trading_asset(struct box_trading *t, const char *name, size_t len)
{
    for (uint32_t i = 0; i < t->assets; i++)
        if (strlen(t->asset[i]) == len && memcmp(t->asset[i], name, len) == 0)
            return (int)i;
    if (t->assets == BOX_ASSETS_MAX || len == 0 || len >= SYMBOL_MAX)
        return -1;
    memcpy(t->asset[t->assets], name, len);
    t->asset[t->assets][len] = '\0';
    return (int)t->assets++;
}

bool box_trading_key(struct box_trading *t, const char *id, uint32_t *account,
                     const struct box_key **key)
{
    for (uint32_t i = 0; i < t->accounts; i++)
        for (uint32_t k = 0; k < t->account[i].keys; k++)
            if (strcmp(t->account[i].key[k].id, id) == 0) {
                *account = i;
                *key = &t->account[i].key[k];
                return true;
            }
    return false;
}

/* ---- symbols ---- */

static const struct box_print *newest_print(const struct box_symbol *s)
{
    const struct box_ring *r = s->has_trades ? &s->trades : &s->agg_trades;
    return r->count ? &r->p[(r->count - 1) % BOX_PRINTS_MAX] : NULL;
}

bool box_trading_market(struct box_trading *t, uint32_t symbol)
{
    struct box_market *m = &t->market[symbol];
    const struct box_symbol *s = t->box->symbol[symbol];
    if (symbol >= t->box->symbols || !s->live)
        return false;
    if (m->ready)
        return true;
    struct box_text info = {0};
    box_info_text(s, &info);
    m->base = box_trading_asset(t, s->base, strlen(s->base));
    m->quote = box_trading_asset(t, s->quote, strlen(s->quote));
    for (int i = 0; i < 2; i++)
        if (!m->taken[i])
            m->taken[i] = calloc(BOX_TAKEN_MAX, sizeof *m->taken[i]);
    m->ready = m->base >= 0 && m->quote >= 0 && m->taken[0] && m->taken[1] && !info.failed &&
               box_rules_read(info.p, info.len, &m->rules) == ERR_OK;
    box_text_free(&info);
    const struct box_print *p = newest_print(s);
    if (!m->has_last && p) {
        m->has_last = true;
        m->last = p->price;
    }
    return m->ready;
}

dec box_average_price(const struct box_trading *t, uint32_t symbol, int mins)
{
    const struct box_candles *k = &t->box->symbol[symbol]->candles[MINUTES];
    struct box_day d = {0};
    for (uint32_t i = k->count > (uint32_t)mins ? k->count - (uint32_t)mins : 0; i < k->count;
         i++) {
        dec v, q;
        if (dec_add(d.volume, k->c[i].volume, &v) && dec_add(d.quote, k->c[i].quote, &q)) {
            d.volume = v;
            d.quote = q;
        }
    }
    dec average = mins ? box_average(&d) : DEC_ZERO;
    if (dec_is_zero(average) && t->market[symbol].has_last)
        average = t->market[symbol].last;
    return average;
}

/* ---- balances and limits ---- */

bool box_deposit(struct box_trading *t, uint32_t account, int asset, dec amount)
{
    struct box_account *a = &t->account[account];
    struct box_balance *b = &a->balance[asset];
    dec sum;
    if (!dec_add(b->free, amount, &sum) || dec_is_neg(sum))
        return false;
    b->free = sum;
    a->known[asset] = true;
    int64_t now = box_trading_now_us(t);
    a->updated_us = now;
    if (t->tell) {
        box_text_clear(&t->event);
        char delta[DEC_TEXT_MAX];
        dec_format_places(amount, 8, DEC_DOWN, delta);
        box_text_addf(
            &t->event, "{\"e\":\"balanceUpdate\",\"E\":%lld,\"a\":\"%s\",\"d\":\"%s\",\"T\":%lld}",
            (long long)(now / US_PER_MS), t->asset[asset], delta, (long long)(now / US_PER_MS));
        if (!t->event.failed)
            t->tell(t->tell_ctx, account, t->event.p, t->event.len);
    }
    box_tell_balances(t, account);
    return true;
}

uint32_t box_order_limit(const struct box_trading *t, int interval)
{
    return t->order_limit[interval] ? t->order_limit[interval] : LIMIT_ORDERS[interval];
}

uint32_t box_unfilled(struct box_trading *t, uint32_t account, int interval)
{
    struct box_account *a = &t->account[account];
    int64_t running = box_trading_now_us(t) / LIMIT_US[interval];
    if (a->interval[interval] != running) {
        a->interval[interval] = running;
        a->unfilled[interval] = 0;
    }
    return a->unfilled[interval];
}

/* ---- orders ---- */

struct box_order *box_order_by_id(const struct box_trading *t, uint32_t account, uint32_t symbol,
                                  uint64_t id)
{
    struct box_order *o = id >= 1 && id <= t->orders ? t->order[id - 1] : NULL;
    return o && o->account == account && o->symbol == symbol ? o : NULL;
}

struct box_order *box_order_by_client_id(const struct box_trading *t, uint32_t account,
                                         uint32_t symbol, const char *client_id)
{
    for (uint32_t i = t->orders; i-- > 0;) {
        struct box_order *o = t->order[i];
        if (o->account == account && o->symbol == symbol && strcmp(o->client_id, client_id) == 0)
            return o;
    }
    return NULL;
}

bool box_is_open(const struct box_order *o)
{
    return o->status == BOX_NEW || o->status == BOX_PARTIALLY_FILLED;
}

void box_generate_id(struct box_trading *t, char *out)
{
    static const char LETTER[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    uint64_t x = ++t->generated;
    for (int i = 0; i < 22; i++) {
        if (i % 10 == 0) { /* splitmix64: the same numbers every time, but far apart */
            x += UINT64_C(0x9e3779b97f4a7c15);
            x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
            x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
            x ^= x >> 31;
        }
        out[i] = LETTER[(x >> (i % 10 * 6)) % 62];
    }
    out[22] = '\0';
}
