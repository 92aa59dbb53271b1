#include "desk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

enum { DESK_LEVELS = 8192 };

/* ---- the host ---- */

static void on_connect(void *ctx, const char *url)
{
    struct desk *d = ctx;
    assert_true(strlen(url) < sizeof d->url);
    assert_false(d->want_connection); /* one websocket */
    strcpy(d->url, url);
    d->want_connection = true;
    d->connects++;
}
static void on_disconnect(void *ctx, const char *why)
{
    struct desk *d = ctx;
    assert_non_null(why);
    d->want_connection = d->up = false;
    d->disconnects++;
}
static void on_send(void *ctx, const char *text, size_t len)
{
    struct desk *d = ctx;
    assert_true(d->up && len < sizeof d->sent);
    memcpy(d->sent, text, len);
    d->sent[len] = 0;
    d->sends++;
}
static void on_get(void *ctx, uint32_t request, const char *path)
{
    struct desk *d = ctx;
    assert_true(strlen(path) < sizeof d->path && path[0] == '/');
    strcpy(d->path, path);
    d->request = request;
    d->requests++;
}
static void on_set_timer(void *ctx, int64_t at_ns)
{
    struct desk *d = ctx;
    d->timer_ns = at_ns;
}
static void on_log(void *ctx, bool bad, const char *text)
{
    struct desk *d = ctx;
    for (const char *p = text; *p; p++)
        assert_true((signed char)*p >= ' ' || (signed char)*p < 0);
    snprintf(d->log, sizeof d->log, "%s", text);
    d->log_bad = bad;
    d->logs++;
    if (getenv("DESK_LOG"))
        fprintf(stderr, "%s %s\n", bad ? "BAD " : "info", text);
}

static void take_book(struct desk *d, struct desk_market *m, const struct event *ev)
{
    const struct event_book *b = &ev->book;
    if (b->snapshot) {
        book_clear(&m->book);
        m->book_valid = true;
        m->snapshots++;
    } else {
        d->deltas_on_invalid += !m->book_valid;
        m->deltas++;
        assert_true(m->book_valid);
    }
    assert_true(b->last_update_id >= m->last_update_id || b->snapshot);
    m->last_update_id = b->last_update_id;
    for (uint32_t i = 0; i < b->bids; i++)
        book_side_set(&m->book.bid, b->bid[i].price, b->bid[i].qty);
    for (uint32_t i = 0; i < b->asks; i++)
        book_side_set(&m->book.ask, b->ask[i].price, b->ask[i].qty);
    assert_int_equal(m->book.bid.dropped + m->book.ask.dropped, 0);
    if (d->cross_check && book_is_crossed(&m->book)) {
        m->book_valid = false;
        d->ops->resync(d->session, ev->instrument, d->mono_ns);
    }
}

static void on_event(void *ctx, const struct event *ev)
{
    struct desk *d = ctx;
    assert_int_equal(ev->venue, 0);
    assert_true(ev->instrument < d->setup->instruments);
    struct desk_market *m = &d->market[ev->instrument];
    d->newest = *ev;
    m->ts_last_ns = ev->ts_event_ns;
    switch (ev->kind) {
    case EVENT_INSTRUMENT:
        m->rules = ev->rules;
        m->rule_events++;
        assert_true(dec_is_pos(ev->rules.tick_size) && dec_is_pos(ev->rules.lot_size));
        break;
    case EVENT_FEED:
        assert_int_not_equal(ev->feed, m->feed); /* changes only */
        m->feed = ev->feed;
        m->feeds++;
        if (ev->feed == FEED_INVALID)
            m->book_valid = false;
        else
            assert_true(m->book_valid && m->rule_events && d->up);
        break;
    case EVENT_TOP:
        m->top = ev->top;
        m->tops++;
        break;
    case EVENT_TRADE:
        m->trade = ev->trade;
        m->trades++;
        assert_true(dec_add(m->trade_qty, ev->trade.qty, &m->trade_qty));
        break;
    case EVENT_BOOK: take_book(d, m, ev); break;
    case EVENT_CANDLE:
    case EVENT_TIMER:
    case EVENT_ORDER:
    case EVENT_FILL:
    case EVENT_COMMAND:
    case EVENT_HISTORY:
    case EVENT_PARAM:
    case EVENT_SIGNER:
    case EVENT_STARTED: fail_msg("a session does not make %s", event_kind_name(ev->kind));
    }
}

/* ---- making one ---- */

static asset_id add_asset(struct setup *s, const char *name, size_t len)
{
    char text[ASSET_NAME_MAX] = {0};
    assert_true(len < sizeof text);
    memcpy(text, name, len);
    asset_id a = setup_find_asset(s, text);
    if (a != ASSET_NONE)
        return a;
    memcpy(s->asset[s->assets], text, sizeof text);
    return (asset_id)s->assets++;
}

void desk_setup(struct desk *d, const char *const *symbols)
{
    memset(d, 0, sizeof *d);
    struct setup *s = d->setup = calloc(1, sizeof *s);
    assert_non_null(s);
    s->venues = 1;
    strcpy(s->venue[0].name, "binance");
    strcpy(s->venue[0].kind, "binance-spot");
    strcpy(s->venue[0].ws_url, "wss://stream.example:9443");
    strcpy(s->venue[0].rest_url, "https://api.example");
    s->venue[0].stale_after_ns = 10 * DESK_S;
    for (; *symbols; symbols++) {
        struct instrument *in = &s->instrument[s->instruments++];
        const char *hyphen = strchr(*symbols, '-');
        strcpy(in->symbol, *symbols);
        in->base = add_asset(s, *symbols, (size_t)(hyphen - *symbols));
        in->quote = add_asset(s, hyphen + 1, strlen(hyphen + 1));
    }
    d->mono_ns = 1000 * DESK_S;
    d->wall_ns = INT64_C(1723161255) * DESK_S;
    d->timer_ns = INT64_MAX;
}

void desk_init(struct desk *d)
{
    d->ops = venue_find("binance-spot");
    assert_non_null(d->ops);
    d->mem = calloc(1, d->ops->size(d->setup, 0));
    assert_non_null(d->mem);
    const struct session_host host = {d,      on_connect,   on_disconnect, on_send,
                                      on_get, on_set_timer, on_event,      on_log};
    assert_int_equal(d->ops->init(&d->session, d->mem, d->setup, 0, &host, 1), ERR_OK);
    for (uint32_t i = 0; i < d->setup->instruments; i++) {
        d->market[i].level = calloc(2 * DESK_LEVELS, sizeof(struct level));
        assert_non_null(d->market[i].level);
        book_init(&d->market[i].book, d->market[i].level, DESK_LEVELS);
    }
}

void desk_open(struct desk *d, const char *const *symbols)
{
    desk_setup(d, symbols);
    desk_init(d);
}

void desk_close(struct desk *d)
{
    assert_int_equal(d->deltas_on_invalid, 0);
    for (uint32_t i = 0; i < d->setup->instruments; i++)
        free(d->market[i].level);
    free(d->mem);
    free(d->setup);
}

/* ---- driving ---- */

static void set_clock(struct desk *d, int64_t mono_ns)
{
    d->wall_ns += mono_ns - d->mono_ns;
    d->mono_ns = mono_ns;
}

void desk_run_to(struct desk *d, int64_t mono_ns)
{
    for (uint32_t n = 0; d->timer_ns <= mono_ns; n++) {
        assert_true(n < 1000000); /* a timer that is always due */
        set_clock(d, d->timer_ns > d->mono_ns ? d->timer_ns : d->mono_ns);
        d->timer_ns = INT64_MAX;
        d->ops->timer(d->session, d->mono_ns);
    }
    set_clock(d, mono_ns);
}

void desk_run(struct desk *d, int64_t ns)
{
    desk_run_to(d, d->mono_ns + ns);
}

void desk_start(struct desk *d)
{
    d->ops->start(d->session, d->mono_ns);
}

void desk_connected(struct desk *d)
{
    assert_true(d->want_connection && !d->up);
    d->up = true;
    d->ops->connected(d->session, d->mono_ns);
}

void desk_closed(struct desk *d)
{
    d->want_connection = d->up = false;
    d->ops->closed(d->session, "closed by the test", d->mono_ns);
}

void desk_say_n(struct desk *d, const char *text, size_t len)
{
    char *copy = malloc(len ? len : 1); /* exactly as long: the sanitizer sees a byte too far */
    assert_non_null(copy);
    memcpy(copy, text, len);
    d->ops->message(d->session, copy, len, d->mono_ns, d->wall_ns);
    free(copy);
}

void desk_say(struct desk *d, const char *format, ...)
{
    char text[4096];
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(text, sizeof text, format, ap);
    va_end(ap);
    assert_true(n >= 0 && (size_t)n < sizeof text);
    desk_say_n(d, text, (size_t)n);
}

void desk_answer_n(struct desk *d, int status, int retry_after_s, const char *body, size_t len)
{
    assert_int_not_equal(d->request, 0);
    const uint32_t request = d->request;
    d->request = 0;
    char *copy = malloc(len ? len : 1);
    assert_non_null(copy);
    memcpy(copy, body, len);
    d->ops->http(d->session, request, status, retry_after_s, copy, len, d->mono_ns, d->wall_ns);
    free(copy);
}

void desk_answer(struct desk *d, int status, int retry_after_s, const char *body)
{
    desk_answer_n(d, status, retry_after_s, body, strlen(body));
}

char *desk_rules_text(const struct setup *s, const char *status)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    assert_non_null(f);
    fprintf(f, "{\"timezone\":\"UTC\",\"serverTime\":1723161255000,\"rateLimits\":[],"
               "\"exchangeFilters\":[],\"symbols\":[");
    for (uint32_t i = 0; i < s->instruments; i++) {
        const char *base = s->asset[s->instrument[i].base];
        const char *quote = s->asset[s->instrument[i].quote];
        fprintf(f,
                "%s{\"symbol\":\"%s%s\",\"status\":\"%s\",\"baseAsset\":\"%s\","
                "\"baseAssetPrecision\":8,\"quoteAsset\":\"%s\",\"quotePrecision\":8,"
                "\"quoteAssetPrecision\":8,\"baseCommissionPrecision\":8,"
                "\"quoteCommissionPrecision\":8,\"orderTypes\":[\"LIMIT\"],"
                "\"isSpotTradingAllowed\":true,\"filters\":["
                "{\"filterType\":\"PRICE_FILTER\",\"minPrice\":\"0.01000000\","
                "\"maxPrice\":\"1000000.00000000\",\"tickSize\":\"0.01000000\"},"
                "{\"filterType\":\"LOT_SIZE\",\"minQty\":\"0.00001000\","
                "\"maxQty\":\"9000.00000000\",\"stepSize\":\"0.00001000\"},"
                "{\"filterType\":\"NOTIONAL\",\"minNotional\":\"5.00000000\","
                "\"applyMinToMarket\":true,\"maxNotional\":\"9000000.00000000\","
                "\"applyMaxToMarket\":false,\"avgPriceMins\":5}],\"permissions\":[]}",
                i ? "," : "", base, quote, status, base, quote);
    }
    fprintf(f, "]}");
    assert_int_equal(fclose(f), 0);
    return text;
}

void desk_answer_rules(struct desk *d)
{
    assert_non_null(strstr(d->path, "/api/v3/exchangeInfo"));
    char *text = desk_rules_text(d->setup, "TRADING");
    desk_answer(d, 200, -1, text);
    free(text);
}

void desk_up(struct desk *d)
{
    desk_start(d);
    desk_connected(d);
    desk_answer_rules(d);
}

void desk_depth(struct desk *d, const char *symbol, uint64_t first, uint64_t last)
{
    desk_say(d,
             "{\"stream\":\"%s@depth@100ms\",\"data\":{\"e\":\"depthUpdate\",\"E\":%lld,"
             "\"s\":\"%s\",\"U\":%llu,\"u\":%llu,\"b\":[[\"99.00000000\",\"%llu.00000000\"]],"
             "\"a\":[[\"101.00000000\",\"%llu.00000000\"]]}}",
             strcmp(symbol, "BTCUSDT") ? "ethusdt" : "btcusdt", (long long)(d->wall_ns / DESK_MS),
             symbol, (unsigned long long)first, (unsigned long long)last,
             (unsigned long long)(last % 1000 + 1), (unsigned long long)(first % 1000 + 1));
}

void desk_answer_book(struct desk *d, uint64_t last)
{
    char text[512];
    snprintf(text, sizeof text,
             "{\"lastUpdateId\":%llu,\"bids\":[[\"99.00000000\",\"1.00000000\"],[\"98.00000000\","
             "\"2.00000000\"]],\"asks\":[[\"101.00000000\",\"1.00000000\"]]}",
             (unsigned long long)last);
    assert_non_null(strstr(d->path, "/api/v3/depth?"));
    desk_answer(d, 200, -1, text);
}

void desk_live(struct desk *d)
{
    desk_up(d);
    desk_depth(d, "BTCUSDT", 100, 110);
    desk_answer_book(d, 105);
    assert_int_equal(d->market[0].feed, FEED_LIVE);
}

struct session_stats desk_stats(const struct desk *d)
{
    struct session_stats st;
    d->ops->stats(d->session, &st);
    return st;
}

/* ---- recordings ---- */

const char *shared_data(const char *name)
{
    static char path[1024];
    const char *top = getenv("TRADEWIND_SHARED");
    snprintf(path, sizeof path, "%s/data/%s", top && *top ? top : "../shared", name);
    return access(path, R_OK) == 0 ? path : NULL;
}

void each_line(const char *path, line_fn *fn, void *ctx)
{
    gzFile f = gzopen(path, "rb"); /* reads plain files, too */
    if (!f)
        fail_msg("cannot open %s", path);
    size_t cap = 1u << 20, len = 0;
    char *buffer = malloc(cap);
    assert_non_null(buffer);
    for (;;) {
        if (len + 1 >= cap) {
            cap *= 2;
            buffer = realloc(buffer, cap);
            assert_non_null(buffer);
        }
        if (!gzgets(f, buffer + len, (int)(cap - len < 1u << 30 ? cap - len : 1u << 30)))
            break;
        len += strlen(buffer + len);
        if (buffer[len - 1] != '\n')
            continue; /* longer than the buffer, or the last line of the file */
        buffer[len - 1] = 0;
        fn(ctx, buffer, len - 1);
        len = 0;
    }
    if (len)
        fn(ctx, buffer, len);
    int error;
    (void)gzerror(f, &error);
    assert_int_equal(error, Z_OK);
    gzclose(f);
    free(buffer);
}
