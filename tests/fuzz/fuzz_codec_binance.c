/* The Binance Spot codec on any bytes: an error that leaves everything as it was, or a message
 * whose parts are in their bounds.
 *
 * Input: one byte that chooses the decoder (m message, s snapshot, i exchangeInfo, k klines, t
 * time, e error), then the text. */
#include "base/check.h"
#include "venue/binance_spot_codec.h"
#include "venue/binance_spot_names.h"

#include <stdlib.h>
#include <string.h>

enum { CAP = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *text_begin, *text_end;

static void check_text(struct json_text t)
{
    CHECK(t.len == 0 || (t.p >= text_begin && t.p + t.len <= text_end));
}

static void check_amount(dec d)
{
    CHECK(!dec_is_neg(d) && dec_le(d, dec_from_i64(1000000000000, 0)));
}

static void check_time(int64_t ns)
{
    CHECK(ns >= INT64_C(1000000000000) * 1000000);
}

static void check_depth(const struct binance_depth *d)
{
    CHECK(d->bids + d->asks <= CAP && d->first_id <= d->last_id);
    for (uint32_t i = 0; i < d->bids + d->asks; i++) {
        const struct level *l = i < d->bids ? &d->bid[i] : &d->ask[i - d->bids];
        CHECK(dec_is_pos(l->price));
        check_amount(l->price);
        check_amount(l->qty);
    }
}

static void check_kline(const struct binance_kline *k)
{
    CHECK(dec_is_pos(k->low) && dec_le(k->low, k->high) && k->open_ns < k->close_ns);
    check_text(k->interval);
}

static void check_message(const struct binance_message *m)
{
    check_text(m->stream);
    check_text(m->symbol);
    switch (m->kind) {
    case BINANCE_TRADE:
    case BINANCE_AGG_TRADE:
        CHECK(dec_is_pos(m->trade.price) && dec_is_pos(m->trade.qty));
        CHECK(m->trade.aggressor == SIDE_BUY || m->trade.aggressor == SIDE_SELL);
        check_amount(m->trade.price);
        check_time(m->ts_event_ns);
        check_time(m->trade.ts_trade_ns);
        break;
    case BINANCE_BOOK_TICKER:
        check_amount(m->book_ticker.bid_price);
        check_amount(m->book_ticker.ask_qty);
        break;
    case BINANCE_DEPTH:
        check_time(m->ts_event_ns);
        check_depth(&m->depth);
        break;
    case BINANCE_PARTIAL_DEPTH: check_depth(&m->depth); break;
    case BINANCE_KLINE: check_kline(&m->kline); break;
    case BINANCE_SHUTDOWN: check_time(m->ts_event_ns); break;
    case BINANCE_RESPONSE: check_text(m->response.msg); break;
    case BINANCE_STATISTICS: break;
    }
    char symbol[BINANCE_SYMBOL_MAX];
    enum binance_stream kind;
    if (binance_spot_stream_parse(m->stream.p, m->stream.len, symbol, &kind) == ERR_OK)
        CHECK(strlen(symbol) < BINANCE_SYMBOL_MAX);
}

static void on_symbol(void *ctx, const struct binance_symbol *s)
{
    (void)ctx;
    check_text(s->symbol);
    check_text(s->base);
    CHECK(s->symbol.len && dec_is_pos(s->rules.tick_size) && dec_is_pos(s->rules.lot_size));
    CHECK(dec_is_pos(s->rules.base_precision) && dec_le(s->rules.base_precision, DEC_ONE));
}

static void one(char how, const char *text, size_t len)
{
    static struct level levels[CAP];
    struct binance_message m;
    struct binance_depth d = {.last_id = 42};
    struct binance_kline k[4];
    struct binance_error e;
    int64_t t = 42;
    uint32_t n = 42;
    switch (how) {
    case 's':
        if (binance_spot_decode_snapshot(text, len, levels, CAP, &d) == ERR_OK)
            check_depth(&d);
        else
            CHECK(d.last_id == 42);
        break;
    case 'i':
        if (binance_spot_decode_exchange_info(text, len, on_symbol, NULL, &t) == ERR_OK)
            check_time(t);
        else
            CHECK(t == 42);
        break;
    case 'k':
        if (binance_spot_decode_klines(text, len, k, 4, &n) != ERR_OK)
            CHECK(n == 42);
        else
            for (uint32_t i = 0; i < n; i++)
                check_kline(&k[i]);
        break;
    case 't':
        if (binance_spot_decode_time(text, len, &t) == ERR_OK)
            check_time(t);
        break;
    case 'e':
        if (binance_spot_decode_error(text, len, &e) == ERR_OK)
            check_text(e.msg);
        break;
    default:
        if (binance_spot_decode(text, len, levels, CAP, &m) == ERR_OK)
            check_message(&m);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    char *text = malloc(size - 1 ? size - 1 : 1); /* its own block: a read past the end is seen */
    if (!text)
        return 0;
    if (size > 1)
        memcpy(text, data + 1, size - 1);
    text_begin = text;
    text_end = text + size - 1;
    one((char)data[0], text, size - 1);
    free(text);
    return 0;
}
